//! Types of variables, written as in Terraform, and the conversion of values to them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::convert::{to_bool, to_number, to_text};
use super::diagnostic::nearest;
use super::evaluate::{Found, LookupError, Scope, Step, evaluate};
use super::expression::Expression;
use super::functions::NoFiles;
use super::syntax::{Ast, Key, Node};
use super::value::Value;

/// The type of a variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Any value, taken as it is.
    Any,
    /// A string.
    String,
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// A list of one type.
    List(Box<Type>),
    /// A set of one type.
    Set(Box<Type>),
    /// A map from strings to one type.
    Map(Box<Type>),
    /// Named attributes, each of its own type.
    Object(BTreeMap<String, Attribute>),
}

/// An attribute of an object type.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its type.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
    /// What stands in when it is left out.
    pub default: Value,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::List(inner) => write!(f, "list({inner})"),
            Self::Set(inner) => write!(f, "set({inner})"),
            Self::Map(inner) => write!(f, "map({inner})"),
            Self::Object(attributes) => {
                f.write_str("object({")?;
                for (at, (name, attribute)) in attributes.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    if attribute.optional {
                        write!(f, "{comma}{name} = optional({})", attribute.ty)?;
                    } else {
                        write!(f, "{comma}{name} = {}", attribute.ty)?;
                    }
                }
                f.write_str("})")
            }
        }
    }
}

/// What is wrong with a type, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypeError {
    pub(super) message: String,
    pub(super) span: Range<usize>,
    pub(super) hint: Option<String>,
}

const NAMES: [&str; 8] = ["any", "bool", "list", "map", "number", "object", "set", "string"];

impl Type {
    /// Parses a type such as `list(string)`.
    pub(super) fn parse(text: &str) -> Result<Self, TypeError> {
        let parsed = Expression::parse_code(text).map_err(|e| TypeError {
            message: format!("this is no type: {}", e.message),
            span: e.span,
            hint: Some("a type is written as `string` or `list(string)`".to_owned()),
        })?;
        let offset = parsed.offset;
        Self::lower(&parsed.ast)
            .map_err(|e| TypeError { span: e.span.start + offset..e.span.end + offset, ..e })
    }

    fn lower(ast: &Ast) -> Result<Self, TypeError> {
        let fail = |span: &Range<usize>, message: &str, hint: Option<String>| {
            Err(TypeError { message: message.to_owned(), span: span.clone(), hint })
        };
        match &ast.node {
            Node::Parentheses(inner) => Self::lower(inner),
            Node::Variable(name) => match name.as_str() {
                "any" => Ok(Self::Any),
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "list" | "set" | "map" => fail(
                    &ast.span,
                    &format!("`{name}` needs the type of its elements"),
                    Some(format!("`{name}(string)`")),
                ),
                "object" => fail(
                    &ast.span,
                    "`object` needs its attributes",
                    Some("`object({ name = string })`".to_owned()),
                ),
                _ => {
                    let near = match name.as_str() {
                        "int" | "integer" | "float" => Some("number"),
                        "boolean" => Some("bool"),
                        "str" | "text" => Some("string"),
                        "tuple" | "array" => Some("list"),
                        _ => nearest(name, NAMES),
                    };
                    let hint = near.map_or_else(
                        || format!("types are {}", super::document::listed(&NAMES)),
                        |near| format!("did you mean `{near}`?"),
                    );
                    fail(&ast.span, &format!("there is no type `{name}`"), Some(hint))
                }
            },
            Node::Call { name, args, .. } => match (name.text.as_str(), args.as_slice()) {
                ("list", [inner]) => Ok(Self::List(Box::new(Self::lower(inner)?))),
                ("set", [inner]) => Ok(Self::Set(Box::new(Self::lower(inner)?))),
                ("map", [inner]) => Ok(Self::Map(Box::new(Self::lower(inner)?))),
                ("object", [inner]) => match &inner.node {
                    Node::Object(items) => Self::lower_object(items),
                    _ => fail(
                        &inner.span,
                        "`object` takes its attributes in braces",
                        Some("`object({ name = string })`".to_owned()),
                    ),
                },
                ("list" | "set" | "map" | "object", _) => {
                    fail(&ast.span, &format!("`{}` takes one argument", name.text), None)
                }
                ("optional", _) => {
                    fail(&ast.span, "`optional` is only for attributes of an object", None)
                }
                (other, _) => {
                    let hint = nearest(other, ["list", "set", "map", "object"])
                        .map(|near| format!("did you mean `{near}`?"));
                    fail(&name.span, &format!("there is no type `{other}`"), hint)
                }
            },
            _ => fail(
                &ast.span,
                "this is no type",
                Some("a type is written as `string` or `list(string)`".to_owned()),
            ),
        }
    }

