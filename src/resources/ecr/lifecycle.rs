//! Lifecycle policies in canonical form, so that two spellings of one policy are no difference.

use crate::aws::policy::unknown;
use crate::stack::value::is_placeholder;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::borrow::Cow;

/// A lifecycle policy: JSON text, or the same as a table. Keys and rules may stand in any order;
/// with any value in it not known yet, the whole is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicy(String);

impl LifecyclePolicy {
    /// Stands for no policy.
    pub fn none() -> Self {
        Self(json!({ "rules": [] }).to_string())
    }

    /// Takes what AWS says; a text that is no policy stays as it is.
    pub fn of_aws(text: &str) -> Self {
        let json = serde_json::from_str(text).map_err(|e: serde_json::Error| e.to_string());
        json.and_then(Self::of_json).unwrap_or_else(|_| Self(text.to_owned()))
    }

    fn of_json(json: Json) -> Result<Self, String> {
        if let Some(unknown) = unknown(&json) {
            return Ok(Self(unknown));
        }
        let Some(rules) = json.get("rules").and_then(Json::as_array) else {
            return Err("a lifecycle policy is a table with `rules`".into());
        };
        let mut rules: Vec<Json> = rules.iter().cloned().map(sorted).collect();
        rules.sort_by_key(|rule| rule.get("rulePriority").and_then(Json::as_i64));
        Ok(Self(json!({ "rules": rules }).to_string()))
    }

    /// Tells whether it has no rules.
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// The policy as compact JSON.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Brings keys and lists of tags into one order; a whole number may be written as a fraction.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        Json::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(sorted).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        Json::Number(number) => match number.as_f64() {
            Some(whole) if number.is_f64() && whole.fract() == 0.0 => json!(whole as i64),
            _ => Json::Number(number),
        },
        other => other,
    }
}

impl Serialize for LifecyclePolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LifecyclePolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let policy = match Json::deserialize(deserializer)? {
            Json::String(text) if is_placeholder(&text) => Ok(Self(text)),
            Json::String(text) => serde_json::from_str(&text)
                .map_err(|e| format!("the policy is not valid JSON: {e}"))
                .and_then(Self::of_json),
            json => Self::of_json(json),
        };
        policy.map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for LifecyclePolicy {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "LifecyclePolicy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object"], "format": "policy" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::value::unknown_placeholder;
    use std::collections::BTreeSet;

    fn read(json: Json) -> LifecyclePolicy {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn spellings_of_one_policy_are_equal() {
        let table = json!({ "rules": [
            { "rulePriority": 2, "selection": { "tagStatus": "any" } },
            { "rulePriority": 1, "selection": { "tagPrefixList": ["b", "a"], "countNumber": 5 } },
        ]});
        let text = r#"{"rules":[
            {"selection":{"countNumber":5.0,"tagPrefixList":["a","b"]},"rulePriority":1},
            {"selection":{"tagStatus":"any"},"rulePriority":2}]}"#;
        assert_eq!(read(table.clone()), read(json!(text)));
        assert_eq!(read(table), LifecyclePolicy::of_aws(text));
        assert!(read(json!({ "rules": [] })).is_none());
        assert!(serde_json::from_value::<LifecyclePolicy>(json!({ "rule": [] })).is_err());
    }

    #[test]
    fn a_policy_with_a_value_not_known_yet_is_not_known_yet() {
        let unknown = unknown_placeholder(&BTreeSet::from(["local.keep".to_owned()]));
        let policy = read(json!({ "rules": [{ "countNumber": unknown }] }));
        assert!(is_placeholder(policy.text()));
        assert_eq!(read(json!(policy.text())), policy);
    }
}
