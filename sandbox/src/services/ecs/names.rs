//! The names and ARNs by which requests and answers speak of things.

use super::rules::IDENTIFIER;
use super::{Call, Input, Members};
use crate::rules::Refusal;

/// Returns what follows `<kind>/` in an ARN of this account and region, or the text itself when it
/// is no ARN. Refuses ARNs of anything else.
pub(super) fn of<'a>(call: &Call, kind: &str, given: &'a str) -> Result<&'a str, Refusal> {
    if !given.starts_with("arn:") {
        return Ok(given);
    }
    let prefix = call.arn("ecs", &format!("{kind}/"));
    given.strip_prefix(&prefix).ok_or_else(|| IDENTIFIER.refuse(&[given]))
}

/// Returns the cluster a request names: `default` unless it says otherwise.
pub(super) fn cluster<'a>(call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    of(call, "cluster", input.text("cluster").unwrap_or("default"))
}

/// Writes the ARN of a thing of this account and region.
pub(super) fn arn(call: &Call, kind: &str, name: &str) -> String {
    call.arn("ecs", &format!("{kind}/{name}"))
}

/// Returns the last part of an ARN or path, which is the name or id.
pub(super) fn last(given: &str) -> &str {
    given.rsplit('/').next().unwrap_or(given)
}

/// Tells whether a text is a name of up to 255 letters, digits, hyphens and underscores.
pub(super) fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
