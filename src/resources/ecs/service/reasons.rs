//! Why a deployment failed or does not come to an end: what the service, its stopped tasks and
//! their logs say.

use super::blockers::listed;
use super::names::{ServiceName, last};
use super::read;
use crate::aws::{Cx, Error, Result};
use crate::resources::ecs::task_definition::describe;
use aws_sdk_ecs::types::{
    Container, Deployment, DeploymentRolloutState, DesiredStatus, LogDriver, Service, Task,
};
use std::collections::BTreeSet;

/// Events of a service told at most.
const EVENTS: usize = 4;
/// What events of trouble say.
const TROUBLE: [&str; 4] = ["fail", "unable", "unhealthy", "rolling back"];
/// Stopped tasks told at most, of different reasons.
const TASKS: usize = 3;
/// Lines of a log told at most.
const LINES: i32 = 10;

/// Collects what AWS says; what cannot be read is told as such and stops nothing.
pub(super) async fn reasons(cx: &Cx, name: &ServiceName) -> Vec<String> {
    let mut notes = Vec::new();
    match read::one(cx, name).await {
        Ok(Some(service)) => notes.extend(of_service(&service)),
        Ok(None) => {}
        Err(error) => notes.push(format!("the service cannot be read: {error}")),
    }
    match stopped(cx, name).await {
        Ok(tasks) => {
            let tasks = worth_telling(tasks);
            notes.extend(tasks.iter().map(of_task));
            // One that never started wrote nothing.
            for task in &tasks {
                match log(cx, task).await {
                    Ok(lines) if lines.is_empty() => continue,
                    Ok(lines) => notes.extend(lines),
                    Err(error) => notes.push(format!("its log cannot be read: {error}")),
                }
                break;
            }
        }
        Err(error) => notes.push(format!("its stopped tasks cannot be read: {error}")),
    }
    notes
}

/// Reasons of deployments that are not complete, and the newest events of trouble; the failure of a
/// deployment that was taken back is only told by an event.
fn of_service(service: &Service) -> Vec<String> {
    let mut notes = Vec::new();
    let open = |one: &&Deployment| one.rollout_state() != Some(&DeploymentRolloutState::Completed);
    for deployment in service.deployments().iter().filter(open) {
        let Some(reason) = deployment.rollout_state_reason().filter(|r| !r.is_empty()) else {
            continue;
        };
        let definition = last(deployment.task_definition().unwrap_or_default());
        let state = deployment.rollout_state().map_or("", |state| state.as_str());
        notes.push(format!("deployment of {definition} is {state}: {reason}"));
    }
    let telling = |message: &&str| TROUBLE.iter().any(|word| message.contains(word));
    let mut told = BTreeSet::new();
    let events = service.events().iter().filter_map(|event| event.message()).filter(telling);
    let events = events.filter(|message| told.insert(*message)).take(EVENTS);
    notes.extend(events.map(|message| format!("event: {message}")));
    notes
}

/// Reads the tasks of a service that stopped of late: AWS keeps them for about an hour.
async fn stopped(cx: &Cx, name: &ServiceName) -> Result<Vec<Task>> {
    let arns = listed(cx, name, DesiredStatus::Stopped).await?;
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let call = cx.ecs().describe_tasks().cluster(&name.cluster).set_tasks(Some(arns));
    Ok(call.send().await?.tasks.unwrap_or_default())
}

/// Keeps the last of those that tell the same, the newest first; what a scaling or a deployment
/// stopped tells nothing.
fn worth_telling(mut tasks: Vec<Task>) -> Vec<Task> {
    let at = |task: &Task| task.stopped_at().map_or(0, aws_sdk_ecs::primitives::DateTime::secs);
    tasks.sort_by_key(|task| std::cmp::Reverse(at(task)));
    let mut told = BTreeSet::new();
    tasks.retain(|task| {
        let reason = task.stopped_reason().unwrap_or_default();
        let ordinary = reason.starts_with("Scaling activity initiated by");
        !ordinary && told.insert((reason.to_owned(), of_containers(task)))
    });
    tasks.truncate(TASKS);
    tasks
}

