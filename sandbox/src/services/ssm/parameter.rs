//! Parameters and their versions, and reading them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::rules::{NO_VERSION, NOT_FOUND, TOKEN, TWICE};
use super::{arn, name_of, public};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// A parameter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Parameter {
    pub(super) tier: String,
    /// At most 100, the newest last.
    pub(super) versions: Vec<Version>,
    pub(super) tags: BTreeMap<String, String>,
}

/// One value a parameter had.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Version {
    pub(super) number: i64,
    pub(super) value: String,
    pub(super) kind: String,
    pub(super) key: Option<String>,
    pub(super) description: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) data_type: String,
    pub(super) modified: Time,
    pub(super) by: String,
}

impl Parameter {
    /// Returns the newest version.
    pub(super) fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }
}

impl Version {
    /// Returns the value, or what stands for it where it is a secret and is not decrypted.
    fn readable(&self, decrypt: bool) -> String {
        if self.kind != "SecureString" || decrypt {
            return self.value.clone();
        }
        STANDARD.encode(Sha256::digest(format!("{}/{}", self.number, self.value)))
    }

    /// Writes the version as GetParameter does.
    pub(super) fn shown(&self, call: &Call, name: &str, decrypt: bool) -> Value {
        json!({
            "Name": name, "Type": self.kind, "Value": self.readable(decrypt),
            "Version": self.number, "LastModifiedDate": self.modified.to_string(),
            "ARN": arn(call, name), "DataType": self.data_type,
        })
    }

    /// Writes what DescribeParameters and GetParameterHistory tell of it.
    pub(super) fn metadata(&self, name: &str, tier: &str) -> Value {
        json!({
            "Name": name, "Type": self.kind, "KeyId": self.key,
            "LastModifiedDate": self.modified.to_string(), "LastModifiedUser": self.by,
            "Description": self.description, "AllowedPattern": self.pattern,
            "Version": self.number, "Tier": tier, "Policies": [], "DataType": self.data_type,
        })
    }
}

/// Returns the value of a parameter by its name, as services that are given the name use it.
pub(crate) fn value(account: &Account, region: &str, name: &str) -> Option<String> {
    if let Some(public) = public::find(region, name) {
        return Some(public.value);
    }
    let parameters = &account.region(region)?.ssm.parameters;
    parameters.get(name)?.latest().map(|version| version.value.clone())
}

/// Splits `name:version`.
fn selected(name: &str) -> (&str, Option<&str>) {
    name.split_once(':').map_or((name, None), |(name, selector)| (name, Some(selector)))
}

/// Reads one parameter; `Ok(None)` when there is none.
fn find(
    account: &Account,
    call: &Call,
    given: &str,
    decrypt: bool,
) -> Result<Option<Value>, Refusal> {
    if let Some(public) = public::find(&call.region, given) {
        return Ok(Some(public.shown(call)));
    }
    let state = account.region(&call.region).map(|region| &region.ssm);
    let whole = name_of(state, call, given);
    let (name, selector) = selected(&whole);
    let Some(parameter) = state.and_then(|state| state.parameters.get(name)) else {
        return Ok(None);
    };
    let version = match selector {
        None => parameter.latest(),
        Some(selector) => {
            let wanted = selector.parse::<i64>().ok();
            let version = parameter.versions.iter().find(|v| Some(v.number) == wanted);
            Some(version.ok_or_else(|| NO_VERSION.refuse(&[selector, name]))?)
        }
    };
    Ok(version.map(|version| {
        let mut shown = version.shown(call, name, decrypt);
        if let Some(selector) = selector {
            shown["Selector"] = json!(format!(":{selector}"));
        }
        shown
    }))
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    let decrypt = input.flag("WithDecryption").unwrap_or_default();
    let found = find(account, call, name, decrypt)?;
    let found = found.ok_or_else(|| NOT_FOUND.refuse(&[name]))?;
    Ok(json!({"Parameter": found}))
}

/// Reads up to ten parameters; those that are not there are named apart.
pub(super) fn get_several(account: &Account, call: &Call, input: &Input) -> Answer {
    let names = input.texts("Names");
    let decrypt = input.flag("WithDecryption").unwrap_or_default();
    if (1..names.len()).any(|at| names[at..].contains(&names[at - 1])) {
        return Err(TWICE.refuse(&[]));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match find(account, call, name, decrypt) {
            Ok(Some(parameter)) => found.push(parameter),
            _ => missing.push(name),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": missing}))
}

/// Lists the versions of a parameter, the oldest first.
pub(super) fn history(account: &Account, call: &Call, input: &Input) -> Answer {
    let given = input.text("Name").unwrap_or_default();
    let state = account.region(&call.region).map(|region| &region.ssm);
    let name = name_of(state, call, given);
    let parameter = state.and_then(|state| state.parameters.get(name.as_ref()));
    let parameter = parameter.ok_or_else(|| NOT_FOUND.refuse(&[given]))?;
    let decrypt = input.flag("WithDecryption").unwrap_or_default();
    let items = parameter.versions.iter().map(|version| {
        let mut shown = version.metadata(&name, &parameter.tier);
        shown["Value"] = json!(version.readable(decrypt));
        shown["Labels"] = json!([]);
        (format!("{:08}", version.number), shown)
    });
    let size = input.integer("MaxResults").and_then(|n| usize::try_from(n).ok()).unwrap_or(50);
    let (versions, next) =
        page(items.collect(), size, input.text("NextToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({"Parameters": versions, "NextToken": next}))
}
