//! A case for every rule of security groups and their rules.

use serde_json::{Value, json};

use super::refusals::{authorize, refusals};
use super::{Lab, from_group, from_v4, permission};
use crate::rules::Refusal;

fn create_group(lab: &Lab, name: &str, description: &str) -> Refusal {
    let input = json!({ "VpcId": lab.vpc(), "GroupName": name, "Description": description });
    lab.no("CreateSecurityGroup", input)
}

/// Changes a rule of a new group.
fn modify(lab: &Lab, rule: Value) -> Refusal {
    let group = lab.group(&lab.vpc(), "web");
    let id = lab.rule(&group, from_v4("10.0.0.0/8"));
    let update = json!([{ "SecurityGroupRuleId": id, "SecurityGroupRule": rule }]);
    lab.no("ModifySecurityGroupRules", json!({ "GroupId": group, "SecurityGroupRules": update }))
}

refusals! {
    GROUP_RESERVED: |lab| create_group(&lab, "default", "x");
    GROUP_NAME_LIKE_ID: |lab| create_group(&lab, "sg-mine", "x");
    GROUP_NAME: |lab| create_group(&lab, "wéb", "x");
    GROUP_DESCRIPTION: |lab| create_group(&lab, "web", "what's in");
    NO_DEFAULT_VPC: |lab| {
        lab.no("CreateSecurityGroup", json!({ "GroupName": "web", "Description": "x" }))
    };
    GROUP_DUPLICATE: |lab| {
        let vpc = lab.vpc();
        lab.group(&vpc, "web");
        let input = json!({ "VpcId": vpc, "GroupName": "web", "Description": "x" });
        lab.no("CreateSecurityGroup", input)
    };
    GROUP_LIMIT: |lab| {
        lab.change(|state| state.limits.security_groups = 1);
        create_group(&lab, "web", "x")
    };
    GROUP_UNNAMED: |lab| lab.no("DeleteSecurityGroup", json!({}));
    GROUP_DEFAULT: |lab| {
        let group = lab.default_group(&lab.vpc());
        lab.no("DeleteSecurityGroup", json!({ "GroupId": group }))
    };
    GROUP_IN_USE: |lab| {
        let vpc = lab.vpc();
        let (one, other) = (lab.group(&vpc, "one"), lab.group(&vpc, "other"));
        lab.rule(&other, from_group(&one));
        lab.no("DeleteSecurityGroup", json!({ "GroupId": one }))
    };
    GROUP_OTHER_VPC: |lab| {
        let elsewhere = lab.group(&lab.vpc(), "elsewhere");
        authorize(&lab, permission(443, from_group(&elsewhere)))
    };

    PERMISSIONS_NONE: |lab| {
        let group = lab.group(&lab.vpc(), "web");
        lab.no("RevokeSecurityGroupIngress", json!({ "GroupId": group }))
    };
    PERMISSIONS_AND_IDS: |lab| {
        let group = lab.group(&lab.vpc(), "web");
        let rule = lab.rule(&group, from_v4("10.0.0.0/8"));
        let input = json!({
            "GroupId": group,
            "SecurityGroupRuleIds": [rule],
            "IpPermissions": [permission(443, from_v4("10.0.0.0/8"))],
        });
        lab.no("RevokeSecurityGroupIngress", input)
    };
    PERMISSIONS_TWO_WAYS: |lab| {
        let group = lab.group(&lab.vpc(), "web");
        let input = json!({
            "GroupId": group,
            "IpProtocol": "tcp",
            "IpPermissions": [permission(443, from_v4("10.0.0.0/8"))],
        });
        lab.no("AuthorizeSecurityGroupIngress", input)
    };
    PERMISSION_TWICE: |lab| {
        let twice = json!([{ "CidrIp": "10.0.0.0/8" }, { "CidrIp": "10.9.0.0/8" }]);
        authorize(&lab, permission(443, json!({ "IpRanges": twice })))
    };
    PERMISSION_DUPLICATE: |lab| {
        let group = lab.group(&lab.vpc(), "web");
        lab.rule(&group, from_v4("10.0.0.0/8"));
        let again = json!([{ "CidrIp": "10.0.0.0/8", "Description": "another word" }]);
        let input = json!({
            "GroupId": group,
            "IpPermissions": [permission(443, json!({ "IpRanges": again }))],
        });
        lab.no("AuthorizeSecurityGroupIngress", input)
    };
    PERMISSION_NOT_FOUND: |lab| {
        let group = lab.group(&lab.vpc(), "web");
        let input = json!({
            "GroupId": group, "IpPermissions": [permission(443, from_v4("10.0.0.0/8"))],
        });
        lab.no("RevokeSecurityGroupIngress", input)
    };
    PEER_NONE: |lab| authorize(&lab, permission(443, json!({})));
    PEERS_SEVERAL: |lab| {
        let rule = json!({
            "IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8", "CidrIpv6": "::/0",
        });
        modify(&lab, rule)
    };
    RULE_PEER_TYPE: |lab| modify(&lab, json!({ "IpProtocol": "-1", "CidrIpv6": "::/0" }));
    RULE_CIDR: |lab| authorize(&lab, permission(443, from_v4("10.0.0.0/33")));
    RULE_DESCRIPTION: |lab| {
        let range = json!([{ "CidrIp": "10.0.0.0/8", "Description": "<all>" }]);
        authorize(&lab, permission(443, json!({ "IpRanges": range })))
    };
    RULE_LIMIT: |lab| {
        lab.change(|state| state.limits.rules_per_security_group = 1);
        let ranges = json!([{ "CidrIp": "10.0.0.0/8" }, { "CidrIp": "11.0.0.0/8" }]);
        authorize(&lab, permission(443, json!({ "IpRanges": ranges })))
    };
    PROTOCOL_NONE: |lab| authorize(&lab, from_v4("10.0.0.0/8"));
    PROTOCOL_UNKNOWN: |lab| {
        authorize(&lab, json!({ "IpProtocol": "http", "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] }))
    };
    PORTS_NONE: |lab| {
        authorize(&lab, json!({ "IpProtocol": "tcp", "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] }))
    };
    PORT_RANGE: |lab| {
        let mut wrong = permission(443, from_v4("10.0.0.0/8"));
        wrong["ToPort"] = 442.into();
        authorize(&lab, wrong)
    };
    ICMP_RANGE: |lab| {
        let mut wrong = permission(300, from_v4("10.0.0.0/8"));
        wrong["IpProtocol"] = "icmp".into();
        authorize(&lab, wrong)
    };
}
