//! Message → the YAML that says it, as a [`Tree`] of texts: what `render` lays out in lines, or on one.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, ReflectMessage as _, UnknownField, Value};

use super::any::{find_type, written_type};
use super::number::float_text;
use super::time::{Seconds, duration_text, timestamp_text};
use super::well_known::is_mask_path;
use super::wire::{Wire, WireValue};
use super::{Field, FieldType, WellKnown, quote};
use crate::expr::double_text;

/// YAML, laid out neither as block nor as flow.
#[derive(Debug)]
pub(super) enum Tree {
    Scalar {
        text: String,
        /// What the text does not say, such as how long it really is.
        comment: Option<String>,
    },
    List {
        items: Vec<Tree>,
        /// Items left out.
        more: usize,
    },
    Mapping {
        entries: Vec<(String, Tree)>,
        more: usize,
        /// What no entry can say, such as unknown fields.
        comments: Vec<String>,
    },
}

/// How deep messages and `Any`s are followed.
const MAX_DEPTH: usize = 100;

/// What is shown of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Items of one list or map.
    pub(super) items: usize,
    /// Characters of one string, bytes of one `bytes`.
    pub(super) text: usize,
}

impl Tree {
    fn plain(text: impl Into<String>) -> Self {
        Self::Scalar { text: text.into(), comment: None }
    }
}

impl Extent {
    pub(super) fn value(self, value: &Value, ty: &FieldType, depth: usize) -> Tree {
        match (value, ty) {
            (Value::List(items), FieldType::List(kind)) => {
                let ty = FieldType::Single(kind.clone());
                let shown = items.iter().take(self.items).map(|item| self.value(item, &ty, depth));
                Tree::List { items: shown.collect(), more: items.len().saturating_sub(self.items) }
            }
            (Value::Map(values), FieldType::Map { value, .. }) => {
                let ty = FieldType::Single(value.clone());
                let mut keys: Vec<_> = values.keys().collect();
                keys.sort();
                let shown = keys.iter().take(self.items).filter_map(|key| {
                    let value = values.get(key)?;
                    Some((key_text(key), self.value(value, &ty, depth)))
                });
                let entries = shown.collect();
                Tree::Mapping { entries, more: values.len().saturating_sub(self.items), comments: Vec::new() }
            }
            (Value::Message(message), _) => self.message(message, depth),
            (Value::EnumNumber(number), FieldType::Single(Kind::Enum(descriptor))) => {
                Tree::plain(match descriptor.get_value(*number) {
                    Some(value) => quote::text(value.name()),
                    None => number.to_string(),
                })
            }
            (value, _) => self.scalar(value),
        }
    }

    fn scalar(self, value: &Value) -> Tree {
        Tree::plain(match value {
            Value::Bool(value) => value.to_string(),
            Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
            Value::I64(value) => value.to_string(),
            Value::U32(value) => value.to_string(),
            Value::U64(value) => value.to_string(),
            Value::F32(value) => float_text(*value),
            Value::F64(value) => double_text(*value),
            Value::String(text) => return self.string(text),
            Value::Bytes(bytes) => return self.bytes(bytes),
            // containers have been dealt with, where their type agrees
            other => quote::text(&other.to_string()),
        })
    }

    fn string(self, text: &str) -> Tree {
        match text.char_indices().nth(self.text) {
            Some((end, _)) => Tree::Scalar {
                text: quote::double_quoted(&format!("{}…", &text[..end])),
                comment: Some(format!("{} characters", text.chars().count())),
            },
            None => Tree::plain(quote::text(text)),
        }
    }

    /// For the eye: what has no type is read byte by byte.
    fn hex(self, bytes: &[u8]) -> Tree {
        if bytes.len() > self.text || bytes.is_empty() {
            return self.bytes(bytes);
        }
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let entries = vec![("$hex".to_owned(), Tree::plain(quote::text(&hex)))];
        Tree::Mapping { entries, more: 0, comments: Vec::new() }
    }

    fn bytes(self, bytes: &[u8]) -> Tree {
        /// From here on zeros are counted instead of written.
        const ZEROS: usize = 24;
        if bytes.len() >= ZEROS && bytes.iter().all(|byte| *byte == 0) {
            let entries = vec![("$zeros".to_owned(), Tree::plain(bytes.len().to_string()))];
            return Tree::Mapping { entries, more: 0, comments: Vec::new() };
        }
        if bytes.len() > self.text {
            let shown = &bytes[..self.text - self.text % 3];
            let text = quote::double_quoted(&format!("{}…", STANDARD.encode(shown)));
            return Tree::Scalar { text, comment: Some(format!("{} bytes", bytes.len())) };
        }
        Tree::plain(quote::text(&STANDARD.encode(bytes)))
    }

    pub(super) fn message(self, message: &DynamicMessage, depth: usize) -> Tree {
        if depth > MAX_DEPTH {
            let comments = vec![format!("nested more than {MAX_DEPTH} levels deep")];
            return Tree::Mapping { entries: Vec::new(), more: 0, comments };
        }
        let descriptor = message.descriptor();
        let is_known = message.unknown_fields().next().is_none();
        let short = WellKnown::of(&descriptor).filter(|_| is_known);
        short.and_then(|known| self.well_known(message, &known, depth)).unwrap_or_else(|| self.fields(message, depth))
    }

