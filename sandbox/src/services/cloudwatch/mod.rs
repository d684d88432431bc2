//! CloudWatch: metric and composite alarms. No metrics come in, so alarms stay INSUFFICIENT_DATA.

mod checks;
mod rules;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::paging::page;
use super::tagging::tag_list;
use super::{Answer, Bucket, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
use rules::{
    NAMES_AND_PREFIX, NOT_FOUND, OTHER_TYPE, RESERVED_TAG, RESOURCE, RULES, TOKEN, TOO_MANY_TAGS,
};

/// What CloudWatch keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    alarms: BTreeMap<String, Alarm>,
}

/// An alarm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Alarm {
    composite: bool,
    /// Every member it was put with, but its name and tags.
    definition: Map<String, Value>,
    updated: Time,
    created: Time,
    tags: BTreeMap<String, String>,
}

/// The service, which signs as `monitoring`.
pub(crate) static SERVICE: Service = Service {
    name: "monitoring",
    shapes: include_str!("../../shapes/cloudwatch.json"),
    validation_code: "ValidationError",
    throttle_code: "Throttling",
    bucket,
    operations: &[
        write(
            "PutMetricAlarm",
            &[
                "AlarmName",
                "AlarmDescription",
                "ActionsEnabled",
                "OKActions",
                "AlarmActions",
                "InsufficientDataActions",
                "MetricName",
                "Namespace",
                "Statistic",
                "ExtendedStatistic",
                "Dimensions",
                "Period",
                "Unit",
                "EvaluationPeriods",
                "DatapointsToAlarm",
                "Threshold",
                "ComparisonOperator",
                "TreatMissingData",
                "EvaluateLowSampleCountPercentile",
                "Metrics",
                "Tags",
                "ThresholdMetricId",
            ],
            put_metric,
        ),
        write(
            "PutCompositeAlarm",
            &[
                "AlarmName",
                "AlarmDescription",
                "ActionsEnabled",
                "OKActions",
                "AlarmActions",
                "InsufficientDataActions",
                "AlarmRule",
                "Tags",
                "ActionsSuppressor",
                "ActionsSuppressorWaitPeriod",
                "ActionsSuppressorExtensionPeriod",
            ],
            put_composite,
        ),
        read(
            "DescribeAlarms",
            &[
                "AlarmNames",
                "AlarmNamePrefix",
                "AlarmTypes",
                "StateValue",
                "ActionPrefix",
                "MaxRecords",
                "NextToken",
            ],
            describe,
        ),
        write("DeleteAlarms", &["AlarmNames"], delete),
        write("EnableAlarmActions", &["AlarmNames"], set_actions),
        write("DisableAlarmActions", &["AlarmNames"], set_actions),
        write("TagResource", &["ResourceARN", "Tags"], tag),
        write("UntagResource", &["ResourceARN", "TagKeys"], untag),
        read("ListTagsForResource", &["ResourceARN"], list_tags),
    ],
    rules: RULES,
    tagged,
    ..Service::EMPTY
};

/// Calls a second for the account and region (CloudWatch user guide, service quotas).
fn bucket(operation: &str, _: &Input) -> Bucket {
    match operation {
        "DescribeAlarms" => Bucket { burst: 9.0, per_second: 9.0 },
        _ => Bucket { burst: 3.0, per_second: 3.0 },
    }
}

fn alarms<'a>(account: &'a Account, call: &Call) -> Option<&'a BTreeMap<String, Alarm>> {
    account.region(&call.region).map(|region| &region.cloudwatch.alarms)
}

fn alarms_mut<'a>(account: &'a mut Account, region: &str) -> &'a mut BTreeMap<String, Alarm> {
    &mut account.region_mut(region).cloudwatch.alarms
}

fn arn(account: &Account, region: &str, name: &str) -> String {
    let partition = super::partition(region);
    format!("arn:{partition}:cloudwatch:{region}:{}:alarm:{name}", account.id)
}

