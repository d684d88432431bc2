//! Parts of a service, each with its way to AWS and back.

use super::EcsService;
use crate::aws::{Cx, Result, Sdk};
use crate::engine::resource::{Id, Live};
use crate::resources::ec2::security_group::SecurityGroup;
use crate::resources::ec2::subnet::Subnet;
use crate::resources::ecs::task_definition::logging::LogConfiguration;
use crate::resources::ecs::task_definition::{self, built};
use aws_sdk_ecs::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(
    sdk::AssignPublicIp => "AssignPublicIp",
    sdk::DeploymentControllerType => "DeploymentControllerType",
    sdk::PlacementConstraintType => "PlacementConstraintType",
    sdk::PlacementStrategyType => "PlacementStrategyType",
);

/// What replaces tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentController {
    /// `ECS`, as when left out, `CODE_DEPLOY` or `EXTERNAL`.
    #[serde(rename = "type")]
    pub kind: Sdk<sdk::DeploymentControllerType>,
}

impl DeploymentController {
    pub(super) fn sdk(&self) -> Result<sdk::DeploymentController> {
        let controller = sdk::DeploymentController::builder().r#type(self.kind.0.clone());
        built("deployment_controller", controller.build())
    }
}

/// How tasks are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentConfiguration {
    /// Percentage of the tasks asked for that keep running, rounded up. AWS starts with 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub minimum_healthy_percent: Option<i32>,
    /// Percentage of the tasks asked for that there are at most, rounded down. AWS starts with 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub maximum_percent: Option<i32>,
    /// Whether a deployment whose tasks do not start is given up, and taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_circuit_breaker: Option<CircuitBreaker>,
    /// Alarms that end a deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarms: Option<DeploymentAlarms>,
}

/// Whether a deployment whose tasks do not start is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircuitBreaker {
    /// Whether it is.
    pub enable: bool,
    /// Whether the deployment before then comes back.
    #[serde(default)]
    pub rollback: bool,
}

/// Alarms that end a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentAlarms {
    /// Names of CloudWatch alarms.
    pub alarm_names: BTreeSet<String>,
    /// Whether they do.
    pub enable: bool,
    /// Whether the deployment before then comes back.
    #[serde(default)]
    pub rollback: bool,
}

/// Network of tasks with `awsvpc`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfiguration {
    /// Subnets and security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awsvpc_configuration: Option<AwsvpcConfiguration>,
}

/// Subnets and security groups of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsvpcConfiguration {
    /// Subnets, up to 16, of one VPC.
    #[serde(default)]
    pub subnets: BTreeSet<Id<Subnet>>,
    /// Security groups, up to 5; the default one of the VPC when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_groups: Option<BTreeSet<Id<SecurityGroup>>>,
    /// Whether tasks on Fargate get a public address: `ENABLED` or `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<Sdk<sdk::AssignPublicIp>>,
}

/// A target group that tasks are in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// ARN of the target group; its target type is `ip` for tasks with `awsvpc`, else `instance`.
    pub target_group_arn: String,
    /// Container that takes the requests.
    pub container_name: String,
    /// Its port.
    #[schemars(range(min = 0, max = 65_535))]
    pub container_port: i32,
}

/// A Cloud Map service that tasks are registered in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceRegistry {
    /// ARN of the Cloud Map service.
    pub registry_arn: String,
    /// Port of SRV records, with `awsvpc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Container whose port SRV records tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_port: Option<i32>,
}

/// A rule for the instances that tasks stand on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementConstraint {
    /// `distinctInstance` (one task on each) or `memberOf`.
    #[serde(rename = "type")]
    pub kind: Sdk<sdk::PlacementConstraintType>,
    /// Expression in the cluster query language, for `memberOf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// How tasks are spread or packed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementStrategy {
    /// `spread`, `binpack` or `random`.
    #[serde(rename = "type")]
    pub kind: Sdk<sdk::PlacementStrategyType>,
    /// What they are spread over, e.g. `attribute:ecs.availability-zone` or `instanceId`; or packed
    /// by: `cpu` or `memory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl PlacementStrategy {
    /// Brings the field into the form AWS keeps: `host` is `instanceId`, `CPU` is `cpu`.
    pub(super) fn canonical(&mut self) {
        let field = self.field.take().filter(|field| !field.is_empty());
        self.field = field.map(|field| match field.to_ascii_lowercase().as_str() {
            "host" | "instanceid" => "instanceId".to_owned(),
            packed @ ("cpu" | "memory") => packed.to_owned(),
            _ => field,
        });
    }
}

