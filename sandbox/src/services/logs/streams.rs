//! Log streams and the events in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::paging::page;
use super::{
    EVENTS_ORDER, Group, NO_STREAM, STREAM_EXISTS, TOKEN, WHICH_GROUP, arn, group, group_mut,
};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// How many events a stream keeps here.
const KEPT: usize = 1000;

/// A log stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Stream {
    created: Time,
    events: Vec<Event>,
}

/// An event.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Event {
    /// Milliseconds since 1970.
    timestamp: i64,
    message: String,
    ingested: Time,
}

/// Returns the group a request names, by name or ARN.
fn named<'a>(call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    match (input.text("logGroupName"), input.text("logGroupIdentifier")) {
        (Some(name), None) => Ok(name),
        (None, Some(given)) => {
            let prefix = arn(call, "");
            let name = given.strip_prefix(&prefix).unwrap_or(given);
            Ok(name.strip_suffix(":*").unwrap_or(name))
        }
        _ => Err(WHICH_GROUP.refuse(&[])),
    }
}

fn stream_name(input: &Input) -> &str {
    input.text("logStreamName").unwrap_or_default()
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let group = group_mut(account, call, super::name(input))?;
    let name = stream_name(input);
    if group.streams.contains_key(name) {
        return Err(STREAM_EXISTS.refuse(&[]));
    }
    group.streams.insert(name.to_owned(), Stream { created: call.now, events: Vec::new() });
    Ok(Value::Null)
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = named(call, input)?;
    let group = group(account, call, name)?;
    let prefix = input.text("logStreamNamePrefix").unwrap_or_default();
    let is_newest_first = input.flag("descending").unwrap_or_default();
    let mut streams: Vec<(&String, &Stream)> =
        group.streams.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
    if input.text("orderBy") == Some("LastEventTime") {
        streams.sort_by_key(|(_, stream)| stream.events.last().map(|event| event.timestamp));
    }
    if is_newest_first {
        streams.reverse();
    }
    let items = streams.into_iter().enumerate().map(|(place, (stream, it))| {
        let shown = json!({
            "logStreamName": stream,
            "creationTime": it.created.millis(),
            "firstEventTimestamp": it.events.first().map(|event| event.timestamp),
            "lastEventTimestamp": it.events.last().map(|event| event.timestamp),
            "lastIngestionTime": it.events.last().map(|event| event.ingested.millis()),
            "arn": format!("{}:log-stream:{stream}", arn(call, name)),
            "storedBytes": 0,
        });
        (format!("{place:06}"), shown)
    });
    let size = usize::try_from(input.integer("limit").unwrap_or(50)).unwrap_or(50);
    let (streams, next) =
        page(items.collect(), size, input.text("nextToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({"logStreams": streams, "nextToken": next}))
}

pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let group = group_mut(account, call, super::name(input))?;
    let stream = group.streams.get_mut(stream_name(input));
    let stream = stream.ok_or_else(|| NO_STREAM.refuse(&[]))?;
    let mut last = i64::MIN;
    for event in input.list("logEvents").iter().filter_map(Value::as_object) {
        let timestamp = event.integer("timestamp").unwrap_or_default();
        if timestamp < last {
            return Err(EVENTS_ORDER.refuse(&[]));
        }
        last = timestamp;
        let message = event.text("message").unwrap_or_default().to_owned();
        stream.add(Event { timestamp, message, ingested: call.now });
    }
    Ok(json!({}))
}

impl Stream {
    fn add(&mut self, event: Event) {
        let place = self.events.partition_point(|known| known.timestamp <= event.timestamp);
        self.events.insert(place, event);
        if self.events.len() > KEPT {
            self.events.remove(0);
        }
    }
}

/// Tells whether a request asks for events of a time.
fn in_time(input: &Input, timestamp: i64) -> bool {
    input.integer("startTime").is_none_or(|start| start <= timestamp)
        && input.integer("endTime").is_none_or(|end| timestamp < end)
}

/// GetLogEvents: the last ones unless asked for from the head; tokens name a place in the stream.
pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let group = group(account, call, named(call, input)?)?;
    let stream = group.streams.get(stream_name(input)).ok_or_else(|| NO_STREAM.refuse(&[]))?;
    let events: Vec<&Event> =
        stream.events.iter().filter(|event| in_time(input, event.timestamp)).collect();
    let limit = usize::try_from(input.integer("limit").unwrap_or(10_000)).unwrap_or(10_000);
    let place = |token: &str, kind: &str| token.strip_prefix(kind)?.parse::<usize>().ok();
    let (start, end) = match input.text("nextToken") {
        None if input.flag("startFromHead") == Some(true) => (0, limit.min(events.len())),
        None => (events.len().saturating_sub(limit), events.len()),
        Some(token) => {
            let refuse = || TOKEN.refuse(&[]);
            if let Some(at) = place(token, "f/") {
                let at = at.min(events.len());
                (at, (at + limit).min(events.len()))
            } else {
                let at = place(token, "b/").ok_or_else(refuse)?.min(events.len());
                (at.saturating_sub(limit), at)
            }
        }
    };
    let shown: Vec<Value> = events[start..end]
        .iter()
        .map(|event| {
            json!({"timestamp": event.timestamp, "message": event.message,
                "ingestionTime": event.ingested.millis()})
        })
        .collect();
    Ok(json!({
        "events": shown,
        "nextForwardToken": format!("f/{end}"),
        "nextBackwardToken": format!("b/{start}"),
    }))
}

