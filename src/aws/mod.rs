//! Clients, paging, throttling, retry and error classes, ownership tags, canonical policies.

pub mod arn;
pub mod batch;
pub mod cidr;
pub mod clients;
pub mod connect;
pub mod connector;
pub mod dns_changes;
pub mod error;
pub mod inventory;
pub mod limits;
pub mod ownership;
pub mod policy;
pub mod regions;
pub mod retry;
pub mod sdk_enum;
pub mod shared_reads;
pub mod tagging;
pub mod tags;

pub use cidr::Cidr;
pub use clients::Cx;
pub use connect::Options;
pub use error::{Error, ErrorClass, Result, unless_missing};
pub use ownership::{Owner, Scope, Tags};
pub use policy::PolicyDocument;
pub use sdk_enum::Sdk;
