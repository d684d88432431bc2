//! `infra destroy`

use super::args::{Filters, Global, Selection, Unlock};
use super::session::{self, Request};
use super::{Outcome, apply, confirm, only};
use crate::engine::plan::Mode;
use crate::ui::{Format, Output};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra destroy order-api -e dev
  infra destroy --all -e dev --yes

With --all, workspaces whose file is gone are deleted too, and named. What others
own is never touched; protected resources need --allow-protected.")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    unlock: Unlock,
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    only("destroy", output, &[Format::Text, Format::Json])?;
    session::named("destroy", &args.selection, global)?;
    let request = Request::new(Mode::Destroy, &args.selection, &args.filters, &args.unlock);
    confirm::possible("destroy", args.yes, output)?;
    let engine = session::open(global)?;
    session::block_on(apply::reconcile(&request, args.yes, &engine, output))?
}