    fn lower_object(items: &[(Key, Ast)]) -> Result<Self, TypeError> {
        let mut attributes = BTreeMap::new();
        for (key, value) in items {
            let name = match key {
                Key::Name(name) => name.text.clone(),
                Key::Computed(Ast { node: Node::String(name), .. }) => name.clone(),
                Key::Computed(other) => {
                    return Err(TypeError {
                        message: "the name of an attribute is written out".to_owned(),
                        span: other.span.clone(),
                        hint: None,
                    });
                }
            };
            let attribute = match &value.node {
                Node::Call { name, args, .. } if name.text == "optional" => {
                    let Some(inner) = args.first().filter(|_| args.len() <= 2) else {
                        return Err(TypeError {
                            message: "`optional` takes a type and perhaps a default".to_owned(),
                            span: value.span.clone(),
                            hint: None,
                        });
                    };
                    let ty = Self::lower(inner)?;
                    let default = match args.get(1) {
                        Some(default) => Self::constant(default, &ty)?,
                        None => Value::Null,
                    };
                    Attribute { ty, optional: true, default }
                }
                _ => Attribute { ty: Self::lower(value)?, optional: false, default: Value::Null },
            };
            attributes.insert(name, attribute);
        }
        Ok(Self::Object(attributes))
    }

    fn constant(ast: &Ast, ty: &Self) -> Result<Value, TypeError> {
        let error = |message: String, span: Range<usize>| TypeError { message, span, hint: None };
        let expression = Expression::from_ast(ast.clone());
        let value =
            evaluate(&expression, &Nothing, &NoFiles).map_err(|e| error(e.message, e.span))?;
        ty.convert(value).map_err(|message| error(message, ast.span.clone()))
    }

    /// Converts a value to this type as Terraform does. The error says what is wrong and, for
    /// something inside, where.
    pub fn convert(&self, value: Value) -> Result<Value, String> {
        self.convert_at(value, "")
    }

    fn convert_at(&self, value: Value, path: &str) -> Result<Value, String> {
        let said = |message: String| match path {
            "" => message,
            path => format!("at `{}`: {message}", path.trim_start_matches('.')),
        };
        let wrong =
            |value: &Value| said(format!("a {self} is required, this is a {}", value.type_name()));
        match (self, value) {
            (_, Value::Sensitive(inner)) => self.convert_at(*inner, path).map(Value::mark),
            (_, value @ (Value::Null | Value::Unknown(_))) | (Self::Any, value) => Ok(value),
            (Self::String, value) => to_text(&value).map(Value::String).map_err(said),
            (Self::Number, value) => to_number(&value).map(Value::Number).map_err(said),
            (Self::Bool, value) => to_bool(&value).map(Value::Bool).map_err(said),
            (Self::List(inner), Value::List(items) | Value::Set(items)) => {
                Self::elements(inner, items, path).map(Value::List)
            }
            (Self::Set(inner), Value::List(items) | Value::Set(items)) => {
                Self::elements(inner, items, path).map(Value::set)
            }
            (Self::Map(inner), Value::Map(map)) => map
                .into_iter()
                .map(|(key, value)| {
                    let value = inner.convert_at(value, &format!("{path}.{key}"))?;
                    Ok((key, value))
                })
                .collect::<Result<_, String>>()
                .map(Value::Map),
            (Self::Object(attributes), Value::Map(mut map)) => {
                let mut converted = BTreeMap::new();
                for (name, attribute) in attributes {
                    let value = match map.remove(name) {
                        None | Some(Value::Null) if attribute.optional => attribute.default.clone(),
                        Some(value) => attribute.ty.convert_at(value, &format!("{path}.{name}"))?,
                        None => return Err(said(format!("the attribute `{name}` is missing"))),
                    };
                    converted.insert(name.clone(), value);
                }
                match map.keys().next() {
                    None => Ok(Value::Map(converted)),
                    Some(extra) => {
                        let near = nearest(extra, attributes.keys().map(String::as_str))
                            .map(|near| format!("; did you mean `{near}`?"));
                        let near = near.unwrap_or_default();
                        Err(said(format!("there is no attribute `{extra}`{near}")))
                    }
                }
            }
            (_, value) => Err(wrong(&value)),
        }
    }

