//! Elastic Load Balancing, version 2: load balancers, target groups, listeners and their rules.
//!
//! One file for each: its state, its operations, how it is shown. What they share: `network` (what
//! EC2 knows), `attributes` (tables of keys with their defaults), `action` and `condition` (the
//! forms AWS gives back), `tags`, `rules` (what is refused).
//!
//! Other services use [`target_group`], [`register`], [`deregister`] and [`health`], and
//! [`certificates_in_use`].

mod action;
mod attributes;
mod condition;
mod health;
mod listener;
mod listener_certificate;
mod listener_rule;
mod load_balancer;
mod logs;
mod network;
mod rules;
mod ssl_policy;
mod tags;
mod target;
mod target_group;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::paging::page;
use super::{Answer, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

pub(crate) use health::{Health, health};
pub(crate) use target::{deregister, register};
pub(crate) use target_group::TargetGroup;

/// What Elastic Load Balancing keeps for one region; everything by its ARN.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// How much of each there may be.
    limits: Limits,
    load_balancers: BTreeMap<String, load_balancer::LoadBalancer>,
    target_groups: BTreeMap<String, TargetGroup>,
    listeners: BTreeMap<String, listener::Listener>,
    rules: BTreeMap<String, listener_rule::ListenerRule>,
    tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// Quotas of one region (Quotas for your Application Load Balancers, user guide).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
struct Limits {
    load_balancers: usize,
    target_groups: usize,
    listeners_per_load_balancer: usize,
    /// Without default rules.
    rules_per_load_balancer: usize,
    /// Without default certificates.
    certificates_per_load_balancer: usize,
    targets_per_load_balancer: usize,
    target_groups_per_action: usize,
    target_groups_per_load_balancer: usize,
    condition_values_per_rule: usize,
    security_groups_per_load_balancer: usize,
    tags_per_resource: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            load_balancers: 50,
            target_groups: 3000,
            listeners_per_load_balancer: 50,
            rules_per_load_balancer: 100,
            certificates_per_load_balancer: 25,
            targets_per_load_balancer: 1000,
            target_groups_per_action: 5,
            target_groups_per_load_balancer: 100,
            condition_values_per_rule: 5,
            security_groups_per_load_balancer: 5,
            tags_per_resource: 50,
        }
    }
}

/// Returns the state of a region.
fn state<'a>(account: &'a Account, region: &str) -> &'a State {
    static EMPTY: LazyLock<State> = LazyLock::new(State::default);
    account.region(region).map_or(&*EMPTY, |region| &region.elbv2)
}

/// Returns the state of a region for writing.
fn state_mut<'a>(account: &'a mut Account, region: &str) -> &'a mut State {
    &mut account.region_mut(region).elbv2
}

/// Returns a target group.
pub(crate) fn target_group<'a>(
    account: &'a Account,
    region: &str,
    arn: &str,
) -> Option<&'a TargetGroup> {
    state(account, region).target_groups.get(arn)
}

/// Returns the ARNs of the load balancers that use a certificate.
pub(crate) fn certificates_in_use(
    account: &Account,
    region: &str,
    certificate: &str,
) -> Vec<String> {
    let listeners = state(account, region).listeners.values();
    let using = listeners.filter(|listener| listener.has_certificate(certificate));
    let mut balancers: Vec<String> = using.map(|it| it.load_balancer.clone()).collect();
    balancers.sort();
    balancers.dedup();
    balancers
}

/// Answers with one page of what was found.
fn paged(input: &Input, answer: &str, items: Vec<(String, serde_json::Value)>) -> Answer {
    let size = usize::try_from(input.integer("PageSize").unwrap_or(400)).unwrap_or(400);
    let page = page(items, size, input.text("Marker"));
    let (items, next) = page.ok_or_else(|| rules::MARKER.refuse(&[]))?;
    Ok(serde_json::json!({ answer: items, "NextMarker": next }))
}

/// Refuses one more where `have` already reach the limit.
fn room(have: usize, limit: usize, rule: &'static crate::rules::Rule) -> Result<(), Refusal> {
    if have < limit { Ok(()) } else { Err(rule.refuse(&[])) }
}

