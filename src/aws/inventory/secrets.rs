//! Asks KMS, Secrets Manager and Parameter Store what is there: keys and secrets that wait for their
//! deletion stay listed with their tags (aws-semantics.md 4).

use super::Presence;
use crate::aws::arn::Arn;
use crate::aws::{Cx, Error, Result};
use aws_sdk_kms::types::KeyState;

/// Asks whether an object is there; a parameter without its value.
pub(super) async fn presence(cx: &Cx, arn: &Arn) -> Result<Presence> {
    let asked = match (arn.service.as_str(), arn.kind.as_str()) {
        ("kms", "key") => {
            let found = cx.kms().describe_key().key_id(arn.as_str()).send().await;
            found.map_err(Error::from).map(|found| {
                let state = found.key_metadata.and_then(|key| key.key_state);
                let leaving = [KeyState::PendingDeletion, KeyState::PendingReplicaDeletion];
                state.is_some_and(|state| leaving.contains(&state))
            })
        }
        ("secretsmanager", "secret") => {
            let found = cx.secretsmanager().describe_secret().secret_id(arn.as_str()).send().await;
            found.map_err(Error::from).map(|found| found.deleted_date.is_some())
        }
        ("ssm", "parameter") => return parameter(cx, arn).await,
        _ => return Ok(Presence::NotAsked),
    };
    match asked {
        Ok(true) => Ok(Presence::Leaving),
        Ok(false) => Ok(Presence::There),
        Err(error) if error.is_not_found() => Ok(Presence::Gone),
        Err(error) => Err(error),
    }
}

/// An ARN does not tell whether the name begins with a slash.
async fn parameter(cx: &Cx, arn: &Arn) -> Result<Presence> {
    let plain = (!arn.name.contains('/')).then(|| arn.name.clone());
    let names = [Some(format!("/{}", arn.name)), plain].into_iter().flatten();
    let call = cx.ssm().get_parameters().set_names(Some(names.collect()));
    let found = call.send().await?.parameters.unwrap_or_default();
    Ok(if found.is_empty() { Presence::Gone } else { Presence::There })
}
