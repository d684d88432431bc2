//! Functions on lists and maps.

use std::collections::{BTreeMap, BTreeSet};

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::convert::{to_bool, unify};
use crate::stack::expression::nearest;
use crate::stack::operators;
use crate::stack::value::Value;

const LIST: &[super::Param] = &[param("list", Kind::List)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", LIST, |args| quantify(args, false)).elements(),
    Function::new("anytrue", LIST, |args| quantify(args, true)).elements(),
    Function::new(
        "chunklist",
        &[param("list", Kind::List), param("size", Kind::Integer)],
        chunklist,
    )
    .elements(),
    Function::new("coalesce", &[], coalesce).variadic("values", Kind::Any).elements(),
    Function::new("coalescelist", &[], coalescelist).variadic("lists", Kind::Any).elements(),
    Function::new("compact", LIST, compact),
    Function::new("concat", &[], concat).variadic("lists", Kind::List).elements(),
    Function::new("contains", &[param("list", Kind::List), param("value", Kind::Any)], contains),
    Function::new("distinct", LIST, distinct),
    Function::new("element", &[param("list", Kind::List), param("index", Kind::Integer)], element)
        .elements(),
    Function::new("flatten", LIST, flatten).elements(),
    Function::new("index", &[param("list", Kind::List), param("value", Kind::Any)], index),
    Function::new("keys", &[param("map", Kind::Map)], |args| {
        Ok(Value::List(args.map(0).keys().map(|k| Value::from(k.as_str())).collect()))
    })
    .elements(),
    Function::new("length", &[param("value", Kind::Any)], length).elements(),
    Function::new(
        "lookup",
        &[param("map", Kind::Map), param("key", Kind::Text), param("default", Kind::Any)],
        lookup,
    )
    .optional(1)
    .elements(),
    Function::new(
        "matchkeys",
        &[param("values", Kind::List), param("keys", Kind::List), param("searchset", Kind::List)],
        matchkeys,
    ),
    Function::new("merge", &[], merge).variadic("maps", Kind::Any).elements(),
    Function::new("one", LIST, one).elements(),
    Function::new("range", &[], range).variadic("numbers", Kind::Number),
    Function::new("reverse", LIST, |args| {
        Ok(Value::List(args.list(0).iter().rev().cloned().collect()))
    })
    .elements(),
    Function::new(
        "slice",
        &[param("list", Kind::List), param("start", Kind::Integer), param("end", Kind::Integer)],
        slice,
    )
    .elements(),
    Function::new("sort", &[param("list", Kind::Texts)], |args| {
        let mut texts: Vec<&str> = args.texts(0).collect();
        texts.sort_unstable();
        Ok(Value::List(texts.into_iter().map(Value::from).collect()))
    }),
    Function::new("sum", LIST, sum),
    Function::new("transpose", &[param("map", Kind::Map)], transpose),
    Function::new("values", &[param("map", Kind::Map)], |args| {
        Ok(Value::List(args.map(0).values().cloned().collect()))
    })
    .elements(),
    Function::new("zipmap", &[param("keys", Kind::Texts), param("values", Kind::List)], zipmap)
        .elements(),
];

/// `anytrue` when `wanted`, else `alltrue`; a deciding element decides even beside unknown ones.
fn quantify(args: &Args<'_>, wanted: bool) -> Outcome {
    let mut sensitive = false;
    let mut refs: Option<BTreeSet<String>> = None;
    let mut decided = false;
    for item in args.list(0) {
        let (item, marked) = item.clone().unmark();
        sensitive |= marked;
        match item {
            Value::Unknown(u) => refs.get_or_insert_default().extend(u.refs),
            Value::Null => decided |= !wanted,
            item => {
                decided |= to_bool(&item).map_err(|m| FunctionError::at(0, m))? == wanted;
            }
        }
    }
    let result = match refs {
        Some(refs) if !decided => Value::unknown(refs),
        _ => Value::Bool(decided == wanted),
    };
    Ok(result.mark_if(sensitive))
}

fn chunklist(args: &Args<'_>) -> Outcome {
    let items = args.list(0);
    match usize::try_from(args.integer(1)) {
        Err(_) => Err(FunctionError::at(1, "the size is 0 or more")),
        Ok(0) if items.is_empty() => Ok(Value::List(Vec::new())),
        Ok(0) => Ok(Value::List(vec![Value::List(items.to_vec())])),
        Ok(size) => {
            Ok(Value::List(items.chunks(size).map(|chunk| Value::List(chunk.to_vec())).collect()))
        }
    }
}

fn coalesce(args: &Args<'_>) -> Outcome {
    let mut sensitive = false;
    for (at, value) in args.values.iter().enumerate() {
        sensitive |= value.is_sensitive();
        match value.beneath_mark() {
            Value::Null => {}
            Value::String(s) if s.is_empty() => {}
            Value::Unknown(_) => return Ok(value.clone().mark_if(sensitive)),
            _ => {
                // All arguments are of one type: where one is a string, all become strings.
                let value = unify(args.values.clone()).swap_remove(at);
                return Ok(value.mark_if(sensitive));
            }
        }
    }
    Err(FunctionError::new("every argument is null or an empty string"))
}

