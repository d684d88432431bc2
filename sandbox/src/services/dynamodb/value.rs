//! Attribute values as they go over the wire, `{"S": "…"}`, and what can be said of two of them.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Value, json};

use super::rules::VALUE;
use crate::rules::Refusal;

/// An item, or its key: values by attribute name.
pub(super) type Item = Map<String, Value>;

/// Returns a value's type, such as `S`, and what it holds.
pub(super) fn parts(value: &Value) -> (&str, &Value) {
    let part = value.as_object().and_then(|members| members.iter().next());
    part.map_or(("", &Value::Null), |(kind, held)| (kind.as_str(), held))
}

/// Refuses what no attribute may hold.
pub(super) fn check(value: &Value) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(VALUE.refuse(&[why]));
    match value.as_object().map(Map::len) {
        Some(1) => {}
        Some(0) => return refuse("is empty, must contain exactly one of the supported datatypes"),
        _ => return refuse("has more than one datatypes set, must contain exactly one"),
    }
    let (kind, held) = parts(value);
    match (kind, held) {
        ("N", Value::String(text)) => match Decimal::parse(text) {
            Some(_) => Ok(()),
            None => refuse(&format!("cannot be converted to a number: {text}")),
        },
        ("NULL", held) if held != &json!(true) => refuse("of type NULL must be true"),
        ("SS" | "NS" | "BS", Value::Array(members)) => {
            if members.is_empty() {
                return refuse("is a set that is empty");
            }
            let same = |left: &Value, right: &Value| match kind {
                "NS" => number(left) == number(right),
                _ => left == right,
            };
            if kind == "NS" && members.iter().any(|member| number(member).is_none()) {
                return refuse("cannot be converted to a number");
            }
            let twice = members.iter().enumerate().any(|(index, member)| {
                members[..index].iter().any(|earlier| same(earlier, member))
            });
            if twice { refuse("is a set that holds duplicates") } else { Ok(()) }
        }
        ("L", Value::Array(members)) => members.iter().try_for_each(check),
        ("M", Value::Object(members)) => members.values().try_for_each(check),
        _ => Ok(()),
    }
}

fn number(text: &Value) -> Option<Decimal> {
    Decimal::parse(text.as_str()?)
}

/// Compares two values of one ordered type; none for any others.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    let ((kind, left), (other, right)) = (parts(left), parts(right));
    match kind {
        _ if kind != other => None,
        "N" => Some(number(left)?.cmp(&number(right)?)),
        "S" | "B" => Some(left.as_str()?.cmp(right.as_str()?)),
        _ => None,
    }
}

/// Returns whether two values are the same: numbers by worth, sets in any order.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    let ((kind, held), (other, theirs)) = (parts(left), parts(right));
    if kind != other {
        return false;
    }
    match (kind, held, theirs) {
        ("N", _, _) => number(held) == number(theirs),
        ("NS", Value::Array(held), Value::Array(theirs)) => {
            let has = |n: &Value| theirs.iter().any(|other| number(other) == number(n));
            held.len() == theirs.len() && held.iter().all(has)
        }
        ("SS" | "BS", Value::Array(held), Value::Array(theirs)) => {
            held.len() == theirs.len() && held.iter().all(|member| theirs.contains(member))
        }
        ("L", Value::Array(held), Value::Array(theirs)) => {
            held.len() == theirs.len() && held.iter().zip(theirs).all(|(a, b)| equal(a, b))
        }
        ("M", Value::Object(held), Value::Object(theirs)) => {
            let has = |(name, value)| theirs.get(name).is_some_and(|other| equal(value, other));
            held.len() == theirs.len() && held.iter().all(has)
        }
        _ => held == theirs,
    }
}

/// A number of DynamoDB: up to 38 digits and a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    /// How many of the digits stand behind the point; below zero, how many zeros follow.
    scale: i32,
}

