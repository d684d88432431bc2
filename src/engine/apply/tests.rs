//! Tests of the executor on a paused clock, against an AWS in memory.

mod others;
mod renewal;
mod rig;
mod rules;
mod run;
mod sequences;
