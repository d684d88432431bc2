//! The embedded AWS: a small strict one, in process, whose answers and refusals are AWS's.
//!
//! Requests come in as HTTP (from our own clients through [`Sandbox::http_client`], from others
//! through [`serve`]); `protocol` turns them into an operation and its members by the tables of
//! the official API shapes; a service in `services` answers or refuses.

mod clock;
mod connector;
mod core;
mod faults;
mod ids;
mod protocol;
mod rules;
mod server;
mod services;
mod state;
mod storage;
mod throttle;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use thiserror::Error;

pub use clock::{Clock, Time};
pub use core::CallRecord;
use core::Core;
pub use faults::{Calls, Effect, Fault};
pub use rules::{Refusal, Rule, all as rules};
pub use server::{ServeError, serve, serve_sandbox};
pub(crate) use services::partition;
pub use storage::OpenError;
use storage::{Hold, Storage};

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many times as fast as the machine's its clock runs.
    pub clock_rate: f64,
    /// Whether states take as long as AWS's.
    pub slow: Slow,
    /// How far reads lag behind writes, in sandbox time.
    pub read_lag: Duration,
    /// Whether calls are throttled by AWS's token buckets.
    pub throttle: bool,
    /// How long each call takes, in sandbox time.
    pub latency: Duration,
    /// The 12 digits of a new sandbox's account; a stored one keeps its own.
    pub account_id: String,
    /// The region of calls that name none.
    pub region: String,
    /// Where the state is kept.
    pub dir: PathBuf,
    /// Images that containers can pull though no repository of the sandbox holds them, as
    /// `repository:tag` with `*` for any letters: what builds push elsewhere.
    pub images: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock_rate: 1.0,
            slow: Slow::None,
            read_lag: Duration::ZERO,
            throttle: false,
            latency: Duration::ZERO,
            account_id: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            dir: PathBuf::from(".infra/sandbox"),
            images: Vec::new(),
        }
    }
}

/// Whether states take time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slow {
    /// Everything is ready at once.
    #[default]
    None,
    /// As long as AWS takes, in sandbox time.
    Aws,
}

/// The connection broke without an answer: a fault asked for it.
#[derive(Clone, Copy, Debug, Error)]
#[error("connection closed before an answer was received")]
pub struct Dropped;

/// A handle on one embedded AWS; clones share it.
#[derive(Clone, Debug)]
pub struct Sandbox {
    core: Arc<Mutex<Core>>,
    latency: Duration,
    clock_rate: f64,
}

impl Sandbox {
    /// Makes an empty sandbox that is gone with its last handle.
    pub fn in_memory(options: Options) -> Self {
        Self::over(options, None)
    }

    /// Makes a sandbox that starts with what [`Self::state`] of another gave, and is gone with its
    /// last handle. Fails when it is no such state.
    pub fn with_state(
        options: Options,
        state: serde_json::Value,
    ) -> Result<Self, serde_json::Error> {
        let account: state::Account = serde_json::from_value(state)?;
        let core = Core::with_account(options, account);
        let (latency, clock_rate) = (core.options.latency, core.options.clock_rate);
        Ok(Self { core: Arc::new(Mutex::new(core)), latency, clock_rate })
    }

    /// Opens the sandbox kept in `options.dir`, which other embedded ones may use at the same time.
    /// Fails when a server holds the folder or the state in it cannot be read.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let opened = Storage::open(&options.dir, Hold::Shared)?;
        Ok(Self::over(options, Some(opened)))
    }

    /// Opens the sandbox kept in `options.dir` and keeps every other process out of it.
    pub fn open_alone(options: Options) -> Result<Self, OpenError> {
        let opened = Storage::open(&options.dir, Hold::Alone)?;
        Ok(Self::over(options, Some(opened)))
    }

    fn over(options: Options, opened: Option<(Storage, Option<state::Account>)>) -> Self {
        let (latency, clock_rate) = (options.latency, options.clock_rate);
        Self { core: Arc::new(Mutex::new(Core::new(options, opened))), latency, clock_rate }
    }

    /// Answers a request of AWS's wire protocols. Fails only where a fault breaks the connection.
    pub async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency.div_f64(self.clock_rate)).await;
        }
        self.lock().handle(&request)
    }

    /// Puts a fault in the way of calls to come.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.inject(fault);
    }

    /// Takes every fault away.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Returns the calls so far, oldest first; of very many the latest.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.lock().log.clone()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.lock().log.clear();
    }

    /// Moves the clock forward by a span of sandbox time.
    pub fn skip(&self, span: Duration) {
        self.lock().clock.skip(span);
    }

    /// Returns the sandbox's time.
    pub fn now(&self) -> Time {
        self.lock().clock.now()
    }

    /// Returns the whole state as JSON, for tests that compare what is left.
    pub fn state(&self) -> serde_json::Value {
        serde_json::to_value(self.lock().account()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Sandbox {
    /// Calls an operation in the default region, without the wire and its faults.
    pub(crate) fn call(
        &self,
        service: &str,
        operation: &str,
        input: serde_json::Value,
    ) -> services::Answer {
        let region = self.lock().options.region.clone();
        self.call_in(&region, service, operation, input)
    }

    /// Calls an operation in a region, without the wire and its faults.
    pub(crate) fn call_in(
        &self,
        region: &str,
        service: &str,
        operation: &str,
        input: serde_json::Value,
    ) -> services::Answer {
        let serde_json::Value::Object(input) = input else {
            panic!("the input of {operation} is an object")
        };
        let service = services::ALL
            .iter()
            .find(|known| known.name == service)
            .unwrap_or_else(|| panic!("the sandbox has no service {service}"));
        let caller = services::Caller { region, access_key: "" };
        self.lock().call(service, operation, caller, &input)
    }

    /// Changes the state behind the services' backs.
    pub(crate) fn change(&self, change: impl FnOnce(&mut state::Account)) {
        self.lock().change(change);
    }

    /// Calls an operation in the default region with an access key.
    pub(crate) fn call_as(
        &self,
        access_key: &str,
        service: &str,
        operation: &str,
        input: serde_json::Value,
    ) -> services::Answer {
        let input = input.as_object().cloned().unwrap_or_default();
        let service = services::ALL.iter().find(|known| known.name == service);
        let service = service.unwrap_or_else(|| panic!("the sandbox has no such service"));
        let mut core = self.lock();
        let region = core.options.region.clone();
        core.call(service, operation, services::Caller { region: &region, access_key }, &input)
    }
}

#[cfg(test)]
mod tests;
