//! The only place that prints: data in, bytes out.
//!
//! Every renderer is a pure function from data and a [`Look`] to text; [`Output`] alone knows the
//! process's streams.

pub mod diagnostics;
pub mod drift;
pub mod events;
pub mod explain;
mod fields;
pub mod graph;
pub mod inventory;
pub mod json;
pub mod markdown;
mod output;
pub mod plan;
mod progress;
pub mod result;
pub mod show;
pub mod text;
mod value;

#[cfg(test)]
pub(crate) use output::Captured;
pub use output::{ColourChoice, Output, OutputOptions};
pub use progress::Progress;
pub use text::Look;

use std::fmt;

/// Value of the key `schema` in every JSON document.
pub const SCHEMA: &str = "infra/v1";

/// Format of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For pull requests.
    Markdown,
    /// Annotations of GitHub Actions.
    Github,
    /// SARIF 2.1.0.
    Sarif,
    /// Graphviz.
    Dot,
    /// Flowcharts of Mermaid.
    Mermaid,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Github => "github",
            Self::Sarif => "sarif",
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
