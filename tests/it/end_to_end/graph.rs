//! `graph`: read from the files, with no account, the same every time.

use super::answers::conforms;
use super::stage::{Ran, Stage};
use crate::support;
use std::collections::BTreeSet;

const NETWORK: &str = r#"
[workspace]
description = "network"
[data.availability_zones.all]
[variables.never_given]
type        = "string"
description = "needs a value, but the graph does not"
[vpc.main]
cidr_block = "10.47.0.0/16"
tags       = { Note = "${var.never_given}" }
[subnet.public]
for_each          = { a = 0, b = 1 }
vpc_id            = "${vpc.main.id}"
cidr_block        = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
availability_zone = "${data.availability_zones.all.names[each.value]}"
[security_group.a]
name    = "${env}-a"
vpc_id  = "${vpc.main.id}"
ingress = [{ ip_protocol = "tcp", from_port = 80, referenced_security_group_id = "${security_group.b.id}" }]
[security_group.b]
name    = "${env}-b"
vpc_id  = "${vpc.main.id}"
ingress = [{ ip_protocol = "tcp", from_port = 80, referenced_security_group_id = "${security_group.a.id}" }]
[outputs]
vpc_id = { value = "${vpc.main.id}", description = "the VPC" }
"#;

const SERVICE: &str = r#"
[workspace]
description = "service"
[security_group.service]
name   = "${env}-service"
vpc_id = "${network.outputs.vpc_id}"
[log_group.service]
name       = "/e2e/${env}/service"
depends_on = ["security_group.service"]
"#;

/// Runs the binary with neither account nor credentials.
fn graph(stage: &Stage, arguments: &[&str]) -> Ran {
    let mut command = support::infra(stage.folder(), None);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.arg("graph").args(arguments);
    Ran::of(command.output().expect("the binary runs"))
}

#[test]
fn the_graph_of_the_files() {
    let stage = Stage::in_the_sandbox();
    stage.stack("network", NETWORK);
    stage.stack("service", SERVICE);

    let ran = graph(&stage, &["--all"]).exits(0);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.stdout, graph(&stage, &["service", "network", "--format", "dot"]).stdout);
    assert_eq!(ran.stdout, graph(&stage, &[]).stdout);
    let edges: BTreeSet<&str> =
        ran.stdout.lines().map(str::trim).filter(|line| line.contains(" -> ")).collect();
    let expected = [
        r#""network/security_group.a" -> "network/security_group.b" [style = dashed]"#,
        r#""network/security_group.a" -> "network/vpc.main""#,
        r#""network/security_group.b" -> "network/security_group.a" [style = dashed]"#,
        r#""network/security_group.b" -> "network/vpc.main""#,
        r#""network/subnet.public" -> "network/data.availability_zones.all""#,
        r#""network/subnet.public" -> "network/vpc.main""#,
        r#""service" -> "network""#,
        r#""service/log_group.service" -> "service/security_group.service""#,
    ];
    assert_eq!(edges, BTreeSet::from(expected), "{}", ran.stdout);
    assert!(ran.stdout.contains(r#"[label = "subnet.public[*]"]"#), "{}", ran.stdout);
    // Each end of an edge is declared, so that nothing appears outside its workspace.
    for end in edges.iter().flat_map(|edge| edge.split(" [").next().unwrap().split(" -> ")) {
        let declared = |line: &str| line.trim().starts_with(&format!("{end} ["));
        assert!(ran.stdout.lines().any(declared), "{end} is not declared in {}", ran.stdout);
    }
    assert_eq!(ran.stdout.matches('{').count(), ran.stdout.matches('}').count());

    // What is not asked for is but named.
    let ran = graph(&stage, &["service"]).exits(0);
    assert!(ran.stdout.contains("  \"network\" [shape = folder]\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("vpc.main"), "{}", ran.stdout);

    let ran = graph(&stage, &["--format", "mermaid"]).exits(0);
    assert_eq!(ran.stdout.matches(" --> ").count(), 6, "{}", ran.stdout);
    assert_eq!(ran.stdout.matches(" -.-> ").count(), 2, "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("subgraph ").count(), ran.stdout.matches("  end\n").count());

    let ran = graph(&stage, &["--format", "json"]).exits(0);
    conforms(&stage, "graph", &[ran.json()]);
    assert_eq!(ran.json()["edges"].as_array().map(Vec::len), Some(8));

    assert!(graph(&stage, &["netwrk"]).exits(1).stderr.contains("did you mean `network`?"));
    graph(&stage, &["--format", "markdown"]).exits(1);
    stage.stack("service", &SERVICE.replace("security_group.service\"]", "security_group.x\"]"));
    let ran = graph(&stage, &["service"]).exits(1);
    assert_eq!(ran.stdout, "");
}
