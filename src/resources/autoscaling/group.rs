//! `autoscaling_group`: instances of a launch template, as many as are wanted.

mod drain;
mod hooks;
mod read;
mod refresh;
mod settings;
mod status;
#[cfg(test)]
mod tests;

use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Holds, Id, IdentityBy, Live, Resource, Retryable,
    Rules, Standing, Step, Want,
};
use crate::resources::ec2::launch_template::LaunchTemplate;
use crate::resources::ec2::subnet::Subnet;
use crate::stack::schema::{immutable, write_only};
use aws_sdk_autoscaling::types::{
    CapacityDistributionStrategy, DeletionProtection, ScaleInProtectedInstances, StandbyInstances,
    Tag,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;

crate::sdk_enum!(
    CapacityDistributionStrategy => "CapacityDistributionStrategy",
    DeletionProtection => "DeletionProtection",
    ScaleInProtectedInstances => "ScaleInProtectedInstances",
    StandbyInstances => "StandbyInstances",
);

/// The tag that ECS puts on a group whose size it decides.
const ECS_MANAGED: &str = "AmazonECSManaged";

/// An Auto Scaling group: instances of a launch template, spread over subnets.
///
/// Another version of the template replaces the instances a few at a time (an instance refresh), and
/// the run waits for it. An instance that cannot be launched fails the run with AWS's words.
///
/// Instances carry the group's tags. What ECS adds for a capacity provider (a tag, scaling policies,
/// a lifecycle hook, the protection of instances with tasks) is no difference; nor is the desired
/// capacity, once ECS scales the group.
///
/// ```toml
/// [autoscaling_group.main]
/// name                = "${env}-cluster"
/// launch_template     = { launch_template_id = "${launch_template.host.id}", version = "${launch_template.host.latest_version}" }
/// min_size            = 1
/// max_size            = 4
/// vpc_zone_identifier = ["${subnet.a.id}", "${subnet.b.id}"]
/// tags                = { AmazonECSManaged = "" }
///
/// new_instances_protected_from_scale_in = true
///
/// instance_refresh = { min_healthy_percentage = 100, max_healthy_percentage = 200 }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoscalingGroup {
    /// Name, unique in the account and region; up to 255 characters.
    #[schemars(transform = immutable)]
    pub name: String,
    /// What instances are launched from.
    pub launch_template: LaunchTemplateSpecification,
    /// Instances there are at least.
    #[schemars(range(min = 0))]
    pub min_size: i32,
    /// Instances there are at most.
    #[schemars(range(min = 0))]
    pub max_size: i32,
    /// Instances there are to be; `min_size` at first when left out. Left alone once ECS scales the
    /// group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub desired_capacity: Option<i32>,
    /// Subnets it launches in, in different zones.
    pub vpc_zone_identifier: BTreeSet<Id<Subnet>>,
    /// Whether new instances stay when the group scales in. A capacity provider with managed
    /// termination protection needs it. AWS starts with `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_instances_protected_from_scale_in: Option<bool>,
    /// What says that an instance is ill: `EC2`, with which AWS starts, and with a comma `ELB`,
    /// `EBS` or `VPC_LATTICE` beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_type: Option<String>,
    /// Seconds in which a new instance is not checked. AWS starts with 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub health_check_grace_period: Option<i32>,
    /// Seconds until a new instance counts as ready, in refreshes too; -1 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1))]
    pub default_instance_warmup: Option<i32>,
    /// Seconds between two scalings of simple policies. AWS starts with 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub default_cooldown: Option<i32>,
    /// Which instances go first, the first rule first. AWS starts with `["Default"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_policies: Option<Vec<String>>,
    /// Seconds after which an instance is replaced, from a day to a year; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub max_instance_lifetime: Option<i32>,
    /// Whether spot instances at risk are replaced beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_rebalance: Option<bool>,
    /// How many instances there are while some are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_maintenance_policy: Option<InstanceMaintenancePolicy>,
    /// What happens when a zone has no capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_distribution: Option<AvailabilityZoneDistribution>,
    /// Whether AWS refuses to delete it: `none`, with which AWS starts, `prevent-force-deletion`
    /// or `prevent-all-deletion`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<Sdk<DeletionProtection>>,
    /// Metrics of the group that go to CloudWatch, e.g. `GroupInServiceInstances`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled_metrics: Option<BTreeSet<String>>,
    /// Processes that are suspended, e.g. `AZRebalance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_processes: Option<BTreeSet<String>>,
    /// How instances are replaced when the launch template changes.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_refresh: Option<InstanceRefresh>,
}

