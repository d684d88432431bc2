//! Reading what a call says of the rules of a security group, in AWS's canonical form.

use serde_json::{Map, Value, json};

use super::super::{Input, Members, modelled};
use super::security_group::{GroupRule, Peer, Traffic, plain};
use super::{View, cidr, ids, prefix_list, rules};
use crate::rules::Refusal;

/// What AuthorizeSecurityGroupIngress models.
pub(super) static AUTHORIZE_INGRESS: &[&str] = &[
    "GroupId",
    "IpPermissions",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIp",
    "TagSpecifications",
];

/// What AuthorizeSecurityGroupEgress models; the single members are "not supported" by AWS.
pub(super) static AUTHORIZE_EGRESS: &[&str] = &["GroupId", "IpPermissions", "TagSpecifications"];

/// What RevokeSecurityGroupIngress models.
pub(super) static REVOKE_INGRESS: &[&str] = &[
    "GroupId",
    "IpPermissions",
    "SecurityGroupRuleIds",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIp",
];

/// What RevokeSecurityGroupEgress models.
pub(super) static REVOKE_EGRESS: &[&str] = &["GroupId", "IpPermissions", "SecurityGroupRuleIds"];

/// The members that say one permission without `IpPermissions`.
static SINGLE: &[&str] = &["IpProtocol", "FromPort", "ToPort", "CidrIp"];

/// One peer and what passes between it and the group.
#[derive(Clone, Debug)]
pub(super) struct Permission {
    pub(super) traffic: Traffic,
    pub(super) peer: Peer,
    pub(super) description: Option<String>,
}

impl Permission {
    /// Tells whether a rule is this permission; descriptions do not count.
    pub(super) fn is(&self, rule: &GroupRule, egress: bool) -> bool {
        rule.egress == egress && rule.traffic == self.traffic && rule.peer == self.peer
    }

    /// Tells whether two are the same; descriptions do not count.
    pub(super) fn same(&self, other: &Permission) -> bool {
        self.traffic == other.traffic && self.peer == other.peer
    }

    /// Writes it as AWS's messages do: `peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW`.
    pub(super) fn text(&self) -> String {
        let Traffic { protocol, from, to } = &self.traffic;
        let peer = self.peer.text();
        if protocol == "-1" {
            format!("peer: {peer}, ALL, ALLOW")
        } else if self.traffic.has_ports() {
            let protocol = protocol.to_uppercase();
            format!("peer: {peer}, {protocol}, from port: {from}, to port: {to}, ALLOW")
        } else {
            format!("peer: {peer}, {protocol}, ALLOW")
        }
    }
}

/// Tells whether a call carries permissions at all.
pub(super) fn given(input: &Input) -> bool {
    input.contains_key("IpPermissions") || SINGLE.iter().any(|name| input.contains_key(*name))
}

/// Reads every permission of a call for a group of the given VPC, one for each peer.
pub(super) fn read(view: View<'_>, input: &Input, vpc: &str) -> Result<Vec<Permission>, Refusal> {
    let single = SINGLE.iter().any(|name| input.contains_key(*name));
    if single && input.contains_key("IpPermissions") {
        return Err(rules::PERMISSIONS_TWO_WAYS.refuse(&[]));
    }
    let mut found: Vec<Permission> = Vec::new();
    if single {
        let mut whole: Map<String, Value> =
            input.iter().filter(|(name, _)| SINGLE.contains(&name.as_str())).map(pair).collect();
        if let Some(block) = whole.remove("CidrIp") {
            whole.insert("IpRanges".to_owned(), json!([{ "CidrIp": block }]));
        }
        read_one(view, &whole, vpc, &mut found)?;
    }
    for permission in input.list("IpPermissions").iter().filter_map(Value::as_object) {
        read_one(view, permission, vpc, &mut found)?;
    }
    let twice = |at: usize| found[..at].iter().any(|earlier| earlier.same(&found[at]));
    if (0..found.len()).any(twice) {
        return Err(rules::PERMISSION_TWICE.refuse(&[]));
    }
    Ok(found)
}

