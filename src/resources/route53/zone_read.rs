//! Reading zones: their list tells neither tags nor name servers.

use super::name::DnsName;
use super::zone::{
    HostedZoneConfig, Route53Zone, Route53ZoneOut, UNFINISHED, ZoneVpc, tags_of_reference,
};
use crate::aws::ownership::{IDENTITY_KEYS, PROTECT};
use crate::aws::{Cx, Error, ErrorClass, Result, Tags};
use crate::engine::resource::{Id, Live, Status};
use crate::resources::PARALLEL;
use aws_sdk_route53::types::{HostedZone, Tag, TagResourceType, Vpc as SdkVpc};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

/// As many zones as one call tells the tags of (aws-semantics.md 0.1).
const ZONES_A_CALL: usize = 10;

/// Takes the id out of `/hostedzone/Z1`.
pub(crate) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn arn_prefix(cx: &Cx) -> String {
    format!("arn:{}:route53:::hostedzone/", cx.partition)
}

/// Returns the zones that the index of tags knows to be ours.
pub(super) async fn indexed(cx: &Cx, workspaces: &[String]) -> Result<BTreeMap<String, Tags>> {
    let index = match cx.global_tag_index().await {
        // Some organisations close the index's region: then only what the stack names is found.
        Err(error) if error.class == ErrorClass::AccessDenied => return Ok(BTreeMap::new()),
        other => other?,
    };
    let prefix = arn_prefix(cx);
    let zone = |(arn, tags): (&String, &Tags)| {
        let id = arn.strip_prefix(&prefix).filter(|_| cx.scope.may_own(tags, workspaces))?;
        Some((id.to_owned(), tags.clone()))
    };
    Ok(index.get().into_iter().flatten().filter_map(zone).collect())
}

/// Reads the zones of ours: those the index knows and, where one of a name that is asked for is not
/// among them, those that it may not know yet.
pub(super) async fn owned(
    cx: &Cx,
    workspaces: &[String],
    names: &[String],
) -> Result<Vec<Live<Route53Zone>>> {
    let known = indexed(cx, workspaces).await?;
    let known: BTreeMap<_, _> = known.into_iter().map(|(id, tags)| (id, Some(tags))).collect();
    let mut found = read(cx, known.clone()).await?;
    let there = |name: &String| found.iter().any(|zone| zone.spec.name.as_str() == name);
    if names.iter().all(there) {
        return Ok(found);
    }
    let asked = |zone: &HostedZone| {
        let name = DnsName::new(zone.name());
        let ours = tags_of_reference(zone.caller_reference());
        names.iter().any(|asked| asked == name.as_str())
            || ours.is_some_and(|tags| cx.scope.owns(&tags, workspaces))
    };
    let zones = list_all(cx).await?;
    let new = zones.iter().filter(|zone| !known.contains_key(bare(zone.id())) && asked(zone));
    let new: BTreeMap<String, &HostedZone> =
        new.map(|zone| (bare(zone.id()).to_owned(), zone)).collect();
    let ids: Vec<String> = new.keys().cloned().collect();
    let mut owners = BTreeMap::new();
    for (id, mut tags) in tags_of(cx, &ids).await? {
        let reference = new.get(&id).map(|zone| zone.caller_reference()).unwrap_or_default();
        if !tags.keys().any(|key| IDENTITY_KEYS.contains(&key.as_str()))
            && let Some(ours) = tags_of_reference(reference)
        {
            tags.extend(ours);
            tags.insert(PROTECT.to_owned(), UNFINISHED.to_owned());
        }
        if tags.keys().any(|key| IDENTITY_KEYS.contains(&key.as_str())) {
            owners.insert(id, Some(tags));
        }
    }
    found.extend(read(cx, owners).await?);
    Ok(found)
}

pub(super) async fn list_all(cx: &Cx) -> Result<Vec<HostedZone>> {
    let pages = cx.route53().list_hosted_zones().max_items(100).into_paginator().items().send();
    pages.collect::<std::result::Result<_, _>>().await.map_err(Error::from)
}

/// Reads the tags of zones, ten in a call; a missing one fails it, so they are asked one by one
/// then.
pub(crate) async fn tags_of(cx: &Cx, ids: &[String]) -> Result<BTreeMap<String, Tags>> {
    let ask = |ids: Vec<String>| async move {
        let call = cx.route53().list_tags_for_resources();
        let call = call.resource_type(TagResourceType::Hostedzone).set_resource_ids(Some(ids));
        call.send().await.map(|answer| answer.resource_tag_sets).map_err(Error::from)
    };
    let mut found = Vec::new();
    for chunk in ids.chunks(ZONES_A_CALL) {
        match ask(chunk.to_vec()).await {
            Ok(sets) => found.extend(sets),
            Err(error) if error.is_not_found() => {
                for id in chunk {
                    match ask(vec![id.clone()]).await {
                        Ok(sets) => found.extend(sets),
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    let entry = |set: aws_sdk_route53::types::ResourceTagSet| {
        let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
        let tags = set.tags.unwrap_or_default().into_iter().filter_map(pair).collect();
        Some((bare(&set.resource_id?).to_owned(), tags))
    };
    Ok(found.into_iter().filter_map(entry).collect())
}

/// Reads zones of known tags; one that is gone meanwhile is left out.
pub(super) async fn read(
    cx: &Cx,
    zones: BTreeMap<String, Option<Tags>>,
) -> Result<Vec<Live<Route53Zone>>> {
    stream::iter(zones)
        .map(|(id, tags)| async move { one(cx, &id, tags.unwrap_or_default()).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

async fn one(cx: &Cx, id: &str, tags: Tags) -> Result<Option<Live<Route53Zone>>> {
    let answer = match cx.route53().get_hosted_zone().id(id).send().await.map_err(Error::from) {
        Ok(answer) => answer,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(zone) = answer.hosted_zone else { return Ok(None) };
    let pending = cx.dns_change_is_pending(id).await?;
    let pending = pending.then(|| Status::Pending("PENDING on its way to the name servers".into()));
    let vpc = |vpc: SdkVpc| {
        Some(ZoneVpc {
            vpc_id: Id::new(vpc.vpc_id?),
            vpc_region: vpc.vpc_region?.as_str().to_owned(),
        })
    };
    let comment = zone.config.as_ref().and_then(|config| config.comment.clone());
    let spec = Route53Zone {
        name: DnsName::new(&zone.name),
        hosted_zone_config: Some(HostedZoneConfig { comment: comment.unwrap_or_default() }),
        vpcs: Some(answer.vpcs.unwrap_or_default().into_iter().filter_map(vpc).collect()),
    };
    let out = Route53ZoneOut {
        id: id.to_owned(),
        arn: format!("{}{id}", arn_prefix(cx)),
        name_servers: answer.delegation_set.map(|set| set.name_servers).unwrap_or_default(),
    };
    let status = pending.unwrap_or(Status::Ready);
    Ok(Some(Live { id: id.to_owned(), tags, status, spec, out }))
}