fn of_task(task: &Task) -> String {
    let id = last(task.task_arn().unwrap_or_default());
    let definition = last(task.task_definition_arn().unwrap_or_default());
    let reason = task.stopped_reason().unwrap_or("no reason is given");
    let containers = of_containers(task);
    let containers = if containers.is_empty() { containers } else { format!("; {containers}") };
    format!("task {id} of {definition} stopped: {reason}{containers}")
}

/// `container app: exit code 1, OutOfMemoryError: …`.
fn of_containers(task: &Task) -> String {
    let said = task.containers().iter().filter_map(|container| {
        let code = container.exit_code().filter(|code| *code != 0);
        let code = code.map(|code| format!("exit code {code}"));
        let parts = [code, container.reason().map(str::to_owned)];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|p| !p.is_empty()).collect();
        let name = container.name().unwrap_or_default();
        (!parts.is_empty()).then(|| format!("container {name}: {}", parts.join(", ")))
    });
    said.collect::<Vec<_>>().join("; ")
}

/// Reads the last lines of the container that ended the task, where they go to CloudWatch.
async fn log(cx: &Cx, task: &Task) -> Result<Vec<String>> {
    let Some((definition, _)) =
        describe(cx, task.task_definition_arn().unwrap_or_default()).await?
    else {
        return Ok(Vec::new());
    };
    let failed = |container: &&Container| container.exit_code().is_some_and(|code| code != 0);
    let culprit = task.containers().iter().find(failed).or(task.containers().first());
    let Some(name) = culprit.and_then(|container| container.name()) else { return Ok(Vec::new()) };
    let containers = definition.container_definitions();
    let options = containers.iter().find(|one| one.name() == Some(name)).and_then(|one| {
        let log = one.log_configuration()?;
        log.options().filter(|_| *log.log_driver() == LogDriver::Awslogs)
    });
    let option = |key: &str| options.and_then(|options| options.get(key));
    let (Some(group), Some(prefix)) = (option("awslogs-group"), option("awslogs-stream-prefix"))
    else {
        return Ok(Vec::new());
    };
    let stream = format!("{prefix}/{name}/{}", last(task.task_arn().unwrap_or_default()));
    let call = cx.logs().get_log_events().log_group_name(group).log_stream_name(&stream);
    let events = match call.limit(LINES).start_from_head(false).send().await.map_err(Error::from) {
        Ok(found) => found.events.unwrap_or_default(),
        // A container that never started wrote nothing.
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    let lines = events.into_iter().filter_map(|event| event.message);
    Ok(lines.map(|line| format!("log of {name}: {}", line.trim_end())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::primitives::DateTime;

    fn task(id: &str, at: i64, reason: &str, code: Option<i32>) -> Task {
        let container = Container::builder().name("app").set_exit_code(code).build();
        Task::builder()
            .task_arn(format!("arn:aws:ecs:eu-west-1:1:task/main/{id}"))
            .task_definition_arn("arn:aws:ecs:eu-west-1:1:task-definition/app:5")
            .stopped_at(DateTime::from_secs(at))
            .stopped_reason(reason)
            .containers(container)
            .build()
    }

    #[test]
    fn each_reason_is_told_once_the_newest_first() {
        let exited = "Essential container in task exited";
        let tasks = worth_telling(vec![
            task("a", 1, exited, Some(1)),
            task("b", 3, exited, Some(1)),
            task("c", 2, "CannotPullContainerError: not found", None),
            task("d", 4, "Scaling activity initiated by (deployment ecs-svc/1)", Some(143)),
        ]);
        let told: Vec<String> = tasks.iter().map(of_task).collect();
        assert_eq!(
            told,
            [
                "task b of app:5 stopped: Essential container in task exited; \
                 container app: exit code 1",
                "task c of app:5 stopped: CannotPullContainerError: not found",
            ]
        );
    }
}
