//! KMS: keys, their policies and aliases. Nothing is encrypted here: services that use a key ask
//! [`usable`] whether they could.

mod aliases;
mod keys;
mod policy;
mod rotation;
mod rules;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::ids::{digits, uuid};
use crate::rules::Refusal;
use crate::state::Account;
use keys::Key;
use rules::{NO_ALIAS, NO_KEY, PENDING, RULES};

/// What KMS keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Keys by id.
    keys: BTreeMap<String, Key>,
    /// Aliases by name, `alias/` included.
    aliases: BTreeMap<String, Alias>,
    /// Services whose AWS managed key (`alias/aws/<service>`) was used here.
    managed: BTreeSet<String>,
}

/// A name for a key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Alias {
    key: String,
    created: Time,
    updated: Time,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "kms",
    shapes: include_str!("../../shapes/kms.json"),
    validation_code: "ValidationException",
    throttle_code: "ThrottlingException",
    operations: &[
        write(
            "CreateKey",
            &[
                "Policy",
                "Description",
                "KeyUsage",
                "KeySpec",
                "CustomerMasterKeySpec",
                "Origin",
                "BypassPolicyLockoutSafetyCheck",
                "Tags",
                "MultiRegion",
            ],
            keys::create,
        ),
        read("DescribeKey", &["KeyId", "GrantTokens"], keys::describe),
        read("ListKeys", &["Limit", "Marker"], keys::list),
        write("ScheduleKeyDeletion", &["KeyId", "PendingWindowInDays"], keys::schedule_deletion),
        write("CancelKeyDeletion", &["KeyId"], keys::cancel_deletion),
        write("EnableKey", &["KeyId"], keys::enable),
        write("DisableKey", &["KeyId"], keys::disable),
        write("UpdateKeyDescription", &["KeyId", "Description"], keys::update_description),
        read("GetKeyPolicy", &["KeyId", "PolicyName"], policy::get),
        write(
            "PutKeyPolicy",
            &["KeyId", "PolicyName", "Policy", "BypassPolicyLockoutSafetyCheck"],
            policy::put,
        ),
        read("GetKeyRotationStatus", &["KeyId"], rotation::get),
        write("EnableKeyRotation", &["KeyId", "RotationPeriodInDays"], rotation::enable),
        write("DisableKeyRotation", &["KeyId"], rotation::disable),
        write("CreateAlias", &["AliasName", "TargetKeyId"], aliases::create),
        write("UpdateAlias", &["AliasName", "TargetKeyId"], aliases::update),
        write("DeleteAlias", &["AliasName"], aliases::delete),
        read("ListAliases", &["KeyId", "Limit", "Marker"], aliases::list),
        write("TagResource", &["KeyId", "Tags"], keys::tag),
        write("UntagResource", &["KeyId", "TagKeys"], keys::untag),
        read("ListResourceTags", &["KeyId", "Limit", "Marker"], keys::list_tags),
    ],
    rules: RULES,
    tagged,
    due: |account| {
        let keys = account.regions.values().flat_map(|region| region.kms.keys.values());
        keys.filter_map(|key| key.deletion.map(|deletion| deletion.at)).min()
    },
    settle,
    ..Service::EMPTY
};

/// Why a service cannot use a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// No key has this id, ARN or alias.
    NotFound,
    /// The key is disabled.
    Disabled,
    /// The key waits for its deletion.
    PendingDeletion,
    /// The key is not for symmetric encryption.
    WrongUsage,
}

/// Returns the ARN of a key by its id, its ARN, its alias or the alias' ARN, if a service could
/// encrypt with it.
pub(crate) fn usable(account: &Account, region: &str, id: &str) -> Result<String, Unusable> {
    let arn = |resource: &str| arn(region, &account.id, resource);
    let name = id.strip_prefix(&arn("")).unwrap_or(id);
    if let Some(service) = name.strip_prefix("alias/aws/") {
        return Ok(arn(&format!("key/{}", managed_id(region, &account.id, service))));
    }
    let state = account.region(region).map(|region| &region.kms).ok_or(Unusable::NotFound)?;
    let name = match state.aliases.get(name) {
        Some(alias) => alias.key.as_str(),
        None => name.strip_prefix("key/").unwrap_or(name),
    };
    if let Some(service) = state.managed.iter().find(|s| managed_id(region, &account.id, s) == name)
    {
        return usable(account, region, &format!("alias/aws/{service}"));
    }
    let key = state.keys.get(name).ok_or(Unusable::NotFound)?;
    match key {
        key if key.deletion.is_some() => Err(Unusable::PendingDeletion),
        key if !key.enabled => Err(Unusable::Disabled),
        key if key.spec != "SYMMETRIC_DEFAULT" => Err(Unusable::WrongUsage),
        _ => Ok(arn(&format!("key/{name}"))),
    }
}

