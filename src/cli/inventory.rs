//! `infra inventory`

use super::args::Global;
use super::{Outcome, only, session};
use crate::engine::inventory::Inventory;
use crate::ui::{Format, Output, inventory};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra inventory -e dev          after `infra destroy --all -e dev`: residue 0
  infra inventory --all --format json

It asks the Tagging API, EC2 and IAM for tags, and never the code that plans and
destroys, so that it can contradict it. The Tagging API lags by up to some minutes:
what it lists is confirmed with its service, and what was made just now may be missing.")]
pub(super) struct Args {
    /// Of every project and environment, not only of this one
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    let format = only("inventory", output, &[Format::Text, Format::Json])?;
    let engine = session::open(global)?;
    // One region that was not read may hold what the inventory then would not have.
    let mut found = Inventory::default();
    for one in session::block_on(engine.inventory(args.all))?.whole()? {
        found.add(one);
    }
    let scopes = if args.all { Vec::new() } else { engine.scopes() };
    output.answer(&match format {
        Format::Json => inventory::json(&found),
        _ => inventory::text(&found, &scopes, output.look()),
    });
    Ok(0)
}
