//! `ecs_task_definition`: which containers run together, and how.
//!
//! AWS keeps revisions, which never change. Here a family is one resource: a change registers a new
//! revision, whoever refers to its `arn` follows, and old revisions are deregistered.

mod check;
pub mod container;
pub mod linux;
pub mod logging;
pub mod parts;
mod revisions;
mod settings;
pub mod volume;

pub use settings::{
    EphemeralStorage, ProxyConfiguration, RuntimePlatform, TaskPlacementConstraint,
};

use super::tags::{self, from_ecs, to_ecs};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, IdentityBy, Live, Resource, Retryable, Rules, Standing,
    Status, Step, Want,
};
use crate::resources::PARALLEL;
use crate::stack::schema::{immutable, renewed, whole, write_only};
use aws_sdk_ecs::types::{
    Compatibility, IpcMode, NetworkMode, PidMode, TaskDefinition as Found, TaskDefinitionField,
    TaskDefinitionStatus,
};
use container::{ContainerDefinition, ImageOwner};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;
use volume::Volume;

crate::sdk_enum!(
    Compatibility => "Compatibility",
    IpcMode => "IpcMode",
    NetworkMode => "NetworkMode",
    PidMode => "PidMode",
);

/// By which containers and volumes are matched.
const KEY: &[&str] = &["name"];

/// A task definition: which containers run together, and how. The family is what is owned; each
/// change registers a new revision of it, and `arn` names the newest.
///
/// Containers and volumes are given whole: what is left out in one of them is not set. Old revisions
/// are deregistered, but for some that are kept for a way back.
///
/// ```toml
/// [ecs_task_definition.app]
/// family                   = "${env}-order-api"
/// network_mode             = "awsvpc"
/// requires_compatibilities = ["EC2"]
/// cpu                      = "256"
/// memory                   = "512"
/// execution_role_arn       = "${iam_role.execution.arn}"
/// task_role_arn            = "${iam_role.task.arn}"
/// runtime_platform         = { cpu_architecture = "X86_64", operating_system_family = "LINUX" }
///
/// [[ecs_task_definition.app.container_definitions]]
/// name          = "app"
/// image         = "${ecr_repository.app.repository_uri}:1.0.0"
/// user          = "10001"
/// port_mappings = [{ name = "http", container_port = 8000, app_protocol = "http" }]
/// environment   = [{ name = "AWS_DEFAULT_REGION", value = "${region}" }]
/// readonly_root_filesystem = true
/// linux_parameters         = { capabilities = { drop = ["ALL"] }, init_process_enabled = true }
///
/// [ecs_task_definition.app.container_definitions.log_configuration]
/// log_driver = "awslogs"
/// options    = { awslogs-group = "${log_group.app.id}", awslogs-region = "${region}", awslogs-stream-prefix = "app" }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct EcsTaskDefinition {
    /// Name of the family, unique in the account and region: up to 255 letters, digits, `-`, `_`.
    #[schemars(transform = immutable)]
    pub family: String,
    /// Containers. Their order does not matter.
    #[schemars(transform = whole, extend("x-key" = KEY))]
    pub container_definitions: Vec<ContainerDefinition>,
    /// Volumes. Their order does not matter.
    #[serde(default)]
    #[schemars(transform = whole, extend("x-key" = KEY))]
    pub volumes: Vec<Volume>,
    /// Network of the task: `awsvpc` (an interface of its own), `bridge` (AWS's choice for Linux
    /// instances), `host` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<Sdk<NetworkMode>>,
    /// What it is checked to run on: `EC2`, `FARGATE`, `EXTERNAL`, `MANAGED_INSTANCES`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_compatibilities: Option<BTreeSet<Sdk<Compatibility>>>,
    /// CPU units of the whole task, 1024 to a core: `256` or `.25 vCPU`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of the whole task in MiB: `512` or `0.5 GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// ARN of the role its programs use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_role_arn: Option<String>,
    /// ARN of the role ECS uses to pull images, send logs and read secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role_arn: Option<String>,
    /// Architecture and system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Rules for the instances it may stand on. Their order does not matter.
    #[serde(default)]
    pub placement_constraints: BTreeSet<TaskPlacementConstraint>,
    /// Disk space on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Whose processes its containers see: `host` or `task`; each its own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid_mode: Option<Sdk<PidMode>>,
    /// Whose shared memory its containers use: `host`, `task` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipc_mode: Option<Sdk<IpcMode>>,
    /// The proxy of App Mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_configuration: Option<ProxyConfiguration>,
    /// Whether faults may be injected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_fault_injection: Option<bool>,
    /// Older revisions that stay usable, beside the newest and those that services run.
    #[schemars(transform = write_only, range(min = 0, max = 1000))]
    #[serde(default = "kept")]
    pub revisions_kept: u32,
}

