//! One planned call: sent, received, decoded, checked.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tokio::time::timeout;

use super::kept::Kept;
use super::leases::Leases;
use super::running::Running;
use super::script::{self, ScriptEnd};
use super::{Exchange, Interrupt, Reply};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expr::{Scope, Value};
use crate::grpc::{CallOutcome, CallRequest, Channel, Code, ConnectError, Metadata, Origin, Status};
use crate::matcher::{Mismatch, Named, Observed, values_of_sent};
use crate::message::{self, status_details};
use crate::plan::{PlannedCall, PlannedCapture, PlannedPayload};
use crate::spec::Config;

/// How a call ended for its case.
pub(super) enum CallEnd {
    Passed(Box<Made>),
    Failed {
        found: Vec<Diagnostic>,
        exchange: Box<Exchange>,
        /// What expressions know the call by, where it ended with OK all the same.
        values: Option<Named<Value>>,
    },
    /// The server could not be reached, and nothing expected that.
    Unreachable(Box<Diagnostic>),
    /// A value it needs is not there, or does not fit.
    Invalid(Diagnostics),
    Interrupted,
}

/// What a call that passed leaves.
pub(super) struct Made {
    /// It knows the whole call.
    pub(super) scope: Arc<Scope>,
    pub(super) captured: Named<Value>,
    /// What expressions know the call by.
    pub(super) values: Named<Value>,
}

/// What a call is made in.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a Config,
    pub(super) leases: &'a Leases,
    /// What it sees.
    pub(super) scope: &'a Arc<Scope>,
    pub(super) kept: &'a Kept,
    pub(super) interrupt: &'a Interrupt,
    /// A moment at which it ends, however long it may take by itself.
    pub(super) until: Option<Instant>,
}

impl Surroundings<'_> {
    /// The end of what begins now and may take so long.
    fn deadline(&self, timeout: Duration) -> Instant {
        let deadline = Instant::now() + timeout;
        self.until.map_or(deadline, |until| until.min(deadline))
    }

    /// What is seen once a call is over, for as long again as it may take.
    fn evaluating(&self, call: &PlannedCall, captured: &Named<Value>) -> Arc<Scope> {
        self.scope.until(self.deadline(call.timeout)).child(captured.clone())
    }
}

/// What was sent and what came back.
pub(super) struct Talk {
    pub(super) requests: Vec<Arc<DynamicMessage>>,
    pub(super) outcome: CallOutcome,
    /// Those of the outcome, decoded, as many as could be.
    pub(super) messages: Vec<DynamicMessage>,
    pub(super) script: Option<ScriptEnd>,
}

/// A call that is over.
struct Over {
    talk: Talk,
    /// Those of its status.
    details: Vec<DynamicMessage>,
}

pub(super) async fn make_call(call: &PlannedCall, within: Surroundings<'_>) -> CallEnd {
    let Some(server) = within.leases.get(&call.server) else {
        let missing = Diagnostic::error(format!("the server `{}` was not started", call.server));
        return CallEnd::Invalid([missing.at(call.span, "this call was not made")].into_iter().collect());
    };
    if let Some(exit) = server.exited() {
        return CallEnd::Unreachable(Box::new(ended(call, server, &exit)));
    }
    let sent = match Sent::resolve(call, within) {
        Ok(sent) => sent,
        Err(problems) => return CallEnd::Invalid(problems),
    };
    within.scope.hide_credentials(&sent.metadata);
    if within.interrupt.is_raised() {
        return CallEnd::Interrupted;
    }
    let Some(over) = unless_interrupted(over(call, &sent, server, within), within.interrupt).await else {
        return CallEnd::Interrupted;
    };
    let end = match over {
        Ok(over) => judge(call, within, server, sent.metadata, over),
        Err(Silence::Unreachable(error)) if call.expectation.expects_unreachable() => {
            judge_unreachable(call, within, server, sent, error)
        }
        Err(Silence::Unreachable(error)) => {
            let diagnostic = match server.ending().await {
                Some(exit) => ended(call, server, &exit),
                None => unreachable(call, server, &error),
            };
            CallEnd::Unreachable(Box::new(diagnostic))
        }
        Err(Silence::Ended(end)) => end,
    };
    if end.lost_its_server() {
        server.log_drained().await;
    }
    end
}

/// What is on its way when the run is interrupted may take so long to end by itself: only of what came back is it known
/// how to undo it.
const INTERRUPTED_WITHIN: Duration = Duration::from_millis(500);

async fn unless_interrupted<T>(talk: impl Future<Output = T>, interrupt: &Interrupt) -> Option<T> {
    let mut talk = pin!(talk);
    tokio::select! {
        talk = &mut talk => Some(talk),
        () = interrupt.raised() => timeout(INTERRUPTED_WITHIN, talk).await.ok(),
    }
}

