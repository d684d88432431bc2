//! Tests of the whole, one binary: every further one would link all AWS clients again.

mod bad_input;
mod end_to_end;
mod flows;
mod harness;
mod orders;
mod plans;
mod scale;
mod stacks;
mod support;
mod wire_truth;
