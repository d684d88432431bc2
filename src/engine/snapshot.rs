//! Reads the account: every type once, in bulk, side by side.

use super::planner::DataResults;
use super::resource::{Registry, Snapshot, Want};
use crate::aws::{self, Cx, ErrorClass};
use crate::stack::{Diagnostic, Diagnostics};
use futures::StreamExt;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Calls under way at once while reading.
const WIDTH: usize = 16;

/// Natural names to look for, by type.
pub type Names = BTreeMap<&'static str, BTreeSet<String>>;

/// Lists the types of `only` (all when `None`): what the workspaces own, and what has one of the
/// names.
pub async fn read(
    registry: &Registry,
    cx: &Cx,
    workspaces: &[String],
    names: &Names,
    only: Option<&BTreeSet<&'static str>>,
) -> Result<Snapshot, Diagnostics> {
    if only.is_none() {
        cx.forget_tag_index();
    }
    let types = registry.resources.iter().filter(|(ty, _)| only.is_none_or(|o| o.contains(*ty)));
    let reads = types.map(|(ty, handler)| {
        let names: Vec<String> = names.get(ty).into_iter().flatten().cloned().collect();
        async move {
            let want = Want::Owned { workspaces, names: &names };
            let found = handler.list(cx, want).await;
            (*ty, found)
        }
    });
    let mut snapshot = Snapshot::new();
    let mut failed = Vec::new();
    let mut answers = futures::stream::iter(reads).buffer_unordered(WIDTH);
    while let Some((ty, found)) = answers.next().await {
        match found {
            Ok(mut objects) => {
                objects.sort_by(|a, b| a.id.cmp(&b.id));
                snapshot.insert(ty.to_owned(), objects);
            }
            Err(error) => failed.push((ty.to_owned(), error)),
        }
    }
    let problems = unread(failed);
    if problems.is_empty() { Ok(snapshot) } else { Err(problems) }
}

/// Asks what would go with these objects, given by type and id, and notes it on them.
pub async fn weigh(
    registry: &Registry,
    cx: &Cx,
    going: &BTreeSet<(String, String)>,
    snapshot: &mut Snapshot,
) -> Result<(), Diagnostics> {
    let objects = snapshot.iter().flat_map(|(ty, all)| all.iter().map(move |live| (ty, live)));
    let asked = objects.filter(|(ty, live)| going.contains(&((*ty).clone(), live.id.clone())));
    let asks = asked.filter_map(|(ty, live)| {
        let handler = registry.get(ty)?;
        Some(async move { ((ty.clone(), live.id.clone()), handler.holds(cx, live).await) })
    });
    let answers: Vec<_> = futures::stream::iter(asks).buffer_unordered(WIDTH).collect().await;
    let mut failed = Vec::new();
    for ((ty, id), answer) in answers {
        match answer {
            Ok(holds) => {
                let all = snapshot.get_mut(&ty).into_iter().flatten();
                all.filter(|live| live.id == id).for_each(|live| live.holds = holds.clone());
            }
            Err(error) => failed.push((ty, error)),
        }
    }
    let problems = unread(failed);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Reads data sources by type and canonical filters.
pub async fn read_data(
    registry: &Registry,
    cx: &Cx,
    wanted: impl IntoIterator<Item = (String, String)>,
) -> Result<DataResults, Diagnostics> {
    let reads = wanted.into_iter().filter_map(|(ty, filters)| {
        let reader = registry.data.get(ty.as_str())?;
        Some(async move {
            let spec: Json = serde_json::from_str(&filters).unwrap_or(Json::Null);
            let found = reader.read(cx, &spec).await;
            ((ty, filters), found)
        })
    });
    let mut results = DataResults::new();
    let mut failed = Vec::new();
    let mut answers = futures::stream::iter(reads).buffer_unordered(WIDTH);
    while let Some((request, found)) = answers.next().await {
        match found {
            Ok(objects) => {
                results.insert(request, objects);
            }
            Err(error) => failed.push((format!("data.{}", request.0), error)),
        }
    }
    let problems = unread(failed);
    if problems.is_empty() { Ok(results) } else { Err(problems) }
}

/// One problem a cause: what stops every call is told once, what each type lacks is listed.
fn unread(mut failed: Vec<(String, aws::Error)>) -> Diagnostics {
    failed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut problems = Diagnostics::new();
    let (denied, rest): (Vec<_>, Vec<_>) =
        failed.into_iter().partition(|(_, e)| e.class == ErrorClass::AccessDenied);
    match denied.as_slice() {
        [] => {}
        [(what, error)] => problems.push(problem(error, &format!("cannot read {what}"))),
        [(_, first), ..] => {
            let names: Vec<&str> = denied.iter().map(|(what, _)| what.as_str()).collect();
            let message = format!("these credentials may not read {}", names.join(", "));
            let mut all = Diagnostic::error("aws", message);
            for (_, error) in &denied {
                all = all.note(error.to_string());
            }
            all.hint = problem(first, "").hint;
            problems.push(all);
        }
    }
    for (what, error) in rest {
        let found = match whole(error.class) {
            Some(code) => Diagnostic { code, ..problem(&error, "cannot read the account") },
            None => problem(&error, &format!("cannot read {what}")),
        };
        join(&mut problems, found.into());
    }
    problems
}

/// The code of an error that is of the account or the connection, not of one call.
fn whole(class: ErrorClass) -> Option<&'static str> {
    match class {
        ErrorClass::Credentials => Some("credentials"),
        ErrorClass::Throttled => Some("throttled"),
        ErrorClass::Unreachable => Some("unreachable"),
        _ => None,
    }
}

/// Adds problems, leaving out another of a cause that is told already.
pub fn join(problems: &mut Diagnostics, more: Diagnostics) {
    for one in more.0 {
        let once = ["credentials", "throttled", "unreachable"].contains(&one.code);
        if !once || problems.0.iter().all(|p| p.code != one.code) {
            problems.push(one);
        }
    }
}

/// Says what an AWS error means for the user and what to do next.
pub fn problem(error: &aws::Error, doing: &str) -> Diagnostic {
    let code = error.code.as_deref().map_or(String::new(), |c| format!("{c}: "));
    let problem = Diagnostic::error(
        "aws",
        format!(
            "{doing}: {} failed: {code}{}",
            error.operation,
            error.message.trim_end_matches('.')
        ),
    );
    let problem = match &error.request_id {
        Some(id) => problem.note(format!("AWS request id: {id}")),
        None => problem,
    };
    match error.class {
        ErrorClass::AccessDenied => {
            problem.hint("give these credentials the right to the operation, or use --profile")
        }
        ErrorClass::Credentials => {
            problem.hint("sign in again, or choose other credentials with --profile")
        }
        ErrorClass::Throttled => problem.hint("AWS throttles this account; wait and run it again"),
        ErrorClass::Unreachable => problem.hint("check the network, --region and --endpoint-url"),
        _ => problem,
    }
}
