use super::*;
use crate::resources::tests::World;
use serde_json::{Value as Json, json};

const TYPE: &str = KmsKey::TYPE;

fn states(world: &World) -> Vec<String> {
    let state = world.sandbox.state();
    let keys = state["regions"]["eu-west-1"]["kms"]["keys"].as_object().cloned().unwrap();
    let pending = |key: &Json| if key["deletion"].is_null() { "there" } else { "pending" };
    keys.values().map(|key| pending(key).to_owned()).collect()
}

#[tokio::test]
async fn a_key_lives_and_waits_for_its_deletion() {
    let world = World::sandbox().await;
    let mut spec = json!({ "description": "orders", "aliases": ["alias/dev-orders"],
        "enable_key_rotation": true, "rotation_period_in_days": 90, "pending_window_in_days": 7 });
    let (live, updates) = world.apply(TYPE, "orders", spec.clone()).await;
    assert_eq!(updates, 1, "rotation and alias follow the creating call");
    assert_eq!(live.out["arn"], live.id);
    assert_eq!(world.find(TYPE, "orders").await.as_ref(), Some(&live));
    // Everything changes at once, a rotation off and on again with the key disabled.
    spec["enabled"] = json!(false);
    spec["aliases"] = json!(["alias/dev-orders-2"]);
    spec["description"] = json!("more");
    let (live, _) = world.apply(TYPE, "orders", spec.clone()).await;
    assert_eq!(live.spec["aliases"], json!(["alias/dev-orders-2"]));
    spec["enable_key_rotation"] = json!(false);
    spec.as_object_mut().unwrap().remove("rotation_period_in_days");
    spec["pending_window_in_days"] = json!(8);
    let (live, updates) = world.apply(TYPE, "orders", spec).await;
    assert_eq!((&live.spec["enabled"], updates), (&json!(false), 1));
    world.delete(TYPE, "orders").await;
    assert_eq!(states(&world), ["pending"]);
    let window = &world.sandbox.state()["regions"]["eu-west-1"]["kms"]["keys"];
    assert_eq!(window.as_object().unwrap().values().next().unwrap()["deletion"]["days"], 8);
    // A new one may have the alias of the one that waits.
    let again = json!({ "aliases": ["alias/dev-orders-2"] });
    let (new, _) = world.apply(TYPE, "orders", again).await;
    assert_ne!(new.id, live.id);
}

#[tokio::test]
async fn a_policy_has_one_spelling() {
    let world = World::sandbox().await;
    let statement = |principal: Json, action: Json| {
        json!({ "policy": { "Version": "2012-10-17", "Statement": { "Effect": "Allow",
            "Principal": { "AWS": principal }, "Action": action, "Resource": "*" } } })
    };
    let root = json!("arn:aws:iam::123456789012:root");
    let (_, updates) = world.apply(TYPE, "a", statement(root, json!(["kms:*"]))).await;
    assert_eq!(updates, 0);
    let same = statement(json!(["123456789012"]), json!("kms:*"));
    assert_eq!(world.apply(TYPE, "a", same).await.1, 0);
    let other = statement(json!("123456789012"), json!(["kms:Encrypt", "kms:Put*"]));
    assert_eq!(world.apply(TYPE, "a", other).await.1, 1);
}

#[tokio::test]
async fn a_type_that_nobody_uses_costs_no_call_of_its_own() {
    let world = World::sandbox().await;
    world.sandbox.clear_calls();
    assert!(world.owned(TYPE, &[]).await.is_empty());
    let calls: Vec<_> = world.sandbox.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["GetResources"]);
}

#[tokio::test]
async fn a_key_that_the_index_does_not_know_yet_is_found_where_one_is_wanted() {
    let world = World::sandbox().await;
    let (live, _) = world.apply(TYPE, "new", json!({})).await;
    let workspaces = [crate::resources::tests::WORKSPACE.to_owned()];
    let names = ["key".to_owned(), "other".to_owned()];
    let want = Want::Owned { workspaces: &workspaces, names: &names };
    let found = super::read::list(&world.cx, want).await.unwrap();
    assert_eq!(found.iter().map(|key| &key.id).collect::<Vec<_>>(), [&live.id]);
}

#[tokio::test]
async fn an_alias_of_others_is_not_taken() {
    let world = World::sandbox().await;
    let (first, _) = world.apply(TYPE, "first", json!({ "aliases": ["alias/a"] })).await;
    let handler = world.handler(TYPE);
    let (second, _) = world.apply(TYPE, "second", json!({})).await;
    let spec = handler.normalize(&json!({ "aliases": ["alias/a"] })).unwrap();
    let changed = Changed(["aliases".to_owned()].into());
    let error = handler.update(&world.cx, &second, &spec, &changed).await.unwrap_err();
    assert_eq!(error.message, format!("alias/a leads to another key, {}", first.id));
}

#[test]
fn rules_between_fields_are_told() {
    let handler = crate::resources::registry();
    let handler = handler.get(TYPE).unwrap();
    let cases = [
        (json!({ "aliases": ["orders"] }), "aliases"),
        (json!({ "aliases": ["alias/aws/orders"] }), "aliases"),
        (json!({ "rotation_period_in_days": 365 }), "rotation_period_in_days"),
        (
            json!({ "enable_key_rotation": true, "rotation_period_in_days": 30 }),
            "rotation_period_in_days",
        ),
        (json!({ "pending_window_in_days": 6 }), "pending_window_in_days"),
        (json!({ "key_spec": "RSA_2048" }), "key_usage"),
        (
            json!({ "key_spec": "HMAC_256", "key_usage": "GENERATE_VERIFY_MAC",
                    "enable_key_rotation": true }),
            "enable_key_rotation",
        ),
    ];
    for (spec, path) in cases {
        let spec = handler.normalize(&spec).unwrap();
        let problems = handler.validate(&spec);
        assert_eq!(problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), [path], "{spec}");
    }
}
