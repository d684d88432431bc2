//! The functions that expressions may call: Terraform's own, by their names, where they have no side
//! effects. Source of names, parameters and results: Terraform's function reference.

#![expect(clippy::unnecessary_wraps, reason = "every function of the tables has one signature")]

mod collection;
mod conversion;
mod date;
mod encoding;
mod file;
mod format;
mod hash;
mod network;
mod numeric;
mod sets;
mod string;

use std::collections::BTreeMap;

use serde_json::Number;

pub use file::{FileError, Files, Folder, NoFiles};

use super::convert::{to_number, to_text};
use super::expression::nearest;
use super::value::{Value, as_i128};

/// Why a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong.
    pub message: String,
    /// Which argument is at fault, counted from zero; `None` for the call.
    pub argument: Option<usize>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl FunctionError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), argument: None, hint: None }
    }

    fn at(argument: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), argument: Some(argument), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

type Outcome = Result<Value, FunctionError>;

/// What a parameter takes; arguments are converted to it before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Anything, null too. In a function of [`Mode::Elements`] also unknown and sensitive values.
    Any,
    /// A string; numbers and bools become one.
    Text,
    /// A number; strings that hold one become one.
    Number,
    /// A whole number.
    Integer,
    /// A list or set, given as a list.
    List,
    /// A list or set of strings, given as a list.
    Texts,
    /// A list or set, given as a set.
    Set,
    /// A map.
    Map,
    /// A list, set or map.
    Collection,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
struct Param {
    name: &'static str,
    kind: Kind,
}

const fn param(name: &'static str, kind: Kind) -> Param {
    Param { name, kind }
}

/// How a function treats what is unknown or sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Anything unknown in an argument makes the result unknown, anything sensitive makes it
    /// sensitive.
    Known,
    /// Only an argument that is unknown or sensitive as a whole does so; elements pass through.
    Elements,
}

/// A function.
#[derive(Debug)]
struct Function {
    name: &'static str,
    params: &'static [Param],
    /// How many of the last parameters may be left out.
    optional: usize,
    /// What any number of further arguments are.
    variadic: Option<Param>,
    mode: Mode,
    run: fn(&Args<'_>) -> Outcome,
}

impl Function {
    const fn new(
        name: &'static str,
        params: &'static [Param],
        run: fn(&Args<'_>) -> Outcome,
    ) -> Self {
        Self { name, params, optional: 0, variadic: None, mode: Mode::Known, run }
    }

    const fn optional(self, count: usize) -> Self {
        Self { optional: count, ..self }
    }

    const fn variadic(self, name: &'static str, kind: Kind) -> Self {
        Self { variadic: Some(param(name, kind)), ..self }
    }

    const fn elements(self) -> Self {
        Self { mode: Mode::Elements, ..self }
    }

    fn param(&self, at: usize) -> Option<Param> {
        self.params.get(at).copied().or(self.variadic)
    }

    /// Writes the call as the reference does: `lookup(map, key, [default])`.
    fn signature(&self) -> String {
        let required = self.params.len() - self.optional;
        let params =
            self.params.iter().enumerate().map(|(at, p)| {
                if at < required { p.name.to_owned() } else { format!("[{}]", p.name) }
            });
        let rest = self.variadic.map(|p| format!("{}...", p.name));
        format!("{}({})", self.name, params.chain(rest).collect::<Vec<_>>().join(", "))
    }
}

/// The converted arguments of a call. The accessors give empty values for a kind that the function
/// does not declare there.
struct Args<'a> {
    values: Vec<Value>,
    files: &'a dyn Files,
}

impl Args<'_> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&Value::Null)
    }

    fn text(&self, at: usize) -> &str {
        match self.values.get(at) {
            Some(Value::String(s)) => s,
            _ => "",
        }
    }

    fn number(&self, at: usize) -> Number {
        match self.values.get(at) {
            Some(Value::Number(n)) => n.clone(),
            _ => Number::from(0),
        }
    }

    fn float(&self, at: usize) -> f64 {
        self.number(at).as_f64().unwrap_or_default()
    }

    fn integer(&self, at: usize) -> i64 {
        self.number(at).as_i64().unwrap_or_default()
    }

    fn list(&self, at: usize) -> &[Value] {
        match self.values.get(at) {
            Some(Value::List(items) | Value::Set(items)) => items,
            _ => &[],
        }
    }

    /// The strings of a [`Kind::Texts`] argument.
    fn texts(&self, at: usize) -> impl Iterator<Item = &str> {
        self.list(at).iter().map(|item| match item.beneath_mark() {
            Value::String(s) => s.as_str(),
            _ => "",
        })
    }

    fn map(&self, at: usize) -> &BTreeMap<String, Value> {
        const EMPTY: &BTreeMap<String, Value> = &BTreeMap::new();
        match self.values.get(at) {
            Some(Value::Map(map)) => map,
            _ => EMPTY,
        }
    }
}

