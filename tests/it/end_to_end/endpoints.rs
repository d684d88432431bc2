//! VPC endpoints: made, changed, mended, destroyed in order.

use super::gateways::Told;
use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

/// What varies of the endpoints.
#[derive(Clone, Copy)]
struct Shape {
    tables: &'static str,
    subnets: &'static str,
    groups: &'static str,
    action: &'static str,
    private_dns: bool,
}

const FIRST: Shape =
    Shape { tables: "a", subnets: "a", groups: "one", action: "logs:*", private_dns: true };

/// Lists references to resources of a type by their names.
fn references(ty: &str, names: &str) -> String {
    let one = |name: &str| format!("\"${{{ty}.{name}.id}}\"");
    names.split_whitespace().map(one).collect::<Vec<_>>().join(", ")
}

fn network(shape: Shape) -> String {
    let Shape { action, private_dns, .. } = shape;
    let tables = references("route_table", shape.tables);
    let subnets = references("subnet", shape.subnets);
    let groups = references("security_group", shape.groups);
    format!(
        r#"
[workspace]
description = "private ways to AWS"
[vpc.main]
cidr_block           = "10.60.0.0/16"
enable_dns_support   = true
enable_dns_hostnames = true
[subnet.a]
vpc_id            = "${{vpc.main.id}}"
availability_zone = "${{region}}a"
cidr_block        = "10.60.1.0/24"
[subnet.b]
vpc_id            = "${{vpc.main.id}}"
availability_zone = "${{region}}b"
cidr_block        = "10.60.2.0/24"
[route_table.a]
vpc_id     = "${{vpc.main.id}}"
subnet_ids = ["${{subnet.a.id}}"]
routes     = []
[route_table.b]
vpc_id     = "${{vpc.main.id}}"
subnet_ids = ["${{subnet.b.id}}"]
routes     = []
[security_group.one]
name   = "${{env}}-one"
vpc_id = "${{vpc.main.id}}"
[security_group.two]
name   = "${{env}}-two"
vpc_id = "${{vpc.main.id}}"
egress = [{{ ip_protocol = "tcp", from_port = 443, prefix_list_id = "${{vpc_endpoint.s3.prefix_list_id}}" }}]
[vpc_endpoint.s3]
vpc_id          = "${{vpc.main.id}}"
service_name    = "com.amazonaws.${{region}}.s3"
route_table_ids = [{tables}]
[vpc_endpoint.logs]
vpc_id              = "${{vpc.main.id}}"
service_name        = "com.amazonaws.${{region}}.logs"
vpc_endpoint_type   = "Interface"
subnet_ids          = [{subnets}]
security_group_ids  = [{groups}]
private_dns_enabled = {private_dns}
policy_document     = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "{action}", Principal = "*", Resource = "*" }}] }}
tags                = {{ Name = "logs" }}
"#
    )
}

fn private_ways(stage: &Stage) {
    stage.stack("private", &network(FIRST));
    stage.apply("private");
    let plan = stage.settled("private");
    let ids = [plan.id("vpc_endpoint.s3"), plan.id("vpc_endpoint.logs")];

    // moto changes the tables of an endpoint and not its routes: there and back, so that the
    // deletion finds what it looks for.
    let tables = ["update vpc_endpoint.s3: route_table_ids"];
    stage.stack("private", &network(Shape { tables: "a b", ..FIRST }));
    stage.changes("private", &tables);
    stage.stack("private", &network(FIRST));
    stage.changes("private", &tables);

    let one = |field: &str| [format!("update vpc_endpoint.logs: {field}")];
    let each = [
        ("subnet_ids", Shape { subnets: "a b", ..FIRST }),
        ("subnet_ids", Shape { subnets: "b", ..FIRST }),
        ("subnet_ids", FIRST),
        ("security_group_ids", Shape { groups: "one two", ..FIRST }),
        ("security_group_ids", Shape { groups: "two", ..FIRST }),
        ("security_group_ids", FIRST),
        ("policy_document", Shape { action: "logs:Put*", ..FIRST }),
    ];
    for (field, shape) in each {
        stage.stack("private", &network(shape));
        let expected = one(field);
        stage.changes("private", &[&expected[0]]);
    }
    let all = Shape { subnets: "b", groups: "two", action: "logs:*", ..FIRST };
    stage.stack("private", &network(all));
    let together = one("policy_document security_group_ids subnet_ids");
    stage.changes("private", &[&together[0]]);
    if !stage.is_moto() {
        stage.stack("private", &network(Shape { private_dns: false, ..all }));
        let expected = one("private_dns_enabled");
        stage.changes("private", &[&expected[0]]);
    }
    let plan = stage.settled("private");
    assert_eq!([plan.id("vpc_endpoint.s3"), plan.id("vpc_endpoint.logs")], ids, "all in place");
    stage.destroy_all();
}

