//! The parts of a bucket as a stack says them.

use crate::aws::Sdk;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload as SdkAbort, BucketVersioningStatus, ExpirationStatus,
    LifecycleExpiration as SdkExpiration, LifecycleRule as SdkRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration as SdkNoncurrent, ObjectOwnership, PublicAccessBlockConfiguration,
    ServerSideEncryption, Transition as SdkTransition, TransitionStorageClass,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::sdk_enum!(
    BucketVersioningStatus => "BucketVersioningStatus",
    ExpirationStatus => "ExpirationStatus",
    ObjectOwnership => "ObjectOwnership",
    ServerSideEncryption => "ServerSideEncryption",
    TransitionStorageClass => "TransitionStorageClass",
);

/// Encryption of new objects that do not say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketEncryption {
    /// `AES256` for S3's own keys, `aws:kms` for one of KMS.
    pub sse_algorithm: Sdk<ServerSideEncryption>,
    /// Key of KMS; AWS's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<String>,
    /// Whether one data key serves many objects, which costs fewer calls of KMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_key_enabled: Option<bool>,
}

/// What keeps the public out, whatever policies and access lists say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Whether public access lists are refused.
    #[serde(default = "yes")]
    pub block_public_acls: bool,
    /// Whether public access lists that are there have no effect.
    #[serde(default = "yes")]
    pub ignore_public_acls: bool,
    /// Whether public policies are refused.
    #[serde(default = "yes")]
    pub block_public_policy: bool,
    /// Whether a public policy that is there lets in only AWS's services and the account.
    #[serde(default = "yes")]
    pub restrict_public_buckets: bool,
}

/// Whether older versions of objects are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersioningConfiguration {
    /// `Enabled`, or `Suspended` to keep no further ones.
    pub status: Sdk<BucketVersioningStatus>,
}

/// What becomes of objects by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifecycleRule {
    /// Name of the rule, unique in the bucket.
    pub id: String,
    /// `Enabled`, or `Disabled` to keep it without effect.
    #[serde(default = "enabled")]
    pub status: Sdk<ExpirationStatus>,
    /// What the keys of its objects begin with; all objects when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// When objects expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Expiration>,
    /// When older versions go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_version_expiration: Option<NoncurrentVersionExpiration>,
    /// When uploads that were never completed go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_incomplete_multipart_upload: Option<AbortIncompleteMultipartUpload>,
    /// When objects move to cheaper storage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
}

/// When objects expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expiration {
    /// Days after they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// Whether delete markers without versions go, instead of days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired_object_delete_marker: Option<bool>,
}

/// When older versions go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoncurrentVersionExpiration {
    /// Days after a newer version was written.
    pub noncurrent_days: i32,
    /// How many older versions stay all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer_noncurrent_versions: Option<i32>,
}

/// When uploads that were never completed go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbortIncompleteMultipartUpload {
    /// Days after they were begun.
    pub days_after_initiation: i32,
}

/// When objects move to cheaper storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Days after they were written.
    pub days: i32,
    /// Storage they move to.
    pub storage_class: Sdk<TransitionStorageClass>,
}

fn yes() -> bool {
    true
}

fn enabled() -> Sdk<ExpirationStatus> {
    Sdk(ExpirationStatus::Enabled)
}

impl PublicAccessBlock {
    pub(super) fn sdk(&self) -> PublicAccessBlockConfiguration {
        PublicAccessBlockConfiguration::builder()
            .block_public_acls(self.block_public_acls)
            .ignore_public_acls(self.ignore_public_acls)
            .block_public_policy(self.block_public_policy)
            .restrict_public_buckets(self.restrict_public_buckets)
            .build()
    }

    pub(super) fn of(found: Option<&PublicAccessBlockConfiguration>) -> Self {
        let flag = |read: fn(&PublicAccessBlockConfiguration) -> Option<bool>| {
            found.and_then(read).unwrap_or(false)
        };
        Self {
            block_public_acls: flag(PublicAccessBlockConfiguration::block_public_acls),
            ignore_public_acls: flag(PublicAccessBlockConfiguration::ignore_public_acls),
            block_public_policy: flag(PublicAccessBlockConfiguration::block_public_policy),
            restrict_public_buckets: flag(PublicAccessBlockConfiguration::restrict_public_buckets),
        }
    }
}

impl LifecycleRule {
    pub(super) fn sdk(&self) -> Result<SdkRule, aws_smithy_types::error::operation::BuildError> {
        let expiration = self.expiration.as_ref().map(|expiration| {
            SdkExpiration::builder()
                .set_days(expiration.days)
                .set_expired_object_delete_marker(expiration.expired_object_delete_marker)
                .build()
        });
        let noncurrent = self.noncurrent_version_expiration.as_ref().map(|older| {
            SdkNoncurrent::builder()
                .noncurrent_days(older.noncurrent_days)
                .set_newer_noncurrent_versions(older.newer_noncurrent_versions)
                .build()
        });
        let abort = self.abort_incomplete_multipart_upload.as_ref().map(|abort| {
            SdkAbort::builder().days_after_initiation(abort.days_after_initiation).build()
        });
        let transitions = self.transitions.iter().map(|transition| {
            let class = transition.storage_class.0.clone();
            SdkTransition::builder().days(transition.days).storage_class(class).build()
        });
        let transitions: Vec<_> = transitions.collect();
        SdkRule::builder()
            .id(&self.id)
            .status(self.status.0.clone())
            .filter(LifecycleRuleFilter::builder().prefix(&self.prefix).build())
            .set_expiration(expiration)
            .set_noncurrent_version_expiration(noncurrent)
            .set_abort_incomplete_multipart_upload(abort)
            .set_transitions(Some(transitions).filter(|all| !all.is_empty()))
            .build()
    }

    pub(super) fn of(found: &SdkRule) -> Self {
        let prefix = found.filter().and_then(|filter| filter.prefix());
        Self {
            id: found.id().unwrap_or_default().to_owned(),
            status: Sdk(found.status().clone()),
            prefix: prefix.unwrap_or_default().to_owned(),
            expiration: found.expiration().map(|expiration| Expiration {
                days: expiration.days(),
                expired_object_delete_marker: expiration.expired_object_delete_marker(),
            }),
            noncurrent_version_expiration: found.noncurrent_version_expiration().map(|older| {
                NoncurrentVersionExpiration {
                    noncurrent_days: older.noncurrent_days().unwrap_or_default(),
                    newer_noncurrent_versions: older.newer_noncurrent_versions(),
                }
            }),
            abort_incomplete_multipart_upload: found.abort_incomplete_multipart_upload().map(
                |abort| AbortIncompleteMultipartUpload {
                    days_after_initiation: abort.days_after_initiation().unwrap_or_default(),
                },
            ),
            transitions: found
                .transitions()
                .iter()
                .filter_map(|transition| {
                    Some(Transition {
                        days: transition.days()?,
                        storage_class: Sdk(transition.storage_class()?.clone()),
                    })
                })
                .collect(),
        }
    }
}
