//! Bucket policies.

use serde_json::{Map, Value, json};

use super::super::policy::{principals, statements, strings};
use super::super::{Answer, Call, Input, Members};
use super::{bucket, bucket_mut, rules};
use crate::state::Account;

/// PutBucketPolicy: refused where it would let everybody in and the bucket lets nobody.
pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (name, document) =
        (input.text("Bucket").unwrap_or_default(), input.text("Policy").unwrap_or_default());
    let found = bucket(account, call, input)?;
    let policy = check(document, &format!("arn:{}:s3:::{name}", call.partition))
        .map_err(|problem| rules::POLICY.refuse(&[&problem]))?;
    let blocks = found
        .public_access_block
        .as_ref()
        .is_some_and(|block| block.get("BlockPublicPolicy") == Some(&Value::Bool(true)));
    if blocks && is_public(&policy) {
        return Err(rules::PUBLIC_POLICY.refuse(&[&call.principal_arn, name]));
    }
    bucket_mut(account, call, input)?.policy = Some(document.to_owned());
    Ok(Value::Null)
}

/// Reads a document; tells in S3's words why it is malformed.
fn check(document: &str, arn: &str) -> Result<Map<String, Value>, String> {
    let Ok(Value::Object(policy)) = serde_json::from_str::<Value>(document) else {
        return Err("Policies must be valid JSON and the first byte must be '{'".to_owned());
    };
    if let Some(key) = policy.keys().find(|k| !["Version", "Id", "Statement"].contains(&k.as_str()))
    {
        return Err(format!("Unknown field {key}"));
    }
    let known = [Some("2012-10-17"), Some("2008-10-17")];
    if let Some(version) = policy.get("Version").filter(|v| !known.contains(&v.as_str())) {
        return Err(format!("The policy must contain a valid version string, not {version}"));
    }
    let all = statements(&policy);
    if all.is_empty() {
        return Err("Missing required field Statement".to_owned());
    }
    for statement in all {
        let Value::Object(statement) = statement else {
            return Err("Statement is not an object".to_owned());
        };
        check_statement(statement, arn)?;
    }
    Ok(policy)
}

fn check_statement(statement: &Map<String, Value>, arn: &str) -> Result<(), String> {
    if !matches!(statement.text("Effect"), Some("Allow" | "Deny")) {
        return Err("Missing required field Effect".to_owned());
    }
    let either = |one: &str, other: &str| statement.get(one).or_else(|| statement.get(other));
    if either("Principal", "NotPrincipal").is_none() {
        return Err("Missing required field Principal".to_owned());
    }
    let bad = |kind: &str, principal: &str| match kind {
        "Service" => !principal.contains(".amazonaws.com"),
        "AWS" => {
            principal != "*"
                && !principal.starts_with("arn:")
                && !(principal.len() == 12 && principal.bytes().all(|b| b.is_ascii_digit()))
        }
        "*" => principal != "*",
        "CanonicalUser" | "Federated" => false,
        _ => true,
    };
    let all = principals(statement);
    if all.is_empty() || all.iter().any(|(kind, principal)| bad(kind, principal)) {
        return Err("Invalid principal in policy".to_owned());
    }
    let Some(actions) = either("Action", "NotAction").and_then(strings) else {
        return Err("Missing required field Action".to_owned());
    };
    let s3 = |action: &&str| *action == "*" || action.to_ascii_lowercase().starts_with("s3:");
    if actions.is_empty() || !actions.iter().all(s3) {
        return Err("Policy has invalid action".to_owned());
    }
    let Some(resources) = either("Resource", "NotResource").and_then(strings) else {
        return Err("Missing required field Resource".to_owned());
    };
    let own = |resource: &&str| {
        resource.strip_prefix(arn).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if resources.is_empty() || !resources.iter().all(own) {
        return Err("Policy has invalid resource".to_owned());
    }
    // What is done to objects needs objects, what is done to the bucket needs the bucket.
    let on_objects = |action: &&str| {
        let action = action.to_ascii_lowercase();
        ["s3:putobject", "s3:getobject", "s3:deleteobject"].iter().any(|a| action.starts_with(a))
    };
    if actions.iter().all(on_objects) && resources.iter().all(|resource| *resource == arn) {
        return Err("Action does not apply to any resource(s) in statement".to_owned());
    }
    Ok(())
}

/// Tells whether a policy lets everybody in: an unconditional right of `*`.
fn is_public(policy: &Map<String, Value>) -> bool {
    statements(policy).into_iter().filter_map(Value::as_object).any(|statement| {
        statement.text("Effect") == Some("Allow")
            && !statement.contains_key("Condition")
            && principals(statement).iter().any(|(_, principal)| *principal == "*")
    })
}

/// GetBucketPolicy.
pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let policy = bucket(account, call, input)?.policy.as_ref();
    Ok(json!({"Policy": policy.ok_or_else(|| rules::NO_POLICY.refuse(&[]))?}))
}

/// DeleteBucketPolicy.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    bucket_mut(account, call, input)?.policy = None;
    Ok(Value::Null)
}
