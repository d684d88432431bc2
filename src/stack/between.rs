//! What workspaces ask of each other.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::BlockKind;
use super::diagnostic::{Diagnostic, Diagnostics, Location, nearest};
use super::document::listed;
use super::workspace::{BlockId, UnitPart, Workspace};

/// Checks what these workspaces ask of each other: an output that is not declared is told with the
/// nearest that is, and no workspace may wait for itself in a circle. Workspaces that are not among
/// them are not looked at.
pub fn check_outputs(workspaces: &[&Workspace]) -> Diagnostics {
    let mut problems = circles(workspaces);
    for workspace in workspaces {
        for ((other, output), at) in &workspace.needed {
            let Some(other) = workspaces.iter().find(|w| w.name == *other) else { continue };
            if other.outputs.contains_key(output) {
                continue;
            }
            let message = format!("the workspace `{}` has no output `{output}`", other.name);
            let known: Vec<&str> = other.outputs.keys().map(String::as_str).collect();
            let hint = match nearest(output, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "it has none".to_owned(),
                None => format!("it has {}", listed(&known)),
            };
            let problem = Diagnostic::error("unknown_output", message);
            problems.push(problem.at_location(Some(at.clone())).hint(hint));
        }
    }
    problems
}

/// Tells each circle of workspaces that wait for each other, with the place of each of its steps.
fn circles(workspaces: &[&Workspace]) -> Diagnostics {
    let mut walk = Walk {
        edges: workspaces.iter().map(|w| (w.name.as_str(), w.waits_for())).collect(),
        done: BTreeSet::new(),
        path: Vec::new(),
        problems: Diagnostics::new(),
    };
    for workspace in workspaces {
        walk.visit(&workspace.name);
    }
    walk.problems
}

impl Workspace {
    /// Outputs of other workspaces that a block refers to, by workspace and name; those that its
    /// data sources refer to among them.
    pub fn outputs_needed_by(&self, block: &BlockId) -> BTreeSet<(String, String)> {
        let used = self.with_data(BTreeSet::from([block.clone()]));
        let read = used.iter().filter(|b| *b == block || b.kind == BlockKind::Data);
        read.filter_map(|b| self.outputs_of_blocks.get(b)).flatten().cloned().collect()
    }

    /// Blocks that an output is made of; those that its data sources refer to among them.
    pub fn blocks_of_output(&self, output: &str) -> BTreeSet<BlockId> {
        self.with_data(self.blocks_of_outputs.get(output).cloned().unwrap_or_default())
    }

    /// Adds the data sources that blocks refer to, and what data sources refer to.
    fn with_data(&self, mut blocks: BTreeSet<BlockId>) -> BTreeSet<BlockId> {
        let mut open: Vec<BlockId> = blocks.iter().cloned().collect();
        while let Some(at) = open.pop() {
            for part in [UnitPart::Main, UnitPart::Late, UnitPart::Data] {
                let to = self.graph.references.get(&(at.clone(), part)).into_iter().flatten();
                let data = |to: &&BlockId| [at.kind, to.kind].contains(&BlockKind::Data);
                for to in to.map(|(to, _)| to).filter(data) {
                    if blocks.insert(to.clone()) {
                        open.push(to.clone());
                    }
                }
            }
        }
        blocks
    }

    /// The workspaces that come before it, with the first place that says so.
    fn waits_for(&self) -> BTreeMap<&str, &Location> {
        let needed = self.needed.iter().map(|((other, _), at)| (other.as_str(), at));
        let named = self.depends_on_at.iter().map(|(other, at)| (other.as_str(), at));
        let mut all: BTreeMap<&str, &Location> = BTreeMap::new();
        for (other, at) in needed.chain(named).filter(|(other, _)| *other != self.name) {
            let first = all.entry(other).or_insert(at);
            if at.range.start < first.range.start {
                *first = at;
            }
        }
        all
    }
}

struct Walk<'a> {
    edges: BTreeMap<&'a str, BTreeMap<&'a str, &'a Location>>,
    /// Those from which every way was gone.
    done: BTreeSet<&'a str>,
    path: Vec<&'a str>,
    problems: Diagnostics,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, name: &'a str) {
        if let Some(start) = self.path.iter().position(|n| *n == name) {
            return self.circle(start);
        }
        if !self.edges.contains_key(name) || self.done.contains(name) {
            return;
        }
        self.path.push(name);
        for other in self.edges[name].keys().copied().collect::<Vec<_>>() {
            self.visit(other);
        }
        self.path.pop();
        self.done.insert(name);
    }

    fn circle(&mut self, start: usize) {
        let members = &self.path[start..];
        let first = members[0];
        let message = "these workspaces need each other in a circle";
        let message = format!("{message}: {} → {first}", members.join(" → "));
        let mut problem = Diagnostic::error("workspace_cycle", message)
            .hint("move what both need into a workspace of its own");
        for (from, to) in members.iter().zip(members[1..].iter().chain([&first])) {
            let at = self.edges[*from][*to].clone();
            let words = format!("`{from}` needs `{to}`");
            problem = if problem.at.is_none() {
                problem.at_location(Some(at)).label(words)
            } else {
                problem.related(at, words)
            };
        }
        self.problems.push(problem);
    }
}
