//! Lists of groups and instances.

use serde_json::{Value, json};

use super::{Group, rules};
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// Answers one page of items under a member's name.
pub(super) fn paged(
    member: &str,
    items: Vec<(String, Value)>,
    input: &Input,
    default: i64,
) -> Answer {
    let size = input.integer("MaxRecords").unwrap_or(default);
    if !(1..=100).contains(&size) {
        return Err(rules::PAGE.refuse(&[]));
    }
    let token = input.text("NextToken");
    let (shown, next) = page(items, usize::try_from(size).unwrap_or(100), token)
        .ok_or_else(|| rules::TOKEN.refuse(&[token.unwrap_or_default()]))?;
    Ok(json!({ member: shown, "NextToken": next }))
}

/// Tells whether a group matches the filters `tag-key`, `tag-value` and `tag:<key>`.
fn accepts(input: &Input, group: &Group) -> Result<bool, Refusal> {
    for filter in input.list("Filters").iter().filter_map(Value::as_object) {
        let name = filter.text("Name").unwrap_or_default();
        let values = filter.texts("Values");
        let held = |value: &str| values.contains(&value);
        let matches = match name {
            "tag-key" => group.tags.keys().any(|key| held(key)),
            "tag-value" => group.tags.values().any(|tag| held(&tag.value)),
            _ => {
                let key = name.strip_prefix("tag:");
                let key = key.ok_or_else(|| rules::FILTER.refuse(&[name]))?;
                group.tags.get(key).is_some_and(|tag| held(&tag.value))
            }
        };
        if !matches {
            return Ok(false);
        }
    }
    Ok(true)
}

/// DescribeAutoScalingGroups: a name that no group has is left out.
pub(super) fn groups(account: &Account, call: &Call, input: &Input) -> Answer {
    let names = input.texts("AutoScalingGroupNames");
    let with_instances = input.flag("IncludeInstances") != Some(false);
    let mut items = Vec::new();
    let state = account.region(&call.region).into_iter().flat_map(|it| &it.autoscaling.groups);
    for (name, group) in state {
        if (names.is_empty() || names.contains(&name.as_str())) && accepts(input, group)? {
            let shown = group.show(with_instances, &call.account_id, call.partition);
            items.push((name.clone(), shown));
        }
    }
    paged("AutoScalingGroups", items, input, 50)
}

/// DescribeAutoScalingInstances.
pub(super) fn instances(account: &Account, call: &Call, input: &Input) -> Answer {
    let wanted = input.texts("InstanceIds");
    let groups = account.region(&call.region).into_iter();
    let groups = groups.flat_map(|region| region.autoscaling.groups.values());
    let members = groups.flat_map(|group| group.instances.iter().map(move |it| (group, it)));
    let items = members
        .filter(|(_, member)| wanted.is_empty() || wanted.contains(&member.id.as_str()))
        .map(|(group, member)| {
            let mut shown = member.show();
            shown["AutoScalingGroupName"] = group.name.clone().into();
            shown["HealthStatus"] = if member.healthy { "HEALTHY" } else { "UNHEALTHY" }.into();
            (member.id.clone(), shown)
        })
        .collect();
    paged("AutoScalingInstances", items, input, 50)
}
