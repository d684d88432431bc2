//! `inventory`: what the tags tell, also of what no handler knows.

use super::answers::{conforms, plain};
use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STACK: &str = r#"
[workspace]
description = "one of each"
[vpc.main]
cidr_block = "10.48.0.0/16"
[subnet.one]
for_each   = { a = 0, b = 1 }
vpc_id     = "${vpc.main.id}"
cidr_block = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
[internet_gateway.main]
vpc_id = "${vpc.main.id}"
[route_table.main]
vpc_id = "${vpc.main.id}"
[security_group.main]
name    = "${env}-inventory"
vpc_id  = "${vpc.main.id}"
ingress = [{ ip_protocol = "tcp", from_port = 80, cidr_ipv4 = "10.0.0.0/8" }]
[iam_role.main]
name                        = "${env}-inventory"
assume_role_policy_document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
[iam_instance_profile.main]
name      = "${env}-inventory"
role_name = "${iam_role.main.id}"
[log_group.main]
name = "/e2e/${env}/inventory"
[egress_only_internet_gateway.main]
vpc_id = "${vpc.main.id}"
"#;

/// Of an address, moto 5.2.5 does not tell the kind beside its tags; the description of an endpoint
/// by its id it answers without XML.
const NOT_ON_MOTO: &str = r#"
[eip.nat]
[nat_gateway.main]
subnet_id     = '${subnet.one["a"].id}'
allocation_id = "${eip.nat.id}"
[vpc_endpoint.s3]
vpc_id          = "${vpc.main.id}"
service_name    = "com.amazonaws.${region}.s3"
route_table_ids = ["${route_table.main.id}"]
"#;

#[track_caller]
fn inventory(stage: &Stage, arguments: &[&str]) -> Value {
    let ran = stage.run(&[&["inventory", "--format", "json"], arguments].concat()).exits(0);
    assert_eq!(ran.stderr, "");
    conforms(stage, "inventory", &[ran.json()]);
    let document = ran.json();
    let number = document["resources"].as_array().expect("resources").len();
    assert_eq!(document["residue"], number);
    document
}

/// Type by address; a type that is not known is empty.
fn types(document: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = document["resources"].as_array().expect("resources");
    all.iter().map(|r| (text(&r["address"]), text(&r["type"]))).collect()
}

fn ours(stage: &Stage, resource: &str) -> Vec<(&'static str, String)> {
    vec![
        ("infra:project", "e2e".to_owned()),
        ("infra:environment", stage.environment().to_owned()),
        ("infra:region", "eu-west-1".to_owned()),
        ("infra:workspace", "inventory".to_owned()),
        ("infra:resource", resource.to_owned()),
    ]
}

