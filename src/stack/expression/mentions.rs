//! Finds the references in an expression.

use std::ops::Range;

use super::reference::{Mention, StaticStep};
use crate::stack::syntax::{Access, AccessKind, Ast, Key, Name, Node, Part};
use crate::stack::value::as_i128;

fn mention(
    root: &str,
    root_span: &Range<usize>,
    accesses: &[Access],
    span: &Range<usize>,
) -> Mention {
    let steps = accesses.iter().map(|access| (static_step(&access.kind), access.span.clone()));
    Mention {
        root: root.to_owned(),
        steps: steps.collect(),
        span: span.clone(),
        root_span: root_span.clone(),
    }
}

fn static_step(kind: &AccessKind) -> StaticStep {
    match kind {
        AccessKind::Attribute(name) => StaticStep::Attribute(name.clone()),
        AccessKind::AttributeSplat | AccessKind::FullSplat => StaticStep::Splat,
        AccessKind::Index(index) => match &strip_parentheses(index).node {
            Node::String(key) => StaticStep::Key(key.clone()),
            Node::Number(n) => {
                as_i128(n).map_or(StaticStep::Computed, |n| StaticStep::Key(n.to_string()))
            }
            _ => StaticStep::Computed,
        },
    }
}

fn strip_parentheses(mut ast: &Ast) -> &Ast {
    while let Node::Parentheses(inner) = &ast.node {
        ast = inner;
    }
    ast
}

/// Runs `inside` with the names that a `for` binds.
fn with_names<T>(
    locals: &mut Vec<String>,
    key: Option<&Name>,
    value: &Name,
    inside: impl FnOnce(&mut Vec<String>) -> T,
) -> T {
    let before = locals.len();
    locals.extend(key.map(|name| name.text.clone()));
    locals.push(value.text.clone());
    let result = inside(locals);
    locals.truncate(before);
    result
}

pub(super) fn collect(ast: &Ast, locals: &mut Vec<String>, found: &mut Vec<Mention>) {
    match &ast.node {
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
        Node::Template(parts) => collect_parts(parts, locals, found),
        Node::Tuple(items) => items.iter().for_each(|item| collect(item, locals, found)),
        Node::Object(items) => {
            for (key, value) in items {
                if let Key::Computed(key) = key {
                    collect(key, locals, found);
                }
                collect(value, locals, found);
            }
        }
        Node::Parentheses(inner) | Node::Unary(_, inner) => collect(inner, locals, found),
        Node::Variable(name) => {
            if !locals.contains(name) {
                found.push(mention(name, &ast.span, &[], &ast.span));
            }
        }
        Node::Traversal(base, accesses) => {
            match &base.node {
                Node::Variable(name) => {
                    if !locals.contains(name) {
                        found.push(mention(name, &base.span, accesses, &ast.span));
                    }
                }
                _ => collect(base, locals, found),
            }
            for access in accesses {
                if let AccessKind::Index(index) = &access.kind {
                    collect(index, locals, found);
                }
            }
        }
        Node::Conditional(condition, then, otherwise) => {
            for part in [condition, then, otherwise] {
                collect(part, locals, found);
            }
        }
        Node::Call { args, .. } => args.iter().for_each(|arg| collect(arg, locals, found)),
        Node::Binary { left, right, .. } => {
            collect(left, locals, found);
            collect(right, locals, found);
        }
        Node::For(f) => {
            collect(&f.collection, locals, found);
            with_names(locals, f.key_name.as_ref(), &f.value_name, |locals| {
                for part in f.key.iter().chain([&f.value]).chain(&f.condition) {
                    collect(part, locals, found);
                }
            });
        }
    }
}

fn collect_parts(parts: &[Part], locals: &mut Vec<String>, found: &mut Vec<Mention>) {
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Interpolation(ast) => collect(ast, locals, found),
            Part::If { condition, then, otherwise } => {
                collect(condition, locals, found);
                collect_parts(then, locals, found);
                collect_parts(otherwise, locals, found);
            }
            Part::For { key_name, value_name, collection, body } => {
                collect(collection, locals, found);
                with_names(locals, key_name.as_ref(), value_name, |locals| {
                    collect_parts(body, locals, found);
                });
            }
        }
    }
}

/// Functions whose result is one of their arguments, or made of elements of them.
const PASSING: [&str; 18] = [
    "coalesce",
    "coalescelist",
    "compact",
    "concat",
    "distinct",
    "flatten",
    "nonsensitive",
    "one",
    "reverse",
    "sensitive",
    "setintersection",
    "setunion",
    "sort",
    "tolist",
    "toset",
    "tostring",
    "try",
    "values",
];

pub(super) fn collect_results(ast: &Ast, locals: &mut Vec<String>, found: &mut Vec<Mention>) {
    match &ast.node {
        Node::Parentheses(inner) => collect_results(inner, locals, found),
        Node::Conditional(_, then, otherwise) => {
            collect_results(then, locals, found);
            collect_results(otherwise, locals, found);
        }
        Node::Tuple(items) => {
            for item in items {
                collect_results(item, locals, found);
            }
        }
        Node::Call { name, args, .. } if PASSING.contains(&name.text.as_str()) => {
            for arg in args {
                collect_results(arg, locals, found);
            }
        }
        Node::Call { name, args, .. } if matches!(name.text.as_str(), "element" | "slice") => {
            if let Some(list) = args.first() {
                collect_results(list, locals, found);
            }
        }
        Node::For(f) if f.key.is_none() => {
            with_names(locals, f.key_name.as_ref(), &f.value_name, |locals| {
                collect_results(&f.value, locals, found);
            });
        }
        Node::Variable(name) if !locals.contains(name) => {
            found.push(mention(name, &ast.span, &[], &ast.span));
        }
        Node::Traversal(base, accesses) => {
            if let Node::Variable(name) = &base.node
                && !locals.contains(name)
            {
                found.push(mention(name, &base.span, accesses, &ast.span));
            }
        }
        _ => {}
    }
}
