//! What Application Auto Scaling changes: provisioned capacity of tables and indexes.

use super::schema::{Capacity, Phase};
use super::table::Table;
use super::update::CAPACITY;
use crate::clock::Time;
use crate::state::Account;

/// What of a table's capacity is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    Reads,
    Writes,
}

/// Tells whether a table, and the index if one is named, is there.
pub(crate) fn exists(
    account: &Account,
    region: &str,
    name: &str,
    index: Option<&str>,
    at: Time,
) -> bool {
    let table = account.region(region).and_then(|region| region.dynamodb.tables.get(name));
    let there = table.filter(|table| !table.is_gone(at));
    there.is_some_and(|table| index.is_none_or(|index| table.global.contains_key(index)))
}

/// Brings provisioned units of a table, or of an index of it, into a range. On demand there are none.
pub(crate) fn clamp(
    account: &mut Account,
    region: &str,
    (name, index): (&str, Option<&str>),
    units: Units,
    (least, most): (i64, i64),
    at: Time,
) {
    let until = account.way.after(at, CAPACITY);
    let Some(table) = account.region_mut(region).dynamodb.tables.get_mut(name) else { return };
    if table.on_demand || table.is_gone(at) {
        return;
    }
    let clamped = |capacity: Capacity| match units {
        Units::Reads => Capacity { reads: capacity.reads.clamp(least, most), ..capacity },
        Units::Writes => Capacity { writes: capacity.writes.clamp(least, most), ..capacity },
    };
    let is_active = |phase: Phase| phase.at(at) == Phase::Active;
    match index {
        None => {
            let before = table.capacity;
            table.capacity = clamped(before);
            if table.capacity != before && is_active(table.phase) {
                table.before = Some((false, before));
            }
            busy(table, table.capacity != before, until, at);
        }
        Some(index) => {
            let Some(index) = table.global.get_mut(index) else { return };
            let before = index.capacity;
            index.capacity = clamped(before);
            let changed = index.capacity != before;
            if changed && is_active(index.phase) {
                (index.before, index.phase) = (Some(before), Phase::Updating(until));
            }
            if is_active(table.phase) {
                table.before = None;
            }
            busy(table, changed, until, at);
        }
    }
}

/// Has a table whose capacity changes be UPDATING until it is through.
fn busy(table: &mut Table, changed: bool, until: Time, at: Time) {
    if changed && table.phase.at(at) == Phase::Active {
        table.phase = Phase::Updating(until);
    }
}
