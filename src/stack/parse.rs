//! Reads a workspace file into its parts and runs the static checks.

mod block;
mod moved;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;

use super::address::{Address, is_word};
use super::catalog::{BlockKind, Catalog};
use super::check::{Declared, check};
use super::diagnostic::{Diagnostics, Source, nearest};
use super::document::{Data, Entry, Node, Report, Table, listed, parse};
use super::units::Graph;
use super::variables::declare;
use super::workspace::{BlockId, Defaults, Output, Timeouts, Workspace};
use block::{META, read_block, timeouts};

/// Tables of a workspace file that are no type.
const WORDS: [&str; 8] =
    ["workspace", "variables", "locals", "defaults", "tags", "data", "outputs", "moved"];

/// Names no workspace may have, for they mean something else in an expression.
const RESERVED: [&str; 14] = [
    "account_id",
    "count",
    "data",
    "each",
    "env",
    "infra",
    "local",
    "module",
    "partition",
    "path",
    "region",
    "self",
    "terraform",
    "var",
];

const DEFAULTS_META: [&str; 3] = ["protect", "tags", "timeouts"];

impl Workspace {
    /// Parses and statically checks one file against the catalog. All problems are told at once,
    /// each with its place. `workspaces` holds the names of all workspaces of the project.
    pub fn parse(
        name: &str,
        source: Arc<Source>,
        catalog: &Catalog,
        workspaces: &BTreeSet<String>,
    ) -> Result<Self, Diagnostics> {
        let mut report = Report::new(&source);
        let mut workspace = Self {
            name: name.to_owned(),
            source,
            description: None,
            depends_on: Vec::new(),
            blocks: IndexMap::new(),
            outputs: IndexMap::new(),
            moved: Vec::new(),
            variables: IndexMap::new(),
            locals: Table::default(),
            defaults: BTreeMap::new(),
            tags: None,
            graph: Graph::default(),
            types: BTreeMap::new(),
            depends_on_at: BTreeMap::new(),
            needed: BTreeMap::new(),
            outputs_of_blocks: BTreeMap::new(),
            blocks_of_outputs: BTreeMap::new(),
        };
        if let Some(table) = parse(&workspace.source, &mut report) {
            workspace.read(&table, catalog, workspaces, &mut report);
        }
        report.found.sort();
        if report.found.has_errors() { Err(report.found) } else { Ok(workspace) }
    }

    fn read(
        &mut self,
        table: &Table,
        catalog: &Catalog,
        workspaces: &BTreeSet<String>,
        report: &mut Report,
    ) {
        self.check_name(catalog, report);
        for (key, entry) in &table.entries {
            let is_type = catalog.resources.contains_key(key.as_str());
            if !is_type && !WORDS.contains(&key.as_str()) {
                unknown_table(key, entry, catalog, report);
                continue;
            }
            let Some(inner) = entry.node.table(report) else { continue };
            match key.as_str() {
                "workspace" => self.read_head(inner, workspaces, report),
                "variables" => self.variables = declare(inner, workspaces, report),
                "locals" => self.read_locals(inner, report),
                "defaults" => self.read_defaults(inner, catalog, report),
                "tags" => self.tags = Some(inner.clone()),
                "outputs" => self.read_outputs(inner, report),
                "data" => {
                    for (ty, entry) in &inner.entries {
                        let kind = BlockKind::Data;
                        if !catalog.data.contains_key(ty.as_str()) {
                            unknown_data(ty, entry, catalog, report);
                        } else if let Some(blocks) = entry.node.table(report) {
                            self.read_blocks(kind, ty, blocks, report);
                        }
                    }
                }
                "moved" => {} // needs all blocks
                ty => self.read_blocks(BlockKind::Resource, ty, inner, report),
            }
        }
        self.read_depends_on(table, report);
        if let Some(moved) = table.get("moved")
            && let Data::Table(moved) = &moved.data
        {
            self.read_moved(moved, report);
        }
        for id in self.blocks.keys() {
            if let Some(entry) = catalog.get(id.kind, &id.ty) {
                self.types.insert((id.kind, id.ty.clone()), entry.clone());
            }
        }
        self.apply_defaults();
        let declared = Declared {
            workspace: &self.name,
            workspaces,
            catalog,
            variables: &self.variables,
            locals: &self.locals,
            blocks: &self.blocks,
            defaults: &self.defaults,
            outputs: &self.outputs,
            tags: self.tags.as_ref(),
        };
        let findings = check(declared, report);
        let late = |ty: &str, name: &str| {
            catalog.get(BlockKind::Resource, ty).is_some_and(|entry| entry.is_late(name))
        };
        self.graph = Graph::new(&self.blocks, &findings.uses, &late, report);
        self.needed = findings
            .outputs
            .iter()
            .map(|(output, range)| (output.clone(), report.location(range)))
            .collect();
        self.outputs_of_blocks = findings.outputs_of_blocks;
        self.blocks_of_outputs = findings.blocks_of_outputs;
    }

