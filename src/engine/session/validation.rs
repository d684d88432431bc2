//! What can be said of the files without an account.

use super::Session;
use crate::engine::planner::{self, DataResults, GlobalName, Input, PlanOptions};
use crate::engine::resource::Snapshot;
use crate::stack::{BoundWorkspace, Diagnostics, Workspace, check_inputs, check_outputs};
use std::collections::BTreeSet;

impl Session {
    /// Finds all problems that need no account: files, variables, expressions, value shapes.
    pub fn validate(&self, names: &[String]) -> Diagnostics {
        self.without_account(names).0
    }

    /// Names that count in all regions, as far as they are known without an account.
    pub fn global_names(&self, names: &[String]) -> Vec<GlobalName> {
        self.without_account(names).1
    }

    fn without_account(&self, names: &[String]) -> (Diagnostics, Vec<GlobalName>) {
        let mut problems = Diagnostics::new();
        let mut good = Vec::new();
        for name in names {
            match self.bind(name, None) {
                Ok(one) => good.push((one, false)),
                Err(found) => problems.extend(found),
            }
        }
        if good.len() == names.len() {
            let all: Vec<&Workspace> = good.iter().map(|(b, _)| &b.workspace).collect();
            problems.extend(check_inputs(&self.project, &self.environment, &all, &self.inputs));
        }
        let needed: BTreeSet<String> =
            good.iter().flat_map(|(b, _)| b.needs_outputs()).map(|(name, _)| name).collect();
        let others: Vec<BoundWorkspace> = needed
            .iter()
            .filter(|name| !names.contains(name))
            // What is wrong with it is told where it is validated itself.
            .filter_map(|name| self.bind(name, None).ok())
            .collect();
        let every: Vec<&Workspace> =
            good.iter().map(|(b, _)| b).chain(&others).map(|b| &b.workspace).collect();
        problems.extend(check_outputs(&every));
        let scope = self.scope();
        let (snapshot, data) = (Snapshot::new(), DataResults::new());
        let options = PlanOptions::default();
        let mut global_names = Vec::new();
        for pair in good {
            let input = Input {
                registry: &self.registry,
                scope: &scope,
                workspaces: std::slice::from_ref(&pair),
                snapshot: &snapshot,
                data: &data,
                options: &options,
                // Keys may come from a data source, which only the account can tell.
                without_data: true,
            };
            let found = planner::evaluate(input);
            problems.extend(found.problems);
            global_names.extend(found.global_names);
        }
        problems.sort();
        (problems, global_names)
    }

    /// Names the variables of these workspaces (all without names) that must not be stored.
    pub fn sensitive_variables(&self, names: &[String]) -> Vec<String> {
        let all = self.project.workspaces.keys().filter(|n| names.is_empty() || names.contains(*n));
        let parsed = all.filter_map(|name| self.parse(name).ok());
        let secret = parsed.flat_map(|w| {
            let secret = w.variables.into_iter().filter(|(_, v)| v.sensitive);
            secret.map(|(name, _)| name).collect::<Vec<_>>()
        });
        let secret: BTreeSet<String> = secret.collect();
        secret.into_iter().collect()
    }
}
