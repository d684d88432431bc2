//! Instance refreshes: the instances of a group are replaced a few at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::group::{Group, Lifecycle, Member, TemplateRef};
use super::{life, state_mut};
use crate::clock::Time;
use crate::services::{Call, Members as _, ec2};
use crate::state::Account;

/// How long one that makes no progress goes on (Auto Scaling user guide, How instance refreshes
/// work): an hour, however fast states are.
const PATIENCE: Duration = Duration::from_secs(3600);

/// An instance refresh.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refresh {
    pub(super) id: String,
    /// As the API names it.
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) start: Option<Time>,
    pub(super) end: Option<Time>,
    pub(super) preferences: Map<String, Value>,
    /// The desired configuration, where one was given; the group takes it over at the end.
    pub(super) desired: Option<Map<String, Value>>,
    /// What new instances are launched from.
    pub(super) template: TemplateRef,
    /// The instances that are still to be replaced.
    pub(super) left: BTreeSet<String>,
    /// How many there were at the start.
    pub(super) total: usize,
    pub(super) percent: usize,
    /// When it next looks at the group.
    pub(super) act: Option<Time>,
    /// When it last got further.
    pub(super) progressed: Time,
    /// Why and when it turned back, and at how many percent.
    pub(super) rollback: Option<(String, Time, usize)>,
}

impl Refresh {
    /// Tells whether it runs.
    pub(super) fn is_active(&self) -> bool {
        matches!(&*self.status, "Pending" | "InProgress" | "Cancelling" | "RollbackInProgress")
    }

    /// Tells whether it replaces instances.
    fn replaces(&self) -> bool {
        matches!(&*self.status, "InProgress" | "RollbackInProgress")
    }

    pub(super) fn wake(&mut self, at: Time) {
        self.act = Some(self.act.map_or(at, |known| known.min(at)));
    }

    /// Ends it.
    fn finish(&mut self, status: &str, reason: Option<String>, now: Time) {
        status.clone_into(&mut self.status);
        self.reason = reason;
        self.end = Some(now);
        self.act = None;
    }

    /// How many instances must stay in service and how many there may be, of a desired capacity.
    fn bounds(&self, desired: usize) -> (usize, usize) {
        let percent = |name: &str| {
            let percent = self.preferences.integer(name)?;
            usize::try_from(percent).ok()
        };
        let (least, most) =
            (percent("MinHealthyPercentage").unwrap_or(90), percent("MaxHealthyPercentage"));
        let mut healthy = (desired * least).div_ceil(100);
        let mut total = (desired * most.unwrap_or(100) / 100).max(desired);
        if least >= 100 || most.is_some_and(|most| most > 100) {
            // It launches before it terminates, at least one at a time.
            total = total.max(desired + 1);
        } else if healthy >= desired {
            // At least one at a time.
            healthy = desired.saturating_sub(1);
        }
        (healthy, total)
    }

    pub(super) fn show(&self, group: &str) -> Value {
        let left = self.left.len();
        let rollback = self.rollback.as_ref().map(|(reason, start, percent)| {
            json!({
                "RollbackReason": reason,
                "RollbackStartTime": start.to_string(),
                "PercentageCompleteOnRollback": percent,
                "InstancesToUpdateOnRollback": left,
            })
        });
        json!({
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": group,
            "Status": self.status,
            "StatusReason": self.reason,
            "StartTime": self.start.map(|start| start.to_string()),
            "EndTime": self.end.map(|end| end.to_string()),
            "PercentageComplete": self.percent,
            "InstancesToUpdate": left,
            "Preferences": self.preferences,
            "DesiredConfiguration": self.desired,
            "RollbackDetails": rollback,
            "Strategy": "Rolling",
        })
    }
}

/// Returns what a group launches from now: what a refresh is moving it to, where one runs.
pub(super) fn template(group: &Group) -> &TemplateRef {
    match group.active_refresh() {
        Some(refresh) if matches!(&*refresh.status, "Pending" | "InProgress") => &refresh.template,
        _ => &group.template,
    }
}

