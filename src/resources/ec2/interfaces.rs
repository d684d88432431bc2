//! Network interfaces that hold a network object: whose they are and when they leave.

use crate::aws::tags::filter;
use crate::aws::{Cx, Error, Result};
use crate::engine::resource::Blocker;
use aws_sdk_ec2::types::{NetworkInterface, NetworkInterfaceType};

/// Finds the network interfaces by one filter, and says of each what it is.
pub(crate) async fn holding(cx: &Cx, name: &str, value: &str) -> Result<Vec<Blocker>> {
    Ok(find(cx, name, value).await?.iter().map(blocker).collect())
}

/// Finds the network interfaces with a public address: they hold an internet gateway.
pub(crate) async fn holding_public(cx: &Cx, vpc_id: &str) -> Result<Vec<Blocker>> {
    let found = find(cx, "vpc-id", vpc_id).await?;
    Ok(found.iter().filter(|i| i.association.is_some()).map(blocker).collect())
}

async fn find(cx: &Cx, name: &str, value: &str) -> Result<Vec<NetworkInterface>> {
    cx.ec2()
        .describe_network_interfaces()
        .filters(filter(name, [value]))
        .max_results(1000)
        .into_paginator()
        .items()
        .send()
        .collect::<std::result::Result<Vec<_>, _>>()
        .await
        .map_err(Error::from)
}

/// Says what an interface belongs to, from its type, and from the description that the owning
/// service gives it (aws-semantics.md 11: the usual stays).
fn blocker(interface: &NetworkInterface) -> Blocker {
    let id = interface.network_interface_id.as_deref().unwrap_or("?");
    let description = interface.description.as_deref().unwrap_or_default();
    let instance = interface.attachment.as_ref().and_then(|a| a.instance_id.as_deref());
    let kind = interface.interface_type.as_ref();
    let soon = |owner: &str, stay: &str| Some(format!("{owner} takes it away, usually in {stay}"));
    let (owner, leaves) = match kind {
        // AWS says `nat_gateway` where its own list of values has `natGateway`.
        Some(kind) if matches!(kind.as_str(), "nat_gateway" | "natGateway") => {
            (description.into(), soon("the NAT gateway's deletion", "1 to 5 minutes"))
        }
        Some(NetworkInterfaceType::VpcEndpoint) if description.contains("guardduty") => {
            ("a VPC endpoint that GuardDuty made".into(), None)
        }
        Some(NetworkInterfaceType::VpcEndpoint) => {
            (description.into(), soon("the VPC endpoint's deletion", "1 to 5 minutes"))
        }
        Some(NetworkInterfaceType::Lambda) => {
            (description.into(), soon("Lambda", "20 to 45 minutes after the function is gone"))
        }
        _ if description.starts_with("ELB ") => {
            (description.into(), soon("the load balancer's deletion", "up to 35 minutes"))
        }
        _ if description.starts_with("arn:") && description.contains(":ecs:") => (
            format!("task attachment {description}"),
            soon("ECS", "5 to 20 minutes while tasks drain"),
        ),
        _ => match instance {
            Some(instance) => {
                (format!("instance {instance}"), soon("the instance's end", "a minute or two"))
            }
            None => (description.to_owned(), None),
        },
    };
    let of = if owner.is_empty() { String::new() } else { format!(" of {owner}") };
    Blocker { what: format!("network interface {id}{of}"), leaves }
}
