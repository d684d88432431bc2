//! Container instances: EC2 instances whose agent joined a cluster.

mod calls;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tags::Tags;
use super::task::{self, Status};
use super::{State, cluster, outside, placement, settings};
use crate::clock::Time;
use crate::state::Account;

pub(super) use calls::{deregister, describe, list, update_state};

/// How long an instance needs to boot and its agent to register.
const BOOTING: Duration = Duration::from_secs(30);
/// How long an agent waits before it tries again.
const TRYING_AGAIN: Duration = Duration::from_secs(60);

/// A container instance, known by the id of its EC2 instance.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ContainerInstance {
    pub(super) cluster: String,
    /// The id in its ARN.
    pub(super) id: String,
    pub(super) zone: String,
    subnet: String,
    vpc: String,
    image: String,
    instance_type: String,
    pub(super) architecture: String,
    /// CPU units.
    pub(super) cpu: i64,
    /// MiB for tasks.
    pub(super) memory: i64,
    /// How many tasks with a network interface of their own it takes.
    pub(super) interfaces: u32,
    has_trunk: bool,
    registered: Time,
    pub(super) draining: bool,
    /// Whether its agent reaches ECS.
    pub(super) connected: bool,
    /// The capacity provider of its group.
    pub(super) provider: Option<String>,
    /// The name of its group.
    pub(super) scaling_group: Option<String>,
    pub(super) tags: Tags,
    version: u64,
}

impl ContainerInstance {
    /// Tells whether new tasks may go to it.
    pub(super) fn takes_tasks(&self) -> bool {
        self.connected && !self.draining
    }

    /// Returns an attribute, of those that every instance has.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes().remove(name)
    }

    /// Returns what a subject of the cluster query language is; its EC2 id is known elsewhere.
    pub(super) fn subject(&self, subject: &str, taken: &placement::Taken) -> Option<String> {
        let status = if self.draining { "DRAINING" } else { "ACTIVE" };
        Some(match subject {
            "agentConnected" => self.connected.to_string(),
            "agentVersion" => AGENT.to_owned(),
            "pendingTasksCount" => taken.pending.to_string(),
            "registeredAt" => self.registered.to_string(),
            "runningTasksCount" => (taken.tasks - taken.pending).to_string(),
            "status" => status.to_owned(),
            "version" => self.version.to_string(),
            other => return self.attribute(other.strip_prefix("attribute:")?),
        })
    }

    fn attributes(&self) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in [
            ("ecs.availability-zone", &self.zone),
            ("ecs.instance-type", &self.instance_type),
            ("ecs.ami-id", &self.image),
            ("ecs.cpu-architecture", &self.architecture),
            ("ecs.subnet-id", &self.subnet),
            ("ecs.vpc-id", &self.vpc),
        ] {
            all.insert(name.to_owned(), value.clone());
        }
        all.insert("ecs.os-type".to_owned(), "linux".to_owned());
        all.insert("ecs.os-family".to_owned(), "LINUX".to_owned());
        if self.has_trunk {
            all.insert("ecs.awsvpc-trunk-id".to_owned(), format!("trunk-{}", &self.id[..8]));
        }
        all
    }
}

/// The version of its agent.
const AGENT: &str = "1.89.2";

/// The capabilities of an agent of these days, which have no value.
const CAPABILITIES: [&str; 7] = [
    "com.amazonaws.ecs.capability.docker-remote-api.1.18",
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.task-iam-role",
    "ecs.capability.container-health-check",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.task-eni",
];

/// Returns the cluster that user data names.
fn cluster_in(user_data: &str) -> Option<&str> {
    let (_, rest) = user_data.split_once("ECS_CLUSTER=")?;
    let end = rest.find(|c: char| c.is_whitespace() || "\"';>&|".contains(c));
    let first = rest.trim_start_matches(['"', '\'']);
    let end = end.filter(|end| *end > 0).unwrap_or_else(|| {
        first.find(|c: char| c.is_whitespace() || "\"';>&|".contains(c)).unwrap_or(first.len())
    });
    let name = if rest.starts_with(['"', '\'']) { first } else { rest };
    Some(&name[..end.min(name.len())]).filter(|name| !name.is_empty())
}

/// When the next instance may register, or one that did is gone.
pub(super) fn due(account: &Account, region: &str, state: &State) -> Option<Time> {
    outside::instances(account, region)
        .filter_map(|(id, instance)| match (state.instances.contains_key(id), instance.shutdown) {
            // One that shuts down is looked at when it has ended.
            (true, Some((_, end))) => Some(end),
            (false, None)
                if instance.user_data.as_deref().is_some_and(|it| cluster_in(it).is_some()) =>
            {
                let first = account.way.after(instance.ready, BOOTING);
                Some(state.agents.get(id).copied().unwrap_or(first))
            }
            _ => None,
        })
        .min()
}

