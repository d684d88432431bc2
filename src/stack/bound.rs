//! A workspace with its variables and context: evaluates blocks and outputs.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::diagnostic::{Diagnostic, Diagnostics, Location};
use super::project::Context;
use super::value::{PathStep, Resolved, Value};
use super::workspace::{BlockId, Unit, UnitPart, Workspace};

/// What references stand for at this moment of a run.
pub trait Objects {
    /// All instances of a resource: an object, or a map of objects by key when the block has
    /// `for_each`; null when `when` is false. What is not known yet is unknown; an attribute left
    /// out reads as null.
    fn resource(&self, ty: &str, name: &str) -> Value;
    /// As [`Objects::resource`], for a data source.
    fn data(&self, ty: &str, name: &str) -> Value;
    /// An output of another workspace.
    fn output(&self, workspace: &str, name: &str) -> Result<Value, Diagnostic>;
}

/// Which attributes to evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// All but the late ones.
    Main,
    /// Only those the schema marks as late.
    Late,
    /// All.
    All,
}

/// One instance, evaluated.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// Its attributes: a JSON object with placeholders for what is unknown.
    pub attributes: Resolved,
    /// Tags of environment, workspace, defaults and block; the later ones win.
    pub tags: BTreeMap<String, Value>,
    pub(super) place: Location,
}

impl Evaluated {
    /// Finds the place in the file that gave the value at a path; the nearest one around it when
    /// the value itself is not written out.
    pub fn locate(&self, path: &[PathStep]) -> Location {
        let _ = path;
        self.place.clone()
    }

    /// As [`Evaluated::locate`], for a path as text: `ingress[0].from_port` or
    /// `ingress.0.from_port`.
    pub fn locate_text(&self, path: &str) -> Location {
        let _ = path;
        self.place.clone()
    }
}

/// An evaluated output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputValue {
    /// Its value; unknown parts are allowed.
    pub value: Value,
    /// Declared sensitive, or made from something that is.
    pub sensitive: bool,
    /// What it is.
    pub description: Option<String>,
}

/// A workspace with its variables and context.
#[derive(Clone, Debug)]
pub struct BoundWorkspace {
    /// The parsed file; `protect` of each block is evaluated.
    pub workspace: Workspace,
    /// The facts expressions may name.
    pub context: Context,
}

impl BoundWorkspace {
    /// Evaluation units in dependency order.
    pub fn units(&self) -> &[Unit] {
        &[]
    }

    /// Parts of blocks that a part of a block refers to, through locals too, with `depends_on`.
    pub fn references_of(&self, id: &BlockId, part: UnitPart) -> BTreeSet<(BlockId, UnitPart)> {
        let _ = (id, part);
        BTreeSet::new()
    }

    /// Outputs of other workspaces that it refers to: workspace and name.
    pub fn needs_outputs(&self) -> BTreeSet<(String, String)> {
        BTreeSet::new()
    }

    /// Keys of the instances of a block: `[None]` without `for_each`, empty when `when` is false.
    /// Fails when either is unknown.
    pub fn instances(
        &self,
        id: &BlockId,
        objects: &dyn Objects,
    ) -> Result<Vec<Option<String>>, Diagnostics> {
        let _ = (id, objects);
        Ok(vec![None])
    }

    /// Evaluates attributes of one instance: defaults merged, null keys left out, null elements of
    /// lists dropped, unknown parts allowed.
    pub fn evaluate(
        &self,
        id: &BlockId,
        key: Option<&str>,
        fields: Fields,
        objects: &dyn Objects,
    ) -> Result<Evaluated, Diagnostics> {
        let _ = (id, key, fields, objects);
        Err(Diagnostic::error("unknown_block", format!("there is no `{id}`")).into())
    }

    /// The id of the existing object that an instance adopts, when its block has `import`.
    pub fn import(
        &self,
        id: &BlockId,
        key: Option<&str>,
        objects: &dyn Objects,
    ) -> Result<Option<Value>, Diagnostics> {
        let _ = (id, key, objects);
        Ok(None)
    }

    /// Evaluates all outputs.
    pub fn outputs(
        &self,
        objects: &dyn Objects,
    ) -> Result<IndexMap<String, OutputValue>, Diagnostics> {
        let _ = objects;
        Ok(IndexMap::new())
    }
}
