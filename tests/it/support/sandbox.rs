//! The embedded AWS on a port, for clients of other processes.

use infra::sandbox::{Sandbox, serve_sandbox};
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A sandbox served from a thread of this process; it ends with this value.
#[derive(Debug)]
pub(crate) struct Served {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves a sandbox on a free port and waits until it answers.
    pub(crate) fn start(sandbox: Sandbox) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, address) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let shutdown = async { stopped.await.unwrap_or(()) };
            let told = move |address| ready.send(address).expect("the starter waits");
            runtime
                .expect("a runtime can be made")
                .block_on(serve_sandbox(0, sandbox, shutdown, told))
                .expect("a free port can be used");
        });
        let address = address.recv().expect("the sandbox is served");
        Self { url: format!("http://{address}"), stop: Some(stop), thread: Some(thread) }
    }

    /// Returns the URL to give to clients as their endpoint.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
