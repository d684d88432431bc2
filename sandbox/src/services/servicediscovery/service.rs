//! Services: names in a namespace, under which instances are registered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::filters::{paged, passes};
use super::instance::Instance;
use super::namespace::{self, Namespace};
use super::operation::{self, Effect, Kind};
use super::rules::{
    CNAME_ROUTING, DNS_IN_HTTP, DNS_MISSING, DNS_RECORDS, HEALTH_CHECK_PRIVATE, HEALTH_CHECKS,
    SERVICE_EXISTS, SERVICE_IN_USE, SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_NOT_FOUND,
};
use super::tags::tags_of;
use super::{Call, Input, arn, new_id, state, state_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::{Answer, Members, modelled};
use crate::state::Account;

/// A service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CloudMapService {
    pub(super) name: String,
    /// The id of its namespace.
    pub(super) namespace: String,
    /// `HTTP`, `DNS_HTTP` or `DNS`.
    kind: String,
    description: Option<String>,
    /// Seconds that records live, by their type.
    pub(super) records: BTreeMap<String, i64>,
    routing: Option<String>,
    health_check: Option<Map<String, Value>>,
    /// Whether whoever registers instances tells their health.
    custom_health: bool,
    created: Time,
    token: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) instances: BTreeMap<String, Instance>,
    /// Whether Service Connect of ECS made it.
    service_connect: bool,
    /// When Service Connect takes it away.
    pub(super) leaves: Option<Time>,
}

/// How long what Service Connect made stays after the last ECS service that used it: AWS promises
/// nothing, and namespaces are in use meanwhile (aws-semantics.md 7).
const STAYS: Duration = Duration::from_secs(60);

/// A change of a service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Change {
    description: Option<String>,
    records: BTreeMap<String, i64>,
    health_check: Option<Map<String, Value>>,
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    if name.chars().count() > 127 {
        return Err(SERVICE_NAME.refuse(&[name]));
    }
    let dns = input.object("DnsConfig");
    let inside = dns.and_then(|dns| dns.text("NamespaceId"));
    let ((Some(id), None) | (None, Some(id))) = (input.text("NamespaceId"), inside) else {
        return Err(SERVICE_NAMESPACE.refuse(&[]));
    };
    let namespace = namespace::for_service(account, call, id)?.clone();
    if let Some((id, _)) = find_named(account, &call.region, &namespace, name) {
        return Err(SERVICE_EXISTS.refuse(&[name, &namespace.id, id]));
    }
    let records = match dns {
        Some(dns) => records_of(dns)?,
        None => BTreeMap::new(),
    };
    let kind = kind(input, &namespace)?;
    let routing = dns.map(|dns| dns.text("RoutingPolicy").unwrap_or("MULTIVALUE").to_owned());
    if records.contains_key("CNAME") && routing.as_deref() != Some("WEIGHTED") {
        return Err(CNAME_ROUTING.refuse(&[]));
    }
    let health_check = input.object("HealthCheckConfig");
    let custom_health = input.contains_key("HealthCheckCustomConfig");
    if health_check.is_some() && custom_health {
        return Err(HEALTH_CHECKS.refuse(&[]));
    }
    check_health(health_check, &namespace)?;
    let service = CloudMapService {
        name: name.to_owned(),
        namespace: namespace.id,
        kind: kind.to_owned(),
        description: input.text("Description").map(str::to_owned),
        records,
        routing,
        health_check: health_check.map(completed),
        custom_health,
        created: call.now,
        token: input.text("CreatorRequestId").map(str::to_owned),
        tags: tags_of(input, name)?,
        ..CloudMapService::default()
    };
    let id = new_id(account, "srv");
    let mut shown = shown(account, &call.region, &id, &service);
    shown["CreatorRequestId"] = json!(service.token);
    shown["NamespaceId"] = json!(service.namespace);
    state_mut(account, &call.region).services.insert(id, service);
    Ok(json!({ "Service": shown }))
}

