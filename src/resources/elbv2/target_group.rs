//! `target_group`: what listeners and rules forward requests to.

use super::attributes::{Texts, attributes};
use super::load_balancer::names;
use super::{tags, target_group_read};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Id, IdentityBy, Live, ReplaceOrder, Resource, Retryable,
    Rules, Step, Want,
};
use crate::resources::ec2::vpc::Vpc;
use crate::resources::{naming, or_gone};
use crate::stack::schema::{immutable, write_only};
use crate::stack::value::is_placeholder;
use aws_sdk_elasticloadbalancingv2::types::{
    Matcher as SdkMatcher, ProtocolEnum, TargetGroupAttribute, TargetGroupIpAddressTypeEnum,
    TargetTypeEnum,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::sdk_enum! {
    ProtocolEnum => "ProtocolEnum",
    TargetGroupIpAddressTypeEnum => "TargetGroupIpAddressTypeEnum",
    TargetTypeEnum => "TargetTypeEnum",
}

/// A target group: targets that requests are forwarded to, and how their health is checked.
///
/// Its targets are put there by an ECS service or an Auto Scaling group. Most of it cannot change;
/// with `name_prefix` a replacement is made beside it and takes its place before it goes.
///
/// ```toml
/// [target_group.order_api]
/// name_prefix           = "${env}-order-api-"
/// protocol              = "HTTP"
/// port                  = 8000
/// target_type           = "ip"
/// vpc_id                = "${vpc.main.id}"
/// health_check_path     = "/health"
/// healthy_threshold_count  = 2
/// target_group_attributes  = { deregistration_delay_timeout_seconds = 30 }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetGroup {
    /// Name, unique in the account and region: at most 32 letters, digits and `-`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start of the name, instead of a whole one, at most 22 characters; the rest is made so that a
    /// replacement can stand beside its predecessor.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_prefix: Option<String>,
    /// `HTTP` or `HTTPS` behind an application load balancer, `TCP` and others behind a network one.
    #[schemars(transform = immutable)]
    pub protocol: Sdk<ProtocolEnum>,
    /// `HTTP1`, as when left out, `HTTP2` or `GRPC`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    /// Port of targets that are registered without one.
    #[schemars(transform = immutable)]
    pub port: u16,
    /// VPC the targets are in.
    #[schemars(transform = immutable)]
    pub vpc_id: Id<Vpc>,
    /// What targets are: `instance`, as when left out, or `ip`, for tasks with a network interface
    /// of their own.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<Sdk<TargetTypeEnum>>,
    /// Addresses of the targets; `ipv4` when left out.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<Sdk<TargetGroupIpAddressTypeEnum>>,
    /// Whether health is checked. AWS allows to switch it off for Lambda functions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_enabled: Option<bool>,
    /// Protocol of the checks. AWS starts with `HTTP`, or `TCP` for a `TCP` group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_protocol: Option<Sdk<ProtocolEnum>>,
    /// A port, or `traffic-port`, as AWS starts: the one the target has requests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_port: Option<String>,
    /// Path of the checks. AWS starts with `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_path: Option<String>,
    /// Seconds between checks: 5 to 300. AWS starts with 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_interval_seconds: Option<i32>,
    /// Seconds an answer may take: 2 to 120, less than the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_timeout_seconds: Option<i32>,
    /// Checks in a row that make a target healthy: 2 to 10. AWS starts with 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy_threshold_count: Option<i32>,
    /// Checks in a row that make a target unhealthy: 2 to 10. AWS starts with 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhealthy_threshold_count: Option<i32>,
    /// Answers that count as healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matcher: Option<Matcher>,
    /// Attributes; what is left out is not managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_attributes: Option<TargetGroupAttributes>,
}

/// Answers that count as healthy; one of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// HTTP codes, e.g. `200` or `200-299`. AWS starts with `200`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_code: Option<String>,
    /// gRPC codes, e.g. `0-5`. AWS starts with `12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc_code: Option<String>,
}

