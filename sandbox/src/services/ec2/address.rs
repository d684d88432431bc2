//! Elastic IP addresses. What an address is associated with, the network interface keeps.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Listing, optional};
use super::network_interface::{Allocation, NetworkInterface, PublicAddress};
use super::{State, View, ids, limits, rules, state_mut, tags};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// An elastic IP address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) ip: Ipv4Addr,
    /// Until when the service that had it keeps it from being released.
    pub(crate) held_until: Option<Time>,
}

/// Returns the interface an address is associated with, and the association.
fn holder<'a>(
    state: &'a State,
    id: &str,
) -> Option<(&'a str, &'a NetworkInterface, &'a Allocation)> {
    state.network_interfaces.iter().find_map(|(interface_id, interface)| {
        let allocation = interface.public.as_ref()?.allocation.as_ref()?;
        (allocation.id == id).then_some((interface_id.as_str(), interface, allocation))
    })
}

/// Tells whether an address is associated with an interface.
pub(super) fn is_associated(state: &State, id: &str) -> bool {
    holder(state, id).is_some()
}

/// Maps an address to an interface. The caller has seen to it that both are free.
pub(super) fn map(account: &mut Account, call: &Call, id: &str, interface: &str) -> String {
    let association = account.new_id("eipassoc");
    let state = state_mut(account, call);
    let ip = state.addresses.get(id).map(|address| address.ip);
    if let (Some(ip), Some(interface)) = (ip, state.network_interfaces.get_mut(interface)) {
        let allocation = Allocation { id: id.to_owned(), association: association.clone() };
        interface.public = Some(PublicAddress { ip, allocation: Some(allocation) });
    }
    association
}

/// AllocateAddress.
pub(super) fn allocate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::ADDRESS)?;
    if input.text("Domain") == Some("standard") {
        return Err(rules::ADDRESS_STANDARD.refuse(&[]));
    }
    if let Some(pool) = input.text("PublicIpv4Pool").filter(|pool| *pool != "amazon") {
        return Err(rules::ADDRESS_POOL.refuse(&[pool]));
    }
    if let Some(group) = input.text("NetworkBorderGroup").filter(|group| *group != call.region) {
        return Err(rules::ADDRESS_BORDER_GROUP.refuse(&[group]));
    }
    let id = account.new_id("eipalloc");
    let digits = account.new_digits();
    let state = state_mut(account, call);
    limits::room(state.addresses.len(), state.limits.addresses, &rules::ADDRESS_LIMIT)?;
    let ip = free_ip(state, &digits);
    state.addresses.insert(id.clone(), Address { ip, held_until: None });
    tags::keep(state, &id, tags)?;
    Ok(json!({
        "AllocationId": id,
        "PublicIp": ip,
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": call.region,
        "Domain": "vpc",
    }))
}

/// Finds an address that no other has: the one the digits say, or one after it.
fn free_ip(state: &State, digits: &str) -> Ipv4Addr {
    let first = u32::from(Ipv4Addr::new(54, 76, 0, 0));
    let start = u32::from_str_radix(&digits[..4], 16).unwrap_or_default();
    let free = (0..0x1_0000)
        .map(|step| Ipv4Addr::from(first + (start + step) % 0x1_0000))
        .find(|ip| !state.addresses.values().any(|address| address.ip == *ip));
    free.unwrap_or(Ipv4Addr::from(first))
}

/// ReleaseAddress: not while it is associated, nor while a NAT gateway lets go of it.
pub(super) fn release(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let Some(id) = input.text("AllocationId") else {
        return Err(if input.contains_key("PublicIp") {
            rules::ADDRESS_BY_IP.refuse(&[])
        } else {
            rules::ADDRESS_UNNAMED.refuse(&[])
        });
    };
    ids::ADDRESS.check(state, id)?;
    let address = &state.addresses[id];
    match holder(state, id) {
        Some((_, interface, _)) if interface.owner.is_none() => {
            return Err(rules::ADDRESS_IN_USE.refuse(&[&address.ip.to_string()]));
        }
        Some(_) => return Err(rules::ADDRESS_OF_SERVICE.refuse(&[])),
        None if address.held_until.is_some_and(|until| call.now < until) => {
            return Err(rules::ADDRESS_OF_SERVICE.refuse(&[]));
        }
        None => {}
    }
    state.addresses.remove(id);
    state.tags.remove(id);
    Ok(json!({}))
}

/// AssociateAddress, with a network interface.
pub(super) fn associate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let (Some(id), Some(interface)) =
        (input.text("AllocationId"), input.text("NetworkInterfaceId"))
    else {
        return Err(rules::ADDRESS_PAIR.refuse(&[]));
    };
    ids::ADDRESS.check(state, id)?;
    ids::NETWORK_INTERFACE.check(state, interface)?;
    let target = &state.network_interfaces[interface];
    if target.owner.as_ref().is_some_and(|owner| owner.requester.is_some()) {
        return Err(rules::ADDRESS_OF_SERVICE.refuse(&[]));
    }
    if !super::internet_gateway::serve(state, &target.vpc) {
        return Err(rules::NETWORK_NOT_ATTACHED.refuse(&[&target.vpc]));
    }
    let own = target.public.as_ref().and_then(|public| public.allocation.as_ref());
    if let Some(same) = own.filter(|own| own.id == id) {
        return Ok(json!({ "AssociationId": same.association }));
    }
    let again = input.flag("AllowReassociation") == Some(true);
    if own.is_some() && !again {
        return Err(rules::ADDRESS_TWICE.refuse(&[interface]));
    }
    if let Some((_, interface, _)) = holder(state, id) {
        if interface.owner.as_ref().is_some_and(|owner| owner.requester.is_some()) {
            return Err(rules::ADDRESS_OF_SERVICE.refuse(&[]));
        }
        if !again {
            return Err(rules::ADDRESS_TWICE.refuse(&[id]));
        }
    }
    unmap(state, id);
    let association = map(account, call, id, interface);
    Ok(json!({ "AssociationId": association }))
}

