//! The type an expectation is read by: a field's, or that of parsed JSON. Main type: [`ValueType`].

use std::fmt::Write as _;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value};

use super::json;
use super::operator::Classes;
use crate::message::{FieldType, WellKnown, kind_name, render_value};

/// The type of what an expectation speaks of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ValueType {
    Field(FieldType),
    /// Bytes, shown as they were written: in hexadecimal digits.
    Hex,
    /// A length, or how many there are of something.
    Count,
    /// JSON: the inside of a `google.protobuf.Struct` and its like, or of a text under `$json`.
    Json(JsonForm),
}

/// What a JSON value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonForm {
    Any,
    Object,
    Array,
}

/// A type as the compiler meets it, well-known types told apart.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// A scalar or an enum.
    Scalar(Kind),
    Timestamp,
    Duration,
    Any,
    /// `google.protobuf.Int32Value` and its like: read as their value.
    Wrapper(Kind),
    /// Read as the list of its paths.
    FieldMask,
    /// `google.protobuf.Struct`, `Value`, `ListValue`: read as the JSON in it.
    Tree(JsonForm),
    Message(MessageDescriptor),
    List(Kind),
    Map {
        key: Kind,
        value: Kind,
    },
    Json(JsonForm),
}

static WELL_KNOWN: LazyLock<DescriptorPool> = LazyLock::new(DescriptorPool::global);

/// A type of `google.protobuf` that any schema has, `None` for no such name.
pub(super) fn well_known(name: &str) -> Option<MessageDescriptor> {
    WELL_KNOWN.get_message_by_name(&format!("google.protobuf.{name}"))
}

/// A `google.protobuf.Duration` of so many nanoseconds.
pub(super) fn duration_value(nanoseconds: i128) -> Option<Value> {
    const SECOND: i128 = 1_000_000_000;
    let mut message = DynamicMessage::new(well_known("Duration")?);
    let seconds = i64::try_from(nanoseconds / SECOND).ok()?;
    let nanos = i32::try_from(nanoseconds % SECOND).ok()?;
    message.try_set_field_by_number(1, Value::I64(seconds)).ok()?;
    message.try_set_field_by_number(2, Value::I32(nanos)).ok()?;
    Some(Value::Message(message))
}

impl ValueType {
    pub(super) const JSON: Self = Self::Json(JsonForm::Any);
    pub(super) const STRING: Self = Self::single(Kind::String);

