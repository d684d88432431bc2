//! Tags of load balancers, target groups, listeners and rules.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Call, Input, Members, State, room, rules, state, state_mut};
use crate::rules::Refusal;
use crate::state::Account;

/// How many ARNs DescribeTags takes (aws-semantics.md 0.1).
const MOST: usize = 20;

/// What an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    LoadBalancer,
    TargetGroup,
    Listener,
    Rule,
}

impl Kind {
    /// Returns what an ARN names by its form.
    pub(super) fn of(arn: &str) -> Option<Self> {
        let resource = arn.splitn(6, ':').nth(5)?;
        match resource.split_once('/')?.0 {
            "loadbalancer" => Some(Self::LoadBalancer),
            "targetgroup" => Some(Self::TargetGroup),
            "listener" => Some(Self::Listener),
            "listener-rule" => Some(Self::Rule),
            _ => None,
        }
    }
}

/// Reads the tags of a call.
pub(super) fn given(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(rules::TAG_RESERVED.refuse(&[]));
        }
        let value = tag.text("Value").unwrap_or_default().to_owned();
        if tags.insert(key.to_owned(), value).is_some() {
            return Err(rules::TAG_TWICE.refuse(&[]));
        }
    }
    Ok(tags)
}

/// Keeps the tags of something new.
pub(super) fn keep(
    state: &mut State,
    arn: &str,
    tags: BTreeMap<String, String>,
) -> Result<(), Refusal> {
    room(tags.len(), state.limits.tags_per_resource + 1, &rules::TAG_LIMIT)?;
    if !tags.is_empty() {
        state.tags.insert(arn.to_owned(), tags);
    }
    Ok(())
}

/// Tells whether something has exactly these tags.
pub(super) fn same(state: &State, arn: &str, tags: &BTreeMap<String, String>) -> bool {
    state.tags.get(arn).unwrap_or(&BTreeMap::new()) == tags
}

/// Returns the ARNs of a call, each of something that is there.
fn known<'a>(state: &State, input: &'a Input) -> Result<Vec<&'a str>, Refusal> {
    let arns = input.texts("ResourceArns");
    room(arns.len(), MOST + 1, &rules::TAGS_ARNS)?;
    for arn in &arns {
        let (is_there, rule) = match Kind::of(arn) {
            Some(Kind::LoadBalancer) => {
                (state.load_balancers.contains_key(*arn), &rules::LOAD_BALANCER_NOT_FOUND)
            }
            Some(Kind::TargetGroup) => {
                (state.target_groups.contains_key(*arn), &rules::TARGET_GROUP_NOT_FOUND)
            }
            Some(Kind::Listener) => {
                (state.listeners.contains_key(*arn), &rules::LISTENER_NOT_FOUND)
            }
            Some(Kind::Rule) => (state.rules.contains_key(*arn), &rules::RULE_NOT_FOUND),
            None => return Err(rules::ARN_FORM.refuse(&[arn])),
        };
        if !is_there {
            return Err(rule.refuse(&[]));
        }
    }
    Ok(arns)
}

/// AddTags: keys that are there are overwritten.
pub(super) fn add(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let new = given(input)?;
    let limit = state.limits.tags_per_resource + 1;
    for arn in known(state, input)? {
        let tags = state.tags.entry(arn.to_owned()).or_default();
        tags.extend(new.clone());
        room(tags.len(), limit, &rules::TAG_LIMIT)?;
    }
    Ok(json!({}))
}

/// RemoveTags.
pub(super) fn remove(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let keys = input.texts("TagKeys");
    for arn in known(state, input)? {
        if let Some(tags) = state.tags.get_mut(arn) {
            tags.retain(|key, _| !keys.contains(&key.as_str()));
        }
    }
    Ok(json!({}))
}

/// DescribeTags: one ARN of nothing fails the whole call (aws-semantics.md 0.1).
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let shown: Vec<Value> = known(state, input)?
        .into_iter()
        .map(|arn| {
            let tags = state.tags.get(arn).into_iter().flatten();
            let tags: Vec<Value> =
                tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            json!({ "ResourceArn": arn, "Tags": tags })
        })
        .collect();
    Ok(json!({ "TagDescriptions": shown }))
}
