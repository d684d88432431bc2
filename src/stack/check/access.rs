//! References and what follows them: attributes, indexes, splats.

use std::ops::Range;
use std::rc::Rc;

use super::shape::{Shape, Target};
use super::{Checker, Each, What, Which};
use crate::stack::catalog::BlockKind;
use crate::stack::diagnostic::nearest;
use crate::stack::document::listed;
use crate::stack::schema::SchemaView;
use crate::stack::syntax::{Access, AccessKind, Ast, Node};
use crate::stack::value::as_i128;
use crate::stack::workspace::BlockId;

/// What is wrong in the expression at hand.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self { code, span: span.clone(), message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn nearest<'b>(self, word: &str, known: impl IntoIterator<Item = &'b str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(word, known.iter().copied()) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => self.hint("there are none"),
            None if known.len() <= 12 => self.hint(format!("there is {}", listed(&known))),
            None => self,
        }
    }
}

type Walked<'a> = Result<Shape<'a>, Problem>;

/// Words with a meaning of their own at the start of a reference.
const WORDS: [&str; 8] =
    ["account_id", "data", "each", "env", "local", "partition", "region", "var"];

/// The index or attribute, when the file writes it out.
fn written_key(access: &Access) -> Option<String> {
    fn of(ast: &Ast) -> Option<String> {
        match &ast.node {
            Node::Parentheses(inner) => of(inner),
            Node::String(key) => Some(key.clone()),
            Node::Number(n) => as_i128(n).map(|n| n.to_string()),
            _ => None,
        }
    }
    match &access.kind {
        AccessKind::Attribute(name) => Some(name.clone()),
        AccessKind::Index(index) => of(index),
        AccessKind::AttributeSplat | AccessKind::FullSplat => None,
    }
}

