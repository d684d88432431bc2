//! What a group does by itself: it launches and terminates until it has what is desired, takes
//! instances through their lifecycle, and replaces those that are no more.

use std::collections::BTreeMap;
use std::time::Duration;

use super::group::{Group, Lifecycle, Member, TemplateRef};
use super::{activity, refresh, state_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Call;
use crate::services::ec2::{self, instance, launch_template::LaunchTemplate};
use crate::state::Account;

/// How long it takes a group to act upon a change.
pub(super) const REACTION: Duration = Duration::from_secs(4);
/// How long until a failed launch is tried again; however fast states are.
const RETRY: Duration = Duration::from_secs(60);
/// How long until an instance that was terminated from outside is found missing (Auto Scaling user
/// guide, Health checks).
const HEALTH_CHECK: Duration = Duration::from_secs(30);

/// Returns when something next happens in any group.
pub(super) fn due(account: &Account) -> Option<Time> {
    let groups = account.regions.iter().flat_map(|(region, state)| {
        state.autoscaling.groups.values().map(move |group| (region, group))
    });
    groups.filter_map(|(region, group)| due_of(account, region, group)).min()
}

fn due_of(account: &Account, region: &str, group: &Group) -> Option<Time> {
    let members =
        group.instances.iter().filter_map(|member| due_of_member(account, region, member));
    let refresh = group.active_refresh().and_then(|refresh| refresh.act);
    members.chain(refresh).chain(group.act).chain(group.gone).min()
}

fn due_of_member(account: &Account, region: &str, member: &Member) -> Option<Time> {
    match member.lifecycle {
        Lifecycle::InService => lost(account, region, member),
        Lifecycle::PendingWait | Lifecycle::TerminatingWait => {
            let timeout = member.waits.values().min().copied();
            timeout.into_iter().chain(lost(account, region, member)).min()
        }
        Lifecycle::Pending => member.until.into_iter().chain(lost(account, region, member)).min(),
        _ => member.until,
    }
}

/// When an instance is found to be terminated by somebody else, if it is.
fn lost(account: &Account, region: &str, member: &Member) -> Option<Time> {
    match instance::get(account, region, &member.id) {
        Some(instance) => {
            instance.shutdown.map(|(asked, _)| account.way.after(asked, HEALTH_CHECK))
        }
        None => Some(Time::default()),
    }
}

/// Lets happen what is due.
pub(super) fn settle(account: &mut Account, now: Time) {
    let names: Vec<(String, String)> = account
        .regions
        .iter()
        .flat_map(|(region, state)| {
            state.autoscaling.groups.keys().map(move |name| (region.clone(), name.clone()))
        })
        .collect();
    for (region, name) in names {
        step(account, &region, &name, now);
    }
}

fn group_mut<'a>(account: &'a mut Account, region: &str, name: &str) -> Option<&'a mut Group> {
    state_mut(account, region).groups.get_mut(name)
}

/// Takes one group a step further.
fn step(account: &mut Account, region: &str, name: &str, now: Time) {
    let Some(group) = super::group(account, region, name) else { return };
    if due_of(account, region, group).is_none_or(|due| due > now) {
        return;
    }
    if group.gone.is_some_and(|gone| gone <= now) {
        state_mut(account, region).groups.remove(name);
        return;
    }
    let members: Vec<String> = group
        .instances
        .iter()
        .filter(|member| due_of_member(account, region, member).is_some_and(|due| due <= now))
        .map(|member| member.id.clone())
        .collect();
    for id in members {
        advance(account, region, name, &id, now);
    }
    let acts = group_mut(account, region, name).and_then(|group| group.act);
    if acts.is_some_and(|act| act <= now) {
        if let Some(group) = group_mut(account, region, name) {
            group.act = None;
        }
        reconcile(account, region, name, now);
    }
    refresh::step(account, region, name, now);
}

