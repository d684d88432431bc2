//! Reading groups: one list of them all, and what happens in those that are short of instances.

use super::{
    AutoscalingGroup, AutoscalingGroupOut, AvailabilityZoneDistribution, ECS_MANAGED,
    InstanceMaintenancePolicy, LaunchTemplateSpecification, refresh, status,
};
use crate::aws::{Cx, Result, Sdk, Tags};
use crate::engine::resource::{Id, Live, Want};
use crate::resources::PARALLEL;
use aws_sdk_autoscaling::types::AutoScalingGroup as Found;
use futures::{StreamExt, TryStreamExt, stream};

/// Lists them all, with their instances; groups that are waited for are asked for refreshes, and
/// those short of instances for what they did last.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<AutoscalingGroup>>> {
    let (waits, found) = match want {
        Want::Ids(ids) => (true, named(cx, ids).await?),
        Want::Owned { names, .. } => {
            let call = cx.autoscaling().describe_auto_scaling_groups().max_records(100);
            let found = call.into_paginator().items().send();
            let mut found = found.collect::<std::result::Result<Vec<Found>, _>>().await?;
            found.retain(|group| {
                let name = group.auto_scaling_group_name().unwrap_or_default();
                names.iter().any(|wanted| wanted == name) || cx.scope.owns(&tags(group), &[])
            });
            (false, found)
        }
    };
    stream::iter(found)
        .map(|group| async move { live(cx, group, waits).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// Reads the groups of these names; those that are not there are left out.
async fn named(cx: &Cx, names: &[String]) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for names in names.chunks(100) {
        let call = cx.autoscaling().describe_auto_scaling_groups().max_records(100);
        let call = call.set_auto_scaling_group_names(Some(names.to_vec()));
        all.extend(call.send().await?.auto_scaling_groups.unwrap_or_default());
    }
    Ok(all)
}

/// Reads one group as AWS shows it.
pub(super) async fn one(cx: &Cx, name: &str) -> Result<Option<Found>> {
    Ok(named(cx, &[name.to_owned()]).await?.pop())
}

fn tags(group: &Found) -> Tags {
    let pair = |tag: &aws_sdk_autoscaling::types::TagDescription| {
        Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))
    };
    group.tags().iter().filter_map(pair).collect()
}

async fn live(cx: &Cx, group: Found, waits: bool) -> Result<Option<Live<AutoscalingGroup>>> {
    let Some(id) = group.auto_scaling_group_name.clone() else { return Ok(None) };
    let refresh = if waits { refresh::last(cx, &id).await? } else { None };
    let short = status::is_short(&group, waits);
    let busy = refresh.as_ref().is_some_and(refresh::is_active);
    let activities = if short || busy { status::activities(cx, &id).await? } else { Vec::new() };
    let status = status::status(&group, refresh.as_ref(), &activities, waits);
    let tags = tags(&group);
    let template = group.launch_template;
    let subnets = group.vpc_zone_identifier.unwrap_or_default();
    let subnets = subnets.split(',').map(str::trim).filter(|id| !id.is_empty());
    let metrics = group.enabled_metrics.unwrap_or_default();
    let processes = group.suspended_processes.unwrap_or_default();
    let maintenance = group.instance_maintenance_policy.and_then(|policy| {
        let (least, most) = (policy.min_healthy_percentage?, policy.max_healthy_percentage?);
        let policy = InstanceMaintenancePolicy {
            min_healthy_percentage: least,
            max_healthy_percentage: most,
        };
        Some(policy)
    });
    let no_policy =
        InstanceMaintenancePolicy { min_healthy_percentage: -1, max_healthy_percentage: -1 };
    let spec = AutoscalingGroup {
        name: id.clone(),
        launch_template: LaunchTemplateSpecification {
            launch_template_id: Id::new(
                template.as_ref().and_then(|t| t.launch_template_id()).unwrap_or_default(),
            ),
            version: template.as_ref().and_then(|t| t.version()).unwrap_or("$Default").to_owned(),
        },
        min_size: group.min_size.unwrap_or_default(),
        max_size: group.max_size.unwrap_or_default(),
        desired_capacity: group.desired_capacity,
        vpc_zone_identifier: subnets.map(Id::new).collect(),
        new_instances_protected_from_scale_in: group.new_instances_protected_from_scale_in,
        health_check_type: group.health_check_type,
        health_check_grace_period: group.health_check_grace_period,
        default_instance_warmup: Some(group.default_instance_warmup.unwrap_or(-1)),
        default_cooldown: group.default_cooldown,
        termination_policies: group.termination_policies,
        max_instance_lifetime: Some(group.max_instance_lifetime.unwrap_or(0)),
        capacity_rebalance: Some(group.capacity_rebalance.unwrap_or(false)),
        instance_maintenance_policy: Some(maintenance.unwrap_or(no_policy)),
        availability_zone_distribution: group.availability_zone_distribution.map(|one| {
            let strategy = one.capacity_distribution_strategy.map(Sdk);
            AvailabilityZoneDistribution { capacity_distribution_strategy: strategy }
        }),
        deletion_protection: group.deletion_protection.map(Sdk),
        enabled_metrics: Some(metrics.into_iter().filter_map(|one| one.metric).collect()),
        suspended_processes: Some(
            processes.into_iter().filter_map(|one| one.process_name).collect(),
        ),
        instance_refresh: None,
    };
    let out = AutoscalingGroupOut {
        id: id.clone(),
        arn: group.auto_scaling_group_arn.unwrap_or_default(),
        availability_zones: group.availability_zones.unwrap_or_default(),
        ecs_managed: tags.contains_key(ECS_MANAGED),
    };
    Ok(Some(Live { id, tags, status, spec, out }))
}
