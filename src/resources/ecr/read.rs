//! Reading repositories: the list tells no policies and no tags.

use super::lifecycle::LifecyclePolicy;
use super::repository::{
    EcrRepository, EcrRepositoryOut, EncryptionConfiguration, ExclusionFilter, FORCE_DELETE,
    ScanningConfiguration,
};
use crate::aws::{Cx, Error, PolicyDocument, Result, Sdk, Tags};
use crate::engine::resource::{Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_ecr::types::{EncryptionType, ImageTagMutability, Repository as Found};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the repositories in question; the index of tags is evidence for what nobody asks for by
/// name.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<EcrRepository>>> {
    let mut indexed: BTreeMap<String, Tags> = BTreeMap::new();
    let names: BTreeSet<String> = match want {
        // What is about to be written, or was just written, is read without the index.
        Want::Ids(ids) => ids.iter().cloned().collect(),
        Want::Owned { workspaces, names } => {
            let cell = cx.tag_index().await?;
            let prefix = cx.arn("ecr", "repository/");
            for (arn, tags) in cell.get().into_iter().flatten() {
                let name = arn.strip_prefix(&prefix);
                if let Some(name) = name.filter(|_| cx.scope.owns(tags, workspaces)) {
                    indexed.insert(name.to_owned(), tags.clone());
                }
            }
            names.iter().cloned().chain(indexed.keys().cloned()).collect()
        }
    };
    let indexed = &indexed;
    stream::iter(find(cx, names.into_iter().collect()).await?)
        .map(|found| async move {
            let tags = found.repository_name().and_then(|name| indexed.get(name));
            whole(cx, found, tags).await
        })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// What stands for no policy.
pub(super) fn no_policy() -> PolicyDocument {
    PolicyDocument::of_aws(r#"{"Statement":[],"Version":"2012-10-17"}"#)
}

/// Reads the repositories of these names. One that is missing fails the whole call, so they are
/// then asked for one by one.
async fn find(cx: &Cx, names: Vec<String>) -> Result<Vec<Found>> {
    let ask = |names: Vec<String>| async move {
        let call = cx.ecr().describe_repositories().set_repository_names(Some(names));
        call.send().await.map(|found| found.repositories.unwrap_or_default()).map_err(Error::from)
    };
    let mut all = Vec::new();
    for chunk in names.chunks(100) {
        match ask(chunk.to_vec()).await {
            Ok(found) => all.extend(found),
            Err(error) if error.is_not_found() && chunk.len() == 1 => {}
            Err(error) if error.is_not_found() => {
                let each = stream::iter(chunk.to_vec()).map(|name| ask(vec![name]));
                let mut each = each.buffered(PARALLEL);
                while let Some(found) = each.next().await {
                    match found {
                        Ok(found) => all.extend(found),
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Reads what the list does not tell; `None` when the repository is gone meanwhile.
async fn whole(cx: &Cx, found: Found, known: Option<&Tags>) -> Result<Option<Live<EcrRepository>>> {
    let Some(name) = found.repository_name.clone() else { return Ok(None) };
    let ecr = cx.ecr();
    let arn = found.repository_arn.clone();
    let arn = arn.unwrap_or_else(|| cx.arn("ecr", &format!("repository/{name}")));
    let none = |error: Error| match error.code.as_deref() {
        Some("LifecyclePolicyNotFoundException" | "RepositoryPolicyNotFoundException") => Ok(None),
        _ => Err(error),
    };
    let read = futures::try_join!(
        async {
            let found = ecr.get_lifecycle_policy().repository_name(&name).send().await;
            found.map(|found| found.lifecycle_policy_text).map_err(Error::from).or_else(none)
        },
        async {
            let found = ecr.get_repository_policy().repository_name(&name).send().await;
            found.map(|found| found.policy_text).map_err(Error::from).or_else(none)
        },
        async {
            match known {
                Some(tags) => Ok(tags.clone()),
                None => {
                    let found = ecr.list_tags_for_resource().resource_arn(&arn).send().await?;
                    let tags = found.tags.unwrap_or_default().into_iter();
                    Ok(tags.map(|tag| (tag.key, tag.value)).collect())
                }
            }
        },
    );
    let (lifecycle, policy, tags): (_, _, Tags) = match read {
        Ok(read) => read,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let encryption = found.encryption_configuration.map(|encryption| EncryptionConfiguration {
        encryption_type: Sdk(encryption.encryption_type),
        kms_key: encryption.kms_key,
    });
    let filters = found.image_tag_mutability_exclusion_filters.unwrap_or_default();
    let filters = filters.into_iter().map(|filter| ExclusionFilter {
        filter_type: Sdk(filter.filter_type),
        filter: filter.filter,
    });
    let spec = EcrRepository {
        name: name.clone(),
        image_tag_mutability: Some(Sdk(found
            .image_tag_mutability
            .unwrap_or(ImageTagMutability::Mutable))),
        image_tag_mutability_exclusion_filters: Some(filters.collect()),
        image_scanning_configuration: Some(ScanningConfiguration {
            scan_on_push: found.image_scanning_configuration.is_some_and(|s| s.scan_on_push),
        }),
        encryption_configuration: Some(encryption.unwrap_or(EncryptionConfiguration {
            encryption_type: Sdk(EncryptionType::Aes256),
            kms_key: None,
        })),
        lifecycle_policy: Some(
            lifecycle.as_deref().map_or_else(LifecyclePolicy::none, LifecyclePolicy::of_aws),
        ),
        repository_policy: Some(policy.as_deref().map_or_else(no_policy, PolicyDocument::of_aws)),
        force_delete: tags.get(FORCE_DELETE).is_some_and(|value| value == "true"),
    };
    let out = EcrRepositoryOut {
        id: name.clone(),
        arn,
        repository_uri: found.repository_uri.unwrap_or_default(),
        registry_id: found.registry_id.unwrap_or_else(|| cx.account_id.clone()),
    };
    Ok(Some(Live { id: name, tags, status: Status::Ready, spec, out }))
}
