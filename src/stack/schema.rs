//! Field rules as schema annotations, and a view of a JSON Schema that reads them.
//!
//! A resource struct marks a field with `#[schemars(transform = immutable)]`; a misspelt rule does
//! not compile. Everything generic (checks, diff, docs, editor schema) reads the annotations here.

use schemars::Schema;
use serde_json::Value as Json;

const IMMUTABLE: &str = "x-immutable";
const LATE: &str = "x-late";
const WRITE_ONLY: &str = "x-write-only";
const SENSITIVE: &str = "x-sensitive";
const WHOLE: &str = "x-whole";
const RENEWED: &str = "x-renewed";
/// Annotation of a string that holds another resource's id: the type's name.
pub const REFERENCE: &str = "x-ref";
/// Annotation of a list whose elements are matched by the named fields: an array of names.
pub const KEY: &str = "x-key";

/// Marks a field that cannot be changed in place: a difference forces a replacement.
pub fn immutable(schema: &mut Schema) {
    schema.insert(IMMUTABLE.into(), true.into());
}

/// Marks a field that may be set only after both ends exist, in a step of its own.
pub fn late(schema: &mut Schema) {
    schema.insert(LATE.into(), true.into());
}

/// Marks a field AWS never gives back: it is sent, and never compared.
pub fn write_only(schema: &mut Schema) {
    schema.insert(WRITE_ONLY.into(), true.into());
}

/// Marks a field whose value is never shown or stored.
pub fn sensitive(schema: &mut Schema) {
    schema.insert(SENSITIVE.into(), true.into());
}

/// Marks an attribute that AWS decides and that an update in place gives a new value, whatever it
/// changes but tags: a plan then says "known after apply", and whoever refers to it follows.
pub fn renewed(schema: &mut Schema) {
    schema.insert(RENEWED.into(), true.into());
}

/// As [`renewed`], but only by updates of these top-level fields.
pub fn renewed_by(fields: &'static [&'static str]) -> impl FnMut(&mut Schema) {
    move |schema| {
        schema.insert(RENEWED.into(), fields.into());
    }
}

/// Marks a field whose value is given whole: what is left out within it is none, and is a difference
/// where the live object has some.
pub fn whole(schema: &mut Schema) {
    schema.insert(WHOLE.into(), true.into());
}

/// A place in a JSON Schema, with `$ref` and nullable wrappers looked through.
#[derive(Clone, Copy, Debug)]
pub struct SchemaView<'a> {
    root: &'a Json,
    /// The node as written, with the annotations of the field.
    node: &'a Json,
}

impl<'a> SchemaView<'a> {
    /// Views a whole schema.
    pub fn new(root: &'a Json) -> Self {
        Self { root, node: root }
    }

