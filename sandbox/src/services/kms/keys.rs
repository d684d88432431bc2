//! Keys: making, reading, disabling, deleting and tagging them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rotation::Rotation;
use super::rules::{
    MARKER, NOT_PENDING, ORIGIN, TAG_COUNT, TAGS, TWO_SPECS, USAGE, USAGE_NEEDED, WINDOW,
};
use super::{key, key_mut, limit, living_key_mut, marked, no_key, policy};
use crate::clock::Time;
use crate::ids::uuid;
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// A key of the customer's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Key {
    created: Time,
    description: String,
    usage: String,
    pub(super) spec: String,
    multi_region: bool,
    pub(super) enabled: bool,
    pub(super) policy: String,
    pub(super) rotation: Option<Rotation>,
    pub(super) deletion: Option<Deletion>,
    pub(super) tags: BTreeMap<String, String>,
}

/// When a key is deleted.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Deletion {
    pub(super) at: Time,
    days: i64,
}

impl Key {
    fn state(&self) -> &'static str {
        match self {
            Self { deletion: Some(_), .. } => "PendingDeletion",
            Self { enabled: true, .. } => "Enabled",
            Self { enabled: false, .. } => "Disabled",
        }
    }

    /// Returns whether an alias may move from this key to the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let symmetric = |key: &Self| key.spec == "SYMMETRIC_DEFAULT";
        self.usage == other.usage && symmetric(self) == symmetric(other)
    }

    fn shown(&self, call: &Call, id: &str) -> Value {
        let mut shown = json!({
            "AWSAccountId": call.account_id, "KeyId": id,
            "Arn": call.arn("kms", &format!("key/{id}")),
            "CreationDate": self.created.to_string(), "Enabled": self.state() == "Enabled",
            "Description": self.description, "KeyUsage": self.usage, "KeyState": self.state(),
            "Origin": "AWS_KMS", "KeyManager": "CUSTOMER", "KeySpec": self.spec,
            "CustomerMasterKeySpec": self.spec, "MultiRegion": self.multi_region,
        });
        let (list, algorithms) = algorithms(&self.usage, &self.spec);
        shown[list] = json!(algorithms);
        if let Some(deletion) = self.deletion {
            shown["DeletionDate"] = json!(deletion.at.to_string());
        }
        if self.multi_region {
            let arn = call.arn("kms", &format!("key/{id}"));
            shown["MultiRegionConfiguration"] = json!({
                "MultiRegionKeyType": "PRIMARY", "ReplicaKeys": [],
                "PrimaryKey": {"Arn": arn, "Region": call.region},
            });
        }
        shown
    }
}

