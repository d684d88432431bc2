//! `load_balancer`: what takes requests and spreads them over targets.

use super::attributes::{Texts, attributes};
use super::{balancer_read, tags};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Holds, Id, IdentityBy, Live, ReplaceOrder, Resource,
    Retryable, Rules, Step, Want,
};
use crate::resources::ec2::interfaces;
use crate::resources::ec2::security_group::SecurityGroup;
use crate::resources::ec2::subnet::Subnet;
use crate::resources::ec2::vpc::default_groups;
use crate::resources::s3::bucket::S3Bucket;
use crate::resources::{naming, or_gone};
use crate::stack::schema::{immutable, write_only};
use crate::stack::value::is_placeholder;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

crate::sdk_enum! {
    IpAddressType => "IpAddressType",
    LoadBalancerSchemeEnum => "LoadBalancerSchemeEnum",
    LoadBalancerTypeEnum => "LoadBalancerTypeEnum",
}

/// A load balancer: its listeners take requests, and spread them over the targets of target groups.
///
/// It is ready 2 to 3 minutes after it was made. Its deletion takes the listeners along and ends
/// when its network interfaces are gone, which takes minutes more. One with
/// `deletion_protection_enabled` is neither deleted nor replaced without `--allow-protected`.
///
/// ```toml
/// [load_balancer.main]
/// name            = "${env}-main"
/// scheme          = "internet-facing"
/// subnets         = ["${subnet.a.id}", "${subnet.b.id}"]
/// security_groups = ["${security_group.load_balancer.id}"]
///
/// [load_balancer.main.load_balancer_attributes]
/// idle_timeout_timeout_seconds = 60
/// access_logs_s3_enabled       = true
/// access_logs_s3_bucket        = "${s3_bucket.logs.id}"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// Name, unique in the account and region: at most 32 letters, digits and `-`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start of the name, instead of a whole one, at most 22 characters; the rest is made so that a
    /// replacement can stand beside its predecessor.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_prefix: Option<String>,
    /// `application`, as when left out, or `network`.
    #[schemars(transform = immutable)]
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Sdk<LoadBalancerTypeEnum>>,
    /// Whether it is reached from the internet (`internet-facing`, as when left out) or from its
    /// VPC alone (`internal`).
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Sdk<LoadBalancerSchemeEnum>>,
    /// Subnets it stands in, one for each zone: for an application load balancer at least two.
    pub subnets: BTreeSet<Id<Subnet>>,
    /// Security groups. An application load balancer without has the VPC's default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_groups: Option<BTreeSet<Id<SecurityGroup>>>,
    /// Addresses it is reached at; `ipv4` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<Sdk<IpAddressType>>,
    /// Attributes; what is left out is not managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_attributes: Option<LoadBalancerAttributes>,
}

