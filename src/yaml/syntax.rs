//! Words for what is no YAML: granit's kinds of error → headline, the place that a person would look at, and a way out.

use std::ops::Range;

use granit_parser::ErrorKind;

use super::problem::Source;
use crate::diagnostic::Diagnostic;

/// A syntax error found at `at`. `before` is the end of what was read well, `open` the innermost bracket still open.
pub(super) fn explain(
    source: Source<'_>,
    kind: &ErrorKind,
    at: usize,
    _before: usize,
    _open: Option<Range<usize>>,
) -> Diagnostic {
    let at = source.clamp(at..at).start;
    let end = source.text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    Diagnostic::error("invalid YAML").at(source.span(at..end), kind.to_string())
}
