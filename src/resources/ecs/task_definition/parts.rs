//! Parts of a container definition, each with its way to AWS and back.

use super::built;
use crate::aws::{Result, Sdk};
use aws_sdk_ecs::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(
    sdk::TransportProtocol => "TransportProtocol",
    sdk::ApplicationProtocol => "ApplicationProtocol",
    sdk::EnvironmentFileType => "EnvironmentFileType",
    sdk::ContainerCondition => "ContainerCondition",
    sdk::UlimitName => "UlimitName",
    sdk::ResourceType => "ResourceType",
);

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortMapping {
    /// Port it listens on.
    #[schemars(range(min = 1, max = 65_535))]
    pub container_port: i32,
    /// Port of the instance, with the network mode `bridge` only; one is chosen for each task when
    /// left out or 0. With `awsvpc` and `host` it is that of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 65_535))]
    pub host_port: Option<i32>,
    /// `tcp`, as when left out, or `udp`.
    #[serde(default = "tcp")]
    pub protocol: Sdk<sdk::TransportProtocol>,
    /// Name that Service Connect uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is spoken, for Service Connect: `http`, `http2` or `grpc`; plain TCP when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<Sdk<sdk::ApplicationProtocol>>,
}

fn tcp() -> Sdk<sdk::TransportProtocol> {
    Sdk(sdk::TransportProtocol::Tcp)
}

impl PortMapping {
    pub(super) fn sdk(&self) -> sdk::PortMapping {
        sdk::PortMapping::builder()
            .container_port(self.container_port)
            .set_host_port(self.host_port)
            .protocol(self.protocol.0.clone())
            .set_name(self.name.clone())
            .set_app_protocol(self.app_protocol.as_ref().map(|p| p.0.clone()))
            .build()
    }

    pub(super) fn of_sdk(found: sdk::PortMapping) -> Self {
        Self {
            container_port: found.container_port.unwrap_or_default(),
            host_port: found.host_port,
            protocol: found.protocol.map_or_else(tcp, Sdk),
            name: found.name,
            app_protocol: found.app_protocol.map(Sdk),
        }
    }
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyValuePair {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

impl KeyValuePair {
    pub(super) fn sdk(&self) -> sdk::KeyValuePair {
        sdk::KeyValuePair::builder().name(&self.name).value(&self.value).build()
    }

    pub(super) fn of_sdk(found: sdk::KeyValuePair) -> Self {
        let (name, value) = (found.name.unwrap_or_default(), found.value);
        Self { name, value: value.unwrap_or_default() }
    }
}

/// A file of environment variables in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentFile {
    /// ARN of the object, whose name ends in `.env`.
    pub value: String,
    /// Kind of store: `s3`.
    #[serde(rename = "type", default = "s3")]
    pub kind: Sdk<sdk::EnvironmentFileType>,
}

fn s3() -> Sdk<sdk::EnvironmentFileType> {
    Sdk(sdk::EnvironmentFileType::S3)
}

impl EnvironmentFile {
    pub(super) fn sdk(&self) -> Result<sdk::EnvironmentFile> {
        let file = sdk::EnvironmentFile::builder().value(&self.value).r#type(self.kind.0.clone());
        built("environment_files", file.build())
    }

    pub(super) fn of_sdk(found: sdk::EnvironmentFile) -> Self {
        Self { value: found.value, kind: Sdk(found.r#type) }
    }
}

/// Where a volume stands in a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MountPoint {
    /// Name of the volume.
    pub source_volume: String,
    /// Path in the container.
    pub container_path: String,
    /// Whether the container may only read it.
    #[serde(default)]
    pub read_only: bool,
}

impl MountPoint {
    pub(super) fn sdk(&self) -> sdk::MountPoint {
        sdk::MountPoint::builder()
            .source_volume(&self.source_volume)
            .container_path(&self.container_path)
            .read_only(self.read_only)
            .build()
    }

    pub(super) fn of_sdk(found: sdk::MountPoint) -> Self {
        Self {
            source_volume: found.source_volume.unwrap_or_default(),
            container_path: found.container_path.unwrap_or_default(),
            read_only: found.read_only.unwrap_or(false),
        }
    }
}

/// A container whose volumes are mounted too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeFrom {
    /// Name of the container.
    pub source_container: String,
    /// Whether they may only be read.
    #[serde(default)]
    pub read_only: bool,
}

impl VolumeFrom {
    pub(super) fn sdk(&self) -> sdk::VolumeFrom {
        let from = sdk::VolumeFrom::builder().source_container(&self.source_container);
        from.read_only(self.read_only).build()
    }

    pub(super) fn of_sdk(found: sdk::VolumeFrom) -> Self {
        Self {
            source_container: found.source_container.unwrap_or_default(),
            read_only: found.read_only.unwrap_or(false),
        }
    }
}

/// A container that comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainerDependency {
    /// Name of the container.
    pub container_name: String,
    /// What it must have come to: `START`, `COMPLETE`, `SUCCESS` or `HEALTHY`.
    pub condition: Sdk<sdk::ContainerCondition>,
}

impl ContainerDependency {
    pub(super) fn sdk(&self) -> Result<sdk::ContainerDependency> {
        let on = sdk::ContainerDependency::builder().container_name(&self.container_name);
        built("depends_on", on.condition(self.condition.0.clone()).build())
    }

    pub(super) fn of_sdk(found: sdk::ContainerDependency) -> Self {
        Self { container_name: found.container_name, condition: Sdk(found.condition) }
    }
}

/// A limit of the container's processes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ulimit {
    /// Which, e.g. `nofile`.
    pub name: Sdk<sdk::UlimitName>,
    /// Value that counts until the process raises it.
    pub soft_limit: i32,
    /// Highest value it may be raised to.
    pub hard_limit: i32,
}

