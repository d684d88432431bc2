//! The values of secrets: versions and the stages that say which is current.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rules::{NO_VALUE, TOKEN, TWO_VALUES, VALUE_NEEDED, VERSION_EXISTS};
use super::secret::{Secret, use_key};
use super::{arn, by_name, living, secret};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// One value a secret has or had.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) content: Content,
    pub(super) stages: BTreeSet<String>,
    pub(super) created: Time,
}

/// What is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    /// Text.
    String(String),
    /// Bytes, as base64.
    Binary(String),
}

impl Content {
    /// Reads the value that a call gives, if it gives one.
    pub(super) fn of(input: &Input) -> Result<Option<Self>, Refusal> {
        match (input.text("SecretString"), input.text("SecretBinary")) {
            (Some(_), Some(_)) => Err(TWO_VALUES.refuse(&[])),
            (Some(text), None) => Ok(Some(Self::String(text.to_owned()))),
            (None, Some(bytes)) => Ok(Some(Self::Binary(bytes.to_owned()))),
            (None, None) => Ok(None),
        }
    }
}

/// Adds a version with these stages, which leave the others; what was current is the previous one
/// then. The same version again changes nothing; another value under its id is refused.
fn add(
    secret: &mut Secret,
    name: &str,
    id: &str,
    content: Content,
    stages: &[&str],
    now: Time,
) -> Result<(), Refusal> {
    if let Some(old) = secret.versions.get(id) {
        let same = old.content == content;
        return if same { Ok(()) } else { Err(VERSION_EXISTS.refuse(&[id, name])) };
    }
    if stages.contains(&CURRENT)
        && let Some(current) = secret.current().cloned()
    {
        for (id, version) in &mut secret.versions {
            version.stages.remove(PREVIOUS);
            if *id == current {
                version.stages.insert(PREVIOUS.to_owned());
            }
        }
    }
    for version in secret.versions.values_mut() {
        version.stages.retain(|stage| !stages.contains(&stage.as_str()));
    }
    let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
    secret.versions.insert(id.to_owned(), Version { content, stages, created: now });
    secret.changed = now;
    Ok(())
}

fn version_id(account: &mut Account, input: &Input) -> String {
    let token = input.text("ClientRequestToken").map(str::to_owned);
    token.unwrap_or_else(|| account.new_digits().chars().take(32).collect())
}

pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let content = Content::of(input)?.ok_or_else(|| VALUE_NEEDED.refuse(&[]))?;
    let stages = match input.get("VersionStages") {
        None => vec![CURRENT],
        Some(_) => input.texts("VersionStages"),
    };
    let (name, found) = living(account, call, input)?;
    let (name, key) = (name.clone(), found.key.clone());
    let arn = arn(&call.account_id, &call.region, &name, found);
    use_key(account, call, key.as_deref())?;
    let id = version_id(account, input);
    add(by_name(account, call, &name)?, &name, &id, content, &stages, call.now)?;
    Ok(json!({"ARN": arn, "Name": name, "VersionId": id, "VersionStages": stages}))
}

/// Changes the description, the key or the value: what is given.
pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let content = Content::of(input)?;
    let (name, found) = living(account, call, input)?;
    let name = name.clone();
    let arn = arn(&call.account_id, &call.region, &name, found);
    let key = input.text("KmsKeyId").map(str::to_owned);
    let used = key.clone().or_else(|| found.key.clone());
    if key.is_some() || content.is_some() {
        use_key(account, call, used.as_deref())?;
    }
    let id = content.is_some().then(|| version_id(account, input));
    let secret = by_name(account, call, &name)?;
    if let Some(description) = input.text("Description") {
        secret.description = Some(description.to_owned()).filter(|text| !text.is_empty());
    }
    secret.key = key.or_else(|| secret.key.take());
    secret.changed = call.now;
    if let (Some(id), Some(content)) = (&id, content) {
        add(secret, &name, id, content, &[CURRENT], call.now)?;
    }
    Ok(json!({"ARN": arn, "Name": name, "VersionId": id}))
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let (name, secret) = living(account, call, input)?;
    let by_id = input.text("VersionId");
    let stage = input.text("VersionStage").unwrap_or(CURRENT);
    let id = match by_id {
        Some(id) => secret.versions.get_key_value(id).map(|(id, _)| id),
        None => secret.with_stage(stage),
    };
    let missing = || match by_id {
        Some(id) => NO_VALUE.refuse(&["VersionId", id]),
        None => NO_VALUE.refuse(&["staging label", stage]),
    };
    let id = id.ok_or_else(missing)?;
    let version = secret.versions.get(id).ok_or_else(missing)?;
    // Both given must agree.
    if by_id.is_some() && input.contains_key("VersionStage") && !version.stages.contains(stage) {
        return Err(missing());
    }
    let (member, value) = match &version.content {
        Content::String(text) => ("SecretString", text),
        Content::Binary(bytes) => ("SecretBinary", bytes),
    };
    let mut shown = json!({
        "ARN": arn(&call.account_id, &call.region, name, secret), "Name": name, "VersionId": id,
        "VersionStages": version.stages, "CreatedDate": version.created.to_string(),
    });
    shown[member] = json!(value);
    Ok(shown)
}

/// Lists versions; those without a stage only where they are asked for.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let (name, secret) = secret(account, call, input)?;
    let all = input.flag("IncludeDeprecated").unwrap_or_default();
    let items = secret.versions.iter().filter(|(_, version)| all || !version.stages.is_empty());
    let items = items.map(|(id, version)| {
        let created = version.created.to_string();
        let shown =
            json!({"VersionId": id, "VersionStages": version.stages, "CreatedDate": created});
        (id.clone(), shown)
    });
    let size = input.integer("MaxResults").and_then(|n| usize::try_from(n).ok()).unwrap_or(100);
    let (versions, next): (Vec<Value>, _) =
        page(items.collect(), size, input.text("NextToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({
        "Versions": versions, "NextToken": next, "Name": name,
        "ARN": arn(&call.account_id, &call.region, name, secret),
    }))
}
