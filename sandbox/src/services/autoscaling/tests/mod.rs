//! Tests of Auto Scaling, through the service's interface.

mod life;
mod refresh;
mod refusals;

use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::rules::{Refusal, Rule};
use crate::services::ec2::image;
use crate::{Options, Sandbox, Slow};

/// A case for every rule.
pub(crate) const REFUSALS: &[(&Rule, fn() -> Refusal)] = refusals::CASES;

/// A fresh sandbox with a network and a launch template in it.
pub(super) struct Lab {
    pub(super) sandbox: Sandbox,
    /// One in each of two zones.
    pub(super) subnets: [String; 2],
    pub(super) vpc: String,
    pub(super) template: String,
}

impl Lab {
    pub(super) fn new() -> Self {
        Self::with(Slow::None)
    }

    pub(super) fn slow() -> Self {
        Self::with(Slow::Aws)
    }

    fn with(slow: Slow) -> Self {
        let sandbox = Sandbox::in_memory(Options { slow, ..Options::default() });
        let none = String::new();
        let mut lab = Self {
            sandbox,
            subnets: [none.clone(), none.clone()],
            vpc: none.clone(),
            template: none,
        };
        lab.vpc = lab.ec2_text("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }), "/Vpc/VpcId");
        for (at, zone) in ["a", "b"].into_iter().enumerate() {
            let input = json!({
                "VpcId": lab.vpc,
                "CidrBlock": format!("10.0.{at}.0/24"),
                "AvailabilityZone": format!("eu-west-1{zone}"),
            });
            lab.subnets[at] = lab.ec2_text("CreateSubnet", input, "/Subnet/SubnetId");
        }
        lab.template = lab.make_template("web", json!({}));
        lab
    }

    /// Makes a launch template with more than an image and a type, and returns its id.
    pub(super) fn make_template(&self, name: &str, more: Value) -> String {
        let input = json!({ "LaunchTemplateName": name, "LaunchTemplateData": data(more) });
        self.ec2_text("CreateLaunchTemplate", input, "/LaunchTemplate/LaunchTemplateId")
    }

    /// Makes the next version of the lab's launch template.
    pub(super) fn next_version(&self, more: Value) {
        let input = json!({ "LaunchTemplateId": self.template, "LaunchTemplateData": data(more) });
        self.sandbox.call("ec2", "CreateLaunchTemplateVersion", input).unwrap();
    }

    /// Calls Auto Scaling, which must answer.
    pub(super) fn ok(&self, operation: &str, input: Value) -> Value {
        match self.sandbox.call("autoscaling", operation, input) {
            Ok(answer) => answer,
            Err(refusal) => panic!("{operation}: {}: {}", refusal.code, refusal.message),
        }
    }

    /// Calls Auto Scaling, which must refuse.
    pub(super) fn no(&self, operation: &str, input: Value) -> Refusal {
        match self.sandbox.call("autoscaling", operation, input) {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(refusal) => refusal,
        }
    }

    pub(super) fn ec2(&self, operation: &str, input: Value) -> Value {
        match self.sandbox.call("ec2", operation, input) {
            Ok(answer) => answer,
            Err(refusal) => panic!("{operation}: {}: {}", refusal.code, refusal.message),
        }
    }

    fn ec2_text(&self, operation: &str, input: Value, path: &str) -> String {
        let answer = self.ec2(operation, input);
        answer.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Writes the input of CreateAutoScalingGroup for a group named `web`.
    pub(super) fn input(&self, more: Value) -> Value {
        let mut input = json!({
            "AutoScalingGroupName": "web",
            "MinSize": 0,
            "MaxSize": 4,
            "VPCZoneIdentifier": self.subnets.join(","),
            "LaunchTemplate": { "LaunchTemplateId": self.template, "Version": "1" },
        });
        if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
            input.extend(more);
            input.retain(|_, value| !value.is_null());
        }
        input
    }

    /// Makes the group `web` of a desired capacity.
    pub(super) fn group(&self, desired: u32, more: Value) {
        let mut more = more;
        more["DesiredCapacity"] = desired.into();
        self.ok("CreateAutoScalingGroup", self.input(more));
    }

    pub(super) fn update(&self, more: Value) {
        let mut input = json!({ "AutoScalingGroupName": "web" });
        if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
            input.extend(more);
        }
        self.ok("UpdateAutoScalingGroup", input);
    }

    /// Describes the group `web`.
    pub(super) fn show(&self) -> Value {
        let answer =
            self.ok("DescribeAutoScalingGroups", json!({ "AutoScalingGroupNames": ["web"] }));
        answer["AutoScalingGroups"][0].clone()
    }

    /// Returns the members of the group `web` by id, with their states.
    pub(super) fn members(&self) -> Vec<(String, String)> {
        let shown = self.show();
        let members = shown["Instances"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        members.iter().map(|it| (text(&it["InstanceId"]), text(&it["LifecycleState"]))).collect()
    }

    /// Returns the states of the members of the group `web`.
    pub(super) fn states(&self) -> Vec<String> {
        self.members().into_iter().map(|(_, state)| state).collect()
    }

    /// Returns the state of an instance by EC2.
    pub(super) fn instance_state(&self, id: &str) -> String {
        let path = "/Reservations/0/Instances/0/State/Name";
        self.ec2_text("DescribeInstances", json!({ "InstanceIds": [id] }), path)
    }

    /// Describes the newest refresh of the group `web`.
    pub(super) fn refresh(&self) -> Value {
        let answer = self.ok("DescribeInstanceRefreshes", named());
        answer["InstanceRefreshes"][0].clone()
    }

    pub(super) fn skip(&self, seconds: u64) {
        self.sandbox.skip(Duration::from_secs(seconds));
    }
}

/// Names the group `web`.
pub(super) fn named() -> Value {
    json!({ "AutoScalingGroupName": "web" })
}

/// Writes launch template data.
fn data(more: Value) -> Value {
    let image = image::ecs_optimized("eu-west-1", "x86_64").unwrap().id;
    let user_data = base64::engine::general_purpose::STANDARD.encode("#!/bin/sh");
    let mut data = json!({ "ImageId": image, "InstanceType": "t3.micro", "UserData": user_data });
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
        data.retain(|_, value| !value.is_null());
    }
    data
}
