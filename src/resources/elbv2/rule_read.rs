//! Reading rules: by the listeners that are in question.

use super::listener_rule::{ListenerRule, ListenerRuleOut};
use super::{action, condition, listener_read, tags};
use crate::aws::ownership::IDENTITY_KEYS;
use crate::aws::tagging::TagIndex;
use crate::aws::{Cx, Error, Result, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_elasticloadbalancingv2::types::Rule as Found;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;

/// Reads the rules in question: those of listeners that are ours or asked for, as far as they carry
/// tags of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<ListenerRule>>> {
    let names = match want {
        Want::Ids(ids) => {
            let found: Vec<Option<Found>> = stream::iter(ids.iter().cloned())
                .map(|arn| async move { one(cx, &arn).await })
                .buffered(PARALLEL)
                .try_collect()
                .await?;
            return whole(cx, found.into_iter().flatten().collect(), None).await;
        }
        Want::Owned { names, .. } => names,
    };
    let cell = cx.tag_index().await?;
    let index = cell.get();
    let mut listeners: BTreeSet<String> = names.iter().cloned().collect();
    listeners.extend(tags::indexed(cx, index, "listener/").map(|(arn, _)| arn.clone()));
    listeners.extend(tags::indexed(cx, index, "listener-rule/").map(|(arn, _)| listener_of(arn)));
    // The index may not know listeners; their load balancers tell them.
    let balancers = tags::indexed(cx, index, "loadbalancer/").map(|(arn, _)| arn);
    let unknown: Vec<&String> = balancers
        .filter(|arn| {
            let prefix = format!("{}/", arn.replacen(":loadbalancer/", ":listener/", 1));
            let known =
                tags::indexed(cx, index, "listener/").any(|(arn, _)| arn.starts_with(&prefix));
            !known
        })
        .collect();
    for balancer in unknown {
        let found = listener_read::of_balancer(cx, balancer).await?;
        listeners.extend(found.into_iter().filter_map(|listener| listener.listener_arn));
    }
    let found: Vec<Vec<Found>> = stream::iter(listeners)
        .map(|arn| async move { of_listener(cx, &arn).await })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    whole(cx, found.into_iter().flatten().collect(), index).await
}

/// The listener in the ARN of a rule.
fn listener_of(rule: &str) -> String {
    let arn = rule.rsplit_once('/').map_or(rule, |(listener, _)| listener);
    arn.replacen(":listener-rule/", ":listener/", 1)
}

async fn one(cx: &Cx, arn: &str) -> Result<Option<Found>> {
    let call = cx.elbv2().describe_rules().rule_arns(arn);
    let found = unless_missing(call.send().await)?.and_then(|answer| answer.rules);
    Ok(found.and_then(|found| found.into_iter().next()))
}

/// Reads the rules of a listener but its default one; of one that is gone there are none.
pub(super) async fn of_listener(cx: &Cx, arn: &str) -> Result<Vec<Found>> {
    let pages = cx.elbv2().describe_rules().listener_arn(arn).page_size(400).into_paginator();
    let found = pages.items().send().collect::<std::result::Result<Vec<Found>, _>>().await;
    match found.map_err(Error::from) {
        Ok(found) => Ok(found.into_iter().filter(|rule| rule.is_default != Some(true)).collect()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Adds the tags, and keeps those that carry tags of ours; all where there is no index, as they were
/// asked for by their ARN.
async fn whole(
    cx: &Cx,
    found: Vec<Found>,
    index: Option<&TagIndex>,
) -> Result<Vec<Live<ListenerRule>>> {
    let tags = tags::of(cx, found.iter().filter_map(|it| it.rule_arn.as_ref()), index).await?;
    let ours = |tags: &Tags| {
        index.is_none() || tags.keys().any(|key| IDENTITY_KEYS.contains(&key.as_str()))
    };
    let found = found.into_iter().filter_map(|it| {
        let tags = tags.get(it.rule_arn.as_ref()?).filter(|tags| ours(tags))?.clone();
        Some(live(it, tags))
    });
    Ok(found.collect())
}

fn live(found: Found, tags: Tags) -> Live<ListenerRule> {
    let id = found.rule_arn.clone().unwrap_or_default();
    let spec = ListenerRule {
        listener_arn: Id::new(listener_of(&id)),
        priority: found.priority.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default(),
        conditions: condition::of_sdk(found.conditions()),
        actions: action::of_sdk(found.actions()),
    };
    let out = ListenerRuleOut { id: id.clone(), arn: id.clone() };
    Live { id, tags, status: Status::Ready, spec, out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_s_arn_tells_its_listener() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/main/50dc/f2f7/9683";
        let listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/main/50dc/f2f7";
        assert_eq!(listener_of(arn), listener);
    }
}
