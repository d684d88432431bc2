//! Order, width, waits, stops.

use super::rig::{Rig, stack};
use crate::engine::event::EventType;
use crate::engine::plan::{Action, Part};
use crate::engine::testing::{Fault, aws_error};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

fn whole() -> super::rig::Stack {
    stack(json!({
        "net.a": {"cidr": "10", "dns": true, "tag:team": "x"},
        "sub.a": {"net_id": "@net.a", "zone": "a"},
        "sub.b": {"net_id": "@net.a", "zone": "b", "public": true},
        "grp.a": {"net_id": "@net.a", "rules": ["@grp.b", "@grp.a"]},
        "grp.b": {"net_id": "@net.a", "rules": ["@grp.a"]},
        "tmpl.t": {"image": "1", "grp_id": "@grp.a"},
        "svc.s": {"name": "s", "sub_id": "@sub.a", "tmpl_id": "@tmpl.t", "count": 2},
    }))
}

#[tokio::test(start_paused = true)]
async fn a_stack_is_made_changed_replaced_and_deleted_without_one_refusal() {
    let rig = Rig::new();
    rig.make(&whole()).await;
    assert_eq!(rig.cloud.calls("create").len(), 7);
    assert_eq!(rig.object("net.a").spec["dns"], json!(true));

    let mut edited = whole();
    *edited.get_mut(&crate::stack::Address::new("tmpl", "t")).unwrap() =
        json!({"image": "2", "grp_id": "@grp.b"});
    rig.make(&edited).await;
    assert_eq!(rig.object("svc.s").spec["tmpl_id"], json!(rig.object("tmpl.t").id));

    let mut moved = edited.clone();
    moved.get_mut(&crate::stack::Address::new("net", "a")).unwrap()["cidr"] = json!("11");
    rig.make(&moved).await;
    assert_eq!(rig.cloud.calls("quiesce").len(), 1);

    rig.make(&stack(json!({}))).await;
    assert!(rig.cloud.objects().is_empty());
    assert!(rig.log.count(EventType::Failed) == 0);
    // Each deletion was asked for once: nothing was ever in use.
    let deletes = rig.cloud.calls("delete");
    let distinct: std::collections::BTreeSet<_> = deletes.iter().collect();
    assert_eq!(deletes.len(), distinct.len());
}

#[tokio::test(start_paused = true)]
async fn events_tell_the_halves_of_a_replacement_apart() {
    let rig = Rig::new();
    rig.make(&stack(json!({"sub.a": {"zone": "a"}}))).await;
    rig.log.0.lock().unwrap().clear();
    rig.make(&stack(json!({"sub.a": {"zone": "b"}}))).await;
    let all = rig.log.0.lock().unwrap();
    let told: Vec<_> = all.iter().map(|e| (e.kind, e.action)).collect();
    let (delete, create) = (Some(Action::Delete), Some(Action::Create));
    assert_eq!(
        told.iter().filter(|(kind, _)| *kind != EventType::Waiting).collect::<Vec<_>>(),
        [
            &(EventType::Planned, delete),
            &(EventType::Planned, create),
            &(EventType::Started, delete),
            &(EventType::Done, delete),
            &(EventType::Started, create),
            &(EventType::Done, create),
            &(EventType::Summary, None),
        ]
    );
    assert!(all.iter().all(|e| e.time.ends_with('Z')));
}

