//! What must not reach prost-reflect, which panics on it, at once or later: looked for before every insertion.

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorProto};

/// Why a file cannot be taken, if so: the rest of a sentence that begins with its name.
pub(super) fn refuse(file: &FileDescriptorProto) -> Option<String> {
    match file.syntax() {
        "" | "proto2" | "proto3" => {}
        "editions" => return Some("is written in a protobuf edition, and proto2 and proto3 are understood".to_owned()),
        syntax => return Some(format!("has the unknown syntax `{syntax}`")),
    }
    let broken = file.message_type.iter().find_map(broken_map_entry)?;
    Some(format!("declares `{broken}` as the entry of a map, without a key and a value"))
}

/// A message marked as a map's entry that is none, the message itself or one in it. (Decoding bounds the depth.)
fn broken_map_entry(message: &DescriptorProto) -> Option<&str> {
    let is_entry = message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry);
    if is_entry && !has_key_and_value(message) {
        return Some(message.name());
    }
    message.nested_type.iter().find_map(broken_map_entry)
}

fn has_key_and_value(entry: &DescriptorProto) -> bool {
    let field = |number| entry.field.iter().find(move |field| field.number() == number);
    let is_key =
        |of: Type| !matches!(of, Type::Float | Type::Double | Type::Bytes | Type::Enum | Type::Message | Type::Group);
    field(1).is_some_and(|key| is_key(key.r#type()) && key.type_name.is_none()) && field(2).is_some()
}
