//! How a service keeps its number of tasks, and how a deployment replaces them: within the minimum
//! and maximum percentages, with a circuit breaker that may roll back.
//!
//! Here is what every look at a service begins with; `replica` and `daemon` keep the number,
//! `start` makes new tasks, `rollout` says how far a deployment is.

mod daemon;
mod replica;
mod rollout;
mod start;

use std::time::Duration;

use super::super::task::{self, Status, Task};
use super::super::{State, outside};
use super::{Service, connect, key};
use crate::clock::Time;
use crate::state::Account;

pub(in super::super) use rollout::task_failed;

/// How long an INACTIVE service can be described.
const REMEMBERED: Duration = Duration::from_secs(3600);

impl Service {
    /// When something happens to it by itself.
    pub(in super::super) fn due(&self) -> Option<Time> {
        match self.ended {
            Some(ended) => Some(ended + REMEMBERED),
            None => self.retry,
        }
    }

    /// Tells whether it can be forgotten.
    pub(in super::super) fn is_forgotten(&self, now: Time) -> bool {
        self.ended.is_some_and(|ended| ended + REMEMBERED <= now)
    }
}

/// What a service must know of one of its tasks.
#[derive(Clone, Debug)]
struct Seen {
    id: String,
    deployment: String,
    instance: Option<String>,
    zone: String,
    is_well: bool,
    is_running: bool,
    /// Whether it stays: it is not on an instance that drains.
    stays: bool,
    is_protected: bool,
    created: Time,
}

/// Brings a service a step nearer to what it should be. Tells whether anything changed.
pub(in super::super) fn reconcile(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    key: &str,
    now: Time,
) -> bool {
    let Some(service) = ecs.services.get(key).cloned() else { return false };
    let mut turn = Turn { ecs, account, region, now, service, changed: false };
    turn.watch();
    if turn.service.is_active() {
        turn.keep();
    } else {
        turn.drain();
    }
    let Turn { ecs, service, changed, .. } = turn;
    ecs.services.insert(key.to_owned(), service);
    changed
}

/// One look at a service.
struct Turn<'a> {
    ecs: &'a mut State,
    account: &'a mut Account,
    region: &'a str,
    now: Time,
    service: Service,
    changed: bool,
}