fn kept() -> u32 {
    5
}

impl<'de> Deserialize<'de> for EcsTaskDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        // The derived one, which the attribute `remote` makes a function of the struct's own.
        let mut read = Self::deserialize(deserializer)?;
        read.canonical();
        Ok(read)
    }
}

impl Serialize for EcsTaskDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EcsTaskDefinitionOut {
    /// The family.
    pub id: String,
    /// ARN of the newest revision, with its number: what services take.
    #[schemars(transform = renewed)]
    pub arn: String,
    /// Number of the newest revision.
    #[schemars(transform = renewed)]
    pub revision: i32,
}

impl Resource for EcsTaskDefinition {
    const TYPE: &'static str = "ecs_task_definition";
    const AWS_NAME: &'static str = "AWS::ECS::TaskDefinition";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // aws-semantics.md 9.2: a service replaces its tasks until it is gone.
        deleted_after: &["ecs_service"],
        retry: &[
            new_role(Step::Create),
            new_role(Step::Update),
            other_revision(Step::Create),
            other_revision(Step::Update),
        ],
        // The time IAM takes to tell everybody of a role (aws-semantics.md 0.3).
        settle: Duration::from_secs(120),
        ..Rules::DEFAULT
    };
    type Out = EcsTaskDefinitionOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.family)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        self.problems()
    }

    /// An image that deployments say stands.
    fn stands(wanted: &Json, live: &Live<Self>) -> Vec<Standing> {
        let containers = wanted["container_definitions"].as_array().into_iter().flatten();
        let deployed = containers.filter(|one| one["image_owner"] == "deploy");
        let names = deployed.filter_map(|one| one["name"].as_str());
        let there = |name: &&str| live.spec.container_definitions.iter().any(|c| c.name == *name);
        let standing = |name: &str| Standing {
            path: format!("container_definitions[{name}].image"),
            owner: "deployments".to_owned(),
        };
        names.filter(there).map(standing).collect()
    }

    /// Reads the newest revision of each family in question; the index of tags is evidence for what
    /// nobody asks for by name.
    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let families: BTreeSet<String> = match want {
            Want::Ids(ids) => ids.iter().cloned().collect(),
            Want::Owned { workspaces, names } => {
                let ours = tags::indexed(cx, "task-definition/", workspaces).await?;
                let family = |name: String| name.split(':').next().unwrap_or_default().to_owned();
                ours.into_iter().map(family).chain(names.iter().cloned()).collect()
            }
        };
        stream::iter(families)
            .map(|family| async move { newest(cx, &family).await })
            .buffered(PARALLEL)
            .try_filter_map(|found| async { Ok(found) })
            .try_collect()
            .await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        self.register(cx, with.tags).await?;
        Ok(self.family.clone())
    }

    /// Registers a revision that has what differs and keeps what the stack does not say; then
    /// deregisters what is too old.
    async fn update(&self, cx: &Cx, live: &Live<Self>, _: &Changed) -> Result<()> {
        let now = newest(cx, &live.id).await?;
        let now = now.as_ref().unwrap_or(live);
        let wanted = self.over(&now.spec);
        // An earlier try may have registered it, its answer lost.
        if wanted.clone().sorted() != now.spec.clone().sorted() {
            // With the tags of the one before it, which the run may just have changed.
            wanted.register(cx, &now.tags).await?;
        }
        revisions::deregister_old(cx, &live.id, self.revisions_kept).await
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.out.arn, set, remove).await
    }

    /// Deregisters all revisions of ours, and has AWS forget them.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        revisions::delete_all(cx, &live.id).await
    }
}

