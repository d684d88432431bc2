//! Static checks of a workspace file: names, references, literals against the schema. Collects
//! what each block refers to on the way.

mod access;
mod expression;
mod literal;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use indexmap::IndexMap;

use self::shape::{Shape, Target};
use super::catalog::{BlockKind, Catalog};
use super::document::{Data, Node, Report, Table, Text};
use super::variables::Variable;
use super::workspace::{Block, BlockId, Defaults, Output};

/// What a part of a block refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// That it exists, or which instances there are.
    Existence,
    /// One attribute.
    Attribute(String),
    /// All of it.
    Whole,
}

/// Which instances of a block a reference is to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    /// Any of them, or the only one.
    Any,
    /// The one of this key.
    Key(String),
    /// The one of the same key as the instance that refers to it: `each.key`.
    Same,
}

/// A reference to a block, with its place in the file.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) target: BlockId,
    pub(super) which: Which,
    pub(super) what: What,
    pub(super) at: Range<usize>,
}

/// References of a block by part.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    pub(super) main: Vec<Use>,
    pub(super) late: Vec<Use>,
    /// Whether it has late fields at all.
    pub(super) has_late: bool,
}

/// What the checks look at.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) workspace: &'a str,
    pub(super) workspaces: &'a BTreeSet<String>,
    pub(super) catalog: &'a Catalog,
    pub(super) variables: &'a IndexMap<String, Variable>,
    pub(super) locals: &'a Table,
    pub(super) blocks: &'a IndexMap<BlockId, Block>,
    pub(super) defaults: &'a BTreeMap<String, Defaults>,
    pub(super) outputs: &'a IndexMap<String, Output>,
    pub(super) tags: Option<&'a Table>,
}

/// What the checks found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) uses: BTreeMap<BlockId, Uses>,
    /// Outputs of other workspaces, with the place of one reference.
    pub(super) outputs: BTreeMap<(String, String), Range<usize>>,
    /// Those that each block refers to, through locals too.
    pub(super) outputs_of_blocks: BTreeMap<BlockId, BTreeSet<(String, String)>>,
    /// Blocks that each output of the workspace itself refers to, through locals too.
    pub(super) blocks_of_outputs: BTreeMap<String, BTreeSet<BlockId>>,
}

/// What `each` stands for.
#[derive(Clone, Debug)]
enum Each<'a> {
    /// Nothing, with the reason.
    Not(&'static str),
    /// The value of an instance.
    Value(Shape<'a>),
}

const NO_FOR_EACH: &str = "`each` is only known in a block with `for_each`";

struct Local<'a> {
    shape: Shape<'a>,
    uses: Vec<Use>,
    outputs: BTreeSet<(String, String)>,
}

