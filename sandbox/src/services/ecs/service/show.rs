//! How services and deployments are shown.

use serde_json::{Value, json};

use super::super::task::{self, Count};
use super::super::{Call, Members, names, state, tags};
use super::{Deployment, Event, Rollout, Service, history};
use crate::state::Account;

/// Shows a service.
pub(super) fn one(account: &Account, call: &Call, key: &str, with_tags: bool) -> Value {
    let state = state(account, &call.region);
    let Some(service) = state.services.get(key) else { return Value::Null };
    let counts = task::count(state, key);
    let all = counts.values().fold(Count::default(), |sum, count| sum + *count);
    let primary = service.primary();
    let of_primary = |member: &str| primary.and_then(|it| it.revision.get(member)).cloned();
    let setting = |member: &str| service.settings.get(member).cloned();
    let deployments: Vec<Value> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(place, it)| {
            let count = counts.get(&it.id).copied().unwrap_or_default();
            deployment(service, it, place == 0, count)
        })
        .collect();
    let role = format!(
        "arn:{}:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        call.partition, call.account_id
    );
    let is_ended = service.ended.is_some();
    let grace =
        of_primary("loadBalancers").filter(|it| it.as_array().is_some_and(|it| !it.is_empty()));
    json!({
        "serviceArn": names::arn(call, "service", key),
        "serviceName": service.name,
        "clusterArn": names::arn(call, "cluster", &service.cluster),
        "loadBalancers": of_primary("loadBalancers"),
        "serviceRegistries": of_primary("serviceRegistries"),
        "status": service.status(),
        "desiredCount": desired(service, all),
        "runningCount": all.running,
        "pendingCount": all.pending,
        "launchType": of_primary("launchType"),
        "capacityProviderStrategy": of_primary("capacityProviderStrategy"),
        "taskDefinition": of_primary("taskDefinition"),
        "deploymentConfiguration": service.configuration,
        "deployments": if is_ended { Vec::new() } else { deployments },
        "roleArn": role,
        "events": service.events.iter().map(event).collect::<Vec<_>>(),
        "createdAt": service.created.to_string(),
        "currentServiceDeployment": history::current(call, service, key),
        "currentServiceRevisions": if is_ended { json!([]) } else {
            history::current_revisions(call, service, key, |id| counts.get(id).copied().unwrap_or_default())
        },
        "createdBy": service.created_by,
        "placementConstraints": setting("placementConstraints"),
        "placementStrategy": setting("placementStrategy"),
        "networkConfiguration": of_primary("networkConfiguration"),
        "healthCheckGracePeriodSeconds":
            grace.and_then(|_| setting("healthCheckGracePeriodSeconds")),
        "schedulingStrategy": if service.is_daemon { "DAEMON" } else { "REPLICA" },
        "deploymentController": setting("deploymentController"),
        "tags": if with_tags { tags::show(&service.tags) } else { json!([]) },
        "enableECSManagedTags": setting("enableECSManagedTags"),
        "propagateTags": setting("propagateTags"),
        "enableExecuteCommand": setting("enableExecuteCommand"),
        "availabilityZoneRebalancing": setting("availabilityZoneRebalancing"),
    })
}

/// A daemon wants as many tasks as there are instances for it.
fn desired(service: &Service, counts: Count) -> u32 {
    if service.is_daemon && service.is_active() {
        service.desired.max(counts.running + counts.pending)
    } else {
        service.desired
    }
}

fn event(event: &Event) -> Value {
    json!({"id": event.id, "createdAt": event.time.to_string(), "message": event.message})
}

fn deployment(service: &Service, it: &Deployment, is_primary: bool, count: Count) -> Value {
    let desired = match (is_primary, it.state) {
        (true, _) => service.desired,
        (false, _) => 0,
    };
    let member = |name: &str| it.revision.get(name).cloned();
    json!({
        "id": it.id,
        "status": if is_primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": it.definition(),
        "desiredCount": desired,
        "pendingCount": count.pending,
        "runningCount": count.running,
        "failedTasks": it.failed,
        "createdAt": it.created.to_string(),
        "updatedAt": it.updated.to_string(),
        "launchType": member("launchType"),
        "capacityProviderStrategy": member("capacityProviderStrategy"),
        "networkConfiguration": member("networkConfiguration"),
        "rolloutState": match it.state {
            Rollout::InProgress => "IN_PROGRESS",
            Rollout::Completed => "COMPLETED",
            Rollout::Failed => "FAILED",
        },
        "rolloutStateReason": it.reason,
        "serviceConnectConfiguration": member("serviceConnectConfiguration"),
        "serviceConnectResources":
            Some(&it.resources).filter(|resources| !resources.is_empty()),
    })
}

/// Returns the words for a target group in events.
pub(super) fn target_group(revision: &Deployment) -> Option<String> {
    let arns = revision.load_balancers().filter_map(|it| it.text("targetGroupArn"));
    let names: Vec<String> = arns.map(|arn| format!("(target-group {arn})")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
