//! Values as text: on one line, or on several when one is not enough.

use super::text::columns;
pub(super) use crate::stack::value::is_placeholder;
use crate::stack::value::{contains_placeholder, placeholder_refs};
use serde_json::Value as Json;

type Map = serde_json::Map<String, Json>;

/// Shown for what must not be shown.
pub(super) const SENSITIVE: &str = "(sensitive)";

/// Tells whether any part of a value is known only after apply.
pub(super) fn has_placeholder(value: &Json) -> bool {
    match value {
        Json::String(text) => contains_placeholder(text),
        Json::Array(items) => items.iter().any(has_placeholder),
        Json::Object(map) => map.values().any(has_placeholder),
        _ => false,
    }
}

/// Says that a value is known after apply, and of what, if that is short enough to help.
pub(super) fn unknown(refs: &[String]) -> String {
    match refs {
        [] => "(known after apply)".to_owned(),
        [one] => format!("(known after apply: {one})"),
        [one, two] => format!("(known after apply: {one}, {two})"),
        [one, rest @ ..] => format!("(known after apply: {one} and {} more)", rest.len()),
    }
}

/// The JSON document a string holds: an object or a list, as policies are.
pub(super) fn document(text: &str) -> Option<Json> {
    let start = text.trim_start();
    if !start.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok().filter(|value: &Json| value.is_object() || value.is_array())
}

/// A value on one line, in the manner of TOML.
pub(super) fn inline(value: &Json) -> String {
    match value {
        Json::Null => "(none)".to_owned(),
        Json::String(text) if is_placeholder(text) => {
            unknown(&Vec::from_iter(placeholder_refs(text)))
        }
        Json::String(text) => match document(text) {
            Some(document) => revealed(&document.to_string()),
            None => quoted(text),
        },
        Json::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Json::Object(map) if map.is_empty() => "{}".to_owned(),
        Json::Object(map) => {
            let pairs: Vec<_> = map
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), inline(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// JSON in which strings that are placeholders say what they wait for.
fn revealed(json: &str) -> String {
    if !contains_placeholder(json) {
        return json.to_owned();
    }
    let mut out = String::new();
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let text = &rest[start + 1..];
        let mut escaped = false;
        let end = text.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let Some(end) = end else { break };
        out.push_str(&rest[..start]);
        let quoted = &rest[start..start + end + 2];
        if contains_placeholder(quoted) {
            out.push_str(&unknown(&Vec::from_iter(placeholder_refs(quoted))));
        } else {
            out.push_str(quoted);
        }
        rest = &text[end + 1..];
    }
    out + rest
}

/// Tells whether a value is worth lines of its own whatever its length: text of several lines.
pub(super) fn needs_lines(value: &Json) -> bool {
    matches!(value, Json::String(text) if text.trim_end().contains('\n') && document(text).is_none())
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c != '"' && c != '\\' && !c.is_control();
    if text.chars().all(plain) { format!("\"{text}\"") } else { Json::from(text).to_string() }
}

fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quoted(name) }
}

/// A line of a value that takes several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// How deep it is nested.
    pub(super) depth: usize,
    /// What it says.
    pub(super) text: String,
}

/// How a value that needs several lines is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One member a line, so that two values can be compared line by line.
    Split,
    /// The outermost bracket on a line of its own, plain objects within as filled lines.
    Opened,
    /// Plain objects as filled lines, the outermost too.
    Filled,
}

/// A value on as many lines as it takes to keep each within `room` columns.
pub(super) fn lines(value: &Json, room: usize, shape: Shape) -> Vec<Line> {
    let mut out = Vec::new();
    match value {
        Json::String(text) if !is_placeholder(text) => match document(text) {
            Some(document) => {
                let pretty = serde_json::to_string_pretty(&document).unwrap_or_default();
                let pretty = revealed(&pretty);
                out.extend(pretty.lines().map(|line| {
                    let text = line.trim_start();
                    Line { depth: (line.len() - text.len()) / 2, text: text.to_owned() }
                }));
            }
            None if needs_lines(value) => {
                out.extend(text.lines().map(|line| Line { depth: 0, text: line.to_owned() }));
            }
            None => out.push(Line { depth: 0, text: inline(value) }),
        },
        Json::Object(map) if shape == Shape::Filled && is_flat(map) => {
            fill("", map, "", 0, room, &mut out);
        }
        _ => open("", value, "", 0, (room, shape), &mut out),
    }
    out
}

