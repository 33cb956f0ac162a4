//! The well-known types that ProtoJSON writes in a form of their own.

use prost_reflect::{Kind, MessageDescriptor};

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
    pub(crate) fn of(_descriptor: &MessageDescriptor) -> Option<Self> {
        None
    }
}
