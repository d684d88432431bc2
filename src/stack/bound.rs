//! A workspace with its variables and context: evaluates blocks and outputs.

mod instances;
mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::catalog::BlockKind;
use super::check::Which;
use super::conform::{conform, is_null, without_nulls};
use super::convert::to_bool;
use super::diagnostic::{Diagnostic, Diagnostics, Location, Source};
use super::document::{Node, Report, Table};
use super::project::{Context, Inputs, Project};
use super::scope::{Names, NoObjects, Places};
use super::value::{PathStep, Resolved, Value};
use super::variables::resolve;
use super::workspace::{Block, BlockId, Unit, UnitPart, Workspace};

/// What references stand for at this moment of a run.
pub trait Objects {
    /// All instances of a resource: an object, or a map of objects by key when the block has
    /// `for_each`; null when `when` is false. What is not known yet is unknown; an attribute left
    /// out reads as null.
    fn resource(&self, ty: &str, name: &str) -> Value;
    /// One instance of a block with `for_each`, where that is had for less than all; `None` sends
    /// the caller to [`Objects::resource`].
    fn instance(&self, _ty: &str, _name: &str, _key: &str) -> Option<Value> {
        None
    }
    /// As [`Objects::resource`], for a data source.
    fn data(&self, ty: &str, name: &str) -> Value;
    /// An output of another workspace.
    fn output(&self, workspace: &str, name: &str) -> Result<Value, Diagnostic>;
}

/// Which attributes to evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// All but the late ones.
    Main,
    /// Only those the schema marks as late.
    Late,
    /// All.
    All,
}

/// One instance, evaluated.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// Its attributes: a JSON object with placeholders for what is unknown.
    pub attributes: Resolved,
    /// Tags of environment, workspace, defaults and block; the later ones win.
    pub tags: BTreeMap<String, Value>,
    source: Arc<Source>,
    places: Places,
}

impl Evaluated {
    /// Finds the place in the file that gave the value at a path; the nearest one around it when
    /// the value itself is not written out.
    pub fn locate(&self, path: &[PathStep]) -> Location {
        let range = self.places.find(path).clone();
        Location { source: Arc::clone(&self.source), range }
    }

    /// As [`Evaluated::locate`], for a path as text: `ingress[0].from_port` or
    /// `ingress.0.from_port`.
    pub fn locate_text(&self, path: &str) -> Location {
        let steps: Vec<PathStep> = path
            .split(['.', '[', ']'])
            .filter(|part| !part.is_empty())
            .map(|part| match part.parse() {
                Ok(index) => PathStep::Index(index),
                Err(_) => PathStep::Key(part.trim_matches('"').to_owned()),
            })
            .collect();
        self.locate(&steps)
    }
}

/// An evaluated output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputValue {
    /// Its value; unknown parts are allowed.
    pub value: Value,
    /// Declared sensitive, or made from something that is.
    pub sensitive: bool,
    /// What it is.
    pub description: Option<String>,
}

/// A workspace with its variables and context.
#[derive(Clone, Debug)]
pub struct BoundWorkspace {
    /// The parsed file; `protect` of each block is evaluated.
    pub workspace: Workspace,
    /// The facts expressions may name.
    pub context: Context,
    /// Values of the variables.
    pub variables: BTreeMap<String, Value>,
    pub(super) dir: PathBuf,
}

