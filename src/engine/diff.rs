//! The one diff: what differs between a live object and what the stack wants.
//!
//! Only what is given is compared. Both sides went through the same struct, so canonical forms
//! agree; sets, lists and maps choose the comparison by their schema.

use super::plan::{After, FieldChange, LeftField};
use super::resource::{Changed, Standing};
use crate::aws::Tags;
use crate::stack::SchemaView;
use crate::stack::value::{self, is_placeholder, placeholder_refs};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Marks inherited from the fields around a value.
#[derive(Clone, Copy, Default)]
struct Marks {
    immutable: bool,
    late: bool,
    sensitive: bool,
    whole: bool,
}

impl Marks {
    fn under(self, view: &SchemaView<'_>) -> Self {
        Self {
            immutable: self.immutable || view.is_immutable(),
            late: self.late || view.is_late(),
            sensitive: self.sensitive || view.is_sensitive(),
            whole: self.whole || view.is_whole(),
        }
    }
}

/// Lists what must change for `live` to become `want`; both in canonical form.
///
/// Fields absent or null in `want` are not managed. Placeholders in `want` stand for values known
/// after apply and always differ.
pub fn diff(schema: SchemaView<'_>, live: &Json, want: &Json) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let Some(fields) = want.as_object() else { return changes };
    for (name, value) in fields {
        let Some(view) = schema.property(name) else { continue };
        if view.is_write_only() {
            continue;
        }
        let before = live.get(name).unwrap_or(&Json::Null);
        compare(view, name, (before, value), Marks::default().under(&view), &mut changes);
    }
    changes
}

/// Lists every field given, as a creation shows it.
pub fn creation(schema: SchemaView<'_>, want: &Json) -> Vec<FieldChange> {
    let fields = want.as_object().into_iter().flatten();
    let mut changes = Vec::new();
    for (name, value) in fields.filter(|(_, value)| !value.is_null()) {
        let Some(view) = schema.property(name) else { continue };
        let marks = Marks { immutable: false, ..Marks::default().under(&view) };
        match value.as_object().filter(|map| is_map(view) && !map.is_empty()) {
            // One by one, as an update shows them.
            Some(map) => changes.extend(map.iter().map(|(key, value)| {
                change(&format!("{name}.{key}"), Json::Null, after(value), marks)
            })),
            None => changes.push(change(name, Json::Null, after(value), marks)),
        }
    }
    changes
}

/// Tells whether the keys of an object are the user's.
fn is_map(view: SchemaView<'_>) -> bool {
    view.values().is_some() && view.properties().is_empty()
}

/// Lists tags to set or, where they are ours and no longer wanted, to remove. Tags of others stay.
pub fn tags(live: &Tags, want: &BTreeMap<String, Json>, remove: &[&str]) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (key, value) in want {
        let before = live.get(key).map_or(Json::Null, |v| Json::String(v.clone()));
        if before != *value {
            let path = format!("tags.{key}");
            changes.push(change(&path, before, after(value), Marks::default()));
        }
    }
    for key in remove {
        if let Some(before) = live.get(*key).filter(|_| !want.contains_key(*key)) {
            let path = format!("tags.{key}");
            let gone = After::Known(Json::Null);
            changes.push(change(&path, Json::String(before.clone()), gone, Marks::default()));
        }
    }
    changes
}

/// Takes out what others decide, and tells what that is.
pub fn leave(changes: &mut Vec<FieldChange>, standing: &[Standing]) -> Vec<LeftField> {
    let mut left = Vec::new();
    changes.retain(|change| {
        let Some(one) = standing.iter().find(|one| one.path == change.path) else { return true };
        let value = if change.sensitive { Json::Null } else { change.before.clone() };
        left.push(LeftField { path: change.path.clone(), value, owner: one.owner.clone() });
        false
    });
    left
}