struct Checker<'a, 'r> {
    declared: Declared<'a>,
    report: &'r mut Report,
    findings: Findings,
    /// References of the part at hand.
    uses: Vec<Use>,
    /// Outputs of other workspaces that the block at hand refers to.
    outputs: BTreeSet<(String, String)>,
    locals: BTreeMap<&'a str, Rc<Local<'a>>>,
    /// Locals being looked into, to notice cycles.
    visiting: Vec<(&'a str, Range<usize>)>,
    targets: BTreeMap<BlockId, Rc<Target<'a>>>,
    each: Each<'a>,
    /// Names bound by `for`, innermost last.
    bound: Vec<(String, Shape<'a>)>,
    text: Option<&'a Text>,
}

/// Runs all checks.
pub(super) fn check(declared: Declared<'_>, report: &mut Report) -> Findings {
    let mut checker = Checker {
        declared,
        report,
        findings: Findings::default(),
        uses: Vec::new(),
        outputs: BTreeSet::new(),
        locals: BTreeMap::new(),
        visiting: Vec::new(),
        targets: BTreeMap::new(),
        each: Each::Not(NO_FOR_EACH),
        bound: Vec::new(),
        text: None,
    };
    checker.run();
    checker.findings
}

impl<'a> Checker<'a, '_> {
    fn run(&mut self) {
        let declared = self.declared;
        for name in declared.locals.entries.keys() {
            self.local(name, &(0..0));
        }
        self.uses.clear();
        self.outputs.clear();
        if let Some(tags) = declared.tags {
            self.tag_table(tags);
        }
        let common = std::mem::take(&mut self.uses);
        let outputs = std::mem::take(&mut self.outputs);
        for (id, block) in declared.blocks {
            self.block(id, block, &common);
            let mut used = std::mem::take(&mut self.outputs);
            if id.kind == BlockKind::Resource {
                used.extend(outputs.iter().cloned());
            }
            self.findings.outputs_of_blocks.insert(id.clone(), used);
        }
        for (ty, defaults) in declared.defaults {
            // Defaults of a type without a block are checked here; others with each block.
            if !declared.blocks.keys().any(|id| id.kind == BlockKind::Resource && id.ty == *ty) {
                self.defaults(ty, defaults);
            }
        }
        self.each = Each::Not(NO_FOR_EACH);
        self.uses.clear();
        for (name, output) in declared.outputs {
            self.value(&output.value, None, "value");
            let used = std::mem::take(&mut self.uses).into_iter().map(|used| used.target);
            self.findings.blocks_of_outputs.insert(name.clone(), used.collect());
        }
    }

    fn block(&mut self, id: &BlockId, block: &'a Block, common: &[Use]) {
        let declared = self.declared;
        let body = &block.body;
        if let Some(node) = &body.protect {
            self.early("protect", node);
        }
        self.each = Each::Not("`for_each` itself cannot use `each`");
        let mut main = Vec::new();
        let each = match &body.for_each {
            None => Each::Not(NO_FOR_EACH),
            Some(node) => {
                let shape = self.for_each(node);
                Each::Value(shape)
            }
        };
        self.each = each;
        if let Some(node) = &body.when {
            self.condition(node, "when");
        }
        if let Some(node) = &body.import {
            self.scalar(node, "import");
        }
        if let Some(node) = &body.tags {
            self.tags(node);
        }
        main.append(&mut self.uses);
        let defaults = declared.defaults.get(&id.ty).filter(|_| id.kind == BlockKind::Resource);
        let mut uses = Uses::default();
        if let Some(entry) = declared.catalog.get(id.kind, &id.ty) {
            let late = |name: &str| id.kind == BlockKind::Resource && entry.is_late(name);
            let what = if id.kind == BlockKind::Data {
                format!("the data source `{}`", id.ty)
            } else {
                format!("`{}`", id.ty)
            };
            for (name, item) in &body.attributes.entries {
                if let Some(view) = entry.spec().property(name) {
                    self.value(&item.node, Some(view), name);
                } else {
                    self.free(&item.node);
                }
                if late(name) {
                    uses.has_late = true;
                    uses.late.append(&mut self.uses);
                } else {
                    main.append(&mut self.uses);
                }
            }
            self.unknown_keys(&body.attributes, entry.spec(), &what);
            if let Some(defaults) = defaults {
                self.each = Each::Not("defaults of a type cannot use `each`");
                for (name, item) in &defaults.attributes.entries {
                    self.value(&item.node, entry.spec().property(name), name);
                    if late(name) {
                        uses.has_late = true;
                        uses.late.append(&mut self.uses);
                    } else {
                        main.append(&mut self.uses);
                    }
                }
                self.unknown_keys(&defaults.attributes, entry.spec(), &what);
            }
            self.required(block, defaults, entry.spec());
        } else {
            // The type is reported already; what is in the block still has expressions.
            self.free_table(&body.attributes);
            main.append(&mut self.uses);
        }
        if let Some(defaults) = defaults {
            self.each = Each::Not("defaults of a type cannot use `each`");
            if let Some(node) = &defaults.tags {
                self.tags(node);
            }
            main.append(&mut self.uses);
            if let Some(node) = &defaults.protect {
                self.early("protect", node);
            }
        }
        if id.kind == BlockKind::Resource {
            main.extend(common.iter().cloned());
        }
        uses.main = main;
        self.findings.uses.insert(id.clone(), uses);
    }

    fn defaults(&mut self, ty: &str, defaults: &'a Defaults) {
        self.each = Each::Not("defaults of a type cannot use `each`");
        if let Some(entry) = self.declared.catalog.get(BlockKind::Resource, ty) {
            for (name, item) in &defaults.attributes.entries {
                self.value(&item.node, entry.spec().property(name), name);
            }
            self.unknown_keys(&defaults.attributes, entry.spec(), &format!("`{ty}`"));
        }
        if let Some(node) = &defaults.tags {
            self.tags(node);
        }
        if let Some(node) = &defaults.protect {
            self.early("protect", node);
        }
        self.uses.clear();
    }

    /// Checks a condition that may use only variables and facts.
    fn early(&mut self, key: &str, node: &'a Node) {
        self.each = Each::Not("`each` is not known here: the whole block is protected or not");
        self.condition(node, key);
        for used in std::mem::take(&mut self.uses) {
            let problem = self
                .report
                .error(
                    "unknown_value",
                    &used.at,
                    format!("`{key}` cannot refer to `{}`", used.target),
                )
                .note(format!("`{key}` is needed before anything is read from the account."))
                .hint("use variables, locals and `env`");
            self.report.push(problem);
        }
    }

    fn for_each(&mut self, node: &'a Node) -> Shape<'a> {
        match &node.data {
            Data::Bad => Shape::Any,
            Data::Table(table) => {
                for (key, entry) in &table.entries {
                    self.instance_key(key, &entry.key);
                }
                Shape::union(table.entries.values().map(|entry| self.shape_of(&entry.node)))
            }
            Data::Array(items) => {
                let mut seen = BTreeSet::new();
                for item in items {
                    let Data::Text(text) = &item.data else {
                        let problem = item.mismatch(self.report, "a string");
                        self.report.push(problem);
                        continue;
                    };
                    let Some(key) = text.literal() else {
                        self.value(item, None, "for_each");
                        continue;
                    };
                    self.instance_key(key, &item.range);
                    if !seen.insert(key) {
                        let message = format!("the key `{key}` is there twice");
                        let problem = self.report.error("duplicate_key", &item.range, message);
                        self.report.push(problem);
                    }
                }
                Shape::Scalar
            }
            Data::Text(text) if text.literal().is_none() => {
                let shape = self.text(text);
                if matches!(shape, Shape::Scalar | Shape::Id { .. }) {
                    let problem = self.report.error(
                        "wrong_type",
                        &node.range,
                        "`for_each` takes a map or a set of strings",
                    );
                    self.report.push(problem);
                }
                shape.element()
            }
            _ => {
                let problem = node.mismatch(self.report, "a map or a set of strings");
                self.report.push(problem);
                Shape::Any
            }
        }
    }

    fn instance_key(&mut self, key: &str, range: &Range<usize>) {
        if !super::address::is_key(key) {
            let problem = self
                .report
                .error("invalid_key", range, format!("{key:?} cannot be a key of `for_each`"))
                .hint("a key has only letters, digits, `_`, `.` and `-`");
            self.report.push(problem);
        }
    }

    fn condition(&mut self, node: &'a Node, key: &str) {
        match &node.data {
            Data::Bool(_) | Data::Bad => {}
            Data::Text(text) if text.literal().is_none() => {
                self.value(node, None, key);
            }
            _ => {
                let problem = node.mismatch(self.report, "`true`, `false` or an expression");
                self.report.push(problem);
            }
        }
    }

    fn scalar(&mut self, node: &'a Node, key: &str) {
        match &node.data {
            Data::Text(_) => self.value(node, None, key),
            Data::Bad => {}
            _ => {
                let problem = node.mismatch(self.report, "a string");
                self.report.push(problem);
            }
        }
    }

    fn tags(&mut self, node: &'a Node) {
        match &node.data {
            Data::Table(table) => self.tag_table(table),
            Data::Text(text) if text.literal().is_none() => self.value(node, None, "tags"),
            Data::Bad => {}
            _ => {
                let problem = node.mismatch(self.report, "a map of strings");
                self.report.push(problem);
            }
        }
    }

    fn tag_table(&mut self, table: &'a Table) {
        for (key, entry) in &table.entries {
            super::environment::check_tag_key(key, &entry.key, self.report);
            self.scalar(&entry.node, key);
        }
    }

    /// Reports keys the type needs that neither the block nor the defaults give.
    fn required(
        &mut self,
        block: &Block,
        defaults: Option<&Defaults>,
        spec: super::schema::SchemaView<'a>,
    ) {
        for name in spec.required() {
            let given = block.body.attributes.get(name).is_some()
                || defaults.is_some_and(|d| d.attributes.get(name).is_some());
            if !given {
                let message = format!("`{}` needs `{name}`", block.id);
                let mut problem = self.report.error("missing_key", &block.at.range, message);
                if let Some(words) = spec.property(name).and_then(|view| view.description()) {
                    problem = problem.note(format!("`{name}`: {}", first_line(words)));
                }
                self.report.push(problem);
            }
        }
    }

    /// The block a reference names, once it is known to exist.
    fn target(&mut self, id: &BlockId) -> Option<Rc<Target<'a>>> {
        if let Some(target) = self.targets.get(id) {
            return Some(Rc::clone(target));
        }
        let declared = self.declared;
        let block = declared.blocks.get(id)?;
        let entry = declared.catalog.get(id.kind, &id.ty)?;
        let keys = block.body.for_each.as_ref().and_then(|node| self.keys(node));
        let target =
            Rc::new(Target { id: id.clone(), entry, has_for_each: block.has_for_each, keys });
        self.targets.insert(id.clone(), Rc::clone(&target));
        Some(target)
    }

    /// Keys of `for_each`, where the file writes them out, perhaps in a local.
    fn keys(&self, node: &Node) -> Option<Vec<String>> {
        match &node.data {
            Data::Text(text) => {
                let mentions = text.expression.mentions();
                let [mention] = mentions.as_slice() else { return None };
                let whole = format!("${{{}}}", mention.written());
                let local = mention.written();
                let local = local.strip_prefix("local.").filter(|_| whole == text.raw())?;
                match self.declared.locals.get(local) {
                    Some(node) if !matches!(node.data, Data::Text(_)) => self.keys(node),
                    _ => None,
                }
            }
            _ => node.written_keys(),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}
