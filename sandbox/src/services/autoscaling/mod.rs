//! EC2 Auto Scaling: groups that launch instances, replace what dies and scale in.
//!
//! `group` holds what a group is and the calls that change it, `life` what it does by itself:
//! launching, lifecycle hooks, scaling in. `refresh` replaces instances after a change of the launch
//! template. `reach` is how other services reach into a group.

mod activity;
mod change;
mod describe;
mod group;
mod hook;
mod life;
mod policy;
mod protection;
mod reach;
mod refresh;
mod refresh_call;
mod rules;
mod tags;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Bucket, Call, Input, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

pub(crate) use group::{Group, Lifecycle, Member};
pub(crate) use hook::Hook;
pub(crate) use reach::{
    add_tag, complete_hook, group, put_hook, put_policy, remove_hook, remove_policy, set_desired,
    set_protection, waiting,
};

/// What Auto Scaling keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) groups: BTreeMap<String, group::Group>,
    /// What groups did, oldest first, also those that are gone.
    activities: Vec<activity::Activity>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "autoscaling",
    shapes: include_str!("../../shapes/autoscaling.json"),
    operations: &[
        write("CreateAutoScalingGroup", change::CREATE, change::create),
        read(
            "DescribeAutoScalingGroups",
            &["AutoScalingGroupNames", "IncludeInstances", "Filters", "NextToken", "MaxRecords"],
            describe::groups,
        ),
        write("UpdateAutoScalingGroup", change::UPDATE, change::update),
        write("DeleteAutoScalingGroup", &["AutoScalingGroupName", "ForceDelete"], change::delete),
        write(
            "SetDesiredCapacity",
            &["AutoScalingGroupName", "DesiredCapacity", "HonorCooldown"],
            change::set_desired_capacity,
        ),
        write("CreateOrUpdateTags", &["Tags"], tags::create_or_update),
        write("DeleteTags", &["Tags"], tags::delete),
        read("DescribeTags", &["Filters", "NextToken", "MaxRecords"], tags::describe),
        write(
            "SetInstanceProtection",
            &["InstanceIds", "AutoScalingGroupName", "ProtectedFromScaleIn"],
            protection::set,
        ),
        read(
            "DescribeAutoScalingInstances",
            &["InstanceIds", "NextToken", "MaxRecords"],
            describe::instances,
        ),
        write(
            "TerminateInstanceInAutoScalingGroup",
            &["InstanceId", "ShouldDecrementDesiredCapacity"],
            protection::terminate,
        ),
        write("PutLifecycleHook", hook::MODELS, hook::put),
        read(
            "DescribeLifecycleHooks",
            &["AutoScalingGroupName", "LifecycleHookNames"],
            hook::describe,
        ),
        write("DeleteLifecycleHook", &["AutoScalingGroupName", "LifecycleHookName"], hook::delete),
        write(
            "CompleteLifecycleAction",
            &["LifecycleHookName", "AutoScalingGroupName", "LifecycleActionResult", "InstanceId"],
            hook::complete,
        ),
        write(
            "StartInstanceRefresh",
            &["AutoScalingGroupName", "Strategy", "DesiredConfiguration", "Preferences"],
            refresh_call::start,
        ),
        read(
            "DescribeInstanceRefreshes",
            &["AutoScalingGroupName", "InstanceRefreshIds", "NextToken", "MaxRecords"],
            refresh_call::describe,
        ),
        write("CancelInstanceRefresh", &["AutoScalingGroupName"], refresh_call::cancel),
        write("RollbackInstanceRefresh", &["AutoScalingGroupName"], refresh_call::roll_back),
        read(
            "DescribeScalingActivities",
            &[
                "ActivityIds",
                "AutoScalingGroupName",
                "IncludeDeletedGroups",
                "MaxRecords",
                "NextToken",
            ],
            activity::describe,
        ),
        write(
            "SuspendProcesses",
            &["AutoScalingGroupName", "ScalingProcesses"],
            protection::suspend,
        ),
        write("ResumeProcesses", &["AutoScalingGroupName", "ScalingProcesses"], protection::resume),
        write(
            "EnableMetricsCollection",
            &["AutoScalingGroupName", "Metrics", "Granularity"],
            protection::enable_metrics,
        ),
        write(
            "DisableMetricsCollection",
            &["AutoScalingGroupName", "Metrics"],
            protection::disable_metrics,
        ),
        write("PutScalingPolicy", policy::MODELS, policy::put),
        read(
            "DescribePolicies",
            &["AutoScalingGroupName", "PolicyNames", "PolicyTypes", "NextToken", "MaxRecords"],
            policy::describe,
        ),
        write("DeletePolicy", &["AutoScalingGroupName", "PolicyName"], policy::delete),
    ],
    rules: rules::RULES,
    bucket,
    due: life::due,
    settle: life::settle,
    tagged,
    ..Service::EMPTY
};

/// Returns the token bucket of an operation; AWS publishes none for Auto Scaling.
fn bucket(operation: &str, _: &Input) -> Bucket {
    if operation.starts_with("Describe") {
        Bucket { burst: 100.0, per_second: 20.0 }
    } else {
        Bucket { burst: 50.0, per_second: 5.0 }
    }
}

/// Lists the groups that have tags.
fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let groups = account.region(region).into_iter().flat_map(|it| it.autoscaling.groups.values());
    groups
        .filter(|group| !group.tags.is_empty())
        .map(|group| Tagged {
            arn: group.arn.clone(),
            resource_type: "autoscaling:autoScalingGroup",
            tags: group.tags.iter().map(|(key, tag)| (key.clone(), tag.value.clone())).collect(),
        })
        .collect()
}

fn state_mut<'a>(account: &'a mut Account, region: &str) -> &'a mut State {
    &mut account.region_mut(region).autoscaling
}

/// Returns the group an input names.
fn named<'a>(account: &'a Account, call: &Call, name: &str) -> Result<&'a Group, Refusal> {
    let groups = account.region(&call.region).map(|region| &region.autoscaling.groups);
    groups.and_then(|groups| groups.get(name)).ok_or_else(|| rules::NOT_FOUND.refuse(&[name]))
}

/// Returns the group an input names for writing; one on its way out is not changed.
fn named_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    name: &str,
) -> Result<&'a mut Group, Refusal> {
    let groups = &mut state_mut(account, &call.region).groups;
    let group = groups.get_mut(name).ok_or_else(|| rules::NOT_FOUND.refuse(&[name]))?;
    if group.gone.is_some() {
        return Err(rules::PENDING_DELETE.refuse(&[]));
    }
    Ok(group)
}
