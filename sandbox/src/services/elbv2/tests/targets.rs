//! Targets and their health.

use serde_json::{Value, json};

use super::{Lab, forward};
use crate::Slow;

/// Makes a target group behind a listener.
fn behind_listener(lab: &Lab, more: Value) -> String {
    let (group, balancer) = (lab.target_group(more), lab.balancer(json!({})));
    lab.listener_of(&balancer, json!({ "DefaultActions": forward(&group) }));
    group
}

fn register(lab: &Lab, group: &str, id: &str) {
    let targets = json!([{ "Id": id }]);
    lab.ok("RegisterTargets", json!({ "TargetGroupArn": group, "Targets": targets }));
}

/// The state and reason of the first target.
fn health(lab: &Lab, group: &str) -> (String, Value) {
    let shown = lab.ok("DescribeTargetHealth", json!({ "TargetGroupArn": group }));
    let health = &shown["TargetHealthDescriptions"][0]["TargetHealth"];
    (health["State"].as_str().unwrap_or_default().to_owned(), health["Reason"].clone())
}

#[test]
fn a_target_becomes_healthy_by_interval_and_threshold_and_drains() {
    let lab = Lab::with(Slow::Aws);
    let checks = json!({ "HealthCheckIntervalSeconds": 10, "HealthyThresholdCount": 3 });
    let group = behind_listener(&lab, checks);
    lab.skip(121);
    let address = lab.interface(0, &lab.group);
    register(&lab, &group, &address);
    assert_eq!(health(&lab, &group), ("initial".to_owned(), json!("Elb.InitialHealthChecking")));
    lab.skip(29);
    assert_eq!(health(&lab, &group).0, "initial");
    lab.skip(1);
    assert_eq!(health(&lab, &group), ("healthy".to_owned(), Value::Null));
    let targets = json!([{ "Id": address }]);
    lab.ok("DeregisterTargets", json!({ "TargetGroupArn": group, "Targets": targets }));
    assert_eq!(health(&lab, &group).0, "draining");
    lab.skip(299);
    assert_eq!(health(&lab, &group).0, "draining");
    lab.skip(2);
    let shown = lab.ok("DescribeTargetHealth", json!({ "TargetGroupArn": group }));
    assert_eq!(shown["TargetHealthDescriptions"], json!([]));
    let asked = json!({ "TargetGroupArn": group, "Targets": targets });
    let shown = lab.ok("DescribeTargetHealth", asked);
    let reason = &shown["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"];
    assert_eq!(reason, "Target.NotRegistered");
}

#[test]
fn health_looks_at_security_groups_interfaces_and_use() {
    let lab = Lab::new();
    let group = lab.target_group(json!({}));
    let balancer = lab.balancer(json!({}));
    let closed = lab.security_group(&lab.vpc, "closed");
    let address = lab.interface(0, &closed);
    register(&lab, &group, &address);
    assert_eq!(health(&lab, &group), ("unused".to_owned(), json!("Target.NotInUse")));
    lab.listener_of(&balancer, json!({ "DefaultActions": forward(&group) }));
    assert_eq!(health(&lab, &group), ("unhealthy".to_owned(), json!("Target.Timeout")));

    let peer = json!([{ "GroupId": lab.group }]);
    let permission = json!([{ "IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "UserIdGroupPairs": peer }]);
    let open = json!({ "GroupId": closed, "IpPermissions": permission });
    lab.ec2("AuthorizeSecurityGroupIngress", open.clone());
    assert_eq!(health(&lab, &group).0, "healthy");

    // Nothing gets out of the load balancer.
    let all = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
    let out = json!({ "GroupId": lab.group, "IpPermissions": all });
    lab.ec2("RevokeSecurityGroupEgress", out);
    assert_eq!(health(&lab, &group).0, "unhealthy");

    // An address that nothing has.
    register(&lab, &group, "10.0.1.200");
    let asked = json!({ "TargetGroupArn": group, "Targets": [{ "Id": "10.0.1.200" }] });
    let shown = lab.ok("DescribeTargetHealth", asked);
    assert_eq!(shown["TargetHealthDescriptions"][0]["TargetHealth"]["State"], "unhealthy");
}