/// Takes an instance to its next state.
fn advance(account: &mut Account, region: &str, name: &str, id: &str, now: Time) {
    let gone = super::group(account, region, name)
        .and_then(|group| group.member(id))
        .and_then(|member| lost(account, region, member))
        .is_some_and(|at| at <= now);
    let Some(group) = group_mut(account, region, name) else { return };
    let hooks = group.hooks.clone();
    let protects = group.protects_new;
    let Some(member) = group.member_mut(id) else { return };
    match member.lifecycle {
        Lifecycle::Pending | Lifecycle::PendingWait | Lifecycle::InService if gone => {
            member.healthy = false;
            let cause = format!(
                "At {now} an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped."
            );
            finish_off(account, region, name, id, &cause, now);
        }
        Lifecycle::Pending => {
            let waits = waits_of(&hooks, true, now);
            member.until = None;
            if waits.is_empty() {
                enter_service(account, region, name, id, protects, now);
            } else {
                member.lifecycle = Lifecycle::PendingWait;
                member.waits = waits;
            }
        }
        Lifecycle::PendingWait | Lifecycle::TerminatingWait => {
            let timed_out: Vec<String> = member
                .waits
                .iter()
                .filter(|(_, until)| **until <= now)
                .map(|(hook, _)| hook.clone())
                .collect();
            for hook in timed_out {
                let continues = hooks.get(&hook).is_some_and(|hook| hook.continues);
                complete(account, region, name, id, &hook, continues, now);
            }
        }
        Lifecycle::InService => {}
        Lifecycle::Terminating | Lifecycle::TerminatingProceed => {
            let activity = member.activity.clone();
            group.instances.retain(|member| member.id != id);
            group.wake(now);
            activity::end(account, region, &activity, "Successful", None, now);
        }
    }
}

fn waits_of(
    hooks: &BTreeMap<String, super::Hook>,
    launching: bool,
    now: Time,
) -> BTreeMap<String, Time> {
    let hooks = hooks.values().filter(|hook| hook.launching == launching);
    hooks.map(|hook| (hook.name.clone(), now + hook.timeout())).collect()
}

fn enter_service(
    account: &mut Account,
    region: &str,
    name: &str,
    id: &str,
    protects: bool,
    now: Time,
) {
    let Some(group) = group_mut(account, region, name) else { return };
    let Some(member) = group.member_mut(id) else { return };
    member.lifecycle = Lifecycle::InService;
    member.protected = protects;
    member.in_service = Some(now);
    member.until = None;
    let activity = member.activity.clone();
    group.wake(now);
    activity::end(account, region, &activity, "Successful", None, now);
}

/// Completes a hook for an instance that waits for it; tells whether it did.
#[allow(clippy::too_many_arguments, reason = "where, who, which and when")]
pub(super) fn complete(
    account: &mut Account,
    region: &str,
    name: &str,
    id: &str,
    hook: &str,
    continues: bool,
    now: Time,
) -> bool {
    let Some(group) = group_mut(account, region, name) else { return false };
    let protects = group.protects_new;
    let Some(member) = group.member_mut(id) else { return false };
    if member.waits.remove(hook).is_none() {
        return false;
    }
    if !continues {
        // Abandoning cuts every other hook short.
        member.waits.clear();
    }
    if !member.waits.is_empty() {
        return true;
    }
    match (member.lifecycle, continues) {
        (Lifecycle::PendingWait, true) => enter_service(account, region, name, id, protects, now),
        (Lifecycle::PendingWait, false) => {
            let cause = format!("At {now} a launching lifecycle hook was abandoned.");
            let activity = member.activity.clone();
            activity::end(account, region, &activity, "Cancelled", Some(cause.clone()), now);
            finish_off(account, region, name, id, &cause, now);
        }
        _ => end_instance(account, region, name, id, now),
    }
    true
}

/// Lets go on what waits for a hook that is no more: AWS abandons launches and continues
/// terminations (API reference, DeleteLifecycleHook).
pub(super) fn drop_hook(account: &mut Account, region: &str, name: &str, hook: &str, now: Time) {
    let waiting: Vec<(String, bool)> = super::group(account, region, name)
        .into_iter()
        .flat_map(|group| &group.instances)
        .filter(|member| member.waits.contains_key(hook))
        .map(|member| (member.id.clone(), member.lifecycle == Lifecycle::TerminatingWait))
        .collect();
    for (id, terminating) in waiting {
        complete(account, region, name, &id, hook, terminating, now);
    }
}

/// Takes an instance out of the group: through the hooks for it, then its termination.
pub(super) fn retire(
    account: &mut Account,
    region: &str,
    name: &str,
    id: &str,
    cause: &str,
    now: Time,
) {
    let Some(group) = super::group(account, region, name) else { return };
    let waits = waits_of(&group.hooks, false, now);
    if waits.is_empty() {
        return finish_off(account, region, name, id, cause, now);
    }
    let activity = leave(account, region, name, id, cause, now);
    let member = group_mut(account, region, name).and_then(|group| group.member_mut(id));
    if let (Some(member), Some(activity)) = (member, activity) {
        member.activity = activity;
        member.lifecycle = Lifecycle::TerminatingWait;
        member.until = None;
        member.waits = waits;
    }
}

