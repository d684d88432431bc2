//! A parsed string of a stack file, and what can be said about it without evaluating it.

use std::ops::Range;

use super::syntax::{self, Access, AccessKind, Ast, Key, Name, Node, Part};
use super::value::as_i128;

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// Byte offsets into the text that was parsed.
    pub span: Range<usize>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl ExpressionError {
    /// Makes an error without a hint.
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), span, hint: None }
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Moves the span by `offset` bytes.
    #[must_use]
    pub(super) fn moved(mut self, offset: usize) -> Self {
        self.span = moved(&self.span, offset);
        self
    }
}

fn moved(span: &Range<usize>, offset: usize) -> Range<usize> {
    span.start + offset..span.end + offset
}

/// A parsed string of a stack file: a literal, one whole expression (which keeps its type), or a
/// template (which is always a string).
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    pub(super) ast: Ast,
    /// Where in the text the spans of the tree count from.
    pub(super) offset: usize,
}

/// Which words are resource types and which are workspaces, for telling references apart.
pub trait Names {
    /// Tells whether `word` is a resource type such as `ecs_service`.
    fn is_type(&self, word: &str) -> bool;
    /// Tells whether `word` is a workspace.
    fn is_workspace(&self, word: &str) -> bool;
}

/// What a reference refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// `var.<name>`
    Var(String),
    /// `local.<name>`
    Local(String),
    /// `env`
    Env,
    /// `region`
    Region,
    /// `account_id`
    AccountId,
    /// `partition`
    Partition,
    /// `each.key`
    EachKey,
    /// `each.value`
    EachValue,
    /// `<type>.<name>…`
    Resource(ResourceReference),
    /// `data.<type>.<name>…`
    Data(ResourceReference),
    /// `<workspace>.outputs.<name>…`
    Output {
        /// The workspace.
        workspace: String,
        /// The output.
        name: String,
        /// The attributes after it, as far as they are written out.
        path: Vec<String>,
    },
    /// Anything else, as written: an error that the caller reports with a suggestion.
    Other(String),
}

/// A reference to a resource of this workspace, or to one of its `data`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceReference {
    /// The resource type.
    pub ty: String,
    /// The resource's name in the stack file.
    pub name: String,
    /// Which instance.
    pub instance: Instance,
    /// The attributes after it, as far as they are written out; ends at the first computed index
    /// or splat beneath the instance. List positions and literal keys are part of it.
    pub path: Vec<String>,
}

/// Which instance of a resource a reference names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Instance {
    /// No index: the only instance, or all of a resource with `for_each` as one map.
    Whole,
    /// A key written out: `subnet.public["a"]`.
    Key(String),
    /// An index that takes evaluation: `subnet.public[each.key]`.
    Computed,
    /// `[*]` or `.*`
    Splat,
}

/// One step after the first word of a reference, as far as it can be told without evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticStep {
    /// `.name`
    Attribute(String),
    /// `["key"]` or `[0]`, written out
    Key(String),
    /// `[…]` that takes evaluation
    Computed,
    /// `[*]` or `.*`
    Splat,
}

/// A reference as written: its first word and what follows. [`Reference::resolve`] tells what it
/// means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The first word.
    pub root: String,
    /// What follows it, with the span of each.
    pub steps: Vec<(StaticStep, Range<usize>)>,
    /// Byte offsets of the whole.
    pub span: Range<usize>,
    /// Byte offsets of the first word.
    pub root_span: Range<usize>,
}

impl Expression {
    /// Parses the content of a TOML string. Spans, in errors too, are byte offsets into `text`.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Ok(Self { text: text.to_owned(), ast: syntax::parse_template(text)?, offset: 0 })
    }

    /// Parses an expression that stands alone, without `${…}`, such as the `validate` of a variable.
    /// Spans, in errors too, are byte offsets into `text`.
    pub fn parse_code(text: &str) -> Result<Self, ExpressionError> {
        let offset = text.len() - text.trim_start().len();
        let ast = syntax::parse_code(text.trim()).map_err(|e| e.moved(offset))?;
        Ok(Self { text: text.to_owned(), ast, offset })
    }

    /// Makes an expression of a part of another one; it has no text of its own.
    pub(super) fn from_ast(ast: Ast) -> Self {
        Self { text: String::new(), ast, offset: 0 }
    }

    /// Gives the text it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Gives the string when nothing in it takes evaluation, `$${` and `%%{` already unescaped.
    pub fn is_literal(&self) -> Option<&str> {
        match &self.ast.node {
            Node::String(s) if self.ast.span == (0..self.text.len()) => Some(s),
            _ => None,
        }
    }

    /// Lists every reference in it; names bound by `for` are not references.
    pub fn references(&self, names: &dyn Names) -> Vec<(Reference, Range<usize>)> {
        resolve(self.mentions(), names)
    }

    /// Lists the references whose value, or an element of it, becomes the result: through
    /// parentheses, both arms of a conditional, list elements, the value of a `for`, and functions
    /// that only pass elements on (`coalesce`, `concat`, `toset`, `try` …).
    pub fn result_references(&self, names: &dyn Names) -> Vec<(Reference, Range<usize>)> {
        resolve(self.result_mentions(), names)
    }

    /// Lists every reference in it as written.
    pub fn mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        collect(&self.ast, &mut Vec::new(), &mut found);
        found.into_iter().map(|mention| mention.moved(self.offset)).collect()
    }

    /// As [`Expression::result_references`], as written.
    pub fn result_mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        collect_results(&self.ast, &mut Vec::new(), &mut found);
        found.into_iter().map(|mention| mention.moved(self.offset)).collect()
    }
}

