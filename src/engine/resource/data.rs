//! Data sources: the trait, and its form with JSON for its structs.

use super::ShapeError;
use super::handler::{read, shape, written};
use crate::aws::{Cx, Result};
use crate::stack::TypeEntry;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::future::Future;
use std::marker::PhantomData;

/// A data source: reads what others own, never writes. The struct holds the filters.
pub trait DataSource:
    Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + Sized + 'static
{
    /// Name in a stack file, e.g. `availability_zones`.
    const TYPE: &'static str;
    /// AWS's name of what is read, or of the call.
    const AWS_NAME: &'static str;
    /// What is read.
    type Out: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync;

    /// Reads all matches; the engine insists on exactly one.
    fn read(&self, cx: &Cx) -> impl Future<Output = Result<Vec<Self::Out>>> + Send;
}

/// [`DataSource`] with JSON for its structs.
pub trait Reader: Send + Sync {
    /// Names and schemas.
    fn entry(&self) -> &TypeEntry;
    /// Brings filters into canonical form.
    fn normalize(&self, spec: &Json) -> std::result::Result<Json, ShapeError>;
    /// See [`DataSource::read`].
    fn read<'a>(&'a self, cx: &'a Cx, spec: &'a Json) -> BoxFuture<'a, Result<Vec<Json>>>;
}

/// The one bridge from [`DataSource`] to [`Reader`].
pub struct ErasedData<D> {
    entry: TypeEntry,
    source: PhantomData<fn() -> D>,
}

impl<D: DataSource> ErasedData<D> {
    /// Makes the reader of a data source.
    pub fn boxed() -> Box<dyn Reader> {
        let entry = TypeEntry {
            name: D::TYPE,
            aws_name: D::AWS_NAME,
            spec: schemars::schema_for!(D).to_value(),
            out: schemars::schema_for!(D::Out).to_value(),
        };
        Box::new(Self { entry, source: PhantomData })
    }
}

impl<D: DataSource> Reader for ErasedData<D> {
    fn entry(&self) -> &TypeEntry {
        &self.entry
    }

    fn normalize(&self, spec: &Json) -> std::result::Result<Json, ShapeError> {
        read::<D>(spec).map(|typed| written(&typed))
    }

    fn read<'a>(&'a self, cx: &'a Cx, spec: &'a Json) -> BoxFuture<'a, Result<Vec<Json>>> {
        Box::pin(async move {
            let spec = read::<D>(spec).map_err(|e| shape(D::TYPE, e))?;
            Ok(spec.read(cx).await?.iter().map(written).collect())
        })
    }
}
