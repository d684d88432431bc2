//! STS: who calls, and roles assumed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::policy;
use super::{Answer, Call, Caller, Input, Members, Service, partition, read, write};
use crate::clock::Time;
use crate::rules::rules;
use crate::state::Account;

/// The sessions of assumed roles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    sessions: BTreeMap<String, Session>,
}

/// One assumed role, found by its access key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    arn: String,
    user_id: String,
    /// By the machine's clock, which clients compare it with; the sandbox's may run faster.
    expires: Time,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "sts",
    shapes: include_str!("../shapes/sts.json"),
    operations: &[
        read("GetCallerIdentity", &[], get_caller_identity),
        write(
            "AssumeRole",
            &["RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"],
            assume_role,
        ),
    ],
    rules: RULES,
    ..Service::EMPTY
};

rules! { "sts":
    NOT_ALLOWED [AssumeRole] "AccessDenied" (403)
        "User: {} is not authorized to perform: sts:AssumeRole on resource: {}"
        <- "STS API reference, AssumeRole; IAM user guide, troubleshoot roles";
    SESSION_TOO_LONG [AssumeRole] "ValidationError"
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        <- "STS API reference, AssumeRole, DurationSeconds";
}

/// The id of the user that calls with any access key that is no session's.
const USER_ID: &str = "AIDASANDBOX0000000000";

/// Returns the ARN of who calls with an access key.
pub(crate) fn principal(account: &Account, caller: Caller<'_>) -> String {
    match account.global.sts.sessions.get(caller.access_key) {
        Some(session) => session.arn.clone(),
        None => format!("arn:{}:iam::{}:user/sandbox", partition(caller.region), account.id),
    }
}

fn get_caller_identity(account: &Account, call: &Call, _: &Input) -> Answer {
    let session = account.global.sts.sessions.get(&call.access_key);
    let user_id = session.map_or(USER_ID, |session| &session.user_id);
    Ok(json!({"UserId": user_id, "Account": account.id, "Arn": call.principal_arn}))
}

fn assume_role(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let arn = input.text("RoleArn").unwrap_or_default();
    let refusal = || NOT_ALLOWED.refuse(&[&call.principal_arn, arn]);
    let role = account.global.iam.role_by_arn(arn).ok_or_else(refusal)?;
    if role.known_from > call.now || !trusts(&role.trust, call) {
        return Err(refusal());
    }
    let seconds = input.integer("DurationSeconds").unwrap_or(3600);
    if seconds > role.max_session {
        return Err(SESSION_TOO_LONG.refuse(&[]));
    }
    let name = input.text("RoleSessionName").unwrap_or_default();
    let now = Time::of_the_machine();
    let session = Session {
        arn: format!(
            "arn:{}:sts::{}:assumed-role/{}/{name}",
            call.partition, call.account_id, role.name
        ),
        user_id: format!("{}:{name}", role.id),
        expires: now + Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
    };
    let key = account.new_unique_id("ASIA")[..20].to_owned();
    let secret = account.new_digits()[..40].to_owned();
    let token = account.new_digits();
    let answer = json!({
        "Credentials": {
            "AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": token,
            "Expiration": session.expires.to_string(),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    });
    account.global.sts.sessions.retain(|_, session| session.expires > now);
    account.global.sts.sessions.insert(key, session);
    Ok(answer)
}

/// Returns whether a trust policy lets the caller in by account, root or its own ARN.
fn trusts(document: &str, call: &Call) -> bool {
    let Ok(policy) = policy::check(document, policy::Use::Trust) else { return false };
    let root = format!("arn:{}:iam::{}:root", call.partition, call.account_id);
    policy::statements(&policy).iter().filter_map(|statement| statement.as_object()).any(
        |statement| {
            let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
            let actions = statement.get("Action").and_then(policy::strings).unwrap_or_default();
            let assume = |action: &&str| matches!(*action, "sts:AssumeRole" | "sts:*" | "*");
            let us = |(kind, principal): &(&str, &str)| {
                matches!(*kind, "AWS" | "*")
                    && (*principal == "*"
                        || *principal == call.account_id
                        || *principal == root
                        || *principal == call.principal_arn)
            };
            allows && actions.iter().any(assume) && policy::principals(statement).iter().any(us)
        },
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rules::{Refusal, Rule};
    use crate::{Options, Sandbox};

    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}]}"#;

    fn with_role() -> Sandbox {
        let sandbox = Sandbox::in_memory(Options::default());
        let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST});
        sandbox.call("iam", "CreateRole", role).unwrap();
        sandbox
    }

    fn assume(sandbox: &Sandbox, role: &str, seconds: u32) -> Answer {
        let arn = format!("arn:aws:iam::123456789012:role/{role}");
        let input = json!({"RoleArn": arn, "RoleSessionName": "me", "DurationSeconds": seconds});
        sandbox.call("sts", "AssumeRole", input)
    }

    pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
        (&NOT_ALLOWED, || assume(&with_role(), "nobody", 3600).unwrap_err()),
        (&SESSION_TOO_LONG, || assume(&with_role(), "r", 7200).unwrap_err()),
    ];

    #[test]
    fn an_assumed_role_is_who_calls_with_its_key() {
        let sandbox = with_role();
        let me = sandbox.call("sts", "GetCallerIdentity", json!({})).unwrap();
        assert_eq!(me["Arn"], "arn:aws:iam::123456789012:user/sandbox");
        let session = assume(&sandbox, "r", 3600).unwrap();
        let key = session["Credentials"]["AccessKeyId"].as_str().unwrap();
        let me = sandbox.call_as(key, "sts", "GetCallerIdentity", json!({})).unwrap();
        assert_eq!(me["Arn"], "arn:aws:sts::123456789012:assumed-role/r/me");
    }
}
