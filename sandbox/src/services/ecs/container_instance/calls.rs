//! The calls about container instances, and how they are shown.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::rules::{HAS_TASKS, INSTANCE_FILTER, INSTANCE_STATUS, NO_INSTANCE};
use super::super::task::{self, Status};
use super::super::{
    Call, Input, Members, State, at_most, cluster, includes, life, names, page, placement, state,
    state_mut, tags,
};
use super::{AGENT, CAPABILITIES, ContainerInstance};
use crate::services::Answer;
use crate::state::Account;

fn shown(account: &Account, call: &Call, id: &str, with_tags: bool) -> Value {
    let state = state(account, &call.region);
    let Some(own) = state.instances.get(id) else { return Value::Null };
    let taken = placement::taken(state, "").remove(id).unwrap_or_default();
    let number = |name: &str, value: i64| {
        json!({"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0,
            "integerValue": value})
    };
    let ports = |ports: Vec<String>, name: &str| {
        json!({"name": name, "type": "STRINGSET", "doubleValue": 0.0, "longValue": 0,
            "integerValue": 0, "stringSetValue": ports})
    };
    let held = |protocol: &str| -> Vec<String> {
        let own = taken.ports.iter().filter(|it| it.1 == protocol).map(|it| it.0);
        own.map(|port| port.to_string()).collect()
    };
    let reserved: Vec<String> = placement::RESERVED.iter().map(ToString::to_string).collect();
    let all = |cpu: i64, memory: i64, tcp: Vec<String>, udp: Vec<String>| {
        json!([
            number("CPU", cpu),
            number("MEMORY", memory),
            ports(tcp, "PORTS"),
            ports(udp, "PORTS_UDP")
        ])
    };
    let left = [reserved.clone(), held("tcp")].concat();
    let mut attributes: Vec<Value> = own
        .attributes()
        .into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    attributes.extend(CAPABILITIES.iter().map(|name| json!({"name": name})));
    let on = state.tasks.values().filter(|it| it.instance.as_deref() == Some(id));
    let (mut running, mut pending) = (0, 0);
    for task in on {
        match task.status {
            Status::Stopped => {}
            Status::Provisioning | Status::Pending | Status::Activating => pending += 1,
            _ => running += 1,
        }
    }
    json!({
        "containerInstanceArn":
            names::arn(call, "container-instance", &format!("{}/{}", own.cluster, own.id)),
        "ec2InstanceId": id,
        "capacityProviderName": own.provider,
        "version": own.version,
        "versionInfo": {"agentVersion": AGENT, "agentHash": "0a5a6f5f",
            "dockerVersion": "DockerVersion: 25.0.8"},
        "registeredResources": all(own.cpu, own.memory, reserved, Vec::new()),
        "remainingResources":
            all(own.cpu - taken.cpu, own.memory - taken.memory, left, held("udp")),
        "status": if own.draining { "DRAINING" } else { "ACTIVE" },
        "agentConnected": own.connected,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "attributes": attributes,
        "registeredAt": own.registered.to_string(),
        "attachments": [],
        "tags": if with_tags { tags::show(&own.tags) } else { json!([]) },
    })
}

/// Finds an instance by the id in its ARN.
fn find<'a>(
    state: &'a State,
    cluster: &str,
    given: &str,
) -> Option<(&'a str, &'a ContainerInstance)> {
    let id = names::last(given);
    let found = state.instances.iter().find(|(_, it)| it.id == id && it.cluster == cluster);
    found.map(|(ec2, own)| (ec2.as_str(), own))
}

