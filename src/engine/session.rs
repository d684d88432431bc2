//! One run against one account, region and environment: what the verbs call.

use super::plan::Plan;
use super::planner::{self, DataResults, Evaluation, Input, PlanOptions};
use super::resource::{LiveObject, Registry, Snapshot, Step};
use super::selection::{check_addresses, check_instances};
use super::snapshot::{self, Names};
use super::wanted::{Fields, Wanted, WantedObject};
use super::world::{self, Source, World};
use crate::aws::ownership::PROTECT;
use crate::aws::{Cx, Scope, Tags};
use crate::stack::diagnostic::nearest;
use crate::stack::value::is_placeholder;
use crate::stack::{
    Address, BlockId, BoundWorkspace, Context, Diagnostic, Diagnostics, Environment, Inputs,
    Project, Value, Workspace, check_inputs, check_outputs,
};
use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// Files, inputs and types of a run; the account is reached through [`Cx`] beside it.
pub struct Session {
    /// All types.
    pub registry: Arc<Registry>,
    /// Everything from disk.
    pub project: Project,
    /// The chosen environment.
    pub environment: Environment,
    /// What the run gives beside the files.
    pub inputs: Inputs,
    /// The region of this run.
    pub region: String,
}

/// A plan and what it takes to carry it out.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What the stack wants, to be evaluated again as objects become known.
    pub stack: StackWanted,
    /// What the account had.
    pub snapshot: Snapshot,
}

impl Session {
    /// Whose resources the run deals with.
    pub fn scope(&self) -> Scope {
        Scope {
            project: self.project.name.clone(),
            environment: self.environment.name.clone(),
            region: self.region.clone(),
        }
    }

    /// Parses and binds one workspace; `account` is `(account id, partition)` when known.
    pub fn bind(
        &self,
        name: &str,
        account: Option<(&str, &str)>,
    ) -> Result<BoundWorkspace, Diagnostics> {
        let workspace = self.parse(name)?;
        workspace.bind(&self.project, &self.context(account), &self.inputs)
    }

    fn context(&self, account: Option<(&str, &str)>) -> Context {
        let mut context = self.project.context(&self.environment, &self.region);
        context.account_id = account.map(|(id, _)| id.to_owned());
        context.partition = account.map(|(_, partition)| partition.to_owned());
        context
    }

    fn parse(&self, name: &str) -> Result<Workspace, Diagnostics> {
        let Some(source) = self.project.workspaces.get(name) else {
            return Err(self.unknown_workspace(name).into());
        };
        let names: BTreeSet<String> = self.project.workspaces.keys().cloned().collect();
        Workspace::parse(name, Arc::clone(source), &self.registry.catalog(), &names)
    }

    /// The error for a workspace that has no file.
    pub fn unknown_workspace(&self, name: &str) -> Diagnostic {
        let known: Vec<&str> = self.project.workspaces.keys().map(String::as_str).collect();
        let stem = name.rsplit('/').next().unwrap_or(name);
        let stem = stem.strip_suffix(".toml").unwrap_or(stem);
        if known.contains(&stem) {
            return Diagnostic::error(
                "unknown_workspace",
                format!("`{name}` is no name of a workspace"),
            )
            .hint(format!("say `{stem}`, without folder and `.toml`"));
        }
        if known.is_empty() {
            return self.no_workspaces();
        }
        let problem = Diagnostic::error(
            "unknown_workspace",
            format!("there is no workspace `{name}`: no {}", self.file_of(stem)),
        );
        match nearest(stem, known.iter().copied()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(format!("there {}", are(&known))),
        }
    }

    /// The error for a folder without workspaces.
    pub fn no_workspaces(&self) -> Diagnostic {
        let dir = self.project.dir.display();
        Diagnostic::error("no_workspaces", format!("there are no workspaces in {dir}"))
            .hint(format!("a workspace is a file, {}", self.file_of("NAME")))
    }

    fn file_of(&self, name: &str) -> String {
        self.project.dir.join(format!("{name}.toml")).display().to_string()
    }

