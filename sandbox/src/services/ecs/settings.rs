//! Account settings: those of a principal, of the account, and AWS's own defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rules::SETTING_VALUE;
use super::{Call, Input, Members, State, page, state, state_mut};
use crate::services::Answer;
use crate::state::Account;

/// The settings of one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    /// By principal's ARN; the root's are those of everybody who has none of their own.
    by_principal: BTreeMap<String, BTreeMap<String, String>>,
}

/// Every setting with AWS's default and the values it may have (PutAccountSetting API reference).
const KNOWN: &[(&str, &str, &[&str])] = &[
    ("awsvpcTrunking", "disabled", &["enabled", "disabled"]),
    ("containerInsights", "disabled", &["enabled", "disabled", "enhanced"]),
    ("containerInstanceLongArnFormat", "enabled", &["enabled"]),
    ("defaultLogDriverMode", "non-blocking", &["blocking", "non-blocking"]),
    ("fargateEventWindows", "disabled", &["enabled", "disabled"]),
    ("fargateFIPSMode", "disabled", &["enabled", "disabled"]),
    ("fargateTaskRetirementWaitPeriod", "7", &["0", "7", "14"]),
    ("guardDutyActivate", "on", &["on", "off"]),
    ("serviceLongArnFormat", "enabled", &["enabled"]),
    ("tagResourceAuthorization", "off", &["on", "off"]),
    ("taskLongArnFormat", "enabled", &["enabled"]),
];

fn root(account_id: &str, partition: &str) -> String {
    format!("arn:{partition}:iam::{account_id}:root")
}

/// Returns the value a setting has for a principal, in a region.
pub(super) fn effective(account: &Account, region: &str, principal: &str, name: &str) -> String {
    of_state(state(account, region), account, region, principal, name)
}

/// The same, where what ECS keeps is on loan.
pub(super) fn of_state(
    state: &State,
    account: &Account,
    region: &str,
    principal: &str,
    name: &str,
) -> String {
    let settings = &state.settings.by_principal;
    let root = root(&account.id, crate::services::partition(region));
    let own = settings.get(principal).and_then(|own| own.get(name));
    let value = own.or_else(|| settings.get(&root)?.get(name)).map(String::as_str);
    let default = KNOWN.iter().find(|(known, ..)| *known == name).map(|(_, default, _)| *default);
    value.or(default).unwrap_or_default().to_owned()
}

fn shown(name: &str, value: &str, principal: &str) -> Value {
    let kind = if name == "guardDutyActivate" { "aws_managed" } else { "user" };
    json!({"name": name, "value": value, "principalArn": principal, "type": kind})
}

fn set(account: &mut Account, call: &Call, input: &Input, principal: String) -> Answer {
    let name = input.text("name").unwrap_or_default();
    let value = input.text("value").unwrap_or_default();
    let refuse = || SETTING_VALUE.refuse(&[value, name]);
    let (_, _, values) = KNOWN.iter().find(|(known, ..)| *known == name).ok_or_else(refuse)?;
    // GuardDuty switches its own setting.
    if !values.contains(&value) || name == "guardDutyActivate" {
        return Err(refuse());
    }
    let shown = shown(name, value, &principal);
    let settings = &mut state_mut(account, &call.region).settings.by_principal;
    settings.entry(principal).or_default().insert(name.to_owned(), value.to_owned());
    Ok(json!({ "setting": shown }))
}

fn principal(call: &Call, input: &Input) -> String {
    input.text("principalArn").unwrap_or(&call.principal_arn).to_owned()
}

/// PutAccountSetting.
pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    set(account, call, input, principal(call, input))
}

/// PutAccountSettingDefault.
pub(super) fn put_default(account: &mut Account, call: &Call, input: &Input) -> Answer {
    set(account, call, input, root(&call.account_id, call.partition))
}

/// DeleteAccountSetting: the account's default holds again.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("name").unwrap_or_default();
    let principal = principal(call, input);
    let settings = &mut state_mut(account, &call.region).settings.by_principal;
    if let Some(own) = settings.get_mut(&principal) {
        own.remove(name);
    }
    let value = effective(account, &call.region, &principal, name);
    Ok(json!({ "setting": shown(name, &value, &principal) }))
}

/// ListAccountSettings: what was set for the principal, or all that is effective for it.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let principal = principal(call, input);
    let is_effective = input.flag("effectiveSettings").unwrap_or_default();
    let own = state(account, &call.region).settings.by_principal.get(&principal);
    let value = |name: &str| {
        if is_effective {
            Some(effective(account, &call.region, &principal, name))
        } else {
            own.and_then(|own| own.get(name)).cloned()
        }
    };
    let items = KNOWN
        .iter()
        .filter(|(name, ..)| input.text("name").is_none_or(|asked| asked == *name))
        .filter_map(|(name, ..)| Some((*name, value(name)?)))
        .filter(|(_, value)| input.text("value").is_none_or(|asked| asked == value))
        .map(|(name, value)| (name.to_owned(), shown(name, &value, &principal)))
        .collect();
    let (settings, next) = page(input, 10, items)?;
    Ok(json!({"settings": settings, "nextToken": next}))
}