/// DisassociateAddress: an address of a NAT gateway leaves with it only.
pub(super) fn disassociate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let Some(association) = input.text("AssociationId") else {
        return Err(rules::ADDRESS_UNASSOCIATED.refuse(&[]));
    };
    let found = state.addresses.keys().find_map(|id| {
        let (_, interface, allocation) = holder(state, id)?;
        let of_service = interface.owner.as_ref().is_some_and(|owner| owner.requester.is_some());
        (allocation.association == association).then(|| (id.clone(), of_service))
    });
    match found {
        None => Err(rules::ASSOCIATION_NOT_FOUND.refuse(&[association])),
        Some((_, true)) => Err(rules::ADDRESS_OF_SERVICE.refuse(&[])),
        Some((id, false)) => {
            unmap(state, &id);
            Ok(json!({}))
        }
    }
}

/// Takes an address from its interface.
fn unmap(state: &mut State, id: &str) {
    for interface in state.network_interfaces.values_mut() {
        let allocation = interface.public.as_ref().and_then(|public| public.allocation.as_ref());
        if allocation.is_some_and(|allocation| allocation.id == id) {
            interface.public = None;
        }
    }
}

static LISTING: Listing<Address> = Listing {
    kind: &ids::ADDRESS,
    ids: "AllocationIds",
    answer: "Addresses",
    page: 1000,
    filters: &[
        "allocation-id",
        "association-id",
        "instance-id",
        "network-border-group",
        "network-interface-id",
        "network-interface-owner-id",
        "private-ip-address",
        "public-ip",
        "tag-key",
    ],
    field,
    show,
};

/// DescribeAddresses: all at once, there are no pages.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let mut answer = LISTING.answer_map(view, input, &view.state.addresses)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("NextToken");
    }
    Ok(answer)
}

/// DescribeAddressesAttribute: no address has a domain name.
pub(super) fn describe_attribute(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let wanted = input.texts("AllocationIds");
    for id in &wanted {
        ids::ADDRESS.check(view.state, id)?;
    }
    let asked = view.state.addresses.iter();
    let shown: Vec<Value> = asked
        .filter(|(id, _)| wanted.is_empty() || wanted.contains(&id.as_str()))
        .map(|(id, address)| json!({ "AllocationId": id, "PublicIp": address.ip }))
        .collect();
    Ok(json!({ "Addresses": shown }))
}

fn field(view: View<'_>, id: &str, address: &Address, name: &str) -> Vec<String> {
    let holder = holder(view.state, id);
    match name {
        "association-id" => optional(holder.map(|(_, _, it)| &it.association)),
        "instance-id" => {
            let owner = holder.and_then(|(_, interface, _)| interface.owner.as_ref());
            optional(owner.and_then(|owner| owner.instance.as_ref()))
        }
        "network-border-group" => vec![view.call.region.clone()],
        "network-interface-id" => optional(holder.map(|(interface, _, _)| interface)),
        "network-interface-owner-id" => optional(holder.map(|_| &view.call.account_id)),
        "private-ip-address" => optional(holder.map(|(_, interface, _)| interface.address)),
        "public-ip" => vec![address.ip.to_string()],
        _ => vec![id.to_owned()],
    }
}

fn show(view: View<'_>, id: &str, address: &Address) -> Value {
    let holder = holder(view.state, id);
    let owner = holder.and_then(|(_, interface, _)| interface.owner.as_ref());
    json!({
        "AllocationId": id,
        "PublicIp": address.ip,
        "Domain": "vpc",
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": view.call.region,
        "AssociationId": holder.map(|(_, _, allocation)| &allocation.association),
        "InstanceId": owner.and_then(|owner| owner.instance.as_ref()),
        "NetworkInterfaceId": holder.map(|(interface, _, _)| interface),
        "NetworkInterfaceOwnerId": holder.map(|_| &view.call.account_id),
        "PrivateIpAddress": holder.map(|(_, interface, _)| interface.address),
        "Tags": tags::show(view, id),
    })
}

/// Keeps the addresses of a resource from being released for a while after it let go of them.
pub(super) fn hold(state: &mut State, ids: &[String], until: Time) -> Result<(), Refusal> {
    for id in ids {
        let Some(address) = state.addresses.get_mut(id) else {
            return Err(rules::ADDRESS_NOT_FOUND.refuse(&[id]));
        };
        address.held_until = Some(until);
    }
    Ok(())
}
