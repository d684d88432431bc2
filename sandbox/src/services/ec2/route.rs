//! Routes, and what they may lead to.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::network_interface::NetworkInterface;
use super::route_table::RouteTable;
use super::{State, View, cidr, ids, limits, prefix_list, rules, state_mut};
use crate::rules::Refusal;
use crate::state::Account;

/// A route that somebody made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) destination: Destination,
    /// The member that names the target, such as `GatewayId`.
    pub(crate) by: String,
    /// The target's id.
    pub(crate) target: String,
}

impl Route {
    /// Tells whether it is for every IPv4 address that no other route is for.
    pub(crate) fn is_default(&self) -> bool {
        matches!(&self.destination, Destination::V4(block) if block.prefix_len() == 0)
    }
}

/// Where a route leads away from its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Destination {
    V4(Ipv4Net),
    V6(Ipv6Net),
    PrefixList(String),
}

impl Destination {
    fn member(&self) -> &'static str {
        match self {
            Self::V4(_) => "DestinationCidrBlock",
            Self::V6(_) => "DestinationIpv6CidrBlock",
            Self::PrefixList(_) => "DestinationPrefixListId",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::V4(block) => block.to_string(),
            Self::V6(block) => block.to_string(),
            Self::PrefixList(id) => id.clone(),
        }
    }

    /// Tells whether it lies wholly in the VPC.
    fn inside(&self, state: &State, vpc: &str) -> bool {
        let Some(vpc) = state.vpcs.get(vpc) else { return false };
        match self {
            Self::V4(block) => vpc.holds_v4(*block),
            Self::V6(block) => vpc.holds_v6(block),
            Self::PrefixList(_) => false,
        }
    }
}

/// One type of target.
pub(crate) struct Target {
    /// The member that names it, in requests and answers.
    pub(crate) member: &'static str,
    /// Tells whether it may take traffic between subnets of its VPC.
    pub(crate) between_subnets: bool,
    /// Refuses a target that this table cannot have: the view, table, its VPC, target.
    pub(crate) check: fn(View<'_>, &str, &str, &str) -> Result<(), Refusal>,
    /// Tells whether it takes traffic now; a route to it is a `blackhole` otherwise: the view, VPC,
    /// target.
    pub(crate) alive: fn(View<'_>, &str, &str) -> bool,
}

/// Every type of target; a new one is a line here and its member in [`MODELS`].
pub(crate) static TARGETS: &[Target] = &[
    Target {
        member: "GatewayId",
        between_subnets: false,
        check: |view, table, vpc, id| match view.state.internet_gateways.get(id) {
            None => Err(rules::GATEWAY_NOT_FOUND.refuse(&[id])),
            Some(gateway) if !gateway.serves(vpc) => {
                Err(rules::ROUTE_OTHER_NETWORK.refuse(&[table, "network gateway", id]))
            }
            Some(_) => Ok(()),
        },
        alive: |view, vpc, id| {
            view.state.internet_gateways.get(id).is_some_and(|gateway| gateway.serves(vpc))
        },
    },
    Target {
        member: "NetworkInterfaceId",
        between_subnets: true,
        check: |view, table, vpc, id| {
            ids::NETWORK_INTERFACE.check(view.state, id)?;
            if view.state.network_interfaces[id].vpc == vpc {
                Ok(())
            } else {
                Err(rules::ROUTE_OTHER_NETWORK.refuse(&[table, "interface", id]))
            }
        },
        alive: |view, _, id| {
            view.state.network_interfaces.get(id).is_some_and(NetworkInterface::in_use)
        },
    },
    Target {
        member: "NatGatewayId",
        between_subnets: true,
        check: |view, table, vpc, id| match view.state.nat_gateways.get(id) {
            Some(gateway) if !gateway.lives(view.call.now) => Err(rules::NAT_TARGET.refuse(&[id])),
            Some(gateway) if gateway.vpc == vpc => Ok(()),
            Some(_) => Err(rules::ROUTE_OTHER_NETWORK.refuse(&[table, "NAT gateway", id])),
            None => Err(rules::NAT_TARGET.refuse(&[id])),
        },
        alive: |view, _, id| {
            view.state.nat_gateways.get(id).is_some_and(|gateway| gateway.lives(view.call.now))
        },
    },
    Target {
        member: "EgressOnlyInternetGatewayId",
        between_subnets: false,
        check: |view, table, vpc, id| match view.state.egress_only_internet_gateways.get(id) {
            None => Err(rules::GATEWAY_NOT_FOUND.refuse(&[id])),
            Some(gateway) if gateway.vpc == vpc => Ok(()),
            Some(_) => Err(rules::ROUTE_OTHER_NETWORK.refuse(&[table, "network gateway", id])),
        },
        alive: |view, _, id| view.state.egress_only_internet_gateways.contains_key(id),
    },
];

/// What CreateRoute and ReplaceRoute model.
pub(super) static MODELS: &[&str] = &[
    "RouteTableId",
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
    "GatewayId",
    "NetworkInterfaceId",
    "NatGatewayId",
    "EgressOnlyInternetGatewayId",
];

/// Returns the table the input names.
fn known_table<'a>(state: &State, input: &'a Input) -> Result<&'a str, Refusal> {
    let id = input.text("RouteTableId").unwrap_or_default();
    ids::ROUTE_TABLE.check(state, id)?;
    Ok(id)
}

