//! `ecs_cluster`: what services and the instances they run on belong to.

mod configuration;

pub use configuration::{
    ClusterConfiguration, ExecuteCommandConfiguration, ExecuteCommandLogConfiguration,
};

use super::capacity_provider::EcsCapacityProvider;
use super::strategy::{self, CapacityProviderStrategyItem};
use super::tags::{self, from_ecs, to_ecs};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, IdentityBy, Live, Resource, Retryable, Rules,
    Status, Step, Want,
};
use crate::stack::schema::{immutable, late};
use crate::stack::value::is_placeholder;
use aws_sdk_ecs::types::{
    Cluster as Found, ClusterField, ClusterServiceConnectDefaultsRequest,
    ClusterSetting as SdkSetting, ClusterSettingName, ExecuteCommandLogging, Task,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

crate::sdk_enum!(ClusterSettingName => "ClusterSettingName");

/// An ECS cluster: services run in it, on the capacity of its providers.
///
/// Capacity providers are attached to it in a step of their own, after both are there.
///
/// ```toml
/// [ecs_cluster.main]
/// name               = "${env}-cluster"
/// settings           = [{ name = "containerInsights", value = "disabled" }]
/// capacity_providers = ["${ecs_capacity_provider.main.id}"]
///
/// [[ecs_cluster.main.default_capacity_provider_strategy]]
/// capacity_provider = "${ecs_capacity_provider.main.id}"
/// weight            = 100
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsCluster {
    /// Name, unique in the account and region: up to 255 letters, digits, `-` and `_`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// Settings. What the account's settings say counts when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeSet<ClusterSetting>>,
    /// How commands are run in its containers, and logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<ClusterConfiguration>,
    /// What Service Connect uses in services that do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_connect_defaults: Option<ServiceConnectDefaults>,
    /// Capacity providers that services in it may use; an empty list is none.
    #[schemars(transform = late)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_providers: Option<BTreeSet<Id<EcsCapacityProvider>>>,
    /// Strategy of services that name neither a strategy nor a launch type. AWS copies it into such
    /// a service when that is made.
    #[schemars(transform = late, extend("x-key" = strategy::KEY))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_capacity_provider_strategy: Option<Vec<CapacityProviderStrategyItem>>,
}

/// A setting of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterSetting {
    /// Which.
    pub name: Sdk<ClusterSettingName>,
    /// Of Container Insights: `disabled`, `enabled` or `enhanced`; it is charged for.
    pub value: String,
}

/// What Service Connect uses in services that do not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceConnectDefaults {
    /// ARN of the Cloud Map namespace; empty for none.
    pub namespace: String,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EcsClusterOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
}

