//! Workspaces of a run, parsed and bound to its environment and region.

use super::Session;
use crate::stack::diagnostic::nearest;
use crate::stack::{
    BoundWorkspace, Context, Diagnostic, Diagnostics, Workspace, check_inputs, check_outputs,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Session {
    /// Parses and binds one workspace; `account` is `(account id, partition)` when known.
    pub fn bind(
        &self,
        name: &str,
        account: Option<(&str, &str)>,
    ) -> Result<BoundWorkspace, Diagnostics> {
        let workspace = self.parse(name)?;
        workspace.bind(&self.project, &self.context(account), &self.inputs)
    }

    pub(super) fn context(&self, account: Option<(&str, &str)>) -> Context {
        let mut context = self.project.context(&self.environment, &self.region);
        context.account_id = account.map(|(id, _)| id.to_owned());
        context.partition = account.map(|(_, partition)| partition.to_owned());
        context
    }

    pub(super) fn parse(&self, name: &str) -> Result<Workspace, Diagnostics> {
        let Some(source) = self.project.workspaces.get(name) else {
            return Err(self.unknown_workspace(name).into());
        };
        let names: BTreeSet<String> = self.project.workspaces.keys().cloned().collect();
        Workspace::parse(name, Arc::clone(source), &self.registry.catalog(), &names)
    }

    /// The error for a workspace that has no file.
    pub fn unknown_workspace(&self, name: &str) -> Diagnostic {
        let known: Vec<&str> = self.project.workspaces.keys().map(String::as_str).collect();
        let stem = name.rsplit('/').next().unwrap_or(name);
        let stem = stem.strip_suffix(".toml").unwrap_or(stem);
        if known.contains(&stem) {
            return Diagnostic::error(
                "unknown_workspace",
                format!("`{name}` is no name of a workspace"),
            )
            .hint(format!("say `{stem}`, without folder and `.toml`"));
        }
        if known.is_empty() {
            return self.no_workspaces();
        }
        let problem = Diagnostic::error(
            "unknown_workspace",
            format!("there is no workspace `{name}`: no {}", self.file_of(stem)),
        );
        match nearest(stem, known.iter().copied()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(format!("there {}", are(&known))),
        }
    }

    /// The error for a folder without workspaces.
    pub fn no_workspaces(&self) -> Diagnostic {
        let dir = self.project.dir.display();
        Diagnostic::error("no_workspaces", format!("there are no workspaces in {dir}"))
            .hint(format!("a workspace is a file, {}", self.file_of("NAME")))
    }

    fn file_of(&self, name: &str) -> String {
        self.project.dir.join(format!("{name}.toml")).display().to_string()
    }

    /// Binds the workspaces of a run and those they read outputs of; the latter marked as only
    /// read. Each comes after those it refers to.
    pub fn bind_all(
        &self,
        names: &[String],
        account: Option<(&str, &str)>,
    ) -> Result<Vec<(BoundWorkspace, bool)>, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut bound: BTreeMap<String, BoundWorkspace> = BTreeMap::new();
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut open: Vec<String> = names.to_vec();
        while let Some(name) = open.pop() {
            if bound.contains_key(&name) || problems.0.len() > 100 {
                continue;
            }
            match self.bind(&name, account) {
                Ok(one) => {
                    let mut uses: BTreeSet<String> =
                        one.needs_outputs().into_iter().map(|(w, _)| w).collect();
                    open.extend(uses.iter().cloned());
                    uses.extend(
                        one.workspace.depends_on.iter().filter(|d| names.contains(d)).cloned(),
                    );
                    needs.insert(name.clone(), uses);
                    bound.insert(name, one);
                }
                Err(found) => {
                    problems.extend(found);
                    needs.insert(name, BTreeSet::new());
                }
            }
        }
        let selected: Vec<&Workspace> =
            names.iter().filter_map(|n| bound.get(n)).map(|b| &b.workspace).collect();
        if selected.len() == names.len() {
            problems.extend(check_inputs(
                &self.project,
                &self.environment,
                &selected,
                &self.inputs,
            ));
        }
        let all: Vec<&Workspace> = bound.values().map(|b| &b.workspace).collect();
        problems.extend(check_outputs(&all));
        if problems.has_errors() {
            problems.sort();
            return Err(problems);
        }
        let mut ordered = Vec::new();
        while !bound.is_empty() {
            let next = bound
                .keys()
                .find(|name| needs[*name].iter().all(|n| !bound.contains_key(n) || n == *name))
                .cloned();
            let Some(next) = next else {
                let circle: Vec<_> = bound.keys().cloned().collect();
                return Err(Diagnostic::error(
                    "workspace_cycle",
                    format!("these workspaces wait for each other: {}", circle.join(", ")),
                )
                .hint("an output of one must not need an output of the other")
                .into());
            };
            if let Some(one) = bound.remove(&next) {
                ordered.push((one, !names.contains(&next)));
            }
        }
        Ok(ordered)
    }
}

/// `is a`, or `are a, b and c`.
pub(in crate::engine) fn are(names: &[&str]) -> String {
    match names {
        [] => "are none".to_owned(),
        [one] => format!("is {one}"),
        [most @ .., last] => format!("are {} and {last}", most.join(", ")),
    }
}
