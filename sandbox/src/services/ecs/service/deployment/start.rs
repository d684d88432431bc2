//! New tasks of a service: how they are ordered, and what is told of them.

use serde_json::{Value, json};

use super::super::super::capacity_provider::Provider;
use super::super::super::task::{self, Order};
use super::super::super::{scaling, tags, task_definition};
use super::Turn;

/// The words that end events about failures.
const MORE: &str =
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

impl Turn<'_> {
    /// Starts tasks, as far as there are places or something adds some.
    pub(super) fn start(&mut self, count: usize) {
        let mut started = Vec::new();
        for _ in 0..count {
            let order = self.order();
            match task::start(self.ecs, self.account, self.region, order, self.now) {
                Ok(id) => {
                    started.push(id);
                    self.changed = true;
                }
                Err(why) => {
                    self.unplaced(&why);
                    break;
                }
            }
        }
        self.tell_started(&started);
    }

    pub(super) fn tell_started(&mut self, started: &[String]) {
        if !started.is_empty() {
            self.service.unplaced = None;
            self.service.is_steady = false;
            let names: Vec<String> = started.iter().map(|id| format!("(task {id})")).collect();
            self.tell(&format!("has started {} tasks: {}.", started.len(), names.join(" ")));
        }
    }

    /// Says once why a task cannot be placed.
    pub(super) fn unplaced(&mut self, why: &str) {
        let why = why
            .split_once(": The closest")
            .map_or_else(|| format!("Reason: {why}"), |(_, rest)| format!("The closest{rest}"));
        if self.service.unplaced.as_ref() != Some(&why) {
            self.tell(&format!(
                "was unable to place a task because no container instance met all of its requirements. {why} {MORE}"
            ));
            self.service.unplaced = Some(why);
        }
        self.service.is_steady = false;
    }

    /// Makes the order for one more task of the primary deployment.
    pub(super) fn order(&self) -> Order {
        let service = &self.service;
        let Some(primary) = service.primary() else { return Order::default() };
        let provider = scaling::choose(self.ecs, service, primary);
        let scales = provider.as_ref().and_then(|it| self.ecs.providers.get(it));
        let mut tags = tags::Tags::new();
        match service.setting("propagateTags").and_then(Value::as_str) {
            Some("SERVICE") => tags.clone_from(&service.tags),
            Some("TASK_DEFINITION") => {
                let found = task_definition::by_arn(self.ecs, primary.definition());
                tags = found.map(|it| it.tags.clone()).unwrap_or_default();
            }
            _ => {}
        }
        if service.setting("enableECSManagedTags") == Some(&json!(true)) {
            tags.insert("aws:ecs:clusterName".to_owned(), service.cluster.clone());
            tags.insert("aws:ecs:serviceName".to_owned(), service.name.clone());
        }
        Order {
            cluster: service.cluster.clone(),
            service: Some(service.name.clone()),
            deployment: Some(primary.id.clone()),
            group: format!("service:{}", service.name),
            started_by: Some(primary.id.clone()),
            definition: primary.definition().to_owned(),
            may_wait: scales.is_some_and(Provider::is_scaling),
            provider,
            network: primary.network().map(|it| json!(it)),
            constraints: service.placement("placementConstraints").to_vec(),
            strategies: service.placement("placementStrategy").to_vec(),
            can_exec: service.setting("enableExecuteCommand") == Some(&json!(true)),
            tags,
            ..Order::default()
        }
    }
}