attributes! {
    /// Attributes of a target group: AWS's keys with `_` for `.`.
    TargetGroupAttributes {
        /// Seconds that a target which leaves may finish what it has: 0 to 3600. AWS starts with 300.
        deregistration_delay_timeout_seconds: i64 = "deregistration_delay.timeout_seconds",
        /// Seconds in which a new target gets its full share: 0, as AWS starts, or 30 to 900.
        slow_start_duration_seconds: i64 = "slow_start.duration_seconds",
        /// `round_robin`, as AWS starts, `least_outstanding_requests` or `weighted_random`.
        load_balancing_algorithm_type: String = "load_balancing.algorithm.type",
        /// `on` or `off`, as AWS starts: whether targets that err get fewer requests.
        load_balancing_algorithm_anomaly_mitigation: String =
            "load_balancing.algorithm.anomaly_mitigation",
        /// `true`, `false` or `use_load_balancer_configuration`, as AWS starts.
        load_balancing_cross_zone_enabled: String = "load_balancing.cross_zone.enabled",
        /// Whether a client stays with a target. AWS starts with false.
        stickiness_enabled: bool = "stickiness.enabled",
        /// `lb_cookie`, `app_cookie` or, of a `TCP` group, `source_ip`.
        stickiness_type: String = "stickiness.type",
        /// Seconds a load balancer's cookie counts: 1 to 604800. AWS starts with 86400.
        stickiness_lb_cookie_duration_seconds: i64 = "stickiness.lb_cookie.duration_seconds",
        /// Name of the application's cookie.
        stickiness_app_cookie_cookie_name: String = "stickiness.app_cookie.cookie_name",
        /// Seconds an application's cookie counts: 1 to 604800. AWS starts with 86400.
        stickiness_app_cookie_duration_seconds: i64 = "stickiness.app_cookie.duration_seconds",
        /// Healthy targets without which the zone leaves the DNS: a number or `off`.
        target_group_health_dns_failover_minimum_healthy_targets_count: String =
            "target_group_health.dns_failover.minimum_healthy_targets.count",
        /// The same in percent, or `off`.
        target_group_health_dns_failover_minimum_healthy_targets_percentage: String =
            "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        /// Healthy targets without which unhealthy ones get requests too.
        target_group_health_unhealthy_state_routing_minimum_healthy_targets_count: String =
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        /// The same in percent, or `off`.
        target_group_health_unhealthy_state_routing_minimum_healthy_targets_percentage: String =
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        /// Whether connections of a target that leaves are ended; of a `TCP` group.
        deregistration_delay_connection_termination_enabled: bool =
            "deregistration_delay.connection_termination.enabled",
        /// Whether targets see the client's address; of a `TCP` group.
        preserve_client_ip_enabled: bool = "preserve_client_ip.enabled",
        /// Whether the proxy protocol is spoken; of a `TCP` group.
        proxy_protocol_v2_enabled: bool = "proxy_protocol_v2.enabled",
    }
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TargetGroupOut {
    /// The ARN.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// What metrics call it: `targetgroup/NAME/ID`.
    pub target_group_full_name: String,
    /// The load balancers that forward to it.
    pub load_balancer_arns: Vec<String>,
}

impl Resource for TargetGroup {
    const TYPE: &'static str = "target_group";
    const AWS_NAME: &'static str = "AWS::ElasticLoadBalancingV2::TargetGroup";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // Without it a service that drains stalls (aws-semantics.md 9.2, 11).
        deleted_after: &["ecs_service", "autoscaling_group", "load_balancer"],
        replace: ReplaceOrder::CreateFirst,
        retry: &[
            Retryable::new(Step::Create, "ValidationError", "VPC", "the new VPC to be known"),
            Retryable::new(
                Step::Delete,
                "ResourceInUse",
                "",
                "listeners and rules to let go of it",
            ),
        ],
        ..Rules::DEFAULT
    };
    type Out = TargetGroupOut;

    fn natural_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn looked_for(&self) -> Option<&str> {
        self.name_prefix.as_deref()
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = names(self.name.as_deref(), self.name_prefix.as_deref());
        let mut problem = |path: &str, message: String| {
            problems.push(FieldProblem { path: path.into(), message });
        };
        let target = self.target_type.as_ref().map(|kind| &kind.0);
        if matches!(target, Some(TargetTypeEnum::Lambda | TargetTypeEnum::Alb)) {
            problem("target_type", "`instance` or `ip`: others are not offered".to_owned());
        }
        let interval = self.health_check_interval_seconds.unwrap_or(30);
        if self.health_check_timeout_seconds.is_some_and(|timeout| timeout >= interval) {
            let message = format!("must be less than the interval of {interval} seconds");
            problem("health_check_timeout_seconds", message);
        }
        for (path, value, low, high) in [
            ("health_check_interval_seconds", self.health_check_interval_seconds, 5, 300),
            ("health_check_timeout_seconds", self.health_check_timeout_seconds, 2, 120),
            ("healthy_threshold_count", self.healthy_threshold_count, 2, 10),
            ("unhealthy_threshold_count", self.unhealthy_threshold_count, 2, 10),
        ] {
            if value.is_some_and(|value| !(low..=high).contains(&value)) {
                problem(path, format!("{low} to {high}"));
            }
        }
        let known = |text: &&String| !is_placeholder(text);
        if self.health_check_path.as_ref().filter(known).is_some_and(|it| !it.starts_with('/')) {
            problem("health_check_path", "begins with `/`".to_owned());
        }
        let is_port =
            |text: &str| text == "traffic-port" || text.parse::<u16>().is_ok_and(|port| port > 0);
        if self.health_check_port.as_ref().filter(known).is_some_and(|text| !is_port(text)) {
            problem("health_check_port", "a port or `traffic-port`".to_owned());
        }
        if let Some(matcher) = &self.matcher
            && matcher.http_code.is_some() == matcher.grpc_code.is_some()
        {
            problem("matcher", "give `http_code` or `grpc_code`".to_owned());
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        target_group_read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let port = self.port.to_string();
        let immutable = [
            self.protocol.0.as_str(),
            self.protocol_version.as_deref().unwrap_or("HTTP1"),
            &port,
            self.vpc_id.as_str(),
            self.target_type.as_ref().map_or("instance", |kind| kind.0.as_str()),
            self.ip_address_type.as_ref().map_or("ipv4", |kind| kind.0.as_str()),
        ];
        let name =
            naming::name(self.name.as_deref(), self.name_prefix.as_deref(), &immutable, with);
        let answer = cx
            .elbv2()
            .create_target_group()
            .name(name)
            .protocol(self.protocol.0.clone())
            .set_protocol_version(self.protocol_version.clone())
            .port(i32::from(self.port))
            .vpc_id(self.vpc_id.as_str())
            .set_target_type(self.target_type.as_ref().map(|kind| kind.0.clone()))
            .set_ip_address_type(self.ip_address_type.as_ref().map(|kind| kind.0.clone()))
            .set_health_check_enabled(self.health_check_enabled)
            .set_health_check_protocol(self.health_check_protocol.as_ref().map(|p| p.0.clone()))
            .set_health_check_port(self.health_check_port.clone())
            .set_health_check_path(self.health_check_path.clone())
            .set_health_check_interval_seconds(self.health_check_interval_seconds)
            .set_health_check_timeout_seconds(self.health_check_timeout_seconds)
            .set_healthy_threshold_count(self.healthy_threshold_count)
            .set_unhealthy_threshold_count(self.unhealthy_threshold_count)
            .set_matcher(self.matcher.as_ref().map(Matcher::sdk))
            .set_tags(Some(tags::to_elb(with.tags)))
            .send()
            .await?;
        let made = answer.target_groups.unwrap_or_default().into_iter().next();
        made.and_then(|made| made.target_group_arn)
            .ok_or_else(|| Error::incomplete("CreateTargetGroup", "TargetGroupArn"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let has = |field: &str| changed.has(field);
        if CHECKS.into_iter().any(has) {
            let protocol = self.health_check_protocol.as_ref().map(|protocol| protocol.0.clone());
            // AWS judges interval and timeout together.
            let times = has("health_check_interval_seconds") || has("health_check_timeout_seconds");
            cx.elbv2()
                .modify_target_group()
                .target_group_arn(&live.id)
                .set_health_check_enabled(
                    self.health_check_enabled.filter(|_| has("health_check_enabled")),
                )
                .set_health_check_protocol(protocol.filter(|_| has("health_check_protocol")))
                .set_health_check_port(
                    self.health_check_port.clone().filter(|_| has("health_check_port")),
                )
                .set_health_check_path(
                    self.health_check_path.clone().filter(|_| has("health_check_path")),
                )
                .set_health_check_interval_seconds(
                    self.health_check_interval_seconds.filter(|_| times),
                )
                .set_health_check_timeout_seconds(
                    self.health_check_timeout_seconds.filter(|_| times),
                )
                .set_healthy_threshold_count(
                    self.healthy_threshold_count.filter(|_| has("healthy_threshold_count")),
                )
                .set_unhealthy_threshold_count(
                    self.unhealthy_threshold_count.filter(|_| has("unhealthy_threshold_count")),
                )
                .set_matcher(self.matcher.as_ref().filter(|_| has("matcher")).map(Matcher::sdk))
                .send()
                .await?;
        }
        if let Some(wanted) = &self.target_group_attributes {
            let pairs = wanted.beyond(live.spec.target_group_attributes.as_ref());
            if !pairs.is_empty() {
                let attributes = pairs.into_iter().map(|(key, value)| {
                    TargetGroupAttribute::builder().key(key).value(value).build()
                });
                let call = cx.elbv2().modify_target_group_attributes().target_group_arn(&live.id);
                call.set_attributes(Some(attributes.collect())).send().await?;
            }
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.elbv2().delete_target_group().target_group_arn(&live.id).send().await)
    }
}

/// The fields that ModifyTargetGroup takes.
const CHECKS: [&str; 9] = [
    "health_check_enabled",
    "health_check_protocol",
    "health_check_port",
    "health_check_path",
    "health_check_interval_seconds",
    "health_check_timeout_seconds",
    "healthy_threshold_count",
    "unhealthy_threshold_count",
    "matcher",
];

impl Matcher {
    fn sdk(&self) -> SdkMatcher {
        SdkMatcher::builder()
            .set_http_code(self.http_code.clone())
            .set_grpc_code(self.grpc_code.clone())
            .build()
    }
}

impl TargetGroupAttributes {
    /// Reads what AWS answered.
    pub(super) fn of_sdk(found: Vec<TargetGroupAttribute>) -> Self {
        let pair = |one: TargetGroupAttribute| Some((one.key?, one.value.unwrap_or_default()));
        Self::read(&found.into_iter().filter_map(pair).collect::<Texts>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_aws_refuses_is_told_before() {
        let problems = |more: Value| -> Vec<String> {
            let mut whole =
                json!({ "name": "api", "protocol": "HTTP", "port": 80, "vpc_id": "vpc-1" });
            whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let group: TargetGroup = serde_json::from_value(whole).unwrap();
            group.validate().into_iter().map(|p| p.path).collect()
        };
        assert_eq!(problems(json!({})), [""; 0]);
        assert_eq!(problems(json!({ "name_prefix": "a" })), ["name"]);
        assert_eq!(problems(json!({ "target_type": "lambda" })), ["target_type"]);
        let slow = json!({ "health_check_timeout_seconds": 30 });
        assert_eq!(problems(slow), ["health_check_timeout_seconds"]);
        assert_eq!(problems(json!({ "healthy_threshold_count": 1 })), ["healthy_threshold_count"]);
        assert_eq!(problems(json!({ "health_check_path": "x" })), ["health_check_path"]);
        assert_eq!(problems(json!({ "health_check_port": "x" })), ["health_check_port"]);
        assert_eq!(problems(json!({ "matcher": {} })), ["matcher"]);
    }
}
