//! Reading rules: by the listeners that are in question.

use super::listener_rule::{ListenerRule, ListenerRuleOut};
use super::{action, condition, listener_read, read, tags};
use crate::aws::{Cx, Error, Result, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use aws_sdk_elasticloadbalancingv2::types::Rule as Found;
use std::collections::BTreeSet;

/// Reads the rules in question: those of listeners that are ours or asked for, as far as they carry
/// tags of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<ListenerRule>>> {
    let names = match want {
        Want::Ids(ids) => {
            let found = read::by_arn(cx, ids, |arn| one(cx, arn)).await?;
            return Ok(found.into_iter().map(live).collect());
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
    let found = read::each(listeners, |arn| async move { of_listener(cx, &arn).await }).await?;
    let found = read::marked(cx, found.into_iter().flatten().collect(), index).await?;
    Ok(found.into_iter().map(live).collect())
}

/// The listener in the ARN of a rule.
fn listener_of(rule: &str) -> String {
    let arn = rule.rsplit_once('/').map_or(rule, |(listener, _)| listener);
    arn.replacen(":listener-rule/", ":listener/", 1)
}

async fn one(cx: &Cx, arn: String) -> Result<Option<Vec<Found>>> {
    let call = cx.elbv2().describe_rules().rule_arns(arn);
    Ok(unless_missing(call.send().await)?.and_then(|answer| answer.rules))
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

fn live((found, tags): (Found, Tags)) -> Live<ListenerRule> {
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