/// Reads the one destination of a call.
fn destination(view: View<'_>, input: &Input) -> Result<Destination, Refusal> {
    let (v4, v6, list) = (
        input.text("DestinationCidrBlock"),
        input.text("DestinationIpv6CidrBlock"),
        input.text("DestinationPrefixListId"),
    );
    match (v4, v6, list) {
        (Some(text), None, None) => cidr::v4(text)
            .map(Destination::V4)
            .ok_or_else(|| rules::NOT_A_CIDR.refuse(&[text, "destinationCidrBlock"])),
        (None, Some(text), None) => cidr::v6(text)
            .map(Destination::V6)
            .ok_or_else(|| rules::NOT_A_CIDR.refuse(&[text, "destinationIpv6CidrBlock"])),
        (None, None, Some(id)) => {
            prefix_list::check(view.call, id)?;
            Ok(Destination::PrefixList(id.to_owned()))
        }
        (None, None, None) => Err(rules::ROUTE_WITHOUT_DESTINATION.refuse(&[])),
        _ => Err(rules::ROUTE_DESTINATIONS.refuse(&[])),
    }
}

/// Reads the one target of a call and refuses it where the table cannot have it.
fn target(
    view: View<'_>,
    input: &Input,
    table: &str,
) -> Result<(&'static Target, String), Refusal> {
    let mut given = TARGETS.iter().filter_map(|target| Some((target, input.text(target.member)?)));
    let Some((target, id)) = given.next() else {
        return Err(rules::ROUTE_WITHOUT_TARGET.refuse(&[]));
    };
    if given.next().is_some() {
        return Err(rules::ROUTE_TARGETS.refuse(&[]));
    }
    (target.check)(view, table, &view.state.route_tables[table].vpc, id)?;
    Ok((target, id.to_owned()))
}

/// Reads a whole route for a table.
fn read(account: &Account, call: &Call, input: &Input) -> Result<(String, Route), Refusal> {
    let view = View::new(account, call);
    let table = known_table(view.state, input)?;
    let destination = destination(view, input)?;
    let (target, id) = target(view, input, table)?;
    let vpc = &view.state.route_tables[table].vpc;
    if !target.between_subnets && destination.inside(view.state, vpc) {
        return Err(rules::ROUTE_INSIDE_VPC.refuse(&[&destination.text()]));
    }
    if target.member == "EgressOnlyInternetGatewayId" && matches!(destination, Destination::V4(_)) {
        return Err(rules::ROUTE_EGRESS_ONLY_V4.refuse(&[&id]));
    }
    let route = Route { destination, by: target.member.to_owned(), target: id };
    Ok((table.to_owned(), route))
}

/// CreateRoute.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (id, route) = read(account, call, input)?;
    let state = state_mut(account, call);
    let taken = local(state, &state.route_tables[&id]).contains(&route.destination)
        || state.route_tables[&id].routes.iter().any(|own| own.destination == route.destination)
        || of_endpoint(state, call, &id, &route.destination);
    if taken {
        return Err(rules::ROUTE_EXISTS.refuse(&[&route.destination.text()]));
    }
    let have = state.route_tables[&id].routes.len();
    limits::room(have, state.limits.routes_per_table, &rules::ROUTE_LIMIT)?;
    if let Some(table) = state.route_tables.get_mut(&id) {
        table.routes.push(route);
    }
    Ok(json!({ "Return": true }))
}

