//! `service_discovery_service`: a name in a namespace, under which instances are registered.

mod read;

pub(super) use read::in_namespace;

use super::namespace::ServiceDiscoveryNamespace;
use super::tags::{self, to_cloud_map};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, IdentityBy, Live, ReplaceOrder, Resource,
    Retryable, Rules, Step, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::{immutable, write_only};
use crate::stack::value::contains_placeholder;
use aws_sdk_servicediscovery::types::{
    DnsConfig as SdkDns, DnsConfigChange, DnsRecord as SdkRecord, HealthCheckConfig as SdkCheck,
    HealthCheckCustomConfig as SdkCustom, HealthCheckType, RecordType, RoutingPolicy,
    ServiceChange, ServiceTypeOption,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

crate::sdk_enum!(
    HealthCheckType => "HealthCheckType",
    RecordType => "RecordType",
    RoutingPolicy => "RoutingPolicy",
    ServiceTypeOption => "ServiceTypeOption",
);

/// A Cloud Map service: a name in a namespace, under which instances are registered, by the
/// `service_registries` of an ECS service for one. Service Connect makes its own and needs none.
///
/// ```toml
/// [service_discovery_service.api]
/// name                       = "order-api"
/// namespace_id               = "${service_discovery_namespace.main.id}"
/// dns_config                 = { dns_records = [{ type = "A", ttl = 10 }] }
/// health_check_custom_config = {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceDiscoveryService {
    /// Name, unique in the namespace; at most 127 characters.
    #[schemars(transform = immutable)]
    pub name: String,
    /// Namespace it is in.
    #[schemars(transform = immutable)]
    pub namespace_id: Id<ServiceDiscoveryNamespace>,
    /// `HTTP` for one that DNS does not know, in a namespace with DNS.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<Sdk<ServiceTypeOption>>,
    /// What it is for, at most 1024 characters. AWS changes it in a namespace with DNS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Records that DNS has of each instance; not in a namespace of the type `HTTP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<DnsConfig>,
    /// Check that Route 53 makes of each instance; in a namespace of the type `DNS_PUBLIC` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_config: Option<HealthCheckConfig>,
    /// Whoever registers instances tells their health, as ECS does: `{}`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_custom_config: Option<HealthCheckCustomConfig>,
}

/// Records that DNS has of each instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsConfig {
    /// `MULTIVALUE`, as AWS starts, or `WEIGHTED`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_policy: Option<Sdk<RoutingPolicy>>,
    /// The records, each type once. Only their times can change.
    #[serde(deserialize_with = "by_type")]
    pub dns_records: Vec<DnsRecord>,
}

/// A record that DNS has of each instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsRecord {
    /// `A`, `AAAA`, `SRV` or `CNAME`.
    #[schemars(transform = immutable)]
    pub r#type: Sdk<RecordType>,
    /// Seconds for which resolvers keep it.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub ttl: i64,
}

/// Check that Route 53 makes of each instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheckConfig {
    /// `HTTP`, `HTTPS` or `TCP`.
    pub r#type: Sdk<HealthCheckType>,
    /// Path that is asked for; `/` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_path: Option<String>,
    /// Checks in a row that change its health, 1 to 10; 1 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub failure_threshold: Option<i32>,
}

/// Health as whoever registers instances tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheckCustomConfig {
    /// Without effect: AWS takes 1.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<i32>,
}

