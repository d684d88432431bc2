//! Tags of certificates.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::tagging::tag_list;
use super::super::{Answer, Call, Input, Members};
use super::{named, named_mut, rules};
use crate::rules::Refusal;
use crate::state::Account;

/// Adds the tags of an input to others.
pub(super) fn added(
    mut tags: BTreeMap<String, String>,
    input: &Input,
) -> Result<BTreeMap<String, String>, Refusal> {
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(rules::RESERVED_TAG.refuse(&[key]));
        }
        tags.insert(key.to_owned(), tag.text("Value").unwrap_or_default().to_owned());
    }
    if tags.len() > 50 { Err(rules::TOO_MANY_TAGS.refuse(&[])) } else { Ok(tags) }
}

/// AddTagsToCertificate.
pub(super) fn add(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let certificate = named_mut(account, call, input)?;
    certificate.tags = added(certificate.tags.clone(), input)?;
    Ok(Value::Null)
}

/// RemoveTagsFromCertificate: a tag given with its value goes only if it has that value.
pub(super) fn remove(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let certificate = named_mut(account, call, input)?;
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        let value = tag.text("Value");
        if value.is_none() || certificate.tags.get(key).map(String::as_str) == value {
            certificate.tags.remove(key);
        }
    }
    Ok(Value::Null)
}

/// ListTagsForCertificate.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    Ok(json!({"Tags": tag_list(&named(account, call, input)?.tags)}))
}
