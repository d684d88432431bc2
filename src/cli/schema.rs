//! `infra schema`

use super::args::Global;
use super::{Outcome, only};
use crate::stack::schema_document;
use crate::ui::{Format, Output, json};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  infra schema > stacks/stack.schema.json

Editors with TOML support then complete and check files that begin with
  #:schema ./stack.schema.json")]
pub(super) struct Args {}

pub(super) fn run(_: &Args, _: &Global, output: &Output) -> Outcome {
    only("schema", output, &[Format::Text, Format::Json])?;
    output.answer(&json::pretty(&schema_document(&super::catalog())));
    Ok(0)
}
