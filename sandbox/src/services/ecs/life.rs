//! What happens without a call: agents join, tasks move on, services keep their number.
//!
//! Everything that is due happens in rounds until nothing changes any more. What depends on other
//! services (health, room, images) is looked at again after a while that grows with the time since
//! the last change, so that a sandbox opened after days has little to catch up with.

use std::time::Duration;

use super::{
    State, capacity_provider, container_instance, scaling, service, task, task_definition,
};
use crate::clock::Time;
use crate::state::Account;

/// The first time to look again.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// A bound on rounds at one moment, far above what any state needs.
const ROUNDS: usize = 500;

/// Has ECS look at a region again at a time.
pub(super) fn wake(account: &mut Account, region: &str, now: Time) {
    let ecs = &mut account.region_mut(region).ecs;
    ecs.look = Some(ecs.look.map_or(now, |look| look.min(now)));
    ecs.changed = now;
}

/// Lends what ECS keeps for a region, so that both it and the rest of the account can be changed.
pub(super) fn with<T>(
    account: &mut Account,
    region: &str,
    run: impl FnOnce(&mut State, &mut Account) -> T,
) -> T {
    let mut ecs = std::mem::take(&mut account.region_mut(region).ecs);
    let result = run(&mut ecs, account);
    account.region_mut(region).ecs = ecs;
    result
}

/// When something next happens in a region.
pub(super) fn due(account: &Account, region: &str, ecs: &State) -> Option<Time> {
    let tasks = ecs.tasks.values().filter_map(task::Task::due);
    let retries = ecs.services.values().filter_map(service::Service::due);
    let instances = container_instance::due(account, region, ecs);
    // When that began is not known here; it is not before the last change of anything.
    let draining = scaling::has_news(ecs, account, region).then(|| ecs.changed.max(account.time));
    tasks.chain(retries).chain(ecs.look).chain(instances).chain(draining).min()
}

/// Lets happen in a region what is due.
pub(super) fn settle(account: &mut Account, region: &str, now: Time) {
    with(account, region, |ecs, account| {
        let mut any = false;
        // The wait after failed tasks is over.
        for service in ecs.services.values_mut() {
            service.retry = service.retry.filter(|retry| *retry > now);
        }
        for _ in 0..ROUNDS {
            if !round(ecs, account, region, now) {
                break;
            }
            any = true;
        }
        ecs.tasks.retain(|_, task| !task.is_forgotten(now));
        ecs.services.retain(|_, service| !service.is_forgotten(now));
        if any {
            ecs.changed = now;
        }
        let lives = ecs.services.values().any(|it| it.ended.is_none())
            || !ecs.instances.is_empty()
            || ecs.tasks.values().any(|it| !it.is_stopped());
        let wait = FIRST_LOOK.max(now.since(ecs.changed) / 8);
        ecs.look = lives.then(|| now + wait);
    });
}

/// One round: tells whether anything changed.
fn round(ecs: &mut State, account: &mut Account, region: &str, now: Time) -> bool {
    let mut changed = container_instance::settle(ecs, account, region, now);
    let due: Vec<String> = ecs
        .tasks
        .iter()
        .filter(|(_, it)| !it.is_stopped() && it.next.is_some_and(|next| next <= now))
        .map(|(id, _)| id.clone())
        .collect();
    for id in due {
        task::advance(ecs, account, region, &id, now);
        changed = true;
    }
    let waiting = ecs.tasks.iter().filter(|(_, it)| it.waits_for_instance());
    let waiting: Vec<String> = waiting.map(|(id, _)| id.clone()).collect();
    for id in waiting {
        changed |= task::place(ecs, account, region, &id, now).is_ok();
    }
    let keys: Vec<String> = ecs
        .services
        .iter()
        .filter(|(_, it)| it.ended.is_none())
        .map(|(key, _)| key.clone())
        .collect();
    for key in keys {
        changed |= service::reconcile(ecs, account, region, &key, now);
    }
    changed |= scaling::settle(ecs, account, region, now);
    capacity_provider::settle(ecs, now);
    task_definition::settle(ecs, now);
    changed
}
