//! Clusters, task definitions and services: a change of a definition is a new revision that its
//! service follows in the same run.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

on_both!(revisions_and_services, settings_of_a_cluster);

fn stack(stage: &Stage, container: &str, service: &str) -> String {
    let name = stage.environment();
    format!(
        "[ecs_cluster.main]\nname = \"{name}\"\n\n\
         [ecs_task_definition.app]\nfamily = \"{name}\"\nrevisions_kept = 1\n\n\
         [[ecs_task_definition.app.container_definitions]]\nname = \"app\"\nmemory = 64\n\
         {container}\n\n[ecs_service.app]\nname = \"app\"\ncluster = \"${{ecs_cluster.main.id}}\"\n\
         task_definition = \"${{ecs_task_definition.app.arn}}\"\nlaunch_type = \"EC2\"\n{service}\n"
    )
}

fn service(stage: &Stage) -> Value {
    let asked = json!({ "cluster": stage.environment(), "services": ["app"] });
    stage.call("ecs", "describe_services", asked)["services"][0].clone()
}

fn revisions_and_services(stage: &Stage) {
    let image = |tag: &str| format!("image = \"busybox:{tag}\"\nuser = \"10001\"");
    // No instances: nothing is to run.
    stage.stack("app", &stack(stage, &image("1"), "desired_count = 0"));
    stage.apply("app");
    stage.settled("app");
    stage.stack("app", &stack(stage, &image("2"), "desired_count = 0"));
    stage.changes(
        "app",
        &[
            "update ecs_service.app: task_definition",
            "update ecs_task_definition.app: container_definitions[app].image",
        ],
    );
    let runs = |service: &Value| service["taskDefinition"].as_str().unwrap().to_owned();
    assert!(runs(&service(stage)).ends_with(":2"));
    // What is left out of a container is none.
    stage.stack("app", &stack(stage, "image = \"busybox:2\"", "desired_count = 0"));
    stage.changes(
        "app",
        &[
            "update ecs_service.app: task_definition",
            "update ecs_task_definition.app: container_definitions[app].user",
        ],
    );
    // Deployments of moto 5.2.5 go on telling the first revision, which therefore stays.
    let left = if stage.is_moto() { 3 } else { 2 };
    let family = json!({ "familyPrefix": stage.environment() });
    let found = stage.call("ecs", "list_task_definitions", family);
    let found = found["taskDefinitionArns"].as_array().map(Vec::len);
    assert_eq!(found, Some(left), "one more than the newest is kept");
    let percents = "desired_count = 0\n\
                    deployment_configuration = { minimum_healthy_percent = 50 }";
    stage.stack("app", &stack(stage, "image = \"busybox:2\"", percents));
    let path = "update ecs_service.app: deployment_configuration.minimum_healthy_percent";
    if stage.is_moto() {
        // It has no deployment configuration where none was given at first.
        stage.apply("app");
        stage.settled("app");
    } else {
        stage.changes("app", &[path]);
    }
    assert_eq!(service(stage)["deploymentConfiguration"]["minimumHealthyPercent"], 50);
    stage.run(&["destroy", "--all", "--yes"]).exits(0);
    let asked = json!({ "clusters": [stage.environment()] });
    let clusters = stage.call("ecs", "describe_clusters", asked)["clusters"].clone();
    assert!(clusters.as_array().unwrap().iter().all(|one| one["status"] == "INACTIVE"));
    let inventory = stage.run(&["inventory"]).exits(0);
    assert!(inventory.stdout.contains("residue 0"), "{}", inventory.stdout);
}

fn settings_of_a_cluster(stage: &Stage) {
    let cluster = |insights: &str, more: &str| {
        let name = stage.environment();
        format!(
            "[ecs_cluster.main]\nname = \"{name}\"\n\
             settings = [{{ name = \"containerInsights\", value = \"{insights}\" }}]\n{more}\n"
        )
    };
    let fargate = "capacity_providers = [\"FARGATE\"]\n\
                   default_capacity_provider_strategy = \
                   [{ capacity_provider = \"FARGATE\", weight = 1 }]";
    stage.stack("base", &cluster("disabled", fargate));
    stage.apply("base");
    stage.settled("base");
    stage.stack(
        "base",
        &cluster(
            "enabled",
            "capacity_providers = []\n\
                                             default_capacity_provider_strategy = []",
        ),
    );
    stage.changes(
        "base",
        &["update ecs_cluster.main: capacity_providers default_capacity_provider_strategy settings"],
    );
    stage.destroy_all();
}