    fn check_name(&self, catalog: &Catalog, report: &mut Report) {
        let name = self.name.as_str();
        let why = if catalog.resources.contains_key(name) {
            "it is a type"
        } else if RESERVED.contains(&name) {
            "the word has a meaning in expressions"
        } else {
            return;
        };
        let message = format!("a workspace may not be called `{name}`: {why}");
        let problem =
            report.error("reserved_name", &(0..0), message).hint("give the file another name");
        report.push(problem);
    }

    fn read_head(&mut self, table: &Table, workspaces: &BTreeSet<String>, report: &mut Report) {
        table.only(report, &["description", "depends_on"], "`[workspace]`");
        self.description = table.get("description").and_then(|node| node.string(report));
        let Some(node) = table.get("depends_on") else { return };
        for (name, range) in node.strings(report) {
            if name == self.name {
                let problem = report.error("cycle", &range, "a workspace cannot depend on itself");
                report.push(problem);
            } else if !workspaces.contains(&name) {
                let mut problem = report.error(
                    "unknown_workspace",
                    &range,
                    format!("there is no workspace `{name}`"),
                );
                if let Some(near) = nearest(&name, workspaces.iter().map(String::as_str)) {
                    problem = problem.hint(format!("did you mean `{near}`?"));
                }
                report.push(problem);
            }
            self.depends_on_at.insert(name.clone(), report.location(&range));
            self.depends_on.push(name);
        }
    }

    fn read_locals(&mut self, table: &Table, report: &mut Report) {
        for (name, entry) in &table.entries {
            check_word(name, &entry.key, "a local", report);
        }
        self.locals = table.clone();
    }

    fn read_defaults(&mut self, table: &Table, catalog: &Catalog, report: &mut Report) {
        for (ty, entry) in &table.entries {
            if !catalog.resources.contains_key(ty.as_str()) {
                let mut problem =
                    report.error("unknown_type", &entry.key, format!("there is no type `{ty}`"));
                if let Some(near) = nearest(ty, catalog.resources.keys().copied()) {
                    problem = problem.hint(format!("did you mean `{near}`?"));
                }
                report.push(problem);
                continue;
            }
            let Some(inner) = entry.node.table(report) else { continue };
            let mut defaults = Defaults::default();
            for (key, item) in &inner.entries {
                match key.as_str() {
                    "protect" => defaults.protect = Some(item.node.clone()),
                    "tags" => defaults.tags = Some(item.node.clone()),
                    "timeouts" => defaults.timeouts = timeouts(&item.node, report),
                    meta if META.contains(&meta) => {
                        let message = format!("`{meta}` cannot be a default");
                        let problem = report.error("unknown_key", &item.key, message).hint(
                            format!("besides attributes there is {}", listed(&DEFAULTS_META)),
                        );
                        report.push(problem);
                    }
                    _ => {
                        defaults.attributes.entries.insert(key.clone(), item.clone());
                    }
                }
            }
            self.defaults.insert(ty.clone(), defaults);
        }
    }

    /// Takes over what defaults say of time limits and protection.
    fn apply_defaults(&mut self) {
        for (id, block) in &mut self.blocks {
            let Some(defaults) = self.defaults.get(&id.ty) else { continue };
            if id.kind == BlockKind::Data {
                continue;
            }
            let own = block.timeouts;
            block.timeouts = Timeouts {
                create: own.create.or(defaults.timeouts.create),
                update: own.update.or(defaults.timeouts.update),
                delete: own.delete.or(defaults.timeouts.delete),
            };
            if block.body.protect.is_none()
                && let Some(node) = &defaults.protect
            {
                block.protect = !matches!(node.data, Data::Bool(false));
                block.body.protect = Some(node.clone());
            }
        }
    }

    fn read_outputs(&mut self, table: &Table, report: &mut Report) {
        for (name, entry) in &table.entries {
            check_word(name, &entry.key, "an output", report);
            let Data::Table(inner) = &entry.node.data else {
                if !matches!(entry.node.data, Data::Bad) {
                    let written = &report.source.text[entry.node.range.clone()];
                    let hint = format!("write `{name} = {{ value = {written} }}`");
                    let problem = entry.node.mismatch(report, "a table").hint(hint);
                    report.push(problem);
                }
                continue;
            };
            inner.only(report, &["value", "description", "sensitive"], "an output");
            let Some(value) = inner.get("value") else {
                let message = format!("the output `{name}` needs `value`");
                let problem = report.error("missing_key", &entry.key, message);
                report.push(problem);
                continue;
            };
            let output = Output {
                at: report.location(&entry.key),
                description: inner.get("description").and_then(|node| node.string(report)),
                sensitive: inner
                    .get("sensitive")
                    .and_then(|node| node.boolean(report))
                    .unwrap_or(false),
                value: value.clone(),
            };
            self.outputs.insert(name.clone(), output);
        }
    }

