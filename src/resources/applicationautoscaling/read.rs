//! Reading scaling targets: all of a service namespace in one paged call, their policies in another.

use super::policy::ScalingPolicy;
use super::target::{Name, ScalingTarget, ScalingTargetOut, SuspendedState};
use crate::aws::{Cx, Error, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget as Found, ScalingPolicy as FoundPolicy, ServiceNamespace,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// AWS takes this many resource ids in a call.
const MOST: usize = 50;

/// The service namespaces that targets of ours are in.
const NAMESPACES: [&str; 2] = ["dynamodb", "ecs"];

/// A target found, with its tags.
type Tagged = (Name, Found, Tags);

/// Reads the targets in question; the index of tags is evidence for those of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<ScalingTarget>>> {
    let found = match want {
        Want::Ids(ids) => named(cx, ids).await?,
        Want::Owned { workspaces, names } => owned(cx, workspaces, names).await?,
    };
    let mut policies = policies(cx, &found).await?;
    let live = |(name, found, tags)| {
        let own = policies.remove(&name).unwrap_or_default();
        live(&name, found, tags, own)
    };
    Ok(found.into_iter().map(live).collect())
}

/// Reads targets by their names, and their tags from their service itself.
async fn named(cx: &Cx, ids: &[String]) -> Result<Vec<Tagged>> {
    let names: BTreeSet<Name> = ids.iter().filter_map(|id| Name::parse(id)).collect();
    let mut by_namespace: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for name in &names {
        by_namespace.entry(&name.namespace).or_default().insert(&name.resource);
    }
    let mut found = Vec::new();
    for (namespace, resources) in by_namespace {
        let resources: Vec<String> = resources.into_iter().map(str::to_owned).collect();
        for chunk in resources.chunks(MOST) {
            found.extend(targets(cx, namespace, Some(chunk.to_vec())).await?);
        }
    }
    let found = found.into_iter().filter(|(name, _)| names.contains(name));
    with_tags(cx, found.collect(), &BTreeMap::new()).await
}

async fn owned(cx: &Cx, workspaces: &[String], names: &[String]) -> Result<Vec<Tagged>> {
    let cell = cx.tag_index().await?;
    let prefix = cx.arn("application-autoscaling", "scalable-target/");
    let ours: BTreeMap<&String, &Tags> = cell
        .get()
        .into_iter()
        .flatten()
        .filter(|(arn, tags)| arn.starts_with(&prefix) && cx.scope.owns(tags, workspaces))
        .collect();
    let names: BTreeSet<Name> = names.iter().filter_map(|name| Name::parse(name)).collect();
    let asked: BTreeSet<&str> = names.iter().map(|name| name.namespace.as_str()).collect();
    let namespaces: Vec<String> = asked.iter().copied().map(str::to_owned).collect();
    let all = stream::iter(namespaces)
        .map(|namespace| async move { targets(cx, &namespace, None).await })
        .buffered(PARALLEL)
        .try_collect::<Vec<_>>();
    let mut found: Vec<(Name, Found)> = all.await?.into_iter().flatten().collect();
    // Their ARNs do not tell the namespace: it is asked only for those not met yet.
    for namespace in NAMESPACES.into_iter().filter(|one| !asked.contains(one)) {
        let met: BTreeSet<&str> = found.iter().filter_map(|(_, one)| arn(one)).collect();
        if ours.keys().any(|arn| !met.contains(arn.as_str())) {
            found.extend(targets(cx, namespace, None).await?);
        }
    }
    found.retain(|(name, one)| {
        names.contains(name) || arn(one).is_some_and(|arn| ours.contains_key(&arn.to_owned()))
    });
    with_tags(cx, found, &ours).await
}

fn arn(found: &Found) -> Option<&str> {
    found.scalable_target_arn.as_deref()
}

