//! `listener_rule`: what becomes of requests that it is for.

use super::action::{self, Action};
use super::condition::{self, Condition};
use super::listener::Listener;
use super::{priority, rule_read, tags};
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::planner::{Around, Object};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Id, Live, Resource, Retryable, Rules, Step, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A rule of a listener: what becomes of requests that meet all its conditions. The rule with the
/// lowest priority counts; no two of a listener share one.
///
/// ```toml
/// [listener_rule.order_api]
/// listener_arn = "${supporting-infrastructure.outputs.listener_arn}"
/// priority     = 10
/// conditions   = [{ field = "path-pattern", values = ["/orders*"] }]
/// actions      = [{ type = "forward", target_group_arn = "${target_group.order_api.id}" }]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenerRule {
    /// Listener it is of.
    #[schemars(transform = immutable)]
    pub listener_arn: Id<Listener>,
    /// Its place among the rules of the listener: 1, which is looked at first, to 50000.
    pub priority: i32,
    /// All conditions, which must all be met; at most 5 values together.
    #[serde(deserialize_with = "condition::canonical")]
    pub conditions: BTreeSet<Condition>,
    /// What becomes of a request then: one action.
    #[serde(deserialize_with = "action::canonical")]
    pub actions: Vec<Action>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListenerRuleOut {
    /// The ARN.
    pub id: String,
    /// The ARN.
    pub arn: String,
}

const LEAVES: &str = "the rule that has the priority to leave it";
const KNOWN: &str = "the new target group to be known";

impl Resource for ListenerRule {
    const TYPE: &'static str = "listener_rule";
    const AWS_NAME: &'static str = "AWS::ElasticLoadBalancingV2::ListenerRule";
    const RULES: Rules = Rules {
        // A service that drains is stalled without it (aws-semantics.md 9.2, 11).
        deleted_after: &["ecs_service"],
        retry: &[
            Retryable::new(Step::Create, "PriorityInUse", "", LEAVES),
            Retryable::new(Step::Update, "PriorityInUse", "", LEAVES),
            Retryable::new(Step::Create, "TargetGroupNotFound", "", KNOWN),
            Retryable::new(Step::Update, "TargetGroupNotFound", "", KNOWN),
        ],
        ..Rules::DEFAULT
    };
    type Out = ListenerRuleOut;

    fn looked_for(&self) -> Option<&str> {
        Some(self.listener_arn.as_str())
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = action::problems("actions", &self.actions);
        problems.extend(condition::problems(&self.conditions));
        if !(1..=50_000).contains(&self.priority) {
            let message = "1 to 50000".to_owned();
            problems.push(FieldProblem { path: "priority".to_owned(), message });
        }
        problems
    }

    fn clashes(live: &Self, wanted: &Self) -> bool {
        live.listener_arn == wanted.listener_arn && live.priority == wanted.priority
    }

    /// No other rule of the listener may have its priority, whoever owns it.
    async fn preflight(cx: &Cx, wanted: &Object, around: &Around) -> Result<Vec<FieldProblem>> {
        priority::check(cx, wanted, around).await
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        rule_read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let call = cx
            .elbv2()
            .create_rule()
            .listener_arn(self.listener_arn.as_str())
            .priority(self.priority)
            .set_conditions(Some(condition::to_sdk(&self.conditions)))
            .set_actions(Some(action::to_sdk(&self.actions)))
            .set_tags(Some(tags::to_elb(with.tags)));
        match call.send().await.map_err(Error::from) {
            Ok(answer) => {
                let made = answer.rules.unwrap_or_default().into_iter().next();
                let arn = made.and_then(|made| made.rule_arn);
                arn.ok_or_else(|| Error::incomplete("CreateRule", "RuleArn"))
            }
            // An earlier try whose answer was lost.
            Err(error) if error.is("PriorityInUse") => {
                priority::made_before(cx, self, with.tags).await?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let has = |field: &str| changed.has(field);
        if has("conditions") || has("actions") {
            let conditions = has("conditions").then(|| condition::to_sdk(&self.conditions));
            let actions = has("actions").then(|| action::to_sdk(&self.actions));
            let call = cx.elbv2().modify_rule().rule_arn(&live.id);
            call.set_conditions(conditions).set_actions(actions).send().await?;
        }
        if has("priority") {
            priority::set(cx, live, self.priority).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.elbv2().delete_rule().rule_arn(&live.id).send().await)
    }
}
