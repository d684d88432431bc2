//! ECS: clusters, capacity providers, task definitions, services and what lives in them.
//!
//! `cluster`, `capacity_provider`, `settings`, `tags`, `task_definition` and `service` hold what
//! people write down; `names` the forms in which they name it. `life` lets happen what happens
//! without a call: `container_instance` and `task` come and go, `placement` brings them together,
//! `scaling` sizes groups. `outside` is everything it uses of other services.

mod capacity_provider;
mod cluster;
mod container_instance;
mod life;
mod names;
mod outside;
mod placement;
mod rules;
mod scaling;
mod service;
mod settings;
mod strategy;
mod tags;
mod task;
mod task_definition;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::paging::{self, Page};
use super::{Bucket, Call, Input, Members, Service as Definition, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
use capacity_provider::Provider;
use cluster::Cluster;
use container_instance::ContainerInstance;
use rules::{RULES, TOKEN, TOO_MANY};
use service::Service;
use settings::Settings;
use task::Task;
use task_definition::Family;

/// What ECS keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By name.
    clusters: BTreeMap<String, Cluster>,
    /// By name; FARGATE and FARGATE_SPOT, which everybody has, are not kept.
    providers: BTreeMap<String, Provider>,
    /// Revisions of task definitions, by family.
    families: BTreeMap<String, Family>,
    settings: Settings,
    /// By cluster and name.
    services: BTreeMap<String, Service>,
    /// By EC2 id.
    instances: BTreeMap<String, ContainerInstance>,
    /// When the agents of instances that could not register try again, by EC2 id.
    agents: BTreeMap<String, Time>,
    /// By id.
    tasks: BTreeMap<String, Task>,
    /// When to look at everything again.
    look: Option<Time>,
    /// When something last changed.
    changed: Time,
}

/// The service.
pub(crate) static SERVICE: Definition = Definition {
    name: "ecs",
    shapes: include_str!("../../shapes/ecs.json"),
    validation_code: "InvalidParameterException",
    throttle_code: "ThrottlingException",
    bucket,
    operations: &[
        write("CreateCluster", cluster::CREATE, cluster::create),
        read("DescribeClusters", &["clusters", "include"], cluster::describe),
        read("ListClusters", &["nextToken", "maxResults"], cluster::list),
        write("UpdateCluster", cluster::UPDATE, cluster::update),
        write("UpdateClusterSettings", &["cluster", "settings"], cluster::update),
        write("DeleteCluster", &["cluster"], cluster::delete),
        write(
            "PutClusterCapacityProviders",
            &["cluster", "capacityProviders", "defaultCapacityProviderStrategy"],
            cluster::put_providers,
        ),
        write("CreateCapacityProvider", capacity_provider::CREATE, capacity_provider::create),
        read(
            "DescribeCapacityProviders",
            &["capacityProviders", "include", "maxResults", "nextToken"],
            capacity_provider::describe,
        ),
        write(
            "UpdateCapacityProvider",
            &["name", "autoScalingGroupProvider"],
            capacity_provider::update,
        ),
        write("DeleteCapacityProvider", &["capacityProvider"], capacity_provider::delete),
        write("RegisterTaskDefinition", task_definition::REGISTER, task_definition::register),
        read("DescribeTaskDefinition", &["taskDefinition", "include"], task_definition::describe),
        read(
            "ListTaskDefinitions",
            &["familyPrefix", "status", "sort", "nextToken", "maxResults"],
            task_definition::list,
        ),
        read(
            "ListTaskDefinitionFamilies",
            &["familyPrefix", "status", "nextToken", "maxResults"],
            task_definition::list_families,
        ),
        write("DeregisterTaskDefinition", &["taskDefinition"], task_definition::deregister),
        write("DeleteTaskDefinitions", &["taskDefinitions"], task_definition::delete),
        write("CreateService", service::CREATE, service::create),
        read("DescribeServices", &["cluster", "services", "include"], service::describe),
        read(
            "ListServices",
            &["cluster", "nextToken", "maxResults", "launchType", "schedulingStrategy"],
            service::list,
        ),
        read(
            "ListServiceDeployments",
            &["service", "cluster", "status", "createdAt", "nextToken", "maxResults"],
            service::list_deployments,
        ),
        read(
            "DescribeServiceDeployments",
            &["serviceDeploymentArns"],
            service::describe_deployments,
        ),
        read("DescribeServiceRevisions", &["serviceRevisionArns"], service::revisions),
        write("UpdateService", service::UPDATE, service::update),
        write("DeleteService", &["cluster", "service", "force"], service::delete),
        write("RunTask", task::RUN, task::run),
        write("StopTask", &["cluster", "task", "reason"], task::stop_call),
        read("DescribeTasks", &["cluster", "tasks", "include"], task::describe),
        read("ListTasks", task::LIST, task::list),
        write(
            "UpdateTaskProtection",
            &["cluster", "tasks", "protectionEnabled", "expiresInMinutes"],
            task::update_protection,
        ),
        read("GetTaskProtection", &["cluster", "tasks"], task::get_protection),
        read(
            "ListContainerInstances",
            &["cluster", "filter", "nextToken", "maxResults", "status"],
            container_instance::list,
        ),
        read(
            "DescribeContainerInstances",
            &["cluster", "containerInstances", "include"],
            container_instance::describe,
        ),
        write(
            "DeregisterContainerInstance",
            &["cluster", "containerInstance", "force"],
            container_instance::deregister,
        ),
        write(
            "UpdateContainerInstancesState",
            &["cluster", "containerInstances", "status"],
            container_instance::update_state,
        ),
        write("PutAccountSetting", &["name", "value", "principalArn"], settings::put),
        write("PutAccountSettingDefault", &["name", "value"], settings::put_default),
        read(
            "ListAccountSettings",
            &["name", "value", "principalArn", "effectiveSettings", "nextToken", "maxResults"],
            settings::list,
        ),
        write("DeleteAccountSetting", &["name", "principalArn"], settings::delete),
        write("TagResource", &["resourceArn", "tags"], tags::tag),
        write("UntagResource", &["resourceArn", "tagKeys"], tags::untag),
        read("ListTagsForResource", &["resourceArn"], tags::list),
    ],
    rules: RULES,
    tagged: tags::tagged,
    due,
    settle,
};

