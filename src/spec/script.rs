//! `stream:`: what is sent and received on one stream, in order, as written. Main type: [`Script`].

use std::time::Duration;

use super::{Call, Capture};
use crate::diagnostic::{Span, Spanned};
use crate::yaml::Node;

/// A script. Calls within it are of type `C`: as written first, everything inherited resolved then.
#[derive(Debug)]
pub(crate) struct Script<C = Call> {
    /// Of the whole list.
    pub(crate) span: Span,
    pub(crate) steps: Vec<ScriptStep<C>>,
}

/// One item of a script.
#[derive(Debug)]
pub(crate) struct ScriptStep<C = Call> {
    /// Of the word that says what is done: `send`, `recv`, `close`.
    pub(crate) span: Span,
    pub(crate) action: ScriptAction<C>,
}

#[derive(Debug)]
pub(crate) enum ScriptAction<C = Call> {
    Send {
        message: Node,
        compressed: Option<Spanned<bool>>,
    },
    Receive(Receive),
    /// Nothing may arrive for so long.
    SilentFor(Duration),
    Sleep(Duration),
    /// A call of its own while the stream is open.
    Call(Box<C>),
    /// Half-close: no more is sent.
    Close,
    /// The client ends the stream.
    Cancel,
}

/// `recv`, `recv_until`, `recv_all`.
#[derive(Debug)]
pub(crate) struct Receive {
    pub(crate) extent: Extent,
    /// What the message must be, or with [`Extent::Rest`] the list of them.
    pub(crate) expected: Option<Node>,
    /// How long it may take; the call's deadline stands above it.
    pub(crate) within: Option<Duration>,
    /// Whether each message received by it must have come compressed.
    pub(crate) compressed: Option<Spanned<bool>>,
    /// What is kept, `response` being the last message received.
    pub(crate) capture: Vec<Capture>,
}

/// How much a step receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// `recv`: the next message.
    Next,
    /// `recv_until`: up to the first message that matches.
    Until,
    /// `recv_all`: up to the end of the stream.
    Rest,
}

impl<C> ScriptAction<C> {
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

impl Extent {
    /// The word for it in the format.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Next => "recv",
            Self::Until => "recv_until",
            Self::Rest => "recv_all",
        }
    }
}

impl<C> Script<C> {
    /// The calls made within it.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &C> {
        self.steps.iter().filter_map(|step| match &step.action {
            ScriptAction::Call(call) => Some(&**call),
            _ => None,
        })
    }
}

impl Script {
    /// Everything in it that may hold `${…}`.
    pub(super) fn nodes(&self) -> Vec<&Node> {
        fn nodes(step: &ScriptStep) -> Vec<&Node> {
            match &step.action {
                ScriptAction::Send { message, .. } => vec![message],
                ScriptAction::Receive(receive) => receive.expected.iter().collect(),
                ScriptAction::Call(call) => call.nodes().collect(),
                _ => Vec::new(),
            }
        }
        self.steps.iter().flat_map(nodes).collect()
    }

    /// Everything in it that is bare CEL.
    pub(super) fn expressions(&self) -> Vec<&Node> {
        fn expressions(step: &ScriptStep) -> Vec<&Node> {
            match &step.action {
                ScriptAction::Receive(receive) => receive.capture.iter().map(|capture| &capture.expression).collect(),
                ScriptAction::Call(call) => call.expressions().collect(),
                _ => Vec::new(),
            }
        }
        self.steps.iter().flat_map(expressions).collect()
    }

    /// Everything that it captures.
    pub(super) fn captures(&self) -> Vec<&Capture> {
        fn captures(step: &ScriptStep) -> Vec<&Capture> {
            match &step.action {
                ScriptAction::Receive(receive) => receive.capture.iter().collect(),
                ScriptAction::Call(call) => call.captures().collect(),
                _ => Vec::new(),
            }
        }
        self.steps.iter().flat_map(captures).collect()
    }
}
