//! Lists of what is in a bucket.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::super::paging::page;
use super::super::{Answer, Call, Input, Members};
use super::objects::Version;
use super::{bucket, owner, rules};
use crate::state::Account;

/// As many entries as a list gives in one page.
const PAGE: i64 = 1000;

fn size(input: &Input, name: &str) -> usize {
    usize::try_from(input.integer(name).unwrap_or(PAGE).clamp(0, PAGE)).unwrap_or_default()
}

/// Writes keys as the caller asks for: as they are, or encoded as in URLs.
fn encoder(input: &Input) -> impl Fn(&str) -> String {
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');
    let url = input.text("EncodingType") == Some("url");
    move |key| if url { utf8_percent_encode(key, RESERVED).to_string() } else { key.to_owned() }
}

/// ListObjectsV2: the latest versions; keys that share what is before a delimiter count as one.
pub(super) fn objects(account: &Account, call: &Call, input: &Input) -> Answer {
    let bucket = bucket(account, call, input)?;
    let prefix = input.text("Prefix").unwrap_or_default();
    let after = input.text("StartAfter").unwrap_or_default();
    let encode = encoder(input);
    let mut items = Vec::new();
    let mut folders = BTreeSet::new();
    for (key, versions) in &bucket.keys {
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        let Some(latest) = versions.first().filter(|version| !version.marker) else { continue };
        if !after.is_empty() && key.as_str() <= after {
            continue;
        }
        let folder = input.text("Delimiter").filter(|d| !d.is_empty()).and_then(|delimiter| {
            let (first, _) = rest.split_once(delimiter)?;
            Some(format!("{prefix}{first}{delimiter}"))
        });
        match folder {
            Some(folder) if folders.insert(folder.clone()) => {
                items.push((folder.clone(), json!({"Prefix": encode(&folder)})));
            }
            Some(_) => {}
            None => items.push((key.clone(), shown(&encode(key), latest))),
        }
    }
    let size = size(input, "MaxKeys");
    let (items, next) = page(items, size, input.text("ContinuationToken"))
        .ok_or_else(|| rules::TOKEN.refuse(&[]))?;
    let count = items.len();
    let (folders, contents): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| item.get("Prefix").is_some());
    Ok(json!({
        "Name": input.text("Bucket"), "Prefix": encode(prefix), "MaxKeys": size,
        "KeyCount": count, "IsTruncated": next.is_some(), "NextContinuationToken": next,
        "ContinuationToken": input.text("ContinuationToken"), "Contents": contents,
        "CommonPrefixes": folders, "EncodingType": input.text("EncodingType"),
        "Delimiter": input.text("Delimiter"), "StartAfter": input.text("StartAfter"),
    }))
}

fn shown(key: &str, version: &Version) -> Value {
    json!({"Key": key, "LastModified": version.modified.to_string(), "ETag": version.etag,
        "Size": version.size, "StorageClass": "STANDARD"})
}

/// ListObjectVersions: every version and marker, newest first within a key.
pub(super) fn versions(account: &Account, call: &Call, input: &Input) -> Answer {
    let bucket = bucket(account, call, input)?;
    let prefix = input.text("Prefix").unwrap_or_default();
    let key_marker = input.text("KeyMarker").filter(|marker| !marker.is_empty());
    let id_marker = input.text("VersionIdMarker").filter(|marker| !marker.is_empty());
    if id_marker.is_some() && key_marker.is_none() {
        return Err(rules::VERSION_MARKER.refuse(&[]));
    }
    let encode = encoder(input);
    let all = bucket.keys.iter().filter(|(key, _)| key.starts_with(prefix)).flat_map(
        |(key, versions)| versions.iter().enumerate().map(move |(at, version)| (key, at, version)),
    );
    let mut rest = all.skip_while(|(key, at, _)| {
        let Some(marker) = key_marker else { return false };
        let position = |id: &str| {
            let versions = bucket.keys.get(marker)?;
            versions.iter().position(|version| version.id == id)
        };
        match id_marker {
            Some(id) if key.as_str() == marker => position(id).is_some_and(|last| *at <= last),
            _ => key.as_str() <= marker,
        }
    });
    let size = size(input, "MaxKeys");
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let truncated = rest.next().is_some();
    let last =
        page.last().filter(|_| truncated).map(|(key, _, version)| (encode(key), &version.id));
    let owner = json!({"ID": owner(account)});
    let entry = |(key, at, version): &(&String, usize, &Version)| {
        let mut entry = json!({"Key": encode(key), "VersionId": version.id, "IsLatest": *at == 0,
            "LastModified": version.modified.to_string(), "Owner": owner});
        if !version.marker {
            entry["ETag"] = json!(version.etag);
            entry["Size"] = json!(version.size);
            entry["StorageClass"] = json!("STANDARD");
        }
        (version.marker, entry)
    };
    let (markers, versions): (Vec<_>, Vec<_>) =
        page.iter().map(entry).partition(|(marker, _)| *marker);
    let strip = |list: Vec<(bool, Value)>| list.into_iter().map(|(_, e)| e).collect::<Vec<_>>();
    Ok(json!({
        "Name": input.text("Bucket"), "Prefix": encode(prefix), "MaxKeys": size,
        "IsTruncated": truncated, "KeyMarker": key_marker.unwrap_or_default(),
        "VersionIdMarker": id_marker.unwrap_or_default(),
        "NextKeyMarker": last.as_ref().map(|(key, _)| key),
        "NextVersionIdMarker": last.as_ref().map(|(_, id)| id),
        "Versions": strip(versions), "DeleteMarkers": strip(markers),
        "EncodingType": input.text("EncodingType"),
    }))
}

/// ListMultipartUploads, in one page.
pub(super) fn uploads(account: &Account, call: &Call, input: &Input) -> Answer {
    let bucket = bucket(account, call, input)?;
    let prefix = input.text("Prefix").unwrap_or_default();
    let encode = encoder(input);
    let uploads = bucket.uploads.iter().filter(|(_, upload)| upload.key.starts_with(prefix));
    let uploads: Vec<_> = uploads
        .map(|(id, upload)| {
            json!({"UploadId": id, "Key": encode(&upload.key), "Initiated": upload.begun.to_string(),
                "StorageClass": "STANDARD"})
        })
        .collect();
    Ok(json!({"Bucket": input.text("Bucket"), "Prefix": encode(prefix), "IsTruncated": false,
        "MaxUploads": size(input, "MaxUploads"), "Uploads": uploads,
        "EncodingType": input.text("EncodingType")}))
}