impl Turn<'_> {
    fn own(&self, task: &Task) -> bool {
        task.cluster == self.service.cluster && task.service.as_ref() == Some(&self.service.name)
    }

    /// Returns the tasks that nothing asked to stop.
    fn seen(&self) -> Vec<Seen> {
        let tasks = self.ecs.tasks.iter().filter(|(_, it)| it.is_wanted() && self.own(it));
        tasks
            .map(|(id, it)| {
                let instance = it.instance.as_ref().and_then(|id| self.ecs.instances.get(id));
                Seen {
                    id: id.clone(),
                    deployment: it.deployment.clone().unwrap_or_default(),
                    instance: it.instance.clone(),
                    zone: instance.map(|it| it.zone.clone()).unwrap_or_default(),
                    is_well: it.is_well(),
                    is_running: it.status == Status::Running,
                    stays: !instance.is_some_and(|it| it.draining),
                    is_protected: it.is_protected(self.now),
                    created: it.created,
                }
            })
            .collect()
    }

    fn tell(&mut self, words: &str) {
        let id = self.account.new_uuid();
        let message = format!("(service {}) {words}", self.service.name);
        self.service.tell(id, self.now, message);
        self.changed = true;
    }

    fn stop(&mut self, id: &str, reason: &str) {
        let why = ("ServiceSchedulerInitiated", reason);
        task::stop(self.ecs, self.account, self.region, id, self.now, why);
        self.changed = true;
    }

    /// Looks at the health of targets; a task that fails its checks after the grace period ends.
    fn watch(&mut self) {
        let grace = Duration::from_secs(self.service.grace());
        let tasks = self.ecs.tasks.iter().filter(|(_, it)| self.own(it));
        let with_targets =
            tasks.filter(|(_, it)| it.status == Status::Running && !it.targets.is_empty());
        let looked: Vec<(String, bool, Option<String>, Time)> = with_targets
            .map(|(id, it)| {
                let health =
                    |target| outside::target_health(self.account, self.region, target, self.now);
                let all: Vec<outside::TargetHealth> = it.targets.iter().map(health).collect();
                let bad = all.iter().position(|it| *it == outside::TargetHealth::Unhealthy);
                let bad = bad.and_then(|at| it.targets.get(at)).map(|target| target.group.clone());
                let well = all.iter().all(|it| *it == outside::TargetHealth::Healthy);
                (id.clone(), well, bad, it.started.unwrap_or(self.now))
            })
            .collect();
        for (id, well, bad, started) in looked {
            if let Some(task) = self.ecs.tasks.get_mut(&id) {
                self.changed |= task.serves != well;
                task.serves = well;
            }
            let Some(group) = bad.filter(|_| started + grace <= self.now) else { continue };
            let Some(task) = self.ecs.tasks.get(&id) else { continue };
            let instance = task.instance.clone().unwrap_or_default();
            let port = task.targets.first().map_or(0, |it| it.port);
            let deployment = task.deployment.clone().unwrap_or_default();
            self.tell(&format!(
                "(instance {instance}) (port {port}) is unhealthy in (target-group {group}) due to (reason Health checks failed)."
            ));
            self.stop(&id, &format!("Task failed ELB health checks in (target-group {group})"));
            self.count_failure(&deployment);
        }
    }

    fn count_failure(&mut self, deployment: &str) {
        let way = self.account.way.clone();
        let now = self.now;
        self.service.count_failure(deployment, now, &way);
    }

    /// Stops everything; the service is INACTIVE once nothing is left.
    fn drain(&mut self) {
        for task in self.seen() {
            let primary = self.service.primary().map(|it| it.id.clone()).unwrap_or_default();
            self.stop(&task.id, &format!("Scaling activity initiated by (deployment {primary})"));
        }
        let left = self.ecs.tasks.values().any(|it| !it.is_stopped() && self.own(it));
        if !left {
            self.service.ended = Some(self.now);
            self.changed = true;
            for deployment in std::mem::take(&mut self.service.deployments) {
                let now = self.now;
                connect::forget(self.account, self.region, &deployment.revision, None, now);
                // What it was made from can still be described.
                if self.service.deployments.is_empty() {
                    self.service.deployments.push(deployment);
                }
            }
        }
    }

    /// Keeps the number of tasks, and replaces those of other deployments.
    fn keep(&mut self) {
        self.trip();
        self.forget_old();
        let Some(primary) = self.service.primary().map(|it| it.id.clone()) else { return };
        let tasks = self.seen();
        let is_own = |task: &&Seen| task.deployment == primary && task.stays;
        let own: Vec<Seen> = tasks.iter().filter(is_own).cloned().collect();
        let others: Vec<Seen> = tasks.iter().filter(|it| !is_own(it)).cloned().collect();
        if self.service.is_daemon {
            self.daemon(&own, &others);
        } else {
            self.replica(&own, &others);
        }
        self.conclude();
    }
}

/// Returns how many tasks a service should have; none for one that is not ACTIVE.
pub(in super::super) fn desired(state: &State, cluster: &str, name: &str) -> Option<u32> {
    let service = state.services.get(&key(cluster, name))?;
    service.is_active().then_some(service.desired)
}

/// Sets how many tasks a service should have.
pub(crate) fn set_desired(state: &mut State, cluster: &str, name: &str, count: u32) -> bool {
    let service = state.services.get_mut(&key(cluster, name));
    let Some(service) = service.filter(|it| it.is_active() && !it.is_daemon) else { return false };
    service.desired = count;
    service.is_steady = false;
    true
}