impl<'a> Checker<'a, '_> {
    pub(super) fn walk_or_report(&mut self, shape: Shape<'a>, accesses: &'a [Access]) -> Shape<'a> {
        self.indexes(accesses);
        match self.walk(shape, accesses) {
            Ok(shape) => shape,
            Err(problem) => {
                self.report(problem);
                Shape::Any
            }
        }
    }

    /// Looks into computed indexes for their own references.
    fn indexes(&mut self, accesses: &'a [Access]) {
        for access in accesses {
            if let AccessKind::Index(index) = &access.kind {
                let shape = self.expression(index);
                self.escape(&shape);
            }
        }
    }

    pub(super) fn reference(
        &mut self,
        root: &'a str,
        root_span: &Range<usize>,
        accesses: &'a [Access],
        span: &Range<usize>,
    ) -> Shape<'a> {
        if let Some((_, shape)) = self.bound.iter().rev().find(|(name, _)| name == root) {
            let shape = shape.moved_to(span);
            return self.walk_or_report(shape, accesses);
        }
        self.indexes(accesses);
        let found = self
            .root(root, root_span, accesses, span)
            .and_then(|(shape, used)| self.walk(shape, &accesses[used..]));
        match found {
            Ok(shape) => shape,
            Err(problem) => {
                self.report(problem);
                Shape::Any
            }
        }
    }

    /// Finds what the first words mean, and how many accesses they take.
    fn root(
        &mut self,
        root: &'a str,
        root_span: &Range<usize>,
        accesses: &'a [Access],
        span: &Range<usize>,
    ) -> Result<(Shape<'a>, usize), Problem> {
        let declared = self.declared;
        let name = |at: usize, what: &str| {
            accesses.get(at).and_then(written_key).ok_or_else(|| {
                let text = format!("a name is missing after `{root}`");
                Problem::new("unknown_name", span, text).hint(format!("write `{what}`"))
            })
        };
        let at = |at: usize| accesses.get(at).map_or_else(|| span.clone(), |a| a.span.clone());
        match root {
            "env" | "region" | "account_id" | "partition" => Ok((Shape::Scalar, 0)),
            "var" => {
                let name = name(0, "var.<name>")?;
                let variable = declared.variables.get(&name).ok_or_else(|| {
                    let message = format!("there is no variable `{name}`");
                    Problem::new("unknown_name", &at(0), message)
                        .nearest(&name, declared.variables.keys().map(String::as_str))
                })?;
                Ok((Shape::of_type(&variable.ty), 1))
            }
            "local" => {
                let name = name(0, "local.<name>")?;
                match declared.locals.entries.get_key_value(&name) {
                    Some((name, _)) => {
                        let end = accesses.first().map_or(span.end, |a| a.span.end);
                        let shape = self.local(name, &(root_span.start..end.max(root_span.end)));
                        Ok((shape, 1))
                    }
                    None => {
                        let message = format!("there is no local `{name}`");
                        Err(Problem::new("unknown_name", &at(0), message)
                            .nearest(&name, declared.locals.entries.keys().map(String::as_str)))
                    }
                }
            }
            "each" => {
                let shape = match &self.each {
                    Each::Value(shape) => shape.moved_to(span),
                    Each::Not(why) => return Err(Problem::new("unknown_name", span, *why)),
                };
                match name(0, "each.key` or `each.value")?.as_str() {
                    "key" => Ok((Shape::Scalar, 1)),
                    "value" => Ok((shape, 1)),
                    other => {
                        let message = format!("`each` has no `{other}`");
                        Err(Problem::new("unknown_name", &at(0), message)
                            .hint("there is `each.key` and `each.value`"))
                    }
                }
            }
            "data" => {
                let ty = name(0, "data.<type>.<name>")?;
                if !declared.catalog.data.contains_key(ty.as_str()) {
                    let message = format!("there is no data source `{ty}`");
                    return Err(Problem::new("unknown_type", &at(0), message)
                        .nearest(&ty, declared.catalog.data.keys().copied()));
                }
                let name = name(1, &format!("data.{ty}.<name>"))?;
                let which = self.which(accesses.get(2));
                let shape = self.block_shape(BlockId::data(ty, name), which, &at(1), span)?;
                Ok((shape, 2))
            }
            _ if declared.catalog.resources.contains_key(root) => {
                let name = name(0, &format!("{root}.<name>"))?;
                let which = self.which(accesses.get(1));
                let shape = self.block_shape(BlockId::resource(root, name), which, &at(0), span)?;
                Ok((shape, 1))
            }
            _ if declared.workspaces.contains(root) => self.output(root, accesses, root_span, span),
            _ => Err(self.unknown_root(root, root_span)),
        }
    }

    /// Which instance of a block with `for_each` an access takes.
    fn which(&self, access: Option<&Access>) -> Which {
        fn is_each_key(ast: &Ast) -> bool {
            match &ast.node {
                Node::Parentheses(inner) => is_each_key(inner),
                Node::Traversal(base, accesses) => {
                    matches!(&base.node, Node::Variable(name) if name == "each")
                        && matches!(accesses.as_slice(),
                            [Access { kind: AccessKind::Attribute(name), .. }] if name == "key")
                }
                _ => false,
            }
        }
        let Some(access) = access else { return Which::Any };
        match (written_key(access), &access.kind) {
            (Some(key), _) => Which::Key(key),
            (None, AccessKind::Index(index)) if is_each_key(index) => {
                let shadowed = self.bound.iter().any(|(name, _)| name == "each");
                if shadowed { Which::Any } else { Which::Same }
            }
            _ => Which::Any,
        }
    }

    fn block_shape(
        &mut self,
        id: BlockId,
        which: Which,
        at: &Range<usize>,
        span: &Range<usize>,
    ) -> Walked<'a> {
        let declared = self.declared;
        let Some(target) = self.target(&id) else {
            let other = match id.kind {
                BlockKind::Data => BlockId::resource(&id.ty, &id.name),
                BlockKind::Resource => BlockId::data(&id.ty, &id.name),
            };
            let problem = Problem::new("unknown_block", at, format!("there is no `{id}`"));
            let same = declared.blocks.keys().filter(|b| b.kind == id.kind && b.ty == id.ty);
            let names: Vec<&str> = same.map(|b| b.name.as_str()).collect();
            return Err(match nearest(&id.name, names.iter().copied()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None if declared.blocks.contains_key(&other) => {
                    problem.hint(format!("did you mean `{other}`?"))
                }
                None if names.is_empty() => {
                    let data = if id.kind == BlockKind::Data { "data." } else { "" };
                    problem.hint(format!("this file has no `[{data}{}.…]`", id.ty))
                }
                None => problem.nearest(&id.name, names),
            });
        };
        let which = if target.has_for_each { which } else { Which::Any };
        self.uses((&id, &which), What::Existence, span);
        let written = id.to_string();
        let span = span.clone();
        Ok(if target.has_for_each {
            Shape::Instances { target, written, span }
        } else {
            Shape::Instance { target, which, written, span }
        })
    }

    fn output(
        &mut self,
        workspace: &str,
        accesses: &[Access],
        root_span: &Range<usize>,
        span: &Range<usize>,
    ) -> Result<(Shape<'a>, usize), Problem> {
        if workspace == self.declared.workspace {
            return Err(Problem::new(
                "unknown_name",
                root_span,
                "a workspace cannot use its own outputs",
            )
            .hint("use what the output is made of, or a local"));
        }
        let keys: Vec<Option<String>> = accesses.iter().map(written_key).collect();
        let (Some(Some(first)), Some(Some(name))) = (keys.first(), keys.get(1)) else {
            return Err(Problem::new(
                "unknown_name",
                span,
                format!("`{workspace}` is a workspace"),
            )
            .hint(format!("write `{workspace}.outputs.<name>`")));
        };
        if first != "outputs" {
            let message = format!("a workspace shows only its outputs, not `{first}`");
            return Err(Problem::new("unknown_name", &accesses[0].span, message)
                .hint(format!("write `{workspace}.outputs.<name>`")));
        }
        let at = self.place(span);
        self.findings.outputs.entry((workspace.to_owned(), name.clone())).or_insert(at);
        Ok((Shape::Any, 2))
    }

    fn unknown_root(&self, root: &str, span: &Range<usize>) -> Problem {
        let declared = self.declared;
        let problem = Problem::new("unknown_name", span, format!("there is no `{root}`"));
        let hint = match root {
            "module" => Some("there are no modules; a workspace shows its outputs".to_owned()),
            "terraform" => Some("`env` is the environment".to_owned()),
            "path" => Some("paths are relative to the stacks folder as they are".to_owned()),
            "count" => Some("use `for_each`, and `each.key` or `each.value`".to_owned()),
            "self" => Some("use the value itself, or a local".to_owned()),
            _ if declared.variables.contains_key(root) => Some(format!("write `var.{root}`")),
            _ if declared.locals.entries.contains_key(root) => {
                Some(format!("write `local.{root}`"))
            }
            _ if declared.catalog.data.contains_key(root) => Some(format!("write `data.{root}`")),
            _ => None,
        };
        if let Some(hint) = hint {
            return problem.hint(hint);
        }
        let known = WORDS
            .into_iter()
            .chain(declared.catalog.resources.keys().copied())
            .chain(declared.workspaces.iter().map(String::as_str))
            .chain(self.bound.iter().map(|(name, _)| name.as_str()));
        match nearest(root, known) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("a text within an expression is written in quotes"),
        }
    }

    fn walk(&mut self, mut shape: Shape<'a>, accesses: &'a [Access]) -> Walked<'a> {
        for (at, access) in accesses.iter().enumerate() {
            match &access.kind {
                AccessKind::FullSplat => return self.splat(shape, access, &accesses[at + 1..]),
                AccessKind::AttributeSplat => {
                    let rest = &accesses[at + 1..];
                    let is_attribute = |a: &&Access| matches!(a.kind, AccessKind::Attribute(_));
                    let reach = rest.iter().take_while(is_attribute).count();
                    let list = self.splat(shape, access, &rest[..reach])?;
                    return self.walk(list, &rest[reach..]);
                }
                AccessKind::Attribute(_) | AccessKind::Index(_) => {
                    shape = self.step(shape, access)?;
                }
            }
        }
        Ok(shape)
    }

    fn splat(&mut self, shape: Shape<'a>, access: &Access, rest: &'a [Access]) -> Walked<'a> {
        let inner = match shape {
            Shape::Instances { written, .. } => {
                let attributes: String = rest
                    .iter()
                    .map_while(|a| match &a.kind {
                        AccessKind::Attribute(name) => Some(format!(".{name}")),
                        _ => None,
                    })
                    .collect();
                let message = format!("`{written}` is a map by key, which a splat takes as one");
                return Err(Problem::new("wrong_index", &access.span, message)
                    .hint(format!("write `[for x in {written} : x{attributes}]`")));
            }
            Shape::List(inner) => *inner,
            Shape::Field { view, written, span } => match view.items() {
                Some(view) => Shape::Field { view, written: format!("{written}[*]"), span },
                None => Shape::Field { view, written, span },
            },
            Shape::Union(shapes) => Shape::union(shapes.iter().map(|s| match s {
                Shape::List(inner) => (**inner).clone(),
                other => other.clone(),
            })),
            single => single,
        };
        Ok(Shape::list(self.walk(inner, rest)?))
    }

    /// Takes one attribute or index.
    fn step(&mut self, shape: Shape<'a>, access: &'a Access) -> Walked<'a> {
        let key = written_key(access);
        match shape {
            Shape::Any | Shape::Null => Ok(Shape::Any),
            Shape::Instance { target, which, written, .. } => {
                self.attribute((&target, &which), &written, key, access)
            }
            Shape::Instances { target, written, span } => {
                let which = self.which(Some(access));
                instance((target, which), &written, &span, key, access)
            }
            Shape::Field { view, written, .. } => field(view, &written, key, access),
            Shape::List(inner) => match &access.kind {
                AccessKind::Attribute(name) => Err(on_list("this", name, access)),
                _ => Ok(*inner),
            },
            Shape::Map(inner) => Ok(*inner),
            Shape::Object(mut fields) => match key {
                None => Ok(Shape::union(fields.into_values())),
                Some(key) => match fields.remove(&key) {
                    Some(shape) => Ok(shape),
                    None => {
                        let message = format!("there is no attribute `{key}`");
                        Err(Problem::new("unknown_attribute", &access.span, message)
                            .nearest(&key, fields.keys().map(String::as_str)))
                    }
                },
            },
            Shape::Union(shapes) => {
                let mut fitting = Vec::new();
                let mut problem = None;
                for shape in shapes {
                    match self.step(shape, access) {
                        Ok(shape) => fitting.push(shape),
                        Err(e) => problem = problem.or(Some(e)),
                    }
                }
                match problem {
                    Some(problem) if fitting.is_empty() => Err(problem),
                    _ => Ok(Shape::union(fitting)),
                }
            }
            Shape::Id { written, .. } => {
                Err(Problem::new("wrong_type", &access.span, format!("`{written}` is a string")))
            }
            Shape::Scalar => Err(Problem::new(
                "wrong_type",
                &access.span,
                "this is a string, number or boolean, it has nothing inside",
            )),
        }
    }

    /// An attribute of an instance.
    fn attribute(
        &mut self,
        (target, which): (&Rc<Target<'a>>, &Which),
        written: &str,
        key: Option<String>,
        access: &Access,
    ) -> Walked<'a> {
        let is_index = matches!(access.kind, AccessKind::Index(_));
        let Some(name) = key else {
            let span = &access.span;
            if !target.has_for_each {
                return Err(no_for_each(target, span));
            }
            self.uses((&target.id, which), What::Whole, span);
            return Ok(Shape::Any);
        };
        let view = target.entry.attribute(&name);
        if view.is_none() && name != "id" {
            if is_index && !target.has_for_each {
                return Err(no_for_each(target, &access.span));
            }
            let message = format!("`{}` has no attribute `{name}`", target.id.ty);
            return Err(Problem::new("unknown_attribute", &access.span, message)
                .nearest(&name, target.entry.attributes()));
        }
        self.uses((&target.id, which), What::Attribute(name.clone()), &access.span);
        let written = format!("{written}.{name}");
        let span = access.span.clone();
        Ok(match view {
            // An id may itself be declared as a reference; it is one to its own type.
            _ if name == "id" => Shape::Id { ty: target.entry.name, written, span },
            Some(view) => Shape::Field { view, written, span },
            None => Shape::Any,
        })
    }
}

