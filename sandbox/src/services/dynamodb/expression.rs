//! The language of conditions and filters.
//!
//! `owner = :me OR attribute_not_exists(#owner) AND NOT expires BETWEEN :a AND :b`

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rules::{NAME_UNDEFINED, OPERAND, RESERVED, SYNTAX, UNUSED, VALUE_UNDEFINED};
use super::value::{Item, check, compare, equal, parts};
use super::{Input, Members};
use crate::rules::Refusal;

/// Words that no expression may use as a name of an attribute (developer guide, reserved words).
static RESERVED_WORDS: &str = include_str!("reserved_words.txt");

/// The names and values a request gives to its expressions, and which of them were used.
pub(super) struct Given<'a> {
    names: Option<&'a Map<String, Value>>,
    values: Option<&'a Map<String, Value>>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Given<'a> {
    /// Takes them from a request.
    pub(super) fn of(input: &'a Input) -> Result<Self, Refusal> {
        let names = input.object("ExpressionAttributeNames");
        let values = input.object("ExpressionAttributeValues");
        values.into_iter().flat_map(Map::values).try_for_each(check)?;
        Ok(Self { names, values, used: RefCell::default() })
    }

    /// Refuses what no expression used; to be called when all are read.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        let given =
            [("ExpressionAttributeNames", self.names), ("ExpressionAttributeValues", self.values)];
        for (member, entries) in given {
            let unused: Vec<&str> = entries
                .into_iter()
                .flat_map(Map::keys)
                .filter(|key| !self.used.borrow().contains(*key))
                .map(String::as_str)
                .collect();
            if !unused.is_empty() {
                return Err(UNUSED.refuse(&[member, &format!("{{{}}}", unused.join(", "))]));
            }
        }
        Ok(())
    }
}

/// A step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    Index(usize),
}

/// A way to a value: an attribute, and steps into it.
pub(super) type Path = Vec<Step>;

/// Returns what a path leads to.
pub(super) fn at<'a>(item: &'a Item, path: &[Step]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let Step::Name(name) = first else { return None };
    rest.iter().try_fold(item.get(name)?, |value, step| match (step, parts(value)) {
        (Step::Name(name), ("M", held)) => held.get(name),
        (Step::Index(index), ("L", held)) => held.get(index),
        _ => None,
    })
}

/// Something with a value.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Path(Path),
    Value(Value),
    Size(Path),
}

impl Operand {
    fn value(&self, item: &Item) -> Option<Value> {
        match self {
            Self::Path(path) => at(item, path).cloned(),
            Self::Value(value) => Some(value.clone()),
            Self::Size(path) => {
                let size = match parts(at(item, path)?) {
                    ("S" | "B", Value::String(text)) => text.len(),
                    (_, Value::Array(members)) => members.len(),
                    (_, Value::Object(members)) => members.len(),
                    _ => return None,
                };
                Some(json!({"N": size.to_string()}))
            }
        }
    }
}

/// A condition on an item.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, &'static str, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path, bool),
    Type(Path, Operand),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
}

impl Condition {
    /// Reads a condition; `what` is the request's member that holds it.
    pub(super) fn parse(
        text: &str,
        what: &'static str,
        given: &Given<'_>,
    ) -> Result<Self, Refusal> {
        let mut reader = Reader::new(text, what, given)?;
        let condition = reader.either()?;
        reader.end()?;
        Ok(condition)
    }

