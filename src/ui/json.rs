//! The JSON documents of the contract (design section 4), and their schemas.
//!
//! The schemas in `src/ui/schemas` are generated from these structs; a test keeps them current.

use super::text::unglue;
use super::value::has_placeholder;
use super::{SCHEMA, plan};
use crate::engine::event::{Event, EventType};
use crate::engine::plan::{Action, After, Blocked, Change, OutputChange, Part, Plan, Reason};
use crate::stack::value::contains_placeholder;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A document as one line of text with a line break at its end.
pub fn line<T: Serialize>(document: &T) -> String {
    let mut text = serde_json::to_string(document).unwrap_or_default();
    text.push('\n');
    text
}

/// A document as indented text with a line break at its end.
pub fn pretty<T: Serialize>(document: &T) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// What `plan --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlanDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// What would change, by workspace and region.
    pub workspaces: Vec<WorkspaceDocument>,
    /// How many changes of each kind would be made.
    pub summary: SummaryDocument,
    /// AWS calls made to read the account.
    pub api_calls: u64,
    /// The same by `service.Operation`.
    pub calls_by_operation: BTreeMap<String, u64>,
    /// Sentences worth reading before saying yes.
    pub warnings: Vec<String>,
}

/// What would change in one workspace and region.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WorkspaceDocument {
    /// Name of the workspace.
    pub name: String,
    /// AWS region.
    pub region: String,
    /// One change per address.
    pub changes: Vec<ChangeDocument>,
    /// Outputs that change or are not known yet.
    pub outputs: Vec<OutputChangeDocument>,
}

/// What happens to one resource.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangeDocument {
    /// `type.name` or `type.name["key"]`.
    pub address: String,
    /// What happens.
    pub action: Action,
    /// Why, as one word; null when nothing happens.
    pub reason: Option<ReasonWord>,
    /// The address it had before.
    pub moved_from: Option<String>,
    /// What differs; of a creation, every field given.
    pub fields: Vec<FieldDocument>,
    /// What differs and stays as it is, because others decide it; left out where there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftFieldDocument>,
    /// Addresses this change waits for.
    pub depends_on: Vec<String>,
    /// AWS's id of the live object, when there is one.
    pub id: Option<String>,
    /// The live object was replaced by a newer one in an earlier run.
    pub deposed: bool,
    /// Why the change will not be made though it is wanted; null when it will be.
    pub blocked: Option<String>,
}

/// A field that differs and stays as it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LeftFieldDocument {
    /// Where, e.g. `desired_count`.
    pub path: String,
    /// Its value, which stays; null where it is hidden.
    pub value: Json,
    /// Who decides it.
    pub owner: String,
}

/// Why something happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonWord {
    /// Not in the account.
    Missing,
    /// Fields differ that can be changed in place.
    Changed,
    /// Fields differ that cannot be changed in place; each says `forces_replacement`.
    Immutable,
    /// The live one failed or cannot be used.
    Failed,
    /// The live one failed, and an update tries again.
    TriedAgain,
    /// It uses an object that is deleted to be made anew.
    Uses,
    /// Asked for with `--replace`.
    Requested,
    /// No longer in the stack file.
    NotInStack,
    /// Its `when` is false, or its key left `for_each`.
    NoInstance,
    /// Replaced by a newer one in an earlier run.
    Deposed,
    /// `destroy`.
    Destroy,
    /// Its address changed.
    Moved,
    /// Nothing differs, but it is not ready yet; apply waits for it.
    Settling,
}

impl From<&Reason> for ReasonWord {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Missing => Self::Missing,
            Reason::Changed => Self::Changed,
            Reason::Immutable { .. } => Self::Immutable,
            Reason::Failed { .. } => Self::Failed,
            Reason::TriedAgain { .. } => Self::TriedAgain,
            Reason::Uses { .. } => Self::Uses,
            Reason::Requested => Self::Requested,
            Reason::NotInStack => Self::NotInStack,
            Reason::NoInstance => Self::NoInstance,
            Reason::Deposed => Self::Deposed,
            Reason::Destroy => Self::Destroy,
            Reason::Moved => Self::Moved,
            Reason::Settling { .. } => Self::Settling,
        }
    }
}

/// One field that changes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FieldDocument {
    /// Path; an element of a set has the path of the set, with `before` or `after` null.
    pub path: String,
    /// Live value; null when there is none or it is sensitive.
    pub before: Json,
    /// Wanted value; null when there is none, it is sensitive, or wholly unknown.
    pub after: Json,
    /// False when a part of `after` is known only after apply; such parts are null.
    pub known: bool,
    /// The values are not shown.
    pub sensitive: bool,
    /// The difference forces a replacement.
    pub forces_replacement: bool,
}

/// One output that changes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutputChangeDocument {
    /// Name.
    pub name: String,
    /// Value now; null when there is none or it is sensitive.
    pub before: Json,
    /// Value after apply; null when there is none, it is sensitive, or wholly unknown.
    pub after: Json,
    /// False when a part of `after` is known only after apply.
    pub known: bool,
    /// The values are not shown.
    pub sensitive: bool,
}

/// How many changes of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SummaryDocument {
    /// To create.
    pub create: usize,
    /// To update in place.
    pub update: usize,
    /// To replace.
    pub replace: usize,
    /// To delete.
    pub delete: usize,
    /// Left alone.
    pub unchanged: usize,
    /// Wanted but blocked; counted nowhere else.
    pub blocked: usize,
}

