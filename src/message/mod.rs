//! Messages: YAML node → `DynamicMessage`, typed by descriptor, every error with span and field path, all at once;
//! bytes → message with depth limits; message → YAML text for reports.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};

use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::{Env, Scope};
use crate::yaml::Node;

mod path;

pub(crate) use path::FieldPath;

/// What is known while nodes are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) env: &'a Env,
    /// Whether `$file` operands are read: `check` reads only those of selected cases.
    pub(crate) read_files: bool,
}

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

impl FieldType {
    pub(crate) fn of(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                Self::Map { key: entry.map_entry_key_field().kind(), value: entry.map_entry_value_field().kind() }
            }
            kind if field.is_list() => Self::List(kind),
            kind => Self::Single(kind),
        }
    }

    pub(crate) fn message(descriptor: MessageDescriptor) -> Self {
        Self::Single(Kind::Message(descriptor))
    }
}

/// A request as planned: constant, or with holes that are filled when the case runs.
#[derive(Debug, Clone)]
pub(crate) enum MessageTemplate {
    Constant(Arc<DynamicMessage>),
}

impl MessageTemplate {
    /// Reads a request.
    pub(crate) fn build(
        _node: &Node,
        _descriptor: &MessageDescriptor,
        _context: &Context<'_>,
        _out: &mut Diagnostics,
    ) -> Option<Self> {
        None
    }

    /// The message, its holes filled.
    pub(crate) fn fill(&self, _scope: &Scope) -> Result<Arc<DynamicMessage>, Vec<Diagnostic>> {
        match self {
            Self::Constant(message) => Ok(Arc::clone(message)),
        }
    }
}
