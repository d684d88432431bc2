//! Deletion and its first steps: asking, saying what stands in the way, and waiting until gone.

use super::OwnWrites;
use super::look_again::{Now, READ_ERRORS};
use super::settle::seconds;
use super::step::{Flow, Running};
use crate::aws::ownership::DEPOSED;
use crate::aws::{self, ErrorClass, Tags};
use crate::engine::plan::Action;
use crate::engine::references;
use crate::engine::resource::{Blocker, LiveObject, Status, Step};
use crate::engine::retry::{self, Decision, Failure};
use crate::engine::wait::{LAG, NOW, SETTLING, Since};
use crate::stack::{Diagnostic, Kind};
use std::future::Future;
use std::time::Duration;

/// Looks in a row at which the same blocker must stand, with nobody to take it away, before the
/// deletion is given up.
const STUCK_LOOKS: u32 = 3;

/// Blockers nobody takes away, while they are seen again and again.
#[derive(Default)]
struct Stuck {
    looks: u32,
    since: Option<Since>,
}

impl Stuck {
    /// Takes note of one look; tells whether waiting is of no use.
    fn look(&mut self, blockers: &[Blocker]) -> bool {
        if blockers.iter().all(|b| b.leaves.is_some()) {
            *self = Self::default();
            return false;
        }
        self.looks += 1;
        let since = *self.since.get_or_insert_with(Since::now);
        self.looks >= STUCK_LOOKS && since.elapsed() >= LAG
    }
}

/// How long a deletion may take before it is told what holds it, and how often that is asked.
const ASK_EVERY: Duration = Duration::from_secs(30);

/// What holds an object that is long in going.
#[derive(Default)]
struct Holders {
    asked: Option<Since>,
    words: String,
}