/// Finds the candidate that a misspelt word most likely meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let allowed = (length / 3).clamp(1, 3).min(length.saturating_sub(1));
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let longer = || {
        let begun = candidates.iter().filter(|c| length >= 3 && **c != word && c.starts_with(word));
        begun.min_by_key(|c| c.len()).copied()
    };
    let near = candidates
        .iter()
        .copied()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate);
    near.or_else(longer)
}

fn resolve(mentions: Vec<Mention>, names: &dyn Names) -> Vec<(Reference, Range<usize>)> {
    mentions.into_iter().map(|m| (Reference::resolve(&m, names), m.span)).collect()
}

impl Reference {
    /// Tells what a reference means. A word that is a resource type is one even if a workspace has
    /// the same name, which the stack files forbid.
    pub fn resolve(mention: &Mention, names: &dyn Names) -> Self {
        let steps: Vec<&StaticStep> = mention.steps.iter().map(|(step, _)| step).collect();
        let attribute = |at: usize| match steps.get(at) {
            Some(StaticStep::Attribute(name) | StaticStep::Key(name)) => Some(name.clone()),
            _ => None,
        };
        let known = match mention.root.as_str() {
            "var" => attribute(0).map(Self::Var),
            "local" => attribute(0).map(Self::Local),
            "env" => Some(Self::Env),
            "region" => Some(Self::Region),
            "account_id" => Some(Self::AccountId),
            "partition" => Some(Self::Partition),
            "each" => match attribute(0).as_deref() {
                Some("key") => Some(Self::EachKey),
                Some("value") => Some(Self::EachValue),
                _ => None,
            },
            "data" => attribute(0)
                .zip(attribute(1))
                .map(|(ty, name)| Self::Data(resource(ty, name, &steps[2..]))),
            root if names.is_type(root) => attribute(0)
                .map(|name| Self::Resource(resource(root.to_owned(), name, &steps[1..]))),
            root if names.is_workspace(root) => match (attribute(0).as_deref(), attribute(1)) {
                (Some("outputs"), Some(name)) => {
                    Some(Self::Output { workspace: root.to_owned(), name, path: path(&steps[2..]) })
                }
                _ => None,
            },
            _ => None,
        };
        known.unwrap_or_else(|| Self::Other(mention.written()))
    }
}

impl Mention {
    fn moved(mut self, offset: usize) -> Self {
        self.span = moved(&self.span, offset);
        self.root_span = moved(&self.root_span, offset);
        for (_, span) in &mut self.steps {
            *span = moved(span, offset);
        }
        self
    }

    /// Writes the reference out, computed indexes as `[…]`.
    pub fn written(&self) -> String {
        let mut text = self.root.clone();
        for (step, _) in &self.steps {
            match step {
                StaticStep::Attribute(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                StaticStep::Key(key) => {
                    for part in ["[\"", key, "\"]"] {
                        text.push_str(part);
                    }
                }
                StaticStep::Computed => text.push_str("[…]"),
                StaticStep::Splat => text.push_str("[*]"),
            }
        }
        text
    }
}

fn resource(ty: String, name: String, rest: &[&StaticStep]) -> ResourceReference {
    let (instance, used) = match rest.first() {
        Some(StaticStep::Key(key)) => (Instance::Key(key.clone()), 1),
        Some(StaticStep::Computed) => (Instance::Computed, 1),
        Some(StaticStep::Splat) => (Instance::Splat, 1),
        Some(StaticStep::Attribute(_)) | None => (Instance::Whole, 0),
    };
    ResourceReference { ty, name, instance, path: path(&rest[used..]) }
}

fn path(steps: &[&StaticStep]) -> Vec<String> {
    steps
        .iter()
        .map_while(|step| match step {
            StaticStep::Attribute(name) | StaticStep::Key(name) => Some(name.clone()),
            StaticStep::Computed | StaticStep::Splat => None,
        })
        .collect()
}

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

fn collect(ast: &Ast, locals: &mut Vec<String>, found: &mut Vec<Mention>) {
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

fn collect_results(ast: &Ast, locals: &mut Vec<String>, found: &mut Vec<Mention>) {
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
