//! Calls on single instances, processes and metrics of a group.

use serde_json::{Value, json};

use super::{Lifecycle, activity, life, named, named_mut, rules, state_mut};
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// SetInstanceProtection: all or none of the instances.
pub(super) fn set(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("AutoScalingGroupName").unwrap_or_default();
    let protects = input.flag("ProtectedFromScaleIn") == Some(true);
    let ids = input.texts("InstanceIds");
    let group = named_mut(account, call, name)?;
    if ids.len() > 50 {
        return Err(rules::TOO_MANY_INSTANCES.refuse(&[]));
    }
    for id in ids {
        let member = group.member_mut(id);
        let member = member.ok_or_else(|| rules::NOT_A_MEMBER.refuse(&[id, name]))?;
        if member.lifecycle != Lifecycle::InService {
            return Err(rules::NOT_IN_SERVICE.refuse(&[id]));
        }
        member.protected = protects;
    }
    group.said_protected = false;
    group.wake(call.after(life::REACTION));
    Ok(json!({}))
}

/// TerminateInstanceInAutoScalingGroup: protection from scale in does not keep it.
pub(super) fn terminate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("InstanceId").unwrap_or_default();
    let decrements = input.flag("ShouldDecrementDesiredCapacity") == Some(true);
    let groups = &mut state_mut(account, &call.region).groups;
    let group = groups.values_mut().find(|group| {
        group.member(id).is_some_and(|member| member.lifecycle == Lifecycle::InService)
    });
    let group = group.ok_or_else(|| rules::INSTANCE_UNKNOWN.refuse(&[id]))?;
    if decrements {
        if group.desired <= group.min {
            return Err(rules::BELOW_MIN.refuse(&[&group.min.to_string()]));
        }
        group.desired -= 1;
    }
    let name = group.name.clone();
    let cause = format!(
        "At {} instance {id} was taken out of service in response to a user request.",
        call.now
    );
    life::retire(account, &call.region, &name, id, &cause, call.now);
    named_mut(account, call, &name)?.wake(call.after(life::REACTION));
    let member = named(account, call, &name)?.member(id);
    let activity = member.map(|member| member.activity.clone()).unwrap_or_default();
    Ok(json!({ "Activity": activity::shown(account, &call.region, &activity) }))
}

const PROCESSES: &[&str] = &[
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
];

/// Reads the processes a call names; all where it names none.
fn processes(input: &Input) -> Result<Vec<&str>, crate::rules::Refusal> {
    let named = input.texts("ScalingProcesses");
    if let Some(unknown) = named.iter().find(|name| !PROCESSES.contains(name)) {
        return Err(rules::PROCESS.refuse(&[unknown]));
    }
    Ok(if named.is_empty() { PROCESSES.to_vec() } else { named })
}

/// SuspendProcesses.
pub(super) fn suspend(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let named = processes(input)?;
    let group = named_mut(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    group.suspended.extend(named.into_iter().map(str::to_owned));
    Ok(Value::Null)
}

/// ResumeProcesses.
pub(super) fn resume(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let named = processes(input)?;
    let group = named_mut(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    group.suspended.retain(|process| !named.contains(&process.as_str()));
    group.wake(call.after(life::REACTION));
    Ok(Value::Null)
}

const METRICS: &[&str] = &[
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupStandbyCapacity",
    "GroupTerminatingCapacity",
    "GroupTotalCapacity",
    "WarmPoolDesiredCapacity",
    "WarmPoolWarmedCapacity",
    "WarmPoolPendingCapacity",
    "WarmPoolTerminatingCapacity",
    "WarmPoolTotalCapacity",
    "GroupAndWarmPoolDesiredCapacity",
    "GroupAndWarmPoolTotalCapacity",
];

/// Reads the metrics a call names; all where it names none.
fn metrics(input: &Input) -> Result<Vec<&str>, crate::rules::Refusal> {
    let named = input.texts("Metrics");
    if let Some(unknown) = named.iter().find(|name| !METRICS.contains(name)) {
        return Err(rules::METRIC.refuse(&[unknown]));
    }
    Ok(if named.is_empty() { METRICS.to_vec() } else { named })
}

/// EnableMetricsCollection.
pub(super) fn enable_metrics(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let named = metrics(input)?;
    let group = named_mut(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    group.metrics.extend(named.into_iter().map(str::to_owned));
    Ok(Value::Null)
}

/// DisableMetricsCollection.
pub(super) fn disable_metrics(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let named = metrics(input)?;
    let group = named_mut(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    group.metrics.retain(|metric| !named.contains(&metric.as_str()));
    Ok(Value::Null)
}
