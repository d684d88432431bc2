//! Repositories and their settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::images::Image;
use super::rules::{
    ARN, ENCRYPTION, EXCLUSIONS, EXISTS, NAMES_AND_PAGES, NOT_EMPTY, OWN_REGISTRY, TAG, TAG_COUNT,
    TOKEN,
};
use super::{Call, Input, Members, arn, name, registry, repository, repository_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::services::paging::{self, Page};
use crate::services::tagging::tag_list;
use crate::state::Account;

/// A repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Repository {
    created: Time,
    pub(super) mutability: Mutability,
    scan_on_push: bool,
    encryption: String,
    key: Option<String>,
    pub(super) lifecycle: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// Images by digest.
    pub(super) images: BTreeMap<String, Image>,
}

/// Which tags may be moved to another image.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Mutability {
    setting: String,
    exclusions: Vec<String>,
}

impl Mutability {
    fn read(input: &Input) -> Result<Self, Refusal> {
        let setting = input.text("imageTagMutability").unwrap_or("MUTABLE");
        let filters = input.list("imageTagMutabilityExclusionFilters").iter();
        let filters = filters.filter_map(Value::as_object).filter_map(|f| f.text("filter"));
        let exclusions: Vec<String> = filters.map(str::to_owned).collect();
        let refuse = |why: &str| Err(EXCLUSIONS.refuse(&[why]));
        if setting.ends_with("_WITH_EXCLUSION") == exclusions.is_empty() {
            return refuse(
                "filters are needed with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION, and only there",
            );
        }
        if exclusions.iter().any(|filter| filter.matches('*').count() > 2) {
            return refuse("a filter may hold at most 2 wildcards");
        }
        Ok(Self { setting: setting.to_owned(), exclusions })
    }

    /// Returns whether a tag, once given, stays where it is.
    pub(super) fn is_fixed(&self, tag: &str) -> bool {
        let excluded = self.exclusions.iter().any(|filter| matches(filter, tag));
        self.setting.starts_with("IMMUTABLE") != excluded
    }

    fn exclusions(&self) -> Value {
        if self.exclusions.is_empty() {
            return Value::Null;
        }
        let filter = |text| json!({"filterType": "WILDCARD", "filter": text});
        self.exclusions.iter().map(filter).collect()
    }
}

/// Returns whether a text fits a pattern whose `*` stands for anything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).any(|at| text.get(at..).is_some_and(|end| matches(rest, end)))
        }),
    }
}

impl Repository {
    fn shown(&self, call: &Call, name: &str) -> Value {
        let suffix = if call.partition == "aws-cn" { ".cn" } else { "" };
        json!({
            "repositoryArn": arn(call, name), "registryId": call.account_id,
            "repositoryName": name,
            "repositoryUri": format!(
                "{}.dkr.ecr.{}.amazonaws.com{suffix}/{name}", call.account_id, call.region
            ),
            "createdAt": self.created.to_string(),
            "imageTagMutability": self.mutability.setting,
            "imageTagMutabilityExclusionFilters": self.mutability.exclusions(),
            "imageScanningConfiguration": {"scanOnPush": self.scan_on_push},
            "encryptionConfiguration": {"encryptionType": self.encryption, "kmsKey": self.key},
        })
    }
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    if registry(call, input) != call.account_id {
        return Err(OWN_REGISTRY.refuse(&[]));
    }
    let given = input.object("encryptionConfiguration").cloned().unwrap_or_default();
    let encryption = given.text("encryptionType").unwrap_or("AES256").to_owned();
    let key = given.text("kmsKey");
    if key.is_some() && encryption == "AES256" {
        return Err(ENCRYPTION.refuse(&[]));
    }
    let key = (encryption != "AES256").then(|| match key {
        Some(key) if key.starts_with("arn:") => key.to_owned(),
        Some(key) if !key.starts_with("alias/") => call.arn("kms", &format!("key/{key}")),
        _ => call.arn("kms", "key/aws-ecr"),
    });
    let tags = tags_of(input)?;
    let scanning = input.object("imageScanningConfiguration");
    let new = Repository {
        created: call.now,
        mutability: Mutability::read(input)?,
        scan_on_push: scanning.and_then(|s| s.flag("scanOnPush")).unwrap_or_default(),
        encryption,
        key,
        tags,
        ..Repository::default()
    };
    let repositories = &mut account.region_mut(&call.region).ecr.repositories;
    if repositories.contains_key(name) {
        return Err(EXISTS.refuse(&[name, &call.account_id]));
    }
    let shown = new.shown(call, name);
    repositories.insert(name.to_owned(), new);
    Ok(json!({"repository": shown}))
}

