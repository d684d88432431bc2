//! Reading target groups: a list without tags and attributes.

use super::tags;
use super::target_group::{Matcher, TargetGroup, TargetGroupAttributes, TargetGroupOut};
use crate::aws::{Cx, Error, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_elasticloadbalancingv2::types::{
    ProtocolEnum, TargetGroup as Found, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;

/// Reads the target groups in question; the index of tags is evidence for those of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<TargetGroup>>> {
    let (workspaces, names) = match want {
        Want::Ids(ids) => return by_arn(cx, ids).await,
        Want::Owned { workspaces, names } => (workspaces, names),
    };
    let cell = cx.tag_index().await?;
    let index = cell.get();
    let ours: BTreeSet<&String> = tags::indexed(cx, index, "targetgroup/")
        .filter(|(_, tags)| cx.scope.owns(tags, workspaces))
        .map(|(arn, _)| arn)
        .collect();
    if ours.is_empty() && names.is_empty() {
        return Ok(Vec::new());
    }
    let pages = cx.elbv2().describe_target_groups().page_size(400).into_paginator();
    let all = pages.items().send().collect::<std::result::Result<Vec<Found>, _>>().await?;
    // One whose name was made from a start that is asked for may be too new for the index.
    let concerns = |found: &Found| {
        let name = found.target_group_name().unwrap_or_default();
        found.target_group_arn.as_ref().is_some_and(|arn| ours.contains(arn))
            || names.iter().any(|asked| name.starts_with(asked.as_str()))
    };
    let found: Vec<Found> = all.into_iter().filter(concerns).collect();
    let arns = found.iter().filter_map(|it| it.target_group_arn.as_ref());
    let tags = tags::of(cx, arns, index).await?;
    let found = found.into_iter().filter_map(|it| {
        let tags = tags.get(it.target_group_arn.as_ref()?)?.clone();
        let asked = it.target_group_name.as_ref().is_some_and(|name| names.contains(name));
        (asked || cx.scope.owns(&tags, workspaces)).then_some((it, tags))
    });
    whole(cx, found.collect()).await
}

async fn by_arn(cx: &Cx, arns: &[String]) -> Result<Vec<Live<TargetGroup>>> {
    let found: Vec<Option<Found>> = stream::iter(arns.iter().cloned())
        .map(|arn| async move { one(cx, &arn).await })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let found: Vec<Found> = found.into_iter().flatten().collect();
    let arns = found.iter().filter_map(|it| it.target_group_arn.as_ref());
    let tags = tags::of(cx, arns, None).await?;
    let found = found.into_iter().filter_map(|it| {
        let tags = tags.get(it.target_group_arn.as_ref()?)?.clone();
        Some((it, tags))
    });
    whole(cx, found.collect()).await
}

async fn one(cx: &Cx, arn: &str) -> Result<Option<Found>> {
    let call = cx.elbv2().describe_target_groups().target_group_arns(arn);
    let found = unless_missing(call.send().await)?.and_then(|answer| answer.target_groups);
    Ok(found.and_then(|found| found.into_iter().next()))
}

/// Reads the attributes of target groups; one that is gone meanwhile is left out.
async fn whole(cx: &Cx, found: Vec<(Found, Tags)>) -> Result<Vec<Live<TargetGroup>>> {
    stream::iter(found)
        .map(|(found, tags)| async move {
            let arn = found.target_group_arn.clone().unwrap_or_default();
            let call = cx.elbv2().describe_target_group_attributes().target_group_arn(&arn);
            Ok::<_, Error>(unless_missing(call.send().await)?.map(|answer| {
                let attributes = answer.attributes.unwrap_or_default();
                live(found, tags, TargetGroupAttributes::of_sdk(attributes))
            }))
        })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
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