/// Returns how many instances a group should have now: more than desired while a refresh launches
/// before it terminates.
pub(super) fn goal(group: &Group) -> usize {
    let desired = usize::try_from(group.desired).unwrap_or_default();
    let Some(refresh) = group.active_refresh().filter(|refresh| refresh.replaces()) else {
        return desired;
    };
    let (_, most) = refresh.bounds(desired);
    let left = group.instances.iter().filter(|it| it.lifecycle.counts());
    let left = left.filter(|it| refresh.left.contains(&it.id)).count();
    (desired + left).min(most)
}

/// Takes the refresh of a group a step further, if it is due.
pub(super) fn step(account: &mut Account, region: &str, name: &str, now: Time) {
    let Some(group) = super::group(account, region, name) else { return };
    let Some(refresh) = group.active_refresh() else { return };
    if refresh.act.is_none_or(|act| act > now) {
        return;
    }
    let (group, mut refresh) = (group.clone(), refresh.clone());
    refresh.act = None;
    let mut retired = Vec::new();
    let before = refresh.status.clone();
    match &*refresh.status {
        "Pending" => begin(account, region, &group, &mut refresh, now),
        "Cancelling" => {
            refresh.finish("Cancelled", Some("Cancelled due to user request.".to_owned()), now);
        }
        _ => retired = replace(account, &group, &mut refresh, now),
    }
    let takes_over = refresh.status == "Successful" && refresh.desired.is_some();
    let template = refresh.template.clone();
    if let Some(group) = state_mut(account, region).groups.get_mut(name) {
        if takes_over {
            group.template = template;
        }
        let turned = refresh.status != before;
        if let Some(last) = group.refreshes.last_mut() {
            *last = refresh;
        }
        if turned {
            group.wake(now);
        }
    }
    let cause = format!(
        "At {now} an instance was taken out of service in response to an instance refresh."
    );
    for id in &retired {
        life::retire(account, region, name, id, &cause, now);
    }
    if !retired.is_empty()
        && let Some(group) = state_mut(account, region).groups.get_mut(name)
    {
        group.wake(now);
    }
}

/// Tells whether an instance is what a launch from a template would be.
fn matches(
    account: &Account,
    region: &str,
    member: &Member,
    template: &TemplateRef,
    now: Time,
) -> bool {
    let call = Call::by_service(account, region, now);
    let number = template.data(ec2::View::new(account, &call)).map(|(number, _)| number);
    member.template.id == template.id
        && number.is_ok_and(|number| member.template.version == number.to_string())
}

/// Finds out what is to be replaced.
fn begin(account: &Account, region: &str, group: &Group, refresh: &mut Refresh, now: Time) {
    let skips = refresh.preferences.flag("SkipMatching") == Some(true);
    "InProgress".clone_into(&mut refresh.status);
    refresh.start = Some(now);
    refresh.progressed = now;
    let counting = group.instances.iter().filter(|member| member.lifecycle.counts());
    let left = counting
        .filter(|it| !(skips && matches(account, region, it, &refresh.template, now)))
        .map(|member| member.id.clone());
    refresh.left = left.collect();
    refresh.total = refresh.left.len();
    refresh.wake(now);
}

/// Turns a refresh back: what it has replaced is replaced again, from the group's own template.
pub(super) fn turn_back(
    account: &Account,
    region: &str,
    group: &Group,
    refresh: &mut Refresh,
    reason: &str,
    now: Time,
) {
    refresh.rollback = Some((reason.to_owned(), now, refresh.percent));
    "RollbackInProgress".clone_into(&mut refresh.status);
    refresh.reason = Some(reason.to_owned());
    let counting = group.instances.iter().filter(|member| member.lifecycle.counts());
    let other = counting.filter(|it| !matches(account, region, it, &group.template, now));
    refresh.left = other.map(|member| member.id.clone()).collect();
    refresh.total = refresh.left.len();
    refresh.percent = 0;
    refresh.progressed = now;
    refresh.wake(now);
}

