//! Tables and their states.

use super::{
    ARN, Lab, attributes, index, item, named, new_index, no_index, on_demand, orders, ttl, units,
};
use serde_json::{Value, json};

#[test]
fn a_table_is_made_shown_and_gone() {
    let lab = Lab::slow();
    let made = lab.ok("CreateTable", orders(json!({"Tags": [{"Key": "a", "Value": "1"}]})));
    assert_eq!(made["TableDescription"]["TableStatus"], "CREATING");
    lab.skip(15);
    let table = lab.table();
    assert_eq!((&table["TableStatus"], &table["TableArn"]), (&json!("ACTIVE"), &json!(ARN)));
    assert_eq!(table["ProvisionedThroughput"]["ReadCapacityUnits"], 5);
    for absent in
        ["BillingModeSummary", "SSEDescription", "TableClassSummary", "StreamSpecification"]
    {
        assert_eq!(table[absent], Value::Null, "{absent}");
    }
    let tags = lab.ok("ListTagsOfResource", json!({"ResourceArn": ARN}));
    assert_eq!(tags, json!({"Tags": [{"Key": "a", "Value": "1"}]}));
    let found = lab.0.call("tagging", "GetResources", json!({})).unwrap();
    assert_eq!(found["ResourceTagMappingList"][0]["ResourceARN"], ARN);
    lab.ok("DeleteTable", named(json!({})));
    assert_eq!(lab.table()["TableStatus"], "DELETING");
    assert_eq!(lab.ok("ListTables", json!({}))["TableNames"], json!(["orders"]));
    assert_eq!(lab.no("CreateTable", orders(json!({}))).code, "ResourceInUseException");
    lab.ok("DeleteTable", named(json!({})));
    lab.skip(15);
    assert_eq!(lab.no("DescribeTable", named(json!({}))).code, "ResourceNotFoundException");
    assert_eq!(lab.ok("ListTables", json!({}))["TableNames"], json!([]));
    assert_eq!(
        lab.0.call("tagging", "GetResources", json!({})).unwrap()["ResourceTagMappingList"],
        json!([])
    );
    lab.ok("CreateTable", orders(json!({})));
}

#[test]
fn capacity_counts_when_the_update_is_through() {
    let lab = Lab::slow_with(json!({}));
    let updating = lab.update(json!({"ProvisionedThroughput": units(7, 4)}));
    assert_eq!(updating["TableStatus"], "UPDATING");
    assert_eq!(updating["ProvisionedThroughput"]["ReadCapacityUnits"], 5);
    lab.skip(20);
    let table = lab.table();
    assert_eq!(table["ProvisionedThroughput"]["ReadCapacityUnits"], 7);
    assert_eq!(table["ProvisionedThroughput"]["NumberOfDecreasesToday"], 1);
}

#[test]
fn billing_goes_to_demand_and_back() {
    let more = json!({"GlobalSecondaryIndexes": [index("by-at", "at")]});
    let lab = Lab::slow_with(more);
    lab.update(json!({"BillingMode": "PAY_PER_REQUEST"}));
    lab.skip(180);
    let table = lab.table();
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["ProvisionedThroughput"]["ReadCapacityUnits"], 0);
    let of_index = |table: &Value| {
        table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"].clone()
    };
    assert_eq!(of_index(&table), 0);
    let back = json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(2, 2)});
    let refusal = lab.no("UpdateTable", named(back.clone()));
    assert!(refusal.message.contains("for index: by-at"), "{}", refusal.message);
    let mut whole = back;
    whole["GlobalSecondaryIndexUpdates"] = json!([{"Update": {
        "IndexName": "by-at", "ProvisionedThroughput": units(3, 3)}}]);
    lab.update(whole);
    lab.skip(180);
    let table = lab.table();
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PROVISIONED");
    assert_eq!(
        (of_index(&table), &table["ProvisionedThroughput"]["ReadCapacityUnits"]),
        (json!(3), &json!(2))
    );
}

#[test]
fn limits_on_demand_come_and_go() {
    let lab = Lab::with(on_demand());
    lab.update(json!({"OnDemandThroughput": {"MaxReadRequestUnits": 10}}));
    assert_eq!(
        lab.table()["OnDemandThroughput"],
        json!({"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": -1})
    );
    lab.update(json!({"OnDemandThroughput": {"MaxReadRequestUnits": -1}}));
    assert_eq!(lab.table()["OnDemandThroughput"], Value::Null);
}

