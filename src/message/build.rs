//! Node → value.

use std::sync::Arc;

use prost_reflect::{DescriptorPool, Kind, MapKey, MessageDescriptor};

use super::{FieldPath, FieldType, ValueTemplate};
use crate::diagnostic::{Diagnostics, Sources, Span};
use crate::expr::Env;
use crate::yaml::{Entry, Node};

/// What is known while nodes are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Shared, because a value with holes keeps them until the case runs.
    pub(crate) sources: &'a Arc<Sources>,
    pub(crate) env: &'a Env,
    /// Whether `$file` operands are read: `check` reads only those of selected cases.
    pub(crate) read_files: bool,
}

/// A value of any type: a field's, an element's (`FieldType::Single`), a whole message. Operators that make values
/// (`$hex`, `$file`, …) are read; those that only expect (`$between`) are errors, as is a plain `null` that no
/// `google.protobuf.Value` takes.
pub(crate) fn build_value(
    _node: &Node,
    _ty: &FieldType,
    _path: &FieldPath,
    _context: &Context<'_>,
    _out: &mut Diagnostics,
) -> Option<ValueTemplate> {
    None
}

/// A map's key by the key's type; `$$name` is the text `$name`.
pub(crate) fn map_key(_entry: &Entry, _kind: &Kind, _path: &FieldPath, _out: &mut Diagnostics) -> Option<MapKey> {
    None
}

/// The message type an `Any` or `$type` names, with or without `type.googleapis.com/`.
pub(crate) fn resolve_any(
    _name: &str,
    _pool: &DescriptorPool,
    _span: Span,
    _out: &mut Diagnostics,
) -> Option<MessageDescriptor> {
    None
}
