//! A TOML text as a tree of values, each with its place; strings are parsed as expressions.

mod parse;

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Number;

use super::diagnostic::{Diagnostic, Diagnostics, Location, Source};
use super::expression::{Expression, ExpressionError};
use super::value::Value;

pub(super) use parse::parse;

/// Collects problems of one text.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) source: Arc<Source>,
    pub(super) found: Diagnostics,
}

impl Report {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), found: Diagnostics::new() }
    }

    /// Makes an error that points into the text; the caller adds to it and pushes it.
    pub(super) fn error(
        &self,
        code: &'static str,
        range: &Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(code, message).at(&self.source, range.clone())
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    pub(super) fn location(&self, range: &Range<usize>) -> Location {
        Location { source: Arc::clone(&self.source), range: range.clone() }
    }

    /// Reports a fault in an expression at its place in the text.
    pub(super) fn expression(&mut self, code: &'static str, text: &Text, e: ExpressionError) {
        let mut diagnostic = self.error(code, &text.locate(&e.span), e.message);
        diagnostic.hint = e.hint;
        self.push(diagnostic);
    }
}

/// A value with the bytes it was written in; for a table that has a header, those of the header.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) data: Data,
    pub(super) range: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    Bool(bool),
    Number(Number),
    Text(Text),
    Array(Vec<Node>),
    Table(Table),
    /// Reported already.
    Bad,
}

/// The entries of a table, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: IndexMap<String, Entry>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where the key is written.
    pub(super) key: Range<usize>,
    pub(super) node: Node,
}

/// A string: an expression, a template, or only text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) expression: Expression,
    offsets: Offsets,
}

/// Where the bytes of a string's content stand in the file.
#[derive(Clone, Debug)]
enum Offsets {
    /// Content and file agree byte by byte from here.
    From(usize),
    /// One entry a byte, and one for the end.
    Each(Vec<usize>),
    /// Not told apart.
    Whole(Range<usize>),
}

impl Text {
    /// Gives the place in the file of a span of the content.
    pub(super) fn locate(&self, span: &Range<usize>) -> Range<usize> {
        match &self.offsets {
            Offsets::From(start) => start + span.start..start + span.end,
            Offsets::Each(map) => {
                let at = |i: usize| map.get(i).or(map.last()).copied().unwrap_or_default();
                at(span.start)..at(span.end).max(at(span.start))
            }
            Offsets::Whole(range) => range.clone(),
        }
    }

    /// Gives the text when nothing in it takes evaluation.
    pub(super) fn literal(&self) -> Option<&str> {
        self.expression.is_literal()
    }

    /// Gives the content as written, not unescaped.
    pub(super) fn raw(&self) -> &str {
        self.expression.text()
    }
}

impl Node {
    /// Names the type for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match &self.data {
            Data::Bool(_) => "boolean",
            Data::Number(n) if n.is_f64() => "number",
            Data::Number(_) => "integer",
            Data::Text(_) => "string",
            Data::Array(_) => "list",
            Data::Table(_) => "table",
            Data::Bad => "value",
        }
    }

    /// Gives the value when nothing in it takes evaluation; else reports what does.
    pub(super) fn constant(&self, report: &mut Report) -> Option<Value> {
        match &self.data {
            Data::Bool(b) => Some(Value::Bool(*b)),
            Data::Number(n) => Some(Value::Number(n.clone())),
            Data::Text(text) => match text.literal() {
                Some(literal) => Some(Value::from(literal)),
                None => {
                    let problem = report
                        .error(
                            "expression_not_allowed",
                            &self.range,
                            "no expressions are allowed here",
                        )
                        .hint("for the characters themselves write `$${`");
                    report.push(problem);
                    None
                }
            },
            Data::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| item.constant(report)).collect();
                items.into_iter().collect::<Option<_>>().map(Value::List)
            }
            Data::Table(table) => {
                let items: Vec<_> = table
                    .entries
                    .iter()
                    .map(|(key, entry)| Some((key.clone(), entry.node.constant(report)?)))
                    .collect();
                items.into_iter().collect::<Option<_>>().map(Value::Map)
            }
            Data::Bad => None,
        }
    }

    /// Gives a literal string; else reports.
    pub(super) fn string(&self, report: &mut Report) -> Option<String> {
        match self.constant(report)? {
            Value::String(s) => Some(s),
            _ => {
                report.push(self.mismatch(report, "a string"));
                None
            }
        }
    }

    /// Lists the keys that this would give as a `for_each`, where it writes them out.
    pub(super) fn written_keys(&self) -> Option<Vec<String>> {
        match &self.data {
            Data::Table(table) => Some(table.entries.keys().cloned().collect()),
            Data::Array(items) => items
                .iter()
                .map(|item| match &item.data {
                    Data::Text(text) => text.literal().map(str::to_owned),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    /// Gives a boolean; else reports.
    pub(super) fn boolean(&self, report: &mut Report) -> Option<bool> {
        match &self.data {
            Data::Bool(b) => Some(*b),
            Data::Bad => None,
            _ => {
                report.push(self.mismatch(report, "`true` or `false`"));
                None
            }
        }
    }

    /// Gives a list of literal strings with their places; else reports.
    pub(super) fn strings(&self, report: &mut Report) -> Vec<(String, Range<usize>)> {
        match &self.data {
            Data::Array(items) => items
                .iter()
                .filter_map(|item| Some((item.string(report)?, item.range.clone())))
                .collect(),
            Data::Bad => Vec::new(),
            _ => {
                report.push(self.mismatch(report, "a list of strings"));
                Vec::new()
            }
        }
    }

    /// Gives a table; else reports.
    pub(super) fn table(&self, report: &mut Report) -> Option<&Table> {
        match &self.data {
            Data::Table(table) => Some(table),
            Data::Bad => None,
            _ => {
                report.push(self.mismatch(report, "a table"));
                None
            }
        }
    }

    /// An error that says what was wanted here.
    pub(super) fn mismatch(&self, report: &Report, wanted: &str) -> Diagnostic {
        let got = self.type_name();
        let article = if got == "integer" { "an" } else { "a" };
        report.error("wrong_type", &self.range, format!("expected {wanted}, got {article} {got}"))
    }
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.get(key).map(|entry| &entry.node)
    }

    /// Reports keys that are none of these.
    pub(super) fn only(&self, report: &mut Report, known: &[&str], place: &str) {
        for (key, entry) in &self.entries {
            if !known.contains(&key.as_str()) {
                let problem = unknown_key(report, key, &entry.key, known, place);
                report.push(problem);
            }
        }
    }
}

/// An error for a key that does not exist, with the nearest that does.
pub(super) fn unknown_key(
    report: &Report,
    key: &str,
    range: &Range<usize>,
    known: &[&str],
    place: &str,
) -> Diagnostic {
    let problem = report.error("unknown_key", range, format!("{place} has no key `{key}`"));
    match super::diagnostic::nearest(key, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem,
        None if known.len() <= 16 => problem.hint(format!("it has {}", listed(known))),
        None => problem,
    }
}

/// Writes names as `` `a`, `b` and `c` ``.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
