//! `scaling_target`: a capacity that Application Auto Scaling moves within a range.

use super::policy::ScalingPolicy;
use super::read;
use crate::aws::{Cx, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, IdentityBy, Live, Resource, Retryable, Rules, Step, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::{immutable, renewed_by};
use crate::stack::value::contains_placeholder;
use aws_sdk_applicationautoscaling::types::{
    PolicyType, ScalableDimension, ServiceNamespace, SuspendedState as SdkSuspended,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

crate::sdk_enum!(
    ScalableDimension => "ScalableDimension",
    ServiceNamespace => "ServiceNamespace",
);

/// What makes two policies the same one.
const KEY: [&str; 1] = ["policy_name"];

/// A scaling target: a capacity that Application Auto Scaling moves within a range, with its
/// policies. Of an ECS service it is the desired count, of a table or an index the units.
///
/// Registering one brings the capacity into the range at once. Within the range, whatever capacity
/// the policies choose is no difference to the `desired_count` or the units that the stack says.
///
/// ```toml
/// [scaling_target.app]
/// service_namespace  = "ecs"
/// resource_id        = "${ecs_service.app.id}"
/// scalable_dimension = "ecs:service:DesiredCount"
/// min_capacity       = 2
/// max_capacity       = 4
/// scaling_policies   = [
///   { policy_name = "cpu", target_tracking_scaling_policy_configuration = { target_value = 60, scale_in_cooldown = 300, predefined_metric_specification = { predefined_metric_type = "ECSServiceAverageCPUUtilization" } } },
/// ]
/// ```
///
/// A table's: `service_namespace = "dynamodb"`, `resource_id = "table/${dynamodb_table.orders.id}"`
/// (an index's: `table/…/index/…`), `scalable_dimension = "dynamodb:table:ReadCapacityUnits"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingTarget {
    /// `ecs` or `dynamodb`.
    #[schemars(transform = immutable)]
    pub service_namespace: Sdk<ServiceNamespace>,
    /// What is scaled: `service/CLUSTER/SERVICE`, which is the id of an `ecs_service`,
    /// `table/TABLE` or `table/TABLE/index/INDEX`.
    #[schemars(transform = immutable)]
    pub resource_id: String,
    /// Which of its capacities: `ecs:service:DesiredCount`, `dynamodb:table:ReadCapacityUnits`,
    /// `dynamodb:table:WriteCapacityUnits`, or the last two of an `index`.
    #[schemars(transform = immutable)]
    pub scalable_dimension: Sdk<ScalableDimension>,
    /// Least capacity.
    #[schemars(range(min = 0))]
    pub min_capacity: i32,
    /// Most capacity.
    #[schemars(range(min = 0))]
    pub max_capacity: i32,
    /// Which scaling is suspended. AWS starts with none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_state: Option<SuspendedState>,
    /// All its policies, by their names.
    #[schemars(extend("x-key" = KEY))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling_policies: Option<Vec<ScalingPolicy>>,
}

/// Which scaling is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendedState {
    /// Whether policies do not go down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_scaling_in_suspended: Option<bool>,
    /// Whether policies do not go up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_scaling_out_suspended: Option<bool>,
    /// Whether scheduled actions do nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_scaling_suspended: Option<bool>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ScalingTargetOut {
    /// Namespace, resource and dimension: `ecs/service/CLUSTER/SERVICE/ecs:service:DesiredCount`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// ARNs of its policies by their names, for the actions of alarms.
    #[schemars(transform = renewed_by(&["scaling_policies"]))]
    pub policy_arns: BTreeMap<String, String>,
}

/// Namespace, resource and dimension, which together find a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) namespace: String,
    pub(super) resource: String,
    pub(super) dimension: String,
}

impl Name {
    /// Reads an id: neither namespaces nor dimensions have a `/`.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let (namespace, rest) = id.split_once('/')?;
        let (resource, dimension) = rest.rsplit_once('/')?;
        let [namespace, resource, dimension] = [namespace, resource, dimension].map(str::to_owned);
        Some(Self { namespace, resource, dimension })
    }

    pub(super) fn id(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.resource, self.dimension)
    }
}

