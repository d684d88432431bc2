//! Instances: they boot and shut down slowly, and hold a network interface in their subnet.

mod launch;
mod show;

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::{State, View, ids, network_interface, state_mut, tokens};
use crate::clock::Time;
use crate::state::Account;

pub(crate) use launch::{Launch, check, launch};
pub(super) use show::describe;

/// How long an instance is `pending`.
const PENDING: Duration = Duration::from_secs(20);
/// How long one is `shutting-down`.
const SHUTTING_DOWN: Duration = Duration::from_secs(45);
/// How long a terminated one is listed (EC2 user guide, Terminate instances: about an hour).
const LISTED: Duration = Duration::from_secs(3600);

/// An instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "AWS's own name")]
pub(crate) struct Instance {
    pub(crate) image: String,
    pub(crate) instance_type: String,
    pub(crate) architecture: String,
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) private_ip: Ipv4Addr,
    pub(crate) public_ip: Option<Ipv4Addr>,
    /// Its network interface.
    pub(crate) interface: String,
    pub(crate) security_groups: Vec<String>,
    /// The ARN of its instance profile.
    pub(crate) profile: Option<String>,
    /// Its user data, decoded.
    pub(crate) user_data: Option<String>,
    pub(crate) launched: Time,
    /// When it is `running`.
    pub(crate) ready: Time,
    /// When its termination was asked for, and when it is `terminated`.
    pub(crate) shutdown: Option<(Time, Time)>,
    /// Why it was terminated: `User initiated` or `Service initiated`.
    pub(crate) reason: String,
    /// What was launched together.
    pub(crate) reservation: String,
    /// The members of its launch that it shows as they were asked for.
    pub(crate) settings: serde_json::Map<String, Value>,
}

impl Instance {
    /// Returns its state as the API names it.
    pub(crate) fn state(&self, at: Time) -> &'static str {
        match self.shutdown {
            Some((_, end)) if at >= end => "terminated",
            Some(_) => "shutting-down",
            None if at < self.ready => "pending",
            None => "running",
        }
    }

    /// When it is listed no more, if it is at its end.
    pub(super) fn forgotten(&self) -> Option<Time> {
        self.shutdown.map(|(_, end)| end + LISTED)
    }
}

/// Returns an instance of a region, also one that has ended and is still listed.
pub(crate) fn get<'a>(account: &'a Account, region: &str, id: &str) -> Option<&'a Instance> {
    account.region(region)?.ec2.instances.get(id)
}

/// Returns the instances of a region with their ids, also those that have ended and are listed.
pub(crate) fn all<'a>(
    account: &'a Account,
    region: &str,
) -> impl Iterator<Item = (&'a String, &'a Instance)> + use<'a> {
    account.region(region).into_iter().flat_map(|region| &region.ec2.instances)
}

/// Shuts an instance down from `at` on: its interface goes with its end. Returns when that is; none
/// for an id that is not known. One that is on its way out already goes on.
pub(crate) fn terminate(
    account: &mut Account,
    region: &str,
    id: &str,
    reason: &str,
    at: Time,
) -> Option<Time> {
    let end = account.way.after(at, SHUTTING_DOWN);
    let state = &mut account.regions.get_mut(region)?.ec2;
    let instance = state.instances.get_mut(id)?;
    if let Some((_, end)) = instance.shutdown {
        return Some(end);
    }
    instance.shutdown = Some((at, end));
    reason.clone_into(&mut instance.reason);
    network_interface::release(state, id, end);
    Some(end)
}

/// TerminateInstances.
pub(super) fn terminate_several(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let wanted = input.texts("InstanceIds");
    let state = state_mut(account, call);
    for id in &wanted {
        ids::INSTANCE.check(state, id)?;
    }
    let mut shown = Vec::new();
    for id in wanted {
        let before = state_mut(account, call).instances[id].state(call.now);
        terminate(account, &call.region, id, "User initiated", call.now);
        let after = state_mut(account, call).instances[id].state(call.now);
        shown.push(json!({
            "InstanceId": id,
            "PreviousState": show::state_of(before),
            "CurrentState": show::state_of(after),
        }));
    }
    network_interface::settle(state_mut(account, call), call.now);
    Ok(json!({ "TerminatingInstances": shown }))
}

/// RunInstances.
pub(super) fn run(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let seen = tokens::seen(state_mut(account, call), call, input)?;
    let reservation = match seen.and_then(|id| get(account, &call.region, &id)) {
        Some(instance) => instance.reservation.clone(),
        None => start(account, call, input)?,
    };
    Ok(show::reservation(View::new(account, call), &reservation))
}

/// Launches what RunInstances asks for and returns its reservation.
fn start(
    account: &mut Account,
    call: &Call,
    input: &Input,
) -> Result<String, crate::rules::Refusal> {
    let data = launch::merged(account, call, input)?;
    let reservation = account.new_id("r");
    let count = input.integer("MaxCount").unwrap_or(1).max(1);
    let mut first = None;
    for _ in 0..count {
        let what = Launch {
            data: &data,
            subnet: input.text("SubnetId"),
            tags: super::tags::Tags::new(),
            reservation: Some(&reservation),
        };
        let id = launch(account, call, what)?;
        first.get_or_insert(id);
    }
    if let Some(id) = first {
        tokens::keep(state_mut(account, call), call, input, &id);
    }
    Ok(reservation)
}

/// Forgets those that ended an hour ago.
pub(super) fn settle(state: &mut State, now: Time) {
    let gone: Vec<String> = state
        .instances
        .iter()
        .filter(|(_, instance)| instance.forgotten().is_some_and(|time| time <= now))
        .map(|(id, _)| id.clone())
        .collect();
    for id in gone {
        state.instances.remove(&id);
        state.tags.remove(&id);
    }
}
