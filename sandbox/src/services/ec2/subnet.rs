//! Subnets.

use std::time::Duration;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Listing, flag};
use super::vpc::{one_attribute, status};
use super::vpc_cidr::{Ipv6Association, ipv6_field};
use super::{
    State, View, cidr, dependents, ids, limits, network_acl, route_association, rules, state_mut,
    tags, zones,
};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// How long a new subnet is `pending`.
const PENDING: Duration = Duration::from_secs(3);

/// A subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subnet {
    pub(crate) vpc: String,
    pub(crate) block: Ipv4Net,
    pub(crate) ipv6_blocks: Vec<Ipv6Association>,
    /// The zone's name, such as `eu-west-1a`.
    pub(crate) zone: String,
    pub(crate) map_public_ip: bool,
    pub(crate) assign_ipv6: bool,
    pub(crate) dns64: bool,
    pub(crate) hostname_type: String,
    pub(crate) a_record: bool,
    pub(crate) aaaa_record: bool,
    /// When it becomes `available`.
    pub(crate) ready: Time,
}

/// CreateSubnet.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::SUBNET)?;
    let vpc_id = input.text("VpcId").unwrap_or_default().to_owned();
    let text = input.text("CidrBlock").ok_or_else(|| rules::SUBNET_WITHOUT_BLOCK.refuse(&[]))?;
    let zone = zone_of(call, input)?;
    let state = &View::new(account, call).state;
    ids::VPC.check(state, &vpc_id)?;
    let vpc = &state.vpcs[&vpc_id];
    let block = cidr::sized_v4(text, &rules::SUBNET_RANGE)?;
    if !vpc.holds_v4(block) {
        return Err(rules::SUBNET_RANGE.refuse(&[text]));
    }
    let siblings = || state.subnets.values().filter(|subnet| subnet.vpc == vpc_id);
    if siblings().any(|subnet| cidr::overlap_v4(subnet.block, block)) {
        return Err(rules::SUBNET_CONFLICT.refuse(&[text]));
    }
    let ipv6 = match input.text("Ipv6CidrBlock") {
        Some(text) => Some(ipv6_block(state, &vpc_id, text)?),
        None => None,
    };
    limits::room(siblings().count(), state.limits.subnets_per_vpc, &rules::SUBNET_LIMIT)?;

    let id = account.new_id("subnet");
    let ipv6_blocks = ipv6
        .map(|block| Ipv6Association::new(account, call, "subnet", block))
        .into_iter()
        .collect();
    let subnet = Subnet {
        vpc: vpc_id.clone(),
        block,
        ipv6_blocks,
        zone,
        map_public_ip: false,
        assign_ipv6: false,
        dns64: false,
        hostname_type: "ip-name".to_owned(),
        a_record: false,
        aaaa_record: false,
        ready: call.after(PENDING),
    };
    let state = state_mut(account, call);
    state.subnets.insert(id.clone(), subnet);
    tags::keep(state, &id, tags)?;
    network_acl::join(account, call, &vpc_id, &id);
    let view = View::new(account, call);
    Ok(json!({ "Subnet": show(view, &id, &view.state.subnets[&id]) }))
}

/// Returns the zone a new subnet goes to: the one asked for, else the region's first.
fn zone_of(call: &Call, input: &Input) -> Result<String, Refusal> {
    let zones = zones::of_region(&call.region);
    let found = match (input.text("AvailabilityZone"), input.text("AvailabilityZoneId")) {
        (Some(_), Some(_)) => return Err(rules::ZONE_TWICE.refuse(&[])),
        (Some(name), None) => (zones.iter().find(|zone| zone.name == name), name),
        (None, Some(id)) => (zones.iter().find(|zone| zone.id == id), id),
        (None, None) => (zones.first(), "null"),
    };
    match found {
        (Some(zone), _) => Ok(zone.name.clone()),
        (None, asked) => {
            let names: Vec<&str> = zones.iter().map(|zone| zone.name.as_str()).collect();
            Err(rules::SUBNET_ZONE.refuse(&[asked, &names.join(", ")]))
        }
    }
}

