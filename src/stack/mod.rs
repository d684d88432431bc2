//! Stack files: TOML with spans, variables, environments, expressions, references, diagnostics.
//!
//! Pure: texts in, values and diagnostics out; only [`load`] reads files. Design section 2 is the
//! contract.

pub mod address;
pub mod bound;
pub mod catalog;
mod convert;
pub mod diagnostic;
pub mod environment;
pub mod evaluate;
pub mod expression;
pub mod functions;
pub mod load;
mod operators;
pub mod project;
pub mod schema;
mod syntax;
pub mod value;
pub mod workspace;

pub use address::Address;
pub use bound::{BoundWorkspace, Evaluated, Fields, Objects, OutputValue};
pub use catalog::{BlockKind, Catalog, TypeEntry};
pub use diagnostic::{Diagnostic, Diagnostics, Kind, Location, Severity, Source};
pub use environment::Environment;
pub use load::load;
pub use project::{Context, Inputs, Project};
pub use schema::SchemaView;
pub use value::{Resolved, Value};
pub use workspace::{Block, BlockId, Moved, Output, Timeouts, Unit, UnitPart, Workspace};
