//! What the stack language knows of each resource type and data source: its schemas and rules.

use super::schema::SchemaView;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A block is a resource, which we manage, or a data source, which others own.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// `[<type>.<name>]`
    Resource,
    /// `[data.<type>.<name>]`
    Data,
}

/// One type, as the language sees it.
#[derive(Clone, Debug)]
pub struct TypeEntry {
    /// Name in a stack file, e.g. `route_table`.
    pub name: &'static str,
    /// AWS's name, e.g. `AWS::EC2::RouteTable`.
    pub aws_name: &'static str,
    /// JSON Schema of what the stack may say.
    pub spec: Json,
    /// JSON Schema of what AWS decides and others may refer to; `id` and `arn` among it.
    pub out: Json,
}

impl TypeEntry {
    /// Views what the stack may say.
    pub fn spec(&self) -> SchemaView<'_> {
        SchemaView::new(&self.spec)
    }

    /// Views what AWS decides.
    pub fn out(&self) -> SchemaView<'_> {
        SchemaView::new(&self.out)
    }

    /// Views an attribute others may refer to, of either schema.
    pub fn attribute(&self, name: &str) -> Option<SchemaView<'_>> {
        self.spec().property(name).or_else(|| self.out().property(name))
    }

    /// Names of all attributes others may refer to.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.spec().properties().into_iter().map(|(n, _)| n).collect();
        names.extend(self.out().properties().into_iter().map(|(n, _)| n));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Tells whether the named attribute is set in the type's late step.
    pub fn is_late(&self, attribute: &str) -> bool {
        self.spec().property(attribute).is_some_and(|view| view.is_late())
    }
}

/// All types.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Resource types by name.
    pub resources: BTreeMap<&'static str, TypeEntry>,
    /// Data sources by name.
    pub data: BTreeMap<&'static str, TypeEntry>,
}

impl Catalog {
    /// Looks a type up.
    pub fn get(&self, kind: BlockKind, name: &str) -> Option<&TypeEntry> {
        match kind {
            BlockKind::Resource => self.resources.get(name),
            BlockKind::Data => self.data.get(name),
        }
    }
}
