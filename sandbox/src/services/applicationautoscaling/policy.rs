//! Scaling policies: target tracking and steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::alarms;
use super::resource::Resource;
use super::rules::{
    CONFIGURATION, DIMENSION_ALONE, LABEL, METRIC, METRIC_TWICE, NO_POLICY, ONE_METRIC,
    POLICY_TYPE, STEPS, TARGET_VALUE, TYPE_CHANGE,
};
use super::target::{find, paged};
use super::{Call, Input, Members, targets};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::dynamodb::Units;
use crate::services::{Answer, cloudwatch, modelled};
use crate::state::Account;

/// A policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Policy {
    pub(super) arn: String,
    kind: String,
    configuration: Map<String, Value>,
    created: Time,
    /// The alarms kept for it, by name with their ARN.
    alarms: BTreeMap<String, String>,
}

const TRACKING: &str = "TargetTrackingScalingPolicyConfiguration";
const STEP: &str = "StepScalingPolicyConfiguration";

/// The member of each type of policy that configures it.
fn member(kind: &str) -> &'static str {
    if kind == "TargetTrackingScaling" { TRACKING } else { STEP }
}

/// PutScalingPolicy: an upsert by name, with the alarms of target tracking.
pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let resource = Resource::read(input)?;
    let name = input.text("PolicyName").unwrap_or_default();
    let target = find(account, call, input)?;
    let before = target.policies.get(name).cloned();
    let kind = input.text("PolicyType").or(before.as_ref().map(|before| before.kind.as_str()));
    let kind = kind.unwrap_or("StepScaling").to_owned();
    if kind == "PredictiveScaling" {
        return Err(POLICY_TYPE.refuse(&[&kind]));
    }
    if before.as_ref().is_some_and(|before| before.kind != kind) {
        return Err(TYPE_CHANGE.refuse(&[name]));
    }
    let other = if kind == "TargetTrackingScaling" { STEP } else { TRACKING };
    let given = input.object(member(&kind)).filter(|_| !input.contains_key(other));
    let given = given.ok_or_else(|| CONFIGURATION.refuse(&[&kind, member(&kind)]))?;
    let mut configuration = given.clone();
    if kind == "TargetTrackingScaling" {
        check_tracking(&configuration, resource)?;
        let others = target.policies.iter().filter(|(known, _)| *known != name);
        let metric = metric(&configuration);
        if others.clone().any(|(_, other)| metric == self::metric(&other.configuration)) {
            return Err(METRIC_TWICE.refuse(&[]));
        }
        configuration.entry("DisableScaleIn").or_insert(json!(false));
    } else {
        check_steps(&configuration)?;
        configuration.entry("MetricAggregationType").or_insert(json!("Average"));
    }
    let (namespace, id) = (target.namespace.clone(), target.resource.clone());
    let mut policy = before.unwrap_or_default();
    if policy.arn.is_empty() {
        let id = account.new_uuid();
        let path = format!("{id}:resource/{namespace}/{}", input.text("ResourceId").unwrap_or(""));
        policy.arn = call.arn("autoscaling", &format!("scalingPolicy:{path}:policyName/{name}"));
        policy.created = call.now;
    }
    (policy.kind, policy.configuration) = (kind, configuration);
    if policy.kind == "TargetTrackingScaling" {
        put_alarms(account, call, &id, resource, &mut policy);
    }
    let answer = json!({"PolicyARN": policy.arn, "Alarms": shown_alarms(account, call, &policy)});
    find(account, call, input)?.policies.insert(name.to_owned(), policy);
    Ok(answer)
}

/// Puts the alarms of target tracking; those that are there keep their names.
fn put_alarms(
    account: &mut Account,
    call: &Call,
    id: &str,
    resource: Resource<'_>,
    policy: &mut Policy,
) {
    let wanted = alarms::of(&policy.configuration, resource);
    let kept = std::mem::take(&mut policy.alarms);
    for (side, mut definition) in wanted {
        let start = format!("TargetTracking-{id}-{side}-");
        let known = kept.keys().find(|name| name.starts_with(&start)).cloned();
        let name = known.unwrap_or_else(|| format!("{start}{}", account.new_uuid()));
        definition.insert("AlarmActions".to_owned(), json!([policy.arn]));
        let words = "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy";
        let words = format!("{words} {}.", policy.arn);
        definition.insert("AlarmDescription".to_owned(), json!(words));
        definition.insert("ActionsEnabled".to_owned(), json!(true));
        let arn = cloudwatch::put_kept(account, &call.region, &name, definition, call.now);
        policy.alarms.insert(name, arn);
    }
    for name in kept.keys().filter(|name| !policy.alarms.contains_key(*name)) {
        cloudwatch::delete_kept(account, &call.region, name);
    }
}

/// Deletes the alarms kept for a policy. What others made for a step policy stays.
pub(super) fn forget_alarms(account: &mut Account, region: &str, policy: &Policy) {
    for name in policy.alarms.keys() {
        cloudwatch::delete_kept(account, region, name);
    }
}

/// What a target tracking policy watches; two policies of a target may not watch the same.
fn metric(configuration: &Map<String, Value>) -> Option<&Value> {
    let predefined = configuration.get("PredefinedMetricSpecification");
    predefined.or_else(|| configuration.get("CustomizedMetricSpecification"))
}

