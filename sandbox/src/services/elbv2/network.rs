//! What load balancers need of EC2: subnets, security groups, network interfaces, and whether
//! traffic gets through.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use super::super::ec2;
use super::super::ec2::network_interface::{
    NetworkInterface, Owner, Placement, PublicAddress, place,
};
use super::super::ec2::security_group::{GroupRule, Peer};
use super::load_balancer::LoadBalancer;
use super::{Call, rules, state};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// How many free addresses each subnet must have (Subnets for your load balancer, user guide).
const FREE_ADDRESSES: u64 = 8;

/// Returns what EC2 keeps for a region.
pub(super) fn ec2<'a>(account: &'a Account, region: &str) -> &'a ec2::State {
    static EMPTY: LazyLock<ec2::State> = LazyLock::new(ec2::State::default);
    account.region(region).map_or(&*EMPTY, |region| &region.ec2)
}

/// Checks the subnets of a load balancer and returns their VPC. `joined` are those it has already.
pub(super) fn check_subnets(
    account: &Account,
    call: &Call,
    balancer: &LoadBalancer,
    subnets: &[String],
    joined: &[String],
) -> Result<String, Refusal> {
    let ec2 = ec2(account, &call.region);
    let mut zones: Vec<&str> = Vec::new();
    let mut vpc: Option<&str> = None;
    for id in subnets {
        let subnet = ec2.subnets.get(id).ok_or_else(|| rules::SUBNET_NOT_FOUND.refuse(&[id]))?;
        if *vpc.get_or_insert(&subnet.vpc) != subnet.vpc {
            return Err(rules::SUBNETS_OF_VPCS.refuse(&[]));
        }
        if zones.contains(&subnet.zone.as_str()) {
            return Err(rules::ZONE_TWICE.refuse(&[]));
        }
        zones.push(&subnet.zone);
    }
    if balancer.is_application() && zones.len() < 2 || zones.is_empty() {
        return Err(rules::TWO_ZONES.refuse(&[]));
    }
    let vpc = vpc.unwrap_or_default();
    for id in subnets.iter().filter(|id| !joined.contains(id)) {
        if ec2::subnet::free_addresses(ec2, id) < FREE_ADDRESSES {
            return Err(rules::SUBNET_FULL.refuse(&[id]));
        }
    }
    check_ipv6(ec2, &balancer.ip_address_type, subnets)?;
    let has_gateway = ec2.internet_gateways.values().any(|gateway| gateway.serves(vpc));
    if balancer.scheme == "internet-facing" && !has_gateway {
        return Err(rules::NO_INTERNET_GATEWAY.refuse(&[vpc]));
    }
    Ok(vpc.to_owned())
}

/// Refuses subnets without IPv6 where the address type needs it.
pub(super) fn check_ipv6(
    ec2: &ec2::State,
    ip_address_type: &str,
    subnets: &[String],
) -> Result<(), Refusal> {
    let without =
        |id: &&String| ec2.subnets.get(*id).is_some_and(|subnet| subnet.ipv6_blocks.is_empty());
    match subnets.iter().find(without) {
        Some(id) if ip_address_type != "ipv4" => Err(rules::SUBNET_WITHOUT_IPV6.refuse(&[id])),
        _ => Ok(()),
    }
}

/// Checks the security groups of a load balancer in a VPC. An application load balancer without
/// any gets the VPC's default one.
pub(super) fn check_groups(
    account: &Account,
    call: &Call,
    vpc: &str,
    is_application: bool,
    groups: Vec<String>,
) -> Result<Vec<String>, Refusal> {
    let ec2 = ec2(account, &call.region);
    if groups.is_empty() && is_application {
        let mut all = ec2.security_groups.iter();
        let default = all.find(|(_, group)| group.vpc == vpc && group.is_default());
        return Ok(default.map(|(id, _)| id.clone()).into_iter().collect());
    }
    for id in &groups {
        match ec2.security_groups.get(id) {
            None => return Err(rules::SECURITY_GROUP_NOT_FOUND.refuse(&[id])),
            Some(group) if group.vpc != vpc => {
                return Err(rules::SECURITY_GROUP_VPC.refuse(&[id, vpc]));
            }
            Some(_) => {}
        }
    }
    let limit = state(account, &call.region).limits.security_groups_per_load_balancer;
    super::room(groups.len(), limit + 1, &rules::SECURITY_GROUP_LIMIT)?;
    Ok(groups)
}

