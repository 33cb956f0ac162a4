//! One call as written: what is called, what is sent, what is expected, what is kept of it. Main type: [`Call`].

use std::sync::Arc;
use std::time::Duration;

use super::metadata::{self, Metadata};
use super::{Script, ScriptAction, ScriptStep};
use crate::diagnostic::{Span, Spanned};
use crate::grpc::Compression;
use crate::yaml::Node;

/// A call's deadline, where nothing says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A call, everything inherited resolved.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "`call` is the word of the format")]
pub(crate) struct Call {
    /// One of the suite's servers, and where it was named; the name of the only one, where none was.
    pub(crate) server: Spanned<String>,
    pub(crate) service: Option<Spanned<String>>,
    pub(crate) timeout: Duration,
    /// Where that is said; `None` of the default.
    pub(crate) timeout_at: Option<Span>,
    /// By key in lower case. Values: a scalar, a list, or an operator mapping; never `null`.
    pub(crate) metadata: Metadata,
    /// `pkg.Service/Method`, or `Method` where there is a `service`.
    pub(crate) call: Spanned<String>,
    /// What its messages are compressed by.
    pub(crate) compression: Option<Spanned<Compression>>,
    pub(crate) payload: Payload,
    pub(crate) expect: Option<Expect>,
    /// What is kept of what came back, in the order written.
    pub(crate) capture: Vec<Capture>,
    pub(crate) eventually: Option<Eventually>,
}

/// One entry of `capture:`: a variable that has its value once the call is over, or in a script once it is received.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    pub(crate) name: Spanned<Arc<str>>,
    /// CEL, over what came back.
    pub(crate) expression: Node,
}

/// `eventually:`: the call is made again until it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Eventually {
    /// Of the mapping.
    pub(crate) span: Span,
    /// From the first attempt's start; longer than zero.
    pub(crate) within: Duration,
    /// Between an attempt's end and the next one's start; not longer than `within`.
    pub(crate) every: Duration,
}

impl Call {
    /// The call, and those made in its script.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let script = match &self.payload {
            Payload::Script(script) => Some(script),
            Payload::One(_) | Payload::Many { .. } => None,
        };
        let within = script.into_iter().flat_map(Script::calls).flat_map(Self::all);
        std::iter::once(self).chain(within).collect()
    }
}

/// What a call takes from the case, file, suite (in this order) when it does not say it itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inherited {
    pub(crate) server: Option<Spanned<String>>,
    pub(crate) service: Option<Spanned<String>>,
    pub(crate) timeout: Option<Spanned<Duration>>,
    /// Merged by key (in lower case); `null` drops what is inherited.
    pub(crate) metadata: Metadata,
}

impl Inherited {
    /// What stands nearer wins.
    pub(super) fn overlaid(&self, near: &Self) -> Self {
        Self {
            server: near.server.as_ref().or(self.server.as_ref()).cloned(),
            service: near.service.as_ref().or(self.service.as_ref()).cloned(),
            timeout: near.timeout.as_ref().or(self.timeout.as_ref()).cloned(),
            metadata: metadata::merge(&self.metadata, &near.metadata),
        }
    }
}

/// What is sent.
#[derive(Debug)]
pub(crate) enum Payload {
    /// `request:`, default empty.
    One(Option<Node>),
    /// `requests:`: a list's items.
    Many { span: Span, items: Vec<Node> },
    /// `stream:`
    Script(Script),
}

impl Payload {
    /// Where a script ends its call.
    pub(crate) fn cancel(&self) -> Option<Span> {
        let Self::Script(script) = self else { return None };
        let cancel = |step: &&ScriptStep| matches!(step.action, ScriptAction::Cancel);
        script.steps.iter().find(cancel).map(|step| step.span)
    }
}

/// `expect:`, as written.
#[derive(Debug, Default)]
pub(crate) struct Expect {
    pub(crate) response: Option<Node>,
    pub(crate) responses: Option<Node>,
    pub(crate) status: Option<Node>,
    pub(crate) headers: Option<Node>,
    pub(crate) trailers: Option<Node>,
    pub(crate) metadata: Option<Node>,
    pub(crate) elapsed: Option<Node>,
    /// Whether the response messages came compressed.
    pub(crate) compressed: Option<Spanned<bool>>,
    pub(crate) unreachable: Option<Node>,
    /// CEL, each of which must be true.
    pub(crate) assert: Vec<Node>,
}

impl Call {
    /// Everything in it that may hold `${…}`.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        let sent: Vec<&Node> = match &self.payload {
            Payload::One(request) => request.iter().collect(),
            Payload::Many { items, .. } => items.iter().collect(),
            Payload::Script(script) => script.nodes(),
        };
        let expected = self.expect.iter().flat_map(Expect::nodes);
        self.metadata.iter().map(|(_, node)| node).chain(sent).chain(expected)
    }

    /// Everything in it that is bare CEL: `assert`, `capture`, those of its script too.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Node> {
        let script = match &self.payload {
            Payload::Script(script) => script.expressions(),
            Payload::One(_) | Payload::Many { .. } => Vec::new(),
        };
        let asserted = self.expect.iter().flat_map(|expect| &expect.assert);
        asserted.chain(self.capture.iter().map(|capture| &capture.expression)).chain(script)
    }

    /// Everything that it captures, in its script too: in the order in which it has its value.
    pub(crate) fn captures(&self) -> impl Iterator<Item = &Capture> {
        let script = match &self.payload {
            Payload::Script(script) => script.captures(),
            Payload::One(_) | Payload::Many { .. } => Vec::new(),
        };
        script.into_iter().chain(&self.capture)
    }
}

impl Expect {
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        let Self {
            response,
            responses,
            status,
            headers,
            trailers,
            metadata,
            elapsed,
            compressed: _,
            unreachable,
            assert: _,
        } = self;
        [response, responses, status, headers, trailers, metadata, elapsed, unreachable].into_iter().flatten()
    }
}
