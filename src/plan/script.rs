//! A script, resolved: messages encoded, expectations compiled, and its order such that it can work. Main type:
//! [`PlannedScript`].

use std::time::Duration;

use prost_reflect::{Kind, MethodDescriptor};

use super::call::{PlannedCall, Planning, RequestMessage};
use super::script_order::{Streaming, check_order};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::grpc::Compression;
use crate::matcher::{self, Matcher};
use crate::message::{Context, FieldPath, FieldType, MessageTemplate};
use crate::spec::{Extent, Receive, Script, ScriptAction, ScriptStep};

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
    Receive(PlannedReceive),
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
}

impl PlannedScript {
    pub(super) fn new(
        script: &Script,
        method: &MethodDescriptor,
        compression: Compression,
        (planning, context): (&Planning<'_>, &Context<'_>),
        out: &mut Diagnostics,
    ) -> Option<Self> {
        let sound = check_order(script, &Streaming::of(method), out);
        let planner = ScriptPlanner { method, compression, planning, context };
        let steps: Vec<_> = script.steps.iter().map(|step| planner.step(step, out)).collect();
        let steps = steps.into_iter().collect::<Option<_>>()?;
        sound.then_some(Self { span: script.span, steps })
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

struct ScriptPlanner<'a> {
    method: &'a MethodDescriptor,
    compression: Compression,
    planning: &'a Planning<'a>,
    context: &'a Context<'a>,
}

impl ScriptPlanner<'_> {
    fn step(&self, step: &ScriptStep, out: &mut Diagnostics) -> Option<PlannedScriptStep> {
        let action = match &step.action {
            ScriptAction::Send { message, compressed } => {
                let compressed = self.compressed(compressed.as_ref(), out);
                let message = MessageTemplate::build(message, &self.method.input(), self.context, out)?;
                PlannedAction::Send { message: RequestMessage::new(message), compressed: compressed? }
            }
            ScriptAction::Receive(receive) => PlannedAction::Receive(self.receive(receive, out)?),
            ScriptAction::SilentFor(duration) => PlannedAction::SilentFor(*duration),
            ScriptAction::Sleep(duration) => PlannedAction::Sleep(*duration),
            ScriptAction::Call(call) => PlannedAction::Call(Box::new(self.planning.call(call, out)?)),
            ScriptAction::Close => PlannedAction::Close,
            ScriptAction::Cancel => PlannedAction::Cancel,
        };
        Some(PlannedScriptStep { span: step.span, action })
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

    fn receive(&self, receive: &Receive, out: &mut Diagnostics) -> Option<PlannedReceive> {
        let output = self.method.output();
        let ty = match receive.extent {
            Extent::Next | Extent::Until => FieldType::message(output),
            Extent::Rest => FieldType::List(Kind::Message(output)),
        };
        let path = match receive.extent {
            Extent::Next | Extent::Until => FieldPath::new(),
            Extent::Rest => FieldPath::new().field(Extent::Rest.word()),
        };
        let matcher = match &receive.expected {
            Some(node) => Some(matcher::compile(node, &ty, &path, self.context, out)?),
            None => None,
        };
        let compressed = receive.compressed.clone();
        Some(PlannedReceive { extent: receive.extent, matcher, within: receive.within, compressed })
    }
}
