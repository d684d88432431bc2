//! What AWS refuses to delete in the wrong order, and the order that works.

use serde_json::json;

use super::{Lab, from_group};

#[test]
fn a_vpc_goes_only_when_nothing_of_its_own_is_left_and_takes_its_defaults_along() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let delete = || lab.no("DeleteVpc", json!({ "VpcId": vpc })).code;

    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    assert_eq!(delete(), "DependencyViolation");
    lab.ok("DeleteSubnet", json!({ "SubnetId": subnet }));

    let gateway = lab.attached(&vpc);
    assert_eq!(delete(), "DependencyViolation");
    lab.ok("DetachInternetGateway", json!({ "InternetGatewayId": gateway, "VpcId": vpc }));

    let group = lab.group(&vpc, "web");
    assert_eq!(delete(), "DependencyViolation");
    lab.ok("DeleteSecurityGroup", json!({ "GroupId": group }));

    let table = lab.table(&vpc);
    assert_eq!(delete(), "DependencyViolation");
    lab.ok("DeleteRouteTable", json!({ "RouteTableId": table }));

    lab.ok("DeleteVpc", json!({ "VpcId": vpc }));
    for (operation, member) in [
        ("DescribeVpcs", "Vpcs"),
        ("DescribeRouteTables", "RouteTables"),
        ("DescribeSecurityGroups", "SecurityGroups"),
        ("DescribeNetworkAcls", "NetworkAcls"),
        ("DescribeTags", "Tags"),
    ] {
        assert_eq!(lab.ok(operation, json!({}))[member], json!([]), "{operation}");
    }
    let again = lab.no("DeleteVpc", json!({ "VpcId": vpc }));
    assert_eq!(again.code, "InvalidVpcID.NotFound");
}

#[test]
fn a_subnet_waits_for_its_network_interfaces() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    let interface = lab.interface(&subnet);
    let refusal = lab.no("DeleteSubnet", json!({ "SubnetId": subnet }));
    assert_eq!(refusal.code, "DependencyViolation");
    assert_eq!(
        refusal.message,
        format!("The subnet '{subnet}' has dependencies and cannot be deleted.")
    );
    assert_eq!(lab.no("DeleteVpc", json!({ "VpcId": vpc })).code, "DependencyViolation");
    lab.ok("DeleteNetworkInterface", json!({ "NetworkInterfaceId": interface }));
    lab.ok("DeleteSubnet", json!({ "SubnetId": subnet }));
    lab.ok("DeleteVpc", json!({ "VpcId": vpc }));
}

#[test]
fn a_deleted_subnet_leaves_its_route_table_free() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (subnet, table) = (lab.subnet(&vpc, "10.0.0.0/24"), lab.table(&vpc));
    lab.associate(&table, &subnet);
    let delete = json!({ "RouteTableId": table });
    assert_eq!(lab.no("DeleteRouteTable", delete.clone()).code, "DependencyViolation");
    lab.ok("DeleteSubnet", json!({ "SubnetId": subnet }));
    lab.ok("DeleteRouteTable", delete);
}

#[test]
fn a_route_table_waits_for_its_associations() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let table = lab.table(&vpc);
    let association = lab.associate(&table, &lab.subnet(&vpc, "10.0.0.0/24"));
    let delete = json!({ "RouteTableId": table });
    assert_eq!(lab.no("DeleteRouteTable", delete.clone()).code, "DependencyViolation");
    lab.ok("DisassociateRouteTable", json!({ "AssociationId": association }));
    let again = lab.no("DisassociateRouteTable", json!({ "AssociationId": association }));
    assert_eq!(again.code, "InvalidAssociationID.NotFound");
    lab.ok("DeleteRouteTable", delete);
}

#[test]
fn the_main_route_table_stays_until_another_is_main() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (main, association) = lab.main_table(&vpc);
    let delete = json!({ "RouteTableId": main });
    assert_eq!(lab.no("DeleteRouteTable", delete.clone()).code, "DependencyViolation");
    let other = lab.table(&vpc);
    let input = json!({ "AssociationId": association, "RouteTableId": other });
    let answer = lab.ok("ReplaceRouteTableAssociation", input);
    assert_ne!(answer["NewAssociationId"], json!(association));
    assert_eq!(lab.main_table(&vpc).0, other);
    lab.ok("DeleteRouteTable", delete);
    lab.ok("DeleteVpc", json!({ "VpcId": vpc }));
}