/// Terraform's functions that are left out, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("timestamp", "it gives another value on every run, so no plan would ever be empty"),
    ("plantimestamp", "it gives another value on every run, so no plan would ever be empty"),
    (
        "uuid",
        "it gives another value on every run, so no plan would ever be empty; `uuidv5` does not",
    ),
    ("bcrypt", "it gives another value on every run, so no plan would ever be empty"),
    (
        "abspath",
        "files are read inside the stacks folder only, whose place differs between machines",
    ),
    ("pathexpand", "files are read inside the stacks folder only"),
    ("rsadecrypt", "it would need a private key in the stack"),
    ("base64gzip", "compressed bytes differ between versions of the compressor"),
    ("yamlencode", "AWS takes JSON wherever it takes YAML: use `jsonencode`"),
    ("yamldecode", "only JSON and CSV are read: use `jsondecode` or `csvdecode`"),
    ("textencodebase64", "only UTF-8 is supported: use `base64encode`"),
    ("textdecodebase64", "only UTF-8 is supported: use `base64decode`"),
    ("type", "it works only in Terraform's console"),
];

/// Functions that the evaluator itself runs.
const BY_EVALUATOR: [&str; 4] = ["can", "templatefile", "templatestring", "try"];

const GROUPS: [&[Function]; 11] = [
    collection::FUNCTIONS,
    conversion::FUNCTIONS,
    date::FUNCTIONS,
    encoding::FUNCTIONS,
    file::FUNCTIONS,
    format::FUNCTIONS,
    hash::FUNCTIONS,
    network::FUNCTIONS,
    numeric::FUNCTIONS,
    sets::FUNCTIONS,
    string::FUNCTIONS,
];

fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.into_iter().flatten()
}

/// Names every function, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = all().map(|f| f.name).chain(BY_EVALUATOR).collect();
    names.sort_unstable();
    names
}

/// Checks that a function exists; the error suggests the nearest name or says why it is left out.
pub fn find(name: &str) -> Result<(), FunctionError> {
    if BY_EVALUATOR.contains(&name) {
        return Ok(());
    }
    function(name).map(drop)
}

