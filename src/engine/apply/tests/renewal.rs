//! Attributes that an update gives a new value.

use super::rig::{Rig, stack};
use crate::engine::plan::{Action, After};
use crate::stack::Address;
use serde_json::{Value as Json, json};

fn service(ver: Json) -> super::rig::Stack {
    stack(json!({"ver.t": ver, "svc.s": {"name": "s", "version": "@ver.t:version"}}))
}

#[tokio::test(start_paused = true)]
async fn whoever_refers_to_a_renewed_attribute_follows_in_the_same_run() {
    let rig = Rig::new();
    rig.make(&service(json!({"image": "1"}))).await;
    assert_eq!(rig.object("svc.s").spec["version"], json!(1));
    let next = service(json!({"image": "2"}));
    let planned = rig.plan(&next).await;
    let of = |address: &str| {
        let mut changes = planned.plan.workspaces[0].changes.iter();
        changes.find(|c| Some(&c.address) == Address::parse(address).as_ref()).unwrap().clone()
    };
    let service = of("svc.s");
    assert_eq!(service.action, Action::Update);
    assert_eq!(service.fields[0].before, json!(1));
    assert_eq!(service.fields[0].after, After::Unknown(vec!["ver.t.version".into()]));
    assert_eq!(of("ver.t").fields.len(), 1);
    assert_eq!(planned.plan.nodes[1].after, [0], "the service comes after it");
    assert!(rig.carry_out(&planned, false).await.unwrap().is_complete());
    assert_eq!(rig.object("svc.s").spec["version"], json!(2));
    rig.assert_same(&next).await;
}

#[tokio::test(start_paused = true)]
async fn tags_and_fields_that_make_no_new_version_renew_nothing() {
    let rig = Rig::new();
    rig.make(&service(json!({"image": "1"}))).await;
    let next = service(json!({"image": "1", "note": "x", "tag:team": "a"}));
    let planned = rig.plan(&next).await;
    assert_eq!(planned.plan.summary().update, 1, "{:#?}", planned.plan);
    assert_eq!(planned.plan.nodes.len(), 1);
    rig.make(&next).await;
    assert_eq!(rig.object("svc.s").spec["version"], json!(1));
}
