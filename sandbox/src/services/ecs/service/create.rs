//! CreateService.

use serde_json::{Map, Value, json};

use super::super::rules::{
    DESIRED_COUNT, DRAINING, LAUNCH_AND_STRATEGY, NAME, NOT_IDEMPOTENT, UNMODELLED_LAUNCH,
};
use super::super::{
    Call, Input, Members, cluster, life, names, state, state_mut, strategy, tags, task_definition,
};
use super::{Deployment, Rollout, Service, check, connect, key, show};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// What CreateService takes.
pub(crate) const CREATE: &[&str] = &[
    "cluster",
    "serviceName",
    "taskDefinition",
    "availabilityZoneRebalancing",
    "loadBalancers",
    "serviceRegistries",
    "desiredCount",
    "clientToken",
    "launchType",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "placementConstraints",
    "placementStrategy",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "deploymentController",
    "tags",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "serviceConnectConfiguration",
];

/// CreateService.
pub(crate) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?.to_owned();
    let name = input.text("serviceName").unwrap_or_default();
    if !names::is_name(name) {
        return Err(NAME.refuse(&[]));
    }
    cluster::active(state(account, &call.region), &cluster)?;
    let key = key(&cluster, name);
    if let Some(known) = state(account, &call.region).services.get(&key) {
        match known.status() {
            "DRAINING" => return Err(DRAINING.refuse(&[])),
            "ACTIVE" => {
                let token = input.text("clientToken");
                if token.is_some() && known.token.as_deref() == token {
                    return Ok(json!({"service": show::one(account, call, &key, true)}));
                }
                return Err(NOT_IDEMPOTENT.refuse(&[]));
            }
            _ => {}
        }
    }
    let new = read(account, call, input, &cluster, name)?;
    state_mut(account, &call.region).services.insert(key.clone(), new);
    life::wake(account, &call.region, call.now);
    Ok(json!({"service": show::one(account, call, &key, true)}))
}

