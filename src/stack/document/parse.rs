//! Parses a TOML text into a tree.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Number;
use toml::de::{DeTable, DeValue};

use super::{Data, Entry, Node, Offsets, Report, Table, Text};
use crate::stack::diagnostic::Source;
use crate::stack::expression::Expression;
use crate::stack::value::number_from_f64;

/// Parses a TOML text. A syntax error leaves nothing to look at further.
pub(in crate::stack) fn parse(source: &Arc<Source>, report: &mut Report) -> Option<Table> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        return Some(convert_table(table.get_ref(), report));
    }
    // What follows from the first fault on a line says nothing new.
    let mut lines = std::collections::BTreeSet::new();
    let mut errors: Vec<_> = errors.iter().map(|e| (e.span(), e.message())).collect();
    errors.sort_by_key(|(span, _)| span.as_ref().map(|s| s.start));
    // Lines of a table that is there twice say nothing new either.
    let mut twice = None;
    for (span, message) in errors {
        let end = source.text.len();
        let mut range = span.map_or(end..end, |s| s.start.min(end)..s.end.min(end));
        if range.is_empty() && !source.text[range.start..].starts_with(['\n', '\r']) {
            let width = source.text[range.start..].chars().next().map_or(0, char::len_utf8);
            range.end = range.start + width;
        }
        let mut problem = report.error("invalid_toml", &range, message.to_owned());
        let header = |at: usize| {
            let until = source.text[at..].find('\n').map_or(end, |n| at + n);
            let from = source.text[..at].rfind('\n').map_or(0, |n| n + 1);
            let text = source.text[from..until].trim();
            text.starts_with('[').then(|| (from..until, text.to_owned()))
        };
        if message == "duplicate key" {
            if let Some((line, text)) = header(range.start) {
                twice = Some(line.end);
                problem = report.error("duplicate_key", &line, format!("`{text}` is there twice"));
                if let Some(first) = source.text.find(&text).filter(|at| *at < line.start) {
                    let place = report.location(&(first..first + text.len()));
                    problem = problem.related(place, "first here");
                }
            } else if let Some(from) = twice
                && !source.text[from..range.start].contains("\n[")
            {
                continue;
            } else {
                let key = source.text[range.clone()].to_owned();
                problem = report.error("duplicate_key", &range, format!("`{key}` is there twice"));
            }
        }
        let line_start = source.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let before = &source.text[line_start..range.start];
        if before.contains("\"${") && !before.contains('\'') {
            problem = problem.hint("write a value with quotes inside between single quotes: '…'");
        }
        let line = problem.at.as_ref().map(|at| at.line_column().0);
        if lines.insert(line) {
            report.push(problem);
        }
    }
    None
}

fn convert_table(table: &DeTable<'_>, report: &mut Report) -> Table {
    let mut entries = IndexMap::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        if name.contains("${") || name.contains("%{") {
            let problem = report
                .error("expression_in_key", &key.span(), "a key may not hold an expression")
                .hint("use `for_each`, or one expression that makes the whole map");
            report.push(problem);
        }
        let node = convert(value.get_ref(), value.span(), report);
        entries.insert(name, Entry { key: key.span(), node });
    }
    Table { entries }
}

fn convert(value: &DeValue<'_>, range: Range<usize>, report: &mut Report) -> Node {
    let data = match value {
        DeValue::String(s) => text(s, &range, report),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix())
            .map(Number::from)
            .or_else(|_| u64::from_str_radix(n.as_str(), n.radix()).map(Number::from))
            .map_or_else(|_| bad(report, &range, "this number is out of range"), Data::Number),
        DeValue::Float(n) => n
            .as_str()
            .parse::<f64>()
            .ok()
            .and_then(number_from_f64)
            .map_or_else(|| bad(report, &range, "this number is not finite"), Data::Number),
        DeValue::Boolean(b) => Data::Bool(*b),
        DeValue::Datetime(_) => bad(report, &range, "a date is written as a string, in quotes"),
        DeValue::Array(items) => Data::Array(
            items.iter().map(|item| convert(item.get_ref(), item.span(), report)).collect(),
        ),
        DeValue::Table(table) => Data::Table(convert_table(table, report)),
    };
    Node { data, range }
}

fn bad(report: &mut Report, range: &Range<usize>, message: &str) -> Data {
    let problem = report.error("invalid_value", range, message);
    report.push(problem);
    Data::Bad
}

