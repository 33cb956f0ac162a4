//! Why an assertion failed: the values of its parts.

use std::collections::BTreeSet;

use super::signature::Macro;
use super::term::{Call, Operator, Term, TermKind};
use super::{Expression, Scope, Value};

/// Parts shown, at most.
const MOST: usize = 20;

pub(super) fn explain(expression: &Expression, scope: &Scope) -> Vec<(String, Value)> {
    let mut explanation = Explanation { expression, scope, seen: BTreeSet::new(), parts: Vec::new() };
    explanation.condition(expression.term());
    explanation.parts
}

struct Explanation<'a> {
    expression: &'a Expression,
    scope: &'a Scope,
    seen: BTreeSet<String>,
    parts: Vec<(String, Value)>,
}

impl Explanation<'_> {
    /// What is true or false: the parts that were looked at to tell which, and whether it is.
    fn condition(&mut self, term: &Term) -> Option<bool> {
        match &term.kind {
            TermKind::Binary(binary) if matches!(binary.operator, Operator::And | Operator::Or) => {
                let decides = binary.operator == Operator::Or;
                let left = self.condition(&binary.left);
                if left == Some(decides) {
                    return left;
                }
                let right = self.condition(&binary.right);
                if right == Some(decides) { right } else { left.and(right) }
            }
            TermKind::Not(operand) => self.condition(operand).map(|value| !value),
            TermKind::Conditional(conditional) => {
                if self.condition(&conditional.condition)? {
                    self.condition(&conditional.then)
                } else {
                    self.condition(&conditional.otherwise)
                }
            }
            TermKind::Binary(binary) if binary.operator.compares() => {
                self.operand(&binary.left);
                self.operand(&binary.right);
                self.truth(term)
            }
            TermKind::Call(call) => {
                if !self.macro_parts(call) {
                    call.receiver().into_iter().chain(&call.arguments).for_each(|part| self.operand(part));
                }
                self.truth(term)
            }
            TermKind::Literal(_) => self.truth(term),
            _ => {
                self.operand(term);
                self.truth(term)
            }
        }
    }

    /// What a macro went over, and the elements that decided.
    fn macro_parts(&mut self, call: &Call) -> bool {
        let Some(kind) = call.as_macro() else { return false };
        match kind {
            // `has(a.b)` says all there is by its own value
            Macro::Has => {}
            Macro::Greatest | Macro::Least => return false,
            _ => call.receiver().into_iter().for_each(|list| self.operand(list)),
        }
        true
    }

    fn truth(&self, term: &Term) -> Option<bool> {
        if !is_pure(term) {
            return None;
        }
        match self.expression.evaluate_part(term, self.scope)? {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A value that was compared or called upon: its own, and those it was made of.
    fn operand(&mut self, term: &Term) {
        match &term.kind {
            TermKind::Literal(_) => return,
            TermKind::List(_) | TermKind::Map(_) | TermKind::Negate(_) => {
                return term.children().into_iter().for_each(|child| self.operand(child));
            }
            TermKind::Not(_) => {
                self.condition(term);
                return;
            }
            _ => {}
        }
        self.show(term);
        match &term.kind {
            TermKind::Call(call) if !self.macro_parts(call) => {
                call.receiver().into_iter().chain(&call.arguments).for_each(|part| self.operand(part));
            }
            TermKind::Binary(binary) => {
                self.operand(&binary.left);
                self.operand(&binary.right);
            }
            TermKind::Index(index) => self.operand(&index.index),
            _ => {}
        }
    }

    fn show(&mut self, term: &Term) {
        let source = self.expression.source_of(term);
        if self.parts.len() >= MOST || self.seen.contains(source) || !is_pure(term) || is_constant(term) {
            return;
        }
        if let Some(value) = self.expression.evaluate_part(term, self.scope) {
            self.seen.insert(source.to_owned());
            self.parts.push((source.to_owned(), value));
        }
    }
}

/// Whether it comes to the same each time.
fn is_pure(term: &Term) -> bool {
    let is_random = match &term.kind {
        TermKind::Call(call) if call.target.is_none() => {
            matches!(&*call.function, "uuid" | "now" | "random_int" | "random_string" | "free_port")
        }
        _ => false,
    };
    !is_random && term.children().into_iter().all(is_pure)
}

/// Whether it is made of literals alone: `duration('200ms')`.
fn is_constant(term: &Term) -> bool {
    match &term.kind {
        TermKind::Name(_) => false,
        _ => term.children().into_iter().all(is_constant),
    }
}
