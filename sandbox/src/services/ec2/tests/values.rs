//! Values that AWS fills in, derives or changes.

use serde_json::{Value, json};

use super::Lab;
use super::refusals::{nth_64, with_ipv6};

#[test]
fn a_vpc_comes_with_its_route_table_group_and_acl() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let of_vpc = json!({ "Filters": [{ "Name": "vpc-id", "Values": [vpc] }] });
    let tables = lab.ok("DescribeRouteTables", of_vpc.clone());
    let routes = json!([{
        "DestinationCidrBlock": "10.0.0.0/16",
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }]);
    assert_eq!(tables["RouteTables"][0]["Routes"], routes);
    assert_eq!(tables["RouteTables"][0]["Associations"][0]["Main"], true);
    let groups = lab.ok("DescribeSecurityGroups", of_vpc.clone());
    let group = &groups["SecurityGroups"][0];
    assert_eq!(group["Description"], "default VPC security group");
    assert_eq!(group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"], group["GroupId"]);
    let acls = lab.ok("DescribeNetworkAcls", of_vpc);
    assert_eq!(acls["NetworkAcls"][0]["IsDefault"], true);
    assert_eq!(acls["NetworkAcls"][0]["Entries"].as_array().unwrap().len(), 4);
}

#[test]
fn vpc_attributes_have_aws_s_defaults() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let attribute = |name: &str| {
        let answer = lab.ok("DescribeVpcAttribute", json!({ "VpcId": vpc, "Attribute": name }));
        let member = format!("E{}", &name[1..]);
        answer[&member]["Value"].clone()
    };
    assert_eq!(attribute("enableDnsSupport"), true);
    assert_eq!(attribute("enableDnsHostnames"), false);
    let on = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } });
    lab.ok("ModifyVpcAttribute", on);
    assert_eq!(attribute("enableDnsHostnames"), true);
}

#[test]
fn host_bits_of_blocks_are_dropped() {
    let lab = Lab::new();
    let answer = lab.ok("CreateVpc", json!({ "CidrBlock": "10.3.7.9/16" }));
    assert_eq!(answer["Vpc"]["CidrBlock"], "10.3.0.0/16");
    let input = json!({ "VpcId": answer["Vpc"]["VpcId"], "CidrBlock": "10.3.1.77/24" });
    assert_eq!(lab.ok("CreateSubnet", input)["Subnet"]["CidrBlock"], "10.3.1.0/24");
}

#[test]
fn subnets_have_the_right_sizes_and_count_their_addresses() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    for block in ["10.0.0.0/15", "10.0.0.0/29"] {
        let refusal = lab.no("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": block }));
        assert_eq!(refusal.code, "InvalidSubnet.Range", "{block}");
    }
    let subnet = lab.subnet(&vpc, "10.0.0.0/28");
    let free = || {
        let answer = lab.ok("DescribeSubnets", json!({ "SubnetIds": [subnet] }));
        answer["Subnets"][0]["AvailableIpAddressCount"].clone()
    };
    assert_eq!(free(), 11);
    let interface = lab.interface(&subnet);
    assert_eq!(free(), 10);
    let answer = lab.ok("DescribeNetworkInterfaces", json!({ "NetworkInterfaceIds": [interface] }));
    assert_eq!(answer["NetworkInterfaces"][0]["PrivateIpAddress"], "10.0.0.4");
    assert_eq!(answer["NetworkInterfaces"][0]["Status"], "available");
}

#[test]
fn a_vpc_s_second_block_takes_subnets_and_has_a_local_route() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let input = json!({ "VpcId": vpc, "CidrBlock": "10.1.0.0/16" });
    let association = lab.ok("AssociateVpcCidrBlock", input);
    let state = &association["CidrBlockAssociation"]["CidrBlockState"]["State"];
    assert_eq!(state, "associating");
    let subnet = lab.subnet(&vpc, "10.1.0.0/24");
    let (main, _) = lab.main_table(&vpc);
    let tables = lab.ok("DescribeRouteTables", json!({ "RouteTableIds": [main] }));
    assert_eq!(tables["RouteTables"][0]["Routes"][1]["DestinationCidrBlock"], "10.1.0.0/16");
    lab.ok("DeleteSubnet", json!({ "SubnetId": subnet }));
    let id = &association["CidrBlockAssociation"]["AssociationId"];
    lab.ok("DisassociateVpcCidrBlock", json!({ "AssociationId": id }));
}

