//! Images: manifests by digest, and the tags on them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::repositories::{Repository, check_pages, page};
use super::rules::{DIGEST, IMAGE_EXISTS, MANIFEST, NO_IMAGE, TAG_EXISTS};
use super::{Call, Input, Members, name, repository, repository_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Answer;
use crate::state::Account;

/// An image.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Image {
    manifest: String,
    media_type: String,
    tags: BTreeSet<String>,
    pushed: Time,
    /// Bytes of its layers, as the manifest says.
    size: i64,
}

/// Reads a manifest: its media type and the size of its layers.
fn read(text: &str) -> Result<(Option<String>, i64), Refusal> {
    let refuse = |why: &str| MANIFEST.refuse(&[why]);
    let manifest: Value = serde_json::from_str(text).map_err(|_| refuse("Invalid JSON syntax"))?;
    if !matches!(manifest.get("schemaVersion").and_then(Value::as_i64), Some(1 | 2)) {
        return Err(refuse("Invalid image manifest provided"));
    }
    let sizes = ["layers", "manifests"].into_iter().filter_map(|list| manifest.get(list));
    let sizes = sizes.filter_map(Value::as_array).flatten();
    let size = sizes.filter_map(|part| part.get("size")?.as_i64()).sum();
    let media_type = manifest.get("mediaType").and_then(Value::as_str).map(str::to_owned);
    Ok((media_type, size))
}

pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let repository = repository_mut(account, call, input, name)?;
    let manifest = input.text("imageManifest").unwrap_or_default();
    let (told, size) = read(manifest)?;
    let hash = Sha256::digest(manifest);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = format!("sha256:{hash}");
    if let Some(given) = input.text("imageDigest").filter(|given| *given != digest) {
        return Err(DIGEST.refuse(&[&digest, given]));
    }
    let tag = input.text("imageTag");
    let is_there = repository.images.get(&digest);
    let same = is_there.is_some_and(|image| tag.is_none_or(|tag| image.tags.contains(tag)));
    if same {
        let tag = tag.unwrap_or("null");
        return Err(IMAGE_EXISTS.refuse(&[&digest, tag, name, &call.account_id]));
    }
    if let Some(tag) = tag {
        let holder = repository.images.values_mut().find(|image| image.tags.contains(tag));
        if let Some(holder) = holder {
            if repository.mutability.is_fixed(tag) {
                return Err(TAG_EXISTS.refuse(&[tag, name]));
            }
            holder.tags.remove(tag);
        }
    }
    let media_type = input.text("imageManifestMediaType").map(str::to_owned).or(told);
    let image = repository.images.entry(digest.clone()).or_insert_with(|| Image {
        manifest: manifest.to_owned(),
        media_type: media_type
            .unwrap_or_else(|| "application/vnd.docker.distribution.manifest.v2+json".to_owned()),
        pushed: call.now,
        size,
        ..Image::default()
    });
    image.tags.extend(tag.map(str::to_owned));
    Ok(json!({"image": whole(call, name, (&digest, image), tag)}))
}

fn whole(call: &Call, name: &str, (digest, image): (&str, &Image), tag: Option<&str>) -> Value {
    json!({
        "registryId": call.account_id, "repositoryName": name,
        "imageId": {"imageDigest": digest, "imageTag": tag},
        "imageManifest": image.manifest, "imageManifestMediaType": image.media_type,
    })
}

/// Returns whether a filter lets an image through.
fn wanted(input: &Input, image: &Image) -> bool {
    match input.object("filter").and_then(|filter| filter.text("tagStatus")) {
        Some("TAGGED") => !image.tags.is_empty(),
        Some("UNTAGGED") => image.tags.is_empty(),
        _ => true,
    }
}

/// Lists an entry for each tag, and one for an image without.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let repository = repository(account, call, input, name(input))?;
    let images = repository.images.iter().filter(|(_, image)| wanted(input, image));
    let ids = images.flat_map(|(digest, image)| {
        let tags = image.tags.iter().map(|tag| {
            (format!("{digest} {tag}"), json!({"imageDigest": digest, "imageTag": tag}))
        });
        let bare = image.tags.is_empty();
        let bare = bare.then(|| (digest.clone(), json!({"imageDigest": digest})));
        tags.chain(bare).collect::<Vec<_>>()
    });
    let (ids, next) = page(ids.collect(), input)?;
    Ok(json!({"imageIds": ids, "nextToken": next}))
}

/// Returns the image that an id names by digest, by tag, or by both.
fn find<'a>(
    repository: &'a Repository,
    id: &Map<String, Value>,
) -> Option<(&'a String, &'a Image)> {
    let (digest, tag) = (id.text("imageDigest"), id.text("imageTag"));
    if digest.is_none() && tag.is_none() {
        return None;
    }
    repository.images.iter().find(|(known, image)| {
        digest.is_none_or(|digest| digest == *known)
            && tag.is_none_or(|tag| image.tags.contains(tag))
    })
}

