//! Values from JSON and to JSON.

use std::collections::BTreeSet;

use super::Value;
use super::number::normalise;
use super::placeholder::unknown_placeholder;

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
    /// The JSON; each path of `unknown` holds a placeholder (see [`super::is_placeholder`]).
    pub json: serde_json::Value,
    /// Where a value is known only after apply, and what it waits for.
    pub unknown: Vec<(Path, BTreeSet<String>)>,
    /// Where a value is sensitive, with everything beneath.
    pub sensitive: Vec<Path>,
}

impl Resolved {
    /// Masks the sensitive values in a text that others made of this one, an error say. Values of
    /// fewer than four characters stay: they are parts of common words.
    pub fn masked(&self, text: &str) -> String {
        let mut secrets = BTreeSet::new();
        for path in &self.sensitive {
            let mut value = Some(&self.json);
            for step in path {
                value = value.and_then(|value| match step {
                    PathStep::Key(key) => value.get(key),
                    PathStep::Index(index) => value.get(index),
                });
            }
            scalars(value.unwrap_or(&serde_json::Value::Null), &mut secrets);
        }
        let mut secrets: Vec<String> = secrets.into_iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "(sensitive)"))
    }
}

/// Collects texts and numbers of at least four characters.
fn scalars(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    let scalar = match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Array(items) => return items.iter().for_each(|v| scalars(v, found)),
        serde_json::Value::Object(map) => return map.values().for_each(|v| scalars(v, found)),
        _ => return,
    };
    if scalar.chars().count() >= 4 {
        found.insert(scalar);
    }
}

/// A value that cannot become JSON because part of it is known only after apply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("known only after apply: waits for {}", .refs.iter().cloned().collect::<Vec<_>>().join(", "))]
pub struct NotKnown {
    /// What it waits for.
    pub refs: BTreeSet<String>,
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
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::stack::value::{Unknown, is_placeholder};

    #[test]
    fn whole_floats_equal_integers() {
        assert_eq!(Value::from_json(&json!(1.0)), Value::from_json(&json!(1)));
        assert_ne!(Value::from_json(&json!(1.5)), Value::from_json(&json!(1)));
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

    #[test]
    fn what_is_sensitive_is_masked_and_the_rest_stays() {
        let key = |key: &str| PathStep::Key(key.to_owned());
        let resolved = Resolved {
            json: json!({"type": "hunter2", "list": [{"pin": 123_456}, "open"], "short": "a"}),
            unknown: Vec::new(),
            sensitive: vec![
                vec![key("type")],
                vec![key("list"), PathStep::Index(0)],
                vec![key("short")],
                vec![key("gone")],
            ],
        };
        let told = resolved.masked("unknown value `hunter2`, not open, nor 123456 or a");
        assert_eq!(told, "unknown value `(sensitive)`, not open, nor (sensitive) or a");
    }

    proptest! {
        #[test]
        fn json_round_trip(json in any_json()) {
            let value = Value::from_json(&json);
            prop_assert_eq!(value.to_json().unwrap(), json.clone());
            prop_assert_eq!(value.clone().mark().to_json().unwrap(), json);
            prop_assert_eq!(value.clone().mark().unmark_deep(), (value, true));
        }
    }
}
