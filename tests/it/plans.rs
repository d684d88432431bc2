//! Plans as data: stack files and an account in, plan and order of steps out.
//!
//! A case is a folder of `tests/plan`: the stack files, `case.toml` with the command line,
//! `live.json` with what the account has, and what is expected: `plan.txt` and `steps.txt`.
//! `UPDATE_CASES=1` writes these two anew; `LOOK=<part of a name>` with `--nocapture` shows cases
//! in colour.

use crate::support::cases::{self, Case};
use infra::engine::plan::{Operation, Part, Plan};
use infra::engine::planfile;
use infra::engine::planner::{self, DataResults, Input, PlanOptions};
use infra::engine::resource::{LiveObject, Snapshot};
use infra::engine::session::Session;
use infra::stack::{Address, Diagnostics};
use infra::ui::{Look, diagnostics, plan};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const ACCOUNT: (&str, &str) = ("123456789012", "aws");

/// What the command line of a case asks for.
#[derive(Default)]
struct Request {
    destroy: bool,
    workspaces: Vec<String>,
    options: PlanOptions,
}

fn request(case: &Case) -> Request {
    let mut request = Request::default();
    let mut words = case.arguments().into_iter();
    while let Some(word) = words.next() {
        let mut address = || {
            let text = words.next().expect("a value after the flag");
            Address::parse(&text).expect("an address")
        };
        match word.as_str() {
            "--destroy" => request.destroy = true,
            "--target" => request.options.targets.push(address()),
            "--exclude" => request.options.excludes.push(address()),
            "--replace" => request.options.replace.push(address()),
            "--allow-protected" => request.options.allow_protected.push(address()),
            "--allow-data-loss" => request.options.allow_data_loss.push(address()),
            "--force" => request.options.force = true,
            workspace => request.workspaces.push(workspace.to_owned()),
        }
    }
    request
}

/// Reads `live.json`: objects by type, and under `data.<type>` what a data source finds. An
/// object's `address` and `workspace` stand for its ownership tags.
fn live(case: &Case, session: &Session) -> (Snapshot, BTreeMap<String, Vec<Json>>) {
    let scope = session.scope();
    let mut snapshot = Snapshot::new();
    let mut data = BTreeMap::new();
    let text = case.read("live.json").unwrap_or_else(|| "{}".to_owned());
    let all: BTreeMap<String, Vec<Json>> = serde_json::from_str(&text).expect("live.json is JSON");
    for (ty, objects) in all {
        if let Some(ty) = ty.strip_prefix("data.") {
            data.insert(ty.to_owned(), objects);
            continue;
        }
        let object = |mut json: Json| {
            let taken = |json: &mut Json, key: &str| json.as_object_mut()?.remove(key);
            let address = taken(&mut json, "address");
            let workspace = taken(&mut json, "workspace");
            let mut live: LiveObject = serde_json::from_value(json).expect("a live object");
            if let Some(address) = address {
                let address = Address::parse(address.as_str().unwrap()).expect("an address");
                let workspace = workspace.as_ref().and_then(Json::as_str).unwrap_or("net");
                let mut tags = scope.identity_tags(workspace, &address);
                tags.extend(std::mem::take(&mut live.tags));
                // An empty tag is one that is not there.
                tags.retain(|_, value| !value.is_empty());
                live.tags = tags;
            }
            if live.out.is_null() {
                live.out = json!({});
            }
            live.out["id"] = json!(live.id);
            let handler = session.registry.get(&ty).expect("a type");
            live.spec = handler.normalize(&live.spec).expect("a spec of the type");
            live
        };
        let objects = objects.into_iter().map(object).collect();
        snapshot.insert(ty, objects);
    }
    (snapshot, data)
}

fn planned(case: &Case) -> Result<Plan, Diagnostics> {
    let Request { destroy, mut workspaces, options } = request(case);
    let session = case.session();
    let (snapshot, sources) = live(case, &session);
    if destroy {
        return Ok(session.destroy_seen(&workspaces, Some(ACCOUNT), snapshot, &options)?.plan);
    }
    if workspaces.is_empty() {
        workspaces = session.project.workspaces.keys().cloned().collect();
    }
    let bound = session.bind_all(&workspaces, Some(ACCOUNT))?;
    let data = data(&session, &bound, &snapshot, &sources, &options);
    Ok(session.plan_seen(bound, snapshot, data, &options, ACCOUNT.0)?.plan)
}

