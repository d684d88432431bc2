//! What references in the stack stand for: objects as far as they are known.

use super::resource::{Changed, LiveObject};
use crate::stack::value::{Unknown, Value, contains_placeholder, placeholder_refs};
use crate::stack::{Address, BlockId, Diagnostic, Objects, TypeEntry};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// All instances of one block.
#[derive(Clone, Debug)]
enum Instances {
    /// Without `for_each`.
    One(Value),
    /// With `for_each`, by key.
    Keyed(BTreeMap<String, Value>),
}

/// Objects of all workspaces of a run, and outputs of all workspaces they refer to.
#[derive(Clone, Debug, Default)]
pub struct World {
    blocks: BTreeMap<(String, BlockId), Instances>,
    outputs: BTreeMap<(String, String), Value>,
    /// Why outputs of a workspace cannot be had.
    missing: BTreeMap<(String, String), Diagnostic>,
}

impl World {
    /// Says what a block is before any of its instances is known: null without, empty with
    /// `for_each`.
    pub fn begin(&mut self, workspace: &str, block: &BlockId, has_for_each: bool) {
        let empty = if has_for_each {
            Instances::Keyed(BTreeMap::new())
        } else {
            Instances::One(Value::Null)
        };
        self.blocks.insert((workspace.to_owned(), block.clone()), empty);
    }

    /// Says what one instance is.
    pub fn set(&mut self, workspace: &str, block: &BlockId, key: Option<&str>, value: Value) {
        let place = (workspace.to_owned(), block.clone());
        match (key, self.blocks.get_mut(&place)) {
            (Some(key), Some(Instances::Keyed(all))) => {
                all.insert(key.to_owned(), value);
            }
            (Some(key), _) => {
                let all = BTreeMap::from([(key.to_owned(), value)]);
                self.blocks.insert(place, Instances::Keyed(all));
            }
            (None, _) => {
                self.blocks.insert(place, Instances::One(value));
            }
        }
    }

    /// Adds or replaces attributes of an instance that is there.
    pub fn extend(
        &mut self,
        workspace: &str,
        block: &BlockId,
        key: Option<&str>,
        more: BTreeMap<String, Value>,
    ) {
        let place = (workspace.to_owned(), block.clone());
        let value = match (self.blocks.get_mut(&place), key) {
            (Some(Instances::One(value)), None) => Some(value),
            (Some(Instances::Keyed(all)), Some(key)) => all.get_mut(key),
            _ => None,
        };
        if let Some(Value::Map(attributes)) = value {
            attributes.extend(more);
        }
    }

    /// Says what an output is.
    pub fn set_output(&mut self, workspace: &str, name: &str, value: Value) {
        self.outputs.insert((workspace.to_owned(), name.to_owned()), value);
    }

    /// Says what an output of a workspace is, as far as is known.
    pub fn output(&self, workspace: &str, name: &str) -> Option<&Value> {
        self.outputs.get(&(workspace.to_owned(), name.to_owned()))
    }

    /// Says why an output cannot be had.
    pub fn set_missing(&mut self, workspace: &str, name: &str, why: Diagnostic) {
        self.missing.insert((workspace.to_owned(), name.to_owned()), why);
    }

    /// The world as one workspace sees it.
    pub fn view<'a>(&'a self, workspace: &'a str) -> View<'a> {
        View { world: self, workspace }
    }
}

/// The world as one workspace sees it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    world: &'a World,
    workspace: &'a str,
}

impl View<'_> {
    fn block(&self, block: BlockId) -> Value {
        let name = block.to_string();
        match self.world.blocks.get(&(self.workspace.to_owned(), block)) {
            Some(Instances::One(value)) => value.clone(),
            Some(Instances::Keyed(all)) => Value::Map(all.clone()),
            None => Value::Unknown(Unknown::waiting_for(name)),
        }
    }
}

