//! Message → `ProtoJSON`, for tools that take that.

use prost_reflect::{DynamicMessage, SerializeOptions};

/// One line of JSON, fields under their proto names, keys in alphabetical order: the same for equal messages, whatever
/// the order of their maps. The error says what has no JSON, such as an `Any` of unknown type.
pub(crate) fn to_json(message: &DynamicMessage) -> Result<String, serde_json::Error> {
    let options = SerializeOptions::new().use_proto_field_name(true);
    Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?.to_string())
}
