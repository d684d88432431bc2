//! The planner: stack and snapshot in, plan out. Pure: it never touches the network.

use super::canonical::{self, canonical};
use super::diff;
use super::fingerprint::{self, fingerprint};
use super::graph::{self, Item};
use super::identity::{self, Matches, Sought};
use super::plan::{
    Action, After, Blocked, Change, FieldChange, Mode, OutputChange, Part, Plan, Reason,
    WorkspacePlan,
};
use super::references::LiveReferences;
use super::resource::{Handler, LiveObject, Registry, ReplaceOrder, Snapshot, Status};
use super::selection::Selection;
use super::world::{self, Source, World};
use crate::aws::ownership::{PROTECT, is_protected};
use crate::aws::{Scope, Tags};
use crate::stack::value::{Resolved, Value};
use crate::stack::{
    Address, BlockId, BlockKind, BoundWorkspace, Diagnostic, Diagnostics, Evaluated, Fields,
    SchemaView, UnitPart,
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Results of data sources: by type and canonical filters as JSON text.
pub type DataResults = BTreeMap<(String, String), Vec<Json>>;

/// What the user unlocks or picks.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PlanOptions {
    /// `--target`: only these and what they need.
    pub targets: Vec<Address>,
    /// `--exclude`: all but these and what needs them.
    pub excludes: Vec<Address>,
    /// `--replace`: these are replaced though nothing differs.
    pub replace: Vec<Address>,
    /// `--allow-protected`
    pub allow_protected: Vec<Address>,
    /// `--allow-data-loss`
    pub allow_data_loss: Vec<Address>,
    /// `--force`: both, on everything.
    pub force: bool,
}

impl PlanOptions {
    fn allows(&self, list: &[Address], address: &Address) -> bool {
        self.force || list.iter().any(|a| a.covers(address))
    }

    fn allows_protected(&self, address: &Address) -> bool {
        self.allows(&self.allow_protected, address)
    }

    fn allows_data_loss(&self, address: &Address) -> bool {
        self.allows(&self.allow_data_loss, address)
    }
}

/// Everything a plan is made from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// All types.
    pub registry: &'a Registry,
    /// Whose resources.
    pub scope: &'a Scope,
    /// Workspaces to plan, those others refer to first; the flag says whether it is only read for
    /// its outputs.
    pub workspaces: &'a [(BoundWorkspace, bool)],
    /// What the account has.
    pub snapshot: &'a Snapshot,
    /// What data sources gave.
    pub data: &'a DataResults,
    /// What the user unlocks or picks.
    pub options: &'a PlanOptions,
    /// Whether instances whose keys come from a data source that was not read are passed over:
    /// for checks without an account, never for a plan.
    pub without_data: bool,
}

/// One resource as planned.
#[derive(Clone, Debug)]
struct Planned {
    change: Change,
    block: BlockId,
    live: Option<LiveObject>,
    /// The other live object of a creation that replaces one marked as deposed, or an orphan.
    orphan: bool,
    late_changes: bool,
    main_changes: bool,
}

/// What evaluation found out.
#[derive(Default)]
pub struct Evaluation {
    /// Changes and outputs by workspace, in the order of the input.
    planned: Vec<(Vec<Planned>, Vec<OutputChange>)>,
    /// Problems.
    pub problems: Diagnostics,
    /// Natural names sought, by type.
    pub names: BTreeMap<&'static str, BTreeSet<String>>,
    /// Data sources whose filters are known but whose result is not there: type, canonical filters.
    pub wanted_data: BTreeSet<(String, String)>,
    /// Objects as the plan leaves them.
    pub world: World,
    warnings: Vec<String>,
}

/// Evaluates the stack against the snapshot, resource by resource.
pub fn evaluate(input: Input<'_>) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for (bound, read_only) in input.workspaces {
        let mut pass = Pass {
            input,
            bound,
            read_only: *read_only,
            selection: Selection::new(bound, input.options, &mut evaluation.problems),
            planned: BTreeMap::new(),
            live_world: World::default(),
            out: &mut evaluation,
        };
        pass.run();
    }
    evaluation
}

