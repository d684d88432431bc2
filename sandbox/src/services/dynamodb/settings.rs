//! What has calls of its own beside the table: time to live, backups, tags, limits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rules::{
    ARN, BACKUPS_UNAVAILABLE, NO_ARN, NO_TABLE, NOT_FOUND, RECOVERY_PERIOD, TAG_COUNT, TAG_KEY,
    TTL_INTERVAL, TTL_OTHER, TTL_SAME,
};
use super::schema::Phase;
use super::{Call, Input, Members, arn, check_name, name, table, table_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::services::tagging::tag_list;
use crate::state::Account;

/// How long a change of the time to live keeps out the next one (aws-semantics.md 5).
const TTL_LASTS: Duration = Duration::from_secs(3600);
/// Until a change of the time to live is through.
const TTL_CHANGES: Duration = Duration::from_secs(600);
/// Until a new table can be backed up.
const BACKUPS_BEGIN: Duration = Duration::from_secs(30);
/// How far back a table can be restored, unless said otherwise.
const RECOVERY_DAYS: i64 = 35;

/// After which attribute items are deleted by themselves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TimeToLive {
    attribute: String,
    enabled: bool,
    /// Until when it is being changed.
    changing: Time,
    /// Until when it may not be changed again.
    locked: Time,
}

pub(super) fn update_time_to_live(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    let table = table_mut(account, call, name)?;
    table.check_active(call, name)?;
    let given = input.object("TimeToLiveSpecification").cloned().unwrap_or_default();
    let enabled = given.flag("Enabled").unwrap_or_default();
    let attribute = given.text("AttributeName").unwrap_or_default();
    let before = table.time_to_live.clone().unwrap_or_default();
    if before.locked > call.now {
        return Err(TTL_INTERVAL.refuse(&[]));
    }
    if before.enabled && before.attribute != attribute {
        return Err(TTL_OTHER.refuse(&[&before.attribute]));
    }
    if before.enabled == enabled {
        return Err(TTL_SAME.refuse(&[if enabled { "enabled" } else { "disabled" }]));
    }
    table.time_to_live = Some(TimeToLive {
        attribute: attribute.to_owned(),
        enabled,
        changing: call.after(TTL_CHANGES),
        locked: call.after(TTL_LASTS),
    });
    Ok(json!({"TimeToLiveSpecification": given}))
}

pub(super) fn describe_time_to_live(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    let table = table(account, call, name).ok_or_else(|| NOT_FOUND.refuse(&[name]))?;
    let shown = match &table.time_to_live {
        None => json!({"TimeToLiveStatus": "DISABLED"}),
        Some(ttl) => {
            let status = match (ttl.enabled, ttl.changing > call.now) {
                (true, true) => "ENABLING",
                (true, false) => "ENABLED",
                (false, true) => "DISABLING",
                (false, false) => "DISABLED",
            };
            let attribute = Some(&ttl.attribute).filter(|_| status != "DISABLED");
            json!({"TimeToLiveStatus": status, "AttributeName": attribute})
        }
    };
    Ok(json!({"TimeToLiveDescription": shown}))
}

pub(super) fn update_backups(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    let table = table_mut(account, call, name).map_err(|_| NO_TABLE.refuse(&[name]))?;
    let given = input.object("PointInTimeRecoverySpecification").cloned().unwrap_or_default();
    let enabled = given.flag("PointInTimeRecoveryEnabled").unwrap_or_default();
    let days = given.integer("RecoveryPeriodInDays");
    if !enabled && days.is_some() {
        return Err(RECOVERY_PERIOD.refuse(&[]));
    }
    let is_new = call.slow == crate::Slow::Aws && table.created + BACKUPS_BEGIN > call.now;
    if is_new || matches!(table.phase.at(call.now), Phase::Creating(_) | Phase::Deleting(_)) {
        return Err(BACKUPS_UNAVAILABLE.refuse(&[name]));
    }
    table.recovery_days = enabled.then(|| days.or(table.recovery_days).unwrap_or(RECOVERY_DAYS));
    describe_backups(account, call, input)
}

pub(super) fn describe_backups(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    let table = table(account, call, name).ok_or_else(|| NO_TABLE.refuse(&[name]))?;
    let recovery = match table.recovery_days {
        None => json!({"PointInTimeRecoveryStatus": "DISABLED"}),
        Some(days) => json!({
            "PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": days,
            "EarliestRestorableDateTime": table.created.to_string(),
            "LatestRestorableDateTime": call.now.to_string(),
        }),
    };
    // AWS backs every table up; what can be switched is the recovery from it.
    let description = json!({
        "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery,
    });
    Ok(json!({"ContinuousBackupsDescription": description}))
}

/// Reads and checks the tags of a request.
pub(super) fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        let value = tag.text("Value").unwrap_or_default();
        let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        let refuse = |why: String| Err(TAG_KEY.refuse(&[&why]));
        if key.to_ascii_lowercase().starts_with("aws:") {
            return refuse(format!("Tag keys may not begin with aws: {key}"));
        }
        if let Some(text) = [key, value].into_iter().find(|text| !text.chars().all(allowed)) {
            return refuse(format!("Tag keys and values may not hold {text}"));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return refuse(format!("Tag keys must be unique: {key}"));
        }
    }
    if tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(tags) }
}

/// Returns the table whose ARN a request gives.
fn named<'a>(call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    let given = input.text("ResourceArn").unwrap_or_default();
    let name = given.strip_prefix(&arn(call, ""));
    let name = name.ok_or_else(|| ARN.refuse(&[given]))?;
    check_name(name).map_err(|_| ARN.refuse(&[given]))?;
    Ok(name)
}

pub(super) fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (name, tags) = (named(call, input)?, tags_of(input)?);
    let arn = arn(call, name);
    let table = table_mut(account, call, name).map_err(|_| NO_ARN.refuse(&[&arn]))?;
    if matches!(table.phase.at(call.now), Phase::Creating(_) | Phase::Deleting(_)) {
        table.check_active(call, name)?;
    }
    table.tags.extend(tags);
    if table.tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(Value::Null) }
}

pub(super) fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = named(call, input)?;
    let arn = arn(call, name);
    let table = table_mut(account, call, name).map_err(|_| NO_ARN.refuse(&[&arn]))?;
    if matches!(table.phase.at(call.now), Phase::Creating(_) | Phase::Deleting(_)) {
        table.check_active(call, name)?;
    }
    table.tags.retain(|key, _| !input.texts("TagKeys").contains(&key.as_str()));
    Ok(Value::Null)
}

/// Lists tags: a table has at most 50, which go into one answer.
pub(super) fn list_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = named(call, input)?;
    let table = table(account, call, name);
    let table = table.ok_or_else(|| NO_ARN.refuse(&[&arn(call, name)]))?;
    Ok(json!({"Tags": tag_list(&table.tags)}))
}

/// Answers the quotas of a new account (developer guide, quotas).
pub(super) fn describe_limits(_: &Account, _: &Call, _: &Input) -> Answer {
    Ok(json!({
        "AccountMaxReadCapacityUnits": 80_000, "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000, "TableMaxWriteCapacityUnits": 40_000,
    }))
}
