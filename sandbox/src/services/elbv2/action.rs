//! Actions of listeners and rules, in the form AWS gives them back.

use serde_json::{Value, json};

use super::load_balancer::LoadBalancer;
use super::{Input, Members, State, room, rules};
use crate::rules::Refusal;
use crate::services::modelled;

/// Where actions are to go.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) state: &'a State,
    pub(super) balancer_arn: &'a str,
    pub(super) balancer: &'a LoadBalancer,
    /// The listener's.
    pub(super) protocol: &'a str,
    /// The listener's.
    pub(super) port: u16,
}

/// Returns the target groups that actions forward to.
pub(super) fn target_groups(actions: &[Value]) -> Vec<&str> {
    let tuples = actions.iter().filter_map(|action| {
        action.pointer("/ForwardConfig/TargetGroups").and_then(Value::as_array)
    });
    tuples.flatten().filter_map(|tuple| tuple.get("TargetGroupArn")?.as_str()).collect()
}

/// Reads the actions of a call and fills in what AWS fills in.
pub(super) fn read(place: Place<'_>, given: &[Value]) -> Result<Vec<Value>, Refusal> {
    let actions: Vec<&Input> = given.iter().filter_map(Value::as_object).collect();
    let [action] = actions[..] else {
        // Other actions than the one that answers are for authentication, which is not modelled.
        return Err(rules::ONE_ACTION.refuse(&[]));
    };
    let kind = action.text("Type").unwrap_or_default();
    if !place.balancer.is_application() && kind != "forward" {
        return Err(rules::ACTION_OF_NETWORK.refuse(&[kind]));
    }
    let own = match kind {
        "forward" => &["Type", "Order", "TargetGroupArn", "ForwardConfig"][..],
        "redirect" => &["Type", "Order", "RedirectConfig"],
        "fixed-response" => &["Type", "Order", "FixedResponseConfig"],
        _ => &["Type"],
    };
    let known = ["TargetGroupArn", "ForwardConfig", "RedirectConfig", "FixedResponseConfig"];
    if let Some(other) = known.iter().find(|it| action.contains_key(**it) && !own.contains(it)) {
        return Err(rules::ACTION_MEMBER.refuse(&[other, kind]));
    }
    modelled(action, "Actions", own)?;
    let mut whole = match kind {
        "forward" => forward(place, action)?,
        "redirect" => redirect(place, action)?,
        "fixed-response" => fixed_response(action)?,
        other => {
            let message = format!("the sandbox does not model actions of type {other}");
            return Err(Refusal::new("ValidationError", message));
        }
    };
    whole["Type"] = kind.into();
    whole["Order"] = action.integer("Order").unwrap_or(1).into();
    Ok(vec![whole])
}

/// A forward action reads as both `TargetGroupArn` and `ForwardConfig` (aws-semantics.md 8).
fn forward(place: Place<'_>, action: &Input) -> Result<Value, Refusal> {
    let config = action.object("ForwardConfig");
    let mut groups: Vec<(String, Option<i64>)> = Vec::new();
    let mut stickiness = json!({ "Enabled": false });
    if let Some(config) = config {
        modelled(config, "ForwardConfig", &["TargetGroups", "TargetGroupStickinessConfig"])?;
        for tuple in config.list("TargetGroups").iter().filter_map(Value::as_object) {
            let arn = tuple.text("TargetGroupArn").unwrap_or_default();
            groups.push((arn.to_owned(), tuple.integer("Weight")));
        }
        if let Some(given) = config.object("TargetGroupStickinessConfig") {
            let seconds = given.integer("DurationSeconds");
            let enabled = given.flag("Enabled").unwrap_or(false);
            if enabled && seconds.is_none_or(|seconds| !(1..=604_800).contains(&seconds)) {
                return Err(rules::STICKINESS_DURATION.refuse(&[]));
            }
            stickiness = json!({ "Enabled": enabled });
            if let Some(seconds) = seconds {
                stickiness["DurationSeconds"] = seconds.into();
            }
        }
    }
    if let Some(arn) = action.text("TargetGroupArn") {
        match &groups[..] {
            [] => groups.push((arn.to_owned(), None)),
            [(same, _)] if same == arn => {}
            _ => return Err(rules::FORWARD_TWO_WAYS.refuse(&[])),
        }
    }
    if groups.is_empty() {
        return Err(rules::FORWARD_WITHOUT_TARGET.refuse(&[]));
    }
    let limit = place.state.limits.target_groups_per_action;
    room(groups.len(), limit + 1, &rules::TARGET_GROUPS_PER_ACTION)?;
    let mut seen: Vec<&str> = Vec::new();
    for (arn, weight) in &groups {
        check_group(place, arn)?;
        if seen.contains(&arn.as_str()) {
            return Err(rules::TARGET_GROUP_TWICE.refuse(&[arn]));
        }
        seen.push(arn);
        if weight.is_some_and(|weight| !(0..=999).contains(&weight)) {
            return Err(rules::WEIGHT.refuse(&[]));
        }
    }
    check_unique(place, &seen)?;
    let tuples: Vec<Value> = groups
        .iter()
        .map(|(arn, weight)| json!({ "TargetGroupArn": arn, "Weight": weight.unwrap_or(1) }))
        .collect();
    let mut whole = json!({
        "ForwardConfig": { "TargetGroups": tuples, "TargetGroupStickinessConfig": stickiness },
    });
    if let [(arn, _)] = &groups[..] {
        whole["TargetGroupArn"] = arn.as_str().into();
    }
    Ok(whole)
}

