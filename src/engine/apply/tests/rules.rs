//! One test for each rule of the executor.

use super::rig::{Planned, Rig, Stack, stack};
use crate::aws::ownership::PROTECT;
use crate::aws::{Error, ErrorClass, Tags};
use crate::engine::apply::Outcome;
use crate::engine::event::EventType;
use crate::engine::plan::{After, Blocked, Node, Operation, Part};
use crate::engine::testing::{Fault, aws_error};
use crate::stack::{Address, Diagnostic};
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

fn one_net() -> Stack {
    stack(json!({"net.a": {"cidr": "10", "dns": true}}))
}

fn why(outcome: &Outcome) -> &Diagnostic {
    assert_eq!(outcome.failed.len(), 1, "{outcome:#?}");
    &outcome.failed[0].diagnostics.0[0]
}

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

async fn carry_out(rig: &Rig, planned: &Planned, saved: bool) -> Outcome {
    rig.carry_out(planned, saved).await.expect("nobody kills it")
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_never_doubles() {
    for effect in [true, false] {
        for lag in [0, 6] {
            let rig = Rig::new();
            rig.cloud.account().lag = seconds(lag);
            rig.cloud.account().faults.insert(0, Fault::Lose { effect });
            let outcome = rig.apply(&one_net()).await;
            assert!(outcome.is_complete(), "{outcome:#?}");
            assert_eq!(rig.owned(), ["net.a"], "effect {effect}, lag {lag}");
            assert_eq!(rig.cloud.calls("create").len(), if effect { 1 } else { 2 });
        }
    }
}

#[tokio::test(start_paused = true)]
async fn listed_errors_are_tried_again_and_told() {
    let rig = Rig::new();
    let error = aws_error("NotYet", "the region sleeps");
    for k in 0..3 {
        rig.cloud.account().faults.insert(k, Fault::Refuse(error.clone()));
    }
    rig.make(&one_net()).await;
    assert_eq!(rig.log.reasons(EventType::Waiting, "net.a")[0], "the region to wake up");
}

#[tokio::test(start_paused = true)]
async fn the_first_update_of_a_new_object_is_tried_again_as_any_other() {
    let rig = Rig::new();
    let error = aws_error("NotYet", "no names are served");
    // The first call creates; the network's names are switched on by the second.
    rig.cloud.account().faults.insert(1, Fault::Refuse(error.clone()));
    rig.make(&one_net()).await;
    assert_eq!(rig.log.reasons(EventType::Waiting, "net.a"), ["names to be served"]);
    // What an update waits for is no reason to create again.
    let rig = Rig::new();
    rig.cloud.account().faults.insert(0, Fault::Refuse(error));
    assert!(!rig.apply(&one_net()).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn an_object_of_the_same_name_is_refused_unless_it_is_ours() {
    let wanted = stack(json!({"svc.s": {"name": "s", "count": 1}}));
    let rig = Rig::new();
    let planned = rig.plan(&wanted).await;
    rig.cloud.make("svc", &json!({"name": "s"}), &Tags::new());
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).code, "exists_not_ours");
    assert_eq!(why(&outcome).hint.as_deref(), Some("infra import 'svc.s' svc-1"));
    assert_eq!(outcome.exit_code(), 4);

    let rig = Rig::new();
    let planned = rig.plan(&wanted).await;
    let tags = rig.cx.scope.identity_tags("w", &Address::new("svc", "s"));
    rig.cloud.make("svc", &json!({"name": "s"}), &tags);
    let outcome = carry_out(&rig, &planned, false).await;
    assert!(outcome.is_complete(), "{outcome:#?}");
    assert_eq!(rig.object("svc.s").spec["count"], json!(1));
    assert_eq!(rig.owned(), ["svc.s"]);
}

#[tokio::test(start_paused = true)]
async fn tags_the_creating_call_did_not_take_are_set_after_it() {
    let rig = Rig::new();
    rig.cloud.account().loses_tags = true;
    let outcome = rig.apply(&one_net()).await;
    assert!(outcome.is_complete(), "{outcome:#?}");
    assert_eq!(rig.owned(), ["net.a"]);
    assert_eq!(rig.cloud.calls("tag").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_does_not_converge_is_an_error_that_names_the_field() {
    let rig = Rig::new();
    rig.make(&stack(json!({"net.a": {"cidr": "10", "dns": false, "note": "old"}}))).await;
    rig.cloud.account().deaf.insert("net");
    let wanted = stack(json!({"net.a": {"cidr": "10", "dns": true, "note": "secret"}}));
    let outcome = rig.apply(&wanted).await;
    assert_eq!(why(&outcome).code, "did_not_converge");
    assert_eq!(why(&outcome).notes, ["dns: wanted true, is false", "note: differs (sensitive)"]);
    assert_eq!(outcome.exit_code(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_type_changed_step_by_step_goes_on_as_long_as_each_step_helps() {
    let all = |n: i64| stack(json!({"tbl.t": {"a": n, "b": n, "c": n, "d": n, "e": n}}));
    let rig = Rig::new();
    rig.make(&all(1)).await;
    let began = tokio::time::Instant::now();
    rig.make(&all(2)).await;
    assert_eq!(rig.cloud.calls("update").len(), 5);
    assert!(began.elapsed() < seconds(10), "no step waits for lists that may lag");
    rig.cloud.account().deaf.insert("tbl");
    let outcome = rig.apply(&all(3)).await;
    assert_eq!(why(&outcome).code, "did_not_converge");
    assert_eq!(rig.cloud.calls("update").len(), 8, "three tries that change nothing are enough");
}

#[tokio::test(start_paused = true)]
async fn data_goes_only_as_the_plan_says() {
    let (one, none) = (stack(json!({"tbl.t": {"a": 1}})), stack(json!({})));
    let rig = Rig::new();
    rig.make(&one).await;
    let planned = rig.plan(&none).await;
    rig.cloud.account().held = Some("5 items".to_owned());
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).code, "holds_data", "what came after the plan is not lost");
    assert!(why(&outcome).message.contains("5 items"), "{:?}", why(&outcome));
    assert_eq!((outcome.exit_code(), rig.owned()), (4, vec!["tbl.t".to_owned()]));

    let mut planned = rig.plan(&none).await;
    let change = &planned.plan.workspaces[0].changes[0];
    assert_eq!(change.blocked, Some(Blocked::DataLoss { what: "5 items".into() }));
    assert!(planned.plan.nodes.is_empty());
    rig.cloud.account().held = None;
    planned = rig.plan(&none).await;
    planned.plan.workspaces[0].changes[0].loses_data = true;
    rig.cloud.account().held = Some("5 items".to_owned());
    assert!(carry_out(&rig, &planned, false).await.is_complete());
    assert_eq!((rig.cloud.calls("unlock").len(), rig.owned().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_immutable_difference_right_after_creation_is_an_error() {
    let rig = Rig::new();
    let planned = rig.plan(&stack(json!({"svc.s": {"name": "s", "sub_id": "sub-9"}}))).await;
    let tags = rig.cx.scope.identity_tags("w", &Address::new("svc", "s"));
    let net = rig.cloud.make("net", &json!({"cidr": "1"}), &Tags::new());
    let sub = rig.cloud.make("sub", &json!({"net_id": net}), &Tags::new());
    rig.cloud.make("svc", &json!({"name": "s", "sub_id": sub}), &tags);
    rig.cloud.account().faults.insert(
        0,
        Fault::Refuse(Error { class: ErrorClass::AlreadyExists, ..aws_error("AlreadyExists", "") }),
    );
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).notes, ["sub_id: wanted \"sub-9\", is \"sub-2\""], "{outcome:#?}");
    assert!(why(&outcome).message.contains("was not made as asked"));
}

#[tokio::test(start_paused = true)]
async fn a_new_object_that_fails_says_why() {
    let rig = Rig::new();
    rig.cloud.account().breaks.insert("net");
    let outcome = rig.apply(&one_net()).await;
    assert_eq!((why(&outcome).code, why(&outcome).notes[0].as_str()), ("failed", "no capacity"));
    // The next run replaces it.
    rig.cloud.account().breaks.clear();
    rig.make(&one_net()).await;
}

#[tokio::test(start_paused = true)]
async fn lists_that_lag_are_waited_for() {
    let rig = Rig::new();
    rig.cloud.account().lag = seconds(8);
    let wanted = stack(json!({
        "net.a": {"cidr": "10", "dns": true},
        "grp.a": {"net_id": "@net.a", "rules": ["@grp.a"]},
    }));
    assert!(rig.apply(&wanted).await.is_complete());
    sleep(seconds(10)).await;
    rig.assert_same(&wanted).await;
    assert_eq!(rig.cloud.calls("update").len(), 2);
    assert!(rig.apply(&stack(json!({}))).await.is_complete());
    assert!(rig.cloud.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_held_by_what_nobody_takes_away_is_given_up_early() {
    let rig = Rig::new();
    rig.make(&one_net()).await;
    let net = rig.object("net.a").id;
    let planned = rig.plan(&stack(json!({}))).await;
    let other = rig.cloud.make("sub", &json!({"net_id": net}), &Tags::new());
    let began = tokio::time::Instant::now();
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).code, "held");
    assert_eq!(why(&outcome).notes[0], format!("held by {other}"));
    assert_eq!(outcome.exit_code(), 4);
    assert!((seconds(10)..seconds(40)).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_waits_for_what_is_on_its_way_out() {
    let rig = Rig::new();
    rig.make(&one_net()).await;
    let net = rig.object("net.a").id;
    let planned = rig.plan(&stack(json!({}))).await;
    let other = rig.cloud.make("sub", &json!({"net_id": net}), &Tags::new());
    rig.cloud.account().leaves = Some("leaves with its owner, within 2 min".into());
    let cloud = std::sync::Arc::clone(&rig.cloud);
    let id = other.clone();
    tokio::spawn(async move {
        sleep(seconds(90)).await;
        cloud.take_away(&id);
    });
    let outcome = carry_out(&rig, &planned, false).await;
    assert!(outcome.is_complete(), "{outcome:#?}");
    let told = rig.log.reasons(EventType::Waiting, "net.a");
    assert!(told.contains(&format!("{other} (leaves with its owner, within 2 min)")), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_deleted() {
    let rig = Rig::new();
    rig.make(&one_net()).await;
    let planned = rig.plan(&stack(json!({}))).await;
    rig.cloud.take_away(&rig.object("net.a").id);
    assert!(carry_out(&rig, &planned, false).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn deletions_are_refused_when_the_object_changed_hands() {
    let rig = Rig::new();
    rig.make(&one_net()).await;
    let planned = rig.plan(&stack(json!({}))).await;
    let id = rig.object("net.a").id;
    rig.cloud.meddle(&id, |_, tags| {
        tags.insert(PROTECT.into(), "true".into());
    });
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).code, "stale");
    assert_eq!(why(&outcome).notes, ["the ownership tags changed since"]);
    assert_eq!((outcome.exit_code(), outcome.changed), (5, false));
    assert!(rig.cloud.calls("delete").is_empty());
}

#[tokio::test(start_paused = true)]
async fn updates_are_checked_again_only_when_the_plan_is_old() {
    for (saved, pause, stale) in [(false, 0, false), (false, 61, true), (true, 0, true)] {
        let rig = Rig::new();
        rig.make(&stack(json!({"net.a": {"cidr": "10", "dns": true}}))).await;
        let planned = rig.plan(&stack(json!({"net.a": {"cidr": "10", "dns": false}}))).await;
        let id = rig.object("net.a").id;
        rig.cloud.meddle(&id, |spec, _| {
            spec.as_object_mut().unwrap().remove("dns");
        });
        sleep(seconds(pause)).await;
        let outcome = carry_out(&rig, &planned, saved).await;
        assert_eq!(outcome.exit_code(), if stale { 5 } else { 0 }, "{outcome:#?}");
        if stale {
            assert_eq!(why(&outcome).notes, ["`dns` changed since"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_that_is_only_lag_does_not_count() {
    let rig = Rig::new();
    rig.make(&stack(json!({"net.a": {"cidr": "10", "dns": false}}))).await;
    let id = rig.object("net.a").id;
    sleep(seconds(20)).await;
    rig.cloud.meddle(&id, |spec, _| spec["dns"] = json!(true));
    let planned = rig.plan(&stack(json!({"net.a": {"cidr": "11", "dns": true}}))).await;
    rig.cloud.account().lag = seconds(6);
    let outcome = carry_out(&rig, &planned, false).await;
    assert!(outcome.is_complete(), "{outcome:#?}");
}

#[tokio::test(start_paused = true)]
async fn creations_of_a_saved_plan_check_that_nothing_appeared() {
    let rig = Rig::new();
    let planned = rig.plan(&one_net()).await;
    let tags = rig.cx.scope.identity_tags("w", &Address::new("net", "a"));
    rig.cloud.make("net", &json!({"cidr": "10"}), &tags);
    let outcome = carry_out(&rig, &planned, true).await;
    assert_eq!((why(&outcome).code, outcome.exit_code()), ("stale", 5));
    assert_eq!(rig.owned(), ["net.a"]);
}

#[tokio::test(start_paused = true)]
async fn what_this_run_wrote_is_no_mismatch() {
    let rig = Rig::new();
    let old = stack(json!({
        "grp.a": {"rules": ["@grp.b"], "note": "x"},
        "grp.b": {"rules": ["@grp.a"]},
        "tmpl.t": {"image": "1", "grp_id": "@grp.a"},
        "svc.s": {"name": "s", "count": 2, "tmpl_id": "@tmpl.t"},
    }));
    rig.make(&old).await;
    // A saved plan checks each object before each step, after late fields, counts and tags were
    // written by steps before it.
    let new = stack(json!({
        "tmpl.t": {"image": "2"},
        "grp.c": {"rules": ["@grp.c"]},
    }));
    let planned = rig.plan(&new).await;
    let letting_go = |n: &&Node| (n.part, n.operation) == (Part::Late, Operation::Delete);
    assert_eq!(planned.plan.nodes.iter().filter(letting_go).count(), 1);
    let outcome = carry_out(&rig, &planned, true).await;
    assert!(outcome.is_complete(), "{outcome:#?}");
    rig.assert_same(&new).await;
}

#[tokio::test(start_paused = true)]
async fn what_others_wrote_after_a_step_of_ours_still_is_a_mismatch() {
    let rig = Rig::new();
    let old = stack(json!({
        "grp.a": {"rules": ["@grp.b"], "note": "x"},
        "grp.b": {"rules": ["@grp.a"]},
        "net.a": {"cidr": "1"},
    }));
    rig.make(&old).await;
    let new = stack(json!({"net.a": {"cidr": "1"}}));
    let planned = rig.plan(&new).await;
    let id = rig.object("grp.b").id;
    let cloud = std::sync::Arc::clone(&rig.cloud);
    let before = cloud.calls("update").len();
    tokio::spawn(async move {
        while cloud.calls("update").len() == before {
            sleep(Duration::from_millis(10)).await;
        }
        sleep(Duration::from_millis(100)).await;
        cloud.meddle(&id, |_, tags| {
            tags.insert(PROTECT.into(), "true".into());
        });
    });
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).code, "stale", "{outcome:#?}");
    assert!(rig.owned().contains(&"grp.b".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn values_known_in_the_plan_must_come_out_so() {
    let rig = Rig::new();
    let mut planned = rig.plan(&one_net()).await;
    planned.wanted = rig.plan(&stack(json!({"net.a": {"cidr": "12", "dns": true}}))).await.wanted;
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).code, "plan_no_longer_fits");
    assert_eq!(why(&outcome).notes, ["cidr: planned \"10\", now \"12\""]);
    assert_eq!(outcome.exit_code(), 5);
    assert!(rig.cloud.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reference_still_unknown_is_an_error_that_names_it() {
    let rig = Rig::new();
    let wanted = stack(json!({"net.a": {"cidr": "1"}, "sub.a": {"net_id": "@net.a", "zone": "a"}}));
    let mut planned = rig.plan(&wanted).await;
    for node in &mut planned.plan.nodes {
        node.after.clear();
    }
    let outcome = carry_out(&rig, &planned, false).await;
    assert_eq!(why(&outcome).message, "sub.a still waits for net.a.id");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_that_comes_out_as_it_was_makes_no_call() {
    let rig = Rig::new();
    rig.make(&one_net()).await;
    let mut planned = rig.plan(&stack(json!({"net.a": {"cidr": "10", "dns": false}}))).await;
    // As if the plan had not known the value, and the account had it already.
    planned.plan.workspaces[0].changes[0].fields[0].after = After::Unknown(vec!["x.y.id".into()]);
    planned.snapshot.get_mut("net").unwrap()[0].spec["dns"] = json!(false);
    let before = rig.cloud.account().writes.len();
    let outcome = carry_out(&rig, &planned, false).await;
    assert!(outcome.is_complete() && !outcome.changed, "{outcome:#?}");
    assert_eq!(rig.cloud.account().writes.len(), before);
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_answer_was_lost_is_read_again_first() {
    let rig = Rig::new();
    rig.make(&stack(json!({"net.a": {"cidr": "10", "dns": true}}))).await;
    let next = rig.cloud.account().writes.len();
    rig.cloud.account().faults.insert(next, Fault::Lose { effect: true });
    let before = rig.cloud.calls("update").len();
    rig.make(&stack(json!({"net.a": {"cidr": "10", "dns": false}}))).await;
    assert_eq!(rig.cloud.calls("update").len(), before + 1);
}
