//! Load balancers: application and network.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::attributes::{self, Attribute};
use super::{
    Answer, Call, Input, Members, State, check_name, network, paged, relate, room, rules, state,
    state_mut, tags,
};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::modelled;
use crate::state::Account;

/// How long a new one is `provisioning` (aws-semantics.md 8: 1.5 to 3 minutes).
const PROVISIONING: Duration = Duration::from_secs(120);
/// How long its interfaces outlive it (aws-semantics.md 8: they vanish some time after).
const LINGERING: Duration = Duration::from_secs(90);

/// A load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LoadBalancer {
    pub(super) name: String,
    /// `application` or `network`.
    pub(super) kind: String,
    pub(super) scheme: String,
    pub(super) ip_address_type: String,
    pub(super) vpc: String,
    pub(super) subnets: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) created: Time,
    /// When it becomes `active`.
    pub(super) ready: Time,
    pub(super) attributes: attributes::Set,
}

impl LoadBalancer {
    pub(super) fn is_application(&self) -> bool {
        self.kind == "application"
    }

    /// Tells whether its interfaces have public addresses.
    pub(super) fn is_public(&self) -> bool {
        self.scheme == "internet-facing" && self.ip_address_type != "dualstack-without-public-ipv4"
    }

    fn table(&self) -> &'static [Attribute] {
        if self.is_application() { attributes::APPLICATION } else { attributes::NETWORK }
    }

    fn attribute(&self, key: &str) -> &str {
        attributes::get(self.table(), &self.attributes, key)
    }

    /// Tells whether it was made with the settings of another.
    fn same(&self, other: &Self) -> bool {
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        self.kind == other.kind
            && self.scheme == other.scheme
            && self.ip_address_type == other.ip_address_type
            && sorted(&self.subnets) == sorted(&other.subnets)
            && sorted(&self.groups) == sorted(&other.groups)
    }
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// Reads the subnets of a call, which come in one of two ways.
fn subnets_of(input: &Input) -> Result<Vec<String>, Refusal> {
    let mappings = input.list("SubnetMappings");
    if !mappings.is_empty() && input.contains_key("Subnets") {
        return Err(rules::SUBNETS_TWO_WAYS.refuse(&[]));
    }
    if mappings.is_empty() {
        return Ok(owned(input.texts("Subnets")));
    }
    let mappings = mappings.iter().filter_map(Value::as_object);
    mappings
        .map(|mapping| {
            modelled(mapping, "SubnetMappings", &["SubnetId"])?;
            Ok(mapping.text("SubnetId").unwrap_or_default().to_owned())
        })
        .collect()
}

/// CreateLoadBalancer: the same settings again succeed, others under the same name do not.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    check_name("load balancer", name)?;
    if name.starts_with("internal-") {
        return Err(rules::NAME_INTERNAL.refuse(&[name]));
    }
    let kind = input.text("Type").unwrap_or("application");
    if kind == "gateway" {
        let message = "the sandbox does not model gateway load balancers";
        return Err(Refusal::new("ValidationError", message));
    }
    let new_tags = tags::given(input)?;
    let mut balancer = LoadBalancer {
        name: name.to_owned(),
        kind: kind.to_owned(),
        scheme: input.text("Scheme").unwrap_or("internet-facing").to_owned(),
        ip_address_type: input.text("IpAddressType").unwrap_or("ipv4").to_owned(),
        vpc: String::new(),
        subnets: subnets_of(input)?,
        groups: Vec::new(),
        created: call.now,
        ready: call.after(PROVISIONING),
        attributes: attributes::Set::new(),
    };
    let before = state(account, &call.region);
    let existing = before.load_balancers.iter().find(|(_, it)| it.name == name);
    let existing = existing.map(|(arn, it)| (arn.clone(), it.clone()));
    let joined = existing.as_ref().map(|(_, it)| it.subnets.clone()).unwrap_or_default();
    balancer.vpc = network::check_subnets(account, call, &balancer, &balancer.subnets, &joined)?;
    balancer.groups = network::check_groups(
        account,
        call,
        &balancer.vpc,
        balancer.is_application(),
        owned(input.texts("SecurityGroups")),
    )?;
    let state = state_mut(account, &call.region);
    if let Some((arn, existing)) = existing {
        if existing.same(&balancer) && tags::same(state, &arn, &new_tags) {
            return Ok(json!({ "LoadBalancers": [show(account, call, &arn, &existing)] }));
        }
        return Err(rules::LOAD_BALANCER_EXISTS.refuse(&[name]));
    }
    let limit = state.limits.load_balancers;
    room(state.load_balancers.len(), limit, &rules::LOAD_BALANCER_LIMIT)?;
    let short = if balancer.is_application() { "app" } else { "net" };
    let digits = account.new_digits()[..16].to_owned();
    let arn = call.arn("elasticloadbalancing", &format!("loadbalancer/{short}/{name}/{digits}"));
    for subnet in &balancer.subnets {
        network::join(account, call, &arn, &balancer, subnet)?;
    }
    let state = state_mut(account, &call.region);
    tags::keep(state, &arn, new_tags)?;
    state.load_balancers.insert(arn.clone(), balancer.clone());
    Ok(json!({ "LoadBalancers": [show(account, call, &arn, &balancer)] }))
}

