//! Task definitions: revisions of families, never changed and never numbered twice.
//!
//! `register` makes a revision from a request and fills in what AWS fills in, `containers` does so
//! for its containers, `compatibility` tells what it can run on.

mod compatibility;
mod containers;
mod register;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rules::{DEREGISTERED, INACTIVE_DEFINITION, NO_DEFINITION, REVISION};
use super::tags::Tags;
use super::{Call, Input, Members, State, at_most, includes, names, page, state, state_mut, tags};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

pub(super) use register::{REGISTER, register};

/// How long a revision is DELETE_IN_PROGRESS once nothing uses it.
const DELETING: Duration = Duration::from_secs(3600);

/// A family.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Family {
    /// The highest number ever given.
    last: u32,
    pub(super) revisions: BTreeMap<u32, Definition>,
}

/// A revision.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Definition {
    /// As AWS shows it, without its status.
    members: Map<String, Value>,
    deregistered: Option<Time>,
    deletion: Option<Time>,
    pub(super) tags: Tags,
}

impl Definition {
    pub(super) fn arn(&self) -> &str {
        self.members.text("taskDefinitionArn").unwrap_or_default()
    }

    pub(super) fn family(&self) -> &str {
        self.members.text("family").unwrap_or_default()
    }

    pub(super) fn status(&self) -> &'static str {
        match (self.deletion, self.deregistered) {
            (Some(_), _) => "DELETE_IN_PROGRESS",
            (None, Some(_)) => "INACTIVE",
            (None, None) => "ACTIVE",
        }
    }

    /// Returns a member as it was registered, or filled in.
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.members.text(member)
    }

    pub(super) fn network_mode(&self) -> &str {
        self.text("networkMode").unwrap_or("bridge")
    }

    pub(super) fn is_awsvpc(&self) -> bool {
        self.network_mode() == "awsvpc"
    }

    pub(super) fn containers(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.members.list("containerDefinitions").iter().filter_map(Value::as_object)
    }

    pub(super) fn container(&self, name: &str) -> Option<&Map<String, Value>> {
        self.containers().find(|container| container.text("name") == Some(name))
    }

    /// Returns the placement constraints of the definition.
    pub(super) fn constraints(&self) -> &[Value] {
        self.members.list("placementConstraints")
    }

    pub(super) fn architecture(&self) -> Option<&str> {
        self.members.object("runtimePlatform")?.text("cpuArchitecture")
    }

    /// Returns the CPU units a task needs: the task's own, or its containers' together.
    pub(super) fn cpu(&self) -> i64 {
        let own = self.text("cpu").and_then(|text| text.parse().ok());
        own.unwrap_or_else(|| self.containers().filter_map(|it| it.integer("cpu")).sum())
    }

    /// Returns the MiB of memory a task needs; of a container its reservation where it has one.
    pub(super) fn memory(&self) -> i64 {
        let own = self.text("memory").and_then(|text| text.parse().ok());
        let of = |container: &Map<String, Value>| {
            container.integer("memoryReservation").or_else(|| container.integer("memory"))
        };
        own.unwrap_or_else(|| self.containers().filter_map(of).sum())
    }

    /// Returns the ports of the host that a task takes, with their protocols.
    pub(super) fn host_ports(&self) -> Vec<(i64, String)> {
        if !matches!(self.network_mode(), "bridge" | "host") {
            return Vec::new();
        }
        let mappings = self.containers().flat_map(|container| container.list("portMappings"));
        let mappings = mappings.filter_map(Value::as_object);
        mappings
            .filter_map(|mapping| {
                let port = mapping.integer("hostPort").filter(|port| *port > 0)?;
                Some((port, mapping.text("protocol").unwrap_or("tcp").to_owned()))
            })
            .collect()
    }

    /// Returns how long containers are given to stop.
    pub(super) fn stop_timeout(&self) -> Duration {
        let timeouts = self.containers().filter_map(|it| it.integer("stopTimeout"));
        let longest = timeouts.max().and_then(|seconds| u64::try_from(seconds).ok());
        Duration::from_secs(longest.unwrap_or(30))
    }

    fn shown(&self) -> Value {
        let mut shown = self.members.clone();
        shown.insert("status".to_owned(), json!(self.status()));
        let mut times = vec![("deregisteredAt", self.deregistered)];
        times.push(("deleteRequestedAt", self.deletion));
        for (member, time) in times {
            if let Some(time) = time {
                shown.insert(member.to_owned(), json!(time.to_string()));
            }
        }
        Value::Object(shown)
    }
}

/// Finds the revision a text names: by ARN, by `family:revision`, or the latest active one of a
/// family.
pub(super) fn find<'a>(
    state: &'a State,
    call: &Call,
    given: &str,
) -> Result<&'a Definition, Refusal> {
    let name = names::of(call, "task-definition", given).unwrap_or_default();
    let (family, revision) = match name.split_once(':') {
        Some((family, revision)) => (family, Some(revision)),
        None => (name, None),
    };
    let found = state.families.get(family).and_then(|family| match revision {
        Some(revision) => family.revisions.get(&revision.parse().ok()?),
        None => family.revisions.values().rev().find(|it| it.deregistered.is_none()),
    });
    found.ok_or_else(|| NO_DEFINITION.refuse(&[]))
}

/// Finds a revision that new services and tasks may use.
pub(super) fn usable<'a>(
    state: &'a State,
    call: &Call,
    given: &str,
) -> Result<&'a Definition, Refusal> {
    let found = find(state, call, given)?;
    if found.deregistered.is_some() { Err(INACTIVE_DEFINITION.refuse(&[])) } else { Ok(found) }
}