/// Returns the member that lists what a key can do, and its values.
fn algorithms(usage: &str, spec: &str) -> (&'static str, Vec<&'static str>) {
    match (usage, spec) {
        ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT") => {
            ("EncryptionAlgorithms", vec!["SYMMETRIC_DEFAULT"])
        }
        ("ENCRYPT_DECRYPT", _) => {
            ("EncryptionAlgorithms", vec!["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
        }
        ("GENERATE_VERIFY_MAC", "HMAC_224") => ("MacAlgorithms", vec!["HMAC_SHA_224"]),
        ("GENERATE_VERIFY_MAC", "HMAC_256") => ("MacAlgorithms", vec!["HMAC_SHA_256"]),
        ("GENERATE_VERIFY_MAC", "HMAC_384") => ("MacAlgorithms", vec!["HMAC_SHA_384"]),
        ("GENERATE_VERIFY_MAC", _) => ("MacAlgorithms", vec!["HMAC_SHA_512"]),
        ("KEY_AGREEMENT", _) => ("KeyAgreementAlgorithms", vec!["ECDH"]),
        (_, "ECC_NIST_P384") => ("SigningAlgorithms", vec!["ECDSA_SHA_384"]),
        (_, "ECC_NIST_P521") => ("SigningAlgorithms", vec!["ECDSA_SHA_512"]),
        (_, spec) if spec.starts_with("ECC_") => ("SigningAlgorithms", vec!["ECDSA_SHA_256"]),
        _ => (
            "SigningAlgorithms",
            vec![
                "RSASSA_PKCS1_V1_5_SHA_256",
                "RSASSA_PKCS1_V1_5_SHA_384",
                "RSASSA_PKCS1_V1_5_SHA_512",
                "RSASSA_PSS_SHA_256",
                "RSASSA_PSS_SHA_384",
                "RSASSA_PSS_SHA_512",
            ],
        ),
    }
}

/// Returns what a key of a kind may be used for.
fn usages(spec: &str) -> &'static [&'static str] {
    match spec {
        "SYMMETRIC_DEFAULT" => &["ENCRYPT_DECRYPT"],
        "ECC_NIST_P256" | "ECC_NIST_P384" | "ECC_NIST_P521" => &["SIGN_VERIFY", "KEY_AGREEMENT"],
        spec if spec.starts_with("RSA_") => &["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
        spec if spec.starts_with("HMAC_") => &["GENERATE_VERIFY_MAC"],
        _ => &["SIGN_VERIFY"],
    }
}

fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let part = |name| tag.text(name).unwrap_or_default().to_owned();
        let (key, value) = (part("TagKey"), part("TagValue"));
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(TAGS.refuse(&["Tag keys that begin with aws: are reserved"]));
        }
        let letter = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        if !key.chars().chain(value.chars()).all(letter) {
            return Err(TAGS.refuse(&["The tag contains invalid characters"]));
        }
        if tags.insert(key, value).is_some() {
            return Err(TAGS.refuse(&["Duplicate tag keys"]));
        }
    }
    Ok(tags)
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (spec, old_name) = (input.text("KeySpec"), input.text("CustomerMasterKeySpec"));
    if spec.is_some() && old_name.is_some() {
        return Err(TWO_SPECS.refuse(&[]));
    }
    let spec = spec.or(old_name).unwrap_or("SYMMETRIC_DEFAULT");
    let usage = match input.text("KeyUsage") {
        Some(usage) => usage,
        None if spec == "SYMMETRIC_DEFAULT" => "ENCRYPT_DECRYPT",
        None => return Err(USAGE_NEEDED.refuse(&[])),
    };
    if !usages(spec).contains(&usage) {
        return Err(USAGE.refuse(&[usage, spec]));
    }
    if let Some(origin) = input.text("Origin").filter(|origin| *origin != "AWS_KMS") {
        return Err(ORIGIN.refuse(&[origin]));
    }
    let policy = match input.text("Policy") {
        Some(text) => {
            policy::check(account, call, input, text)?;
            text.to_owned()
        }
        None => policy::default(call),
    };
    let tags = tags_of(input)?;
    if tags.len() > 50 {
        return Err(TAG_COUNT.refuse(&[]));
    }
    let multi_region = input.flag("MultiRegion").unwrap_or_default();
    let digits = account.new_digits();
    let id = if multi_region {
        format!("mrk-{}", digits.get(..32).unwrap_or_default())
    } else {
        uuid(&digits)
    };
    let key = Key {
        created: call.now,
        description: input.text("Description").unwrap_or_default().to_owned(),
        usage: usage.to_owned(),
        spec: spec.to_owned(),
        multi_region,
        enabled: true,
        policy,
        rotation: None,
        deletion: None,
        tags,
    };
    let shown = key.shown(call, &id);
    account.region_mut(&call.region).kms.keys.insert(id, key);
    Ok(json!({"KeyMetadata": shown}))
}

