//! Arguments, one file a verb, exit codes.

pub mod args;

mod apply;
mod completions;
mod confirm;
mod destroy;
mod drift;
mod explain;
mod graph;
mod inventory;
mod man;
mod outputs;
mod plan;
mod sandbox;
mod schema;
mod session;
mod show;
mod validate;

use crate::stack::{Diagnostic, Diagnostics};
use crate::ui::{Format, Output, OutputOptions};
use args::Global;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;

/// Plan, apply and destroy AWS stacks without a state file: a TOML file per workspace says what
/// should exist, the live account says what does.
#[derive(Parser, Debug)]
#[command(
    name = "infra",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    styles = STYLES,
    after_help = "\
Examples:
  infra plan supporting-infrastructure     what would change; nothing is written
  infra apply order-api -e dev             show the plan, ask, carry it out
  infra destroy --all -e dev --yes         delete everything, in reverse order
  infra --sandbox apply --all --yes        the same without an AWS account

Exit codes:
  0 done or nothing to do   1 error, nothing changed   2 changes present
  3 partly applied   4 blocked   5 plan stale   130 interrupted"
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    global: Global,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show what would change; write nothing
    Plan(plan::Args),
    /// Show the plan, ask, carry it out and wait for it
    Apply(apply::Args),
    /// Delete what the workspaces own, in reverse order
    Destroy(destroy::Args),
    /// Show what of the live account is not as the stack says
    Drift(drift::Args),
    /// Show the outputs of a workspace, read from the live account
    Outputs(outputs::Args),
    /// Show the live resources, or one of them with all its attributes
    Show(show::Args),
    /// List everything that carries our tags, read without the resource types
    Inventory(inventory::Args),
    /// Check the stack files; no account needed
    Validate(validate::Args),
    /// Print the JSON Schema of stack files, for editors
    Schema(schema::Args),
    /// Explain a resource type, or one of its fields
    Explain(explain::Args),
    /// Print the dependency graph of the stack files; no account needed
    Graph(graph::Args),
    /// Serve the embedded AWS on a port, for any AWS client
    Sandbox(sandbox::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print a manual page, or write all of them
    Man(man::Args),
}

/// How a verb ends: an exit code, or what went wrong.
type Outcome = Result<u8, Diagnostics>;

/// Runs the command line and returns the exit code of the contract.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let width = Output::new(OutputOptions::default()).width();
    let parsed = command(width).try_get_matches_from(&args);
    match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => dispatch(cli),
        Err(error) => usage(&error, &args),
    }
}

fn dispatch(cli: Cli) -> u8 {
    let global = &cli.global;
    let format = Format::from(global.format);
    let output = Output::new(OutputOptions {
        colour: global.colour(),
        quiet: global.quiet,
        verbose: global.verbose,
        format,
    });
    let outcome = match &cli.verb {
        Verb::Plan(args) => plan::run(args, global, &output),
        Verb::Apply(args) => apply::run(args, global, &output),
        Verb::Destroy(args) => destroy::run(args, global, &output),
        Verb::Drift(args) => drift::run(args, global, &output),
        Verb::Graph(args) => graph::run(args, global, &output),
        Verb::Inventory(args) => inventory::run(args, global, &output),
        Verb::Man(args) => man::run(args, global, &output),
        Verb::Outputs(args) => outputs::run(args, global, &output),
        Verb::Show(args) => show::run(args, global, &output),
        Verb::Explain(args) => explain::run(args, global, &output),
        Verb::Validate(args) => validate::run(args, global, &output),
        Verb::Schema(args) => schema::run(args, global, &output),
        Verb::Sandbox(args) => sandbox::run(args, global, &output),
        Verb::Completions(args) => completions::run(args, global, &output),
    };
    match outcome {
        Ok(code) => code,
        Err(diagnostics) => {
            output.diagnostics(&diagnostics);
            diagnostics.exit_code().max(1)
        }
    }
}

/// Tells of bad usage, or prints help and version; the first is exit 1, not clap's 2.
fn usage(error: &clap::Error, args: &[OsString]) -> u8 {
    let wants_help = error.exit_code() == 0;
    if !wants_help && wants_json(args) {
        let output =
            Output::new(OutputOptions { format: Format::Json, ..OutputOptions::default() });
        output.diagnostics(&usage_diagnostic(error).into());
        return 1;
    }
    // A closed stdout is no reason to fail: whoever reads has read enough.
    let _ = error.print();
    u8::from(!wants_help)
}

fn wants_json(args: &[OsString]) -> bool {
    let text: Vec<_> = args.iter().filter_map(|a| a.to_str()).collect();
    text.contains(&"--format=json") || text.windows(2).any(|two| two == ["--format", "json"])
}

fn usage_diagnostic(error: &clap::Error) -> Diagnostic {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    let tip = text.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
    let diagnostic = Diagnostic::error("usage", message);
    diagnostic.hint(tip.map_or_else(|| "see `infra --help`".to_owned(), str::to_owned))
}

/// Tells what went wrong in some regions beside the answer of the others, and returns the strongest
/// exit code: 2 says changes and nothing else.
fn beside(problems: &Diagnostics, code: u8, output: &Output) -> u8 {
    if problems.is_empty() {
        return code;
    }
    output.diagnostics(problems);
    let own = if code == 2 { 0 } else { code };
    problems.exit_code().max(1).max(own)
}

/// Refuses a format the verb does not know.
fn only(verb: &str, output: &Output, known: &[Format]) -> Result<Format, Diagnostics> {
    let format = output.format();
    if known.contains(&format) {
        return Ok(format);
    }
    let names: Vec<_> = known.iter().map(|f| format!("`{f}`")).collect();
    let message = format!("`infra {verb}` does not know the format `{format}`");
    Err(Diagnostic::error("unknown_format", message)
        .hint(format!("it knows {}", names.join(", ")))
        .into())
}

/// A path as one would type it.
fn shell(path: &std::path::Path) -> String {
    crate::ui::text::shell(&path.display().to_string())
}

/// What the stack language knows of all types.
fn catalog() -> crate::stack::Catalog {
    crate::resources::registry().catalog()
}

/// Columns beyond which help is hard to read.
const WIDEST_HELP: usize = 100;

/// The whole command line; its help has lines of this width.
fn command(width: usize) -> clap::Command {
    Cli::command().term_width(width.min(WIDEST_HELP))
}

#[cfg(test)]
mod tests;
