//! DescribeNetworkInterfaces: what is shown of an interface, and by what it is filtered.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::super::describe::{Listing, flag, optional};
use super::super::{View, ids, tags, zones};
use super::NetworkInterface;
use crate::services::{Answer, Call, Input};
use crate::state::Account;

static LISTING: Listing<NetworkInterface> = Listing {
    kind: &ids::NETWORK_INTERFACE,
    ids: "NetworkInterfaceIds",
    answer: "NetworkInterfaces",
    page: 1000,
    filters: &[
        "addresses.association.owner-id",
        "addresses.association.public-ip",
        "addresses.primary",
        "addresses.private-ip-address",
        "association.allocation-id",
        "association.association-id",
        "association.ip-owner-id",
        "association.public-dns-name",
        "association.public-ip",
        "attachment.attach-time",
        "attachment.attachment-id",
        "attachment.delete-on-termination",
        "attachment.device-index",
        "attachment.instance-id",
        "attachment.instance-owner-id",
        "attachment.status",
        "availability-zone",
        "availability-zone-id",
        "description",
        "group-id",
        "group-name",
        "interface-type",
        "ipv6-addresses.ipv6-address",
        "mac-address",
        "network-interface-id",
        "owner-id",
        "private-dns-name",
        "private-ip-address",
        "requester-id",
        "requester-managed",
        "source-dest-check",
        "status",
        "subnet-id",
        "tag-key",
        "vpc-id",
    ],
    field,
    show,
};

/// DescribeNetworkInterfaces.
pub(in super::super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.network_interfaces)
}

fn status(call: &Call, interface: &NetworkInterface) -> &'static str {
    match interface.owner {
        _ if call.now < interface.ready => "pending",
        Some(_) => "in-use",
        None => "available",
    }
}

fn interface_type(interface: &NetworkInterface) -> &str {
    interface.owner.as_ref().map_or("interface", |owner| &owner.interface_type)
}

/// Makes the hardware address of an interface from its id.
fn mac(id: &str) -> String {
    let digits = &id[id.len() - 10..];
    let pairs: Vec<&str> = (0..5).map(|at| &digits[at * 2..at * 2 + 2]).collect();
    format!("0a:{}", pairs.join(":"))
}

fn private_name(call: &Call, address: Ipv4Addr) -> String {
    let dashed = address.to_string().replace('.', "-");
    if call.region == "us-east-1" {
        format!("ip-{dashed}.ec2.internal")
    } else {
        format!("ip-{dashed}.{}.compute.internal", call.region)
    }
}

fn public_name(call: &Call, address: Ipv4Addr) -> String {
    let dashed = address.to_string().replace('.', "-");
    if call.region == "us-east-1" {
        format!("ec2-{dashed}.compute-1.amazonaws.com")
    } else {
        format!("ec2-{dashed}.{}.compute.amazonaws.com", call.region)
    }
}

