//! Resource types explained from their schemas alone.

use super::text::{Look, Span, Tone, columns, layout, wrap};
use super::{SCHEMA, json, value};
use crate::stack::{BlockKind, Catalog, SchemaView, TypeEntry};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use std::fmt::Write as _;

/// What `explain --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExplainDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// The types asked for; without fields when none was.
    pub types: Vec<TypeDocument>,
}

/// One type.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TypeDocument {
    /// Name in a stack file.
    pub name: String,
    /// AWS's name.
    pub aws_name: String,
    /// Whether it is a data source: read, never written.
    pub data: bool,
    /// What it is.
    pub description: String,
    /// What a stack may say.
    pub fields: Vec<FieldDocument>,
    /// What AWS decides and others may refer to.
    pub exports: Vec<FieldDocument>,
}

/// One field or attribute.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FieldDocument {
    /// Name; fields within it are in `fields`.
    pub name: String,
    /// Its type in words, e.g. `list of string`.
    #[serde(rename = "type")]
    pub kind: String,
    /// It must be given.
    pub required: bool,
    /// Our default; null when there is none.
    pub default: Json,
    /// A difference forces a replacement.
    pub immutable: bool,
    /// It is set after both ends exist.
    pub late: bool,
    /// AWS never gives it back, so it is not compared.
    pub write_only: bool,
    /// Its value is never shown.
    pub sensitive: bool,
    /// The only values allowed; empty when there is no such list.
    pub values: Vec<String>,
    /// What it is.
    pub description: String,
    /// Fields of an object, of a list's elements, or of a map's values.
    pub fields: Vec<FieldDocument>,
}

/// A place in a schema that explains itself.
#[derive(Clone, Debug)]
pub struct Explained {
    name: String,
    field: FieldDocument,
}

/// Renders the closed list of types.
pub fn list_text(catalog: &Catalog, look: Look) -> String {
    let mut out = String::new();
    for (title, entries, prefix) in
        [("Resource types", &catalog.resources, ""), ("Data sources", &catalog.data, "data.")]
    {
        if entries.is_empty() {
            continue;
        }
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{}", look.paint(Tone::Strong, title));
        let name = |entry: &TypeEntry| format!("{prefix}{}", entry.name);
        let widest = entries.values().map(|e| columns(&name(e))).max().unwrap_or(0);
        for entry in entries.values() {
            let name = name(entry);
            let pad = " ".repeat(widest - columns(&name) + 2);
            let spans =
                [Span::plain(format!("{name}{pad}")), Span::new(Tone::Faint, entry.aws_name)];
            let _ = writeln!(out, "  {}", layout(&spans, 2, 6, look));
        }
    }
    let _ = writeln!(out, "\n`infra explain TYPE` explains one.");
    out
}

/// Renders the closed list of types as JSON.
pub fn list_json(catalog: &Catalog) -> String {
    let entries = catalog.resources.values().map(|e| (BlockKind::Resource, e));
    let entries = entries.chain(catalog.data.values().map(|e| (BlockKind::Data, e)));
    let types = entries.map(|(kind, entry)| {
        let whole = type_document(kind, entry);
        TypeDocument { fields: Vec::new(), exports: Vec::new(), ..whole }
    });
    json::pretty(&ExplainDocument { schema: SCHEMA.to_owned(), types: types.collect() })
}

/// Renders one type as JSON.
pub fn type_json(kind: BlockKind, entry: &TypeEntry) -> String {
    let types = vec![type_document(kind, entry)];
    json::pretty(&ExplainDocument { schema: SCHEMA.to_owned(), types })
}

fn type_document(kind: BlockKind, entry: &TypeEntry) -> TypeDocument {
    let text = entry.spec().description().unwrap_or_default();
    TypeDocument {
        name: entry.name.to_owned(),
        aws_name: entry.aws_name.to_owned(),
        data: kind == BlockKind::Data,
        description: text.to_owned(),
        fields: fields(entry.spec(), 0),
        exports: exports(entry),
    }
}

