//! Calls: to macros, to our own functions and those that concern our own values, and to cel's.

use std::sync::Arc;
use std::time::SystemTime;

use prost_reflect::ReflectMessage;
use regex::Regex;

use super::{Evaluation, Stop, library, operate};
use crate::expr::Value;
use crate::expr::fault::Fault;
use crate::expr::operate::NoResult;
use crate::expr::resolve::{Failure, Names};
use crate::expr::signature::{NAMESPACES, Signature, macro_of, signatures};
use crate::expr::term::{Call, Operator, Term, TermKind};

/// Characters of `random_string`, at most.
const LONGEST_RANDOM: i64 = 1 << 20;

impl<N: Names> Evaluation<'_, '_, N> {
    pub(super) fn call(&mut self, call: &Call, term: &Term) -> Result<Value, Stop> {
        let (name, target) = self.callee(call);
        if let Some(kind) = macro_of(&name, target.is_some()) {
            return self.expand(kind, call, term);
        }
        let target = target.map(|target| self.term(target)).transpose()?;
        let arguments = call.arguments.iter().map(|argument| self.term(argument)).collect::<Result<Vec<_>, _>>()?;
        let taken = signatures(&name, target.is_some())
            .find_map(|signature| Some((signature, take(signature, target.as_ref(), &arguments)?)));
        let Some((signature, values)) = taken else {
            return Err(not_taken(call, &name, target.as_ref(), &arguments).into());
        };
        self.apply(signature, &values, call, term)
    }

    /// The function's name with its namespace, and what it is called on.
    fn callee<'c>(&self, call: &'c Call) -> (String, Option<&'c Term>) {
        match &call.target {
            Some(Term { kind: TermKind::Name(namespace), .. })
                if NAMESPACES.contains(&&**namespace) && !self.is_bound(namespace) =>
            {
                (format!("{namespace}.{}", call.function), None)
            }
            target => (call.function.to_string(), target.as_ref()),
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|(bound, _)| **bound == *name)
    }

    /// A call, its arguments of the right types.
    fn apply(&mut self, signature: &Signature, values: &[Value], call: &Call, term: &Term) -> Result<Value, Stop> {
        let wrong =
            |label: String| Stop::from(Fault::new(term.range.clone(), format!("`{}` failed", call.function), label));
        match (signature.name, values) {
            ("size", [value]) => {
                let size = match value {
                    Value::Text(text) => text.chars().count(),
                    Value::Bytes(bytes) => bytes.len(),
                    Value::List(items) => items.len(),
                    Value::Map(entries) => entries.len(),
                    Value::Record(members) => members.len(),
                    _ => 0,
                };
                Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
            }
            ("dyn", [value]) => Ok(value.clone()),
            ("type", [value]) => Ok(Value::Type(type_of(value).into())),
            ("string", [Value::Enum(descriptor, number)]) => Ok(Value::text(
                descriptor.get_value(*number).map_or_else(|| number.to_string(), |value| value.name().to_owned()),
            )),
            ("matches", [Value::Text(text), Value::Text(pattern)]) => {
                if !self.patterns.contains_key(pattern) {
                    let read = Regex::new(pattern).map_err(|error| wrong(error.to_string()))?;
                    self.patterns.insert(Arc::clone(pattern), read);
                }
                Ok(Value::Bool(self.patterns.get(pattern).is_some_and(|pattern| pattern.is_match(text))))
            }
            ("optional.none", []) => Ok(Value::Optional(None)),
            ("optional.of", [value]) => Ok(Value::Optional(Some(Arc::new(value.clone())))),
            ("optional.ofNonZeroValue", [value]) => {
                Ok(Value::Optional((!is_zero(value)).then(|| Arc::new(value.clone()))))
            }
            ("hasValue", [Value::Optional(held)]) => Ok(Value::Bool(held.is_some())),
            ("value", [Value::Optional(held)]) => {
                held.as_deref().cloned().ok_or_else(|| wrong("the optional holds no value".to_owned()))
            }
            ("or", [held @ Value::Optional(Some(_)), _]) => Ok(held.clone()),
            ("or", [_, other]) => Ok(other.clone()),
            ("orValue", [Value::Optional(held), other]) => {
                Ok(held.as_deref().cloned().unwrap_or_else(|| other.clone()))
            }
            ("sort", [Value::List(items)]) => {
                let mut items: Vec<_> = items.iter().map(|item| (item.clone(), item.clone())).collect();
                self.sort(&mut items, term)?;
                Ok(items.into_iter().map(|(_, item)| item).collect::<Vec<_>>().into())
            }
            ("sum", [Value::List(items)]) => self.sum(items, term),
            // cel gives all of it in milliseconds
            ("getMilliseconds", [Value::Duration { nanos, .. }]) => Ok(Value::Int(i64::from(nanos / 1_000_000))),
            ("now", []) => self.now(),
            ("uuid", []) => self.random(|random| random.u128(..)).map(|bits| Value::text(uuid(bits))),
            ("random_int", [low, high]) => {
                let (Some(low), Some(high)) = (low.as_int(), high.as_int()) else {
                    return Err(wrong("both bounds are ints".to_owned()));
                };
                if low > high {
                    return Err(wrong(format!("{low} is more than {high}")));
                }
                self.random(|random| random.i64(low..=high)).map(Value::Int)
            }
            ("random_string", [length]) => {
                let length = length.as_int().filter(|length| (0..=LONGEST_RANDOM).contains(length));
                let length = length.ok_or_else(|| wrong(format!("a length from 0 to {LONGEST_RANDOM} is wanted")))?;
                let length = usize::try_from(length).unwrap_or_default();
                self.spend_size(length, term)?;
                let letter = |random: &mut fastrand::Rng| match random.u8(0..36) {
                    digit @ 0..10 => char::from(b'0' + digit),
                    letter => char::from(b'a' + letter - 10),
                };
                self.random(|random| (0..length).map(|_| letter(random)).collect::<String>()).map(Value::text)
            }
            ("free_port", []) => match self.names.free_port() {
                None => Err(Failure::Later.into()),
                Some(Ok(port)) => Ok(Value::Int(i64::from(port))),
                Some(Err(reason)) => Err(wrong(reason)),
            },
            (name, values) => {
                self.spend(library::cost(name, values), term)?;
                self.spend_size(library::size(name, values), term)?;
                library::call(signature, values).map_err(wrong)
            }
        }
    }

    fn sum(&mut self, items: &[Value], term: &Term) -> Result<Value, Stop> {
        self.spend(items.len(), term)?;
        let mut items = items.iter();
        let Some(first) = items.next() else { return Ok(Value::Int(0)) };
        if !matches!(first, Value::Duration { .. }) && first.as_double().is_none() {
            let label = format!("an element is {}", first.describe());
            return Err(Fault::new(term.range.clone(), "`sum` adds numbers and durations", label).into());
        }
        let mut total = first.clone();
        for item in items {
            total = operate::arithmetic(Operator::Add, &total, item).map_err(|reason| {
                let (headline, label) = match reason {
                    NoResult::Types => {
                        ("`sum` adds numbers and durations", format!("an element is {}", item.describe()))
                    }
                    NoResult::Because(reason) => (reason, "the sum".to_owned()),
                };
                Stop::from(Fault::new(term.range.clone(), headline, label))
            })?;
        }
        Ok(total)
    }

    fn now(&self) -> Result<Value, Stop> {
        if self.walk.random().is_none() {
            return Err(Failure::Later.into());
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Value::Timestamp {
            seconds: i64::try_from(now.as_secs()).unwrap_or_default(),
            nanos: i32::try_from(now.subsec_nanos()).unwrap_or_default(),
        })
    }

    /// A draw; what is random is known when the case runs.
    fn random<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> Result<T, Stop> {
        self.walk.random().map(|random| random.draw(draw)).ok_or_else(|| Failure::Later.into())
    }
}

