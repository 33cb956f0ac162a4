//! Macros: what looks like a function and evaluates its arguments itself.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Evaluation, Stop, has, operate};
use crate::expr::Value;
use crate::expr::fault::Fault;
use crate::expr::resolve::Names;
use crate::expr::signature::Macro;
use crate::expr::term::{Call, Term, TermKind};

impl<N: Names> Evaluation<'_, '_, N> {
    pub(super) fn expand(&mut self, kind: Macro, call: &Call, term: &Term) -> Result<Value, Stop> {
        match (kind, call.target.as_ref(), call.arguments.as_slice()) {
            (Macro::Has, _, [Term { kind: TermKind::Select(select), .. }]) => {
                let value = match self.term(&select.operand)? {
                    Value::Null => {
                        let range = select.operand.range.clone();
                        return Err(Fault::new(range, "null has no fields", "not a message or a map").into());
                    }
                    value => value,
                };
                Ok(Value::Bool(has(&value, &select.field, &select.field_range)?))
            }
            (Macro::All, Some(target), [variable, condition]) => {
                self.fold(target, variable, condition, false).map(|found| Value::Bool(!found))
            }
            (Macro::Exists, Some(target), [variable, condition]) => {
                self.fold(target, variable, condition, true).map(Value::Bool)
            }
            (Macro::ExistsOne, Some(target), [variable, condition]) => {
                let mut found = 0_usize;
                for item in self.items(target)? {
                    found += usize::from(self.with(variable, item, |this| this.condition(condition))?);
                }
                Ok(Value::Bool(found == 1))
            }
            (Macro::Map, Some(target), [variable, rest @ ..]) => {
                let (condition, body) = match rest {
                    [condition, body] => (Some(condition), body),
                    [body] => (None, body),
                    _ => return Err(misused(call)),
                };
                let mut items = Vec::new();
                for item in self.items(target)? {
                    let made = self.with(variable, item, |this| {
                        match condition.map(|condition| this.condition(condition)).transpose()? {
                            Some(false) => Ok(None),
                            _ => this.term(body).map(Some),
                        }
                    })?;
                    self.spend_size(size_of::<Value>(), term)?;
                    items.extend(made);
                }
                Ok(items.into())
            }
            (Macro::Filter, Some(target), [variable, condition]) => {
                let mut items = Vec::new();
                for item in self.items(target)? {
                    if self.with(variable, item.clone(), |this| this.condition(condition))? {
                        self.spend_size(size_of::<Value>(), term)?;
                        items.push(item);
                    }
                }
                Ok(items.into())
            }
            (Macro::SortBy, Some(target), [variable, key]) => {
                let mut items = Vec::new();
                for item in self.items(target)? {
                    let key = self.with(variable, item.clone(), |this| this.term(key))?;
                    items.push((key, item));
                }
                self.sort(&mut items, term)?;
                Ok(items.into_iter().map(|(_, item)| item).collect::<Vec<_>>().into())
            }
            (Macro::OptMap | Macro::OptFlatMap, Some(target), [variable, body]) => {
                let Value::Optional(inner) = self.term(target)? else {
                    let range = target.range.clone();
                    return Err(Fault::new(range, "an optional is wanted here", "this is a value")
                        .hint("an optional is `message.?field`, or `optional.of(value)`")
                        .into());
                };
                let Some(inner) = inner else { return Ok(Value::Optional(None)) };
                let made = self.with(variable, (*inner).clone(), |this| this.term(body))?;
                Ok(match (kind, made) {
                    (Macro::OptFlatMap, made @ Value::Optional(_)) => made,
                    (_, made) => Value::Optional(Some(Arc::new(made))),
                })
            }
            (Macro::Bind, _, [variable, value, body]) => {
                let value = self.term(value)?;
                self.with(variable, value, |this| this.term(body))
            }
            (Macro::Greatest | Macro::Least, _, arguments @ [_, ..]) => {
                let values = match arguments {
                    [only] => match self.term(only)? {
                        Value::List(items) => items.to_vec(),
                        value => vec![value],
                    },
                    many => many.iter().map(|argument| self.term(argument)).collect::<Result<_, _>>()?,
                };
                let wanted = if kind == Macro::Greatest { Ordering::Greater } else { Ordering::Less };
                let mut values = values.into_iter();
                let Some(mut best) = values.next() else {
                    return Err(Fault::new(term.range.clone(), "the list is empty", "nothing to choose from").into());
                };
                for value in values {
                    if !operate::are_ordered(&value, &best) {
                        return Err(unordered(&value, &best, term));
                    }
                    if operate::compare(&value, &best) == Some(wanted) {
                        best = value;
                    }
                }
                Ok(best)
            }
            _ => Err(misused(call)),
        }
    }

    /// Whether the condition comes to `wanted` for an element: as with `||`, one that does makes up for errors of others.
    fn fold(&mut self, target: &Term, variable: &Term, condition: &Term, wanted: bool) -> Result<bool, Stop> {
        let mut fault = None;
        for item in self.items(target)? {
            match self.with(variable, item, |this| this.condition(condition)) {
                Ok(value) if value == wanted => return Ok(true),
                Ok(_) => {}
                Err(stop) if stop.may_be_absorbed() => fault = fault.or(Some(stop)),
                Err(stop) => return Err(stop),
            }
        }
        fault.map_or(Ok(false), Err)
    }

    /// What a macro goes over: elements, or keys.
    fn items(&mut self, target: &Term) -> Result<Vec<Value>, Stop> {
        let items = match self.term(target)? {
            Value::List(items) => items.to_vec(),
            Value::Map(entries) => entries.keys().map(Value::from).collect(),
            Value::Record(members) => members.keys().map(|name| Value::Text(Arc::clone(name))).collect(),
            other => {
                let label = format!("this is {}", other.describe());
                return Err(Fault::new(target.range.clone(), "a list or a map is wanted here", label).into());
            }
        };
        self.spend(items.len(), target)?;
        Ok(items)
    }

    fn with<T>(
        &mut self,
        variable: &Term,
        value: Value,
        read: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let TermKind::Name(name) = &variable.kind else {
            return Err(Fault::new(variable.range.clone(), "a name is wanted here", "not a name").into());
        };
        self.bound.push((Arc::clone(name), value));
        let result = read(self);
        self.bound.pop();
        result
    }

    /// By key, and equal ones in the order they had.
    pub(super) fn sort(&mut self, items: &mut [(Value, Value)], term: &Term) -> Result<(), Stop> {
        self.spend(items.len(), term)?;
        if let Some((first, _)) = items.first()
            && let Some((other, _)) = items.iter().find(|(key, _)| !operate::are_ordered(first, key))
        {
            return Err(unordered(first, other, term));
        }
        items.sort_by(|(left, _), (right, _)| operate::sorting(left, right));
        Ok(())
    }
}

fn unordered(left: &Value, right: &Value, term: &Term) -> Stop {
    let label = format!("{} and {}", left.describe(), right.describe());
    Fault::new(term.range.clone(), "these have no order with each other", label).into()
}

/// Said for completeness: checking has said it before.
fn misused(call: &Call) -> Stop {
    let headline = format!("`{}` does not take these arguments", call.function);
    Fault::new(call.function_range.clone(), headline, "").into()
}
