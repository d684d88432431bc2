//! How the verbs reach the engine: all regions side by side.

mod answers;
mod open;
mod region;
mod run;
mod saved;

pub(super) use answers::Answers;
pub(super) use open::{named, open, open_saved, sandbox_options, sandbox_refused};
pub(super) use run::block_on;

use super::args::{Filters, Selection, Unlock};
use crate::aws::Scope;
use crate::engine::apply;
use crate::engine::event::Observer;
use crate::engine::inventory::Inventory;
use crate::engine::plan::{Mode, Plan};
use crate::engine::planfile::SavedPlan;
use crate::engine::planner::{GlobalName, PlanOptions};
use crate::engine::session::{Owned, StackGraph, one_region_each};
use crate::stack::{Address, Diagnostics};
use crate::ui::show::{LiveResource, WorkspaceOutputs};
use region::Region;
use run::{run_id, stop_on_signal};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
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
    /// Whether it is only asked what differs, and nothing will be changed.
    pub(super) compares: bool,
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
            compares: false,
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
    async fn plan(&self, request: &Request) -> Answers<Plan>;
    /// Carries out what was planned or loaded, and returns the outputs after.
    async fn apply(&self, plans: &[Plan], observer: &dyn Observer) -> Answers<WorkspaceOutputs>;
    /// Writes plans to a file.
    fn save(&self, plans: &[Plan], file: &Path) -> Result<(), Diagnostics>;
    /// Reads plans from a file; [`Self::apply`] then carries them out.
    fn load(&self, file: &Path) -> Result<Vec<Plan>, Diagnostics>;
    /// Reads the outputs of a workspace.
    async fn outputs(&self, workspace: &str) -> Answers<WorkspaceOutputs>;
    /// Reads the live resources that an address covers, or all.
    async fn show(&self, address: Option<&Address>) -> Answers<LiveResource>;
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine for Opened {
    async fn plan(&self, request: &Request) -> Answers<Plan> {
        let problems = self.same_names(request, |region, names| region.session.global_names(names));
        if problems.has_errors() {
            return Answers::failed(problems);
        }
        let plans = self.in_each(async |region| Ok(vec![region.plan(request).await?])).await;
        // Some names are known only with the account.
        let problems = self.same_names(request, |region, _| region.global_names());
        if problems.has_errors() {
            return Answers::failed(problems);
        }
        *lock(&self.request) = Some(request.clone());
        plans
    }

    async fn apply(&self, _: &[Plan], observer: &dyn Observer) -> Answers<WorkspaceOutputs> {
        let saved = lock(&self.saved).take();
        let is_saved = saved.is_some();
        if let Some((name, saved)) = saved {
            let problems = self.plan_again(&name, &saved).await;
            if problems.has_errors() {
                return Answers::failed(problems);
            }
        }
        let stop = CancellationToken::new();
        let signals = tokio::spawn(stop_on_signal(stop.clone()));
        let options = apply::Options {
            // All regions together keep to it.
            parallelism: (self.parallelism / self.regions.len().max(1)).max(1),
            planned_at: (!is_saved).then(tokio::time::Instant::now),
            run_id: run_id(),
            stop,
        };
        let applied =
            self.in_each(async |region| region.apply(observer, options.clone()).await).await;
        signals.abort();
        applied
    }

    fn save(&self, plans: &[Plan], file: &Path) -> Result<(), Diagnostics> {
        self.save_plan(plans, file)
    }

    fn load(&self, file: &Path) -> Result<Vec<Plan>, Diagnostics> {
        self.load_plan(file)
    }

    async fn outputs(&self, workspace: &str) -> Answers<WorkspaceOutputs> {
        let read = async |region: &Region| {
            if !region.session.project.workspaces.contains_key(workspace) {
                return Err(region.session.unknown_workspace(workspace).into());
            }
            let outputs = region.session.outputs(region.cx().await?, workspace).await?;
            Ok(vec![region.outputs_of(workspace, outputs)?])
        };
        self.in_each(read).await
    }

    async fn show(&self, address: Option<&Address>) -> Answers<LiveResource> {
        let read = async |region: &Region| {
            let owned = region.session.owned(region.cx().await?, &[]).await?;
            let fits = |o: &Owned| address.is_none_or(|a| a.covers(&o.address));
            Ok(owned.into_iter().filter(fits).map(|o| region.live(o)).collect())
        };
        self.in_each(read).await
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
    pub(super) async fn inventory(&self, everything: bool) -> Answers<Inventory> {
        let read = async |region: &Region| {
            let cx = region.cx().await?;
            Ok(vec![Inventory::read(cx, &region.session.registry, everything).await?])
        };
        self.in_each(read).await
    }

    /// Does something in all regions side by side.
    async fn in_each<T>(
        &self,
        each: impl AsyncFn(&Region) -> Result<Vec<T>, Diagnostics>,
    ) -> Answers<T> {
        let found = futures::future::join_all(self.regions.iter().map(|r| each(r))).await;
        let names = self.regions.iter().map(|region| region.session.region.as_str());
        Answers::of(names.zip(found).collect())
    }

    /// Finds names that count in all regions and that several regions would give.
    fn same_names(
        &self,
        request: &Request,
        names: impl Fn(&Region, &[String]) -> Vec<GlobalName>,
    ) -> Diagnostics {
        if request.mode == Mode::Destroy || self.regions.len() < 2 {
            return Diagnostics::new();
        }
        let all = |region: &Region| {
            let files: Vec<String> = region.session.project.workspaces.keys().cloned().collect();
            let wanted = if request.workspaces.is_empty() { &files } else { &request.workspaces };
            let known: Vec<String> = wanted.iter().filter(|n| files.contains(n)).cloned().collect();
            names(region, &known)
        };
        let regions = self.regions.iter().map(|r| (r.session.region.as_str(), all(r)));
        one_region_each(&regions.collect::<Vec<_>>())
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
        if !problems.has_errors() {
            let options = PlanOptions::default();
            let request = Request {
                mode: Mode::Apply,
                workspaces: workspaces.to_vec(),
                options,
                compares: false,
            };
            problems.extend(
                self.same_names(&request, |region, names| region.session.global_names(names)),
            );
        }
        problems
    }
}
