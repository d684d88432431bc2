//! Problems as text with an excerpt of the source, as JSON, for GitHub Actions, and as SARIF.

use super::json::{ErrorDocument, SeverityWord, ValidateDocument, line};
use super::text::{Look, Tone, count, wrap};
use super::{SCHEMA, json};
use crate::stack::{Diagnostic, Diagnostics, Location, Severity, Source};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// Renders problems as text; the count comes last when there are several.
pub fn text(all: &Diagnostics, look: Look) -> String {
    let mut out = String::new();
    for diagnostic in &all.0 {
        out.push_str(&one(diagnostic, look));
        out.push_str("\n\n");
    }
    let errors = all.0.iter().filter(|d| d.severity == Severity::Error).count();
    let warnings = all.0.len() - errors;
    match (errors, warnings) {
        _ if all.0.len() < 2 => {
            out.pop();
        }
        (0, _) => {
            let _ = writeln!(out, "{}", count(warnings, "warning"));
        }
        (_, 0) => {
            let _ = writeln!(out, "{}", count(errors, "error"));
        }
        _ => {
            let _ = writeln!(out, "{}, {}", count(errors, "error"), count(warnings, "warning"));
        }
    }
    out
}

fn one(diagnostic: &Diagnostic, look: Look) -> String {
    if diagnostic.at.is_none() {
        return without_place(diagnostic, look);
    }
    let (level, word) = match diagnostic.severity {
        Severity::Error => (Level::ERROR, "error: "),
        Severity::Warning => (Level::WARNING, "warning: "),
    };
    // What follows the excerpt is indented by the width of the line numbers and `= note: `.
    let gutter = gutter(diagnostic) + 1;
    let words = |text: &str, head: usize| wrap(text, 0, 0, narrower(look, head));
    let title = words(&diagnostic.message, word.len());
    let mut group = Group::with_title(level.primary_title(title));
    for snippet in snippets(diagnostic) {
        group = group.element(snippet);
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(words(note, gutter + "= note: ".len())));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(words(hint, gutter + "= help: ".len())));
    }
    let renderer =
        if look.colour { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
    renderer.term_width(look.width).render(&[group])
}

/// A problem that is nowhere in a file.
fn without_place(diagnostic: &Diagnostic, look: Look) -> String {
    let (tone, word) = match diagnostic.severity {
        Severity::Error => (Tone::Danger, "error:"),
        Severity::Warning => (Tone::Change, "warning:"),
    };
    let put = |tone: Tone, word: &str, text: &str, indent: usize| {
        let at = indent + word.len() + 1;
        let margin = " ".repeat(indent);
        format!("{margin}{} {}", look.paint(tone, word), wrap(text, at, at, look))
    };
    let mut lines = vec![put(tone, word, &diagnostic.message, 0)];
    lines.extend(diagnostic.notes.iter().map(|note| put(Tone::Strong, "note:", note, 2)));
    lines.extend(diagnostic.hint.iter().map(|hint| put(Tone::Add, "help:", hint, 2)));
    lines.join("\n")
}

fn narrower(look: Look, head: usize) -> Look {
    Look { width: look.width.saturating_sub(head).max(20), ..look }
}

fn gutter(diagnostic: &Diagnostic) -> usize {
    let places = diagnostic.at.iter().chain(diagnostic.related.iter().map(|(at, _)| at));
    let last = places.map(|at| at.line_column().0).max().unwrap_or(1);
    last.to_string().len() + 1
}

/// One snippet a source: the main place first, related ones of the same source in it.
fn snippets(diagnostic: &Diagnostic) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let Some(at) = &diagnostic.at else { return Vec::new() };
    let mut sources: Vec<&Arc<Source>> = vec![&at.source];
    for (related, _) in &diagnostic.related {
        if !sources.contains(&&related.source) {
            sources.push(&related.source);
        }
    }
    let snippet = |source: &'_ Arc<Source>| {
        let mut annotations = Vec::new();
        if at.source == *source {
            let main = AnnotationKind::Primary.span(span(at));
            annotations.push(main.label(diagnostic.label.as_deref()));
        }
        for (related, words) in diagnostic.related.iter().filter(|(r, _)| r.source == *source) {
            annotations.push(AnnotationKind::Context.span(span(related)).label(words.as_str()));
        }
        annotations
    };
    sources
        .into_iter()
        .map(|source| {
            Snippet::source(source.text.as_str())
                .path(source.name.as_str())
                .annotations(snippet(source))
        })
        .collect()
}

/// A range the renderer can take: within the text, on character boundaries, on its first line.
fn span(at: &Location) -> Range<usize> {
    let text = &at.source.text;
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(at.range.start);
    let end = floor(at.range.end.max(start));
    // A caret under a whole table says less than one under its first line.
    let end = text[start..end].find('\n').map_or(end, |newline| start + newline);
    start..end
}

/// Makes the JSON document of one problem.
pub fn document(diagnostic: &Diagnostic) -> ErrorDocument {
    let place = diagnostic.at.as_ref().map(Location::line_column);
    ErrorDocument {
        schema: SCHEMA.to_owned(),
        code: diagnostic.code.to_owned(),
        message: diagnostic.message.clone(),
        file: diagnostic.at.as_ref().map(|at| at.source.name.clone()),
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        notes: diagnostic.notes.clone(),
        hint: diagnostic.hint.clone(),
        severity: match diagnostic.severity {
            Severity::Error => SeverityWord::Error,
            Severity::Warning => SeverityWord::Warning,
        },
    }
}

/// Renders problems as JSON, one document a line.
pub fn json_lines(all: &Diagnostics) -> String {
    all.0.iter().map(|d| line(&document(d))).collect()
}

/// Renders what `validate` found as one JSON document.
pub fn validate_json(all: &Diagnostics) -> String {
    json::pretty(&ValidateDocument {
        schema: SCHEMA.to_owned(),
        valid: !all.has_errors(),
        errors: all.0.iter().map(document).collect(),
    })
}

/// Renders problems as workflow commands of GitHub Actions.
pub fn github(all: &Diagnostics) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for diagnostic in &all.0 {
        let document = document(diagnostic);
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut properties = Vec::new();
        if let (Some(file), Some(line), Some(column)) =
            (&document.file, document.line, document.column)
        {
            properties.push(format!("file={}", property(file)));
            properties.push(format!("line={line},col={column}"));
        }
        properties.push(format!("title={}", property(&document.code)));
        let mut message = document.message;
        for more in diagnostic.notes.iter().chain(&document.hint) {
            message.push('\n');
            message.push_str(more);
        }
        let _ = writeln!(out, "::{command} {}::{}", properties.join(","), escape(&message));
    }
    out
}

/// Renders problems as SARIF 2.1.0.
pub fn sarif(all: &Diagnostics) -> String {
    let mut rules: Vec<_> = all.0.iter().map(|d| d.code).collect();
    rules.sort_unstable();
    rules.dedup();
    let result = |diagnostic: &Diagnostic| {
        let document = document(diagnostic);
        let mut text = document.message.clone();
        for more in document.notes.iter().chain(&document.hint) {
            let _ = write!(text, "; {more}");
        }
        let mut result = json!({
            "ruleId": document.code,
            "level": document.severity,
            "message": { "text": text },
        });
        if let Some(file) = &document.file {
            result["locations"] = json!([{ "physicalLocation": {
                "artifactLocation": { "uri": file.replace('\\', "/") },
                "region": { "startLine": document.line, "startColumn": document.column },
            }}]);
        }
        result
    };
    json::pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "infra",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            }},
            "results": all.0.iter().map(result).collect::<Vec<_>>(),
        }],
    }))
}
