//! How a service keeps its number of tasks, and how a deployment replaces them: within the minimum
//! and maximum percentages, with a circuit breaker that may roll back.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::capacity_provider::uuid;
use super::super::task::{self, Order, Status, Task};
use super::super::{State, outside, scaling};
use super::{Deployment, Rollout, Service, connect, key, show};
use crate::clock::Time;
use crate::state::Account;

/// How long ECS waits after a failed task, doubled for each that follows, up to fifteen minutes.
const RETRY: Duration = Duration::from_secs(10);
const LONGEST_RETRY: Duration = Duration::from_secs(900);
/// How long an INACTIVE service can be described.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// How long a way back takes at least.
const ROLLING_BACK: Duration = Duration::from_secs(30);
/// The words that end events about failures.
const MORE: &str =
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

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
        let id = uuid(self.account);
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
                connect::forget(self.account, self.region, &deployment.revision, None);
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

    fn replica(&mut self, own: &[Seen], others: &[Seen]) {
        let desired = self.service.desired as usize;
        let is_broken = self.service.primary().is_some_and(|it| it.state == Rollout::Failed);
        self.surplus(own, desired);
        let least =
            (desired * self.service.percent("minimumHealthyPercent") as usize).div_ceil(100);
        let most = desired * self.service.percent("maximumPercent") as usize / 100;
        if is_broken {
            return;
        }
        let missing = desired.saturating_sub(own.len());
        let room = most.max(desired.min(1)).saturating_sub(own.len() + others.len());
        self.replace(own, others, desired, least, missing > 0 && room == 0);
        let may_start = self.service.retry.is_none_or(|retry| retry <= self.now);
        if may_start && missing > 0 {
            self.start(missing.min(room));
        }
        if missing == 0 && others.is_empty() {
            self.rebalance(own, desired, most);
        }
    }

    /// Stops what is more than the number asked for, the newest where most are.
    fn surplus(&mut self, own: &[Seen], desired: usize) {
        let mut left: Vec<Seen> = own.to_vec();
        let mut stopped = Vec::new();
        while left.len() > desired {
            let in_zone = |zone: &str| left.iter().filter(|it| it.zone == zone).count();
            let worst = left.iter().enumerate().max_by_key(|(_, it)| {
                (!it.is_protected, !it.is_well, in_zone(&it.zone), it.created, it.id.clone())
            });
            let Some((place, worst)) = worst else { break };
            if worst.is_protected && self.service.desired > 0 {
                break;
            }
            stopped.push(worst.id.clone());
            left.remove(place);
        }
        self.stop_several(&stopped);
    }

    fn stop_several(&mut self, ids: &[String]) {
        if ids.is_empty() {
            return;
        }
        let primary = self.service.primary().map(|it| it.id.clone()).unwrap_or_default();
        for id in ids {
            self.stop(id, &format!("Scaling activity initiated by (deployment {primary})"));
        }
        let names: Vec<String> = ids.iter().map(|id| format!("(task {id})")).collect();
        let names = names.join(" ");
        self.tell(&format!("has stopped {} running tasks: {names}.", ids.len()));
        let primary = self.service.primary();
        if let Some(groups) = primary.and_then(show::target_group) {
            self.tell(&format!("deregistered {} targets in {groups}", ids.len()));
        }
    }

    /// Stops tasks of other deployments: what is not well at once, what is well as soon as others
    /// do its work, or earlier down to the minimum where there is no room for new ones.
    fn replace(
        &mut self,
        own: &[Seen],
        others: &[Seen],
        desired: usize,
        least: usize,
        needs_room: bool,
    ) {
        let (well, unwell): (Vec<&Seen>, Vec<&Seen>) = others.iter().partition(|it| it.is_well);
        let mut stopping: Vec<String> = unwell.iter().map(|it| it.id.clone()).collect();
        let working = own.iter().filter(|it| it.is_well).count() + well.len();
        let keep = if needs_room { least } else { desired.max(least) };
        let many = working.saturating_sub(keep);
        stopping.extend(well.iter().take(many).map(|it| it.id.clone()));
        self.stop_several(&stopping);
    }

    /// Starts tasks, as far as there are places or something adds some.
    fn start(&mut self, count: usize) {
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

    fn tell_started(&mut self, started: &[String]) {
        if !started.is_empty() {
            self.service.unplaced = None;
            self.service.is_steady = false;
            let names: Vec<String> = started.iter().map(|id| format!("(task {id})")).collect();
            self.tell(&format!("has started {} tasks: {}.", started.len(), names.join(" ")));
        }
    }

    /// Says once why a task cannot be placed.
    fn unplaced(&mut self, why: &str) {
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
    fn order(&self) -> Order {
        let service = &self.service;
        let Some(primary) = service.primary() else { return Order::default() };
        let provider = scaling::choose(self.ecs, service, primary);
        let scales = provider.as_ref().and_then(|it| self.ecs.providers.get(it));
        let mut tags = super::super::tags::Tags::new();
        match service.setting("propagateTags").and_then(Value::as_str) {
            Some("SERVICE") => tags.clone_from(&service.tags),
            Some("TASK_DEFINITION") => {
                let found = super::super::task_definition::by_arn(self.ecs, primary.definition());
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
            may_wait: scales.is_some_and(|it| it.is_scaling()),
            provider,
            network: primary.network().map(|it| json!(it)),
            constraints: service.placement("placementConstraints").to_vec(),
            strategies: service.placement("placementStrategy").to_vec(),
            can_exec: service.setting("enableExecuteCommand") == Some(&json!(true)),
            tags,
            ..Order::default()
        }
    }

    /// Keeps one task on each instance that takes tasks.
    fn daemon(&mut self, own: &[Seen], others: &[Seen]) {
        let hosts = self.ecs.instances.iter();
        let hosts: Vec<String> = hosts
            .filter(|(_, it)| it.cluster == self.service.cluster && it.takes_tasks())
            .map(|(id, _)| id.clone())
            .collect();
        let of = |tasks: &[Seen], host: &String| {
            let on = tasks.iter().filter(|it| it.instance.as_ref() == Some(host));
            on.map(|it| it.id.clone()).collect::<Vec<_>>()
        };
        let is_broken = self.service.primary().is_some_and(|it| it.state == Rollout::Failed);
        let may_start = self.service.retry.is_none_or(|retry| retry <= self.now) && !is_broken;
        let mut started = Vec::new();
        let mut wanted = 0;
        for host in &hosts {
            let there = of(own, host);
            if !there.is_empty() {
                wanted += 1;
                continue;
            }
            // One task of the service at a time: the one before goes first.
            let old = of(others, host);
            let busy =
                self.ecs.tasks.values().any(|it| {
                    !it.is_stopped() && self.own(it) && it.instance.as_ref() == Some(host)
                });
            if !old.is_empty() {
                self.stop_several(&old);
            } else if !busy && may_start {
                let order = Order { instance: Some(host.clone()), may_wait: false, ..self.order() };
                if let Ok(id) = task::start(self.ecs, self.account, self.region, order, self.now) {
                    started.push(id);
                    wanted += 1;
                }
            }
        }
        let elsewhere: Vec<String> = others
            .iter()
            .filter(|it| it.instance.as_ref().is_none_or(|host| !hosts.contains(host)))
            .map(|it| it.id.clone())
            .collect();
        self.stop_several(&elsewhere);
        self.service.desired = wanted;
        self.tell_started(&started);
    }

    /// Moves a task from a zone that has more than its share to one that has less.
    fn rebalance(&mut self, own: &[Seen], desired: usize, most: usize) {
        let is_on = self.service.setting("availabilityZoneRebalancing") == Some(&json!("ENABLED"));
        let is_settled = own.iter().all(|it| it.is_well) && own.len() == desired;
        if !is_on || !is_settled || most <= desired || desired < 2 {
            return;
        }
        let hosts = self.ecs.instances.values();
        let mut zones: Vec<(usize, String)> = Vec::new();
        for host in hosts.filter(|it| it.cluster == self.service.cluster && it.takes_tasks()) {
            if !zones.iter().any(|(_, zone)| *zone == host.zone) {
                let count = own.iter().filter(|it| it.zone == host.zone).count();
                zones.push((count, host.zone.clone()));
            }
        }
        zones.sort();
        let (Some((few, to)), Some((many, _))) = (zones.first(), zones.last()) else { return };
        if many - few < 2 {
            return;
        }
        let order = Order { zone: Some(to.clone()), may_wait: false, ..self.order() };
        if let Ok(id) = task::start(self.ecs, self.account, self.region, order, self.now) {
            self.tell(&format!("is not Availability Zone balanced. Balancing the service by starting 1 tasks in {to}."));
            self.tell_started(&[id]);
        }
    }

    /// Ends a deployment whose tasks fail too often; with rollback the one before comes back.
    fn trip(&mut self) {
        let (is_on, rolls_back) = self.service.breaker();
        let threshold = self.service.desired.div_ceil(2).clamp(3, 200);
        let Some(primary) = self.service.deployments.first_mut() else { return };
        if !is_on || primary.state != Rollout::InProgress || primary.failed < threshold {
            return;
        }
        primary.state = Rollout::Failed;
        "ECS deployment circuit breaker: tasks failed to start.".clone_into(&mut primary.reason);
        primary.updated = self.now;
        let (failed, was_rollback) = (primary.id.clone(), primary.is_rollback);
        self.tell(&format!("(deployment {failed}) deployment failed: tasks failed to start."));
        self.service.retry = None;
        let before = self.service.completed.clone().filter(|it| it.id != failed);
        let Some(mut before) = before.filter(|_| rolls_back && !was_rollback) else { return };
        let place = self.service.deployments.iter().position(|it| it.id == before.id);
        if let Some(place) = place {
            before = self.service.deployments.remove(place);
        } else {
            before.resources =
                connect::register(self.account, self.region, &before.revision, self.now);
        }
        before.state = Rollout::InProgress;
        before.is_rollback = true;
        before.failed = 0;
        before.updated = self.now;
        before.reason =
            format!("ECS deployment circuit breaker: rolling back to deploymentId {}.", before.id);
        self.tell(&format!("rolling back to deployment {}.", before.id));
        self.service.deployments.insert(0, before);
        self.service.failures = 0;
    }

    /// Forgets deployments that another one took over from and that have no tasks left.
    fn forget_old(&mut self) {
        let live: Vec<String> = self
            .ecs
            .tasks
            .values()
            .filter(|it| !it.is_stopped() && self.own(it))
            .filter_map(|it| it.deployment.clone())
            .collect();
        let goes_back = self.service.primary().is_some_and(|it| it.is_rollback);
        let primary = self.service.primary().map(|it| it.revision.clone());
        let before = self.service.deployments.len();
        let mut gone: Vec<Deployment> = Vec::new();
        let mut place = 0;
        self.service.deployments.retain(|it| {
            place += 1;
            // What failed is told until the way back is at its end.
            let is_told = goes_back && it.state == Rollout::Failed;
            let stays = place == 1 || is_told || live.contains(&it.id);
            if !stays {
                gone.push(it.clone());
            }
            stays
        });
        for deployment in gone {
            let kept = primary.as_ref();
            connect::forget(self.account, self.region, &deployment.revision, kept);
        }
        self.changed |= self.service.deployments.len() != before;
    }

    /// Says when a deployment is complete, and when the service is steady.
    fn conclude(&mut self) {
        let desired = self.service.desired as usize;
        let tasks: Vec<Seen> = self.seen();
        let others = self.service.deployments.iter().skip(1);
        let is_alone = others.filter(|it| it.state != Rollout::Failed).count() == 0;
        let way = self.account.way.clone();
        let Some(primary) = self.service.deployments.first_mut() else { return };
        let running = tasks.iter().filter(|it| it.deployment == primary.id && it.is_running);
        let well = running.filter(|it| it.is_well && it.stays).count();
        let is_full = well == desired && tasks.len() == desired && is_alone;
        let end = way.after(primary.updated, ROLLING_BACK);
        if !is_full || primary.is_rollback && end > self.now {
            return;
        }
        if primary.state == Rollout::InProgress {
            primary.state = Rollout::Completed;
            primary.reason = format!("ECS deployment {} completed.", primary.id);
            primary.updated = self.now;
            primary.is_rollback = false;
            let done = primary.clone();
            let id = done.id.clone();
            self.service.completed = Some(done);
            self.service.failures = 0;
            self.service.retry = None;
            if let Some(groups) = self.service.primary().and_then(show::target_group) {
                self.tell(&format!("registered {desired} targets in {groups}"));
            }
            self.tell("has reached a steady state.");
            self.tell(&format!("(deployment {id}) deployment completed."));
            self.service.is_steady = true;
        } else if primary.state == Rollout::Completed && !self.service.is_steady {
            self.service.failures = 0;
            self.service.retry = None;
            self.tell("has reached a steady state.");
            self.service.is_steady = true;
        }
    }
}

impl Service {
    /// Counts a task that failed; the next one waits, ever longer where no breaker ends it.
    fn count_failure(&mut self, deployment: &str, now: Time, way: &crate::state::Way) {
        self.failures += 1;
        self.is_steady = false;
        let mut is_counted = false;
        for it in self.deployments.iter_mut().filter(|it| it.id == deployment) {
            it.failed += 1;
            is_counted = it.state == Rollout::InProgress;
        }
        let doubled = RETRY.saturating_mul(1 << self.failures.saturating_sub(1).min(10));
        let wait = doubled.min(LONGEST_RETRY);
        let (breaks, _) = self.breaker();
        // A breaker bounds the tries, so that they need no time of their own.
        self.retry = Some(if breaks && is_counted { way.after(now, wait) } else { now + wait });
    }
}

/// Tells a service that one of its tasks could not start.
pub(in super::super) fn task_failed(
    ecs: &mut State,
    account: &Account,
    key: &str,
    deployment: &str,
    now: Time,
) {
    if let Some(service) = ecs.services.get_mut(key) {
        service.count_failure(deployment, now, &account.way);
    }
}

/// Returns how many tasks a service should have; none for one that is not ACTIVE.
pub(crate) fn desired(state: &State, cluster: &str, name: &str) -> Option<u32> {
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
