//! Launch templates, instances and images.

use serde_json::{Value, json};

use super::Lab;
use crate::services::ec2::image;

fn template(lab: &Lab, data: Value) -> String {
    let input = json!({ "LaunchTemplateName": "web", "LaunchTemplateData": data });
    lab.text("CreateLaunchTemplate", input, "/LaunchTemplate/LaunchTemplateId")
}

fn version(lab: &Lab, id: &str, input: Value) -> Value {
    let mut whole = json!({ "LaunchTemplateId": id });
    whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    lab.ok("CreateLaunchTemplateVersion", whole)["LaunchTemplateVersion"].clone()
}

#[test]
fn a_source_version_is_laid_under_the_new_one() {
    let lab = Lab::new();
    let id = template(&lab, json!({ "InstanceType": "t3.micro", "ImageId": "ami-1" }));
    let whole = json!({ "LaunchTemplateData": { "InstanceType": "t3.small" } });
    let second = version(&lab, &id, whole.clone());
    assert_eq!(second["LaunchTemplateData"], json!({ "InstanceType": "t3.small" }));
    let mut merged = whole;
    merged["SourceVersion"] = "1".into();
    let third = version(&lab, &id, merged);
    assert_eq!(third["VersionNumber"], 3);
    let data = json!({ "InstanceType": "t3.small", "ImageId": "ami-1" });
    assert_eq!(third["LaunchTemplateData"], data);
    assert_eq!(third["DefaultVersion"], false);
    lab.ok("ModifyLaunchTemplate", json!({ "LaunchTemplateName": "web", "DefaultVersion": "3" }));
    let all = json!({ "Versions": ["$Default", "$Latest"] });
    let found = lab.ok("DescribeLaunchTemplateVersions", all);
    let found = found["LaunchTemplateVersions"].as_array().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["VersionNumber"], 3);
    let both = json!({ "LaunchTemplateId": id, "Versions": ["1", "3"] });
    let left = lab.ok("DeleteLaunchTemplateVersions", both);
    assert_eq!(left["SuccessfullyDeletedLaunchTemplateVersions"][0]["VersionNumber"], 1);
    assert_eq!(left["UnsuccessfullyDeletedLaunchTemplateVersions"][0]["VersionNumber"], 3);
}

#[test]
fn a_version_is_made_once_for_a_token() {
    let lab = Lab::new();
    let id = template(&lab, json!({}));
    let input = json!({
        "ClientToken": "once", "LaunchTemplateData": { "InstanceType": "t3.small" },
    });
    assert_eq!(version(&lab, &id, input.clone())["VersionNumber"], 2);
    assert_eq!(version(&lab, &id, input.clone())["VersionNumber"], 2);
    let mut other = input;
    other["LaunchTemplateId"] = id.into();
    other["LaunchTemplateData"] = json!({ "InstanceType": "t3.large" });
    assert_eq!(lab.no("CreateLaunchTemplateVersion", other).code, "IdempotentParameterMismatch");
}

#[test]
fn an_instance_holds_its_place_in_the_network_until_it_is_terminated() {
    let lab = Lab::slow();
    let vpc = lab.vpc();
    lab.attached(&vpc);
    lab.skip(10);
    let subnet = lab.subnet(&vpc, "10.0.0.0/24");
    lab.skip(10);
    let public = json!({ "SubnetId": subnet, "MapPublicIpOnLaunch": { "Value": true } });
    lab.ok("ModifySubnetAttribute", public);
    let group = lab.group(&vpc, "web");
    let data = json!({
        "ImageId": image::ecs_optimized("eu-west-1", "arm64").unwrap().id,
        "InstanceType": "t4g.micro",
        "SecurityGroupIds": [group],
    });
    template(&lab, data);
    let input = json!({
        "LaunchTemplate": { "LaunchTemplateName": "web" }, "SubnetId": subnet, "MinCount": 1,
        "MaxCount": 1,
    });
    let id = lab.text("RunInstances", input, "/Instances/0/InstanceId");
    lab.skip(25);
    let shown = lab.ok("DescribeInstances", json!({ "InstanceIds": [id] }));
    let shown = &shown["Reservations"][0]["Instances"][0];
    assert_eq!(shown["State"]["Name"], "running");
    assert_eq!(shown["SubnetId"], subnet.as_str());
    assert!(shown["PublicIpAddress"].is_string());
    assert_eq!(shown["SecurityGroups"][0]["GroupId"], group.as_str());
    assert_eq!(
        lab.no("DeleteSecurityGroup", json!({ "GroupId": group })).code,
        "DependencyViolation"
    );
    let gateways = lab.ok("DescribeInternetGateways", json!({}));
    let gateway = &gateways["InternetGateways"][0]["InternetGatewayId"];
    let detach = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
    assert_eq!(lab.no("DetachInternetGateway", detach.clone()).code, "DependencyViolation");
    // Its template may go: it is read at a launch only.
    lab.ok("DeleteLaunchTemplate", json!({ "LaunchTemplateName": "web" }));
    lab.ok("TerminateInstances", json!({ "InstanceIds": [id] }));
    assert_eq!(lab.no("DeleteSubnet", json!({ "SubnetId": subnet })).code, "DependencyViolation");
    lab.skip(46);
    lab.ok("DetachInternetGateway", detach);
    lab.ok("DeleteSecurityGroup", json!({ "GroupId": group }));
    lab.ok("DeleteSubnet", json!({ "SubnetId": subnet }));
    let shown = lab.ok("DescribeInstances", json!({ "InstanceIds": [id] }));
    let shown = &shown["Reservations"][0]["Instances"][0];
    assert_eq!((&shown["State"]["Name"], &shown["SubnetId"]), (&json!("terminated"), &Value::Null));
}

#[test]
fn images_are_found_by_name_and_have_ids_of_their_region() {
    let lab = Lab::new();
    let filters = json!([
        { "Name": "name", "Values": ["al2023-ami-ecs-hvm-*"] },
        { "Name": "architecture", "Values": ["x86_64"] },
    ]);
    let found = lab.ok("DescribeImages", json!({ "Owners": ["amazon"], "Filters": filters }));
    assert_eq!(found["Images"].as_array().unwrap().len(), 2);
    let here = image::ecs_optimized("eu-west-1", "x86_64").unwrap();
    assert!(here.name.contains("20250910"));
    assert_ne!(here.id, image::ecs_optimized("us-east-1", "x86_64").unwrap().id);
    let types = lab.ok("DescribeInstanceTypes", json!({ "InstanceTypes": ["m5.large"] }));
    assert_eq!(types["InstanceTypes"][0]["MemoryInfo"]["SizeInMiB"], 8192);
}
