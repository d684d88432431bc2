//! Attributes: strings by key, each with a default and the values it takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Input, Members, rules};
use crate::rules::Refusal;

/// One attribute.
pub(super) struct Attribute {
    pub(super) key: &'static str,
    pub(super) default: &'static str,
    takes: Takes,
}

/// The values an attribute takes.
enum Takes {
    Flag,
    /// A whole number of this range.
    Number(u32, u32),
    /// Zero, or a whole number of this range.
    ZeroOr(u32, u32),
    OneOf(&'static [&'static str]),
    /// `off`, or a whole number of this range.
    OffOr(u32, u32),
    Text,
}

impl Takes {
    fn takes(&self, value: &str) -> bool {
        let within = |low: u32, high: u32| {
            value.parse::<u32>().is_ok_and(|number| (low..=high).contains(&number))
        };
        match *self {
            Self::Flag => matches!(value, "true" | "false"),
            Self::Number(low, high) => within(low, high),
            Self::ZeroOr(low, high) => value == "0" || within(low, high),
            Self::OneOf(values) => values.contains(&value),
            Self::OffOr(low, high) => value == "off" || within(low, high),
            Self::Text => true,
        }
    }
}

const fn flag(key: &'static str, default: &'static str) -> Attribute {
    Attribute { key, default, takes: Takes::Flag }
}

const fn number(key: &'static str, default: &'static str, low: u32, high: u32) -> Attribute {
    Attribute { key, default, takes: Takes::Number(low, high) }
}

const fn one_of(
    key: &'static str,
    default: &'static str,
    values: &'static [&'static str],
) -> Attribute {
    Attribute { key, default, takes: Takes::OneOf(values) }
}

const fn text(key: &'static str) -> Attribute {
    Attribute { key, default: "", takes: Takes::Text }
}

