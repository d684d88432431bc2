//! Clusters, task definitions and account settings through their lives.

use super::World;
use crate::engine::diff;
use crate::sandbox::{Calls, Effect, Fault};
use serde_json::{Value as Json, json};

const CLUSTER: &str = "ecs_cluster";
const DEFINITION: &str = "ecs_task_definition";

/// A definition of one container, and what else it says.
pub(super) fn definition(family: &str, more: &Json) -> Json {
    let mut spec = json!({
        "family": family,
        "container_definitions": [{ "name": "app", "image": "busybox:1", "memory": 64 }],
    });
    if let (Json::Object(spec), Json::Object(more)) = (&mut spec, more) {
        spec.extend(more.clone());
    }
    spec
}

#[tokio::test]
async fn a_cluster_lives_and_dies() {
    let (world, name) = (World::sandbox().await, "lives");
    let settings = |value: &str| json!([{ "name": "containerInsights", "value": value }]);
    let mut spec = json!({ "name": name, "settings": settings("disabled") });
    let (live, updates) = world.apply(CLUSTER, "main", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), (name, 0));
    assert!(live.out["arn"].as_str().unwrap().ends_with(":cluster/lives"));
    assert_eq!(world.find(CLUSTER, "main").await.as_ref(), Some(&live), "in bulk as by name");
    spec["settings"] = settings("enabled");
    spec["configuration"] = json!({ "execute_command_configuration": { "logging": "NONE" } });
    let (_, updates) = world.apply(CLUSTER, "main", spec.clone()).await;
    assert_eq!(updates, 1, "both in one call");
    // AWS's own two need no group.
    spec["capacity_providers"] = json!(["FARGATE", "FARGATE_SPOT"]);
    spec["default_capacity_provider_strategy"] =
        json!([{ "capacity_provider": "FARGATE", "weight": 1, "base": 1 }]);
    let (live, updates) = world.apply(CLUSTER, "main", spec.clone()).await;
    assert_eq!(updates, 1);
    assert_eq!(live.spec["default_capacity_provider_strategy"][0]["base"], 1);
    // Without a word on the strategy, what is left of it stays.
    spec.as_object_mut().unwrap().remove("default_capacity_provider_strategy");
    spec["capacity_providers"] = json!(["FARGATE"]);
    let (live, _) = world.apply(CLUSTER, "main", spec.clone()).await;
    assert_eq!(live.spec["default_capacity_provider_strategy"][0]["capacity_provider"], "FARGATE");
    world.lets_go(CLUSTER, &live, &["FARGATE"]).await;
    let left = world.by_id(CLUSTER, name).await.unwrap();
    assert_eq!(left.spec["capacity_providers"], json!([]));
    assert_eq!(left.spec["default_capacity_provider_strategy"], json!([]));
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler(CLUSTER);
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    assert_eq!(world.by_id(CLUSTER, name).await.unwrap().tags["team"], "shop");
    world.delete(CLUSTER, "main").await;
}

#[tokio::test]
async fn a_change_of_a_definition_is_a_new_revision() {
    let (world, family) = (World::sandbox().await, "revised");
    let mut spec = definition(family, &json!({ "network_mode": "awsvpc", "revisions_kept": 1 }));
    let (first, updates) = world.apply(DEFINITION, "app", spec.clone()).await;
    assert_eq!((first.id.as_str(), updates), (family, 0));
    assert_eq!(first.out["revision"], 1);
    assert_eq!(world.find(DEFINITION, "app").await.as_ref(), Some(&first), "in bulk as by name");
    spec["container_definitions"][0]["environment"] = json!([{ "name": "B", "value": "2" },
                                                                   { "name": "A", "value": "1" }]);
    spec["cpu"] = json!(".25 vCPU");
    let (second, updates) = world.apply(DEFINITION, "app", spec.clone()).await;
    assert_eq!(
        (updates, &second.out["revision"], &second.spec["cpu"]),
        (1, &json!(2), &json!("256"))
    );
    assert_eq!(second.tags, first.tags, "a revision has the tags of the one before it");
    // Left out: in a container that is none, at the top it stays.
    spec.as_object_mut().unwrap().remove("cpu");
    spec["container_definitions"][0].as_object_mut().unwrap().remove("environment");
    let (third, _) = world.apply(DEFINITION, "app", spec.clone()).await;
    assert_eq!(third.spec["container_definitions"][0].get("environment"), None);
    assert_eq!(third.spec["cpu"], "256");
    let list = || async {
        let call = world.cx.ecs().list_task_definitions().family_prefix(family);
        call.send().await.unwrap().task_definition_arns.unwrap_or_default().len()
    };
    assert_eq!(list().await, 2, "the newest and one more are kept");
    let (_, updates) = world.apply(DEFINITION, "app", spec).await;
    assert_eq!(updates, 0);
    let set = [("team".to_owned(), "shop".to_owned())].into();
    world.handler(DEFINITION).tag(&world.cx, &third, &set, &[]).await.unwrap();
    assert_eq!(world.by_id(DEFINITION, family).await.unwrap().tags["team"], "shop");
    world.delete(DEFINITION, "app").await;
    assert_eq!(list().await, 0);
}

