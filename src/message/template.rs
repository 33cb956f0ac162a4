//! What planning makes of a node: a constant, or a value with holes (`${env.X}`) that is built when the case runs.

use std::sync::{Arc, Mutex, PoisonError};

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};

use super::build::{Builder, Built, Names};
use super::file::Files;
use super::{Context, FieldPath, FieldType, build_value};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
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

/// A request as planned.
#[derive(Debug, Clone)]
pub(crate) enum MessageTemplate {
    Constant(Arc<DynamicMessage>),
    Deferred(Box<Deferred>),
}

/// What is needed to build a value.
#[derive(Debug, Clone)]
pub(crate) struct Deferred {
    node: Node,
    ty: FieldType,
    path: FieldPath,
    sources: Arc<Sources>,
    pool: DescriptorPool,
    /// Kept from one run of the case to the next.
    files: Arc<Mutex<Files>>,
}

impl ValueTemplate {
    pub(super) fn deferred(node: &Node, ty: &FieldType, path: &FieldPath, context: &Context<'_>) -> Self {
        Self::Deferred(Box::new(Deferred {
            node: node.clone(),
            ty: ty.clone(),
            path: path.clone(),
            sources: Arc::clone(context.sources),
            pool: context.pool.clone(),
            files: Arc::default(),
        }))
    }

    /// As [`Self::fill`]; `None` where it comes to null.
    pub(crate) fn fill_unless_null(&self, scope: &Scope) -> Result<Option<Value>, Vec<Diagnostic>> {
        match self {
            Self::Constant(value) => Ok(Some(value.clone())),
            Self::Deferred(deferred) => deferred.build_unless_null(scope),
        }
    }

    /// The value, its holes filled. Errors point at the template, or at what it stands for.
    pub(crate) fn fill(&self, scope: &Scope) -> Result<Value, Vec<Diagnostic>> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Deferred(deferred) => deferred.build(scope),
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
            ValueTemplate::Constant(value) => into_message(value).map(|message| Self::Constant(Arc::new(message))),
            ValueTemplate::Deferred(deferred) => Some(Self::Deferred(deferred)),
        }
    }

    /// The message, its holes filled.
    pub(crate) fn fill(&self, scope: &Scope) -> Result<Arc<DynamicMessage>, Vec<Diagnostic>> {
        match self {
            Self::Constant(message) => Ok(Arc::clone(message)),
            Self::Deferred(deferred) => {
                let value = deferred.build(scope)?;
                into_message(value).map(Arc::new).ok_or_else(|| deferred.without_value())
            }
        }
    }
}

/// A message type is only ever read to a message.
fn into_message(value: Value) -> Option<DynamicMessage> {
    match value {
        Value::Message(message) => Some(message),
        _ => None,
    }
}

impl Deferred {
    fn build(&self, scope: &Scope) -> Result<Value, Vec<Diagnostic>> {
        match self.walk(scope, |builder| builder.required(&self.node, &self.ty, &self.path))? {
            Built::Value(value) => Ok(value),
            Built::Null | Built::Later => Err(self.without_value()),
        }
    }

    fn build_unless_null(&self, scope: &Scope) -> Result<Option<Value>, Vec<Diagnostic>> {
        match self.walk(scope, |builder| builder.value(&self.node, &self.ty, &self.path))? {
            Built::Value(value) => Ok(Some(value)),
            Built::Null => Ok(None),
            Built::Later => Err(self.without_value()),
        }
    }

    fn walk(
        &self,
        scope: &Scope,
        read: impl FnOnce(&mut Builder<'_>) -> Option<Built>,
    ) -> Result<Built, Vec<Diagnostic>> {
        let mut out = Diagnostics::new();
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let names = Names::Running(scope);
        let built = read(&mut Builder::new(&self.sources, &self.pool, names, &mut files, true, &mut out));
        built.ok_or_else(|| out.into_iter().filter(|problem| problem.severity == Severity::Error).collect())
    }

    /// Said for completeness: when a case runs, every name has a value or is reported.
    fn without_value(&self) -> Vec<Diagnostic> {
        let headline = format!("{} has no value", self.path.subject());
        vec![Diagnostic::error(headline).at(self.node.span, "nothing has set it so far")]
    }
}
