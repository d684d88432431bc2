//! `ecs_capacity_provider`: an Auto Scaling group as capacity for tasks.

use super::cluster::linked_role;
use super::tags::{self, from_ecs, to_ecs};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, IdentityBy, Live, Resource, Retryable, Rules, Status,
    Step, Want,
};
use crate::stack::schema::immutable;
use crate::stack::value::is_placeholder;
use aws_sdk_ecs::types::{
    AutoScalingGroupProvider as SdkProvider, AutoScalingGroupProviderUpdate,
    CapacityProvider as Found, CapacityProviderField, CapacityProviderStatus,
    CapacityProviderUpdateStatus, ManagedDraining, ManagedScaling as SdkScaling,
    ManagedScalingStatus, ManagedTerminationProtection,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

crate::sdk_enum!(
    ManagedDraining => "ManagedDraining",
    ManagedScalingStatus => "ManagedScalingStatus",
    ManagedTerminationProtection => "ManagedTerminationProtection",
);

/// A capacity provider: tasks run on the instances of an Auto Scaling group, which ECS scales.
///
/// ECS adds a tag, scaling policies and a lifecycle hook of its own to the group; none of these is a
/// difference there.
///
/// ```toml
/// [ecs_capacity_provider.main]
/// name = "${env}-capacity"
///
/// [ecs_capacity_provider.main.auto_scaling_group_provider]
/// auto_scaling_group_arn         = "${autoscaling_group.main.arn}"
/// managed_termination_protection = "ENABLED"
/// managed_draining               = "ENABLED"
/// managed_scaling                = { status = "ENABLED", target_capacity = 80 }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsCapacityProvider {
    /// Name, unique in the account and region: up to 255 letters, digits, `-` and `_`, not beginning
    /// with `aws`, `ecs` or `fargate`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// The Auto Scaling group, and how ECS treats it.
    pub auto_scaling_group_provider: AutoScalingGroupProvider,
}

/// An Auto Scaling group, and how ECS treats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoScalingGroupProvider {
    /// ARN of the group; a group serves one capacity provider.
    #[schemars(transform = immutable)]
    pub auto_scaling_group_arn: String,
    /// How ECS scales the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_scaling: Option<ManagedScaling>,
    /// Whether instances with tasks are kept when the group scales in. It needs managed scaling, and
    /// a group whose new instances are protected. AWS starts with `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_termination_protection: Option<Sdk<ManagedTerminationProtection>>,
    /// Whether tasks move away before an instance is terminated. AWS starts with `ENABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_draining: Option<Sdk<ManagedDraining>>,
}

/// How ECS scales a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagedScaling {
    /// Whether it does.
    pub status: Sdk<ManagedScalingStatus>,
    /// Percentage of the group that is to be in use, 1 to 100. AWS starts with 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub target_capacity: Option<i32>,
    /// Instances added or removed at least at a time, 1 to 10000. AWS starts with 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub minimum_scaling_step_size: Option<i32>,
    /// Instances added or removed at most at a time, 1 to 10000. AWS starts with 10000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub maximum_scaling_step_size: Option<i32>,
    /// Seconds until a new instance counts, 0 to 10000. AWS starts with 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000))]
    pub instance_warmup_period: Option<i32>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EcsCapacityProviderOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
}

