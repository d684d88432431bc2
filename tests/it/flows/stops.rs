//! A run that ends early, at every moment there is: the next one finishes it, and doubles nothing.

use super::bench::{Bench, EVERY_TYPE, told};
use super::ledger::Ledger;
use infra::engine::plan::Mode;
use infra::sandbox::{Calls, Effect, Fault};
use std::time::Duration;

/// The account after an undisturbed apply.
async fn whole() -> Bench {
    let bench = Bench::new(EVERY_TYPE);
    bench.run(Mode::Apply).await.must_be_complete();
    bench.sandbox.clear_calls();
    bench
}

/// Where a flow begins.
fn before(mode: Mode, whole: &Bench) -> Bench {
    match mode {
        Mode::Apply => Bench::new(EVERY_TYPE),
        Mode::Destroy => whole.copy(),
    }
}

/// Runs again, and compares with an undisturbed run.
async fn heals(bench: &Bench, mode: Mode, whole: &Bench, at: &str) {
    let again = bench.run(mode).await;
    assert!(again.outcome.is_complete(), "{at}: {}", told(&again.outcome));
    is_through(bench, mode, whole, at).await;
}

async fn is_through(bench: &Bench, mode: Mode, whole: &Bench, at: &str) {
    match mode {
        Mode::Apply => {
            assert_eq!(bench.ledger(), whole.ledger(), "{at}");
            let plan = bench.plan().await;
            assert!(!plan.has_changes(), "{at}: {:#?}", super::bench::actions(&plan));
        }
        Mode::Destroy => assert_eq!(bench.ledger(), Ledger::default(), "{at}"),
    }
}

/// Calls of an undisturbed run from its plan on: all, and those that may change something.
async fn calls(mode: Mode, whole: &Bench) -> (u64, u64) {
    let bench = before(mode, whole);
    bench.run(mode).await.must_be_complete();
    let calls = bench.sandbox.calls();
    (calls.len() as u64, calls.iter().filter(|c| c.mutating).count() as u64)
}

/// Some numbers from 1 to `last`, the first and the last among them.
fn spread(last: u64, number: u64) -> impl Iterator<Item = u64> {
    (0..number).map(move |i| 1 + i * (last - 1) / (number - 1))
}

/// Whatever call a run is killed at, it leaves the account as an undisturbed run had it at one of
/// its moments: each of them is healed.
async fn killed_at_any_call(mode: Mode) {
    let whole = whole().await;
    let (ran, moments) = before(mode, &whole).recorded(mode).await;
    ran.must_be_complete();
    assert!(moments.len() > 15, "{} moments", moments.len());
    println!("{mode:?}: {} moments to be killed at", moments.len());
    for moment in &moments {
        heals(&whole.at(moment), mode, &whole, &format!("killed after {}", moment.after)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_killed_at_any_call_is_finished_by_the_next() {
    killed_at_any_call(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_killed_at_any_call_is_finished_by_the_next() {
    killed_at_any_call(Mode::Destroy).await;
}

/// The same with runs that are dropped in the middle of a call, spread over all calls.
async fn dropped_at_some_calls(mode: Mode) {
    let whole = whole().await;
    let bench = before(mode, &whole);
    let cx = bench.cx().await;
    bench.planned(&cx, mode).await.expect("a plan");
    let reading = bench.sandbox.calls().len() as u64;
    let (all, _) = calls(mode, &whole).await;
    for call in spread(all - reading, 4) {
        let bench = before(mode, &whole);
        assert!(bench.killed(mode, call).await, "there is no call {call}");
        heals(&bench, mode, &whole, &format!("dropped at call {call}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_dropped_in_the_middle_of_a_call_is_finished_by_the_next() {
    dropped_at_some_calls(Mode::Apply).await;
    dropped_at_some_calls(Mode::Destroy).await;
}

/// AWS itself goes away: the run ends by itself and says so, and a later one finishes.
async fn aws_gone_from_some_call_on(mode: Mode) {
    let whole = whole().await;
    let (_, mutating) = calls(mode, &whole).await;
    for call in spread(mutating, 6) {
        let bench = before(mode, &whole);
        bench.sandbox.inject(Fault::new(Calls::mutating(), call, Effect::StopAfterEffect));
        let began = tokio::time::Instant::now();
        let ran = bench.run(mode).await;
        let at = format!("nothing answers from mutating call {call} on");
        assert!(!ran.outcome.failed.is_empty(), "{at}: {}", told(&ran.outcome));
        assert_eq!(ran.outcome.exit_code(), 3, "{at}: {}", told(&ran.outcome));
        assert!(began.elapsed() < Duration::from_secs(60 * 60), "{at}: {:?}", began.elapsed());
        bench.sandbox.clear_faults();
        heals(&bench, mode, &whole, &at).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_ends_by_itself_when_aws_is_gone() {
    aws_gone_from_some_call_on(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_ends_by_itself_when_aws_is_gone() {
    aws_gone_from_some_call_on(Mode::Destroy).await;
}

/// Asked to stop: nothing new begins, what is left is named, the next run goes on. Where the
/// account then is like after an earlier stop, that has been healed already.
async fn stopped_at_some_events(mode: Mode) {
    let whole = whole().await;
    let all = before(mode, &whole).run(mode).await;
    let (events, steps) = (all.events.len() as u64, all.plan.nodes.len());
    let mut healed = Vec::new();
    for event in spread(events - 1, 16) {
        let bench = before(mode, &whole);
        let ran = bench.run_until(mode, event).await;
        let (at, outcome) = (format!("asked to stop at event {event}"), &ran.outcome);
        assert_eq!(outcome.failed, [], "{at}");
        assert_eq!(outcome.done.len() + outcome.left.len(), steps, "{at}: {outcome:#?}");
        assert_eq!(outcome.exit_code(), if outcome.left.is_empty() { 0 } else { 130 }, "{at}");
        assert_eq!(outcome.stopped, !outcome.left.is_empty(), "{at}");
        let ledger = bench.ledger();
        if !healed.contains(&ledger) {
            healed.push(ledger);
            heals(&bench, mode, &whole, &at).await;
        }
    }
    assert!(healed.len() > 5, "stops left only {} kinds of account", healed.len());
}

#[tokio::test(start_paused = true)]
async fn an_apply_stops_cleanly_at_any_event() {
    stopped_at_some_events(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_stops_cleanly_at_any_event() {
    stopped_at_some_events(Mode::Destroy).await;
}