/// Lists the targets of a service namespace, all or of these resources.
async fn targets(
    cx: &Cx,
    namespace: &str,
    resources: Option<Vec<String>>,
) -> Result<Vec<(Name, Found)>> {
    let call = cx.application_autoscaling().describe_scalable_targets();
    let call = call.service_namespace(ServiceNamespace::from(namespace));
    let pages = call.set_resource_ids(resources).into_paginator().items().send();
    let found = pages.collect::<std::result::Result<Vec<Found>, _>>().await?;
    let name = |found: &Found| Name {
        namespace: namespace.to_owned(),
        resource: found.resource_id.clone(),
        dimension: found.scalable_dimension.as_str().to_owned(),
    };
    Ok(found.into_iter().map(|found| (name(&found), found)).collect())
}

/// Adds tags: from the index where it knows them, else asked for. What is gone is left out.
async fn with_tags(
    cx: &Cx,
    found: Vec<(Name, Found)>,
    known: &BTreeMap<&String, &Tags>,
) -> Result<Vec<Tagged>> {
    stream::iter(found)
        .map(|(name, found)| async move {
            let Some(arn) = found.scalable_target_arn.clone() else { return Ok(None) };
            if let Some(tags) = known.get(&arn) {
                return Ok(Some((name, found, (*tags).clone())));
            }
            let call = cx.application_autoscaling().list_tags_for_resource().resource_arn(arn);
            Ok(unless_missing(call.send().await)?.map(|answer| {
                let tags = answer.tags.unwrap_or_default().into_iter().collect();
                (name, found, tags)
            }))
        })
        .buffered(PARALLEL)
        .try_filter_map(|one| async { Ok(one) })
        .try_collect()
        .await
}

/// Reads the policies of targets: of one alone by its name, else all of its service namespace.
async fn policies(cx: &Cx, found: &[Tagged]) -> Result<BTreeMap<Name, Vec<FoundPolicy>>> {
    let mut by_namespace: BTreeMap<&str, Vec<&Name>> = BTreeMap::new();
    for (name, ..) in found {
        by_namespace.entry(&name.namespace).or_default().push(name);
    }
    let calls = by_namespace.into_iter().map(|(namespace, names)| {
        let call = cx.application_autoscaling().describe_scaling_policies();
        let call = call.service_namespace(ServiceNamespace::from(namespace));
        match names.as_slice() {
            [name] => call
                .resource_id(&name.resource)
                .scalable_dimension(ScalableDimension::from(name.dimension.as_str())),
            _ => call,
        }
    });
    let listed: Vec<Vec<FoundPolicy>> = stream::iter(calls.collect::<Vec<_>>())
        .map(|call| async move {
            let pages = call.into_paginator().items().send();
            let found = pages.collect::<std::result::Result<Vec<_>, _>>().await;
            found.map_err(Error::from)
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let mut all: BTreeMap<Name, Vec<FoundPolicy>> = BTreeMap::new();
    for policy in listed.into_iter().flatten() {
        let name = Name {
            namespace: policy.service_namespace.as_str().to_owned(),
            resource: policy.resource_id.clone(),
            dimension: policy.scalable_dimension.as_str().to_owned(),
        };
        all.entry(name).or_default().push(policy);
    }
    Ok(all)
}

fn live(
    name: &Name,
    found: Found,
    tags: Tags,
    mut policies: Vec<FoundPolicy>,
) -> Live<ScalingTarget> {
    policies.sort_by(|a, b| a.policy_name.cmp(&b.policy_name));
    let policy_arns =
        policies.iter().map(|one| (one.policy_name.clone(), one.policy_arn.clone())).collect();
    let spec = ScalingTarget {
        service_namespace: Sdk(found.service_namespace),
        resource_id: found.resource_id,
        scalable_dimension: Sdk(found.scalable_dimension),
        min_capacity: found.min_capacity,
        max_capacity: found.max_capacity,
        suspended_state: Some(SuspendedState::of_sdk(found.suspended_state.as_ref())),
        scaling_policies: Some(policies.into_iter().map(ScalingPolicy::of_sdk).collect()),
    };
    let arn = found.scalable_target_arn.unwrap_or_default();
    let out = ScalingTargetOut { id: name.id(), arn, policy_arns };
    Live { id: name.id(), tags, status: Status::Ready, spec, out }
}
