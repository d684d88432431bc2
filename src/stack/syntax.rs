//! The syntax tree of an expression, lowered from what `hcl-edit` parses, with a span on every node.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr as hcl;
use hcl_edit::template as tpl;
use serde_json::Number;

pub(super) use hcl_edit::expr::{BinaryOperator, UnaryOperator};

use super::expression::ExpressionError;
use super::value::{number_from_f64, reserved_char};

/// A node with the bytes it was written in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ast {
    pub(super) node: Node,
    pub(super) span: Range<usize>,
}

/// A name with the bytes it was written in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Template(Vec<Part>),
    Tuple(Vec<Ast>),
    Object(Vec<(Key, Ast)>),
    Parentheses(Box<Ast>),
    Variable(String),
    Traversal(Box<Ast>, Vec<Access>),
    Conditional(Box<Ast>, Box<Ast>, Box<Ast>),
    Call { name: Name, args: Vec<Ast>, expand: bool },
    Unary(UnaryOperator, Box<Ast>),
    Binary { left: Box<Ast>, operator: BinaryOperator, right: Box<Ast> },
    For(Box<For>),
}

/// A key of an object constructor.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    Name(Name),
    Computed(Ast),
}

/// One access of a traversal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Access {
    pub(super) kind: AccessKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum AccessKind {
    /// `.name`
    Attribute(String),
    /// `[…]`, or `.0`
    Index(Ast),
    /// `.*`, which reaches over the attributes after it
    AttributeSplat,
    /// `[*]`, which reaches over everything after it
    FullSplat,
}

/// `[for …]`, or `{for …}` when there is a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct For {
    pub(super) key_name: Option<Name>,
    pub(super) value_name: Name,
    pub(super) collection: Ast,
    pub(super) key: Option<Ast>,
    pub(super) value: Ast,
    pub(super) grouping: bool,
    pub(super) condition: Option<Ast>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Literal(String),
    Interpolation(Ast),
    If { condition: Ast, then: Vec<Part>, otherwise: Vec<Part> },
    For { key_name: Option<Name>, value_name: Name, collection: Ast, body: Vec<Part> },
}

/// Parses the text of a template: literal text with `${…}` and `%{…}`. A template that is one
/// interpolation and nothing else becomes that expression.
pub(super) fn parse_template(text: &str) -> Result<Ast, ExpressionError> {
    if let Some((at, c)) = reserved_char(text) {
        return Err(ExpressionError::new(
            format!("the character U+{:X} is reserved", u32::from(c)),
            at..at + c.len_utf8(),
        ));
    }
    let whole = 0..text.len();
    if !text.contains("${") && !text.contains("%{") {
        return Ok(Ast { node: Node::String(text.to_owned()), span: whole });
    }
    let template: tpl::Template = text.parse().map_err(|error| explain(text, &error))?;
    let mut parts = lower_template(&template, &whole)?;
    let node = match parts.as_mut_slice() {
        [] => Node::String(String::new()),
        [Part::Literal(literal)] => Node::String(std::mem::take(literal)),
        [Part::Interpolation(_)] => {
            let Some(Part::Interpolation(ast)) = parts.pop() else { unreachable!() };
            return Ok(ast);
        }
        _ => Node::Template(parts),
    };
    Ok(Ast { node, span: whole })
}

