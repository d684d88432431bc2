//! `infra drift`

use super::args::{Filters, Global, Selection, Unlock};
use super::session::{self, Answers, Engine, Request};
use super::{Outcome, beside, only};
use crate::engine::drift::Drift;
use crate::engine::plan::Mode;
use crate::ui::{Format, Output, drift, markdown};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra drift supporting-infrastructure -e prod
  infra drift --all -e prod --format markdown > issue.md      in a scheduled run

What the stack has and the account has not is counted, but is no drift: nobody can
tell what was never applied from what somebody deleted.

Exit codes: 0 no drift; 2 the account differs; 4 it differs, and mending it is blocked.")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    only("drift", output, &[Format::Text, Format::Json, Format::Markdown])?;
    session::named("drift", &args.selection, global)?;
    let request =
        Request::new(Mode::Apply, &args.selection, &Filters::default(), &Unlock::default());
    let request = Request { compares: true, ..request };
    let engine = session::open(global)?;
    session::block_on(with(&request, &engine, output))?
}

pub(super) async fn with(request: &Request, engine: &impl Engine, output: &Output) -> Outcome {
    let Answers { all: plans, problems } = engine.plan(request).await;
    if plans.is_empty() {
        return Err(problems);
    }
    let drifts: Vec<Drift> = plans.into_iter().map(Drift::of).collect();
    output.answer(&match output.format() {
        Format::Json => drift::json(&drifts),
        Format::Markdown => markdown::drift(&drifts),
        _ => drift::text(&drifts, output.look()),
    });
    Ok(beside(&problems, exit_code(&drifts), output))
}

/// Blocked outranks changed, as for a plan: 2 means changes and nothing else.
fn exit_code(drifts: &[Drift]) -> u8 {
    if drifts.iter().any(|d| d.plan.summary().blocked > 0) {
        4
    } else if drifts.iter().any(Drift::differs) {
        2
    } else {
        0
    }
}
