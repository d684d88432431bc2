//! Whole flows against the embedded AWS, in this process and on a paused clock: every order AWS
//! insists on, every state that takes time, every moment at which a run may end early.

mod balancing;
mod bench;
mod compute;
mod deployments;
mod edits;
mod faults;
mod kills;
mod ledger;
mod partly;
mod refusals;
mod replacements;
mod slow;
mod stacks;
mod stops;
mod wire;
