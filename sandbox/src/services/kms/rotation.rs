//! Yearly (or other) rotation of the material of symmetric keys.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rules::{DISABLED, NO_ROTATION};
use super::{Key, key, living_key_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// That a key rotates, and how often.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rotation {
    days: i64,
    since: Time,
}

fn can_rotate(key: &Key) -> Result<(), Refusal> {
    if key.spec == "SYMMETRIC_DEFAULT" { Ok(()) } else { Err(NO_ROTATION.refuse(&[&key.spec])) }
}

/// Tells whether a key rotates: none does that waits for its deletion.
pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    const DAY: u64 = 24 * 3600;
    let (id, key) = key(account, call, input)?;
    can_rotate(key)?;
    let rotation = key.rotation.filter(|_| key.deletion.is_none());
    let next = rotation.map(|rotation| {
        let days = u64::try_from(rotation.days).unwrap_or_default();
        (rotation.since + Duration::from_secs(days * DAY)).to_string()
    });
    Ok(json!({
        "KeyId": call.arn("kms", &format!("key/{id}")), "KeyRotationEnabled": rotation.is_some(),
        "RotationPeriodInDays": rotation.map(|rotation| rotation.days), "NextRotationDate": next,
    }))
}

/// Turns rotation on; a period that is not given stays as it was, 365 days at first.
pub(super) fn enable(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, key) = living_key_mut(account, call, input)?;
    can_rotate(key)?;
    if !key.enabled {
        return Err(DISABLED.refuse(&[&arn]));
    }
    let days = input.integer("RotationPeriodInDays");
    let days = days.unwrap_or(key.rotation.map_or(365, |rotation| rotation.days));
    key.rotation = Some(Rotation { days, since: call.now });
    Ok(Value::Null)
}

pub(super) fn disable(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, key) = living_key_mut(account, call, input)?;
    can_rotate(key)?;
    if !key.enabled {
        return Err(DISABLED.refuse(&[&arn]));
    }
    key.rotation = None;
    Ok(Value::Null)
}
