//! Clusters, their settings and the capacity providers associated with them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::capacity_provider::Provider;
use super::rules::{
    CLUSTER_NAME, CONTAINS_INSTANCES, CONTAINS_PROVIDERS, CONTAINS_SERVICES, CONTAINS_TASKS,
    NO_CLUSTER, NO_PROVIDER, PROVIDER_IN_USE, SETTING_NAME, UPDATE_IN_PROGRESS,
};
use super::tags::Tags;
use super::task::Count;
use super::{
    Call, Input, Members, State, at_most, life, names, page, scaling, service, settings, state,
    state_mut, strategy, tags,
};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::{Answer, modelled};
use crate::state::Account;

/// What CreateCluster takes.
pub(super) const CREATE: &[&str] = &[
    "clusterName",
    "tags",
    "settings",
    "configuration",
    "capacityProviders",
    "defaultCapacityProviderStrategy",
];

/// What UpdateCluster takes.
pub(super) const UPDATE: &[&str] = &["cluster", "settings", "configuration"];

/// How long a deleted cluster can still be described (aws-semantics.md 6).
const TOMBSTONE: Duration = Duration::from_secs(3600);
/// How long the attachments of a change of capacity providers take.
const ATTACHING: Duration = Duration::from_secs(20);

/// A cluster.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cluster {
    /// When it was deleted.
    deleted: Option<Time>,
    container_insights: String,
    configuration: Option<Value>,
    /// Names of the capacity providers associated with it.
    pub(super) providers: Vec<String>,
    /// What services and tasks get that name neither a strategy nor a launch type.
    pub(super) strategy: Vec<Value>,
    /// Until when its attachments are `UPDATE_IN_PROGRESS`, once it ever had any.
    attaching: Option<Time>,
    pub(super) tags: Tags,
}

impl Cluster {
    /// Tells whether it was not deleted.
    pub(super) fn is_active(&self) -> bool {
        self.deleted.is_none()
    }

    /// When it can no longer be described.
    pub(super) fn due(&self) -> Option<Time> {
        self.deleted.map(|deleted| deleted + TOMBSTONE)
    }

    fn attachments_status(&self, now: Time) -> Option<&'static str> {
        self.attaching.map(
            |until| {
                if until > now { "UPDATE_IN_PROGRESS" } else { "UPDATE_COMPLETE" }
            },
        )
    }
}

/// Returns a cluster that is active.
pub(super) fn active<'a>(state: &'a State, name: &str) -> Result<&'a Cluster, Refusal> {
    let found = state.clusters.get(name).filter(|cluster| cluster.is_active());
    found.ok_or_else(|| NO_CLUSTER.refuse(&[]))
}

fn active_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<(String, &'a mut Cluster), Refusal> {
    let name = names::cluster(call, input)?;
    let state = state_mut(account, &call.region);
    let found = state.clusters.get_mut(name).filter(|cluster| cluster.is_active());
    Ok((name.to_owned(), found.ok_or_else(|| NO_CLUSTER.refuse(&[]))?))
}

/// Returns the setting of Container Insights in a request.
fn insights(input: &Input) -> Result<Option<String>, Refusal> {
    let mut value = None;
    for setting in input.list("settings").iter().filter_map(Value::as_object) {
        let name = setting.text("name").unwrap_or("null");
        let given = setting.text("value").unwrap_or("null");
        if name != "containerInsights" || !["enabled", "disabled", "enhanced"].contains(&given) {
            return Err(SETTING_NAME.refuse(&[&format!("{name}={given}")]));
        }
        value = Some(given.to_owned());
    }
    Ok(value)
}

fn configuration(input: &Input) -> Result<Option<Value>, Refusal> {
    let Some(given) = input.object("configuration") else { return Ok(None) };
    modelled(given, "configuration", &["executeCommandConfiguration"])?;
    let given = json!(given);
    Ok(Some(given).filter(|given| given.as_object().is_some_and(|given| !given.is_empty())))
}

/// CreateCluster: a name that is active is no error, its cluster is the answer.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("clusterName").unwrap_or("default");
    if !names::is_name(name) {
        return Err(CLUSTER_NAME.refuse(&[]));
    }
    if active(state(account, &call.region), name).is_err() {
        let principal = &call.principal_arn;
        let default = settings::effective(account, &call.region, principal, "containerInsights");
        let new = Cluster {
            container_insights: insights(input)?.unwrap_or(default),
            configuration: configuration(input)?,
            tags: tags::of(input)?,
            ..Cluster::default()
        };
        state_mut(account, &call.region).clusters.insert(name.to_owned(), new);
        if input.contains_key("capacityProviders") {
            associate(account, call, name, input)?;
        }
    }
    Ok(json!({"cluster": shown(account, call, name, &["SETTINGS", "TAGS", "CONFIGURATIONS"])}))
}

