//! Snapshot of the account, diff, graph, plan (all pure) and apply, wait, events (I/O behind the
//! resource trait).

pub mod event;
pub mod plan;
pub mod resource;
