//! Waiting: the only place that looks at the clock or sleeps, so that tests can pause time.
//!
//! Polls go by type, not by resource: one call per type lists every id that is waited for.

use super::resource::{LiveObject, Registry, Want};
use crate::aws::{Cx, Error, Result};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// First poll of something that was just written.
pub(super) const SETTLING: Duration = Duration::from_millis(500);
/// A read wanted now: the moment lets others of the same type join the call.
pub(super) const NOW: Duration = Duration::from_millis(20);
/// How often a wait says that it still waits.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// How long a mismatch or a difference may be the fault of a list that lags.
pub(super) const LAG: Duration = Duration::from_secs(10);

/// A stopwatch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since(Instant);

impl Since {
    pub(super) fn now() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// A run was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// Sleeps, unless the run is stopped meanwhile.
pub(super) async fn sleep(
    stop: &CancellationToken,
    pause: Duration,
) -> std::result::Result<(), Stopped> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Stopped),
        () = tokio::time::sleep(pause) => Ok(()),
    }
}

/// Whether a wait is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is to be told.
    Tell,
    /// Only numbers moved on: to be shown where it takes the place of what was shown before.
    Show,
    /// Nothing is new.
    No,
}

/// Says now and then that a step waits, and for what: at once, when the reason changes in more than
/// its numbers, and every ten seconds.
#[derive(Debug, Default)]
pub(super) struct Teller {
    /// When something was told last.
    told: Option<Instant>,
    /// The last reason.
    last: String,
}

impl Teller {
    /// Tells whether this reason is due to be told, and remembers it when it is.
    pub(super) fn due(&mut self, reason: &str) -> Due {
        let recent = self.told.is_some_and(|at| at.elapsed() < TELL_EVERY);
        let due = if recent && self.last == reason {
            Due::No
        } else if recent && words(&self.last).eq(words(reason)) {
            Due::Show
        } else {
            self.told = Some(Instant::now());
            Due::Tell
        };
        reason.clone_into(&mut self.last);
        due
    }
}

/// A reason without its numbers.
fn words(reason: &str) -> impl Iterator<Item = char> {
    reason.chars().filter(|c| !c.is_ascii_digit())
}

/// What one poll says of one id: the object, or nothing.
pub(super) type Seen = Result<Option<LiveObject>>;

/// Polls shared by all steps of a run.
pub(super) struct Poller<'a> {
    registry: &'a Registry,
    cx: &'a Cx,
    types: BTreeMap<&'static str, Shared>,
}

#[derive(Default)]
struct Shared {
    wake: Notify,
    queue: Mutex<Queue>,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Queue {
    next_key: u64,
    watched: BTreeMap<u64, Watched>,
    asked: Vec<Asked>,
}

/// An id polled until its watch is dropped.
struct Watched {
    id: String,
    due: Instant,
    interval: Duration,
    tell: mpsc::UnboundedSender<Seen>,
}

/// A listing of what a workspace owns, asked for once.
struct Asked {
    workspace: String,
    name: Option<String>,
    due: Instant,
    tell: oneshot::Sender<Result<Vec<LiveObject>>>,
}

impl Queue {
    fn due(&self) -> Option<Instant> {
        let watched = self.watched.values().map(|w| w.due);
        watched.chain(self.asked.iter().map(|a| a.due)).min()
    }
}

impl<'a> Poller<'a> {
    pub(super) fn new(registry: &'a Registry, cx: &'a Cx) -> Self {
        let types = registry.resources.keys().map(|ty| (*ty, Shared::default())).collect();
        Self { registry, cx, types }
    }

    /// Polls for as long as it is itself polled; it never ends.
    pub(super) async fn serve(&self) -> std::convert::Infallible {
        let mut all = FuturesUnordered::new();
        for (ty, shared) in &self.types {
            all.push(self.serve_type(ty, shared));
        }
        while all.next().await.is_some() {}
        std::future::pending().await
    }

    async fn serve_type(&self, ty: &str, shared: &Shared) {
        loop {
            let due = shared.queue().due();
            match due {
                None => shared.wake.notified().await,
                Some(at) => tokio::select! {
                    () = tokio::time::sleep_until(at) => self.poll(ty, shared).await,
                    () = shared.wake.notified() => {}
                },
            }
        }
    }

