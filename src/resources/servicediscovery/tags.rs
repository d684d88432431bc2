//! Tags as Cloud Map wants them: of one object a call, by its ARN.

use crate::aws::{Cx, Result, Tags, unless_missing};
use aws_sdk_servicediscovery::types::Tag;
use std::collections::BTreeMap;

/// Converts tags for Cloud Map.
pub(super) fn to_cloud_map(tags: &Tags) -> Vec<Tag> {
    // `build` fails only without key or value, and both are given.
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().ok();
    tags.iter().filter_map(tag).collect()
}

/// Sets and removes tags of one object.
pub(super) async fn tag(cx: &Cx, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        let call = cx.service_discovery().tag_resource().resource_arn(arn);
        call.set_tags(Some(to_cloud_map(set))).send().await?;
    }
    if !remove.is_empty() {
        let call = cx.service_discovery().untag_resource().resource_arn(arn);
        call.set_tag_keys(Some(remove.to_vec())).send().await?;
    }
    Ok(())
}

/// Reads the tags of one object; `None` when it is gone.
pub(super) async fn of(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let call = cx.service_discovery().list_tags_for_resource().resource_arn(arn);
    let found = unless_missing(call.send().await)?;
    let tags = found.map(|found| found.tags.unwrap_or_default().into_iter());
    Ok(tags.map(|tags| tags.map(|tag| (tag.key, tag.value)).collect()))
}

/// Returns the objects of a kind (`namespace/` or `service/`) that the index of tags says are of
/// these workspaces, by id.
pub(super) async fn indexed(
    cx: &Cx,
    kind: &str,
    workspaces: &[String],
) -> Result<BTreeMap<String, Tags>> {
    let cell = cx.tag_index().await?;
    let prefix = cx.arn("servicediscovery", kind);
    let all = cell.get().into_iter().flatten();
    let ours = all.filter(|(_, tags)| cx.scope.owns(tags, workspaces));
    let by_id =
        |(arn, tags): (&String, &Tags)| Some((arn.strip_prefix(&prefix)?.to_owned(), tags.clone()));
    Ok(ours.filter_map(by_id).collect())
}
