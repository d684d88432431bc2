//! A container of a task definition, and its way to AWS and back.

use super::linux::{LinuxParameters, is_false};
use super::logging::{FirelensConfiguration, LogConfiguration, Secret};
use super::parts::{
    ContainerDependency, EnvironmentFile, HealthCheck, HostEntry, KeyValuePair, MountPoint,
    PortMapping, RepositoryCredentials, ResourceRequirement, RestartPolicy, SystemControl, Ulimit,
    VolumeFrom,
};
use crate::aws::{Result, Sdk};
use crate::stack::schema::write_only;
use aws_sdk_ecs::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

crate::sdk_enum!(sdk::VersionConsistency => "VersionConsistency");

/// A container. What is left out is not set: the definition of a container is given whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainerDefinition {
    /// Name, unique in the task: up to 255 letters, digits, `-` and `_`.
    pub name: String,
    /// Image: `registry/repository:tag` or `registry/repository@digest`.
    pub image: String,
    /// Who says which image runs: `stack`, as when left out, or `deploy`. With `deploy` the image
    /// that runs stands, and that of the file is used only when the family is made.
    #[schemars(transform = write_only)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_owner: Option<ImageOwner>,
    /// Credentials of a private registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_credentials: Option<RepositoryCredentials>,
    /// CPU units, 1024 to a core: reserved on an instance, and a share when it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<i32>,
    /// MiB of memory at which it is killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// MiB of memory reserved for it, less than `memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_reservation: Option<i32>,
    /// Ports. Their order does not matter.
    #[schemars(extend("x-key" = ["container_port", "protocol"]))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub port_mappings: Vec<PortMapping>,
    /// Whether the task ends with it.
    #[serde(default = "yes")]
    pub essential: bool,
    /// Whether it is started again by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    /// Words of the entry point, instead of the image's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entry_point: Vec<String>,
    /// Words of the command, instead of the image's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Environment variables.
    #[schemars(extend("x-key" = ["name"]))]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environment: BTreeSet<KeyValuePair>,
    /// Files of environment variables.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environment_files: BTreeSet<EnvironmentFile>,
    /// Environment variables that are secrets.
    #[schemars(extend("x-key" = ["name"]))]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<Secret>,
    /// Where volumes stand in it. Their order does not matter.
    #[schemars(extend("x-key" = ["container_path"]))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mount_points: Vec<MountPoint>,
    /// Containers whose volumes are mounted too. Their order does not matter.
    #[schemars(extend("x-key" = ["source_container"]))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes_from: Vec<VolumeFrom>,
    /// What Linux gives or denies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linux_parameters: Option<LinuxParameters>,
    /// Containers that come first.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<ContainerDependency>,
    /// Seconds after which a dependency is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timeout: Option<i32>,
    /// Seconds between being asked to stop and being killed; the agent's 30 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i32>,
    /// Whether all tasks of a deployment run the digest its tag had first: `enabled`, as when left
    /// out, or `disabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_consistency: Option<Sdk<sdk::VersionConsistency>>,
    /// Its host name; not with `awsvpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// User it runs as, e.g. `10001` or `10001:10001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Directory its command starts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Whether it has no network.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disable_networking: bool,
    /// Whether it may do on the instance what root may.
    #[serde(default, skip_serializing_if = "is_false")]
    pub privileged: bool,
    /// Whether it may only read its root file system.
    #[serde(default, skip_serializing_if = "is_false")]
    pub readonly_root_filesystem: bool,
    /// Name servers; not with `awsvpc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_servers: Vec<String>,
    /// Domains that names are completed with; not with `awsvpc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_search_domains: Vec<String>,
    /// Names and addresses in its `/etc/hosts`; not with `awsvpc`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub extra_hosts: BTreeSet<HostEntry>,
    /// Labels of SELinux or AppArmor.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub docker_security_options: BTreeSet<String>,
    /// Whether its input stays open.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interactive: bool,
    /// Whether it has a terminal.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pseudo_terminal: bool,
    /// Labels of the container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub docker_labels: BTreeMap<String, String>,
    /// Limits of its processes. Their order does not matter.
    #[schemars(extend("x-key" = ["name"]))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ulimits: Vec<Ulimit>,
    /// Where what it writes to its outputs goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<LogConfiguration>,
    /// How it is told whether it is healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// Parameters of the kernel.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub system_controls: BTreeSet<SystemControl>,
    /// Devices it needs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resource_requirements: BTreeSet<ResourceRequirement>,
    /// Whether it routes the logs of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firelens_configuration: Option<FirelensConfiguration>,
}

