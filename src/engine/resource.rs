//! The resource trait: everything generic code knows of a type, and its erased form.
//!
//! A type is one struct, typed at both ends, JSON in between: the struct holds what the stack may
//! say, `Out` what AWS decides. Diff, graph, plan, executor and rendering see only [`Handler`].

use crate::aws::{Cx, Result, Tags};
use crate::stack::{BlockKind, SchemaView, TypeEntry};
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

/// How live objects of a type are found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityBy {
    /// By ownership tags alone; the id is AWS's choice.
    Tags,
    /// By a name of our choice, unique in its scope; the tags then say whether it is ours.
    Name,
}

/// Which side of a replacement comes first (aws-semantics.md 0.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceOrder {
    /// The new one is made, what depends on it follows, the old one goes.
    CreateFirst,
    /// The old one goes first: both cannot exist at once.
    DeleteFirst,
}

/// The step of a resource's life a retryable error belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Creating call.
    Create,
    /// Updating calls, tags among them.
    Update,
    /// Quiescing and deleting calls.
    Delete,
}

/// An error worth trying again because AWS is known to get over it, within the settle time.
#[derive(Clone, Copy, Debug)]
pub struct Retryable {
    /// When.
    pub step: Step,
    /// AWS's error code.
    pub code: &'static str,
    /// Part of the message, or empty for any.
    pub message: &'static str,
    /// What is waited for, as shown to the user, e.g. `IAM to know the role`.
    pub reason: &'static str,
}

impl Retryable {
    /// Makes one of its parts, in their order.
    pub const fn new(
        step: Step,
        code: &'static str,
        message: &'static str,
        reason: &'static str,
    ) -> Self {
        Self { step, code, message, reason }
    }
}

/// What the engine needs to know of a type, beyond its schemas.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How live objects are found.
    pub identity: IdentityBy,
    /// Types created before and deleted after this one, though no reference says so.
    pub created_after: &'static [&'static str],
    /// Types that must be gone before this one is deleted (aws-semantics.md 9.2).
    pub deleted_after: &'static [&'static str],
    /// Holds data: never replaced without `--allow-data-loss`, and asked for [`Resource::holds`]
    /// before it is deleted.
    pub stateful: bool,
    /// Whether an update makes one kind of change and leaves the rest to the next one. It is then
    /// repeated at once for as long as each takes some difference away.
    pub stepwise: bool,
    /// Order of a replacement.
    pub replace: ReplaceOrder,
    /// Whether deletion begins with a [`Resource::quiesce`] step of its own.
    pub quiesces: bool,
    /// Whether fields that are not late can be emptied in place. One that stays then lets go of what
    /// it names before that is deleted and made anew, and is updated after.
    pub lets_go: bool,
    /// Errors worth trying again.
    pub retry: &'static [Retryable],
    /// How long creation or an update may take to settle.
    pub settle: Duration,
    /// How long deletion may take.
    pub settle_delete: Duration,
}

impl Rules {
    /// Found by tags, no extra edges, replaced by deleting first, five minutes for everything.
    pub const DEFAULT: Self = Self {
        identity: IdentityBy::Tags,
        created_after: &[],
        deleted_after: &[],
        stateful: false,
        stepwise: false,
        replace: ReplaceOrder::DeleteFirst,
        quiesces: false,
        lets_go: false,
        retry: &[],
        settle: Duration::from_secs(300),
        settle_delete: Duration::from_secs(300),
    };
}

/// Which live objects to list.
#[derive(Clone, Copy, Debug)]
pub enum Want<'a> {
    /// All that carry the first three tags of `cx.scope` and one of these workspaces; and, for
    /// types found by name, the objects of these names whoever owns them.
    Owned {
        /// Workspaces whose resources are wanted; empty for all.
        workspaces: &'a [String],
        /// Natural names the stack asks for; empty for types found by tags.
        names: &'a [String],
    },
    /// These ids: used to wait and to look again. Missing ones are left out, not an error.
    Ids(&'a [String]),
}