fn exports(entry: &TypeEntry) -> Vec<FieldDocument> {
    let mut all = fields(entry.out(), 0);
    all.retain(|field| entry.spec().property(&field.name).is_none());
    for field in &mut all {
        field.required = false; // nobody gives it
    }
    all.sort_by(|a, b| (a.name != "id", &a.name).cmp(&(b.name != "id", &b.name)));
    all
}

/// Depth beyond which a schema that refers to itself is no longer followed.
const DEEPEST: usize = 8;

fn fields(view: SchemaView<'_>, depth: usize) -> Vec<FieldDocument> {
    let required = view.required();
    let mut all: Vec<_> = view
        .properties()
        .into_iter()
        .map(|(name, field)| field_document(name, field, required.contains(&name), depth))
        .collect();
    all.sort_by_key(|field| !field.required);
    all
}

fn field_document(name: &str, view: SchemaView<'_>, required: bool, depth: usize) -> FieldDocument {
    let mut inner = view;
    while let Some(next) = inner.items().or_else(|| inner.values()) {
        inner = next;
    }
    FieldDocument {
        name: name.to_owned(),
        kind: kind(view),
        required: required && view.default().is_none(),
        default: view.default().cloned().unwrap_or(Json::Null),
        immutable: view.is_immutable(),
        late: view.is_late(),
        write_only: view.is_write_only(),
        sensitive: view.is_sensitive(),
        values: inner.enum_values().into_iter().map(str::to_owned).collect(),
        description: view.description().unwrap_or_default().to_owned(),
        fields: if depth < DEEPEST { fields(inner, depth + 1) } else { Vec::new() },
    }
}

/// The type of a field in words.
fn kind(view: SchemaView<'_>) -> String {
    if let Some(reference) = view.reference() {
        return format!("id of {reference}");
    }
    if let Some(items) = view.items() {
        let word = if view.is_set() { "set" } else { "list" };
        return format!("{word} of {}", kind(items));
    }
    if let Some(values) = view.values() {
        return format!("map of {}", kind(values));
    }
    match view.types().as_slice() {
        [] if !view.enum_values().is_empty() => "string".to_owned(),
        [] if !view.properties().is_empty() => "object".to_owned(),
        [] => "any".to_owned(),
        types => {
            let words = types.iter().map(|t| match *t {
                "integer" | "number" => "number",
                "boolean" => "bool",
                other => other,
            });
            words.collect::<Vec<_>>().join(" or ")
        }
    }
}

/// Renders one type as text.
pub fn type_text(kind: BlockKind, entry: &TypeEntry, look: Look) -> String {
    let prefix = if kind == BlockKind::Data { "data." } else { "" };
    let name = look.paint(Tone::Strong, &format!("{prefix}{}", entry.name));
    let mut out = format!("{name} ({})\n", entry.aws_name);
    let (words, examples) = split_doc(entry.spec().description().unwrap_or_default());
    out.push('\n');
    paragraphs(&words, 0, look, &mut out);
    for example in examples {
        let _ = writeln!(out, "\n{}", look.paint(Tone::Strong, "Example"));
        for line in example.lines() {
            let _ = writeln!(out, "{}", format!("  {line}").trim_end());
        }
    }
    let title = if kind == BlockKind::Data { "Filters" } else { "Fields" };
    section(title, &fields(entry.spec(), 0), look, &mut out);
    let title = if kind == BlockKind::Data { "Attributes" } else { "Attributes AWS decides" };
    section(title, &exports(entry), look, &mut out);
    out
}

fn section(title: &str, all: &[FieldDocument], look: Look, out: &mut String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", look.paint(Tone::Strong, title));
    for field in all {
        field_text(field, 2, look, out);
    }
}

