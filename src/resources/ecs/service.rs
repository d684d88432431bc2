//! `ecs_service`: so many tasks of one definition, kept running and replaced by deployments.

mod blockers;
mod check;
mod fit;
mod names;
mod parts;
mod read;
mod reasons;
mod standing;
mod status;

pub use parts::{
    AwsvpcConfiguration, CircuitBreaker, ClientAlias, DeploymentAlarms, DeploymentConfiguration,
    DeploymentController, LoadBalancer, NetworkConfiguration, PlacementConstraint,
    PlacementStrategy, ServiceConnectConfiguration, ServiceConnectService, ServiceRegistry,
    TimeoutConfiguration,
};
pub(super) use read::running;

use super::cluster::{EcsCluster, linked_role};
use super::strategy::{self, CapacityProviderStrategyItem};
use super::tags::{self, to_ecs};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::planner::{Around, Object};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, IdentityBy, Live, Resource, Retryable, Rules,
    Standing, Status, Step, Want,
};
use crate::resources::applicationautoscaling::range::ScalingRange;
use crate::stack::schema::immutable;
use aws_sdk_ecs::types::{
    AvailabilityZoneRebalancing, LaunchType, NetworkConfiguration as NoNetwork, PropagateTags,
    SchedulingStrategy,
};
use names::ServiceName;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;

crate::sdk_enum!(
    AvailabilityZoneRebalancing => "AvailabilityZoneRebalancing",
    LaunchType => "LaunchType",
    PropagateTags => "PropagateTags",
    SchedulingStrategy => "SchedulingStrategy",
);

/// Tag that remembers the last value of `force_new_deployment`: AWS keeps none.
const DEPLOYMENT: &str = "infra:force-new-deployment";

/// An ECS service: so many tasks of one definition, kept running and replaced by deployments.
///
/// It is ready when its deployment is complete: the tasks asked for run the definition asked for. A
/// deployment that fails, or falls back to the one before, ends with AWS's reasons.
///
/// It is deleted by asking for no tasks first. Connections have the time that the target group
/// gives them (`deregistration_delay.timeout_seconds`, 300 seconds with AWS unasked): it is waited
/// for and not cut short.
///
/// ```toml
/// [ecs_service.app]
/// name                          = "order-api"
/// cluster                       = "${ecs_cluster.main.id}"
/// task_definition               = "${ecs_task_definition.app.arn}"
/// desired_count                 = 2
/// availability_zone_rebalancing = "ENABLED"
/// capacity_provider_strategy    = [{ capacity_provider = "${ecs_capacity_provider.main.id}", weight = 100 }]
/// placement_strategy            = [{ type = "spread", field = "attribute:ecs.availability-zone" }]
///
/// [ecs_service.app.deployment_configuration]
/// minimum_healthy_percent    = 100
/// maximum_percent            = 200
/// deployment_circuit_breaker = { enable = true, rollback = true }
///
/// [ecs_service.app.network_configuration.awsvpc_configuration]
/// subnets         = ["${subnet.private.id}"]
/// security_groups = ["${security_group.app.id}"]
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct EcsService {
    /// Name, unique in the cluster: up to 255 letters, digits, `-` and `_`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// Cluster it is in: its name or its ARN.
    #[schemars(transform = immutable)]
    pub cluster: Id<EcsCluster>,
    /// Task definition with its revision: the ARN, or `family:revision`.
    pub task_definition: String,
    /// Tasks. Inside the range of a scaling target, what that made of it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 5000))]
    pub desired_count: Option<i32>,
    /// Where tasks run, instead of a strategy: `EC2`, `FARGATE` or `EXTERNAL`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<Sdk<LaunchType>>,
    /// Capacity providers and their shares. The cluster's default is taken, and stays, when neither
    /// this nor a launch type is given. A change moves the tasks.
    #[schemars(extend("x-key" = strategy::KEY))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_provider_strategy: Option<Vec<CapacityProviderStrategyItem>>,
    /// Version of Fargate; `LATEST` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// `REPLICA` (so many tasks) or `DAEMON` (one on each instance).
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_strategy: Option<Sdk<SchedulingStrategy>>,
    /// What replaces tasks.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_controller: Option<DeploymentController>,
    /// How tasks are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_configuration: Option<DeploymentConfiguration>,
    /// Subnets and security groups of tasks with `awsvpc`, which need it; others have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    /// Target groups its tasks are in; an empty list is none.
    #[schemars(extend("x-key" = ["target_group_arn"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancers: Option<Vec<LoadBalancer>>,
    /// Cloud Map services its tasks are registered in; an empty list is none.
    #[schemars(extend("x-key" = ["registry_arn"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_registries: Option<Vec<ServiceRegistry>>,
    /// Service Connect: how it finds others, and is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_connect_configuration: Option<ServiceConnectConfiguration>,
    /// Rules for the instances its tasks stand on; an empty list is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_constraints: Option<BTreeSet<PlacementConstraint>>,
    /// How tasks are spread or packed, the most important first; an empty list is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_strategy: Option<Vec<PlacementStrategy>>,
    /// Seconds after its start in which a task is not ended for failing its health checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub health_check_grace_period_seconds: Option<i32>,
    /// Whether tasks move when a zone has more than its share: `ENABLED`, with which AWS starts, or
    /// `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_rebalancing: Option<Sdk<AvailabilityZoneRebalancing>>,
    /// Whether commands may be run in its containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_execute_command: Option<bool>,
    /// Whether its tasks get tags that name cluster and service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Whose tags its tasks get: `SERVICE`, `TASK_DEFINITION` or `NONE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagate_tags: Option<Sdk<PropagateTags>>,
    /// Any text: another one than last time deploys anew, so that a tag that was pushed again is
    /// pulled. It is remembered in a tag of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_new_deployment: Option<String>,
}