/// Tells which fields the stack says nothing of have a value that others gave them.
pub fn given_by_others(
    schema: SchemaView<'_>,
    (live, wanted): (&Json, &Json),
    standing: &[Standing],
) -> Vec<LeftField> {
    let said = |path: &str| wanted.get(path).is_some_and(|value| !value.is_null());
    let left = |one: &Standing| {
        let value = live.get(&one.path).filter(|value| !value.is_null() && !said(&one.path))?;
        let hidden = schema.property(&one.path).is_some_and(|view| view.is_sensitive());
        let value = if hidden { Json::Null } else { value.clone() };
        Some(LeftField { path: one.path.clone(), value, owner: one.owner.clone() })
    };
    standing.iter().filter_map(left).collect()
}

/// Names the top-level fields that differ, tags left out.
pub fn changed(fields: &[FieldChange]) -> Changed {
    let tops = fields.iter().map(|f| top(&f.path)).filter(|t| *t != "tags");
    Changed(tops.map(str::to_owned).collect())
}

/// The top-level field of a path.
pub fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// Tells whether a value or anything in it is known only after apply.
pub fn contains_placeholder(value: &Json) -> bool {
    match value {
        Json::String(s) => value::contains_placeholder(s),
        Json::Array(items) => items.iter().any(contains_placeholder),
        Json::Object(map) => map.values().any(contains_placeholder),
        _ => false,
    }
}

fn after(value: &Json) -> After {
    match value {
        Json::String(s) if is_placeholder(s) => {
            After::Unknown(placeholder_refs(s).into_iter().collect())
        }
        _ => After::Known(value.clone()),
    }
}

fn change(path: &str, before: Json, after: After, marks: Marks) -> FieldChange {
    FieldChange {
        path: path.to_owned(),
        before,
        after,
        sensitive: marks.sensitive,
        forces_replacement: marks.immutable,
        late: marks.late,
    }
}

/// Compares one value; pushes what differs.
fn compare(
    view: SchemaView<'_>,
    path: &str,
    (before, want): (&Json, &Json),
    marks: Marks,
    out: &mut Vec<FieldChange>,
) {
    match want {
        Json::Null => {}
        Json::String(s) if is_placeholder(s) => {
            out.push(change(path, before.clone(), after(want), marks));
        }
        Json::Object(fields) if before.is_object() => {
            for (key, value) in fields {
                let inner = view.property(key).or_else(|| view.values()).unwrap_or(view);
                if inner.is_write_only() {
                    continue;
                }
                let marks = marks.under(&inner);
                let before = before.get(key).unwrap_or(&Json::Null);
                compare(inner, &format!("{path}.{key}"), (before, value), marks, out);
            }
            if is_map(view) || marks.whole {
                for (key, before) in before.as_object().into_iter().flatten() {
                    if !fields.contains_key(key) {
                        let gone = After::Known(Json::Null);
                        out.push(change(&format!("{path}.{key}"), before.clone(), gone, marks));
                    }
                }
            }
        }
        Json::Array(items) if view.is_set() || !view.key().is_empty() => {
            let empty = Vec::new();
            let before = before.as_array().unwrap_or(&empty);
            compare_set(view, path, (before, items), marks, out);
        }
        Json::Array(items) => match (before.as_array(), view.items()) {
            (Some(old), Some(inner)) if old.len() == items.len() => {
                for (index, (old, new)) in old.iter().zip(items).enumerate() {
                    let marks = marks.under(&inner);
                    compare(inner, &format!("{path}[{index}]"), (old, new), marks, out);
                }
            }
            (None, _) if items.is_empty() => {}
            _ => out.push(change(path, before.clone(), after(want), marks)),
        },
        _ if same_scalar(before, want) => {}
        _ => out.push(change(path, before.clone(), after(want), marks)),
    }
}

fn same_scalar(a: &Json, b: &Json) -> bool {
    a == b || matches!((a.as_f64(), b.as_f64()), (Some(x), Some(y)) if x.total_cmp(&y).is_eq())
}

