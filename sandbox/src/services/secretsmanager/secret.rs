//! Secrets: making, describing, tagging, deleting and restoring them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rules::{
    DELETED_ALREADY, EXISTS, KEY, NAME, SCHEDULED, TAG, TAG_COUNT, WINDOW, WINDOW_AND_FORCE,
};
use super::values::{Content, Version};
use super::{arn, by_name, living, secret};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::kms::{self, Unusable};
use crate::services::tagging::tag_list;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// A secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Secret {
    /// The six letters and digits at the end of its ARN: another secret of the name has others.
    pub(super) suffix: String,
    pub(super) description: Option<String>,
    pub(super) key: Option<String>,
    /// By version id.
    pub(super) versions: BTreeMap<String, Version>,
    pub(super) policy: Option<String>,
    pub(super) created: Time,
    pub(super) changed: Time,
    pub(super) deletion: Option<Deletion>,
    pub(super) tags: BTreeMap<String, String>,
}

/// That a secret is deleted, and when it is gone.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Deletion {
    pub(super) since: Time,
    pub(super) at: Time,
    /// Whether it cannot be had back.
    forced: bool,
}

impl Secret {
    /// Returns the id of the version that is current, if there is one.
    pub(super) fn current(&self) -> Option<&String> {
        self.with_stage("AWSCURRENT")
    }

    /// Returns the id of the version with a stage.
    pub(super) fn with_stage(&self, stage: &str) -> Option<&String> {
        let mut all = self.versions.iter();
        all.find(|(_, version)| version.stages.contains(stage)).map(|(id, _)| id)
    }

    /// Writes what DescribeSecret and ListSecrets both tell; null where there is nothing.
    pub(super) fn shown(&self, account: &str, region: &str, name: &str) -> Value {
        json!({
            "ARN": arn(account, region, name, self), "Name": name,
            "Description": self.description, "KmsKeyId": self.key,
            "LastChangedDate": self.changed.to_string(), "CreatedDate": self.created.to_string(),
            "DeletedDate": self.deletion.map(|deletion| deletion.since.to_string()),
            "Tags": tag_list(&self.tags),
        })
    }

    /// The stages of each version that has one.
    pub(super) fn stages(&self) -> Option<Value> {
        let staged = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        let stages: Map<String, Value> =
            staged.map(|(id, version)| (id.clone(), json!(version.stages))).collect();
        (!stages.is_empty()).then(|| stages.into())
    }
}

fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let Some(key) = tag.text("Key") else {
            return Err(TAG.refuse(&["You must provide a key for a tag."]));
        };
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(TAG.refuse(&["Tag keys that begin with aws: are reserved."]));
        }
        let value = tag.text("Value").unwrap_or_default();
        let letter = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        if !key.chars().chain(value.chars()).all(letter) {
            return Err(TAG.refuse(&["A tag contains invalid characters."]));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(TAG.refuse(&["A tag key is given twice."]));
        }
    }
    Ok(tags)
}

