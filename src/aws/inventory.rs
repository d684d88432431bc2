//! Everything that carries tags of ours, from AWS's own listings of tags. It knows nothing of the
//! resource types, so that it can contradict them.
//!
//! The Tagging API lags, and lists what was tagged once (aws-semantics.md 0); EC2 and IAM are asked
//! themselves, and what only the Tagging API tells is confirmed by its service.

mod balancing;
mod compute;
mod ecs;
mod scaling;
mod secrets;
mod web;

use super::arn::Arn;
use super::ownership::{ENVIRONMENT, IDENTITY_KEYS, PROJECT, REGION, Tags};
use super::tags::{ec2_any, filter, from_ec2, from_iam};
use super::{Cx, Error, ErrorClass, Result, unless_missing};
use aws_sdk_ec2::types::NatGatewayState;
use aws_sdk_iam::types::EntityType;
use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;

/// Calls under way at once for what takes a call each.
const WIDTH: usize = 8;

/// An object that carries tags of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its ARN.
    pub arn: Arn,
    /// Its tags, at least those of ours.
    pub tags: Tags,
    /// Whether its service says that it is there. Otherwise only the Tagging API says so, and
    /// nothing here knows how to ask the service.
    pub confirmed: bool,
    /// Whether the Tagging API lists it.
    pub indexed: bool,
}

/// What the listings tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is there, by ARN.
    pub there: Vec<Found>,
    /// What the Tagging API lists although it is gone, by ARN.
    pub gone: Vec<Arn>,
    /// What was deleted and waits for AWS to let go of it: keys and secrets can be had back.
    pub leaving: Vec<Arn>,
}

impl Cx {
    /// Reads everything in the account and region that carries a tag of ours; of this scope only,
    /// or of every project and environment.
    pub async fn findings(&self, everything: bool) -> Result<Findings> {
        let (indexed, ec2, iam) =
            futures::try_join!(indexed(self, everything), ec2(self), iam(self))?;
        let mut all: BTreeMap<String, Found> = BTreeMap::new();
        for (arn, tags) in indexed {
            let found = Found { arn, tags, confirmed: false, indexed: true };
            all.insert(found.arn.as_str().to_owned(), found);
        }
        // What the services say of tags themselves is newer.
        for (arn, tags) in ec2.into_iter().chain(iam) {
            let key = arn.as_str().to_owned();
            let indexed = all.contains_key(&key);
            all.insert(key, Found { arn, tags, confirmed: true, indexed });
        }
        all.retain(|_, found| self.is_in_question(&found.tags, everything));
        let mut findings = confirmed(self, all.into_values().collect()).await?;
        findings.there.retain(|found| self.is_in_question(&found.tags, everything));
        Ok(findings)
    }

    /// Whether tags are ours: some are, and none says it is another's.
    fn is_in_question(&self, tags: &Tags, everything: bool) -> bool {
        IDENTITY_KEYS.iter().any(|key| tags.contains_key(*key))
            && (everything || self.scope.may_own(tags, &[]))
    }
}

/// Lists what the Tagging API knows. A filter must hold for each key it names, so each key is
/// asked for alone: what lost some of its tags is found by the others. What has no region is known
/// in one region only.
async fn indexed(cx: &Cx, everything: bool) -> Result<Vec<(Arn, Tags)>> {
    let home = cx.global_region();
    let elsewhere = (home != cx.scope.region).then(|| cx.in_region(home));
    let ask = |client: &Client, key: &str| {
        let value = match key {
            _ if everything => None,
            PROJECT => Some(&cx.scope.project),
            ENVIRONMENT => Some(&cx.scope.environment),
            REGION => Some(&cx.scope.region),
            _ => None,
        };
        let filter = TagFilter::builder().key(key).set_values(value.map(|v| vec![v.clone()]));
        client.get_resources().tag_filters(filter.build()).resources_per_page(100)
    };
    let here = IDENTITY_KEYS.map(|key| (ask(cx.tagging(), key), false));
    let global = elsewhere.iter().flat_map(|home| {
        let zones = |key| (ask(home.tagging(), key).resource_type_filters(ZONES), true);
        IDENTITY_KEYS.map(zones)
    });
    let lists = here.into_iter().chain(global).map(|(call, global)| async move {
        let items = call.into_paginator().items().send();
        match items.collect::<std::result::Result<Vec<_>, _>>().await.map_err(Error::from) {
            // Some organisations close that region to all but the services without a region.
            Err(error) if global && error.class == ErrorClass::AccessDenied => Ok(Vec::new()),
            other => other,
        }
    });
    let lists = futures::future::try_join_all(lists).await?;
    let entry = |r: aws_sdk_resourcegroupstagging::types::ResourceTagMapping| {
        let tags = r.tags.unwrap_or_default().into_iter().map(|t| (t.key, t.value)).collect();
        Some((Arn::parse(&r.resource_arn?)?, tags))
    };
    Ok(lists.into_iter().flatten().filter_map(entry).collect())
}

