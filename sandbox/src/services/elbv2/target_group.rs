//! Target groups: where listeners and rules forward to, and how the health of targets is checked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::attributes::{self, Attribute};
use super::target::Target;
use super::{
    Answer, Call, Input, Members, State, check_name, network, paged, room, rules, state, state_mut,
    tags,
};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// A target group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TargetGroup {
    pub(crate) name: String,
    /// `HTTP`, `HTTPS` or `TCP`.
    pub(crate) protocol: String,
    pub(super) protocol_version: Option<String>,
    pub(crate) port: u16,
    pub(crate) vpc: String,
    /// `instance` or `ip`.
    pub(crate) target_type: String,
    pub(super) ip_address_type: String,
    pub(super) health_check: HealthCheck,
    pub(super) attributes: attributes::Set,
    /// The load balancers that forward to it, by ARN.
    pub(crate) load_balancers: Vec<String>,
    /// Since when one does.
    pub(super) used_since: Option<Time>,
    /// By id and port, as `10.0.0.4:8000`.
    pub(super) targets: BTreeMap<String, Target>,
}

/// How the health of targets is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HealthCheck {
    pub(super) protocol: String,
    /// `traffic-port` or a number.
    pub(super) port: String,
    pub(super) path: Option<String>,
    /// In seconds.
    pub(super) interval: u64,
    /// In seconds.
    pub(super) timeout: u64,
    pub(super) healthy: u64,
    pub(super) unhealthy: u64,
    /// HTTP or gRPC codes.
    pub(super) matcher: Option<(String, String)>,
}

impl TargetGroup {
    fn table(&self) -> &'static [Attribute] {
        if self.is_http() { attributes::HTTP_TARGETS } else { attributes::TCP_TARGETS }
    }

    pub(super) fn is_http(&self) -> bool {
        matches!(self.protocol.as_str(), "HTTP" | "HTTPS")
    }

    /// How long a deregistered target drains.
    pub(crate) fn deregistration_delay(&self) -> Duration {
        let key = "deregistration_delay.timeout_seconds";
        let value = attributes::get(self.table(), &self.attributes, key);
        Duration::from_secs(value.parse().unwrap_or(300))
    }

    fn same(&self, other: &Self) -> bool {
        self.protocol == other.protocol
            && self.protocol_version == other.protocol_version
            && self.port == other.port
            && self.vpc == other.vpc
            && self.target_type == other.target_type
            && self.ip_address_type == other.ip_address_type
            && self.health_check == other.health_check
    }
}

impl HealthCheck {
    /// What AWS assumes (CreateTargetGroup API reference).
    fn of(protocol: &str, version: Option<&str>) -> Self {
        let mut check = Self {
            protocol: "TCP".to_owned(),
            port: "traffic-port".to_owned(),
            path: None,
            interval: 30,
            timeout: 10,
            healthy: 5,
            unhealthy: 2,
            matcher: None,
        };
        check.set_protocol(if protocol == "TCP" { "TCP" } else { "HTTP" }, protocol, version);
        check
    }

    /// Sets the protocol of the checks with the defaults that come with it.
    fn set_protocol(&mut self, check: &str, group: &str, version: Option<&str>) {
        check.clone_into(&mut self.protocol);
        self.timeout = if group == "HTTP" || group == "TCP" && check == "HTTP" { 6 } else { 10 };
        if check == "TCP" {
            (self.path, self.matcher) = (None, None);
        } else if version == Some("GRPC") {
            self.path = Some("/AWS.ALB/healthcheck".to_owned());
            self.matcher = Some(("GrpcCode".to_owned(), "12".to_owned()));
        } else {
            let codes = if group == "TCP" { "200-399" } else { "200" };
            self.path = Some("/".to_owned());
            self.matcher = Some(("HttpCode".to_owned(), codes.to_owned()));
        }
    }

