//! The well-known types that protobuf's JSON writes in a form of their own ([`WellKnown`]), and those of them that a single
//! scalar says.

use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, MessageDescriptor, Value};

use super::build::{Builder, Built, describe};
use super::number::is_number;
use super::scalar::{Problem, Raw, Written, read_scalar};
use super::time::{Seconds, parse_duration, parse_timestamp};
use super::{FieldPath, FieldType};
use crate::yaml::Node;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WellKnown {
    Timestamp,
    Duration,
    Any,
    Struct,
    Value,
    ListValue,
    /// `google.protobuf.Int32Value` and its like, with the kind of the value.
    Wrapper(Kind),
    FieldMask,
    Empty,
}

impl WellKnown {
    /// By name, if the descriptor has the fields the type is known for (a schema may hold anything under the name).
    pub(crate) fn of(descriptor: &MessageDescriptor) -> Option<Self> {
        let name = descriptor.full_name().strip_prefix("google.protobuf.")?;
        let known = match name {
            "Timestamp" => Self::Timestamp,
            "Duration" => Self::Duration,
            "Any" => Self::Any,
            "Struct" => Self::Struct,
            "Value" => Self::Value,
            "ListValue" => Self::ListValue,
            "FieldMask" => Self::FieldMask,
            "Empty" => Self::Empty,
            "DoubleValue" => Self::Wrapper(Kind::Double),
            "FloatValue" => Self::Wrapper(Kind::Float),
            "Int64Value" => Self::Wrapper(Kind::Int64),
            "UInt64Value" => Self::Wrapper(Kind::Uint64),
            "Int32Value" => Self::Wrapper(Kind::Int32),
            "UInt32Value" => Self::Wrapper(Kind::Uint32),
            "BoolValue" => Self::Wrapper(Kind::Bool),
            "StringValue" => Self::Wrapper(Kind::String),
            "BytesValue" => Self::Wrapper(Kind::Bytes),
            _ => return None,
        };
        known.has_shape(descriptor).then_some(known)
    }

    fn has_shape(&self, descriptor: &MessageDescriptor) -> bool {
        let is = |number: u32, wanted: &Kind| {
            descriptor.get_field(number).is_some_and(|field| field.kind() == *wanted && !field.is_list())
        };
        let is_message = |number: u32, name: &str, list: bool| {
            descriptor.get_field(number).is_some_and(|field| {
                let kind = field.kind();
                field.is_list() == list && kind.as_message().is_some_and(|message| message.full_name() == name)
            })
        };
        match self {
            Self::Timestamp | Self::Duration => is(1, &Kind::Int64) && is(2, &Kind::Int32),
            Self::Any => is(1, &Kind::String) && is(2, &Kind::Bytes),
            Self::Struct => descriptor.get_field(1).is_some_and(|field| {
                let ty = FieldType::of(&field);
                matches!(ty, FieldType::Map { key: Kind::String, value: Kind::Message(value) }
                    if value.full_name() == "google.protobuf.Value")
            }),
            Self::Value => {
                let is_null = descriptor.get_field(1).is_some_and(|field| matches!(field.kind(), Kind::Enum(_)));
                is_null
                    && is(2, &Kind::Double)
                    && is(3, &Kind::String)
                    && is(4, &Kind::Bool)
                    && is_message(5, "google.protobuf.Struct", false)
                    && is_message(6, "google.protobuf.ListValue", false)
            }
            Self::ListValue => is_message(1, "google.protobuf.Value", true),
            Self::Wrapper(kind) => is(1, kind),
            Self::FieldMask => {
                descriptor.get_field(1).is_some_and(|field| field.is_list() && field.kind() == Kind::String)
            }
            Self::Empty => descriptor.fields().len() == 0,
        }
    }

    /// Whether inside an `Any` the value stands under `value`, because it is no mapping of fields.
    pub(super) fn stands_under_value(&self) -> bool {
        !matches!(self, Self::Empty)
    }

    /// What it is written as, in words.
    pub(super) fn form(&self) -> String {
        match self {
            Self::Timestamp => "a timestamp such as `2024-02-29T12:30:00Z`".to_owned(),
            Self::Duration => "a duration such as `1.5s`".to_owned(),
            Self::Any => "`{ $type: pkg.Msg, … }`".to_owned(),
            Self::Struct => "a mapping".to_owned(),
            Self::Value => "any YAML".to_owned(),
            Self::ListValue => "a list".to_owned(),
            Self::Wrapper(kind) => describe(&FieldType::Single(kind.clone())),
            Self::FieldMask => "a list of paths such as `[a, b.c]`".to_owned(),
            Self::Empty => "`{}`".to_owned(),
        }
    }

