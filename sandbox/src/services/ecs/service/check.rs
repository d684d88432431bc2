//! What CreateService and UpdateService refuse.

use serde_json::{Map, Value, json};

use super::super::placement::Expression;
use super::super::rules::{
    BREAKER, CONNECT, CONTAINER_PORT, NETWORK_MISSING, NETWORK_REFUSED, NO_NAMESPACE, PERCENTAGES,
    PLACEMENT, REBALANCING, SECURITY_GROUPS, SUBNETS, TARGET_GROUP, TARGET_GROUP_LONELY,
    TARGET_TYPE,
};
use super::super::task_definition::Definition;
use super::super::{Call, Input, Members, outside};
use crate::rules::Refusal;
use crate::services::modelled;
use crate::state::Account;

/// What EC2 can place by (PlacementStrategy API reference).
const FIELDS: [&str; 3] = ["instanceId", "host", "attribute:"];

/// Reads subnets and security groups: needed with `awsvpc` and refused otherwise.
pub(crate) fn network(
    account: &Account,
    call: &Call,
    definition: &Definition,
    given: Option<&Value>,
) -> Result<Option<Value>, Refusal> {
    let inner = given.and_then(Value::as_object).and_then(|it| it.object("awsvpcConfiguration"));
    let Some(inner) = inner else {
        return if definition.is_awsvpc() { Err(NETWORK_MISSING.refuse(&[])) } else { Ok(None) };
    };
    if !definition.is_awsvpc() {
        return Err(NETWORK_REFUSED.refuse(&[]));
    }
    let subnets = inner.texts("subnets");
    let groups = inner.texts("securityGroups");
    let mut vpcs: Vec<String> = Vec::new();
    for subnet in &subnets {
        let vpc = outside::vpc_of_subnet(account, &call.region, subnet);
        vpcs.push(vpc.ok_or_else(|| {
            SUBNETS.refuse(&[&format!("The subnet ID '{subnet}' does not exist")])
        })?);
    }
    vpcs.dedup();
    if vpcs.len() != 1 {
        return Err(SUBNETS.refuse(&["subnets must all be in the same VPC"]));
    }
    for group in &groups {
        match outside::vpc_of_group(account, &call.region, group) {
            Some(vpc) if vpc == vpcs[0] => {}
            Some(_) => {
                return Err(SECURITY_GROUPS.refuse(&[group, "is not in the VPC of the subnets"]));
            }
            None => return Err(SECURITY_GROUPS.refuse(&[group, "does not exist"])),
        }
    }
    // Without groups tasks are in the VPC's default one, which is what AWS shows then.
    let default = outside::default_group(account, &call.region, &vpcs[0]);
    let groups: Vec<String> = if groups.is_empty() {
        default.into_iter().collect()
    } else {
        groups.into_iter().map(str::to_owned).collect()
    };
    let public = inner.text("assignPublicIp").unwrap_or("DISABLED");
    if public == "ENABLED" {
        return Err(SUBNETS.refuse(&["Assign public IP is not supported for this launch type"]));
    }
    Ok(Some(json!({"awsvpcConfiguration": {
        "subnets": subnets, "securityGroups": groups, "assignPublicIp": public,
    }})))
}

/// Checks target groups: there, used by a load balancer, of the type the network mode needs, and
/// their containers and ports in the definition.
pub(super) fn load_balancers(
    account: &Account,
    call: &Call,
    definition: &Definition,
    given: &[Value],
) -> Result<(), Refusal> {
    for one in given.iter().filter_map(Value::as_object) {
        modelled(one, "loadBalancers", &["targetGroupArn", "containerName", "containerPort"])?;
        let arn = one.text("targetGroupArn").unwrap_or_default();
        port(definition, one)?;
        let group = outside::target_group(account, &call.region, arn);
        let group = group.ok_or_else(|| TARGET_GROUP.refuse(&[arn]))?;
        if !group.has_load_balancer {
            return Err(TARGET_GROUP_LONELY.refuse(&[arn]));
        }
        let wanted = if definition.is_awsvpc() { "ip" } else { "instance" };
        let fits = group.target_type == wanted
            || definition.network_mode() == "host" && group.target_type == "ip";
        if !fits {
            return Err(TARGET_TYPE.refuse(&[arn, &group.target_type, definition.network_mode()]));
        }
    }
    Ok(())
}

