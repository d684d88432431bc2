//! Creation: exactly one object, whatever is lost on the way.

use super::settle::Goal;
use super::step::{Flow, Running};
use crate::aws::ErrorClass;
use crate::aws::ownership::is_deposed;
use crate::engine::fingerprint::hex;
use crate::engine::plan::Action;
use crate::engine::resource::{Creation, IdentityBy, LiveObject, ReplaceOrder, Status, Step};
use crate::engine::retry::{self, Decision, Failure};
use crate::engine::wait::{LAG, SETTLING, Since};
use crate::engine::wanted::{Fields, WantedObject};
use crate::stack::{Diagnostic, Kind};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// What a listing has of the resource about to be made.
enum Found {
    /// Nothing.
    Nothing,
    /// One with its identity.
    Ours(LiveObject),
    /// One with its name and other tags.
    Others(LiveObject),
    /// One with its name or identity, on its way out.
    Leaving(String),
}

impl Running<'_> {
    /// Creates, waits until ready, then updates what the creating call could not take.
    pub(super) async fn create(&self) -> Flow<()> {
        let wanted = self.wanted(Fields::Main).await?;
        self.fits_plan(&wanted)?;
        let name = self.handler.natural_name(&wanted.spec);
        let name = name.or_else(|| self.handler.looked_for(&wanted.spec));
        if self.run.plan_is_old() {
            self.nothing_appeared(name.as_deref()).await?;
        }
        let since = Since::now();
        let id = self.make(&wanted, name.as_deref(), since).await?;
        let mut watch = self.run.poller.watch(self.ty(), &id, SETTLING);
        let mut live = self.ready(&mut watch, Step::Create, since).await?;
        drop(watch);
        // A service may answer with the id of an operation; what that made knows its own.
        if let Some(own) = live.out.get("id").and_then(Json::as_str).filter(|own| !own.is_empty()) {
            own.clone_into(&mut live.id);
        }
        let goal = Goal { wanted: &wanted, step: Step::Create, is_new: true };
        let live = self.converge(live, &goal, since).await?;
        self.now_is(&live, true);
        Ok(())
    }

    /// Makes the object and returns its id. Before it tries again after a lost answer it looks
    /// whether the first try took effect.
    async fn make(&self, wanted: &WantedObject, name: Option<&str>, since: Since) -> Flow<String> {
        let token = self.token();
        let budget = self.budget(Step::Create);
        let mut tries = 0;
        loop {
            let with = Creation { tags: &wanted.tags, token: &token };
            let call = self.handler.create(self.run.cx, &wanted.spec, with);
            let error = match self.call(call).await? {
                Ok(id) => return Ok(id),
                Err(error) => error,
            };
            tries += 1;
            let mut leaving = None;
            if matches!(error.class, ErrorClass::Ambiguous | ErrorClass::AlreadyExists) {
                match self.look_for(name, &error).await? {
                    Found::Ours(live) => return Ok(live.id),
                    Found::Others(live) if error.class == ErrorClass::AlreadyExists => {
                        return Err(self.not_ours(&live).into());
                    }
                    Found::Leaving(state) => leaving = Some(state),
                    Found::Others(_) | Found::Nothing => {}
                }
            }
            let elapsed = since.elapsed();
            let failure = Failure { tries, error: &error, step: Step::Create, elapsed, budget };
            let decision = match (retry::decide(&failure, self.handler.rules()), leaving) {
                (Decision::GiveUp, Some(state)) if elapsed < budget => Decision::Retry {
                    after: retry::pause(tries),
                    reason: format!("the one before it to go, it is {state}"),
                },
                (decision, _) => decision,
            };
            match decision {
                Decision::Retry { after, reason } => self.pause(&reason, after).await?,
                Decision::GiveUp => return Err(self.failed("creating", &error).into()),
            }
        }
    }

    /// Looks for what a call may have made, for as long as AWS's lists may lag.
    async fn look_for(&self, name: Option<&str>, error: &crate::aws::Error) -> Flow<Found> {
        let began = Since::now();
        let mut looks = 0;
        loop {
            looks += 1;
            let late = began.elapsed() >= LAG;
            match self.run.poller.owned(self.ty(), self.workspace, name).await {
                Ok(all) => match self.among(&all, name) {
                    Found::Nothing if !late => {}
                    found => return Ok(found),
                },
                // Without knowing, a second creation could double it.
                Err(read) if late => return Err(self.failed("looking for", &read).into()),
                Err(_) => {}
            }
            let reason = format!("AWS's lists to show whether {} took effect", error.operation);
            self.pause(&reason, retry::pause(looks)).await?;
        }
    }

    /// Finds the resource among listed objects by its five tags, or by its name.
    fn among(&self, all: &[LiveObject], name: Option<&str>) -> Found {
        let scope = &self.run.cx.scope;
        let is_old = |live: &LiveObject| {
            // An id that is the name says nothing once the old object is gone.
            let by_id = self.handler.rules().identity == IdentityBy::Tags
                || self.change.replace_order == Some(ReplaceOrder::CreateFirst);
            self.change.action == Action::Replace
                && by_id
                && self.change.id.as_ref() == Some(&live.id)
        };
        let mut others = Found::Nothing;
        for live in all.iter().filter(|live| !is_old(live)) {
            let owner = scope.owner(&live.tags);
            let ours = owner
                .is_some_and(|o| o.workspace == self.workspace && o.address == self.change.address);
            let named = name.is_some() && self.handler.natural_name(&live.spec).as_deref() == name;
            let ours = ours || named && self.handler.rules().unowned;
            match &live.status {
                Status::Deleting(state) if ours || named => others = Found::Leaving(state.clone()),
                Status::Deleting(_) => {}
                _ if is_deposed(&live.tags) && named => {
                    others = Found::Leaving("replaced and to be deleted".to_owned());
                }
                // One that an earlier run replaced lives beside its successor.
                _ if is_deposed(&live.tags) => {}
                _ if ours => return Found::Ours(live.clone()),
                _ if named => others = Found::Others(live.clone()),
                _ => {}
            }
        }
        others
    }

    /// With an old plan: checks that nothing of this identity appeared since.
    async fn nothing_appeared(&self, name: Option<&str>) -> Flow<()> {
        let began = Since::now();
        let mut looks = 0;
        loop {
            looks += 1;
            let all = match self.run.poller.owned(self.ty(), self.workspace, name).await {
                Ok(all) => all,
                Err(error) if began.elapsed() >= LAG => {
                    return Err(self.failed("reading", &error).into());
                }
                Err(_) => Vec::new(),
            };
            let live = match self.among(&all, name) {
                Found::Ours(live) | Found::Others(live) => live,
                Found::Nothing | Found::Leaving(_) => return Ok(()),
            };
            if began.elapsed() >= LAG {
                let message = format!("{} exists by now", self.change.address);
                return Err(Diagnostic::error("stale", message)
                    .kind(Kind::Stale)
                    .note(format!("{} was not there when the plan was made", live.id))
                    .hint("plan again and look at the difference")
                    .into());
            }
            self.pause("AWS's lists to agree with the plan", retry::pause(looks)).await?;
        }
    }

    fn not_ours(&self, live: &LiveObject) -> Diagnostic {
        let address = &self.change.address;
        Diagnostic::error("exists_not_ours", format!("`{address}` exists, not ours"))
            .kind(Kind::Blocked)
            .note(format!("{} does not carry the ownership tags of {address}", live.id))
            .hint(format!("infra import '{address}' {}", live.id))
    }

    /// The same for every try of this creation in this run, and different in every other.
    fn token(&self) -> String {
        let mut hash = Sha256::new();
        let scope = &self.run.cx.scope;
        let address = self.change.address.to_tag();
        for part in [
            self.run.options.run_id.as_str(),
            &scope.project,
            &scope.environment,
            &scope.region,
            self.workspace,
            &address,
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hex(&hash.finalize()[..16])
    }
}