fn field(view: View<'_>, id: &str, interface: &NetworkInterface, name: &str) -> Vec<String> {
    let public = interface.public.as_ref();
    let allocation = public.and_then(|public| public.allocation.as_ref());
    let owner = interface.owner.as_ref();
    let account = &view.call.account_id;
    match name {
        "addresses.association.owner-id" | "association.ip-owner-id" => {
            optional(public.map(|_| account))
        }
        "addresses.association.public-ip" | "association.public-ip" => {
            optional(public.map(|public| public.ip))
        }
        "addresses.primary" => flag(true),
        "addresses.private-ip-address" | "private-ip-address" => {
            vec![interface.address.to_string()]
        }
        "association.allocation-id" => optional(allocation.map(|it| &it.id)),
        "association.association-id" => optional(allocation.map(|it| &it.association)),
        "association.public-dns-name" => {
            optional(public.map(|public| public_name(view.call, public.ip)))
        }
        "attachment.attach-time" => optional(owner.map(|owner| owner.attached)),
        "attachment.attachment-id" => optional(owner.map(|owner| &owner.attachment)),
        "attachment.delete-on-termination" => {
            optional(owner.map(|owner| owner.delete_on_termination))
        }
        "attachment.device-index" => optional(owner.map(|_| 0)),
        "attachment.instance-id" => optional(owner.and_then(|owner| owner.instance.as_ref())),
        "attachment.instance-owner-id" => optional(owner.map(|owner| &owner.attached_by)),
        "attachment.status" => optional(owner.map(|_| "attached")),
        "availability-zone" => vec![interface.zone.clone()],
        "availability-zone-id" => vec![zones::id_of(&interface.zone)],
        "description" => vec![interface.description.clone()],
        "group-id" => interface.groups.clone(),
        "group-name" => {
            let groups = interface.groups.iter();
            let known = groups.filter_map(|id| view.state.security_groups.get(id));
            known.map(|group| group.name.clone()).collect()
        }
        "interface-type" => vec![interface_type(interface).to_owned()],
        "ipv6-addresses.ipv6-address" => {
            interface.ipv6_addresses.iter().map(Ipv6Addr::to_string).collect()
        }
        "mac-address" => vec![mac(id)],
        "owner-id" => vec![account.clone()],
        "private-dns-name" => vec![private_name(view.call, interface.address)],
        "requester-id" => optional(owner.and_then(|owner| owner.requester.as_ref())),
        "requester-managed" => flag(owner.is_some_and(|owner| owner.requester.is_some())),
        "source-dest-check" => flag(interface.source_dest_check),
        "status" => vec![status(view.call, interface).to_owned()],
        "subnet-id" => vec![interface.subnet.clone()],
        "vpc-id" => vec![interface.vpc.clone()],
        _ => vec![id.to_owned()],
    }
}

pub(super) fn show(view: View<'_>, id: &str, interface: &NetworkInterface) -> Value {
    let call = view.call;
    let groups: Vec<Value> = interface
        .groups
        .iter()
        .map(|id| {
            let name = view.state.security_groups.get(id).map(|group| &group.name);
            json!({ "GroupId": id, "GroupName": name })
        })
        .collect();
    let association = interface.public.as_ref().map(|public| {
        let allocation = public.allocation.as_ref();
        json!({
            "PublicIp": public.ip,
            "PublicDnsName": public_name(call, public.ip),
            "IpOwnerId": if allocation.is_some() { &call.account_id } else { "amazon" },
            "AllocationId": allocation.map(|it| &it.id),
            "AssociationId": allocation.map(|it| &it.association),
        })
    });
    let attachment = interface.owner.as_ref().map(|owner| {
        json!({
            "AttachmentId": owner.attachment,
            "AttachTime": owner.attached.to_string(),
            "DeleteOnTermination": owner.delete_on_termination,
            "DeviceIndex": 0,
            "NetworkCardIndex": 0,
            "InstanceId": owner.instance,
            "InstanceOwnerId": owner.attached_by,
            "Status": "attached",
        })
    });
    let ipv6: Vec<Value> =
        interface.ipv6_addresses.iter().map(|it| json!({ "Ipv6Address": it })).collect();
    let name = private_name(call, interface.address);
    let requester = interface.owner.as_ref().and_then(|owner| owner.requester.as_ref());
    json!({
        "NetworkInterfaceId": id,
        "OwnerId": call.account_id,
        "SubnetId": interface.subnet,
        "VpcId": interface.vpc,
        "AvailabilityZone": interface.zone,
        "AvailabilityZoneId": zones::id_of(&interface.zone),
        "Description": interface.description,
        "Groups": groups,
        "InterfaceType": interface_type(interface),
        "Ipv6Addresses": ipv6,
        "MacAddress": mac(id),
        "PrivateDnsName": name,
        "PrivateIpAddress": interface.address,
        "PrivateIpAddresses": [{
            "Primary": true,
            "PrivateDnsName": name,
            "PrivateIpAddress": interface.address,
            "Association": association,
        }],
        "Association": association,
        "Attachment": attachment,
        "RequesterId": requester,
        "RequesterManaged": requester.is_some(),
        "SourceDestCheck": interface.source_dest_check,
        "Status": status(call, interface),
        "TagSet": tags::show(view, id),
    })
}
