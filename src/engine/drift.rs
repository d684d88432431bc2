//! Drift: what a plan would mend of the live account, without what it would create.

use super::plan::{Action, Plan, Reason};
use crate::stack::Address;

/// How the live account of one region differs from the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The plan that mends it, for reading only: without creations, outputs and steps.
    pub plan: Plan,
    /// What the stack has and the account has not, by workspace. Without a state file nobody can
    /// tell what was never applied from what somebody deleted, so it counts as no drift.
    pub missing: Vec<(String, Address)>,
}

impl Drift {
    /// Takes what is drift out of a plan.
    pub fn of(mut plan: Plan) -> Self {
        let mut missing = Vec::new();
        for workspace in &mut plan.workspaces {
            workspace.outputs.clear();
            let created = workspace.changes.iter().filter(|c| c.action == Action::Create);
            missing.extend(created.map(|c| (workspace.name.clone(), c.address.clone())));
            workspace.changes.retain(|c| c.action != Action::Create);
            // What is only not ready yet does not differ.
            for change in &mut workspace.changes {
                if matches!(change.reason, Some(Reason::Settling { .. })) {
                    (change.action, change.reason) = (Action::None, None);
                }
            }
        }
        plan.nodes.clear();
        Self { plan, missing }
    }

    /// Tells whether anything live is not as the stack says.
    pub fn differs(&self) -> bool {
        self.plan.has_changes()
    }
}
