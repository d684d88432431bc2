//! A case for every rule about listeners, their certificates, actions, rules and conditions.

use serde_json::{Value, json};

use super::{Lab, fixed, for_path, forward, on_port_80, text};
use crate::rules::Refusal;

fn listen(lab: &Lab, more: Value) -> Refusal {
    let balancer = lab.balancer(json!({}));
    lab.no("CreateListener", on_port_80(&balancer, more))
}

/// Creates a listener with one action.
fn act(lab: &Lab, action: Value) -> Refusal {
    listen(lab, json!({ "DefaultActions": [action] }))
}

fn redirect(lab: &Lab, config: Value) -> Refusal {
    act(lab, json!({ "Type": "redirect", "RedirectConfig": config }))
}

/// Forwards to a new target group with the given weight and stickiness.
fn weighed(lab: &Lab, tuples: &[(&str, i64)], more: Value) -> Refusal {
    let tuples =
        tuples.iter().map(|(arn, weight)| json!({ "TargetGroupArn": arn, "Weight": weight }));
    let config = json!({ "TargetGroups": tuples.collect::<Vec<_>>() });
    act(lab, json!({ "Type": "forward", "ForwardConfig": super::merged(config, more) }))
}

/// Creates a secure listener with these certificates.
fn certified(lab: &Lab, certificates: Value) -> Refusal {
    listen(lab, lab.secure(json!({ "Certificates": certificates })))
}

/// Creates a rule with these conditions.
fn when(lab: &Lab, conditions: Value) -> Refusal {
    let listener = lab.listener();
    lab.no("CreateRule", for_path(&listener, 1, json!({ "Conditions": conditions })))
}

fn two_groups(lab: &Lab) -> (String, String) {
    (lab.target_group(json!({})), lab.target_group(json!({ "Name": "other" })))
}

