//! Problems in a stack file, or in what the user asked for: what, where, why, and what to do next.

use std::ops::Range;
use std::sync::Arc;

/// A text that diagnostics point into: a file, or a flag such as `--var`.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path or flag as the user knows it, e.g. `stacks/order-api.toml`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A range of bytes in a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The text pointed into.
    pub source: Arc<Source>,
    /// Byte range within the text.
    pub range: Range<usize>,
}

impl Location {
    /// Returns line and column, both counted from 1; the column counts characters.
    pub fn line_column(&self) -> (usize, usize) {
        let end = self.range.start.min(self.source.text.len());
        let before = &self.source.text[..floor_char_boundary(&self.source.text, end)];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count() + 1)
    }
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The command cannot go on.
    Error,
    /// Worth knowing; the command goes on.
    Warning,
}

/// Decides the exit code; the names are those of design section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bad usage or input, found before anything was changed: exit 1.
    Input,
    /// Protected, in use by others, or not ours: exit 4.
    Blocked,
    /// The plan no longer fits what is there: exit 5.
    Stale,
    /// Somebody else holds the lock: exit 6.
    Locked,
    /// Some of the plan was applied: exit 3.
    Partial,
    /// A signal stopped the run cleanly: exit 130.
    Interrupted,
}

impl Kind {
    /// Returns the exit code of the contract.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Input => 1,
            Self::Partial => 3,
            Self::Blocked => 4,
            Self::Stale => 5,
            Self::Locked => 6,
            Self::Interrupted => 130,
        }
    }

    /// Ranks kinds for a run in which several hold: 130, 6, 5, 4, 3, 1.
    pub fn rank(self) -> u8 {
        self.exit_code()
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// What exit code an error leads to.
    pub kind: Kind,
    /// Stable machine-readable name in snake case, e.g. `unknown_key`.
    pub code: &'static str,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where.
    pub at: Option<Location>,
    /// Words beside the caret.
    pub label: Option<String>,
    /// Other places that matter, each with its words.
    pub related: Vec<(Location, String)>,
    /// Why, in full sentences.
    pub notes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Makes an error of kind [`Kind::Input`] without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            kind: Kind::Input,
            code,
            message: message.into(),
            at: None,
            label: None,
            related: Vec::new(),
            notes: Vec::new(),
            hint: None,
        }
    }

    /// Makes a warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Sets the kind, and with it the exit code.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, range: Range<usize>) -> Self {
        self.at = Some(Location { source: Arc::clone(source), range });
        self
    }

    /// Sets the place, where it is known.
    #[must_use]
    pub fn at_location(mut self, at: Option<Location>) -> Self {
        self.at = at;
        self
    }

    /// Sets the words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, at: Location, words: impl Into<String>) -> Self {
        self.related.push((at, words.into()));
        self
    }

    /// Adds a sentence that says why.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Sets what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// All problems found, in the order of their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Makes an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one problem, unless the same is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Adds all problems of another list.
    pub fn extend(&mut self, others: Self) {
        for diagnostic in others.0 {
            self.push(diagnostic);
        }
    }

    /// Tells whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Tells whether there is nothing in the list.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the exit code: that of the strongest kind among the errors, 0 without any.
    pub fn exit_code(&self) -> u8 {
        self.0
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .max_by_key(|d| d.kind.rank())
            .map_or(0, |d| d.kind.exit_code())
    }

    /// Sorts by file and place; problems without a place come first.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|d| d.at.as_ref().map(|at| (at.source.name.clone(), at.range.start)));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(items: I) -> Self {
        let mut all = Self::new();
        for item in items {
            all.push(item);
        }
        all
    }
}

/// Returns the candidate nearest to a misspelt word, when one is near enough to be meant; else the
/// shortest that the word is the beginning of.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let longer = || {
        let begun = candidates.iter().filter(|c| word.len() >= 3 && c.starts_with(word));
        begun.min_by_key(|c| c.len()).copied()
    };
    let near = candidates
        .iter()
        .copied()
        .map(|c| (strsim::damerau_levenshtein(&word.to_lowercase(), &c.to_lowercase()), c))
        .filter(|(distance, c)| {
            let length = word.len().max(c.len());
            *distance <= 1.max(length / 3) && *distance < length
        })
        .min_by_key(|(distance, c)| (*distance, c.len()))
        .map(|(_, c)| c);
    near.or_else(longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_name_or_none() {
        assert_eq!(nearest("cidr_blok", ["cidr_block", "vpc_id"]), Some("cidr_block"));
        assert_eq!(nearest("cidr", ["cidr_block", "vpc_id", "cidr_blocks"]), Some("cidr_block"));
        assert_eq!(nearest("xyz", ["cidr_block", "vpc_id"]), None);
        assert_eq!(nearest("c", ["a", "b"]), None);
    }

    #[test]
    fn counts_lines_and_columns_from_one() {
        let source = Arc::new(Source { name: "a".into(), text: "ä = 1\nb = 2\n".into() });
        assert_eq!(Location { source: Arc::clone(&source), range: 0..1 }.line_column(), (1, 1));
        assert_eq!(Location { source: Arc::clone(&source), range: 3..4 }.line_column(), (1, 3));
        assert_eq!(Location { source, range: 7..8 }.line_column(), (2, 1));
    }

    #[test]
    fn the_strongest_kind_decides_the_exit_code() {
        let all: Diagnostics = [
            Diagnostic::error("a", "a"),
            Diagnostic::error("b", "b").kind(Kind::Blocked),
            Diagnostic::warning("c", "c").kind(Kind::Stale),
        ]
        .into_iter()
        .collect();
        assert_eq!(all.exit_code(), 4);
    }
}
