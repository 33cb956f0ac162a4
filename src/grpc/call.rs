//! One call: its stream, its deadline, what was sent and what came back.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use h2::client::SendRequest;
use h2::{Reason, SendStream};
use tokio::time::{Sleep, sleep_until};

use super::channel::Limits;
use super::code::Code;
use super::compression::Compression;
use super::connection::Lease;
use super::deadline::CANCELLED_IS_LATE;
use super::ending::Ending;
use super::frame::Outgoing;
use super::http2::{self, Broken};
use super::metadata::Metadata;
use super::outcome::{CallOutcome, Phase, Received};
use super::request::CallRequest;
use super::response::{Response, Step};
use super::target::Target;

/// The call has ended: nothing more can be sent, and [`Call::finish`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// The connection took no stream, so that the call can be made on another.
pub(super) struct NotSent(pub(super) Broken);

/// A call that is open. Messages go both ways in any order; [`finish`](Self::finish) tells what came of it. Dropped
/// before its end, it is cancelled.
///
/// [`receive`](Self::receive) may be dropped while it waits and called again. A [`send`](Self::send) that is dropped has
/// sent part of a message, so that the call can only be cancelled.
pub(crate) struct Call {
    lease: Lease,
    stream: SendStream<Outgoing>,
    /// Until the peer allows one more stream.
    opening: Option<SendRequest<Outgoing>>,
    response: Response,
    compression: Compression,
    limits: Limits,
    begun: Instant,
    started: Instant,
    deadline: Instant,
    alarm: Pin<Box<Sleep>>,
    sent: usize,
    unsent: usize,
    bytes_sent: u64,
    half_closed: bool,
    sending: Sending,
    messages: Vec<Received>,
    /// How many of `messages` were handed out.
    received: usize,
    recorded: usize,
    unrecorded: usize,
    life: Life,
}

/// How far a call is.
enum Life {
    Open,
    Ended(Box<End>),
    /// Its outcome has been told.
    Told,
}

/// How far the message that is being sent has got.
enum Sending {
    No,
    /// Waiting for room in the peer's window.
    Now {
        sent: usize,
        size: usize,
    },
    /// Handed to the connection at once; it counts what it has taken.
    Handed {
        taken: Arc<AtomicUsize>,
        size: usize,
    },
}

struct End {
    ending: Ending,
    elapsed: Duration,
    /// What was being waited for.
    phase: Phase,
}

/// What a message that is kept takes beside its bytes: once it is decoded, even the smallest is nearly so large.
const RECORD: usize = 1 << 10;

/// How long the body of a response that is not gRPC is waited for.
const FOREIGN_BODY_WITHIN: Duration = Duration::from_secs(1);

impl Call {
    /// Opens the stream. `begun` is when the call was asked for, before it had a connection.
    pub(super) fn start(
        lease: Lease,
        request: &CallRequest<'_>,
        target: &Target,
        limits: Limits,
        begun: Instant,
    ) -> Result<Self, NotSent> {
        let started = Instant::now();
        let mut sender = lease.sender();
        let head = request.head(target, started);
        let (response, stream) = sender.send_request(head, false).map_err(|error| {
            lease.retire();
            NotSent(http2::broken(&error))
        })?;
        Ok(Self {
            lease,
            stream,
            opening: Some(sender),
            response: Response::new(response, limits),
            compression: request.compression,
            limits,
            begun,
            started,
            deadline: request.deadline,
            alarm: Box::pin(sleep_until(request.deadline.into())),
            sent: 0,
            unsent: 0,
            bytes_sent: 0,
            half_closed: false,
            sending: Sending::No,
            messages: Vec::new(),
            received: 0,
            recorded: 0,
            unrecorded: 0,
            life: Life::Open,
        })
    }

    /// Sends a message, `compressed` or not, and waits until the connection has taken all of it. It is compressed here,
    /// by what the call was opened with; with `identity` nothing is.
    pub(crate) async fn send(&mut self, message: Bytes, compressed: bool) -> Result<(), Ended> {
        let mut rest = self.pack(message, compressed).unwrap_or_else(Outgoing::nothing);
        let size = rest.remaining();
        let sent = poll_fn(|context| self.poll_send(context, &mut rest, size)).await;
        self.sending = Sending::No;
        match sent {
            Ok(()) => self.sent += 1,
            Err(Ended) => self.unsent += 1,
        }
        sent
    }

    /// Says that no more will be sent.
    pub(crate) fn close_send(&mut self) {
        if !mem::replace(&mut self.half_closed, true) {
            // A stream that takes nothing has ended, which receiving tells.
            let _ = self.stream.send_data(Outgoing::nothing(), true);
        }
    }

