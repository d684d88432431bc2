//! What can be said of a value without evaluating it: which attribute of which type it is.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::Which;
use crate::stack::catalog::TypeEntry;
use crate::stack::schema::SchemaView;
use crate::stack::types::Type;
use crate::stack::workspace::BlockId;

/// A block as references see it.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) id: BlockId,
    pub(super) entry: &'a TypeEntry,
    pub(super) has_for_each: bool,
    /// Keys of its instances, where the file says them.
    pub(super) keys: Option<Vec<String>>,
}

/// What is known of a value. Spans are those of the reference in the expression at hand.
#[derive(Clone, Debug)]
pub(super) enum Shape<'a> {
    /// Nothing.
    Any,
    /// Null.
    Null,
    /// A string, number or boolean that is no reference.
    Scalar,
    /// The id of an object of this type.
    Id { ty: &'a str, written: String, span: Range<usize> },
    /// An attribute, or something inside one.
    Field { view: SchemaView<'a>, written: String, span: Range<usize> },
    /// One instance as a whole.
    Instance { target: Rc<Target<'a>>, which: Which, written: String, span: Range<usize> },
    /// All instances of a block with `for_each`, by key.
    Instances { target: Rc<Target<'a>>, written: String, span: Range<usize> },
    /// A list or set.
    List(Box<Shape<'a>>),
    /// A map with keys not told.
    Map(Box<Shape<'a>>),
    /// A map with its keys.
    Object(BTreeMap<String, Shape<'a>>),
    /// One of these.
    Union(Vec<Shape<'a>>),
}

impl<'a> Shape<'a> {
    /// One of several; a single one stays what it is.
    pub(super) fn union(shapes: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for shape in shapes {
            match shape {
                Self::Union(inner) => all.extend(inner),
                Self::Null => {}
                other => all.push(other),
            }
        }
        match all.len() {
            0 => Self::Any,
            1 => all.remove(0),
            _ if all.iter().all(|s| matches!(s, Self::Scalar)) => Self::Scalar,
            _ => Self::Union(all),
        }
    }

    /// A list of this.
    pub(super) fn list(inner: Self) -> Self {
        Self::List(Box::new(inner))
    }

    /// The shape of a variable's values.
    pub(super) fn of_type(ty: &Type) -> Self {
        match ty {
            Type::Any => Self::Any,
            Type::String | Type::Number | Type::Bool => Self::Scalar,
            Type::List(inner) | Type::Set(inner) => Self::list(Self::of_type(inner)),
            Type::Map(inner) => Self::Map(Box::new(Self::of_type(inner))),
            Type::Object(attributes) => Self::Object(
                attributes.iter().map(|(name, a)| (name.clone(), Self::of_type(&a.ty))).collect(),
            ),
        }
    }

    /// Key and value when a `for` or `for_each` goes through this.
    pub(super) fn element(&self) -> Self {
        match self {
            Self::List(inner) | Self::Map(inner) => (**inner).clone(),
            Self::Object(fields) => Self::union(fields.values().cloned()),
            Self::Instances { target, written, span } => Self::Instance {
                target: Rc::clone(target),
                which: Which::Any,
                written: format!("{written}[…]"),
                span: span.clone(),
            },
            Self::Field { view, written, span } => match view.items().or_else(|| view.values()) {
                Some(view) => {
                    Self::Field { view, written: format!("{written}[…]"), span: span.clone() }
                }
                None => Self::Any,
            },
            Self::Union(shapes) => Self::union(shapes.iter().map(Self::element)),
            _ => Self::Any,
        }
    }

    /// The same, referred to from another place.
    pub(super) fn moved_to(&self, at: &Range<usize>) -> Self {
        let mut moved = self.clone();
        moved.set_span(at);
        moved
    }

    fn set_span(&mut self, at: &Range<usize>) {
        match self {
            Self::Any | Self::Null | Self::Scalar => {}
            Self::Id { span, .. }
            | Self::Field { span, .. }
            | Self::Instance { span, .. }
            | Self::Instances { span, .. } => *span = at.clone(),
            Self::List(inner) | Self::Map(inner) => inner.set_span(at),
            Self::Object(fields) => fields.values_mut().for_each(|s| s.set_span(at)),
            Self::Union(shapes) => shapes.iter_mut().for_each(|s| s.set_span(at)),
        }
    }

    /// Every whole instance, or map of instances, in it.
    pub(super) fn targets(&self, found: &mut Vec<(Rc<Target<'a>>, Which, Range<usize>)>) {
        match self {
            Self::Instance { target, which, span, .. } => {
                found.push((Rc::clone(target), which.clone(), span.clone()));
            }
            Self::Instances { target, span, .. } => {
                found.push((Rc::clone(target), Which::Any, span.clone()));
            }
            Self::List(inner) | Self::Map(inner) => inner.targets(found),
            Self::Object(fields) => fields.values().for_each(|s| s.targets(found)),
            Self::Union(shapes) => shapes.iter().for_each(|s| s.targets(found)),
            _ => {}
        }
    }
}
