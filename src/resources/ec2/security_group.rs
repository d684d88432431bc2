//! `security_group`: what traffic reaches an interface and leaves it; rules are part of it.

use super::interfaces;
use super::requests::{filters, unknown_yet};
use super::security_group_rule::{self as rule, Rule, Rules};
use super::vpc::Vpc;
use crate::aws::tags::{ec2_any, ec2_specification, filter, from_ec2};
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, Live, Resource, Rules as TypeRules, Status, Step,
    Want,
};
use crate::resources::naming;
use crate::resources::or_gone;
use crate::stack::schema::{immutable, late, write_only};
use aws_sdk_ec2::types::{
    ResourceType, SecurityGroup as Found, SecurityGroupRule, SecurityGroupRuleUpdate,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// A security group: the traffic let in to its members and out of them.
///
/// A direction that is given is given whole: rules beyond it are removed, AWS's own rule that lets
/// everything out among them. A direction left out is not managed.
///
/// ```toml
/// [security_group.web]
/// name        = "web"
/// description = "HTTPS from anywhere"
/// vpc_id      = "${vpc.main.id}"
/// ingress     = [{ ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv4 = "0.0.0.0/0" }]
/// egress      = [{ ip_protocol = "-1", cidr_ipv4 = "0.0.0.0/0", cidr_ipv6 = "::/0" }]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// Name, unique in the VPC.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start of the name, instead of a whole one; the rest is made so that a replacement can stand
    /// beside its predecessor.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_prefix: Option<String>,
    /// What it is for. AWS cannot change it later; `Managed by infra` when left out.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// VPC it is a part of.
    #[schemars(transform = immutable)]
    pub vpc_id: Id<Vpc>,
    /// All traffic let in.
    #[schemars(transform = late)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Rules>,
    /// All traffic let out.
    #[schemars(transform = late)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<Rules>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SecurityGroupOut {
    /// Id, e.g. `sg-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
}

