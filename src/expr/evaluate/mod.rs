//! A tree → its value. cel's own evaluator knows neither messages nor presence, does not mix numbers, tells no places
//! and cannot be interrupted; so the tree is walked here, and cel's functions are called from `library`.

mod functions;
mod library;
mod macros;

use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

use super::expression::Expression;
use super::fault::Fault;
use super::operate::{self, NoResult};
use super::resolve::{Failure, Names, Walk};
use super::select::{By, Step, has, select};
use super::signature::is_type;
use super::term::{Binary, Operator, Term, TermKind, chain_of, paths};
use super::yaml_value::plain;
use super::{Name, Value};

/// Why there is no value.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is wrong with this expression.
    Fault(Box<Fault>),
    /// It took too long or came to too much: nothing makes up for that, such as the other side of `||`.
    Exhausted(Box<Fault>),
    /// A name has no value yet, or something is wrong with it.
    Name(Failure),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Name(failure)
    }
}

impl Stop {
    /// Whether the other operand of `&&` and `||` may still decide.
    fn may_be_absorbed(&self) -> bool {
        match self {
            Self::Fault(_) => true,
            Self::Name(failure) => matches!(failure, Failure::Wrong(_)),
            Self::Exhausted(_) => false,
        }
    }
}

/// The evaluation of one expression.
pub(super) struct Evaluation<'e, 'a, N> {
    walk: &'e mut Walk<'a, N>,
    names: &'a N,
    expression: &'e Expression,
    /// Variables of macros, the nearest last.
    bound: Vec<(Arc<str>, Value)>,
    patterns: HashMap<Arc<str>, Regex>,
}

impl<'e, 'a, N: Names> Evaluation<'e, 'a, N> {
    pub(super) fn new(walk: &'e mut Walk<'a, N>, names: &'a N, expression: &'e Expression) -> Self {
        Self { walk, names, expression, bound: Vec::new(), patterns: HashMap::new() }
    }

    /// The value of the whole expression: a plain selection may end in YAML as it was written.
    pub(super) fn whole(&mut self, term: &Term) -> Result<Value, Stop> {
        let value = match &term.kind {
            TermKind::Name(_) | TermKind::Select(_) | TermKind::Index(_) => self.selection(term)?,
            _ => self.term(term)?,
        };
        match value {
            Value::Optional(_) => {
                let fault = Fault::new(term.range.clone(), "an optional is no value", "it may be none");
                Err(fault.hint("say what to take then: `.orValue('otherwise')`").into())
            }
            value => Ok(value),
        }
    }

    pub(super) fn term(&mut self, term: &Term) -> Result<Value, Stop> {
        self.spend(1, term)?;
        match &term.kind {
            TermKind::Literal(value) => Ok(value.clone()),
            TermKind::Name(_) | TermKind::Select(_) | TermKind::Index(_) => {
                let value = self.selection(term)?;
                Ok(as_seen(value)?)
            }
            TermKind::Call(call) => self.call(call, term),
            TermKind::Not(operand) => Ok(Value::Bool(!self.condition(operand)?)),
            TermKind::Negate(operand) => {
                let value = self.term(operand)?;
                operate::negate(&value).map_err(|reason| match reason {
                    NoResult::Types => {
                        Fault::new(term.range.clone(), format!("`-` does not take {}", value.describe()), "").into()
                    }
                    NoResult::Because(label) => {
                        Fault::new(term.range.clone(), "the number cannot be negated", label).into()
                    }
                })
            }
            TermKind::Binary(binary) => self.binary(binary, term),
            TermKind::Conditional(conditional) => {
                if self.condition(&conditional.condition)? {
                    self.term(&conditional.then)
                } else {
                    self.term(&conditional.otherwise)
                }
            }
            TermKind::List(elements) => {
                let mut items = Vec::with_capacity(elements.len());
                for element in elements {
                    items.extend(self.perhaps(&element.value, element.optional)?);
                }
                Ok(items.into())
            }
            TermKind::Map(entries) => {
                let mut map = std::collections::BTreeMap::new();
                for entry in entries {
                    let key = self.term(&entry.key)?;
                    let Some(key) = operate::key_of(&key) else {
                        let label = format!("this is {}", key.describe());
                        let fault =
                            Fault::new(entry.key.range.clone(), "a key is a text, a whole number or a bool", label);
                        return Err(fault.into());
                    };
                    if let Some(value) = self.perhaps(&entry.value, entry.optional)?
                        && map.insert(key, value).is_some()
                    {
                        let range = entry.key.range.clone();
                        return Err(Fault::new(range, "the map has this key twice", "the same key again").into());
                    }
                }
                Ok(Value::Map(Arc::new(map)))
            }
        }
    }

