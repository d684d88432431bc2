//! Certificates and the records that prove them.

use super::World;
use crate::engine::resource::{Creation, LiveObject, Status};
use crate::sandbox::{Calls, Effect, Fault, Options, Sandbox, Slow};
use serde_json::{Value as Json, json};
use std::time::Duration;

const TYPE: &str = "acm_certificate";

async fn slow() -> World {
    let options = Options { slow: Slow::Aws, ..Options::default() };
    World::over(Sandbox::in_memory(options)).await
}

async fn zone(world: &World) -> String {
    // A slow zone is made once and for all: nobody here waits for its name servers.
    let spec = world.handler("route53_zone").normalize(&json!({ "name": "example.com" })).unwrap();
    let tags = world.tags("route53_zone", "main");
    let with = Creation { tags: &tags, token: "zone" };
    world.handler("route53_zone").create(&world.cx, &spec, with).await.unwrap()
}

fn spec(zone: &str) -> Json {
    let option = json!({ "domain_name": "shop.example.com", "hosted_zone_id": zone });
    json!({ "domain_name": "shop.example.com",
            "subject_alternative_names": ["*.shop.example.com"],
            "domain_validation_options": [option] })
}

async fn create(world: &World, name: &str, spec: &Json) -> String {
    let tags = world.tags(TYPE, name);
    let handler = world.handler(TYPE);
    let spec = handler.normalize(spec).unwrap();
    handler.create(&world.cx, &spec, Creation { tags: &tags, token: name }).await.unwrap()
}

/// Writes the validation records, as converging does.
async fn validate(world: &World, live: &LiveObject, spec: &Json) {
    let changed = crate::engine::resource::Changed(["domain_validation_options".to_owned()].into());
    let spec = world.handler(TYPE).normalize(spec).unwrap();
    world.handler(TYPE).update(&world.cx, live, &spec, &changed).await.unwrap();
}

async fn records(world: &World, zone: &str) -> usize {
    let call = world.cx.route53().list_resource_record_sets().hosted_zone_id(zone);
    call.send().await.unwrap().resource_record_sets.len()
}

/// Deletes a validation record behind the back of its certificate.
async fn take_away(world: &World, zone: &str, record: &Json) {
    use aws_sdk_route53::types::{
        Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
    };
    let text = |key: &str| record[key].as_str().unwrap();
    let value = ResourceRecord::builder().value(text("value")).build().unwrap();
    let set = ResourceRecordSet::builder().name(text("name")).r#type(RrType::Cname).ttl(300);
    let set = set.resource_records(value).build().unwrap();
    let change = Change::builder().action(ChangeAction::Delete).resource_record_set(set);
    let batch = ChangeBatch::builder().changes(change.build().unwrap()).build().unwrap();
    let call = world.cx.route53().change_resource_record_sets().hosted_zone_id(zone);
    call.change_batch(batch).send().await.unwrap();
}

