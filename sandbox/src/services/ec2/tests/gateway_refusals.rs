//! A case for every rule of addresses, NAT gateways and egress-only gateways.

use serde_json::json;

use super::Lab;
use super::refusals::refusals;
use crate::rules::Refusal;

const ADDRESS: &str = "eipalloc-00000000000000000";
const NAT: &str = "nat-00000000000000000";

/// Makes a public subnet: its VPC has an internet gateway.
fn public(lab: &Lab) -> String {
    let vpc = lab.vpc();
    lab.attached(&vpc);
    lab.subnet(&vpc, "10.0.0.0/24")
}

/// Associates a new address with a new interface.
fn associated(lab: &Lab) -> (String, String) {
    let (address, interface) = (lab.address(), lab.interface(&public(lab)));
    let input = json!({ "AllocationId": address, "NetworkInterfaceId": interface });
    lab.ok("AssociateAddress", input);
    (address, interface)
}

fn release(lab: &Lab, address: &str) -> Refusal {
    lab.no("ReleaseAddress", json!({ "AllocationId": address }))
}

refusals! {
    ADDRESS_NOT_FOUND: |lab| release(&lab, ADDRESS);
    ADDRESS_ID_MALFORMED: |lab| release(&lab, "eipalloc-nope");
    ADDRESS_LIMIT: |lab| {
        lab.change(|state| state.limits.addresses = 1);
        lab.address();
        lab.no("AllocateAddress", json!({}))
    };
    ADDRESS_STANDARD: |lab| lab.no("AllocateAddress", json!({ "Domain": "standard" }));
    ADDRESS_POOL: |lab| lab.no("AllocateAddress", json!({ "PublicIpv4Pool": "ipv4pool-ec2-1" }));
    ADDRESS_BORDER_GROUP: |lab| {
        lab.no("AllocateAddress", json!({ "NetworkBorderGroup": "us-east-1" }))
    };
    ADDRESS_UNNAMED: |lab| lab.no("ReleaseAddress", json!({}));
    ADDRESS_BY_IP: |lab| lab.no("ReleaseAddress", json!({ "PublicIp": "54.76.0.1" }));
    ADDRESS_IN_USE: |lab| {
        let (address, _) = associated(&lab);
        release(&lab, &address)
    };
    ADDRESS_OF_SERVICE: |lab| {
        let (_, address) = lab.nat(&public(&lab));
        release(&lab, &address)
    };
    ADDRESS_PAIR: |lab| lab.no("AssociateAddress", json!({ "AllocationId": lab.address() }));
    ADDRESS_TWICE: |lab| {
        let (address, _) = associated(&lab);
        let other = lab.interface(&public(&lab));
        lab.no("AssociateAddress", json!({ "AllocationId": address, "NetworkInterfaceId": other }))
    };
    ADDRESS_UNASSOCIATED: |lab| lab.no("DisassociateAddress", json!({}));
    NETWORK_NOT_ATTACHED: |lab| {
        let interface = lab.interface(&lab.subnet(&lab.vpc(), "10.0.0.0/24"));
        let input = json!({ "AllocationId": lab.address(), "NetworkInterfaceId": interface });
        lab.no("AssociateAddress", input)
    };

    NAT_NOT_FOUND: |lab| lab.no("DeleteNatGateway", json!({ "NatGatewayId": NAT }));
    NAT_MALFORMED: |lab| lab.no("DescribeNatGateways", json!({ "NatGatewayIds": ["nat"] }));
    NAT_WITHOUT_SUBNET: |lab| {
        lab.no("CreateNatGateway", json!({ "AllocationId": lab.address() }))
    };
    NAT_WITHOUT_ADDRESS: |lab| lab.no("CreateNatGateway", json!({ "SubnetId": public(&lab) }));
    NAT_PRIVATE_ADDRESS: |lab| {
        let input = json!({
            "SubnetId": public(&lab), "ConnectivityType": "private",
            "AllocationId": lab.address(),
        });
        lab.no("CreateNatGateway", input)
    };
    NAT_LIMIT: |lab| {
        lab.change(|state| state.limits.nat_gateways_per_zone = 1);
        let subnet = public(&lab);
        lab.nat(&subnet);
        let input = json!({ "SubnetId": subnet, "AllocationId": lab.address() });
        lab.no("CreateNatGateway", input)
    };
    NAT_TARGET: |lab| {
        let table = lab.table(&lab.vpc());
        let input = json!({
            "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": NAT,
        });
        lab.no("CreateRoute", input)
    };

    EGRESS_ONLY_GATEWAY_NOT_FOUND: |lab| {
        let id = "eigw-00000000000000000";
        lab.no("DeleteEgressOnlyInternetGateway", json!({ "EgressOnlyInternetGatewayId": id }))
    };
    EGRESS_ONLY_GATEWAY_MALFORMED: |lab| {
        let id = "igw-00000000000000000";
        lab.no("DeleteEgressOnlyInternetGateway", json!({ "EgressOnlyInternetGatewayId": id }))
    };
    EGRESS_ONLY_GATEWAY_LIMIT: |lab| {
        lab.change(|state| state.limits.egress_only_internet_gateways = 0);
        lab.no("CreateEgressOnlyInternetGateway", json!({ "VpcId": lab.vpc() }))
    };
    EGRESS_ONLY_GATEWAY_TAKEN: |lab| {
        let vpc = lab.vpc();
        lab.egress_only(&vpc);
        lab.no("CreateEgressOnlyInternetGateway", json!({ "VpcId": vpc }))
    };
    ROUTE_EGRESS_ONLY_V4: |lab| {
        let vpc = lab.vpc();
        let input = json!({
            "RouteTableId": lab.table(&vpc), "DestinationCidrBlock": "0.0.0.0/0",
            "EgressOnlyInternetGatewayId": lab.egress_only(&vpc),
        });
        lab.no("CreateRoute", input)
    };
}