attributes! {
    /// Attributes of a load balancer: AWS's keys with `_` for `.`.
    LoadBalancerAttributes {
        /// Whether AWS refuses to delete it. AWS starts with false.
        deletion_protection_enabled: bool = "deletion_protection.enabled",
        /// Whether requests are logged to a bucket, whose policy must let it. AWS starts with false.
        access_logs_s3_enabled: bool = "access_logs.s3.enabled",
        /// Bucket of the access logs.
        access_logs_s3_bucket: Id<S3Bucket> = "access_logs.s3.bucket",
        /// What the names of the access logs begin with.
        access_logs_s3_prefix: String = "access_logs.s3.prefix",
        /// Whether connections are logged to a bucket. AWS starts with false.
        connection_logs_s3_enabled: bool = "connection_logs.s3.enabled",
        /// Bucket of the connection logs.
        connection_logs_s3_bucket: Id<S3Bucket> = "connection_logs.s3.bucket",
        /// What the names of the connection logs begin with.
        connection_logs_s3_prefix: String = "connection_logs.s3.prefix",
        /// How long a connection may be idle, in seconds: 1 to 4000. AWS starts with 60.
        idle_timeout_timeout_seconds: i64 = "idle_timeout.timeout_seconds",
        /// How long a client's connection is kept, in seconds: 60 to 604800. AWS starts with 3600.
        client_keep_alive_seconds: i64 = "client_keep_alive.seconds",
        /// Whether targets of all zones are used alike. An application load balancer always does.
        load_balancing_cross_zone_enabled: bool = "load_balancing.cross_zone.enabled",
        /// `monitor`, `defensive`, as AWS starts, or `strictest`: what becomes of requests that
        /// servers may understand in two ways.
        routing_http_desync_mitigation_mode: String = "routing.http.desync_mitigation_mode",
        /// Whether headers with bad names are taken away. AWS starts with false.
        routing_http_drop_invalid_header_fields_enabled: bool =
            "routing.http.drop_invalid_header_fields.enabled",
        /// Whether targets get the `Host` header as it came. AWS starts with false.
        routing_http_preserve_host_header_enabled: bool =
            "routing.http.preserve_host_header.enabled",
        /// Whether targets are told the TLS version and cipher. AWS starts with false.
        routing_http_x_amzn_tls_version_and_cipher_suite_enabled: bool =
            "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        /// Whether `X-Forwarded-For` has the client's port. AWS starts with false.
        routing_http_xff_client_port_enabled: bool = "routing.http.xff_client_port.enabled",
        /// `append`, as AWS starts, `preserve` or `remove`: what becomes of `X-Forwarded-For`.
        routing_http_xff_header_processing_mode: String =
            "routing.http.xff_header_processing.mode",
        /// Whether it speaks HTTP/2. AWS starts with true.
        routing_http2_enabled: bool = "routing.http2.enabled",
        /// Whether requests pass while the firewall cannot be asked. AWS starts with false.
        waf_fail_open_enabled: bool = "waf.fail_open.enabled",
        /// Whether traffic can be moved out of a zone. AWS starts with false.
        zonal_shift_config_enabled: bool = "zonal_shift.config.enabled",
    }
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct LoadBalancerOut {
    /// The ARN.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// Its name in the DNS.
    pub dns_name: String,
    /// Hosted zone of that name, for alias records.
    pub canonical_hosted_zone_id: String,
    /// VPC it is in.
    pub vpc_id: String,
    /// What metrics call it: `app/NAME/ID`.
    pub load_balancer_full_name: String,
}

impl Resource for LoadBalancer {
    const TYPE: &'static str = "load_balancer";
    const AWS_NAME: &'static str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // One for the internet needs an internet gateway (aws-semantics.md 9.1).
        created_after: &["internet_gateway"],
        // Aliases would dangle; services that drain are still listed (aws-semantics.md 9.2).
        deleted_after: &["route53_record", "ecs_service"],
        guarded: true,
        replace: ReplaceOrder::CreateFirst,
        retry: &[
            unknown_yet(Step::Create, "SubnetNotFound", "the new subnets to be known"),
            unknown_yet(Step::Create, "InvalidSecurityGroup", "the new group to be known"),
            unknown_yet(Step::Update, "InvalidSecurityGroup", "the new group to be known"),
            Retryable::new(
                Step::Create,
                "InvalidSubnet",
                "no internet gateway",
                "the internet gateway to be known",
            ),
            Retryable::new(
                Step::Update,
                "InvalidConfigurationRequest",
                "Access Denied",
                "the policy of the bucket to be known",
            ),
        ],
        // A group or subnet that is made anew must be left before it can go.
        lets_go: true,
        // aws-semantics.md 0.3.
        settle: Duration::from_secs(10 * 60),
        settle_delete: Duration::from_secs(35 * 60),
        ..Rules::DEFAULT
    };
    type Out = LoadBalancerOut;

    fn natural_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn looked_for(&self) -> Option<&str> {
        self.name_prefix.as_deref()
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = names(self.name.as_deref(), self.name_prefix.as_deref());
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.into(), message: message.into() });
        };
        let kind = self.kind.as_ref().map(|kind| &kind.0);
        let is_application = self.is_application();
        if kind == Some(&LoadBalancerTypeEnum::Gateway) {
            problem("type", "`application` or `network`: others are not offered");
        }
        if self.name.as_deref().is_some_and(|name| name.starts_with("internal-")) {
            problem("name", "AWS keeps names that begin with `internal-`");
        }
        // One that is not known yet may stand for several.
        if self.subnets.len() < 2
            && is_application
            && !self.subnets.iter().any(|id| is_placeholder(id.as_str()))
        {
            problem("subnets", "an application load balancer needs subnets in two zones");
        }
        if is_application && self.security_groups.as_ref().is_some_and(BTreeSet::is_empty) {
            problem("security_groups", "at least one; left out, AWS takes the VPC's default group");
        }
        if let Some(attributes) = &self.load_balancer_attributes {
            let access = (attributes.access_logs_s3_enabled, &attributes.access_logs_s3_bucket);
            let connection =
                (attributes.connection_logs_s3_enabled, &attributes.connection_logs_s3_bucket);
            for (name, (enabled, bucket)) in
                [("access_logs_s3_bucket", access), ("connection_logs_s3_bucket", connection)]
            {
                if enabled == Some(true) && bucket.is_none() {
                    problem(&format!("load_balancer_attributes.{name}"), "logs need a bucket");
                }
            }
        }
        problems
    }

    /// It must stand somewhere.
    fn holds_out(rest: &Self) -> bool {
        rest.subnets.len() >= if rest.is_application() { 2 } else { 1 }
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        balancer_read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let immutable = [
            self.kind.as_ref().map_or("application", |kind| kind.0.as_str()),
            self.scheme.as_ref().map_or("internet-facing", |scheme| scheme.0.as_str()),
        ];
        let name =
            naming::name(self.name.as_deref(), self.name_prefix.as_deref(), &immutable, with);
        let answer = cx
            .elbv2()
            .create_load_balancer()
            .name(name)
            .set_type(self.kind.as_ref().map(|kind| kind.0.clone()))
            .set_scheme(self.scheme.as_ref().map(|scheme| scheme.0.clone()))
            .set_subnets(Some(texts(&self.subnets)))
            .set_security_groups(self.security_groups.as_ref().map(texts))
            .set_ip_address_type(self.ip_address_type.as_ref().map(|kind| kind.0.clone()))
            .set_tags(Some(tags::to_elb(with.tags)))
            .send()
            .await?;
        let made = answer.load_balancers.unwrap_or_default().into_iter().next();
        made.and_then(|made| made.load_balancer_arn)
            .ok_or_else(|| Error::incomplete("CreateLoadBalancer", "LoadBalancerArn"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let kind = self.ip_address_type.as_ref().filter(|_| changed.has("ip_address_type"));
        if changed.has("subnets") {
            let call = cx.elbv2().set_subnets().load_balancer_arn(&live.id);
            call.set_subnets(Some(texts(&self.subnets))).send().await?;
        }
        if let Some(groups) =
            self.security_groups.as_ref().filter(|_| changed.has("security_groups"))
        {
            let mut groups = texts(groups);
            if groups.is_empty() {
                // It must have one: while its own is made anew, the one AWS would have taken.
                let vpc = [live.out.vpc_id.clone()];
                groups = default_groups(cx, &vpc).await?.into_values().collect();
            }
            let call = cx.elbv2().set_security_groups().load_balancer_arn(&live.id);
            call.set_security_groups(Some(groups)).send().await?;
        }
        if let Some(kind) = kind {
            let call = cx.elbv2().set_ip_address_type().load_balancer_arn(&live.id);
            call.ip_address_type(kind.0.clone()).send().await?;
        }
        if let Some(wanted) = &self.load_balancer_attributes {
            let pairs = wanted.beyond(live.spec.load_balancer_attributes.as_ref());
            set_attributes(cx, &live.id, &pairs).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.id, set, remove).await
    }

    async fn holds(_: &Cx, live: &Live<Self>) -> Result<Holds> {
        let attributes = live.spec.load_balancer_attributes.as_ref();
        let protected = attributes.and_then(|it| it.deletion_protection_enabled) == Some(true);
        Ok(Holds { data: None, protected })
    }

    async fn unlock(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let off = [("deletion_protection.enabled", "false".to_owned())];
        or_gone(set_attributes(cx, &live.id, &off).await)
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.elbv2().delete_load_balancer().load_balancer_arn(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let description = balancer_read::interface_description(&live.out.load_balancer_full_name);
        interfaces::holding(cx, "description", &description).await
    }
}

impl LoadBalancer {
    fn is_application(&self) -> bool {
        let kind = self.kind.as_ref();
        kind.is_none_or(|kind| kind.0 == LoadBalancerTypeEnum::Application)
    }
}

const fn unknown_yet(step: Step, code: &'static str, reason: &'static str) -> Retryable {
    Retryable::new(step, code, "", reason)
}

fn texts<R>(ids: &BTreeSet<Id<R>>) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

/// Checks the name of a load balancer or target group: whole, or by its start.
pub(super) fn names(name: Option<&str>, prefix: Option<&str>) -> Vec<FieldProblem> {
    let mut problems = naming::validate(name, prefix);
    let fits = |text: &str| {
        let letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        text.chars().all(letter) && !text.starts_with('-')
    };
    for (path, text, most) in [("name", name, 32), ("name_prefix", prefix, 22)] {
        let Some(text) = text.filter(|text| !is_placeholder(text)) else { continue };
        let ends_well = path == "name_prefix" || !text.ends_with('-');
        if text.is_empty() || text.chars().count() > most {
            let message = format!("`{text}`: 1 to {most} characters");
            problems.push(FieldProblem { path: path.to_owned(), message });
        } else if !fits(text) || !ends_well {
            let message = format!("`{text}`: letters, digits and `-`, which is not at an end");
            problems.push(FieldProblem { path: path.to_owned(), message });
        }
    }
    problems
}

/// AWS takes this many attributes in a call.
const MOST: usize = 20;

async fn set_attributes(cx: &Cx, arn: &str, pairs: &[(&'static str, String)]) -> Result<()> {
    for chunk in pairs.chunks(MOST) {
        let attributes = chunk
            .iter()
            .map(|(key, value)| LoadBalancerAttribute::builder().key(*key).value(value).build());
        let call = cx.elbv2().modify_load_balancer_attributes().load_balancer_arn(arn);
        call.set_attributes(Some(attributes.collect())).send().await?;
    }
    Ok(())
}

impl LoadBalancerAttributes {
    /// Reads what AWS answered.
    pub(super) fn of_sdk(found: Vec<LoadBalancerAttribute>) -> Self {
        let pair = |one: LoadBalancerAttribute| Some((one.key?, one.value.unwrap_or_default()));
        Self::read(&found.into_iter().filter_map(pair).collect::<Texts>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn problems(more: Value) -> Vec<String> {
        let mut whole = json!({ "name": "main", "subnets": ["subnet-1", "subnet-2"] });
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let balancer: LoadBalancer = serde_json::from_value(whole).unwrap();
        balancer.validate().into_iter().map(|p| p.path).collect()
    }

    #[test]
    fn what_aws_refuses_is_told_before() {
        assert_eq!(problems(json!({})), [""; 0]);
        assert_eq!(problems(json!({ "subnets": ["subnet-1"] })), ["subnets"]);
        let network = json!({ "type": "network", "subnets": ["subnet-1"] });
        assert_eq!(problems(network), [""; 0]);
        assert_eq!(problems(json!({ "security_groups": [] })), ["security_groups"]);
        assert_eq!(problems(json!({ "name": "internal-x" })), ["name"]);
        assert_eq!(problems(json!({ "name": "x-" })), ["name"]);
        assert_eq!(problems(json!({ "name": "a".repeat(33) })), ["name"]);
        assert_eq!(problems(json!({ "type": "gateway" })), ["type"]);
        let logs = json!({ "load_balancer_attributes": { "access_logs_s3_enabled": true } });
        assert_eq!(problems(logs), ["load_balancer_attributes.access_logs_s3_bucket"]);
    }

    #[test]
    fn only_attributes_that_differ_are_sent() {
        let of = |value: Value| serde_json::from_value::<LoadBalancerAttributes>(value).unwrap();
        let there =
            of(json!({ "routing_http2_enabled": true, "idle_timeout_timeout_seconds": 60 }));
        let wanted =
            of(json!({ "routing_http2_enabled": true, "idle_timeout_timeout_seconds": 90 }));
        let pairs = wanted.beyond(Some(&there));
        assert_eq!(pairs, [("idle_timeout.timeout_seconds", "90".to_owned())]);
        let found = LoadBalancerAttribute::builder().key("access_logs.s3.bucket").value("").build();
        assert_eq!(LoadBalancerAttributes::of_sdk(vec![found]), LoadBalancerAttributes::default());
    }
}
