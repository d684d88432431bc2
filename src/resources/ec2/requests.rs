//! What the handlers of EC2 share.

use crate::aws::Cx;
use crate::aws::tags::ec2_any;
use crate::engine::resource::{Retryable, Step, Want};
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter};

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

/// A new object is not known everywhere at once.
pub(crate) const fn unknown_yet(step: Step, code: &'static str, what: &'static str) -> Retryable {
    Retryable { step, code, message: "", reason: what }
}
