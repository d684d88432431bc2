//! `service_discovery_namespace`: where services find each other by name.

mod read;

use super::tags::{self, to_cloud_map};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, IdentityBy, Live, ReplaceOrder, Resource,
    Retryable, Rules, Step, Want,
};
use crate::resources::ec2::vpc::Vpc;
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use crate::stack::value::{contains_placeholder, is_placeholder};
use aws_sdk_servicediscovery::types::{
    HttpNamespaceChange, NamespaceType, PrivateDnsNamespaceChange, PrivateDnsNamespaceProperties,
    PrivateDnsNamespacePropertiesChange, PrivateDnsPropertiesMutable,
    PrivateDnsPropertiesMutableChange, PublicDnsNamespaceChange, PublicDnsNamespaceProperties,
    PublicDnsNamespacePropertiesChange, PublicDnsPropertiesMutable,
    PublicDnsPropertiesMutableChange, Soa as SdkSoa, SoaChange,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

crate::sdk_enum!(NamespaceType => "NamespaceType");

/// Tag that remembers the VPC of a private namespace: AWS tells it of the hosted zone only.
const VPC_TAG: &str = "infra:vpc";

/// A Cloud Map namespace: where services find each other by name.
///
/// Service Connect takes its ARN. AWS makes it, and takes it away, in an operation of about a
/// minute. It is deleted when no service is in it any more; those that Service Connect made in it go
/// some time after the last ECS service that used them.
///
/// ```toml
/// [service_discovery_namespace.main]
/// name        = "${env}.internal"
/// type        = "DNS_PRIVATE"
/// vpc         = "${vpc.main.id}"
/// description = "services of ${env}"
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceDiscoveryNamespace {
    /// Name; that of a namespace with DNS is a domain.
    #[schemars(transform = immutable)]
    pub name: String,
    /// `HTTP` (found by calls only), `DNS_PRIVATE` (also by the DNS of a VPC) or `DNS_PUBLIC`.
    #[schemars(transform = immutable)]
    pub r#type: Sdk<NamespaceType>,
    /// VPC whose DNS knows it; with `DNS_PRIVATE`, which needs it.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<Id<Vpc>>,
    /// What it is for, at most 1024 characters; an empty one takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Settings of its hosted zone; not with `HTTP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<NamespaceProperties>,
}

/// Settings of a namespace with DNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamespaceProperties {
    /// Settings of its hosted zone.
    pub dns_properties: DnsProperties,
}

/// Settings of the hosted zone of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsProperties {
    /// Its start of authority record.
    pub soa: Soa,
}

/// The start of authority record of a hosted zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Soa {
    /// Seconds for which resolvers remember that a name is not there. AWS starts with 15.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub ttl: i64,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceDiscoveryNamespaceOut {
    /// Id, e.g. `ns-0123456789abcdef`.
    pub id: String,
    /// ARN, which Service Connect takes.
    pub arn: String,
    /// Hosted zone of a namespace with DNS.
    pub hosted_zone_id: Option<String>,
}