    /// Takes over what a call says.
    fn modify(&mut self, input: &Input, group: &str, version: Option<&str>) -> Result<(), Refusal> {
        if let Some(protocol) = input.text("HealthCheckProtocol") {
            let known = matches!(protocol, "HTTP" | "HTTPS") || protocol == "TCP" && group == "TCP";
            if !known {
                return Err(rules::CHECK_PROTOCOL.refuse(&[protocol, group]));
            }
            if protocol != self.protocol {
                self.set_protocol(protocol, group, version);
            }
        }
        if input.flag("HealthCheckEnabled") == Some(false) {
            return Err(rules::CHECK_DISABLED.refuse(&[]));
        }
        if let Some(port) = input.text("HealthCheckPort") {
            if port != "traffic-port" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
                return Err(rules::CHECK_PORT.refuse(&[port]));
            }
            port.clone_into(&mut self.port);
        }
        if let Some(path) = input.text("HealthCheckPath") {
            if self.protocol == "TCP" {
                return Err(rules::CHECK_TCP.refuse(&["path"]));
            }
            if !path.starts_with('/') {
                return Err(rules::CHECK_PATH.refuse(&[path]));
            }
            self.path = Some(path.to_owned());
        }
        if let Some(matcher) = input.object("Matcher") {
            if self.protocol == "TCP" {
                return Err(rules::CHECK_TCP.refuse(&["matcher"]));
            }
            let member = if version == Some("GRPC") { "GrpcCode" } else { "HttpCode" };
            let (low, high) = match (member, group) {
                ("GrpcCode", _) => (0, 99),
                (_, "TCP") => (200, 599),
                _ => (200, 499),
            };
            let codes = matcher.text(member).unwrap_or_default();
            if !is_codes(codes, low, high) {
                return Err(rules::CHECK_MATCHER.refuse(&[codes]));
            }
            self.matcher = Some((member.to_owned(), codes.to_owned()));
        }
        let seconds = |name: &str| input.integer(name).and_then(|value| u64::try_from(value).ok());
        self.interval = seconds("HealthCheckIntervalSeconds").unwrap_or(self.interval);
        self.timeout = seconds("HealthCheckTimeoutSeconds").unwrap_or(self.timeout);
        self.healthy = seconds("HealthyThresholdCount").unwrap_or(self.healthy);
        self.unhealthy = seconds("UnhealthyThresholdCount").unwrap_or(self.unhealthy);
        if self.timeout >= self.interval {
            let (timeout, interval) = (self.timeout.to_string(), self.interval.to_string());
            return Err(rules::CHECK_TIMEOUT.refuse(&[&timeout, &interval]));
        }
        Ok(())
    }
}

/// Tells whether a text is codes as in `200,202` or `200-299`.
fn is_codes(text: &str, low: u16, high: u16) -> bool {
    let code = |text: &str| text.parse().ok().filter(|code| (low..=high).contains(code));
    text.split(',').all(|part| match part.split_once('-') {
        Some((from, to)) => code(from).is_some_and(|from| code(to).is_some_and(|to| from <= to)),
        None => code(part).is_some(),
    })
}

/// CreateTargetGroup: the same settings again succeed, others under the same name do not.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    check_name("target group", name)?;
    let new_tags = tags::given(input)?;
    let group = read(account, call, input)?;
    let state = state_mut(account, &call.region);
    let existing = state.target_groups.iter().find(|(_, it)| it.name == name);
    if let Some((arn, existing)) = existing {
        if existing.same(&group) && tags::same(state, arn, &new_tags) {
            return Ok(json!({ "TargetGroups": [show(arn, existing)] }));
        }
        return Err(rules::TARGET_GROUP_EXISTS.refuse(&[name]));
    }
    let limit = state.limits.target_groups;
    room(state.target_groups.len(), limit, &rules::TARGET_GROUP_LIMIT)?;
    let digits = account.new_digits()[..16].to_owned();
    let arn = call.arn("elasticloadbalancing", &format!("targetgroup/{name}/{digits}"));
    let shown = show(&arn, &group);
    let state = state_mut(account, &call.region);
    tags::keep(state, &arn, new_tags)?;
    state.target_groups.insert(arn, group);
    Ok(json!({ "TargetGroups": [shown] }))
}

fn read(account: &Account, call: &Call, input: &Input) -> Result<TargetGroup, Refusal> {
    let target_type = input.text("TargetType").unwrap_or("instance");
    let required = |member: &str| rules::TARGET_GROUP_MEMBER.refuse(&[member, target_type]);
    let protocol = input.text("Protocol").ok_or_else(|| required("protocol"))?;
    let models =
        matches!(target_type, "instance" | "ip") && matches!(protocol, "HTTP" | "HTTPS" | "TCP");
    if !models {
        let message =
            format!("the sandbox does not model target groups of {target_type} over {protocol}");
        return Err(Refusal::new("ValidationError", message));
    }
    let port = input.integer("Port").and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| required("port"))?;
    let vpc = input.text("VpcId").ok_or_else(|| required("VPC ID"))?;
    if !network::ec2(account, &call.region).vpcs.contains_key(vpc) {
        return Err(rules::VPC_NOT_FOUND.refuse(&[vpc]));
    }
    let version = match (input.text("ProtocolVersion"), protocol) {
        (Some(_), "TCP") => return Err(rules::PROTOCOL_VERSION_TCP.refuse(&[])),
        (None, "TCP") => None,
        (version, _) => Some(version.unwrap_or("HTTP1")),
    };
    if version.is_some_and(|version| !matches!(version, "HTTP1" | "HTTP2" | "GRPC")) {
        return Err(rules::PROTOCOL_VERSION.refuse(&[version.unwrap_or_default()]));
    }
    let mut health_check = HealthCheck::of(protocol, version);
    health_check.modify(input, protocol, version)?;
    Ok(TargetGroup {
        name: input.text("Name").unwrap_or_default().to_owned(),
        protocol: protocol.to_owned(),
        protocol_version: version.map(str::to_owned),
        port,
        vpc: vpc.to_owned(),
        target_type: target_type.to_owned(),
        ip_address_type: input.text("IpAddressType").unwrap_or("ipv4").to_owned(),
        health_check,
        attributes: attributes::Set::new(),
        load_balancers: Vec::new(),
        used_since: None,
        targets: BTreeMap::new(),
    })
}