    pub(super) const fn single(kind: Kind) -> Self {
        Self::Field(FieldType::Single(kind))
    }

    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Json(form) => Shape::Json(*form),
            Self::Hex => Shape::Scalar(Kind::Bytes),
            Self::Count => Shape::Scalar(Kind::Uint64),
            Self::Field(FieldType::List(kind)) => Shape::List(kind.clone()),
            Self::Field(FieldType::Map { key, value }) => Shape::Map { key: key.clone(), value: value.clone() },
            Self::Field(FieldType::Single(Kind::Message(descriptor))) => match WellKnown::of(descriptor) {
                Some(WellKnown::Timestamp) => Shape::Timestamp,
                Some(WellKnown::Duration) => Shape::Duration,
                Some(WellKnown::Any) => Shape::Any,
                Some(WellKnown::Struct) => Shape::Tree(JsonForm::Object),
                Some(WellKnown::Value) => Shape::Tree(JsonForm::Any),
                Some(WellKnown::ListValue) => Shape::Tree(JsonForm::Array),
                Some(WellKnown::Wrapper(kind)) => Shape::Wrapper(kind),
                Some(WellKnown::FieldMask) => Shape::FieldMask,
                Some(WellKnown::Empty) | None => Shape::Message(descriptor.clone()),
            },
            Self::Field(FieldType::Single(kind)) => Shape::Scalar(kind.clone()),
        }
    }

    /// Of an element of a list, if it is one.
    pub(super) fn element(&self) -> Option<Self> {
        match self {
            Self::Field(FieldType::List(kind)) => Some(Self::single(kind.clone())),
            Self::Json(JsonForm::Any | JsonForm::Array) => Some(Self::JSON),
            _ => None,
        }
    }

    /// As a proto file writes it, or `JSON`.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Field(ty) => kind_name(ty),
            Self::Hex => "bytes".to_owned(),
            Self::Count => "count".to_owned(),
            Self::Json(JsonForm::Any) => "JSON".to_owned(),
            Self::Json(JsonForm::Object) => "JSON object".to_owned(),
            Self::Json(JsonForm::Array) => "JSON array".to_owned(),
        }
    }

    /// A value with the name of its type, which JSON knows only from the value: `42 (int32)`. A count needs none.
    pub(super) fn describe(&self, value: &Value) -> String {
        match self {
            Self::Field(ty) => format!("{} ({})", self.render(value), kind_name(ty)),
            Self::Hex => format!("{} (bytes)", self.render(value)),
            Self::Json(_) => format!("{} ({})", json::render(value), json::type_name(value)),
            Self::Count => self.render(value),
        }
    }

    /// Of a duration below a second: in milliseconds or microseconds, exactly.
    fn short_time(&self, value: &Value) -> Option<String> {
        let (Shape::Duration, Value::Message(message)) = (self.shape(), value) else { return None };
        if message.get_field_by_number(1)?.as_i64() != Some(0) {
            return None;
        }
        let nanoseconds = message.get_field_by_number(2)?.as_i32()?;
        let (unit, digits, name) = match nanoseconds.unsigned_abs() {
            1..1_000_000 => (1_000, 3, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, 6, "ms"),
            _ => return None,
        };
        let sign = if nanoseconds < 0 { "-" } else { "" };
        let (whole, rest) = (nanoseconds.unsigned_abs() / unit, nanoseconds.unsigned_abs() % unit);
        let fraction = format!("{rest:0digits$}");
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        Some(format!("{sign}{whole}{point}{fraction}{name}"))
    }

    /// On one line, shortened.
    pub(super) fn render(&self, value: &Value) -> String {
        match self {
            Self::Field(ty) => self.short_time(value).unwrap_or_else(|| render_value(value, ty)),
            Self::Hex => hex(value),
            Self::Count => value.to_string(),
            Self::Json(_) => json::render(value),
        }
    }
}

/// `{ $hex: 0a0b }`, shortened.
fn hex(value: &Value) -> String {
    const SHOWN: usize = 90;
    /// From here on zeros are counted.
    const ZEROS: usize = 24;
    let bytes = value.as_bytes().map_or(&[][..], |bytes| bytes);
    let digits = bytes.iter().take(SHOWN).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    match bytes.len() {
        zeros @ ZEROS.. if bytes.iter().all(|byte| *byte == 0) => format!("{{ $zeros: {zeros} }}"),
        0 => "{ $hex: \"\" }".to_owned(),
        1..=SHOWN => format!("{{ $hex: {digits} }}"),
        length => format!("{{ $hex: {digits}… }} ({length} bytes)"),
    }
}

impl Shape {
    /// What operators see in it.
    pub(super) fn classes(&self) -> Classes {
        match self {
            Self::Scalar(kind) | Self::Wrapper(kind) => match kind {
                Kind::Bool => Classes::BOOL,
                Kind::String => Classes::STRING,
                Kind::Bytes => Classes::BYTES,
                Kind::Enum(_) => Classes::ENUM,
                Kind::Message(_) => Classes::MESSAGE,
                _ => Classes::NUMBER,
            },
            Self::Timestamp => Classes::TIMESTAMP,
            Self::Duration => Classes::DURATION,
            Self::Any => Classes::ANY,
            Self::FieldMask | Self::List(_) | Self::Tree(JsonForm::Array) | Self::Json(JsonForm::Array) => {
                Classes::LIST
            }
            Self::Message(_) => Classes::MESSAGE,
            Self::Map { .. } | Self::Tree(JsonForm::Object) | Self::Json(JsonForm::Object) => Classes::MAP,
            Self::Tree(JsonForm::Any) | Self::Json(JsonForm::Any) => {
                Classes::NUMBER.or(Classes::BOOL).or(Classes::STRING).or(Classes::LIST).or(Classes::MAP)
            }
        }
    }
}
