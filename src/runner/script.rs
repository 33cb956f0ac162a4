//! Plays a script on an open stream, step by step, up to its end or to the first step that finds not what it expects.
//! Main type: [`Player`].

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost_reflect::{DynamicMessage, Value};
use tokio::time::{sleep, timeout, timeout_at};

use super::Exchange;
use super::call::{CallEnd, Surroundings, Talk, decode_rest, make_call};
use super::timeline::{Fate, Happening, Moment, Timeline};
use crate::diagnostic::{Diagnostic, Span};
use crate::grpc::{Call, CallOutcome, Code, Origin, Received};
use crate::matcher::{Mismatch, compression_mismatch};
use crate::message::{self, FieldType, render_value};
use crate::plan::{PlannedAction, PlannedCall, PlannedReceive, PlannedScript};
use crate::spec::Extent;

/// What a script adds to what was sent and what came back.
pub(super) struct ScriptEnd {
    pub(super) timeline: Timeline,
    /// What a step found otherwise than expected.
    pub(super) unmet: Vec<Diagnostic>,
    /// The call within the script that failed.
    pub(super) nested: Option<Box<Exchange>>,
}

/// Plays `script` on the open `call`; the error is the end of a call within it that could not be made.
pub(super) async fn play(
    script: &PlannedScript,
    planned: &PlannedCall,
    call: Call,
    within: Surroundings<'_>,
) -> Result<Talk, CallEnd> {
    let mut player = Player {
        planned,
        within,
        call,
        closed: false,
        requests: Vec::new(),
        messages: Vec::new(),
        received: Vec::new(),
        moments: Vec::new(),
    };
    let stop = player.play(script).await.err();
    player.finish(stop).await
}

/// How long messages that no step receives are waited for, from the first one on: they fail the case anyway.
const UNWANTED_FOR: Duration = Duration::from_millis(500);

struct Player<'a> {
    planned: &'a PlannedCall,
    within: Surroundings<'a>,
    call: Call,
    closed: bool,
    requests: Vec<Arc<DynamicMessage>>,
    /// Received so far, decoded.
    messages: Vec<DynamicMessage>,
    /// The same as they came, without their bytes: whether compressed, and when.
    received: Vec<Received>,
    moments: Vec<Moment>,
}

/// Why a script is not played to its end.
enum Stop {
    /// A step found not what it expects.
    Unmet { step: Span, word: &'static str, found: Vec<Diagnostic> },
    /// A call within it failed.
    Nested { found: Vec<Diagnostic>, exchange: Box<Exchange> },
    /// A call within it could not be made, or a value is not there.
    Aborted(CallEnd),
}

/// What waiting for a message brings.
enum Next {
    /// Its index in `messages`.
    Message(usize),
    /// The call has ended.
    End,
    Late,
    /// More has arrived than is kept.
    Overflow,
}

impl Player<'_> {
    async fn play(&mut self, script: &PlannedScript) -> Result<(), Stop> {
        for step in &script.steps {
            match &step.action {
                PlannedAction::Send { message, compressed } => {
                    let (message, bytes) = message
                        .resolve(&self.within.case.scope)
                        .map_err(|errors| Stop::Aborted(CallEnd::Invalid(errors.into_iter().collect())))?;
                    self.requests.push(Arc::clone(&message));
                    let compressed = *compressed;
                    let what = match self.call.send(bytes, compressed).await {
                        Ok(()) => Happening::Sent { message, compressed },
                        Err(_) => Happening::NotSent,
                    };
                    self.note(step.span, what);
                    // As every client has it; servers wait for it before they answer.
                    if !self.planned.method.is_client_streaming() {
                        self.close(None);
                    }
                }
                PlannedAction::Receive(receive) => {
                    let word = receive.extent.word();
                    let found = self.receive(receive, step.span).await;
                    found.map_err(|found| Stop::Unmet { step: step.span, word, found })?;
                }
                PlannedAction::SilentFor(duration) => self.stay_silent(*duration, step.span).await?,
                PlannedAction::Sleep(duration) => {
                    self.note(step.span, Happening::Slept(*duration));
                    self.call.while_reading(sleep(*duration)).await;
                }
                PlannedAction::Call(call) => self.call_within(call, step.span).await?,
                PlannedAction::Close => self.close(Some(step.span)),
                PlannedAction::Cancel => return self.cancel(step.span).await,
            }
        }
        self.expect_end(script).await
    }

