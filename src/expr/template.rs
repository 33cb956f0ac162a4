//! `${…}` in a scalar: whole or joined with text; `$${` is a literal `${`.

use super::{Env, Scope, Value};
use crate::diagnostic::{Diagnostics, Sources, Span};
use crate::yaml::Node;

/// What a scalar's text is once `${` is looked for.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// No expression in it; `$${` has become `${`.
    Literal(String),
    Template(Template),
}

/// A scalar with at least one `${…}`.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// The whole scalar.
    pub(crate) span: Span,
}

impl Text {
    /// Reads a scalar node (panics on no other: a container is an empty literal). `None` after an error: an unclosed
    /// `${`, or an expression that is not a name.
    pub(crate) fn of(_node: &Node, _sources: &Sources, _out: &mut Diagnostics) -> Option<Self> {
        None
    }
}

impl Template {
    /// Reports each name that `env` does not know, with its own span and a suggestion; `false` if there was one.
    pub(crate) fn check(&self, _env: &Env, _sources: &Sources, _out: &mut Diagnostics) -> bool {
        false
    }

    /// Whether the scalar is one `${…}` and nothing else.
    pub(crate) fn is_whole(&self) -> bool {
        false
    }

    /// The value, if `env` knows every name already: of a whole template the value itself, of a joined one text.
    pub(crate) fn fold(&self, _env: &Env) -> Option<Value> {
        None
    }

    /// The value at run time: of a whole template the value itself, of a joined one text. The error says which name
    /// has no value (such as an unset environment variable), at its span.
    pub(crate) fn evaluate(&self, _scope: &Scope) -> Result<Value, crate::diagnostic::Diagnostic> {
        Err(crate::diagnostic::Diagnostic::error(""))
    }

    /// As [`Self::evaluate`], as text: what was written, for a YAML scalar; an error for a list or mapping.
    pub(crate) fn text(&self, _scope: &Scope) -> Result<String, crate::diagnostic::Diagnostic> {
        Ok(String::new())
    }
}
