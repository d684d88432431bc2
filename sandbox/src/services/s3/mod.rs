//! S3: buckets with their settings, and as many objects as it takes to have them in the way.
//!
//! Bucket names are one for all accounts; some plain words belong to others. Lifecycle rules are
//! checked and kept, they expire nothing. Access control lists and copies are not modelled.

mod buckets;
mod lifecycle;
mod listing;
mod objects;
mod policy;
mod rules;
mod settings;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Bucket as TokenBucket, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::ids::digits;
use crate::rules::Refusal;
use crate::state::Account;
use objects::{Upload, Version};

/// What S3 keeps for the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    buckets: BTreeMap<String, Bucket>,
    /// Names of deleted buckets, with the time from which they can be had again.
    free_from: BTreeMap<String, Time>,
}

/// A bucket.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Bucket {
    region: String,
    created: Time,
    tags: BTreeMap<String, String>,
    policy: Option<String>,
    /// `Enabled`, `Suspended`, or none for one that never had versions.
    versioning: Option<String>,
    /// The encryption configuration as it was sent; none for AWS's default.
    encryption: Option<Value>,
    public_access_block: Option<Value>,
    ownership: Option<String>,
    lifecycle: Option<Value>,
    /// The smallest objects that lifecycle rules move, as AWS names it.
    smallest_moved: String,
    /// The versions of each key, newest first.
    keys: BTreeMap<String, Vec<Version>>,
    uploads: BTreeMap<String, Upload>,
}

const BUCKET: &[&str] = &["Bucket", "ExpectedBucketOwner"];

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "s3",
    shapes: include_str!("../../shapes/s3.json"),
    validation_code: "InvalidArgument",
    throttle_code: "SlowDown",
    bucket: |_, _| TokenBucket { burst: 1000.0, per_second: 1000.0 },
    operations: &[
        write(
            "CreateBucket",
            &["Bucket", "CreateBucketConfiguration", "ObjectOwnership"],
            buckets::create,
        ),
        read("HeadBucket", BUCKET, buckets::head),
        write("DeleteBucket", BUCKET, buckets::delete),
        read(
            "ListBuckets",
            &["MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion"],
            buckets::list,
        ),
        read("GetBucketLocation", BUCKET, buckets::location),
        write(
            "PutBucketTagging",
            &["Bucket", "ExpectedBucketOwner", "Tagging"],
            settings::put_tags,
        ),
        read("GetBucketTagging", BUCKET, settings::get_tags),
        write("DeleteBucketTagging", BUCKET, settings::delete_tags),
        write("PutBucketPolicy", &["Bucket", "ExpectedBucketOwner", "Policy"], policy::put),
        read("GetBucketPolicy", BUCKET, policy::get),
        write("DeleteBucketPolicy", BUCKET, policy::delete),
        write(
            "PutBucketVersioning",
            &["Bucket", "ExpectedBucketOwner", "VersioningConfiguration"],
            settings::put_versioning,
        ),
        read("GetBucketVersioning", BUCKET, settings::get_versioning),
        write(
            "PutBucketEncryption",
            &["Bucket", "ExpectedBucketOwner", "ServerSideEncryptionConfiguration"],
            settings::put_encryption,
        ),
        read("GetBucketEncryption", BUCKET, settings::get_encryption),
        write("DeleteBucketEncryption", BUCKET, settings::delete_encryption),
        write(
            "PutPublicAccessBlock",
            &["Bucket", "ExpectedBucketOwner", "PublicAccessBlockConfiguration"],
            settings::put_access_block,
        ),
        read("GetPublicAccessBlock", BUCKET, settings::get_access_block),
        write("DeletePublicAccessBlock", BUCKET, settings::delete_access_block),
        write(
            "PutBucketOwnershipControls",
            &["Bucket", "ExpectedBucketOwner", "OwnershipControls"],
            settings::put_ownership,
        ),
        read("GetBucketOwnershipControls", BUCKET, settings::get_ownership),
        write("DeleteBucketOwnershipControls", BUCKET, settings::delete_ownership),
        write(
            "PutBucketLifecycleConfiguration",
            &[
                "Bucket",
                "ExpectedBucketOwner",
                "LifecycleConfiguration",
                "TransitionDefaultMinimumObjectSize",
            ],
            lifecycle::put,
        ),
        read("GetBucketLifecycleConfiguration", BUCKET, lifecycle::get),
        write("DeleteBucketLifecycle", BUCKET, lifecycle::delete),
        write(
            "PutObject",
            &["Bucket", "ExpectedBucketOwner", "Key", "Body", "ContentType", "Metadata"],
            objects::put,
        ),
        read("GetObject", &["Bucket", "ExpectedBucketOwner", "Key", "VersionId"], objects::get),
        read("HeadObject", &["Bucket", "ExpectedBucketOwner", "Key", "VersionId"], objects::head),
        write(
            "DeleteObject",
            &["Bucket", "ExpectedBucketOwner", "Key", "VersionId"],
            objects::delete,
        ),
        write("DeleteObjects", &["Bucket", "ExpectedBucketOwner", "Delete"], objects::delete_many),
        read(
            "ListObjectsV2",
            &[
                "Bucket",
                "ExpectedBucketOwner",
                "Prefix",
                "Delimiter",
                "EncodingType",
                "MaxKeys",
                "ContinuationToken",
                "StartAfter",
            ],
            listing::objects,
        ),
        read(
            "ListObjectVersions",
            &[
                "Bucket",
                "ExpectedBucketOwner",
                "Prefix",
                "EncodingType",
                "MaxKeys",
                "KeyMarker",
                "VersionIdMarker",
            ],
            listing::versions,
        ),
        write(
            "CreateMultipartUpload",
            &["Bucket", "ExpectedBucketOwner", "Key", "ContentType", "Metadata"],
            objects::begin_upload,
        ),
        read(
            "ListMultipartUploads",
            &["Bucket", "ExpectedBucketOwner", "EncodingType", "MaxUploads", "Prefix"],
            listing::uploads,
        ),
        write(
            "AbortMultipartUpload",
            &["Bucket", "ExpectedBucketOwner", "Key", "UploadId"],
            objects::abort_upload,
        ),
    ],
    rules: rules::RULES,
    tagged,
    ..Service::EMPTY
};

