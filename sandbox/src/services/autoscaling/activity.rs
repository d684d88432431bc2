//! Scaling activities: what a group did, why, and how it went.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{describe, named, state_mut};
use crate::clock::Time;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// How many activities are remembered in a region.
const REMEMBERED: usize = 1000;

/// One thing a group did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Activity {
    id: String,
    group: String,
    arn: String,
    description: String,
    cause: String,
    start: Time,
    end: Option<Time>,
    /// `InProgress`, `Successful`, `Failed`, …
    status: String,
    message: Option<String>,
    zone: Option<String>,
}

impl Activity {
    pub(super) fn show(&self) -> Value {
        let details = self.zone.as_ref().map(|zone| json!({ "Availability Zone": zone }));
        json!({
            "ActivityId": self.id,
            "AutoScalingGroupName": self.group,
            "AutoScalingGroupARN": self.arn,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.start.to_string(),
            "EndTime": self.end.map(|end| end.to_string()),
            "StatusCode": self.status,
            "StatusMessage": self.message,
            "Progress": if self.end.is_some() { 100 } else { 50 },
            "Details": details.map(|details| details.to_string()),
        })
    }
}

/// Begins an activity and returns its id.
pub(super) fn begin(
    account: &mut Account,
    region: &str,
    group: (&str, &str),
    (description, cause): (String, String),
    zone: Option<&str>,
    at: Time,
) -> String {
    let id = account.new_uuid();
    let activities = &mut state_mut(account, region).activities;
    if activities.len() >= REMEMBERED {
        activities.drain(..REMEMBERED / 2);
    }
    activities.push(Activity {
        id: id.clone(),
        group: group.0.to_owned(),
        arn: group.1.to_owned(),
        description,
        cause,
        start: at,
        end: None,
        status: "InProgress".to_owned(),
        message: None,
        zone: zone.map(str::to_owned),
    });
    id
}

/// Ends an activity.
pub(super) fn end(
    account: &mut Account,
    region: &str,
    id: &str,
    status: &str,
    message: Option<String>,
    at: Time,
) {
    let activities = &mut state_mut(account, region).activities;
    if let Some(activity) = activities.iter_mut().find(|activity| activity.id == id) {
        activity.end = Some(at);
        status.clone_into(&mut activity.status);
        activity.message = message;
    }
}

/// Shows one activity.
pub(super) fn shown(account: &Account, region: &str, id: &str) -> Value {
    let all = account.region(region).into_iter().flat_map(|it| &it.autoscaling.activities);
    let found = all.into_iter().find(|activity| activity.id == id);
    found.map(Activity::show).unwrap_or_default()
}

/// DescribeScalingActivities: newest first.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let wanted = input.texts("ActivityIds");
    let group = input.text("AutoScalingGroupName");
    let deleted = input.flag("IncludeDeletedGroups") == Some(true);
    let living = match group {
        Some(name) => named(account, call, name).map(|group| Some(group.arn.clone())),
        None => Ok(None),
    };
    let living = if deleted { living.unwrap_or(None) } else { living? };
    let all = account.region(&call.region).into_iter().flat_map(|it| &it.autoscaling.activities);
    let all: Vec<&Activity> = all.collect();
    let found = all.iter().rev().enumerate().filter(|(_, activity)| {
        group.is_none_or(|name| activity.group == name)
            && (deleted || living.as_ref().is_none_or(|arn| *arn == activity.arn))
            && (wanted.is_empty() || wanted.contains(&activity.id.as_str()))
    });
    let items = found.map(|(at, activity)| (format!("{at:08}"), activity.show())).collect();
    describe::paged("Activities", items, input, 100)
}
