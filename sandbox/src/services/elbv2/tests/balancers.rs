//! Load balancers and target groups from creation to deletion.

use serde_json::{Value, json};

use super::{Lab, attribute, text};
use crate::Slow;

fn interfaces(lab: &Lab) -> Vec<Value> {
    let found = lab.ec2("DescribeNetworkInterfaces", json!({}));
    found["NetworkInterfaces"].as_array().unwrap().clone()
}

#[test]
fn a_load_balancer_becomes_active_and_its_interfaces_outlive_it() {
    let lab = Lab::with(Slow::Aws);
    let arn = lab.balancer(json!({ "Tags": [{ "Key": "a", "Value": "1" }] }));
    let show = || lab.ok("DescribeLoadBalancers", json!({}))["LoadBalancers"][0].clone();
    assert_eq!(show()["State"]["Code"], "provisioning");
    lab.skip(121);
    let shown = show();
    assert_eq!(shown["State"]["Code"], "active");
    assert_eq!(shown["Scheme"], "internet-facing");
    assert_eq!(shown["CanonicalHostedZoneId"], "Z32O12XQLNTSW2");
    let dns = text(&shown, "/DNSName");
    assert!(dns.starts_with("main-") && dns.ends_with(".eu-west-1.elb.amazonaws.com"), "{dns}");
    assert_eq!(shown["AvailabilityZones"][1]["ZoneName"], "eu-west-1b");

    let own = interfaces(&lab);
    assert_eq!(own.len(), 2);
    let name = arn.split_once("loadbalancer/").unwrap().1;
    assert_eq!(own[0]["Description"], format!("ELB {name}"));
    assert_eq!(own[0]["RequesterId"], "amazon-elb");
    assert_eq!(own[0]["Attachment"]["InstanceOwnerId"], "amazon-elb");
    assert!(own[0]["Association"]["PublicIp"].is_string());

    lab.ok("DeleteLoadBalancer", json!({ "LoadBalancerArn": arn }));
    lab.ok("DeleteLoadBalancer", json!({ "LoadBalancerArn": arn }));
    assert_eq!(lab.ok("DescribeLoadBalancers", json!({}))["LoadBalancers"], json!([]));
    let refusal = |operation: &str, input: Value| lab.sandbox.call("ec2", operation, input);
    let held = [
        refusal("DeleteSubnet", json!({ "SubnetId": lab.subnets[0] })),
        refusal("DeleteSecurityGroup", json!({ "GroupId": lab.group })),
        refusal(
            "DetachInternetGateway",
            json!({ "InternetGatewayId": lab.gateway, "VpcId": lab.vpc }),
        ),
    ];
    for refusal in held {
        assert_eq!(refusal.unwrap_err().code, "DependencyViolation");
    }
    lab.skip(91);
    assert_eq!(interfaces(&lab), Vec::<Value>::new());
    lab.ec2("DeleteSubnet", json!({ "SubnetId": lab.subnets[0] }));
}

#[test]
fn the_same_settings_again_are_the_same_load_balancer_and_target_group() {
    let lab = Lab::new();
    assert_eq!(lab.balancer(json!({})), lab.balancer(json!({})));
    assert_eq!(interfaces(&lab).len(), 2);
    assert_eq!(lab.target_group(json!({})), lab.target_group(json!({})));
}

#[test]
fn subnets_groups_and_attributes_are_replaced() {
    let lab = Lab::new();
    let arn = lab.balancer(json!({}));
    let third = lab.subnet("10.0.3.0/24", "c");
    let subnets = json!([lab.subnets[1], third]);
    lab.ok("SetSubnets", json!({ "LoadBalancerArn": arn, "Subnets": subnets }));
    let other = lab.security_group(&lab.vpc, "other");
    lab.ok("SetSecurityGroups", json!({ "LoadBalancerArn": arn, "SecurityGroups": [other] }));
    let own = interfaces(&lab);
    let in_subnets: Vec<_> = own.iter().map(|it| text(it, "/SubnetId")).collect();
    assert!(in_subnets.contains(&third) && !in_subnets.contains(&lab.subnets[0]));
    assert!(own.iter().all(|it| it["Groups"][0]["GroupId"] == other));

    let set = json!([{ "Key": "idle_timeout.timeout_seconds", "Value": "120" }]);
    let input = json!({ "LoadBalancerArn": arn, "Attributes": set });
    lab.ok("ModifyLoadBalancerAttributes", input);
    let shown = lab.ok("DescribeLoadBalancerAttributes", json!({ "LoadBalancerArn": arn }));
    assert_eq!(attribute(&shown, "idle_timeout.timeout_seconds"), "120");
    assert_eq!(attribute(&shown, "routing.http2.enabled"), "true");
}

