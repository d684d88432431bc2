//! Where the values of variables come from, and whether they are valid.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Variable, suggest};
use crate::stack::diagnostic::{Diagnostic, Diagnostics, Location, Source};
use crate::stack::document::{Data, Report, Table, parse};
use crate::stack::environment::Environment;
use crate::stack::evaluate::{Found, LookupError, Scope, Step, evaluate};
use crate::stack::functions::NoFiles;
use crate::stack::project::{Inputs, Project};
use crate::stack::types::Type;
use crate::stack::value::Value;
use crate::stack::workspace::Workspace;

/// The only name a validation may use.
struct Own<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Scope for Own<'_> {
    fn lookup(&self, root: &str, steps: &[Step]) -> Result<Found, LookupError> {
        let is_var =
            root == "var" && steps.first().and_then(Step::key).as_deref() == Some(self.name);
        if root == self.name || is_var {
            return Ok(Found { value: self.value.clone(), consumed: usize::from(is_var) });
        }
        Err(LookupError::new(format!("`{root}` is not known here")))
    }
}

/// A value with the place that gave it.
struct Given {
    value: Result<Value, String>,
    at: Option<Location>,
    by: String,
}

/// Finds the values of the variables of a workspace. Strongest first: `--var`, `--var-file`,
/// `INFRA_VAR_<name>`, the environment's `[variables.<workspace>]`, its `[variables]`, the default.
pub(in crate::stack) fn resolve(
    workspace: &Workspace,
    project: &Project,
    environment: Option<&Environment>,
    inputs: &Inputs,
) -> Result<BTreeMap<String, Value>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let files: Vec<_> = inputs
        .var_files
        .iter()
        .rev()
        .filter_map(|source| {
            let mut report = Report::new(source);
            let table = parse(source, &mut report);
            problems.extend(report.found);
            Some((Arc::clone(source), table?))
        })
        .collect();
    let mut tables: Vec<(&Arc<Source>, &Table)> = Vec::new();
    for (source, table) in &files {
        push_tables(&mut tables, source, table, &workspace.name, project);
    }
    let strong = tables.len();
    if let Some(environment) = environment
        && let Some(source) = &environment.source
    {
        push_tables(&mut tables, source, &environment.variables, &workspace.name, project);
        let own = environment.variables.get(&workspace.name);
        if let Some(Data::Table(own)) = own.map(|node| &node.data) {
            problems.extend(undeclared(own, source, workspace));
        }
    }
    let mut values = BTreeMap::new();
    for (name, variable) in &workspace.variables {
        let given = from_flag(name, variable, inputs)
            .or_else(|| from_tables(name, variable, &tables[..strong], &mut problems))
            .or_else(|| from_process(name, variable, inputs))
            .or_else(|| from_tables(name, variable, &tables[strong..], &mut problems));
        let value = match (given, &variable.default) {
            (Some(given), _) => match given.value {
                Ok(value) => check(name, variable, value, Some(&given.by), given.at, &mut problems),
                Err(message) => {
                    let message = format!("{} does not fit `{name}`: {message}", given.by);
                    let problem = Diagnostic::error("invalid_variable", message)
                        .at_location(given.at)
                        .related(variable.at.clone(), format!("its type is {}", variable.ty));
                    problems.push(problem);
                    continue;
                }
            },
            (None, Some(default)) => {
                check(name, variable, default.clone(), None, None, &mut problems)
            }
            (None, None) => {
                problems.push(missing(name, variable, environment));
                continue;
            }
        };
        values.insert(name.clone(), value.mark_if(variable.sensitive));
    }
    if problems.has_errors() { Err(problems) } else { Ok(values) }
}

/// Adds the tables of one text, the stronger first: that of the workspace, then the general one.
fn push_tables<'a>(
    tables: &mut Vec<(&'a Arc<Source>, &'a Table)>,
    source: &'a Arc<Source>,
    table: &'a Table,
    workspace: &str,
    project: &Project,
) {
    if project.workspaces.contains_key(workspace)
        && let Some(Data::Table(own)) = table.get(workspace).map(|node| &node.data)
    {
        tables.push((source, own));
    }
    tables.push((source, table));
}

fn undeclared(own: &Table, source: &Arc<Source>, workspace: &Workspace) -> Diagnostics {
    let report = Report::new(source);
    own.entries
        .iter()
        .filter(|(name, _)| !workspace.variables.contains_key(*name))
        .map(|(name, entry)| {
            let message =
                format!("the workspace `{}` declares no variable `{name}`", workspace.name);
            suggest(
                report.error("unknown_variable", &entry.key, message),
                name,
                workspace.variables.keys().map(String::as_str).collect(),
            )
        })
        .collect()
}

