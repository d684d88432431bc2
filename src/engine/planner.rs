//! The planner: stack and snapshot in, plan out. Pure: it never touches the network.

mod around;
mod decide;
mod hold;
mod order;
mod pass;
mod wanted;

use super::identity::{self};
use super::plan::{Action, Blocked, Change, Mode, OutputChange, Plan, Reason};
use super::resource::{LiveObject, Registry, Snapshot};
use super::world::World;
use crate::aws::Scope;
use crate::stack::{Address, BlockId, BoundWorkspace, Diagnostics, Location};
use hold::Held;
use order::Unordered;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

pub use around::{Around, Object};
pub(super) use wanted::evaluate_one;

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

/// A name that counts in all regions of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalName {
    /// Type of what has it.
    pub ty: &'static str,
    /// The name.
    pub name: String,
    /// Workspace of what has it.
    pub workspace: String,
    /// Address of what has it.
    pub address: Address,
    /// Where the file says so.
    pub at: Location,
}

/// One resource as planned.
#[derive(Clone, Debug)]
struct Planned {
    change: Change,
    block: BlockId,
    live: Option<LiveObject>,
    /// Filters leave it in: it may be changed.
    selected: bool,
    /// Live, but wanted no more: an orphan or a deposed one.
    orphan: bool,
    late_changes: bool,
    main_changes: bool,
    /// Main fields of what the stack wants.
    wanted: Option<Json>,
    /// Late fields of it.
    wanted_late: BTreeMap<String, Json>,
}

impl Planned {
    fn new(change: Change, block: BlockId, live: Option<LiveObject>) -> Self {
        Self {
            change,
            block,
            live,
            selected: true,
            orphan: false,
            late_changes: false,
            main_changes: false,
            wanted: None,
            wanted_late: BTreeMap::new(),
        }
    }

    /// Whether its live object goes away.
    fn goes(&self) -> bool {
        matches!(self.change.action, Action::Delete | Action::Replace)
            && self.change.blocked.is_none()
    }
}

/// What a value that is not known yet waits for: by workspace and name of the value
/// (`outputs.vpc_id`, `data.vpc.shared`).
type Waits = BTreeMap<(String, String), BTreeSet<String>>;

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
    /// Objects as they are, for the outputs before the change.
    live: World,
    waits: Waits,
    /// Names that count in all regions.
    pub(super) global_names: Vec<GlobalName>,
    /// Who has a natural name, by type and name.
    named: BTreeMap<(&'static str, String), (String, Address)>,
}

impl Evaluation {
    /// Tells whether anything is to be changed.
    pub fn changes(&self) -> bool {
        let mut all = self.planned.iter().flat_map(|(planned, _)| planned);
        all.any(|planned| planned.change.action != Action::None)
    }

    /// Names what would go and may hold data, by type and id.
    pub(super) fn at_stake(&self, registry: &Registry) -> BTreeSet<(String, String)> {
        let all = self.planned.iter().flat_map(|(planned, _)| planned);
        let goes = |p: &&Planned| {
            let handler = registry.get(&p.change.address.ty);
            matches!(p.change.action, Action::Delete | Action::Replace)
                && handler.is_some_and(|handler| handler.rules().is_weighed())
        };
        let named = |p: &Planned| Some((p.change.address.ty.clone(), p.live.as_ref()?.id.clone()));
        all.filter(goes).filter_map(named).collect()
    }
}

/// Evaluates the stack against the snapshot, resource by resource.
///
/// What a blocked resource still uses must stay, and what depends on that does not change either:
/// the stack is evaluated again with all that until nothing more is held back.
pub fn evaluate(input: Input<'_>) -> Evaluation {
    evaluate_using(input, &Uses::new())
}

/// Resources, by workspace and address, that use in place what must be deleted before it can be
/// made anew, and cannot let go of it: they are replaced with it. With each, what it uses.
type Uses = BTreeMap<(String, Address), Address>;

fn evaluate_using(input: Input<'_>, uses: &Uses) -> Evaluation {
    let mut held = Held::new();
    loop {
        let mut evaluation = Evaluation::default();
        for (bound, read_only) in input.workspaces {
            pass::run(input, (&held, uses), (bound, *read_only), &mut evaluation);
        }
        let names = workspace_names(input);
        if evaluation.problems.has_errors()
            || !hold::more(input.registry, &names, &evaluation.planned, &mut held)
        {
            return evaluation;
        }
    }
}

fn workspace_names(input: Input<'_>) -> Vec<String> {
    let planned = input.workspaces.iter().filter(|(_, read_only)| !read_only);
    planned.map(|(b, _)| b.workspace.name.clone()).collect()
}

/// Turns an evaluation without problems into a plan, and says how it leaves the objects.
///
/// What turns out to wait in a circle for something that it uses is replaced, and the stack is
/// evaluated again with that.
pub fn plan(
    input: Input<'_>,
    mut evaluation: Evaluation,
    account_id: &str,
) -> Result<(Plan, World), Diagnostics> {
    let mut uses = Uses::new();
    loop {
        if evaluation.problems.has_errors() {
            return Err(pass::one_a_workspace(evaluation.problems));
        }
        let world = std::mem::take(&mut evaluation.world);
        let names = workspace_names(input);
        match order::assemble(input, evaluation, (Mode::Apply, &names), account_id) {
            Ok(plan) => return Ok((plan, world)),
            Err(Unordered::Uses(more)) => uses.extend(more),
            Err(Unordered::Never(problem)) => return Err(problem.into()),
        }
        evaluation = evaluate_using(input, &uses);
    }
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
            evaluation.problems.extend(found.problems);
            let all = found.orphans.into_iter().map(|o| (o, false));
            let deposed = found.deposed.into_iter().map(|o| (o, true));
            for ((address, live), deposed) in all.chain(deposed) {
                let block = BlockId::resource(*ty, &address.name);
                let reason = if deposed { Reason::Deposed } else { Reason::Destroy };
                let stanza = bound.and_then(|b| b.workspace.blocks.get(&block));
                let mut one =
                    decide::deletion((&block, &address), live, (reason, deposed), input.options);
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
    );
    for (planned, _) in &mut evaluation.planned {
        planned.retain(|p| p.change.action != Action::None);
    }
    if evaluation.problems.has_errors() {
        return Err(evaluation.problems);
    }
    let mut held = Held::new();
    while hold::more(input.registry, names, &evaluation.planned, &mut held) {
        for (name, (planned, _)) in names.iter().zip(&mut evaluation.planned) {
            for one in planned.iter_mut().filter(|p| p.change.blocked.is_none()) {
                one.change.blocked = held.get(&hold::key(name, one)).cloned();
            }
        }
    }
    order::assemble(input, evaluation, (Mode::Destroy, names), account_id).map_err(|e| match e {
        Unordered::Never(problem) => problem.into(),
        Unordered::Uses(_) => unreachable!("a destroy updates nothing"),
    })
}
