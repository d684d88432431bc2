//! Every rule of Application Auto Scaling, broken.

use serde_json::{Value, json};

use super::super::rules::{
    CAPACITIES, CONFIGURATION, DIMENSION, DIMENSION_ALONE, LABEL, METRIC, METRIC_TWICE, NO_POLICY,
    NO_SERVICE, NO_TABLE, NO_TARGET, NOT_MODELLED, ONE_METRIC, PAGE_SIZE, POLICY_TYPE, RANGE,
    RESERVED_TAG, RESOURCE_ID, STEPS, TAG_TARGET, TARGET_VALUE, TOKEN, TOO_MANY_TAGS, TYPE_CHANGE,
};
use super::{READS, Scaling, reads, tracking};
use crate::rules::{Refusal, Rule};

fn register(more: &Value) -> Refusal {
    let range = json!({"MinCapacity": 1, "MaxCapacity": 2});
    let input = super::with(reads(&range), more);
    Scaling::new().refuses("RegisterScalableTarget", input)
}

fn put(change: impl FnOnce(&mut Value)) -> Refusal {
    let mut input = tracking("reads");
    change(&mut input);
    Scaling::with_target().refuses("PutScalingPolicy", input)
}

/// Changes the configuration of the target tracking policy.
fn configured(more: &Value) -> Refusal {
    put(|input| {
        let configuration = &mut input["TargetTrackingScalingPolicyConfiguration"];
        *configuration = super::with(configuration.take(), more);
    })
}

fn describe(more: &Value) -> Refusal {
    let input = super::with(json!({"ServiceNamespace": "dynamodb"}), more);
    Scaling::new().refuses("DescribeScalableTargets", input)
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&NOT_MODELLED, || register(&json!({"ServiceNamespace": "rds"}))),
    (&RESOURCE_ID, || register(&json!({"ResourceId": "orders"}))),
    (&DIMENSION, || register(&json!({"ScalableDimension": "ecs:service:DesiredCount"}))),
    (&DIMENSION_ALONE, || describe(&json!({"ScalableDimension": READS}))),
    (&NO_SERVICE, || {
        register(&json!({"ServiceNamespace": "ecs", "ResourceId": "service/dev/api",
            "ScalableDimension": "ecs:service:DesiredCount"}))
    }),
    (&NO_TABLE, || register(&json!({"ResourceId": "table/other"}))),
    (&CAPACITIES, || Scaling::new().refuses("RegisterScalableTarget", reads(&json!({})))),
    (&RANGE, || register(&json!({"MinCapacity": 3}))),
    (&NO_TARGET, || Scaling::new().refuses("DeregisterScalableTarget", reads(&json!({})))),
    (&NO_POLICY, || {
        let policy = reads(&json!({"PolicyName": "no"}));
        Scaling::with_target().refuses("DeleteScalingPolicy", policy)
    }),
    (&POLICY_TYPE, || put(|input| input["PolicyType"] = json!("PredictiveScaling"))),
    (&TYPE_CHANGE, || {
        let scaling = Scaling::with_target();
        scaling.does("PutScalingPolicy", tracking("reads"));
        let mut input = tracking("reads");
        input["PolicyType"] = json!("StepScaling");
        scaling.refuses("PutScalingPolicy", input)
    }),
    (&CONFIGURATION, || put(|input| input["PolicyType"] = json!("StepScaling"))),
    (&ONE_METRIC, || configured(&json!({"CustomizedMetricSpecification": {}}))),
    (&METRIC, || {
        let metric = json!({"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"});
        configured(&json!({"PredefinedMetricSpecification": metric}))
    }),
    (&METRIC_TWICE, || {
        let scaling = Scaling::with_target();
        scaling.does("PutScalingPolicy", tracking("reads"));
        scaling.refuses("PutScalingPolicy", tracking("again"))
    }),
    (&LABEL, || {
        let metric = json!({"PredefinedMetricType": "DynamoDBReadCapacityUtilization",
            "ResourceLabel": "app/x/1/targetgroup/y/2"});
        configured(&json!({"PredefinedMetricSpecification": metric}))
    }),
    (&TARGET_VALUE, || configured(&json!({"TargetValue": 95}))),
    (&STEPS, || {
        let steps = json!({"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [
            {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1},
            {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2}]});
        let input = json!({"PolicyName": "s", "StepScalingPolicyConfiguration": steps});
        Scaling::with_target().refuses("PutScalingPolicy", reads(&input))
    }),
    (&PAGE_SIZE, || describe(&json!({"MaxResults": 51}))),
    (&TOKEN, || describe(&json!({"NextToken": "?"}))),
    (&TAG_TARGET, || {
        let arn = "arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/no";
        Scaling::new().refuses("ListTagsForResource", json!({"ResourceARN": arn}))
    }),
    (&TOO_MANY_TAGS, || {
        let tags: serde_json::Map<String, Value> =
            (0..51).map(|n| (format!("k{n}"), json!(""))).collect();
        register(&json!({ "Tags": tags }))
    }),
    (&RESERVED_TAG, || register(&json!({"Tags": {"aws:x": ""}}))),
];