fn read(
    account: &mut Account,
    call: &Call,
    input: &Input,
    cluster: &str,
    name: &str,
) -> Result<Service, Refusal> {
    let is_daemon = input.text("schedulingStrategy") == Some("DAEMON");
    let desired = match (input.integer("desiredCount"), is_daemon) {
        (None, true) => 0,
        (Some(count), false) if count >= 0 => u32::try_from(count).unwrap_or(u32::MAX),
        (Some(_), true) => {
            return Err(
                DESIRED_COUNT.refuse(&["may not be given with the DAEMON scheduling strategy"])
            );
        }
        _ => return Err(DESIRED_COUNT.refuse(&["must be given, and not be negative"])),
    };
    let revision = revision(account, call, input, cluster)?;
    let settings = settings(input, is_daemon)?;
    let least = if is_daemon { 0 } else { 100 };
    let most = if is_daemon { 100 } else { 200 };
    let defaults = json!({
        "deploymentCircuitBreaker": {"enable": false, "rollback": false},
        "maximumPercent": most, "minimumHealthyPercent": least, "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    });
    let defaults = defaults.as_object().cloned().unwrap_or_default();
    let configuration = check::configuration(input.object("deploymentConfiguration"), defaults)?;
    let mut settings = settings;
    if !input.contains_key("availabilityZoneRebalancing") {
        // Asked for nothing, AWS rebalances where it can.
        settings.insert("availabilityZoneRebalancing".to_owned(), json!("ENABLED"));
        if is_daemon {
            settings.insert("availabilityZoneRebalancing".to_owned(), json!("DISABLED"));
        }
    }
    check::rebalancing(&settings, &configuration, is_daemon)?;
    check::grace(input, !revision.list("loadBalancers").is_empty())?;
    let tags = tags::of(input)?;
    let mut service = Service {
        cluster: cluster.to_owned(),
        name: name.to_owned(),
        token: input.text("clientToken").map(str::to_owned),
        created: call.now,
        created_by: call.principal_arn.clone(),
        desired,
        is_daemon,
        configuration,
        settings,
        tags,
        ..Service::default()
    };
    let deployment = deployment(account, &call.region, revision, call.now);
    service.begin(&deployment, call.now);
    service.deployments.push(deployment);
    Ok(service)
}

/// Makes a deployment of a revision.
pub(super) fn deployment(
    account: &mut Account,
    region: &str,
    revision: Map<String, Value>,
    now: Time,
) -> Deployment {
    let digits = account.new_digits();
    let number = u64::from_str_radix(&digits[..15], 16).unwrap_or_default();
    let id = format!("ecs-svc/{number:019}");
    let resources = connect::register(account, region, &revision, now);
    Deployment {
        reason: format!("ECS deployment {id} in progress."),
        id,
        record: digits[20..41].to_owned(),
        created: now,
        updated: now,
        revision,
        state: Rollout::InProgress,
        resources,
        ..Deployment::default()
    }
}

/// Reads what tasks are made from.
fn revision(
    account: &Account,
    call: &Call,
    input: &Input,
    cluster: &str,
) -> Result<Map<String, Value>, Refusal> {
    let state = state(account, &call.region);
    let definition =
        task_definition::usable(state, call, input.text("taskDefinition").unwrap_or_default())?;
    let mut revision = Map::new();
    revision.insert("taskDefinition".to_owned(), json!(definition.arn()));
    let given = input.list("capacityProviderStrategy");
    let of_cluster = cluster::active(state, cluster)?;
    match input.text("launchType") {
        Some(_) if !given.is_empty() => return Err(LAUNCH_AND_STRATEGY.refuse(&[])),
        Some("EC2") => {
            revision.insert("launchType".to_owned(), json!("EC2"));
        }
        Some(other) => return Err(UNMODELLED_LAUNCH.refuse(&[other])),
        None => {
            let strategy = if given.is_empty() {
                of_cluster.strategy.clone()
            } else {
                strategy::read(call, given, of_cluster)?
            };
            if strategy.is_empty() {
                revision.insert("launchType".to_owned(), json!("EC2"));
            } else {
                let fargate = strategy::FARGATE;
                if let Some(name) =
                    fargate.iter().find(|it| strategy::names_provider(&strategy, it))
                {
                    return Err(UNMODELLED_LAUNCH.refuse(&[name]));
                }
                revision.insert("capacityProviderStrategy".to_owned(), json!(strategy));
            }
        }
    }
    if let Some(network) =
        check::network(account, call, definition, input.get("networkConfiguration"))?
    {
        revision.insert("networkConfiguration".to_owned(), network);
    }
    check::load_balancers(account, call, definition, input.list("loadBalancers"))?;
    for member in ["loadBalancers", "serviceRegistries"] {
        revision.insert(member.to_owned(), json!(input.list(member)));
    }
    if let Some(given) = input.object("serviceConnectConfiguration") {
        let connect = check::connect(account, call, definition, given)?;
        revision.insert("serviceConnectConfiguration".to_owned(), connect);
    }
    Ok(revision)
}

/// Reads what no deployment depends on.
fn settings(input: &Input, is_daemon: bool) -> Result<Map<String, Value>, Refusal> {
    let mut settings = Map::new();
    for (member, default) in [
        ("placementConstraints", json!([])),
        ("placementStrategy", json!([])),
        ("healthCheckGracePeriodSeconds", json!(0)),
        ("enableECSManagedTags", json!(false)),
        ("propagateTags", json!("NONE")),
        ("enableExecuteCommand", json!(false)),
        ("availabilityZoneRebalancing", json!("DISABLED")),
        ("deploymentController", json!({"type": "ECS"})),
    ] {
        settings.insert(member.to_owned(), input.get(member).cloned().unwrap_or(default));
    }
    let controller = settings.object("deploymentController").and_then(|it| it.text("type"));
    if let Some(other) = controller.filter(|kind| *kind != "ECS") {
        return Err(UNMODELLED_LAUNCH.refuse(&[other]));
    }
    check::placement(&mut settings, is_daemon)?;
    Ok(settings)
}
