//! The run as a process: its runtime, its signals, its name.

use crate::stack::{Diagnostic, Diagnostics};
use std::future::Future;
use tokio_util::sync::CancellationToken;

/// Runs a future to its end on a runtime of its own.
pub(in crate::cli) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Diagnostics> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Diagnostic::error("runtime", format!("cannot start the asynchronous runtime: {error}"))
    })?;
    Ok(runtime.block_on(future))
}

/// Ends the run cleanly at the first SIGINT or SIGTERM, at once at the second.
pub(super) async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    for _ in 0..2 {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.is_cancelled() {
            #[allow(clippy::exit, reason = "the second signal asks for exactly this")]
            std::process::exit(130);
        }
        stop.cancel();
    }
}

/// A text that is different for each run.
pub(super) fn run_id() -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    format!("{now:x}-{:x}", std::process::id())
}
