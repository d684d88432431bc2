//! Tests of the whole, one binary: every further one would link all AWS clients again.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::unused_async,
    clippy::option_option,
    clippy::items_after_statements,
    clippy::verbose_bit_mask,
    reason = "tests tell what they measured, and may panic"
)]

mod bad_input;
mod end_to_end;
mod flows;
mod harness;
mod orders;
mod plans;
mod sandbox_clients;
mod scale;
mod stacks;
mod support;
mod wire_truth;