fn lower(expression: &hcl::Expression, around: &Range<usize>) -> Result<Ast, ExpressionError> {
    let span = expression.span();
    let near = span.clone().unwrap_or_else(|| around.clone());
    let node = match expression {
        hcl::Expression::Null(_) => Node::Null,
        hcl::Expression::Bool(b) => Node::Bool(*b.value()),
        hcl::Expression::Number(n) => Node::Number(lower_number(n.value(), &near)?),
        hcl::Expression::String(s) => Node::String(checked(s.value(), &near)?),
        hcl::Expression::Array(items) => {
            Node::Tuple(items.iter().map(|item| lower(item, &near)).collect::<Result<_, _>>()?)
        }
        hcl::Expression::Object(object) => Node::Object(
            object
                .iter()
                .map(|(key, value)| Ok((lower_key(key, &near)?, lower(value.expr(), &near)?)))
                .collect::<Result<_, ExpressionError>>()?,
        ),
        hcl::Expression::StringTemplate(template) => quoted(lower_template(template, &near)?),
        hcl::Expression::HeredocTemplate(heredoc) => {
            quoted(lower_template(&heredoc.template, &near)?)
        }
        hcl::Expression::Parenthesis(inner) => {
            Node::Parentheses(Box::new(lower(inner.inner(), &near)?))
        }
        hcl::Expression::Variable(name) => Node::Variable(name.value().to_string()),
        hcl::Expression::Conditional(c) => {
            let condition = lower(&c.cond_expr, &near)?;
            let then = lower(&c.true_expr, &near)?;
            let otherwise = lower(&c.false_expr, &near)?;
            Node::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise))
        }
        hcl::Expression::FuncCall(call) => {
            let name = Name {
                text: call
                    .name
                    .namespace
                    .iter()
                    .map(|part| format!("{}::", part.as_str()))
                    .chain([call.name.name.as_str().to_owned()])
                    .collect(),
                span: call.name.name.span().unwrap_or_else(|| {
                    near.start..(near.start + call.name.name.as_str().len()).min(near.end)
                }),
            };
            let args = call.args.iter().map(|arg| lower(arg, &near)).collect::<Result<_, _>>()?;
            Node::Call { name, args, expand: call.args.expand_final() }
        }
        hcl::Expression::Traversal(traversal) => {
            let base = lower(&traversal.expr, &near)?;
            let accesses = traversal
                .operators
                .iter()
                .map(|operator| lower_access(operator, &near))
                .collect::<Result<_, _>>()?;
            Node::Traversal(Box::new(base), accesses)
        }
        hcl::Expression::UnaryOp(op) => {
            Node::Unary(*op.operator.value(), Box::new(lower(&op.expr, &near)?))
        }
        hcl::Expression::BinaryOp(op) => {
            let left = Box::new(lower(&op.lhs_expr, &near)?);
            let right = Box::new(lower(&op.rhs_expr, &near)?);
            // Inner operations of a chain carry no span of their own.
            let span = left.span.start..right.span.end;
            let node = Node::Binary { left, operator: *op.operator.value(), right };
            return Ok(Ast { node, span });
        }
        hcl::Expression::ForExpr(expr) => Node::For(Box::new(For {
            key_name: expr.intro.key_var.as_ref().map(|name| lower_name(name, &near)),
            value_name: lower_name(&expr.intro.value_var, &near),
            collection: lower(&expr.intro.collection_expr, &near)?,
            key: expr.key_expr.as_ref().map(|key| lower(key, &near)).transpose()?,
            value: lower(&expr.value_expr, &near)?,
            grouping: expr.grouping,
            condition: expr.cond.as_ref().map(|cond| lower(&cond.expr, &near)).transpose()?,
        })),
    };
    Ok(Ast { node, span: near })
}

/// A quoted template stays a string even when it is a single interpolation, as long as the value
/// is not used alone: Terraform passes a lone `"${x}"` through with its type, and so do we.
fn quoted(mut parts: Vec<Part>) -> Node {
    match parts.as_mut_slice() {
        [] => Node::String(String::new()),
        [Part::Literal(literal)] => Node::String(std::mem::take(literal)),
        [Part::Interpolation(_)] => match parts.pop() {
            Some(Part::Interpolation(ast)) => Node::Parentheses(Box::new(ast)),
            _ => Node::Template(parts),
        },
        _ => Node::Template(parts),
    }
}

fn lower_name(name: &hcl_edit::Decorated<hcl_edit::Ident>, around: &Range<usize>) -> Name {
    Name { text: name.value().to_string(), span: name.span().unwrap_or_else(|| around.clone()) }
}

fn lower_number(number: &hcl_edit::Number, span: &Range<usize>) -> Result<Number, ExpressionError> {
    number
        .as_i64()
        .map(Number::from)
        .or_else(|| number.as_u64().map(Number::from))
        .or_else(|| number.as_f64().and_then(number_from_f64))
        .ok_or_else(|| ExpressionError::new("this number is out of range", span.clone()))
}

fn lower_key(key: &hcl::ObjectKey, around: &Range<usize>) -> Result<Key, ExpressionError> {
    match key {
        hcl::ObjectKey::Ident(name) => Ok(Key::Name(lower_name(name, around))),
        hcl::ObjectKey::Expression(expression) => {
            let key = lower(expression, around)?;
            if matches!(key.node, Node::Traversal(..)) {
                return Err(ExpressionError::new(
                    "a key of an object that is a reference must stand in parentheses",
                    key.span,
                )
                .hint("write `(…)` around the key to use its value"));
            }
            Ok(Key::Computed(key))
        }
    }
}

