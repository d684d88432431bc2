//! Brings what the stack says into a type's canonical form, with parts not known yet.

use super::resource::{Handler, ShapeError};
use crate::stack::SchemaView;
use crate::stack::value::{Path, PathStep, Resolved, unknown_placeholder};
use serde_json::{Value as Json, json};

/// Reads the value into the type's struct and writes it again; unknown parts stay placeholders.
///
/// Fails when the value does not fit the struct, or when something inside a set that is not a
/// string is unknown: its place in the canonical order could not be told.
pub fn canonical(handler: &dyn Handler, value: &Resolved) -> Result<Json, ShapeError> {
    let schema = handler.entry().spec();
    let mut json = value.json.clone();
    let mut put_back = Vec::new();
    for (path, refs) in &value.unknown {
        let Some((view, in_set)) = view_at(schema, path) else { continue };
        let Some(stand_in) = stand_in(view) else { continue };
        if in_set {
            return Err(ShapeError {
                path: text(path),
                message: format!(
                    "must be known before anything is changed, but waits for {}",
                    refs.iter().cloned().collect::<Vec<_>>().join(", ")
                ),
            });
        }
        if let Some(place) = at_mut(&mut json, path) {
            *place = stand_in;
            put_back.push((path, refs));
        }
    }
    let mut canonical = handler.normalize(&json)?;
    for (path, refs) in put_back {
        if let Some(place) = at_mut(&mut canonical, path) {
            *place = Json::String(unknown_placeholder(refs));
        }
    }
    remove_nulls(&mut canonical);
    Ok(canonical)
}

/// A path as people write it: `ingress[0].from_port`.
pub fn text(path: &Path) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            PathStep::Key(key) if text.is_empty() => text.push_str(key),
            PathStep::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            PathStep::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The schema at a path, and whether the path leads through a set.
fn view_at<'a>(schema: SchemaView<'a>, path: &Path) -> Option<(SchemaView<'a>, bool)> {
    let mut view = schema;
    let mut in_set = false;
    for step in path {
        view = match step {
            PathStep::Key(key) => view.property(key).or_else(|| view.values())?,
            PathStep::Index(_) => {
                in_set |= view.is_set();
                view.items()?
            }
        };
    }
    Some((view, in_set))
}

/// A valid value where a placeholder string would not fit; `None` where it does.
fn stand_in(view: SchemaView<'_>) -> Option<Json> {
    if let Some(first) = view.enum_values().first() {
        return Some(json!(first));
    }
    let types = view.types();
    if types.is_empty() || types.contains(&"string") {
        return None;
    }
    let number = || view.resolved().get("minimum").cloned().unwrap_or(json!(1));
    Some(match types[0] {
        "integer" | "number" => number(),
        "boolean" => json!(false),
        "array" => json!([]),
        _ => json!({}),
    })
}

fn at_mut<'a>(json: &'a mut Json, path: &Path) -> Option<&'a mut Json> {
    path.iter().try_fold(json, |place, step| match step {
        PathStep::Key(key) => place.get_mut(key),
        PathStep::Index(index) => place.get_mut(index),
    })
}

/// Absent and null are the same: not given.
fn remove_nulls(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(remove_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}