/// UpdateCluster and UpdateClusterSettings.
pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (insights, configuration) = (insights(input)?, configuration(input)?);
    let (name, cluster) = active_mut(account, call, input)?;
    if let Some(insights) = insights {
        cluster.container_insights = insights;
    }
    if input.contains_key("configuration") {
        cluster.configuration = configuration;
    }
    Ok(json!({"cluster": shown(account, call, &name, &["SETTINGS", "TAGS", "CONFIGURATIONS"])}))
}

/// DeleteCluster: it can be described as INACTIVE for an hour.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let now = call.now;
    let (name, cluster) = active_mut(account, call, input)?;
    if cluster.attachments_status(now) == Some("UPDATE_IN_PROGRESS") {
        return Err(UPDATE_IN_PROGRESS.refuse(&[]));
    }
    let providers = cluster.providers.clone();
    let state = state_mut(account, &call.region);
    if service::of_cluster(state, &name).next().is_some() {
        return Err(CONTAINS_SERVICES.refuse(&[]));
    }
    if state.tasks.values().any(|task| task.cluster == name && !task.is_stopped()) {
        return Err(CONTAINS_TASKS.refuse(&[]));
    }
    if state.instances.values().any(|instance| instance.cluster == name) {
        return Err(CONTAINS_INSTANCES.refuse(&[]));
    }
    if providers.iter().any(|name| !strategy::FARGATE.contains(&name.as_str())) {
        return Err(CONTAINS_PROVIDERS.refuse(&[]));
    }
    if let Some(cluster) = state.clusters.get_mut(&name) {
        cluster.deleted = Some(now);
    }
    Ok(json!({"cluster": shown(account, call, &name, &["SETTINGS", "TAGS"])}))
}

/// PutClusterCapacityProviders.
pub(super) fn put_providers(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let now = call.now;
    let (name, cluster) = active_mut(account, call, input)?;
    if cluster.attachments_status(now) == Some("UPDATE_IN_PROGRESS") {
        return Err(UPDATE_IN_PROGRESS.refuse(&[]));
    }
    associate(account, call, &name, input)?;
    let parts = ["SETTINGS", "TAGS", "CONFIGURATIONS", "ATTACHMENTS"];
    Ok(json!({"cluster": shown(account, call, &name, &parts)}))
}

/// Replaces the providers of a cluster and its default strategy.
fn associate(account: &mut Account, call: &Call, name: &str, input: &Input) -> Result<(), Refusal> {
    let state = state_mut(account, &call.region);
    let mut providers: Vec<String> = Vec::new();
    for given in input.texts("capacityProviders") {
        let provider = names::of(call, "capacity-provider", given)?;
        let is_there = state
            .providers
            .get(provider)
            .is_some_and(super::capacity_provider::Provider::is_active);
        if !is_there && !strategy::FARGATE.contains(&provider) {
            return Err(NO_PROVIDER.refuse(&[given]));
        }
        if !providers.iter().any(|known| known == provider) {
            providers.push(provider.to_owned());
        }
    }
    let cluster = active(state, name)?;
    let leaving: Vec<String> =
        cluster.providers.iter().filter(|known| !providers.contains(known)).cloned().collect();
    if leaving.iter().any(|provider| is_used(state, name, provider)) {
        return Err(PROVIDER_IN_USE.refuse(&[]));
    }
    let joining: Vec<String> =
        providers.iter().filter(|new| !cluster.providers.contains(new)).cloned().collect();
    let mut changed = Cluster { providers, ..cluster.clone() };
    let given = input.list("defaultCapacityProviderStrategy");
    changed.strategy = strategy::read(call, given, &changed)?;
    let groups = |providers: &[String]| {
        providers.iter().any(|name| !strategy::FARGATE.contains(&name.as_str()))
    };
    if groups(&changed.providers) || groups(&leaving) {
        changed.attaching = Some(call.after(ATTACHING));
    }
    state.clusters.insert(name.to_owned(), changed);
    let of = |names: &[String]| -> Vec<Provider> {
        names.iter().filter_map(|name| state.providers.get(name)).cloned().collect()
    };
    let (joining, leaving) = (of(&joining), of(&leaving));
    for provider in &joining {
        scaling::attach(account, &call.region, provider);
    }
    for provider in &leaving {
        scaling::detach(account, &call.region, provider, call.now);
    }
    life::wake(account, &call.region, call.now);
    Ok(())
}

