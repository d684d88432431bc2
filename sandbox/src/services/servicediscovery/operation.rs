//! Operations: what a call has begun, and what it does when it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
#[cfg(test)]
use serde_json::Value;
use serde_json::json;

use super::filters::{paged, passes};
use super::namespace::Namespace;
use super::rules::{DUPLICATE, OPERATION_NOT_FOUND};
use super::service::Change;
use super::{Call, Input, State, state, state_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::{Answer, Members};
use crate::state::Account;

/// How long an operation is SUBMITTED before it is PENDING.
const SUBMITTED: Duration = Duration::from_secs(2);
/// How long operations that are over can be asked for.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// An operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    created: Time,
    end: Time,
    /// By the kind of the target: `NAMESPACE`, `SERVICE`, `INSTANCE`.
    targets: BTreeMap<String, String>,
    /// The token of the call that began it.
    pub(super) token: Option<String>,
    /// What is done when it ends; nothing when that is over.
    effect: Option<Effect>,
    /// Code and words, of one that failed.
    failure: Option<(String, String)>,
}

/// The kinds of operations, as `Type` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(clippy::enum_variant_names, reason = "AWS's own names")]
pub(super) enum Kind {
    CreateNamespace,
    DeleteNamespace,
    UpdateNamespace,
    UpdateService,
    RegisterInstance,
    DeregisterInstance,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::CreateNamespace => "CREATE_NAMESPACE",
            Self::DeleteNamespace => "DELETE_NAMESPACE",
            Self::UpdateNamespace => "UPDATE_NAMESPACE",
            Self::UpdateService => "UPDATE_SERVICE",
            Self::RegisterInstance => "REGISTER_INSTANCE",
            Self::DeregisterInstance => "DEREGISTER_INSTANCE",
        }
    }

    /// How long one takes: a namespace 30 to 90 s for its hosted zone (aws-semantics.md 7), the
    /// others as long as a change in Route 53, or hardly any time.
    fn lasts(self) -> Duration {
        Duration::from_secs(match self {
            Self::CreateNamespace => 60,
            Self::DeleteNamespace => 30,
            Self::UpdateNamespace | Self::UpdateService => 8,
            Self::RegisterInstance | Self::DeregisterInstance => 4,
        })
    }
}

/// What an operation does when it ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Effect {
    /// Makes the namespace of the target, unless its hosted zone cannot be made.
    CreateNamespace(Box<Namespace>),
    /// Deletes the namespace of the target.
    DeleteNamespace,
    /// Gives the namespace of the target what is there.
    UpdateNamespace { description: Option<String>, ttl: Option<i64> },
    /// Changes the service of the target.
    UpdateService(Box<Change>),
    /// Registers the instance of the targets.
    Register { attributes: BTreeMap<String, String>, token: Option<String> },
    /// Takes the instance of the targets away.
    Deregister,
}

impl Operation {
    fn status(&self, now: Time) -> &'static str {
        if now >= self.end {
            if self.failure.is_some() { "FAIL" } else { "SUCCESS" }
        } else if now >= self.created + SUBMITTED {
            "PENDING"
        } else {
            "SUBMITTED"
        }
    }

    fn is_over(&self) -> bool {
        self.effect.is_none()
    }

    /// Returns the namespace that is being made.
    pub(super) fn namespace(&self) -> Option<(&str, &Namespace)> {
        match &self.effect {
            Some(Effect::CreateNamespace(namespace)) => {
                Some((self.targets.get("NAMESPACE")?, namespace))
            }
            _ => None,
        }
    }
}

/// Begins an operation on targets, and returns the answer with its id. One that is under way for the
/// same target is in the way.
pub(super) fn begin(
    account: &mut Account,
    call: &Call,
    kind: Kind,
    targets: &[(&str, &str)],
    token: Option<&str>,
    effect: Effect,
) -> Answer {
    let targets: BTreeMap<String, String> =
        targets.iter().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect();
    let busy = state_mut(account, &call.region).operations.iter().find(|(_, operation)| {
        !operation.is_over() && operation.end > call.now && operation.targets == targets
    });
    if let Some((id, operation)) = busy {
        let target: Vec<&str> = operation.targets.values().map(String::as_str).collect();
        return Err(DUPLICATE.refuse(&[id, &target.join("/")]));
    }
    let digits = account.new_digits();
    let id = format!("{}-{}", &digits[..32], &digits[32..40]);
    let operation = Operation {
        kind,
        created: call.now,
        end: call.after(kind.lasts()),
        targets,
        token: token.map(str::to_owned),
        effect: Some(effect),
        failure: None,
    };
    let operations = &mut state_mut(account, &call.region).operations;
    operations.retain(|_, operation| !operation.is_over() || operation.end + KEPT > call.now);
    operations.insert(id.clone(), operation);
    Ok(json!({ "OperationId": id }))
}