fn private_ways_changed_by_hand(stage: &Stage) {
    stage.stack("private", &network(FIRST));
    stage.apply("private");
    let plan = stage.settled("private");
    let logs = plan.id("vpc_endpoint.logs");
    let deny = json!({ "Statement": [{ "Effect": "Deny", "Action": "*", "Principal": "*",
                                       "Resource": "*" }] });
    let by_hand: Vec<(Value, &str)> = vec![
        (json!({ "AddSubnetIds": [plan.id("subnet.b")] }), "subnet_ids"),
        (json!({ "RemoveSubnetIds": [plan.id("subnet.a")] }), "subnet_ids"),
        (json!({ "AddSecurityGroupIds": [plan.id("security_group.two")] }), "security_group_ids"),
        (json!({ "PolicyDocument": deny.to_string() }), "policy_document"),
    ];
    for (mut change, field) in by_hand {
        change["VpcEndpointId"] = json!(logs);
        stage.call("ec2", "modify_vpc_endpoint", change);
        let expected = format!("update vpc_endpoint.logs: {field}");
        stage.changes("private", &[&expected]);
    }
    stage.untag(&logs, "Name");
    stage.changes("private", &["update vpc_endpoint.logs: tags.Name"]);
    let s3 = plan.id("vpc_endpoint.s3");
    if !stage.is_moto() {
        let tables = json!({ "VpcEndpointId": s3, "AddRouteTableIds": [plan.id("route_table.b")] });
        stage.call("ec2", "modify_vpc_endpoint", tables);
        stage.changes("private", &["update vpc_endpoint.s3: route_table_ids"]);
    }

    stage.call("ec2", "delete_vpc_endpoints", json!({ "VpcEndpointIds": [logs] }));
    stage.changes("private", &["create vpc_endpoint.logs"]);
    let shorter = network(FIRST);
    let (shorter, _) = shorter.split_once("[vpc_endpoint.logs]").expect("it is there");
    stage.stack("private", shorter);
    stage.changes("private", &["delete vpc_endpoint.logs"]);
    stage.destroy_all();
}

/// The endpoint stays while the group and the subnet under it are made anew.
fn what_an_endpoint_stands_on_made_anew(stage: &Stage) {
    stage.stack("private", &network(FIRST));
    stage.apply("private");
    let endpoint = stage.settled("private").id("vpc_endpoint.logs");
    let text = network(FIRST)
        .replace("name   = \"${env}-one\"", "name   = \"${env}-one\"\ndescription = \"another\"");
    stage.stack("private", &text);
    stage.changes(
        "private",
        &[
            "replace security_group.one: description",
            "update vpc_endpoint.logs: security_group_ids",
        ],
    );
    stage.stack("private", &text.replace("10.60.1.0/24", "10.60.3.0/24"));
    stage.changes(
        "private",
        &[
            "update route_table.a: subnet_ids",
            "replace subnet.a: cidr_block",
            "update vpc_endpoint.logs: subnet_ids",
        ],
    );
    assert_eq!(stage.settled("private").id("vpc_endpoint.logs"), endpoint, "the same endpoint");
    stage.destroy_all();
}

on_both!(private_ways, private_ways_changed_by_hand, what_an_endpoint_stands_on_made_anew);

/// Every interface endpoint of the order system, all at once.
fn many() -> String {
    let services = [
        "ecr.api",
        "ecr.dkr",
        "logs",
        "ssm",
        "ssmmessages",
        "ec2messages",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
    ];
    let list = services.map(|service| format!("\"{service}\"")).join(", ");
    let whole = network(Shape { subnets: "a b", ..FIRST });
    let (start, rest) = whole.split_once("[vpc_endpoint.logs]").expect("it is there");
    let rest = rest.replace("${region}.logs", "${region}.${each.key}");
    format!("{start}[vpc_endpoint.logs]\nfor_each = [{list}]{rest}")
        .replace("[vpc_endpoint.logs]", "[vpc_endpoint.interface]")
}

/// With AWS's slow states: endpoints are gone before their subnets, groups and tables, each wait is
/// told, and all that go together share calls.
#[test]
fn slow_endpoints_go_in_order_and_every_wait_is_told() {
    let stage = Stage::in_the_sandbox();
    stage.stack("private", &many());
    let told = Told::by(&stage, &["apply", "private", "--yes"]);
    told.waited("vpc_endpoint.interface[\"logs\"]", "it to be ready, it is pending");
    stage.settled("private");
    let told = Told::by(&stage, &["destroy", "private", "--yes"]);
    for service in ["ecr.api", "logs", "ecs-agent"] {
        let address = format!("vpc_endpoint.interface[\"{service}\"]");
        told.waited(&address, "it to be gone, it is deleting");
        told.before(&address, "subnet.a");
        told.before(&address, "security_group.one");
        told.before(&address, "vpc.main");
    }
    told.before("vpc_endpoint.s3", "route_table.a");
    told.before("vpc_endpoint.s3", "vpc.main");
    assert_eq!(stage.owned(), Vec::<String>::new());
}
