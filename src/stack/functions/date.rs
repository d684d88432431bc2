//! Dates and times, always given: nothing here reads the clock.

use std::cmp::Ordering;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "formatdate",
        &[param("spec", Kind::Text), param("timestamp", Kind::Text)],
        formatdate,
    ),
    Function::new(
        "timeadd",
        &[param("timestamp", Kind::Text), param("duration", Kind::Text)],
        timeadd,
    ),
    Function::new(
        "timecmp",
        &[param("timestamp_a", Kind::Text), param("timestamp_b", Kind::Text)],
        timecmp,
    ),
];

/// A point in time with the offset it was written in.
struct Moment {
    timestamp: Timestamp,
    offset: Offset,
}

impl Moment {
    /// Reads RFC 3339, such as `2024-05-01T12:00:00Z`.
    fn parse(text: &str, argument: usize) -> Result<Self, FunctionError> {
        let bad = || {
            FunctionError::at(
                argument,
                format!("{text:?} is no timestamp such as \"2024-05-01T12:00:00Z\""),
            )
        };
        // `jiff` reads more than RFC 3339: dates alone, blanks for `T`, missing seconds.
        let bytes = text.as_bytes();
        let shape_is_right = text.is_ascii()
            && bytes.len() >= 20
            && bytes[4] == b'-'
            && bytes[7] == b'-'
            && bytes[10] == b'T'
            && bytes[13] == b':'
            && bytes[16] == b':';
        if !shape_is_right {
            return Err(bad());
        }
        let timestamp: Timestamp = text.parse().map_err(|_| bad())?;
        let zone = text[19..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        let offset = match zone.as_bytes() {
            b"Z" => Offset::UTC,
            [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
                let number = |s: &str| s.parse::<i32>().map_err(|_| bad());
                let seconds = number(&zone[1..3])? * 3600 + number(&zone[4..6])? * 60;
                Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds })
                    .map_err(|_| bad())?
            }
            _ => return Err(bad()),
        };
        Ok(Self { timestamp, offset })
    }

    fn civil(&self) -> DateTime {
        self.offset.to_datetime(self.timestamp)
    }

    /// The offset as `+02:00`, or without the colon.
    fn zone(&self, colon: &str) -> String {
        let minutes = self.offset.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}{colon}{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }

    fn zone_or_z(&self, colon: &str) -> String {
        if self.offset.is_zero() { "Z".to_owned() } else { self.zone(colon) }
    }

    fn rfc3339(&self) -> String {
        let t = self.civil();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            self.zone_or_z(":")
        )
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn formatdate(args: &Args<'_>) -> Outcome {
    let spec = args.text(0);
    let moment = Moment::parse(args.text(1), 1)?;
    let mut result = String::new();
    let mut rest = spec;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            rest = quoted(&rest[1..], &mut result)?;
            continue;
        }
        let run = rest.len() - rest.trim_start_matches(c).len();
        let (token, after) = rest.split_at(run);
        rest = after;
        if c.is_ascii_alphabetic() {
            result.push_str(&field(token, &moment)?);
        } else {
            result.push_str(token);
        }
    }
    Ok(result.into())
}

/// Copies a quoted part, in which `''` is a quote, and gives what follows it.
fn quoted<'a>(mut rest: &'a str, into: &mut String) -> Result<&'a str, FunctionError> {
    loop {
        let end = rest
            .find('\'')
            .ok_or_else(|| FunctionError::at(0, "a quote in the format is never closed"))?;
        into.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                into.push('\'');
                rest = after;
            }
            None => return Ok(rest),
        }
    }
}

fn field(token: &str, moment: &Moment) -> Result<String, FunctionError> {
    let t = moment.civil();
    let hour12 = match t.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if t.hour() < 12 { "AM" } else { "PM" };
    let day = DAYS[t.weekday().to_monday_zero_offset() as usize % 7];
    let month = MONTHS[(t.month() - 1) as usize % 12];
    Ok(match token {
        "YYYY" => format!("{:04}", t.year()),
        "YY" => format!("{:02}", t.year() % 100),
        "MMMM" => month.to_owned(),
        "MMM" => month[..3].to_owned(),
        "MM" => format!("{:02}", t.month()),
        "M" => t.month().to_string(),
        "DD" => format!("{:02}", t.day()),
        "D" => t.day().to_string(),
        "EEEE" => day.to_owned(),
        "EEE" => day[..3].to_owned(),
        "hh" => format!("{:02}", t.hour()),
        "h" => t.hour().to_string(),
        "HH" => format!("{hour12:02}"),
        "H" => hour12.to_string(),
        "AA" => half.to_owned(),
        "aa" => half.to_lowercase(),
        "mm" => format!("{:02}", t.minute()),
        "m" => t.minute().to_string(),
        "ss" => format!("{:02}", t.second()),
        "s" => t.second().to_string(),
        "ZZZZZ" => moment.zone(":"),
        "ZZZ" if moment.offset.is_zero() => "UTC".to_owned(),
        "ZZZ" | "ZZZZ" => moment.zone(""),
        "Z" => moment.zone_or_z(":"),
        other => {
            return Err(FunctionError::at(0, format!("`{other}` is no part of a date format"))
                .hint("letters that stand for themselves go between quotes: 'at'"));
        }
    })
}

/// Reads a duration as Go writes it: `10m`, `-1h30m`, `1.5h`.
fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits =
            rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.len() - rest.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let nanos = match &rest[..unit] {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        rest = &rest[unit..];
        total += (number * nanos).round() as i128;
    }
    let total = if negative { -total } else { total };
    i64::try_from(total).ok().map(SignedDuration::from_nanos)
}

fn timeadd(args: &Args<'_>) -> Outcome {
    let moment = Moment::parse(args.text(0), 0)?;
    let text = args.text(1);
    let duration = duration(text).ok_or_else(|| {
        FunctionError::at(1, format!("{text:?} is no duration such as \"10m\" or \"1h30m\""))
    })?;
    let timestamp = moment
        .timestamp
        .checked_add(duration)
        .map_err(|_| FunctionError::at(1, "the result is out of range"))?;
    Ok(Moment { timestamp, ..moment }.rfc3339().into())
}

fn timecmp(args: &Args<'_>) -> Outcome {
    let a = Moment::parse(args.text(0), 0)?;
    let b = Moment::parse(args.text(1), 1)?;
    Ok(Value::integer(match a.timestamp.cmp(&b.timestamp) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}
