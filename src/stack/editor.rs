//! The JSON Schema of a whole stack file, for editors.

use serde_json::{Map, Value as Json, json};

use super::catalog::{Catalog, TypeEntry};

/// Makes the JSON Schema of a stack file. Each value may also be a string with an expression.
pub fn schema_document(catalog: &Catalog) -> Json {
    let mut definitions = Map::new();
    let mut properties = Map::new();
    let mut defaults = Map::new();
    let mut data = Map::new();
    for (name, entry) in &catalog.resources {
        let block = block(entry, name, &resource_meta(), &mut definitions, "resource");
        definitions.insert(format!("resource.{name}"), block);
        let reference = json!({ "$ref": format!("#/$defs/resource.{name}") });
        properties.insert(
            (*name).to_owned(),
            json!({
                "type": "object",
                "description": words(entry),
                "additionalProperties": reference,
            }),
        );
        defaults.insert((*name).to_owned(), default_block(entry, name));
    }
    for (name, entry) in &catalog.data {
        let block = block(entry, name, &data_meta(), &mut definitions, "data");
        definitions.insert(format!("data.{name}"), block);
        let reference = json!({ "$ref": format!("#/$defs/data.{name}") });
        data.insert(
            (*name).to_owned(),
            json!({
                "type": "object",
                "description": words(entry),
                "additionalProperties": reference,
            }),
        );
    }
    for (key, schema) in fixed() {
        properties.insert(key.to_owned(), schema);
    }
    let closed = |properties: Map<String, Json>, description: &str| {
        json!({
            "type": "object",
            "description": description,
            "properties": properties,
            "additionalProperties": false,
        })
    };
    properties.insert("data".into(), closed(data, "What others own, read and never written."));
    properties
        .insert("defaults".into(), closed(defaults, "Attributes for all resources of a type."));
    definitions.insert(
        "expression".into(),
        json!({
            "type": "string",
            "pattern": "[$%]\\{",
            "description": "An expression in Terraform's syntax.",
        }),
    );
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "infra stack",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn words(entry: &TypeEntry) -> String {
    entry.spec().description().map_or_else(|| entry.aws_name.to_owned(), str::to_owned)
}

fn expression() -> Json {
    json!({ "$ref": "#/$defs/expression" })
}

fn fixed() -> [(&'static str, Json); 6] {
    let text = json!({ "type": "string" });
    let tags = json!({
        "type": "object",
        "description": "Tags of every resource.",
        "additionalProperties": text,
    });
    let validation = json!({
        "anyOf": [
            text,
            {
                "type": "object",
                "properties": { "condition": text, "message": text },
                "required": ["condition"],
                "additionalProperties": false,
            },
        ],
    });
    [
        (
            "workspace",
            json!({
                "type": "object",
                "properties": {
                    "description": text,
                    "depends_on": {
                        "type": "array",
                        "items": text,
                        "description": "Workspaces applied before this one.",
                    },
                },
                "additionalProperties": false,
            }),
        ),
        (
            "variables",
            json!({
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "type": {
                            "type": "string",
                            "description": "string, number, bool, any, list(…), set(…), map(…) or object({…})",
                        },
                        "description": text,
                        "default": true,
                        "validate": {
                            "anyOf": [validation, { "type": "array", "items": validation }],
                            "description": "What a value must satisfy.",
                        },
                        "sensitive": { "type": "boolean" },
                    },
                    "additionalProperties": false,
                },
            }),
        ),
        ("locals", json!({ "type": "object" })),
        ("tags", tags),
        (
            "outputs",
            json!({
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "value": true,
                        "description": text,
                        "sensitive": { "type": "boolean" },
                    },
                    "required": ["value"],
                    "additionalProperties": false,
                },
            }),
        ),
        (
            "moved",
            json!({
                "type": "object",
                "description": "Old address = new address.",
                "additionalProperties": text,
            }),
        ),
    ]
}

