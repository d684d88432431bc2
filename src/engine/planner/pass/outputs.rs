//! Outputs of the workspace, before and after.

use super::Pass;
use crate::engine::plan::{After, OutputChange};
use crate::engine::planner::Planned;
use crate::engine::world;
use crate::stack::Diagnostic;
use serde_json::Value as Json;

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
                let message = format!("`{workspace}.{place}` is not there yet");
                let why = Diagnostic::error("not_applied", message)
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