/// How a service finds others through Service Connect, and is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceConnectConfiguration {
    /// Whether it does, as when left out. `false` takes it out.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// ARN of the Cloud Map namespace; the cluster's default when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Ports under which others find it; one that only calls others has none.
    #[schemars(extend("x-key" = ["port_name"]))]
    #[serde(default)]
    pub services: Vec<ServiceConnectService>,
    /// Where the proxy's log goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<LogConfiguration>,
}

fn yes() -> bool {
    true
}

/// A port under which others find a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceConnectService {
    /// Name of the port in the task definition.
    pub port_name: String,
    /// Name in the namespace; that of the port when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_name: Option<String>,
    /// Names and ports that others use.
    #[schemars(extend("x-key" = ["port"]))]
    #[serde(default)]
    pub client_aliases: Vec<ClientAlias>,
    /// Port the proxy listens on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_port_override: Option<i32>,
    /// How long requests and silences may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeoutConfiguration>,
}

/// A name and a port that others use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientAlias {
    /// Port.
    #[schemars(range(min = 1, max = 65_535))]
    pub port: i32,
    /// Name; `discovery_name.namespace` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
}

/// How long requests and silences may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeoutConfiguration {
    /// Seconds without anything; 0 for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_seconds: Option<i32>,
    /// Seconds of a request; 0 for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request_timeout_seconds: Option<i32>,
}

impl ServiceConnectConfiguration {
    pub(super) fn sdk(&self) -> Result<sdk::ServiceConnectConfiguration> {
        let alias = |alias: &ClientAlias| {
            let alias = sdk::ServiceConnectClientAlias::builder()
                .port(alias.port)
                .set_dns_name(alias.dns_name.clone());
            built("service_connect_configuration.services", alias.build())
        };
        let timeout = |timeout: &TimeoutConfiguration| {
            sdk::TimeoutConfiguration::builder()
                .set_idle_timeout_seconds(timeout.idle_timeout_seconds)
                .set_per_request_timeout_seconds(timeout.per_request_timeout_seconds)
                .build()
        };
        let service = |service: &ServiceConnectService| {
            let aliases = service.client_aliases.iter().map(alias).collect::<Result<Vec<_>>>()?;
            let one = sdk::ServiceConnectService::builder()
                .port_name(&service.port_name)
                .set_discovery_name(service.discovery_name.clone())
                .set_client_aliases(Some(aliases).filter(|all| !all.is_empty()))
                .set_ingress_port_override(service.ingress_port_override)
                .set_timeout(service.timeout.as_ref().map(timeout));
            built("service_connect_configuration.services", one.build())
        };
        let services = self.services.iter().map(service).collect::<Result<Vec<_>>>()?;
        let log = self.log_configuration.as_ref().map(LogConfiguration::sdk).transpose()?;
        Ok(sdk::ServiceConnectConfiguration::builder()
            .enabled(self.enabled)
            .set_namespace(self.namespace.clone())
            .set_services(Some(services).filter(|all| !all.is_empty()))
            .set_log_configuration(log)
            .build())
    }

    pub(super) fn of_sdk(found: sdk::ServiceConnectConfiguration) -> Self {
        let alias = |alias: sdk::ServiceConnectClientAlias| ClientAlias {
            port: alias.port,
            dns_name: alias.dns_name,
        };
        let timeout = |timeout: sdk::TimeoutConfiguration| TimeoutConfiguration {
            idle_timeout_seconds: timeout.idle_timeout_seconds,
            per_request_timeout_seconds: timeout.per_request_timeout_seconds,
        };
        let service = |one: sdk::ServiceConnectService| ServiceConnectService {
            discovery_name: one.discovery_name.filter(|name| *name != one.port_name),
            port_name: one.port_name,
            client_aliases: one.client_aliases.into_iter().flatten().map(alias).collect(),
            ingress_port_override: one.ingress_port_override,
            timeout: one.timeout.map(timeout),
        };
        Self {
            enabled: found.enabled,
            namespace: found.namespace,
            services: found.services.into_iter().flatten().map(service).collect(),
            log_configuration: found.log_configuration.map(LogConfiguration::of_sdk),
        }
    }
}

