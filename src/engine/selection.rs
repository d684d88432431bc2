//! `--target` and `--exclude`: which resources a plan may touch.

use super::plan::{Action, Change, Plan};
use super::planner::PlanOptions;
use super::references::LiveReferences;
use super::resource::LiveObject;
use super::session::are;
use crate::stack::diagnostic::nearest;
use crate::stack::{Address, BlockId, BoundWorkspace, Diagnostic, Diagnostics, UnitPart};
use std::collections::BTreeSet;

/// The choice for one workspace.
#[derive(Debug, Default)]
pub struct Selection {
    targets: Vec<Address>,
    /// Blocks that targets need.
    needed: BTreeSet<BlockId>,
    excludes: Vec<Address>,
    /// Blocks that need an excluded one.
    dependents: BTreeSet<BlockId>,
}

impl Selection {
    /// Works out what the filters mean for a workspace.
    pub fn new(bound: &BoundWorkspace, options: &PlanOptions) -> Self {
        let mut selection = Self {
            targets: options.targets.clone(),
            excludes: options.excludes.clone(),
            ..Self::default()
        };
        if selection.targets.is_empty() && selection.excludes.is_empty() {
            return selection;
        }
        for block in bound.workspace.blocks.keys() {
            let needs = closure(bound, block);
            let is = |list: &[Address], b: &BlockId| {
                list.iter().any(|a| a.ty == b.ty && a.name == b.name)
            };
            if is(&selection.targets, block) {
                selection.needed.extend(needs.iter().cloned());
            }
            if needs.iter().any(|b| is(&selection.excludes, b)) {
                selection.dependents.insert(block.clone());
            }
        }
        selection
    }

    /// Tells whether an instance may be touched.
    pub fn selects(&self, block: &BlockId, address: &Address) -> bool {
        let targeted = self.targets.is_empty()
            || self.targets.iter().any(|t| t.covers(address))
            || self.needed.contains(block);
        let excluded =
            self.excludes.iter().any(|e| e.covers(address)) || self.dependents.contains(block);
        targeted && !excluded
    }

    /// Tells whether an object that left the stack may be touched.
    pub fn selects_orphan(&self, address: &Address) -> bool {
        let targeted = self.targets.is_empty() || self.targets.iter().any(|t| t.covers(address));
        targeted && !self.excludes.iter().any(|e| e.covers(address))
    }
}

/// Reports addresses given on the command line that mean nothing in any planned workspace.
pub fn check_addresses(
    options: &PlanOptions,
    workspaces: &[&BoundWorkspace],
    live: &[Address],
) -> Diagnostics {
    let mut known: Vec<String> = live.iter().map(|a| format!("{}.{}", a.ty, a.name)).collect();
    for bound in workspaces {
        known.extend(bound.workspace.blocks.keys().map(ToString::to_string));
    }
    let lists = [
        ("--target", &options.targets),
        ("--exclude", &options.excludes),
        ("--replace", &options.replace),
        ("--allow-protected", &options.allow_protected),
        ("--allow-data-loss", &options.allow_data_loss),
    ];
    let mut problems = Diagnostics::new();
    for (flag, list) in lists {
        for address in list {
            let block = format!("{}.{}", address.ty, address.name);
            if known.contains(&block) {
                continue;
            }
            let problem = Diagnostic::error(
                "unknown_address",
                format!("{flag} {address}: there is no such resource"),
            );
            problems.push(match nearest(&block, known.iter().map(String::as_str)) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("`infra show` lists what there is"),
            });
        }
    }
    problems
}

/// Reports instances asked for that no planned workspace has.
pub fn check_instances(options: &PlanOptions, plan: &Plan) -> Diagnostics {
    let changes = || plan.workspaces.iter().flat_map(|w| &w.changes);
    let mut problems = Diagnostics::new();
    for (flag, list) in [("--target", &options.targets), ("--replace", &options.replace)] {
        for address in list.iter().filter(|a| a.key.is_some()) {
            let is = |c: &Change| c.address == *address || c.moved_from.as_ref() == Some(address);
            if changes().any(is) {
                continue;
            }
            let message = format!("{flag} {address}: there is no such instance");
            let problem = Diagnostic::error("unknown_address", message);
            let block = Address { key: None, ..address.clone() };
            let known: Vec<String> = changes()
                .filter(|c| block.covers(&c.address))
                .map(|c| format!("`{}`", c.address))
                .collect();
            problems.push(match known.as_slice() {
                [] => problem.hint("it has no instances"),
                _ => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    problem.hint(format!("there {}", are(&known)))
                }
            });
        }
    }
    problems
}

/// All blocks a block refers to, directly or not.
pub(super) fn closure(bound: &BoundWorkspace, block: &BlockId) -> BTreeSet<BlockId> {
    let mut found = BTreeSet::new();
    let mut open = vec![block.clone()];
    while let Some(at) = open.pop() {
        for part in [UnitPart::Main, UnitPart::Late, UnitPart::Data] {
            for (to, _) in bound.references_of(&at, part) {
                if to != *block && found.insert(to.clone()) {
                    open.push(to);
                }
            }
        }
    }
    found
}

/// Narrows a destroy plan: a target goes with all that needs it, an excluded one stays with all it
/// needs. What stays gets the action `none`.
pub fn for_destroy(options: &PlanOptions, changes: &mut [(&mut Change, Option<&LiveObject>)]) {
    if options.targets.is_empty() && options.excludes.is_empty() {
        return;
    }
    let live = LiveReferences::new(changes.iter().map(|(_, live)| *live));
    let names: Vec<BTreeSet<usize>> = changes
        .iter()
        .enumerate()
        .map(|(i, (_, object))| object.map(|o| live.all(o, i)).unwrap_or_default())
        .collect();
    let covered = |list: &[Address], address: &Address| list.iter().any(|a| a.covers(address));
    let mut goes: Vec<bool> = changes
        .iter()
        .map(|(c, _)| options.targets.is_empty() || covered(&options.targets, &c.address))
        .collect();
    let mut stays: Vec<bool> =
        changes.iter().map(|(c, _)| covered(&options.excludes, &c.address)).collect();
    loop {
        let mut settled = true;
        for (i, uses) in names.iter().enumerate() {
            for &to in uses {
                if goes[to] && !goes[i] {
                    goes[i] = true;
                    settled = false;
                }
                if stays[i] && !stays[to] {
                    stays[to] = true;
                    settled = false;
                }
            }
        }
        if settled {
            break;
        }
    }
    for (i, (change, _)) in changes.iter_mut().enumerate() {
        if !goes[i] || stays[i] {
            change.action = Action::None;
            change.reason = None;
        }
    }
}
