//! Scan and Query: all items, or those of one hash key, of a table or one of its indexes.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::expression::{Condition, Given, Operand, Step};
use super::items::{key_of, key_text, reached};
use super::rules::{KEY_CONDITION, KEY_MISMATCH, NO_INDEX, SELECT};
use super::schema::{Index, Keys};
use super::table::Table;
use super::value::{Item, check, compare};
use super::{Call, Input, Members};
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// Items one answer holds at most; AWS stops at a megabyte.
const PAGE: usize = 1000;

pub(super) fn scan(account: &Account, call: &Call, input: &Input) -> Answer {
    let (table, _) = reached(account, call, input)?;
    let given = Given::of(input)?;
    let filter = filter(input, &given)?;
    given.finish()?;
    let (index, keys) = index(table, input)?;
    let all = table.items.values().filter(|item| has(keys, item)).collect();
    page(table, index, input, all, filter.as_ref())
}

pub(super) fn query(account: &Account, call: &Call, input: &Input) -> Answer {
    let (table, _) = reached(account, call, input)?;
    let given = Given::of(input)?;
    let text = input.text("KeyConditionExpression").unwrap_or_default();
    if text.is_empty() {
        let message = "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.";
        return Err(KEY_CONDITION.refuse(&[message]));
    }
    let condition = Condition::parse(text, "KeyConditionExpression", &given)?;
    let filter = filter(input, &given)?;
    given.finish()?;
    let (index, keys) = index(table, input)?;
    check_keys(keys, &condition)?;
    let wanted = |item: &&Item| has(keys, item) && condition.holds(item);
    let mut all: Vec<&Item> = table.items.values().filter(wanted).collect();
    all.sort_by(|left, right| by_range(keys, left, right));
    if input.flag("ScanIndexForward") == Some(false) {
        all.reverse();
    }
    page(table, index, input, all, filter.as_ref())
}

fn by_range(keys: &Keys, left: &Item, right: &Item) -> Ordering {
    let order = keys.range.as_ref().and_then(|name| compare(left.get(name)?, right.get(name)?));
    order.unwrap_or(Ordering::Equal)
}

fn filter(input: &Input, given: &Given<'_>) -> Result<Option<Condition>, Refusal> {
    let what = "FilterExpression";
    let text = input.text(what);
    text.map(|text| Condition::parse(text, what, given)).transpose()
}

/// Returns the index a request names, if any, and the key it is read by.
fn index<'a>(table: &'a Table, input: &Input) -> Result<(Option<&'a Index>, &'a Keys), Refusal> {
    let Some(name) = input.text("IndexName") else { return Ok((None, &table.keys)) };
    let is_global = table.global.contains_key(name);
    let index = table.global.get(name).or_else(|| table.local.get(name));
    let index = index.ok_or_else(|| NO_INDEX.refuse(&[name]))?;
    if is_global && input.flag("ConsistentRead") == Some(true) {
        let message = "Consistent reads are not supported on global secondary indexes";
        return Err(SELECT.refuse(&[message]));
    }
    if is_global && input.text("Select") == Some("ALL_ATTRIBUTES") && index.projection != "ALL" {
        let message = "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index because its projection type is not ALL";
        return Err(SELECT.refuse(&[message]));
    }
    Ok((Some(index), &index.keys))
}

/// An index holds what has its key.
fn has(keys: &Keys, item: &Item) -> bool {
    keys.names().all(|name| item.contains_key(name))
}

/// Refuses a key condition that is not one value of the hash key and one range of the range key.
fn check_keys(keys: &Keys, condition: &Condition) -> Result<(), Refusal> {
    let refuse = |message: String| Err(KEY_CONDITION.refuse(&[&message]));
    let named = |operand: &Operand| match operand {
        Operand::Path(path) => match path.as_slice() {
            [Step::Name(name)] => Some(name.clone()),
            _ => None,
        },
        _ => None,
    };
    let mut hash = false;
    let mut range = false;
    for part in condition.all() {
        let name = match part {
            Condition::Compare(operand, operator, _) if *operator != "<>" => {
                let name = named(operand);
                if name.as_deref() == Some(&keys.hash) && *operator != "=" {
                    return refuse("Query key condition not supported".to_owned());
                }
                name
            }
            Condition::Between(operand, ..) | Condition::BeginsWith(operand, _) => {
                named(operand).filter(|name| *name != keys.hash)
            }
            _ => return refuse("Invalid operator used in KeyConditionExpression".to_owned()),
        };
        let seen = match name {
            Some(name) if name == keys.hash => &mut hash,
            Some(name) if Some(&name) == keys.range.as_ref() => &mut range,
            _ => return refuse(missing(keys, hash)),
        };
        if std::mem::replace(seen, true) {
            let message = "KeyConditionExpressions must only contain one condition per key";
            return refuse(message.to_owned());
        }
    }
    if hash { Ok(()) } else { refuse(missing(keys, hash)) }
}

fn missing(keys: &Keys, hash: bool) -> String {
    let name = if hash { keys.range.as_ref() } else { Some(&keys.hash) };
    match name {
        Some(name) => format!("Query condition missed key schema element: {name}"),
        None => "Query key condition not supported".to_owned(),
    }
}

/// Answers one page: what lies after the start key, as much as the limit allows, then filtered.
fn page(
    table: &Table,
    index: Option<&Index>,
    input: &Input,
    all: Vec<&Item>,
    filter: Option<&Condition>,
) -> Answer {
    let start = match input.object("ExclusiveStartKey") {
        None => 0,
        Some(key) => {
            key.values().try_for_each(check)?;
            let text = key_text(&table.keys, key);
            let found = all.iter().position(|item| key_text(&table.keys, item) == text);
            match found {
                Some(at) => at + 1,
                // Deleted meanwhile: a table is read in the order of its keys.
                None if has(&table.keys, key) => {
                    all.iter().filter(|item| key_text(&table.keys, item) <= text).count()
                }
                None => return Err(KEY_MISMATCH.refuse(&[])),
            }
        }
    };
    let limit = input.integer("Limit").and_then(|limit| usize::try_from(limit).ok());
    let end = all.len().min(start + limit.unwrap_or(PAGE).min(PAGE));
    let read = &all[start.min(end)..end];
    let found: Vec<&&Item> =
        read.iter().filter(|item| filter.is_none_or(|filter| filter.holds(item))).collect();
    let last = read.last().filter(|_| end < all.len() || limit == Some(read.len()));
    let last = last.map(|item| {
        let mut key = key_of(&table.keys, item);
        key.extend(index.into_iter().flat_map(|index| key_of(&index.keys, item)));
        key
    });
    let shows = |name: &str| index.is_none_or(|index| index.shows(&table.keys, name));
    let items: Vec<Value> = found
        .iter()
        .map(|item| {
            let kept = item.iter().filter(|(name, _)| shows(name));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        })
        .collect();
    let items = Some(items).filter(|_| input.text("Select") != Some("COUNT"));
    Ok(json!({
        "Items": items, "Count": found.len(), "ScannedCount": read.len(),
        "LastEvaluatedKey": last,
    }))
}
