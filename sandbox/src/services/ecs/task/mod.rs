//! Tasks: placed on an instance, started, watched and stopped.
//!
//! `step` moves a task from one status to the next, `start` makes one, `request` holds the calls
//! about tasks, `show` how they are shown.

mod program;
mod request;
mod show;
mod start;
mod step;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::tags::Tags;
use crate::clock::Time;

pub(super) use request::{
    LIST, RUN, describe, get_protection, list, run, stop as stop_call, update_protection,
};
pub(super) use start::{Order, place, start};
pub(super) use step::{advance, host_gone, stop};

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Status {
    /// Waits for an instance, or for its network interface.
    #[default]
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Status {
    /// Returns the API's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// A task.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Task {
    pub(super) cluster: String,
    /// Its service's name.
    pub(super) service: Option<String>,
    /// Its deployment's id.
    pub(super) deployment: Option<String>,
    /// `service:…` or `family:…`.
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    /// Of the request that started it.
    token: Option<String>,
    /// The ARN of its task definition.
    pub(super) definition: String,
    /// The EC2 id of its instance.
    pub(super) instance: Option<String>,
    /// Its capacity provider.
    pub(super) provider: Option<String>,
    pub(super) status: Status,
    /// When its status changes by itself.
    pub(super) next: Option<Time>,
    pub(super) created: Time,
    pull_started: Option<Time>,
    pull_stopped: Option<Time>,
    pub(super) started: Option<Time>,
    stopping: Option<Time>,
    stopped: Option<Time>,
    stop_code: Option<String>,
    reason: Option<String>,
    /// What went wrong in containers, by name.
    container_reasons: BTreeMap<String, String>,
    exit_code: Option<i64>,
    /// Its own network interface.
    pub(super) interface: Option<Interface>,
    /// Subnets and groups for its interface.
    network: Option<Value>,
    /// Ports of the host it took.
    pub(super) bindings: Vec<Binding>,
    /// Where it is registered.
    pub(super) targets: Vec<Target>,
    /// Cloud Map services it is registered in.
    registries: Vec<String>,
    /// Whether containers that check themselves are healthy.
    is_healthy: bool,
    /// Whether it passes the health checks of its target groups, as last looked.
    pub(super) serves: bool,
    /// Until when scaling in leaves it alone.
    protected: Option<Time>,
    can_exec: bool,
    overrides: Option<Value>,
    constraints: Vec<Value>,
    pub(super) strategies: Vec<Value>,
    version: u64,
    pub(super) tags: Tags,
}

/// The network interface of a task.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Interface {
    pub(super) id: String,
    attachment: String,
    pub(super) subnet: String,
    pub(super) address: String,
}

/// A port of the host that leads to a container.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Binding {
    container: String,
    inner: i64,
    pub(super) outer: i64,
    pub(super) protocol: String,
}

/// A target that a task is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) id: String,
    pub(super) port: u32,
}

/// How long a stopped task can be described (DescribeTasks API reference: at least an hour).
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(3600);

impl Task {
    /// Tells whether nothing asked it to stop.
    pub(super) fn is_wanted(&self) -> bool {
        self.status <= Status::Running
    }

    /// Tells whether it does its work: it runs, its containers say they are well, and its target
    /// groups too.
    pub(super) fn is_well(&self) -> bool {
        self.status == Status::Running && self.is_healthy && self.serves
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.status == Status::Stopped
    }

    /// Tells whether it has not found an instance yet.
    pub(super) fn waits_for_instance(&self) -> bool {
        self.status == Status::Provisioning && self.instance.is_none()
    }

    /// When something happens to it by itself.
    pub(super) fn due(&self) -> Option<Time> {
        match self.stopped {
            Some(stopped) => Some(stopped + REMEMBERED),
            None => self.next,
        }
    }

    /// Tells whether it can be forgotten.
    pub(super) fn is_forgotten(&self, now: Time) -> bool {
        self.stopped.is_some_and(|stopped| stopped + REMEMBERED <= now)
    }

    /// Tells whether scaling in leaves it alone.
    pub(super) fn is_protected(&self, now: Time) -> bool {
        self.protected.is_some_and(|until| until > now)
    }
}

/// How many tasks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) running: u32,
    pub(super) pending: u32,
}

impl std::ops::Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { running: self.running + other.running, pending: self.pending + other.pending }
    }
}

impl Count {
    /// Counts one more.
    pub(super) fn add(&mut self, task: &Task) {
        match task.status {
            Status::Running => self.running += 1,
            Status::Provisioning | Status::Pending | Status::Activating => self.pending += 1,
            _ => {}
        }
    }
}

/// Counts the tasks of a service by deployment.
pub(super) fn count(state: &State, service: &str) -> BTreeMap<String, Count> {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for task in state.tasks.values() {
        let own = task.service.as_ref().is_some_and(|name| {
            service.strip_prefix(&task.cluster).and_then(|it| it.strip_prefix('/')) == Some(name)
        });
        if own {
            counts.entry(task.deployment.clone().unwrap_or_default()).or_default().add(task);
        }
    }
    counts
}
