//! UpdateTable: one kind of change at once.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::rules::{
    ATTRIBUTE_RETYPED, CAPACITY_ON_DEMAND, DECREASES, ENCRYPTION_SAME, GLOBAL_INDEXES,
    INDEX_CAPACITY_MISSING, INDEX_EXISTS, KEY_UNDEFINED, NO_INDEX, NO_INDEX_TO_DELETE, NOTHING,
    ONE_INDEX, ONE_KIND, SAME_CAPACITY, STREAM_AND_CAPACITY, STREAM_OFF, STREAM_ON, TO_ON_DEMAND,
};
use super::schema::{Capacity, Index, Phase, definitions, encryption, joined, stream};
use super::table::{Table, check_simultaneous, label};
use super::{Call, Input, Members, name, table_mut};
use crate::Slow;
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// How long changes of each kind keep a table UPDATING. Minutes for indexes and billing
/// (aws-semantics.md 5); the rest seconds.
pub(super) const CAPACITY: Duration = Duration::from_secs(20);
const BILLING: Duration = Duration::from_secs(180);
const STREAM: Duration = Duration::from_secs(5);
const ENCRYPTION: Duration = Duration::from_secs(120);
const SETTING: Duration = Duration::from_secs(5);
/// An index first gets its place, then it is filled.
const INDEX_PLACED: Duration = Duration::from_secs(60);
const INDEX_FILLED: Duration = Duration::from_secs(300);
const INDEX_DELETED: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(call, input)?;
    check_simultaneous(account, call)?;
    let table = table_mut(account, call, name)?;
    table.check_active(call, name)?;
    check_kinds(input)?;
    let span = match kinds(input).first() {
        Some(&"capacity") => Some(table.change_capacity(call, input, name)?),
        Some(&"indexes") => Some(table.change_indexes(call, input)?),
        Some(&"stream") => {
            let view = input.object("StreamSpecification").map(stream).transpose()?.flatten();
            match (&table.stream, &view) {
                (Some(_), Some(_)) => return Err(STREAM_ON.refuse(&[name])),
                (None, None) => return Err(STREAM_OFF.refuse(&[name])),
                (None, Some(_)) => table.stream_label = Some(label(call)),
                (Some(_), None) => {}
            }
            table.stream = view;
            Some(STREAM)
        }
        Some(&"encryption") => {
            let given = input.object("SSESpecification").cloned().unwrap_or_default();
            let key = encryption(call, &given)?;
            if key == table.key {
                return Err(ENCRYPTION_SAME.refuse(&[]));
            }
            table.key = key;
            table.rekeying = call.after(ENCRYPTION);
            Some(ENCRYPTION)
        }
        Some(&"class") => {
            table.class = input.text("TableClass").map(str::to_owned);
            Some(SETTING)
        }
        Some(&"protection") => {
            table.protected = input.flag("DeletionProtectionEnabled").unwrap_or(table.protected);
            Some(SETTING)
        }
        _ => None,
    };
    if let Some(span) = span {
        table.phase = Phase::Updating(call.after(span));
    }
    Ok(json!({"TableDescription": table.shown(call, name)}))
}

/// Names the kinds of change a request asks for.
fn kinds(input: &Input) -> Vec<&'static str> {
    let changes_index =
        |change: &Value| ["Create", "Delete"].iter().any(|kind| change.get(kind).is_some());
    let indexes = input.list("GlobalSecondaryIndexUpdates");
    let has = |member: &str| input.contains_key(member);
    let capacity = ["BillingMode", "ProvisionedThroughput", "OnDemandThroughput"];
    [
        (
            "capacity",
            capacity.iter().any(|member| has(member))
                || indexes.iter().any(|change| !changes_index(change)),
        ),
        ("indexes", indexes.iter().any(changes_index)),
        ("stream", has("StreamSpecification")),
        ("encryption", has("SSESpecification")),
        ("class", has("TableClass")),
        ("protection", has("DeletionProtectionEnabled")),
    ]
    .into_iter()
    .filter_map(|(kind, asked)| asked.then_some(kind))
    .collect()
}

fn check_kinds(input: &Input) -> Result<(), Refusal> {
    match kinds(input).as_slice() {
        [] => Err(NOTHING.refuse(&[])),
        [_] => Ok(()),
        ["capacity", "stream", ..] => Err(STREAM_AND_CAPACITY.refuse(&[])),
        [one, two, ..] => Err(ONE_KIND.refuse(&[one, two])),
    }
}

