//! `infra plan`

use super::args::{Filters, Global, Selection, Unlock};
use super::session::{self, Answers, Engine, Request};
use super::{Outcome, beside, only};
use crate::engine::plan::{Mode, Plan};
use crate::ui::json::PlanDocument;
use crate::ui::{Format, Output, json, markdown, plan};
use std::path::PathBuf;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra plan supporting-infrastructure
  infra plan --all -e uat --detailed-exitcode
  infra plan order-api --target log_group.app --out order-api.plan
  infra plan --all --format markdown > comment.md

Exit codes: 0 planned; 2 with --detailed-exitcode, when something would change;
4 when something that would change is blocked.")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Plan the deletion of everything the workspaces own
    #[arg(long)]
    destroy: bool,
    /// Save the plan for `infra apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when something would change
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    unlock: Unlock,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    only("plan", output, &[Format::Text, Format::Json, Format::Markdown])?;
    let mode = if args.destroy { Mode::Destroy } else { Mode::Apply };
    session::named("plan", &args.selection, global)?;
    let request = Request::new(mode, &args.selection, &args.filters, &args.unlock);
    let engine = session::open(global)?;
    session::block_on(with(args, &request, &engine, output))?
}

async fn with(args: &Args, request: &Request, engine: &impl Engine, output: &Output) -> Outcome {
    let Answers { all: plans, problems } = engine.plan(request).await;
    if plans.is_empty() {
        return Err(problems);
    }
    output.answer(&rendered(&plans, output));
    if let (Some(file), true) = (&args.out, problems.is_empty()) {
        engine.save(&plans, file)?;
        let name = super::shell(file);
        output.message(&format!("\nSaved; `infra apply {name}` carries it out.\n"));
    }
    Ok(beside(&problems, exit_code(&plans, args.detailed_exitcode), output))
}

fn rendered(plans: &[Plan], output: &Output) -> String {
    match output.format() {
        Format::Json => json::pretty(&PlanDocument::new(plans)),
        Format::Markdown => markdown::markdown(plans),
        _ => plan::text(plans, output.look()),
    }
}

/// Blocked outranks changed: 2 means changes and nothing else.
fn exit_code(plans: &[Plan], detailed: bool) -> u8 {
    if plan::summary(plans).blocked > 0 {
        4
    } else if detailed && plans.iter().any(Plan::has_changes) {
        2
    } else {
        0
    }
}
