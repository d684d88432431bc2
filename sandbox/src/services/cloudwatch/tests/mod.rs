//! Alarms as their clients see them, over each protocol they may speak.

mod protocols;

use serde_json::{Value, json};

use super::rules::{
    ACTION, COMPOSITES, DATAPOINTS, MISSING, NAMES_AND_PREFIX, NOT_FOUND, OTHER_TYPE, PERIOD,
    RESERVED_TAG, RESOURCE, RETURNED, RULE, RULE_ALARM, STATISTIC, THRESHOLD, TOKEN, TOO_MANY_TAGS,
    WHAT, WINDOW, WORD,
};
use crate::rules::{Refusal, Rule};
use crate::{Options, Sandbox};

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:cpu";

struct Watch(Sandbox);

impl Watch {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    /// With the alarm `cpu`.
    fn with_alarm() -> Self {
        let watch = Self::new();
        watch.does("PutMetricAlarm", cpu(&json!({})));
        watch
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        let answer = self.0.call("monitoring", operation, input);
        answer.unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn refuses(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("monitoring", operation, input).unwrap_err()
    }

    fn alarm(&self) -> Value {
        self.does("DescribeAlarms", json!({"AlarmNames": ["cpu"]}))["MetricAlarms"][0].clone()
    }
}

/// The input of the alarm `cpu`; null takes a member away.
fn cpu(more: &Value) -> Value {
    let mut input = json!({
        "AlarmName": "cpu", "MetricName": "CPUUtilization", "Namespace": "AWS/ECS",
        "Statistic": "Average", "Period": 60, "EvaluationPeriods": 3, "Threshold": 80.5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{"Name": "ClusterName", "Value": "dev"}],
    });
    let members = input.as_object_mut().unwrap();
    for (member, value) in more.as_object().unwrap() {
        members.insert(member.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    input
}

fn put(more: Value) -> Refusal {
    Watch::new().refuses("PutMetricAlarm", cpu(&more))
}

fn composite(name: &str, rule: &str) -> Value {
    json!({"AlarmName": name, "AlarmRule": rule})
}

fn metrics(returns: [bool; 2]) -> Value {
    let metric = |id: &str, returns: bool| {
        json!({"Id": id, "ReturnData": returns, "MetricStat": {"Stat": "Sum", "Period": 60,
            "Metric": {"Namespace": "AWS/ECS", "MetricName": id}}})
    };
    json!({"MetricName": null, "Namespace": null, "Statistic": null, "Period": null,
        "Dimensions": null, "Metrics": [metric("a", returns[0]), metric("b", returns[1])]})
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&WHAT, || put(json!({"MetricName": null}))),
    (&MISSING, || put(json!({"Namespace": null}))),
    (&STATISTIC, || put(json!({"ExtendedStatistic": "p99"}))),
    (&THRESHOLD, || put(json!({"Threshold": null}))),
    (&PERIOD, || put(json!({"Period": 45}))),
    (&WINDOW, || put(json!({"Period": 1800, "EvaluationPeriods": 49}))),
    (&DATAPOINTS, || put(json!({"DatapointsToAlarm": 4}))),
    (&WORD, || put(json!({"TreatMissingData": "never"}))),
    (&RETURNED, || put(metrics([true, true]))),
    (&ACTION, || put(json!({"AlarmActions": ["topic"]}))),
    (&RULE, || Watch::new().refuses("PutCompositeAlarm", composite("all", "always"))),
    (&RULE_ALARM, || Watch::new().refuses("PutCompositeAlarm", composite("all", "ALARM(no)"))),
    (&OTHER_TYPE, || {
        Watch::with_alarm().refuses("PutCompositeAlarm", composite("cpu", "ALARM(cpu)"))
    }),
    (&NAMES_AND_PREFIX, || {
        let both = json!({"AlarmNames": ["a"], "AlarmNamePrefix": "a"});
        Watch::new().refuses("DescribeAlarms", both)
    }),
    (&TOKEN, || Watch::new().refuses("DescribeAlarms", json!({"NextToken": "?"}))),
    (&NOT_FOUND, || {
        Watch::with_alarm().refuses("DeleteAlarms", json!({"AlarmNames": ["cpu", "no"]}))
    }),
    (&COMPOSITES, || {
        let watch = Watch::with_alarm();
        for name in ["one", "two"] {
            watch.does("PutCompositeAlarm", composite(name, "NOT ALARM(\"cpu\")"));
        }
        watch.refuses("DeleteAlarms", json!({"AlarmNames": ["one", "two"]}))
    }),
    (&RESOURCE, || Watch::new().refuses("ListTagsForResource", json!({"ResourceARN": ARN}))),
    (&RESERVED_TAG, || put(json!({"Tags": [{"Key": "aws:x", "Value": ""}]}))),
    (&TOO_MANY_TAGS, || {
        let tags: Value = (0..51).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
        put(json!({ "Tags": tags }))
    }),
];

#[test]
fn putting_again_overwrites_all_but_the_tags() {
    let watch = Watch::new();
    let tags = |value: &str| json!([{"Key": "a", "Value": value}]);
    watch.does("PutMetricAlarm", cpu(&json!({"AlarmDescription": "old", "Tags": tags("1")})));
    assert_eq!(watch.alarm()["AlarmDescription"], "old");
    assert_eq!(watch.alarm()["ActionsEnabled"], true);
    assert_eq!(watch.alarm()["OKActions"], json!([]));
    watch.does("PutMetricAlarm", cpu(&json!({"Threshold": 90, "Tags": tags("2")})));
    assert_eq!(watch.alarm()["AlarmDescription"], Value::Null);
    assert_eq!(watch.alarm()["Threshold"], 90);
    let listed = || watch.does("ListTagsForResource", json!({"ResourceARN": ARN}))["Tags"].clone();
    assert_eq!(listed(), tags("1"));
    watch.does("TagResource", json!({"ResourceARN": ARN, "Tags": tags("3")}));
    assert_eq!(listed(), tags("3"));
    let tagged = watch.0.call("tagging", "GetResources", json!({})).unwrap();
    assert_eq!(tagged["ResourceTagMappingList"][0]["ResourceARN"], ARN);
    watch.does("UntagResource", json!({"ResourceARN": ARN, "TagKeys": ["a"]}));
    assert_eq!(listed(), json!([]));
    watch.does("DisableAlarmActions", json!({"AlarmNames": ["cpu"]}));
    assert_eq!(watch.alarm()["ActionsEnabled"], false);
    watch.does("DeleteAlarms", json!({"AlarmNames": ["cpu"]}));
    assert_eq!(watch.alarm(), Value::Null);
}

#[test]
fn composite_alarms_are_listed_only_when_asked_for() {
    let watch = Watch::with_alarm();
    watch.does("PutCompositeAlarm", composite("all", &format!("OK(cpu) OR ALARM(\"{ARN}\")")));
    watch.does("PutMetricAlarm", cpu(&metrics([true, false])));
    let count = |input: Value| {
        let found = watch.does("DescribeAlarms", input);
        let count = |member: &str| found[member].as_array().unwrap().len();
        (count("MetricAlarms"), count("CompositeAlarms"))
    };
    assert_eq!(count(json!({})), (1, 0));
    assert_eq!(count(json!({"AlarmTypes": ["CompositeAlarm"]})), (0, 1));
    assert_eq!(count(json!({"AlarmTypes": ["CompositeAlarm", "MetricAlarm"]})), (1, 1));
    assert_eq!(count(json!({"AlarmNamePrefix": "x"})), (0, 0));
    assert_eq!(count(json!({"StateValue": "OK"})), (0, 0));
    watch.does("DeleteAlarms", json!({"AlarmNames": ["all", "cpu"]}));
    assert_eq!(count(json!({})), (0, 0));
}
