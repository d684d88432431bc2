//! Settings of a bucket, each with its own calls.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::tagging::tag_list;
use super::super::{Answer, Call, Input, Members, modelled};
use super::{bucket, bucket_mut, rules};
use crate::rules::Refusal;
use crate::state::Account;

/// Reads a list of tags.
pub(super) fn tags_of(list: &[Value]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in list.iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(rules::RESERVED_TAG.refuse(&[]));
        }
        let value = tag.text("Value").unwrap_or_default().to_owned();
        if tags.insert(key.to_owned(), value).is_some() {
            return Err(rules::TAG_TWICE.refuse(&[]));
        }
    }
    if tags.len() > 50 {
        return Err(rules::TOO_MANY_TAGS.refuse(&[]));
    }
    Ok(tags)
}

/// PutBucketTagging: the whole set.
pub(super) fn put_tags(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = input.object("Tagging").map(|tagging| tags_of(tagging.list("TagSet")));
    bucket_mut(account, call, input)?.tags = tags.transpose()?.unwrap_or_default();
    Ok(Value::Null)
}

/// GetBucketTagging.
pub(super) fn get_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    let tags = &bucket(account, call, input)?.tags;
    if tags.is_empty() {
        return Err(rules::NO_TAGS.refuse(&[]));
    }
    Ok(json!({"TagSet": tag_list(tags)}))
}

/// DeleteBucketTagging.
pub(super) fn delete_tags(account: &mut Account, call: &Call, input: &Input) -> Answer {
    bucket_mut(account, call, input)?.tags.clear();
    Ok(Value::Null)
}

/// PutBucketVersioning: never switched off again, only suspended.
pub(super) fn put_versioning(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let config = input.object("VersioningConfiguration").cloned().unwrap_or_default();
    modelled(&config, "VersioningConfiguration", &["Status"])?;
    if let Some(status) = config.text("Status") {
        bucket_mut(account, call, input)?.versioning = Some(status.to_owned());
    }
    Ok(Value::Null)
}

/// GetBucketVersioning.
pub(super) fn get_versioning(account: &Account, call: &Call, input: &Input) -> Answer {
    Ok(json!({"Status": bucket(account, call, input)?.versioning}))
}

/// PutBucketEncryption.
pub(super) fn put_encryption(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let config = input.object("ServerSideEncryptionConfiguration").cloned().unwrap_or_default();
    let [rule] = config.list("Rules") else { return Err(rules::ONE_RULE.refuse(&[])) };
    let mut rule = rule.as_object().cloned().unwrap_or_default();
    let members = ["ApplyServerSideEncryptionByDefault", "BucketKeyEnabled"];
    modelled(&rule, "ServerSideEncryptionRule", &members)?;
    if let Some(default) = rule.object("ApplyServerSideEncryptionByDefault") {
        let kms = default.text("SSEAlgorithm").is_some_and(|name| name.starts_with("aws:kms"));
        if default.contains_key("KMSMasterKeyID") && !kms {
            return Err(rules::ENCRYPTION_KEY.refuse(&[]));
        }
    }
    rule.entry("BucketKeyEnabled").or_insert(Value::Bool(false));
    bucket_mut(account, call, input)?.encryption = Some(json!({"Rules": [rule]}));
    Ok(Value::Null)
}

/// GetBucketEncryption: there is always one, with S3's own keys when nothing else was said (S3 user
/// guide, default encryption).
pub(super) fn get_encryption(account: &Account, call: &Call, input: &Input) -> Answer {
    let config = bucket(account, call, input)?.encryption.clone().unwrap_or_else(|| {
        json!({"Rules": [{"BucketKeyEnabled": false,
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})
    });
    Ok(json!({"ServerSideEncryptionConfiguration": config}))
}

/// DeleteBucketEncryption: back to the default.
pub(super) fn delete_encryption(account: &mut Account, call: &Call, input: &Input) -> Answer {
    bucket_mut(account, call, input)?.encryption = None;
    Ok(Value::Null)
}

/// PutPublicAccessBlock: what is not said is off.
pub(super) fn put_access_block(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let config = input.object("PublicAccessBlockConfiguration").cloned().unwrap_or_default();
    let names =
        ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let flags =
        names.map(|name| (name.to_owned(), Value::Bool(config.flag(name).unwrap_or_default())));
    let block = Value::Object(flags.into_iter().collect());
    bucket_mut(account, call, input)?.public_access_block = Some(block);
    Ok(Value::Null)
}

/// GetPublicAccessBlock.
pub(super) fn get_access_block(account: &Account, call: &Call, input: &Input) -> Answer {
    let block = bucket(account, call, input)?.public_access_block.as_ref();
    let block = block.ok_or_else(|| rules::NO_ACCESS_BLOCK.refuse(&[]))?;
    Ok(json!({"PublicAccessBlockConfiguration": block}))
}

/// DeletePublicAccessBlock.
pub(super) fn delete_access_block(account: &mut Account, call: &Call, input: &Input) -> Answer {
    bucket_mut(account, call, input)?.public_access_block = None;
    Ok(Value::Null)
}

/// PutBucketOwnershipControls.
pub(super) fn put_ownership(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let controls = input.object("OwnershipControls").cloned().unwrap_or_default();
    let [rule] = controls.list("Rules") else { return Err(rules::ONE_RULE.refuse(&[])) };
    let ownership = rule.as_object().and_then(|rule| rule.text("ObjectOwnership"));
    bucket_mut(account, call, input)?.ownership = ownership.map(str::to_owned);
    Ok(Value::Null)
}

/// GetBucketOwnershipControls.
pub(super) fn get_ownership(account: &Account, call: &Call, input: &Input) -> Answer {
    let ownership = bucket(account, call, input)?.ownership.as_ref();
    let ownership = ownership.ok_or_else(|| rules::NO_OWNERSHIP.refuse(&[]))?;
    Ok(json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]}}))
}

/// DeleteBucketOwnershipControls.
pub(super) fn delete_ownership(account: &mut Account, call: &Call, input: &Input) -> Answer {
    bucket_mut(account, call, input)?.ownership = None;
    Ok(Value::Null)
}
