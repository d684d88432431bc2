//! What AWS refuses in a task definition, told before anything is changed.

use super::EcsTaskDefinition;
use super::container::ContainerDefinition;
use crate::engine::resource::FieldProblem;
use crate::stack::value::is_placeholder;
use aws_sdk_ecs::types::{Compatibility, LogDriver, NetworkMode};
use std::collections::BTreeSet;

/// Collects problems by path.
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn say(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldProblem { path: path.into(), message: message.into() });
    }
}

fn is_name(name: &str) -> bool {
    super::super::cluster::is_name(name)
}

fn number(text: Option<&str>) -> Option<i64> {
    text?.parse().ok()
}

impl EcsTaskDefinition {
    pub(super) fn problems(&self) -> Vec<FieldProblem> {
        let mut found = Problems(Vec::new());
        if !is_name(&self.family) {
            found.say("family", "a name has at most 255 letters, digits, `-` and `_`");
        }
        for (path, role) in [
            ("task_role_arn", &self.task_role_arn),
            ("execution_role_arn", &self.execution_role_arn),
        ] {
            if role.as_ref().is_some_and(|arn| !arn.starts_with("arn:") && !is_placeholder(arn)) {
                found.say(path, "give the ARN of the role, which is what AWS tells of it");
            }
        }
        self.check_sizes(&mut found);
        self.check_compatibility(&mut found);
        if self.container_definitions.is_empty() {
            found.say("container_definitions", "a task has at least one container");
        } else if self.container_definitions.iter().all(|container| !container.essential) {
            found.say("container_definitions", "one container at least is `essential`");
        }
        let mut names = BTreeSet::new();
        let mut ports = BTreeSet::new();
        for (at, container) in self.container_definitions.iter().enumerate() {
            let path = format!("container_definitions.{at}");
            if !is_name(&container.name) {
                let message = "a name has at most 255 letters, digits, `-` and `_`";
                found.say(format!("{path}.name"), message);
            } else if !names.insert(&container.name) {
                found.say(format!("{path}.name"), "two containers have the same name");
            }
            for port in container.port_mappings.iter().filter_map(|port| port.name.as_ref()) {
                if !ports.insert(port) && !is_placeholder(port) {
                    found.say(format!("{path}.port_mappings"), "two ports have the same name");
                }
            }
            self.check_container(container, &path, &mut found);
        }
        let mut volumes = BTreeSet::new();
        for (at, volume) in self.volumes.iter().enumerate() {
            if !volumes.insert(&volume.name) {
                found.say(format!("volumes.{at}.name"), "two volumes have the same name");
            }
        }
        found.0
    }

    fn check_sizes(&self, found: &mut Problems) {
        for (path, text) in [("cpu", &self.cpu), ("memory", &self.memory)] {
            let unfit = |text: &String| !is_placeholder(text) && number(Some(text)).is_none();
            if text.as_ref().is_some_and(unfit) {
                let example =
                    if path == "cpu" { "`256` or `.25 vCPU`" } else { "`512` or `0.5 GB`" };
                found.say(path, format!("this is no amount: write {example}"));
            }
        }
        let all = || self.container_definitions.iter();
        if let Some(most) = number(self.cpu.as_deref()) {
            let sum: i64 = all().filter_map(|c| c.cpu).map(i64::from).sum();
            if sum > most {
                found.say(
                    "cpu",
                    format!("its containers reserve {sum} CPU units, more than {most}"),
                );
            }
        }
        if let Some(most) = number(self.memory.as_deref()) {
            let of = |c: &ContainerDefinition| c.memory_reservation.or(c.memory).unwrap_or(0);
            let sum: i64 = all().map(|c| i64::from(of(c))).sum();
            if sum > most {
                found.say("memory", format!("its containers reserve {sum} MiB, more than {most}"));
            }
            for (at, container) in all().enumerate() {
                if container.memory.is_some_and(|memory| i64::from(memory) > most) {
                    let path = format!("container_definitions.{at}.memory");
                    found.say(path, "this is more than the `memory` of the task");
                }
            }
        }
    }

    fn check_compatibility(&self, found: &mut Problems) {
        let fargate = self.requires_compatibilities.iter().flatten();
        if !fargate.into_iter().any(|one| one.0 == Compatibility::Fargate) {
            return;
        }
        if self.network_mode.as_ref().is_none_or(|mode| mode.0 != NetworkMode::Awsvpc) {
            found.say("network_mode", "Fargate needs `awsvpc`");
        }
        for (path, given) in [("cpu", self.cpu.is_some()), ("memory", self.memory.is_some())] {
            if !given {
                found.say(path, "Fargate needs this for the whole task");
            }
        }
    }

