//! Capacity providers over Auto Scaling groups.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rules::{
    GROUP_USED, NO_GROUP, PROTECTION_GROUP, PROTECTION_SCALING, PROVIDER_BUSY, PROVIDER_EXISTS,
    PROVIDER_KIND, PROVIDER_MISSING, PROVIDER_NAME, RESERVED_PROVIDER, STEPS,
};
use super::tags::Tags;
use super::{
    Call, Input, Members, State, cluster, includes, life, names, outside, page, scaling, state,
    state_mut, strategy, tags,
};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// What CreateCapacityProvider takes.
pub(super) const CREATE: &[&str] = &["name", "autoScalingGroupProvider", "tags"];

/// The lifecycle hook ECS puts on the group of a provider with managed draining.
pub(super) const HOOK: &str = "ecs-managed-draining-termination-hook";

/// How long a change takes.
const UPDATING: Duration = Duration::from_secs(10);
/// How long a deletion takes (aws-semantics.md 6: 20 to 60 seconds).
const DELETING: Duration = Duration::from_secs(30);
/// How long a deleted provider can still be described as INACTIVE.
const TOMBSTONE: Duration = Duration::from_secs(3600);

/// A capacity provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Provider {
    /// The ARN of its group.
    pub(super) group: String,
    pub(super) scaling: Scaling,
    pub(super) protection: bool,
    draining: bool,
    /// What makes the names of what ECS puts on the group its own.
    suffix: String,
    change: Change,
    /// When it ceased to be.
    deleted: Option<Time>,
    pub(super) tags: Tags,
    /// When it last changed the size of its group.
    pub(super) scaled: Option<Time>,
    /// Since when its group has had too much.
    pub(super) idle_since: Option<Time>,
}

/// Managed scaling.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Scaling {
    pub(super) enabled: bool,
    /// Percent of the group that tasks are to use.
    pub(super) target: i64,
    pub(super) min_step: i64,
    pub(super) max_step: i64,
    /// Seconds.
    pub(super) warmup: i64,
}

/// The last change of a provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum Change {
    #[default]
    None,
    /// Done at the given time.
    Update(Time),
    /// Decided at the given time.
    Delete(Time),
    /// A deletion that was not possible, and why.
    DeleteFailed(String),
}

impl Provider {
    /// Tells whether it was not deleted.
    pub(super) fn is_active(&self) -> bool {
        self.deleted.is_none()
    }

    /// Tells whether it scales its group.
    pub(super) fn is_scaling(&self) -> bool {
        self.scaling.enabled
    }

    /// Tells whether it drains instances before they are terminated.
    pub(super) fn is_draining(&self) -> bool {
        self.draining
    }

    /// Returns the name of the scaling policy on its group.
    pub(super) fn policy_name(&self) -> String {
        format!("ECSManagedAutoScalingPolicy-{}", self.suffix)
    }

    /// Returns the id of what it has on its group.
    pub(super) fn attachment_id(&self, kind: &str) -> String {
        let last = if kind == "as_policy" { 'a' } else { 'b' };
        format!("{}{last}", &self.suffix[..self.suffix.len().saturating_sub(1)])
    }

    /// When its state changes next without a call.
    pub(super) fn due(&self) -> Option<Time> {
        match (&self.change, self.deleted) {
            (_, Some(deleted)) => Some(deleted + TOMBSTONE),
            (Change::Delete(at), None) => Some(*at),
            _ => None,
        }
    }

