//! Finds the shape of an expression, reporting names that do not exist on the way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::access::Problem;
use super::shape::Shape;
use super::{Checker, Each, Local, Use, What, Which};
use crate::stack::document::{Data, Node as Value, Text};
use crate::stack::functions;
use crate::stack::syntax::{Ast, BinaryOperator, Key, Name, Node, Part};

impl<'a> Checker<'a, '_> {
    /// Finds the shape of a value of the file, whatever is expected of it.
    pub(super) fn shape_of(&mut self, node: &'a Value) -> Shape<'a> {
        match &node.data {
            Data::Bool(_) | Data::Number(_) => Shape::Scalar,
            Data::Bad => Shape::Any,
            Data::Text(text) if text.literal().is_some() => Shape::Scalar,
            Data::Text(text) => self.text(text),
            Data::Array(items) => {
                let shapes: Vec<_> = items.iter().map(|item| self.shape_of(item)).collect();
                Shape::list(Shape::union(shapes))
            }
            Data::Table(table) => Shape::Object(
                table
                    .entries
                    .iter()
                    .map(|(key, entry)| (key.clone(), self.shape_of(&entry.node)))
                    .collect(),
            ),
        }
    }

    /// Finds the shape of a string with an expression. Spans in it are those of the string.
    pub(super) fn text(&mut self, text: &'a Text) -> Shape<'a> {
        let outer = self.text.replace(text);
        let bound = std::mem::take(&mut self.bound);
        let shape = self.expression(&text.expression.ast);
        self.bound = bound;
        self.text = outer;
        shape
    }

    /// Places a span of the string at hand in the file.
    pub(super) fn place(&self, span: &Range<usize>) -> Range<usize> {
        self.text.map_or_else(|| span.clone(), |text| text.locate(span))
    }

    pub(super) fn report(&mut self, problem: Problem) {
        let at = self.place(&problem.span);
        let mut diagnostic = self.report.error(problem.code, &at, problem.message);
        diagnostic.hint = problem.hint;
        self.report.push(diagnostic);
    }

    pub(super) fn uses(
        &mut self,
        (target, which): (&super::BlockId, &Which),
        what: What,
        span: &Range<usize>,
    ) {
        let at = self.place(span);
        self.uses.push(Use { target: target.clone(), which: which.clone(), what, at });
    }

    /// Notes that whole instances in this shape are used as values.
    pub(super) fn escape(&mut self, shape: &Shape<'a>) {
        let mut targets = Vec::new();
        shape.targets(&mut targets);
        for (target, which, span) in targets {
            self.uses((&target.id, &which), What::Whole, &span);
        }
    }

    fn escaping(&mut self, ast: &'a Ast) {
        let shape = self.expression(ast);
        self.escape(&shape);
    }

    pub(super) fn expression(&mut self, ast: &'a Ast) -> Shape<'a> {
        match &ast.node {
            Node::Null => Shape::Null,
            Node::Bool(_) | Node::Number(_) | Node::String(_) => Shape::Scalar,
            Node::Parentheses(inner) => self.expression(inner),
            Node::Template(parts) => {
                self.parts(parts);
                Shape::Scalar
            }
            Node::Tuple(items) => {
                let shapes: Vec<_> = items.iter().map(|item| self.expression(item)).collect();
                Shape::list(Shape::union(shapes))
            }
            Node::Object(items) => self.object_expression(items),
            Node::Variable(name) => self.reference(name, &ast.span, &[], &ast.span),
            Node::Traversal(base, accesses) => match &base.node {
                Node::Variable(name) => self.reference(name, &base.span, accesses, &ast.span),
                _ => {
                    let shape = self.expression(base);
                    self.walk_or_report(shape, accesses)
                }
            },
            Node::Conditional(condition, then, otherwise) => {
                self.escaping(condition);
                let then = self.expression(then);
                let otherwise = self.expression(otherwise);
                Shape::union([then, otherwise])
            }
            Node::Call { name, args, .. } => self.call(name, args),
            Node::Unary(_, operand) => {
                self.escaping(operand);
                Shape::Scalar
            }
            Node::Binary { left, operator, right } => {
                let is_equality = matches!(operator, BinaryOperator::Eq | BinaryOperator::NotEq);
                let is_null = |ast: &Ast| matches!(ast.node, Node::Null);
                if is_equality && (is_null(left) || is_null(right)) {
                    // Whether something is null is known with its existence.
                    self.expression(left);
                    self.expression(right);
                } else {
                    self.escaping(left);
                    self.escaping(right);
                }
                Shape::Scalar
            }
            Node::For(f) => {
                let collection = self.expression(&f.collection);
                let bound = self.bind(f.key_name.as_ref(), &f.value_name, &collection);
                if let Some(condition) = &f.condition {
                    self.escaping(condition);
                }
                if let Some(key) = &f.key {
                    self.escaping(key);
                }
                let value = self.expression(&f.value);
                self.bound.truncate(bound);
                match (&f.key, f.grouping) {
                    (None, _) => Shape::list(value),
                    (Some(_), false) => Shape::Map(Box::new(value)),
                    (Some(_), true) => Shape::Map(Box::new(Shape::list(value))),
                }
            }
        }
    }

    /// Binds the names of a `for`; gives how many were bound before.
    fn bind(&mut self, key: Option<&Name>, value: &Name, collection: &Shape<'a>) -> usize {
        let before = self.bound.len();
        if let Shape::Instance { .. } = collection {
            self.escape(collection);
        }
        if let Some(key) = key {
            self.bound.push((key.text.clone(), Shape::Scalar));
        }
        self.bound.push((value.text.clone(), collection.element()));
        before
    }

    fn parts(&mut self, parts: &'a [Part]) {
        for part in parts {
            match part {
                Part::Literal(_) => {}
                Part::Interpolation(ast) => self.interpolation(ast),
                Part::If { condition, then, otherwise } => {
                    self.escaping(condition);
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For { key_name, value_name, collection, body } => {
                    let collection = self.expression(collection);
                    let bound = self.bind(key_name.as_ref(), value_name, &collection);
                    self.parts(body);
                    self.bound.truncate(bound);
                }
            }
        }
    }

    /// A part of a template, which becomes text.
    fn interpolation(&mut self, ast: &'a Ast) {
        let shape = self.expression(ast);
        let whole = match &shape {
            Shape::Instance { written, span, .. } => Some((written, span, "a whole object")),
            Shape::Instances { written, span, .. } => Some((written, span, "a map of objects")),
            _ => None,
        };
        if let Some((written, span, what)) = whole {
            let problem =
                Problem::new("wrong_type", span, format!("`{written}` is {what}, no text"));
            self.report(problem.hint(format!("name an attribute, such as `{written}.id`")));
        }
        self.escape(&shape);
    }

    fn object_expression(&mut self, items: &'a [(Key, Ast)]) -> Shape<'a> {
        let mut fields = BTreeMap::new();
        let mut others = Vec::new();
        for (key, value) in items {
            let name = match key {
                Key::Name(name) => Some(name.text.clone()),
                Key::Computed(Ast { node: Node::String(name), .. }) => Some(name.clone()),
                Key::Computed(key) => {
                    self.escaping(key);
                    None
                }
            };
            let shape = self.expression(value);
            match name {
                Some(name) => {
                    fields.insert(name, shape);
                }
                None => others.push(shape),
            }
        }
        if others.is_empty() {
            return Shape::Object(fields);
        }
        others.extend(fields.into_values());
        Shape::Map(Box::new(Shape::union(others)))
    }

    fn call(&mut self, name: &'a Name, args: &'a [Ast]) -> Shape<'a> {
        if let Err(e) = functions::find(&name.text) {
            self.report(Problem {
                code: "unknown_function",
                span: name.span.clone(),
                message: e.message,
                hint: e.hint,
            });
        }
        let shapes: Vec<Shape<'a>> = args.iter().map(|arg| self.expression(arg)).collect();
        let first = || shapes.first().cloned().unwrap_or(Shape::Any);
        let elements = || Shape::union(shapes.iter().map(Shape::element));
        match name.text.as_str() {
            "keys" => Shape::list(Shape::Scalar),
            "length" | "can" => Shape::Scalar,
            "values" => Shape::list(first().element()),
            "compact" | "concat" | "distinct" | "reverse" | "setintersection" | "setsubtract"
            | "setunion" | "sort" | "tolist" | "toset" => Shape::list(elements()),
            "slice" => Shape::list(first().element()),
            "flatten" => {
                let inner = match first().element() {
                    list @ Shape::List(_) => list.element(),
                    Shape::Union(_) => Shape::Any,
                    other => other,
                };
                Shape::list(inner)
            }
            "element" | "one" => first().element(),
            "lookup" => {
                let default = shapes.get(2).cloned().unwrap_or(Shape::Null);
                Shape::union([first().element(), default])
            }
            "merge" => merged(&shapes),
            "coalesce" | "coalescelist" | "nonsensitive" | "sensitive" | "try" => {
                Shape::union(shapes)
            }
            "tomap" => first(),
            "tostring" => match first() {
                Shape::Null => Shape::Any,
                other => other,
            },
            "zipmap" => Shape::Map(Box::new(shapes.get(1).map_or(Shape::Any, Shape::element))),
            _ => {
                for shape in &shapes {
                    self.escape(shape);
                }
                Shape::Any
            }
        }
    }

    /// Finds the shape of a local, once; its references count for whoever uses it.
    pub(super) fn local(&mut self, name: &'a str, span: &Range<usize>) -> Shape<'a> {
        if let Some(local) = self.locals.get(name) {
            let local = Rc::clone(local);
            let at = self.place(span);
            let moved = local.uses.iter().map(|used| Use { at: at.clone(), ..used.clone() });
            self.uses.extend(moved);
            self.outputs.extend(local.outputs.iter().cloned());
            return local.shape.moved_to(span);
        }
        let Some(entry) = self.declared.locals.entries.get(name) else { return Shape::Any };
        if let Some(start) = self.visiting.iter().position(|(n, _)| *n == name) {
            self.circle(start, name);
            return Shape::Any;
        }
        let at = self.place(span);
        if let Some(last) = self.visiting.last_mut() {
            last.1 = at;
        }
        self.visiting.push((name, entry.key.clone()));
        let outer = std::mem::take(&mut self.uses);
        let outer_outputs = std::mem::take(&mut self.outputs);
        let each = std::mem::replace(&mut self.each, Each::Not("locals cannot use `each`"));
        let (text, bound) = (self.text.take(), std::mem::take(&mut self.bound));
        let shape = self.shape_of(&entry.node);
        (self.text, self.bound) = (text, bound);
        self.each = each;
        self.visiting.pop();
        let uses = std::mem::replace(&mut self.uses, outer);
        let outputs = std::mem::replace(&mut self.outputs, outer_outputs);
        self.locals.insert(name, Rc::new(Local { shape, uses, outputs }));
        self.local(name, span)
    }

    /// Reports locals that need each other.
    fn circle(&mut self, start: usize, name: &str) {
        let steps: Vec<(&str, Range<usize>)> = self.visiting[start..].to_vec();
        let mut path: Vec<String> = steps.iter().map(|(n, _)| format!("local.{n}")).collect();
        path.push(format!("local.{name}"));
        let first = self.declared.locals.entries.get(name).map(|e| e.key.clone());
        let message = format!("locals need each other in a circle: {}", path.join(" → "));
        let mut problem = self.report.error("cycle", &first.unwrap_or_default(), message);
        for (at, (step, range)) in steps.iter().enumerate() {
            let next = &path[at + 1];
            let words = format!("`local.{step}` needs `{next}`");
            // The last step's reference is the one just met, whose text is at hand.
            let range = match self.text {
                Some(text) if at + 1 == steps.len() => text.locate(&(0..text.raw().len())),
                _ => range.clone(),
            };
            problem = problem.related(self.report.location(&range), words);
        }
        self.report.push(problem);
    }
}

fn merged<'a>(shapes: &[Shape<'a>]) -> Shape<'a> {
    let mut fields = BTreeMap::new();
    for shape in shapes {
        match shape {
            Shape::Object(inner) => fields.extend(inner.clone()),
            _ => return Shape::Map(Box::new(Shape::union(shapes.iter().map(Shape::element)))),
        }
    }
    Shape::Object(fields)
}
