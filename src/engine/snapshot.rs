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
    let mut problems = Diagnostics::new();
    let mut answers = futures::stream::iter(reads).buffer_unordered(WIDTH);
    while let Some((ty, found)) = answers.next().await {
        match found {
            Ok(mut objects) => {
                objects.sort_by(|a, b| a.id.cmp(&b.id));
                snapshot.insert(ty.to_owned(), objects);
            }
            Err(error) => problems.push(problem(&error, &format!("cannot read {ty}"))),
        }
    }
    problems.sort();
    if problems.is_empty() { Ok(snapshot) } else { Err(problems) }
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
    let mut problems = Diagnostics::new();
    let mut answers = futures::stream::iter(reads).buffer_unordered(WIDTH);
    while let Some((request, found)) = answers.next().await {
        match found {
            Ok(objects) => {
                results.insert(request, objects);
            }
            Err(e) => problems.push(problem(&e, &format!("cannot read data.{}", request.0))),
        }
    }
    if problems.is_empty() { Ok(results) } else { Err(problems) }
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