    fn update_status(&self, now: Time) -> Option<&'static str> {
        match &self.change {
            Change::None => None,
            Change::Update(until) if *until > now => Some("UPDATE_IN_PROGRESS"),
            Change::Update(_) => Some("UPDATE_COMPLETE"),
            Change::Delete(_) if self.deleted.is_some() => Some("DELETE_COMPLETE"),
            Change::Delete(_) => Some("DELETE_IN_PROGRESS"),
            Change::DeleteFailed(_) => Some("DELETE_FAILED"),
        }
    }

    fn shown(&self, call: &Call, name: &str, with_tags: bool) -> Value {
        let scaling = &self.scaling;
        let on = |on: bool| if on { "ENABLED" } else { "DISABLED" };
        let reason = match &self.change {
            Change::DeleteFailed(reason) => Some(reason),
            _ => None,
        };
        json!({
            "capacityProviderArn": names::arn(call, "capacity-provider", name),
            "name": name,
            "status": if self.is_active() { "ACTIVE" } else { "INACTIVE" },
            "autoScalingGroupProvider": {
                "autoScalingGroupArn": self.group,
                "managedScaling": {
                    "status": on(scaling.enabled),
                    "targetCapacity": scaling.target,
                    "minimumScalingStepSize": scaling.min_step,
                    "maximumScalingStepSize": scaling.max_step,
                    "instanceWarmupPeriod": scaling.warmup,
                },
                "managedTerminationProtection": on(self.protection),
                "managedDraining": on(self.draining),
            },
            "updateStatus": self.update_status(call.now),
            "updateStatusReason": reason,
            "tags": if with_tags { tags::show(&self.tags) } else { json!([]) },
            "type": "EC2_AUTOSCALING",
        })
    }

    /// Takes over what a request says about scaling, protection and draining.
    fn change(
        &mut self,
        given: &Map<String, Value>,
        group: &outside::Group,
    ) -> Result<(), Refusal> {
        let is_on = |member: &str| given.text(member).map(|value| value == "ENABLED");
        if let Some(scaling) = given.object("managedScaling") {
            let to = &mut self.scaling;
            if let Some(status) = scaling.text("status") {
                to.enabled = status == "ENABLED";
            }
            for (member, value) in [
                ("targetCapacity", &mut to.target),
                ("minimumScalingStepSize", &mut to.min_step),
                ("maximumScalingStepSize", &mut to.max_step),
                ("instanceWarmupPeriod", &mut to.warmup),
            ] {
                *value = scaling.integer(member).unwrap_or(*value);
            }
        }
        self.protection = is_on("managedTerminationProtection").unwrap_or(self.protection);
        self.draining = is_on("managedDraining").unwrap_or(self.draining);
        if self.scaling.min_step > self.scaling.max_step {
            return Err(STEPS.refuse(&[]));
        }
        if self.protection && !self.scaling.enabled {
            return Err(PROTECTION_SCALING.refuse(&[]));
        }
        if self.protection && !group.protects_new {
            return Err(PROTECTION_GROUP.refuse(&[]));
        }
        Ok(())
    }
}

fn provider_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    given: &str,
) -> Result<(String, &'a mut Provider), Refusal> {
    let name = names::of(call, "capacity-provider", given)?;
    if strategy::FARGATE.contains(&name) {
        return Err(RESERVED_PROVIDER.refuse(&[]));
    }
    let state = state_mut(account, &call.region);
    let found = state.providers.get_mut(name).filter(|provider| provider.is_active());
    let found = found.ok_or_else(|| PROVIDER_MISSING.refuse(&[]))?;
    if matches!(found.update_status(call.now), Some("UPDATE_IN_PROGRESS" | "DELETE_IN_PROGRESS")) {
        return Err(PROVIDER_BUSY.refuse(&[]));
    }
    Ok((name.to_owned(), found))
}

/// CreateCapacityProvider.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("name").unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let reserved = ["aws", "ecs", "fargate"].iter().any(|prefix| lower.starts_with(prefix));
    if reserved || !names::is_name(name) {
        return Err(PROVIDER_NAME.refuse(&[]));
    }
    let Some(given) = input.object("autoScalingGroupProvider") else {
        return Err(PROVIDER_KIND.refuse(&[]));
    };
    let state = state(account, &call.region);
    if state.providers.get(name).is_some_and(Provider::is_active) {
        return Err(PROVIDER_EXISTS.refuse(&[]));
    }
    let group = given.text("autoScalingGroupArn").unwrap_or_default();
    let mut live = state.providers.values().filter(|provider| provider.is_active());
    if live.any(|provider| provider.group == group) {
        return Err(GROUP_USED.refuse(&[]));
    }
    let Some(of) = outside::group(account, &call.region, group) else {
        return Err(NO_GROUP.refuse(&[]));
    };
    let mut new = Provider {
        group: group.to_owned(),
        scaling: Scaling {
            // Given without a status, managed scaling is on.
            enabled: given.contains_key("managedScaling"),
            target: 100,
            min_step: 1,
            max_step: 10_000,
            warmup: 300,
        },
        draining: true,
        tags: tags::of(input)?,
        ..Provider::default()
    };
    new.change(given, &of)?;
    new.suffix = account.new_uuid();
    let shown = new.shown(call, name, true);
    if new.is_scaling() {
        outside::add_group_tag(account, &call.region, &new.group, "AmazonECSManaged", "");
    }
    state_mut(account, &call.region).providers.insert(name.to_owned(), new);
    Ok(json!({ "capacityProvider": shown }))
}

