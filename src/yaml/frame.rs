//! A container while it is being read, and what it becomes: keys made unique, merges resolved, its span closed.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::problem::{self, Bare, Problems, Source};
use super::{Entry, Node, NodeKind, Style};
use crate::diagnostic::Spanned;

/// A node, and how much a walk of it would meet.
#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) node: Node,
    /// Nodes, itself and those behind aliases included.
    pub(super) size: u64,
    /// Levels of containers.
    pub(super) height: usize,
}

impl Built {
    pub(super) fn scalar(node: Node) -> Self {
        Self { node, size: 1, height: 0 }
    }
}

/// What stands where a value is due.
#[derive(Debug)]
pub(super) enum Value {
    Node(Built),
    /// Nothing was written.
    Empty,
    /// Something that was reported.
    Broken,
}

/// An open container.
#[derive(Debug)]
pub(super) struct Frame {
    /// Of its bracket; empty for a block.
    range: Range<usize>,
    flow: bool,
    /// granit's number, 0 for none.
    anchor: usize,
    /// Where the last thing in it ends.
    end: usize,
    size: u64,
    height: usize,
    contents: Contents,
}

#[derive(Debug)]
enum Contents {
    Sequence(Vec<Node>),
    Mapping(OpenMapping),
}

#[derive(Debug, Default)]
struct OpenMapping {
    entries: Vec<Entry>,
    /// Values of `<<`, with their key and the number of entries before it.
    merges: Vec<Merge>,
    /// Keys without a value.
    bare: Vec<Bare>,
    key: Option<Key>,
}

#[derive(Debug)]
struct Merge {
    at: usize,
    key: Spanned<Arc<str>>,
    value: Node,
}

/// The key whose value is due.
#[derive(Debug)]
enum Key {
    Text(Spanned<Arc<str>>, Style),
    Broken,
}

impl Frame {
    pub(super) fn sequence(range: Range<usize>, flow: bool, anchor: usize) -> Self {
        Self::new(range, flow, anchor, Contents::Sequence(Vec::new()))
    }

    pub(super) fn mapping(range: Range<usize>, flow: bool, anchor: usize) -> Self {
        Self::new(range, flow, anchor, Contents::Mapping(OpenMapping::default()))
    }

    fn new(range: Range<usize>, flow: bool, anchor: usize, contents: Contents) -> Self {
        Self { end: range.end, range, flow, anchor, size: 1, height: 1, contents }
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    pub(super) fn anchor(&self) -> usize {
        self.anchor
    }

    pub(super) fn is_flow(&self) -> bool {
        self.flow
    }

    pub(super) fn is_flow_mapping(&self) -> bool {
        self.flow && matches!(self.contents, Contents::Mapping(_))
    }

    pub(super) fn awaits_key(&self) -> bool {
        matches!(&self.contents, Contents::Mapping(mapping) if mapping.key.is_none())
    }

    /// Its end, given the place of the event that closes it: a block's lies behind the white space that follows.
    pub(super) fn end_with(&self, closing: &Range<usize>) -> usize {
        if closing.is_empty() { self.end } else { closing.end.max(self.end) }
    }

    /// Takes the next item, key or value. `before` is the end of what was read before it.
    pub(super) fn accept(
        &mut self,
        value: Value,
        range: Range<usize>,
        before: usize,
        source: Source<'_>,
        problems: &mut Problems,
    ) {
        self.end = self.end.max(range.end);
        if let Value::Node(built) = &value {
            self.size = self.size.saturating_add(built.size);
            self.height = self.height.max(built.height + 1);
        }
        match &mut self.contents {
            Contents::Sequence(items) => match value {
                Value::Node(built) => items.push(built.node),
                Value::Empty => problems.report(|| problem::empty_item(source, before, range.start)),
                Value::Broken => {}
            },
            Contents::Mapping(mapping) => match mapping.key.take() {
                None => mapping.key = Some(Key::read(value, range, source, problems)),
                Some(Key::Text(key, style)) => mapping.accept(key, style, value, source),
                Some(Key::Broken) => {}
            },
        }
    }

    pub(super) fn close(self, source: Source<'_>, end: usize, problems: &mut Problems) -> Built {
        let kind = match self.contents {
            Contents::Sequence(items) => NodeKind::Sequence(items.into()),
            Contents::Mapping(mapping) => NodeKind::Mapping(mapping.close(source, self.flow, problems).into()),
        };
        Built { node: Node { span: source.span(self.range.start..end), kind }, size: self.size, height: self.height }
    }
}

impl Key {
    fn read(value: Value, range: Range<usize>, source: Source<'_>, problems: &mut Problems) -> Self {
        match value {
            Value::Node(built) => match built.node.kind {
                NodeKind::Scalar(scalar) => Self::Text(Spanned::new(scalar.text, source.span(range)), scalar.style),
                // an alias of a container; one that is written was reported when it began
                NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
                    problems.report(|| problem::key_is_no_scalar(source, range));
                    Self::Broken
                }
            },
            Value::Empty => {
                problems.report(|| problem::empty_key(source, range));
                Self::Broken
            }
            Value::Broken => Self::Broken,
        }
    }
}

