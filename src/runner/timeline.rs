//! What happened on a stream, and when: the report of a script that failed is made of it. Main type: [`Timeline`].

use std::sync::Arc;
use std::time::Duration;

use prost_reflect::DynamicMessage;

use crate::diagnostic::Span;

/// In the order of time.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) moments: Vec<Moment>,
    /// The case had failed, so that the call was ended from here: its status says nothing of the server.
    pub(crate) cut: bool,
}

#[derive(Debug)]
pub(crate) struct Moment {
    /// Since the call's start.
    pub(crate) at: Duration,
    /// The step of the script.
    pub(crate) step: Option<Span>,
    pub(crate) what: Happening,
}

#[derive(Debug)]
pub(crate) enum Happening {
    Sent {
        message: Arc<DynamicMessage>,
        compressed: bool,
    },
    /// The call had ended before.
    NotSent,
    /// No more is sent.
    Closed,
    /// The message at an index of those received.
    Received {
        index: usize,
        fate: Fate,
    },
    Silent(Duration),
    Slept(Duration),
    /// A call of its own: `pkg.Service/Method`.
    Called {
        method: String,
        elapsed: Duration,
        passed: bool,
    },
    Cancelled,
    /// The stream's end, with the status of the outcome.
    Ended,
    /// What a step expected did not happen: its word, and the headline.
    Unmet {
        word: &'static str,
        headline: String,
    },
}

/// What a script does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Received,
    /// By a `recv_until`.
    PassedOver,
    /// No step receives it.
    Unwanted,
}

impl Timeline {
    /// From moments in the order they were noticed.
    pub(super) fn new(mut moments: Vec<Moment>, cut: bool) -> Self {
        moments.sort_by_key(|moment| moment.at);
        Self { moments, cut }
    }
}
