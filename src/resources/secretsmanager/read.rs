//! Reading secrets, never their values. AWS's list of them may be five minutes old, so each one in
//! question is asked.

use super::secret::{SecretsmanagerSecret, SecretsmanagerSecretOut, VERSION, WINDOW};
use crate::aws::{Cx, Error, PolicyDocument, Result, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput as Found;
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;

/// Reads the secrets in question; the index of tags is evidence for what nobody asks for by name.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<SecretsmanagerSecret>>> {
    let asked: BTreeSet<String> = match want {
        Want::Ids(names) => names.iter().cloned().collect(),
        Want::Owned { workspaces, names } => {
            let cell = cx.tag_index().await?;
            let prefix = cx.arn("secretsmanager", "secret:");
            let index = cell.get().into_iter().flatten();
            let ours = index
                .filter(|(_, tags)| cx.scope.owns(tags, workspaces))
                .filter_map(|(arn, _)| name_in(arn.strip_prefix(&prefix)?));
            ours.chain(names.iter().cloned()).collect()
        }
    };
    stream::iter(asked)
        .map(|name| async move { one(cx, &name).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// The name at the end of an ARN, without the dash and the six characters that follow it.
fn name_in(end: &str) -> Option<String> {
    let at = end.len().checked_sub(7)?;
    end.get(..at).filter(|_| end.as_bytes().get(at) == Some(&b'-')).map(str::to_owned)
}

/// Describes a secret, one that waits for its deletion as well; `None` when there is none.
pub(crate) async fn describe(cx: &Cx, id: &str) -> Result<Option<Found>> {
    unless_missing(cx.secretsmanager().describe_secret().secret_id(id).send().await)
}

/// Reads one secret; `None` when it is gone or waits for it (aws-semantics.md 4).
async fn one(cx: &Cx, name: &str) -> Result<Option<Live<SecretsmanagerSecret>>> {
    let Some(found) = describe(cx, name).await? else { return Ok(None) };
    if found.deleted_date.is_some() {
        return Ok(None);
    }
    let policy = cx.secretsmanager().get_resource_policy().secret_id(name).send().await;
    let policy = match policy.map_err(Error::from) {
        Ok(answer) => answer.resource_policy,
        // Gone, or deleted, meanwhile.
        Err(error) if error.is_not_found() || error.is("InvalidRequestException") => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    Ok(Some(live(name, found, policy)))
}

/// The tags of a secret.
pub(super) fn tags(found: &Found) -> Tags {
    let pair = |tag: &aws_sdk_secretsmanager::types::Tag| {
        Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))
    };
    found.tags().iter().filter_map(pair).collect()
}

/// The id of the version that is current.
pub(super) fn current(found: &Found) -> Option<&String> {
    let mut versions = found.version_ids_to_stages()?.iter();
    let is_current = |stages: &Vec<String>| stages.iter().any(|stage| stage == "AWSCURRENT");
    versions.find(|(_, stages)| is_current(stages)).map(|(id, _)| id)
}

fn live(name: &str, found: Found, policy: Option<String>) -> Live<SecretsmanagerSecret> {
    let tags = tags(&found);
    let number = |key: &str| tags.get(key).and_then(|text| text.parse().ok());
    let version_id = current(&found).cloned();
    let id = found.name.unwrap_or_else(|| name.to_owned());
    let spec = SecretsmanagerSecret {
        name: id.clone(),
        description: Some(found.description.unwrap_or_default()),
        kms_key_id: found.kms_key_id.map(Id::new),
        secret_string: None,
        generate_secret_string: None,
        secret_string_version: number(VERSION),
        resource_policy: policy.map(|text| PolicyDocument::of_aws(&text)),
        recovery_window_in_days: number(WINDOW),
    };
    let out =
        SecretsmanagerSecretOut { id: id.clone(), arn: found.arn.unwrap_or_default(), version_id };
    Live { id, tags, status: Status::Ready, spec, out }
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn names_come_out_of_arns() {
        assert_eq!(name_in("dev/order-api/db-AbC123").as_deref(), Some("dev/order-api/db"));
        assert_eq!(name_in("short"), None);
    }
}
