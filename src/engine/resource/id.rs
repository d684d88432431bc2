//! Ids that know which type of resource they name.

use super::Resource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// The id of a resource of type `R`; its schema says so, which checks references and makes edges.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Id<R>(pub String, #[serde(skip)] PhantomData<fn() -> R>);

impl<R> Id<R> {
    /// Wraps an id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into(), PhantomData)
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<R> Clone for Id<R> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<R> std::fmt::Debug for Id<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<R> PartialEq for Id<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for Id<R> {}

impl<R> PartialOrd for Id<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Id<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// A type that can be referred to by [`Id`].
pub trait Referable {
    /// Name in a stack file.
    const REFERABLE: &'static str;
}

impl<R: Resource> Referable for R {
    const REFERABLE: &'static str = R::TYPE;
}

impl<R: Referable> JsonSchema for Id<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Id_{}", R::REFERABLE).into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-ref": R::REFERABLE })
    }
}