    /// Sends the only message of a call, and that it is the only one, without waiting: it leaves with the headers.
    pub(super) fn send_only(&mut self, message: Bytes) {
        if let Some(outgoing) = self.pack(message, true) {
            let (size, taken) = (outgoing.remaining(), Arc::default());
            self.sending = Sending::Handed { taken: Arc::clone(&taken), size };
            self.half_closed = true;
            self.sent = 1;
            // As in `close_send`.
            let _ = self.stream.send_data(outgoing.counted(taken), true);
        }
    }

    /// The next message, or `None` when the call has ended.
    pub(crate) async fn receive(&mut self) -> Option<Received> {
        poll_fn(|context| {
            if let Some(message) = self.messages.get(self.received) {
                self.received += 1;
                return Poll::Ready(Some(message.clone()));
            }
            let message = self.poll_message(context);
            if let Poll::Ready(Some(message)) = &message {
                self.record(message.clone());
                self.received = self.messages.len();
            }
            message
        })
        .await
    }

    /// Waits for something else and reads meanwhile, so that the peer is not held up and each message is given the time
    /// at which it came. What is ready is read even if the other thing is ready too.
    pub(crate) async fn while_reading<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        poll_fn(|context| {
            // It may have ended, or nothing more is kept: the other thing is waited for all the same.
            let _ = self.poll_ahead(context);
            other.as_mut().poll(context)
        })
        .await
    }

    /// Ends the call from here, with CANCELLED, unless it has ended already.
    pub(crate) fn cancel(&mut self) {
        self.end(Ending::cancelled());
    }

    /// When the stream was opened: what the times of messages count from.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Whether more has arrived than is kept.
    pub(crate) fn overflowed(&self) -> bool {
        self.unrecorded > 0
    }

    /// Whether it is known how the call ended.
    pub(crate) fn has_ended(&self) -> bool {
        !matches!(self.life, Life::Open)
    }

    /// Sends no more, receives what is left, and tells what came of the call.
    pub(crate) async fn finish(self) -> CallOutcome {
        self.finish_after(usize::MAX).await
    }

    /// As [`finish`](Self::finish), for a method whose response is one message: reading stops at the second one.
    pub(crate) async fn finish_with_one_message(self) -> CallOutcome {
        self.finish_after(2).await.with_one_message()
    }

    async fn finish_after(mut self, most: usize) -> CallOutcome {
        self.close_send();
        poll_fn(|context| {
            while self.response.messages < most {
                match self.poll_message(context) {
                    Poll::Ready(Some(message)) => self.record(message),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            // An OK that `with_one_message` will not let pass.
            self.end(Ending::client(Code::Ok, ""));
            Poll::Ready(())
        })
        .await;
        let how = match &self.life {
            Life::Ended(end) if end.ending.connection_lost => self.lease.end().await,
            _ => None,
        };
        self.outcome(how.as_deref())
    }

    /// The message as it is sent; one that cannot be ends the call.
    fn pack(&mut self, message: Bytes, compressed: bool) -> Option<Outgoing> {
        let compressed = compressed && self.compression != Compression::Identity;
        let body = if compressed { self.compression.compress(&message) } else { Ok(message) };
        match body.map_err(|error| error.to_string()).and_then(|body| Outgoing::message(body, compressed)) {
            Ok(outgoing) => Some(outgoing),
            Err(error) => {
                self.end(Ending::client(Code::ResourceExhausted, error));
                None
            }
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>, rest: &mut Outgoing, size: usize) -> Poll<Result<(), Ended>> {
        loop {
            if self.has_ended() || self.half_closed {
                return Poll::Ready(Err(Ended));
            }
            let remaining = rest.remaining();
            self.sending = Sending::Now { sent: size - remaining, size };
            self.stream.reserve_capacity(remaining);
            let room = self.stream.capacity().min(remaining);
            if room > 0 {
                if self.stream.send_data(rest.split_to(room), false).is_ok() {
                    self.bytes_sent += room as u64;
                    if room == remaining {
                        return Poll::Ready(Ok(()));
                    }
                    continue;
                }
            } else if let Poll::Ready(Some(Ok(_))) = self.stream.poll_capacity(context) {
                continue;
            }
            // The peer may be waiting for us to read before it reads on; and if the stream has ended, reading tells.
            if self.poll_ahead(context).is_pending() {
                return Poll::Pending;
            }
            if !self.has_ended() {
                // Nothing more is kept: let the peer wait for us to receive.
                return self.poll_alarm(context).map(|()| Err(Ended));
            }
        }
    }

    /// Records what has arrived; ready once the call has ended, or nothing more is kept.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.has_ended() && self.unrecorded == 0 {
            match self.poll_message(context) {
                Poll::Ready(Some(message)) => self.record(message),
                Poll::Ready(None) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// The next message from the wire; `None` once the call has ended, by the deadline too.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Received>> {
        if self.has_ended() {
            return Poll::Ready(None);
        }
        self.poll_opening(context);
        match self.response.poll(context) {
            Poll::Ready(Step::Message { bytes, compressed }) => {
                let now = Instant::now();
                if now >= self.deadline {
                    self.deadline_passed();
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Received { bytes, compressed, at: now - self.started }))
            }
            Poll::Ready(Step::End(ending)) => {
                let now = Instant::now();
                let late = now + CANCELLED_IS_LATE >= self.deadline;
                let phase = self.phase();
                self.end(if late { ending.at_deadline(now - self.begun, phase) } else { *ending });
                Poll::Ready(None)
            }
            Poll::Pending => {
                if self.response.is_foreign() {
                    let soon = Instant::now() + FOREIGN_BODY_WITHIN;
                    if soon < self.alarm.deadline().into_std() {
                        self.alarm.as_mut().reset(soon.into());
                    }
                }
                self.poll_alarm(context).map(|()| None)
            }
        }
    }

    /// Notices that the peer has allowed the stream.
    fn poll_opening(&mut self, context: &mut Context<'_>) {
        if let Some(sender) = &mut self.opening {
            // An error ends the stream as well, and the response says so.
            if sender.poll_ready(context).is_ready() {
                self.opening = None;
            }
        }
    }

    /// Ready once the deadline has passed, and with it the call has ended.
    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.alarm.as_mut().poll(context).map(|()| {
            if self.response.is_foreign() {
                let ending = self.response.give_up_foreign();
                self.end(ending);
            } else {
                self.deadline_passed();
            }
        })
    }

    fn deadline_passed(&mut self) {
        self.end(Ending::deadline(self.begun.elapsed(), self.phase()));
    }

    /// What is being waited for.
    fn phase(&self) -> Phase {
        let number = self.sent.max(1);
        match &self.sending {
            _ if self.opening.is_some() => Phase::FreeStream,
            Sending::Now { sent, size } => Phase::Sending { number: self.sent + 1, sent: *sent, size: *size },
            Sending::Handed { taken, size } if taken.load(Ordering::Relaxed) < *size => {
                Phase::Sending { number, sent: taken.load(Ordering::Relaxed), size: *size }
            }
            _ => self.response.phase(),
        }
    }

    fn record(&mut self, message: Received) {
        self.recorded = self.recorded.saturating_add(message.bytes.len() + RECORD);
        if self.recorded > self.limits.recorded {
            self.unrecorded += 1;
        } else {
            self.messages.push(message);
        }
    }

    /// Settles how the call ended; what ended it first counts. A stream the server has not ended is reset.
    fn end(&mut self, ending: Ending) {
        if self.has_ended() {
            return;
        }
        if !(ending.complete && self.half_closed) {
            self.stream.send_reset(Reason::CANCEL);
        }
        self.life = Life::Ended(Box::new(End { ending, elapsed: self.started.elapsed(), phase: self.phase() }));
    }

    fn outcome(&mut self, connection_end: Option<&str>) -> CallOutcome {
        let (ending, elapsed, phase) = match mem::replace(&mut self.life, Life::Told) {
            Life::Ended(end) => (end.ending, end.elapsed, end.phase),
            Life::Open | Life::Told => (Ending::cancelled(), self.started.elapsed(), self.phase()),
        };
        let Ending { status, trailers, trailers_only, mut causes, hints, mut warnings, complete, .. } = ending;
        if let Some(how) = connection_end {
            causes = vec![how.to_owned()];
        }
        if let Sending::Handed { taken, size } = &self.sending {
            self.bytes_sent = taken.load(Ordering::Relaxed) as u64;
            self.unsent += usize::from(taken.load(Ordering::Relaxed) < *size);
        }
        warnings.extend(self.lease.warning.clone());
        let headers = mem::take(&mut self.response.headers);
        CallOutcome {
            status,
            http_status: self.response.http_status,
            headers: Metadata::from_headers(&headers, &mut warnings),
            trailers: Metadata::from_headers(&trailers, &mut warnings),
            trailers_only,
            messages: mem::take(&mut self.messages),
            unrecorded: self.unrecorded,
            unsent: self.unsent,
            bytes_sent: self.bytes_sent,
            bytes_received: self.response.bytes,
            elapsed,
            stopped_in: (!complete).then_some(phase),
            causes,
            hints,
            warnings,
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Ending::cancelled());
    }
}
