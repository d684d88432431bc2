//! What a request may ask of a table's keys, indexes and capacity.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rules::{
    ATTRIBUTE_TWICE, CAPACITY_MISSING, CAPACITY_ON_DEMAND, ENCRYPTION, INDEX_CAPACITY_MISSING,
    KEY_ORDER, KEY_TWICE, LIMIT_PROVISIONED, PROJECTION, STREAM_VIEW,
};
use super::{Call, Input, Members, check_name};
use crate::clock::Time;
use crate::rules::Refusal;

/// The key of a table or an index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Keys {
    pub(super) hash: String,
    pub(super) range: Option<String>,
}

impl Keys {
    /// Reads `KeySchema`.
    pub(super) fn read(elements: &[Value]) -> Result<Self, Refusal> {
        let element = |index: usize| elements.get(index).and_then(Value::as_object);
        let named = |index: usize, kind: &str, place: &str| match element(index) {
            Some(element) if element.text("KeyType") == Some(kind) => {
                Ok(element.text("AttributeName").unwrap_or_default().to_owned())
            }
            _ => Err(KEY_ORDER.refuse(&[place, kind])),
        };
        let hash = named(0, "HASH", "first")?;
        let range = (elements.len() > 1).then(|| named(1, "RANGE", "second")).transpose()?;
        if range.as_ref() == Some(&hash) {
            return Err(KEY_TWICE.refuse(&[]));
        }
        Ok(Self { hash, range })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [Some(self.hash.as_str()), self.range.as_deref()].into_iter().flatten()
    }

    pub(super) fn shown(&self) -> Value {
        let kinds = ["HASH", "RANGE"];
        let element = |(name, kind)| json!({"AttributeName": name, "KeyType": kind});
        self.names().zip(kinds).map(element).collect()
    }
}

/// What units may be spent on a table or an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Capacity {
    /// Units a second; zero on demand.
    pub(super) reads: i64,
    pub(super) writes: i64,
    /// Most units a second on demand.
    pub(super) most_reads: Option<i64>,
    pub(super) most_writes: Option<i64>,
}

impl Capacity {
    /// Reads the capacity of a table, or of an index when its name is given.
    pub(super) fn read(
        input: &Map<String, Value>,
        on_demand: bool,
        index: Option<&str>,
    ) -> Result<Self, Refusal> {
        let given = input.object("ProvisionedThroughput");
        let mut capacity = Self::default();
        match (given, on_demand) {
            (Some(_), true) => return Err(CAPACITY_ON_DEMAND.refuse(&[])),
            (None, false) => {
                return Err(match index {
                    Some(name) => INDEX_CAPACITY_MISSING.refuse(&[name]),
                    None => CAPACITY_MISSING.refuse(&[]),
                });
            }
            (Some(given), false) => {
                capacity.reads = given.integer("ReadCapacityUnits").unwrap_or_default();
                capacity.writes = given.integer("WriteCapacityUnits").unwrap_or_default();
            }
            (None, true) => {}
        }
        capacity.limit(input, on_demand)?;
        Ok(capacity)
    }

    /// Takes over `OnDemandThroughput`; -1 takes a limit away.
    pub(super) fn limit(
        &mut self,
        input: &Map<String, Value>,
        on_demand: bool,
    ) -> Result<(), Refusal> {
        let Some(given) = input.object("OnDemandThroughput") else { return Ok(()) };
        if !on_demand {
            return Err(LIMIT_PROVISIONED.refuse(&[]));
        }
        let of = |member: &str, before: Option<i64>| match given.integer(member) {
            Some(-1) => None,
            Some(units) => Some(units),
            None => before,
        };
        self.most_reads = of("MaxReadRequestUnits", self.most_reads);
        self.most_writes = of("MaxWriteRequestUnits", self.most_writes);
        Ok(())
    }

    /// Writes `OnDemandThroughput`; nothing without limits.
    pub(super) fn limits(&self) -> Value {
        if self.most_reads.is_none() && self.most_writes.is_none() {
            return Value::Null;
        }
        json!({
            "MaxReadRequestUnits": self.most_reads.unwrap_or(-1),
            "MaxWriteRequestUnits": self.most_writes.unwrap_or(-1),
        })
    }

    /// Writes `WarmThroughput`: what a new table can take at once (developer guide, warm
    /// throughput).
    pub(super) fn warm(&self, on_demand: bool) -> Value {
        let (reads, writes) =
            if on_demand { (12_000, 4_000) } else { (self.reads.max(1), self.writes.max(1)) };
        json!({"ReadUnitsPerSecond": reads, "WriteUnitsPerSecond": writes, "Status": "ACTIVE"})
    }
}

/// A secondary index.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Index {
    pub(super) keys: Keys,
    pub(super) projection: String,
    pub(super) attributes: Vec<String>,
    pub(super) capacity: Capacity,
    /// What stands before an update of the capacity is through.
    pub(super) before: Option<Capacity>,
    pub(super) phase: Phase,
    /// While it is made: when it has its place and begins to be filled.
    pub(super) filling: Time,
}