/// FilterLogEvents: over streams; a pattern is a text to be found, quoted or not.
pub(super) fn filter(account: &Account, call: &Call, input: &Input) -> Answer {
    let group = group(account, call, named(call, input)?)?;
    let names = input.texts("logStreamNames");
    let prefix = input.text("logStreamNamePrefix").unwrap_or_default();
    let pattern = input.text("filterPattern").unwrap_or_default().trim().trim_matches('"');
    let streams = group.streams.iter().filter(|(name, _)| {
        (names.is_empty() || names.contains(&name.as_str())) && name.starts_with(prefix)
    });
    let items = streams.flat_map(|(name, stream)| {
        let events = stream.events.iter().enumerate();
        let events = events.filter(|(_, event)| {
            in_time(input, event.timestamp) && event.message.contains(pattern)
        });
        events.map(move |(place, event)| {
            let id = format!("{:020}{place:06}{name}", event.timestamp);
            let shown = json!({
                "logStreamName": name, "timestamp": event.timestamp, "message": event.message,
                "ingestionTime": event.ingested.millis(), "eventId": id,
            });
            (id, shown)
        })
    });
    let size = usize::try_from(input.integer("limit").unwrap_or(10_000)).unwrap_or(10_000);
    let (events, next) =
        page(items.collect(), size, input.text("nextToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({"events": events, "searchedLogStreams": [], "nextToken": next}))
}

/// Tells whether a log group is there.
pub(crate) fn has_group(account: &Account, region: &str, name: &str) -> bool {
    account.region(region).is_some_and(|state| state.logs.groups.contains_key(name))
}

/// Makes a log group where there is none, as writers do that may.
pub(crate) fn make_group(account: &mut Account, region: &str, name: &str, now: Time) {
    let groups: &mut BTreeMap<String, Group> = &mut account.region_mut(region).logs.groups;
    groups.entry(name.to_owned()).or_insert_with(|| Group {
        created: now,
        class: "STANDARD".to_owned(),
        ..Group::default()
    });
}

/// Writes a line into a stream of a group that is there; makes the stream.
pub(crate) fn write_line(
    account: &mut Account,
    region: &str,
    group: &str,
    stream: &str,
    line: &str,
    now: Time,
) {
    let group = account.regions.get_mut(region).and_then(|state| state.logs.groups.get_mut(group));
    let Some(group) = group else { return };
    let stream = group.streams.entry(stream.to_owned());
    let stream = stream.or_insert_with(|| Stream { created: now, events: Vec::new() });
    stream.add(Event { timestamp: now.millis(), message: line.to_owned(), ingested: now });
}
