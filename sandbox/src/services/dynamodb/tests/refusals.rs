//! A way to break each rule.

use super::super::rules::{
    ARN as BAD_ARN, ATTRIBUTE_RETYPED, ATTRIBUTE_TWICE, ATTRIBUTE_UNUSED, BACKUPS_UNAVAILABLE,
    CAPACITY_MISSING, CAPACITY_ON_DEMAND, CHANGE_MISSING, CHANGE_PATH, CHANGE_TWICE, CHANGE_TYPE,
    CONDITION, DECREASES, ENCRYPTION, ENCRYPTION_SAME, EXISTS, GLOBAL_INDEXES, IN_USE,
    INDEX_CAPACITY_MISSING, INDEX_EXISTS, INDEX_TWICE, KEY_CHANGED, KEY_CONDITION, KEY_EMPTY,
    KEY_MISMATCH, KEY_ORDER, KEY_TWICE, KEY_TYPE, KEY_UNDEFINED, LIMIT_PROVISIONED, LOCAL_HASH,
    LOCAL_INDEXES, LOCAL_RANGE, NAME, NAME_UNDEFINED, NO_ARN, NO_INDEX, NO_INDEX_TO_DELETE,
    NO_ITEMS, NO_KEY, NO_TABLE, NOT_FOUND, NOTHING, ONE_INDEX, ONE_KIND, OPERAND, PROJECTION,
    PROTECTED, RECOVERY_PERIOD, RESERVED, RETURN_VALUES, SAME_CAPACITY, SELECT, SIMULTANEOUS, SIZE,
    STREAM_AND_CAPACITY, STREAM_OFF, STREAM_ON, STREAM_VIEW, SYNTAX, TAG_COUNT, TAG_KEY,
    TO_ON_DEMAND, TTL_INTERVAL, TTL_OTHER, TTL_SAME, UNUSED, VALUE, VALUE_UNDEFINED,
};
use super::{
    ARN, Lab, attributes, index, item, key, named, new_index, no_index, on_demand, orders, ttl,
    units,
};
use crate::rules::{Refusal, Rule};
use serde_json::{Value, json};

fn create(more: Value) -> Refusal {
    Lab::new().no("CreateTable", orders(more))
}

fn update(more: Value) -> Refusal {
    Lab::with(json!({})).no("UpdateTable", named(more))
}

/// Local indexes, each by another attribute that its table knows.
fn local(count: usize) -> Value {
    let names: Vec<String> = (0..count).map(|n| format!("by{n}")).collect();
    let index = |name: &String| {
        json!({"IndexName": name, "KeySchema": key("customer", Some(name)),
            "Projection": {"ProjectionType": "ALL"}})
    };
    let attributes = names.iter().map(String::as_str).chain(["customer", "at"]);
    json!({"LocalSecondaryIndexes": names.iter().map(index).collect::<Value>(),
        "AttributeDefinitions": super::attributes(&attributes.collect::<Vec<_>>())})
}