impl Resource for ServiceDiscoveryNamespace {
    const TYPE: &'static str = "service_discovery_namespace";
    const AWS_NAME: &'static str = "AWS::ServiceDiscovery::Namespace";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // Service Connect's own services in it go with the ECS services (aws-semantics.md 7).
        deleted_after: &["service_discovery_service", "ecs_service"],
        // Of another type, or for another VPC, both can be there; the engine turns it round where
        // they cannot.
        replace: ReplaceOrder::CreateFirst,
        retry: &[
            // One that an interrupted run began is found when it is there.
            Retryable::new(
                Step::Create,
                "NamespaceAlreadyExists",
                "",
                "the namespace of that name to be there, or gone",
            ),
            busy(Step::Create),
            busy(Step::Update),
            busy(Step::Delete),
            Retryable::new(
                Step::Delete,
                "ResourceInUse",
                "",
                "the services in it to go: ECS takes away what Service Connect made some time \
                 after the last service that used it",
            ),
        ],
        // Operations take 30 to 90 s (aws-semantics.md 7); what ECS leaves, longer.
        settle: Duration::from_secs(5 * 60),
        settle_delete: Duration::from_secs(15 * 60),
        ..Rules::DEFAULT
    };
    type Out = ServiceDiscoveryNamespaceOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    /// AWS allows one of a name for each type, and for each VPC.
    fn unique_name(&self) -> Option<String> {
        let vpc = self.vpc.as_ref().map_or("", |vpc| vpc.as_str());
        let known = !contains_placeholder(vpc) && !contains_placeholder(&self.name);
        let slash = if vpc.is_empty() { "" } else { "/" };
        known.then(|| format!("{}/{}{slash}{vpc}", self.r#type.0.as_str(), self.name))
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        let is_private = self.r#type.0 == NamespaceType::DnsPrivate;
        match &self.vpc {
            None if is_private => problem("vpc", "`DNS_PRIVATE` needs the VPC whose DNS knows it"),
            Some(_) if !is_private => problem("vpc", "only `DNS_PRIVATE` has a VPC"),
            _ => {}
        }
        if self.properties.is_some() && self.r#type.0 == NamespaceType::Http {
            problem("properties", "`HTTP` has no hosted zone");
        }
        let longest = if self.r#type.0 == NamespaceType::Http { 1024 } else { 253 };
        let fits = !self.name.starts_with("arn:") && (1..=longest).contains(&self.name.len());
        if !fits && !contains_placeholder(&self.name) {
            problem("name", "a name has 1 to 253 characters (1024 with `HTTP`) and is no ARN");
        }
        if self.description.as_ref().is_some_and(|d| d.chars().count() > 1024) {
            problem("description", "at most 1024 characters");
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    /// Returns the id of the operation that makes it: AWS tells no other until it is over.
    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let client = cx.service_discovery();
        let description = self.description.clone().filter(|text| !text.is_empty());
        let ttl = self.ttl();
        let mut tags = with.tags.clone();
        let vpc = self.vpc.as_ref().filter(|vpc| !is_placeholder(vpc.as_str()));
        tags.extend(vpc.map(|vpc| (VPC_TAG.to_owned(), vpc.as_str().to_owned())));
        let tags = to_cloud_map(&tags);
        let incomplete = |call: &str| Error::incomplete(call, "OperationId");
        match self.r#type.0 {
            NamespaceType::DnsPrivate => {
                let call = client.create_private_dns_namespace().name(&self.name);
                let call = call.creator_request_id(with.token).set_tags(Some(tags));
                let call = call.set_vpc(self.vpc.as_ref().map(|vpc| vpc.as_str().to_owned()));
                let call = call.set_properties(ttl.map(private).transpose()?);
                let made = call.set_description(description).send().await?;
                made.operation_id.ok_or_else(|| incomplete("CreatePrivateDnsNamespace"))
            }
            NamespaceType::DnsPublic => {
                let call = client.create_public_dns_namespace().name(&self.name);
                let call = call.creator_request_id(with.token).set_tags(Some(tags));
                let call = call.set_properties(ttl.map(public).transpose()?);
                let made = call.set_description(description).send().await?;
                made.operation_id.ok_or_else(|| incomplete("CreatePublicDnsNamespace"))
            }
            _ => {
                let call = client.create_http_namespace().name(&self.name);
                let call = call.creator_request_id(with.token).set_tags(Some(tags));
                let made = call.set_description(description).send().await?;
                made.operation_id.ok_or_else(|| incomplete("CreateHttpNamespace"))
            }
        }
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let (client, id) = (cx.service_discovery(), &live.out.id);
        let description = self.description.clone().filter(|_| changed.has("description"));
        let ttl = self.ttl().filter(|_| changed.has("properties"));
        if description.is_none() && ttl.is_none() {
            return Ok(());
        }
        match self.r#type.0 {
            NamespaceType::DnsPrivate => {
                let change = PrivateDnsNamespaceChange::builder().set_description(description);
                let change = change.set_properties(ttl.map(private_change).transpose()?).build();
                client.update_private_dns_namespace().id(id).namespace(change).send().await?;
            }
            NamespaceType::DnsPublic => {
                let change = PublicDnsNamespaceChange::builder().set_description(description);
                let change = change.set_properties(ttl.map(public_change).transpose()?).build();
                client.update_public_dns_namespace().id(id).namespace(change).send().await?;
            }
            _ => {
                let change = HttpNamespaceChange::builder();
                let change = change.description(description.unwrap_or_default()).build();
                let change = change.map_err(|e| Error::local("description", e.to_string()))?;
                client.update_http_namespace().id(id).namespace(change).send().await?;
            }
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.out.arn, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.service_discovery().delete_namespace().id(&live.out.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        read::holding(cx, &live.out.id).await
    }
}

const fn busy(step: Step) -> Retryable {
    Retryable::new(step, "DuplicateRequest", "", "another operation on it to end")
}

impl ServiceDiscoveryNamespace {
    fn ttl(&self) -> Option<i64> {
        Some(self.properties.as_ref()?.dns_properties.soa.ttl)
    }
}

fn soa(ttl: i64) -> Result<SdkSoa> {
    let built = SdkSoa::builder().ttl(ttl).build();
    built.map_err(|error| Error::local("properties", error.to_string()))
}

fn private(ttl: i64) -> Result<PrivateDnsNamespaceProperties> {
    let dns = PrivateDnsPropertiesMutable::builder().soa(soa(ttl)?).build();
    Ok(PrivateDnsNamespaceProperties::builder().dns_properties(dns).build())
}

fn public(ttl: i64) -> Result<PublicDnsNamespaceProperties> {
    let dns = PublicDnsPropertiesMutable::builder().soa(soa(ttl)?).build();
    Ok(PublicDnsNamespaceProperties::builder().dns_properties(dns).build())
}

fn soa_change(ttl: i64) -> Result<SoaChange> {
    let built = SoaChange::builder().ttl(ttl).build();
    built.map_err(|error| Error::local("properties", error.to_string()))
}

fn private_change(ttl: i64) -> Result<PrivateDnsNamespacePropertiesChange> {
    let dns = PrivateDnsPropertiesMutableChange::builder().soa(soa_change(ttl)?).build();
    Ok(PrivateDnsNamespacePropertiesChange::builder().dns_properties(dns).build())
}

fn public_change(ttl: i64) -> Result<PublicDnsNamespacePropertiesChange> {
    let dns = PublicDnsPropertiesMutableChange::builder().soa(soa_change(ttl)?).build();
    Ok(PublicDnsNamespacePropertiesChange::builder().dns_properties(dns).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::value::unknown_placeholder;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeSet;

    fn namespace(more: Json) -> ServiceDiscoveryNamespace {
        let mut whole = json!({ "name": "dev.internal" });
        if let (Json::Object(whole), Json::Object(more)) = (&mut whole, more) {
            whole.extend(more);
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn each_type_has_settings_of_its_own() {
        let problems = |more: Json| -> Vec<String> {
            namespace(more).validate().into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(problems(json!({ "type": "DNS_PRIVATE" })), ["vpc"]);
        assert_eq!(problems(json!({ "type": "HTTP", "vpc": "vpc-1" })), ["vpc"]);
        let zone = json!({ "dns_properties": { "soa": { "ttl": 60 } } });
        assert_eq!(problems(json!({ "type": "HTTP", "properties": zone })), ["properties"]);
        assert_eq!(problems(json!({ "type": "DNS_PUBLIC", "properties": zone })), [""; 0]);
        assert_eq!(problems(json!({ "type": "HTTP", "name": "arn:aws:x" })), ["name"]);
    }

    #[test]
    fn a_name_is_unique_in_its_type_and_vpc() {
        let name = |more: Json| namespace(more).unique_name();
        assert_eq!(name(json!({ "type": "HTTP" })).as_deref(), Some("HTTP/dev.internal"));
        let private = json!({ "type": "DNS_PRIVATE", "vpc": "vpc-1" });
        assert_eq!(name(private).as_deref(), Some("DNS_PRIVATE/dev.internal/vpc-1"));
        let unknown = unknown_placeholder(&BTreeSet::from(["vpc.main.id".to_owned()]));
        assert_eq!(name(json!({ "type": "DNS_PRIVATE", "vpc": unknown })), None);
    }
}