/// Turns an evaluation without problems into a plan.
pub fn plan(
    input: Input<'_>,
    evaluation: Evaluation,
    account_id: &str,
) -> Result<Plan, Diagnostics> {
    if evaluation.problems.has_errors() {
        return Err(evaluation.problems);
    }
    assemble(input, evaluation, Mode::Apply, account_id)
}

/// Evaluation of one workspace.
struct Pass<'a, 'b> {
    input: Input<'a>,
    bound: &'a BoundWorkspace,
    read_only: bool,
    selection: Selection,
    planned: BTreeMap<Address, Planned>,
    /// Objects as they are now, for the outputs before the change.
    live_world: World,
    out: &'b mut Evaluation,
}

impl<'a> Pass<'a, '_> {
    fn workspace(&self) -> &'a str {
        &self.bound.workspace.name
    }

    fn run(&mut self) {
        let bound = self.bound;
        let mut matches: BTreeMap<String, Matches> = BTreeMap::new();
        let mut sought: BTreeMap<String, Vec<Sought>> = BTreeMap::new();
        let mut ready: Vec<(BlockId, Vec<Prepared>)> = Vec::new();
        // Which live object is whose must be known before anything is evaluated with references,
        // but natural names are values of the stack: they are evaluated in unit order too.
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
                    ready.push((unit.block.clone(), prepared));
                }
                UnitPart::Late => {
                    let prepared =
                        ready.iter().find(|(b, _)| *b == unit.block).map(|(_, p)| p.clone());
                    for p in prepared.unwrap_or_default() {
                        self.late(&unit.block, &p);
                    }
                }
            }
        }
        for (ty, handler) in &self.input.registry.resources {
            let live = self.input.snapshot.get(*ty).map_or(&[][..], Vec::as_slice);
            let wants = sought.remove(*ty).unwrap_or_default();
            let found = identity::match_type(
                handler.as_ref(),
                self.input.scope,
                bound.workspace.name.as_str(),
                &wants,
                live,
            );
            matches.insert((*ty).to_owned(), found);
        }
        for (ty, found) in matches {
            if self.read_only {
                continue;
            }
            self.out.problems.extend(found.problems);
            self.leftovers(&ty, found.orphans, false);
            self.leftovers(&ty, found.deposed, true);
        }
        self.outputs();
    }

    fn at(&self, block: &BlockId) -> Option<crate::stack::Location> {
        self.bound.workspace.blocks.get(block).map(|b| b.at.clone())
    }

    fn keys(&mut self, block: &BlockId) -> Vec<Option<String>> {
        let has_for_each = self.bound.workspace.blocks.get(block).is_some_and(|b| b.has_for_each);
        let workspace = self.workspace().to_owned();
        match self.bound.instances(block, &self.out.world.view(&workspace)) {
            Ok(keys) => {
                self.out.world.begin(&workspace, block, has_for_each);
                self.live_world.begin(&workspace, block, has_for_each);
                keys
            }
            Err(problems) => {
                let waits = self.input.without_data
                    && (!self.bound.needs_outputs().is_empty()
                        || super::selection::closure(self.bound, block)
                            .iter()
                            .any(|b| b.kind == BlockKind::Data));
                if !waits {
                    self.out.problems.extend(problems);
                }
                Vec::new()
            }
        }
    }

    fn data(&mut self, block: &BlockId) {
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
                    Value::Unknown(crate::stack::value::Unknown::waiting_for(block.to_string()))
                }
                Err(problem) => {
                    self.out.problems.push(problem);
                    continue;
                }
            };
            self.live_world.set(&workspace, block, key, value.clone());
            self.out.world.set(&workspace, block, key, value);
        }
    }

    fn read_data(
        &mut self,
        reader: &dyn super::resource::Reader,
        block: &BlockId,
        evaluated: &Evaluated,
    ) -> Result<Option<Json>, Diagnostic> {
        if !evaluated.attributes.unknown.is_empty() {
            return Ok(None);
        }
        let filters = reader.normalize(&evaluated.attributes.json).map_err(|e| {
            let at = evaluated.locate_text(&e.path);
            Diagnostic::error("invalid_value", format!("{block}: {}", e.message))
                .at_location(Some(at))
        })?;
        let request = (block.ty.clone(), filters.to_string());
        let Some(found) = self.input.data.get(&request) else {
            self.out.wanted_data.insert(request);
            return Ok(None);
        };
        match found.as_slice() {
            [one] => Ok(Some(one.clone())),
            many => {
                let what = if many.is_empty() { "nothing matches" } else { "several match" };
                Err(Diagnostic::error(
                    "data_source",
                    format!("{block}: {what}; a data source needs exactly one match"),
                )
                .at_location(self.at(block))
                .label(format!("{} found", many.len()))
                .hint("make the filters match exactly one"))
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
            let wanted = evaluate_one(
                (self.input.scope, handler),
                self.bound,
                (block, key.as_deref()),
                Fields::Main,
                &view,
            );
            let wanted = match wanted {
                Ok(wanted) => wanted,
                Err(problems) => {
                    self.out.problems.extend(problems);
                    continue;
                }
            };
            let address = block.address(key.as_deref());
            let name = handler
                .natural_name(&wanted.spec)
                .filter(|n| !crate::stack::value::is_placeholder(n));
            if let Some(name) = &name {
                self.out.names.entry(handler.entry().name).or_default().insert(name.clone());
            }
            let moved = self.bound.workspace.moved.iter().find_map(|m| {
                if m.to == address {
                    Some(m.from.clone())
                } else if m.to.key.is_none() && m.to.covers(&address) {
                    Some(m.from.clone().with_key(address.key.as_deref()))
                } else {
                    None
                }
            });
            let sought = Sought { address, moved_from: moved, name, at: self.at(block) };
            prepared.push(Prepared { key, wanted, sought });
        }
        prepared
    }

    fn find(&self, handler: &dyn Handler, sought: &Sought) -> Option<identity::Match> {
        let ty = handler.entry().name;
        let live = self.input.snapshot.get(ty).map_or(&[][..], Vec::as_slice);
        let one = std::slice::from_ref(sought);
        let mut found =
            identity::match_type(handler, self.input.scope, self.workspace(), one, live);
        found.found.remove(&sought.address)
    }

    fn main(&mut self, block: &BlockId, prepared: &Prepared) {
        let Some(handler) = self.input.registry.get(&block.ty) else { return };
        let workspace = self.workspace().to_owned();
        let address = &prepared.sought.address;
        let found = self.find(handler, &prepared.sought);
        let selected = !self.read_only && self.selection.selects(block, address);
        let mut planned = if selected {
            decide(handler, block, prepared, found, self.input.options)
        } else {
            unselected(block, address, found)
        };
        if let Some(problem) = self.name_taken(handler, prepared, &planned) {
            self.out.problems.push(problem);
        }
        planned.change.depends_on = Vec::new();
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
                world::object(entry, address, wanted, Source::Updated(live))
            }
            (Some(live), _) => world::object(entry, address, wanted, Source::Live(live)),
        };
        let key = prepared.key.as_deref();
        if let Some(live) = &planned.live {
            let now = world::object(entry, address, nothing, Source::Live(live));
            self.live_world.set(&workspace, block, key, now);
        } else {
            let none = world::object(entry, address, nothing, Source::New);
            self.live_world.set(&workspace, block, key, none);
        }
        self.out.world.set(&workspace, block, key, value);
        self.planned.insert(address.clone(), planned);
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
        let all = self.input.snapshot.get(handler.entry().name)?;
        identity::in_the_way(handler, self.input.scope, self.workspace(), &prepared.sought, all)
    }

    fn late(&mut self, block: &BlockId, prepared: &Prepared) {
        let Some(handler) = self.input.registry.get(&block.ty) else { return };
        let workspace = self.workspace().to_owned();
        let address = &prepared.sought.address;
        let Some(mut planned) = self.planned.remove(address) else { return };
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
        self.planned.insert(address.clone(), planned);
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
        let late_only = |fields: Vec<FieldChange>| -> Vec<FieldChange> {
            fields.into_iter().filter(|f| given.contains(&diff::top(&f.path))).collect()
        };
        let mut fields = match (&planned.live, planned.change.action) {
            (Some(live), Action::Update | Action::None) => {
                late_only(diff::diff(entry.spec(), &live.spec, &wanted.spec))
            }
            _ => late_only(diff::creation(entry.spec(), &wanted.spec)),
        };
        hide(&mut fields, &wanted.hidden);
        if fields.iter().any(|f| f.forces_replacement) && planned.change.action == Action::Update {
            // A late field is never immutable: the conformance test sees to it.
            fields.iter_mut().for_each(|f| f.forces_replacement = false);
        }
        if !fields.is_empty() && planned.change.action == Action::None {
            planned.change.action = Action::Update;
            planned.change.reason = Some(Reason::Changed);
        }
        planned.late_changes = !fields.is_empty();
        if let (Some(live), Some(seen)) = (&planned.live, &planned.change.fingerprint) {
            let all = fingerprint::fields(seen).into_iter().chain(given.iter().copied());
            planned.change.fingerprint = Some(fingerprint(live, all));
        }
        planned.change.fields.extend(fields);
        planned.change.fields.sort_by(|a, b| diff::top(&a.path).cmp(diff::top(&b.path)));
        let source = match (&planned.live, planned.change.action) {
            (Some(live), Action::Update | Action::None) => Source::Updated(live),
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

    /// Objects of ours that no block stands for any more.
    fn leftovers(&mut self, ty: &str, objects: Vec<(Address, LiveObject)>, deposed: bool) {
        for (address, live) in objects {
            let block = BlockId::resource(ty, &address.name);
            if !self.selection.selects_orphan(&block, &address) {
                continue;
            }
            let reason = if deposed {
                Reason::Deposed
            } else if self.bound.workspace.blocks.contains_key(&block) {
                Reason::NoInstance
            } else {
                Reason::NotInStack
            };
            let planned = deletion(block, address.clone(), live, reason, deposed, self.input);
            let mut at = address;
            if self.planned.contains_key(&at) {
                // A deposed one lives beside its successor: one change per address, so it is told
                // apart by its key in the list, not by its address.
                at.key = Some(format!("{}\u{0}deposed", at.key.unwrap_or_default()));
            }
            self.planned.insert(at, planned);
        }
    }

    fn outputs(&mut self) {
        let workspace = self.workspace().to_owned();
        let view = self.out.world.view(&workspace);
        let after = match self.bound.outputs(&view) {
            Ok(outputs) => outputs,
            Err(problems) => {
                self.out.problems.extend(problems);
                Default::default()
            }
        };
        for (name, output) in &after {
            if self.read_only && output.value.contains_unknown() {
                let why = Diagnostic::error(
                    "not_applied",
                    format!(
                        "output `{name}` of workspace `{workspace}` is not known: not applied yet"
                    ),
                )
                .hint(format!("infra apply {workspace}"));
                self.out.world.set_missing(&workspace, why);
                continue;
            }
            let value = output.value.clone().mark_if(output.sensitive);
            self.out.world.set_output(&workspace, name, value);
        }
        let planned: Vec<Planned> = std::mem::take(&mut self.planned).into_values().collect();
        let mut changes = Vec::new();
        let quiet = planned.iter().all(|p| p.change.action == Action::None);
        if !quiet && !self.read_only {
            let before = self.bound.outputs(&self.live_world.view(&workspace)).unwrap_or_default();
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
        }
        if self.read_only {
            self.out.planned.push((Vec::new(), Vec::new()));
        } else {
            self.out.planned.push((planned, changes));
        }
    }
}

/// An instance with its main fields evaluated.
#[derive(Clone, Debug)]
struct Prepared {
    key: Option<String>,
    wanted: WantedSpec,
    sought: Sought,
}

/// What the stack wants of one instance.
#[derive(Clone, Debug)]
pub(super) struct WantedSpec {
    /// Canonical, with placeholders.
    pub(super) spec: Json,
    /// Every tag, with placeholders.
    pub(super) tags: BTreeMap<String, Json>,
    /// Top-level fields whose value is sensitive.
    pub(super) hidden: BTreeSet<String>,
    /// Whether the stanza protects it.
    pub(super) protect: bool,
}

/// Evaluates one instance and brings it into canonical form; all problems point into the file.
pub(super) fn evaluate_one(
    (scope, handler): (&Scope, &dyn Handler),
    bound: &BoundWorkspace,
    (block, key): (&BlockId, Option<&str>),
    fields: Fields,
    objects: &dyn crate::stack::Objects,
) -> Result<WantedSpec, Diagnostics> {
    let evaluated = bound.evaluate(block, key, fields, objects)?;
    let address = block.address(key);
    let spec = canonical(handler, &evaluated.attributes).map_err(|e| {
        let field = if e.path.is_empty() { String::new() } else { format!(".{}", e.path) };
        Diagnostic::error("invalid_value", format!("{address}{field}: {}", e.message))
            .at_location(Some(evaluated.locate_text(&e.path)))
    })?;
    let problems: Diagnostics = handler
        .validate(&spec)
        .into_iter()
        .map(|p| {
            Diagnostic::error("invalid_value", format!("{address}.{}: {}", p.path, p.message))
                .at_location(Some(evaluated.locate_text(&p.path)))
        })
        .collect();
    if problems.has_errors() {
        return Err(problems);
    }
    let protect = bound.workspace.blocks.get(block).is_some_and(|b| b.protect);
    let mut tags: BTreeMap<String, Json> = BTreeMap::new();
    for (name, value) in &evaluated.tags {
        if let Some(value) = tag_value(value) {
            tags.insert(name.clone(), value);
        }
    }
    for (name, value) in scope.identity_tags(&bound.workspace.name, &address) {
        tags.insert(name, Json::String(value));
    }
    if protect {
        tags.insert(PROTECT.to_owned(), Json::String("true".to_owned()));
    }
    let hidden = hidden_fields(&evaluated.attributes);
    Ok(WantedSpec { spec, tags, hidden, protect })
}

fn hidden_fields(resolved: &Resolved) -> BTreeSet<String> {
    let texts = resolved.sensitive.iter().map(canonical::text);
    texts.map(|t| diff::top(&t).to_owned()).collect()
}

/// A tag's value as a string or placeholder; null leaves the tag out.
fn tag_value(value: &Value) -> Option<Json> {
    match value.to_json_with_placeholders().json {
        Json::Null => None,
        Json::String(s) => Some(Json::String(s)),
        other => Some(Json::String(other.to_string())),
    }
}

fn hide(fields: &mut [FieldChange], hidden: &BTreeSet<String>) {
    for field in fields {
        field.sensitive |= hidden.contains(diff::top(&field.path));
    }
}

fn empty_change(address: &Address) -> Change {
    Change {
        address: address.clone(),
        action: Action::None,
        reason: None,
        moved_from: None,
        id: None,
        deposed: false,
        replace_order: None,
        fields: Vec::new(),
        depends_on: Vec::new(),
        blocked: None,
        fingerprint: None,
    }
}

/// An instance that filters leave alone.
fn unselected(block: &BlockId, address: &Address, found: Option<identity::Match>) -> Planned {
    let live = found.map(|m| m.live);
    let change = Change { id: live.as_ref().map(|l| l.id.clone()), ..empty_change(address) };
    Planned {
        change,
        block: block.clone(),
        live,
        orphan: false,
        late_changes: false,
        main_changes: false,
    }
}

/// Decides what happens to one instance, late fields aside.
fn decide(
    handler: &dyn Handler,
    block: &BlockId,
    prepared: &Prepared,
    found: Option<identity::Match>,
    options: &PlanOptions,
) -> Planned {
    let entry = handler.entry();
    let wanted = &prepared.wanted;
    let address = &prepared.sought.address;
    let mut change = empty_change(address);
    let mut planned = Planned {
        change: change.clone(),
        block: block.clone(),
        live: None,
        orphan: false,
        late_changes: false,
        main_changes: false,
    };
    let Some(found) = found else {
        change.action = Action::Create;
        change.reason = Some(Reason::Missing);
        change.fields = diff::creation(entry.spec(), &wanted.spec);
        let users: BTreeMap<_, _> = wanted
            .tags
            .iter()
            .filter(|(k, _)| !identity::is_our_tag(k))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        change.fields.extend(diff::tags(&Tags::new(), &users, &[]));
        hide(&mut change.fields, &wanted.hidden);
        planned.change = change;
        return planned;
    };
    let live = found.live;
    change.id = Some(live.id.clone());
    change.fingerprint = Some(fingerprint(&live, compared(entry.spec(), &wanted.spec)));
    change.moved_from = found.moved_from;
    change.fields = diff::diff(entry.spec(), &live.spec, &wanted.spec);
    let unprotect: &[&str] = if wanted.protect { &[] } else { &[PROTECT] };
    let mut tag_changes = diff::tags(&live.tags, &wanted.tags, unprotect);
    if change.moved_from.is_some() {
        let address_tag = format!("tags.{}", crate::aws::ownership::RESOURCE);
        tag_changes.retain(|f| f.path != address_tag);
    }
    change.fields.extend(tag_changes);
    hide(&mut change.fields, &wanted.hidden);
    let forcing: Vec<String> =
        change.fields.iter().filter(|f| f.forces_replacement).map(|f| f.path.clone()).collect();
    let requested = options.replace.iter().any(|a| a.covers(address));
    (change.action, change.reason) = match &live.status {
        Status::Failed(why) => (Action::Replace, Some(Reason::Failed { why: why.clone() })),
        _ if !forcing.is_empty() => (Action::Replace, Some(Reason::Immutable { fields: forcing })),
        _ if requested => (Action::Replace, Some(Reason::Requested)),
        _ if !change.fields.is_empty() => (Action::Update, Some(Reason::Changed)),
        _ if change.moved_from.is_some() => (Action::Update, Some(Reason::Moved)),
        _ => (Action::None, None),
    };
    if change.action == Action::Replace {
        let rules = handler.rules();
        let same_name = prepared.sought.name.is_some()
            && handler.natural_name(&live.spec) == prepared.sought.name;
        // A name made from a prefix is a new one each time: both can stand side by side.
        let prefixed = wanted.spec.get("name_prefix").is_some_and(Json::is_string);
        let order = match (prefixed, same_name) {
            (true, _) => ReplaceOrder::CreateFirst,
            (false, true) => ReplaceOrder::DeleteFirst,
            (false, false) => rules.replace,
        };
        change.replace_order = Some(order);
        let protected = wanted.protect || is_protected(&live.tags);
        if protected && !options.allows_protected(address) {
            change.blocked = Some(Blocked::Protected);
        } else if rules.stateful && !options.allows_data_loss(address) {
            change.blocked = Some(Blocked::DataLoss { what: entry.name.replace('_', " ") });
        }
    }
    planned.main_changes = change.action == Action::Update;
    planned.change = change;
    planned.live = Some(live);
    planned
}

/// Names the fields of what is wanted that a plan compares.
fn compared<'a>(schema: SchemaView<'a>, wanted: &'a Json) -> impl Iterator<Item = &'a str> {
    let given = wanted.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    given
        .map(|(field, _)| field.as_str())
        .filter(move |field| schema.property(field).is_some_and(|view| !view.is_write_only()))
}

/// The deletion of an object of ours.
fn deletion(
    block: BlockId,
    address: Address,
    live: LiveObject,
    reason: Reason,
    deposed: bool,
    input: Input<'_>,
) -> Planned {
    let protected = is_protected(&live.tags) && !input.options.allows_protected(&address);
    let change = Change {
        action: Action::Delete,
        reason: Some(reason),
        id: Some(live.id.clone()),
        fingerprint: Some(fingerprint(&live, [])),
        deposed,
        blocked: protected.then_some(Blocked::Protected),
        ..empty_change(&address)
    };
    let live = Some(live);
    Planned { change, block, live, orphan: true, late_changes: false, main_changes: false }
}

/// Plans the deletion of all that workspaces own. The stack is needed for nothing but the order
/// that only it knows, so a workspace may come without.
pub fn plan_destroy(
    input: Input<'_>,
    names: &[String],
    account_id: &str,
) -> Result<Plan, Diagnostics> {
    let mut evaluation = Evaluation::default();
    for name in names {
        let bound = input.workspaces.iter().map(|(b, _)| b).find(|b| b.workspace.name == *name);
        let mut planned = Vec::new();
        for (ty, handler) in &input.registry.resources {
            let live = input.snapshot.get(*ty).map_or(&[][..], Vec::as_slice);
            let found = identity::match_type(handler.as_ref(), input.scope, name, &[], live);
            let all = found.orphans.into_iter().map(|o| (o, false));
            let deposed = found.deposed.into_iter().map(|o| (o, true));
            for ((address, live), deposed) in all.chain(deposed) {
                let block = BlockId::resource(*ty, &address.name);
                let reason = if deposed { Reason::Deposed } else { Reason::Destroy };
                let stanza = bound.and_then(|b| b.workspace.blocks.get(&block));
                let mut one =
                    deletion(block.clone(), address.clone(), live, reason, deposed, input);
                one.orphan = false;
                if stanza.is_some_and(|b| b.protect) && !input.options.allows_protected(&address) {
                    one.change.blocked = Some(Blocked::Protected);
                }
                planned.push(one);
            }
        }
        evaluation.planned.push((planned, Vec::new()));
    }
    super::selection::for_destroy(
        input.options,
        &mut evaluation
            .planned
            .iter_mut()
            .flat_map(|(planned, _)| planned.iter_mut())
            .map(|p| (&mut p.change, p.live.as_ref()))
            .collect::<Vec<_>>(),
        &mut evaluation.problems,
    );
    for (planned, _) in &mut evaluation.planned {
        planned.retain(|p| p.change.action != Action::None);
    }
    if evaluation.problems.has_errors() {
        return Err(evaluation.problems);
    }
    assemble_named(input, evaluation, (Mode::Destroy, names), account_id)
}

fn assemble(
    input: Input<'_>,
    evaluation: Evaluation,
    mode: Mode,
    account_id: &str,
) -> Result<Plan, Diagnostics> {
    let names: Vec<String> =
        input.workspaces.iter().map(|(b, _)| b.workspace.name.clone()).collect();
    assemble_named(input, evaluation, (mode, &names), account_id)
}

/// Orders the changes and writes them down.
fn assemble_named(
    input: Input<'_>,
    mut evaluation: Evaluation,
    (mode, names): (Mode, &[String]),
    account_id: &str,
) -> Result<Plan, Diagnostics> {
    keep_what_blocked_ones_need(&mut evaluation.planned);
    let mut items: Vec<Item> = Vec::new();
    let all: Vec<(usize, usize, &Planned)> = evaluation
        .planned
        .iter()
        .enumerate()
        .flat_map(|(w, (planned, _))| planned.iter().enumerate().map(move |(c, p)| (w, c, p)))
        .collect();
    let live = LiveReferences::new(all.iter().map(|(_, _, p)| p.live.as_ref()));
    let mut by_block: BTreeMap<(usize, &BlockId), Vec<usize>> = BTreeMap::new();
    for (index, (w, _, planned)) in all.iter().enumerate() {
        if !planned.orphan {
            by_block.entry((*w, &planned.block)).or_default().push(index);
        }
    }
    let bound_of =
        |w: usize| input.workspaces.iter().map(|(b, _)| b).find(|b| b.workspace.name == names[w]);
    let mut declared: Vec<(BTreeSet<(usize, Part)>, BTreeSet<(usize, Part)>)> = Vec::new();
    for (w, _, planned) in &all {
        let bound = bound_of(*w)
            .filter(|b| !planned.orphan && b.workspace.blocks.contains_key(&planned.block));
        let needs = |part: UnitPart| -> BTreeSet<(usize, Part)> {
            let Some(bound) = bound else { return BTreeSet::new() };
            resource_references(bound, &planned.block, part)
                .into_iter()
                .flat_map(|(block, part)| {
                    let instances = by_block.get(&(*w, &block)).cloned().unwrap_or_default();
                    instances.into_iter().map(move |i| (i, part))
                })
                .collect()
        };
        declared.push((needs(UnitPart::Main), needs(UnitPart::Late)));
    }
    for (index, (w, c, planned)) in all.iter().enumerate() {
        let Some(handler) = input.registry.get(&planned.block.ty) else { continue };
        let (live_refs, live_late_refs) = live.of(handler.entry(), planned.live.as_ref(), index);
        let acts = planned.change.blocked.is_none();
        items.push(Item {
            workspace: *w,
            change: *c,
            ty: handler.entry().name,
            rules: handler.rules(),
            action: if acts { planned.change.action } else { Action::None },
            order: planned.change.replace_order.unwrap_or(handler.rules().replace),
            main_changes: planned.main_changes,
            late_changes: planned.late_changes,
            needs: declared[index].0.clone(),
            late_needs: declared[index].1.clone(),
            live_refs,
            live_late_refs,
            orphan: planned.orphan,
        });
    }
    graph::settle_orders(&mut items);
    let nodes = graph::build(&items).map_err(|cycle| {
        let members: Vec<_> =
            cycle.0.iter().map(|&i| all[i].2.change.address.to_string()).collect();
        Diagnostic::error(
            "cycle",
            format!("these wait for each other, so nothing can go first: {}", members.join(", ")),
        )
        .hint("take a reference out of the circle, or apply in two steps with --target")
    })?;
    let orders: Vec<_> = items.iter().map(|i| i.order).collect();
    let depends_on: Vec<Vec<Address>> = declared
        .iter()
        .enumerate()
        .map(|(index, (main, late))| {
            let to: BTreeSet<_> = main.iter().chain(late).map(|(i, _)| *i).collect();
            let others = to.into_iter().filter(|i| *i != index);
            let mut list: Vec<_> = others.map(|i| all[i].2.change.address.clone()).collect();
            list.sort();
            list
        })
        .collect();
    let mut plan = Plan {
        mode,
        scope: input.scope.clone(),
        account_id: account_id.to_owned(),
        workspaces: Vec::new(),
        nodes,
        warnings: evaluation.warnings,
        api_calls: 0,
        calls_by_operation: BTreeMap::new(),
    };
    let mut index = 0;
    for (w, (planned, outputs)) in evaluation.planned.into_iter().enumerate() {
        let mut changes = Vec::new();
        for one in planned {
            let mut change = one.change;
            change.depends_on.clone_from(&depends_on[index]);
            if change.action == Action::Replace {
                change.replace_order = Some(orders[index]);
            }
            changes.push(change);
            index += 1;
        }
        plan.workspaces.push(WorkspacePlan { name: names[w].clone(), changes, outputs });
    }
    let read_only: BTreeSet<&str> = input
        .workspaces
        .iter()
        .filter(|(_, read_only)| *read_only)
        .map(|(b, _)| b.workspace.name.as_str())
        .collect();
    debug_assert!(
        plan.workspaces
            .iter()
            .all(|w| !read_only.contains(w.name.as_str()) || w.changes.is_empty())
    );
    Ok(plan)
}

/// Resources a part of a block refers to; data sources on the way are looked through.
fn resource_references(
    bound: &BoundWorkspace,
    block: &BlockId,
    part: UnitPart,
) -> BTreeSet<(BlockId, Part)> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = bound.references_of(block, part).into_iter().collect();
    while let Some((to, part)) = open.pop() {
        if !seen.insert((to.clone(), part)) {
            continue;
        }
        match (to.kind, part) {
            (BlockKind::Data, _) => open.extend(bound.references_of(&to, UnitPart::Data)),
            (BlockKind::Resource, UnitPart::Late) => {
                found.insert((to, Part::Late));
            }
            (BlockKind::Resource, _) => {
                found.insert((to, Part::Main));
            }
        }
    }
    found
}

/// What a blocked object still uses stays as well.
fn keep_what_blocked_ones_need(planned: &mut [(Vec<Planned>, Vec<OutputChange>)]) {
    loop {
        let mut keep: Vec<(usize, usize, Address)> = Vec::new();
        let all: Vec<(usize, usize, &Planned)> = planned
            .iter()
            .enumerate()
            .flat_map(|(w, (list, _))| list.iter().enumerate().map(move |(c, p)| (w, c, p)))
            .collect();
        let live = LiveReferences::new(all.iter().map(|(_, _, p)| p.live.as_ref()));
        for (index, (_, _, blocked)) in all.iter().enumerate() {
            let (true, Some(object)) = (blocked.change.blocked.is_some(), &blocked.live) else {
                continue;
            };
            for to in live.all(object, index) {
                let (w, c, target) = &all[to];
                let goes = matches!(target.change.action, Action::Delete | Action::Replace);
                if goes && target.change.blocked.is_none() {
                    keep.push((*w, *c, blocked.change.address.clone()));
                }
            }
        }
        if keep.is_empty() {
            return;
        }
        for (w, c, by) in keep {
            planned[w].0[c].change.blocked = Some(Blocked::Needed { by });
        }
    }
}
