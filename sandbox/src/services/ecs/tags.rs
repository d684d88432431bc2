//! Tags of everything that has an ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rules::{IDENTIFIER, RESERVED_TAG, TAG_COUNT, TAG_TARGET};
use super::{Call, Input, Members, State, names, state, state_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::{Answer, Tagged, partition};
use crate::state::Account;

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// Reads and checks the tags of a request.
pub(super) fn of(input: &Input) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for tag in input.list("tags").iter().filter_map(Value::as_object) {
        let key = tag.text("key").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(RESERVED_TAG.refuse(&[key]));
        }
        tags.insert(key.to_owned(), tag.text("value").unwrap_or_default().to_owned());
    }
    Ok(tags)
}

/// Writes tags as ECS does.
pub(super) fn show(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// Returns the tags of what an ARN names, and the words for it.
fn tags_mut<'a>(
    state: &'a mut State,
    call: &Call,
    arn: &str,
) -> Result<(&'static str, Option<&'a mut Tags>), Refusal> {
    let path = arn.strip_prefix(&call.arn("ecs", ""));
    let (kind, name) =
        path.and_then(|path| path.split_once('/')).ok_or_else(|| IDENTIFIER.refuse(&[arn]))?;
    Ok(match kind {
        "cluster" => {
            let cluster = state.clusters.get_mut(name).filter(|cluster| cluster.is_active());
            ("cluster", cluster.map(|cluster| &mut cluster.tags))
        }
        "capacity-provider" => {
            let provider = state.providers.get_mut(name).filter(|provider| provider.is_active());
            ("capacity provider", provider.map(|provider| &mut provider.tags))
        }
        "task-definition" => {
            let (family, revision) = name.rsplit_once(':').unwrap_or((name, ""));
            let family = state.families.get_mut(family);
            let revision = revision.parse().ok();
            let found = family.and_then(|family| family.revisions.get_mut(&revision?));
            ("task definition", found.map(|found| &mut found.tags))
        }
        "service" => {
            let service = state.services.get_mut(name).filter(|service| service.ended.is_none());
            ("service", service.map(|service| &mut service.tags))
        }
        "task" => {
            let id = names::last(name);
            ("task", state.tasks.get_mut(id).map(|task| &mut task.tags))
        }
        "container-instance" => {
            let id = names::last(name);
            let found = state.instances.values_mut().find(|it| it.id == id);
            ("container instance", found.map(|found| &mut found.tags))
        }
        _ => return Err(IDENTIFIER.refuse(&[arn])),
    })
}

fn change(
    account: &mut Account,
    call: &Call,
    input: &Input,
    change: impl FnOnce(&mut Tags),
) -> Answer {
    let arn = input.text("resourceArn").unwrap_or_default();
    let (kind, tags) = tags_mut(state_mut(account, &call.region), call, arn)?;
    let tags = tags.ok_or_else(|| TAG_TARGET.refuse(&[kind, kind]))?;
    change(tags);
    if tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(json!({})) }
}

/// TagResource.
pub(super) fn tag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = of(input)?;
    change(account, call, input, |known| known.extend(tags))
}

/// UntagResource.
pub(super) fn untag(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let keys = input.texts("tagKeys");
    change(account, call, input, |known| known.retain(|key, _| !keys.contains(&key.as_str())))
}

/// ListTagsForResource.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let arn = input.text("resourceArn").unwrap_or_default();
    let mut state = state(account, &call.region).clone();
    let (kind, tags) = tags_mut(&mut state, call, arn)?;
    let tags = tags.ok_or_else(|| TAG_TARGET.refuse(&[kind, kind]))?;
    Ok(json!({"tags": show(tags)}))
}

/// What the Tagging API lists.
pub(super) fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let state = state(account, region);
    let arn = |kind: &str, name: &str| {
        format!("arn:{}:ecs:{region}:{}:{kind}/{name}", partition(region), account.id)
    };
    let clusters = state.clusters.iter().filter(|(_, cluster)| cluster.is_active());
    let clusters = clusters.map(|(name, cluster)| Tagged {
        arn: arn("cluster", name),
        resource_type: "ecs:cluster",
        tags: cluster.tags.clone(),
    });
    let providers = state.providers.iter().filter(|(_, provider)| provider.is_active());
    let providers = providers.map(|(name, provider)| Tagged {
        arn: arn("capacity-provider", name),
        resource_type: "ecs:capacity-provider",
        tags: provider.tags.clone(),
    });
    let revisions = state.families.values().flat_map(|family| family.revisions.values());
    let revisions = revisions.map(|definition| Tagged {
        arn: definition.arn().to_owned(),
        resource_type: "ecs:task-definition",
        tags: definition.tags.clone(),
    });
    let services = state.services.iter().filter(|(_, service)| service.ended.is_none());
    let services = services.map(|(key, service)| Tagged {
        arn: arn("service", key),
        resource_type: "ecs:service",
        tags: service.tags.clone(),
    });
    let tasks = state.tasks.iter().filter(|(_, task)| !task.is_stopped());
    let tasks = tasks.map(|(id, task)| Tagged {
        arn: arn("task", &format!("{}/{id}", task.cluster)),
        resource_type: "ecs:task",
        tags: task.tags.clone(),
    });
    let instances = state.instances.values().map(|own| Tagged {
        arn: arn("container-instance", &format!("{}/{}", own.cluster, own.id)),
        resource_type: "ecs:container-instance",
        tags: own.tags.clone(),
    });
    let fleeting = services.chain(tasks).chain(instances);
    clusters.chain(providers).chain(revisions).chain(fleeting).collect()
}
