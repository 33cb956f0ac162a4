//! One call: its stream, its deadline, what was sent and what came back.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use tokio::time::{Sleep, sleep_until};

use super::channel::Limits;
use super::code::Code;
use super::connection::Lease;
use super::deadline::CANCELLED_IS_LATE;
use super::ending::Ending;
use super::frame::Outgoing;
use super::http2::{self, Broken};
use super::metadata::Metadata;
use super::outcome::{CallOutcome, Phase, Received};
use super::request::CallRequest;
use super::response::{Response, Step};
use super::sending::Sending;
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
    sending: Sending,
    response: Response,
    limits: Limits,
    begun: Instant,
    started: Instant,
    deadline: Instant,
    alarm: Pin<Box<Sleep>>,
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
            sending: Sending::new(stream, sender, request.compression),
            response: Response::new(response, limits),
            limits,
            begun,
            started,
            deadline: request.deadline,
            alarm: Box::pin(sleep_until(request.deadline.into())),
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
        self.sending.settle(sent.is_ok());
        sent
    }

    /// Says that no more will be sent.
    pub(crate) fn close_send(&mut self) {
        self.sending.close();
    }

    /// Sends the only message of a call, and that it is the only one, without waiting: it leaves with the headers.
    pub(super) fn send_only(&mut self, message: Bytes) {
        if let Some(outgoing) = self.pack(message, true) {
            self.sending.send_only(outgoing);
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
        let packed = self.sending.pack(message, compressed);
        packed.map_err(|error| self.end(Ending::client(Code::ResourceExhausted, error))).ok()
    }

    fn poll_send(&mut self, context: &mut Context<'_>, rest: &mut Outgoing, size: usize) -> Poll<Result<(), Ended>> {
        loop {
            if self.has_ended() || self.sending.is_closed() {
                return Poll::Ready(Err(Ended));
            }
            if self.sending.poll_send(context, rest, size).is_ready() {
                return Poll::Ready(Ok(()));
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
        self.sending.poll_opening(context);
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
        self.sending.phase().unwrap_or_else(|| self.response.phase())
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
        if !(ending.complete && self.sending.is_closed()) {
            self.sending.reset();
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
            unsent: self.sending.unsent(),
            bytes_sent: self.sending.bytes(),
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
