//! A diagnostic: headline, places with labels, notes, and a way out.

use std::borrow::Cow;

use super::Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// A place, and what to say at its caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// A line below the source, `= name: text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// `note`, `actual`, `hint`, …
    pub(crate) name: Cow<'static, str>,
    pub(crate) text: String,
}

/// One thing that is wrong. Headlines and labels are lower-case fragments without a full stop, with backticks around
/// literals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) severity: Severity,
    pub(crate) headline: String,
    /// Where it is wrong; `None` for what lies in no file, such as a command-line argument.
    pub(crate) primary: Option<Label>,
    /// Places that explain it, such as the first of two duplicates.
    pub(crate) secondary: Vec<Label>,
    pub(crate) notes: Vec<Note>,
    /// Ways out, shown last as `= hint: …`.
    pub(crate) hints: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn error(headline: impl Into<String>) -> Self {
        Self::new(Severity::Error, headline.into())
    }

    pub(crate) fn warning(headline: impl Into<String>) -> Self {
        Self::new(Severity::Warning, headline.into())
    }

    fn new(severity: Severity, headline: String) -> Self {
        Self { severity, headline, primary: None, secondary: Vec::new(), notes: Vec::new(), hints: Vec::new() }
    }

    /// The place, with the text at its caret (may be empty).
    #[must_use]
    pub(crate) fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: label.into() });
        self
    }

    /// Whether both are about the same bytes, or one about a part of the other's.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (Some(Label { span: one, .. }), Some(Label { span: other, .. })) = (&self.primary, &other.primary) else {
            return false;
        };
        one.file == other.file && one.start < other.end && other.start < one.end
    }

    /// A further place that explains the first.
    #[must_use]
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: label.into() });
        self
    }

    #[must_use]
    pub(crate) fn note(self, text: impl Into<String>) -> Self {
        self.named_note("note", text)
    }

    /// A note under a name of its own, such as `actual`.
    #[must_use]
    pub(crate) fn named_note(mut self, name: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        self.notes.push(Note { name: name.into(), text: text.into() });
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    #[must_use]
    pub(crate) fn hints(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(texts);
        self
    }
}
