//! All types, by name.

use super::{Handler, Reader};
use crate::stack::{BlockKind, SchemaView};
use std::collections::BTreeMap;

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
