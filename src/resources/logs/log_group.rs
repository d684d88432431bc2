//! `log_group`: where the lines of a program are kept.

use crate::aws::{Cx, Error, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{
    Changed, Creation, IdentityBy, Live, Resource, Retryable, Rules, Status, Step, Want,
};
use crate::resources::{PARALLEL, or_gone};
use crate::stack::schema::immutable;
use aws_sdk_cloudwatchlogs::types::{LogGroup as Found, LogGroupClass};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

crate::sdk_enum!(LogGroupClass => "LogGroupClass");

/// A log group: log lines under one name, with one length of keeping.
///
/// ```toml
/// [log_group.app]
/// name              = "/ecs/${region}/${env}/order-api"
/// retention_in_days = 14
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// Name, unique in the account and region.
    #[schemars(transform = immutable)]
    pub name: String,
    /// Days that lines are kept, one of AWS's values; 0 keeps them for ever, as AWS does unasked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_in_days: Option<Retention>,
    /// Class: `STANDARD`, `INFREQUENT_ACCESS` (cheaper, fewer functions) or `DELIVERY`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group_class: Option<Sdk<LogGroupClass>>,
    /// ARN of the KMS key that encrypts new lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// Whether AWS refuses to delete the group. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection_enabled: Option<bool>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct LogGroupOut {
    /// The name.
    pub id: String,
    /// ARN, without the `:*` that some policies want after it.
    pub arn: String,
}

/// Days that AWS can keep lines for.
const RETENTIONS: [i32; 23] = [
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// A number of days that AWS can keep lines for; 0 is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Retention(i32);

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let days = i32::deserialize(deserializer)?;
        if RETENTIONS.contains(&days) {
            return Ok(Self(days));
        }
        let near = RETENTIONS.iter().copied().find(|r| *r > days).unwrap_or(0);
        let message = format!("{days} is not a number of days AWS offers; the next one is {near}");
        Err(serde::de::Error::custom(message))
    }
}

impl JsonSchema for Retention {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Retention".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "enum": RETENTIONS })
    }
}

const ABORTED: &str = "another change of the log group to end";

impl Resource for LogGroup {
    const TYPE: &'static str = "log_group";
    const AWS_NAME: &'static str = "AWS::Logs::LogGroup";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // Writers make a group again that is gone too early (aws-semantics.md 11, trap 16).
        deleted_after: &["ecs_service", "ecs_cluster"],
        stateful: true,
        retry: &[aborted(Step::Create), aborted(Step::Update), aborted(Step::Delete)],
        ..Rules::DEFAULT
    };
    type Out = LogGroupOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut indexed: BTreeMap<String, Tags> = BTreeMap::new();
        let names: BTreeSet<String> = match want {
            // What is about to be written, or was just written, is read without the index.
            Want::Ids(ids) => ids.iter().cloned().collect(),
            Want::Owned { workspaces, names } => {
                let cell = cx.tag_index().await?;
                for (arn, tags) in cell.get().into_iter().flatten() {
                    let Some(name) = name_of_arn(arn) else { continue };
                    if cx.scope.owns(tags, workspaces) {
                        indexed.insert(name.to_owned(), tags.clone());
                    }
                }
                names.iter().cloned().chain(indexed.keys().cloned()).collect()
            }
        };
        let indexed = &indexed;
        stream::iter(find(cx, &names).await?)
            .map(|found| async move {
                let Some(name) = found.log_group_name.clone() else { return Ok(None) };
                let arn = arn_of(cx, &found, &name);
                let tags = match indexed.get(&name) {
                    Some(tags) => tags.clone(),
                    None => match native_tags(cx, &arn).await? {
                        Some(tags) => tags,
                        None => return Ok(None),
                    },
                };
                Ok::<_, Error>(Some(live(found, name, arn, tags)))
            })
            .buffered(PARALLEL)
            .try_filter_map(|live| async { Ok(live) })
            .try_collect()
            .await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let tags = with.tags.clone().into_iter().collect();
        cx.logs()
            .create_log_group()
            .log_group_name(&self.name)
            .set_kms_key_id(self.kms_key_id.clone())
            .set_log_group_class(self.log_group_class.as_ref().map(|c| c.0.clone()))
            .set_deletion_protection_enabled(self.deletion_protection_enabled)
            .set_tags(Some(tags))
            .send()
            .await?;
        Ok(self.name.clone())
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let (logs, name) = (cx.logs(), &live.id);
        match self.retention_in_days.filter(|_| changed.has("retention_in_days")) {
            Some(Retention(0)) => {
                logs.delete_retention_policy().log_group_name(name).send().await?;
            }
            Some(Retention(days)) => {
                let call = logs.put_retention_policy().log_group_name(name);
                call.retention_in_days(days).send().await?;
            }
            None => {}
        }
        if let Some(key) = self.kms_key_id.as_ref().filter(|_| changed.has("kms_key_id")) {
            logs.associate_kms_key().log_group_name(name).kms_key_id(key).send().await?;
        }
        if let Some(on) =
            self.deletion_protection_enabled.filter(|_| changed.has("deletion_protection_enabled"))
        {
            let call = logs.put_log_group_deletion_protection().log_group_identifier(name);
            call.deletion_protection_enabled(on).send().await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let tags = set.clone().into_iter().collect();
            let call = cx.logs().tag_resource().resource_arn(&live.out.arn);
            call.set_tags(Some(tags)).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.logs().untag_resource().resource_arn(&live.out.arn);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.logs().delete_log_group().log_group_name(&live.id).send().await)
    }
}

