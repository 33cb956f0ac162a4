//! The tree. Nodes are cheap to clone: containers and texts are shared.

use std::sync::Arc;

use super::{Scalar, Style};
use crate::diagnostic::{Span, Spanned};

/// A value of the document. Aliases and `<<` are resolved: an aliased node is its anchor's, with the anchor's spans.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Of the whole value: quotes, brackets and block content included, trailing line break and comment not.
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    Scalar(Scalar),
    Sequence(Arc<[Node]>),
    Mapping(Arc<[Entry]>),
}

/// One `key: value`. Keys are unique in their mapping and in the order written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<Arc<str>>,
    /// How the key was written: a quoted key is text whatever it spells.
    pub(crate) key_style: Style,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => None,
        }
    }

    pub(crate) fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(items) => Some(items),
            NodeKind::Scalar(_) | NodeKind::Mapping(_) => None,
        }
    }

    pub(crate) fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Mapping(entries) => Some(entries),
            NodeKind::Scalar(_) | NodeKind::Sequence(_) => None,
        }
    }

    /// A mapping's value by key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.iter().find(|entry| &*entry.key.value == key).map(|entry| &entry.value)
    }

    /// A plain `null` or `~`.
    pub(crate) fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.style == Style::Plain && matches!(&*scalar.text, "null" | "~"))
    }

    /// What it is, in words for a message: `a text`, `a list`, `a mapping`.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar(_) if self.is_null() => "null",
            NodeKind::Scalar(_) => "a scalar",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
        }
    }
}
