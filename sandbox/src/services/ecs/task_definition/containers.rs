//! Container definitions: what is checked, and what is filled in.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::Members;
use super::super::rules::{
    CONTAINER_MEMORY, CONTAINER_MISSING, CONTAINER_SIZE, CONTAINERS, DEPENDENCY, HEALTH_CHECK,
    LOG_OPTIONS, NETWORK_MODE, PORT_MAPPING, SECRET_NAME, SECRETS_ROLE, VOLUME,
};
use crate::rules::Refusal;

/// What containers must know of their task.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) mode: &'a str,
    pub(super) cpu: Option<i64>,
    pub(super) memory: Option<i64>,
    pub(super) has_execution_role: bool,
    pub(super) volumes: Vec<&'a str>,
}

/// How many containers a task may have.
const MAX_CONTAINERS: usize = 10;
/// The least memory of a container, in MiB.
const LEAST_MEMORY: i64 = 6;

type Container = Map<String, Value>;

fn name(container: &Container) -> &str {
    container.text("name").unwrap_or_default()
}

/// Checks the containers of a task and returns them as AWS shows them.
pub(super) fn read(task: &Task<'_>, given: &[Value]) -> Result<Vec<Value>, Refusal> {
    let containers: Vec<&Container> = given.iter().filter_map(Value::as_object).collect();
    if containers.is_empty() {
        return Err(CONTAINERS.refuse(&["Container list cannot be empty."]));
    }
    if containers.len() > MAX_CONTAINERS {
        return Err(CONTAINERS.refuse(&["A task definition can have at most 10 containers."]));
    }
    let mut seen = BTreeSet::new();
    for container in &containers {
        for member in ["image", "name"] {
            if container.text(member).is_none_or(|text| text.trim().is_empty()) {
                return Err(CONTAINER_MISSING.refuse(&[member]));
            }
        }
        if !super::names::is_name(name(container)) {
            let words = format!("Invalid container name '{}'.", name(container));
            return Err(CONTAINERS.refuse(&[&words]));
        }
        if !seen.insert(name(container)) {
            let words = format!(
                "Container names must be unique within a task definition: '{}'.",
                name(container)
            );
            return Err(CONTAINERS.refuse(&[&words]));
        }
    }
    if !containers.iter().any(|it| it.flag("essential").unwrap_or(true)) {
        return Err(
            CONTAINERS.refuse(&["A task definition must have at least one essential container."])
        );
    }
    check_memory(task, &containers)?;
    check_ports(task, &containers)?;
    for container in &containers {
        check(task, container, &containers)?;
    }
    Ok(containers.into_iter().map(|container| filled(task, container)).collect())
}

/// Checks the sizes of containers, alone and together.
fn check_memory(task: &Task<'_>, containers: &[&Container]) -> Result<(), Refusal> {
    for container in containers {
        let refuse = |why: &str| Err(CONTAINER_SIZE.refuse(&[name(container), why]));
        let (memory, soft) = (container.integer("memory"), container.integer("memoryReservation"));
        if task.memory.is_none() && memory.is_none() && soft.is_none() {
            return Err(CONTAINER_MEMORY.refuse(&[name(container)]));
        }
        if [memory, soft].into_iter().flatten().any(|size| size < LEAST_MEMORY) {
            return refuse("Memory must be at least 6 MiB.");
        }
        if let (Some(memory), Some(soft)) = (memory, soft)
            && soft >= memory
        {
            return refuse(
                "The 'memory' value must be greater than the 'memoryReservation' value.",
            );
        }
        if memory.is_some_and(|memory| task.memory.is_some_and(|task| memory > task)) {
            return refuse("The 'memory' value may not be greater than that of the task.");
        }
        if container.integer("cpu").is_some_and(|cpu| cpu < 0) {
            return refuse("The 'cpu' value may not be negative.");
        }
    }
    let cpu: i64 = containers.iter().filter_map(|it| it.integer("cpu")).sum();
    if task.cpu.is_some_and(|task| cpu > task) {
        let last = containers.last().map(|it| name(it)).unwrap_or_default();
        let why = "The 'cpu' values of all containers together may not be greater than the task's.";
        return Err(CONTAINER_SIZE.refuse(&[last, why]));
    }
    Ok(())
}

/// Checks port mappings: what the network mode allows, and that nothing is taken twice.
fn check_ports(task: &Task<'_>, containers: &[&Container]) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for container in containers {
        for mapping in container.list("portMappings").iter().filter_map(Value::as_object) {
            let refuse = |why: &str| Err(PORT_MAPPING.refuse(&[name(container), why]));
            if mapping.contains_key("containerPortRange") {
                return refuse("the sandbox does not model containerPortRange");
            }
            let Some(inner) = mapping.integer("containerPort") else {
                return refuse("containerPort must be given");
            };
            let host = mapping.integer("hostPort");
            let is_port = |port: i64| (0..=65_535).contains(&port);
            if !is_port(inner) || inner == 0 || !host.is_none_or(is_port) {
                return refuse("ports must lie between 1 and 65535");
            }
            match task.mode {
                "none" => {
                    let why = "port mappings may not be specified.";
                    return Err(NETWORK_MODE.refuse(&["none", why]));
                }
                "awsvpc" | "host" if host.is_some_and(|host| host != inner && host != 0) => {
                    let why = "the host ports and container ports in port mappings must match.";
                    return Err(NETWORK_MODE.refuse(&[task.mode, why]));
                }
                _ => {}
            }
            let protocol = mapping.text("protocol").unwrap_or("tcp");
            let outer = if task.mode == "bridge" { host.unwrap_or(0) } else { inner };
            if outer > 0 && !taken.insert((outer, protocol)) {
                return refuse("the same port is mapped twice");
            }
            if let Some(port_name) = mapping.text("name") {
                if !super::names::is_name(port_name) || port_name.len() > 64 {
                    return refuse("a name has up to 64 letters, digits, hyphens and underscores");
                }
                if !names.insert(port_name) {
                    return refuse("names must be unique within a task definition");
                }
            } else if mapping.contains_key("appProtocol") {
                return refuse("appProtocol needs a name");
            }
        }
    }
    Ok(())
}

