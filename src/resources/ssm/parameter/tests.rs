use super::*;
use crate::resources::tests::World;
use serde_json::{Value as Json, json};

const TYPE: &str = SsmParameter::TYPE;

#[tokio::test]
async fn a_parameter_lives_and_dies() {
    let world = World::sandbox().await;
    let mut spec = json!({ "name": "/dev/level", "type": "String", "value": "info" });
    let (live, updates) = world.apply(TYPE, "level", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), ("/dev/level", 0));
    assert_eq!(live.out["arn"], "arn:aws:ssm:eu-west-1:123456789012:parameter/dev/level");
    assert_eq!(world.find(TYPE, "level").await.as_ref(), Some(&live));
    spec["value"] = json!("debug");
    spec["description"] = json!("how much is logged");
    spec["tier"] = json!("Advanced");
    let (live, updates) = world.apply(TYPE, "level", spec.clone()).await;
    assert_eq!((&live.out["version"], updates), (&json!(2), 1));
    // What a change leaves out stays.
    let less = json!({ "name": "/dev/level", "type": "String", "value": "warn" });
    let (live, _) = world.apply(TYPE, "level", less).await;
    assert_eq!(live.spec["description"], "how much is logged");
    assert_eq!(live.spec["tier"], "Advanced");
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler(TYPE);
    handler.tag(&world.cx, &live, &set, &["infra:resource".to_owned()]).await.unwrap();
    let now = world.by_id(TYPE, &live.id).await.unwrap();
    assert_eq!(now.tags.get("team").map(String::as_str), Some("shop"));
    assert!(!now.tags.contains_key("infra:resource"));
    handler.delete(&world.cx, &live).await.unwrap();
    assert!(world.by_id(TYPE, &live.id).await.is_none());
}

#[tokio::test]
async fn a_secure_value_is_compared_and_its_key_is_ours() {
    let world = World::sandbox().await;
    let (key, _) = world.apply("kms_key", "main", json!({})).await;
    let spec = json!({ "name": "token", "type": "SecureString", "secure_value": "hunter2",
        "key_id": key.id });
    let (live, updates) = world.apply(TYPE, "token", spec.clone()).await;
    assert_eq!((&live.spec["secure_value"], updates), (&json!("hunter2"), 0));
    assert_eq!(live.spec["value"], Json::Null);
    let handler = world.handler(TYPE);
    assert!(handler.entry().spec().property("secure_value").unwrap().is_sensitive());
    let mut other = spec;
    other["secure_value"] = json!("hunter3");
    assert_eq!(world.apply(TYPE, "token", other).await.1, 1);
    // A name without a slash is found by its ARN as well.
    world.delete(TYPE, "token").await;
}

#[tokio::test]
async fn many_are_read_with_few_calls_and_none_costs_none() {
    let world = World::sandbox().await;
    world.sandbox.clear_calls();
    assert!(world.owned(TYPE, &[]).await.is_empty());
    let operations = || {
        let calls = world.sandbox.calls();
        calls.into_iter().map(|call| call.operation).collect::<Vec<_>>()
    };
    assert_eq!(operations(), ["GetResources"]);
    for n in 0..12 {
        let name = format!("/dev/{n}");
        let spec = json!({ "name": name, "type": "String", "value": "v" });
        world.apply(TYPE, &format!("p{n}"), spec).await;
    }
    world.sandbox.clear_calls();
    assert_eq!(world.owned(TYPE, &[]).await.len(), 12);
    let mut seen = operations();
    seen.sort();
    assert_eq!(seen, ["DescribeParameters", "GetParameters", "GetParameters", "GetResources"]);
}

#[test]
fn a_type_and_its_value_fit() {
    let registry = crate::resources::registry();
    let handler = registry.get(TYPE).unwrap();
    let case = |more: Json| {
        let mut spec = json!({ "name": "a", "type": "String" });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let spec = handler.normalize(&spec).unwrap();
        let problems = handler.validate(&spec);
        problems.into_iter().map(|p| p.path).collect::<Vec<_>>()
    };
    assert_eq!(case(json!({ "value": "v" })), [""; 0]);
    assert_eq!(case(json!({})), ["value"]);
    assert_eq!(case(json!({ "secure_value": "v" })), ["secure_value"]);
    assert_eq!(case(json!({ "type": "SecureString", "value": "v" })), ["value"]);
    assert_eq!(case(json!({ "type": "SecureString" })), ["secure_value"]);
    assert_eq!(case(json!({ "value": "v", "key_id": "alias/a" })), ["key_id"]);
    for name in ["a b", "a/b", "/aws/a"] {
        assert_eq!(case(json!({ "value": "v", "name": name })), ["name"], "{name}");
    }
}
