//! `infra completions`

use super::args::Global;
use super::{Outcome, only};
use crate::ui::{Format, Output};
use clap_complete::Shell;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra completions bash > ~/.local/share/bash-completion/completions/infra
  infra completions fish > ~/.config/fish/completions/infra.fish")]
pub(super) struct Args {
    /// bash, elvish, fish, powershell or zsh
    #[arg(hide_possible_values = true)]
    shell: Shell,
}

pub(super) fn run(args: &Args, _: &Global, output: &Output) -> Outcome {
    only("completions", output, &[Format::Text])?;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(output.width()), "infra", &mut script);
    output.answer(&String::from_utf8_lossy(&script));
    Ok(0)
}
