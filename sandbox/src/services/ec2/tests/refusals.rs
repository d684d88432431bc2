//! A case for every rule: each breaks it in a fresh sandbox.

use serde_json::{Value, json};

use super::{Lab, permission};
use crate::rules::Refusal;

/// Makes the list of the cases of a file.
macro_rules! refusals {
    ($($rule:ident: |$lab:ident| $case:expr;)*) => {
        pub(super) const CASES: &[super::Case] = &[$(
            (&super::super::rules::$rule, || {
                let $lab = super::Lab::new();
                $case
            }),
        )*];
    };
}
pub(super) use refusals;

/// Names of nothing.
const VPC: &str = "vpc-00000000000000000";
const SUBNET: &str = "subnet-00000000000000000";
const GROUP: &str = "sg-00000000000000000";

/// Calls a Modify or Authorize operation on a new group of a new VPC.
pub(super) fn authorize(lab: &Lab, permission: Value) -> Refusal {
    let group = lab.group(&lab.vpc(), "web");
    let input = json!({ "GroupId": group, "IpPermissions": [permission] });
    lab.no("AuthorizeSecurityGroupIngress", input)
}

/// Creates a VPC with tags.
fn tagged(lab: &Lab, tags: Value) -> Refusal {
    let specification = json!([{ "ResourceType": "vpc", "Tags": tags }]);
    let input = json!({ "CidrBlock": "10.0.0.0/16", "TagSpecifications": specification });
    lab.no("CreateVpc", input)
}

/// Calls CreateRoute on a new table of a new VPC with an attached gateway.
fn route(lab: &Lab, input: Value) -> Refusal {
    let vpc = lab.vpc();
    let gateway = lab.attached(&vpc);
    let mut whole = json!({ "RouteTableId": lab.table(&vpc), "GatewayId": gateway });
    if let (Value::Object(whole), Value::Object(input)) = (&mut whole, input) {
        whole.extend(input);
        whole.retain(|_, value| !value.is_null());
    }
    lab.no("CreateRoute", whole)
}

/// Creates a subnet in a new VPC.
fn subnet(lab: &Lab, input: Value) -> Refusal {
    let mut whole = json!({ "VpcId": lab.vpc(), "CidrBlock": "10.0.0.0/24" });
    if let (Value::Object(whole), Value::Object(input)) = (&mut whole, input) {
        whole.extend(input);
        whole.retain(|_, value| !value.is_null());
    }
    lab.no("CreateSubnet", whole)
}

/// Creates a network interface in a new /28 subnet.
fn interface(lab: &Lab, input: Value) -> Refusal {
    let mut whole = json!({ "SubnetId": lab.subnet(&lab.vpc(), "10.0.0.0/28") });
    if let (Value::Object(whole), Value::Object(input)) = (&mut whole, input) {
        whole.extend(input);
    }
    lab.no("CreateNetworkInterface", whole)
}

