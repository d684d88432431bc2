//! Evaluates parsed expressions with Terraform's semantics.
//!
//! What is unknown passes through per element; what is sensitive marks what is made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::access::{article, attribute, element, unify_arms};
use super::convert::{to_bool, to_text};
use super::expression::{Expression, ExpressionError, nearest};
use super::functions::{self, Files, FunctionError};
use super::operators::{self, OperandError};
use super::syntax::{
    self, Access, AccessKind, Ast, BinaryOperator, For, Key, Name, Node, Part, UnaryOperator,
};
use super::value::Value;

/// One step after the first word of a reference, its index already evaluated.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`
    Attribute(String),
    /// `[…]`: a known string or number
    Index(Value),
}

impl Step {
    /// Gives the step as a key: an attribute's name, an index as a string.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Attribute(name) => Some(name.clone()),
            Self::Index(value) => to_text(value).ok(),
        }
    }
}

/// What a scope found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The value.
    pub value: Value,
    /// How many of the steps lead to it; the evaluator takes the rest.
    pub consumed: usize,
}

/// Why a scope found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// Which step is at fault, counted from zero; `None` for the first word.
    pub step: Option<usize>,
}

impl LookupError {
    /// Makes an error about the first word.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, step: None }
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which step is at fault, counted from zero.
    #[must_use]
    pub fn at(mut self, step: usize) -> Self {
        self.step = Some(step);
        self
    }
}

/// Gives the values of names. It may compute them when first asked; it must then notice cycles.
pub trait Scope {
    /// Looks up a name. `steps` ends before the first splat and before an index that is unknown.
    fn lookup(&self, root: &str, steps: &[Step]) -> Result<Found, LookupError>;
}

type Evaluated = Result<Value, ExpressionError>;

/// Evaluates an expression. Errors point into the text it was parsed from.
pub fn evaluate(expression: &Expression, scope: &dyn Scope, files: &dyn Files) -> Evaluated {
    let mut evaluator = Evaluator { scope, files, locals: Vec::new(), in_template: false };
    let value = evaluator.eval(&expression.ast).map_err(|e| e.moved(expression.offset))?;
    if value.has_reserved_char() {
        return Err(ExpressionError::new(
            "the value contains the reserved character U+10FFFC or U+10FFFD",
            expression.ast.span.clone(),
        ));
    }
    Ok(value)
}

struct Evaluator<'a> {
    scope: &'a dyn Scope,
    files: &'a dyn Files,
    /// Names bound by `for`, innermost last.
    locals: Vec<(String, Value)>,
    /// Inside `templatefile` or `templatestring`, which may not call each other.
    in_template: bool,
}

/// Collects what makes a result unknown or sensitive as a whole.
#[derive(Default)]
struct Taint {
    refs: Option<BTreeSet<String>>,
    sensitive: bool,
}

impl Taint {
    /// Takes the mark off; remembers it, and the references if the value is unknown. Gives the
    /// value only when it is known at its top.
    fn take(&mut self, value: Value) -> Option<Value> {
        let (value, sensitive) = value.unmark();
        self.sensitive |= sensitive;
        match value {
            Value::Unknown(u) => {
                self.refs.get_or_insert_default().extend(u.refs);
                None
            }
            known => Some(known),
        }
    }

    fn unknown(&self) -> bool {
        self.refs.is_some()
    }

    fn finish(self, value: impl FnOnce() -> Value) -> Value {
        match self.refs {
            Some(refs) => Value::unknown(refs),
            None => value(),
        }
        .mark_if(self.sensitive)
    }
}

fn error<T>(message: impl Into<String>, span: &Range<usize>) -> Result<T, ExpressionError> {
    Err(ExpressionError::new(message, span.clone()))
}