/// Plain words that other accounts have long taken as names.
const OTHERS: [&str; 8] =
    ["backup", "backups", "bucket", "data", "example", "images", "logs", "test"];

/// Returns the policy of a bucket, as load balancers look at it before they write logs.
pub(crate) fn bucket_policy<'a>(account: &'a Account, name: &str) -> Option<&'a str> {
    account.global.s3.buckets.get(name)?.policy.as_deref()
}

/// Returns the bucket an input names, if the caller may have it here.
fn bucket<'a>(account: &'a Account, call: &Call, input: &Input) -> Result<&'a Bucket, Refusal> {
    let name = input.text("Bucket").unwrap_or_default();
    let Some(bucket) = account.global.s3.buckets.get(name) else {
        let rule = if OTHERS.contains(&name) { &rules::OTHERS } else { &rules::NO_BUCKET };
        return Err(rule.refuse(&[]));
    };
    if let Some(owner) = input.text("ExpectedBucketOwner").filter(|owner| *owner != account.id) {
        return Err(rules::WRONG_OWNER.refuse(&[owner]));
    }
    if bucket.region != call.region {
        let refusal = rules::OTHER_REGION.refuse(&[]);
        return Err(refusal.header("x-amz-bucket-region", bucket.region.clone()));
    }
    Ok(bucket)
}

/// As [`bucket`], for writing.
fn bucket_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<&'a mut Bucket, Refusal> {
    bucket(account, call, input)?;
    let name = input.text("Bucket").unwrap_or_default();
    account.global.s3.buckets.get_mut(name).ok_or_else(|| rules::NO_BUCKET.refuse(&[]))
}

/// The canonical id of the account.
fn owner(account: &Account) -> String {
    digits(&account.id)
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let partition = super::partition(region);
    let buckets = account.global.s3.buckets.iter().filter(|(_, bucket)| bucket.region == region);
    buckets
        .map(|(name, bucket)| Tagged {
            arn: format!("arn:{partition}:s3:::{name}"),
            resource_type: "s3",
            tags: bucket.tags.clone(),
        })
        .collect()
}
