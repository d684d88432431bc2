//! Creating, changing and deleting groups.

use std::time::Duration;

use serde_json::{Map, Value};

use super::group::TemplateRef;
use super::{Group, hook, life, named, named_mut, rules, state_mut, tags};
use crate::rules::Refusal;
use crate::services::ec2::{self, instance, launch_template};
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// The members that CreateAutoScalingGroup models.
pub(super) const CREATE: &[&str] = &[
    "AutoScalingGroupName",
    "LaunchTemplate",
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "DefaultCooldown",
    "AvailabilityZones",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "VPCZoneIdentifier",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
    "CapacityRebalance",
    "LifecycleHookSpecificationList",
    "Tags",
    "MaxInstanceLifetime",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "DeletionProtection",
];

/// The members that UpdateAutoScalingGroup models.
pub(super) const UPDATE: &[&str] = &[
    "AutoScalingGroupName",
    "LaunchTemplate",
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "DefaultCooldown",
    "AvailabilityZones",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "VPCZoneIdentifier",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
    "CapacityRebalance",
    "MaxInstanceLifetime",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "DeletionProtection",
];

/// The members that a group keeps and shows as they were given.
const SETTINGS: &[&str] = &[
    "DefaultCooldown",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "CapacityRebalance",
    "MaxInstanceLifetime",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
];

/// How long a group without instances is on its way out.
const DELETING: Duration = Duration::from_secs(15);
/// How long one that is deleted with its instances is.
const FORCED: Duration = Duration::from_secs(25);

const TERMINATION_POLICIES: &[&str] = &[
    "Default",
    "AllocationStrategy",
    "OldestLaunchTemplate",
    "OldestLaunchConfiguration",
    "ClosestToNextInstanceHour",
    "NewestInstance",
    "OldestInstance",
];

fn size(input: &Input, member: &str) -> Option<u32> {
    input.integer(member).map(|size| u32::try_from(size).unwrap_or_default())
}

/// Reads a launch template specification and refuses one that no instance could be launched from in
/// the group's subnets.
pub(super) fn template(
    account: &Account,
    call: &Call,
    specification: &Map<String, Value>,
    subnets: &[String],
) -> Result<TemplateRef, Refusal> {
    let refuse = |why: Refusal| rules::TEMPLATE.refuse(&[&why.message]);
    let view = ec2::View::new(account, call);
    let ((id, _), data) = launch_template::data(view, specification).map_err(refuse)?;
    for subnet in subnets {
        let what = instance::Launch {
            data: &data,
            subnet: Some(subnet),
            tags: ec2::tags::Tags::new(),
            reservation: None,
        };
        instance::check(account, call, &what).map_err(refuse)?;
    }
    let name = view.state.launch_templates[&id].name.clone();
    let version = specification.text("Version").unwrap_or("$Default").to_owned();
    Ok(TemplateRef { id, name, version })
}

/// Reads where a group is: its subnets and their zones.
fn place(
    account: &Account,
    call: &Call,
    input: &Input,
) -> Result<Option<(Vec<String>, Vec<String>)>, Refusal> {
    let subnets: Vec<&str> = input
        .text("VPCZoneIdentifier")
        .map(|text| text.split(',').map(str::trim).filter(|id| !id.is_empty()).collect())
        .unwrap_or_default();
    let mut zones: Vec<String> =
        input.texts("AvailabilityZones").into_iter().map(str::to_owned).collect();
    if subnets.is_empty() {
        return Ok((!zones.is_empty()).then_some((Vec::new(), zones)));
    }
    let state = ec2::View::new(account, call).state;
    let mut theirs = Vec::new();
    for id in &subnets {
        let subnet = state.subnets.get(*id).ok_or_else(|| rules::SUBNET.refuse(&[id]))?;
        if !theirs.contains(&subnet.zone) {
            theirs.push(subnet.zone.clone());
        }
    }
    theirs.sort();
    zones.sort();
    if !zones.is_empty() && zones != theirs {
        return Err(rules::ZONE_NOT_SERVED.refuse(&[]));
    }
    Ok(Some((subnets.into_iter().map(str::to_owned).collect(), theirs)))
}

