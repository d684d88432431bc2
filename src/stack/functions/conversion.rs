//! Conversions between types, and marks.

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::convert::{to_bool, to_number, to_text, unify};
use crate::stack::value::Value;

const ANY: &[super::Param] = &[param("value", Kind::Any)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("issensitive", ANY, |args| Ok(args.value(0).is_sensitive().into())).elements(),
    Function::new("nonsensitive", ANY, |args| Ok(args.value(0).clone().unmark_deep().0)).elements(),
    Function::new("sensitive", ANY, |args| Ok(args.value(0).clone().mark())).elements(),
    Function::new("tobool", ANY, |args| scalar(args, |v| to_bool(v).map(Value::Bool))),
    Function::new("tolist", ANY, tolist).elements(),
    Function::new("tomap", ANY, tomap).elements(),
    Function::new("tonumber", ANY, |args| scalar(args, |v| to_number(v).map(Value::Number))),
    Function::new("toset", ANY, toset).elements(),
    Function::new("tostring", ANY, |args| scalar(args, |v| to_text(v).map(Value::String))),
];

/// Converts, and lets null be.
fn scalar(args: &Args<'_>, convert: impl Fn(&Value) -> Result<Value, String>) -> Outcome {
    match args.value(0) {
        Value::Null => Ok(Value::Null),
        value => convert(value).map_err(|m| FunctionError::at(0, m)),
    }
}

fn collection(args: &Args<'_>, wanted: &str, build: impl Fn(Value) -> Option<Value>) -> Outcome {
    let (value, sensitive) = args.value(0).clone().unmark();
    let result = match value {
        Value::Null | Value::Unknown(_) => value,
        value => {
            let found = value.type_name();
            build(value).ok_or_else(|| {
                FunctionError::at(0, format!("a {found} cannot become a {wanted}"))
            })?
        }
    };
    Ok(result.mark_if(sensitive))
}

fn tolist(args: &Args<'_>) -> Outcome {
    collection(args, "list", |value| match value {
        Value::List(items) | Value::Set(items) => Some(Value::List(unify(items))),
        _ => None,
    })
}

fn toset(args: &Args<'_>) -> Outcome {
    collection(args, "set", |value| match value {
        Value::List(items) => Some(Value::set(unify(items))),
        set @ Value::Set(_) => Some(set),
        _ => None,
    })
}

fn tomap(args: &Args<'_>) -> Outcome {
    collection(args, "map", |value| match value {
        Value::Map(map) => {
            let (keys, values): (Vec<_>, Vec<_>) = map.into_iter().unzip();
            Some(Value::Map(keys.into_iter().zip(unify(values)).collect()))
        }
        _ => None,
    })
}
