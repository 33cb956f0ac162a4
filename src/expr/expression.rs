//! An expression and where it stands: bare in `assert`, `capture`, `across` and `$cel`, or between the braces of a
//! template.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::check::Checker;
use super::evaluate::{Evaluation, Stop};
use super::explain::{Explanation, explain};
use super::fault::Fault;
use super::name::is_path;
use super::resolve::{Failure, Walk};
use super::syntax;
use super::term::{Select, Term, TermKind};
use super::{Env, Name, Scope, Ty, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile, Sources, Span};
use crate::yaml::{Node, Places, Scalar, Style};

/// An expression, parsed.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    term: Arc<Term>,
    place: Arc<Place>,
}

/// Where an expression stands.
#[derive(Debug)]
struct Place {
    /// The scalar it is part of, and its span.
    scalar: Scalar,
    node: Span,
    /// `None` where the scalar's own span is as near as it gets.
    file: Option<Arc<SourceFile>>,
    /// The expression's bytes in the scalar's text.
    range: Range<usize>,
    /// `${…}` around it.
    braces: Option<Range<usize>>,
    places: OnceLock<Places>,
}

impl Expression {
    /// Reads a scalar node. `None` after an error.
    pub(crate) fn parse(node: &Node, sources: &Sources, out: &mut Diagnostics) -> Option<Self> {
        let Some(scalar) = node.as_scalar() else {
            out.push(not_an_expression(node));
            return None;
        };
        let range = 0..scalar.text.len();
        Self::read(node.span, scalar, range, None, Some(sources)).map_err(|problem| out.push(*problem)).ok()
    }

    /// Reads a part of a scalar, of which `braces` are the `${…}` around it.
    pub(super) fn read(
        node: Span,
        scalar: &Scalar,
        range: Range<usize>,
        braces: Option<Range<usize>>,
        sources: Option<&Sources>,
    ) -> Result<Self, Box<Diagnostic>> {
        let file = sources.map(|sources| sources.get(node.file));
        let place = Place { scalar: scalar.clone(), node, file, range, braces, places: OnceLock::new() };
        match read(place.source()) {
            Ok(term) => Ok(Self { term, place: Arc::new(place) }),
            Err(fault) => Err(Box::new(place.syntax_error(fault))),
        }
    }

    /// Reports what is wrong as far as `env` can tell: names, fields, functions, types. `None` if something is, else the
    /// type it comes to.
    pub(crate) fn check(&self, env: &Env, out: &mut Diagnostics) -> Option<Ty> {
        let mut checker = Checker::new(env, self);
        let ty = checker.whole(&self.term);
        let problems = checker.finish();
        let sound = problems.is_empty();
        out.extend(problems);
        sound.then_some(ty)
    }

    /// The type it comes to, without a word.
    pub(super) fn ty(&self, env: &Env) -> Ty {
        Checker::new(env, self).whole(&self.term)
    }

    /// The value.
    #[expect(clippy::result_large_err, reason = "an error ends the case; the way to it is not hot")]
    pub(crate) fn evaluate(&self, scope: &Scope) -> Result<Value, Diagnostic> {
        Walk::new(scope).expression(self, scope).map_err(|failure| failure.said(self.span()))
    }

    /// Why it is false: for an assertion that failed. What is random is left out: it would be something else now.
    pub(crate) fn explain(&self, scope: &Arc<Scope>) -> Explanation {
        explain(self, scope)
    }

    /// The names used, in order, repeated as often as they are. Fields selected of a name are part of it, as written.
    pub(crate) fn names(&self) -> impl Iterator<Item = Name> {
        let mut names = Vec::new();
        self.collect(&self.term, &mut Vec::new(), &mut names);
        names.into_iter()
    }