/// Lays the settings an input gives over those of a group.
fn settings(group: &mut Group, input: &Input) -> Result<(), Refusal> {
    if let Some(types) = input.text("HealthCheckType") {
        let known = ["EC2", "ELB", "EBS", "VPC_LATTICE"];
        if let Some(unknown) = types.split(',').find(|it| !known.contains(it)) {
            return Err(rules::HEALTH_CHECK.refuse(&[unknown]));
        }
    }
    if let Some(policy) = input.object("InstanceMaintenancePolicy") {
        let least = policy.integer("MinHealthyPercentage").unwrap_or(-1);
        let most = policy.integer("MaxHealthyPercentage").unwrap_or(-1);
        // -1 for both takes the policy away.
        let fits = (0..=100).contains(&least) && (100..=200).contains(&most) && most - least <= 100;
        if !fits && (least, most) != (-1, -1) {
            return Err(rules::MAINTENANCE.refuse(&[]));
        }
    }
    if input.contains_key("TerminationPolicies") {
        let policies = input.texts("TerminationPolicies");
        if let Some(unknown) = policies.iter().find(|it| !TERMINATION_POLICIES.contains(it)) {
            return Err(rules::TERMINATION_POLICY.refuse(&[unknown]));
        }
        group.termination_policies = policies.into_iter().map(str::to_owned).collect();
    }
    if group.termination_policies.is_empty() {
        group.termination_policies.push("Default".to_owned());
    }
    if let Some(protects) = input.flag("NewInstancesProtectedFromScaleIn") {
        group.protects_new = protects;
    }
    if let Some(protection) = input.text("DeletionProtection") {
        protection.clone_into(&mut group.deletion_protection);
    }
    for member in SETTINGS {
        if let Some(value) = input.get(*member) {
            group.settings.insert((*member).to_owned(), value.clone());
        }
    }
    let taken_away = |value: &Value| {
        value["MinHealthyPercentage"].as_i64() == Some(-1) || value.as_i64() == Some(-1)
    };
    group.settings.retain(|_, value| !taken_away(value));
    if group.setting("MaxInstanceLifetime") == Some(0) {
        group.settings.remove("MaxInstanceLifetime");
    }
    Ok(())
}

/// CreateAutoScalingGroup.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("AutoScalingGroupName").unwrap_or_default().to_owned();
    if let Some(group) = state_mut(account, &call.region).groups.get(&name) {
        let rule =
            if group.gone.is_some() { &rules::EXISTS_PENDING_DELETE } else { &rules::EXISTS };
        return Err(rule.refuse(&[&name]));
    }
    let (min, max) = (size(input, "MinSize").unwrap_or(0), size(input, "MaxSize").unwrap_or(0));
    if max < min {
        return Err(rules::SIZE_BOUNDS.refuse(&[&max.to_string(), &min.to_string()]));
    }
    let desired = size(input, "DesiredCapacity").unwrap_or(min);
    check_desired(desired, min, max)?;
    let place = place(account, call, input)?;
    let (subnets, zones) = place.ok_or_else(|| rules::NO_ZONE.refuse(&[]))?;
    let specification =
        input.object("LaunchTemplate").ok_or_else(|| rules::NO_TEMPLATE.refuse(&[]))?;
    let template = template(account, call, specification, &subnets)?;
    let uuid = account.new_uuid();
    let mut group = Group {
        arn: call
            .arn("autoscaling", &format!("autoScalingGroup:{uuid}:autoScalingGroupName/{name}")),
        name: name.clone(),
        created: call.now,
        min,
        max,
        desired,
        subnets,
        zones,
        template,
        tags: tags::at_creation(input)?,
        hooks: std::collections::BTreeMap::new(),
        instances: Vec::new(),
        protects_new: false,
        deletion_protection: "none".to_owned(),
        termination_policies: Vec::new(),
        suspended: std::collections::BTreeSet::new(),
        metrics: std::collections::BTreeSet::new(),
        policies: std::collections::BTreeMap::new(),
        settings: Map::new(),
        refreshes: Vec::new(),
        act: Some(call.after(life::REACTION)),
        cause: format!(
            "At {} a user request created an AutoScalingGroup changing the desired capacity from 0 to {desired}.",
            call.now
        ),
        gone: None,
        said_protected: false,
    };
    settings(&mut group, input)?;
    let hooks = input.list("LifecycleHookSpecificationList").iter();
    for specification in hooks.filter_map(Value::as_object) {
        hook::keep(&mut group, hook::read(specification, None)?)?;
    }
    state_mut(account, &call.region).groups.insert(name, group);
    Ok(Value::Null)
}