/// One instance of a block with `for_each`.
fn instance<'a>(
    (target, which): (Rc<Target<'a>>, Which),
    written: &str,
    span: &Range<usize>,
    key: Option<String>,
    access: &Access,
) -> Walked<'a> {
    let is_attribute = matches!(access.kind, AccessKind::Attribute(_));
    let known = |key: &str| target.keys.as_ref().is_some_and(|keys| keys.iter().any(|k| k == key));
    let Some(key) = key else {
        let span = span.clone();
        return Ok(Shape::Instance { target, which, written: format!("{written}[…]"), span });
    };
    if is_attribute && !known(&key) {
        let example = target.keys.as_ref().and_then(|keys| keys.first());
        let example = example.map_or("…", String::as_str);
        let message = format!("`{written}` has `for_each`: it is a map of instances by key");
        return Err(Problem::new("wrong_index", &access.span, message).hint(format!(
            "`{written}[\"{example}\"].{key}` is one, `[for x in {written} : x.{key}]` is all"
        )));
    }
    if let Some(keys) = target.keys.as_ref().filter(|_| !known(&key)) {
        let message = format!("`{written}` has no instance {key:?}");
        return Err(Problem::new("unknown_key", &access.span, message)
            .nearest(&key, keys.iter().map(String::as_str)));
    }
    let written = format!("{written}[\"{key}\"]");
    Ok(Shape::Instance { target, which, written, span: span.clone() })
}

