//! The names of a workspace during evaluation, and the evaluation of values of the file.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::bound::{BoundWorkspace, Objects};
use super::catalog::BlockKind;
use super::conform::{complete, is_null};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::document::{Data, Node, Report};
use super::evaluate::{Found, LookupError, Scope, Step, evaluate};
use super::functions::Folder;
use super::value::{PathStep, Value};
use super::workspace::BlockId;

/// Where the parts of an evaluated value stand in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) range: std::ops::Range<usize>,
    pub(super) inner: BTreeMap<PathStep, Places>,
}

impl Places {
    pub(super) fn at(range: &std::ops::Range<usize>) -> Self {
        Self { range: range.clone(), inner: BTreeMap::new() }
    }

    /// The place of a path, or the nearest around it.
    pub(super) fn find(&self, path: &[PathStep]) -> &std::ops::Range<usize> {
        match path {
            [first, rest @ ..] => self.inner.get(first).map_or(&self.range, |p| p.find(rest)),
            [] => &self.range,
        }
    }
}

/// What `each` stands for.
#[derive(Clone, Debug)]
pub(super) struct EachValue {
    pub(super) key: String,
    pub(super) value: Value,
}

/// The scope of one evaluation: locals and objects are looked up once.
pub(super) struct Names<'a> {
    bound: &'a BoundWorkspace,
    objects: &'a dyn Objects,
    each: Option<EachValue>,
    locals: RefCell<BTreeMap<String, Option<Value>>>,
    blocks: RefCell<BTreeMap<BlockId, Value>>,
    /// A problem that is told better than a lookup can.
    failed: RefCell<Option<Diagnostics>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(
        bound: &'a BoundWorkspace,
        objects: &'a dyn Objects,
        each: Option<EachValue>,
    ) -> Self {
        Self {
            bound,
            objects,
            each,
            locals: RefCell::default(),
            blocks: RefCell::default(),
            failed: RefCell::default(),
        }
    }

    pub(super) fn set_each(&mut self, each: Option<EachValue>) {
        self.each = each;
    }

    /// Evaluates a value of the file; its problems are all collected.
    pub(super) fn value(&self, node: &Node) -> Result<(Value, Places), Diagnostics> {
        let mut report = Report::new(&self.bound.workspace.source);
        let mut places = Places::default();
        let value = self.node(node, &mut places, &mut report);
        if report.found.has_errors() { Err(report.found) } else { Ok((value, places)) }
    }

    fn node(&self, node: &Node, places: &mut Places, report: &mut Report) -> Value {
        places.range.clone_from(&node.range);
        match &node.data {
            Data::Bad => Value::Null,
            Data::Bool(b) => Value::Bool(*b),
            Data::Number(n) => Value::Number(n.clone()),
            Data::Text(text) => {
                if let Some(literal) = text.literal() {
                    return Value::from(literal);
                }
                let files = Folder::new(&self.bound.dir);
                match evaluate(&text.expression, self, &files) {
                    Ok(value) => value,
                    Err(e) => {
                        match self.failed.take() {
                            Some(found) => {
                                let at = report.location(&text.locate(&e.span));
                                for mut problem in found.0 {
                                    problem.at = problem.at.or_else(|| Some(at.clone()));
                                    report.push(problem);
                                }
                            }
                            None => report.expression("invalid_expression", text, e),
                        }
                        Value::Null
                    }
                }
            }
            Data::Array(items) => {
                let mut values = Vec::new();
                for item in items {
                    let mut place = Places::default();
                    let value = self.node(item, &mut place, report);
                    // Null elements are dropped; those after them move up.
                    if !is_null(&value) {
                        places.inner.insert(PathStep::Index(values.len()), place);
                        values.push(value);
                    }
                }
                Value::List(values)
            }
            Data::Table(table) => {
                let mut map = BTreeMap::new();
                for (key, entry) in &table.entries {
                    let mut place = Places::default();
                    let value = self.node(&entry.node, &mut place, report);
                    places.inner.insert(PathStep::Key(key.clone()), place);
                    map.insert(key.clone(), value);
                }
                Value::Map(map)
            }
        }
    }

    fn local(&self, name: &str) -> Result<Value, LookupError> {
        let known = self.locals.borrow().get(name).cloned();
        match known {
            Some(Some(value)) => return Ok(value),
            Some(None) => {
                return Err(LookupError::new(format!("`local.{name}` needs itself")).at(0));
            }
            None => {}
        }
        let Some(node) = self.bound.workspace.locals.get(name) else {
            return Err(LookupError::new(format!("there is no local `{name}`")).at(0));
        };
        self.locals.borrow_mut().insert(name.to_owned(), None);
        let value = self.value(node);
        match value {
            Ok((value, _)) => {
                self.locals.borrow_mut().insert(name.to_owned(), Some(value.clone()));
                Ok(value)
            }
            Err(found) => {
                self.locals.borrow_mut().remove(name);
                self.failed.replace(Some(found));
                Err(LookupError::new(format!("`local.{name}` cannot be evaluated")).at(0))
            }
        }
    }

    fn is_type(&self, name: &str) -> bool {
        let mut types = self.bound.workspace.types.keys();
        types.any(|(kind, ty)| *kind == BlockKind::Resource && ty == name)
    }

    /// One instance of a block, so that not all of them are looked at for each.
    fn instance(&self, id: &BlockId, steps: &[Step]) -> Option<Value> {
        let key = steps.get(1)?.key()?;
        let workspace = &self.bound.workspace;
        workspace.blocks.get(id).filter(|block| block.has_for_each)?;
        let entry = workspace.types.get(&(id.kind, id.ty.clone()))?;
        Some(complete(self.objects.instance(&id.ty, &id.name, &key)?, entry))
    }

    fn block(&self, id: BlockId) -> Value {
        if let Some(value) = self.blocks.borrow().get(&id) {
            return value.clone();
        }
        let value = match id.kind {
            BlockKind::Resource => self.objects.resource(&id.ty, &id.name),
            BlockKind::Data => self.objects.data(&id.ty, &id.name),
        };
        let workspace = &self.bound.workspace;
        let entry = workspace.types.get(&(id.kind, id.ty.clone()));
        let keyed = workspace.blocks.get(&id).is_some_and(|block| block.has_for_each);
        let value = match (entry, value) {
            (Some(entry), Value::Map(map)) if keyed => Value::Map(
                map.into_iter().map(|(key, value)| (key, complete(value, entry))).collect(),
            ),
            (Some(entry), value) => complete(value, entry),
            (None, value) => value,
        };
        self.blocks.borrow_mut().insert(id, value.clone());
        value
    }
}