fn coalescelist(args: &Args<'_>) -> Outcome {
    let mut sensitive = false;
    for (at, value) in args.values.iter().enumerate() {
        sensitive |= value.is_sensitive();
        match value.beneath_mark() {
            Value::Null => {}
            Value::List(items) | Value::Set(items) if items.is_empty() => {}
            Value::List(_) | Value::Set(_) | Value::Unknown(_) => {
                return Ok(value.clone().mark_if(sensitive));
            }
            other => {
                return Err(FunctionError::at(
                    at,
                    format!("a list is required, this is a {}", other.type_name()),
                ));
            }
        }
    }
    Err(FunctionError::new("every argument is null or an empty list"))
}

fn compact(args: &Args<'_>) -> Outcome {
    let keep = |v: &&Value| !matches!(v, Value::Null) && **v != Value::from("");
    Ok(Value::List(args.list(0).iter().filter(keep).cloned().collect()))
}

fn concat(args: &Args<'_>) -> Outcome {
    if args.len() == 0 {
        return Err(FunctionError::new("at least one list is required"));
    }
    Ok(Value::List((0..args.len()).flat_map(|at| args.list(at).to_vec()).collect()))
}

fn position(list: &[Value], wanted: &Value) -> Option<usize> {
    list.iter().position(|item| operators::equal(item, wanted) == Some(true))
}

/// Like `==`, without conversion.
fn contains(args: &Args<'_>) -> Outcome {
    Ok(position(args.list(0), args.value(1)).is_some().into())
}

fn index(args: &Args<'_>) -> Outcome {
    if args.list(0).is_empty() {
        return Err(FunctionError::at(0, "the list is empty"));
    }
    position(args.list(0), args.value(1))
        .map(|at| Value::integer(at as i64))
        .ok_or_else(|| FunctionError::at(1, "the value is not in the list"))
}

fn distinct(args: &Args<'_>) -> Outcome {
    let mut seen: Vec<Value> = Vec::new();
    for item in args.list(0) {
        if position(&seen, item).is_none() {
            seen.push(item.clone());
        }
    }
    Ok(Value::List(seen))
}

fn element(args: &Args<'_>) -> Outcome {
    let items = args.list(0);
    if items.is_empty() {
        return Err(FunctionError::at(0, "the list is empty"));
    }
    let at = args.integer(1).rem_euclid(items.len() as i64) as usize;
    Ok(items[at].clone())
}

fn flatten(args: &Args<'_>) -> Outcome {
    fn push(item: &Value, into: &mut Vec<Value>, sensitive: &mut bool) {
        match item {
            Value::List(items) | Value::Set(items) => {
                for item in items {
                    push(item, into, sensitive);
                }
            }
            // A sensitive list hides how many elements there are.
            Value::Sensitive(inner) if matches!(**inner, Value::List(_) | Value::Set(_)) => {
                *sensitive = true;
                push(inner, into, sensitive);
            }
            other => into.push(other.clone()),
        }
    }
    // An unknown beside lists may be a list of any length. Inside a list it is taken for one
    // element, so that `flatten([[vpc.main.id]])` has a known length.
    let outer = args.list(0);
    if let Some(refs) = Value::List(
        outer.iter().filter(|v| matches!(v.beneath_mark(), Value::Unknown(_))).cloned().collect(),
    )
    .unknown_refs()
    {
        let sensitive = outer.iter().any(Value::is_sensitive);
        return Ok(Value::unknown(refs).mark_if(sensitive));
    }
    let mut flat = Vec::new();
    let mut sensitive = false;
    for item in outer {
        push(item, &mut flat, &mut sensitive);
    }
    Ok(Value::List(flat).mark_if(sensitive))
}

fn length(args: &Args<'_>) -> Outcome {
    let value = args.value(0);
    let count = match value.beneath_mark() {
        Value::Unknown(_) => return Ok(value.clone()),
        Value::List(items) | Value::Set(items) => items.len(),
        Value::Map(map) => map.len(),
        Value::String(s) => s.chars().count(),
        other => {
            return Err(FunctionError::at(
                0,
                format!("a list, set, map or string is required, this is a {}", other.type_name()),
            ));
        }
    };
    Ok(Value::integer(count as i64).mark_if(value.is_sensitive()))
}

fn lookup(args: &Args<'_>) -> Outcome {
    let (map, key) = (args.map(0), args.text(1));
    match map.get(key) {
        Some(value) => Ok(value.clone()),
        None if args.len() > 2 => Ok(args.value(2).clone()),
        None => {
            let error = FunctionError::at(1, format!("the map has no key {key:?}"));
            Err(match nearest(key, map.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error.hint("a third argument is used when the key is missing"),
            })
        }
    }
}

