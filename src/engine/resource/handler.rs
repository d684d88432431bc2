//! The resource trait with JSON for its struct: what all generic code works with.

use super::{
    Blocker, Changed, Creation, FieldProblem, Holds, IdentityBy, Live, LiveObject, Resource, Rules,
    Standing, Want,
};
use crate::aws::{Cx, Result, Tags};
use crate::engine::planner::{Around, Object};
use crate::stack::TypeEntry;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::marker::PhantomData;

/// A problem found by reading a value into a type's struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// Path of the value, e.g. `ingress[0].from_port`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// [`Resource`] with JSON for its struct: what all generic code works with.
pub trait Handler: Send + Sync {
    /// Names and schemas.
    fn entry(&self) -> &TypeEntry;
    /// What the engine needs to know beyond them.
    fn rules(&self) -> &'static Rules;
    /// Brings a value into canonical form by reading it into the struct and writing it again.
    fn normalize(&self, spec: &Json) -> std::result::Result<Json, ShapeError>;
    /// Checks rules between fields.
    fn validate(&self, spec: &Json) -> Vec<FieldProblem>;
    /// The name of our choice that finds the object.
    fn natural_name(&self, spec: &Json) -> Option<String>;
    /// See [`Resource::looked_for`].
    fn looked_for(&self, _: &Json) -> Option<String> {
        None
    }
    /// See [`Resource::global_name`].
    fn global_name(&self, _: &Json) -> Option<String> {
        None
    }
    /// Finds pairs that cannot be there at once, of objects that leave and ones that come: their
    /// positions. See [`Resource::clashes`].
    fn clashes(&self, leaving: &[&Json], coming: &[&Json]) -> Vec<(usize, usize)>;
    /// See [`Resource::list`].
    fn list<'a>(&'a self, cx: &'a Cx, want: Want<'a>) -> BoxFuture<'a, Result<Vec<LiveObject>>>;
    /// See [`Resource::create`].
    fn create<'a>(
        &'a self,
        cx: &'a Cx,
        spec: &'a Json,
        with: Creation<'a>,
    ) -> BoxFuture<'a, Result<String>>;
    /// See [`Resource::update`].
    fn update<'a>(
        &'a self,
        cx: &'a Cx,
        live: &'a LiveObject,
        spec: &'a Json,
        changed: &'a Changed,
    ) -> BoxFuture<'a, Result<()>>;
    /// See [`Resource::tag`].
    fn tag<'a>(
        &'a self,
        cx: &'a Cx,
        live: &'a LiveObject,
        set: &'a Tags,
        remove: &'a [String],
    ) -> BoxFuture<'a, Result<()>>;
    /// See [`Resource::quiesce`].
    fn quiesce<'a>(&'a self, cx: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>>;
    /// See [`Resource::holds`].
    fn holds<'a>(&'a self, _: &'a Cx, _: &'a LiveObject) -> BoxFuture<'a, Result<Holds>> {
        Box::pin(async { Ok(Holds::default()) })
    }
    /// See [`Resource::unlock`].
    fn unlock<'a>(&'a self, _: &'a Cx, _: &'a LiveObject) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
    /// See [`Resource::delete`].
    fn delete<'a>(&'a self, cx: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>>;
    /// See [`Resource::preflight`].
    fn preflight<'a>(
        &'a self,
        _: &'a Cx,
        _wanted: &'a Object,
        _around: &'a Around,
    ) -> BoxFuture<'a, Result<Vec<FieldProblem>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// See [`Resource::stands`].
    fn stands(&self, _: &Json, _: &LiveObject) -> Vec<Standing> {
        Vec::new()
    }
    /// See [`Resource::holds_out`].
    fn holds_out(&self, _rest: &Json) -> bool {
        true
    }
    /// See [`Resource::reasons`].
    fn reasons<'a>(&'a self, _: &'a Cx, _: &'a LiveObject) -> BoxFuture<'a, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
    /// See [`Resource::blockers`].
    fn blockers<'a>(
        &'a self,
        cx: &'a Cx,
        live: &'a LiveObject,
    ) -> BoxFuture<'a, Result<Vec<Blocker>>>;
}

/// The one bridge from [`Resource`] to [`Handler`].
pub struct Erased<R> {
    entry: TypeEntry,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Erased<R> {
    /// Makes the handler of a type.
    pub fn boxed() -> Box<dyn Handler> {
        let entry = TypeEntry {
            name: R::TYPE,
            aws_name: R::AWS_NAME,
            spec: schemars::schema_for!(R).to_value(),
            out: schemars::schema_for!(R::Out).to_value(),
        };
        Box::new(Self { entry, resource: PhantomData })
    }

    fn typed(live: &LiveObject) -> Result<Live<R>> {
        let spec = read::<R>(&live.spec).map_err(|e| shape(R::TYPE, e))?;
        let out = read::<R::Out>(&live.out).map_err(|e| shape(R::TYPE, e))?;
        Ok(Live {
            id: live.id.clone(),
            tags: live.tags.clone(),
            status: live.status.clone(),
            spec,
            out,
        })
    }
}

impl<R: Resource> Handler for Erased<R> {
    fn entry(&self) -> &TypeEntry {
        &self.entry
    }

    fn rules(&self) -> &'static Rules {
        const { &R::RULES }
    }

    fn normalize(&self, spec: &Json) -> std::result::Result<Json, ShapeError> {
        read::<R>(spec).map(|typed| written(&typed))
    }

