//! The small services every gRPC server may have: `grpc.health.v1.Health`, and whether reflection answers.

use std::time::Instant;

use bytes::{Buf as _, Bytes};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field, string};

use super::channel::Channel;
use super::code::Code;
use super::connect_error::ConnectError;
use super::metadata::Metadata;
use super::outcome::CallOutcome;
use super::reflection::{Reflection, ReflectionError};
use super::request::CallRequest;
use crate::schema::Question;

/// What a server says of itself.
#[derive(Clone, Debug)]
pub(crate) enum Health {
    Serving,
    /// `NOT_SERVING`, `SERVICE_UNKNOWN`, `UNKNOWN`, or a number that is none of them.
    NotServing(String),
    /// No health service, or no answer: what came of the call.
    NoAnswer(Box<CallOutcome>),
}

const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// Asks `grpc.health.v1.Health` for one service, or with an empty name for the server as a whole.
pub(crate) async fn check_health(
    channel: &Channel,
    service: &str,
    metadata: &Metadata,
    deadline: Instant,
) -> Result<Health, ConnectError> {
    let mut request = Vec::new();
    if !service.is_empty() {
        string::encode(1, &service.to_owned(), &mut request);
    }
    let outcome = channel.unary(CallRequest::new(HEALTH_CHECK, metadata, deadline), request.into()).await?;
    let status = match &outcome.messages[..] {
        [message] if outcome.status.code == Code::Ok => serving_status(message.bytes.clone()),
        _ => None,
    };
    Ok(match status {
        None => Health::NoAnswer(Box::new(outcome)),
        Some(1) => Health::Serving,
        Some(0) => Health::NotServing("UNKNOWN".to_owned()),
        Some(2) => Health::NotServing("NOT_SERVING".to_owned()),
        Some(3) => Health::NotServing("SERVICE_UNKNOWN".to_owned()),
        Some(other) => Health::NotServing(format!("status {other}")),
    })
}

/// Whether the server answers reflection, in v1 or v1alpha. A server without it is an outcome that is not OK.
pub(crate) async fn reflection_answers(
    channel: &Channel,
    metadata: &Metadata,
    deadline: Instant,
) -> Result<Result<(), Box<CallOutcome>>, ConnectError> {
    match Reflection::new(channel, metadata, deadline).ask(&Question::Services).await {
        // Whatever it says, it is there.
        Ok(_) | Err(ReflectionError::Malformed(_)) => Ok(Ok(())),
        Err(ReflectionError::NotOffered(outcome) | ReflectionError::Ended(outcome)) => Ok(Err(outcome)),
        Err(ReflectionError::Unreachable(error)) => Err(error),
    }
}

/// Field 1 of a `HealthCheckResponse`, zero if it is not there; `None` if this is no such message.
fn serving_status(mut bytes: Bytes) -> Option<u64> {
    let mut status = 0;
    while bytes.has_remaining() {
        let (field, wire_type) = decode_key(&mut bytes).ok()?;
        if (field, wire_type) == (1, WireType::Varint) {
            status = decode_varint(&mut bytes).ok()?;
        } else {
            skip_field(wire_type, field, &mut bytes, DecodeContext::default()).ok()?;
        }
    }
    Some(status)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::serving_status;

    #[test]
    fn reads_the_serving_status() {
        assert_eq!(serving_status(Bytes::from_static(&[8, 1])), Some(1));
        assert_eq!(serving_status(Bytes::new()), Some(0));
        assert_eq!(serving_status(Bytes::from_static(&[0x12, 1, b'x', 8, 2])), Some(2));
        assert_eq!(serving_status(Bytes::from_static(b"<html>")), None);
    }
}