    /// Answers all that is due, and whoever else can be answered by the same calls.
    async fn poll(&self, ty: &str, shared: &Shared) {
        let Some(handler) = self.registry.get(ty) else { return };
        let now = Instant::now();
        let (asked, watched) = {
            let mut queue = shared.queue();
            let asked = std::mem::take(&mut queue.asked);
            let any_due = queue.watched.values().any(|w| w.due <= now);
            let watched: BTreeMap<u64, String> = if any_due {
                queue.watched.iter().map(|(key, w)| (*key, w.id.clone())).collect()
            } else {
                BTreeMap::new()
            };
            (asked, watched)
        };
        if !asked.is_empty() {
            let workspaces: BTreeSet<String> = asked.iter().map(|a| a.workspace.clone()).collect();
            let names: BTreeSet<String> = asked.iter().filter_map(|a| a.name.clone()).collect();
            let workspaces: Vec<String> = workspaces.into_iter().collect();
            let names: Vec<String> = names.into_iter().collect();
            let want = Want::Owned { workspaces: &workspaces, names: &names };
            let found = handler.list(self.cx, want).await;
            for one in asked {
                let _ = one.tell.send(found.clone());
            }
        }
        if !watched.is_empty() {
            let ids: BTreeSet<String> = watched.values().cloned().collect();
            let ids: Vec<String> = ids.into_iter().collect();
            let found = handler.list(self.cx, Want::Ids(&ids)).await;
            let longest =
                longest_interval(handler.rules().settle.max(handler.rules().settle_delete));
            let now = Instant::now();
            let mut queue = shared.queue();
            for (key, id) in watched {
                let Some(one) = queue.watched.get_mut(&key) else { continue };
                one.interval = one.interval.max(SETTLING / 2).mul_f64(1.5).min(longest);
                one.due = now + one.interval;
                let seen = match &found {
                    Ok(all) => Ok(all.iter().find(|live| live.id == id).cloned()),
                    Err(e) => Err(e.clone()),
                };
                let _ = one.tell.send(seen);
            }
        }
    }

    /// Begins to poll an id; the first answer comes from a call made no sooner than now. Polls
    /// grow rarer the longer it takes.
    pub(super) fn watch(&self, ty: &str, id: &str, first: Duration) -> Watch<'_> {
        let (tell, answers) = mpsc::unbounded_channel();
        let Some(shared) = self.types.get(ty) else {
            let _ = tell.send(Err(Error::local(ty, "there is no such type")));
            return Watch { shared: None, key: 0, answers };
        };
        let key = {
            let mut queue = shared.queue();
            let key = queue.next_key;
            queue.next_key += 1;
            let due = Instant::now() + first;
            queue.watched.insert(key, Watched { id: id.to_owned(), due, interval: first, tell });
            key
        };
        shared.wake.notify_one();
        Watch { shared: Some(shared), key, answers }
    }

    /// Lists what a workspace owns of a type, and what has this name; shares the call with whoever
    /// asks at the same moment.
    pub(super) async fn owned(
        &self,
        ty: &str,
        workspace: &str,
        name: Option<&str>,
    ) -> Result<Vec<LiveObject>> {
        let missing = || Error::local(ty, "there is no such type");
        let shared = self.types.get(ty).ok_or_else(missing)?;
        let (tell, answer) = oneshot::channel();
        shared.queue().asked.push(Asked {
            workspace: workspace.to_owned(),
            name: name.map(str::to_owned),
            due: Instant::now() + NOW,
            tell,
        });
        shared.wake.notify_one();
        answer.await.unwrap_or_else(|_| Err(missing()))
    }
}

/// Slow types are polled less often: aws-semantics.md 0.3.
fn longest_interval(budget: Duration) -> Duration {
    (budget / 30).clamp(Duration::from_secs(2), Duration::from_secs(15))
}

/// An id being polled, until this is dropped.
pub(super) struct Watch<'p> {
    shared: Option<&'p Shared>,
    key: u64,
    answers: mpsc::UnboundedReceiver<Seen>,
}

impl Watch<'_> {
    /// Waits for the next poll, unless the run is stopped meanwhile.
    pub(super) async fn next(
        &mut self,
        stop: &CancellationToken,
    ) -> std::result::Result<Seen, Stopped> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(Stopped),
            seen = self.answers.recv() => seen.ok_or(Stopped),
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared {
            shared.queue().watched.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn numbers_that_move_are_told_every_ten_seconds() {
        let mut teller = Teller::default();
        assert_eq!(teller.due("2 of 10 tasks"), Due::Tell);
        let mut told = Vec::new();
        for second in 1..=21 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let due = teller.due(&format!("{} of 10 tasks", 2 + second / 3));
            told.push((second, due));
        }
        let at = |wanted| -> Vec<u32> {
            told.iter().filter(|(_, due)| *due == wanted).map(|(second, _)| *second).collect()
        };
        assert_eq!(at(Due::Tell), [10, 20]);
        assert_eq!(at(Due::Show), [3, 6, 9, 12, 15, 18, 21]);
        assert_eq!(teller.due("its targets"), Due::Tell, "another reason is told at once");
        assert_eq!(teller.due("its targets"), Due::No);
    }
}
