//! Values during evaluation: JSON, plus sets, values known only after apply, and sensitivity.

mod json;
mod number;
mod placeholder;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Number;

pub use json::{NotKnown, Path, PathStep, Resolved};
pub(super) use number::{as_i128, normalise, number_from_f64, number_from_i128, number_order};
pub(super) use placeholder::reserved_char;
pub use placeholder::{
    contains_placeholder, each_string, is_placeholder, placeholder_refs, unknown_placeholder,
};

/// A value during evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value; a key given null counts as left out.
    Null,
    /// True or false.
    Bool(bool),
    /// A number; whole numbers are always held as integers, so `1` equals `1.0`.
    Number(Number),
    /// A string.
    String(String),
    /// A list or tuple.
    List(Vec<Value>),
    /// A set: sorted, without duplicates, without unknown or sensitive elements (see [`Value::set`]).
    Set(Vec<Value>),
    /// A map or object.
    Map(BTreeMap<String, Value>),
    /// Known only after apply.
    Unknown(Unknown),
    /// Shown as `(sensitive)`. Never directly or indirectly inside another `Sensitive`.
    Sensitive(Box<Value>),
}

/// A value known only after apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// What it waits for, such as `vpc.main.id`.
    pub refs: BTreeSet<String>,
}

impl Unknown {
    /// Makes an unknown that waits for one reference.
    pub fn waiting_for(reference: impl Into<String>) -> Self {
        Self { refs: BTreeSet::from([reference.into()]) }
    }
}

impl Value {
    /// Makes a string.
    pub fn string(s: impl Into<String>) -> Self {
        Self::String(s.into())
    }

    /// Makes a whole number.
    pub fn integer(n: i64) -> Self {
        Self::Number(n.into())
    }

    /// Makes a number; `None` when it is infinite or not a number.
    pub fn float(n: f64) -> Option<Self> {
        number_from_f64(n).map(Self::Number)
    }

    /// Makes an unknown that waits for these references.
    pub fn unknown(refs: BTreeSet<String>) -> Self {
        Self::Unknown(Unknown { refs })
    }

    /// Makes a set: sorts, drops duplicates. A set with an unknown element is unknown as a whole,
    /// because equal elements collapse; one with a sensitive element is sensitive as a whole.
    pub fn set(items: Vec<Self>) -> Self {
        let list = Self::List(items);
        if let Some(refs) = list.unknown_refs() {
            let unknown = Self::unknown(refs);
            return if list.contains_sensitive() { unknown.mark() } else { unknown };
        }
        let (plain, sensitive) = list.unmark_deep();
        let Self::List(mut items) = plain else { return plain };
        items.sort_by(Self::order);
        items.dedup();
        let set = Self::Set(items);
        if sensitive { set.mark() } else { set }
    }

