//! Outputs and live resources, as text and as JSON.

use super::text::{Look, Span, Tone, columns, layout};
use super::value::{self, SENSITIVE};
use super::{SCHEMA, json};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The outputs of one workspace in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceOutputs {
    /// Name of the workspace.
    pub workspace: String,
    /// AWS region.
    pub region: String,
    /// Its outputs, by name.
    pub outputs: Vec<OutputValue>,
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputValue {
    /// Name.
    pub name: String,
    /// Value; null when what it needs is not there.
    pub value: Json,
    /// Never show it in a list.
    pub sensitive: bool,
    /// What it is, from the stack file.
    pub description: Option<String>,
}

/// One live resource of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveResource {
    /// Name of the workspace.
    pub workspace: String,
    /// AWS region.
    pub region: String,
    /// `type.name` or `type.name["key"]`.
    pub address: String,
    /// AWS's name of the type.
    pub aws_name: String,
    /// AWS's id.
    pub id: String,
    /// What AWS calls its state, when it is not simply there.
    pub state: Option<String>,
    /// Attributes a stack may set or refer to.
    pub attributes: BTreeMap<String, Json>,
    /// Tags, ours among them.
    pub tags: BTreeMap<String, String>,
    /// Names of attributes never shown.
    pub sensitive: Vec<String>,
}

/// What `outputs --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutputsDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// By workspace and region.
    pub workspaces: Vec<WorkspaceOutputsDocument>,
}

/// The outputs of one workspace in one region.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WorkspaceOutputsDocument {
    /// Name of the workspace.
    pub name: String,
    /// AWS region.
    pub region: String,
    /// By name.
    pub outputs: BTreeMap<String, OutputDocument>,
}

/// One output.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutputDocument {
    /// Value; null when it is sensitive, or when what it needs is not there.
    pub value: Json,
    /// The value is not shown.
    pub sensitive: bool,
    /// What it is, from the stack file.
    pub description: Option<String>,
}

/// What `show --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShowDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// Live resources of ours.
    pub resources: Vec<LiveResourceDocument>,
}

/// One live resource.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LiveResourceDocument {
    /// Name of the workspace.
    pub workspace: String,
    /// AWS region.
    pub region: String,
    /// `type.name` or `type.name["key"]`.
    pub address: String,
    /// AWS's name of the type, e.g. `AWS::EC2::VPC`.
    #[serde(rename = "type")]
    pub aws_name: String,
    /// AWS's id.
    pub id: String,
    /// What AWS calls its state, when it is not simply there.
    pub state: Option<String>,
    /// Attributes a stack may set or refer to; sensitive ones are null.
    pub attributes: BTreeMap<String, Json>,
    /// Tags, ours among them.
    pub tags: BTreeMap<String, String>,
}

/// Renders outputs as text, aligned; headings only where there are several workspaces or regions, or
/// where they are asked for.
pub fn outputs_text(all: &[WorkspaceOutputs], headings: bool, look: Look) -> String {
    let several = headings || all.len() > 1;
    let mut out = String::new();
    for (number, workspace) in all.iter().enumerate() {
        if several {
            let gap = if number > 0 { "\n" } else { "" };
            let name = look.paint(Tone::Strong, &workspace.workspace);
            let _ = writeln!(out, "{gap}{name} ({})", workspace.region);
        }
        let indent = if several { 2 } else { 0 };
        let pairs = workspace.outputs.iter().map(|output| {
            let hidden = output.sensitive.then(|| Json::from(SENSITIVE));
            (output.name.as_str(), hidden.unwrap_or_else(|| output.value.clone()), output.sensitive)
        });
        attributes_text(pairs.collect(), indent, look, &mut out);
        if workspace.outputs.is_empty() {
            let _ = writeln!(out, "{}(no outputs)", " ".repeat(indent));
        }
    }
    out
}

/// Renders one output alone, for use in scripts: a string as it is, anything else as JSON. A
/// sensitive one is shown, for it was asked for by name.
pub fn output_value(value: &Json) -> String {
    match value {
        Json::String(text) => format!("{text}\n"),
        other => format!("{other}\n"),
    }
}

/// Renders outputs as JSON.
pub fn outputs_json(all: &[WorkspaceOutputs]) -> String {
    let output = |output: &OutputValue| {
        let value = if output.sensitive { Json::Null } else { output.value.clone() };
        let description = output.description.clone();
        (output.name.clone(), OutputDocument { value, sensitive: output.sensitive, description })
    };
    json::pretty(&OutputsDocument {
        schema: SCHEMA.to_owned(),
        workspaces: all
            .iter()
            .map(|workspace| WorkspaceOutputsDocument {
                name: workspace.workspace.clone(),
                region: workspace.region.clone(),
                outputs: workspace.outputs.iter().map(output).collect(),
            })
            .collect(),
    })
}

