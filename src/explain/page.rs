//! Lines of YAML with comments that stand below each other. Main type: [`Page`].

use super::value::{Kind, Value};
use crate::diagnostic::Masker;

/// Beyond this column comments follow their lines at once.
const ALIGNED: usize = 56;
/// The longest list or mapping that stands on one line.
const FLOW: usize = 48;

/// What is written so far.
#[derive(Debug, Default)]
pub(super) struct Page {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    text: String,
    comment: String,
}

impl Page {
    /// A line as it is.
    pub(super) fn line(&mut self, indent: usize, text: &str, comment: &str) {
        self.lines.push(Line { text: format!("{:indent$}{text}", ""), comment: comment.to_owned() });
    }

    /// `key: value`.
    pub(super) fn entry(&mut self, indent: usize, key: &str, value: &Value) {
        if !self.scalar(indent, &format!("{key}:"), value) {
            self.line(indent, &format!("{key}:"), "");
            self.content(indent + 2, value);
        }
    }

    /// Where the next line will stand.
    pub(super) fn next(&self) -> usize {
        self.lines.len()
    }

    /// Makes an item of the lines from `first` on, which are indented by two more than `indent`.
    pub(super) fn itemize(&mut self, first: usize, indent: usize) {
        if let Some(line) = self.lines.get_mut(first) {
            line.text.replace_range(indent..indent + 2, "- ");
        }
    }

    /// What needs no lines for parts of its own; `false` if it does.
    fn scalar(&mut self, indent: usize, before: &str, value: &Value) -> bool {
        if let Some(text) = value.in_one_line(FLOW) {
            self.line(indent, &format!("{before} {text}"), value.comment());
            return true;
        }
        let Kind::Block(text) = &value.kind else { return false };
        let strip = if text.ends_with('\n') { "" } else { "-" };
        self.line(indent, &format!("{before} |{strip}"), value.comment());
        for line in text.lines() {
            self.line(if line.is_empty() { 0 } else { indent + 2 }, line, "");
        }
        true
    }

    /// The parts of a list or mapping.
    fn content(&mut self, indent: usize, value: &Value) {
        match &value.kind {
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.entry(indent, key, value);
                }
            }
            Kind::List(items) => {
                for item in items {
                    let first = self.next();
                    if !self.scalar(indent, "-", item) {
                        self.content(indent + 2, item);
                        self.itemize(first, indent);
                    }
                }
            }
            Kind::Scalar(_) | Kind::Block(_) => {}
        }
    }

    /// The text, secrets masked, comments aligned.
    pub(super) fn finish(mut self, masker: &Masker) -> String {
        for line in &mut self.lines {
            line.text = masker.mask(&line.text).into_owned();
        }
        let widths = self.lines.iter().filter(|line| !line.comment.is_empty()).map(|line| line.text.chars().count());
        let column = widths.filter(|width| *width <= ALIGNED).max().unwrap_or_default() + 2;
        let mut page = String::new();
        for Line { text, comment } in self.lines {
            page.push_str(&text);
            if !comment.is_empty() {
                let gap = column.saturating_sub(text.chars().count()).max(2);
                page.extend(std::iter::repeat_n(' ', gap));
                page.push_str("# ");
                page.push_str(&comment);
            }
            page.push('\n');
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_on_lines_of_their_own_where_they_come_from_different_places() {
        let of = |kind| Value::new(kind, "a.yaml:1");
        let one = || Value::scalar("1", "a.yaml:1");
        let block = Value::new(Kind::Block("two\n\nlines".to_owned()), "a.yaml:3");
        let map = of(Kind::Map(vec![("x".to_owned(), one()), ("y".to_owned(), Value::scalar("2", "a.yaml:2"))]));
        let mut page = Page::default();
        page.entry(0, "flow", &of(Kind::List(vec![one(), of(Kind::Map(vec![("x".to_owned(), one())]))])));
        page.entry(0, "list", &of(Kind::List(vec![map, block, of(Kind::List(Vec::new()))])));
        let expected = "\
flow: [1, { x: 1 }]  # a.yaml:1
list:
  - x: 1             # a.yaml:1
    y: 2             # a.yaml:2
  - |-               # a.yaml:3
    two

    lines
  - []               # a.yaml:1
";
        assert_eq!(page.finish(&Masker::default()), expected);
    }
}
