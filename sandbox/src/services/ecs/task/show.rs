//! How tasks are shown.

use serde_json::{Value, json};

use super::super::{Call, Members, names, state, tags, task_definition};
use super::{Status, Task};
use crate::clock::Time;
use crate::ids::{digits, uuid};
use crate::state::Account;

/// Shows a task.
pub(super) fn one(account: &Account, call: &Call, id: &str, with_tags: bool) -> Value {
    let state = state(account, &call.region);
    let Some(task) = state.tasks.get(id) else { return Value::Null };
    let definition = task_definition::by_arn(state, &task.definition);
    let arn = names::arn(call, "task", &format!("{}/{id}", task.cluster));
    let instance = task.instance.as_ref().and_then(|it| state.instances.get(it));
    let host = instance
        .map(|it| names::arn(call, "container-instance", &format!("{}/{}", task.cluster, it.id)));
    let time = |time: Option<Time>| time.map(|time| time.to_string());
    let has_checks =
        definition.is_some_and(|it| it.containers().any(|it| it.contains_key("healthCheck")));
    let health = match (has_checks, task.is_healthy && task.status == Status::Running) {
        (true, true) => "HEALTHY",
        _ => "UNKNOWN",
    };
    let containers = definition.map(|definition| {
        let containers = definition.containers();
        containers
            .map(|it| container(task, &arn, it.text("name").unwrap_or_default(), it))
            .collect::<Vec<_>>()
    });
    let attributes = definition.and_then(|it| it.architecture());
    let attributes =
        attributes.map_or("x86_64", |it| if it == "ARM64" { "arm64" } else { "x86_64" });
    let is_wanted = task.is_wanted();
    json!({
        "attachments": attachments(task),
        "attributes": [{"name": "ecs.cpu-architecture", "value": attributes}],
        "availabilityZone": instance.map(|it| it.zone.clone()),
        "capacityProviderName": task.provider,
        "clusterArn": names::arn(call, "cluster", &task.cluster),
        "connectivity": instance.map(|it| if it.connected { "CONNECTED" } else { "DISCONNECTED" }),
        "connectivityAt": instance.and_then(|_| time(task.pull_started)),
        "containerInstanceArn": host,
        "containers": containers,
        "cpu": definition.map(|it| it.cpu().to_string()),
        "memory": definition.map(|it| it.memory().to_string()),
        "createdAt": task.created.to_string(),
        "desiredStatus": if is_wanted { "RUNNING" } else { "STOPPED" },
        "enableExecuteCommand": task.can_exec,
        "executionStoppedAt": time(task.stopped),
        "group": task.group,
        "healthStatus": health,
        "lastStatus": task.status.name(),
        "launchType": "EC2",
        "overrides": task.overrides.clone().unwrap_or_else(|| json!({"containerOverrides": []})),
        "pullStartedAt": time(task.pull_started),
        "pullStoppedAt": time(task.pull_stopped),
        "startedAt": time(task.started),
        "startedBy": task.started_by,
        "stopCode": task.stop_code,
        "stoppedAt": time(task.stopped),
        "stoppedReason": task.reason,
        "stoppingAt": time(task.stopping),
        "tags": if with_tags { tags::show(&task.tags) } else { json!([]) },
        "taskArn": arn,
        "taskDefinitionArn": task.definition,
        "version": task.version,
    })
}

fn attachments(task: &Task) -> Value {
    let Some(interface) = &task.interface else { return json!([]) };
    let status = match task.status {
        Status::Provisioning => "PRECREATED",
        Status::Stopped => "DELETED",
        Status::Deprovisioning => "DETACHING",
        _ => "ATTACHED",
    };
    let detail = |name: &str, value: &str| json!({"name": name, "value": value});
    json!([{
        "id": interface.attachment, "type": "ElasticNetworkInterface", "status": status,
        "details": [
            detail("subnetId", &interface.subnet),
            detail("networkInterfaceId", &interface.id),
            detail("privateIPv4Address", &interface.address),
        ],
    }])
}

fn container(
    task: &Task,
    arn: &str,
    name: &str,
    definition: &serde_json::Map<String, Value>,
) -> Value {
    let bindings = task.bindings.iter().filter(|it| it.container == name);
    let bindings: Vec<Value> = bindings
        .map(|it| {
            json!({"bindIP": "0.0.0.0", "containerPort": it.inner, "hostPort": it.outer,
                "protocol": it.protocol})
        })
        .collect();
    let interfaces: Vec<Value> = task
        .interface
        .iter()
        .map(|it| json!({"attachmentId": it.attachment, "privateIpv4Address": it.address}))
        .collect();
    let status = match task.status {
        Status::Provisioning | Status::Pending | Status::Activating => "PENDING",
        Status::Running | Status::Deactivating | Status::Stopping => "RUNNING",
        _ => "STOPPED",
    };
    let ran = task.started.is_some() && task.status >= Status::Deprovisioning;
    let size = |member: &str| definition.integer(member).map(|it| it.to_string());
    let id = uuid(&digits(format!("{arn}/{name}")));
    json!({
        "containerArn": format!("{}/{id}", arn.replacen(":task/", ":container/", 1)),
        "taskArn": arn,
        "name": name,
        "image": definition.text("image"),
        "lastStatus": status,
        "exitCode": task.exit_code.filter(|_| ran),
        "reason": task.container_reasons.get(name),
        "networkBindings": bindings,
        "networkInterfaces": interfaces,
        "healthStatus": if definition.contains_key("healthCheck")
            && task.is_healthy && task.status == Status::Running { "HEALTHY" } else { "UNKNOWN" },
        "cpu": size("cpu").unwrap_or_else(|| "0".to_owned()),
        "memory": size("memory"),
        "memoryReservation": size("memoryReservation"),
    })
}
