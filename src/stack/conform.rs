//! Brings evaluated values to what the schema wants, as Terraform converts, and leaves out nulls.

use std::collections::BTreeMap;

use super::convert::{parse_number, to_text};
use super::schema::SchemaView;
use super::value::Value;

/// Converts a value towards its schema: texts of numbers to numbers where numbers are wanted and
/// the other way round, and marks what the schema calls sensitive. What does not fit stays as it
/// is, for whoever reads it into its struct to refuse.
pub(super) fn conform(value: Value, view: SchemaView<'_>) -> Value {
    let sensitive = view.is_sensitive();
    convert(value, view).mark_if(sensitive)
}

fn convert(value: Value, view: SchemaView<'_>) -> Value {
    let types = view.types();
    let only = |ty: &str| types == [ty];
    match value {
        Value::Sensitive(inner) => convert(*inner, view).mark(),
        Value::Number(_) | Value::Bool(_) if only("string") => {
            to_text(&value).map_or(value, Value::String)
        }
        Value::String(text) if only("integer") || only("number") => {
            parse_number(&text).map_or(Value::String(text), Value::Number)
        }
        Value::String(text) if only("boolean") => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        },
        Value::List(items) => match view.items() {
            Some(view) => Value::List(items.into_iter().map(|v| conform(v, view)).collect()),
            None => Value::List(items),
        },
        Value::Set(items) => match view.items() {
            Some(view) => Value::List(items.into_iter().map(|v| conform(v, view)).collect()),
            None => Value::List(items),
        },
        Value::Map(map) => Value::Map(
            map.into_iter()
                .map(|(key, value)| match view.property(&key).or_else(|| view.values()) {
                    Some(view) => {
                        let value = conform(value, view);
                        (key, value)
                    }
                    None => (key, value),
                })
                .collect(),
        ),
        other => other,
    }
}

/// Leaves out keys that are null and drops null elements of lists, at every depth.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::List(items) => {
            Value::List(items.into_iter().filter(|v| !is_null(v)).map(without_nulls).collect())
        }
        Value::Set(items) => {
            Value::Set(items.into_iter().filter(|v| !is_null(v)).map(without_nulls).collect())
        }
        Value::Map(map) => Value::Map(
            map.into_iter()
                .filter(|(_, v)| !is_null(v))
                .map(|(key, v)| (key, without_nulls(v)))
                .collect::<BTreeMap<_, _>>(),
        ),
        Value::Sensitive(inner) => without_nulls(*inner).mark(),
        other => other,
    }
}

/// Tells whether a value is null, a mark aside.
pub(super) fn is_null(value: &Value) -> bool {
    matches!(value.beneath_mark(), Value::Null)
}

/// Completes a live object: attributes of the type that it does not have read as null, and those
/// the schema calls sensitive are marked.
pub(super) fn complete(value: Value, entry: &super::catalog::TypeEntry) -> Value {
    let Value::Map(mut map) = value else { return value };
    for name in entry.attributes() {
        let sensitive = entry.attribute(name).is_some_and(|view| view.is_sensitive());
        match map.remove(name) {
            Some(value) => {
                map.insert(name.to_owned(), value.mark_if(sensitive));
            }
            None => {
                map.insert(name.to_owned(), Value::Null);
            }
        }
    }
    Value::Map(map)
}