#[test]
fn an_index_is_placed_filled_and_deleted() {
    let lab = Lab::slow_with(json!({}));
    lab.update(new_index("by-id"));
    let states = || {
        let table = lab.table();
        let index = &table["GlobalSecondaryIndexes"][0];
        (table["TableStatus"].clone(), index["IndexStatus"].clone(), index["Backfilling"].clone())
    };
    assert_eq!(states(), (json!("UPDATING"), json!("CREATING"), json!(false)));
    assert_eq!(lab.no("DeleteTable", named(json!({}))).code, "ResourceInUseException");
    lab.skip(60);
    assert_eq!(states(), (json!("ACTIVE"), json!("CREATING"), json!(true)));
    assert_eq!(lab.no("UpdateTable", named(new_index("other"))).code, "LimitExceededException");
    lab.skip(240);
    assert_eq!(states(), (json!("ACTIVE"), json!("ACTIVE"), Value::Null));
    assert_eq!(lab.table()["AttributeDefinitions"].as_array().unwrap().len(), 3);
    lab.update(no_index("by-id"));
    assert_eq!(states().1, "DELETING");
    lab.skip(60);
    assert_eq!(lab.table()["GlobalSecondaryIndexes"], Value::Null);
    assert_eq!(lab.table()["AttributeDefinitions"], attributes(&["at", "customer"]));
}

#[test]
fn stream_key_class_and_protection_change_one_by_one() {
    let lab = Lab::with(json!({}));
    let view = json!({"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"});
    lab.update(json!({"StreamSpecification": view}));
    assert_eq!(lab.table()["StreamSpecification"], view);
    let stream = lab.table()["LatestStreamArn"].as_str().unwrap().to_owned();
    assert!(stream.starts_with(&format!("{ARN}/stream/2026-01-01T00:00:00")), "{stream}");
    lab.update(json!({"StreamSpecification": {"StreamEnabled": false}}));
    assert_eq!(lab.table()["StreamSpecification"], Value::Null);
    lab.update(json!({"SSESpecification": {"Enabled": true, "SSEType": "KMS"}}));
    assert_eq!(lab.table()["SSEDescription"]["SSEType"], "KMS");
    lab.update(json!({"SSESpecification": {"Enabled": false}}));
    assert_eq!(lab.table()["SSEDescription"], Value::Null);
    lab.update(json!({"TableClass": "STANDARD_INFREQUENT_ACCESS"}));
    assert_eq!(lab.table()["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS");
    lab.update(json!({"DeletionProtectionEnabled": true}));
    assert_eq!(lab.no("DeleteTable", named(json!({}))).code, "ValidationException");
    lab.update(json!({"DeletionProtectionEnabled": false}));
    lab.ok("DeleteTable", named(json!({})));
}

#[test]
fn time_to_live_and_backups_have_calls_of_their_own() {
    let lab = Lab::slow_with(json!({}));
    let status = || lab.ok("DescribeTimeToLive", named(json!({})))["TimeToLiveDescription"].clone();
    assert_eq!(status(), json!({"TimeToLiveStatus": "DISABLED"}));
    lab.ok("UpdateTimeToLive", ttl(true, "gone"));
    assert_eq!(status()["TimeToLiveStatus"], "ENABLING");
    lab.skip(3600);
    assert_eq!(status(), json!({"TimeToLiveStatus": "ENABLED", "AttributeName": "gone"}));
    lab.ok("UpdateTimeToLive", ttl(false, "gone"));
    let recovery = |specification: Value| {
        let input = named(json!({"PointInTimeRecoverySpecification": specification}));
        let told = lab.ok("UpdateContinuousBackups", input);
        told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"].clone()
    };
    let on = recovery(json!({"PointInTimeRecoveryEnabled": true}));
    assert_eq!(
        (&on["PointInTimeRecoveryStatus"], &on["RecoveryPeriodInDays"]),
        (&json!("ENABLED"), &json!(35))
    );
    let short = json!({"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 7});
    assert_eq!(recovery(short)["RecoveryPeriodInDays"], 7);
    let off = recovery(json!({"PointInTimeRecoveryEnabled": false}));
    assert_eq!(off, json!({"PointInTimeRecoveryStatus": "DISABLED"}));
}

#[test]
fn items_are_counted_every_six_hours() {
    let lab = Lab::slow_with(json!({}));
    lab.ok("PutItem", named(json!({"Item": item("c", "t")})));
    assert_eq!(lab.table()["ItemCount"], 0);
    lab.skip(6 * 3600);
    assert_eq!(lab.table()["ItemCount"], 1);
    let quick = Lab::with(json!({}));
    quick.ok("PutItem", named(json!({"Item": item("c", "t")})));
    assert_eq!(quick.table()["ItemCount"], 1);
}

#[test]
fn names_are_listed_by_pages_and_taken_as_arns() {
    let lab = Lab::new();
    for n in 0..3 {
        lab.ok("CreateTable", orders(json!({"TableName": format!("t-{n}")})));
    }
    let first = lab.ok("ListTables", json!({"Limit": 2}));
    assert_eq!(first, json!({"TableNames": ["t-0", "t-1"], "LastEvaluatedTableName": "t-1"}));
    let start = json!({"ExclusiveStartTableName": first["LastEvaluatedTableName"]});
    let rest = lab.ok("ListTables", start);
    assert_eq!(rest["TableNames"], json!(["t-2"]));
    let arn = ARN.replace("orders", "t-1");
    assert_eq!(lab.ok("DescribeTable", json!({"TableName": arn}))["Table"]["TableName"], "t-1");
}
