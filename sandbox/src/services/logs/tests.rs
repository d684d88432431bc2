use super::*;
use crate::rules::Rule;
use crate::{Options, Sandbox};

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";
const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/a/b";

struct Logs(Sandbox);

impl Logs {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    fn with_group(more: Value) -> Self {
        let logs = Self::new();
        let mut input = named();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        logs.does("CreateLogGroup", input);
        logs
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        self.0
            .call("logs", operation, input)
            .unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn refuses(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("logs", operation, input).unwrap_err()
    }

    fn group(&self) -> Value {
        self.does("DescribeLogGroups", json!({}))["logGroups"][0].clone()
    }
}

/// Names the stream `s` of the group, with `more`.
fn stream(more: Value) -> Value {
    let mut input = json!({"logGroupName": "/a/b", "logStreamName": "s"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn named() -> Value {
    json!({"logGroupName": "/a/b"})
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&EXISTS, || Logs::with_group(json!({})).refuses("CreateLogGroup", named())),
    (&RESERVED_NAME, || Logs::new().refuses("CreateLogGroup", json!({"logGroupName": "aws/x"}))),
    (&UNKNOWN_KEY, || {
        Logs::new().refuses("CreateLogGroup", json!({"logGroupName": "x", "kmsKeyId": "k"}))
    }),
    (&NOT_FOUND, || Logs::new().refuses("DeleteLogGroup", named())),
    (&PROTECTED, || {
        Logs::with_group(json!({"deletionProtectionEnabled": true}))
            .refuses("DeleteLogGroup", named())
    }),
    (&RETENTION, || {
        let two = json!({"logGroupName": "/a/b", "retentionInDays": 2});
        Logs::with_group(json!({})).refuses("PutRetentionPolicy", two)
    }),
    (&PREFIX_AND_PATTERN, || {
        let both = json!({"logGroupNamePrefix": "a", "logGroupNamePattern": "a"});
        Logs::new().refuses("DescribeLogGroups", both)
    }),
    (&IDENTIFIERS_ALONE, || {
        let both = json!({"logGroupIdentifiers": ["a"], "logGroupNamePrefix": "a"});
        Logs::new().refuses("DescribeLogGroups", both)
    }),
    (&TOKEN, || Logs::new().refuses("DescribeLogGroups", json!({"nextToken": "?"}))),
    (&BAD_ARN, || {
        let arn = json!({"resourceArn": format!("{ARN}:*")});
        Logs::with_group(json!({})).refuses("ListTagsForResource", arn)
    }),
    (&TOO_MANY_TAGS, || {
        let tags = |range: std::ops::Range<u8>| -> Map<String, Value> {
            range.map(|n| (format!("k{n}"), json!("v"))).collect()
        };
        let logs = Logs::with_group(json!({"tags": tags(0..50)}));
        logs.refuses("TagResource", json!({"resourceArn": ARN, "tags": tags(50..51)}))
    }),
    (&RESERVED_TAG, || {
        let group = json!({"logGroupName": "x", "tags": {"aws:x": "y"}});
        Logs::new().refuses("CreateLogGroup", group)
    }),
    (&WHICH_GROUP, || Logs::new().refuses("AssociateKmsKey", json!({"kmsKeyId": KEY}))),
    (&STREAM_EXISTS, || {
        let logs = Logs::with_group(json!({}));
        logs.does("CreateLogStream", stream(json!({})));
        logs.refuses("CreateLogStream", stream(json!({})))
    }),
    (&NO_STREAM, || Logs::with_group(json!({})).refuses("GetLogEvents", stream(json!({})))),
    (&EVENTS_ORDER, || {
        let logs = Logs::with_group(json!({}));
        logs.does("CreateLogStream", stream(json!({})));
        let events = json!([{"timestamp": 2, "message": "b"}, {"timestamp": 1, "message": "a"}]);
        logs.refuses("PutLogEvents", stream(json!({"logEvents": events})))
    }),
];

#[test]
fn a_group_lives_from_creation_to_deletion() {
    let logs = Logs::with_group(json!({"tags": {"a": "1"}, "logGroupClass": "INFREQUENT_ACCESS"}));
    assert_eq!(logs.group()["arn"], format!("{ARN}:*"));
    assert_eq!(logs.group()["logGroupArn"], ARN);
    assert_eq!(logs.group()["logGroupClass"], "INFREQUENT_ACCESS");
    assert_eq!(logs.group()["retentionInDays"], Value::Null);
    logs.does("PutRetentionPolicy", json!({"logGroupName": "/a/b", "retentionInDays": 14}));
    assert_eq!(logs.group()["retentionInDays"], 14);
    logs.does("DeleteRetentionPolicy", named());
    assert_eq!(logs.group()["retentionInDays"], Value::Null);
    logs.does("AssociateKmsKey", json!({"logGroupName": "/a/b", "kmsKeyId": KEY}));
    assert_eq!(logs.group()["kmsKeyId"], KEY);
    logs.does("DisassociateKmsKey", json!({"resourceIdentifier": ARN}));
    assert_eq!(logs.group()["kmsKeyId"], Value::Null);
    let protect = |on: bool| json!({"logGroupIdentifier": ARN, "deletionProtectionEnabled": on});
    logs.does("PutLogGroupDeletionProtection", protect(true));
    assert_eq!(logs.refuses("DeleteLogGroup", named()).code, "ValidationException");
    logs.does("PutLogGroupDeletionProtection", protect(false));
    logs.does("TagResource", json!({"resourceArn": ARN, "tags": {"b": "2"}}));
    logs.does("UntagResource", json!({"resourceArn": ARN, "tagKeys": ["a"]}));
    let tags = logs.does("ListTagsForResource", json!({"resourceArn": ARN}));
    assert_eq!(tags, json!({"tags": {"b": "2"}}));
    logs.does("DeleteLogGroup", named());
    assert_eq!(logs.group(), Value::Null);
}

#[test]
fn groups_are_searched_and_paged() {
    let logs = Logs::new();
    for n in 0..51 {
        logs.does("CreateLogGroup", json!({"logGroupName": format!("/n/{n:02}")}));
    }
    let count = |answer: &Value| answer["logGroups"].as_array().unwrap().len();
    let first = logs.does("DescribeLogGroups", json!({}));
    assert_eq!(count(&first), 50);
    let second = logs.does("DescribeLogGroups", json!({"nextToken": first["nextToken"]}));
    assert_eq!((count(&second), &second["nextToken"]), (1, &Value::Null));
    let prefix = logs.does("DescribeLogGroups", json!({"logGroupNamePrefix": "/n/4"}));
    assert_eq!(count(&prefix), 10);
    let pattern = logs.does("DescribeLogGroups", json!({"logGroupNamePattern": "/50"}));
    assert_eq!(count(&pattern), 1);
    assert!(pattern["logGroups"][0].get("logGroupClass").is_none());
    let named = logs.does("DescribeLogGroups", json!({"logGroupIdentifiers": ["/n/01", "no"]}));
    assert_eq!(count(&named), 1);
}

#[test]
fn the_shapes_refuse_tag_values_with_brackets() {
    let tags = json!({"logGroupName": "x", "tags": {"infra:resource": "a[\"b\"]"}});
    assert_eq!(Logs::new().refuses("CreateLogGroup", tags).code, "InvalidParameterException");
}

#[test]
fn events_are_read_back_from_either_end_and_filtered() {
    let logs = Logs::with_group(json!({}));
    logs.does("CreateLogStream", stream(json!({})));
    let events: Value =
        (1..=3).map(|n| json!({"timestamp": n, "message": format!("line {n}")})).collect();
    logs.does("PutLogEvents", stream(json!({"logEvents": events})));
    let messages = |answer: &Value| -> Vec<String> {
        let events = answer["events"].as_array().unwrap();
        events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    };
    let last = logs.does("GetLogEvents", stream(json!({"limit": 2})));
    assert_eq!(messages(&last), ["line 2", "line 3"]);
    let before = stream(json!({"limit": 2, "nextToken": last["nextBackwardToken"]}));
    assert_eq!(messages(&logs.does("GetLogEvents", before)), ["line 1"]);
    let first = stream(json!({"limit": 1, "startFromHead": true}));
    assert_eq!(messages(&logs.does("GetLogEvents", first)), ["line 1"]);
    let found = json!({"logGroupName": "/a/b", "filterPattern": "\"line 2\""});
    assert_eq!(messages(&logs.does("FilterLogEvents", found)), ["line 2"]);
    let streams = logs.does("DescribeLogStreams", named());
    assert_eq!(streams["logStreams"][0]["lastEventTimestamp"], 3);
}
