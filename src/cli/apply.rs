//! `infra apply`

use super::args::{Filters, Global, Selection, Unlock};
use super::session::{self, Answers, Engine, Request};
use super::{Outcome, confirm, only};
use crate::engine::plan::{Mode, Plan};
use crate::stack::{Diagnostic, Diagnostics, Kind};
use crate::ui::show::{WorkspaceOutputs, outputs_text};
use crate::ui::text::count;
use crate::ui::{Format, Output, Progress, plan};
use std::path::PathBuf;
use std::time::Instant;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra apply order-api -e dev
  infra apply --all -e uat --yes
  infra apply order-api.plan             carry out a plan saved with plan --out
  infra --sandbox apply --all --yes      without an AWS account

Run again after a failure or an interruption: what is done is left alone.")]
pub(super) struct Args {
    /// Names of workspaces, or one file saved with `plan --out`
    #[arg(value_name = "WORKSPACE|PLAN-FILE")]
    workspaces: Vec<String>,
    /// Every workspace, in the order of their dependencies
    #[arg(long, conflicts_with = "workspaces")]
    all: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    unlock: Unlock,
}

impl Args {
    /// The saved plan, when the one argument is a file rather than the name of a workspace. The
    /// file of a workspace is no plan; that it is named so is told like any unknown name.
    fn plan_file(&self) -> Option<PathBuf> {
        let [one] = self.workspaces.as_slice() else { return None };
        if std::path::Path::new(one).extension().is_some_and(|e| e == "toml") {
            return None;
        }
        (one.contains(['.', '/']) || PathBuf::from(one).is_file()).then(|| PathBuf::from(one))
    }
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    only("apply", output, &[Format::Text, Format::Json])?;
    if let Some(file) = args.plan_file() {
        let engine = session::open_saved(global, &file)?;
        let plans = engine.load(&file)?;
        return session::block_on(carry_out(&plans, &engine, output))?;
    }
    let selection = Selection { workspaces: args.workspaces.clone(), all: args.all };
    session::named("apply", &selection, global)?;
    let request = Request::new(Mode::Apply, &selection, &args.filters, &args.unlock);
    confirm::possible("apply", args.yes, output)?;
    let engine = session::open(global)?;
    session::block_on(reconcile(&request, args.yes, &engine, output))?
}

/// Plans, shows the plan, asks unless told not to, and carries it out.
pub(super) async fn reconcile(
    request: &Request,
    yes: bool,
    engine: &impl Engine,
    output: &Output,
) -> Outcome {
    let Answers { all: plans, problems } = engine.plan(request).await;
    if plans.is_empty() {
        return Err(problems);
    }
    let doable = doable(&plans);
    let text = plan::text(&plans, output.message_look());
    if !problems.is_empty() {
        // One run, one plan: where a part of it cannot be made, none of it is carried out.
        output.message(&format!("{text}\nNothing is changed in any region.\n\n"));
        return Err(problems);
    }
    if !yes && doable > 0 {
        output.urgent(&text);
        confirm::ask(&question(&plans, request.mode), output)?;
    } else {
        output.message(&text);
        if doable > 0 {
            output.message("\n");
        }
    }
    carry_out(&plans, engine, output).await
}

/// How many changes would be made.
fn doable(plans: &[Plan]) -> usize {
    let sum = plan::summary(plans);
    sum.create + sum.update + sum.replace + sum.delete
}

fn question(plans: &[Plan], mode: Mode) -> String {
    let mut places: Vec<_> = plans
        .iter()
        .map(|p| {
            format!("{} in {} (account {})", p.scope.environment, p.scope.region, p.account_id)
        })
        .collect();
    places.dedup();
    let places = places.join(" and ");
    let number = doable(plans);
    match mode {
        Mode::Apply => format!("Make {} to {places}?", count(number, "change")),
        Mode::Destroy => {
            format!("Delete {} from {places}? This cannot be undone.", count(number, "resource"))
        }
    }
}

/// Carries plans out and tells what was done.
async fn carry_out(plans: &[Plan], engine: &impl Engine, output: &Output) -> Outcome {
    let begun = Instant::now();
    let progress = Progress::new(output, plans, &super::catalog());
    let Answers { all: outputs, mut problems } = engine.apply(plans, &progress).await;
    let tally = progress
        .finish()
        .with_elapsed(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    let json = output.format() == Format::Json;
    if !json && tally.begun() {
        output.message("\n");
        output.answer(&tally.text(output.look()));
    }
    if !json {
        output.answer(&after(plans, &outputs, output));
    }
    if !problems.is_empty() && !json && tally.begun() {
        output.urgent("\n");
    }
    let blocked = plan::summary(plans).blocked;
    if blocked > 0 && (problems.is_empty() || tally.begun()) {
        let message = format!("{} blocked and not made", count(blocked, "change"));
        let hint = "the plan names the flag that unlocks each";
        problems.push(Diagnostic::error("blocked", message).kind(Kind::Blocked).hint(hint));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if tally.complete() { Ok(0) } else { Err(partial()) }
}

fn partial() -> Diagnostics {
    Diagnostic::error("partly_applied", "not everything was done")
        .kind(Kind::Partial)
        .hint("mend the cause and run the same command again: what is done is left alone")
        .into()
}

/// The outputs after an apply, under a heading.
fn after(plans: &[Plan], outputs: &[WorkspaceOutputs], output: &Output) -> String {
    let shown: Vec<_> = outputs.iter().filter(|w| !w.outputs.is_empty()).cloned().collect();
    if shown.is_empty() || plans.iter().any(|p| p.mode == Mode::Destroy) {
        return String::new();
    }
    // Of several, those of one alone are told with their place too.
    let several = plans.len() > 1;
    let gap = if doable(plans) > 0 { "\n" } else { "" };
    format!("{gap}Outputs:\n{}", outputs_text(&shown, several, output.look()))
}
