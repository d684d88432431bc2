//! Tags of one instance.

use std::collections::BTreeMap;

use super::BoundWorkspace;
use crate::stack::convert::to_text;
use crate::stack::diagnostic::Diagnostics;
use crate::stack::document::{Data, Node};
use crate::stack::scope::Names;
use crate::stack::value::Value;

impl BoundWorkspace {
    pub(super) fn tags(
        &self,
        node: &Node,
        names: &Names<'_>,
        tags: &mut BTreeMap<String, Value>,
        problems: &mut Diagnostics,
    ) {
        if let Data::Table(table) = &node.data {
            for (key, item) in &table.entries {
                self.one_tag(key, &item.node, names, tags, problems);
            }
            return;
        }
        match names.value(node) {
            Err(found) => problems.extend(found),
            Ok((value, _)) => match value.beneath_mark() {
                Value::Null => {}
                Value::Map(map) => {
                    for (key, value) in map.clone() {
                        let lower = key.to_lowercase();
                        if lower.starts_with("infra:") || lower.starts_with("aws:") {
                            let message = format!("the tag `{key}` is not for a stack to set");
                            problems.push(self.problem("reserved_tag", node, message));
                        }
                        self.set_tag(key, value, node, tags, problems);
                    }
                }
                other => {
                    let message = match other {
                        Value::Unknown(_) => "the keys of `tags` must be known".to_owned(),
                        other => {
                            format!("`tags` is a map of strings, this is a {}", other.type_name())
                        }
                    };
                    problems.push(self.problem("wrong_type", node, message));
                }
            },
        }
    }

    pub(super) fn one_tag(
        &self,
        key: &str,
        node: &Node,
        names: &Names<'_>,
        tags: &mut BTreeMap<String, Value>,
        problems: &mut Diagnostics,
    ) {
        match names.value(node) {
            Ok((value, _)) => self.set_tag(key.to_owned(), value, node, tags, problems),
            Err(found) => problems.extend(found),
        }
    }

    /// Sets a tag; null takes away a weaker one.
    fn set_tag(
        &self,
        key: String,
        value: Value,
        node: &Node,
        tags: &mut BTreeMap<String, Value>,
        problems: &mut Diagnostics,
    ) {
        let (plain, sensitive) = value.unmark();
        let value = match plain {
            Value::Null => {
                tags.remove(&key);
                return;
            }
            unknown @ Value::Unknown(_) => unknown,
            known => match to_text(&known) {
                Ok(text) => Value::String(text),
                Err(message) => {
                    let message = format!("tag `{key}`: {message}");
                    problems.push(self.problem("wrong_type", node, message));
                    return;
                }
            },
        };
        tags.insert(key, value.mark_if(sensitive));
    }
}