    fn elements(inner: &Self, items: Vec<Value>, path: &str) -> Result<Vec<Value>, String> {
        items
            .into_iter()
            .enumerate()
            .map(|(at, item)| inner.convert_at(item, &format!("{path}[{at}]")))
            .collect()
    }

    /// Reads a value given as text on the command line or in the environment: a string as it is,
    /// anything else as an expression without references.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        match self {
            Self::String | Self::Any => Ok(Value::from(text)),
            Self::Number | Self::Bool => self.convert(Value::from(text.trim())),
            _ => {
                let expression = Expression::parse_code(text)
                    .map_err(|e| format!("cannot read this as a {self}: {}", e.message))?;
                let value = evaluate(&expression, &Nothing, &NoFiles)
                    .map_err(|e| format!("cannot read this as a {self}: {}", e.message))?;
                self.convert(value)
            }
        }
    }
}

/// A scope without names.
pub(super) struct Nothing;

impl Scope for Nothing {
    fn lookup(&self, root: &str, _: &[Step]) -> Result<Found, LookupError> {
        Err(LookupError::new(format!("`{root}`: no names may be used here"))
            .hint(format!("a string is written in quotes: \"{root}\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_written_as_they_are_read() {
        for text in [
            "any",
            "list(string)",
            "map(list(number))",
            "set(object({a = bool, b = optional(string)}))",
        ] {
            assert_eq!(Type::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn wrong_types_are_pointed_at() {
        for (text, span, hint) in [
            ("strng", 0..5, "did you mean `string`?"),
            ("list(integer)", 5..12, "did you mean `number`?"),
            ("list", 0..4, "`list(string)`"),
            ("lst(string)", 0..3, "did you mean `list`?"),
            ("object(string)", 7..13, "`object({ name = string })`"),
            ("object({ a = strin })", 13..18, "did you mean `string`?"),
            ("3", 0..1, "a type is written as `string` or `list(string)`"),
        ] {
            let error = Type::parse(text).unwrap_err();
            assert_eq!((error.span, error.hint.as_deref()), (span, Some(hint)), "{text}");
        }
    }

    #[test]
    fn texts_become_values_as_in_terraform() {
        for (ty, text, want) in [
            ("string", "3", json!("3")),
            ("any", "[1]", json!("[1]")),
            ("number", "3", json!(3)),
            ("bool", "true", json!(true)),
            ("list(string)", "[\"a\", 3]", json!(["a", "3"])),
            ("map(number)", "{ a = \"1\", b = 2 }", json!({"a": 1, "b": 2})),
            ("set(string)", "[\"b\", \"a\", \"b\"]", json!(["a", "b"])),
            (
                "object({a = number, b = optional(string, \"x\")})",
                "{a = 1}",
                json!({"a": 1, "b": "x"}),
            ),
        ] {
            let value = Type::parse(ty).unwrap().read(text).unwrap();
            assert_eq!(value.to_json().unwrap(), want, "{ty} {text}");
        }
        for (ty, text, message) in [
            ("number", "x", "a number is required, the string \"x\" is none"),
            (
                "list(number)",
                "[1, \"x\"]",
                "at `[1]`: a number is required, the string \"x\" is none",
            ),
            ("list(string)", "3", "a list(string) is required, this is a number"),
            ("object({a = number})", "{b = 1}", "the attribute `a` is missing"),
            (
                "object({ab = number})",
                "{ab = 1, abc = 2}",
                "there is no attribute `abc`; did you mean `ab`?",
            ),
        ] {
            assert_eq!(Type::parse(ty).unwrap().read(text).unwrap_err(), message, "{ty} {text}");
        }
    }
}