super::cases! {
    LISTENER_MEMBER: |lab| listen(&lab, json!({ "Port": null }));
    LISTENER_PROTOCOL: |lab| listen(&lab, json!({ "Protocol": "TCP" }));
    NOT_SECURE: |lab| listen(&lab, json!({ "SslPolicy": "ELBSecurityPolicy-2016-08" }));
    SSL_POLICY_NOT_FOUND: |lab| listen(&lab, lab.secure(json!({ "SslPolicy": "x" })));
    ONE_CERTIFICATE: |lab| {
        let two = ["a.com", "b.com"].map(|it| json!({ "CertificateArn": lab.certificate(it) }));
        certified(&lab, json!(two))
    };
    CERTIFICATE_MISSING: |lab| certified(&lab, Value::Null);
    CERTIFICATE_NOT_FOUND: |lab| {
        certified(&lab, json!([{ "CertificateArn": "arn:aws:acm:eu-west-1:1:certificate/1" }]))
    };
    CERTIFICATE_PENDING: |lab| {
        certified(&lab, json!([{ "CertificateArn": lab.pending_certificate("a.com") }]))
    };
    CERTIFICATE_LIMIT: |lab| {
        lab.change(|state| state.limits.certificates_per_load_balancer = 0);
        let listener = lab.listener_of(&lab.balancer(json!({})), lab.secure(json!({})));
        let more = json!([{ "CertificateArn": lab.certificate("a.com") }]);
        lab.no("AddListenerCertificates", json!({ "ListenerArn": listener, "Certificates": more }))
    };
    DEFAULT_CERTIFICATE: |lab| {
        let secure = lab.secure(json!({}));
        let own = secure["Certificates"].clone();
        let listener = lab.listener_of(&lab.balancer(json!({})), secure);
        let input = json!({ "ListenerArn": listener, "Certificates": own });
        lab.no("RemoveListenerCertificates", input)
    };
    LISTENER_EXISTS: |lab| {
        let balancer = lab.balancer(json!({}));
        lab.listener_of(&balancer, json!({}));
        lab.no("CreateListener", on_port_80(&balancer, json!({ "DefaultActions": fixed("503") })))
    };
    LISTENER_LIMIT: |lab| {
        lab.change(|state| state.limits.listeners_per_load_balancer = 0);
        listen(&lab, json!({}))
    };
    LISTENER_NOT_FOUND: |lab| {
        let listener = lab.listener();
        lab.ok("DeleteListener", json!({ "ListenerArn": listener }));
        lab.no("DescribeListeners", json!({ "ListenerArns": [listener] }))
    };
    WHICH_LISTENERS: |lab| lab.no("DescribeListeners", json!({}));
    ONE_ACTION: |lab| {
        let two = [fixed("404")[0].clone(), fixed("503")[0].clone()];
        listen(&lab, json!({ "DefaultActions": two }))
    };
    ACTION_OF_NETWORK: |lab| {
        let balancer = lab.balancer(json!({ "Type": "network" }));
        lab.no("CreateListener", on_port_80(&balancer, json!({ "Protocol": "TCP" })))
    };
    ACTION_MEMBER: |lab| {
        let config = json!({ "StatusCode": "404" });
        act(&lab, json!({ "Type": "redirect", "FixedResponseConfig": config }))
    };
    ACTION_WITHOUT_CONFIG: |lab| act(&lab, json!({ "Type": "redirect" }));
    FORWARD_WITHOUT_TARGET: |lab| act(&lab, json!({ "Type": "forward" }));
    FORWARD_TWO_WAYS: |lab| {
        let (one, other) = two_groups(&lab);
        let config = json!({ "TargetGroups": [{ "TargetGroupArn": other }] });
        let both = json!({ "Type": "forward", "TargetGroupArn": one, "ForwardConfig": config });
        act(&lab, both)
    };
    STICKINESS_DURATION: |lab| {
        let group = lab.target_group(json!({}));
        let sticky = json!({ "Enabled": true });
        weighed(&lab, &[(&group, 1)], json!({ "TargetGroupStickinessConfig": sticky }))
    };
    TARGET_GROUPS_PER_ACTION: |lab| {
        lab.change(|state| state.limits.target_groups_per_action = 1);
        let (one, other) = two_groups(&lab);
        weighed(&lab, &[(&one, 1), (&other, 1)], json!({}))
    };
    TARGET_GROUPS_PER_LOAD_BALANCER: |lab| {
        lab.change(|state| state.limits.target_groups_per_load_balancer = 1);
        let (one, other) = two_groups(&lab);
        weighed(&lab, &[(&one, 1), (&other, 1)], json!({}))
    };
    TARGET_GROUP_TWICE: |lab| {
        let group = lab.target_group(json!({}));
        weighed(&lab, &[(&group, 1), (&group, 2)], json!({}))
    };
    WEIGHT: |lab| weighed(&lab, &[(&lab.target_group(json!({})), 1000)], json!({}));
    TARGET_GROUPS_NOT_FOUND: |lab| act(&lab, forward(super::GROUP)[0].clone());
    PROTOCOLS: |lab| {
        let group = lab.target_group(json!({ "Protocol": "TCP" }));
        act(&lab, forward(&group)[0].clone())
    };
    TARGET_GROUP_VPC: |lab| {
        let group = lab.target_group(json!({ "VpcId": lab.new_vpc("10.1.0.0/16") }));
        act(&lab, forward(&group)[0].clone())
    };
    TARGET_GROUP_OF_ANOTHER: |lab| {
        let (group, other) = (lab.target_group(json!({})), lab.balancer(json!({ "Name": "x" })));
        lab.listener_of(&other, json!({ "DefaultActions": forward(&group) }));
        act(&lab, forward(&group)[0].clone())
    };
    REDIRECT_PORT: |lab| redirect(&lab, json!({ "StatusCode": "HTTP_301", "Port": "https" }));
    REDIRECT_PATH: |lab| redirect(&lab, json!({ "StatusCode": "HTTP_301", "Path": "x" }));
    REDIRECT_LOOP: |lab| redirect(&lab, json!({ "StatusCode": "HTTP_301", "Port": "80" }));
    CONTENT_TYPE: |lab| {
        let config = json!({ "StatusCode": "404", "ContentType": "image/png" });
        act(&lab, json!({ "Type": "fixed-response", "FixedResponseConfig": config }))
    };
    RULE_OF_NETWORK: |lab| {
        let balancer = lab.balancer(json!({ "Type": "network" }));
        let group = lab.target_group(json!({ "Protocol": "TCP" }));
        let actions = json!({ "Protocol": "TCP", "DefaultActions": forward(&group) });
        let listener = lab.listener_of(&balancer, actions);
        lab.no("CreateRule", for_path(&listener, 1, json!({})))
    };
    CONDITION_MISSING: |lab| when(&lab, json!([]));
    CONDITION_FIELD: |lab| when(&lab, json!([{ "Field": "path", "Values": ["/x"] }]));
    CONDITION_TWICE: |lab| {
        let one = json!({ "Field": "path-pattern", "Values": ["/x"] });
        when(&lab, json!([one, one]))
    };
    CONDITION_MEMBER: |lab| when(&lab, json!([{ "Field": "source-ip", "Values": ["10.0.0.0/8"] }]));
    CONDITION_TWO_WAYS: |lab| {
        let config = json!({ "Values": ["/y"] });
        let both =
            json!({ "Field": "path-pattern", "Values": ["/x"], "PathPatternConfig": config });
        when(&lab, json!([both]))
    };
    CONDITION_EMPTY: |lab| when(&lab, json!([{ "Field": "path-pattern" }]));
    CONDITION_HEADER: |lab| {
        let config = json!({ "Values": ["x"] });
        when(&lab, json!([{ "Field": "http-header", "HttpHeaderConfig": config }]))
    };
    CONDITION_VALUE: |lab| {
        let config = json!({ "Values": ["get"] });
        let field = "http-request-method";
        when(&lab, json!([{ "Field": field, "HttpRequestMethodConfig": config }]))
    };
    CONDITION_VALUES: |lab| {
        let values = ["/1", "/2", "/3", "/4", "/5", "/6"];
        when(&lab, json!([{ "Field": "path-pattern", "Values": values }]))
    };
    PRIORITY_IN_USE: |lab| {
        let listener = lab.listener();
        lab.rule(&listener, 1, json!({}));
        lab.no("CreateRule", for_path(&listener, 1, json!({})))
    };
    RULE_LIMIT: |lab| {
        lab.change(|state| state.limits.rules_per_load_balancer = 1);
        let listener = lab.listener();
        lab.rule(&listener, 1, json!({}));
        lab.no("CreateRule", for_path(&listener, 2, json!({})))
    };
    RULE_NOT_FOUND: |lab| {
        let rule = lab.rule(&lab.listener(), 1, json!({}));
        lab.ok("DeleteRule", json!({ "RuleArn": rule }));
        lab.no("DeleteRule", json!({ "RuleArn": rule }))
    };
    WHICH_RULES: |lab| lab.no("DescribeRules", json!({}));
    DEFAULT_RULE: |lab| {
        let rules = lab.ok("DescribeRules", json!({ "ListenerArn": lab.listener() }));
        lab.no("DeleteRule", json!({ "RuleArn": text(&rules, "/Rules/0/RuleArn") }))
    };
}
