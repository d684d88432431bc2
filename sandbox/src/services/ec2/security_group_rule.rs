//! The rules of security groups: one id for each peer.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::{Answer, Call, Input, Members, modelled};
use super::describe::{Filters, Page};
use super::permission::{self, Permission};
use super::security_group::{GroupRule, Peer, SecurityGroup};
use super::{State, View, ids, limits, rules, state_mut, tags};
use crate::rules::Refusal;
use crate::state::Account;

/// Returns the group the input names.
fn known<'a>(state: &State, input: &'a Input) -> Result<&'a str, Refusal> {
    let id = input.text("GroupId").ok_or_else(|| rules::GROUP_UNNAMED.refuse(&[]))?;
    ids::SECURITY_GROUP.check(state, id)?;
    Ok(id)
}

/// AuthorizeSecurityGroupIngress.
pub(super) fn authorize_ingress(account: &mut Account, call: &Call, input: &Input) -> Answer {
    authorize(account, call, input, false)
}

/// AuthorizeSecurityGroupEgress.
pub(super) fn authorize_egress(account: &mut Account, call: &Call, input: &Input) -> Answer {
    authorize(account, call, input, true)
}

fn authorize(account: &mut Account, call: &Call, input: &Input, egress: bool) -> Answer {
    let tags = tags::at_creation(input, &ids::SECURITY_GROUP_RULE)?;
    let view = View::new(account, call);
    let id = known(view.state, input)?;
    if !permission::given(input) {
        return Err(rules::PERMISSIONS_NONE.refuse(&[]));
    }
    let group = &view.state.security_groups[id];
    let permissions = permission::read(view, input, &group.vpc)?;
    for wanted in &permissions {
        if group.rules.iter().any(|rule| wanted.is(rule, egress)) {
            return Err(rules::PERMISSION_DUPLICATE.refuse(&[&wanted.text()]));
        }
    }
    let made: Vec<GroupRule> = permissions
        .into_iter()
        .map(|permission| GroupRule {
            id: account.new_id("sgr"),
            egress,
            traffic: permission.traffic,
            peer: permission.peer,
            description: permission.description,
        })
        .collect();

    let state = state_mut(account, call);
    for rule in &made {
        tags::keep(state, &rule.id, tags.clone())?;
    }
    let limit = state.limits.rules_per_security_group;
    if let Some(group) = state.security_groups.get_mut(id) {
        group.rules.extend(made.iter().cloned());
        check_room(group, egress, limit)?;
    }
    let view = View::new(account, call);
    let shown: Vec<Value> = made.iter().map(|rule| show(view, id, rule)).collect();
    Ok(json!({ "Return": true, "SecurityGroupRules": shown }))
}

/// Refuses more rules than the quota, which counts IPv4 and IPv6 apart and each other peer in both.
fn check_room(group: &SecurityGroup, egress: bool, limit: usize) -> Result<(), Refusal> {
    let rules = || group.rules.iter().filter(|rule| rule.egress == egress);
    let v4 = rules().filter(|rule| !matches!(rule.peer, Peer::V6(_))).count();
    let v6 = rules().filter(|rule| !matches!(rule.peer, Peer::V4(_))).count();
    limits::room(v4.max(v6), limit + 1, &rules::RULE_LIMIT)
}

/// RevokeSecurityGroupIngress.
pub(super) fn revoke_ingress(account: &mut Account, call: &Call, input: &Input) -> Answer {
    revoke(account, call, input, false)
}

/// RevokeSecurityGroupEgress.
pub(super) fn revoke_egress(account: &mut Account, call: &Call, input: &Input) -> Answer {
    revoke(account, call, input, true)
}

