//! References seen in the live account: which object names which.

use super::resource::{Changed, LiveObject};
use crate::stack::TypeEntry;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Finds the objects that values of other objects name, by id or ARN. Objects of several types may
/// have one name: all of them are named then.
pub struct LiveReferences {
    by_name: BTreeMap<String, Vec<usize>>,
}

/// The field with an object's own name, which names no other one: a group of instances, its launch
/// template and its security group may all be called alike.
const NAME: &str = "name";

impl LiveReferences {
    /// Indexes objects; positions in the list are what the other methods speak of.
    pub fn new<'a>(objects: impl IntoIterator<Item = Option<&'a LiveObject>>) -> Self {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, object) in objects.into_iter().enumerate() {
            for name in object.into_iter().flat_map(Self::names) {
                by_name.entry(name).or_default().push(index);
            }
        }
        Self { by_name }
    }

    /// What others call an object: its id and its ARN.
    pub fn names(object: &LiveObject) -> Vec<String> {
        let arn = object.out.get("arn").and_then(Json::as_str);
        std::iter::once(object.id.as_str()).chain(arn).map(str::to_owned).collect()
    }

    /// Objects named in fields that are not late, and in late fields; itself left out.
    pub fn of(
        &self,
        entry: &TypeEntry,
        object: Option<&LiveObject>,
        own: usize,
    ) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut main, mut late) = (BTreeSet::new(), BTreeSet::new());
        for (field, value) in object.into_iter().flat_map(others) {
            let found = if entry.is_late(field) { &mut late } else { &mut main };
            self.collect(value, own, found);
        }
        (main, late)
    }

    /// All objects named; itself left out.
    pub fn all(&self, object: &LiveObject, own: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        others(object).for_each(|(_, value)| self.collect(value, own, &mut found));
        found
    }

    fn collect(&self, value: &Json, own: usize, found: &mut BTreeSet<usize>) {
        match value {
            Json::String(s) => {
                found.extend(self.by_name.get(s).into_iter().flatten().filter(|i| **i != own));
            }
            Json::Array(items) => items.iter().for_each(|v| self.collect(v, own, found)),
            Json::Object(map) => map.values().for_each(|v| self.collect(v, own, found)),
            _ => {}
        }
    }
}

/// The fields that may name others: all but the object's own name. A field such as `role_name` is
/// of another object, though that may have the same name.
fn others(object: &LiveObject) -> impl Iterator<Item = (&String, &Json)> {
    let names_others =
        |field: &str| ["_name", "_id", "_arn"].iter().any(|end| field.ends_with(end));
    let is_own = move |field: &str, value: &Json| {
        field == NAME || (*value == *object.id && !names_others(field))
    };
    let fields = object.spec.as_object().into_iter().flatten();
    fields.filter(move |(field, value)| !is_own(field, value))
}

/// Takes everything that names one of these ids or ARNs out of an object's late fields, or of all
/// its fields: elements of lists, members of tables. Returns what is left, and which fields that
/// changed.
pub fn without(
    entry: &TypeEntry,
    spec: &Json,
    names: &[String],
    only_late: bool,
) -> (Json, Changed) {
    let mut rest = spec.clone();
    let mut changed = Changed::default();
    for (field, value) in rest.as_object_mut().into_iter().flatten() {
        if only_late && !entry.is_late(field) {
            continue;
        }
        let before = value.clone();
        if strip(value, names) {
            *value = Json::Null;
        }
        if *value != before {
            changed.0.insert(field.clone());
        }
    }
    (rest, changed)
}

/// Takes names out of a value; tells whether it makes no sense any more: it is such a name, or a
/// table with one.
fn strip(value: &mut Json, names: &[String]) -> bool {
    match value {
        Json::String(s) => names.contains(s),
        Json::Array(items) => {
            items.retain_mut(|item| !strip(item, names));
            false
        }
        Json::Object(map) => map.values_mut().any(|member| strip(member, names)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> TypeEntry {
        TypeEntry {
            name: "rt",
            aws_name: "rt",
            spec: json!({"type": "object", "properties": {
                "vpc_id": {"type": "string"},
                "subnet_ids": {"type": "array", "x-late": true},
                "routes": {"type": "array", "x-late": true},
                "main": {"type": "string", "x-late": true},
            }}),
            out: json!({"type": "object", "properties": {}}),
        }
    }

    fn live(spec: Json, id: &str) -> LiveObject {
        serde_json::from_value(json!({"id": id, "spec": spec, "out": {"id": id}})).unwrap()
    }

    #[test]
    fn names_that_are_alike_are_told_apart_from_references() {
        // A group of instances, its security group and its capacity provider, and who uses them.
        let objects = [
            live(json!({"name": "dev", "vpc_id": "vpc-1"}), "dev"),
            live(json!({"name": "dev", "vpc_id": "vpc-1"}), "sg-1"),
            live(json!({"name": "dev", "provider": {"of": "dev"}}), "dev"),
            live(json!({"family": "dev-task", "routes": ["dev"]}), "dev-task"),
            live(json!({"name": "dev-task", "family": "dev-task"}), "other"),
        ];
        let references = LiveReferences::new(objects.iter().map(Some));
        let all = |own: usize| Vec::from_iter(references.all(&objects[own], own));
        assert_eq!((all(0).len(), all(1).len()), (0, 0));
        assert_eq!(all(2), [0]);
        assert_eq!(all(3), [0, 2]);
        assert_eq!(all(4), [3], "a name of another type's in another field");
        let (main, late) = references.of(&table(), Some(&objects[3]), 3);
        assert_eq!((main.len(), late), (0, BTreeSet::from([0, 2])));
    }

    #[test]
    fn only_what_names_something_that_goes_is_taken_out() {
        let spec = json!({
            "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "routes": [
                {"to": "0.0.0.0/0", "gateway_id": "igw-1", "more": ["x"]},
                {"to": "::/0", "gateway_id": "igw-2"},
            ],
            "main": "subnet-1",
        });
        let names = ["vpc-1", "subnet-1", "igw-1"].map(str::to_owned);
        let (rest, changed) = without(&table(), &spec, &names, true);
        let expected = json!({
            "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-2"],
            "routes": [{"to": "::/0", "gateway_id": "igw-2"}],
            "main": null,
        });
        assert_eq!(rest, expected);
        assert_eq!(Vec::from_iter(changed.0), ["main", "routes", "subnet_ids"]);
        let (rest, changed) = without(&table(), &spec, &names[..1], false);
        assert_eq!((&rest["vpc_id"], changed.0.len()), (&Json::Null, 1));
        assert!(without(&table(), &spec, &names[..1], true).1.0.is_empty());
    }
}
