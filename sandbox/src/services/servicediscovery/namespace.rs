//! Namespaces: how they come, what they show, how they go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::filters::{paged, passes};
use super::operation::{self, Effect, Kind};
use super::rules::{
    NAMESPACE_EXISTS, NAMESPACE_IN_USE, NAMESPACE_KIND, NAMESPACE_NAME, NAMESPACE_NOT_FOUND,
};
use super::tags::tags_of;
use super::{Call, Input, State, arn, new_id, state, state_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::{Answer, Members, modelled, route53};
use crate::state::Account;

/// A namespace.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Namespace {
    /// Its id, `ns-…`.
    pub(crate) id: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// `DNS_PRIVATE`, `DNS_PUBLIC` or `HTTP`.
    pub(crate) kind: String,
    /// The VPC of a private one.
    pub(crate) vpc: Option<String>,
    pub(super) description: Option<String>,
    /// Seconds that its SOA record lives, of one with DNS.
    ttl: Option<i64>,
    /// The hosted zone that belongs to it, of one with DNS.
    pub(crate) hosted_zone: Option<String>,
    created: Time,
    token: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// What the SOA record of a new namespace lives (CreatePrivateDnsNamespace API reference).
const TTL: i64 = 15;

/// Returns a namespace by its name, id or ARN. Of several with one name, the HTTP one is the one that
/// is found by name alone, then the oldest.
pub(crate) fn namespace<'a>(
    account: &'a Account,
    region: &str,
    name_or_arn: &str,
) -> Option<&'a Namespace> {
    let namespaces =
        || account.region(region).into_iter().flat_map(|r| r.servicediscovery.namespaces.values());
    namespaces()
        .find(|namespace| namespace.arn == name_or_arn || namespace.id == name_or_arn)
        .or_else(|| {
            let named = namespaces().filter(|namespace| namespace.name == name_or_arn);
            named.min_by_key(|namespace| (namespace.kind != "HTTP", namespace.created))
        })
}

pub(super) fn create_private(account: &mut Account, call: &Call, input: &Input) -> Answer {
    create(account, call, input, "DNS_PRIVATE")
}

pub(super) fn create_public(account: &mut Account, call: &Call, input: &Input) -> Answer {
    create(account, call, input, "DNS_PUBLIC")
}

pub(super) fn create_http(account: &mut Account, call: &Call, input: &Input) -> Answer {
    create(account, call, input, "HTTP")
}

fn create(account: &mut Account, call: &Call, input: &Input, kind: &str) -> Answer {
    let name = input.text("Name").unwrap_or_default();
    if name.starts_with("arn:") {
        return Err(NAMESPACE_NAME.refuse(&[name]));
    }
    let token = input.text("CreatorRequestId");
    let vpc = input.text("Vpc");
    operation::check_token(state(account, call), call, Kind::CreateNamespace, token)?;
    if let Some(id) = state(account, call).and_then(|state| taken(state, kind, name, vpc)) {
        return Err(NAMESPACE_EXISTS.refuse(&[name, id]));
    }
    let tags = tags_of(input, name)?;
    let id = new_id(account, "ns");
    let namespace = Namespace {
        arn: arn(account, &call.region, &format!("namespace/{id}")),
        id: id.clone(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        vpc: vpc.map(str::to_owned),
        description: input.text("Description").map(str::to_owned),
        ttl: (kind != "HTTP").then(|| ttl(input).unwrap_or(TTL)),
        hosted_zone: None,
        created: call.now,
        token: token.map(str::to_owned),
        tags,
    };
    let effect = Effect::CreateNamespace(Box::new(namespace));
    let targets = [("NAMESPACE", id.as_str())];
    operation::begin(account, call, Kind::CreateNamespace, &targets, token, effect)
}

/// Reads `Properties.DnsProperties.SOA.TTL`.
fn ttl(input: &Input) -> Option<i64> {
    input.object("Properties")?.object("DnsProperties")?.object("SOA")?.integer("TTL")
}

/// Returns the id of a namespace, there or being made, that a new one cannot stand beside: of the same
/// kind and name, and of a private one in the same VPC.
fn taken<'a>(state: &'a State, kind: &str, name: &str, vpc: Option<&str>) -> Option<&'a str> {
    let there = state.namespaces.iter().map(|(id, namespace)| (id.as_str(), namespace));
    let coming = state.operations.values().filter_map(operation::Operation::namespace);
    let is_same = |namespace: &Namespace| {
        namespace.kind == kind && namespace.name == name && namespace.vpc.as_deref() == vpc
    };
    there.chain(coming).find(|(_, namespace)| is_same(namespace)).map(|(id, _)| id)
}

/// Makes a namespace whose operation ends, with its hosted zone; returns code and words of a failure.
pub(super) fn appear(
    account: &mut Account,
    region: &str,
    id: &str,
    mut namespace: Namespace,
) -> Result<(), (String, String)> {
    if namespace.kind != "HTTP" {
        let vpc = namespace.vpc.as_deref().map(|vpc| (region, vpc));
        let made = route53::link(account, &namespace.name, vpc, &namespace.arn);
        namespace.hosted_zone = Some(made.map_err(|refusal| {
            let words = format!(
                "{} (Service: AmazonRoute53; Status Code: {}; Error Code: {})",
                refusal.message, refusal.status, refusal.code
            );
            ("CANNOT_CREATE_HOSTED_ZONE".to_owned(), words)
        })?);
    }
    state_mut(account, region).namespaces.insert(id.to_owned(), namespace);
    Ok(())
}