impl Decimal {
    /// Reads a number; none for what is no number or has more than 38 digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, exponent)) => (text, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let bare = whole.trim_start_matches(['-', '+']);
        let digits = format!("{bare}{fraction}");
        let wrong = digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit());
        if wrong || whole.len() > bare.len() + 1 {
            return None;
        }
        let kept = digits.trim_start_matches('0');
        let trimmed = kept.trim_end_matches('0');
        if trimmed.is_empty() {
            return Some(Self { digits: 0, scale: 0 });
        }
        if trimmed.len() > 38 {
            return None;
        }
        let zeros = i32::try_from(kept.len() - trimmed.len()).ok()?;
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)? - zeros;
        let digits: i128 = trimmed.parse().ok()?;
        let fits = (-126..=130).contains(&scale);
        fits.then_some(Self {
            digits: if whole.starts_with('-') { -digits } else { digits },
            scale,
        })
    }

    /// Brings two numbers to one scale; none where they lie too far apart.
    fn aligned(self, other: Self) -> Option<(i128, i128, i32)> {
        let scale = self.scale.max(other.scale);
        let raised = |number: Self| {
            let power = u32::try_from(scale - number.scale).ok()?;
            number.digits.checked_mul(10_i128.checked_pow(power)?)
        };
        Some((raised(self)?, raised(other)?, scale))
    }

    /// Adds two numbers; none where the sum needs more than 38 digits.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let (left, right, scale) = self.aligned(other)?;
        Self::parse(&format!("{}e{}", left.checked_add(right)?, -scale))
    }

    /// Returns the number with the other sign.
    pub(super) fn negated(self) -> Self {
        Self { digits: -self.digits, ..self }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if let Some((left, right, _)) = self.aligned(*other) {
            return left.cmp(&right);
        }
        // Too far apart: signs decide, then the place of the first digit.
        let place = |number: &Self| {
            let digits = number.digits.unsigned_abs().checked_ilog10().unwrap_or(0);
            i64::from(digits) - i64::from(number.scale)
        };
        let sign = self.digits.signum().cmp(&other.digits.signum());
        let size = place(self).cmp(&place(other));
        sign.then(if self.digits < 0 { size.reverse() } else { size })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits.unsigned_abs().to_string();
        let sign = if self.digits < 0 { "-" } else { "" };
        let behind = usize::try_from(self.scale).unwrap_or(0);
        if behind == 0 {
            let zeros = "0".repeat(usize::try_from(-self.scale).unwrap_or(0));
            return write!(f, "{sign}{digits}{zeros}");
        }
        let digits = format!("{digits:0>width$}", width = behind + 1);
        let (whole, fraction) = digits.split_at(digits.len() - behind);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn numbers_are_exact() {
        for (text, shown) in
            [("1", "1"), ("-0.50", "-0.5"), ("1e3", "1000"), ("007", "7"), ("0.001", "0.001")]
        {
            assert_eq!(decimal(text).to_string(), shown);
        }
        assert_eq!(decimal("0.1").plus(decimal("0.2")).unwrap(), decimal("0.3"));
        assert_eq!(
            decimal("1767225600001").plus(decimal("1").negated()),
            Some(decimal("1767225600000"))
        );
        assert!(decimal("9007199254740993") > decimal("9007199254740992"));
        assert!(decimal("-1e100") < decimal("1e-100"));
        assert!(decimal("1e100") > decimal("1e-100"));
        for text in ["", "a", "1.2.3", "--1", "123456789012345678901234567890123456789"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_equal_by_what_they_mean() {
        assert!(equal(&json!({"N": "1.0"}), &json!({"N": "1"})));
        assert!(equal(&json!({"SS": ["a", "b"]}), &json!({"SS": ["b", "a"]})));
        assert!(!equal(&json!({"S": "1"}), &json!({"N": "1"})));
        assert!(!equal(&json!({"L": [{"S": "a"}]}), &json!({"L": []})));
        assert_eq!(compare(&json!({"N": "2"}), &json!({"N": "10"})), Some(Ordering::Less));
        assert_eq!(compare(&json!({"S": "2"}), &json!({"N": "10"})), None);
    }
}
