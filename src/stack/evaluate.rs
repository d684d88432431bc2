//! Evaluates parsed expressions with Terraform's semantics.
//!
//! What is unknown passes through per element; what is sensitive marks what is made from it.

mod call;
mod lookup;
mod reference;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::access::{article, unify_arms};
use super::convert::{to_bool, to_text};
use super::expression::{Expression, ExpressionError};
use super::functions::Files;
use super::operators::{self, OperandError};
use super::syntax::{Ast, BinaryOperator, For, Key, Name, Node, UnaryOperator};
use super::value::Value;

pub use lookup::{Found, LookupError, Named, Scope, Step};

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
}
