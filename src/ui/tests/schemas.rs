//! The schemas beside the code: generated from the documents, kept current, and conformed to.

use crate::ui::{drift, explain, graph, inventory, json, show};
use serde_json::Value as Json;
use std::path::PathBuf;

fn all() -> Vec<(&'static str, Json)> {
    fn of<T: schemars::JsonSchema>() -> Json {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<T>().to_value()
    }
    vec![
        ("plan", of::<json::PlanDocument>()),
        ("events", of::<json::EventDocument>()),
        ("error", of::<json::ErrorDocument>()),
        ("validate", of::<json::ValidateDocument>()),
        ("outputs", of::<show::OutputsDocument>()),
        ("show", of::<show::ShowDocument>()),
        ("explain", of::<explain::ExplainDocument>()),
        ("drift", of::<drift::DriftDocument>()),
        ("graph", of::<graph::GraphDocument>()),
        ("inventory", of::<inventory::InventoryDocument>()),
    ]
}

/// Run with INFRA_WRITE_SCHEMAS=1 to write the files anew.
#[test]
fn are_current() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/ui/schemas");
    for (name, schema) in all() {
        let file = folder.join(format!("{name}.json"));
        let wanted = json::pretty(&schema);
        if std::env::var_os("INFRA_WRITE_SCHEMAS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, wanted, "{} is out of date", file.display());
    }
}

pub(crate) fn assert_conforms(name: &str, document: &Json) {
    let schema = all().into_iter().find(|(known, _)| *known == name).unwrap().1;
    check(&schema, &schema, document, name).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(document["schema"], "infra/v1");
}

/// As much of JSON Schema as ours use; anything else is an error.
fn check(root: &Json, schema: &Json, value: &Json, at: &str) -> Result<(), String> {
    let Some(rules) = schema.as_object() else {
        return if *schema == Json::Bool(true) { Ok(()) } else { Err(format!("{at}: no")) };
    };
    for (rule, wanted) in rules {
        match rule.as_str() {
            "$schema" | "title" | "description" | "format" | "$defs" | "minimum" | "properties"
            | "default" => {}
            "$ref" => {
                let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).unwrap(), value, at)?;
            }
            "anyOf" | "oneOf" => {
                let fits = wanted.as_array().unwrap().iter();
                let fits = fits.filter(|s| check(root, s, value, at).is_ok()).count();
                if fits == 0 || (rule == "oneOf" && fits > 1) {
                    return Err(format!("{at}: {value} fits {fits} of {wanted}"));
                }
            }
            "const" if wanted == value => {}
            "enum" if wanted.as_array().unwrap().contains(value) => {}
            "type" => {
                let types = match wanted {
                    Json::Array(many) => many.clone(),
                    one => vec![one.clone()],
                };
                let is = |ty: &str| match ty {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "null" => value.is_null(),
                    _ => false,
                };
                if !types.iter().any(|ty| is(ty.as_str().unwrap())) {
                    return Err(format!("{at}: {value} is not {wanted}"));
                }
            }
            "required" => {
                for name in wanted.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return Err(format!("{at}: {name} is missing"));
                    }
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, wanted, item, &format!("{at}[{number}]"))?;
                }
            }
            "additionalProperties" => {
                for (name, item) in value.as_object().into_iter().flatten() {
                    check(root, wanted, item, &format!("{at}.{name}"))?;
                }
            }
            _ => return Err(format!("{at}: {value} breaks {rule} {wanted}")),
        }
    }
    let properties = rules.get("properties").and_then(Json::as_object);
    if let (Some(properties), Some(object)) = (properties, value.as_object()) {
        for (name, item) in object {
            let schema = properties.get(name).ok_or(format!("{at}: {name} is not described"))?;
            check(root, schema, item, &format!("{at}.{name}"))?;
        }
    }
    Ok(())
}