fn matchkeys(args: &Args<'_>) -> Outcome {
    let (values, keys, wanted) = (args.list(0), args.list(1), args.list(2));
    if values.len() != keys.len() {
        return Err(FunctionError::at(1, "there must be as many keys as values"));
    }
    Ok(Value::List(
        values
            .iter()
            .zip(keys)
            .filter(|(_, key)| position(wanted, key).is_some())
            .map(|(value, _)| value.clone())
            .collect(),
    ))
}

fn merge(args: &Args<'_>) -> Outcome {
    let mut merged = BTreeMap::new();
    let mut sensitive = false;
    let mut refs: Option<BTreeSet<String>> = None;
    for (at, value) in args.values.iter().enumerate() {
        sensitive |= value.is_sensitive();
        match value.beneath_mark() {
            Value::Map(map) => merged.extend(map.clone()),
            Value::Null => {}
            Value::Unknown(u) => refs.get_or_insert_default().extend(u.refs.iter().cloned()),
            other => {
                return Err(FunctionError::at(
                    at,
                    format!("a map is required, this is a {}", other.type_name()),
                ));
            }
        }
    }
    Ok(refs.map_or(Value::Map(merged), Value::unknown).mark_if(sensitive))
}

fn one(args: &Args<'_>) -> Outcome {
    match args.list(0) {
        [] => Ok(Value::Null),
        [only] => Ok(only.clone()),
        many => Err(FunctionError::at(
            0,
            format!("there must be no or one element, there are {}", many.len()),
        )),
    }
}

/// `range(limit)`, `range(start, limit)`, `range(start, limit, step)`.
fn range(args: &Args<'_>) -> Outcome {
    let (start, limit) = match args.len() {
        1 => (0.0, args.float(0)),
        2 | 3 => (args.float(0), args.float(1)),
        _ => {
            return Err(FunctionError::new("one to three numbers are required")
                .hint("range(limit), range(start, limit) or range(start, limit, step)"));
        }
    };
    let (up, down) = (start < limit, limit < start);
    let step = match args.len() {
        3 => args.float(2),
        _ if down => -1.0,
        _ => 1.0,
    };
    if step == 0.0 && (up || down) {
        return Err(FunctionError::at(2, "the step must not be 0"));
    }
    if (down && step > 0.0) || (up && step < 0.0) {
        return Err(FunctionError::at(2, "the step leads away from the limit"));
    }
    let mut items = Vec::new();
    let mut at = start;
    while if down { at > limit } else { at < limit } {
        if items.len() == 1024 {
            return Err(FunctionError::new("the result would have more than 1024 elements"));
        }
        items.push(Value::float(at).ok_or_else(|| FunctionError::new("out of range"))?);
        at = step.mul_add(items.len() as f64, start);
    }
    Ok(Value::List(items))
}

fn slice(args: &Args<'_>) -> Outcome {
    let items = args.list(0);
    let bound = |at: usize| {
        usize::try_from(args.integer(at))
            .ok()
            .filter(|n| *n <= items.len())
            .ok_or_else(|| FunctionError::at(at, format!("the index is from 0 to {}", items.len())))
    };
    let (start, end) = (bound(1)?, bound(2)?);
    if start > end {
        return Err(FunctionError::at(1, "the start must not lie after the end"));
    }
    Ok(Value::List(items[start..end].to_vec()))
}

fn sum(args: &Args<'_>) -> Outcome {
    let mut total = Value::integer(0);
    if args.list(0).is_empty() {
        return Err(FunctionError::at(0, "the list is empty"));
    }
    for item in args.list(0) {
        total = operators::binary(crate::stack::syntax::BinaryOperator::Plus, &total, item)
            .map_err(|_| FunctionError::at(0, "every element must be a number"))?;
    }
    Ok(total)
}

fn transpose(args: &Args<'_>) -> Outcome {
    let mut result: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, values) in args.map(0) {
        let (Value::List(values) | Value::Set(values)) = values else {
            return Err(FunctionError::at(0, "every value of the map must be a list of strings"));
        };
        for value in values {
            let name = crate::stack::convert::to_text(value)
                .map_err(|m| FunctionError::at(0, format!("under {key:?}: {m}")))?;
            let keys = result.entry(name).or_default();
            if !keys.contains(&Value::from(key.as_str())) {
                keys.push(key.as_str().into());
            }
        }
    }
    Ok(Value::Map(result.into_iter().map(|(k, v)| (k, Value::List(v))).collect()))
}

fn zipmap(args: &Args<'_>) -> Outcome {
    let (keys, values) = (args.list(0), args.list(1));
    if keys.len() != values.len() {
        return Err(FunctionError::at(
            1,
            format!("there must be as many values as keys: {} and {}", keys.len(), values.len()),
        ));
    }
    let list = Value::List(keys.to_vec());
    let sensitive = list.contains_sensitive();
    if let Some(refs) = list.unknown_refs() {
        return Ok(Value::unknown(refs).mark_if(sensitive));
    }
    let keys = args.texts(0).map(str::to_owned);
    Ok(Value::Map(keys.zip(values.iter().cloned()).collect()).mark_if(sensitive))
}
