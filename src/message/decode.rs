//! Bytes → message. prost-reflect decodes; if it cannot, the bytes are walked again to say where they stop being a
//! message.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, Value};

use super::any::find_type;
use super::field::single_name;
use super::scalar::with_article;
use super::wire::{Broken, Wire, WireValue, wire_type_name};
use super::{Field, FieldPath, FieldType};

/// Why bytes are no message, in words: what is wrong, in which field, at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DecodeError(String);

/// How deep messages and groups may nest: prost's own limit.
const MAX_DEPTH: usize = 100;

/// Reads a message; nested at most 100 deep, every required field set. Unknown fields are kept.
pub(crate) fn decode(bytes: &[u8], descriptor: &MessageDescriptor) -> Result<DynamicMessage, DecodeError> {
    let message = DynamicMessage::decode(descriptor.clone(), bytes).map_err(|error| {
        let place =
            Search { path: FieldPath::new(), depth: 0 }.message(&mut Wire::new(bytes, 0), Some(descriptor), None);
        DecodeError(match place {
            Err(fault) => fault.words(descriptor),
            Ok(()) => error.to_string(),
        })
    })?;
    if let Some(path) = missing_required(&message, &FieldPath::new()) {
        return Err(DecodeError(format!("the required field `{path}` of `{}` is not set", descriptor.full_name())));
    }
    match nested_too_deep(&message, &FieldPath::new(), 0) {
        Some(path) => Err(DecodeError(format!("{}: {}, in `Any`", path.short_subject(), too_deep()))),
        None => Ok(message),
    }
}

fn too_deep() -> String {
    format!("messages nest more than {MAX_DEPTH} deep")
}

/// The first message that is too deep when those within an `Any` count too: whoever looks into it goes as deep.
fn nested_too_deep(message: &DynamicMessage, path: &FieldPath, depth: usize) -> Option<FieldPath> {
    if depth > MAX_DEPTH {
        return Some(path.clone());
    }
    if let Some(within) = held_by_any(message) {
        return nested_too_deep(&within, &path.field("value"), depth + 1);
    }
    message.fields().find_map(|(field, value)| {
        let path = || path.field(field.name());
        match value {
            Value::Message(message) => nested_too_deep(message, &path(), depth + 1),
            Value::List(items) if matches!(items.first(), Some(Value::Message(_))) => {
                let path = path();
                let messages = items.iter().enumerate().filter_map(|(at, item)| Some((at, item.as_message()?)));
                messages.into_iter().find_map(|(at, message)| nested_too_deep(message, &path.index(at), depth + 1))
            }
            Value::Map(entries) if matches!(entries.values().next(), Some(Value::Message(_))) => {
                let path = path();
                entries.values().find_map(|value| nested_too_deep(value.as_message()?, &path, depth + 1))
            }
            _ => None,
        }
    })
}

/// The first required field that is not set, in the message or in one within.
fn missing_required(message: &DynamicMessage, path: &FieldPath) -> Option<FieldPath> {
    let descriptor = message.descriptor();
    if let Some(field) = descriptor.fields().find(|field| field.is_required() && !message.has_field(field)) {
        return Some(path.field(field.name()));
    }
    let declared = message.fields().map(|(field, value)| (Field::Declared(field), value));
    let extensions = message.extensions().map(|(field, value)| (Field::Extension(field), value));
    declared.chain(extensions).find_map(|(field, value)| {
        let path = || path.field(&field.name());
        match value {
            Value::Message(message) => missing_required(message, &path()),
            Value::List(items) if matches!(items.first(), Some(Value::Message(_))) => {
                let path = path();
                let messages = items.iter().enumerate().filter_map(|(at, item)| Some((at, item.as_message()?)));
                messages.into_iter().find_map(|(at, message)| missing_required(message, &path.index(at)))
            }
            Value::Map(entries) if matches!(entries.values().next(), Some(Value::Message(_))) => {
                let path = path();
                let mut keys: Vec<_> = entries.keys().collect();
                keys.sort();
                let messages = keys.into_iter().filter_map(|key| Some((key, entries.get(key)?.as_message()?)));
                messages
                    .into_iter()
                    .find_map(|(key, message)| missing_required(message, &path.key(&super::key::quoted_key(key))))
            }
            _ => None,
        }
    })
}

/// What an `Any` holds, where that is known and is what it says.
fn held_by_any(message: &DynamicMessage) -> Option<DynamicMessage> {
    let descriptor = message.descriptor();
    if descriptor.full_name() != "google.protobuf.Any" {
        return None;
    }
    let (url, bytes) = (message.get_field_by_number(1)?, message.get_field_by_number(2)?);
    let held = find_type(url.as_str()?, descriptor.parent_pool())?;
    DynamicMessage::decode(held, bytes.as_bytes()?.clone()).ok()
}

