//! Instances of a block: `for_each`, `when`, and the scope of each.

use std::collections::BTreeSet;

use super::{BoundWorkspace, Objects};
use crate::stack::address::is_key;
use crate::stack::conform::is_null;
use crate::stack::diagnostic::Diagnostics;
use crate::stack::document::{Data, Node};
use crate::stack::scope::{EachValue, Names};
use crate::stack::value::Value;
use crate::stack::workspace::{Block, BlockId};

/// The value of one key of a `for_each` that is written out; the keys were checked before.
fn one_of<'a>(for_each: &'a Node, key: &str) -> Option<&'a Node> {
    match &for_each.data {
        Data::Table(table) => table.get(key),
        Data::Array(items) => items.iter().find(|item| match &item.data {
            Data::Text(text) => text.literal() == Some(key),
            _ => false,
        }),
        _ => None,
    }
}

impl BoundWorkspace {
    /// Keys of the instances of a block: `[None]` without `for_each`, empty when `when` is false.
    /// Fails when either is unknown.
    pub fn instances(
        &self,
        id: &BlockId,
        objects: &dyn Objects,
    ) -> Result<Vec<Option<String>>, Diagnostics> {
        let block = self.block(id)?;
        let mut names = Names::new(self, objects, None);
        let Some(node) = &block.body.for_each else {
            return Ok(if self.when(block, &names)? { vec![None] } else { Vec::new() });
        };
        let mut keys = Vec::new();
        for (key, value) in self.for_each(node, &names)? {
            names.set_each(Some(EachValue { key: key.clone(), value }));
            if self.when(block, &names)? {
                keys.push(Some(key));
            }
        }
        Ok(keys)
    }

    fn when(&self, block: &Block, names: &Names<'_>) -> Result<bool, Diagnostics> {
        block.body.when.as_ref().map_or(Ok(true), |node| self.flag(node, "when", names))
    }

    /// Evaluates `for_each`: keys with their values, in the order of the file or the keys.
    fn for_each(
        &self,
        node: &Node,
        names: &Names<'_>,
    ) -> Result<Vec<(String, Value)>, Diagnostics> {
        let (value, _) = names.value(node)?;
        if value.is_sensitive() {
            return Err(self
                .problem("wrong_type", node, "`for_each` cannot be sensitive")
                .note("Its keys are part of addresses and tags.")
                .into());
        }
        let pairs: Vec<(String, Value)> = match value {
            Value::Unknown(unknown) => return Err(self.unknown("for_each", node, &unknown.refs)),
            Value::Map(map) => map.into_iter().filter(|(_, v)| !is_null(v)).collect(),
            Value::List(items) | Value::Set(items) => {
                let mut pairs = Vec::new();
                for item in items {
                    match item {
                        Value::String(key) => pairs.push((key.clone(), Value::String(key))),
                        Value::Unknown(unknown) => {
                            return Err(self.unknown("for_each", node, &unknown.refs));
                        }
                        other => {
                            let message = format!(
                                "`for_each` takes a map or a set of strings; an element is a {}",
                                other.type_name()
                            );
                            return Err(self.problem("wrong_type", node, message).into());
                        }
                    }
                }
                pairs
            }
            other => {
                let message = format!(
                    "`for_each` takes a map or a set of strings, this is a {}",
                    other.type_name()
                );
                return Err(self.problem("wrong_type", node, message).into());
            }
        };
        let mut problems = Diagnostics::new();
        let mut seen = BTreeSet::new();
        for (key, _) in &pairs {
            if !is_key(key) {
                let message = format!("{key:?} cannot be a key of `for_each`");
                problems.push(
                    self.problem("invalid_key", node, message)
                        .hint("a key has only letters, digits, `_`, `.` and `-`"),
                );
            }
            if !seen.insert(key) {
                let message = format!("the key `{key}` is there twice");
                problems.push(self.problem("duplicate_key", node, message));
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(pairs) }
    }

    /// Makes the scope of one instance.
    pub(super) fn names<'a>(
        &'a self,
        block: &Block,
        key: Option<&str>,
        objects: &'a dyn Objects,
    ) -> Result<Names<'a>, Diagnostics> {
        let mut names = Names::new(self, objects, None);
        if let (Some(node), Some(key)) = (&block.body.for_each, key) {
            let pairs = match one_of(node, key) {
                Some(value) => vec![(key.to_owned(), names.value(value)?.0)],
                None => self.for_each(node, &names)?,
            };
            let pair = pairs.into_iter().find(|(k, _)| k == key);
            let (key, value) = pair.ok_or_else(|| {
                let message = format!("`{}` has no instance {key:?}", block.id);
                self.problem("unknown_key", node, message)
            })?;
            names.set_each(Some(EachValue { key, value }));
        }
        Ok(names)
    }
}