/// Returns the ARN of the target group that the input names.
pub(super) fn known<'a>(state: &State, input: &'a Input) -> Result<&'a str, Refusal> {
    let arn = input.text("TargetGroupArn").unwrap_or_default();
    if tags::Kind::of(arn) != Some(tags::Kind::TargetGroup) {
        return Err(rules::ARN_FORM.refuse(&[arn]));
    }
    if state.target_groups.contains_key(arn) {
        Ok(arn)
    } else {
        Err(rules::TARGET_GROUP_NOT_FOUND.refuse(&[]))
    }
}

fn known_mut<'a>(
    state: &'a mut State,
    input: &Input,
) -> Result<(String, &'a mut TargetGroup), Refusal> {
    let arn = known(state, input)?.to_owned();
    match state.target_groups.get_mut(&arn) {
        Some(group) => Ok((arn, group)),
        None => Err(rules::TARGET_GROUP_NOT_FOUND.refuse(&[])),
    }
}

/// DescribeTargetGroups: one that is not there, by name or ARN, fails the call.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let all = &state.target_groups;
    let (arns, names) = (input.texts("TargetGroupArns"), input.texts("Names"));
    let balancer = input.text("LoadBalancerArn");
    let given = [!arns.is_empty(), !names.is_empty(), balancer.is_some()];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err(rules::NAMES_AND_ARNS.refuse(&["Target group"]));
    }
    if balancer.is_some_and(|arn| !state.load_balancers.contains_key(arn)) {
        return Err(rules::LOAD_BALANCER_NOT_FOUND.refuse(&[]));
    }
    let missing = arns.iter().any(|arn| !all.contains_key(*arn))
        || names.iter().any(|name| !all.values().any(|it| it.name == *name));
    if missing {
        return Err(rules::TARGET_GROUP_NOT_FOUND.refuse(&[]));
    }
    let wanted = |arn: &str, it: &TargetGroup| match balancer {
        Some(balancer) => it.load_balancers.iter().any(|known| known == balancer),
        None => {
            arns.is_empty() && names.is_empty()
                || arns.contains(&arn)
                || names.contains(&it.name.as_str())
        }
    };
    let found = all.iter().filter(|(arn, it)| wanted(arn, it));
    paged(input, "TargetGroups", found.map(|(arn, it)| (arn.clone(), show(arn, it))).collect())
}

/// ModifyTargetGroup: the health checks.
pub(super) fn modify(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, group) = known_mut(state_mut(account, &call.region), input)?;
    let version = group.protocol_version.as_deref();
    group.health_check.modify(input, &group.protocol, version)?;
    Ok(json!({ "TargetGroups": [show(&arn, group)] }))
}

/// DeleteTargetGroup: not while a listener or a rule forwards to it.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let (arn, group) = match known_mut(state, input) {
        Ok(found) => found,
        // Deleting what is gone succeeds (DeleteTargetGroup API reference has no NotFound).
        Err(refusal) if refusal.rule == Some(&rules::TARGET_GROUP_NOT_FOUND) => {
            return Ok(json!({}));
        }
        Err(refusal) => return Err(refusal),
    };
    if group.used_since.is_some() {
        return Err(rules::TARGET_GROUP_IN_USE.refuse(&[&arn]));
    }
    state.target_groups.remove(&arn);
    state.tags.remove(&arn);
    Ok(json!({}))
}

/// DescribeTargetGroupAttributes.
pub(super) fn describe_attributes(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let group = &state.target_groups[known(state, input)?];
    Ok(json!({ "Attributes": attributes::show(group.table(), &group.attributes) }))
}

/// ModifyTargetGroupAttributes.
pub(super) fn modify_attributes(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (_, group) = known_mut(state_mut(account, &call.region), input)?;
    group.attributes.extend(attributes::given(group.table(), input)?);
    let get = |key: &str| attributes::get(group.table(), &group.attributes, key);
    let slow = get("slow_start.duration_seconds") != "0";
    if group.is_http() && slow && get("load_balancing.algorithm.type") != "round_robin" {
        return Err(rules::SLOW_START.refuse(&[]));
    }
    if get("stickiness.type") == "app_cookie"
        && get("stickiness.enabled") == "true"
        && get("stickiness.app_cookie.cookie_name").is_empty()
    {
        return Err(rules::COOKIE_NAME.refuse(&[]));
    }
    Ok(json!({ "Attributes": attributes::show(group.table(), &group.attributes) }))
}

fn show(arn: &str, group: &TargetGroup) -> Value {
    let check = &group.health_check;
    let matcher = check.matcher.as_ref().map(|(member, codes)| json!({ member: codes }));
    json!({
        "TargetGroupArn": arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "ProtocolVersion": group.protocol_version,
        "Port": group.port,
        "VpcId": group.vpc,
        "HealthCheckProtocol": check.protocol,
        "HealthCheckPort": check.port,
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy,
        "UnhealthyThresholdCount": check.unhealthy,
        "HealthCheckPath": check.path,
        "Matcher": matcher,
        "LoadBalancerArns": group.load_balancers,
        "TargetType": group.target_type,
        "IpAddressType": group.ip_address_type,
    })
}
