//! Services through their lives.

use super::World;
use super::ecs::definition;
use serde_json::json;

const CLUSTER: &str = "ecs_cluster";
const DEFINITION: &str = "ecs_task_definition";
const SERVICE: &str = "ecs_service";

#[tokio::test]
async fn a_cluster_with_somebody_in_it_says_so() {
    let world = World::sandbox().await;
    world.apply(CLUSTER, "busy", json!({ "name": "busy" })).await;
    let (live, _) = world.apply(DEFINITION, "busy", definition("busy", &json!({}))).await;
    let arn = live.out["arn"].as_str().unwrap();
    let spec = json!({ "name": "api", "cluster": "busy", "task_definition": arn,
                       "desired_count": 0 });
    world.apply(SERVICE, "api", spec).await;
    let cluster = world.by_id(CLUSTER, "busy").await.unwrap();
    let handler = world.handler(CLUSTER);
    let refused = handler.delete(&world.cx, &cluster).await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("ClusterContainsServicesException"));
    let blockers = handler.blockers(&world.cx, &cluster).await.unwrap();
    assert_eq!(blockers[0].what, "1 service of cluster busy");
}

#[tokio::test]
async fn the_revision_that_a_service_runs_is_kept() {
    let world = World::sandbox().await;
    world.apply(CLUSTER, "main", json!({ "name": "keeps" })).await;
    let spec = |memory: i32| {
        let mut spec = definition("kept", &json!({ "revisions_kept": 0 }));
        spec["container_definitions"][0]["memory"] = json!(memory);
        spec
    };
    let (first, _) = world.apply(DEFINITION, "app", spec(64)).await;
    let service = json!({ "name": "api", "cluster": "keeps", "desired_count": 0,
                          "task_definition": first.out["arn"] });
    world.apply(SERVICE, "api", service).await;
    world.cx.forget_tag_index();
    for memory in [65, 66] {
        world.apply(DEFINITION, "app", spec(memory)).await;
    }
    let call = world.cx.ecs().list_task_definitions().family_prefix("kept");
    let left = call.send().await.unwrap().task_definition_arns.unwrap();
    let left: Vec<_> = left.iter().map(|arn| arn.rsplit(':').next().unwrap()).collect();
    assert_eq!(left, ["1", "3"], "that of the service and the newest");
}

#[tokio::test]
async fn a_service_lives_and_dies() {
    let world = World::sandbox().await;
    world.apply(CLUSTER, "main", json!({ "name": "serves" })).await;
    let (first, _) = world.apply(DEFINITION, "app", definition("served", &json!({}))).await;
    let mut spec = json!({
        "name": "api", "cluster": "serves", "task_definition": first.out["arn"],
        "desired_count": 0, "launch_type": "EC2", "propagate_tags": "SERVICE",
        "placement_strategy": [
            { "type": "spread", "field": "attribute:ecs.availability-zone" },
            { "type": "binpack", "field": "memory" },
        ],
        "placement_constraints": [{ "type": "distinctInstance" }],
        "deployment_configuration": {
            "minimum_healthy_percent": 50, "maximum_percent": 150,
            "deployment_circuit_breaker": { "enable": true, "rollback": true },
        },
        "force_new_deployment": "1",
    });
    let (live, updates) = world.apply(SERVICE, "api", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), ("service/serves/api", 0));
    assert!(live.out["arn"].as_str().unwrap().ends_with(":service/serves/api"));
    assert_eq!(live.spec["task_definition"], "served:1");
    assert_eq!(world.find(SERVICE, "api").await.as_ref(), Some(&live), "in bulk as by name");
    // Cleared by an empty value, changed in one part only, deployed anew.
    spec["placement_constraints"] = json!([]);
    spec["deployment_configuration"] = json!({ "maximum_percent": 200 });
    spec["enable_execute_command"] = json!(true);
    spec["force_new_deployment"] = json!("two, with a word that fits no tag");
    let (live, updates) = world.apply(SERVICE, "api", spec.clone()).await;
    assert_eq!(updates, 1);
    assert_eq!(live.spec["deployment_configuration"]["minimum_healthy_percent"], 50);
    let (_, updates) = world.apply(SERVICE, "api", spec).await;
    assert_eq!(updates, 0, "deployed once for each value");
    let handler = world.handler(SERVICE);
    handler.quiesce(&world.cx, &live).await.unwrap();
    handler.delete(&world.cx, &live).await.unwrap();
    assert!(world.by_id(SERVICE, &live.id).await.is_none());
    handler.delete(&world.cx, &live).await.unwrap();
    handler.quiesce(&world.cx, &live).await.unwrap();
}

#[tokio::test]
async fn services_of_one_name_in_two_clusters_are_told_apart() {
    let world = World::sandbox().await;
    let (live, _) = world.apply(DEFINITION, "app", definition("twice", &json!({}))).await;
    for cluster in ["one", "two"] {
        world.apply(CLUSTER, cluster, json!({ "name": cluster })).await;
        let spec = json!({ "name": "api", "cluster": cluster, "desired_count": 0,
                           "task_definition": live.out["arn"] });
        world.apply(SERVICE, cluster, spec).await;
    }
    let cluster = world.cx.ecs().create_cluster().cluster_name("theirs");
    cluster.send().await.unwrap();
    let call = world.cx.ecs().create_service().cluster("theirs").service_name("api");
    call.task_definition("twice").desired_count(0).send().await.unwrap();
    let ids = |found: Vec<crate::engine::resource::LiveObject>| -> Vec<String> {
        found.into_iter().map(|live| live.id).collect()
    };
    let found = ids(world.owned(SERVICE, &[]).await);
    assert_eq!(found, ["service/one/api", "service/two/api"]);
    let found = ids(world.owned(SERVICE, &["theirs/api".to_owned()]).await);
    assert_eq!(found, ["service/one/api", "service/theirs/api", "service/two/api"]);
    let handler = world.handler(SERVICE);
    let spec = json!({ "name": "api", "cluster": "one", "task_definition": "twice:1" });
    assert_eq!(handler.natural_name(&spec).as_deref(), Some("one/api"));
}
