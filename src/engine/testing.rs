//! An AWS in memory: types with references, late fields, names, slow states, lagging lists,
//! refusals and faults, for tests of the engine on a paused clock.

mod account;
mod handler;
mod kind;

use super::resource::{Handler, LiveObject, Registry};
use crate::aws::{Cx, Error, ErrorClass, Result, Scope, Tags};
use crate::stack::TypeEntry;
use account::Account;
use handler::Fake;
use kind::KINDS;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What happens to a writing call.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It is refused.
    Refuse(Error),
    /// Its answer is lost; it may have taken effect.
    Lose { effect: bool },
    /// The process is killed while it is under way.
    Kill { effect: bool },
}

/// The account, shared by the handlers of all types.
#[derive(Default)]
pub(super) struct Cloud {
    account: Mutex<Account>,
    killed: Notify,
}

/// An error that AWS answers with.
pub(super) fn aws_error(code: &str, message: &str) -> Error {
    Error { code: Some(code.into()), ..Error::local("Call", message) }
}

impl Cloud {
    /// Makes an empty account and handlers of all types.
    pub(super) fn new() -> (Arc<Self>, Registry) {
        let cloud = Arc::new(Self::default());
        let handlers = KINDS.into_iter().map(|kind| -> Box<dyn Handler> {
            let mut out = (kind.out)();
            out["id"] = json!({"type": "string"});
            let entry = TypeEntry {
                name: kind.name,
                aws_name: kind.name,
                spec: json!({"type": "object", "properties": (kind.properties)()}),
                out: json!({"type": "object", "properties": out}),
            };
            Box::new(Fake { kind, entry, cloud: Arc::clone(&cloud) })
        });
        (Arc::clone(&cloud), Registry::new(handlers.collect(), Vec::new()))
    }

    /// Reads or changes the account behind the engine's back.
    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("no test panics while it holds it")
    }

    /// Waits until the process is killed.
    pub(super) async fn killed(&self) {
        self.killed.notified().await;
    }

    /// All objects as they are now, by id; those on their way out too.
    pub(super) fn objects(&self) -> BTreeMap<String, LiveObject> {
        let now = Instant::now();
        let account = self.account();
        account.objects.iter().filter_map(|o| Some((o.id.clone(), o.seen_at(now)?))).collect()
    }

    /// Changes an object behind the engine's back.
    pub(super) fn meddle(&self, id: &str, change: impl FnOnce(&mut Json, &mut Tags)) {
        self.account().write("Meddle", id, change).expect("it is there");
    }

    /// Makes an object behind the engine's back.
    pub(super) fn make(&self, ty: &str, spec: &Json, tags: &Tags) -> String {
        self.account().create(Account::kind(ty), spec, tags).expect("it can be made")
    }

    /// Takes an object away behind the engine's back.
    pub(super) fn take_away(&self, id: &str) {
        let now = Instant::now();
        let mut account = self.account();
        let object = account.find("TakeAway", id).expect("it is there");
        (object.deleted, object.gone) = (Some(now), Some(now));
    }

    /// Ids of a type's writing calls of one operation.
    pub(super) fn calls(&self, operation: &str) -> Vec<String> {
        let account = self.account();
        let of = account.writes.iter().filter(|(op, ..)| *op == operation);
        of.map(|(_, _, id)| id.clone()).collect()
    }

    /// One writing call, with its fault, if one is due.
    async fn write<T>(
        &self,
        call: (&'static str, &'static str, &str),
        effect: impl FnOnce(&mut Account) -> Result<T>,
    ) -> Result<T> {
        let fault = {
            let mut account = self.account();
            let number = account.writes.len();
            account.writes.push((call.0, call.1, call.2.to_owned()));
            account.under_way += 1;
            account.widest = account.widest.max(account.under_way);
            account.faults.remove(&number)
        };
        // Calls take time, so that others can run beside them.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.account().under_way -= 1;
        let lost = || {
            let class = ErrorClass::Ambiguous;
            Error { class, ..Error::local(call.0, "connection reset") }
        };
        match fault {
            None => effect(&mut self.account()),
            Some(Fault::Refuse(error)) => Err(error),
            Some(Fault::Lose { effect: true }) => {
                let _ = effect(&mut self.account());
                Err(lost())
            }
            Some(Fault::Lose { effect: false }) => Err(lost()),
            Some(Fault::Kill { effect: happens }) => {
                if happens {
                    let _ = effect(&mut self.account());
                }
                self.killed.notify_one();
                std::future::pending().await
            }
        }
    }
}

/// Makes access to no account for this scope.
pub(super) fn cx() -> Cx {
    let scope =
        Scope { project: "p".into(), environment: "dev".into(), region: "eu-west-1".into() };
    Cx::detached(scope, "123456789012", "aws")
}