impl Table {
    /// Changes billing and capacity of the table and its indexes; returns how long it takes.
    fn change_capacity(
        &mut self,
        call: &Call,
        input: &Input,
        name: &str,
    ) -> Result<Duration, Refusal> {
        let was = self.on_demand;
        let on_demand = match input.text("BillingMode") {
            Some(mode) => mode == "PAY_PER_REQUEST",
            None => was,
        };
        let switches = was != on_demand;
        let mut capacity = self.capacity;
        if switches || input.contains_key("ProvisionedThroughput") {
            capacity = Capacity::read(input, on_demand, None)?;
            if !switches && (capacity.reads, capacity.writes) == self.capacity_units() {
                return Err(SAME_CAPACITY.refuse(&["table", name]));
            }
            if !switches {
                (capacity.most_reads, capacity.most_writes) =
                    (self.capacity.most_reads, self.capacity.most_writes);
            }
        }
        capacity.limit(input, on_demand)?;
        if switches && on_demand {
            self.note_switch(call)?;
        }
        let until = call.after(if switches { BILLING } else { CAPACITY });
        self.change_index_capacities(input, (switches, on_demand), until)?;
        if !switches && !on_demand {
            self.note_direction(call, &capacity)?;
        }
        self.before = Some((was, self.capacity));
        (self.on_demand, self.capacity) = (on_demand, capacity);
        self.tells_billing |= on_demand || input.contains_key("BillingMode");
        Ok(if switches { BILLING } else { CAPACITY })
    }

    fn capacity_units(&self) -> (i64, i64) {
        (self.capacity.reads, self.capacity.writes)
    }

    fn change_index_capacities(
        &mut self,
        input: &Input,
        (switches, on_demand): (bool, bool),
        until: Time,
    ) -> Result<(), Refusal> {
        let changes = input.list("GlobalSecondaryIndexUpdates");
        let changes: Vec<&Map<String, Value>> =
            changes.iter().filter_map(|change| change.get("Update")?.as_object()).collect();
        let named = |name: &str| changes.iter().find(|c| c.text("IndexName") == Some(name));
        if let Some(unknown) = changes
            .iter()
            .filter_map(|change| change.text("IndexName"))
            .find(|name| !self.global.contains_key(*name))
        {
            return Err(NO_INDEX.refuse(&[unknown]));
        }
        for (name, index) in &mut self.global {
            let change = named(name);
            let mut capacity = index.capacity;
            match change {
                None if switches && !on_demand => {
                    return Err(INDEX_CAPACITY_MISSING.refuse(&[name]));
                }
                None if switches => capacity = Capacity::default(),
                None => continue,
                Some(change) if change.contains_key("ProvisionedThroughput") => {
                    if on_demand {
                        return Err(CAPACITY_ON_DEMAND.refuse(&[]));
                    }
                    capacity = Capacity::read(change, false, Some(name))?;
                    if !switches && capacity == index.capacity {
                        return Err(SAME_CAPACITY.refuse(&["index", name]));
                    }
                }
                Some(_) if !on_demand && switches => {
                    return Err(INDEX_CAPACITY_MISSING.refuse(&[name]));
                }
                Some(change) => {
                    if switches {
                        capacity = Capacity::default();
                    }
                    capacity.limit(change, on_demand)?;
                }
            }
            index.before = Some(index.capacity);
            index.capacity = capacity;
            index.phase = Phase::Updating(until);
        }
        Ok(())
    }

    /// Remembers a switch to on demand; the fifth within 24 hours is refused.
    fn note_switch(&mut self, call: &Call) -> Result<(), Refusal> {
        // The day goes by at once without slow states.
        let lasts = |time: &Time| call.slow == Slow::Aws && *time + DAY > call.now;
        // The mode a table was made in is no switch.
        let recent = self.switches.iter().filter(|time| **time > self.created && lasts(time));
        if recent.count() >= 4 {
            return Err(TO_ON_DEMAND.refuse(&[]));
        }
        self.switches.push(call.now);
        Ok(())
    }

