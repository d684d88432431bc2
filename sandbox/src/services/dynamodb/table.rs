//! Tables: how they come, what they show, how they go.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rules::{
    ATTRIBUTE_UNUSED, EXISTS, GLOBAL_INDEXES, IN_USE, INDEX_TWICE, KEY_UNDEFINED, LOCAL_HASH,
    LOCAL_INDEXES, LOCAL_RANGE, NOT_FOUND, PROTECTED, SIMULTANEOUS,
};
use super::schema::{
    Capacity, Index, Keys, Phase, definitions, encryption, joined, stream as stream_of,
};
use super::settings::{TimeToLive, tags_of};
use super::value::Item;
use super::{Call, Input, Members, arn, name, table, table_mut};
use crate::Slow;
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// Until a new table is ACTIVE (aws-semantics.md 5: 10 to 30 s).
const CREATES: Duration = Duration::from_secs(15);
/// Until a deleted table is gone.
const DELETES: Duration = Duration::from_secs(15);
/// How often a table counts its items (DescribeTable API reference, ItemCount).
const COUNTS: Duration = Duration::from_secs(6 * 3600);
/// Tables that may change at once (CreateTable API reference, LimitExceededException).
const AT_ONCE: usize = 500;

/// A table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Table {
    pub(super) id: String,
    pub(super) created: Time,
    pub(super) phase: Phase,
    /// Types of the key attributes.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) keys: Keys,
    pub(super) local: BTreeMap<String, Index>,
    pub(super) global: BTreeMap<String, Index>,
    pub(super) on_demand: bool,
    /// Whether the mode of billing is told: it is not for tables that were provisioned ever since.
    pub(super) tells_billing: bool,
    /// When it was switched to on demand.
    pub(super) switches: Vec<Time>,
    pub(super) capacity: Capacity,
    /// Mode and capacity that stand before an update is through.
    pub(super) before: Option<(bool, Capacity)>,
    pub(super) decreases: Vec<Time>,
    pub(super) increased: Option<Time>,
    pub(super) class: Option<String>,
    pub(super) stream: Option<String>,
    /// Label of the last stream, on or off.
    pub(super) stream_label: Option<String>,
    /// ARN of the key, when it is not the one DynamoDB owns.
    pub(super) key: Option<String>,
    /// Until when the key is being changed.
    pub(super) rekeying: Time,
    pub(super) protected: bool,
    pub(super) time_to_live: Option<TimeToLive>,
    pub(super) recovery_days: Option<i64>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) items: BTreeMap<String, Item>,
    /// How many items there were at the last count.
    counted: usize,
    counted_at: Time,
}

impl Table {
    pub(super) fn is_gone(&self, now: Time) -> bool {
        self.phase.is_gone(now)
    }

    /// When it, or an index of it, is gone, or the next count comes up, whichever is first.
    pub(super) fn due(&self) -> Option<Time> {
        let phases = std::iter::once(self.phase).chain(self.global.values().map(|i| i.phase));
        let ends = phases.filter_map(|phase| match phase {
            Phase::Deleting(until) => Some(until),
            _ => None,
        });
        let count = (self.counted != self.items.len()).then(|| self.counted_at + COUNTS);
        ends.chain(count).min()
    }

    pub(super) fn settle(&mut self, now: Time) {
        self.global.retain(|_, index| !index.phase.is_gone(now));
        if self.counted_at + COUNTS <= now {
            (self.counted, self.counted_at) = (self.items.len(), now);
        }
    }

    /// Refuses changes while another one is under way.
    pub(super) fn check_active(&self, call: &Call, name: &str) -> Result<(), Refusal> {
        match self.phase.at(call.now) {
            Phase::Active => Ok(()),
            busy => {
                let message = format!("Table is being {}: {name}", busy.word());
                Err(IN_USE.refuse(&[&message]))
            }
        }
    }