/// Where a live object is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum Status {
    /// There, and settled.
    Ready,
    /// On its way to being ready; the text says what AWS calls it.
    Pending(String),
    /// Will not become ready by itself.
    Failed(String),
    /// On its way out; counts as gone for a plan.
    Deleting(String),
}

/// A live object, typed.
#[derive(Clone, Debug)]
pub struct Live<R: Resource> {
    /// What other calls take.
    pub id: String,
    /// Its tags; all but `aws:*`.
    pub tags: Tags,
    /// Where it is in its life.
    pub status: Status,
    /// Everything the stack may say, as AWS has it.
    pub spec: R,
    /// What AWS decided.
    pub out: R::Out,
}

/// A live object, as generic code sees it. Serialisable: a snapshot is a test's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveObject {
    /// What other calls take.
    pub id: String,
    /// Its tags; all but `aws:*`.
    #[serde(default)]
    pub tags: Tags,
    /// Where it is in its life.
    #[serde(default = "ready")]
    pub status: Status,
    /// Everything the stack may say, as AWS has it.
    pub spec: Json,
    /// What AWS decided; always has `id`.
    #[serde(default)]
    pub out: Json,
    /// What would go with it. Read only of what a plan wants to delete.
    #[serde(default, skip_serializing_if = "Holds::is_nothing")]
    pub holds: Holds,
}

/// What the user must allow to be lost or overridden before an object is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holds {
    /// How much data it holds, e.g. `12 images`.
    pub data: Option<String>,
    /// Whether AWS protects it from deletion by a setting of its own.
    pub protected: bool,
}

impl Holds {
    /// Tells whether there is nothing to be allowed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

fn ready() -> Status {
    Status::Ready
}

/// Everything read from the account, by type.
pub type Snapshot = BTreeMap<String, Vec<LiveObject>>;

/// What a creating call gets beside the struct.
#[derive(Clone, Copy, Debug)]
pub struct Creation<'a> {
    /// All tags, to be sent with the creating call itself.
    pub tags: &'a Tags,
    /// A token of at most 32 letters and digits, the same for every try of this creation.
    pub token: &'a str,
}

/// Top-level fields that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed(pub std::collections::BTreeSet<String>);

impl Changed {
    /// Tells whether this field differs.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains(field)
    }
}

/// A rule between fields that the schema cannot say, and that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Path of the field, e.g. `ingress.0.from_port`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Something that still holds an object, told while its deletion waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// What it is, with its id: `network interface eni-1 of NAT gateway nat-2`.
    pub what: String,
    /// Who is expected to take it away, and how long that usually takes; `None`: nobody.
    pub leaves: Option<String>,
}

