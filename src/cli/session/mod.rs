//! How the verbs reach the engine: one region after another.

mod open;
mod run;
mod saved;

pub(super) use open::{named, open, open_saved, sandbox_options, sandbox_refused};
pub(super) use run::block_on;

use super::args::{Filters, Selection, Unlock};
use crate::aws::{Cx, Scope, connect};
use crate::engine::apply;
use crate::engine::event::Observer;
use crate::engine::inventory::Inventory;
use crate::engine::plan::{Mode, Plan};
use crate::engine::planfile::SavedPlan;
use crate::engine::planner::PlanOptions;
use crate::engine::resource::Status;
use crate::engine::session::{Owned, Planned, Session, StackGraph};
use crate::stack::{self, Address, Diagnostic, Diagnostics, Kind};
use crate::ui::show::{LiveResource, OutputValue, WorkspaceOutputs};
use crate::ui::text::count;
use run::{run_id, stop_on_signal};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// Which plan is wanted.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// What it is for.
    pub(super) mode: Mode,
    /// Workspaces by name; empty for all.
    pub(super) workspaces: Vec<String>,
    /// What is picked and unlocked.
    pub(super) options: PlanOptions,
}

impl Request {
    /// Makes the request of a verb.
    pub(super) fn new(
        mode: Mode,
        selection: &Selection,
        filters: &Filters,
        unlock: &Unlock,
    ) -> Self {
        Self {
            mode,
            workspaces: selection.workspaces.clone(),
            options: PlanOptions {
                targets: filters.target.clone(),
                excludes: filters.exclude.clone(),
                replace: filters.replace.clone(),
                allow_protected: unlock.allow_protected.clone(),
                allow_data_loss: unlock.allow_data_loss.clone(),
                force: unlock.force,
            },
        }
    }
}

/// What the verbs ask of the engine; tests have one of their own.
pub(super) trait Engine {
    /// Makes plans, one a region; nothing is written.
    async fn plan(&self, request: &Request) -> Result<Vec<Plan>, Diagnostics>;
    /// Carries out what was planned or loaded, and returns the outputs after.
    async fn apply(
        &self,
        plans: &[Plan],
        observer: &dyn Observer,
    ) -> Result<Vec<WorkspaceOutputs>, Diagnostics>;
    /// Writes plans to a file.
    fn save(&self, plans: &[Plan], file: &Path) -> Result<(), Diagnostics>;
    /// Reads plans from a file; [`Self::apply`] then carries them out.
    fn load(&self, file: &Path) -> Result<Vec<Plan>, Diagnostics>;
    /// Reads the outputs of a workspace.
    async fn outputs(&self, workspace: &str) -> Result<Vec<WorkspaceOutputs>, Diagnostics>;
    /// Reads the live resources that an address covers, or all.
    async fn show(&self, address: Option<&Address>) -> Result<Vec<LiveResource>, Diagnostics>;
}

/// Files, account and regions of one run.
pub(super) struct Opened {
    regions: Vec<Region>,
    parallelism: usize,
    /// The saved plan that `apply` was given.
    saved: Mutex<Option<(String, SavedPlan)>>,
    /// What was last planned, with all it takes to carry it out.
    request: Mutex<Option<Request>>,
}

/// One region of the run.
struct Region {
    session: Session,
    connection: connect::Options,
    cx: OnceCell<Cx>,
    planned: Mutex<Option<(Planned, tokio::time::Instant)>>,
}

impl Region {
    async fn cx(&self) -> Result<&Cx, Diagnostics> {
        let connect = || async { Cx::connect(self.connection.clone()).await };
        self.cx.get_or_try_init(connect).await.map_err(Diagnostics::from)
    }

