//! A service with one task on each instance.

use super::super::super::task::{self, Order};
use super::super::Rollout;
use super::{Seen, Turn};

impl Turn<'_> {
    /// Keeps one task on each instance that takes tasks.
    pub(super) fn daemon(&mut self, own: &[Seen], others: &[Seen]) {
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
}
