//! What is wrong, and where: source files and spans, diagnostics and the collector that gathers all of them in one
//! pass, suggestions for near misses, and the one place that renders them.

mod decoded;
mod masker;
mod neutral;
mod render;
mod report;
mod secret;
mod source;
mod suggest;
mod window;

pub(crate) use masker::{Masker, Piece, placeholder};
pub(crate) use neutral::{is_hidden, neutralise, neutralise_line};
pub(crate) use render::{render, render_all};
pub(crate) use report::{Diagnostic, Label, Severity};
pub(crate) use secret::SHORT;
pub(crate) use source::{FileId, SourceFile, Sources, Span, Spanned};
pub(crate) use suggest::{did_you_mean, one_of};

/// Gathers diagnostics. Decoders and compilers take it by `&mut`, return `Option<T>`, and go on after an error, so
/// that one pass reports everything.
#[derive(Debug, Default, Clone)]
pub(crate) struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether anything gathered forbids going on: warnings do not.
    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        self.0.extend(iter);
    }
}
