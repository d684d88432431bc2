//! A saved plan: what `plan --out` writes and `apply FILE` carries out.
//!
//! The file holds no stack files and no secrets: the stack must be the one the plan was made from,
//! and sensitive variables must be given again. It is carried out only if planning again gives the
//! same changes to the same objects.

use super::fingerprint::hex;
use super::plan::{Action, After, Change, Mode, Plan};
use super::planner::PlanOptions;
use crate::stack::{Diagnostic, Kind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Value of `schema` in the file.
const SCHEMA: &str = "infra/plan/v1";

/// Everything but the digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// Version of `infra` that wrote it.
    pub version: String,
    /// Digest of the stacks folder.
    pub stacks: String,
    /// Name of the environment.
    pub environment: String,
    /// What the plan is for.
    pub mode: Mode,
    /// Names of the workspaces; empty for all.
    pub workspaces: Vec<String>,
    /// What was picked and unlocked.
    pub options: PlanOptions,
    /// Variables given with `--var` and in the process environment, sensitive ones left out.
    pub variables: BTreeMap<String, String>,
    /// Names of the sensitive variables, to be given again.
    pub sensitive: Vec<String>,
    /// One plan a region.
    pub plans: Vec<Plan>,
}

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    digest: String,
    plan: serde_json::Value,
}

/// Writes the plan as text; values of sensitive fields are left out.
pub fn write(saved: &SavedPlan) -> String {
    let mut saved = saved.clone();
    for plan in &mut saved.plans {
        for workspace in &mut plan.workspaces {
            for field in workspace.changes.iter_mut().flat_map(|c| &mut c.fields) {
                if field.sensitive {
                    field.before = serde_json::Value::Null;
                    field.after = After::Known(serde_json::Value::Null);
                }
            }
            for output in workspace.outputs.iter_mut().filter(|o| o.sensitive) {
                output.before = serde_json::Value::Null;
                output.after = After::Known(serde_json::Value::Null);
            }
        }
    }
    let plan = serde_json::to_value(&saved).unwrap_or_default();
    let file = File { schema: SCHEMA.to_owned(), digest: digest(plan.to_string()), plan };
    let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
    text.push('\n');
    text
}

/// Reads a plan from text. One that was changed by hand, or written by another version, is refused.
pub fn read(text: &str, name: &str) -> Result<SavedPlan, Diagnostic> {
    let stale = |message: String| Diagnostic::error("plan_file", message).kind(Kind::Stale);
    let again = "make a new plan with `infra plan --out FILE`";
    let file: File = serde_json::from_str(text).map_err(|_| {
        Diagnostic::error("plan_file", format!("{name} is no plan of `infra plan --out`"))
            .hint(again)
    })?;
    if file.schema != SCHEMA {
        return Err(
            stale(format!("{name} has the form `{}`, not `{SCHEMA}`", file.schema)).hint(again)
        );
    }
    if digest(file.plan.to_string()) != file.digest {
        return Err(stale(format!("{name} was changed since it was written")).hint(again));
    }
    let version = file.plan.get("version").and_then(|v| v.as_str()).unwrap_or_default();
    if version != env!("CARGO_PKG_VERSION") {
        let own = env!("CARGO_PKG_VERSION");
        let message = format!("{name} was written by infra {version}; this is infra {own}");
        return Err(stale(message).hint(again));
    }
    serde_json::from_value(file.plan)
        .map_err(|e| stale(format!("{name} cannot be read: {e}")).hint(again))
}

/// Digests a text.
pub fn digest(text: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(text))
}

/// Compares a saved plan with one made now. A difference means the account changed in between, or
/// the plan was applied already.
pub fn check(saved: &Plan, now: &Plan) -> Result<(), Diagnostic> {
    let stale = |message: String| {
        Diagnostic::error("stale_plan", message)
            .kind(Kind::Stale)
            .hint("look at the account as it is now: make a new plan")
    };
    if saved.account_id != now.account_id || saved.scope != now.scope {
        return Err(stale(format!(
            "the plan is for account {} and region {}, not {} and {}",
            saved.account_id, saved.scope.region, now.account_id, now.scope.region
        )));
    }
    let (before, after) = (changes(saved), changes(now));
    let acts = |all: &BTreeMap<Key, &Change>| all.values().any(|c| c.action != Action::None);
    if acts(&before) && !acts(&after) {
        return Err(stale("there is nothing left to do: the plan was applied already".to_owned()));
    }
    let mut different: Vec<String> = Vec::new();
    for key in before.keys().chain(after.keys().filter(|k| !before.contains_key(*k))) {
        let same = match (before.get(key), after.get(key)) {
            (Some(a), Some(b)) => same(a, b),
            (one, other) => one.or(other).is_none_or(|c| c.action == Action::None),
        };
        if !same {
            different.push(format!("`{}`", key.1));
        }
    }
    if different.is_empty() {
        return Ok(());
    }
    let rest = different.len().saturating_sub(5);
    different.truncate(5);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    Err(stale(format!(
        "the plan no longer fits the account: {}{more} changed since it was made",
        different.join(", ")
    )))
}

type Key<'a> = (&'a str, String, bool);

fn changes(plan: &Plan) -> BTreeMap<Key<'_>, &Change> {
    let all = plan.workspaces.iter().flat_map(|w| w.changes.iter().map(move |c| (w, c)));
    all.map(|(w, c)| ((w.name.as_str(), c.address.to_string(), c.deposed), c)).collect()
}

fn same(a: &Change, b: &Change) -> bool {
    let fields = a.fields.len() == b.fields.len()
        && a.fields.iter().zip(&b.fields).all(|(x, y)| {
            x.path == y.path && (y.sensitive || (x.before == y.before && x.after == y.after))
        });
    a.action == b.action
        && a.id == b.id
        && a.fingerprint == b.fingerprint
        && a.blocked == b.blocked
        && a.moved_from == b.moved_from
        && fields
}
