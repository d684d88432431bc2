//! Scaling policies: kept and shown; nothing measures here, so none acts by itself.

use serde_json::{Value, json};

use super::{describe, named, named_mut, rules};
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// The members that PutScalingPolicy models.
pub(super) const MODELS: &[&str] = &[
    "AutoScalingGroupName",
    "PolicyName",
    "PolicyType",
    "AdjustmentType",
    "MinAdjustmentMagnitude",
    "ScalingAdjustment",
    "Cooldown",
    "MetricAggregationType",
    "StepAdjustments",
    "EstimatedInstanceWarmup",
    "TargetTrackingConfiguration",
    "Enabled",
];

/// PutScalingPolicy.
pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let uuid = account.new_uuid();
    let group = named_mut(account, call, input.text("AutoScalingGroupName").unwrap_or_default())?;
    let name = input.text("PolicyName").unwrap_or_default();
    let kind = input.text("PolicyType").unwrap_or("SimpleScaling");
    let needs = match kind {
        "SimpleScaling" => "ScalingAdjustment",
        "StepScaling" => "StepAdjustments",
        "TargetTrackingScaling" => "TargetTrackingConfiguration",
        other => return Err(rules::POLICY_TYPE.refuse(&[other])),
    };
    if !input.contains_key(needs) {
        return Err(rules::POLICY_TYPE.refuse(&[kind]));
    }
    let known = group.policies.get(name).and_then(|policy| policy.text("PolicyARN"));
    let arn = known.map(str::to_owned).unwrap_or_else(|| {
        let of =
            format!("scalingPolicy:{uuid}:autoScalingGroupName/{}:policyName/{name}", group.name);
        call.arn("autoscaling", &of)
    });
    let mut policy = input.clone();
    policy.insert("PolicyType".to_owned(), kind.into());
    policy.insert("PolicyARN".to_owned(), arn.clone().into());
    policy.entry("Enabled").or_insert(true.into());
    group.policies.insert(name.to_owned(), policy);
    Ok(json!({ "PolicyARN": arn, "Alarms": [] }))
}

/// DescribePolicies.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let group = input.text("AutoScalingGroupName");
    if let Some(name) = group {
        named(account, call, name)?;
    }
    let (names, types) = (input.texts("PolicyNames"), input.texts("PolicyTypes"));
    let groups = account.region(&call.region).into_iter();
    let groups = groups.flat_map(|region| region.autoscaling.groups.values());
    let policies = groups.filter(|it| group.is_none_or(|name| it.name == name));
    let policies = policies.flat_map(|group| group.policies.iter().map(move |it| (group, it)));
    let items = policies
        .filter(|(_, (name, policy))| {
            let kind = policy.text("PolicyType").unwrap_or_default();
            (names.is_empty() || names.contains(&name.as_str()))
                && (types.is_empty() || types.contains(&kind))
        })
        .map(|(group, (name, policy))| {
            let mut shown = Value::from(policy.clone());
            shown["AutoScalingGroupName"] = group.name.clone().into();
            shown["Alarms"] = json!([]);
            (format!("{}/{name}", group.name), shown)
        })
        .collect();
    describe::paged("ScalingPolicies", items, input, 50)
}

/// DeletePolicy.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("PolicyName").unwrap_or_default();
    let group = input.text("AutoScalingGroupName").unwrap_or_default();
    let removed = named_mut(account, call, group)?.policies.remove(name);
    removed.map(|_| Value::Null).ok_or_else(|| rules::POLICY_NOT_FOUND.refuse(&[name]))
}
