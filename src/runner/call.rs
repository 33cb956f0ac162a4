//! One planned call: sent, received, decoded, checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MethodDescriptor};

use super::running::Running;
use super::{Exchange, Interrupt, Reply};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::grpc::{CallOutcome, CallRequest, Channel, Code, Compression, ConnectError, Metadata, Origin, Status};
use crate::matcher::{Mismatch, Observation, Observed};
use crate::message;
use crate::plan::{PlannedCall, PlannedCase};

/// How a call ended for its case.
pub(super) enum CallEnd {
    Passed(Observation),
    Failed {
        mismatches: Vec<Diagnostic>,
        exchange: Box<Exchange>,
    },
    /// The server could not be reached, and nothing expected that.
    Unreachable(Box<Diagnostic>),
    /// A value it needs is not there, or does not fit.
    Invalid(Diagnostics),
    Interrupted,
}

pub(super) async fn make_call(
    call: &PlannedCall,
    case: &PlannedCase,
    server: &Running,
    interrupt: &Interrupt,
) -> CallEnd {
    if let Some(exit) = server.exited() {
        return CallEnd::Unreachable(Box::new(ended(call, server, &exit)));
    }
    let sent = match Sent::resolve(call, case) {
        Ok(sent) => sent,
        Err(problems) => return CallEnd::Invalid(problems),
    };
    let reply = tokio::select! {
        biased;
        () = interrupt.raised() => return CallEnd::Interrupted,
        reply = exchange(call, &sent, &server.channel) => reply,
    };
    let mut outcome = match reply {
        Ok(outcome) => outcome,
        Err(error) if call.expectation.expects_unreachable() => {
            return judge_unreachable(call, case, server, sent, error);
        }
        Err(error) => {
            let diagnostic = match server.ending().await {
                Some(exit) => ended(call, server, &exit),
                None => unreachable(call, server, &error),
            };
            return CallEnd::Unreachable(Box::new(diagnostic));
        }
    };
    let messages = decode_all(&mut outcome, &call.method);
    let mismatches = call.expectation.check(&Observed { outcome: &outcome, messages: &messages }, &case.scope);
    if mismatches.is_empty() {
        return CallEnd::Passed(Observation { messages, elapsed: outcome.elapsed });
    }
    let reply = Reply::Outcome { outcome: Box::new(outcome), messages };
    failed(call, case, server, sent, &mismatches, reply)
}

/// What is sent, nothing left to fill in.
struct Sent {
    metadata: Metadata,
    messages: Vec<Arc<DynamicMessage>>,
    encoded: Vec<Bytes>,
}

impl Sent {
    fn resolve(call: &PlannedCall, case: &PlannedCase) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let metadata = call.metadata.fill(&case.scope).map_err(|errors| problems.extend(errors)).unwrap_or_default();
        let mut sent = Self { metadata, messages: Vec::new(), encoded: Vec::new() };
        for request in &call.requests {
            match request.resolve(&case.scope) {
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

/// Sends everything, and waits for the end.
async fn exchange(call: &PlannedCall, sent: &Sent, channel: &Channel) -> Result<CallOutcome, ConnectError> {
    if call.timeout < CONNECT_WITHIN {
        channel.connect(Instant::now() + CONNECT_WITHIN).await?;
    }
    let request = CallRequest {
        path: &call.path,
        metadata: &sent.metadata,
        deadline: Instant::now() + call.timeout,
        compression: Compression::Identity,
    };
    if let ([message], false) = (sent.encoded.as_slice(), call.method.is_server_streaming()) {
        return channel.unary(request, message.clone()).await;
    }
    let mut open = channel.open(request).await?;
    for message in &sent.encoded {
        if open.send(message.clone(), false).await.is_err() {
            break;
        }
    }
    open.close_send();
    if call.method.is_server_streaming() { Ok(open.finish().await) } else { Ok(open.finish_with_one_message().await) }
}

/// Messages that cannot be read make the call INTERNAL, as a generated client has it.
fn decode_all(outcome: &mut CallOutcome, method: &MethodDescriptor) -> Vec<DynamicMessage> {
    let mut messages = Vec::with_capacity(outcome.messages.len());
    for received in &outcome.messages {
        match message::decode(&received.bytes, &method.output()) {
            Ok(message) => messages.push(message),
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
                break;
            }
        }
    }
    messages
}

fn judge_unreachable(
    call: &PlannedCall,
    case: &PlannedCase,
    server: &Running,
    sent: Sent,
    error: ConnectError,
) -> CallEnd {
    let mismatches = call.expectation.check_unreachable(&error, &case.scope);
    if mismatches.is_empty() {
        return CallEnd::Passed(Observation::default());
    }
    failed(call, case, server, sent, &mismatches, Reply::Unreachable(error))
}

fn failed(
    call: &PlannedCall,
    case: &PlannedCase,
    server: &Running,
    sent: Sent,
    mismatches: &[Mismatch],
    reply: Reply,
) -> CallEnd {
    let exchange = Exchange {
        server: server.name.clone(),
        target: server.target(),
        authority: server.authority.clone(),
        tls: server.tls.clone(),
        method: call.method.clone(),
        metadata: sent.metadata,
        timeout: call.timeout,
        protos: proto_file(call, case),
        requests: sent.messages,
        reply,
        log: None,
    };
    CallEnd::Failed {
        mismatches: mismatches.iter().map(Mismatch::to_diagnostic).collect(),
        exchange: Box::new(exchange),
    }
}

/// The import path and file that declare the method, if it came from a file.
fn proto_file(call: &PlannedCall, case: &PlannedCase) -> Option<(PathBuf, String)> {
    let file = call.method.parent_service().parent_file();
    let folders = case.config.protos.import_paths.iter().map(|path| &path.value);
    let folder = folders.into_iter().find(|folder| folder.join(file.name()).is_file())?;
    Some((short(folder), file.name().to_owned()))
}

/// `cases/../protos` as `protos`: links resolved, seen from the working directory.
fn short(folder: &Path) -> PathBuf {
    let Ok(resolved) = folder.canonicalize() else { return folder.to_owned() };
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    match resolved.strip_prefix(&here) {
        Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Ok(below) => below.to_owned(),
        Err(_) => resolved,
    }
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