    /// The node behind references and nullable wrappers.
    pub fn resolved(&self) -> &'a Json {
        let mut node = self.node;
        for _ in 0..16 {
            if let Some(path) = node.get("$ref").and_then(Json::as_str) {
                match self.root.pointer(path.trim_start_matches('#')) {
                    Some(next) => node = next,
                    None => return node,
                }
            } else if let Some(next) = nullable(node) {
                node = next;
            } else {
                return node;
            }
        }
        node
    }

    fn annotation(&self, key: &str) -> Option<&'a Json> {
        self.node
            .get(key)
            .or_else(|| nullable(self.node).and_then(|inner| inner.get(key)))
            .or_else(|| self.resolved().get(key))
    }

    fn flag(&self, key: &str) -> bool {
        self.annotation(key).and_then(Json::as_bool).unwrap_or(false)
    }

    /// Tells whether a difference here forces a replacement.
    pub fn is_immutable(&self) -> bool {
        self.flag(IMMUTABLE)
    }

    /// Tells whether the field is set in a late step of its own.
    pub fn is_late(&self) -> bool {
        self.flag(LATE)
    }

    /// Tells whether the field is sent but never compared.
    pub fn is_write_only(&self) -> bool {
        self.flag(WRITE_ONLY)
    }

    /// Tells whether the value must stay hidden.
    pub fn is_sensitive(&self) -> bool {
        self.flag(SENSITIVE)
    }

    /// Tells whether the value or a part of it must stay hidden.
    pub fn holds_sensitive(&self) -> bool {
        self.is_sensitive() || self.walk().iter().any(|(_, view)| view.is_sensitive())
    }

    /// Tells whether an update of this top-level field gives the attribute a new value.
    pub fn is_renewed_by(&self, field: &str) -> bool {
        match self.annotation(RENEWED) {
            Some(Json::Array(fields)) => fields.iter().any(|f| f == field),
            Some(any) => any.as_bool() == Some(true),
            None => false,
        }
    }

    /// The fields named by [`renewed_by`].
    pub fn renewing_fields(&self) -> Vec<&'a str> {
        let fields = self.annotation(RENEWED).and_then(Json::as_array);
        fields.into_iter().flatten().filter_map(Json::as_str).collect()
    }

    /// Tells whether what is left out within the value is none.
    pub fn is_whole(&self) -> bool {
        self.flag(WHOLE)
    }

    /// Tells whether the array is a set: order does not matter.
    pub fn is_set(&self) -> bool {
        self.flag("uniqueItems")
    }

    /// The resource type whose id the string holds.
    pub fn reference(&self) -> Option<&'a str> {
        self.annotation(REFERENCE).and_then(Json::as_str)
    }

    /// The fields by which elements of the array are matched.
    pub fn key(&self) -> Vec<&'a str> {
        let key = self.annotation(KEY).and_then(Json::as_array);
        key.map(|names| names.iter().filter_map(Json::as_str).collect()).unwrap_or_default()
    }

    /// The words of the doc comment.
    pub fn description(&self) -> Option<&'a str> {
        self.annotation("description").and_then(Json::as_str)
    }

    /// The default, where the field has one of ours.
    pub fn default(&self) -> Option<&'a Json> {
        self.annotation("default")
    }

    /// The JSON types allowed here (`string`, `integer`, …) without `null`; empty when any is.
    pub fn types(&self) -> Vec<&'a str> {
        match self.resolved().get("type") {
            Some(Json::String(one)) => vec![one.as_str()],
            Some(Json::Array(many)) => {
                many.iter().filter_map(Json::as_str).filter(|t| *t != "null").collect()
            }
            _ => Vec::new(),
        }
    }

    /// The closed list of values, where there is one: from `enum`, or `const`s under `oneOf`.
    pub fn enum_values(&self) -> Vec<&'a str> {
        let node = self.resolved();
        if let Some(values) = node.get("enum").and_then(Json::as_array) {
            return values.iter().filter_map(Json::as_str).collect();
        }
        let Some(variants) = node.get("oneOf").and_then(Json::as_array) else { return Vec::new() };
        let mut values = Vec::new();
        for variant in variants {
            values.extend(variant.get("const").and_then(Json::as_str));
            let listed = variant.get("enum").and_then(Json::as_array);
            values.extend(listed.into_iter().flatten().filter_map(Json::as_str));
        }
        values
    }

    /// A view of one property of an object; `None` when the object does not have it.
    pub fn property(&self, name: &str) -> Option<Self> {
        let node = self.resolved().get("properties")?.get(name)?;
        Some(Self { root: self.root, node })
    }

    /// Names and views of all properties, in the order of their names.
    pub fn properties(&self) -> Vec<(&'a str, Self)> {
        let properties = self.resolved().get("properties").and_then(Json::as_object);
        properties
            .into_iter()
            .flatten()
            .map(|(name, node)| (name.as_str(), Self { root: self.root, node }))
            .collect()
    }

    /// Names of the properties that must be given.
    pub fn required(&self) -> Vec<&'a str> {
        let names = self.resolved().get("required").and_then(Json::as_array);
        names.into_iter().flatten().filter_map(Json::as_str).collect()
    }

    /// A view of the elements of an array.
    pub fn items(&self) -> Option<Self> {
        let node = self.resolved().get("items")?;
        Some(Self { root: self.root, node })
    }

    /// A view of the values of a map with free keys.
    pub fn values(&self) -> Option<Self> {
        let node = self.resolved().get("additionalProperties").filter(|n| n.is_object())?;
        Some(Self { root: self.root, node })
    }

    /// Tells whether an object takes no keys but its properties.
    pub fn is_closed(&self) -> bool {
        match self.resolved().get("additionalProperties") {
            None => self.resolved().get("properties").is_some(),
            Some(more) => more.as_bool() == Some(false),
        }
    }

    /// The alternatives of a value that may take several forms, null aside; empty when it has one,
    /// or is a closed list of values.
    pub fn variants(&self) -> Vec<Self> {
        let node = self.resolved();
        let variants = node.get("anyOf").or_else(|| node.get("oneOf")).and_then(Json::as_array);
        if !self.enum_values().is_empty() {
            return Vec::new();
        }
        let is_null = |v: &Json| v.get("type").and_then(Json::as_str) == Some("null");
        let variants = variants.into_iter().flatten().filter(|v| !is_null(v));
        variants.map(|node| Self { root: self.root, node }).collect()
    }

    /// The smallest number allowed.
    pub fn minimum(&self) -> Option<f64> {
        self.annotation("minimum").and_then(Json::as_f64)
    }

    /// The largest number allowed.
    pub fn maximum(&self) -> Option<f64> {
        self.annotation("maximum").and_then(Json::as_f64)
    }

    /// Every place in this schema, with its path: `*` stands for an element or a map's value.
    pub fn walk(&self) -> Vec<(Vec<&'a str>, Self)> {
        let mut found = Vec::new();
        self.walk_into(&mut Vec::new(), &mut found);
        found
    }

    fn walk_into(&self, path: &mut Vec<&'a str>, found: &mut Vec<(Vec<&'a str>, Self)>) {
        if path.len() > 12 {
            return; // a schema that refers to itself
        }
        for (name, view) in self.properties() {
            path.push(name);
            found.push((path.clone(), view));
            view.walk_into(path, found);
            path.pop();
        }
        for view in [self.items(), self.values()].into_iter().flatten() {
            path.push("*");
            found.push((path.clone(), view));
            view.walk_into(path, found);
            path.pop();
        }
    }
}

