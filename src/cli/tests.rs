//! The command line as a user meets it: help, bad usage, and what the verbs do with the engine.

use super::session::{Answers, Engine, Request, block_on};
use super::*;
use crate::engine::event::{Event, EventType, Observer};
use crate::engine::plan::{Action, Mode, Node, Operation, Part, Plan, Reason};
use crate::stack::{Address, Kind};
use crate::ui::Captured;
use crate::ui::show::{LiveResource, OutputValue, WorkspaceOutputs};
use crate::ui::tests::sample;
use insta::assert_snapshot;
use std::cell::Cell;
use std::path::Path;

fn help(args: &[&str]) -> String {
    let words = ["infra"].iter().chain(args).chain(&["--help"]);
    command(80).try_get_matches_from(words).unwrap_err().render().to_string()
}

#[test]
fn help_reads_well_at_80_columns() {
    let verbs: Vec<String> =
        command(80).get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for verb in &verbs {
        for line in help(&[verb]).lines().chain(help(&[]).lines()) {
            assert!(line.chars().count() <= 80, "{verb}: {line}");
        }
    }
    assert_snapshot!("help", help(&[]));
    assert_snapshot!("help_apply", help(&["apply"]));
}

#[test]
fn the_command_line_is_sound() {
    command(80).debug_assert();
}

fn exit(args: &[&str]) -> u8 {
    run(["infra"].iter().chain(args).map(OsString::from))
}

#[test]
fn bad_usage_is_exit_1_and_help_is_0() {
    for args in [&["--help"][..], &["--version"], &["plan", "--help"]] {
        assert_eq!(exit(args), 0, "{args:?}");
    }
    let bad = [
        &[][..],
        &["no-such-verb"],
        &["plan", "--no-such-flag"],
        &["plan", "a", "--all"],
        &["plan", "--all", "--target", "vpc"],
        &["plan"],
        &["plan", "--all", "--format", "sarif"],
        &["plan", "--all", "--var", "x"],
        &["plan", "--all", "--parallelism", "0"],
        &["plan", "--all", "--sandbox", "--endpoint-url", "http://localhost"],
        &["explain", "no_such_type"],
        &["plan", "--bad", "--format", "json"],
    ];
    for args in bad {
        assert_eq!(exit(args), 1, "{args:?}");
    }
}

#[test]
fn bad_usage_in_json_is_an_error_document() {
    let error = command(80).try_get_matches_from(["infra", "valdate"]).unwrap_err();
    let diagnostic = usage_diagnostic(&error);
    assert_eq!(diagnostic.message, "unrecognized subcommand 'valdate'");
    assert_eq!(diagnostic.hint.as_deref(), Some("a similar subcommand exists: 'validate'"));
}

/// An engine that has one plan and carries it out as told.
struct Fake {
    plan: Plan,
    events: Vec<Event>,
    fails: Option<Kind>,
    applied: Cell<bool>,
    /// What goes wrong in another region.
    elsewhere: Diagnostics,
}

impl Fake {
    fn new(changes: Vec<crate::engine::plan::Change>) -> Self {
        let mut plan = sample::plan(vec![sample::workspace("network", changes)]);
        let doable = plan.workspaces[0].changes.iter().enumerate();
        plan.nodes = doable
            .filter(|(_, change)| change.blocked.is_none() && change.action != Action::None)
            .map(|(change, _)| Node {
                workspace: 0,
                change,
                part: Part::Main,
                operation: Operation::Create,
                after: vec![],
                lets_go_of: vec![],
            })
            .collect();
        let events = plan.nodes.iter().map(|node| {
            let change = &plan.workspaces[0].changes[node.change];
            Event {
                time: "2026-01-02T03:04:05Z".into(),
                kind: EventType::Done,
                workspace: Some("network".into()),
                region: Some("eu-west-1".into()),
                address: Some(change.address.clone()),
                part: Some(Part::Main),
                action: Some(change.action),
                reason: Some("id-1".into()),
                elapsed_ms: 1,
            }
        });
        Self {
            events: events.collect(),
            plan,
            fails: None,
            applied: Cell::new(false),
            elsewhere: Diagnostics::new(),
        }
    }
}

impl Engine for Fake {
    async fn plan(&self, _: &Request) -> Answers<Plan> {
        Answers { all: vec![self.plan.clone()], problems: self.elsewhere.clone() }
    }