/// Checks what a container says of volumes, secrets, logs, health and other containers.
fn check(task: &Task<'_>, container: &Container, all: &[&Container]) -> Result<(), Refusal> {
    let own = name(container);
    if task.mode == "awsvpc" {
        for member in ["links", "hostname", "dnsServers", "dnsSearchDomains", "extraHosts"] {
            if container.get(member).is_some_and(|it| !it.as_array().is_some_and(Vec::is_empty)) {
                let why = format!("{member} may not be specified on a container.");
                return Err(NETWORK_MODE.refuse(&["awsvpc", &why]));
            }
        }
    }
    for mount in container.list("mountPoints").iter().filter_map(Value::as_object) {
        let volume = mount.text("sourceVolume").unwrap_or_default();
        if !task.volumes.contains(&volume) {
            return Err(VOLUME.refuse(&["Unknown", volume]));
        }
    }
    check_secrets(task, container)?;
    if let Some(logs) = container.object("logConfiguration")
        && logs.text("logDriver") == Some("awslogs")
    {
        let options = logs.object("options");
        let has = |option: &&str| options.is_some_and(|options| options.contains_key(*option));
        let lacks: Vec<&str> =
            ["awslogs-group", "awslogs-region"].iter().filter(|it| !has(it)).copied().collect();
        if !lacks.is_empty() {
            return Err(LOG_OPTIONS.refuse(&[&lacks.join(", ")]));
        }
    }
    if let Some(check) = container.object("healthCheck") {
        let refuse = |why: &str| Err(HEALTH_CHECK.refuse(&[own, why]));
        match check.texts("command").first() {
            Some(&("CMD" | "CMD-SHELL" | "NONE")) => {}
            _ => return refuse("the command must begin with CMD, CMD-SHELL or NONE"),
        }
        for (member, range) in [
            ("interval", 5..=300),
            ("timeout", 2..=120),
            ("retries", 1..=10),
            ("startPeriod", 0..=300),
        ] {
            if check.integer(member).is_some_and(|value| !range.contains(&value)) {
                let words =
                    format!("{member} must lie between {} and {}", range.start(), range.end());
                return refuse(&words);
            }
        }
    }
    for needed in container.list("dependsOn").iter().filter_map(Value::as_object) {
        let refuse = |why: &str| Err(DEPENDENCY.refuse(&[own, why]));
        let other = needed.text("containerName").unwrap_or_default();
        let Some(found) = all.iter().find(|it| name(it) == other).filter(|_| other != own) else {
            return refuse(&format!("'{other}' is no other container of the task"));
        };
        let is_essential = found.flag("essential").unwrap_or(true);
        match needed.text("condition") {
            Some("HEALTHY") if !found.contains_key("healthCheck") => {
                return refuse(&format!("'{other}' has no health check"));
            }
            Some("COMPLETE" | "SUCCESS") if is_essential => {
                return refuse(&format!("'{other}' is essential, it may not be waited for to end"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_secrets(task: &Task<'_>, container: &Container) -> Result<(), Refusal> {
    let logs = container.object("logConfiguration");
    let log_secrets = logs.map_or(&[][..], |logs| logs.list("secretOptions"));
    let secrets = container.list("secrets");
    if (!secrets.is_empty() || !log_secrets.is_empty()) && !task.has_execution_role {
        return Err(SECRETS_ROLE.refuse(&[]));
    }
    let mut names: BTreeSet<&str> = container
        .list("environment")
        .iter()
        .filter_map(|variable| variable.as_object()?.text("name"))
        .collect();
    for secret in secrets.iter().filter_map(Value::as_object) {
        let name = secret.text("name").unwrap_or_default();
        if !names.insert(name) {
            return Err(SECRET_NAME.refuse(&[name]));
        }
    }
    Ok(())
}

/// Returns a container as AWS shows it: with the defaults that AWS writes down.
fn filled(task: &Task<'_>, given: &Container) -> Value {
    let mut container = given.clone();
    let mut default = |member: &str, value: Value| {
        container.entry(member).or_insert(value);
    };
    default("cpu", json!(0));
    default("essential", json!(true));
    for member in ["portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"] {
        default(member, json!([]));
    }
    for mapping in
        container.get_mut("portMappings").and_then(Value::as_array_mut).into_iter().flatten()
    {
        let inner = mapping["containerPort"].clone();
        let Some(mapping) = mapping.as_object_mut() else { continue };
        mapping.entry("protocol").or_insert_with(|| json!("tcp"));
        let host = mapping.entry("hostPort").or_insert_with(|| json!(0));
        if task.mode != "bridge" {
            *host = inner;
        }
    }
    if let Some(check) = container.get_mut("healthCheck").and_then(Value::as_object_mut) {
        for (member, value) in [("interval", 30), ("timeout", 5), ("retries", 3)] {
            check.entry(member).or_insert_with(|| json!(value));
        }
    }
    Value::Object(container)
}
