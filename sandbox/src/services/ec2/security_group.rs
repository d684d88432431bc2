//! Security groups.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Listing, optional};
use super::{View, dependents, ids, limits, rules, state_mut, tags};
use crate::state::Account;

/// A security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SecurityGroup {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) vpc: String,
    /// In the order they were made.
    pub(crate) rules: Vec<GroupRule>,
}

impl SecurityGroup {
    /// Tells whether it came with its VPC.
    pub(crate) fn is_default(&self) -> bool {
        self.name == "default"
    }

    /// Returns its rule of this id.
    pub(crate) fn rule(&self, id: &str) -> Option<&GroupRule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

/// A rule of a security group: one peer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupRule {
    pub(crate) id: String,
    pub(crate) egress: bool,
    pub(crate) traffic: Traffic,
    pub(crate) peer: Peer,
    pub(crate) description: Option<String>,
}

/// What passes: protocol and ports, in AWS's canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Traffic {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub(crate) protocol: String,
    /// -1 for all, as for every protocol without ports.
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Traffic {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self { protocol: "-1".to_owned(), from: -1, to: -1 }
    }

    /// Tells whether the protocol has ports, or types and codes.
    pub(crate) fn has_ports(&self) -> bool {
        matches!(self.protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6")
    }
}

/// Where traffic comes from or goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Peer {
    V4(Ipv4Net),
    V6(Ipv6Net),
    PrefixList(String),
    Group(String),
}

impl Peer {
    /// Returns the security group, if it is one.
    pub(crate) fn group(&self) -> Option<&str> {
        if let Self::Group(id) = self { Some(id) } else { None }
    }

    /// Writes it as messages do.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::V4(block) => block.to_string(),
            Self::V6(block) => block.to_string(),
            Self::PrefixList(id) | Self::Group(id) => id.clone(),
        }
    }
}

/// Makes a group with the rule that lets everything out.
fn open(account: &mut Account, name: &str, description: &str, vpc: &str) -> SecurityGroup {
    let out = GroupRule {
        id: account.new_id("sgr"),
        egress: true,
        traffic: Traffic::all(),
        peer: Peer::V4(Ipv4Net::default()),
        description: None,
    };
    SecurityGroup {
        name: name.to_owned(),
        description: description.to_owned(),
        vpc: vpc.to_owned(),
        rules: vec![out],
    }
}

/// Makes the default security group of a new VPC: its members may reach each other.
pub(super) fn create_default(account: &mut Account, call: &Call, vpc: &str) {
    let id = account.new_id("sg");
    let mut group = open(account, "default", "default VPC security group", vpc);
    group.rules.push(GroupRule {
        id: account.new_id("sgr"),
        egress: false,
        traffic: Traffic::all(),
        peer: Peer::Group(id.clone()),
        description: None,
    });
    state_mut(account, call).security_groups.insert(id, group);
}

/// Tells whether AWS takes a text as the name or description of a group or the description of a
/// rule.
pub(super) fn plain(text: &str) -> bool {
    text.len() <= 255
        && text.chars().all(|letter| {
            letter.is_ascii_alphanumeric() || "._-:/()#,@[]+=&;{}!$* ".contains(letter)
        })
}

/// CreateSecurityGroup.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::SECURITY_GROUP)?;
    let name = input.text("GroupName").unwrap_or_default().trim();
    let description = input.text("Description").unwrap_or_default();
    if name == "default" {
        return Err(rules::GROUP_RESERVED.refuse(&[]));
    }
    if name.starts_with("sg-") {
        return Err(rules::GROUP_NAME_LIKE_ID.refuse(&[]));
    }
    if name.is_empty() || !plain(name) {
        return Err(rules::GROUP_NAME.refuse(&[name]));
    }
    if description.is_empty() || !plain(description) {
        return Err(rules::GROUP_DESCRIPTION.refuse(&[]));
    }
    let vpc = input.text("VpcId").ok_or_else(|| rules::NO_DEFAULT_VPC.refuse(&[]))?;
    let state = state_mut(account, call);
    ids::VPC.check(state, vpc)?;
    if state.security_groups.values().any(|group| group.vpc == vpc && group.name == name) {
        return Err(rules::GROUP_DUPLICATE.refuse(&[name, vpc]));
    }
    let have = state.security_groups.len();
    limits::room(have, state.limits.security_groups, &rules::GROUP_LIMIT)?;

    let id = account.new_id("sg");
    let group = open(account, name, description, vpc);
    let state = state_mut(account, call);
    state.security_groups.insert(id.clone(), group);
    tags::keep(state, &id, tags)?;
    let view = View::new(account, call);
    Ok(json!({ "GroupId": id, "SecurityGroupArn": arn(call, &id), "Tags": tags::show(view, &id) }))
}

fn arn(call: &Call, id: &str) -> String {
    call.arn("ec2", &format!("security-group/{id}"))
}

/// DeleteSecurityGroup: not the default one, none that an interface has or another's rule names.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = input.text("GroupId").ok_or_else(|| rules::GROUP_UNNAMED.refuse(&[]))?;
    ids::SECURITY_GROUP.check(state, id)?;
    if state.security_groups[id].is_default() {
        return Err(rules::GROUP_DEFAULT.refuse(&[id]));
    }
    if dependents::of_security_group(state, id).is_some() {
        return Err(rules::GROUP_IN_USE.refuse(&[id]));
    }
    state.security_groups.remove(id);
    super::vpc::drop_stray_tags(state);
    Ok(json!({ "Return": true, "GroupId": id }))
}