/// Refuses a container and port that the definition does not map.
fn port(definition: &Definition, given: &Map<String, Value>) -> Result<(), Refusal> {
    let name = given.text("containerName").unwrap_or_default();
    let port = given.integer("containerPort").unwrap_or_default();
    let container = definition.container(name);
    let mapped = container.is_some_and(|container| {
        let mappings = container.list("portMappings").iter().filter_map(Value::as_object);
        mappings.filter_map(|mapping| mapping.integer("containerPort")).any(|own| own == port)
    });
    if mapped { Ok(()) } else { Err(CONTAINER_PORT.refuse(&[name, &port.to_string()])) }
}

/// Reads `deploymentConfiguration`, over what was there before.
pub(super) fn configuration(
    given: Option<&Map<String, Value>>,
    before: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let mut now = before;
    let Some(given) = given else { return Ok(now) };
    let members = [
        "deploymentCircuitBreaker",
        "maximumPercent",
        "minimumHealthyPercent",
        "alarms",
        "strategy",
        "bakeTimeInMinutes",
    ];
    modelled(given, "deploymentConfiguration", &members)?;
    if given.text("strategy").is_some_and(|strategy| strategy != "ROLLING") {
        return Err(PERCENTAGES.refuse(&["the sandbox models the strategy ROLLING only"]));
    }
    for (member, value) in given {
        now.insert(member.clone(), value.clone());
    }
    let percent = |member: &str| now.integer(member);
    let (least, most) = (percent("minimumHealthyPercent"), percent("maximumPercent"));
    if least.is_some_and(|it| !(0..=100).contains(&it)) {
        return Err(PERCENTAGES.refuse(&["Minimum healthy percent must be between 0 and 100"]));
    }
    if most.is_some_and(|it| !(100..=200).contains(&it)) {
        return Err(PERCENTAGES.refuse(&["Maximum percent must be between 100 and 200"]));
    }
    if let Some(breaker) = now.get_mut("deploymentCircuitBreaker").and_then(Value::as_object_mut) {
        let is = |member: &str| breaker.get(member).and_then(Value::as_bool).unwrap_or_default();
        if is("rollback") && !is("enable") {
            return Err(BREAKER.refuse(&[]));
        }
    }
    Ok(now)
}

/// Refuses what rebalancing over zones cannot go with.
pub(super) fn rebalancing(
    settings: &Map<String, Value>,
    configuration: &Map<String, Value>,
    is_daemon: bool,
) -> Result<(), Refusal> {
    if settings.text("availabilityZoneRebalancing") != Some("ENABLED") {
        return Ok(());
    }
    let refuse = |why: &str| Err(REBALANCING.refuse(&[why]));
    if is_daemon {
        return refuse("services with the DAEMON scheduling strategy");
    }
    if configuration.integer("maximumPercent").is_some_and(|most| most <= 100) {
        return refuse("services with a maximumPercent of 100 or less");
    }
    let first = settings.list("placementStrategy").iter().find_map(Value::as_object);
    if let Some(first) = first {
        let zone = Some("attribute:ecs.availability-zone");
        if first.text("type") != Some("spread") || first.text("field") != zone {
            return refuse(
                "services whose first placement strategy is not a spread by Availability Zone",
            );
        }
    }
    let zoned = settings.list("placementConstraints").iter().filter_map(Value::as_object);
    let mut zoned = zoned.filter_map(|it| it.text("expression"));
    if zoned.any(|expression| expression.contains("ecs.availability-zone")) {
        return refuse("services with a placement constraint by Availability Zone");
    }
    Ok(())
}

