//! The dependency graph in the languages of Graphviz and Mermaid, and as JSON.

use super::{SCHEMA, json};
use crate::engine::session::{End, GraphBlock, NeedKind, StackGraph};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What `graph --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GraphDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// Resources, data sources, and workspaces that are needed as a whole.
    pub nodes: Vec<NodeDocument>,
    /// What needs what.
    pub edges: Vec<EdgeDocument>,
}

/// One node.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NodeDocument {
    /// `WORKSPACE/ADDRESS`, or `WORKSPACE`; edges name it so.
    pub id: String,
    /// Name of the workspace.
    pub workspace: String,
    /// `type.name` or `data.type.name`; null for a workspace as a whole.
    pub address: Option<String>,
    /// What it is.
    pub kind: NodeKind,
    /// Has `for_each`: stands for any number of instances.
    pub several: bool,
}

/// What a node is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A resource.
    Resource,
    /// A data source.
    Data,
    /// A workspace as a whole.
    Workspace,
}

/// One edge.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EdgeDocument {
    /// Id of what needs.
    pub from: String,
    /// Id of what is needed.
    pub to: String,
    /// Why.
    pub kind: NeedKind,
}

/// Workspaces that are an end of some need as a whole.
fn whole(graph: &StackGraph) -> BTreeSet<&str> {
    let ends = graph.needs.iter().flat_map(|need| [&need.from, &need.to]);
    ends.filter(|end| end.address.is_none()).map(|end| end.workspace.as_str()).collect()
}

fn id(end: &End) -> String {
    match &end.address {
        Some(address) => format!("{}/{address}", end.workspace),
        None => end.workspace.clone(),
    }
}

fn label(block: &GraphBlock) -> String {
    let all = if block.several { "[*]" } else { "" };
    format!("{}{all}", block.address)
}

/// Renders a graph in the DOT language of Graphviz.
pub fn dot(graph: &StackGraph) -> String {
    let whole = whole(graph);
    let mut out = "// An arrow points to what is needed. Dashed: needed only for fields that are set \
                   late.\n// Dotted: no reference, but the type is created after the other.\n\
                   digraph infra {\n  rankdir = LR\n  node [shape = box, fontname = \"sans-serif\"]\n"
        .to_owned();
    for workspace in &graph.workspaces {
        let name = &workspace.name;
        if workspace.blocks.is_empty() {
            let _ = writeln!(out, "  {} [shape = folder]", quoted(name));
            continue;
        }
        let _ = writeln!(out, "  subgraph {} {{", quoted(&format!("cluster_{name}")));
        let _ = writeln!(out, "    label = {}\n    fontname = \"sans-serif\"", quoted(name));
        if whole.contains(name.as_str()) {
            let _ = writeln!(out, "    {} [shape = folder]", quoted(name));
        }
        for block in &workspace.blocks {
            let node = quoted(&format!("{name}/{}", block.address));
            let shape = if block.is_data { ", shape = ellipse" } else { "" };
            let _ = writeln!(out, "    {node} [label = {}{shape}]", quoted(&label(block)));
        }
        out.push_str("  }\n");
    }
    for need in &graph.needs {
        let style = match need.kind {
            NeedKind::Reference | NeedKind::Workspace => "",
            NeedKind::Late => " [style = dashed]",
            NeedKind::Type => " [style = dotted]",
        };
        let (from, to) = (quoted(&id(&need.from)), quoted(&id(&need.to)));
        let _ = writeln!(out, "  {from} -> {to}{style}");
    }
    out.push_str("}\n");
    out
}

/// A text as DOT's quoted string: only quotes and backslashes mean something in it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Renders a graph as a flowchart of Mermaid, which GitHub and GitLab draw in markdown.
pub fn mermaid(graph: &StackGraph) -> String {
    let whole = whole(graph);
    // Mermaid's own ids are numbers: words such as `end` mean something to it.
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = |id: String| {
        let next = numbers.len();
        *numbers.entry(id).or_insert(next)
    };
    let mut out = "%% An arrow points to what is needed. Dotted: needed only for fields that are \
                   set late,\n%% or, with a word, because the type is created after the other.\n\
                   flowchart LR\n"
        .to_owned();
    for (index, workspace) in graph.workspaces.iter().enumerate() {
        let name = &workspace.name;
        if workspace.blocks.is_empty() {
            let _ = writeln!(out, "  n{}[[\"{}\"]]", number(name.clone()), escaped(name));
            continue;
        }
        let _ = writeln!(out, "  subgraph w{index}[\"{}\"]", escaped(name));
        if whole.contains(name.as_str()) {
            let _ = writeln!(out, "    n{}[[\"{}\"]]", number(name.clone()), escaped(name));
        }
        for block in &workspace.blocks {
            let node = number(format!("{name}/{}", block.address));
            let label = escaped(&label(block));
            let node = if block.is_data {
                format!("n{node}([\"{label}\"])")
            } else {
                format!("n{node}[\"{label}\"]")
            };
            let _ = writeln!(out, "    {node}");
        }
        out.push_str("  end\n");
    }
    for need in &graph.needs {
        let arrow = match need.kind {
            NeedKind::Reference | NeedKind::Workspace => "-->",
            NeedKind::Late => "-.->",
            NeedKind::Type => "-.->|order|",
        };
        let (from, to) = (number(id(&need.from)), number(id(&need.to)));
        let _ = writeln!(out, "  n{from} {arrow} n{to}");
    }
    out
}

/// A text inside a quoted label of Mermaid.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;")
}

/// Renders a graph as JSON.
pub fn json(graph: &StackGraph) -> String {
    let whole = whole(graph);
    let mut nodes = Vec::new();
    for workspace in &graph.workspaces {
        let name = &workspace.name;
        if workspace.blocks.is_empty() || whole.contains(name.as_str()) {
            nodes.push(NodeDocument {
                id: name.clone(),
                workspace: name.clone(),
                address: None,
                kind: NodeKind::Workspace,
                several: false,
            });
        }
        nodes.extend(workspace.blocks.iter().map(|block| NodeDocument {
            id: format!("{name}/{}", block.address),
            workspace: name.clone(),
            address: Some(block.address.clone()),
            kind: if block.is_data { NodeKind::Data } else { NodeKind::Resource },
            several: block.several,
        }));
    }
    let edges = graph.needs.iter().map(|need| EdgeDocument {
        from: id(&need.from),
        to: id(&need.to),
        kind: need.kind,
    });
    json::pretty(&GraphDocument { schema: SCHEMA.to_owned(), nodes, edges: edges.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::{GraphWorkspace, Need};
    use crate::ui::tests::schemas;
    use insta::assert_snapshot;

    fn sample() -> StackGraph {
        let block = |address: &str, several| GraphBlock {
            address: address.into(),
            is_data: address.starts_with("data."),
            several,
        };
        let end = |workspace: &str, address: &str| End {
            workspace: workspace.into(),
            address: (!address.is_empty()).then(|| address.to_owned()),
        };
        let need = |from: &str, to: &str, kind| Need {
            from: end("network", from),
            to: end("network", to),
            kind,
        };
        StackGraph {
            workspaces: vec![
                GraphWorkspace {
                    name: "network".into(),
                    blocks: vec![
                        block("data.availability_zones.all", false),
                        block("internet_gateway.main", false),
                        block("route_table.public", false),
                        block("subnet.public", true),
                        block("vpc.main", false),
                    ],
                },
                GraphWorkspace { name: "shared".into(), blocks: Vec::new() },
            ],
            needs: vec![
                Need { from: end("network", ""), to: end("shared", ""), kind: NeedKind::Workspace },
                need("route_table.public", "internet_gateway.main", NeedKind::Late),
                need("subnet.public", "data.availability_zones.all", NeedKind::Reference),
                need("subnet.public", "internet_gateway.main", NeedKind::Type),
                need("subnet.public", "vpc.main", NeedKind::Reference),
            ],
        }
    }

    #[test]
    fn a_graph_in_every_language() {
        let document = json(&sample());
        schemas::assert_conforms("graph", &serde_json::from_str(&document).unwrap());
        assert_snapshot!([dot(&sample()), mermaid(&sample()), document].join("-----\n"));
    }

    #[test]
    fn quotes_are_kept_apart_from_the_text() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(escaped("a\"#"), "a#quot;#35;");
    }
}