fn yes() -> bool {
    true
}

/// Who says which image runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageOwner {
    /// The stack file.
    Stack,
    /// Deployments.
    Deploy,
}

fn given<'a, T: 'a, U>(
    all: impl IntoIterator<Item = &'a T>,
    convert: impl Fn(&T) -> U,
) -> Option<Vec<U>> {
    let all: Vec<U> = all.into_iter().map(convert).collect();
    Some(all).filter(|all| !all.is_empty())
}

fn tried<'a, T: 'a, U>(
    all: impl IntoIterator<Item = &'a T>,
    convert: impl Fn(&T) -> Result<U>,
) -> Result<Option<Vec<U>>> {
    let all = all.into_iter().map(convert).collect::<Result<Vec<_>>>()?;
    Ok(Some(all).filter(|all| !all.is_empty()))
}

fn words(words: &[String]) -> Option<Vec<String>> {
    (!words.is_empty()).then(|| words.to_vec())
}

fn set<T, U, C: FromIterator<U>>(found: Option<Vec<T>>, convert: impl Fn(T) -> U) -> C {
    found.unwrap_or_default().into_iter().map(convert).collect()
}

impl ContainerDefinition {
    /// Brings what may be written in several ways into one. `fixed_ports`: whether the network mode
    /// makes the port of the host that of the container.
    pub(super) fn canonical(&mut self, fixed_ports: bool) {
        self.cpu = self.cpu.filter(|units| *units != 0);
        // Their places stay: values not known yet are put back by them.
        for port in &mut self.port_mappings {
            let own = port.container_port;
            let implied = |host: &i32| *host == 0 || fixed_ports && *host == own;
            port.host_port = port.host_port.filter(|host| !implied(host));
        }
        if let Some(check) = &mut self.health_check {
            check.start_period = check.start_period.filter(|seconds| *seconds != 0);
        }
        self.linux_parameters =
            self.linux_parameters.take().filter(|l| *l != LinuxParameters::default());
        self.version_consistency =
            self.version_consistency.take().filter(|v| v.0 != sdk::VersionConsistency::Enabled);
        for text in [&mut self.hostname, &mut self.user, &mut self.working_directory] {
            *text = text.take().filter(|text| !text.is_empty());
        }
        self.image_owner = self.image_owner.filter(|owner| *owner != ImageOwner::Stack);
    }

    /// Puts what has no order into one.
    pub(super) fn sort(&mut self) {
        self.port_mappings.sort();
        self.mount_points.sort();
        self.volumes_from.sort();
        self.ulimits.sort();
        if let Some(linux) = &mut self.linux_parameters {
            linux.tmpfs.sort();
        }
    }

