//! Snapshots of everything people and programs read.

pub(crate) mod sample;
pub(crate) mod schemas;

use super::text::Look;
use super::{diagnostics, events, explain, json, markdown, plan, result, show};
use crate::engine::event::{Event, EventType};
use crate::engine::plan::{Action, Mode, Node, Operation, Part, Plan};
use crate::stack::{
    Address, BlockKind, Catalog, Diagnostic, Diagnostics, Kind, Location, Source, TypeEntry,
};
use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const PLAIN: Look = Look { width: 80, colour: false, verbose: false };
const COLOUR: Look = Look { colour: true, ..PLAIN };

/// Every line fits, or is one word longer than a line.
fn assert_fits(text: &str, width: usize) {
    for line in text.lines() {
        let wide = super::text::columns(line) > width;
        let words = line.split_whitespace().filter(|w| w.len() > width / 2).count();
        assert!(!wide || words > 0, "{} columns: {line}", super::text::columns(line));
    }
}

#[test]
fn a_plan_with_everything() {
    let text = plan::text(&[sample::everything()], Look { verbose: true, ..PLAIN });
    assert_fits(&text, 80);
    assert_snapshot!(text);
}

#[test]
fn a_plan_in_colour() {
    let mut plan = sample::plan(vec![sample::workspace("order-api", sample::updates())]);
    plan.workspaces[0].changes.truncate(4);
    plan.workspaces[0].changes.extend(sample::losses());
    let text = plan::text(std::slice::from_ref(&plan), COLOUR);
    let stripped = anstream::adapter::strip_str(&text).to_string();
    assert_eq!(stripped, plan::text(&[plan], PLAIN), "colour adds nothing but colour");
    assert_snapshot!(text.replace('\u{1b}', "␛"));
}

#[test]
fn a_narrow_plan_still_fits() {
    let look = Look { width: 50, ..PLAIN };
    let text = plan::text(&[sample::everything()], look);
    assert_fits(&text, 50);
    assert_snapshot!(text);
}

#[test]
fn what_others_decide_is_told_beside_what_changes() {
    let mut plan = sample::plan(vec![sample::workspace("network", sample::updates())]);
    let left = crate::engine::plan::LeftField {
        path: "desired_count".into(),
        value: serde_json::json!(3),
        owner: "its scaling target (2 to 4)".into(),
    };
    plan.workspaces[0].changes[0].left.push(left);
    let text = plan::text(std::slice::from_ref(&plan), PLAIN);
    let line = "desired_count: 3 stays, its scaling target (2 to 4) decides it";
    assert!(text.contains(line), "{text}");
    let document = serde_json::to_value(json::PlanDocument::new(&[plan])).unwrap();
    schemas::assert_conforms("plan", &document);
    assert_eq!(document["workspaces"][0]["changes"][0]["left"][0]["path"], "desired_count");
}

#[test]
fn plans_without_changes() {
    let nothing = sample::plan(vec![
        sample::workspace("network", vec![sample::unchanged("vpc.main", "vpc-1")]),
        sample::workspace("empty", vec![]),
    ]);
    let destroy =
        Plan { mode: Mode::Destroy, ..sample::plan(vec![sample::workspace("network", vec![])]) };
    let one = sample::plan(vec![sample::workspace(
        "network",
        vec![sample::unchanged("vpc.main", "vpc-1"), sample::unchanged("vpc.other", "vpc-2")],
    )]);
    let text = [&nothing, &destroy, &one]
        .map(|plan| plan::text(std::slice::from_ref(plan), PLAIN))
        .join("-----\n");
    assert_snapshot!(text);
}

#[test]
fn a_plan_as_markdown() {
    assert_snapshot!(markdown::markdown(&[sample::everything()]));
}

#[test]
fn a_plan_as_json() {
    let document = json::PlanDocument::new(&[sample::everything()]);
    let text = json::pretty(&document);
    assert!(!text.contains("hunter"), "sensitive values are left out");
    assert!(!text.contains('\u{10FFFD}'), "placeholders are left out");
    schemas::assert_conforms("plan", &serde_json::from_str(&text).unwrap());
    assert_snapshot!(text);
}

