//! The resource trait: everything generic code knows of a type, and its erased form.
//!
//! A type is one struct, typed at both ends, JSON in between: the struct holds what the stack may
//! say, `Out` what AWS decides. Diff, graph, plan, executor and rendering see only [`Handler`].

mod data;
mod handler;
mod id;
mod registry;
mod rules;

pub use data::{DataSource, ErasedData, Reader};
pub use handler::{Erased, Handler, ShapeError};
pub use id::{Id, Referable};
pub use registry::Registry;
pub use rules::{IdentityBy, ReplaceOrder, Retryable, Rules, Step};

use super::planner::{Around, Object};
use crate::aws::{Cx, Result, Tags};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::future::Future;

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

/// A field whose live value stands though the stack says another: somebody else decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Path as a difference has it, e.g. `desired_count`.
    pub path: String,
    /// Who decides it, e.g. `its scaling target (2 to 4)`.
    pub owner: String,
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

    /// [`Resource::natural_name`] with what it is unique in before it, for types whose names repeat:
    /// a service's with its cluster's. None while a part is not known.
    fn unique_name(&self) -> Option<String> {
        self.natural_name().map(str::to_owned)
    }

    /// The name that counts in all regions of an account, where it has one that does: the same name
    /// in another region would be the same object, or one beside it that nobody can tell from it.
    fn global_name(&self) -> Option<String> {
        None
    }

    /// What a listing is told of each one the stack wants, as a name that need not be unique: for
    /// types found by tags whose listing costs calls only where something is wanted.
    fn looked_for(&self) -> Option<&str> {
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

    /// Tells whether a live one can be there for a while with just this of it. Asked of types that
    /// let go of what is made anew: one that cannot is made anew with it.
    fn holds_out(_rest: &Self) -> bool {
        true
    }

    /// Names the fields that others decide, given what the stack wants (parts may be placeholders)
    /// and the live object: they are no difference and are left alone.
    fn stands(_wanted: &Json, _live: &Live<Self>) -> Vec<Standing> {
        Vec::new()
    }

    /// Reads live objects in bulk; the same call serves plan, wait, destroy and orphan search.
    fn list(cx: &Cx, want: Want<'_>) -> impl Future<Output = Result<Vec<Live<Self>>>> + Send;

    /// Checks an object that the plan changes against the others that it leaves, before anything is
    /// changed; its fields and theirs may hold placeholders.
    fn preflight(
        _: &Cx,
        _wanted: &Object,
        _around: &Around,
    ) -> impl Future<Output = Result<Vec<FieldProblem>>> + Send {
        async { Ok(Vec::new()) }
    }

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

    /// Says why the object failed, does not become ready, or fell back to what it was. Best effort:
    /// it follows a failure, and what cannot be read is left out or told as such.
    fn reasons(_: &Cx, _: &Live<Self>) -> impl Future<Output = Vec<String>> + Send {
        async { Vec::new() }
    }

    /// Says what still holds the object, while its deletion is refused.
    fn blockers(_: &Cx, _: &Live<Self>) -> impl Future<Output = Result<Vec<Blocker>>> + Send {
        async { Ok(Vec::new()) }
    }
}
