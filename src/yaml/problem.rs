//! What can be wrong in a document that YAML itself accepts: the gathering of [`Problems`] while reading, and the words
//! for each.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::Node;
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Span, Spanned, did_you_mean};

/// Diagnostics kept of one file: a file of a million mistakes is not worth a million reports.
const MAX_PROBLEMS: usize = 200;

pub(super) const NOTHING: &str = "write what is meant: `null`, `\"\"`, `[]` or `{}`";

/// The text being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'text> {
    pub(super) file: FileId,
    pub(super) text: &'text str,
}

impl Source<'_> {
    pub(super) fn span(self, range: Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    /// The range within the text, on character boundaries.
    pub(super) fn clamp(self, range: Range<usize>) -> Range<usize> {
        let floor = |offset: usize| {
            let mut offset = offset.min(self.text.len());
            while !self.text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset
        };
        let start = floor(range.start);
        start..floor(range.end).max(start)
    }

    /// The first place from `from` on that is neither white space nor in a comment.
    pub(super) fn skip_trivia(self, from: usize) -> usize {
        let mut at = from;
        loop {
            let rest = &self.text[at..];
            at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']).len();
            if !self.text[at..].starts_with('#') {
                return at;
            }
            at = self.line_end(at);
        }
    }

    /// The end of the line that `at` is in, line break excluded.
    pub(super) fn line_end(self, at: usize) -> usize {
        self.text[at..].find(['\n', '\r']).map_or(self.text.len(), |length| at + length)
    }

    pub(super) fn line_start(self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// A block scalar from its `|` or `>` to the end of its last line with text. granit's `content` has neither the
    /// header, which comes after `before`, nor an end before the line breaks.
    pub(super) fn block_scalar(self, before: usize, content: Range<usize>) -> Range<usize> {
        let mut at = before.min(content.start);
        let header = loop {
            at = self.skip_trivia(at);
            match self.text[at..].chars().next() {
                _ if at >= content.start => break content.start,
                Some('|' | '>') => break at,
                // an anchor or a tag
                Some('&' | '!') => at += self.text[at..].find(char::is_whitespace).unwrap_or(0).max(1),
                Some(other) => at += other.len_utf8(),
                None => break content.start,
            }
        };
        let mut end = content.end;
        while end > content.start {
            let line = self.line_start(end);
            if self.text[line..end].trim_matches([' ', '\t', '\r', '\n']).is_empty() && line > 0 {
                end = line - 1;
            } else {
                break;
            }
        }
        if end <= content.start {
            let header_text = self.text[header..content.start].split([' ', '\t', '\r', '\n']).next();
            return header..header + header_text.map_or(0, str::len);
        }
        header..header.max(self.text[..end].trim_end_matches(['\r', '\n']).len())
    }
}

/// The diagnostics of one file.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Diagnostic>,
    /// How many more there were than are kept.
    dropped: usize,
    /// How many containers are open around the one that was reported as a whole: nothing inside it is reported again.
    pub(super) muted: Option<usize>,
}

impl Problems {
    /// Adds one, unless what it is in was reported as a whole.
    pub(super) fn report(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.muted.is_some() {
            return;
        }
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(diagnostic());
        } else {
            self.dropped += 1;
        }
    }

    /// Adds one that ends the reading.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Adds a syntax error, unless one on the same line explains it.
    pub(super) fn push_syntax(&mut self, source: Source<'_>, at: usize, diagnostic: Diagnostic) {
        let line = source.line_start(at);
        let explained = self.found.iter().any(|found| {
            let start = found.primary.as_ref().map(|label| label.span.range().start);
            start.is_some_and(|start| start >= line && start <= at)
        });
        if !explained {
            self.found.push(diagnostic);
        }
    }

    /// Hands all over, in the order of their places.
    pub(super) fn finish(mut self, source: Source<'_>, out: &mut Diagnostics) {
        self.found.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.span));
        out.extend(self.found);
        if self.dropped > 0 {
            let headline = format!("{} more errors in this file are not shown", self.dropped);
            out.push(Diagnostic::error(headline).at(source.span(0..0), ""));
        }
    }
}

/// A key without a value.
#[derive(Debug)]
pub(super) struct Bare {
    pub(super) key: Spanned<Arc<str>>,
    /// Whether a `:` follows it.
    pub(super) colon: bool,
    /// The entry before it.
    pub(super) after: Option<(Spanned<Arc<str>>, Node)>,
}

