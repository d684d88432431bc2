//! Functions on sets.

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("setintersection", &[param("set", Kind::Set)], |args| {
        combine(args, |a, b| a.iter().filter(|v| b.contains(v)).cloned().collect())
    })
    .variadic("sets", Kind::Set),
    Function::new("setproduct", &[], setproduct).variadic("sets", Kind::Collection),
    Function::new("setsubtract", &[param("a", Kind::Set), param("b", Kind::Set)], |args| {
        combine(args, |a, b| a.iter().filter(|v| !b.contains(v)).cloned().collect())
    }),
    Function::new("setunion", &[param("set", Kind::Set)], |args| {
        combine(args, |a, b| [a, b].concat())
    })
    .variadic("sets", Kind::Set),
];

fn combine(args: &Args<'_>, join: impl Fn(&[Value], &[Value]) -> Vec<Value>) -> Outcome {
    let first = args.list(0).to_vec();
    let joined = (1..args.len()).fold(first, |a, at| join(&a, args.list(at)));
    Ok(Value::set(crate::stack::convert::unify(joined)))
}

/// All combinations: a list of lists, or a set of them unless every argument is a list.
fn setproduct(args: &Args<'_>) -> Outcome {
    if args.len() < 2 {
        return Err(FunctionError::new("at least two lists or sets are required"));
    }
    let mut count = 1_usize;
    for at in 0..args.len() {
        if let Value::Map(_) = args.value(at) {
            return Err(FunctionError::at(at, "a list or set is required, this is a map"));
        }
        count = count.saturating_mul(args.list(at).len());
    }
    if count > 100_000 {
        return Err(FunctionError::new("the result would have more than 100000 elements"));
    }
    let mut rows = vec![Vec::new()];
    for at in 0..args.len() {
        let items = crate::stack::convert::unify(args.list(at).to_vec());
        rows = rows
            .iter()
            .flat_map(|row: &Vec<Value>| {
                items.iter().map(|item| {
                    let mut longer = row.clone();
                    longer.push(item.clone());
                    longer
                })
            })
            .collect();
    }
    let rows: Vec<Value> = rows.into_iter().map(Value::List).collect();
    if args.values.iter().any(|v| matches!(v, Value::Set(_))) {
        return Ok(Value::set(rows));
    }
    Ok(Value::List(rows))
}
