//! One step while it is carried out: what all operations need.

use super::{Objects, Run, mask};
use crate::aws::{self, ErrorClass};
use crate::engine::event::EventType;
use crate::engine::plan::{Change, Node, NodeId, Operation, Part};
use crate::engine::resource::{Handler, LiveObject, Step};
use crate::engine::snapshot::problem;
use crate::engine::wait::{Due, LAG, Since, Stopped, Teller, sleep};
use crate::engine::wanted::{Fields, WantedObject};
use crate::stack::value::{each_string, is_placeholder, placeholder_refs};
use crate::stack::{Diagnostic, Diagnostics, Kind};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Why a step did not get done.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// It failed.
    Failed(Diagnostics),
    /// The run was stopped.
    Stopped,
}

impl From<Diagnostic> for End {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Failed(diagnostic.into())
    }
}

impl From<Diagnostics> for End {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Failed(diagnostics)
    }
}

impl From<Stopped> for End {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// The result of part of a step.
pub(super) type Flow<T> = Result<T, End>;

/// A step being carried out.
pub(super) struct Running<'r> {
    pub(super) run: &'r Run<'r>,
    pub(super) id: NodeId,
    pub(super) node: &'r Node,
    pub(super) change: &'r Change,
    pub(super) workspace: &'r str,
    pub(super) handler: &'r dyn Handler,
    began: Since,
    started: AtomicBool,
    wrote: AtomicBool,
    teller: Mutex<Teller>,
    /// When a failed object was written to: it may seem to have failed for a while.
    tried_again: Mutex<Option<Since>>,
}

impl<'r> Running<'r> {
    pub(super) fn new<'a: 'r>(run: &'r Run<'a>, id: NodeId) -> Result<Self, Diagnostic> {
        let node = &run.plan.nodes[id];
        let change = run.plan.change(id);
        let ty = &change.address.ty;
        let Some(handler) = run.registry.get(ty) else {
            let message = format!("the plan names a type this version does not know: {ty}");
            return Err(Diagnostic::error("unknown_type", message).kind(Kind::Stale));
        };
        Ok(Self {
            run,
            id,
            node,
            change,
            workspace: &run.plan.workspaces[node.workspace].name,
            handler,
            began: Since::now(),
            started: AtomicBool::new(false),
            wrote: AtomicBool::new(false),
            teller: Mutex::default(),
            tried_again: Mutex::default(),
        })
    }

    pub(super) async fn carry_out(&self) -> Flow<()> {
        match (self.node.part, self.node.operation) {
            (Part::Main, Operation::Create) => self.create().await,
            (Part::Main | Part::Late, Operation::Update) => self.update().await,
            (Part::Main, Operation::Delete) => self.delete().await,
            (Part::Late, Operation::Delete) => self.let_go().await,
            (Part::Quiesce, Operation::Delete) => self.quiesce().await,
            (Part::Main, Operation::Depose) => self.depose().await,
            (part, operation) => {
                let message =
                    format!("the plan has a step that makes no sense: {part:?} {operation:?}");
                Err(Diagnostic::error("bad_step", message).into())
            }
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Tells whether a writing call of this step was made.
    pub(super) fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }

    pub(super) fn ty(&self) -> &'r str {
        &self.change.address.ty
    }

    fn key(&self) -> (usize, usize) {
        (self.node.workspace, self.node.change)
    }

    /// Reads or changes what is known of the change's live objects.
    pub(super) fn objects<T>(&self, f: impl FnOnce(&mut Objects) -> T) -> T {
        f(self.run.objects().entry(self.key()).or_default())
    }

    /// How long this step may take.
    pub(super) fn budget(&self, step: Step) -> Duration {
        let rules = self.handler.rules();
        let default = if step == Step::Delete { rules.settle_delete } else { rules.settle };
        self.run.wanted.timeout(self.workspace, &self.change.address, step).unwrap_or(default)
    }

