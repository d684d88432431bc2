//! Resource policies of secrets.

use serde_json::{Value, json};

use super::rules::{MALFORMED, PUBLIC};
use super::{arn, by_name, living};
use crate::rules::Refusal;
use crate::services::policy::{Use, check, principals, statements};
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

fn refuse_bad(account: &Account, call: &Call, text: &str, block: bool) -> Result<(), Refusal> {
    let malformed = |message: &str| MALFORMED.refuse(&[message]);
    let policy = check(text, Use::Resource("secretsmanager")).map_err(|text| malformed(&text))?;
    let roles = format!("arn:{}:iam::{}:role/", call.partition, call.account_id);
    for statement in statements(&policy).into_iter().filter_map(Value::as_object) {
        for (kind, principal) in principals(statement) {
            let role = account.global.iam.role_by_arn(principal);
            let unknown = role.is_none_or(|role| role.known_from > call.now);
            if kind == "AWS" && principal.starts_with(&roles) && unknown {
                return Err(malformed("This resource policy contains an unsupported principal."));
            }
            let allowed = statement.text("Effect") == Some("Allow");
            if block && allowed && principal == "*" && !statement.contains_key("Condition") {
                return Err(PUBLIC.refuse(&[]));
            }
        }
    }
    Ok(())
}

pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (name, secret) = living(account, call, input)?;
    let (name, arn) = (name.clone(), arn(&call.account_id, &call.region, name, secret));
    let text = input.text("ResourcePolicy").unwrap_or_default();
    refuse_bad(account, call, text, input.flag("BlockPublicPolicy").unwrap_or_default())?;
    by_name(account, call, &name)?.policy = Some(text.to_owned());
    Ok(json!({"ARN": arn, "Name": name}))
}

pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let (name, secret) = living(account, call, input)?;
    let arn = arn(&call.account_id, &call.region, name, secret);
    Ok(json!({"ARN": arn, "Name": name, "ResourcePolicy": secret.policy}))
}

pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (name, secret) = living(account, call, input)?;
    let (name, arn) = (name.clone(), arn(&call.account_id, &call.region, name, secret));
    by_name(account, call, &name)?.policy = None;
    Ok(json!({"ARN": arn, "Name": name}))
}
