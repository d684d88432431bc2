//! The tables of the official API shapes, and what they refuse by themselves.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::rules::Refusal;
use crate::services::{self, Input, Service};

/// The trimmed model of a service, as `shapes/trim.py` writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: Metadata,
    pub(crate) operations: HashMap<String, OperationShapes>,
    pub(crate) shapes: HashMap<String, Shape>,
}

/// What a model says of its service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) protocols: Vec<String>,
    pub(crate) api_version: String,
    pub(crate) target_prefix: Option<String>,
    pub(crate) json_version: Option<String>,
    pub(crate) xml_namespace: Option<XmlNamespace>,
    /// There where clients of the newer protocols get the error codes of the query protocol too.
    pub(crate) aws_query_compatible: Option<serde::de::IgnoredAny>,
}

/// An XML namespace: a plain URI in most models, a structure in some.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum XmlNamespace {
    Plain(String),
    Structured { uri: String },
}

impl XmlNamespace {
    pub(crate) fn uri(&self) -> &str {
        match self {
            Self::Plain(uri) | Self::Structured { uri } => uri,
        }
    }
}

/// The shapes of an operation.
#[derive(Debug, Deserialize)]
pub(crate) struct OperationShapes {
    pub(crate) input: Option<Side>,
    pub(crate) output: Option<Side>,
    #[serde(default)]
    pub(crate) errors: Vec<String>,
    /// How a REST protocol names the operation.
    pub(crate) http: Option<HttpBinding>,
}

/// Method and path of an operation of a REST protocol.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpBinding {
    pub(crate) method: String,
    /// The path with `{Label}` for one segment and `{Label+}` for the rest; a query after it must
    /// be there as it is.
    pub(crate) request_uri: String,
    /// The status of an answer, 200 where none is given.
    pub(crate) response_code: Option<u16>,
}

/// An operation's input or output.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Side {
    pub(crate) shape: String,
    pub(crate) result_wrapper: Option<String>,
    /// The outermost XML element, where it is not called like the shape.
    pub(crate) location_name: Option<String>,
}

/// One shape.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) members: IndexMap<String, Reference>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) member: Option<Reference>,
    pub(crate) key: Option<Reference>,
    pub(crate) value: Option<Reference>,
    #[serde(default, rename = "enum")]
    pub(crate) values: Vec<String>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) pattern: Option<String>,
    #[serde(default)]
    pub(crate) flattened: bool,
    pub(crate) timestamp_format: Option<String>,
    pub(crate) error: Option<ErrorShape>,
    /// The member that is the whole body in a REST protocol.
    pub(crate) payload: Option<String>,
}

/// What goes over the wire for a modelled error.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorShape {
    pub(crate) code: Option<String>,
    pub(crate) http_status_code: Option<u16>,
}

/// The types of the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

/// A use of a shape, with its names on the wire.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) shape: String,
    pub(crate) location_name: Option<String>,
    pub(crate) query_name: Option<String>,
    #[serde(default)]
    pub(crate) flattened: bool,
    /// Where a REST protocol puts the member: `uri`, `querystring`, `header`, `headers`; the body
    /// where none is given.
    pub(crate) location: Option<String>,
}

/// Whose words a refusal by the shapes is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// EC2's own codes, such as `MissingParameter`.
    Ec2,
    /// One validation code for everything, of the form "1 validation error detected".
    Validation(&'static str),
}