impl Running<'_> {
    /// Adds to a reason what holds the object, once it has taken long.
    async fn with_holders(
        &self,
        live: &LiveObject,
        (reason, since): (String, Since),
        holders: &mut Holders,
    ) -> String {
        if holders.asked.unwrap_or(since).elapsed() >= ASK_EVERY {
            holders.words = list(&self.blockers(live).await);
            holders.asked = Some(Since::now());
        }
        if holders.words.is_empty() { reason } else { format!("{reason}: {}", holders.words) }
    }

    /// Says that the object took too long, and what holds it.
    async fn too_long(&self, live: &LiveObject, reason: &str, elapsed: Duration) -> Diagnostic {
        let mut diagnostic = self.timed_out(reason, elapsed);
        for blocker in self.blockers(live).await {
            diagnostic = diagnostic.note(format!("held by {}", one(&blocker)));
        }
        diagnostic
    }

    /// Deletes and waits until gone.
    pub(super) async fn delete(&self) -> Flow<()> {
        let since = Since::now();
        // One that AWS's lists have no more is deleted all the same: the answer is certain.
        if let Now::There(live) | Now::Absent(Some(live)) = self.current().await? {
            self.delete_until_gone(live, since).await?;
        }
        let replaced = self.objects(|objects| objects.new.is_some());
        if !self.change.deposed && !replaced {
            self.run.wanted.gone(self.workspace, &self.change.address);
        }
        Ok(())
    }

    async fn delete_until_gone(&self, mut live: LiveObject, since: Since) -> Flow<()> {
        let budget = self.budget(Step::Delete);
        let (mut tries, mut stuck) = (0, Stuck::default());
        if self.handler.rules().is_weighed() && !matches!(live.status, Status::Deleting(_)) {
            self.give_up_what_it_holds(&live).await?;
        }
        while !matches!(live.status, Status::Deleting(_)) {
            let error = match self.call(self.handler.delete(self.run.cx, &live)).await? {
                Ok(()) => break,
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => error,
            };
            tries += 1;
            let elapsed = since.elapsed();
            let failure = Failure { tries, error: &error, step: Step::Delete, elapsed, budget };
            let Decision::Retry { after, reason } = retry::decide(&failure, self.handler.rules())
            else {
                return Err(self.refused(&live, &error).await.into());
            };
            let blockers = if error.class == ErrorClass::Ambiguous {
                Vec::new()
            } else {
                self.blockers(&live).await
            };
            if stuck.look(&blockers) {
                return Err(self.held(&live, &blockers, &error).into());
            }
            let reason = if blockers.is_empty() { reason } else { list(&blockers) };
            self.pause(&reason, after).await?;
            match self.read(&live).await? {
                Some(now) => live = now,
                None if error.class == ErrorClass::Ambiguous => return Ok(()),
                None => {}
            }
        }
        self.gone(&live, since).await
    }

    /// Takes away what the object holds, as far as the user allowed it; data that came after the
    /// plan was made is not lost unasked.
    async fn give_up_what_it_holds(&self, live: &LiveObject) -> Flow<()> {
        let cx = self.run.cx;
        let holds = match self.handler.holds(cx, live).await {
            Ok(holds) => holds,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(self.failed("reading what is in", &error).into()),
        };
        let address = &self.change.address;
        let (message, flag) = match &holds.data {
            _ if holds.protected && !self.change.unprotects => {
                (format!("{address} is protected by now"), "--allow-protected")
            }
            Some(what) if !self.change.loses_data => {
                (format!("{address} holds {what} by now"), "--allow-data-loss")
            }
            _ if holds.is_nothing() => return Ok(()),
            _ => {
                self.first_step(live, "unlocking", || self.handler.unlock(cx, live)).await?;
                return self.wrote_to_old(live, OwnWrites::Anything).await;
            }
        };
        let hint = format!("plan again; {flag} {address} lets it go");
        Err(Diagnostic::error("holds_data", message).kind(Kind::Blocked).hint(hint).into())
    }

    /// Waits until a listing no longer has the object.
    async fn gone(&self, live: &LiveObject, since: Since) -> Flow<()> {
        let budget = self.budget(Step::Delete);
        let mut watch = self.run.poller.watch(self.ty(), &live.id, SETTLING);
        let (began, mut errors) = (Since::now(), 0_u32);
        let mut holders = Holders::default();
        loop {
            let reason = match watch.next(&self.run.options.stop).await? {
                Ok(None) => return Ok(()),
                Err(error) => {
                    errors += 1;
                    if errors >= READ_ERRORS {
                        return Err(self.failed("reading", &error).into());
                    }
                    format!("AWS to answer ({error})")
                }
                Ok(Some(now)) => {
                    errors = 0;
                    match now.status {
                        Status::Deleting(state) | Status::Pending(state) => {
                            format!("it to be gone, it is {state}")
                        }
                        Status::Failed(why) if began.elapsed() >= LAG => {
                            let message =
                                format!("deleting {} ({}) failed", self.change.address, live.id);
                            return Err(Diagnostic::error("failed", message).note(why).into());
                        }
                        Status::Failed(why) => format!("it to be gone, AWS says {why}"),
                        Status::Ready => "it to leave AWS's lists".to_owned(),
                    }
                }
            };
            if since.elapsed() >= budget {
                return Err(self.too_long(live, &reason, since.elapsed()).await.into());
            }
            let reason = self.with_holders(live, (reason, began), &mut holders).await;
            self.waiting(&reason);
        }
    }

    /// Lets go of what is deleted later on.
    pub(super) async fn let_go(&self) -> Flow<()> {
        let Now::There(live) = self.current().await? else { return Ok(()) };
        let all = self.handler.rules().lets_go;
        let names = &self.node.lets_go_of;
        let (rest, changed) = references::without(self.handler.entry(), &live.spec, names, !all);
        if changed.0.is_empty() {
            return Ok(());
        }
        let cx = self.run.cx;
        let call = || self.handler.update(cx, &live, &rest, &changed);
        self.first_step(&live, "detaching", call).await?;
        self.wrote_to_old(&live, if all { OwnWrites::Anything } else { OwnWrites::Late }).await
    }

    /// Winds the object down, as far as its type does before it is deleted.
    pub(super) async fn quiesce(&self) -> Flow<()> {
        let Now::There(live) = self.current().await? else { return Ok(()) };
        let cx = self.run.cx;
        self.first_step(&live, "winding down", || self.handler.quiesce(cx, &live)).await?;
        self.wrote_to_old(&live, OwnWrites::Anything).await
    }

    /// Marks the old object as replaced by a newer one.
    pub(super) async fn depose(&self) -> Flow<()> {
        let Now::There(mut live) = self.current().await? else { return Ok(()) };
        let (cx, set) = (self.run.cx, Tags::from([(DEPOSED.to_owned(), "true".to_owned())]));
        self.first_step(&live, "marking", || self.handler.tag(cx, &live, &set, &[])).await?;
        live.tags.extend(set);
        self.objects(|objects| objects.old = Some(live));
        Ok(())
    }

    /// Makes a call that may be repeated, for as long as the type's rules say so.
    async fn first_step<F: Future<Output = aws::Result<()>>>(
        &self,
        live: &LiveObject,
        what: &str,
        call: impl Fn() -> F,
    ) -> Flow<()> {
        let deletes = matches!(self.change.action, Action::Delete | Action::Replace);
        let step = if deletes { Step::Delete } else { Step::Update };
        let (since, budget, mut tries) = (Since::now(), self.budget(step), 0);
        loop {
            let error = match self.call(call()).await? {
                Ok(()) => return Ok(()),
                Err(error) if deletes && error.is_not_found() => return Ok(()),
                Err(error) => error,
            };
            tries += 1;
            let elapsed = since.elapsed();
            let failure = Failure { tries, error: &error, step, elapsed, budget };
            match retry::decide(&failure, self.handler.rules()) {
                Decision::Retry { after, reason } => {
                    let blockers = self.blockers(live).await;
                    let reason = if blockers.is_empty() { reason } else { list(&blockers) };
                    self.pause(&reason, after).await?;
                }
                Decision::GiveUp => return Err(self.failed(what, &error).into()),
            }
        }
    }

    /// Waits until an object that was written to has settled, and remembers that it was this run.
    async fn wrote_to_old(&self, live: &LiveObject, wrote: OwnWrites) -> Flow<()> {
        self.objects(|objects| {
            objects.touched = true;
            objects.own_writes = match (objects.own_writes, wrote) {
                (OwnWrites::Anything, _) => OwnWrites::Anything,
                (_, wrote) => wrote,
            };
        });
        let (since, budget) = (Since::now(), self.budget(Step::Delete));
        let mut watch = self.run.poller.watch(self.ty(), &live.id, SETTLING);
        let (mut errors, mut holders) = (0_u32, Holders::default());
        loop {
            // What is read here is not taken over as what must still hold: somebody else may have
            // written too.
            let reason = match watch.next(&self.run.options.stop).await? {
                Ok(Some(LiveObject { status: Status::Pending(state), .. })) => {
                    errors = 0;
                    format!("it to settle, it is {state}")
                }
                Ok(_) => return Ok(()),
                Err(error) => {
                    errors += 1;
                    if errors >= READ_ERRORS {
                        return Err(self.failed("reading", &error).into());
                    }
                    format!("AWS to answer ({error})")
                }
            };
            if since.elapsed() >= budget {
                return Err(self.too_long(live, &reason, since.elapsed()).await.into());
            }
            let reason = self.with_holders(live, (reason, since), &mut holders).await;
            self.waiting(&reason);
        }
    }

    /// Reads the object again, whatever it has become.
    async fn read(&self, live: &LiveObject) -> Flow<Option<LiveObject>> {
        let mut watch = self.run.poller.watch(self.ty(), &live.id, NOW);
        match watch.next(&self.run.options.stop).await? {
            Ok(found) => Ok(found),
            Err(_) => Ok(Some(live.clone())),
        }
    }

    async fn blockers(&self, live: &LiveObject) -> Vec<Blocker> {
        // Only an explanation: that it cannot be had must not hide the error itself.
        self.handler.blockers(self.run.cx, live).await.unwrap_or_default()
    }

    /// A deletion that AWS refuses and that is not, or no longer, tried again.
    async fn refused(&self, live: &LiveObject, error: &aws::Error) -> Diagnostic {
        let mut diagnostic = self.failed("deleting", error);
        if error.class == ErrorClass::InUse {
            for blocker in self.blockers(live).await {
                diagnostic = diagnostic.note(format!("held by {}", one(&blocker)));
            }
        }
        diagnostic
    }

    /// A deletion that will never succeed by waiting.
    fn held(&self, live: &LiveObject, blockers: &[Blocker], error: &aws::Error) -> Diagnostic {
        let message = format!("{} ({}) is held by something else", self.change.address, live.id);
        let mut diagnostic = Diagnostic::error("held", message).kind(Kind::Blocked);
        for blocker in blockers {
            diagnostic = diagnostic.note(format!("held by {}", one(blocker)));
        }
        diagnostic
            .note(error.to_string())
            .note(format!("nothing is known to take it away; looked for {}", seconds(LAG)))
            .hint("take it away and run the command again")
    }
}

fn one(blocker: &Blocker) -> String {
    match &blocker.leaves {
        Some(leaves) => format!("{} ({leaves})", blocker.what),
        None => blocker.what.clone(),
    }
}

fn list(blockers: &[Blocker]) -> String {
    let all: Vec<String> = blockers.iter().map(one).collect();
    all.join(", ")
}