impl Resource for EcsCapacityProvider {
    const TYPE: &'static str = "ecs_capacity_provider";
    const AWS_NAME: &'static str = "AWS::ECS::CapacityProvider";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // aws-semantics.md 6: it must have left all strategies; that of the cluster is a late field.
        deleted_after: &["ecs_service"],
        // aws-semantics.md 9.3: instances that drain are let go by the provider's own hook.
        quiesced_before: &["autoscaling_group"],
        retry: &[
            linked_role(Step::Create),
            Retryable::new(
                Step::Create,
                "ClientException",
                "already being used by another capacity provider",
                "the capacity provider that has the group to be gone",
            ),
            Retryable::new(
                Step::Create,
                "UpdateInProgressException",
                "",
                "another change of the capacity provider to end",
            ),
            Retryable::new(
                Step::Update,
                "UpdateInProgressException",
                "",
                "another change of the capacity provider to end",
            ),
            Retryable::new(
                Step::Delete,
                "UpdateInProgressException",
                "",
                "another change of the capacity provider to end",
            ),
            Retryable::new(
                Step::Delete,
                "ResourceInUseException",
                "",
                "clusters and services to let go of it",
            ),
            Retryable::new(
                Step::Delete,
                "ClientException",
                "in use",
                "clusters and services to let go of it",
            ),
        ],
        // aws-semantics.md 0.3.
        settle: Duration::from_secs(600),
        settle_delete: Duration::from_secs(20 * 60),
        ..Rules::DEFAULT
    };
    type Out = EcsCapacityProviderOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        self.problems()
    }

    /// A group serves one capacity provider.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        let group = |provider: &Self| provider.group().to_owned();
        !is_placeholder(wanted.group()) && group(live) == group(wanted)
    }

    /// Lists them all: their list has their tags, 10 to a page, AWS's own two among them.
    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let (ids, wanted) = match want {
            Want::Ids(ids) => (Some(ids.to_vec()), ids),
            Want::Owned { names, .. } => (None, names),
        };
        let found = describe(cx, ids).await?;
        let ours = |one: &Live<Self>| wanted.contains(&one.id) || cx.scope.owns(&one.tags, &[]);
        let waits = matches!(want, Want::Ids(_));
        Ok(found.into_iter().filter_map(|one| live(one, waits)).filter(ours).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let provider = &self.auto_scaling_group_provider;
        let built = SdkProvider::builder()
            .auto_scaling_group_arn(&provider.auto_scaling_group_arn)
            .set_managed_scaling(provider.managed_scaling.as_ref().map(ManagedScaling::sdk))
            .set_managed_termination_protection(
                provider.managed_termination_protection.as_ref().map(|p| p.0.clone()),
            )
            .set_managed_draining(provider.managed_draining.as_ref().map(|d| d.0.clone()))
            .build()
            .map_err(|e| Error::local("auto_scaling_group_provider", e.to_string()))?;
        let call = cx.ecs().create_capacity_provider().name(&self.name);
        call.auto_scaling_group_provider(built).set_tags(Some(to_ecs(with.tags))).send().await?;
        Ok(self.name.clone())
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, _: &Changed) -> Result<()> {
        let (provider, now) =
            (&self.auto_scaling_group_provider, &live.spec.auto_scaling_group_provider);
        let scaling = provider.managed_scaling.as_ref().map(|wanted| {
            // What the stack does not say stays: AWS takes the whole.
            let now = now.managed_scaling.as_ref();
            ManagedScaling {
                status: wanted.status.clone(),
                target_capacity: wanted.target_capacity.or(now.and_then(|n| n.target_capacity)),
                minimum_scaling_step_size: wanted
                    .minimum_scaling_step_size
                    .or(now.and_then(|n| n.minimum_scaling_step_size)),
                maximum_scaling_step_size: wanted
                    .maximum_scaling_step_size
                    .or(now.and_then(|n| n.maximum_scaling_step_size)),
                instance_warmup_period: wanted
                    .instance_warmup_period
                    .or(now.and_then(|n| n.instance_warmup_period)),
            }
        });
        let protection = provider.managed_termination_protection.as_ref();
        let draining = provider.managed_draining.as_ref();
        let update = AutoScalingGroupProviderUpdate::builder()
            .set_managed_scaling(scaling.as_ref().map(ManagedScaling::sdk))
            .set_managed_termination_protection(protection.map(|p| p.0.clone()))
            .set_managed_draining(draining.map(|d| d.0.clone()))
            .build();
        let call = cx.ecs().update_capacity_provider().name(&live.id);
        call.auto_scaling_group_provider(update).send().await?;
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.out.arn, set, remove).await
    }

    /// The answer says nothing yet: a provider that is in use comes to `DELETE_FAILED` later
    /// (aws-semantics.md 6), which waiting for its end tells with the reason.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.ecs().delete_capacity_provider().capacity_provider(&live.id);
        match call.send().await.map_err(Error::from) {
            Err(error) if !is_gone(&error) => Err(error),
            _ => Ok(()),
        }
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let found = describe(cx, Some(vec![live.id.clone()])).await?;
        let reason = |one: &Found| {
            let reason = one.update_status_reason().filter(|reason| !reason.is_empty())?;
            let leaves = Some("strategies of clusters and services let go of it".to_owned());
            Some(Blocker { what: format!("capacity provider {}: {reason}", live.id), leaves })
        };
        Ok(found.iter().filter_map(reason).collect())
    }
}

fn is_gone(error: &Error) -> bool {
    error.is_not_found() || error.is("ClientException") && error.message.contains("not exist")
}

impl EcsCapacityProvider {
    fn group(&self) -> &str {
        &self.auto_scaling_group_provider.auto_scaling_group_arn
    }

    fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.into(), message: message.into() });
        };
        let reserved = ["aws", "ecs", "fargate"];
        let lower = self.name.to_ascii_lowercase();
        if !super::cluster::is_name(&self.name) {
            problem("name", "a name has at most 255 letters, digits, `-` and `_`");
        } else if reserved.iter().any(|start| lower.starts_with(start)) {
            problem("name", "a name does not begin with `aws`, `ecs` or `fargate`");
        }
        let provider = &self.auto_scaling_group_provider;
        let arn = &provider.auto_scaling_group_arn;
        if !arn.starts_with("arn:") && !is_placeholder(arn) {
            let path = "auto_scaling_group_provider.auto_scaling_group_arn";
            problem(path, "give the ARN of the group");
        }
        let protects = provider
            .managed_termination_protection
            .as_ref()
            .is_some_and(|p| p.0 == ManagedTerminationProtection::Enabled);
        let scaling = provider.managed_scaling.as_ref();
        if protects && scaling.is_none_or(|s| s.status.0 != ManagedScalingStatus::Enabled) {
            let path = "auto_scaling_group_provider.managed_termination_protection";
            problem(path, "it needs `managed_scaling` with the status `ENABLED`");
        }
        if let Some(scaling) = scaling
            && let (Some(least), Some(most)) =
                (scaling.minimum_scaling_step_size, scaling.maximum_scaling_step_size)
            && least > most
        {
            let path = "auto_scaling_group_provider.managed_scaling.minimum_scaling_step_size";
            problem(path, "the smallest step is at most the largest");
        }
        problems
    }
}

impl ManagedScaling {
    fn sdk(&self) -> SdkScaling {
        SdkScaling::builder()
            .status(self.status.0.clone())
            .set_target_capacity(self.target_capacity)
            .set_minimum_scaling_step_size(self.minimum_scaling_step_size)
            .set_maximum_scaling_step_size(self.maximum_scaling_step_size)
            .set_instance_warmup_period(self.instance_warmup_period)
            .build()
    }

    fn of_sdk(found: SdkScaling) -> Self {
        Self {
            status: Sdk(found.status.unwrap_or(ManagedScalingStatus::Disabled)),
            target_capacity: found.target_capacity,
            minimum_scaling_step_size: found.minimum_scaling_step_size,
            maximum_scaling_step_size: found.maximum_scaling_step_size,
            instance_warmup_period: found.instance_warmup_period,
        }
    }
}

/// Reads these, or all; what is not there is left out.
async fn describe(cx: &Cx, names: Option<Vec<String>>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let chunks: Vec<Option<Vec<String>>> = match names {
        None => vec![None],
        Some(names) => names.chunks(10).map(|chunk| Some(chunk.to_vec())).collect(),
    };
    for names in chunks {
        let mut token = None;
        loop {
            let call = cx.ecs().describe_capacity_providers();
            let page = call
                .set_capacity_providers(names.clone())
                .include(CapacityProviderField::Tags)
                .set_next_token(token)
                .send()
                .await
                .map_err(Error::from);
            let page = match page {
                Err(error) if is_gone(&error) => break,
                page => page?,
            };
            found.extend(page.capacity_providers.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// A provider as it is. That its deletion or its last change failed matters to whoever waits for
/// that; it stays usable as it was.
fn live(found: Found, waits: bool) -> Option<Live<EcsCapacityProvider>> {
    let group = found.auto_scaling_group_provider?;
    let id = found.name?;
    let update = found.update_status.as_ref();
    let failed = |state: &CapacityProviderUpdateStatus| {
        let reason = found.update_status_reason.clone().unwrap_or_default();
        Status::Failed(format!("{}: {reason}", state.as_str()))
    };
    let status = match (found.status, update) {
        (Some(CapacityProviderStatus::Inactive), _) => return None,
        (Some(CapacityProviderStatus::Deprovisioning), _) => {
            Status::Deleting("DEPROVISIONING".to_owned())
        }
        (_, Some(state @ CapacityProviderUpdateStatus::DeleteInProgress)) => {
            Status::Deleting(state.as_str().to_owned())
        }
        (
            _,
            Some(
                state @ (CapacityProviderUpdateStatus::CreateInProgress
                | CapacityProviderUpdateStatus::UpdateInProgress),
            ),
        ) => Status::Pending(state.as_str().to_owned()),
        (_, Some(state @ CapacityProviderUpdateStatus::CreateFailed)) => failed(state),
        (
            _,
            Some(
                state @ (CapacityProviderUpdateStatus::DeleteFailed
                | CapacityProviderUpdateStatus::UpdateFailed),
            ),
        ) if waits => failed(state),
        (Some(CapacityProviderStatus::Provisioning), _) => {
            Status::Pending("PROVISIONING".to_owned())
        }
        _ => Status::Ready,
    };
    let spec = EcsCapacityProvider {
        name: id.clone(),
        auto_scaling_group_provider: AutoScalingGroupProvider {
            auto_scaling_group_arn: group.auto_scaling_group_arn,
            managed_scaling: group.managed_scaling.map(ManagedScaling::of_sdk),
            managed_termination_protection: group.managed_termination_protection.map(Sdk),
            managed_draining: group.managed_draining.map(Sdk),
        },
    };
    let arn = found.capacity_provider_arn.unwrap_or_default();
    let out = EcsCapacityProviderOut { id: id.clone(), arn };
    Some(Live { id, tags: from_ecs(found.tags), status, spec, out })
}