    /// Returns whether it holds for an item; one without attributes stands for none at all.
    pub(super) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(left, right) => left.holds(item) && right.holds(item),
            Self::Or(left, right) => left.holds(item) || right.holds(item),
            Self::Not(inner) => !inner.holds(item),
            Self::Compare(left, operator, right) => {
                let (Some(left), Some(right)) = (left.value(item), right.value(item)) else {
                    // What is not there differs from everything.
                    return *operator == "<>";
                };
                match *operator {
                    "=" => equal(&left, &right),
                    "<>" => !equal(&left, &right),
                    _ => compare(&left, &right).is_some_and(|order| match *operator {
                        "<" => order == Ordering::Less,
                        "<=" => order != Ordering::Greater,
                        ">" => order == Ordering::Greater,
                        _ => order != Ordering::Less,
                    }),
                }
            }
            Self::Between(value, low, high) => {
                let order = |a: &Operand, b: &Operand| compare(&a.value(item)?, &b.value(item)?);
                order(value, low).is_some_and(Ordering::is_ge)
                    && order(value, high).is_some_and(Ordering::is_le)
            }
            Self::In(value, list) => value.value(item).is_some_and(|value| {
                list.iter()
                    .any(|other| other.value(item).is_some_and(|other| equal(&value, &other)))
            }),
            Self::Exists(path, wanted) => at(item, path).is_some() == *wanted,
            Self::Type(path, kind) => {
                let kind = kind.value(item);
                let kind = kind.as_ref().map(|kind| parts(kind).1.as_str());
                at(item, path).is_some_and(|value| Some(Some(parts(value).0)) == kind)
            }
            Self::BeginsWith(value, start) => {
                let (Some(value), Some(start)) = (value.value(item), start.value(item)) else {
                    return false;
                };
                let ((kind, value), (other, start)) = (parts(&value), parts(&start));
                let text = value.as_str().zip(start.as_str());
                kind == other && text.is_some_and(|(value, start)| value.starts_with(start))
            }
            Self::Contains(value, part) => {
                let (Some(value), Some(part)) = (value.value(item), part.value(item)) else {
                    return false;
                };
                match (parts(&value), parts(&part)) {
                    (("S", Value::String(text)), ("S", Value::String(part))) => text.contains(part),
                    (("SS", Value::Array(set)), ("S", part))
                    | (("BS", Value::Array(set)), ("B", part)) => set.contains(part),
                    (("NS", Value::Array(set)), ("N", part)) => {
                        set.iter().any(|n| equal(&json!({"N": n}), &json!({"N": part})))
                    }
                    (("L", Value::Array(list)), _) => list.iter().any(|one| equal(one, &part)),
                    _ => false,
                }
            }
        }
    }

    /// Returns the conditions that must all hold.
    pub(super) fn all(&self) -> Vec<&Self> {
        match self {
            Self::And(left, right) => [left.all(), right.all()].concat(),
            other => vec![other],
        }
    }
}

/// Reads an expression word by word.
pub(super) struct Reader<'a> {
    words: Vec<String>,
    at: usize,
    what: &'static str,
    given: &'a Given<'a>,
}

const SYMBOLS: [&str; 13] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "[", "]", "+"];

