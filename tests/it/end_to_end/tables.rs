//! Tables: every field there and back, drift, and what holds items.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

on_both!(table_fields, table_billing, table_drift, tables_that_hold_items);

/// A table of the stack, with a name of this test's own.
fn table(stage: &Stage, label: &str, fields: &str) -> String {
    let name = format!("{}-{label}", stage.environment());
    format!(
        "[dynamodb_table.{label}]\nname = \"{name}\"\ntags = {{ team = \"shop\" }}\nkey_schema = [\
         {{ attribute_name = \"customer_id\", attribute_type = \"S\", key_type = \"HASH\" }}, \
         {{ attribute_name = \"created_at\", attribute_type = \"S\", key_type = \"RANGE\" }}]\n\
         {fields}\n"
    )
}

fn units(units: u32) -> String {
    format!("{{ read_capacity_units = {units}, write_capacity_units = {units} }}")
}

fn index(name: &str, capacity: &str) -> String {
    format!(
        "{{ index_name = \"{name}\", key_schema = [{{ attribute_name = \"{name}\", \
         attribute_type = \"S\", key_type = \"HASH\" }}]{capacity} }}"
    )
}

fn provisioned(name: &str) -> String {
    index(name, &format!(", provisioned_throughput = {}", units(1)))
}

fn described(stage: &Stage, label: &str) -> Value {
    let name = format!("{}-{label}", stage.environment());
    stage.call("dynamodb", "describe_table", json!({ "TableName": name }))["Table"].clone()
}

fn table_fields(stage: &Stage) {
    // UpdateTable of moto 5.2.5 ignores SSESpecification.
    let encrypted = !stage.is_moto();
    let first = format!(
        "provisioned_throughput = {}\nglobal_secondary_indexes = [{}, {}]\n\
         time_to_live_specification = {{ enabled = true, attribute_name = \"gone_at\" }}\n\
         point_in_time_recovery_specification = {{ point_in_time_recovery_enabled = true }}\n\
         stream_specification = {{ stream_enabled = false }}\n\
         sse_specification = {{ enabled = false }}\ndeletion_protection_enabled = false\n",
        units(5),
        provisioned("order_id"),
        provisioned("state"),
    );
    let second = format!(
        "provisioned_throughput = {}\nglobal_secondary_indexes = [{}, {}]\n\
         time_to_live_specification = {{ enabled = true, attribute_name = \"gone_at\" }}\n\
         point_in_time_recovery_specification = {{ point_in_time_recovery_enabled = false }}\n\
         stream_specification = {{ stream_enabled = true, stream_view_type = \"NEW_IMAGE\" }}\n\
         sse_specification = {{ enabled = {encrypted} }}\ndeletion_protection_enabled = true\n",
        units(6),
        provisioned("order_id"),
        provisioned("day"),
    );
    stage.stack("tables", &table(stage, "orders", &first));
    stage.apply("tables");
    stage.settled("tables");
    let before = described(stage, "orders");
    assert_eq!(before["ProvisionedThroughput"]["ReadCapacityUnits"], 5);
    assert_eq!(before["GlobalSecondaryIndexes"].as_array().map(Vec::len), Some(2));
    let encryption = if encrypted { " sse_specification.enabled" } else { "" };
    let fields = format!(
        "update dynamodb_table.orders: deletion_protection_enabled global_secondary_indexes \
         point_in_time_recovery_specification.point_in_time_recovery_enabled \
         provisioned_throughput.read_capacity_units \
         provisioned_throughput.write_capacity_units{encryption} \
         stream_specification.stream_enabled"
    );
    stage.stack("tables", &table(stage, "orders", &second));
    let there = format!("{fields} stream_specification.stream_view_type");
    stage.changes("tables", &[&there]);
    let now = described(stage, "orders");
    assert_eq!(now["TableId"], before["TableId"], "it is the same table");
    assert_eq!(now["StreamSpecification"]["StreamViewType"], "NEW_IMAGE");
    assert_eq!(now["DeletionProtectionEnabled"], true);
    stage.stack("tables", &table(stage, "orders", &first));
    stage.changes("tables", &[&fields]);
    stage.destroy_all();
}

