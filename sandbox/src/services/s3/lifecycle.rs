//! Lifecycle rules: checked and kept.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::{Answer, Call, Input, Members};
use super::{bucket, bucket_mut, rules};
use crate::rules::Refusal;
use crate::state::Account;

/// PutBucketLifecycleConfiguration: all rules; one without an id gets one.
pub(super) fn put(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let config = input.object("LifecycleConfiguration").cloned().unwrap_or_default();
    let mut kept = Vec::new();
    let mut ids = BTreeSet::new();
    for rule in config.list("Rules").iter().filter_map(Value::as_object) {
        check(rule)?;
        let mut rule = rule.clone();
        if rule.text("ID").is_none_or(str::is_empty) {
            let digits = account.new_digits();
            rule.insert("ID".to_owned(), json!(digits[..32]));
        }
        if !ids.insert(rule.text("ID").unwrap_or_default().to_owned()) {
            return Err(rules::LIFECYCLE_ID.refuse(&[]));
        }
        kept.push(Value::Object(rule));
    }
    let bucket = bucket_mut(account, call, input)?;
    if let Some(size) = input.text("TransitionDefaultMinimumObjectSize") {
        size.clone_into(&mut bucket.smallest_moved);
    }
    bucket.lifecycle = Some(Value::Array(kept));
    Ok(json!({"TransitionDefaultMinimumObjectSize": bucket.smallest_moved}))
}

fn check(rule: &Map<String, Value>) -> Result<(), Refusal> {
    const ACTIONS: [&str; 5] = [
        "Expiration",
        "Transitions",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransitions",
        "AbortIncompleteMultipartUpload",
    ];
    if rule.contains_key("Filter") == rule.contains_key("Prefix") {
        return Err(rules::LIFECYCLE_FILTER.refuse(&[]));
    }
    if !ACTIONS.iter().any(|action| rule.contains_key(*action)) {
        return Err(rules::LIFECYCLE_ACTION.refuse(&[]));
    }
    let days = |action: &str, key: &str| rule.object(action).and_then(|a| a.integer(key));
    for (action, key) in [
        ("Expiration", "Days"),
        ("NoncurrentVersionExpiration", "NoncurrentDays"),
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
    ] {
        if days(action, key).is_some_and(|days| days < 1) {
            return Err(rules::LIFECYCLE_DAYS.refuse(&[action]));
        }
    }
    Ok(())
}

/// GetBucketLifecycleConfiguration.
pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let bucket = bucket(account, call, input)?;
    let rules = bucket.lifecycle.as_ref().ok_or_else(|| rules::NO_LIFECYCLE.refuse(&[]))?;
    Ok(json!({"Rules": rules, "TransitionDefaultMinimumObjectSize": bucket.smallest_moved}))
}

/// DeleteBucketLifecycle.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    bucket_mut(account, call, input)?.lifecycle = None;
    Ok(Value::Null)
}
