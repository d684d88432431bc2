//! Filters, ids, pages and tags.

use serde_json::{Value, json};

use super::Lab;

/// Returns the ids of subnets that match filters.
fn subnets(lab: &Lab, filters: &[(&str, &[&str])]) -> Vec<String> {
    let filters: Vec<Value> =
        filters.iter().map(|(name, values)| json!({ "Name": name, "Values": values })).collect();
    let answer = lab.ok("DescribeSubnets", json!({ "Filters": filters }));
    let subnets = answer["Subnets"].as_array().unwrap();
    subnets.iter().map(|subnet| subnet["CidrBlock"].as_str().unwrap().to_owned()).collect()
}

fn tagged_subnet(lab: &Lab, vpc: &str, block: &str, tags: &[(&str, &str)]) -> String {
    let tags: Vec<Value> =
        tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let specification = json!([{ "ResourceType": "subnet", "Tags": tags }]);
    let input = json!({ "VpcId": vpc, "CidrBlock": block, "TagSpecifications": specification });
    lab.text("CreateSubnet", input, "/Subnet/SubnetId")
}

#[test]
fn filters_are_all_met_by_any_of_their_values() {
    let lab = Lab::new();
    let (vpc, other) = (lab.vpc(), lab.vpc());
    tagged_subnet(&lab, &vpc, "10.0.0.0/24", &[("Name", "web-a"), ("team", "x")]);
    tagged_subnet(&lab, &vpc, "10.0.1.0/24", &[("Name", "web-b")]);
    tagged_subnet(&lab, &other, "10.0.2.0/24", &[("Name", "db-a")]);
    let mut both = subnets(&lab, &[("tag:Name", &["web-*"])]);
    both.sort();
    assert_eq!(both, ["10.0.0.0/24", "10.0.1.0/24"]);
    assert_eq!(subnets(&lab, &[("tag:Name", &["*-a"]), ("vpc-id", &[&vpc])]), ["10.0.0.0/24"]);
    assert_eq!(subnets(&lab, &[("tag-key", &["team"])]), ["10.0.0.0/24"]);
    assert_eq!(subnets(&lab, &[("tag:name", &["web-a"])]), Vec::<String>::new());
    assert_eq!(subnets(&lab, &[("cidr-block", &["10.0.2.0/24"])]), ["10.0.2.0/24"]);
    assert_eq!(subnets(&lab, &[("availability-zone", &["eu-west-1?"])]).len(), 3);
    assert_eq!(subnets(&lab, &[("state", &["pending"])]), Vec::<String>::new());
}

#[test]
fn pages_hold_everything_once_and_route_tables_come_by_a_hundred_at_most() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    for number in 0..12 {
        lab.subnet(&vpc, &format!("10.0.{number}.0/24"));
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    let mut sizes = Vec::new();
    loop {
        let mut input = json!({ "MaxResults": 5 });
        if !token.is_null() {
            input["NextToken"] = token;
        }
        let answer = lab.ok("DescribeSubnets", input);
        let page = answer["Subnets"].as_array().unwrap();
        sizes.push(page.len());
        seen.extend(page.iter().map(|subnet| subnet["SubnetId"].clone().to_string()));
        token = answer.get("NextToken").cloned().unwrap_or_default();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(sizes, [5, 5, 2]);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 12);
    let refusal = lab.no("DescribeRouteTables", json!({ "MaxResults": 101 }));
    assert_eq!(refusal.code, "InvalidParameterValue");
    lab.ok("DescribeRouteTables", json!({ "MaxResults": 100 }));
}

#[test]
fn unknown_ids_refuse_the_whole_listing() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let input = json!({ "VpcIds": [vpc, "vpc-00000000000000000"] });
    assert_eq!(lab.no("DescribeVpcs", input).code, "InvalidVpcID.NotFound");
}

#[test]
fn tags_come_go_and_are_listed_for_every_type() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (gateway, table, group) = (lab.gateway(), lab.table(&vpc), lab.group(&vpc, "web"));
    let rule = lab.rule(&group, super::from_v4("10.0.0.0/8"));
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    let interface = lab.interface(&subnet);
    let resources = [&vpc, &gateway, &table, &group, &rule, &subnet, &interface];
    let tags = json!([{ "Key": "infra:resource", "Value": "x.y/z" }, { "Key": "b", "Value": "" }]);
    lab.ok("CreateTags", json!({ "Resources": resources, "Tags": tags }));
    let listed = |filters: Value| {
        let answer = lab.ok("DescribeTags", json!({ "Filters": filters }));
        answer["Tags"].as_array().unwrap().clone()
    };
    assert_eq!(listed(json!([])).len(), 14);
    let rules = listed(json!([{ "Name": "resource-type", "Values": ["security-group-rule"] }]));
    assert_eq!(rules[0]["ResourceId"], json!(rule));
    assert_eq!(listed(json!([{ "Name": "tag:b", "Values": [""] }])).len(), 7);

    // A wrong value keeps the tag, no value takes it whatever it is, no tags takes them all.
    let delete = |tags: Value| {
        lab.ok("DeleteTags", json!({ "Resources": [vpc], "Tags": tags }));
        listed(json!([{ "Name": "resource-id", "Values": [vpc] }])).len()
    };
    assert_eq!(delete(json!([{ "Key": "infra:resource", "Value": "else" }])), 2);
    assert_eq!(delete(json!([{ "Key": "infra:resource" }])), 1);
    lab.ok("DeleteTags", json!({ "Resources": [gateway] }));
    assert_eq!(listed(json!([{ "Name": "resource-id", "Values": [gateway] }])).len(), 0);

    // What is gone has no tags.
    lab.ok("DeleteNetworkInterface", json!({ "NetworkInterfaceId": interface }));
    lab.ok("DeleteSecurityGroup", json!({ "GroupId": group }));
    assert_eq!(
        listed(json!([{ "Name": "resource-id", "Values": [interface, group, rule] }])),
        Vec::<Value>::new()
    );
}

#[test]
fn one_wrong_resource_keeps_every_tag_away() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let input = json!({
        "Resources": [vpc, "subnet-00000000000000000"], "Tags": [{ "Key": "a", "Value": "1" }],
    });
    assert_eq!(lab.no("CreateTags", input).code, "InvalidSubnetID.NotFound");
    assert_eq!(lab.ok("DescribeTags", json!({}))["Tags"], json!([]));
}

#[test]
fn regions_have_their_zones() {
    let lab = Lab::new();
    let zones = lab.ok("DescribeAvailabilityZones", json!({}));
    let names: Vec<&str> = zones["AvailabilityZones"]
        .as_array()
        .unwrap()
        .iter()
        .map(|zone| zone["ZoneName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
    assert_eq!(zones["AvailabilityZones"][0]["ZoneId"], "euw1-az1");
    let input = json!({ "Filters": [{ "Name": "zone-id", "Values": ["euw1-az2"] }] });
    let found = lab.ok("DescribeAvailabilityZones", input);
    assert_eq!(found["AvailabilityZones"][0]["ZoneName"], "eu-west-1b");

    let regions = lab.ok("DescribeRegions", json!({}));
    let count = |answer: &Value| answer["Regions"].as_array().unwrap().len();
    let all = lab.ok("DescribeRegions", json!({ "AllRegions": true }));
    assert!(count(&all) > count(&regions) && count(&regions) > 10);
    let china = lab.sandbox.call_in("cn-north-1", "ec2", "DescribeRegions", json!({})).unwrap();
    assert_eq!(china["Regions"][0]["Endpoint"], "ec2.cn-north-1.amazonaws.com.cn");
}