/// Refuses a key that cannot be used; without one, the key AWS manages is.
pub(super) fn use_key(
    account: &mut Account,
    call: &Call,
    key: Option<&str>,
) -> Result<(), Refusal> {
    let Some(key) = key.filter(|key| *key != "alias/aws/secretsmanager") else {
        kms::use_managed(account, &call.region, "secretsmanager");
        return Ok(());
    };
    let why = match kms::usable(account, &call.region, key) {
        Ok(_) => return Ok(()),
        Err(Unusable::NotFound) => "it does not exist",
        Err(Unusable::Disabled) => "it is disabled",
        Err(Unusable::PendingDeletion) => "it is pending deletion",
        Err(Unusable::WrongUsage) => "it is not a symmetric encryption key",
    };
    Err(KEY.refuse(&[&format!("{key}: {why}")]))
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    let letter = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    if !name.chars().all(letter) {
        return Err(NAME.refuse(&[]));
    }
    let content = Content::of(input)?;
    let tags = tags_of(input)?;
    if tags.len() > 50 {
        return Err(TAG_COUNT.refuse(&[]));
    }
    let token = input.text("ClientRequestToken");
    let state = account.region(&call.region).map(|region| &region.secretsmanager);
    if let Some(old) = state.and_then(|state| state.secrets.get(name)) {
        if old.deletion.is_some() {
            return Err(SCHEDULED.refuse(&[]));
        }
        // The same request again is answered again.
        let again = token.and_then(|token| old.versions.get(token));
        if content.is_some() && again.map(|version| &version.content) == content.as_ref() {
            return Ok(json!({
                "ARN": arn(&call.account_id, &call.region, name, old), "Name": name,
                "VersionId": token,
            }));
        }
        return Err(EXISTS.refuse(&[name]));
    }
    let key = input.text("KmsKeyId");
    use_key(account, call, key)?;
    let suffix = account.new_unique_id("").chars().take(6).collect();
    let version = match (token, content.is_some()) {
        (Some(token), true) => Some(token.to_owned()),
        (None, true) => Some(account.new_digits().chars().take(32).collect()),
        (_, false) => None,
    };
    let mut secret = Secret {
        suffix,
        description: input.text("Description").filter(|text| !text.is_empty()).map(str::to_owned),
        key: key.map(str::to_owned),
        created: call.now,
        changed: call.now,
        tags,
        ..Secret::default()
    };
    if let (Some(id), Some(content)) = (&version, content) {
        let stages = [String::from("AWSCURRENT")].into();
        secret.versions.insert(id.clone(), Version { content, stages, created: call.now });
    }
    let arn = arn(&call.account_id, &call.region, name, &secret);
    account.region_mut(&call.region).secretsmanager.secrets.insert(name.to_owned(), secret);
    Ok(json!({"ARN": arn, "Name": name, "VersionId": version}))
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let (name, secret) = secret(account, call, input)?;
    let mut shown = secret.shown(&call.account_id, &call.region, name);
    shown["VersionIdsToStages"] = json!(secret.stages());
    Ok(shown)
}

/// Deletes a secret after its window, or soon where it is forced: even then the name is taken for a
/// while.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    const DAY: u64 = 24 * 3600;
    let days = input.integer("RecoveryWindowInDays");
    let forced = input.flag("ForceDeleteWithoutRecovery").unwrap_or_default();
    if forced && days.is_some() {
        return Err(WINDOW_AND_FORCE.refuse(&[]));
    }
    let window = u64::try_from(days.unwrap_or(30)).ok().filter(|days| (7..=30).contains(days));
    let window = window.ok_or_else(|| WINDOW.refuse(&[]))?;
    let found = secret(account, call, input);
    if forced && found.is_err() {
        // A try whose answer was lost is no error.
        let id = input.text("SecretId").unwrap_or_default();
        return Ok(json!({"Name": id, "DeletionDate": call.now.to_string()}));
    }
    let (name, secret) = found?;
    if secret.deletion.is_some() && !forced {
        return Err(DELETED_ALREADY.refuse(&[]));
    }
    let arn = arn(&call.account_id, &call.region, name, secret);
    let name = name.clone();
    let at = if forced {
        call.after(Duration::from_secs(10))
    } else {
        call.now + Duration::from_secs(window * DAY)
    };
    by_name(account, call, &name)?.deletion = Some(Deletion { since: call.now, at, forced });
    Ok(json!({"ARN": arn, "Name": name, "DeletionDate": at.to_string()}))
}

/// Takes a deletion back; one that was forced cannot be.
pub(super) fn restore(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (name, found) = secret(account, call, input)?;
    if found.deletion.is_some_and(|deletion| deletion.forced) {
        return Err(super::NOT_FOUND.refuse(&[]));
    }
    let (name, arn) = (name.clone(), arn(&call.account_id, &call.region, name, found));
    by_name(account, call, &name)?.deletion = None;
    Ok(json!({"ARN": arn, "Name": name}))
}

pub(super) fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags_of(input)?;
    let name = living(account, call, input)?.0.clone();
    let secret = by_name(account, call, &name)?;
    secret.tags.extend(tags);
    if secret.tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(Value::Null) }
}

pub(super) fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    let name = living(account, call, input)?.0.clone();
    by_name(account, call, &name)?.tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(Value::Null)
}
