//! Why an assertion failed: which part decided, and the values that it was made of. Main type: [`Explanation`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::signature::Macro;
use super::term::{Call, Operator, Term, TermKind};
use super::{Expression, Scope, Value};
use crate::diagnostic::Span;

/// Parts shown, at most.
const MOST: usize = 20;

/// Why an expression is false.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// The part that alone makes it so; all of it, where there is no such part.
    pub(crate) span: Span,
    /// Of that part: what it was made of, each with its source and value, in order.
    pub(crate) parts: Vec<(String, Value)>,
    /// Where that part says that two values are equal: the two.
    pub(crate) unequal: Option<(Value, Value)>,
}

pub(super) fn explain(expression: &Expression, scope: &Arc<Scope>) -> Explanation {
    let mut explainer = Explainer { expression, scope: Arc::clone(scope), seen: BTreeSet::new(), parts: Vec::new() };
    let decisive = explainer.decisive(expression.term());
    explainer.condition(decisive);
    let unequal = explainer.unequal(decisive);
    Explanation { span: expression.place_of(decisive.range.clone()), parts: explainer.parts, unequal }
}

struct Explainer<'a> {
    expression: &'a Expression,
    scope: Arc<Scope>,
    seen: BTreeSet<String>,
    parts: Vec<(String, Value)>,
}

impl Explainer<'_> {
    /// Of what is false, the part that makes it so.
    fn decisive<'t>(&self, term: &'t Term) -> &'t Term {
        match &term.kind {
            TermKind::Binary(binary) if binary.operator == Operator::And => match self.truth(&binary.left) {
                Some(false) => self.decisive(&binary.left),
                Some(true) => self.decisive(&binary.right),
                None => term,
            },
            TermKind::Conditional(conditional) => match self.truth(&conditional.condition) {
                Some(true) => self.decisive(&conditional.then),
                Some(false) => self.decisive(&conditional.otherwise),
                None => term,
            },
            _ => term,
        }
    }

    fn unequal(&self, term: &Term) -> Option<(Value, Value)> {
        match &term.kind {
            TermKind::Binary(binary) if binary.operator == Operator::Equal && is_pure(term) => {
                let value = |side| self.expression.evaluate_part(side, &self.scope);
                Some((value(&binary.left)?, value(&binary.right)?))
            }
            _ => None,
        }
    }

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
            Macro::All => {
                call.receiver().into_iter().for_each(|list| self.operand(list));
                self.counterexample(call);
            }
            _ => call.receiver().into_iter().for_each(|list| self.operand(list)),
        }
        true
    }

    /// The first element for which the condition of an `all` is false, and what it is made of.
    fn counterexample(&mut self, call: &Call) -> Option<()> {
        let [Term { kind: TermKind::Name(variable), .. }, condition] = call.arguments.as_slice() else { return None };
        if self.parts.len() >= MOST || !is_pure(condition) || self.seen.contains(&**variable) {
            return None;
        }
        let list = self.expression.evaluate_part(call.receiver()?, &self.scope)?;
        let bound = |element: &Value| self.scope.child([(Arc::clone(variable), element.clone())].into());
        let is_false =
            |scope: &Arc<Scope>| matches!(self.expression.evaluate_part(condition, scope), Some(Value::Bool(false)));
        let (element, scope) = elements(&list)
            .into_iter()
            .map(|element| (bound(&element), element))
            .find_map(|(scope, element)| is_false(&scope).then_some((element, scope)))?;
        self.seen.insert(variable.to_string());
        self.parts.push((variable.to_string(), element));
        let outer = std::mem::replace(&mut self.scope, scope);
        self.condition(self.decisive(condition));
        self.scope = outer;
        Some(())
    }

    fn truth(&self, term: &Term) -> Option<bool> {
        if !is_pure(term) {
            return None;
        }
        match self.expression.evaluate_part(term, &self.scope)? {
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
            TermKind::Index(index) => self.operand(&index.by),
            _ => {}
        }
    }

    fn show(&mut self, term: &Term) {
        let source = self.expression.source_of(term);
        if self.parts.len() >= MOST || self.seen.contains(source) || !is_pure(term) || is_constant(term) {
            return;
        }
        if let Some(value) = self.expression.evaluate_part(term, &self.scope) {
            self.seen.insert(source.to_owned());
            self.parts.push((source.to_owned(), value));
        }
    }
}

/// What a macro goes over.
fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        Value::Map(entries) => entries.keys().map(Value::from).collect(),
        Value::Record(members) => members.keys().map(|name| Value::Text(Arc::clone(name))).collect(),
        _ => Vec::new(),
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
