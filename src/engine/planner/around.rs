//! What a plan leaves in the account, as one resource looks at the others: for checks that need
//! more than one of them.

use super::Evaluation;
use crate::engine::plan::Action;
use crate::engine::references::LiveReferences;
use crate::engine::resource::{Registry, Snapshot};
use crate::stack::Address;
use crate::stack::value::{is_placeholder, placeholder_refs};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// An object as a plan leaves it.
#[derive(Clone, Debug)]
pub struct Object {
    /// Workspace it is of, where the plan is about it.
    pub workspace: Option<String>,
    /// Its address, where the plan is about it.
    pub address: Option<Address>,
    /// Its type.
    pub ty: String,
    /// What the stack wants, and what the live object has where the stack says nothing.
    pub spec: Json,
    /// Fields that the stack says.
    given: BTreeSet<String>,
    /// Whether the plan changes it.
    pub changes: bool,
    /// What others call it: id, ARN, natural name.
    called: Vec<String>,
}

/// All objects that a plan is about or that were read for it.
#[derive(Clone, Debug, Default)]
pub struct Around {
    objects: Vec<Object>,
    /// What outputs and data sources wait for, by workspace and name of the value.
    waits: BTreeMap<(String, String), BTreeSet<String>>,
    /// What the plan takes away, by type and id.
    leaving: BTreeSet<(String, String)>,
}

impl Object {
    /// The workspace it is of; empty where the plan is not about it.
    pub fn workspace(&self) -> &str {
        self.workspace.as_deref().unwrap_or_default()
    }

    /// Tells whether the stack says a field, which is also here where only the live object has it.
    pub fn is_given(&self, field: &str) -> bool {
        self.given.contains(field)
    }
}

impl Around {
    /// Makes the view of an evaluation of these workspaces.
    pub(in crate::engine) fn new(
        registry: &Registry,
        names: &[String],
        evaluation: &Evaluation,
        snapshot: &Snapshot,
    ) -> Self {
        let mut around = Self { waits: evaluation.waits.clone(), ..Self::default() };
        for (name, (planned, _)) in names.iter().zip(&evaluation.planned) {
            for one in planned {
                let live = one.live.as_ref();
                let ty = one.change.address.ty.clone();
                if one.orphan || one.change.action == Action::Delete {
                    let goes = live.filter(|_| one.change.action == Action::Delete);
                    around.leaving.extend(goes.map(|live| (ty, live.id.clone())));
                    continue;
                }
                let mut spec =
                    live.map_or_else(|| Json::Object(serde_json::Map::new()), |l| l.spec.clone());
                let mut given = BTreeSet::new();
                if let (Json::Object(spec), Some(Json::Object(wanted))) = (&mut spec, &one.wanted) {
                    for (field, value) in wanted.iter().chain(&one.wanted_late) {
                        given.insert(field.clone());
                        spec.insert(field.clone(), value.clone());
                    }
                }
                let natural = registry.get(&ty).and_then(|handler| handler.natural_name(&spec));
                let called = live.map(LiveReferences::names).unwrap_or_default();
                around.objects.push(Object {
                    workspace: Some(name.clone()),
                    address: Some(one.change.address.clone()),
                    called: called.into_iter().chain(natural).collect(),
                    given,
                    changes: one.change.action != Action::None && one.change.blocked.is_none(),
                    spec,
                    ty,
                });
            }
        }
        for (ty, all) in snapshot {
            for live in all {
                let natural = registry.get(ty).and_then(|handler| handler.natural_name(&live.spec));
                around.objects.push(Object {
                    workspace: None,
                    address: None,
                    ty: ty.clone(),
                    spec: live.spec.clone(),
                    given: BTreeSet::new(),
                    changes: false,
                    called: LiveReferences::names(live).into_iter().chain(natural).collect(),
                });
            }
        }
        around
    }

    /// The objects the plan is about.
    pub fn planned(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(|object| object.address.is_some())
    }