/// Cuts a page, of 100 unless said otherwise.
pub(super) fn page(items: Vec<(String, Value)>, input: &Input) -> Result<Page, Refusal> {
    let size = input.integer("maxResults").and_then(|size| usize::try_from(size).ok());
    let size = size.unwrap_or(100);
    paging::page(items, size, input.text("nextToken")).ok_or_else(|| TOKEN.refuse(&[]))
}

/// Refuses pages of what is named one by one.
pub(super) fn check_pages(input: &Input, named: &str) -> Result<(), Refusal> {
    let paged = ["maxResults", "nextToken"].into_iter().find(|member| input.contains_key(*member));
    match paged {
        Some(member) if input.contains_key(named) => Err(NAMES_AND_PAGES.refuse(&[member, named])),
        _ => Ok(()),
    }
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    check_pages(input, "repositoryNames")?;
    let names = input.texts("repositoryNames");
    if !names.is_empty() {
        let shown = |name: &str| Ok(repository(account, call, input, name)?.shown(call, name));
        let shown = names.into_iter().map(shown).collect::<Result<Vec<_>, Refusal>>()?;
        return Ok(json!({"repositories": shown}));
    }
    let own = registry(call, input) == call.account_id;
    let all = account.region(&call.region).filter(|_| own).into_iter();
    let all = all.flat_map(|region| &region.ecr.repositories);
    let items = all.map(|(name, repository)| (name.clone(), repository.shown(call, name)));
    let (repositories, next) = page(items.collect(), input)?;
    Ok(json!({"repositories": repositories, "nextToken": next}))
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let found = repository(account, call, input, name)?;
    if !found.images.is_empty() && input.flag("force") != Some(true) {
        return Err(NOT_EMPTY.refuse(&[name, &call.account_id]));
    }
    let shown = found.shown(call, name);
    account.region_mut(&call.region).ecr.repositories.remove(name);
    Ok(json!({"repository": shown}))
}

pub(super) fn put_mutability(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let repository = repository_mut(account, call, input, name)?;
    repository.mutability = Mutability::read(input)?;
    Ok(json!({
        "registryId": call.account_id, "repositoryName": name,
        "imageTagMutability": repository.mutability.setting,
        "imageTagMutabilityExclusionFilters": repository.mutability.exclusions(),
    }))
}

pub(super) fn put_scanning(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let repository = repository_mut(account, call, input, name)?;
    let given = input.object("imageScanningConfiguration");
    repository.scan_on_push = given.and_then(|given| given.flag("scanOnPush")).unwrap_or_default();
    Ok(json!({
        "registryId": call.account_id, "repositoryName": name,
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
    }))
}

/// Reads and checks the tags of a request.
fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("tags").iter().filter_map(Value::as_object) {
        let text = |member: &str, most: usize| -> Result<String, Refusal> {
            let text = tag.text(member).unwrap_or_default();
            let allowed =
                |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
            if text.chars().count() > most || !text.chars().all(allowed) {
                return Err(TAG.refuse(&[&format!("Invalid tag {member}: {text}")]));
            }
            Ok(text.to_owned())
        };
        let (key, value) = (text("Key", 128)?, text("Value", 256)?);
        if key.is_empty() || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(TAG.refuse(&[&format!("Invalid tag Key: {key}")]));
        }
        if tags.contains_key(&key) {
            return Err(TAG.refuse(&[&format!("Duplicate tag keys: {key}")]));
        }
        tags.insert(key, value);
    }
    if tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(tags) }
}

/// Returns the name in a repository's ARN.
fn name_in_arn<'a>(call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    let name = input.text("resourceArn").and_then(|text| text.strip_prefix(&arn(call, "")));
    name.ok_or_else(|| ARN.refuse(&[]))
}

pub(super) fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (name, tags) = (name_in_arn(call, input)?, tags_of(input)?);
    let repository = repository_mut(account, call, &Map::new(), name)?;
    repository.tags.extend(tags);
    if repository.tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(json!({})) }
}

pub(super) fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let repository = repository_mut(account, call, &Map::new(), name_in_arn(call, input)?)?;
    repository.tags.retain(|key, _| !input.texts("tagKeys").contains(&key.as_str()));
    Ok(json!({}))
}

pub(super) fn list_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    let repository = repository(account, call, &Map::new(), name_in_arn(call, input)?)?;
    Ok(json!({"tags": tag_list(&repository.tags)}))
}
