//! Text → tree, over granit-parser's events: the [`Reader`] keeps the open containers, the anchors and the limits.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use super::frame::{Built, Frame, Value};
use super::problem::{self, Problems, Source};
use super::syntax::Failure;
use super::{Node, NodeKind, Scalar, Style};
use crate::diagnostic::{Diagnostics, FileId};

/// Levels of containers in containers, those that aliases bring in included: who walks the tree may recurse.
pub(super) const MAX_DEPTH: usize = 128;

/// Nodes that aliases may add to those written. Aliases share their target, but who walks the tree walks each of them.
const MAX_ALIASED: u64 = 1_000_000;

/// The one document of a file, or `None` where there is no tree: after a syntax error, beyond a limit, in an empty file.
/// `text` is that of `file`, byte order mark included: spans are offsets into it. Other errors leave out the entry
/// or item they are in, so that what follows can find the errors of the rest: ask `out.has_errors()` before using the
/// tree for more than that.
pub(crate) fn parse(file: FileId, text: &str, out: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader {
        source: Source { file, text },
        problems: Problems::default(),
        frames: Vec::new(),
        anchors: BTreeMap::new(),
        cursor: 0,
        aliased: 0,
        documents: 0,
        root: None,
    };
    let root = reader.read();
    reader.problems.finish(reader.source, out);
    root
}

/// What is known while reading.
struct Reader<'text> {
    source: Source<'text>,
    problems: Problems,
    /// The open containers, outermost first.
    frames: Vec<Frame>,
    /// By granit's number; in the order written.
    anchors: BTreeMap<usize, Anchor>,
    /// The end of what the events so far cover.
    cursor: usize,
    /// Nodes that aliases added so far.
    aliased: u64,
    documents: usize,
    root: Option<Value>,
}

struct Anchor {
    name: String,
    /// Of `&name`.
    range: Range<usize>,
    target: Target,
    used: bool,
}

enum Target {
    /// The container is still being read.
    Open,
    /// Something is wrong with it, and was reported.
    Broken,
    Ready(Built),
}

