//! What is in a bucket: counted before it goes, and taken away.

use crate::aws::{Cx, Error, ErrorClass, Result};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

/// Says how much is in a bucket; of very much only that it is more than one page tells.
pub(super) async fn counted(cx: &Cx, bucket: &str) -> Result<Option<String>> {
    let page = match cx.s3().list_object_versions().bucket(bucket).send().await {
        Ok(page) => page,
        Err(error) => {
            let error = Error::from(error);
            return match error.class {
                ErrorClass::NotFound => Ok(None),
                ErrorClass::AccessDenied => Ok(Some(
                    "objects that these credentials may not count (s3:ListBucketVersions)".into(),
                )),
                _ => Err(error),
            };
        }
    };
    let objects = page.versions().iter().filter(|version| version.is_latest() == Some(true));
    let (objects, all) = (objects.count(), page.versions().len() + page.delete_markers().len());
    let more = if page.is_truncated() == Some(true) { "more than " } else { "" };
    let plural =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let older = all - objects;
    Ok(match (objects, older) {
        (0, 0) => None,
        (objects, 0) => Some(format!("{more}{}", plural(objects, "object"))),
        (objects, older) => {
            let (objects, older) = (plural(objects, "object"), plural(older, "older version"));
            Some(format!("{more}{objects} and {older}"))
        }
    })
}

/// Deletes all versions, delete markers and unfinished uploads (aws-semantics.md 8).
pub(super) async fn empty(cx: &Cx, bucket: &str) -> Result<()> {
    loop {
        let page = cx.s3().list_object_versions().bucket(bucket).send().await?;
        let versions = page.versions().iter().map(|v| (v.key(), v.version_id()));
        let markers = page.delete_markers().iter().map(|m| (m.key(), m.version_id()));
        let objects = versions.chain(markers).map(|(key, version)| {
            let object = ObjectIdentifier::builder().key(key.unwrap_or_default());
            object.set_version_id(version.map(str::to_owned)).build().map_err(incomplete)
        });
        let objects = objects.collect::<Result<Vec<_>>>()?;
        if objects.is_empty() {
            break;
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let call = cx.s3().delete_objects().bucket(bucket);
        let answer = call.delete(delete.map_err(incomplete)?).send().await?;
        // An answer of success may tell of objects that could not be deleted.
        if let Some(error) = answer.errors().first() {
            let code = error.code().unwrap_or("InternalError");
            let key = error.key().unwrap_or_default();
            let message = format!("{key}: {}", error.message().unwrap_or_default());
            return Err(Error::of_item("DeleteObjects", code, &message));
        }
    }
    let uploads = cx.s3().list_multipart_uploads().bucket(bucket).send().await?;
    for upload in uploads.uploads() {
        let call = cx.s3().abort_multipart_upload().bucket(bucket);
        let call = call.set_key(upload.key().map(str::to_owned));
        let call = call.set_upload_id(upload.upload_id().map(str::to_owned));
        crate::resources::or_gone(call.send().await)?;
    }
    Ok(())
}

fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::local("DeleteObjects", error.to_string())
}
