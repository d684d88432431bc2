//! Tags of every EC2 resource.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Filters, Page};
use super::ids::{self, Kind};
use super::{State, View, limits, rules, state_mut};
use crate::rules::Refusal;
use crate::state::Account;

/// The tags of one resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// Reads the tags that a creating call gives to what it creates.
pub(super) fn at_creation(input: &Input, kind: &Kind) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for specification in input.list("TagSpecifications").iter().filter_map(Value::as_object) {
        let of = specification.text("ResourceType").unwrap_or("null");
        if of != kind.resource_type {
            return Err(rules::TAG_SPECIFICATION_TYPE.refuse(&[of]));
        }
        read_into(&mut tags, specification)?;
    }
    Ok(tags)
}

/// Reads the tags that a launch gives to what it makes of one type.
pub(super) fn of_type(input: &Input, resource_type: &str) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for specification in input.list("TagSpecifications").iter().filter_map(Value::as_object) {
        if specification.text("ResourceType") == Some(resource_type) {
            read_into(&mut tags, specification)?;
        }
    }
    Ok(tags)
}

/// Reads the tags of one specification, of a launch template's data say.
pub(super) fn of_specification(specification: &Input) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    read_into(&mut tags, specification)?;
    Ok(tags)
}

/// Reads a `Tags` member, refusing keys given twice and what tags may not hold.
fn read_into(tags: &mut Tags, input: &Input) -> Result<(), Refusal> {
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        let value = tag.text("Value").unwrap_or_default();
        check(key, value)?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(rules::TAG_TWICE.refuse(&[key]));
        }
    }
    Ok(())
}

/// Refuses keys and values that tags may not have.
fn check(key: &str, value: &str) -> Result<(), Refusal> {
    let allowed = |letter: char| {
        letter.is_alphanumeric() || letter.is_whitespace() || "+-=._:/@".contains(letter)
    };
    if key.is_empty() {
        Err(rules::TAG_KEY_EMPTY.refuse(&[]))
    } else if key.to_lowercase().starts_with("aws:") {
        Err(rules::TAG_KEY_RESERVED.refuse(&[key]))
    } else if key.chars().count() > 127 {
        Err(rules::TAG_KEY_LONG.refuse(&[]))
    } else if value.chars().count() > 256 {
        Err(rules::TAG_VALUE_LONG.refuse(&[]))
    } else if !key.chars().all(allowed) {
        Err(rules::TAG_KEY_LETTERS.refuse(&[key]))
    } else if !value.chars().all(allowed) {
        Err(rules::TAG_VALUE_LETTERS.refuse(&[value]))
    } else {
        Ok(())
    }
}

/// Keeps the tags of something new.
pub(super) fn keep(state: &mut State, id: &str, tags: Tags) -> Result<(), Refusal> {
    if tags.len() > state.limits.tags_per_resource {
        return Err(rules::TAG_LIMIT.refuse(&[]));
    }
    if !tags.is_empty() {
        state.tags.insert(id.to_owned(), tags);
    }
    Ok(())
}

/// Shows the tags of a resource.
pub(super) fn show(view: View<'_>, id: &str) -> Value {
    let tags = view.state.tags.get(id).into_iter().flatten();
    tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// CreateTags.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let mut tags = Tags::new();
    read_into(&mut tags, input)?;
    let state = state_mut(account, call);
    let resources = check_resources(state, input)?;
    for id in resources {
        let kept = state.tags.entry(id.to_owned()).or_default();
        kept.extend(tags.clone());
        limits::room(kept.len(), state.limits.tags_per_resource + 1, &rules::TAG_LIMIT)?;
    }
    Ok(json!({}))
}

/// DeleteTags: without tags all of them; a tag without a value whatever its value is.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let resources = check_resources(state, input)?;
    for id in resources {
        let Some(kept) = state.tags.get_mut(id) else { continue };
        if !input.contains_key("Tags") {
            kept.clear();
        }
        for tag in input.list("Tags").iter().filter_map(Value::as_object) {
            let (key, value) = (tag.text("Key").unwrap_or_default(), tag.text("Value"));
            if kept.get(key).is_some_and(|held| value.is_none_or(|value| value == held)) {
                kept.remove(key);
            }
        }
    }
    Ok(json!({}))
}

/// Refuses ids of nothing; nothing is written for any when one is wrong.
fn check_resources<'a>(state: &State, input: &'a Input) -> Result<Vec<&'a str>, Refusal> {
    let ids = input.texts("Resources");
    for id in &ids {
        let kind = ids::kind_of(id).ok_or_else(|| rules::TAG_RESOURCE.refuse(&[id]))?;
        kind.check(state, id)?;
    }
    Ok(ids)
}

/// DescribeTags.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let page = Page::of(view, input, 1000)?;
    let names = ["key", "resource-id", "resource-type", "value"];
    let filters = Filters::read(view, input, &names)?;
    let all = view.state.tags.iter().filter_map(|(id, tags)| {
        let kind = ids::kind_of(id)?;
        Some(tags.iter().map(move |(key, value)| (id, kind.resource_type, key, value)))
    });
    let found = all.flatten().filter(|(id, resource_type, key, value)| {
        filters.accept_fields(|name| match name.strip_prefix("tag:") {
            Some(wanted) if wanted == *key => vec![(*value).clone()],
            Some(_) => Vec::new(),
            None => match name {
                "key" => vec![(*key).clone()],
                "resource-id" => vec![(*id).clone()],
                "resource-type" => vec![(*resource_type).to_owned()],
                _ => vec![(*value).clone()],
            },
        })
    });
    let (found, next) = page.cut(found.map(|(id, resource_type, key, value)| {
        let shown = json!({
            "ResourceId": id, "ResourceType": resource_type, "Key": key, "Value": value,
        });
        (format!("{id}/{key}"), shown)
    }));
    let shown: Vec<Value> = found.into_iter().map(|(_, shown)| shown).collect();
    Ok(json!({ "Tags": shown, "NextToken": next }))
}