/// Reports keys without a value; those of `{ mask: a,b,c }` that follow one entry together.
pub(super) fn bare_keys(source: Source<'_>, flow: bool, bare: &[Bare], problems: &mut Problems) {
    let entry = |bare: &Bare| bare.after.as_ref().map(|(key, _)| key.span);
    let together = |a: &Bare, b: &Bare| flow && !a.colon && !b.colon && entry(a) == entry(b);
    for group in bare.chunk_by(together) {
        if let [first, ..] = group {
            problems.report(|| bare_key(source, flow, first, group));
        }
    }
}

fn bare_key(source: Source<'_>, flow: bool, first: &Bare, group: &[Bare]) -> Diagnostic {
    let span = group.iter().fold(first.key.span, |span, bare| span.to(bare.key.span));
    let error = Diagnostic::error(format!("`{}` has no value", first.key.value));
    if !flow || first.colon {
        let error = error.at(span, "nothing follows its `:`").hint(NOTHING);
        let end = source.line_end(span.range().end);
        return match source.text[span.range().end..end].split_once(" #") {
            Some((_, comment)) if !flow => error.hint(format!(
                "a `#` after a space begins a comment; if it is text, quote it: {}",
                quoted(&format!("#{comment}"))
            )),
            _ => error,
        };
    }
    match &first.after {
        Some((key, value)) if value.as_scalar().is_some() && value.span.end <= span.start => {
            let name = &key.value;
            let read = shortened(&source.text[value.span.range()]);
            let bare = group.iter().take(3).map(|bare| format!("{}:", bare.key.value)).collect::<Vec<_>>().join(" , ");
            let text = quoted(&source.text[value.span.range().start..span.range().end]);
            error
                .at(span, "YAML reads a key here, since a comma ends the value before it")
                .note(format!("to YAML this is `{{ {name}: {read}, {bare} }}`"))
                .hint(format!("if the comma belongs to the text of `{name}`, quote it: `{name}: {text}`"))
                .hint(format!("otherwise {NOTHING}"))
        }
        _ => error.at(span, "a key without `:` and value").hint("a list is written in `[ ]`, an entry as `key: value`"),
    }
}

/// A text in YAML's double quotes, shortened if it is long.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in shortened(text).chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A text as it is, cut if it is long.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

pub(super) fn empty_item(source: Source<'_>, before: usize, at: usize) -> Diagnostic {
    let dash = source.skip_trivia(before.min(at));
    let range = if source.text[dash..].starts_with('-') { dash..dash + 1 } else { at..at };
    Diagnostic::error("a list item has no value").at(source.span(range), "nothing follows").hint(NOTHING)
}

pub(super) fn empty_key(source: Source<'_>, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("an entry has no key")
        .at(source.span(range), "a key is due before the `:`")
        .hint("quote a text that begins with `: `; the empty key is written `\"\"`")
}

pub(super) fn key_is_no_scalar(source: Source<'_>, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("a key is a list or a mapping")
        .at(source.span(range), "keys are text")
        .hint("quote it, if it is text that begins with `[` or `{`")
}

pub(super) fn double_braces(source: Source<'_>, start: usize) -> Diagnostic {
    // bounded: the braces may close far away
    let window = &source.text[source.clamp(start..start + 200)];
    let text = window.lines().next().unwrap_or_default();
    let (end, inner) = match text.find("}}") {
        Some(close) => (start + close + 2, text[2..close].trim()),
        None => (start + 2, "name"),
    };
    Diagnostic::error("`{{ … }}` is no expression here")
        .at(source.span(start..end), "YAML reads a mapping in a mapping")
        .hint(format!("expressions are written `${{…}}`, and quoted where they begin a value: \"${{{inner}}}\""))
}

pub(super) fn duplicate_key(first: &Spanned<Arc<str>>, again: &Spanned<Arc<str>>) -> Diagnostic {
    Diagnostic::error(format!("duplicate key `{}`", again.value))
        .at(again.span, "written again here")
        .also(first.span, "first written here")
        .hint("keep one of the two; several values are a list")
}

pub(super) fn second_merge(first: &Spanned<Arc<str>>, again: &Spanned<Arc<str>>) -> Diagnostic {
    Diagnostic::error("duplicate key `<<`")
        .at(again.span, "written again here")
        .also(first.span, "first written here")
        .hint("merge several mappings with one list: `<<: [*a, *b]`")
}