/// Chooses what is replaced next, and finds out how far the refresh is.
fn replace(account: &Account, group: &Group, refresh: &mut Refresh, now: Time) -> Vec<String> {
    let desired = usize::try_from(group.desired).unwrap_or_default();
    let warmup = refresh
        .preferences
        .integer("InstanceWarmup")
        .or_else(|| group.setting("DefaultInstanceWarmup"))
        .or_else(|| group.setting("HealthCheckGracePeriod"))
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or(0);
    let warm_at = |member: &Member| {
        let since = member.in_service.filter(|_| member.lifecycle == Lifecycle::InService)?;
        Some(account.way.after(since, Duration::from_secs(warmup)))
    };
    let counting: Vec<&Member> =
        group.instances.iter().filter(|member| member.lifecycle.counts()).collect();
    let before = refresh.left.len();
    refresh.left.retain(|id| counting.iter().any(|member| member.id == *id));
    let (old, new): (Vec<&Member>, Vec<&Member>) =
        counting.iter().partition(|member| refresh.left.contains(&member.id));
    let warm = new.iter().filter(|it| warm_at(it).is_some_and(|at| at <= now)).count();
    let settling = new.len() - warm;
    let (least, _) = refresh.bounds(desired);
    let mut healthy = warm + old.iter().filter(|it| it.lifecycle == Lifecycle::InService).count();
    let mode = refresh.preferences.text("ScaleInProtectedInstances").unwrap_or("Wait").to_owned();
    let mut retired = Vec::new();
    let mut kept = 0;
    let mut waits = None;
    for member in old.iter().filter(|member| member.lifecycle == Lifecycle::InService) {
        if member.protected && mode == "Ignore" {
            refresh.left.remove(&member.id);
            refresh.total -= 1;
            kept += 1;
        } else if member.protected && mode == "Wait" {
            waits.get_or_insert(&member.id);
        } else if healthy > least {
            healthy -= 1;
            refresh.left.remove(&member.id);
            retired.push(member.id.clone());
        }
    }
    let lacking = desired.saturating_sub(counting.len() - retired.len());
    let done = refresh.total.saturating_sub(refresh.left.len() + lacking + settling);
    let percent = (done * 100).checked_div(refresh.total).unwrap_or(100);
    if refresh.left.len() < before || percent > refresh.percent || kept > 0 {
        refresh.progressed = now;
    }
    refresh.percent = refresh.percent.max(percent);
    refresh.reason = match (&refresh.rollback, waits) {
        (Some((reason, ..)), _) => Some(reason.clone()),
        (None, Some(id)) if retired.is_empty() && settling == 0 => {
            Some(format!("Waiting for instances that are protected from scale in, such as {id}."))
        }
        _ => None,
    };
    if refresh.left.is_empty() && settling == 0 && lacking == 0 && retired.is_empty() {
        let status = if refresh.rollback.is_some() { "RollbackSuccessful" } else { "Successful" };
        refresh.percent = 100;
        refresh.finish(status, refresh.rollback.as_ref().map(|(why, ..)| why.clone()), now);
        return retired;
    }
    if now >= refresh.progressed + PATIENCE {
        let why = refresh
            .reason
            .clone()
            .unwrap_or_else(|| "New instances did not come into service for an hour.".to_owned());
        if refresh.rollback.is_some() {
            refresh.finish("RollbackFailed", Some(why), now);
        } else if refresh.preferences.flag("AutoRollback") == Some(true) {
            let region = group.arn.split(':').nth(3).unwrap_or_default();
            turn_back(account, region, group, refresh, &why, now);
        } else {
            refresh.finish("Failed", Some(why), now);
        }
        return retired;
    }
    let warming = new.iter().filter_map(|member| warm_at(member)).filter(|at| *at > now).min();
    let patience = refresh.progressed + PATIENCE;
    refresh.wake(warming.map_or(patience, |at| at.min(patience)));
    retired
}