fn put_metric(account: &mut Account, call: &Call, input: &Input) -> Answer {
    checks::metric(input)?;
    put(account, call, input, false)
}

fn put_composite(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let known = |name: &str| alarms(account, call).is_some_and(|alarms| alarms.contains_key(name));
    checks::composite(input, &arn(account, &call.region, ""), known)?;
    put(account, call, input, true)
}

/// Puts an alarm: everything of one that is there is overwritten, but its tags.
fn put(account: &mut Account, call: &Call, input: &Input, composite: bool) -> Answer {
    let name = input.text("AlarmName").unwrap_or_default();
    checks::actions(input)?;
    let given = tags_of(input)?;
    let before = alarms(account, call).and_then(|alarms| alarms.get(name));
    if before.is_some_and(|before| before.composite != composite) {
        return Err(OTHER_TYPE.refuse(&[name]));
    }
    // "If you are using this operation to update an existing alarm, any tags you specify in this
    // parameter are ignored" (PutMetricAlarm API reference, Tags).
    let (tags, created) =
        before.map_or((given, call.now), |before| (before.tags.clone(), before.created));
    let mut definition = input.clone();
    definition.retain(|member, _| member != "AlarmName" && member != "Tags");
    definition.entry("ActionsEnabled").or_insert(json!(true));
    let alarm = Alarm { composite, definition, updated: call.now, created, tags };
    alarms_mut(account, &call.region).insert(name.to_owned(), alarm);
    Ok(Value::Null)
}

/// Puts an alarm that another service of AWS keeps; returns its ARN.
pub(crate) fn put_kept(
    account: &mut Account,
    region: &str,
    name: &str,
    definition: Map<String, Value>,
    at: Time,
) -> String {
    let alarm = Alarm { definition, updated: at, created: at, ..Alarm::default() };
    alarms_mut(account, region).insert(name.to_owned(), alarm);
    arn(account, region, name)
}

/// Deletes an alarm that another service of AWS keeps.
pub(crate) fn delete_kept(account: &mut Account, region: &str, name: &str) {
    alarms_mut(account, region).remove(name);
}

/// Returns name and ARN of the alarms that call for an action when they go off.
pub(crate) fn acting<'a>(
    account: &'a Account,
    region: &str,
    action: &str,
) -> impl Iterator<Item = (&'a str, String)> {
    let alarms = account.region(region).into_iter().flat_map(|region| &region.cloudwatch.alarms);
    alarms
        .filter(move |(_, alarm)| alarm.definition.texts("AlarmActions").contains(&action))
        .map(move |(name, _)| (name.as_str(), arn(account, region, name)))
}

fn shown(account: &Account, region: &str, name: &str, alarm: &Alarm) -> Value {
    let mut shown = alarm.definition.clone();
    for list in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        shown.entry(list).or_insert(json!([]));
    }
    if !alarm.composite && shown.contains_key("MetricName") {
        shown.entry("Dimensions").or_insert(json!([]));
    }
    let more = json!({
        "AlarmName": name,
        "AlarmArn": arn(account, region, name),
        "AlarmConfigurationUpdatedTimestamp": alarm.updated.to_string(),
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": alarm.created.to_string(),
        "StateTransitionedTimestamp": alarm.created.to_string(),
    });
    shown.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(shown)
}

