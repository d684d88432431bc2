//! Priorities of listener rules: each is one rule's.

use super::listener::Listener;
use super::listener_rule::ListenerRule;
use super::{rule_read, tags};
use crate::aws::{Cx, Result, Tags};
use crate::engine::planner::{Around, Object};
use crate::engine::resource::{FieldProblem, Live, Resource};
use crate::stack::value::is_placeholder;
use aws_sdk_elasticloadbalancingv2::types::RulePriorityPair;

/// The last priority there is.
const LAST: i32 = 50_000;

/// Gives a rule another priority. Where another rule has it, that one may be about to leave it for
/// this one's: so this one steps aside, and the error says to try again.
pub(super) async fn set(cx: &Cx, live: &Live<ListenerRule>, priority: i32) -> Result<()> {
    match put(cx, &live.id, priority).await {
        Err(error) if error.is("PriorityInUse") => {
            let rules = rule_read::of_listener(cx, live.spec.listener_arn.as_str()).await?;
            let taken = |priority: i32| {
                let text = priority.to_string();
                rules.iter().any(|rule| rule.priority.as_deref() == Some(text.as_str()))
            };
            if let Some(free) = (1..=LAST).rev().find(|priority| !taken(*priority)) {
                put(cx, &live.id, free).await?;
            }
            Err(error)
        }
        other => other,
    }
}

async fn put(cx: &Cx, arn: &str, priority: i32) -> Result<()> {
    let pair = RulePriorityPair::builder().rule_arn(arn).priority(priority).build();
    cx.elbv2().set_rule_priorities().rule_priorities(pair).send().await?;
    Ok(())
}

/// Finds the rule that an earlier try of the same creation made.
pub(super) async fn made_before(
    cx: &Cx,
    wanted: &ListenerRule,
    own: &Tags,
) -> Result<Option<String>> {
    let rules = rule_read::of_listener(cx, wanted.listener_arn.as_str()).await?;
    let text = wanted.priority.to_string();
    let rule = rules.into_iter().find(|rule| rule.priority.as_deref() == Some(text.as_str()));
    let Some(arn) = rule.and_then(|rule| rule.rule_arn) else { return Ok(None) };
    let found = tags::of(cx, [&arn], None).await?;
    let is_own = found
        .get(&arn)
        .is_some_and(|found| own.iter().all(|(key, value)| found.get(key) == Some(value)));
    Ok(is_own.then_some(arn))
}

/// Checks that no other rule of the listener has the priority of one that is wanted: of those in
/// the plan, whichever workspace they are of, and of those in the account that the plan leaves.
pub(super) async fn check(cx: &Cx, wanted: &Object, around: &Around) -> Result<Vec<FieldProblem>> {
    let (Some(priority), Some(listener)) =
        (wanted.spec["priority"].as_i64(), wanted.spec["listener_arn"].as_str())
    else {
        return Ok(Vec::new());
    };
    let problem = |whose: &str| FieldProblem {
        path: "priority".to_owned(),
        message: format!(
            "{whose} has the priority {priority} on the same listener: each is for one rule"
        ),
    };
    let key = key(wanted.workspace(), listener, around);
    for object in around.planned().filter(|object| object.ty == ListenerRule::TYPE) {
        // The later of two says it.
        if (object.workspace(), &object.address) == (wanted.workspace(), &wanted.address) {
            break;
        }
        let of = object.workspace();
        let same = object.spec["priority"].as_i64() == Some(priority)
            && object.spec["listener_arn"].as_str().map(|arn| self::key(of, arn, around))
                == Some(key.clone());
        if let (true, Some(address)) = (same, &object.address) {
            let whose = if of == wanted.workspace() {
                format!("`{address}`")
            } else {
                format!("`{address}` of workspace `{of}`")
            };
            return Ok(vec![problem(&whose)]);
        }
    }
    if is_placeholder(listener) {
        return Ok(Vec::new());
    }
    let rules = rule_read::of_listener(cx, listener).await?;
    let text = priority.to_string();
    let holder = rules.into_iter().find(|rule| rule.priority.as_deref() == Some(text.as_str()));
    let Some(arn) = holder.and_then(|rule| rule.rule_arn) else { return Ok(Vec::new()) };
    // One of the plan is judged by what the plan makes of it; one that goes leaves its place.
    if around.is_planned_or_leaves(ListenerRule::TYPE, &arn) {
        return Ok(Vec::new());
    }
    let found = tags::of(cx, [&arn], None).await?.remove(&arn);
    let owner = found.and_then(|found| cx.scope.owner(&found));
    let whose = owner.map_or_else(
        || format!("{arn}, which is not ours,"),
        |owner| format!("`{}` of workspace `{}`", owner.address, owner.workspace),
    );
    Ok(vec![problem(&whose)])
}

/// Says which listener a value names, the same for all values that name it: where the plan knows it
/// by workspace and address, else the value.
fn key(workspace: &str, listener: &str, around: &Around) -> String {
    let found: Option<&Object> = around.find(workspace, Listener::TYPE, listener);
    match found.and_then(|object| Some((object.workspace.as_ref()?, object.address.as_ref()?))) {
        Some((workspace, address)) => format!("{workspace} {address}"),
        None => listener.to_owned(),
    }
}
