//! Objects, their versions and delete markers, and unfinished uploads.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::{Answer, Call, Input, Members};
use super::{Bucket, bucket, bucket_mut, rules};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Version {
    /// `null` in a bucket without versions.
    pub(super) id: String,
    pub(super) marker: bool,
    /// Base64.
    body: String,
    pub(super) size: usize,
    pub(super) etag: String,
    pub(super) modified: Time,
    content_type: Option<String>,
    metadata: BTreeMap<String, String>,
}

/// An upload in parts that was begun.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) begun: Time,
}

impl Version {
    /// Makes a version of these bytes, with the beginning of `digits` for its id.
    pub(super) fn of(body: &[u8], digits: &str, modified: Time) -> Self {
        let hash = Sha256::digest(body);
        let etag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self {
            id: digits.chars().take(32).collect(),
            body: STANDARD.encode(body),
            size: body.len(),
            etag: format!("\"{etag}\""),
            modified,
            ..Self::default()
        }
    }
}

/// Puts a version in front of the others; without versioning it takes the place of the one there.
pub(super) fn store(bucket: &mut Bucket, key: &str, mut version: Version) -> String {
    let versions = bucket.keys.entry(key.to_owned()).or_default();
    if bucket.versioning.as_deref() != Some("Enabled") {
        "null".clone_into(&mut version.id);
        versions.retain(|known| known.id != "null");
    }
    let id = version.id.clone();
    versions.insert(0, version);
    id
}

fn key(input: &Input) -> &str {
    input.text("Key").unwrap_or_default()
}

/// PutObject.
pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let digits = account.new_digits();
    let bucket = bucket_mut(account, call, input)?;
    let body = STANDARD.decode(input.text("Body").unwrap_or_default()).unwrap_or_default();
    let metadata = input.object("Metadata").into_iter().flatten();
    let version = Version {
        content_type: input.text("ContentType").map(str::to_owned),
        metadata: metadata
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        ..Version::of(&body, &digits, call.now)
    };
    let etag = version.etag.clone();
    let id = store(bucket, key(input), version);
    Ok(json!({"ETag": etag, "VersionId": (id != "null").then_some(id),
        "ServerSideEncryption": "AES256"}))
}

/// Finds the version that is asked for, or the latest.
fn version<'a>(bucket: &'a Bucket, input: &Input) -> Result<&'a Version, Refusal> {
    let versions = bucket.keys.get(key(input)).map(Vec::as_slice).unwrap_or_default();
    match input.text("VersionId") {
        None => versions
            .first()
            .filter(|version| !version.marker)
            .ok_or_else(|| rules::NO_KEY.refuse(&[])),
        Some(id) => {
            let found = versions.iter().find(|version| version.id == id);
            let found = found.ok_or_else(|| rules::NO_VERSION.refuse(&[]))?;
            if found.marker { Err(rules::MARKER.refuse(&[])) } else { Ok(found) }
        }
    }
}

/// HeadObject.
pub(super) fn head(account: &Account, call: &Call, input: &Input) -> Answer {
    let version = version(bucket(account, call, input)?, input)?;
    let kind = version.content_type.as_deref().unwrap_or("binary/octet-stream");
    Ok(json!({
        "ContentLength": version.size, "ETag": version.etag, "ContentType": kind,
        "LastModified": version.modified.to_string(), "Metadata": version.metadata,
        "VersionId": (version.id != "null").then_some(&version.id),
        "ServerSideEncryption": "AES256",
    }))
}

/// GetObject.
pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let mut answer = head(account, call, input)?;
    answer["Body"] = json!(version(bucket(account, call, input)?, input)?.body);
    Ok(answer)
}

/// What became of one deletion.
struct Deleted {
    version: Option<String>,
    marker: Option<String>,
}

/// Deletes a version for good or, without an id, puts a marker in front where there are versions.
fn remove(bucket: &mut Bucket, key: &str, id: Option<&str>, marker: Version) -> Deleted {
    let mut done = Deleted { version: id.map(str::to_owned), marker: None };
    match id {
        Some(id) => {
            let Some(versions) = bucket.keys.get_mut(key) else { return done };
            if versions.iter().any(|version| version.id == id && version.marker) {
                done.marker = Some(id.to_owned());
            }
            versions.retain(|version| version.id != id);
        }
        None if bucket.versioning.is_some() => {
            done.marker = Some(store(bucket, key, Version { marker: true, ..marker }));
        }
        None => {
            bucket.keys.remove(key);
        }
    }
    bucket.keys.retain(|_, versions| !versions.is_empty());
    done
}

/// DeleteObject: what is not there is deleted as well.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let digits = account.new_digits();
    let bucket = bucket_mut(account, call, input)?;
    let marker = Version::of(&[], &digits, call.now);
    let done = remove(bucket, key(input), input.text("VersionId"), marker);
    Ok(json!({"DeleteMarker": done.marker.is_some().then_some(true),
        "VersionId": done.version.or(done.marker)}))
}

/// DeleteObjects.
pub(super) fn delete_many(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let request = input.object("Delete").cloned().unwrap_or_default();
    let objects = request.list("Objects");
    if objects.is_empty() || objects.len() > 1000 {
        return Err(rules::TOO_MANY_KEYS.refuse(&[&objects.len().to_string()]));
    }
    let mut deleted = Vec::new();
    for object in objects.iter().filter_map(Value::as_object) {
        let digits = account.new_digits();
        let bucket = bucket_mut(account, call, input)?;
        let key = object.text("Key").unwrap_or_default();
        let marker = Version::of(&[], &digits, call.now);
        let done = remove(bucket, key, object.text("VersionId"), marker);
        deleted.push(json!({"Key": key, "VersionId": done.version,
            "DeleteMarker": done.marker.is_some().then_some(true),
            "DeleteMarkerVersionId": done.marker}));
    }
    let quiet = request.flag("Quiet").unwrap_or_default();
    Ok(json!({"Deleted": (!quiet).then_some(deleted)}))
}

/// CreateMultipartUpload. Parts are not modelled: an upload that was begun is all there is.
pub(super) fn begin_upload(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = account.new_digits();
    let bucket = bucket_mut(account, call, input)?;
    let upload = Upload { key: key(input).to_owned(), begun: call.now };
    bucket.uploads.insert(id.clone(), upload);
    Ok(json!({"Bucket": input.text("Bucket"), "Key": input.text("Key"), "UploadId": id}))
}

/// AbortMultipartUpload.
pub(super) fn abort_upload(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let bucket = bucket_mut(account, call, input)?;
    let id = input.text("UploadId").unwrap_or_default();
    let known = bucket.uploads.get(id).is_some_and(|upload| upload.key == key(input));
    if !known {
        return Err(rules::NO_UPLOAD.refuse(&[]));
    }
    bucket.uploads.remove(id);
    Ok(Value::Object(Map::new()))
}
