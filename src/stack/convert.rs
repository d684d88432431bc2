//! Conversions between types, as Terraform makes them.

use serde_json::Number;

use super::value::{Value, normalise};

/// Writes a number as Terraform does: decimal, never with an exponent.
pub(super) fn number_text(n: &Number) -> String {
    match n.as_f64() {
        Some(float) if n.is_f64() => float.to_string(),
        _ => n.to_string(),
    }
}

/// Reads a decimal number.
pub(super) fn parse_number(text: &str) -> Option<Number> {
    let plausible =
        text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
            && text.bytes().any(|b| b.is_ascii_digit());
    if !plausible {
        return None;
    }
    text.parse::<i64>()
        .map(Number::from)
        .or_else(|_| text.parse::<u64>().map(Number::from))
        .ok()
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64).map(|n| normalise(&n)))
}

/// Converts a known, unmarked value to a string. The error is the message.
pub(super) fn to_text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(s) => Ok(s.clone()),
        Value::Number(n) => Ok(number_text(n)),
        Value::Bool(b) => Ok(b.to_string()),
        other => Err(format!("a string is required, this is a {}", other.type_name())),
    }
}

/// Converts a known, unmarked value to a number. The error is the message.
pub(super) fn to_number(value: &Value) -> Result<Number, String> {
    match value {
        Value::Number(n) => Ok(n.clone()),
        Value::String(s) => {
            parse_number(s).ok_or_else(|| format!("a number is required, the string {s:?} is none"))
        }
        other => Err(format!("a number is required, this is a {}", other.type_name())),
    }
}

/// Converts a known, unmarked value to a bool. The error is the message.
pub(super) fn to_bool(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(b) => Ok(*b),
        Value::String(s) => match s.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(format!("true or false is required, the string {s:?} is neither")),
        },
        other => Err(format!("true or false is required, this is a {}", other.type_name())),
    }
}

/// Converts values that will stand side by side to one type, as far as they are simple: where
/// strings meet numbers or bools, all become strings.
pub(super) fn unify(items: Vec<Value>) -> Vec<Value> {
    let any_string = items.iter().any(|v| matches!(v.beneath_mark(), Value::String(_)));
    if !any_string {
        return items;
    }
    items.into_iter().map(stringify).collect()
}

/// Makes a number or bool a string and leaves anything else, a mark included.
pub(super) fn stringify(value: Value) -> Value {
    match value {
        Value::Number(n) => Value::String(number_text(&n)),
        Value::Bool(b) => Value::String(b.to_string()),
        Value::Sensitive(inner) => stringify(*inner).mark(),
        other => other,
    }
}