const fn aborted(step: Step) -> Retryable {
    Retryable { step, code: "OperationAbortedException", message: "", reason: ABORTED }
}

/// From this many names on, one paged listing under their common start costs less.
const MANY: usize = 6;

/// Reads the groups of these names: AWS lists by prefix only, 50 a page.
async fn find(cx: &Cx, names: &BTreeSet<String>) -> Result<Vec<Found>> {
    let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names {
        families.entry(family(name)).or_default().push(name);
    }
    let mut prefixes: Vec<&str> = Vec::new();
    for members in families.values() {
        if members.len() >= MANY {
            prefixes.push(common_prefix(members));
        } else {
            prefixes.extend(members);
        }
    }
    let found: Vec<Vec<Found>> = stream::iter(prefixes.into_iter().map(str::to_owned))
        .map(|prefix| async move {
            let prefix = prefix.as_str();
            let call = cx.logs().describe_log_groups().log_group_name_prefix(prefix).limit(50);
            let mut pages = call.into_paginator().send();
            let mut kept = Vec::new();
            while let Some(page) = pages.next().await {
                let groups = page?.log_groups.unwrap_or_default();
                // Sorted by name: a group of exactly this name comes first.
                let exact = groups.iter().any(|g| g.log_group_name() == Some(prefix));
                kept.extend(groups);
                if exact && names.contains(prefix) && !is_start_of_others(prefix, names) {
                    break;
                }
            }
            Ok::<_, Error>(kept)
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let mut by_name = BTreeMap::new();
    for group in found.into_iter().flatten() {
        if let Some(name) = group.log_group_name.clone().filter(|n| names.contains(n)) {
            by_name.insert(name, group);
        }
    }
    Ok(by_name.into_values().collect())
}

fn is_start_of_others(prefix: &str, names: &BTreeSet<String>) -> bool {
    names.iter().any(|n| n != prefix && n.starts_with(prefix))
}

/// The first part of a name, e.g. `/ecs` of `/ecs/dev/app`.
fn family(name: &str) -> &str {
    match name.char_indices().skip(1).find(|(_, c)| *c == '/') {
        Some((at, _)) => &name[..at],
        None => name,
    }
}

fn common_prefix<'a>(names: &[&'a str]) -> &'a str {
    let Some((first, rest)) = names.split_first() else { return "" };
    let shared =
        |end: usize| first.get(..end).is_some_and(|p| rest.iter().all(|n| n.starts_with(p)));
    let end = (0..=first.len()).rev().find(|&end| shared(end)).unwrap_or(0);
    &first[..end]
}

/// Reads the tags; `None` when the group is gone meanwhile.
async fn native_tags(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let found = unless_missing(cx.logs().list_tags_for_resource().resource_arn(arn).send().await)?;
    Ok(found.map(|found| found.tags.unwrap_or_default().into_iter().collect()))
}

/// The name in an ARN like `arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/app:*`.
fn name_of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(7, ':');
    let is_group = parts.nth(2) == Some("logs") && parts.nth(2) == Some("log-group");
    let name = parts.next().filter(|_| is_group)?;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

fn arn_of(cx: &Cx, found: &Found, name: &str) -> String {
    let told = found.log_group_arn().or_else(|| found.arn().map(|a| a.trim_end_matches(":*")));
    told.map_or_else(|| cx.arn("logs", &format!("log-group:{name}")), str::to_owned)
}

fn live(found: Found, name: String, arn: String, tags: Tags) -> Live<LogGroup> {
    let spec = LogGroup {
        name: name.clone(),
        retention_in_days: Some(Retention(found.retention_in_days.unwrap_or(0))),
        log_group_class: Some(Sdk(found.log_group_class.unwrap_or(LogGroupClass::Standard))),
        kms_key_id: found.kms_key_id,
        deletion_protection_enabled: Some(found.deletion_protection_enabled.unwrap_or(false)),
    };
    let out = LogGroupOut { id: name.clone(), arn };
    Live { id: name, tags, status: Status::Ready, spec, out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_of_arns() {
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/app:*";
        assert_eq!(name_of_arn(arn), Some("/ecs/app"));
        assert_eq!(name_of_arn("arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1"), None);
    }

    #[test]
    fn many_names_share_one_listing() {
        assert_eq!(common_prefix(&["/ecs/dev/a", "/ecs/dev/b"]), "/ecs/dev/");
        assert_eq!(family("/ecs/dev/a"), "/ecs");
        assert_eq!(family("plain"), "plain");
    }

    #[test]
    fn only_aws_s_lengths_of_keeping_are_taken() {
        assert!(serde_json::from_str::<Retention>("14").is_ok());
        let refused = serde_json::from_str::<Retention>("15").unwrap_err().to_string();
        assert!(refused.contains("the next one is 30"), "{refused}");
    }
}
