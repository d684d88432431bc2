//! Network interfaces: those that people make, and those that services put into subnets.

mod show;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{Answer, Call, Input, Members};
use super::tags::Tags;
use super::{State, View, ids, limits, rules, state_mut, subnet, tags, tokens, vpc};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

pub(super) use show::describe;
use show::show;

/// How long a new interface is `pending`.
const PENDING: Duration = Duration::from_secs(2);

/// A network interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NetworkInterface {
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) description: String,
    pub(crate) groups: Vec<String>,
    pub(crate) address: Ipv4Addr,
    pub(crate) ipv6_addresses: Vec<Ipv6Addr>,
    /// The public address mapped to it.
    pub(crate) public: Option<PublicAddress>,
    pub(crate) source_dest_check: bool,
    /// The service that put it there; none for one that somebody made.
    pub(crate) owner: Option<Owner>,
    /// When it becomes `available`, or `in-use`.
    pub(crate) ready: Time,
    /// When it vanishes, once its owner let go of it.
    pub(crate) gone: Option<Time>,
}

/// The public address of an interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublicAddress {
    pub(crate) ip: Ipv4Addr,
    /// The elastic address it is, if it is one.
    pub(crate) allocation: Option<Allocation>,
}

/// An elastic address as the interface it is associated with shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Allocation {
    pub(crate) id: String,
    pub(crate) association: String,
}

/// What a service's interface belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// The id or ARN of what it serves, such as `nat-…`.
    pub(crate) resource: String,
    /// `interface`, `nat_gateway`, `vpc_endpoint`, …
    pub(crate) interface_type: String,
    /// Whose instance it is attached to: an account, `amazon-elb`, …
    pub(crate) attached_by: String,
    /// The instance it is attached to, where there is one.
    pub(crate) instance: Option<String>,
    /// Who asked for it, where a service manages it.
    pub(crate) requester: Option<String>,
    pub(crate) attachment: String,
    pub(crate) attached: Time,
    pub(crate) delete_on_termination: bool,
}

impl NetworkInterface {
    /// Tells whether something holds it.
    pub(crate) fn in_use(&self) -> bool {
        self.owner.is_some()
    }
}

/// What goes into a subnet.
pub(crate) struct Placement {
    pub(crate) subnet: String,
    pub(crate) description: String,
    /// The VPC's default one where empty.
    pub(crate) groups: Vec<String>,
    /// Any free one where absent.
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) owner: Option<Owner>,
}

/// Puts a new interface into a subnet and returns its id.
///
/// Refuses unknown subnets and groups, groups of another VPC, taken addresses and full subnets.
pub(crate) fn place(
    account: &mut Account,
    call: &Call,
    placement: Placement,
    tags: Tags,
) -> Result<String, Refusal> {
    let id = account.new_id("eni");
    let state = state_mut(account, call);
    let Placement { subnet, description, groups, address, owner } = placement;
    ids::SUBNET.check(state, &subnet)?;
    let of = &state.subnets[&subnet];
    let groups = checked_groups(state, &of.vpc, groups)?;
    let limit = state.limits.network_interfaces;
    limits::room(state.network_interfaces.len(), limit, &rules::INTERFACE_LIMIT)?;
    let interface = NetworkInterface {
        vpc: of.vpc.clone(),
        zone: of.zone.clone(),
        description,
        groups,
        address: address_in(state, &subnet, address)?,
        ipv6_addresses: ipv6_in(state, &subnet),
        public: None,
        source_dest_check: true,
        owner,
        ready: call.after(PENDING),
        gone: None,
        subnet,
    };
    state.network_interfaces.insert(id.clone(), interface);
    tags::keep(state, &id, tags)?;
    Ok(id)
}

/// Lets every interface of a resource vanish at the given time. There is
/// nothing more to do: they are gone from then on.
pub(crate) fn release(state: &mut State, resource: &str, at: Time) {
    for interface in state.network_interfaces.values_mut() {
        if interface.owner.as_ref().is_some_and(|owner| owner.resource == resource) {
            interface.gone = Some(at);
        }
    }
}

/// Takes away the interfaces whose time has come.
pub(super) fn settle(state: &mut State, now: Time) {
    let before = state.network_interfaces.len();
    state.network_interfaces.retain(|_, interface| interface.gone.is_none_or(|gone| gone > now));
    if state.network_interfaces.len() != before {
        vpc::drop_stray_tags(state);
    }
}

/// Maps a public address of AWS's to an interface, chosen by the digits.
pub(crate) fn give_public(state: &mut State, id: &str, digits: &str) {
    let number = u32::from_str_radix(&digits[..4], 16).unwrap_or_default();
    let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(54, 72, 0, 0)) + number);
    if let Some(interface) = state.network_interfaces.get_mut(id) {
        interface.public = Some(PublicAddress { ip, allocation: None });
    }
}

/// Checks the security groups of an interface; without any it gets the VPC's default one.
pub(super) fn checked_groups(
    state: &State,
    vpc: &str,
    groups: Vec<String>,
) -> Result<Vec<String>, Refusal> {
    if groups.is_empty() {
        let default = state
            .security_groups
            .iter()
            .find(|(_, group)| group.vpc == vpc && group.is_default())
            .map(|(id, _)| id.clone());
        return Ok(default.into_iter().collect());
    }
    for id in &groups {
        ids::SECURITY_GROUP.check(state, id)?;
        if state.security_groups[id].vpc != vpc {
            return Err(rules::GROUP_OTHER_VPC.refuse(&[]));
        }
    }
    let limit = state.limits.security_groups_per_interface;
    limits::room(groups.len(), limit + 1, &rules::INTERFACE_GROUP_LIMIT)?;
    Ok(groups)
}

