//! A case for every rule about load balancers, target groups, targets and tags.

use serde_json::{Value, json};

use super::{BALANCER, GROUP, Lab, forward, on_port_80};
use crate::rules::Refusal;

fn create(lab: &Lab, more: Value) -> Refusal {
    lab.no("CreateLoadBalancer", lab.settings(more))
}

fn attributes(lab: &Lab, set: Value) -> Refusal {
    let balancer = lab.balancer(json!({}));
    let input = json!({ "LoadBalancerArn": balancer, "Attributes": set });
    lab.no("ModifyLoadBalancerAttributes", input)
}

fn group(lab: &Lab, more: Value) -> Refusal {
    lab.no("CreateTargetGroup", lab.targets(more))
}

fn group_attributes(lab: &Lab, set: Value) -> Refusal {
    let group = lab.target_group(json!({}));
    let input = json!({ "TargetGroupArn": group, "Attributes": set });
    lab.no("ModifyTargetGroupAttributes", input)
}

fn register(lab: &Lab, more: Value, id: &str) -> Refusal {
    let group = lab.target_group(more);
    lab.no("RegisterTargets", json!({ "TargetGroupArn": group, "Targets": [{ "Id": id }] }))
}

super::cases! {
    NAME_LENGTH: |lab| create(&lab, json!({ "Name": "x".repeat(33) }));
    NAME_HYPHEN: |lab| create(&lab, json!({ "Name": "-x" }));
    NAME_LETTERS: |lab| group(&lab, json!({ "Name": "a_b" }));
    NAME_INTERNAL: |lab| create(&lab, json!({ "Name": "internal-x" }));
    MARKER: |lab| lab.no("DescribeLoadBalancers", json!({ "Marker": "?" }));
    NAMES_AND_ARNS: |lab| {
        let both = json!({ "Names": ["x"], "LoadBalancerArns": [BALANCER] });
        lab.no("DescribeLoadBalancers", both)
    };
    ARN_FORM: |lab| lab.no("DeleteLoadBalancer", json!({ "LoadBalancerArn": GROUP }));
    SUBNETS_TWO_WAYS: |lab| {
        create(&lab, json!({ "SubnetMappings": [{ "SubnetId": lab.subnets[0] }] }))
    };
    SUBNET_NOT_FOUND: |lab| create(&lab, json!({ "Subnets": ["subnet-0", lab.subnets[0]] }));
    SUBNETS_OF_VPCS: |lab| {
        let vpc = lab.new_vpc("10.1.0.0/16");
        let input = json!({ "VpcId": vpc, "CidrBlock": "10.1.0.0/24" });
        let other = super::text(&lab.ec2("CreateSubnet", input), "/Subnet/SubnetId");
        create(&lab, json!({ "Subnets": [lab.subnets[1], other] }))
    };
    ZONE_TWICE: |lab| {
        let same = lab.subnet("10.0.3.0/24", "a");
        create(&lab, json!({ "Subnets": [lab.subnets[0], same] }))
    };
    TWO_ZONES: |lab| create(&lab, json!({ "Subnets": [lab.subnets[0]] }));
    SUBNET_FULL: |lab| {
        let small = lab.subnet("10.0.3.0/28", "c");
        for _ in 0..4 {
            lab.ec2("CreateNetworkInterface", json!({ "SubnetId": small }));
        }
        create(&lab, json!({ "Subnets": [lab.subnets[0], small] }))
    };
    SUBNET_WITHOUT_IPV6: |lab| create(&lab, json!({ "IpAddressType": "dualstack" }));
    NO_INTERNET_GATEWAY: |lab| {
        let detach = json!({ "InternetGatewayId": lab.gateway, "VpcId": lab.vpc });
        lab.ec2("DetachInternetGateway", detach);
        create(&lab, json!({}))
    };
    SECURITY_GROUP_NOT_FOUND: |lab| create(&lab, json!({ "SecurityGroups": ["sg-0"] }));
    SECURITY_GROUP_VPC: |lab| {
        let other = lab.security_group(&lab.new_vpc("10.1.0.0/16"), "other");
        create(&lab, json!({ "SecurityGroups": [other] }))
    };
    SECURITY_GROUP_LIMIT: |lab| {
        lab.change(|state| state.limits.security_groups_per_load_balancer = 1);
        let other = lab.security_group(&lab.vpc, "other");
        create(&lab, json!({ "SecurityGroups": [lab.group, other] }))
    };
    NO_SECURITY_GROUPS: |lab| {
        let balancer = lab.balancer(json!({}));
        lab.no("SetSecurityGroups", json!({ "LoadBalancerArn": balancer, "SecurityGroups": [] }))
    };
    NETWORK_SECURITY_GROUPS: |lab| {
        let balancer = lab.balancer(json!({ "Type": "network", "SecurityGroups": null }));
        let groups = json!({ "LoadBalancerArn": balancer, "SecurityGroups": [lab.group] });
        lab.no("SetSecurityGroups", groups)
    };
    LOAD_BALANCER_EXISTS: |lab| {
        lab.balancer(json!({}));
        create(&lab, json!({ "Scheme": "internal" }))
    };
    LOAD_BALANCER_LIMIT: |lab| {
        lab.change(|state| state.limits.load_balancers = 1);
        lab.balancer(json!({}));
        create(&lab, json!({ "Name": "other" }))
    };
    LOAD_BALANCER_NOT_FOUND: |lab| lab.no("DescribeLoadBalancers", json!({ "Names": ["x"] }));
    PROTECTED: |lab| {
        let balancer = lab.balancer(json!({}));
        let on = json!([{ "Key": "deletion_protection.enabled", "Value": "true" }]);
        let input = json!({ "LoadBalancerArn": balancer, "Attributes": on });
        lab.ok("ModifyLoadBalancerAttributes", input);
        lab.no("DeleteLoadBalancer", json!({ "LoadBalancerArn": balancer }))
    };
    ATTRIBUTE_KEY: |lab| attributes(&lab, json!([{ "Key": "x", "Value": "1" }]));
    ATTRIBUTE_VALUE: |lab| {
        attributes(&lab, json!([{ "Key": "idle_timeout.timeout_seconds", "Value": "4001" }]))
    };
    ATTRIBUTE_TWICE: |lab| {
        let one = json!({ "Key": "idle_timeout.timeout_seconds", "Value": "30" });
        attributes(&lab, json!([one, one]))
    };
    LOGS_WITHOUT_BUCKET: |lab| {
        attributes(&lab, json!([{ "Key": "access_logs.s3.enabled", "Value": "true" }]))
    };
    LOGS_DENIED: |lab| {
        let on = json!({ "Key": "access_logs.s3.enabled", "Value": "true" });
        let bucket = json!({ "Key": "access_logs.s3.bucket", "Value": "none" });
        attributes(&lab, json!([on, bucket]))
    };
    TARGET_GROUP_MEMBER: |lab| group(&lab, json!({ "Port": null }));
    VPC_NOT_FOUND: |lab| group(&lab, json!({ "VpcId": "vpc-0" }));
    PROTOCOL_VERSION: |lab| group(&lab, json!({ "ProtocolVersion": "HTTP3" }));
    PROTOCOL_VERSION_TCP: |lab| {
        group(&lab, json!({ "Protocol": "TCP", "ProtocolVersion": "HTTP1" }))
    };
    CHECK_PROTOCOL: |lab| group(&lab, json!({ "HealthCheckProtocol": "TCP" }));
    CHECK_DISABLED: |lab| group(&lab, json!({ "HealthCheckEnabled": false }));
    CHECK_PORT: |lab| group(&lab, json!({ "HealthCheckPort": "0" }));
    CHECK_PATH: |lab| group(&lab, json!({ "HealthCheckPath": "health" }));
    CHECK_TCP: |lab| group(&lab, json!({ "Protocol": "TCP", "HealthCheckPath": "/health" }));
    CHECK_MATCHER: |lab| group(&lab, json!({ "Matcher": { "HttpCode": "100-200" } }));
    CHECK_TIMEOUT: |lab| {
        let slow = json!({ "HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10 });
        group(&lab, slow)
    };
    TARGET_GROUP_EXISTS: |lab| {
        lab.target_group(json!({}));
        group(&lab, json!({ "Port": 8001 }))
    };
    TARGET_GROUP_LIMIT: |lab| {
        lab.change(|state| state.limits.target_groups = 1);
        lab.target_group(json!({}));
        group(&lab, json!({ "Name": "other" }))
    };
    TARGET_GROUP_NOT_FOUND: |lab| lab.no("DescribeTargetGroups", json!({ "Names": ["x"] }));
    TARGET_GROUP_IN_USE: |lab| {
        let (group, balancer) = (lab.target_group(json!({})), lab.balancer(json!({})));
        lab.listener_of(&balancer, json!({ "DefaultActions": forward(&group) }));
        lab.no("DeleteTargetGroup", json!({ "TargetGroupArn": group }))
    };
    SLOW_START: |lab| {
        let slow = json!({ "Key": "slow_start.duration_seconds", "Value": "30" });
        let value = "least_outstanding_requests";
        let other = json!({ "Key": "load_balancing.algorithm.type", "Value": value });
        group_attributes(&lab, json!([slow, other]))
    };
    COOKIE_NAME: |lab| {
        let on = json!({ "Key": "stickiness.enabled", "Value": "true" });
        let kind = json!({ "Key": "stickiness.type", "Value": "app_cookie" });
        group_attributes(&lab, json!([on, kind]))
    };
    INSTANCE_TARGET: |lab| register(&lab, json!({ "TargetType": "instance" }), "i-0");
    ADDRESS_TARGET: |lab| register(&lab, json!({}), "i-0");
    ADDRESS_OUTSIDE: |lab| register(&lab, json!({}), "10.1.0.4");
    TARGET_LIMIT: |lab| {
        lab.change(|state| state.limits.targets_per_load_balancer = 0);
        register(&lab, json!({}), "10.0.1.9")
    };
    LISTENER_LOAD_BALANCER: |lab| lab.no("CreateListener", on_port_80(BALANCER, json!({})));
    TAG_RESERVED: |lab| create(&lab, json!({ "Tags": [{ "Key": "aws:x", "Value": "" }] }));
    TAG_TWICE: |lab| {
        let one = json!({ "Key": "a", "Value": "1" });
        create(&lab, json!({ "Tags": [one, one] }))
    };
    TAG_LIMIT: |lab| {
        lab.change(|state| state.limits.tags_per_resource = 1);
        let group = lab.target_group(json!({ "Tags": [{ "Key": "a", "Value": "1" }] }));
        let tags = json!([{ "Key": "b", "Value": "2" }]);
        lab.no("AddTags", json!({ "ResourceArns": [group], "Tags": tags }))
    };
    TAGS_ARNS: |lab| lab.no("DescribeTags", json!({ "ResourceArns": vec![GROUP; 21] }));
}