/// Takes rules away, by id or by what they say; all or none.
fn revoke(account: &mut Account, call: &Call, input: &Input, egress: bool) -> Answer {
    let view = View::new(account, call);
    let id = known(view.state, input)?;
    let group = &view.state.security_groups[id];
    let by_id = input.texts("SecurityGroupRuleIds");
    let gone: Vec<GroupRule> = match (by_id.is_empty(), permission::given(input)) {
        (true, false) => return Err(rules::PERMISSIONS_NONE.refuse(&[])),
        (false, true) => return Err(rules::PERMISSIONS_AND_IDS.refuse(&[])),
        (false, false) => {
            by_id.into_iter().map(|rule| rule_of(group, rule, egress)).collect::<Result<_, _>>()?
        }
        (true, true) => permission::read(view, input, &group.vpc)?
            .iter()
            .map(|wanted| matching(group, wanted, egress))
            .collect::<Result<_, _>>()?,
    };
    let shown: Vec<Value> = gone
        .iter()
        .map(|rule| {
            let mut shown = base(id, rule);
            shown["ReferencedGroupId"] = rule.peer.group().into();
            shown
        })
        .collect();
    let state = state_mut(account, call);
    if let Some(group) = state.security_groups.get_mut(id) {
        group.rules.retain(|rule| !gone.iter().any(|gone| gone.id == rule.id));
    }
    for rule in &gone {
        state.tags.remove(&rule.id);
    }
    Ok(json!({ "Return": true, "RevokedSecurityGroupRules": shown }))
}

/// Finds a group's rule by its id and direction.
fn rule_of(group: &SecurityGroup, id: &str, egress: bool) -> Result<GroupRule, Refusal> {
    ids::SECURITY_GROUP_RULE.check_form(id)?;
    let found = group.rule(id).filter(|rule| rule.egress == egress);
    found.cloned().ok_or_else(|| rules::RULE_NOT_FOUND.refuse(&[id]))
}

/// Finds a group's rule by what it says.
fn matching(
    group: &SecurityGroup,
    wanted: &Permission,
    egress: bool,
) -> Result<GroupRule, Refusal> {
    let found = group.rules.iter().find(|rule| wanted.is(rule, egress));
    found.cloned().ok_or_else(|| rules::PERMISSION_NOT_FOUND.refuse(&[]))
}

/// ModifySecurityGroupRules: the whole rule anew, with a peer of the same type.
pub(super) fn modify(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let id = known(view.state, input)?;
    let mut group = view.state.security_groups[id].clone();
    for update in input.list("SecurityGroupRules").iter().filter_map(Value::as_object) {
        let rule_id = update.text("SecurityGroupRuleId").unwrap_or_default();
        ids::SECURITY_GROUP_RULE.check_form(rule_id)?;
        let at = group.rules.iter().position(|rule| rule.id == rule_id);
        let at = at.ok_or_else(|| rules::RULE_NOT_FOUND.refuse(&[rule_id]))?;
        let empty = Map::new();
        let wanted = update.object("SecurityGroupRule").unwrap_or(&empty);
        let wanted = read_rule(view, wanted, &group.vpc)?;
        let old = &group.rules[at];
        if std::mem::discriminant(&old.peer) != std::mem::discriminant(&wanted.peer) {
            return Err(rules::RULE_PEER_TYPE.refuse(&[rule_id]));
        }
        let mut others = group.rules.iter().filter(|rule| rule.id != rule_id);
        if others.any(|rule| wanted.is(rule, old.egress)) {
            return Err(rules::PERMISSION_DUPLICATE.refuse(&[&wanted.text()]));
        }
        let Permission { traffic, peer, description } = wanted;
        let rule = &mut group.rules[at];
        (rule.traffic, rule.peer, rule.description) = (traffic, peer, description);
    }
    state_mut(account, call).security_groups.insert(id.to_owned(), group);
    Ok(json!({ "Return": true }))
}

/// Reads a `SecurityGroupRule` of ModifySecurityGroupRules.
fn read_rule(view: View<'_>, rule: &Map<String, Value>, vpc: &str) -> Result<Permission, Refusal> {
    let peers = ["CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId"];
    let mut given = peers.iter().filter_map(|member| Some((*member, rule.text(member)?)));
    let (member, text) = given.next().ok_or_else(|| rules::PEER_NONE.refuse(&[]))?;
    if given.next().is_some() {
        return Err(rules::PEERS_SEVERAL.refuse(&[]));
    }
    Ok(Permission {
        traffic: permission::traffic(rule)?,
        peer: permission::peer(view, member, text, vpc)?,
        description: permission::description(rule)?,
    })
}

/// UpdateSecurityGroupRuleDescriptionsIngress.
pub(super) fn redescribe_ingress(account: &mut Account, call: &Call, input: &Input) -> Answer {
    redescribe(account, call, input, false)
}

/// UpdateSecurityGroupRuleDescriptionsEgress.
pub(super) fn redescribe_egress(account: &mut Account, call: &Call, input: &Input) -> Answer {
    redescribe(account, call, input, true)
}