/// A version of a launch template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchTemplateSpecification {
    /// Launch template.
    pub launch_template_id: Id<LaunchTemplate>,
    /// Its version, by number: another one replaces the instances. `$Latest` and `$Default` hide
    /// changes, and replace nothing.
    pub version: String,
}

/// How many instances there are while some are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceMaintenancePolicy {
    /// Percentage of the desired capacity that stays in service; -1, with the other, for no policy.
    #[schemars(range(min = -1, max = 100))]
    pub min_healthy_percentage: i32,
    /// Percentage of the desired capacity that there is at most; at most 100 above the other.
    #[schemars(range(min = -1, max = 200))]
    pub max_healthy_percentage: i32,
}

/// What happens when a zone has no capacity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityZoneDistribution {
    /// `balanced-best-effort`, with which AWS starts, launches in other zones; `balanced-only` waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_distribution_strategy: Option<Sdk<CapacityDistributionStrategy>>,
}

/// How instances are replaced when the launch template changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceRefresh {
    /// Percentage of the desired capacity that stays in service. AWS starts with 90; with 100, new
    /// ones are launched before old ones go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub min_healthy_percentage: Option<i32>,
    /// Percentage of the desired capacity that there is at most, with the other; at most 100 above
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 100, max = 200))]
    pub max_healthy_percentage: Option<i32>,
    /// Seconds until a new instance counts. The group's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub instance_warmup: Option<i32>,
    /// Whether instances that are as wanted already stay.
    #[serde(default = "yes")]
    pub skip_matching: bool,
    /// Whether what failed is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_rollback: Option<bool>,
    /// What becomes of instances that are protected from scale in: ECS protects those with tasks.
    #[serde(default = "refresh_protected")]
    pub scale_in_protected_instances: Sdk<ScaleInProtectedInstances>,
    /// What becomes of instances in standby. AWS starts with `Wait`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standby_instances: Option<Sdk<StandbyInstances>>,
}

fn yes() -> bool {
    true
}

/// AWS's own default waits an hour for the protection to go, and fails (aws-semantics.md 2).
fn refresh_protected() -> Sdk<ScaleInProtectedInstances> {
    Sdk(ScaleInProtectedInstances::Refresh)
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct AutoscalingGroupOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Zones of its subnets.
    pub availability_zones: Vec<String>,
    /// Whether ECS decides its size.
    pub ecs_managed: bool,
}

