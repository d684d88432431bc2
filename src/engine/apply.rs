//! The executor: carries out the steps of a plan.
//!
//! A step starts as soon as all it waits for is done; only calls that write count against the
//! width, waiting does not. All steps run inside the one future that [`apply`] returns: dropping
//! it stops everything at once, and the next run finds what was made by its tags.

mod contract;
mod create;
mod delete;
mod look_again;
mod mask;
mod outcome;
mod settle;
mod step;
#[cfg(test)]
mod tests;

pub use outcome::{Failed, Left, Outcome, Skipped, StepName};

use super::event::{Event, EventType, Observer};
use super::plan::{Action, NodeId, Operation, Part, Plan};
use super::resource::{LiveObject, Registry, Snapshot};
use super::wait::{Poller, Since};
use super::wanted::Wanted;
use crate::aws::Cx;
use crate::stack::{Diagnostic, Diagnostics};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use step::{End, Running};
use tokio_util::sync::CancellationToken;

/// How long a plan made in this process counts as just made.
const FRESH: Duration = Duration::from_secs(60);

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many writing calls may be under way at once; at least one.
    pub parallelism: usize,
    /// When the plan was made, if this process made it; `None` for a saved plan.
    pub planned_at: Option<tokio::time::Instant>,
    /// Different for each run; the tokens of creating calls are made from it.
    pub run_id: String,
    /// Asks the run to stop: calls under way end, nothing new begins.
    pub stop: CancellationToken,
}

/// What is known of the live objects of one change while it is carried out.
#[derive(Clone, Debug, Default)]
struct Objects {
    /// The spec the plan compared with, from the snapshot.
    seen: Option<serde_json::Value>,
    /// The one there was before.
    old: Option<LiveObject>,
    /// Whether the old one was read again, so that it, and no longer the plan's fingerprint, says
    /// what must still hold.
    verified: bool,
    /// Whether this run wrote to the old one since it was read.
    touched: bool,
    /// Which of its fields this run wrote, and which therefore count no longer.
    own_writes: OwnWrites,
    /// The one this run made.
    new: Option<LiveObject>,
}

/// Which fields of an old object no longer count, because this run wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum OwnWrites {
    #[default]
    Nothing,
    Late,
    Anything,
}

/// One run of the executor.
struct Run<'a> {
    plan: &'a Plan,
    registry: &'a Registry,
    cx: &'a Cx,
    wanted: &'a dyn Wanted,
    observer: &'a dyn Observer,
    options: Options,
    poller: Poller<'a>,
    width: tokio::sync::Semaphore,
    began: Since,
    changed: AtomicBool,
    objects: Mutex<BTreeMap<(usize, usize), Objects>>,
}

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// All types.
    pub registry: &'a Registry,
    /// Access to the account.
    pub cx: &'a Cx,
    /// What the stack wants.
    pub wanted: &'a dyn Wanted,
    /// The snapshot the plan was made from or, for a saved plan, one read since.
    pub live: &'a Snapshot,
    /// Is told what happens.
    pub observer: &'a dyn Observer,
}

/// Carries out a plan and tells what came of it.
pub async fn apply(input: Input<'_>, options: Options) -> Outcome {
    let Input { plan, registry, cx, wanted, live, observer } = input;
    let run = Run {
        plan,
        registry,
        cx,
        wanted,
        observer,
        poller: Poller::new(registry, cx),
        width: tokio::sync::Semaphore::new(options.parallelism.max(1)),
        options,
        began: Since::now(),
        changed: AtomicBool::new(false),
        objects: Mutex::new(objects(plan, live)),
    };
    let outcome = tokio::select! {
        biased;
        outcome = run.all_steps() => outcome,
        never = run.poller.serve() => match never {},
    };
    run.tell_summary(&outcome);
    outcome
}

/// Finds the live object of each change in the snapshot.
fn objects(plan: &Plan, live: &Snapshot) -> BTreeMap<(usize, usize), Objects> {
    let mut all = BTreeMap::new();
    for (w, workspace) in plan.workspaces.iter().enumerate() {
        for (c, change) in workspace.changes.iter().enumerate() {
            let of_type = live.get(&change.address.ty);
            let old = change
                .id
                .as_ref()
                .and_then(|id| of_type.into_iter().flatten().find(|live| live.id == *id).cloned());
            let seen = old.as_ref().map(|o: &LiveObject| o.spec.clone());
            all.insert((w, c), Objects { seen, old, ..Objects::default() });
        }
    }
    all
}

