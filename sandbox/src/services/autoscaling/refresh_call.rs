//! The calls on instance refreshes.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::refresh::{Refresh, turn_back};
use super::{change, describe, named, named_mut, rules};
use crate::rules::Refusal;
use crate::services::{Answer, Call, Input, Members, modelled};
use crate::state::Account;

/// How long one is `Pending`, and how long `Cancelling`.
const PENDING: Duration = Duration::from_secs(5);

/// Refuses preferences that do not fit together.
fn check(preferences: &Map<String, Value>) -> Result<(), Refusal> {
    let known = [
        "MinHealthyPercentage",
        "MaxHealthyPercentage",
        "InstanceWarmup",
        "SkipMatching",
        "AutoRollback",
        "ScaleInProtectedInstances",
        "StandbyInstances",
    ];
    modelled(preferences, "Preferences", &known)?;
    let least = preferences.integer("MinHealthyPercentage");
    let most = preferences.integer("MaxHealthyPercentage");
    let fits = match (least, most) {
        (least, None) => (0..=100).contains(&least.unwrap_or(90)),
        (None, Some(_)) => false,
        (Some(least), Some(most)) => {
            (0..=100).contains(&least) && (100..=200).contains(&most) && most - least <= 100
        }
    };
    if fits { Ok(()) } else { Err(rules::REFRESH_PERCENTAGES.refuse(&[])) }
}

/// StartInstanceRefresh.
pub(super) fn start(account: &mut Account, call: &Call, input: &Input) -> Answer {
    if let Some(other) = input.text("Strategy").filter(|strategy| *strategy != "Rolling") {
        let message = format!("the sandbox does not model Strategy {other}");
        return Err(Refusal::new("ValidationError", message));
    }
    let name = input.text("AutoScalingGroupName").unwrap_or_default();
    let group = named(account, call, name)?;
    if group.active_refresh().is_some() {
        return Err(rules::REFRESH_IN_PROGRESS.refuse(&[]));
    }
    let mut preferences = input.object("Preferences").cloned().unwrap_or_default();
    check(&preferences)?;
    let (own, subnets) = (group.template.clone(), group.subnets.clone());
    let desired = input.object("DesiredConfiguration").cloned();
    let specification = desired.as_ref().and_then(|desired| desired.object("LaunchTemplate"));
    let template = match specification {
        Some(specification) => change::template(account, call, specification, &subnets)?,
        None => own.clone(),
    };
    let numbered = |version: &str| version.parse::<u64>().is_ok();
    if preferences.flag("AutoRollback") == Some(true)
        && (specification.is_none() || !numbered(&template.version) || !numbered(&own.version))
    {
        return Err(rules::REFRESH_ROLLBACK.refuse(&[]));
    }
    for (member, default) in [
        ("MinHealthyPercentage", json!(90)),
        ("SkipMatching", json!(false)),
        ("AutoRollback", json!(false)),
        ("ScaleInProtectedInstances", json!("Wait")),
        ("StandbyInstances", json!("Wait")),
    ] {
        preferences.entry(member).or_insert(default);
    }
    let id = account.new_uuid();
    let refresh = Refresh {
        id: id.clone(),
        status: "Pending".to_owned(),
        reason: None,
        start: None,
        end: None,
        preferences,
        desired,
        template,
        left: std::collections::BTreeSet::new(),
        total: 0,
        percent: 0,
        act: Some(call.after(PENDING)),
        progressed: call.now,
        rollback: None,
    };
    named_mut(account, call, name)?.refreshes.push(refresh);
    Ok(json!({ "InstanceRefreshId": id }))
}

/// DescribeInstanceRefreshes: newest first.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let group = named(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    let wanted = input.texts("InstanceRefreshIds");
    let found = group.refreshes.iter().rev().enumerate();
    let items = found
        .filter(|(_, refresh)| wanted.is_empty() || wanted.contains(&refresh.id.as_str()))
        .map(|(at, refresh)| (format!("{at:08}"), refresh.show(&group.name)))
        .collect();
    describe::paged("InstanceRefreshes", items, input, 50)
}

fn active<'a>(
    account: &'a mut Account,
    call: &Call,
    name: &str,
) -> Result<&'a mut Refresh, Refusal> {
    let last = named_mut(account, call, name)?.refreshes.last_mut();
    let active = last.filter(|refresh| refresh.is_active() && refresh.status != "Cancelling");
    active.ok_or_else(|| rules::REFRESH_NOT_ACTIVE.refuse(&[name]))
}

/// CancelInstanceRefresh: what is replaced already stays so.
pub(super) fn cancel(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("AutoScalingGroupName").unwrap_or_default();
    let refresh = active(account, call, name)?;
    "Cancelling".clone_into(&mut refresh.status);
    refresh.act = Some(call.after(PENDING));
    Ok(json!({ "InstanceRefreshId": refresh.id }))
}

/// RollbackInstanceRefresh.
pub(super) fn roll_back(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("AutoScalingGroupName").unwrap_or_default();
    let mut refresh = active(account, call, name)?.clone();
    let group = named(account, call, name)?.clone();
    let numbered = group.template.version.parse::<u64>().is_ok();
    if refresh.desired.is_none() || !numbered || refresh.rollback.is_some() {
        return Err(rules::REFRESH_IRREVERSIBLE.refuse(&[]));
    }
    let why = "Rollback requested by the user.";
    turn_back(account, &call.region, &group, &mut refresh, why, call.now);
    let id = refresh.id.clone();
    if let Some(last) = named_mut(account, call, name)?.refreshes.last_mut() {
        *last = refresh;
    }
    Ok(json!({ "InstanceRefreshId": id }))
}