impl OpenMapping {
    fn accept(&mut self, key: Spanned<Arc<str>>, key_style: Style, value: Value, source: Source<'_>) {
        match value {
            Value::Node(built) if key_style == Style::Plain && &*key.value == "<<" => {
                self.merges.push(Merge { at: self.entries.len(), key, value: built.node });
            }
            Value::Node(built) => self.entries.push(Entry { key, key_style, value: built.node }),
            Value::Empty => {
                let colon = source.text[source.skip_trivia(key.span.range().end)..].starts_with(':');
                let after = self.entries.last().map(|entry| (entry.key.clone(), entry.value.clone()));
                self.bare.push(Bare { key, colon, after });
            }
            Value::Broken => {}
        }
    }

    fn close(mut self, source: Source<'_>, flow: bool, problems: &mut Problems) -> Vec<Entry> {
        problem::bare_keys(source, flow, &self.bare, problems);
        for again in self.merges.iter().skip(1) {
            problems.report(|| problem::second_merge(&self.merges[0].key, &again.key));
        }
        self.drop_duplicates(problems);
        if self.merges.is_empty() { self.entries } else { self.merged(problems) }
    }

    /// Keeps the first of entries with the same key.
    fn drop_duplicates(&mut self, problems: &mut Problems) {
        let entries = &self.entries;
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by(|a, b| entries[*a].key.value.cmp(&entries[*b].key.value)); // stable: equal keys stay in order
        let mut again = Vec::new();
        for same in order.chunk_by(|a, b| entries[*a].key.value == entries[*b].key.value) {
            for duplicate in &same[1..] {
                let (first, second) = (&entries[same[0]].key, &entries[*duplicate].key);
                problems.report(|| problem::duplicate_key(first, second));
                again.push(*duplicate);
            }
        }
        if !again.is_empty() {
            let again: HashSet<usize> = again.into_iter().collect();
            let mut index = 0;
            self.entries.retain(|_| {
                index += 1;
                !again.contains(&(index - 1))
            });
        }
    }

    /// The entries with those of `<<` where it stands: what is written wins over what is merged, and what is merged first
    /// over what is merged later.
    fn merged(self, problems: &mut Problems) -> Vec<Entry> {
        let mut known: HashSet<Arc<str>> = self.entries.iter().map(|entry| Arc::clone(&entry.key.value)).collect();
        let mut entries = self.entries;
        let mut merged = Vec::new();
        for merge in &self.merges {
            let sources = match &merge.value.kind {
                NodeKind::Sequence(items) => items,
                NodeKind::Mapping(_) | NodeKind::Scalar(_) => std::slice::from_ref(&merge.value),
            };
            for node in sources {
                let Some(theirs) = node.as_mapping() else {
                    problems.report(|| problem::merge_of_no_mapping(node));
                    continue;
                };
                merged.extend(theirs.iter().filter(|entry| known.insert(Arc::clone(&entry.key.value))).cloned());
            }
        }
        let at = self.merges.first().map_or(0, |merge| merge.at).min(entries.len());
        entries.splice(at..at, merged);
        entries
    }
}
