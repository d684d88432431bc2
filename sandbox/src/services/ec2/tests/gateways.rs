//! Addresses, NAT gateways and egress-only gateways: their states, what they hold, in which order
//! they go.

use serde_json::{Value, json};

use super::Lab;

/// A NAT gateway with all that is under it.
struct Nat {
    vpc: String,
    gateway: String,
    subnet: String,
    id: String,
    address: String,
}

impl Nat {
    fn in_(lab: &Lab) -> Self {
        let vpc = lab.vpc();
        let (gateway, subnet) = (lab.attached(&vpc), lab.subnet(&vpc, "10.0.0.0/24"));
        let (id, address) = lab.nat(&subnet);
        Self { vpc, gateway, subnet, id, address }
    }

    fn read(&self, lab: &Lab) -> Value {
        lab.ok("DescribeNatGateways", json!({ "NatGatewayIds": [self.id] }))["NatGateways"][0]
            .clone()
    }

    fn delete(&self, lab: &Lab) {
        lab.ok("DeleteNatGateway", json!({ "NatGatewayId": self.id }));
    }

    fn release(&self, lab: &Lab) -> Option<String> {
        let input = json!({ "AllocationId": self.address });
        lab.sandbox.call("ec2", "ReleaseAddress", input).err().map(|it| it.code.into_owned())
    }

    fn detach(&self, lab: &Lab) -> Option<String> {
        let input = json!({ "InternetGatewayId": self.gateway, "VpcId": self.vpc });
        lab.sandbox.call("ec2", "DetachInternetGateway", input).err().map(|it| it.code.into_owned())
    }
}

#[test]
fn a_nat_gateway_comes_and_goes_in_minutes_and_is_listed_for_an_hour_more() {
    let lab = Lab::slow();
    let nat = Nat::in_(&lab);
    let state = || nat.read(&lab)["State"].as_str().unwrap().to_owned();
    assert_eq!(state(), "pending");
    lab.skip(60);
    assert_eq!(state(), "pending");
    lab.skip(60);
    assert_eq!(state(), "available");
    nat.delete(&lab);
    assert_eq!(state(), "deleting");
    nat.delete(&lab);
    lab.skip(130);
    let read = nat.read(&lab);
    assert_eq!((&read["State"], read["DeleteTime"].is_string()), (&json!("deleted"), true));
    let again = lab.no("DeleteNatGateway", json!({ "NatGatewayId": nat.id }));
    assert_eq!(again.code, "NatGatewayNotFound");
    let live = json!([{ "Name": "state", "Values": ["pending", "available"] }]);
    let live = lab.ok("DescribeNatGateways", json!({ "Filter": live }));
    assert_eq!(live["NatGateways"], json!([]));
    lab.skip(3600);
    let gone = lab.no("DescribeNatGateways", json!({ "NatGatewayIds": [nat.id] }));
    assert_eq!(gone.code, "NatGatewayNotFound");
}

#[test]
fn until_it_is_deleted_it_holds_its_address_its_subnet_and_the_internet_gateway() {
    let lab = Lab::slow();
    let nat = Nat::in_(&lab);
    let address = &nat.read(&lab)["NatGatewayAddresses"][0].clone();
    let found = lab.ok("DescribeAddresses", json!({ "AllocationIds": [nat.address] }));
    let found = &found["Addresses"][0];
    for (ours, theirs) in [
        ("PublicIp", "PublicIp"),
        ("PrivateIp", "PrivateIpAddress"),
        ("NetworkInterfaceId", "NetworkInterfaceId"),
        ("AssociationId", "AssociationId"),
    ] {
        assert!(address[ours].is_string(), "{ours}: {address}");
        assert_eq!(address[ours], found[theirs], "{ours}");
    }
    let interfaces = lab.ok("DescribeNetworkInterfaces", json!({}));
    let interface = &interfaces["NetworkInterfaces"][0];
    assert_eq!(interface["Description"], json!(format!("Interface for NAT Gateway {}", nat.id)));
    assert_eq!(interface["InterfaceType"], json!("nat_gateway"));
    assert_eq!(interface["RequesterManaged"], json!(true));
    assert_eq!(interface["Attachment"]["InstanceOwnerId"], json!("amazon-aws"));
    assert_eq!(interface["Association"]["AllocationId"], json!(nat.address));

    let take = json!({ "AssociationId": address["AssociationId"] });
    assert_eq!(lab.no("DisassociateAddress", take).code, "AuthFailure");
    lab.skip(120);
    nat.delete(&lab);
    let subnet = json!({ "SubnetId": nat.subnet });
    assert_eq!(nat.release(&lab).as_deref(), Some("AuthFailure"));
    assert_eq!(lab.no("DeleteSubnet", subnet.clone()).code, "DependencyViolation");
    assert_eq!(nat.detach(&lab).as_deref(), Some("DependencyViolation"));
    lab.skip(121);
    // Gone, but its address stays behind for some seconds.
    assert_eq!(nat.read(&lab)["State"], json!("deleted"));
    assert_eq!(nat.release(&lab).as_deref(), Some("AuthFailure"));
    lab.ok("DeleteSubnet", subnet);
    assert_eq!(nat.detach(&lab), None);
    lab.skip(20);
    assert_eq!(nat.release(&lab), None);
    lab.ok("DeleteInternetGateway", json!({ "InternetGatewayId": nat.gateway }));
    lab.ok("DeleteVpc", json!({ "VpcId": nat.vpc }));
}

