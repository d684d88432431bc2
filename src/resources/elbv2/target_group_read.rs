//! Reading target groups: a list without tags and attributes.

use super::read;
use super::target_group::{Matcher, TargetGroup, TargetGroupAttributes, TargetGroupOut};
use crate::aws::{Cx, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use aws_sdk_elasticloadbalancingv2::types::{
    ProtocolEnum, TargetGroup as Found, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
};

/// Reads the target groups in question; the index of tags is evidence for those of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<TargetGroup>>> {
    match want {
        Want::Ids(ids) => {
            let found = read::by_arn(cx, ids, |arn| one(cx, arn)).await?;
            whole(cx, found).await
        }
        Want::Owned { workspaces, names } => {
            whole(cx, read::owned(cx, (workspaces, names), all(cx)).await?).await
        }
    }
}

async fn all(cx: &Cx) -> Result<Vec<Found>> {
    let pages = cx.elbv2().describe_target_groups().page_size(400).into_paginator();
    Ok(pages.items().send().collect::<std::result::Result<Vec<Found>, _>>().await?)
}

async fn one(cx: &Cx, arn: String) -> Result<Option<Vec<Found>>> {
    let call = cx.elbv2().describe_target_groups().target_group_arns(arn);
    Ok(unless_missing(call.send().await)?.and_then(|answer| answer.target_groups))
}

/// Reads the attributes of target groups; one that is gone meanwhile is left out.
async fn whole(cx: &Cx, found: Vec<(Found, Tags)>) -> Result<Vec<Live<TargetGroup>>> {
    let all = read::each(found, |(found, tags)| async move {
        let arn = found.target_group_arn.clone().unwrap_or_default();
        let call = cx.elbv2().describe_target_group_attributes().target_group_arn(&arn);
        Ok(unless_missing(call.send().await)?.map(|answer| {
            let attributes = answer.attributes.unwrap_or_default();
            live(found, tags, TargetGroupAttributes::of_sdk(attributes))
        }))
    });
    Ok(all.await?.into_iter().flatten().collect())
}

fn live(found: Found, tags: Tags, attributes: TargetGroupAttributes) -> Live<TargetGroup> {
    let id = found.target_group_arn.unwrap_or_default();
    let protocol = found.protocol.unwrap_or(ProtocolEnum::Http);
    let is_http = matches!(protocol, ProtocolEnum::Http | ProtocolEnum::Https);
    let version = found.protocol_version.or_else(|| is_http.then(|| "HTTP1".to_owned()));
    let port = found.port.and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let ip = found.ip_address_type.unwrap_or(TargetGroupIpAddressTypeEnum::Ipv4);
    let spec = TargetGroup {
        name: found.target_group_name,
        name_prefix: None,
        protocol: Sdk(protocol),
        protocol_version: version,
        port,
        vpc_id: Id::new(found.vpc_id.unwrap_or_default()),
        target_type: Some(Sdk(found.target_type.unwrap_or(TargetTypeEnum::Instance))),
        ip_address_type: Some(Sdk(ip)),
        health_check_enabled: found.health_check_enabled,
        health_check_protocol: found.health_check_protocol.map(Sdk),
        health_check_port: found.health_check_port,
        health_check_path: found.health_check_path,
        health_check_interval_seconds: found.health_check_interval_seconds,
        health_check_timeout_seconds: found.health_check_timeout_seconds,
        healthy_threshold_count: found.healthy_threshold_count,
        unhealthy_threshold_count: found.unhealthy_threshold_count,
        matcher: found
            .matcher
            .map(|matcher| Matcher { http_code: matcher.http_code, grpc_code: matcher.grpc_code }),
        target_group_attributes: Some(attributes),
    };
    let full_name = id.split_once(":targetgroup/").map(|(_, name)| format!("targetgroup/{name}"));
    let out = TargetGroupOut {
        arn: id.clone(),
        target_group_full_name: full_name.unwrap_or_default(),
        load_balancer_arns: found.load_balancer_arns.unwrap_or_default(),
        id: id.clone(),
    };
    Live { id, tags, status: Status::Ready, spec, out }
}
