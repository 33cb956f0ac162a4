//! Bytes → message.

use prost_reflect::{DynamicMessage, MessageDescriptor};

/// Why bytes are no message, in words: what is wrong, in which field, at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DecodeError(String);

/// Reads a message; nested at most 100 deep. Unknown fields are kept.
pub(crate) fn decode(bytes: &[u8], descriptor: &MessageDescriptor) -> Result<DynamicMessage, DecodeError> {
    DynamicMessage::decode(descriptor.clone(), bytes).map_err(|error| DecodeError(error.to_string()))
}
