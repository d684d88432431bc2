//! `infra show`

use super::args::{Global, address};
use super::session::{self, Answers, Engine};
use super::{Outcome, beside, only};
use crate::stack::{Address, Diagnostic};
use crate::ui::{Format, Output, show};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra show -e dev
  infra show 'subnet.public[\"a\"]' --format json")]
pub(super) struct Args {
    /// `TYPE.NAME` or `TYPE.NAME["KEY"]`; every resource of ours without it
    #[arg(value_parser = address)]
    address: Option<Address>,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    let format = only("show", output, &[Format::Text, Format::Json])?;
    let engine = session::open(global)?;
    let Answers { all, problems } = session::block_on(engine.show(args.address.as_ref()))?;
    if all.is_empty() && !problems.is_empty() {
        return Err(problems);
    }
    if let (Some(address), true) = (&args.address, all.is_empty()) {
        let message = format!("no live resource of ours has the address `{address}`");
        return Err(Diagnostic::error("unknown_address", message)
            .hint("`infra show` lists all of them")
            .into());
    }
    let look = output.look();
    output.answer(&match (format, &args.address) {
        (Format::Json, _) => show::resources_json(&all),
        (_, None) => show::list_text(&all, look),
        (_, Some(_)) => {
            all.iter().map(|r| show::resource_text(r, look)).collect::<Vec<_>>().join("\n")
        }
    });
    Ok(beside(&problems, 0, output))
}
