//! One workspace file, parsed and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::address::Address;
use super::catalog::{BlockKind, TypeEntry};
use super::diagnostic::{Location, Source};
use super::document::{Node, Table};
use super::units::Graph;
use super::variables::Variable;

/// Names a block: `vpc.main` or `data.vpc.main`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId {
    /// Resource or data source.
    pub kind: BlockKind,
    /// The type.
    pub ty: String,
    /// The name given in the file.
    pub name: String,
}

impl BlockId {
    /// Names a resource.
    pub fn resource(ty: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: BlockKind::Resource, ty: ty.into(), name: name.into() }
    }

    /// Names a data source.
    pub fn data(ty: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: BlockKind::Data, ty: ty.into(), name: name.into() }
    }

    /// The address of one of its instances.
    pub fn address(&self, key: Option<&str>) -> Address {
        Address::new(&self.ty, &self.name).with_key(key)
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.kind == BlockKind::Data { "data." } else { "" };
        write!(f, "{prefix}{}.{}", self.ty, self.name)
    }
}

/// Time limits that replace those of the type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For the creating call and what settles after it.
    pub create: Option<Duration>,
    /// For updates.
    pub update: Option<Duration>,
    /// For deletion.
    pub delete: Option<Duration>,
}

/// A resource or data source of the file, with what is known of it before evaluation.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its name.
    pub id: BlockId,
    /// Its header, such as `[vpc.main]`.
    pub at: Location,
    /// Whether it stands for one instance per key.
    pub has_for_each: bool,
    /// Never deleted or replaced unless unlocked. An expression is evaluated by
    /// [`Workspace::bind`]; until then it counts as true.
    pub protect: bool,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Whether it adopts an existing object; see
    /// [`BoundWorkspace::import`](super::BoundWorkspace::import).
    pub has_import: bool,
    /// Blocks named by `depends_on`.
    pub depends_on: Vec<BlockId>,
    pub(super) body: Body,
}

/// What a block says, before evaluation.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) for_each: Option<Node>,
    pub(super) when: Option<Node>,
    pub(super) protect: Option<Node>,
    pub(super) tags: Option<Node>,
    pub(super) import: Option<Node>,
    /// Everything but the meta keys.
    pub(super) attributes: Table,
}

/// `[defaults.<type>]`
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    pub(super) protect: Option<Node>,
    pub(super) tags: Option<Node>,
    pub(super) timeouts: Timeouts,
    pub(super) attributes: Table,
}

/// An output as declared.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name in the file.
    pub at: Location,
    /// What it is.
    pub description: Option<String>,
    /// Never shown.
    pub sensitive: bool,
    pub(super) value: Node,
}

/// A line of `[moved]`.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The old address.
    pub from: Address,
    /// The new address.
    pub to: Address,
    /// The line.
    pub at: Location,
}

/// Which part of a block a unit evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitPart {
    /// Everything that the creating call may take.
    Main,
    /// The fields set once both ends exist.
    Late,
    /// A data source.
    Data,
}

/// One step of evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The block.
    pub block: BlockId,
    /// Which part of it.
    pub part: UnitPart,
    /// Units it directly needs, by position; all of them stand before it.
    pub needs: Vec<usize>,
}

/// A workspace file, parsed and statically checked.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Its text.
    pub source: Arc<Source>,
    /// What it is for.
    pub description: Option<String>,
    /// Workspaces named by `depends_on`.
    pub depends_on: Vec<String>,
    /// Resources and data sources, in the order of the file.
    pub blocks: IndexMap<BlockId, Block>,
    /// Outputs, in the order of the file.
    pub outputs: IndexMap<String, Output>,
    /// Renamed resources.
    pub moved: Vec<Moved>,
    /// Variables, in the order of the file.
    pub variables: IndexMap<String, Variable>,
    pub(super) locals: Table,
    pub(super) defaults: BTreeMap<String, Defaults>,
    pub(super) tags: Option<Table>,
    pub(super) graph: Graph,
    /// The types its blocks are of.
    pub(super) types: BTreeMap<(BlockKind, String), TypeEntry>,
    /// Where `depends_on` names each of them.
    pub(super) depends_on_at: BTreeMap<String, Location>,
    /// Outputs of other workspaces it refers to, with the place of one reference.
    pub(super) needed: BTreeMap<(String, String), Location>,
    /// Those that each block refers to.
    pub(super) outputs_of_blocks: BTreeMap<BlockId, BTreeSet<(String, String)>>,
    /// Blocks that each of its own outputs refers to.
    pub(super) blocks_of_outputs: BTreeMap<String, BTreeSet<BlockId>>,
}
