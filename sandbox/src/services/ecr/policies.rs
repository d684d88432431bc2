//! Lifecycle and repository policies.

use serde_json::{Value, json};

use super::lifecycle;
use super::rules::{LIFECYCLE, NO_LIFECYCLE, NO_POLICY, POLICY};
use super::{Call, Input, Members, name, repository, repository_mut};
use crate::services::Answer;
use crate::services::policy::{principals, statements, strings};
use crate::state::Account;

fn lifecycle_shown(call: &Call, name: &str, text: &str) -> Value {
    json!({
        "registryId": call.account_id, "repositoryName": name, "lifecyclePolicyText": text,
    })
}

pub(super) fn put_lifecycle(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let repository = repository_mut(account, call, input, name)?;
    let text = input.text("lifecyclePolicyText").unwrap_or_default();
    lifecycle::check(text).map_err(|why| LIFECYCLE.refuse(&[&why]))?;
    repository.lifecycle = Some(text.to_owned());
    Ok(lifecycle_shown(call, name, text))
}

pub(super) fn get_lifecycle(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let text = repository(account, call, input, name)?.lifecycle.as_deref();
    let text = text.ok_or_else(|| NO_LIFECYCLE.refuse(&[name, &call.account_id]))?;
    Ok(lifecycle_shown(call, name, text))
}

pub(super) fn delete_lifecycle(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let text = repository_mut(account, call, input, name)?.lifecycle.take();
    let text = text.ok_or_else(|| NO_LIFECYCLE.refuse(&[name, &call.account_id]))?;
    Ok(lifecycle_shown(call, name, &text))
}

fn shown(call: &Call, name: &str, text: &str) -> Value {
    json!({"registryId": call.account_id, "repositoryName": name, "policyText": text})
}

pub(super) fn set(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let text = input.text("policyText").unwrap_or_default();
    repository(account, call, input, name)?;
    check(account, call, text).map_err(|()| POLICY.refuse(&[]))?;
    repository_mut(account, call, input, name)?.policy = Some(text.to_owned());
    Ok(shown(call, name, text))
}

/// Checks a policy of a repository: who may do what with it, so no resource is named, and roles of
/// this account must be there.
fn check(account: &Account, call: &Call, text: &str) -> Result<(), ()> {
    let Ok(Value::Object(policy)) = serde_json::from_str(text) else { return Err(()) };
    let version = policy.text("Version").unwrap_or("2008-10-17");
    let statements = statements(&policy);
    if statements.is_empty() || !["2008-10-17", "2012-10-17"].contains(&version) {
        return Err(());
    }
    let roles = format!("arn:{}:iam::{}:role/", call.partition, call.account_id);
    let is_known = |arn: &str| {
        let role = account.global.iam.role_by_arn(arn);
        role.is_some_and(|role| role.known_from <= call.now)
    };
    for statement in statements {
        let statement = statement.as_object().ok_or(())?;
        let effect = matches!(statement.text("Effect"), Some("Allow" | "Deny"));
        let actions = statement.get("Action").or_else(|| statement.get("NotAction"));
        let actions = actions.and_then(strings).unwrap_or_default();
        let actions =
            !actions.is_empty() && actions.iter().all(|a| *a == "*" || a.starts_with("ecr:"));
        let resource = statement.contains_key("Resource") || statement.contains_key("NotResource");
        let principals = principals(statement);
        if !effect || !actions || resource || principals.is_empty() {
            return Err(());
        }
        for (kind, principal) in principals {
            let known = match kind {
                "AWS" if principal.starts_with(&roles) => is_known(principal),
                "AWS" => {
                    let is_account =
                        principal.len() == 12 && principal.bytes().all(|b| b.is_ascii_digit());
                    principal == "*" || principal.starts_with("arn:") || is_account
                }
                "Service" => principal.contains(".amazonaws.com"),
                "*" => principal == "*",
                _ => false,
            };
            if !known {
                return Err(());
            }
        }
    }
    Ok(())
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let text = repository(account, call, input, name)?.policy.as_deref();
    let text = text.ok_or_else(|| NO_POLICY.refuse(&[name, &call.account_id]))?;
    Ok(shown(call, name, text))
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    let text = repository_mut(account, call, input, name)?.policy.take();
    let text = text.ok_or_else(|| NO_POLICY.refuse(&[name, &call.account_id]))?;
    Ok(shown(call, name, &text))
}
