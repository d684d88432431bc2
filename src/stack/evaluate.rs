//! Evaluates parsed expressions.

use super::value::Value;

/// One step after the first word of a reference, its index already evaluated.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`
    Attribute(String),
    /// `[…]`: a known string or number
    Index(Value),
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

/// Gives the values of names. It may compute them when first asked; it must then notice cycles.
pub trait Scope {
    /// Looks up a name. `steps` ends before the first splat and before an index that is unknown.
    fn lookup(&self, root: &str, steps: &[Step]) -> Result<Found, LookupError>;
}
