//! Repositories: every field there and back, drift, and what holds images.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

on_both!(repository_fields, repository_drift, repositories_that_hold_images);

fn name(stage: &Stage, label: &str) -> String {
    format!("{}/{label}", stage.environment())
}

fn repository(stage: &Stage, label: &str, fields: &str) -> String {
    let name = name(stage, label);
    format!("[ecr_repository.{label}]\nname = \"{name}\"\ntags = {{ team = \"shop\" }}\n{fields}\n")
}

fn keep(images: u32) -> String {
    format!(
        "lifecycle_policy = {{ rules = [{{ rulePriority = 1, selection = {{ tagStatus = \"any\", \
         countType = \"imageCountMoreThan\", countNumber = {images} }}, \
         action = {{ type = \"expire\" }} }}] }}\n"
    )
}

fn pulls(account: &str) -> String {
    format!(
        "repository_policy = {{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", \
         Action = \"ecr:BatchGetImage\", Principal = {{ AWS = \"{account}\" }} }}] }}\n"
    )
}

fn described(stage: &Stage, label: &str) -> Value {
    let names = json!({ "repositoryNames": [name(stage, label)] });
    stage.call("ecr", "describe_repositories", names)["repositories"][0].clone()
}

fn push(stage: &Stage, label: &str, layer: u32) {
    let part = |size: u32| {
        json!({ "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": size,
                "digest": format!("sha256:{size:064x}") })
    };
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": part(1), "layers": [part(layer)],
    });
    let image = json!({ "repositoryName": name(stage, label), "imageTag": format!("v{layer}"),
                        "imageManifest": manifest.to_string() });
    stage.call("ecr", "put_image", image);
}

fn repository_fields(stage: &Stage) {
    let first = "image_tag_mutability = \"IMMUTABLE\"\n\
                 image_scanning_configuration = { scan_on_push = true }\n"
        .to_owned()
        + &keep(5)
        + &pulls("210987654321");
    let second = "image_tag_mutability = \"MUTABLE\"\nforce_delete = true\n\
                  image_scanning_configuration = { scan_on_push = false }\n"
        .to_owned()
        + &keep(9)
        + &pulls("109876543210");
    stage.stack("images", &repository(stage, "app", &first));
    stage.apply("images");
    stage.settled("images");
    let before = described(stage, "app");
    assert_eq!(before["imageTagMutability"], "IMMUTABLE");
    let expected = ["update ecr_repository.app: force_delete image_scanning_configuration.\
                     scan_on_push image_tag_mutability lifecycle_policy repository_policy"];
    stage.stack("images", &repository(stage, "app", &second));
    stage.changes("images", &expected);
    assert_eq!(described(stage, "app")["createdAt"], before["createdAt"], "the same one");
    stage.stack("images", &repository(stage, "app", &first));
    stage.changes("images", &expected);
    let none = "lifecycle_policy = { rules = [] }\n\
                repository_policy = { Version = \"2012-10-17\", Statement = [] }\n";
    stage.stack("images", &repository(stage, "app", none));
    stage.changes("images", &["update ecr_repository.app: lifecycle_policy repository_policy"]);
    let excluding = "image_tag_mutability = \"IMMUTABLE_WITH_EXCLUSION\"\n\
                     image_tag_mutability_exclusion_filters = [{ filter = \"dev-*\" }]\n";
    stage.stack("images", &repository(stage, "app", excluding));
    stage.changes(
        "images",
        &["update ecr_repository.app: image_tag_mutability \
           image_tag_mutability_exclusion_filters"],
    );
    let filters = &described(stage, "app")["imageTagMutabilityExclusionFilters"];
    assert_eq!(*filters, json!([{ "filterType": "WILDCARD", "filter": "dev-*" }]));
    stage.destroy_all();
}

fn repository_drift(stage: &Stage) {
    let fields = "image_tag_mutability = \"IMMUTABLE\"\n".to_owned() + &keep(5);
    stage.stack("images", &repository(stage, "app", &fields));
    stage.apply("images");
    let repository = described(stage, "app");
    let app = name(stage, "app");
    let change = json!({ "repositoryName": app, "imageTagMutability": "MUTABLE" });
    stage.call("ecr", "put_image_tag_mutability", change);
    stage.call("ecr", "delete_lifecycle_policy", json!({ "repositoryName": app }));
    let tag = json!({ "resourceArn": repository["repositoryArn"], "tagKeys": ["team"] });
    stage.call("ecr", "untag_resource", tag);
    stage.changes(
        "images",
        &["update ecr_repository.app: image_tag_mutability lifecycle_policy tags.team"],
    );
    stage.call("ecr", "delete_repository", json!({ "repositoryName": app }));
    stage.changes("images", &["create ecr_repository.app"]);
    stage.destroy_all();
}

fn repositories_that_hold_images(stage: &Stage) {
    let plain = ["one", "two", "empty"].map(|label| repository(stage, label, "")).concat();
    let forced = repository(stage, "forced", "force_delete = true\n");
    stage.stack("images", &(plain + &forced));
    stage.apply("images");
    for (label, layers) in [("one", &[1000, 2000][..]), ("two", &[3000]), ("forced", &[4000])] {
        layers.iter().for_each(|layer| push(stage, label, *layer));
    }
    let replaced =
        repository(stage, "one", "encryption_configuration = { encryption_type = \"KMS\" }\n");
    let rest = ["two", "empty"].map(|label| repository(stage, label, "")).concat();
    stage.stack("images", &(replaced + &rest + &forced));
    let plan = stage.plan(&["images"]);
    assert_eq!(
        plan.changes(),
        ["blocked replace ecr_repository.one: encryption_configuration.encryption_type"]
    );
    let what = plan.change("ecr_repository.one")["blocked"].to_string();
    assert!(what.contains("2 images"), "{what}");
    stage.run(&["destroy", "--all", "--yes"]).exits(4);
    let ours = |labels: &[&str]| {
        let line = |label: &&str| format!("ecr_repository {}", name(stage, label));
        labels.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(stage.owned(), ours(&["one", "two"]), "force_delete took its images along");
    let allow = ["--allow-data-loss", "ecr_repository.one"];
    stage.run(&[&["destroy", "--all", "--yes"], &allow[..]].concat()).exits(4);
    assert_eq!(stage.owned(), ours(&["two"]));
    let allow = ["--allow-data-loss", "ecr_repository.two"];
    stage.run(&[&["destroy", "--all", "--yes"], &allow[..]].concat()).exits(0);
    assert_eq!(stage.owned(), Vec::<String>::new());
}
