//! The language of updates: `SET a = :a, b = if_not_exists(b, :zero) + :one REMOVE c ADD d :d`.

use serde_json::{Map, Value, json};

use super::expression::{Given, Operand, Path, Reader, Step, at};
use super::rules::{CHANGE_MISSING, CHANGE_PATH, CHANGE_TWICE, CHANGE_TYPE, SYNTAX};
use super::value::{Decimal, Item, equal, parts};
use crate::rules::Refusal;

const WHAT: &str = "UpdateExpression";

/// What an attribute is set to.
#[derive(Clone, Debug)]
enum Source {
    Operand(Operand),
    IfNotExists(Path, Box<Source>),
    Append(Box<Source>, Box<Source>),
    Sum(Box<Source>, Box<Source>, bool),
}

#[derive(Clone, Debug)]
enum Action {
    Set(Path, Source),
    Remove(Path),
    Add(Path, Value),
    Delete(Path, Value),
}

impl Action {
    fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Remove(path) => path,
            Self::Add(path, _) | Self::Delete(path, _) => path,
        }
    }
}

/// An update, read.
#[derive(Clone, Debug)]
pub(super) struct Change(Vec<Action>);

impl Change {
    /// Reads an update.
    pub(super) fn parse(text: &str, given: &Given<'_>) -> Result<Self, Refusal> {
        let mut reader = Reader::new(text, WHAT, given)?;
        let mut actions = Vec::new();
        let mut clauses: Vec<&str> = Vec::new();
        loop {
            let clause = ["SET", "REMOVE", "ADD", "DELETE"].into_iter().find(|c| reader.is(c));
            let clause = clause.ok_or_else(|| reader.wrong())?;
            if clauses.contains(&clause) {
                return Err(SYNTAX.refuse(&[WHAT, clause]));
            }
            clauses.push(clause);
            reader.take(clause);
            loop {
                actions.push(action(&mut reader, clause)?);
                if !reader.take(",") {
                    break;
                }
            }
            if reader.end().is_ok() {
                break;
            }
        }
        for (index, action) in actions.iter().enumerate() {
            let path = action.path();
            let overlaps = |other: &&Action| {
                let (one, two) = (other.path(), path);
                one.iter().zip(two).all(|(one, two)| one == two)
            };
            if let Some(other) = actions[..index].iter().find(overlaps) {
                return Err(CHANGE_TWICE.refuse(&[&written(other.path()), &written(path)]));
            }
        }
        Ok(Self(actions))
    }