/// Finds an address in a subnet: the one asked for, or the first that is free. The first four and
/// the last are AWS's own.
fn address_in(
    state: &State,
    subnet_id: &str,
    asked: Option<Ipv4Addr>,
) -> Result<Ipv4Addr, Refusal> {
    let block = state.subnets[subnet_id].block;
    let taken = |address: Ipv4Addr| {
        state
            .network_interfaces
            .values()
            .any(|interface| interface.subnet == subnet_id && interface.address == address)
    };
    let (first, last) = (u32::from(block.network()) + 4, u32::from(block.broadcast()) - 1);
    if let Some(address) = asked {
        if !(first..=last).contains(&u32::from(address)) {
            return Err(rules::ADDRESS_OUTSIDE.refuse(&[]));
        }
        if taken(address) {
            return Err(rules::ADDRESS_TAKEN.refuse(&[&address.to_string()]));
        }
        return Ok(address);
    }
    if subnet::free_addresses(state, subnet_id) == 0 {
        return Err(rules::SUBNET_FULL.refuse(&[]));
    }
    let free = (first..=last).map(Ipv4Addr::from).find(|address| !taken(*address));
    free.ok_or_else(|| rules::SUBNET_FULL.refuse(&[]))
}

/// Returns the IPv6 address a new interface gets: one, where its subnet assigns them.
fn ipv6_in(state: &State, subnet_id: &str) -> Vec<Ipv6Addr> {
    let subnet = &state.subnets[subnet_id];
    let block = subnet.ipv6_blocks.first().filter(|_| subnet.assign_ipv6);
    let first = block.map(|own| u128::from(own.block.network()) + 4);
    let taken = |address: &Ipv6Addr| {
        state.network_interfaces.values().any(|other| other.ipv6_addresses.contains(address))
    };
    let free = first.and_then(|first| {
        (first..first + 65_536).map(Ipv6Addr::from).find(|address| !taken(address))
    });
    free.into_iter().collect()
}

/// CreateNetworkInterface.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::NETWORK_INTERFACE)?;
    let seen = tokens::seen(state_mut(account, call), call, input)?;
    let id = if let Some(id) = seen {
        id
    } else {
        let asked = input.text("PrivateIpAddress");
        let address = match asked.map(str::parse) {
            None => None,
            Some(Ok(address)) => Some(address),
            Some(Err(_)) => {
                return Err(rules::ADDRESS_MALFORMED.refuse(&[asked.unwrap_or_default()]));
            }
        };
        let placement = Placement {
            subnet: input.text("SubnetId").unwrap_or_default().to_owned(),
            description: input.text("Description").unwrap_or_default().to_owned(),
            groups: input.texts("Groups").into_iter().map(str::to_owned).collect(),
            address,
            owner: None,
        };
        let id = place(account, call, placement, tags)?;
        tokens::keep(state_mut(account, call), call, input, &id);
        id
    };
    let view = View::new(account, call);
    let shown = show(view, &id, &view.state.network_interfaces[&id]);
    Ok(json!({ "NetworkInterface": shown, "ClientToken": input.text("ClientToken") }))
}

/// DeleteNetworkInterface: not while something holds it.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = input.text("NetworkInterfaceId").unwrap_or_default();
    ids::NETWORK_INTERFACE.check(state, id)?;
    if state.network_interfaces[id].in_use() {
        return Err(rules::INTERFACE_IN_USE.refuse(&[id]));
    }
    state.network_interfaces.remove(id);
    state.tags.remove(id);
    Ok(json!({}))
}

/// ModifyNetworkInterfaceAttribute: one attribute in one call.
pub(super) fn modify_attribute(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let digits = account.new_digits();
    let state = state_mut(account, call);
    let id = input.text("NetworkInterfaceId").unwrap_or_default();
    ids::NETWORK_INTERFACE.check(state, id)?;
    let (name, value) = vpc::one_attribute(input, "NetworkInterfaceId")?;
    let groups = match name {
        "Groups" => {
            let groups = input.texts("Groups").into_iter().map(str::to_owned).collect();
            checked_groups(state, &state.network_interfaces[id].vpc, groups)?
        }
        _ => Vec::new(),
    };
    let Some(interface) = state.network_interfaces.get_mut(id) else {
        return Err(rules::NETWORK_INTERFACE_NOT_FOUND.refuse(&[id]));
    };
    let inner = value.as_object();
    match name {
        "Groups" => interface.groups = groups,
        "Description" => {
            let text = inner.and_then(|it| it.text("Value")).unwrap_or_default();
            text.clone_into(&mut interface.description);
        }
        "SourceDestCheck" => {
            interface.source_dest_check = inner.and_then(|it| it.flag("Value")).unwrap_or(true);
        }
        _ if value.as_bool() == Some(true) => give_public(state, id, &digits),
        _ => interface.public = None,
    }
    Ok(json!({}))
}
