//! Old revisions of a family: deregistered when there are too many, deleted with the family.

use super::describe;
use crate::aws::{Cx, Error, Result};
use crate::resources::PARALLEL;
use crate::resources::ecs::service;
use aws_sdk_ecs::types::{SortOrder, TaskDefinitionStatus};
use futures::{StreamExt, TryStreamExt, stream};

/// AWS forgets this many in a call.
const MOST: usize = 10;

/// Lists the ARNs of a family's revisions in this state, the newest first.
async fn revisions(cx: &Cx, family: &str, status: TaskDefinitionStatus) -> Result<Vec<String>> {
    let pages = cx
        .ecs()
        .list_task_definitions()
        .family_prefix(family)
        .status(status)
        .sort(SortOrder::Desc)
        .into_paginator();
    let arns = pages.items().send().collect::<std::result::Result<Vec<String>, _>>();
    let mut arns = arns.await.map_err(Error::from)?;
    // The prefix is said to be a whole family; what others read of it is left alone all the same.
    arns.retain(|arn| family_of(arn) == Some(family));
    arns.sort_by_key(|arn| std::cmp::Reverse(revision(arn)));
    Ok(arns)
}

fn family_of(arn: &str) -> Option<&str> {
    arn.rsplit_once('/')?.1.rsplit_once(':').map(|(family, _)| family)
}

fn revision(arn: &str) -> u64 {
    arn.rsplit_once(':').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

/// Keeps those that carry whole tags of ours.
async fn ours(cx: &Cx, arns: Vec<String>) -> Result<Vec<String>> {
    stream::iter(arns)
        .map(|arn| async move {
            let found = describe(cx, &arn).await?;
            Ok(found.filter(|(_, tags)| cx.scope.owns(tags, &[])).map(|_| arn))
        })
        .buffered(PARALLEL)
        .try_filter_map(|arn| async { Ok(arn) })
        .try_collect()
        .await
}

async fn deregister(cx: &Cx, arns: &[String]) -> Result<()> {
    for arn in arns {
        let call = cx.ecs().deregister_task_definition().task_definition(arn);
        match call.send().await.map_err(Error::from) {
            Err(error) if !super::is_missing(&error) && !already(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A repeated try of one that was deregistered.
fn already(error: &Error) -> bool {
    let text = error.message.to_ascii_lowercase();
    let refused = error.is("ClientException") || error.is("InvalidParameterException");
    refused && (text.contains("inactive") || text.contains("not exist"))
}

/// Deregisters the revisions of ours beyond the newest and `kept` more, but for those that services
/// of ours run.
pub(super) async fn deregister_old(cx: &Cx, family: &str, kept: u32) -> Result<()> {
    let mut old = revisions(cx, family, TaskDefinitionStatus::Active).await?;
    let stay = usize::try_from(kept).unwrap_or(usize::MAX).saturating_add(1);
    old.drain(..stay.min(old.len()));
    if old.is_empty() {
        return Ok(());
    }
    let used = service::running(cx).await?;
    old.retain(|arn| !used.contains(arn));
    let old = ours(cx, old).await?;
    deregister(cx, &old).await
}

/// Deregisters all revisions of ours, and has AWS forget them and those that were deregistered
/// before. Those still in use are forgotten by AWS when they are no more.
pub(super) async fn delete_all(cx: &Cx, family: &str) -> Result<()> {
    let active = revisions(cx, family, TaskDefinitionStatus::Active).await?;
    let active = ours(cx, active).await?;
    deregister(cx, &active).await?;
    // There may be hundreds of these: the index of tags tells which are ours.
    let mut gone = revisions(cx, family, TaskDefinitionStatus::Inactive).await?;
    let index = cx.tag_index().await?;
    gone.retain(|arn| {
        active.contains(arn)
            || index.get().and_then(|i| i.get(arn)).is_some_and(|tags| cx.scope.owns(tags, &[]))
    });
    for chunk in gone.chunks(MOST) {
        let call = cx.ecs().delete_task_definitions();
        call.set_task_definitions(Some(chunk.to_vec())).send().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_family_and_revision() {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/dev-api:12";
        assert_eq!((family_of(arn), revision(arn)), (Some("dev-api"), 12));
        assert_eq!((family_of("dev-api"), revision("dev-api")), (None, 0));
    }
}
