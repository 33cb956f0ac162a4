//! `${…}` in a scalar: whole or joined with text; `$${` is a literal `${`.

use std::cell::LazyCell;
use std::ops::Range;

use super::braces::{Piece, pieces};
use super::name::is_path;
use super::resolve::{Failure, Walk, unjoinable, written};
use super::{Env, Expression, Name, Scope, Ty, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
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
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(String),
    Expression(Expression),
}

impl Text {
    /// Reads a scalar node (panics on no other: a container is an empty literal). `None` after an error: an unclosed
    /// `${`, or an expression that is not a name.
    pub(crate) fn of(node: &Node, sources: &Sources, out: &mut Diagnostics) -> Option<Self> {
        Self::read(node, Some(sources), out)
    }

    /// As [`Self::of`]; without `sources` every span is the whole scalar's.
    pub(super) fn read(node: &Node, sources: Option<&Sources>, out: &mut Diagnostics) -> Option<Self> {
        let Some(scalar) = node.as_scalar() else { return Some(Self::Literal(String::new())) };
        let places =
            LazyCell::new(|| sources.map(|sources| scalar.places(node.span, sources.get(node.span.file).text())));
        let place = |range: Range<usize>| places.as_ref().map_or(node.span, |places| places.span_of(range));
        // not of what a variable stands for, which is told where it is written
        let holds = |text: &str| text.get(node.span.range()).is_some_and(|written| written.contains("{{"));
        let is_written = || sources.is_none_or(|sources| holds(sources.get(node.span.file).text()));
        if let Some((range, name)) = foreign(&scalar.text).filter(|_| is_written()) {
            out.push(foreign_template(&scalar.text[range.clone()], name, place(range)));
        }
        if !scalar.text.contains("${") {
            return Some(Self::Literal(scalar.text.to_string()));
        }
        let mut parts = Vec::new();
        let mut sound = true;
        for piece in pieces(&scalar.text) {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text)),
                Piece::Expression { whole, inner } => {
                    let source = scalar.text[inner.clone()].trim();
                    if let Some(problem) = not_an_expression(source, place(whole.clone())) {
                        out.push(problem);
                        sound = false;
                        continue;
                    }
                    match Expression::read(node.span, scalar, inner, Some(whole), sources) {
                        Ok(expression) => parts.push(Part::Expression(expression)),
                        Err(problem) => {
                            out.push(*problem);
                            sound = false;
                        }
                    }
                }
                Piece::Unclosed(range) => {
                    let line = scalar.text[range.clone()].lines().next().map_or(0, str::len);
                    let range = range.start..range.start + line;
                    out.push(
                        Diagnostic::error("`${` is never closed")
                            .at(place(range), "no `}` follows")
                            .hint("close it, as in `${who}`, or write `$${` for a literal `${`"),
                    );
                    sound = false;
                }
            }
        }
        let is_literal = parts.iter().all(|part| matches!(part, Part::Text(_)));
        let literal = |part| match part {
            Part::Text(text) => text,
            Part::Expression(_) => String::new(),
        };
        sound.then(|| {
            if is_literal {
                Self::Literal(parts.into_iter().map(literal).collect())
            } else {
                Self::Template(Template { span: node.span, parts })
            }
        })
    }
}

impl Template {
    /// Reports what is wrong with its expressions as far as `env` can tell, each with its own place and a way out, and
    /// what is joined into text that no text can hold; `false` if there was something. What is wrong inside a variable's
    /// value is not repeated where it is used: [`Env::check`] reports it where it is written.
    pub(crate) fn check(&self, env: &Env, _sources: &Sources, out: &mut Diagnostics) -> bool {
        let mut sound = true;
        for expression in self.expressions() {
            let Some(ty) = expression.check(env, out) else {
                sound = false;
                continue;
            };
            let problem = match Walk::new(env).expression(expression, env) {
                Ok(value) if !self.is_whole() => written(&value, expression.source(), expression.place()).err(),
                Err(Failure::Later) if !self.is_whole() => {
                    ty.is_never_text().then(|| unjoinable(expression.source(), &ty.to_string(), expression.place()))
                }
                // of a name alone, the place where it is defined has said it
                Err(Failure::Wrong(problem)) if expression.term().path().is_none() => Some(*problem),
                _ => None,
            };
            sound &= problem.is_none();
            out.extend(problem);
        }
        sound
    }

