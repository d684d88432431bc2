//! The syntax tree of an expression, lowered from what `hcl-edit` parses, with a span on every node.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr as hcl;
use hcl_edit::template as tpl;
use serde_json::Number;

pub(super) use hcl_edit::expr::{BinaryOperator, UnaryOperator};

use super::expression::ExpressionError;
use super::syntax_error::{at_offset, explain};
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
    let node = match sole(lower_template(&template, &whole, Escapes::None)?) {
        Ok(Part::Interpolation(ast)) => return Ok(ast),
        Ok(Part::Literal(literal)) => Node::String(literal),
        Ok(part) => Node::Template(vec![part]),
        Err(parts) => Node::Template(parts),
    };
    Ok(Ast { node, span: whole })
}

/// Parses an expression that stands alone, without `${…}`. `text` has no blanks around it.
pub(super) fn parse_code(text: &str) -> Result<Ast, ExpressionError> {
    if text.is_empty() {
        return Err(ExpressionError::new("there is no expression", 0..0));
    }
    let expression: hcl::Expression = text.parse().map_err(|error: hcl_edit::parser::Error| {
        at_offset(text, error.location().offset(), error.message())
    })?;
    lower(&expression, &(0..text.len()))
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
        hcl::Expression::StringTemplate(template) => {
            quoted(lower_template(template, &near, Escapes::InDirectives)?)
        }
        hcl::Expression::HeredocTemplate(heredoc) => {
            quoted(lower_template(&heredoc.template, &near, Escapes::None)?)
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

/// Gives the only part of a template, an empty literal if there is none, or else all of them back.
fn sole(mut parts: Vec<Part>) -> Result<Part, Vec<Part>> {
    match (parts.pop(), parts.is_empty()) {
        (None, _) => Ok(Part::Literal(String::new())),
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            parts.push(last);
            Err(parts)
        }
    }
}

/// A quoted string inside an expression. As in Terraform, one that is a single interpolation keeps
/// the type of its value.
fn quoted(parts: Vec<Part>) -> Node {
    match sole(parts) {
        Ok(Part::Interpolation(ast)) => Node::Parentheses(Box::new(ast)),
        Ok(Part::Literal(literal)) => Node::String(literal),
        Ok(part) => Node::Template(vec![part]),
        Err(parts) => Node::Template(parts),
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

/// Where backslashes still have to be taken as escapes. In a quoted string the parser does it at the
/// top, but not inside `%{if}` and `%{for}`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    InDirectives,
    Here,
}

impl Escapes {
    fn inside_directive(self) -> Self {
        if self == Self::None { Self::None } else { Self::Here }
    }
}

fn lower_template(
    template: &tpl::Template,
    around: &Range<usize>,
    escapes: Escapes,
) -> Result<Vec<Part>, ExpressionError> {
    lower_stripped(template, around, (false, false), escapes)
}

/// Lowers a template whose first literal is trimmed at its start and whose last is trimmed at its
/// end, as `strip` says.
fn lower_stripped(
    template: &tpl::Template,
    around: &Range<usize>,
    strip: (bool, bool),
    escapes: Escapes,
) -> Result<Vec<Part>, ExpressionError> {
    let drafts = template
        .iter()
        .map(|element| lower_element(element, around, escapes))
        .collect::<Result<Vec<_>, _>>()?;
    let count = drafts.len();
    let strips: Vec<(bool, bool)> =
        drafts.iter().map(|d| (d.strip_before, d.strip_after)).collect();
    Ok(drafts
        .into_iter()
        .enumerate()
        .filter_map(|(at, draft)| match draft.part {
            Part::Literal(literal) => {
                let start = if at == 0 { strip.0 } else { strips[at - 1].1 };
                let end = if at + 1 == count { strip.1 } else { strips[at + 1].0 };
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

fn lower_element(
    element: &tpl::Element,
    around: &Range<usize>,
    escapes: Escapes,
) -> Result<Draft, ExpressionError> {
    let near = element.span().unwrap_or_else(|| around.clone());
    match element {
        tpl::Element::Literal(literal) => Ok(Draft {
            part: Part::Literal(match escapes {
                Escapes::Here => checked(&unescape(literal.value(), &near)?, &near)?,
                Escapes::None | Escapes::InDirectives => checked(literal.value(), &near)?,
            }),
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
                    (d.if_expr.strip.strip_end(), after_then.strip_start()),
                    escapes.inside_directive(),
                )?;
                let otherwise = match &d.else_expr {
                    Some(e) => lower_stripped(
                        &e.template,
                        &near,
                        (e.strip.strip_end(), end.strip_start()),
                        escapes.inside_directive(),
                    )?,
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
                    (d.for_expr.strip.strip_end(), end.strip_start()),
                    escapes.inside_directive(),
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

/// Resolves the escapes of a quoted string.
fn unescape(text: &str, span: &Range<usize>) -> Result<String, ExpressionError> {
    let bad = || ExpressionError::new("a wrong escape sequence stands here", span.clone());
    let mut result = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            result.push(c);
            continue;
        }
        result.push(match chars.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(c @ ('"' | '\\')) => c,
            Some(c @ ('u' | 'U')) => {
                let digits: String = chars.by_ref().take(if c == 'u' { 4 } else { 8 }).collect();
                u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(bad)?
            }
            _ => return Err(bad()),
        });
    }
    Ok(result)
}
