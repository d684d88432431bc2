//! Application Auto Scaling as its clients see it.

mod refusals;

use serde_json::{Value, json};

use crate::rules::Refusal;
use crate::{Options, Sandbox};

pub(crate) use refusals::REFUSALS;

/// A sandbox with the table `orders` of five units and its index `by_day` of three.
pub(super) struct Scaling(pub(super) Sandbox);

pub(super) const READS: &str = "dynamodb:table:ReadCapacityUnits";

impl Scaling {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::in_memory(Options::default());
        let attribute = |name| json!({"AttributeName": name, "AttributeType": "S"});
        let key = |name| json!([{"AttributeName": name, "KeyType": "HASH"}]);
        let units = |n| json!({"ReadCapacityUnits": n, "WriteCapacityUnits": n});
        let index = json!({"IndexName": "by_day", "KeySchema": key("day"),
            "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": units(3)});
        let table = json!({"TableName": "orders", "KeySchema": key("id"),
            "AttributeDefinitions": [attribute("id"), attribute("day")],
            "ProvisionedThroughput": units(5), "GlobalSecondaryIndexes": [index]});
        sandbox.call("dynamodb", "CreateTable", table).unwrap();
        Self(sandbox)
    }

    /// With a target for the table's reads.
    pub(super) fn with_target() -> Self {
        let scaling = Self::new();
        scaling.does("RegisterScalableTarget", reads(&json!({"MinCapacity": 5, "MaxCapacity": 9})));
        scaling
    }

    pub(super) fn does(&self, operation: &str, input: Value) -> Value {
        let answer = self.0.call("application-autoscaling", operation, input);
        answer.unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    pub(super) fn refuses(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("application-autoscaling", operation, input).unwrap_err()
    }

    fn table(&self) -> Value {
        let table = json!({"TableName": "orders"});
        self.0.call("dynamodb", "DescribeTable", table).unwrap()["Table"].clone()
    }

    fn targets(&self) -> Value {
        let input = json!({"ServiceNamespace": "dynamodb"});
        self.does("DescribeScalableTargets", input)["ScalableTargets"].clone()
    }

    fn policies(&self) -> Value {
        let input = json!({"ServiceNamespace": "dynamodb"});
        self.does("DescribeScalingPolicies", input)["ScalingPolicies"].clone()
    }

    fn alarms(&self) -> Vec<String> {
        let found = self.0.call("monitoring", "DescribeAlarms", json!({})).unwrap();
        let names = found["MetricAlarms"].as_array().unwrap().iter();
        names.map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned()).collect()
    }
}

fn with(mut input: Value, more: &Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// The reads of the table, and more.
pub(super) fn reads(more: &Value) -> Value {
    let input = json!({"ServiceNamespace": "dynamodb", "ResourceId": "table/orders",
        "ScalableDimension": READS});
    with(input, more)
}

/// A policy that keeps reads at 70 percent.
pub(super) fn tracking(name: &str) -> Value {
    reads(&json!({"PolicyName": name, "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "DynamoDBReadCapacityUtilization"}}}))
}

#[test]
fn a_target_brings_capacity_into_its_range() {
    let scaling = Scaling::new();
    let range = |min, max| json!({"MinCapacity": min, "MaxCapacity": max, "Tags": {"a": "1"}});
    let arn = scaling.does("RegisterScalableTarget", reads(&range(10, 20)));
    let arn = arn["ScalableTargetARN"].clone();
    assert_eq!(scaling.table()["ProvisionedThroughput"]["ReadCapacityUnits"], 10);
    assert_eq!(scaling.table()["ProvisionedThroughput"]["WriteCapacityUnits"], 5);
    let target = scaling.targets()[0].clone();
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(10), &json!(20)));
    let role = target["RoleARN"].as_str().unwrap();
    assert!(role.ends_with("AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"), "{role}");
    // Again, with the least alone: the rest stays, and tags are for creation only.
    let again = json!({"MinCapacity": 12, "Tags": {"b": "2"},
        "SuspendedState": {"DynamicScalingInSuspended": true}});
    assert_eq!(scaling.does("RegisterScalableTarget", reads(&again))["ScalableTargetARN"], arn);
    let target = scaling.targets()[0].clone();
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(12), &json!(20)));
    assert_eq!(target["SuspendedState"]["DynamicScalingInSuspended"], true);
    assert_eq!(scaling.table()["ProvisionedThroughput"]["ReadCapacityUnits"], 12);
    let tags = || scaling.does("ListTagsForResource", json!({"ResourceARN": arn}))["Tags"].clone();
    assert_eq!(tags(), json!({"a": "1"}));
    scaling.does("TagResource", json!({"ResourceARN": arn, "Tags": {"c": "3"}}));
    scaling.does("UntagResource", json!({"ResourceARN": arn, "TagKeys": ["a"]}));
    assert_eq!(tags(), json!({"c": "3"}));
    let tagged = scaling.0.call("tagging", "GetResources", json!({})).unwrap();
    assert_eq!(tagged["ResourceTagMappingList"][0]["ResourceARN"], arn);
    scaling.does("DeregisterScalableTarget", reads(&json!({})));
    assert_eq!(scaling.targets(), json!([]));
    assert_eq!(scaling.table()["ProvisionedThroughput"]["ReadCapacityUnits"], 12);
}

