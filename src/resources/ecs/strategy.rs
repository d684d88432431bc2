//! Capacity provider strategies: of a cluster by default, of a service by its own choice.

use super::capacity_provider::EcsCapacityProvider;
use crate::aws::{Error, Result};
use crate::engine::resource::Id;
use aws_sdk_ecs::types::CapacityProviderStrategyItem as Sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// By which items are matched; their order does not matter.
pub(super) const KEY: &[&str] = &["capacity_provider"];

/// One capacity provider, and its share of the tasks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapacityProviderStrategyItem {
    /// Capacity provider: one of this stack, or AWS's own `FARGATE` and `FARGATE_SPOT`.
    pub capacity_provider: Id<EcsCapacityProvider>,
    /// Share of the tasks beyond all bases, 0 to 1000.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub weight: i32,
    /// Tasks that run on it before weights count, 0 to 100000; one item of a strategy may have it.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100_000))]
    pub base: i32,
}

/// Converts a strategy for AWS.
pub(super) fn to_sdk(items: &[CapacityProviderStrategyItem]) -> Result<Vec<Sdk>> {
    let item = |item: &CapacityProviderStrategyItem| {
        Sdk::builder()
            .capacity_provider(item.capacity_provider.as_str())
            .weight(item.weight)
            .base(item.base)
            .build()
            .map_err(|error| Error::local("capacity_provider_strategy", error.to_string()))
    };
    items.iter().map(item).collect()
}

/// Converts a strategy from AWS.
pub(super) fn from_sdk(items: &[Sdk]) -> Vec<CapacityProviderStrategyItem> {
    let item = |item: &Sdk| CapacityProviderStrategyItem {
        capacity_provider: Id::new(item.capacity_provider()),
        weight: item.weight(),
        base: item.base(),
    };
    items.iter().map(item).collect()
}

/// Says what is wrong with a strategy, if anything is.
pub(super) fn problem(items: &[CapacityProviderStrategyItem]) -> Option<&'static str> {
    let names: BTreeSet<&str> = items.iter().map(|item| item.capacity_provider.as_str()).collect();
    if names.len() < items.len() {
        return Some("a capacity provider stands in a strategy once");
    }
    if items.iter().filter(|item| item.base > 0).count() > 1 {
        return Some("one capacity provider of a strategy may have a base");
    }
    if !items.is_empty() && items.iter().all(|item| item.weight == 0) {
        return Some("one capacity provider of a strategy needs a weight above 0");
    }
    None
}