impl<'de> Deserialize<'de> for EcsService {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        // The derived one, which the attribute `remote` makes a function of the struct's own.
        let mut read = Self::deserialize(deserializer)?;
        read.canonical();
        Ok(read)
    }
}

impl Serialize for EcsService {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EcsServiceOut {
    /// `service/CLUSTER/NAME`, which Application Auto Scaling takes.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Name of its cluster.
    pub cluster_name: String,
    /// ARN of the service's role, where it has one.
    pub role_arn: Option<String>,
    /// Range of the scaling target that says how many tasks there are, where there is one.
    pub scaling_range: Option<ScalingRange>,
}

impl Resource for EcsService {
    const TYPE: &'static str = "ecs_service";
    const AWS_NAME: &'static str = "AWS::ECS::Service";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // aws-semantics.md 9.1: the cluster with its capacity providers, what lets a target group be
        // used, and the ways out through which tasks pull images and tell of themselves.
        created_after: &[
            "ecs_cluster",
            "autoscaling_group",
            "listener",
            "listener_rule",
            "nat_gateway",
            "route_table",
            "security_group",
            "vpc_endpoint",
        ],
        // A target would scale a service that is going (aws-semantics.md 9.2).
        deleted_after: &["scaling_target"],
        quiesces: true,
        // A circuit breaker brings the deployment before back.
        falls_back: true,
        // A deployment that failed is followed by another one.
        tries_again: true,
        retry: &[
            linked_role(Step::Create),
            retry(Step::Create, "does not have an associated load balancer", LISTENER),
            retry(Step::Update, "does not have an associated load balancer", LISTENER),
            retry(Step::Create, ROLE, "IAM to know the role everywhere"),
            retry(Step::Update, ROLE, "IAM to know the role everywhere"),
            retry(
                Step::Create,
                "still Draining",
                "the service of that name to be gone, its tasks are draining",
            ),
            retry(Step::Create, "capacity provider", "the capacity providers to be the cluster's"),
            retry(Step::Update, "capacity provider", "the capacity providers to be the cluster's"),
            Retryable::new(Step::Create, "ClusterNotFoundException", "", "the cluster to be known"),
            retry(
                Step::Delete,
                "cannot be stopped while deployments are active",
                "deployments to end",
            ),
        ],
        // aws-semantics.md 0.3.
        settle: Duration::from_secs(20 * 60),
        settle_delete: Duration::from_secs(20 * 60),
        ..Rules::DEFAULT
    };
    type Out = EcsServiceOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn unique_name(&self) -> Option<String> {
        names::unique(self.cluster.as_str(), &self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        self.problems()
    }

    /// Every task must fit on an instance type of one of its groups, and have a network that goes
    /// with its mode.
    async fn preflight(cx: &Cx, wanted: &Object, around: &Around) -> Result<Vec<FieldProblem>> {
        fit::check(cx, wanted, around).await
    }

    /// What a scaling target made of the number of tasks stands, inside its range; and the strategy
    /// that a service got from its cluster.
    fn stands(wanted: &Json, live: &Live<Self>) -> Vec<Standing> {
        standing::of(wanted, live)
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let mut tags = with.tags.clone();
        tags.extend(self.force_new_deployment.iter().map(|t| (DEPLOYMENT.to_owned(), t.clone())));
        let strategy =
            self.capacity_provider_strategy.as_deref().map(strategy::to_sdk).transpose()?;
        let controller = self.deployment_controller.as_ref();
        let connect = self.service_connect_configuration.as_ref();
        let made = cx
            .ecs()
            .create_service()
            .cluster(self.cluster.as_str())
            .service_name(&self.name)
            .task_definition(&self.task_definition)
            .set_desired_count(self.asked())
            .client_token(with.token)
            .set_launch_type(self.launch_type.as_ref().map(|t| t.0.clone()))
            .set_capacity_provider_strategy(strategy.filter(|items| !items.is_empty()))
            .set_platform_version(self.platform_version.clone())
            .set_scheduling_strategy(self.scheduling_strategy.as_ref().map(|s| s.0.clone()))
            .set_deployment_controller(controller.map(DeploymentController::sdk).transpose()?)
            .set_deployment_configuration(self.deployment(None)?)
            .set_network_configuration(self.network()?)
            .set_load_balancers(self.targets())
            .set_service_registries(self.registries())
            .set_service_connect_configuration(
                connect.map(ServiceConnectConfiguration::sdk).transpose()?,
            )
            .set_placement_constraints(self.constraints())
            .set_placement_strategy(self.placement())
            .set_health_check_grace_period_seconds(self.health_check_grace_period_seconds)
            .set_availability_zone_rebalancing(self.rebalancing())
            .set_enable_execute_command(self.enable_execute_command)
            .set_enable_ecs_managed_tags(self.enable_ecs_managed_tags)
            .set_propagate_tags(self.propagate_tags.as_ref().map(|p| p.0.clone()))
            .set_tags(Some(to_ecs(&tags)))
            .send()
            .await?;
        let service = made.service.ok_or_else(|| Error::incomplete("CreateService", "service"))?;
        let name = ServiceName::of(&service);
        Ok(name.ok_or_else(|| Error::incomplete("CreateService", "serviceArn"))?.id())
    }

    /// Sends what differs in one call: AWS keeps what is left out, and clears what is given empty.
    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let has = |field: &str| changed.has(field);
        let moves = has("capacity_provider_strategy");
        let forced = has("force_new_deployment");
        // Without a new deployment the one that failed would stay.
        let failed = matches!(live.status, Status::Failed(_));
        let name = ServiceName::from_id(&live.id)?;
        let call = cx.ecs().update_service().cluster(&name.cluster).service(&name.name);
        let strategy = self.capacity_provider_strategy.as_deref().filter(|_| moves);
        let connect = self.service_connect_configuration.as_ref();
        let connect = connect.filter(|_| has("service_connect_configuration"));
        let now = live.spec.deployment_configuration.as_ref();
        let network = if has("network_configuration") {
            self.network()?
        } else if has("task_definition") && self.loses_network(cx, live).await? {
            Some(NoNetwork::builder().build())
        } else {
            None
        };
        call.set_desired_count(self.desired_count.filter(|_| has("desired_count")))
            .set_task_definition(has("task_definition").then(|| self.task_definition.clone()))
            .set_capacity_provider_strategy(strategy.map(strategy::to_sdk).transpose()?)
            .set_platform_version(self.platform_version.clone().filter(|_| has("platform_version")))
            .set_deployment_configuration(if has("deployment_configuration") {
                self.deployment(now)?
            } else {
                None
            })
            .set_network_configuration(network)
            .set_load_balancers(self.targets().filter(|_| has("load_balancers")))
            .set_service_registries(self.registries().filter(|_| has("service_registries")))
            .set_service_connect_configuration(
                connect.map(ServiceConnectConfiguration::sdk).transpose()?,
            )
            .set_placement_constraints(self.constraints().filter(|_| has("placement_constraints")))
            .set_placement_strategy(self.placement().filter(|_| has("placement_strategy")))
            .set_health_check_grace_period_seconds(
                self.health_check_grace_period_seconds
                    .filter(|_| has("health_check_grace_period_seconds")),
            )
            .set_availability_zone_rebalancing(
                self.rebalancing().filter(|_| has("availability_zone_rebalancing")),
            )
            .set_enable_execute_command(
                self.enable_execute_command.filter(|_| has("enable_execute_command")),
            )
            .set_enable_ecs_managed_tags(
                self.enable_ecs_managed_tags.filter(|_| has("enable_ecs_managed_tags")),
            )
            .set_propagate_tags(
                self.propagate_tags.as_ref().map(|p| p.0.clone()).filter(|_| has("propagate_tags")),
            )
            // Running tasks move to other capacity only with a new deployment.
            .set_force_new_deployment((forced || moves || failed).then_some(true))
            .send()
            .await?;
        if let Some(text) = self.force_new_deployment.as_ref().filter(|_| forced) {
            let remembered = Tags::from([(DEPLOYMENT.to_owned(), text.clone())]);
            tags::tag(cx, &live.out.arn, &remembered, &[]).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.out.arn, set, remove).await
    }

