//! `drift`: what others changed is told with exit 2, what is merely missing is not, nothing is
//! written.

use super::answers::{conforms, plain};
use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

const STACK: &str = r#"
[workspace]
description = "drifts"
[vpc.main]
cidr_block = "10.45.0.0/16"
tags       = { Name = "main" }
[log_group.kept]
name              = "/e2e/${env}/kept"
retention_in_days = 7
[log_group.lost]
name = "/e2e/${env}/lost"
[outputs]
vpc_id = { value = "${vpc.main.id}", description = "the VPC" }
"#;

const OTHER: &str = r#"
[workspace]
description = "stands apart"
[log_group.other]
name = "/e2e/${env}/other"
"#;

/// `action address` of what would mend the account.
fn changes(document: &Value) -> Vec<String> {
    let workspaces = document["workspaces"].as_array().expect("workspaces");
    let all = workspaces.iter().flat_map(|w| w["changes"].as_array().expect("changes"));
    let acting = all.filter(|change| change["action"] != "none");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    acting.map(|c| format!("{} {}", text(&c["action"]), text(&c["address"]))).collect()
}

#[track_caller]
fn drift(stage: &Stage, arguments: &[&str], code: i32) -> Value {
    let ran = stage.run(&[&["drift", "--format", "json"], arguments].concat()).exits(code);
    assert_eq!(ran.stderr, "");
    conforms(stage, "drift", &[ran.json()]);
    ran.json()
}

fn drift_is_told(stage: &Stage) {
    stage.stack("drifts", STACK);
    stage.stack("apart", OTHER);

    // Nothing was ever applied: everything is missing, and nothing drifted.
    let document = drift(stage, &["drifts"], 0);
    assert_eq!(document["differs"], false);
    assert_eq!(document["summary"]["missing"], 3);
    assert_eq!(
        document["workspaces"][0]["missing"],
        json!(["log_group.kept", "log_group.lost", "vpc.main"])
    );
    let ran = stage.run(&["drift", "drifts"]).exits(0);
    assert!(ran.stdout.starts_with("No drift: there are no live resources.\n"), "{}", ran.stdout);
    assert_eq!(stage.owned(), Vec::<String>::new(), "drift writes nothing");

    stage.apply("drifts");
    let ran = stage.run(&["drift", "drifts"]).exits(0);
    assert_eq!(ran.stdout, "No drift: 3 live resources are as the stack says.\n");
    plain(&ran);

    // Changed, deleted, and left behind by the file.
    let group = |name: &str| format!("/e2e/{}/{name}", stage.environment());
    let retention = json!({ "logGroupName": group("kept"), "retentionInDays": 30 });
    stage.call("logs", "put_retention_policy", retention);
    stage.call("logs", "delete_log_group", json!({ "logGroupName": group("lost") }));
    let vpc = stage.plan(&["drifts"]).id("vpc.main");
    stage.untag(&vpc, "Name");
    let owned = stage.owned();
    let document = drift(stage, &["drifts"], 2);
    assert_eq!(changes(&document), ["update log_group.kept", "update vpc.main"]);
    assert_eq!(document["differs"], true);
    assert_eq!(document["workspaces"][0]["missing"], json!(["log_group.lost"]));
    assert_eq!(document["workspaces"][0]["changes"][0]["fields"][0]["before"], 30);
    assert_eq!(document["workspaces"][0]["changes"][0]["fields"][0]["after"], 7);

    let ran = stage.run(&["drift", "--all"]).exits(2);
    plain(&ran);
    assert_eq!(ran.stderr, "");
    for words in [
        "~ log_group.kept",
        "retention_in_days: 30 → 7",
        "Drift: 2 to update, 0 to replace, 0 to delete; 0 as the stack says.\n",
        "2 resources of the stack are not in the account",
        "apart (",
    ] {
        assert!(ran.stdout.contains(words), "{words} is not in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("log_group.lost"), "creations are left out: {}", ran.stdout);
    let ran = stage.run(&["drift", "--all", "--format", "markdown"]).exits(2);
    assert!(ran.stdout.starts_with("### Drift: 2 to update,"), "{}", ran.stdout);

    // Without its stanza it is live and in no file; protected, it cannot be mended.
    stage.stack(
        "drifts",
        &STACK.replace(
            "[log_group.kept]\nname              = \"/e2e/${env}/kept\"\nretention_in_days = 7\n",
            "",
        ),
    );
    let document = drift(stage, &["drifts"], 2);
    assert_eq!(changes(&document), ["delete log_group.kept", "update vpc.main"]);
    let wider = STACK
        .replace("10.45.0.0/16", "10.46.0.0/16")
        .replace("[log_group.kept]", "protect = true\n[log_group.kept]");
    stage.stack("drifts", &wider);
    let document = drift(stage, &["drifts"], 4);
    assert_eq!(document["summary"]["blocked"], 1);
    stage.stack("drifts", STACK);
    assert_eq!(stage.owned(), owned, "drift writes nothing");

    stage.apply("drifts");
    drift(stage, &["drifts"], 0);
    stage.run(&["drift"]).exits(1);
    stage.run(&["drift", "nowhere"]).exits(1);
    stage.destroy_all();
}

on_both!(drift_is_told);
