//! The harness itself: both endpoints answer boto3, and servers end with whoever started them.

use crate::support::boto3::Boto3;
use crate::support::moto::{self, Moto};
use crate::support::sandbox::Served;
use infra::sandbox::{Options, Sandbox};
use serde_json::json;
use std::net::TcpStream;

fn lists_what_is_ours_until_it_is_gone(endpoint: &str) {
    let aws = Boto3::connect(endpoint, "eu-west-1");
    let tags = |environment: &str| json!([{ "Key": "infra:environment", "Value": environment }]);
    let make = |environment: &str| {
        let specification = json!([{ "ResourceType": "vpc", "Tags": tags(environment) }]);
        let parameters = json!({ "CidrBlock": "10.9.0.0/24", "TagSpecifications": specification });
        let made = aws.call("ec2", "create_vpc", parameters);
        made["Vpc"]["VpcId"].as_str().expect("a VPC has an id").to_owned()
    };
    let (ours, other) = (make("harness"), make("harness-other"));
    aws.call(
        "logs",
        "create_log_group",
        json!({ "logGroupName": "/harness", "tags": { "infra:environment": "harness" } }),
    );
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } }] });
    aws.call(
        "iam",
        "create_role",
        json!({ "RoleName": "harness", "AssumeRolePolicyDocument": trust.to_string(),
            "Tags": tags("harness") }),
    );
    let expected = ["iam_role harness", "log_group /harness", &format!("vpc {ours}")];
    assert_eq!(aws.owned("harness"), expected);

    aws.run(
        r#"
client("iam").delete_role(RoleName=input["role"])
client("logs").delete_log_group(logGroupName=input["group"])
for vpc in input["vpcs"]:
    client("ec2").delete_vpc(VpcId=vpc)
"#,
        json!({ "role": "harness", "group": "/harness", "vpcs": [ours, other] }),
    );
    assert!(aws.owned("harness").is_empty());
    let gone = aws.try_call("ec2", "delete_vpc", json!({ "VpcId": ours })).expect_err("it is gone");
    assert_eq!(gone.code, "InvalidVpcID.NotFound");
}

#[test]
fn boto3_lists_what_is_ours_on_moto() {
    lists_what_is_ours_until_it_is_gone(moto::url());
}

#[test]
fn boto3_lists_what_is_ours_in_the_sandbox() {
    let served = Served::start(Sandbox::in_memory(Options::default()));
    lists_what_is_ours_until_it_is_gone(served.url());
}

#[test]
fn servers_end_with_their_owner() {
    let moto = Moto::start();
    let sandbox = Served::start(Sandbox::in_memory(Options::default()));
    let addresses = [moto.url(), sandbox.url()].map(|url| url.replace("http://", ""));
    for address in &addresses {
        assert!(TcpStream::connect(address).is_ok(), "{address} answers");
    }
    drop((moto, sandbox));
    for address in &addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} is closed");
    }
}