    /// An element or entry; one that is written with `?` may be none.
    fn perhaps(&mut self, term: &Term, optional: bool) -> Result<Option<Value>, Stop> {
        match self.term(term)? {
            Value::Optional(value) if optional => Ok(value.map(|value| (*value).clone())),
            value => Ok(Some(value)),
        }
    }

    /// A name, and what is selected of it.
    fn selection(&mut self, term: &Term) -> Result<Value, Stop> {
        let (base, chain) = chain_of(term);
        let (value, used) = match &base.kind {
            TermKind::Name(name) => self.root(name, base, &chain)?,
            _ => (self.term(base)?, 0),
        };
        let steps = chain[used..].iter().map(|term| self.step(term)).collect::<Result<Vec<_>, _>>()?;
        Ok(select(&value, &steps)?)
    }

    fn step(&mut self, term: &Term) -> Result<Step, Stop> {
        match &term.kind {
            TermKind::Select(select) => Ok(Step {
                by: By::Field(Arc::clone(&select.field)),
                range: select.field_range.clone(),
                optional: select.optional,
            }),
            TermKind::Index(index) => {
                let range = index.by.range.clone();
                Ok(Step { by: By::Index(self.term(&index.by)?), range, optional: index.optional })
            }
            _ => Ok(Step { by: By::Index(Value::Null), range: term.range.clone(), optional: false }),
        }
    }