/// Answers data sources as long as the stack asks for more.
fn data(
    session: &Session,
    bound: &[(infra::stack::BoundWorkspace, bool)],
    snapshot: &Snapshot,
    sources: &BTreeMap<String, Vec<Json>>,
    options: &PlanOptions,
) -> DataResults {
    let mut data = DataResults::new();
    loop {
        let scope = session.scope();
        let input = Input {
            registry: &session.registry,
            scope: &scope,
            workspaces: bound,
            snapshot,
            data: &data,
            options,
            without_data: false,
        };
        let wanted = planner::evaluate(input).wanted_data;
        if wanted.iter().all(|request| data.contains_key(request)) {
            return data;
        }
        for request in wanted {
            let found = sources.get(&request.0).cloned().unwrap_or_default();
            data.insert(request, found);
        }
    }
}

/// The steps in order, each with those it comes directly after.
fn steps(plan: &Plan) -> String {
    let workspaces = plan.workspaces.len();
    let mut out = String::new();
    for (number, node) in plan.nodes.iter().enumerate() {
        let change = plan.change(number);
        let what = match (node.part, node.operation) {
            (Part::Main, Operation::Create) => "create",
            (Part::Main, Operation::Update) => "update",
            (Part::Main, Operation::Delete) => "delete",
            (Part::Main, Operation::Depose) => "depose",
            (Part::Late, Operation::Delete) => "detach",
            (Part::Late, _) => "set late fields of",
            (Part::Quiesce, _) => "quiesce",
        };
        let mut line = format!("{number:>3}  {what} ");
        if workspaces > 1 {
            line.push_str(&format!("{}: ", plan.workspaces[node.workspace].name));
        }
        line.push_str(&change.address.to_string());
        if change.deposed {
            line.push_str(&format!(" ({})", change.id.as_deref().unwrap_or_default()));
        }
        if !node.lets_go_of.is_empty() {
            line.push_str(&format!(" from {}", node.lets_go_of.join(", ")));
        }
        if !node.after.is_empty() {
            let after: Vec<_> = node.after.iter().map(ToString::to_string).collect();
            line.push_str(&format!("  after {}", after.join(", ")));
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// What holds for every plan.
fn check(case: &Case, plan: &Plan) {
    for (number, node) in plan.nodes.iter().enumerate() {
        assert!(node.after.iter().all(|a| *a < number), "{}: step {number}", case.name);
    }
    for change in plan.workspaces.iter().flat_map(|w| &w.changes) {
        let steps = (0..plan.nodes.len()).filter(|n| std::ptr::eq(plan.change(*n), change)).count();
        let acts = change.action != infra::engine::plan::Action::None && change.blocked.is_none();
        assert_eq!(steps > 0, acts, "{}: steps of {}", case.name, change.address);
    }
    let again = planned(case).expect("it was planned before");
    assert_eq!(steps(plan), steps(&again), "{}: two plans of one account differ", case.name);
    assert!(planfile::check(plan, &again).is_ok(), "{}: a plan fits itself", case.name);
    for width in [40, 80, 120] {
        let text = plan::text(std::slice::from_ref(plan), Look { width, ..Look::default() });
        assert!(text.lines().all(|l| l == l.trim_end()), "{}: spaces at an end", case.name);
    }
}

#[test]
fn plans_are_as_expected() {
    cases::each("tests/plan", |case, look| match planned(case) {
        Ok(plan) => {
            check(case, &plan);
            let text = plan::text(std::slice::from_ref(&plan), look);
            vec![("plan.txt", text), ("steps.txt", steps(&plan))]
        }
        Err(problems) => {
            let code = problems.exit_code();
            let text = diagnostics::text(&problems, look);
            vec![("plan.txt", format!("{text}exit code {code}\n")), ("steps.txt", String::new())]
        }
    });
}
