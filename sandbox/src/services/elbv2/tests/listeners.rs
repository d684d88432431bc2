//! Listeners, certificates and rules.

use serde_json::{Value, json};

use super::{Lab, attribute, fixed, forward, on_port_80, text};

#[test]
fn actions_read_back_with_what_aws_fills_in() {
    let lab = Lab::new();
    let (balancer, group) = (lab.balancer(json!({})), lab.target_group(json!({})));
    let made = lab
        .ok("CreateListener", on_port_80(&balancer, json!({ "DefaultActions": forward(&group) })));
    let tuples = json!([{ "TargetGroupArn": group, "Weight": 1 }]);
    let whole = json!({
        "Type": "forward",
        "Order": 1,
        "TargetGroupArn": group,
        "ForwardConfig": {
            "TargetGroups": tuples,
            "TargetGroupStickinessConfig": { "Enabled": false },
        },
    });
    assert_eq!(made["Listeners"][0]["DefaultActions"], json!([whole]));
    let listener = text(&made, "/Listeners/0/ListenerArn");
    let config = json!({ "StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443" });
    let redirect = json!([{ "Type": "redirect", "RedirectConfig": config }]);
    let changed =
        lab.ok("ModifyListener", json!({ "ListenerArn": listener, "DefaultActions": redirect }));
    let config = &changed["Listeners"][0]["DefaultActions"][0]["RedirectConfig"];
    let parts = ["Host", "Path", "Query"].map(|part| config[part].clone());
    assert_eq!(parts, ["#{host}", "/#{path}", "#{query}"]);
    lab.ok("DeleteTargetGroup", json!({ "TargetGroupArn": group }));
}

#[test]
fn a_secure_listener_has_a_policy_and_certificates() {
    let lab = Lab::new();
    let balancer = lab.balancer(json!({}));
    let secure = lab.secure(json!({}));
    let certificate = text(&secure, "/Certificates/0/CertificateArn");
    let listener = lab.listener_of(&balancer, secure.clone());
    assert_eq!(lab.listener_of(&balancer, secure), listener);
    let shown = lab.ok("DescribeListeners", json!({ "LoadBalancerArn": balancer }));
    assert_eq!(shown["Listeners"][0]["SslPolicy"], "ELBSecurityPolicy-2016-08");
    let more = json!([{ "CertificateArn": lab.certificate("a.com") }]);
    let more = json!({ "ListenerArn": listener, "Certificates": more });
    for _ in 0..2 {
        lab.ok("AddListenerCertificates", more.clone());
    }
    let list = || {
        let shown = lab.ok("DescribeListenerCertificates", json!({ "ListenerArn": listener }));
        shown["Certificates"].as_array().unwrap().clone()
    };
    assert_eq!(list().len(), 2);
    assert!(list().contains(&json!({ "CertificateArn": certificate, "IsDefault": true })));
    lab.ok("RemoveListenerCertificates", more);
    assert_eq!(list().len(), 1);
    let asked = json!({ "CertificateArn": certificate });
    let shown = lab.any("acm", "DescribeCertificate", asked);
    assert_eq!(shown["Certificate"]["InUseBy"], json!([balancer]));
    let plain = json!({ "ListenerArn": listener, "Protocol": "HTTP", "Port": 8080 });
    let changed = lab.ok("ModifyListener", plain);
    assert_eq!(changed["Listeners"][0]["SslPolicy"], Value::Null);
    let set = json!([{ "Key": "routing.http.response.server.enabled", "Value": "false" }]);
    let input = json!({ "ListenerArn": listener, "Attributes": set });
    lab.ok("ModifyListenerAttributes", input);
    let shown = lab.ok("DescribeListenerAttributes", json!({ "ListenerArn": listener }));
    assert_eq!(attribute(&shown, "routing.http.response.server.enabled"), "false");
}

#[test]
fn rules_are_in_the_order_of_their_priorities_and_can_change_places() {
    let lab = Lab::new();
    let listener = lab.listener();
    let late = lab.rule(&listener, 20, json!({}));
    let early = lab.rule(&listener, 3, json!({}));
    let order = || {
        let shown = lab.ok("DescribeRules", json!({ "ListenerArn": listener }));
        let rules = shown["Rules"].as_array().unwrap().clone();
        rules.into_iter().map(|rule| (text(&rule, "/RuleArn"), rule)).collect::<Vec<_>>()
    };
    let rules = order();
    assert_eq!((&rules[0].0, &rules[1].0), (&early, &late));
    assert_eq!(rules[0].1["Priority"], "3");
    let condition = json!({
        "Field": "path-pattern",
        "Values": ["/orders*"],
        "PathPatternConfig": { "Values": ["/orders*"] },
    });
    assert_eq!(rules[0].1["Conditions"], json!([condition]));
    assert_eq!(
        (&rules[2].1["Priority"], &rules[2].1["IsDefault"]),
        (&json!("default"), &json!(true))
    );
    assert_eq!(rules[2].1["Actions"][0]["FixedResponseConfig"]["StatusCode"], "404");
    let swap = json!([{ "RuleArn": early, "Priority": 20 }, { "RuleArn": late, "Priority": 3 }]);
    lab.ok("SetRulePriorities", json!({ "RulePriorities": swap }));
    assert_eq!(order()[0].0, late);
    let header = json!({ "HttpHeaderName": "X-Api", "Values": ["1", "2"] });
    let query = json!({ "Values": [{ "Key": "v", "Value": "1" }, { "Value": "2" }] });
    let conditions = json!([
        { "Field": "http-header", "HttpHeaderConfig": header },
        { "Field": "query-string", "QueryStringConfig": query },
    ]);
    let change = json!({ "RuleArn": late, "Conditions": conditions, "Actions": fixed("201") });
    assert_eq!(lab.ok("ModifyRule", change)["Rules"][0]["Conditions"], conditions);
    lab.ok("DeleteRule", json!({ "RuleArn": early }));
    assert_eq!(order().len(), 2);
    lab.ok("DeleteListener", json!({ "ListenerArn": listener }));
    assert_eq!(lab.no("DescribeRules", json!({ "RuleArns": [late] })).code, "RuleNotFound");
}
