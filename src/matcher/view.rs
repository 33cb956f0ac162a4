//! What rules speak of inside a value: its length, its keys, the message, text or JSON in it. Main type: [`View`].

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use super::json;
use super::order::sorted_keys;
use crate::message::decode;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum View {
    /// In characters, bytes, elements or entries.
    Length,
    /// Of a map, in order.
    Keys,
    /// Of a map, in key order.
    Values,
    /// What a text or bytes hold.
    Json,
    Utf8,
    /// The value of a wrapper.
    Wrapped,
    /// The list in a `FieldMask`.
    Paths,
    /// What a `Struct`, `Value` or `ListValue` holds.
    Tree,
    /// The message in an `Any` or in bytes.
    Message(MessageDescriptor),
}

/// Why there is nothing to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unseen {
    /// The `Any` holds this type, or none.
    OtherType(String),
    NotJson(String),
    NotUtf8,
    NotMessage(String),
    /// JSON of another type.
    OtherJson(&'static str),
}

impl View {
    /// Whether what is not set is judged by the inner rule: the view is of the value itself.
    pub(super) fn passes_unset(&self) -> bool {
        matches!(self, Self::Wrapped | Self::Paths | Self::Tree | Self::Message(_))
    }

    pub(super) fn of<'v>(&self, value: &'v Value) -> Result<Cow<'v, Value>, Unseen> {
        Ok(Cow::Owned(match (self, value) {
            (Self::Length, Value::String(text)) => count(text.chars().count()),
            (Self::Length, Value::Bytes(bytes)) => count(bytes.len()),
            (Self::Length, Value::List(items)) => count(items.len()),
            (Self::Length, Value::Map(entries)) => count(entries.len()),
            (Self::Length, _) => return Err(Unseen::OtherJson("a text, list or mapping")),
            (Self::Keys, Value::Map(map)) => {
                Value::List(sorted_keys(map).into_iter().map(|key| Value::from(key.clone())).collect())
            }
            (Self::Values, Value::Map(map)) => {
                Value::List(sorted_keys(map).into_iter().filter_map(|key| map.get(key).cloned()).collect())
            }
            (Self::Json, Value::String(text)) => json::parse(text.as_bytes()).map_err(Unseen::NotJson)?,
            (Self::Json, Value::Bytes(bytes)) => json::parse(bytes).map_err(Unseen::NotJson)?,
            (Self::Json, _) => return Err(Unseen::OtherJson("a text")),
            (Self::Utf8, Value::Bytes(bytes)) => {
                Value::String(std::str::from_utf8(bytes).map_err(|_| Unseen::NotUtf8)?.to_owned())
            }
            (Self::Wrapped | Self::Paths, Value::Message(message)) => {
                message.get_field_by_number(1).map_or_else(|| value.clone(), Cow::into_owned)
            }
            (Self::Tree, Value::Message(message)) => json::from_message(message),
            (Self::Message(descriptor), Value::Message(any)) => Value::Message(unpack(any, descriptor)?),
            (Self::Message(descriptor), Value::Bytes(bytes)) => Value::Message(read(bytes, descriptor)?),
            (Self::Keys | Self::Values, _) => return Err(Unseen::OtherJson("a mapping")),
            // types were checked when the rule was compiled
            _ => return Ok(Cow::Borrowed(value)),
        }))
    }
}

/// The type an `Any` holds, without its prefix; `None` when it is empty.
pub(super) fn any_type(any: &DynamicMessage) -> Option<String> {
    let url = any.get_field_by_number(1)?;
    let name = url.as_str()?.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The message in an `Any`, which must be of a type.
pub(super) fn unpack(any: &DynamicMessage, descriptor: &MessageDescriptor) -> Result<DynamicMessage, Unseen> {
    let held = any_type(any).unwrap_or_default();
    if held != descriptor.full_name() {
        return Err(Unseen::OtherType(held));
    }
    match any.get_field_by_number(2).as_deref() {
        Some(Value::Bytes(bytes)) => read(bytes, descriptor),
        _ => Ok(DynamicMessage::new(descriptor.clone())),
    }
}

fn read(bytes: &[u8], descriptor: &MessageDescriptor) -> Result<DynamicMessage, Unseen> {
    decode(bytes, descriptor).map_err(|error| Unseen::NotMessage(error.to_string()))
}

fn count(length: usize) -> Value {
    Value::U64(length as u64)
}
