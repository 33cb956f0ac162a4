//! What messages hold, as values: exact, and read only where an expression looks. Timestamps, durations, wrappers,
//! `Any`, `Struct` and their like are what they stand for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use prost_reflect::{
    DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage,
    Value as Held,
};

use super::{Key, Value};

/// A field of a message, declared or an extension.
#[derive(Debug, Clone)]
pub(super) enum Member {
    Declared(FieldDescriptor),
    Extension(ExtensionDescriptor),
}

impl Member {
    /// By its name in the proto or in JSON; an extension by its full name, in brackets or not.
    pub(super) fn find(descriptor: &MessageDescriptor, name: &str) -> Option<Self> {
        let declared = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
        declared.map(Self::Declared).or_else(|| {
            let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
            let mut known = descriptor.extensions().filter(|_| name.contains('.'));
            known.find(|extension| extension.full_name() == name).map(Self::Extension)
        })
    }

    /// As `has()` asks: set, or without presence not the default.
    pub(super) fn is_set(&self, message: &DynamicMessage) -> bool {
        match self {
            Self::Declared(field) => message.has_field(field),
            Self::Extension(extension) => message.has_extension(extension),
        }
    }

    pub(super) fn get<'m>(&self, message: &'m DynamicMessage) -> Cow<'m, Held> {
        match self {
            Self::Declared(field) => message.get_field(field),
            Self::Extension(extension) => message.get_extension(extension),
        }
    }

    /// Of a single value, or of an element of a list; of a map, its entry's message.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Declared(field) => field.kind(),
            Self::Extension(extension) => extension.kind(),
        }
    }

    /// Whether it is null where it is not set, rather than its default.
    pub(super) fn is_null_when_unset(&self) -> bool {
        let is_single = match self {
            Self::Declared(field) => !field.is_list() && !field.is_map(),
            Self::Extension(extension) => !extension.is_list(),
        };
        let Kind::Message(descriptor) = self.kind() else { return false };
        is_single && (is_wrapper(&descriptor) || matches!(descriptor.full_name(), ANY | "google.protobuf.Value"))
    }
}

const ANY: &str = "google.protobuf.Any";

fn is_wrapper(descriptor: &MessageDescriptor) -> bool {
    let name = descriptor.full_name().strip_prefix("google.protobuf.");
    name.is_some_and(|name| {
        matches!(
            name,
            "BoolValue"
                | "StringValue"
                | "BytesValue"
                | "DoubleValue"
                | "FloatValue"
                | "Int32Value"
                | "Int64Value"
                | "UInt32Value"
                | "UInt64Value"
        )
    })
}

impl Value {
    /// A message as an expression sees it.
    pub(crate) fn of_message(message: &Arc<DynamicMessage>) -> Self {
        stands_for(message).unwrap_or_else(|| Self::Message(Arc::clone(message)))
    }

    /// What a field holds, by its kind: of a map, that of its entries; of a list, that of its elements.
    pub(crate) fn of_field(held: &Held, kind: &Kind) -> Self {
        match held {
            Held::Bool(value) => Self::Bool(*value),
            Held::I32(value) => Self::Int(i64::from(*value)),
            Held::I64(value) => Self::Int(*value),
            Held::U32(value) => Self::Uint(u64::from(*value)),
            Held::U64(value) => Self::Uint(*value),
            Held::F32(value) => Self::Double(f64::from(*value)),
            Held::F64(value) => Self::Double(*value),
            Held::String(value) => Self::text(value.as_str()),
            Held::Bytes(value) => Self::Bytes(value.clone()),
            Held::EnumNumber(number) => match kind {
                Kind::Enum(descriptor) if descriptor.full_name() == "google.protobuf.NullValue" => Self::Null,
                Kind::Enum(descriptor) => Self::Enum(descriptor.clone(), *number),
                _ => Self::Int(i64::from(*number)),
            },
            Held::Message(message) => stands_for(message).unwrap_or_else(|| Self::Message(Arc::new(message.clone()))),
            Held::List(items) => items.iter().map(|item| Self::of_field(item, kind)).collect::<Vec<_>>().into(),
            Held::Map(entries) => {
                let kind = entry_kind(kind);
                let entries = entries.iter().map(|(key, value)| (Key::of_field(key), Self::of_field(value, &kind)));
                Self::Map(Arc::new(entries.collect()))
            }
        }
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items.into())
    }
}

impl Key {
    pub(crate) fn of_field(key: &MapKey) -> Self {
        match key {
            MapKey::Bool(key) => Self::Bool(*key),
            MapKey::I32(key) => Self::Int(i64::from(*key)),
            MapKey::I64(key) => Self::Int(*key),
            MapKey::U32(key) => Self::Uint(u64::from(*key)),
            MapKey::U64(key) => Self::Uint(*key),
            MapKey::String(key) => Self::Text(key.as_str().into()),
        }
    }
}

/// The kind of a map's values, told by the kind of its entries.
pub(super) fn entry_kind(kind: &Kind) -> Kind {
    match kind {
        Kind::Message(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind(),
        other => other.clone(),
    }
}

/// What a well-known message stands for; `None` for any other, which is read as it is.
pub(super) fn stands_for(message: &DynamicMessage) -> Option<Value> {
    let descriptor = message.descriptor();
    let name = descriptor.full_name().strip_prefix("google.protobuf.")?;
    let get = |number| message.get_field_by_number(number);
    let count = |number| get(number).and_then(|value| value.as_i64()).unwrap_or_default();
    let nanos = || get(2).and_then(|value| value.as_i32()).unwrap_or_default();
    Some(match name {
        "Timestamp" => Value::Timestamp { seconds: count(1), nanos: nanos() },
        "Duration" => Value::Duration { seconds: count(1), nanos: nanos() },
        "Struct" => {
            let fields = get(1)?;
            let fields = fields.as_map()?.iter().map(|(key, value)| (Key::of_field(key), json(value)));
            Value::Map(Arc::new(fields.collect::<BTreeMap<_, _>>()))
        }
        "ListValue" => get(1)?.as_list()?.iter().map(json).collect::<Vec<_>>().into(),
        "Value" => held_value(message),
        "Any" => return unpacked(message),
        _ if is_wrapper(&descriptor) => {
            let field = descriptor.get_field(1)?;
            Value::of_field(&message.get_field(&field), &field.kind())
        }
        _ => return None,
    })
}

fn json(held: &Held) -> Value {
    held.as_message().map_or(Value::Null, held_value)
}

/// Of a `google.protobuf.Value`.
fn held_value(message: &DynamicMessage) -> Value {
    let Some((field, held)) = message.fields().next() else { return Value::Null };
    Value::of_field(held, &field.kind())
}

/// Messages of the kind `Any` within each other, at most: beyond, they are shown as they are.
const MAX_ANY: usize = 32;

/// The message in an `Any`, if its pool knows the type; an empty one is null.
fn unpacked(any: &DynamicMessage) -> Option<Value> {
    let mut message = Cow::Borrowed(any);
    for _ in 0..MAX_ANY {
        let url = message.get_field_by_number(1)?.as_str()?.to_owned();
        if url.is_empty() {
            return Some(Value::Null);
        }
        let name = url.rsplit('/').next().unwrap_or(&url);
        let descriptor = message.descriptor().parent_pool().get_message_by_name(name)?;
        let bytes = message.get_field_by_number(2)?.as_bytes()?.clone();
        let inner = DynamicMessage::decode(descriptor, bytes).ok()?;
        if inner.descriptor().full_name() != ANY {
            return Some(Value::of_message(&Arc::new(inner)));
        }
        message = Cow::Owned(inner);
    }
    None
}