/// ReplaceRoute.
pub(super) fn replace(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (id, route) = read(account, call, input)?;
    let state = state_mut(account, call);
    if local(state, &state.route_tables[&id]).contains(&route.destination) {
        let message = "the sandbox does not model another target for a local route";
        return Err(Refusal::new("InvalidParameter", message));
    }
    if of_endpoint(state, call, &id, &route.destination) {
        return Err(rules::ROUTE_OF_ENDPOINT.refuse(&[&route.destination.text(), &id]));
    }
    let table = state.route_tables.get_mut(&id);
    let own = table
        .and_then(|table| table.routes.iter_mut().find(|own| own.destination == route.destination));
    match own {
        Some(own) => *own = route,
        None => return Err(rules::ROUTE_TO_REPLACE.refuse(&[&route.destination.text()])),
    }
    Ok(json!({}))
}

/// DeleteRoute.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let id = known_table(view.state, input)?;
    let destination = destination(view, input)?;
    let text = destination.text();
    let state = state_mut(account, call);
    if local(state, &state.route_tables[id]).contains(&destination) {
        return Err(rules::ROUTE_LOCAL.refuse(&[&text, id]));
    }
    if of_endpoint(state, call, id, &destination) {
        return Err(rules::ROUTE_OF_ENDPOINT.refuse(&[&text, id]));
    }
    let routes = state.route_tables.get_mut(id).map(|table| &mut table.routes);
    let found = routes.and_then(|routes| {
        let at = routes.iter().position(|own| own.destination == destination)?;
        Some(routes.remove(at))
    });
    let missing = || {
        let by = match destination {
            Destination::V4(_) => "destination-cidr-block",
            Destination::V6(_) => "destination-ipv6-cidr-block",
            Destination::PrefixList(_) => "destination-prefix-list-id",
        };
        rules::ROUTE_NOT_FOUND.refuse(&[by, &text, id])
    };
    found.map(|_| json!({})).ok_or_else(missing)
}

/// Returns the destinations of a table's local routes: the blocks of its VPC.
fn local(state: &State, table: &RouteTable) -> Vec<Destination> {
    let Some(vpc) = state.vpcs.get(&table.vpc) else { return Vec::new() };
    let v4 = vpc.blocks.iter().map(|own| Destination::V4(own.block));
    let v6 = vpc.ipv6_blocks.iter().map(|own| Destination::V6(own.block));
    v4.chain(v6).collect()
}

/// Tells whether a route is there because a gateway endpoint serves the table.
fn of_endpoint(state: &State, call: &Call, table: &str, destination: &Destination) -> bool {
    let Destination::PrefixList(list) = destination else { return false };
    state.vpc_endpoints.values().any(|endpoint| {
        endpoint.routes(table)
            && prefix_list::of_service(&call.region, &endpoint.service).as_ref() == Some(list)
    })
}

/// Tells whether a table leads to a prefix list already: by a route of its own, or by an endpoint
/// that serves it.
pub(super) fn leads_to(view: View<'_>, table: &str, list: &str) -> bool {
    let destination = Destination::PrefixList(list.to_owned());
    let own = view.state.route_tables.get(table);
    own.is_some_and(|own| own.routes.iter().any(|route| route.destination == destination))
        || of_endpoint(view.state, view.call, table, &destination)
}

/// Shows the routes of a table, the local ones first, those of endpoints last.
pub(super) fn show_all(view: View<'_>, id: &str, table: &RouteTable) -> Vec<Value> {
    let local = local(view.state, table).into_iter().map(|destination| {
        json!({
            destination.member(): destination.text(),
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        })
    });
    let own = table.routes.iter().map(|route| {
        let target = TARGETS.iter().find(|target| target.member == route.by);
        let alive = target.is_some_and(|target| (target.alive)(view, &table.vpc, &route.target));
        json!({
            route.destination.member(): route.destination.text(),
            &route.by: route.target,
            "Origin": "CreateRoute",
            "State": if alive { "active" } else { "blackhole" },
        })
    });
    let serving = view.state.vpc_endpoints.iter().filter(|(_, endpoint)| endpoint.routes(id));
    let of_endpoints = serving.filter_map(|(endpoint_id, endpoint)| {
        let list = prefix_list::of_service(&view.call.region, &endpoint.service)?;
        Some(json!({
            "DestinationPrefixListId": list,
            "GatewayId": endpoint_id,
            "Origin": "CreateRoute",
            "State": "active",
        }))
    });
    local.chain(own).chain(of_endpoints).collect()
}
