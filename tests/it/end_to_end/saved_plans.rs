//! A saved plan is carried out as it was shown, once, or not at all.

use super::on_both;
use super::stage::Stage;
use serde_json::json;
use std::fs;

const STACK: &str = r#"
[workspace]
description = "saved"
[variables.days]
type    = "number"
default = 7
description = "days"
[vpc.main]
cidr_block = "10.42.0.0/16"
tags       = { Name = "${env}" }
[log_group.main]
name              = "/e2e/${env}/saved"
retention_in_days = "${var.days}"
"#;

fn saved(stage: &Stage) {
    stage.stack("saved", STACK);
    let plan = |more: &[&str]| {
        stage.run(&[&["plan", "saved", "--out", "a.plan"], more].concat()).exits(0);
    };
    let apply = |code: i32| {
        let ran = stage.run(&["apply", "./a.plan"]).exits(code);
        if code == 5 {
            assert!(ran.stderr.contains("new plan"), "it says how to go on: {}", ran.stderr);
        }
    };
    plan(&["--var", "days=14"]);
    assert_eq!(stage.owned(), Vec::<String>::new(), "a plan writes nothing");
    apply(0);
    assert_eq!(stage.owned().len(), 2);
    let ran = stage.run(&["plan", "saved", "--var", "days=14", "--detailed-exitcode"]);
    ran.exits(0); // the variable was saved, too
    apply(5); // applied already

    // The account is not as the plan saw it.
    let vpc = stage.plan(&["saved"]).id("vpc.main");
    plan(&[]);
    stage.tag(&vpc, "Name", "another");
    apply(5);
    stage.tag(&vpc, "Name", stage.environment());

    // The files are not as the plan saw them.
    plan(&[]);
    stage.stack("saved", &STACK.replace("10.42", "10.43"));
    apply(5);
    stage.stack("saved", STACK);

    // Somebody changed the plan.
    plan(&[]);
    let file = stage.folder().join("a.plan");
    let text = fs::read_to_string(&file).expect("the plan is there");
    let other = text.replace("retention_in_days", "retention_in_dayz");
    assert_ne!(text, other);
    fs::write(&file, other).expect("it can be written");
    apply(5);

    let group = format!("/e2e/{}/saved", stage.environment());
    let prefix = json!({ "logGroupNamePrefix": group });
    let found = stage.call("logs", "describe_log_groups", prefix.clone());
    assert_eq!(found["logGroups"][0]["retentionInDays"], 14, "none of these changed anything");
    plan(&[]);
    apply(0);
    let found = stage.call("logs", "describe_log_groups", prefix);
    assert_eq!(found["logGroups"][0]["retentionInDays"], 7);

    // A destroy can be saved as well.
    stage.run(&["plan", "saved", "--destroy", "--out", "a.plan"]).exits(0);
    apply(0);
    assert_eq!(stage.owned(), Vec::<String>::new());
}

on_both!(saved);