    /// Makes a writing call, within the width of the run. It may be several requests, of which the
    /// first ones took effect though the last failed.
    pub(super) async fn call<T>(
        &self,
        call: impl Future<Output = aws::Result<T>>,
    ) -> Flow<aws::Result<T>> {
        let permit = tokio::select! {
            biased;
            () = self.run.options.stop.cancelled() => return Err(End::Stopped),
            permit = self.run.width.acquire() => permit,
        };
        self.begin();
        self.wrote.store(true, Ordering::Relaxed);
        let written = self.run.cx.writes();
        let result = call.await;
        drop(permit);
        let may_have_written = match &result {
            Ok(_) => true,
            Err(e) => e.class == ErrorClass::Ambiguous || self.run.cx.writes() > written,
        };
        if may_have_written {
            self.run.changed.store(true, Ordering::Relaxed);
        }
        Ok(result)
    }

    /// Tells that the step began, the first time.
    fn begin(&self) {
        if !self.started.swap(true, Ordering::Relaxed) {
            self.run.tell(EventType::Started, self.id, None, Duration::ZERO);
        }
    }

    /// Tells that the step waits; not each time it is called.
    pub(super) fn waiting(&self, reason: &str) {
        self.begin();
        let due = self.teller.lock().unwrap_or_else(PoisonError::into_inner).due(reason);
        let event = || {
            let reason = Some(reason.to_owned());
            self.run.event(EventType::Waiting, self.id, reason, self.elapsed())
        };
        match due {
            Due::Tell => self.run.observer.event(&event()),
            Due::Show => self.run.observer.moved(&event()),
            Due::No => {}
        }
    }

    /// Notes that an object that failed was written to.
    pub(super) fn tried_again(&self) {
        let mut at = self.tried_again.lock().unwrap_or_else(PoisonError::into_inner);
        *at = Some(Since::now());
    }

    /// Tells whether a list may still show the failure before the last write.
    pub(super) fn may_lag(&self) -> bool {
        let at = self.tried_again.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() < LAG)
    }

    /// Waits before another try.
    pub(super) async fn pause(&self, reason: &str, pause: Duration) -> Flow<()> {
        self.waiting(reason);
        Ok(sleep(&self.run.options.stop, pause).await?)
    }

    /// What the stack wants now, in the fields this step is about; all of it is known.
    pub(super) async fn wanted(&self, fields: Fields) -> Flow<WantedObject> {
        let address = &self.change.address;
        self.run.wanted.refresh(self.run.cx, self.workspace, address).await?;
        let wanted = self.run.wanted.wanted(self.workspace, address, fields)?;
        let mut open = BTreeSet::new();
        each_string(&wanted.spec, &mut |text| open.extend(placeholder_refs(text)));
        for value in wanted.tags.values().filter(|v| is_placeholder(v)) {
            open.extend(placeholder_refs(value));
        }
        if !open.is_empty() {
            let open: Vec<_> = open.into_iter().collect();
            let message = format!("{address} still waits for {}", open.join(", "));
            return Err(Diagnostic::error("still_unknown", message)
                .note("the plan did not order this step after what it refers to")
                .hint("this is a mistake in infra itself; please report it")
                .into());
        }
        Ok(wanted)
    }

    /// Takes over what the object is like now, for this step's successors and for references.
    pub(super) fn now_is(&self, live: &LiveObject, is_new: bool) {
        self.objects(|objects| {
            if is_new {
                objects.new = Some(live.clone());
            } else {
                objects.old = Some(live.clone());
                objects.verified = true;
                objects.touched = false;
                objects.own_writes = super::OwnWrites::Nothing;
            }
        });
        self.run.wanted.known(self.workspace, &self.change.address, live);
    }

    /// A failed call, as a diagnostic, without hidden values that AWS may name.
    pub(super) fn failed(&self, doing: &str, error: &aws::Error) -> Diagnostic {
        let problem = problem(error, &format!("{doing} {}", self.change.address));
        let wanted = self.run.wanted.wanted(self.workspace, &self.change.address, Fields::All);
        let spec = wanted.ok().map(|wanted| wanted.spec);
        let schema = self.handler.entry().spec();
        let problem =
            mask::masked(problem, &mask::hidden(schema, &self.change.fields, spec.as_ref()));
        if error.class == ErrorClass::InUse { problem.kind(Kind::Blocked) } else { problem }
    }
}
