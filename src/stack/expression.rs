//! A parsed string of a stack file, and what can be said about it without evaluating it.

mod mentions;
mod reference;

use std::ops::Range;

use super::syntax::{self, Ast, Node};
use mentions::{collect, collect_results};
use reference::resolve;

pub use reference::{Instance, Mention, Names, Reference, ResourceReference, StaticStep};

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// Byte offsets into the text that was parsed.
    pub span: Range<usize>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl ExpressionError {
    /// Makes an error without a hint.
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), span, hint: None }
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Moves the span by `offset` bytes.
    #[must_use]
    pub(super) fn moved(mut self, offset: usize) -> Self {
        self.span = moved(&self.span, offset);
        self
    }
}

fn moved(span: &Range<usize>, offset: usize) -> Range<usize> {
    span.start + offset..span.end + offset
}

/// A parsed string of a stack file: a literal, one whole expression (which keeps its type), or a
/// template (which is always a string).
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    pub(super) ast: Ast,
    /// Where in the text the spans of the tree count from.
    pub(super) offset: usize,
}

impl Expression {
    /// Parses the content of a TOML string. Spans, in errors too, are byte offsets into `text`.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Ok(Self { text: text.to_owned(), ast: syntax::parse_template(text)?, offset: 0 })
    }

    /// Parses an expression that stands alone, without `${…}`, such as the `validate` of a variable.
    /// Spans, in errors too, are byte offsets into `text`.
    pub fn parse_code(text: &str) -> Result<Self, ExpressionError> {
        let offset = text.len() - text.trim_start().len();
        let ast = syntax::parse_code(text.trim()).map_err(|e| e.moved(offset))?;
        Ok(Self { text: text.to_owned(), ast, offset })
    }

    /// Makes an expression of a part of another one; it has no text of its own.
    pub(super) fn from_ast(ast: Ast) -> Self {
        Self { text: String::new(), ast, offset: 0 }
    }

    /// Gives the text it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Gives the string when nothing in it takes evaluation, `$${` and `%%{` already unescaped.
    pub fn is_literal(&self) -> Option<&str> {
        match &self.ast.node {
            Node::String(s) if self.ast.span == (0..self.text.len()) => Some(s),
            _ => None,
        }
    }

    /// Lists every reference in it; names bound by `for` are not references.
    pub fn references(&self, names: &dyn Names) -> Vec<(Reference, Range<usize>)> {
        resolve(self.mentions(), names)
    }

    /// Lists the references whose value, or an element of it, becomes the result: through
    /// parentheses, both arms of a conditional, list elements, the value of a `for`, and functions
    /// that only pass elements on (`coalesce`, `concat`, `toset`, `try` …).
    pub fn result_references(&self, names: &dyn Names) -> Vec<(Reference, Range<usize>)> {
        resolve(self.result_mentions(), names)
    }

    /// Lists every reference in it as written.
    pub fn mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        collect(&self.ast, &mut Vec::new(), &mut found);
        found.into_iter().map(|mention| mention.moved(self.offset)).collect()
    }

    /// As [`Expression::result_references`], as written.
    pub fn result_mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        collect_results(&self.ast, &mut Vec::new(), &mut found);
        found.into_iter().map(|mention| mention.moved(self.offset)).collect()
    }
}

/// Finds the candidate that a misspelt word most likely meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let allowed = (length / 3).clamp(1, 3).min(length.saturating_sub(1));
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let longer = || {
        let begun = candidates.iter().filter(|c| length >= 3 && **c != word && c.starts_with(word));
        begun.min_by_key(|c| c.len()).copied()
    };
    let near = candidates
        .iter()
        .copied()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate);
    near.or_else(longer)
}
