//! A script, resolved: messages encoded, expectations compiled, and its order such that it can work. Main type:
//! [`PlannedScript`].

use std::sync::Arc;
use std::time::Duration;

use prost_reflect::{Kind, MethodDescriptor};

use super::PlannedCapture;
use super::call::{CallPlanner, PlannedCall, RequestMessage};
use super::capture::{of_any_type, plan_captures};
use super::names::later;
use super::script_order::{Streaming, check_order};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::expr::{Env, Ty};
use crate::grpc::Compression;
use crate::matcher::{self, Matcher, Named, types_of_sent};
use crate::message::{FieldPath, FieldType, MessageTemplate};
use crate::schema::Schema;
use crate::spec::{Extent, Receive, Script, ScriptAction, ScriptStep};
use crate::yaml::Node;

/// What is sent and received on one stream, in order.
#[derive(Debug)]
pub(crate) struct PlannedScript {
    /// Of the whole script.
    pub(crate) span: Span,
    pub(crate) steps: Vec<PlannedScriptStep>,
}

#[derive(Debug)]
pub(crate) struct PlannedScriptStep {
    /// Of the word that says what is done.
    pub(crate) span: Span,
    pub(crate) action: PlannedAction,
}

#[derive(Debug)]
pub(crate) enum PlannedAction {
    Send { message: RequestMessage, compressed: bool },
    Receive(Box<PlannedReceive>),
    SilentFor(Duration),
    Sleep(Duration),
    Call(Box<PlannedCall>),
    Close,
    Cancel,
}

/// What must be received.
#[derive(Debug)]
pub(crate) struct PlannedReceive {
    pub(crate) extent: Extent,
    /// Of a message, or with [`Extent::Rest`] of the list of them.
    pub(crate) matcher: Option<Matcher>,
    pub(crate) within: Option<Duration>,
    /// Whether what is received must have come compressed.
    pub(crate) compressed: Option<Spanned<bool>>,
    pub(crate) captures: Vec<PlannedCapture>,
}

impl PlannedScript {
    /// The script, and what it captures.
    pub(super) fn new(
        script: &Script,
        method: &MethodDescriptor,
        compression: Compression,
        (around, schema): (&CallPlanner<'_>, &Schema),
        out: &mut Diagnostics,
    ) -> (Option<Self>, Named<Ty>) {
        let sound = check_order(script, &Streaming::of(method), out);
        let env = Arc::clone(&around.env);
        let mut planner = ScriptPlanner { method, compression, around, schema, env, captured: Named::new() };
        let steps: Vec<_> = script.steps.iter().map(|step| planner.step(step, out)).collect();
        let steps: Option<Vec<_>> = steps.into_iter().collect();
        (steps.filter(|_| sound).map(|steps| Self { span: script.span, steps }), planner.captured)
    }
}

impl PlannedAction {
    /// The word for it in the format.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Receive(receive) => receive.extent.word(),
            Self::SilentFor(_) => "silent_for",
            Self::Sleep(_) => "sleep",
            Self::Call(_) => "call",
            Self::Close => "close",
            Self::Cancel => "cancel",
        }
    }
}

/// Plans the steps of a script in their order.
struct ScriptPlanner<'a> {
    method: &'a MethodDescriptor,
    compression: Compression,
    around: &'a CallPlanner<'a>,
    schema: &'a Schema,
    /// What is known at a step: what was sent, received and captured before it.
    env: Arc<Env>,
    captured: Named<Ty>,
}

impl ScriptPlanner<'_> {
    fn step(&mut self, step: &ScriptStep, out: &mut Diagnostics) -> Option<PlannedScriptStep> {
        let action = match &step.action {
            ScriptAction::Send { message, compressed } => self.send(message, compressed.as_ref(), out),
            ScriptAction::Receive(receive) => {
                self.receive(receive, out).map(|receive| PlannedAction::Receive(Box::new(receive)))
            }
            ScriptAction::SilentFor(duration) => Some(PlannedAction::SilentFor(*duration)),
            ScriptAction::Sleep(duration) => Some(PlannedAction::Sleep(*duration)),
            ScriptAction::Call(call) => {
                let within = CallPlanner { planner: self.around.planner, env: Arc::clone(&self.env) };
                let planned = within.call(call, out);
                self.keep(match &planned {
                    Some((_, kept)) => kept.clone(),
                    None => of_any_type(call.captures()),
                });
                planned.map(|(call, _)| PlannedAction::Call(Box::new(call)))
            }
            ScriptAction::Close => Some(PlannedAction::Close),
            ScriptAction::Cancel => Some(PlannedAction::Cancel),
        };
        Some(PlannedScriptStep { span: step.span, action: action? })
    }

    fn keep(&mut self, kept: Named<Ty>) {
        self.env = later(&self.env, &kept);
        self.captured.extend(kept);
    }

    fn send(
        &mut self,
        message: &Node,
        compressed: Option<&Spanned<bool>>,
        out: &mut Diagnostics,
    ) -> Option<PlannedAction> {
        let compressed = self.compressed(compressed, out);
        let context = self.around.planner.context(self.schema, &self.env);
        let message = MessageTemplate::build(message, &self.method.input(), &context, out);
        self.env = later(&self.env, &types_of_sent(self.method));
        Some(PlannedAction::Send { message: RequestMessage::new(message?), compressed: compressed? })
    }

    /// A message is compressed where its call is, unless it says otherwise.
    fn compressed(&self, said: Option<&Spanned<bool>>, out: &mut Diagnostics) -> Option<bool> {
        let by_call = self.compression != Compression::Identity;
        match said {
            Some(said) if said.value && !by_call => {
                out.push(
                    Diagnostic::error("the call says no compression")
                        .at(said.span, "nothing to compress this message by")
                        .hint("write `compression: gzip` beside `call`"),
                );
                None
            }
            said => Some(said.map_or(by_call, |said| said.value)),
        }
    }

    fn receive(&mut self, receive: &Receive, out: &mut Diagnostics) -> Option<PlannedReceive> {
        let output = self.method.output();
        let message = Ty::of_message(&output);
        let ty = match receive.extent {
            Extent::Next | Extent::Until => FieldType::message(output),
            Extent::Rest => FieldType::List(Kind::Message(output)),
        };
        let path = match receive.extent {
            Extent::Next | Extent::Until => FieldPath::new(),
            Extent::Rest => FieldPath::new().field(Extent::Rest.word()),
        };
        let context = self.around.planner.context(self.schema, &self.env);
        let matcher = receive.expected.as_ref().map(|node| matcher::compile(node, &ty, &path, &context, out));
        // from here on, it is the last message received
        let received = Named::from([("response".into(), message)]);
        self.env = later(&self.env, &received);
        let sources = self.around.planner.sources;
        let (captures, of_names) = plan_captures(&receive.capture, &self.env, &received, sources, out);
        self.keep(of_names);
        Some(PlannedReceive {
            extent: receive.extent,
            matcher: match matcher {
                Some(matcher) => Some(matcher?),
                None => None,
            },
            within: receive.within,
            compressed: receive.compressed.clone(),
            captures: captures?,
        })
    }
}
