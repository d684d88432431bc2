//! boto3, which shares no code with us, against the sandbox on a port.

use crate::support::python;
use crate::support::sandbox::Served;
use infra::sandbox::{Options, Sandbox};
use std::process::Command;

#[test]
fn boto3_creates_reads_and_deletes_each_kind() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth.py"));
}

#[test]
fn boto3_creates_reads_and_deletes_tables_and_repositories() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_data.py"));
}

#[test]
fn boto3_creates_reads_and_deletes_zones_buckets_and_certificates() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_web.py"));
}

fn holds(script: &str) {
    let served = Served::start(Sandbox::in_memory(Options::default()));
    let output = Command::new(python::interpreter())
        .args([script, served.url()])
        .output()
        .expect("the interpreter of the virtual environment starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", String::from_utf8_lossy(&output.stdout));
}
