//! `format` and `formatlist`, with the verbs of Terraform's (Go's) formats.

use serde_json::Number;

use super::{Args, Function, FunctionError, Kind, Outcome, encoding, param};
use crate::stack::convert::{to_bool, to_number, to_text};
use crate::stack::value::{Value, as_i128};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("format", &[param("format", Kind::Text)], |args| {
        format(args.text(0), &args.values[1..]).map(Value::String)
    })
    .variadic("args", Kind::Any),
    Function::new("formatlist", &[param("format", Kind::Text)], formatlist)
        .variadic("args", Kind::Any),
];

fn formatlist(args: &Args<'_>) -> Outcome {
    let given = &args.values[1..];
    let mut length = None;
    for (at, value) in given.iter().enumerate() {
        let (Value::List(items) | Value::Set(items)) = value else { continue };
        match length {
            Some((count, first)) if count != items.len() => {
                return Err(FunctionError::at(
                    at + 1,
                    format!(
                        "the lists must be of one length: argument {first} has {count} elements, this has {}",
                        items.len()
                    ),
                ));
            }
            _ => length = Some((items.len(), at + 1)),
        }
    }
    let rows = length.map_or(1, |(count, _)| count);
    let mut result = Vec::with_capacity(rows);
    for row in 0..rows {
        let values: Vec<Value> = given
            .iter()
            .map(|value| match value {
                Value::List(items) | Value::Set(items) => {
                    items.get(row).cloned().unwrap_or(Value::Null)
                }
                single => single.clone(),
            })
            .collect();
        result.push(Value::String(format(args.text(0), &values)?));
    }
    Ok(Value::List(result))
}

/// One `%…` of a format.
#[derive(Debug, Default)]
struct Verb {
    plus: bool,
    minus: bool,
    zero: bool,
    space: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
    letter: char,
}

/// Largest width and precision: what is longer is a mistake.
const LARGEST: usize = 1024;

fn format(spec: &str, values: &[Value]) -> Result<String, FunctionError> {
    let mut result = String::new();
    let mut next = 0;
    let mut highest = 0;
    let mut explicit = false;
    let mut chars = spec.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            result.push(c);
            continue;
        }
        let mut verb = Verb::default();
        let mut seen = String::from("%");
        let bad = |seen: &str| {
            FunctionError::at(0, format!("the format has an unfinished or wrong verb `{seen}`"))
        };
        loop {
            match chars.peek() {
                Some('+') => verb.plus = true,
                Some('-') => verb.minus = true,
                Some('0') => verb.zero = true,
                Some(' ') => verb.space = true,
                Some('#') => verb.sharp = true,
                _ => break,
            }
            seen.extend(chars.next());
        }
        let mut number = |seen: &mut String| -> Result<Option<usize>, FunctionError> {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            seen.push_str(&digits);
            if digits.is_empty() {
                return Ok(None);
            }
            match digits.parse::<usize>() {
                Ok(n) if n <= LARGEST => Ok(Some(n)),
                _ => Err(FunctionError::at(0, format!("`{seen}` is wider than {LARGEST}"))),
            }
        };
        verb.width = number(&mut seen)?;
        if chars.next_if_eq(&'.').is_some() {
            seen.push('.');
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            seen.push_str(&digits);
            let precision = if digits.is_empty() { Ok(0) } else { digits.parse::<usize>() };
            verb.precision =
                Some(precision.ok().filter(|p| *p <= LARGEST).ok_or_else(|| bad(&seen))?);
        }
        if chars.next_if_eq(&'[').is_some() {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            seen.push('[');
            seen.push_str(&digits);
            let index = digits.parse::<usize>().ok().filter(|n| *n > 0);
            match (index, chars.next()) {
                (Some(n), Some(']')) => next = n - 1,
                _ => return Err(bad(&seen)),
            }
            seen.push(']');
            explicit = true;
        }
        verb.letter = chars.next().ok_or_else(|| bad(&seen))?;
        seen.push(verb.letter);
        if verb.letter == '%' {
            result.push('%');
            continue;
        }
        let value = values.get(next).ok_or_else(|| {
            FunctionError::at(
                0,
                format!("`{seen}` needs a value: there is no argument {}", next + 1),
            )
        })?;
        next += 1;
        highest = highest.max(next);
        let text = render(&verb, value).map_err(|e| match e {
            Problem::Verb => bad(&seen),
            Problem::Value(m) => FunctionError::at(next, format!("`{seen}`: {m}")),
        })?;
        result.push_str(&text);
    }
    if highest < values.len() && !explicit {
        return Err(FunctionError::at(
            highest + 1,
            format!("the format uses {highest} of {} values", values.len()),
        ));
    }
    Ok(result)
}

