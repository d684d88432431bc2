//! `listener`: a port of a load balancer, and what becomes of requests there.

use super::action::{self, Action};
use super::load_balancer::LoadBalancer;
use super::{listener_read, tags};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Id, Live, Resource, Retryable, Rules, Step, Want,
};
use crate::resources::acm::certificate::AcmCertificate;
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use aws_sdk_elasticloadbalancingv2::types::{Certificate as SdkCertificate, ProtocolEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// A listener: a port of a load balancer, and what becomes of requests that no rule is for.
///
/// ```toml
/// [listener.https]
/// load_balancer_arn = "${load_balancer.main.id}"
/// protocol          = "HTTPS"
/// port              = 443
/// ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
/// certificates      = [{ certificate_arn = "${acm_certificate.main.id}" }]
/// default_actions   = [{ type = "fixed-response", fixed_response_config = { status_code = "404" } }]
///
/// [listener.http]
/// load_balancer_arn = "${load_balancer.main.id}"
/// protocol          = "HTTP"
/// port              = 80
/// default_actions   = [{ type = "redirect", redirect_config = { protocol = "HTTPS", port = "443", status_code = "HTTP_301" } }]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Load balancer whose port it is.
    #[schemars(transform = immutable)]
    pub load_balancer_arn: Id<LoadBalancer>,
    /// Port.
    pub port: u16,
    /// `HTTP` or `HTTPS` of an application load balancer, `TCP` and others of a network one.
    pub protocol: Sdk<ProtocolEnum>,
    /// TLS versions and ciphers of `HTTPS`. AWS starts with `ELBSecurityPolicy-2016-08`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_policy: Option<String>,
    /// The default certificate of `HTTPS`, which needs exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Vec<Certificate>>,
    /// All certificates beside the default one; a client gets the one for the name it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener_certificates: Option<BTreeSet<Id<AcmCertificate>>>,
    /// What becomes of requests that no rule is for: one action.
    #[serde(deserialize_with = "action::canonical")]
    pub default_actions: Vec<Action>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The certificate.
    pub certificate_arn: Id<AcmCertificate>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListenerOut {
    /// The ARN.
    pub id: String,
    /// The ARN.
    pub arn: String,
}

const KNOWN: &str = "the certificate to be known";

impl Resource for Listener {
    const TYPE: &'static str = "listener";
    const AWS_NAME: &'static str = "AWS::ElasticLoadBalancingV2::Listener";
    const RULES: Rules = Rules {
        // A service that drains is stalled without it (aws-semantics.md 9.2, 11).
        deleted_after: &["ecs_service"],
        retry: &[
            // aws-semantics.md 8: five minutes.
            Retryable::new(Step::Create, "CertificateNotFound", "", KNOWN),
            Retryable::new(Step::Update, "CertificateNotFound", "", KNOWN),
            Retryable::new(Step::Create, "UnsupportedCertificate", "", KNOWN),
            Retryable::new(Step::Update, "UnsupportedCertificate", "", KNOWN),
            Retryable::new(
                Step::Create,
                "TargetGroupNotFound",
                "",
                "the new target group to be known",
            ),
            Retryable::new(
                Step::Update,
                "TargetGroupNotFound",
                "",
                "the new target group to be known",
            ),
        ],
        settle: Duration::from_secs(5 * 60),
        ..Rules::DEFAULT
    };
    type Out = ListenerOut;

    fn looked_for(&self) -> Option<&str> {
        Some(self.load_balancer_arn.as_str())
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = action::problems("default_actions", &self.default_actions);
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.into(), message: message.into() });
        };
        if self.port == 0 {
            problem("port", "1 to 65535");
        }
        let certificates = self.certificates.as_ref().map(Vec::len);
        if matches!(self.protocol.0, ProtocolEnum::Https | ProtocolEnum::Tls) {
            if certificates != Some(1) {
                problem("certificates", "exactly one: others are `listener_certificates`");
            }
        } else {
            let only = "only `HTTPS` has it";
            if certificates.is_some_and(|count| count > 0) {
                problem("certificates", only);
            }
            if self.listener_certificates.as_ref().is_some_and(|all| !all.is_empty()) {
                problem("listener_certificates", only);
            }
            if self.ssl_policy.is_some() {
                problem("ssl_policy", only);
            }
        }
        problems
    }

    /// A port of a load balancer has one listener.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        live.load_balancer_arn == wanted.load_balancer_arn && live.port == wanted.port
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        listener_read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let answer = cx
            .elbv2()
            .create_listener()
            .load_balancer_arn(self.load_balancer_arn.as_str())
            .protocol(self.protocol.0.clone())
            .port(i32::from(self.port))
            .set_ssl_policy(self.ssl_policy.clone())
            .set_certificates(self.default_certificate())
            .set_default_actions(Some(action::to_sdk(&self.default_actions)))
            .set_tags(Some(tags::to_elb(with.tags)))
            .send()
            .await?;
        let made = answer.listeners.unwrap_or_default().into_iter().next();
        made.and_then(|made| made.listener_arn)
            .ok_or_else(|| Error::incomplete("CreateListener", "ListenerArn"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let has = |field: &str| changed.has(field);
        let fields = ["port", "protocol", "ssl_policy", "certificates", "default_actions"];
        if fields.into_iter().any(has) {
            let protocol = Some(self.protocol.0.clone()).filter(|_| has("protocol"));
            let actions = has("default_actions").then(|| action::to_sdk(&self.default_actions));
            let certificates = self.default_certificate();
            // One that becomes secure needs all of it.
            let secure = has("protocol");
            cx.elbv2()
                .modify_listener()
                .listener_arn(&live.id)
                .set_port(has("port").then(|| i32::from(self.port)))
                .set_protocol(protocol)
                .set_ssl_policy(self.ssl_policy.clone().filter(|_| secure || has("ssl_policy")))
                .set_certificates(certificates.filter(|_| secure || has("certificates")))
                .set_default_actions(actions)
                .send()
                .await?;
        }
        if let Some(wanted) =
            self.listener_certificates.as_ref().filter(|_| has("listener_certificates"))
        {
            // One that became the default is not taken away.
            let default = self.certificates.iter().flatten();
            let default: Vec<_> = default.map(|it| &it.certificate_arn).collect();
            let before = live.spec.listener_certificates.iter().flatten();
            let before = before.filter(|id| !default.contains(id)).cloned().collect();
            add_and_remove(cx, &live.id, &before, wanted).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.elbv2().delete_listener().listener_arn(&live.id).send().await)
    }
}