    fn note(&mut self, step: Span, what: Happening) {
        let at = self.call.started().elapsed();
        self.moments.push(Moment { at, step: Some(step), what });
    }

    /// Half-closes, once.
    fn close(&mut self, step: Option<Span>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.call.close_send();
        let at = self.call.started().elapsed();
        self.moments.push(Moment { at, step, what: Happening::Closed });
    }

    /// Waits for the next message, until a time that may be nearer than the deadline.
    async fn next(&mut self, until: Option<Instant>, step: Option<Span>, fate: Fate) -> Next {
        if self.call.overflowed() {
            return Next::Overflow;
        }
        let received = match until {
            Some(until) => match timeout_at(until.into(), self.call.receive()).await {
                Ok(received) => received,
                Err(_) => return Next::Late,
            },
            None => self.call.receive().await,
        };
        let Some(received) = received else { return Next::End };
        if self.call.overflowed() {
            return Next::Overflow;
        }
        match message::decode(&received.bytes, &self.planned.method.output()) {
            Ok(message) => {
                let index = self.messages.len();
                self.moments.push(Moment { at: received.at, step, what: Happening::Received { index, fate } });
                self.messages.push(message);
                self.received.push(Received { bytes: bytes::Bytes::new(), ..received });
                Next::Message(index)
            }
            Err(_) => {
                // It makes the call INTERNAL, which is said where the outcome is read.
                self.call.cancel();
                Next::End
            }
        }
    }

    async fn receive(&mut self, receive: &PlannedReceive, step: Span) -> Result<(), Vec<Diagnostic>> {
        let until = receive.within.map(|within| Instant::now() + within);
        let first = self.messages.len();
        match receive.extent {
            Extent::Next => match self.next(until, Some(step), Fate::Received).await {
                Next::Message(index) => self.judge(receive, index),
                nothing => Err(vec![self.nothing_came(&nothing, receive, step)]),
            },
            Extent::Until => loop {
                let index = match self.next(until, Some(step), Fate::Received).await {
                    Next::Message(index) => index,
                    nothing => {
                        let missed = self.nothing_came(&nothing, receive, step);
                        return Err(vec![self.with_those_passed_over(missed, receive, first)]);
                    }
                };
                match self.judge(receive, index) {
                    Ok(()) => return Ok(()),
                    Err(_) => self.pass_over(),
                }
            },
            Extent::Rest => {
                self.close(None);
                loop {
                    match self.next(until, Some(step), Fate::Received).await {
                        Next::Message(_) => {}
                        Next::End => break,
                        nothing => return Err(vec![self.nothing_came(&nothing, receive, step)]),
                    }
                }
                let scope = &self.within.case.scope;
                let mut found = match &receive.matcher {
                    Some(matcher) => matcher.compare_all(&self.messages[first..], Extent::Rest.word(), scope),
                    None => Vec::new(),
                };
                found.extend(self.compression(receive, first));
                as_result(&found)
            }
        }
    }

    /// One message against what is expected of it.
    fn judge(&self, receive: &PlannedReceive, index: usize) -> Result<(), Vec<Diagnostic>> {
        let scope = &self.within.case.scope;
        let message = &self.messages[index];
        let compare = |matcher: &crate::matcher::Matcher| matcher.compare_response(message, scope);
        let mut found = receive.matcher.as_ref().map(compare).unwrap_or_default();
        found.extend(self.compression(receive, index));
        as_result(&found)
    }

    fn compression(&self, receive: &PlannedReceive, from: usize) -> Option<Mismatch> {
        compression_mismatch(receive.compressed.as_ref()?, &self.received[from..])
    }