enum Problem {
    Verb,
    Value(String),
}

fn render(verb: &Verb, value: &Value) -> Result<String, Problem> {
    if *value == Value::Null && verb.letter != 'v' {
        return Err(Problem::Value("the value must not be null".to_owned()));
    }
    match verb.letter {
        'v' if verb.sharp => Ok(pad(verb, encoding::json(value), false)),
        'v' => match value {
            // As `%g`: from a million on with an exponent.
            Value::Number(n) => Ok(pad(verb, signed(verb, float(verb, n)), true)),
            Value::Null => Ok(pad(verb, "null".to_owned(), false)),
            value => {
                let text = to_text(value).unwrap_or_else(|_| encoding::json(value));
                Ok(pad(verb, text, false))
            }
        },
        't' => to_bool(value).map(|b| pad(verb, b.to_string(), false)).map_err(Problem::Value),
        's' | 'q' => {
            let text = to_text(value).map_err(Problem::Value)?;
            let cut: String = match verb.precision {
                // As in Terraform, a precision of 0 counts as none here.
                None | Some(0) => text,
                Some(length) => text.chars().take(length).collect(),
            };
            let text = if verb.letter == 'q' { encoding::json(&Value::String(cut)) } else { cut };
            Ok(pad(verb, text, false))
        }
        'b' | 'd' | 'o' | 'x' | 'X' => {
            let n = to_number(value).map_err(Problem::Value)?;
            let whole =
                as_i128(&n).or_else(|| n.as_f64().map(|f| f.trunc() as i128)).unwrap_or_default();
            let magnitude = whole.unsigned_abs();
            let digits = match verb.letter {
                'b' => format!("{magnitude:b}"),
                'o' => format!("{magnitude:o}"),
                'x' => format!("{magnitude:x}"),
                'X' => format!("{magnitude:X}"),
                _ => magnitude.to_string(),
            };
            let prefix = match (verb.sharp, verb.letter) {
                (true, 'b') => "0b",
                (true, 'o') => "0",
                (true, 'x') => "0x",
                (true, 'X') => "0X",
                _ => "",
            };
            let sign = if whole < 0 { "-" } else { "" };
            Ok(pad(verb, signed(verb, format!("{sign}{prefix}{digits}")), true))
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let n = to_number(value).map_err(Problem::Value)?;
            Ok(pad(verb, signed(verb, float(verb, &n)), true))
        }
        _ => Err(Problem::Verb),
    }
}

/// Puts a sign before a positive number when asked.
fn signed(verb: &Verb, text: String) -> String {
    match text.starts_with('-') {
        false if verb.plus => format!("+{text}"),
        false if verb.space => format!(" {text}"),
        _ => text,
    }
}

fn float(verb: &Verb, n: &Number) -> String {
    let value = n.as_f64().unwrap_or_default();
    match verb.letter {
        'f' | 'F' => format!("{value:.*}", verb.precision.unwrap_or(6)),
        'e' => exponent(&format!("{value:.*e}", verb.precision.unwrap_or(6))),
        'E' => exponent(&format!("{value:.*e}", verb.precision.unwrap_or(6))).to_uppercase(),
        'G' => general(value, verb.precision).to_uppercase(),
        _ => general(value, verb.precision),
    }
}

/// Writes an exponent as Go does: with a sign and at least two digits.
fn exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// The shorter of plain and exponent form, as `%g`: exponents below -4 or from the precision on.
fn general(value: f64, precision: Option<usize>) -> String {
    let scientific = match precision {
        Some(digits) => format!("{value:.*e}", digits.max(1) - 1),
        None => format!("{value:e}"),
    };
    let Some((mantissa, power)) = scientific.split_once('e') else { return scientific };
    let power: i32 = power.parse().unwrap_or_default();
    let trim = |text: &str| -> String {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let limit = precision.map_or(6, |digits| digits.max(1) as i32);
    if power < -4 || power >= limit {
        return exponent(&format!("{}e{power}", trim(mantissa)));
    }
    match precision {
        Some(digits) => {
            let decimals = (digits.max(1) as i32 - 1 - power).max(0) as usize;
            trim(&format!("{value:.decimals$}"))
        }
        None => value.to_string(),
    }
}

/// Fills up to the width: with zeros after the sign for numbers when asked, else with blanks.
fn pad(verb: &Verb, text: String, numeric: bool) -> String {
    let missing = verb.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    if verb.minus {
        return text + &" ".repeat(missing);
    }
    if verb.zero && numeric {
        let at = text.find(|c: char| !matches!(c, '+' | '-' | ' ')).unwrap_or(0);
        return format!("{}{}{}", &text[..at], "0".repeat(missing), &text[at..]);
    }
    " ".repeat(missing) + &text
}
