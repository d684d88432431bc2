//! Secrets Manager: secrets, their versions and stages, and the window in which a deleted one can
//! be had back.
//!
//! Rotation, replicas and managed external secrets are not modelled.

mod list;
mod password;
mod policy;
mod rules;
mod secret;
mod values;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
use rules::{DELETED, NOT_FOUND, RULES};
use secret::Secret;

/// What Secrets Manager keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Secrets by name; those that wait for their deletion keep theirs.
    secrets: BTreeMap<String, Secret>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "secretsmanager",
    shapes: include_str!("../../shapes/secretsmanager.json"),
    validation_code: "ValidationException",
    throttle_code: "ThrottlingException",
    operations: &[
        write(
            "CreateSecret",
            &[
                "Name",
                "ClientRequestToken",
                "Description",
                "KmsKeyId",
                "SecretBinary",
                "SecretString",
                "Tags",
            ],
            secret::create,
        ),
        read("DescribeSecret", &["SecretId"], secret::describe),
        read(
            "ListSecrets",
            &["IncludePlannedDeletion", "MaxResults", "NextToken", "Filters", "SortOrder"],
            list::list,
        ),
        write(
            "UpdateSecret",
            &[
                "SecretId",
                "ClientRequestToken",
                "Description",
                "KmsKeyId",
                "SecretBinary",
                "SecretString",
            ],
            values::update,
        ),
        write(
            "PutSecretValue",
            &["SecretId", "ClientRequestToken", "SecretBinary", "SecretString", "VersionStages"],
            values::put,
        ),
        read("GetSecretValue", &["SecretId", "VersionId", "VersionStage"], values::get),
        read(
            "ListSecretVersionIds",
            &["SecretId", "MaxResults", "NextToken", "IncludeDeprecated"],
            values::list,
        ),
        write(
            "GetRandomPassword",
            &[
                "PasswordLength",
                "ExcludeCharacters",
                "ExcludeNumbers",
                "ExcludePunctuation",
                "ExcludeUppercase",
                "ExcludeLowercase",
                "IncludeSpace",
                "RequireEachIncludedType",
            ],
            password::random,
        ),
        write(
            "DeleteSecret",
            &["SecretId", "RecoveryWindowInDays", "ForceDeleteWithoutRecovery"],
            secret::delete,
        ),
        write("RestoreSecret", &["SecretId"], secret::restore),
        write(
            "PutResourcePolicy",
            &["SecretId", "ResourcePolicy", "BlockPublicPolicy"],
            policy::put,
        ),
        read("GetResourcePolicy", &["SecretId"], policy::get),
        write("DeleteResourcePolicy", &["SecretId"], policy::delete),
        write("TagResource", &["SecretId", "Tags"], secret::tag),
        write("UntagResource", &["SecretId", "TagKeys"], secret::untag),
    ],
    rules: RULES,
    tagged,
    due: |account| {
        let all =
            account.regions.values().flat_map(|region| region.secretsmanager.secrets.values());
        all.filter_map(|secret| secret.deletion.map(|deletion| deletion.at)).min()
    },
    settle: |account, now| {
        for region in account.regions.values_mut() {
            let secrets = &mut region.secretsmanager.secrets;
            secrets.retain(|_, secret| secret.deletion.is_none_or(|deletion| deletion.at > now));
        }
    },
    ..Service::EMPTY
};

/// Returns whether a secret that a task definition names, by ARN or name, has a value to be given.
/// An ARN may go on with `:json-key:stage:version`.
pub(crate) fn readable(account: &Account, region: &str, id: &str) -> bool {
    let Some(state) = account.region(region).map(|region| &region.secretsmanager) else {
        return false;
    };
    let found = find(state, &account.id, region, id).or_else(|| {
        let parts: Vec<&str> = id.splitn(8, ':').collect();
        find(state, &account.id, region, &parts.get(..7)?.join(":"))
    });
    found.is_some_and(|(_, secret)| secret.deletion.is_none() && secret.current().is_some())
}

fn arn(account: &str, region: &str, name: &str, secret: &Secret) -> String {
    let partition = super::partition(region);
    format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{}", secret.suffix)
}

/// Finds a secret by its name, its ARN, or its ARN without the six letters at the end.
fn find<'a>(
    state: &'a State,
    account: &str,
    region: &str,
    id: &str,
) -> Option<(&'a String, &'a Secret)> {
    if let Some(found) = state.secrets.get_key_value(id) {
        return Some(found);
    }
    let partition = super::partition(region);
    let prefix = format!("arn:{partition}:secretsmanager:{region}:{account}:secret:");
    let name = id.strip_prefix(&prefix)?;
    let whole = |(known, secret): &(&String, &Secret)| {
        name.strip_prefix(known.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix('-').is_some_and(|rest| rest == secret.suffix)
        })
    };
    state.secrets.iter().find(whole)
}

/// Returns the secret a call names, with its name.
fn secret<'a>(
    account: &'a Account,
    call: &Call,
    input: &Input,
) -> Result<(&'a String, &'a Secret), Refusal> {
    let id = input.text("SecretId").unwrap_or_default();
    let state = account.region(&call.region).map(|region| &region.secretsmanager);
    let found = state.and_then(|state| find(state, &call.account_id, &call.region, id));
    found.ok_or_else(|| NOT_FOUND.refuse(&[]))
}

/// The same; refuses one that waits for its deletion.
fn living<'a>(
    account: &'a Account,
    call: &Call,
    input: &Input,
) -> Result<(&'a String, &'a Secret), Refusal> {
    let (name, secret) = secret(account, call, input)?;
    if secret.deletion.is_some() { Err(DELETED.refuse(&[])) } else { Ok((name, secret)) }
}

/// Returns a secret by its exact name, for writing.
fn by_name<'a>(
    account: &'a mut Account,
    call: &Call,
    name: &str,
) -> Result<&'a mut Secret, Refusal> {
    let secrets = &mut account.region_mut(&call.region).secretsmanager.secrets;
    secrets.get_mut(name).ok_or_else(|| NOT_FOUND.refuse(&[]))
}

/// A secret that waits for its deletion keeps its tags.
fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let all = account.region(region).into_iter().flat_map(|state| &state.secretsmanager.secrets);
    all.map(|(name, secret)| Tagged {
        arn: arn(&account.id, region, name, secret),
        resource_type: "secretsmanager:secret",
        tags: secret.tags.clone(),
    })
    .collect()
}
