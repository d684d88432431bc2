//! What groups do by themselves.

use serde_json::{Value, json};

use super::{Lab, named};

const IN_SERVICE: &str = "InService";

#[test]
fn a_group_launches_over_its_zones_and_tags_what_it_launches() {
    let lab = Lab::new();
    let tags = json!([
        { "Key": "team", "Value": "orders", "PropagateAtLaunch": true },
        { "Key": "own", "Value": "x", "PropagateAtLaunch": false },
    ]);
    lab.group(3, json!({ "Tags": tags, "NewInstancesProtectedFromScaleIn": true }));
    let shown = lab.show();
    let members = shown["Instances"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    let zones: Vec<_> = members.iter().map(|it| it["AvailabilityZone"].as_str().unwrap()).collect();
    assert_eq!(zones.iter().filter(|zone| **zone == "eu-west-1a").count(), 2, "{zones:?}");
    assert!(members.iter().all(|it| it["ProtectedFromScaleIn"] == true));
    assert!(members.iter().all(|it| it["LaunchTemplate"]["Version"] == "1"));
    let by = json!([{ "Name": "tag:aws:autoscaling:groupName", "Values": ["web"] }]);
    let answer = lab.ec2("DescribeInstances", json!({ "Filters": by }));
    let instances = answer["Reservations"].as_array().unwrap();
    assert_eq!(instances.len(), 3);
    let tags = instances[0]["Instances"][0]["Tags"].as_array().unwrap();
    let keys: Vec<_> = tags.iter().filter_map(|tag| tag["Key"].as_str()).collect();
    assert!(keys.contains(&"team") && !keys.contains(&"own"), "{keys:?}");
    let activities = lab.ok("DescribeScalingActivities", named());
    let activities = activities["Activities"].as_array().unwrap();
    assert_eq!(activities.len(), 3);
    let cause = activities[2]["Cause"].as_str().unwrap();
    assert!(cause.contains("changing the desired capacity from 0 to 3"), "{cause}");
    assert_eq!(activities[0]["StatusCode"], "Successful");
}

#[test]
fn states_take_as_long_as_on_aws() {
    let lab = Lab::slow();
    lab.skip(5);
    lab.group(1, json!({}));
    assert_eq!(lab.states(), [""; 0]);
    lab.skip(5);
    assert_eq!(lab.states(), ["Pending"]);
    let id = lab.members()[0].0.clone();
    assert_eq!(lab.instance_state(&id), "pending");
    lab.skip(21);
    assert_eq!(lab.states(), [IN_SERVICE]);
    assert_eq!(lab.instance_state(&id), "running");
    lab.update(json!({ "MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0 }));
    assert_eq!(lab.states(), [IN_SERVICE]);
    lab.skip(5);
    assert_eq!(lab.states(), ["Terminating"]);
    assert_eq!(lab.no("DeleteAutoScalingGroup", named()).code, "ScalingActivityInProgress");
    assert_eq!(lab.instance_state(&id), "shutting-down");
    let subnet = lab.subnets[0].clone();
    let in_use = lab.sandbox.call("ec2", "DeleteSubnet", json!({ "SubnetId": subnet }));
    assert_eq!(in_use.unwrap_err().code, "DependencyViolation");
    lab.skip(46);
    assert_eq!(lab.states(), [""; 0]);
    assert_eq!(lab.instance_state(&id), "terminated");
    lab.ok("DeleteAutoScalingGroup", named());
    assert_eq!(lab.show()["Status"], "Delete in progress");
    let again = lab.no("CreateAutoScalingGroup", lab.input(json!({})));
    assert!(again.message.contains("pending delete"), "{}", again.message);
    lab.skip(20);
    assert_eq!(lab.show(), Value::Null);
    lab.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    lab.skip(3600);
    let gone = lab.sandbox.call("ec2", "DescribeInstances", json!({ "InstanceIds": [id] }));
    assert_eq!(gone.unwrap_err().code, "InvalidInstanceID.NotFound");
}

#[test]
fn what_dies_is_replaced() {
    let lab = Lab::slow();
    lab.group(2, json!({}));
    lab.skip(60);
    let before = lab.members();
    lab.ec2("TerminateInstances", json!({ "InstanceIds": [before[0].0] }));
    lab.skip(120);
    let after = lab.members();
    assert_eq!(lab.states(), [IN_SERVICE, IN_SERVICE]);
    assert!(after.contains(&before[1]) && !after.contains(&before[0]));
}

#[test]
fn protected_instances_are_not_scaled_in() {
    let lab = Lab::new();
    lab.group(2, json!({ "NewInstancesProtectedFromScaleIn": true }));
    let ids: Vec<String> = lab.members().into_iter().map(|(id, _)| id).collect();
    lab.update(json!({ "MaxSize": 0, "MinSize": 0, "DesiredCapacity": 0 }));
    assert_eq!(lab.states(), [IN_SERVICE, IN_SERVICE]);
    let activities = lab.ok("DescribeScalingActivities", named());
    let told = activities["Activities"][0]["Description"].as_str().unwrap().to_owned();
    assert!(told.contains("protected from scale-in"), "{told}");
    // The flag of the group is for new instances alone.
    lab.update(json!({ "NewInstancesProtectedFromScaleIn": false }));
    assert_eq!(lab.states(), [IN_SERVICE, IN_SERVICE]);
    assert_eq!(lab.no("DeleteAutoScalingGroup", named()).code, "ResourceInUse");
    let input = json!({
        "AutoScalingGroupName": "web", "InstanceIds": ids, "ProtectedFromScaleIn": false,
    });
    lab.ok("SetInstanceProtection", input);
    assert_eq!(lab.states(), [""; 0]);
    lab.ok("DeleteAutoScalingGroup", named());
    assert_eq!(lab.show(), Value::Null);
}

fn hook(transition: &str, result: &str) -> Value {
    json!({
        "AutoScalingGroupName": "web",
        "LifecycleHookName": "drain",
        "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"),
        "HeartbeatTimeout": 600,
        "DefaultResult": result,
    })
}

#[test]
fn a_terminating_hook_holds_an_instance_until_it_is_completed_or_times_out() {
    let lab = Lab::new();
    lab.group(2, json!({}));
    lab.ok("PutLifecycleHook", hook("TERMINATING", "CONTINUE"));
    lab.update(json!({ "MaxSize": 0, "MinSize": 0, "DesiredCapacity": 0 }));
    assert_eq!(lab.states(), ["Terminating:Wait", "Terminating:Wait"]);
    let id = lab.members()[0].0.clone();
    assert_eq!(lab.instance_state(&id), "running");
    assert_eq!(lab.no("DeleteAutoScalingGroup", named()).code, "ScalingActivityInProgress");
    let done = json!({
        "AutoScalingGroupName": "web", "LifecycleHookName": "drain", "InstanceId": id,
        "LifecycleActionResult": "CONTINUE",
    });
    lab.ok("CompleteLifecycleAction", done.clone());
    assert_eq!(lab.states(), ["Terminating:Wait"]);
    assert_eq!(lab.instance_state(&id), "terminated");
    assert_eq!(lab.no("CompleteLifecycleAction", done).code, "ValidationError");
    lab.skip(601);
    assert_eq!(lab.states(), [""; 0]);
}

#[test]
fn an_abandoned_launch_is_tried_again() {
    let lab = Lab::new();
    let mut specification = hook("LAUNCHING", "ABANDON");
    specification.as_object_mut().unwrap().remove("AutoScalingGroupName");
    lab.group(1, json!({ "LifecycleHookSpecificationList": [specification] }));
    assert_eq!(lab.states(), ["Pending:Wait"]);
    let first = lab.members()[0].0.clone();
    lab.skip(601);
    assert_eq!(lab.states(), ["Pending:Wait"]);
    let second = lab.members()[0].0.clone();
    assert_ne!(first, second);
    let done = json!({
        "AutoScalingGroupName": "web", "LifecycleHookName": "drain", "InstanceId": second,
        "LifecycleActionResult": "CONTINUE",
    });
    lab.ok("CompleteLifecycleAction", done);
    assert_eq!(lab.members(), [(second, IN_SERVICE.to_owned())]);
}

#[test]
fn force_does_not_wait_for_instances() {
    let lab = Lab::slow();
    lab.group(1, json!({ "NewInstancesProtectedFromScaleIn": true }));
    lab.skip(60);
    lab.ok("PutLifecycleHook", hook("TERMINATING", "CONTINUE"));
    let id = lab.members()[0].0.clone();
    lab.ok("DeleteAutoScalingGroup", json!({ "AutoScalingGroupName": "web", "ForceDelete": true }));
    lab.skip(30);
    assert_eq!(lab.show(), Value::Null);
    assert_eq!(lab.instance_state(&id), "shutting-down");
}

#[test]
fn a_launch_that_fails_is_told_and_tried_again() {
    let lab = Lab::new();
    lab.group(0, json!({ "LaunchTemplate": { "LaunchTemplateId": lab.template } }));
    lab.next_version(json!({ "ImageId": "ami-00000000000000000" }));
    let newest = json!({ "LaunchTemplateId": lab.template, "DefaultVersion": "2" });
    lab.ec2("ModifyLaunchTemplate", newest);
    lab.ok("SetDesiredCapacity", json!({ "AutoScalingGroupName": "web", "DesiredCapacity": 1 }));
    assert_eq!(lab.states(), [""; 0]);
    let activities = lab.ok("DescribeScalingActivities", named());
    assert_eq!(activities["Activities"][0]["StatusCode"], "Failed");
    let why = activities["Activities"][0]["StatusMessage"].as_str().unwrap();
    assert!(why.contains("does not exist"), "{why}");
    let back = json!({ "LaunchTemplateId": lab.template, "DefaultVersion": "1" });
    lab.ec2("ModifyLaunchTemplate", back);
    lab.skip(61);
    assert_eq!(lab.states(), [IN_SERVICE]);
}

#[test]
fn other_zones_are_served_before_the_old_ones_are_left() {
    let lab = Lab::slow();
    lab.group(1, json!({ "VPCZoneIdentifier": lab.subnets[0] }));
    lab.skip(60);
    let old = lab.members()[0].0.clone();
    lab.update(json!({ "VPCZoneIdentifier": lab.subnets[1] }));
    lab.skip(10);
    assert_eq!(lab.states(), [IN_SERVICE, "Pending"]);
    lab.skip(30);
    assert_eq!(lab.instance_state(&old), "shutting-down");
    lab.skip(60);
    assert_eq!(lab.show()["Instances"][0]["AvailabilityZone"], "eu-west-1b");
    assert_eq!(lab.states(), [IN_SERVICE]);
}
