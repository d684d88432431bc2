//! `infra man`

use super::args::Global;
use super::{Outcome, only};
use crate::stack::diagnostic::nearest;
use crate::stack::{Diagnostic, Diagnostics};
use crate::ui::{Format, Output};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use std::io;
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra man | man -l -
  infra man apply > infra-apply.1
  infra man --dir ~/.local/share/man/man1")]
pub(super) struct Args {
    /// A verb; without one, the page of infra itself
    #[arg(value_name = "VERB")]
    verb: Option<String>,
    /// Write the pages of infra and of every verb to this folder
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args, _: &Global, output: &Output) -> Outcome {
    only("man", output, &[Format::Text])?;
    let mut whole = super::command(super::WIDEST_HELP).disable_help_subcommand(true);
    whole.build();
    if let Some(dir) = &args.dir {
        let written = write_all(&whole, dir)?;
        output.message(&format!("{written} pages written to {}.\n", super::shell(dir)));
        return Ok(0);
    }
    let command = match &args.verb {
        None => &whole,
        Some(verb) => find(&whole, verb)?,
    };
    output.answer(&page(command));
    Ok(0)
}

fn verbs(whole: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    whole.get_subcommands().filter(|verb| !verb.is_hide_set())
}

fn find<'a>(whole: &'a clap::Command, verb: &str) -> Result<&'a clap::Command, Diagnostics> {
    let found = verbs(whole).find(|command| command.get_name() == verb);
    found.ok_or_else(|| {
        let problem = Diagnostic::error("unknown_verb", format!("`{verb}` is no verb of infra"));
        let problem = match nearest(verb, verbs(whole).map(clap::Command::get_name)) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("`infra --help` lists them"),
        };
        problem.into()
    })
}

fn write_all(whole: &clap::Command, dir: &Path) -> Result<usize, Diagnostics> {
    let unwritable = |path: &Path, error: &io::Error| {
        let message = format!("cannot write {}: {error}", path.display());
        Diagnostics::from(Diagnostic::error("unwritable", message))
    };
    std::fs::create_dir_all(dir).map_err(|error| unwritable(dir, &error))?;
    let mut written = 0;
    for command in std::iter::once(whole).chain(verbs(whole)) {
        let path = dir.join(Man::new(command.clone()).get_filename());
        std::fs::write(&path, page(command)).map_err(|error| unwritable(&path, &error))?;
        written += 1;
    }
    Ok(written)
}

/// The manual page of a command in roff. What follows its help gets sections of its own, because
/// examples must keep their lines.
fn page(command: &clap::Command) -> String {
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let man = Man::new(command.clone())
        .source(concat!("infra ", env!("CARGO_PKG_VERSION")))
        .manual("infra manual");
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = man
        .render_title(&mut out)
        .and_then(|()| man.render_name_section(&mut out))
        .and_then(|()| man.render_synopsis_section(&mut out))
        .and_then(|()| man.render_description_section(&mut out))
        .and_then(|()| man.render_options_section(&mut out));
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut out);
    }
    let _ = sections(&notes).to_writer(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The paragraphs after the help: `Heading:` with indented lines, `Exit codes: …`, or plain words.
fn sections(notes: &str) -> Roff {
    let mut roff = Roff::new();
    let mut in_notes = false;
    for paragraph in notes.split("\n\n").filter(|p| !p.trim().is_empty()) {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        if let (Some(heading), false) = (first.strip_suffix(':'), rest.is_empty()) {
            let heading = heading.to_uppercase();
            let heading = if heading == "EXIT CODES" { "EXIT STATUS" } else { heading.as_str() };
            roff.control("SH", [heading]).control("nf", []);
            for line in rest.lines() {
                roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
            }
            roff.control("fi", []);
            in_notes = false;
        } else if let Some(codes) = paragraph.strip_prefix("Exit codes: ") {
            roff.control("SH", ["EXIT STATUS"]).text([roman(codes.replace('\n', " "))]);
            in_notes = false;
        } else {
            if in_notes {
                roff.control("PP", []);
            } else {
                roff.control("SH", ["NOTES"]);
            }
            roff.text([roman(paragraph.replace('\n', " "))]);
            in_notes = true;
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_that_keeps_its_examples() {
        let mut whole = super::super::command(80);
        whole.build();
        for command in std::iter::once(&whole).chain(verbs(&whole)) {
            let text = page(command);
            let name = command.get_display_name().unwrap_or_else(|| command.get_name());
            assert!(text.contains(&format!(".TH {name} 1")), "{name}: {text}");
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
                assert!(text.contains(&format!(".SH {section}\n")), "{name} has no {section}");
            }
            assert!(!text.contains("no\\-lock"), "{name} tells of a hidden flag");
        }
        let plan = page(find(&whole, "plan").unwrap());
        assert!(plan.contains(".SH EXAMPLES\n.nf\ninfra plan supporting\\-infrastructure\n"));
        assert!(plan.contains(".SH \"EXIT STATUS\"\n0 planned;"), "{plan}");
    }

    #[test]
    fn an_unknown_verb_gets_the_nearest() {
        let whole = super::super::command(80);
        let problems = find(&whole, "aply").unwrap_err();
        assert_eq!(problems.0[0].hint.as_deref(), Some("did you mean `apply`?"));
    }
}
