//! DescribeInstances: what is shown of an instance, and by what it is filtered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::describe::{Filters, Page, optional};
use super::super::{View, ids, image, rules, tags, zones};
use super::Instance;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

const FILTERS: &[&str] = &[
    "architecture",
    "availability-zone",
    "availability-zone-id",
    "iam-instance-profile.arn",
    "image-id",
    "instance-id",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "instance.group-id",
    "instance.group-name",
    "ip-address",
    "network-interface.group-id",
    "network-interface.network-interface-id",
    "network-interface.subnet-id",
    "network-interface.vpc-id",
    "owner-id",
    "private-ip-address",
    "reservation-id",
    "subnet-id",
    "tag-key",
    "vpc-id",
];

/// DescribeInstances: its pages are of instances, shown by their reservations.
pub(in super::super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let wanted = input.texts("InstanceIds");
    for id in &wanted {
        ids::INSTANCE.check(view.state, id)?;
    }
    let page = Page::of(view, input, 1000)?;
    if !wanted.is_empty() && input.contains_key("MaxResults") {
        return Err(rules::IDS_WITH_PAGES.refuse(&["instanceIds"]));
    }
    let filters = Filters::read(view, input, FILTERS)?;
    let found = view.state.instances.iter().filter(|(id, instance)| {
        (wanted.is_empty() || wanted.contains(&id.as_str()))
            && filters.accept(view, id, |name| field(view, id, instance, name))
    });
    let (found, next) = page.cut(found.map(|(id, instance)| (id.clone(), instance)));
    let mut reservations: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (id, instance) in &found {
        let shown = show(view, id, instance);
        reservations.entry(&instance.reservation).or_default().push(shown);
    }
    let shown: Vec<Value> =
        reservations.into_iter().map(|(id, instances)| of(call, id, &instances)).collect();
    Ok(json!({ "Reservations": shown, "NextToken": next }))
}

/// Shows one reservation with its instances.
pub(super) fn reservation(view: View<'_>, id: &str) -> Value {
    let members = view.state.instances.iter().filter(|(_, it)| it.reservation == id);
    let shown: Vec<Value> = members.map(|(id, instance)| show(view, id, instance)).collect();
    of(view.call, id, &shown)
}

fn of(call: &Call, id: &str, instances: &[Value]) -> Value {
    json!({
        "ReservationId": id,
        "OwnerId": call.account_id,
        "Groups": [],
        "Instances": instances,
    })
}

/// Shows a state with its code.
pub(super) fn state_of(name: &str) -> Value {
    json!({ "Name": name, "Code": code(name) })
}

fn code(name: &str) -> u16 {
    match name {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        _ => 48,
    }
}

fn field(view: View<'_>, id: &str, instance: &Instance, name: &str) -> Vec<String> {
    let state = instance.state(view.call.now);
    let held = view.state.network_interfaces.contains_key(&instance.interface);
    let value = match name {
        "architecture" => &instance.architecture,
        "availability-zone" => &instance.zone,
        "availability-zone-id" => return vec![zones::id_of(&instance.zone)],
        "iam-instance-profile.arn" => return optional(instance.profile.as_ref()),
        "image-id" => &instance.image,
        "instance-state-code" => return vec![code(state).to_string()],
        "instance-state-name" => state,
        "instance-type" => &instance.instance_type,
        "instance.group-id" | "network-interface.group-id" => {
            return if held { instance.security_groups.clone() } else { Vec::new() };
        }
        "instance.group-name" => {
            let groups = instance.security_groups.iter().filter(|_| held);
            let known = groups.filter_map(|id| view.state.security_groups.get(id));
            return known.map(|group| group.name.clone()).collect();
        }
        "ip-address" => return optional(instance.public_ip.filter(|_| held)),
        "owner-id" => &view.call.account_id,
        "private-ip-address" => return optional(Some(instance.private_ip).filter(|_| held)),
        "reservation-id" => &instance.reservation,
        "network-interface.network-interface-id"
        | "network-interface.subnet-id"
        | "network-interface.vpc-id"
        | "subnet-id"
        | "vpc-id"
            if !held =>
        {
            return Vec::new();
        }
        "network-interface.network-interface-id" => &instance.interface,
        "network-interface.subnet-id" | "subnet-id" => &instance.subnet,
        "network-interface.vpc-id" | "vpc-id" => &instance.vpc,
        _ => id,
    };
    vec![value.to_owned()]
}

