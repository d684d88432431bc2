//! Fingerprints of live objects: what a plan saw, to be compared just before a write.
//!
//! A fingerprint covers the id, the identity tags (with `infra:protect` and `infra:deposed`) and the
//! fields the plan compares: no status, nothing AWS or others decide, nothing sensitive, of which
//! not even a digest may be kept. It names its parts, each with a digest of its own, so that a
//! mismatch can say what changed.

use super::diff::{self, key_of};
use super::resource::{LiveObject, Standing};
use crate::aws::ownership::{DEPOSED, IDENTITY_KEYS, PROTECT};
use crate::stack::SchemaView;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Part that stands for the id; no field has such a name.
const ID: &str = "#id";
/// Part that stands for the tags.
const TAGS: &str = "#tags";
/// Stands before each path below a field that does not count.
const BUT: &str = " -";

/// Says which part of a fingerprint covers a top-level field, where others decide what `standing`
/// names: the field, and the paths below it that do not count. None where nothing of it does.
pub fn part(field: &str, standing: &[Standing]) -> Option<String> {
    let mut part = field.to_owned();
    for path in standing.iter().map(|one| &one.path).filter(|path| diff::top(path) == field) {
        if path == field || path.contains([',', '=', ' ']) {
            return None;
        }
        part = format!("{part}{BUT}{path}");
    }
    Some(part)
}

/// The top-level field that a part covers.
pub fn field(part: &str) -> &str {
    part.split(BUT).next().unwrap_or(part)
}

/// Digests a live object: its id, its identity tags, and these parts of its spec.
pub fn fingerprint<'a>(
    schema: SchemaView<'_>,
    live: &LiveObject,
    compared: impl IntoIterator<Item = &'a str>,
) -> String {
    let compared: BTreeSet<&str> = compared.into_iter().collect();
    let mut parts = vec![format!("{ID}={}", digest(&live.id)), format!("{TAGS}={}", tags(live))];
    parts.extend(compared.into_iter().map(|part| format!("{part}={}", value(schema, live, part))));
    parts.join(",")
}

/// Digests the id and the identity tags of a live object alone.
pub fn of_identity(live: &LiveObject) -> String {
    format!("{ID}={},{TAGS}={}", digest(&live.id), tags(live))
}

/// Names what no longer is as the fingerprint says, in words for the user; empty when all is.
pub fn mismatches(schema: SchemaView<'_>, fingerprint: &str, live: &LiveObject) -> Vec<String> {
    let mut found = Vec::new();
    for part in fingerprint.split(',') {
        let Some((name, seen)) = part.split_once('=') else {
            return vec!["the fingerprint cannot be read".to_owned()];
        };
        let now = match name {
            ID => digest(&live.id),
            TAGS => tags(live),
            part => value(schema, live, part),
        };
        if now != seen {
            found.push(match name {
                ID => "the id".to_owned(),
                TAGS => "the ownership tags".to_owned(),
                part => format!("`{}`", field(part)),
            });
        }
    }
    found
}