fn no_for_each(target: &Target<'_>, span: &Range<usize>) -> Problem {
    Problem::new("wrong_index", span, format!("`{}` has no `for_each`", target.id))
        .hint(format!("write `{}.id` without an index", target.id))
}

fn on_list(written: &str, name: &str, access: &Access) -> Problem {
    let message = format!("{written} is a list, it has no attribute `{name}`");
    Problem::new("wrong_index", &access.span, message)
        .hint(format!("`[*].{name}` takes that of every element, `[0].{name}` that of the first"))
}

/// Something inside an attribute.
fn field<'a>(
    view: SchemaView<'a>,
    written: &str,
    key: Option<String>,
    access: &Access,
) -> Walked<'a> {
    let types = view.types();
    let next = |view: SchemaView<'a>, key: &str| {
        Ok(Shape::Field { view, written: format!("{written}{key}"), span: access.span.clone() })
    };
    let Some(key) = key else {
        return match view.items().or_else(|| view.values()) {
            Some(view) => next(view, "[…]"),
            None => Ok(Shape::Any),
        };
    };
    if let Some(view) = view.property(&key) {
        return next(view, &format!(".{key}"));
    }
    if let Some(view) = view.values() {
        return next(view, &format!(".{key}"));
    }
    match (view.items(), &access.kind) {
        (Some(_), AccessKind::Attribute(name)) => {
            return Err(on_list(&format!("`{written}`"), name, access));
        }
        (Some(view), _) => return next(view, &format!("[{key}]")),
        (None, _) => {}
    }
    let properties = view.properties();
    if !properties.is_empty() && view.is_closed() {
        let message = format!("`{written}` has no attribute `{key}`");
        return Err(Problem::new("unknown_attribute", &access.span, message)
            .nearest(&key, properties.into_iter().map(|(name, _)| name)));
    }
    let scalar = |t: &&str| matches!(*t, "string" | "integer" | "number" | "boolean");
    if !types.is_empty() && types.iter().all(scalar) {
        let message = format!("`{written}` is a {}, it has nothing inside", types.join(" or "));
        return Err(Problem::new("wrong_type", &access.span, message));
    }
    Ok(Shape::Any)
}
