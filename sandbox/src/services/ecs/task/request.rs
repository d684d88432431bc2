//! The calls about tasks.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::capacity_provider::Provider;
use super::super::rules::{
    LAUNCH_AND_STRATEGY, NO_SERVICE, NO_TASK, PROTECTION_SERVICE, RUN_COUNT, UNMODELLED_LAUNCH,
};
use super::super::{
    Call, Input, Members, at_most, cluster, includes, life, names, page, service, state, strategy,
    tags, task_definition,
};
use super::{Order, show, start, step};
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// What RunTask takes.
pub(crate) const RUN: &[&str] = &[
    "capacityProviderStrategy",
    "clientToken",
    "cluster",
    "count",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "group",
    "launchType",
    "networkConfiguration",
    "overrides",
    "placementConstraints",
    "placementStrategy",
    "propagateTags",
    "startedBy",
    "tags",
    "taskDefinition",
];

/// What ListTasks takes.
pub(crate) const LIST: &[&str] = &[
    "cluster",
    "containerInstance",
    "family",
    "nextToken",
    "maxResults",
    "startedBy",
    "serviceName",
    "desiredStatus",
    "launchType",
];

/// RunTask: what finds no place is a failure of its own.
pub(crate) fn run(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?.to_owned();
    let count = input.integer("count").unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(RUN_COUNT.refuse(&[]));
    }
    let order = order(account, call, input, &cluster)?;
    if let Some(token) = &order.token {
        let known = state(account, &call.region).tasks.iter();
        let known =
            known.filter(|(_, it)| it.cluster == cluster && it.token.as_ref() == Some(token));
        let known: Vec<Value> = known.map(|(id, _)| show::one(account, call, id, true)).collect();
        if !known.is_empty() {
            return Ok(json!({"tasks": known, "failures": []}));
        }
    }
    let (mut ids, mut failures) = (Vec::new(), Vec::new());
    life::with(account, &call.region, |ecs, account| {
        for _ in 0..count {
            match start::start(ecs, account, &call.region, order.clone(), call.now) {
                Ok(id) => ids.push(id),
                Err(why) => failures
                    .push(json!({"reason": why.split_once(": ").map_or("RESOURCE", |(it, _)| it)})),
            }
        }
    });
    life::wake(account, &call.region, call.now);
    let tasks: Vec<Value> = ids.iter().map(|id| show::one(account, call, id, true)).collect();
    Ok(json!({"tasks": tasks, "failures": failures}))
}