/// Renders live resources as a list: address, id, and the state where it is worth knowing.
pub fn list_text(all: &[LiveResource], look: Look) -> String {
    let mut groups: BTreeMap<(&str, &str), Vec<&LiveResource>> = BTreeMap::new();
    for resource in all {
        groups.entry((&resource.workspace, &resource.region)).or_default().push(resource);
    }
    if groups.is_empty() {
        return "No live resources.\n".to_owned();
    }
    let mut out = String::new();
    for (number, ((workspace, region), members)) in groups.into_iter().enumerate() {
        let gap = if number > 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}{} ({region})", look.paint(Tone::Strong, workspace));
        let widest = members.iter().map(|m| columns(&m.address)).filter(|w| *w <= 44).max();
        for member in members {
            let pad = widest.unwrap_or(0).saturating_sub(columns(&member.address));
            let state = member.state.as_ref().map(|s| format!("  ({s})")).unwrap_or_default();
            let spans = [
                Span::plain(&member.address),
                Span::plain(" ".repeat(pad + 2)),
                Span::new(Tone::Faint, &member.id),
                Span::new(Tone::Change, state),
            ];
            let _ = writeln!(out, "  {}", layout(&spans, 2, 6, look));
        }
    }
    out
}

/// Renders one live resource with all its attributes.
pub fn resource_text(resource: &LiveResource, look: Look) -> String {
    let place = format!(" ({}, {}, {})", resource.aws_name, resource.workspace, resource.region);
    let head = [Span::new(Tone::Strong, &resource.address), Span::plain(place)];
    let mut out = format!("{}\n", layout(&head, 0, 4, look));
    if let Some(state) = &resource.state {
        let _ = writeln!(out, "  state: {state}");
    }
    let mut pairs: Vec<(&str, Json, bool)> = resource
        .attributes
        .iter()
        .filter(|(name, value)| !value.is_null() && name.as_str() != "tags")
        .map(|(name, value)| {
            if resource.sensitive.contains(name) {
                (name.as_str(), Json::from(SENSITIVE), true)
            } else {
                (name.as_str(), value.clone(), false)
            }
        })
        .collect();
    pairs.sort_by_key(|(name, ..)| (*name != "id", *name != "arn", *name));
    attributes_text(pairs, 2, look, &mut out);
    if !resource.tags.is_empty() {
        let _ = writeln!(out, "  tags:");
        let tags =
            resource.tags.iter().map(|(key, tag)| (key.as_str(), Json::from(tag.as_str()), false));
        attributes_text(tags.collect(), 4, look, &mut out);
    }
    out
}

/// Renders live resources as JSON.
pub fn resources_json(all: &[LiveResource]) -> String {
    let resource = |live: &LiveResource| LiveResourceDocument {
        workspace: live.workspace.clone(),
        region: live.region.clone(),
        address: live.address.clone(),
        aws_name: live.aws_name.clone(),
        id: live.id.clone(),
        state: live.state.clone(),
        attributes: live
            .attributes
            .iter()
            .map(|(name, value)| {
                if live.sensitive.contains(name) {
                    (name.clone(), Json::Null)
                } else {
                    (name.clone(), value.clone())
                }
            })
            .collect(),
        tags: live.tags.clone(),
    };
    json::pretty(&ShowDocument {
        schema: SCHEMA.to_owned(),
        resources: all.iter().map(resource).collect(),
    })
}

/// `name: value` in aligned rows; what does not fit on one is opened up.
fn attributes_text(pairs: Vec<(&str, Json, bool)>, indent: usize, look: Look, out: &mut String) {
    let widest =
        pairs.iter().map(|(name, ..)| columns(name)).filter(|w| *w <= 36).max().unwrap_or(0);
    let margin = " ".repeat(indent);
    for (name, value, hidden) in pairs {
        let text = if hidden { SENSITIVE.to_owned() } else { value::inline(&value) };
        let pad = widest.saturating_sub(columns(name));
        let fits = |pad: usize| indent + columns(name) + pad + 2 + columns(&text) <= look.width;
        let opens = !hidden
            && (value::needs_lines(&value)
                || (!fits(0) && (value.is_array() || value.is_object() || is_document(&value))));
        if !opens {
            let pad = if fits(pad) { pad } else { 0 };
            let spans = [Span::plain(format!("{name}: {}", " ".repeat(pad))), Span::plain(text)];
            let _ = writeln!(out, "{margin}{}", layout(&spans, indent, indent + 4, look));
            continue;
        }
        let room = look.width.saturating_sub(indent + 2);
        let lines = value::lines(&value, room, value::Shape::Opened);
        let bracketed = value.is_array() || value.is_object();
        let mut lines = lines.into_iter();
        let first = if bracketed { lines.next() } else { None };
        let first = first.map(|line| format!(" {}", line.text)).unwrap_or_default();
        let _ = writeln!(out, "{margin}{name}:{first}");
        for line in lines {
            let depth = line.depth + usize::from(!bracketed);
            let at = indent + 2 * depth;
            let text = layout(&[Span::plain(line.text)], at, at + 4, look);
            let _ = writeln!(out, "{}{text}", " ".repeat(at));
        }
    }
}

fn is_document(value: &Json) -> bool {
    value.as_str().is_some_and(|text| value::document(text).is_some())
}
