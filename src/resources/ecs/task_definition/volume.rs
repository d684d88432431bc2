//! Volumes of a task.

use super::built;
use super::linux::is_false;
use crate::aws::{Result, Sdk};
use aws_sdk_ecs::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

crate::sdk_enum!(
    sdk::Scope => "Scope",
    sdk::EfsTransitEncryption => "EFSTransitEncryption",
    sdk::EfsAuthorizationConfigIam => "EFSAuthorizationConfigIAM",
);

/// A volume: empty at first, or a folder of the instance, or a volume of Docker or EFS. What is left
/// out is not set: a volume is given whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Name, which mount points use.
    pub name: String,
    /// A folder of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostVolumeProperties>,
    /// A volume of Docker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docker_volume_configuration: Option<DockerVolumeConfiguration>,
    /// An EFS file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub efs_volume_configuration: Option<EfsVolumeConfiguration>,
    /// Whether the service says what it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub configured_at_launch: bool,
}

/// A folder of the instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostVolumeProperties {
    /// Its path; one that lives as long as the task when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
}

/// A volume of Docker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DockerVolumeConfiguration {
    /// `task`, as when left out: it goes with the task; `shared`: it stays.
    #[serde(default = "of_task")]
    pub scope: Sdk<sdk::Scope>,
    /// Whether a shared one is made where it is missing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub autoprovision: bool,
    /// Driver; `local` when left out.
    #[serde(default = "local")]
    pub driver: String,
    /// Options of the driver.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_opts: BTreeMap<String, String>,
    /// Labels of the volume.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

fn of_task() -> Sdk<sdk::Scope> {
    Sdk(sdk::Scope::Task)
}

fn local() -> String {
    "local".to_owned()
}

/// An EFS file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EfsVolumeConfiguration {
    /// Id of the file system.
    pub file_system_id: String,
    /// Folder in it; `/` when left out.
    #[serde(default = "root")]
    pub root_directory: String,
    /// Whether what goes to it is encrypted; `DISABLED` when left out.
    #[serde(default = "plain")]
    pub transit_encryption: Sdk<sdk::EfsTransitEncryption>,
    /// Port of the encrypted connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit_encryption_port: Option<i32>,
    /// Access point and role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_config: Option<EfsAuthorizationConfig>,
}

fn root() -> String {
    "/".to_owned()
}

fn plain() -> Sdk<sdk::EfsTransitEncryption> {
    Sdk(sdk::EfsTransitEncryption::Disabled)
}

/// How a task is let into a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EfsAuthorizationConfig {
    /// Id of the access point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_point_id: Option<String>,
    /// Whether the task's role counts; `DISABLED` when left out.
    #[serde(default = "without_role")]
    pub iam: Sdk<sdk::EfsAuthorizationConfigIam>,
}

fn without_role() -> Sdk<sdk::EfsAuthorizationConfigIam> {
    Sdk(sdk::EfsAuthorizationConfigIam::Disabled)
}

impl Volume {
    /// Brings what may be written in several ways into one.
    pub(super) fn canonical(&mut self) {
        self.host = self.host.take().filter(|host| host.source_path.is_some());
        if let Some(efs) = &mut self.efs_volume_configuration {
            let says = |config: &EfsAuthorizationConfig| {
                config.access_point_id.is_some() || config.iam != without_role()
            };
            efs.authorization_config = efs.authorization_config.take().filter(says);
        }
    }

    /// Converts it for AWS.
    pub(super) fn sdk(&self) -> Result<sdk::Volume> {
        let host = self.host.as_ref().map(|host| {
            sdk::HostVolumeProperties::builder().set_source_path(host.source_path.clone()).build()
        });
        let map = |map: &BTreeMap<String, String>| {
            (!map.is_empty()).then(|| map.clone().into_iter().collect())
        };
        let docker = self.docker_volume_configuration.as_ref().map(|docker| {
            let shared = docker.scope.0 == sdk::Scope::Shared;
            sdk::DockerVolumeConfiguration::builder()
                .scope(docker.scope.0.clone())
                .set_autoprovision(shared.then_some(docker.autoprovision))
                .driver(&docker.driver)
                .set_driver_opts(map(&docker.driver_opts))
                .set_labels(map(&docker.labels))
                .build()
        });
        let efs = self.efs_volume_configuration.as_ref();
        Ok(sdk::Volume::builder()
            .name(&self.name)
            .set_host(host)
            .set_docker_volume_configuration(docker)
            .set_efs_volume_configuration(efs.map(EfsVolumeConfiguration::sdk).transpose()?)
            .set_configured_at_launch(self.configured_at_launch.then_some(true))
            .build())
    }

    /// Converts it from AWS.
    pub(super) fn of_sdk(found: sdk::Volume) -> Self {
        let map = |map: Option<std::collections::HashMap<String, String>>| {
            map.unwrap_or_default().into_iter().collect()
        };
        let docker = found.docker_volume_configuration.map(|docker| DockerVolumeConfiguration {
            scope: docker.scope.map_or_else(of_task, Sdk),
            autoprovision: docker.autoprovision.unwrap_or(false),
            driver: docker.driver.unwrap_or_else(local),
            driver_opts: map(docker.driver_opts),
            labels: map(docker.labels),
        });
        Self {
            name: found.name.unwrap_or_default(),
            host: found.host.map(|host| HostVolumeProperties { source_path: host.source_path }),
            docker_volume_configuration: docker,
            efs_volume_configuration: found
                .efs_volume_configuration
                .map(EfsVolumeConfiguration::of_sdk),
            configured_at_launch: found.configured_at_launch.unwrap_or(false),
        }
    }
}

impl EfsVolumeConfiguration {
    fn sdk(&self) -> Result<sdk::EfsVolumeConfiguration> {
        let authorization = self.authorization_config.as_ref().map(|config| {
            sdk::EfsAuthorizationConfig::builder()
                .set_access_point_id(config.access_point_id.clone())
                .iam(config.iam.0.clone())
                .build()
        });
        let efs = sdk::EfsVolumeConfiguration::builder()
            .file_system_id(&self.file_system_id)
            .root_directory(&self.root_directory)
            .transit_encryption(self.transit_encryption.0.clone())
            .set_transit_encryption_port(self.transit_encryption_port)
            .set_authorization_config(authorization);
        built("volumes.efs_volume_configuration", efs.build())
    }

    fn of_sdk(found: sdk::EfsVolumeConfiguration) -> Self {
        let authorization = found.authorization_config.map(|config| EfsAuthorizationConfig {
            access_point_id: config.access_point_id,
            iam: config.iam.map_or_else(without_role, Sdk),
        });
        Self {
            file_system_id: found.file_system_id,
            root_directory: found.root_directory.unwrap_or_else(root),
            transit_encryption: found.transit_encryption.map_or_else(plain, Sdk),
            transit_encryption_port: found.transit_encryption_port,
            authorization_config: authorization,
        }
    }
}