/// Shows an instance; one that has ended has let go of its place in the network.
fn show(view: View<'_>, id: &str, instance: &Instance) -> Value {
    let call = view.call;
    let state = instance.state(call.now);
    let interface = view.state.network_interfaces.get(&instance.interface);
    let groups: Vec<Value> = interface
        .iter()
        .flat_map(|held| &held.groups)
        .map(|id| {
            let name = view.state.security_groups.get(id).map(|group| &group.name);
            json!({ "GroupId": id, "GroupName": name })
        })
        .collect();
    let interfaces: Vec<Value> = interface
        .iter()
        .map(|held| {
            json!({
                "NetworkInterfaceId": instance.interface,
                "SubnetId": held.subnet,
                "VpcId": held.vpc,
                "Description": held.description,
                "OwnerId": call.account_id,
                "PrivateIpAddress": held.address,
                "SourceDestCheck": held.source_dest_check,
                "Status": "in-use",
                "InterfaceType": "interface",
                "Groups": groups,
                "Attachment": held.owner.as_ref().map(|owner| json!({
                    "AttachmentId": owner.attachment,
                    "AttachTime": owner.attached.to_string(),
                    "DeleteOnTermination": owner.delete_on_termination,
                    "DeviceIndex": 0,
                    "Status": "attached",
                })),
            })
        })
        .collect();
    let ended = instance.shutdown.map(|(asked, _)| asked);
    let mut shown = json!({
        "InstanceId": id,
        "ImageId": instance.image,
        "InstanceType": instance.instance_type,
        "Architecture": instance.architecture,
        "State": state_of(state),
        "LaunchTime": instance.launched.to_string(),
        "Placement": {
            "AvailabilityZone": instance.zone,
            "AvailabilityZoneId": zones::id_of(&instance.zone),
            "Tenancy": "default",
            "GroupName": "",
        },
        "AmiLaunchIndex": 0,
        "SubnetId": interface.map(|held| &held.subnet),
        "VpcId": interface.map(|held| &held.vpc),
        "PrivateIpAddress": interface.map(|held| held.address),
        "PublicIpAddress": interface.and_then(|held| held.public.as_ref()).map(|it| it.ip),
        "SecurityGroups": groups,
        "NetworkInterfaces": interfaces,
        "IamInstanceProfile": instance.profile.as_ref().map(|arn| json!({ "Arn": arn })),
        "Monitoring": { "State": "disabled" },
        "EbsOptimized": false,
        "EnaSupport": true,
        "Hypervisor": "xen",
        "VirtualizationType": "hvm",
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "SourceDestCheck": interface.map(|held| held.source_dest_check),
        "StateTransitionReason": ended.map(|at| format!("{} ({at})", instance.reason)),
        "StateReason": ended.map(|_| json!({
            "Code": format!("Client.{}Shutdown", instance.reason.split(' ').next().unwrap_or("")),
            "Message": format!("Client.{}Shutdown: {}", instance.reason.split(' ').next()
                .unwrap_or(""), instance.reason),
        })),
        "PlatformDetails": image::find(&call.region, &instance.image).map(|_| "Linux/UNIX"),
        "Tags": tags::show(view, id),
    });
    for (member, value) in &instance.settings {
        shown[member.as_str()] = match member.as_str() {
            "Monitoring" => {
                let on = value["Enabled"].as_bool() == Some(true);
                json!({ "State": if on { "enabled" } else { "disabled" } })
            }
            "MetadataOptions" => {
                let mut options = value.clone();
                options["State"] = "applied".into();
                options
            }
            _ => value.clone(),
        };
    }
    shown
}