    fn pass_over(&mut self) {
        let received = self.moments.iter_mut().rev().find_map(|moment| match &mut moment.what {
            Happening::Received { fate, .. } => Some(fate),
            _ => None,
        });
        if let Some(fate) = received {
            *fate = Fate::PassedOver;
        }
    }

    async fn stay_silent(&mut self, duration: Duration, step: Span) -> Result<(), Stop> {
        self.note(step, Happening::Silent(duration));
        let until = Some(Instant::now() + duration);
        let unmet = match self.next(until, None, Fate::Unwanted).await {
            Next::Late => return Ok(()),
            Next::Message(index) => Diagnostic::error("a message came where nothing may")
                .at(step, format!("expected nothing for {duration:?}"))
                .named_note("actual", self.shown(index)),
            Next::End => Diagnostic::error("the stream ended where nothing may arrive")
                .at(step, format!("expected nothing for {duration:?}")),
            Next::Overflow => overflow(step),
        };
        Err(Stop::Unmet { step, word: "silent_for", found: vec![unmet] })
    }

    async fn call_within(&mut self, call: &PlannedCall, step: Span) -> Result<(), Stop> {
        let begun = Instant::now();
        let end = self.call.while_reading(call_within(call, self.within)).await;
        let method = call.path.trim_start_matches('/').to_owned();
        let (passed, elapsed) = (matches!(end, CallEnd::Passed(_)), begun.elapsed());
        let at = begun.saturating_duration_since(self.call.started());
        self.moments.push(Moment { at, step: Some(step), what: Happening::Called { method, elapsed, passed } });
        match end {
            CallEnd::Passed(_) => Ok(()),
            CallEnd::Failed { found, exchange } => Err(Stop::Nested { found, exchange }),
            other => Err(Stop::Aborted(other)),
        }
    }

    async fn cancel(&mut self, step: Span) -> Result<(), Stop> {
        // What has come is read, so that a stream which the server has ended is not taken for one that we end.
        self.call.while_reading(ready(())).await;
        if self.call.has_ended() {
            let ended = Diagnostic::error("the stream had ended before `cancel`").at(step, "nothing left to cancel");
            return Err(Stop::Unmet { step, word: "cancel", found: vec![ended] });
        }
        self.call.cancel();
        self.note(step, Happening::Cancelled);
        Ok(())
    }

    /// Waits for the end of the stream: no message may come before.
    async fn expect_end(&mut self, script: &PlannedScript) -> Result<(), Stop> {
        self.close(None);
        let first = self.messages.len();
        let mut until = None;
        loop {
            match self.next(until, None, Fate::Unwanted).await {
                Next::Message(_) => until = until.or(Some(Instant::now() + UNWANTED_FOR)),
                Next::End | Next::Late | Next::Overflow => break,
            }
        }
        let count = self.messages.len() - first;
        if count == 0 {
            return Ok(());
        }
        let headline = match count {
            1 => "a message came that no step receives".to_owned(),
            count => format!("{count} messages came that no step receives"),
        };
        let last = script.steps.last().map_or(script.span, |step| step.span);
        let unwanted = Diagnostic::error(headline)
            .at(last, "expected the end of the stream after this")
            .named_note("actual", self.shown(first))
            .hint("receive it with `- recv: { … }`, or all that is left with `- recv_all`");
        Err(Stop::Unmet { step: last, word: "end", found: vec![unwanted] })
    }

