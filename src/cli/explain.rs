//! `infra explain`

use super::args::Global;
use super::{Outcome, only};
use crate::stack::diagnostic::nearest;
use crate::stack::{BlockKind, Catalog, Diagnostic, Diagnostics, TypeEntry};
use crate::ui::{Format, Output, explain};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra explain                          every type
  infra explain route_table              one type
  infra explain security_group.ingress   one of its fields
  infra explain data.vpc                 a data source")]
pub(super) struct Args {
    /// A type, a data source as data.TYPE, or a field of either
    #[arg(value_name = "TYPE[.FIELD]")]
    subject: Option<String>,
}

pub(super) fn run(args: &Args, _: &Global, output: &Output) -> Outcome {
    let format = only("explain", output, &[Format::Text, Format::Json])?;
    let catalog = super::catalog();
    output.answer(&text(args.subject.as_deref(), &catalog, format, output)?);
    Ok(0)
}

fn text(
    subject: Option<&str>,
    catalog: &Catalog,
    format: Format,
    output: &Output,
) -> Result<String, Diagnostics> {
    let look = output.look();
    let json = format == Format::Json;
    let Some(subject) = subject else {
        return Ok(if json {
            explain::list_json(catalog)
        } else {
            explain::list_text(catalog, look)
        });
    };
    let (kind, entry, path) = find(subject, catalog)?;
    if path.is_empty() {
        return Ok(if json {
            explain::type_json(kind, entry)
        } else {
            explain::type_text(kind, entry, look)
        });
    }
    let field = explain::find(entry, path).map_err(|missing| unknown_field(entry, &missing))?;
    Ok(if json { explain::field_json(&field) } else { explain::field_text_alone(&field, look) })
}

/// The type a subject names, and the path of a field in it. A name that only a data source has
/// needs no `data.`.
fn find<'a, 'b>(
    subject: &'a str,
    catalog: &'b Catalog,
) -> Result<(BlockKind, &'b TypeEntry, &'a str), Diagnostics> {
    let (wanted, rest) = match subject.strip_prefix("data.") {
        Some(rest) => (&[BlockKind::Data][..], rest),
        None => (&[BlockKind::Resource, BlockKind::Data][..], subject),
    };
    let (ty, path) = rest.split_once('.').unwrap_or((rest, ""));
    for kind in wanted {
        if let Some(entry) = catalog.get(*kind, ty) {
            return Ok((*kind, entry, path));
        }
    }
    let known = catalog.resources.keys().chain(catalog.data.keys()).copied();
    let error = Diagnostic::error("unknown_type", format!("there is no type `{ty}`"));
    Err(match nearest(ty, known) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`infra explain` lists all types"),
    }
    .into())
}

fn unknown_field(entry: &TypeEntry, missing: &explain::Missing) -> Diagnostics {
    let within = match missing.within.as_str() {
        "" => entry.name.to_owned(),
        within => format!("{}.{within}", entry.name),
    };
    let message = format!("`{within}` has no field `{}`", missing.name);
    let error = Diagnostic::error("unknown_field", message);
    match nearest(&missing.name, missing.known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if missing.known.is_empty() => error,
        None => error.hint(format!("it has {}", missing.known.join(", "))),
    }
    .into()
}