    /// Writes the table as DescribeTable and its changes answer it.
    pub(super) fn shown(&self, call: &Call, name: &str) -> Value {
        let now = call.now;
        let arn = arn(call, name);
        let is_updating = matches!(self.phase.at(now), Phase::Updating(_));
        let before = self.before.filter(|_| is_updating);
        let (on_demand, capacity) = before.unwrap_or((self.on_demand, self.capacity));
        // AWS counts now and then only; without slow states a count is as good as at once.
        let count = match call.slow {
            Slow::None => self.items.len(),
            Slow::Aws => self.counted,
        };
        let bytes: usize = self.items.values().map(|item| json!(item).to_string().len()).sum();
        let bytes = if count == 0 { 0 } else { bytes };
        let attribute = |(name, kind)| json!({"AttributeName": name, "AttributeType": kind});
        let mut shown = json!({
            "TableName": name, "TableArn": arn, "TableId": self.id,
            "TableStatus": self.phase.status(now),
            "CreationDateTime": self.created.to_string(),
            "AttributeDefinitions": self.attributes.iter().map(attribute).collect::<Value>(),
            "KeySchema": self.keys.shown(),
            "ItemCount": count, "TableSizeBytes": bytes,
            "ProvisionedThroughput": provisioned(&capacity, Some((self, now))),
            "WarmThroughput": capacity.warm(on_demand),
            "OnDemandThroughput": capacity.limits(),
            "DeletionProtectionEnabled": self.protected,
        });
        let more = [
            ("BillingModeSummary", self.billing_shown(on_demand)),
            ("TableClassSummary", self.class.as_ref().map(|class| json!({"TableClass": class}))),
            (
                "StreamSpecification",
                self.stream
                    .as_ref()
                    .map(|view| json!({"StreamEnabled": true, "StreamViewType": view})),
            ),
            ("LatestStreamLabel", self.stream_label.as_ref().map(|label| json!(label))),
            (
                "LatestStreamArn",
                self.stream_label.as_ref().map(|label| json!(format!("{arn}/stream/{label}"))),
            ),
            ("SSEDescription", self.encryption_shown(now)),
            ("LocalSecondaryIndexes", indexes_shown(&arn, &self.local, (on_demand, now), local)),
            ("GlobalSecondaryIndexes", indexes_shown(&arn, &self.global, (on_demand, now), global)),
        ];
        if let Some(shown) = shown.as_object_mut() {
            for (member, value) in more {
                shown.insert(member.to_owned(), value.unwrap_or_default());
            }
        }
        shown
    }

    fn billing_shown(&self, on_demand: bool) -> Option<Value> {
        let mode = if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" };
        let last = self.switches.last().map(ToString::to_string);
        let summary = json!({"BillingMode": mode, "LastUpdateToPayPerRequestDateTime": last});
        self.tells_billing.then_some(summary)
    }

    fn encryption_shown(&self, now: Time) -> Option<Value> {
        let status = if self.rekeying > now { "UPDATING" } else { "ENABLED" };
        let shown =
            |key: &String| json!({"Status": status, "SSEType": "KMS", "KMSMasterKeyArn": key});
        self.key.as_ref().map(shown)
    }
}

/// Writes `ProvisionedThroughput`; of a table with its history.
fn provisioned(capacity: &Capacity, table: Option<(&Table, Time)>) -> Value {
    let mut shown = json!({
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": capacity.reads, "WriteCapacityUnits": capacity.writes,
    });
    if let Some((table, now)) = table {
        shown["NumberOfDecreasesToday"] = json!(table.decreases_today(now).count());
        shown["LastDecreaseDateTime"] = json!(table.decreases.last().map(ToString::to_string));
        shown["LastIncreaseDateTime"] = json!(table.increased.map(|time| time.to_string()));
    }
    shown
}

type Shows = fn(&Index, (bool, Time), &mut Map<String, Value>);