    /// Reads a type whose form is a scalar.
    pub(super) fn read_scalar(&self, raw: Raw<'_>, descriptor: &MessageDescriptor) -> Result<Value, Problem> {
        match self {
            Self::Timestamp => parse_timestamp(raw.text).map(|time| seconds(descriptor, time)),
            Self::Duration => parse_duration(raw.text).map(|length| seconds(descriptor, length)),
            Self::Wrapper(kind) => read_scalar(raw, kind).map(|value| wrap(descriptor, value)),
            Self::FieldMask => {
                let paths: Result<_, _> = match raw.text {
                    "" => Ok(Vec::new()),
                    text => text.split(',').map(mask_path).collect(),
                };
                paths.map(|paths| wrap(descriptor, Value::List(paths)))
            }
            Self::Value => json_scalar(raw, descriptor),
            Self::Any | Self::Struct | Self::ListValue | Self::Empty => {
                let what = if *self == Self::ListValue { "is a list" } else { "is a message" };
                Err(Problem::new(what, format!("expected {}, found a single value", self.form())))
            }
        }
    }
}

/// Whether it is `google.protobuf.NullValue`, for which `null` is a value.
pub(super) fn is_null_value(descriptor: &EnumDescriptor) -> bool {
    descriptor.full_name() == "google.protobuf.NullValue" && descriptor.get_value(0).is_some()
}

/// A message with the field 1 set: wrappers, lists and masks are no more than that.
pub(super) fn wrap(descriptor: &MessageDescriptor, value: Value) -> Value {
    set(descriptor, 1, value)
}

/// A message with one field set, which [`WellKnown::of`] has seen to be of that type.
pub(super) fn set(descriptor: &MessageDescriptor, number: u32, value: Value) -> Value {
    let mut message = DynamicMessage::new(descriptor.clone());
    if let Some(field) = descriptor.get_field(number)
        && (field.supports_presence() || !value.is_default_for_field(&field))
    {
        message.set_field(&field, value);
    }
    Value::Message(message)
}

pub(super) fn seconds(descriptor: &MessageDescriptor, time: Seconds) -> Value {
    let mut message = DynamicMessage::new(descriptor.clone());
    if time.seconds != 0 {
        message.set_field_by_number(1, Value::I64(time.seconds));
    }
    if time.nanos != 0 {
        message.set_field_by_number(2, Value::I32(time.nanos));
    }
    Value::Message(message)
}

/// What JSON says of a plain scalar, else text. `null` has been dealt with.
fn json_scalar(raw: Raw<'_>, descriptor: &MessageDescriptor) -> Result<Value, Problem> {
    if raw.written == Written::Plain {
        match raw.text {
            "true" => return Ok(set(descriptor, 4, Value::Bool(true))),
            "false" => return Ok(set(descriptor, 4, Value::Bool(false))),
            text if is_number(text) => {
                return read_scalar(raw, &Kind::Double).map(|number| set(descriptor, 2, number));
            }
            _ => {}
        }
    }
    Ok(set(descriptor, 3, Value::String(raw.text.to_owned())))
}

/// One path of a mask, in `snake_case`: JSON writes it in lowerCamelCase, the message holds proto names.
pub(super) fn mask_path(written: &str) -> Result<Value, Problem> {
    let problem = |label: &str, hint: &str| Err(Problem::new("is not a field mask", label).hint(hint));
    if written.is_empty() || written.split('.').any(str::is_empty) {
        return problem("a path is missing", "write paths as in `[name, address.city]`");
    }
    if written.contains(char::is_whitespace) {
        return problem("a path holds no space", "write the paths as a list, or joined by `,` alone");
    }
    if written.contains(',') {
        return problem("a path holds no `,`", "write each path as an item of its own");
    }
    let mut path = String::with_capacity(written.len());
    for letter in written.chars() {
        if letter.is_ascii_uppercase() {
            path.push('_');
        }
        path.push(letter.to_ascii_lowercase());
    }
    Ok(Value::String(path))
}

/// Whether a path that a message holds is written as it is.
pub(super) fn is_mask_path(path: &str) -> bool {
    mask_path(path).is_ok_and(|read| read.as_str() == Some(path))
}

impl Builder<'_> {
    /// A mask written as a list of paths.
    pub(super) fn field_mask(
        &mut self,
        items: &[Node],
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let mut paths = Vec::with_capacity(items.len());
        let (mut sound, mut later) = (true, false);
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            match self.required(item, &FieldType::Single(Kind::String), &path) {
                Some(Built::Value(Value::String(written))) => match mask_path(&written) {
                    Ok(read) => paths.push(read),
                    Err(problem) => {
                        self.out.push(problem.at(item.span, &path));
                        sound = false;
                    }
                },
                Some(_) => later = true,
                None => sound = false,
            }
        }
        sound.then(|| if later { Built::Later } else { Built::Value(wrap(descriptor, Value::List(paths))) })
    }
}