impl CallEnd {
    /// Whether the connection ended, and perhaps the server with it.
    fn lost_its_server(&self) -> bool {
        match self {
            Self::Failed { exchange, .. } => match &exchange.reply {
                Reply::Outcome { outcome, .. } => {
                    outcome.status.code == Code::Unavailable && outcome.status.origin == Origin::Client
                }
                Reply::Unreachable(_) => false,
            },
            Self::Unreachable(_) => true,
            Self::Passed(_) | Self::Invalid(_) | Self::Interrupted => false,
        }
    }
}

/// What is sent, nothing left to fill in; of a script, what is sent before its first step.
struct Sent {
    metadata: Metadata,
    messages: Vec<Arc<DynamicMessage>>,
    encoded: Vec<Bytes>,
}

/// Why there is no outcome.
enum Silence {
    Unreachable(ConnectError),
    /// A call within its script ends the case.
    Ended(CallEnd),
}

impl Sent {
    fn resolve(call: &PlannedCall, within: Surroundings<'_>) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let scope = within.scope.until(within.deadline(call.timeout));
        let metadata = call.metadata.fill(&scope).map_err(|errors| problems.extend(errors)).unwrap_or_default();
        let mut sent = Self { metadata, messages: Vec::new(), encoded: Vec::new() };
        let requests = match &call.payload {
            PlannedPayload::Messages(requests) => requests.as_slice(),
            PlannedPayload::Script(_) => &[],
        };
        for request in requests {
            match request.resolve(&scope) {
                Ok((message, bytes)) => {
                    sent.messages.push(message);
                    sent.encoded.push(bytes);
                }
                Err(errors) => problems.extend(errors),
            }
        }
        if problems.is_empty() { Ok(sent) } else { Err(problems) }
    }
}

/// A connection may take this long, however short the call's own time is: that is counted on a ready connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

async fn over(call: &PlannedCall, sent: &Sent, server: &Running, within: Surroundings<'_>) -> Result<Over, Silence> {
    let mut talk = talk(call, sent, server, within).await?;
    let status = &talk.outcome.status;
    let mut details = status_details(&status.details, call.method.parent_pool());
    if let Some(types) = &server.details {
        talk.outcome.warnings.extend(types.complete(&mut details, &server.channel).await);
    }
    Ok(Over { talk, details })
}

async fn talk(call: &PlannedCall, sent: &Sent, server: &Running, within: Surroundings<'_>) -> Result<Talk, Silence> {
    if within.deadline(call.timeout) < Instant::now() + CONNECT_WITHIN {
        server.channel.connect(Instant::now() + CONNECT_WITHIN).await.map_err(Silence::Unreachable)?;
    }
    let request = CallRequest {
        path: &call.path,
        metadata: &sent.metadata,
        deadline: within.deadline(call.timeout),
        compression: call.compression,
    };
    if let PlannedPayload::Script(script) = &call.payload {
        let open = server.channel.open(request).await.map_err(Silence::Unreachable)?;
        return script::play(script, call, open, within).await.map_err(Silence::Ended);
    }
    let mut outcome = exchange(call, sent, request, &server.channel).await.map_err(Silence::Unreachable)?;
    let messages = decode_rest(Vec::new(), &mut outcome, &call.method);
    Ok(Talk { requests: sent.messages.clone(), outcome, messages, script: None })
}

/// Sends everything, and waits for the end.
async fn exchange(
    call: &PlannedCall,
    sent: &Sent,
    request: CallRequest<'_>,
    channel: &Channel,
) -> Result<CallOutcome, ConnectError> {
    if let ([message], false) = (sent.encoded.as_slice(), call.method.is_server_streaming()) {
        return channel.unary(request, message.clone()).await;
    }
    let mut open = channel.open(request).await?;
    for message in &sent.encoded {
        // Once the call has ended, the outcome counts what was not sent.
        let _ = open.send(message.clone(), true).await;
    }
    open.close_send();
    if call.method.is_server_streaming() { Ok(open.finish().await) } else { Ok(open.finish_with_one_message().await) }
}

fn judge(call: &PlannedCall, within: Surroundings<'_>, server: &Running, metadata: Metadata, over: Over) -> CallEnd {
    let Over { talk, details } = over;
    let Talk { requests, outcome, messages, script } = talk;
    within.scope.hide_credentials(&outcome.headers);
    within.scope.hide_credentials(&outcome.trailers);
    let (mut found, timeline, nested, captured) = match script {
        Some(ScriptEnd { timeline, found, nested, captured }) => (found, Some(timeline), nested, captured),
        None => (Vec::new(), None, None, Named::new()),
    };
    let observed = Observed { outcome: &outcome, messages: &messages, details: &details };
    let mut values = values_of_sent(&call.method, &requests);
    if call.is_asked {
        values.extend(observed.values(&call.method));
    }
    let scope = within.evaluating(call, &captured).child(values.clone());
    hide_captures(&call.captures, &scope);
    let mut made = Made { scope: Arc::clone(&scope), captured, values };
    // A call that was ended because the case had failed has an outcome of our making.
    if !timeline.as_ref().is_some_and(|timeline| timeline.cut) {
        let mismatches = call.expectation.check(&observed, &scope);
        found.extend(mismatches.iter().map(Mismatch::to_diagnostic));
        // of a call that fails as well: what it made may have to be undone
        let (captured, wrong) = capture(&call.captures, &scope);
        within.kept.add(&captured);
        made.captured.extend(captured);
        if found.is_empty() {
            found.extend(wrong);
        }
    }
    if found.is_empty() {
        return CallEnd::Passed(Box::new(made));
    }
    let values = (outcome.status.code == Code::Ok).then_some(made.values);
    let reply = Reply::Outcome { outcome: Box::new(outcome), messages };
    let mut exchange = Exchange::new(call, within.config, server, metadata, requests, reply);
    exchange.details = details;
    exchange.timeline = timeline;
    exchange.nested = nested;
    CallEnd::Failed { found, exchange: Box::new(exchange), values }
}

