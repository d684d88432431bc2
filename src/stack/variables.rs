//! Variables of a workspace: declarations, where values come from, conversion and validation.

mod resolve;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;

use super::address::is_word;
use super::diagnostic::{Diagnostic, Diagnostics, Location, Source, nearest};
use super::document::{Data, Entry, Node, Report, Table, Text, listed, parse};
use super::environment::Environment;
use super::expression::Expression;
use super::project::{Inputs, Project};
use super::types::Type;
use super::value::Value;
use super::workspace::Workspace;

pub(super) use resolve::resolve;

/// A variable as declared.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name in the file.
    pub at: Location,
    /// What values it takes.
    pub ty: Type,
    /// What it is for.
    pub description: Option<String>,
    /// Its value when none is given; without one, a value must be given.
    pub default: Option<Value>,
    /// Never shown.
    pub sensitive: bool,
    pub(super) validations: Vec<Validation>,
}

/// A condition that a value must meet.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    /// The condition, a whole expression without `${…}`.
    expression: Expression,
    text: Text,
    at: Range<usize>,
    message: Option<String>,
}

const KEYS: [&str; 5] = ["type", "description", "default", "validate", "sensitive"];

/// Reads `[variables]`. `workspaces` are names that `[variables.<workspace>]` of an environment
/// needs for itself.
pub(super) fn declare(
    table: &Table,
    workspaces: &BTreeSet<String>,
    report: &mut Report,
) -> IndexMap<String, Variable> {
    let mut variables = IndexMap::new();
    for (name, entry) in &table.entries {
        if !is_word(name) {
            let problem = report
                .error("invalid_name", &entry.key, format!("`{name}` cannot name a variable"))
                .hint("a name has letters, digits, `_` and `-`, and starts with a letter or `_`");
            report.push(problem);
        }
        if workspaces.contains(name) {
            let message = format!("a variable may not be called like the workspace `{name}`");
            let problem = report.error("reserved_name", &entry.key, message).note(format!(
                "`[variables.{name}]` of an environment file holds the variables of that workspace."
            ));
            report.push(problem);
        }
        if let Some(variable) = declare_one(name, entry, report) {
            variables.insert(name.clone(), variable);
        }
    }
    variables
}

fn declare_one(name: &str, entry: &Entry, report: &mut Report) -> Option<Variable> {
    let at = report.location(&entry.key);
    let Data::Table(table) = &entry.node.data else {
        if !matches!(entry.node.data, Data::Bad) {
            let written = &report.source.text[entry.node.range.clone()];
            let hint = format!("write `{name} = {{ default = {written} }}`");
            let problem = entry.node.mismatch(report, "a declaration").hint(hint);
            report.push(problem);
        }
        return None;
    };
    table.only(report, &KEYS, "a variable");
    let ty = match table.get("type") {
        None => Type::Any,
        Some(node) => {
            let text = node.string(report)?;
            match Type::parse(&text) {
                Ok(ty) => ty,
                Err(e) => {
                    let range = match &node.data {
                        Data::Text(text) => text.locate(&e.span),
                        _ => node.range.clone(),
                    };
                    let mut problem = report.error("invalid_type", &range, e.message);
                    problem.hint = e.hint;
                    report.push(problem);
                    Type::Any
                }
            }
        }
    };
    let description = table.get("description").and_then(|node| node.string(report));
    let sensitive = table.get("sensitive").and_then(|node| node.boolean(report)).unwrap_or(false);
    let default = table.get("default").and_then(|node| {
        let value = node.constant(report)?;
        match ty.convert(value) {
            Ok(value) => Some(value),
            Err(message) => {
                let message = format!("the default of `{name}` does not fit its type: {message}");
                let problem = report.error("wrong_type", &node.range, message);
                report.push(problem);
                Some(Value::Null) // so that it does not count as missing too
            }
        }
    });
    let mut validations = Vec::new();
    if let Some(node) = table.get("validate") {
        read_validations(name, node, &mut validations, report);
    }
    Some(Variable { at, ty, description, default, sensitive, validations })
}

/// Reads `validate`: a condition, or `{ condition, message }`, or a list of these.
fn read_validations(name: &str, node: &Node, into: &mut Vec<Validation>, report: &mut Report) {
    match &node.data {
        Data::Bad => {}
        Data::Text(text) => into.extend(validation(name, text, &node.range, None, report)),
        Data::Table(table) => {
            table.only(report, &["condition", "message"], "a validation");
            let message = table.get("message").and_then(|node| node.string(report));
            match table.get("condition") {
                Some(Node { data: Data::Text(text), range }) => {
                    into.extend(validation(name, text, range, message, report));
                }
                Some(other) => report.push(other.mismatch(report, "a condition in quotes")),
                None => {
                    let problem =
                        report.error("missing_key", &node.range, "a validation needs `condition`");
                    report.push(problem);
                }
            }
        }
        Data::Array(items) => {
            items.iter().for_each(|item| read_validations(name, item, into, report));
        }
        _ => report.push(node.mismatch(report, "a condition in quotes")),
    }
}