/// The arguments as the function takes them, what it is called on first.
fn take(signature: &Signature, target: Option<&Value>, arguments: &[Value]) -> Option<Vec<Value>> {
    if signature.takes.len() != arguments.len() {
        return None;
    }
    let target = signature.target.zip(target);
    let pairs = target.into_iter().chain(signature.takes.iter().copied().zip(arguments));
    pairs.map(|(takes, value)| takes.take(value)).collect()
}

/// What planning could not see: a value's type is known only now.
fn not_taken(call: &Call, name: &str, target: Option<&Value>, arguments: &[Value]) -> Fault {
    let found: Vec<_> = target.into_iter().chain(arguments).map(Value::describe).collect();
    let headline = match target {
        Some(target)
            if signatures(name, true)
                .all(|signature| signature.target.is_none_or(|takes| takes.take(target).is_none())) =>
        {
            format!("`{}` cannot be called on {}", call.function, target.describe())
        }
        _ => format!("`{}` does not take these arguments", call.function),
    };
    Fault::new(call.function_range.clone(), headline, format!("found {}", found.join(", ")))
}

fn uuid(bits: u128) -> String {
    // version 4, variant 1, RFC 9562
    let bits = (bits & !(0xf << 76) | 0x4 << 76) & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_empty(),
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Enum(..) => value.as_double() == Some(0.0),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Timestamp { seconds, nanos } | Value::Duration { seconds, nanos } => *seconds == 0 && *nanos == 0,
        Value::Message(message) => message.fields().next().is_none() && message.extensions().next().is_none(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Record(members) => members.is_empty(),
        Value::Optional(held) => held.is_none(),
        Value::Yaml(_) | Value::Type(_) => false,
    }
}

fn type_of(value: &Value) -> String {
    match value {
        Value::Text(_) | Value::Yaml(_) => "string",
        Value::Null => "null_type",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Enum(..) => "int",
        Value::Uint(_) => "uint",
        Value::Double(_) => "double",
        Value::Bytes(_) => "bytes",
        Value::Timestamp { .. } => "google.protobuf.Timestamp",
        Value::Duration { .. } => "google.protobuf.Duration",
        Value::Message(message) => return message.descriptor().full_name().to_owned(),
        Value::List(_) => "list",
        Value::Map(_) | Value::Record(_) => "map",
        Value::Optional(_) => "optional_type",
        Value::Type(_) => "type",
    }
    .to_owned()
}
