//! Lines of YAML with comments that stand below each other. Main type: [`Page`].

use super::value::{Kind, Value};

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
        if let Some(text) = value.in_one_line(FLOW) {
            return self.line(indent, &format!("{key}: {text}"), value.comment());
        }
        match &value.kind {
            Kind::Block(text) => {
                let strip = if text.ends_with('\n') { "" } else { "-" };
                self.line(indent, &format!("{key}: |{strip}"), value.comment());
                text.lines().for_each(|line| self.line(if line.is_empty() { 0 } else { indent + 2 }, line, ""));
            }
            Kind::List(_) | Kind::Map(_) | Kind::Scalar(_) => {
                self.line(indent, &format!("{key}:"), "");
                self.content(indent + 2, value);
            }
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

    fn content(&mut self, indent: usize, value: &Value) {
        match &value.kind {
            Kind::Map(entries) => entries.iter().for_each(|(key, value)| self.entry(indent, key, value)),
            Kind::List(items) => {
                for item in items {
                    match item.in_one_line(FLOW) {
                        Some(text) => self.line(indent, &format!("- {text}"), item.comment()),
                        None => {
                            let first = self.next();
                            self.content(indent + 2, item);
                            self.itemize(first, indent);
                        }
                    }
                }
            }
            // of an item: nothing else gets here
            Kind::Scalar(text) | Kind::Block(text) => self.line(indent, text, value.comment()),
        }
    }

    /// The text, comments aligned.
    pub(super) fn finish(self) -> String {
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
