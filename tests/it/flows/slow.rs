//! Everything slow at once: states that take time, lists that lag, throttling, a slow network.

use super::bench::{Bench, EVERY_TYPE, Ran};
use super::ledger::Ledger;
use infra::engine::plan::Mode;
use infra::sandbox::{Options, Sandbox, Slow};
use std::time::Duration;

/// An account in which everything is.
pub(super) fn slow() -> Sandbox {
    Sandbox::in_memory(Options {
        slow: Slow::Aws,
        // States that take 3 s stay to be seen.
        read_lag: Duration::from_secs(1),
        throttle: true,
        latency: Duration::from_millis(80),
        ..Options::default()
    })
}

pub(super) fn waited_for(ran: &Ran, reason: &str) -> bool {
    ran.waits().iter().any(|w| w.contains(reason))
}

#[tokio::test(start_paused = true)]
async fn everything_slow_is_waited_for_with_a_reason() {
    let bench = Bench::over(slow(), EVERY_TYPE);
    let began = tokio::time::Instant::now();
    let ran = bench.run(Mode::Apply).await;
    ran.must_be_complete();
    let aws = began.elapsed();
    assert!(aws > Duration::from_secs(8), "nothing took time: {aws:?}");
    assert!(waited_for(&ran, "it to be ready, it is pending"), "{:#?}", ran.waits());
    assert!(waited_for(&ran, "it to appear in AWS's lists"), "{:#?}", ran.waits());
    assert!(waited_for(&ran, "IAM to know the principal"), "{:#?}", ran.waits());
    assert!(ran.waits().iter().all(|w| !w.ends_with(": ")), "{:#?}", ran.waits());

    tokio::time::sleep(Duration::from_secs(5)).await;
    bench.must_have_no_changes().await;

    let ran = bench.run(Mode::Destroy).await;
    ran.must_be_complete();
    assert_eq!(bench.ledger(), Ledger::default());
    assert!(waited_for(&ran, "it to leave AWS's lists"), "{:#?}", ran.waits());
    // Waits ask now and then, not all the time.
    let (calls, took) = (bench.sandbox.calls().len() as u64, began.elapsed());
    println!("{calls} calls in {took:?} of AWS's time");
    assert!(calls < 4 * took.as_secs(), "{calls} calls in {took:?}");
}
