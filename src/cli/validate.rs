//! `infra validate`

use super::args::Global;
use super::{Outcome, only, session};
use crate::stack::Diagnostics;
use crate::ui::{Format, Output, diagnostics};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra validate
  infra validate order-api -e prod
  infra validate --format github     annotations on the lines of a pull request

Formats: text, json, github, sarif. Exit codes: 0 valid; 1 errors found.")]
pub(super) struct Args {
    /// Names of workspaces; all of them without one
    #[arg(value_name = "WORKSPACE")]
    workspaces: Vec<String>,
    /// Every workspace
    #[arg(long, conflicts_with = "workspaces")]
    all: bool,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    let known = [Format::Text, Format::Json, Format::Github, Format::Sarif];
    let format = only("validate", output, &known)?;
    let workspaces = if args.all { &[] } else { args.workspaces.as_slice() };
    // What keeps the files from being opened is as much a finding as what is in them.
    let (found, any) = match session::open(global) {
        Ok(engine) => (engine.validate(workspaces), engine.has_workspaces()),
        Err(found) => (found, true),
    };
    output.answer(&rendered(&found, format, output));
    if found.is_empty() {
        output.message(if any {
            "The stack files are valid.\n"
        } else {
            "The stack files are valid; there is no workspace among them.\n"
        });
    }
    Ok(found.exit_code())
}

fn rendered(found: &Diagnostics, format: Format, output: &Output) -> String {
    match format {
        Format::Json => diagnostics::validate_json(found),
        Format::Github => diagnostics::github(found),
        Format::Sarif => diagnostics::sarif(found),
        _ => diagnostics::text(found, output.look()),
    }
}
