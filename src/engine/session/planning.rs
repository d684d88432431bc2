//! Plans: of what makes the account like the stack, and of the deletion of all that is owned.

use super::{Planned, Session, StackWanted};
use crate::aws::{Cx, Scope, shared_reads};
use crate::engine::plan::{Action, Plan};
use crate::engine::planner::{self, Around, DataResults, Evaluation, Input, PlanOptions};
use crate::engine::resource::Snapshot;
use crate::engine::selection::{check_addresses, check_instances};
use crate::engine::snapshot::{self, Names};
use crate::engine::world::World;
use crate::stack::{
    Address, BlockId, BlockKind, BoundWorkspace, Diagnostic, Diagnostics, Fields, Location,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every workspace, as listings understand it.
const EVERY: &[String] = &[];

impl Session {
    /// Plans what makes the account like the stack, and has types check what is to be changed. Reads,
    /// never writes.
    pub async fn plan(
        &self,
        cx: &Cx,
        names: &[String],
        options: &PlanOptions,
    ) -> Result<Planned, Diagnostics> {
        self.plan_with(cx, names, (options, true)).await
    }

    /// As [`Session::plan`], for those who only want to know what differs.
    pub async fn compare(
        &self,
        cx: &Cx,
        names: &[String],
        options: &PlanOptions,
    ) -> Result<Planned, Diagnostics> {
        self.plan_with(cx, names, (options, false)).await
    }

    async fn plan_with(
        &self,
        cx: &Cx,
        names: &[String],
        (options, checks): (&PlanOptions, bool),
    ) -> Result<Planned, Diagnostics> {
        shared_reads::share(self.plan_as_read(cx, names, (options, checks))).await
    }

    async fn plan_as_read(
        &self,
        cx: &Cx,
        names: &[String],
        (options, checks): (&PlanOptions, bool),
    ) -> Result<Planned, Diagnostics> {
        let account = Some((cx.account_id.as_str(), cx.partition.as_str()));
        let bound = self.bind_all(names, account)?;
        let all: Vec<String> = bound.iter().map(|(b, _)| b.workspace.name.clone()).collect();
        let every = self.project.workspaces.keys().all(|w| all.contains(w));
        // With every file in the plan, what has no file any more is worth a word.
        let mut read = self.read(cx, &bound, if every { &[] } else { &all }, options).await?;
        let going = read.evaluation.at_stake(&self.registry);
        if !going.is_empty() {
            snapshot::weigh(&self.registry, cx, &going, &mut read.snapshot).await?;
            let (scope, seen) = (self.scope(), (&read.snapshot, &read.data));
            read.evaluation = planner::evaluate(self.input(&scope, &bound, seen, options));
        }
        if checks {
            self.preflight(cx, &bound, &read).await?;
        }
        let mut planned = self.planned(bound, read, options, &cx.account_id)?;
        warn_of_losses(&mut planned);
        if every {
            let (_, without_file) = self.live_workspaces(&planned.snapshot);
            let words = without_file.into_iter().map(|(name, _)| {
                format!(
                    "workspace `{name}` has no file any more; what it owns is left alone, \
                     `infra destroy --all` deletes it"
                )
            });
            planned.plan.warnings.extend(words);
        }
        count_calls(&mut planned.plan, cx);
        Ok(planned)
    }

    /// Has types check what the plan changes against what it leaves of others.
    async fn preflight(
        &self,
        cx: &Cx,
        bound: &[(BoundWorkspace, bool)],
        read: &Read,
    ) -> Result<(), Diagnostics> {
        if !read.evaluation.changes() || read.evaluation.problems.has_errors() {
            return Ok(());
        }
        let planned = bound.iter().filter(|(_, read_only)| !read_only);
        let names: Vec<String> = planned.map(|(b, _)| b.workspace.name.clone()).collect();
        let around = Around::new(&self.registry, &names, &read.evaluation, &read.snapshot);
        let mut problems = Diagnostics::new();
        for object in around.planned().filter(|object| object.changes) {
            let (Some(workspace), Some(address)) = (&object.workspace, &object.address) else {
                continue;
            };
            let Some(handler) = self.registry.get(&object.ty) else { continue };
            let found = handler.preflight(cx, object, &around).await;
            let found =
                found.map_err(|e| snapshot::problem(&e, &format!("cannot check {address}")))?;
            let of = bound.iter().map(|(b, _)| b).find(|b| b.workspace.name == *workspace);
            problems.0.extend(found.into_iter().map(|problem| {
                let message = format!("{address}.{}: {}", problem.path, problem.message);
                let at = of.and_then(|of| place(of, address, &problem.path, &read.evaluation));
                Diagnostic::error("invalid_value", message).at_location(at)
            }));
        }
        if problems.has_errors() { Err(problems) } else { Ok(()) }
    }

    /// As [`Session::plan`], against an account read before. Pure.
    pub fn plan_seen(
        &self,
        bound: Vec<(BoundWorkspace, bool)>,
        snapshot: Snapshot,
        data: DataResults,
        options: &PlanOptions,
        account_id: &str,
    ) -> Result<Planned, Diagnostics> {
        let scope = self.scope();
        let input = self.input(&scope, &bound, (&snapshot, &data), options);
        let evaluation = planner::evaluate(input);
        self.planned(bound, Read { evaluation, snapshot, data }, options, account_id)
    }

    fn planned(
        &self,
        bound: Vec<(BoundWorkspace, bool)>,
        Read { evaluation, snapshot, data }: Read,
        options: &PlanOptions,
        account_id: &str,
    ) -> Result<Planned, Diagnostics> {
        let refs: Vec<&BoundWorkspace> = bound.iter().map(|(b, _)| b).collect();
        let live = addresses(&self.scope(), &snapshot, EVERY);
        let unknown = check_addresses(options, &refs, &live);
        if unknown.has_errors() {
            return Err(unknown);
        }
        let scope = self.scope();
        let input = self.input(&scope, &bound, (&snapshot, &data), options);
        let global_names = evaluation.global_names.clone();
        let (plan, world) = planner::plan(input, evaluation, account_id)?;
        let unknown = check_instances(options, &plan);
        if unknown.has_errors() {
            return Err(unknown);
        }
        let registry = Arc::clone(&self.registry);
        let stack = StackWanted::new(registry, scope, bound, (world, data));
        Ok(Planned { plan, stack, snapshot, global_names })
    }

    fn input<'a>(
        &'a self,
        scope: &'a Scope,
        workspaces: &'a [(BoundWorkspace, bool)],
        (snapshot, data): (&'a Snapshot, &'a DataResults),
        options: &'a PlanOptions,
    ) -> Input<'a> {
        let registry = &self.registry;
        Input { registry, scope, workspaces, snapshot, data, options, without_data: false }
    }

    /// Reads data sources and the account until the stack asks for nothing more: names and filters
    /// may depend on what was read.
    async fn read(
        &self,
        cx: &Cx,
        bound: &[(BoundWorkspace, bool)],
        names: &[String],
        options: &PlanOptions,
    ) -> Result<Read, Diagnostics> {
        let scope = self.scope();
        let mut snapshot = Snapshot::new();
        let mut data = DataResults::new();
        let mut listed = Names::new();
        let mut first = true;
        loop {
            let evaluation =
                planner::evaluate(self.input(&scope, bound, (&snapshot, &data), options));
            let new_data: Vec<_> = evaluation
                .wanted_data
                .iter()
                .filter(|request| !data.contains_key(*request))
                .cloned()
                .collect();
            let mut stale: BTreeSet<&'static str> = BTreeSet::new();
            for (ty, wanted) in &evaluation.names {
                let known = listed.entry(ty).or_default();
                if !wanted.is_subset(known) {
                    stale.insert(ty);
                    known.extend(wanted.iter().cloned());
                }
            }
            if !first && new_data.is_empty() && stale.is_empty() {
                return Ok(Read { evaluation, snapshot, data });
            }
            let only = if first { None } else { Some(&stale) };
            let (objects, results) = futures::join!(
                snapshot::read(&self.registry, cx, names, &listed, only),
                snapshot::read_data(&self.registry, cx, new_data)
            );
            let mut problems = Diagnostics::new();
            match objects {
                Ok(objects) => snapshot.extend(objects),
                Err(found) => problems.extend(found),
            }
            match results {
                Ok(results) => data.extend(results),
                Err(found) => snapshot::join(&mut problems, found),
            }
            if problems.has_errors() {
                return Err(problems);
            }
            first = false;
        }
    }

    /// Plans the deletion of all that the workspaces own. Files are read for what only they know
    /// (protection, the order asked for); variables without a value do not stand in the way.
    ///
    /// Without names it is all workspaces that own something, those whose file is gone among them.
    /// What live resources of other workspaces use is refused, so everything of ours is read: in
    /// bulk, that takes no more calls than to read some.
    pub async fn plan_destroy(
        &self,
        cx: &Cx,
        names: &[String],
        options: &PlanOptions,
    ) -> Result<Planned, Diagnostics> {
        let account = Some((cx.account_id.as_str(), cx.partition.as_str()));
        let snapshot = shared_reads::share(async {
            let mut snapshot = match self.read_by_stack(cx, names, options).await {
                Some(snapshot) => snapshot,
                None => snapshot::read(&self.registry, cx, EVERY, &Names::new(), None).await?,
            };
            let going = self.at_stake(names, &snapshot);
            snapshot::weigh(&self.registry, cx, &going, &mut snapshot).await?;
            Ok::<_, Diagnostics>(snapshot)
        })
        .await?;
        let mut planned = self.destroy_seen(names, account, snapshot, options)?;
        warn_of_losses(&mut planned);
        count_calls(&mut planned.plan, cx);
        Ok(planned)
    }

    /// Reads the account with what the stack says, where a type in it is found by that. None where
    /// nothing is, or where the stack has no value for all that it takes: tags are all there is to
    /// go by then.
    async fn read_by_stack(
        &self,
        cx: &Cx,
        names: &[String],
        options: &PlanOptions,
    ) -> Option<Snapshot> {
        let account = Some((cx.account_id.as_str(), cx.partition.as_str()));
        let files = self.project.workspaces.keys();
        let files: Vec<String> =
            files.filter(|name| names.is_empty() || names.contains(name)).cloned().collect();
        let found_by_stack = |workspace: &crate::stack::Workspace| {
            let mut types = workspace.blocks.keys().filter_map(|b| self.registry.get(&b.ty));
            types.any(|handler| handler.rules().found_by_stack)
        };
        let any = files.iter().filter_map(|name| self.parse(name).ok()).any(|w| found_by_stack(&w));
        if !any {
            return None;
        }
        let bound = self.bind_all(&files, account).ok()?;
        Some(self.read(cx, &bound, EVERY, options).await.ok()?.snapshot)
    }

    /// Names what these workspaces (all without names) own and what may hold data, by type and id.
    fn at_stake(&self, names: &[String], snapshot: &Snapshot) -> BTreeSet<(String, String)> {
        let scope = self.scope();
        let mut found = BTreeSet::new();
        for (ty, objects) in snapshot {
            if self.registry.get(ty).is_some_and(|handler| handler.rules().is_weighed()) {
                let ours = objects.iter().filter(|live| scope.owns(&live.tags, names));
                found.extend(ours.map(|live| (ty.clone(), live.id.clone())));
            }
        }
        found
    }

    /// As [`Session::plan_destroy`], against an account read before. Pure.
    pub fn destroy_seen(
        &self,
        names: &[String],
        account: Option<(&str, &str)>,
        snapshot: Snapshot,
        options: &PlanOptions,
    ) -> Result<Planned, Diagnostics> {
        let scope = self.scope();
        let (live, mut without_file) = self.live_workspaces(&snapshot);
        if let Some(name) = names.iter().find(|n| !live.contains(*n)) {
            return Err(self.unknown_workspace(name).into());
        }
        let names = if names.is_empty() { &live } else { names };
        without_file.retain(|(name, _)| names.contains(name));
        let mut bound = Vec::new();
        let mut problems = Diagnostics::new();
        for name in names.iter().filter(|n| self.project.workspaces.contains_key(*n)) {
            let context = self.context(account);
            match self.parse(name) {
                // What has no value yet cannot matter: nothing is evaluated but `protect`.
                Ok(parsed) => match parsed.clone().bind(&self.project, &context, &self.inputs) {
                    Ok(one) => bound.push((one, false)),
                    Err(_) => bound.push((parsed.unevaluated(&self.project, &context), false)),
                },
                Err(found) => problems.extend(found),
            }
        }
        if problems.has_errors() {
            problems.sort();
            return Err(problems);
        }
        let refs: Vec<&BoundWorkspace> = bound.iter().map(|(b, _)| b).collect();
        let unknown = check_addresses(options, &refs, &addresses(&scope, &snapshot, names));
        if unknown.has_errors() {
            return Err(unknown);
        }
        let data = DataResults::new();
        let input = self.input(&scope, &bound, (&snapshot, &data), options);
        let account_id = account.map_or("", |(id, _)| id);
        let mut plan = planner::plan_destroy(input, names, account_id)?;
        if let Some(refusal) = self.in_use(&plan, &snapshot) {
            return Err(refusal.into());
        }
        plan.warnings.extend(without_file.into_iter().map(|(_, words)| words));
        plan.warnings.extend(bound.iter().flat_map(|(one, _)| self.kept(one)));
        let registry = Arc::clone(&self.registry);
        let stack = StackWanted::new(registry, scope, bound, (World::default(), data));
        Ok(Planned { plan, stack, snapshot, global_names: Vec::new() })
    }

    /// Says of what is set and never owned that it stays.
    fn kept(&self, bound: &BoundWorkspace) -> Vec<String> {
        let handler = |block: &BlockId| match block.kind {
            BlockKind::Resource => self.registry.get(&block.ty),
            BlockKind::Data => None,
        };
        let blocks = bound.workspace.blocks.keys();
        let unowned = blocks.filter(|b| handler(b).is_some_and(|handler| handler.rules().unowned));
        // What its `when` leaves out was never set.
        let (nothing, name) = (World::default(), &bound.workspace.name);
        let none =
            |b: &&BlockId| bound.instances(b, &nothing.view(name)).is_ok_and(|k| k.is_empty());
        let unowned = unowned.filter(|block| !none(block));
        let words = |block| {
            format!(
                "`{block}` is set, not owned: the account keeps it as its default, because others \
                 may count on it"
            )
        };
        unowned.map(words).collect()
    }

    /// Names the workspaces that have a file or own something, and warns of those without a file.
    fn live_workspaces(&self, snapshot: &Snapshot) -> (Vec<String>, Vec<(String, String)>) {
        let scope = self.scope();
        let mut names: BTreeSet<String> = self.project.workspaces.keys().cloned().collect();
        let mut warnings = Vec::new();
        for owner in snapshot.values().flatten().filter_map(|o| scope.owner(&o.tags)) {
            if names.insert(owner.workspace.clone()) {
                let words = format!(
                    "workspace `{}` has no file any more; what it owns is part of this plan",
                    owner.workspace
                );
                warnings.push((owner.workspace, words));
            }
        }
        warnings.sort();
        (names.into_iter().collect(), warnings)
    }
}