fn table_billing(stage: &Stage) {
    let paid = |units: u32| {
        format!(
            "billing_mode = \"PROVISIONED\"\nprovisioned_throughput = {}\n\
             global_secondary_indexes = [{}]\n",
            self::units(units),
            provisioned("order_id")
        )
    };
    let on_demand = format!(
        "billing_mode = \"PAY_PER_REQUEST\"\nglobal_secondary_indexes = [{}]\n",
        index("order_id", "")
    );
    stage.stack("tables", &table(stage, "orders", &paid(5)));
    stage.apply("tables");
    stage.stack("tables", &table(stage, "orders", &on_demand));
    stage.changes("tables", &["update dynamodb_table.orders: billing_mode"]);
    assert_eq!(described(stage, "orders")["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    stage.stack("tables", &table(stage, "orders", &paid(7)));
    stage.changes(
        "tables",
        &["update dynamodb_table.orders: billing_mode global_secondary_indexes[order_id] \
           provisioned_throughput"],
    );
    let units = &described(stage, "orders")["ProvisionedThroughput"];
    assert_eq!(units["ReadCapacityUnits"], 7);
    stage.destroy_all();
}

fn table_drift(stage: &Stage) {
    let fields = format!(
        "provisioned_throughput = {}\nglobal_secondary_indexes = []\n\
         point_in_time_recovery_specification = {{ point_in_time_recovery_enabled = true }}\n",
        units(5)
    );
    stage.stack("tables", &table(stage, "orders", &fields));
    stage.apply("tables");
    let before = described(stage, "orders");
    let name = before["TableName"].clone();
    let units = json!({ "ReadCapacityUnits": 5, "WriteCapacityUnits": 8 });
    let change = json!({ "TableName": name, "ProvisionedThroughput": units });
    stage.call("dynamodb", "update_table", change);
    // Until the update is through, AWS shows what was before.
    let script = "client('dynamodb').get_waiter('table_exists').wait(TableName=input, \
                  WaiterConfig={'Delay': 1})";
    stage.python(script, name.clone());
    let off = json!({ "PointInTimeRecoveryEnabled": false });
    let change = json!({ "TableName": name, "PointInTimeRecoverySpecification": off });
    stage.call("dynamodb", "update_continuous_backups", change);
    let tag = json!({ "ResourceArn": before["TableArn"], "TagKeys": ["team"] });
    stage.call("dynamodb", "untag_resource", tag);
    stage.changes(
        "tables",
        &["update dynamodb_table.orders: \
           point_in_time_recovery_specification.point_in_time_recovery_enabled \
           provisioned_throughput.write_capacity_units tags.team"],
    );
    // An index that nobody asked for goes, because the list is given whole.
    let index = json!({ "Create": { "IndexName": "theirs",
        "KeySchema": [{ "AttributeName": "created_at", "KeyType": "HASH" }],
        "Projection": { "ProjectionType": "ALL" },
        "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 } } });
    let types = before["AttributeDefinitions"].clone();
    let change = json!({ "TableName": name, "AttributeDefinitions": types,
                         "GlobalSecondaryIndexUpdates": [index] });
    stage.call("dynamodb", "update_table", change);
    let script = "
import time
while any(index['IndexStatus'] != 'ACTIVE' for index in
          client('dynamodb').describe_table(TableName=input)['Table']['GlobalSecondaryIndexes']):
    time.sleep(0.2)
";
    stage.python(script, name.clone());
    stage.changes("tables", &["update dynamodb_table.orders: global_secondary_indexes"]);
    stage.call("dynamodb", "delete_table", json!({ "TableName": name }));
    let script = "client('dynamodb').get_waiter('table_not_exists').wait(TableName=input, \
                  WaiterConfig={'Delay': 1})";
    stage.python(script, name);
    stage.changes("tables", &["create dynamodb_table.orders"]);
    stage.destroy_all();
}

fn tables_that_hold_items(stage: &Stage) {
    let fields = "billing_mode = \"PAY_PER_REQUEST\"\n";
    let guarded = "billing_mode = \"PAY_PER_REQUEST\"\ndeletion_protection_enabled = true\n";
    let text = ["one", "two", "empty"].map(|label| table(stage, label, fields)).concat();
    stage.stack("tables", &(text.clone() + &table(stage, "guarded", guarded)));
    stage.apply("tables");
    for label in ["one", "two"] {
        let item = json!({ "customer_id": { "S": "c" }, "created_at": { "S": "t" } });
        let name = format!("{}-{label}", stage.environment());
        stage.call("dynamodb", "put_item", json!({ "TableName": name, "Item": item }));
    }
    // A key cannot be changed in place, and a replacement is refused with the amount.
    let keyed = text.replacen("attribute_type = \"S\"", "attribute_type = \"N\"", 1);
    stage.stack("tables", &(keyed + &table(stage, "guarded", guarded)));
    let plan = stage.plan(&["tables"]);
    assert_eq!(
        plan.changes(),
        ["blocked replace dynamodb_table.one: key_schema[0].attribute_type"]
    );
    let ran = stage.run(&["apply", "tables", "--yes"]).exits(4);
    let told = ran.stdout.clone() + &ran.stderr;
    assert!(told.contains("1 item would be lost"), "{told}");
    // Left out of the file they stay as well, except for the one that is empty.
    stage.stack("tables", "");
    stage.run(&["apply", "tables", "--yes"]).exits(4);
    let tables = |labels: &[&str]| {
        let name = |label: &&str| format!("dynamodb_table {}-{label}", stage.environment());
        labels.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(stage.owned(), tables(&["guarded", "one", "two"]));
    // A flag works for the address it names, and only there.
    let allow = ["--allow-data-loss", "dynamodb_table.one"];
    stage.run(&[&["destroy", "--all", "--yes"], &allow[..]].concat()).exits(4);
    assert_eq!(stage.owned(), tables(&["guarded", "two"]));
    let allow = ["--allow-protected", "dynamodb_table.guarded"];
    stage.run(&[&["destroy", "--all", "--yes"], &allow[..]].concat()).exits(4);
    assert_eq!(stage.owned(), tables(&["two"]));
    let ran = stage.run(&["destroy", "--all", "--yes", "--force"]).exits(0);
    assert!((ran.stdout + &ran.stderr).contains("1 item will be lost"));
    assert_eq!(stage.owned(), Vec::<String>::new());
}
