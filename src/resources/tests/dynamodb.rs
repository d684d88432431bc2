//! Tables through their lives.

use super::World;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_table_lives_and_dies_in_the_sandbox() {
    table(&World::sandbox().await, "sandbox-orders").await;
}

fn key(name: &str, kind: &str) -> Json {
    json!({ "attribute_name": name, "attribute_type": "S", "key_type": kind })
}

fn index(name: &str, attribute: &str) -> Json {
    json!({ "index_name": name, "key_schema": [key(attribute, "HASH")],
            "provisioned_throughput": units(1) })
}

fn units(units: i64) -> Json {
    json!({ "read_capacity_units": units, "write_capacity_units": units })
}

async fn table(world: &World, name: &str) {
    let mut spec = json!({
        "name": name, "key_schema": [key("customer_id", "HASH"), key("created_at", "RANGE")],
        "provisioned_throughput": units(5),
        "global_secondary_indexes": [index("by_order", "order_id")],
        "point_in_time_recovery_specification": { "point_in_time_recovery_enabled": true },
        "time_to_live_specification": { "enabled": true, "attribute_name": "gone_at" },
    });
    let (live, updates) = world.apply("dynamodb_table", "orders", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), (name, 1), "recovery and time to live come after");
    assert!(live.out["arn"].as_str().unwrap().ends_with(&format!(":table/{name}")));
    let bulk = world.find("dynamodb_table", "orders").await.unwrap();
    assert_eq!(bulk, live, "found by its tags as by its name");

    spec["provisioned_throughput"] = units(6);
    spec["global_secondary_indexes"] = json!([index("by_state", "state"), index("by_day", "day")]);
    spec["stream_specification"] =
        json!({ "stream_enabled": true, "stream_view_type": "NEW_IMAGE" });
    spec["deletion_protection_enabled"] = json!(true);
    let (live, updates) = world.apply("dynamodb_table", "orders", spec.clone()).await;
    assert_eq!(updates, 6, "an index goes, capacity, stream, protection, two indexes come");
    assert!(live.out["latest_stream_arn"].as_str().unwrap().contains("/stream/"));

    spec["billing_mode"] = json!("PAY_PER_REQUEST");
    spec.as_object_mut().unwrap().remove("provisioned_throughput");
    spec["global_secondary_indexes"] = json!([
        { "index_name": "by_state", "key_schema": [key("state", "HASH")] }]);
    spec["stream_specification"]["stream_view_type"] = json!("KEYS_ONLY");
    spec["deletion_protection_enabled"] = json!(false);
    let (live, updates) = world.apply("dynamodb_table", "orders", spec.clone()).await;
    assert_eq!(updates, 5, "an index goes, billing, stream off and on, protection");
    assert_eq!(live.spec["provisioned_throughput"], Json::Null);
    let (_, updates) = world.apply("dynamodb_table", "orders", spec).await;
    assert_eq!(updates, 0);
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler("dynamodb_table");
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    assert_eq!(world.by_id("dynamodb_table", name).await.unwrap().tags["team"], "shop");
    world.delete("dynamodb_table", "orders").await;
}

#[tokio::test]
async fn what_a_table_holds_is_told() {
    let world = World::sandbox().await;
    let spec = json!({ "name": "held", "key_schema": [key("id", "HASH")],
                       "billing_mode": "PAY_PER_REQUEST", "deletion_protection_enabled": true });
    let (live, _) = world.apply("dynamodb_table", "held", spec).await;
    let handler = world.handler("dynamodb_table");
    let holds = handler.holds(&world.cx, &live).await.unwrap();
    assert_eq!((holds.data, holds.protected), (None, true));
    let call = world.cx.dynamodb().put_item().table_name("held");
    call.item("id", AttributeValue::S("a".into())).send().await.unwrap();
    let holds = handler.holds(&world.cx, &live).await.unwrap();
    assert_eq!(holds.data.as_deref(), Some("about 1 item"));
    let refused = handler.delete(&world.cx, &live).await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("ValidationException"));
    handler.unlock(&world.cx, &live).await.unwrap();
    world.delete("dynamodb_table", "held").await;
}

#[tokio::test]
async fn a_table_of_somebody_else_is_found_by_its_name_and_read_as_data() {
    let world = World::sandbox().await;
    let spec = json!({ "name": "theirs", "key_schema": [key("id", "HASH")],
                       "billing_mode": "PAY_PER_REQUEST" });
    let (live, _) = world.apply("dynamodb_table", "theirs", spec).await;
    let tags: Vec<String> = live.tags.keys().cloned().collect();
    let handler = world.handler("dynamodb_table");
    handler.tag(&world.cx, &live, &crate::aws::Tags::new(), &tags).await.unwrap();
    let found = world.owned("dynamodb_table", &["theirs".to_owned()]).await;
    assert_eq!((found.len(), found[0].tags.len()), (1, 0));
    assert_eq!(world.owned("dynamodb_table", &[]).await, []);
    let reader = &world.registry.data["dynamodb_table"];
    let read = |name: &str| reader.normalize(&json!({ "name": name })).unwrap();
    let found = reader.read(&world.cx, &read("theirs")).await.unwrap();
    assert_eq!(found[0]["hash_key"], "id");
    assert_eq!(reader.read(&world.cx, &read("none")).await.unwrap(), Vec::<Json>::new());
}
