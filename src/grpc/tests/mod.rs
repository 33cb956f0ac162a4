//! The engine against servers over real sockets: honest ones on the `h2` crate, and raw ones that misbehave frame by
//! frame. Each test says what a person would read.

mod honest;
mod keepalive;
mod misbehaving;
mod raw;
mod reflection;
mod resets;
mod tls;
mod unreachable;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{CallOutcome, CallRequest, Channel, ChannelOptions, ConnectError, Metadata, Target};

/// The deadline of the tests' calls.
const SHORT: Duration = Duration::from_millis(300);

/// By how much a call may be late.
const SLACK: Duration = Duration::from_millis(250);

const PATH: &str = "/test.Service/Method";

fn channel(target: Target) -> Channel {
    Channel::new(target, ChannelOptions::default())
}

/// A unary call with a short deadline, which must hold.
async fn try_unary(channel: &Channel) -> Result<CallOutcome, ConnectError> {
    let begun = Instant::now();
    let outcome =
        channel.unary(CallRequest::new(PATH, &Metadata::new(), begun + SHORT), Bytes::from_static(b"hi")).await;
    let took = begun.elapsed();
    assert!(took < SHORT + SLACK, "the call took {took:?}");
    outcome
}

async fn unary(target: Target) -> CallOutcome {
    try_unary(&channel(target)).await.expect("a server that is reached")
}

/// Status, then everything a report would print beneath it.
fn told(outcome: &CallOutcome) -> String {
    let lines = std::iter::once(format!("{}: {}", outcome.status.code, outcome.status.message))
        .chain(outcome.causes.iter().map(|cause| format!("cause: {cause}")))
        .chain(outcome.hints.iter().map(|hint| format!("hint: {hint}")))
        .chain(outcome.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.collect::<Vec<_>>().join("\n")
}
