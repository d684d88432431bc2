//! Rules of a security group: a part of `security_group`.

use super::security_group::SecurityGroup;
use crate::aws::{Cidr, Error};
use crate::engine::resource::{FieldProblem, Id};
use crate::stack::value::is_placeholder;
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule as Found,
    SecurityGroupRuleRequest, UserIdGroupPair,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// One rule as it is written: traffic, and one or more other ends. Each other end becomes a rule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleGroup {
    /// Protocol: `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all traffic.
    pub ip_protocol: String,
    /// First port; for ICMP the type, where -1 is all. Left out for other protocols.
    #[serde(default)]
    pub from_port: Option<i32>,
    /// Last port, `from_port` when left out; for ICMP the code, where -1 is all.
    #[serde(default)]
    pub to_port: Option<i32>,
    /// IPv4 range or ranges.
    #[serde(default)]
    pub cidr_ipv4: Option<OneOrMore<Cidr>>,
    /// IPv6 range or ranges.
    #[serde(default)]
    pub cidr_ipv6: Option<OneOrMore<Cidr>>,
    /// Prefix list or lists.
    #[serde(default)]
    pub prefix_list_id: Option<OneOrMore<String>>,
    /// Other security group or groups.
    #[serde(default)]
    pub referenced_security_group_id: Option<OneOrMore<Id<SecurityGroup>>>,
    /// Whether members of this very group are the other end.
    #[serde(default, rename = "self")]
    pub itself: Option<bool>,
    /// What it is for; at most 255 characters.
    #[serde(default)]
    pub description: Option<String>,
}

/// One value, or a list of them.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct OneOrMore<T>(pub Vec<T>);

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let error = serde::de::Error::custom;
        let read = |v| serde_json::from_value::<T>(v).map_err(error);
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Null => Ok(Self::default()),
            serde_json::Value::Array(all) => {
                all.into_iter().map(read).collect::<Result<_, _>>().map(Self)
            }
            one => read(one).map(|one| Self(vec![one])),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMore<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("OneOrMore_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let one = generator.subschema_for::<T>();
        let mut schema = one.clone();
        schema.insert("type".into(), serde_json::json!(["string", "array"]));
        schema.insert("items".into(), one.to_value());
        schema
    }
}

/// One rule with one other end, as AWS keeps it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rule {
    ip_protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_port: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_port: Option<i32>,
    #[serde(flatten)]
    end: End,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum End {
    CidrIpv4(Cidr),
    CidrIpv6(Cidr),
    PrefixListId(String),
    ReferencedSecurityGroupId(Id<SecurityGroup>),
    #[serde(rename = "self")]
    Itself(bool),
}

/// All rules of one direction; read from rules with several other ends, written with one each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Rules(pub BTreeSet<Rule>);

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let groups = Vec::<RuleGroup>::deserialize(deserializer)?;
        let mut rules = BTreeSet::new();
        for group in groups {
            let one_each = group.split().map_err(serde::de::Error::custom)?;
            rules.extend(one_each);
        }
        Ok(Self(rules))
    }
}

impl JsonSchema for Rules {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rules".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let rule = generator.subschema_for::<RuleGroup>();
        schemars::json_schema!({ "type": "array", "uniqueItems": true, "items": rule })
    }
}

impl RuleGroup {
    fn split(self) -> Result<Vec<Rule>, String> {
        let protocol = protocol(&self.ip_protocol);
        let (from_port, to_port) = match protocol.as_str() {
            "tcp" | "udp" => {
                let from = self.from_port.ok_or("`from_port` is required with tcp and udp")?;
                (Some(from), Some(self.to_port.unwrap_or(from)))
            }
            "icmp" | "icmpv6" => {
                (Some(self.from_port.unwrap_or(-1)), Some(self.to_port.unwrap_or(-1)))
            }
            other if is_placeholder(other) => (self.from_port, self.to_port),
            // AWS ignores ports of other protocols, and gives -1 back.
            _ => (None, None),
        };
        let (v4, v6) = (all(self.cidr_ipv4), all(self.cidr_ipv6));
        let (lists, groups) = (all(self.prefix_list_id), all(self.referenced_security_group_id));
        if v4.is_none()
            && v6.is_none()
            && lists.is_none()
            && groups.is_none()
            && self.itself.is_none()
        {
            return Err("a rule needs another end: `cidr_ipv4`, `cidr_ipv6`, `prefix_list_id`, \
                        `referenced_security_group_id` or `self`"
                .into());
        }
        let ends = (v4.into_iter().flatten().map(End::CidrIpv4))
            .chain(v6.into_iter().flatten().map(End::CidrIpv6))
            .chain(lists.into_iter().flatten().map(End::PrefixListId))
            .chain(groups.into_iter().flatten().map(End::ReferencedSecurityGroupId))
            .chain(self.itself.filter(|on| *on).map(End::Itself));
        Ok(ends
            .map(|end| Rule {
                ip_protocol: protocol.clone(),
                from_port,
                to_port,
                end,
                description: self.description.clone().filter(|d| !d.is_empty()),
            })
            .collect())
    }
}

fn all<T>(given: Option<OneOrMore<T>>) -> Option<Vec<T>> {
    given.map(|many| many.0)
}

/// Brings a protocol into AWS's spelling.
fn protocol(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "all" | "-1" => "-1".into(),
        "6" => "tcp".into(),
        "17" => "udp".into(),
        "1" => "icmp".into(),
        "58" => "icmpv6".into(),
        _ if is_placeholder(text) => text.into(),
        other => other.into(),
    }
}