impl<'a> Reader<'a> {
    pub(super) fn new(
        text: &str,
        what: &'static str,
        given: &'a Given<'a>,
    ) -> Result<Self, Refusal> {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let symbol = SYMBOLS.iter().chain(&["-"]).find(|symbol| rest.starts_with(**symbol));
            let length = match symbol {
                Some(symbol) => symbol.len(),
                None => rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '#' | ':')))
                    .unwrap_or(rest.len()),
            };
            if length == 0 {
                let token = rest.chars().next().map(String::from).unwrap_or_default();
                return Err(SYNTAX.refuse(&[what, &token]));
            }
            words.push(rest[..length].to_owned());
            rest = rest[length..].trim_start();
        }
        Ok(Self { words, at: 0, what, given })
    }

    pub(super) fn peek(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.words.get(self.at - 1).cloned().unwrap_or_default()
    }

    /// Returns whether the next word is a keyword, in whatever case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.peek().eq_ignore_ascii_case(keyword)
    }

    /// Takes the next word if it is this one.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), Refusal> {
        if self.take(word) { Ok(()) } else { Err(self.wrong()) }
    }

    pub(super) fn end(&self) -> Result<(), Refusal> {
        if self.at >= self.words.len() { Ok(()) } else { Err(self.wrong()) }
    }

    /// Refuses the next word.
    pub(super) fn wrong(&self) -> Refusal {
        let word = if self.peek().is_empty() { "<EOF>" } else { self.peek() };
        SYNTAX.refuse(&[self.what, word])
    }

    fn either(&mut self) -> Result<Condition, Refusal> {
        let mut left = self.both()?;
        while self.take("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Condition, Refusal> {
        let mut left = self.not()?;
        while self.take("AND") {
            left = Condition::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Condition, Refusal> {
        if self.take("NOT") {
            return Ok(Condition::Not(Box::new(self.not()?)));
        }
        if self.take("(") {
            let inner = self.either()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let is_call = self.words.get(self.at + 1).is_some_and(|word| word == "(");
        if is_call && !self.is("size") {
            return self.call();
        }
        let left = self.operand()?;
        if self.take("BETWEEN") {
            let low = self.operand()?;
            self.expect("AND")?;
            return Ok(Condition::Between(left, low, self.operand()?));
        }
        if self.take("IN") {
            self.expect("(")?;
            let mut list = vec![self.operand()?];
            while self.take(",") {
                list.push(self.operand()?);
            }
            self.expect(")")?;
            return Ok(Condition::In(left, list));
        }
        let operator = SYMBOLS[..6].iter().find(|symbol| **symbol == self.peek());
        let operator = operator.ok_or_else(|| self.wrong())?;
        self.next();
        Ok(Condition::Compare(left, operator, self.operand()?))
    }

    /// Reads one of the functions that are conditions; their names are told by case.
    fn call(&mut self) -> Result<Condition, Refusal> {
        let name = self.next();
        self.expect("(")?;
        let condition = match name.as_str() {
            "attribute_exists" => Condition::Exists(self.path()?, true),
            "attribute_not_exists" => Condition::Exists(self.path()?, false),
            "attribute_type" => {
                let path = self.path()?;
                self.expect(",")?;
                Condition::Type(path, self.operand()?)
            }
            "begins_with" => {
                let value = self.operand()?;
                self.expect(",")?;
                let start = self.operand()?;
                if matches!(&start, Operand::Value(value) if !matches!(parts(value).0, "S" | "B")) {
                    return Err(OPERAND.refuse(&[self.what, "begins_with"]));
                }
                Condition::BeginsWith(value, start)
            }
            "contains" => {
                let value = self.operand()?;
                self.expect(",")?;
                Condition::Contains(value, self.operand()?)
            }
            _ => return Err(SYNTAX.refuse(&[self.what, &name])),
        };
        self.expect(")")?;
        Ok(condition)
    }

    /// Reads a value, a path, or the size of what a path leads to.
    pub(super) fn operand(&mut self) -> Result<Operand, Refusal> {
        if self.peek().starts_with(':') {
            let name = self.next();
            let value = self.given.values.and_then(|values| values.get(&name));
            let value = value.ok_or_else(|| VALUE_UNDEFINED.refuse(&[self.what, &name]))?;
            self.given.used.borrow_mut().insert(name);
            return Ok(Operand::Value(value.clone()));
        }
        if self.is("size") && self.words.get(self.at + 1).is_some_and(|word| word == "(") {
            self.next();
            self.expect("(")?;
            let path = self.path()?;
            self.expect(")")?;
            return Ok(Operand::Size(path));
        }
        Ok(Operand::Path(self.path()?))
    }

    /// Reads a path.
    pub(super) fn path(&mut self) -> Result<Path, Refusal> {
        let mut path = vec![Step::Name(self.name()?)];
        loop {
            if self.take(".") {
                path.push(Step::Name(self.name()?));
            } else if self.take("[") {
                let index = self.peek().parse().map_err(|_| self.wrong())?;
                self.next();
                self.expect("]")?;
                path.push(Step::Index(index));
            } else {
                return Ok(path);
            }
        }
    }

    fn name(&mut self) -> Result<String, Refusal> {
        let word = self.peek().to_owned();
        if word.starts_with('#') {
            let name = self.given.names.and_then(|names| names.get(&word)).and_then(Value::as_str);
            let name = name.ok_or_else(|| NAME_UNDEFINED.refuse(&[self.what, &word]))?.to_owned();
            self.given.used.borrow_mut().insert(word);
            self.next();
            return Ok(name);
        }
        if !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(self.wrong());
        }
        let upper = word.to_ascii_uppercase();
        if RESERVED_WORDS.lines().any(|reserved| reserved == upper) {
            return Err(RESERVED.refuse(&[self.what, &word]));
        }
        self.next();
        Ok(word)
    }
}