impl Resource for AutoscalingGroup {
    const TYPE: &'static str = "autoscaling_group";
    const AWS_NAME: &'static str = "AWS::AutoScaling::AutoScalingGroup";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // aws-semantics.md 9.1: settings of the account hold for instances launched later, and these
        // join their cluster at once, through the ways out. The cluster is named by their user data:
        // its own capacity providers come after the group.
        created_after: &[
            "account_setting",
            "internet_gateway",
            "nat_gateway",
            "route_table",
            "security_group",
            "vpc_endpoint",
        ],
        // aws-semantics.md 9.2: instances drain until their services are gone.
        deleted_after: &["ecs_service"],
        quiesces: true,
        guarded: true,
        // A refresh that failed leaves the group as it was.
        falls_back: true,
        tries_again: true,
        retry: &[
            // aws-semantics.md 0, IAM EC.
            retry(Step::Create, "Invalid IAM Instance Profile", PROFILE),
            retry(Step::Update, "Invalid IAM Instance Profile", PROFILE),
            retry(Step::Create, "has no associated IAM Roles", PROFILE),
            retry(Step::Update, "has no associated IAM Roles", PROFILE),
            Retryable::new(
                Step::Create,
                "ServiceLinkedRoleFailure",
                "",
                "the service-linked role to be there",
            ),
            Retryable::new(Step::Create, "ResourceContention", "", OTHER),
            Retryable::new(Step::Update, "ResourceContention", "", OTHER),
            Retryable::new(Step::Delete, "ResourceContention", "", OTHER),
            Retryable::new(Step::Update, "ScalingActivityInProgress", "", "scaling to end"),
            Retryable::new(Step::Delete, "ScalingActivityInProgress", "", "instances to leave"),
            Retryable::new(
                Step::Update,
                "InstanceRefreshInProgress",
                "",
                "another instance refresh to end",
            ),
        ],
        // A refresh takes minutes for each instance; AWS gives one up that comes no further for an
        // hour.
        settle: Duration::from_secs(2 * 60 * 60),
        // aws-semantics.md 0.3: draining, hooks, and the deregistration delay.
        settle_delete: Duration::from_secs(40 * 60),
        ..Rules::DEFAULT
    };
    type Out = AutoscalingGroupOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        self.problems()
    }

    /// What ECS made of the desired capacity stands.
    fn stands(wanted: &Json, live: &Live<Self>) -> Vec<Standing> {
        if !live.out.ecs_managed || wanted.get("desired_capacity").is_none() {
            return Vec::new();
        }
        let bound = |name: &str| wanted.get(name).and_then(Json::as_i64).unwrap_or_default();
        let owner = format!(
            "the managed scaling of its capacity provider ({} to {})",
            bound("min_size"),
            bound("max_size")
        );
        vec![Standing { path: "desired_capacity".to_owned(), owner }]
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        cx.autoscaling()
            .create_auto_scaling_group()
            .auto_scaling_group_name(&self.name)
            .launch_template(self.launch_template.sdk())
            .min_size(self.min_size)
            .max_size(self.max_size)
            .set_desired_capacity(self.desired_capacity)
            .vpc_zone_identifier(self.subnets())
            .set_new_instances_protected_from_scale_in(self.new_instances_protected_from_scale_in)
            .set_health_check_type(self.health_check_type.clone())
            .set_health_check_grace_period(self.health_check_grace_period)
            .set_default_instance_warmup(self.default_instance_warmup)
            .set_default_cooldown(self.default_cooldown)
            .set_termination_policies(self.termination_policies.clone())
            .set_max_instance_lifetime(self.max_instance_lifetime)
            .set_capacity_rebalance(self.capacity_rebalance)
            .set_instance_maintenance_policy(self.maintenance())
            .set_availability_zone_distribution(self.distribution())
            .set_deletion_protection(self.deletion_protection.as_ref().map(|p| p.0.clone()))
            .set_tags(Some(tags_of(&self.name, with.tags)))
            .send()
            .await?;
        Ok(self.name.clone())
    }

    /// Changes what can be changed at once; another launch template is what instances are replaced
    /// for, where there are some.
    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        self.change_settings(cx, live, changed).await?;
        if changed.has("launch_template") {
            refresh::roll(self, cx, &live.id).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let tags = tags_of(&live.id, set);
            cx.autoscaling().create_or_update_tags().set_tags(Some(tags)).send().await?;
        }
        if !remove.is_empty() {
            let tags = remove.iter().map(|key| tag_of(&live.id, key).build()).collect();
            cx.autoscaling().delete_tags().set_tags(Some(tags)).send().await?;
        }
        Ok(())
    }

    /// Lets all instances leave, and succeeds once they have.
    async fn quiesce(cx: &Cx, live: &Live<Self>) -> Result<()> {
        drain::drain(cx, &live.id).await
    }

    async fn holds(_: &Cx, live: &Live<Self>) -> Result<Holds> {
        let all = DeletionProtection::PreventAllDeletion;
        let protected = live.spec.deletion_protection.as_ref().is_some_and(|p| p.0 == all);
        Ok(Holds { data: None, protected })
    }

    async fn unlock(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.autoscaling().update_auto_scaling_group().auto_scaling_group_name(&live.id);
        gone_is_done(call.deletion_protection(DeletionProtection::None).send().await)
    }

    /// Deletes it when no instance is in it any more: AWS would let go of instances at once when
    /// forced, and what they hold could not be told (aws-semantics.md 2).
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        drain::drain(cx, &live.id).await?;
        let call = cx.autoscaling().delete_auto_scaling_group().auto_scaling_group_name(&live.id);
        gone_is_done(call.send().await)
    }

    async fn reasons(cx: &Cx, live: &Live<Self>) -> Vec<String> {
        status::reasons(cx, &live.id).await
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        drain::blockers(cx, &live.id).await
    }
}

const PROFILE: &str = "IAM to know the instance profile everywhere";
const OTHER: &str = "another change of the group to end";

const fn retry(step: Step, message: &'static str, reason: &'static str) -> Retryable {
    Retryable::new(step, "ValidationError", message, reason)
}

/// Tells whether the group is not there: AWS has no code of its own for that.
fn is_gone(error: &Error) -> bool {
    error.is_not_found() || error.is("ValidationError") && error.message.contains("not found")
}

fn gone_is_done<T, E: Into<Error>>(result: std::result::Result<T, E>) -> Result<()> {
    match result.map_err(Into::into) {
        Err(error) if !is_gone(&error) => Err(error),
        _ => Ok(()),
    }
}

fn tag_of(group: &str, key: &str) -> aws_sdk_autoscaling::types::builders::TagBuilder {
    Tag::builder().resource_id(group).resource_type("auto-scaling-group").key(key)
}

/// Wraps tags; instances get them all.
fn tags_of(group: &str, tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| {
        tag_of(group, key).value(value).propagate_at_launch(true).build()
    };
    tags.iter().map(tag).collect()
}