    /// Binds the workspaces of a run and those they read outputs of; the latter marked as only
    /// read. Each comes after those it refers to.
    pub fn bind_all(
        &self,
        names: &[String],
        account: Option<(&str, &str)>,
    ) -> Result<Vec<(BoundWorkspace, bool)>, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut bound: BTreeMap<String, BoundWorkspace> = BTreeMap::new();
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut open: Vec<String> = names.to_vec();
        while let Some(name) = open.pop() {
            if bound.contains_key(&name) || problems.0.len() > 100 {
                continue;
            }
            match self.bind(&name, account) {
                Ok(one) => {
                    let mut uses: BTreeSet<String> =
                        one.needs_outputs().into_iter().map(|(w, _)| w).collect();
                    open.extend(uses.iter().cloned());
                    uses.extend(
                        one.workspace.depends_on.iter().filter(|d| names.contains(d)).cloned(),
                    );
                    needs.insert(name.clone(), uses);
                    bound.insert(name, one);
                }
                Err(found) => {
                    problems.extend(found);
                    needs.insert(name, BTreeSet::new());
                }
            }
        }
        let selected: Vec<&Workspace> =
            names.iter().filter_map(|n| bound.get(n)).map(|b| &b.workspace).collect();
        if selected.len() == names.len() {
            problems.extend(check_inputs(
                &self.project,
                &self.environment,
                &selected,
                &self.inputs,
            ));
        }
        let all: Vec<&Workspace> = bound.values().map(|b| &b.workspace).collect();
        problems.extend(check_outputs(&all));
        if problems.has_errors() {
            problems.sort();
            return Err(problems);
        }
        let mut ordered = Vec::new();
        while !bound.is_empty() {
            let next = bound
                .keys()
                .find(|name| needs[*name].iter().all(|n| !bound.contains_key(n) || n == *name))
                .cloned();
            let Some(next) = next else {
                let circle: Vec<_> = bound.keys().cloned().collect();
                return Err(Diagnostic::error(
                    "workspace_cycle",
                    format!("these workspaces wait for each other: {}", circle.join(", ")),
                )
                .hint("an output of one must not need an output of the other")
                .into());
            };
            if let Some(one) = bound.remove(&next) {
                ordered.push((one, !names.contains(&next)));
            }
        }
        Ok(ordered)
    }

    /// Plans what makes the account like the stack. Reads, never writes.
    pub async fn plan(
        &self,
        cx: &Cx,
        names: &[String],
        options: &PlanOptions,
    ) -> Result<Planned, Diagnostics> {
        let account = Some((cx.account_id.as_str(), cx.partition.as_str()));
        let bound = self.bind_all(names, account)?;
        let all: Vec<String> = bound.iter().map(|(b, _)| b.workspace.name.clone()).collect();
        let every = self.project.workspaces.keys().all(|w| all.contains(w));
        // With every file in the plan, what has no file any more is worth a word.
        let read = self.read(cx, &bound, if every { &[] } else { &all }, options).await?;
        let mut planned = self.planned(bound, read, options, &cx.account_id)?;
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
        let live = addresses(&self.scope(), &snapshot);
        let unknown = check_addresses(options, &refs, &live);
        if unknown.has_errors() {
            return Err(unknown);
        }
        let scope = self.scope();
        let input = self.input(&scope, &bound, (&snapshot, &data), options);
        let (plan, world) = planner::plan(input, evaluation, account_id)?;
        let unknown = check_instances(options, &plan);
        if unknown.has_errors() {
            return Err(unknown);
        }
        let registry = Arc::clone(&self.registry);
        let state = RwLock::new(State { world, data });
        Ok(Planned { plan, stack: StackWanted { registry, scope, bound, state }, snapshot })
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
    pub async fn plan_destroy(
        &self,
        cx: &Cx,
        names: &[String],
        options: &PlanOptions,
    ) -> Result<Planned, Diagnostics> {
        let account = Some((cx.account_id.as_str(), cx.partition.as_str()));
        let snapshot = snapshot::read(&self.registry, cx, names, &Names::new(), None).await?;
        let mut planned = self.destroy_seen(names, account, snapshot, options)?;
        count_calls(&mut planned.plan, cx);
        Ok(planned)
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
        let unknown = check_addresses(options, &refs, &addresses(&scope, &snapshot));
        if unknown.has_errors() {
            return Err(unknown);
        }
        let data = DataResults::new();
        let input = self.input(&scope, &bound, (&snapshot, &data), options);
        let account_id = account.map_or("", |(id, _)| id);
        let mut plan = planner::plan_destroy(input, names, account_id)?;
        plan.warnings.extend(without_file.into_iter().map(|(_, words)| words));
        let registry = Arc::clone(&self.registry);
        let state = RwLock::new(State { world: World::default(), data });
        Ok(Planned { plan, stack: StackWanted { registry, scope, bound, state }, snapshot })
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

    /// Evaluates the outputs of a workspace against the live account. An output that needs
    /// something not there is unknown.
    pub async fn outputs(
        &self,
        cx: &Cx,
        name: &str,
    ) -> Result<IndexMap<String, crate::stack::OutputValue>, Diagnostics> {
        let names = [name.to_owned()];
        let planned = self.plan(cx, &names, &PlanOptions::default()).await?;
        planned.stack.live_outputs(name, &planned.snapshot)
    }

    /// Names the variables of these workspaces (all without names) that must not be stored.
    pub fn sensitive_variables(&self, names: &[String]) -> Vec<String> {
        let all = self.project.workspaces.keys().filter(|n| names.is_empty() || names.contains(*n));
        let parsed = all.filter_map(|name| self.parse(name).ok());
        let secret = parsed.flat_map(|w| {
            let secret = w.variables.into_iter().filter(|(_, v)| v.sensitive);
            secret.map(|(name, _)| name).collect::<Vec<_>>()
        });
        let secret: BTreeSet<String> = secret.collect();
        secret.into_iter().collect()
    }

    /// Lists what the workspaces own, by workspace and address.
    pub async fn owned(&self, cx: &Cx, names: &[String]) -> Result<Vec<Owned>, Diagnostics> {
        let snapshot = snapshot::read(&self.registry, cx, names, &Names::new(), None).await?;
        let scope = self.scope();
        let mut owned = Vec::new();
        for (ty, objects) in snapshot {
            for live in objects {
                let Some(owner) = scope.owner(&live.tags) else { continue };
                if owner.address.ty == ty && (names.is_empty() || names.contains(&owner.workspace))
                {
                    owned.push(Owned { workspace: owner.workspace, address: owner.address, live });
                }
            }
        }
        owned.sort_by(|a, b| (&a.workspace, &a.address).cmp(&(&b.workspace, &b.address)));
        Ok(owned)
    }

    /// Finds all problems that need no account: files, variables, expressions, value shapes.
    pub fn validate(&self, names: &[String]) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let mut good = Vec::new();
        for name in names {
            match self.bind(name, None) {
                Ok(one) => good.push((one, false)),
                Err(found) => problems.extend(found),
            }
        }
        if good.len() == names.len() {
            let all: Vec<&Workspace> = good.iter().map(|(b, _)| &b.workspace).collect();
            problems.extend(check_inputs(&self.project, &self.environment, &all, &self.inputs));
        }
        let needed: BTreeSet<String> =
            good.iter().flat_map(|(b, _)| b.needs_outputs()).map(|(name, _)| name).collect();
        let others: Vec<BoundWorkspace> = needed
            .iter()
            .filter(|name| !names.contains(name))
            // What is wrong with it is told where it is validated itself.
            .filter_map(|name| self.bind(name, None).ok())
            .collect();
        let every: Vec<&Workspace> =
            good.iter().map(|(b, _)| b).chain(&others).map(|b| &b.workspace).collect();
        problems.extend(check_outputs(&every));
        let scope = self.scope();
        let (snapshot, data) = (Snapshot::new(), DataResults::new());
        let options = PlanOptions::default();
        for pair in good {
            let input = Input {
                registry: &self.registry,
                scope: &scope,
                workspaces: std::slice::from_ref(&pair),
                snapshot: &snapshot,
                data: &data,
                options: &options,
                // Keys may come from a data source, which only the account can tell.
                without_data: true,
            };
            problems.extend(planner::evaluate(input).problems);
        }
        problems.sort();
        problems
    }
}