fn check_tracking(
    configuration: &Map<String, Value>,
    resource: Resource<'_>,
) -> Result<(), Refusal> {
    let members = [
        "TargetValue",
        "PredefinedMetricSpecification",
        "CustomizedMetricSpecification",
        "ScaleOutCooldown",
        "ScaleInCooldown",
        "DisableScaleIn",
    ];
    modelled(configuration, TRACKING, &members)?;
    let value = configuration.get("TargetValue").and_then(Value::as_f64).unwrap_or_default();
    let predefined = configuration.object("PredefinedMetricSpecification");
    if predefined.is_some() == configuration.contains_key("CustomizedMetricSpecification") {
        return Err(ONE_METRIC.refuse(&[]));
    }
    let (least, most) = match (resource, predefined) {
        (Resource::Table { .. }, Some(_)) => (20.0, 90.0),
        _ => (f64::MIN_POSITIVE, f64::MAX),
    };
    if !(least..=most).contains(&value) {
        return Err(TARGET_VALUE.refuse(&[&value.to_string()]));
    }
    let Some(predefined) = predefined else { return Ok(()) };
    let metric = predefined.text("PredefinedMetricType").unwrap_or_default();
    let fits = match resource {
        Resource::Service { .. } => {
            metric.starts_with("ECSService") || metric == "ALBRequestCountPerTarget"
        }
        Resource::Table { units: Units::Reads, .. } => metric == "DynamoDBReadCapacityUtilization",
        Resource::Table { units: Units::Writes, .. } => {
            metric == "DynamoDBWriteCapacityUtilization"
        }
    };
    if !fits {
        return Err(METRIC.refuse(&[metric]));
    }
    if (metric == "ALBRequestCountPerTarget") != predefined.contains_key("ResourceLabel") {
        return Err(LABEL.refuse(&[metric]));
    }
    Ok(())
}

/// Checks that steps have a kind of change and follow each other without gaps and overlaps.
fn check_steps(configuration: &Map<String, Value>) -> Result<(), Refusal> {
    let members = [
        "AdjustmentType",
        "StepAdjustments",
        "MinAdjustmentMagnitude",
        "Cooldown",
        "MetricAggregationType",
    ];
    modelled(configuration, STEP, &members)?;
    let bound = |step: &Value, member: &str, open: f64| step[member].as_f64().unwrap_or(open);
    let mut steps: Vec<(f64, f64)> = configuration
        .list("StepAdjustments")
        .iter()
        .map(|step| {
            (
                bound(step, "MetricIntervalLowerBound", f64::NEG_INFINITY),
                bound(step, "MetricIntervalUpperBound", f64::INFINITY),
            )
        })
        .collect();
    steps.sort_by(|left, right| left.0.total_cmp(&right.0));
    let joined = steps.windows(2).all(|pair| pair[0].1.total_cmp(&pair[1].0).is_eq());
    let upright = steps.iter().all(|(lower, upper)| lower < upper);
    let magnitude = configuration.contains_key("MinAdjustmentMagnitude");
    let percent = configuration.text("AdjustmentType") == Some("PercentChangeInCapacity");
    let complete = configuration.contains_key("AdjustmentType") && !steps.is_empty();
    if complete && joined && upright && (percent || !magnitude) {
        Ok(())
    } else {
        Err(STEPS.refuse(&[]))
    }
}

fn shown_alarms(account: &Account, call: &Call, policy: &Policy) -> Value {
    let acting = cloudwatch::acting(account, &call.region, &policy.arn);
    acting.map(|(name, arn)| json!({"AlarmName": name, "AlarmARN": arn})).collect()
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let (id, dimension) = (input.text("ResourceId"), input.text("ScalableDimension"));
    if dimension.is_some() && id.is_none() {
        return Err(DIMENSION_ALONE.refuse(&[]));
    }
    let names = input.texts("PolicyNames");
    let mut items = Vec::new();
    for (key, target) in targets(account, call) {
        let wanted = input.text("ServiceNamespace") == Some(&target.namespace)
            && id.is_none_or(|id| id == target.resource)
            && dimension.is_none_or(|dimension| dimension == target.dimension);
        for (name, policy) in target.policies.iter().filter(|_| wanted) {
            if !names.is_empty() && !names.contains(&name.as_str()) {
                continue;
            }
            let mut shown = json!({
                "PolicyARN": policy.arn,
                "PolicyName": name,
                "ServiceNamespace": target.namespace,
                "ResourceId": target.resource,
                "ScalableDimension": target.dimension,
                "PolicyType": policy.kind,
                "Alarms": shown_alarms(account, call, policy),
                "CreationTime": policy.created.to_string(),
            });
            shown[member(&policy.kind)] = json!(policy.configuration);
            items.push((format!("{key}|{name}"), shown));
        }
    }
    paged(input, "ScalingPolicies", items, 10)
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    Resource::read(input)?;
    let name = input.text("PolicyName").unwrap_or_default();
    let found = find(account, call, input).ok().and_then(|target| target.policies.remove(name));
    let policy = found.ok_or_else(|| {
        let member = |member| input.text(member).unwrap_or_default();
        NO_POLICY.refuse(&[
            member("ServiceNamespace"),
            member("ResourceId"),
            member("ScalableDimension"),
            name,
        ])
    })?;
    forget_alarms(account, &call.region, &policy);
    Ok(json!({}))
}
