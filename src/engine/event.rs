//! What the executor tells while it works; `ui` shows it as lines, a live display, or NDJSON.

use super::plan::{Action, Part};
use crate::stack::Address;
use serde::Serialize;

/// Kind of an event (contract, design section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// The change is part of the plan now carried out.
    Planned,
    /// Work on a step began.
    Started,
    /// A step waits; the reason says for what.
    Waiting,
    /// A step is done.
    Done,
    /// A step failed; the reason says why.
    Failed,
    /// A step was not begun; the reason says because of what.
    Skipped,
    /// The run is over.
    Summary,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// RFC 3339, UTC.
    pub time: String,
    /// Kind.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Workspace, absent in a summary.
    pub workspace: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Address, absent in a summary.
    pub address: Option<Address>,
    /// Step.
    pub part: Option<Part>,
    /// What happens to the resource; of a replacement's two halves, `delete` or `create`; of a
    /// step that clears late fields, `delete`.
    pub action: Option<Action>,
    /// Why it waits, failed or was skipped; of a creation that is done, the id; of an old one that
    /// is marked as replaced, that; in a summary, what was done.
    pub reason: Option<String>,
    /// Milliseconds since the step began; in a summary, since the run began.
    pub elapsed_ms: u64,
}

/// Receives events as they happen; must not block.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);

    /// Takes a wait of which only numbers changed since it was told: worth showing where it takes
    /// the place of what was shown before, and nowhere else.
    fn moved(&self, _: &Event) {}
}
