//! What is wrong with an expression before anything runs: names, fields, functions, types. Where a type is not known
//! nothing is said; after a fault nothing more is concluded from the part that has it.

mod calls;
mod fields;
mod macros;
mod names;
mod operators;

use std::sync::Arc;

use super::fault::Fault;
use super::term::{Index, Term, TermKind, chain_of};
use super::{Env, Expression, Ty, Value};
use crate::diagnostic::Diagnostic;

/// The check of one expression.
pub(super) struct Checker<'a> {
    env: &'a Env,
    expression: &'a Expression,
    /// Variables of macros, the nearest last.
    bound: Vec<(Arc<str>, Ty)>,
    problems: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(env: &'a Env, expression: &'a Expression) -> Self {
        Self { env, expression, bound: Vec::new(), problems: Vec::new() }
    }

    fn with_bound(mut self, bound: &[(Arc<str>, Ty)]) -> Self {
        self.bound = bound.to_vec();
        self
    }

    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.problems
    }

    /// The type of a whole expression.
    pub(super) fn whole(&mut self, term: &Term) -> Ty {
        let ty = self.term(term);
        if matches!(ty, Ty::Optional(_)) {
            let fault = Fault::new(term.range.clone(), "an optional is no value", "it may be none");
            return self.wrong(fault.hint("say what to take then: `.orValue('otherwise')`"));
        }
        ty
    }

    fn term(&mut self, term: &Term) -> Ty {
        match &term.kind {
            TermKind::Literal(value) => Ty::of_value(value),
            TermKind::Name(_) | TermKind::Select(_) | TermKind::Index(_) => self.selection(term),
            TermKind::Call(call) => self.call(call, term),
            TermKind::Not(operand) => {
                self.condition(operand, "`!`");
                Ty::Bool
            }
            TermKind::Negate(operand) => match self.term(operand) {
                Ty::Enum(_) | Ty::Uint => Ty::Int,
                ty @ (Ty::Any | Ty::Int | Ty::Double | Ty::Duration) => ty,
                other => {
                    let label = format!("this is {other}");
                    self.wrong(Fault::new(operand.range.clone(), "`-` takes a number or a duration", label))
                }
            },
            TermKind::Binary(binary) => self.binary(binary, term),
            TermKind::Conditional(conditional) => {
                self.condition(&conditional.condition, "`?`");
                let (then, otherwise) = (self.term(&conditional.then), self.term(&conditional.otherwise));
                if then == otherwise { then } else { Ty::Any }
            }
            TermKind::List(elements) => {
                let types: Vec<_> = elements
                    .iter()
                    .map(|element| match self.term(&element.value) {
                        Ty::Optional(held) if element.optional => *held,
                        ty => ty,
                    })
                    .collect();
                Ty::list(common(types))
            }
            TermKind::Map(entries) => {
                let (mut keys, mut values) = (Vec::new(), Vec::new());
                for entry in entries {
                    let key = self.term(&entry.key);
                    if !matches!(key, Ty::Any | Ty::String | Ty::Int | Ty::Uint | Ty::Bool | Ty::Enum(_)) {
                        let label = format!("this is {key}");
                        let range = entry.key.range.clone();
                        self.wrong(Fault::new(range, "a key is a text, a whole number or a bool", label));
                    }
                    keys.push(key);
                    values.push(match self.term(&entry.value) {
                        Ty::Optional(held) if entry.optional => *held,
                        ty => ty,
                    });
                }
                Ty::map(common(keys), common(values))
            }
        }
    }

    /// An operand that must be true or false.
    fn condition(&mut self, term: &Term, of: &str) {
        let ty = self.term(term);
        if !matches!(ty, Ty::Bool | Ty::Any) {
            let label = format!("this is {ty}");
            let fault = Fault::new(term.range.clone(), format!("{of} takes what is true or false"), label);
            let source = self.expression.source_of(term);
            self.wrong(match ty {
                Ty::String => fault.hint(format!("is it empty? `{source} == ''`")),
                Ty::Int | Ty::Uint => fault.hint(format!("compare it, as in `{source} != 0`")),
                Ty::List(_) | Ty::Map(..) => fault.hint(format!("is it empty? `{source}.size() == 0`")),
                Ty::Message(_) => fault.hint(format!("is it set? `has({source})`")),
                _ => fault,
            });
        }
    }

    /// Fields and elements, from a name or anything else.
    fn selection(&mut self, term: &Term) -> Ty {
        let (base, chain) = chain_of(term);
        let (mut ty, used) = match &base.kind {
            TermKind::Name(name) => self.root(name, base, &chain),
            _ => (self.term(base), 0),
        };
        for (step, before) in chain[used..].iter().zip(std::iter::once(base).chain(chain[used..].iter().copied())) {
            ty = match &step.kind {
                TermKind::Select(select) => self.select(&ty, select, before),
                TermKind::Index(index) => self.index(&ty, index),
                _ => Ty::Any,
            };
        }
        ty
    }

    fn index(&mut self, ty: &Ty, index: &Index) -> Ty {
        let by = self.term(&index.by);
        let element = match ty {
            Ty::Optional(held) => return optional(self.element(held, &by, index), true),
            ty => self.element(ty, &by, index),
        };
        optional(element, index.optional)
    }

    fn wrong(&mut self, fault: Fault) -> Ty {
        self.problems.push(self.expression.problem(fault));
        Ty::Any
    }
}

/// Of something that may be none.
fn optional(ty: Ty, is_optional: bool) -> Ty {
    match ty {
        Ty::Optional(_) => ty,
        ty if is_optional => Ty::Optional(Box::new(ty)),
        ty => ty,
    }
}

/// The type of all of them, if it is one.
fn common(types: Vec<Ty>) -> Ty {
    let mut types = types.into_iter();
    let first = types.next().unwrap_or(Ty::Any);
    if types.all(|ty| ty == first) { first } else { Ty::Any }
}

impl Ty {
    /// Of a value that is known.
    pub(crate) fn of_value(value: &Value) -> Self {
        match value {
            Value::Text(_) => Self::String,
            Value::Yaml(node) => super::yaml_value::type_of(node),
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Uint(_) => Self::Uint,
            Value::Double(_) => Self::Double,
            Value::Bytes(_) => Self::Bytes,
            Value::Timestamp { .. } => Self::Timestamp,
            Value::Duration { .. } => Self::Duration,
            Value::Enum(descriptor, _) => Self::Enum(descriptor.clone()),
            Value::Message(message) => Self::Message(prost_reflect::ReflectMessage::descriptor(&**message)),
            Value::List(items) => Self::list(common(items.iter().map(Self::of_value).collect())),
            Value::Map(entries) => Self::map(
                common(entries.keys().map(|key| Self::of_value(&Value::from(key))).collect()),
                common(entries.values().map(Self::of_value).collect()),
            ),
            Value::Record(members) => Self::Record(Arc::new(
                members.iter().map(|(name, value)| (Arc::clone(name), Self::of_value(value))).collect(),
            )),
            Value::Optional(Some(held)) => Self::Optional(Box::new(Self::of_value(held))),
            Value::Optional(None) => Self::Optional(Box::new(Self::Any)),
            Value::Type(_) => Self::Any,
        }
    }
}