/// Reads a subnet's IPv6 block: /44 to /64 in steps of four, inside the VPC's, apart from others'.
fn ipv6_block(state: &State, vpc_id: &str, text: &str) -> Result<Ipv6Net, Refusal> {
    let block = cidr::v6(text).ok_or_else(|| rules::NOT_A_CIDR.refuse(&[text, "ipv6CidrBlock"]))?;
    let length = block.prefix_len();
    let sized = (44..=64).contains(&length) && length.is_multiple_of(4);
    if !sized || !state.vpcs.get(vpc_id).is_some_and(|vpc| vpc.holds_v6(&block)) {
        return Err(rules::SUBNET_RANGE.refuse(&[text]));
    }
    let siblings = state.subnets.values().filter(|subnet| subnet.vpc == vpc_id);
    if siblings
        .flat_map(|subnet| &subnet.ipv6_blocks)
        .any(|own| cidr::overlap_v6(&own.block, &block))
    {
        return Err(rules::SUBNET_CONFLICT.refuse(&[text]));
    }
    Ok(block)
}

/// Returns the subnet the input names.
fn known<'a>(state: &State, input: &'a Input) -> Result<&'a str, Refusal> {
    let id = input.text("SubnetId").unwrap_or_default();
    ids::SUBNET.check(state, id)?;
    Ok(id)
}

/// DeleteSubnet: any network interface in it refuses; its associations go with it.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = known(state, input)?;
    if dependents::of_subnet(state, id).is_some() {
        return Err(rules::SUBNET_IN_USE.refuse(&[id]));
    }
    state.subnets.remove(id);
    state.tags.remove(id);
    route_association::drop_subnet(state, id);
    for acl in state.network_acls.values_mut() {
        acl.associations.remove(id);
    }
    Ok(json!({}))
}

/// ModifySubnetAttribute: one attribute in one call.
pub(super) fn modify_attribute(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = known(state, input)?;
    let (name, value) = one_attribute(input, "SubnetId")?;
    let on = value.as_object().and_then(|value| value.flag("Value")).unwrap_or(false);
    let Some(subnet) = state.subnets.get_mut(id) else {
        return Err(rules::SUBNET_NOT_FOUND.refuse(&[id]));
    };
    match name {
        "MapPublicIpOnLaunch" => subnet.map_public_ip = on,
        "AssignIpv6AddressOnCreation" => {
            if on && subnet.ipv6_blocks.is_empty() {
                return Err(rules::SUBNET_WITHOUT_IPV6.refuse(&[id]));
            }
            subnet.assign_ipv6 = on;
        }
        "EnableDns64" => subnet.dns64 = on,
        "EnableResourceNameDnsARecordOnLaunch" => subnet.a_record = on,
        "EnableResourceNameDnsAAAARecordOnLaunch" => subnet.aaaa_record = on,
        _ => value.as_str().unwrap_or("ip-name").clone_into(&mut subnet.hostname_type),
    }
    Ok(json!({}))
}

/// AssociateSubnetCidrBlock.
pub(super) fn associate_cidr_block(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = View::new(account, call).state;
    let id = known(state, input)?;
    let text =
        input.text("Ipv6CidrBlock").ok_or_else(|| rules::SUBNET_WITHOUT_BLOCK.refuse(&[]))?;
    let subnet = &state.subnets[id];
    if !subnet.ipv6_blocks.is_empty() {
        return Err(rules::SUBNET_SECOND_IPV6.refuse(&[]));
    }
    let block = ipv6_block(state, &subnet.vpc, text)?;
    let association = Ipv6Association::new(account, call, "subnet", block);
    let shown = association.show_as("associating");
    if let Some(subnet) = state_mut(account, call).subnets.get_mut(id) {
        subnet.ipv6_blocks.push(association);
    }
    Ok(json!({ "SubnetId": id, "Ipv6CidrBlockAssociation": shown }))
}

/// DisassociateSubnetCidrBlock.
pub(super) fn disassociate_cidr_block(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("AssociationId").unwrap_or_default();
    let state = state_mut(account, call);
    for (subnet_id, subnet) in &mut state.subnets {
        let Some(at) = subnet.ipv6_blocks.iter().position(|own| own.id == id) else { continue };
        let block = subnet.ipv6_blocks[at].block;
        let mut addresses = state.network_interfaces.values().flat_map(|it| &it.ipv6_addresses);
        if addresses.any(|address| block.contains(address)) {
            return Err(rules::SUBNET_BLOCK_IN_USE.refuse(&[id]));
        }
        let shown = subnet.ipv6_blocks.remove(at).show_as("disassociating");
        subnet.assign_ipv6 = false;
        return Ok(json!({ "SubnetId": subnet_id, "Ipv6CidrBlockAssociation": shown }));
    }
    Err(rules::SUBNET_BLOCK_NOT_FOUND.refuse(&[id]))
}

