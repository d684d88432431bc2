//! Reading namespaces: one call each, and one for what the index of tags does not know.

use super::{
    DnsProperties, NamespaceProperties, ServiceDiscoveryNamespace, ServiceDiscoveryNamespaceOut,
    Soa, VPC_TAG,
};
use crate::aws::{Cx, Error, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Blocker, Id, Live, Resource, Status, Want};
use crate::resources::PARALLEL;
use crate::resources::ec2::vpc::Vpc;
use crate::resources::servicediscovery::{operation, service, tags};
use aws_sdk_servicediscovery::types::{
    Namespace as Found, NamespaceType, OperationFilterName, OperationStatus, OperationTargetType,
    OperationType, ServiceType,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

type Namespace = Live<ServiceDiscoveryNamespace>;

/// Reads the namespaces in question; the index of tags is evidence for those of ours. Ids may be
/// those of operations that make one.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Namespace>> {
    match want {
        Want::Ids(ids) => {
            stream::iter(ids.iter().cloned())
                .map(|id| async move {
                    if is_namespace(&id) { settling(cx, &id).await } else { made(cx, &id).await }
                })
                .buffered(PARALLEL)
                .try_filter_map(|live| async { Ok(live) })
                .try_collect()
                .await
        }
        Want::Owned { workspaces, names } => owned(cx, workspaces, names).await,
    }
}

/// Operations have ids like `0123456789abcdef0123456789abcdef-01234567`.
fn is_namespace(id: &str) -> bool {
    id.starts_with("ns-")
}

