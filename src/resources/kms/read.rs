//! Reading keys: AWS's list of them has nothing but ids.

use super::key::{KmsKey, KmsKeyOut, UNNAMED, WINDOW};
use crate::aws::policy::PolicyDocument;
use crate::aws::{Cx, Error, ErrorClass, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_kms::types::{AliasListEntry, KeyListEntry, KeyMetadata, KeyState};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Name of the one policy that a key has.
pub(super) const POLICY: &str = "default";

/// Reads the keys of ours. The index of tags is evidence for them; where the stack wants more than
/// one that it does not know, keys that are too new for it are looked for.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<KmsKey>>> {
    let (workspaces, names) = match want {
        // What is about to be written, or was just written, is read without the index.
        Want::Ids(ids) => {
            return whole(cx, ids.iter().map(|id| (id.clone(), None)).collect()).await;
        }
        Want::Owned { workspaces, names } => (workspaces, names),
    };
    let cell = cx.tag_index().await?;
    let prefix = cx.arn("kms", "key/");
    let index = cell.get().into_iter().flatten();
    let known: BTreeMap<String, Option<Tags>> = index
        .filter(|(arn, tags)| arn.starts_with(&prefix) && cx.scope.may_own(tags, workspaces))
        .map(|(arn, tags)| (arn.clone(), Some(tags.clone())))
        .collect();
    let mut found = whole(cx, known.clone()).await?;
    if names.iter().any(|name| !is_among(&found, name, names.len())) {
        let new = unindexed(cx, &prefix, &known, names).await?;
        let new = new.into_iter().filter(|(_, tags)| cx.scope.owns(tags, workspaces));
        found.extend(whole(cx, new.map(|(arn, tags)| (arn, Some(tags))).collect()).await?);
    }
    Ok(found)
}

/// Tells whether one that the stack wants is found; of one without alias and description only how
/// many are wanted is known.
fn is_among(found: &[Live<KmsKey>], name: &str, wanted: usize) -> bool {
    let is_it = |key: &Live<KmsKey>| {
        let alias = key.spec.aliases.as_ref().is_some_and(|all| all.contains(name));
        alias || key.spec.description.as_deref() == Some(name)
    };
    if name == UNNAMED { found.len() >= wanted } else { found.iter().any(is_it) }
}

