//! Tests of the whole, one binary: every further one would link all AWS clients again.

mod harness;
mod support;
mod wire_truth;
