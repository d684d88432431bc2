//! Looking again just before a write: is the object still what the plan saw?

use super::step::{Flow, Running};
use super::{Objects, OwnWrites};
use crate::engine::fingerprint::{field, fingerprint, mismatches, parts};
use crate::engine::plan::Action;
use crate::engine::resource::{LiveObject, Status};
use crate::engine::wait::{LAG, NOW, Since};
use crate::stack::{Diagnostic, Kind};

/// Failed reads in a row that a step puts up with.
pub(super) const READ_ERRORS: u32 = 4;

/// A live object at the moment of a write.
pub(super) enum Now {
    /// It is there, and as the plan saw it.
    There(LiveObject),
    /// AWS's lists have it no more; as it was last seen.
    Absent(Option<LiveObject>),
}

impl Running<'_> {
    /// The old object as it is now. Reads it again where the design asks for it, shared with all
    /// steps of the type at the same moment, and fails as stale when it is not what the plan saw.
    pub(super) async fn current(&self) -> Flow<Now> {
        let deletes = matches!(self.change.action, Action::Delete | Action::Replace);
        let check = deletes || self.run.plan_is_old();
        let known = self.objects(|objects| objects.clone());
        if !check
            && !known.touched
            && let Some(old) = known.old
        {
            return Ok(Now::There(old));
        }
        let id = known.old.as_ref().map(|o| &o.id).or(self.change.id.as_ref());
        let Some(id) = id else {
            return Err(self.stale(&["it has no id in the plan".to_owned()]).into());
        };
        let mut watch = self.run.poller.watch(self.ty(), id, NOW);
        let (began, mut absent, mut errors) = (Since::now(), 0_u32, 0_u32);
        loop {
            let wrong = match watch.next(&self.run.options.stop).await? {
                Err(error) => {
                    errors += 1;
                    if errors >= READ_ERRORS {
                        return Err(self.failed("reading", &error).into());
                    }
                    self.waiting(&format!("AWS to answer ({error})"));
                    continue;
                }
                Ok(None) if deletes => {
                    absent += 1;
                    if absent >= 2 {
                        return Ok(Now::Absent(known.old));
                    }
                    continue;
                }
                Ok(None) => vec!["it is gone".to_owned()],
                Ok(Some(live)) => {
                    let wrong = match &live.status {
                        Status::Deleting(_) if deletes => Vec::new(),
                        Status::Deleting(_) => vec!["it is being deleted".to_owned()],
                        _ if check => self.changed_since(&known, &live),
                        _ => Vec::new(),
                    };
                    if wrong.is_empty() {
                        self.objects(|objects| {
                            objects.old = Some(live.clone());
                            objects.verified |= check;
                            objects.touched = false;
                        });
                        return Ok(Now::There(live));
                    }
                    wrong
                }
            };
            errors = 0;
            if began.elapsed() >= LAG {
                return Err(self.stale(&wrong).into());
            }
            self.waiting("AWS's lists to show what the plan saw");
        }
    }

    /// Names what differs from what the plan saw, leaving out what this run itself wrote.
    fn changed_since(&self, known: &Objects, live: &LiveObject) -> Vec<String> {
        let planned = self.change.fingerprint.as_deref();
        let entry = self.handler.entry();
        let base = known.old.as_ref().filter(|_| known.verified || planned.is_none());
        match (base, planned) {
            (Some(base), planned) => {
                let compared = planned.map(parts).unwrap_or_default().into_iter();
                let compared = compared.filter(|part| match known.own_writes {
                    OwnWrites::Nothing => true,
                    OwnWrites::Late => !entry.is_late(field(part)),
                    OwnWrites::Anything => false,
                });
                mismatches(entry.spec(), &fingerprint(entry.spec(), base, compared), live)
            }
            (None, Some(planned)) => mismatches(entry.spec(), planned, live),
            (None, None) => Vec::new(),
        }
    }

    fn stale(&self, wrong: &[String]) -> Diagnostic {
        let message = format!("{} is no longer what the plan saw", self.change.address);
        let wrong: Vec<String> = wrong
            .iter()
            .map(|w| if w.starts_with("it ") { w.clone() } else { format!("{w} changed since") })
            .collect();
        Diagnostic::error("stale", message)
            .kind(Kind::Stale)
            .note(wrong.join(", "))
            .hint("plan again and look at the difference")
    }
}
