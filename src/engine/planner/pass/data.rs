//! Data sources of the workspace: what was read of them, or that it is still to be read.

use super::Pass;
use crate::engine::resource::Reader;
use crate::engine::world;
use crate::stack::value::Unknown;
use crate::stack::{BlockId, Diagnostic, Evaluated, Fields, Value};
use serde_json::Value as Json;

impl Pass<'_, '_> {
    pub(super) fn data(&mut self, block: &BlockId) {
        let workspace = self.workspace().to_owned();
        let Some(reader) = self.input.registry.data.get(block.ty.as_str()) else { return };
        for key in self.keys(block) {
            let key = key.as_deref();
            let view = self.out.world.view(&workspace);
            let evaluated = match self.bound.evaluate(block, key, Fields::All, &view) {
                Ok(evaluated) => evaluated,
                Err(problems) => {
                    self.out.problems.extend(problems);
                    continue;
                }
            };
            let value = match self.read_data(reader.as_ref(), block, &evaluated) {
                Ok(Some(found)) => world::from_json(&found),
                Ok(None) => {
                    let refs =
                        evaluated.attributes.unknown.iter().flat_map(|(_, refs)| refs.clone());
                    let place = (workspace.clone(), block.to_string());
                    self.out.waits.entry(place).or_default().extend(refs);
                    Value::Unknown(Unknown::waiting_for(block.to_string()))
                }
                Err(problem) => {
                    self.out.problems.push(problem);
                    Value::Unknown(Unknown::waiting_for(block.to_string()))
                }
            };
            self.out.live.set(&workspace, block, key, value.clone());
            self.out.world.set(&workspace, block, key, value);
        }
    }

    fn read_data(
        &mut self,
        reader: &dyn Reader,
        block: &BlockId,
        evaluated: &Evaluated,
    ) -> Result<Option<Json>, Diagnostic> {
        if !evaluated.attributes.unknown.is_empty() {
            return Ok(None);
        }
        let filters = reader.normalize(&evaluated.attributes.json).map_err(|e| {
            let at = evaluated.locate_text(&e.path);
            let message = evaluated.attributes.masked(&e.message);
            Diagnostic::error("invalid_value", format!("{block}: {message}")).at_location(Some(at))
        })?;
        let request = (block.ty.clone(), filters.to_string());
        let Some(found) = self.input.data.get(&request) else {
            self.out.wanted_data.insert(request);
            return Ok(None);
        };
        match found.as_slice() {
            [one] => Ok(Some(one.clone())),
            many => {
                let number = match many.len() {
                    0 => "nothing".to_owned(),
                    number => format!("{number} objects"),
                };
                let message = format!("`{block}` matches {number}; it takes exactly one match");
                let problem = Diagnostic::error("data_source", message);
                let hint = if many.is_empty() { "loosen" } else { "narrow" };
                Err(problem.at_location(self.at(block)).hint(format!("{hint} its filters")))
            }
        }
    }
}