/// Finds a revision by its ARN.
pub(super) fn by_arn<'a>(state: &'a State, arn: &str) -> Option<&'a Definition> {
    let (family, revision) = names::last(arn).split_once(':')?;
    state.families.get(family)?.revisions.get(&revision.parse().ok()?)
}

/// DescribeTaskDefinition.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let given = input.text("taskDefinition").unwrap_or_default();
    let found = find(state(account, &call.region), call, given)?;
    let tags = includes(input, "TAGS").then(|| tags::show(&found.tags));
    Ok(json!({"taskDefinition": found.shown(), "tags": tags.unwrap_or_else(|| json!([]))}))
}

/// DeregisterTaskDefinition: the revision stays and can be described.
pub(super) fn deregister(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let given = input.text("taskDefinition").unwrap_or_default();
    if !names::last(given).contains(':') {
        return Err(REVISION.refuse(&[given]));
    }
    let found = find(state(account, &call.region), call, given)?;
    let arn = found.arn().to_owned();
    if found.deregistered.is_some() {
        return Err(DEREGISTERED.refuse(&[]));
    }
    let found = revision_mut(state_mut(account, &call.region), &arn);
    let found = found.ok_or_else(|| NO_DEFINITION.refuse(&[]))?;
    found.deregistered = Some(call.now);
    Ok(json!({"taskDefinition": found.shown()}))
}

fn revision_mut<'a>(state: &'a mut State, arn: &str) -> Option<&'a mut Definition> {
    let (family, revision) = names::last(arn).split_once(':')?;
    state.families.get_mut(family)?.revisions.get_mut(&revision.parse().ok()?)
}

/// DeleteTaskDefinitions: of those that are INACTIVE.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "taskDefinitions", 10)?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for given in input.texts("taskDefinitions") {
        let found = find(state(account, &call.region), call, given);
        let named = names::last(given).contains(':');
        let Ok(found) =
            found.and_then(|it| named.then_some(it).ok_or_else(|| REVISION.refuse(&[given])))
        else {
            failures.push(json!({"arn": given, "reason": "The specified task definition does not exist. Specify a valid account, family, revision and try again."}));
            continue;
        };
        let arn = found.arn().to_owned();
        if found.deregistered.is_none() {
            failures.push(json!({"arn": arn, "reason": "The specified task definition is still in ACTIVE status. Please deregister the target and try again."}));
            continue;
        }
        if let Some(found) = revision_mut(state_mut(account, &call.region), &arn) {
            found.deletion.get_or_insert(call.now);
            deleted.push(found.shown());
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

/// Forgets revisions whose deletion was asked for an hour ago and which nothing uses.
pub(super) fn settle(state: &mut State, now: Time) {
    let used: Vec<String> = used(state);
    for family in state.families.values_mut() {
        family.revisions.retain(|_, revision| {
            revision.deletion.is_none_or(|asked| asked + DELETING > now)
                || used.iter().any(|arn| arn == revision.arn())
        });
    }
}

/// When the next revision can be forgotten.
pub(super) fn due(state: &State) -> Option<Time> {
    let revisions = state.families.values().flat_map(|family| family.revisions.values());
    let mut deleted = revisions.filter(|revision| revision.deletion.is_some()).peekable();
    deleted.peek()?;
    let used = used(state);
    let free = deleted.filter(|revision| !used.iter().any(|arn| arn == revision.arn()));
    free.filter_map(|revision| revision.deletion.map(|asked| asked + DELETING)).min()
}

/// Returns the ARNs of the revisions that services and tasks use.
fn used(state: &State) -> Vec<String> {
    let services = state.services.values().filter(|service| service.ended.is_none());
    let deployments = services.flat_map(|service| &service.deployments);
    let tasks = state.tasks.values().filter(|task| !task.is_stopped());
    deployments
        .map(|deployment| deployment.definition().to_owned())
        .chain(tasks.map(|task| task.definition.clone()))
        .collect()
}

/// ListTaskDefinitions: of one whole family or of all, by name and then by revision.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let status = input.text("status").unwrap_or("ACTIVE");
    let is_descending = input.text("sort") == Some("DESC");
    let families = &state(account, &call.region).families;
    let families = families
        .iter()
        .filter(|(name, _)| input.text("familyPrefix").is_none_or(|asked| asked == *name));
    let mut found: Vec<&Definition> =
        families.flat_map(|(_, family)| family.revisions.values()).collect();
    found.retain(|definition| definition.status() == status);
    if is_descending {
        found.reverse();
    }
    // A page is cut in this order, whatever it is.
    let items = found.iter().enumerate();
    let items = items.map(|(place, it)| (format!("{place:08}"), json!(it.arn()))).collect();
    let (arns, next) = page(input, 100, items)?;
    Ok(json!({"taskDefinitionArns": arns, "nextToken": next}))
}

/// ListTaskDefinitionFamilies: here the prefix is one.
pub(super) fn list_families(account: &Account, call: &Call, input: &Input) -> Answer {
    let status = input.text("status").unwrap_or("ALL");
    let prefix = input.text("familyPrefix").unwrap_or_default();
    let families = state(account, &call.region).families.iter();
    let items = families
        .filter(|(name, family)| {
            let is_active = family.revisions.values().any(|it| it.status() == "ACTIVE");
            let fits = status == "ALL" || (status == "ACTIVE") == is_active;
            name.starts_with(prefix) && fits && !family.revisions.is_empty()
        })
        .map(|(name, _)| (name.clone(), json!(name)))
        .collect();
    let (families, next) = page(input, 100, items)?;
    Ok(json!({"families": families, "nextToken": next}))
}
