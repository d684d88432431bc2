//! ListSecrets and its filters.

use serde_json::{Map, Value, json};

use super::rules::{FILTER, TOKEN};
use super::secret::Secret;
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// Tells whether a secret passes a filter: values are alternatives, each the start of what is
/// compared; with `!` in front it must not be.
fn passes(filter: &Map<String, Value>, name: &str, secret: &Secret) -> Result<bool, Refusal> {
    let (key, values) = (filter.text("Key"), filter.texts("Values"));
    let key = key.filter(|_| (1..=10).contains(&values.len())).ok_or_else(|| FILTER.refuse(&[]))?;
    let description = secret.description.as_deref().unwrap_or_default();
    let keys = || secret.tags.keys().map(String::as_str);
    let held = || secret.tags.values().map(String::as_str);
    let one = |value: &&str| {
        let (negated, value) = match value.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, *value),
        };
        let lower = value.to_lowercase();
        let found = match key {
            "name" => name.starts_with(value),
            "description" => description.to_lowercase().starts_with(&lower),
            "tag-key" => keys().any(|key| key.starts_with(value)),
            "tag-value" => held().any(|held| held.starts_with(value)),
            "all" => std::iter::once(name)
                .chain([description])
                .chain(keys())
                .chain(held())
                .any(|text| text.to_lowercase().contains(&lower)),
            // No secret here is a replica or managed by another service.
            _ => false,
        };
        found != negated
    };
    Ok(values.iter().any(one))
}

/// Lists secrets; those that wait for their deletion only where they are asked for.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let deleted = input.flag("IncludePlannedDeletion").unwrap_or_default();
    let all = account.region(&call.region).into_iter();
    let all = all.flat_map(|region| &region.secretsmanager.secrets);
    let mut items = Vec::new();
    for (name, secret) in all.filter(|(_, secret)| deleted || secret.deletion.is_none()) {
        let mut wanted = true;
        for filter in input.list("Filters").iter().filter_map(Value::as_object) {
            wanted &= passes(filter, name, secret)?;
        }
        if wanted {
            let mut shown = secret.shown(&call.account_id, &call.region, name);
            shown["SecretVersionsToStages"] = json!(secret.stages());
            items.push((name.clone(), shown));
        }
    }
    let size = input.integer("MaxResults").and_then(|n| usize::try_from(n).ok()).unwrap_or(100);
    let (found, next) =
        page(items, size, input.text("NextToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({"SecretList": found, "NextToken": next}))
}