/// Describes a key by its id, its ARN or an alias; a key AWS manages, by `alias/aws/<service>`.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let given = input.text("KeyId").unwrap_or_default();
    let name = given.strip_prefix(&call.arn("kms", "")).unwrap_or(given);
    let state = account.region(&call.region).map(|region| &region.kms);
    let is_managed =
        |id: &str, service: &str| super::managed_id(&call.region, &call.account_id, service) == id;
    let service = name.strip_prefix("alias/aws/").map(str::to_owned).or_else(|| {
        let id = name.strip_prefix("key/").unwrap_or(name);
        state?.managed.iter().find(|service| is_managed(id, service)).cloned()
    });
    if let Some(service) = service {
        let id = super::managed_id(&call.region, &call.account_id, &service);
        let key = Key {
            description: format!("Default key that protects my {service} data"),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            enabled: true,
            ..Key::default()
        };
        let mut shown = key.shown(call, &id);
        shown["KeyManager"] = json!("AWS");
        return Ok(json!({"KeyMetadata": shown}));
    }
    let target = state.and_then(|state| state.aliases.get(name)).map(|alias| &alias.key);
    let id = target.map_or_else(|| name.strip_prefix("key/").unwrap_or(name), String::as_str);
    let key = state.and_then(|state| state.keys.get(id)).ok_or_else(|| no_key(call, given))?;
    Ok(json!({"KeyMetadata": key.shown(call, id)}))
}

/// Lists ids and ARNs; the keys AWS manages among them.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = account.region(&call.region).map(|region| &region.kms);
    let managed = state.into_iter().flat_map(|state| &state.managed);
    let managed = managed.map(|service| super::managed_id(&call.region, &call.account_id, service));
    let ids = state.into_iter().flat_map(|state| state.keys.keys().cloned()).chain(managed);
    let items = ids
        .map(|id| {
            let arn = call.arn("kms", &format!("key/{id}"));
            (id.clone(), json!({"KeyId": id, "KeyArn": arn}))
        })
        .collect();
    let marker = input.text("Marker");
    let page = page(items, limit(input, 100, 1000), marker);
    Ok(marked("Keys", page.ok_or_else(|| MARKER.refuse(&[marker.unwrap_or_default()]))?))
}

pub(super) fn schedule_deletion(account: &mut Account, call: &Call, input: &Input) -> Answer {
    const DAY: u64 = 24 * 3600;
    let days = input.integer("PendingWindowInDays").unwrap_or(30);
    let window = u64::try_from(days).ok().filter(|days| (7..=30).contains(days));
    let window = window.ok_or_else(|| WINDOW.refuse(&[&days.to_string()]))?;
    let (arn, key) = living_key_mut(account, call, input)?;
    let deletion = Deletion { at: call.now + Duration::from_secs(window * DAY), days };
    key.deletion = Some(deletion);
    Ok(json!({
        "KeyId": arn, "DeletionDate": deletion.at.to_string(), "KeyState": key.state(),
        "PendingWindowInDays": deletion.days,
    }))
}

/// Keeps a key after all; it is disabled then.
pub(super) fn cancel_deletion(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, key) = key_mut(account, call, input)?;
    if key.deletion.take().is_none() {
        return Err(NOT_PENDING.refuse(&[&arn]));
    }
    key.enabled = false;
    Ok(json!({"KeyId": arn}))
}

pub(super) fn enable(account: &mut Account, call: &Call, input: &Input) -> Answer {
    living_key_mut(account, call, input)?.1.enabled = true;
    Ok(Value::Null)
}

pub(super) fn disable(account: &mut Account, call: &Call, input: &Input) -> Answer {
    living_key_mut(account, call, input)?.1.enabled = false;
    Ok(Value::Null)
}

pub(super) fn update_description(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let description = input.text("Description").unwrap_or_default().to_owned();
    living_key_mut(account, call, input)?.1.description = description;
    Ok(Value::Null)
}

pub(super) fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags_of(input)?;
    let (_, key) = living_key_mut(account, call, input)?;
    key.tags.extend(tags);
    if key.tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(Value::Null) }
}

pub(super) fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    let (_, key) = living_key_mut(account, call, input)?;
    key.tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(Value::Null)
}

pub(super) fn list_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    let (_, key) = key(account, call, input)?;
    let tag = |(key, value): (&String, &String)| {
        let tag = Map::from_iter([
            ("TagKey".to_owned(), json!(key)),
            ("TagValue".to_owned(), json!(value)),
        ]);
        (key.clone(), Value::Object(tag))
    };
    let marker = input.text("Marker");
    let page = page(key.tags.iter().map(tag).collect(), limit(input, 50, 50), marker);
    Ok(marked("Tags", page.ok_or_else(|| MARKER.refuse(&[marker.unwrap_or_default()]))?))
}