/// Reads the tags of keys that the index does not know: of those without an alias, as a creation
/// that was cut short leaves them, and of those with one that the stack wants. Those whose tags we
/// may not read are not ours.
async fn unindexed(
    cx: &Cx,
    prefix: &str,
    known: &BTreeMap<String, Option<Tags>>,
    names: &[String],
) -> Result<Vec<(String, Tags)>> {
    let pages = cx.kms().list_keys().limit(1000).into_paginator().items().send();
    let keys = async {
        let all: std::result::Result<Vec<KeyListEntry>, _> = pages.collect().await;
        all.map_err(Error::from)
    };
    let (keys, aliases) = futures::try_join!(keys, all_aliases(cx, None))?;
    let mut named: BTreeMap<String, bool> = BTreeMap::new();
    for alias in aliases {
        let wanted = alias.alias_name.is_some_and(|name| names.contains(&name));
        if let Some(key) = alias.target_key_id {
            *named.entry(key).or_default() |= wanted;
        }
    }
    let asked = keys.into_iter().filter_map(|key| key.key_id);
    let asked = asked.filter(|id| named.get(id).is_none_or(|wanted| *wanted));
    stream::iter(asked.map(|id| format!("{prefix}{id}")).filter(|arn| !known.contains_key(arn)))
        .map(|arn| async move {
            match tags_of(cx, &arn).await {
                Ok(tags) => Ok(Some((arn, tags))),
                Err(error) if error.is_not_found() || error.class == ErrorClass::AccessDenied => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .buffered(PARALLEL)
        .try_filter_map(|key| async { Ok(key) })
        .try_collect()
        .await
}

/// Reads keys with everything about them; those that are gone, or wait for it, are left out.
async fn whole(cx: &Cx, keys: BTreeMap<String, Option<Tags>>) -> Result<Vec<Live<KmsKey>>> {
    stream::iter(keys)
        .map(|(arn, tags)| async move { one(cx, &arn, tags).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// Reads one key; `None` when it is gone or waits for its deletion (aws-semantics.md 4).
pub(super) async fn one(cx: &Cx, arn: &str, tags: Option<Tags>) -> Result<Option<Live<KmsKey>>> {
    let Some(key) = describe(cx, arn).await? else { return Ok(None) };
    if leaves(&key) {
        return Ok(None);
    }
    let details = async {
        let rotates = key.key_spec.as_ref().is_none_or(|s| s.as_str() == "SYMMETRIC_DEFAULT");
        let rotation = async {
            let call = cx.kms().get_key_rotation_status().key_id(arn);
            if rotates { call.send().await.map(Some).map_err(Error::from) } else { Ok(None) }
        };
        let policy = async {
            let call = cx.kms().get_key_policy().key_id(arn).policy_name(POLICY);
            call.send().await.map(|answer| answer.policy).map_err(Error::from)
        };
        let tags = async {
            match tags {
                Some(tags) => Ok(tags),
                None => tags_of(cx, arn).await,
            }
        };
        futures::try_join!(rotation, policy, tags, aliases_of(cx, arn))
    };
    let (rotation, policy, tags, aliases) = match details.await {
        Ok(details) => details,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let rotation = rotation.as_ref();
    let spec = KmsKey {
        description: Some(key.description.unwrap_or_default()),
        key_usage: key.key_usage.map(Sdk),
        key_spec: key.key_spec.map(Sdk),
        multi_region: Some(key.multi_region.unwrap_or_default()),
        policy: policy.map(|text| PolicyDocument::of_aws(&text)),
        enabled: Some(key.enabled),
        enable_key_rotation: Some(rotation.is_some_and(|status| status.key_rotation_enabled)),
        rotation_period_in_days: rotation.and_then(|status| status.rotation_period_in_days),
        aliases: Some(aliases),
        pending_window_in_days: tags.get(WINDOW).and_then(|days| days.parse().ok()),
    };
    let id = key.arn.unwrap_or_else(|| arn.to_owned());
    let out = KmsKeyOut { id: id.clone(), arn: id.clone(), key_id: key.key_id };
    let status = match key.key_state {
        None | Some(KeyState::Enabled | KeyState::Disabled) => Status::Ready,
        Some(KeyState::Unavailable) => Status::Failed("Unavailable".to_owned()),
        Some(state) => Status::Pending(state.as_str().to_owned()),
    };
    Ok(Some(Live { id, tags, status, spec, out }))
}

/// Tells whether a key waits for its deletion.
pub(crate) fn leaves(key: &KeyMetadata) -> bool {
    matches!(key.key_state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
}

async fn describe(cx: &Cx, arn: &str) -> Result<Option<KeyMetadata>> {
    Ok(unless_missing(cx.kms().describe_key().key_id(arn).send().await)?
        .and_then(|a| a.key_metadata))
}

async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags> {
    let call = cx.kms().list_resource_tags().key_id(arn);
    let tags = call.into_paginator().items().send();
    let tags = tags.collect::<std::result::Result<Vec<_>, _>>().await?;
    Ok(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect())
}

/// Reads the aliases of a key, or all.
async fn all_aliases(cx: &Cx, key: Option<&str>) -> Result<Vec<AliasListEntry>> {
    let call = cx.kms().list_aliases().set_key_id(key.map(str::to_owned)).limit(100);
    let all = call.into_paginator().items().send();
    Ok(all.collect::<std::result::Result<Vec<_>, _>>().await?)
}

/// Reads the names of a key's aliases.
pub(super) async fn aliases_of(cx: &Cx, arn: &str) -> Result<BTreeSet<String>> {
    match all_aliases(cx, Some(arn)).await {
        Ok(aliases) => Ok(aliases.into_iter().filter_map(|alias| alias.alias_name).collect()),
        Err(error) if error.is_not_found() => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// Reads which key an alias leads to, and that key's tags.
pub(super) async fn holder(cx: &Cx, alias: &str) -> Result<Option<(String, Tags)>> {
    let Some(arn) = describe(cx, alias).await?.and_then(|key| key.arn) else { return Ok(None) };
    let tags = tags_of(cx, &arn).await?;
    Ok(Some((arn, tags)))
}