#[tokio::test(start_paused = true)]
async fn waiting_takes_no_width_and_writing_keeps_to_it() {
    let mut rig = Rig::new();
    rig.parallelism = 2;
    let mut resources = json!({"net.a": {"cidr": "10"}});
    for i in 0..20 {
        resources[format!("sub.s{i}")] = json!({"net_id": "@net.a", "zone": format!("{i}")});
    }
    let began = Instant::now();
    rig.make(&stack(resources)).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let account = rig.cloud.account();
    assert_eq!(account.widest, 2);
    // Forty seconds of waiting for twenty objects: polls by type, ever rarer.
    let polls: Vec<_> = account.lists.iter().filter(|(ty, ids)| *ty == "sub" && *ids > 0).collect();
    assert!(polls.len() < 30, "{} polls", polls.len());
    assert!(polls.iter().any(|(_, ids)| *ids == 20));
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_told_at_once_and_every_ten_seconds() {
    let rig = Rig::new();
    let wanted = stack(json!({"net.a": {"cidr": "1"}, "sub.a": {"net_id": "@net.a", "zone": "a"}}));
    rig.make(&wanted).await;
    let reasons = rig.log.reasons(EventType::Waiting, "sub.a");
    assert!(reasons.iter().all(|r| r == "it to be ready, it is pending"), "{reasons:?}");
    assert!((3..=5).contains(&reasons.len()), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_longer_than_its_budget_fails_and_says_what_it_waits_for() {
    let rig = Rig::new();
    let outcome = rig
        .apply(&stack(json!({
            "net.a": {"cidr": "10"},
            "sub.a": {"net_id": "@net.a", "zone": "a", "timeouts.create": "5s"},
            "svc.s": {"name": "s", "sub_id": "@sub.a", "count": 1},
            "net.b": {"cidr": "11"},
        })))
        .await;
    assert_eq!(outcome.exit_code(), 3);
    assert_eq!((outcome.done.len(), outcome.failed.len(), outcome.skipped.len()), (2, 1, 1));
    let why = &outcome.failed[0].diagnostics.0[0];
    assert_eq!(why.code, "timeout");
    assert!(why.notes[0].contains("it is pending"), "{why:?}");
    assert_eq!(outcome.skipped[0].because.phrase(), "creation of sub.a");
    let skipped = rig.log.reasons(EventType::Skipped, "svc.s");
    assert_eq!(skipped, ["the creation of sub.a failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_skips_what_depends_on_it_and_nothing_else() {
    let rig = Rig::new();
    // The first three calls create what refers to nothing.
    rig.cloud.account().faults.insert(0, Fault::Refuse(aws_error("Denied", "no")));
    let outcome = rig
        .apply(&stack(json!({
            "net.a": {"cidr": "10"},
            "sub.a": {"net_id": "@net.a", "zone": "a"},
            "svc.s": {"name": "s", "sub_id": "@sub.a", "count": 1},
            "net.b": {"cidr": "11"},
            "sub.b": {"net_id": "@net.b", "zone": "a"},
        })))
        .await;
    assert_eq!(outcome.exit_code(), 3);
    assert_eq!(outcome.failed[0].step.address.to_string(), "net.a");
    let skipped: Vec<_> = outcome.skipped.iter().map(|s| s.step.address.to_string()).collect();
    assert_eq!(skipped.len(), 2);
    assert!(skipped.contains(&"sub.a".to_owned()) && skipped.contains(&"svc.s".to_owned()));
    assert_eq!(rig.owned(), ["net.b", "sub.b"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_changed_and_an_error_is_exit_code_one() {
    let rig = Rig::new();
    rig.cloud.account().faults.insert(0, Fault::Refuse(aws_error("Denied", "no")));
    let outcome = rig.apply(&stack(json!({"net.a": {"cidr": "10"}}))).await;
    assert!(!outcome.changed);
    assert_eq!(outcome.exit_code(), 1);
    assert!(outcome.failed[0].diagnostics.0[0].message.contains("Denied: no"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_waits_begins_nothing_and_leaves_a_state_to_go_on_from() {
    let mut rig = Rig::new();
    let stop = rig.stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.cancel();
    });
    let began = Instant::now();
    let outcome = rig.apply(&whole()).await;
    assert!(began.elapsed() < Duration::from_secs(6));
    assert!(outcome.stopped && outcome.failed.is_empty() && outcome.skipped.is_empty());
    assert_eq!(outcome.exit_code(), 130);
    let begun: Vec<_> =
        outcome.left.iter().filter(|l| l.begun).map(|l| l.step.address.to_string()).collect();
    assert_eq!(begun, ["sub.a", "sub.b"]);
    let not_begun: Vec<_> = outcome.left.iter().filter(|l| !l.begun).collect();
    assert!(not_begun.iter().any(|l| l.step.address.to_string() == "svc.s"));
    let steps = outcome.done.len() + outcome.left.len();
    assert_eq!(steps, rig.log.count(EventType::Planned));

    rig.stop = tokio_util::sync::CancellationToken::new();
    rig.make(&whole()).await;
    assert_eq!(rig.cloud.calls("create").len(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_longest_chain_goes_first() {
    let mut rig = Rig::new();
    rig.parallelism = 1;
    rig.make(&stack(json!({
        "net.a": {"cidr": "1"}, "net.b": {"cidr": "2"},
        "net.z": {"cidr": "3"}, "sub.z": {"net_id": "@net.z", "zone": "a"},
    })))
    .await;
    let all = rig.log.0.lock().unwrap();
    let first = all.iter().find(|e| e.kind == EventType::Started).unwrap();
    assert_eq!(first.address.as_ref().unwrap().to_string(), "net.z");
    assert_eq!(first.part, Some(Part::Main));
}

#[tokio::test(start_paused = true)]
async fn the_whole_run_may_move_between_threads() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let rig = Rig::new();
    let planned = rig.plan(&stack(json!({"net.a": {"cidr": "10"}}))).await;
    assert!(is_send(rig.carry_out(&planned, false)).await.is_some());
}