fn data_meta() -> Map<String, Json> {
    let mut meta = Map::new();
    meta.insert(
        "for_each".into(),
        json!({
            "description": "One instance for each key of a map or element of a set of strings.",
            "anyOf": [
                { "type": "object" },
                { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
                expression(),
            ],
        }),
    );
    meta.insert(
        "when".into(),
        json!({
            "description": "False: there is none.",
            "anyOf": [{ "type": "boolean" }, expression()],
        }),
    );
    meta.insert(
        "depends_on".into(),
        json!({
            "description": "Blocks to come first, where no reference says so.",
            "type": "array",
            "items": { "type": "string" },
        }),
    );
    meta
}

fn resource_meta() -> Map<String, Json> {
    let mut meta = data_meta();
    meta.extend(default_meta());
    meta.insert(
        "import".into(),
        json!({ "description": "Id of an existing object to adopt.", "type": "string" }),
    );
    meta
}

fn default_meta() -> Map<String, Json> {
    let mut meta = Map::new();
    let limit = json!({ "type": "string", "pattern": "^([0-9]+[hms])+$" });
    meta.insert(
        "protect".into(),
        json!({
            "description": "Never deleted or replaced without --allow-protected.",
            "anyOf": [{ "type": "boolean" }, expression()],
        }),
    );
    meta.insert(
        "tags".into(),
        json!({
            "description": "Tags of the resource.",
            "anyOf": [
                { "type": "object", "additionalProperties": { "type": "string" } },
                expression(),
            ],
        }),
    );
    meta.insert(
        "timeouts".into(),
        json!({
            "description": "Time limits, such as \"10m\".",
            "type": "object",
            "properties": { "create": limit, "update": limit, "delete": limit },
            "additionalProperties": false,
        }),
    );
    meta
}

/// The schema of a block: that of the type, each value open to expressions, with the meta keys.
fn block(
    entry: &TypeEntry,
    name: &str,
    meta: &Map<String, Json>,
    definitions: &mut Map<String, Json>,
    kind: &str,
) -> Json {
    let prefix = format!("{kind}.{name}");
    if let Some(Json::Object(inner)) = entry.spec.get("$defs") {
        for (key, schema) in inner {
            let mut schema = schema.clone();
            open(&mut schema, &prefix, true);
            definitions.insert(format!("{prefix}.{key}"), schema);
        }
    }
    let mut block = entry.spec.clone();
    if let Json::Object(map) = &mut block {
        map.remove("$defs");
        map.remove("$schema");
        map.remove("title");
        // What is required may stand in the defaults of the type.
        map.remove("required");
    }
    open(&mut block, &prefix, true);
    if let Some(Json::Object(properties)) = block.get_mut("properties") {
        properties.extend(meta.clone());
    }
    block
}

fn default_block(entry: &TypeEntry, name: &str) -> Json {
    let mut properties = Map::new();
    for (field, _) in entry.spec().properties() {
        let path = format!("#/$defs/resource.{name}/properties/{field}");
        properties.insert(field.to_owned(), json!({ "$ref": path }));
    }
    properties.extend(default_meta());
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Opens every value inside a schema to expressions, points its references to where the
/// definitions have moved, and takes out null, which TOML does not have.
fn open(schema: &mut Json, prefix: &str, is_top: bool) {
    let Json::Object(map) = schema else { return };
    if let Some(Json::String(path)) = map.get_mut("$ref")
        && let Some(name) = path.strip_prefix("#/$defs/")
    {
        *path = format!("#/$defs/{prefix}.{name}");
    }
    if let Some(Json::Array(types)) = map.get_mut("type") {
        types.retain(|ty| ty != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".into(), only);
        }
    }
    if map.get("default") == Some(&Json::Null) {
        map.remove("default");
    }
    if let Some(Json::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Json::Array(variants)) = map.get_mut(key) {
            variants.retain(|v| v.get("type").and_then(Json::as_str) != Some("null"));
            variants.iter_mut().for_each(|variant| open(variant, prefix, true));
        }
    }
    if let Some(Json::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(|value| open(value, prefix, false));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(key) {
            open(inner, prefix, false);
        }
    }
    if !is_top && takes_more_than_text(map) {
        let description = map.remove("description");
        let inner = Json::Object(std::mem::take(map));
        map.insert("anyOf".into(), json!([inner, expression()]));
        map.extend(description.map(|words| ("description".to_owned(), words)));
    }
}

/// Tells whether a string with an expression would not be valid without being added.
fn takes_more_than_text(map: &Map<String, Json>) -> bool {
    let is_plain_text = map.get("type").and_then(Json::as_str) == Some("string")
        && !map.contains_key("enum")
        && !map.contains_key("pattern")
        && !map.contains_key("maxLength")
        && !map.contains_key("const")
        && !map.contains_key("format");
    let is_free = !["type", "$ref", "anyOf", "oneOf", "enum", "const", "properties"]
        .iter()
        .any(|key| map.contains_key(*key));
    !is_plain_text && !is_free
}
