//! One run against one account, region and environment: what the verbs call.

mod binding;
mod graph;
mod in_use;
mod live;
mod planning;
mod regions;
mod stack_wanted;
mod validation;

use super::plan::Plan;
use super::planner::GlobalName;
use super::resource::{Registry, Snapshot};
use crate::aws::Scope;
use crate::stack::{Environment, Inputs, Project};
use std::sync::Arc;

pub(super) use binding::are;
pub use graph::{End, GraphBlock, GraphWorkspace, Need, NeedKind, StackGraph};
pub use live::Owned;
pub use regions::one_region_each;
pub use stack_wanted::StackWanted;

/// Files, inputs and types of a run; the account is reached through [`crate::aws::Cx`] beside it.
pub struct Session {
    /// All types.
    pub registry: Arc<Registry>,
    /// Everything from disk.
    pub project: Project,
    /// The chosen environment.
    pub environment: Environment,
    /// What the run gives beside the files.
    pub inputs: Inputs,
    /// The region of this run.
    pub region: String,
}

/// A plan and what it takes to carry it out.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What the stack wants, to be evaluated again as objects become known.
    pub stack: StackWanted,
    /// What the account had.
    pub snapshot: Snapshot,
    /// Names that must be given in one region only.
    pub global_names: Vec<GlobalName>,
}

impl Session {
    /// Whose resources the run deals with.
    pub fn scope(&self) -> Scope {
        Scope {
            project: self.project.name.clone(),
            environment: self.environment.name.clone(),
            region: self.region.clone(),
        }
    }
}