refusals! {
    VPC_NOT_FOUND: |lab| lab.no("DeleteVpc", json!({ "VpcId": VPC }));
    VPC_MALFORMED: |lab| lab.no("DeleteVpc", json!({ "VpcId": "vpc-nope" }));
    SUBNET_NOT_FOUND: |lab| lab.no("DeleteSubnet", json!({ "SubnetId": SUBNET }));
    SUBNET_MALFORMED: |lab| lab.no("DeleteSubnet", json!({ "SubnetId": VPC }));
    INTERNET_GATEWAY_NOT_FOUND: |lab| {
        let id = "igw-00000000000000000";
        lab.no("AttachInternetGateway", json!({ "InternetGatewayId": id, "VpcId": lab.vpc() }))
    };
    INTERNET_GATEWAY_MALFORMED: |lab| {
        lab.no("DeleteInternetGateway", json!({ "InternetGatewayId": "igw-1" }))
    };
    ROUTE_TABLE_NOT_FOUND: |lab| {
        lab.no("DeleteRouteTable", json!({ "RouteTableId": "rtb-00000000000000000" }))
    };
    ROUTE_TABLE_MALFORMED: |lab| lab.no("DeleteRouteTable", json!({ "RouteTableId": VPC }));
    GROUP_NOT_FOUND: |lab| lab.no("DeleteSecurityGroup", json!({ "GroupId": GROUP }));
    GROUP_MALFORMED: |lab| lab.no("DeleteSecurityGroup", json!({ "GroupId": "web" }));
    RULE_NOT_FOUND: |lab| {
        let ids = ["sgr-00000000000000000"];
        lab.no("DescribeSecurityGroupRules", json!({ "SecurityGroupRuleIds": ids }))
    };
    RULE_MALFORMED: |lab| {
        lab.no("DescribeSecurityGroupRules", json!({ "SecurityGroupRuleIds": [GROUP] }))
    };
    NETWORK_ACL_NOT_FOUND: |lab| {
        lab.no("DescribeNetworkAcls", json!({ "NetworkAclIds": ["acl-00000000000000000"] }))
    };
    NETWORK_ACL_MALFORMED: |lab| {
        lab.no("DescribeNetworkAcls", json!({ "NetworkAclIds": ["acl"] }))
    };
    NETWORK_INTERFACE_NOT_FOUND: |lab| {
        let id = "eni-00000000000000000";
        lab.no("DeleteNetworkInterface", json!({ "NetworkInterfaceId": id }))
    };
    NETWORK_INTERFACE_MALFORMED: |lab| {
        lab.no("DeleteNetworkInterface", json!({ "NetworkInterfaceId": "eni-xyz" }))
    };
    GATEWAY_NOT_FOUND: |lab| {
        let input = json!({
            "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-00000000000000000",
        });
        route(&lab, input)
    };
    PREFIX_LIST_NOT_FOUND: |lab| {
        authorize(&lab, permission(443, json!({
            "PrefixListIds": [{ "PrefixListId": "pl-00000000" }],
        })))
    };
    TOKEN_MISMATCH: |lab| {
        let (one, other) = (lab.vpc(), lab.vpc());
        lab.ok("CreateRouteTable", json!({ "VpcId": one, "ClientToken": "once" }));
        lab.no("CreateRouteTable", json!({ "VpcId": other, "ClientToken": "once" }))
    };

    IDS_WITH_PAGES: |lab| {
        lab.no("DescribeVpcs", json!({ "VpcIds": [lab.vpc()], "MaxResults": 5 }))
    };
    PAGE_TOO_SHORT: |lab| lab.no("DescribeTags", json!({ "MaxResults": 4 }));
    PAGE_TOO_LONG: |lab| lab.no("DescribeTags", json!({ "MaxResults": 1001 }));
    NEXT_TOKEN: |lab| lab.no("DescribeVpcs", json!({ "NextToken": "nonsense" }));
    FILTER_UNKNOWN: |lab| {
        let filters = json!([{ "Name": "vpcid", "Values": [VPC] }]);
        lab.no("DescribeVpcs", json!({ "Filters": filters }))
    };
    FILTER_EMPTY: |lab| {
        lab.no("DescribeVpcs", json!({ "Filters": [{ "Name": "vpc-id", "Values": [] }] }))
    };
    FILTER_VALUES_LIMIT: |lab| {
        let values: Vec<String> = (0..201).map(|number| number.to_string()).collect();
        lab.no("DescribeVpcs", json!({ "Filters": [{ "Name": "cidr", "Values": values }] }))
    };

    TAG_SPECIFICATION_TYPE: |lab| {
        let specification = json!([{ "ResourceType": "subnet", "Tags": [] }]);
        let input = json!({ "CidrBlock": "10.0.0.0/16", "TagSpecifications": specification });
        lab.no("CreateVpc", input)
    };
    TAG_TWICE: |lab| {
        tagged(&lab, json!([{ "Key": "a", "Value": "1" }, { "Key": "a", "Value": "2" }]))
    };
    TAG_KEY_EMPTY: |lab| tagged(&lab, json!([{ "Key": "", "Value": "1" }]));
    TAG_KEY_RESERVED: |lab| tagged(&lab, json!([{ "Key": "aws:mine", "Value": "1" }]));
    TAG_KEY_LONG: |lab| tagged(&lab, json!([{ "Key": "k".repeat(128), "Value": "" }]));
    TAG_VALUE_LONG: |lab| tagged(&lab, json!([{ "Key": "k", "Value": "v".repeat(257) }]));
    TAG_KEY_LETTERS: |lab| tagged(&lab, json!([{ "Key": "a[0]", "Value": "1" }]));
    TAG_VALUE_LETTERS: |lab| {
        tagged(&lab, json!([{ "Key": "infra:resource", "Value": "subnet.a[\"b\"]" }]))
    };
    TAG_LIMIT: |lab| {
        let tags: Vec<Value> =
            (0..51).map(|number| json!({ "Key": format!("k{number}"), "Value": "" })).collect();
        lab.no("CreateTags", json!({ "Resources": [lab.vpc()], "Tags": tags }))
    };
    TAG_RESOURCE: |lab| {
        let tags = json!([{ "Key": "a", "Value": "1" }]);
        lab.no("CreateTags", json!({ "Resources": ["thing-1"], "Tags": tags }))
    };

    ATTRIBUTE_NONE: |lab| lab.no("ModifyVpcAttribute", json!({ "VpcId": lab.vpc() }));
    ATTRIBUTE_SEVERAL: |lab| {
        let on = json!({ "Value": true });
        let subnet = lab.subnet(&lab.vpc(), "10.0.0.0/24");
        let input = json!({ "SubnetId": subnet, "MapPublicIpOnLaunch": on, "EnableDns64": on });
        lab.no("ModifySubnetAttribute", input)
    };

    NOT_A_CIDR: |lab| lab.no("CreateVpc", json!({ "CidrBlock": "10.0.0.0" }));
    VPC_WITHOUT_BLOCK: |lab| lab.no("CreateVpc", json!({}));
    VPC_RANGE: |lab| lab.no("CreateVpc", json!({ "CidrBlock": "10.0.0.0/15" }));
    VPC_TENANCY_HOST: |lab| {
        lab.no("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16", "InstanceTenancy": "host" }))
    };
    VPC_LIMIT: |lab| {
        lab.change(|state| state.limits.vpcs = 1);
        lab.vpc();
        lab.no("CreateVpc", json!({ "CidrBlock": "10.1.0.0/16" }))
    };
    VPC_IN_USE: |lab| {
        let vpc = lab.vpc();
        lab.subnet(&vpc, "10.0.0.0/24");
        lab.no("DeleteVpc", json!({ "VpcId": vpc }))
    };
    DNS_HOSTNAMES_WITHOUT_SUPPORT: |lab| {
        let vpc = lab.vpc();
        let off = json!({ "VpcId": vpc, "EnableDnsSupport": { "Value": false } });
        lab.ok("ModifyVpcAttribute", off);
        let on = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } });
        lab.no("ModifyVpcAttribute", on)
    };
    VPC_BLOCK_NONE: |lab| lab.no("AssociateVpcCidrBlock", json!({ "VpcId": lab.vpc() }));
    VPC_BLOCK_BOTH: |lab| {
        let input = json!({
            "VpcId": lab.vpc(), "CidrBlock": "10.1.0.0/16", "AmazonProvidedIpv6CidrBlock": true,
        });
        lab.no("AssociateVpcCidrBlock", input)
    };
    VPC_BLOCK_CONFLICT: |lab| {
        let input = json!({ "VpcId": lab.vpc(), "CidrBlock": "10.0.128.0/24" });
        lab.no("AssociateVpcCidrBlock", input)
    };
    VPC_BLOCK_LIMIT: |lab| {
        lab.change(|state| state.limits.cidr_blocks_per_vpc = 1);
        let input = json!({ "VpcId": lab.vpc(), "CidrBlock": "10.1.0.0/16" });
        lab.no("AssociateVpcCidrBlock", input)
    };
    VPC_BLOCK_NOT_FOUND: |lab| {
        let id = "vpc-cidr-assoc-00000000000000000";
        lab.no("DisassociateVpcCidrBlock", json!({ "AssociationId": id }))
    };
    VPC_BLOCK_FIRST: |lab| {
        let answer = lab.ok("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        let id = &answer["Vpc"]["CidrBlockAssociationSet"][0]["AssociationId"];
        lab.no("DisassociateVpcCidrBlock", json!({ "AssociationId": id }))
    };
    VPC_BLOCK_IN_USE: |lab| {
        let vpc = lab.vpc();
        let input = json!({ "VpcId": vpc, "CidrBlock": "10.1.0.0/16" });
        let answer = lab.ok("AssociateVpcCidrBlock", input);
        lab.subnet(&vpc, "10.1.2.0/24");
        let id = &answer["CidrBlockAssociation"]["AssociationId"];
        lab.no("DisassociateVpcCidrBlock", json!({ "AssociationId": id }))
    };

    SUBNET_WITHOUT_BLOCK: |lab| subnet(&lab, json!({ "CidrBlock": null }));
    SUBNET_RANGE: |lab| subnet(&lab, json!({ "CidrBlock": "10.1.0.0/24" }));
    SUBNET_CONFLICT: |lab| {
        let vpc = lab.vpc();
        lab.subnet(&vpc, "10.0.0.0/24");
        lab.no("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.0.128/25" }))
    };
    SUBNET_ZONE: |lab| subnet(&lab, json!({ "AvailabilityZone": "eu-west-1z" }));
    ZONE_TWICE: |lab| {
        let input = json!({
            "AvailabilityZone": "eu-west-1a", "AvailabilityZoneId": "euw1-az1",
        });
        subnet(&lab, input)
    };
    SUBNET_LIMIT: |lab| {
        lab.change(|state| state.limits.subnets_per_vpc = 0);
        subnet(&lab, json!({}))
    };
    SUBNET_IN_USE: |lab| {
        let subnet = lab.subnet(&lab.vpc(), "10.0.0.0/24");
        lab.interface(&subnet);
        lab.no("DeleteSubnet", json!({ "SubnetId": subnet }))
    };
    SUBNET_WITHOUT_IPV6: |lab| {
        let subnet = lab.subnet(&lab.vpc(), "10.0.0.0/24");
        let on = json!({ "Value": true });
        let input = json!({ "SubnetId": subnet, "AssignIpv6AddressOnCreation": on });
        lab.no("ModifySubnetAttribute", input)
    };
    SUBNET_SECOND_IPV6: |lab| {
        let (vpc, block) = with_ipv6(&lab);
        let subnet = lab.subnet(&vpc, "10.0.0.0/24");
        let input = |number: u8| {
            json!({ "SubnetId": subnet, "Ipv6CidrBlock": nth_64(&block, number) })
        };
        lab.ok("AssociateSubnetCidrBlock", input(1));
        lab.no("AssociateSubnetCidrBlock", input(2))
    };
    SUBNET_BLOCK_NOT_FOUND: |lab| {
        let id = "subnet-cidr-assoc-00000000000000000";
        lab.no("DisassociateSubnetCidrBlock", json!({ "AssociationId": id }))
    };
    SUBNET_BLOCK_IN_USE: |lab| {
        let (vpc, block) = with_ipv6(&lab);
        let subnet = lab.subnet(&vpc, "10.0.0.0/24");
        let block = nth_64(&block, 1);
        let input = json!({ "SubnetId": subnet, "Ipv6CidrBlock": block });
        let answer = lab.ok("AssociateSubnetCidrBlock", input);
        lab.interface(&subnet);
        let address: ipnet::Ipv6Net = block.parse().unwrap();
        lab.change(|state| {
            for interface in state.network_interfaces.values_mut() {
                interface.ipv6_addresses.push(address.network());
            }
        });
        let id = &answer["Ipv6CidrBlockAssociation"]["AssociationId"];
        lab.no("DisassociateSubnetCidrBlock", json!({ "AssociationId": id }))
    };

    INTERNET_GATEWAY_LIMIT: |lab| {
        lab.change(|state| state.limits.internet_gateways = 0);
        lab.no("CreateInternetGateway", json!({}))
    };
    INTERNET_GATEWAY_TAKEN: |lab| {
        let gateway = lab.attached(&lab.vpc());
        let input = json!({ "InternetGatewayId": gateway, "VpcId": lab.vpc() });
        lab.no("AttachInternetGateway", input)
    };
    VPC_HAS_INTERNET_GATEWAY: |lab| {
        let vpc = lab.vpc();
        lab.attached(&vpc);
        let input = json!({ "InternetGatewayId": lab.gateway(), "VpcId": vpc });
        lab.no("AttachInternetGateway", input)
    };
    INTERNET_GATEWAY_NOT_ATTACHED: |lab| {
        let input = json!({ "InternetGatewayId": lab.gateway(), "VpcId": lab.vpc() });
        lab.no("DetachInternetGateway", input)
    };
    PUBLIC_ADDRESSES: |lab| {
        let vpc = lab.vpc();
        let gateway = lab.attached(&vpc);
        let interface = lab.interface(&lab.subnet(&vpc, "10.0.0.0/24"));
        let input =
            json!({ "NetworkInterfaceId": interface, "AssociatePublicIpAddress": true });
        lab.ok("ModifyNetworkInterfaceAttribute", input);
        lab.no("DetachInternetGateway", json!({ "InternetGatewayId": gateway, "VpcId": vpc }))
    };
    INTERNET_GATEWAY_IN_USE: |lab| {
        let gateway = lab.attached(&lab.vpc());
        lab.no("DeleteInternetGateway", json!({ "InternetGatewayId": gateway }))
    };

    ROUTE_TABLE_LIMIT: |lab| {
        lab.change(|state| state.limits.route_tables_per_vpc = 1);
        lab.no("CreateRouteTable", json!({ "VpcId": lab.vpc() }))
    };
    ROUTE_TABLE_IN_USE: |lab| {
        let vpc = lab.vpc();
        let table = lab.table(&vpc);
        lab.associate(&table, &lab.subnet(&vpc, "10.0.0.0/24"));
        lab.no("DeleteRouteTable", json!({ "RouteTableId": table }))
    };
    ROUTE_WITHOUT_DESTINATION: |lab| route(&lab, json!({}));
    ROUTE_DESTINATIONS: |lab| {
        let both = json!({
            "DestinationCidrBlock": "0.0.0.0/0", "DestinationIpv6CidrBlock": "::/0",
        });
        route(&lab, both)
    };
    ROUTE_WITHOUT_TARGET: |lab| {
        route(&lab, json!({ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": null }))
    };
    ROUTE_TARGETS: |lab| {
        let interface = lab.interface(&lab.subnet(&lab.vpc(), "10.0.0.0/24"));
        let input = json!({
            "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": interface,
        });
        route(&lab, input)
    };
    ROUTE_OTHER_NETWORK: |lab| {
        let input = json!({ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": lab.gateway() });
        route(&lab, input)
    };
    ROUTE_INSIDE_VPC: |lab| route(&lab, json!({ "DestinationCidrBlock": "10.0.3.0/24" }));
    ROUTE_EXISTS: |lab| {
        let vpc = lab.vpc();
        let input = json!({
            "RouteTableId": lab.table(&vpc),
            "GatewayId": lab.attached(&vpc),
            "DestinationCidrBlock": "0.0.0.0/0",
        });
        lab.ok("CreateRoute", input.clone());
        lab.no("CreateRoute", input)
    };
    ROUTE_LIMIT: |lab| {
        lab.change(|state| state.limits.routes_per_table = 0);
        route(&lab, json!({ "DestinationCidrBlock": "0.0.0.0/0" }))
    };
    ROUTE_TO_REPLACE: |lab| {
        let vpc = lab.vpc();
        let input = json!({
            "RouteTableId": lab.table(&vpc),
            "GatewayId": lab.attached(&vpc),
            "DestinationCidrBlock": "0.0.0.0/0",
        });
        lab.no("ReplaceRoute", input)
    };
    ROUTE_LOCAL: |lab| {
        let table = lab.table(&lab.vpc());
        let input = json!({ "RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/16" });
        lab.no("DeleteRoute", input)
    };
    ROUTE_NOT_FOUND: |lab| {
        let table = lab.table(&lab.vpc());
        let input = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0" });
        lab.no("DeleteRoute", input)
    };
    ASSOCIATION_NONE: |lab| {
        lab.no("AssociateRouteTable", json!({ "RouteTableId": lab.table(&lab.vpc()) }))
    };
    ASSOCIATION_BOTH: |lab| {
        let vpc = lab.vpc();
        let input = json!({
            "RouteTableId": lab.table(&vpc),
            "SubnetId": lab.subnet(&vpc, "10.0.0.0/24"),
            "GatewayId": lab.attached(&vpc),
        });
        lab.no("AssociateRouteTable", input)
    };
    ASSOCIATION_CONFLICT: |lab| {
        let vpc = lab.vpc();
        let subnet = lab.subnet(&vpc, "10.0.0.0/24");
        lab.associate(&lab.table(&vpc), &subnet);
        let input = json!({ "RouteTableId": lab.table(&vpc), "SubnetId": subnet });
        lab.no("AssociateRouteTable", input)
    };
    ASSOCIATION_NOT_FOUND: |lab| {
        let id = "rtbassoc-00000000000000000";
        lab.no("DisassociateRouteTable", json!({ "AssociationId": id }))
    };
    ASSOCIATION_MAIN: |lab| {
        let (_, association) = lab.main_table(&lab.vpc());
        lab.no("DisassociateRouteTable", json!({ "AssociationId": association }))
    };

    INTERFACE_LIMIT: |lab| {
        lab.change(|state| state.limits.network_interfaces = 0);
        interface(&lab, json!({}))
    };
    INTERFACE_GROUP_LIMIT: |lab| {
        lab.change(|state| state.limits.security_groups_per_interface = 1);
        let vpc = lab.vpc();
        let input = json!({
            "SubnetId": lab.subnet(&vpc, "10.0.0.0/24"),
            "Groups": [lab.group(&vpc, "one"), lab.group(&vpc, "other")],
        });
        lab.no("CreateNetworkInterface", input)
    };
    INTERFACE_IN_USE: |lab| {
        let interface = lab.interface(&lab.subnet(&lab.vpc(), "10.0.0.0/24"));
        lab.change(|state| super::states::hold(state, "i-00000000000000000"));
        lab.no("DeleteNetworkInterface", json!({ "NetworkInterfaceId": interface }))
    };
    ADDRESS_MALFORMED: |lab| interface(&lab, json!({ "PrivateIpAddress": "10.0.0" }));
    ADDRESS_OUTSIDE: |lab| interface(&lab, json!({ "PrivateIpAddress": "10.0.0.3" }));
    ADDRESS_TAKEN: |lab| {
        let subnet = lab.subnet(&lab.vpc(), "10.0.0.0/24");
        let input = json!({ "SubnetId": subnet, "PrivateIpAddress": "10.0.0.9" });
        lab.ok("CreateNetworkInterface", input.clone());
        lab.no("CreateNetworkInterface", input)
    };
    SUBNET_FULL: |lab| {
        let subnet = lab.subnet(&lab.vpc(), "10.0.0.0/28");
        for _ in 0..11 {
            lab.interface(&subnet);
        }
        lab.no("CreateNetworkInterface", json!({ "SubnetId": subnet }))
    };

    ZONE_UNKNOWN: |lab| {
        lab.no("DescribeAvailabilityZones", json!({ "ZoneNames": ["eu-west-2a"] }))
    };
    REGION_UNKNOWN: |lab| lab.no("DescribeRegions", json!({ "RegionNames": ["eu-nowhere-1"] }));
}

/// Makes a VPC with an IPv6 block and returns both.
pub(super) fn with_ipv6(lab: &Lab) -> (String, String) {
    let input = json!({ "CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": true });
    let answer = lab.ok("CreateVpc", input);
    let text = |path: &str| answer.pointer(path).and_then(Value::as_str).unwrap().to_owned();
    (text("/Vpc/VpcId"), text("/Vpc/Ipv6CidrBlockAssociationSet/0/Ipv6CidrBlock"))
}

/// Returns a /64 of a /56 by its number.
pub(super) fn nth_64(block: &str, number: u8) -> String {
    let block: ipnet::Ipv6Net = block.parse().unwrap();
    block.subnets(64).unwrap().nth(usize::from(number)).unwrap().to_string()
}