/// Reads placement constraints and strategies as AWS shows them.
pub(super) fn placement(settings: &mut Map<String, Value>, is_daemon: bool) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(PLACEMENT.refuse(&[why]));
    let constraints = settings.list("placementConstraints").to_vec();
    if constraints.len() > 10 {
        return refuse("at most 10 placement constraints are allowed");
    }
    for one in constraints.iter().filter_map(Value::as_object) {
        match (one.text("type"), one.text("expression")) {
            (Some("distinctInstance"), Some(_)) => {
                return refuse("distinctInstance takes no expression");
            }
            (Some("memberOf"), None) => return refuse("memberOf needs an expression"),
            (Some("memberOf"), Some(text)) if Expression::parse(text).is_none() => {
                return refuse("Unable to parse expression");
            }
            _ => {}
        }
    }
    let mut strategies = settings.list("placementStrategy").to_vec();
    if is_daemon && !strategies.is_empty() {
        return refuse("the DAEMON scheduling strategy takes no placement strategy");
    }
    if strategies.len() > 5 {
        return refuse("at most 5 placement strategies are allowed");
    }
    for one in strategies.iter_mut().filter_map(Value::as_object_mut) {
        let field = one.text("field").map(str::to_owned);
        let field = match (one.text("type"), field.as_deref()) {
            (Some("random"), None) => continue,
            (Some("random"), Some(_)) => return refuse("random takes no field"),
            (Some("binpack"), Some(field)) => match field.to_ascii_uppercase() {
                upper if upper == "CPU" || upper == "MEMORY" => upper,
                _ => return refuse("the field of binpack is cpu or memory"),
            },
            (Some("spread"), Some(field)) if FIELDS.iter().any(|it| field.starts_with(it)) => {
                if field == "host" {
                    "instanceId".to_owned()
                } else {
                    field.to_owned()
                }
            }
            _ => return refuse("the field of spread is instanceId or an attribute"),
        };
        one.insert("field".to_owned(), json!(field));
    }
    if settings.contains_key("placementStrategy") {
        settings.insert("placementStrategy".to_owned(), json!(strategies));
    }
    Ok(())
}

/// Reads Service Connect: its namespace must exist, and its port names be in the definition.
pub(super) fn connect(
    account: &Account,
    call: &Call,
    definition: &Definition,
    given: &Map<String, Value>,
) -> Result<Value, Refusal> {
    modelled(
        given,
        "serviceConnectConfiguration",
        &["enabled", "namespace", "services", "logConfiguration"],
    )?;
    let mut read = given.clone();
    if given.flag("enabled") != Some(true) {
        return Ok(json!({"enabled": false}));
    }
    let Some(namespace) = given.text("namespace") else {
        return Err(
            CONNECT.refuse(&["a namespace must be given where the cluster has no default one"])
        );
    };
    let Some(arn) = outside::namespace(account, &call.region, namespace) else {
        return Err(NO_NAMESPACE.refuse(&[]));
    };
    read.insert("namespace".to_owned(), json!(arn));
    let mut seen = Vec::new();
    for service in given.list("services").iter().filter_map(Value::as_object) {
        let port = service.text("portName").unwrap_or_default();
        let has = definition.containers().any(|container| {
            let mappings = container.list("portMappings").iter().filter_map(Value::as_object);
            mappings.filter_map(|mapping| mapping.text("name")).any(|name| name == port)
        });
        if !has {
            let words =
                format!("portName '{port}' is no name of a port mapping in the task definition");
            return Err(CONNECT.refuse(&[&words]));
        }
        let name = service.text("discoveryName").unwrap_or(port);
        if seen.contains(&name) {
            return Err(CONNECT.refuse(&["discovery names must be unique"]));
        }
        seen.push(name);
    }
    Ok(Value::Object(read))
}

/// Refuses numbers of seconds that the grace period may not have.
pub(super) fn grace(input: &Input, has_load_balancer: bool) -> Result<(), Refusal> {
    match input.integer("healthCheckGracePeriodSeconds") {
        Some(seconds) if seconds < 0 => {
            Err(PERCENTAGES.refuse(&["healthCheckGracePeriodSeconds may not be negative"]))
        }
        Some(seconds) if seconds > 0 && !has_load_balancer => Err(PERCENTAGES.refuse(&[
            "Health check grace period is only valid for services configured to use load balancers",
        ])),
        _ => Ok(()),
    }
}