/// DescribeAlarms: metric alarms only, unless other types are asked for.
fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let names = input.texts("AlarmNames");
    let prefix = input.text("AlarmNamePrefix");
    if !names.is_empty() && prefix.is_some() {
        return Err(NAMES_AND_PREFIX.refuse(&[]));
    }
    let types = input.texts("AlarmTypes");
    let is_asked = |alarm: &Alarm| match types.as_slice() {
        [] => !alarm.composite,
        types => types.contains(&if alarm.composite { "CompositeAlarm" } else { "MetricAlarm" }),
    };
    let has_action = |alarm: &Alarm, prefix: &str| {
        let lists = ["OKActions", "AlarmActions", "InsufficientDataActions"];
        let mut actions = lists.iter().flat_map(|list| alarm.definition.texts(list));
        actions.any(|action| action.starts_with(prefix))
    };
    let wanted = |(name, alarm): &(&String, &Alarm)| {
        is_asked(alarm)
            && (names.is_empty() || names.contains(&name.as_str()))
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && input.text("StateValue").is_none_or(|state| state == "INSUFFICIENT_DATA")
            && input.text("ActionPrefix").is_none_or(|prefix| has_action(alarm, prefix))
    };
    let items = alarms(account, call)
        .into_iter()
        .flatten()
        .filter(wanted)
        .map(|(name, alarm)| {
            let shown = shown(account, &call.region, name, alarm);
            (name.clone(), json!([alarm.composite, shown]))
        })
        .collect();
    let most = if names.is_empty() { 50 } else { 100 };
    let size = usize::try_from(input.integer("MaxRecords").unwrap_or(most)).unwrap_or(100);
    let (items, next) =
        page(items, size, input.text("NextToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    let of = |composite: bool| -> Value {
        let items = items.iter().filter(|item| item[0] == json!(composite));
        items.map(|item| item[1].clone()).collect()
    };
    Ok(json!({"MetricAlarms": of(false), "CompositeAlarms": of(true), "NextToken": next}))
}

/// DeleteAlarms: all, or none if one is not there.
fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let names = input.texts("AlarmNames");
    let alarms = alarms_mut(account, &call.region);
    checks::one_composite(names.iter().filter_map(|name| alarms.get(*name)))?;
    for name in names {
        alarms.remove(name).ok_or_else(|| NOT_FOUND.refuse(&[name]))?;
    }
    Ok(Value::Null)
}

/// EnableAlarmActions and DisableAlarmActions.
fn set_actions(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let enabled = call.operation == "EnableAlarmActions";
    for name in input.texts("AlarmNames") {
        if let Some(alarm) = alarms_mut(account, &call.region).get_mut(name) {
            alarm.definition.insert("ActionsEnabled".to_owned(), json!(enabled));
        }
    }
    Ok(Value::Null)
}

fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(RESERVED_TAG.refuse(&[key]));
        }
        tags.insert(key.to_owned(), tag.text("Value").unwrap_or_default().to_owned());
    }
    if tags.len() > 50 {
        return Err(TOO_MANY_TAGS.refuse(&[]));
    }
    Ok(tags)
}

fn name_in_arn<'a>(account: &Account, call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    let resource = input.text("ResourceARN").unwrap_or_default();
    let name = resource.strip_prefix(&arn(account, &call.region, ""));
    let known = |name: &&str| alarms(account, call).is_some_and(|a| a.contains_key(*name));
    name.filter(known).ok_or_else(|| RESOURCE.refuse(&[resource]))
}

fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name_in_arn(account, call, input)?;
    let more = tags_of(input)?;
    if let Some(alarm) = alarms_mut(account, &call.region).get_mut(name) {
        alarm.tags.extend(more);
        if alarm.tags.len() > 50 {
            return Err(TOO_MANY_TAGS.refuse(&[]));
        }
    }
    Ok(json!({}))
}

fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name_in_arn(account, call, input)?;
    let keys = input.texts("TagKeys");
    if let Some(alarm) = alarms_mut(account, &call.region).get_mut(name) {
        alarm.tags.retain(|key, _| !keys.contains(&key.as_str()));
    }
    Ok(json!({}))
}

fn list_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = name_in_arn(account, call, input)?;
    let alarm = alarms(account, call).and_then(|alarms| alarms.get(name));
    Ok(json!({ "Tags": alarm.map(|alarm| tag_list(&alarm.tags)) }))
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let alarms = account.region(region).into_iter().flat_map(|region| &region.cloudwatch.alarms);
    alarms
        .map(|(name, alarm)| Tagged {
            arn: arn(account, region, name),
            resource_type: "cloudwatch:alarm",
            tags: alarm.tags.clone(),
        })
        .collect()
}
