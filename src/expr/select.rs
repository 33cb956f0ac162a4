//! Fields, members and elements of a value, by reference: of a large message only what is asked for is read.

use std::ops::Range;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, Kind, MapKey, ReflectMessage, Value as Held};

use super::fault::Fault;
use super::message_value::{Member, entry_kind, stands_for};
use super::operate::key_of;
use super::{Key, Value};
use crate::diagnostic::{did_you_mean, one_of};
use crate::yaml::{Node, NodeKind};

/// One step into a value: `.name`, `[index]`, with `?` if what is not there is none.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) by: By,
    pub(super) range: Range<usize>,
    pub(super) optional: bool,
}

#[derive(Debug, Clone)]
pub(super) enum By {
    Field(Arc<str>),
    Index(Value),
}

/// What the steps lead to.
pub(super) fn select(value: &Value, steps: &[Step]) -> Result<Value, Fault> {
    walk(value, steps, false)
}

/// As `has(value.name)`: whether a field is set, a member or a key is there.
pub(super) fn has(value: &Value, name: &Arc<str>, range: &Range<usize>) -> Result<bool, Fault> {
    match value {
        Value::Message(message) => match Member::find(&message.descriptor(), name) {
            Some(member) => Ok(member.is_set(message)),
            None => Err(unknown_field(message, name, range)),
        },
        Value::Map(entries) => Ok(entries.contains_key(&Key::Text(Arc::clone(name)))),
        Value::Record(members) => Ok(members.contains_key(name)),
        Value::Yaml(node) => Ok(node.get(name).is_some()),
        Value::Optional(inner) => inner.as_ref().map_or(Ok(false), |inner| has(inner, name, range)),
        other => Err(no_fields(&other.describe(), range)),
    }
}

fn walk(value: &Value, steps: &[Step], optional: bool) -> Result<Value, Fault> {
    let Some((step, rest)) = steps.split_first() else { return Ok(finish(value.clone(), optional)) };
    let optional = optional || step.optional;
    match value {
        Value::Optional(None) => Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => walk(inner, steps, true),
        Value::Message(message) => member(message, step, rest, optional),
        Value::Map(entries) => {
            let found = step.key().and_then(|key| entries.get(&key));
            found.map_or_else(|| step.missing_key(optional), |value| walk(value, rest, optional))
        }
        Value::Record(members) => {
            let found = step.name().and_then(|name| members.get(name));
            match found {
                Some(value) => walk(value, rest, optional),
                None if optional => Ok(Value::Optional(None)),
                None => Err(unknown_member(step, members.keys().map(|name| &**name))),
            }
        }
        Value::List(items) => match step.position(items.len(), optional)? {
            Some(at) => walk(&items[at], rest, optional),
            None => Ok(Value::Optional(None)),
        },
        Value::Yaml(node) => yaml(node, step, rest, optional),
        _ if optional => Ok(Value::Optional(None)),
        other => Err(match step.by {
            By::Field(_) => no_fields(&other.describe(), &step.range),
            By::Index(_) => no_index(&other.describe(), &step.range),
        }),
    }
}

fn finish(value: Value, optional: bool) -> Value {
    match value {
        Value::Optional(_) => value,
        value if optional => Value::Optional(Some(Arc::new(value))),
        value => value,
    }
}

fn member(message: &DynamicMessage, step: &Step, rest: &[Step], optional: bool) -> Result<Value, Fault> {
    let By::Field(name) = &step.by else {
        return Err(no_index(&format!("a message `{}`", message.descriptor().full_name()), &step.range));
    };
    let Some(member) = Member::find(&message.descriptor(), name) else {
        return Err(unknown_field(message, name, &step.range));
    };
    let is_set = member.is_set(message);
    if optional && !is_set {
        return Ok(Value::Optional(None));
    }
    if !is_set && member.is_null_when_unset() {
        return walk(&Value::Null, rest, optional);
    }
    held(&member.get(message), &member.kind(), rest, optional)
}

/// Into what a field holds.
fn held(value: &Held, kind: &Kind, steps: &[Step], optional: bool) -> Result<Value, Fault> {
    let Some((step, rest)) = steps.split_first() else { return Ok(finish(Value::of_field(value, kind), optional)) };
    let optional = optional || step.optional;
    match value {
        Held::Message(message) => match stands_for(message) {
            Some(value) => walk(&value, steps, optional),
            None => member(message, step, rest, optional),
        },
        Held::List(items) => match step.position(items.len(), optional)? {
            Some(at) => held(&items[at], kind, rest, optional),
            None => Ok(Value::Optional(None)),
        },
        Held::Map(entries) => {
            let key = step.key().and_then(|key| map_key(&key, kind));
            let found = key.and_then(|key| entries.get(&key));
            found.map_or_else(|| step.missing_key(optional), |value| held(value, &entry_kind(kind), rest, optional))
        }
        _ => walk(&Value::of_field(value, kind), steps, optional),
    }
}

