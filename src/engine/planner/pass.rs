//! Evaluation of one workspace against the snapshot.

mod data;
mod late;
mod outputs;

pub(super) use outputs::one_a_workspace;

use super::decide::{decide, deletion, unselected};
use super::hold::{self, Held};
use super::wanted::{WantedSpec, evaluate_one};
use super::{Evaluation, GlobalName, Input, Planned, Uses};
use crate::engine::diff;
use crate::engine::identity::{Index, Sought};
use crate::engine::plan::{Action, Blocked, Reason};
use crate::engine::resource::{Handler, LiveObject};
use crate::engine::selection::{self, Selection};
use crate::engine::world::{self, Source};
use crate::stack::value::{Unknown, contains_placeholder, is_placeholder};
use crate::stack::{
    Address, BlockId, BlockKind, BoundWorkspace, Diagnostic, Fields, Location, UnitPart, Value,
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Evaluates one workspace; one that is only read gives its outputs and nothing else.
pub(super) fn run(
    input: Input<'_>,
    (held, uses): (&Held, &Uses),
    (bound, read_only): (&BoundWorkspace, bool),
    out: &mut Evaluation,
) {
    let indexes = input.registry.resources.iter().map(|(ty, handler)| {
        let live = input.snapshot.get(*ty).map_or(&[][..], Vec::as_slice);
        (*ty, Index::new(handler.as_ref(), input.scope, &bound.workspace.name, live))
    });
    let mut pass = Pass {
        input,
        bound,
        read_only,
        held,
        uses,
        selection: Selection::new(bound, input.options),
        indexes: indexes.collect(),
        planned: BTreeMap::new(),
        out,
    };
    pass.run();
}

/// Evaluation of one workspace.
struct Pass<'a, 'b> {
    input: Input<'a>,
    bound: &'a BoundWorkspace,
    read_only: bool,
    held: &'b Held,
    uses: &'b Uses,
    selection: Selection,
    indexes: BTreeMap<&'static str, Index<'a>>,
    /// By address and, for objects that are left over, id: a deposed one lives beside its
    /// successor.
    planned: BTreeMap<(Address, Option<String>), Planned>,
    out: &'b mut Evaluation,
}

impl<'a> Pass<'a, '_> {
    fn workspace(&self) -> &'a str {
        &self.bound.workspace.name
    }

    /// Takes the blocks in the order of their references: natural names, by which objects are
    /// found, are values of the stack too.
    fn run(&mut self) {
        let bound = self.bound;
        let mut sought: BTreeMap<String, Vec<Sought>> = BTreeMap::new();
        let mut ready: BTreeMap<&BlockId, Vec<Prepared>> = BTreeMap::new();
        for unit in bound.units() {
            match unit.part {
                UnitPart::Data => self.data(&unit.block),
                UnitPart::Main => {
                    let prepared = self.prepare(&unit.block);
                    let list = sought.entry(unit.block.ty.clone()).or_default();
                    list.extend(prepared.iter().map(|p| p.sought.clone()));
                    for p in &prepared {
                        self.main(&unit.block, p);
                    }
                    ready.insert(&unit.block, prepared);
                }
                UnitPart::Late => {
                    for p in ready.remove(&unit.block).unwrap_or_default() {
                        self.late(&unit.block, &p);
                    }
                }
            }
        }
        if !self.read_only {
            let indexes = std::mem::take(&mut self.indexes);
            for (ty, index) in &indexes {
                let sought = sought.remove(*ty).unwrap_or_default();
                let found = index.matches(&sought);
                self.out.problems.extend(found.problems);
                self.moves(&sought);
                self.leftovers(ty, found.orphans, false);
                self.leftovers(ty, found.deposed, true);
            }
        }
        self.outputs();
    }

    /// An address that is still in the stack cannot have become another.
    fn moves(&mut self, sought: &[Sought]) {
        for want in sought {
            let planned = self.planned.get(&(want.address.clone(), None));
            let Some(from) = planned.and_then(|p| p.change.moved_from.as_ref()) else { continue };
            if sought.iter().any(|other| other.address == *from) {
                let to = &want.address;
                let at = self.bound.workspace.moved.iter().find(|m| m.from.covers(from));
                self.out.problems.push(
                    Diagnostic::error(
                        "invalid_move",
                        format!("`{from}` is still in the stack, so it cannot become `{to}`"),
                    )
                    .at_location(at.map(|m| m.at.clone())),
                );
            }
        }
    }

    /// Addresses under which an address may still be tagged, the latest first.
    fn former(&self, address: &Address) -> Vec<Address> {
        let mut former: Vec<Address> = Vec::new();
        let mut at = address.clone();
        loop {
            let from = self.bound.workspace.moved.iter().find_map(|m| {
                if m.to == at {
                    Some(m.from.clone())
                } else if m.to.key.is_none() && m.to.covers(&at) {
                    Some(m.from.clone().with_key(at.key.as_deref()))
                } else {
                    None
                }
            });
            match from {
                Some(from) if from != *address && !former.contains(&from) => {
                    former.push(from.clone());
                    at = from;
                }
                _ => return former,
            }
        }
    }

    fn at(&self, block: &BlockId) -> Option<Location> {
        self.bound.workspace.blocks.get(block).map(|b| b.at.clone())
    }

    fn keys(&mut self, block: &BlockId) -> Vec<Option<String>> {
        let has_for_each = self.bound.workspace.blocks.get(block).is_some_and(|b| b.has_for_each);
        let workspace = self.workspace().to_owned();
        match self.bound.instances(block, &self.out.world.view(&workspace)) {
            Ok(keys) => {
                self.out.world.begin(&workspace, block, has_for_each);
                self.out.live.begin(&workspace, block, has_for_each);
                keys
            }
            Err(problems) => {
                let waits = self.input.without_data
                    && (!self.bound.needs_outputs().is_empty()
                        || selection::closure(self.bound, block)
                            .iter()
                            .any(|b| b.kind == BlockKind::Data));
                if !waits {
                    self.out.problems.extend(problems);
                }
                Vec::new()
            }
        }
    }

    /// Evaluates the main fields of each instance and brings them into canonical form.
    fn prepare(&mut self, block: &BlockId) -> Vec<Prepared> {
        let workspace = self.workspace().to_owned();
        let Some(handler) = self.input.registry.get(&block.ty) else { return Vec::new() };
        let mut prepared = Vec::new();
        for key in self.keys(block) {
            let view = self.out.world.view(&workspace);
            let evaluated = |fields| {
                let instance = (block, key.as_deref());
                evaluate_one((self.input.scope, handler), self.bound, instance, fields, &view)
            };
            let wanted = match evaluated(Fields::Main) {
                Ok(wanted) => wanted,
                Err(problems) => {
                    // The late part would not be looked at any more.
                    let mut more = evaluated(Fields::All).err().unwrap_or_default();
                    more.0.retain(|m| problems.0.iter().all(|p| p.message != m.message));
                    self.out.problems.extend(problems);
                    self.out.problems.extend(more);
                    let unknown = Unknown::waiting_for(block.address(key.as_deref()).to_string());
                    let value = Value::Unknown(unknown);
                    self.out.world.set(&workspace, block, key.as_deref(), value);
                    continue;
                }
            };
            let address = block.address(key.as_deref());
            let mut name = handler.natural_name(&wanted.spec).filter(|n| !is_placeholder(n));
            if let Some(taken) = &name
                && !self.name(handler, taken, &address, &wanted.name_at)
            {
                // What the account has of that name is not to be told of as well.
                name = None;
            }
            self.global_name(handler, &wanted, &address);
            let looked_for = handler.looked_for(&wanted.spec).filter(|n| !is_placeholder(n));
            if let Some(looked_for) = looked_for {
                self.out.names.entry(handler.entry().name).or_default().insert(looked_for);
            }
            let moved_from = self.former(&address);
            let sought = Sought { address, moved_from, name, at: self.at(block) };
            prepared.push(Prepared { key, wanted, sought });
        }
        prepared
    }

    /// Notes the natural name of a resource. Two of one name cannot be: tells whether it is free.
    fn name(
        &mut self,
        handler: &dyn Handler,
        name: &str,
        address: &Address,
        at: &Location,
    ) -> bool {
        let ty = handler.entry().name;
        self.out.names.entry(ty).or_default().insert(name.to_owned());
        let own = (self.workspace().to_owned(), address.clone());
        let other = self.out.named.entry((ty, name.to_owned())).or_insert_with(|| own.clone());
        if *other == own || self.read_only {
            return true;
        }
        let of = match &other.0 {
            workspace if *workspace == own.0 => format!("`{}`", other.1),
            workspace => format!("`{}` of workspace `{workspace}`", other.1),
        };
        let problem = format!("`{address}`: {of} is called `{name}` too");
        let problem = Diagnostic::error("duplicate_name", problem).at_location(Some(at.clone()));
        self.out.problems.push(problem.hint(format!("the name of a {ty} must be unique")));
        false
    }

    /// Notes a name that counts in other regions too.
    fn global_name(&mut self, handler: &dyn Handler, wanted: &WantedSpec, address: &Address) {
        let name = handler.global_name(&wanted.spec).filter(|name| !contains_placeholder(name));
        let Some(name) = name.filter(|_| !self.read_only) else { return };
        self.out.global_names.push(GlobalName {
            ty: handler.entry().name,
            name,
            workspace: self.workspace().to_owned(),
            address: address.clone(),
            at: wanted.name_at.clone(),
        });
    }

    fn main(&mut self, block: &BlockId, prepared: &Prepared) {
        let Some(handler) = self.input.registry.get(&block.ty) else { return };
        let workspace = self.workspace().to_owned();
        let address = &prepared.sought.address;
        let found = self.indexes.get(handler.entry().name).and_then(|i| i.find(&prepared.sought));
        let selected = !self.read_only && self.selection.selects(block, address);
        let mut planned = if selected {
            let uses = self.uses.get(&(workspace.clone(), address.clone()));
            decide(handler, block, prepared, found, (self.input.options, uses))
        } else {
            unselected(block, address, found.map(|m| m.live))
        };
        if let Some(problem) = self.name_taken(handler, prepared, &planned) {
            self.out.problems.push(problem);
        }
        if planned.goes() {
            planned.change.blocked = self.held.get(&hold::key(&workspace, &planned)).cloned();
        }
        planned.wanted = Some(prepared.wanted.spec.clone());
        let wanted = (&prepared.wanted.spec, &prepared.wanted.hidden);
        let stands = planned.change.blocked.is_some() || !selected;
        let nothing = (&Json::Null, &prepared.wanted.hidden);
        let entry = handler.entry();
        let value = match (&planned.live, planned.change.action) {
            (Some(live), _) if stands => world::object(entry, address, nothing, Source::Live(live)),
            (None, _) if stands => world::object(entry, address, nothing, Source::New),
            (_, Action::Create | Action::Replace) | (None, _) => {
                world::object(entry, address, wanted, Source::New)
            }
            (Some(live), Action::Update) => {
                let changed = diff::changed(&planned.change.fields);
                world::object(entry, address, wanted, Source::Updated(live, &changed))
            }
            (Some(live), _) => world::object(entry, address, wanted, Source::Live(live)),
        };
        let key = prepared.key.as_deref();
        if let Some(live) = &planned.live {
            let now = world::object(entry, address, nothing, Source::Live(live));
            self.out.live.set(&workspace, block, key, now);
        } else {
            let none = world::object(entry, address, nothing, Source::New);
            self.out.live.set(&workspace, block, key, none);
        }
        self.out.world.set(&workspace, block, key, value);
        self.planned.insert((address.clone(), None), planned);
    }

    /// A replacement under another name must not meet somebody else's object of that name.
    fn name_taken(
        &self,
        handler: &dyn Handler,
        prepared: &Prepared,
        planned: &Planned,
    ) -> Option<Diagnostic> {
        let live = planned.live.as_ref().filter(|_| planned.change.action == Action::Replace)?;
        let name = prepared.sought.name.as_deref()?;
        if handler.natural_name(&live.spec).as_deref() == Some(name) {
            return None;
        }
        self.indexes.get(handler.entry().name)?.in_the_way(&prepared.sought)
    }

    /// Objects of ours that no block stands for any more.
    fn leftovers(&mut self, ty: &str, objects: Vec<(Address, LiveObject)>, deposed: bool) {
        for (address, live) in objects {
            let block = BlockId::resource(ty, &address.name);
            let key = (address.clone(), Some(live.id.clone()));
            if !self.selection.selects_orphan(&address) {
                let planned = unselected(&block, &address, Some(live));
                self.planned.insert(key, Planned { orphan: true, ..planned });
                continue;
            }
            let stanza = self.bound.workspace.blocks.get(&block);
            let reason = match stanza {
                _ if deposed => Reason::Deposed,
                Some(_) => Reason::NoInstance,
                None => Reason::NotInStack,
            };
            if let (Some(handler), false) = (self.input.registry.get(ty), deposed)
                && stanza.is_some()
            {
                let nothing = (&Json::Null, &BTreeSet::new());
                let now = world::object(handler.entry(), &address, nothing, Source::Live(&live));
                let workspace = self.workspace();
                self.out.live.set(workspace, &block, address.key.as_deref(), now);
            }
            let options = self.input.options;
            let mut planned = deletion((&block, &address), live, (reason, deposed), options);
            if stanza.is_some_and(|b| b.protect) && !options.allows_protected(&address) {
                planned.change.blocked = Some(Blocked::Protected);
            }
            if planned.change.blocked.is_none() {
                let held = self.held.get(&hold::key(self.workspace(), &planned));
                planned.change.blocked = held.cloned();
            }
            self.planned.insert(key, planned);
        }
    }
}

/// An instance with its main fields evaluated.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) key: Option<String>,
    pub(super) wanted: WantedSpec,
    pub(super) sought: Sought,
}