impl PlanDocument {
    /// Makes the document of plans, one per region.
    pub fn new(plans: &[Plan]) -> Self {
        let sum = plan::summary(plans);
        let workspaces = plans.iter().flat_map(|plan| {
            plan.workspaces.iter().map(|workspace| WorkspaceDocument {
                name: workspace.name.clone(),
                region: plan.scope.region.clone(),
                changes: workspace.changes.iter().map(ChangeDocument::new).collect(),
                outputs: workspace.outputs.iter().map(OutputChangeDocument::new).collect(),
            })
        });
        Self {
            schema: SCHEMA.to_owned(),
            workspaces: workspaces.collect(),
            summary: SummaryDocument {
                create: sum.create,
                update: sum.update,
                replace: sum.replace,
                delete: sum.delete,
                unchanged: sum.unchanged,
                blocked: sum.blocked,
            },
            api_calls: plans.iter().map(|p| p.api_calls).sum(),
            calls_by_operation: calls_by_operation(plans),
            warnings: plans.iter().flat_map(|p| p.warnings.clone()).collect(),
        }
    }
}

/// Adds the calls of plans up, by `service.Operation`.
pub(super) fn calls_by_operation(plans: &[Plan]) -> BTreeMap<String, u64> {
    let mut calls = BTreeMap::new();
    for (name, number) in plans.iter().flat_map(|p| &p.calls_by_operation) {
        *calls.entry(name.clone()).or_default() += number;
    }
    calls
}

impl ChangeDocument {
    pub(super) fn new(change: &Change) -> Self {
        let field = |field: &crate::engine::plan::FieldChange| {
            let (after, known) = after_json(&field.after, field.sensitive);
            FieldDocument {
                path: field.path.clone(),
                before: if field.sensitive { Json::Null } else { field.before.clone() },
                after,
                known,
                sensitive: field.sensitive,
                forces_replacement: field.forces_replacement,
            }
        };
        Self {
            address: change.address.to_string(),
            action: change.action,
            reason: change.reason.as_ref().map(ReasonWord::from),
            moved_from: change.moved_from.as_ref().map(ToString::to_string),
            fields: change.fields.iter().map(field).collect(),
            left: change
                .left
                .iter()
                .map(|left| LeftFieldDocument {
                    path: left.path.clone(),
                    value: left.value.clone(),
                    owner: left.owner.clone(),
                })
                .collect(),
            depends_on: change.depends_on.iter().map(ToString::to_string).collect(),
            id: change.id.clone(),
            deposed: change.deposed,
            blocked: change
                .blocked
                .as_ref()
                .map(|b: &Blocked| unglue(&plan::blocked_words(&change.address, b))),
        }
    }
}

impl OutputChangeDocument {
    fn new(output: &OutputChange) -> Self {
        let (after, known) = after_json(&output.after, output.sensitive);
        Self {
            name: output.name.clone(),
            before: if output.sensitive { Json::Null } else { output.before.clone() },
            after,
            known,
            sensitive: output.sensitive,
        }
    }
}

/// The wanted value as JSON, and whether all of it is known.
fn after_json(after: &After, sensitive: bool) -> (Json, bool) {
    match after {
        After::Unknown(_) => (Json::Null, false),
        After::Known(value) => {
            let known = !has_placeholder(value);
            (if sensitive { Json::Null } else { without_placeholders(value) }, known)
        }
    }
}

fn without_placeholders(value: &Json) -> Json {
    match value {
        Json::String(text) if contains_placeholder(text) => Json::Null,
        Json::Array(items) => items.iter().map(without_placeholders).collect(),
        Json::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), without_placeholders(value))).collect()
        }
        other => other.clone(),
    }
}

/// One line of what `apply --format json` and `destroy --format json` print.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EventDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Workspace; null in a summary.
    pub workspace: Option<String>,
    /// AWS region.
    pub region: Option<String>,
    /// `type.name` or `type.name["key"]`; null in a summary.
    pub address: Option<String>,
    /// Step of the resource's life.
    pub part: Option<Part>,
    /// What happens to the resource.
    pub action: Option<Action>,
    /// What it waits for, why it failed or was skipped; of something done, its id; in a summary,
    /// what was done.
    pub reason: Option<String>,
    /// Milliseconds since the step began; in a summary, since the run began.
    pub elapsed_ms: u64,
}

impl From<&Event> for EventDocument {
    fn from(event: &Event) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            time: event.time.clone(),
            kind: event.kind,
            workspace: event.workspace.clone(),
            region: event.region.clone(),
            address: event.address.as_ref().map(ToString::to_string),
            part: event.part,
            action: event.action,
            reason: event.reason.clone(),
            elapsed_ms: event.elapsed_ms,
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// Stable name in snake case, e.g. `unknown_key`.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Path of the file, or the flag, such as `--var`.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// Why, one reason an element; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// `error` or `warning`.
    pub severity: SeverityWord,
}

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeverityWord {
    /// The command cannot go on.
    Error,
    /// Worth knowing.
    Warning,
}

/// What `validate --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ValidateDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// Whether there is no error.
    pub valid: bool,
    /// Everything found, warnings too.
    pub errors: Vec<ErrorDocument>,
}