/// The values of what is captured where `scope` says what came back, and the errors of those that have none.
pub(super) fn capture(planned: &[PlannedCapture], scope: &Arc<Scope>) -> (Named<Value>, Vec<Diagnostic>) {
    let mut captured = Named::new();
    let mut wrong = Vec::new();
    for PlannedCapture { name, expression } in planned {
        match expression.evaluate(scope) {
            Ok(value) => {
                captured.insert(Arc::clone(&name.value), value);
            }
            Err(problem) => {
                let read = expression.names().find(|read| read.path.split('.').next() == Some("response"));
                let problem = match read.filter(|_| scope.get("response").is_none()) {
                    Some(read) => Diagnostic::error("there is no response").at(read.span, "never received"),
                    None => problem,
                };
                wrong.push(problem.note(format!("`{}` is captured from it", name.value)));
            }
        }
    }
    (captured, wrong)
}

/// Hides those that are secrets, whether their call passes or is reported.
pub(super) fn hide_captures(captures: &[PlannedCapture], scope: &Arc<Scope>) {
    for PlannedCapture { name, expression } in captures {
        scope.hide_captured(&name.value, expression);
    }
}

/// The messages of an outcome after those that are decoded already. One that cannot be read makes the call INTERNAL, as
/// a generated client has it.
pub(super) fn decode_rest(
    mut messages: Vec<DynamicMessage>,
    outcome: &mut CallOutcome,
    method: &MethodDescriptor,
) -> Vec<DynamicMessage> {
    for received in outcome.messages.iter_mut().skip(messages.len()) {
        match message::decode(&received.bytes, &method.output()) {
            Ok(message) => {
                messages.push(message);
                // It may be large, and is not needed any more.
                received.bytes = Bytes::new();
            }
            Err(error) => {
                outcome.status = Status {
                    code: Code::Internal,
                    raw: outcome.status.raw.take(),
                    message: format!(
                        "message {} is not a valid {}: {error}",
                        messages.len() + 1,
                        method.output().full_name()
                    ),
                    details: Bytes::new(),
                    origin: Origin::Client,
                };
                outcome.hints =
                    vec!["no client of this proto can read it: does the server have another version?".to_owned()];
                break;
            }
        }
    }
    messages
}

fn judge_unreachable(
    call: &PlannedCall,
    within: Surroundings<'_>,
    server: &Running,
    sent: Sent,
    error: ConnectError,
) -> CallEnd {
    let values = values_of_sent(&call.method, &sent.messages);
    let scope = within.evaluating(call, &Named::new()).child(values.clone());
    let mismatches = call.expectation.check_unreachable(&error, &scope);
    let mut found: Vec<_> = mismatches.iter().map(Mismatch::to_diagnostic).collect();
    if found.is_empty() {
        let (captured, wrong) = capture(&call.captures, &scope);
        if wrong.is_empty() {
            return CallEnd::Passed(Box::new(Made { scope, captured, values }));
        }
        found = wrong;
    }
    let reply = Reply::Unreachable(error);
    let exchange = Exchange::new(call, within.config, server, sent.metadata, sent.messages, reply);
    CallEnd::Failed { found, exchange: Box::new(exchange), values: None }
}

fn unreachable(call: &PlannedCall, server: &Running, error: &ConnectError) -> Diagnostic {
    let headline = format!("the server `{}` cannot be reached: {}", server.name, error.headline);
    let diagnostic = Diagnostic::error(headline).at(call.span, "this call was not made");
    let diagnostic = error.causes.iter().fold(diagnostic, |diagnostic, cause| diagnostic.named_note("cause", cause));
    diagnostic.hints(error.hints.iter().cloned())
}

fn ended(call: &PlannedCall, server: &Running, exit: &str) -> Diagnostic {
    Diagnostic::error(format!("the server `{}` has ended: {exit}", server.name))
        .at(call.span, "this call was not made")
        .hint("a server that dies is not started again; its log says why, and the case it died in fails")
}
