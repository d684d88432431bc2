//! Late fields, which join what was decided of the main ones.

use super::{Pass, Prepared};
use crate::engine::diff;
use crate::engine::fingerprint::{self, fingerprint};
use crate::engine::plan::{Action, FieldChange, Reason};
use crate::engine::planner::Planned;
use crate::engine::planner::decide::{compared, hide};
use crate::engine::planner::wanted::{WantedSpec, evaluate_one};
use crate::engine::resource::{Changed, Handler};
use crate::engine::world::{self, Source};
use crate::stack::{BlockId, Fields};

impl Pass<'_, '_> {
    pub(super) fn late(&mut self, block: &BlockId, prepared: &Prepared) {
        let Some(handler) = self.input.registry.get(&block.ty) else { return };
        let workspace = self.workspace().to_owned();
        let address = &prepared.sought.address;
        let Some(mut planned) = self.planned.remove(&(address.clone(), None)) else { return };
        let untouched = self.read_only
            || planned.change.blocked.is_some()
            || !self.selection.selects(block, address);
        if !untouched {
            let view = self.out.world.view(&workspace);
            let wanted = evaluate_one(
                (self.input.scope, handler),
                self.bound,
                (block, prepared.key.as_deref()),
                Fields::All,
                &view,
            );
            match wanted {
                Ok(wanted) => {
                    self.add_late(handler, block, prepared, &wanted, &mut planned);
                }
                Err(problems) => self.out.problems.extend(problems),
            }
        }
        self.planned.insert((address.clone(), None), planned);
    }

    fn add_late(
        &mut self,
        handler: &dyn Handler,
        block: &BlockId,
        prepared: &Prepared,
        wanted: &WantedSpec,
        planned: &mut Planned,
    ) {
        let entry = handler.entry();
        let address = &prepared.sought.address;
        let given: Vec<&str> = entry
            .spec()
            .properties()
            .into_iter()
            .filter(|(name, view)| view.is_late() && wanted.spec.get(*name).is_some())
            .map(|(name, _)| name)
            .collect();
        if given.is_empty() {
            return;
        }
        let late = given.iter().map(|name| ((*name).to_owned(), wanted.spec[*name].clone()));
        planned.wanted_late = late.collect();
        let late_only = |fields: Vec<FieldChange>| -> Vec<FieldChange> {
            fields.into_iter().filter(|f| given.contains(&diff::top(&f.path))).collect()
        };
        let mut fields = match (&planned.live, planned.change.action) {
            (Some(live), _) => late_only(diff::diff(entry.spec(), &live.spec, &wanted.spec)),
            _ => late_only(diff::creation(entry.spec(), &wanted.spec)),
        };
        hide(&mut fields, &wanted.hidden);
        if fields.iter().any(|f| f.forces_replacement) && planned.change.action == Action::Update {
            // A late field is never immutable: the conformance test sees to it.
            fields.iter_mut().for_each(|f| f.forces_replacement = false);
        }
        let settles = matches!(planned.change.reason, Some(Reason::Settling { .. }));
        if !fields.is_empty() && (planned.change.action == Action::None || settles) {
            planned.change.action = Action::Update;
            planned.change.reason = Some(Reason::Changed);
        }
        // A new object has none of them yet, whatever the old one had.
        planned.late_changes = !fields.is_empty() || planned.change.action == Action::Replace;
        if let (Some(live), Some(seen)) = (&planned.live, &planned.change.fingerprint) {
            let standing = handler.stands(&wanted.spec, live);
            let late = compared(entry.spec(), wanted, &standing);
            let late = late.iter().filter(|part| given.contains(&fingerprint::field(part)));
            let all = fingerprint::parts(seen).into_iter().chain(late.map(String::as_str));
            planned.change.fingerprint = Some(fingerprint(entry.spec(), live, all));
        }
        planned.change.fields.extend(fields);
        // Tags stay last.
        let place = |field: &FieldChange| {
            let top = diff::top(&field.path).to_owned();
            (top == "tags", top)
        };
        planned.change.fields.sort_by_key(place);
        // What AWS decides is renewed by the main step alone.
        let none = Changed::default();
        let source = match (&planned.live, planned.change.action) {
            (Some(live), Action::Update | Action::None) => Source::Updated(live, &none),
            _ => Source::New,
        };
        let more = given
            .iter()
            .map(|name| {
                let value = world::attribute(entry, address, name, &wanted.spec, source);
                ((*name).to_owned(), value.mark_if(wanted.hidden.contains(*name)))
            })
            .collect();
        let workspace = self.workspace().to_owned();
        self.out.world.extend(&workspace, block, prepared.key.as_deref(), more);
    }
}
