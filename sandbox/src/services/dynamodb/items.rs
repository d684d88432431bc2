//! Items: put, get, update, delete, with conditions.

use serde_json::{Value, json};

use super::change::Change;
use super::expression::{Condition, Given};
use super::rules::{
    CONDITION, KEY_CHANGED, KEY_EMPTY, KEY_MISMATCH, KEY_TYPE, NO_ITEMS, NO_KEY, RETURN_VALUES,
    SIZE, SYNTAX,
};
use super::schema::{Keys, Phase};
use super::table::Table;
use super::value::{Decimal, Item, check, parts};
use super::{Call, Input, Members, name, table};
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// Bytes an item may have (developer guide, quotas).
const LARGEST: usize = 400 * 1024;

/// Returns a table whose items can be reached.
pub(super) fn reached<'a>(
    account: &'a Account,
    call: &Call,
    input: &Input,
) -> Result<(&'a Table, String), Refusal> {
    let name = name(call, input)?;
    let found = table(account, call, name).filter(|table| {
        !matches!(table.phase.at(call.now), Phase::Creating(_) | Phase::Deleting(_))
    });
    Ok((found.ok_or_else(|| NO_ITEMS.refuse(&[]))?, name.to_owned()))
}

/// Writes a key as one text, the same for the same key.
pub(super) fn key_text(keys: &Keys, item: &Item) -> String {
    let text = |name: &str| match item.get(name).map(parts) {
        // Numbers of one worth are one key.
        Some(("N", Value::String(text))) => {
            Decimal::parse(text).map_or(text.clone(), |number| number.to_string())
        }
        Some((_, Value::String(text))) => text.clone(),
        _ => String::new(),
    };
    keys.names().map(text).collect::<Vec<_>>().join("\u{0}")
}

/// Takes the key out of an item.
pub(super) fn key_of(keys: &Keys, item: &Item) -> Item {
    let pair = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
    keys.names().filter_map(pair).collect()
}

/// Refuses a value that a key attribute may not have.
fn check_key(table: &Table, attribute: &str, value: &Value) -> Result<(), Refusal> {
    let (kind, held) = parts(value);
    let expected = table.attributes.get(attribute).map_or("", String::as_str);
    if kind != expected {
        return Err(KEY_TYPE.refuse(&[attribute, expected, kind]));
    }
    if held == &json!("") { Err(KEY_EMPTY.refuse(&[attribute])) } else { Ok(()) }
}

/// Reads the key that a request gives.
fn key<'a>(table: &Table, input: &'a Input) -> Result<&'a Item, Refusal> {
    let mismatch = || KEY_MISMATCH.refuse(&[]);
    let key = input.object("Key").ok_or_else(mismatch)?;
    key.values().try_for_each(check)?;
    if key.len() != table.keys.names().count() {
        return Err(mismatch());
    }
    for name in table.keys.names() {
        let value = key.get(name).ok_or_else(mismatch)?;
        check_key(table, name, value).map_err(|refusal| match refusal.rule {
            Some(rule) if rule.id == KEY_TYPE.id => mismatch(),
            _ => refusal,
        })?;
    }
    Ok(key)
}

/// Refuses what does not fit into a table.
fn check_item(table: &Table, item: &Item) -> Result<(), Refusal> {
    item.values().try_for_each(check)?;
    for name in table.keys.names() {
        let value = item.get(name).ok_or_else(|| NO_KEY.refuse(&[name]))?;
        check_key(table, name, value)?;
    }
    for index in table.local.values().chain(table.global.values()) {
        for name in index.keys.names() {
            item.get(name).map_or(Ok(()), |value| check_key(table, name, value))?;
        }
    }
    let size = item.iter().map(|(name, value)| name.len() + value.to_string().len()).sum::<usize>();
    if size > LARGEST { Err(SIZE.refuse(&[])) } else { Ok(()) }
}

