//! Clients, paging, throttling, retry and error classes, ownership tags, canonical policies.

pub mod error;
pub mod ownership;

pub use error::{Error, ErrorClass, Result};
pub use ownership::{Owner, Scope, Tags};

/// What a handler needs to talk to one account and region.
#[derive(Debug)]
pub struct Cx {
    /// Whose resources this run deals with; its region is where the calls go.
    pub scope: Scope,
    /// The account, as `GetCallerIdentity` told it.
    pub account_id: String,
    /// The partition, e.g. `aws`.
    pub partition: String,
}