async fn owned(cx: &Cx, workspaces: &[String], names: &[String]) -> Result<Vec<Namespace>> {
    let ours = tags::indexed(cx, "namespace/", workspaces).await?;
    let mut found = each(cx, ours).await?;
    let known: BTreeSet<String> = found.iter().filter_map(|one| one.spec.unique_name()).collect();
    let missing: BTreeSet<&String> = names.iter().filter(|name| !known.contains(*name)).collect();
    if missing.is_empty() {
        return Ok(found);
    }
    // The index may not know a new one yet, and others' are not in it.
    let pages = cx.service_discovery().list_namespaces().into_paginator().send();
    let pages = pages.collect::<std::result::Result<Vec<_>, _>>().await?;
    let all = pages.into_iter().flat_map(|page| page.namespaces.unwrap_or_default());
    let there: BTreeSet<String> = found.iter().map(|one| one.out.id.clone()).collect();
    let candidates = all.filter_map(|one| {
        let start = format!("{}/{}", one.r#type.as_ref()?.as_str(), one.name?);
        let is_start = |name: &&String| {
            name.strip_prefix(&start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let id = one.id.filter(|id| !there.contains(id))?;
        missing.iter().any(is_start).then_some(id)
    });
    let candidates: Vec<String> = candidates.collect();
    let more: Vec<Namespace> = stream::iter(candidates)
        .map(|id| async move { one(cx, &id, None).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await?;
    let asked = |one: &Namespace| one.spec.unique_name().is_some_and(|n| missing.contains(&n));
    found.extend(more.into_iter().filter(asked));
    Ok(found)
}

async fn each(cx: &Cx, ours: BTreeMap<String, Tags>) -> Result<Vec<Namespace>> {
    stream::iter(ours)
        .map(|(id, tags)| async move { one(cx, &id, Some(tags)).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// Reads one namespace with its tags; `None` when it is not there.
async fn one(cx: &Cx, id: &str, known: Option<Tags>) -> Result<Option<Namespace>> {
    let call = cx.service_discovery().get_namespace().id(id);
    let found = match call.send().await.map_err(Error::from) {
        Ok(found) => found.namespace,
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error),
    };
    let Some(found) = found else { return Ok(None) };
    let tags = match known {
        Some(tags) => tags,
        None => match tags::of(cx, found.arn.as_deref().unwrap_or_default()).await? {
            Some(tags) => tags,
            None => return Ok(None),
        },
    };
    let vpc = match tags.get(VPC_TAG) {
        Some(vpc) => Some(vpc.clone()),
        None => vpc_of(cx, &found).await?,
    };
    Ok(Some(live(found, tags, vpc)))
}

/// Reads the VPC of a private namespace that no tag tells of, from its hosted zone.
async fn vpc_of(cx: &Cx, found: &Found) -> Result<Option<String>> {
    let Some(zone) = zone(found).filter(|_| found.r#type == Some(NamespaceType::DnsPrivate)) else {
        return Ok(None);
    };
    let zone = unless_missing(cx.route53().get_hosted_zone().id(zone).send().await)?;
    let mut vpcs = zone.and_then(|zone| zone.vpcs).into_iter().flatten();
    Ok(vpcs.find_map(|vpc| vpc.vpc_id))
}

fn zone(found: &Found) -> Option<&str> {
    let dns = found.properties.as_ref()?.dns_properties.as_ref()?;
    dns.hosted_zone_id.as_deref()
}

/// Reads one namespace that is waited for, with what is under way on it.
async fn settling(cx: &Cx, id: &str) -> Result<Option<Namespace>> {
    let (found, busy) = futures::try_join!(
        one(cx, id, None),
        operation::under_way(cx, OperationFilterName::NamespaceId, id),
    )?;
    Ok(found.map(|mut live| {
        if let Some(operation) = busy {
            let words = operation::words(&operation);
            live.status = match operation.r#type {
                Some(OperationType::DeleteNamespace) => Status::Deleting(words),
                _ => Status::Pending(words),
            };
        }
        live
    }))
}

/// Reads what an operation has made; until it is over there is nothing but its state.
async fn made(cx: &Cx, id: &str) -> Result<Option<Namespace>> {
    let Some(operation) = operation::get(cx, id).await? else { return Ok(None) };
    let status = match &operation.status {
        Some(OperationStatus::Success) => {
            let targets = operation.targets.unwrap_or_default();
            let Some(namespace) = targets.get(&OperationTargetType::Namespace) else {
                return Ok(None);
            };
            let found = one(cx, namespace, None).await?;
            return Ok(found.map(|live| Live { id: id.to_owned(), ..live }));
        }
        Some(OperationStatus::Fail) => Status::Failed(operation::words(&operation)),
        _ => Status::Pending(operation::words(&operation)),
    };
    let spec = ServiceDiscoveryNamespace {
        name: String::new(),
        r#type: Sdk(NamespaceType::Http),
        vpc: None,
        description: None,
        properties: None,
    };
    let out = ServiceDiscoveryNamespaceOut {
        id: id.to_owned(),
        ..ServiceDiscoveryNamespaceOut::default()
    };
    Ok(Some(Live { id: id.to_owned(), tags: Tags::new(), status, spec, out }))
}

fn live(found: Found, tags: Tags, vpc: Option<String>) -> Namespace {
    let kind = found.r#type.clone().unwrap_or(NamespaceType::Http);
    let has_zone = kind != NamespaceType::Http;
    let hosted_zone_id = zone(&found).map(str::to_owned).filter(|_| has_zone);
    let dns = found.properties.and_then(|properties| properties.dns_properties);
    let soa = dns.and_then(|dns| dns.soa).filter(|_| has_zone);
    let spec = ServiceDiscoveryNamespace {
        name: found.name.unwrap_or_default(),
        r#type: Sdk(kind),
        vpc: vpc.map(Id::<Vpc>::new),
        description: Some(found.description.unwrap_or_default()),
        properties: soa.map(|soa| NamespaceProperties {
            dns_properties: DnsProperties { soa: Soa { ttl: soa.ttl } },
        }),
    };
    let id = found.id.unwrap_or_default();
    let arn = found.arn.unwrap_or_default();
    let out = ServiceDiscoveryNamespaceOut { id: id.clone(), arn, hosted_zone_id };
    Live { id, tags, status: Status::Ready, spec, out }
}

/// Says which services hold a namespace.
pub(super) async fn holding(cx: &Cx, id: &str) -> Result<Vec<Blocker>> {
    let listed = service::in_namespace(cx, id).await?;
    let blocker = |one: aws_sdk_servicediscovery::types::ServiceSummary| {
        let (name, id) = (one.name.unwrap_or_default(), one.id.unwrap_or_default());
        // Service Connect makes its own without DNS.
        let leaves = "ECS takes away what Service Connect made, some time after its last service";
        let leaves = (one.r#type == Some(ServiceType::Http)).then(|| leaves.to_owned());
        Blocker { what: format!("service {name} ({id}) in it"), leaves }
    };
    Ok(listed.into_iter().map(blocker).collect())
}