    /// Tells whether the plan is about this live object, or takes it away.
    pub fn is_planned_or_leaves(&self, ty: &str, id: &str) -> bool {
        let mut planned = self.planned().filter(|object| object.ty == ty);
        planned.any(|object| object.called.iter().any(|name| name == id))
            || self.leaving.contains(&(ty.to_owned(), id.to_owned()))
    }

    /// Finds what a value of a resource in this workspace names: an id, an ARN or a natural name; or
    /// a reference not known yet, followed through outputs.
    pub fn find(&self, workspace: &str, ty: &str, value: &str) -> Option<&Object> {
        if !is_placeholder(value) {
            let called = |object: &&Object| object.called.iter().any(|name| name == value);
            return self.objects.iter().find(|object| object.ty == ty && called(object));
        }
        let refs = placeholder_refs(value).into_iter();
        let mut open: Vec<(String, String)> = refs.map(|r| (workspace.to_owned(), r)).collect();
        let mut seen = BTreeSet::new();
        while let Some((workspace, reference)) = open.pop() {
            if !seen.insert((workspace.clone(), reference.clone())) {
                continue;
            }
            let (workspace, name) = match reference.split_once(".outputs.") {
                Some((other, output)) => (other.to_owned(), format!("outputs.{output}")),
                None => (workspace, reference),
            };
            if let Some(refs) = self.waits.get(&(workspace.clone(), name.clone())) {
                open.extend(refs.iter().map(|r| (workspace.clone(), r.clone())));
                continue;
            }
            if let Some(found) = self.at(&workspace, ty, &name) {
                return Some(found);
            }
        }
        None
    }

    /// Finds the object that a reference such as `net.main.id` names.
    fn at(&self, workspace: &str, ty: &str, reference: &str) -> Option<&Object> {
        let mut text = reference;
        loop {
            if let Some(address) = Address::parse(text) {
                return self.objects.iter().find(|object| {
                    object.ty == ty
                        && object.workspace.as_deref() == Some(workspace)
                        && object.address.as_ref() == Some(&address)
                });
            }
            text = text.rsplit_once('.')?.0;
        }
    }
}

#[cfg(test)]
impl Around {
    /// Makes a view of planned objects, by workspace and address, and of what outputs wait for.
    pub(crate) fn of(objects: &[(&str, &str, Json)], waits: &[(&str, &str, &str)]) -> Self {
        let object = |(workspace, address, spec): &(&str, &str, Json)| {
            let address = Address::parse(address).unwrap();
            Object {
                workspace: Some((*workspace).to_owned()),
                ty: address.ty.clone(),
                called: spec["name"].as_str().map(str::to_owned).into_iter().collect(),
                address: Some(address),
                given: spec.as_object().into_iter().flat_map(|s| s.keys().cloned()).collect(),
                changes: true,
                spec: spec.clone(),
            }
        };
        let wait = |(workspace, name, on): &(&str, &str, &str)| {
            (((*workspace).to_owned(), (*name).to_owned()), BTreeSet::from([(*on).to_owned()]))
        };
        let waits = waits.iter().map(wait).collect();
        let objects = objects.iter().map(object).collect();
        Self { objects, waits, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::value::unknown_placeholder;
    use serde_json::json;

    #[test]
    fn names_and_references_are_followed_through_outputs() {
        let around = Around::of(
            &[
                ("base", "group.main", json!({ "name": "g" })),
                ("app", "group.main", json!({ "name": "other" })),
            ],
            &[("base", "outputs.group_arn", "group.main.arn")],
        );
        let unknown = |text: &str| unknown_placeholder(&BTreeSet::from([text.to_owned()]));
        let name = |value: &str| {
            around.find("app", "group", value).map(|found| found.spec["name"].clone())
        };
        assert_eq!(name("g"), Some(json!("g")));
        assert_eq!(name(&unknown("base.outputs.group_arn")), Some(json!("g")));
        assert_eq!(name(&unknown("group.main.id")), Some(json!("other")));
        assert_eq!(name(&unknown("base.outputs.nothing")), None);
        assert_eq!(name("h"), None);
    }
}
