//! States that take time, interfaces of services, lagging reads, client tokens.

use std::time::Duration;

use serde_json::json;

use super::super::State;
use super::super::network_interface::{self, Owner};
use super::Lab;
use crate::{Options, Time};

/// Gives every interface of a region to a service.
pub(super) fn hold(state: &mut State, resource: &str) {
    for interface in state.network_interfaces.values_mut() {
        interface.owner = Some(Owner {
            resource: resource.to_owned(),
            interface_type: "interface".to_owned(),
            attached_by: "123456789012".to_owned(),
            instance: Some(resource.to_owned()),
            requester: None,
            attachment: "eni-attach-00000000000000000".to_owned(),
            attached: Time::default(),
            delete_on_termination: true,
        });
    }
}

#[test]
fn new_things_take_a_while_to_be_ready() {
    let lab = Lab::slow();
    let vpc = lab.vpc();
    let gateway = lab.attached(&vpc);
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    lab.interface(&subnet);
    let states = || {
        let at = |operation: &str, path: &str| {
            let answer = lab.ok(operation, json!({}));
            answer.pointer(path).and_then(|it| it.as_str()).unwrap_or_default().to_owned()
        };
        [
            at("DescribeVpcs", "/Vpcs/0/State"),
            at("DescribeVpcs", "/Vpcs/0/CidrBlockAssociationSet/0/CidrBlockState/State"),
            at("DescribeSubnets", "/Subnets/0/State"),
            at("DescribeInternetGateways", "/InternetGateways/0/Attachments/0/State"),
            at("DescribeNetworkInterfaces", "/NetworkInterfaces/0/Status"),
        ]
    };
    assert_eq!(states(), ["pending", "associating", "pending", "attaching", "pending"]);
    lab.skip(10);
    assert_eq!(states(), ["available", "associated", "available", "available", "available"]);
    lab.ok("DetachInternetGateway", json!({ "InternetGatewayId": gateway, "VpcId": vpc }));
}

#[test]
fn a_service_s_interface_is_in_use_and_vanishes_when_its_owner_lets_go() {
    let lab = Lab::new();
    let subnet = lab.subnet(&lab.vpc(), "10.0.0.0/24");
    let interface = lab.interface(&subnet);
    lab.change(|state| hold(state, "nat-00000000000000000"));
    let status = |lab: &Lab| {
        let answer = lab.ok("DescribeNetworkInterfaces", json!({}));
        answer["NetworkInterfaces"][0]["Status"].clone()
    };
    assert_eq!(status(&lab), "in-use");

    let gone = lab.sandbox.now() + Duration::from_secs(60);
    lab.change(|state| network_interface::release(state, "nat-00000000000000000", gone));
    let delete = json!({ "SubnetId": subnet });
    assert_eq!(lab.no("DeleteSubnet", delete.clone()).code, "DependencyViolation");
    lab.skip(61);
    let refusal =
        lab.no("DescribeNetworkInterfaces", json!({ "NetworkInterfaceIds": [interface] }));
    assert_eq!(refusal.code, "InvalidNetworkInterfaceID.NotFound");
    lab.ok("DeleteSubnet", delete);
}

#[test]
fn reads_may_lag_behind_writes() {
    let lab = Lab::with(Options { read_lag: Duration::from_secs(2), ..Options::default() });
    let vpc = lab.vpc();
    let refusal = lab.no("DescribeVpcs", json!({ "VpcIds": [vpc] }));
    assert_eq!(refusal.code, "InvalidVpcID.NotFound");
    lab.skip(3);
    lab.ok("DescribeVpcs", json!({ "VpcIds": [vpc] }));
}

#[test]
fn the_same_token_creates_once() {
    let lab = Lab::new();
    let input = json!({ "VpcId": lab.vpc(), "ClientToken": "once" });
    let first = lab.ok("CreateRouteTable", input.clone());
    assert_eq!(first, lab.ok("CreateRouteTable", input));
}

#[test]
fn a_dry_run_changes_nothing() {
    let lab = Lab::new();
    let refusal = lab.no("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "DryRun": true }));
    assert_eq!((&*refusal.code, refusal.status), ("DryRunOperation", 412));
    assert_eq!(lab.ok("DescribeVpcs", json!({}))["Vpcs"], json!([]));
}

#[test]
fn what_is_not_modelled_is_refused_by_name() {
    let lab = Lab::new();
    let input = json!({ "CidrBlock": "10.0.0.0/16", "Ipv4IpamPoolId": "ipam-pool-1" });
    let refusal = lab.no("CreateVpc", input);
    assert_eq!(refusal.code, "InvalidParameter");
    assert!(refusal.message.contains("Ipv4IpamPoolId"), "{}", refusal.message);
}
