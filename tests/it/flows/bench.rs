//! A stack, an account and runs over both, as the verbs make them.

use super::ledger::{self, Ledger};
use super::wire::{Moment, Wire};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use infra::aws::{Cx, Options as Connection};
use infra::engine::apply::{self, Outcome};
use infra::engine::event::{Event, EventType, Observer};
use infra::engine::inventory::Inventory;
use infra::engine::plan::{Action, Mode, Plan};
use infra::engine::planner::PlanOptions;
use infra::engine::resource::Registry;
use infra::engine::session::{Planned, Session};
use infra::resources;
use infra::sandbox::{Options, Sandbox};
use infra::stack::{Diagnostics, Environment, Inputs, Project, Source};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tokio_util::sync::CancellationToken;

/// The one workspace of these tests.
pub(super) const WORKSPACE: &str = "net";

/// One of each type, with all that ties them together: two groups that name each other, a role
/// that another one trusts.
pub(super) const EVERY_TYPE: &str = include_str!("every_type.toml");

/// All types, read once: their schemas take as long to make as a small plan.
static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| Arc::new(resources::registry()));

/// An account and the stack that it shall be like.
pub(super) struct Bench {
    pub(super) sandbox: Sandbox,
    stack: String,
    /// Name and file; the one without a file when there is none.
    environment: Option<(String, String)>,
}

/// A run, from its plan to its end.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) plan: Plan,
    pub(super) outcome: Outcome,
    pub(super) events: Vec<Event>,
}

impl Bench {
    /// An empty account in which everything is ready at once.
    pub(super) fn new(stack: &str) -> Self {
        Self::over(Sandbox::in_memory(Options::default()), stack)
    }

    /// This account.
    pub(super) fn over(sandbox: Sandbox, stack: &str) -> Self {
        Self { sandbox, stack: stack.to_owned(), environment: None }
    }

    /// Runs in this environment, given with its file.
    pub(super) fn in_environment(mut self, name: &str, file: &str) -> Self {
        self.environment = Some((name.to_owned(), file.to_owned()));
        self
    }

    /// An account of its own that has what this one has.
    pub(super) fn copy(&self) -> Self {
        self.with_state(self.sandbox.state())
    }

    /// An account of its own as this one was at a moment, and the same stack.
    pub(super) fn at(&self, moment: &Moment) -> Self {
        self.with_state(moment.state.clone())
    }

    fn with_state(&self, state: Value) -> Self {
        let sandbox = Sandbox::with_state(Options::default(), state);
        let sandbox = sandbox.expect("a state is read back");
        Self { sandbox, stack: self.stack.clone(), environment: self.environment.clone() }
    }

    /// Changes the stack file.
    pub(super) fn edit(&mut self, stack: &str) {
        stack.clone_into(&mut self.stack);
    }

    /// Replaces a part of the stack file, which must be there.
    pub(super) fn replace(&mut self, old: &str, new: &str) {
        assert!(self.stack.contains(old), "the stack has no `{old}`");
        self.stack = self.stack.replace(old, new);
    }

    fn session(&self) -> Session {
        let name = format!("stacks/{WORKSPACE}.toml");
        let source = Arc::new(Source { name, text: self.stack.clone() });
        let chosen = self.environment.as_ref().map(|(name, _)| name.as_str());
        let environments = self.environment.iter().map(|(name, text)| {
            let file = format!("stacks/environments/{name}.toml");
            let source = Arc::new(Source { name: file, text: text.clone() });
            let environment = Environment::parse(name, &source, "eu-west-1");
            (name.clone(), environment.expect("a sound environment"))
        });
        let project = Project {
            name: "shop".into(),
            region: "eu-west-1".into(),
            dir: "stacks".into(),
            workspaces: BTreeMap::from([(WORKSPACE.to_owned(), source)]),
            environments: environments.collect(),
            sandbox_images: Vec::new(),
        };
        Session {
            registry: REGISTRY.clone(),
            environment: project.environment(chosen).expect("it is there"),
            project,
            inputs: Inputs::default(),
            region: "eu-west-1".into(),
        }
    }

    /// Access to the account, as another program beside ours has it.
    pub(super) async fn cx(&self) -> Cx {
        self.connect(self.sandbox.http_client()).await
    }