/// Matches the elements of two sets as well as can be; what is left over was added or removed.
fn compare_set(
    view: SchemaView<'_>,
    path: &str,
    (old, new): (&[Json], &[Json]),
    marks: Marks,
    out: &mut Vec<FieldChange>,
) {
    let inner = view.items().unwrap_or(view);
    let equal = |o: &Json, n: &Json| {
        let mut found = Vec::new();
        compare(inner, path, (o, n), marks, &mut found);
        found.is_empty() && kind(o) == kind(n)
    };
    let candidates: Vec<Vec<usize>> = new
        .iter()
        .map(|n| {
            (0..old.len())
                .filter(|&at| old[at] == *n)
                .chain((0..old.len()).filter(|&at| old[at] != *n && equal(&old[at], n)))
                .collect()
        })
        .collect();
    let matched = best_matching(&candidates, old.len());
    let mut old_left: Vec<usize> =
        (0..old.len()).filter(|at| !matched.contains(&Some(*at))).collect();
    let mut added = Vec::new();
    let key = view.key();
    for (at, n) in new.iter().enumerate() {
        if matched[at].is_some() {
            continue;
        }
        let same_key = |o: &Json| !key.is_empty() && keys_of(o, &key) == keys_of(n, &key);
        match old_left.iter().position(|&o| same_key(&old[o])) {
            Some(position) => {
                let o = &old[old_left.remove(position)];
                let path = format!("{path}[{}]", key_of(n, &key));
                let mut found = Vec::new();
                compare(inner, &path, (o, n), marks, &mut found);
                // A field that was not there takes the place of another, such as a route's target.
                if !marks.whole && found.iter().any(|c| c.before.is_null()) {
                    let (before, now) = (without(o, &key), without(n, &key));
                    found = vec![change(&path, before, After::Known(now), marks)];
                }
                out.extend(found);
            }
            None => added.push(n),
        }
    }
    for o in old_left {
        out.push(change(path, old[o].clone(), After::Known(Json::Null), marks));
    }
    for n in added {
        out.push(change(path, Json::Null, after(n), marks));
    }
}

fn without(value: &Json, key: &[&str]) -> Json {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.retain(|name, _| !key.contains(&name.as_str()));
    }
    value
}

fn kind(value: &Json) -> u8 {
    match value {
        Json::Null => 0,
        Json::Bool(_) => 1,
        Json::Number(_) => 2,
        Json::String(_) => 3,
        Json::Array(_) => 4,
        Json::Object(_) => 5,
    }
}

/// How paths name an element of a list whose elements are matched by these fields.
pub(super) fn key_of(value: &Json, key: &[&str]) -> String {
    keys_of(value, key).into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn keys_of(value: &Json, key: &[&str]) -> Vec<Option<String>> {
    key.iter()
        .map(|name| match value.get(name) {
            None | Some(Json::Null) => None,
            Some(Json::String(s)) => Some(s.clone()),
            Some(other) => Some(other.to_string()),
        })
        .collect()
}

/// Bipartite matching by augmenting paths: for each new element the old one it equals, if any.
fn best_matching(candidates: &[Vec<usize>], old_len: usize) -> Vec<Option<usize>> {
    fn augment(
        at: usize,
        candidates: &[Vec<usize>],
        seen: &mut [bool],
        taken: &mut [Option<usize>],
    ) -> bool {
        for &old in &candidates[at] {
            if std::mem::replace(&mut seen[old], true) {
                continue;
            }
            let free = match taken[old] {
                None => true,
                Some(other) => augment(other, candidates, seen, taken),
            };
            if free {
                taken[old] = Some(at);
                return true;
            }
        }
        false
    }
    let mut taken: Vec<Option<usize>> = vec![None; old_len];
    for at in 0..candidates.len() {
        augment(at, candidates, &mut vec![false; old_len], &mut taken);
    }
    let mut matched = vec![None; candidates.len()];
    for (old, new) in taken.iter().enumerate() {
        if let Some(new) = new {
            matched[*new] = Some(old);
        }
    }
    matched
}

#[cfg(test)]
mod tests;
