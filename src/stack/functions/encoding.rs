//! Base64, JSON, CSV and URLs.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::convert::number_text;
use crate::stack::value::Value;

const TEXT: &[super::Param] = &[param("string", Kind::Text)];

pub(super) const FUNCTIONS: &[Function] =
    &[
        Function::new("base64decode", TEXT, base64decode),
        Function::new("base64encode", TEXT, |args| Ok(STANDARD.encode(args.text(0)).into())),
        Function::new("csvdecode", TEXT, csvdecode),
        Function::new("jsondecode", TEXT, jsondecode),
        Function::new("jsonencode", &[param("value", Kind::Any)], |args| {
            Ok(json(args.value(0)).into())
        }),
        Function::new("urlencode", TEXT, |args| Ok(urlencode(args.text(0)).into())),
    ];

fn base64decode(args: &Args<'_>) -> Outcome {
    let bytes = STANDARD
        .decode(args.text(0))
        .map_err(|e| FunctionError::at(0, format!("the string is not base64: {e}")))?;
    String::from_utf8(bytes)
        .map(Value::String)
        .map_err(|_| FunctionError::at(0, "the decoded bytes are not UTF-8"))
}

fn jsondecode(args: &Args<'_>) -> Outcome {
    serde_json::from_str(args.text(0))
        .map(|json| Value::from_json(&json))
        .map_err(|e| FunctionError::at(0, format!("the string is not JSON: {e}")))
}

/// Gives a known value as JSON, as `jsonencode` does.
pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text);
    text
}

/// Writes JSON as Terraform's `jsonencode` does: no blanks, keys sorted, and `<`, `>`, `&` and the
/// Unicode line separators escaped as Go escapes them.
fn write_json(value: &Value, into: &mut String) {
    let comma = |at: usize, into: &mut String| {
        if at > 0 {
            into.push(',');
        }
    };
    match value {
        Value::Null | Value::Unknown(_) => into.push_str("null"),
        Value::Bool(b) => into.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => into.push_str(&number_text(n)),
        Value::String(s) => write_json_string(s, into),
        Value::List(items) | Value::Set(items) => {
            into.push('[');
            for (at, item) in items.iter().enumerate() {
                comma(at, into);
                write_json(item, into);
            }
            into.push(']');
        }
        Value::Map(map) => {
            into.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                comma(at, into);
                write_json_string(key, into);
                into.push(':');
                write_json(item, into);
            }
            into.push('}');
        }
        Value::Sensitive(inner) => write_json(inner, into),
    }
}

fn write_json_string(text: &str, into: &mut String) {
    for c in serde_json::Value::from(text).to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(into, "\\u{:04x}", u32::from(c));
            }
            c => into.push(c),
        }
    }
}

/// What Go's `url.QueryEscape` leaves as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn urlencode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string().replace("%20", "+")
}

fn csvdecode(args: &Args<'_>) -> Outcome {
    let mut rows = csv_rows(args.text(0))?.into_iter();
    let Some(header) = rows.next() else {
        return Err(FunctionError::at(0, "the first line must name the columns"));
    };
    let mut seen = std::collections::BTreeSet::new();
    if let Some(twice) = header.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(FunctionError::at(0, format!("two columns are called {twice:?}")));
    }
    let mut list = Vec::new();
    for (at, row) in rows.enumerate() {
        if row.len() != header.len() {
            return Err(FunctionError::at(
                0,
                format!("row {} has {} fields, the header {}", at + 1, row.len(), header.len()),
            ));
        }
        let fields = header.iter().cloned().zip(row.into_iter().map(Value::String));
        list.push(Value::Map(fields.collect()));
    }
    Ok(Value::List(list))
}

/// Splits CSV (RFC 4180) into rows; blank lines are skipped.
fn csv_rows(text: &str) -> Result<Vec<Vec<String>>, FunctionError> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut was_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            c if quoted => field.push(c),
            '"' if field.is_empty() && !was_quoted => {
                quoted = true;
                was_quoted = true;
            }
            '"' => {
                return Err(FunctionError::at(0, "a quote stands inside a field without quotes"));
            }
            ',' => {
                row.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                if !(row.is_empty() && field.is_empty() && !was_quoted) {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                was_quoted = false;
            }
            c => field.push(c),
        }
    }
    if quoted {
        return Err(FunctionError::at(0, "a quote is never closed"));
    }
    if !(row.is_empty() && field.is_empty() && !was_quoted) {
        row.push(field);
        rows.push(row);
    }
    Ok(rows)
}