/// Gives rules other descriptions, or none.
fn redescribe(account: &mut Account, call: &Call, input: &Input, egress: bool) -> Answer {
    let view = View::new(account, call);
    let id = known(view.state, input)?;
    let mut group = view.state.security_groups[id].clone();
    let by_id = input.list("SecurityGroupRuleDescriptions");
    let mut changes: Vec<(String, Option<String>)> = Vec::new();
    match (by_id.is_empty(), permission::given(input)) {
        (true, false) => return Err(rules::PERMISSIONS_NONE.refuse(&[])),
        (false, true) => return Err(rules::PERMISSIONS_AND_IDS.refuse(&[])),
        (false, false) => {
            for entry in by_id.iter().filter_map(Value::as_object) {
                modelled(
                    entry,
                    "SecurityGroupRuleDescriptions",
                    &["SecurityGroupRuleId", "Description"],
                )?;
                let rule = entry.text("SecurityGroupRuleId").unwrap_or_default();
                let rule = rule_of(&group, rule, egress)?;
                changes.push((rule.id, permission::description(entry)?));
            }
        }
        (true, true) => {
            for wanted in permission::read(view, input, &group.vpc)? {
                changes.push((matching(&group, &wanted, egress)?.id, wanted.description));
            }
        }
    }
    for (id, description) in changes {
        if let Some(rule) = group.rules.iter_mut().find(|rule| rule.id == id) {
            rule.description = description;
        }
    }
    state_mut(account, call).security_groups.insert(id.to_owned(), group);
    Ok(json!({ "Return": true }))
}

/// DescribeSecurityGroupRules.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let wanted = input.texts("SecurityGroupRuleIds");
    for id in &wanted {
        ids::SECURITY_GROUP_RULE.check(view.state, id)?;
    }
    let page = Page::of(view, input, 1000)?;
    if !wanted.is_empty() && input.contains_key("MaxResults") {
        return Err(rules::IDS_WITH_PAGES.refuse(&["securityGroupRuleIds"]));
    }
    let filters = Filters::read(view, input, &["group-id", "security-group-rule-id"])?;
    let groups = view.state.security_groups.iter();
    let all = groups.flat_map(|(group, it)| it.rules.iter().map(move |rule| (group, rule)));
    let found: BTreeMap<String, (&String, &GroupRule)> = all
        .filter(|(_, rule)| wanted.is_empty() || wanted.contains(&rule.id.as_str()))
        .filter(|(group, rule)| {
            filters.accept(view, &rule.id, |name| match name {
                "group-id" => vec![(*group).clone()],
                _ => vec![rule.id.clone()],
            })
        })
        .map(|(group, rule)| (rule.id.clone(), (group, rule)))
        .collect();
    let (found, next) = page.cut(found.into_iter());
    let shown: Vec<Value> =
        found.into_iter().map(|(_, (group, rule))| show(view, group, rule)).collect();
    Ok(json!({ "SecurityGroupRules": shown, "NextToken": next }))
}

/// Shows what answers about a rule have in common.
fn base(group: &str, rule: &GroupRule) -> Value {
    let mut shown = json!({
        "SecurityGroupRuleId": rule.id,
        "GroupId": group,
        "IsEgress": rule.egress,
        "IpProtocol": rule.traffic.protocol,
        "FromPort": rule.traffic.from,
        "ToPort": rule.traffic.to,
        "Description": rule.description,
    });
    let member = match &rule.peer {
        Peer::V4(_) => "CidrIpv4",
        Peer::V6(_) => "CidrIpv6",
        Peer::PrefixList(_) => "PrefixListId",
        Peer::Group(_) => return shown,
    };
    shown[member] = rule.peer.text().into();
    shown
}

fn show(view: View<'_>, group: &str, rule: &GroupRule) -> Value {
    let mut shown = base(group, rule);
    shown["GroupOwnerId"] = view.call.account_id.clone().into();
    shown["SecurityGroupRuleArn"] =
        view.call.arn("ec2", &format!("security-group-rule/{}", rule.id)).into();
    shown["Tags"] = tags::show(view, &rule.id);
    if let Some(other) = rule.peer.group() {
        shown["ReferencedGroupInfo"] = json!({ "GroupId": other, "UserId": view.call.account_id });
    }
    shown
}