#[test]
fn an_internet_gateway_goes_after_public_addresses_and_its_attachment() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let gateway = lab.attached(&vpc);
    let interface = lab.interface(&lab.subnet(&vpc, "10.0.0.0/24"));
    let public = |on: bool| {
        lab.ok(
            "ModifyNetworkInterfaceAttribute",
            json!({ "NetworkInterfaceId": interface, "AssociatePublicIpAddress": on }),
        )
    };
    public(true);
    let pair = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
    let refusal = lab.no("DetachInternetGateway", pair.clone());
    assert_eq!(refusal.code, "DependencyViolation");
    assert!(refusal.message.contains("has some mapped public address(es)"), "{}", refusal.message);

    let delete = json!({ "InternetGatewayId": gateway });
    assert_eq!(lab.no("DeleteInternetGateway", delete.clone()).code, "DependencyViolation");
    public(false);
    lab.ok("DetachInternetGateway", pair.clone());
    assert_eq!(lab.no("DetachInternetGateway", pair).code, "Gateway.NotAttached");
    lab.ok("DeleteInternetGateway", delete);
}

#[test]
fn a_route_to_a_detached_gateway_is_a_blackhole_and_stays() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (gateway, table) = (lab.attached(&vpc), lab.table(&vpc));
    let input = json!({
        "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway,
    });
    lab.ok("CreateRoute", input);
    let state = || {
        let answer = lab.ok("DescribeRouteTables", json!({ "RouteTableIds": [table] }));
        answer["RouteTables"][0]["Routes"][1]["State"].clone()
    };
    assert_eq!(state(), "active");
    lab.ok("DetachInternetGateway", json!({ "InternetGatewayId": gateway, "VpcId": vpc }));
    assert_eq!(state(), "blackhole");
    lab.ok("DeleteInternetGateway", json!({ "InternetGatewayId": gateway }));
    assert_eq!(state(), "blackhole");
    let route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0" });
    lab.ok("DeleteRoute", route.clone());
    assert_eq!(lab.no("DeleteRoute", route).code, "InvalidRoute.NotFound");
}

#[test]
fn security_groups_that_name_each_other_go_after_their_rules() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (one, other) = (lab.group(&vpc, "one"), lab.group(&vpc, "other"));
    let into_one = lab.rule(&one, from_group(&other));
    let into_other = lab.rule(&other, from_group(&one));
    lab.rule(&one, from_group(&one));
    for group in [&one, &other] {
        let refusal = lab.no("DeleteSecurityGroup", json!({ "GroupId": group }));
        assert_eq!(refusal.code, "DependencyViolation");
        assert_eq!(refusal.message, format!("resource {group} has a dependent object"));
    }
    for (group, rule) in [(&one, into_one), (&other, into_other)] {
        let input = json!({ "GroupId": group, "SecurityGroupRuleIds": [rule] });
        lab.ok("RevokeSecurityGroupIngress", input);
    }
    // A group that names itself may go.
    lab.ok("DeleteSecurityGroup", json!({ "GroupId": one }));
    lab.ok("DeleteSecurityGroup", json!({ "GroupId": other }));
}

#[test]
fn a_security_group_waits_for_the_interfaces_that_have_it() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (group, other) = (lab.group(&vpc, "web"), lab.group(&vpc, "other"));
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    let input = json!({ "SubnetId": subnet, "Groups": [group] });
    let answer = lab.ok("CreateNetworkInterface", input);
    let interface = &answer["NetworkInterface"]["NetworkInterfaceId"];
    let delete = json!({ "GroupId": group });
    assert_eq!(lab.no("DeleteSecurityGroup", delete.clone()).code, "DependencyViolation");
    let input = json!({ "NetworkInterfaceId": interface, "Groups": [other] });
    lab.ok("ModifyNetworkInterfaceAttribute", input);
    lab.ok("DeleteSecurityGroup", delete);
}