/// Returns the load balancer that the input names.
fn known<'a>(state: &State, input: &'a Input) -> Result<(&'a str, LoadBalancer), Refusal> {
    let arn = input.text("LoadBalancerArn").unwrap_or_default();
    if tags::Kind::of(arn) != Some(tags::Kind::LoadBalancer) {
        return Err(rules::ARN_FORM.refuse(&[arn]));
    }
    match state.load_balancers.get(arn) {
        Some(balancer) => Ok((arn, balancer.clone())),
        None => Err(rules::LOAD_BALANCER_NOT_FOUND.refuse(&[])),
    }
}

/// DescribeLoadBalancers: one that is not there, by name or ARN, fails the call.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let all = &state(account, &call.region).load_balancers;
    let (arns, names) = (input.texts("LoadBalancerArns"), input.texts("Names"));
    if !arns.is_empty() && !names.is_empty() {
        return Err(rules::NAMES_AND_ARNS.refuse(&["Load balancer"]));
    }
    let missing = arns.iter().any(|arn| !all.contains_key(*arn))
        || names.iter().any(|name| !all.values().any(|it| it.name == *name));
    if missing {
        return Err(rules::LOAD_BALANCER_NOT_FOUND.refuse(&[]));
    }
    let wanted = |arn: &str, it: &LoadBalancer| {
        arns.is_empty() && names.is_empty()
            || arns.contains(&arn)
            || names.contains(&it.name.as_str())
    };
    let found = all.iter().filter(|(arn, it)| wanted(arn, it));
    let items = found.map(|(arn, it)| (arn.clone(), show(account, call, arn, it))).collect();
    paged(input, "LoadBalancers", items)
}

/// DeleteLoadBalancer: what is not there is deleted already (aws-semantics.md 8). It takes its
/// listeners along; its interfaces go later.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let arn = match known(state, input) {
        Ok((arn, balancer)) => {
            if balancer.attribute("deletion_protection.enabled") == "true" {
                return Err(rules::PROTECTED.refuse(&[arn]));
            }
            arn
        }
        Err(refusal) if refusal.rule == Some(&rules::LOAD_BALANCER_NOT_FOUND) => {
            return Ok(json!({}));
        }
        Err(refusal) => return Err(refusal),
    };
    let listeners = state.listeners.iter().filter(|(_, it)| it.load_balancer == arn);
    let listeners: Vec<String> = listeners.map(|(arn, _)| arn.clone()).collect();
    for listener in &listeners {
        super::listener::remove(state, listener);
    }
    state.load_balancers.remove(arn);
    state.tags.remove(arn);
    relate(state, call.now);
    network::leave(account, &call.region, arn, None, call.after(LINGERING));
    Ok(json!({}))
}

/// SetSubnets: replaces the subnets.
pub(super) fn set_subnets(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, mut balancer) = known(state(account, &call.region), input)?;
    let wanted = subnets_of(input)?;
    if let Some(kind) = input.text("IpAddressType") {
        kind.clone_into(&mut balancer.ip_address_type);
    }
    let vpc = network::check_subnets(account, call, &balancer, &wanted, &balancer.subnets)?;
    if vpc != balancer.vpc {
        return Err(rules::SUBNETS_OF_VPCS.refuse(&[]));
    }
    for subnet in balancer.subnets.iter().filter(|id| !wanted.contains(id)) {
        network::leave(account, &call.region, arn, Some(subnet), call.after(LINGERING));
    }
    for subnet in wanted.iter().filter(|id| !balancer.subnets.contains(id)) {
        network::join(account, call, arn, &balancer, subnet)?;
    }
    balancer.subnets = wanted;
    let zones = zones(account, call, &balancer);
    let ip_address_type = balancer.ip_address_type.clone();
    keep(account, call, arn, balancer);
    Ok(json!({ "AvailabilityZones": zones, "IpAddressType": ip_address_type }))
}

fn keep(account: &mut Account, call: &Call, arn: &str, balancer: LoadBalancer) {
    state_mut(account, &call.region).load_balancers.insert(arn.to_owned(), balancer);
}