#[test]
fn a_target_group_has_the_defaults_of_its_protocol() {
    let lab = Lab::new();
    lab.target_group(json!({ "TargetType": null }));
    lab.target_group(json!({ "Name": "tcp", "Protocol": "TCP" }));
    let show = |name: &str| {
        let found = lab.ok("DescribeTargetGroups", json!({ "Names": [name] }));
        found["TargetGroups"][0].clone()
    };
    let http = show("api");
    assert_eq!(http["HealthCheckPath"], "/");
    assert_eq!(http["HealthCheckIntervalSeconds"], 30);
    assert_eq!(http["HealthCheckTimeoutSeconds"], 6);
    assert_eq!(
        (&http["HealthyThresholdCount"], &http["UnhealthyThresholdCount"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(http["Matcher"], json!({ "HttpCode": "200" }));
    assert_eq!(
        (&http["TargetType"], &http["ProtocolVersion"]),
        (&json!("instance"), &json!("HTTP1"))
    );
    let tcp = show("tcp");
    assert_eq!((&tcp["HealthCheckProtocol"], &tcp["Matcher"]), (&json!("TCP"), &Value::Null));

    let arn = text(&http, "/TargetGroupArn");
    let change =
        json!({ "TargetGroupArn": arn, "HealthCheckPath": "/health", "HealthyThresholdCount": 2 });
    lab.ok("ModifyTargetGroup", change);
    assert_eq!(show("api")["HealthCheckPath"], "/health");
    let set = json!([{ "Key": "deregistration_delay.timeout_seconds", "Value": "30" }]);
    let answer =
        lab.ok("ModifyTargetGroupAttributes", json!({ "TargetGroupArn": arn, "Attributes": set }));
    assert_eq!(attribute(&answer, "deregistration_delay.timeout_seconds"), "30");
    assert_eq!(attribute(&answer, "stickiness.type"), "lb_cookie");
    lab.ok("DeleteTargetGroup", json!({ "TargetGroupArn": arn }));
    assert_eq!(
        lab.no("DescribeTargetGroups", json!({ "Names": ["api"] })).code,
        "TargetGroupNotFound"
    );
}

#[test]
fn tags_are_read_in_bulk_and_one_unknown_arn_fails_the_call() {
    let lab = Lab::new();
    let tags = json!([{ "Key": "infra:project", "Value": "x" }]);
    let (one, other) = (lab.target_group(json!({ "Tags": tags })), lab.balancer(json!({})));
    lab.ok("AddTags", json!({ "ResourceArns": [other], "Tags": [{ "Key": "a", "Value": "1" }] }));
    lab.ok("AddTags", json!({ "ResourceArns": [other], "Tags": [{ "Key": "b", "Value": "2" }] }));
    lab.ok("RemoveTags", json!({ "ResourceArns": [other], "TagKeys": ["a"] }));
    let shown = lab.ok("DescribeTags", json!({ "ResourceArns": [one, other] }));
    assert_eq!(shown["TagDescriptions"][0]["Tags"], tags);
    assert_eq!(shown["TagDescriptions"][1]["Tags"], json!([{ "Key": "b", "Value": "2" }]));
    let found = lab.any("tagging", "GetResources", json!({}));
    let found = found["ResourceTagMappingList"].as_array().unwrap();
    assert!(found.iter().any(|it| it["ResourceARN"] == one));
    let all = json!({ "ResourceArns": [one, super::GROUP] });
    assert_eq!(lab.no("DescribeTags", all).code, "TargetGroupNotFound");
}

#[test]
fn logs_go_to_a_bucket_whose_policy_lets_them() {
    let lab = Lab::new();
    let arn = lab.balancer(json!({}));
    let location = json!({ "LocationConstraint": "eu-west-1" });
    let bucket = json!({ "Bucket": "our-logs", "CreateBucketConfiguration": location });
    lab.any("s3", "CreateBucket", bucket);
    let set = json!([
        { "Key": "access_logs.s3.enabled", "Value": "true" },
        { "Key": "access_logs.s3.bucket", "Value": "our-logs" },
        { "Key": "access_logs.s3.prefix", "Value": "dev" },
    ]);
    let switch = json!({ "LoadBalancerArn": arn, "Attributes": set });
    let policy = |path: &str| {
        let statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": "logdelivery.elasticloadbalancing.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::our-logs/{path}"),
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        lab.any("s3", "PutBucketPolicy", json!({ "Bucket": "our-logs", "Policy": policy }));
    };
    let code = || lab.no("ModifyLoadBalancerAttributes", switch.clone()).code;
    assert_eq!(code(), "InvalidConfigurationRequest");
    policy("uat/AWSLogs/123456789012/*");
    assert_eq!(code(), "InvalidConfigurationRequest");
    policy("dev/AWSLogs/123456789012/*");
    let shown = lab.ok("ModifyLoadBalancerAttributes", switch.clone());
    assert_eq!(attribute(&shown, "access_logs.s3.bucket"), "our-logs");
}