/// Refuses a target group that a listener cannot forward to.
fn check_group(place: Place<'_>, arn: &str) -> Result<(), Refusal> {
    let Some(group) = place.state.target_groups.get(arn) else {
        return Err(rules::TARGET_GROUPS_NOT_FOUND.refuse(&[arn]));
    };
    if group.is_http() != place.balancer.is_application() {
        return Err(rules::PROTOCOLS.refuse(&[place.protocol, &group.protocol]));
    }
    if group.vpc != place.balancer.vpc {
        return Err(rules::TARGET_GROUP_VPC.refuse(&[arn]));
    }
    if group.load_balancers.iter().any(|balancer| balancer != place.balancer_arn) {
        Err(rules::TARGET_GROUP_OF_ANOTHER.refuse(&[arn]))
    } else {
        Ok(())
    }
}

/// Refuses more target groups than a load balancer may have.
fn check_unique(place: Place<'_>, new: &[&str]) -> Result<(), Refusal> {
    let of = |arn: &str| {
        let group = place.state.target_groups.get(arn);
        group.is_some_and(|group| !group.load_balancers.is_empty())
    };
    let all = place.state.target_groups.values();
    let have = all.filter(|it| it.load_balancers.iter().any(|arn| arn == place.balancer_arn));
    let more = new.iter().filter(|arn| !of(arn)).count();
    let limit = place.state.limits.target_groups_per_load_balancer;
    room(have.count() + more, limit + 1, &rules::TARGET_GROUPS_PER_LOAD_BALANCER)
}

/// A redirect reads with every part, those left out as the request's (aws-semantics.md 8).
fn redirect(place: Place<'_>, action: &Input) -> Result<Value, Refusal> {
    let Some(config) = action.object("RedirectConfig") else {
        return Err(rules::ACTION_WITHOUT_CONFIG.refuse(&["redirect"]));
    };
    let part = |name: &str, default: &str| config.text(name).unwrap_or(default).to_owned();
    let (protocol, port) = (part("Protocol", "#{protocol}"), part("Port", "#{port}"));
    let (host, path) = (part("Host", "#{host}"), part("Path", "/#{path}"));
    let query = part("Query", "#{query}");
    if port != "#{port}" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(rules::REDIRECT_PORT.refuse(&[&port]));
    }
    if !path.starts_with('/') {
        return Err(rules::REDIRECT_PATH.refuse(&[&path]));
    }
    let same_port = port == "#{port}" || port == place.port.to_string();
    let same_protocol = protocol == "#{protocol}" || protocol == place.protocol;
    let same_rest = host == "#{host}" && path == "/#{path}" && query == "#{query}";
    if same_port && same_protocol && same_rest {
        return Err(rules::REDIRECT_LOOP.refuse(&[]));
    }
    Ok(json!({
        "RedirectConfig": {
            "Protocol": protocol,
            "Port": port,
            "Host": host,
            "Path": path,
            "Query": query,
            "StatusCode": config.text("StatusCode"),
        },
    }))
}

fn fixed_response(action: &Input) -> Result<Value, Refusal> {
    const TYPES: [&str; 5] =
        ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];
    let Some(config) = action.object("FixedResponseConfig") else {
        return Err(rules::ACTION_WITHOUT_CONFIG.refuse(&["fixed-response"]));
    };
    let content_type = config.text("ContentType");
    if content_type.is_some_and(|given| !TYPES.contains(&given)) {
        return Err(rules::CONTENT_TYPE.refuse(&[content_type.unwrap_or_default()]));
    }
    let mut whole = json!({ "StatusCode": config.text("StatusCode") });
    if let Some(body) = config.text("MessageBody") {
        whole["MessageBody"] = body.into();
    }
    if let Some(content_type) = content_type {
        whole["ContentType"] = content_type.into();
    }
    Ok(json!({ "FixedResponseConfig": whole }))
}
