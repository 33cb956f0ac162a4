//! The one name of a case: [`CaseId`], and what may be part of it.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};

/// The one name of a case, in listings, filters, reports and reruns: `users/create.yaml::creates a user`, and of a row
/// `users/create.yaml::creates a user[ada]`. A single line, unique in what is loaded, nothing escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CaseId(Arc<str>);

impl CaseId {
    /// From the file's path below the suite's folder (with `/`) and the case's name.
    pub(crate) fn new(file: &str, name: &str) -> Self {
        Self(format!("{file}::{name}").into())
    }

    /// Of one of its rows.
    pub(super) fn of_row(&self, label: &str) -> Self {
        Self(format!("{}[{label}]", self.0).into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text can be part of an id, which stands on a line of its own and is typed into filters: not empty, one
/// line, no space at an end. `what` it is, in words; `example` says what to write instead of nothing.
pub(super) fn fits_an_id(text: &str, span: Span, what: &str, example: &str, out: &mut Diagnostics) -> bool {
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let (problem, hint) = if text.trim().is_empty() {
        ("is empty", example.to_owned())
    } else if text.contains(breaks) {
        let line = text.split(breaks).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
        let rest = if what.contains("case") { ", and the rest as `description`" } else { "" };
        ("is more than one line of text", format!("write `{line}`{rest}"))
    } else if text.trim() != text {
        ("has a space at an end", format!("write `{}`", text.trim()))
    } else {
        return true;
    };
    out.push(Diagnostic::error(format!("{what} {problem}")).at(span, "").hint(hint));
    false
}