    /// Asks for no tasks; a service with one task on each instance has no number to ask for.
    async fn quiesce(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let daemon = live.spec.scheduling_strategy.as_ref();
        if daemon.is_some_and(|strategy| strategy.0 == SchedulingStrategy::Daemon) {
            return Ok(());
        }
        let name = ServiceName::from_id(&live.id)?;
        let call = cx.ecs().update_service().cluster(&name.cluster).service(&name.name);
        gone_is_done(call.desired_count(0).send().await.map_err(Error::from))
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let name = ServiceName::from_id(&live.id)?;
        let call = cx.ecs().delete_service().cluster(&name.cluster).service(&name.name);
        gone_is_done(call.force(true).send().await.map_err(Error::from))
    }

    async fn reasons(cx: &Cx, live: &Live<Self>) -> Vec<String> {
        match ServiceName::parse(&live.id) {
            Some(name) => reasons::reasons(cx, &name).await,
            None => Vec::new(),
        }
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        blockers::blockers(cx, &ServiceName::from_id(&live.id)?, &live.spec).await
    }
}

const LISTENER: &str = "a listener to use the target group";
const ROLE: &str = "verify that the ECS service role being passed has the proper permissions";

const fn retry(step: Step, message: &'static str, reason: &'static str) -> Retryable {
    Retryable::new(step, "InvalidParameterException", message, reason)
}

/// Treats a service that is gone, or on its way, as done.
fn gone_is_done<T>(result: Result<T>) -> Result<()> {
    let gone = |error: &Error| {
        error.is_not_found()
            || error.is("ServiceNotActiveException")
            || error.is("ServiceNotFoundException")
    };
    match result {
        Err(error) if !gone(&error) => Err(error),
        _ => Ok(()),
    }
}

impl EcsService {
    /// The number of tasks to be made with: AWS insists on one, but for one on each instance.
    fn asked(&self) -> Option<i32> {
        let daemon = self.scheduling_strategy.as_ref();
        let daemon = daemon.is_some_and(|strategy| strategy.0 == SchedulingStrategy::Daemon);
        if daemon { None } else { Some(self.desired_count.unwrap_or(1)) }
    }

    fn rebalancing(&self) -> Option<AvailabilityZoneRebalancing> {
        self.availability_zone_rebalancing.as_ref().map(|r| r.0.clone())
    }
}

#[cfg(test)]
mod tests;
