//! What the stack wants, evaluated as objects become known: the executor's view of the stack.

use super::resource::LiveObject;
use crate::aws::Tags;
pub use crate::stack::Fields;
use crate::stack::{Address, Diagnostics};
use serde_json::Value as Json;

/// A resource as the stack wants it, with what is known now.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedObject {
    /// Canonical; values not known yet are placeholders.
    pub spec: Json,
    /// Every tag it must carry: the five of the identity, the user's, `infra:protect`.
    pub tags: Tags,
    /// Tags of ours that must not be there, e.g. `infra:protect` once the stanza is gone.
    pub without_tags: Vec<String>,
}

/// Evaluates the stack against a world that the executor fills in as it goes.
pub trait Wanted: Send + Sync {
    /// Evaluates one resource. Problems found only now (a validation that fails on a value that
    /// was unknown at plan) are diagnostics.
    fn wanted(
        &self,
        workspace: &str,
        address: &Address,
        fields: Fields,
    ) -> Result<WantedObject, Diagnostics>;

    /// Tells that a resource now is as this live object says; references to it become known.
    fn known(&self, workspace: &str, address: &Address, live: &LiveObject);

    /// Tells that a resource is gone.
    fn gone(&self, workspace: &str, address: &Address);

    /// Reads the data sources of a workspace that were unknown at plan and are known enough now.
    /// The executor calls it before it evaluates; the default has none.
    fn refresh<'a>(
        &'a self,
        _: &'a crate::aws::Cx,
        _workspace: &'a str,
        _address: &'a Address,
    ) -> futures::future::BoxFuture<'a, Result<(), Diagnostics>> {
        Box::pin(async { Ok(()) })
    }

    /// Longest time given in the stack's `timeouts` for this resource and step, when given.
    fn timeout(
        &self,
        _workspace: &str,
        _address: &Address,
        _step: super::resource::Step,
    ) -> Option<std::time::Duration> {
        None
    }
}
