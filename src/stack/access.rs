//! Attributes and elements of values, and the common type of a conditional's results.

use std::collections::BTreeMap;
use std::ops::Range;

use super::convert::{stringify, to_number, to_text};
use super::expression::{ExpressionError, nearest};
use super::value::Value;

type Evaluated = Result<Value, ExpressionError>;

fn error<T>(message: impl Into<String>, span: &Range<usize>) -> Result<T, ExpressionError> {
    Err(ExpressionError::new(message, span.clone()))
}

/// Puts `a` before a type's name, not before null.
pub(super) fn article(type_name: &str) -> String {
    match type_name {
        "null" => "null".to_owned(),
        name => format!("a {name}"),
    }
}

/// Converts the chosen arm of a conditional to the type both arms share.
pub(super) fn unify_arms(chosen: Value, other: &Value, span: &Range<usize>) -> Evaluated {
    let (a, b) = (chosen.beneath_mark(), other.beneath_mark());
    let simple = |v: &Value| matches!(v, Value::Bool(_) | Value::Number(_) | Value::String(_));
    let fits = match (a, b) {
        (Value::Null | Value::Unknown(_), _)
        | (_, Value::Null | Value::Unknown(_))
        | (Value::List(_) | Value::Set(_), Value::List(_) | Value::Set(_)) => true,
        (Value::String(_), b) if simple(b) => true,
        (a, Value::String(_)) if simple(a) => return Ok(stringify(chosen)),
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    if fits {
        return Ok(chosen);
    }
    error(
        format!(
            "the two results of the conditional must have one type; these are a {} and a {}",
            chosen.type_name(),
            other.type_name()
        ),
        span,
    )
}

/// `value.name`
pub(super) fn attribute(value: Value, name: &str, span: &Range<usize>) -> Evaluated {
    match value {
        Value::Sensitive(inner) => attribute(*inner, name, span).map(Value::mark),
        Value::Unknown(_) => Ok(value),
        Value::Map(mut map) => match map.remove(name) {
            Some(found) => Ok(found),
            None => Err(no_such_key(name, &map, "attribute", span)),
        },
        Value::Null => Err(ExpressionError::new(
            format!("this is null, it has no attribute `{name}`"),
            span.clone(),
        )
        .hint("a resource whose `when` is false is null; `try(…, …)` gives another value then")),
        Value::List(_) | Value::Set(_) => Err(ExpressionError::new(
            format!("this is a {}, it has no attribute `{name}`", value.type_name()),
            span.clone(),
        )
        .hint(format!(
            "`[*].{name}` takes the attribute of every element, `[0].{name}` that of the first"
        ))),
        other => {
            error(format!("this is a {}, it has no attribute `{name}`", other.type_name()), span)
        }
    }
}

fn no_such_key(
    name: &str,
    map: &BTreeMap<String, Value>,
    what: &str,
    span: &Range<usize>,
) -> ExpressionError {
    let error = ExpressionError::new(format!("there is no {what} `{name}`"), span.clone());
    if let Some(near) = nearest(name, map.keys().map(String::as_str)) {
        return error.hint(format!("did you mean `{near}`?"));
    }
    match map.len() {
        0 => error.hint("there are none"),
        1..=8 => {
            let keys: Vec<String> = map.keys().map(|k| format!("`{k}`")).collect();
            error.hint(format!("there is {}", keys.join(", ")))
        }
        _ => error,
    }
}

/// `value[key]`
pub(super) fn element(value: Value, key: Value, span: &Range<usize>) -> Evaluated {
    if let Value::Sensitive(inner) = value {
        return element(*inner, key, span).map(Value::mark);
    }
    if let Value::Sensitive(key) = key {
        return element(value, *key, span).map(Value::mark);
    }
    if let Value::Null = key {
        return error("the index is null", span);
    }
    match (value, key) {
        (unknown @ Value::Unknown(_), _) | (_, unknown @ Value::Unknown(_)) => Ok(unknown),
        (Value::Null, _) => error("this is null, it has no elements", span),
        (Value::List(items), key) => {
            let message = "the index of a list is a whole number from 0";
            let at = to_number(&key)
                .ok()
                .and_then(|n| n.as_u64())
                .ok_or_else(|| ExpressionError::new(message, span.clone()))?;
            let count = items.len();
            items.into_iter().nth(at as usize).ok_or_else(|| {
                let plural = if count == 1 { "element" } else { "elements" };
                ExpressionError::new(
                    format!("index {at} is out of range: the list has {count} {plural}"),
                    span.clone(),
                )
            })
        }
        (Value::Map(mut map), key) => {
            let name = to_text(&key)
                .map_err(|m| ExpressionError::new(format!("key of a map: {m}"), span.clone()))?;
            map.remove(&name).ok_or_else(|| no_such_key(&name, &map, "key", span))
        }
        (Value::Set(_), _) => {
            Err(ExpressionError::new("the elements of a set have no index", span.clone())
                .hint("`one(…)` takes the only element, `tolist(…)` makes a sorted list"))
        }
        (other, _) => error(format!("this is a {}, it has no elements", other.type_name()), span),
    }
}
