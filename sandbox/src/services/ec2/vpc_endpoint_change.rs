//! How VPC endpoints are changed and deleted.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::network_interface::NetworkInterface;
use super::vpc_endpoint::{self as endpoint, VpcEndpoint};
use super::{State, View, ids, network_interface, rules, state_mut};
use crate::rules::Refusal;
use crate::state::Account;

/// How long an interface endpoint is `pending` when its subnets change.
const MOVING: Duration = Duration::from_secs(60);
/// How long a subnet keeps the interface of an endpoint that left it.
const LEAVING: Duration = Duration::from_secs(30);
/// How long an interface endpoint is `deleting` (aws-semantics.md 1: 1 to 5 minutes).
const DELETING_INTERFACE: Duration = Duration::from_secs(120);
/// How long a gateway endpoint is `deleting`.
const DELETING_GATEWAY: Duration = Duration::from_secs(5);

/// ModifyVpcEndpoint: all that is given at once, or nothing.
pub(super) fn modify(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = input.text("VpcEndpointId").unwrap_or_default();
    ids::VPC_ENDPOINT.check(state, id)?;
    let mut changed = state.vpc_endpoints[id].clone();
    if changed.gone.is_some() {
        return Err(rules::ENDPOINT_NOT_FOUND.refuse(&[id]));
    }
    for prefix in ["Add", "Remove"] {
        let members = ["RouteTableIds", "SubnetIds", "SecurityGroupIds"];
        let members = members.map(|member| format!("{prefix}{member}"));
        endpoint::applicable(&changed, input, members.each_ref().map(String::as_str))?;
    }
    match (input.flag("ResetPolicy"), input.text("PolicyDocument")) {
        (Some(true), Some(_)) => return Err(rules::ENDPOINT_POLICY_TWICE.refuse(&[])),
        (Some(true), None) => changed.policy = endpoint::full_access(changed.is_interface),
        (_, Some(text)) => changed.policy = endpoint::checked_policy(text)?,
        (_, None) => {}
    }
    let (record, inbound) = endpoint::dns_options(input)?;
    changed.dns_record_ip_type = record.or(changed.dns_record_ip_type);
    changed.inbound_only = inbound.unwrap_or(changed.inbound_only);
    if let Some(on) = input.flag("PrivateDnsEnabled") {
        changed.private_dns = on;
        changed.inbound_only = changed.inbound_only && on;
    }
    if changed.is_interface {
        endpoint::check_private_dns(state, id, &changed)?;
    }
    if let Some(kind) = input.text("IpAddressType") {
        kind.clone_into(&mut changed.ip_address_type);
        let subnets = std::mem::take(&mut changed.subnets);
        endpoint::check_subnets(state, &changed, &subnets)?;
        changed.subnets = subnets;
    }
    change_tables(state, call, input, &mut changed)?;
    change_groups(state, input, &mut changed)?;
    for interface in state.network_interfaces.values_mut().filter(|it| of(it, id)) {
        interface.groups.clone_from(&changed.groups);
    }
    let leaves = input.texts("RemoveSubnetIds");
    if let Some(unknown) = leaves.iter().find(|id| !changed.subnets.iter().any(|own| own == **id)) {
        return Err(rules::ENDPOINT_PART.refuse(&[unknown, id]));
    }
    changed.subnets.retain(|own| !leaves.contains(&own.as_str()));
    let joins: Vec<String> = input
        .texts("AddSubnetIds")
        .into_iter()
        .filter(|id| !changed.subnets.iter().any(|own| own == id))
        .map(str::to_owned)
        .collect();
    endpoint::check_subnets(state, &changed, &joins)?;
    if !leaves.is_empty() || !joins.is_empty() {
        changed.ready = call.after(MOVING);
    }
    let left = call.after(LEAVING);
    for interface in state.network_interfaces.values_mut().filter(|it| of(it, id)) {
        if leaves.contains(&interface.subnet.as_str()) {
            interface.gone = Some(left);
        }
    }
    state.vpc_endpoints.insert(id.to_owned(), changed);
    network_interface::settle(state, call.now);
    for subnet in joins {
        endpoint::join_subnet(account, call, id, &subnet)?;
    }
    Ok(json!({ "Return": true }))
}

fn of(interface: &NetworkInterface, id: &str) -> bool {
    interface.owner.as_ref().is_some_and(|owner| owner.resource == id)
}

fn change_tables(
    state: &State,
    call: &Call,
    input: &Input,
    changed: &mut VpcEndpoint,
) -> Result<(), Refusal> {
    let leaves = input.texts("RemoveRouteTableIds");
    for id in &leaves {
        ids::ROUTE_TABLE.check(state, id)?;
    }
    changed.tables.retain(|own| !leaves.contains(&own.as_str()));
    for id in input.texts("AddRouteTableIds") {
        if !changed.tables.iter().any(|own| own == id) {
            endpoint::check_table(View { state, call }, changed, id)?;
            changed.tables.push(id.to_owned());
        }
    }
    Ok(())
}

fn change_groups(state: &State, input: &Input, changed: &mut VpcEndpoint) -> Result<(), Refusal> {
    let joins: Vec<String> =
        input.texts("AddSecurityGroupIds").into_iter().map(str::to_owned).collect();
    let leaves = input.texts("RemoveSecurityGroupIds");
    if joins.is_empty() && leaves.is_empty() {
        return Ok(());
    }
    changed.groups.retain(|own| !leaves.contains(&own.as_str()));
    changed.groups.extend(joins);
    changed.groups.sort();
    changed.groups.dedup();
    if changed.groups.is_empty() {
        return Err(rules::ENDPOINT_WITHOUT_GROUP.refuse(&[]));
    }
    endpoint::checked_groups(state, &changed.vpc, changed.groups.clone())?;
    Ok(())
}

/// DeleteVpcEndpoints: status 200 whatever happens; those that stay are in the answer, each with
/// its own code.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let mut unsuccessful = Vec::new();
    for id in input.texts("VpcEndpointIds") {
        if let Err(refusal) = delete_one(state, call, id) {
            unsuccessful.push(item(id, &refusal));
        }
    }
    network_interface::settle(state, call.now);
    endpoint::settle(state, call.now);
    Ok(json!({ "Unsuccessful": unsuccessful }))
}

fn item(id: &str, refusal: &Refusal) -> Value {
    let error = json!({ "Code": refusal.code, "Message": refusal.message });
    json!({ "ResourceId": id, "Error": error })
}

fn delete_one(state: &mut State, call: &Call, id: &str) -> Result<(), Refusal> {
    ids::VPC_ENDPOINT.check(state, id)?;
    let endpoint = &state.vpc_endpoints[id];
    if endpoint.gone.is_some() {
        return Ok(());
    }
    let needed = state.vpc_endpoints.values().any(|other| {
        other.inbound_only
            && other.private_dns
            && other.vpc == endpoint.vpc
            && other.service == endpoint.service
    });
    if needed && !endpoint.is_interface {
        return Err(rules::ENDPOINT_NEEDED.refuse(&[id]));
    }
    let lasts = if endpoint.is_interface { DELETING_INTERFACE } else { DELETING_GATEWAY };
    let gone = call.after(lasts);
    network_interface::release(state, id, gone);
    if let Some(endpoint) = state.vpc_endpoints.get_mut(id) {
        endpoint.gone = Some(gone);
    }
    Ok(())
}