/// Tells whether a service is found by DNS, by DiscoverInstances, or by both.
fn kind(input: &Input, namespace: &Namespace) -> Result<&'static str, Refusal> {
    let has_dns = input.contains_key("DnsConfig");
    let asks_for_http = input.text("Type") == Some("HTTP");
    match (namespace.kind.as_str(), has_dns) {
        ("HTTP", true) => Err(DNS_IN_HTTP.refuse(&["DnsConfig", &namespace.id])),
        ("HTTP", false) => Ok("HTTP"),
        (_, true) if asks_for_http => Err(DNS_IN_HTTP.refuse(&["DnsConfig", &namespace.id])),
        (_, true) => Ok("DNS_HTTP"),
        (_, false) if asks_for_http => Ok("HTTP"),
        (_, false) => Err(DNS_MISSING.refuse(&[&namespace.id])),
    }
}

/// Reads `DnsRecords`: each type once, CNAME alone.
fn records_of(dns: &Map<String, Value>) -> Result<BTreeMap<String, i64>, Refusal> {
    let given = dns.list("DnsRecords");
    let records: BTreeMap<String, i64> = given
        .iter()
        .filter_map(|record| Some((record["Type"].as_str()?.to_owned(), record["TTL"].as_i64()?)))
        .collect();
    let alone = !records.contains_key("CNAME") || records.len() == 1;
    if records.len() == given.len() && !given.is_empty() && alone {
        return Ok(records);
    }
    let types: Vec<&str> = given.iter().filter_map(|record| record["Type"].as_str()).collect();
    Err(DNS_RECORDS.refuse(&[&types.join(", ")]))
}

fn check_health(given: Option<&Map<String, Value>>, namespace: &Namespace) -> Result<(), Refusal> {
    if given.is_some() && namespace.kind != "DNS_PUBLIC" {
        return Err(HEALTH_CHECK_PRIVATE.refuse(&[&namespace.id]));
    }
    Ok(())
}

/// Fills in what Route 53 takes where a health check says nothing (HealthCheckConfig API reference).
fn completed(given: &Map<String, Value>) -> Map<String, Value> {
    let mut check = given.clone();
    check.entry("FailureThreshold").or_insert_with(|| json!(1));
    if check.text("Type") != Some("TCP") {
        check.entry("ResourcePath").or_insert_with(|| json!("/"));
    }
    check
}

/// Finds a service by its name in a namespace; where DNS knows it, letters count the same in both
/// sizes (CreateService API reference, Name).
pub(super) fn find_named<'a>(
    account: &'a Account,
    region: &str,
    namespace: &Namespace,
    name: &str,
) -> Option<(&'a String, &'a CloudMapService)> {
    let services = account.region(region).into_iter().flat_map(|r| &r.servicediscovery.services);
    services.into_iter().find(|(_, service)| {
        let same = if namespace.kind == "HTTP" {
            service.name == name
        } else {
            service.name.eq_ignore_ascii_case(name)
        };
        service.namespace == namespace.id && same
    })
}

/// Finds a service by its id or ARN.
pub(super) fn find<'a>(
    account: &'a Account,
    call: &Call,
    id: &'a str,
) -> Result<(&'a str, &'a CloudMapService), Refusal> {
    let prefix = arn(account, &call.region, "service/");
    let bare = id.strip_prefix(&prefix).unwrap_or(id);
    let service = state(account, call).and_then(|state| state.services.get(bare));
    service.map(|service| (bare, service)).ok_or_else(|| SERVICE_NOT_FOUND.refuse(&[id]))
}

fn shown(account: &Account, region: &str, id: &str, service: &CloudMapService) -> Value {
    let record = |(kind, ttl)| json!({"Type": kind, "TTL": ttl});
    let dns = (!service.records.is_empty()).then(|| {
        json!({
            "NamespaceId": service.namespace,
            "RoutingPolicy": service.routing,
            "DnsRecords": service.records.iter().map(record).collect::<Value>(),
        })
    });
    json!({
        "Id": id,
        "Arn": arn(account, region, &format!("service/{id}")),
        "ResourceOwner": account.id,
        "CreatedByAccount": account.id,
        "Name": service.name,
        "Type": service.kind,
        "Description": service.description,
        "InstanceCount": service.instances.len(),
        "DnsConfig": dns,
        "HealthCheckConfig": service.health_check,
        "HealthCheckCustomConfig": service.custom_health.then(|| json!({"FailureThreshold": 1})),
        "CreateDate": service.created.to_string(),
    })
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let (id, service) = find(account, call, input.text("Id").unwrap_or_default())?;
    let mut shown = shown(account, &call.region, id, service);
    shown["NamespaceId"] = json!(service.namespace);
    shown["CreatorRequestId"] = json!(service.token);
    Ok(json!({ "Service": shown }))
}

pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let mut items = Vec::new();
    for (id, service) in state(account, call).into_iter().flat_map(|state| &state.services) {
        let field = |name: &str| match name {
            "NAMESPACE_ID" => Some(service.namespace.as_str()),
            "RESOURCE_OWNER" => Some("SELF"),
            _ => None,
        };
        if passes(input, field)? {
            items.push((id.clone(), shown(account, &call.region, id, service)));
        }
    }
    paged(input, "Services", items)
}

/// UpdateService: records and a health check that are left out are deleted.
pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (id, service) = find(account, call, input.text("Id").unwrap_or_default())?;
    let namespace = namespace::for_service(account, call, &service.namespace)?;
    if namespace.kind == "HTTP" {
        return Err(DNS_IN_HTTP.refuse(&["UpdateService", &namespace.id]));
    }
    let empty = Map::new();
    let given = input.object("Service").unwrap_or(&empty);
    modelled(given, "Service", &["Description", "DnsConfig", "HealthCheckConfig"])?;
    let records = match given.object("DnsConfig") {
        Some(dns) => records_of(dns)?,
        None => BTreeMap::new(),
    };
    let types: BTreeSet<&str> = records.keys().map(String::as_str).collect();
    if records.keys().any(|kind| !service.records.contains_key(kind)) {
        let types: Vec<&str> = types.into_iter().collect();
        return Err(DNS_RECORDS.refuse(&[&types.join(", ")]));
    }
    let health_check = given.object("HealthCheckConfig");
    check_health(health_check, namespace)?;
    let change = Change {
        description: given.text("Description").map(str::to_owned),
        records,
        health_check: health_check.map(completed),
    };
    let id = id.to_owned();
    let effect = Effect::UpdateService(Box::new(change));
    operation::begin(account, call, Kind::UpdateService, &[("SERVICE", &id)], None, effect)
}

/// Changes a service whose operation ends.
pub(super) fn change(account: &mut Account, region: &str, id: &str, change: Change) {
    if let Some(service) = state_mut(account, region).services.get_mut(id) {
        if change.description.is_some() {
            service.description = change.description.filter(|words| !words.is_empty());
        }
        service.records = change.records;
        service.health_check = change.health_check;
    }
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (id, service) = find(account, call, input.text("Id").unwrap_or_default())?;
    if !service.instances.is_empty() {
        return Err(SERVICE_IN_USE.refuse(&[id]));
    }
    let id = id.to_owned();
    state_mut(account, &call.region).services.remove(&id);
    Ok(json!({}))
}

/// Returns the ARN of the service that Service Connect has for a name in a namespace; makes it where
/// there is none. None without such a namespace.
pub(crate) fn register_service_connect(
    account: &mut Account,
    region: &str,
    namespace: &str,
    name: &str,
    at: Time,
) -> Option<String> {
    let namespace = namespace::namespace(account, region, namespace)?.clone();
    let known = find_named(account, region, &namespace, name).map(|(id, _)| id.clone());
    if let Some(id) = &known
        && let Some(service) = state_mut(account, region).services.get_mut(id)
    {
        service.leaves = None;
    }
    let id = known.unwrap_or_else(|| {
        let id = new_id(account, "srv");
        let service = CloudMapService {
            name: name.to_owned(),
            namespace: namespace.id,
            kind: "HTTP".to_owned(),
            created: at,
            service_connect: true,
            ..CloudMapService::default()
        };
        state_mut(account, region).services.insert(id.clone(), service);
        id
    });
    Some(arn(account, region, &format!("service/{id}")))
}

/// Deletes the service that Service Connect made for a name, with its instances, after a while.
pub(crate) fn forget_service_connect(
    account: &mut Account,
    region: &str,
    namespace: &str,
    name: &str,
    at: Time,
) {
    let Some(namespace) = namespace::namespace(account, region, namespace) else { return };
    let found = find_named(account, region, namespace, name);
    let Some(id) = found.filter(|(_, service)| service.service_connect).map(|(id, _)| id.clone())
    else {
        return;
    };
    let leaves = account.way.after(at, STAYS);
    let services = &mut state_mut(account, region).services;
    if leaves <= at {
        services.remove(&id);
    } else if let Some(service) = services.get_mut(&id) {
        service.leaves = Some(leaves);
        service.instances.clear();
    }
}
