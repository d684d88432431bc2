//! References: names with the attributes, indexes and splats after them.

use std::ops::Range;

use super::{Evaluated, Evaluator, Step};
use crate::stack::access::{attribute, element};
use crate::stack::expression::ExpressionError;
use crate::stack::syntax::{Access, AccessKind};
use crate::stack::value::Value;

impl Evaluator<'_> {
    pub(super) fn reference(
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
    pub(super) fn walk(
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
}