/// What a service says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
    /// Deleted, and kept for a while.
    Leaving,
    /// Nothing here knows how to ask.
    NotAsked,
}

impl From<Option<bool>> for Presence {
    fn from(there: Option<bool>) -> Self {
        match there {
            Some(true) => Self::There,
            Some(false) => Self::Gone,
            None => Self::NotAsked,
        }
    }
}

/// Hosted zones, as the Tagging API names the type.
const ZONES: &str = "route53:hostedzone";

/// Lists what EC2 itself knows of our tags.
async fn ec2(cx: &Cx) -> Result<Vec<(Arn, Tags)>> {
    let call = cx.ec2().describe_tags().filters(filter("key", IDENTITY_KEYS)).max_results(1000);
    let rows = call.into_paginator().items().send();
    let rows = rows.collect::<std::result::Result<Vec<_>, _>>().await?;
    let mut all: BTreeMap<String, Tags> = BTreeMap::new();
    for row in rows {
        let (Some(id), Some(kind), Some(key)) = (row.resource_id, row.resource_type, row.key)
        else {
            continue;
        };
        let tags = all.entry(cx.arn("ec2", &format!("{}/{id}", kind.as_str()))).or_default();
        tags.insert(key, row.value.unwrap_or_default());
    }
    Ok(all.into_iter().filter_map(|(arn, tags)| Some((Arn::parse(&arn)?, tags))).collect())
}

/// Lists roles and instance profiles with their tags: the Tagging API knows no roles.
async fn iam(cx: &Cx) -> Result<Vec<(Arn, Tags)>> {
    let (roles, profiles) = futures::try_join!(roles(cx), instance_profiles(cx))?;
    let all = roles.into_iter().chain(profiles).filter(|(_, tags)| !tags.is_empty());
    Ok(all.filter_map(|(arn, tags)| Some((Arn::parse(&arn)?, tags))).collect())
}

async fn roles(cx: &Cx) -> Result<Vec<(String, Tags)>> {
    let call = cx.iam().get_account_authorization_details().filter(EntityType::Role);
    let pages = call.max_items(1000).into_paginator().send();
    match pages.collect::<std::result::Result<Vec<_>, _>>().await.map_err(Error::from) {
        Ok(pages) => {
            let roles = pages.into_iter().flat_map(|p| p.role_detail_list.unwrap_or_default());
            Ok(roles.filter_map(|r| Some((r.arn.clone()?, from_iam(r.tags())))).collect())
        }
        // Without the right to read them at once, each is asked.
        Err(error) if error.class == ErrorClass::AccessDenied => {
            let roles = cx.iam().list_roles().max_items(1000).into_paginator().items().send();
            let roles = roles.collect::<std::result::Result<Vec<_>, _>>().await?;
            each(roles, |role| async move {
                let tags = cx.iam().list_role_tags().role_name(&role.role_name);
                let tags = tags.into_paginator().items().send();
                let tags = unless_missing(tags.collect::<std::result::Result<Vec<_>, _>>().await)?;
                Ok(tags.map(|tags| (role.arn, from_iam(&tags))))
            })
            .await
        }
        Err(error) => Err(error),
    }
}

async fn instance_profiles(cx: &Cx) -> Result<Vec<(String, Tags)>> {
    let all = cx.iam().list_instance_profiles().max_items(1000).into_paginator().items().send();
    let all = all.collect::<std::result::Result<Vec<_>, _>>().await?;
    // The list has no tags (aws-semantics.md 0.1).
    each(all, |profile| async move {
        let name = &profile.instance_profile_name;
        let call = cx.iam().get_instance_profile().instance_profile_name(name);
        Ok(unless_missing(call.send().await)?.map(|answer| {
            let tags = answer.instance_profile.map(|p| from_iam(p.tags()));
            (profile.arn, tags.unwrap_or_default())
        }))
    })
    .await
}

