//! `infra`: plan, apply and destroy AWS stacks without a state file.
//!
//! A TOML file per workspace says what should exist; the live account says what does. The modules
//! are layered: each may use only those listed under it.
//!
//! 1. [`cli`]: arguments, one file a verb, exit codes
//! 2. [`ui`]: the only place that prints
//! 3. [`sandbox`]: the embedded AWS, a crate of its own; only `cli` knows it exists
//! 4. [`resources`]: one file a resource type
//! 5. [`engine`]: snapshot, diff, graph, plan, apply
//! 6. [`aws`]: clients, paging, throttling, errors, ownership tags
//! 7. [`stack`]: files, variables, expressions, diagnostics

pub mod aws;
pub mod cli;
pub mod engine;
pub mod resources;
pub mod stack;
pub mod ui;

pub use infra_sandbox as sandbox;
