//! Puts changes into an order and writes the plan down.

use super::{Evaluation, Input, Planned, Uses, Waits};
use crate::engine::graph::{self, Item};
use crate::engine::plan::{Action, After, Mode, Part, Plan, WorkspacePlan};
use crate::engine::references::{self, LiveReferences};
use crate::stack::value::{each_string, placeholder_refs};
use crate::stack::{Address, BlockId, BlockKind, BoundWorkspace, Diagnostic, UnitPart};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Why there is no order.
pub(super) enum Unordered {
    /// These would have to be replaced.
    Uses(Uses),
    /// Nothing helps.
    Never(Diagnostic),
}

/// Orders the changes and writes them down.
pub(super) fn assemble(
    input: Input<'_>,
    evaluation: Evaluation,
    (mode, names): (Mode, &[String]),
    account_id: &str,
) -> Result<Plan, Unordered> {
    let mut items: Vec<Item> = Vec::new();
    let all: Vec<(usize, usize, &Planned)> = evaluation
        .planned
        .iter()
        .enumerate()
        .flat_map(|(w, (planned, _))| planned.iter().enumerate().map(move |(c, p)| (w, c, p)))
        .collect();
    let live = LiveReferences::new(all.iter().map(|(_, _, p)| p.live.as_ref()));
    let across = Across::new(input, names, mode, &evaluation.waits, &all);
    let depends_on_of = dependencies(input, names);
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
            let key = planned.change.address.key.as_deref();
            let mut found = BTreeSet::new();
            for ((block, part), keys) in resource_references(bound, (&planned.block, key), part) {
                let key_of = |i: &usize| all[*i].2.change.address.key.as_ref();
                let named = |i: &usize| match (&keys, key_of(i)) {
                    (Some(keys), Some(key)) => keys.contains(key),
                    _ => true,
                };
                let instances = by_block.get(&(*w, &block)).into_iter().flatten();
                found.extend(instances.copied().filter(named).map(|i| (i, part)));
            }
            found
        };
        declared.push((needs(UnitPart::Main), needs(UnitPart::Late)));
    }
    for (index, (w, c, planned)) in all.iter().enumerate() {
        let mut needs = declared[index].0.clone();
        needs.extend(across.needs(index));
        let Some(handler) = input.registry.get(&planned.block.ty) else { continue };
        let (live_refs, live_late_refs) = live.of(handler.entry(), planned.live.as_ref(), index);
        let acts = planned.change.blocked.is_none();
        items.push(Item {
            workspace: *w,
            depends_on: depends_on_of[*w].clone(),
            change: *c,
            ty: handler.entry().name,
            rules: handler.rules(),
            action: if acts { planned.change.action } else { Action::None },
            order: planned.change.replace_order.unwrap_or(handler.rules().replace),
            main_changes: planned.main_changes,
            late_changes: planned.late_changes,
            needs,
            late_needs: declared[index].1.clone(),
            live_refs,
            live_late_refs,
            makes_way: BTreeSet::new(),
            holds_fast: false,
            live_names: planned.live.iter().flat_map(LiveReferences::names).collect(),
        });
    }
    hold_fast(input, &all, &mut items);
    let warnings = make_way(input, &all, &mut items);
    let nodes = graph::build(&mut items).map_err(|cycle| {
        let address = |i: usize| all[i].2.change.address.clone();
        if !cycle.replace.is_empty() {
            let user = |i: usize| (names[all[i].0].clone(), address(i));
            let uses = cycle.replace.into_iter().map(|(i, used)| (user(i), address(used)));
            return Unordered::Uses(uses.collect());
        }
        let members: Vec<_> = cycle.items.into_iter().map(|i| address(i).to_string()).collect();
        let words = "these wait for each other, so nothing can go first";
        let problem = Diagnostic::error("cycle", format!("{words}: {}", members.join(", ")));
        let hint = "take a reference out of the circle, or apply in two steps with --target";
        Unordered::Never(problem.hint(hint))
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
        warnings,
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
    Ok(plan)
}

/// Notes which objects of types that let go cannot do without what they name that goes.
fn hold_fast(input: Input<'_>, all: &[(usize, usize, &Planned)], items: &mut [Item]) {
    for (index, (_, _, planned)) in all.iter().enumerate() {
        let item = &items[index];
        let Some(live) = planned.live.as_ref().filter(|_| item.rules.lets_go) else { continue };
        let Some(handler) = input.registry.get(item.ty) else { continue };
        let named = item.live_refs.iter().filter(|to| items[**to].makes_room());
        let names: Vec<String> = named.flat_map(|to| items[*to].live_names.clone()).collect();
        if !names.is_empty() {
            let (rest, _) = references::without(handler.entry(), &live.spec, &names, false);
            items[index].holds_fast = !handler.holds_out(&rest);
        }
    }
}

/// Notes which live objects must be gone before others of their type can be made. What leaves the
/// stack and what comes in its place may be the same under a new name: returns a word on each.
fn make_way(input: Input<'_>, all: &[(usize, usize, &Planned)], items: &mut [Item]) -> Vec<String> {
    let mut renamed = BTreeSet::new();
    for (ty, handler) in &input.registry.resources {
        let of_type = || all.iter().enumerate().filter(|(i, _)| items[*i].ty == *ty);
        let (leaving, live): (Vec<usize>, Vec<&Json>) = of_type()
            .filter(|(_, (_, _, p))| p.goes())
            .filter_map(|(i, (_, _, p))| Some((i, &p.live.as_ref()?.spec)))
            .unzip();
        let (coming, wanted): (Vec<usize>, Vec<&Json>) = of_type()
            .filter(|(i, _)| matches!(items[*i].action, Action::Create | Action::Replace))
            .filter_map(|(i, (_, _, p))| Some((i, p.wanted.as_ref()?)))
            .unzip();
        let clashes = if leaving.is_empty() { Vec::new() } else { handler.clashes(&live, &wanted) };
        for (old, new) in clashes {
            let (old, new) = (leaving[old], coming[new]);
            items[new].makes_way.insert(old);
            let ((from, _, was), (to, _, is)) = (all[old], all[new]);
            let left = was.orphan && !was.change.deposed && is.change.action == Action::Create;
            if left && from == to {
                renamed.insert((&was.block, &is.block));
            }
        }
    }
    let words = |(was, is): (&BlockId, &BlockId)| {
        format!(
            "`{is}` takes the place of `{was}`, which is deleted first; if it was only renamed, \
             `\"{was}\" = \"{is}\"` under `[moved]` keeps what is there"
        )
    };
    renamed.into_iter().filter(|(was, is)| was != is).map(words).collect()
}

/// Keys of instances; `None` is all of them.
type Keys = Option<BTreeSet<String>>;

/// Resources a part of an instance refers to; data sources on the way are looked through.
fn resource_references(
    bound: &BoundWorkspace,
    (block, key): (&BlockId, Option<&str>),
    part: UnitPart,
) -> BTreeMap<(BlockId, Part), Keys> {
    let mut found: BTreeMap<(BlockId, Part), Keys> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let direct = bound.references_of(block, part).into_iter();
    let mut open: Vec<((BlockId, UnitPart), Keys)> = direct
        .map(|to| {
            let keys = bound.keys_referred_to((block, part, key), &to);
            (to, keys)
        })
        .collect();
    while let Some(((to, part), keys)) = open.pop() {
        if to.kind == BlockKind::Data {
            if seen.insert(to.clone()) {
                let more = bound.references_of(&to, UnitPart::Data);
                open.extend(more.into_iter().map(|to| (to, None)));
            }
            continue;
        }
        let part = if part == UnitPart::Late { Part::Late } else { Part::Main };
        let known = found.entry((to, part)).or_insert_with(|| Some(BTreeSet::new()));
        match (known.as_mut(), keys) {
            (Some(known), Some(keys)) => known.extend(keys),
            _ => *known = None,
        }
    }
    found
}

/// The workspaces of a plan that each of them depends on, directly or through others; `None` of one
/// without a file.
fn dependencies(input: Input<'_>, names: &[String]) -> Vec<Option<BTreeSet<usize>>> {
    let direct = |name: &str| {
        let (bound, _) = input.workspaces.iter().find(|(b, _)| b.workspace.name == name)?;
        let mut others: BTreeSet<String> = bound.workspace.depends_on.iter().cloned().collect();
        others.extend(bound.needs_outputs().into_iter().map(|(workspace, _)| workspace));
        Some(others)
    };
    let of = |name: &String| {
        let mut open: Vec<String> = direct(name)?.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(next) = open.pop() {
            if found.insert(next.clone()) {
                open.extend(direct(&next).into_iter().flatten());
            }
        }
        Some((0..names.len()).filter(|w| found.contains(&names[*w])).collect())
    };
    names.iter().map(of).collect()
}

/// Order between resources of different workspaces.
struct Across<'a> {
    mode: Mode,
    names: &'a [String],
    waits: &'a Waits,
    all: &'a [(usize, usize, &'a Planned)],
    by_address: BTreeMap<(usize, &'a Address), usize>,
    /// Workspaces that come wholly before another.
    before: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'a> Across<'a> {
    fn new(
        input: Input<'_>,
        names: &'a [String],
        mode: Mode,
        waits: &'a Waits,
        all: &'a [(usize, usize, &'a Planned)],
    ) -> Self {
        let position = |name: &str| names.iter().position(|n| n == name);
        let mut before: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (bound, _) in input.workspaces {
            let Some(own) = position(&bound.workspace.name) else { continue };
            let mut others: BTreeSet<&str> =
                bound.workspace.depends_on.iter().map(String::as_str).collect();
            let needed = bound.needs_outputs();
            if mode == Mode::Destroy {
                // Names and parts of names, which no live reference shows, count too.
                others.extend(needed.iter().map(|(workspace, _)| workspace.as_str()));
            }
            let others = others.into_iter().filter_map(position).filter(|w| *w != own);
            before.entry(own).or_default().extend(others);
        }
        let live = all.iter().enumerate().filter(|(_, (_, _, p))| !p.change.deposed);
        let by_address = live.map(|(i, (w, _, p))| ((*w, &p.change.address), i)).collect();
        Self { mode, names, waits, all, by_address, before }
    }

    /// Items of other workspaces that an item waits for.
    fn needs(&self, index: usize) -> BTreeSet<(usize, Part)> {
        let (own, _, planned) = self.all[index];
        let mut found = BTreeSet::new();
        for (other, (w, _, _)) in self.all.iter().enumerate() {
            if self.before.get(&own).is_some_and(|b| b.contains(w)) {
                found.insert((other, Part::Main));
            }
        }
        if self.mode == Mode::Apply && self.names.len() > 1 {
            let mut open: Vec<(usize, String)> =
                unknown_refs(planned).into_iter().map(|r| (own, r)).collect();
            let mut seen = BTreeSet::new();
            while let Some((w, reference)) = open.pop() {
                if seen.insert((w, reference.clone())) {
                    self.follow(own, w, &reference, &mut open, &mut found);
                }
            }
        }
        found
    }

    /// Follows one reference of workspace `w` to resources, through outputs and data sources.
    fn follow(
        &self,
        own: usize,
        w: usize,
        reference: &str,
        open: &mut Vec<(usize, String)>,
        found: &mut BTreeSet<(usize, Part)>,
    ) {
        let output = reference.split_once(".outputs.").and_then(|(workspace, _)| {
            let other = self.names.iter().position(|n| n == workspace)?;
            Some((other, reference[workspace.len() + 1..].to_owned()))
        });
        let (w, name) = output.unwrap_or((w, reference.to_owned()));
        if let Some(refs) = self.waits.get(&(self.names[w].clone(), name.clone())) {
            open.extend(refs.iter().map(|r| (w, r.clone())));
            return;
        }
        if w == own {
            return; // its own references are known from the file
        }
        let mut text = name.as_str();
        loop {
            if let Some(address) = Address::parse(text) {
                let item = self.by_address.get(&(w, &address));
                found.extend(item.map(|i| (*i, Part::Main)));
                found.extend(item.map(|i| (*i, Part::Late)));
                return;
            }
            let Some((shorter, _)) = text.rsplit_once('.') else { return };
            text = shorter;
        }
    }
}

/// What the values of a change that are not known yet wait for.
fn unknown_refs(planned: &Planned) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for field in &planned.change.fields {
        match &field.after {
            After::Unknown(refs) => found.extend(refs.iter().cloned()),
            After::Known(value) => {
                each_string(value, &mut |text| found.extend(placeholder_refs(text)));
            }
        }
    }
    found
}
