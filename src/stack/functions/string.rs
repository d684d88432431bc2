//! Functions on strings. Lengths and positions count characters (Unicode scalar values).

use regex::{Captures, Regex};

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::value::Value;

const TEXT: &[super::Param] = &[param("string", Kind::Text)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("chomp", TEXT, |args| Ok(args.text(0).trim_end_matches(['\n', '\r']).into())),
    Function::new(
        "endswith",
        &[param("string", Kind::Text), param("suffix", Kind::Text)],
        |args| Ok(args.text(0).ends_with(args.text(1)).into()),
    ),
    Function::new("indent", &[param("spaces", Kind::Integer), param("string", Kind::Text)], indent),
    Function::new("join", &[param("separator", Kind::Text), param("list", Kind::Texts)], join)
        .variadic("lists", Kind::Texts),
    Function::new("lower", TEXT, |args| Ok(args.text(0).to_lowercase().into())),
    Function::new("regex", &[param("pattern", Kind::Text), param("string", Kind::Text)], regex),
    Function::new(
        "regexall",
        &[param("pattern", Kind::Text), param("string", Kind::Text)],
        regexall,
    ),
    Function::new(
        "replace",
        &[
            param("string", Kind::Text),
            param("substring", Kind::Text),
            param("replacement", Kind::Text),
        ],
        replace,
    ),
    Function::new("split", &[param("separator", Kind::Text), param("string", Kind::Text)], split),
    Function::new(
        "startswith",
        &[param("string", Kind::Text), param("prefix", Kind::Text)],
        |args| Ok(args.text(0).starts_with(args.text(1)).into()),
    ),
    Function::new(
        "strcontains",
        &[param("string", Kind::Text), param("substr", Kind::Text)],
        |args| Ok(args.text(0).contains(args.text(1)).into()),
    ),
    Function::new("strrev", TEXT, |args| Ok(args.text(0).chars().rev().collect::<String>().into())),
    Function::new(
        "substr",
        &[
            param("string", Kind::Text),
            param("offset", Kind::Integer),
            param("length", Kind::Integer),
        ],
        substr,
    ),
    Function::new("title", TEXT, title),
    Function::new("trim", &[param("string", Kind::Text), param("cutset", Kind::Text)], |args| {
        Ok(args.text(0).trim_matches(|c| args.text(1).contains(c)).into())
    }),
    Function::new(
        "trimprefix",
        &[param("string", Kind::Text), param("prefix", Kind::Text)],
        |args| {
            let text = args.text(0);
            Ok(text.strip_prefix(args.text(1)).unwrap_or(text).into())
        },
    ),
    Function::new("trimspace", TEXT, |args| Ok(args.text(0).trim().into())),
    Function::new(
        "trimsuffix",
        &[param("string", Kind::Text), param("suffix", Kind::Text)],
        |args| {
            let text = args.text(0);
            Ok(text.strip_suffix(args.text(1)).unwrap_or(text).into())
        },
    ),
    Function::new("upper", TEXT, |args| Ok(args.text(0).to_uppercase().into())),
];

fn indent(args: &Args<'_>) -> Outcome {
    let spaces = usize::try_from(args.integer(0))
        .ok()
        .filter(|n| *n <= 10_000)
        .ok_or_else(|| FunctionError::at(0, "the number of spaces is from 0 to 10000"))?;
    Ok(args.text(1).replace('\n', &format!("\n{}", " ".repeat(spaces))).into())
}

fn join(args: &Args<'_>) -> Outcome {
    let parts: Vec<&str> = (1..args.len()).flat_map(|at| args.texts(at)).collect();
    Ok(parts.join(args.text(0)).into())
}

fn compile(pattern: &str, argument: usize) -> Result<Regex, FunctionError> {
    Regex::new(pattern).map_err(|e| {
        let why = e.to_string();
        let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        FunctionError::at(argument, format!("the pattern is no regular expression: {last}"))
    })
}

/// A match as Terraform gives it: a string without groups, a list of unnamed groups, or a map of
/// named ones.
fn matched(regex: &Regex, found: &Captures<'_>) -> Outcome {
    let group = |m: Option<regex::Match<'_>>| m.map_or(Value::Null, |m| m.as_str().into());
    let names: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    if names.is_empty() {
        return Ok(group(found.get(0)));
    }
    if names.iter().all(Option::is_none) {
        return Ok(Value::List(found.iter().skip(1).map(group).collect()));
    }
    if names.iter().any(Option::is_none) {
        return Err(FunctionError::at(0, "the pattern mixes named and unnamed groups"));
    }
    Ok(Value::Map(
        names.into_iter().flatten().map(|n| (n.to_owned(), group(found.name(n)))).collect(),
    ))
}

fn regex(args: &Args<'_>) -> Outcome {
    let regex = compile(args.text(0), 0)?;
    let found = regex
        .captures(args.text(1))
        .ok_or_else(|| FunctionError::at(1, "the pattern does not match"))?;
    matched(&regex, &found)
}

fn regexall(args: &Args<'_>) -> Outcome {
    let regex = compile(args.text(0), 0)?;
    let all: Result<_, _> =
        regex.captures_iter(args.text(1)).map(|found| matched(&regex, &found)).collect();
    Ok(Value::List(all?))
}

fn replace(args: &Args<'_>) -> Outcome {
    let (text, what, with) = (args.text(0), args.text(1), args.text(2));
    let pattern =
        what.strip_prefix('/').and_then(|p| p.strip_suffix('/')).filter(|p| !p.is_empty());
    match pattern {
        Some(pattern) => Ok(compile(pattern, 1)?.replace_all(text, with).into_owned().into()),
        None => Ok(text.replace(what, with).into()),
    }
}

fn split(args: &Args<'_>) -> Outcome {
    let (separator, text) = (args.text(0), args.text(1));
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| c.to_string().into()).collect()
    } else {
        text.split(separator).map(Value::from).collect()
    };
    Ok(Value::List(parts))
}

fn substr(args: &Args<'_>) -> Outcome {
    let text = args.text(0);
    let count = text.chars().count();
    let (offset, length) = (args.integer(1), args.integer(2));
    let start = match usize::try_from(offset) {
        Ok(offset) => offset,
        Err(_) => count.saturating_sub(offset.unsigned_abs() as usize),
    };
    if length < -1 {
        return Err(FunctionError::at(2, "the length is -1 (to the end) or more"));
    }
    let length = usize::try_from(length).unwrap_or(count);
    Ok(text.chars().skip(start).take(length).collect::<String>().into())
}

fn title(args: &Args<'_>) -> Outcome {
    let mut start = true;
    let mut result = String::new();
    for c in args.text(0).chars() {
        if start {
            result.extend(c.to_uppercase());
        } else {
            result.push(c);
        }
        start = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    Ok(result.into())
}
