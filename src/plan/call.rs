//! One call, resolved: method, server, deadline, what is sent, what is expected.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};

use super::MetadataTemplate;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::expr::Scope;
use crate::matcher::Expectation;
use crate::message::{Context, MessageTemplate};
use crate::schema::{MethodName, Schema};
use crate::spec::{Payload, Step};
use crate::yaml::{Node, NodeKind};

/// A call that can be made.
#[derive(Debug)]
pub(crate) struct PlannedCall {
    pub(crate) span: Span,
    pub(crate) server: String,
    pub(crate) method: MethodDescriptor,
    /// `/pkg.Service/Method`.
    pub(crate) path: Arc<str>,
    pub(crate) metadata: MetadataTemplate,
    pub(crate) timeout: Duration,
    /// One for a method that takes one message.
    pub(crate) requests: Vec<RequestMessage>,
    pub(crate) expectation: Expectation,
}

/// A message to send: encoded when it was planned, or filled in when the case runs.
#[derive(Debug, Clone)]
pub(crate) enum RequestMessage {
    Encoded { message: Arc<DynamicMessage>, bytes: Bytes },
    Template(MessageTemplate),
}

impl RequestMessage {
    fn new(template: MessageTemplate) -> Self {
        match template {
            MessageTemplate::Constant(message) => {
                let bytes = message.encode_to_vec().into();
                Self::Encoded { message, bytes }
            }
            deferred @ MessageTemplate::Deferred(_) => Self::Template(deferred),
        }
    }

    /// The message and its bytes, holes filled from `scope`.
    pub(crate) fn resolve(&self, scope: &Scope) -> Result<(Arc<DynamicMessage>, Bytes), Vec<Diagnostic>> {
        match self {
            Self::Encoded { message, bytes } => Ok((Arc::clone(message), bytes.clone())),
            Self::Template(template) => {
                let message = template.fill(scope)?;
                let bytes = message.encode_to_vec().into();
                Ok((message, bytes))
            }
        }
    }
}

pub(super) fn plan_call(
    step: &Step,
    schema: &Schema,
    context: &Context<'_>,
    out: &mut Diagnostics,
) -> Option<PlannedCall> {
    let service = step.service.as_ref().map(|service| service.value.as_str());
    let name = MethodName::parse(&step.call, service, out)?;
    let method = schema.method(&name, step.call.span, out)?;
    let requests = plan_requests(step, &method, context, out);
    let metadata = MetadataTemplate::build(&step.metadata, context, out);
    let expectation = Expectation::compile(step.expect.as_ref(), step.call.span, &method, context, out);
    Some(PlannedCall {
        span: step.call.span,
        server: step.server.value.clone(),
        path: format!("/{}/{}", method.parent_service().full_name(), method.name()).into(),
        metadata: metadata?,
        timeout: step.timeout,
        requests: requests?,
        expectation: expectation?,
        method,
    })
}

fn plan_requests(
    step: &Step,
    method: &MethodDescriptor,
    context: &Context<'_>,
    out: &mut Diagnostics,
) -> Option<Vec<RequestMessage>> {
    let input = method.input();
    match &step.payload {
        Payload::One(node) if !method.is_client_streaming() => {
            let empty = Node { span: step.call.span, kind: NodeKind::Mapping([].into()) };
            let node = node.as_ref().unwrap_or(&empty);
            Some(vec![RequestMessage::new(MessageTemplate::build(node, &input, context, out)?)])
        }
        Payload::One(None) => Some(Vec::new()),
        Payload::One(Some(node)) => {
            out.push(
                Diagnostic::error(format!("`{}` takes a stream of messages", method.name()))
                    .at(node.span, "one message")
                    .hint("write `requests:` with a list of messages"),
            );
            None
        }
        Payload::Many { span, .. } if !method.is_client_streaming() => {
            out.push(
                Diagnostic::error(format!("`{}` takes one message", method.name()))
                    .at(*span, "a list of messages")
                    .hint("write `request:` with one message"),
            );
            None
        }
        Payload::Many { items, .. } => {
            let built: Vec<_> = items.iter().map(|item| MessageTemplate::build(item, &input, context, out)).collect();
            built.into_iter().map(|template| template.map(RequestMessage::new)).collect()
        }
    }
}