fn function(name: &str) -> Result<&'static Function, FunctionError> {
    if let Some(function) = all().find(|f| f.name == name) {
        return Ok(function);
    }
    if let Some((_, why)) = LEFT_OUT.iter().find(|(left_out, _)| *left_out == name) {
        return Err(FunctionError::new(format!("there is no function `{name}` here: {why}")));
    }
    let error = FunctionError::new(format!("there is no function `{name}`"));
    Err(match nearest(name, names()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// Calls a function. Unknown and sensitive arguments are handled as the function declares.
pub(super) fn call(name: &str, values: Vec<Value>, files: &dyn Files) -> Outcome {
    let function = function(name)?;
    let required = function.params.len() - function.optional;
    if values.len() < required {
        let missing = function.params[values.len()].name;
        return Err(FunctionError::new(format!("`{name}` needs the argument `{missing}`"))
            .hint(function.signature()));
    }
    if function.variadic.is_none() && values.len() > function.params.len() {
        let most = function.params.len();
        return Err(FunctionError::at(
            most,
            format!("`{name}` takes {most} argument{}", if most == 1 { "" } else { "s" }),
        )
        .hint(function.signature()));
    }
    let mut sensitive = false;
    let mut refs = None;
    let mut converted = Vec::with_capacity(values.len());
    for (at, value) in values.into_iter().enumerate() {
        let Some(param) = function.param(at) else { break };
        if function.mode == Mode::Elements && param.kind == Kind::Any {
            converted.push(value);
            continue;
        }
        let (value, marked) = match function.mode {
            Mode::Known => value.unmark_deep(),
            Mode::Elements => value.unmark(),
        };
        sensitive |= marked;
        let unknown = match (&value, function.mode) {
            (Value::Unknown(u), _) => Some(u.refs.clone()),
            (_, Mode::Known) => value.unknown_refs(),
            (_, Mode::Elements) => None,
        };
        if let Some(unknown) = unknown {
            refs.get_or_insert_with(std::collections::BTreeSet::new).extend(unknown);
            converted.push(value);
            continue;
        }
        converted.push(convert(value, param.kind).map_err(|message| {
            FunctionError::at(at, format!("argument `{}` of `{name}`: {message}", param.name))
                .hint(function.signature())
        })?);
    }
    if let Some(refs) = refs {
        return Ok(Value::unknown(refs).mark_if(sensitive));
    }
    let args = Args { values: converted, files };
    (function.run)(&args)
        .map(|value| value.mark_if(sensitive))
        .map_err(|e| FunctionError { message: format!("`{name}`: {}", e.message), ..e })
}

/// Converts an argument. The error is the message.
fn convert(value: Value, kind: Kind) -> Result<Value, String> {
    if kind == Kind::Any {
        return Ok(value);
    }
    if value == Value::Null {
        return Err("it must not be null".to_owned());
    }
    let wrong = |wanted: &str, value: &Value| {
        Err(format!("{wanted} is required, this is a {}", value.type_name()))
    };
    match (kind, value) {
        (Kind::Any, value) => Ok(value),
        (Kind::Text, value) => to_text(&value).map(Value::String),
        (Kind::Number, value) => to_number(&value).map(Value::Number),
        (Kind::Integer, value) => {
            let n = to_number(&value)?;
            match as_i128(&n).and_then(|n| i64::try_from(n).ok()) {
                Some(n) => Ok(Value::integer(n)),
                None => Err(format!("a whole number is required, this is {n}")),
            }
        }
        (Kind::List | Kind::Collection, Value::List(items)) | (Kind::List, Value::Set(items)) => {
            Ok(Value::List(items))
        }
        (Kind::List, value) => wrong("a list", &value),
        (Kind::Texts, Value::List(items) | Value::Set(items)) => items
            .into_iter()
            .enumerate()
            .map(|(at, item)| text_element(item).map_err(|m| format!("element {at}: {m}")))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Kind::Texts, value) => wrong("a list of strings", &value),
        (Kind::Set, Value::List(items)) => Ok(Value::set(super::convert::unify(items))),
        (Kind::Set | Kind::Collection, Value::Set(items)) => Ok(Value::Set(items)),
        (Kind::Set, value) => wrong("a set", &value),
        (Kind::Map | Kind::Collection, Value::Map(map)) => Ok(Value::Map(map)),
        (Kind::Map, value) => wrong("a map", &value),
        (Kind::Collection, value) => wrong("a list, set or map", &value),
    }
}

fn text_element(item: Value) -> Result<Value, String> {
    match item {
        Value::Sensitive(inner) => text_element(*inner).map(Value::mark),
        unknown @ Value::Unknown(_) => Ok(unknown),
        Value::Null => Err("it must not be null".to_owned()),
        item => to_text(&item).map(Value::String),
    }
}

/// Reads a text file of the stacks folder.
pub(super) fn read_text(files: &dyn Files, path: &str) -> Result<String, FunctionError> {
    file::read_text(files, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let names = names();
        let mut unique = names.clone();
        unique.dedup();
        assert_eq!(names, unique);
        assert!(names.iter().all(|n| !LEFT_OUT.iter().any(|(l, _)| l == n)));
    }

    #[test]
    fn signatures() {
        assert_eq!(function("lookup").unwrap().signature(), "lookup(map, key, [default])");
        assert_eq!(function("max").unwrap().signature(), "max(number, numbers...)");
    }

    #[test]
    fn unknown_function() {
        assert_eq!(find("cidrsubnt").unwrap_err().hint.unwrap(), "did you mean `cidrsubnet`?");
        assert!(find("uuid").unwrap_err().message.contains("every run"));
    }
}