/// One AWS resource type. The struct is the TOML table; its schema drives checks, diff and docs.
pub trait Resource:
    Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + Sized + 'static
{
    /// Name in a stack file, e.g. `route_table`.
    const TYPE: &'static str;
    /// AWS's name, e.g. `AWS::EC2::RouteTable`.
    const AWS_NAME: &'static str;
    /// What generic code needs to know beyond the schemas.
    const RULES: Rules = Rules::DEFAULT;
    /// What AWS decides and others may refer to; has at least `id`, and `arn` where AWS has one.
    type Out: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync;

    /// The name of our choice that finds the object, for types with [`IdentityBy::Name`].
    fn natural_name(&self) -> Option<&str> {
        None
    }

    /// Checks rules between fields; values not known yet are placeholders
    /// ([`crate::stack`] `is_placeholder`) and must be let through.
    fn validate(&self) -> Vec<FieldProblem> {
        Vec::new()
    }

    /// Tells whether AWS refuses to make the second while the first is there: the same address
    /// range of a network, say. Values of the second that are not known yet are placeholders. Of
    /// types found by name, two of one name clash anyway.
    fn clashes(_live: &Self, _wanted: &Self) -> bool {
        false
    }

    /// Reads live objects in bulk; the same call serves plan, wait, destroy and orphan search.
    fn list(cx: &Cx, want: Want<'_>) -> impl Future<Output = Result<Vec<Live<Self>>>> + Send;

    /// Starts creation and returns the id at once; the engine waits, reads again, and updates what
    /// the creating call could not take.
    fn create(&self, cx: &Cx, with: Creation<'_>) -> impl Future<Output = Result<String>> + Send;

    /// Changes only what `changed` names.
    fn update(
        &self,
        cx: &Cx,
        live: &Live<Self>,
        changed: &Changed,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Sets and removes tags.
    fn tag(
        cx: &Cx,
        live: &Live<Self>,
        set: &Tags,
        remove: &[String],
    ) -> impl Future<Output = Result<()>> + Send;

    /// First step of a deletion, for types whose rules say they have one.
    fn quiesce(_: &Cx, _: &Live<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Says what would go with the object, for types whose rules call them stateful.
    fn holds(_: &Cx, _: &Live<Self>) -> impl Future<Output = Result<Holds>> + Send {
        async { Ok(Holds::default()) }
    }

    /// Takes away what [`Resource::holds`] told, once the user has allowed it: AWS would refuse the
    /// deletion otherwise.
    fn unlock(_: &Cx, _: &Live<Self>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Starts deletion; the engine waits until a listing no longer has it.
    fn delete(cx: &Cx, live: &Live<Self>) -> impl Future<Output = Result<()>> + Send;

    /// Says what still holds the object, while its deletion is refused.
    fn blockers(_: &Cx, _: &Live<Self>) -> impl Future<Output = Result<Vec<Blocker>>> + Send {
        async { Ok(Vec::new()) }
    }
}

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

fn read<T: DeserializeOwned>(value: &Json) -> std::result::Result<T, ShapeError> {
    serde_path_to_error::deserialize(value).map_err(|e| {
        let path = e.path().to_string();
        let path = if path == "." { String::new() } else { path };
        ShapeError { path, message: e.into_inner().to_string() }
    })
}

fn shape(ty: &str, e: ShapeError) -> crate::aws::Error {
    crate::aws::Error::local(ty, format!("{}: {}", e.path, e.message))
}

fn written<T: Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
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
        read::<R>(spec).ok()?.natural_name().map(str::to_owned)
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
                let name = live.natural_name();
                let same_name = name.is_some() && name == wanted.natural_name();
                if same_name || R::clashes(live, wanted) {
                    found.push((i, j));
                }
            }
        }
        found
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

    fn blockers<'a>(
        &'a self,
        cx: &'a Cx,
        live: &'a LiveObject,
    ) -> BoxFuture<'a, Result<Vec<Blocker>>> {
        Box::pin(async move { R::blockers(cx, &Self::typed(live)?).await })
    }
}

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

/// All types, by name.
#[derive(Default)]
pub struct Registry {
    /// Resource types.
    pub resources: BTreeMap<&'static str, Box<dyn Handler>>,
    /// Data sources.
    pub data: BTreeMap<&'static str, Box<dyn Reader>>,
}

impl Registry {
    /// Makes a registry of these types.
    pub fn new(resources: Vec<Box<dyn Handler>>, data: Vec<Box<dyn Reader>>) -> Self {
        Self {
            resources: resources.into_iter().map(|h| (h.entry().name, h)).collect(),
            data: data.into_iter().map(|r| (r.entry().name, r)).collect(),
        }
    }

    /// Looks a resource type up.
    pub fn get(&self, ty: &str) -> Option<&dyn Handler> {
        self.resources.get(ty).map(AsRef::as_ref)
    }

    /// What the stack language needs to know of all types.
    pub fn catalog(&self) -> crate::stack::Catalog {
        crate::stack::Catalog {
            resources: self.resources.iter().map(|(n, h)| (*n, h.entry().clone())).collect(),
            data: self.data.iter().map(|(n, r)| (*n, r.entry().clone())).collect(),
        }
    }

    /// Views the schema of a type's struct.
    pub fn schema(&self, kind: BlockKind, ty: &str) -> Option<SchemaView<'_>> {
        match kind {
            BlockKind::Resource => self.resources.get(ty).map(|h| h.entry().spec()),
            BlockKind::Data => self.data.get(ty).map(|r| r.entry().spec()),
        }
    }
}

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