    /// The type it comes to: of a joined one, text. `Any` where nothing is sure.
    pub(crate) fn ty(&self, env: &Env) -> Ty {
        match self.parts.as_slice() {
            [Part::Expression(expression)] => expression.ty(env),
            _ => Ty::String,
        }
    }

    /// Whether the scalar is one `${…}` and nothing else.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Expression(_)])
    }

    /// The names used, in order, repeated as often as they are.
    pub(crate) fn names(&self) -> impl Iterator<Item = Name> {
        self.expressions().flat_map(Expression::names)
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// The value, if `env` knows every name already: of a whole template the value itself, of a joined one text.
    ///
    /// Names inside a variable's value are resolved too. Only in a list or mapping may `${…}` remain, for what is
    /// known later: its scalars are read through [`Text::of`] like any others.
    pub(crate) fn fold(&self, env: &Env) -> Option<Value> {
        Walk::new(env).template(self, env).ok()
    }

    /// The value at run time: of a whole template the value itself, of a joined one text. The error says which name
    /// has no value (such as an unset environment variable), at its span.
    #[expect(clippy::result_large_err, reason = "an error ends the case; the way to it is not hot")]
    pub(crate) fn evaluate(&self, scope: &Scope) -> Result<Value, Diagnostic> {
        Walk::new(scope).template(self, scope).map_err(|failure| failure.said(self.span))
    }

    /// As [`Self::evaluate`], as text: what was written, for a YAML scalar; an error for a list or mapping.
    #[expect(clippy::result_large_err, reason = "an error ends the case; the way to it is not hot")]
    pub(crate) fn text(&self, scope: &Scope) -> Result<String, Diagnostic> {
        let value = self.evaluate(scope)?;
        let source = self.expressions().next().map_or("value", Expression::source);
        written(&value, source, self.span)
    }
}

/// What is no expression, and is told by more than its syntax.
fn not_an_expression(source: &str, span: Span) -> Option<Diagnostic> {
    if source.is_empty() {
        let label = "a name or an expression belongs between the braces";
        let problem = Diagnostic::error("`${}` names nothing").at(span, label);
        return Some(problem.hint("as in `${who}`, `${env.HOME}` or `${count + 1}`"));
    }
    let unwrapped = source.trim_matches(|letter: char| matches!(letter, '{' | '}') || letter.is_whitespace());
    (unwrapped != source && is_path(unwrapped)).then(|| {
        Diagnostic::error(format!("`{}` is not a name", shortened(source)))
            .at(span, "not a name")
            .hint(format!("write `${{{unwrapped}}}`"))
    })
}

/// One line of at most 40 characters.
pub(super) fn shortened(source: &str) -> String {
    const SHOWN: usize = 40;
    let line = source.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A template of another tool, `{{ who }}`: its range and the name in it.
fn foreign(text: &str) -> Option<(Range<usize>, &str)> {
    text.match_indices("{{").find_map(|(start, _)| {
        let end = start + text[start..].find("}}")?;
        let name = text[start + 2..end].trim();
        let is_ours = text[..start].ends_with('$');
        (is_path(name.trim_start_matches(['.', '$'])) && !is_ours).then_some((start..end + 2, name))
    })
}

fn foreign_template(written: &str, name: &str, span: Span) -> Diagnostic {
    let name = name.trim_start_matches(['.', '$']);
    Diagnostic::warning(format!("`{}` is sent as it stands", shortened(written)))
        .at(span, "not a template here")
        .hint(format!("templates are written `${{{name}}}`"))
}

#[cfg(test)]
mod tests;
