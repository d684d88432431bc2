//! A case for every rule of launch templates, instances and images.

use serde_json::{Value, json};

use super::Lab;
use super::refusals::refusals;
use crate::rules::Refusal;
use crate::services::ec2::image;

const INSTANCE: &str = "i-00000000000000000";
const TEMPLATE: &str = "lt-00000000000000000";

fn image(architecture: &str) -> String {
    image::ecs_optimized("eu-west-1", architecture).unwrap().id
}

fn template(lab: &Lab) -> String {
    let input = json!({ "LaunchTemplateName": "web", "LaunchTemplateData": {} });
    lab.text("CreateLaunchTemplate", input, "/LaunchTemplate/LaunchTemplateId")
}

/// Runs an instance in a new subnet, with more than an image and a type.
fn run(lab: &Lab, more: Value) -> Refusal {
    let vpc = lab.vpc();
    let mut input = json!({
        "ImageId": image("x86_64"), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1,
        "SubnetId": lab.subnet(&vpc, "10.0.0.0/24"),
    });
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
        input.retain(|_, value| !value.is_null());
    }
    lab.no("RunInstances", input)
}

refusals! {
    TEMPLATE_NOT_FOUND: |lab| {
        lab.no("DeleteLaunchTemplate", json!({ "LaunchTemplateId": TEMPLATE }))
    };
    TEMPLATE_MALFORMED: |lab| {
        lab.no("DeleteLaunchTemplate", json!({ "LaunchTemplateId": "web" }))
    };
    TEMPLATE_NAME_NOT_FOUND: |lab| {
        lab.no("DescribeLaunchTemplates", json!({ "LaunchTemplateNames": ["web"] }))
    };
    TEMPLATE_NAME_TAKEN: |lab| {
        template(&lab);
        let again = json!({ "LaunchTemplateName": "web", "LaunchTemplateData": {} });
        lab.no("CreateLaunchTemplate", again)
    };
    TEMPLATE_NAME_MALFORMED: |lab| {
        let input = json!({ "LaunchTemplateName": "a name", "LaunchTemplateData": {} });
        lab.no("CreateLaunchTemplate", input)
    };
    TEMPLATE_VERSION_NOT_FOUND: |lab| {
        let input = json!({ "LaunchTemplateId": template(&lab), "Versions": ["2"] });
        lab.no("DescribeLaunchTemplateVersions", input)
    };
    TEMPLATE_TWICE: |lab| {
        let input = json!({ "LaunchTemplateId": template(&lab), "LaunchTemplateName": "web" });
        lab.no("DeleteLaunchTemplate", input)
    };
    TEMPLATE_NOT_NAMED: |lab| lab.no("DeleteLaunchTemplate", json!({}));
    USER_DATA_MALFORMED: |lab| {
        let data = json!({ "UserData": "#!/bin/sh" });
        let input = json!({ "LaunchTemplateName": "web", "LaunchTemplateData": data });
        lab.no("CreateLaunchTemplate", input)
    };
    INSTANCE_NOT_FOUND: |lab| lab.no("TerminateInstances", json!({ "InstanceIds": [INSTANCE] }));
    INSTANCE_MALFORMED: |lab| lab.no("TerminateInstances", json!({ "InstanceIds": ["web"] }));
    INSTANCE_TYPE_UNKNOWN: |lab| run(&lab, json!({ "InstanceType": "x1.32xlarge" }));
    IMAGE_NOT_FOUND: |lab| run(&lab, json!({ "ImageId": "ami-00000000000000000" }));
    IMAGE_MALFORMED: |lab| run(&lab, json!({ "ImageId": "al2023" }));
    IMAGE_MISSING: |lab| run(&lab, json!({ "ImageId": null }));
    IMAGE_PARAMETER: |lab| run(&lab, json!({ "ImageId": "resolve:ssm:/my/image" }));
    ARCHITECTURES_DIFFER: |lab| run(&lab, json!({ "ImageId": image("arm64") }));
    PROFILE_INVALID: |lab| run(&lab, json!({ "IamInstanceProfile": { "Name": "none" } }));
    PROFILE_WITHOUT_ROLE: |lab| {
        let profile = json!({ "InstanceProfileName": "bare" });
        lab.sandbox.call("iam", "CreateInstanceProfile", profile).unwrap();
        run(&lab, json!({ "IamInstanceProfile": { "Name": "bare" } }))
    };
    KEY_PAIR_NOT_FOUND: |lab| run(&lab, json!({ "KeyName": "mine" }));
    GROUPS_TWICE: |lab| run(&lab, json!({
        "NetworkInterfaces": [{ "DeviceIndex": 0 }], "SecurityGroupIds": ["sg-00000000000000000"],
    }));
    LAUNCH_WITHOUT_SUBNET: |lab| run(&lab, json!({ "SubnetId": null }));
}
