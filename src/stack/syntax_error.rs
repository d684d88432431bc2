//! Says where the fault of a text that does not parse is.

use super::expression::ExpressionError;

/// Turns a parse error into one that points at the fault. The parser backtracks out of a broken
/// interpolation and blames its start, so each interpolation is parsed again by itself.
pub(super) fn explain(text: &str, error: &hcl_edit::parser::Error) -> ExpressionError {
    let offset = error.location().offset().min(text.len());
    let openings: Vec<usize> = openings(text);
    for &open in openings.iter().rev() {
        let inner = open + 2;
        let Some(close) = closing(text, inner) else {
            let what = &text[open..inner];
            return ExpressionError::new(format!("`{what}` is never closed by `}}`"), open..inner)
                .hint(format!("for the characters themselves write `{}{what}`", &what[..1]));
        };
        let body = &text[inner..close];
        if &text[open..inner] == "%{" {
            let words = body.trim_start_matches('~').trim_start();
            let known = ["if", "else", "endif", "for", "endfor"];
            let word: String =
                words.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !known.contains(&word.as_str()) {
                return ExpressionError::new(
                    "expected `if`, `else`, `endif`, `for` or `endfor` after `%{`",
                    open..close + 1,
                )
                .hint("for the characters themselves write `%%{`");
            }
            continue;
        }
        let start = inner + usize::from(body.starts_with('~'));
        let end = close - usize::from(body.ends_with('~') && close > start);
        let code = &text[start..end];
        if code.trim().is_empty() {
            return ExpressionError::new("there is no expression in `${}`", open..close + 1)
                .hint("for the characters themselves write `$${`");
        }
        // Newlines are allowed between `${` and `}`, which parentheses allow too.
        let wrapped = format!("({code})");
        if let Err(inner_error) = wrapped.parse::<hcl_edit::expr::Expression>() {
            let at = inner_error.location().offset().max(1) - 1 + start;
            return at_offset(text, at.clamp(start, end), inner_error.message());
        }
    }
    let directive = openings.iter().find(|&&o| text[o..].starts_with("%{"));
    match directive {
        Some(&open) => {
            let close = closing(text, open + 2).map_or(text.len(), |c| c + 1);
            ExpressionError::new(
                "`%{if}` and `%{for}` need their `%{endif}` and `%{endfor}`",
                open..close,
            )
            .hint("for the characters themselves write `%%{`")
        }
        None => at_offset(text, offset, error.message()),
    }
}

/// Points at the word or character at an offset.
pub(super) fn at_offset(text: &str, at: usize, message: &str) -> ExpressionError {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // In these places the parser has already taken the characters it then blames.
    let taken = match message.split(';').next() {
        Some("invalid object value assignment") => 1,
        Some("invalid escape sequence") => 2,
        _ => 0,
    };
    for _ in 0..taken {
        at = text[..at].char_indices().next_back().map_or(0, |(i, _)| i);
    }
    if at >= text.len() {
        let last = text.char_indices().next_back().map_or(0, |(i, _)| i);
        return ExpressionError::new(said(message, "the end"), last..text.len());
    }
    let width = text[at..]
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        .map(char::len_utf8)
        .sum::<usize>()
        .max(text[at..].chars().next().map_or(0, char::len_utf8));
    let found = format!("`{}`", &text[at..at + width]);
    ExpressionError::new(said(message, &found), at..at + width)
}

/// Says in short what the parser expected, and what stands there instead.
fn said(message: &str, found: &str) -> String {
    let message = message.trim_end();
    if message.starts_with("invalid expression;") {
        return format!("expected an expression, found {found}");
    }
    if message.starts_with("invalid traversal operator;") {
        return format!("expected a name, a number or `*` after the dot, found {found}");
    }
    if message == "unexpected token" {
        return format!("unexpected: {found}");
    }
    let message = message.strip_prefix("invalid object value assignment; ").unwrap_or(message);
    match message.strip_prefix("expected ") {
        Some(expected) => {
            format!("expected {}, found {found}", expected.replace("`\n`", "a new line"))
        }
        None => message.to_owned(),
    }
}

/// Offsets of each `${` and `%{` that is not escaped, outer before inner.
fn openings(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 1 < bytes.len() {
        let c = bytes[at];
        if (c == b'$' || c == b'%') && bytes[at + 1] == b'{' {
            found.push(at);
            at += 2;
        } else if (c == b'$' || c == b'%') && bytes[at + 1] == c && bytes.get(at + 2) == Some(&b'{')
        {
            at += 3;
        } else {
            at += 1;
        }
    }
    found
}

/// Finds the `}` that closes an interpolation whose content starts at `from`.
fn closing(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    // What is open, innermost last: `{` for braces, `"` for a string.
    let mut open = vec![b'{'];
    let mut at = from;
    while at < bytes.len() {
        let in_string = open.last() == Some(&b'"');
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' if in_string => {
                open.pop();
            }
            b'"' => open.push(b'"'),
            c @ (b'$' | b'%') if in_string && bytes.get(at + 1) == Some(&b'{') => {
                if bytes.get(at.wrapping_sub(1)) != Some(&c) {
                    open.push(b'{');
                }
                at += 1;
            }
            b'{' if !in_string => open.push(b'{'),
            b'}' if !in_string => {
                open.pop();
                if open.is_empty() {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
