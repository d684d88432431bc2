//! How load balancers, target groups, listeners and rules are read: lists without tags, and the tags
//! from the index or asked for.

use super::tags;
use crate::aws::ownership::IDENTITY_KEYS;
use crate::aws::tagging::TagIndex;
use crate::aws::{Cx, Result, Tags};
use crate::resources::PARALLEL;
use aws_sdk_elasticloadbalancingv2::types::{Listener, LoadBalancer, Rule, TargetGroup};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;

/// What a list tells of an object.
pub(super) trait Listed {
    /// Its ARN.
    fn arn(&self) -> Option<&String>;
}

impl Listed for LoadBalancer {
    fn arn(&self) -> Option<&String> {
        self.load_balancer_arn.as_ref()
    }
}

impl Listed for TargetGroup {
    fn arn(&self) -> Option<&String> {
        self.target_group_arn.as_ref()
    }
}

impl Listed for Listener {
    fn arn(&self) -> Option<&String> {
        self.listener_arn.as_ref()
    }
}

impl Listed for Rule {
    fn arn(&self) -> Option<&String> {
        self.rule_arn.as_ref()
    }
}

/// What also has a name in its list.
pub(super) trait Named: Listed {
    /// What follows the service in the ARNs of its kind.
    const PREFIX: &'static str;

    /// Its name.
    fn name(&self) -> &str;
}

impl Named for LoadBalancer {
    const PREFIX: &'static str = "loadbalancer/";

    fn name(&self) -> &str {
        self.load_balancer_name().unwrap_or_default()
    }
}

impl Named for TargetGroup {
    const PREFIX: &'static str = "targetgroup/";

    fn name(&self) -> &str {
        self.target_group_name().unwrap_or_default()
    }
}

/// Asks about each, some at a time.
pub(super) async fn each<K, T, F>(
    all: impl IntoIterator<Item = K>,
    ask: impl Fn(K) -> F,
) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    stream::iter(all.into_iter().map(ask)).buffered(PARALLEL).try_collect().await
}

/// Reads those of these ARNs that are there, with their tags.
pub(super) async fn by_arn<T: Listed, F>(
    cx: &Cx,
    arns: &[String],
    one: impl Fn(String) -> F,
) -> Result<Vec<(T, Tags)>>
where
    F: Future<Output = Result<Option<Vec<T>>>>,
{
    let found = each(arns.iter().cloned(), one).await?;
    tagged(cx, found.into_iter().flatten().flatten().collect(), None).await
}

/// Picks what is ours or has one of the names out of a list, which is not asked for where the index
/// tells of none.
pub(super) async fn owned<T: Named>(
    cx: &Cx,
    (workspaces, names): (&[String], &[String]),
    list: impl Future<Output = Result<Vec<T>>>,
) -> Result<Vec<(T, Tags)>> {
    let cell = cx.tag_index().await?;
    let index = cell.get();
    let ours: BTreeSet<&String> = tags::indexed(cx, index, T::PREFIX)
        .filter(|(_, tags)| cx.scope.owns(tags, workspaces))
        .map(|(arn, _)| arn)
        .collect();
    if ours.is_empty() && names.is_empty() {
        return Ok(Vec::new());
    }
    // One whose name was made from a start that is asked for may be too new for the index.
    let concerns = |found: &T| {
        found.arn().is_some_and(|arn| ours.contains(arn))
            || names.iter().any(|asked| found.name().starts_with(asked.as_str()))
    };
    let found: Vec<T> = list.await?.into_iter().filter(concerns).collect();
    let asked = |found: &T| names.iter().any(|name| name == found.name());
    let mut all = tagged(cx, found, index).await?;
    all.retain(|(found, tags)| asked(found) || cx.scope.owns(tags, workspaces));
    Ok(all)
}

/// Adds the tags; what is gone meanwhile is left out.
async fn tagged<T: Listed>(
    cx: &Cx,
    found: Vec<T>,
    index: Option<&TagIndex>,
) -> Result<Vec<(T, Tags)>> {
    let tags = tags::of(cx, found.iter().filter_map(Listed::arn), index).await?;
    let with = |found: T| {
        let tags = tags.get(found.arn()?)?.clone();
        Some((found, tags))
    };
    Ok(found.into_iter().filter_map(with).collect())
}

/// Adds the tags, and keeps what carries tags of ours.
pub(super) async fn marked<T: Listed>(
    cx: &Cx,
    found: Vec<T>,
    index: Option<&TagIndex>,
) -> Result<Vec<(T, Tags)>> {
    let mut all = tagged(cx, found, index).await?;
    all.retain(|(_, tags)| tags.keys().any(|key| IDENTITY_KEYS.contains(&key.as_str())));
    Ok(all)
}