    pub(super) fn decreases_today(&self, now: Time) -> impl Iterator<Item = &Time> {
        let today = |time: Time| time.millis().div_euclid(DAY.as_millis() as i64);
        self.decreases.iter().filter(move |time| today(**time) == today(now))
    }

    /// Remembers whether capacity goes up or down: four times down a day, then once an hour.
    fn note_direction(&mut self, call: &Call, capacity: &Capacity) -> Result<(), Refusal> {
        let old = self.capacity_units();
        if capacity.reads > old.0 || capacity.writes > old.1 {
            self.increased = Some(call.now);
        }
        if capacity.reads < old.0 || capacity.writes < old.1 {
            let recent = self.decreases.last().is_some_and(|last| *last + HOUR > call.now);
            let many = self.decreases_today(call.now).count() >= 4;
            if call.slow == Slow::Aws && many && recent {
                return Err(DECREASES.refuse(&[]));
            }
            self.decreases.push(call.now);
        }
        Ok(())
    }

    /// Makes or deletes an index; returns how long the table is busy with it.
    fn change_indexes(&mut self, call: &Call, input: &Input) -> Result<Duration, Refusal> {
        let changes = input.list("GlobalSecondaryIndexUpdates");
        let changing = |index: &Index| {
            matches!(index.phase.at(call.now), Phase::Creating(_) | Phase::Deleting(_))
        };
        let [change] = changes else { return Err(ONE_INDEX.refuse(&[])) };
        if let Some(given) = change.get("Delete").and_then(Value::as_object) {
            let name = given.text("IndexName").unwrap_or_default();
            let others = self.global.iter().filter(|(other, _)| *other != name);
            if others.map(|(_, index)| index).any(changing) {
                return Err(ONE_INDEX.refuse(&[]));
            }
            let index = self.global.get_mut(name);
            let index = index.ok_or_else(|| NO_INDEX_TO_DELETE.refuse(&[]))?;
            index.phase = Phase::Deleting(call.after(INDEX_DELETED));
            self.global.retain(|_, index| !index.phase.is_gone(call.now));
            self.forget_attributes();
            return Ok(INDEX_DELETED);
        }
        let given = change.get("Create").and_then(Value::as_object).cloned().unwrap_or_default();
        let (name, mut index) = Index::read(&given)?;
        if self.global.contains_key(&name) || self.local.contains_key(&name) {
            return Err(INDEX_EXISTS.refuse(&[]));
        }
        if self.global.values().any(changing) {
            return Err(ONE_INDEX.refuse(&[]));
        }
        if self.global.len() >= 20 {
            return Err(GLOBAL_INDEXES.refuse(&[]));
        }
        index.capacity = Capacity::read(&given, self.on_demand, Some(&name))?;
        self.define_attributes(input, &index)?;
        index.phase = Phase::Creating(call.after(INDEX_FILLED));
        index.filling = call.after(INDEX_PLACED);
        self.global.insert(name, index);
        Ok(INDEX_PLACED)
    }

    /// Takes over the types of a new index's keys.
    fn define_attributes(&mut self, input: &Input, index: &Index) -> Result<(), Refusal> {
        let given = definitions(input)?;
        let retyped = given
            .iter()
            .find(|(name, kind)| self.attributes.get(*name).is_some_and(|known| known != *kind));
        if let Some((name, _)) = retyped {
            return Err(ATTRIBUTE_RETYPED.refuse(&[name]));
        }
        if index.keys.names().any(|name| !given.contains_key(name)) {
            let defined = joined(given.keys().map(String::as_str));
            return Err(KEY_UNDEFINED.refuse(&[&joined(index.keys.names()), &defined]));
        }
        let used = |name: &String| index.keys.names().any(|key| key == name);
        self.attributes.extend(given.into_iter().filter(|(name, _)| used(name)));
        Ok(())
    }

    /// Forgets the types of attributes that are no key any more.
    fn forget_attributes(&mut self) {
        let alive = self.global.values().filter(|index| !matches!(index.phase, Phase::Deleting(_)));
        let indexes = self.local.values().chain(alive).map(|index| &index.keys);
        let used: Vec<String> = std::iter::once(&self.keys)
            .chain(indexes)
            .flat_map(|keys| keys.names().map(str::to_owned))
            .collect();
        self.attributes.retain(|name, _| used.contains(name));
    }
}
