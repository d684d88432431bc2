//! What keeps a thing from being deleted: a table for each.
//!
//! A new type adds its line where it stands in something's way.

use super::State;

/// One reason why something cannot go.
pub(crate) struct Dependent {
    /// What stands in the way.
    pub(crate) what: &'static str,
    /// Returns one that does, by its id, for the id of what should go.
    pub(crate) find: fn(&State, &str) -> Option<String>,
}

/// Finds what stands in the way by a table: its type and its id.
fn first(table: &'static [Dependent], state: &State, id: &str) -> Option<(&'static str, String)> {
    table.iter().find_map(|dependent| Some((dependent.what, (dependent.find)(state, id)?)))
}

/// What a VPC cannot be deleted with (aws-semantics.md 1, vpc). Its main route table, its default
/// security group and network ACL go with it.
static OF_VPC: &[Dependent] = &[
    Dependent {
        what: "subnet",
        find: |state, vpc| key(&state.subnets, |subnet| subnet.vpc == vpc),
    },
    Dependent {
        what: "internet gateway",
        find: |state, vpc| key(&state.internet_gateways, |gateway| gateway.serves(vpc)),
    },
    Dependent {
        what: "egress-only internet gateway",
        find: |state, vpc| key(&state.egress_only_internet_gateways, |gateway| gateway.vpc == vpc),
    },
    Dependent {
        what: "VPC endpoint",
        find: |state, vpc| key(&state.vpc_endpoints, |endpoint| endpoint.vpc == vpc),
    },
    Dependent {
        what: "security group",
        find: |state, vpc| {
            key(&state.security_groups, |group| group.vpc == vpc && !group.is_default())
        },
    },
    Dependent {
        what: "route table",
        find: |state, vpc| key(&state.route_tables, |table| table.vpc == vpc && !table.is_main()),
    },
    Dependent {
        what: "network interface",
        find: |state, vpc| key(&state.network_interfaces, |interface| interface.vpc == vpc),
    },
];

/// What a subnet cannot be deleted with (aws-semantics.md 1, subnet).
static OF_SUBNET: &[Dependent] = &[Dependent {
    what: "network interface",
    find: |state, subnet| key(&state.network_interfaces, |interface| interface.subnet == subnet),
}];

/// What a security group cannot be deleted with (aws-semantics.md 1, security_group).
static OF_SECURITY_GROUP: &[Dependent] = &[
    Dependent {
        what: "network interface",
        find: |state, group| {
            key(&state.network_interfaces, |interface| {
                interface.groups.iter().any(|own| own == group)
            })
        },
    },
    Dependent {
        what: "rule of another security group",
        find: |state, group| {
            let others = state.security_groups.iter().filter(|(id, _)| *id != group);
            others
                .flat_map(|(_, other)| &other.rules)
                .find(|rule| rule.peer.group() == Some(group))
                .map(|rule| rule.id.clone())
        },
    },
];

/// What an internet gateway cannot be detached with, by VPC (aws-semantics.md 1, internet_gateway).
static OF_INTERNET_ACCESS: &[Dependent] = &[Dependent {
    what: "network interface with a public address",
    find: |state, vpc| {
        key(&state.network_interfaces, |interface| {
            interface.vpc == vpc && interface.public.is_some()
        })
    },
}];

/// Returns the key of the first entry that the test holds for.
fn key<T>(
    map: &std::collections::BTreeMap<String, T>,
    test: impl Fn(&T) -> bool,
) -> Option<String> {
    map.iter().find(|(_, entry)| test(entry)).map(|(key, _)| key.clone())
}

/// Returns what a VPC cannot be deleted with.
pub(crate) fn of_vpc(state: &State, vpc: &str) -> Option<(&'static str, String)> {
    first(OF_VPC, state, vpc)
}

/// Returns what a subnet cannot be deleted with.
pub(crate) fn of_subnet(state: &State, subnet: &str) -> Option<(&'static str, String)> {
    first(OF_SUBNET, state, subnet)
}

/// Returns what a security group cannot be deleted with.
pub(crate) fn of_security_group(state: &State, group: &str) -> Option<(&'static str, String)> {
    first(OF_SECURITY_GROUP, state, group)
}

/// Returns what a VPC's internet gateway cannot be detached with.
pub(crate) fn of_internet_access(state: &State, vpc: &str) -> Option<(&'static str, String)> {
    first(OF_INTERNET_ACCESS, state, vpc)
}