    /// Orders values for sets: by type, then numbers by size, strings by Unicode code point.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => number_order(a, b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) | (Self::Set(a), Self::Set(b)) => a
                .iter()
                .zip(b)
                .map(|(a, b)| a.order(b))
                .find(|o| o.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len())),
            (Self::Map(a), Self::Map(b)) => a
                .iter()
                .zip(b)
                .map(|((ka, va), (kb, vb))| ka.cmp(kb).then_with(|| va.order(vb)))
                .find(|o| o.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len())),
            (Self::Unknown(a), Self::Unknown(b)) => a.refs.cmp(&b.refs),
            (Self::Sensitive(a), Self::Sensitive(b)) => a.order(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::List(_) => 4,
            Self::Set(_) => 5,
            Self::Map(_) => 6,
            Self::Unknown(_) => 7,
            Self::Sensitive(_) => 8,
        }
    }

    /// Names the type for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Unknown(_) => "value known only after apply",
            Self::Sensitive(inner) => inner.type_name(),
        }
    }

    /// Tells whether nothing in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        !self.contains_unknown()
    }

    /// Tells whether it or something in it is unknown.
    pub fn contains_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::List(items) | Self::Set(items) => items.iter().any(Self::contains_unknown),
            Self::Map(map) => map.values().any(Self::contains_unknown),
            Self::Sensitive(inner) => inner.contains_unknown(),
            _ => false,
        }
    }

    /// Collects what the unknown parts wait for; `None` when all is known.
    pub fn unknown_refs(&self) -> Option<BTreeSet<String>> {
        fn collect(value: &Value, into: &mut Option<BTreeSet<String>>) {
            match value {
                Value::Unknown(u) => {
                    into.get_or_insert_default().extend(u.refs.iter().cloned());
                }
                Value::List(items) | Value::Set(items) => {
                    for item in items {
                        collect(item, into);
                    }
                }
                Value::Map(map) => map.values().for_each(|item| collect(item, into)),
                Value::Sensitive(inner) => collect(inner, into),
                _ => {}
            }
        }
        let mut refs = None;
        collect(self, &mut refs);
        refs
    }

    /// Tells whether the value as a whole is sensitive.
    pub fn is_sensitive(&self) -> bool {
        matches!(self, Self::Sensitive(_))
    }

    /// Tells whether it or something in it is sensitive.
    pub fn contains_sensitive(&self) -> bool {
        match self {
            Self::Sensitive(_) => true,
            Self::List(items) | Self::Set(items) => items.iter().any(Self::contains_sensitive),
            Self::Map(map) => map.values().any(Self::contains_sensitive),
            _ => false,
        }
    }

    /// Makes the value sensitive as a whole; marks inside are absorbed.
    #[must_use]
    pub fn mark(self) -> Self {
        Self::Sensitive(Box::new(self.unmark_deep().0))
    }

    /// Makes the value sensitive when `sensitive`.
    #[must_use]
    pub fn mark_if(self, sensitive: bool) -> Self {
        if sensitive { self.mark() } else { self }
    }

    /// Takes the mark off the whole, not off what is inside; says whether there was one.
    pub fn unmark(self) -> (Self, bool) {
        match self {
            Self::Sensitive(inner) => (*inner, true),
            other => (other, false),
        }
    }

    /// Takes off every mark, inside too; says whether there was any.
    pub fn unmark_deep(self) -> (Self, bool) {
        if !self.contains_sensitive() {
            return (self, false);
        }
        let plain = match self {
            Self::Sensitive(inner) => *inner,
            Self::List(items) => {
                Self::List(items.into_iter().map(|item| item.unmark_deep().0).collect())
            }
            Self::Set(items) => {
                Self::Set(items.into_iter().map(|item| item.unmark_deep().0).collect())
            }
            Self::Map(map) => {
                Self::Map(map.into_iter().map(|(key, item)| (key, item.unmark_deep().0)).collect())
            }
            other => other,
        };
        (plain, true)
    }

    /// Looks at the value beneath a mark on the whole.
    pub fn beneath_mark(&self) -> &Self {
        match self {
            Self::Sensitive(inner) => inner,
            other => other,
        }
    }

    /// Finds a string in it that looks like a placeholder, which no input may smuggle in.
    pub(super) fn has_reserved_char(&self) -> bool {
        match self {
            Self::String(s) => reserved_char(s).is_some(),
            Self::List(items) | Self::Set(items) => items.iter().any(Self::has_reserved_char),
            Self::Map(map) => {
                map.iter().any(|(k, v)| reserved_char(k).is_some() || v.has_reserved_char())
            }
            Self::Sensitive(inner) => inner.has_reserved_char(),
            _ => false,
        }
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.to_owned())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::String(s)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::integer(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sorted_and_unique() {
        let set = Value::set(vec!["b".into(), "a".into(), "b".into()]);
        assert_eq!(set, Value::Set(vec!["a".into(), "b".into()]));
        let numbers = Value::set(vec![10.into(), 9.into()]);
        assert_eq!(numbers, Value::Set(vec![9.into(), 10.into()]));
    }

    #[test]
    fn set_with_unknown_or_sensitive_element() {
        let unknown = Value::Unknown(Unknown::waiting_for("vpc.main.id"));
        assert_eq!(Value::set(vec!["a".into(), unknown.clone()]), unknown);
        assert_eq!(
            Value::set(vec![Value::from("a").mark(), "a".into()]),
            Value::Set(vec!["a".into()]).mark()
        );
    }

    #[test]
    fn marks_never_nest() {
        let marked = Value::List(vec![Value::from("a").mark(), "b".into()]).mark();
        assert_eq!(marked, Value::Sensitive(Box::new(Value::List(vec!["a".into(), "b".into()]))));
        assert_eq!(marked.clone().mark(), marked);
    }
}
