//! What is wrong with an expression, at bytes of its source: parsing, checking and evaluating say it, and the
//! expression, which knows where its source stands, makes a diagnostic of it.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Span};

/// Something wrong, and where in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    headline: String,
    label: String,
    hints: Vec<String>,
}

impl Fault {
    pub(super) fn new(range: Range<usize>, headline: impl Into<String>, label: impl Into<String>) -> Self {
        Self { range, headline: headline.into(), label: label.into(), hints: Vec::new() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    /// Whether it is the end that is wrong: something is missing there.
    pub(super) fn is_at_end(&self, source: &str) -> bool {
        self.range.start >= source.trim_end().len() || self.headline.contains("never closed")
    }

    pub(super) fn at(self, span: Span) -> Diagnostic {
        Diagnostic::error(self.headline).at(span, self.label).hints(self.hints)
    }
}
