//! `infra outputs`

use super::args::Global;
use super::session::{self, Answers, Engine};
use super::{Outcome, beside, only};
use crate::stack::diagnostic::nearest;
use crate::stack::{Diagnostic, Diagnostics};
use crate::ui::show::{self, WorkspaceOutputs};
use crate::ui::{Format, Output};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra outputs supporting-infrastructure -e dev
  infra outputs supporting-infrastructure vpc_id      the bare value, for scripts

A sensitive output is shown only when asked for by name.")]
pub(super) struct Args {
    /// Name of a workspace
    workspace: String,
    /// Name of one output: only its value is printed
    name: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    let format = only("outputs", output, &[Format::Text, Format::Json])?;
    let engine = session::open(global)?;
    let Answers { all, problems } = session::block_on(engine.outputs(&args.workspace))?;
    if all.is_empty() {
        return Err(problems);
    }
    output.answer(&match (&args.name, format) {
        (Some(name), Format::Text) => show::output_value(&one(name, &all)?.value),
        (Some(name), _) => {
            one(name, &all)?;
            show::outputs_json(&only_named(name, &all))
        }
        (None, Format::Text) => show::outputs_text(&all, !problems.is_empty(), output.look()),
        (None, _) => show::outputs_json(&all),
    });
    Ok(beside(&problems, 0, output))
}

fn one<'a>(name: &str, all: &'a [WorkspaceOutputs]) -> Result<&'a show::OutputValue, Diagnostics> {
    let found: Vec<_> =
        all.iter().flat_map(|w| &w.outputs).filter(|output| output.name == name).collect();
    match found.as_slice() {
        [only] if only.value.is_null() => {
            let message = format!("output `{name}` has no value yet");
            Err(Diagnostic::error("no_value", message).hint("apply the workspace first").into())
        }
        [only] => Ok(only),
        [] => {
            let known = all.iter().flat_map(|w| &w.outputs).map(|output| output.name.as_str());
            let error = Diagnostic::error(
                "unknown_output",
                format!("the workspace has no output `{name}`"),
            );
            Err(match nearest(name, known) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => match all.iter().find(|w| !w.outputs.is_empty()) {
                    Some(workspace) => {
                        let names: Vec<_> =
                            workspace.outputs.iter().map(|o| o.name.as_str()).collect();
                        error.hint(format!("it has {}", names.join(", ")))
                    }
                    None => error.hint("it has none"),
                },
            }
            .into())
        }
        _ => Err(Diagnostic::error("several_regions", "the output has a value in several regions")
            .hint("choose one with `--region`")
            .into()),
    }
}

fn only_named(name: &str, all: &[WorkspaceOutputs]) -> Vec<WorkspaceOutputs> {
    let mut all = all.to_vec();
    for workspace in &mut all {
        workspace.outputs.retain(|output| output.name == name);
        for output in &mut workspace.outputs {
            output.sensitive = false;
        }
    }
    all
}
