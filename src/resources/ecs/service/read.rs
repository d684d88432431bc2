//! Reading services: a listing of names by cluster, then ten to a call.

use super::names::{ServiceName, last, unique};
use super::parts::{
    AwsvpcConfiguration, CircuitBreaker, DeploymentAlarms, DeploymentConfiguration,
    DeploymentController, LoadBalancer, NetworkConfiguration, PlacementConstraint,
    PlacementStrategy, ServiceConnectConfiguration, ServiceRegistry,
};
use super::{DEPLOYMENT, EcsService, EcsServiceOut, status};
use crate::aws::{Cx, Error, Result, Sdk};
use crate::engine::resource::{Id, Live, Want};
use crate::resources::PARALLEL;
use crate::resources::applicationautoscaling::range;
use crate::resources::ecs::tags::{self, from_ecs};
use crate::resources::ecs::{cluster, strategy};
use crate::stack::value::is_placeholder;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::types::{
    AvailabilityZoneRebalancing, DeploymentConfiguration as SdkDeployment, PropagateTags,
    SchedulingStrategy, Service, ServiceField,
};
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// AWS describes this many in a call.
const MOST: usize = 10;

/// Names of services by cluster.
type Names = BTreeMap<String, BTreeSet<String>>;

fn add(names: &mut Names, name: ServiceName) {
    names.entry(name.cluster).or_default().insert(name.name);
}

/// Reads the services in question: those asked for, and all of the clusters of this project and
/// environment. In clusters of others the index of tags is evidence for what nobody asks for.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<EcsService>>> {
    let mut names = Names::new();
    let waits = matches!(want, Want::Ids(_));
    match want {
        Want::Ids(ids) => {
            ids.iter().filter_map(|id| ServiceName::parse(id)).for_each(|n| add(&mut names, n));
        }
        Want::Owned { names: asked, workspaces } => {
            asked.iter().filter_map(|n| ServiceName::parse(n)).for_each(|n| add(&mut names, n));
            let indexed = tags::indexed(cx, "service/", workspaces).await?;
            indexed.iter().filter_map(|n| ServiceName::parse(n)).for_each(|n| add(&mut names, n));
            let mut busy = tags::indexed(cx, "cluster/", &[]).await?;
            if busy.is_empty() {
                // One made just now may not be in the index.
                let clusters = cluster::owned(cx, &[], &[]).await?;
                busy.extend(clusters.into_iter().filter_map(|cluster| cluster.cluster_name));
            }
            let found: Vec<Vec<ServiceName>> = stream::iter(busy)
                .map(|cluster| async move { all_of(cx, cluster).await })
                .buffered(PARALLEL)
                .try_collect()
                .await?;
            found.into_iter().flatten().for_each(|n| add(&mut names, n));
        }
    }
    let found = describe(cx, names).await?;
    let all = found.into_iter().filter_map(|service| live(service, waits));
    let mut all: Vec<Live<EcsService>> = match want {
        Want::Ids(_) => all.collect(),
        Want::Owned { names, workspaces } => {
            let asked = |one: &Live<EcsService>| {
                unique(one.spec.cluster.as_str(), &one.spec.name)
                    .is_some_and(|n| names.contains(&n))
            };
            all.filter(|one| asked(one) || cx.scope.owns(&one.tags, workspaces)).collect()
        }
    };
    let ids = all.iter().map(|one| one.id.clone()).collect();
    let mut ranges = range::ranges(cx, &ServiceNamespace::Ecs, ids).await?;
    let dimension = ScalableDimension::EcsServiceDesiredCount;
    for one in &mut all {
        let key = (one.id.clone(), dimension.as_str().to_owned());
        one.out.scaling_range = ranges.remove(&key);
    }
    Ok(all)
}

