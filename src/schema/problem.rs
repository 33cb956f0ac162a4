//! Errors of protox and prost-reflect in our look: their labels become places in the proto file.

use super::catalog::Source;
use crate::diagnostic::{Diagnostic, FileId, Sources, Span};

/// How many errors of one file are reported.
const MAX_PROBLEMS: usize = 20;

/// What protox or prost-reflect found wrong in a proto file, one diagnostic for each.
pub(super) fn convert(problem: &dyn miette::Diagnostic, source: &Source, sources: &Sources) -> Vec<Diagnostic> {
    let file = source.add_to(sources);
    let related = problem.related().into_iter().flatten();
    std::iter::once(problem).chain(related).take(MAX_PROBLEMS).map(|one| convert_one(one, source, file)).collect()
}

fn convert_one(problem: &dyn miette::Diagnostic, source: &Source, file: FileId) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(headline(problem, source));
    let labels = problem.labels().into_iter().flatten();
    for label in labels {
        let (start, end) = (source.place(label.offset()), source.place(label.offset() + label.len()));
        let span = span(file, &source.text, start, end);
        let text = with_backticks(label.label().unwrap_or_default());
        diagnostic = match diagnostic.primary {
            None => diagnostic.at(span, text),
            Some(_) => diagnostic.also(span, text),
        };
    }
    if diagnostic.primary.is_none() {
        // what has no place of its own is the end of a file that ends too early
        let end = source.text.trim_end().len();
        diagnostic = diagnostic.at(span(file, &source.text, end, end), "");
    }
    if source.edition.is_some() {
        let way_out = instead(&diagnostic.headline);
        diagnostic = diagnostic.hints(way_out.map(str::to_owned));
    }
    diagnostic.hints(problem.help().map(|help| with_backticks(&help.to_string())))
}

/// What is wrong; of an edition, in its own words, though it is parsed as proto3.
fn headline(problem: &dyn miette::Diagnostic, source: &Source) -> String {
    let text = with_backticks(&problem.to_string());
    if source.edition.is_some() { text.replace("in proto3 syntax", "in editions") } else { text }
}

/// How an edition says what it no longer says in the old way.
fn instead(headline: &str) -> Option<&'static str> {
    if headline.starts_with("required fields") {
        Some("write `features.field_presence = LEGACY_REQUIRED` among the field's options")
    } else if headline.starts_with("groups") {
        Some("write a message, and `features.message_encoding = DELIMITED` among the field's options")
    } else {
        None
    }
}

/// A span on character boundaries within the text.
fn span(file: FileId, text: &str, start: usize, end: usize) -> Span {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    Span::new(file, floor(start), floor(end.max(start)))
}

/// protox quotes literals with `'`.
pub(super) fn with_backticks(text: &str) -> String {
    if text.matches('\'').count().is_multiple_of(2) { text.replace('\'', "`") } else { text.to_owned() }
}