/// Refuses a name that a load balancer or target group cannot have; `what` is how AWS calls it.
fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.chars().count() > 32 {
        return Err(rules::NAME_LENGTH.refuse(&[what, name]));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(rules::NAME_HYPHEN.refuse(&[what, name]));
    }
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        return Err(rules::NAME_LETTERS.refuse(&[what, name]));
    }
    Ok(())
}

/// Notes which load balancers each target group now serves. To be called when a listener or rule
/// came, went or changed.
fn relate(state: &mut State, at: Time) {
    let mut used: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut note = |groups: Vec<&str>, balancer: &str| {
        for group in groups {
            let balancers = used.entry(group.to_owned()).or_default();
            if !balancers.iter().any(|known| known == balancer) {
                balancers.push(balancer.to_owned());
            }
        }
    };
    for listener in state.listeners.values() {
        note(action::target_groups(&listener.actions), &listener.load_balancer);
    }
    for rule in state.rules.values() {
        if let Some(listener) = state.listeners.get(&rule.listener) {
            note(action::target_groups(&rule.actions), &listener.load_balancer);
        }
    }
    for (arn, group) in &mut state.target_groups {
        group.load_balancers = used.remove(arn).unwrap_or_default();
        group.used_since =
            if group.load_balancers.is_empty() { None } else { group.used_since.or(Some(at)) };
    }
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "elasticloadbalancing",
    shapes: include_str!("../../shapes/elbv2.json"),
    validation_code: "ValidationError",
    throttle_code: "Throttling",
    operations: &[
        write(
            "CreateLoadBalancer",
            &[
                "Name",
                "Subnets",
                "SubnetMappings",
                "SecurityGroups",
                "Scheme",
                "Tags",
                "Type",
                "IpAddressType",
            ],
            load_balancer::create,
        ),
        read(
            "DescribeLoadBalancers",
            &["LoadBalancerArns", "Names", "Marker", "PageSize"],
            load_balancer::describe,
        ),
        write("DeleteLoadBalancer", &["LoadBalancerArn"], load_balancer::delete),
        write(
            "SetSubnets",
            &["LoadBalancerArn", "Subnets", "SubnetMappings", "IpAddressType"],
            load_balancer::set_subnets,
        ),
        write(
            "SetSecurityGroups",
            &["LoadBalancerArn", "SecurityGroups"],
            load_balancer::set_security_groups,
        ),
        write(
            "SetIpAddressType",
            &["LoadBalancerArn", "IpAddressType"],
            load_balancer::set_ip_address_type,
        ),
        read(
            "DescribeLoadBalancerAttributes",
            &["LoadBalancerArn"],
            load_balancer::describe_attributes,
        ),
        write(
            "ModifyLoadBalancerAttributes",
            &["LoadBalancerArn", "Attributes"],
            load_balancer::modify_attributes,
        ),
        write(
            "CreateTargetGroup",
            &[
                "Name",
                "Protocol",
                "ProtocolVersion",
                "Port",
                "VpcId",
                "HealthCheckProtocol",
                "HealthCheckPort",
                "HealthCheckEnabled",
                "HealthCheckPath",
                "HealthCheckIntervalSeconds",
                "HealthCheckTimeoutSeconds",
                "HealthyThresholdCount",
                "UnhealthyThresholdCount",
                "Matcher",
                "TargetType",
                "Tags",
                "IpAddressType",
            ],
            target_group::create,
        ),
        read(
            "DescribeTargetGroups",
            &["LoadBalancerArn", "TargetGroupArns", "Names", "Marker", "PageSize"],
            target_group::describe,
        ),
        write(
            "ModifyTargetGroup",
            &[
                "TargetGroupArn",
                "HealthCheckProtocol",
                "HealthCheckPort",
                "HealthCheckPath",
                "HealthCheckEnabled",
                "HealthCheckIntervalSeconds",
                "HealthCheckTimeoutSeconds",
                "HealthyThresholdCount",
                "UnhealthyThresholdCount",
                "Matcher",
            ],
            target_group::modify,
        ),
        write("DeleteTargetGroup", &["TargetGroupArn"], target_group::delete),
        read(
            "DescribeTargetGroupAttributes",
            &["TargetGroupArn"],
            target_group::describe_attributes,
        ),
        write(
            "ModifyTargetGroupAttributes",
            &["TargetGroupArn", "Attributes"],
            target_group::modify_attributes,
        ),
        write("RegisterTargets", &["TargetGroupArn", "Targets"], target::register_all),
        write("DeregisterTargets", &["TargetGroupArn", "Targets"], target::deregister_all),
        read("DescribeTargetHealth", &["TargetGroupArn", "Targets"], health::describe),
        write(
            "CreateListener",
            &[
                "LoadBalancerArn",
                "Protocol",
                "Port",
                "SslPolicy",
                "Certificates",
                "DefaultActions",
                "Tags",
            ],
            listener::create,
        ),
        read(
            "DescribeListeners",
            &["LoadBalancerArn", "ListenerArns", "Marker", "PageSize"],
            listener::describe,
        ),
        write(
            "ModifyListener",
            &["ListenerArn", "Port", "Protocol", "SslPolicy", "Certificates", "DefaultActions"],
            listener::modify,
        ),
        write("DeleteListener", &["ListenerArn"], listener::delete),
        read("DescribeListenerAttributes", &["ListenerArn"], listener::describe_attributes),
        write(
            "ModifyListenerAttributes",
            &["ListenerArn", "Attributes"],
            listener::modify_attributes,
        ),
        write(
            "AddListenerCertificates",
            &["ListenerArn", "Certificates"],
            listener_certificate::add,
        ),
        write(
            "RemoveListenerCertificates",
            &["ListenerArn", "Certificates"],
            listener_certificate::remove,
        ),
        read(
            "DescribeListenerCertificates",
            &["ListenerArn", "Marker", "PageSize"],
            listener_certificate::describe,
        ),
        write(
            "CreateRule",
            &["ListenerArn", "Conditions", "Priority", "Actions", "Tags"],
            listener_rule::create,
        ),
        read(
            "DescribeRules",
            &["ListenerArn", "RuleArns", "Marker", "PageSize"],
            listener_rule::describe,
        ),
        write("ModifyRule", &["RuleArn", "Conditions", "Actions"], listener_rule::modify),
        write("DeleteRule", &["RuleArn"], listener_rule::delete),
        write("SetRulePriorities", &["RulePriorities"], listener_rule::set_priorities),
        write("AddTags", &["ResourceArns", "Tags"], tags::add),
        write("RemoveTags", &["ResourceArns", "TagKeys"], tags::remove),
        read("DescribeTags", &["ResourceArns"], tags::describe),
        read(
            "DescribeSSLPolicies",
            &["Names", "Marker", "PageSize", "LoadBalancerType"],
            ssl_policy::describe,
        ),
    ],
    rules: rules::RULES,
    tagged,
    due: |account| {
        let states = account.regions.values().map(|region| &region.elbv2);
        states.filter_map(target::next_due).min()
    },
    settle: |account, now| {
        for region in account.regions.values_mut() {
            target::settle(&mut region.elbv2, now);
        }
    },
    ..Service::EMPTY
};

/// Lists what has tags, for the Tagging API.
fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let tags = state(account, region).tags.iter().filter(|(_, tags)| !tags.is_empty());
    tags.filter_map(|(arn, tags)| {
        let resource_type = match tags::Kind::of(arn)? {
            tags::Kind::LoadBalancer => "elasticloadbalancing:loadbalancer",
            tags::Kind::TargetGroup => "elasticloadbalancing:targetgroup",
            tags::Kind::Listener => "elasticloadbalancing:listener",
            tags::Kind::Rule => "elasticloadbalancing:listener-rule",
        };
        Some(Tagged { arn: arn.clone(), resource_type, tags: tags.clone() })
    })
    .collect()
}

#[cfg(test)]
pub(crate) mod tests;