    async fn plan(&self, request: &Request) -> Result<Plan, Diagnostics> {
        let files: Vec<String> = self.session.project.workspaces.keys().cloned().collect();
        let names = if request.workspaces.is_empty() { &files } else { &request.workspaces };
        if let Some(name) = names.iter().find(|n| !files.contains(n)) {
            return Err(self.session.unknown_workspace(name).into());
        }
        if request.mode == Mode::Apply {
            if files.is_empty() {
                return Err(self.session.no_workspaces().into());
            }
            // Everything the files alone can tell is told before the account is asked.
            let problems = self.session.validate(names);
            if problems.has_errors() {
                return Err(problems);
            }
        }
        let cx = self.cx().await?;
        let planned = match request.mode {
            Mode::Apply => self.session.plan(cx, names, &request.options).await?,
            Mode::Destroy => {
                self.session.plan_destroy(cx, &request.workspaces, &request.options).await?
            }
        };
        let plan = planned.plan.clone();
        *lock(&self.planned) = Some((planned, tokio::time::Instant::now()));
        Ok(plan)
    }

    async fn apply(
        &self,
        observer: &dyn Observer,
        options: apply::Options,
    ) -> Result<Vec<WorkspaceOutputs>, Diagnostics> {
        let Some((planned, at)) = lock(&self.planned).take() else { return Ok(Vec::new()) };
        let cx = self.cx().await?;
        let input = apply::Input {
            plan: &planned.plan,
            registry: &self.session.registry,
            cx,
            wanted: &planned.stack,
            live: &planned.snapshot,
            observer,
        };
        let options = apply::Options { planned_at: options.planned_at.map(|_| at), ..options };
        let outcome = apply::apply(input, options).await;
        let mut problems = Diagnostics::new();
        for failed in &outcome.failed {
            problems.extend(failed.diagnostics.clone());
        }
        if outcome.stopped {
            let left = outcome.left.len() + outcome.skipped.len();
            problems.push(
                Diagnostic::error(
                    "interrupted",
                    format!("stopped with {} to go", count(left, "step")),
                )
                .kind(Kind::Interrupted)
                .hint("run the same command again: what is done is left alone"),
            );
        } else if !outcome.is_complete() && outcome.changed {
            problems.push(
                Diagnostic::error("partly_applied", "not everything was done")
                    .kind(Kind::Partial)
                    .hint(
                        "mend the cause and run the same command again: what is done is left alone",
                    ),
            );
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if planned.plan.mode == Mode::Destroy {
            return Ok(Vec::new());
        }
        let workspaces = planned.plan.workspaces.iter();
        workspaces.map(|w| self.outputs_of(&w.name, planned.stack.outputs(&w.name)?)).collect()
    }

    fn outputs_of(
        &self,
        workspace: &str,
        outputs: indexmap::IndexMap<String, stack::OutputValue>,
    ) -> Result<WorkspaceOutputs, Diagnostics> {
        let outputs = outputs
            .into_iter()
            .map(|(name, output)| OutputValue {
                name,
                value: output.value.to_json().unwrap_or_default(),
                sensitive: output.sensitive,
                description: output.description,
            })
            .collect();
        let region = self.session.region.clone();
        Ok(WorkspaceOutputs { workspace: workspace.to_owned(), region, outputs })
    }

    fn live(&self, owned: Owned) -> LiveResource {
        let entry = self
            .session
            .registry
            .get(&owned.address.ty)
            .map(super::super::engine::resource::Handler::entry);
        let mut attributes = BTreeMap::new();
        for part in [&owned.live.spec, &owned.live.out] {
            let fields = part.as_object().into_iter().flatten();
            attributes.extend(fields.map(|(k, v)| (k.clone(), v.clone())));
        }
        let hidden = attributes.keys().filter(|name| {
            entry.and_then(|e| e.attribute(name)).is_some_and(|view| view.is_sensitive())
        });
        LiveResource {
            sensitive: hidden.cloned().collect(),
            workspace: owned.workspace,
            region: self.session.region.clone(),
            aws_name: entry.map_or_else(String::new, |e| e.aws_name.to_owned()),
            address: owned.address.to_string(),
            id: owned.live.id,
            state: match owned.live.status {
                Status::Ready => None,
                Status::Pending(state) | Status::Failed(state) | Status::Deleting(state) => {
                    Some(state)
                }
            },
            attributes,
            tags: owned.live.tags,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine for Opened {
    async fn plan(&self, request: &Request) -> Result<Vec<Plan>, Diagnostics> {
        let mut plans = Vec::new();
        for region in &self.regions {
            plans.push(region.plan(request).await?);
        }
        *lock(&self.request) = Some(request.clone());
        Ok(plans)
    }

    async fn apply(
        &self,
        _: &[Plan],
        observer: &dyn Observer,
    ) -> Result<Vec<WorkspaceOutputs>, Diagnostics> {
        let saved = lock(&self.saved).take();
        let is_saved = saved.is_some();
        if let Some((name, saved)) = saved {
            self.plan_again(&name, &saved).await?;
        }
        let stop = CancellationToken::new();
        let signals = tokio::spawn(stop_on_signal(stop.clone()));
        let mut outputs = Vec::new();
        let mut problems = Diagnostics::new();
        for region in &self.regions {
            if stop.is_cancelled() {
                break;
            }
            let options = apply::Options {
                parallelism: self.parallelism,
                planned_at: (!is_saved).then(tokio::time::Instant::now),
                run_id: run_id(),
                stop: stop.clone(),
            };
            match region.apply(observer, options).await {
                Ok(found) => outputs.extend(found),
                Err(found) => problems.extend(found),
            }
        }
        signals.abort();
        if problems.is_empty() { Ok(outputs) } else { Err(problems) }
    }

    fn save(&self, plans: &[Plan], file: &Path) -> Result<(), Diagnostics> {
        self.save_plan(plans, file)
    }

    fn load(&self, file: &Path) -> Result<Vec<Plan>, Diagnostics> {
        self.load_plan(file)
    }

    async fn outputs(&self, workspace: &str) -> Result<Vec<WorkspaceOutputs>, Diagnostics> {
        let mut all = Vec::new();
        for region in &self.regions {
            if !region.session.project.workspaces.contains_key(workspace) {
                return Err(region.session.unknown_workspace(workspace).into());
            }
            let outputs = region.session.outputs(region.cx().await?, workspace).await?;
            all.push(region.outputs_of(workspace, outputs)?);
        }
        Ok(all)
    }

    async fn show(&self, address: Option<&Address>) -> Result<Vec<LiveResource>, Diagnostics> {
        let mut all = Vec::new();
        for region in &self.regions {
            let owned = region.session.owned(region.cx().await?, &[]).await?;
            let fits = |o: &Owned| address.is_none_or(|a| a.covers(&o.address));
            all.extend(owned.into_iter().filter(fits).map(|o| region.live(o)));
        }
        Ok(all)
    }
}

impl Opened {
    /// Tells whether there is a workspace at all.
    pub(super) fn has_workspaces(&self) -> bool {
        self.regions.iter().any(|region| !region.session.project.workspaces.is_empty())
    }

    /// Reads the dependency graph of workspaces, all without names; of one region, for the files
    /// are those of every region.
    pub(super) fn graph(&self, workspaces: &[String]) -> Result<StackGraph, Diagnostics> {
        let Some(Region { session, .. }) = self.regions.first() else {
            return Ok(StackGraph::default());
        };
        let files: Vec<String> = session.project.workspaces.keys().cloned().collect();
        if files.is_empty() {
            return Err(session.no_workspaces().into());
        }
        session.graph(if workspaces.is_empty() { &files } else { workspaces })
    }

    /// Reads what the account has of ours: of this project and environment, or of every one.
    pub(super) async fn inventory(&self, everything: bool) -> Result<Inventory, Diagnostics> {
        let mut all = Inventory::default();
        for region in &self.regions {
            let cx = region.cx().await?;
            all.add(Inventory::read(cx, &region.session.registry, everything).await?);
        }
        Ok(all)
    }

    /// Names what the run is about: project, environment and regions.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        self.regions.iter().map(|region| region.session.scope()).collect()
    }

    /// Finds all problems that need no account.
    pub(super) fn validate(&self, workspaces: &[String]) -> Diagnostics {
        let mut problems = Diagnostics::new();
        for region in &self.regions {
            let files: Vec<String> = region.session.project.workspaces.keys().cloned().collect();
            let names = if workspaces.is_empty() { &files } else { workspaces };
            for name in names.iter().filter(|n| !files.contains(n)) {
                problems.push(region.session.unknown_workspace(name));
            }
            let known: Vec<String> = names.iter().filter(|n| files.contains(n)).cloned().collect();
            problems.extend(region.session.validate(&known));
        }
        problems
    }
}
