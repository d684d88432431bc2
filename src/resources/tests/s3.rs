//! Buckets.

use super::World;
use crate::engine::resource::Creation;
use crate::sandbox::{Calls, Effect, Fault};
use serde_json::{Value as Json, json};

const TYPE: &str = "s3_bucket";
const NAME: &str = "dev-eu-west-1-shop-logs";

fn policy(resource: &str) -> Json {
    let who = json!({ "Service": "logdelivery.elasticloadbalancing.amazonaws.com" });
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": who,
        "Action": "s3:PutObject", "Resource": resource }] })
}

async fn put(world: &World, key: &str) {
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"line");
    world.cx.s3().put_object().bucket(NAME).key(key).body(body).send().await.unwrap();
}

#[tokio::test]
async fn a_bucket_lives_and_dies() {
    let world = World::sandbox().await;
    let spec = json!({
        "name": NAME,
        "policy": policy(&format!("arn:aws:s3:::{NAME}/*")),
        "bucket_encryption": { "sse_algorithm": "AES256", "bucket_key_enabled": true },
        "public_access_block_configuration": { "ignore_public_acls": false },
        "object_ownership": "BucketOwnerPreferred",
        "versioning_configuration": { "status": "Enabled" },
        "lifecycle_configuration": [{ "id": "z", "expiration": { "days": 90 } },
                                    { "id": "a", "prefix": "x/", "expiration": { "days": 1 } }],
    });
    let (live, updates) = world.apply(TYPE, "logs", spec).await;
    assert_eq!((live.id.as_str(), updates), (NAME, 1));
    assert_eq!(live.out["arn"], format!("arn:aws:s3:::{NAME}"));
    let regional = format!("{NAME}.s3.eu-west-1.amazonaws.com");
    assert_eq!(live.out["bucket_regional_domain_name"], regional);
    // The reading by the index and the reading of one say the same.
    assert_eq!(world.find(TYPE, "logs").await.as_ref(), Some(&live));
    let other = json!({ "name": NAME, "policy": { "Version": "2012-10-17", "Statement": [] },
        "lifecycle_configuration": [], "versioning_configuration": { "status": "Suspended" },
        "object_ownership": "BucketOwnerEnforced" });
    let (live, updates) = world.apply(TYPE, "logs", other).await;
    assert_eq!((updates, &live.spec["lifecycle_configuration"]), (1, &json!([])));
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler(TYPE);
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    let tags = world.by_id(TYPE, NAME).await.unwrap().tags;
    assert_eq!((tags["team"].as_str(), tags.len()), ("shop", 6));
    world.delete(TYPE, "logs").await;
}

#[tokio::test]
async fn what_is_in_it_keeps_it_unless_it_may_go() {
    let world = World::sandbox().await;
    let versions = json!({ "status": "Enabled" });
    let spec = json!({ "name": NAME, "versioning_configuration": versions });
    let (live, _) = world.apply(TYPE, "logs", spec).await;
    let handler = world.handler(TYPE);
    assert_eq!(handler.holds(&world.cx, &live).await.unwrap().data, None);
    for key in ["a", "a", "b c"] {
        put(&world, key).await;
    }
    world.cx.s3().delete_object().bucket(NAME).key("b c").send().await.unwrap();
    world.cx.s3().create_multipart_upload().bucket(NAME).key("u").send().await.unwrap();
    let holds = handler.holds(&world.cx, &live).await.unwrap();
    assert_eq!(holds.data.as_deref(), Some("1 object and 3 older versions"));
    let refused = handler.delete(&world.cx, &live).await.unwrap_err();
    assert!(refused.is("BucketNotEmpty"), "{refused}");
    handler.unlock(&world.cx, &live).await.unwrap();
    // A log that comes late, of a load balancer that is gone by now.
    put(&world, "late").await;
    world.delete(TYPE, "logs").await;
}

#[tokio::test]
async fn one_of_another_is_seen_by_its_name() {
    let world = World::sandbox().await;
    let found = world.owned(TYPE, &["logs".to_owned()]).await;
    assert_eq!((found.len(), found[0].tags.len()), (1, 0), "a name of another account");
    let elsewhere = world.cx.in_region("us-east-1");
    elsewhere.s3().create_bucket().bucket(NAME).send().await.unwrap();
    let found = world.owned(TYPE, &[NAME.to_owned()]).await;
    assert_eq!((found.len(), found[0].tags.len()), (1, 0), "one of another region");
    assert_eq!(world.owned(TYPE, &["gone-for-good".to_owned()]).await, []);
    // In us-east-1 AWS would say yes.
    let handler = world.handler(TYPE);
    let tags = world.tags(TYPE, "logs");
    let spec = handler.normalize(&json!({ "name": NAME })).unwrap();
    let with = Creation { tags: &tags, token: "t" };
    let refused = handler.create(&elsewhere, &spec, with).await.unwrap_err();
    assert!(refused.is("BucketAlreadyExists"), "{refused}");
}

#[tokio::test]
async fn a_lost_answer_and_no_use_cost_nothing() {
    let world = World::sandbox().await;
    world.sandbox.clear_calls();
    assert_eq!(world.owned(TYPE, &[]).await, []);
    assert!(world.sandbox.calls().iter().all(|call| call.service == "tagging"));
    world.sandbox.inject(Fault::new(Calls::of("CreateBucket"), 1, Effect::DropAnswer));
    let handler = world.handler(TYPE);
    let tags = world.tags(TYPE, "logs");
    let spec = handler.normalize(&json!({ "name": NAME })).unwrap();
    let with = Creation { tags: &tags, token: "t" };
    handler.create(&world.cx, &spec, with).await.unwrap_err();
    assert_eq!(world.by_id(TYPE, NAME).await.unwrap().tags, tags, "the tags came with it");
    let again = handler.create(&world.cx, &spec, with).await.unwrap_err();
    assert_eq!(again.class, crate::aws::ErrorClass::AlreadyExists);
    world.delete(TYPE, "logs").await;
}

#[tokio::test]
async fn buckets_are_in_the_inventory() {
    let world = World::sandbox().await;
    world.apply(TYPE, "logs", json!({ "name": NAME })).await;
    let there = world.cx.findings(false).await.unwrap().there;
    let arn = format!("arn:aws:s3:::{NAME}");
    assert!(there.iter().any(|found| found.arn.as_str() == arn && found.confirmed), "{there:?}");
}