    async fn connect(&self, client: SharedHttpClient) -> Cx {
        let mut connection = Connection::new(self.session().scope());
        connection.http_client = Some(client);
        Cx::connect(connection).await.expect("the sandbox takes any credentials")
    }

    /// Ids by address, of what the ownership tags say is ours.
    pub(super) async fn ids(&self) -> BTreeMap<String, String> {
        let owned = self.session().owned(&self.cx().await, &[]).await.expect("a listing");
        owned.into_iter().map(|o| (o.address.to_string(), o.live.id)).collect()
    }

    /// What the account has, told by the account itself.
    pub(super) fn ledger(&self) -> Ledger {
        ledger::of(&self.sandbox.state())
    }

    /// What carries our tags, read without the handlers.
    pub(super) async fn inventory(&self) -> Inventory {
        let cx = self.cx().await;
        Inventory::read(&cx, &REGISTRY, false).await.expect("an inventory")
    }

    pub(super) async fn plan(&self) -> Plan {
        self.planned(&self.cx().await, Mode::Apply).await.expect("a plan").plan
    }

    /// What differs, without the checks of what is to be changed.
    pub(super) async fn compared(&self) -> Plan {
        let (session, names) = (self.session(), [WORKSPACE.to_owned()]);
        let compared = session.compare(&self.cx().await, &names, &PlanOptions::default()).await;
        compared.expect("a plan").plan
    }

    pub(super) async fn planned(&self, cx: &Cx, mode: Mode) -> Result<Planned, Diagnostics> {
        let (session, names) = (self.session(), [WORKSPACE.to_owned()]);
        let options = PlanOptions { force: true, ..PlanOptions::default() };
        match mode {
            Mode::Apply => session.plan(cx, &names, &options).await,
            Mode::Destroy => session.plan_destroy(cx, &names, &options).await,
        }
    }

    /// Plans and carries out.
    pub(super) async fn run(&self, mode: Mode) -> Ran {
        self.run_until(mode, u64::MAX).await
    }

    /// Plans and carries out, and asks for a stop at this event, the first being 1.
    pub(super) async fn run_until(&self, mode: Mode, event: u64) -> Ran {
        let cx = self.cx().await;
        let planned = self.planned(&cx, mode).await.expect("a plan");
        watched(&cx, planned, event).await
    }

    /// Plans and carries out, and keeps the account after every call that changed it. The account
    /// changes by calls alone, one after the other: a run killed at any call leaves one of these
    /// behind, or the account it began with.
    pub(super) async fn recorded(&self, mode: Mode) -> (Ran, Vec<Moment>) {
        let wire = Wire::default();
        let cx = self.connect(wire.client(&self.sandbox)).await;
        let planned = self.planned(&cx, mode).await.expect("a plan");
        wire.record();
        let ran = watched(&cx, planned, u64::MAX).await;
        (ran, wire.moments())
    }

    /// Plans, and dies when this call of carrying out has taken effect. Tells whether there was
    /// such a call; without it, the run is through.
    pub(super) async fn killed(&self, mode: Mode, call: u64) -> bool {
        let outcome = self.killed_or_failed(mode, call).await;
        if let Some(outcome) = &outcome {
            assert!(outcome.is_complete(), "{}", told(outcome));
        }
        outcome.is_none()
    }

    /// As [`Self::killed`], with the outcome of a run that ended before the call.
    pub(super) async fn killed_or_failed(&self, mode: Mode, call: u64) -> Option<Outcome> {
        let wire = Wire::default();
        let cx = self.connect(wire.client(&self.sandbox)).await;
        let planned = self.planned(&cx, mode).await.expect("a plan");
        wire.cut_after(call);
        let observer = Recorder { stop_at: u64::MAX, ..Recorder::default() };
        tokio::select! {
            biased;
            () = wire.cut() => None,
            outcome = carry_out(&cx, &planned, &observer) => Some(outcome),
        }
    }

    /// Applies and insists that all is done, and that nothing is left to do.
    pub(super) async fn applied(&self) -> Ran {
        let ran = self.run(Mode::Apply).await;
        ran.must_be_complete();
        self.must_have_no_changes().await;
        ran
    }

    /// Destroys and insists that nothing is left.
    pub(super) async fn destroyed(&self) -> Ran {
        let ran = self.run(Mode::Destroy).await;
        ran.must_be_complete();
        assert_eq!(self.ledger(), Ledger::default(), "something is left");
        ran
    }

