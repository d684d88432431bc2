//! What came of a run.

use crate::engine::plan::{NodeId, Operation, Part, Plan};
use crate::stack::{Address, Diagnostics, Kind};
use std::time::Duration;

/// A step of the plan, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepName {
    /// Index in [`Plan::nodes`].
    pub node: NodeId,
    /// Workspace name.
    pub workspace: String,
    /// Address.
    pub address: Address,
    /// Which part of the resource.
    pub part: Part,
    /// What the step does.
    pub operation: Operation,
}

impl StepName {
    /// Names a step of a plan.
    pub fn of(plan: &Plan, node: NodeId) -> Self {
        let step = &plan.nodes[node];
        Self {
            node,
            workspace: plan.workspaces[step.workspace].name.clone(),
            address: plan.change(node).address.clone(),
            part: step.part,
            operation: step.operation,
        }
    }

    /// What the step does, as a noun phrase: `creation of vpc.main`.
    pub fn phrase(&self) -> String {
        let what = match (self.part, self.operation) {
            (Part::Quiesce, _) => "wind-down",
            (_, Operation::Create) => "creation",
            (_, Operation::Update) => "update",
            (Part::Late, Operation::Delete) => "detachment",
            (_, Operation::Delete) => "deletion",
            (_, Operation::Depose) => "retirement",
        };
        format!("{what} of {}", self.address)
    }
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Which.
    pub step: StepName,
    /// Why.
    pub diagnostics: Diagnostics,
}

/// A step that was not begun because of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Which.
    pub step: StepName,
    /// The step that failed.
    pub because: StepName,
}

/// A step left over by a run that was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which.
    pub step: StepName,
    /// Whether a call of it was made already; the next run takes it up from there.
    pub begun: bool,
}

/// What came of a run: each step of the plan is in exactly one of the four lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Steps done, in the order in which they ended.
    pub done: Vec<StepName>,
    /// Steps that failed.
    pub failed: Vec<Failed>,
    /// Steps not begun, because of those.
    pub skipped: Vec<Skipped>,
    /// Steps left over because the run was stopped.
    pub left: Vec<Left>,
    /// Whether the run was asked to stop before it was through.
    pub stopped: bool,
    /// Whether anything was written, or may have been.
    pub changed: bool,
    /// Changes that were wanted but are blocked; no step belongs to them.
    pub blocked: usize,
    /// How long it took.
    pub elapsed: Duration,
}

impl Outcome {
    /// Tells whether the account now is as the plan wanted it.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && self.left.is_empty()
    }

    /// Tells whether a step failed for this kind of reason.
    fn failed_as(&self, kind: Kind) -> bool {
        self.failed.iter().any(|f| f.diagnostics.0.iter().any(|d| d.kind == kind))
    }

    /// Returns the exit code of the contract: the strongest of those that hold.
    pub fn exit_code(&self) -> u8 {
        let holds = [
            (!self.is_complete() && !self.changed, Kind::Input),
            (!self.is_complete() && self.changed, Kind::Partial),
            (self.blocked > 0 || self.failed_as(Kind::Blocked), Kind::Blocked),
            (self.failed_as(Kind::Stale), Kind::Stale),
            (self.failed_as(Kind::Locked), Kind::Locked),
            (self.stopped, Kind::Interrupted),
        ];
        holds.iter().filter(|(h, _)| *h).map(|(_, kind)| kind.exit_code()).max().unwrap_or(0)
    }
}