fn indexes_shown(
    arn: &str,
    indexes: &BTreeMap<String, Index>,
    (on_demand, now): (bool, Time),
    more: Shows,
) -> Option<Value> {
    let alive = indexes.iter().filter(|(_, index)| !index.phase.is_gone(now));
    let shown = |(name, index): (&String, &Index)| {
        let attributes = Some(&index.attributes).filter(|attributes| !attributes.is_empty());
        let mut shown = json!({
            "IndexName": name, "IndexArn": format!("{arn}/index/{name}"),
            "KeySchema": index.keys.shown(),
            "Projection": {"ProjectionType": index.projection, "NonKeyAttributes": attributes},
            "IndexSizeBytes": 0, "ItemCount": 0,
        });
        if let Some(shown) = shown.as_object_mut() {
            more(index, (on_demand, now), shown);
        }
        shown
    };
    let shown: Vec<Value> = alive.map(shown).collect();
    (!shown.is_empty()).then(|| json!(shown))
}

fn local(_: &Index, _: (bool, Time), _: &mut Map<String, Value>) {}

fn global(index: &Index, (on_demand, now): (bool, Time), shown: &mut Map<String, Value>) {
    let phase = index.phase.at(now);
    let before = index.before.filter(|_| matches!(phase, Phase::Updating(_)));
    let capacity = before.unwrap_or(index.capacity);
    let members = [
        ("IndexStatus", json!(phase.status(now))),
        ("ProvisionedThroughput", provisioned(&capacity, None)),
        ("WarmThroughput", capacity.warm(on_demand)),
        ("OnDemandThroughput", capacity.limits()),
    ];
    shown.extend(members.map(|(member, value)| (member.to_owned(), value)));
    if matches!(phase, Phase::Creating(_)) {
        shown.insert("Backfilling".to_owned(), json!(index.filling <= now));
    }
}

/// Refuses a change when too many tables change already.
pub(super) fn check_simultaneous(account: &Account, call: &Call) -> Result<(), Refusal> {
    let tables = account.region(&call.region).into_iter().flat_map(|r| r.dynamodb.tables.values());
    let changes =
        |table: &&Table| !table.is_gone(call.now) && table.phase.at(call.now) != Phase::Active;
    if tables.filter(changes).count() >= AT_ONCE { Err(SIMULTANEOUS.refuse(&[])) } else { Ok(()) }
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    if table(account, call, name).is_some() {
        return Err(EXISTS.refuse(&[name]));
    }
    let attributes = definitions(input)?;
    let keys = Keys::read(input.list("KeySchema"))?;
    let on_demand = input.text("BillingMode") == Some("PAY_PER_REQUEST");
    let capacity = Capacity::read(input, on_demand, None)?;
    let local = indexes(input, "LocalSecondaryIndexes", None)?;
    let global = indexes(input, "GlobalSecondaryIndexes", Some(on_demand))?;
    check_indexes(&keys, &local, &global)?;
    let all = || local.values().chain(global.values()).map(|index| &index.keys);
    check_attributes(&attributes, std::iter::once(&keys).chain(all()))?;
    let stream = input.object("StreamSpecification").map(stream_of).transpose()?.flatten();
    let key = match input.object("SSESpecification") {
        Some(given) => encryption(call, given)?,
        None => None,
    };
    let tags = tags_of(input)?;
    check_simultaneous(account, call)?;
    let table = Table {
        id: account.new_uuid(),
        created: call.now,
        phase: Phase::Creating(call.after(CREATES)),
        attributes,
        keys,
        local,
        global,
        on_demand,
        tells_billing: on_demand,
        switches: if on_demand { vec![call.now] } else { Vec::new() },
        capacity,
        class: input.text("TableClass").map(str::to_owned),
        stream_label: stream.as_ref().map(|_| label(call)),
        stream,
        key,
        protected: input.flag("DeletionProtectionEnabled").unwrap_or_default(),
        tags,
        counted_at: call.now,
        ..Table::default()
    };
    let shown = table.shown(call, name);
    account.region_mut(&call.region).dynamodb.tables.insert(name.to_owned(), table);
    Ok(json!({"TableDescription": shown}))
}