/// A key as a map of this kind of entries has it.
fn map_key(key: &Key, kind: &Kind) -> Option<MapKey> {
    let Kind::Message(entry) = kind else { return None };
    let whole = match key {
        Key::Bool(key) => return Some(MapKey::Bool(*key)),
        Key::Text(key) => return Some(MapKey::String(key.to_string())),
        Key::Int(key) => i128::from(*key),
        Key::Uint(key) => i128::from(*key),
    };
    Some(match entry.map_entry_key_field().kind() {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => MapKey::I32(whole.try_into().ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => MapKey::I64(whole.try_into().ok()?),
        Kind::Uint32 | Kind::Fixed32 => MapKey::U32(whole.try_into().ok()?),
        Kind::Uint64 | Kind::Fixed64 => MapKey::U64(whole.try_into().ok()?),
        _ => return None,
    })
}

/// Into a list or a mapping written in `vars`: what is found there is still YAML.
fn yaml(node: &Node, step: &Step, rest: &[Step], optional: bool) -> Result<Value, Fault> {
    let found = match &node.kind {
        NodeKind::Mapping(entries) => {
            let Some(name) = step.name() else { return step.missing_key(optional) };
            let Some(entry) = entries.iter().find(|entry| entry.key.value == *name) else {
                if optional {
                    return Ok(Value::Optional(None));
                }
                return Err(unknown_member(step, entries.iter().map(|entry| &*entry.key.value)));
            };
            &entry.value
        }
        NodeKind::Sequence(items) => match step.position(items.len(), optional)? {
            Some(at) => &items[at],
            None => return Ok(Value::Optional(None)),
        },
        NodeKind::Scalar(_) if optional => return Ok(Value::Optional(None)),
        NodeKind::Scalar(_) => {
            return Err(match step.by {
                By::Field(_) => no_fields(node.describe(), &step.range),
                By::Index(_) => no_index(node.describe(), &step.range),
            });
        }
    };
    walk(&Value::Yaml(found.clone()), rest, optional)
}

impl Step {
    fn name(&self) -> Option<&Arc<str>> {
        match &self.by {
            By::Field(name) | By::Index(Value::Text(name)) => Some(name),
            By::Index(_) => None,
        }
    }

    fn key(&self) -> Option<Key> {
        match &self.by {
            By::Field(name) => Some(Key::Text(Arc::clone(name))),
            By::Index(index) => key_of(index),
        }
    }

    /// A place in a list of so many; `None` if it has none there, and need not.
    fn position(&self, length: usize, optional: bool) -> Result<Option<usize>, Fault> {
        let By::Index(index) = &self.by else {
            return Err(no_fields("a list", &self.range)
                .hint("an element is `list[0]`, a condition on each `list.all(x, x.field == 1)`"));
        };
        let at = match key_of(index) {
            Some(Key::Int(at)) => usize::try_from(at).ok(),
            Some(Key::Uint(at)) => usize::try_from(at).ok(),
            _ => {
                let range = self.range.clone();
                let label = format!("this is {}", index.describe());
                return Err(Fault::new(range, "an element of a list is told by its number", label));
            }
        };
        match at.filter(|at| *at < length) {
            Some(at) => Ok(Some(at)),
            None if optional => Ok(None),
            None => {
                let number = text_of_index(index);
                let elements = if length == 1 { "element" } else { "elements" };
                Err(Fault::new(
                    self.range.clone(),
                    format!("the list has no element {number}"),
                    format!("it has {length} {elements}, counted from 0"),
                ))
            }
        }
    }

    fn missing_key(&self, optional: bool) -> Result<Value, Fault> {
        if optional {
            return Ok(Value::Optional(None));
        }
        let key = match &self.by {
            By::Field(name) => name.to_string(),
            By::Index(index) => text_of_index(index),
        };
        let (range, label) = (self.range.clone(), "the map has no such key");
        Err(Fault::new(range, format!("there is no key `{key}`"), label)
            .hint("what may be missing is read as `map[?'key'].orValue('otherwise')`"))
    }
}

fn text_of_index(index: &Value) -> String {
    match index {
        Value::Text(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Double(number) => number.to_string(),
        other => other.describe(),
    }
}

fn no_fields(what: &str, range: &Range<usize>) -> Fault {
    Fault::new(range.clone(), format!("{what} has no fields"), "not a message or a map")
}

fn no_index(what: &str, range: &Range<usize>) -> Fault {
    Fault::new(range.clone(), format!("{what} has no elements"), "not a list or a map")
}

fn unknown_field(message: &DynamicMessage, name: &str, range: &Range<usize>) -> Fault {
    let descriptor = message.descriptor();
    let fields: Vec<_> = descriptor.fields().collect();
    let names = || fields.iter().map(prost_reflect::FieldDescriptor::name);
    let label = format!("not a field of `{}`", descriptor.full_name());
    Fault::new(range.clone(), format!("unknown field `{name}`"), label)
        .hints(did_you_mean(name, names()))
        .hints((!fields.is_empty()).then(|| format!("its fields are {}", one_of(names()))))
}

fn unknown_member<'a>(step: &Step, known: impl Iterator<Item = &'a str> + Clone) -> Fault {
    let name = match &step.by {
        By::Field(name) => name.to_string(),
        By::Index(index) => text_of_index(index),
    };
    Fault::new(step.range.clone(), format!("there is no `{name}`"), "not known here")
        .hints(did_you_mean(&name, known.clone()))
        .hint(format!("known here: {}", one_of(known)))
}
