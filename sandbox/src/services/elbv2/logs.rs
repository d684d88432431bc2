//! Whether a load balancer may write its logs to a bucket.

use serde_json::{Map, Value};

use super::super::policy::{principals, statements, strings};
use super::super::s3;
use super::{Call, Members, rules};
use crate::rules::Refusal;
use crate::state::Account;

/// Who writes the logs (Access logs for your Application Load Balancer, user guide).
const WRITER: &str = "logdelivery.elasticloadbalancing.amazonaws.com";

/// The accounts that write them where bucket policies still name accounts (same page).
const WRITERS: [(&str, &str); 9] = [
    ("us-east-1", "127311923021"),
    ("us-east-2", "033677994240"),
    ("us-west-1", "027434742980"),
    ("us-west-2", "797873946194"),
    ("eu-central-1", "054676820928"),
    ("eu-north-1", "897822967062"),
    ("eu-west-1", "156460612806"),
    ("eu-west-2", "652711504416"),
    ("eu-west-3", "009996457667"),
];

/// Refuses a bucket that logs cannot be written to: no bucket, or no policy that lets Elastic Load
/// Balancing write where the logs go.
pub(super) fn check(
    account: &Account,
    call: &Call,
    bucket: &str,
    prefix: &str,
) -> Result<(), Refusal> {
    if bucket.is_empty() {
        return Err(rules::LOGS_WITHOUT_BUCKET.refuse(&[]));
    }
    let slash = if prefix.is_empty() { "" } else { "/" };
    let (partition, id) = (call.partition, &call.account_id);
    let object =
        format!("arn:{partition}:s3:::{bucket}{slash}{prefix}/AWSLogs/{id}/ELBAccessLogTestFile");
    let policy = s3::bucket_policy(account, bucket);
    let policy = policy.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let concerning = |effect: &str| {
        let all = policy.as_ref().map(statements).unwrap_or_default();
        let mut all = all.into_iter().filter_map(Value::as_object);
        all.any(|statement| {
            statement.text("Effect") == Some(effect) && concerns(statement, &call.region, &object)
        })
    };
    if concerning("Allow") && !concerning("Deny") {
        Ok(())
    } else {
        Err(rules::LOGS_DENIED.refuse(&[bucket]))
    }
}

/// Tells whether a statement is about the writer putting this object. Conditions are taken as met
/// where something is allowed; denials under conditions, such as on plain HTTP, do not hit it.
fn concerns(statement: &Map<String, Value>, region: &str, object: &str) -> bool {
    if statement.text("Effect") == Some("Deny") && statement.contains_key("Condition") {
        return false;
    }
    let account = WRITERS.iter().find(|(name, _)| *name == region).map(|(_, account)| *account);
    let is_writer = |(kind, name): &(&str, &str)| match *kind {
        "Service" => *name == WRITER,
        _ => *name == "*" || account.is_some_and(|account| name.contains(account)),
    };
    let texts = |member: &str| statement.get(member).and_then(strings).unwrap_or_default();
    let puts = |action: &&str| matches(&action.to_ascii_lowercase(), "s3:putobject");
    principals(statement).iter().any(is_writer)
        && texts("Action").iter().any(puts)
        && texts("Resource").iter().any(|pattern| matches(pattern, object))
}

/// Tells whether a text matches a pattern, in which `*` stands for any letters and `?` for one.
fn matches(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    if first == '*' {
        let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        return ends.any(|at| matches(rest, &text[at..]));
    }
    let mut letters = text.chars();
    letters.next().is_some_and(|letter| first == '?' || first == letter)
        && matches(rest, letters.as_str())
}
