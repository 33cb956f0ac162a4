//! Plays a script on an open stream, step by step, up to its end or to the first step that finds not what it expects.
//! Main type: [`Player`].

use std::future::ready;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost_reflect::DynamicMessage;
use tokio::time::{sleep, timeout_at};

use super::Exchange;
use super::call::{CallEnd, Surroundings, Talk, capture, decode_rest, hide_captures};
use super::lasting::make_lasting;
use super::shortfall::{Nothing, Shortfall};
use super::timeline::{Fate, Happening, Moment, Timeline};
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Scope, Value};
use crate::grpc::{Call, Received};
use crate::matcher::{Mismatch, Named, compression_mismatch, message_value, values_of_sent};
use crate::message::{self, FieldType, render_value};
use crate::plan::{PlannedAction, PlannedCall, PlannedReceive, PlannedScript, RequestMessage};
use crate::spec::Extent;

/// What a script adds to what was sent and what came back.
pub(super) struct ScriptEnd {
    pub(super) timeline: Timeline,
    /// What a step, or a call within the script, found otherwise than expected.
    pub(super) found: Vec<Diagnostic>,
    /// The call within the script that failed.
    pub(super) nested: Option<Box<Exchange>>,
    pub(super) captured: Named<Value>,
}

/// Plays `script` on the open `call`. The error is the end of a call within it that could not be made.
pub(super) async fn play(
    script: &PlannedScript,
    planned: &PlannedCall,
    call: Call,
    within: Surroundings<'_>,
) -> Result<Talk, CallEnd> {
    let mut player = Player {
        planned,
        within,
        scope: Arc::clone(within.scope),
        captured: Named::new(),
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
    /// What the next step sees: what was sent, the last message received, what was captured.
    scope: Arc<Scope>,
    captured: Named<Value>,
    call: Call,
    /// Whether it is said that no more is sent.
    closed: bool,
    requests: Vec<Arc<DynamicMessage>>,
    /// Received so far, decoded.
    messages: Vec<DynamicMessage>,
    /// The same as they came, without their bytes.
    received: Vec<Received>,
    moments: Vec<Moment>,
}

/// Why a script is not played to its end.
enum Stop {
    Short {
        step: Span,
        word: &'static str,
        shortfall: Shortfall,
    },
    /// A call within it failed.
    Nested {
        found: Vec<Diagnostic>,
        exchange: Box<Exchange>,
    },
    /// A call within it could not be made, or a value is not there.
    Aborted(CallEnd),
}

impl Player<'_> {
    async fn play(&mut self, script: &PlannedScript) -> Result<(), Stop> {
        for step in &script.steps {
            let (span, word) = (step.span, step.action.word());
            let short = |shortfall| Stop::Short { step: span, word, shortfall };
            match &step.action {
                PlannedAction::Send { message, compressed } => self.send(message, *compressed, span).await?,
                PlannedAction::Receive(receive) => self.receive(receive, span).await.map_err(short)?,
                PlannedAction::SilentFor(duration) => self.stay_silent(*duration, span).await.map_err(short)?,
                PlannedAction::Sleep(duration) => {
                    self.note(span, Happening::Slept(*duration));
                    self.call.while_reading(sleep(*duration)).await;
                }
                PlannedAction::Call(call) => self.call_within(call, span).await?,
                PlannedAction::Close => self.close(Some(span)),
                PlannedAction::Cancel => return self.cancel(span).await.map_err(short),
            }
        }
        let last = script.steps.last().map_or(script.span, |step| step.span);
        let short = |shortfall| Stop::Short { step: last, word: "end", shortfall };
        self.expect_end(last).await.map_err(short)
    }

    fn note(&mut self, step: Span, what: Happening) {
        let at = self.call.started().elapsed();
        self.moments.push(Moment { at, step: Some(step), what });
    }

    async fn send(&mut self, message: &RequestMessage, compressed: bool, step: Span) -> Result<(), Stop> {
        let resolved = message.resolve(&self.scope);
        let (message, bytes) =
            resolved.map_err(|errors| Stop::Aborted(CallEnd::Invalid(errors.into_iter().collect())))?;
        self.requests.push(Arc::clone(&message));
        self.look_around();
        let what = match self.call.send(bytes, compressed).await {
            Ok(()) => Happening::Sent { message, compressed },
            Err(_) => Happening::NotSent,
        };
        self.note(step, what);
        // As every client has it: servers wait for it before they answer.
        if !self.planned.method.is_client_streaming() {
            self.close(None);
        }
        Ok(())
    }

    /// Half-closes, once.
    fn close(&mut self, step: Option<Span>) {
        if !mem::replace(&mut self.closed, true) {
            self.call.close_send();
            let at = self.call.started().elapsed();
            self.moments.push(Moment { at, step, what: Happening::Closed });
        }
    }

    /// Waits for the next message, until a time that may be nearer than the deadline; its index in `messages`.
    async fn next(&mut self, until: Option<Instant>, step: Option<Span>, fate: Fate) -> Result<usize, Nothing> {
        if self.call.overflowed() {
            return Err(Nothing::Overflow);
        }
        let received = match until {
            Some(until) => timeout_at(until.into(), self.call.receive()).await.map_err(|_| Nothing::Late)?,
            None => self.call.receive().await,
        };
        let received = received.ok_or(Nothing::End)?;
        if self.call.overflowed() {
            return Err(Nothing::Overflow);
        }
        let Ok(message) = message::decode(&received.bytes, &self.planned.method.output()) else {
            // It makes the call INTERNAL, which is said where the outcome is read.
            self.call.cancel();
            return Err(Nothing::End);
        };
        let index = self.messages.len();
        self.moments.push(Moment { at: received.at, step, what: Happening::Received { index, fate } });
        self.messages.push(message);
        self.received.push(Received { bytes: Bytes::new(), ..received });
        Ok(index)
    }

    async fn receive(&mut self, receive: &PlannedReceive, step: Span) -> Result<(), Shortfall> {
        let until = receive.within.map(|within| Instant::now() + within);
        let first = self.messages.len();
        if receive.extent == Extent::Rest {
            // It reads up to the end, and many a server ends only after this.
            self.close(None);
        }
        loop {
            let next = self.next(until, Some(step), Fate::Received).await;
            let mismatches = match (next, receive.extent) {
                (Ok(index), Extent::Next) => self.compare(receive, index),
                (Ok(index), Extent::Until) if self.compare(receive, index).is_empty() => return self.keep(receive),
                (Ok(_), Extent::Until) => {
                    self.pass_over();
                    continue;
                }
                (Ok(_), Extent::Rest) => continue,
                (Err(Nothing::End), Extent::Rest) => self.compare_rest(receive, first),
                (Err(nothing), _) => {
                    let short = Shortfall::nothing_came(nothing, receive, step, self.closed);
                    let passed_over = if receive.extent == Extent::Until { self.messages.len() - first } else { 0 };
                    return Err(match passed_over {
                        0 => short,
                        count => {
                            let last = self.messages.len() - 1;
                            short.with_those_passed_over(count, &self.shown(last), &self.compare(receive, last))
                        }
                    });
                }
            };
            return match mismatches.as_slice() {
                [] => self.keep(receive),
                found => {
                    self.look_around();
                    hide_captures(&receive.captures, &self.scope);
                    Err(Shortfall::Unmet(found.iter().map(Mismatch::to_diagnostic).collect()))
                }
            };
        }
    }

    /// Keeps what a step that received what it expects says to keep.
    #[expect(clippy::result_large_err, reason = "an error ends the case; the way to it is not hot")]
    fn keep(&mut self, receive: &PlannedReceive) -> Result<(), Shortfall> {
        self.look_around();
        if !receive.captures.is_empty() {
            hide_captures(&receive.captures, &self.scope);
            let (captured, wrong) = capture(&receive.captures, &self.scope);
            self.within.kept.add(&captured);
            if !wrong.is_empty() {
                return Err(Shortfall::Unmet(wrong));
            }
            self.captured.extend(captured);
            self.look_around();
        }
        Ok(())
    }

    /// What is seen from now on.
    fn look_around(&mut self) {
        let mut values = self.captured.clone();
        values.extend(values_of_sent(&self.planned.method, &self.requests));
        if let Some(last) = self.messages.last() {
            values.insert("response".into(), message_value(&Arc::new(last.clone())));
        }
        self.scope = self.within.scope.child(values);
    }

    /// One message with what is expected of it.
    fn compare(&self, receive: &PlannedReceive, index: usize) -> Vec<Mismatch> {
        let scope = &self.scope;
        let matcher = receive.matcher.as_ref();
        let mut found =
            matcher.map(|matcher| matcher.compare_response(&self.messages[index], scope)).unwrap_or_default();
        found.extend(self.compression(receive, index));
        found
    }

    /// Those from an index on with what is expected of the list.
    fn compare_rest(&self, receive: &PlannedReceive, first: usize) -> Vec<Mismatch> {
        let (messages, scope) = (&self.messages[first..], &self.scope);
        let matcher = receive.matcher.as_ref();
        let mut found =
            matcher.map(|matcher| matcher.compare_all(messages, Extent::Rest.word(), scope)).unwrap_or_default();
        found.extend(self.compression(receive, first));
        found
    }

    fn compression(&self, receive: &PlannedReceive, from: usize) -> Option<Mismatch> {
        compression_mismatch(receive.compressed.as_ref()?, &self.received[from..])
    }

    /// The last message received was not the one that is waited for.
    fn pass_over(&mut self) {
        if let Some(Moment { what: Happening::Received { fate, .. }, .. }) = self.moments.last_mut() {
            *fate = Fate::PassedOver;
        }
    }

    async fn stay_silent(&mut self, duration: Duration, step: Span) -> Result<(), Shortfall> {
        self.note(step, Happening::Silent(duration));
        match self.next(Some(Instant::now() + duration), None, Fate::Unwanted).await {
            Err(Nothing::Late) => Ok(()),
            Ok(index) => Err(Shortfall::not_silent(duration, step, self.shown(index))),
            Err(Nothing::End) => Err(Shortfall::ended_in_silence(duration, step)),
            Err(Nothing::Overflow) => Err(Shortfall::overflow(step)),
        }
    }

    async fn call_within(&mut self, call: &PlannedCall, step: Span) -> Result<(), Stop> {
        let begun = Instant::now();
        let scope = Arc::clone(&self.scope);
        let within = Surroundings { scope: &scope, ..self.within };
        let end = self.call.while_reading(make_lasting(call, within)).await.end;
        let method = call.path.trim_start_matches('/').to_owned();
        let (passed, elapsed) = (matches!(end, CallEnd::Passed(_)), begun.elapsed());
        let at = begun.saturating_duration_since(self.call.started());
        self.moments.push(Moment { at, step: Some(step), what: Happening::Called { method, elapsed, passed } });
        match end {
            CallEnd::Passed(made) => {
                self.captured.extend(made.captured);
                self.look_around();
                Ok(())
            }
            CallEnd::Failed { found, exchange, .. } => Err(Stop::Nested { found, exchange }),
            other => Err(Stop::Aborted(other)),
        }
    }

    async fn cancel(&mut self, step: Span) -> Result<(), Shortfall> {
        // What has come is read, so that a stream which the server has ended is not taken for one that we end.
        self.call.while_reading(ready(())).await;
        if self.call.has_ended() {
            return Err(Shortfall::ended_before_cancel(step));
        }
        self.call.cancel();
        self.note(step, Happening::Cancelled);
        Ok(())
    }

    /// Waits for the end of the stream: no message may come before it.
    async fn expect_end(&mut self, last: Span) -> Result<(), Shortfall> {
        self.close(None);
        let first = self.messages.len();
        let mut until = None;
        while self.next(until, None, Fate::Unwanted).await.is_ok() {
            until = until.or(Some(Instant::now() + UNWANTED_FOR));
        }
        match self.messages.len() - first {
            0 => Ok(()),
            count => Err(Shortfall::unwanted(count, last, self.shown(first))),
        }
    }

    /// Ends the call, if it has not ended, and gathers what was sent and what came back.
    async fn finish(mut self, stop: Option<Stop>) -> Result<Talk, CallEnd> {
        let cut = stop.is_some() && !self.call.has_ended();
        let (mut found, mut nested, mut short) = (Vec::new(), None, None);
        match stop {
            None => {}
            Some(Stop::Aborted(end)) => return Err(end),
            Some(Stop::Nested { found: of_nested, exchange }) => (found, nested) = (of_nested, Some(exchange)),
            Some(Stop::Short { step, word, shortfall }) => {
                self.note(step, Happening::Unmet { word, headline: shortfall.headline().to_owned() });
                short = Some(shortfall);
            }
        }
        if cut {
            self.call.cancel();
        }
        let mut outcome = if self.planned.method.is_server_streaming() {
            self.call.finish().await
        } else {
            self.call.finish_with_one_message().await
        };
        let cancelled = self.moments.iter().any(|moment| matches!(moment.what, Happening::Cancelled));
        if cut || cancelled {
            // What was on its way is not judged.
            outcome.messages.truncate(self.messages.len());
            outcome.unrecorded = 0;
        }
        let messages = decode_rest(self.messages, &mut outcome, &self.planned.method);
        if !cut && !cancelled {
            self.moments.push(Moment { at: outcome.elapsed, step: None, what: Happening::Ended });
        }
        found.extend(short.into_iter().flat_map(|short| short.into_diagnostics(&outcome, self.closed)));
        let timeline = Timeline::new(self.moments, cut);
        Ok(Talk {
            requests: self.requests,
            outcome,
            messages,
            script: Some(ScriptEnd { timeline, found, nested, captured: self.captured }),
        })
    }

    /// A message on one line.
    fn shown(&self, index: usize) -> String {
        let ty = FieldType::message(self.planned.method.output());
        self.messages
            .get(index)
            .map(|message| render_value(&prost_reflect::Value::Message(message.clone()), &ty))
            .unwrap_or_default()
    }
}