impl Resource for EcsCluster {
    const TYPE: &'static str = "ecs_cluster";
    const AWS_NAME: &'static str = "AWS::ECS::Cluster";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // aws-semantics.md 9.1: Container Insights of a new cluster follow the account's setting.
        created_after: &["account_setting"],
        // aws-semantics.md 9.2: it must hold neither services nor container instances.
        deleted_after: &["ecs_service", "autoscaling_group"],
        // aws-semantics.md 9.3: a group scales in to nothing while it still has its provider.
        quiesced_before: &["autoscaling_group"],
        retry: &[
            linked_role(Step::Create),
            linked_role(Step::Update),
            busy(Step::Update, "UpdateInProgressException", ""),
            busy(Step::Update, "ClientException", "Cluster was not ACTIVE"),
            Retryable::new(
                Step::Update,
                "ResourceInUseException",
                "",
                "services and other changes to let go of the capacity providers",
            ),
            busy(Step::Delete, "UpdateInProgressException", ""),
            busy(Step::Delete, "ClientException", "Cluster was not ACTIVE"),
            Retryable::new(
                Step::Delete,
                "ClusterContainsServicesException",
                "",
                "services to be gone",
            ),
            Retryable::new(Step::Delete, "ClusterContainsTasksException", "", "tasks to stop"),
            Retryable::new(
                Step::Delete,
                "ClusterContainsContainerInstancesException",
                "",
                "container instances to leave",
            ),
            Retryable::new(
                Step::Delete,
                "ClusterContainsCapacityProviderException",
                "",
                "capacity providers to leave",
            ),
        ],
        // aws-semantics.md 0.3.
        settle: Duration::from_secs(600),
        settle_delete: Duration::from_secs(600),
        ..Rules::DEFAULT
    };
    type Out = EcsClusterOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.into(), message: message.into() });
        };
        if !is_name(&self.name) {
            problem("name", "a name has at most 255 letters, digits, `-` and `_`");
        }
        for setting in self.settings.iter().flatten() {
            let known = ["disabled", "enabled", "enhanced"];
            if !known.contains(&setting.value.as_str()) && !is_placeholder(&setting.value) {
                problem("settings", "Container Insights are `disabled`, `enabled` or `enhanced`");
            }
        }
        if self.settings.as_ref().is_some_and(|settings| settings.len() > 1) {
            problem("settings", "a setting is given once");
        }
        let defaults = self.service_connect_defaults.as_ref().map(|d| d.namespace.as_str());
        let fits = |text: &str| text.is_empty() || text.starts_with("arn:") || is_placeholder(text);
        if !defaults.is_none_or(fits) {
            let path = "service_connect_defaults.namespace";
            problem(path, "give the ARN of the namespace, which is what AWS tells of it");
        }
        let execute = self.configuration.iter().flat_map(|c| &c.execute_command_configuration);
        for execute in execute {
            let over =
                execute.logging.as_ref().is_some_and(|l| l.0 == ExecuteCommandLogging::Override);
            if over != execute.log_configuration.is_some() {
                let path = "configuration.execute_command_configuration.log_configuration";
                problem(path, "it is given with the logging `OVERRIDE`, and only there");
            }
        }
        if let Some(items) = &self.default_capacity_provider_strategy {
            let path = "default_capacity_provider_strategy";
            if let Some(message) = strategy::problem(items) {
                problem(path, message);
            }
            let missing = |item: &CapacityProviderStrategyItem| {
                let name = &item.capacity_provider;
                self.capacity_providers.as_ref().is_some_and(|all| {
                    !all.contains(name) && !all.iter().any(|id| is_placeholder(id.as_str()))
                })
            };
            if items.iter().any(missing) {
                problem(path, "it names a capacity provider that is not in `capacity_providers`");
            }
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let found = match want {
            Want::Ids(ids) => describe(cx, ids.to_vec()).await?,
            Want::Owned { workspaces, names } => owned(cx, workspaces, names).await?,
        };
        Ok(found.into_iter().filter_map(live).collect())
    }

    /// Leaves the capacity providers to the late step: they are not there yet.
    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let call = cx.ecs().create_cluster().cluster_name(&self.name);
        call.set_settings(self.settings.as_ref().map(settings))
            .set_configuration(self.configuration.as_ref().map(ClusterConfiguration::sdk))
            .set_service_connect_defaults(self.defaults()?)
            .set_tags(Some(to_ecs(with.tags)))
            .send()
            .await?;
        Ok(self.name.clone())
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let main = ["settings", "configuration", "service_connect_defaults"];
        if main.iter().any(|field| changed.has(field)) {
            let given = self.settings.as_ref().filter(|_| changed.has("settings"));
            let configuration = self.configuration.as_ref();
            let configuration = configuration.filter(|_| changed.has("configuration"));
            let defaults = changed.has("service_connect_defaults");
            let call = cx.ecs().update_cluster().cluster(&live.id);
            call.set_settings(given.map(settings))
                .set_configuration(configuration.map(ClusterConfiguration::sdk))
                .set_service_connect_defaults(if defaults { self.defaults()? } else { None })
                .send()
                .await?;
        }
        let late = ["capacity_providers", "default_capacity_provider_strategy"];
        if late.iter().any(|field| changed.has(field)) {
            self.put_providers(cx, live).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.out.arn, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        match cx.ecs().delete_cluster().cluster(&live.id).send().await.map_err(Error::from) {
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => {
                if error.is("ClusterContainsTasksException") {
                    stop_strays(cx, &live.id).await?;
                }
                Err(error)
            }
            Ok(_) => Ok(()),
        }
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let found = describe(cx, vec![live.id.clone()]).await?;
        Ok(found.iter().flat_map(blockers).collect())
    }
}

