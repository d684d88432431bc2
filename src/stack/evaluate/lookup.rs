//! Names as an evaluator asks for them: what a scope is asked, and what it answers.

use std::collections::BTreeMap;

use crate::stack::convert::to_text;
use crate::stack::expression::nearest;
use crate::stack::value::Value;

/// One step after the first word of a reference, its index already evaluated.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`
    Attribute(String),
    /// `[…]`: a known string or number
    Index(Value),
}

impl Step {
    /// Gives the step as a key: an attribute's name, an index as a string.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Attribute(name) => Some(name.clone()),
            Self::Index(value) => to_text(value).ok(),
        }
    }
}

/// What a scope found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The value.
    pub value: Value,
    /// How many of the steps lead to it; the evaluator takes the rest.
    pub consumed: usize,
}

/// Why a scope found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// Which step is at fault, counted from zero; `None` for the first word.
    pub step: Option<usize>,
}

impl LookupError {
    /// Makes an error about the first word.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, step: None }
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which step is at fault, counted from zero.
    #[must_use]
    pub fn at(mut self, step: usize) -> Self {
        self.step = Some(step);
        self
    }
}

/// Gives the values of names. It may compute them when first asked; it must then notice cycles.
pub trait Scope {
    /// Looks up a name. `steps` ends before the first splat and before an index that is unknown.
    fn lookup(&self, root: &str, steps: &[Step]) -> Result<Found, LookupError>;
}

/// A scope of values under plain names: the variables of a template, or a variable that is validated.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a>(pub &'a BTreeMap<String, Value>);

impl Scope for Named<'_> {
    fn lookup(&self, root: &str, _: &[Step]) -> Result<Found, LookupError> {
        match self.0.get(root) {
            Some(value) => Ok(Found { value: value.clone(), consumed: 0 }),
            None => {
                let error = LookupError::new(format!("there is nothing called `{root}` here"));
                Err(match nearest(root, self.0.keys().map(String::as_str)) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                })
            }
        }
    }
}