    fn read_blocks(&mut self, kind: BlockKind, ty: &str, table: &Table, report: &mut Report) {
        for (name, entry) in &table.entries {
            let header = if kind == BlockKind::Data { format!("data.{ty}") } else { ty.to_owned() };
            let Data::Table(inner) = &entry.node.data else {
                if !matches!(entry.node.data, Data::Bad) {
                    let message = format!("`{name}` stands where the name of a `{ty}` goes");
                    let problem = report
                        .error("wrong_type", &entry.key, message)
                        .hint(format!("begin with a header such as `[{header}.main]`"));
                    report.push(problem);
                }
                continue;
            };
            check_word(name, &entry.key, "a block", report);
            let id = BlockId { kind, ty: ty.to_owned(), name: name.clone() };
            let block = read_block(id.clone(), inner, &entry.node.range, report);
            self.blocks.insert(id, block);
        }
    }

    /// Reads `depends_on` of every block, once all blocks are known.
    fn read_depends_on(&mut self, table: &Table, report: &mut Report) {
        let mut found = Vec::new();
        for id in self.blocks.keys() {
            let types = match id.kind {
                BlockKind::Resource => Some(table),
                BlockKind::Data => table.get("data").and_then(|node| node.as_table()),
            };
            let node = types
                .and_then(|table| table.get(&id.ty)?.as_table()?.get(&id.name)?.as_table())
                .and_then(|table| table.get("depends_on"));
            let Some(node) = node else { continue };
            let names = node.strings(report);
            let ids =
                names.iter().filter_map(|(name, range)| self.depends(id, name, range, report));
            found.push((id.clone(), ids.collect::<Vec<_>>()));
        }
        for (id, ids) in found {
            if let Some(block) = self.blocks.get_mut(&id) {
                block.depends_on = ids;
            }
        }
    }

    fn depends(
        &self,
        from: &BlockId,
        text: &str,
        range: &Range<usize>,
        report: &mut Report,
    ) -> Option<BlockId> {
        let (kind, rest) = match text.strip_prefix("data.") {
            Some(rest) => (BlockKind::Data, rest),
            None => (BlockKind::Resource, text),
        };
        let problem = match Address::parse(rest) {
            None => report
                .error("invalid_address", range, format!("`{text}` names no block"))
                .hint("write `type.name`, without `${…}`"),
            Some(Address { key: Some(_), ty, name }) => report
                .error("invalid_address", range, "`depends_on` names whole blocks")
                .hint(format!("write `{ty}.{name}`")),
            Some(address) => {
                let id = BlockId { kind, ty: address.ty, name: address.name };
                if id == *from {
                    report.error("cycle", range, format!("`{id}` cannot depend on itself"))
                } else if self.blocks.contains_key(&id) {
                    return Some(id);
                } else {
                    unknown_block(self, &id, range, report)
                }
            }
        };
        report.push(problem);
        None
    }
}

impl Node {
    fn as_table(&self) -> Option<&Table> {
        match &self.data {
            Data::Table(table) => Some(table),
            _ => None,
        }
    }
}

fn unknown_block(
    workspace: &Workspace,
    id: &BlockId,
    range: &Range<usize>,
    report: &Report,
) -> super::diagnostic::Diagnostic {
    let problem = report.error("unknown_block", range, format!("there is no `{id}`"));
    let known: Vec<String> = workspace.blocks.keys().map(ToString::to_string).collect();
    match nearest(&id.to_string(), known.iter().map(String::as_str)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}

fn unknown_table(key: &str, entry: &Entry, catalog: &Catalog, report: &mut Report) {
    let problem = if let Data::Table(_) = entry.node.data {
        report.error("unknown_type", &entry.key, format!("there is no type `{key}`"))
    } else {
        let message = format!("`{key}` stands before any header");
        report.error("unknown_key", &entry.key, message)
    };
    let known = WORDS.into_iter().chain(catalog.resources.keys().copied());
    let hint = match key {
        "variable" | "local" | "output" | "default" | "tag" => format!("did you mean `{key}s`?"),
        "resource" => "a resource is `[<type>.<name>]`, without the word".to_owned(),
        "module" => "there are no modules; a workspace shows its outputs to others".to_owned(),
        _ => match nearest(key, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if catalog.data.contains_key(key) => format!("did you mean `data.{key}`?"),
            None => "`infra explain` lists the types".to_owned(),
        },
    };
    report.push(problem.hint(hint));
}

fn unknown_data(ty: &str, entry: &Entry, catalog: &Catalog, report: &mut Report) {
    let message = format!("there is no data source `{ty}`");
    let problem = report.error("unknown_type", &entry.key, message);
    let known: Vec<&str> = catalog.data.keys().copied().collect();
    let hint = match nearest(ty, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", listed(&known)),
    };
    report.push(problem.hint(hint));
}

fn check_word(name: &str, range: &Range<usize>, what: &str, report: &mut Report) {
    if !is_word(name) {
        let problem = report
            .error("invalid_name", range, format!("`{name}` cannot name {what}"))
            .hint("a name has letters, digits, `_` and `-`, and starts with a letter or `_`");
        report.push(problem);
    }
}
