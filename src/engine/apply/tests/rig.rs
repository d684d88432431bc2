//! Stacks of the in-memory AWS, planned as stack files are, and an observer.

use crate::aws::Cx;
use crate::engine::apply::{Input, Options, Outcome, apply};
use crate::engine::event::{Event, EventType, Observer};
use crate::engine::plan::Plan;
use crate::engine::planner::PlanOptions;
use crate::engine::resource::{LiveObject, Registry, Snapshot};
use crate::engine::session::{self, Session, StackWanted};
use crate::engine::testing::{Cloud, cx};
use crate::stack::{Address, Environment, Inputs, Project, Source};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) const WORKSPACE: &str = "w";

/// Resources by address; a string `@net.a` stands for the id of `net.a`, `@net.a:cidr` for another
/// attribute.
pub(super) type Stack = BTreeMap<Address, Json>;

/// Makes a stack from `{"net.a": {…}}`.
pub(super) fn stack(resources: Json) -> Stack {
    let resources = resources.as_object().expect("a table").clone();
    let address = |text: &str| Address::parse(text).expect("an address");
    resources.into_iter().map(|(text, spec)| (address(&text), spec)).collect()
}

/// Writes the stack as a workspace file.
fn file(stack: &Stack) -> String {
    let mut text = "[workspace]\n".to_owned();
    for (address, spec) in stack {
        let _ = writeln!(text, "[{address}]");
        for (field, value) in spec.as_object().expect("a table") {
            let field = field.replace("tag:", "tags.");
            let _ = writeln!(text, "{field} = {}", toml(value));
        }
    }
    text
}

fn toml(value: &Json) -> String {
    match value {
        Json::String(s) => match s.strip_prefix('@') {
            Some(text) => {
                let (address, attribute) = text.split_once(':').unwrap_or((text, "id"));
                format!("\"${{{address}.{attribute}}}\"")
            }
            None => format!("{s:?}"),
        },
        Json::Array(items) => {
            format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Remembers events.
#[derive(Default)]
pub(super) struct Log(pub(super) Mutex<Vec<Event>>);

impl Observer for Log {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Log {
    /// Reasons of all events of a kind of one address.
    pub(super) fn reasons(&self, kind: EventType, address: &str) -> Vec<String> {
        let all = self.0.lock().unwrap();
        let address = Address::parse(address);
        let of = all.iter().filter(|e| e.kind == kind && e.address == address);
        of.filter_map(|e| e.reason.clone()).collect()
    }

    pub(super) fn count(&self, kind: EventType) -> usize {
        self.0.lock().unwrap().iter().filter(|e| e.kind == kind).count()
    }
}

/// A plan, and when it was made.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) snapshot: Snapshot,
    pub(super) wanted: StackWanted,
    at: Instant,
}

/// An account, its types, and a stack.
pub(super) struct Rig {
    pub(super) cloud: Arc<Cloud>,
    registry: Arc<Registry>,
    pub(super) cx: Arc<Cx>,
    pub(super) log: Log,
    pub(super) parallelism: usize,
    pub(super) stop: CancellationToken,
}

impl Rig {
    pub(super) fn new() -> Self {
        let (cloud, registry) = Cloud::new();
        Self {
            cloud,
            registry: Arc::new(registry),
            cx: Arc::new(cx()),
            log: Log::default(),
            parallelism: 10,
            stop: CancellationToken::new(),
        }
    }

    /// Plans; no test wants problems.
    pub(super) async fn plan(&self, stack: &Stack) -> Planned {
        let source = Source { name: "w.toml".into(), text: file(stack) };
        let project = Project {
            name: self.cx.scope.project.clone(),
            region: self.cx.scope.region.clone(),
            workspaces: [(WORKSPACE.to_owned(), Arc::new(source))].into(),
            ..Project::default()
        };
        let mut environment = Environment::default();
        environment.name.clone_from(&self.cx.scope.environment);
        environment.regions = vec![self.cx.scope.region.clone()];
        let session = Session {
            registry: Arc::clone(&self.registry),
            project,
            environment,
            inputs: Inputs::default(),
            region: self.cx.scope.region.clone(),
        };
        let names = [WORKSPACE.to_owned()];
        let planned = session.plan(&self.cx, &names, &PlanOptions::default()).await;
        let session::Planned { plan, stack, snapshot, .. } =
            planned.unwrap_or_else(|problems| panic!("{problems:#?}"));
        Planned { plan, wanted: stack, snapshot, at: Instant::now() }
    }

    /// Carries a plan out; `None` when the process was killed.
    pub(super) async fn carry_out(&self, planned: &Planned, saved: bool) -> Option<Outcome> {
        let input = Input {
            plan: &planned.plan,
            registry: &self.registry,
            cx: &self.cx,
            wanted: &planned.wanted,
            live: &planned.snapshot,
            observer: &self.log,
        };
        let options = Options {
            parallelism: self.parallelism,
            planned_at: (!saved).then_some(planned.at),
            run_id: format!("{:?}", planned.at),
            stop: self.stop.clone(),
        };
        tokio::select! {
            biased;
            () = self.cloud.killed() => None,
            outcome = apply(input, options) => Some(outcome),
        }
    }

    pub(super) async fn apply(&self, stack: &Stack) -> Outcome {
        let planned = self.plan(stack).await;
        self.carry_out(&planned, false).await.expect("nobody kills it")
    }

    /// Applies, and wants all of it done.
    pub(super) async fn make(&self, stack: &Stack) {
        let outcome = self.apply(stack).await;
        assert!(outcome.is_complete(), "{outcome:#?}");
        assert_eq!(outcome.exit_code(), 0);
        self.assert_same(stack).await;
    }

    /// Checks that a plan has nothing to do and that each resource is there once, nothing else.
    pub(super) async fn assert_same(&self, stack: &Stack) {
        let again = self.plan(stack).await;
        assert!(again.plan.nodes.is_empty(), "{:#?}", again.plan);
        assert_eq!(self.owned(), stack.keys().map(Address::to_tag).collect::<Vec<_>>());
    }

    /// Addresses of all objects of ours in the account, each as often as it is there.
    pub(super) fn owned(&self) -> Vec<String> {
        let objects = self.cloud.objects();
        let mut all: Vec<String> = objects
            .values()
            .filter_map(|live| Some(self.cx.scope.owner(&live.tags)?.address.to_tag()))
            .collect();
        all.sort();
        all
    }

    /// The object of an address.
    pub(super) fn object(&self, address: &str) -> LiveObject {
        let address = Address::parse(address).unwrap();
        let is = |live: &LiveObject| {
            self.cx.scope.owner(&live.tags).is_some_and(|o| o.address == address)
        };
        self.cloud.objects().into_values().find(is).expect("it is there")
    }
}