    pub(super) async fn must_have_no_changes(&self) {
        let plan = self.plan().await;
        let wanted: Vec<_> = plan
            .workspaces
            .iter()
            .flat_map(|w| &w.changes)
            .filter(|c| c.action != Action::None)
            .collect();
        assert!(!plan.has_changes(), "there are still changes: {wanted:#?}");
    }

    /// Operations that AWS refused, with the code.
    pub(super) fn refused(&self) -> Vec<String> {
        // Looking for what is not there yet is no refusal.
        let calls = self.sandbox.calls().into_iter().filter(|c| c.mutating);
        calls.filter_map(|c| Some(format!("{} {}", c.operation, c.code?))).collect()
    }
}

/// Carries out, and asks for a stop at this event, the first being 1.
async fn watched(cx: &Cx, planned: Planned, event: u64) -> Ran {
    let observer = Recorder { stop_at: event, ..Recorder::default() };
    let outcome = carry_out(cx, &planned, &observer).await;
    let events = observer.events.into_inner().expect("nobody panicked");
    Ran { plan: planned.plan, outcome, events }
}

async fn carry_out(cx: &Cx, planned: &Planned, observer: &Recorder) -> Outcome {
    let input = apply::Input {
        plan: &planned.plan,
        registry: &REGISTRY,
        cx,
        wanted: &planned.stack,
        live: &planned.snapshot,
        observer,
    };
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let options = apply::Options {
        parallelism: 10,
        planned_at: Some(tokio::time::Instant::now()),
        run_id: format!("run-{}", RUNS.fetch_add(1, Ordering::Relaxed)),
        stop: observer.stop.clone(),
    };
    apply::apply(input, options).await
}

/// Carries out what was planned earlier, unwatched.
pub(super) async fn carry_out_plainly(cx: &Cx, planned: &Planned) -> Outcome {
    carry_out(cx, planned, &Recorder { stop_at: u64::MAX, ..Recorder::default() }).await
}

impl Ran {
    pub(super) fn must_be_complete(&self) {
        assert!(self.outcome.is_complete(), "{}", told(&self.outcome));
    }

    /// What was waited for, as `address: reason`.
    pub(super) fn waits(&self) -> Vec<String> {
        let waits = self.events.iter().filter(|e| e.kind == EventType::Waiting);
        waits
            .map(|e| {
                let address = e.address.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{address}: {}", e.reason.as_deref().unwrap_or_default())
            })
            .collect()
    }

    /// What happens to each address that is not left alone.
    pub(super) fn actions(&self) -> Vec<(String, Action)> {
        actions(&self.plan)
    }

    /// Place of a step's end among all events, by address and action.
    pub(super) fn done(&self, address: &str, action: Action) -> usize {
        let is = |e: &Event| {
            e.kind == EventType::Done
                && e.action == Some(action)
                && e.address.as_ref().is_some_and(|a| a.to_string() == address)
        };
        let found = self.events.iter().position(is);
        found.unwrap_or_else(|| panic!("{address} was never {action:?}: {:#?}", self.events))
    }
}

/// What failed, and why; what was skipped, and what is left.
pub(super) fn told(outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    for failed in &outcome.failed {
        for problem in &failed.diagnostics.0 {
            let (step, message) = (failed.step.phrase(), &problem.message);
            lines.push(format!("{step}: {message} {:?}", problem.notes));
        }
    }
    lines.extend(outcome.skipped.iter().map(|s| format!("{}: skipped", s.step.phrase())));
    lines.extend(outcome.left.iter().map(|s| format!("{}: left", s.step.phrase())));
    lines.join("\n")
}

/// What happens to each address that is not left alone.
pub(super) fn actions(plan: &Plan) -> Vec<(String, Action)> {
    let all = plan.workspaces.iter().flat_map(|w| &w.changes);
    all.filter(|c| c.action != Action::None).map(|c| (c.address.to_string(), c.action)).collect()
}

/// Keeps all events, and asks for a stop at one of them.
#[derive(Default)]
struct Recorder {
    events: Mutex<Vec<Event>>,
    stop: CancellationToken,
    stop_at: u64,
}

impl Observer for Recorder {
    fn event(&self, event: &Event) {
        let mut events = self.events.lock().expect("nobody panicked");
        events.push(event.clone());
        if events.len() as u64 >= self.stop_at {
            self.stop.cancel();
        }
    }
}
