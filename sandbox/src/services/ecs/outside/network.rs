//! Subnets, security groups, network interfaces of tasks, and the ways from an instance to ECS.

use super::super::super::ec2::instance;
use super::super::super::ec2::network_interface::{self, Owner, Placement};
use super::super::super::ec2::{self, route_association::Associated};
use super::call;
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

fn state<'a>(account: &'a Account, region: &str) -> Option<&'a ec2::State> {
    Some(&account.region(region)?.ec2)
}

/// Returns the VPC of a subnet that exists.
pub(crate) fn vpc_of_subnet(account: &Account, region: &str, id: &str) -> Option<String> {
    Some(state(account, region)?.subnets.get(id)?.vpc.clone())
}

/// Returns the zone of a subnet that exists.
pub(crate) fn zone_of_subnet(account: &Account, region: &str, id: &str) -> Option<String> {
    Some(state(account, region)?.subnets.get(id)?.zone.clone())
}

/// Returns the VPC of a security group that exists.
pub(crate) fn vpc_of_group(account: &Account, region: &str, id: &str) -> Option<String> {
    Some(state(account, region)?.security_groups.get(id)?.vpc.clone())
}

/// Returns the default security group of a VPC.
pub(crate) fn default_group(account: &Account, region: &str, vpc: &str) -> Option<String> {
    let groups = &state(account, region)?.security_groups;
    let found = groups.iter().find(|(_, group)| group.vpc == vpc && group.is_default());
    found.map(|(id, _)| id.clone())
}

/// Makes the network interface of a task; returns its id and address.
#[allow(clippy::too_many_arguments)]
pub(crate) fn attach_interface(
    account: &mut Account,
    region: &str,
    subnet: &str,
    groups: Vec<String>,
    attachment: &str,
    task: &str,
    instance: &str,
    now: Time,
) -> Result<(String, String), Refusal> {
    let call = call(account, region, now);
    let owner = Owner {
        resource: task.to_owned(),
        interface_type: "interface".to_owned(),
        attached_by: account.id.clone(),
        instance: Some(instance.to_owned()),
        requester: Some("amazon-ecs".to_owned()),
        attachment: account.new_id("eni-attach"),
        attached: now,
        delete_on_termination: true,
    };
    let placement = Placement {
        subnet: subnet.to_owned(),
        // As ECS describes them.
        description: call.arn("ecs", &format!("attachment/{attachment}")),
        groups,
        address: None,
        owner: Some(owner),
    };
    let id = network_interface::place(account, &call, placement, ec2::tags::Tags::new())?;
    let made = state(account, region).and_then(|state| state.network_interfaces.get(&id));
    let address = made.map(|it| it.address.to_string()).unwrap_or_default();
    Ok((id, address))
}

/// Takes the network interface of a task away.
pub(crate) fn detach_interface(account: &mut Account, region: &str, task: &str, now: Time) {
    let state = &mut account.region_mut(region).ec2;
    network_interface::release(state, task, now);
}

/// Tells whether the agent of an instance reaches ECS: over a route out of the VPC, or over
/// interface endpoints of its three services.
pub(crate) fn reaches_ecs(account: &Account, region: &str, id: &str, now: Time) -> bool {
    let Some(own) = instance::get(account, region, id) else { return false };
    let Some(state) = state(account, region) else { return false };
    let endpoint = |name: &str| {
        state.vpc_endpoints.values().any(|it| {
            it.vpc == own.vpc
                && it.is_interface
                && it.state(now) == "available"
                && it.service == format!("com.amazonaws.{region}.{name}")
        })
    };
    if ["ecs", "ecs-agent", "ecs-telemetry"].into_iter().all(endpoint) {
        return true;
    }
    let tables = || state.route_tables.values().filter(|table| table.vpc == own.vpc);
    let subnet = Associated::Subnet(own.subnet.clone());
    let mut explicit = tables().filter(|it| it.associations.iter().any(|a| a.with == subnet));
    let table = explicit.next().or_else(|| tables().find(|table| table.is_main()));
    let Some(table) = table else { return false };
    table.routes.iter().filter(|route| route.is_default()).any(|route| {
        let target = route.target.as_str();
        match route.by.as_str() {
            "GatewayId" => {
                let gateway = state.internet_gateways.get(target);
                own.public_ip.is_some() && gateway.is_some_and(|it| it.serves(&own.vpc))
            }
            "NatGatewayId" => {
                state.nat_gateways.get(target).is_some_and(|it| it.state(now) == "available")
            }
            // Anything else is somebody's own way out.
            _ => true,
        }
    })
}
