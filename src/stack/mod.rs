//! Stack files: TOML with spans, variables, environments, expressions, references, diagnostics.
//!
//! Pure: texts in, values and diagnostics out. Design section 2 is the contract.

pub mod address;
pub mod catalog;
pub mod diagnostic;
pub mod schema;

pub use address::Address;
pub use catalog::{BlockKind, Catalog, TypeEntry};
pub use diagnostic::{Diagnostic, Diagnostics, Kind, Location, Severity, Source};
pub use schema::SchemaView;
