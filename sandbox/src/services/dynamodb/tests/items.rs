//! Items and expressions.

use super::{Lab, attributes, index, item, named, on_demand};
use serde_json::{Value, json};

/// A lease: taken when nobody has it or it has run out, kept by its owner, let go by its owner.
#[test]
fn a_lease_is_taken_kept_and_let_go() {
    let lab = Lab::with(json!({}));
    let take = |owner: &str, now: i64| {
        let mut lease = item("lock", "-");
        lease["owner"] = json!({"S": owner});
        lease["expires"] = json!({"N": (now + 60).to_string()});
        named(json!({"Item": lease,
            "ConditionExpression":
                "attribute_not_exists(customer) OR expires < :now OR #owner = :me",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues":
                {":now": {"N": now.to_string()}, ":me": {"S": owner}}}))
    };
    lab.ok("PutItem", take("a", 100));
    assert_eq!(lab.no("PutItem", take("b", 120)).code, "ConditionalCheckFailedException");
    lab.ok("PutItem", take("a", 120));
    let beat = |owner: &str| {
        named(json!({"Key": item("lock", "-"), "ReturnValues": "UPDATED_NEW",
            "UpdateExpression": "SET expires = expires + :more, beats = if_not_exists(beats, :none) + :one",
            "ConditionExpression": "#owner = :me AND NOT attribute_not_exists(expires)",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":me": {"S": owner}, ":more": {"N": "60"},
                ":none": {"N": "0"}, ":one": {"N": "1"}}}))
    };
    let told = lab.ok("UpdateItem", beat("a"));
    assert_eq!(told["Attributes"], json!({"expires": {"N": "240"}, "beats": {"N": "1"}}));
    assert_eq!(lab.no("UpdateItem", beat("b")).code, "ConditionalCheckFailedException");
    let release = |owner: &str| {
        named(json!({"Key": item("lock", "-"), "ConditionExpression": "#owner = :me",
            "ExpressionAttributeNames": {"#owner": "owner"}, "ReturnValues": "ALL_OLD",
            "ExpressionAttributeValues": {":me": {"S": owner}}}))
    };
    assert_eq!(lab.no("DeleteItem", release("b")).code, "ConditionalCheckFailedException");
    assert_eq!(lab.ok("DeleteItem", release("a"))["Attributes"]["beats"], json!({"N": "1"}));
    assert_eq!(lab.ok("GetItem", named(json!({"Key": item("lock", "-")}))), json!({"Item": null}));
    lab.ok("PutItem", take("b", 130));
}

