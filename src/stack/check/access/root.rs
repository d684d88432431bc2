//! What the first words of a reference mean.

use std::ops::Range;

use super::{Problem, Walked, written_key};
use crate::stack::catalog::BlockKind;
use crate::stack::check::shape::Shape;
use crate::stack::check::{Checker, Each, What, Which};
use crate::stack::diagnostic::nearest;
use crate::stack::syntax::{Access, AccessKind, Ast, Node};
use crate::stack::workspace::BlockId;

/// Words with a meaning of their own at the start of a reference.
const WORDS: [&str; 8] =
    ["account_id", "data", "each", "env", "local", "partition", "region", "var"];

impl<'a> Checker<'a, '_> {
    /// Finds what the first words mean, and how many accesses they take.
    pub(super) fn root(
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
    pub(super) fn which(&self, access: Option<&Access>) -> Which {
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
        let output = (workspace.to_owned(), name.clone());
        self.outputs.insert(output.clone());
        self.findings.outputs.entry(output).or_insert(at);
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
}
