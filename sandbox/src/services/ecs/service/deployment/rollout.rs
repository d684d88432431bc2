//! How far a deployment is: complete, or failed by its circuit breaker, which may roll back.

use std::time::Duration;

use super::super::super::State;
use super::super::{Deployment, Rollout, Service, connect, show};
use super::{Seen, Turn};
use crate::clock::Time;
use crate::state::Account;

/// How long ECS waits after a failed task, doubled for each that follows, up to fifteen minutes.
const RETRY: Duration = Duration::from_secs(10);
const LONGEST_RETRY: Duration = Duration::from_secs(900);
/// How long a way back takes at least.
const ROLLING_BACK: Duration = Duration::from_secs(30);

impl Turn<'_> {
    /// Ends a deployment whose tasks fail too often; with rollback the one before comes back.
    pub(super) fn trip(&mut self) {
        let (is_on, rolls_back) = self.service.breaker();
        let threshold = self.service.threshold();
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
        let before = before.filter(|_| rolls_back && !was_rollback);
        let back_to = before.as_ref().map(|it| it.id.as_str());
        self.service.remember_failure(&failed, back_to, self.now);
        let Some(mut before) = before else { return };
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
    pub(super) fn forget_old(&mut self) {
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
            connect::forget(self.account, self.region, &deployment.revision, kept, self.now);
        }
        self.changed |= self.service.deployments.len() != before;
    }

    /// Says when a deployment is complete, and when the service is steady.
    pub(super) fn conclude(&mut self) {
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
            self.service.remember_success(self.now);
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
    pub(super) fn count_failure(&mut self, deployment: &str, now: Time, way: &crate::state::Way) {
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
pub(in super::super::super) fn task_failed(
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