/// Deletes a namespace whose operation ends, with its hosted zone.
pub(super) fn vanish(
    account: &mut Account,
    region: &str,
    id: &str,
) -> Result<(), (String, String)> {
    let state = state_mut(account, region);
    if services(state, id) > 0 {
        let words = format!("Namespace {id} has services");
        return Err(("NAMESPACE_IN_USE".to_owned(), words));
    }
    let namespace = state.namespaces.remove(id);
    if let Some(zone) = namespace.and_then(|namespace| namespace.hosted_zone) {
        route53::unlink(account, &zone);
    }
    Ok(())
}

pub(super) fn change(
    account: &mut Account,
    region: &str,
    id: &str,
    description: Option<String>,
    ttl: Option<i64>,
) {
    if let Some(namespace) = state_mut(account, region).namespaces.get_mut(id) {
        if description.is_some() {
            namespace.description = description.filter(|words| !words.is_empty());
        }
        if ttl.is_some() {
            namespace.ttl = ttl;
        }
    }
}

/// Counts the services of a namespace.
fn services(state: &State, id: &str) -> usize {
    state.services.values().filter(|service| service.namespace == id).count()
}

fn find<'a>(
    account: &'a Account,
    call: &Call,
    id: &str,
) -> Result<(&'a State, &'a Namespace), Refusal> {
    let found = state(account, call).and_then(|state| {
        // An ARN is as good as an id (GetNamespace API reference, Id).
        let found = state.namespaces.values().find(|known| known.id == id || known.arn == id);
        found.map(|namespace| (state, namespace))
    });
    found.ok_or_else(|| NAMESPACE_NOT_FOUND.refuse(&[id]))
}

/// Returns the namespace that a service is to be made in.
pub(super) fn for_service<'a>(
    account: &'a Account,
    call: &Call,
    id: &str,
) -> Result<&'a Namespace, Refusal> {
    find(account, call, id).map(|(_, namespace)| namespace)
}

fn shown(call: &Call, state: &State, namespace: &Namespace) -> Value {
    let dns = namespace
        .ttl
        .map(|ttl| json!({"HostedZoneId": namespace.hosted_zone, "SOA": {"TTL": ttl}}));
    json!({
        "Id": namespace.id,
        "Arn": namespace.arn,
        "ResourceOwner": call.account_id,
        "Name": namespace.name,
        "Type": namespace.kind,
        "Description": namespace.description,
        "ServiceCount": services(state, &namespace.id),
        "Properties": {"DnsProperties": dns, "HttpProperties": {"HttpName": namespace.name}},
        "CreateDate": namespace.created.to_string(),
    })
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let (state, namespace) = find(account, call, input.text("Id").unwrap_or_default())?;
    let mut shown = shown(call, state, namespace);
    shown["CreatorRequestId"] = json!(namespace.token);
    Ok(json!({ "Namespace": shown }))
}

pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let Some(state) = state(account, call) else { return paged(input, "Namespaces", Vec::new()) };
    let mut items = Vec::new();
    for (id, namespace) in &state.namespaces {
        let field = |name: &str| match name {
            "TYPE" => Some(namespace.kind.as_str()),
            "NAME" | "HTTP_NAME" => Some(namespace.name.as_str()),
            // The other owners share with organisations, which the sandbox does not have.
            "RESOURCE_OWNER" => Some("SELF"),
            _ => None,
        };
        if passes(input, field)? {
            items.push((id.clone(), shown(call, state, namespace)));
        }
    }
    paged(input, "Namespaces", items)
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (state, namespace) = find(account, call, input.text("Id").unwrap_or_default())?;
    let id = namespace.id.clone();
    let count = services(state, &id);
    if count > 0 {
        return Err(NAMESPACE_IN_USE.refuse(&[&id, &count.to_string()]));
    }
    let targets = [("NAMESPACE", id.as_str())];
    let effect = Effect::DeleteNamespace;
    operation::begin(account, call, Kind::DeleteNamespace, &targets, None, effect)
}

/// UpdatePrivateDnsNamespace and its siblings for the other kinds.
pub(super) fn update(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (_, namespace) = find(account, call, input.text("Id").unwrap_or_default())?;
    let kind = match call.operation {
        "UpdatePrivateDnsNamespace" => "DNS_PRIVATE",
        "UpdatePublicDnsNamespace" => "DNS_PUBLIC",
        _ => "HTTP",
    };
    if namespace.kind != kind {
        return Err(NAMESPACE_KIND.refuse(&[&namespace.id, &namespace.kind]));
    }
    let id = namespace.id.clone();
    let empty = Input::new();
    let given = input.object("Namespace").unwrap_or(&empty);
    modelled(given, "Namespace", &["Description", "Properties"])?;
    let effect = Effect::UpdateNamespace {
        description: given.text("Description").map(str::to_owned),
        ttl: ttl(given),
    };
    let targets = [("NAMESPACE", id.as_str())];
    let token = input.text("UpdaterRequestId");
    operation::begin(account, call, Kind::UpdateNamespace, &targets, token, effect)
}
