//! Tags as Elastic Load Balancing wants them: of many objects in one call, by their ARN.

use crate::aws::tagging::TagIndex;
use crate::aws::{Cx, Error, Result, Tags};
use crate::resources::PARALLEL;
use aws_sdk_elasticloadbalancingv2::types::{Tag, TagDescription};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

/// AWS tells the tags of this many in a call (aws-semantics.md 0.1).
const MOST: usize = 20;

/// Converts tags for Elastic Load Balancing.
pub(super) fn to_elb(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Sets and removes tags of one object.
pub(super) async fn tag(cx: &Cx, arn: &str, set: &Tags, remove: &[String]) -> Result<()> {
    if !set.is_empty() {
        let call = cx.elbv2().add_tags().resource_arns(arn);
        call.set_tags(Some(to_elb(set))).send().await?;
    }
    if !remove.is_empty() {
        let call = cx.elbv2().remove_tags().resource_arns(arn);
        call.set_tag_keys(Some(remove.to_vec())).send().await?;
    }
    Ok(())
}

/// The ARNs of a kind in the index that carry our first three tags, with what follows `prefix`
/// (`loadbalancer/`, …) in them, and their tags.
pub(super) fn indexed<'a>(
    cx: &Cx,
    index: Option<&'a TagIndex>,
    prefix: &str,
) -> impl Iterator<Item = (&'a String, &'a Tags)> {
    let prefix = cx.arn("elasticloadbalancing", prefix);
    index.into_iter().flatten().filter(move |(arn, _)| arn.starts_with(&prefix))
}

/// Returns the tags of objects: from the index where it knows them, else asked for. What is gone is
/// left out.
pub(super) async fn of(
    cx: &Cx,
    arns: impl IntoIterator<Item = &String>,
    index: Option<&TagIndex>,
) -> Result<BTreeMap<String, Tags>> {
    let mut found = BTreeMap::new();
    let mut unknown = Vec::new();
    for arn in arns {
        match index.and_then(|index| index.get(arn)) {
            Some(tags) => {
                found.insert(arn.clone(), tags.clone());
            }
            None => unknown.push(arn.clone()),
        }
    }
    let chunks: Vec<Vec<String>> = unknown.chunks(MOST).map(<[String]>::to_vec).collect();
    let asked: Vec<Vec<TagDescription>> = stream::iter(chunks)
        .map(|chunk| async move { ask(cx, chunk).await })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    found.extend(asked.into_iter().flatten().filter_map(|one| {
        let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
        let tags = one.tags.unwrap_or_default().into_iter().filter_map(pair).collect();
        Some((one.resource_arn?, tags))
    }));
    Ok(found)
}

/// Asks for the tags of some; where one of them is gone, of each by itself.
async fn ask(cx: &Cx, arns: Vec<String>) -> Result<Vec<TagDescription>> {
    let call = |arns: Vec<String>| async move {
        let call = cx.elbv2().describe_tags().set_resource_arns(Some(arns));
        let answer = call.send().await.map_err(Error::from);
        answer.map(|answer| answer.tag_descriptions.unwrap_or_default())
    };
    match call(arns.clone()).await {
        Err(error) if error.is_not_found() && arns.len() == 1 => Ok(Vec::new()),
        Err(error) if error.is_not_found() => {
            let each = stream::iter(arns).map(|arn| async move {
                match call(vec![arn]).await {
                    Err(error) if error.is_not_found() => Ok(Vec::new()),
                    other => other,
                }
            });
            let found: Vec<Vec<_>> = each.buffered(PARALLEL).try_collect().await?;
            Ok(found.into_iter().flatten().collect())
        }
        other => other,
    }
}