impl Resource for ScalingTarget {
    const TYPE: &'static str = "scaling_target";
    const AWS_NAME: &'static str = "AWS::ApplicationAutoScaling::ScalableTarget";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        created_after: &["ecs_service", "dynamodb_table"],
        retry: &[
            concurrent(Step::Create),
            concurrent(Step::Update),
            concurrent(Step::Delete),
            // aws-semantics.md 0, IAM EC.
            validation(Step::Create, "Unable to assume IAM role", ROLE),
            validation(Step::Update, "Unable to assume IAM role", ROLE),
            validation(
                Step::Create,
                "ECS service doesn't exist",
                "Application Auto Scaling to know the service",
            ),
            access(Step::Create, "Rate exceeded"),
            access(Step::Update, "Rate exceeded"),
            access(Step::Create, "is not authorized"),
            access(Step::Update, "is not authorized"),
            Retryable::new(
                Step::Update,
                "ObjectNotFoundException",
                "",
                "Application Auto Scaling to know the new target",
            ),
        ],
        // aws-semantics.md 0.3: the role that scales appears within two minutes.
        settle: Duration::from_secs(3 * 60),
        settle_delete: Duration::from_secs(2 * 60),
        ..Rules::DEFAULT
    };
    type Out = ScalingTargetOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.resource_id)
    }

    fn unique_name(&self) -> Option<String> {
        (!contains_placeholder(&self.resource_id)).then(|| self.name().id())
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        let namespace = self.service_namespace.0.as_str();
        let kinds: &[(&str, usize)] = match &self.service_namespace.0 {
            ServiceNamespace::Ecs => &[("ecs:service:", 3)],
            ServiceNamespace::Dynamodb => &[("dynamodb:table:", 2), ("dynamodb:index:", 4)],
            _ => {
                problem("service_namespace", "`ecs` and `dynamodb` are known here");
                return problems;
            }
        };
        let dimension = self.scalable_dimension.0.as_str();
        let kind = kinds.iter().find(|(start, _)| dimension.starts_with(start));
        if kind.is_none() {
            problem("scalable_dimension", &format!("no dimension of `{namespace}`"));
        }
        let id = &self.resource_id;
        let parts = id.split('/').count();
        if !contains_placeholder(id) && kind.is_some_and(|(_, many)| *many != parts) {
            let message = "`service/CLUSTER/SERVICE`, `table/TABLE` or `table/TABLE/index/INDEX`, \
                           as the dimension has it";
            problem("resource_id", message);
        }
        if self.min_capacity > self.max_capacity {
            problem("min_capacity", "it is at most `max_capacity`");
        }
        let mut names = BTreeSet::new();
        for (at, policy) in self.scaling_policies.iter().flatten().enumerate() {
            let path = format!("scaling_policies.{at}");
            for (inner, message) in policy.problems() {
                problem(&format!("{path}.{inner}"), &message);
            }
            if !names.insert(&policy.policy_name) && !contains_placeholder(&policy.policy_name) {
                problem(&format!("{path}.policy_name"), "another policy has this name");
            }
            let is_table = self.service_namespace.0 == ServiceNamespace::Dynamodb;
            if is_table && policy.kind() == PolicyType::StepScaling {
                problem(&format!("{path}.policy_type"), "DynamoDB follows values only");
            }
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    /// Registers the target; its policies are left to the update that follows, which an interrupted
    /// run repeats.
    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let tags = with.tags.clone().into_iter().collect();
        cx.application_autoscaling()
            .register_scalable_target()
            .service_namespace(self.service_namespace.0.clone())
            .resource_id(&self.resource_id)
            .scalable_dimension(self.scalable_dimension.0.clone())
            .min_capacity(self.min_capacity)
            .max_capacity(self.max_capacity)
            .set_suspended_state(self.suspended_state.as_ref().map(SuspendedState::sdk))
            .set_tags(Some(tags))
            .send()
            .await?;
        Ok(self.name().id())
    }

    /// Changes the range, deletes policies, and puts the others: two may not follow the same metric.
    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let client = cx.application_autoscaling();
        if ["min_capacity", "max_capacity", "suspended_state"].iter().any(|f| changed.has(f)) {
            let suspended = self.suspended_state.as_ref().map(SuspendedState::sdk);
            client
                .register_scalable_target()
                .service_namespace(self.service_namespace.0.clone())
                .resource_id(&self.resource_id)
                .scalable_dimension(self.scalable_dimension.0.clone())
                .min_capacity(self.min_capacity)
                .max_capacity(self.max_capacity)
                .set_suspended_state(suspended)
                .send()
                .await?;
        }
        let wanted = self.scaling_policies.as_ref().filter(|_| changed.has("scaling_policies"));
        let Some(wanted) = wanted else { return Ok(()) };
        let there = live.spec.scaling_policies.as_deref().unwrap_or_default();
        let same = |one: &ScalingPolicy, other: &ScalingPolicy| {
            one.policy_name == other.policy_name && one.kind() == other.kind()
        };
        for old in there.iter().filter(|old| !wanted.iter().any(|new| same(old, new))) {
            let call = client
                .delete_scaling_policy()
                .policy_name(&old.policy_name)
                .service_namespace(self.service_namespace.0.clone())
                .resource_id(&self.resource_id)
                .scalable_dimension(self.scalable_dimension.0.clone());
            or_gone(call.send().await)?;
        }
        for policy in wanted {
            let old = there.iter().find(|old| same(old, policy));
            client
                .put_scaling_policy()
                .policy_name(&policy.policy_name)
                .service_namespace(self.service_namespace.0.clone())
                .resource_id(&self.resource_id)
                .scalable_dimension(self.scalable_dimension.0.clone())
                .policy_type(policy.kind())
                .set_target_tracking_scaling_policy_configuration(policy.tracking(old)?)
                .set_step_scaling_policy_configuration(policy.steps(old)?)
                .send()
                .await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let client = cx.application_autoscaling();
        if !set.is_empty() {
            let tags = set.clone().into_iter().collect();
            let call = client.tag_resource().resource_arn(&live.out.arn);
            call.set_tags(Some(tags)).send().await?;
        }
        if !remove.is_empty() {
            let call = client.untag_resource().resource_arn(&live.out.arn);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    /// Deregisters the target; its policies and the alarms that AWS made for them go with it.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx
            .application_autoscaling()
            .deregister_scalable_target()
            .service_namespace(live.spec.service_namespace.0.clone())
            .resource_id(&live.spec.resource_id)
            .scalable_dimension(live.spec.scalable_dimension.0.clone());
        or_gone(call.send().await)
    }
}

const ROLE: &str = "IAM to know the role that scales";

const fn concurrent(step: Step) -> Retryable {
    Retryable::new(step, "ConcurrentUpdateException", "", "another change of the target to end")
}

const fn validation(step: Step, message: &'static str, reason: &'static str) -> Retryable {
    Retryable::new(step, "ValidationException", message, reason)
}

const fn access(step: Step, message: &'static str) -> Retryable {
    let reason = "Application Auto Scaling to reach what it scales";
    Retryable::new(step, "FailedResourceAccessException", message, reason)
}

impl ScalingTarget {
    /// What finds it.
    pub(super) fn name(&self) -> Name {
        Name {
            namespace: self.service_namespace.0.as_str().to_owned(),
            resource: self.resource_id.clone(),
            dimension: self.scalable_dimension.0.as_str().to_owned(),
        }
    }
}

impl SuspendedState {
    fn sdk(&self) -> SdkSuspended {
        SdkSuspended::builder()
            .set_dynamic_scaling_in_suspended(self.dynamic_scaling_in_suspended)
            .set_dynamic_scaling_out_suspended(self.dynamic_scaling_out_suspended)
            .set_scheduled_scaling_suspended(self.scheduled_scaling_suspended)
            .build()
    }

    pub(super) fn of_sdk(found: Option<&SdkSuspended>) -> Self {
        let flag = |of: fn(&SdkSuspended) -> Option<bool>| Some(found.and_then(of) == Some(true));
        Self {
            dynamic_scaling_in_suspended: flag(|one| one.dynamic_scaling_in_suspended),
            dynamic_scaling_out_suspended: flag(|one| one.dynamic_scaling_out_suspended),
            scheduled_scaling_suspended: flag(|one| one.scheduled_scaling_suspended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn problems(more: Json) -> Vec<String> {
        let mut whole = json!({
            "service_namespace": "ecs", "resource_id": "service/main/api",
            "scalable_dimension": "ecs:service:DesiredCount", "min_capacity": 1, "max_capacity": 4,
        });
        if let (Json::Object(whole), Json::Object(more)) = (&mut whole, more) {
            whole.extend(more);
        }
        let target: ScalingTarget = serde_json::from_value(whole).unwrap();
        target.validate().into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn what_is_scaled_has_the_form_of_its_dimension() {
        assert_eq!(problems(json!({})), [""; 0]);
        assert_eq!(problems(json!({ "resource_id": "main/api" })), ["resource_id"]);
        assert_eq!(problems(json!({ "service_namespace": "dynamodb" })), ["scalable_dimension"]);
        assert_eq!(problems(json!({ "service_namespace": "lambda" })), ["service_namespace"]);
        assert_eq!(problems(json!({ "min_capacity": 5 })), ["min_capacity"]);
        let index = json!({
            "service_namespace": "dynamodb", "resource_id": "table/orders/index/by_id",
            "scalable_dimension": "dynamodb:index:ReadCapacityUnits",
        });
        assert_eq!(problems(index), [""; 0]);
    }

    #[test]
    fn a_policy_has_one_configuration_that_holds_together() {
        let policy = |more: Json| {
            let mut whole = json!({ "policy_name": "p" });
            if let (Json::Object(whole), Json::Object(more)) = (&mut whole, more) {
                whole.extend(more);
            }
            problems(json!({ "scaling_policies": [whole] }))
        };
        assert_eq!(policy(json!({})), ["scaling_policies.0.policy_name"]);
        let cpu = json!({ "predefined_metric_type": "ECSServiceAverageCPUUtilization" });
        let tracking = json!({ "target_value": 60, "predefined_metric_specification": cpu });
        let tracking = |kind: &str| {
            json!({
                "policy_type": kind, "target_tracking_scaling_policy_configuration": tracking,
            })
        };
        assert_eq!(policy(tracking("TargetTrackingScaling")), [""; 0]);
        assert_eq!(policy(tracking("StepScaling")), ["scaling_policies.0.policy_type"]);
        let steps = |steps: Json| {
            policy(json!({ "step_scaling_policy_configuration": {
                "adjustment_type": "ChangeInCapacity", "step_adjustments": steps,
            }}))
        };
        let high = json!({ "metric_interval_lower_bound": 10, "scaling_adjustment": 2 });
        let low = json!({
            "metric_interval_lower_bound": 0, "metric_interval_upper_bound": 10,
            "scaling_adjustment": 1,
        });
        assert_eq!(steps(json!([high, low])), [""; 0]);
        let path = "scaling_policies.0.step_scaling_policy_configuration.step_adjustments";
        assert_eq!(steps(json!([low, low])), [path]);
        assert_eq!(steps(json!([])), [path]);
        let alb = json!({ "predefined_metric_type": "ALBRequestCountPerTarget" });
        let alb = json!({ "target_value": 60, "predefined_metric_specification": alb });
        let alb = policy(json!({ "target_tracking_scaling_policy_configuration": alb }));
        assert!(alb[0].ends_with("resource_label"), "{alb:?}");
    }

    #[test]
    fn a_target_is_found_by_three_names() {
        let id = "dynamodb/table/orders/index/by_id/dynamodb:index:ReadCapacityUnits";
        let name = Name::parse(id).unwrap();
        assert_eq!(name.namespace, "dynamodb");
        assert_eq!(name.resource, "table/orders/index/by_id");
        assert_eq!(name.dimension, "dynamodb:index:ReadCapacityUnits");
        assert_eq!(name.id(), id);
        assert_eq!(Name::parse("nothing"), None);
    }
}
