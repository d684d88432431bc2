//! Scalable targets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::policy::{self, Policy};
use super::resource::Resource;
use super::rules::{
    CAPACITIES, DIMENSION_ALONE, NO_TARGET, PAGE_SIZE, RANGE, RESERVED_TAG, TAG_TARGET, TOKEN,
    TOO_MANY_TAGS,
};
use super::{Call, Input, Members, key, targets, targets_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, modelled};
use crate::state::Account;

/// A scalable target.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Target {
    pub(super) arn: String,
    pub(super) namespace: String,
    pub(super) resource: String,
    pub(super) dimension: String,
    least: i64,
    most: i64,
    role: String,
    created: Time,
    suspended: BTreeMap<String, bool>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) policies: BTreeMap<String, Policy>,
}

const SUSPENDED: [&str; 3] =
    ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];

/// RegisterScalableTarget: an upsert, which leaves what is not given as it is and brings the capacity
/// into the range.
pub(super) fn register(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let resource = Resource::read(input)?;
    let member = |name: &str| input.text(name).unwrap_or_default();
    let given = tags_of(input)?;
    let key = key(input);
    let before = targets(account, call).find(|(known, _)| **known == key);
    let before = before.map(|(_, target)| target.clone());
    let is_new = before.is_none();
    let (least, most) = (input.integer("MinCapacity"), input.integer("MaxCapacity"));
    let mut target = match before {
        Some(target) => target,
        None => {
            if least.is_none() || most.is_none() {
                return Err(CAPACITIES.refuse(&[]));
            }
            resource.check(account, call, member("ResourceId"))?;
            let id = account.new_digits()[..36].to_owned();
            Target {
                arn: call.arn("application-autoscaling", &format!("scalable-target/{id}")),
                namespace: member("ServiceNamespace").to_owned(),
                resource: member("ResourceId").to_owned(),
                dimension: member("ScalableDimension").to_owned(),
                // A role given for these namespaces is not used (RegisterScalableTarget, RoleARN).
                role: resource.role(call),
                created: call.now,
                suspended: SUSPENDED.map(|name| (name.to_owned(), false)).into(),
                ..Target::default()
            }
        }
    };
    (target.least, target.most) = (least.unwrap_or(target.least), most.unwrap_or(target.most));
    if target.least < 0 || target.most < target.least {
        return Err(RANGE.refuse(&[&target.least.to_string(), &target.most.to_string()]));
    }
    if let Some(state) = input.object("SuspendedState") {
        modelled(state, "SuspendedState", &SUSPENDED)?;
        for name in SUSPENDED {
            if let Some(flag) = state.flag(name) {
                target.suspended.insert(name.to_owned(), flag);
            }
        }
    }
    // "Use this parameter to tag the scalable target when it is created. To tag an existing scalable
    // target, use the TagResource operation" (RegisterScalableTarget API reference, Tags).
    if is_new {
        target.tags = given;
    }
    let range = (target.least, target.most);
    let arn = target.arn.clone();
    targets_mut(account, &call.region).insert(key, target);
    resource.clamp(account, &call.region, range, call.now);
    Ok(json!({ "ScalableTargetARN": arn }))
}

/// Returns the target a request names.
pub(super) fn find<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<&'a mut Target, Refusal> {
    let found = targets_mut(account, &call.region).get_mut(&key(input));
    found.ok_or_else(|| {
        let member = |name| input.text(name).unwrap_or_default();
        NO_TARGET.refuse(&[
            member("ServiceNamespace"),
            member("ResourceId"),
            member("ScalableDimension"),
        ])
    })
}

/// DeregisterScalableTarget, with its policies and the alarms these keep.
pub(super) fn deregister(account: &mut Account, call: &Call, input: &Input) -> Answer {
    Resource::read(input)?;
    let policies = std::mem::take(&mut find(account, call, input)?.policies);
    for policy in policies.values() {
        policy::forget_alarms(account, &call.region, policy);
    }
    targets_mut(account, &call.region).remove(&key(input));
    Ok(json!({}))
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let ids = input.texts("ResourceIds");
    let dimension = input.text("ScalableDimension");
    if dimension.is_some() && ids.is_empty() {
        return Err(DIMENSION_ALONE.refuse(&[]));
    }
    let wanted = |target: &Target| {
        input.text("ServiceNamespace") == Some(&target.namespace)
            && (ids.is_empty() || ids.contains(&target.resource.as_str()))
            && dimension.is_none_or(|dimension| dimension == target.dimension)
    };
    let shown = |target: &Target| {
        json!({
            "ServiceNamespace": target.namespace,
            "ResourceId": target.resource,
            "ScalableDimension": target.dimension,
            "MinCapacity": target.least,
            "MaxCapacity": target.most,
            "RoleARN": target.role,
            "CreationTime": target.created.to_string(),
            "SuspendedState": target.suspended,
            "ScalableTargetARN": target.arn,
        })
    };
    let items = targets(account, call)
        .filter(|(_, target)| wanted(target))
        .map(|(key, target)| (key.clone(), shown(target)))
        .collect();
    paged(input, "ScalableTargets", items, 50)
}

/// Cuts out a page; pages hold at most `most`.
pub(super) fn paged(input: &Input, member: &str, items: Vec<(String, Value)>, most: i64) -> Answer {
    let size = input.integer("MaxResults").unwrap_or(most);
    if !(1..=most).contains(&size) {
        return Err(PAGE_SIZE.refuse(&[&most.to_string()]));
    }
    let size = usize::try_from(size).unwrap_or(1);
    let found = page(items, size, input.text("NextToken"));
    let (items, next) = found.ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({member: items, "NextToken": next}))
}

fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let empty = Map::new();
    let mut tags = BTreeMap::new();
    for (key, value) in input.object("Tags").unwrap_or(&empty) {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(RESERVED_TAG.refuse(&[key]));
        }
        tags.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > 50 { Err(TOO_MANY_TAGS.refuse(&[])) } else { Ok(()) }
}

fn by_arn<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<&'a mut Target, Refusal> {
    let arn = input.text("ResourceARN").unwrap_or_default();
    let found = targets_mut(account, &call.region).values_mut().find(|target| target.arn == arn);
    found.ok_or_else(|| TAG_TARGET.refuse(&[arn]))
}

pub(super) fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let more = tags_of(input)?;
    let target = by_arn(account, call, input)?;
    target.tags.extend(more);
    check_count(&target.tags)?;
    Ok(json!({}))
}

pub(super) fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    by_arn(account, call, input)?.tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

pub(super) fn list_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    let arn = input.text("ResourceARN").unwrap_or_default();
    let found = targets(account, call).find(|(_, target)| target.arn == arn);
    let (_, target) = found.ok_or_else(|| TAG_TARGET.refuse(&[arn]))?;
    Ok(json!({ "Tags": target.tags }))
}
