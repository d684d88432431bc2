//! UpdateService: what is absent stays, what is empty is cleared.

use serde_json::{Value, json};

use super::super::rules::{DESIRED_COUNT, NO_SERVICE, NOT_ACTIVE, UNMODELLED_LAUNCH};
use super::super::{
    Call, Input, Members, cluster, life, names, state, state_mut, strategy, task_definition,
};
use super::{check, create, key, show};
use crate::services::Answer;
use crate::state::Account;

/// What UpdateService takes.
pub(crate) const UPDATE: &[&str] = &[
    "cluster",
    "service",
    "desiredCount",
    "taskDefinition",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "availabilityZoneRebalancing",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "forceNewDeployment",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "loadBalancers",
    "propagateTags",
    "serviceRegistries",
    "serviceConnectConfiguration",
];

/// Members that no deployment depends on.
const SETTINGS: [&str; 7] = [
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
];

/// UpdateService.
pub(crate) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?.to_owned();
    let given = names::last(input.text("service").unwrap_or_default());
    cluster::active(state(account, &call.region), &cluster)?;
    let key = key(&cluster, given);
    let known = state(account, &call.region).services.get(&key).cloned();
    let mut service = known.ok_or_else(|| NO_SERVICE.refuse(&[]))?;
    if !service.is_active() {
        return Err(NOT_ACTIVE.refuse(&[]));
    }
    if let Some(count) = input.integer("desiredCount") {
        if service.is_daemon || count < 0 {
            return Err(DESIRED_COUNT.refuse(&["may not be given for this service"]));
        }
        service.desired = u32::try_from(count).unwrap_or_default();
        service.is_steady = false;
    }
    for member in SETTINGS {
        if let Some(value) = input.get(member) {
            service.settings.insert(member.to_owned(), value.clone());
        }
    }
    check::placement(&mut service.settings, service.is_daemon)?;
    service.configuration = check::configuration(
        input.object("deploymentConfiguration"),
        std::mem::take(&mut service.configuration),
    )?;
    check::rebalancing(&service.settings, &service.configuration, service.is_daemon)?;

    let before = service.primary().map(|it| it.revision.clone()).unwrap_or_default();
    let mut revision = before.clone();
    let state = state(account, &call.region);
    let asked = input.text("taskDefinition").or_else(|| before.text("taskDefinition"));
    let definition = if input.contains_key("taskDefinition") {
        task_definition::usable(state, call, asked.unwrap_or_default())?
    } else {
        task_definition::find(state, call, asked.unwrap_or_default())?
    };
    revision.insert("taskDefinition".to_owned(), json!(definition.arn()));
    let network = input.get("networkConfiguration").or_else(|| before.get("networkConfiguration"));
    // What the mode before needed goes with it, unless it is asked for anew.
    let network =
        network.filter(|_| definition.is_awsvpc() || input.contains_key("networkConfiguration"));
    match check::network(account, call, definition, network)? {
        Some(network) => revision.insert("networkConfiguration".to_owned(), network),
        None => revision.remove("networkConfiguration"),
    };
    for member in ["loadBalancers", "serviceRegistries"] {
        if let Some(value) = input.get(member) {
            revision.insert(member.to_owned(), value.clone());
        }
    }
    if input.contains_key("loadBalancers") || input.contains_key("taskDefinition") {
        check::load_balancers(account, call, definition, revision.list("loadBalancers"))?;
    }
    check::grace(input, !revision.list("loadBalancers").is_empty())?;
    let connect = input.object("serviceConnectConfiguration");
    let connect = connect.or_else(|| before.object("serviceConnectConfiguration"));
    if let Some(connect) = connect {
        let connect = check::connect(account, call, definition, connect)?;
        revision.insert("serviceConnectConfiguration".to_owned(), connect);
    }
    let starts = revision != before || input.flag("forceNewDeployment") == Some(true);
    if input.contains_key("capacityProviderStrategy") {
        let given = input.list("capacityProviderStrategy");
        let read = strategy::read(call, given, cluster::active(state, &cluster)?)?;
        if let Some(name) = strategy::FARGATE.iter().find(|it| strategy::names_provider(&read, it))
        {
            return Err(UNMODELLED_LAUNCH.refuse(&[name]));
        }
        if read.is_empty() {
            revision.remove("capacityProviderStrategy");
            revision.insert("launchType".to_owned(), json!("EC2"));
        } else {
            revision.remove("launchType");
            revision.insert("capacityProviderStrategy".to_owned(), Value::Array(read));
        }
    }
    if starts {
        let deployment = create::deployment(account, &call.region, revision, call.now);
        service.begin(&deployment, call.now);
        service.deployments.insert(0, deployment);
        service.failures = 0;
        service.retry = None;
        service.is_steady = false;
    } else if let Some(primary) = service.deployments.first_mut() {
        primary.revision = revision;
        primary.updated = call.now;
    }
    state_mut(account, &call.region).services.insert(key.clone(), service);
    life::wake(account, &call.region, call.now);
    Ok(json!({"service": show::one(account, call, &key, true)}))
}
