//! Outputs of the workspace, before and after.

use super::Pass;
use crate::engine::plan::{After, OutputChange};
use crate::engine::planner::Planned;
use crate::engine::world;
use crate::stack::{Diagnostic, Diagnostics};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The code of problems with outputs of what was not applied.
const NOT_APPLIED: &str = "not_applied";
/// What is wrong with one.
const NOT_THERE: &str = " is not there yet";

/// Tells of each workspace that was not applied once, where its outputs are first wanted: they all
/// come with it.
pub(in crate::engine::planner) fn one_a_workspace(problems: Diagnostics) -> Diagnostics {
    let mut told = Diagnostics::new();
    let mut wanted: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for problem in problems.0 {
        let output = problem.message.strip_suffix(NOT_THERE).map(str::to_owned);
        match (output, &problem.hint) {
            (Some(output), Some(hint)) if problem.code == NOT_APPLIED => {
                let (_, outputs) = wanted.entry(hint.clone()).or_insert_with(|| {
                    told.0.push(problem.clone());
                    (told.0.len() - 1, Vec::new())
                });
                if !outputs.contains(&output) {
                    outputs.push(output);
                }
            }
            _ => told.push(problem),
        }
    }
    for (at, outputs) in wanted.into_values() {
        if let [_, others @ ..] = outputs.as_slice()
            && !others.is_empty()
        {
            let others = others.iter().map(|output| {
                let name = output.rsplit('.').next().unwrap_or(output);
                format!("`{}`", name.trim_matches('`'))
            });
            let others = others.collect::<Vec<_>>().join(", ");
            told.0[at].notes.push(format!("More of its outputs are wanted: {others}."));
        }
    }
    told
}

impl Pass<'_, '_> {
    pub(super) fn outputs(&mut self) {
        let workspace = self.workspace();
        let after = match self.bound.outputs(&self.out.world.view(workspace)) {
            Ok(outputs) => outputs,
            Err(problems) => {
                self.out.problems.extend(problems);
                indexmap::IndexMap::default()
            }
        };
        let before = self.bound.outputs(&self.out.live.view(workspace)).unwrap_or_default();
        for (name, output) in &before {
            let value = output.value.clone().mark_if(output.sensitive);
            self.out.live.set_output(workspace, name, value);
        }
        for (name, output) in &after {
            let place = format!("outputs.{name}");
            if self.read_only && output.value.contains_unknown() {
                let message = format!("`{workspace}.{place}`{NOT_THERE}");
                let why = Diagnostic::error(NOT_APPLIED, message)
                    .note(format!("The workspace `{workspace}` was not applied, or not wholly."))
                    .hint(format!("infra apply {workspace}"));
                self.out.world.set_missing(workspace, name, why);
                continue;
            }
            let unknown = output.value.to_json_with_placeholders().unknown;
            let refs = unknown.into_iter().flat_map(|(_, refs)| refs);
            let waits = self.out.waits.entry((workspace.to_owned(), place.clone())).or_default();
            waits.extend(refs);
            let value = world::renamed(&output.value, &format!("{workspace}.{place}"));
            self.out.world.set_output(workspace, name, value.mark_if(output.sensitive));
        }
        if self.read_only {
            return;
        }
        let planned = std::mem::take(&mut self.planned).into_values();
        // What filters leave out and is not there is nothing to speak of.
        let planned: Vec<Planned> = planned.filter(|p| p.selected || p.live.is_some()).collect();
        let mut changes = Vec::new();
        for (name, output) in after {
            let known = before.get(&name).and_then(|o| o.value.to_json().ok());
            let was = known.unwrap_or(Json::Null);
            let refs = output.value.unknown_refs();
            let after = match (refs, output.value.to_json()) {
                (Some(refs), _) => After::Unknown(refs.into_iter().collect()),
                (None, Ok(value)) => After::Known(value),
                (None, Err(e)) => After::Unknown(e.refs.into_iter().collect()),
            };
            if after != After::Known(was.clone()) {
                let sensitive = output.sensitive;
                changes.push(OutputChange { name, before: was, after, sensitive });
            }
        }
        self.out.planned.push((planned, changes));
    }
}
