//! Fields and extensions alike ([`Field`]), the type a node is read by ([`FieldType`]), and how both are found and named.

use std::borrow::Cow;
use std::sync::Arc;

use prost_reflect::{
    DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, Value,
};

use super::FieldPath;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned, did_you_mean, one_of};

/// The type a node is read by: a field's, an element's, a map value's, or a whole message's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FieldType {
    /// A scalar, enum or message.
    Single(Kind),
    List(Kind),
    Map {
        key: Kind,
        value: Kind,
    },
}

/// A field of a message, declared in it or by an extension.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    Declared(FieldDescriptor),
    Extension(ExtensionDescriptor),
}

impl FieldType {
    pub(crate) fn of(field: &FieldDescriptor) -> Self {
        Self::new(field.kind(), field.is_list(), field.is_map())
    }

    pub(crate) fn message(descriptor: MessageDescriptor) -> Self {
        Self::Single(Kind::Message(descriptor))
    }

    fn new(kind: Kind, list: bool, map: bool) -> Self {
        match kind {
            Kind::Message(entry) if map => {
                Self::Map { key: entry.map_entry_key_field().kind(), value: entry.map_entry_value_field().kind() }
            }
            kind if list => Self::List(kind),
            kind => Self::Single(kind),
        }
    }
}

impl Field {
    /// As written in YAML: the proto name, or `[pkg.ext]`.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Declared(field) => Cow::Borrowed(field.name()),
            Self::Extension(extension) => Cow::Owned(format!("[{}]", extension.full_name())),
        }
    }

    pub(crate) fn number(&self) -> u32 {
        match self {
            Self::Declared(field) => field.number(),
            Self::Extension(extension) => extension.number(),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Declared(field) => field.kind(),
            Self::Extension(extension) => extension.kind(),
        }
    }

    /// A group is a message that is framed otherwise on the wire.
    pub(super) fn is_group(&self) -> bool {
        match self {
            Self::Declared(field) => field.is_group(),
            Self::Extension(extension) => extension.is_group(),
        }
    }

    pub(crate) fn ty(&self) -> FieldType {
        match self {
            Self::Declared(field) => FieldType::of(field),
            Self::Extension(field) => FieldType::new(field.kind(), field.is_list(), field.is_map()),
        }
    }

    /// Whether set and default can be told apart.
    pub(crate) fn supports_presence(&self) -> bool {
        match self {
            Self::Declared(field) => field.supports_presence(),
            Self::Extension(extension) => extension.supports_presence(),
        }
    }

    /// The oneof as written; not the synthetic one of a proto3 `optional`.
    pub(crate) fn containing_oneof(&self) -> Option<OneofDescriptor> {
        match self {
            Self::Declared(field) => field.containing_oneof().filter(|oneof| !oneof.is_synthetic()),
            Self::Extension(_) => None,
        }
    }

    /// What CEL's `has()` says: set, or without presence, not the default.
    pub(crate) fn is_set(&self, message: &DynamicMessage) -> bool {
        match self {
            Self::Declared(field) => message.has_field(field),
            Self::Extension(extension) => message.has_extension(extension),
        }
    }

    /// The value, or its default.
    pub(crate) fn get<'m>(&self, message: &'m DynamicMessage) -> Cow<'m, Value> {
        match self {
            Self::Declared(field) => message.get_field(field),
            Self::Extension(extension) => message.get_extension(extension),
        }
    }

    pub(super) fn is_default(&self, value: &Value) -> bool {
        match self {
            Self::Declared(field) => value.is_default_for_field(field),
            Self::Extension(extension) => value.is_default_for_extension(extension),
        }
    }

    pub(super) fn set(&self, message: &mut DynamicMessage, value: Value) {
        match self {
            Self::Declared(field) => message.set_field(field, value),
            Self::Extension(extension) => message.set_extension(extension, value),
        }
    }
}

/// The field a key names: by proto name, by lowerCamelCase, or an extension as `[pkg.ext]`. `path` is the message's.
pub(crate) fn find_field(
    descriptor: &MessageDescriptor,
    key: &Spanned<Arc<str>>,
    path: &FieldPath,
    out: &mut Diagnostics,
) -> Option<Field> {
    let name = &*key.value;
    let declared = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
    let field =
        declared.map(Field::Declared).or_else(|| descriptor.get_extension_by_json_name(name).map(Field::Extension));
    if field.is_none() {
        out.push(unknown_field(descriptor, key, path));
    }
    field
}

fn unknown_field(descriptor: &MessageDescriptor, key: &Spanned<Arc<str>>, path: &FieldPath) -> Diagnostic {
    let name = &*key.value;
    let error = Diagnostic::error(format!("unknown field `{}`", path.field(name)));
    if name.starts_with('[') {
        let known: Vec<_> = descriptor.extensions().map(|extension| format!("[{}]", extension.full_name())).collect();
        let known = known.iter().map(String::as_str);
        return error
            .at(key.span, format!("no such extension of `{}`", descriptor.full_name()))
            .hints(did_you_mean(name, known.clone()))
            .hint(format!("its extensions are {}", one_of(known)));
    }
    let fields: Vec<_> = descriptor.fields().collect();
    let mut names: Vec<_> = fields.iter().map(FieldDescriptor::name).collect();
    let error = error
        .at(key.span, format!("not a field of `{}`", descriptor.full_name()))
        .hints(did_you_mean(name, names.iter().copied().chain(fields.iter().map(FieldDescriptor::json_name))));
    names.dedup();
    if names.is_empty() {
        error.hint("it has no fields")
    } else {
        error.hint(format!("its fields are {}", one_of(names)))
    }
}

/// A type as a proto file writes it: `int32`, `repeated string`, `map<string, pkg.Msg>`.
pub(crate) fn kind_name(ty: &FieldType) -> String {
    match ty {
        FieldType::Single(kind) => single_name(kind),
        FieldType::List(kind) => format!("repeated {}", single_name(kind)),
        FieldType::Map { key, value } => format!("map<{}, {}>", single_name(key), single_name(value)),
    }
}

pub(super) fn single_name(kind: &Kind) -> String {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Message(message) => message.full_name(),
        Kind::Enum(enumeration) => enumeration.full_name(),
    }
    .to_owned()
}
