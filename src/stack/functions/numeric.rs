//! Functions on numbers.

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::value::{Value, as_i128, number_from_f64, number_from_i128, number_order};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs", &[param("number", Kind::Number)], abs),
    Function::new("ceil", &[param("number", Kind::Number)], |args| float(args.float(0).ceil())),
    Function::new("floor", &[param("number", Kind::Number)], |args| float(args.float(0).floor())),
    Function::new("log", &[param("number", Kind::Number), param("base", Kind::Number)], log),
    Function::new("max", &[param("number", Kind::Number)], max).variadic("numbers", Kind::Number),
    Function::new("min", &[param("number", Kind::Number)], min).variadic("numbers", Kind::Number),
    Function::new(
        "parseint",
        &[param("string", Kind::Text), param("base", Kind::Integer)],
        parseint,
    ),
    Function::new("pow", &[param("number", Kind::Number), param("power", Kind::Number)], pow),
    Function::new("signum", &[param("number", Kind::Number)], |args| {
        let n = args.float(0);
        Ok(Value::integer(i64::from(n > 0.0) - i64::from(n < 0.0)))
    }),
];

fn float(n: f64) -> Outcome {
    number_from_f64(n)
        .map(Value::Number)
        .ok_or_else(|| FunctionError::new("the result is no finite number"))
}

fn abs(args: &Args<'_>) -> Outcome {
    match as_i128(&args.number(0)).and_then(|n| number_from_i128(n.abs())) {
        Some(n) => Ok(Value::Number(n)),
        None => float(args.float(0).abs()),
    }
}

fn log(args: &Args<'_>) -> Outcome {
    let (number, base) = (args.float(0), args.float(1));
    // The quotient of two logarithms misses whole results by a hair: log(1000, 10) is 3.
    let exact = (number.ln() / base.ln()).round();
    if exact.abs() < 1024.0 && (base.powf(exact) - number).abs() <= number.abs() * 1e-15 {
        return float(exact);
    }
    float(number.ln() / base.ln())
}

fn max(args: &Args<'_>) -> Outcome {
    let numbers = (0..args.len()).map(|at| args.number(at));
    Ok(numbers.max_by(number_order).map_or(Value::Null, Value::Number))
}

fn min(args: &Args<'_>) -> Outcome {
    let numbers = (0..args.len()).map(|at| args.number(at));
    Ok(numbers.min_by(number_order).map_or(Value::Null, Value::Number))
}

fn parseint(args: &Args<'_>) -> Outcome {
    let base = args.integer(1);
    if !(2..=62).contains(&base) {
        return Err(FunctionError::at(1, "the base is from 2 to 62"));
    }
    let text = args.text(0);
    let bad = || FunctionError::at(0, format!("{text:?} is no whole number in base {base}"));
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return Err(bad());
    }
    let mut total: i128 = 0;
    for c in digits.chars() {
        let digit = match c {
            '0'..='9' => c as i128 - '0' as i128,
            'a'..='z' => c as i128 - 'a' as i128 + 10,
            'A'..='Z' if base <= 36 => c as i128 - 'A' as i128 + 10,
            'A'..='Z' => c as i128 - 'A' as i128 + 36,
            _ => return Err(bad()),
        };
        if digit >= i128::from(base) {
            return Err(bad());
        }
        total = total
            .checked_mul(i128::from(base))
            .and_then(|t| t.checked_add(digit))
            .ok_or_else(|| FunctionError::at(0, "the number is out of range"))?;
    }
    number_from_i128(if negative { -total } else { total })
        .map(Value::Number)
        .ok_or_else(|| FunctionError::at(0, "the number is out of range"))
}

fn pow(args: &Args<'_>) -> Outcome {
    let exact = as_i128(&args.number(0))
        .zip(as_i128(&args.number(1)).and_then(|p| u32::try_from(p).ok()))
        .and_then(|(n, p)| n.checked_pow(p))
        .and_then(number_from_i128);
    match exact {
        Some(n) => Ok(Value::Number(n)),
        None => float(args.float(0).powf(args.float(1))),
    }
}