/// Their order says nothing.
fn by_type<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<DnsRecord>, D::Error> {
    let mut records = Vec::<DnsRecord>::deserialize(deserializer)?;
    records.sort_by(|a, b| a.r#type.0.as_str().cmp(b.r#type.0.as_str()));
    Ok(records)
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServiceDiscoveryServiceOut {
    /// Id, e.g. `srv-0123456789abcdef`.
    pub id: String,
    /// ARN, which the `service_registries` of an ECS service take.
    pub arn: String,
}

impl Resource for ServiceDiscoveryService {
    const TYPE: &'static str = "service_discovery_service";
    const AWS_NAME: &'static str = "AWS::ServiceDiscovery::Service";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // Its tasks are registered in it (aws-semantics.md 9.2).
        deleted_after: &["ecs_service"],
        replace: ReplaceOrder::CreateFirst,
        retry: &[
            Retryable::new(Step::Create, "NamespaceNotFound", "", "the namespace to be known"),
            Retryable::new(Step::Update, "DuplicateRequest", "", "another change of it to end"),
            Retryable::new(
                Step::Delete,
                "ResourceInUse",
                "",
                "the instances registered in it to go",
            ),
        ],
        // aws-semantics.md 0.3.
        settle: Duration::from_secs(5 * 60),
        settle_delete: Duration::from_secs(10 * 60),
        ..Rules::DEFAULT
    };
    type Out = ServiceDiscoveryServiceOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn unique_name(&self) -> Option<String> {
        let namespace = self.namespace_id.as_str();
        let known = !contains_placeholder(namespace) && !contains_placeholder(&self.name);
        known.then(|| format!("{namespace}/{}", self.name))
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        if !(1..=127).contains(&self.name.chars().count()) && !contains_placeholder(&self.name) {
            problem("name", "a name has 1 to 127 characters");
        }
        if self.health_check_config.is_some() && self.health_check_custom_config.is_some() {
            problem("health_check_custom_config", "not together with `health_check_config`");
        }
        if let Some(dns) = &self.dns_config {
            if self.r#type.is_some() {
                problem("dns_config", "not with the type `HTTP`");
            }
            let types: BTreeSet<&str> =
                dns.dns_records.iter().map(|record| record.r#type.0.as_str()).collect();
            let path = "dns_config.dns_records";
            if types.is_empty() || types.len() < dns.dns_records.len() {
                problem(path, "at least one record, each type once");
            }
            let cname = types.contains(RecordType::Cname.as_str());
            let weighted = dns.routing_policy.as_ref();
            let weighted = weighted.is_some_and(|policy| policy.0 == RoutingPolicy::Weighted);
            if cname && (types.len() > 1 || !weighted) {
                problem(path, "`CNAME` stands alone, with the routing policy `WEIGHTED`");
            }
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let custom = self.health_check_custom_config.as_ref();
        // The deprecated member is left out: AWS takes 1 anyway.
        let custom = custom.map(|_| SdkCustom::builder().build());
        let made = cx
            .service_discovery()
            .create_service()
            .name(&self.name)
            .namespace_id(self.namespace_id.as_str())
            .creator_request_id(with.token)
            .set_description(self.description.clone().filter(|text| !text.is_empty()))
            .set_dns_config(self.dns_config.as_ref().map(DnsConfig::sdk).transpose()?)
            .set_health_check_config(
                self.health_check_config.as_ref().map(HealthCheckConfig::sdk).transpose()?,
            )
            .set_health_check_custom_config(custom)
            .set_type(self.r#type.as_ref().map(|kind| kind.0.clone()))
            .set_tags(Some(to_cloud_map(with.tags)))
            .send()
            .await?;
        let id = made.service.and_then(|service| service.id);
        id.ok_or_else(|| Error::incomplete("CreateService", "Id"))
    }

    /// Sends what stays along with what changes: AWS deletes what is left out.
    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let dns = self.dns_config.as_ref().or(live.spec.dns_config.as_ref());
        let types = |dns: Option<&DnsConfig>| -> Vec<String> {
            let records = dns.into_iter().flat_map(|dns| &dns.dns_records);
            records.map(|record| record.r#type.0.as_str().to_owned()).collect()
        };
        if types(dns) != types(live.spec.dns_config.as_ref()) {
            let message = "AWS changes no types of records: have it replaced (--replace)";
            return Err(Error::local("UpdateService", message));
        }
        let records = dns.map(DnsConfig::records).transpose()?;
        let records = records.map(|records| {
            let built = DnsConfigChange::builder().set_dns_records(Some(records)).build();
            built.map_err(|error| Error::local("dns_config", error.to_string()))
        });
        let check = self.health_check_config.as_ref().or(live.spec.health_check_config.as_ref());
        let description = self.description.clone().filter(|_| changed.has("description"));
        let change = ServiceChange::builder()
            .set_description(description)
            .set_dns_config(records.transpose()?)
            .set_health_check_config(check.map(HealthCheckConfig::sdk).transpose()?)
            .build();
        cx.service_discovery().update_service().id(&live.id).service(change).send().await?;
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        tags::tag(cx, &live.out.arn, set, remove).await
    }

    /// Deletes it; where AWS refuses because of instances, those of tasks that run no more go first.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.service_discovery().delete_service().id(&live.id);
        match call.send().await.map_err(Error::from) {
            Err(error) if error.is("ResourceInUse") => {
                read::deregister_left_over(cx, &live.id).await?;
                Err(error)
            }
            other => or_gone(other),
        }
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        read::holding(cx, &live.id).await
    }
}

impl DnsConfig {
    fn records(&self) -> Result<Vec<SdkRecord>> {
        let record = |record: &DnsRecord| {
            let built = SdkRecord::builder().r#type(record.r#type.0.clone()).ttl(record.ttl);
            built.build().map_err(|error| Error::local("dns_config", error.to_string()))
        };
        self.dns_records.iter().map(record).collect()
    }

    fn sdk(&self) -> Result<SdkDns> {
        let built = SdkDns::builder().set_dns_records(Some(self.records()?));
        let built = built.set_routing_policy(self.routing_policy.as_ref().map(|p| p.0.clone()));
        built.build().map_err(|error| Error::local("dns_config", error.to_string()))
    }
}

impl HealthCheckConfig {
    fn sdk(&self) -> Result<SdkCheck> {
        let built = SdkCheck::builder()
            .r#type(self.r#type.0.clone())
            .set_resource_path(self.resource_path.clone())
            .set_failure_threshold(self.failure_threshold)
            .build();
        built.map_err(|error| Error::local("health_check_config", error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    #[test]
    fn records_and_checks_go_together() {
        let problems = |more: Json| -> Vec<String> {
            let mut whole = json!({ "name": "api", "namespace_id": "ns-1" });
            if let (Json::Object(whole), Json::Object(more)) = (&mut whole, more) {
                whole.extend(more);
            }
            let service: ServiceDiscoveryService = serde_json::from_value(whole).unwrap();
            service.validate().into_iter().map(|problem| problem.path).collect()
        };
        let a = json!({ "type": "A", "ttl": 10 });
        let cname = json!({ "type": "CNAME", "ttl": 10 });
        assert_eq!(problems(json!({ "dns_config": { "dns_records": [a] } })), [""; 0]);
        let records = "dns_config.dns_records";
        assert_eq!(problems(json!({ "dns_config": { "dns_records": [a, a] } })), [records]);
        assert_eq!(problems(json!({ "dns_config": { "dns_records": [cname] } })), [records]);
        let weighted = json!({ "dns_records": [cname], "routing_policy": "WEIGHTED" });
        assert_eq!(problems(json!({ "dns_config": weighted })), [""; 0]);
        let http = json!({ "type": "HTTP", "dns_config": { "dns_records": [a] } });
        assert_eq!(problems(http), ["dns_config"]);
        let both =
            json!({ "health_check_config": { "type": "TCP" }, "health_check_custom_config": {} });
        assert_eq!(problems(both), ["health_check_custom_config"]);
    }
}
