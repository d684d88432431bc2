//! RegisterTaskDefinition: what is checked, and what is filled in.

use serde_json::{Map, Value, json};

use super::super::rules::{FAMILY, FARGATE, ROLE, TASK_SIZE, VOLUME};
use super::super::{Call, Input, Members, names, state_mut, tags};
use super::{Definition, compatibility, containers};
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// What RegisterTaskDefinition takes.
pub(crate) const REGISTER: &[&str] = &[
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "tags",
    "pidMode",
    "ipcMode",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
];

/// Reads CPU units or MiB: a whole number, or one of `1 vCPU` and `1 GB`, which count 1024.
fn size(text: &str, unit: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(number) = text.strip_suffix(unit) {
        let number: f64 = number.trim().parse().ok()?;
        return (number.is_finite() && number > 0.0).then_some((number * 1024.0) as i64);
    }
    text.parse().ok().filter(|size| *size > 0)
}

/// Reads the task's own CPU and memory.
fn sizes(input: &Input) -> Result<(Option<i64>, Option<i64>), Refusal> {
    let mut sizes = [None, None];
    for (at, (member, unit, least)) in
        [("cpu", "vcpu", 128), ("memory", "gb", 4)].iter().enumerate()
    {
        let Some(text) = input.text(member) else { continue };
        let value = size(text, unit);
        let value =
            value.ok_or_else(|| TASK_SIZE.refuse(&[member, "The value is not a number."]))?;
        if value < *least {
            return Err(TASK_SIZE.refuse(&[member, &format!("It must be at least {least}.")]));
        }
        sizes[at] = Some(value);
    }
    Ok((sizes[0], sizes[1]))
}

/// Returns the ARN of a role given by ARN or name. It must be known by now.
fn role(account: &Account, call: &Call, given: &str) -> Result<String, Refusal> {
    let arn = if given.starts_with("arn:") {
        given.to_owned()
    } else {
        format!("arn:{}:iam::{}:role/{given}", call.partition, call.account_id)
    };
    let found = account.global.iam.role_by_arn(&arn);
    match found.filter(|role| role.known_from <= call.now) {
        Some(_) => Ok(arn),
        None => Err(ROLE.refuse(&[])),
    }
}

/// Reads volumes; their names must differ.
fn volumes(input: &Input) -> Result<Vec<Value>, Refusal> {
    let mut seen: Vec<&str> = Vec::new();
    let mut volumes = Vec::new();
    for volume in input.list("volumes") {
        let Some(given) = volume.as_object() else { continue };
        let name = given.text("name").unwrap_or_default();
        if name.is_empty() || seen.contains(&name) {
            return Err(VOLUME.refuse(&["Duplicate or unnamed", name]));
        }
        seen.push(name);
        let mut volume = volume.clone();
        if given.len() == 1 {
            // One that says nothing else is a host volume of Docker's.
            volume["host"] = json!({});
        }
        volumes.push(volume);
    }
    Ok(volumes)
}

/// Refuses what tasks on Fargate cannot have.
fn check_fargate(members: &Map<String, Value>) -> Result<(), Refusal> {
    let wanted = members.list("requiresCompatibilities").iter().any(|it| it == "FARGATE");
    if !wanted {
        return Ok(());
    }
    if members.text("networkMode") != Some("awsvpc") {
        return Err(FARGATE.refuse(&["network mode 'awsvpc'"]));
    }
    if members.text("cpu").is_none() || members.text("memory").is_none() {
        return Err(FARGATE.refuse(&["task definitions with cpu and memory at task level"]));
    }
    Ok(())
}

/// RegisterTaskDefinition: makes the family's next revision.
pub(crate) fn register(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let family = input.text("family").unwrap_or_default();
    if !names::is_name(family) {
        return Err(FAMILY.refuse(&[]));
    }
    let (cpu, memory) = sizes(input)?;
    let mode = input.text("networkMode").unwrap_or("bridge");
    let volumes = volumes(input)?;
    let task = containers::Task {
        mode,
        cpu,
        memory,
        has_execution_role: input.contains_key("executionRoleArn"),
        volumes: volumes.iter().filter_map(|it| it["name"].as_str()).collect(),
    };
    let containers = containers::read(&task, input.list("containerDefinitions"))?;
    let tags = tags::of(input)?;
    let mut members = Map::new();
    let mut set = |member: &str, value: Value| members.insert(member.to_owned(), value);
    set("family", json!(family));
    set("networkMode", json!(mode));
    set("containerDefinitions", json!(containers));
    set("volumes", json!(volumes));
    set("placementConstraints", json!(input.list("placementConstraints")));
    for member in ["taskRoleArn", "executionRoleArn"] {
        if let Some(given) = input.text(member) {
            set(member, json!(role(account, call, given)?));
        }
    }
    for (member, value) in [("cpu", cpu), ("memory", memory)] {
        if let Some(value) = value {
            set(member, json!(value.to_string()));
        }
    }
    let kept = [
        "requiresCompatibilities",
        "pidMode",
        "ipcMode",
        "ephemeralStorage",
        "runtimePlatform",
        "enableFaultInjection",
    ];
    for member in kept {
        if let Some(given) = input.get(member) {
            set(member, given.clone());
        }
    }
    set("registeredAt", json!(call.now.to_string()));
    set("registeredBy", json!(call.principal_arn));
    check_fargate(&members)?;
    members.insert("compatibilities".to_owned(), compatibility::of(&members));
    members.insert("requiresAttributes".to_owned(), compatibility::attributes(&members));

    let known = state_mut(account, &call.region).families.entry(family.to_owned()).or_default();
    known.last += 1;
    let revision = known.last;
    let arn = names::arn(call, "task-definition", &format!("{family}:{revision}"));
    members.insert("taskDefinitionArn".to_owned(), json!(arn));
    members.insert("revision".to_owned(), json!(revision));
    let definition = Definition { members, tags, ..Definition::default() };
    let answer = json!({
        "taskDefinition": definition.shown(), "tags": tags::show(&definition.tags),
    });
    known.revisions.insert(revision, definition);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_numbers_or_have_units() {
        assert_eq!(size("1 vCPU", "vcpu"), Some(1024));
        assert_eq!(size(".5 vCPU", "vcpu"), Some(512));
        assert_eq!(size("2GB", "gb"), Some(2048));
        assert_eq!(size("300", "gb"), Some(300));
        assert_eq!((size("much", "gb"), size("0", "gb")), (None, None));
    }
}