/// Tells whether a service of a cluster, or a task that runs, uses a provider.
fn is_used(state: &State, cluster: &str, provider: &str) -> bool {
    let mut services = service::of_cluster(state, cluster);
    let mut tasks = state.tasks.values();
    services.any(|service| {
        let primary = service.primary();
        primary.is_some_and(|it| strategy::names_provider(it.strategy(), provider))
    }) || tasks.any(|task| {
        task.cluster == cluster && !task.is_stopped() && task.provider.as_deref() == Some(provider)
    })
}

/// DescribeClusters.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "clusters", 100)?;
    let state = state(account, &call.region);
    let asked = input.texts("clusters");
    let asked = if asked.is_empty() { vec!["default"] } else { asked };
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for given in asked {
        let name = names::of(call, "cluster", given)?;
        if state.clusters.contains_key(name) {
            clusters.push(shown(account, call, name, &input.texts("include")));
        } else {
            let arn = names::arn(call, "cluster", name);
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

/// ListClusters: those that are active.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let clusters = state(account, &call.region).clusters.iter();
    let arns = clusters
        .filter(|(_, cluster)| cluster.is_active())
        .map(|(name, _)| (name.clone(), json!(names::arn(call, "cluster", name))))
        .collect();
    let (arns, next) = page(input, 100, arns)?;
    Ok(json!({"clusterArns": arns, "nextToken": next}))
}

/// Shows a cluster with those of its optional parts that are asked for.
fn shown(account: &Account, call: &Call, name: &str, parts: &[&str]) -> Value {
    let state = state(account, &call.region);
    let Some(cluster) = state.clusters.get(name) else { return Value::Null };
    let with = |part: &str, value: Value| parts.contains(&part).then_some(value);
    let setting = json!([{"name": "containerInsights", "value": cluster.container_insights}]);
    let is_active = cluster.is_active();
    let mut count = Count::default();
    state.tasks.values().filter(|task| task.cluster == name).for_each(|task| count.add(task));
    let hosts = state.instances.values().filter(|instance| instance.cluster == name).count();
    let services = service::of_cluster(state, name).filter(|it| it.is_active()).count();
    let statistics = json!([
        {"name": "runningEC2TasksCount", "value": count.running.to_string()},
        {"name": "pendingEC2TasksCount", "value": count.pending.to_string()},
        {"name": "activeEC2ServiceCount", "value": services.to_string()},
    ]);
    json!({
        "clusterArn": names::arn(call, "cluster", name),
        "clusterName": name,
        "status": if is_active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": hosts,
        "runningTasksCount": count.running,
        "pendingTasksCount": count.pending,
        "activeServicesCount": services,
        "statistics": with("STATISTICS", statistics).or_else(|| Some(json!([]))),
        "settings": with("SETTINGS", setting).or_else(|| Some(json!([]))),
        "tags": with("TAGS", tags::show(&cluster.tags)).or_else(|| Some(json!([]))),
        "configuration": with("CONFIGURATIONS", json!(cluster.configuration)),
        "capacityProviders": cluster.providers,
        "defaultCapacityProviderStrategy": cluster.strategy,
        "attachments": with("ATTACHMENTS", attachments(state, cluster)),
        "attachmentsStatus": cluster.attachments_status(call.now),
    })
}

/// What ECS made in the groups of a cluster's providers.
fn attachments(state: &State, cluster: &Cluster) -> Value {
    let providers = cluster.providers.iter();
    let providers = providers.filter_map(|name| Some((name, state.providers.get(name)?)));
    providers
        .flat_map(|(name, provider)| {
            let attachment = |kind: &str, detail: &str, value: String| {
                json!({
                    "id": provider.attachment_id(kind), "type": kind, "status": "CREATED",
                    "details": [{"name": "capacityProviderName", "value": name},
                        {"name": detail, "value": value}],
                })
            };
            let policy = provider
                .is_scaling()
                .then(|| attachment("as_policy", "scalingPolicyName", provider.policy_name()));
            let hook = provider.is_draining().then(|| {
                attachment(
                    "managed_draining",
                    "hookName",
                    super::capacity_provider::HOOK.to_owned(),
                )
            });
            policy.into_iter().chain(hook)
        })
        .collect()
}

/// Returns the clusters a provider is associated with.
pub(super) fn with_provider<'a>(state: &'a State, provider: &str) -> Vec<&'a str> {
    let clusters = state.clusters.iter().filter(|(_, cluster)| cluster.is_active());
    clusters
        .filter(|(_, cluster)| cluster.providers.iter().any(|known| known == provider))
        .map(|(name, _)| name.as_str())
        .collect()
}
