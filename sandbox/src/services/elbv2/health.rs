//! The health of targets: what a load balancer finds when it looks at them.

use std::time::Duration;

use serde_json::{Value, json};

use super::target::{self, Target};
use super::target_group::{self, TargetGroup};
use super::{Answer, Call, Input, network, state};
use crate::clock::Time;
use crate::services::Members;
use crate::state::Account;

/// The health of a target, with AWS's reason where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// The first checks are not done.
    Initial,
    Healthy,
    Unhealthy(&'static str),
    /// It is deregistered and may finish what it has.
    Draining,
    /// Nothing sends to it.
    Unused(&'static str),
    /// It is not registered.
    Unknown,
}

impl Health {
    /// Returns the state as AWS writes it, the reason, and a description for people.
    fn parts(self) -> (&'static str, Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Initial => {
                let description = "Initial health checks in progress";
                ("initial", Some("Elb.InitialHealthChecking"), Some(description))
            }
            Self::Healthy => ("healthy", None, None),
            Self::Unhealthy(reason) => ("unhealthy", Some(reason), Some("Request timed out")),
            Self::Draining => {
                let description = "Target deregistration is in progress";
                ("draining", Some("Target.DeregistrationInProgress"), Some(description))
            }
            Self::Unused(reason) => {
                let description =
                    "Target group is not configured to receive traffic from the load balancer";
                ("unused", Some(reason), Some(description))
            }
            Self::Unknown => {
                let description = "Target is not registered to the target group";
                ("unused", Some("Target.NotRegistered"), Some(description))
            }
        }
    }
}

/// Returns the health of a target of a group.
///
/// It is healthy when a load balancer that is active forwards to the group, an interface in use
/// has the address (or belongs to the instance), the security groups on both sides let the health
/// checks through, and as many checks as the threshold asks for are done. That something answers
/// them is assumed.
pub(crate) fn health(
    account: &Account,
    region: &str,
    arn: &str,
    id: &str,
    port: u16,
    at: Time,
) -> Health {
    let Some(group) = super::target_group(account, region, arn) else { return Health::Unknown };
    let target = group.targets.get(&target::key(id, port));
    let target = target.filter(|target| target.drained.is_none_or(|drained| at < drained));
    target.map_or(Health::Unknown, |target| of(account, region, group, target, at))
}

fn of(account: &Account, region: &str, group: &TargetGroup, target: &Target, at: Time) -> Health {
    if target.drained.is_some() {
        return Health::Draining;
    }
    let Some(used_since) = group.used_since else { return Health::Unused("Target.NotInUse") };
    let ec2 = network::ec2(account, region);
    let balancers = &state(account, region).load_balancers;
    let using = || group.load_balancers.iter().filter_map(|arn| Some((arn, balancers.get(arn)?)));
    let interface = network::interface_of(ec2, &group.vpc, &target.id);
    if let Some(interface) = interface {
        let zone_of = |id: &String| ec2.subnets.get(id).map(|subnet| subnet.zone.as_str());
        let enabled = using().any(|(_, balancer)| {
            balancer.subnets.iter().any(|id| zone_of(id) == Some(interface.zone.as_str()))
        });
        if !enabled {
            return Health::Unused("Target.NotInUse");
        }
    }
    let ready = using().map(|(_, balancer)| balancer.ready).min().unwrap_or(at);
    let since = [target.registered, used_since, ready].into_iter().max().unwrap_or(at);
    let check = &group.health_check;
    let checked =
        |count: u64| account.way.after(since, Duration::from_secs(check.interval * count)) <= at;
    let port = check.port.parse().unwrap_or(target.port);
    let reached = interface.is_some_and(|interface| {
        using().any(|(arn, _)| network::admits(ec2, arn, interface, port))
    });
    match reached {
        true if checked(check.healthy) => Health::Healthy,
        false if checked(check.unhealthy) => Health::Unhealthy("Target.Timeout"),
        _ => Health::Initial,
    }
}

/// DescribeTargetHealth: of the targets named, or of all.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let arn = target_group::known(state, input)?;
    let group = &state.target_groups[arn];
    let named = target::given(input)?;
    let wanted: Vec<(&str, u16)> = if input.list("Targets").is_empty() {
        group.targets.values().map(|target| (target.id.as_str(), target.port)).collect()
    } else {
        named.into_iter().map(|(id, port)| (id, port.unwrap_or(group.port))).collect()
    };
    let shown: Vec<Value> = wanted
        .into_iter()
        .map(|(id, port)| {
            let health: super::Health =
                super::health(account, &call.region, arn, id, port, call.now);
            let (state, reason, description) = health.parts();
            let check = match group.health_check.port.as_str() {
                "traffic-port" => port.to_string(),
                number => number.to_owned(),
            };
            json!({
                "Target": { "Id": id, "Port": port },
                "HealthCheckPort": check,
                "TargetHealth": {
                    "State": state,
                    "Reason": reason,
                    "Description": description,
                },
            })
        })
        .collect();
    Ok(json!({ "TargetHealthDescriptions": shown }))
}