    fn collect<'t>(&'t self, term: &'t Term, bound: &mut Vec<&'t str>, names: &mut Vec<Name>) {
        if let Some(path) = term.path() {
            if !bound.contains(&&**path[0]) {
                let path = path.iter().map(|part| &***part).collect::<Vec<_>>().join(".");
                names.push(Name { path: path.into(), span: self.place_of_name(term.range.clone()) });
            }
            return;
        }
        let TermKind::Call(call) = &term.kind else {
            return term.children().into_iter().for_each(|child| self.collect(child, bound, names));
        };
        let parts = call.parts();
        for outside in parts.outside {
            self.collect(outside, bound, names);
        }
        bound.extend(parts.variable);
        for inside in parts.inside {
            self.collect(inside, bound, names);
        }
        bound.truncate(bound.len() - usize::from(parts.variable.is_some()));
    }

    /// The whole scalar.
    pub(crate) fn span(&self) -> Span {
        self.place.node
    }

    /// As written, YAML's escapes and folding undone.
    pub(crate) fn source(&self) -> &str {
        self.place.source().trim()
    }

    pub(super) fn term(&self) -> &Term {
        &self.term
    }

    /// The source of a part.
    pub(super) fn source_of(&self, term: &Term) -> &str {
        &self.place.source()[term.range.clone()]
    }

    /// All of the expression, its braces included.
    pub(super) fn place(&self) -> Span {
        self.place.span_of(self.place.braces.clone().unwrap_or_else(|| self.place.range.clone()))
    }

    /// A part of it.
    pub(super) fn place_of(&self, range: Range<usize>) -> Span {
        self.place.within(range)
    }

    /// A name in it; of an expression that is a name alone, the braces included.
    pub(super) fn place_of_name(&self, range: Range<usize>) -> Span {
        if self.place.braces.is_some() && self.term.path().is_some() && range == self.term.range {
            self.place()
        } else {
            self.place_of(range)
        }
    }

    pub(super) fn failure(&self, stop: Stop) -> Failure {
        match stop {
            Stop::Name(failure) => failure,
            Stop::Fault(fault) | Stop::Exhausted(fault) => self.problem(*fault).into(),
        }
    }

    pub(super) fn problem(&self, fault: Fault) -> Diagnostic {
        let span = self.place_of(fault.range.clone());
        fault.at(span)
    }

    /// The value of a part, evaluated on its own.
    pub(super) fn evaluate_part(&self, term: &Term, scope: &Scope) -> Option<Value> {
        let mut walk = Walk::new(scope);
        Evaluation::new(&mut walk, scope, self).term(term).ok()
    }
}

/// A path is read here: most templates are one, and need no parser.
fn read(source: &str) -> Result<Arc<Term>, Fault> {
    let path = source.trim();
    if !is_path(path) || syntax::is_word(path) {
        return syntax::parse(source);
    }
    let mut at = source.len() - source.trim_start().len();
    let start = at;
    let mut parts = path.split('.');
    let name = parts.next().unwrap_or(path);
    at += name.len();
    let mut term = Term { range: start..at, kind: TermKind::Name(name.into()) };
    for part in parts {
        let field_range = at + 1..at + 1 + part.len();
        at = field_range.end;
        let select = Select { operand: term, field: part.into(), field_range, optional: false };
        term = Term { range: start..at, kind: TermKind::Select(Box::new(select)) };
    }
    Ok(Arc::new(term))
}

impl Place {
    fn source(&self) -> &str {
        &self.scalar.text[self.range.clone()]
    }

    fn span_of(&self, range: Range<usize>) -> Span {
        let Some(file) = &self.file else { return self.node };
        self.places.get_or_init(|| self.scalar.places(self.node, file.text())).span_of(range)
    }

    fn within(&self, range: Range<usize>) -> Span {
        let end = self.range.end;
        self.span_of((self.range.start + range.start).min(end)..(self.range.start + range.end).min(end))
    }

    fn syntax_error(&self, fault: Fault) -> Diagnostic {
        let cut = self.braces.is_none() && fault.is_at_end(self.source()) && self.is_cut_by_comment();
        let span = self.within(fault.range.clone());
        let problem = fault.at(span);
        if cut {
            problem.hint("in YAML ` #` begins a comment: write the expression in quotes, or as a block after `|`")
        } else {
            problem
        }
    }

    /// Whether a comment follows on the scalar's line.
    fn is_cut_by_comment(&self) -> bool {
        let rest = self.file.as_ref().and_then(|file| file.text().get(self.node.range().end..));
        let line = rest.and_then(|rest| rest.lines().next());
        self.scalar.style == Style::Plain && line.is_some_and(|line| line.trim_start().starts_with('#'))
    }
}

fn not_an_expression(node: &Node) -> Diagnostic {
    let problem = Diagnostic::error("an expression is wanted here")
        .at(node.span, format!("expected a text, found {}", node.describe()));
    match node.as_mapping() {
        Some(_) => problem.hint("`: ` makes a mapping in YAML: write the expression in quotes"),
        None => problem.hint("`[` begins a list in YAML: write the expression in quotes"),
    }
}
