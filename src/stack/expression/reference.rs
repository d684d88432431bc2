//! References: as written, and what they mean.

use std::ops::Range;

use super::moved;

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

pub(super) fn resolve(mentions: Vec<Mention>, names: &dyn Names) -> Vec<(Reference, Range<usize>)> {
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
    pub(super) fn moved(mut self, offset: usize) -> Self {
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