/// Registers agents whose time has come, and forgets instances that are gone. Tells whether
/// anything changed.
pub(super) fn settle(ecs: &mut State, account: &mut Account, region: &str, now: Time) -> bool {
    let mut changed = false;
    let ended = |id: &String| {
        let found = outside::instance(account, region, id);
        found.is_none_or(|it| it.shutdown.is_some_and(|(_, end)| end <= now))
    };
    let gone: Vec<String> = ecs.instances.keys().filter(|id| ended(id)).cloned().collect();
    for id in gone {
        task::host_gone(ecs, account, region, &id, now);
        ecs.instances.remove(&id);
        changed = true;
    }
    let new: Vec<String> = outside::instances(account, region)
        .filter(|(id, instance)| {
            let begins = account.way.after(instance.ready, BOOTING);
            let next = ecs.agents.get(*id).copied().unwrap_or(begins);
            !ecs.instances.contains_key(*id)
                && instance.shutdown.is_none()
                && instance.user_data.as_deref().is_some_and(|it| cluster_in(it).is_some())
                && next <= now
        })
        .map(|(id, _)| id.clone())
        .collect();
    for id in new {
        match register(ecs, account, region, &id, now) {
            Some(instance) => {
                ecs.instances.insert(id.clone(), instance);
                ecs.agents.remove(&id);
                changed = true;
            }
            None => {
                ecs.agents.insert(id, now + TRYING_AGAIN);
            }
        }
    }
    ecs.agents.retain(|id, _| {
        outside::instance(account, region, id).is_some_and(|it| it.shutdown.is_none())
    });
    changed | look(ecs, account, region, now)
}

/// Looks whether agents still reach ECS, and which capacity provider their group belongs to.
fn look(ecs: &mut State, account: &Account, region: &str, now: Time) -> bool {
    let mut changed = false;
    let ids: Vec<String> = ecs.instances.keys().cloned().collect();
    let mut groups: BTreeMap<String, Option<String>> = BTreeMap::new();
    for id in ids {
        let Some(own) = ecs.instances.get(&id) else { continue };
        let ec2 = outside::instance(account, region, &id);
        let connected = ec2.is_some_and(|it| it.shutdown.is_none())
            && outside::reaches_ecs(account, region, &id, now)
            && outside::may_register(account, region, &id);
        let group = outside::group_of(account, region, &id);
        let provider = match (&group, own.cluster.as_str()) {
            (None, _) => None,
            (Some(name), in_cluster) => groups
                .entry(format!("{in_cluster} {name}"))
                .or_insert_with(|| provider_of(ecs, account, region, in_cluster, name))
                .clone(),
        };
        let Some(own) = ecs.instances.get_mut(&id) else { continue };
        if own.connected != connected || own.provider != provider {
            own.version += 1;
            changed = true;
        }
        let back = connected && !own.connected;
        (own.connected, own.provider, own.scaling_group) = (connected, provider, group);
        if back {
            // What ended meanwhile is told now.
            let on = ecs.tasks.values_mut().filter(|it| it.instance.as_ref() == Some(&id));
            for task in on.filter(|it| it.status == Status::Stopping && it.next.is_none()) {
                task.next = Some(now);
            }
        }
    }
    changed
}

fn provider_of(
    ecs: &State,
    account: &Account,
    region: &str,
    cluster: &str,
    group: &str,
) -> Option<String> {
    let cluster = ecs.clusters.get(cluster)?;
    let arn = outside::group_arn(account, region, group)?;
    let mut providers = cluster.providers.iter();
    providers.find(|name| ecs.providers.get(*name).is_some_and(|it| it.group == arn)).cloned()
}

/// Makes a container instance of an EC2 instance that names an active cluster, may register and
/// reaches ECS.
fn register(
    ecs: &State,
    account: &mut Account,
    region: &str,
    id: &str,
    now: Time,
) -> Option<ContainerInstance> {
    let ec2 = outside::instance(account, region, id)?.clone();
    let name = cluster_in(ec2.user_data.as_deref()?)?.to_owned();
    cluster::active(ecs, &name).ok()?;
    if !outside::may_register(account, region, id)
        || !outside::reaches_ecs(account, region, id, now)
    {
        return None;
    }
    if !outside::has_agent(region, &ec2.image) {
        return None;
    }
    let kind = outside::instance_type(&ec2.instance_type)?;
    let role = outside::role_of(account, region, id).unwrap_or_default();
    let wants_trunk =
        settings::of_state(ecs, account, region, &role, "awsvpcTrunking") == "enabled";
    let digits = account.new_digits();
    Some(ContainerInstance {
        cluster: name,
        id: digits[..32].to_owned(),
        zone: ec2.zone,
        subnet: ec2.subnet,
        vpc: ec2.vpc,
        image: ec2.image,
        architecture: ec2.architecture,
        cpu: i64::from(kind.vcpus) * 1024,
        // The system and the agent keep some: an m4.large with 8192 MiB registers 7985 (ECS
        // developer guide, "Reserving Amazon ECS Linux container instance memory").
        memory: i64::from(kind.memory_mib) * 975 / 1000,
        interfaces: kind.task_interfaces(wants_trunk),
        has_trunk: wants_trunk && kind.trunk_interfaces.is_some(),
        instance_type: ec2.instance_type,
        registered: now,
        connected: true,
        version: 1,
        ..ContainerInstance::default()
    })
}

#[cfg(test)]
mod tests {
    use super::cluster_in;

    #[test]
    fn user_data_names_a_cluster() {
        let text = "#!/bin/bash\necho ECS_CLUSTER=dev-main >> /etc/ecs/ecs.config\n";
        assert_eq!(cluster_in(text), Some("dev-main"));
        assert_eq!(cluster_in("ECS_CLUSTER='main'\n"), Some("main"));
        assert_eq!(cluster_in("cat <<EOF\nECS_CLUSTER=main\nECS_X=1\nEOF"), Some("main"));
        assert_eq!(cluster_in("ECS_CLUSTER=\nX=1"), None);
        assert_eq!(cluster_in("#!/bin/bash"), None);
    }
}
