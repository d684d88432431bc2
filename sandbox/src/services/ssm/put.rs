//! Writing and deleting parameters.

use serde_json::{Value, json};

use super::parameter::{Parameter, Version};
use super::rules::{
    BAD_PATTERN, DATA_TYPE, DOWNGRADE, EMPTY, EXISTS, KEY, KEY_FOR_SECURE, NAME, NOT_FOUND,
    NOT_QUALIFIED, PATTERN, RESERVED, TAGS_AND_OVERWRITE, TOO_DEEP, TOO_LONG, TYPE_NEEDED,
};
use super::{check_count, name_of, tags_of};
use crate::rules::Refusal;
use crate::services::kms::{self, Unusable};
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// The most versions a parameter keeps.
const VERSIONS: usize = 100;

fn check_name(name: &str) -> Result<(), Refusal> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if !name.chars().all(letter) || name.contains("//") || name.ends_with('/') {
        return Err(NAME.refuse(&[]));
    }
    let first = name.trim_start_matches('/').split('/').next().unwrap_or_default();
    let first = first.to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(RESERVED.refuse(&[name]));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(NOT_QUALIFIED.refuse(&[]));
    }
    if name.matches('/').count() > 15 { Err(TOO_DEEP.refuse(&[])) } else { Ok(()) }
}

/// Returns the tier a value gets, or refuses it.
fn tier(wanted: Option<&str>, now: Option<&str>, value: &str) -> Result<&'static str, Refusal> {
    let length = value.len();
    let tier = match (wanted, now) {
        (Some("Standard"), Some("Advanced")) => return Err(DOWNGRADE.refuse(&[])),
        (_, Some("Advanced")) | (Some("Advanced"), _) => "Advanced",
        (Some("Intelligent-Tiering"), _) if length > 4096 => "Advanced",
        _ => "Standard",
    };
    let most = if tier == "Standard" { 4096 } else { 8192 };
    if length > most { Err(TOO_LONG.refuse(&[tier, &most.to_string()])) } else { Ok(tier) }
}

/// Returns the key as the parameter shall name it: as it was given, or the one AWS manages.
fn key(
    account: &mut Account,
    call: &Call,
    input: &Input,
    kind: &str,
) -> Result<Option<String>, Refusal> {
    const MANAGED: &str = "alias/aws/ssm";
    let given = input.text("KeyId");
    if kind != "SecureString" {
        return given.map_or(Ok(None), |_| Err(KEY_FOR_SECURE.refuse(&[])));
    }
    let id = given.unwrap_or(MANAGED);
    if id == MANAGED {
        kms::use_managed(account, &call.region, "ssm");
    } else if let Err(why) = kms::usable(account, &call.region, id) {
        let why = match why {
            Unusable::NotFound => format!("Key '{id}' does not exist"),
            Unusable::Disabled => format!("{id} is disabled."),
            Unusable::PendingDeletion => format!("{id} is pending deletion."),
            Unusable::WrongUsage => format!("{id} is not a symmetric encryption key"),
        };
        return Err(KEY.refuse(&[&why]));
    }
    Ok(Some(id.to_owned()))
}

pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let given = input.text("Name").unwrap_or_default();
    let state = account.region(&call.region).map(|region| &region.ssm);
    let name = name_of(state, call, given).into_owned();
    check_name(&name)?;
    let overwrite = input.flag("Overwrite").unwrap_or_default();
    let tags = tags_of(input)?;
    if overwrite && !tags.is_empty() {
        return Err(TAGS_AND_OVERWRITE.refuse(&[]));
    }
    check_count(&tags)?;
    let old = state.and_then(|state| state.parameters.get(&name)).cloned();
    if old.is_some() && !overwrite {
        return Err(EXISTS.refuse(&[]));
    }
    let last = old.as_ref().and_then(Parameter::latest);
    let kind = input.text("Type").or(last.map(|last| last.kind.as_str()));
    let kind = kind.ok_or_else(|| TYPE_NEEDED.refuse(&[]))?.to_owned();
    let value = input.text("Value").unwrap_or_default().to_owned();
    if value.is_empty() {
        return Err(EMPTY.refuse(&[]));
    }
    let tier = tier(input.text("Tier"), old.as_ref().map(|old| old.tier.as_str()), &value)?;
    let data_type = input.text("DataType").or(last.map(|last| last.data_type.as_str()));
    let data_type = data_type.unwrap_or("text").to_owned();
    let image = data_type == "aws:ec2:image" && kind == "String";
    if data_type != "text" && !(image && value.starts_with("ami-")) {
        return Err(DATA_TYPE.refuse(&[&data_type]));
    }
    let pattern = input.text("AllowedPattern").map(str::to_owned);
    let pattern = pattern.or_else(|| last.and_then(|last| last.pattern.clone()));
    if let Some(text) = pattern.as_deref().filter(|text| !text.is_empty()) {
        let bad = |_| BAD_PATTERN.refuse(&[text]);
        let whole = regex::Regex::new(&format!("^(?:{text})$")).map_err(bad)?;
        if !whole.is_match(&value) {
            return Err(PATTERN.refuse(&[text]));
        }
    }
    let description = input.text("Description").map(str::to_owned);
    let version = Version {
        number: last.map_or(1, |last| last.number + 1),
        description: description.or_else(|| last.and_then(|last| last.description.clone())),
        key: key(account, call, input, &kind)?,
        kind,
        value,
        pattern: pattern.filter(|pattern| !pattern.is_empty()),
        data_type,
        modified: call.now,
        by: call.principal_arn.clone(),
    };
    let number = version.number;
    let mut parameter = old.unwrap_or_else(|| Parameter { tags, ..Parameter::default() });
    tier.clone_into(&mut parameter.tier);
    parameter.versions.push(version);
    if parameter.versions.len() > VERSIONS {
        parameter.versions.remove(0);
    }
    account.region_mut(&call.region).ssm.parameters.insert(name, parameter);
    Ok(json!({"Version": number, "Tier": tier}))
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    let removed = account.region_mut(&call.region).ssm.parameters.remove(name);
    removed.map(|_| Value::Null).ok_or_else(|| NOT_FOUND.refuse(&[name]))
}

pub(super) fn delete_several(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let parameters = &mut account.region_mut(&call.region).ssm.parameters;
    let names = input.texts("Names").into_iter();
    let (gone, unknown): (Vec<_>, Vec<_>) =
        names.partition(|name| parameters.remove(*name).is_some());
    Ok(json!({"DeletedParameters": gone, "InvalidParameters": unknown}))
}
