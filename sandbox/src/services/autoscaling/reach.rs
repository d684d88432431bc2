//! How other services reach into groups: ECS scales, protects and drains them.

use serde_json::{Map, Value};

use super::group::{Group, Lifecycle, Tag};
use super::hook::Hook;
use super::{life, state_mut};
use crate::clock::Time;
use crate::state::Account;

/// Returns a group by its name or ARN, also one whose deletion is in progress.
pub(crate) fn group<'a>(account: &'a Account, region: &str, named: &str) -> Option<&'a Group> {
    let groups = &account.region(region)?.autoscaling.groups;
    groups.get(named).or_else(|| groups.values().find(|group| group.arn == named))
}

fn group_mut<'a>(account: &'a mut Account, region: &str, named: &str) -> Option<&'a mut Group> {
    let name = group(account, region, named)?.name.clone();
    state_mut(account, region).groups.get_mut(&name).filter(|group| group.gone.is_none())
}

/// Sets what a group should have, within its bounds, as a scaling policy does.
pub(crate) fn set_desired(account: &mut Account, region: &str, named: &str, n: u32, at: Time) {
    let wake = account.way.after(at, life::REACTION);
    let Some(group) = group_mut(account, region, named) else { return };
    let n = n.clamp(group.min, group.max);
    if n == group.desired {
        return;
    }
    let policy = group.policies.keys().next().cloned().unwrap_or_default();
    group.cause = format!(
        "At {at} a monitor alarm TargetTracking-{}-Alarm triggered policy {policy} changing the desired capacity from {} to {n}.",
        group.name, group.desired
    );
    group.desired = n;
    group.said_protected = false;
    group.wake(wake);
}

/// Protects instances of a group from scale in, or no longer; ids that are none of its are passed
/// over.
pub(crate) fn set_protection(
    account: &mut Account,
    region: &str,
    named: &str,
    ids: &[String],
    protects: bool,
    at: Time,
) {
    let wake = account.way.after(at, life::REACTION);
    let Some(group) = group_mut(account, region, named) else { return };
    let mut changed = false;
    for member in &mut group.instances {
        if ids.contains(&member.id) && member.protected != protects {
            member.protected = protects;
            changed = true;
        }
    }
    if changed && !protects {
        group.said_protected = false;
        group.wake(wake);
    }
}

/// Puts a lifecycle hook on a group.
pub(crate) fn put_hook(account: &mut Account, region: &str, named: &str, hook: Hook) {
    if let Some(group) = group_mut(account, region, named) {
        group.hooks.insert(hook.name.clone(), hook);
    }
}

/// Takes a lifecycle hook off a group; what waits for it goes on.
pub(crate) fn remove_hook(account: &mut Account, region: &str, named: &str, hook: &str, at: Time) {
    let Some(group) = group_mut(account, region, named) else { return };
    group.hooks.remove(hook);
    let name = group.name.clone();
    life::drop_hook(account, region, &name, hook, at);
}

/// Completes a hook with `CONTINUE` for an instance that waits for it; tells whether it did.
pub(crate) fn complete_hook(
    account: &mut Account,
    region: &str,
    named: &str,
    instance: &str,
    hook: &str,
    at: Time,
) -> bool {
    let Some(group) = group(account, region, named) else { return false };
    let name = group.name.clone();
    life::complete(account, region, &name, instance, hook, true, at)
}

/// Returns the instances of a group in `Terminating:Wait`, each with the hooks it waits for.
pub(crate) fn waiting(account: &Account, region: &str, named: &str) -> Vec<(String, Vec<String>)> {
    let members = group(account, region, named).into_iter().flat_map(|group| &group.instances);
    members
        .filter(|member| member.lifecycle == Lifecycle::TerminatingWait)
        .map(|member| (member.id.clone(), member.waits.keys().cloned().collect()))
        .collect()
}

/// Puts a tag on a group.
pub(crate) fn add_tag(
    account: &mut Account,
    region: &str,
    named: &str,
    key: &str,
    value: &str,
    propagates: bool,
) {
    if let Some(group) = group_mut(account, region, named) {
        group.tags.insert(key.to_owned(), Tag { value: value.to_owned(), propagates });
    }
}

/// Puts a scaling policy on a group: the members of PutScalingPolicy, `PolicyType` among them.
pub(crate) fn put_policy(
    account: &mut Account,
    region: &str,
    named: &str,
    name: &str,
    mut policy: Map<String, Value>,
) {
    let uuid = account.new_uuid();
    let partition = crate::partition(region);
    let id = account.id.clone();
    let Some(group) = group_mut(account, region, named) else { return };
    let arn = format!(
        "arn:{partition}:autoscaling:{region}:{id}:scalingPolicy:{uuid}:autoScalingGroupName/{}:policyName/{name}",
        group.name
    );
    policy.insert("PolicyName".to_owned(), name.into());
    policy.insert("PolicyARN".to_owned(), arn.into());
    policy.entry("Enabled").or_insert(true.into());
    group.policies.insert(name.to_owned(), policy);
}

/// Takes a scaling policy off a group.
pub(crate) fn remove_policy(account: &mut Account, region: &str, named: &str, name: &str) {
    if let Some(group) = group_mut(account, region, named) {
        group.policies.remove(name);
    }
}
