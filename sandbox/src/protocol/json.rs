//! JSON 1.0 and 1.1: members go over the wire by their own names; only timestamps differ.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::present;
use super::shapes::{Kind, Model};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Input;

/// Reads the members of an operation's input.
pub(super) fn read(model: &Model, operation: &str, body: &Bytes) -> Result<Input, Refusal> {
    let refuse = |message: String| Refusal::new("SerializationException", message);
    let value: Value = if body.is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(body).map_err(|error| refuse(error.to_string()))?
    };
    let side = model.operations.get(operation).and_then(|known| known.input.as_ref());
    let value = match side {
        Some(side) => inward(model, &side.shape, value),
        None => value,
    };
    match value {
        Value::Object(members) => Ok(members),
        other => Err(refuse(format!("Unexpected value {other}"))),
    }
}

/// Turns epoch seconds into RFC 3339 and drops nulls, which stand for members not sent.
fn inward(model: &Model, shape: &str, value: Value) -> Value {
    let shape = model.shape(shape);
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| match shape.members.get(&name) {
                    Some(member) => {
                        let value = inward(model, &member.shape, value);
                        (name, value)
                    }
                    None => (name, value),
                })
                .collect(),
        ),
        (Kind::List, Value::Array(items)) => match &shape.member {
            Some(member) => {
                items.into_iter().map(|item| inward(model, &member.shape, item)).collect()
            }
            None => Value::Array(items),
        },
        (Kind::Map, Value::Object(entries)) => match &shape.value {
            Some(held) => entries
                .into_iter()
                .map(|(key, value)| (key, inward(model, &held.shape, value)))
                .collect(),
            None => Value::Object(entries),
        },
        (Kind::Timestamp, Value::Number(number)) => {
            let millis = number.as_f64().unwrap_or_default() * 1000.0;
            Value::from(Time::from_millis(millis.round() as i64).to_string())
        }
        (_, value) => value,
    }
}

/// Writes an answer.
pub(super) fn write(model: &Model, operation: &str, answer: &Value) -> String {
    match model.operations.get(operation).and_then(|known| known.output.as_ref()) {
        Some(side) => outward(model, &side.shape, answer).to_string(),
        None => String::new(),
    }
}

/// Turns RFC 3339 into epoch seconds and drops nulls.
fn outward(model: &Model, shape: &str, value: &Value) -> Value {
    let shape = model.shape(shape);
    match (shape.kind, value) {
        (Kind::Structure, value) => Value::Object(
            present(value)
                .map(|(name, value)| {
                    let member = shape.members.get(name);
                    let value =
                        member.map_or(value.clone(), |held| outward(model, &held.shape, value));
                    (name.clone(), value)
                })
                .collect(),
        ),
        (Kind::List, Value::Array(items)) => match &shape.member {
            Some(member) => items.iter().map(|item| outward(model, &member.shape, item)).collect(),
            None => value.clone(),
        },
        (Kind::Map, Value::Object(entries)) => match &shape.value {
            Some(held) => entries
                .iter()
                .map(|(key, value)| (key.clone(), outward(model, &held.shape, value)))
                .collect(),
            None => value.clone(),
        },
        (Kind::Timestamp, Value::String(text))
            if shape.timestamp_format.as_deref() != Some("iso8601") =>
        {
            match text.parse::<jiff::Timestamp>() {
                Ok(time) => json!(time.as_millisecond() as f64 / 1000.0),
                Err(_) => value.clone(),
            }
        }
        (_, value) => value.clone(),
    }
}

/// Writes an error, whose `__type` is the error's shape.
pub(super) fn error(shape: &str, refusal: &Refusal) -> String {
    json!({"__type": shape, "message": refusal.message}).to_string()
}