    /// Converts it for AWS.
    pub(super) fn sdk(&self) -> Result<sdk::ContainerDefinition> {
        let labels = (!self.docker_labels.is_empty())
            .then(|| self.docker_labels.clone().into_iter().collect());
        let credentials = self.repository_credentials.as_ref();
        let firelens = self.firelens_configuration.as_ref();
        Ok(sdk::ContainerDefinition::builder()
            .name(&self.name)
            .image(&self.image)
            .set_repository_credentials(credentials.map(RepositoryCredentials::sdk).transpose()?)
            .cpu(self.cpu.unwrap_or(0))
            .set_memory(self.memory)
            .set_memory_reservation(self.memory_reservation)
            .set_port_mappings(given(&self.port_mappings, PortMapping::sdk))
            .essential(self.essential)
            .set_restart_policy(self.restart_policy.as_ref().map(RestartPolicy::sdk).transpose()?)
            .set_entry_point(words(&self.entry_point))
            .set_command(words(&self.command))
            .set_environment(given(&self.environment, KeyValuePair::sdk))
            .set_environment_files(tried(&self.environment_files, EnvironmentFile::sdk)?)
            .set_secrets(tried(&self.secrets, Secret::sdk)?)
            .set_mount_points(given(&self.mount_points, MountPoint::sdk))
            .set_volumes_from(given(&self.volumes_from, VolumeFrom::sdk))
            .set_linux_parameters(
                self.linux_parameters.as_ref().map(LinuxParameters::sdk).transpose()?,
            )
            .set_depends_on(tried(&self.depends_on, ContainerDependency::sdk)?)
            .set_start_timeout(self.start_timeout)
            .set_stop_timeout(self.stop_timeout)
            .set_version_consistency(self.version_consistency.as_ref().map(|v| v.0.clone()))
            .set_hostname(self.hostname.clone())
            .set_user(self.user.clone())
            .set_working_directory(self.working_directory.clone())
            .set_disable_networking(self.disable_networking.then_some(true))
            .set_privileged(self.privileged.then_some(true))
            .set_readonly_root_filesystem(self.readonly_root_filesystem.then_some(true))
            .set_dns_servers(words(&self.dns_servers))
            .set_dns_search_domains(words(&self.dns_search_domains))
            .set_extra_hosts(tried(&self.extra_hosts, HostEntry::sdk)?)
            .set_docker_security_options(given(&self.docker_security_options, Clone::clone))
            .set_interactive(self.interactive.then_some(true))
            .set_pseudo_terminal(self.pseudo_terminal.then_some(true))
            .set_docker_labels(labels)
            .set_ulimits(tried(&self.ulimits, Ulimit::sdk)?)
            .set_log_configuration(
                self.log_configuration.as_ref().map(LogConfiguration::sdk).transpose()?,
            )
            .set_health_check(self.health_check.as_ref().map(HealthCheck::sdk).transpose()?)
            .set_system_controls(given(&self.system_controls, SystemControl::sdk))
            .set_resource_requirements(tried(
                &self.resource_requirements,
                ResourceRequirement::sdk,
            )?)
            .set_firelens_configuration(firelens.map(FirelensConfiguration::sdk).transpose()?)
            .build())
    }

    /// Converts it from AWS.
    pub(super) fn of_sdk(found: sdk::ContainerDefinition) -> Self {
        let credentials = found.repository_credentials.map(|found| RepositoryCredentials {
            credentials_parameter: found.credentials_parameter,
        });
        Self {
            name: found.name.unwrap_or_default(),
            image: found.image.unwrap_or_default(),
            image_owner: None,
            repository_credentials: credentials,
            cpu: Some(found.cpu),
            memory: found.memory,
            memory_reservation: found.memory_reservation,
            port_mappings: set(found.port_mappings, PortMapping::of_sdk),
            essential: found.essential.unwrap_or(true),
            restart_policy: found.restart_policy.map(RestartPolicy::of_sdk),
            entry_point: found.entry_point.unwrap_or_default(),
            command: found.command.unwrap_or_default(),
            environment: set(found.environment, KeyValuePair::of_sdk),
            environment_files: set(found.environment_files, EnvironmentFile::of_sdk),
            secrets: set(found.secrets, Secret::of_sdk),
            mount_points: set(found.mount_points, MountPoint::of_sdk),
            volumes_from: set(found.volumes_from, VolumeFrom::of_sdk),
            linux_parameters: found.linux_parameters.map(LinuxParameters::of_sdk),
            depends_on: set(found.depends_on, ContainerDependency::of_sdk),
            start_timeout: found.start_timeout,
            stop_timeout: found.stop_timeout,
            version_consistency: found.version_consistency.map(Sdk),
            hostname: found.hostname,
            user: found.user,
            working_directory: found.working_directory,
            disable_networking: found.disable_networking.unwrap_or(false),
            privileged: found.privileged.unwrap_or(false),
            readonly_root_filesystem: found.readonly_root_filesystem.unwrap_or(false),
            dns_servers: found.dns_servers.unwrap_or_default(),
            dns_search_domains: found.dns_search_domains.unwrap_or_default(),
            extra_hosts: set(found.extra_hosts, HostEntry::of_sdk),
            docker_security_options: set(found.docker_security_options, |option| option),
            interactive: found.interactive.unwrap_or(false),
            pseudo_terminal: found.pseudo_terminal.unwrap_or(false),
            docker_labels: found.docker_labels.unwrap_or_default().into_iter().collect(),
            ulimits: set(found.ulimits, Ulimit::of_sdk),
            log_configuration: found.log_configuration.map(LogConfiguration::of_sdk),
            health_check: found.health_check.map(HealthCheck::of_sdk),
            system_controls: set(found.system_controls, SystemControl::of_sdk),
            resource_requirements: set(found.resource_requirements, ResourceRequirement::of_sdk),
            firelens_configuration: found.firelens_configuration.map(FirelensConfiguration::of_sdk),
        }
    }
}
