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
    let mut diagnostic = Diagnostic::error(with_backticks(&problem.to_string()));
    let labels = problem.labels().into_iter().flatten();
    for label in labels {
        let start = source.offset() + label.offset();
        let span = span(file, &source.text, start, start + label.len());
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
    diagnostic.hints(problem.help().map(|help| with_backticks(&help.to_string())))
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