/// The token buckets of aws-semantics.md 0.
fn bucket(operation: &str, _: &Input) -> Bucket {
    let (burst, per_second) = match operation {
        "CreateCluster"
        | "UpdateCluster"
        | "UpdateClusterSettings"
        | "DeleteCluster"
        | "PutClusterCapacityProviders"
        | "RegisterTaskDefinition"
        | "DeregisterTaskDefinition" => (20.0, 1.0),
        "DescribeClusters"
        | "ListClusters"
        | "DescribeTaskDefinition"
        | "ListTaskDefinitions"
        | "ListTaskDefinitionFamilies"
        | "DescribeCapacityProviders" => (50.0, 20.0),
        "DeleteTaskDefinitions" => (5.0, 1.0),
        "CreateCapacityProvider"
        | "UpdateCapacityProvider"
        | "DeleteCapacityProvider"
        | "PutAccountSetting"
        | "PutAccountSettingDefault"
        | "DeleteAccountSetting"
        | "ListAccountSettings" => (10.0, 1.0),
        "CreateService" | "UpdateService" | "DeleteService" => (50.0, 5.0),
        "TagResource" | "UntagResource" | "ListTagsForResource" => (20.0, 10.0),
        "RunTask"
        | "StopTask"
        | "UpdateTaskProtection"
        | "DeregisterContainerInstance"
        | "UpdateContainerInstancesState" => (100.0, 40.0),
        _ => (100.0, 20.0),
    };
    Bucket { burst, per_second }
}

/// Returns what ECS keeps for a region, which is nothing where nothing was ever written.
fn state<'a>(account: &'a Account, region: &str) -> &'a State {
    static EMPTY: OnceLock<State> = OnceLock::new();
    match account.region(region) {
        Some(region) => &region.ecs,
        None => EMPTY.get_or_init(State::default),
    }
}

fn state_mut<'a>(account: &'a mut Account, region: &str) -> &'a mut State {
    &mut account.region_mut(region).ecs
}

/// Cuts a page; the size is the operation's own unless the request gives one.
fn page(input: &Input, size: usize, items: Vec<(String, Value)>) -> Result<Page, Refusal> {
    let asked = input.integer("maxResults").and_then(|size| usize::try_from(size).ok());
    let size = asked.filter(|asked| (1..=100).contains(asked)).unwrap_or(size);
    paging::page(items, size, input.text("nextToken")).ok_or_else(|| TOKEN.refuse(&[]))
}

/// Refuses more items than an operation takes.
fn at_most(input: &Input, member: &str, most: usize) -> Result<(), Refusal> {
    if input.list(member).len() > most {
        Err(TOO_MANY.refuse(&[member, &most.to_string()]))
    } else {
        Ok(())
    }
}

/// Tells whether a request asks for an optional part of an answer.
fn includes(input: &Input, part: &str) -> bool {
    input.texts("include").contains(&part)
}

fn due(account: &Account) -> Option<Time> {
    let regions = account.regions.iter();
    regions
        .filter_map(|(name, region)| {
            let ecs = &region.ecs;
            let providers = ecs.providers.values().filter_map(Provider::due);
            let clusters = ecs.clusters.values().filter_map(Cluster::due);
            let definitions = task_definition::due(ecs);
            let life = life::due(account, name, ecs);
            providers.chain(clusters).chain(definitions).chain(life).min()
        })
        .min()
}

fn settle(account: &mut Account, now: Time) {
    let regions: Vec<String> = account.regions.keys().cloned().collect();
    for region in regions {
        life::settle(account, &region, now);
        let ecs = state_mut(account, &region);
        ecs.clusters.retain(|_, cluster| cluster.due().is_none_or(|gone| gone > now));
    }
}

/// Returns how many tasks a service should have; none for one that is not ACTIVE.
pub(crate) fn service_desired(
    account: &Account,
    region: &str,
    cluster: &str,
    service: &str,
) -> Option<u32> {
    service::desired(state(account, region), cluster, service)
}

/// Sets how many tasks a service should have, from `at` on; tells whether there is such a service.
pub(crate) fn set_service_desired(
    account: &mut Account,
    region: &str,
    cluster: &str,
    service: &str,
    count: u32,
    at: Time,
) -> bool {
    let is_set = service::set_desired(state_mut(account, region), cluster, service, count);
    if is_set {
        life::wake(account, region, at);
    }
    is_set
}