fn location(source: &Arc<Source>, words: &str) -> Location {
    let start = source.text.find(words).unwrap();
    Location { source: Arc::clone(source), range: start..start + words.len() }
}

fn problems() -> Diagnostics {
    let text = "[workspace]\ndescription = \"x\"\n\n[subnet.public]\nvpc_id = \"${vpc.main.id}\"\n\
                cidr_blok = \"10.0.0.0/20\"  # a comment that goes on and on, far beyond the \
                width of any terminal that people still use today, and then some more\n";
    let file = Arc::new(Source { name: "stacks/order-api.toml".into(), text: text.into() });
    let flag = Arc::new(Source { name: "--var".into(), text: "desired_count=many".into() });
    let env = "[variables]\ndesired_count = 0\n".to_owned();
    let env = Arc::new(Source { name: "stacks/environments/dev.toml".into(), text: env });
    [
        Diagnostic::error("unknown_key", "`subnet` has no field `cidr_blok`")
            .at_location(Some(location(&file, "cidr_blok")))
            .hint("did you mean `cidr_block`?"),
        Diagnostic::error("wrong_reference", "`vpc_id` wants the id of a vpc")
            .at_location(Some(location(&file, "vpc.main.id")))
            .label("there is no `vpc.main`")
            .related(location(&file, "subnet.public"), "in this resource")
            .related(location(&env, "desired_count"), "and here is another file"),
        Diagnostic::error("wrong_type", "variable `desired_count` must be a number")
            .at_location(Some(location(&flag, "many"))),
        Diagnostic::error(
            "not_ours",
            "log group `/ecs/eu-west-1/dev/order-api` exists, but does not carry the tags that \
             would make it ours, so it is left alone",
        )
        .kind(Kind::Blocked)
        .note("Somebody else may own it, or its tags were taken away; infra never takes over what it did not make.")
        .hint("`infra import log_group.app /ecs/eu-west-1/dev/order-api` makes it ours, if it is yours to give"),
        Diagnostic::warning("unused_variable", "variable `colour` is given but not declared"),
    ]
    .into_iter()
    .collect()
}

#[test]
fn problems_as_text() {
    let text = diagnostics::text(&problems(), PLAIN);
    assert_fits(&text, 80);
    assert_snapshot!(text);
    let one = Diagnostics::from(Diagnostic::error("x", "one alone"));
    assert_snapshot!(diagnostics::text(&one, PLAIN), @"error: one alone");
}

#[test]
fn problems_for_programs() {
    let all = problems();
    for line in diagnostics::json_lines(&all).lines() {
        schemas::assert_conforms("error", &serde_json::from_str(line).unwrap());
    }
    let document: Json = serde_json::from_str(&diagnostics::validate_json(&all)).unwrap();
    schemas::assert_conforms("validate", &document);
    assert_snapshot!(
        [diagnostics::json_lines(&all), diagnostics::github(&all), diagnostics::sarif(&all)]
            .join("-----\n")
    );
}

fn event(kind: EventType, address: &str, action: Action, reason: &str, elapsed_ms: u64) -> Event {
    Event {
        time: "2026-01-02T03:04:05Z".into(),
        kind,
        workspace: Some("network".into()),
        region: Some("eu-west-1".into()),
        address: Address::parse(address),
        part: Some(Part::Main),
        action: Some(action),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        elapsed_ms,
    }
}

