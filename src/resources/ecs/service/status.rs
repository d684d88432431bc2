//! Where a service is in its life.

use super::names::last;
use crate::engine::resource::Status;
use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service};
use std::cmp::Ordering;

/// What an event says when ECS finds no place for a task.
const UNPLACED: &str = "was unable to place a task";

/// Says where a service is. Whoever waits for it wants just the tasks asked for to be running; a plan
/// only wants to know whether a deployment is under way, or failed.
pub(super) fn status(service: &Service, waits: bool) -> Status {
    let (running, desired) = (service.running_count(), service.desired_count());
    match service.status() {
        Some("DRAINING") => {
            let left = counted(running + service.pending_count(), "task");
            return Status::Deleting(format!("DRAINING, {left} left"));
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
            Status::Failed(format!("deployment of {tasks} FAILED: {reason}"))
        }
        Some(DeploymentRolloutState::InProgress) => {
            let back = all.iter().any(|one| failed(one) && one.id() != primary.id());
            let what = if back { "deployment failed, going back to" } else { "deployment of" };
            let unplaced = unplaced(service).map(|why| format!("; {why}")).unwrap_or_default();
            Status::Pending(format!("{what} {tasks}{unplaced}"))
        }
        // Other controllers tell no state.
        _ if !waits => Status::Ready,
        _ => match running.cmp(&desired) {
            Ordering::Less => Status::Pending(format!("deployment of {tasks}")),
            Ordering::Equal => Status::Ready,
            Ordering::Greater => {
                let more = counted(running - desired, "task");
                Status::Pending(format!("ACTIVE with {more} more than the {desired} asked for"))
            }
        },
    }
}

/// Why the newest thing that happened to a service is that a task found no place.
fn unplaced(service: &Service) -> Option<&str> {
    let newest = service.events().first()?.message()?;
    let (_, why) = newest.split_once(UNPLACED)?;
    let (_, why) = why.split_once("requirements. ").unwrap_or(("", why));
    let why = why.split_once(" For more information").map_or(why, |(why, _)| why);
    Some(why.trim())
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

pub(super) fn counted(count: i32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::types::ServiceEvent;

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
    fn a_task_without_a_place_is_told() {
        let primary =
            deployment("PRIMARY", "app:5", DeploymentRolloutState::InProgress, [2, 0, 0, 0]);
        let message = "(service app) was unable to place a task because no container instance met \
                       all of its requirements. The closest matching (container-instance 1f) has \
                       insufficient CPU units available. For more information, see the guide.";
        let event = ServiceEvent::builder().message(message).build();
        let mut waits = service(vec![primary]);
        waits.events = Some(vec![event]);
        let text = "deployment of app:5: 0 of 2 tasks running; The closest matching \
                    (container-instance 1f) has insufficient CPU units available.";
        assert_eq!(status(&waits, true), Status::Pending(text.into()));
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
        assert_eq!(of(&broken), (Status::Failed(text.into()), Status::Failed(text.into())));
        let back = service(vec![
            deployment("PRIMARY", "app:4", InProgress, [2, 2, 0, 0]),
            deployment("ACTIVE", "app:5", Failed, [0, 0, 0, 3]),
        ]);
        let text = "deployment failed, going back to app:4: 2 of 2 tasks running".to_owned();
        assert_eq!(of(&back), (Status::Pending(text.clone()), Status::Pending(text)));
        let mut many = service(vec![deployment("PRIMARY", "app:5", Completed, [2, 2, 0, 0])]);
        (many.desired_count, many.running_count) = (0, 2);
        let text = "ACTIVE with 2 tasks more than the 0 asked for".to_owned();
        assert_eq!(of(&many), (Status::Pending(text), Status::Ready));
        let going = Service::builder().status("DRAINING").running_count(1).build();
        assert_eq!(status(&going, true), Status::Deleting("DRAINING, 1 task left".into()));
    }
}
