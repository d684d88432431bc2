//! Lifecycle hooks.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Group, life, named, named_mut, rules};
use crate::rules::Refusal;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// The members that PutLifecycleHook models.
pub(super) const MODELS: &[&str] = &[
    "LifecycleHookName",
    "AutoScalingGroupName",
    "LifecycleTransition",
    "RoleARN",
    "NotificationTargetARN",
    "NotificationMetadata",
    "HeartbeatTimeout",
    "DefaultResult",
];

/// A hook: an instance waits for it between two states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hook {
    pub(crate) name: String,
    /// Whether it is for instances that are launched; for those that are terminated otherwise.
    pub(crate) launching: bool,
    /// Seconds.
    pub(crate) heartbeat_timeout: u32,
    /// Whether an instance goes on after the timeout; it is abandoned otherwise.
    pub(crate) continues: bool,
    pub(crate) metadata: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) role: Option<String>,
}

impl Hook {
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.heartbeat_timeout.into())
    }
}

/// Reads a hook, over the one of its name that there is.
pub(super) fn read(input: &Input, known: Option<&Hook>) -> Result<Hook, Refusal> {
    let launching = match input.text("LifecycleTransition") {
        Some("autoscaling:EC2_INSTANCE_LAUNCHING") => true,
        Some("autoscaling:EC2_INSTANCE_TERMINATING") => false,
        None if known.is_some() => known.is_some_and(|hook| hook.launching),
        _ => return Err(rules::HOOK_TRANSITION.refuse(&[])),
    };
    let before = known.map_or(3600, |hook| hook.heartbeat_timeout.into());
    let timeout = input.integer("HeartbeatTimeout").unwrap_or(before);
    if !(30..=7200).contains(&timeout) {
        return Err(rules::HOOK_TIMEOUT.refuse(&[]));
    }
    let continues = match input.text("DefaultResult") {
        Some("CONTINUE") => true,
        Some("ABANDON") => false,
        None => known.is_some_and(|hook| hook.continues),
        Some(other) => return Err(rules::HOOK_RESULT.refuse(&[other])),
    };
    let text = |member: &str, before: fn(&Hook) -> &Option<String>| {
        let given = input.text(member).map(str::to_owned);
        given.or_else(|| known.and_then(|hook| before(hook).clone())).filter(|it| !it.is_empty())
    };
    Ok(Hook {
        name: input.text("LifecycleHookName").unwrap_or_default().to_owned(),
        launching,
        heartbeat_timeout: u32::try_from(timeout).unwrap_or(3600),
        continues,
        metadata: text("NotificationMetadata", |hook| &hook.metadata),
        target: text("NotificationTargetARN", |hook| &hook.target),
        role: text("RoleARN", |hook| &hook.role),
    })
}

/// Puts a hook among a group's others.
pub(super) fn keep(group: &mut Group, hook: Hook) -> Result<(), Refusal> {
    group.hooks.insert(hook.name.clone(), hook);
    if group.hooks.len() > 50 { Err(rules::HOOK_LIMIT.refuse(&[])) } else { Ok(()) }
}

/// PutLifecycleHook.
pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let group = named_mut(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    let name = input.text("LifecycleHookName").unwrap_or_default();
    let hook = read(input, group.hooks.get(name))?;
    keep(group, hook)?;
    Ok(json!({}))
}

/// DescribeLifecycleHooks.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let group = named(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    let wanted = input.texts("LifecycleHookNames");
    let hooks = group.hooks.values();
    let hooks = hooks.filter(|hook| wanted.is_empty() || wanted.contains(&hook.name.as_str()));
    let shown: Vec<Value> = hooks.map(|hook| show(group, hook)).collect();
    Ok(json!({ "LifecycleHooks": shown }))
}

fn show(group: &Group, hook: &Hook) -> Value {
    let transition = if hook.launching { "LAUNCHING" } else { "TERMINATING" };
    json!({
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": group.name,
        "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"),
        "NotificationTargetARN": hook.target,
        "RoleARN": hook.role,
        "NotificationMetadata": hook.metadata,
        "HeartbeatTimeout": hook.heartbeat_timeout,
        "GlobalTimeout": (hook.heartbeat_timeout * 100).min(172_800),
        "DefaultResult": if hook.continues { "CONTINUE" } else { "ABANDON" },
    })
}

/// DeleteLifecycleHook: what waits for it goes on, or is abandoned where it was launched.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let group = input.text("AutoScalingGroupName").unwrap_or_default();
    let name = input.text("LifecycleHookName").unwrap_or_default();
    let of = named_mut(account, call, group)?;
    if of.hooks.remove(name).is_none() {
        return Err(rules::HOOK_NOT_FOUND.refuse(&[name]));
    }
    life::drop_hook(account, &call.region, group, name, call.now);
    Ok(json!({}))
}

/// CompleteLifecycleAction, by the instance: tokens of notifications are not modelled.
pub(super) fn complete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let group = input.text("AutoScalingGroupName").unwrap_or_default();
    named(account, call, group)?;
    let continues = match input.text("LifecycleActionResult") {
        Some("CONTINUE") => true,
        Some("ABANDON") => false,
        other => return Err(rules::HOOK_RESULT.refuse(&[other.unwrap_or_default()])),
    };
    let instance = input.text("InstanceId").unwrap_or_default();
    let hook = input.text("LifecycleHookName").unwrap_or_default();
    if life::complete(account, &call.region, group, instance, hook, continues, call.now) {
        Ok(json!({}))
    } else {
        Err(rules::NO_ACTION.refuse(&[instance]))
    }
}