    /// Returns the attributes that are changed.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|action| match action.path().first() {
            Some(Step::Name(name)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Makes the change; every operand is taken from the item as it was before.
    pub(super) fn apply(&self, before: &Item) -> Result<Item, Refusal> {
        let mut after = before.clone();
        for action in &self.0 {
            match action {
                Action::Set(path, source) => put(&mut after, path, source.value(before)?)?,
                Action::Remove(path) => remove(&mut after, path),
                Action::Add(path, value) => {
                    let sum = add(at(before, path), value)?;
                    put(&mut after, path, sum)?;
                }
                Action::Delete(path, value) => match without(at(before, path), value)? {
                    Some(rest) => put(&mut after, path, rest)?,
                    None => remove(&mut after, path),
                },
            }
        }
        Ok(after)
    }
}

fn action(reader: &mut Reader<'_>, clause: &str) -> Result<Action, Refusal> {
    let path = reader.path()?;
    match clause {
        "SET" => {
            reader.expect("=")?;
            let mut source = source(reader)?;
            for (sign, minus) in [("+", false), ("-", true)] {
                if reader.take(sign) {
                    let right = self::source(reader)?;
                    source = Source::Sum(Box::new(source), Box::new(right), minus);
                    break;
                }
            }
            Ok(Action::Set(path, source))
        }
        "REMOVE" => Ok(Action::Remove(path)),
        _ => match reader.operand()? {
            Operand::Value(value) if clause == "ADD" => Ok(Action::Add(path, value)),
            Operand::Value(value) => Ok(Action::Delete(path, value)),
            _ => Err(reader.wrong()),
        },
    }
}

fn source(reader: &mut Reader<'_>) -> Result<Source, Refusal> {
    if reader.take("if_not_exists") {
        reader.expect("(")?;
        let path = reader.path()?;
        reader.expect(",")?;
        let otherwise = source(reader)?;
        reader.expect(")")?;
        return Ok(Source::IfNotExists(path, Box::new(otherwise)));
    }
    if reader.take("list_append") {
        reader.expect("(")?;
        let left = source(reader)?;
        reader.expect(",")?;
        let right = source(reader)?;
        reader.expect(")")?;
        return Ok(Source::Append(Box::new(left), Box::new(right)));
    }
    match reader.operand()? {
        Operand::Size(_) => Err(SYNTAX.refuse(&[WHAT, "size"])),
        operand => Ok(Source::Operand(operand)),
    }
}

impl Source {
    fn value(&self, item: &Item) -> Result<Value, Refusal> {
        match self {
            Self::Operand(Operand::Value(value)) => Ok(value.clone()),
            Self::Operand(Operand::Path(path) | Operand::Size(path)) => {
                at(item, path).cloned().ok_or_else(|| CHANGE_MISSING.refuse(&[]))
            }
            Self::IfNotExists(path, otherwise) => match at(item, path) {
                Some(value) => Ok(value.clone()),
                None => otherwise.value(item),
            },
            Self::Append(left, right) => {
                let (left, right) = (left.value(item)?, right.value(item)?);
                match (parts(&left), parts(&right)) {
                    (("L", Value::Array(left)), ("L", Value::Array(right))) => {
                        Ok(json!({"L": ([left.as_slice(), right.as_slice()].concat())}))
                    }
                    _ => Err(CHANGE_TYPE.refuse(&[])),
                }
            }
            Self::Sum(left, right, minus) => {
                let (left, right) = (left.value(item)?, right.value(item)?);
                sum(&left, &right, *minus)
            }
        }
    }
}

fn sum(left: &Value, right: &Value, minus: bool) -> Result<Value, Refusal> {
    let number = |value: &Value| match parts(value) {
        ("N", Value::String(text)) => Decimal::parse(text),
        _ => None,
    };
    let (Some(left), Some(right)) = (number(left), number(right)) else {
        return Err(CHANGE_TYPE.refuse(&[]));
    };
    let sum = left.plus(if minus { right.negated() } else { right });
    let sum = sum.ok_or_else(|| CHANGE_TYPE.refuse(&[]))?;
    Ok(json!({"N": sum.to_string()}))
}

/// Adds to a number or a set; what is not there counts as zero or empty.
fn add(before: Option<&Value>, value: &Value) -> Result<Value, Refusal> {
    let Some(before) = before else {
        let fits = matches!(parts(value).0, "N" | "SS" | "NS" | "BS");
        return if fits { Ok(value.clone()) } else { Err(CHANGE_TYPE.refuse(&[])) };
    };
    match (parts(before), parts(value)) {
        (("N", _), ("N", _)) => sum(before, value, false),
        ((kind @ ("SS" | "NS" | "BS"), Value::Array(old)), (other, Value::Array(new)))
            if kind == other =>
        {
            let element = &kind[..1];
            let same = |a: &Value, b: &Value| equal(&json!({element: a}), &json!({element: b}));
            let mut all = old.clone();
            all.extend(new.iter().filter(|n| !old.iter().any(|o| same(o, n))).cloned());
            Ok(json!({kind: all}))
        }
        _ => Err(CHANGE_TYPE.refuse(&[])),
    }
}

/// Takes elements out of a set; none when nothing is left of it.
fn without(before: Option<&Value>, value: &Value) -> Result<Option<Value>, Refusal> {
    let Some(before) = before else { return Ok(None) };
    match (parts(before), parts(value)) {
        ((kind @ ("SS" | "NS" | "BS"), Value::Array(old)), (other, Value::Array(gone)))
            if kind == other =>
        {
            let element = &kind[..1];
            let same = |a: &Value, b: &Value| equal(&json!({element: a}), &json!({element: b}));
            let rest: Vec<&Value> =
                old.iter().filter(|o| !gone.iter().any(|g| same(o, g))).collect();
            Ok((!rest.is_empty()).then(|| json!({kind: rest})))
        }
        _ => Err(CHANGE_TYPE.refuse(&[])),
    }
}

/// Returns the map or list that the last step of a path leads out of.
fn parent<'a>(item: &'a mut Item, path: &[Step]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    let Step::Name(name) = first else { return None };
    rest.iter().try_fold(item.get_mut(name)?, |value, step| {
        let held = value.as_object_mut().and_then(|members| members.values_mut().next())?;
        match step {
            Step::Name(name) => held.as_object_mut()?.get_mut(name),
            Step::Index(index) => held.as_array_mut()?.get_mut(*index),
        }
    })
}

fn put(item: &mut Item, path: &[Step], value: Value) -> Result<(), Refusal> {
    let invalid = || CHANGE_PATH.refuse(&[]);
    let (last, before) = path.split_last().ok_or_else(invalid)?;
    if before.is_empty() {
        let Step::Name(name) = last else { return Err(invalid()) };
        item.insert(name.clone(), value);
        return Ok(());
    }
    let parent = parent(item, before).and_then(Value::as_object_mut).ok_or_else(invalid)?;
    match last {
        Step::Name(name) => {
            let map = parent.get_mut("M").and_then(Value::as_object_mut).ok_or_else(invalid)?;
            map.insert(name.clone(), value);
        }
        Step::Index(index) => {
            let list = parent.get_mut("L").and_then(Value::as_array_mut).ok_or_else(invalid)?;
            // An index beyond the end appends.
            match list.get_mut(*index) {
                Some(slot) => *slot = value,
                None => list.push(value),
            }
        }
    }
    Ok(())
}

fn remove(item: &mut Item, path: &[Step]) {
    let Some((last, before)) = path.split_last() else { return };
    if before.is_empty() {
        if let Step::Name(name) = last {
            item.remove(name);
        }
        return;
    }
    let held = parent(item, before).and_then(Value::as_object_mut);
    match (last, held.and_then(|members: &mut Map<_, _>| members.values_mut().next())) {
        (Step::Name(name), Some(Value::Object(map))) => {
            map.remove(name);
        }
        (Step::Index(index), Some(Value::Array(list))) if *index < list.len() => {
            list.remove(*index);
        }
        _ => {}
    }
}

fn written(path: &[Step]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|step| match step {
            Step::Name(name) => name.clone(),
            Step::Index(index) => format!("[{index}]"),
        })
        .collect();
    parts.join(", ")
}
