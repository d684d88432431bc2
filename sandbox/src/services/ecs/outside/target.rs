//! Target groups and Cloud Map, where tasks are found.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::super::elbv2::{self, Health};
use super::super::super::servicediscovery;
use super::super::task::Target;
use crate::clock::Time;
use crate::state::Account;

/// What ECS must know of a target group.
#[derive(Debug)]
pub(crate) struct TargetGroup {
    /// `ip` or `instance`.
    pub(crate) target_type: String,
    /// Whether a load balancer forwards to it.
    pub(crate) has_load_balancer: bool,
}

/// Returns a target group.
pub(crate) fn target_group(account: &Account, region: &str, arn: &str) -> Option<TargetGroup> {
    let group = elbv2::target_group(account, region, arn)?;
    Some(TargetGroup {
        target_type: group.target_type.clone(),
        has_load_balancer: !group.load_balancers.is_empty(),
    })
}

/// What a target group says of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetHealth {
    Healthy,
    Unhealthy,
    /// It is not decided, or nothing sends to it.
    Open,
}

fn port(target: &Target) -> u16 {
    u16::try_from(target.port).unwrap_or_default()
}

/// Returns the health of a target.
pub(crate) fn target_health(
    account: &Account,
    region: &str,
    target: &Target,
    now: Time,
) -> TargetHealth {
    match elbv2::health(account, region, &target.group, &target.id, port(target), now) {
        Health::Healthy => TargetHealth::Healthy,
        Health::Unhealthy(_) => TargetHealth::Unhealthy,
        _ => TargetHealth::Open,
    }
}

/// Registers a target. One that is refused is never healthy, which is how AWS's services fail too.
pub(crate) fn register_target(account: &mut Account, region: &str, target: &Target, now: Time) {
    let registered = elbv2::register(account, region, &target.group, &target.id, port(target), now);
    registered.ok();
}

/// Deregisters a target; returns how long it drains.
pub(crate) fn deregister_target(
    account: &mut Account,
    region: &str,
    target: &Target,
    now: Time,
) -> Duration {
    elbv2::deregister(account, region, &target.group, &target.id, port(target), now);
    let group = elbv2::target_group(account, region, &target.group);
    let group = group.filter(|group| !group.load_balancers.is_empty());
    group.map(elbv2::TargetGroup::deregistration_delay).unwrap_or_default()
}

/// Returns the ARN of a Cloud Map namespace by its name or ARN.
pub(crate) fn namespace(account: &Account, region: &str, named: &str) -> Option<String> {
    servicediscovery::namespace(account, region, named).map(|it| it.arn.clone())
}

/// Has Cloud Map make the service of a discovery name; returns its ARN.
pub(crate) fn register_connect(
    account: &mut Account,
    region: &str,
    namespace: &str,
    name: &str,
    now: Time,
) -> Option<String> {
    servicediscovery::register_service_connect(account, region, namespace, name, now)
}

/// Has Cloud Map take it away.
pub(crate) fn forget_connect(
    account: &mut Account,
    region: &str,
    namespace: &str,
    name: &str,
    now: Time,
) {
    servicediscovery::forget_service_connect(account, region, namespace, name, now);
}

/// Registers a task in a Cloud Map service.
pub(crate) fn register_in_cloud_map(
    account: &mut Account,
    region: &str,
    service: &str,
    task: &str,
    address: Option<&str>,
    port: Option<i64>,
) {
    let mut attributes = BTreeMap::new();
    let address = address.map(|it| ("AWS_INSTANCE_IPV4", it.to_owned()));
    let port = port.map(|it| ("AWS_INSTANCE_PORT", it.to_string()));
    for (key, value) in address.into_iter().chain(port) {
        attributes.insert(key.to_owned(), value);
    }
    servicediscovery::register_instance(account, region, service, task, attributes);
}

/// Takes a task out of a Cloud Map service.
pub(crate) fn deregister_from_cloud_map(
    account: &mut Account,
    region: &str,
    service: &str,
    task: &str,
) {
    servicediscovery::deregister_instance(account, region, service, task);
}
