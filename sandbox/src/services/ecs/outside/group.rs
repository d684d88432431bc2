//! Auto Scaling groups, their instances, and what these may do.

use serde_json::{Map, Value};

use super::super::super::autoscaling::{self, Hook};
use super::super::super::ec2::instance_type;
use super::super::super::ec2::{View, image, instance as ec2_instance, launch_template};
use super::super::super::iam;
use super::super::Members;
use super::call;
use crate::clock::Time;
use crate::state::Account;

pub(crate) use ec2_instance::{all as instances, get as instance};
pub(crate) use instance_type::find as instance_type;

/// What an agent needs to join a cluster.
const JOINING: &str = "ecs:RegisterContainerInstance";

/// What ECS must know of a group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) desired: usize,
    /// How many zones it is in.
    pub(crate) zones: usize,
    /// Whether new instances are protected from scale in.
    pub(crate) protects_new: bool,
    /// Ids of the instances that count, and whether each is protected.
    pub(crate) members: Vec<(String, bool)>,
}

/// Returns a group by its ARN.
pub(crate) fn group(account: &Account, region: &str, arn: &str) -> Option<Group> {
    let group = autoscaling::group(account, region, arn)?;
    let members = group.instances.iter().filter(|member| member.lifecycle.counts());
    Some(Group {
        min: group.min as usize,
        max: group.max as usize,
        desired: group.desired as usize,
        zones: group.zones.len(),
        protects_new: group.protects_new,
        members: members.map(|member| (member.id.clone(), member.protected)).collect(),
    })
}

/// Returns the ARN of a group by its name.
pub(crate) fn group_arn(account: &Account, region: &str, name: &str) -> Option<String> {
    Some(autoscaling::group(account, region, name)?.arn.clone())
}

/// Returns the name of the group an instance is in.
pub(crate) fn group_of(account: &Account, region: &str, id: &str) -> Option<String> {
    let groups = &account.region(region)?.autoscaling.groups;
    let found = groups.values().find(|group| group.member(id).is_some());
    found.map(|group| group.name.clone())
}

/// Returns the instance type that a group launches.
pub(crate) fn group_type(account: &Account, region: &str, arn: &str) -> Option<String> {
    let group = autoscaling::group(account, region, arn)?;
    if let Some(member) = group.instances.last() {
        return Some(member.instance_type.clone());
    }
    template(account, region, arn)?.text("InstanceType").map(str::to_owned)
}

/// Returns the ARN of the role that the next instance of a group has.
pub(crate) fn group_role(account: &Account, region: &str, arn: &str) -> Option<String> {
    let data = template(account, region, arn)?;
    let profile = data.object("IamInstanceProfile")?;
    let named = profile.text("Arn").or_else(|| profile.text("Name"))?;
    Some(account.global.iam.role_of_profile(named)?.arn.clone())
}

/// Returns what the launch template of a group says at present.
fn template(account: &Account, region: &str, arn: &str) -> Option<Map<String, Value>> {
    let group = autoscaling::group(account, region, arn)?;
    let call = call(account, region, Time::default());
    let mut named = Map::new();
    named.insert("LaunchTemplateId".to_owned(), group.template.id.clone().into());
    named.insert("Version".to_owned(), group.template.version.clone().into());
    let (_, data) = launch_template::data(View::new(account, &call), &named).ok()?;
    Some(data)
}

/// Sets what a group should have.
pub(crate) fn set_desired(account: &mut Account, region: &str, arn: &str, count: usize, now: Time) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    autoscaling::set_desired(account, region, arn, count, now);
}

/// Protects instances from scale in, or no longer.
pub(crate) fn set_protection(
    account: &mut Account,
    region: &str,
    arn: &str,
    ids: &[String],
    is_protected: bool,
    now: Time,
) {
    autoscaling::set_protection(account, region, arn, ids, is_protected, now);
}

/// Puts the hook of managed draining on a group.
pub(crate) fn put_group_hook(account: &mut Account, region: &str, arn: &str, name: &str) {
    let hook = Hook {
        name: name.to_owned(),
        launching: false,
        heartbeat_timeout: 3600,
        continues: true,
        metadata: None,
        target: None,
        role: None,
    };
    autoscaling::put_hook(account, region, arn, hook);
}

/// Takes it off.
pub(crate) fn remove_group_hook(
    account: &mut Account,
    region: &str,
    arn: &str,
    name: &str,
    now: Time,
) {
    autoscaling::remove_hook(account, region, arn, name, now);
}

/// Returns the instances that wait for a hook before they are terminated.
pub(crate) fn waiting(account: &Account, region: &str, arn: &str, hook: &str) -> Vec<String> {
    let waiting = autoscaling::waiting(account, region, arn).into_iter();
    let ours = waiting.filter(|(_, hooks)| hooks.iter().any(|it| it == hook));
    ours.map(|(id, _)| id).collect()
}

/// Lets an instance go on that waits for a hook.
pub(crate) fn complete_hook(
    account: &mut Account,
    region: &str,
    arn: &str,
    instance: &str,
    hook: &str,
    now: Time,
) -> bool {
    autoscaling::complete_hook(account, region, arn, instance, hook, now)
}

/// Puts a tag on a group that its instances get.
pub(crate) fn add_group_tag(
    account: &mut Account,
    region: &str,
    arn: &str,
    key: &str,
    value: &str,
) {
    autoscaling::add_tag(account, region, arn, key, value, true);
}

/// Puts a scaling policy on a group.
pub(crate) fn put_group_policy(
    account: &mut Account,
    region: &str,
    arn: &str,
    name: &str,
    policy: Map<String, Value>,
) {
    autoscaling::put_policy(account, region, arn, name, policy);
}

/// Takes it off.
pub(crate) fn remove_group_policy(account: &mut Account, region: &str, arn: &str, name: &str) {
    autoscaling::remove_policy(account, region, arn, name);
}

/// Returns the ARN of the role of an instance.
pub(crate) fn role_of(account: &Account, region: &str, id: &str) -> Option<String> {
    let profile = instance(account, region, id)?.profile.as_ref()?;
    Some(account.global.iam.role_of_profile(profile)?.arn.clone())
}

/// Tells whether the role of an instance lets its agent join a cluster.
pub(crate) fn may_register(account: &Account, region: &str, id: &str) -> bool {
    role_of(account, region, id).is_some_and(|role| iam::allows(account, &role, JOINING))
}

/// Tells whether an image brings the agent of ECS.
pub(crate) fn has_agent(region: &str, id: &str) -> bool {
    image::find(region, id).is_some_and(|image| image.agent)
}
