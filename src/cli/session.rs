//! How the verbs reach the engine: files and account opened as the arguments say, one region after
//! another.

use super::args::{Filters, Global, Selection, Unlock};
use crate::aws::{Cx, connect};
use crate::engine::apply;
use crate::engine::event::Observer;
use crate::engine::plan::{Mode, Plan};
use crate::engine::planfile::{self, SavedPlan};
use crate::engine::planner::PlanOptions;
use crate::engine::resource::{Registry, Status};
use crate::engine::session::{Owned, Planned, Session};
use crate::resources;
use crate::sandbox::{self, Sandbox, Slow};
use crate::stack::{self, Address, Diagnostic, Diagnostics, Inputs, Kind};
use crate::ui::show::{LiveResource, OutputValue, WorkspaceOutputs};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Makes the request of a verb. Fails when no workspace is named.
    pub(super) fn new(
        mode: Mode,
        selection: &Selection,
        filters: &Filters,
        unlock: &Unlock,
    ) -> Result<Self, Diagnostics> {
        if selection.workspaces.is_empty() && !selection.all {
            return Err(Diagnostic::error("no_workspace", "no workspace is named")
                .hint("name one or more, or say `--all`")
                .into());
        }
        Ok(Self {
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
        })
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
        for name in names.iter().filter(|n| !files.contains(n)) {
            return Err(self.session.unknown_workspace(name).into());
        }
        if request.mode == Mode::Apply {
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
                Diagnostic::error("interrupted", format!("stopped; {left} steps were left undone"))
                    .kind(Kind::Interrupted)
                    .hint("run the same command again: what is done is left alone"),
            );
        } else if !outcome.is_complete() && outcome.changed {
            problems.push(
                Diagnostic::error("partly_applied", "not everything was done")
                    .kind(Kind::Partial)
                    .hint("run the same command again: what is done is left alone"),
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
        let entry = self.session.registry.get(&owned.address.ty).map(|h| h.entry());
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
        let request = lock(&self.request).clone();
        let (Some(request), Some(region)) = (request, self.regions.first()) else { return Ok(()) };
        let session = &region.session;
        let secret: Vec<String> = session.sensitive_variables(&request.workspaces);
        let given = session.inputs.env_vars.iter().map(|(k, v)| (k.clone(), v.clone()));
        let variables: BTreeMap<String, String> = given
            .chain(session.inputs.vars.iter().cloned())
            .filter(|(name, _)| !secret.contains(name))
            .collect();
        let saved = SavedPlan {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stacks: stacks_digest(&session.project.dir, &session.inputs)?,
            environment: session.environment.name.clone(),
            mode: request.mode,
            workspaces: request.workspaces,
            options: request.options,
            variables,
            sensitive: secret,
            plans: plans.to_vec(),
        };
        std::fs::write(file, planfile::write(&saved)).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            Diagnostics::from(Diagnostic::error("unwritable", message))
        })
    }

    fn load(&self, file: &Path) -> Result<Vec<Plan>, Diagnostics> {
        let (name, saved) = read_plan(file)?;
        let Some(region) = self.regions.first() else { return Ok(Vec::new()) };
        let session = &region.session;
        if stacks_digest(&session.project.dir, &session.inputs)? != saved.stacks {
            let message = format!("the stack files are not those {name} was made from");
            return Err(Diagnostic::error("stale_plan", message)
                .kind(Kind::Stale)
                .hint("make a new plan with `infra plan --out FILE`")
                .into());
        }
        let plans = saved.plans.clone();
        *lock(&self.saved) = Some((name, saved));
        Ok(plans)
    }

    async fn outputs(
        &self,
        workspace: &str,
    ) -> Result<Vec<WorkspaceOutputs>, Diagnostics> {
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

    async fn show(
        &self,
        address: Option<&Address>,
    ) -> Result<Vec<LiveResource>, Diagnostics> {
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
    /// Plans again what a saved plan was made for, and insists on the same result.
    async fn plan_again(&self, name: &str, saved: &SavedPlan) -> Result<(), Diagnostics> {
        let stale = |message: String| {
            Diagnostics::from(
                Diagnostic::error("stale_plan", message)
                    .kind(Kind::Stale)
                    .hint("make a new plan with `infra plan --out FILE`"),
            )
        };
        let regions: Vec<&str> = self.regions.iter().map(|r| r.session.region.as_str()).collect();
        let planned: Vec<&str> = saved.plans.iter().map(|p| p.scope.region.as_str()).collect();
        if regions != planned {
            return Err(stale(format!(
                "{name} is for {}, this run for {}",
                planned.join(", "),
                regions.join(", ")
            )));
        }
        let request = Request {
            mode: saved.mode,
            workspaces: saved.workspaces.clone(),
            options: saved.options.clone(),
        };
        for (region, before) in self.regions.iter().zip(&saved.plans) {
            let now = region.plan(&request).await?;
            planfile::check(before, &now)?;
        }
        Ok(())
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
            let known: Vec<String> =
                names.iter().filter(|n| files.contains(n)).cloned().collect();
            problems.extend(region.session.validate(&known));
        }
        problems
    }
}

fn read_plan(file: &Path) -> Result<(String, SavedPlan), Diagnostics> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Diagnostic::error("unreadable", format!("cannot read {name}: {error}"))
            .hint("a workspace is named without `.toml`; a saved plan by its path")
    })?;
    let saved = planfile::read(&text, &name)?;
    Ok((name, saved))
}

