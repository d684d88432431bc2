//! Stack files: TOML with spans, variables, environments, expressions, references, diagnostics.
//!
//! Pure: texts in, values and diagnostics out; only `load` reads files. Design section 2 is the
//! contract.

mod access;
pub mod address;
mod between;
pub mod bound;
pub mod catalog;
mod check;
mod conform;
mod convert;
pub mod diagnostic;
mod document;
pub mod editor;
pub mod environment;
pub mod evaluate;
pub mod expression;
pub mod functions;
pub mod load;
mod operators;
mod parse;
pub mod project;
pub mod schema;
mod scope;
mod syntax;
mod syntax_error;
#[cfg(test)]
mod tests;
pub mod types;
mod units;
pub mod value;
pub mod variables;
pub mod workspace;

pub use address::Address;
pub use between::check_outputs;
pub use bound::{BoundWorkspace, Evaluated, Fields, Objects, OutputValue};
pub use catalog::{BlockKind, Catalog, TypeEntry};
pub use diagnostic::{Diagnostic, Diagnostics, Kind, Location, Severity, Source};
pub use editor::schema_document;
pub use environment::Environment;
pub use load::load;
pub use project::{Context, Inputs, Project};
pub use schema::SchemaView;
pub use value::{Resolved, Value};
pub use variables::{Variable, check_inputs};
pub use workspace::{Block, BlockId, Moved, Output, Timeouts, Unit, UnitPart, Workspace};

#[cfg(test)]
mod evaluate_tests;
#[cfg(test)]
mod expression_tests;
#[cfg(test)]
mod function_tests;
