use super::super::steps::{Change, next};
use super::*;
use serde_json::{Value as Json, json};

fn table(more: Json) -> DynamodbTable {
    let mut spec = json!({
        "name": "orders", "provisioned_throughput": units(5),
        "key_schema": [{"attribute_name": "id", "attribute_type": "S", "key_type": "HASH"}],
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    serde_json::from_value(spec).unwrap()
}

fn units(units: i64) -> Json {
    json!({"read_capacity_units": units, "write_capacity_units": units})
}

fn index(name: &str, attribute: &str) -> Json {
    json!({"index_name": name, "provisioned_throughput": units(1), "key_schema": [
        {"attribute_name": attribute, "attribute_type": "S", "key_type": "HASH"}]})
}

fn step(want: Json, live: Json) -> Change {
    let fields = want.as_object().unwrap().keys().cloned().collect();
    next(&table(want), &table(live), &Changed(fields)).unwrap()
}

#[test]
fn one_kind_of_change_comes_after_another() {
    let want = json!({"global_secondary_indexes": [index("new", "b"), index("kept", "c")],
        "provisioned_throughput": units(6), "table_class": "STANDARD_INFREQUENT_ACCESS",
        "time_to_live_specification": {"enabled": true, "attribute_name": "gone"}});
    let mut live = json!({"global_secondary_indexes": [index("old", "a"), index("kept", "c")],
        "table_class": "STANDARD"});
    assert_eq!(step(want.clone(), live.clone()), Change::DeleteIndex("old".into()));
    live["global_secondary_indexes"] = json!([index("kept", "c")]);
    let Change::Capacity { mode: None, units: Some(to), indexes, .. } =
        step(want.clone(), live.clone())
    else {
        panic!("capacity is next");
    };
    assert_eq!((to.read_capacity_units, indexes.len()), (6, 0));
    live["provisioned_throughput"] = units(6);
    assert_eq!(
        step(want.clone(), live.clone()),
        Change::Class(TableClass::StandardInfrequentAccess)
    );
    live["table_class"] = json!("STANDARD_INFREQUENT_ACCESS");
    let mut rest = want.clone();
    rest.as_object_mut().unwrap().remove("table_class");
    let Change::CreateIndex(new, definitions) = step(rest.clone(), live.clone()) else {
        panic!("the new index is next");
    };
    let names: Vec<_> = definitions.iter().map(|d| d.attribute_name().to_owned()).collect();
    assert_eq!(
        (new.index_name.as_str(), names),
        ("new", vec!["b".into(), "c".into(), "id".into()])
    );
    live["global_secondary_indexes"] = want["global_secondary_indexes"].clone();
    assert!(matches!(step(rest, live), Change::Settings(None, Some(ttl)) if ttl.enabled));
}

#[test]
fn an_index_with_another_key_is_made_again() {
    let want = json!({"global_secondary_indexes": [index("by", "b")]});
    let live = json!({"global_secondary_indexes": [index("by", "a")]});
    assert_eq!(step(want, live), Change::DeleteIndex("by".into()));
}

#[test]
fn a_switch_of_billing_takes_the_indexes_along() {
    let on_demand = json!({"billing_mode": "PAY_PER_REQUEST", "provisioned_throughput": null});
    let provisioned = json!({"billing_mode": "PROVISIONED",
        "global_secondary_indexes": [index("by", "a")]});
    let mut live = on_demand.clone();
    live["global_secondary_indexes"] = json!([{"index_name": "by", "key_schema": [
        {"attribute_name": "a", "attribute_type": "S", "key_type": "HASH"}]}]);
    let Change::Capacity { mode, units: Some(_), indexes, .. } = step(provisioned.clone(), live)
    else {
        panic!("capacity");
    };
    assert_eq!(mode, Some(BillingMode::Provisioned));
    assert!(matches!(indexes.as_slice(), [(name, Some(_), None)] if name == "by"));
    let Change::Capacity { mode, units: None, indexes, .. } = step(on_demand, provisioned) else {
        panic!("capacity");
    };
    assert_eq!((mode, indexes.len()), (Some(BillingMode::PayPerRequest), 0));
}

#[test]
fn streams_and_time_to_live_go_off_before_they_come_otherwise() {
    let stream = |view: &str| json!({"stream_specification": {"stream_enabled": true, "stream_view_type": view}});
    assert!(matches!(step(stream("NEW_IMAGE"), stream("OLD_IMAGE")),
        Change::Stream(stream) if !stream.stream_enabled));
    let ttl = |name: &str| json!({"time_to_live_specification": {"enabled": true, "attribute_name": name}});
    let Change::Settings(None, Some(off)) = step(ttl("b"), ttl("a")) else {
        panic!("settings");
    };
    assert_eq!((off.enabled, off.attribute_name.as_deref()), (false, Some("a")));
}

#[test]
fn what_cannot_be_is_told_at_its_field() {
    let key = |kind: &str, name: &str, key: &str| json!({"attribute_name": name, "attribute_type": kind, "key_type": key});
    let cases = [
        (json!({}), ""),
        (json!({"name": "a b"}), "name"),
        (json!({"key_schema": [key("S", "id", "RANGE")]}), "key_schema"),
        (json!({"provisioned_throughput": null}), "provisioned_throughput"),
        (json!({"billing_mode": "PAY_PER_REQUEST"}), "provisioned_throughput"),
        (
            json!({"global_secondary_indexes": [{"index_name": "by", "key_schema": [
                key("N", "id", "HASH")], "provisioned_throughput": units(1)}]}),
            "global_secondary_indexes.0.key_schema",
        ),
        (
            json!({"global_secondary_indexes": [{"index_name": "by", "key_schema": [
                key("S", "a", "HASH")]}]}),
            "global_secondary_indexes.0.provisioned_throughput",
        ),
        (
            json!({"stream_specification": {"stream_enabled": true}}),
            "stream_specification.stream_view_type",
        ),
        (
            json!({"time_to_live_specification": {"enabled": true}}),
            "time_to_live_specification.attribute_name",
        ),
        (
            json!({"point_in_time_recovery_specification": {
                "point_in_time_recovery_enabled": true, "recovery_period_in_days": 36}}),
            "point_in_time_recovery_specification.recovery_period_in_days",
        ),
        (
            json!({"sse_specification": {"enabled": true, "kms_master_key_id": "alias/mine"}}),
            "sse_specification.kms_master_key_id",
        ),
    ];
    for (more, path) in cases {
        let told: Vec<_> = table(more.clone()).validate().into_iter().map(|p| p.path).collect();
        let expected: Vec<String> = if path.is_empty() { vec![] } else { vec![path.into()] };
        assert_eq!(told, expected, "{more}");
    }
}