    fn check_container(&self, container: &ContainerDefinition, path: &str, found: &mut Problems) {
        let of_task = self.memory.is_some();
        match (container.memory, container.memory_reservation) {
            (None, None) if !of_task => {
                let message = "give `memory` or `memory_reservation` here, or `memory` of the task";
                found.say(format!("{path}.memory"), message);
            }
            (Some(most), Some(reserved)) if reserved >= most => {
                let message = "less than `memory` is reserved";
                found.say(format!("{path}.memory_reservation"), message);
            }
            // "The Docker 20.10.0 or later daemon reserves a minimum of 6 MiB" (ECS API reference).
            (Some(few), _) | (None, Some(few)) if few < 6 => {
                found.say(format!("{path}.memory"), "a container has at least 6 MiB");
            }
            _ => {}
        }
        self.check_network(container, path, found);
        let volumes: BTreeSet<&str> = self.volumes.iter().map(|v| v.name.as_str()).collect();
        for mount in &container.mount_points {
            let name = mount.source_volume.as_str();
            if !volumes.contains(name) && !is_placeholder(name) {
                let message = format!("there is no volume `{name}` in `volumes`");
                found.say(format!("{path}.mount_points"), message);
            }
        }
        let others = |name: &str| {
            let mut others = self.container_definitions.iter().filter(|c| c.name != container.name);
            is_placeholder(name) || others.any(|c| c.name == name)
        };
        for on in container.depends_on.iter().filter(|on| !others(&on.container_name)) {
            let message = format!("there is no other container `{}`", on.container_name);
            found.say(format!("{path}.depends_on"), message);
        }
        if !container.secrets.is_empty() && self.execution_role_arn.is_none() {
            let message = "secrets are read with the `execution_role_arn` of the task";
            found.say(format!("{path}.secrets"), message);
        }
        let mut variables = BTreeSet::new();
        let plain = container.environment.iter().map(|pair| ("environment", &pair.name));
        let secret = container.secrets.iter().map(|secret| ("secrets", &secret.name));
        for (field, name) in plain.chain(secret).filter(|(_, name)| !is_placeholder(name)) {
            if !variables.insert(name) {
                found.say(format!("{path}.{field}"), format!("`{name}` is given twice"));
            }
        }
        if let Some(log) = &container.log_configuration
            && log.log_driver.0 == LogDriver::Awslogs
        {
            for option in ["awslogs-group", "awslogs-region"] {
                if !log.options.contains_key(option) {
                    let message = format!("the driver `awslogs` needs `{option}`");
                    found.say(format!("{path}.log_configuration.options"), message);
                }
            }
        }
    }

    fn check_network(&self, container: &ContainerDefinition, path: &str, found: &mut Problems) {
        let Some(mode) = self.network_mode.as_ref().map(|mode| &mode.0) else { return };
        if matches!(mode, NetworkMode::Awsvpc | NetworkMode::Host)
            && container.port_mappings.iter().any(|port| port.host_port.is_some())
        {
            let mode = mode.as_str();
            let message = format!("with `{mode}` the port of the host is that of the container");
            found.say(format!("{path}.port_mappings"), message);
        }
        if *mode == NetworkMode::None && !container.port_mappings.is_empty() {
            found.say(format!("{path}.port_mappings"), "without a network there are no ports");
        }
        let mut taken = BTreeSet::new();
        for port in container.port_mappings.iter().filter(|_| *mode == NetworkMode::Awsvpc) {
            if !taken.insert((port.container_port, &port.protocol)) {
                found.say(format!("{path}.port_mappings"), "a port is mapped once");
            }
        }
        if *mode == NetworkMode::Awsvpc {
            for (field, given) in [
                ("hostname", container.hostname.is_some()),
                ("dns_servers", !container.dns_servers.is_empty()),
                ("dns_search_domains", !container.dns_search_domains.is_empty()),
                ("extra_hosts", !container.extra_hosts.is_empty()),
            ] {
                if given {
                    found.say(format!("{path}.{field}"), "AWS does not take this with `awsvpc`");
                }
            }
        }
    }
}