/// Terminates an instance of the group past any hooks.
fn finish_off(account: &mut Account, region: &str, name: &str, id: &str, cause: &str, now: Time) {
    let activity = leave(account, region, name, id, cause, now);
    let end = instance::terminate(account, region, id, "Service initiated", now);
    let member = group_mut(account, region, name).and_then(|group| group.member_mut(id));
    if let (Some(member), Some(activity)) = (member, activity) {
        member.activity = activity;
        member.lifecycle = Lifecycle::Terminating;
        member.waits.clear();
        member.until = Some(end.unwrap_or(now));
    }
    if let Some(group) = group_mut(account, region, name) {
        group.wake(now);
    }
}

/// Terminates an instance whose hooks are done.
fn end_instance(account: &mut Account, region: &str, name: &str, id: &str, now: Time) {
    let end = instance::terminate(account, region, id, "Service initiated", now);
    let member = group_mut(account, region, name).and_then(|group| group.member_mut(id));
    if let Some(member) = member {
        member.lifecycle = Lifecycle::TerminatingProceed;
        member.until = Some(end.unwrap_or(now));
    }
}

/// Begins the activity of an instance's end.
fn leave(
    account: &mut Account,
    region: &str,
    name: &str,
    id: &str,
    cause: &str,
    now: Time,
) -> Option<String> {
    let group = super::group(account, region, name)?;
    let (own, arn) = (group.name.clone(), group.arn.clone());
    let zone = group.member(id)?.zone.clone();
    let description = format!("Terminating EC2 instance: {id}");
    let about = (description, cause.to_owned());
    Some(activity::begin(account, region, (&own, &arn), about, Some(&zone), now))
}

/// Launches what is missing and terminates what is too much.
fn reconcile(account: &mut Account, region: &str, name: &str, now: Time) {
    let Some(group) = super::group(account, region, name) else { return };
    if group.gone.is_some() {
        return;
    }
    let goal = refresh::goal(group);
    let serves = |member: &&Member| group.zones.contains(&member.zone);
    let counting = group.instances.iter().filter(|member| member.lifecycle.counts());
    let inside = counting.clone().filter(serves).count();
    // Those of zones that the group has left go once others serve instead.
    let outside: Vec<String> =
        counting.filter(|it| !serves(it) && !it.protected).map(|it| it.id.clone()).collect();
    let served = group.instances.iter().filter(serves);
    let served = served.filter(|it| it.lifecycle == Lifecycle::InService).count();
    let (launches, terminates) =
        (!group.suspended.contains("Launch"), !group.suspended.contains("Terminate"));
    if inside < goal && launches {
        launch_several(account, region, name, goal - inside, now);
    } else if inside > goal && terminates {
        scale_in(account, region, name, inside - goal, now);
    } else if served >= goal && terminates {
        let cause = format!("At {now} an instance was taken out of service to rebalance zones.");
        for id in outside {
            retire(account, region, name, &id, &cause, now);
        }
    }
}

/// Launches instances one after another, each in the zone with the fewest.
fn launch_several(account: &mut Account, region: &str, name: &str, count: usize, now: Time) {
    for _ in 0..count {
        let Some(group) = super::group(account, region, name) else { return };
        let group = group.clone();
        let capacity = group.capacity();
        let cause = format!(
            "{}  At {now} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from {capacity} to {}.",
            group.cause,
            capacity + 1
        );
        let launched = launch_one(account, region, &group, now);
        let (description, zone) = match &launched {
            Ok(member) => {
                (format!("Launching a new EC2 instance: {}", member.id), Some(&*member.zone))
            }
            Err(_) => {
                ("Launching a new EC2 instance.  Status Reason: see StatusMessage".to_owned(), None)
            }
        };
        let about = (description, cause);
        let activity =
            activity::begin(account, region, (&group.name, &group.arn), about, zone, now);
        match launched {
            Ok(mut member) => {
                member.activity = activity;
                if let Some(group) = group_mut(account, region, name) {
                    group.instances.push(member);
                }
            }
            Err(refusal) => {
                let why = format!("{} Launching EC2 instance failed.", refusal.message);
                activity::end(account, region, &activity, "Failed", Some(why), now);
                if let Some(group) = group_mut(account, region, name) {
                    group.act = Some(now + RETRY);
                }
                return;
            }
        }
    }
}

