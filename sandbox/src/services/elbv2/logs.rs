//! Whether a load balancer may write its logs to a bucket.

use super::{Call, rules};
use crate::rules::Refusal;
use crate::state::Account;

/// Refuses a bucket that logs cannot be written to: no bucket, or no policy that lets Elastic Load
/// Balancing in (Access logs for your Application Load Balancer, user guide).
pub(super) fn check(_: &Account, _: &Call, bucket: &str, _: &str) -> Result<(), Refusal> {
    if bucket.is_empty() {
        return Err(rules::LOGS_WITHOUT_BUCKET.refuse(&[]));
    }
    // The sandbox has no buckets yet, so there is none to write to.
    Err(rules::LOGS_DENIED.refuse(&[bucket]))
}