impl Reader<'_> {
    fn read(&mut self) -> Option<Node> {
        let options = granit_parser::options! {
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
            emit_comments: false,
        };
        for next in Parser::new_from_str_with_options(self.source.text, options) {
            let (event, span) = match next {
                Ok(next) => next,
                Err(error) => {
                    self.syntax_error(&error);
                    return None;
                }
            };
            let range = self.source.clamp(span.byte_range().unwrap_or(self.cursor..self.cursor));
            let tag = span.tag_span().and_then(|tag| tag.byte_range());
            if matches!(event, Event::DocumentStart(..)) && self.documents == 1 {
                self.problems.push(problem::second_document(self.source, range));
                break;
            }
            if self.event(event, range.clone(), tag).is_break() {
                return None;
            }
            self.cursor = self.cursor.max(range.end);
        }
        self.warn_of_unused_anchors();
        match self.root.take() {
            Some(Value::Node(built)) => Some(built.node),
            Some(Value::Broken) => None,
            Some(Value::Empty) | None => {
                self.problems.push(problem::empty_document(self.source));
                None
            }
        }
    }

    /// One event; breaks off where a limit is crossed.
    fn event(&mut self, event: Event<'_>, range: Range<usize>, tag: Option<Range<usize>>) -> ControlFlow<()> {
        match event {
            Event::DocumentStart(..) => self.documents += 1,
            Event::Scalar(text, style, anchor, resolved) => {
                self.tag(resolved.as_deref(), &range, tag);
                self.scalar(&text, style, anchor, resolved.is_some(), range);
            }
            Event::SequenceStart(style, anchor, resolved) => {
                self.tag(resolved.as_deref(), &range, tag);
                return self.open(Frame::sequence(range, style == StructureStyle::Flow, anchor));
            }
            Event::MappingStart(style, anchor, resolved) => {
                self.tag(resolved.as_deref(), &range, tag);
                return self.open(Frame::mapping(range, style == StructureStyle::Flow, anchor));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range),
            Event::Anchor(id, name) => self.anchor(id, &name, range),
            Event::Alias(id) => return self.alias(id, range),
            Event::UnresolvedAlias(name) => {
                let known = self.anchors.values().map(|anchor| anchor.name.as_str());
                self.problems.report(|| problem::unknown_alias(self.source, range.clone(), &name, known));
                self.place(Value::Broken, range);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn tag(&mut self, tag: Option<&Tag>, node: &Range<usize>, written: Option<Range<usize>>) {
        if tag.is_some() {
            let range = self.source.clamp(written.unwrap_or(node.clone()));
            self.problems.report(|| problem::tag(self.source, range));
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tagged: bool, range: Range<usize>) {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let range = match style {
            Style::Literal | Style::Folded => self.source.block_scalar(self.cursor, range),
            _ => range,
        };
        // nor is there a line break at the end where the file ends without one (YAML 1.2, 8.1.1.2)
        let unbroken = matches!(style, Style::Literal | Style::Folded) && !self.source.text[range.end..].contains('\n');
        let text = if unbroken { text.strip_suffix('\n').unwrap_or(text) } else { text };
        // granit reads nothing as `~`; only the written one has a place of its own
        let value = if style == Style::Plain && range.is_empty() {
            if tagged { Value::Broken } else { Value::Empty }
        } else {
            let scalar = Scalar { text: Arc::from(text), style };
            Value::Node(Built::scalar(Node { span: self.source.span(range.clone()), kind: NodeKind::Scalar(scalar) }))
        };
        self.define(anchor, &value);
        self.place(value, range);
    }

    fn open(&mut self, frame: Frame) -> ControlFlow<()> {
        if self.frames.len() >= MAX_DEPTH {
            self.problems.push(problem::too_deep(self.source, frame.range(), MAX_DEPTH));
            return ControlFlow::Break(());
        }
        if self.problems.muted.is_none() && self.frames.last().is_some_and(Frame::awaits_key) {
            self.problems.muted = Some(self.key_container(&frame));
        }
        if frame.anchor() != 0 {
            let anchor = Anchor { name: String::new(), range: frame.range(), target: Target::Open, used: false };
            self.anchors.insert(frame.anchor(), anchor);
        }
        self.frames.push(frame);
        ControlFlow::Continue(())
    }

    /// Reports a container that is a key; returns how many containers stay open around what is wrong.
    fn key_container(&mut self, key: &Frame) -> usize {
        let depth = self.frames.len();
        match self.frames.last() {
            // `{{ name }}` is YAML for a mapping whose key is a mapping
            Some(outer) if outer.is_flow() && outer.range().end == key.range().start && key.is_flow_mapping() => {
                self.problems.report(|| problem::double_braces(self.source, outer.range().start));
                depth - 1
            }
            _ => {
                self.problems.report(|| problem::key_is_no_scalar(self.source, key.range()));
                depth
            }
        }
    }

    fn close(&mut self, range: Range<usize>) {
        let Some(frame) = self.frames.pop() else { return };
        let (anchor, end) = (frame.anchor(), frame.end_with(&range));
        let start = frame.range().start;
        let built = frame.close(self.source, end, &mut self.problems);
        let value = if self.problems.muted == Some(self.frames.len()) {
            self.problems.muted = None;
            Value::Broken
        } else {
            Value::Node(built)
        };
        self.define(anchor, &value);
        self.place(value, start..end);
    }

    /// Keeps a value for the aliases of its anchor.
    fn define(&mut self, id: usize, value: &Value) {
        if id == 0 {
            return;
        }
        let target = match value {
            Value::Node(built) => Target::Ready(built.clone()),
            Value::Empty | Value::Broken => Target::Broken,
        };
        match self.anchors.get_mut(&id) {
            Some(anchor) => anchor.target = target,
            None => {
                self.anchors.insert(id, Anchor { name: String::new(), range: 0..0, target, used: false });
            }
        }
    }

    /// The anchor's name and place, which come after the node or its start.
    fn anchor(&mut self, id: usize, name: &str, range: Range<usize>) {
        let Some(anchor) = self.anchors.get_mut(&id) else { return };
        name.clone_into(&mut anchor.name);
        anchor.range = range.clone();
        let text = match &anchor.target {
            Target::Ready(built) => built.node.as_scalar().map(|scalar| &*scalar.text),
            Target::Open | Target::Broken => None,
        };
        let unusual = !name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        if unusual || text.is_some_and(|text| text.contains("${")) {
            anchor.used = true; // one complaint is enough
            if !problem::follows_tag(self.source, &range) {
                self.problems.report(|| problem::anchored_expression(self.source, range, unusual));
            }
        }
    }

    fn alias(&mut self, id: usize, range: Range<usize>) -> ControlFlow<()> {
        let Some(anchor) = self.anchors.get_mut(&id) else { return ControlFlow::Continue(()) };
        anchor.used = true;
        let value = match &anchor.target {
            Target::Ready(built) => Value::Node(built.clone()),
            Target::Broken => Value::Broken,
            Target::Open => {
                let (source, definition) = (self.source, anchor.range.clone());
                self.problems.report(|| problem::endless_alias(source, range.clone(), definition));
                Value::Broken
            }
        };
        if let Value::Node(built) = &value {
            if self.frames.len() + built.height > MAX_DEPTH {
                self.problems.push(problem::too_deep(self.source, range, MAX_DEPTH));
                return ControlFlow::Break(());
            }
            self.aliased = self.aliased.saturating_add(built.size);
            if self.aliased > MAX_ALIASED {
                self.problems.push(problem::too_large(self.source, range, MAX_ALIASED));
                return ControlFlow::Break(());
            }
        }
        self.place(value, range);
        ControlFlow::Continue(())
    }

    /// Hands a value, which stands at `range`, to the container it is in.
    fn place(&mut self, value: Value, range: Range<usize>) {
        match self.frames.last_mut() {
            Some(frame) => frame.accept(value, range, self.cursor, self.source, &mut self.problems),
            None => self.root = Some(value),
        }
    }

    fn warn_of_unused_anchors(&mut self) {
        for anchor in self.anchors.values().filter(|anchor| !anchor.used && !anchor.name.is_empty()) {
            self.problems.report(|| problem::unused_anchor(self.source, anchor.range.clone()));
        }
    }

    fn syntax_error(&mut self, error: &granit_parser::ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.source.text.len());
        let at = self.source.clamp(at..at).start;
        let open = self.frames.iter().rev().find(|frame| frame.is_flow()).map(Frame::range);
        let failure = Failure { source: self.source, kind: error.kind(), at, before: self.cursor, open };
        self.problems.push_syntax(self.source, at, failure.explain());
    }
}
