//! Values during evaluation: JSON, plus sets, values known only after apply, and sensitivity.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Number;

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

/// One step of a path into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// A key of an object.
    Key(String),
    /// A position in an array, from zero.
    Index(usize),
}

/// A path into a JSON value; empty means the whole.
pub type Path = Vec<PathStep>;

/// A value as JSON, where each unknown leaf is a placeholder string.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The JSON; each path of `unknown` holds a placeholder (see [`is_placeholder`]).
    pub json: serde_json::Value,
    /// Where a value is known only after apply, and what it waits for.
    pub unknown: Vec<(Path, BTreeSet<String>)>,
    /// Where a value is sensitive, with everything beneath.
    pub sensitive: Vec<Path>,
}

/// A value that cannot become JSON because part of it is known only after apply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("known only after apply: waits for {}", .refs.iter().cloned().collect::<Vec<_>>().join(", "))]
pub struct NotKnown {
    /// What it waits for.
    pub refs: BTreeSet<String>,
}

/// Starts a placeholder. Private use: Unicode gives it no meaning, and the parser refuses it.
const PLACEHOLDER_START: char = '\u{10FFFD}';
/// Stands after each reference of a placeholder.
const PLACEHOLDER_SEPARATOR: char = '\u{10FFFC}';

/// Makes the string that stands in JSON for a value known only after apply.
pub fn unknown_placeholder(refs: &BTreeSet<String>) -> String {
    let mut text = String::from(PLACEHOLDER_START);
    for reference in refs {
        text.push_str(reference);
        text.push(PLACEHOLDER_SEPARATOR);
    }
    text
}

/// Tells whether a JSON string stands for a value known only after apply.
pub fn is_placeholder(s: &str) -> bool {
    s.starts_with(PLACEHOLDER_START)
}

/// Tells whether a JSON string is a placeholder, or holds some: a policy is JSON within a string.
pub fn contains_placeholder(s: &str) -> bool {
    s.contains(PLACEHOLDER_START)
}

/// Gives back what the placeholders of a string wait for; empty for any other string.
pub fn placeholder_refs(s: &str) -> BTreeSet<String> {
    let quoted = !is_placeholder(s);
    let inner = s.split(PLACEHOLDER_START).skip(1);
    let refs = inner.flat_map(|part| {
        let (refs, _) = part.rsplit_once(PLACEHOLDER_SEPARATOR).unwrap_or(("", part));
        refs.split(PLACEHOLDER_SEPARATOR).filter(|r| !r.is_empty())
    });
    refs.map(|r| if quoted { r.replace(r#"\""#, "\"") } else { r.to_owned() }).collect()
}

/// Finds a character that only placeholders may contain.
pub(super) fn reserved_char(s: &str) -> Option<(usize, char)> {
    s.char_indices().find(|(_, c)| matches!(*c, PLACEHOLDER_START | PLACEHOLDER_SEPARATOR))
}

impl Value {
    /// Takes over a JSON value; all of it is known and nothing is sensitive.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(*b),
            serde_json::Value::Number(n) => Self::Number(normalise(n)),
            serde_json::Value::String(s) => Self::String(s.clone()),
            serde_json::Value::Array(items) => {
                Self::List(items.iter().map(Self::from_json).collect())
            }
            serde_json::Value::Object(map) => {
                Self::Map(map.iter().map(|(k, v)| (k.clone(), Self::from_json(v))).collect())
            }
        }
    }

    /// Gives the value as JSON, sensitivity dropped. Fails when part of it is known only after apply.
    pub fn to_json(&self) -> Result<serde_json::Value, NotKnown> {
        let refs = self.unknown_refs();
        match refs {
            Some(refs) => Err(NotKnown { refs }),
            None => Ok(self.to_json_with_placeholders().json),
        }
    }

    /// Gives the value as JSON with a placeholder for each unknown leaf, and says where the unknown
    /// and the sensitive parts are.
    pub fn to_json_with_placeholders(&self) -> Resolved {
        let mut resolved =
            Resolved { json: serde_json::Value::Null, unknown: Vec::new(), sensitive: Vec::new() };
        let mut path = Vec::new();
        resolved.json = self.render(&mut path, &mut resolved.unknown, &mut resolved.sensitive);
        resolved
    }

    fn render(
        &self,
        path: &mut Path,
        unknown: &mut Vec<(Path, BTreeSet<String>)>,
        sensitive: &mut Vec<Path>,
    ) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(b) => serde_json::Value::Bool(*b),
            Self::Number(n) => serde_json::Value::Number(n.clone()),
            Self::String(s) => serde_json::Value::String(s.clone()),
            Self::List(items) | Self::Set(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    path.push(PathStep::Index(index));
                    let json = item.render(path, unknown, sensitive);
                    path.pop();
                    json
                })
                .collect(),
            Self::Map(map) => serde_json::Value::Object(
                map.iter()
                    .map(|(key, item)| {
                        path.push(PathStep::Key(key.clone()));
                        let json = item.render(path, unknown, sensitive);
                        path.pop();
                        (key.clone(), json)
                    })
                    .collect(),
            ),
            Self::Unknown(u) => {
                unknown.push((path.clone(), u.refs.clone()));
                serde_json::Value::String(unknown_placeholder(&u.refs))
            }
            Self::Sensitive(inner) => {
                sensitive.push(path.clone());
                inner.render(path, unknown, sensitive)
            }
        }
    }

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

