//! Lifecycle hooks that keep instances from leaving: that of ECS, when it has no task left to move.
//!
//! ECS completes its hook itself once an instance has drained. It does not for one that never joined
//! a cluster, or whose agent is gone, which would wait for an hour (aws-semantics.md 11, 1 and 22).

use super::gone_is_done;
use crate::aws::{Cx, ErrorClass, Result};
use aws_sdk_autoscaling::types::{AutoScalingGroup as Found, LifecycleState};
use std::collections::BTreeSet;

/// The hook of ECS's managed draining.
const DRAINING: &str = "ecs-managed-draining-termination-hook";

/// Lets go those of a group's instances that wait for ECS without a task on them.
pub(super) async fn complete(cx: &Cx, name: &str, group: &Found) -> Result<()> {
    let waits = group
        .instances()
        .iter()
        .filter(|one| one.lifecycle_state() == Some(&LifecycleState::TerminatingWait));
    let waiting: Vec<&str> = waits.filter_map(|one| one.instance_id()).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let busy = match busy(cx).await {
        Ok(busy) => busy,
        // Whoever may not look leaves it to ECS, and to the hook's own time.
        Err(error) if error.class == ErrorClass::AccessDenied => return Ok(()),
        Err(error) => return Err(error),
    };
    for instance in waiting.into_iter().filter(|id| !busy.contains(*id)) {
        let call = cx.autoscaling().complete_lifecycle_action().auto_scaling_group_name(name);
        let call = call.lifecycle_hook_name(DRAINING).lifecycle_action_result("CONTINUE");
        match gone_is_done(call.instance_id(instance).send().await) {
            // It waits for another hook, or no longer.
            Err(error) if error.is("ValidationError") => {}
            other => other?,
        }
    }
    Ok(())
}

/// Reads which instances of all clusters have tasks, and an agent that can tell of their end.
async fn busy(cx: &Cx) -> Result<BTreeSet<String>> {
    let clusters = cx.ecs().list_clusters().into_paginator().items().send();
    let clusters = clusters.collect::<std::result::Result<Vec<_>, _>>().await?;
    let mut busy = BTreeSet::new();
    for cluster in clusters {
        let hosts = cx.ecs().list_container_instances().cluster(&cluster);
        let hosts = hosts.into_paginator().items().send();
        let hosts = hosts.collect::<std::result::Result<Vec<_>, _>>().await?;
        for hosts in hosts.chunks(100) {
            let call = cx.ecs().describe_container_instances().cluster(&cluster);
            let found = call.set_container_instances(Some(hosts.to_vec())).send().await?;
            let works = found.container_instances.unwrap_or_default().into_iter().filter(|host| {
                host.agent_connected && host.running_tasks_count + host.pending_tasks_count > 0
            });
            busy.extend(works.filter_map(|host| host.ec2_instance_id));
        }
    }
    Ok(busy)
}