impl Index {
    /// Reads an index of a request, capacity aside.
    pub(super) fn read(given: &Map<String, Value>) -> Result<(String, Self), Refusal> {
        let name = given.text("IndexName").unwrap_or_default();
        check_name(name)?;
        let projection = given.object("Projection").cloned().unwrap_or_default();
        let kind = projection.text("ProjectionType").unwrap_or("ALL");
        let attributes = projection.texts("NonKeyAttributes");
        if (kind == "INCLUDE") == attributes.is_empty() {
            let told = if attributes.is_empty() { "not specified" } else { "specified" };
            return Err(PROJECTION.refuse(&[kind, told]));
        }
        let index = Self {
            keys: Keys::read(given.list("KeySchema"))?,
            projection: kind.to_owned(),
            attributes: attributes.into_iter().map(str::to_owned).collect(),
            ..Self::default()
        };
        Ok((name.to_owned(), index))
    }

    /// Returns whether it shows an attribute of its table.
    pub(super) fn shows(&self, table: &Keys, attribute: &str) -> bool {
        self.projection == "ALL"
            || self.keys.names().chain(table.names()).any(|name| name == attribute)
            || self.attributes.iter().any(|name| name == attribute)
    }
}

/// What happens to a table or an index, and until when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "until")]
pub(super) enum Phase {
    #[default]
    Active,
    Creating(Time),
    Updating(Time),
    Deleting(Time),
}

impl Phase {
    /// Returns what it is at a time: what has an end is over then.
    pub(super) fn at(self, now: Time) -> Self {
        match self {
            Self::Creating(until) | Self::Updating(until) if until <= now => Self::Active,
            other => other,
        }
    }

    pub(super) fn is_gone(self, now: Time) -> bool {
        matches!(self, Self::Deleting(until) if until <= now)
    }

    pub(super) fn status(self, now: Time) -> &'static str {
        match self.at(now) {
            Self::Active => "ACTIVE",
            Self::Creating(_) => "CREATING",
            Self::Updating(_) => "UPDATING",
            Self::Deleting(_) => "DELETING",
        }
    }

    /// Returns how a sentence says it, `created` for one that is being made.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Creating(_) => "created",
            Self::Updating(_) => "updated",
            Self::Deleting(_) => "deleted",
        }
    }
}

/// Reads `AttributeDefinitions`: types by name.
pub(super) fn definitions(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut types = BTreeMap::new();
    for given in input.list("AttributeDefinitions").iter().filter_map(Value::as_object) {
        let name = given.text("AttributeName").unwrap_or_default();
        let kind = given.text("AttributeType").unwrap_or_default();
        if types.insert(name.to_owned(), kind.to_owned()).is_some() {
            return Err(ATTRIBUTE_TWICE.refuse(&[name]));
        }
    }
    Ok(types)
}

/// Joins names for a message.
pub(super) fn joined<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// Reads `StreamSpecification`: none for a stream that is off, else what it shows.
pub(super) fn stream(given: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let view = given.text("StreamViewType");
    match (given.flag("StreamEnabled"), view) {
        (Some(true), Some(view)) => Ok(Some(view.to_owned())),
        (Some(true), None) => {
            Err(STREAM_VIEW.refuse(&["must have a StreamViewType when StreamEnabled is true"]))
        }
        (_, Some(_)) => {
            Err(STREAM_VIEW.refuse(&["must not have a StreamViewType when StreamEnabled is false"]))
        }
        (_, None) => Ok(None),
    }
}

/// Reads `SSESpecification`: none for the key that DynamoDB owns, else the ARN of the key.
pub(super) fn encryption(
    call: &Call,
    given: &Map<String, Value>,
) -> Result<Option<String>, Refusal> {
    let key = given.text("KMSMasterKeyId");
    let enabled = given.flag("Enabled").unwrap_or_default();
    if given.text("SSEType") == Some("AES256") {
        return Err(ENCRYPTION.refuse(&["SSEType AES256 is not supported, the only one is KMS"]));
    }
    if !enabled {
        return if key.is_some() || given.contains_key("SSEType") {
            let message = "KMSMasterKeyId and SSEType can be specified only when Enabled is true";
            Err(ENCRYPTION.refuse(&[message]))
        } else {
            Ok(None)
        };
    }
    match key {
        None | Some("alias/aws/dynamodb") => Ok(Some(call.arn("kms", "key/aws-dynamodb"))),
        Some(key) if key.starts_with("arn:") && key.contains(":key/") => Ok(Some(key.to_owned())),
        Some(key) if !key.starts_with("arn:") && !key.starts_with("alias/") => {
            Ok(Some(call.arn("kms", &format!("key/{key}"))))
        }
        Some(key) => Err(ENCRYPTION.refuse(&[&format!("KMS key {key} was not found")])),
    }
}
