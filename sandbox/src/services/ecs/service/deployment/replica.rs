//! A service with a number of tasks: what is missing is started, what is too much is stopped, and
//! tasks of other deployments give way within the minimum and maximum percentages.

use serde_json::json;

use super::super::super::task::{self, Order};
use super::super::{Rollout, show};
use super::{Seen, Turn};

impl Turn<'_> {
    pub(super) fn replica(&mut self, own: &[Seen], others: &[Seen]) {
        let desired = self.service.desired as usize;
        let is_broken = self.service.primary().is_some_and(|it| it.state == Rollout::Failed);
        // A task that comes to even out zones is one more until it is well.
        let moving = self.service.moving.as_ref();
        let moves = own.iter().any(|it| Some(&it.id) == moving && !it.is_well);
        if !moves {
            self.service.moving = None;
        }
        self.surplus(own, desired + usize::from(moves));
        let least =
            (desired * self.service.percent("minimumHealthyPercent") as usize).div_ceil(100);
        let most = desired * self.service.percent("maximumPercent") as usize / 100;
        if is_broken {
            return;
        }
        let missing = desired.saturating_sub(own.len());
        let room = most.max(desired.min(1)).saturating_sub(own.len() + others.len());
        // Neither the percentages nor the instances may leave room for new tasks.
        let is_stuck = missing > 0 && (room == 0 || self.service.unplaced.is_some());
        let waits = own.iter().any(|it| it.instance.is_none());
        self.replace(own, others, desired, least, is_stuck || waits);
        let may_start = self.service.retry.is_none_or(|retry| retry <= self.now);
        if may_start && missing > 0 {
            self.start(missing.min(room));
        }
        if may_start && missing == 0 && others.is_empty() {
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

    pub(super) fn stop_several(&mut self, ids: &[String]) {
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
            self.service.moving = Some(id.clone());
            self.tell_started(&[id]);
        }
    }
}
