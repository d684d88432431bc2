//! What cannot work: told before anything is changed where it can be known, and otherwise taken back.

use super::super::stage::{Ran, Stage};
use super::SERVICES;
use serde_json::json;

/// All that a run says, without line breaks.
fn said(ran: &Ran) -> String {
    let words = ran.stdout.split_whitespace().chain(ran.stderr.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

/// Insists that all workspaces are refused with one error that says this, and nothing was made.
#[track_caller]
fn refused(stage: &Stage, told: &[&str]) {
    let ran = stage.run(&["apply", "--all", "--yes"]).exits(1);
    let said = said(&ran);
    for part in told {
        assert!(said.contains(part), "{part}: {}\n{}", ran.stdout, ran.stderr);
    }
    assert_eq!(said.matches("error:").count(), 1, "{}", ran.stderr);
    assert_eq!(stage.owned(), Vec::<String>::new());
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_changed() {
    let stage = Stage::of_real_stacks("dev");
    let dev = stage.read("environments/dev.toml");
    stage.write(
        "environments/dev.toml",
        &(dev.clone() + "[variables.order-api]\nmemory = 100000\n"),
    );
    refused(&stage, &["fits on no instance", "100000 MiB", "t3.medium"]);
    stage.write("environments/dev.toml", &dev);

    let api = stage.read("order-api.toml");
    let wrong = "supporting-infrastructure.outputs.listener_arn";
    assert!(api.contains(wrong));
    stage.write(
        "order-api.toml",
        &api.replace(wrong, &wrong.replace("listener_arn", "listner_arn")),
    );
    refused(&stage, &["listner_arn", "did you mean `listener_arn`?"]);

    // Another service with the same place among the rules.
    stage.write("order-api.toml", &api);
    let other = api.replace("\"order-api\"", "\"other-api\"").replace("/orders*", "/others*");
    let other = other.replace("repository_uris[local.name]", "repository_uris[\"order-api\"]");
    stage.write("other-api.toml", &other);
    refused(&stage, &["100", "order-api", "other-api"]);
}

#[test]
fn an_image_that_is_not_there_is_taken_back() {
    // ECS tells of tasks that stopped for an hour.
    let stage = Stage::of_real_stacks_at("60", "dev");
    stage.apply_all();
    let before = stage.healthy(2);
    let missing = ["--var", "image_tag=2.0.0"];
    let ran = stage.run(&[&["apply", "--all", "--yes"][..], &missing].concat()).exits(3);
    let said = said(&ran);
    assert!(said.contains("CannotPullContainerError"), "{}", ran.stderr);
    assert!(said.contains("dev-order-processor:2.0.0: not found"), "{}", ran.stderr);
    // The tasks from before run on, under the definition from before; the API, which builds on them,
    // was left alone.
    let after = stage.healthy(2);
    for name in SERVICES {
        assert_eq!(after[name]["image"], json!(format!("dev-{name}:1.0.0")));
        assert_eq!(after[name]["image"], before[name]["image"]);
    }
    let again = [&["plan", "--all", "--detailed-exitcode"][..], &missing].concat();
    stage.run(&again).exits(2);
    stage.apply_all();
    stage.healthy(2);
    stage.nothing_is_left_after(&["destroy", "--all", "--yes"]);
}