fn read_text(variable: &Variable, source: Source, start: usize, text: &str, by: String) -> Given {
    let value = variable.ty.read(text);
    if variable.sensitive {
        return Given { value: value.map_err(|_| hidden(variable)), at: None, by };
    }
    let range = start..source.text.len();
    Given { value, at: Some(Location { source: Arc::new(source), range }), by }
}

fn hidden(variable: &Variable) -> String {
    format!("a value of type {} is required", variable.ty)
}

fn from_flag(name: &str, variable: &Variable, inputs: &Inputs) -> Option<Given> {
    let (_, text) = inputs.vars.iter().rev().find(|(n, _)| n == name)?;
    let source = Source { name: "--var".to_owned(), text: format!("{name}={text}") };
    Some(read_text(variable, source, name.len() + 1, text, "the value of --var".to_owned()))
}

fn from_process(name: &str, variable: &Variable, inputs: &Inputs) -> Option<Given> {
    let text = inputs.env_vars.get(name)?;
    let from = format!("INFRA_VAR_{name}");
    let by = format!("the value of {from}");
    Some(read_text(variable, Source { name: from, text: text.clone() }, 0, text, by))
}

fn from_tables(
    name: &str,
    variable: &Variable,
    tables: &[(&Arc<Source>, &Table)],
    problems: &mut Diagnostics,
) -> Option<Given> {
    let (source, node) =
        tables.iter().find_map(|(source, table)| Some((*source, table.get(name)?)))?;
    let mut report = Report::new(source);
    let value = node.constant(&mut report);
    problems.extend(report.found.clone());
    let value = variable.ty.convert(value?);
    let value = if variable.sensitive { value.map_err(|_| hidden(variable)) } else { value };
    let at = (!variable.sensitive).then(|| report.location(&node.range));
    Some(Given { value, at, by: format!("the value in {}", source.name) })
}

fn missing(name: &str, variable: &Variable, environment: Option<&Environment>) -> Diagnostic {
    let file = environment.and_then(|e| e.source.as_ref()).map_or_else(
        || "`[variables]` of an environment file".to_owned(),
        |source| format!("`[variables]` in {}", source.name),
    );
    let example = match variable.ty {
        Type::String | Type::Any => "…",
        Type::Number => "1",
        Type::Bool => "true",
        Type::List(_) | Type::Set(_) => "'[…]'",
        Type::Map(_) | Type::Object(_) => "'{…}'",
    };
    Diagnostic::error("missing_variable", format!("the variable `{name}` has no value"))
        .at_location(Some(variable.at.clone()))
        .label("declared here, without a default")
        .hint(format!(
            "give it with `--var {name}={example}`, as INFRA_VAR_{name}, or under {file}"
        ))
}

/// Validates a value. The value goes on even when it fails, so that nothing else fails for it.
fn check(
    name: &str,
    variable: &Variable,
    value: Value,
    by: Option<&str>,
    at: Option<Location>,
    problems: &mut Diagnostics,
) -> Value {
    for validation in &variable.validations {
        let own = Own { name, value: &value };
        let source = &variable.at.source;
        let report = Report::new(source);
        let problem = match evaluate(&validation.expression, &own, &NoFiles) {
            Err(e) => {
                let mut problem =
                    report.error("invalid_expression", &validation.text.locate(&e.span), e.message);
                problem.hint = e.hint;
                problem
            }
            Ok(result) => match result.beneath_mark() {
                Value::Bool(true) | Value::Unknown(_) => continue,
                Value::Bool(false) => {
                    let condition = validation.text.raw();
                    let message = match (&validation.message, variable.sensitive) {
                        (Some(message), _) => format!("invalid value for `{name}`: {message}"),
                        (None, true) => format!("`{name}` must satisfy `{condition}`"),
                        (None, false) => {
                            let shown = value.to_json().map(|v| v.to_string()).unwrap_or_default();
                            format!("`{name}` must satisfy `{condition}`, it is {shown}")
                        }
                    };
                    let words = by.unwrap_or("the default").to_owned();
                    let rule = report.location(&validation.at);
                    let problem = Diagnostic::error("failed_validation", message);
                    match &at {
                        Some(at) => problem.at_location(Some(at.clone())).related(rule, "the rule"),
                        None => problem.at_location(Some(rule)).note(format!("It is {words}.")),
                    }
                }
                other => report.error(
                    "invalid_expression",
                    &validation.at,
                    format!("a validation is true or false, this is a {}", other.type_name()),
                ),
            },
        };
        problems.push(problem);
    }
    value
}
