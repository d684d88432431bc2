//! What a group is doing: how many instances are in service, how far a refresh is, and why an
//! instance was not launched.

use super::{ECS_MANAGED, gone_is_done, refresh};
use crate::aws::{Cx, Error, Result};
use crate::engine::resource::Status;
use aws_sdk_autoscaling::types::{
    Activity, AutoScalingGroup as Found, Instance, InstanceRefresh, LifecycleState,
    ScalingActivityStatusCode as Code,
};
use std::collections::{BTreeMap, BTreeSet};

/// Activities read at most, the newest first.
const ACTIVITIES: i32 = 20;
/// Refusals in a row after which one that often passes is taken seriously.
const PATIENCE: usize = 3;
/// Reasons told at most.
const REASONS: usize = 3;
/// What AWS says of refusals that often pass by themselves: IAM does not yet know a profile
/// everywhere (aws-semantics.md 0), a zone has no capacity where others have.
const PASSING: &[&str] = &[
    "Invalid IAM Instance Profile",
    "has no associated IAM Roles",
    "do not have sufficient",
    "InsufficientInstanceCapacity",
    "RequestLimitExceeded",
    "Rate exceeded",
];

/// Tells how many instances are to be in service before the group counts as ready. What ECS scales,
/// or somebody else while nobody waits, is left to them.
fn target(group: &Found, waits: bool) -> usize {
    let managed = group.tags().iter().any(|tag| tag.key() == Some(ECS_MANAGED));
    let size = if managed || !waits { group.min_size } else { group.desired_capacity };
    size.and_then(|size| usize::try_from(size).ok()).unwrap_or_default()
}

fn in_service(group: &Found) -> usize {
    let serves = |one: &&Instance| one.lifecycle_state() == Some(&LifecycleState::InService);
    group.instances().iter().filter(serves).count()
}

/// Counts the instances that are in service or on their way there.
fn coming(group: &Found) -> usize {
    let comes = |one: &&Instance| {
        let state = one.lifecycle_state().map_or("", LifecycleState::as_str);
        state == "InService" || state.starts_with("Pending")
    };
    group.instances().iter().filter(comes).count()
}

/// Tells whether instances are missing.
pub(super) fn is_short(group: &Found, waits: bool) -> bool {
    group.status().is_none_or(str::is_empty) && in_service(group) < target(group, waits)
}

/// `1 Pending, 2 Terminating:Wait`: the instances that are not in service.
fn others(group: &Found) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for instance in group.instances() {
        let state = instance.lifecycle_state().map_or("unknown", LifecycleState::as_str);
        if state != "InService" {
            *counts.entry(state).or_default() += 1;
        }
    }
    let counts: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
    counts.join(", ")
}

/// Says where a group is in its life.
pub(super) fn status(
    group: &Found,
    refresh: Option<&InstanceRefresh>,
    activities: &[Activity],
    waits: bool,
) -> Status {
    if let Some(state) = group.status().filter(|state| !state.is_empty()) {
        return Status::Deleting(state.to_owned());
    }
    if let Some(refresh) = refresh.filter(|refresh| refresh::is_active(refresh)) {
        let began = refresh.start_time();
        let since: Vec<&Activity> = activities
            .iter()
            .filter(|one| began.is_none_or(|began| one.start_time().is_some_and(|at| at >= began)))
            .collect();
        return match refusal(&since) {
            Some(why) => Status::Failed(format!("{}: {why}", refresh::words(refresh))),
            None => Status::Pending(refresh::words(refresh)),
        };
    }
    if !is_short(group, waits) {
        return Status::Ready;
    }
    let (serving, wanted, others) = (in_service(group), target(group, waits), others(group));
    let others = if others.is_empty() { others } else { format!(", {others}") };
    // Where enough are on their way, a refusal is of no matter any more.
    match refusal(&activities.iter().collect::<Vec<_>>()) {
        Some(why) if coming(group) < wanted => Status::Failed(why),
        _ => Status::Pending(format!("{serving} of {wanted} instances in service{others}")),
    }
}

/// Why the last launches were refused, unless the newest went well, is under way, or may still pass.
fn refusal(activities: &[&Activity]) -> Option<String> {
    let failed = failed_launches(activities);
    let message = words(failed.first()?);
    let passes = PASSING.iter().any(|part| message.contains(part));
    (!passes || failed.len() >= PATIENCE).then_some(message)
}

/// The launches that failed since one went well, the newest first.
fn failed_launches<'a>(activities: &[&'a Activity]) -> Vec<&'a Activity> {
    let launches = activities.iter().filter(|one| {
        one.description().is_some_and(|description| description.starts_with("Launching"))
    });
    let failed =
        |one: &&&Activity| matches!(one.status_code(), Some(Code::Failed | Code::Cancelled));
    launches.take_while(failed).copied().collect()
}

fn words(activity: &Activity) -> String {
    let message = activity.status_message().filter(|message| !message.is_empty());
    let message = message.or(activity.description()).unwrap_or("no reason is given");
    message.trim_end().to_owned()
}

