//! The contract between plan and apply: what was known in the plan comes out so, what was unknown
//! may become anything.

use crate::engine::diff;
use crate::engine::plan::{After, FieldChange};
use crate::engine::wanted::WantedObject;
use crate::stack::SchemaView;
use crate::stack::value::{contains_placeholder, is_placeholder};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Says where the values now wanted break the plan; empty when they fit.
///
/// `before` is what the plan compared with: the live object's spec, or nothing for a creation.
/// `part` tells which fields the step at hand is about.
pub(super) fn breaches(
    schema: SchemaView<'_>,
    planned: &[FieldChange],
    before: Option<&Json>,
    now: &Json,
    part: impl Fn(&FieldChange) -> bool,
) -> Vec<String> {
    let now = match before {
        Some(live) => diff::diff(schema, live, now),
        None => diff::creation(schema, now),
    };
    let planned = by_field(planned.iter().filter(|c| part(c)));
    let now = by_field(now.iter().filter(|c| part(c)));
    let fields: BTreeSet<&str> = planned.keys().chain(now.keys()).copied().collect();
    let mut found = Vec::new();
    for field in fields {
        let (planned, now) = (planned.get(field), now.get(field));
        match (planned, now) {
            // Whether the value may be shown, only the plan could say.
            (None, Some(_)) => found.push(format!("{field}: planned no change, now there is one")),
            (Some(planned), _) if planned.iter().any(|c| is_open(&c.after)) => {
                let now = now.map(Vec::as_slice).unwrap_or_default();
                if before.is_none() && !now.is_empty() && !fits(planned, now) {
                    found.push(differs(field, planned, now));
                }
            }
            (Some(planned), now) => {
                let now = now.map(Vec::as_slice).unwrap_or_default();
                if !equal(planned, now) {
                    found.push(differs(field, planned, now));
                }
            }
            (None, None) => {}
        }
    }
    found
}

/// The same for tags that the plan shows.
pub(super) fn tag_breaches(planned: &[FieldChange], wanted: &WantedObject) -> Vec<String> {
    let mut found = Vec::new();
    for change in planned.iter().filter(|c| !is_open(&c.after)) {
        let Some(key) = change.path.strip_prefix("tags.") else { continue };
        let After::Known(planned) = &change.after else { continue };
        let now = wanted.tags.get(key).map_or(Json::Null, |v| Json::String(v.clone()));
        if now != *planned && change.sensitive {
            found.push(format!("{}: another value than planned (sensitive)", change.path));
        } else if now != *planned {
            found.push(format!("{}: planned {planned}, now {now}", change.path));
        }
    }
    found
}

fn by_field<'a>(
    changes: impl Iterator<Item = &'a FieldChange>,
) -> BTreeMap<&'a str, Vec<&'a FieldChange>> {
    let mut by_field: BTreeMap<&str, Vec<&FieldChange>> = BTreeMap::new();
    for change in changes.filter(|c| diff::top(&c.path) != "tags") {
        by_field.entry(diff::top(&change.path)).or_default().push(change);
    }
    by_field
}

fn is_open(after: &After) -> bool {
    match after {
        After::Unknown(_) => true,
        After::Known(value) => diff::contains_placeholder(value),
    }
}

/// Compares two lists of changes of one field, whatever their order.
fn equal(planned: &[&FieldChange], now: &[&FieldChange]) -> bool {
    let key = |c: &&FieldChange| (c.path.clone(), after(&c.after));
    let mut planned: Vec<_> = planned.iter().map(key).collect();
    let mut now: Vec<_> = now.iter().map(key).collect();
    planned.sort();
    now.sort();
    planned == now
}

fn after(after: &After) -> String {
    match after {
        After::Known(value) => value.to_string(),
        After::Unknown(_) => "known after apply".to_owned(),
    }
}

/// Compares a creation's field, unknown in part, with what it became.
fn fits(planned: &[&FieldChange], now: &[&FieldChange]) -> bool {
    match (planned, now) {
        ([planned], [now]) => match (&planned.after, &now.after) {
            (After::Known(planned), After::Known(now)) => fits_value(planned, now),
            _ => true,
        },
        _ => true,
    }
}