/// Counts the IPv4 addresses a subnet has left: AWS keeps five of each.
pub(crate) fn free_addresses(state: &State, id: &str) -> u64 {
    let Some(subnet) = state.subnets.get(id) else { return 0 };
    let all = (1_u64 << (32 - subnet.block.prefix_len())) - 5;
    let used = state.network_interfaces.values().filter(|it| it.subnet == id).count();
    all.saturating_sub(used as u64)
}

static LISTING: Listing<Subnet> = Listing {
    kind: &ids::SUBNET,
    ids: "SubnetIds",
    answer: "Subnets",
    page: 1000,
    filters: &[
        "availability-zone",
        "availability-zone-id",
        "availabilityZone",
        "availabilityZoneId",
        "available-ip-address-count",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "default-for-az",
        "defaultForAz",
        "enable-dns64",
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.state",
        "ipv6-native",
        "map-public-ip-on-launch",
        "owner-id",
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
        "private-dns-name-options-on-launch.hostname-type",
        "state",
        "subnet-arn",
        "subnet-id",
        "tag-key",
        "vpc-id",
    ],
    field,
    show,
};

/// DescribeSubnets.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.subnets)
}

fn field(view: View<'_>, id: &str, subnet: &Subnet, name: &str) -> Vec<String> {
    match name {
        "availability-zone" | "availabilityZone" => vec![subnet.zone.clone()],
        "availability-zone-id" | "availabilityZoneId" => vec![zones::id_of(&subnet.zone)],
        "available-ip-address-count" => vec![free_addresses(view.state, id).to_string()],
        "cidr" | "cidr-block" | "cidrBlock" => vec![subnet.block.to_string()],
        "default-for-az" | "defaultForAz" | "ipv6-native" => flag(false),
        "enable-dns64" => flag(subnet.dns64),
        _ if name.starts_with("ipv6-cidr-block-association.") => {
            ipv6_field(&subnet.ipv6_blocks, view.call, name)
        }
        "map-public-ip-on-launch" => flag(subnet.map_public_ip),
        "owner-id" => vec![view.call.account_id.clone()],
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record" => {
            flag(subnet.a_record)
        }
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record" => {
            flag(subnet.aaaa_record)
        }
        "private-dns-name-options-on-launch.hostname-type" => vec![subnet.hostname_type.clone()],
        "state" => vec![status(view.call, subnet.ready).to_owned()],
        "subnet-arn" => vec![view.call.arn("ec2", &format!("subnet/{id}"))],
        "vpc-id" => vec![subnet.vpc.clone()],
        _ => vec![id.to_owned()],
    }
}

fn show(view: View<'_>, id: &str, subnet: &Subnet) -> Value {
    let ipv6: Vec<Value> = subnet.ipv6_blocks.iter().map(|own| own.show(view.call)).collect();
    json!({
        "SubnetId": id,
        "SubnetArn": view.call.arn("ec2", &format!("subnet/{id}")),
        "OwnerId": view.call.account_id,
        "VpcId": subnet.vpc,
        "State": status(view.call, subnet.ready),
        "CidrBlock": subnet.block,
        "Ipv6CidrBlockAssociationSet": ipv6,
        "Ipv6Native": false,
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": zones::id_of(&subnet.zone),
        "AvailableIpAddressCount": free_addresses(view.state, id),
        "DefaultForAz": false,
        "MapPublicIpOnLaunch": subnet.map_public_ip,
        "MapCustomerOwnedIpOnLaunch": false,
        "AssignIpv6AddressOnCreation": subnet.assign_ipv6,
        "EnableDns64": subnet.dns64,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": subnet.hostname_type,
            "EnableResourceNameDnsARecord": subnet.a_record,
            "EnableResourceNameDnsAAAARecord": subnet.aaaa_record,
        },
        "BlockPublicAccessStates": { "InternetGatewayBlockMode": "off" },
        "Tags": tags::show(view, id),
    })
}
