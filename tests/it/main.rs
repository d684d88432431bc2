//! Tests of the whole, one binary: every further one would link all AWS clients again.

mod end_to_end;
mod flows;
mod harness;
mod stacks;
mod support;
mod wire_truth;
