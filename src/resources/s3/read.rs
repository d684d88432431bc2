//! Reading buckets: each setting has a call of its own.

use super::bucket::{S3Bucket, S3BucketOut};
use super::schema::{BucketEncryption, LifecycleRule, PublicAccessBlock, VersioningConfiguration};
use crate::aws::{Cx, Error, ErrorClass, PolicyDocument, Result, Sdk, Tags};
use crate::engine::resource::{Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_s3::types::ServerSideEncryptionConfiguration;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the buckets in question; the index of tags is evidence for what nobody asks for by name.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<S3Bucket>>> {
    let mut indexed: BTreeMap<String, Tags> = BTreeMap::new();
    let names: BTreeSet<String> = match want {
        // What is about to be written, or was just written, is read without the index.
        Want::Ids(ids) => ids.iter().cloned().collect(),
        Want::Owned { workspaces, names } => {
            let cell = cx.tag_index().await?;
            let prefix = arn(cx, "");
            for (arn, tags) in cell.get().into_iter().flatten() {
                let name = arn.strip_prefix(&prefix).filter(|name| !name.contains('/'));
                if let Some(name) = name.filter(|_| cx.scope.owns(tags, workspaces)) {
                    indexed.insert(name.to_owned(), tags.clone());
                }
            }
            names.iter().cloned().chain(indexed.keys().cloned()).collect()
        }
    };
    let indexed = &indexed;
    stream::iter(names)
        .map(|name| async move { one(cx, &name, indexed.get(&name)).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

fn arn(cx: &Cx, name: &str) -> String {
    format!("arn:{}:s3:::{name}", cx.partition)
}

/// How a bucket of a name stands to the account and region.
enum Place {
    Nowhere,
    /// In this region and account.
    Here,
    /// In another region, or another's.
    Elsewhere,
}

/// Finds a bucket. Its answers have no body, so that only the status tells.
async fn place(cx: &Cx, name: &str) -> Result<Place> {
    let error = match cx.s3().head_bucket().bucket(name).send().await {
        Ok(answer) => {
            let here = answer.bucket_region().is_none_or(|region| region == cx.scope.region);
            return Ok(if here { Place::Here } else { Place::Elsewhere });
        }
        Err(error) => error,
    };
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(404) => Ok(Place::Nowhere),
        Some(301 | 403) => Ok(Place::Elsewhere),
        _ => Err(error.into()),
    }
}

/// Tells whether there is a bucket of this name, whoever's.
pub(super) async fn is_there(cx: &Cx, name: &str) -> Result<bool> {
    Ok(!matches!(place(cx, name).await?, Place::Nowhere))
}

/// Treats an error that says that nothing was set as nothing.
fn unless<T>(result: Result<T>, codes: &[&str]) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if codes.iter().any(|code| error.is(code)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the tags of a bucket.
pub(super) async fn tags_of(cx: &Cx, name: &str) -> Result<Tags> {
    let found = cx.s3().get_bucket_tagging().bucket(name).send().await.map_err(Error::from);
    let found = unless(found, &["NoSuchTagSet"])?;
    let tags = found.map(|found| found.tag_set).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// What stands for no policy.
fn no_policy() -> PolicyDocument {
    PolicyDocument::of_aws(r#"{"Statement":[],"Version":"2012-10-17"}"#)
}

/// A policy without statements, which S3 would refuse, stands for none.
pub(super) fn is_empty(policy: &PolicyDocument) -> bool {
    let json = serde_json::from_str::<serde_json::Value>(policy.as_str()).unwrap_or_default();
    json.get("Statement").and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
}

/// Reads one bucket; `None` when it is not there. Of one that is not the account's, or not in the
/// region, only that it is there.
async fn one(cx: &Cx, name: &str, known: Option<&Tags>) -> Result<Option<Live<S3Bucket>>> {
    // What the index of this region knows is in this region, and its settings tell if it is gone.
    if known.is_none() {
        match place(cx, name).await? {
            Place::Nowhere => return Ok(None),
            Place::Elsewhere => return Ok(Some(live(cx, bare(name), Tags::new()))),
            Place::Here => {}
        }
    }
    match whole(cx, name, known).await {
        Ok((spec, tags)) => Ok(Some(live(cx, spec, tags))),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn bare(name: &str) -> S3Bucket {
    S3Bucket {
        name: name.to_owned(),
        policy: None,
        bucket_encryption: None,
        public_access_block_configuration: None,
        object_ownership: None,
        versioning_configuration: None,
        lifecycle_configuration: None,
    }
}

fn live(cx: &Cx, spec: S3Bucket, tags: Tags) -> Live<S3Bucket> {
    let name = spec.name.clone();
    let domain = if cx.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let out = S3BucketOut {
        id: name.clone(),
        arn: arn(cx, &name),
        bucket_domain_name: format!("{name}.s3.{domain}"),
        bucket_regional_domain_name: format!("{name}.s3.{}.{domain}", cx.scope.region),
    };
    Live { id: name, tags, status: Status::Ready, spec, out }
}

async fn whole(cx: &Cx, name: &str, known: Option<&Tags>) -> Result<(S3Bucket, Tags)> {
    let s3 = cx.s3();
    let (tags, policy, encryption, block, ownership, versioning, lifecycle) = futures::try_join!(
        async {
            match known {
                Some(tags) => Ok(tags.clone()),
                None => tags_of(cx, name).await,
            }
        },
        async {
            let found = s3.get_bucket_policy().bucket(name).send().await.map_err(Error::from);
            unless(found, &["NoSuchBucketPolicy"])
        },
        async {
            let found = s3.get_bucket_encryption().bucket(name).send().await.map_err(Error::from);
            unless(found, &["ServerSideEncryptionConfigurationNotFoundError"])
        },
        async {
            let found = s3.get_public_access_block().bucket(name).send().await;
            unless(found.map_err(Error::from), &["NoSuchPublicAccessBlockConfiguration"])
        },
        async {
            let found = s3.get_bucket_ownership_controls().bucket(name).send().await;
            unless(found.map_err(Error::from), &["OwnershipControlsNotFoundError"])
        },
        async { s3.get_bucket_versioning().bucket(name).send().await.map_err(Error::from) },
        async {
            let found = s3.get_bucket_lifecycle_configuration().bucket(name).send().await;
            unless(found.map_err(Error::from), &["NoSuchLifecycleConfiguration"])
        },
    )?;
    let policy = policy.and_then(|found| found.policy);
    let encryption = encryption.and_then(|found| found.server_side_encryption_configuration);
    let block = block.and_then(|found| found.public_access_block_configuration);
    let ownership = ownership.and_then(|found| found.ownership_controls);
    let ownership = ownership.and_then(|controls| controls.rules.into_iter().next());
    let rules = lifecycle.and_then(|found| found.rules).unwrap_or_default();
    let mut rules: Vec<_> = rules.iter().map(LifecycleRule::of).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let spec = S3Bucket {
        policy: Some(policy.as_deref().map_or_else(no_policy, PolicyDocument::of_aws)),
        bucket_encryption: encryption.as_ref().and_then(default_encryption),
        public_access_block_configuration: Some(PublicAccessBlock::of(block.as_ref())),
        object_ownership: ownership.map(|rule| Sdk(rule.object_ownership)),
        versioning_configuration: versioning
            .status
            .map(|status| VersioningConfiguration { status: Sdk(status) }),
        lifecycle_configuration: Some(rules),
        ..bare(name)
    };
    Ok((spec, tags))
}

fn default_encryption(config: &ServerSideEncryptionConfiguration) -> Option<BucketEncryption> {
    let rule = config.rules().first()?;
    let default = rule.apply_server_side_encryption_by_default()?;
    Some(BucketEncryption {
        sse_algorithm: Sdk(default.sse_algorithm().clone()),
        kms_master_key_id: default.kms_master_key_id().map(str::to_owned),
        bucket_key_enabled: Some(rule.bucket_key_enabled().unwrap_or(false)),
    })
}