fn run() -> (Plan, Vec<Event>) {
    use EventType::{Done, Failed, Skipped, Started, Summary, Waiting};
    let changes = vec![
        sample::change("nat_gateway.a", Action::Create, crate::engine::plan::Reason::Missing),
        sample::change("route_table.a", Action::Create, crate::engine::plan::Reason::Missing),
        sample::change("subnet.a[\"x\"]", Action::Replace, crate::engine::plan::Reason::Requested),
        sample::change("vpc.old", Action::Delete, crate::engine::plan::Reason::NotInStack),
    ];
    let mut plan = sample::plan(vec![sample::workspace("network", changes)]);
    let node = |change, part, operation| Node {
        workspace: 0,
        change,
        part,
        operation,
        after: vec![],
        lets_go_of: vec![],
    };
    plan.nodes = vec![
        node(0, Part::Main, Operation::Create),
        node(1, Part::Main, Operation::Create),
        node(1, Part::Late, Operation::Update),
        node(2, Part::Main, Operation::Delete),
        node(2, Part::Main, Operation::Create),
        node(3, Part::Main, Operation::Delete),
    ];
    let late = Event {
        part: Some(Part::Late),
        ..event(Skipped, "route_table.a", Action::Create, "nat_gateway.a failed", 0)
    };
    let events = vec![
        event(Started, "nat_gateway.a", Action::Create, "", 0),
        event(Waiting, "nat_gateway.a", Action::Create, "state available, now pending", 500),
        event(Waiting, "nat_gateway.a", Action::Create, "state available, now pending", 2_000),
        event(Waiting, "nat_gateway.a", Action::Create, "state available, now pending", 9_000),
        event(Waiting, "nat_gateway.a", Action::Create, "state available, now pending", 32_500),
        event(Started, "subnet.a[\"x\"]", Action::Delete, "", 0),
        event(Done, "subnet.a[\"x\"]", Action::Delete, "subnet-0old", 900),
        event(Started, "subnet.a[\"x\"]", Action::Create, "", 0),
        event(Done, "subnet.a[\"x\"]", Action::Create, "subnet-0new", 2_300),
        event(Done, "route_table.a", Action::Create, "rtb-0abc", 1_000),
        event(
            Failed,
            "nat_gateway.a",
            Action::Create,
            "CreateNatGateway: NatGatewayLimitExceeded: the limit of 5 is reached",
            65_000,
        ),
        late,
        Event {
            workspace: None,
            address: None,
            part: None,
            action: None,
            ..event(Summary, "", Action::None, "1 replaced", 66_000)
        },
    ];
    (plan, events)
}

#[test]
fn a_run_as_lines_then_what_became_of_it() {
    let (plan, events) = run();
    let plans = [plan];
    let catalog = crate::resources::registry().catalog();
    let names = events::Names::new(&plans, &catalog);
    let mut lines = events::Lines::new(names, PLAIN);
    let mut text: String =
        events.iter().filter_map(|event| lines.line(event)).map(|line| line + "\n").collect();
    let mut tally = result::Tally::new(&plans, &catalog);
    events.iter().for_each(|event| tally.take(event));
    assert!(!tally.complete());
    text.push('\n');
    text.push_str(&tally.text(PLAIN));
    assert_snapshot!(text);
}

#[test]
fn a_run_as_json() {
    let (_, events) = run();
    let lines: Vec<_> = events.iter().map(|e| json::line(&json::EventDocument::from(e))).collect();
    for line in &lines {
        schemas::assert_conforms("events", &serde_json::from_str(line).unwrap());
    }
    assert_snapshot!([&lines[0], &lines[11], &lines[12]].map(String::as_str).concat());
}

#[test]
fn a_run_that_did_everything() {
    let (mut plan, _) = run();
    plan.workspaces[0].changes.truncate(1);
    plan.nodes.truncate(1);
    let mut tally = result::Tally::new(&[plan], &Catalog::default());
    tally.take(&event(EventType::Done, "nat_gateway.a", Action::Create, "nat-1", 1000));
    assert!(tally.complete());
    assert_snapshot!(tally.with_elapsed(61_000).text(PLAIN), @"Applied: 1 created in 1m 01s.");
}

