//! Tags of hosted zones; AWS takes none with the creating call.

use serde_json::{Value, json};

use super::super::tagging::tag_list;
use super::super::{Answer, Call, Input, Members};
use super::{bare, rules, zone, zone_mut};
use crate::rules::Refusal;
use crate::state::Account;

/// As many tags as a resource may have.
const MAX_TAGS: usize = 10;

/// Refuses what is no hosted zone: the sandbox has no health checks.
fn check_type(input: &Input, id: &str) -> Result<(), Refusal> {
    match input.text("ResourceType") {
        Some("hostedzone") => Ok(()),
        _ => Err(rules::TAGGED_TYPE.refuse(&[id])),
    }
}

/// ChangeTagsForResource.
pub(super) fn change(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let id = input.text("ResourceId").unwrap_or_default();
    check_type(input, id)?;
    if input.get("AddTags").is_none() && input.get("RemoveTagKeys").is_none() {
        return Err(rules::NO_TAGS.refuse(&[]));
    }
    let zone = zone_mut(account, id)?;
    for key in input.texts("RemoveTagKeys") {
        zone.tags.remove(key);
    }
    for tag in input.list("AddTags").iter().filter_map(Value::as_object) {
        let value = tag.text("Value").unwrap_or_default().to_owned();
        zone.tags.insert(tag.text("Key").unwrap_or_default().to_owned(), value);
    }
    if zone.tags.len() > MAX_TAGS {
        return Err(rules::TOO_MANY_TAGS.refuse(&[]));
    }
    Ok(Value::Null)
}

fn shown(account: &Account, id: &str) -> Result<Value, Refusal> {
    let tags = tag_list(&zone(account, id)?.tags);
    Ok(json!({"ResourceType": "hostedzone", "ResourceId": bare(id), "Tags": tags}))
}

/// ListTagsForResource.
pub(super) fn list(account: &Account, _: &Call, input: &Input) -> Answer {
    let id = input.text("ResourceId").unwrap_or_default();
    check_type(input, id)?;
    Ok(json!({"ResourceTagSet": shown(account, id)?}))
}

/// ListTagsForResources: one that is missing fails the whole call.
pub(super) fn list_many(account: &Account, _: &Call, input: &Input) -> Answer {
    let ids = input.texts("ResourceIds");
    check_type(input, ids.first().copied().unwrap_or_default())?;
    let sets = ids.iter().map(|id| shown(account, id)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"ResourceTagSets": sets}))
}
