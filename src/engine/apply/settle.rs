//! Waiting for an object to be ready, and converging: reading, comparing and updating until
//! nothing differs.

use super::contract;
use super::look_again::{Now, READ_ERRORS};
use super::step::{End, Flow, Running};
use crate::aws::{ErrorClass, Tags};
use crate::engine::diff;
use crate::engine::plan::{Action, After, FieldChange, Part};
use crate::engine::resource::{LiveObject, Status, Step};
use crate::engine::retry::{self, Decision, Failure};
use crate::engine::wait::{LAG, SETTLING, Since, Watch};
use crate::engine::wanted::{Fields, WantedObject};
use crate::stack::{Diagnostic, Kind};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a step writes what differs before it says that it does not converge.
const ROUNDS: u32 = 3;
/// The same of a type whose updates make one kind of change each: indexes of a table are made and
/// deleted one by one.
const STEPS: u32 = 60;
/// How long a new object may be missing from AWS's lists.
const APPEARS: Duration = Duration::from_secs(60);
/// How long an object seen before may be missing.
const VANISHES: Duration = Duration::from_secs(20);

/// What an object shall become.
pub(super) struct Goal<'g> {
    pub(super) wanted: &'g WantedObject,
    /// The kind of step, for budgets and retries.
    pub(super) step: Step,
    /// Whether this run made the object.
    pub(super) is_new: bool,
}