    /// The value of a name, and how many of the steps after it are part of it (`env.HOME`, `servers.greeter.address`).
    fn root(&mut self, name: &Arc<str>, base: &Term, chain: &[&Term]) -> Result<(Value, usize), Stop> {
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return Ok((value.clone(), 0));
        }
        if &**name == "env" {
            return self.environment(base, chain);
        }
        let paths = paths(name, chain);
        // the nearest name wins, then the longest path, such as that of a server's address
        let known = std::iter::once(0).chain((1..paths.len()).rev()).find(|used| self.names.knows(&paths[*used]));
        match known {
            Some(used) => {
                let end = used.checked_sub(1).map_or(base, |last| chain[last]).range.end;
                let span = self.expression.place_of_name(base.range.start..end);
                let name = Name { path: paths[used].as_str().into(), span };
                Ok((self.walk.name(&name, self.names)?, used))
            }
            None if is_type(name) => Ok((Value::Type(Arc::clone(name)), 0)),
            None => {
                if let Some(used) = paths.iter().position(|path| is_type(path)) {
                    return Ok((Value::Type(paths[used].as_str().into()), used));
                }
                let end = chain[..paths.len() - 1].last().copied().unwrap_or(base).range.end;
                let span = self.expression.place_of_name(base.range.start..end);
                let path = paths[paths.len() - 1].as_str().into();
                Ok((self.walk.name(&Name { path, span }, self.names)?, paths.len() - 1))
            }
        }
    }

    fn environment(&mut self, base: &Term, chain: &[&Term]) -> Result<(Value, usize), Stop> {
        let variable = chain.first().map(|first| self.step(first)).transpose()?;
        let Some((By::Field(variable) | By::Index(Value::Text(variable)), first)) =
            variable.map(|step| (step.by, chain[0]))
        else {
            let fault = Fault::new(base.range.clone(), "`env` is no value", "it holds the environment's variables");
            return Err(fault.hint("write `env.NAME`, as in `env.HOME`").into());
        };
        let optional = match &first.kind {
            TermKind::Select(select) => select.optional,
            TermKind::Index(index) => index.optional,
            _ => false,
        };
        if optional && !self.names.has_environment(&variable)? {
            return Ok((Value::Optional(None), 1));
        }
        let span = self.expression.place_of_name(base.range.start..first.range.end);
        let value = self.walk.name(&Name { path: format!("env.{variable}").into(), span }, self.names)?;
        Ok((if optional { Value::Optional(Some(Arc::new(value))) } else { value }, 1))
    }

    fn binary(&mut self, binary: &Binary, term: &Term) -> Result<Value, Stop> {
        let Binary { operator, left, right, .. } = binary;
        match operator {
            Operator::And => return self.either(left, right, false).map(Value::Bool),
            Operator::Or => return self.either(left, right, true).map(Value::Bool),
            _ => {}
        }
        let (left, right) = (self.term(left)?, self.term(right)?);
        match operator {
            Operator::Equal => Ok(Value::Bool(operate::equal(&left, &right))),
            Operator::NotEqual => Ok(Value::Bool(!operate::equal(&left, &right))),
            Operator::In => {
                if let Value::List(items) = &right {
                    self.spend(items.len(), term)?;
                }
                operate::contains(&right, &left).map(Value::Bool).ok_or_else(|| {
                    let range = binary.right.range.clone();
                    let fault =
                        Fault::new(range, "`in` looks into a list or a map", format!("this is {}", right.describe()));
                    let text = matches!(right, Value::Text(_));
                    fault.hints(text.then(|| "a part of a text is `text.contains('part')`".to_owned())).into()
                })
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                if !operate::are_ordered(&left, &right) {
                    let label = format!("{} and {}", left.describe(), right.describe());
                    return Err(Fault::new(term.range.clone(), "these have no order with each other", label).into());
                }
                let order = operate::compare(&left, &right);
                Ok(Value::Bool(order.is_some_and(|order| match operator {
                    Operator::Less => order.is_lt(),
                    Operator::LessOrEqual => order.is_le(),
                    Operator::Greater => order.is_gt(),
                    _ => order.is_ge(),
                })))
            }
            _ => {
                self.spend_size(size_of(&left) + size_of(&right), term)?;
                operate::arithmetic(*operator, &left, &right).map_err(|reason| {
                    let label = format!("{} and {}", left.describe(), right.describe());
                    match reason {
                        NoResult::Types => {
                            let headline = format!("`{}` does not take these values", operator.symbol());
                            Fault::new(term.range.clone(), headline, label).into()
                        }
                        NoResult::Because(reason) => Fault::new(
                            term.range.clone(),
                            reason,
                            format!("`{}` of {} and {}", operator.symbol(), left.short(), right.short()),
                        )
                        .into(),
                    }
                })
            }
        }
    }

    /// `&&` and `||`: what `decides` settles it, whatever the other operand does.
    fn either(&mut self, left: &Term, right: &Term, decides: bool) -> Result<bool, Stop> {
        let first = self.condition(left);
        match first {
            Ok(value) if value == decides => return Ok(decides),
            Err(stop) if !stop.may_be_absorbed() => return Err(stop),
            _ => {}
        }
        match (first, self.condition(right)) {
            (Err(_), Ok(value)) if value == decides => Ok(decides),
            (Err(stop), Ok(_)) => Err(stop),
            (Err(stop), Err(other)) if other.may_be_absorbed() => Err(stop),
            (_, second) => second,
        }
    }

    fn condition(&mut self, term: &Term) -> Result<bool, Stop> {
        match self.term(term)? {
            Value::Bool(value) => Ok(value),
            other => {
                let label = format!("this is {}", other.describe());
                Err(Fault::new(term.range.clone(), "a condition is true or false", label).into())
            }
        }
    }

    /// Takes from what one evaluation may do, and from its time.
    fn spend(&mut self, steps: usize, term: &Term) -> Result<(), Stop> {
        self.walk.budget.spend(steps).map_err(|label| exhausted(label, term))
    }

    /// Takes from what one evaluation may make: bytes of text, elements of lists.
    fn spend_size(&mut self, size: usize, term: &Term) -> Result<(), Stop> {
        self.walk.budget.spend_size(size).map_err(|label| exhausted(label, term))
    }
}

/// As expressions see it: YAML of `vars` as JSON reads it.
fn as_seen(value: Value) -> Result<Value, Failure> {
    match value {
        Value::Yaml(node) => plain(&node),
        Value::Optional(Some(inner)) if matches!(&*inner, Value::Yaml(_)) => {
            Ok(Value::Optional(Some(Arc::new(as_seen((*inner).clone())?))))
        }
        value => Ok(value),
    }
}

fn exhausted(label: &'static str, term: &Term) -> Stop {
    Stop::Exhausted(Box::new(Fault::new(term.range.clone(), "the evaluation is given up", label)))
}

/// What a value that is about to be copied holds: bytes of text, elements.
fn size_of(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len() * std::mem::size_of::<Value>(),
        _ => 0,
    }
}