/// Launches one instance of a group.
fn launch_one(
    account: &mut Account,
    region: &str,
    group: &Group,
    now: Time,
) -> Result<Member, Refusal> {
    let call = Call::by_service(account, region, now);
    let template = refresh::template(group).clone();
    let (number, data) = template.data(ec2::View::new(account, &call))?;
    let version = TemplateRef { version: number.to_string(), ..template };
    let subnet = emptiest(account, region, group);
    let mut tags: BTreeMap<String, String> = group
        .tags
        .iter()
        .filter(|(_, tag)| tag.propagates)
        .map(|(key, tag)| (key.clone(), tag.value.clone()))
        .collect();
    tags.insert("aws:autoscaling:groupName".to_owned(), group.name.clone());
    tags.insert("aws:ec2launchtemplate:id".to_owned(), version.id.clone());
    tags.insert("aws:ec2launchtemplate:version".to_owned(), version.version.clone());
    let what = instance::Launch { data: &data, subnet: subnet.as_deref(), tags, reservation: None };
    let id = instance::launch(account, &call, what)?;
    let instance = &account.region_mut(region).ec2.instances[&id];
    Ok(Member {
        zone: instance.zone.clone(),
        instance_type: instance.instance_type.clone(),
        image: instance.image.clone(),
        template: version,
        lifecycle: Lifecycle::Pending,
        protected: false,
        healthy: true,
        until: Some(instance.ready),
        waits: BTreeMap::new(),
        in_service: None,
        activity: String::new(),
        id,
    })
}

/// Returns the subnet of a group whose zone has the fewest of its instances.
fn emptiest(account: &Account, region: &str, group: &Group) -> Option<String> {
    let state = &account.region(region)?.ec2;
    let zone_of = |subnet: &String| state.subnets.get(subnet).map(|subnet| subnet.zone.as_str());
    let members = |zone: Option<&str>| {
        let counting = group.instances.iter().filter(|member| member.lifecycle.counts());
        counting.filter(|member| zone == Some(&member.zone)).count()
    };
    group.subnets.iter().min_by_key(|subnet| members(zone_of(subnet))).cloned()
}

/// Terminates as many as are too much, as the termination policies say; never protected ones.
fn scale_in(account: &mut Account, region: &str, name: &str, count: usize, now: Time) {
    for _ in 0..count {
        let Some(group) = super::group(account, region, name) else { return };
        let capacity = group.capacity();
        let cause = format!(
            "{}  At {now} an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from {capacity} to {}.",
            group.cause,
            capacity.saturating_sub(1)
        );
        if let Some(id) = victim(account, region, group) {
            retire(account, region, name, &id, &cause, now);
            continue;
        }
        if !group.said_protected {
            let about = ("Could not scale to desired capacity because all remaining instances are protected from scale-in.".to_owned(), cause);
            let group = (group.name.clone(), group.arn.clone());
            let activity = activity::begin(account, region, (&group.0, &group.1), about, None, now);
            activity::end(account, region, &activity, "Failed", None, now);
            if let Some(group) = group_mut(account, region, name) {
                group.said_protected = true;
            }
        }
        return;
    }
}

/// Chooses the instance that goes first: of the zone with the most, then by the policies in turn.
fn victim(account: &Account, region: &str, group: &Group) -> Option<String> {
    let in_zone = |zone: &str| {
        let counting = group.instances.iter().filter(|member| member.lifecycle.counts());
        counting.filter(|member| member.zone == zone).count()
    };
    let candidates: Vec<&Member> = group
        .instances
        .iter()
        .filter(|member| member.lifecycle.counts() && !member.protected)
        .collect();
    let most = candidates.iter().map(|member| in_zone(&member.zone)).max()?;
    let launched = |member: &Member| {
        instance::get(account, region, &member.id).map(|instance| instance.launched)
    };
    let templates = account.region(region).map(|region| &region.ec2.launch_templates);
    let version = |member: &Member| {
        let known = |template: &LaunchTemplate| template.number(&member.template.version);
        templates.and_then(|all| all.get(&member.template.id)).and_then(known)
    };
    let mut left: Vec<&Member> =
        candidates.into_iter().filter(|member| in_zone(&member.zone) == most).collect();
    for policy in &group.termination_policies {
        match policy.as_str() {
            "OldestInstance" => left.sort_by_key(|member| launched(member)),
            "NewestInstance" => left.sort_by_key(|member| std::cmp::Reverse(launched(member))),
            "Default" | "OldestLaunchTemplate" => {
                let oldest = left.iter().map(|member| version(member)).min()?;
                left.retain(|member| version(member) == oldest);
            }
            _ => {}
        }
    }
    left.first().map(|member| member.id.clone())
}
