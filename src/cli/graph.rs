//! `infra graph`

use super::args::Global;
use super::{Outcome, only, session};
use crate::ui::{Format, Output, graph};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra graph supporting-infrastructure | dot -Tsvg > network.svg
  infra graph --all --format mermaid

Formats: dot (also without --format), mermaid, json. The graph is read from the stack
files; no account is needed. An arrow points to what is needed.")]
pub(super) struct Args {
    /// Names of workspaces; all of them without one
    #[arg(value_name = "WORKSPACE")]
    workspaces: Vec<String>,
    /// Every workspace
    #[arg(long, conflicts_with = "workspaces")]
    all: bool,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    let known = [Format::Text, Format::Dot, Format::Mermaid, Format::Json];
    let format = only("graph", output, &known)?;
    let workspaces = if args.all { &[] } else { args.workspaces.as_slice() };
    let graph = session::open(global)?.graph(workspaces)?;
    output.answer(&match format {
        Format::Json => graph::json(&graph),
        Format::Mermaid => graph::mermaid(&graph),
        _ => graph::dot(&graph),
    });
    Ok(0)
}
