//! Key policies: every key has one, called `default`.

use serde_json::{Map, Value, json};

use super::rules::{LOCKOUT, MALFORMED, POLICY_NAME};
use super::{key, key_mut};
use crate::rules::Refusal;
use crate::services::policy::{Use, check as check_document, principals, statements, strings};
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// The policy a key has that is made without one: the account decides by IAM alone.
pub(super) fn default(call: &Call) -> String {
    let root = format!("arn:{}:iam::{}:root", call.partition, call.account_id);
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "{root}"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

fn check_name(input: &Input) -> Result<(), Refusal> {
    match input.text("PolicyName") {
        None | Some("default") => Ok(()),
        Some(_) => Err(POLICY_NAME.refuse(&[])),
    }
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    check_name(input)?;
    let (_, key) = key(account, call, input)?;
    Ok(json!({"Policy": key.policy, "PolicyName": "default"}))
}

pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    check_name(input)?;
    let text = input.text("Policy").unwrap_or_default();
    key_mut(account, call, input)?;
    check(account, call, input, text)?;
    text.clone_into(&mut key_mut(account, call, input)?.1.policy);
    Ok(Value::Null)
}

/// Refuses a policy that is malformed, names principals that are not there, or would leave nobody
/// who may change it.
pub(super) fn check(
    account: &Account,
    call: &Call,
    input: &Input,
    text: &str,
) -> Result<(), Refusal> {
    let malformed = |message: String| MALFORMED.refuse(&[&message]);
    let policy = check_document(text, Use::Resource("kms")).map_err(malformed)?;
    let roles = format!("arn:{}:iam::{}:role/", call.partition, call.account_id);
    let all = || statements(&policy).into_iter().filter_map(Value::as_object);
    for (_, principal) in all().flat_map(principals).filter(|(kind, _)| *kind == "AWS") {
        let role = account.global.iam.role_by_arn(principal);
        if principal.starts_with(&roles) && role.is_none_or(|role| role.known_from > call.now) {
            let message = "Policy contains a statement with one or more invalid principals.";
            return Err(malformed(message.to_owned()));
        }
    }
    let bypass = input.flag("BypassPolicyLockoutSafetyCheck").unwrap_or_default();
    if !bypass && !all().any(|statement| leaves_a_way(call, statement)) {
        return Err(LOCKOUT.refuse(&[]));
    }
    Ok(())
}

/// Tells whether a statement lets the caller, itself or through IAM, change the policy again.
fn leaves_a_way(call: &Call, statement: &Map<String, Value>) -> bool {
    let root = format!("arn:{}:iam::{}:root", call.partition, call.account_id);
    let us = |(_, principal): &(&str, &str)| {
        let role = principal.rsplit('/').next().unwrap_or_default();
        let assumed = call.principal_arn.contains(&format!(":assumed-role/{role}/"));
        *principal == "*"
            || *principal == call.account_id
            || *principal == root
            || *principal == call.principal_arn
            || (principal.contains(":role/") && assumed)
    };
    let actions = statement.get("Action").and_then(strings).unwrap_or_default();
    statement.text("Effect") == Some("Allow")
        && statement.contains_key("Principal")
        && principals(statement).iter().any(us)
        && actions.iter().any(|action| allows_put(action))
}

/// Tells whether an action of a policy covers `kms:PutKeyPolicy`.
fn allows_put(action: &str) -> bool {
    const PUT: &str = "kms:putkeypolicy";
    let action = action.to_ascii_lowercase();
    match action.split_once('*') {
        Some((start, end)) => PUT.starts_with(start) && PUT.ends_with(end.trim_matches('*')),
        None => action == PUT,
    }
}

#[cfg(test)]
mod tests {
    use super::allows_put;

    #[test]
    fn wildcards_of_actions_are_understood() {
        for action in ["*", "kms:*", "kms:Put*", "kms:PutKeyPolicy", "kms:*Policy"] {
            assert!(allows_put(action), "{action}");
        }
        for action in ["kms:Get*", "kms:Encrypt", "kms:PutKey"] {
            assert!(!allows_put(action), "{action}");
        }
    }
}
