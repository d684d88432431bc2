//! Tests of the executor on a paused clock, against an AWS in memory.

mod rig;
mod run;
mod rules;
mod sequences;