/// A placeholder may become anything; everything else must stay. Elements that hold a placeholder
/// may move, because sets are sorted, or go, because nulls are dropped.
fn fits_value(planned: &Json, now: &Json) -> bool {
    match (planned, now) {
        (Json::String(s), _) if is_placeholder(s) => true,
        (Json::String(s), Json::String(now)) if contains_placeholder(s) => {
            let read = |text: &str| serde_json::from_str::<Json>(text);
            match (read(s), read(now)) {
                (Ok(planned), Ok(now)) => fits_value(&planned, &now),
                _ => true,
            }
        }
        (Json::Object(planned), Json::Object(now)) => {
            now.keys().all(|key| planned.contains_key(key))
                && planned.iter().all(|(key, p)| match now.get(key) {
                    Some(n) => fits_value(p, n),
                    None => diff::contains_placeholder(p) || p.is_null(),
                })
        }
        (Json::Array(planned), Json::Array(now))
            if planned.iter().any(diff::contains_placeholder) =>
        {
            let mut left: Vec<&Json> = now.iter().collect();
            let (open, known): (Vec<&Json>, Vec<&Json>) =
                planned.iter().partition(|p| diff::contains_placeholder(p));
            for p in known {
                match left.iter().position(|n| *n == p) {
                    Some(at) => drop(left.remove(at)),
                    None => return false,
                }
            }
            left.iter().all(|n| open.iter().any(|p| fits_value(p, n)))
        }
        _ => planned == now,
    }
}

fn differs(field: &str, planned: &[&FieldChange], now: &[&FieldChange]) -> String {
    if planned.iter().chain(now).any(|c| c.sensitive) {
        return format!("{field}: another value than planned (sensitive)");
    }
    format!("{field}: planned {}, now {}", show(planned), show(now))
}

fn show(changes: &[&FieldChange]) -> String {
    if changes.is_empty() {
        return "no change".to_owned();
    }
    let parts: Vec<String> = changes
        .iter()
        .map(|c| match &c.after {
            After::Unknown(_) => "(known after apply)".to_owned(),
            After::Known(value) if diff::contains_placeholder(value) => {
                "(known after apply)".to_owned()
            }
            After::Known(Json::Null) => format!("without {}", c.before),
            After::Known(value) => value.to_string(),
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::value::unknown_placeholder;
    use serde_json::json;

    fn schema() -> Json {
        json!({"properties": {
            "a": {"type": "integer"},
            "s": {"type": "string"},
            "secret": {"type": "string", "x-sensitive": true},
            "set": {"type": "array", "uniqueItems": true, "items": {"type": "string"}},
            "list": {"type": "array", "items": {"type": "object", "properties": {
                "to": {"type": "string"}, "via": {"type": "string"}}}}
        }})
    }

    fn unknown() -> String {
        unknown_placeholder(&BTreeSet::from(["vpc.main.id".to_owned()]))
    }

    fn created(planned: &Json, now: &Json) -> Vec<String> {
        let schema = schema();
        let view = SchemaView::new(&schema);
        breaches(view, &diff::creation(view, planned), None, now, |_| true)
    }

    fn updated(live: &Json, planned: &Json, now: &Json) -> Vec<String> {
        let schema = schema();
        let view = SchemaView::new(&schema);
        breaches(view, &diff::diff(view, live, planned), Some(live), now, |_| true)
    }

    #[test]
    fn a_creation_comes_out_as_planned() {
        let planned = json!({"a": 1, "s": unknown(), "set": ["x", unknown()]});
        let fine = json!({"a": 1, "s": "vpc-1", "set": ["a", "x"]});
        assert_eq!(created(&planned, &fine), Vec::<String>::new());
        let dropped = json!({"a": 1, "set": ["x"]});
        assert_eq!(created(&planned, &dropped), Vec::<String>::new());
        let other = json!({"a": 2, "s": "vpc-1", "set": ["y"]});
        assert_eq!(
            created(&planned, &other),
            ["a: planned 1, now 2", "set: planned (known after apply), now [\"y\"]"]
        );
        let more = json!({"a": 1, "s": "vpc-1", "set": ["x", "y"], "secret": "s"});
        assert_eq!(created(&planned, &more), ["secret: planned no change, now there is one"]);
    }

    #[test]
    fn elements_unknown_in_part_keep_what_is_known_of_them() {
        let planned = json!({"list": [{"to": "0/0", "via": unknown()}]});
        assert!(created(&planned, &json!({"list": [{"to": "0/0", "via": "gw"}]})).is_empty());
        assert_eq!(created(&planned, &json!({"list": [{"to": "1/1", "via": "gw"}]})).len(), 1);
    }

    #[test]
    fn an_update_makes_exactly_the_planned_change() {
        let live = json!({"a": 1, "s": "old", "set": ["x"]});
        let planned = json!({"a": 2, "s": unknown(), "set": ["x", "y"]});
        let fine = json!({"a": 2, "s": "old", "set": ["y", "x"]});
        assert_eq!(updated(&live, &planned, &fine), Vec::<String>::new());
        let other = json!({"a": 1, "s": "new", "set": ["x", "z"]});
        assert_eq!(
            updated(&live, &planned, &other),
            ["a: planned 2, now no change", "set: planned \"y\", now \"z\""]
        );
    }
}