/// Asks about each, some at a time; what is gone by then is left out.
async fn each<T, U, F>(all: Vec<T>, ask: impl Fn(T) -> F) -> Result<Vec<U>>
where
    F: Future<Output = Result<Option<U>>>,
{
    let answers = stream::iter(all.into_iter().map(ask)).buffered(WIDTH);
    answers.try_filter_map(|answer| async { Ok(answer) }).try_collect().await
}

/// Asks the services which of these are there.
async fn confirmed(cx: &Cx, all: Vec<Found>) -> Result<Findings> {
    let mut findings = Findings::default();
    let mut ec2: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    let mut others = Vec::new();
    for found in all {
        match found.arn.service.as_str() {
            "ec2" => ec2.entry(found.arn.kind.clone()).or_default().push(found),
            _ => others.push(found),
        }
    }
    for (kind, members) in ec2 {
        let ids: Vec<String> = members.iter().map(|found| found.arn.id().to_owned()).collect();
        match described(cx, &kind, &ids).await? {
            Some(mut there) => {
                for found in members {
                    match there.remove(found.arn.id()) {
                        Some(tags) => {
                            findings.there.push(Found { tags, confirmed: true, ..found });
                        }
                        None => findings.gone.push(found.arn),
                    }
                }
            }
            // EC2's own list of tags is evidence enough, for it and against it.
            None => keep_confirmed(members, &mut findings),
        }
    }
    let (native, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|f| {
        f.arn.service == "iam" && ["role", "instance-profile"].contains(&&*f.arn.kind)
    });
    keep_confirmed(native, &mut findings);
    let answers = each(others, |found| async move {
        let presence = match found.arn.service.as_str() {
            "kms" | "secretsmanager" | "ssm" => secrets::presence(cx, &found.arn).await?,
            _ => exists(cx, &found.arn).await?.into(),
        };
        Ok(Some((found, presence)))
    })
    .await?;
    for (found, presence) in answers {
        let confirmed = presence == Presence::There;
        match presence {
            Presence::Gone => findings.gone.push(found.arn),
            Presence::Leaving => findings.leaving.push(found.arn),
            Presence::There | Presence::NotAsked => {
                findings.there.push(Found { confirmed, ..found });
            }
        }
    }
    findings.there.sort_by(|a, b| a.arn.cmp(&b.arn));
    findings.gone.sort();
    findings.leaving.sort();
    Ok(findings)
}

/// Keeps those their service lists; the others are gone.
fn keep_confirmed(members: Vec<Found>, findings: &mut Findings) {
    let (there, gone): (Vec<_>, Vec<_>) = members.into_iter().partition(|found| found.confirmed);
    findings.there.extend(there);
    findings.gone.extend(gone.into_iter().map(|found| found.arn));
}

/// Describes objects by a filter, so that missing ones are no error; those that are there, by id.
macro_rules! describe {
    ($cx:ident, $ids:ident, $call:ident . $filters:ident ($name:literal), $item:ident . $id:ident) => {
        describe!($cx, $ids, $call.$filters($name), $item.$id if true)
    };
    (
        $cx:ident, $ids:ident, $call:ident . $filters:ident ($name:literal),
        $item:ident . $id:ident if $there:expr
    ) => {{
        let mut found = BTreeMap::new();
        for filters in ec2_any($name, $ids) {
            let items = $cx.ec2().$call().$filters(Some(filters)).into_paginator().items().send();
            for $item in items.collect::<std::result::Result<Vec<_>, _>>().await? {
                let there = $there;
                if let (true, Some(id)) = (there, $item.$id) {
                    found.insert(id, from_ec2($item.tags));
                }
            }
        }
        found
    }};
}

