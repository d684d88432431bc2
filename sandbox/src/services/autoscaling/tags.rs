//! Tags of groups.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::group::Tag;
use super::{describe, named_mut, rules};
use crate::rules::Refusal;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// Reads one tag.
fn read(tag: &Input) -> Result<(String, Tag), Refusal> {
    let key = tag.text("Key").unwrap_or_default();
    let value = tag.text("Value").unwrap_or_default();
    let allowed = |letter: char| {
        letter.is_alphanumeric() || letter.is_whitespace() || "+-=._:/@".contains(letter)
    };
    if key.to_lowercase().starts_with("aws:") {
        return Err(rules::TAG_RESERVED.refuse(&[key]));
    }
    let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
    if !fits || !key.chars().all(allowed) || !value.chars().all(allowed) {
        return Err(rules::TAG_LETTERS.refuse(&[key]));
    }
    let propagates = tag.flag("PropagateAtLaunch").unwrap_or(false);
    Ok((key.to_owned(), Tag { value: value.to_owned(), propagates }))
}

/// Puts a tag on a group's others.
fn put(tags: &mut BTreeMap<String, Tag>, key: String, tag: Tag) -> Result<(), Refusal> {
    tags.insert(key, tag);
    if tags.len() > 50 { Err(rules::TAG_LIMIT.refuse(&[])) } else { Ok(()) }
}

/// Reads the tags of a new group.
pub(super) fn at_creation(input: &Input) -> Result<BTreeMap<String, Tag>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let (key, tag) = read(tag)?;
        put(&mut tags, key, tag)?;
    }
    Ok(tags)
}

/// CreateOrUpdateTags.
pub(super) fn create_or_update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let (key, value) = read(tag)?;
        let group = named_mut(account, call, tag.text("ResourceId").unwrap_or_default())?;
        put(&mut group.tags, key, value)?;
    }
    Ok(Value::Null)
}

/// DeleteTags.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let group = named_mut(account, call, tag.text("ResourceId").unwrap_or_default())?;
        group.tags.remove(tag.text("Key").unwrap_or_default());
    }
    Ok(Value::Null)
}

/// DescribeTags.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let filters: Vec<_> = input.list("Filters").iter().filter_map(Value::as_object).collect();
    let known = ["auto-scaling-group", "key", "value", "propagate-at-launch"];
    for filter in &filters {
        let name = filter.text("Name").unwrap_or_default();
        if !known.contains(&name) {
            return Err(rules::FILTER.refuse(&[name]));
        }
    }
    let groups = account.region(&call.region).into_iter();
    let groups = groups.flat_map(|region| region.autoscaling.groups.values());
    let all = groups.flat_map(|group| group.tags.iter().map(move |(key, tag)| (group, key, tag)));
    let items = all
        .filter(|(group, key, tag)| {
            filters.iter().all(|filter| {
                let value = match filter.text("Name") {
                    Some("auto-scaling-group") => json!(group.name),
                    Some("key") => json!(key),
                    Some("value") => json!(tag.value),
                    _ => json!(tag.propagates.to_string()),
                };
                filter.list("Values").contains(&value)
            })
        })
        .map(|(group, key, tag)| (format!("{}/{key}", group.name), tag.show(&group.name, key)))
        .collect();
    describe::paged("Tags", items, input, 50)
}