fn check_desired(desired: u32, min: u32, max: u32) -> Result<(), Refusal> {
    if (min..=max).contains(&desired) {
        return Ok(());
    }
    let names = [desired, min, max].map(|size| size.to_string());
    Err(rules::DESIRED_BOUNDS.refuse(&[&names[0], &names[1], &names[2]]))
}

/// UpdateAutoScalingGroup: a desired capacity that is not given is brought into the new bounds.
pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("AutoScalingGroupName").unwrap_or_default();
    let place = place(account, call, input)?;
    let known = named(account, call, name)?;
    let subnets = place.as_ref().map_or(&known.subnets, |(subnets, _)| subnets).clone();
    let active = known.active_refresh().is_some_and(|refresh| refresh.desired.is_some());
    let template = match input.object("LaunchTemplate") {
        Some(_) if active => return Err(rules::REFRESH_OWNS_TEMPLATE.refuse(&[])),
        Some(specification) => Some(template(account, call, specification, &subnets)?),
        None => None,
    };
    let group = named_mut(account, call, name)?;
    let min = size(input, "MinSize").unwrap_or(group.min);
    let max = size(input, "MaxSize").unwrap_or(group.max);
    if max < min {
        return Err(rules::SIZE_BOUNDS.refuse(&[&max.to_string(), &min.to_string()]));
    }
    let desired = match size(input, "DesiredCapacity") {
        Some(desired) => {
            check_desired(desired, min, max)?;
            desired
        }
        None => group.desired.clamp(min, max),
    };
    settings(group, input)?;
    if let Some(template) = template {
        group.template = template;
    }
    if let Some((subnets, zones)) = place {
        group.subnets = subnets;
        group.zones = zones;
    }
    if (min, max, desired) != (group.min, group.max, group.desired) {
        group.cause = format!(
            "At {} a user request update of AutoScalingGroup constraints to min: {min}, max: {max}, desired: {desired} changing the desired capacity from {} to {desired}.",
            call.now, group.desired
        );
    }
    (group.min, group.max, group.desired) = (min, max, desired);
    group.said_protected = false;
    group.wake(call.after(life::REACTION));
    Ok(Value::Null)
}

/// SetDesiredCapacity.
pub(super) fn set_desired_capacity(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("AutoScalingGroupName").unwrap_or_default();
    let desired = size(input, "DesiredCapacity").unwrap_or_default();
    let group = named_mut(account, call, name)?;
    if desired > group.max {
        return Err(rules::DESIRED_ABOVE.refuse(&[&desired.to_string(), &group.max.to_string()]));
    }
    if desired < group.min {
        return Err(rules::DESIRED_BELOW.refuse(&[&desired.to_string(), &group.min.to_string()]));
    }
    group.cause = format!(
        "At {} a user request explicitly set group desired capacity changing the desired capacity from {} to {desired}.",
        call.now, group.desired
    );
    group.desired = desired;
    group.said_protected = false;
    group.wake(call.after(life::REACTION));
    Ok(Value::Null)
}

/// DeleteAutoScalingGroup: with force its instances are terminated past hooks and protection, and
/// the group does not wait for them.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("AutoScalingGroupName").unwrap_or_default();
    let force = input.flag("ForceDelete") == Some(true);
    let group = named(account, call, name)?;
    if group.gone.is_some() {
        return Ok(Value::Null);
    }
    let protection = group.deletion_protection.as_str();
    if protection == "prevent-all-deletion" || (force && protection == "prevent-force-deletion") {
        return Err(rules::PROTECTED.refuse(&[name, protection]));
    }
    if !force {
        let moving = |member: &super::Member| member.lifecycle != super::Lifecycle::InService;
        if group.instances.iter().any(moving) {
            return Err(rules::IN_PROGRESS.refuse(&[]));
        }
        if !group.instances.is_empty() {
            return Err(rules::IN_USE.refuse(&[]));
        }
    }
    let ids: Vec<String> = group.instances.iter().map(|member| member.id.clone()).collect();
    for id in &ids {
        instance::terminate(account, &call.region, id, "Service initiated", call.now);
    }
    let group = named_mut(account, call, name)?;
    group.instances.clear();
    group.act = None;
    group.refreshes.clear();
    let span = if ids.is_empty() { DELETING } else { FORCED };
    group.gone = Some(call.after(span));
    Ok(Value::Null)
}
