//! Message → YAML text for reports, in lines or on one; bounded.

use prost_reflect::{DynamicMessage, Value};

use super::tree::{Extent, Tree};
use super::{FieldType, quote};

/// How much of a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) lines: usize,
    /// Of one string, in characters; of one `bytes`, in bytes.
    pub(crate) text: usize,
}

impl Limits {
    /// For a failure's report.
    pub(crate) const REPORT: Self = Self { lines: 60, text: 240 };
    /// Everything: what is rendered reads back as an equal message.
    pub(crate) const NONE: Self = Self { lines: usize::MAX, text: usize::MAX };
}

/// The longest list that stands in one line of a block, in characters.
const FLOW_WIDTH: usize = 80;
/// The longest value on one line, in characters.
const LINE_WIDTH: usize = 200;

/// YAML as it may be written in a case: proto names, well-known types in their short form, unknown fields as comments.
/// Each line ends with a line break.
pub(crate) fn render(message: &DynamicMessage, limits: Limits) -> String {
    lay_out(&Extent { items: limits.lines, text: limits.text }.message(message, 0), limits)
}

/// As [`render`], of a list of messages.
pub(crate) fn render_all(messages: &[DynamicMessage], limits: Limits) -> String {
    let extent = Extent { items: limits.lines, text: limits.text };
    let shown = messages.iter().take(limits.lines).map(|message| extent.message(message, 0));
    let tree = Tree::List { items: shown.collect(), more: messages.len().saturating_sub(limits.lines) };
    lay_out(&tree, limits)
}

fn lay_out(tree: &Tree, limits: Limits) -> String {
    let mut lines = Lines { text: String::new(), left: limits.lines, hidden: 0, is_cut: false };
    lines.tree(Place::default(), tree);
    let at_least = if lines.is_cut { "at least " } else { "" };
    match lines.hidden {
        0 => lines.text,
        1 => lines.text + &format!("# … {at_least}1 more line, shown with --full\n"),
        hidden => lines.text + &format!("# … {at_least}{hidden} more lines, shown with --full\n"),
    }
}

/// A value on one line, shortened, for a failure's `actual`: `42`, `"text"`, `{ id: 1, tags: [a, b] }`.
pub(crate) fn render_value(value: &Value, ty: &FieldType) -> String {
    if let Value::String(text) = value {
        return match text.char_indices().nth(LINE_WIDTH) {
            Some((end, _)) => {
                format!("{} ({} characters)", quote::double_quoted(&format!("{}…", &text[..end])), text.chars().count())
            }
            None => quote::double_quoted(text),
        };
    }
    let extent = Extent { items: 20, text: 90 };
    flow(&extent.value(value, ty, 0), LINE_WIDTH)
}

/// Where a tree begins: what stands before its first line, and before each further one.
#[derive(Debug, Clone, Default)]
struct Place {
    first: String,
    rest: String,
}

impl Place {
    fn next(&mut self) -> String {
        std::mem::replace(&mut self.first, self.rest.clone())
    }
}

struct Lines {
    text: String,
    left: usize,
    hidden: usize,
    /// Whether what is hidden has parts that are not in the tree: each is a line at least.
    is_cut: bool,
}