/// `is a`, or `are a, b and c`.
pub(super) fn are(names: &[&str]) -> String {
    match names {
        [] => "are none".to_owned(),
        [one] => format!("is {one}"),
        [most @ .., last] => format!("are {} and {last}", most.join(", ")),
    }
}

struct Read {
    evaluation: Evaluation,
    snapshot: Snapshot,
    data: DataResults,
}

/// A live resource of ours.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Owned {
    /// Its workspace.
    pub workspace: String,
    /// Its address.
    pub address: Address,
    /// What the account has.
    pub live: LiveObject,
}

fn addresses(scope: &Scope, snapshot: &Snapshot) -> Vec<Address> {
    let objects = snapshot.values().flatten();
    objects.filter_map(|o| scope.owner(&o.tags)).map(|owner| owner.address).collect()
}

fn count_calls(plan: &mut Plan, cx: &Cx) {
    plan.calls_by_operation = cx.calls();
    plan.api_calls = plan.calls_by_operation.values().sum();
}

struct State {
    world: World,
    data: DataResults,
}

/// The stack, evaluated as objects become known.
pub struct StackWanted {
    registry: Arc<Registry>,
    scope: Scope,
    bound: Vec<(BoundWorkspace, bool)>,
    state: RwLock<State>,
}

impl StackWanted {
    fn bound(&self, workspace: &str) -> Option<&BoundWorkspace> {
        self.bound.iter().map(|(b, _)| b).find(|b| b.workspace.name == workspace)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Evaluates outputs of other workspaces of the run that a workspace needs and that were not
    /// known when they were evaluated last.
    fn refresh_outputs(&self, bound: &BoundWorkspace) -> Result<(), Diagnostics> {
        for (workspace, name) in bound.needs_outputs() {
            let Some(other) = self.bound(&workspace) else { continue };
            let known =
                |s: &State| s.world.output(&workspace, &name).is_none_or(|v| !v.contains_unknown());
            if known(&self.state()) {
                continue;
            }
            self.refresh_outputs(other)?;
            let value = {
                let state = self.state();
                let output = other.output(&name, &state.world.view(&workspace))?;
                let reference = format!("{workspace}.outputs.{name}");
                world::renamed(&output.value, &reference).mark_if(output.sensitive)
            };
            self.state_mut().world.set_output(&workspace, &name, value);
        }
        Ok(())
    }

    /// Evaluates the outputs of a workspace with what is known now.
    pub fn outputs(
        &self,
        workspace: &str,
    ) -> Result<IndexMap<String, crate::stack::OutputValue>, Diagnostics> {
        let Some(bound) = self.bound(workspace) else { return Ok(IndexMap::new()) };
        self.refresh_outputs(bound)?;
        bound.outputs(&self.state().world.view(workspace))
    }

    /// Evaluates the outputs of a workspace against what the account has, not what is planned.
    fn live_outputs(
        &self,
        workspace: &str,
        snapshot: &Snapshot,
    ) -> Result<IndexMap<String, crate::stack::OutputValue>, Diagnostics> {
        for objects in snapshot.values() {
            for live in objects {
                if let Some(owner) = self.scope.owner(&live.tags)
                    && owner.workspace == workspace
                    && !crate::aws::ownership::is_deposed(&live.tags)
                {
                    self.known(workspace, &owner.address, live);
                }
            }
        }
        self.outputs(workspace)
    }
}

impl Wanted for StackWanted {
    fn wanted(
        &self,
        workspace: &str,
        address: &Address,
        fields: Fields,
    ) -> Result<WantedObject, Diagnostics> {
        let block = BlockId::resource(&address.ty, &address.name);
        let (Some(bound), Some(handler)) = (self.bound(workspace), self.registry.get(&address.ty))
        else {
            let problem = format!("{address} is not in the stack");
            return Err(Diagnostic::error("unknown_address", problem).into());
        };
        self.refresh_outputs(bound)?;
        let wanted = planner::evaluate_one(
            (&self.scope, handler),
            bound,
            (&block, address.key.as_deref()),
            fields,
            &self.state().world.view(workspace),
        )?;
        let mut tags = Tags::new();
        for (name, value) in wanted.tags {
            match value {
                Json::String(s) if !is_placeholder(&s) => {
                    tags.insert(name, s);
                }
                _ => {
                    let problem = format!("{address}: tag `{name}` is still not known");
                    return Err(Diagnostic::error("unknown_value", problem).into());
                }
            }
        }
        let without_tags = if wanted.protect { Vec::new() } else { vec![PROTECT.to_owned()] };
        Ok(WantedObject { spec: wanted.spec, tags, without_tags })
    }

