//! Roles through their lives.

use super::World;
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_role_lives_and_dies() {
    let (world, name) = (World::sandbox().await, "task");
    let managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let mut spec = json!({
        "name": name, "description": "runs tasks", "max_session_duration": 7200,
        "assume_role_policy_document": trust("ecs-tasks.amazonaws.com"),
        "inline_policies": { "table": allow("dynamodb:GetItem"), "queue": allow("sqs:SendMessage") },
        "managed_policy_arns": [managed],
    });
    let (live, updates) = world.apply("iam_role", "task", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), (name, 1));
    assert!(live.out["arn"].as_str().unwrap().ends_with(&format!(":role/{name}")));
    // The bulk reading and the reading of one say the same.
    let bulk = world.find("iam_role", "task").await.unwrap();
    assert_eq!(bulk, live);
    spec["description"] = json!("runs all tasks");
    spec["assume_role_policy_document"] = json!(trust("ec2.amazonaws.com").to_string());
    spec["inline_policies"] = json!({ "table": allow("dynamodb:PutItem") });
    spec["managed_policy_arns"] = json!([]);
    let (live, updates) = world.apply("iam_role", "task", spec.clone()).await;
    assert_eq!(updates, 1);
    assert_eq!(live.spec["max_session_duration"], 7200, "what is not changed stays");
    assert_eq!(live.spec["inline_policies"].as_object().unwrap().len(), 1);
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler("iam_role");
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    let live = world.by_id("iam_role", name).await.unwrap();
    assert_eq!(live.tags["team"], "shop");
    world.delete("iam_role", "task").await;
}

#[tokio::test]
async fn a_role_of_others_is_read_by_name() {
    let world = World::sandbox().await;
    let boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let tag = aws_sdk_iam::types::Tag::builder().key("team").value("shop").build().unwrap();
    let call = world.cx.iam().create_role().role_name("deployer").path("/ci/").description("CI");
    let call = call.permissions_boundary(boundary).max_session_duration(7200).tags(tag);
    let made = call.assume_role_policy_document(trust("ec2.amazonaws.com").to_string());
    let made = made.send().await.unwrap().role.unwrap();
    let plain = world.cx.iam().create_role().role_name("plain");
    let plain = plain.assume_role_policy_document(trust("ec2.amazonaws.com").to_string());
    plain.send().await.unwrap();
    let reader = &world.registry.data["iam_role"];
    let read = |name: &str| reader.normalize(&json!({ "name": name })).unwrap();
    assert_eq!(
        reader.read(&world.cx, &read("deployer")).await.unwrap(),
        [json!({
            "id": "deployer", "arn": made.arn, "role_id": made.role_id, "path": "/ci/",
            "description": "CI", "max_session_duration": 7200, "permissions_boundary": boundary,
            "tags": { "team": "shop" },
        })]
    );
    assert!(made.arn.ends_with(":role/ci/deployer"));
    let plain = reader.read(&world.cx, &read("plain")).await.unwrap().remove(0);
    assert_eq!((&plain["path"], &plain["max_session_duration"]), (&json!("/"), &json!(3600)));
    assert_eq!((&plain["description"], &plain["tags"]), (&Json::Null, &json!({})));
    assert_eq!(reader.read(&world.cx, &read("none")).await.unwrap(), Vec::<Json>::new());
}

fn trust(service: &str) -> Json {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
            "Action": "sts:AssumeRole", "Principal": { "Service": service } }] })
}

fn allow(action: &str) -> Json {
    json!({ "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": [action], "Resource": "*" }] })
}

#[tokio::test]
async fn a_session_length_that_is_not_managed_stays() {
    let world = World::sandbox().await;
    let mut spec = json!({ "name": "task", "description": "one", "max_session_duration": 7200,
        "assume_role_policy_document": trust("ecs-tasks.amazonaws.com") });
    world.apply("iam_role", "task", spec.clone()).await;
    spec.as_object_mut().unwrap().remove("max_session_duration");
    spec["description"] = json!("two");
    let (live, updates) = world.apply("iam_role", "task", spec).await;
    assert_eq!(updates, 1);
    assert_eq!(live.spec["max_session_duration"], 7200);
}

#[tokio::test]
async fn a_role_of_somebody_else_is_found_by_its_name() {
    let world = World::sandbox().await;
    let document = trust("ecs-tasks.amazonaws.com").to_string();
    let call = world.cx.iam().create_role().role_name("theirs");
    call.assume_role_policy_document(document).send().await.unwrap();
    let found = world.owned("iam_role", &["theirs".to_owned()]).await;
    assert_eq!((found.len(), found[0].tags.len()), (1, 0));
    assert_eq!(world.owned("iam_role", &[]).await, []);
}

#[tokio::test]
async fn an_instance_profile_of_somebody_else_holds_a_role() {
    let world = World::sandbox().await;
    let spec = json!({ "name": "host", "assume_role_policy_document": trust("ec2.amazonaws.com") });
    let (live, _) = world.apply("iam_role", "host", spec).await;
    let iam = world.cx.iam();
    iam.create_instance_profile().instance_profile_name("theirs").send().await.unwrap();
    let call = iam.add_role_to_instance_profile().instance_profile_name("theirs");
    call.role_name("host").send().await.unwrap();
    let handler = world.handler("iam_role");
    let error = handler.delete(&world.cx, &live).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("DeleteConflict"));
    let held = handler.blockers(&world.cx, &live).await.unwrap();
    assert_eq!(held[0].what, "instance profile theirs");
}
