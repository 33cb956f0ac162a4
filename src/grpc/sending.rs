//! What a client sends on one stream: its messages, one after the other, and that there are no more.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use h2::client::SendRequest;
use h2::{Reason, SendStream};

use super::compression::Compression;
use super::frame::Outgoing;
use super::outcome::Phase;

/// The request of one call, as far as it is gone.
pub(super) struct Sending {
    stream: SendStream<Outgoing>,
    /// Until the peer allows one more stream.
    opening: Option<SendRequest<Outgoing>>,
    compression: Compression,
    current: Current,
    sent: usize,
    unsent: usize,
    bytes: u64,
    half_closed: bool,
}

/// How far the message that is being sent has got.
enum Current {
    None,
    /// Waiting for room in the peer's window.
    Partly {
        sent: usize,
        size: usize,
    },
    /// Handed to the connection at once; it counts what it has taken.
    Handed {
        taken: Arc<AtomicUsize>,
        size: usize,
    },
}

impl Sending {
    pub(super) fn new(stream: SendStream<Outgoing>, opening: SendRequest<Outgoing>, compression: Compression) -> Self {
        Self {
            stream,
            opening: Some(opening),
            compression,
            current: Current::None,
            sent: 0,
            unsent: 0,
            bytes: 0,
            half_closed: false,
        }
    }

    /// The message as it is sent.
    ///
    /// # Errors
    /// It cannot be compressed, or is longer than gRPC can say.
    pub(super) fn pack(&self, message: Bytes, compressed: bool) -> Result<Outgoing, String> {
        let compressed = compressed && self.compression != Compression::Identity;
        let body = if compressed { self.compression.compress(&message) } else { Ok(message) };
        body.map_err(|error| error.to_string()).and_then(|body| Outgoing::message(body, compressed))
    }

    /// Sends what the peer's window has room for; ready once nothing of the message is left. Where the stream takes
    /// nothing any more, it is never ready, and receiving tells why.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>, rest: &mut Outgoing, size: usize) -> Poll<()> {
        loop {
            let remaining = rest.remaining();
            self.current = Current::Partly { sent: size - remaining, size };
            self.stream.reserve_capacity(remaining);
            let room = self.stream.capacity().min(remaining);
            if room > 0 {
                if self.stream.send_data(rest.split_to(room), false).is_err() {
                    return Poll::Pending;
                }
                self.bytes += room as u64;
                if room == remaining {
                    return Poll::Ready(());
                }
            } else if !matches!(self.stream.poll_capacity(context), Poll::Ready(Some(Ok(_)))) {
                return Poll::Pending;
            }
        }
    }

    /// The message that was being sent is gone, or never will be.
    pub(super) fn settle(&mut self, is_sent: bool) {
        self.current = Current::None;
        *(if is_sent { &mut self.sent } else { &mut self.unsent }) += 1;
    }

    /// Hands over the only message of a call, and that it is the only one, without waiting: it leaves with the headers.
    pub(super) fn send_only(&mut self, message: Outgoing) {
        let (size, taken) = (message.remaining(), Arc::default());
        self.current = Current::Handed { taken: Arc::clone(&taken), size };
        self.half_closed = true;
        self.sent = 1;
        // As in `close`.
        let _ = self.stream.send_data(message.counted(taken), true);
    }

    /// Says that no more will be sent.
    pub(super) fn close(&mut self) {
        if !mem::replace(&mut self.half_closed, true) {
            // A stream that takes nothing has ended, which receiving tells.
            let _ = self.stream.send_data(Outgoing::nothing(), true);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.half_closed
    }

    pub(super) fn reset(&mut self) {
        self.stream.send_reset(Reason::CANCEL);
    }

    /// Notices that the peer has allowed the stream.
    pub(super) fn poll_opening(&mut self, context: &mut Context<'_>) {
        if let Some(sender) = &mut self.opening {
            // An error ends the stream as well, and the response says so.
            if sender.poll_ready(context).is_ready() {
                self.opening = None;
            }
        }
    }

    /// What is being waited for, if it is for sending.
    pub(super) fn phase(&self) -> Option<Phase> {
        match &self.current {
            _ if self.opening.is_some() => Some(Phase::FreeStream),
            Current::Partly { sent, size } => Some(Phase::Sending { number: self.sent + 1, sent: *sent, size: *size }),
            Current::Handed { taken, size } => {
                let sent = taken.load(Ordering::Relaxed);
                (sent < *size).then_some(Phase::Sending { number: self.sent, sent, size: *size })
            }
            Current::None => None,
        }
    }

    /// Messages that were not sent in full.
    pub(super) fn unsent(&self) -> usize {
        match &self.current {
            Current::Handed { taken, size } => self.unsent + usize::from(taken.load(Ordering::Relaxed) < *size),
            _ => self.unsent,
        }
    }

    /// Of messages, with their prefixes.
    pub(super) fn bytes(&self) -> u64 {
        match &self.current {
            Current::Handed { taken, .. } => taken.load(Ordering::Relaxed) as u64,
            _ => self.bytes,
        }
    }
}