impl EcsService {
    pub(super) fn deployment(
        &self,
        now: Option<&DeploymentConfiguration>,
    ) -> Result<Option<sdk::DeploymentConfiguration>> {
        let Some(wanted) = &self.deployment_configuration else { return Ok(None) };
        // What the stack does not say stays: AWS takes the whole.
        let none = DeploymentConfiguration::default();
        let now = now.unwrap_or(&none);
        let breaker = wanted.deployment_circuit_breaker.as_ref();
        let breaker = breaker.or(now.deployment_circuit_breaker.as_ref());
        let breaker = breaker.map(|breaker| {
            sdk::DeploymentCircuitBreaker::builder()
                .enable(breaker.enable)
                .rollback(breaker.rollback)
                .build()
        });
        let alarms = wanted.alarms.as_ref().or(now.alarms.as_ref()).map(|alarms| {
            let alarms = sdk::DeploymentAlarms::builder()
                .set_alarm_names(Some(alarms.alarm_names.iter().cloned().collect()))
                .enable(alarms.enable)
                .rollback(alarms.rollback);
            built("deployment_configuration.alarms", alarms.build())
        });
        let minimum = wanted.minimum_healthy_percent.or(now.minimum_healthy_percent);
        Ok(Some(
            sdk::DeploymentConfiguration::builder()
                .set_minimum_healthy_percent(minimum)
                .set_maximum_percent(wanted.maximum_percent.or(now.maximum_percent))
                .set_deployment_circuit_breaker(breaker)
                .set_alarms(alarms.transpose()?)
                .build(),
        ))
    }

    pub(super) fn network(&self) -> Result<Option<sdk::NetworkConfiguration>> {
        let network = self.network_configuration.as_ref();
        let Some(network) = network.and_then(|network| network.awsvpc_configuration.as_ref())
        else {
            return Ok(None);
        };
        let groups = network.security_groups.as_ref();
        let groups = groups.map(|all| all.iter().map(|id| id.as_str().to_owned()).collect());
        let subnets = network.subnets.iter().map(|id| id.as_str().to_owned()).collect();
        let vpc = sdk::AwsVpcConfiguration::builder()
            .set_subnets(Some(subnets))
            .set_security_groups(groups)
            .set_assign_public_ip(network.assign_public_ip.as_ref().map(|a| a.0.clone()));
        let vpc = built("network_configuration", vpc.build())?;
        Ok(Some(sdk::NetworkConfiguration::builder().awsvpc_configuration(vpc).build()))
    }

    /// Tells whether the tasks have no interface of their own any more: AWS then refuses the subnets
    /// and security groups of those before.
    pub(super) async fn loses_network(&self, cx: &Cx, live: &Live<Self>) -> Result<bool> {
        if self.network_configuration.is_some() || live.spec.network_configuration.is_none() {
            return Ok(false);
        }
        let found = task_definition::describe(cx, &self.task_definition).await?;
        let mode = found.and_then(|(definition, _)| definition.network_mode);
        Ok(mode.is_some_and(|mode| mode != sdk::NetworkMode::Awsvpc))
    }

    pub(super) fn targets(&self) -> Option<Vec<sdk::LoadBalancer>> {
        let target = |one: &LoadBalancer| {
            sdk::LoadBalancer::builder()
                .target_group_arn(&one.target_group_arn)
                .container_name(&one.container_name)
                .container_port(one.container_port)
                .build()
        };
        self.load_balancers.as_ref().map(|all| all.iter().map(target).collect())
    }

    pub(super) fn registries(&self) -> Option<Vec<sdk::ServiceRegistry>> {
        let registry = |one: &ServiceRegistry| {
            sdk::ServiceRegistry::builder()
                .registry_arn(&one.registry_arn)
                .set_port(one.port)
                .set_container_name(one.container_name.clone())
                .set_container_port(one.container_port)
                .build()
        };
        self.service_registries.as_ref().map(|all| all.iter().map(registry).collect())
    }

    pub(super) fn constraints(&self) -> Option<Vec<sdk::PlacementConstraint>> {
        let constraint = |one: &PlacementConstraint| {
            let constraint = sdk::PlacementConstraint::builder().r#type(one.kind.0.clone());
            constraint.set_expression(one.expression.clone()).build()
        };
        self.placement_constraints.as_ref().map(|all| all.iter().map(constraint).collect())
    }

    pub(super) fn placement(&self) -> Option<Vec<sdk::PlacementStrategy>> {
        let strategy = |one: &PlacementStrategy| {
            let strategy = sdk::PlacementStrategy::builder().r#type(one.kind.0.clone());
            strategy.set_field(one.field.clone()).build()
        };
        self.placement_strategy.as_ref().map(|all| all.iter().map(strategy).collect())
    }
}
