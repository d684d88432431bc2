//! Emptying a group before it is deleted: instances leave through their hooks, past the protection
//! from scale in (aws-semantics.md 9.3).

use super::{gone_is_done, hooks, read, refresh};
use crate::aws::{Cx, Error, Result};
use crate::engine::resource::Blocker;
use aws_sdk_autoscaling::types::{AutoScalingGroup as Found, Instance, LifecycleState};

/// AWS takes this many instances in a call.
const MOST: usize = 50;
/// Instances named at most while they are waited for.
const NAMED: usize = 5;

/// Takes all instances out of a group, as far as that can be done at once; an error that is worth
/// trying again says which are still there.
pub(super) async fn drain(cx: &Cx, name: &str) -> Result<()> {
    let Some(group) = read::one(cx, name).await? else { return Ok(()) };
    if group.status().is_some_and(|status| !status.is_empty()) {
        return Ok(());
    }
    unprotect(cx, name, &group).await?;
    let sizes = [group.min_size, group.max_size, group.desired_capacity];
    let open = sizes.iter().any(|size| size.unwrap_or_default() != 0);
    let protects = group.new_instances_protected_from_scale_in.unwrap_or_default();
    if open || protects {
        if let Some(running) = refresh::last(cx, name).await?.filter(refresh::is_active) {
            refresh::cancel(cx, name, &running).await?;
        }
        let call = cx.autoscaling().update_auto_scaling_group().auto_scaling_group_name(name);
        let call = call.min_size(0).max_size(0).desired_capacity(0);
        gone_is_done(call.new_instances_protected_from_scale_in(false).send().await)?;
    }
    if group.instances().is_empty() {
        return Ok(());
    }
    hooks::complete(cx, name, &group).await?;
    if let Some(stuck) = group.instances().iter().find(|one| nobody_takes(one)) {
        let message = format!("{}; terminate it", named(stuck));
        return Err(Error::local("UpdateAutoScalingGroup", message));
    }
    let left = group.instances().len();
    let message = format!("{left} instance{} to leave", if left == 1 { "" } else { "s" });
    Err(Error::of_item("UpdateAutoScalingGroup", "ScalingActivityInProgress", &message))
}

/// Takes the protection from scale in off the instances that have it: the group's own setting is
/// for new ones only.
async fn unprotect(cx: &Cx, name: &str, group: &Found) -> Result<()> {
    let held = group.instances().iter().filter(|one| {
        one.protected_from_scale_in == Some(true)
            && one.lifecycle_state() == Some(&LifecycleState::InService)
    });
    let ids: Vec<String> = held.filter_map(|one| one.instance_id.clone()).collect();
    for ids in ids.chunks(MOST) {
        let call = cx.autoscaling().set_instance_protection().auto_scaling_group_name(name);
        let call = call.set_instance_ids(Some(ids.to_vec())).protected_from_scale_in(false);
        match gone_is_done(call.send().await) {
            // One of them is leaving by now: the next look has the others.
            Err(error) if is_leaving(&error) => {}
            other => other?,
        }
    }
    Ok(())
}

fn is_leaving(error: &Error) -> bool {
    let parts = ["not part of Auto Scaling group", "is not in InService"];
    error.is("ValidationError") && parts.iter().any(|part| error.message.contains(part))
}

/// Tells whether an instance stays until somebody terminates it (aws-semantics.md 11, 23).
fn nobody_takes(instance: &Instance) -> bool {
    let state = instance.lifecycle_state();
    matches!(state, Some(LifecycleState::Standby | LifecycleState::TerminatingRetained))
}

fn named(instance: &Instance) -> String {
    let state = instance.lifecycle_state().map_or("unknown", LifecycleState::as_str);
    format!("instance {} ({state})", instance.instance_id().unwrap_or_default())
}

/// Names the instances that are still in a group.
pub(super) async fn blockers(cx: &Cx, name: &str) -> Result<Vec<Blocker>> {
    let Some(group) = read::one(cx, name).await? else { return Ok(Vec::new()) };
    let all = group.instances();
    let mut found: Vec<Blocker> = all.iter().take(NAMED).map(blocker).collect();
    if let Some(more) = all.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let what = format!("{more} more instances");
        found.push(Blocker { what, leaves: Some("Auto Scaling terminates them".to_owned()) });
    }
    Ok(found)
}

fn blocker(instance: &Instance) -> Blocker {
    let leaves = match instance.lifecycle_state() {
        Some(LifecycleState::Standby | LifecycleState::TerminatingRetained) => None,
        Some(LifecycleState::TerminatingWait) => Some("a lifecycle hook lets it go"),
        _ => Some("Auto Scaling terminates it"),
    };
    Blocker { what: named(instance), leaves: leaves.map(str::to_owned) }
}