    /// The form of its own, if it has one for what the message holds.
    fn well_known(self, message: &DynamicMessage, known: &WellKnown, depth: usize) -> Option<Tree> {
        let first = || message.get_field_by_number(1);
        match known {
            WellKnown::Timestamp => timestamp_text(seconds(message)?).map(Tree::plain),
            WellKnown::Duration => duration_text(seconds(message)?).map(Tree::plain),
            WellKnown::Wrapper(kind) => Some(self.value(&*first()?, &FieldType::Single(kind.clone()), depth)),
            WellKnown::FieldMask => {
                let paths = first()?;
                let is_readable = paths.as_list()?.iter().all(|path| path.as_str().is_some_and(is_mask_path));
                is_readable.then(|| self.value(&paths, &FieldType::List(Kind::String), depth))
            }
            WellKnown::Struct | WellKnown::ListValue => {
                let ty = FieldType::of(&message.descriptor().get_field(1)?);
                Some(self.value(&*first()?, &ty, depth + 1))
            }
            WellKnown::Value => Some(self.json(message, depth)),
            WellKnown::Any => self.any(message, depth),
            WellKnown::Empty => None,
        }
    }

    fn json(self, message: &DynamicMessage, depth: usize) -> Tree {
        let Some((field, value)) = message.fields().next() else {
            return Tree::Scalar { text: "null".to_owned(), comment: Some("no kind is set".to_owned()) };
        };
        match value {
            Value::EnumNumber(_) => Tree::plain("null"),
            Value::F64(number) if !number.is_finite() => {
                Tree::Scalar { text: double_text(*number), comment: Some("a number".to_owned()) }
            }
            value => self.value(value, &FieldType::of(&field), depth),
        }
    }

    /// `None` if what it holds is not known, or is not what it says.
    fn any(self, message: &DynamicMessage, depth: usize) -> Option<Tree> {
        let (url, bytes) = (message.get_field_by_number(1)?, message.get_field_by_number(2)?);
        let (url, bytes) = (url.as_str()?, bytes.as_bytes()?);
        if url.is_empty() && bytes.is_empty() {
            return Some(Tree::Mapping { entries: Vec::new(), more: 0, comments: Vec::new() });
        }
        let raw = |comment: String| {
            let entries = vec![("type_url".to_owned(), self.string(url)), ("value".to_owned(), self.hex(bytes))];
            Some(Tree::Mapping { entries, more: 0, comments: vec![comment] })
        };
        let Some(descriptor) = find_type(url, message.descriptor().parent_pool()).filter(|_| url.contains('/')) else {
            return raw("the schema does not know this type".to_owned());
        };
        let Ok(held) = DynamicMessage::decode(descriptor.clone(), bytes.clone()) else {
            return raw(format!("`value` is not a `{}`", descriptor.full_name()));
        };
        let name = ("$type".to_owned(), Tree::plain(quote::text(written_type(url))));
        Some(match (self.message(&held, depth + 1), stands_under_value(&descriptor)) {
            (Tree::Mapping { entries, more, comments }, false) => {
                let entries = std::iter::once(name).chain(entries).collect();
                Tree::Mapping { entries, more, comments }
            }
            (tree, _) => {
                Tree::Mapping { entries: vec![name, ("value".to_owned(), tree)], more: 0, comments: Vec::new() }
            }
        })
    }

    fn fields(self, message: &DynamicMessage, depth: usize) -> Tree {
        let declared = message.fields().map(|(field, value)| (Field::Declared(field), value));
        let extensions = message.extensions().map(|(extension, value)| (Field::Extension(extension), value));
        let entries = declared
            .chain(extensions)
            .map(|(field, value)| (quote::key(&field.name()), self.value(value, &field.ty(), depth + 1)))
            .collect();
        let unknown: Vec<_> = message.unknown_fields().collect();
        let mut comments: Vec<_> = unknown.iter().take(self.items).map(|field| unknown_text(field)).collect();
        if unknown.len() > comments.len() {
            comments.push(format!("… {} more unknown fields", unknown.len() - comments.len()));
        }
        Tree::Mapping { entries, more: 0, comments }
    }
}

fn stands_under_value(descriptor: &MessageDescriptor) -> bool {
    WellKnown::of(descriptor).is_some_and(|known| known.stands_under_value())
}

fn seconds(message: &DynamicMessage) -> Option<Seconds> {
    let seconds = message.get_field_by_number(1)?.as_i64()?;
    let nanos = message.get_field_by_number(2)?.as_i32()?;
    Some(Seconds { seconds, nanos })
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::String(text) => quote::key(text),
        key => super::key::quoted_key(key),
    }
}

/// `unknown field 7: varint 5`.
fn unknown_text(field: &UnknownField) -> String {
    /// Bytes of an unknown field that are shown.
    const SHOWN: usize = 32;
    let mut bytes = Vec::with_capacity(field.encoded_len());
    field.encode(&mut bytes);
    let mut wire = Wire::new(&bytes, 0);
    let value = wire.tag().and_then(|(_, wire_type)| wire.value(wire_type));
    let what = match value {
        Ok(WireValue::Varint(value)) => format!("varint {value}"),
        Ok(WireValue::Fixed64(value)) => format!("64-bit {value:#018x}"),
        Ok(WireValue::Fixed32(value)) => format!("32-bit {value:#010x}"),
        Ok(WireValue::Delimited(held, _)) => {
            let start = &held[..held.len().min(SHOWN)];
            let more = if held.len() > SHOWN { "…" } else { "" };
            let readable = std::str::from_utf8(start).ok().filter(|text| !text.chars().any(char::is_control));
            let shown = match readable {
                Some(text) => quote::double_quoted(&format!("{text}{more}")),
                None => start.iter().map(|byte| format!("{byte:02x}")).chain([more.to_owned()]).collect(),
            };
            format!("{} bytes {shown}", held.len())
        }
        Ok(WireValue::StartGroup | WireValue::EndGroup) | Err(_) => format!("a group of {} bytes", bytes.len()),
    };
    format!("unknown field {}: {what}", field.number())
}
