//! Services: so many tasks of one definition, and the deployments that replace them.
//!
//! `create`, `update` and `delete` are what people ask for, `check` what is refused, `show` what is
//! answered, `deployment` how the tasks come and go, `history` what is remembered of
//! deployments.

mod check;
mod connect;
mod create;
mod delete;
mod deployment;
mod history;
mod list;
mod show;
mod update;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tags::Tags;
use super::{Members, State};
use crate::clock::Time;

pub(super) use check::network;
pub(super) use create::{CREATE, create};
pub(super) use delete::delete;
pub(super) use deployment::{desired, reconcile, set_desired, task_failed};
pub(super) use history::{describe as describe_deployments, list as list_deployments, revisions};
pub(super) use list::{describe, list};
pub(super) use update::{UPDATE, update};

/// How many events a service keeps (DescribeServices API reference).
const EVENTS: usize = 100;

/// A service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    pub(super) cluster: String,
    pub(super) name: String,
    token: Option<String>,
    created: Time,
    created_by: String,
    /// When its deletion was asked for: it is DRAINING from then on.
    pub(super) deleted: Option<Time>,
    /// When it became INACTIVE.
    pub(super) ended: Option<Time>,
    pub(super) desired: u32,
    pub(super) is_daemon: bool,
    /// `deploymentConfiguration` as it is shown.
    configuration: Map<String, Value>,
    /// Members that no deployment depends on, as they are shown.
    settings: Map<String, Value>,
    /// The first is the primary one.
    pub(super) deployments: Vec<Deployment>,
    /// What a failed deployment falls back to.
    completed: Option<Deployment>,
    /// Newest first.
    events: Vec<Event>,
    /// Its deployments, newest first.
    history: Vec<history::Record>,
    /// No task is started before.
    pub(super) retry: Option<Time>,
    /// How many tasks failed one after another.
    failures: u32,
    /// The task that was started to even out zones.
    moving: Option<String>,
    /// Whether the last event says that it is steady.
    is_steady: bool,
    /// The last reason why no task could be placed.
    unplaced: Option<String>,
    pub(super) tags: Tags,
}

/// A deployment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Deployment {
    /// `ecs-svc/` and digits.
    pub(super) id: String,
    /// The last part of the ARN of what is remembered of it.
    record: String,
    created: Time,
    updated: Time,
    /// What its tasks are made from: taskDefinition, launchType, capacityProviderStrategy,
    /// networkConfiguration, loadBalancers, serviceRegistries, serviceConnectConfiguration.
    pub(super) revision: Map<String, Value>,
    pub(super) state: Rollout,
    reason: String,
    pub(super) failed: u32,
    /// Whether a failed one gave way to it.
    is_rollback: bool,
    /// What Service Connect registered for it.
    resources: Vec<Value>,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Rollout {
    #[default]
    InProgress,
    Completed,
    Failed,
}

/// Something that happened to a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Event {
    id: String,
    time: Time,
    message: String,
}

/// Returns under what a service is kept.
pub(super) fn key(cluster: &str, name: &str) -> String {
    format!("{cluster}/{name}")
}

impl Deployment {
    /// Returns the ARN of its task definition.
    pub(super) fn definition(&self) -> &str {
        self.revision.text("taskDefinition").unwrap_or_default()
    }

    /// Returns its subnets, security groups and whether tasks get public addresses.
    pub(super) fn network(&self) -> Option<&Map<String, Value>> {
        self.revision.object("networkConfiguration")?.object("awsvpcConfiguration")
    }

    pub(super) fn load_balancers(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.revision.list("loadBalancers").iter().filter_map(Value::as_object)
    }

    pub(super) fn registries(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.revision.list("serviceRegistries").iter().filter_map(Value::as_object)
    }

    /// Returns its capacity provider strategy.
    pub(super) fn strategy(&self) -> &[Value] {
        self.revision.list("capacityProviderStrategy")
    }
}

impl Service {
    /// Tells its status as the API does.
    pub(super) fn status(&self) -> &'static str {
        match (self.ended, self.deleted) {
            (Some(_), _) => "INACTIVE",
            (None, Some(_)) => "DRAINING",
            (None, None) => "ACTIVE",
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.deleted.is_none()
    }

    /// Returns its primary deployment, which every service has.
    pub(super) fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// Returns a setting that no deployment depends on.
    pub(super) fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.get(name)
    }

    /// Returns placement constraints or strategies.
    pub(super) fn placement(&self, name: &str) -> &[Value] {
        self.settings.list(name)
    }

    /// How long failing health checks do not end a task.
    pub(super) fn grace(&self) -> u64 {
        let grace = self.settings.integer("healthCheckGracePeriodSeconds").unwrap_or(0);
        u64::try_from(grace).unwrap_or(0)
    }

    fn percent(&self, name: &str) -> u32 {
        let percent = self.configuration.integer(name).unwrap_or(100);
        u32::try_from(percent).unwrap_or(100)
    }

    /// Tells whether its circuit breaker is on, and whether it rolls back.
    fn breaker(&self) -> (bool, bool) {
        let breaker = self.configuration.object("deploymentCircuitBreaker");
        let is = |member| breaker.and_then(|it| it.flag(member)).unwrap_or_default();
        (is("enable"), is("rollback"))
    }

    /// How many failed tasks trip its circuit breaker (developer guide, deployment circuit breaker).
    fn threshold(&self) -> u32 {
        self.desired.div_ceil(2).clamp(3, 200)
    }

    /// Tells of something that happened.
    pub(super) fn tell(&mut self, id: String, time: Time, message: String) {
        self.events.insert(0, Event { id, time, message });
        self.events.truncate(EVENTS);
    }
}

/// Returns the services of a cluster that are not INACTIVE.
pub(super) fn of_cluster<'a>(
    state: &'a State,
    cluster: &'a str,
) -> impl Iterator<Item = &'a Service> {
    let services = state.services.values();
    services.filter(move |service| service.cluster == cluster && service.ended.is_none())
}