/// SetSecurityGroups: replaces the security groups.
pub(super) fn set_security_groups(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, mut balancer) = known(state(account, &call.region), input)?;
    let groups = owned(input.texts("SecurityGroups"));
    if groups.is_empty() {
        return Err(rules::NO_SECURITY_GROUPS.refuse(&[]));
    }
    if !balancer.is_application() && balancer.groups.is_empty() {
        return Err(rules::NETWORK_SECURITY_GROUPS.refuse(&[]));
    }
    balancer.groups =
        network::check_groups(account, call, &balancer.vpc, balancer.is_application(), groups)?;
    network::regroup(account, &call.region, arn, &balancer.groups);
    let answer = json!({ "SecurityGroupIds": balancer.groups });
    keep(account, call, arn, balancer);
    Ok(answer)
}

/// SetIpAddressType.
pub(super) fn set_ip_address_type(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, mut balancer) = known(state(account, &call.region), input)?;
    let kind = input.text("IpAddressType").unwrap_or_default();
    network::check_ipv6(network::ec2(account, &call.region), kind, &balancer.subnets)?;
    kind.clone_into(&mut balancer.ip_address_type);
    keep(account, call, arn, balancer);
    Ok(json!({ "IpAddressType": kind }))
}

/// DescribeLoadBalancerAttributes.
pub(super) fn describe_attributes(account: &Account, call: &Call, input: &Input) -> Answer {
    let (_, balancer) = known(state(account, &call.region), input)?;
    Ok(json!({ "Attributes": attributes::show(balancer.table(), &balancer.attributes) }))
}

/// ModifyLoadBalancerAttributes.
pub(super) fn modify_attributes(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, mut balancer) = known(state(account, &call.region), input)?;
    balancer.attributes.extend(attributes::given(balancer.table(), input)?);
    for logs in ["access_logs", "connection_logs"] {
        let of = |part: &str| balancer.attribute(&format!("{logs}.s3.{part}")).to_owned();
        if of("enabled") == "true" {
            super::logs::check(account, call, &of("bucket"), &of("prefix"))?;
        }
    }
    let shown = attributes::show(balancer.table(), &balancer.attributes);
    keep(account, call, arn, balancer);
    Ok(json!({ "Attributes": shown }))
}

fn zones(account: &Account, call: &Call, balancer: &LoadBalancer) -> Vec<Value> {
    let subnets = &network::ec2(account, &call.region).subnets;
    let shown = balancer.subnets.iter().map(|id| {
        let zone = subnets.get(id).map(|subnet| &subnet.zone);
        json!({ "ZoneName": zone, "SubnetId": id, "LoadBalancerAddresses": [] })
    });
    shown.collect()
}

fn show(account: &Account, call: &Call, arn: &str, balancer: &LoadBalancer) -> Value {
    let id = arn.rsplit('/').next().unwrap_or_default();
    let name = &balancer.name;
    let prefix = if balancer.scheme == "internal" { "internal-" } else { "" };
    let dns = if balancer.is_application() {
        // AWS's names end in up to ten decimal digits.
        let number = u64::from_str_radix(id, 16).unwrap_or_default() % 10_000_000_000;
        format!("{prefix}{name}-{number}.{}.elb.amazonaws.com", call.region)
    } else {
        format!("{name}-{id}.elb.{}.amazonaws.com", call.region)
    };
    let code = if call.now < balancer.ready { "provisioning" } else { "active" };
    json!({
        "LoadBalancerArn": arn,
        "DNSName": dns,
        "CanonicalHostedZoneId": hosted_zone(&call.region, balancer.is_application()),
        "CreatedTime": balancer.created.to_string(),
        "LoadBalancerName": name,
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc,
        "State": { "Code": code },
        "Type": balancer.kind,
        "AvailabilityZones": zones(account, call, balancer),
        "SecurityGroups": balancer.groups,
        "IpAddressType": balancer.ip_address_type,
    })
}

/// Returns the hosted zone of load balancers' names (Elastic Load Balancing endpoints and quotas,
/// AWS General Reference); of regions that are not in this table one made from the region's name.
fn hosted_zone(region: &str, is_application: bool) -> String {
    const ZONES: [(&str, &str, &str); 11] = [
        ("eu-central-1", "Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"),
        ("eu-north-1", "Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM"),
        ("eu-west-1", "Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
        ("eu-west-2", "ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G"),
        ("eu-west-3", "Z3Q77PNBQS71R4", "Z1CMS0P5QUZ6D5"),
        ("us-east-1", "Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"),
        ("us-east-2", "Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
        ("us-west-1", "Z368ELLRRE2KJ0", "Z24FKFUX50B4VW"),
        ("us-west-2", "Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
        ("ap-southeast-2", "Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD"),
        ("ap-northeast-1", "Z14GRHDCWA56QT", "Z31USIVHYNEOWT"),
    ];
    match ZONES.iter().find(|(name, ..)| *name == region) {
        Some((_, application, _)) if is_application => (*application).to_owned(),
        Some((.., network)) => (*network).to_owned(),
        None => {
            let letters = region.chars().filter(char::is_ascii_alphanumeric);
            format!("Z{}", letters.collect::<String>().to_ascii_uppercase())
        }
    }
}
