//! What drifted, as text and as JSON.

use super::SCHEMA;
use super::json::{self, ChangeDocument, calls_by_operation};
use super::plan::{calls, legend, summary, workspace_text};
use super::text::{Look, Span, Tone, count, layout, wrap};
use crate::engine::drift::Drift;
use crate::engine::plan::{Action, Plan, Summary};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What `drift --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DriftDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// Whether anything live is not as the stack says.
    pub differs: bool,
    /// By workspace and region.
    pub workspaces: Vec<WorkspaceDriftDocument>,
    /// How much of each kind.
    pub summary: DriftSummaryDocument,
    /// AWS calls made to read the account.
    pub api_calls: u64,
    /// The same by `service.Operation`.
    pub calls_by_operation: BTreeMap<String, u64>,
    /// Sentences worth reading.
    pub warnings: Vec<String>,
}

/// What differs in one workspace and region.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WorkspaceDriftDocument {
    /// Name of the workspace.
    pub name: String,
    /// AWS region.
    pub region: String,
    /// What would mend each live resource; action `none` where it is as the stack says.
    pub changes: Vec<ChangeDocument>,
    /// Addresses that the stack has and the account has not; no drift.
    pub missing: Vec<String>,
}

/// How much differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DriftSummaryDocument {
    /// Differ in place.
    pub update: usize,
    /// Differ so that they must be replaced.
    pub replace: usize,
    /// Live and ours, but in no stack file.
    pub delete: usize,
    /// As the stack says.
    pub unchanged: usize,
    /// Differ, but mending them is blocked; counted nowhere else.
    pub blocked: usize,
    /// In the stack and not in the account; no drift.
    pub missing: usize,
}

/// Renders what drifted, one part a region, as text.
pub fn text(drifts: &[Drift], look: Look) -> String {
    let plans = plans(drifts);
    let mut out = legend(&plans, look);
    let several = plans.iter().map(|p| p.workspaces.len()).sum::<usize>() > 1;
    for plan in &plans {
        for workspace in &plan.workspaces {
            if workspace.changes.iter().any(|c| c.action != Action::None) {
                workspace_text(plan, workspace, look, &mut out);
            } else if several {
                let scope = &plan.scope;
                let words = format!(
                    " ({}, {}): no drift, {} as the stack says",
                    scope.environment,
                    scope.region,
                    workspace.changes.len()
                );
                let line = [Span::new(Tone::Strong, &workspace.name), Span::plain(words)];
                let _ = writeln!(out, "{}\n", layout(&line, 0, 2, look));
            }
        }
    }
    for warning in plans.iter().flat_map(|plan| &plan.warnings) {
        let head = look.paint(Tone::Change, "warning:");
        let _ = writeln!(out, "{head} {}\n", wrap(warning, 9, 2, look));
    }
    let sum = summary(&plans);
    let line = layout(&[Span::new(Tone::Strong, summary_line(&sum))], 0, 2, look);
    let _ = writeln!(out, "{line}");
    if sum.blocked > 0 {
        let words = format!("{} cannot be mended as it is; see ! above.", sum.blocked);
        let _ = writeln!(out, "{}", layout(&[Span::new(Tone::Danger, words)], 0, 2, look));
    }
    let missing: usize = drifts.iter().map(|d| d.missing.len()).sum();
    if missing > 0 {
        let verb = if missing == 1 { "is" } else { "are" };
        let words = format!(
            "{} of the stack {verb} not in the account, which is no drift; `infra plan` shows what \
             would be created.",
            count(missing, "resource")
        );
        let _ = writeln!(out, "{}", wrap(&words, 0, 2, look));
    }
    if look.verbose {
        out.push_str(&calls(&plans, look));
    }
    out
}

/// The line that counts what drifted.
pub(super) fn summary_line(sum: &Summary) -> String {
    let Summary { update, replace, delete, unchanged, blocked, .. } = sum;
    if update + replace + delete + blocked == 0 {
        return match unchanged {
            0 => "No drift: there are no live resources.".to_owned(),
            1 => "No drift: 1 live resource is as the stack says.".to_owned(),
            number => format!("No drift: {number} live resources are as the stack says."),
        };
    }
    format!(
        "Drift: {update} to update, {replace} to replace, {delete} to delete; {unchanged} as the \
         stack says."
    )
}

pub(super) fn plans(drifts: &[Drift]) -> Vec<Plan> {
    drifts.iter().map(|drift| drift.plan.clone()).collect()
}

impl DriftDocument {
    /// Makes the document of what drifted, one a region.
    pub fn new(drifts: &[Drift]) -> Self {
        let plans = plans(drifts);
        let sum = summary(&plans);
        let workspaces = drifts.iter().flat_map(|drift| {
            drift.plan.workspaces.iter().map(|workspace| WorkspaceDriftDocument {
                name: workspace.name.clone(),
                region: drift.plan.scope.region.clone(),
                changes: workspace.changes.iter().map(ChangeDocument::new).collect(),
                missing: drift
                    .missing
                    .iter()
                    .filter(|(name, _)| *name == workspace.name)
                    .map(|(_, address)| address.to_string())
                    .collect(),
            })
        });
        Self {
            schema: SCHEMA.to_owned(),
            differs: drifts.iter().any(Drift::differs),
            workspaces: workspaces.collect(),
            summary: DriftSummaryDocument {
                update: sum.update,
                replace: sum.replace,
                delete: sum.delete,
                unchanged: sum.unchanged,
                blocked: sum.blocked,
                missing: drifts.iter().map(|d| d.missing.len()).sum(),
            },
            api_calls: plans.iter().map(|p| p.api_calls).sum(),
            calls_by_operation: calls_by_operation(&plans),
            warnings: plans.iter().flat_map(|p| p.warnings.clone()).collect(),
        }
    }
}

/// Renders what drifted as JSON.
pub fn json(drifts: &[Drift]) -> String {
    json::pretty(&DriftDocument::new(drifts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::{Mode, Reason};
    use crate::ui::markdown;
    use crate::ui::tests::{sample, schemas};
    use insta::assert_snapshot;

    const PLAIN: Look = Look { width: 80, colour: false, verbose: false };

    #[test]
    fn creations_and_outputs_are_left_out_and_told() {
        let plan = sample::everything();
        let created = plan.summary().create;
        assert!(created > 0 && plan.workspaces.iter().any(|w| !w.outputs.is_empty()));
        let drift = Drift::of(plan);
        assert_eq!((drift.plan.summary().create, drift.missing.len()), (0, created));
        assert!(drift.differs());
        let drifts = [drift];
        let document = json(&drifts);
        schemas::assert_conforms("drift", &serde_json::from_str(&document).unwrap());
        assert!(!document.contains("hunter"), "sensitive values are left out");
        assert_snapshot!([text(&drifts, PLAIN), markdown::drift(&drifts)].join("-----\n"));
    }

    #[test]
    fn what_is_missing_or_not_ready_is_no_drift() {
        let mut plan = sample::everything();
        for workspace in &mut plan.workspaces {
            workspace.changes.retain(|c| matches!(c.action, Action::Create | Action::None));
            let settling = Reason::Settling { state: "pending".into() };
            workspace.changes.push(sample::change("nat_gateway.slow", Action::Update, settling));
        }
        plan.warnings.clear();
        plan.mode = Mode::Apply;
        let drifts = [Drift::of(plan)];
        assert!(!drifts[0].differs() && !drifts[0].missing.is_empty());
        let text = text(&drifts, PLAIN);
        assert!(text.contains("No drift: "), "{text}");
        assert!(!text.contains("Symbols") && !text.contains("nat_gateway.slow"), "{text}");
        assert!(text.contains("which is no drift"), "{text}");
    }
}