impl Ulimit {
    pub(super) fn sdk(&self) -> Result<sdk::Ulimit> {
        let limit = sdk::Ulimit::builder().name(self.name.0.clone());
        built("ulimits", limit.soft_limit(self.soft_limit).hard_limit(self.hard_limit).build())
    }

    pub(super) fn of_sdk(found: sdk::Ulimit) -> Self {
        let (soft_limit, hard_limit) = (found.soft_limit, found.hard_limit);
        Self { name: Sdk(found.name), soft_limit, hard_limit }
    }
}

/// How it is told whether a container is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Command that is run in the container: `CMD` and its words, or `CMD-SHELL` and a line.
    pub command: Vec<String>,
    /// Seconds between two, 5 to 300.
    #[serde(default = "interval")]
    #[schemars(range(min = 5, max = 300))]
    pub interval: i32,
    /// Seconds that one may take, 2 to 120.
    #[serde(default = "timeout")]
    #[schemars(range(min = 2, max = 120))]
    pub timeout: i32,
    /// Failures in a row that make it unhealthy, 1 to 10.
    #[serde(default = "retries")]
    #[schemars(range(min = 1, max = 10))]
    pub retries: i32,
    /// Seconds after the start in which failures do not count, up to 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub start_period: Option<i32>,
}

fn interval() -> i32 {
    30
}

fn timeout() -> i32 {
    5
}

fn retries() -> i32 {
    3
}

impl HealthCheck {
    pub(super) fn sdk(&self) -> Result<sdk::HealthCheck> {
        let check = sdk::HealthCheck::builder()
            .set_command(Some(self.command.clone()))
            .interval(self.interval)
            .timeout(self.timeout)
            .retries(self.retries)
            .set_start_period(self.start_period);
        built("health_check", check.build())
    }

    pub(super) fn of_sdk(found: sdk::HealthCheck) -> Self {
        Self {
            command: found.command,
            interval: found.interval.unwrap_or_else(interval),
            timeout: found.timeout.unwrap_or_else(timeout),
            retries: found.retries.unwrap_or_else(retries),
            start_period: found.start_period.filter(|seconds| *seconds != 0),
        }
    }
}

/// A parameter of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemControl {
    /// Which, e.g. `net.core.somaxconn`.
    pub namespace: String,
    /// Its value.
    pub value: String,
}

impl SystemControl {
    pub(super) fn sdk(&self) -> sdk::SystemControl {
        sdk::SystemControl::builder().namespace(&self.namespace).value(&self.value).build()
    }

    pub(super) fn of_sdk(found: sdk::SystemControl) -> Self {
        let (namespace, value) = (found.namespace.unwrap_or_default(), found.value);
        Self { namespace, value: value.unwrap_or_default() }
    }
}

/// A device a container needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceRequirement {
    /// Kind, e.g. `GPU`.
    #[serde(rename = "type")]
    pub kind: Sdk<sdk::ResourceType>,
    /// How many, or the name of an accelerator.
    pub value: String,
}

impl ResourceRequirement {
    pub(super) fn sdk(&self) -> Result<sdk::ResourceRequirement> {
        let requirement = sdk::ResourceRequirement::builder().r#type(self.kind.0.clone());
        built("resource_requirements", requirement.value(&self.value).build())
    }

    pub(super) fn of_sdk(found: sdk::ResourceRequirement) -> Self {
        Self { kind: Sdk(found.r#type), value: found.value }
    }
}

/// Credentials of a private registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepositoryCredentials {
    /// ARN of the secret.
    pub credentials_parameter: String,
}

impl RepositoryCredentials {
    pub(super) fn sdk(&self) -> Result<sdk::RepositoryCredentials> {
        let credentials = sdk::RepositoryCredentials::builder();
        let given = credentials.credentials_parameter(&self.credentials_parameter).build();
        built("repository_credentials", given)
    }
}

/// Whether a container is started again by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestartPolicy {
    /// Whether it is.
    pub enabled: bool,
    /// Exit codes after which it is not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ignored_exit_codes: BTreeSet<i32>,
    /// Seconds it must have run before, 60 to 1800.
    #[serde(default = "restart_period")]
    #[schemars(range(min = 60, max = 1800))]
    pub restart_attempt_period: i32,
}

fn restart_period() -> i32 {
    300
}

impl RestartPolicy {
    pub(super) fn sdk(&self) -> Result<sdk::ContainerRestartPolicy> {
        let codes: Vec<i32> = self.ignored_exit_codes.iter().copied().collect();
        let policy = sdk::ContainerRestartPolicy::builder()
            .enabled(self.enabled)
            .set_ignored_exit_codes(Some(codes).filter(|codes| !codes.is_empty()))
            .restart_attempt_period(self.restart_attempt_period);
        built("restart_policy", policy.build())
    }

    pub(super) fn of_sdk(found: sdk::ContainerRestartPolicy) -> Self {
        Self {
            enabled: found.enabled,
            ignored_exit_codes: found.ignored_exit_codes.unwrap_or_default().into_iter().collect(),
            restart_attempt_period: found.restart_attempt_period.unwrap_or_else(restart_period),
        }
    }
}

/// A name and its address in the container's `/etc/hosts`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostEntry {
    /// Name.
    pub hostname: String,
    /// Address.
    pub ip_address: String,
}

impl HostEntry {
    pub(super) fn sdk(&self) -> Result<sdk::HostEntry> {
        let entry = sdk::HostEntry::builder().hostname(&self.hostname);
        built("extra_hosts", entry.ip_address(&self.ip_address).build())
    }

    pub(super) fn of_sdk(found: sdk::HostEntry) -> Self {
        Self { hostname: found.hostname, ip_address: found.ip_address }
    }
}
