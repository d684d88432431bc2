//! VPC endpoints: their states, what they hold, how they change.

use serde_json::{Value, json};

use super::{Lab, endpoint_input};

fn read(lab: &Lab, id: &str) -> Value {
    lab.ok("DescribeVpcEndpoints", json!({ "VpcEndpointIds": [id] }))["VpcEndpoints"][0].clone()
}

fn delete(lab: &Lab, ids: &[&str]) -> Value {
    lab.ok("DeleteVpcEndpoints", json!({ "VpcEndpointIds": ids }))["Unsuccessful"].clone()
}

/// Makes a VPC with DNS and two subnets in two zones.
fn network(lab: &Lab) -> (String, [String; 2]) {
    let vpc = lab.vpc();
    lab.dns(&vpc);
    let subnet = |block: &str, zone: &str| {
        let input = json!({ "VpcId": vpc, "CidrBlock": block, "AvailabilityZone": zone });
        lab.text("CreateSubnet", input, "/Subnet/SubnetId")
    };
    let subnets = [subnet("10.0.0.0/24", "eu-west-1a"), subnet("10.0.1.0/24", "eu-west-1b")];
    (vpc, subnets)
}

#[test]
fn a_gateway_endpoint_is_a_route_in_its_tables() {
    let lab = Lab::slow();
    let vpc = lab.vpc();
    let (one, other) = (lab.table(&vpc), lab.table(&vpc));
    let id = lab.endpoint(&vpc, "dynamodb", json!({ "RouteTableIds": [one] }));
    let filters = json!([{
        "Name": "prefix-list-name", "Values": ["com.amazonaws.eu-west-1.dynamodb"],
    }]);
    let path = "/PrefixLists/0/PrefixListId";
    let list = lab.text("DescribePrefixLists", json!({ "Filters": filters }), path);
    let routes = |table: &str| {
        let read = lab.ok("DescribeRouteTables", json!({ "RouteTableIds": [table] }));
        let routes = read["RouteTables"][0]["Routes"].as_array().unwrap()[1..].to_vec();
        routes.iter().map(|route| route["GatewayId"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((routes(&one), routes(&other)), (vec![json!(id)], vec![]));
    let taken = json!({
        "RouteTableId": one, "DestinationPrefixListId": list, "GatewayId": lab.attached(&vpc),
    });
    assert_eq!(lab.no("CreateRoute", taken).code, "RouteAlreadyExists");
    let before = read(&lab, &id);
    assert_eq!(
        (&before["State"], &before["VpcEndpointType"]),
        (&json!("pending"), &json!("Gateway"))
    );
    assert_eq!(before["PrivateDnsEnabled"], json!(false));
    lab.skip(5);
    assert_eq!(read(&lab, &id)["State"], json!("available"));
    let moved = json!({
        "VpcEndpointId": id, "AddRouteTableIds": [other], "RemoveRouteTableIds": [one],
    });
    lab.ok("ModifyVpcEndpoint", moved);
    assert_eq!((routes(&one), routes(&other)), (vec![], vec![json!(id)]));
    assert_eq!(lab.no("DeleteVpc", json!({ "VpcId": vpc })).code, "DependencyViolation");
    assert_eq!(delete(&lab, &[&id]), json!([]));
    assert_eq!((routes(&other), read(&lab, &id)["State"].clone()), (vec![], json!("deleting")));
    lab.skip(6);
    let gone = lab.no("DescribeVpcEndpoints", json!({ "VpcEndpointIds": [id] }));
    assert_eq!(gone.code, "InvalidVpcEndpointId.NotFound");
}

#[test]
fn an_interface_endpoint_holds_its_subnets_and_groups_until_it_is_gone() {
    let lab = Lab::slow();
    let (vpc, [a, b]) = network(&lab);
    let group = lab.group(&vpc, "endpoints");
    let more = json!({
        "VpcEndpointType": "Interface", "SubnetIds": [a, b], "SecurityGroupIds": [group],
        "PrivateDnsEnabled": true,
    });
    let id = lab.endpoint(&vpc, "ecr.dkr", more.clone());
    let made = read(&lab, &id);
    assert_eq!(made["State"], json!("pending"));
    assert_eq!(made["NetworkInterfaceIds"].as_array().unwrap().len(), 2);
    let names: Vec<&str> = made["DnsEntries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["DnsName"].as_str())
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[0].ends_with(".dkr.ecr.eu-west-1.vpce.amazonaws.com"), "{names:?}");
    assert_eq!(names[3], "*.dkr.ecr.eu-west-1.amazonaws.com");
    let interfaces = lab.ok("DescribeNetworkInterfaces", json!({}));
    let interface = &interfaces["NetworkInterfaces"][0];
    assert_eq!(interface["Description"], json!(format!("VPC Endpoint Interface {id}")));
    assert_eq!(interface["InterfaceType"], json!("vpc_endpoint"));
    assert_eq!(interface["Groups"][0]["GroupId"], json!(group));
    assert_eq!(interface["RequesterManaged"], json!(true));
    lab.skip(120);
    assert_eq!(read(&lab, &id)["State"], json!("available"));

    assert_eq!(delete(&lab, &[&id]), json!([]));
    let busy = |operation: &str, input: Value| lab.no(operation, input).code;
    lab.skip(60);
    assert_eq!(read(&lab, &id)["State"], json!("deleting"));
    assert_eq!(busy("DeleteSubnet", json!({ "SubnetId": a })), "DependencyViolation");
    assert_eq!(busy("DeleteSecurityGroup", json!({ "GroupId": group })), "DependencyViolation");
    // One that is still being deleted keeps its names.
    let again = busy("CreateVpcEndpoint", endpoint_input(&vpc, "ecr.dkr", more));
    assert_eq!(again, "InvalidParameter");
    lab.skip(61);
    for subnet in [a, b] {
        lab.ok("DeleteSubnet", json!({ "SubnetId": subnet }));
    }
    lab.ok("DeleteSecurityGroup", json!({ "GroupId": group }));
    lab.ok("DeleteVpc", json!({ "VpcId": vpc }));
}

#[test]
fn an_endpoint_changes_its_subnets_groups_policy_and_names_in_place() {
    let lab = Lab::slow();
    let (vpc, [a, b]) = network(&lab);
    let (one, other) = (lab.group(&vpc, "one"), lab.group(&vpc, "other"));
    let more = json!({
        "VpcEndpointType": "Interface", "SubnetIds": [a], "SecurityGroupIds": [one],
    });
    let id = lab.endpoint(&vpc, "logs", more);
    assert_eq!(read(&lab, &id)["PrivateDnsEnabled"], json!(true), "AWS's own default");
    lab.skip(120);
    let policy = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let input = json!({
        "VpcEndpointId": id, "AddSubnetIds": [b], "RemoveSubnetIds": [a],
        "AddSecurityGroupIds": [other], "RemoveSecurityGroupIds": [one],
        "PolicyDocument": policy, "PrivateDnsEnabled": false,
    });
    lab.ok("ModifyVpcEndpoint", input);
    let now = read(&lab, &id);
    assert_eq!(now["State"], json!("pending"));
    assert_eq!((&now["SubnetIds"], &now["PrivateDnsEnabled"]), (&json!([b]), &json!(false)));
    assert_eq!(now["Groups"], json!([{ "GroupId": other, "GroupName": "other" }]));
    assert_eq!(now["PolicyDocument"], json!(policy));
    lab.ok("DeleteSecurityGroup", json!({ "GroupId": one }));
    assert_eq!(lab.no("DeleteSubnet", json!({ "SubnetId": a })).code, "DependencyViolation");
    lab.skip(61);
    lab.ok("DeleteSubnet", json!({ "SubnetId": a }));
    assert_eq!(read(&lab, &id)["State"], json!("available"));
    lab.ok("ModifyVpcEndpoint", json!({ "VpcEndpointId": id, "ResetPolicy": true }));
    assert!(read(&lab, &id)["PolicyDocument"].as_str().unwrap().contains("Allow"));
}

#[test]
fn endpoints_are_deleted_in_batches_and_those_that_stay_are_told() {
    let lab = Lab::new();
    let (vpc, _) = network(&lab);
    let (s3, tables) =
        (lab.endpoint(&vpc, "s3", json!({})), lab.endpoint(&vpc, "dynamodb", json!({})));
    let unknown = "vpce-00000000000000000";
    let left = delete(&lab, &[&s3, unknown, &tables]);
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["ResourceId"], json!(unknown));
    assert_eq!(left[0]["Error"]["Code"], json!("InvalidVpcEndpointId.NotFound"));
    assert_eq!(lab.ok("DescribeVpcEndpoints", json!({}))["VpcEndpoints"], json!([]));
}

#[test]
fn endpoints_of_one_token_are_one() {
    let lab = Lab::new();
    let input = endpoint_input(&lab.vpc(), "s3", json!({ "ClientToken": "once" }));
    let first = lab.text("CreateVpcEndpoint", input.clone(), "/VpcEndpoint/VpcEndpointId");
    assert_eq!(lab.text("CreateVpcEndpoint", input, "/VpcEndpoint/VpcEndpointId"), first);
}

#[test]
fn services_are_listed_by_name_and_type() {
    let lab = Lab::new();
    let filters = json!([{ "Name": "service-type", "Values": ["Gateway"] }]);
    let found = lab.ok("DescribeVpcEndpointServices", json!({ "Filters": filters }));
    let names = ["com.amazonaws.eu-west-1.dynamodb", "com.amazonaws.eu-west-1.s3"];
    assert_eq!(found["ServiceNames"], json!(names));
    let one = json!({ "ServiceNames": ["com.amazonaws.eu-west-1.ecr.api"] });
    let found = lab.ok("DescribeVpcEndpointServices", one);
    let found = &found["ServiceDetails"][0];
    assert_eq!(found["PrivateDnsName"], json!("api.ecr.eu-west-1.amazonaws.com"));
    assert_eq!(found["ServiceType"], json!([{ "ServiceType": "Interface" }]));
}