/// Stops tasks that were started by hand: no service ends them, and the cluster cannot go before
/// (aws-semantics.md 9.3).
async fn stop_strays(cx: &Cx, cluster: &str) -> Result<()> {
    let found = cx.ecs().list_tasks().cluster(cluster).max_results(100).send().await?;
    let arns = found.task_arns.unwrap_or_default();
    if arns.is_empty() {
        return Ok(());
    }
    let call = cx.ecs().describe_tasks().cluster(cluster).set_tasks(Some(arns));
    let tasks = call.send().await?.tasks.unwrap_or_default();
    let stray = |task: &Task| !task.group().is_some_and(|group| group.starts_with("service:"));
    for arn in tasks.into_iter().filter(stray).filter_map(|task| task.task_arn) {
        let call = cx.ecs().stop_task().cluster(cluster).task(arn);
        call.reason("its cluster is being deleted").send().await?;
    }
    Ok(())
}

/// The first use of ECS in an account makes its service-linked role (aws-semantics.md 0).
pub(super) const fn linked_role(step: Step) -> Retryable {
    let message = "Unable to assume the service linked role";
    Retryable::new(step, "InvalidParameterException", message, "ECS's own role to be known")
}

const fn busy(step: Step, code: &'static str, message: &'static str) -> Retryable {
    Retryable::new(step, code, message, "another change of the cluster to end")
}

/// Tells whether a name fits clusters and services.
pub(super) fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let fits = (1..=255).contains(&name.len()) && name.chars().all(letter);
    fits || is_placeholder(name)
}

/// Lists the clusters that these workspaces (none: any of this project and environment) own, and
/// those of these names. A hundred cost one call more.
pub(super) async fn owned(cx: &Cx, workspaces: &[String], names: &[String]) -> Result<Vec<Found>> {
    let pages = cx.ecs().list_clusters().max_results(100).into_paginator();
    let arns = pages.items().send().collect::<std::result::Result<Vec<String>, _>>().await?;
    let mut found = describe(cx, arns).await?;
    found.retain(|cluster| {
        let tags = from_ecs(cluster.tags.clone());
        let named = cluster.cluster_name().is_some_and(|name| names.iter().any(|n| n == name));
        named || cx.scope.owns(&tags, workspaces)
    });
    Ok(found)
}

/// Reads clusters; one that was deleted is told as INACTIVE for about an hour and is left out.
pub(super) async fn describe(cx: &Cx, names: Vec<String>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    // AWS takes at most 100 at a time; none means the cluster named `default`.
    for chunk in names.chunks(100) {
        let call = cx.ecs().describe_clusters().set_clusters(Some(chunk.to_vec()));
        let call = call.set_include(Some(vec![
            ClusterField::Tags,
            ClusterField::Settings,
            ClusterField::Configurations,
            ClusterField::Attachments,
        ]));
        found.extend(call.send().await?.clusters.unwrap_or_default());
    }
    found.retain(|cluster| cluster.status() != Some("INACTIVE"));
    Ok(found)
}

fn settings(given: &BTreeSet<ClusterSetting>) -> Vec<SdkSetting> {
    let setting = |setting: &ClusterSetting| {
        SdkSetting::builder().name(setting.name.0.clone()).value(&setting.value).build()
    };
    given.iter().map(setting).collect()
}

