//! The line between our clients and the embedded AWS, which can end a run at a chosen call.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use infra::sandbox::Sandbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
}

impl Default for State {
    fn default() -> Self {
        Self { seen: AtomicU64::new(0), last: AtomicU64::new(u64::MAX), cut: Notify::new() }
    }
}

impl Wire {
    /// Makes the client that goes over this line.
    pub(super) fn client(&self, sandbox: &Sandbox) -> SharedHttpClient {
        SharedHttpClient::new(Client { inner: sandbox.http_client(), wire: self.clone() })
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
    wire: Wire,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, wire: self.wire.clone() })
    }
}

#[derive(Clone, Debug)]
struct Connector {
    inner: SharedHttpConnector,
    wire: Wire,
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
            let answer = this.inner.call(request).await;
            if number == last {
                state.cut.notify_one();
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}