/// UpdateCapacityProvider.
pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (name, found) = provider_mut(account, call, input.text("name").unwrap_or_default())?;
    let given = input.object("autoScalingGroupProvider");
    let given = given.ok_or_else(|| PROVIDER_KIND.refuse(&[]))?;
    let before = found.clone();
    let mut changed = before.clone();
    let group = outside::group(account, &call.region, &before.group);
    changed.change(given, &group.ok_or_else(|| NO_GROUP.refuse(&[]))?)?;
    changed.change = Change::Update(call.after(UPDATING));
    let shown = changed.shown(call, &name, true);
    let is_used = !cluster::with_provider(state(account, &call.region), &name).is_empty();
    state_mut(account, &call.region).providers.insert(name, changed.clone());
    if is_used {
        scaling::change(account, &call.region, &before, &changed, call.now);
        life::wake(account, &call.region, call.now);
    }
    Ok(json!({ "capacityProvider": shown }))
}

/// DeleteCapacityProvider: answers well even when it will not be possible; `updateStatus` tells.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let given = input.text("capacityProvider").unwrap_or_default();
    let (name, found) = provider_mut(account, call, given)?;
    found.change = Change::Delete(call.after(DELETING));
    let shown = found.shown(call, &name, true);
    Ok(json!({ "capacityProvider": shown }))
}

/// Ends deletions that are due, and forgets what was deleted long ago.
pub(super) fn settle(state: &mut State, now: Time) {
    let due =
        state.providers.iter().filter(|(_, provider)| provider.due().is_some_and(|t| t <= now));
    let due: Vec<String> = due.map(|(name, _)| name.clone()).collect();
    for name in due {
        let clusters = cluster::with_provider(state, &name).join(", ");
        let Some(provider) = state.providers.get_mut(&name) else { continue };
        if provider.deleted.is_some() {
            state.providers.remove(&name);
        } else if clusters.is_empty() {
            provider.deleted = Some(now);
        } else {
            provider.change = Change::DeleteFailed(format!(
                "The capacity provider cannot be deleted because it is associated with cluster: {clusters}. \
                 Remove the capacity provider from the cluster and try again."
            ));
        }
    }
}

/// DescribeCapacityProviders: those asked for, or all, AWS's own two among them.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let with_tags = includes(input, "TAGS");
    let show = |name: &str| {
        if let Some(provider) = state.providers.get(name) {
            return Some(provider.shown(call, name, with_tags));
        }
        strategy::FARGATE.contains(&name).then(|| {
            json!({
                "capacityProviderArn": names::arn(call, "capacity-provider", name),
                "name": name, "status": "ACTIVE", "tags": [], "type": name,
            })
        })
    };
    let asked = input.texts("capacityProviders");
    if asked.is_empty() {
        let own = state.providers.keys().map(String::as_str);
        let all = own.chain(strategy::FARGATE);
        let all = all.filter_map(|name| Some((name.to_owned(), show(name)?))).collect();
        let (providers, next) = page(input, 10, all)?;
        return Ok(json!({"capacityProviders": providers, "failures": [], "nextToken": next}));
    }
    let (mut providers, mut failures) = (Vec::new(), Vec::new());
    for given in asked {
        let name = names::of(call, "capacity-provider", given)?;
        match show(name) {
            Some(shown) => providers.push(shown),
            None => failures.push(json!({
                "arn": names::arn(call, "capacity-provider", name), "reason": "MISSING",
            })),
        }
    }
    Ok(json!({"capacityProviders": providers, "failures": failures}))
}
