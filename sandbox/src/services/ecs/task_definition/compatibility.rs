//! What a task definition can run on, and what it asks of an instance.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::Members;

fn containers(members: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    members.list("containerDefinitions").iter().filter_map(Value::as_object)
}

/// Returns the launch types a definition may run with.
pub(super) fn of(members: &Map<String, Value>) -> Value {
    let mode = members.text("networkMode").unwrap_or("bridge");
    let mut types = Vec::new();
    if mode != "awsvpc" {
        types.push("EXTERNAL");
    }
    types.push("EC2");
    let has_sizes = members.contains_key("cpu") && members.contains_key("memory");
    let is_privileged = containers(members).any(|it| it.flag("privileged") == Some(true));
    if mode == "awsvpc"
        && has_sizes
        && !is_privileged
        && members.list("placementConstraints").is_empty()
    {
        types.push("FARGATE");
        types.push("MANAGED_INSTANCES");
    }
    json!(types)
}

/// Returns the attributes an instance must have.
pub(super) fn attributes(members: &Map<String, Value>) -> Value {
    let mut names = BTreeSet::new();
    let mut add = |name: &str| names.insert(name.to_owned());
    if members.text("networkMode") == Some("awsvpc") {
        add("ecs.capability.task-eni");
    }
    if members.contains_key("taskRoleArn") {
        add("com.amazonaws.ecs.capability.task-iam-role");
        if members.text("networkMode") == Some("host") {
            add("com.amazonaws.ecs.capability.task-iam-role-network-host");
        }
    }
    if members.contains_key("cpu") || members.contains_key("memory") {
        add("ecs.capability.task-cpu-mem-limit");
    }
    let has_execution_role = members.contains_key("executionRoleArn");
    for container in containers(members) {
        add("com.amazonaws.ecs.capability.docker-remote-api.1.18");
        if container.text("image").is_some_and(|image| image.contains(".dkr.ecr.")) {
            add("com.amazonaws.ecs.capability.ecr-auth");
            if has_execution_role {
                add("ecs.capability.execution-role-ecr-pull");
            }
        }
        if container.contains_key("healthCheck") {
            add("ecs.capability.container-health-check");
        }
        if let Some(driver) =
            container.object("logConfiguration").and_then(|it| it.text("logDriver"))
        {
            add(&format!("com.amazonaws.ecs.capability.logging-driver.{driver}"));
            if driver == "awslogs" && has_execution_role {
                add("ecs.capability.execution-role-awslogs");
            }
        }
        for secret in container.list("secrets").iter().filter_map(Value::as_object) {
            let from = secret.text("valueFrom").unwrap_or_default();
            let is_secret = from.contains(":secretsmanager:");
            let which = if is_secret { "asm" } else { "ssm" };
            add(&format!("ecs.capability.secrets.{which}.environment-variables"));
        }
    }
    names.into_iter().map(|name| json!({"name": name})).collect()
}
