//! Asks EC2 and Auto Scaling which instances and groups are there.

use super::{Cx, Error, Result, Tags, ec2_any, from_ec2};
use aws_sdk_ec2::types::InstanceStateName;
use std::collections::BTreeMap;

/// Reads those of these instances that are there: one that was terminated stays listed for an hour,
/// with its tags.
pub(super) async fn instances(cx: &Cx, ids: &[String]) -> Result<BTreeMap<String, Tags>> {
    let mut found = BTreeMap::new();
    for filters in ec2_any("instance-id", ids) {
        let all = cx.ec2().describe_instances().set_filters(Some(filters)).max_results(1000);
        let all = all.into_paginator().items().send();
        let all = all.collect::<std::result::Result<Vec<_>, _>>().await?;
        for instance in all.into_iter().flat_map(|one| one.instances.unwrap_or_default()) {
            let state = instance.state.and_then(|state| state.name);
            if let (false, Some(id)) =
                (state == Some(InstanceStateName::Terminated), instance.instance_id)
            {
                found.insert(id, from_ec2(instance.tags));
            }
        }
    }
    Ok(found)
}

/// Asks whether a group is there, by what follows its kind in the ARN:
/// `UUID:autoScalingGroupName/NAME`.
pub(super) async fn group_exists(cx: &Cx, rest: &str) -> Result<Option<bool>> {
    let name = rest.rsplit_once('/').map_or(rest, |(_, name)| name);
    let call = cx.autoscaling().describe_auto_scaling_groups().auto_scaling_group_names(name);
    let found = call.send().await.map_err(Error::from)?;
    Ok(Some(!found.auto_scaling_groups().is_empty()))
}