impl EcsCluster {
    fn defaults(&self) -> Result<Option<ClusterServiceConnectDefaultsRequest>> {
        let Some(defaults) = &self.service_connect_defaults else { return Ok(None) };
        let built =
            ClusterServiceConnectDefaultsRequest::builder().namespace(&defaults.namespace).build();
        built.map(Some).map_err(|e| Error::local("service_connect_defaults", e.to_string()))
    }

    /// Sets providers and strategy, which AWS replaces together: what the stack does not say stays,
    /// as far as its providers do.
    async fn put_providers(&self, cx: &Cx, live: &Live<Self>) -> Result<()> {
        let providers = self.capacity_providers.as_ref().or(live.spec.capacity_providers.as_ref());
        let providers = providers.cloned().unwrap_or_default();
        let strategy = match &self.default_capacity_provider_strategy {
            Some(given) => given.clone(),
            None => {
                let now = live.spec.default_capacity_provider_strategy.clone().unwrap_or_default();
                now.into_iter().filter(|i| providers.contains(&i.capacity_provider)).collect()
            }
        };
        let names = providers.iter().map(|id| id.as_str().to_owned()).collect();
        let call = cx.ecs().put_cluster_capacity_providers().cluster(&live.id);
        call.set_capacity_providers(Some(names))
            .set_default_capacity_provider_strategy(Some(strategy::to_sdk(&strategy)?))
            .send()
            .await?;
        Ok(())
    }
}

fn status(cluster: &Found) -> Status {
    let state = cluster.status().unwrap_or("ACTIVE");
    let attachments = cluster.attachments_status();
    match state {
        "ACTIVE" => match attachments {
            Some(s @ "UPDATE_IN_PROGRESS") => {
                Status::Pending(format!("ACTIVE, its capacity providers {s}"))
            }
            _ => Status::Ready,
        },
        "DEPROVISIONING" => Status::Deleting(state.to_owned()),
        "FAILED" => Status::Failed(state.to_owned()),
        _ => Status::Pending(state.to_owned()),
    }
}

fn live(cluster: Found) -> Option<Live<EcsCluster>> {
    let status = status(&cluster);
    let id = cluster.cluster_name?;
    let setting = |setting: SdkSetting| {
        let value = setting.value.unwrap_or_default();
        Some(ClusterSetting { name: Sdk(setting.name?), value })
    };
    let settings = cluster.settings.unwrap_or_default().into_iter().filter_map(setting);
    let namespace = cluster.service_connect_defaults.and_then(|defaults| defaults.namespace);
    let providers = cluster.capacity_providers.unwrap_or_default().into_iter().map(Id::new);
    let strategy = cluster.default_capacity_provider_strategy.unwrap_or_default();
    let spec = EcsCluster {
        name: id.clone(),
        settings: Some(settings.collect()),
        configuration: cluster.configuration.map(ClusterConfiguration::of_sdk),
        service_connect_defaults: Some(ServiceConnectDefaults {
            namespace: namespace.unwrap_or_default(),
        }),
        capacity_providers: Some(providers.collect()),
        default_capacity_provider_strategy: Some(strategy::from_sdk(&strategy)),
    };
    let out = EcsClusterOut { id: id.clone(), arn: cluster.cluster_arn.unwrap_or_default() };
    Some(Live { id, tags: from_ecs(cluster.tags), status, spec, out })
}

/// Says what is in a cluster; its counts tell.
fn blockers(cluster: &Found) -> Vec<Blocker> {
    let count = |count: i32, what: &str, leaves: &str| {
        let plural = if count == 1 { "" } else { "s" };
        let name = cluster.cluster_name().unwrap_or_default();
        (count > 0).then(|| Blocker {
            what: format!("{count} {what}{plural} of cluster {name}"),
            leaves: Some(leaves.to_owned()),
        })
    };
    let tasks = cluster.running_tasks_count() + cluster.pending_tasks_count();
    [
        count(cluster.active_services_count(), "service", "their own deletion ends them"),
        count(tasks, "task", "they are being stopped"),
        count(
            cluster.registered_container_instances_count(),
            "container instance",
            "they leave within minutes of their instance's end",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
