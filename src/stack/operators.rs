//! Unary and binary operators on known, unmarked values, as Terraform defines them.

use std::cmp::Ordering;

use serde_json::Number;

use super::convert::{to_bool, to_number};
use super::syntax::{BinaryOperator, UnaryOperator};
use super::value::{Value, as_i128, number_from_f64, number_from_i128, number_order};

/// Compares for `==`. There is no conversion: `"1" == 1` is false. `None` when something unknown
/// decides.
pub(super) fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Sensitive(a), b) => equal(a, b),
        (a, Value::Sensitive(b)) => equal(a, b),
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::List(a), Value::List(b)) if a.len() == b.len() => all(a.iter().zip(b)),
        (Value::Set(a), Value::Set(b)) => Some(a == b),
        (Value::Map(a), Value::Map(b)) if a.keys().eq(b.keys()) => all(a.values().zip(b.values())),
        (Value::Number(a), Value::Number(b)) => Some(number_order(a, b) == Ordering::Equal),
        (a, b) => Some(a == b),
    }
}

fn all<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut result = Some(true);
    for (a, b) in pairs {
        match equal(a, b) {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

/// Which operand is at fault, and why.
pub(super) enum OperandError {
    Left(String),
    Right(String),
    Both(String),
}

/// Checks an operand before the other is known.
pub(super) fn check_operand(operator: BinaryOperator, value: &Value) -> Result<(), String> {
    match operator {
        BinaryOperator::Eq | BinaryOperator::NotEq => Ok(()),
        BinaryOperator::And | BinaryOperator::Or => to_bool(value).map(drop),
        _ => to_number(value).map(drop),
    }
}

/// Applies an operator other than `==`, `!=`, `&&` and `||`.
pub(super) fn binary(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> Result<Value, OperandError> {
    let a = to_number(left).map_err(OperandError::Left)?;
    let b = to_number(right).map_err(OperandError::Right)?;
    let order = number_order(&a, &b);
    let result = match operator {
        BinaryOperator::Less => return Ok(Value::Bool(order.is_lt())),
        BinaryOperator::LessEq => return Ok(Value::Bool(order.is_le())),
        BinaryOperator::Greater => return Ok(Value::Bool(order.is_gt())),
        BinaryOperator::GreaterEq => return Ok(Value::Bool(order.is_ge())),
        BinaryOperator::Plus => arithmetic(&a, &b, i128::checked_add, |a, b| rounded(a + b)),
        BinaryOperator::Minus => arithmetic(&a, &b, i128::checked_sub, |a, b| rounded(a - b)),
        BinaryOperator::Mul => arithmetic(&a, &b, i128::checked_mul, |a, b| rounded(a * b)),
        BinaryOperator::Div | BinaryOperator::Mod if is_zero(&b) => {
            return Err(OperandError::Right("division by zero".to_owned()));
        }
        BinaryOperator::Div => {
            let exact = |a: i128, b: i128| (a % b == 0).then(|| a / b);
            arithmetic(&a, &b, exact, |a, b| a / b)
        }
        BinaryOperator::Mod => arithmetic(&a, &b, i128::checked_rem, |a, b| rounded(a % b)),
        BinaryOperator::Eq | BinaryOperator::NotEq | BinaryOperator::And | BinaryOperator::Or => {
            None
        }
    };
    result
        .map(Value::Number)
        .ok_or_else(|| OperandError::Both("the result is out of range".to_owned()))
}

fn arithmetic(
    a: &Number,
    b: &Number,
    exact: impl Fn(i128, i128) -> Option<i128>,
    float: impl Fn(f64, f64) -> f64,
) -> Option<Number> {
    if let (Some(a), Some(b)) = (as_i128(a), as_i128(b))
        && let Some(n) = exact(a, b)
    {
        return number_from_i128(n);
    }
    number_from_f64(float(a.as_f64()?, b.as_f64()?))
}

/// Rounds to 15 significant digits, so that `0.1 + 0.2` is `0.3` as with Terraform's wider floats.
fn rounded(n: f64) -> f64 {
    format!("{n:.14e}").parse().unwrap_or(n)
}

fn is_zero(n: &Number) -> bool {
    n.as_f64() == Some(0.0)
}

/// Applies `!` or `-`. The error is the message.
pub(super) fn unary(operator: UnaryOperator, value: &Value) -> Result<Value, String> {
    match operator {
        UnaryOperator::Not => Ok(Value::Bool(!to_bool(value)?)),
        UnaryOperator::Neg => {
            let n = to_number(value)?;
            as_i128(&n)
                .map_or_else(
                    || n.as_f64().and_then(|f| number_from_f64(-f)),
                    |n| number_from_i128(-n),
                )
                .map(Value::Number)
                .ok_or_else(|| "the result is out of range".to_owned())
        }
    }
}