    /// Ends the call, if it has not ended, and gathers what was sent and what came back.
    async fn finish(mut self, stop: Option<Stop>) -> Result<Talk, CallEnd> {
        let (mut unmet, nested) = match stop {
            None => (Vec::new(), None),
            Some(Stop::Aborted(end)) => return Err(end),
            Some(Stop::Nested { found, exchange }) => (found, Some(exchange)),
            Some(Stop::Unmet { step, word, found }) => {
                let headline = found.first().map(|first| first.headline.clone()).unwrap_or_default();
                self.note(step, Happening::Unmet { word, headline });
                (found, None)
            }
        };
        let failed = !unmet.is_empty();
        let cut = failed && !self.call.has_ended();
        if cut {
            self.call.cancel();
        }
        let mut outcome = match self.planned.method.is_server_streaming() {
            true => self.call.finish().await,
            false => self.call.finish_with_one_message().await,
        };
        let cancelled = self.moments.iter().any(|moment| matches!(moment.what, Happening::Cancelled));
        if cut || cancelled {
            // What was on its way is not judged.
            outcome.messages.truncate(self.messages.len());
            outcome.unrecorded = 0;
        }
        let messages = decode_rest(self.messages, &mut outcome, &self.planned.method);
        if !cut {
            let at = outcome.elapsed;
            self.moments.push(Moment { at, step: None, what: Happening::Ended });
            if nested.is_none() {
                unmet = unmet.into_iter().map(|found| with_status(found, &outcome, self.closed)).collect();
            }
        }
        let timeline = Timeline::new(self.moments, cut);
        let script = Some(ScriptEnd { timeline, unmet, nested });
        Ok(Talk { requests: self.requests, outcome, messages, script })
    }

    fn nothing_came(&self, nothing: &Next, receive: &PlannedReceive, step: Span) -> Diagnostic {
        let what = match receive.extent {
            Extent::Next => "no message came",
            Extent::Until => "no message matched",
            Extent::Rest => "the stream did not end",
        };
        let label = match receive.extent {
            Extent::Next => "expected a message",
            Extent::Until => "expected a message that matches",
            Extent::Rest => "expected the end of the stream",
        };
        let span = receive.matcher.as_ref().map_or(step, crate::matcher::Matcher::span);
        match nothing {
            Next::Late => {
                let within = receive.within.unwrap_or_default();
                let late = Diagnostic::error(format!("{what} within {within:?}")).at(span, label);
                if self.closed { late } else { late.hint(NOT_CLOSED) }
            }
            Next::Overflow => overflow(step),
            Next::End | Next::Message(_) => {
                Diagnostic::error(format!("{what} before the stream ended")).at(span, label)
            }
        }
    }

    fn with_those_passed_over(&self, missed: Diagnostic, receive: &PlannedReceive, first: usize) -> Diagnostic {
        let count = self.messages.len() - first;
        let Some(last) = count.checked_sub(1).map(|before| first + before) else { return missed };
        let plural = if count == 1 { "message was" } else { "messages were" };
        let missed = missed.note(format!("{count} {plural} passed over, the last: {}", self.shown(last)));
        let why = self.judge(receive, last).err().and_then(|why| why.into_iter().next());
        match why {
            Some(why) => missed.note(format!("in it, {}", why.headline)),
            None => missed,
        }
    }

    /// A message on one line.
    fn shown(&self, index: usize) -> String {
        let ty = FieldType::message(self.planned.method.output());
        self.messages.get(index).map(|message| render_value(&Value::Message(message.clone()), &ty)).unwrap_or_default()
    }
}

/// Boxed, because that call may have a script with calls of its own.
fn call_within<'a>(
    call: &'a PlannedCall,
    within: Surroundings<'a>,
) -> Pin<Box<dyn Future<Output = CallEnd> + Send + 'a>> {
    Box::pin(make_call(call, within))
}

const NOT_CLOSED: &str = "a server that waits for the last message answers only after a `- close`";

fn as_result(found: &[Mismatch]) -> Result<(), Vec<Diagnostic>> {
    if found.is_empty() { Ok(()) } else { Err(found.iter().map(Mismatch::to_diagnostic).collect()) }
}

fn overflow(step: Span) -> Diagnostic {
    Diagnostic::error("the server sent more than is kept of one call")
        .at(step, "more came than this can be judged by")
        .hint("raise `limits: { recorded: … }` of the server")
}

/// With how the stream ended, where that explains what was found.
fn with_status(found: Diagnostic, outcome: &CallOutcome, closed: bool) -> Diagnostic {
    let status = &outcome.status;
    let text = match status.message.as_str() {
        "" => status.code.to_string(),
        message => format!("{}: {message}", status.code),
    };
    let found = found.named_note("status", text);
    let late = status.code == Code::DeadlineExceeded && status.origin == Origin::Client;
    if late && !closed { found.hint(NOT_CLOSED) } else { found }
}