impl Workspace {
    /// Resolves variables and binds the context. Fails on missing, ill-typed or invalid values.
    pub fn bind(
        self,
        project: &Project,
        context: &Context,
        inputs: &Inputs,
    ) -> Result<BoundWorkspace, Diagnostics> {
        let environment = project.environments.get(&context.environment);
        let variables = resolve(&self, project, environment, inputs)?;
        let mut bound = BoundWorkspace {
            workspace: self,
            context: context.clone(),
            variables,
            dir: project.dir.clone(),
        };
        let mut problems = Diagnostics::new();
        let mut protected = Vec::new();
        for (id, block) in &bound.workspace.blocks {
            let Some(node) = &block.body.protect else { continue };
            match bound.flag(node, "protect", &Names::new(&bound, &NoObjects, None)) {
                Ok(protect) => protected.push((id.clone(), protect)),
                Err(found) => problems.extend(found),
            }
        }
        for (id, protect) in protected {
            if let Some(block) = bound.workspace.blocks.get_mut(&id) {
                block.protect = protect;
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(bound) }
    }

    /// Binds without variables, for who asks only what the file says literally: `protect` that is
    /// an expression counts as true.
    pub fn unevaluated(self, project: &Project, context: &Context) -> BoundWorkspace {
        let (context, dir) = (context.clone(), project.dir.clone());
        BoundWorkspace { workspace: self, context, variables: BTreeMap::new(), dir }
    }
}

impl BoundWorkspace {
    /// Evaluation units in dependency order.
    pub fn units(&self) -> &[Unit] {
        &self.workspace.graph.units
    }

    /// Parts of other blocks that a part of a block refers to, through locals too, with
    /// `depends_on`.
    pub fn references_of(&self, id: &BlockId, part: UnitPart) -> BTreeSet<(BlockId, UnitPart)> {
        let references = &self.workspace.graph.references;
        references.get(&(id.clone(), part)).cloned().unwrap_or_default()
    }

    /// Keys of the instances of `to` that this instance of a block refers to, where every reference
    /// names them: by a key written out, or by `each.key`. `None` says that it may be any of them.
    pub fn keys_referred_to(
        &self,
        (from, part, key): (&BlockId, UnitPart, Option<&str>),
        to: &(BlockId, UnitPart),
    ) -> Option<BTreeSet<String>> {
        let which = self.workspace.graph.named.get(&((from.clone(), part), to.clone()))?;
        which
            .iter()
            .map(|which| match which {
                Which::Any => None,
                Which::Key(key) => Some(key.clone()),
                Which::Same => key.map(str::to_owned),
            })
            .collect()
    }

    /// Outputs of other workspaces that it refers to: workspace and name.
    pub fn needs_outputs(&self) -> BTreeSet<(String, String)> {
        self.workspace.needed.keys().cloned().collect()
    }

    fn block(&self, id: &BlockId) -> Result<&Block, Diagnostics> {
        self.workspace
            .blocks
            .get(id)
            .ok_or_else(|| Diagnostic::error("unknown_block", format!("there is no `{id}`")).into())
    }

    fn problem(&self, code: &'static str, node: &Node, message: impl Into<String>) -> Diagnostic {
        Report::new(&self.workspace.source).error(code, &node.range, message)
    }

    fn unknown(&self, key: &str, node: &Node, refs: &BTreeSet<String>) -> Diagnostics {
        let waits: Vec<String> = refs.iter().map(|r| format!("`{r}`")).collect();
        let message = format!("`{key}` must be known before anything is made");
        let code = match key {
            "for_each" => "unknown_for_each",
            "when" => "unknown_when",
            _ => "unknown_value",
        };
        self.problem(code, node, message)
            .label(format!("known only after apply: waits for {}", waits.join(", ")))
            .hint("use variables, locals, names and keys from the file")
            .into()
    }

    /// Evaluates something that must be true or false.
    fn flag(&self, node: &Node, key: &str, names: &Names<'_>) -> Result<bool, Diagnostics> {
        let (value, _) = names.value(node)?;
        if let Some(refs) = value.unknown_refs() {
            return Err(self.unknown(key, node, &refs));
        }
        let (value, _) = value.unmark_deep();
        to_bool(&value).map_err(|message| {
            self.problem("wrong_type", node, format!("`{key}`: {message}")).into()
        })
    }

