//! Service Connect: what a deployment registers in Cloud Map, and what goes with its service.

use serde_json::{Map, Value, json};

use super::super::{Members, outside};
use crate::clock::Time;
use crate::state::Account;

/// Registers the discovery names of a configuration and returns what Cloud Map made for them.
pub(super) fn register(
    account: &mut Account,
    region: &str,
    revision: &Map<String, Value>,
    at: Time,
) -> Vec<Value> {
    let Some(given) = revision.object("serviceConnectConfiguration") else { return Vec::new() };
    let namespace = given.text("namespace").unwrap_or_default();
    names(given)
        .into_iter()
        .filter_map(|name| {
            let arn = outside::register_connect(account, region, namespace, &name, at)?;
            Some(json!({"discoveryName": name, "discoveryArn": arn}))
        })
        .collect()
}

/// Returns the discovery names of a configuration.
fn names(given: &Map<String, Value>) -> Vec<String> {
    if given.flag("enabled") != Some(true) {
        return Vec::new();
    }
    let services = given.list("services").iter().filter_map(Value::as_object);
    services
        .filter_map(|service| service.text("discoveryName").or_else(|| service.text("portName")))
        .map(str::to_owned)
        .collect()
}

/// Takes away what was registered for one revision and is not in another.
pub(super) fn forget(
    account: &mut Account,
    region: &str,
    revision: &Map<String, Value>,
    kept: Option<&Map<String, Value>>,
    at: Time,
) {
    let Some(given) = revision.object("serviceConnectConfiguration") else { return };
    let namespace = given.text("namespace").unwrap_or_default();
    let kept = kept.and_then(|kept| kept.object("serviceConnectConfiguration"));
    let same = kept.filter(|kept| kept.text("namespace") == Some(namespace));
    let stay = same.map(names).unwrap_or_default();
    for name in names(given) {
        if !stay.contains(&name) {
            outside::forget_connect(account, region, namespace, &name, at);
        }
    }
}