/// Refuses a creation whose token began one that is under way.
pub(super) fn check_token(
    state: Option<&State>,
    call: &Call,
    kind: Kind,
    token: Option<&str>,
) -> Result<(), Refusal> {
    let operations = state.into_iter().flat_map(|state| &state.operations);
    let same =
        |operation: &Operation| operation.kind == kind && operation.token.as_deref() == token;
    for (id, operation) in operations {
        if token.is_some() && same(operation) && operation.end > call.now {
            return Err(DUPLICATE.refuse(&[id, token.unwrap_or_default()]));
        }
    }
    Ok(())
}

/// When the next operation ends, or Service Connect takes something away.
pub(super) fn due(account: &Account) -> Option<Time> {
    let operations =
        account.regions.values().flat_map(|region| region.servicediscovery.operations.values());
    let ends = operations.filter(|operation| !operation.is_over()).map(|operation| operation.end);
    let services =
        account.regions.values().flat_map(|region| region.servicediscovery.services.values());
    ends.chain(services.filter_map(|service| service.leaves)).min()
}

/// Ends what is due.
pub(super) fn settle(account: &mut Account, now: Time) {
    let regions: Vec<String> = account.regions.keys().cloned().collect();
    for region in regions {
        let due: Vec<String> = state_mut(account, &region)
            .operations
            .iter()
            .filter(|(_, operation)| !operation.is_over() && operation.end <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            end(account, &region, &id);
        }
        let services = &mut state_mut(account, &region).services;
        services.retain(|_, service| service.leaves.is_none_or(|leaves| leaves > now));
    }
}

fn end(account: &mut Account, region: &str, id: &str) {
    let Some(operation) = state_mut(account, region).operations.get_mut(id) else { return };
    let Some(effect) = operation.effect.take() else { return };
    let target = |kind: &str| operation.targets.get(kind).cloned().unwrap_or_default();
    let (namespace, service, instance) =
        (target("NAMESPACE"), target("SERVICE"), target("INSTANCE"));
    let done = match effect {
        Effect::CreateNamespace(made) => {
            super::namespace::appear(account, region, &namespace, *made)
        }
        Effect::DeleteNamespace => super::namespace::vanish(account, region, &namespace),
        Effect::UpdateNamespace { description, ttl } => {
            super::namespace::change(account, region, &namespace, description, ttl);
            Ok(())
        }
        Effect::UpdateService(change) => {
            super::service::change(account, region, &service, *change);
            Ok(())
        }
        Effect::Register { attributes, token } => {
            super::instance::appear(account, region, &service, &instance, attributes, token);
            Ok(())
        }
        Effect::Deregister => {
            super::instance::vanish(account, region, &service, &instance);
            Ok(())
        }
    };
    if let (Err(failure), Some(operation)) =
        (done, state_mut(account, region).operations.get_mut(id))
    {
        operation.failure = Some(failure);
    }
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("OperationId").unwrap_or_default();
    let operation = state(account, call).and_then(|state| state.operations.get(id));
    let operation = operation.ok_or_else(|| OPERATION_NOT_FOUND.refuse(&[id]))?;
    let failure = operation.failure.as_ref().filter(|_| call.now >= operation.end);
    Ok(json!({ "Operation": {
        "Id": id,
        "OwnerAccount": call.account_id,
        "Type": operation.kind.name(),
        "Status": operation.status(call.now),
        "CreateDate": operation.created.to_string(),
        "UpdateDate": operation.end.min(call.now).to_string(),
        "Targets": operation.targets,
        "ErrorCode": failure.map(|(code, _)| code),
        "ErrorMessage": failure.map(|(_, words)| words),
    }}))
}

pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let mut items = Vec::new();
    for (id, operation) in state(account, call).into_iter().flat_map(|state| &state.operations) {
        let status = operation.status(call.now);
        let field = |name: &str| match name {
            "NAMESPACE_ID" => operation.targets.get("NAMESPACE").map(String::as_str),
            "SERVICE_ID" => operation.targets.get("SERVICE").map(String::as_str),
            "STATUS" => Some(status),
            "TYPE" => Some(operation.kind.name()),
            _ => None,
        };
        if passes(input, field)? {
            items.push((id.clone(), json!({"Id": id, "Status": status})));
        }
    }
    paged(input, "Operations", items)
}

/// Writes what an operation waits for; tests look at it.
#[cfg(test)]
pub(super) fn status_of(answer: &Value) -> &str {
    answer["Operation"]["Status"].as_str().unwrap_or_default()
}