    /// Evaluates attributes of one instance: defaults merged, null keys left out, null elements of
    /// lists dropped, unknown parts allowed.
    pub fn evaluate(
        &self,
        id: &BlockId,
        key: Option<&str>,
        fields: Fields,
        objects: &dyn Objects,
    ) -> Result<Evaluated, Diagnostics> {
        let block = self.block(id)?;
        let names = self.names(block, key, objects)?;
        let mut problems = Diagnostics::new();
        let mut places = Places::at(&block.at.range);
        let mut attributes = BTreeMap::new();
        let is_resource = id.kind == BlockKind::Resource;
        let defaults = self.workspace.defaults.get(&id.ty).filter(|_| is_resource);
        let entry = self.workspace.types.get(&(id.kind, id.ty.clone()));
        let wanted = |name: &str| {
            let late = is_resource && entry.is_some_and(|entry| entry.is_late(name));
            match fields {
                Fields::All => true,
                Fields::Main => !late,
                Fields::Late => late,
            }
        };
        let none = Table::default();
        // A key given null counts as left out, so that the default stands.
        for table in [&block.body.attributes, defaults.map_or(&none, |d| &d.attributes)] {
            for (name, item) in &table.entries {
                if !wanted(name) || attributes.contains_key(name) {
                    continue;
                }
                match names.value(&item.node) {
                    Ok((value, _)) if is_null(&value) => {}
                    Ok((value, place)) => {
                        let value = without_nulls(value);
                        let view = entry.and_then(|entry| entry.spec().property(name));
                        let value = match view {
                            Some(view) => conform(value, view),
                            None => value,
                        };
                        places.inner.insert(PathStep::Key(name.clone()), place);
                        attributes.insert(name.clone(), value);
                    }
                    Err(found) => problems.extend(found),
                }
            }
        }
        let mut tags = BTreeMap::new();
        if is_resource {
            let common = self.context.tags.iter();
            tags.extend(common.map(|(key, value)| (key.clone(), Value::from(value.as_str()))));
            if let Some(table) = &self.workspace.tags {
                for (key, item) in &table.entries {
                    self.one_tag(key, &item.node, &names, &mut tags, &mut problems);
                }
            }
            for node in [defaults.and_then(|d| d.tags.as_ref()), block.body.tags.as_ref()] {
                let Some(node) = node else { continue };
                self.tags(node, &names, &mut tags, &mut problems);
            }
        }
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(Evaluated {
            attributes: Value::Map(attributes).to_json_with_placeholders(),
            tags,
            source: Arc::clone(&self.workspace.source),
            places,
        })
    }

    /// The id of the existing object that an instance adopts, when its block has `import`.
    pub fn import(
        &self,
        id: &BlockId,
        key: Option<&str>,
        objects: &dyn Objects,
    ) -> Result<Option<Value>, Diagnostics> {
        let block = self.block(id)?;
        let Some(node) = &block.body.import else { return Ok(None) };
        let (value, _) = self.names(block, key, objects)?.value(node)?;
        match value.beneath_mark() {
            Value::Null => Ok(None),
            Value::String(_) | Value::Unknown(_) => Ok(Some(value)),
            other => {
                let message =
                    format!("`import` is the id of an object, this is a {}", other.type_name());
                Err(self.problem("wrong_type", node, message).into())
            }
        }
    }

    /// Evaluates one output.
    pub fn output(&self, name: &str, objects: &dyn Objects) -> Result<OutputValue, Diagnostics> {
        let output = self.workspace.outputs.get(name).ok_or_else(|| {
            let message = format!("`{}` has no output `{name}`", self.workspace.name);
            let problem = Diagnostic::error("unknown_output", message);
            let known = self.workspace.outputs.keys().map(String::as_str);
            match super::diagnostic::nearest(name, known) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            }
        })?;
        let (value, _) = Names::new(self, objects, None).value(&output.value)?;
        Ok(OutputValue {
            sensitive: output.sensitive || value.contains_sensitive(),
            value: value.mark_if(output.sensitive),
            description: output.description.clone(),
        })
    }

    /// Evaluates all outputs.
    pub fn outputs(
        &self,
        objects: &dyn Objects,
    ) -> Result<IndexMap<String, OutputValue>, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut outputs = IndexMap::new();
        for name in self.workspace.outputs.keys() {
            match self.output(name, objects) {
                Ok(output) => {
                    outputs.insert(name.clone(), output);
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(outputs) }
    }
}