impl Scope for Names<'_> {
    fn lookup(&self, root: &str, steps: &[Step]) -> Result<Found, LookupError> {
        let found = |value, consumed| Ok(Found { value, consumed });
        let key = |at: usize| {
            steps
                .get(at)
                .and_then(Step::key)
                .ok_or_else(|| LookupError::new(format!("a name is missing after `{root}`")))
        };
        let fact = |value: &Option<String>| match value {
            Some(value) => Value::from(value.as_str()),
            None => Value::unknown([root.to_owned()].into()),
        };
        let context = &self.bound.context;
        let unknown = || LookupError::new(format!("there is no `{root}`"));
        match root {
            "env" => found(Value::from(context.environment.as_str()), 0),
            "region" => found(Value::from(context.region.as_str()), 0),
            "account_id" => found(fact(&context.account_id), 0),
            "partition" => found(fact(&context.partition), 0),
            "var" => {
                let name = key(0)?;
                match self.bound.variables.get(&name) {
                    Some(value) => found(value.clone(), 1),
                    None => Err(LookupError::new(format!("there is no variable `{name}`")).at(0)),
                }
            }
            "local" => found(self.local(&key(0)?)?, 1),
            "each" => {
                let each = self.each.as_ref().ok_or_else(unknown)?;
                match key(0)?.as_str() {
                    "key" => found(Value::from(each.key.as_str()), 1),
                    "value" => found(each.value.clone(), 1),
                    _ => Err(unknown()),
                }
            }
            "data" => {
                let id = BlockId::data(key(0)?, key(1)?);
                found(self.block(id), 2)
            }
            _ if self.is_type(root) => {
                let id = BlockId::resource(root, key(0)?);
                match self.instance(&id, steps) {
                    Some(value) => found(value, 2),
                    None => found(self.block(id), 1),
                }
            }
            _ => {
                let name = key(1)?;
                if key(0)? != "outputs" {
                    return Err(unknown());
                }
                match self.objects.output(root, &name) {
                    Ok(value) => found(value, 2),
                    Err(problem) => {
                        let error = LookupError::new(problem.message.clone());
                        self.failed.replace(Some(problem.into()));
                        Err(error)
                    }
                }
            }
        }
    }
}

/// No objects: for what must be known before anything is read.
pub(super) struct NoObjects;

impl Objects for NoObjects {
    fn resource(&self, ty: &str, name: &str) -> Value {
        Value::unknown([format!("{ty}.{name}")].into())
    }

    fn data(&self, ty: &str, name: &str) -> Value {
        Value::unknown([format!("data.{ty}.{name}")].into())
    }

    fn output(&self, workspace: &str, name: &str) -> Result<Value, Diagnostic> {
        Ok(Value::unknown([format!("{workspace}.outputs.{name}")].into()))
    }
}
