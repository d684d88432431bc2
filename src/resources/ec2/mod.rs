//! EC2: networks and what stands in them.

pub mod interfaces;
pub mod subnet;
pub mod vpc;

use crate::aws::tags::ec2_any;
use crate::aws::{Cx, Error, Result};
use crate::engine::resource::{Retryable, Step, Want};
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter};

/// Requests to AWS run side by side at most this many at a time, within one listing.
pub(crate) const PARALLEL: usize = 8;

/// Makes the filters of a bulk listing: one list per call.
pub(crate) fn filters(cx: &Cx, want: Want<'_>, id: &str) -> Vec<Vec<Filter>> {
    match want {
        Want::Owned { .. } => cx.ec2_owned(),
        Want::Ids(ids) => ec2_any(id, ids),
    }
}

/// Wraps a flag for the calls that change one attribute.
pub(crate) fn flag(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

/// Treats an object that is gone already as done.
pub(crate) fn or_gone<T, E: Into<Error>>(result: std::result::Result<T, E>) -> Result<()> {
    match result.map_err(Into::into) {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}

/// A new object is not known everywhere at once.
pub(crate) const fn unknown_yet(step: Step, code: &'static str, what: &'static str) -> Retryable {
    Retryable { step, code, message: "", reason: what }
}