/// Notes that a service uses the key AWS manages for it, which makes it on AWS, and returns its ARN.
pub(crate) fn use_managed(account: &mut Account, region: &str, service: &str) -> String {
    account.region_mut(region).kms.managed.insert(service.to_owned());
    let id = managed_id(region, &account.id, service);
    arn(region, &account.id, &format!("key/{id}"))
}

/// Makes the id of the key AWS manages for a service, the same whenever it is asked for.
fn managed_id(region: &str, account: &str, service: &str) -> String {
    uuid(&digits(format!("{region}/{account}/{service}")))
}

fn arn(region: &str, account: &str, resource: &str) -> String {
    format!("arn:{}:kms:{region}:{account}:{resource}", super::partition(region))
}

/// Returns the id of the key that a call names by id or ARN; most operations take no alias.
fn key_id<'a>(account: &Account, call: &Call, given: &'a str) -> Result<&'a str, Refusal> {
    let id = given.strip_prefix(&call.arn("kms", "key/")).unwrap_or(given);
    let keys = account.region(&call.region).map(|region| &region.kms.keys);
    if keys.is_some_and(|keys| keys.contains_key(id)) {
        return Ok(id);
    }
    Err(no_key(call, given))
}

fn no_key(call: &Call, given: &str) -> Refusal {
    if given.contains("alias/") {
        let name = given.rsplit(':').next().unwrap_or(given);
        return NO_ALIAS.refuse(&[&call.arn("kms", name)]);
    }
    let arn = call.arn("kms", &format!("key/{given}"));
    NO_KEY.refuse(&[if given.starts_with("arn:") { given } else { &arn }])
}

/// Returns the key a call names as `KeyId`.
fn key<'a>(account: &'a Account, call: &Call, input: &Input) -> Result<(String, &'a Key), Refusal> {
    let given = input.text("KeyId").unwrap_or_default();
    let id = key_id(account, call, given)?;
    let key = account.region(&call.region).and_then(|region| region.kms.keys.get(id));
    key.map(|key| (id.to_owned(), key)).ok_or_else(|| no_key(call, given))
}

/// The same, for writing, together with its ARN.
fn key_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<(String, &'a mut Key), Refusal> {
    let given = input.text("KeyId").unwrap_or_default();
    let id = key_id(account, call, given)?;
    let key = account.region_mut(&call.region).kms.keys.get_mut(id);
    let arn = call.arn("kms", &format!("key/{id}"));
    key.map(|key| (arn, key)).ok_or_else(|| no_key(call, given))
}

/// The same; refuses a key that waits for its deletion.
fn living_key_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<(String, &'a mut Key), Refusal> {
    let (arn, key) = key_mut(account, call, input)?;
    if key.deletion.is_some() { Err(PENDING.refuse(&[&arn])) } else { Ok((arn, key)) }
}

/// A key that waits for its deletion is listed until it is gone.
fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let keys = account.region(region).into_iter().flat_map(|state| &state.kms.keys);
    keys.map(|(id, key)| Tagged {
        arn: arn(region, &account.id, &format!("key/{id}")),
        resource_type: "kms:key",
        tags: key.tags.clone(),
    })
    .collect()
}

/// Deletes the keys whose window has passed, with their aliases.
fn settle(account: &mut Account, now: Time) {
    for region in account.regions.values_mut() {
        let state = &mut region.kms;
        state.keys.retain(|_, key| key.deletion.is_none_or(|deletion| deletion.at > now));
        let keys = &state.keys;
        state.aliases.retain(|_, alias| keys.contains_key(&alias.key));
    }
}

/// Reads a limit; `most` is also what a call without one gets, unless it is more than `usual`.
fn limit(input: &Input, usual: usize, most: usize) -> usize {
    let given = input.integer("Limit").and_then(|limit| usize::try_from(limit).ok());
    given.unwrap_or(usual).clamp(1, most)
}

/// Writes a page with its marker.
fn marked(name: &str, page: (Vec<Value>, Option<String>)) -> Value {
    let (items, next) = page;
    let truncated = next.is_some();
    serde_json::json!({name: items, "NextMarker": next, "Truncated": truncated})
}