/// Tells whether an object holds nothing that could be opened up.
fn is_flat(map: &Map) -> bool {
    let nested = |value: &Json| match value {
        Json::Array(items) => !items.is_empty() && inline(value).len() > 40,
        Json::Object(map) => !map.is_empty(),
        Json::String(text) => document(text).is_some() || needs_lines(value),
        _ => false,
    };
    !map.values().any(nested)
}

/// An object whose members share lines: `{ a = 1, b = 2,` and so on.
fn fill(before: &str, map: &Map, after: &str, depth: usize, room: usize, out: &mut Vec<Line>) {
    let mut line = format!("{before}{{");
    let mut at = depth;
    let last = map.len().saturating_sub(1);
    for (number, (name, value)) in map.iter().enumerate() {
        let end = if number == last { format!(" }}{after}") } else { ",".to_owned() };
        let member = format!("{} = {}{end}", key(name), inline(value));
        if number > 0 && 2 * at + columns(&line) + 1 + columns(&member) > room {
            out.push(Line { depth: at, text: std::mem::take(&mut line) });
            at = depth + 1;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&member);
    }
    out.push(Line { depth: at, text: line });
}

fn open(
    before: &str,
    value: &Json,
    after: &str,
    depth: usize,
    how: (usize, Shape),
    out: &mut Vec<Line>,
) {
    let mut put = |depth: usize, text: String| out.push(Line { depth, text });
    match value {
        Json::Array(items) if !items.is_empty() => {
            put(depth, format!("{before}["));
            for item in items {
                nested("", item, depth + 1, how, out);
            }
            out.push(Line { depth, text: format!("]{after}") });
        }
        Json::Object(map) if !map.is_empty() => {
            put(depth, format!("{before}{{"));
            for (name, item) in map {
                nested(&format!("{} = ", key(name)), item, depth + 1, how, out);
            }
            out.push(Line { depth, text: format!("}}{after}") });
        }
        other => put(depth, format!("{before}{}{after}", inline(other))),
    }
}

fn nested(before: &str, value: &Json, depth: usize, how: (usize, Shape), out: &mut Vec<Line>) {
    let (room, shape) = how;
    let text = format!("{before}{},", inline(value));
    match value {
        _ if columns(&text) + 2 * depth <= room => out.push(Line { depth, text }),
        Json::Object(map) if shape != Shape::Split && is_flat(map) => {
            fill(before, map, ",", depth, room, out);
        }
        _ => open(before, value, ",", depth, how, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_share_lines_where_they_are_not_compared() {
        let value = json!([{ "aa": "1234567890", "bb": "1234567890", "cc": 1 }]);
        let shown: Vec<_> =
            lines(&value, 32, Shape::Opened).into_iter().map(|l| (l.depth, l.text)).collect();
        let line = |depth, text: &str| (depth, text.to_owned());
        assert_eq!(
            shown,
            [
                line(0, "["),
                line(1, "{ aa = \"1234567890\","),
                line(2, "bb = \"1234567890\", cc = 1 },"),
                line(0, "]"),
            ]
        );
    }

    #[test]
    fn one_line_reads_like_toml() {
        let value = json!({ "a": [1, true, "x\"y"], "b c": { "d": null }, "e": {} });
        assert_eq!(inline(&value), r#"{ a = [1, true, "x\"y"], "b c" = { d = (none) }, e = {} }"#);
        assert_eq!(
            inline(&json!("\u{10FFFD}vpc.main.id\u{10FFFC}")),
            "(known after apply: vpc.main.id)"
        );
        assert_eq!(inline(&json!(r#"{"Version": 1}"#)), r#"{"Version":1}"#);
    }

    #[test]
    fn long_values_open_up_only_where_they_must() {
        let value =
            json!([{ "from": 443, "to": 443 }, { "description": "a long one", "from": 80 }]);
        let shown: Vec<_> = lines(&value, 30, Shape::Split)
            .iter()
            .map(|l| format!("{}{}", "  ".repeat(l.depth), l.text))
            .collect();
        assert_eq!(
            shown.join("\n"),
            "[\n  { from = 443, to = 443 },\n  {\n    description = \"a long one\",\n    from = 80,\n  },\n]"
        );
    }
}
