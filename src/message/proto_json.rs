//! Message → `ProtoJSON`, for tools that take that.

use prost_reflect::{DynamicMessage, SerializeOptions};

/// One line of JSON, fields under their proto names; the error says what has no JSON, such as an `Any` of unknown type.
pub(crate) fn to_json(message: &DynamicMessage) -> Result<String, serde_json::Error> {
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut json);
    message.serialize_with_options(&mut serializer, &SerializeOptions::new().use_proto_field_name(true))?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}