fn text(content: &str, range: &Range<usize>, report: &mut Report) -> Data {
    let offsets = offsets(content, range, &report.source.text);
    match Expression::parse(content) {
        Ok(expression) => Data::Text(Text { expression, offsets }),
        Err(e) => {
            let empty = Expression::parse("");
            if let Ok(expression) = empty {
                report.expression("invalid_expression", &Text { expression, offsets }, e);
            }
            Data::Bad
        }
    }
}

fn offsets(content: &str, range: &Range<usize>, file: &str) -> Offsets {
    let raw = &file[range.clone()];
    let quote = [r#"""""#, "'''", "\"", "'"].into_iter().find(|q| raw.starts_with(q));
    let Some(quote) = quote else { return Offsets::Whole(range.clone()) };
    let mut start = quote.len();
    if quote.len() == 3 {
        let rest = &raw[start..];
        start += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    let Some(inner) = raw.get(start..raw.len().saturating_sub(quote.len())) else {
        return Offsets::Whole(range.clone());
    };
    let first = range.start + start;
    if inner == content {
        return Offsets::From(first);
    }
    match unescaped(inner, first) {
        Some(map) if map.len() == content.len() + 1 => Offsets::Each(map),
        _ => Offsets::Whole(range.clone()),
    }
}

/// Maps each byte of the unescaped content to its place, as TOML's basic strings are escaped.
fn unescaped(inner: &str, first: usize) -> Option<Vec<usize>> {
    let mut map = Vec::with_capacity(inner.len());
    let mut rest = inner.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if c != '\\' {
            map.extend((0..c.len_utf8()).map(|i| first + at + i));
            continue;
        }
        let (_, escape) = rest.next()?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            c if c.is_whitespace() => {
                while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                continue;
            }
            _ => 0,
        };
        let hex: String = (0..digits).filter_map(|_| rest.next().map(|(_, c)| c)).collect();
        let width = if digits == 0 {
            1
        } else {
            char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?.len_utf8()
        };
        map.extend((0..width).map(|_| first + at));
    }
    map.push(first + inner.len());
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::diagnostic::{Diagnostic, Location};

    fn read(text: &str) -> (Option<Table>, Report) {
        let source = Arc::new(Source { name: "stacks/a.toml".into(), text: text.into() });
        let mut report = Report::new(&source);
        let table = parse(&source, &mut report);
        (table, report)
    }

    fn found(report: &Report) -> Vec<(&'static str, (usize, usize))> {
        let place = |d: &Diagnostic| d.at.as_ref().map(Location::line_column).unwrap_or_default();
        report.found.0.iter().map(|d| (d.code, place(d))).collect()
    }

    #[test]
    fn every_syntax_error_is_told_with_its_place() {
        let (table, report) = read("a = \nb = 3\nc = [1\n");
        assert!(table.is_none());
        assert_eq!(found(&report)[0], ("invalid_toml", (1, 5)));
        let (_, report) = read("[a]\nb = 1\n[a]\n");
        assert_eq!(found(&report), [("duplicate_key", (3, 1))]);
    }

    #[test]
    fn faults_in_expressions_are_located_through_escapes_and_lines() {
        for (text, at) in [
            ("a = \"${x +}\"", (1, 11)),
            ("a = \"\\t\\u00e9${x +}\"", (1, 19)),
            ("a = \"\"\"\nfirst\n  ${x +}\"\"\"", (3, 8)),
            ("a = \"\"\"\nfirst \\\n  ${x +}\"\"\"", (3, 8)),
            ("a = '${x +}'", (1, 11)),
        ] {
            let (_, report) = read(text);
            assert_eq!(found(&report), [("invalid_expression", at)], "{text}");
        }
    }

    #[test]
    fn keys_hold_no_expressions_and_dates_are_strings() {
        let (_, report) = read("\"a${b}\" = 1\nc = 2020-01-01\nd = inf\n");
        assert_eq!(
            found(&report),
            [("expression_in_key", (1, 1)), ("invalid_value", (2, 5)), ("invalid_value", (3, 5))]
        );
    }

    proptest::proptest! {
        #[test]
        fn offsets_point_at_the_same_characters(content in "[a-zé \"\\\\\n\t]{0,20}") {
            let file = format!("key = {}", toml::Value::String(content.clone()));
            let (table, _) = read(&file);
            let table = table.unwrap();
            let Data::Text(text) = &table.get("key").unwrap().data else { panic!("no text") };
            for (at, c) in content.char_indices() {
                let place = text.locate(&(at..at + c.len_utf8()));
                let written = &file[place.start..];
                proptest::prop_assert!(written.starts_with(c) || written.starts_with('\\'));
            }
        }
    }
}