impl Model {
    /// Returns the model of a service, read once.
    pub(crate) fn of(service: &'static Service) -> &'static Model {
        static MODELS: OnceLock<Vec<OnceLock<Model>>> = OnceLock::new();
        let models = MODELS.get_or_init(|| services::ALL.iter().map(|_| OnceLock::new()).collect());
        let index = services::ALL.iter().position(|known| known.name == service.name);
        let cell = index.and_then(|index| models.get(index));
        let cell = cell.expect("every service is in the registry");
        cell.get_or_init(|| {
            serde_json::from_str(service.shapes)
                .unwrap_or_else(|error| panic!("shapes of {}: {error}", service.name))
        })
    }

    /// Returns a shape that another one of this model names.
    pub(crate) fn shape(&self, name: &str) -> &Shape {
        self.shapes.get(name).unwrap_or_else(|| panic!("the model lacks the shape {name}"))
    }

    /// Returns whether this is EC2's protocol.
    pub(crate) fn is_ec2(&self) -> bool {
        self.metadata.protocols.iter().any(|protocol| protocol == "ec2")
    }

    /// Returns whether operations are found by method and path.
    pub(crate) fn is_rest_xml(&self) -> bool {
        self.metadata.protocols.iter().any(|protocol| protocol == "rest-xml")
    }

    /// Returns the words in which the shapes of `service` refuse.
    pub(crate) fn family(&self, service: &Service) -> Family {
        if self.is_ec2() { Family::Ec2 } else { Family::Validation(service.validation_code) }
    }

    /// Returns the HTTP status the model gives an operation's error code.
    pub(crate) fn status(&self, operation: &str, code: &str) -> Option<u16> {
        let shape = self.error_shape(operation, code)?;
        self.shape(shape).error.as_ref()?.http_status_code
    }

    /// Returns the shape of an operation's error, by its code.
    pub(crate) fn error_shape(&self, operation: &str, code: &str) -> Option<&str> {
        let errors = &self.operations.get(operation)?.errors;
        let is_meant = |name: &&String| {
            let error = self.shape(name).error.as_ref();
            error.and_then(|error| error.code.as_deref()).unwrap_or(name) == code
        };
        errors.iter().find(is_meant).map(String::as_str)
    }

    /// Refuses an input that the operation's shape does not allow.
    pub(crate) fn check_input(
        &self,
        family: Family,
        operation: &str,
        input: &Input,
    ) -> Result<(), Refusal> {
        let side = self.operations.get(operation).and_then(|known| known.input.as_ref());
        match side {
            Some(side) => {
                Checker { model: self, family }.structure(self.shape(&side.shape), input, "")
            }
            None if input.is_empty() => Ok(()),
            None => Err(family.unknown(input.keys().next().map_or("", String::as_str))),
        }
    }

    /// Tells how an answer breaks the operation's shape, naming the first member that does.
    pub(crate) fn check_output(&self, operation: &str, answer: &Value) -> Result<(), String> {
        let side = self.operations.get(operation).and_then(|known| known.output.as_ref());
        match (side, answer) {
            (_, Value::Null) => Ok(()),
            (Some(side), answer) => self.check_value(&side.shape, answer, operation),
            (None, Value::Object(members)) if members.is_empty() => Ok(()),
            (None, _) => Err(format!("{operation} has no output")),
        }
    }

    fn check_value(&self, shape: &str, value: &Value, path: &str) -> Result<(), String> {
        let shape = self.shape(shape);
        match (shape.kind, value) {
            (_, Value::Null) => Ok(()),
            (Kind::Structure, Value::Object(members)) => {
                for (name, value) in members {
                    let Some(member) = shape.members.get(name) else {
                        return Err(format!("{path} has no member {name}"));
                    };
                    self.check_value(&member.shape, value, &format!("{path}.{name}"))?;
                }
                let lacks = shape
                    .required
                    .iter()
                    .find(|name| members.get(*name).is_none_or(Value::is_null));
                lacks.map_or(Ok(()), |name| Err(format!("{path} lacks {name}")))
            }
            (Kind::List, Value::Array(items)) => {
                let Some(member) = &shape.member else { return Ok(()) };
                items.iter().try_for_each(|item| self.check_value(&member.shape, item, path))
            }
            (Kind::Map, Value::Object(entries)) => {
                let Some(member) = &shape.value else { return Ok(()) };
                entries.iter().try_for_each(|(key, value)| {
                    self.check_value(&member.shape, value, &format!("{path}.{key}"))
                })
            }
            (Kind::String, Value::String(text)) => {
                if shape.values.is_empty() || shape.values.iter().any(|known| known == text) {
                    Ok(())
                } else {
                    Err(format!("{path} may not be {text}"))
                }
            }
            (Kind::Timestamp, Value::String(text)) => match text.parse::<jiff::Timestamp>() {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("{path}: {error}")),
            },
            (Kind::Blob, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => Ok(()),
            (Kind::Integer | Kind::Long, Value::Number(number)) if !number.is_f64() => Ok(()),
            (Kind::Float | Kind::Double, Value::Number(_)) => Ok(()),
            (kind, value) => Err(format!("{path} is a {kind:?}, not {value}")),
        }
    }
}

impl Family {
    fn missing(self, path: &str) -> Refusal {
        match self {
            Self::Ec2 => Refusal::new(
                "MissingParameter",
                format!("The request must contain the parameter {path}"),
            ),
            Self::Validation(code) => {
                constraint(code, "null", path, "Member must not be null".to_owned())
            }
        }
    }