fn order(account: &Account, call: &Call, input: &Input, cluster: &str) -> Result<Order, Refusal> {
    let state = state(account, &call.region);
    let of = cluster::active(state, cluster)?;
    let definition =
        task_definition::usable(state, call, input.text("taskDefinition").unwrap_or_default())?;
    let given = input.list("capacityProviderStrategy");
    let strategy = match input.text("launchType") {
        Some(_) if !given.is_empty() => return Err(LAUNCH_AND_STRATEGY.refuse(&[])),
        Some("EC2") => Vec::new(),
        Some(other) => return Err(UNMODELLED_LAUNCH.refuse(&[other])),
        None if given.is_empty() => of.strategy.clone(),
        None => strategy::read(call, given, of)?,
    };
    let network = service::network(account, call, definition, input.get("networkConfiguration"))?;
    let provider = strategy.first().and_then(|it| it["capacityProvider"].as_str());
    let mut tags = tags::of(input)?;
    if input.text("propagateTags") == Some("TASK_DEFINITION") {
        for (key, value) in &definition.tags {
            tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let scales = provider.and_then(|it| state.providers.get(it)).is_some_and(Provider::is_scaling);
    Ok(Order {
        cluster: cluster.to_owned(),
        group: input
            .text("group")
            .map_or_else(|| format!("family:{}", definition.family()), str::to_owned),
        started_by: input.text("startedBy").map(str::to_owned),
        token: input.text("clientToken").map(str::to_owned),
        definition: definition.arn().to_owned(),
        provider: provider.map(str::to_owned),
        network: network.and_then(|it| it.get("awsvpcConfiguration").cloned()),
        constraints: input.list("placementConstraints").to_vec(),
        strategies: input.list("placementStrategy").to_vec(),
        can_exec: input.flag("enableExecuteCommand").unwrap_or_default(),
        overrides: input.get("overrides").cloned(),
        tags,
        may_wait: scales,
        ..Order::default()
    })
}

/// StopTask.
pub(crate) fn stop(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?.to_owned();
    cluster::active(state(account, &call.region), &cluster)?;
    let id = names::last(input.text("task").unwrap_or_default()).to_owned();
    let found = state(account, &call.region).tasks.get(&id);
    if found.is_none_or(|task| task.cluster != cluster) {
        return Err(NO_TASK.refuse(&[]));
    }
    let reason = input.text("reason").unwrap_or("Task stopped by user");
    life::with(account, &call.region, |ecs, account| {
        step::stop(ecs, account, &call.region, &id, call.now, ("UserInitiated", reason));
    });
    life::wake(account, &call.region, call.now);
    Ok(json!({"task": show::one(account, call, &id, true)}))
}

/// DescribeTasks.
pub(crate) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "tasks", 100)?;
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for given in input.texts("tasks") {
        let id = names::last(given);
        if state.tasks.get(id).is_some_and(|task| task.cluster == cluster) {
            tasks.push(show::one(account, call, id, includes(input, "TAGS")));
        } else {
            let arn = names::arn(call, "task", &format!("{cluster}/{id}"));
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

/// ListTasks: those that are to run, unless asked for those that are to stop or have.
pub(crate) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let is_wanted = input.text("desiredStatus") != Some("STOPPED");
    let host = input.text("containerInstance").map(names::last);
    let host = host.map(|id| {
        let found = state.instances.iter().find(|(_, it)| it.id == id);
        found.map_or(String::new(), |(instance, _)| instance.clone())
    });
    let service = input.text("serviceName").map(names::last);
    if service.is_some_and(|it| !state.services.contains_key(&service::key(cluster, it))) {
        return Err(NO_SERVICE.refuse(&[]));
    }
    let family = input.text("family");
    let items = state
        .tasks
        .iter()
        .filter(|(_, task)| task.cluster == cluster && task.is_wanted() == is_wanted)
        .filter(|(_, task)| {
            input.text("desiredStatus") != Some("PENDING") || task.started.is_none()
        })
        .filter(|(_, task)| service.is_none() || task.service.as_deref() == service)
        .filter(|(_, task)| host.is_none() || task.instance == host)
        .filter(|(_, task)| {
            family.is_none_or(|family| {
                names::last(&task.definition).rsplit_once(':').map(|it| it.0) == Some(family)
            })
        })
        .filter(|(_, task)| {
            input.text("startedBy").is_none_or(|by| task.started_by.as_deref() == Some(by))
        })
        .filter(|_| input.text("launchType").is_none_or(|launch| launch == "EC2"))
        .map(|(id, _)| (id.clone(), json!(names::arn(call, "task", &format!("{cluster}/{id}")))))
        .collect();
    let (arns, next) = page(input, 100, items)?;
    Ok(json!({"taskArns": arns, "nextToken": next}))
}

/// UpdateTaskProtection.
pub(crate) fn update_protection(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?.to_owned();
    cluster::active(state(account, &call.region), &cluster)?;
    let minutes = input.integer("expiresInMinutes").unwrap_or(120);
    let minutes = u64::try_from(minutes).unwrap_or(120);
    let is_on = input.flag("protectionEnabled").unwrap_or_default();
    for given in input.texts("tasks") {
        let tasks = &mut super::super::state_mut(account, &call.region).tasks;
        let found = tasks.get_mut(names::last(given)).filter(|it| it.cluster == cluster);
        let task = found.ok_or_else(|| NO_TASK.refuse(&[]))?;
        if task.service.is_none() {
            return Err(PROTECTION_SERVICE.refuse(&[]));
        }
        task.protected = is_on.then(|| call.now + Duration::from_secs(minutes * 60));
    }
    life::wake(account, &call.region, call.now);
    get_protection(account, call, input)
}

/// GetTaskProtection.
pub(crate) fn get_protection(account: &Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let asked: Vec<&str> = input.texts("tasks").into_iter().map(names::last).collect();
    let (mut protected, mut failures) = (Vec::new(), Vec::new());
    for id in asked {
        let arn = names::arn(call, "task", &format!("{cluster}/{id}"));
        match state.tasks.get(id).filter(|task| task.cluster == cluster) {
            Some(task) => {
                let is_on = task.is_protected(call.now);
                let until = task.protected.filter(|_| is_on).map(|it| it.to_string());
                protected.push(json!({
                    "taskArn": arn, "protectionEnabled": is_on, "expirationDate": until,
                }));
            }
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"protectedTasks": protected, "failures": failures}))
}