fn pair((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn read_one(
    view: View<'_>,
    permission: &Map<String, Value>,
    vpc: &str,
    found: &mut Vec<Permission>,
) -> Result<(), Refusal> {
    let members = [
        "IpProtocol",
        "FromPort",
        "ToPort",
        "IpRanges",
        "Ipv6Ranges",
        "PrefixListIds",
        "UserIdGroupPairs",
    ];
    modelled(permission, "IpPermissions", &members)?;
    let traffic = traffic(permission)?;
    let before = found.len();
    let lists = [
        ("IpRanges", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6"),
        ("PrefixListIds", "PrefixListId"),
        ("UserIdGroupPairs", "GroupId"),
    ];
    for (list, member) in lists {
        for entry in permission.list(list).iter().filter_map(Value::as_object) {
            modelled(entry, list, &[member, "Description", "UserId", "VpcId"])?;
            let text = entry.text(member).ok_or_else(|| rules::PEER_NONE.refuse(&[]))?;
            if entry.text("UserId").is_some_and(|user| user != view.call.account_id) {
                return Err(rules::GROUP_NOT_FOUND.refuse(&[text]));
            }
            found.push(Permission {
                traffic: traffic.clone(),
                peer: peer(view, member, text, vpc)?,
                description: description(entry)?,
            });
        }
    }
    if found.len() == before {
        return Err(rules::PEER_NONE.refuse(&[]));
    }
    Ok(())
}

/// Reads the description of a peer; an empty one is none.
pub(super) fn description(entry: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    match entry.text("Description") {
        Some(text) if !plain(text) => Err(rules::RULE_DESCRIPTION.refuse(&[])),
        text => Ok(text.filter(|text| !text.is_empty()).map(str::to_owned)),
    }
}

/// Reads a peer from the member that names it.
pub(super) fn peer(view: View<'_>, member: &str, text: &str, vpc: &str) -> Result<Peer, Refusal> {
    let malformed = || rules::RULE_CIDR.refuse(&[text]);
    match member {
        "CidrIp" | "CidrIpv4" => cidr::v4(text).map(Peer::V4).ok_or_else(malformed),
        "CidrIpv6" => cidr::v6(text).map(Peer::V6).ok_or_else(malformed),
        "PrefixListId" => {
            prefix_list::check(view.call, text)?;
            Ok(Peer::PrefixList(text.to_owned()))
        }
        _ => {
            ids::SECURITY_GROUP.check(view.state, text)?;
            if view.state.security_groups[text].vpc != vpc {
                return Err(rules::GROUP_OTHER_VPC.refuse(&[]));
            }
            Ok(Peer::Group(text.to_owned()))
        }
    }
}

/// Reads protocol and ports in their canonical form (aws-semantics.md 1, security_group_rule).
pub(super) fn traffic(input: &Map<String, Value>) -> Result<Traffic, Refusal> {
    let text = input.text("IpProtocol").ok_or_else(|| rules::PROTOCOL_NONE.refuse(&[]))?;
    let protocol = protocol(text)?;
    let ports = (input.integer("FromPort"), input.integer("ToPort"));
    let (from, to) = match (protocol.as_str(), ports) {
        ("tcp" | "udp", (Some(from), Some(to))) => {
            let valid = 0..=65535;
            if !valid.contains(&from) || !valid.contains(&to) || from > to {
                return Err(rules::PORT_RANGE.refuse(&[&from.to_string(), &to.to_string()]));
            }
            (from, to)
        }
        ("tcp" | "udp", _) => return Err(rules::PORTS_NONE.refuse(&["TCP/UDP"])),
        ("icmp" | "icmpv6", (Some(from), Some(to))) => {
            let valid = -1..=255;
            if !valid.contains(&from) || !valid.contains(&to) || (from == -1 && to != -1) {
                return Err(rules::ICMP_RANGE.refuse(&[&from.to_string(), &to.to_string()]));
            }
            (from, to)
        }
        ("icmp" | "icmpv6", _) => return Err(rules::PORTS_NONE.refuse(&["ICMP"])),
        _ => (-1, -1),
    };
    Ok(Traffic { protocol, from, to })
}

/// Names a protocol as AWS does: the four it has names for by name, others by number.
fn protocol(text: &str) -> Result<String, Refusal> {
    let known = match text.to_lowercase().as_str() {
        "-1" | "all" => "-1",
        "tcp" | "6" => "tcp",
        "udp" | "17" => "udp",
        "icmp" | "1" => "icmp",
        "icmpv6" | "58" => "icmpv6",
        _ => match text.parse::<u8>() {
            Ok(number) => return Ok(number.to_string()),
            Err(_) => return Err(rules::PROTOCOL_UNKNOWN.refuse(&[text])),
        },
    };
    Ok(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        protocol: &str,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<(String, i64, i64), String> {
        let input = json!({ "IpProtocol": protocol, "FromPort": from, "ToPort": to });
        let Value::Object(input) = input else { unreachable!() };
        traffic(&input)
            .map(|traffic| (traffic.protocol, traffic.from, traffic.to))
            .map_err(|refusal| refusal.code.into_owned())
    }

    #[test]
    fn protocols_get_their_names_and_only_some_have_ports() {
        assert_eq!(read("6", Some(22), Some(23)), Ok(("tcp".into(), 22, 23)));
        assert_eq!(read("17", Some(0), Some(65535)), Ok(("udp".into(), 0, 65535)));
        assert_eq!(read("1", Some(8), Some(-1)), Ok(("icmp".into(), 8, -1)));
        assert_eq!(read("58", Some(-1), Some(-1)), Ok(("icmpv6".into(), -1, -1)));
        assert_eq!(read("-1", Some(0), Some(0)), Ok(("-1".into(), -1, -1)));
        assert_eq!(read("all", None, None), Ok(("-1".into(), -1, -1)));
        assert_eq!(read("50", Some(5), Some(5)), Ok(("50".into(), -1, -1)));
        assert_eq!(read("tcp", Some(22), None), Err("InvalidParameterValue".into()));
        assert_eq!(read("tcp", Some(23), Some(22)), Err("InvalidParameterValue".into()));
        assert_eq!(read("256", None, None), Err("InvalidParameterValue".into()));
    }
}
