//! Application Auto Scaling: targets of ECS and DynamoDB, and their policies.
//!
//! A target brings the capacity it is registered for into its range. Its policies do not act, since
//! no metrics come in; the alarms that target tracking keeps for them are in CloudWatch.

mod alarms;
mod policy;
mod resource;
mod rules;
mod target;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::state::Account;
use rules::RULES;
use target::Target;

/// What Application Auto Scaling keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By namespace, resource and dimension.
    targets: BTreeMap<String, Target>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "application-autoscaling",
    shapes: include_str!("../../shapes/application-autoscaling.json"),
    validation_code: "ValidationException",
    throttle_code: "ThrottlingException",
    operations: &[
        write(
            "RegisterScalableTarget",
            &[
                "ServiceNamespace",
                "ResourceId",
                "ScalableDimension",
                "MinCapacity",
                "MaxCapacity",
                "RoleARN",
                "SuspendedState",
                "Tags",
            ],
            target::register,
        ),
        read(
            "DescribeScalableTargets",
            &["ServiceNamespace", "ResourceIds", "ScalableDimension", "MaxResults", "NextToken"],
            target::describe,
        ),
        write(
            "DeregisterScalableTarget",
            &["ServiceNamespace", "ResourceId", "ScalableDimension"],
            target::deregister,
        ),
        write(
            "PutScalingPolicy",
            &[
                "PolicyName",
                "ServiceNamespace",
                "ResourceId",
                "ScalableDimension",
                "PolicyType",
                "StepScalingPolicyConfiguration",
                "TargetTrackingScalingPolicyConfiguration",
            ],
            policy::put,
        ),
        read(
            "DescribeScalingPolicies",
            &[
                "PolicyNames",
                "ServiceNamespace",
                "ResourceId",
                "ScalableDimension",
                "MaxResults",
                "NextToken",
            ],
            policy::describe,
        ),
        write(
            "DeleteScalingPolicy",
            &["PolicyName", "ServiceNamespace", "ResourceId", "ScalableDimension"],
            policy::delete,
        ),
        write("TagResource", &["ResourceARN", "Tags"], target::tag),
        write("UntagResource", &["ResourceARN", "TagKeys"], target::untag),
        read("ListTagsForResource", &["ResourceARN"], target::list_tags),
    ],
    rules: RULES,
    tagged,
    ..Service::EMPTY
};

fn targets<'a>(
    account: &'a Account,
    call: &Call,
) -> impl Iterator<Item = (&'a String, &'a Target)> {
    let region = account.region(&call.region);
    region.into_iter().flat_map(|region| &region.applicationautoscaling.targets)
}

fn targets_mut<'a>(account: &'a mut Account, region: &str) -> &'a mut BTreeMap<String, Target> {
    &mut account.region_mut(region).applicationautoscaling.targets
}

/// Namespace, resource and dimension of a request, as targets are kept by.
fn key(input: &Input) -> String {
    ["ServiceNamespace", "ResourceId", "ScalableDimension"]
        .map(|member| input.text(member).unwrap_or_default())
        .join("|")
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let state = account.region(region).into_iter();
    state
        .flat_map(|region| region.applicationautoscaling.targets.values())
        .map(|target| Tagged {
            arn: target.arn.clone(),
            resource_type: "application-autoscaling:scalable-target",
            tags: target.tags.clone(),
        })
        .collect()
}