#[test]
fn conditions_are_read_as_dynamodb_reads_them() {
    let lab = Lab::with(json!({}));
    let mut there = item("c", "t");
    there["n"] = json!({"N": "5"});
    there["words"] = json!({"S": "hello"});
    there["tags"] = json!({"SS": ["red", "blue"]});
    there["deep"] = json!({"M": {"entries": {"L": [{"N": "1"}, {"S": "x"}]}}});
    lab.ok("PutItem", named(json!({"Item": there})));
    let holds = |condition: &str| {
        let all = json!({":five": {"N": "5.0"}, ":low": {"N": "-1"}, ":high": {"N": "1e2"},
            ":he": {"S": "he"}, ":red": {"S": "red"}, ":kind": {"S": "N"}, ":x": {"S": "x"}});
        let used: serde_json::Map<String, Value> = all
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| condition.contains(name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut input = named(json!({"FilterExpression": condition, "Select": "COUNT"}));
        if !used.is_empty() {
            input["ExpressionAttributeValues"] = Value::Object(used);
        }
        lab.ok("Scan", input)["Count"] == 1
    };
    for condition in [
        "n = :five",
        "n <> :low and n >= :five AND n <= :five",
        "n BETWEEN :low AND :high",
        "NOT n IN (:low, :high)",
        "n IN (:low, :five)",
        "begins_with(words, :he) AND contains(words, :he)",
        "contains(tags, :red)",
        "attribute_type(n, :kind)",
        "attribute_exists(deep.entries[1]) AND deep.entries[1] = :x",
        "size(tags) < :five AND (nowhere = :five OR size(words) = :five)",
        "nowhere <> :five",
        "attribute_not_exists(deep.entries[2])",
    ] {
        assert!(holds(condition), "{condition}");
    }
    for condition in
        ["n < :low", "words > :five", "nowhere < :five", "n = :five AND NOT n = :five OR n < :low"]
    {
        assert!(!holds(condition), "{condition}");
    }
}

#[test]
fn updates_change_what_they_name() {
    let lab = Lab::with(json!({}));
    let update = |expression: &str, values: Value| {
        let mut input = named(json!({"Key": item("c", "t"), "UpdateExpression": expression,
            "ReturnValues": "ALL_NEW"}));
        if values != json!({}) {
            input["ExpressionAttributeValues"] = values;
        }
        let mut told = lab.ok("UpdateItem", input)["Attributes"].clone();
        for key in ["customer", "at"] {
            told.as_object_mut().unwrap().remove(key);
        }
        told
    };
    let one = json!({":a": {"L": [{"N": "1"}]}, ":m": {"M": {}}, ":s": {"SS": ["a", "b"]}});
    let made = update("SET entries = :a, deep = :m ADD tags :s", one.clone());
    assert_eq!(made, json!({"entries": one[":a"], "deep": one[":m"], "tags": one[":s"]}));
    let more = json!({":b": {"L": [{"N": "2"}]}, ":v": {"S": "v"}, ":s": {"SS": ["b"]}});
    let told = update("SET deep.x = :v, entries = list_append(entries, :b) DELETE tags :s", more);
    assert_eq!(
        told,
        json!({"entries": {"L": [{"N": "1"}, {"N": "2"}]},
        "deep": {"M": {"x": {"S": "v"}}}, "tags": {"SS": ["a"]}})
    );
    let told = update("REMOVE entries[0], deep.x ADD hits :n", json!({":n": {"N": "3"}}));
    assert_eq!(
        told,
        json!({"entries": {"L": [{"N": "2"}]}, "deep": {"M": {}},
        "tags": {"SS": ["a"]}, "hits": {"N": "3"}})
    );
    let told =
        update("SET hits = hits - :n REMOVE entries, deep, tags", json!({":n": {"N": "0.5"}}));
    assert_eq!(told, json!({"hits": {"N": "2.5"}}));
}

#[test]
fn queries_and_scans_go_by_pages() {
    let mut more = on_demand();
    let mut by_id = index("by-id", "id");
    by_id.as_object_mut().unwrap().remove("ProvisionedThroughput");
    by_id["Projection"] = json!({"ProjectionType": "KEYS_ONLY"});
    more["GlobalSecondaryIndexes"] = json!([by_id]);
    more["AttributeDefinitions"] = attributes(&["customer", "at", "id"]);
    let lab = Lab::with(more);
    for at in ["1", "3", "2"] {
        let mut one = item("c", at);
        one["price"] = json!({"N": "1"});
        if at == "3" {
            one["id"] = json!({"S": "x"});
        }
        lab.ok("PutItem", named(json!({"Item": one})));
    }
    lab.ok("PutItem", named(json!({"Item": item("d", "1")})));
    let count = |told: &Value| told["Items"].as_array().unwrap().len();
    let first = lab.ok("Scan", named(json!({"Limit": 3})));
    let rest = named(json!({"ExclusiveStartKey": first["LastEvaluatedKey"]}));
    assert_eq!((count(&first), count(&lab.ok("Scan", rest))), (3, 1));
    let query = |more: Value| {
        let mut input = named(json!({"KeyConditionExpression": "customer = :c",
            "ExpressionAttributeValues": {":c": {"S": "c"}}}));
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = lab.ok("Query", input);
        let at = |item: &Value| item["at"]["S"].as_str().unwrap().to_owned();
        told["Items"].as_array().unwrap().iter().map(at).collect::<Vec<_>>()
    };
    assert_eq!(query(json!({})), ["1", "2", "3"]);
    assert_eq!(query(json!({"ScanIndexForward": false, "Limit": 2})), ["3", "2"]);
    let from = json!({"KeyConditionExpression": "customer = :c AND #at BETWEEN :a AND :b",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": {":c": {"S": "c"}, ":a": {"S": "2"}, ":b": {"S": "9"}}});
    assert_eq!(query(from), ["2", "3"]);
    let told = lab.ok(
        "Query",
        named(json!({"IndexName": "by-id",
        "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "x"}}})),
    );
    assert_eq!(
        told["Items"],
        json!([{"customer": {"S": "c"}, "at": {"S": "3"}, "id": {"S": "x"}}])
    );
}