#[test]
fn an_index_is_scaled_by_itself() {
    let scaling = Scaling::new();
    let index = json!({"ServiceNamespace": "dynamodb", "MinCapacity": 1, "MaxCapacity": 2,
        "ResourceId": "table/orders/index/by_day",
        "ScalableDimension": "dynamodb:index:WriteCapacityUnits"});
    scaling.does("RegisterScalableTarget", index);
    let units = &scaling.table()["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"];
    assert_eq!((&units["ReadCapacityUnits"], &units["WriteCapacityUnits"]), (&json!(3), &json!(2)));
}

#[test]
fn tracking_keeps_alarms_that_go_with_the_target() {
    let scaling = Scaling::with_target();
    let put = scaling.does("PutScalingPolicy", tracking("reads"));
    let names = scaling.alarms();
    assert_eq!(names.len(), 4);
    assert!(names.iter().all(|name| name.starts_with("TargetTracking-table/orders-")));
    assert_eq!(put["Alarms"].as_array().unwrap().len(), 4);
    let policy = scaling.policies()[0].clone();
    assert_eq!((&policy["PolicyARN"], &policy["Alarms"]), (&put["PolicyARN"], &put["Alarms"]));
    let configuration = &policy["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(configuration["DisableScaleIn"], false);
    // Put again, it keeps its name and alarms; what is off has none.
    let mut again = tracking("reads");
    again["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] = json!(true);
    assert_eq!(scaling.does("PutScalingPolicy", again)["PolicyARN"], put["PolicyARN"]);
    let fewer = scaling.alarms();
    assert!(fewer.len() == 3 && fewer.iter().all(|name| names.contains(name)), "{fewer:?}");
    scaling.does("DeregisterScalableTarget", reads(&json!({})));
    assert_eq!((scaling.policies(), scaling.alarms().len()), (json!([]), 0));
}

#[test]
fn the_alarm_of_a_step_policy_is_its_maker_s() {
    let scaling = Scaling::with_target();
    let steps = json!({"AdjustmentType": "ChangeInCapacity", "Cooldown": 60, "StepAdjustments": [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2}]});
    let step = reads(&json!({"PolicyName": "steps", "StepScalingPolicyConfiguration": steps}));
    let arn = scaling.does("PutScalingPolicy", step)["PolicyARN"].clone();
    let alarm = json!({"AlarmName": "busy", "MetricName": "m", "Namespace": "n", "Period": 60,
        "Statistic": "Sum", "EvaluationPeriods": 1, "Threshold": 1, "AlarmActions": [arn],
        "ComparisonOperator": "GreaterThanThreshold"});
    scaling.0.call("monitoring", "PutMetricAlarm", alarm).unwrap();
    assert_eq!(scaling.policies()[0]["Alarms"][0]["AlarmName"], "busy");
    let policy = reads(&json!({"PolicyName": "steps"}));
    scaling.does("DeleteScalingPolicy", policy);
    assert_eq!((scaling.policies(), scaling.alarms()), (json!([]), vec!["busy".to_owned()]));
}