    fn unacceptable(self, value: &str, path: &str, constraint_text: String) -> Refusal {
        match self {
            Self::Ec2 => Refusal::new(
                "InvalidParameterValue",
                format!("Value ({value}) for parameter {path} is invalid. {constraint_text}"),
            ),
            Self::Validation(code) => {
                constraint(code, &format!("'{value}'"), path, constraint_text)
            }
        }
    }

    /// Refuses a member the shape does not know.
    pub(crate) fn unknown(self, path: &str) -> Refusal {
        match self {
            Self::Ec2 => {
                Refusal::new("UnknownParameter", format!("The parameter {path} is not recognized"))
            }
            Self::Validation(code) => {
                Refusal::new(code, format!("The parameter {path} is not recognized"))
            }
        }
    }

    /// Refuses a value of the wrong type.
    pub(crate) fn mistyped(self, value: &str, path: &str, kind: Kind) -> Refusal {
        let kind = format!("{kind:?}").to_lowercase();
        self.unacceptable(value, path, format!("Member must be a {kind}"))
    }
}

fn constraint(code: &'static str, value: &str, path: &str, text: String) -> Refusal {
    let (parents, last) =
        path.rsplit_once('.').map_or(("", path), |(parents, last)| (parents, last));
    let mut letters = last.chars();
    let last: String =
        letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
    let dot = if parents.is_empty() { "" } else { "." };
    Refusal::new(
        code,
        format!(
            "1 validation error detected: Value {value} at '{parents}{dot}{last}' failed to satisfy \
             constraint: {text}"
        ),
    )
}

struct Checker<'a> {
    model: &'a Model,
    family: Family,
}

