//! The dependency graph of stack files, as people draw it: blocks and what each needs.

use super::Session;
use crate::stack::{BlockId, BlockKind, BoundWorkspace, Diagnostics, UnitPart};
use std::collections::{BTreeMap, BTreeSet};

/// Blocks of stack files and what each needs; everything in a stable order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackGraph {
    /// Workspaces with what they hold, then those only referred to.
    pub workspaces: Vec<GraphWorkspace>,
    /// What needs what.
    pub needs: Vec<Need>,
}

/// One workspace of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphWorkspace {
    /// Its name.
    pub name: String,
    /// Its resources and data sources by address; empty where it is only referred to.
    pub blocks: Vec<GraphBlock>,
}

/// One resource or data source, all its instances together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphBlock {
    /// `type.name` or `data.type.name`.
    pub address: String,
    /// Read and never written.
    pub is_data: bool,
    /// Has `for_each`: stands for any number of instances.
    pub several: bool,
}

/// One end of a need: a block, or a workspace as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// Name of the workspace.
    pub workspace: String,
    /// Address of the block; `None` for the workspace as a whole.
    pub address: Option<String>,
}

/// Why one needs the other.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// A reference, or `depends_on`.
    Reference,
    /// A reference in fields that are set once both are there.
    Late,
    /// No reference says so, but the type is created after the other.
    Type,
    /// Of workspaces: an output, or `depends_on`.
    Workspace,
}

/// That one thing needs another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// What needs.
    pub from: End,
    /// What is needed.
    pub to: End,
    /// Why.
    pub kind: NeedKind,
}

impl Session {
    /// Reads the graph of workspaces from their files; neither account nor values are needed.
    pub fn graph(&self, names: &[String]) -> Result<StackGraph, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut bound = Vec::new();
        let names: BTreeSet<&String> = names.iter().collect();
        for name in names {
            match self.parse(name) {
                Ok(parsed) => bound.push(parsed.unevaluated(&self.project, &self.context(None))),
                Err(found) => problems.extend(found),
            }
        }
        if problems.has_errors() {
            problems.sort();
            return Err(problems);
        }
        let mut graph = StackGraph::default();
        let mut others = BTreeSet::new();
        for one in &bound {
            graph
                .workspaces
                .push(GraphWorkspace { name: one.workspace.name.clone(), blocks: blocks(one) });
            graph.needs.extend(self.needs(one));
            others.extend(workspaces_of(one));
        }
        let shown: BTreeSet<String> = bound.into_iter().map(|b| b.workspace.name).collect();
        let empty = |name| GraphWorkspace { name, blocks: Vec::new() };
        graph.workspaces.extend(others.into_iter().filter(|o| !shown.contains(o)).map(empty));
        graph.needs.sort();
        Ok(graph)
    }

    fn needs(&self, bound: &BoundWorkspace) -> BTreeSet<Need> {
        let name = &bound.workspace.name;
        let whole = |workspace: String| End { workspace, address: None };
        let end = |id: &BlockId| End { workspace: name.clone(), address: Some(id.to_string()) };
        let mut kinds: BTreeMap<(&BlockId, BlockId), NeedKind> = BTreeMap::new();
        for id in bound.workspace.blocks.keys() {
            for part in [UnitPart::Data, UnitPart::Main, UnitPart::Late] {
                let kind =
                    if part == UnitPart::Late { NeedKind::Late } else { NeedKind::Reference };
                for (to, _) in bound.references_of(id, part) {
                    kinds.entry((id, to)).or_insert(kind);
                }
            }
            let after = self.registry.get(&id.ty).map_or(&[][..], |h| h.rules().created_after);
            let resources = bound.workspace.blocks.keys().filter(|to| {
                id.kind == BlockKind::Resource
                    && to.kind == BlockKind::Resource
                    && after.contains(&to.ty.as_str())
            });
            for to in resources {
                kinds.entry((id, to.clone())).or_insert(NeedKind::Type);
            }
        }
        let needs = kinds.into_iter().map(|((from, to), kind)| Need {
            from: end(from),
            to: end(&to),
            kind,
        });
        let workspaces = workspaces_of(bound).into_iter().map(|to| Need {
            from: whole(name.clone()),
            to: whole(to),
            kind: NeedKind::Workspace,
        });
        needs.chain(workspaces).collect()
    }
}

fn blocks(bound: &BoundWorkspace) -> Vec<GraphBlock> {
    let one = |id: &BlockId| GraphBlock {
        address: id.to_string(),
        is_data: id.kind == BlockKind::Data,
        several: bound.workspace.blocks[id].has_for_each,
    };
    let mut all: Vec<GraphBlock> = bound.workspace.blocks.keys().map(one).collect();
    all.sort();
    all
}

/// Workspaces that one needs: for their outputs, or because it says so.
fn workspaces_of(bound: &BoundWorkspace) -> BTreeSet<String> {
    let outputs = bound.needs_outputs().into_iter().map(|(workspace, _)| workspace);
    outputs.chain(bound.workspace.depends_on.iter().cloned()).collect()
}