/// ListContainerInstances: filters by status and by an expression of the cluster query language.
pub(crate) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let asked = input.text("status");
    let filter = match input.text("filter") {
        Some(text) => {
            let read = placement::Expression::parse(text);
            Some(read.ok_or_else(|| INSTANCE_FILTER.refuse(&[text]))?)
        }
        None => None,
    };
    let taken = placement::taken(state, "");
    let none = placement::Taken::default();
    let holds = |expression: &placement::Expression, id: &str, own: &ContainerInstance| {
        expression.holds(|subject| match subject {
            "ec2InstanceId" => Some(id.to_owned()),
            other => own.subject(other, taken.get(id).unwrap_or(&none)),
        })
    };
    let items = state
        .instances
        .iter()
        .filter(|(_, own)| own.cluster == cluster)
        .filter(|(_, own)| {
            asked.is_none_or(|it| it == if own.draining { "DRAINING" } else { "ACTIVE" })
        })
        .filter(|(id, own)| filter.as_ref().is_none_or(|it| holds(it, id, own)))
        .map(|(_, own)| {
            let arn = names::arn(call, "container-instance", &format!("{cluster}/{}", own.id));
            (own.id.clone(), json!(arn))
        })
        .collect();
    let (arns, next) = page(input, 100, items)?;
    Ok(json!({"containerInstanceArns": arns, "nextToken": next}))
}

/// DescribeContainerInstances.
pub(crate) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "containerInstances", 100)?;
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let (mut instances, mut failures) = (Vec::new(), Vec::new());
    for given in input.texts("containerInstances") {
        match find(state, cluster, given) {
            Some((id, _)) => instances.push(shown(account, call, id, includes(input, "TAGS"))),
            None => {
                let name = format!("{cluster}/{}", names::last(given));
                let arn = names::arn(call, "container-instance", &name);
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"containerInstances": instances, "failures": failures}))
}

/// DeregisterContainerInstance: with tasks on it only by force.
pub(crate) fn deregister(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?.to_owned();
    let known = state(account, &call.region);
    cluster::active(known, &cluster)?;
    let found = find(known, &cluster, input.text("containerInstance").unwrap_or_default());
    let id = found.ok_or_else(|| NO_INSTANCE.refuse(&[]))?.0.to_owned();
    let on = known.tasks.values().filter(|it| it.instance.as_ref() == Some(&id));
    let is_busy = on.filter(|it| !it.is_stopped()).count() > 0;
    if is_busy && input.flag("force") != Some(true) {
        return Err(HAS_TASKS.refuse(&[]));
    }
    let mut answer = shown(account, call, &id, true);
    answer["status"] = json!("INACTIVE");
    life::with(account, &call.region, |ecs, account| {
        task::host_gone(ecs, account, &call.region, &id, call.now);
        ecs.instances.remove(&id);
        // Its agent registers again only when it is started again, which takes a person.
        ecs.agents.insert(id.clone(), call.now + Duration::from_secs(3650 * 86_400));
    });
    life::wake(account, &call.region, call.now);
    Ok(json!({"containerInstance": answer}))
}

/// UpdateContainerInstancesState: up to ten become ACTIVE or DRAINING.
pub(crate) fn update_state(account: &mut Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "containerInstances", 10)?;
    let cluster = names::cluster(call, input)?.to_owned();
    cluster::active(state(account, &call.region), &cluster)?;
    let draining = match input.text("status") {
        Some("ACTIVE") => false,
        Some("DRAINING") => true,
        other => return Err(INSTANCE_STATUS.refuse(&[other.unwrap_or_default()])),
    };
    let (mut instances, mut failures) = (Vec::new(), Vec::new());
    for given in input.texts("containerInstances") {
        let found = find(state(account, &call.region), &cluster, given).map(|it| it.0.to_owned());
        match found {
            Some(id) => {
                if let Some(own) = state_mut(account, &call.region).instances.get_mut(&id) {
                    own.draining = draining;
                    own.version += 1;
                }
                instances.push(shown(account, call, &id, false));
            }
            None => failures.push(json!({"arn": given, "reason": "MISSING"})),
        }
    }
    life::wake(account, &call.region, call.now);
    Ok(json!({"containerInstances": instances, "failures": failures}))
}