#[test]
fn outputs_and_live_resources() {
    let output = |name: &str, value: Json, sensitive| show::OutputValue {
        name: name.into(),
        value,
        sensitive,
        description: None,
    };
    let all = [show::WorkspaceOutputs {
        workspace: "network".into(),
        region: "eu-west-1".into(),
        outputs: vec![
            output("vpc_id", json!("vpc-0abc"), false),
            output(
                "private_subnet_ids",
                json!([
                    "subnet-0a1b2c3d4e5f60718",
                    "subnet-1a1b2c3d4e5f60718",
                    "subnet-2a1b2c3d4e5f60718"
                ]),
                false,
            ),
            output("token", json!("hunter2"), true),
            output("not_yet", Json::Null, false),
        ],
    }];
    let live = |address: &str, id: &str, state: Option<&str>| {
        show::LiveResource {
        workspace: "network".into(),
        region: "eu-west-1".into(),
        address: address.into(),
        aws_name: "AWS::EC2::Thing".into(),
        id: id.into(),
        state: state.map(str::to_owned),
        attributes: [
            ("id".to_owned(), json!(id)),
            ("cidr_block".to_owned(), json!("10.0.0.0/16")),
            ("secret".to_owned(), json!("hunter2")),
            ("absent".to_owned(), Json::Null),
            ("routes".to_owned(), json!([
                { "destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-0a1b2c3d4e5f60718", "note": "x" },
            ])),
            ("policy".to_owned(), json!("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\"}]}")),
        ]
        .into(),
        tags: [("Name".to_owned(), "main".to_owned()), ("infra:project".to_owned(), "shop".to_owned())].into(),
        sensitive: vec!["secret".into()],
    }
    };
    let resources = [
        live("vpc.main", "vpc-0abc", None),
        live("subnet.public[\"a\"]", "subnet-0abc", Some("pending")),
    ];
    let (outputs, shown) = (show::outputs_json(&all), show::resources_json(&resources));
    schemas::assert_conforms("outputs", &serde_json::from_str(&outputs).unwrap());
    schemas::assert_conforms("show", &serde_json::from_str(&shown).unwrap());
    let text = [
        show::outputs_text(&all, false, PLAIN),
        show::list_text(&resources, PLAIN),
        show::resource_text(&resources[1], PLAIN),
        outputs,
    ]
    .join("-----\n");
    assert!(!text.contains("hunter") && !shown.contains("hunter"));
    assert_snapshot!(text);
}

fn catalog() -> Catalog {
    use crate::stack::schema::{immutable, late, sensitive};
    use schemars::JsonSchema;
    use std::collections::{BTreeMap, BTreeSet};

    /// A protocol.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only its schema is read")]
    enum Protocol {
        Tcp,
        Udp,
    }

    /// A rule of the thing.
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct Rule {
        /// First port.
        from_port: u16,
        /// What is let through.
        protocol: Protocol,
    }

    fn seven() -> u32 {
        7
    }

    /// A thing that holds others, as AWS has them in every account and
    /// region that was ever used.
    ///
    /// It costs nothing.
    ///
    /// ```toml
    /// [thing.main]
    /// name = "main"
    /// ```
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct Thing {
        /// Name, unique in the account and region. AWS never lets go of it, so a new name means a new thing.
        #[schemars(transform = immutable)]
        name: String,
        /// Days.
        #[schemars(default = "seven")]
        retention_in_days: u32,
        /// Rules, also between things that name each other.
        #[schemars(transform = late)]
        rules: Option<BTreeSet<RuleKey>>,
        /// Rules by name.
        named: Option<BTreeMap<String, Rule>>,
        /// Password.
        #[schemars(transform = sensitive)]
        password: Option<String>,
    }

    /// A rule's key.
    #[derive(JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
    #[schemars(transparent)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct RuleKey(String);

    /// What AWS decides of a thing.
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct ThingOut {
        /// The thing's id.
        id: String,
    }

    let entry = TypeEntry {
        name: "thing",
        aws_name: "AWS::Test::Thing",
        spec: schemars::schema_for!(Thing).to_value(),
        out: schemars::schema_for!(ThingOut).to_value(),
    };
    let data = TypeEntry { name: "other_thing", ..entry.clone() };
    Catalog { resources: [("thing", entry)].into(), data: [("other_thing", data)].into() }
}

#[test]
fn a_type_explained() {
    let catalog = catalog();
    let entry = catalog.get(BlockKind::Resource, "thing").unwrap();
    let field = explain::find(entry, "named.protocol").unwrap();
    assert_eq!(explain::find(entry, "named.protocl").unwrap_err().known, ["from_port", "protocol"]);
    let text = [
        explain::list_text(&catalog, PLAIN),
        explain::type_text(BlockKind::Resource, entry, PLAIN),
        explain::field_text_alone(&field, PLAIN),
    ]
    .join("-----\n");
    assert_fits(&text, 80);
    assert_snapshot!(text);
    for document in [explain::list_json(&catalog), explain::type_json(BlockKind::Resource, entry)] {
        schemas::assert_conforms("explain", &serde_json::from_str(&document).unwrap());
    }
}
