//! References seen in the live account: which object names which.

use super::resource::LiveObject;
use crate::stack::TypeEntry;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Finds the objects that values of other objects name, by id or ARN.
pub struct LiveReferences {
    by_name: BTreeMap<String, usize>,
}

impl LiveReferences {
    /// Indexes objects; positions in the list are what the other methods speak of.
    pub fn new<'a>(objects: impl IntoIterator<Item = Option<&'a LiveObject>>) -> Self {
        let mut by_name = BTreeMap::new();
        for (index, object) in objects.into_iter().enumerate() {
            let Some(object) = object else { continue };
            by_name.insert(object.id.clone(), index);
            if let Some(arn) = object.out.get("arn").and_then(Json::as_str) {
                by_name.insert(arn.to_owned(), index);
            }
        }
        Self { by_name }
    }

    /// Objects named in fields that are not late, and in late fields; itself left out.
    pub fn of(
        &self,
        entry: &TypeEntry,
        object: Option<&LiveObject>,
        own: usize,
    ) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut main, mut late) = (BTreeSet::new(), BTreeSet::new());
        let fields = object.and_then(|o| o.spec.as_object()).into_iter().flatten();
        for (field, value) in fields {
            let found = if entry.is_late(field) { &mut late } else { &mut main };
            self.collect(value, own, found);
        }
        (main, late)
    }

    /// All objects named; itself left out.
    pub fn all(&self, object: &LiveObject, own: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.collect(&object.spec, own, &mut found);
        found
    }

    fn collect(&self, value: &Json, own: usize, found: &mut BTreeSet<usize>) {
        match value {
            Json::String(s) => {
                found.extend(self.by_name.get(s).copied().filter(|i| *i != own));
            }
            Json::Array(items) => items.iter().for_each(|v| self.collect(v, own, found)),
            Json::Object(map) => map.values().for_each(|v| self.collect(v, own, found)),
            _ => {}
        }
    }
}