impl Evaluator<'_> {
    fn eval(&mut self, ast: &Ast) -> Evaluated {
        match &ast.node {
            Node::Null => Ok(Value::Null),
            Node::Bool(b) => Ok(Value::Bool(*b)),
            Node::Number(n) => Ok(Value::Number(n.clone())),
            Node::String(s) => Ok(Value::String(s.clone())),
            Node::Parentheses(inner) => self.eval(inner),
            Node::Template(parts) => self.template(parts),
            Node::Tuple(items) => {
                items.iter().map(|item| self.eval(item)).collect::<Result<_, _>>().map(Value::List)
            }
            Node::Object(items) => self.object(items),
            Node::Variable(name) => self.reference(name, &ast.span, &[]),
            Node::Traversal(base, accesses) => match &base.node {
                Node::Variable(name) => self.reference(name, &base.span, accesses),
                _ => {
                    let value = self.eval(base)?;
                    self.walk(value, accesses, &mut [])
                }
            },
            Node::Conditional(condition, then, otherwise) => {
                self.conditional(condition, then, otherwise, &ast.span)
            }
            Node::Call { name, args, expand } => self.call(name, args, *expand, &ast.span),
            Node::Unary(operator, operand) => self.unary(*operator, operand),
            Node::Binary { left, operator, right } => {
                self.binary(left, *operator, right, &ast.span)
            }
            Node::For(f) => self.for_expression(f),
        }
    }

    fn reference(
        &mut self,
        root: &str,
        root_span: &Range<usize>,
        accesses: &[Access],
    ) -> Evaluated {
        if let Some((_, value)) = self.locals.iter().rev().find(|(name, _)| name == root) {
            let value = value.clone();
            return self.walk(value, accesses, &mut []);
        }
        let mut steps = Vec::new();
        let mut indexes = Vec::new();
        let mut sensitive = false;
        for access in accesses {
            match &access.kind {
                AccessKind::Attribute(name) => {
                    steps.push(Step::Attribute(name.clone()));
                    indexes.push(None);
                }
                AccessKind::Index(index) => {
                    let value = self.eval(index)?;
                    indexes.push(Some(value.clone()));
                    let (plain, marked) = value.unmark_deep();
                    if !matches!(plain, Value::String(_) | Value::Number(_)) {
                        break;
                    }
                    sensitive |= marked;
                    steps.push(Step::Index(plain));
                }
                AccessKind::AttributeSplat | AccessKind::FullSplat => break,
            }
        }
        let found = self.scope.lookup(root, &steps).map_err(|e| {
            let span = e
                .step
                .and_then(|step| accesses.get(step))
                .map_or_else(|| root_span.clone(), |access| access.span.clone());
            ExpressionError { message: e.message, span, hint: e.hint }
        })?;
        let consumed = found.consumed.min(steps.len());
        // What is left is walked with the indexes already evaluated.
        let mut rest = indexes.split_off(consumed);
        let value = self.walk(found.value, &accesses[consumed..], &mut rest)?;
        Ok(value.mark_if(sensitive))
    }

    /// Takes the accesses one by one. `indexes` holds those already evaluated, from the front.
    fn walk(
        &mut self,
        mut value: Value,
        accesses: &[Access],
        indexes: &mut [Option<Value>],
    ) -> Evaluated {
        for (at, access) in accesses.iter().enumerate() {
            value = match &access.kind {
                AccessKind::Attribute(name) => attribute(value, name, &access.span)?,
                AccessKind::Index(index) => {
                    let key = match indexes.get_mut(at).and_then(Option::take) {
                        Some(key) => key,
                        None => self.eval(index)?,
                    };
                    element(value, key, &access.span)?
                }
                AccessKind::FullSplat => {
                    return self.splat(value, &accesses[at + 1..]);
                }
                AccessKind::AttributeSplat => {
                    let rest = &accesses[at + 1..];
                    let reach = rest
                        .iter()
                        .take_while(|a| matches!(a.kind, AccessKind::Attribute(_)))
                        .count();
                    let list = self.splat(value, &rest[..reach])?;
                    return self.walk(list, &rest[reach..], &mut []);
                }
            };
        }
        Ok(value)
    }

    fn splat(&mut self, value: Value, rest: &[Access]) -> Evaluated {
        let (value, sensitive) = value.unmark();
        let from_map = matches!(value, Value::Map(_));
        let items = match value {
            Value::Unknown(_) => return Ok(value.mark_if(sensitive)),
            Value::Null => Vec::new(),
            Value::List(items) | Value::Set(items) => items,
            single => vec![single],
        };
        let items = items
            .into_iter()
            .map(|item| self.walk(item, rest, &mut []))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| {
                if from_map {
                    e.hint("a splat takes a map as one element; `values(…)[*]` goes through the values of a map")
                } else {
                    e
                }
            })?;
        Ok(Value::List(items).mark_if(sensitive))
    }

    fn object(&mut self, items: &[(Key, Ast)]) -> Evaluated {
        let mut map = BTreeMap::new();
        let mut taint = Taint::default();
        for (key, value) in items {
            let key = match key {
                Key::Name(name) => Some(name.text.clone()),
                Key::Computed(key) => self.key(key, &mut taint)?,
            };
            let value = self.eval(value)?;
            if let Some(key) = key {
                map.insert(key, value);
            }
        }
        Ok(taint.finish(|| Value::Map(map)))
    }

    /// Evaluates a key of an object; `None` when it is unknown.
    fn key(&mut self, key: &Ast, taint: &mut Taint) -> Result<Option<String>, ExpressionError> {
        let value = self.eval(key)?;
        match taint.take(value) {
            None => Ok(None),
            Some(Value::Null) => error("a key may not be null", &key.span),
            Some(value) => to_text(&value).map(Some).map_err(|m| {
                ExpressionError::new(format!("key of an object: {m}"), key.span.clone())
            }),
        }
    }

    /// Evaluates a condition; `None` when it is unknown.
    fn condition(&mut self, ast: &Ast, taint: &mut Taint) -> Result<Option<bool>, ExpressionError> {
        let value = self.eval(ast)?;
        match taint.take(value) {
            None => Ok(None),
            Some(Value::Null) => {
                error("the condition is null, it must be true or false", &ast.span)
            }
            Some(value) => to_bool(&value)
                .map(Some)
                .map_err(|m| ExpressionError::new(format!("condition: {m}"), ast.span.clone())),
        }
    }

    fn conditional(
        &mut self,
        condition: &Ast,
        then: &Ast,
        otherwise: &Ast,
        span: &Range<usize>,
    ) -> Evaluated {
        let mut taint = Taint::default();
        let Some(holds) = self.condition(condition, &mut taint)? else {
            // Either arm may become the result, so a sensitive one makes it sensitive.
            for arm in [then, otherwise] {
                taint.sensitive |= self.eval(arm).is_ok_and(|v| v.contains_sensitive());
            }
            return Ok(taint.finish(|| Value::Null));
        };
        let (chosen, other) = if holds { (then, otherwise) } else { (otherwise, then) };
        let value = self.eval(chosen)?;
        // The arm not taken only lends its type; an error in it does not matter.
        let value = match self.eval(other) {
            Ok(other) => unify_arms(value, &other, span)?,
            Err(_) => value,
        };
        Ok(taint.finish(|| value))
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Ast) -> Evaluated {
        let mut taint = Taint::default();
        let value = self.eval(operand)?;
        let result = match taint.take(value) {
            None => Value::Null,
            Some(value) => operators::unary(operator, &value)
                .map_err(|m| ExpressionError::new(m, operand.span.clone()))?,
        };
        Ok(taint.finish(|| result))
    }

    fn binary(
        &mut self,
        left: &Ast,
        operator: BinaryOperator,
        right: &Ast,
        span: &Range<usize>,
    ) -> Evaluated {
        if let BinaryOperator::And | BinaryOperator::Or = operator {
            return self.logical(left, operator, right);
        }
        let a = self.eval(left)?;
        let b = self.eval(right)?;
        if let BinaryOperator::Eq | BinaryOperator::NotEq = operator {
            let sensitive = a.contains_sensitive() || b.contains_sensitive();
            let wanted = operator == BinaryOperator::Eq;
            let result = operators::equal(&a, &b).map_or_else(
                || {
                    let mut refs = a.unknown_refs().unwrap_or_default();
                    refs.extend(b.unknown_refs().unwrap_or_default());
                    Value::unknown(refs)
                },
                |equal| Value::Bool(equal == wanted),
            );
            return Ok(result.mark_if(sensitive));
        }
        let mut taint = Taint::default();
        let at = |ast: &Ast, m: String| ExpressionError::new(m, ast.span.clone());
        let a = taint.take(a);
        let b = taint.take(b);
        let result = match (&a, &b) {
            (Some(a), Some(b)) => operators::binary(operator, a, b).map_err(|e| match e {
                OperandError::Left(m) => at(left, m),
                OperandError::Right(m) => at(right, m),
                OperandError::Both(m) => ExpressionError::new(m, span.clone()),
            })?,
            _ => {
                for (value, ast) in [(&a, left), (&b, right)] {
                    if let Some(value) = value {
                        operators::check_operand(operator, value).map_err(|m| at(ast, m))?;
                    }
                }
                Value::Null
            }
        };
        Ok(taint.finish(|| result))
    }

    /// `&&` and `||`: a left side that decides leaves the right side unevaluated, and a right side
    /// that decides makes an unknown left side irrelevant.
    fn logical(&mut self, left: &Ast, operator: BinaryOperator, right: &Ast) -> Evaluated {
        let decisive = operator == BinaryOperator::Or;
        let mut taint = Taint::default();
        let a = self.condition(left, &mut taint)?;
        if a == Some(decisive) {
            return Ok(taint.finish(|| Value::Bool(decisive)));
        }
        let b = self.condition(right, &mut taint)?;
        if b == Some(decisive) {
            return Ok(Value::Bool(decisive).mark_if(taint.sensitive));
        }
        Ok(taint.finish(|| Value::Bool(!decisive)))
    }

    /// Evaluates what a `for` goes through: pairs of key and element. `None` when it is unknown.
    fn iterate(
        &mut self,
        collection: &Ast,
        taint: &mut Taint,
    ) -> Result<Option<Vec<(Value, Value)>>, ExpressionError> {
        let value = self.eval(collection)?;
        let pairs = match taint.take(value) {
            None => return Ok(None),
            Some(Value::List(items)) => items
                .into_iter()
                .enumerate()
                .map(|(at, item)| (Value::integer(at as i64), item))
                .collect(),
            Some(Value::Set(items)) => items.into_iter().map(|item| (item.clone(), item)).collect(),
            Some(Value::Map(map)) => {
                map.into_iter().map(|(key, item)| (Value::String(key), item)).collect()
            }
            Some(other) => {
                let what = other.type_name();
                return error(
                    format!("`for` goes through a list, set or map; this is {}", article(what)),
                    &collection.span,
                );
            }
        };
        Ok(Some(pairs))
    }

    fn with_element<T>(
        &mut self,
        names: (Option<&Name>, &Name),
        (key, value): (Value, Value),
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.locals.len();
        self.locals.extend(names.0.map(|name| (name.text.clone(), key)));
        self.locals.push((names.1.text.clone(), value));
        let result = inside(self);
        self.locals.truncate(before);
        result
    }

    fn for_expression(&mut self, f: &For) -> Evaluated {
        let mut taint = Taint::default();
        let Some(pairs) = self.iterate(&f.collection, &mut taint)? else {
            return Ok(taint.finish(|| Value::Null));
        };
        let names = (f.key_name.as_ref(), &f.value_name);
        let mut list = Vec::new();
        let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for pair in pairs {
            self.with_element(names, pair, |this| -> Result<(), ExpressionError> {
                if let Some(condition) = &f.condition
                    && this.condition(condition, &mut taint)? == Some(false)
                {
                    return Ok(());
                }
                let Some(key_ast) = &f.key else {
                    list.push(this.eval(&f.value)?);
                    return Ok(());
                };
                let key = this.key(key_ast, &mut taint)?;
                let value = this.eval(&f.value)?;
                let Some(key) = key else { return Ok(()) };
                let group = groups.entry(key.clone()).or_default();
                if !group.is_empty() && !f.grouping {
                    return Err(ExpressionError::new(
                        format!("two elements have the key {key:?}"),
                        key_ast.span.clone(),
                    )
                    .hint("write `...` after the value to collect the values of a key in a list"));
                }
                group.push(value);
                Ok(())
            })?;
        }
        Ok(taint.finish(|| match (&f.key, f.grouping) {
            (None, _) => Value::List(list),
            (Some(_), true) => {
                Value::Map(groups.into_iter().map(|(k, v)| (k, Value::List(v))).collect())
            }
            (Some(_), false) => Value::Map(
                groups.into_iter().filter_map(|(k, mut v)| v.pop().map(|v| (k, v))).collect(),
            ),
        }))
    }

    fn template(&mut self, parts: &[Part]) -> Evaluated {
        let mut text = String::new();
        let mut taint = Taint::default();
        self.parts(parts, &mut text, &mut taint)?;
        Ok(taint.finish(|| Value::String(text)))
    }

    fn parts(
        &mut self,
        parts: &[Part],
        text: &mut String,
        taint: &mut Taint,
    ) -> Result<(), ExpressionError> {
        for part in parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Interpolation(ast) => {
                    let value = self.eval(ast)?;
                    match taint.take(value) {
                        None => {}
                        Some(Value::Null) => {
                            return Err(ExpressionError::new(
                                "the value is null, which cannot stand in a string",
                                ast.span.clone(),
                            )
                            .hint("`coalesce(…, \"…\")` gives a value instead of null"));
                        }
                        Some(value) => match to_text(&value) {
                            Ok(s) => text.push_str(&s),
                            Err(_) => {
                                return Err(ExpressionError::new(
                                    format!(
                                        "{} cannot stand in a string",
                                        article(value.type_name())
                                    ),
                                    ast.span.clone(),
                                )
                                .hint("`join` or `jsonencode` makes a string of it"));
                            }
                        },
                    }
                }
                Part::If { condition, then, otherwise } => {
                    match self.condition(condition, taint)? {
                        None => {}
                        Some(true) => self.parts(then, text, taint)?,
                        Some(false) => self.parts(otherwise, text, taint)?,
                    }
                }
                Part::For { key_name, value_name, collection, body } => {
                    let Some(pairs) = self.iterate(collection, taint)? else { continue };
                    for pair in pairs {
                        self.with_element((key_name.as_ref(), value_name), pair, |this| {
                            this.parts(body, text, taint)
                        })?;
                    }
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, name: &Name, args: &[Ast], expand: bool, span: &Range<usize>) -> Evaluated {
        match name.text.as_str() {
            "try" | "can" if args.is_empty() => {
                return error(format!("`{}` needs an argument", name.text), span);
            }
            "try" => return self.try_each(args, span),
            "can" if args.len() > 1 => return error("`can` takes 1 argument", &args[1].span),
            "can" => {
                return Ok(match self.try_each(args, span) {
                    Ok(value) if value.contains_unknown() => value.unmark().0,
                    result => Value::Bool(result.is_ok()),
                });
            }
            _ => {}
        }
        functions::find(&name.text).map_err(|e| in_call(e, args, &name.span))?;
        let mut values = Vec::with_capacity(args.len());
        let mut taint = Taint::default();
        for (at, arg) in args.iter().enumerate() {
            let value = self.eval(arg)?;
            if !expand || at + 1 < args.len() {
                values.push(value);
                continue;
            }
            match taint.take(value) {
                None => {}
                Some(Value::List(items) | Value::Set(items)) => values.extend(items),
                Some(other) => {
                    return error(
                        format!(
                            "`...` expands a list or set; this is {}",
                            article(other.type_name())
                        ),
                        &arg.span,
                    );
                }
            }
        }
        if taint.unknown() {
            return Ok(taint.finish(|| Value::Null));
        }
        let result = match name.text.as_str() {
            "templatefile" | "templatestring" => {
                self.render_template(&name.text, values, args, span)?
            }
            _ => functions::call(&name.text, values, self.files)
                .map_err(|e| in_call(e, args, span))?,
        };
        Ok(taint.finish(|| result))
    }

    /// `try`: the first argument that evaluates without an error. What is not wholly known may
    /// still fail after apply, so the result is unknown as a whole then.
    fn try_each(&mut self, args: &[Ast], span: &Range<usize>) -> Evaluated {
        let mut last = None;
        for arg in args {
            let locals = self.locals.len();
            match self.eval(arg) {
                Ok(value) => {
                    return Ok(match value.unknown_refs() {
                        None => value,
                        Some(refs) => Value::unknown(refs).mark_if(value.contains_sensitive()),
                    });
                }
                Err(e) => {
                    self.locals.truncate(locals);
                    last = Some(e);
                }
            }
        }
        let why = last.map(|e| format!("; the last: {}", e.message)).unwrap_or_default();
        error(format!("every argument of `try` fails{why}"), span)
    }

    /// `templatefile(path, vars)` and `templatestring(text, vars)`.
    fn render_template(
        &mut self,
        function: &str,
        values: Vec<Value>,
        args: &[Ast],
        span: &Range<usize>,
    ) -> Evaluated {
        if self.in_template {
            return error(format!("`{function}` cannot be called from inside a template"), span);
        }
        let Ok([source, vars]) = <[Value; 2]>::try_from(values) else {
            return error(
                format!("`{function}` takes two arguments: the template and its variables"),
                span,
            );
        };
        let arg_span =
            |at: usize| args.get(at).or(args.last()).map_or(span.clone(), |a| a.span.clone());
        let mut taint = Taint::default();
        let (Some(source), Some(vars)) = (taint.take(source), taint.take(vars)) else {
            return Ok(taint.finish(|| Value::Null));
        };
        let source = to_text(&source).map_err(|m| ExpressionError::new(m, arg_span(0)))?;
        let Value::Map(vars) = vars else {
            return error("the variables of a template are a map", &arg_span(1));
        };
        let text = if function == "templatefile" {
            functions::read_text(self.files, &source).map_err(|e| in_call(e, args, span))?
        } else {
            source.clone()
        };
        let place = |e: &ExpressionError| {
            let before = text.get(..e.span.start).unwrap_or(&text);
            let line = before.matches('\n').count() + 1;
            match function {
                "templatefile" => format!("{source}, line {line}: {}", e.message),
                _ => format!("line {line} of the template: {}", e.message),
            }
        };
        let inside = |e: ExpressionError| ExpressionError {
            message: place(&e),
            span: arg_span(0),
            hint: e.hint.clone(),
        };
        let ast = syntax::parse_template(&text).map_err(inside)?;
        let scope = Named(&vars);
        let mut evaluator =
            Evaluator { scope: &scope, files: self.files, locals: Vec::new(), in_template: true };
        let result = evaluator.eval(&ast).map_err(inside)?;
        Ok(taint.finish(|| result))
    }
}

/// A scope of values under plain names: the variables of a template, or a variable that is validated.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a>(pub &'a BTreeMap<String, Value>);

impl Scope for Named<'_> {
    fn lookup(&self, root: &str, _: &[Step]) -> Result<Found, LookupError> {
        match self.0.get(root) {
            Some(value) => Ok(Found { value: value.clone(), consumed: 0 }),
            None => {
                let error = LookupError::new(format!("there is nothing called `{root}` here"));
                Err(match nearest(root, self.0.keys().map(String::as_str)) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                })
            }
        }
    }
}

fn in_call(e: FunctionError, args: &[Ast], span: &Range<usize>) -> ExpressionError {
    let span = e
        .argument
        .and_then(|at| args.get(at).or(args.last()))
        .map_or_else(|| span.clone(), |arg| arg.span.clone());
    ExpressionError { message: e.message, span, hint: e.hint }
}
