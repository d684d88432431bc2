//! Snapshot of the account, diff, graph, plan (all pure) and apply, wait, events (I/O behind the
//! resource trait).

pub mod apply;
pub mod canonical;
pub mod diff;
pub mod drift;
pub mod event;
pub mod fingerprint;
pub mod graph;
pub mod identity;
pub mod inventory;
pub mod plan;
pub mod planfile;
pub mod planner;
pub mod references;
pub mod resource;
pub mod retry;
pub mod selection;
pub mod session;
pub mod snapshot;
#[cfg(test)]
mod testing;
mod wait;
pub mod wanted;
pub mod world;