impl Rule {
    /// Tells whether both are the same to AWS: all but the description.
    pub(super) fn same(&self, other: &Self) -> bool {
        let key = |r: &Self| (r.ip_protocol.clone(), r.from_port, r.to_port, r.end.clone());
        key(self) == key(other)
    }

    /// Reads a rule of the group `own`.
    pub(super) fn of_aws(found: &Found, own: &str) -> Option<Self> {
        let end = if let Some(range) = found.cidr_ipv4() {
            End::CidrIpv4(Cidr::of_aws(range))
        } else if let Some(range) = found.cidr_ipv6() {
            End::CidrIpv6(Cidr::of_aws(range))
        } else if let Some(list) = found.prefix_list_id() {
            End::PrefixListId(list.to_owned())
        } else {
            let group = found.referenced_group_info()?.group_id()?;
            if group == own {
                End::Itself(true)
            } else {
                End::ReferencedSecurityGroupId(Id::new(group))
            }
        };
        let protocol = protocol(found.ip_protocol().unwrap_or("-1"));
        let ports = matches!(protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6");
        Some(Self {
            from_port: found.from_port.filter(|_| ports),
            to_port: found.to_port.filter(|_| ports),
            ip_protocol: protocol,
            end,
            description: found.description.clone().filter(|d| !d.is_empty()),
        })
    }

    /// The form the authorizing calls take.
    pub(super) fn permission(&self, own: &str) -> IpPermission {
        let text = self.description.clone();
        let group = |id: &str| {
            UserIdGroupPair::builder().group_id(id).set_description(text.clone()).build()
        };
        let permission = IpPermission::builder()
            .ip_protocol(&self.ip_protocol)
            .set_from_port(self.from_port)
            .set_to_port(self.to_port);
        match &self.end {
            End::CidrIpv4(range) => permission.ip_ranges(
                IpRange::builder().cidr_ip(range.as_str()).set_description(text).build(),
            ),
            End::CidrIpv6(range) => permission.ipv6_ranges(
                Ipv6Range::builder().cidr_ipv6(range.as_str()).set_description(text).build(),
            ),
            End::PrefixListId(id) => permission.prefix_list_ids(
                PrefixListId::builder().prefix_list_id(id).set_description(text).build(),
            ),
            End::ReferencedSecurityGroupId(id) => {
                permission.user_id_group_pairs(group(id.as_str()))
            }
            End::Itself(_) => permission.user_id_group_pairs(group(own)),
        }
        .build()
    }

    /// The form the modifying call takes.
    pub(super) fn request(&self, own: &str) -> SecurityGroupRuleRequest {
        let request = SecurityGroupRuleRequest::builder()
            .ip_protocol(&self.ip_protocol)
            // All protocols have all ports, which this call wants said.
            .from_port(self.from_port.unwrap_or(-1))
            .to_port(self.to_port.unwrap_or(-1))
            .set_description(self.description.clone());
        match &self.end {
            End::CidrIpv4(range) => request.cidr_ipv4(range.as_str()),
            End::CidrIpv6(range) => request.cidr_ipv6(range.as_str()),
            End::PrefixListId(id) => request.prefix_list_id(id),
            End::ReferencedSecurityGroupId(id) => request.referenced_group_id(id.as_str()),
            End::Itself(_) => request.referenced_group_id(own),
        }
        .build()
    }
}

/// Checks what a rule's shape cannot say.
pub(super) fn validate(direction: &str, rules: &Rules) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    for (at, rule) in rules.0.iter().enumerate() {
        let mut problem = |message: String| {
            problems.push(FieldProblem { path: format!("{direction}.{at}"), message });
        };
        if let (Some(from), Some(to)) = (rule.from_port, rule.to_port) {
            let icmp = rule.ip_protocol.starts_with("icmp");
            if !icmp && from > to {
                problem(format!("`from_port` {from} is after `to_port` {to}"));
            }
            let allowed = if icmp { -1..=255 } else { 0..=65535 };
            if !allowed.contains(&from) || !allowed.contains(&to) {
                problem(format!("ports {from} to {to} are out of range"));
            }
        }
        match &rule.end {
            End::CidrIpv4(range) if range.is_ipv6() => {
                problem(format!("`{range}` is an IPv6 range: `cidr_ipv6`"));
            }
            End::CidrIpv6(range) if !range.is_ipv6() && !is_placeholder(range.as_str()) => {
                problem(format!("`{range}` is an IPv4 range: `cidr_ipv4`"));
            }
            _ => {}
        }
    }
    problems
}

/// Tells whether AWS says that the rule is there already.
pub(super) fn is_duplicate(error: &Error) -> bool {
    error.is("InvalidPermission.Duplicate")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rule_with_several_ends_is_as_many_rules() {
        let rules: Rules = serde_json::from_value(json!([
            { "ip_protocol": "TCP", "from_port": 443, "cidr_ipv4": ["10.0.0.0/8", "192.168.0.0/16"] },
            { "ip_protocol": "-1", "from_port": 0, "to_port": 0, "self": true },
        ]))
        .unwrap();
        let written = serde_json::to_value(&rules).unwrap();
        assert_eq!(
            written,
            json!([
                { "ip_protocol": "-1", "self": true },
                { "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "10.0.0.0/8" },
                { "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "192.168.0.0/16" },
            ])
        );
        assert_eq!(serde_json::from_value::<Rules>(written).unwrap(), rules);
    }
}