/// Lists the parts of the spec that a fingerprint covers.
pub fn parts(fingerprint: &str) -> BTreeSet<&str> {
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

fn value(schema: SchemaView<'_>, live: &LiveObject, part: &str) -> String {
    let mut steps = part.split(BUT);
    let field = steps.next().unwrap_or(part);
    let (but, value) = (steps.collect(), live.spec.get(field).unwrap_or(&Json::Null));
    match schema.property(field) {
        Some(view) => digest(&canonical(&what_counts(view, field, value, &but))),
        None => digest(&canonical(value)),
    }
}

/// Takes out what is sensitive and what stands at one of these paths, which are written as a
/// difference writes them.
fn what_counts(view: SchemaView<'_>, path: &str, value: &Json, but: &BTreeSet<&str>) -> Json {
    if view.is_sensitive() || but.contains(path) {
        return Json::Null;
    }
    match value {
        Json::Object(fields) => {
            let member = |(name, value): (&String, &Json)| {
                let inner = view.property(name).or_else(|| view.values()).unwrap_or(view);
                (name.clone(), what_counts(inner, &format!("{path}.{name}"), value, but))
            };
            Json::Object(fields.iter().map(member).collect())
        }
        Json::Array(items) => {
            let (inner, key) = (view.items().unwrap_or(view), view.key());
            let one = |(index, item): (usize, &Json)| {
                let label = if key.is_empty() { index.to_string() } else { key_of(item, &key) };
                what_counts(inner, &format!("{path}[{label}]"), item, but)
            };
            Json::Array(items.iter().enumerate().map(one).collect())
        }
        scalar => scalar.clone(),
    }
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

    fn schema() -> Json {
        json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "token": {"type": "string", "x-sensitive": true},
            "rules": {"type": "array"},
            "parts": {"type": "array", "x-key": ["name"], "items": {
                "type": "object",
                "properties": {"image": {}, "size": {}, "key": {"x-sensitive": true}},
            }},
        }})
    }

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
        let schema = schema();
        let schema = SchemaView::new(&schema);
        let seen = fingerprint(schema, &live(), ["rules", "name"]);
        let mut now = live();
        now.status = Status::Pending("modifying".into());
        now.out = json!({"id": "sg-1", "count": 2});
        now.tags.insert("Name".into(), "b".into());
        now.spec = json!({"name": "a", "rules": [{"port": 2}, {"port": 1}], "x": 2});
        assert!(mismatches(schema, &seen, &now).is_empty());
        assert_eq!(seen, fingerprint(schema, &now, ["name", "rules"]));
        assert_eq!(parts(&seen), BTreeSet::from(["name", "rules"]));
    }

    #[test]
    fn what_others_decide_and_what_is_sensitive_does_not_count() {
        let schema = schema();
        let schema = SchemaView::new(&schema);
        let standing = |path: &str| Standing { path: path.into(), owner: "others".into() };
        let others = [standing("name"), standing("parts[app].image")];
        assert_eq!(part("name", &others), None);
        assert_eq!(part("rules", &others).as_deref(), Some("rules"));
        assert_eq!(part("parts", &[standing("parts[a=b].image")]), None, "it cannot be written");
        let covered = part("parts", &others).unwrap();
        assert_eq!(field(&covered), "parts");
        let with = |image: &str, other: &str, key: &str, token: &str| {
            let app = json!({"name": "app", "image": image, "size": 1, "key": key});
            let log = json!({"name": "log", "image": other});
            LiveObject { spec: json!({"parts": [app, log], "token": token}), ..live() }
        };
        let seen = fingerprint(schema, &with("1", "x", "k", "t"), [covered.as_str(), "token"]);
        assert!(parts(&seen).contains(covered.as_str()));
        assert!(mismatches(schema, &seen, &with("2", "x", "l", "u")).is_empty());
        assert_eq!(mismatches(schema, &seen, &with("1", "y", "k", "t")), ["`parts`"]);
        let mut now = with("1", "x", "k", "t");
        now.spec["parts"][0]["size"] = json!(2);
        assert_eq!(mismatches(schema, &seen, &now), ["`parts`"]);
    }

    #[test]
    fn a_mismatch_is_named() {
        let schema = schema();
        let schema = SchemaView::new(&schema);
        let seen = fingerprint(schema, &live(), ["rules", "name"]);
        let mut now = live();
        now.spec["rules"][0]["port"] = json!(3);
        assert_eq!(mismatches(schema, &seen, &now), ["`rules`"]);
        now.tags.insert(PROTECT.into(), "true".into());
        assert_eq!(mismatches(schema, &seen, &now), ["the ownership tags", "`rules`"]);
        now.id = "sg-2".into();
        assert_eq!(mismatches(schema, &seen, &now)[0], "the id");
        assert!(!mismatches(schema, "", &live()).is_empty());
    }
}
