//! What a step of a script found otherwise than expected, in words. Main type: [`Shortfall`].

use std::time::Duration;

use crate::diagnostic::{Diagnostic, Span};
use crate::grpc::{CallOutcome, Code, Origin};
use crate::matcher::{Matcher, Mismatch};
use crate::plan::PlannedReceive;
use crate::spec::Extent;

/// What a step found otherwise than expected.
pub(super) enum Shortfall {
    /// Messages that differ, came where none may, or did not come in time.
    Unmet(Vec<Diagnostic>),
    /// The stream had ended: how it did explains it.
    Ended(Diagnostic),
}

/// Why no message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    /// The call has ended.
    End,
    /// Not in time.
    Late,
    /// More has arrived than is kept.
    Overflow,
}

impl Shortfall {
    /// Of a step that receives. `closed`: whether the client has said that no more is sent.
    pub(super) fn nothing_came(nothing: Nothing, receive: &PlannedReceive, step: Span, closed: bool) -> Self {
        let (what, label) = match receive.extent {
            Extent::Next => ("no message came", "expected a message"),
            Extent::Until => ("no message matched", "expected a message that matches"),
            Extent::Rest => ("the stream did not end", "expected the end of the stream"),
        };
        let place = receive.matcher.as_ref().map_or(step, Matcher::span);
        match nothing {
            Nothing::End => Self::Ended(Diagnostic::error(format!("{what} before the stream ended")).at(place, label)),
            Nothing::Late => {
                let within = receive.within.unwrap_or_default();
                let late = Diagnostic::error(format!("{what} within {within:?}")).at(place, label);
                Self::one(if closed { late } else { late.hint(NOT_CLOSED) })
            }
            Nothing::Overflow => Self::overflow(step),
        }
    }

    /// Of a step in which nothing may arrive.
    pub(super) fn not_silent(duration: Duration, step: Span, message: String) -> Self {
        let came = Diagnostic::error("a message came where nothing may");
        Self::one(came.at(step, format!("expected nothing for {duration:?}")).named_note("actual", message))
    }

    pub(super) fn ended_in_silence(duration: Duration, step: Span) -> Self {
        let ended = Diagnostic::error("the stream ended where nothing may arrive");
        Self::Ended(ended.at(step, format!("expected nothing for {duration:?}")))
    }

    pub(super) fn ended_before_cancel(step: Span) -> Self {
        Self::Ended(Diagnostic::error("the stream had ended before `cancel`").at(step, "nothing left to cancel"))
    }

    pub(super) fn overflow(step: Span) -> Self {
        Self::one(
            Diagnostic::error("the server sent more than is kept of one call")
                .at(step, "more came than this can be judged by")
                .hint("raise `limits: { recorded: … }` of the server"),
        )
    }

    /// Messages that no step receives; `last` is the last step, `first` the first of them.
    pub(super) fn unwanted(count: usize, last: Span, first: String) -> Self {
        let headline = match count {
            1 => "a message came that no step receives".to_owned(),
            count => format!("{count} messages came that no step receives"),
        };
        Self::one(
            Diagnostic::error(headline)
                .at(last, "expected the end of the stream after this")
                .named_note("actual", first)
                .hint("receive it with `- recv: { … }`, or all that is left with `- recv_all`"),
        )
    }

    /// With the messages that a `recv_until` passed over: how many, the last one, and why it did not match.
    pub(super) fn with_those_passed_over(self, count: usize, last: &str, why: &[Mismatch]) -> Self {
        let were = if count == 1 { "message was" } else { "messages were" };
        self.map(|found| {
            let found = found.note(format!("{count} {were} passed over, the last: {last}"));
            match why.first() {
                Some(why) => found.note(format!("in it, {}", why.to_diagnostic().headline)),
                None => found,
            }
        })
    }

    pub(super) fn headline(&self) -> &str {
        match self {
            Self::Unmet(found) => found.first().map_or("", |found| &found.headline),
            Self::Ended(found) => &found.headline,
        }
    }

    /// As shown, once it is known how the stream ended.
    pub(super) fn into_diagnostics(self, outcome: &CallOutcome, closed: bool) -> Vec<Diagnostic> {
        let found = match self {
            Self::Unmet(found) => return found,
            Self::Ended(found) => found,
        };
        let status = &outcome.status;
        let how = match status.message.as_str() {
            "" => status.code.to_string(),
            message => format!("{}: {message}", status.code),
        };
        let found = found.named_note("status", how);
        let late = status.code == Code::DeadlineExceeded && status.origin == Origin::Client;
        vec![if late && !closed { found.hint(NOT_CLOSED) } else { found }]
    }

    fn one(found: Diagnostic) -> Self {
        Self::Unmet(vec![found])
    }

    fn map(self, change: impl Fn(Diagnostic) -> Diagnostic) -> Self {
        match self {
            Self::Unmet(found) => Self::Unmet(found.into_iter().map(change).collect()),
            Self::Ended(found) => Self::Ended(change(found)),
        }
    }
}

const NOT_CLOSED: &str = "a server that waits for the last message answers only after a `- close`";