#[test]
fn what_aws_finds_out_later_makes_a_nat_gateway_fail() {
    let lab = Lab::slow();
    let vpc = lab.vpc();
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    let code = |input: Value| {
        let id = lab.text("CreateNatGateway", input, "/NatGateway/NatGatewayId");
        lab.skip(60);
        let found = lab.ok("DescribeNatGateways", json!({ "NatGatewayIds": [id] }));
        let found = &found["NatGateways"][0];
        assert_eq!(found["State"], json!("failed"));
        assert!(found["FailureMessage"].is_string());
        // It must be deleted all the same, which takes no time.
        lab.ok("DeleteNatGateway", json!({ "NatGatewayId": id }));
        found["FailureCode"].as_str().unwrap().to_owned()
    };
    let address = lab.address();
    let good = json!({ "SubnetId": subnet, "AllocationId": address });
    assert_eq!(code(good.clone()), "Gateway.NotAttached");
    lab.attached(&vpc);
    let nothing = json!({ "SubnetId": subnet, "AllocationId": "eipalloc-00000000000000000" });
    assert_eq!(code(nothing), "InvalidAllocationID.NotFound");
    lab.ok("CreateNatGateway", good.clone());
    assert_eq!(code(good), "Resource.AlreadyAssociated");
    let small = lab.subnet(&vpc, "10.0.1.0/28");
    for _ in 0..11 {
        lab.interface(&small);
    }
    let full = json!({ "SubnetId": small, "AllocationId": lab.address() });
    assert_eq!(code(full), "InsufficientFreeAddressesInSubnet");
}

#[test]
fn a_private_nat_gateway_needs_no_internet_gateway() {
    let lab = Lab::slow();
    let subnet = lab.subnet(&lab.vpc(), "10.0.0.0/24");
    let input = json!({
        "SubnetId": subnet, "ConnectivityType": "private", "PrivateIpAddress": "10.0.0.9",
    });
    let made = lab.ok("CreateNatGateway", input);
    let made = &made["NatGateway"];
    assert_eq!(made["NatGatewayAddresses"][0]["PrivateIp"], json!("10.0.0.9"));
    assert_eq!(made["NatGatewayAddresses"][0].get("PublicIp"), Some(&Value::Null));
    assert_eq!(made["ConnectivityType"], json!("private"));
}

#[test]
fn routes_to_gateways_that_are_gone_stay_as_blackholes() {
    let lab = Lab::slow();
    let nat = Nat::in_(&lab);
    let (table, egress) = (lab.table(&nat.vpc), lab.egress_only(&nat.vpc));
    let route = |more: Value| {
        let mut input = json!({ "RouteTableId": table });
        if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
            input.extend(more);
        }
        lab.ok("CreateRoute", input);
    };
    lab.skip(120);
    route(json!({ "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat.id }));
    route(json!({
        "DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": egress,
    }));
    let states = || {
        let read = lab.ok("DescribeRouteTables", json!({ "RouteTableIds": [table] }));
        let routes = &read["RouteTables"][0]["Routes"];
        [routes[1]["State"].clone(), routes[2]["State"].clone()]
    };
    assert_eq!(states(), ["active", "active"]);
    nat.delete(&lab);
    assert_eq!(states(), ["blackhole", "active"]);
    lab.ok("DeleteEgressOnlyInternetGateway", json!({ "EgressOnlyInternetGatewayId": egress }));
    assert_eq!(states(), ["blackhole", "blackhole"]);
}

#[test]
fn an_egress_only_gateway_holds_its_vpc() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let egress = lab.egress_only(&vpc);
    let found = lab.ok("DescribeEgressOnlyInternetGateways", json!({}));
    let found = &found["EgressOnlyInternetGateways"][0];
    assert_eq!(found["Attachments"], json!([{ "State": "attached", "VpcId": vpc }]));
    let delete = json!({ "VpcId": vpc });
    assert_eq!(lab.no("DeleteVpc", delete.clone()).code, "DependencyViolation");
    lab.ok("DeleteEgressOnlyInternetGateway", json!({ "EgressOnlyInternetGatewayId": egress }));
    lab.ok("DeleteVpc", delete);
}

#[test]
fn an_address_moves_between_interfaces_and_is_free_afterwards() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let gateway = lab.attached(&vpc);
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    let (one, other) = (lab.interface(&subnet), lab.interface(&subnet));
    let address = lab.address();
    let with = |interface: &str| {
        json!({
            "AllocationId": address, "NetworkInterfaceId": interface, "AllowReassociation": true,
        })
    };
    lab.ok("AssociateAddress", with(&one));
    let association = lab.text("AssociateAddress", with(&other), "/AssociationId");
    assert_eq!(lab.text("AssociateAddress", with(&other), "/AssociationId"), association);
    let pair = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
    assert_eq!(lab.no("DetachInternetGateway", pair.clone()).code, "DependencyViolation");
    let by = |name: &str, value: &str| {
        let filters = json!([{ "Name": name, "Values": [value] }]);
        let found = lab.ok("DescribeAddresses", json!({ "Filters": filters }));
        found["Addresses"].as_array().unwrap().len()
    };
    assert_eq!((by("network-interface-id", &one), by("network-interface-id", &other)), (0, 1));
    lab.ok("DisassociateAddress", json!({ "AssociationId": association }));
    lab.ok("DetachInternetGateway", pair);
    let attributes = lab.ok("DescribeAddressesAttribute", json!({ "AllocationIds": [address] }));
    assert_eq!(attributes["Addresses"][0]["AllocationId"], json!(address));
    lab.ok("ReleaseAddress", json!({ "AllocationId": address }));
    assert_eq!(by("allocation-id", &address), 0);
}
