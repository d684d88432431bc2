use super::*;
use crate::resources::tests::World;
use serde_json::{Value as Json, json};

const TYPE: &str = SecretsmanagerSecret::TYPE;

async fn value(world: &World, id: &str) -> String {
    let found = world.cx.secretsmanager().get_secret_value().secret_id(id).send().await.unwrap();
    found.secret_string.unwrap()
}

fn operations(world: &World) -> Vec<String> {
    world.sandbox.calls().into_iter().map(|call| call.operation).collect()
}

#[tokio::test]
async fn a_secret_lives_and_is_had_back() {
    let world = World::sandbox().await;
    let (key, _) = world.apply("kms_key", "main", json!({})).await;
    let mut spec = json!({ "name": "dev/db", "secret_string": "hunter2",
        "secret_string_version": 1, "recovery_window_in_days": 7 });
    let (live, updates) = world.apply(TYPE, "db", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), ("dev/db", 0));
    assert!(!serde_json::to_string(&live).unwrap().contains("hunter2"));
    assert_eq!(world.find(TYPE, "db").await.as_ref(), Some(&live));
    // Another value alone is not seen; with another version it is set.
    spec["secret_string"] = json!("hunter3");
    assert_eq!(world.apply(TYPE, "db", spec.clone()).await.1, 0);
    assert_eq!(value(&world, "dev/db").await, "hunter2");
    spec["secret_string_version"] = json!(2);
    spec["kms_key_id"] = json!(key.id);
    spec["description"] = json!("of the database");
    let root = json!({ "AWS": "123456789012" });
    spec["resource_policy"] = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": root, "Action": "secretsmanager:GetSecretValue", "Resource": "*" }] });
    let (changed, updates) = world.apply(TYPE, "db", spec.clone()).await;
    assert_eq!((updates, value(&world, "dev/db").await.as_str()), (1, "hunter3"));
    assert_ne!(changed.out["version_id"], live.out["version_id"]);
    world.delete(TYPE, "db").await;
    // The name is taken; it is the same secret again, with the value that is given.
    spec["secret_string"] = json!("hunter4");
    let (back, _) = world.apply(TYPE, "db", spec).await;
    assert_eq!(back.out["arn"], live.out["arn"]);
    assert_eq!(value(&world, "dev/db").await, "hunter4");
}

#[tokio::test]
async fn a_value_is_made_up_or_left_to_others() {
    let world = World::sandbox().await;
    let generate = json!({ "password_length": 20, "exclude_punctuation": true });
    let spec = json!({ "name": "made", "generate_secret_string": generate });
    world.apply(TYPE, "made", spec.clone()).await;
    let made = value(&world, "made").await;
    assert_eq!((made.len(), made.chars().all(char::is_alphanumeric)), (20, true));
    // Restored, it keeps its value.
    world.delete(TYPE, "made").await;
    world.apply(TYPE, "made", spec).await;
    assert_eq!(value(&world, "made").await, made);
    let within = json!({ "name": "within", "generate_secret_string": {
        "secret_string_template": "{\"user\":\"app\"}", "generate_string_key": "password" } });
    world.apply(TYPE, "within", within).await;
    let object: Json = serde_json::from_str(&value(&world, "within").await).unwrap();
    assert_eq!((&object["user"], object["password"].as_str().unwrap().len()), (&json!("app"), 32));
    let (empty, _) = world.apply(TYPE, "empty", json!({ "name": "empty" })).await;
    assert_eq!(empty.out["version_id"], Json::Null);
}

#[tokio::test]
async fn without_a_window_it_is_gone_at_once_and_says_what_is_lost() {
    let world = World::sandbox().await;
    let spec = json!({ "name": "db", "secret_string": "a", "recovery_window_in_days": 0 });
    let (live, _) = world.apply(TYPE, "db", spec.clone()).await;
    let holds = world.handler(TYPE).holds(&world.cx, &live).await.unwrap();
    assert_eq!(holds.data.as_deref(), Some("its value, without a recovery window"));
    world.delete(TYPE, "db").await;
    let (again, _) = world.apply(TYPE, "db", spec.clone()).await;
    assert_ne!(again.out["arn"], live.out["arn"]);
    let mut spec = spec;
    spec["recovery_window_in_days"] = json!(7);
    let (live, _) = world.apply(TYPE, "db", spec).await;
    let holds = world.handler(TYPE).holds(&world.cx, &live).await.unwrap();
    assert_eq!(holds.data, None);
}

#[tokio::test]
async fn a_deleted_secret_of_others_is_one_clear_error() {
    let world = World::sandbox().await;
    let secrets = world.cx.secretsmanager();
    secrets.create_secret().name("db").secret_string("theirs").send().await.unwrap();
    secrets.delete_secret().secret_id("db").send().await.unwrap();
    let handler = world.handler(TYPE);
    let spec = handler.normalize(&json!({ "name": "db", "secret_string": "hunter2" })).unwrap();
    let tags = world.tags(TYPE, "db");
    let with = Creation { tags: &tags, token: "token" };
    let error = handler.create(&world.cx, &spec, with).await.unwrap_err();
    assert!(error.message.contains("waits for its deletion"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn no_plan_reads_a_value_and_none_costs_nothing() {
    let world = World::sandbox().await;
    world.sandbox.clear_calls();
    assert!(world.owned(TYPE, &[]).await.is_empty());
    assert_eq!(operations(&world), ["GetResources"]);
    let spec = json!({ "name": "db", "secret_string": "hunter2" });
    world.apply(TYPE, "db", spec).await;
    world.sandbox.clear_calls();
    assert_eq!(world.owned(TYPE, &["db".to_owned()]).await.len(), 1);
    assert_eq!(operations(&world), ["GetResources", "DescribeSecret", "GetResourcePolicy"]);
}

#[test]
fn rules_between_fields_are_told() {
    let registry = crate::resources::registry();
    let handler = registry.get(TYPE).unwrap();
    let view = handler.entry().spec().property("secret_string").unwrap();
    assert!(view.is_sensitive() && view.is_write_only());
    let cases = [
        (json!({ "name": "a b" }), "name"),
        (json!({ "name": "a", "recovery_window_in_days": 1 }), "recovery_window_in_days"),
        (json!({ "name": "a", "secret_string": "" }), "secret_string"),
        (
            json!({ "name": "a", "secret_string": "b", "generate_secret_string": {} }),
            "generate_secret_string",
        ),
        (
            json!({ "name": "a", "generate_secret_string": { "generate_string_key": "b" } }),
            "generate_secret_string.secret_string_template",
        ),
        (
            json!({ "name": "a", "generate_secret_string": { "generate_string_key": "b",
                "secret_string_template": "c" } }),
            "generate_secret_string.secret_string_template",
        ),
    ];
    for (spec, path) in cases {
        let spec = handler.normalize(&spec).unwrap();
        let problems = handler.validate(&spec);
        assert_eq!(problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), [path], "{spec}");
    }
}
