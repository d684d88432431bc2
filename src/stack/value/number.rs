//! Numbers: whole ones are held as integers, so that equal numbers compare equal.

use std::cmp::Ordering;

use serde_json::Number;

/// Holds a whole number as an integer, so that equal numbers compare equal.
pub(in crate::stack) fn normalise(n: &Number) -> Number {
    if n.is_f64() {
        n.as_f64().and_then(number_from_f64).unwrap_or_else(|| n.clone())
    } else {
        n.clone()
    }
}

/// Largest magnitude up to which every whole `f64` is exact: 2 to the 53rd.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Makes a number from a float, as an integer where that is exact.
pub(in crate::stack) fn number_from_f64(n: f64) -> Option<Number> {
    if n.fract() == 0.0 && n.abs() <= EXACT {
        Some(Number::from(n as i64))
    } else {
        Number::from_f64(n)
    }
}

/// Makes a number from a wide integer, as a float when it does not fit.
pub(in crate::stack) fn number_from_i128(n: i128) -> Option<Number> {
    i64::try_from(n)
        .map(Number::from)
        .or_else(|_| u64::try_from(n).map(Number::from))
        .ok()
        .or_else(|| Number::from_f64(n as f64))
}

/// Gives a whole number exactly.
pub(in crate::stack) fn as_i128(n: &Number) -> Option<i128> {
    n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from))
}

/// Orders two numbers by size.
pub(in crate::stack) fn number_order(a: &Number, b: &Number) -> Ordering {
    if let (Some(a), Some(b)) = (as_i128(a), as_i128(b)) {
        return a.cmp(&b);
    }
    let float = |n: &Number| n.as_f64().unwrap_or_default();
    float(a).total_cmp(&float(b))
}