impl Resource for SecurityGroup {
    const TYPE: &'static str = "security_group";
    const AWS_NAME: &'static str = "AWS::EC2::SecurityGroup";
    const RULES: TypeRules = TypeRules {
        // What drains or stops needs its traffic until it is gone (aws-semantics.md 9.2).
        deleted_after: &["ecs_service", "autoscaling_group", "load_balancer", "vpc_endpoint"],
        retry: &[
            unknown_yet(Step::Create, "InvalidVpcID.NotFound", "the new VPC to be known"),
            unknown_yet(Step::Update, "InvalidGroup.NotFound", "the new group to be known"),
            unknown_yet(
                Step::Update,
                "InvalidSecurityGroupID.NotFound",
                "the new group to be known",
            ),
            unknown_yet(
                Step::Delete,
                "DependencyViolation",
                "network interfaces and rules of other groups to let go",
            ),
            unknown_yet(Step::Delete, "InvalidGroup.InUse", "network interfaces to leave"),
        ],
        settle_delete: Duration::from_secs(30 * 60),
        ..TypeRules::DEFAULT
    };
    type Out = SecurityGroupOut;

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = naming::validate(self.name.as_deref(), self.name_prefix.as_deref());
        for name in self.name.iter().chain(&self.name_prefix).filter(|n| n.starts_with("sg-")) {
            let message = format!("`{name}`: a group's name may not start with `sg-`");
            problems.push(FieldProblem { path: "name".into(), message });
        }
        for (direction, rules) in [("ingress", &self.ingress), ("egress", &self.egress)] {
            if let Some(rules) = rules {
                problems.extend(rule::validate(direction, rules));
            }
        }
        problems
    }

    /// Names are unique in a VPC.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        live.vpc_id == wanted.vpc_id && live.name.is_some() && live.name == wanted.name
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for filters in filters(cx, want, "group-id") {
            let call = cx.ec2().describe_security_groups().set_filters(Some(filters));
            let groups = call.max_results(1000).into_paginator().items().send();
            found.extend(groups.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        let ids: Vec<String> = found.iter().filter_map(|g| g.group_id.clone()).collect();
        let mut rules: HashMap<String, Vec<SecurityGroupRule>> = HashMap::new();
        for rule in rules_of(cx, &ids).await? {
            rules.entry(rule.group_id.clone().unwrap_or_default()).or_default().push(rule);
        }
        Ok(found.into_iter().filter_map(|g| live(cx, g, &rules)).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let description = self.description.as_deref().unwrap_or("Managed by infra");
        let immutable = [self.vpc_id.as_str(), description];
        let name =
            naming::name(self.name.as_deref(), self.name_prefix.as_deref(), &immutable, with);
        let made = cx
            .ec2()
            .create_security_group()
            .group_name(name)
            .description(description)
            .vpc_id(self.vpc_id.as_str())
            .tag_specifications(ec2_specification(ResourceType::SecurityGroup, with.tags))
            .send()
            .await?;
        made.group_id.ok_or_else(|| Error::incomplete("CreateSecurityGroup", "GroupId"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        // One call after the other: AWS wants changes of one group in a row (aws-semantics.md 1).
        if let Some(rules) = self.ingress.as_ref().filter(|_| changed.has("ingress")) {
            converge(cx, &live.id, Direction::Ingress, rules).await?;
        }
        if let Some(rules) = self.egress.as_ref().filter(|_| changed.has("egress")) {
            converge(cx, &live.id, Direction::Egress, rules).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.ec2().delete_security_group().group_id(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let mut holding = interfaces::holding(cx, "group-id", &live.id).await?;
        let directions =
            [("ip-permission.group-id", "incoming"), ("egress.ip-permission.group-id", "outgoing")];
        for (name, direction) in directions {
            let by_rule = filter(name, [&live.id]);
            let found = cx.ec2().describe_security_groups().filters(by_rule).send().await?;
            for group in found.security_groups().iter().filter(|g| g.group_id() != Some(&live.id)) {
                let (id, name) =
                    (group.group_id().unwrap_or("?"), group.group_name().unwrap_or("?"));
                let what =
                    format!("a rule for {direction} traffic of security group {id} ({name})");
                holding.push(Blocker { what, leaves: None });
            }
        }
        Ok(holding)
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    fn is_of(self, rule: &SecurityGroupRule) -> bool {
        rule.is_egress() == Some(matches!(self, Self::Egress))
    }
}

async fn rules_of(cx: &Cx, groups: &[String]) -> Result<Vec<SecurityGroupRule>> {
    let mut found = Vec::new();
    for filters in ec2_any("group-id", groups) {
        let call = cx.ec2().describe_security_group_rules().set_filters(Some(filters));
        let rules = call.max_results(1000).into_paginator().items().send();
        found.extend(rules.collect::<std::result::Result<Vec<_>, _>>().await?);
    }
    Ok(found)
}

/// Makes the rules of one direction those wanted. What is new comes before what is old goes, so
/// that traffic allowed before and after is never cut.
async fn converge(cx: &Cx, group: &str, direction: Direction, wanted: &Rules) -> Result<()> {
    let there = rules_of(cx, &[group.to_owned()]).await?;
    let there: Vec<(String, Rule)> = there
        .iter()
        .filter(|r| direction.is_of(r))
        .filter_map(|r| Some((r.security_group_rule_id.clone()?, Rule::of_aws(r, group)?)))
        .collect();
    let mut new = Vec::new();
    let mut renamed = Vec::new();
    for rule in &wanted.0 {
        match there.iter().find(|(_, t)| t.same(rule)) {
            None => new.push(rule),
            Some((id, old))
                if rule.description.is_some() && rule.description != old.description =>
            {
                renamed.push((id, rule));
            }
            Some(_) => {}
        }
    }
    authorize(cx, group, direction, &new).await?;
    if !renamed.is_empty() {
        let updates = renamed.iter().map(|(id, rule)| {
            SecurityGroupRuleUpdate::builder()
                .security_group_rule_id(*id)
                .security_group_rule(rule.request(group))
                .build()
        });
        let call = cx.ec2().modify_security_group_rules().group_id(group);
        call.set_security_group_rules(Some(updates.collect())).send().await?;
    }
    let gone = there.into_iter().filter(|(_, t)| !wanted.0.iter().any(|w| w.same(t)));
    revoke(cx, group, direction, gone.map(|(id, _)| id).collect()).await
}

async fn authorize(cx: &Cx, group: &str, direction: Direction, rules: &[&Rule]) -> Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    let permissions: Vec<_> = rules.iter().map(|r| r.permission(group)).collect();
    let ec2 = cx.ec2();
    let result = match direction {
        Direction::Ingress => {
            let call = ec2.authorize_security_group_ingress().group_id(group);
            call.set_ip_permissions(Some(permissions)).send().await.map(drop).map_err(Error::from)
        }
        Direction::Egress => {
            let call = ec2.authorize_security_group_egress().group_id(group);
            call.set_ip_permissions(Some(permissions)).send().await.map(drop).map_err(Error::from)
        }
    };
    match result {
        // One that is there already makes AWS refuse them all: the rest goes in one by one.
        Err(error) if rule::is_duplicate(&error) && rules.len() > 1 => {
            for rule in rules {
                Box::pin(authorize(cx, group, direction, &[rule])).await?;
            }
            Ok(())
        }
        Err(error) if rule::is_duplicate(&error) => Ok(()),
        other => other,
    }
}

async fn revoke(cx: &Cx, group: &str, direction: Direction, ids: Vec<String>) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let ec2 = cx.ec2();
    let (all, own) = (Some(ids.clone()), group);
    let result = match direction {
        Direction::Ingress => {
            let call = ec2.revoke_security_group_ingress().group_id(own);
            call.set_security_group_rule_ids(all).send().await.map(drop).map_err(Error::from)
        }
        Direction::Egress => {
            let call = ec2.revoke_security_group_egress().group_id(own);
            call.set_security_group_rule_ids(all).send().await.map(drop).map_err(Error::from)
        }
    };
    match result {
        Err(error) if error.is_not_found() && ids.len() > 1 => {
            for id in ids {
                Box::pin(revoke(cx, group, direction, vec![id])).await?;
            }
            Ok(())
        }
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

fn live(
    cx: &Cx,
    group: Found,
    rules: &HashMap<String, Vec<SecurityGroupRule>>,
) -> Option<Live<SecurityGroup>> {
    let id = group.group_id?;
    let all = rules.get(&id).map(Vec::as_slice).unwrap_or_default();
    let of = |direction: Direction| {
        let own = all.iter().filter(|r| direction.is_of(r));
        Some(Rules(own.filter_map(|r| Rule::of_aws(r, &id)).collect::<BTreeSet<_>>()))
    };
    let owner_id = group.owner_id.unwrap_or_else(|| cx.account_id.clone());
    let spec = SecurityGroup {
        name: group.group_name,
        name_prefix: None,
        description: group.description,
        vpc_id: Id::new(group.vpc_id.unwrap_or_default()),
        ingress: of(Direction::Ingress),
        egress: of(Direction::Egress),
    };
    let arn = group.security_group_arn;
    let out = SecurityGroupOut {
        arn: arn.unwrap_or_else(|| cx.arn_of("ec2", &owner_id, &format!("security-group/{id}"))),
        owner_id,
        id: id.clone(),
    };
    Some(Live { id, tags: from_ec2(group.tags), status: Status::Ready, spec, out })
}
