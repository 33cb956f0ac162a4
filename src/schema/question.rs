//! What server reflection is asked, and what it answers: `grpc.reflection.v1`, and `v1alpha` beneath the same numbers.

use std::fmt;

use bytes::Bytes;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Which services there are.
    Services,
    /// The file that declares a symbol, by its full name.
    Symbol(String),
    /// A file by its name.
    File(String),
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Full names.
    Services(Vec<String>),
    /// `FileDescriptorProto`s, as they came: the one asked for, and perhaps what it imports.
    Files(Vec<Bytes>),
    /// What was asked for is not there, or not given: why.
    Refused(String),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Services => write!(f, "its services"),
            Self::Symbol(name) | Self::File(name) => write!(f, "`{name}`"),
        }
    }
}