fn validation(
    name: &str,
    text: &Text,
    at: &Range<usize>,
    message: Option<String>,
    report: &mut Report,
) -> Option<Validation> {
    let expression = match Expression::parse_code(text.raw()) {
        Ok(expression) => expression,
        Err(e) => {
            report.expression("invalid_expression", text, e);
            return None;
        }
    };
    let made = Validation { expression, text: text.clone(), at: at.clone(), message };
    for mention in made.expression.mentions() {
        let is_own = mention.root == name
            || mention.written() == format!("var.{name}")
            || mention.written().starts_with(&format!("var.{name}."))
            || mention.written().starts_with(&format!("var.{name}["));
        if !is_own {
            let problem = report
                .error(
                    "unknown_name",
                    &made.text.locate(&mention.span),
                    format!("a validation of `{name}` may use no other name"),
                )
                .hint(format!("the value is called `{name}` here"));
            report.push(problem);
        }
    }
    Some(made)
}

fn suggest(problem: Diagnostic, name: &str, known: Vec<&str>) -> Diagnostic {
    match nearest(name, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem.hint("it declares none"),
        None if known.len() <= 12 => problem.hint(format!("declared: {}", listed(&known))),
        None => problem,
    }
}

/// Checks what was given against all that is declared: a `--var` or a value of a `--var-file` that
/// none of the selected workspaces declares, and a value of the environment file that no workspace
/// of the project declares.
pub fn check_inputs(
    project: &Project,
    environment: &Environment,
    selected: &[&Workspace],
    inputs: &Inputs,
) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let chosen: BTreeSet<&str> =
        selected.iter().flat_map(|w| w.variables.keys().map(String::as_str)).collect();
    let who = match selected {
        [one] => format!("the workspace `{}` declares", one.name),
        _ => "no selected workspace declares".to_owned(),
    };
    let message = |name: &str| match selected {
        [_] => format!("{who} no variable `{name}`"),
        _ => format!("{who} a variable `{name}`"),
    };
    for (name, value) in &inputs.vars {
        if !chosen.contains(name.as_str()) {
            // The value may be secret.
            let shown = if value.is_empty() { "" } else { "…" };
            let source =
                Arc::new(Source { name: "--var".to_owned(), text: format!("{name}={shown}") });
            let problem =
                Diagnostic::error("unknown_variable", message(name)).at(&source, 0..name.len());
            problems.push(suggest(problem, name, chosen.iter().copied().collect()));
        }
    }
    let declared: BTreeSet<String> = project.workspaces.values().flat_map(declared_names).collect();
    for source in &inputs.var_files {
        let mut report = Report::new(source);
        let Some(table) = parse(source, &mut report) else { continue };
        for (name, entry) in &table.entries {
            let known = chosen.contains(name.as_str()) || project.workspaces.contains_key(name);
            if !known {
                let problem = report.error("unknown_variable", &entry.key, message(name));
                problems.push(suggest(problem, name, chosen.iter().copied().collect()));
            }
        }
    }
    if let Some(source) = &environment.source {
        let report = Report::new(source);
        for (name, entry) in &environment.variables.entries {
            if declared.contains(name) || project.workspaces.contains_key(name) {
                continue;
            }
            let is_table = matches!(entry.node.data, Data::Table(_));
            let message = if is_table {
                format!("`{name}` is neither a workspace nor a variable of any workspace")
            } else {
                format!("no workspace declares a variable `{name}`")
            };
            let mut known: Vec<&str> = declared.iter().map(String::as_str).collect();
            if is_table {
                known.extend(project.workspaces.keys().map(String::as_str));
            }
            let problem = report.error("unknown_variable", &entry.key, message);
            problems.push(suggest(problem, name, known));
        }
    }
    problems
}

/// Names that a workspace file declares, as far as it can be read.
fn declared_names(source: &Arc<Source>) -> Vec<String> {
    let mut report = Report::new(source);
    let table = parse(source, &mut report);
    match table.as_ref().and_then(|table| table.get("variables")).map(|node| &node.data) {
        Some(Data::Table(variables)) => variables.entries.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
