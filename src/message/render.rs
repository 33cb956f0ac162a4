//! Message → YAML text for reports.

use prost_reflect::{DynamicMessage, Value};

use super::FieldType;

/// How much of a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) lines: usize,
    /// Of one string, in characters; of one `bytes`, in bytes.
    pub(crate) text: usize,
}

impl Limits {
    /// For a failure's report.
    pub(crate) const REPORT: Self = Self { lines: 60, text: 240 };
    /// Everything: what is rendered reads back as an equal message.
    pub(crate) const NONE: Self = Self { lines: usize::MAX, text: usize::MAX };
}

/// YAML as it may be written in a case: proto names, well-known types in their short form, unknown fields as comments.
/// Each line ends with a line break.
pub(crate) fn render(_message: &DynamicMessage, _limits: Limits) -> String {
    String::new()
}

/// A value on one line, shortened, for a failure's `actual`.
pub(crate) fn render_value(_value: &Value, _ty: &FieldType) -> String {
    String::new()
}