fn pairs(tags: &[(&str, String)]) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn everything_with_our_tags(stage: &Stage) {
    let more = if stage.is_moto() { "" } else { NOT_ON_MOTO };
    stage.stack("inventory", &format!("{STACK}{more}"));
    let nothing = format!("e2e ({}, eu-west-1): nothing, residue 0.\n", stage.environment());
    let ran = stage.run(&["inventory"]).exits(0);
    assert_eq!((ran.stdout, ran.stderr), (nothing.clone(), String::new()));

    stage.apply("inventory");
    let mut expected: BTreeMap<String, String> = [
        ("vpc.main", "vpc"),
        ("subnet.one[\"a\"]", "subnet"),
        ("subnet.one[\"b\"]", "subnet"),
        ("internet_gateway.main", "internet_gateway"),
        ("route_table.main", "route_table"),
        ("security_group.main", "security_group"),
        ("iam_role.main", "iam_role"),
        ("iam_instance_profile.main", "iam_instance_profile"),
        ("egress_only_internet_gateway.main", "egress_only_internet_gateway"),
        ("log_group.main", "log_group"),
    ]
    .map(|(address, ty)| (address.to_owned(), ty.to_owned()))
    .into();
    if !stage.is_moto() {
        for (address, ty) in [
            ("eip.nat", "eip"),
            ("nat_gateway.main", "nat_gateway"),
            ("vpc_endpoint.s3", "vpc_endpoint"),
        ] {
            expected.insert(address.to_owned(), ty.to_owned());
        }
    }
    let document = inventory(stage, &[]);
    assert_eq!(types(&document), expected);
    let has = |document: &Value, id: &str| {
        document["resources"].as_array().expect("resources").iter().any(|r| r["id"] == id)
    };
    for one in stage.owned() {
        let id = one.split_once(' ').expect("a kind and an id").1;
        assert!(has(&document, id), "boto3 finds {one} too");
    }
    for resource in document["resources"].as_array().expect("resources") {
        assert_eq!(resource["confirmed"], true, "{resource}");
        assert_eq!(resource["workspace"], "inventory", "{resource}");
        assert_eq!(resource["environment"], stage.environment(), "{resource}");
    }

    // What no handler looks for: a kind without a type, a half-tagged one, one of another project.
    let plan = stage.plan(&["inventory"]);
    let (vpc, subnet) = (plan.id("vpc.main"), plan.id("subnet.one[\"a\"]"));
    let tags =
        json!([{ "ResourceType": "network-interface", "Tags": pairs(&ours(stage, "eni.x")) }]);
    let interface = stage.call(
        "ec2",
        "create_network_interface",
        json!({ "SubnetId": subnet, "TagSpecifications": tags }),
    );
    let interface = interface["NetworkInterface"]["NetworkInterfaceId"].as_str().expect("an id");
    let name = format!("{}-left", stage.environment());
    // Without workspace and address it is of no workspace, so that `destroy` leaves it.
    let tags = pairs(&ours(stage, "")[..3]);
    let profile = json!({ "InstanceProfileName": name, "Tags": tags });
    stage.call("iam", "create_instance_profile", profile);
    stage.untag(&vpc, "infra:project");
    stage.untag(&vpc, "infra:resource");
    let foreign = stage.call("ec2", "create_vpc", json!({ "CidrBlock": "10.49.0.0/16" }));
    let foreign = foreign["Vpc"]["VpcId"].as_str().expect("an id").to_owned();
    stage.tag(&foreign, "infra:project", "another");
    stage.tag(&foreign, "infra:environment", stage.environment());

    let document = inventory(stage, &[]);
    let known = types(&document);
    assert_eq!(document["residue"], expected.len() + 2, "{known:?}");
    assert_eq!(known["eni.x"], "");
    assert!(has(&document, &vpc) && has(&document, &name), "half-tagged ones are there");
    assert!(!has(&document, &foreign));
    let all = inventory(stage, &["--all"]);
    assert!(has(&all, &foreign) && has(&all, &vpc) && has(&all, interface));
    let ran = stage.run(&["inventory"]).exits(0);
    plain(&ran);
    let number = expected.len() + 2;
    let count = format!("{number} resources, residue {number}.\n");
    for words in ["no type of infra", "(no address tag)", &count] {
        assert!(ran.stdout.contains(words), "{words} is not in {}", ran.stdout);
    }

    stage.call("ec2", "delete_network_interface", json!({ "NetworkInterfaceId": interface }));
    stage.tag(&vpc, "infra:project", "e2e");
    stage.tag(&vpc, "infra:resource", "vpc.main");
    stage.call("ec2", "delete_vpc", json!({ "VpcId": foreign }));
    stage.run(&["destroy", "inventory", "--yes"]).exits(0);
    let document = inventory(stage, &[]);
    assert_eq!(document["residue"], 1, "what destroy leaves is told: {document}");
    stage.call("iam", "delete_instance_profile", json!({ "InstanceProfileName": name }));
    let ran = stage.run(&["inventory"]).exits(0);
    assert!(ran.stdout.starts_with(&nothing), "{}", ran.stdout);
    assert_eq!(inventory(stage, &[])["residue"], 0);
}

on_both!(everything_with_our_tags);