/// Refuses when the request's condition does not hold for what is there.
fn check_condition(condition: Option<&Condition>, there: Option<&Item>) -> Result<(), Refusal> {
    let nothing = Item::new();
    match condition {
        Some(condition) if !condition.holds(there.unwrap_or(&nothing)) => {
            Err(CONDITION.refuse(&[]))
        }
        _ => Ok(()),
    }
}

/// Reads the condition of a request.
fn condition(input: &Input, given: &Given<'_>) -> Result<Option<Condition>, Refusal> {
    let what = "ConditionExpression";
    let text = input.text(what);
    text.map(|text| Condition::parse(text, what, given)).transpose()
}

fn items<'a>(account: &'a mut Account, call: &Call, name: &str) -> Option<&'a mut Table> {
    account.regions.get_mut(&call.region)?.dynamodb.tables.get_mut(name)
}

/// Answers the item as it was, if the request asks for it.
fn old(input: &Input, item: Option<Item>) -> Answer {
    match input.text("ReturnValues") {
        None | Some("NONE") => Ok(json!({})),
        Some("ALL_OLD") => Ok(json!({"Attributes": item})),
        Some(_) => Err(RETURN_VALUES.refuse(&[])),
    }
}

pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (table, name) = reached(account, call, input)?;
    let item = input.object("Item").cloned().unwrap_or_default();
    check_item(table, &item)?;
    let given = Given::of(input)?;
    let condition = condition(input, &given)?;
    given.finish()?;
    let key = key_text(&table.keys, &item);
    check_condition(condition.as_ref(), table.items.get(&key))?;
    let before = items(account, call, &name).and_then(|table| table.items.insert(key, item));
    old(input, before)
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let (table, _) = reached(account, call, input)?;
    let item = table.items.get(&key_text(&table.keys, key(table, input)?));
    Ok(json!({"Item": item}))
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (table, name) = reached(account, call, input)?;
    let key = key_text(&table.keys, key(table, input)?);
    let given = Given::of(input)?;
    let condition = condition(input, &given)?;
    given.finish()?;
    check_condition(condition.as_ref(), table.items.get(&key))?;
    let before = items(account, call, &name).and_then(|table| table.items.remove(&key));
    old(input, before)
}

pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (table, name) = reached(account, call, input)?;
    let key = key(table, input)?;
    let text = key_text(&table.keys, key);
    let given = Given::of(input)?;
    let condition = condition(input, &given)?;
    let change = match input.text("UpdateExpression") {
        Some("") => return Err(SYNTAX.refuse(&["UpdateExpression", "<EOF>"])),
        Some(expression) => Some(Change::parse(expression, &given)?),
        None => None,
    };
    given.finish()?;
    if let Some(part) = change
        .iter()
        .flat_map(Change::attributes)
        .find(|attribute| table.keys.names().any(|name| name == *attribute))
    {
        return Err(KEY_CHANGED.refuse(&[part]));
    }
    let there = table.items.get(&text).cloned();
    check_condition(condition.as_ref(), there.as_ref())?;
    // What is not there is made with its key.
    let before = there.clone().unwrap_or_else(|| key.clone());
    let after = change.as_ref().map_or(Ok(before.clone()), |change| change.apply(&before))?;
    check_item(table, &after)?;
    let changed = |item: &Item| -> Item {
        let names = change.iter().flat_map(Change::attributes);
        names.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    };
    let answer = match input.text("ReturnValues") {
        Some("ALL_OLD") => json!({"Attributes": there}),
        Some("ALL_NEW") => json!({"Attributes": after}),
        Some("UPDATED_OLD") => json!({"Attributes": there.as_ref().map(changed)}),
        Some("UPDATED_NEW") => json!({"Attributes": changed(&after)}),
        _ => json!({}),
    };
    if let Some(table) = items(account, call, &name) {
        table.items.insert(text, after);
    }
    Ok(answer)
}
