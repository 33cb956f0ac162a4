//! One planned call: sent, received, decoded, checked.

use std::sync::Arc;
use std::time::Instant;

use prost_reflect::DynamicMessage;

use super::session::Running;
use super::{Exchange, Interrupt, Reply};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expr::Scope;
use crate::grpc::{CallOutcome, CallRequest, ConnectError};
use crate::matcher::{Mismatch, Observation};
use crate::message;
use crate::plan::PlannedCall;

/// How a call ended for its case.
pub(super) enum CallEnd {
    Passed(Observation),
    Failed { mismatches: Vec<Diagnostic>, exchange: Box<Exchange> },
    /// The server could not be reached, and nothing expected that.
    Unreachable(Box<Diagnostic>),
    /// A value it needs is not there, or does not fit.
    Invalid(Diagnostics),
    Interrupted,
}

pub(super) async fn make_call(
    call: &PlannedCall,
    running: &Running,
    scope: &Arc<Scope>,
    interrupt: &Interrupt,
) -> CallEnd {
    let metadata = match call.metadata.fill(scope) {
        Ok(metadata) => metadata,
        Err(errors) => return CallEnd::Invalid(errors.into_iter().collect()),
    };
    let mut requests = Vec::with_capacity(call.requests.len());
    let mut encoded = Vec::with_capacity(call.requests.len());
    for request in &call.requests {
        match request.resolve(scope) {
            Ok((message, bytes)) => {
                requests.push(message);
                encoded.push(bytes);
            }
            Err(errors) => return CallEnd::Invalid(errors.into_iter().collect()),
        }
    }
    let request = CallRequest { path: &call.path, metadata: &metadata, deadline: Instant::now() + call.timeout };
    let reply = tokio::select! {
        biased;
        () = interrupt.raised() => return CallEnd::Interrupted,
        reply = running.channel.exchange(request, encoded) => reply,
    };
    todo!()
}
