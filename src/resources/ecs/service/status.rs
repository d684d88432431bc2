//! Where a service is in its life, and what still runs of one that is going.

use super::EcsService;
use super::names::{ServiceName, last};
use crate::aws::{Cx, Error, Result};
use crate::engine::resource::{Blocker, Status};
use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;

/// Says where a service is. Whoever waits for it wants the tasks running; a plan only wants to know
/// whether a deployment is under way. A deployment that failed is a failure to whoever waits for
/// it, but no reason to replace the service.
pub(super) fn status(service: &Service, waits: bool) -> Status {
    match service.status() {
        Some("DRAINING") => {
            let left = service.running_count() + service.pending_count();
            return Status::Deleting(format!("DRAINING, {} left", counted(left, "task")));
        }
        Some("ACTIVE") | None => {}
        Some(other) => return Status::Pending(other.to_owned()),
    }
    let all = service.deployments();
    let Some(primary) = all.iter().find(|one| one.status() == Some("PRIMARY")) else {
        return Status::Ready;
    };
    let tasks = tasks_of(primary);
    match primary.rollout_state() {
        Some(DeploymentRolloutState::Failed) => {
            let reason = primary.rollout_state_reason().unwrap_or("no reason is given");
            let text = format!("deployment of {tasks} FAILED: {reason}");
            if waits { Status::Failed(text) } else { Status::Pending(text) }
        }
        Some(DeploymentRolloutState::InProgress) => {
            let back = all.iter().any(|one| failed(one) && one.id() != primary.id());
            let what = if back { "deployment failed, going back to" } else { "deployment of" };
            Status::Pending(format!("{what} {tasks}"))
        }
        // Other controllers tell no state.
        _ if !waits => Status::Ready,
        _ if service.running_count() < service.desired_count() => {
            Status::Pending(format!("deployment of {tasks}"))
        }
        _ => Status::Ready,
    }
}

fn failed(deployment: &Deployment) -> bool {
    deployment.rollout_state() == Some(&DeploymentRolloutState::Failed)
}

/// `app:5: 1 of 2 tasks running, 1 pending, 3 failed`.
fn tasks_of(deployment: &Deployment) -> String {
    let definition = last(deployment.task_definition().unwrap_or_default());
    let (running, desired) = (deployment.running_count(), deployment.desired_count());
    let mut text = format!("{definition}: {running} of {} running", counted(desired, "task"));
    for (count, what) in
        [(deployment.pending_count(), "pending"), (deployment.failed_tasks(), "failed")]
    {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

fn counted(count: i32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Names the tasks of a service that have not stopped.
pub(super) async fn tasks(cx: &Cx, name: &ServiceName) -> Result<Vec<Blocker>> {
    let call = cx.ecs().list_tasks().cluster(&name.cluster).service_name(&name.name);
    let arns = match call.send().await.map_err(Error::from) {
        Ok(found) => found.task_arns.unwrap_or_default(),
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let call = cx.ecs().describe_tasks().cluster(&name.cluster).set_tasks(Some(arns));
    let found = call.send().await?.tasks.unwrap_or_default();
    let blocker = |task: aws_sdk_ecs::types::Task| {
        let state = task.last_status.unwrap_or_default();
        let id = task.task_arn?;
        let leaves = Some("ECS stops it, when its connections have drained".to_owned());
        Some(Blocker { what: format!("task {} ({state})", last(&id)), leaves })
    };
    Ok(found.into_iter().filter_map(blocker).collect())
}

/// Names the target groups in which tasks of a service still drain.
pub(super) async fn draining(cx: &Cx, spec: &EcsService) -> Result<Vec<Blocker>> {
    let mut found = Vec::new();
    for target in spec.load_balancers.iter().flatten() {
        let arn = &target.target_group_arn;
        let call = cx.elbv2().describe_target_health().target_group_arn(arn);
        let health = match call.send().await.map_err(Error::from) {
            Ok(found) => found.target_health_descriptions.unwrap_or_default(),
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error),
        };
        let drains = health.iter().filter(|one| {
            one.target_health().and_then(|health| health.state())
                == Some(&TargetHealthStateEnum::Draining)
        });
        let count = i32::try_from(drains.count()).unwrap_or(i32::MAX);
        if count > 0 {
            let group = arn.rsplit(':').next().unwrap_or(arn);
            let what = format!("{} draining in {group}", counted(count, "target"));
            let leaves = "it leaves after the group's deregistration delay".to_owned();
            found.push(Blocker { what, leaves: Some(leaves) });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(
        status: &str,
        of: &str,
        state: DeploymentRolloutState,
        counts: [i32; 4],
    ) -> Deployment {
        let [desired, running, pending, failed] = counts;
        Deployment::builder()
            .id(of)
            .status(status)
            .task_definition(format!("arn:aws:ecs:eu-west-1:1:task-definition/{of}"))
            .rollout_state(state)
            .rollout_state_reason("tasks failed to start.")
            .desired_count(desired)
            .running_count(running)
            .pending_count(pending)
            .failed_tasks(failed)
            .build()
    }

    fn service(deployments: Vec<Deployment>) -> Service {
        let service = Service::builder().status("ACTIVE").desired_count(2).running_count(1);
        service.set_deployments(Some(deployments)).build()
    }

    #[test]
    fn waiting_tells_numbers_and_a_plan_only_deployments() {
        use DeploymentRolloutState::{Completed, Failed, InProgress};
        let of = |service: &Service| (status(service, true), status(service, false));
        let busy = service(vec![deployment("PRIMARY", "app:5", InProgress, [2, 1, 1, 0])]);
        let text = "deployment of app:5: 1 of 2 tasks running, 1 pending".to_owned();
        assert_eq!(of(&busy), (Status::Pending(text.clone()), Status::Pending(text)));
        let short = service(vec![deployment("PRIMARY", "app:5", Completed, [2, 1, 0, 0])]);
        let text = "deployment of app:5: 1 of 2 tasks running".to_owned();
        assert_eq!(of(&short), (Status::Pending(text), Status::Ready));
        let broken = service(vec![deployment("PRIMARY", "app:5", Failed, [2, 0, 0, 3])]);
        let text =
            "deployment of app:5: 0 of 2 tasks running, 3 failed FAILED: tasks failed to start.";
        assert_eq!(of(&broken), (Status::Failed(text.into()), Status::Pending(text.into())));
        let back = service(vec![
            deployment("PRIMARY", "app:4", InProgress, [2, 2, 0, 0]),
            deployment("ACTIVE", "app:5", Failed, [0, 0, 0, 3]),
        ]);
        let text = "deployment failed, going back to app:4: 2 of 2 tasks running".to_owned();
        assert_eq!(of(&back), (Status::Pending(text.clone()), Status::Pending(text)));
        let going = Service::builder().status("DRAINING").running_count(1).build();
        assert_eq!(status(&going, true), Status::Deleting("DRAINING, 1 task left".into()));
    }
}