/// aws-semantics.md 0, IAM EC: the same is said of a role that is not there at all.
const fn new_role(step: Step) -> Retryable {
    Retryable::new(step, "ClientException", "Role is not valid", "IAM to know the role everywhere")
}

const fn other_revision(step: Step) -> Retryable {
    let message = "Too many concurrent attempts to create a new revision";
    Retryable::new(step, "ClientException", message, "another revision to be registered")
}

impl EcsTaskDefinition {
    /// Brings what may be written in several ways into one; what AWS gives back goes through here
    /// as well as what the stack says.
    fn canonical(&mut self) {
        let mode = self.network_mode.as_ref().map(|mode| &mode.0);
        let fixed_ports = matches!(mode, Some(NetworkMode::Awsvpc | NetworkMode::Host));
        for container in &mut self.container_definitions {
            container.canonical(fixed_ports);
        }
        self.volumes.iter_mut().for_each(Volume::canonical);
        self.cpu = self.cpu.take().map(|text| settings::units(&text, "vcpu"));
        self.memory = self.memory.take().map(|text| settings::units(&text, "gb"));
    }

    /// Puts what has no order into one, to compare; else its places stay, because values not known
    /// yet are put back by them.
    fn sorted(mut self) -> Self {
        self.container_definitions.iter_mut().for_each(ContainerDefinition::sort);
        self.container_definitions.sort_by(|a, b| a.name.cmp(&b.name));
        self.volumes.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// What is to be registered: this, what it leaves out as it is, and images that deployments say
    /// as they are.
    fn over(&self, now: &Self) -> Self {
        let mut wanted = self.clone();
        macro_rules! kept {
            ($($field:ident),+) => {$(
                if wanted.$field.is_none() {
                    wanted.$field.clone_from(&now.$field);
                }
            )+};
        }
        kept!(
            network_mode,
            requires_compatibilities,
            cpu,
            memory,
            task_role_arn,
            execution_role_arn,
            runtime_platform,
            ephemeral_storage,
            pid_mode,
            ipc_mode,
            proxy_configuration,
            enable_fault_injection
        );
        if let (Some(platform), Some(now)) = (&mut wanted.runtime_platform, &now.runtime_platform) {
            platform.keep(now);
        }
        for container in &mut wanted.container_definitions {
            let same = |one: &&ContainerDefinition| one.name == container.name;
            if container.image_owner == Some(ImageOwner::Deploy)
                && let Some(now) = now.container_definitions.iter().find(same)
            {
                container.image.clone_from(&now.image);
            }
            container.image_owner = None;
        }
        wanted.revisions_kept = now.revisions_kept;
        wanted
    }

    async fn register(&self, cx: &Cx, tags: &Tags) -> Result<()> {
        let containers = self.container_definitions.iter().map(ContainerDefinition::sdk);
        let containers: Vec<_> = containers.collect::<Result<_>>()?;
        let volumes: Vec<_> = self.volumes.iter().map(Volume::sdk).collect::<Result<_>>()?;
        let constraints = self.placement_constraints.iter().map(TaskPlacementConstraint::sdk);
        let constraints: Vec<_> = constraints.collect();
        let needs = self.requires_compatibilities.iter().flatten().map(|one| one.0.clone());
        let needs: Vec<_> = needs.collect();
        let storage = self.ephemeral_storage.as_ref().map(EphemeralStorage::sdk);
        let proxy = self.proxy_configuration.as_ref().map(ProxyConfiguration::sdk).transpose()?;
        cx.ecs()
            .register_task_definition()
            .family(&self.family)
            .set_container_definitions(Some(containers))
            .set_volumes(Some(volumes).filter(|all| !all.is_empty()))
            .set_network_mode(self.network_mode.as_ref().map(|mode| mode.0.clone()))
            .set_requires_compatibilities(Some(needs).filter(|all| !all.is_empty()))
            .set_cpu(self.cpu.clone())
            .set_memory(self.memory.clone())
            .set_task_role_arn(self.task_role_arn.clone())
            .set_execution_role_arn(self.execution_role_arn.clone())
            .set_runtime_platform(self.runtime_platform.as_ref().map(RuntimePlatform::sdk))
            .set_placement_constraints(Some(constraints).filter(|all| !all.is_empty()))
            .set_ephemeral_storage(storage)
            .set_pid_mode(self.pid_mode.as_ref().map(|mode| mode.0.clone()))
            .set_ipc_mode(self.ipc_mode.as_ref().map(|mode| mode.0.clone()))
            .set_proxy_configuration(proxy)
            .set_enable_fault_injection(self.enable_fault_injection)
            .set_tags(Some(to_ecs(tags)).filter(|all| !all.is_empty()))
            .send()
            .await?;
        Ok(())
    }

    fn of_sdk(found: Found) -> Self {
        let containers = found.container_definitions.unwrap_or_default().into_iter();
        let constraints = found.placement_constraints.unwrap_or_default().into_iter();
        let needs = found.requires_compatibilities.unwrap_or_default().into_iter();
        let mut spec = Self {
            family: found.family.unwrap_or_default(),
            container_definitions: containers.map(ContainerDefinition::of_sdk).collect(),
            volumes: found.volumes.unwrap_or_default().into_iter().map(Volume::of_sdk).collect(),
            network_mode: found.network_mode.map(Sdk),
            requires_compatibilities: Some(needs.map(Sdk).collect()),
            cpu: found.cpu.filter(|text| !text.is_empty()),
            memory: found.memory.filter(|text| !text.is_empty()),
            task_role_arn: found.task_role_arn.filter(|text| !text.is_empty()),
            execution_role_arn: found.execution_role_arn.filter(|text| !text.is_empty()),
            runtime_platform: found.runtime_platform.map(RuntimePlatform::of_sdk),
            placement_constraints: constraints.map(TaskPlacementConstraint::of_sdk).collect(),
            ephemeral_storage: found.ephemeral_storage.map(EphemeralStorage::of_sdk),
            pid_mode: found.pid_mode.map(Sdk),
            ipc_mode: found.ipc_mode.map(Sdk),
            proxy_configuration: found.proxy_configuration.map(ProxyConfiguration::of_sdk),
            enable_fault_injection: Some(found.enable_fault_injection.unwrap_or(false)),
            revisions_kept: kept(),
        };
        spec.canonical();
        spec
    }
}

/// Wraps what the SDK's builders say of a part.
pub(super) fn built<T, E: std::fmt::Display>(
    part: &str,
    built: std::result::Result<T, E>,
) -> Result<T> {
    built.map_err(|error| Error::local(part, error.to_string()))
}

/// Reads one revision, by its ARN or as the newest of a family that is not deregistered, with its
/// tags; `None` when it is not there.
pub(super) async fn describe(cx: &Cx, name: &str) -> Result<Option<(Found, Tags)>> {
    let call = cx.ecs().describe_task_definition().task_definition(name);
    match call.include(TaskDefinitionField::Tags).send().await.map_err(Error::from) {
        Ok(found) => {
            let tags = from_ecs(found.tags);
            Ok(found.task_definition.map(|found| (found, tags)))
        }
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &Error) -> bool {
    let unable = error.message.to_ascii_lowercase().contains("unable to describe");
    error.is_not_found() || error.is("ClientException") && unable
}

/// Reads the newest revision of a family.
async fn newest(cx: &Cx, family: &str) -> Result<Option<Live<EcsTaskDefinition>>> {
    let found = describe(cx, family).await?;
    let active = |(found, _): &(Found, Tags)| {
        found.status.as_ref().is_none_or(|status| *status == TaskDefinitionStatus::Active)
    };
    Ok(found.filter(active).map(|(found, tags)| {
        let out = EcsTaskDefinitionOut {
            id: family.to_owned(),
            arn: found.task_definition_arn.clone().unwrap_or_default(),
            revision: found.revision,
        };
        let spec = EcsTaskDefinition::of_sdk(found);
        Live { id: family.to_owned(), tags, status: Status::Ready, spec, out }
    }))
}

#[cfg(test)]
mod tests;