impl Objects for View<'_> {
    fn resource(&self, ty: &str, name: &str) -> Value {
        self.block(BlockId::resource(ty, name))
    }

    fn instance(&self, ty: &str, name: &str, key: &str) -> Option<Value> {
        let place = (self.workspace.to_owned(), BlockId::resource(ty, name));
        match self.world.blocks.get(&place)? {
            Instances::Keyed(all) => all.get(key).cloned(),
            Instances::One(_) => None,
        }
    }

    fn data(&self, ty: &str, name: &str) -> Value {
        self.block(BlockId::data(ty, name))
    }

    fn output(&self, workspace: &str, name: &str) -> Result<Value, Diagnostic> {
        let place = (workspace.to_owned(), name.to_owned());
        match (self.world.outputs.get(&place), self.world.missing.get(&place)) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(why)) => Err(why.clone()),
            (None, None) => {
                Ok(Value::Unknown(Unknown::waiting_for(format!("{workspace}.outputs.{name}"))))
            }
        }
    }
}

/// The same value, but what is not known in it waits for this reference: others see an output,
/// not what it is made of.
pub fn renamed(value: &Value, reference: &str) -> Value {
    match value {
        Value::Unknown(_) => Value::Unknown(Unknown::waiting_for(reference)),
        Value::List(items) => Value::List(items.iter().map(|v| renamed(v, reference)).collect()),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), renamed(v, reference))).collect())
        }
        Value::Sensitive(inner) => Value::Sensitive(Box::new(renamed(inner, reference))),
        other => other.clone(),
    }
}

/// Where the attributes of an object come from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// From the live object; attributes it lacks are null.
    Live(&'a LiveObject),
    /// From the live object, which is about to be updated in these fields: attributes it lacks may
    /// yet come, and those that the update renews are not known yet.
    Updated(&'a LiveObject, &'a Changed),
    /// Not there yet: all that the stack does not say is unknown.
    New,
}

/// The object that references to a resource see: what the stack wants where it says so, what the
/// account has elsewhere, unknown where neither is known.
///
/// `hidden` names the attributes whose wanted value is sensitive.
pub fn object(
    entry: &TypeEntry,
    address: &Address,
    (wanted, hidden): (&Json, &BTreeSet<String>),
    from: Source<'_>,
) -> Value {
    let mut attributes = BTreeMap::new();
    for name in entry.attributes() {
        let value = attribute(entry, address, name, wanted, from);
        attributes.insert(name.to_owned(), value.mark_if(hidden.contains(name)));
    }
    Value::Map(attributes)
}

/// One attribute of [`object`].
pub fn attribute(
    entry: &TypeEntry,
    address: &Address,
    name: &str,
    wanted: &Json,
    from: Source<'_>,
) -> Value {
    let unknown = || Value::Unknown(Unknown::waiting_for(format!("{address}.{name}")));
    let of = |live: &LiveObject| {
        let found = live.out.get(name).or_else(|| live.spec.get(name));
        match found {
            Some(value) => value.clone(),
            None if name == "id" => Json::String(live.id.clone()),
            None => Json::Null,
        }
    };
    let value = match (wanted.get(name).filter(|v| !v.is_null()), from) {
        (Some(value), _) => from_json(value),
        (None, Source::Live(live)) => from_json(&of(live)),
        (None, Source::Updated(_, changed)) if is_renewed(entry, name, changed) => unknown(),
        (None, Source::Updated(live, _)) => match of(live) {
            Json::Null => unknown(),
            value => from_json(&value),
        },
        (None, Source::New) => unknown(),
    };
    let is_sensitive = entry.attribute(name).is_some_and(|view| view.is_sensitive());
    if is_sensitive { value.mark() } else { value }
}

/// Tells whether an update of these fields gives an attribute a new value.
fn is_renewed(entry: &TypeEntry, name: &str, changed: &Changed) -> bool {
    let attribute = entry.out().property(name);
    attribute.is_some_and(|view| changed.0.iter().any(|field| view.is_renewed_by(field)))
}

/// Reads JSON in which placeholders stand for what is not known yet.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::String(s) if contains_placeholder(s) => {
            Value::Unknown(Unknown { refs: placeholder_refs(s) })
        }
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(map) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), from_json(v))).collect())
        }
        other => Value::from_json(other),
    }
}
