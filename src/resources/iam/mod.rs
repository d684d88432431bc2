//! IAM: who may do what.

pub mod role;