fn ids(input: &Input) -> impl Iterator<Item = &Map<String, Value>> {
    input.list("imageIds").iter().filter_map(Value::as_object)
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    check_pages(input, "imageIds")?;
    let name = name(input);
    let repository = repository(account, call, input, name)?;
    let shown = |(digest, image): (&String, &Image)| {
        let tags = Some(&image.tags).filter(|tags| !tags.is_empty());
        let shown = json!({
            "registryId": call.account_id, "repositoryName": name, "imageDigest": digest,
            "imageTags": tags, "imageSizeInBytes": image.size,
            "imagePushedAt": image.pushed.to_string(),
            "imageManifestMediaType": image.media_type,
        });
        (digest.clone(), shown)
    };
    if input.contains_key("imageIds") {
        let mut details = Vec::new();
        for id in ids(input) {
            let found = find(repository, id).ok_or_else(|| {
                let text = |member: &str| id.text(member).unwrap_or("null");
                let shown = format!(
                    "{{imageDigest:'{}', imageTag:'{}'}}",
                    text("imageDigest"),
                    text("imageTag")
                );
                NO_IMAGE.refuse(&[&shown, name, &call.account_id])
            })?;
            details.push(shown(found).1);
        }
        return Ok(json!({"imageDetails": details}));
    }
    let images = repository.images.iter().filter(|(_, image)| wanted(input, image));
    let (details, next) = page(images.map(shown).collect(), input)?;
    Ok(json!({"imageDetails": details, "nextToken": next}))
}

fn failure(id: &Map<String, Value>) -> Value {
    let (code, reason) = if id.is_empty() {
        ("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
    } else {
        ("ImageNotFound", "Requested image not found")
    };
    json!({"imageId": id, "failureCode": code, "failureReason": reason})
}

pub(super) fn batch_get(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let repository = repository(account, call, input, name)?;
    let mut images = Vec::new();
    let mut failures = Vec::new();
    for id in ids(input) {
        match find(repository, id) {
            Some((digest, image)) => {
                images.push(whole(call, name, (digest, image), id.text("imageTag")));
            }
            None => failures.push(failure(id)),
        }
    }
    Ok(json!({"images": images, "failures": failures}))
}

/// Deletes tags, or whole images when they are named by digest alone; an image goes with its last
/// tag.
pub(super) fn batch_delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let repository = repository_mut(account, call, input, name(input))?;
    let mut deleted = Vec::new();
    let mut failures = Vec::new();
    for id in ids(input) {
        let Some(digest) = find(repository, id).map(|(digest, _)| digest.clone()) else {
            failures.push(failure(id));
            continue;
        };
        let Some(image) = repository.images.get_mut(&digest) else { continue };
        let tags = match id.text("imageTag") {
            Some(tag) => BTreeSet::from([tag.to_owned()]),
            None => image.tags.clone(),
        };
        image.tags.retain(|tag| !tags.contains(tag));
        deleted.extend(tags.iter().map(|tag| json!({"imageDigest": digest, "imageTag": tag})));
        if tags.is_empty() {
            deleted.push(json!({"imageDigest": digest}));
        }
        if image.tags.is_empty() {
            repository.images.remove(&digest);
        }
    }
    Ok(json!({"imageIds": deleted, "failures": failures}))
}

/// Tells whether a reference names a private registry of AWS's.
pub(crate) fn is_private(reference: &str) -> bool {
    reference.split('/').next().is_some_and(|host| host.contains(".dkr.ecr."))
}

/// Tells whether an image can be pulled: it is in a repository here, is one of those that the
/// sandbox was told of, or is in a registry outside AWS, of which nothing is known.
pub(crate) fn has_image(account: &Account, region: &str, reference: &str) -> bool {
    if account.way.images.iter().any(|pattern| super::repositories::matches(pattern, reference)) {
        return true;
    }
    if !is_private(reference) {
        return true;
    }
    let Some((host, path)) = reference.split_once('/') else { return false };
    let mut parts = host.split('.');
    let registry = parts.next().unwrap_or_default();
    let at = parts.nth(2).unwrap_or(region);
    if registry != account.id {
        return false;
    }
    let (name, digest) = match path.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (path, None),
    };
    let (name, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let Some(repository) = account.region(at).and_then(|state| state.ecr.repositories.get(name))
    else {
        return false;
    };
    match digest {
        Some(digest) => repository.images.contains_key(digest),
        None => repository.images.values().any(|image| image.tags.contains(tag)),
    }
}
