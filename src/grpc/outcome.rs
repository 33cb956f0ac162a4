//! What came of a call, as plain data: status, metadata, messages, times, and where it stopped.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::code::Code;
use super::metadata::Metadata;
use super::status::Status;

/// What came of a call that reached its server.
#[derive(Clone, Debug)]
pub(crate) struct CallOutcome {
    pub(crate) status: Status,
    /// `None` if no response headers arrived.
    pub(crate) http_status: Option<u16>,
    /// All that came before the first message, `content-type` included; empty if the response was trailers-only.
    pub(crate) headers: Metadata,
    /// All that came with the status, `grpc-status` included.
    pub(crate) trailers: Metadata,
    /// Whether the status came without headers of its own and without a message.
    pub(crate) trailers_only: bool,
    /// In the order they arrived, up to the limit on what is recorded of one call.
    pub(crate) messages: Vec<Received>,
    /// Messages that arrived beyond that limit: counted, not kept.
    pub(crate) unrecorded: usize,
    /// Messages that were to be sent when the call had already ended, or was ended by the deadline.
    pub(crate) unsent: usize,
    /// Of messages, with their five-byte prefixes, as on the wire.
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    /// From the call's start on a ready connection to its end.
    pub(crate) elapsed: Duration,
    /// What was being awaited when the call ended without a status of the server.
    pub(crate) stopped_in: Option<Phase>,
    /// Beneath `status.message`: why, from the outermost to the innermost.
    pub(crate) causes: Vec<String>,
    /// Ways out.
    pub(crate) hints: Vec<String>,
    /// What was wrong in the response without changing its status.
    pub(crate) warnings: Vec<String>,
}

/// A response message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// Decompressed.
    pub(crate) bytes: Bytes,
    /// Whether it came compressed.
    pub(crate) compressed: bool,
    /// Since the call's start.
    pub(crate) at: Duration,
}

/// What a call was waiting for. Displays as `waiting for response headers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The peer allows no more concurrent calls on the connection.
    FreeStream,
    /// Message `number` (from 1), of which `sent` of `size` bytes are gone: the peer's window is closed.
    Sending {
        number: usize,
        sent: usize,
        size: usize,
    },
    Headers,
    /// Message `number` (from 1) or the status.
    Message {
        number: usize,
    },
    /// Part of message `number` is here: `received` of `size` bytes.
    Rest {
        number: usize,
        received: usize,
        size: usize,
    },
    /// The body of a response that is not gRPC.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FreeStream => formatter.write_str("waiting for a free stream on the connection"),
            Self::Sending { number, sent, size } => {
                write!(formatter, "sending message {number} ({sent} of {size} bytes)")
            }
            Self::Headers => formatter.write_str("waiting for response headers"),
            Self::Message { number } => write!(formatter, "waiting for message {number} or the status"),
            Self::Rest { number, received, size } => {
                write!(formatter, "waiting for the rest of message {number} ({received} of {size} bytes)")
            }
            Self::Body => formatter.write_str("waiting for the body of a response that is not gRPC"),
        }
    }
}

impl CallOutcome {
    /// The outcome of a method whose response is one message: an OK with none, or with two, is UNIMPLEMENTED (gRPC
    /// status codes, "cardinality violation").
    pub(crate) fn with_one_message(mut self) -> Self {
        let count = self.messages.len() + self.unrecorded;
        if self.status.code == Code::Ok && count != 1 {
            let found = if count == 0 { "no message".to_owned() } else { format!("{count} messages") };
            self.hints.push("does the server have another version of the method, one that streams?".to_owned());
            self.status = Status {
                raw: self.status.raw.take(),
                ..Status::client(Code::Unimplemented, format!("OK with {found} where the method returns one"))
            };
        }
        self
    }
}
