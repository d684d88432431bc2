//! What every type must keep, checked over the registry.

use crate::engine::resource::Registry;
use crate::stack::value::{is_placeholder, unknown_placeholder};
use crate::stack::{BlockKind, SchemaView, TypeEntry};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Keys of the language itself (design section 2).
const META: &[&str] = &["for_each", "when", "depends_on", "protect", "tags", "timeouts", "import"];

fn entries(registry: &Registry) -> Vec<(BlockKind, TypeEntry)> {
    let resources = registry.resources.values().map(|h| (BlockKind::Resource, h.entry().clone()));
    let data = registry.data.values().map(|r| (BlockKind::Data, r.entry().clone()));
    resources.chain(data).collect()
}

/// The block shown in a type's documentation, with each expression as a value not known yet.
fn example(kind: BlockKind, entry: &TypeEntry) -> Json {
    let name = entry.name;
    let text = entry.spec["description"].as_str().unwrap_or_default();
    let (_, rest) = text.split_once("```toml").unwrap_or_else(|| panic!("{name}: no example"));
    let (code, _) = rest.split_once("```").unwrap();
    let table: toml::Table = toml::from_str(code).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut json = serde_json::to_value(table).unwrap();
    let blocks = if kind == BlockKind::Data { &mut json["data"][name] } else { &mut json[name] };
    let mut block = blocks.as_object_mut().unwrap().values().next().unwrap().clone();
    for key in META {
        block.as_object_mut().unwrap().remove(*key);
    }
    unknown(&mut block);
    block
}

fn unknown(value: &mut Json) {
    match value {
        Json::String(text) if text.contains("${") => {
            *text = unknown_placeholder(&BTreeSet::from([text.clone()]));
        }
        Json::Array(items) => items.iter_mut().for_each(unknown),
        Json::Object(map) => map.values_mut().for_each(unknown),
        _ => {}
    }
}

#[test]
fn every_example_is_taken_and_stable() {
    let registry = crate::resources::registry();
    for (kind, entry) in entries(&registry) {
        let spec = example(kind, &entry);
        let normalize = |spec: &Json| match kind {
            BlockKind::Resource => registry.resources[entry.name].normalize(spec),
            BlockKind::Data => registry.data[entry.name].normalize(spec),
        };
        let once = normalize(&spec).unwrap_or_else(|e| panic!("{}: {e:?}", entry.name));
        assert_eq!(normalize(&once).unwrap(), once, "{}", entry.name);
        if kind == BlockKind::Resource {
            assert_eq!(registry.resources[entry.name].validate(&once), [], "{}", entry.name);
        }
    }
}

#[test]
fn every_field_is_documented_and_well_named() {
    let registry = crate::resources::registry();
    for (_, entry) in entries(&registry) {
        for view in [entry.spec(), entry.out()] {
            assert!(view.description().is_some_and(|d| !d.is_empty()), "{}", entry.name);
            for (path, field) in view.walk() {
                let at = format!("{}.{}", entry.name, path.join("."));
                let name = path.last().unwrap();
                if *name != "*" {
                    assert!(field.description().is_some(), "{at} is not documented");
                    let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                    assert!(name.chars().all(snake), "{at}");
                }
            }
        }
        for (name, _) in entry.spec().properties() {
            assert!(!META.contains(&name), "{}.{name} is a key of the language", entry.name);
        }
    }
}

#[test]
fn outputs_are_nothing_the_stack_may_say() {
    let registry = crate::resources::registry();
    for handler in registry.resources.values() {
        let entry = handler.entry();
        let out: Vec<_> = entry.out().properties().into_iter().map(|(name, _)| name).collect();
        assert!(out.contains(&"id"), "{}", entry.name);
        for name in out {
            assert!(entry.spec().property(name).is_none(), "{}.{name}", entry.name);
        }
    }
}

#[test]
fn only_attributes_are_renewed_and_by_fields_of_the_main_step() {
    let registry = crate::resources::registry();
    for handler in registry.resources.values() {
        let entry = handler.entry();
        let (spec, out) = (entry.spec(), entry.out());
        for (name, field) in spec.properties() {
            assert!(!field.is_renewed_by(name), "{}.{name} is a field", entry.name);
        }
        for by in out.properties().into_iter().flat_map(|(_, view)| view.renewing_fields()) {
            let main = spec.property(by).is_some_and(|view| !view.is_late());
            assert!(main, "{}.{by} renews nothing", entry.name);
        }
    }
}

#[test]
fn references_name_types_and_make_no_cycle() {
    let registry = crate::resources::registry();
    let mut after: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (kind, entry) in entries(&registry) {
        for (name, field) in entry.spec().properties() {
            for target in targets(field) {
                assert!(registry.get(target).is_some(), "{}.{name}: {target}", entry.name);
                if kind == BlockKind::Resource && !field.is_late() {
                    after.entry(registry.get(entry.name).unwrap().entry().name).or_default();
                    let target = registry.get(target).unwrap().entry().name;
                    after.get_mut(entry.name).unwrap().insert(target);
                }
            }
        }
    }
    for handler in registry.resources.values() {
        let known = handler.rules().created_after.iter().filter(|ty| registry.get(ty).is_some());
        after.entry(handler.entry().name).or_default().extend(known);
    }
    // Takes away what waits for nothing until nothing is left.
    while !after.is_empty() {
        let free: Vec<_> = after
            .iter()
            .filter(|(_, waits)| waits.iter().all(|w| !after.contains_key(w)))
            .map(|(ty, _)| *ty)
            .collect();
        assert!(!free.is_empty(), "types wait for each other: {after:?}");
        after.retain(|ty, _| !free.contains(ty));
    }
}

fn targets(field: SchemaView<'_>) -> Vec<&str> {
    let below = field.walk().into_iter().filter_map(|(_, view)| view.reference());
    field.reference().into_iter().chain(below).collect()
}

#[test]
fn every_retry_says_what_it_waits_for() {
    for (name, handler) in &crate::resources::registry().resources {
        for retry in handler.rules().retry {
            assert!(!retry.reason.is_empty() && !retry.code.is_empty(), "{name}");
        }
        let stateful = [
            "dynamodb_table",
            "ecr_repository",
            "kms_key",
            "log_group",
            "route53_zone",
            "s3_bucket",
            "secretsmanager_secret",
        ];
        assert_eq!(handler.rules().stateful, stateful.contains(name), "{name}");
    }
}

#[test]
fn values_not_known_yet_are_let_through() {
    let registry = crate::resources::registry();
    let unknown = Json::from(unknown_placeholder(&BTreeSet::from(["x.y.z".to_owned()])));
    for (ty, field) in [
        ("vpc", "cidr_block"),
        ("subnet", "ipv6_cidr_block"),
        ("iam_role", "assume_role_policy_document"),
        ("security_group", "description"),
        ("log_group", "name"),
    ] {
        let handler = registry.get(ty).unwrap();
        let mut spec = example(BlockKind::Resource, handler.entry());
        spec[field] = unknown.clone();
        let normal = handler.normalize(&spec).unwrap();
        assert!(is_placeholder(normal[field].as_str().unwrap()), "{ty}.{field}");
        assert_eq!(handler.validate(&normal), [], "{ty}.{field}");
    }
}
