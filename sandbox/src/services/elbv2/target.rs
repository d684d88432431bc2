//! Targets: how they come to a target group and leave it.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::target_group::{self, TargetGroup};
use super::{Answer, Call, Input, Members, State, network, room, rules, state, state_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::modelled;
use crate::state::Account;

/// A target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    /// An instance's id or an address.
    pub(super) id: String,
    pub(super) port: u16,
    pub(super) registered: Time,
    /// When it is gone, while it drains.
    pub(super) drained: Option<Time>,
}

/// Returns the key of a target in its group.
pub(super) fn key(id: &str, port: u16) -> String {
    format!("{id}:{port}")
}

/// Registers a target; one that is registered already stays as it is, one that drains is taken
/// back.
///
/// Refuses an unknown group, an address outside its VPC, an instance that is not there.
pub(crate) fn register(
    account: &mut Account,
    region: &str,
    arn: &str,
    id: &str,
    port: u16,
    at: Time,
) -> Result<(), Refusal> {
    let group = super::target_group(account, region, arn)
        .ok_or_else(|| rules::TARGET_GROUP_NOT_FOUND.refuse(&[]))?;
    check(account, region, group, id)?;
    let state = state_mut(account, region);
    let limit = state.limits.targets_per_load_balancer;
    if let Some(group) = state.target_groups.get_mut(arn) {
        let key = key(id, port);
        let lives = |target: &Target| target.drained.is_none();
        if !group.targets.get(&key).is_some_and(lives) {
            let have = group.targets.values().filter(|target| lives(target)).count();
            room(have, limit, &rules::TARGET_LIMIT)?;
            let target = Target { id: id.to_owned(), port, registered: at, drained: None };
            group.targets.insert(key, target);
        }
    }
    Ok(())
}

/// Refuses a target that a group cannot have.
fn check(account: &Account, region: &str, group: &TargetGroup, id: &str) -> Result<(), Refusal> {
    let ec2 = network::ec2(account, region);
    if group.target_type == "instance" {
        return match network::interface_of(ec2, &group.vpc, id) {
            Some(_) => Ok(()),
            None => Err(rules::INSTANCE_TARGET.refuse(&[id])),
        };
    }
    let Ok(address) = id.parse::<Ipv4Addr>() else {
        return Err(rules::ADDRESS_TARGET.refuse(&[id]));
    };
    let vpc = ec2.vpcs.get(&group.vpc);
    if vpc.is_some_and(|vpc| vpc.holds_v4(address.into())) {
        Ok(())
    } else {
        Err(rules::ADDRESS_OUTSIDE.refuse(&[id]))
    }
}

/// Deregisters a target: it drains for the group's deregistration delay if a load balancer sends
/// to it. What is not registered is left alone.
pub(crate) fn deregister(
    account: &mut Account,
    region: &str,
    arn: &str,
    id: &str,
    port: u16,
    at: Time,
) {
    let Some(group) = super::target_group(account, region, arn) else { return };
    let end = match group.used_since {
        Some(_) => account.way.after(at, group.deregistration_delay()),
        None => at,
    };
    let Some(group) = state_mut(account, region).target_groups.get_mut(arn) else { return };
    let key = key(id, port);
    if end <= at {
        group.targets.remove(&key);
    } else if let Some(target) = group.targets.get_mut(&key) {
        target.drained.get_or_insert(end);
    }
}

/// Returns when a target of a region is next drained.
pub(super) fn next_due(state: &State) -> Option<Time> {
    let groups = state.target_groups.values();
    groups.flat_map(|group| group.targets.values()).filter_map(|target| target.drained).min()
}

/// Forgets the targets that are drained.
pub(super) fn settle(state: &mut State, now: Time) {
    for group in state.target_groups.values_mut() {
        group.targets.retain(|_, target| target.drained.is_none_or(|drained| drained > now));
    }
}

/// Reads the targets of a call: their ids, and their ports where they are given.
pub(super) fn given(input: &Input) -> Result<Vec<(&str, Option<u16>)>, Refusal> {
    let targets = input.list("Targets").iter().filter_map(Value::as_object);
    targets
        .map(|target| {
            modelled(target, "Targets", &["Id", "Port"])?;
            let port = target.integer("Port").and_then(|port| u16::try_from(port).ok());
            Ok((target.text("Id").unwrap_or_default(), port))
        })
        .collect()
}

/// RegisterTargets.
pub(super) fn register_all(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let arn = target_group::known(state, input)?;
    let default = state.target_groups[arn].port;
    for (id, port) in given(input)? {
        super::register(account, &call.region, arn, id, port.unwrap_or(default), call.now)?;
    }
    Ok(json!({}))
}

/// DeregisterTargets: without a port it is every port of the target.
pub(super) fn deregister_all(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let arn = target_group::known(state, input)?;
    let targets: Vec<Target> = state.target_groups[arn].targets.values().cloned().collect();
    for (id, port) in given(input)? {
        let of = targets.iter().filter(|target| target.id == id);
        for target in of.filter(|target| port.is_none_or(|port| port == target.port)) {
            super::deregister(account, &call.region, arn, id, target.port, call.now);
        }
    }
    Ok(json!({}))
}
