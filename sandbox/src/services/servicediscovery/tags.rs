//! Tags of namespaces and services.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rules::{RESERVED_TAG, RESOURCE_NOT_FOUND, TOO_MANY_TAGS};
use super::{Call, Input, State, arn, state, state_mut};
use crate::rules::Refusal;
use crate::services::tagging::tag_list;
use crate::services::{Answer, Members};
use crate::state::Account;

type Tags = BTreeMap<String, String>;

/// Reads the tags of a request about `resource`.
pub(super) fn tags_of(input: &Input, resource: &str) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(RESERVED_TAG.refuse(&[key]));
        }
        tags.insert(key.to_owned(), tag.text("Value").unwrap_or_default().to_owned());
    }
    check_count(&tags, resource)?;
    Ok(tags)
}

fn check_count(tags: &Tags, resource: &str) -> Result<(), Refusal> {
    if tags.len() > 50 { Err(TOO_MANY_TAGS.refuse(&[resource])) } else { Ok(()) }
}

/// Returns the tags of what an ARN names.
fn tags<'a>(state: &'a mut State, prefix: &str, resource: &str) -> Option<&'a mut Tags> {
    let (kind, id) = resource.strip_prefix(prefix)?.split_once('/')?;
    match kind {
        "namespace" => state.namespaces.get_mut(id).map(|namespace| &mut namespace.tags),
        "service" => state.services.get_mut(id).map(|service| &mut service.tags),
        _ => None,
    }
}

fn resource(input: &Input) -> &str {
    input.text("ResourceARN").unwrap_or_default()
}

fn tags_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<&'a mut Tags, Refusal> {
    let prefix = arn(account, &call.region, "");
    let found = tags(state_mut(account, &call.region), &prefix, resource(input));
    found.ok_or_else(|| RESOURCE_NOT_FOUND.refuse(&[resource(input)]))
}

pub(super) fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let more = tags_of(input, resource(input))?;
    let tags = tags_mut(account, call, input)?;
    tags.extend(more);
    check_count(tags, resource(input))?;
    Ok(json!({}))
}

pub(super) fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    tags_mut(account, call, input)?.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let prefix = arn(account, &call.region, "");
    let mut state = state(account, call).cloned().unwrap_or_default();
    let tags = tags(&mut state, &prefix, resource(input));
    let tags = tags.ok_or_else(|| RESOURCE_NOT_FOUND.refuse(&[resource(input)]))?;
    Ok(json!({ "Tags": tag_list(tags) }))
}
