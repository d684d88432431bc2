//! Repositories through their lives.

use super::World;
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_repository_lives_and_dies_in_the_sandbox() {
    repository(&World::sandbox().await, "sandbox/app").await;
}

fn keep(images: i64) -> Json {
    json!({ "rules": [{ "rulePriority": 1, "action": { "type": "expire" }, "selection": {
        "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images } }] })
}

async fn repository(world: &World, name: &str) {
    let mut spec = json!({
        "name": name, "image_tag_mutability": "IMMUTABLE",
        "image_scanning_configuration": { "scan_on_push": true },
        "encryption_configuration": { "encryption_type": "AES256" },
        "lifecycle_policy": keep(5),
    });
    let (live, updates) = world.apply("ecr_repository", "app", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), (name, 1), "the policy comes after");
    assert!(live.out["repository_uri"].as_str().unwrap().ends_with(name));
    let bulk = world.find("ecr_repository", "app").await.unwrap();
    assert_eq!(bulk, live);
    spec["image_tag_mutability"] = json!("IMMUTABLE_WITH_EXCLUSION");
    spec["image_tag_mutability_exclusion_filters"] = json!([{ "filter": "dev-*" }]);
    spec["image_scanning_configuration"] = json!({ "scan_on_push": false });
    spec["lifecycle_policy"] = json!(keep(9).to_string());
    spec["repository_policy"] = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "ecr:BatchGetImage",
        "Principal": { "AWS": "arn:aws:iam::210987654321:root" } }] });
    spec["force_delete"] = json!(true);
    let (live, updates) = world.apply("ecr_repository", "app", spec.clone()).await;
    assert_eq!((updates, live.spec["force_delete"].as_bool()), (1, Some(true)));
    spec["image_tag_mutability"] = json!("MUTABLE");
    spec["image_tag_mutability_exclusion_filters"] = json!([]);
    spec["lifecycle_policy"] = json!({ "rules": [] });
    spec["repository_policy"] = json!({ "Version": "2012-10-17", "Statement": [] });
    spec["force_delete"] = json!(false);
    let (_, updates) = world.apply("ecr_repository", "app", spec.clone()).await;
    assert_eq!(updates, 1);
    let (_, updates) = world.apply("ecr_repository", "app", spec).await;
    assert_eq!(updates, 0);
    world.delete("ecr_repository", "app").await;
}

#[tokio::test]
async fn what_a_repository_holds_is_told_and_goes_when_allowed() {
    let world = World::sandbox().await;
    let spec = |force: bool| json!({ "name": "held", "force_delete": force });
    let (live, _) = world.apply("ecr_repository", "held", spec(false)).await;
    for layer in [70_000_000, 2_400_000] {
        let manifest = json!({ "schemaVersion": 2, "layers": [{ "size": layer }] }).to_string();
        let call = world.cx.ecr().put_image().repository_name("held").image_tag(layer.to_string());
        call.image_manifest(manifest).send().await.unwrap();
    }
    let handler = world.handler("ecr_repository");
    let holds = handler.holds(&world.cx, &live).await.unwrap();
    assert_eq!(holds.data.as_deref(), Some("2 images (72.4 MB)"));
    let refused = handler.delete(&world.cx, &live).await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("RepositoryNotEmptyException"));
    let (forced, _) = world.apply("ecr_repository", "held", spec(true)).await;
    assert!(handler.holds(&world.cx, &forced).await.unwrap().is_nothing());
    handler.unlock(&world.cx, &live).await.unwrap();
    world.delete("ecr_repository", "held").await;
}

#[tokio::test]
async fn missing_repositories_hide_no_others() {
    let world = World::sandbox().await;
    world.apply("ecr_repository", "app", json!({ "name": "app" })).await;
    let names = ["app".to_owned(), "none".to_owned()];
    assert_eq!(world.owned("ecr_repository", &names).await.len(), 1);
    let reader = &world.registry.data["ecr_repository"];
    let read = |name: &str| reader.normalize(&json!({ "name": name })).unwrap();
    let found = reader.read(&world.cx, &read("app")).await.unwrap();
    assert_eq!((found.len(), found[0]["encryption_type"].as_str()), (1, Some("AES256")));
    assert_eq!(reader.read(&world.cx, &read("none")).await.unwrap(), Vec::<Json>::new());
}