/// Reads what a group did last, the newest first.
pub(super) async fn activities(cx: &Cx, name: &str) -> Result<Vec<Activity>> {
    let call = cx.autoscaling().describe_scaling_activities().auto_scaling_group_name(name);
    match call.max_records(ACTIVITIES).send().await {
        Ok(found) => Ok(found.activities.unwrap_or_default()),
        // A group that went in the meantime.
        Err(error) => gone_is_done(Err::<(), _>(error)).map(|()| Vec::new()),
    }
}

/// Says why the last refresh failed, and why instances were not launched.
pub(super) async fn reasons(cx: &Cx, name: &str) -> Vec<String> {
    let mut notes = Vec::new();
    match refresh::last(cx, name).await {
        Ok(Some(refresh)) if !refresh::succeeded(&refresh) => notes.push(refresh::words(&refresh)),
        Ok(_) => {}
        Err(error) => notes.push(format!("its instance refreshes cannot be read: {error}")),
    }
    match activities(cx, name).await {
        Ok(all) => notes.extend(of_launches(&all)),
        Err(error) => notes.push(not_readable(&error)),
    }
    notes
}

fn not_readable(error: &Error) -> String {
    format!("its scaling activities cannot be read: {error}")
}

/// What failed launches say, each once, the newest first.
fn of_launches(activities: &[Activity]) -> Vec<String> {
    let all: Vec<&Activity> = activities.iter().collect();
    let mut told = BTreeSet::new();
    let failed = failed_launches(&all).into_iter().map(words);
    let failed = failed.filter(|message| told.insert(message.clone())).take(REASONS);
    failed.map(|message| format!("an instance was not launched: {message}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::primitives::DateTime;
    use aws_sdk_autoscaling::types::{InstanceRefreshStatus, TagDescription};

    fn group(desired: i32, states: &[LifecycleState]) -> Found {
        let one = |state: &LifecycleState| Instance::builder().lifecycle_state(state.clone());
        let instances = states.iter().map(|state| one(state).build()).collect();
        let group = Found::builder().min_size(1).max_size(4).desired_capacity(desired);
        group.set_instances(Some(instances)).build()
    }

    fn launch(at: i64, code: Code, message: &str) -> Activity {
        let activity = Activity::builder().description("Launching a new EC2 instance");
        let activity = activity.start_time(DateTime::from_secs(at)).status_code(code);
        activity.status_message(message).build()
    }

    #[test]
    fn a_group_short_of_instances_is_told_with_numbers() {
        use LifecycleState::{InService, Pending, TerminatingWait};
        let short = group(3, &[InService, Pending, TerminatingWait]);
        let text = "1 of 3 instances in service, 1 Pending, 1 Terminating:Wait";
        assert_eq!(status(&short, None, &[], true), Status::Pending(text.into()));
        assert_eq!(status(&short, None, &[], false), Status::Ready, "a plan asks for the least");
        let mut managed = short;
        managed.tags = Some(vec![TagDescription::builder().key(ECS_MANAGED).build()]);
        assert_eq!(status(&managed, None, &[], true), Status::Ready, "ECS scales it");
        let going = Found::builder().status("Delete in progress").min_size(1).build();
        assert_eq!(status(&going, None, &[], true), Status::Deleting("Delete in progress".into()));
    }

    #[test]
    fn a_refused_launch_fails_what_waits_unless_it_may_pass() {
        let of = |activities: &[Activity]| status(&group(1, &[]), None, activities, true);
        let bad = launch(1, Code::Failed, "The image id '[ami-1]' does not exist.");
        let why = Status::Failed("The image id '[ami-1]' does not exist.".into());
        assert_eq!(of(std::slice::from_ref(&bad)), why);
        let pending = Status::Pending("0 of 1 instances in service".into());
        assert_eq!(of(&[launch(2, Code::InProgress, ""), bad.clone()]), pending);
        assert_eq!(of(&[launch(2, Code::Successful, ""), bad.clone()]), pending);
        let booting = group(1, &[LifecycleState::Pending]);
        let booting = status(&booting, None, std::slice::from_ref(&bad), true);
        let text = "0 of 1 instances in service, 1 Pending";
        assert_eq!(booting, Status::Pending(text.into()), "enough are on their way");
        let full = launch(1, Code::Failed, "We do not have sufficient t3.large capacity");
        assert_eq!(of(&[full.clone(), full.clone()]), pending, "another zone may have some");
        assert!(matches!(of(&[full.clone(), full.clone(), full]), Status::Failed(_)));
    }

    #[test]
    fn a_refresh_is_told_in_percent_and_fails_with_its_launches() {
        let group = group(1, &[LifecycleState::InService]);
        let running = InstanceRefresh::builder()
            .status(InstanceRefreshStatus::InProgress)
            .percentage_complete(40)
            .instances_to_update(3)
            .start_time(DateTime::from_secs(10))
            .build();
        let old = launch(5, Code::Failed, "an old story");
        let text = "instance refresh 40% complete, 3 instances left";
        let of = |activities: &[Activity]| status(&group, Some(&running), activities, true);
        assert_eq!(of(std::slice::from_ref(&old)), Status::Pending(text.into()));
        let new = launch(20, Code::Failed, "no such image");
        let failed = Status::Failed(format!("{text}: no such image"));
        assert_eq!(of(&[new, old]), failed);
    }
}
