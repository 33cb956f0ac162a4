//! What planning makes of a node: a constant, or a value with holes (`${env.X}`) that is built when the case runs.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use super::{Context, FieldPath, FieldType, build_value};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::Scope;
use crate::yaml::Node;

/// A value of any type as planned.
#[derive(Debug, Clone)]
pub(crate) enum ValueTemplate {
    /// Known before the run.
    Constant(Value),
    /// Checked as far as possible, and built from its node once every name has a value.
    Deferred(Box<Deferred>),
}

#[derive(Debug, Clone)]
pub(crate) struct Deferred {
    pub(super) node: Node,
    pub(super) ty: FieldType,
    pub(super) path: FieldPath,
    pub(super) sources: Arc<Sources>,
}

/// A request as planned.
#[derive(Debug, Clone)]
pub(crate) enum MessageTemplate {
    Constant(Arc<DynamicMessage>),
    Deferred(Box<Deferred>),
}

impl ValueTemplate {
    /// The value, its holes filled. Errors point at the template (or at what it stands for).
    pub(crate) fn fill(&self, _scope: &Scope) -> Result<Value, Vec<Diagnostic>> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Deferred(_) => Err(Vec::new()),
        }
    }
}

impl MessageTemplate {
    /// Reads a request.
    pub(crate) fn build(
        node: &Node,
        descriptor: &MessageDescriptor,
        context: &Context<'_>,
        out: &mut Diagnostics,
    ) -> Option<Self> {
        match build_value(node, &FieldType::message(descriptor.clone()), &FieldPath::new(), context, out)? {
            ValueTemplate::Constant(Value::Message(message)) => Some(Self::Constant(Arc::new(message))),
            ValueTemplate::Constant(_) => None,
            ValueTemplate::Deferred(deferred) => Some(Self::Deferred(deferred)),
        }
    }

    /// The message, its holes filled.
    pub(crate) fn fill(&self, _scope: &Scope) -> Result<Arc<DynamicMessage>, Vec<Diagnostic>> {
        match self {
            Self::Constant(message) => Ok(Arc::clone(message)),
            Self::Deferred(_) => Err(Vec::new()),
        }
    }
}
