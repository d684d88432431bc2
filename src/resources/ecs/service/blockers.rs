//! What still runs of a service that is going: tasks, draining targets, and interfaces that tasks
//! left behind.

use super::EcsService;
use super::names::{ServiceName, last};
use super::status::counted;
use crate::aws::tags::filter;
use crate::aws::{Cx, Error, Result};
use crate::engine::resource::Blocker;
use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;
use std::collections::{BTreeMap, BTreeSet};

/// AWS describes this many tasks or instances in a call.
const MOST: usize = 100;

/// Says what holds a service, or what it still holds.
pub(super) async fn blockers(
    cx: &Cx,
    name: &ServiceName,
    spec: &EcsService,
) -> Result<Vec<Blocker>> {
    let tasks = all(cx, name).await?;
    let (stopped, left): (Vec<Task>, Vec<Task>) =
        tasks.into_iter().partition(|task| task.last_status() == Some("STOPPED"));
    let silent = silent(cx, &name.cluster, &left).await?;
    let mut found: Vec<Blocker> = left.iter().filter_map(|task| of_task(task, &silent)).collect();
    found.extend(draining(cx, spec).await?);
    found.extend(interfaces(cx, &stopped).await?);
    Ok(found)
}

/// Reads the tasks of a service. One that was asked to stop is listed as stopped while it drains.
async fn all(cx: &Cx, name: &ServiceName) -> Result<Vec<Task>> {
    let mut arns = BTreeSet::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        arns.extend(listed(cx, name, status).await?);
    }
    let arns: Vec<String> = arns.into_iter().collect();
    let mut tasks = Vec::new();
    for chunk in arns.chunks(MOST) {
        let call = cx.ecs().describe_tasks().cluster(&name.cluster);
        let found = call.set_tasks(Some(chunk.to_vec())).send().await?;
        tasks.extend(found.tasks.unwrap_or_default());
    }
    Ok(tasks)
}

/// Lists tasks of a service; one that is gone has none.
pub(super) async fn listed(
    cx: &Cx,
    name: &ServiceName,
    status: DesiredStatus,
) -> Result<Vec<String>> {
    let call = cx.ecs().list_tasks().cluster(&name.cluster).service_name(&name.name);
    let found = call.desired_status(status).max_results(100).send().await;
    match found.map_err(Error::from) {
        Ok(found) => Ok(found.task_arns.unwrap_or_default()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Names the EC2 instances of these tasks whose agent does not answer, by container instance.
async fn silent(cx: &Cx, cluster: &str, tasks: &[Task]) -> Result<BTreeMap<String, String>> {
    let hosts = tasks.iter().filter_map(|task| task.container_instance_arn.clone());
    let hosts: BTreeSet<String> = hosts.collect();
    let hosts: Vec<String> = hosts.into_iter().collect();
    let mut silent = BTreeMap::new();
    for chunk in hosts.chunks(MOST) {
        let call = cx.ecs().describe_container_instances().cluster(cluster);
        let found = call.set_container_instances(Some(chunk.to_vec())).send().await?;
        let found = found.container_instances.unwrap_or_default().into_iter();
        silent.extend(found.filter(|one| !one.agent_connected).filter_map(|one| {
            Some((one.container_instance_arn?, one.ec2_instance_id.unwrap_or_default()))
        }));
    }
    Ok(silent)
}

fn of_task(task: &Task, silent: &BTreeMap<String, String>) -> Option<Blocker> {
    let id = last(task.task_arn()?);
    let state = task.last_status().unwrap_or_default();
    let instance = task.container_instance_arn().and_then(|arn| silent.get(arn));
    if let Some(instance) = instance {
        let what = format!("task {id} ({state}) on {instance}, whose agent does not answer");
        return Some(Blocker { what, leaves: None });
    }
    let leaves = match state {
        "DEACTIVATING" => "it stops when its connections have drained",
        "STOPPING" => "it stops when its containers have ended",
        _ => "ECS stops it",
    };
    Some(Blocker { what: format!("task {id} ({state})"), leaves: Some(leaves.to_owned()) })
}

/// Names the target groups in which tasks of a service still drain.
async fn draining(cx: &Cx, spec: &EcsService) -> Result<Vec<Blocker>> {
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

/// Names the network interfaces of tasks that stopped: they stay for a moment, and hold the security
/// groups. AWS describes them by their attachment to a task, which only the task tells.
async fn interfaces(cx: &Cx, stopped: &[Task]) -> Result<Vec<Blocker>> {
    let attachments = stopped.iter().flat_map(Task::attachments);
    let descriptions =
        attachments.filter_map(|one| Some(format!("arn:*:attachment/{}", one.id()?)));
    let descriptions: Vec<String> = descriptions.collect();
    let mut found = Vec::new();
    // EC2 takes at most 200 values in a filter.
    for chunk in descriptions.chunks(MOST) {
        let by = [filter("description", chunk.to_vec())];
        let call = cx.ec2().describe_network_interfaces().set_filters(Some(by.to_vec()));
        let held = call.send().await?.network_interfaces.unwrap_or_default();
        found.extend(held.into_iter().filter_map(|interface| {
            let what = format!("network interface {} of a task", interface.network_interface_id?);
            Some(Blocker { what, leaves: Some("ECS takes it away".to_owned()) })
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_tell_what_they_wait_for() {
        let arn = "arn:aws:ecs:eu-west-1:1:container-instance/main/c1";
        let task = |state: &str| {
            let task = Task::builder().task_arn("arn:aws:ecs:eu-west-1:1:task/main/t1");
            task.last_status(state).container_instance_arn(arn).build()
        };
        let drains = of_task(&task("DEACTIVATING"), &BTreeMap::new()).unwrap();
        assert_eq!(drains.what, "task t1 (DEACTIVATING)");
        assert_eq!(drains.leaves.unwrap(), "it stops when its connections have drained");
        let silent = BTreeMap::from([(arn.to_owned(), "i-1".to_owned())]);
        let stuck = of_task(&task("STOPPING"), &silent).unwrap();
        assert_eq!(stuck.what, "task t1 (STOPPING) on i-1, whose agent does not answer");
        assert_eq!(stuck.leaves, None, "nobody takes it away");
    }
}