fn lower_access(
    operator: &hcl_edit::Decorated<hcl::TraversalOperator>,
    around: &Range<usize>,
) -> Result<Access, ExpressionError> {
    let inner = operator.value().span().or_else(|| operator.span());
    let span = inner.unwrap_or_else(|| around.clone());
    let kind = match operator.value() {
        hcl::TraversalOperator::AttrSplat(_) => AccessKind::AttributeSplat,
        hcl::TraversalOperator::FullSplat(_) => AccessKind::FullSplat,
        hcl::TraversalOperator::GetAttr(name) => AccessKind::Attribute(name.value().to_string()),
        hcl::TraversalOperator::Index(index) => AccessKind::Index(lower(index, &span)?),
        hcl::TraversalOperator::LegacyIndex(index) => AccessKind::Index(Ast {
            node: Node::Number(Number::from(*index.value())),
            span: span.clone(),
        }),
    };
    Ok(Access { kind, span })
}

fn checked(text: &str, span: &Range<usize>) -> Result<String, ExpressionError> {
    match reserved_char(text) {
        None => Ok(text.to_owned()),
        Some((_, c)) => Err(ExpressionError::new(
            format!("the character U+{:X} is reserved", u32::from(c)),
            span.clone(),
        )),
    }
}

/// A part before its neighbours are trimmed by strip markers (`~`).
struct Draft {
    part: Part,
    strip_before: bool,
    strip_after: bool,
}

fn lower_template(
    template: &tpl::Template,
    around: &Range<usize>,
) -> Result<Vec<Part>, ExpressionError> {
    lower_stripped(template, around, false, false)
}

/// Lowers a template whose first literal is trimmed at its start when `strip_first`, and whose last
/// is trimmed at its end when `strip_last`.
fn lower_stripped(
    template: &tpl::Template,
    around: &Range<usize>,
    strip_first: bool,
    strip_last: bool,
) -> Result<Vec<Part>, ExpressionError> {
    let drafts = template
        .iter()
        .map(|element| lower_element(element, around))
        .collect::<Result<Vec<_>, _>>()?;
    let count = drafts.len();
    let strips: Vec<(bool, bool)> =
        drafts.iter().map(|d| (d.strip_before, d.strip_after)).collect();
    Ok(drafts
        .into_iter()
        .enumerate()
        .filter_map(|(at, draft)| match draft.part {
            Part::Literal(literal) => {
                let start = if at == 0 { strip_first } else { strips[at - 1].1 };
                let end = if at + 1 == count { strip_last } else { strips[at + 1].0 };
                let mut text = literal.as_str();
                if start {
                    text = text.trim_start();
                }
                if end {
                    text = text.trim_end();
                }
                (!text.is_empty()).then(|| Part::Literal(text.to_owned()))
            }
            part => Some(part),
        })
        .collect())
}

fn lower_element(element: &tpl::Element, around: &Range<usize>) -> Result<Draft, ExpressionError> {
    let near = element.span().unwrap_or_else(|| around.clone());
    match element {
        tpl::Element::Literal(literal) => Ok(Draft {
            part: Part::Literal(checked(literal.value(), &near)?),
            strip_before: false,
            strip_after: false,
        }),
        tpl::Element::Interpolation(interpolation) => Ok(Draft {
            part: Part::Interpolation(lower(&interpolation.expr, &near)?),
            strip_before: interpolation.strip.strip_start(),
            strip_after: interpolation.strip.strip_end(),
        }),
        tpl::Element::Directive(directive) => match &**directive {
            tpl::Directive::If(d) => {
                let end = d.endif_expr.strip;
                let after_then = d.else_expr.as_ref().map_or(end, |e| e.strip);
                let condition = lower(&d.if_expr.cond_expr, &near)?;
                let then = lower_stripped(
                    &d.if_expr.template,
                    &near,
                    d.if_expr.strip.strip_end(),
                    after_then.strip_start(),
                )?;
                let otherwise = match &d.else_expr {
                    Some(e) => {
                        lower_stripped(&e.template, &near, e.strip.strip_end(), end.strip_start())?
                    }
                    None => Vec::new(),
                };
                Ok(Draft {
                    part: Part::If { condition, then, otherwise },
                    strip_before: d.if_expr.strip.strip_start(),
                    strip_after: end.strip_end(),
                })
            }
            tpl::Directive::For(d) => {
                let end = d.endfor_expr.strip;
                let body = lower_stripped(
                    &d.for_expr.template,
                    &near,
                    d.for_expr.strip.strip_end(),
                    end.strip_start(),
                )?;
                Ok(Draft {
                    part: Part::For {
                        key_name: d.for_expr.key_var.as_ref().map(|n| lower_name(n, &near)),
                        value_name: lower_name(&d.for_expr.value_var, &near),
                        collection: lower(&d.for_expr.collection_expr, &near)?,
                        body,
                    },
                    strip_before: d.for_expr.strip.strip_start(),
                    strip_after: end.strip_end(),
                })
            }
        },
    }
}

