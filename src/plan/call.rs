//! One call, resolved: method, server, deadline, what is sent, what is expected.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};

use super::capture::plan_captures;
use super::names::later;
use super::{MetadataTemplate, PlannedCapture, PlannedScript, Planner};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::expr::{Env, Scope, Ty};
use crate::grpc::Compression;
use crate::matcher::{Expectation, Named, Subject, types_of_reply, types_of_sent};
use crate::message::{Context, MessageTemplate};
use crate::schema::MethodName;
use crate::spec::{Call, Eventually, Payload};
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
    /// What messages are compressed by.
    pub(crate) compression: Compression,
    pub(crate) payload: PlannedPayload,
    pub(crate) expectation: Expectation,
    pub(crate) captures: Vec<PlannedCapture>,
    pub(crate) eventually: Option<Eventually>,
    /// Whether an expression may ask for what came back.
    pub(crate) is_asked: bool,
}

impl PlannedCall {
    /// What expressions know of it once it is over.
    pub(super) fn types(&self) -> Named<Ty> {
        let mut types = types_of_sent(&self.method);
        types.extend(types_of_reply(&self.method));
        types
    }
}

/// What is sent.
#[derive(Debug)]
pub(crate) enum PlannedPayload {
    /// Before anything is awaited; one for a method that takes one message.
    Messages(Vec<RequestMessage>),
    Script(PlannedScript),
}

impl PlannedPayload {
    /// All of it, if nothing in it waits for the run.
    fn known(&self) -> Option<Vec<Arc<DynamicMessage>>> {
        let Self::Messages(messages) = self else { return None };
        let known = messages.iter().map(|message| match message {
            RequestMessage::Encoded { message, .. } => Some(Arc::clone(message)),
            RequestMessage::Template(_) => None,
        });
        known.collect()
    }
}

/// A message to send: encoded when it was planned, or filled in when the case runs.
#[derive(Debug, Clone)]
pub(crate) enum RequestMessage {
    Encoded { message: Arc<DynamicMessage>, bytes: Bytes },
    Template(MessageTemplate),
}

impl RequestMessage {
    pub(super) fn new(template: MessageTemplate) -> Self {
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

/// Plans a call where `env` is known.
pub(super) struct CallPlanner<'a> {
    pub(super) planner: &'a Planner<'a>,
    pub(super) env: Arc<Env>,
}

impl CallPlanner<'_> {
    /// The call, and what it captures.
    pub(super) fn call(&self, call: &Call, out: &mut Diagnostics) -> Option<(PlannedCall, Named<Ty>)> {
        let Self { planner, env } = self;
        let schema = planner.schemas.of(&call.server.value)?;
        let context = planner.context(schema, env);
        let service = call.service.as_ref().map(|service| service.value.as_str());
        let name = MethodName::parse(&call.call, service, out)?;
        let method = schema.method(&name, call.call.span, out)?;
        let compression = call.compression.as_ref().map_or(Compression::Identity, |compression| compression.value);
        let mut captured = Named::new();
        let payload = match &call.payload {
            Payload::Script(script) => {
                let (script, of_script) = PlannedScript::new(script, &method, compression, (self, schema), out);
                captured = of_script;
                script.map(PlannedPayload::Script)
            }
            _ => plan_requests(call, &method, &context, out).map(PlannedPayload::Messages),
        };
        let metadata = MetadataTemplate::build(&call.metadata, &context, out);
        // from here on, what its script captured is known
        let env = later(env, &captured);
        let context = planner.context(schema, &env);
        let requests = payload.as_ref().and_then(PlannedPayload::known);
        let subject = Subject {
            span: call.call.span,
            cancel: call.payload.cancel(),
            method: &method,
            requests: requests.as_deref(),
        };
        let expectation = Expectation::compile(call.expect.as_ref(), &subject, &context, out);
        let mut types = types_of_sent(&method);
        types.extend(types_of_reply(&method));
        let (kept, of_reply) = plan_captures(&call.capture, &env, &types, planner.sources, out);
        captured.extend(of_reply);
        let planned = PlannedCall {
            span: call.call.span,
            server: call.server.value.clone(),
            path: format!("/{}/{}", method.parent_service().full_name(), method.name()).into(),
            metadata: metadata?,
            timeout: call.timeout,
            compression,
            payload: payload?,
            expectation: expectation?,
            captures: kept?,
            eventually: call.eventually,
            is_asked: call.expressions().next().is_some() || call.nodes().any(has_condition),
            method,
        };
        Some((planned, captured))
    }
}

/// Whether there is a `$cel` in it.
fn has_condition(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(_) => false,
        NodeKind::Sequence(items) => items.iter().any(has_condition),
        NodeKind::Mapping(entries) => {
            entries.iter().any(|entry| &*entry.key.value == "$cel" || has_condition(&entry.value))
        }
    }
}

fn plan_requests(
    call: &Call,
    method: &MethodDescriptor,
    context: &Context<'_>,
    out: &mut Diagnostics,
) -> Option<Vec<RequestMessage>> {
    let input = method.input();
    let build = |node: &Node, out: &mut Diagnostics| {
        MessageTemplate::build(node, &input, context, out).map(RequestMessage::new)
    };
    match &call.payload {
        Payload::One(node) if !method.is_client_streaming() => {
            let empty = Node { span: call.call.span, kind: NodeKind::Mapping([].into()) };
            Some(vec![build(node.as_ref().unwrap_or(&empty), out)?])
        }
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
            let templates: Vec<_> = items.iter().map(|item| build(item, out)).collect();
            templates.into_iter().collect()
        }
        Payload::One(None) | Payload::Script(_) => Some(Vec::new()),
    }
}