/// Puts a load balancer's network interface into a subnet.
pub(super) fn join(
    account: &mut Account,
    call: &Call,
    arn: &str,
    balancer: &LoadBalancer,
    subnet: &str,
) -> Result<(), Refusal> {
    let attachment = account.new_id("ela-attach");
    let digits = account.new_digits();
    let interface_type =
        if balancer.is_application() { "interface" } else { "network_load_balancer" };
    let resource = arn.split_once("loadbalancer/").map_or(arn, |(_, resource)| resource);
    let placement = Placement {
        subnet: subnet.to_owned(),
        description: format!("ELB {resource}"),
        groups: balancer.groups.clone(),
        address: None,
        owner: Some(Owner {
            resource: arn.to_owned(),
            interface_type: interface_type.to_owned(),
            attached_by: "amazon-elb".to_owned(),
            instance: None,
            requester: Some("amazon-elb".to_owned()),
            attachment,
            attached: call.now,
            delete_on_termination: false,
        }),
    };
    let id = place(account, call, placement, BTreeMap::new())?;
    let interfaces = &mut account.region_mut(&call.region).ec2.network_interfaces;
    if let Some(interface) = interfaces.get_mut(&id) {
        interface.groups.clone_from(&balancer.groups);
        if balancer.ip_address_type == "ipv4" {
            interface.ipv6_addresses.clear();
        }
        if balancer.is_public() {
            let number = u32::from_str_radix(&digits[..4], 16).unwrap_or_default();
            let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(52, 16, 0, 0)) + number);
            interface.public = Some(PublicAddress { ip, allocation: None });
        }
    }
    Ok(())
}

/// Lets a load balancer's interfaces vanish at the given time: those in one subnet, or all.
pub(super) fn leave(
    account: &mut Account,
    region: &str,
    arn: &str,
    subnet: Option<&str>,
    at: Time,
) {
    let interfaces = &mut account.region_mut(region).ec2.network_interfaces;
    for interface in interfaces.values_mut().filter(|interface| is_of(interface, arn)) {
        if subnet.is_none_or(|subnet| interface.subnet == subnet) {
            interface.gone = Some(at);
        }
    }
}

/// Gives a load balancer's interfaces its security groups.
pub(super) fn regroup(account: &mut Account, region: &str, arn: &str, groups: &[String]) {
    let interfaces = &mut account.region_mut(region).ec2.network_interfaces;
    for interface in interfaces.values_mut().filter(|interface| is_of(interface, arn)) {
        interface.groups = groups.to_vec();
    }
}

fn is_of(interface: &NetworkInterface, arn: &str) -> bool {
    interface.owner.as_ref().is_some_and(|owner| owner.resource == arn)
}

/// Returns the interface that a target's traffic comes to: by address in the VPC, or an instance's
/// first.
pub(super) fn interface_of<'a>(
    ec2: &'a ec2::State,
    vpc: &str,
    target: &str,
) -> Option<&'a NetworkInterface> {
    let mut all = ec2.network_interfaces.values().filter(|interface| interface.vpc == vpc);
    match target.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            all.find(|interface| interface.address == address && interface.in_use())
        }
        Ok(IpAddr::V6(address)) => {
            all.find(|interface| interface.ipv6_addresses.contains(&address))
        }
        Err(_) => all
            .filter(|interface| {
                let owner = interface.owner.as_ref();
                owner.and_then(|owner| owner.instance.as_deref()) == Some(target)
            })
            .min_by_key(|interface| interface.owner.as_ref().map(|owner| owner.attached)),
    }
}

/// Tells whether security groups let a load balancer reach a port of a target.
pub(super) fn admits(ec2: &ec2::State, arn: &str, target: &NetworkInterface, port: u16) -> bool {
    let mut own = ec2.network_interfaces.values().filter(|interface| is_of(interface, arn));
    own.any(|balancer| {
        let out = balancer.groups.is_empty() || passes(ec2, balancer, true, target, port);
        out && passes(ec2, target, false, balancer, port)
    })
}

/// Tells whether an interface's security groups let TCP pass between it and a peer.
fn passes(
    ec2: &ec2::State,
    interface: &NetworkInterface,
    egress: bool,
    peer: &NetworkInterface,
    port: u16,
) -> bool {
    let groups = interface.groups.iter().filter_map(|id| ec2.security_groups.get(id));
    let mut rules = groups.flat_map(|group| &group.rules).filter(|rule| rule.egress == egress);
    rules.any(|rule| covers(rule, port) && matches_peer(&rule.peer, peer))
}

fn covers(rule: &GroupRule, port: u16) -> bool {
    let traffic = &rule.traffic;
    let ports = traffic.from == -1 || (traffic.from..=traffic.to).contains(&i64::from(port));
    traffic.protocol == "-1" || traffic.protocol == "tcp" && ports
}

fn matches_peer(rule: &Peer, peer: &NetworkInterface) -> bool {
    match rule {
        Peer::V4(block) => block.contains(&peer.address),
        Peer::V6(block) => peer.ipv6_addresses.iter().any(|address| block.contains(address)),
        Peer::Group(group) => peer.groups.contains(group),
        Peer::PrefixList(_) => false,
    }
}
