//! Security groups and their rules.

use serde_json::{Value, json};

use super::{Lab, from_group, from_v4, permission};

/// Returns a group as DescribeSecurityGroups shows it.
fn group(lab: &Lab, id: &str) -> Value {
    lab.ok("DescribeSecurityGroups", json!({ "GroupIds": [id] }))["SecurityGroups"][0].clone()
}

/// Returns the rules of one direction of a group.
fn rules(lab: &Lab, group: &str, egress: bool) -> Vec<Value> {
    let filters = json!([{ "Name": "group-id", "Values": [group] }]);
    let answer = lab.ok("DescribeSecurityGroupRules", json!({ "Filters": filters }));
    let rules = answer["SecurityGroupRules"].as_array().unwrap().clone();
    rules.into_iter().filter(|rule| rule["IsEgress"] == egress).collect()
}

#[test]
fn a_new_group_lets_everything_out_and_nothing_in() {
    let lab = Lab::new();
    let id = lab.group(&lab.vpc(), "web");
    let shown = group(&lab, &id);
    assert_eq!(shown["IpPermissions"], json!([]));
    let out = &shown["IpPermissionsEgress"][0];
    assert_eq!(out["IpProtocol"], "-1");
    assert_eq!(out["IpRanges"][0]["CidrIp"], "0.0.0.0/0");
    assert!(out.get("FromPort").is_none() && out.get("ToPort").is_none());
    let rule = &rules(&lab, &id, true)[0];
    assert_eq!((&rule["FromPort"], &rule["ToPort"]), (&json!(-1), &json!(-1)));
}

#[test]
fn each_peer_gets_a_rule_of_its_own_in_canonical_form() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (id, other) = (lab.group(&vpc, "web"), lab.group(&vpc, "other"));
    let wanted = json!({
        "IpProtocol": "6", "FromPort": 80, "ToPort": 81,
        "IpRanges": [{ "CidrIp": "100.68.0.18/18", "Description": "office" }, { "CidrIp": "10.0.0.0/8" }],
        "Ipv6Ranges": [{ "CidrIpv6": "2001:0DB8:0000::/32" }],
        "UserIdGroupPairs": [{ "GroupId": other }, { "GroupId": id, "UserId": "123456789012" }],
    });
    let specification =
        json!([{ "ResourceType": "security-group-rule", "Tags": [{ "Key": "a", "Value": "b" }] }]);
    let input = json!({
        "GroupId": id, "IpPermissions": [wanted], "TagSpecifications": specification,
    });
    let answer = lab.ok("AuthorizeSecurityGroupIngress", input);
    let made = answer["SecurityGroupRules"].as_array().unwrap();
    assert_eq!(made.len(), 5);
    assert!(made.iter().all(|rule| rule["IpProtocol"] == "tcp"));
    assert!(made.iter().all(|rule| rule["Tags"] == json!([{ "Key": "a", "Value": "b" }])));
    assert_eq!(made[0]["CidrIpv4"], "100.68.0.0/18");
    assert_eq!(made[0]["Description"], "office");
    assert_eq!(made[2]["CidrIpv6"], "2001:db8::/32");
    assert_eq!(made[4]["ReferencedGroupInfo"]["GroupId"], json!(id));

    let shown = group(&lab, &id);
    assert_eq!(shown["IpPermissions"].as_array().unwrap().len(), 1);
    assert_eq!(shown["IpPermissions"][0]["IpRanges"].as_array().unwrap().len(), 2);
    assert_eq!(shown["IpPermissions"][0]["UserIdGroupPairs"].as_array().unwrap().len(), 2);
    let by_peer = json!([{ "Name": "ip-permission.group-id", "Values": [other] }]);
    let found = lab.ok("DescribeSecurityGroups", json!({ "Filters": by_peer }));
    assert_eq!(found["SecurityGroups"][0]["GroupId"], json!(id));
    let by_peer = json!([{ "Name": "egress.ip-permission.group-id", "Values": [other] }]);
    let found = lab.ok("DescribeSecurityGroups", json!({ "Filters": by_peer }));
    assert_eq!(found["SecurityGroups"], json!([]));
}

#[test]
fn one_wrong_permission_adds_none() {
    let lab = Lab::new();
    let id = lab.group(&lab.vpc(), "web");
    let both = [permission(80, from_v4("10.0.0.0/8")), permission(81, from_v4("10.0.0.0/99"))];
    let input = json!({ "GroupId": id, "IpPermissions": both });
    lab.no("AuthorizeSecurityGroupIngress", input);
    assert_eq!(rules(&lab, &id, false), Vec::<Value>::new());
}

