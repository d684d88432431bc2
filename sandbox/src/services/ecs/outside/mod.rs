//! What ECS knows of other services, and does in them: everything it uses of them is here.
//!
//! `network` is subnets, interfaces and ways to ECS, `group` Auto Scaling groups and instances,
//! `target` target groups and Cloud Map, `need` what containers need to start.

mod group;
mod need;
mod network;
mod target;

use crate::clock::Time;
use crate::services::{Call, partition};
use crate::state::Account;

pub(super) use group::{
    Group, add_group_tag, complete_hook, group, group_arn, group_of, group_role, group_type,
    has_agent, instance, instance_type, instances, may_register, put_group_hook, put_group_policy,
    remove_group_hook, remove_group_policy, role_of, set_desired, set_protection, waiting,
};
pub(super) use need::{first_line, image_missing, log_group, secret_missing, write_line};
pub(super) use network::{
    attach_interface, default_group, detach_interface, reaches_ecs, vpc_of_group, vpc_of_subnet,
    zone_of_subnet,
};
pub(super) use target::{
    TargetHealth, deregister_from_cloud_map, deregister_target, forget_connect, namespace,
    register_connect, register_in_cloud_map, register_target, target_group, target_health,
};

/// Makes the call that something without a call would be.
fn call(account: &Account, region: &str, now: Time) -> Call {
    Call {
        operation: "",
        region: region.to_owned(),
        account_id: account.id.clone(),
        partition: partition(region),
        principal_arn: String::new(),
        access_key: String::new(),
        now,
        slow: account.way.slow,
    }
}
