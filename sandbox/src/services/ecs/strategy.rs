//! Capacity provider strategies, of clusters, services and tasks.

use serde_json::{Map, Value, json};

use super::cluster::Cluster;
use super::rules::{STRATEGY_MIXED, STRATEGY_NOT_ASSOCIATED, STRATEGY_WEIGHTS};
use super::{Call, Members, names};
use crate::rules::Refusal;

/// Providers that are there without anybody having made them.
pub(super) const FARGATE: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// How many providers a strategy may name.
const MAX_ITEMS: usize = 20;

/// Reads a strategy as ECS keeps it: names, weight and base given, and checks it against the
/// providers of the cluster it is for.
pub(super) fn read(call: &Call, given: &[Value], cluster: &Cluster) -> Result<Vec<Value>, Refusal> {
    let refuse = |why: &str| Err(STRATEGY_WEIGHTS.refuse(&[why]));
    if given.len() > MAX_ITEMS {
        return refuse("it may contain at most 20 capacity providers");
    }
    let mut items: Vec<Value> = Vec::new();
    for item in given.iter().filter_map(Value::as_object) {
        let provider = item.text("capacityProvider").unwrap_or_default();
        let name = names::of(call, "capacity-provider", provider)?;
        if !cluster.providers.iter().any(|known| known == name) {
            return Err(STRATEGY_NOT_ASSOCIATED.refuse(&[]));
        }
        if items.iter().any(|known| known["capacityProvider"] == name) {
            return refuse("a capacity provider may be named only once");
        }
        items.push(json!({
            "capacityProvider": name,
            "weight": item.integer("weight").unwrap_or(0),
            "base": item.integer("base").unwrap_or(0),
        }));
    }
    let number = |item: &Value, member: &str| item[member].as_i64().unwrap_or_default();
    if items.iter().filter(|item| number(item, "base") > 0).count() > 1 {
        return refuse("only one capacity provider can have a base value");
    }
    // Without weights a strategy of a service or task places nothing; a single item may have none.
    if items.len() > 1 && items.iter().all(|item| number(item, "weight") == 0) {
        return refuse("at least one capacity provider must have a weight greater than zero");
    }
    let is_fargate = |item: &&Value| FARGATE.iter().any(|name| item["capacityProvider"] == *name);
    let fargate = items.iter().filter(is_fargate).count();
    if fargate > 0 && fargate < items.len() {
        return Err(STRATEGY_MIXED.refuse(&[]));
    }
    Ok(items)
}

/// Returns whether a strategy names a provider.
pub(super) fn names_provider(strategy: &[Value], provider: &str) -> bool {
    strategy
        .iter()
        .filter_map(Value::as_object)
        .any(|item: &Map<String, Value>| item.text("capacityProvider") == Some(provider))
}