#[tokio::test]
async fn a_lost_answer_registers_no_third_revision() {
    let world = World::sandbox().await;
    let mut spec = definition("lost", &json!({}));
    world.apply(DEFINITION, "app", spec.clone()).await;
    spec["container_definitions"][0]["memory"] = json!(128);
    let handler = world.handler(DEFINITION);
    let live = world.find(DEFINITION, "app").await.unwrap();
    let wanted = handler.normalize(&spec).unwrap();
    let changed = diff::changed(&diff::diff(handler.entry().spec(), &live.spec, &wanted));
    let register = Calls::of("RegisterTaskDefinition");
    world.sandbox.inject(Fault::new(register, 1, Effect::DropAnswer));
    handler.update(&world.cx, &live, &wanted, &changed).await.unwrap_err();
    handler.update(&world.cx, &live, &wanted, &changed).await.unwrap();
    assert_eq!(world.find(DEFINITION, "app").await.unwrap().out["revision"], 2);
}

#[tokio::test]
async fn an_image_that_deployments_say_stands() {
    let world = World::sandbox().await;
    let spec = |image: &str, memory: i32| {
        let container = json!({ "name": "app", "image": image, "memory": memory,
                                "image_owner": "deploy" });
        definition("deployed", &json!({ "container_definitions": [container] }))
    };
    world.apply(DEFINITION, "app", spec("app:1", 64)).await;
    // A deployment: another image, the same tags.
    let live = world.find(DEFINITION, "app").await.unwrap();
    let handler = world.handler(DEFINITION);
    let mut deployed = spec("app:2", 64);
    deployed["container_definitions"][0].as_object_mut().unwrap().remove("image_owner");
    let changed = crate::engine::resource::Changed(["container_definitions".to_owned()].into());
    handler
        .update(&world.cx, &live, &handler.normalize(&deployed).unwrap(), &changed)
        .await
        .unwrap();
    let live = world.find(DEFINITION, "app").await.unwrap();
    let wanted = handler.normalize(&spec("app:1", 128)).unwrap();
    handler.update(&world.cx, &live, &wanted, &changed).await.unwrap();
    let live = world.find(DEFINITION, "app").await.unwrap();
    let container = &live.spec["container_definitions"][0];
    assert_eq!((&container["image"], &container["memory"]), (&json!("app:2"), &json!(128)));
}

#[tokio::test]
async fn a_setting_of_the_account_is_set_and_stays() {
    let world = World::sandbox().await;
    let spec = |value: &str| json!({ "name": "awsvpcTrunking", "value": value });
    let (live, _) = world.apply("account_setting", "trunking", spec("enabled")).await;
    assert_eq!((live.id.as_str(), live.tags.len()), ("account/awsvpcTrunking", 0));
    let handler = world.handler("account_setting");
    handler.delete(&world.cx, &live).await.unwrap();
    let left = world.by_id("account_setting", &live.id).await.unwrap();
    assert_eq!(left.spec["value"], "enabled");
    let own = json!({ "name": "awsvpcTrunking", "value": "disabled", "scope": "caller" });
    world.apply("account_setting", "own", own).await;
    assert_eq!(world.owned("account_setting", &[]).await, [], "no call where none is named");
}