impl Lines {
    fn push(&mut self, line: &str) {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.text.push_str(line);
                self.text.push('\n');
            }
            None => self.hidden += 1,
        }
    }

    fn tree(&mut self, mut place: Place, tree: &Tree) {
        if let Some(line) = one_line(tree) {
            self.push(&format!("{}{line}", place.next()));
            self.comments(&place, tree);
            return;
        }
        match tree {
            Tree::Scalar { .. } => {}
            Tree::List { items, more } => {
                for item in items {
                    let first = format!("{}- ", place.next());
                    let rest = format!("{}  ", place.rest);
                    self.tree(Place { first, rest }, item);
                }
                self.more(&mut place, *more);
            }
            Tree::Mapping { entries, more, .. } => {
                for (key, value) in entries {
                    let start = place.next();
                    if let Some(line) = one_line(value) {
                        self.push(&format!("{start}{key}: {line}"));
                        let rest = format!("{}  ", place.rest);
                        self.comments(&Place { first: rest.clone(), rest }, value);
                    } else {
                        self.push(&format!("{start}{key}:"));
                        let inner = format!("{}  ", place.rest);
                        self.tree(Place { first: inner.clone(), rest: inner }, value);
                    }
                }
                self.more(&mut place, *more);
                self.comments(&place, tree);
            }
        }
    }

    fn more(&mut self, place: &mut Place, more: usize) {
        if more > 0 && self.left == 0 {
            self.hidden += more;
            self.is_cut = true;
        } else if more > 0 {
            let start = place.next();
            self.push(&format!("{start}# … {more} more"));
        }
    }

    fn comments(&mut self, place: &Place, tree: &Tree) {
        if let Tree::Mapping { comments, .. } = tree {
            for comment in comments {
                self.push(&format!("{}# {comment}", place.rest));
            }
        }
    }
}

/// What a tree is on one line of a block, if it belongs on one.
fn one_line(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Scalar { text, comment: None } => Some(text.clone()),
        Tree::Scalar { text, comment: Some(comment) } => Some(format!("{text}  # {comment}")),
        Tree::List { items, more: 0 } => {
            let is_flat = items.iter().all(|item| matches!(item, Tree::Scalar { comment: None, .. }));
            (is_flat && items.len() <= FLOW_WIDTH)
                .then(|| flow(tree, usize::MAX))
                .filter(|line| line.chars().count() <= FLOW_WIDTH)
        }
        Tree::Mapping { entries, more: 0, .. } => {
            let is_operator =
                matches!(entries.as_slice(), [(key, Tree::Scalar { .. })] if key == "$zeros" || key == "$hex");
            (entries.is_empty() || is_operator).then(|| flow(tree, usize::MAX))
        }
        Tree::List { .. } | Tree::Mapping { .. } => None,
    }
}

/// A tree on one line, cut after about `width` characters.
fn flow(tree: &Tree, width: usize) -> String {
    let mut line = String::new();
    write_flow(tree, width, &mut line);
    line
}

fn write_flow(tree: &Tree, width: usize, line: &mut String) {
    match tree {
        Tree::Scalar { text, comment } => {
            line.push_str(text);
            if let Some(comment) = comment {
                line.extend([" (", comment, ")"]);
            }
        }
        Tree::List { items, more } => {
            line.push('[');
            let parts = items.iter().map(|item| (None, item));
            write_parts(parts, *more, width, line);
            line.push(']');
        }
        Tree::Mapping { entries, more, comments } if entries.is_empty() && *more == 0 => {
            line.push_str("{}");
            write_comments(comments, width, line);
        }
        Tree::Mapping { entries, more, comments } => {
            line.push_str("{ ");
            write_parts(entries.iter().map(|(key, value)| (Some(key), value)), *more, width, line);
            line.push_str(" }");
            write_comments(comments, width, line);
        }
    }
}

fn write_parts<'t>(
    parts: impl ExactSizeIterator<Item = (Option<&'t String>, &'t Tree)>,
    more: usize,
    width: usize,
    line: &mut String,
) {
    let mut left = parts.len();
    for (at, (key, value)) in parts.enumerate() {
        let separator = if at > 0 { ", " } else { "" };
        if line.len() > width {
            line.push_str(separator);
            write_more(left + more, line);
            return;
        }
        left -= 1;
        line.push_str(separator);
        if let Some(key) = key {
            line.extend([key, ": "]);
        }
        write_flow(value, width, line);
    }
    if more > 0 {
        line.push_str(", ");
        write_more(more, line);
    }
}

fn write_more(more: usize, line: &mut String) {
    line.extend(["… ", &more.to_string(), " more"]);
}

/// Only where a line is for reading: what reads back has them on lines of their own.
fn write_comments(comments: &[String], width: usize, line: &mut String) {
    if width != usize::MAX && !comments.is_empty() {
        line.extend([" (", &comments.join("; "), ")"]);
    }
}