/// Where a step of the plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
    Left,
}

impl Run<'_> {
    async fn all_steps(&self) -> Outcome {
        let nodes = &self.plan.nodes;
        let mut outcome = Outcome { blocked: self.plan.summary().blocked, ..Outcome::default() };
        let mut state = vec![State::Waiting; nodes.len()];
        let mut dependents: Vec<Vec<NodeId>> = vec![Vec::new(); nodes.len()];
        let mut missing: Vec<usize> = nodes.iter().map(|n| n.after.len()).collect();
        for (id, node) in nodes.iter().enumerate() {
            self.tell(EventType::Planned, id, None, Duration::ZERO);
            for &first in &node.after {
                dependents[first].push(id);
            }
        }
        let height = heights(self.plan);
        let mut ready: Vec<NodeId> = (0..nodes.len()).filter(|&n| missing[n] == 0).collect();
        let mut running = FuturesUnordered::new();
        loop {
            // The longest chain first: it decides how long the run takes.
            ready.sort_by_key(|&n| (std::cmp::Reverse(height[n]), n));
            for node in ready.drain(..) {
                if self.options.stop.is_cancelled() {
                    break;
                }
                state[node] = State::Running;
                running.push(self.step(node));
            }
            let Some((node, began, result)) = running.next().await else { break };
            match result {
                Ok(()) => {
                    state[node] = State::Done;
                    outcome.done.push(StepName::of(self.plan, node));
                    for &next in &dependents[node] {
                        missing[next] -= 1;
                        if missing[next] == 0 && state[next] == State::Waiting {
                            ready.push(next);
                        }
                    }
                }
                Err(End::Failed(diagnostics)) => {
                    state[node] = State::Failed;
                    let step = StepName::of(self.plan, node);
                    self.skip_after(node, &step, &dependents, (&mut state, &mut outcome));
                    outcome.failed.push(Failed { step, diagnostics });
                }
                Err(End::Stopped) => {
                    state[node] = State::Left;
                    let step = StepName::of(self.plan, node);
                    outcome.left.push(Left { step, begun: began });
                }
            }
        }
        for node in (0..nodes.len()).filter(|&n| state[n] == State::Waiting) {
            outcome.left.push(Left { step: StepName::of(self.plan, node), begun: false });
        }
        outcome.stopped = self.options.stop.is_cancelled() && !outcome.left.is_empty();
        outcome.changed = self.changed.load(Ordering::Relaxed);
        outcome.elapsed = self.began.elapsed();
        outcome
    }

    /// Carries out one step, and tells how it went.
    async fn step(&self, node: NodeId) -> (NodeId, bool, Result<(), End>) {
        let step = Running::new(self, node);
        let result = match step {
            Ok(ref step) => step.carry_out().await,
            Err(ref diagnostic) => Err(End::Failed(Diagnostics::from(diagnostic.clone()))),
        };
        let (elapsed, wrote) =
            step.as_ref().map_or((Duration::ZERO, false), |s| (s.elapsed(), s.wrote()));
        match &result {
            Ok(()) => self.tell(EventType::Done, node, self.note(node), elapsed),
            Err(End::Failed(why)) => {
                let why: Vec<String> = why.0.iter().map(words).collect();
                self.tell(EventType::Failed, node, Some(why.join("; ")), elapsed);
            }
            Err(End::Stopped) => {}
        }
        (node, wrote, result)
    }

    /// Skips all that waits for a failed step, however far behind it.
    fn skip_after(
        &self,
        failed: NodeId,
        because: &StepName,
        dependents: &[Vec<NodeId>],
        (state, outcome): (&mut [State], &mut Outcome),
    ) {
        let mut behind = dependents[failed].clone();
        while let Some(node) = behind.pop() {
            if state[node] != State::Waiting {
                continue;
            }
            state[node] = State::Skipped;
            let reason = format!("the {} failed", because.phrase());
            self.tell(EventType::Skipped, node, Some(reason), Duration::ZERO);
            let step = StepName::of(self.plan, node);
            outcome.skipped.push(Skipped { step, because: because.clone() });
            behind.extend(&dependents[node]);
        }
    }

    /// What is worth knowing of a step that is done: the id of what was made.
    fn note(&self, node: NodeId) -> Option<String> {
        let step = &self.plan.nodes[node];
        match step.operation {
            Operation::Create => {
                let objects = self.objects();
                let new = objects.get(&(step.workspace, step.change))?.new.as_ref()?;
                Some(new.id.clone())
            }
            Operation::Depose => Some("marked as replaced".to_owned()),
            Operation::Update | Operation::Delete => None,
        }
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<(usize, usize), Objects>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether the plan is old enough for updates and creations to be checked again too.
    fn plan_is_old(&self) -> bool {
        self.options.planned_at.is_none_or(|at| at.elapsed() >= FRESH)
    }

    fn tell(&self, kind: EventType, node: NodeId, reason: Option<String>, elapsed: Duration) {
        self.observer.event(&self.event(kind, node, reason, elapsed));
    }

    fn event(
        &self,
        kind: EventType,
        node: NodeId,
        reason: Option<String>,
        elapsed: Duration,
    ) -> Event {
        let step = &self.plan.nodes[node];
        let change = self.plan.change(node);
        let action = match (change.action, step.operation, step.part) {
            (Action::Replace, Operation::Create, _)
            | (Action::Replace, Operation::Update, Part::Late) => Action::Create,
            (Action::Replace, Operation::Depose, _) => Action::Update,
            (Action::Replace, ..) => Action::Delete,
            // Of something that stays, because what its late fields name is deleted first.
            (_, Operation::Delete, Part::Late) => Action::Delete,
            // Left alone, but for a reference that must be let go of and taken up again.
            (Action::None, ..) => Action::Update,
            (action, ..) => action,
        };
        Event {
            time: now(),
            kind,
            workspace: Some(self.plan.workspaces[step.workspace].name.clone()),
            region: Some(self.plan.scope.region.clone()),
            address: Some(change.address.clone()),
            part: Some(step.part),
            action: Some(action),
            reason,
            elapsed_ms: millis(elapsed),
        }
    }

    fn tell_summary(&self, outcome: &Outcome) {
        let mut parts = vec![format!("{} done", outcome.done.len())];
        let counts = [
            (outcome.failed.len(), "failed"),
            (outcome.skipped.len(), "skipped"),
            (outcome.left.len(), "left"),
            (outcome.blocked, "blocked"),
        ];
        parts.extend(counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
        self.observer.event(&Event {
            time: now(),
            kind: EventType::Summary,
            workspace: None,
            region: Some(self.plan.scope.region.clone()),
            address: None,
            part: None,
            action: None,
            reason: Some(parts.join(", ")),
            elapsed_ms: millis(outcome.elapsed),
        });
    }
}

/// For each step the length of the longest chain of steps that wait for it.
fn heights(plan: &Plan) -> Vec<usize> {
    fn of(node: NodeId, dependents: &[Vec<NodeId>], known: &mut [Option<usize>]) -> usize {
        if let Some(height) = known[node] {
            return height;
        }
        known[node] = Some(0);
        let height =
            dependents[node].iter().map(|&n| of(n, dependents, known) + 1).max().unwrap_or(0);
        known[node] = Some(height);
        height
    }
    let mut dependents = vec![Vec::new(); plan.nodes.len()];
    for (id, node) in plan.nodes.iter().enumerate() {
        for &first in &node.after {
            dependents[first].push(id);
        }
    }
    let mut known = vec![None; plan.nodes.len()];
    (0..plan.nodes.len()).map(|n| of(n, &dependents, &mut known)).collect()
}

/// A diagnostic in one line.
fn words(diagnostic: &Diagnostic) -> String {
    let mut words = diagnostic.message.clone();
    for note in &diagnostic.notes {
        words.push_str(": ");
        words.push_str(note);
    }
    words
}

fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
