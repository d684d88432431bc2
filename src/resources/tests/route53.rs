//! Hosted zones and records.

use super::World;
use crate::engine::resource::{Creation, Status, Want};
use crate::sandbox::{Calls, Effect, Fault, Options, Sandbox, Slow};
use serde_json::{Value as Json, json};

const ZONE: &str = "route53_zone";
const RECORD: &str = "route53_record";

async fn zone(world: &World) -> String {
    world.apply(ZONE, "main", json!({ "name": "Shop.example.com." })).await.0.id
}

fn record(zone: &str, more: Json) -> Json {
    let mut spec = json!({ "hosted_zone_id": zone, "name": "api.shop.example.com", "type": "A",
                           "ttl": 60, "resource_records": ["192.0.2.1"] });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

async fn names(world: &World, zone: &str) -> Vec<String> {
    let call = world.cx.route53().list_resource_record_sets().hosted_zone_id(zone);
    let sets = call.send().await.unwrap().resource_record_sets;
    sets.iter().map(|set| format!("{} {}", set.name(), set.r#type())).collect()
}

/// Puts a record there that nobody of ours knows.
async fn foreign(world: &World, zone: &str, name: &str) {
    use aws_sdk_route53::types::{
        Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
    };
    let value = ResourceRecord::builder().value("192.0.2.9").build().unwrap();
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::A).ttl(5);
    let set = set.resource_records(value).build().unwrap();
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(set);
    let batch = ChangeBatch::builder().changes(change.build().unwrap()).build().unwrap();
    let call = world.cx.route53().change_resource_record_sets().hosted_zone_id(zone);
    call.change_batch(batch).send().await.unwrap();
}

#[tokio::test]
async fn a_public_zone_lives_and_dies() {
    let world = World::sandbox().await;
    let config = json!({ "comment": "the shop" });
    let spec = json!({ "name": "shop.example.com", "hosted_zone_config": config });
    let (live, updates) = world.apply(ZONE, "main", spec).await;
    assert_eq!((updates, live.out["name_servers"].as_array().unwrap().len()), (0, 4));
    let spec = json!({ "name": "shop.example.com", "hosted_zone_config": { "comment": "" } });
    let (live, updates) = world.apply(ZONE, "main", spec).await;
    assert_eq!((updates, &live.spec["hosted_zone_config"]["comment"]), (1, &json!("")));
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler(ZONE);
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    assert_eq!(world.find(ZONE, "main").await.unwrap().tags["team"], "shop");
    world.delete(ZONE, "main").await;
}

#[tokio::test]
async fn a_private_zone_answers_its_vpcs() {
    let world = World::sandbox().await;
    let mut vpcs = Vec::new();
    for (name, block) in [("one", "10.0.0.0/16"), ("two", "10.1.0.0/16")] {
        let id = world.apply("vpc", name, json!({ "cidr_block": block })).await.0.id;
        vpcs.push(json!({ "vpc_id": id, "vpc_region": "eu-west-1" }));
    }
    let spec = |vpcs: &[Json]| json!({ "name": "internal", "vpcs": vpcs });
    let (live, updates) = world.apply(ZONE, "internal", spec(&vpcs)).await;
    assert_eq!((updates, live.spec["vpcs"].as_array().unwrap().len()), (1, 2));
    let (live, _) = world.apply(ZONE, "internal", spec(&vpcs[1..])).await;
    assert_eq!(live.spec["vpcs"], json!(&vpcs[1..]));
    world.delete(ZONE, "internal").await;
}

#[tokio::test]
async fn a_zone_without_its_tags_is_found_and_finished() {
    let world = World::sandbox().await;
    world.sandbox.inject(Fault::refuse(Calls::of("ChangeTagsForResource"), 1, "InvalidInput", 400));
    let handler = world.handler(ZONE);
    let tags = world.tags(ZONE, "main");
    let spec = handler.normalize(&json!({ "name": "shop.example.com" })).unwrap();
    let with = |token| Creation { tags: &tags, token };
    let made = handler.create(&world.cx, &spec, with("aaaa")).await;
    assert!(made.unwrap_err().is("InvalidInput"));
    // Whoever wants it finds it by its reference; that its tags are missing is a difference.
    let found = world.owned(ZONE, &["shop.example.com".to_owned()]).await;
    assert_eq!(found.len(), 1);
    assert!(tags.iter().all(|(key, value)| found[0].tags.get(key) == Some(value)));
    let unfinished = "infra:protect".to_owned();
    assert_eq!(found[0].tags[&unfinished], "unfinished");
    handler.tag(&world.cx, &found[0], &[].into(), &[unfinished]).await.unwrap();
    assert_eq!(world.find(ZONE, "main").await.unwrap().tags, tags);
    // A later run with another token makes no second one of what is untagged.
    let call = world.cx.route53().change_tags_for_resource().resource_id(&found[0].id);
    let call = call.resource_type(aws_sdk_route53::types::TagResourceType::Hostedzone);
    call.set_remove_tag_keys(Some(tags.keys().cloned().collect())).send().await.unwrap();
    let again = handler.create(&world.cx, &spec, with("bbbb")).await.unwrap();
    assert_eq!(again, found[0].id);
    assert_eq!(world.owned(ZONE, &[]).await.len(), 1);
}

#[tokio::test]
async fn what_nobody_uses_costs_no_call() {
    let world = World::sandbox().await;
    world.sandbox.clear_calls();
    for ty in [ZONE, RECORD] {
        assert_eq!(world.owned(ty, &[]).await, []);
    }
    let calls = world.sandbox.calls();
    assert!(calls.iter().all(|call| call.service == "tagging"), "{calls:?}");
    // Each request is counted under its name, though its bytes do not tell it.
    zone(&world).await;
    assert_eq!(world.cx.calls()["route53.CreateHostedZone"], 1);
}

#[tokio::test]
async fn records_live_and_die_with_what_says_whose_they_are() {
    let world = World::sandbox().await;
    let zone = zone(&world).await;
    let (live, updates) = world.apply(RECORD, "api", record(&zone, json!({}))).await;
    assert_eq!((live.id.as_str(), updates), (&*format!("{zone}/api.shop.example.com/A"), 0));
    assert_eq!(live.tags, world.tags(RECORD, "api"));
    assert!(names(&world, &zone).await.contains(&"_infra-a.api.shop.example.com. TXT".to_owned()));
    let more = json!({ "ttl": 300, "resource_records": ["192.0.2.1", "192.0.2.2"] });
    let (live, updates) = world.apply(RECORD, "api", record(&zone, more)).await;
    assert_eq!((&live.spec["ttl"], updates), (&json!(300), 1));
    let set = [("note".to_owned(), "a \"b\"".to_owned())].into();
    world.handler(RECORD).tag(&world.cx, &live, &set, &[]).await.unwrap();
    assert_eq!(world.by_id(RECORD, &live.id).await.unwrap().tags["note"], "a \"b\"");
    let alias = json!({ "dns_name": "api.shop.example.com", "hosted_zone_id": zone,
                        "evaluate_target_health": false });
    let wildcard = json!({ "hosted_zone_id": zone, "name": "*.shop.example.com", "type": "A",
                           "alias_target": alias });
    world.apply(RECORD, "wildcard", wildcard).await;
    world.delete(RECORD, "wildcard").await;
    world.delete(RECORD, "api").await;
    assert_eq!(names(&world, &zone).await, ["shop.example.com. NS", "shop.example.com. SOA"]);
}

#[tokio::test]
async fn a_record_of_another_is_seen_and_not_overwritten() {
    let world = World::sandbox().await;
    let zone = zone(&world).await;
    foreign(&world, &zone, "api.shop.example.com").await;
    let id = format!("{zone}/api.shop.example.com/A");
    let found = world.owned(RECORD, &[id]).await;
    assert_eq!((found.len(), found[0].tags.len()), (1, 0));
    assert_eq!(world.owned(RECORD, &[]).await, []);
    let handler = world.handler(RECORD);
    let tags = world.tags(RECORD, "api");
    let spec = handler.normalize(&record(&zone, json!({}))).unwrap();
    let refused = handler.create(&world.cx, &spec, Creation { tags: &tags, token: "t" }).await;
    assert!(refused.unwrap_err().is("RecordAlreadyExists"));
}

#[tokio::test]
async fn records_of_others_keep_a_zone_unless_they_may_go() {
    let world = World::sandbox().await;
    let id = zone(&world).await;
    let live = world.by_id(ZONE, &id).await.unwrap();
    let handler = world.handler(ZONE);
    world.apply(RECORD, "api", record(&id, json!({}))).await;
    assert_eq!(handler.holds(&world.cx, &live).await.unwrap().data, None, "its own are no data");
    world.delete(RECORD, "api").await;
    foreign(&world, &id, "mail.shop.example.com").await;
    let holds = handler.holds(&world.cx, &live).await.unwrap();
    assert_eq!(holds.data.as_deref(), Some("1 record of others"));
    let refused = handler.delete(&world.cx, &live).await.unwrap_err();
    assert!(refused.is("HostedZoneNotEmpty"), "{refused}");
    let blockers = handler.blockers(&world.cx, &live).await.unwrap();
    assert_eq!(blockers[0].what, "record mail.shop.example.com of type A");
    handler.unlock(&world.cx, &live).await.unwrap();
    world.delete(ZONE, "main").await;
}

#[tokio::test]
async fn a_change_is_waited_for_until_all_name_servers_have_it() {
    let slow = Options { slow: Slow::Aws, ..Options::default() };
    let world = World::over(Sandbox::in_memory(slow)).await;
    let zone = zone(&world).await;
    let handler = world.handler(RECORD);
    let tags = world.tags(RECORD, "api");
    let spec = handler.normalize(&record(&zone, json!({}))).unwrap();
    let with = Creation { tags: &tags, token: "t" };
    let id = handler.create(&world.cx, &spec, with).await.unwrap();
    let pending = world.by_id(RECORD, &id).await.unwrap().status;
    assert!(matches!(pending, Status::Pending(_)), "{pending:?}");
    world.sandbox.skip(std::time::Duration::from_secs(60));
    world.sandbox.clear_calls();
    for _ in 0..2 {
        assert_eq!(world.by_id(RECORD, &id).await.unwrap().status, Status::Ready);
    }
    let asked = world.sandbox.calls().iter().filter(|call| call.operation == "GetChange").count();
    assert_eq!(asked, 1, "what has arrived is not asked after");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_zone() {
    let world = World::sandbox().await;
    world.sandbox.inject(Fault::new(Calls::of("CreateHostedZone"), 1, Effect::DropAnswer));
    let handler = world.handler(ZONE);
    let tags = world.tags(ZONE, "main");
    let spec = handler.normalize(&json!({ "name": "shop.example.com" })).unwrap();
    let with = Creation { tags: &tags, token: "t" };
    // The client's own second try is told that the reference is used; ours finds the zone by it.
    let first = handler.create(&world.cx, &spec, with).await;
    let id = match first {
        Ok(id) => id,
        Err(_) => handler.create(&world.cx, &spec, with).await.unwrap(),
    };
    let want = Want::Ids(std::slice::from_ref(&id));
    assert_eq!(handler.list(&world.cx, want).await.unwrap()[0].tags, tags);
    assert_eq!(world.owned(ZONE, &[]).await.len(), 1);
}

#[tokio::test]
async fn zones_are_read_by_name_and_listed_in_the_inventory() {
    let world = World::sandbox().await;
    let id = zone(&world).await;
    let read = async |filters: Json| {
        let reader = &world.registry.data[ZONE];
        let filters = reader.normalize(&filters).unwrap();
        reader.read(&world.cx, &filters).await.unwrap()
    };
    let found = read(json!({ "name": "shop.example.com", "private_zone": false })).await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &json!(id)));
    assert_eq!(found[0]["name_servers"].as_array().unwrap().len(), 4);
    assert_eq!(found[0]["tags"]["infra:resource"], "route53_zone.main");
    assert_eq!(read(json!({ "name": "shop.example.com", "private_zone": true })).await.len(), 0);
    assert_eq!(read(json!({ "name": "example.com" })).await.len(), 0);
    let there = world.cx.findings(false).await.unwrap().there;
    let arn = format!("arn:aws:route53:::hostedzone/{id}");
    assert!(there.iter().any(|found| found.arn.as_str() == arn && found.confirmed), "{there:?}");
}

#[tokio::test]
async fn a_lost_answer_makes_the_record_ours_all_the_same() {
    let world = World::sandbox().await;
    let zone = zone(&world).await;
    let batch = || Calls::of("ChangeResourceRecordSets");
    world.sandbox.inject(Fault::new(batch(), 1, Effect::DropAnswer));
    let handler = world.handler(RECORD);
    let tags = world.tags(RECORD, "api");
    let spec = handler.normalize(&record(&zone, json!({}))).unwrap();
    let with = Creation { tags: &tags, token: "t" };
    let error = handler.create(&world.cx, &spec, with).await.unwrap_err();
    assert_eq!(error.class, crate::aws::ErrorClass::AlreadyExists, "the client tried again");
    let id = format!("{zone}/api.shop.example.com/A");
    let found = world.owned(RECORD, &[id]).await;
    assert_eq!(found[0].tags, tags, "and its tags say whose it is");
}

#[tokio::test]
async fn a_closed_index_hides_nothing_that_the_stack_names() {
    let world = World::sandbox().await;
    let id = zone(&world).await;
    let denied = || Fault::refuse(Calls::of("GetResources"), 1, "AccessDeniedException", 400);
    world.sandbox.inject(denied());
    let found = world.owned(ZONE, &["shop.example.com".to_owned()]).await;
    assert_eq!((found.len(), found[0].id.as_str()), (1, id.as_str()));
    world.sandbox.inject(denied());
    assert_eq!(world.owned(ZONE, &[]).await, []);
}
