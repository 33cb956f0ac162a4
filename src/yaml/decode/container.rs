//! Lists and mappings of the frame, whatever they hold.

use std::sync::Arc;

use super::expected;
use crate::diagnostic::{Diagnostics, Label, Severity, Span, Spanned};
use crate::yaml::{Entry, Node};

/// The items of a list; `what` names it in the error: `a list of texts`. `hint` shows how to write one.
pub(crate) fn items<'a>(node: &'a Node, what: &str, hint: &str, out: &mut Diagnostics) -> Option<&'a [Node]> {
    let items = node.as_sequence();
    if items.is_none() {
        out.push(expected(what, node).hint(hint));
    }
    items
}

/// The entries of a mapping whose keys are free; `what` names it in the error: `servers by name`.
pub(crate) fn entries<'a>(node: &'a Node, what: &str, hint: &str, out: &mut Diagnostics) -> Option<&'a [Entry]> {
    let entries = node.as_mapping();
    if entries.is_none() {
        out.push(expected(what, node).hint(hint));
    }
    entries
}

/// A mapping of free names to values that are read later.
pub(crate) fn names_and_nodes(
    node: &Node,
    what: &str,
    hint: &str,
    out: &mut Diagnostics,
) -> Option<Vec<(Spanned<Arc<str>>, Node)>> {
    let entries = entries(node, what, hint, out)?;
    Some(entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect())
}

/// Where a mapping's key stands.
pub(crate) fn key_span(node: &Node, key: &str) -> Option<Span> {
    node.as_mapping()?.iter().find(|entry| &*entry.key.value == key).map(|entry| entry.key.span)
}

/// Whether an error so far lies in `node`. Asked before a node is read, it says that the parser left something out of
/// it: then what is missing in it is no error of its own.
pub(crate) fn damaged(node: &Node, out: &Diagnostics) -> bool {
    let inside =
        |span: Span| span.file == node.span.file && span.start >= node.span.start && span.start <= node.span.end;
    let in_node = |label: &Label| inside(label.span);
    out.iter().any(|found| found.severity == Severity::Error && found.primary.as_ref().is_some_and(in_node))
}
