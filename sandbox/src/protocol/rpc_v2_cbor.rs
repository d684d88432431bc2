//! Smithy RPC v2 CBOR: the service and the operation stand in the path, the members in a CBOR map
//! by their own names (<https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde_json::{Number, Value};

use super::cbor::{self, Item};
use super::shapes::{Kind, Model};
use super::{header, present};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Input;

/// The tag of a number that is a time in seconds since 1970 (RFC 8949, 3.4.2).
const EPOCH: u64 = 1;

/// Returns the service and the operation in the path of a request that is written so.
pub(super) fn target(request: &Request<Bytes>) -> Option<(&str, &str)> {
    if header(request, "smithy-protocol")? != "rpc-v2-cbor" {
        return None;
    }
    let (rest, operation) = request.uri().path().rsplit_once("/operation/")?;
    let (_, service) = rest.rsplit_once("/service/")?;
    Some((service, operation))
}

/// Reads the members of an operation's input.
pub(super) fn read(model: &Model, operation: &str, body: &Bytes) -> Result<Input, Refusal> {
    let refuse = |message: String| Refusal::new("SerializationException", message);
    let side = model.operations.get(operation).and_then(|known| known.input.as_ref());
    let Some(side) = side.filter(|_| !body.is_empty()) else { return Ok(Input::new()) };
    let item = cbor::read(body).map_err(|error| refuse(error.to_string()))?;
    match inward(model, Some(&side.shape), item) {
        Some(Value::Object(members)) => Ok(members),
        other => Err(refuse(format!("Unexpected value {}", other.unwrap_or_default()))),
    }
}

/// Turns an item into a value: times become RFC 3339, blobs base64, nulls stand for members not
/// sent. Values of another type than the shape's stay what they are, to be refused by it.
fn inward(model: &Model, shape: Option<&str>, item: Item) -> Option<Value> {
    let shape = shape.map(|name| model.shape(name));
    let value = match item {
        Item::Null => return None,
        Item::Boolean(value) => Value::from(value),
        Item::Integer(number) => match i64::try_from(number) {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(number as f64),
        },
        Item::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::from(number.to_string()), Value::from)
        }
        Item::Text(text) => Value::from(text),
        Item::Bytes(bytes) => Value::from(STANDARD.encode(bytes)),
        Item::Tagged(EPOCH, inner) => match *inner {
            Item::Integer(seconds) => time(seconds as f64),
            Item::Float(seconds) => time(seconds),
            other => inward(model, None, other)?,
        },
        Item::Tagged(_, inner) => inward(model, None, *inner)?,
        Item::Array(items) => {
            let member = shape.and_then(|shape| shape.member.as_ref());
            let member = member.map(|member| member.shape.as_str());
            let items = items.into_iter();
            items.map(|item| inward(model, member, item).unwrap_or_default()).collect()
        }
        Item::Map(entries) => {
            let entries = entries.into_iter().filter_map(|(name, item)| {
                let member = shape.and_then(|shape| match shape.kind {
                    Kind::Map => shape.value.as_ref(),
                    _ => shape.members.get(&name),
                });
                let value = inward(model, member.map(|member| member.shape.as_str()), item)?;
                Some((name, value))
            });
            Value::Object(entries.collect())
        }
    };
    Some(value)
}

fn time(seconds: f64) -> Value {
    Value::from(Time::from_millis((seconds * 1000.0).round() as i64).to_string())
}

/// Writes an answer; nothing for an operation without an output.
pub(super) fn write(model: &Model, operation: &str, answer: &Value) -> Vec<u8> {
    let side = model.operations.get(operation).and_then(|known| known.output.as_ref());
    side.map_or_else(Vec::new, |side| written(&outward(model, Some(&side.shape), answer)))
}

fn written(item: &Item) -> Vec<u8> {
    let mut out = Vec::new();
    cbor::write(item, &mut out);
    out
}

/// Turns a value into an item of its shape's type; null members are left out.
fn outward(model: &Model, shape: Option<&str>, value: &Value) -> Item {
    let shape = shape.map(|name| model.shape(name));
    let kind = shape.map(|shape| shape.kind);
    match (kind, value) {
        (Some(Kind::Structure), value) => {
            let members = present(value).map(|(name, value)| {
                let member = shape.and_then(|shape| shape.members.get(name));
                let member = member.map(|member| member.shape.as_str());
                (name.clone(), outward(model, member, value))
            });
            Item::Map(members.collect())
        }
        (_, Value::Object(entries)) => {
            let held = shape.and_then(|shape| shape.value.as_ref());
            let held = held.map(|held| held.shape.as_str());
            let entries = entries.iter();
            Item::Map(
                entries.map(|(key, value)| (key.clone(), outward(model, held, value))).collect(),
            )
        }
        (_, Value::Array(items)) => {
            let member = shape.and_then(|shape| shape.member.as_ref());
            let member = member.map(|member| member.shape.as_str());
            Item::Array(items.iter().map(|item| outward(model, member, item)).collect())
        }
        (Some(Kind::Timestamp), Value::String(text)) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => {
                let seconds = Item::Float(time.as_millisecond() as f64 / 1000.0);
                Item::Tagged(EPOCH, Box::new(seconds))
            }
            Err(_) => Item::Text(text.clone()),
        },
        (Some(Kind::Blob), Value::String(text)) => match STANDARD.decode(text) {
            Ok(bytes) => Item::Bytes(bytes),
            Err(_) => Item::Text(text.clone()),
        },
        (Some(Kind::Float | Kind::Double), Value::Number(number)) => {
            Item::Float(number.as_f64().unwrap_or_default())
        }
        (_, Value::Number(number)) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Item::Integer(number.into()),
            (None, Some(number)) => Item::Integer(number.into()),
            (None, None) => Item::Float(number.as_f64().unwrap_or_default()),
        },
        (_, Value::String(text)) => Item::Text(text.clone()),
        (_, Value::Bool(value)) => Item::Boolean(*value),
        (_, Value::Null) => Item::Null,
    }
}

/// Writes an error, whose `__type` is the error's shape.
pub(super) fn error(shape: &str, refusal: &Refusal) -> Vec<u8> {
    let entry = |name: &str, text: &str| (name.to_owned(), Item::Text(text.to_owned()));
    let entries = vec![entry("__type", shape), entry("message", &refusal.message)];
    written(&Item::Map(entries))
}
