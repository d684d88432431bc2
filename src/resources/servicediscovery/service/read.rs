//! Reading Cloud Map services, and the instances registered in them.

use super::{
    DnsConfig, DnsRecord, HealthCheckConfig, HealthCheckCustomConfig, ServiceDiscoveryService,
    ServiceDiscoveryServiceOut,
};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{Blocker, Id, Live, Resource, Status, Want};
use crate::resources::PARALLEL;
use crate::resources::or_gone;
use crate::resources::servicediscovery::{operation, tags};
use aws_sdk_servicediscovery::types::{
    FilterCondition, InstanceSummary, OperationFilterName, RoutingPolicy, Service as Found,
    ServiceFilter, ServiceFilterName, ServiceSummary, ServiceType, ServiceTypeOption,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

type Service = Live<ServiceDiscoveryService>;

/// Reads the services in question; the index of tags is evidence for those of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Service>> {
    match want {
        Want::Ids(ids) => {
            stream::iter(ids.iter().cloned())
                .map(|id| async move { settling(cx, &id).await })
                .buffered(PARALLEL)
                .try_filter_map(|live| async { Ok(live) })
                .try_collect()
                .await
        }
        Want::Owned { workspaces, names } => owned(cx, workspaces, names).await,
    }
}

async fn owned(cx: &Cx, workspaces: &[String], names: &[String]) -> Result<Vec<Service>> {
    let ours = tags::indexed(cx, "service/", workspaces).await?;
    let mut found: Vec<Service> = stream::iter(ours)
        .map(|(id, tags)| async move { one(cx, &id, Some(tags)).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await?;
    let known: BTreeSet<String> = found.iter().filter_map(|one| one.spec.unique_name()).collect();
    // The index may not know a new one yet, and others' are not in it.
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in names.iter().filter(|name| !known.contains(*name)) {
        if let Some((namespace, name)) = name.split_once('/') {
            missing.entry(namespace.to_owned()).or_default().insert(name.to_owned());
        }
    }
    let more: Vec<Vec<Service>> = stream::iter(missing)
        .map(|(namespace, names)| async move { named(cx, &namespace, &names).await })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let there: BTreeSet<String> = found.iter().map(|one| one.id.clone()).collect();
    found.extend(more.into_iter().flatten().filter(|one| !there.contains(&one.id)));
    Ok(found)
}

/// Reads the services of these names in a namespace.
async fn named(cx: &Cx, namespace: &str, names: &BTreeSet<String>) -> Result<Vec<Service>> {
    let mut found = Vec::new();
    for listed in in_namespace(cx, namespace).await? {
        let is_asked = listed.name.as_ref().is_some_and(|name| names.contains(name));
        let Some(id) = listed.id.filter(|_| is_asked) else { continue };
        let live = one(cx, &id, None).await?;
        found.extend(live.filter(|live| live.spec.namespace_id.as_str() == namespace));
    }
    Ok(found)
}

/// Lists the services of a namespace, those of Service Connect among them.
pub(in crate::resources::servicediscovery) async fn in_namespace(
    cx: &Cx,
    namespace: &str,
) -> Result<Vec<ServiceSummary>> {
    let filter = ServiceFilter::builder().name(ServiceFilterName::NamespaceId);
    let filter = filter.values(namespace).condition(FilterCondition::Eq).build();
    let filter = filter.map_err(|error| Error::local("ListServices", error.to_string()))?;
    let pages = cx.service_discovery().list_services().filters(filter).into_paginator();
    match pages.send().collect::<std::result::Result<Vec<_>, _>>().await {
        Ok(pages) => {
            Ok(pages.into_iter().flat_map(|page| page.services.unwrap_or_default()).collect())
        }
        Err(error) => match Error::from(error) {
            error if error.is_not_found() => Ok(Vec::new()),
            error => Err(error),
        },
    }
}

/// Reads one service with its tags; `None` when it is not there.
async fn one(cx: &Cx, id: &str, known: Option<Tags>) -> Result<Option<Service>> {
    let call = cx.service_discovery().get_service().id(id);
    let found = match call.send().await.map_err(Error::from) {
        Ok(found) => found.service,
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
    Ok(Some(live(found, tags)))
}

/// Reads one service that is waited for, with what is under way on it.
async fn settling(cx: &Cx, id: &str) -> Result<Option<Service>> {
    let (found, busy) = futures::try_join!(
        one(cx, id, None),
        operation::under_way(cx, OperationFilterName::ServiceId, id),
    )?;
    Ok(found.map(|mut live| {
        if let Some(operation) = busy {
            live.status = Status::Pending(operation::words(&operation));
        }
        live
    }))
}

fn live(found: Found, tags: Tags) -> Service {
    let dns = found.dns_config;
    let inside = dns.as_ref().and_then(|dns| {
        #[allow(deprecated, reason = "older services tell their namespace here only")]
        dns.namespace_id.clone()
    });
    let dns = dns.filter(|dns| !dns.dns_records.is_empty()).map(|dns| {
        let mut records: Vec<DnsRecord> = dns
            .dns_records
            .into_iter()
            .map(|record| DnsRecord { r#type: Sdk(record.r#type), ttl: record.ttl })
            .collect();
        records.sort_by(|a, b| a.r#type.0.as_str().cmp(b.r#type.0.as_str()));
        let policy = dns.routing_policy.unwrap_or(RoutingPolicy::Multivalue);
        DnsConfig { routing_policy: Some(Sdk(policy)), dns_records: records }
    });
    let spec = ServiceDiscoveryService {
        name: found.name.unwrap_or_default(),
        namespace_id: Id::new(found.namespace_id.or(inside).unwrap_or_default()),
        r#type: (found.r#type == Some(ServiceType::Http)).then_some(Sdk(ServiceTypeOption::Http)),
        description: Some(found.description.unwrap_or_default()),
        dns_config: dns,
        health_check_config: found.health_check_config.map(|check| HealthCheckConfig {
            r#type: Sdk(check.r#type),
            resource_path: check.resource_path,
            failure_threshold: check.failure_threshold,
        }),
        health_check_custom_config: found
            .health_check_custom_config
            .map(|_| HealthCheckCustomConfig { failure_threshold: None }),
    };
    let id = found.id.unwrap_or_default();
    let arn = found.arn.unwrap_or_default();
    let out = ServiceDiscoveryServiceOut { id: id.clone(), arn };
    Live { id, tags, status: Status::Ready, spec, out }
}

/// Attribute of an instance that ECS registered: its cluster. The instance's id is the task's.
const CLUSTER: &str = "ECS_CLUSTER_NAME";

async fn instances(cx: &Cx, service: &str) -> Result<Vec<InstanceSummary>> {
    let pages = cx.service_discovery().list_instances().service_id(service).into_paginator();
    match pages.send().collect::<std::result::Result<Vec<_>, _>>().await {
        Ok(pages) => {
            Ok(pages.into_iter().flat_map(|page| page.instances.unwrap_or_default()).collect())
        }
        Err(error) => match Error::from(error) {
            error if error.is_not_found() => Ok(Vec::new()),
            error => Err(error),
        },
    }
}

fn cluster(instance: &InstanceSummary) -> Option<&str> {
    instance.attributes.as_ref()?.get(CLUSTER).map(String::as_str)
}

/// Deregisters instances of ECS tasks that run no more: ECS forgets some (aws-semantics.md 11, trap
/// 14). What others registered stays.
pub(super) async fn deregister_left_over(cx: &Cx, service: &str) -> Result<()> {
    let mut tasks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for instance in instances(cx, service).await? {
        if let (Some(cluster), Some(id)) = (cluster(&instance), &instance.id) {
            tasks.entry(cluster.to_owned()).or_default().push(id.clone());
        }
    }
    for (cluster, ids) in tasks {
        for ids in ids.chunks(100) {
            let running = running(cx, &cluster, ids).await?;
            for id in ids.iter().filter(|id| !running.contains(*id)) {
                let call = cx.service_discovery().deregister_instance().service_id(service);
                or_gone(call.instance_id(id).send().await)?;
            }
        }
    }
    Ok(())
}

/// Returns which of these tasks of a cluster have not stopped.
async fn running(cx: &Cx, cluster: &str, ids: &[String]) -> Result<BTreeSet<String>> {
    let call = cx.ecs().describe_tasks().cluster(cluster).set_tasks(Some(ids.to_vec()));
    let found = match call.send().await.map_err(Error::from) {
        Ok(found) => found.tasks.unwrap_or_default(),
        // Nothing runs in a cluster that is gone.
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    let alive = found.into_iter().filter(|task| task.last_status() != Some("STOPPED"));
    let id = |arn: String| arn.rsplit('/').next().map(str::to_owned);
    Ok(alive.filter_map(|task| task.task_arn.and_then(id)).collect())
}

/// Says which instances hold a service.
pub(super) async fn holding(cx: &Cx, service: &str) -> Result<Vec<Blocker>> {
    let found = instances(cx, service).await?;
    let blocker = |instance: InstanceSummary| {
        let id = instance.id.clone().unwrap_or_default();
        match cluster(&instance) {
            Some(cluster) => Blocker {
                what: format!("registered task {id} of cluster {cluster}"),
                leaves: Some("it is deregistered when the task has stopped".to_owned()),
            },
            None => Blocker { what: format!("registered instance {id}"), leaves: None },
        }
    };
    Ok(found.into_iter().map(blocker).collect())
}
