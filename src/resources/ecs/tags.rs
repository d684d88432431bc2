//! Tags as ECS wants them; all its kinds are tagged by their ARN.

use crate::aws::{Cx, Result, Tags};
use aws_sdk_ecs::types::Tag;

/// Converts tags for ECS.
pub(super) fn to_ecs(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Converts tags from ECS.
pub(super) fn from_ecs(tags: Option<Vec<Tag>>) -> Tags {
    let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    tags.unwrap_or_default().into_iter().filter_map(pair).collect()
}

/// Sets and removes tags of one object.
pub(super) async fn tag(cx: &Cx, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        let call = cx.ecs().tag_resource().resource_arn(arn);
        call.set_tags(Some(to_ecs(set))).send().await?;
    }
    if !remove.is_empty() {
        let call = cx.ecs().untag_resource().resource_arn(arn);
        call.set_tag_keys(Some(remove.to_vec())).send().await?;
    }
    Ok(())
}

/// Finds the names in the index of the Tagging API that belong to these workspaces: what follows
/// `prefix` in the ARNs of this region's ECS.
pub(super) async fn indexed(cx: &Cx, prefix: &str, workspaces: &[String]) -> Result<Vec<String>> {
    let cell = cx.tag_index().await?;
    let prefix = cx.arn("ecs", prefix);
    let ours = cell.get().into_iter().flatten();
    let ours = ours.filter(|(_, tags)| cx.scope.owns(tags, workspaces));
    let names = ours.filter_map(|(arn, _)| arn.strip_prefix(&prefix).map(str::to_owned));
    Ok(names.collect())
}