#[test]
fn a_duplicate_is_told_as_aws_does() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let id = lab.group(&vpc, "web");
    lab.rule(&id, from_v4("10.0.0.0/8"));
    let input = json!({ "GroupId": id, "IpPermissions": [permission(443, from_v4("10.1.1.1/8"))] });
    let refusal = lab.no("AuthorizeSecurityGroupIngress", input);
    assert_eq!(refusal.code, "InvalidPermission.Duplicate");
    assert_eq!(
        refusal.message,
        "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 443, to port: 443, ALLOW\" already exists"
    );
    let all = json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] });
    let refusal =
        lab.no("AuthorizeSecurityGroupEgress", json!({ "GroupId": id, "IpPermissions": [all] }));
    assert_eq!(
        refusal.message,
        "the specified rule \"peer: 0.0.0.0/0, ALL, ALLOW\" already exists"
    );
}

#[test]
fn rules_go_by_what_they_say_or_by_id() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (id, other) = (lab.group(&vpc, "web"), lab.group(&vpc, "other"));
    let all = json!({ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] });
    let input = json!({ "GroupId": id, "IpPermissions": [all] });
    let answer = lab.ok("RevokeSecurityGroupEgress", input.clone());
    assert_eq!(answer["RevokedSecurityGroupRules"][0]["CidrIpv4"], "0.0.0.0/0");
    assert_eq!(lab.no("RevokeSecurityGroupEgress", input).code, "InvalidPermission.NotFound");
    assert_eq!(group(&lab, &id)["IpPermissionsEgress"], json!([]));

    let rule = lab.rule(&id, from_group(&other));
    let by_id = json!({ "GroupId": id, "SecurityGroupRuleIds": [rule] });
    let wrong_way = lab.no("RevokeSecurityGroupEgress", by_id.clone());
    assert_eq!(wrong_way.code, "InvalidSecurityGroupRuleId.NotFound");
    let answer = lab.ok("RevokeSecurityGroupIngress", by_id.clone());
    assert_eq!(answer["RevokedSecurityGroupRules"][0]["ReferencedGroupId"], json!(other));
    let again = lab.no("RevokeSecurityGroupIngress", by_id);
    assert_eq!(again.code, "InvalidSecurityGroupRuleId.NotFound");
}

#[test]
fn rules_change_and_keep_their_ids() {
    let lab = Lab::new();
    let id = lab.group(&lab.vpc(), "web");
    let rule = lab.rule(&id, from_v4("10.0.0.0/8"));
    let wanted = json!({
        "IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
        "CidrIpv4": "10.0.0.0/16", "Description": "names",
    });
    let update = json!([{ "SecurityGroupRuleId": rule, "SecurityGroupRule": wanted }]);
    lab.ok("ModifySecurityGroupRules", json!({ "GroupId": id, "SecurityGroupRules": update }));
    let shown = &rules(&lab, &id, false)[0];
    assert_eq!(shown["SecurityGroupRuleId"], json!(rule));
    assert_eq!(shown["IpProtocol"], "udp");
    assert_eq!(shown["CidrIpv4"], "10.0.0.0/16");
    assert_eq!(shown["Description"], "names");

    let words = json!([{ "SecurityGroupRuleId": rule, "Description": "resolver" }]);
    let input = json!({ "GroupId": id, "SecurityGroupRuleDescriptions": words });
    lab.ok("UpdateSecurityGroupRuleDescriptionsIngress", input);
    assert_eq!(rules(&lab, &id, false)[0]["Description"], "resolver");
    let same = json!({
        "IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
        "IpRanges": [{ "CidrIp": "10.0.0.0/16" }],
    });
    let input = json!({ "GroupId": id, "IpPermissions": [same] });
    lab.ok("UpdateSecurityGroupRuleDescriptionsIngress", input);
    assert!(rules(&lab, &id, false)[0].get("Description").is_none_or(Value::is_null));
}

#[test]
fn names_are_unique_in_their_vpc_only() {
    let lab = Lab::new();
    let (one, other) = (lab.vpc(), lab.vpc());
    assert_ne!(lab.group(&one, "web"), lab.group(&other, "web"));
}

#[test]
fn prefix_lists_of_aws_may_be_peers() {
    let lab = Lab::new();
    let lists = lab.ok(
        "DescribeManagedPrefixLists",
        json!({
            "Filters": [{ "Name": "prefix-list-name", "Values": ["com.amazonaws.eu-west-1.s3"] }],
        }),
    );
    let list = &lists["PrefixLists"][0]["PrefixListId"];
    let id = lab.group(&lab.vpc(), "web");
    lab.rule(&id, json!({ "PrefixListIds": [{ "PrefixListId": list }] }));
    assert_eq!(&rules(&lab, &id, false)[0]["PrefixListId"], list);
}