/// The place in a file that gave a field its value, or that of the block.
fn place(
    bound: &BoundWorkspace,
    address: &Address,
    path: &str,
    evaluation: &Evaluation,
) -> Option<Location> {
    let block = BlockId::resource(&address.ty, &address.name);
    let view = evaluation.world.view(&bound.workspace.name);
    let evaluated = bound.evaluate(&block, address.key.as_deref(), Fields::All, &view);
    match evaluated {
        Ok(evaluated) => Some(evaluated.locate_text(path)),
        Err(_) => Some(bound.workspace.blocks.get(&block)?.at.clone()),
    }
}

struct Read {
    evaluation: Evaluation,
    snapshot: Snapshot,
    data: DataResults,
}

/// Addresses that these workspaces own, all without names.
fn addresses(scope: &Scope, snapshot: &Snapshot, names: &[String]) -> Vec<Address> {
    let owners = snapshot.values().flatten().filter_map(|o| scope.owner(&o.tags));
    let named = owners.filter(|o| names.is_empty() || names.contains(&o.workspace));
    named.map(|owner| owner.address).collect()
}

/// Says what data goes because the user allowed it.
fn warn_of_losses(planned: &mut Planned) {
    let mut words = Vec::new();
    for change in planned.plan.workspaces.iter().flat_map(|w| &w.changes) {
        let goes = matches!(change.action, Action::Delete | Action::Replace);
        if !goes || change.blocked.is_some() {
            continue;
        }
        let objects = planned.snapshot.get(&change.address.ty).into_iter().flatten();
        let live = objects.into_iter().find(|live| Some(&live.id) == change.id.as_ref());
        if let Some(what) = live.and_then(|live| live.holds.data.as_ref()) {
            words.push(format!("{what} will be lost with `{}`", change.address));
        }
    }
    planned.plan.warnings.extend(words);
}

fn count_calls(plan: &mut Plan, cx: &Cx) {
    plan.calls_by_operation = cx.calls();
    plan.api_calls = plan.calls_by_operation.values().sum();
}
