//! Instances: where a service is to be found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::filters::paged;
use super::namespace;
use super::operation::{self, Effect, Kind};
use super::rules::{
    INSTANCE_ATTRIBUTE, INSTANCE_NOT_FOUND, NAMESPACE_NAME_NOT_FOUND, SERVICE_NAME_NOT_FOUND,
};
use super::service::{self, CloudMapService};
use super::{Call, Input, arn, state_mut};
use crate::rules::Refusal;
use crate::services::{Answer, Members};
use crate::state::Account;

/// An instance.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Instance {
    attributes: BTreeMap<String, String>,
    token: Option<String>,
}

type Attributes = BTreeMap<String, String>;

/// What each type of record needs of an instance (RegisterInstance API reference, Attributes).
const NEEDS: [(&str, &str); 4] = [
    ("A", "AWS_INSTANCE_IPV4"),
    ("AAAA", "AWS_INSTANCE_IPV6"),
    ("CNAME", "AWS_INSTANCE_CNAME"),
    ("SRV", "AWS_INSTANCE_PORT"),
];

pub(super) fn register(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (id, service) = service::find(account, call, service_id(input))?;
    let attributes: Attributes = input
        .object("Attributes")
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let missing = NEEDS.iter().find(|(kind, attribute)| {
        service.records.contains_key(*kind) && !attributes.contains_key(*attribute)
    });
    if let Some((kind, attribute)) = missing {
        return Err(INSTANCE_ATTRIBUTE.refuse(&[kind, attribute]));
    }
    let id = id.to_owned();
    let token = input.text("CreatorRequestId");
    let targets = [("SERVICE", id.as_str()), ("INSTANCE", instance_id(input))];
    let effect = Effect::Register { attributes, token: token.map(str::to_owned) };
    operation::begin(account, call, Kind::RegisterInstance, &targets, token, effect)
}

pub(super) fn deregister(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (id, service) = service::find(account, call, service_id(input))?;
    find(id, service, instance_id(input))?;
    let id = id.to_owned();
    let targets = [("SERVICE", id.as_str()), ("INSTANCE", instance_id(input))];
    operation::begin(account, call, Kind::DeregisterInstance, &targets, None, Effect::Deregister)
}

/// Registers an instance whose operation ends.
pub(super) fn appear(
    account: &mut Account,
    region: &str,
    service: &str,
    instance: &str,
    attributes: Attributes,
    token: Option<String>,
) {
    if let Some(service) = state_mut(account, region).services.get_mut(service) {
        service.instances.insert(instance.to_owned(), Instance { attributes, token });
    }
}

/// Takes an instance away whose operation ends.
pub(super) fn vanish(account: &mut Account, region: &str, service: &str, instance: &str) {
    if let Some(service) = state_mut(account, region).services.get_mut(service) {
        service.instances.remove(instance);
    }
}

/// Registers an instance of a service, by its id or ARN, at once: what other services of AWS do.
pub(crate) fn register_instance(
    account: &mut Account,
    region: &str,
    service: &str,
    instance: &str,
    attributes: Attributes,
) {
    let id = bare(account, region, service);
    appear(account, region, &id, instance, attributes, None);
}

/// Takes an instance of a service, by its id or ARN, away at once.
pub(crate) fn deregister_instance(
    account: &mut Account,
    region: &str,
    service: &str,
    instance: &str,
) {
    let id = bare(account, region, service);
    vanish(account, region, &id, instance);
}

fn bare(account: &Account, region: &str, service: &str) -> String {
    let prefix = arn(account, region, "service/");
    service.strip_prefix(&prefix).unwrap_or(service).to_owned()
}

fn service_id(input: &Input) -> &str {
    input.text("ServiceId").unwrap_or_default()
}

fn instance_id(input: &Input) -> &str {
    input.text("InstanceId").unwrap_or_default()
}

fn find<'a>(
    id: &str,
    service: &'a CloudMapService,
    instance: &str,
) -> Result<&'a Instance, Refusal> {
    let found = service.instances.get(instance);
    found.ok_or_else(|| INSTANCE_NOT_FOUND.refuse(&[instance, id]))
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let (id, service) = service::find(account, call, service_id(input))?;
    let instance = find(id, service, instance_id(input))?;
    let shown = json!({
        "Id": instance_id(input),
        "CreatorRequestId": instance.token,
        "Attributes": instance.attributes,
        "CreatedByAccount": call.account_id,
    });
    Ok(json!({"ResourceOwner": call.account_id, "Instance": shown}))
}

pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let (_, service) = service::find(account, call, service_id(input))?;
    let item = |(id, instance): (&String, &Instance)| {
        let shown = json!({"Id": id, "Attributes": instance.attributes,
            "CreatedByAccount": call.account_id});
        (id.clone(), shown)
    };
    let mut answer = paged(input, "Instances", service.instances.iter().map(item).collect())?;
    answer["ResourceOwner"] = json!(call.account_id);
    Ok(answer)
}

/// DiscoverInstances: those whose attributes are as asked for. Nobody tells the sandbox that one is
/// not healthy.
pub(super) fn discover(account: &Account, call: &Call, input: &Input) -> Answer {
    let (within, name) = (
        input.text("NamespaceName").unwrap_or_default(),
        input.text("ServiceName").unwrap_or_default(),
    );
    let found = namespace::namespace(account, &call.region, within);
    let found = found.filter(|namespace| namespace.name == within);
    let namespace = found.ok_or_else(|| NAMESPACE_NAME_NOT_FOUND.refuse(&[within]))?;
    let service = service::find_named(account, &call.region, namespace, name);
    let (_, service) = service.ok_or_else(|| SERVICE_NAME_NOT_FOUND.refuse(&[name, within]))?;
    let size = usize::try_from(input.integer("MaxResults").unwrap_or(100)).unwrap_or(100);
    let wanted = input.object("QueryParameters");
    let unhealthy = input.text("HealthStatus") == Some("UNHEALTHY");
    let is_wanted = |instance: &Instance| {
        let has = |(key, value): (&String, &Value)| {
            instance.attributes.get(key).map(String::as_str) == value.as_str()
        };
        !unhealthy && wanted.into_iter().flatten().all(has)
    };
    let instances = service.instances.iter().filter(|(_, instance)| is_wanted(instance));
    let shown = |(id, instance): (&String, &Instance)| {
        json!({
            "InstanceId": id, "NamespaceName": namespace.name, "ServiceName": service.name,
            "HealthStatus": "HEALTHY", "Attributes": instance.attributes,
        })
    };
    Ok(json!({"Instances": instances.take(size).map(shown).collect::<Value>()}))
}
