//! Whether a gRPC server answers: grpc.health.v1, then reflection, then an HTTP/2 connection. Each rung of this ladder
//! stands in for one that the server does not implement.

use tokio::time::Instant;

use crate::grpc::{CallOutcome, Channel, Code, ConnectError, Health, Metadata, check_health, reflection_answers};

/// What a climb of the ladder came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Ready,
    /// Why not: `grpc.health.v1 says NOT_SERVING`.
    NotYet(String),
}

/// Climbs the ladder, once. The calls carry `metadata`.
pub(super) async fn ask(channel: &Channel, metadata: &Metadata, deadline: Instant) -> Answer {
    match climb(channel, metadata, deadline.into()).await {
        Ok(answer) => answer,
        Err(error) => Answer::NotYet(unreachable(&error)),
    }
}

async fn climb(channel: &Channel, metadata: &Metadata, deadline: std::time::Instant) -> Result<Answer, ConnectError> {
    match check_health(channel, "", metadata, deadline).await? {
        Health::Serving => return Ok(Answer::Ready),
        Health::NotServing(status) => return Ok(Answer::NotYet(format!("grpc.health.v1 says {status}"))),
        Health::NoAnswer(outcome) if is_passing(&outcome) => return Ok(not_yet("grpc.health.v1", &outcome)),
        Health::NoAnswer(_) => {}
    }
    match reflection_answers(channel, metadata, deadline).await? {
        Ok(()) => return Ok(Answer::Ready),
        Err(outcome) if is_passing(&outcome) => return Ok(not_yet("reflection", &outcome)),
        Err(_) => {}
    }
    channel.ping(deadline).await.map(|()| Answer::Ready)
}

/// Whether an outcome may be another in a moment. Any other status, such as UNIMPLEMENTED, or UNAUTHENTICATED from a
/// server that wants to know who asks, is an answer of a server that is up.
fn is_passing(outcome: &CallOutcome) -> bool {
    matches!(outcome.status.code, Code::Unavailable | Code::DeadlineExceeded)
}

fn not_yet(service: &str, outcome: &CallOutcome) -> Answer {
    Answer::NotYet(format!("{service} answers {}: {}", outcome.status.code, outcome.status.message))
}

/// The causes; what they are the causes of is known where this is read.
fn unreachable(error: &ConnectError) -> String {
    if error.causes.is_empty() { error.headline.clone() } else { error.causes.join(": ") }
}

#[cfg(test)]
mod tests;
