//! Conditions: expressions that must be true. Here `$cel`, about `this`; and what a failing one shows of its parts.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, MapKey, ReflectMessage as _};

use super::compare::Judge;
use super::compile::Compiler;
use super::from_value::from_value;
use super::json;
use super::mismatch::{Actual, Expected, Fault, Mismatch, Notes};
use super::place::{Place, RESPONSE};
use super::rule::Matcher;
use super::shown::describe;
use super::value_type::{JsonForm, ValueType};
use super::words::{one_line, shorten};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::expr::{self, Binding, Explanation, Expression, Key, Scope, Ty};
use crate::message::FieldType;
use crate::yaml::Node;

/// Most parts of a condition whose values are shown.
const PARTS: usize = 12;
/// Longest source of a part, in characters.
const SOURCE: usize = 80;

/// What a condition comes to.
pub(super) enum Verdict {
    True,
    /// The part that decided it, and what that was made of.
    False(Span, Notes),
    /// It has no value, or one that is neither true nor false.
    NotJudged(Box<Diagnostic>),
}

/// Evaluates a condition.
pub(super) fn judge(expression: &Expression, scope: &Arc<Scope>) -> Verdict {
    match expression.evaluate(scope) {
        Ok(expr::Value::Bool(true)) => Verdict::True,
        Ok(expr::Value::Bool(false)) => {
            let Explanation { span, parts, unequal } = expression.explain(scope);
            let part =
                |(source, value): (String, expr::Value)| (shorten(&one_line(&source), SOURCE).into(), describe(&value));
            let parts = parts.into_iter().take(PARTS).map(part);
            let differing = unequal.and_then(|(left, right)| differing_fields(&left, &right, span, scope));
            Verdict::False(span, parts.chain(differing.map(|fields| ("they differ in".into(), fields))).collect())
        }
        Ok(other) => Verdict::NotJudged(Box::new(
            Diagnostic::error("neither true nor false").at(expression.span(), format!("this is {}", describe(&other))),
        )),
        Err(problem) => Verdict::NotJudged(Box::new(problem)),
    }
}

/// Of two messages of a type, the fields that make them unequal.
fn differing_fields(left: &expr::Value, right: &expr::Value, span: Span, scope: &Arc<Scope>) -> Option<String> {
    let (expr::Value::Message(left), expr::Value::Message(right)) = (left, right) else { return None };
    let descriptor = left.descriptor();
    if descriptor != right.descriptor() {
        return None;
    }
    let ty = ValueType::Field(FieldType::message(descriptor));
    let whole = |message: &Arc<DynamicMessage>| prost_reflect::Value::Message(message.as_ref().clone());
    let expected = from_value(whole(right), &ty, span, true);
    let mut fields: Vec<String> =
        expected.compare(Some(&whole(left)), RESPONSE, scope).into_iter().map(|mismatch| mismatch.path).collect();
    fields.dedup();
    let more = fields.len().saturating_sub(PARTS);
    fields.truncate(PARTS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!fields.is_empty()).then(|| format!("{}{more}", fields.join(", ")))
}

/// Whether what is written as a condition can be one; `what` names it in an error.
pub(super) fn is_condition(expression: &Expression, ty: &Ty, what: &str, out: &mut Diagnostics) -> bool {
    let fits = matches!(ty, Ty::Bool | Ty::Any);
    if !fits {
        out.push(
            Diagnostic::error(format!("{what} is neither true nor false"))
                .at(expression.span(), format!("this is {ty}"))
                .hint("compare it with something, as in `a == b`"),
        );
    }
    fits
}

impl Compiler<'_> {
    /// The operand of `$cel`, about a `this` of a type.
    pub(super) fn condition(&mut self, node: &Node, ty: &ValueType) -> Option<Expression> {
        let expression = Expression::parse(node, self.context.sources, self.out)?;
        let this = (Arc::from("this"), Binding::Later(ty.in_expressions()));
        let found = expression.check(&self.outcome_env.child([this].into()), self.out)?;
        is_condition(&expression, &found, "`$cel`", self.out).then_some(expression)
    }
}

impl Judge<'_> {
    pub(super) fn judge_condition(
        &mut self,
        matcher: &Matcher,
        expression: &Expression,
        value: &prost_reflect::Value,
        place: &Place<'_>,
    ) {
        let this = (Arc::from("this"), matcher.ty.to_expressions(value));
        let verdict = judge(expression, &self.scope.child([this].into()));
        let (span, fault, notes) = match verdict {
            Verdict::True => return,
            Verdict::False(span, mut parts) => {
                // it is shown as the actual value
                parts.retain(|(source, _)| source != "this");
                (span, Fault::False("does not satisfy `$cel`"), parts)
            }
            Verdict::NotJudged(problem) => not_judged(*problem, matcher.span),
        };
        self.fail(|_| Mismatch {
            path: place.to_string(),
            span,
            expected: Expected { fault, statement: String::new(), literal: None },
            actual: Actual::Value(value.clone(), matcher.ty.clone()),
            notes,
        });
    }
}

/// Where a condition could not be judged, why, and what may help.
pub(super) fn not_judged(problem: Diagnostic, span: Span) -> (Span, Fault, Notes) {
    let place = problem.primary.as_ref().map_or(span, |label| label.span);
    let label = problem.primary.map(|label| label.text).unwrap_or_default();
    let notes = problem.notes.into_iter().map(|note| (note.name, note.text));
    let hints = problem.hints.into_iter().map(|hint| ("hint".into(), hint));
    (place, Fault::NotEvaluated { cause: problem.headline, label }, notes.chain(hints).collect())
}

impl ValueType {
    /// As expressions have it.
    pub(super) fn in_expressions(&self) -> Ty {
        match self {
            Self::Field(FieldType::Single(kind)) => Ty::of_kind(kind),
            Self::Field(FieldType::List(kind)) => Ty::list(Ty::of_kind(kind)),
            Self::Field(FieldType::Map { key, value }) => Ty::map(Ty::of_kind(key), Ty::of_kind(value)),
            Self::Hex => Ty::Bytes,
            Self::Count => Ty::Int,
            Self::Json(JsonForm::Any) => Ty::Any,
            Self::Json(JsonForm::Object) => Ty::map(Ty::String, Ty::Any),
            Self::Json(JsonForm::Array) => Ty::list(Ty::Any),
        }
    }

    /// A value of this type, as expressions have it.
    pub(super) fn to_expressions(&self, value: &prost_reflect::Value) -> expr::Value {
        match (self, value) {
            (Self::Count, prost_reflect::Value::U64(count)) => {
                expr::Value::Int(i64::try_from(*count).unwrap_or(i64::MAX))
            }
            (Self::Json(_), value) => json::to_expressions(value),
            (Self::Hex, value) => of_field(value, &FieldType::Single(prost_reflect::Kind::Bytes)),
            (Self::Field(ty), value) => of_field(value, ty),
            (Self::Count, _) => expr::Value::Null,
        }
    }
}

/// As expressions have a value of a field.
fn of_field(value: &prost_reflect::Value, ty: &FieldType) -> expr::Value {
    match (ty, value) {
        (FieldType::Single(kind) | FieldType::List(kind), value) => expr::Value::of_field(value, kind),
        (FieldType::Map { value: kind, .. }, prost_reflect::Value::Map(entries)) => {
            let entry = |(key, value): (&MapKey, &prost_reflect::Value)| {
                (Key::of_field(key), expr::Value::of_field(value, kind))
            };
            expr::Value::Map(Arc::new(entries.iter().map(entry).collect()))
        }
        (FieldType::Map { .. }, _) => expr::Value::Null,
    }
}