/// Returns the label of a stream that begins now.
pub(super) fn label(call: &Call) -> String {
    call.now.to_string().trim_end_matches('Z').to_owned()
}

/// Reads the indexes of a creation; global ones have a capacity.
fn indexes(
    input: &Input,
    member: &str,
    on_demand: Option<bool>,
) -> Result<BTreeMap<String, Index>, Refusal> {
    let mut indexes = BTreeMap::new();
    for given in input.list(member).iter().filter_map(Value::as_object) {
        let (name, mut index) = Index::read(given)?;
        if let Some(on_demand) = on_demand {
            index.capacity = Capacity::read(given, on_demand, Some(&name))?;
        }
        if indexes.contains_key(&name) {
            return Err(INDEX_TWICE.refuse(&[&name]));
        }
        indexes.insert(name, index);
    }
    Ok(indexes)
}

fn check_indexes(
    keys: &Keys,
    local: &BTreeMap<String, Index>,
    global: &BTreeMap<String, Index>,
) -> Result<(), Refusal> {
    if local.len() > 5 {
        return Err(LOCAL_INDEXES.refuse(&[]));
    }
    if global.len() > 20 {
        return Err(GLOBAL_INDEXES.refuse(&[]));
    }
    if let Some(twice) = local.keys().find(|name| global.contains_key(*name)) {
        return Err(INDEX_TWICE.refuse(&[twice]));
    }
    if !local.is_empty() && keys.range.is_none() {
        return Err(LOCAL_RANGE.refuse(&[]));
    }
    match local.iter().find(|(_, index)| index.keys.hash != keys.hash) {
        Some((name, _)) => Err(LOCAL_HASH.refuse(&[name])),
        None => Ok(()),
    }
}

/// Refuses keys whose types are not told, and types that no key needs.
fn check_attributes<'a>(
    attributes: &BTreeMap<String, String>,
    keys: impl Iterator<Item = &'a Keys>,
) -> Result<(), Refusal> {
    let keys: Vec<&str> = keys.flat_map(Keys::names).collect();
    let defined = joined(attributes.keys().map(String::as_str));
    if keys.iter().any(|key| !attributes.contains_key(*key)) {
        return Err(KEY_UNDEFINED.refuse(&[&joined(keys), &defined]));
    }
    if attributes.keys().any(|name| !keys.contains(&name.as_str())) {
        return Err(ATTRIBUTE_UNUSED.refuse(&[&defined, &joined(keys)]));
    }
    Ok(())
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    let table = table(account, call, name).ok_or_else(|| NOT_FOUND.refuse(&[name]))?;
    Ok(json!({"Table": table.shown(call, name)}))
}

pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let start = input.text("ExclusiveStartTableName").unwrap_or_default();
    let limit = usize::try_from(input.integer("Limit").unwrap_or(100)).unwrap_or(100);
    let tables = account.region(&call.region).into_iter().flat_map(|r| &r.dynamodb.tables);
    let names: Vec<&String> = tables
        .filter(|(name, table)| name.as_str() > start && !table.is_gone(call.now))
        .map(|(name, _)| name)
        .collect();
    let page = &names[..limit.min(names.len())];
    let last = page.last().filter(|_| page.len() < names.len());
    Ok(json!({"TableNames": page, "LastEvaluatedTableName": last}))
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    check_simultaneous(account, call)?;
    let table = table_mut(account, call, name)?;
    // One that is on its way out is no error (DeleteTable API reference).
    if !matches!(table.phase, Phase::Deleting(_)) {
        table.check_active(call, name)?;
        if table.protected {
            return Err(PROTECTED.refuse(&[]));
        }
        table.phase = Phase::Deleting(call.after(DELETES));
        table.items.clear();
    }
    let mut shown = table.shown(call, name);
    shown["TableStatus"] = json!("DELETING");
    if table.is_gone(call.now) {
        account.region_mut(&call.region).dynamodb.tables.remove(name);
    }
    Ok(json!({"TableDescription": shown}))
}
