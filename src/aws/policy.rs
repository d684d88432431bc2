//! JSON policy documents in canonical form, so that two spellings of one policy are no difference.

use crate::stack::value::{each_string, is_placeholder, placeholder_refs, unknown_placeholder};
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A policy document: JSON text, or the same as a table. AWS's own spelling variants are equal: the
/// order of keys, one value or a list of one, an account's id or its root user.
///
/// With any value in it not known yet, the whole document is not known yet: it is one text to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument(String);

impl PolicyDocument {
    /// Reads a document from JSON text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if is_placeholder(text) {
            return Ok(Self(text.to_owned()));
        }
        let json: Json =
            serde_json::from_str(text).map_err(|e| format!("the policy is not valid JSON: {e}"))?;
        Self::of_json(json)
    }

    /// Reads a document from a table.
    pub fn of_json(json: Json) -> Result<Self, String> {
        if !json.is_object() {
            return Err("a policy is a JSON object with a `Statement`".into());
        }
        if let Some(unknown) = unknown(&json) {
            return Ok(Self(unknown));
        }
        Ok(Self(canonical(json, None).to_string()))
    }

    /// Takes what AWS says, URL-encoded or not; a text that is no policy stays as it is.
    pub fn of_aws(text: &str) -> Self {
        let decoded = if text.trim_start().starts_with('{') {
            Cow::Borrowed(text)
        } else {
            percent_decode_str(text).decode_utf8_lossy()
        };
        Self::parse(&decoded).unwrap_or_else(|_| Self(decoded.into_owned()))
    }

    /// The document as compact JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The placeholder of a whole text in which some value is not known yet; `None` when all are.
pub(crate) fn unknown(json: &Json) -> Option<String> {
    let mut waits_for = BTreeSet::new();
    each_string(json, &mut |text| {
        if is_placeholder(text) {
            waits_for.extend(placeholder_refs(text));
        }
    });
    (!waits_for.is_empty()).then(|| unknown_placeholder(&waits_for))
}

/// Keys below which every value is a set: order and doubles do not matter.
const SETS: &[&str] = &["Action", "NotAction", "Resource", "NotResource"];
const PRINCIPALS: &[&str] = &["Principal", "NotPrincipal"];

/// Brings a value into one spelling. `under` is the nearest key that decides what lists mean.
fn canonical(json: Json, under: Option<&str>) -> Json {
    match json {
        Json::Object(map) => {
            let mut sorted: Vec<_> = map.into_iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            let known = |key: &str| SETS.contains(&key) || PRINCIPALS.contains(&key);
            let entries = sorted.into_iter().map(|(key, value)| {
                let scope = match under {
                    // Below these, keys are operators, condition keys and kinds of principal.
                    Some(outer @ ("Condition" | "Principal" | "NotPrincipal")) => outer.to_owned(),
                    _ if known(&key) || key == "Condition" => key.clone(),
                    _ => String::new(),
                };
                let value = if key == "Statement" && under.is_none() && value.is_object() {
                    Json::Array(vec![value])
                } else {
                    value
                };
                let scope = Some(scope.as_str()).filter(|s| !s.is_empty()).or(Some(""));
                (key, canonical(value, scope))
            });
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Json::Array(items) => {
            let set = under
                .is_some_and(|u| SETS.contains(&u) || PRINCIPALS.contains(&u) || u == "Condition");
            let mut items: Vec<_> = items.into_iter().map(|i| canonical(i, under)).collect();
            if set {
                items.sort_by_key(Json::to_string);
                items.dedup();
                if items.len() == 1 {
                    return items.remove(0);
                }
            }
            Json::Array(items)
        }
        Json::String(text) if under.is_some_and(|u| PRINCIPALS.contains(&u)) => {
            Json::String(principal(text))
        }
        // AWS gives condition values back as strings.
        Json::Bool(value) if under == Some("Condition") => Json::String(value.to_string()),
        Json::Number(value) if under == Some("Condition") => Json::String(value.to_string()),
        other => other,
    }
}

/// Shortens `arn:aws:iam::123456789012:root` to the account id.
fn principal(text: String) -> String {
    let mut parts = text.split(':');
    let root = parts.next() == Some("arn")
        && parts.next().is_some()
        && parts.next() == Some("iam")
        && parts.next() == Some("");
    match (root, parts.next(), parts.next(), parts.next()) {
        (true, Some(account), Some("root"), None) => account.to_owned(),
        _ => text,
    }
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = match Json::deserialize(deserializer)? {
            Json::String(text) => Self::parse(&text),
            json => Self::of_json(json),
        };
        document.map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for PolicyDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PolicyDocument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object"], "format": "policy" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn spellings_of_one_policy_are_equal() {
        let a = PolicyDocument::parse(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*"],
                "Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Resource":["b","a"],
                "Condition":{"Bool":{"aws:SecureTransport":true}}}}"#,
        );
        let b = PolicyDocument::of_json(json!({
            "Statement": [{"Resource": ["a", "b"], "Principal": {"AWS": ["123456789012"]},
                "Action": "s3:Get*", "Effect": "Allow",
                "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}],
            "Version": "2012-10-17"
        }));
        assert_eq!(a.unwrap(), b.unwrap());
    }

    #[test]
    fn other_policies_are_not_equal() {
        let base =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a"}]});
        let document = |json: Json| PolicyDocument::of_json(json).unwrap();
        let mut deny = base.clone();
        deny["Statement"][0]["Effect"] = "Deny".into();
        let mut version = base.clone();
        version["Version"] = "2008-10-17".into();
        assert_ne!(document(base.clone()), document(deny));
        assert_ne!(document(base.clone()), document(version));
        let more = json!({"Version": "2012-10-17", "Statement": [base["Statement"][0], {}]});
        assert_ne!(document(base), document(more));
    }

    #[test]
    fn what_iam_says_is_decoded() {
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        let plain = PolicyDocument::parse(r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
        assert_eq!(PolicyDocument::of_aws(encoded), plain);
    }

    #[test]
    fn a_policy_with_a_value_not_known_yet_is_not_known_yet() {
        let waits_for =
            |names: &[&str]| unknown_placeholder(&names.iter().map(|n| (*n).to_owned()).collect());
        let document = PolicyDocument::of_json(json!({"Statement": [
            {"Resource": waits_for(&["table.a.arn"])},
            {"Resource": [waits_for(&["table.b.arn"])]},
        ]}))
        .unwrap();
        assert_eq!(document.as_str(), waits_for(&["table.a.arn", "table.b.arn"]));
        let again = serde_json::to_value(&document).unwrap();
        assert_eq!(serde_json::from_value::<PolicyDocument>(again).unwrap(), document);
    }

    #[test]
    fn invalid_json_is_refused() {
        assert!(PolicyDocument::parse("{").unwrap_err().contains("not valid JSON"));
        assert!(serde_json::from_value::<PolicyDocument>(json!([])).is_err());
    }
}
