//! What the stack wants of one instance.

use crate::aws::Scope;
use crate::aws::ownership::PROTECT;
use crate::engine::canonical::{self, canonical};
use crate::engine::diff;
use crate::engine::resource::Handler;
use crate::stack::value::{Resolved, Value};
use crate::stack::{BlockId, BoundWorkspace, Diagnostic, Diagnostics, Fields, Location, Objects};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What the stack wants of one instance.
#[derive(Clone, Debug)]
pub(in crate::engine) struct WantedSpec {
    /// Canonical, with placeholders.
    pub(in crate::engine) spec: Json,
    /// Every tag, with placeholders.
    pub(in crate::engine) tags: BTreeMap<String, Json>,
    /// Top-level fields, and tags as `tags.<key>`, whose value is sensitive.
    pub(in crate::engine) hidden: BTreeSet<String>,
    /// Whether the stanza protects it.
    pub(in crate::engine) protect: bool,
    /// Where its name stands in the file.
    pub(in crate::engine) name_at: Location,
}

/// A path below an address as a stack file would write it: `.routes[0].gateway_id`.
fn shown(path: &str) -> String {
    let step = |step: &str| match step.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{step}"),
    };
    path.split('.').filter(|s| !s.is_empty()).map(step).collect()
}

/// Evaluates one instance and brings it into canonical form; all problems point into the file.
pub(in crate::engine) fn evaluate_one(
    (scope, handler): (&Scope, &dyn Handler),
    bound: &BoundWorkspace,
    (block, key): (&BlockId, Option<&str>),
    fields: Fields,
    objects: &dyn Objects,
) -> Result<WantedSpec, Diagnostics> {
    let evaluated = bound.evaluate(block, key, fields, objects)?;
    let address = block.address(key);
    let spec = canonical(handler, &evaluated.attributes).map_err(|e| {
        let message = evaluated.attributes.masked(&e.message);
        Diagnostic::error("invalid_value", format!("{address}{}: {message}", shown(&e.path)))
            .at_location(Some(evaluated.locate_text(&e.path)))
    })?;
    let problems: Diagnostics = handler
        .validate(&spec)
        .into_iter()
        .map(|p| {
            let message = evaluated.attributes.masked(&p.message);
            Diagnostic::error("invalid_value", format!("{address}{}: {message}", shown(&p.path)))
                .at_location(Some(evaluated.locate_text(&p.path)))
        })
        .collect();
    if problems.has_errors() {
        return Err(problems);
    }
    let protect = bound.workspace.blocks.get(block).is_some_and(|b| b.protect);
    let name_at = evaluated.locate_text("name");
    let mut tags: BTreeMap<String, Json> = BTreeMap::new();
    let mut hidden = hidden_fields(&evaluated.attributes);
    for (name, value) in &evaluated.tags {
        if value.contains_sensitive() {
            hidden.insert(format!("tags.{name}"));
        }
        if let Some(value) = tag_value(value) {
            tags.insert(name.clone(), value);
        }
    }
    if handler.rules().unowned {
        return Ok(WantedSpec { spec, tags: BTreeMap::new(), hidden, protect, name_at });
    }
    for (name, value) in scope.identity_tags(&bound.workspace.name, &address) {
        tags.insert(name, Json::String(value));
    }
    if protect {
        tags.insert(PROTECT.to_owned(), Json::String("true".to_owned()));
    }
    Ok(WantedSpec { spec, tags, hidden, protect, name_at })
}

fn hidden_fields(resolved: &Resolved) -> BTreeSet<String> {
    let texts = resolved.sensitive.iter().map(canonical::text);
    texts.map(|t| diff::top(&t).to_owned()).collect()
}

/// A tag's value as a string or placeholder; null leaves the tag out.
fn tag_value(value: &Value) -> Option<Json> {
    match value.to_json_with_placeholders().json {
        Json::Null => None,
        Json::String(s) => Some(Json::String(s)),
        other => Some(Json::String(other.to_string())),
    }
}
