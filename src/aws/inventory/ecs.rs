//! Asks ECS what is there: it tells much that is gone for a while, under other states.

use crate::aws::arn::Arn;
use crate::aws::{Cx, Error, Result};
use aws_sdk_ecs::types::{CapacityProviderStatus, TaskDefinitionStatus};

/// Asks whether an object is there; `None` for kinds that are not asked after. Revisions that were
/// deregistered, and tasks that stopped, are gone: AWS forgets them by itself, and nothing is paid.
pub(super) async fn exists(cx: &Cx, arn: &Arn) -> Result<Option<bool>> {
    let ecs = cx.ecs();
    let there = match arn.kind.as_str() {
        "cluster" => {
            let found = ecs.describe_clusters().clusters(&arn.name).send().await?;
            found.clusters().iter().any(|cluster| cluster.status() != Some("INACTIVE"))
        }
        "capacity-provider" => {
            let call = ecs.describe_capacity_providers().capacity_providers(&arn.name);
            let found = match call.send().await.map_err(Error::from) {
                Err(error) if is_missing(&error) => return Ok(Some(false)),
                found => found?,
            };
            let gone = Some(&CapacityProviderStatus::Inactive);
            found.capacity_providers().iter().any(|provider| provider.status() != gone)
        }
        "service" => {
            let Some((cluster, _)) = arn.name.split_once('/') else { return Ok(None) };
            let call = ecs.describe_services().cluster(cluster).services(arn.as_str());
            let found = match call.send().await.map_err(Error::from) {
                Err(error) if is_missing(&error) => return Ok(Some(false)),
                found => found?,
            };
            found.services().iter().any(|service| service.status() != Some("INACTIVE"))
        }
        "task" => {
            let Some((cluster, _)) = arn.name.split_once('/') else { return Ok(None) };
            let call = ecs.describe_tasks().cluster(cluster).tasks(arn.as_str());
            let found = match call.send().await.map_err(Error::from) {
                Err(error) if is_missing(&error) => return Ok(Some(false)),
                found => found?,
            };
            found.tasks().iter().any(|task| task.last_status() != Some("STOPPED"))
        }
        "task-definition" => {
            let call = ecs.describe_task_definition().task_definition(arn.as_str());
            let found = match call.send().await.map_err(Error::from) {
                Err(error) if is_missing(&error) => return Ok(Some(false)),
                found => found?,
            };
            let status = found.task_definition().and_then(|definition| definition.status());
            status == Some(&TaskDefinitionStatus::Active)
        }
        _ => return Ok(None),
    };
    Ok(Some(there))
}

/// ECS says of a revision or a provider that is not there what it says of a bad request.
fn is_missing(error: &Error) -> bool {
    let text = error.message.to_ascii_lowercase();
    let missing = text.contains("unable to describe") || text.contains("not exist");
    error.is_not_found() || error.is("ClientException") && missing
}