/// Ends the run cleanly at the first SIGINT or SIGTERM, at once at the second.
async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    for _ in 0..2 {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.is_cancelled() {
            #[allow(clippy::exit, reason = "the second signal asks for exactly this")]
            std::process::exit(130);
        }
        stop.cancel();
    }
}

/// A text that is different for each run.
fn run_id() -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    format!("{now:x}-{:x}", std::process::id())
}

/// Digests all files below the stacks folder, and those given with `--var-file`.
fn stacks_digest(dir: &Path, inputs: &Inputs) -> Result<String, Diagnostics> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    let unreadable = |path: &Path, error: &std::io::Error| {
        Diagnostic::error("unreadable", format!("cannot read {}: {error}", path.display()))
    };
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))? {
            let path = entry.map_err(|e| unreadable(&folder, &e))?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut all = String::new();
    for path in files {
        let bytes = std::fs::read(&path).map_err(|e| unreadable(&path, &e))?;
        let name = path.strip_prefix(dir).unwrap_or(&path).display().to_string();
        all.push_str(&format!("{name} {}\n", planfile::digest(bytes)));
    }
    for file in &inputs.var_files {
        all.push_str(&format!("--var-file {}\n", planfile::digest(&file.text)));
    }
    Ok(planfile::digest(all))
}

/// Opens files and account as the arguments say. The account is not asked before it is needed.
pub(super) fn open(global: &Global) -> Result<Opened, Diagnostics> {
    open_with(global, None)
}

/// As [`open`], in the environment and with the variables of a saved plan.
pub(super) fn open_saved(global: &Global, file: &Path) -> Result<Opened, Diagnostics> {
    let (_, saved) = read_plan(file)?;
    open_with(global, Some(&saved))
}

fn open_with(global: &Global, saved: Option<&SavedPlan>) -> Result<Opened, Diagnostics> {
    let project = stack::load(&global.stacks)?;
    let chosen = saved.map(|s| s.environment.as_str()).or(global.env.as_deref());
    let environment = project.environment(chosen)?;
    let mut asked = global.region.clone();
    if let (true, Some(saved)) = (asked.is_empty(), saved) {
        asked = saved.plans.iter().map(|p| p.scope.region.clone()).collect();
    }
    let regions = project.regions(&environment, &asked)?;
    let inputs = inputs(global, saved)?;
    let registry = Arc::new(resources::registry());
    let sandbox = if global.sandbox { Some(open_sandbox(&regions)?) } else { None };
    let regions = regions
        .into_iter()
        .map(|region| {
            let session = Session {
                registry: Arc::<Registry>::clone(&registry),
                project: project.clone(),
                environment: environment.clone(),
                inputs: inputs.clone(),
                region,
            };
            let mut connection = connect::Options::new(session.scope());
            connection.endpoint_url.clone_from(&global.endpoint_url);
            if let Some(sandbox) = &sandbox {
                // The sandbox is its own account; the guards of real ones do not apply.
                connection.http_client = Some(sandbox.http_client());
            } else {
                connection.profile = global.profile.clone().or(environment.profile.clone());
                connection.role_arn.clone_from(&environment.role_arn);
                connection.account_ids = account_ids(&environment);
            }
            Region { session, connection, cx: OnceCell::new(), planned: Mutex::new(None) }
        })
        .collect();
    Ok(Opened {
        regions,
        parallelism: global.parallelism,
        saved: Mutex::new(None),
        request: Mutex::new(None),
    })
}

/// Accounts the run may touch: the environment's, and those of `INFRA_ACCOUNT_IDS`.
fn account_ids(environment: &stack::Environment) -> Vec<String> {
    let mut ids: Vec<String> = environment.account_ids.iter().cloned().collect();
    let more = std::env::var("INFRA_ACCOUNT_IDS").unwrap_or_default();
    ids.extend(
        more.split([',', ' ']).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned),
    );
    ids
}

fn inputs(global: &Global, saved: Option<&SavedPlan>) -> Result<Inputs, Diagnostics> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.trim().to_owned(), value.to_owned())
    };
    let mut vars: Vec<(String, String)> = Vec::new();
    vars.extend(saved.into_iter().flat_map(|s| s.variables.clone()));
    vars.extend(global.var.iter().map(pair));
    let var_files: Vec<_> =
        global.var_file.iter().map(|p| stack::load::read(p)).collect::<Result<_, _>>()?;
    let env_vars = std::env::vars()
        .filter_map(|(name, value)| {
            Some((name.strip_prefix("INFRA_VAR_")?.to_owned(), value))
        })
        .collect();
    Ok(Inputs { vars, var_files, env_vars })
}

/// Opens the embedded AWS, sixty times as fast as the real one.
fn open_sandbox(regions: &[String]) -> Result<Sandbox, Diagnostics> {
    let options = sandbox_options(regions.first().map_or("eu-west-1", String::as_str));
    Sandbox::open(options).map_err(|error| {
        Diagnostic::error("sandbox", format!("cannot open the sandbox: {error}")).into()
    })
}

/// What `--sandbox` and `infra sandbox` have in common.
pub(super) fn sandbox_options(region: &str) -> sandbox::Options {
    sandbox::Options {
        clock_rate: 60.0,
        slow: Slow::Aws,
        region: region.to_owned(),
        dir: PathBuf::from(".infra/sandbox"),
        ..sandbox::Options::default()
    }
}

/// Runs a future to its end on a runtime of its own.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Diagnostics> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Diagnostic::error("runtime", format!("cannot start the asynchronous runtime: {error}"))
    })?;
    Ok(runtime.block_on(future))
}