/// Turns a parse error into one that points at the fault. The parser backtracks out of a broken
/// interpolation and blames its start, so each interpolation is parsed again by itself.
fn explain(text: &str, error: &hcl_edit::parser::Error) -> ExpressionError {
    let offset = error.location().offset().min(text.len());
    let openings: Vec<usize> = openings(text);
    for &open in openings.iter().rev() {
        let inner = open + 2;
        let Some(close) = closing(text, inner) else {
            let what = &text[open..inner];
            return ExpressionError::new(format!("`{what}` is never closed by `}}`"), open..inner)
                .hint(format!("for the characters themselves write `{}{what}`", &what[..1]));
        };
        let body = &text[inner..close];
        if &text[open..inner] == "%{" {
            let words = body.trim_start_matches('~').trim_start();
            let known = ["if", "else", "endif", "for", "endfor"];
            let word: String =
                words.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !known.contains(&word.as_str()) {
                return ExpressionError::new(
                    "expected `if`, `else`, `endif`, `for` or `endfor` after `%{`",
                    open..close + 1,
                )
                .hint("for the characters themselves write `%%{`");
            }
            continue;
        }
        let start = inner + usize::from(body.starts_with('~'));
        let end = close - usize::from(body.ends_with('~') && close > start);
        let code = &text[start..end];
        if code.trim().is_empty() {
            return ExpressionError::new("there is no expression in `${}`", open..close + 1)
                .hint("for the characters themselves write `$${`");
        }
        // Newlines are allowed between `${` and `}`, which parentheses allow too.
        let wrapped = format!("({code})");
        if let Err(inner_error) = wrapped.parse::<hcl_edit::expr::Expression>() {
            let at = inner_error.location().offset().max(1) - 1 + start;
            return at_offset(text, at.clamp(start, end), end, inner_error.message());
        }
    }
    let directive = openings.iter().find(|&&o| text[o..].starts_with("%{"));
    match directive {
        Some(&open) => {
            let close = closing(text, open + 2).map_or(text.len(), |c| c + 1);
            ExpressionError::new(
                "`%{if}` and `%{for}` need their `%{endif}` and `%{endfor}`",
                open..close,
            )
            .hint("for the characters themselves write `%%{`")
        }
        None => at_offset(text, offset, text.len(), error.message()),
    }
}

fn at_offset(text: &str, at: usize, end: usize, message: &str) -> ExpressionError {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let message = message.trim_end();
    if at >= end {
        let last = text[..end].char_indices().next_back().map_or(0, |(i, _)| i);
        return ExpressionError::new(
            format!("the expression ends too early: {message}"),
            last..end.max(last),
        );
    }
    let width = text[at..]
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        .map(char::len_utf8)
        .sum::<usize>()
        .max(text[at..].chars().next().map_or(0, char::len_utf8));
    ExpressionError::new(message.to_owned(), at..at + width)
}

/// Offsets of each `${` and `%{` that is not escaped, outer before inner.
fn openings(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 1 < bytes.len() {
        let c = bytes[at];
        if (c == b'$' || c == b'%') && bytes[at + 1] == b'{' {
            found.push(at);
            at += 2;
        } else if (c == b'$' || c == b'%') && bytes[at + 1] == c && bytes.get(at + 2) == Some(&b'{')
        {
            at += 3;
        } else {
            at += 1;
        }
    }
    found
}

/// Finds the `}` that closes an interpolation whose content starts at `from`.
fn closing(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    // What is open, innermost last: `{` for braces, `"` for a string.
    let mut open = vec![b'{'];
    let mut at = from;
    while at < bytes.len() {
        let in_string = open.last() == Some(&b'"');
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' if in_string => {
                open.pop();
            }
            b'"' => open.push(b'"'),
            c @ (b'$' | b'%') if in_string && bytes.get(at + 1) == Some(&b'{') => {
                if bytes.get(at.wrapping_sub(1)) != Some(&c) {
                    open.push(b'{');
                }
                at += 1;
            }
            b'{' if !in_string => open.push(b'{'),
            b'}' if !in_string => {
                open.pop();
                if open.is_empty() {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
