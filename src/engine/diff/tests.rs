//! What differs, and what does not.

use super::*;
use crate::stack::value::unknown_placeholder;
use serde_json::json;
use std::collections::BTreeSet;

fn schema() -> Json {
    json!({
        "properties": {
            "name": {"type": "string", "x-immutable": true},
            "days": {"type": ["integer", "null"]},
            "ports": {"type": "array", "uniqueItems": true, "x-late": true, "items": {
                "type": "object", "properties": {
                    "port": {"type": "integer"}, "note": {"type": ["string", "null"]}}}},
            "routes": {"type": "array", "x-key": ["to"], "items": {
                "type": "object", "properties": {"to": {"type": "string"}, "via": {"type": "string"}}}},
            "order": {"type": "array", "items": {"type": "string"}},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "secret": {"type": "string", "x-sensitive": true},
            "sent": {"type": "string", "x-write-only": true},
            "parts": {"type": "array", "x-key": ["name"], "x-whole": true, "items": {
                "type": "object", "properties": {"name": {"type": "string"},
                    "user": {"type": "string"}, "more": {"type": "object", "properties": {}},
                    "sent": {"type": "string", "x-write-only": true}}}}
        }
    })
}

fn paths(live: &Json, want: &Json) -> Vec<(String, Json, Json)> {
    let schema = schema();
    diff(SchemaView::new(&schema), live, want)
        .into_iter()
        .map(|c| {
            let after = match c.after {
                After::Known(v) => v,
                After::Unknown(refs) => json!({ "unknown": refs }),
            };
            (c.path, c.before, after)
        })
        .collect()
}

#[test]
fn what_is_not_given_is_not_compared() {
    let live = json!({"name": "a", "days": 3, "map": {"x": "1"}});
    assert!(paths(&live, &json!({"name": "a"})).is_empty());
    assert!(paths(&live, &json!({"name": "a", "days": null})).is_empty());
    assert_eq!(paths(&live, &json!({"days": 7})), [("days".into(), json!(3), json!(7))]);
}

#[test]
fn sets_match_elements_whatever_their_order_and_extra_fields() {
    let live = json!({"ports": [{"port": 1, "note": "by hand"}, {"port": 2}, {"port": 3}]});
    assert!(paths(&live, &json!({"ports": [{"port": 3}, {"port": 1}, {"port": 2}]})).is_empty());
    assert_eq!(
        paths(&live, &json!({"ports": [{"port": 1}, {"port": 4}]})),
        [
            ("ports".into(), json!({"port": 2}), Json::Null),
            ("ports".into(), json!({"port": 3}), Json::Null),
            ("ports".into(), Json::Null, json!({"port": 4})),
        ]
    );
}

#[test]
fn a_loose_element_does_not_take_the_match_of_a_strict_one() {
    let live = json!({"ports": [{"port": 1, "note": "a"}, {"port": 1, "note": "b"}]});
    let want = json!({"ports": [{"port": 1}, {"port": 1, "note": "a"}]});
    assert!(paths(&live, &want).is_empty());
}

#[test]
fn keyed_elements_change_in_place_and_maps_are_whole() {
    let live = json!({"routes": [{"to": "0/0", "via": "a"}], "map": {"x": "1", "y": "2"}});
    let want = json!({"routes": [{"to": "0/0", "via": "b"}], "map": {"x": "1"}});
    assert_eq!(
        paths(&live, &want),
        [
            ("map.y".into(), json!("2"), Json::Null),
            ("routes[0/0].via".into(), json!("a"), json!("b")),
        ]
    );
}

#[test]
fn lists_are_ordered_and_unknowns_always_differ() {
    let unknown = unknown_placeholder(&BTreeSet::from(["vpc.main.id".to_owned()]));
    let live = json!({"order": ["a", "b"], "name": "vpc-1"});
    let want = json!({"order": ["b", "a"], "name": unknown});
    assert_eq!(
        paths(&live, &want),
        [
            ("name".into(), json!("vpc-1"), json!({"unknown": ["vpc.main.id"]})),
            ("order[0]".into(), json!("a"), json!("b")),
            ("order[1]".into(), json!("b"), json!("a")),
        ]
    );
}

#[test]
fn what_is_left_out_of_a_whole_is_none() {
    let live = json!({"parts": [{"name": "a", "user": "1", "more": {"deep": 1}}]});
    assert_eq!(
        paths(&live, &json!({"parts": [{"name": "a", "more": {}, "sent": "x"}]})),
        [
            ("parts[a].more.deep".into(), json!(1), Json::Null),
            ("parts[a].user".into(), json!("1"), Json::Null),
        ]
    );
    let now = json!({"parts": [{"name": "a"}]});
    assert_eq!(
        paths(&now, &json!({"parts": [{"name": "a", "user": "1"}]})),
        [("parts[a].user".into(), Json::Null, json!("1"))]
    );
}

#[test]
fn marks_come_from_the_schema() {
    let schema = schema();
    let live = json!({"name": "a", "secret": "s", "sent": "x", "ports": []});
    let want = json!({"name": "b", "secret": "t", "sent": "y", "ports": [{"port": 1}]});
    let found = diff(SchemaView::new(&schema), &live, &want);
    let marks: Vec<_> = found
        .iter()
        .map(|c| (c.path.as_str(), c.forces_replacement, c.late, c.sensitive))
        .collect();
    assert_eq!(
        marks,
        [
            ("name", true, false, false),
            ("ports", false, true, false),
            ("secret", false, false, true)
        ]
    );
}
