//! boto3, which shares no code with us, against the sandbox on a port.

use crate::support::python;
use crate::support::sandbox::Served;
use infra::sandbox::{Options, Sandbox, Slow};
use std::process::Command;

#[test]
fn boto3_creates_reads_and_deletes_each_kind() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth.py"));
}

#[test]
fn boto3_creates_reads_and_deletes_templates_groups_and_instances() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_compute.py"));
}

#[test]
fn boto3_creates_reads_and_deletes_tables_and_repositories() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_data.py"));
}

#[test]
fn boto3_creates_reads_and_deletes_zones_buckets_and_certificates() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_web.py"));
}

#[test]
fn boto3_runs_a_service_on_instances_and_takes_it_away() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_ecs.py");
    holds(script);
    // States that last, as those of `infra sandbox --port` do, with a faster clock.
    let options = Options { slow: Slow::Aws, clock_rate: 600.0, ..Options::default() };
    holds_in(Sandbox::in_memory(options), script);
}

#[test]
fn boto3_creates_reads_and_deletes_keys_parameters_and_secrets() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_secrets.py"));
}

#[test]
fn boto3_creates_reads_and_deletes_load_balancers() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_elb.py"));
}

#[test]
fn boto3_creates_reads_and_deletes_namespaces_alarms_and_scaling_targets() {
    holds(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire_truth_scaling.py"));
}

fn holds(script: &str) {
    holds_in(Sandbox::in_memory(Options::default()), script);
}

fn holds_in(sandbox: Sandbox, script: &str) {
    let served = Served::start(sandbox);
    let output = Command::new(python::interpreter())
        .args([script, served.url()])
        .output()
        .expect("the interpreter of the virtual environment starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", String::from_utf8_lossy(&output.stdout));
}