impl Running<'_> {
    /// An update in place, of the main part or of the late fields.
    pub(super) async fn update(&self) -> Flow<()> {
        let is_late = self.node.part == Part::Late;
        let is_new = matches!(self.change.action, Action::Create | Action::Replace);
        let fields = if is_late { Fields::All } else { Fields::Main };
        let wanted = self.wanted(fields).await?;
        self.fits_plan(&wanted)?;
        let live = if is_new {
            self.objects(|o| o.new.clone()).ok_or_else(|| {
                let message = format!("{} was not made by this run", self.change.address);
                Diagnostic::error("missing_object", message)
            })?
        } else {
            match self.current().await? {
                Now::There(live) => live,
                Now::Absent(_) => {
                    let message = format!("{} is gone", self.change.address);
                    return Err(Diagnostic::error("stale", message).kind(Kind::Stale).into());
                }
            }
        };
        let step = if is_new { Step::Create } else { Step::Update };
        let goal = Goal { wanted: &wanted, step, is_new };
        let since = Since::now();
        let live = if matches!(live.status, Status::Pending(_)) {
            let mut watch = self.run.poller.watch(self.ty(), &live.id, SETTLING);
            self.ready(&mut watch, step, since).await?
        } else {
            live
        };
        let live = self.converge(live, &goal, since).await?;
        self.now_is(&live, is_new);
        Ok(())
    }

    /// Tells whether a difference is this step's business.
    fn mine(&self, change: &FieldChange) -> bool {
        change.late == (self.node.part == Part::Late)
    }

    /// Checks that what was known in the plan still is what the stack wants.
    pub(super) fn fits_plan(&self, wanted: &WantedObject) -> Flow<()> {
        let before = match (self.change.action, self.node.part) {
            // The plan shows the late fields of a new object as they will be.
            (Action::Create, _) => None,
            // Without the object the plan saw there is nothing to compare with; looking again
            // has refused or will refuse.
            _ => match self.objects(|o| o.seen.clone()) {
                Some(seen) => Some(seen),
                None => return Ok(()),
            },
        };
        let schema = self.handler.entry().spec();
        let planned = &self.change.fields;
        let old = self.objects(|o| o.old.clone()).filter(|_| before.is_some());
        let standing = old.map(|live| self.handler.stands(&wanted.spec, &live));
        let standing = standing.unwrap_or_default();
        let stands = |change: &FieldChange| standing.iter().any(|one| one.path == change.path);
        let mine = |change: &FieldChange| self.mine(change) && !stands(change);
        let mut broken = contract::breaches(schema, planned, before.as_ref(), &wanted.spec, mine);
        if self.node.part == Part::Main {
            broken.extend(contract::tag_breaches(planned, wanted));
        }
        if broken.is_empty() {
            return Ok(());
        }
        let message = format!("the plan no longer fits {}", self.change.address);
        let mut diagnostic = Diagnostic::error("plan_no_longer_fits", message).kind(Kind::Stale);
        for line in broken {
            diagnostic = diagnostic.note(line);
        }
        Err(diagnostic.hint("plan again and look at the difference").into())
    }

    /// What differs between the object and the goal, as far as it is this step's business.
    fn differences(&self, live: &LiveObject, goal: &Goal<'_>) -> Vec<FieldChange> {
        let schema = self.handler.entry().spec();
        let mut left = diff::diff(schema, &live.spec, &goal.wanted.spec);
        left.retain(|change| self.mine(change));
        let _ = diff::leave(&mut left, &self.handler.stands(&goal.wanted.spec, live));
        if self.node.part == Part::Main {
            let tags: BTreeMap<String, Json> =
                goal.wanted.tags.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
            let without: Vec<&str> = goal.wanted.without_tags.iter().map(String::as_str).collect();
            left.extend(diff::tags(&live.tags, &tags, &without));
        }
        left
    }

    /// Writes what differs, waits, reads again, until nothing differs.
    pub(super) async fn converge(
        &self,
        mut live: LiveObject,
        goal: &Goal<'_>,
        since: Since,
    ) -> Flow<LiveObject> {
        let budget = self.budget(goal.step);
        let (mut rounds, mut tries, mut steps) = (0, 0, 0);
        let mut before: Option<Vec<FieldChange>> = None;
        let mut written = goal.is_new.then(Since::now);
        let mut watch: Option<Watch<'_>> = None;
        let mut tries_again = matches!(live.status, Status::Failed(_)) && !goal.is_new;
        loop {
            let left = self.differences(&live, goal);
            if left.is_empty() && !tries_again {
                return Ok(live);
            }
            let fixed: Vec<&FieldChange> = left.iter().filter(|c| c.forces_replacement).collect();
            // A step that took something away leaves the rest to the next one.
            let is_step = self.handler.rules().stepwise && steps < STEPS;
            if is_step && before.as_ref().is_some_and(|before| *before != left) {
                rounds = 0;
            }
            // A list may still show what was before the last write.
            let may_lag = !fixed.is_empty() || rounds > 0;
            if may_lag && written.is_some_and(|at| at.elapsed() < LAG) {
                self.waiting("AWS's lists to show what was written");
                let watch = watch
                    .get_or_insert_with(|| self.run.poller.watch(self.ty(), &live.id, SETTLING));
                live = self.ready(watch, goal.step, since).await?;
                continue;
            }
            let again = |change: &FieldChange| before.as_ref().is_some_and(|b| b.contains(change));
            let fell_back = self.handler.rules().falls_back && left.iter().any(again);
            if !fixed.is_empty() || rounds >= ROUNDS || fell_back {
                let mut failed = self.not_converged(&left, !fixed.is_empty(), goal.is_new);
                if fell_back {
                    failed.code = "fell_back";
                    failed.message = format!("{} fell back to what it was", self.change.address);
                }
                return Err(self.with_reasons(failed, &live).await.into());
            }
            match self.write(&live, goal, &left).await {
                Ok(()) => {
                    tries_again = false;
                    rounds += 1;
                    steps += 1;
                    tries = 0;
                    before = Some(left);
                }
                Err(Write::End(end)) => return Err(end),
                Err(Write::Aws(error)) => {
                    tries += 1;
                    let elapsed = since.elapsed();
                    // It is an updating call that failed, also of a new object.
                    let step = Step::Update;
                    let failure = Failure { tries, error: &error, step, elapsed, budget };
                    let decision = match retry::decide(&failure, self.handler.rules()) {
                        Decision::GiveUp
                            if goal.is_new && error.is_not_found() && elapsed < APPEARS =>
                        {
                            let reason = "AWS to know the new object everywhere".to_owned();
                            Decision::Retry { after: retry::pause(tries), reason }
                        }
                        decision => decision,
                    };
                    match decision {
                        Decision::Retry { after, reason } => self.pause(&reason, after).await?,
                        Decision::GiveUp => return Err(self.failed("updating", &error).into()),
                    }
                }
            }
            written = Some(Since::now());
            if matches!(live.status, Status::Failed(_)) {
                self.tried_again();
            }
            let fresh = watch.insert(self.run.poller.watch(self.ty(), &live.id, SETTLING));
            live = self.ready(fresh, goal.step, since).await?;
        }
    }

    /// Writes tags first, because they say whose the object is, then the fields.
    async fn write(
        &self,
        live: &LiveObject,
        goal: &Goal<'_>,
        left: &[FieldChange],
    ) -> Result<(), Write> {
        let mut set = Tags::new();
        let mut remove = Vec::new();
        for change in left {
            let Some(key) = change.path.strip_prefix("tags.") else { continue };
            match &change.after {
                After::Known(Json::String(value)) => {
                    set.insert(key.to_owned(), value.clone());
                }
                _ => remove.push(key.to_owned()),
            }
        }
        let cx = self.run.cx;
        if !set.is_empty() || !remove.is_empty() {
            self.call(self.handler.tag(cx, live, &set, &remove)).await??;
        }
        let changed = diff::changed(left);
        let failed = matches!(live.status, Status::Failed(_));
        if !changed.0.is_empty() || (failed && !goal.is_new) {
            self.call(self.handler.update(cx, live, &goal.wanted.spec, &changed)).await??;
        }
        Ok(())
    }

    /// Waits until a listing shows the object ready.
    pub(super) async fn ready(
        &self,
        watch: &mut Watch<'_>,
        step: Step,
        since: Since,
    ) -> Flow<LiveObject> {
        let budget = self.budget(step);
        let address = &self.change.address;
        let (mut absent, mut errors, mut seen) = (None::<Since>, 0_u32, false);
        let mut last = None;
        loop {
            let reason = match watch.next(&self.run.options.stop).await? {
                Err(error) => {
                    errors += 1;
                    if errors >= READ_ERRORS || error.class == ErrorClass::AccessDenied {
                        return Err(self.failed("reading", &error).into());
                    }
                    format!("AWS to answer ({error})")
                }
                Ok(None) => {
                    errors = 0;
                    let missing = absent.get_or_insert_with(Since::now).elapsed();
                    let is_new = step == Step::Create && !seen;
                    if missing >= if is_new { APPEARS } else { VANISHES } {
                        let message = format!("{address} is not in AWS's lists");
                        return Err(Diagnostic::error("vanished", message)
                            .note(format!("for {} by now", seconds(missing)))
                            .hint("run the command again: what is there is found by its tags")
                            .into());
                    }
                    "it to appear in AWS's lists".to_owned()
                }
                Ok(Some(live)) => {
                    (absent, errors, seen) = (None, 0, true);
                    match &live.status {
                        Status::Ready => return Ok(live),
                        Status::Pending(state) => {
                            let reason = format!("it to be ready, it is {state}");
                            last = Some(live);
                            reason
                        }
                        Status::Failed(_) if self.may_lag() => {
                            "AWS's lists to show what was written".to_owned()
                        }
                        Status::Failed(why) => {
                            let message = format!("{address} ({}) failed", live.id);
                            let failed = Diagnostic::error("failed", message).note(why);
                            return Err(self.with_reasons(failed, &live).await.into());
                        }
                        Status::Deleting(state) => {
                            let message = format!("{address} ({}) is being deleted", live.id);
                            return Err(Diagnostic::error("deleted_meanwhile", message)
                                .note(format!("AWS says {state}"))
                                .into());
                        }
                    }
                }
            };
            if since.elapsed() >= budget {
                let failed = self.timed_out(&reason, since.elapsed());
                return Err(match &last {
                    Some(live) => self.with_reasons(failed, live).await.into(),
                    None => failed.into(),
                });
            }
            self.waiting(&reason);
        }
    }

    /// Adds what the type says of why its object came to this.
    async fn with_reasons(&self, failed: Diagnostic, live: &LiveObject) -> Diagnostic {
        let reasons = self.handler.reasons(self.run.cx, live).await;
        reasons.into_iter().fold(failed, Diagnostic::note)
    }

    pub(super) fn timed_out(&self, reason: &str, elapsed: Duration) -> Diagnostic {
        let message = format!("{} took longer than {}", self.change.address, seconds(elapsed));
        Diagnostic::error("timeout", message)
            .note(format!("still waiting for {reason}"))
            .hint("run the command again to go on waiting, or give it a longer `timeouts` entry")
    }

    fn not_converged(&self, left: &[FieldChange], fixed: bool, is_new: bool) -> Diagnostic {
        let address = &self.change.address;
        let message = match (fixed, is_new) {
            (true, true) => format!("{address} was not made as asked, and cannot be changed so"),
            (true, false) => format!("{address} cannot be changed in place"),
            (false, _) => format!("{address} did not converge"),
        };
        let mut diagnostic = Diagnostic::error("did_not_converge", message);
        for change in left.iter().filter(|c| c.forces_replacement || !fixed) {
            let field = diff::top(&change.path);
            let hidden = |c: &&FieldChange| c.sensitive && diff::top(&c.path) == field;
            let line = match &change.after {
                _ if change.sensitive || self.change.fields.iter().any(|c| hidden(&c)) => {
                    "differs (sensitive)".to_owned()
                }
                After::Known(value) => format!("wanted {value}, is {}", change.before),
                After::Unknown(_) => format!("is {}", change.before),
            };
            diagnostic = diagnostic.note(format!("{}: {line}", change.path));
        }
        diagnostic
    }
}

/// Why a write did not succeed.
enum Write {
    Aws(crate::aws::Error),
    End(End),
}

impl From<crate::aws::Error> for Write {
    fn from(error: crate::aws::Error) -> Self {
        Self::Aws(error)
    }
}

impl From<End> for Write {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

/// A duration as people say it: `40 s`, `12 min`.
pub(super) fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        s if s < 120 => format!("{s} s"),
        s => format!("{} min", s / 60),
    }
}