/// Attributes of an application load balancer (LoadBalancerAttribute API reference).
pub(super) static APPLICATION: &[Attribute] = &[
    flag("access_logs.s3.enabled", "false"),
    text("access_logs.s3.bucket"),
    text("access_logs.s3.prefix"),
    number("client_keep_alive.seconds", "3600", 60, 604_800),
    flag("connection_logs.s3.enabled", "false"),
    text("connection_logs.s3.bucket"),
    text("connection_logs.s3.prefix"),
    flag("deletion_protection.enabled", "false"),
    number("idle_timeout.timeout_seconds", "60", 1, 4000),
    flag("ipv6.deny_all_igw_traffic", "false"),
    flag("load_balancing.cross_zone.enabled", "true"),
    one_of(
        "routing.http.desync_mitigation_mode",
        "defensive",
        &["monitor", "defensive", "strictest"],
    ),
    flag("routing.http.drop_invalid_header_fields.enabled", "false"),
    flag("routing.http.preserve_host_header.enabled", "false"),
    flag("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
    flag("routing.http.xff_client_port.enabled", "false"),
    one_of("routing.http.xff_header_processing.mode", "append", &["append", "preserve", "remove"]),
    flag("routing.http2.enabled", "true"),
    flag("waf.fail_open.enabled", "false"),
    flag("zonal_shift.config.enabled", "false"),
];

/// Attributes of a network load balancer.
pub(super) static NETWORK: &[Attribute] = &[
    flag("access_logs.s3.enabled", "false"),
    text("access_logs.s3.bucket"),
    text("access_logs.s3.prefix"),
    flag("deletion_protection.enabled", "false"),
    one_of(
        "dns_record.client_routing_policy",
        "any_availability_zone",
        &[
            "availability_zone_affinity",
            "partial_availability_zone_affinity",
            "any_availability_zone",
        ],
    ),
    flag("ipv6.deny_all_igw_traffic", "false"),
    flag("load_balancing.cross_zone.enabled", "false"),
    number("secondary_ips.auto_assigned.per_subnet", "0", 0, 7),
    flag("zonal_shift.config.enabled", "false"),
];

/// Attributes of an HTTP or HTTPS target group (TargetGroupAttribute API reference).
pub(super) static HTTP_TARGETS: &[Attribute] = &[
    number("deregistration_delay.timeout_seconds", "300", 0, 3600),
    one_of("load_balancing.algorithm.anomaly_mitigation", "off", &["on", "off"]),
    one_of(
        "load_balancing.algorithm.type",
        "round_robin",
        &["round_robin", "least_outstanding_requests", "weighted_random"],
    ),
    CROSS_ZONE,
    Attribute { key: "slow_start.duration_seconds", default: "0", takes: Takes::ZeroOr(30, 900) },
    text("stickiness.app_cookie.cookie_name"),
    number("stickiness.app_cookie.duration_seconds", "86400", 1, 604_800),
    flag("stickiness.enabled", "false"),
    number("stickiness.lb_cookie.duration_seconds", "86400", 1, 604_800),
    one_of("stickiness.type", "lb_cookie", &["lb_cookie", "app_cookie"]),
    FAILOVER_COUNT,
    FAILOVER_PERCENTAGE,
    UNHEALTHY_COUNT,
    UNHEALTHY_PERCENTAGE,
];

/// Attributes of a TCP target group.
pub(super) static TCP_TARGETS: &[Attribute] = &[
    flag("deregistration_delay.connection_termination.enabled", "false"),
    number("deregistration_delay.timeout_seconds", "300", 0, 3600),
    CROSS_ZONE,
    flag("preserve_client_ip.enabled", "false"),
    flag("proxy_protocol_v2.enabled", "false"),
    flag("stickiness.enabled", "false"),
    one_of("stickiness.type", "source_ip", &["source_ip"]),
    FAILOVER_COUNT,
    FAILOVER_PERCENTAGE,
    UNHEALTHY_COUNT,
    UNHEALTHY_PERCENTAGE,
    flag("target_health_state.unhealthy.connection_termination.enabled", "true"),
    number("target_health_state.unhealthy.draining_interval_seconds", "0", 0, 360_000),
];

const CROSS_ZONE: Attribute = one_of(
    "load_balancing.cross_zone.enabled",
    "use_load_balancer_configuration",
    &["true", "false", "use_load_balancer_configuration"],
);
const FAILOVER_COUNT: Attribute = Attribute {
    key: "target_group_health.dns_failover.minimum_healthy_targets.count",
    default: "1",
    takes: Takes::OffOr(1, 1000),
};
const FAILOVER_PERCENTAGE: Attribute = Attribute {
    key: "target_group_health.dns_failover.minimum_healthy_targets.percentage",
    default: "off",
    takes: Takes::OffOr(1, 100),
};
const UNHEALTHY_COUNT: Attribute = number(
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
    "1",
    1,
    1000,
);
const UNHEALTHY_PERCENTAGE: Attribute = Attribute {
    key: "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
    default: "off",
    takes: Takes::OffOr(1, 100),
};

/// Attributes of an HTTP or HTTPS listener (ListenerAttribute API reference); those that set
/// response headers are empty unless set.
pub(super) static HTTP_LISTENER: &[Attribute] = &[
    text("routing.http.response.access_control_allow_credentials.header_value"),
    text("routing.http.response.access_control_allow_headers.header_value"),
    text("routing.http.response.access_control_allow_methods.header_value"),
    text("routing.http.response.access_control_allow_origin.header_value"),
    text("routing.http.response.access_control_expose_headers.header_value"),
    text("routing.http.response.access_control_max_age.header_value"),
    text("routing.http.response.content_security_policy.header_value"),
    flag("routing.http.response.server.enabled", "true"),
    text("routing.http.response.strict_transport_security.header_value"),
    text("routing.http.response.x_content_type_options.header_value"),
    text("routing.http.response.x_frame_options.header_value"),
];

/// Attributes of a TCP listener.
pub(super) static TCP_LISTENER: &[Attribute] =
    &[number("tcp.idle_timeout.seconds", "350", 60, 6000)];

/// What was set of a resource's attributes, by key.
pub(super) type Set = BTreeMap<String, String>;

/// Returns an attribute's value.
pub(super) fn get<'a>(table: &'static [Attribute], set: &'a Set, key: &str) -> &'a str {
    match set.get(key) {
        Some(value) => value,
        None => table.iter().find(|known| known.key == key).map_or("", |known| known.default),
    }
}

/// Reads the attributes of a call.
pub(super) fn given(table: &'static [Attribute], input: &Input) -> Result<Set, Refusal> {
    let mut set = Set::new();
    for attribute in input.list("Attributes").iter().filter_map(Value::as_object) {
        let key = attribute.text("Key").unwrap_or_default();
        let value = attribute.text("Value").unwrap_or_default();
        let known = table.iter().find(|known| known.key == key);
        let known = known.ok_or_else(|| rules::ATTRIBUTE_KEY.refuse(&[key]))?;
        if !known.takes.takes(value) {
            return Err(rules::ATTRIBUTE_VALUE.refuse(&[value, key]));
        }
        if set.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(rules::ATTRIBUTE_TWICE.refuse(&[key]));
        }
    }
    Ok(set)
}

/// Shows every attribute, those not set with their defaults.
pub(super) fn show(table: &'static [Attribute], set: &Set) -> Value {
    let all = table.iter();
    all.map(|known| json!({ "Key": known.key, "Value": get(table, set, known.key) })).collect()
}