impl Listener {
    fn default_certificate(&self) -> Option<Vec<SdkCertificate>> {
        let arns = self.certificates.as_ref()?.iter().map(|it| it.certificate_arn.as_str());
        let certificates: Vec<_> = arns.map(certificate).collect();
        Some(certificates).filter(|certificates| !certificates.is_empty())
    }
}

fn certificate(arn: &str) -> SdkCertificate {
    SdkCertificate::builder().certificate_arn(arn).build()
}

async fn add_and_remove(
    cx: &Cx,
    listener: &str,
    before: &BTreeSet<Id<AcmCertificate>>,
    wanted: &BTreeSet<Id<AcmCertificate>>,
) -> Result<()> {
    let beyond = |one: &BTreeSet<Id<AcmCertificate>>, other: &BTreeSet<Id<AcmCertificate>>| {
        let ids = one.difference(other).map(|id| certificate(id.as_str()));
        Some(ids.collect::<Vec<_>>()).filter(|ids| !ids.is_empty())
    };
    if let Some(new) = beyond(wanted, before) {
        let call = cx.elbv2().add_listener_certificates().listener_arn(listener);
        call.set_certificates(Some(new)).send().await?;
    }
    if let Some(old) = beyond(before, wanted) {
        let call = cx.elbv2().remove_listener_certificates().listener_arn(listener);
        call.set_certificates(Some(old)).send().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn secure_listeners_have_one_default_certificate_and_others_none() {
        let problems = |more: Value| -> Vec<String> {
            let fixed = json!({ "status_code": "404" });
            let action = json!({ "type": "fixed-response", "fixed_response_config": fixed });
            let mut whole = json!({ "load_balancer_arn": "arn:lb", "port": 80, "protocol": "HTTP",
                "default_actions": [action] });
            whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let listener: Listener = serde_json::from_value(whole).unwrap();
            listener.validate().into_iter().map(|p| p.path).collect()
        };
        assert_eq!(problems(json!({})), [""; 0]);
        assert_eq!(problems(json!({ "protocol": "HTTPS" })), ["certificates"]);
        let one = json!([{ "certificate_arn": "arn:c" }]);
        assert_eq!(problems(json!({ "protocol": "HTTPS", "certificates": one })), [""; 0]);
        assert_eq!(problems(json!({ "certificates": one })), ["certificates"]);
        assert_eq!(problems(json!({ "ssl_policy": "x" })), ["ssl_policy"]);
        let others = json!({ "listener_certificates": ["arn:c"] });
        assert_eq!(problems(others), ["listener_certificates"]);
        assert_eq!(problems(json!({ "default_actions": [] })), ["default_actions"]);
    }
}