/// Describes EC2 objects of a kind; `None` for a kind that is not asked after.
async fn described(cx: &Cx, kind: &str, ids: &[String]) -> Result<Option<BTreeMap<String, Tags>>> {
    Ok(Some(match kind {
        "vpc" => describe!(cx, ids, describe_vpcs.set_filters("vpc-id"), found.vpc_id),
        "subnet" => {
            describe!(cx, ids, describe_subnets.set_filters("subnet-id"), found.subnet_id)
        }
        "internet-gateway" => describe!(
            cx,
            ids,
            describe_internet_gateways.set_filters("internet-gateway-id"),
            found.internet_gateway_id
        ),
        "route-table" => describe!(
            cx,
            ids,
            describe_route_tables.set_filters("route-table-id"),
            found.route_table_id
        ),
        "security-group" => {
            describe!(cx, ids, describe_security_groups.set_filters("group-id"), found.group_id)
        }
        // Deleted ones stay listed for an hour, with their tags (aws-semantics.md 1).
        "natgateway" => describe!(
            cx,
            ids,
            describe_nat_gateways.set_filter("nat-gateway-id"),
            found.nat_gateway_id if found.state != Some(NatGatewayState::Deleted)
        ),
        "vpc-endpoint" => describe!(
            cx,
            ids,
            describe_vpc_endpoints.set_filters("vpc-endpoint-id"),
            found.vpc_endpoint_id
                if found.state.as_ref().is_none_or(|s| !s.as_str().eq_ignore_ascii_case("deleted"))
        ),
        "elastic-ip" => {
            let mut found = BTreeMap::new();
            for filters in ec2_any("allocation-id", ids) {
                let answer =
                    cx.ec2().describe_addresses().set_filters(Some(filters)).send().await?;
                for address in answer.addresses.unwrap_or_default() {
                    if let Some(id) = address.allocation_id {
                        found.insert(id, from_ec2(address.tags));
                    }
                }
            }
            found
        }
        "network-interface" => {
            let mut found = BTreeMap::new();
            for filters in ec2_any("network-interface-id", ids) {
                let all = cx.ec2().describe_network_interfaces().set_filters(Some(filters));
                let all = all.into_paginator().items().send();
                for interface in all.collect::<std::result::Result<Vec<_>, _>>().await? {
                    if let Some(id) = interface.network_interface_id {
                        found.insert(id, from_ec2(interface.tag_set));
                    }
                }
            }
            found
        }
        "instance" => compute::instances(cx, ids).await?,
        "launch-template" => compute::launch_templates(cx, ids).await?,
        // Its call has no filter on the id; there are but few.
        "egress-only-internet-gateway" => {
            let all = cx.ec2().describe_egress_only_internet_gateways().into_paginator().items();
            let all = all.send().collect::<std::result::Result<Vec<_>, _>>().await?;
            let pair = |gateway: aws_sdk_ec2::types::EgressOnlyInternetGateway| {
                Some((gateway.egress_only_internet_gateway_id?, from_ec2(gateway.tags)))
            };
            all.into_iter().filter_map(pair).filter(|(id, _)| ids.contains(id)).collect()
        }
        _ => return Ok(None),
    }))
}

/// Asks a service whether an object is there; `None` where nothing here knows how.
async fn exists(cx: &Cx, arn: &Arn) -> Result<Option<bool>> {
    let name = arn.id();
    let asked = match (arn.service.as_str(), arn.kind.as_str()) {
        ("logs", "log-group") => {
            let groups = cx.logs().describe_log_groups().log_group_name_prefix(name);
            let groups = groups.into_paginator().items().send();
            let groups = groups.collect::<std::result::Result<Vec<_>, _>>().await?;
            return Ok(Some(groups.iter().any(|group| group.log_group_name() == Some(name))));
        }
        ("dynamodb", "table") => {
            let call = cx.dynamodb().describe_table().table_name(name);
            call.send().await.map(drop).map_err(Error::from)
        }
        ("ecr", "repository") => {
            let call = cx.ecr().describe_repositories().repository_names(name);
            call.send().await.map(drop).map_err(Error::from)
        }
        ("autoscaling", "autoScalingGroup") => return compute::group_exists(cx, name).await,
        ("ecs", _) => return ecs::exists(cx, arn).await,
        ("elasticloadbalancing", _) => return balancing::exists(cx, arn).await,
        ("servicediscovery" | "cloudwatch" | "application-autoscaling", _) => {
            return scaling::exists(cx, arn).await;
        }
        ("acm" | "route53" | "s3", _) => return web::exists(cx, arn).await,
        _ => return Ok(None),
    };
    Ok(Some(unless_missing(asked)?.is_some()))
}