    fn known(&self, workspace: &str, address: &Address, live: &LiveObject) {
        let Some(handler) = self.registry.get(&address.ty) else { return };
        let block = BlockId::resource(&address.ty, &address.name);
        let none = (&Json::Null, &BTreeSet::new());
        let value = world::object(handler.entry(), address, none, Source::Live(live));
        self.state_mut().world.set(workspace, &block, address.key.as_deref(), value);
    }

    fn gone(&self, _: &str, _: &Address) {}

    fn refresh<'a>(
        &'a self,
        cx: &'a Cx,
        workspace: &'a str,
        address: &'a Address,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        Box::pin(async move {
            let Some(bound) = self.bound(workspace) else { return Ok(()) };
            for block in data_needed(bound, address) {
                self.refresh_data(cx, bound, &block).await?;
            }
            Ok(())
        })
    }

    fn timeout(&self, workspace: &str, address: &Address, step: Step) -> Option<Duration> {
        let block = BlockId::resource(&address.ty, &address.name);
        let timeouts = self.bound(workspace)?.workspace.blocks.get(&block)?.timeouts;
        match step {
            Step::Create => timeouts.create,
            Step::Update => timeouts.update,
            Step::Delete => timeouts.delete,
        }
    }
}

impl StackWanted {
    /// Reads a data source whose filters were unknown at plan and are known now.
    async fn refresh_data(
        &self,
        cx: &Cx,
        bound: &BoundWorkspace,
        block: &BlockId,
    ) -> Result<(), Diagnostics> {
        let workspace = bound.workspace.name.as_str();
        let Some(reader) = self.registry.data.get(block.ty.as_str()) else { return Ok(()) };
        let world = self.state().world.clone();
        let view = world.view(workspace);
        for key in bound.instances(block, &view)? {
            let key = key.as_deref();
            let evaluated = bound.evaluate(block, key, Fields::All, &view)?;
            if !evaluated.attributes.unknown.is_empty() {
                continue;
            }
            let filters = reader.normalize(&evaluated.attributes.json).map_err(|e| {
                Diagnostic::error("invalid_value", format!("{block}: {}", e.message))
                    .at_location(Some(evaluated.locate_text(&e.path)))
            })?;
            let request = (block.ty.clone(), filters.to_string());
            if self.state().data.contains_key(&request) {
                continue;
            }
            let read = snapshot::read_data(&self.registry, cx, [request.clone()]).await?;
            let found = read.get(&request).cloned().unwrap_or_default();
            let [one] = found.as_slice() else {
                let at = bound.workspace.blocks.get(block).map(|b| b.at.clone());
                let problem = format!("{block}: {} found; one is needed", found.len());
                return Err(Diagnostic::error("data_source", problem).at_location(at).into());
            };
            let value: Value = world::from_json(one);
            let mut state = self.state_mut();
            state.world.set(workspace, block, key, value);
            state.data.extend(read);
        }
        Ok(())
    }
}

/// Data sources a resource refers to, directly or not.
fn data_needed(bound: &BoundWorkspace, address: &Address) -> Vec<BlockId> {
    use crate::stack::{BlockKind, UnitPart};
    let block = BlockId::resource(&address.ty, &address.name);
    let mut found: Vec<BlockId> = Vec::new();
    let mut open = vec![block];
    while let Some(at) = open.pop() {
        for part in [UnitPart::Main, UnitPart::Late, UnitPart::Data] {
            for (to, _) in bound.references_of(&at, part) {
                if to.kind == BlockKind::Data && !found.contains(&to) {
                    found.push(to.clone());
                    open.push(to);
                }
            }
        }
    }
    found.reverse();
    found
}
