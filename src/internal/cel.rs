//! Expressions, for the conformance files of CEL.

use prost_reflect::{DescriptorPool, DynamicMessage};

/// A value of an expression; typed exactly, so that an int is no uint.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are CEL's")]
pub enum CelValue {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    Timestamp {
        seconds: i64,
        nanos: i32,
    },
    Duration {
        seconds: i64,
        nanos: i32,
    },
    Message(DynamicMessage),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    /// By its name.
    Type(String),
}

/// Checks an expression, and evaluates it.
///
/// # Errors
/// What is wrong with it, or with what it came to, in one line.
pub fn evaluate(
    _source: &str,
    _bindings: &[(String, CelValue)],
    _container: &str,
    _pool: &DescriptorPool,
) -> Result<CelValue, String> {
    Err("expressions are not there yet".to_owned())
}