static LISTING: Listing<SecurityGroup> = Listing {
    kind: &ids::SECURITY_GROUP,
    ids: "GroupIds",
    answer: "SecurityGroups",
    page: 1000,
    filters: &[
        "description",
        "egress.ip-permission.cidr",
        "egress.ip-permission.from-port",
        "egress.ip-permission.group-id",
        "egress.ip-permission.group-name",
        "egress.ip-permission.ipv6-cidr",
        "egress.ip-permission.prefix-list-id",
        "egress.ip-permission.protocol",
        "egress.ip-permission.to-port",
        "egress.ip-permission.user-id",
        "group-id",
        "group-name",
        "ip-permission.cidr",
        "ip-permission.from-port",
        "ip-permission.group-id",
        "ip-permission.group-name",
        "ip-permission.ipv6-cidr",
        "ip-permission.prefix-list-id",
        "ip-permission.protocol",
        "ip-permission.to-port",
        "ip-permission.user-id",
        "owner-id",
        "tag-key",
        "vpc-id",
    ],
    field,
    show,
};

/// DescribeSecurityGroups.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.security_groups)
}

fn field(view: View<'_>, id: &str, group: &SecurityGroup, name: &str) -> Vec<String> {
    match name {
        "description" => vec![group.description.clone()],
        "group-id" => vec![id.to_owned()],
        "group-name" => vec![group.name.clone()],
        "owner-id" => vec![view.call.account_id.clone()],
        "vpc-id" => vec![group.vpc.clone()],
        _ => {
            let egress = name.starts_with("egress.");
            let of = name.rsplit('.').next().unwrap_or(name);
            let rules = group.rules.iter().filter(|rule| rule.egress == egress);
            rules.flat_map(|rule| rule_field(view, rule, of)).collect()
        }
    }
}

fn rule_field(view: View<'_>, rule: &GroupRule, name: &str) -> Vec<String> {
    let peer = rule.peer.text();
    let ports = rule.traffic.has_ports();
    match (name, &rule.peer) {
        ("cidr", Peer::V4(_))
        | ("ipv6-cidr", Peer::V6(_))
        | ("prefix-list-id", Peer::PrefixList(_))
        | ("group-id", Peer::Group(_)) => vec![peer],
        ("group-name", Peer::Group(id)) => {
            optional(view.state.security_groups.get(id).map(|group| &group.name))
        }
        ("user-id", Peer::Group(_)) => vec![view.call.account_id.clone()],
        ("protocol", _) => vec![rule.traffic.protocol.clone()],
        ("from-port", _) if ports => vec![rule.traffic.from.to_string()],
        ("to-port", _) if ports => vec![rule.traffic.to.to_string()],
        _ => Vec::new(),
    }
}

fn show(view: View<'_>, id: &str, group: &SecurityGroup) -> Value {
    json!({
        "GroupId": id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": view.call.account_id,
        "VpcId": group.vpc,
        "SecurityGroupArn": arn(view.call, id),
        "IpPermissions": permissions(view, group, false),
        "IpPermissionsEgress": permissions(view, group, true),
        "Tags": tags::show(view, id),
    })
}

/// Shows the rules of one direction as permissions: peers of the same traffic together.
fn permissions(view: View<'_>, group: &SecurityGroup, egress: bool) -> Vec<Value> {
    let mut grouped: Vec<(&Traffic, Vec<&GroupRule>)> = Vec::new();
    for rule in group.rules.iter().filter(|rule| rule.egress == egress) {
        match grouped.iter_mut().find(|(traffic, _)| **traffic == rule.traffic) {
            Some((_, rules)) => rules.push(rule),
            None => grouped.push((&rule.traffic, vec![rule])),
        }
    }
    grouped.into_iter().map(|(traffic, rules)| permission(view, traffic, &rules)).collect()
}

/// Shows peers of the same traffic as one permission.
pub(super) fn permission(view: View<'_>, traffic: &Traffic, rules: &[&GroupRule]) -> Value {
    let of = |show: &dyn Fn(&GroupRule) -> Option<Value>| -> Vec<Value> {
        rules.iter().filter_map(|rule| show(rule)).collect()
    };
    let ranges = of(&|rule| match &rule.peer {
        Peer::V4(block) => Some(json!({ "CidrIp": block, "Description": rule.description })),
        _ => None,
    });
    let ipv6 = of(&|rule| match &rule.peer {
        Peer::V6(block) => Some(json!({ "CidrIpv6": block, "Description": rule.description })),
        _ => None,
    });
    let lists = of(&|rule| match &rule.peer {
        Peer::PrefixList(id) => {
            Some(json!({ "PrefixListId": id, "Description": rule.description }))
        }
        _ => None,
    });
    let groups = of(&|rule| {
        rule.peer.group().map(|id| {
            json!({
                "GroupId": id,
                "UserId": view.call.account_id,
                "Description": rule.description,
            })
        })
    });
    let mut shown = json!({
        "IpProtocol": traffic.protocol,
        "IpRanges": ranges,
        "Ipv6Ranges": ipv6,
        "PrefixListIds": lists,
        "UserIdGroupPairs": groups,
    });
    if traffic.has_ports() {
        shown["FromPort"] = traffic.from.into();
        shown["ToPort"] = traffic.to.into();
    }
    shown
}