/// Lists the services of a cluster; those that drain or are gone are not in it.
async fn all_of(cx: &Cx, cluster: String) -> Result<Vec<ServiceName>> {
    let pages = cx.ecs().list_services().cluster(&cluster).max_results(100).into_paginator();
    let arns = pages.items().send().collect::<std::result::Result<Vec<String>, _>>().await;
    let name = |arn: String| ServiceName { cluster: cluster.clone(), name: last(&arn).to_owned() };
    match arns.map_err(Error::from) {
        Ok(arns) => Ok(arns.into_iter().map(name).collect()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Reads these services with their tags; what is not there, or was deleted, is left out.
async fn describe(cx: &Cx, names: Names) -> Result<Vec<Service>> {
    let calls = names.into_iter().flat_map(|(cluster, names)| {
        let names: Vec<String> = names.into_iter().collect();
        let chunks: Vec<Vec<String>> = names.chunks(MOST).map(<[String]>::to_vec).collect();
        chunks.into_iter().map(move |chunk| (cluster.clone(), chunk))
    });
    let found: Vec<Vec<Service>> = stream::iter(calls)
        .map(|(cluster, names)| async move {
            let call = cx.ecs().describe_services().cluster(cluster).set_services(Some(names));
            match call.include(ServiceField::Tags).send().await.map_err(Error::from) {
                Ok(found) => Ok(found.services.unwrap_or_default()),
                Err(error) if error.is_not_found() => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let mut found: Vec<Service> = found.into_iter().flatten().collect();
    found.retain(|service| service.status() != Some("INACTIVE"));
    Ok(found)
}

/// Reads one service as AWS tells it.
pub(super) async fn one(cx: &Cx, name: &ServiceName) -> Result<Option<Service>> {
    let mut names = Names::new();
    add(&mut names, name.clone());
    Ok(describe(cx, names).await?.pop())
}

/// Tells which revisions of task definitions the services of this project and environment run or
/// still replace, as far as the index of tags knows them.
pub(in crate::resources::ecs) async fn running(cx: &Cx) -> Result<BTreeSet<String>> {
    let mut names = Names::new();
    let indexed = tags::indexed(cx, "service/", &[]).await?;
    indexed.iter().filter_map(|n| ServiceName::parse(n)).for_each(|n| add(&mut names, n));
    let mut used = BTreeSet::new();
    for service in describe(cx, names).await? {
        used.extend(service.task_definition);
        let deployments = service.deployments.unwrap_or_default().into_iter();
        used.extend(deployments.filter_map(|deployment| deployment.task_definition));
    }
    Ok(used)
}

impl EcsService {
    /// Brings what may be written in several ways into one; what AWS gives back goes through here
    /// as well as what the stack says.
    pub(super) fn canonical(&mut self) {
        self.cluster = Id::new(last(self.cluster.as_str()));
        self.task_definition = last(&self.task_definition).to_owned();
        self.placement_strategy.iter_mut().flatten().for_each(PlacementStrategy::canonical);
        if let Some(connect) = &mut self.service_connect_configuration {
            for service in &mut connect.services {
                let other = |name: &String| *name != service.port_name;
                service.discovery_name = service.discovery_name.take().filter(other);
            }
        }
        self.force_new_deployment = self.force_new_deployment.take().map(fitting);
    }
}

/// The text itself where it fits a tag's value, else a digest of it.
fn fitting(text: String) -> String {
    let letter = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    if is_placeholder(&text) || text.chars().count() <= 256 && text.chars().all(letter) {
        return text;
    }
    Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn deployment(found: SdkDeployment) -> DeploymentConfiguration {
    let breaker = found.deployment_circuit_breaker;
    DeploymentConfiguration {
        minimum_healthy_percent: found.minimum_healthy_percent,
        maximum_percent: found.maximum_percent,
        deployment_circuit_breaker: Some(CircuitBreaker {
            enable: breaker.as_ref().is_some_and(|b| b.enable),
            rollback: breaker.as_ref().is_some_and(|b| b.rollback),
        }),
        alarms: found.alarms.map(|alarms| DeploymentAlarms {
            alarm_names: alarms.alarm_names.into_iter().collect(),
            enable: alarms.enable,
            rollback: alarms.rollback,
        }),
    }
}

fn network(
    found: Option<aws_sdk_ecs::types::NetworkConfiguration>,
) -> Option<NetworkConfiguration> {
    let vpc = found?.awsvpc_configuration?;
    let groups = vpc.security_groups.unwrap_or_default();
    Some(NetworkConfiguration {
        awsvpc_configuration: Some(AwsvpcConfiguration {
            subnets: vpc.subnets.into_iter().map(Id::new).collect(),
            security_groups: Some(groups.into_iter().map(Id::new).collect()),
            assign_public_ip: vpc.assign_public_ip.map(Sdk),
        }),
    })
}

/// A service as it is.
fn live(service: Service, waits: bool) -> Option<Live<EcsService>> {
    let status = status::status(&service, waits);
    let name = ServiceName::of(&service)?;
    let tags = from_ecs(service.tags);
    // Only deployments tell of Service Connect (aws-semantics.md 6).
    let primary = service.deployments.into_iter().flatten();
    let primary = primary.into_iter().find(|one| one.status() == Some("PRIMARY"));
    let connect = primary.and_then(|one| one.service_connect_configuration);
    let connect = connect.map(ServiceConnectConfiguration::of_sdk);
    let targets = service.load_balancers.into_iter().flatten().map(|one| LoadBalancer {
        target_group_arn: one.target_group_arn.unwrap_or_default(),
        container_name: one.container_name.unwrap_or_default(),
        container_port: one.container_port.unwrap_or_default(),
    });
    let registries = service.service_registries.into_iter().flatten().map(|one| ServiceRegistry {
        registry_arn: one.registry_arn.unwrap_or_default(),
        port: one.port,
        container_name: one.container_name,
        container_port: one.container_port,
    });
    let constraints = service.placement_constraints.into_iter().flatten();
    let constraints = constraints.filter_map(|one| {
        Some(PlacementConstraint { kind: Sdk(one.r#type?), expression: one.expression })
    });
    let placement = service.placement_strategy.into_iter().flatten();
    let placement = placement
        .filter_map(|one| Some(PlacementStrategy { kind: Sdk(one.r#type?), field: one.field }));
    let strategy = service.capacity_provider_strategy.unwrap_or_default();
    let controller = service.deployment_controller.map(|one| one.r#type);
    let controller = controller.unwrap_or(aws_sdk_ecs::types::DeploymentControllerType::Ecs);
    let rebalancing = service.availability_zone_rebalancing;
    let mut spec = EcsService {
        name: name.name.clone(),
        cluster: Id::new(name.cluster.clone()),
        task_definition: service.task_definition.unwrap_or_default(),
        desired_count: Some(service.desired_count),
        launch_type: service.launch_type.map(Sdk),
        capacity_provider_strategy: Some(strategy::from_sdk(&strategy)),
        platform_version: service.platform_version.filter(|version| !version.is_empty()),
        scheduling_strategy: Some(Sdk(service
            .scheduling_strategy
            .unwrap_or(SchedulingStrategy::Replica))),
        deployment_controller: Some(DeploymentController { kind: Sdk(controller) }),
        deployment_configuration: service.deployment_configuration.map(deployment),
        network_configuration: network(service.network_configuration),
        load_balancers: Some(targets.collect()),
        service_registries: Some(registries.collect()),
        service_connect_configuration: Some(connect.unwrap_or(ServiceConnectConfiguration {
            enabled: false,
            namespace: None,
            services: Vec::new(),
            log_configuration: None,
        })),
        placement_constraints: Some(constraints.collect()),
        placement_strategy: Some(placement.collect()),
        health_check_grace_period_seconds: Some(
            service.health_check_grace_period_seconds.unwrap_or(0),
        ),
        availability_zone_rebalancing: Some(Sdk(
            rebalancing.unwrap_or(AvailabilityZoneRebalancing::Disabled)
        )),
        enable_execute_command: Some(service.enable_execute_command),
        enable_ecs_managed_tags: Some(service.enable_ecs_managed_tags),
        propagate_tags: Some(Sdk(service.propagate_tags.unwrap_or(PropagateTags::None))),
        force_new_deployment: tags.get(DEPLOYMENT).cloned(),
    };
    spec.canonical();
    let out = EcsServiceOut {
        id: name.id(),
        arn: service.service_arn.unwrap_or_default(),
        cluster_name: name.cluster.clone(),
        role_arn: service.role_arn.filter(|arn| !arn.is_empty()),
        scaling_range: None,
    };
    Some(Live { id: name.id(), tags, status, spec, out })
}