#[test]
fn ipv6_blocks_of_subnets_lie_in_the_vpc_s_and_apart() {
    let lab = Lab::new();
    let (vpc, block) = with_ipv6(&lab);
    assert!(block.ends_with("/56"), "{block}");
    let create = |block: &str, ipv6: &str| json!({ "VpcId": vpc, "CidrBlock": block, "Ipv6CidrBlock": ipv6 });
    let answer = lab.ok("CreateSubnet", create("10.0.0.0/24", &nth_64(&block, 0)));
    let subnet = answer["Subnet"]["SubnetId"].clone();
    let set = &answer["Subnet"]["Ipv6CidrBlockAssociationSet"];
    assert_eq!(set[0]["Ipv6CidrBlock"], json!(nth_64(&block, 0)));
    let again = lab.no("CreateSubnet", create("10.0.1.0/24", &nth_64(&block, 0)));
    assert_eq!(again.code, "InvalidSubnet.Conflict");
    let outside = lab.no("CreateSubnet", create("10.0.1.0/24", "2001:db8::/64"));
    assert_eq!(outside.code, "InvalidSubnet.Range");
    let long =
        lab.no("CreateSubnet", create("10.0.1.0/24", &nth_64(&block, 1).replace("/64", "/65")));
    assert_eq!(long.code, "InvalidSubnet.Range");

    let on = json!({ "SubnetId": subnet, "AssignIpv6AddressOnCreation": { "Value": true } });
    lab.ok("ModifySubnetAttribute", on);
    let subnet_id = subnet.as_str().unwrap();
    let interface = lab.interface(subnet_id);
    let answer = lab.ok("DescribeNetworkInterfaces", json!({}));
    let address = &answer["NetworkInterfaces"][0]["Ipv6Addresses"][0]["Ipv6Address"];
    let block: ipnet::Ipv6Net = nth_64(&block, 0).parse().unwrap();
    assert!(block.contains(&address.as_str().unwrap().parse::<std::net::Ipv6Addr>().unwrap()));
    lab.ok("DeleteNetworkInterface", json!({ "NetworkInterfaceId": interface }));
    let id = &set[0]["AssociationId"];
    lab.ok("DisassociateSubnetCidrBlock", json!({ "AssociationId": id }));
    let answer = lab.ok("DescribeSubnets", json!({ "SubnetIds": [subnet] }));
    assert_eq!(answer["Subnets"][0]["AssignIpv6AddressOnCreation"], false);
}

#[test]
fn the_account_has_no_default_vpc() {
    let answer = Lab::new().ok("DescribeAccountAttributes", json!({}));
    let values: Vec<_> = answer["AccountAttributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["AttributeName"], &it["AttributeValues"][0]["AttributeValue"]))
        .collect();
    assert_eq!(values[0], (&json!("supported-platforms"), &json!("VPC")));
    assert_eq!(values[1], (&json!("default-vpc"), &json!("none")));
}

#[test]
fn subnets_go_to_a_zone_by_name_or_id() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let zone = |block: &str, extra: Value| {
        let mut input = json!({ "VpcId": vpc, "CidrBlock": block });
        if let (Value::Object(input), Value::Object(extra)) = (&mut input, extra) {
            input.extend(extra);
        }
        let answer = lab.ok("CreateSubnet", input);
        (
            answer["Subnet"]["AvailabilityZone"].clone(),
            answer["Subnet"]["AvailabilityZoneId"].clone(),
        )
    };
    let pair = |name: &str, id: &str| (json!(name), json!(id));
    assert_eq!(zone("10.0.0.0/24", json!({})), pair("eu-west-1a", "euw1-az1"));
    let by_name = json!({ "AvailabilityZone": "eu-west-1c" });
    assert_eq!(zone("10.0.1.0/24", by_name), pair("eu-west-1c", "euw1-az3"));
    let by_id = json!({ "AvailabilityZoneId": "euw1-az2" });
    assert_eq!(zone("10.0.2.0/24", by_id), pair("eu-west-1b", "euw1-az2"));
}

#[test]
fn routes_are_made_replaced_and_shown() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (gateway, table) = (lab.attached(&vpc), lab.table(&vpc));
    let interface = lab.interface(&lab.subnet(&vpc, "10.0.0.0/24"));
    let route = |by: &str, target: &str| json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", by: target });
    lab.ok("CreateRoute", route("GatewayId", &gateway));
    let shown = || {
        let answer = lab.ok("DescribeRouteTables", json!({ "RouteTableIds": [table] }));
        answer["RouteTables"][0]["Routes"][1].clone()
    };
    assert_eq!(shown()["GatewayId"], json!(gateway));
    assert_eq!(shown()["Origin"], "CreateRoute");
    lab.ok("ReplaceRoute", route("NetworkInterfaceId", &interface));
    assert_eq!(shown()["NetworkInterfaceId"], json!(interface));
    assert_eq!(shown()["GatewayId"], Value::Null);
    // Nothing takes traffic at an interface that is attached to nothing.
    assert_eq!(shown()["State"], "blackhole");
    let input = json!({
        "RouteTableId": table, "DestinationIpv6CidrBlock": "::/0", "GatewayId": gateway,
    });
    lab.ok("CreateRoute", input);
    let by_route = json!([{ "Name": "route.destination-ipv6-cidr-block", "Values": ["::/0"] }]);
    let found = lab.ok("DescribeRouteTables", json!({ "Filters": by_route }));
    assert_eq!(found["RouteTables"][0]["RouteTableId"], json!(table));
}

#[test]
fn the_same_association_again_is_answered_with_its_id() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (table, subnet) = (lab.table(&vpc), lab.subnet(&vpc, "10.0.0.0/24"));
    let first = lab.associate(&table, &subnet);
    assert_eq!(first, lab.associate(&table, &subnet));
    let other = lab.table(&vpc);
    let input = json!({ "AssociationId": first, "RouteTableId": other });
    let moved = lab.ok("ReplaceRouteTableAssociation", input)["NewAssociationId"].clone();
    assert_ne!(moved, json!(first));
    let filters = json!([{ "Name": "association.subnet-id", "Values": [subnet] }]);
    let found = lab.ok("DescribeRouteTables", json!({ "Filters": filters }));
    assert_eq!(found["RouteTables"][0]["RouteTableId"], json!(other));
}
