//! References and what follows them: attributes, indexes, splats.

mod root;

use std::ops::Range;
use std::rc::Rc;

use super::shape::{Shape, Target};
use super::{Checker, What, Which};
use crate::stack::diagnostic::nearest;
use crate::stack::document::listed;
use crate::stack::schema::SchemaView;
use crate::stack::syntax::{Access, AccessKind, Ast, Node};
use crate::stack::value::as_i128;

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
