//! Static types: what planning knows of a value before there is one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

/// The static type of an expression or a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty {
    /// Not known before the run.
    Any,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Enum(EnumDescriptor),
    Message(MessageDescriptor),
    List(Box<Ty>),
    Map(Box<Ty>, Box<Ty>),
    /// Fixed members: `status`, `steps`, `steps.ID`.
    Record(Arc<BTreeMap<Arc<str>, Ty>>),
    /// A value or none, as `.?field` gives it.
    Optional(Box<Ty>),
}

impl Ty {
    pub(crate) fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    pub(crate) fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    pub(crate) fn record<'a>(members: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Record(Arc::new(members.into_iter().map(|(name, ty)| (Arc::from(name), ty)).collect()))
    }

    /// Of a field read in an expression: wrappers, `Any`, `Value` and the like are what they hold.
    pub(crate) fn of_field(field: &FieldDescriptor) -> Self {
        if field.is_map()
            && let Kind::Message(entry) = field.kind()
        {
            return Self::map(
                Self::of_kind(&entry.map_entry_key_field().kind()),
                Self::of_kind(&entry.map_entry_value_field().kind()),
            );
        }
        let element = Self::of_kind(&field.kind());
        if field.is_list() { Self::list(element) } else { element }
    }

    /// Of a single value.
    pub(crate) fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::String => Self::String,
            Kind::Bytes => Self::Bytes,
            Kind::Double | Kind::Float => Self::Double,
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Self::Int,
            Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 => Self::Uint,
            Kind::Enum(descriptor) if descriptor.full_name() == "google.protobuf.NullValue" => Self::Null,
            Kind::Enum(descriptor) => Self::Enum(descriptor.clone()),
            Kind::Message(descriptor) => Self::of_message(descriptor),
        }
    }

    pub(crate) fn of_message(descriptor: &MessageDescriptor) -> Self {
        match descriptor.full_name() {
            "google.protobuf.Timestamp" => Self::Timestamp,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.Struct" => Self::map(Self::String, Self::Any),
            "google.protobuf.ListValue" => Self::list(Self::Any),
            // an unset wrapper is null, so nothing is sure
            "google.protobuf.Any"
            | "google.protobuf.Value"
            | "google.protobuf.BoolValue"
            | "google.protobuf.StringValue"
            | "google.protobuf.BytesValue"
            | "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int32Value"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.UInt64Value" => Self::Any,
            _ => Self::Message(descriptor.clone()),
        }
    }

    /// In a word, without an article: `string`.
    pub(super) fn noun(&self) -> String {
        let words = self.to_string();
        words.strip_prefix("a ").or_else(|| words.strip_prefix("an ")).unwrap_or(&words).to_owned()
    }

    /// Whether no value of this type can be joined into text.
    pub(super) fn is_never_text(&self) -> bool {
        matches!(self, Self::Null | Self::Bytes | Self::Message(_) | Self::List(_) | Self::Map(..) | Self::Record(_))
    }
}

/// In words: `a string`, `a list of ints`, `a shop.v1.Order`.
impl fmt::Display for Ty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("a value"),
            Self::Null => formatter.write_str("null"),
            Self::Bool => formatter.write_str("a bool"),
            Self::Int => formatter.write_str("an int"),
            Self::Uint => formatter.write_str("a uint"),
            Self::Double => formatter.write_str("a double"),
            Self::String => formatter.write_str("a string"),
            Self::Bytes => formatter.write_str("bytes"),
            Self::Timestamp => formatter.write_str("a timestamp"),
            Self::Duration => formatter.write_str("a duration"),
            Self::Enum(descriptor) => write!(formatter, "an enum `{}`", descriptor.full_name()),
            Self::Message(descriptor) => write!(formatter, "a message `{}`", descriptor.full_name()),
            Self::List(_) => formatter.write_str("a list"),
            Self::Map(..) => formatter.write_str("a map"),
            Self::Record(_) => formatter.write_str("a group of values"),
            Self::Optional(_) => formatter.write_str("an optional"),
        }
    }
}