/// Holds a whole number as an integer, so that equal numbers compare equal.
pub(super) fn normalise(n: &Number) -> Number {
    if n.is_f64() {
        n.as_f64().and_then(number_from_f64).unwrap_or_else(|| n.clone())
    } else {
        n.clone()
    }
}

/// Largest magnitude up to which every whole `f64` is exact: 2 to the 53rd.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Makes a number from a float, as an integer where that is exact.
pub(super) fn number_from_f64(n: f64) -> Option<Number> {
    if n.fract() == 0.0 && n.abs() <= EXACT {
        Some(Number::from(n as i64))
    } else {
        Number::from_f64(n)
    }
}

/// Makes a number from a wide integer, as a float when it does not fit.
pub(super) fn number_from_i128(n: i128) -> Option<Number> {
    i64::try_from(n)
        .map(Number::from)
        .or_else(|_| u64::try_from(n).map(Number::from))
        .ok()
        .or_else(|| Number::from_f64(n as f64))
}

/// Gives a whole number exactly.
pub(super) fn as_i128(n: &Number) -> Option<i128> {
    n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from))
}

/// Orders two numbers by size.
pub(super) fn number_order(a: &Number, b: &Number) -> Ordering {
    if let (Some(a), Some(b)) = (as_i128(a), as_i128(b)) {
        return a.cmp(&b);
    }
    let float = |n: &Number| n.as_f64().unwrap_or_default();
    float(a).total_cmp(&float(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_floats_equal_integers() {
        assert_eq!(Value::from_json(&json!(1.0)), Value::from_json(&json!(1)));
        assert_ne!(Value::from_json(&json!(1.5)), Value::from_json(&json!(1)));
    }

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

    #[test]
    fn resolved_paths() {
        let value = Value::Map(BTreeMap::from([
            ("id".into(), Value::Unknown(Unknown::waiting_for("vpc.main.id"))),
            ("list".into(), Value::List(vec![1.into(), Value::from("x").mark()])),
        ]));
        let resolved = value.to_json_with_placeholders();
        assert_eq!(
            resolved.unknown,
            [(vec![PathStep::Key("id".into())], BTreeSet::from(["vpc.main.id".to_owned()]))]
        );
        assert_eq!(resolved.sensitive, [vec![PathStep::Key("list".into()), PathStep::Index(1)]]);
        assert_eq!(resolved.json["list"], json!([1, "x"]));
        assert!(is_placeholder(resolved.json["id"].as_str().unwrap()));
        assert_eq!(value.to_json().unwrap_err().refs, resolved.unknown[0].1);
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|b| json!(b)),
            any::<i64>().prop_map(|n| json!(n)),
            "[a-z]{0,6}".prop_map(|s| json!(s)),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|v| json!(v)),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|m| json!(m)),
            ]
        })
    }

    proptest! {
        #[test]
        fn placeholder_round_trip(refs in prop::collection::btree_set("[a-z_.\\[\\]\"-]{1,20}", 0..5)) {
            let text = unknown_placeholder(&refs);
            prop_assert!(is_placeholder(&text));
            prop_assert_eq!(placeholder_refs(&text), refs);
        }

        #[test]
        fn ordinary_strings_are_no_placeholders(s in "[ -~äé€]{0,20}") {
            prop_assert!(!is_placeholder(&s));
            prop_assert!(placeholder_refs(&s).is_empty());
        }

        #[test]
        fn json_round_trip(json in any_json()) {
            let value = Value::from_json(&json);
            prop_assert_eq!(value.to_json().unwrap(), json.clone());
            prop_assert_eq!(value.clone().mark().to_json().unwrap(), json);
            prop_assert_eq!(value.clone().mark().unmark_deep(), (value, true));
        }
    }
}
