//! Reading load balancers: a list without tags and attributes, and what outlives a deletion.

use super::load_balancer::{LoadBalancer, LoadBalancerAttributes, LoadBalancerOut};
use super::read;
use crate::aws::tags::filter;
use crate::aws::{Cx, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use aws_sdk_ec2::types::NetworkInterface;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancer as Found, LoadBalancerSchemeEnum, LoadBalancerStateEnum,
    LoadBalancerTypeEnum,
};
use std::collections::BTreeSet;

/// Reads the load balancers in question; the index of tags is evidence for those of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<LoadBalancer>>> {
    match want {
        Want::Ids(ids) => {
            let found = read::by_arn(cx, ids, |arn| one(cx, arn)).await?;
            let mut all = whole(cx, found).await?;
            let there: BTreeSet<String> = all.iter().map(|live| live.id.clone()).collect();
            for arn in ids.iter().filter(|arn| !there.contains(*arn)) {
                all.extend(lingering(cx, arn).await?);
            }
            Ok(all)
        }
        Want::Owned { workspaces, names } => {
            whole(cx, read::owned(cx, (workspaces, names), all(cx)).await?).await
        }
    }
}

async fn all(cx: &Cx) -> Result<Vec<Found>> {
    let pages = cx.elbv2().describe_load_balancers().page_size(400).into_paginator();
    Ok(pages.items().send().collect::<std::result::Result<Vec<Found>, _>>().await?)
}

async fn one(cx: &Cx, arn: String) -> Result<Option<Vec<Found>>> {
    let call = cx.elbv2().describe_load_balancers().load_balancer_arns(arn);
    Ok(unless_missing(call.send().await)?.and_then(|answer| answer.load_balancers))
}

/// Reads the attributes of load balancers; one that is gone meanwhile is left out.
async fn whole(cx: &Cx, found: Vec<(Found, Tags)>) -> Result<Vec<Live<LoadBalancer>>> {
    let all = read::each(found, |(found, tags)| async move {
        let arn = found.load_balancer_arn.clone().unwrap_or_default();
        let call = cx.elbv2().describe_load_balancer_attributes().load_balancer_arn(&arn);
        Ok(unless_missing(call.send().await)?.map(|answer| {
            let attributes = answer.attributes.unwrap_or_default();
            live(found, tags, LoadBalancerAttributes::of_sdk(attributes))
        }))
    });
    Ok(all.await?.into_iter().flatten().collect())
}

fn live(found: Found, tags: Tags, attributes: LoadBalancerAttributes) -> Live<LoadBalancer> {
    let id = found.load_balancer_arn.unwrap_or_default();
    let state = found.state.unwrap_or_else(|| {
        aws_sdk_elasticloadbalancingv2::types::LoadBalancerState::builder().build()
    });
    let status = match state.code {
        Some(LoadBalancerStateEnum::Provisioning) => Status::Pending("provisioning".into()),
        Some(LoadBalancerStateEnum::Failed) => {
            Status::Failed(state.reason.unwrap_or_else(|| "failed".to_owned()))
        }
        // One that lacks addresses to grow still works.
        _ => Status::Ready,
    };
    let zones = found.availability_zones.unwrap_or_default();
    let groups = found.security_groups.unwrap_or_default();
    let spec = LoadBalancer {
        name: found.load_balancer_name,
        name_prefix: None,
        kind: Some(Sdk(found.r#type.unwrap_or(LoadBalancerTypeEnum::Application))),
        scheme: Some(Sdk(found.scheme.unwrap_or(LoadBalancerSchemeEnum::InternetFacing))),
        subnets: zones.into_iter().filter_map(|zone| zone.subnet_id).map(Id::new).collect(),
        security_groups: Some(groups.into_iter().map(Id::new).collect()),
        ip_address_type: Some(Sdk(found.ip_address_type.unwrap_or(IpAddressType::Ipv4))),
        load_balancer_attributes: Some(attributes),
    };
    let out = LoadBalancerOut {
        arn: id.clone(),
        dns_name: found.dns_name.unwrap_or_default(),
        canonical_hosted_zone_id: found.canonical_hosted_zone_id.unwrap_or_default(),
        vpc_id: found.vpc_id.unwrap_or_default(),
        load_balancer_full_name: full_name(&id).to_owned(),
        id: id.clone(),
    };
    Live { id, tags, status, spec, out }
}

/// What follows `loadbalancer/` in an ARN.
pub(super) fn full_name(arn: &str) -> &str {
    arn.split_once(":loadbalancer/").map_or(arn, |(_, name)| name)
}

/// How the interfaces of a load balancer are described (aws-semantics.md 8).
pub(super) fn interface_description(full_name: &str) -> String {
    format!("ELB {full_name}")
}

/// A load balancer that is deleted, while its network interfaces are still there: they hold its
/// subnets, its groups and the internet gateway.
async fn lingering(cx: &Cx, arn: &str) -> Result<Option<Live<LoadBalancer>>> {
    let description = interface_description(full_name(arn));
    let call = cx.ec2().describe_network_interfaces();
    let call = call.filters(filter("description", [description]));
    let found: Vec<NetworkInterface> = call.send().await?.network_interfaces.unwrap_or_default();
    if found.is_empty() {
        return Ok(None);
    }
    let groups = found.iter().flat_map(NetworkInterface::groups);
    let spec = LoadBalancer {
        name: full_name(arn).split('/').nth(1).map(str::to_owned),
        name_prefix: None,
        kind: None,
        scheme: None,
        subnets: found.iter().filter_map(|it| it.subnet_id.clone()).map(Id::new).collect(),
        security_groups: Some(
            groups.filter_map(|group| group.group_id.clone()).map(Id::new).collect(),
        ),
        ip_address_type: None,
        load_balancer_attributes: None,
    };
    let vpc = found.first().and_then(|it| it.vpc_id.clone());
    let out = LoadBalancerOut {
        id: arn.to_owned(),
        arn: arn.to_owned(),
        vpc_id: vpc.unwrap_or_default(),
        load_balancer_full_name: full_name(arn).to_owned(),
        ..LoadBalancerOut::default()
    };
    let count = found.len();
    let status = Status::Deleting(format!("{count} of its network interfaces are still there"));
    Ok(Some(Live { id: arn.to_owned(), tags: Tags::new(), status, spec, out }))
}
