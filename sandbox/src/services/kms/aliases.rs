//! Aliases: names that lead to keys.

use serde_json::{Value, json};

use super::rules::{
    ALIAS_EXISTS, ALIAS_FORM, ALIAS_KIND, ALIAS_RESERVED, MARKER, NO_ALIAS, PENDING,
};
use super::{Alias, key_id, limit, managed_id, marked};
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

fn name(input: &Input) -> Result<&str, Refusal> {
    let name = input.text("AliasName").unwrap_or_default();
    let good = name.strip_prefix("alias/").is_some_and(|rest| !rest.is_empty());
    if !good {
        return Err(ALIAS_FORM.refuse(&[]));
    }
    if name.starts_with("alias/aws/") {
        return Err(ALIAS_RESERVED.refuse(&[]));
    }
    Ok(name)
}

/// Returns the id of the key an alias shall lead to; not one that waits for its deletion.
fn target(account: &Account, call: &Call, input: &Input) -> Result<String, Refusal> {
    let id = key_id(account, call, input.text("TargetKeyId").unwrap_or_default())?;
    let key = account.region(&call.region).and_then(|region| region.kms.keys.get(id));
    if key.is_some_and(|key| key.deletion.is_some()) {
        return Err(PENDING.refuse(&[&call.arn("kms", &format!("key/{id}"))]));
    }
    Ok(id.to_owned())
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input)?;
    let key = target(account, call, input)?;
    let aliases = &mut account.region_mut(&call.region).kms.aliases;
    if aliases.contains_key(name) {
        return Err(ALIAS_EXISTS.refuse(&[&call.arn("kms", name)]));
    }
    let alias = Alias { key, created: call.now, updated: call.now };
    aliases.insert(name.to_owned(), alias);
    Ok(Value::Null)
}

pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input)?;
    let key = target(account, call, input)?;
    let state = &mut account.region_mut(&call.region).kms;
    let no_alias = || NO_ALIAS.refuse(&[&call.arn("kms", name)]);
    let alias = state.aliases.get_mut(name).ok_or_else(no_alias)?;
    let alike = state.keys.get(&alias.key).zip(state.keys.get(&key));
    if alike.is_some_and(|(old, new)| !old.is_like(new)) {
        return Err(ALIAS_KIND.refuse(&[]));
    }
    alias.key = key;
    alias.updated = call.now;
    Ok(Value::Null)
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input)?;
    let removed = account.region_mut(&call.region).kms.aliases.remove(name);
    removed.map(|_| Value::Null).ok_or_else(|| NO_ALIAS.refuse(&[&call.arn("kms", name)]))
}

pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let wanted = input.text("KeyId").map(|id| key_id(account, call, id)).transpose()?;
    let state = account.region(&call.region).map(|region| &region.kms);
    let own = state.into_iter().flat_map(|state| &state.aliases).map(|(name, alias)| {
        let shown = json!({
            "AliasName": name, "AliasArn": call.arn("kms", name), "TargetKeyId": alias.key,
            "CreationDate": alias.created.to_string(), "LastUpdatedDate": alias.updated.to_string(),
        });
        (name.clone(), alias.key.clone(), shown)
    });
    let managed = state.into_iter().flat_map(|state| &state.managed).map(|service| {
        let name = format!("alias/aws/{service}");
        let id = managed_id(&call.region, &call.account_id, service);
        let arn = call.arn("kms", &name);
        let shown = json!({"AliasName": name, "AliasArn": arn, "TargetKeyId": id});
        (name, id, shown)
    });
    let items = own
        .chain(managed)
        .filter(|(_, key, _)| wanted.is_none_or(|wanted| wanted == key))
        .map(|(name, _, shown)| (name, shown))
        .collect();
    let marker = input.text("Marker");
    let page = page(items, limit(input, 50, 100), marker);
    Ok(marked("Aliases", page.ok_or_else(|| MARKER.refuse(&[marker.unwrap_or_default()]))?))
}
