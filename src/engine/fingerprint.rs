//! Fingerprints of live objects: what a plan saw, to be compared just before a write.
//!
//! A fingerprint covers the id, the identity tags (with `infra:protect` and `infra:deposed`) and the
//! fields the plan compares, sensitive ones left out: no status, nothing AWS decides. It names its
//! parts, each with a digest of its own, so that a mismatch can say what changed.

use super::resource::LiveObject;
use crate::aws::ownership::{DEPOSED, IDENTITY_KEYS, PROTECT};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Part that stands for the id; no field has such a name.
const ID: &str = "#id";
/// Part that stands for the tags.
const TAGS: &str = "#tags";

/// Digests a live object: its id, its identity tags, and these top-level fields of its spec.
pub fn fingerprint<'a>(live: &LiveObject, compared: impl IntoIterator<Item = &'a str>) -> String {
    let fields: BTreeSet<&str> = compared.into_iter().collect();
    let mut parts = vec![format!("{ID}={}", digest(&live.id)), format!("{TAGS}={}", tags(live))];
    parts.extend(fields.into_iter().map(|field| format!("{field}={}", value(live, field))));
    parts.join(",")
}

/// Names what no longer is as the fingerprint says, in words for the user; empty when all is.
pub fn mismatches(fingerprint: &str, live: &LiveObject) -> Vec<String> {
    let mut found = Vec::new();
    for part in fingerprint.split(',') {
        let Some((name, seen)) = part.split_once('=') else {
            return vec!["the fingerprint cannot be read".to_owned()];
        };
        let now = match name {
            ID => digest(&live.id),
            TAGS => tags(live),
            field => value(live, field),
        };
        if now != seen {
            found.push(match name {
                ID => "the id".to_owned(),
                TAGS => "the ownership tags".to_owned(),
                field => format!("`{field}`"),
            });
        }
    }
    found
}

/// Lists the fields a fingerprint covers.
pub fn fields(fingerprint: &str) -> BTreeSet<&str> {
    fingerprint
        .split(',')
        .filter_map(|part| Some(part.split_once('=')?.0))
        .filter(|name| !name.starts_with('#'))
        .collect()
}

fn tags(live: &LiveObject) -> String {
    let keys = IDENTITY_KEYS.into_iter().chain([PROTECT, DEPOSED]);
    let seen: BTreeMap<&str, &str> =
        keys.filter_map(|key| Some((key, live.tags.get(key)?.as_str()))).collect();
    digest(&format!("{seen:?}"))
}

fn value(live: &LiveObject, field: &str) -> String {
    digest(&canonical(live.spec.get(field).unwrap_or(&Json::Null)))
}

/// Writes a value so that what AWS may give back in another order reads the same: keys and
/// elements are sorted, null members left out.
fn canonical(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            let mut items: Vec<String> = items.iter().map(canonical).collect();
            items.sort();
            format!("[{}]", items.join(","))
        }
        Json::Object(map) => {
            let mut members: Vec<String> = map
                .iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| format!("{k:?}:{}", canonical(v)))
                .collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        scalar => scalar.to_string(),
    }
}

/// The first 16 hexadecimal digits of a SHA-256.
fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..8])
}

/// Writes bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::ownership::RESOURCE;
    use crate::engine::resource::Status;
    use serde_json::json;

    fn live() -> LiveObject {
        LiveObject {
            id: "sg-1".into(),
            tags: [(RESOURCE.to_owned(), "sg.a".to_owned()), ("Name".to_owned(), "a".to_owned())]
                .into(),
            status: Status::Ready,
            spec: json!({"name": "a", "rules": [{"port": 1, "note": null}, {"port": 2}], "x": 1}),
            out: json!({"id": "sg-1", "count": 1}),
            holds: crate::engine::resource::Holds::default(),
        }
    }

    #[test]
    fn only_id_ownership_and_compared_fields_count() {
        let seen = fingerprint(&live(), ["rules", "name"]);
        let mut now = live();
        now.status = Status::Pending("modifying".into());
        now.out = json!({"id": "sg-1", "count": 2});
        now.tags.insert("Name".into(), "b".into());
        now.spec = json!({"name": "a", "rules": [{"port": 2}, {"port": 1}], "x": 2});
        assert!(mismatches(&seen, &now).is_empty());
        assert_eq!(seen, fingerprint(&now, ["name", "rules"]));
        assert_eq!(fields(&seen), BTreeSet::from(["name", "rules"]));
    }

    #[test]
    fn a_mismatch_is_named() {
        let seen = fingerprint(&live(), ["rules", "name"]);
        let mut now = live();
        now.spec["rules"][0]["port"] = json!(3);
        assert_eq!(mismatches(&seen, &now), ["`rules`"]);
        now.tags.insert(PROTECT.into(), "true".into());
        assert_eq!(mismatches(&seen, &now), ["the ownership tags", "`rules`"]);
        now.id = "sg-2".into();
        assert_eq!(mismatches(&seen, &now)[0], "the id");
        assert!(!mismatches("", &live()).is_empty());
    }
}