pub(super) fn merge_of_no_mapping(value: &Node) -> Diagnostic {
    Diagnostic::error(format!("`<<` cannot merge {}", value.describe()))
        .at(value.span, "expected a mapping, or a list of mappings")
        .hint("merge an anchored mapping with `<<: *name`; a key that is spelled so is written `\"<<\"`")
}

pub(super) fn tag(source: Source<'_>, range: Range<usize>) -> Diagnostic {
    let tag = &source.text[range.clone()];
    let error = Diagnostic::error(format!("YAML tag `{tag}`")).at(source.span(range.clone()), "tags are not supported");
    if tag.starts_with("!!") {
        error.hint("leave it out: the field decides what a value means; quote what is to be text")
    } else {
        let line = &source.text[range.start..source.line_end(range.start)];
        let text = line.find(" #").map_or(line, |comment| &line[..comment]).trim_end();
        let looks_like_condition = text.contains(['(', '.', '&', '|', '=']) && !text.contains(['"', '\\']);
        if looks_like_condition {
            error.hint(format!("quote a condition that begins with `!`: \"{text}\""))
        } else {
            error.hint("an expression or a text that begins with `!` must be quoted")
        }
    }
}

/// Whether an anchor is the `&&` of a condition that begins with `!`, which has been told as a tag.
pub(super) fn follows_tag(source: Source<'_>, range: &Range<usize>) -> bool {
    source.text[range.clone()].starts_with("&&")
        && source.text[source.line_start(range.start)..range.start].contains(" !")
}

pub(super) fn anchored_expression(source: Source<'_>, range: Range<usize>, unusual: bool) -> Diagnostic {
    let anchor = &source.text[range.clone()];
    let error = Diagnostic::error(format!("`{anchor}` is read as a YAML anchor"));
    if unusual {
        error
            .at(source.span(range), "and so is no part of the text")
            .hint("quote a text that begins with `&`; names of anchors are letters, digits, `_`, `-` and `.`")
    } else {
        error
            .at(source.span(range), "an anchor before an expression")
            .hint("quote the text if the `&` belongs to it")
            .hint("otherwise drop the anchor and write the expression where it is needed, or give it a name in `vars`")
    }
}

pub(super) fn unused_anchor(source: Source<'_>, range: Range<usize>) -> Diagnostic {
    let anchor = &source.text[range.clone()];
    Diagnostic::warning(format!("the anchor `{anchor}` is never used"))
        .at(source.span(range), format!("no `*{}` refers to it", anchor.trim_start_matches('&')))
        .hint("quote the text if the `&` belongs to it")
}

pub(super) fn unknown_alias<'a>(
    source: Source<'_>,
    range: Range<usize>,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    const COMPARED: usize = 1_000; // bounds the work on a file of nothing but anchors and mistakes
    Diagnostic::error(format!("unknown alias `*{name}`"))
        .at(source.span(range), format!("no `&{name}` before it"))
        .hints(did_you_mean(name, known.take(COMPARED)).map(|hint| hint.replacen('`', "`*", 1)))
        .hint("quote a text that begins with `*`")
}

pub(super) fn endless_alias(source: Source<'_>, range: Range<usize>, definition: Range<usize>) -> Diagnostic {
    let alias = &source.text[range.clone()];
    Diagnostic::error(format!("the alias `{alias}` stands inside the value it refers to"))
        .at(source.span(range), "the value would never end")
        .also(source.span(definition), "the value begins here")
        .hint("quote a text that begins with `*`")
}

pub(super) fn too_deep(source: Source<'_>, range: Range<usize>, limit: usize) -> Diagnostic {
    Diagnostic::error(format!("nested more than {limit} levels deep"))
        .at(source.span(range), "too deep from here on")
        .hint("the levels behind aliases count too")
}

pub(super) fn too_large(source: Source<'_>, range: Range<usize>, limit: u64) -> Diagnostic {
    Diagnostic::error(format!("aliases repeat more than {limit} values"))
        .at(source.span(range), "too many with this one")
        .hint("aliases of values that hold aliases multiply")
}

pub(super) fn second_document(source: Source<'_>, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("a second YAML document")
        .at(source.span(range), "begins here")
        .hint("a file holds one document: put this one into a file of its own, or remove the line")
}

pub(super) fn empty_document(source: Source<'_>) -> Diagnostic {
    Diagnostic::error("the file is empty")
        .at(source.span(0..0), "no YAML document in it")
        .hint("the empty mapping is written `{}`")
}
