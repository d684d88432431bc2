//! Asks EC2 and Auto Scaling which instances, launch templates and groups are there.

use super::{Cx, Error, Result, Tags, ec2_any, from_ec2};
use aws_sdk_ec2::types::{InstanceStateName, LaunchTemplate};
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

/// Reads those of these launch templates that are there; their call has no filter on the id, and one
/// that is gone is an error where it is asked for by it.
pub(super) async fn launch_templates(cx: &Cx, ids: &[String]) -> Result<BTreeMap<String, Tags>> {
    let all = cx.ec2().describe_launch_templates().max_results(200).into_paginator().items();
    let all = all.send().collect::<std::result::Result<Vec<_>, _>>().await?;
    let pair =
        |template: LaunchTemplate| Some((template.launch_template_id?, from_ec2(template.tags)));
    Ok(all.into_iter().filter_map(pair).filter(|(id, _)| ids.contains(id)).collect())
}

/// Asks whether a group is there, by what follows its kind in the ARN:
/// `UUID:autoScalingGroupName/NAME`.
pub(super) async fn group_exists(cx: &Cx, rest: &str) -> Result<Option<bool>> {
    let name = rest.rsplit_once('/').map_or(rest, |(_, name)| name);
    let call = cx.autoscaling().describe_auto_scaling_groups().auto_scaling_group_names(name);
    let found = call.send().await.map_err(Error::from)?;
    Ok(Some(!found.auto_scaling_groups().is_empty()))
}