fn backups(enabled: bool, days: Option<i64>) -> Value {
    let mut input = named(json!({"PointInTimeRecoverySpecification": {
        "PointInTimeRecoveryEnabled": enabled}}));
    if let Some(days) = days {
        input["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = json!(days);
    }
    input
}

fn put(more: Value) -> Refusal {
    let mut input = named(json!({"Item": item("c", "t")}));
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Lab::with(json!({})).no("PutItem", input)
}

/// An update of an item that has the text `words`.
fn change(expression: &str) -> Refusal {
    let lab = Lab::with(json!({}));
    let mut there = item("c", "t");
    there["words"] = json!({"S": "a"});
    lab.ok("PutItem", named(json!({"Item": there})));
    let mut input = named(json!({"Key": item("c", "t"), "UpdateExpression": expression}));
    if expression.contains(":one") {
        input["ExpressionAttributeValues"] = json!({":one": {"N": "1"}});
    }
    lab.no("UpdateItem", input)
}

fn query(input: Value) -> Refusal {
    let more = json!({"GlobalSecondaryIndexes": [index("by-id", "id")],
        "AttributeDefinitions": attributes(&["customer", "at", "id"])});
    Lab::with(more).no("Query", named(input))
}

fn tags(range: std::ops::Range<u8>) -> Value {
    range.map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect()
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&NAME, || Lab::new().no("DescribeTable", json!({"TableName": "a b"}))),
    (&EXISTS, || Lab::with(json!({})).no("CreateTable", orders(json!({})))),
    (&SIMULTANEOUS, || {
        let lab = Lab::slow();
        for n in 0..500 {
            lab.ok("CreateTable", orders(json!({"TableName": format!("t{n:03}")})));
        }
        lab.no("CreateTable", orders(json!({})))
    }),
    (&KEY_ORDER, || {
        create(json!({"KeySchema": [{"AttributeName": "customer", "KeyType": "RANGE"}]}))
    }),
    (&KEY_TWICE, || create(json!({"KeySchema": key("customer", Some("customer"))}))),
    (&KEY_UNDEFINED, || create(json!({"AttributeDefinitions": attributes(&["customer"])}))),
    (&ATTRIBUTE_UNUSED, || {
        create(json!({"AttributeDefinitions": attributes(&["customer", "at", "id"])}))
    }),
    (&ATTRIBUTE_TWICE, || {
        create(json!({"AttributeDefinitions": attributes(&["customer", "at", "at"])}))
    }),
    (&ATTRIBUTE_RETYPED, || {
        let mut change = new_index("by-id");
        change["AttributeDefinitions"][0]["AttributeType"] = json!("N");
        update(change)
    }),
    (&CAPACITY_MISSING, || create(json!({"ProvisionedThroughput": null}))),
    (&INDEX_CAPACITY_MISSING, || {
        let mut index = index("by-id", "at");
        index.as_object_mut().unwrap().remove("ProvisionedThroughput");
        create(json!({"GlobalSecondaryIndexes": [index]}))
    }),
    (&CAPACITY_ON_DEMAND, || create(json!({"BillingMode": "PAY_PER_REQUEST"}))),
    (&LIMIT_PROVISIONED, || create(json!({"OnDemandThroughput": {"MaxReadRequestUnits": 5}}))),
    (&INDEX_TWICE, || {
        create(json!({"GlobalSecondaryIndexes": [index("by-at", "at"), index("by-at", "at")]}))
    }),
    (&GLOBAL_INDEXES, || {
        let many: Value = (0..21).map(|n| index(&format!("by-{n:02}"), "at")).collect();
        create(json!({"GlobalSecondaryIndexes": many}))
    }),
    (&LOCAL_INDEXES, || create(local(6))),
    (&LOCAL_RANGE, || {
        let mut more = local(1);
        more["KeySchema"] = key("customer", None);
        more["AttributeDefinitions"] = attributes(&["customer", "by0"]);
        create(more)
    }),
    (&LOCAL_HASH, || {
        let mut more = local(1);
        more["LocalSecondaryIndexes"][0]["KeySchema"] = key("at", Some("by0"));
        create(more)
    }),
    (&PROJECTION, || {
        let mut index = index("by-at", "at");
        index["Projection"] = json!({"ProjectionType": "INCLUDE"});
        create(json!({"GlobalSecondaryIndexes": [index]}))
    }),
    (&STREAM_VIEW, || create(json!({"StreamSpecification": {"StreamEnabled": true}}))),
    (&ENCRYPTION, || {
        create(json!({"SSESpecification": {"Enabled": false, "KMSMasterKeyId": "k"}}))
    }),
    (&ENCRYPTION_SAME, || update(json!({"SSESpecification": {"Enabled": false}}))),
    (&TAG_KEY, || create(json!({"Tags": [{"Key": "aws:x", "Value": "v"}]}))),
    (&TAG_COUNT, || {
        let lab = Lab::with(json!({"Tags": tags(0..50)}));
        lab.no("TagResource", json!({"ResourceArn": ARN, "Tags": tags(50..51)}))
    }),
    (&NOT_FOUND, || Lab::new().no("DescribeTable", named(json!({})))),
    (&IN_USE, || {
        let lab = Lab::slow();
        lab.ok("CreateTable", orders(json!({})));
        lab.no("DeleteTable", named(json!({})))
    }),
    (&PROTECTED, || {
        Lab::with(json!({"DeletionProtectionEnabled": true})).no("DeleteTable", named(json!({})))
    }),
    (&NOTHING, || update(json!({}))),
    (&STREAM_AND_CAPACITY, || {
        update(json!({"ProvisionedThroughput": units(6, 5),
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}))
    }),
    (&ONE_KIND, || {
        let mut change = new_index("by-id");
        change["ProvisionedThroughput"] = units(6, 5);
        update(change)
    }),
    (&ONE_INDEX, || {
        let mut change = new_index("by-id");
        let second = json!({"Create": index("other", "at")});
        change["GlobalSecondaryIndexUpdates"].as_array_mut().unwrap().push(second);
        update(change)
    }),
    (&INDEX_EXISTS, || {
        let lab = Lab::with(json!({}));
        lab.update(new_index("by-id"));
        lab.no("UpdateTable", named(new_index("by-id")))
    }),
    (&NO_INDEX, || {
        update(json!({"GlobalSecondaryIndexUpdates": [{"Update": {
            "IndexName": "none", "ProvisionedThroughput": units(2, 2)}}]}))
    }),
    (&NO_INDEX_TO_DELETE, || update(no_index("none"))),
    (&SAME_CAPACITY, || update(json!({"ProvisionedThroughput": units(5, 5)}))),
    (&DECREASES, || {
        let lab = Lab::slow_with(json!({"ProvisionedThroughput": units(9, 9)}));
        for reads in [8, 7, 6, 5] {
            lab.update(json!({"ProvisionedThroughput": units(reads, 9)}));
            lab.skip(60);
        }
        lab.no("UpdateTable", named(json!({"ProvisionedThroughput": units(4, 9)})))
    }),
    (&TO_ON_DEMAND, || {
        let lab = Lab::slow_with(json!({}));
        for _ in 0..4 {
            lab.update(json!({"BillingMode": "PAY_PER_REQUEST"}));
            lab.skip(600);
            let back = json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)});
            lab.update(back);
            lab.skip(600);
        }
        lab.no("UpdateTable", named(json!({"BillingMode": "PAY_PER_REQUEST"})))
    }),
    (&STREAM_ON, || {
        let on = json!({"StreamSpecification": {
            "StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}});
        Lab::with(on.clone()).no("UpdateTable", named(on))
    }),
    (&STREAM_OFF, || update(json!({"StreamSpecification": {"StreamEnabled": false}}))),
    (&TTL_INTERVAL, || {
        let lab = Lab::slow_with(json!({}));
        lab.ok("UpdateTimeToLive", ttl(true, "gone"));
        lab.skip(3000);
        lab.no("UpdateTimeToLive", ttl(false, "gone"))
    }),
    (&TTL_SAME, || Lab::with(json!({})).no("UpdateTimeToLive", ttl(false, "gone"))),
    (&TTL_OTHER, || {
        let lab = Lab::with(json!({}));
        lab.ok("UpdateTimeToLive", ttl(true, "gone"));
        lab.no("UpdateTimeToLive", ttl(true, "other"))
    }),
    (&NO_TABLE, || Lab::new().no("DescribeContinuousBackups", named(json!({})))),
    (&BACKUPS_UNAVAILABLE, || {
        let lab = Lab::slow();
        lab.ok("CreateTable", orders(json!({})));
        lab.skip(20);
        lab.no("UpdateContinuousBackups", backups(true, None))
    }),
    (&RECOVERY_PERIOD, || {
        Lab::with(json!({})).no("UpdateContinuousBackups", backups(false, Some(7)))
    }),
    (&BAD_ARN, || Lab::new().no("ListTagsOfResource", json!({"ResourceArn": "orders"}))),
    (&NO_ARN, || Lab::new().no("ListTagsOfResource", json!({"ResourceArn": ARN}))),
    (&NO_ITEMS, || {
        let lab = Lab::slow();
        lab.ok("CreateTable", orders(json!({})));
        lab.no("PutItem", named(json!({"Item": item("c", "t")})))
    }),
    (&VALUE, || put(json!({"Item": {"customer": {}}}))),
    (&NO_KEY, || put(json!({"Item": {"customer": {"S": "c"}}}))),
    (&KEY_TYPE, || put(json!({"Item": {"customer": {"S": "c"}, "at": {"N": "1"}}}))),
    (&KEY_EMPTY, || put(json!({"Item": item("", "t")}))),
    (&KEY_MISMATCH, || {
        Lab::with(json!({})).no("GetItem", named(json!({"Key": {"customer": {"S": "c"}}})))
    }),
    (&KEY_CHANGED, || change("SET customer = :one")),
    (&SIZE, || {
        let mut large = item("c", "t");
        large["text"] = json!({"S": "x".repeat(400 * 1024)});
        put(json!({"Item": large}))
    }),
    (&RETURN_VALUES, || put(json!({"ReturnValues": "ALL_NEW"}))),
    (&CONDITION, || put(json!({"ConditionExpression": "attribute_exists(customer)"}))),
    (&SYNTAX, || put(json!({"ConditionExpression": "customer ="}))),
    (&RESERVED, || put(json!({"ConditionExpression": "attribute_exists(owner)"}))),
    (&NAME_UNDEFINED, || put(json!({"ConditionExpression": "attribute_exists(#owner)"}))),
    (&VALUE_UNDEFINED, || put(json!({"ConditionExpression": "customer = :me"}))),
    (&UNUSED, || put(json!({"ExpressionAttributeNames": {"#o": "owner"}}))),
    (&OPERAND, || {
        put(json!({"ConditionExpression": "begins_with(customer, :n)",
            "ExpressionAttributeValues": {":n": {"N": "1"}}}))
    }),
    (&CHANGE_TYPE, || change("SET another = words + :one")),
    (&CHANGE_PATH, || change("SET words.part = :one")),
    (&CHANGE_MISSING, || change("SET another = nowhere")),
    (&CHANGE_TWICE, || change("SET another = :one REMOVE another")),
    (&KEY_CONDITION, || {
        query(json!({"KeyConditionExpression": "#at = :t",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":t": {"S": "t"}}}))
    }),
    (&SELECT, || {
        query(json!({"IndexName": "by-id", "ConsistentRead": true,
            "KeyConditionExpression": "id = :i",
            "ExpressionAttributeValues": {":i": {"S": "i"}}}))
    }),
];

#[test]
fn a_table_on_demand_takes_no_capacity() {
    let lab = Lab::with(on_demand());
    let refusal = lab.no("UpdateTable", named(json!({"ProvisionedThroughput": units(1, 1)})));
    assert_eq!(refusal.rule, Some(&CAPACITY_ON_DEMAND));
}