impl Checker<'_> {
    fn structure(
        &self,
        shape: &Shape,
        members: &serde_json::Map<String, Value>,
        path: &str,
    ) -> Result<(), Refusal> {
        for (name, value) in members {
            let path = join(path, name);
            let Some(member) = shape.members.get(name) else {
                return Err(self.family.unknown(&path));
            };
            self.value(self.model.shape(&member.shape), value, &path)?;
        }
        match shape.required.iter().find(|name| !members.contains_key(*name)) {
            Some(name) => Err(self.family.missing(&join(path, name))),
            None => Ok(()),
        }
    }

    fn value(&self, shape: &Shape, value: &Value, path: &str) -> Result<(), Refusal> {
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => self.structure(shape, members, path),
            (Kind::List, Value::Array(items)) => {
                self.length(shape, items.len(), &format!("[{}]", items.len()), path)?;
                let Some(member) = &shape.member else { return Ok(()) };
                let member = self.model.shape(&member.shape);
                items.iter().enumerate().try_for_each(|(index, item)| {
                    self.value(member, item, &format!("{path}.{}", index + 1))
                })
            }
            (Kind::Map, Value::Object(entries)) => {
                self.length(shape, entries.len(), &format!("[{}]", entries.len()), path)?;
                for (key, value) in entries {
                    if let Some(reference) = &shape.key {
                        self.text(self.model.shape(&reference.shape), key, path)?;
                    }
                    if let Some(reference) = &shape.value {
                        self.value(self.model.shape(&reference.shape), value, &join(path, key))?;
                    }
                }
                Ok(())
            }
            (Kind::String, Value::String(text)) => self.text(shape, text, path),
            (Kind::Boolean, Value::Bool(_)) | (Kind::Blob, Value::String(_)) => Ok(()),
            (Kind::Timestamp, Value::String(text)) if text.parse::<jiff::Timestamp>().is_ok() => {
                Ok(())
            }
            (Kind::Integer | Kind::Long | Kind::Float | Kind::Double, Value::Number(number))
                if !number.is_f64() || matches!(shape.kind, Kind::Float | Kind::Double) =>
            {
                self.range(shape, number.as_f64().unwrap_or_default(), path)
            }
            (kind, value) => Err(self.family.mistyped(&value.to_string(), path, kind)),
        }
    }

    fn text(&self, shape: &Shape, text: &str, path: &str) -> Result<(), Refusal> {
        if !shape.values.is_empty() && !shape.values.iter().any(|known| known == text) {
            let values = shape.values.join(", ");
            let constraint = format!("Member must satisfy enum value set: [{values}]");
            return Err(self.family.unacceptable(text, path, constraint));
        }
        self.length(shape, text.chars().count(), text, path)?;
        match &shape.pattern {
            Some(pattern) if !matches(pattern, text) => Err(self.family.unacceptable(
                text,
                path,
                format!("Member must satisfy regular expression pattern: {pattern}"),
            )),
            _ => Ok(()),
        }
    }

    fn length(&self, shape: &Shape, length: usize, shown: &str, path: &str) -> Result<(), Refusal> {
        let (bound, word) = match (shape.min, shape.max) {
            (Some(min), _) if (length as f64) < min => (min, "greater"),
            (_, Some(max)) if (length as f64) > max => (max, "less"),
            _ => return Ok(()),
        };
        let constraint = format!("Member must have length {word} than or equal to {bound}");
        Err(self.family.unacceptable(shown, path, constraint))
    }

    fn range(&self, shape: &Shape, number: f64, path: &str) -> Result<(), Refusal> {
        let (bound, word) = match (shape.min, shape.max) {
            (Some(min), _) if number < min => (min, "greater"),
            (_, Some(max)) if number > max => (max, "less"),
            _ => return Ok(()),
        };
        let constraint = format!("Member must have value {word} than or equal to {bound}");
        Err(self.family.unacceptable(&number.to_string(), path, constraint))
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Returns whether the whole text matches a pattern of the models.
fn matches(pattern: &str, text: &str) -> bool {
    static PATTERNS: Mutex<BTreeMap<String, Option<Regex>>> = Mutex::new(BTreeMap::new());
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = patterns
        .entry(pattern.to_owned())
        .or_insert_with(|| Regex::new(&format!("^(?:{pattern})$")).ok());
    compiled.as_ref().is_none_or(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_whole_and_every_pattern_compiles() {
        for service in services::ALL {
            let model = Model::of(service);
            for (name, shape) in &model.shapes {
                let references = shape.members.values();
                let references = references.chain(&shape.member).chain(&shape.key);
                for reference in references.chain(&shape.value) {
                    model.shape(&reference.shape);
                }
                if let Some(pattern) = &shape.pattern {
                    let regex = Regex::new(&format!("^(?:{pattern})$"));
                    assert!(regex.is_ok(), "{name} of {}: {pattern}", service.name);
                }
            }
            for operation in service.operations {
                let shapes = model.operations.get(operation.name);
                let shapes = shapes.unwrap_or_else(|| panic!("no shapes for {}", operation.name));
                let input = shapes.input.as_ref().map(|side| model.shape(&side.shape));
                for member in operation.models {
                    let known = input.is_some_and(|input| input.members.contains_key(*member));
                    assert!(known, "{} has no input member {member}", operation.name);
                }
            }
        }
    }

    #[test]
    fn the_shapes_refuse_in_the_words_of_the_service() {
        let ec2 = services::ALL.iter().find(|service| service.name == "ec2").unwrap();
        let model = Model::of(ec2);
        let refuse = |operation: &str, input: Value| {
            let input = input.as_object().unwrap().clone();
            model.check_input(Family::Ec2, operation, &input).unwrap_err()
        };
        let missing = refuse("DeleteVpc", serde_json::json!({}));
        assert_eq!(missing.code, "MissingParameter");
        assert_eq!(missing.message, "The request must contain the parameter VpcId");
        let tenancy = refuse("CreateVpc", serde_json::json!({"InstanceTenancy": "shared"}));
        assert_eq!(tenancy.code, "InvalidParameterValue");
        let unknown = refuse("CreateVpc", serde_json::json!({"Cidr": "10.0.0.0/16"}));
        assert_eq!(unknown.code, "UnknownParameter");
    }
}