/// The one non-null alternative of `anyOf`/`oneOf`: what an `Option` looks like.
fn nullable(node: &Json) -> Option<&Json> {
    let variants = node.get("anyOf").or_else(|| node.get("oneOf"))?.as_array()?;
    let is_null = |v: &&Json| v.get("type").and_then(Json::as_str) == Some("null");
    let (nulls, others): (Vec<_>, Vec<_>) = variants.iter().partition(is_null);
    (nulls.len() == 1 && others.len() == 1).then(|| others[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::JsonSchema;
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct Inner {
        /// A port.
        port: u16,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is read")]
    struct Outer {
        #[schemars(transform = immutable)]
        name: Option<String>,
        #[schemars(transform = late)]
        rules: Option<BTreeSet<String>>,
        #[schemars(transform = sensitive)]
        inner: Option<Inner>,
        map: BTreeMap<String, Inner>,
        #[schemars(transform = renewed)]
        arn: String,
        #[schemars(transform = renewed_by(&["rules"]))]
        version: u32,
    }

    #[test]
    fn reads_annotations_through_options_and_references() {
        let schema = schemars::schema_for!(Outer).to_value();
        let view = SchemaView::new(&schema);
        let name = view.property("name").unwrap();
        assert!(name.is_immutable() && !name.is_late());
        assert_eq!(name.types(), ["string"]);
        let rules = view.property("rules").unwrap();
        assert!(rules.is_late() && rules.is_set());
        let inner = view.property("inner").unwrap();
        assert!(inner.is_sensitive());
        assert_eq!(inner.property("port").unwrap().description(), Some("A port."));
        let map = view.property("map").unwrap().values().unwrap();
        assert_eq!(map.property("port").unwrap().types(), ["integer"]);
        assert_eq!(view.required(), ["map", "arn", "version"]);
        let renewed = |name: &str, by| view.property(name).unwrap().is_renewed_by(by);
        assert!(renewed("arn", "inner") && renewed("version", "rules"));
        assert!(!renewed("version", "inner") && !renewed("name", "inner"));
        assert_eq!(view.property("version").unwrap().renewing_fields(), ["rules"]);
        assert!(view.walk().iter().any(|(path, _)| path.as_slice() == ["map", "*", "port"]));
    }
}