fn pending(live: &LiveObject) -> &str {
    match &live.status {
        Status::Pending(state) => state,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_lives_and_dies_with_its_records() {
    let world = World::sandbox().await;
    let zone = zone(&world).await;
    let (live, updates) = world.apply(TYPE, "main", spec(&zone)).await;
    assert_eq!((live.status.clone(), updates), (Status::Ready, 1));
    assert_eq!(live.out["validation_records"].as_array().unwrap().len(), 1);
    assert_eq!(live.spec["key_algorithm"], "RSA_2048");
    assert_eq!(records(&world, &zone).await, 4);
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler(TYPE);
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    assert_eq!(world.find(TYPE, "main").await.unwrap().tags["team"], "shop");
    // Records that somebody took away are a difference, and come back.
    let record = &live.out["validation_records"][0];
    take_away(&world, &zone, record).await;
    assert_eq!(
        world.find(TYPE, "main").await.unwrap().spec["domain_validation_options"],
        json!([])
    );
    assert_eq!(world.apply(TYPE, "main", spec(&zone)).await.1, 1);
    world.delete(TYPE, "main").await;
    assert_eq!(records(&world, &zone).await, 2);
}

#[tokio::test]
async fn it_is_ready_to_be_validated_pending_until_issued_and_then_ready() {
    let world = slow().await;
    let zone = zone(&world).await;
    let spec = spec(&zone);
    let id = create(&world, "main", &spec).await;
    let live = world.by_id(TYPE, &id).await.unwrap();
    assert_eq!(pending(&live), "PENDING_VALIDATION, until AWS tells its validation records");
    world.sandbox.skip(Duration::from_secs(10));
    let live = world.by_id(TYPE, &id).await.unwrap();
    assert_eq!(
        (&live.status, &live.spec["domain_validation_options"]),
        (&Status::Ready, &json!([]))
    );
    validate(&world, &live, &spec).await;
    let live = world.by_id(TYPE, &id).await.unwrap();
    assert_eq!(pending(&live), "PENDING_VALIDATION, its records are in the zone");
    world.sandbox.skip(Duration::from_secs(300));
    let live = world.by_id(TYPE, &id).await.unwrap();
    assert_eq!(live.status, Status::Ready);
    assert_eq!(live.spec["domain_validation_options"], spec["domain_validation_options"]);
}

#[tokio::test]
async fn without_a_zone_it_says_which_record_is_to_be_made() {
    let world = World::sandbox().await;
    let spec = json!({ "domain_name": "shop.example.org", "key_algorithm": "EC_prime256v1" });
    let id = create(&world, "main", &spec).await;
    let live = world.by_id(TYPE, &id).await.unwrap();
    let record = &live.out["validation_records"][0];
    let text = |key: &str| record[key].as_str().unwrap().to_owned();
    let wanted = format!("{} CNAME {}", text("name"), text("value"));
    assert!(pending(&live).ends_with(&wanted), "{}", pending(&live));
    assert!(text("name").starts_with('_') && text("name").ends_with(".shop.example.org"));
    world.sandbox.skip(Duration::from_secs(73 * 3600));
    let failed = world.by_id(TYPE, &id).await.unwrap().status;
    assert_eq!(failed, Status::Failed("VALIDATION_TIMED_OUT".to_owned()));
    world.delete(TYPE, "main").await;
}

#[tokio::test]
async fn the_last_certificate_of_a_domain_takes_the_records_along() {
    let world = World::sandbox().await;
    let zone = zone(&world).await;
    world.apply(TYPE, "one", spec(&zone)).await;
    world.apply(TYPE, "two", spec(&zone)).await;
    world.delete(TYPE, "one").await;
    assert_eq!(records(&world, &zone).await, 4, "the other one needs them");
    // One that nobody here made needs the record as well.
    let call = world.cx.acm().request_certificate().domain_name("shop.example.com");
    let call = call.validation_method(aws_sdk_acm::types::ValidationMethod::Dns);
    let arn = call.send().await.unwrap().certificate_arn.unwrap();
    world.delete(TYPE, "two").await;
    assert_eq!(records(&world, &zone).await, 3, "the record stays, nobody's name stands beside it");
    let answer = world.cx.acm().describe_certificate().certificate_arn(arn).send().await.unwrap();
    let status = answer.certificate.unwrap().status;
    assert_eq!(status, Some(aws_sdk_acm::types::CertificateStatus::Issued));
}

#[tokio::test]
async fn the_list_is_asked_only_for_what_the_index_does_not_know() {
    let world = World::sandbox().await;
    world.sandbox.clear_calls();
    assert_eq!(world.owned(TYPE, &[]).await, []);
    assert!(world.sandbox.calls().iter().all(|call| call.service == "tagging"));
    let zone = zone(&world).await;
    let (live, _) = world.apply(TYPE, "main", spec(&zone)).await;
    let names = ["shop.example.com".to_owned(), "gone.example.com".to_owned()];
    world.sandbox.clear_calls();
    let found = world.owned(TYPE, &names).await;
    assert!(found.iter().any(|found| found.id == live.id));
    let listed = world.sandbox.calls().iter().filter(|c| c.operation == "ListCertificates").count();
    assert_eq!(listed, 1, "one name is not among those the index knows");
}

#[tokio::test]
async fn certificates_are_read_by_their_domain_and_listed_in_the_inventory() {
    let world = World::sandbox().await;
    let zone = zone(&world).await;
    let first = world.apply(TYPE, "one", spec(&zone)).await.0.id;
    let mut other = spec(&zone);
    other["key_algorithm"] = json!("EC_prime256v1");
    world.sandbox.skip(Duration::from_secs(60));
    let second = world.apply(TYPE, "two", other).await.0.id;
    let read = async |more: Json| {
        let mut filters = json!({ "domain_name": "shop.example.com" });
        filters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reader = &world.registry.data[TYPE];
        let filters = reader.normalize(&filters).unwrap();
        let found = reader.read(&world.cx, &filters).await.unwrap();
        found.iter().map(|found| found["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(read(json!({})).await.len(), 2);
    assert_eq!(read(json!({ "key_algorithm": "RSA_2048" })).await, std::slice::from_ref(&first));
    assert_eq!(read(json!({ "most_recent": true })).await, std::slice::from_ref(&second));
    let tags = json!({ "infra:resource": "acm_certificate.one" });
    assert_eq!(read(json!({ "match_tags": tags })).await, std::slice::from_ref(&first));
    let there = world.cx.findings(false).await.unwrap().there;
    for arn in [first, second] {
        assert!(there.iter().any(|found| found.arn.as_str() == arn && found.confirmed));
    }
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_certificate() {
    let world = World::sandbox().await;
    let zone = zone(&world).await;
    world.sandbox.inject(Fault::new(Calls::of("RequestCertificate"), 1, Effect::DropAnswer));
    create(&world, "main", &spec(&zone)).await;
    assert_eq!(world.owned(TYPE, &[]).await.len(), 1);
}