    async fn apply(&self, _: &[Plan], observer: &dyn Observer) -> Answers<WorkspaceOutputs> {
        self.applied.set(true);
        self.events.iter().for_each(|event| observer.event(event));
        let outputs = WorkspaceOutputs {
            workspace: "network".into(),
            region: "eu-west-1".into(),
            outputs: vec![OutputValue {
                name: "vpc_id".into(),
                value: "vpc-1".into(),
                sensitive: false,
                description: None,
            }],
        };
        match self.fails {
            Some(kind) => {
                Answers::failed(Diagnostic::error("stopped", "something failed").kind(kind).into())
            }
            None => Answers { all: vec![outputs], problems: Diagnostics::new() },
        }
    }

    fn save(&self, _: &[Plan], _: &Path) -> Result<(), Diagnostics> {
        Ok(())
    }

    fn load(&self, _: &Path) -> Result<Vec<Plan>, Diagnostics> {
        Ok(vec![self.plan.clone()])
    }

    async fn outputs(&self, _: &str) -> Answers<WorkspaceOutputs> {
        Answers::failed(Diagnostics::new())
    }

    async fn show(&self, _: Option<&Address>) -> Answers<LiveResource> {
        Answers::failed(Diagnostics::new())
    }
}

fn request(mode: Mode) -> Request {
    let selection = args::Selection { workspaces: Vec::new(), all: true };
    Request::new(mode, &selection, &args::Filters::default(), &args::Unlock::default())
}

fn reconcile(
    fake: &Fake,
    yes: bool,
    reply: Option<&'static str>,
    format: Format,
) -> (Outcome, Captured) {
    let options = OutputOptions { format, ..OutputOptions::default() };
    let (output, captured) = Output::captured(options, reply);
    let request = request(fake.plan.mode);
    let outcome = block_on(apply::reconcile(&request, yes, fake, &output)).unwrap();
    (outcome, captured)
}

fn vpc() -> crate::engine::plan::Change {
    sample::change("vpc.main", Action::Create, Reason::Missing)
}

#[test]
fn a_yes_applies_and_anything_else_changes_nothing() {
    for (reply, applied, code) in
        [(Some("yes"), true, 0), (Some("y"), false, 1), (Some(""), false, 1), (None, false, 1)]
    {
        let fake = Fake::new(vec![vpc()]);
        let (outcome, captured) = reconcile(&fake, false, reply, Format::Text);
        assert_eq!(fake.applied.get(), applied, "{reply:?}");
        assert_eq!(outcome.unwrap_or_else(|d| d.exit_code()), code, "{reply:?}");
        if applied {
            let messages = captured.messages.lock().unwrap().clone();
            let answer = captured.answer.lock().unwrap().clone();
            assert_snapshot!("apply_confirmed", format!("stderr:\n{messages}\nstdout:\n{answer}"));
        }
    }
}

#[test]
fn nobody_to_ask_is_refused_before_anything() {
    let (output, _) = Output::captured(OutputOptions::default(), None);
    let refused = confirm::possible("apply", false, &output).unwrap_err();
    assert_eq!(refused.exit_code(), 1);
    assert!(confirm::possible("apply", true, &output).is_ok());
}

#[test]
fn nothing_to_do_asks_nothing_and_still_shows_outputs() {
    let fake = Fake::new(vec![sample::unchanged("vpc.main", "vpc-1")]);
    let (outcome, captured) = reconcile(&fake, false, None, Format::Text);
    assert_eq!(outcome, Ok(0));
    let messages = captured.messages.lock().unwrap().clone();
    assert!(messages.starts_with("No changes. "), "{messages}");
    assert_eq!(*captured.answer.lock().unwrap(), "Outputs:\nvpc_id: \"vpc-1\"\n");
}

#[test]
fn blocked_changes_are_exit_4_and_the_rest_is_done() {
    let mut blocked = sample::change("vpc.old", Action::Delete, Reason::NotInStack);
    blocked.blocked = Some(crate::engine::plan::Blocked::Protected);
    let fake = Fake::new(vec![vpc(), blocked]);
    let (outcome, captured) = reconcile(&fake, true, None, Format::Text);
    assert_eq!(outcome.unwrap_err().exit_code(), 4);
    assert!(captured.answer.lock().unwrap().contains("1 created"));
}