/// The walk that finds the fault.
struct Search {
    path: FieldPath,
    depth: usize,
}

struct Fault {
    path: FieldPath,
    broken: Broken,
}

impl Fault {
    fn words(&self, descriptor: &MessageDescriptor) -> String {
        let subject =
            if self.path.is_root() { format!("`{}`", descriptor.full_name()) } else { self.path.short_subject() };
        format!("{subject}: {}, at byte {}", self.broken.what, self.broken.at)
    }
}

impl Search {
    fn message(
        &self,
        wire: &mut Wire<'_>,
        descriptor: Option<&MessageDescriptor>,
        group: Option<u32>,
    ) -> Result<(), Fault> {
        let fault = |broken: Broken| Fault { path: self.path.clone(), broken };
        if self.depth > MAX_DEPTH {
            return Err(fault(Broken { what: too_deep(), at: wire.position() }));
        }
        let mut seen: std::collections::BTreeMap<u32, usize> = std::collections::BTreeMap::new();
        while !wire.is_at_end() {
            let at = wire.position();
            let (number, wire_type) = wire.tag().map_err(fault)?;
            if wire_type == 4 {
                let what = match group {
                    Some(open) if open == number => return Ok(()),
                    Some(open) => format!("the group {open} is ended as group {number}"),
                    None => format!("the group {number} ends, and was not begun"),
                };
                return Err(fault(Broken { what, at }));
            }
            let field = descriptor.and_then(|descriptor| field_by_number(descriptor, number));
            let path = match &field {
                Some(field) => self.path.field(&field.name()),
                None => self.path.field(&format!("unknown field {number}")),
            };
            let count = seen.entry(number).or_default();
            let path = if field.as_ref().is_some_and(|field| matches!(field.ty(), FieldType::List(Kind::Message(_)))) {
                path.index(*count)
            } else {
                path
            };
            *count += 1;
            Self { path, depth: self.depth }.field(wire, number, wire_type, field.as_ref(), at)?;
        }
        match group {
            Some(open) => Err(fault(Broken { what: format!("the group {open} is not ended"), at: wire.position() })),
            None => Ok(()),
        }
    }

    fn field(
        &self,
        wire: &mut Wire<'_>,
        number: u32,
        wire_type: u8,
        field: Option<&Field>,
        at: usize,
    ) -> Result<(), Fault> {
        let fault = |broken: Broken| Fault { path: self.path.clone(), broken };
        let inside = Self { path: self.path.clone(), depth: self.depth + 1 };
        let value = wire.value(wire_type).map_err(fault)?;
        let Some(field) = field else {
            return match value {
                WireValue::StartGroup => inside.message(wire, None, Some(number)),
                _ => Ok(()),
            };
        };
        let (kind, is_list) = match field.ty() {
            FieldType::Single(kind) => (kind, false),
            FieldType::List(kind) => (kind, true),
            FieldType::Map { .. } => (field.kind(), false),
        };
        let wanted = if field.is_group() { 3 } else { wire_type_of(&kind) };
        match (value, &kind) {
            (WireValue::StartGroup, Kind::Message(group)) if field.is_group() => {
                inside.message(wire, Some(group), Some(number))
            }
            (WireValue::Delimited(bytes, start), Kind::Message(message)) if wanted == 2 => {
                inside.message(&mut Wire::new(bytes, start), Some(message), None)
            }
            (WireValue::Delimited(bytes, start), Kind::String) => match std::str::from_utf8(bytes) {
                Ok(_) => Ok(()),
                Err(error) => {
                    let what = "a string is not valid UTF-8".to_owned();
                    Err(fault(Broken { what, at: start + error.valid_up_to() }))
                }
            },
            (WireValue::Delimited(bytes, start), _) if is_list && wanted != 2 => {
                let mut packed = Wire::new(bytes, start);
                while !packed.is_at_end() {
                    packed.value(wanted).map_err(fault)?;
                }
                Ok(())
            }
            _ if wire_type == wanted => Ok(()),
            _ => Err(fault(Broken {
                what: format!(
                    "{} comes as {}, not as {}: the server may have another version of the schema",
                    with_article(&single_name(&kind)),
                    wire_type_name(wire_type),
                    wire_type_name(wanted)
                ),
                at,
            })),
        }
    }
}

fn field_by_number(descriptor: &MessageDescriptor, number: u32) -> Option<Field> {
    let declared = descriptor.get_field(number).map(Field::Declared);
    declared.or_else(|| descriptor.get_extension(number).map(Field::Extension))
}

fn wire_type_of(kind: &Kind) -> u8 {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
        Kind::String | Kind::Bytes | Kind::Message(_) => 2,
        _ => 0,
    }
}
