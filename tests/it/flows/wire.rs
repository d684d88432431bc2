//! The line between our clients and the embedded AWS: it can end a run at a chosen call, and keep
//! what the account was like after each.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use infra::sandbox::Sandbox;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Counts calls. The one told to be the last takes effect, its answer never comes, and no later
/// one is sent: what a killed process leaves behind, once its future is dropped.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<State>);

#[derive(Debug)]
struct State {
    seen: AtomicU64,
    last: AtomicU64,
    cut: Notify,
    records: AtomicBool,
    moments: Mutex<Vec<Moment>>,
}

/// The account as one call left it.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// The call, by number and operation.
    pub(super) after: String,
    pub(super) state: Value,
}

impl Default for State {
    fn default() -> Self {
        Self {
            seen: AtomicU64::new(0),
            last: AtomicU64::new(u64::MAX),
            cut: Notify::new(),
            records: AtomicBool::new(false),
            moments: Mutex::default(),
        }
    }
}

impl Wire {
    /// Makes the client that goes over this line.
    pub(super) fn client(&self, sandbox: &Sandbox) -> SharedHttpClient {
        let (inner, sandbox) = (sandbox.http_client(), sandbox.clone());
        SharedHttpClient::new(Client { inner, sandbox, wire: self.clone() })
    }

    /// Keeps, from now on, what the account is like after each call that changes it.
    pub(super) fn record(&self) {
        self.0.seen.store(0, Ordering::SeqCst);
        self.0.records.store(true, Ordering::SeqCst);
    }

    /// What was kept, oldest first; calls that changed nothing are left out.
    pub(super) fn moments(&self) -> Vec<Moment> {
        self.0.moments.lock().expect("nobody panicked").clone()
    }

    /// Makes the `k`th call from now on the last, the first being 1.
    pub(super) fn cut_after(&self, k: u64) {
        self.0.seen.store(0, Ordering::SeqCst);
        self.0.last.store(k, Ordering::SeqCst);
    }

    /// Waits until the last call was made.
    pub(super) async fn cut(&self) {
        self.0.cut.notified().await;
    }
}

#[derive(Debug)]
struct Client {
    inner: SharedHttpClient,
    sandbox: Sandbox,
    wire: Wire,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let (sandbox, wire) = (self.sandbox.clone(), self.wire.clone());
        SharedHttpConnector::new(Connector { inner, sandbox, wire })
    }
}

#[derive(Clone, Debug)]
struct Connector {
    inner: SharedHttpConnector,
    sandbox: Sandbox,
    wire: Wire,
}

impl State {
    /// Keeps the account as it is after a call. No other call may have come between: only then is
    /// this what a run killed here leaves behind.
    fn keep(&self, sandbox: &Sandbox, number: u64, calls_before: usize) {
        let calls = sandbox.calls();
        assert_eq!(calls.len(), calls_before + 1, "another call came between");
        let Some(call) = calls.last().filter(|c| c.mutating && c.code.is_none()) else { return };
        let after = format!("call {number}, {}", call.operation);
        let moment = Moment { after, state: sandbox.state() };
        let mut moments = self.moments.lock().expect("nobody panicked");
        if moments.last().is_none_or(|last| last.timeless() != moment.timeless()) {
            moments.push(moment);
        }
    }
}

impl Moment {
    /// The account without the time of its last change.
    pub(super) fn timeless(&self) -> Value {
        let mut state = self.state.clone();
        state["time"] = Value::Null;
        state
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let state = &this.wire.0;
            let number = state.seen.fetch_add(1, Ordering::SeqCst) + 1;
            let last = state.last.load(Ordering::SeqCst);
            if number > last {
                std::future::pending::<()>().await;
            }
            let records = state.records.load(Ordering::SeqCst);
            let calls_before = if records { this.sandbox.calls().len() } else { 0 };
            let answer = this.inner.call(request).await;
            if records {
                state.keep(&this.sandbox, number, calls_before);
            }
            if number == last {
                state.cut.notify_one();
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}
