//! ECR: repositories, their policies and the images in them.
//!
//! Images are manifests only: the sandbox takes no layers, so it cannot say that one is missing.
//! Lifecycle policies are checked and kept; they expire nothing.

mod images;
mod lifecycle;
mod policies;
mod repositories;
mod rules;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
pub(crate) use images::{has_image, is_private};
use repositories::Repository;
use rules::{NOT_FOUND, RULES};

/// What ECR keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(super) repositories: BTreeMap<String, Repository>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "ecr",
    shapes: include_str!("../../shapes/ecr.json"),
    validation_code: "InvalidParameterException",
    throttle_code: "ThrottlingException",
    operations: &[
        write(
            "CreateRepository",
            &[
                "registryId",
                "repositoryName",
                "tags",
                "imageTagMutability",
                "imageTagMutabilityExclusionFilters",
                "imageScanningConfiguration",
                "encryptionConfiguration",
            ],
            repositories::create,
        ),
        read(
            "DescribeRepositories",
            &["registryId", "repositoryNames", "nextToken", "maxResults"],
            repositories::describe,
        ),
        write("DeleteRepository", &["registryId", "repositoryName", "force"], repositories::delete),
        write(
            "PutImageTagMutability",
            &[
                "registryId",
                "repositoryName",
                "imageTagMutability",
                "imageTagMutabilityExclusionFilters",
            ],
            repositories::put_mutability,
        ),
        write(
            "PutImageScanningConfiguration",
            &["registryId", "repositoryName", "imageScanningConfiguration"],
            repositories::put_scanning,
        ),
        write(
            "PutLifecyclePolicy",
            &["registryId", "repositoryName", "lifecyclePolicyText"],
            policies::put_lifecycle,
        ),
        read("GetLifecyclePolicy", &["registryId", "repositoryName"], policies::get_lifecycle),
        write(
            "DeleteLifecyclePolicy",
            &["registryId", "repositoryName"],
            policies::delete_lifecycle,
        ),
        write(
            "SetRepositoryPolicy",
            &["registryId", "repositoryName", "policyText", "force"],
            policies::set,
        ),
        read("GetRepositoryPolicy", &["registryId", "repositoryName"], policies::get),
        write("DeleteRepositoryPolicy", &["registryId", "repositoryName"], policies::delete),
        write("TagResource", &["resourceArn", "tags"], repositories::tag),
        write("UntagResource", &["resourceArn", "tagKeys"], repositories::untag),
        read("ListTagsForResource", &["resourceArn"], repositories::list_tags),
        write(
            "PutImage",
            &[
                "registryId",
                "repositoryName",
                "imageManifest",
                "imageManifestMediaType",
                "imageTag",
                "imageDigest",
            ],
            images::put,
        ),
        read(
            "ListImages",
            &["registryId", "repositoryName", "nextToken", "maxResults", "filter"],
            images::list,
        ),
        read(
            "DescribeImages",
            &["registryId", "repositoryName", "imageIds", "nextToken", "maxResults", "filter"],
            images::describe,
        ),
        read(
            "BatchGetImage",
            &["registryId", "repositoryName", "imageIds", "acceptedMediaTypes"],
            images::batch_get,
        ),
        write(
            "BatchDeleteImage",
            &["registryId", "repositoryName", "imageIds"],
            images::batch_delete,
        ),
    ],
    rules: RULES,
    tagged,
    ..Service::EMPTY
};

fn name(input: &Input) -> &str {
    input.text("repositoryName").unwrap_or_default()
}

/// Returns the registry a request asks: its own account's unless it names another.
fn registry<'a>(call: &'a Call, input: &'a Input) -> &'a str {
    input.text("registryId").unwrap_or(&call.account_id)
}

fn arn(call: &Call, name: &str) -> String {
    call.arn("ecr", &format!("repository/{name}"))
}

/// Returns a repository; other accounts' registries are empty to this one.
fn repository<'a>(
    account: &'a Account,
    call: &Call,
    input: &Input,
    name: &str,
) -> Result<&'a Repository, Refusal> {
    let registry = registry(call, input);
    let repositories = account.region(&call.region).map(|region| &region.ecr.repositories);
    let found = repositories.and_then(|repositories| repositories.get(name));
    let found = found.filter(|_| registry == call.account_id);
    found.ok_or_else(|| NOT_FOUND.refuse(&[name, registry]))
}

/// The same, for writing.
fn repository_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
    name: &str,
) -> Result<&'a mut Repository, Refusal> {
    repository(account, call, input, name)?;
    let repositories = &mut account.region_mut(&call.region).ecr.repositories;
    repositories.get_mut(name).ok_or_else(|| NOT_FOUND.refuse(&[name, &call.account_id]))
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let partition = super::partition(region);
    let all = account.region(region).into_iter().flat_map(|state| &state.ecr.repositories);
    all.map(|(name, repository)| Tagged {
        arn: format!("arn:{partition}:ecr:{region}:{}:repository/{name}", account.id),
        resource_type: "ecr:repository",
        tags: repository.tags.clone(),
    })
    .collect()
}