    fn validate(&self, spec: &Json) -> Vec<FieldProblem> {
        read::<R>(spec).map(|typed| typed.validate()).unwrap_or_default()
    }

    fn natural_name(&self, spec: &Json) -> Option<String> {
        read::<R>(spec).ok()?.unique_name()
    }

    fn looked_for(&self, spec: &Json) -> Option<String> {
        read::<R>(spec).ok()?.looked_for().map(str::to_owned)
    }

    fn global_name(&self, spec: &Json) -> Option<String> {
        read::<R>(spec).ok()?.global_name()
    }

    fn clashes(&self, leaving: &[&Json], coming: &[&Json]) -> Vec<(usize, usize)> {
        let typed = |specs: &[&Json]| -> Vec<Option<R>> {
            specs.iter().map(|spec| read::<R>(spec).ok()).collect()
        };
        let (leaving, coming) = (typed(leaving), typed(coming));
        let mut found = Vec::new();
        for (i, live) in leaving.iter().enumerate() {
            for (j, wanted) in coming.iter().enumerate() {
                let (Some(live), Some(wanted)) = (live, wanted) else { continue };
                let name = live.unique_name();
                let same_name = name.is_some() && name == wanted.unique_name();
                if same_name || R::clashes(live, wanted) {
                    found.push((i, j));
                }
            }
        }
        found
    }

    fn holds_out(&self, rest: &Json) -> bool {
        read::<R>(rest).map_or(true, |typed| R::holds_out(&typed))
    }

    fn list<'a>(&'a self, cx: &'a Cx, want: Want<'a>) -> BoxFuture<'a, Result<Vec<LiveObject>>> {
        Box::pin(async move {
            let found = R::list(cx, want).await?;
            // Listings by tags also bring what belongs to other workspaces and environments.
            let concerns = |live: &Live<R>| match want {
                Want::Owned { workspaces, .. } if R::RULES.identity == IdentityBy::Tags => {
                    cx.scope.may_own(&live.tags, workspaces)
                }
                _ => true,
            };
            let erase = |live: Live<R>| LiveObject {
                id: live.id,
                tags: live.tags.into_iter().filter(|(k, _)| !k.starts_with("aws:")).collect(),
                status: live.status,
                spec: written(&live.spec),
                out: written(&live.out),
                holds: Holds::default(),
            };
            Ok(found.into_iter().filter(concerns).map(erase).collect())
        })
    }

    fn create<'a>(
        &'a self,
        cx: &'a Cx,
        spec: &'a Json,
        with: Creation<'a>,
    ) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let spec = read::<R>(spec).map_err(|e| shape(R::TYPE, e))?;
            spec.create(cx, with).await
        })
    }

    fn update<'a>(
        &'a self,
        cx: &'a Cx,
        live: &'a LiveObject,
        spec: &'a Json,
        changed: &'a Changed,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let spec = read::<R>(spec).map_err(|e| shape(R::TYPE, e))?;
            spec.update(cx, &Self::typed(live)?, changed).await
        })
    }

    fn tag<'a>(
        &'a self,
        cx: &'a Cx,
        live: &'a LiveObject,
        set: &'a Tags,
        remove: &'a [String],
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { R::tag(cx, &Self::typed(live)?, set, remove).await })
    }

    fn quiesce<'a>(&'a self, cx: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { R::quiesce(cx, &Self::typed(live)?).await })
    }

    fn holds<'a>(&'a self, cx: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<Holds>> {
        Box::pin(async move { R::holds(cx, &Self::typed(live)?).await })
    }

    fn unlock<'a>(&'a self, cx: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { R::unlock(cx, &Self::typed(live)?).await })
    }

    fn delete<'a>(&'a self, cx: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { R::delete(cx, &Self::typed(live)?).await })
    }

    fn preflight<'a>(
        &'a self,
        cx: &'a Cx,
        wanted: &'a Object,
        around: &'a Around,
    ) -> BoxFuture<'a, Result<Vec<FieldProblem>>> {
        Box::pin(R::preflight(cx, wanted, around))
    }

    fn stands(&self, wanted: &Json, live: &LiveObject) -> Vec<Standing> {
        Self::typed(live).map(|live| R::stands(wanted, &live)).unwrap_or_default()
    }

    fn reasons<'a>(&'a self, cx: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Vec<String>> {
        Box::pin(async move {
            match Self::typed(live) {
                Ok(live) => R::reasons(cx, &live).await,
                Err(_) => Vec::new(),
            }
        })
    }

    fn blockers<'a>(
        &'a self,
        cx: &'a Cx,
        live: &'a LiveObject,
    ) -> BoxFuture<'a, Result<Vec<Blocker>>> {
        Box::pin(async move { R::blockers(cx, &Self::typed(live)?).await })
    }
}

pub(super) fn read<T: DeserializeOwned>(value: &Json) -> std::result::Result<T, ShapeError> {
    serde_path_to_error::deserialize(value).map_err(|e| {
        let path = e.path().to_string();
        let path = if path == "." { String::new() } else { path };
        ShapeError { path, message: e.into_inner().to_string() }
    })
}

pub(super) fn shape(ty: &str, e: ShapeError) -> crate::aws::Error {
    crate::aws::Error::local(ty, format!("{}: {}", e.path, e.message))
}

pub(super) fn written<T: Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}
