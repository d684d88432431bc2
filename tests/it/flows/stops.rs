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
async fn before(mode: Mode, whole: &Bench) -> Bench {
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
    let bench = before(mode, whole).await;
    bench.run(mode).await.must_be_complete();
    let calls = bench.sandbox.calls();
    (calls.len() as u64, calls.iter().filter(|c| c.mutating).count() as u64)
}

async fn killed_at_every_call(mode: Mode) {
    let whole = whole().await;
    let mut killed = 0;
    for call in 1.. {
        let bench = before(mode, &whole).await;
        if !bench.killed(mode, call).await {
            break;
        }
        killed += 1;
        heals(&bench, mode, &whole, &format!("killed after call {call}")).await;
    }
    println!("{mode:?}: killed after each of {killed} calls");
    assert!(killed > 20);
}

#[tokio::test(start_paused = true)]
async fn an_apply_killed_at_any_call_is_finished_by_the_next() {
    killed_at_every_call(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_killed_at_any_call_is_finished_by_the_next() {
    killed_at_every_call(Mode::Destroy).await;
}

/// The run itself copes: an answer that is lost is no reason to give up.
async fn every_answer_lost_once(mode: Mode) {
    let whole = whole().await;
    let (_, mutating) = calls(mode, &whole).await;
    for call in 1..=mutating {
        let bench = before(mode, &whole).await;
        bench.sandbox.inject(Fault::new(Calls::mutating(), call, Effect::DropAnswer));
        let ran = bench.run(mode).await;
        let at = format!("the answer of mutating call {call} lost");
        assert!(ran.outcome.is_complete(), "{at}: {}", told(&ran.outcome));
        assert!(bench.sandbox.calls().iter().any(|c| c.dropped), "{at}: it was not");
        is_through(&bench, mode, &whole, &at).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_outlives_the_loss_of_any_answer() {
    every_answer_lost_once(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_outlives_the_loss_of_any_answer() {
    every_answer_lost_once(Mode::Destroy).await;
}

async fn every_call_throttled_once(mode: Mode) {
    let whole = whole().await;
    let (all, _) = calls(mode, &whole).await;
    for call in 1..=all {
        let bench = before(mode, &whole).await;
        bench.sandbox.inject(Fault::refuse(Calls::all(), call, "ThrottlingException", 400));
        let ran = bench.run(mode).await;
        let at = format!("call {call} throttled");
        assert!(ran.outcome.is_complete(), "{at}: {}", told(&ran.outcome));
        is_through(&bench, mode, &whole, &at).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_outlives_throttling_of_any_call() {
    every_call_throttled_once(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_outlives_throttling_of_any_call() {
    every_call_throttled_once(Mode::Destroy).await;
}

/// AWS itself goes away: the run ends by itself and says so, and a later one finishes.
async fn aws_gone_from_any_call_on(mode: Mode) {
    let whole = whole().await;
    let (_, mutating) = calls(mode, &whole).await;
    for call in 1..=mutating {
        let bench = before(mode, &whole).await;
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
    aws_gone_from_any_call_on(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_ends_by_itself_when_aws_is_gone() {
    aws_gone_from_any_call_on(Mode::Destroy).await;
}

/// Asked to stop at any event: nothing new begins, what is left is named, the next run goes on.
async fn stopped_at_every_event(mode: Mode) {
    let whole = whole().await;
    let bench = before(mode, &whole).await;
    let all = bench.run(mode).await;
    let (events, steps) = (all.events.len() as u64, all.plan.nodes.len());
    for event in 1..events {
        let bench = before(mode, &whole).await;
        let ran = bench.run_until(mode, event).await;
        let (at, outcome) = (format!("asked to stop at event {event}"), &ran.outcome);
        assert_eq!(outcome.failed, [], "{at}");
        assert_eq!(outcome.done.len() + outcome.left.len(), steps, "{at}: {outcome:#?}");
        assert_eq!(outcome.exit_code(), if outcome.left.is_empty() { 0 } else { 130 }, "{at}");
        assert_eq!(outcome.stopped, !outcome.left.is_empty(), "{at}");
        heals(&bench, mode, &whole, &at).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_stops_cleanly_at_any_event() {
    stopped_at_every_event(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_stops_cleanly_at_any_event() {
    stopped_at_every_event(Mode::Destroy).await;
}
