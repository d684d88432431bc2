//! What others decide, what falls back by itself, and what nobody owns.

use super::rig::{Rig, Stack, stack};
use crate::engine::plan::{Action, Reason};
use crate::engine::planfile;
use serde_json::{Value as Json, json};
use std::time::Duration;

fn deployment(image: &str, number: i64) -> Stack {
    stack(json!({"dpl.d": {"image": image, "number": number}}))
}

#[tokio::test(start_paused = true)]
async fn what_others_decide_is_no_difference_and_is_left_alone() {
    let rig = Rig::new();
    rig.make(&deployment("1", 2)).await;
    let id = rig.object("dpl.d").id;
    rig.cloud.meddle(&id, |spec, _| spec["number"] = json!(4));
    rig.assert_same(&deployment("1", 2)).await;
    let planned = rig.plan(&deployment("1", 2)).await;
    let left = &planned.plan.workspaces[0].changes[0].left;
    assert_eq!((left[0].path.as_str(), left[0].owner.as_str()), ("number", "a scaler"));
    rig.make(&deployment("2", 2)).await;
    assert_eq!(rig.object("dpl.d").spec, json!({"image": "2", "number": 4}));
    // Beyond their range it is the stack's again.
    rig.cloud.meddle(&id, |spec, _| spec["number"] = json!(9));
    let planned = rig.plan(&deployment("2", 2)).await;
    let fields = &planned.plan.workspaces[0].changes[0].fields;
    assert_eq!(fields.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["number"]);
    rig.make(&deployment("2", 2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_saved_plan_does_not_go_stale_of_what_others_decide() {
    let rig = Rig::new();
    rig.make(&deployment("1", 2)).await;
    let id = rig.object("dpl.d").id;
    let move_to = |number: i64| rig.cloud.meddle(&id, |spec, _| spec["number"] = json!(number));
    let saved = rig.plan(&deployment("2", 2)).await;
    move_to(3);
    let again = rig.plan(&deployment("2", 2)).await;
    assert_eq!(planfile::check(&saved.plan, &again.plan), Ok(()));
    move_to(4);
    let outcome = rig.carry_out(&again, true).await.unwrap();
    assert!(outcome.is_complete(), "{outcome:#?}");
    assert_eq!(rig.object("dpl.d").spec, json!({"image": "2", "number": 4}));
    // Beyond their range it is the stack's, and the plan another one.
    let saved = rig.plan(&deployment("3", 2)).await;
    move_to(9);
    let again = rig.plan(&deployment("3", 2)).await;
    assert!(planfile::check(&saved.plan, &again.plan).is_err());
}

#[tokio::test(start_paused = true)]
async fn no_digest_of_what_is_sensitive_is_kept() {
    let rig = Rig::new();
    let net = |note: &str, dns: bool| {
        stack(json!({"net.a": {"cidr": "10.0.0.0/16", "note": note, "dns": dns}}))
    };
    rig.make(&net("secret", true)).await;
    let planned = rig.plan(&net("secret", false)).await;
    let seen = planned.plan.workspaces[0].changes[0].fingerprint.clone().unwrap();
    assert!(seen.contains("dns=") && !seen.contains("note"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn what_falls_back_is_written_once_and_told_with_its_reasons() {
    let rig = Rig::new();
    rig.make(&deployment("1", 2)).await;
    rig.cloud.account().deaf.insert("dpl");
    let outcome = rig.apply(&deployment("2", 2)).await;
    assert_eq!(outcome.exit_code(), 3);
    let why = &outcome.failed[0].diagnostics.0[0];
    assert_eq!(why.code, "fell_back");
    assert_eq!(why.notes, ["image: wanted \"2\", is \"1\"", "\"1\" cannot be pulled"]);
    assert_eq!(rig.cloud.calls("update").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_object_that_fails_is_told_with_its_reasons() {
    let rig = Rig::new();
    rig.cloud.account().breaks.insert("dpl");
    let outcome = rig.apply(&deployment("1", 2)).await;
    assert_eq!(outcome.failed[0].diagnostics.0[0].notes, ["no capacity", "\"1\" cannot be pulled"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_is_tried_again_in_place() {
    let rig = Rig::new();
    rig.cloud.account().breaks.insert("dpl");
    assert!(!rig.apply(&deployment("1", 2)).await.is_complete());
    let id = rig.object("dpl.d").id;
    for image in ["1", "2"] {
        let planned = rig.plan(&deployment(image, 2)).await;
        let change = &planned.plan.workspaces[0].changes[0];
        let why = Reason::TriedAgain { why: "no capacity".into() };
        assert_eq!((change.action, change.reason.as_ref()), (Action::Update, Some(&why)));
        assert_eq!(change.fields.len(), usize::from(image == "2"));
    }
    // Also where nothing differs, and where lists still show the failure for a while.
    rig.cloud.account().lag = Duration::from_secs(4);
    tokio::time::sleep(Duration::from_secs(10)).await;
    rig.make(&deployment("1", 2)).await;
    assert_eq!((rig.cloud.calls("update").len(), rig.object("dpl.d").id), (1, id));
}

fn setting(value: &str) -> Stack {
    stack(json!({"set.trunking": {"name": "trunking", "value": value}}))
}

#[tokio::test(start_paused = true)]
async fn a_setting_is_set_and_never_owned() {
    let rig = Rig::new();
    let tags = crate::aws::Tags::new();
    let id = rig.cloud.make("set", &json!({"name": "trunking", "value": "off"}), &tags);
    let value = || rig.cloud.objects()[&id].spec["value"].clone();
    let planned = rig.plan(&setting("on")).await;
    let change = &planned.plan.workspaces[0].changes[0];
    assert_eq!((change.action, change.fields.len()), (Action::Update, 1), "not ours, and no tags");
    assert!(rig.apply(&setting("on")).await.is_complete());
    assert_eq!((value(), rig.owned().len()), (json!("on"), 0));
    assert!(rig.plan(&setting("on")).await.plan.nodes.is_empty());
    // Left out, it stays as it is.
    assert!(rig.plan(&stack(json!({}))).await.plan.nodes.is_empty());
    assert_eq!(value(), Json::from("on"));
}
