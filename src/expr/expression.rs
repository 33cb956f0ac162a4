//! Bare CEL: what `assert`, `capture`, `across` and `$cel` hold.

use super::{Env, Name, Scope, Ty, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::yaml::Node;

/// An expression, parsed.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    span: Span,
    source: String,
}

impl Expression {
    /// Reads a scalar node. `None` after an error.
    pub(crate) fn parse(node: &Node, _sources: &Sources, out: &mut Diagnostics) -> Option<Self> {
        let Some(scalar) = node.as_scalar() else {
            out.push(
                Diagnostic::error("an expression is wanted here")
                    .at(node.span, format!("expected an expression, found {}", node.describe())),
            );
            return None;
        };
        Some(Self { span: node.span, source: scalar.text.to_string() })
    }

    /// Reports what is wrong as far as `env` can tell: names, fields, functions, types. `None` if something is, else the
    /// type it comes to.
    pub(crate) fn check(&self, _env: &Env, out: &mut Diagnostics) -> Option<Ty> {
        out.push(unsupported(self.span));
        None
    }

    /// The value.
    #[expect(clippy::result_large_err, reason = "an error ends the case; the way to it is not hot")]
    pub(crate) fn evaluate(&self, _scope: &Scope) -> Result<Value, Diagnostic> {
        Err(unsupported(self.span))
    }

    /// The parts of it that say why it came to what it did, each with its source and value, in order: for an assertion
    /// that failed.
    pub(crate) fn explain(&self, _scope: &Scope) -> Vec<(String, Value)> {
        Vec::new()
    }

    /// The names used, in order, repeated as often as they are.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        std::iter::empty()
    }

    /// The whole scalar.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// As written, YAML's escapes and folding undone.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

fn unsupported(span: Span) -> Diagnostic {
    Diagnostic::error("expressions are not supported yet").at(span, "not evaluated")
}