#[test]
fn failures_keep_their_exit_code_and_are_told() {
    for (kind, code) in [(Kind::Partial, 3), (Kind::Interrupted, 130), (Kind::Stale, 5)] {
        let mut fake = Fake::new(vec![vpc()]);
        fake.fails = Some(kind);
        fake.events[0].kind = EventType::Failed;
        let (outcome, captured) = reconcile(&fake, true, None, Format::Text);
        assert_eq!(outcome.unwrap_err().exit_code(), code);
        let answer = captured.answer.lock().unwrap().clone();
        assert!(answer.starts_with("Not applied: 1 failed in "), "{answer}");
    }
}

#[test]
fn a_region_that_cannot_be_planned_hides_no_other_and_stops_the_run() {
    let unreadable = || Diagnostics::from(Diagnostic::error("aws", "cannot read vpc"));
    let mut fake = Fake::new(vec![vpc()]);
    fake.elsewhere = unreadable();
    let (outcome, captured) = reconcile(&fake, true, None, Format::Text);
    assert_eq!(outcome.unwrap_err().exit_code(), 1);
    assert!(!fake.applied.get());
    let messages = captured.messages.lock().unwrap().clone();
    assert!(messages.contains("+ vpc.main") && messages.contains("Nothing is changed"));

    let planned = |fake: &Fake| {
        let (output, captured) = Output::captured(OutputOptions::default(), None);
        let outcome = block_on(drift::with(&request(Mode::Apply), fake, &output)).unwrap();
        let answer = captured.answer.lock().unwrap().clone();
        (outcome.unwrap(), answer)
    };
    let mut fake = Fake::new(vec![sample::change("vpc.old", Action::Delete, Reason::NotInStack)]);
    fake.elsewhere = unreadable();
    let (code, answer) = planned(&fake);
    assert_eq!(code, 1, "2 says changes and nothing else");
    assert!(answer.contains("vpc.old"), "{answer}");
    fake.elsewhere.0[0].kind = Kind::Blocked;
    assert_eq!(planned(&fake).0, 4);
}

#[test]
fn drift_is_exit_2_and_blocked_4_and_what_is_missing_0() {
    let with = |changes: Vec<crate::engine::plan::Change>| {
        let (output, captured) = Output::captured(OutputOptions::default(), None);
        let fake = Fake::new(changes);
        let request = Request {
            mode: Mode::Apply,
            workspaces: Vec::new(),
            options: crate::engine::planner::PlanOptions::default(),
            compares: true,
        };
        let outcome = block_on(drift::with(&request, &fake, &output)).unwrap();
        assert!(!fake.applied.get(), "drift writes nothing");
        let answer = captured.answer.lock().unwrap().clone();
        (outcome.unwrap(), answer)
    };
    let missing = || sample::change("vpc.main", Action::Create, Reason::Missing);
    let orphan = || sample::change("vpc.old", Action::Delete, Reason::NotInStack);
    let (code, answer) = with(vec![missing()]);
    assert_eq!(code, 0, "{answer}");
    assert!(!answer.contains("vpc.main") && answer.contains("1 resource of the stack is not"));
    let (code, answer) = with(vec![missing(), orphan()]);
    assert_eq!(code, 2, "{answer}");
    let mut blocked = orphan();
    blocked.blocked = Some(crate::engine::plan::Blocked::Protected);
    let (code, answer) = with(vec![missing(), orphan(), blocked]);
    assert_eq!(code, 4, "{answer}");
}

#[test]
fn json_has_only_events_on_stdout() {
    let fake = Fake::new(vec![vpc()]);
    let (outcome, captured) = reconcile(&fake, true, None, Format::Json);
    assert_eq!(outcome, Ok(0));
    let answer = captured.answer.lock().unwrap().clone();
    for line in answer.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["schema"], "infra/v1");
    }
    assert_eq!(answer.lines().count(), 1);
}

#[test]
fn an_unknown_format_says_which_are_known() {
    let options = OutputOptions { format: Format::Sarif, ..OutputOptions::default() };
    let (output, _) = Output::captured(options, None);
    let error = only("plan", &output, &[Format::Text, Format::Json]).unwrap_err();
    assert_eq!(error.0[0].hint.as_deref(), Some("it knows `text`, `json`"));
}
