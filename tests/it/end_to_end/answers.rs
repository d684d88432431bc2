//! stdout is the answer and nothing else, in the shape the schemas promise.

use super::on_both;
use super::stage::{Ran, Stage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

const STACK: &str = r#"
[workspace]
description = "answers"
[variables.key]
type        = "string"
sensitive   = true
default     = "s3cret"
description = "not to be shown"
[vpc.main]
cidr_block = "10.44.0.0/16"
[security_group.a]
name    = "${env}-a"
vpc_id  = "${vpc.main.id}"
ingress = [{ ip_protocol = "tcp", from_port = 80, referenced_security_group_id = "${security_group.b.id}" }]
[security_group.b]
name    = "${env}-b"
vpc_id  = "${vpc.main.id}"
ingress = [{ ip_protocol = "tcp", from_port = 80, referenced_security_group_id = "${security_group.a.id}" }]
[log_group.main]
name = "/e2e/${env}/answers"
tags = { Key = "${var.key}" }
[outputs]
vpc_id = { value = "${vpc.main.id}", description = "the VPC" }
key    = { value = "${var.key}", description = "hidden", sensitive = true }
"#;

/// Judges documents by a schema of ours, with Python's `jsonschema`.
#[track_caller]
pub(super) fn conforms(stage: &Stage, schema: &str, documents: &[Value]) {
    let path = format!("{}/src/ui/schemas/{schema}.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(path).expect("the schema is there"))
            .expect("the schema is JSON");
    let problems = stage.python(
        "from jsonschema import Draft202012Validator
Draft202012Validator.check_schema(input['schema'])
judge = Draft202012Validator(input['schema'])
result = [f'{e.json_path}: {e.message}' for d in input['documents'] for e in judge.iter_errors(d)]",
        json!({ "schema": schema, "documents": documents }),
    );
    assert_eq!(problems, json!([]));
    assert!(documents.iter().all(|d| d["schema"] == "infra/v1"));
}

#[track_caller]
pub(super) fn plain(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains('\u{1b}'), "colour codes in a pipe: {text:?}");
        assert!(!text.contains("s3cret"), "a secret is shown: {text}");
        let wide = text.lines().find(|l| l.chars().count() > 80 && !l.starts_with('{'));
        assert_eq!(wide, None, "wider than 80 columns");
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn documents(stage: &Stage) {
    stage.stack("answers", STACK);
    let ran = stage.run(&["validate", "answers", "--format", "json"]).exits(0);
    conforms(stage, "validate", &[ran.json()]);

    let ran = stage.run(&["plan", "answers", "--format", "json"]).exits(0);
    plain(&ran);
    assert_eq!(ran.stderr, "", "a plan has nothing to say beside its answer");
    conforms(stage, "plan", &[ran.json()]);
    assert_eq!(ran.json()["summary"]["create"], 4);

    let ran = stage.run(&["apply", "answers", "--yes", "--format", "json"]).exits(0);
    plain(&ran);
    let events = lines(&ran.stdout);
    conforms(stage, "events", &events);
    complete(&events, &[("create", 4)]);

    for (verb, schema) in [
        (&["outputs", "answers"][..], "outputs"),
        (&["show"], "show"),
        (&["show", "vpc.main"], "show"),
    ] {
        let ran = stage.run(&[verb, &["--format", "json"]].concat()).exits(0);
        assert_eq!(ran.stderr, "");
        if verb[0] != "outputs" {
            // A tag of a log group is not hidden in the account; it is where it was put.
            assert!(!ran.stdout.contains('\u{1b}'));
        }
        conforms(stage, schema, &[ran.json()]);
    }
    let ran = stage.run(&["explain", "vpc", "--format", "json"]).exits(0);
    conforms(stage, "explain", &[ran.json()]);

    stage.stack("answers", &STACK.replace("10.44.0.0/16", "10.44.0.0/99"));
    let ran = stage.run(&["plan", "answers", "--format", "json"]).exits(1);
    assert_eq!(ran.stdout, "");
    conforms(stage, "error", &lines(&ran.stderr));
    stage.stack("answers", STACK);

    let ran = stage.run(&["destroy", "answers", "--yes", "--format", "json"]).exits(0);
    plain(&ran);
    let events = lines(&ran.stdout);
    conforms(stage, "events", &events);
    complete(&events, &[("delete", 4)]);
    assert_eq!(stage.owned(), Vec::<String>::new());
}

/// Everything started is done, once; the summary comes last and only then.
#[track_caller]
fn complete(events: &[Value], expected: &[(&str, usize)]) {
    let mut open = BTreeMap::new();
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for event in events {
        let step = (event["address"].to_string(), event["part"].to_string());
        match event["type"].as_str().expect("a type") {
            "started" => assert_eq!(open.insert(step, false), None, "twice: {event}"),
            "done" => {
                assert_eq!(open.insert(step, true), Some(false), "not started: {event}");
                assert!(event["elapsed_ms"].is_u64(), "{event}");
                if event["part"] == "main" {
                    let action = event["action"].as_str().expect("an action");
                    *done.entry(action.to_owned()).or_default() += 1;
                }
            }
            "waiting" => assert!(event["reason"].is_string(), "{event}"),
            "planned" | "summary" => {}
            other => panic!("{other}: {event}"),
        }
    }
    assert!(open.values().all(|done| *done), "left open: {open:?}");
    let expected: BTreeMap<_, _> = expected.iter().map(|(a, n)| ((*a).to_owned(), *n)).collect();
    assert_eq!(done, expected);
    let summaries = events.iter().filter(|e| e["type"] == "summary").count();
    assert_eq!(summaries, 1);
    assert_eq!(events.last().expect("events")["type"], "summary");
}

fn text_for_people(stage: &Stage) {
    stage.stack("answers", STACK);
    let ran = stage.run(&["plan", "answers"]).exits(0);
    plain(&ran);
    assert_eq!(ran.stderr, "");
    assert!(
        ran.stdout.contains("+ vpc.main") && ran.stdout.contains("4 to create"),
        "{}",
        ran.stdout
    );

    let ran = stage.run(&["apply", "answers", "--yes"]).exits(0);
    plain(&ran);
    // Plan and progress beside the answer; what was done and the outputs are the answer.
    assert!(ran.stderr.contains("+ vpc.main") && ran.stderr.contains("vpc.main: created"));
    assert!(ran.stdout.contains("4 created") && ran.stdout.contains("vpc_id"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("created ["), "no progress in the answer: {}", ran.stdout);

    let ran = stage.run(&["apply", "answers", "--yes", "--quiet"]).exits(0);
    assert_eq!(ran.stderr, "");
    let ran = stage.run(&["outputs", "answers", "vpc_id"]).exits(0);
    assert!(ran.stdout.starts_with("vpc-") && ran.stdout.lines().count() == 1, "{}", ran.stdout);
    let ran = stage.run(&["plan", "answers", "--format", "markdown"]).exits(0);
    plain(&ran);
    let ran = stage.run(&["show"]).exits(0);
    assert!(ran.stdout.contains("vpc.main"), "{}", ran.stdout);
    let ran = stage.run(&["destroy", "answers", "--yes"]).exits(0);
    plain(&ran);
    assert!(ran.stdout.contains("4 deleted"), "{}", ran.stdout);
    assert_eq!(stage.owned(), Vec::<String>::new());
}

on_both!(documents, text_for_people);
