//! Scaling policies: when a target's capacity goes up and down.

use super::metric::CustomizedMetricSpecification;
use crate::aws::{Error, Result, Sdk};
use aws_sdk_applicationautoscaling::types::{
    AdjustmentType, MetricAggregationType, MetricType, PolicyType,
    PredefinedMetricSpecification as SdkPredefined, ScalingPolicy as Found,
    StepAdjustment as SdkStep, StepScalingPolicyConfiguration as SdkStepScaling,
    TargetTrackingScalingPolicyConfiguration as SdkTracking,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

crate::sdk_enum!(
    AdjustmentType => "AdjustmentType",
    MetricAggregationType => "MetricAggregationType",
    MetricType => "MetricType",
    PolicyType => "PolicyType",
);

/// A policy of a scaling target: it follows a value, or goes in steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingPolicy {
    /// Name, unique in the target.
    pub policy_name: String,
    /// `TargetTrackingScaling` or `StepScaling`; told by the configuration when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_type: Option<Sdk<PolicyType>>,
    /// Keeps a metric at a value; AWS makes the alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_tracking_scaling_policy_configuration: Option<TargetTracking>,
    /// Goes in steps when an alarm of yours goes off, whose actions name the policy's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_scaling_policy_configuration: Option<StepScaling>,
}

/// Keeps a metric at a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetTracking {
    /// Value the metric is kept at; of tables a percentage, 20 to 90.
    pub target_value: f64,
    /// A metric that AWS has a name for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predefined_metric_specification: Option<PredefinedMetric>,
    /// Any other metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customized_metric_specification: Option<CustomizedMetricSpecification>,
    /// Seconds after one step up before the next one counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub scale_out_cooldown: Option<i32>,
    /// Seconds after one step down before the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub scale_in_cooldown: Option<i32>,
    /// Whether it never goes down. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_scale_in: Option<bool>,
}

/// A metric that AWS has a name for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredefinedMetric {
    /// E.g. `ECSServiceAverageCPUUtilization`, `DynamoDBReadCapacityUtilization`.
    pub predefined_metric_type: Sdk<MetricType>,
    /// Load balancer and target group of `ALBRequestCountPerTarget`, which needs it:
    /// `${load_balancer.main.load_balancer_full_name}/${target_group.app.target_group_full_name}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_label: Option<String>,
}

/// Goes in steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepScaling {
    /// `ChangeInCapacity`, `PercentChangeInCapacity` or `ExactCapacity`.
    pub adjustment_type: Sdk<AdjustmentType>,
    /// The steps, by how far the metric is from the alarm's threshold, without gaps.
    #[serde(deserialize_with = "by_lower_bound")]
    pub step_adjustments: Vec<StepAdjustment>,
    /// Least change, with `PercentChangeInCapacity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_adjustment_magnitude: Option<i32>,
    /// Seconds after one step before the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cooldown: Option<i32>,
    /// `Average`, as AWS starts, `Minimum` or `Maximum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_aggregation_type: Option<Sdk<MetricAggregationType>>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepAdjustment {
    /// Where it begins, beyond the threshold; open when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_interval_lower_bound: Option<f64>,
    /// Where it ends; open when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_interval_upper_bound: Option<f64>,
    /// Change of the capacity, or the capacity itself, as the adjustment type has it.
    pub scaling_adjustment: i32,
}

impl StepAdjustment {
    fn lower(&self) -> f64 {
        self.metric_interval_lower_bound.unwrap_or(f64::NEG_INFINITY)
    }

    fn upper(&self) -> f64 {
        self.metric_interval_upper_bound.unwrap_or(f64::INFINITY)
    }
}

/// Their order says nothing.
fn by_lower_bound<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<StepAdjustment>, D::Error> {
    let mut steps = Vec::<StepAdjustment>::deserialize(deserializer)?;
    steps.sort_by(|a, b| a.lower().total_cmp(&b.lower()));
    Ok(steps)
}

fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::local("scaling_policies", error.to_string())
}

impl ScalingPolicy {
    /// Says what is wrong with it: path within it, and why.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push((path.to_owned(), message.to_owned()));
        };
        let tracking = self.target_tracking_scaling_policy_configuration.as_ref();
        let steps = self.step_scaling_policy_configuration.as_ref();
        if tracking.is_some() == steps.is_some() {
            let message = "give either `target_tracking_scaling_policy_configuration` or \
                           `step_scaling_policy_configuration`";
            problem("policy_name", message);
        }
        if self.policy_type.as_ref().is_some_and(|kind| kind.0 != self.kind()) {
            problem("policy_type", "it does not fit the configuration");
        }
        if let Some(tracking) = tracking {
            let path = "target_tracking_scaling_policy_configuration";
            let named = tracking.predefined_metric_specification.as_ref();
            let custom = tracking.customized_metric_specification.as_ref();
            if named.is_some() == custom.is_some() {
                let message = "give either `predefined_metric_specification` or \
                               `customized_metric_specification`";
                problem(path, message);
            }
            let requests = |one: &PredefinedMetric| {
                one.predefined_metric_type.0 == MetricType::AlbRequestCountPerTarget
            };
            if let Some(one) = named.filter(|one| requests(one) != one.resource_label.is_some()) {
                let path = format!("{path}.predefined_metric_specification.resource_label");
                let message = if requests(one) {
                    "`ALBRequestCountPerTarget` needs it"
                } else {
                    "only `ALBRequestCountPerTarget` has one"
                };
                problem(&path, message);
            }
            if let Some(custom) = custom
                && custom.metric_name.is_some() == custom.metrics.is_some()
            {
                let path = format!("{path}.customized_metric_specification");
                problem(&path, "give either `metric_name` or `metrics`");
            }
        }
        if let Some(steps) = steps {
            let path = "step_scaling_policy_configuration";
            let all = &steps.step_adjustments;
            let joined =
                all.windows(2).all(|two| two[0].upper().total_cmp(&two[1].lower()).is_eq());
            if all.is_empty() || !joined || all.iter().any(|step| step.lower() >= step.upper()) {
                let path = format!("{path}.step_adjustments");
                problem(&path, "at least one step, without gaps and overlaps");
            }
            let percent = steps.adjustment_type.0 == AdjustmentType::PercentChangeInCapacity;
            if steps.min_adjustment_magnitude.is_some() && !percent {
                let path = format!("{path}.min_adjustment_magnitude");
                problem(&path, "only `PercentChangeInCapacity` has one");
            }
        }
        problems
    }

    /// The type that the configuration tells.
    pub(super) fn kind(&self) -> PolicyType {
        if self.step_scaling_policy_configuration.is_some() {
            PolicyType::StepScaling
        } else {
            PolicyType::TargetTrackingScaling
        }
    }

    /// What it follows, for AWS: what is not given stays as it is.
    pub(super) fn tracking(&self, live: Option<&Self>) -> Result<Option<SdkTracking>> {
        let Some(want) = &self.target_tracking_scaling_policy_configuration else {
            return Ok(None);
        };
        let live = live.and_then(|live| live.target_tracking_scaling_policy_configuration.as_ref());
        let named = want.predefined_metric_specification.as_ref();
        let named = named.map(|one| {
            SdkPredefined::builder()
                .predefined_metric_type(one.predefined_metric_type.0.clone())
                .set_resource_label(one.resource_label.clone())
                .build()
                .map_err(incomplete)
        });
        let custom = want.customized_metric_specification.as_ref();
        let custom = custom.map(CustomizedMetricSpecification::sdk).transpose()?;
        let kept = |of: fn(&TargetTracking) -> Option<i32>| of(want).or_else(|| of(live?));
        let disabled = want.disable_scale_in.or_else(|| live?.disable_scale_in);
        let built = SdkTracking::builder()
            .target_value(want.target_value)
            .set_predefined_metric_specification(named.transpose()?)
            .set_customized_metric_specification(custom)
            .set_scale_out_cooldown(kept(|one| one.scale_out_cooldown))
            .set_scale_in_cooldown(kept(|one| one.scale_in_cooldown))
            .set_disable_scale_in(disabled)
            .build()
            .map_err(incomplete)?;
        Ok(Some(built))
    }

    /// Its steps, for AWS: what is not given stays as it is.
    pub(super) fn steps(&self, live: Option<&Self>) -> Result<Option<SdkStepScaling>> {
        let Some(want) = &self.step_scaling_policy_configuration else { return Ok(None) };
        let live = live.and_then(|live| live.step_scaling_policy_configuration.as_ref());
        let step = |one: &StepAdjustment| {
            SdkStep::builder()
                .set_metric_interval_lower_bound(one.metric_interval_lower_bound)
                .set_metric_interval_upper_bound(one.metric_interval_upper_bound)
                .scaling_adjustment(one.scaling_adjustment)
                .build()
                .map_err(incomplete)
        };
        let steps: Vec<SdkStep> = want.step_adjustments.iter().map(step).collect::<Result<_>>()?;
        let percent = want.adjustment_type.0 == AdjustmentType::PercentChangeInCapacity;
        let least = want.min_adjustment_magnitude.or_else(|| live?.min_adjustment_magnitude);
        let aggregation = want.metric_aggregation_type.clone();
        let aggregation = aggregation.or_else(|| live?.metric_aggregation_type.clone());
        let built = SdkStepScaling::builder()
            .adjustment_type(want.adjustment_type.0.clone())
            .set_step_adjustments(Some(steps))
            .set_min_adjustment_magnitude(least.filter(|_| percent))
            .set_cooldown(want.cooldown.or_else(|| live?.cooldown))
            .set_metric_aggregation_type(aggregation.map(|one| one.0))
            .build();
        Ok(Some(built))
    }

    pub(super) fn of_sdk(found: Found) -> Self {
        let tracking = found.target_tracking_scaling_policy_configuration;
        let tracking = tracking.map(|one| TargetTracking {
            target_value: one.target_value,
            predefined_metric_specification: one.predefined_metric_specification.map(|one| {
                PredefinedMetric {
                    predefined_metric_type: Sdk(one.predefined_metric_type),
                    resource_label: one.resource_label,
                }
            }),
            customized_metric_specification: one
                .customized_metric_specification
                .map(CustomizedMetricSpecification::of_sdk),
            scale_out_cooldown: one.scale_out_cooldown,
            scale_in_cooldown: one.scale_in_cooldown,
            disable_scale_in: Some(one.disable_scale_in.unwrap_or(false)),
        });
        let steps = found.step_scaling_policy_configuration.map(|one| {
            let step = |step: SdkStep| StepAdjustment {
                metric_interval_lower_bound: step.metric_interval_lower_bound,
                metric_interval_upper_bound: step.metric_interval_upper_bound,
                scaling_adjustment: step.scaling_adjustment,
            };
            let steps = one.step_adjustments.unwrap_or_default();
            let mut steps: Vec<StepAdjustment> = steps.into_iter().map(step).collect();
            steps.sort_by(|a, b| a.lower().total_cmp(&b.lower()));
            let aggregation = one.metric_aggregation_type;
            StepScaling {
                adjustment_type: Sdk(one
                    .adjustment_type
                    .unwrap_or(AdjustmentType::ChangeInCapacity)),
                step_adjustments: steps,
                min_adjustment_magnitude: one.min_adjustment_magnitude,
                cooldown: one.cooldown,
                metric_aggregation_type: Some(Sdk(
                    aggregation.unwrap_or(MetricAggregationType::Average)
                )),
            }
        });
        Self {
            policy_name: found.policy_name,
            policy_type: Some(Sdk(found.policy_type)),
            target_tracking_scaling_policy_configuration: tracking,
            step_scaling_policy_configuration: steps,
        }
    }
}