fn field_text(field: &FieldDocument, indent: usize, look: Look, out: &mut String) {
    let margin = " ".repeat(indent);
    let mut facts = vec![field.kind.clone()];
    if field.required {
        facts.push("required".to_owned());
    }
    if !field.default.is_null() {
        facts.push(format!("default {}", value::inline(&field.default)));
    }
    if field.immutable {
        facts.push("forces replacement".to_owned());
    }
    if field.late {
        facts.push("set in a step of its own".to_owned());
    }
    if field.write_only {
        facts.push("not compared".to_owned());
    }
    if field.sensitive {
        facts.push("sensitive".to_owned());
    }
    let spans = [
        Span::new(Tone::Strong, &field.name),
        Span::new(Tone::Faint, format!("  {}", facts.join(", "))),
    ];
    let _ = writeln!(out, "{margin}{}", layout(&spans, indent, indent + 6, look));
    let (words, _) = split_doc(&field.description);
    paragraphs(&words, indent + 4, look, out);
    if !field.values.is_empty() {
        let one_of = format!("one of: {}", field.values.join(", "));
        let at = indent + 4;
        let _ = writeln!(out, "{}{}", " ".repeat(at), wrap(&one_of, at, at + 2, look));
    }
    for inner in &field.fields {
        field_text(inner, indent + 4, look, out);
    }
}

/// Doc comments break lines anywhere; a blank line alone begins a paragraph.
fn paragraphs(text: &str, indent: usize, look: Look, out: &mut String) {
    let all = text.split("\n\n").map(str::trim).filter(|p| !p.is_empty());
    for (number, paragraph) in all.enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "{}{}", " ".repeat(indent), wrap(&words, indent, indent, look));
    }
}

/// Parts a doc comment into its words and its examples in TOML.
pub fn split_doc(text: &str) -> (String, Vec<String>) {
    let (mut words, mut examples) = (String::new(), Vec::new());
    let mut example: Option<String> = None;
    for line in text.lines() {
        match (&mut example, line.trim_start().starts_with("```")) {
            (None, true) => example = Some(String::new()),
            (Some(_), true) => examples.extend(example.take()),
            (Some(code), false) => {
                code.push_str(line);
                code.push('\n');
            }
            (None, false) => {
                words.push_str(line);
                words.push('\n');
            }
        }
    }
    (words, examples)
}

/// Finds a field by its path, e.g. `ingress.from_port`; elements and values need no name.
pub fn find(entry: &TypeEntry, path: &str) -> Result<Explained, Missing> {
    let mut level = fields(entry.spec(), 0);
    level.extend(exports(entry));
    let mut found = None;
    let mut walked = Vec::new();
    for name in path.split('.') {
        let names: Vec<String> = level.iter().map(|field| field.name.clone()).collect();
        let Some(at) = level.iter().position(|field| field.name == name) else {
            return Err(Missing { within: walked.join("."), name: name.to_owned(), known: names });
        };
        walked.push(name);
        let field = level.swap_remove(at);
        level.clone_from(&field.fields);
        found = Some(field);
    }
    found
        .map(|field| Explained { name: format!("{}.{path}", entry.name), field })
        .ok_or_else(|| Missing { within: String::new(), name: path.to_owned(), known: Vec::new() })
}

/// A field that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Path of the object looked into; empty for the type itself.
    pub within: String,
    /// Name looked for.
    pub name: String,
    /// Names that are there.
    pub known: Vec<String>,
}

/// Renders one field as text.
pub fn field_text_alone(explained: &Explained, look: Look) -> String {
    let mut out = String::new();
    let named = FieldDocument { name: explained.name.clone(), ..explained.field.clone() };
    field_text(&named, 0, look, &mut out);
    out
}

/// Renders one field as JSON.
pub fn field_json(explained: &Explained) -> String {
    let mut document = serde_json::to_value(&explained.field).unwrap_or_default();
    document["schema"] = SCHEMA.into();
    json::pretty(&document)
}
