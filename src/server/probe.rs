//! Whether a gRPC server answers: the ladder grpc.health.v1, then reflection, then an HTTP/2 connection. Each rung stands
//! in for one that the server does not implement.

use tokio::time::Instant;

/// What a climb of the ladder came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Ready,
    /// Why not: `connection refused`.
    NotYet(String),
}

/// Asks the server at `address`, once.
pub(super) async fn ask(address: &str, deadline: Instant) -> Answer {
    let host = address.strip_prefix("http://").unwrap_or(address);
    match tokio::time::timeout_at(deadline, tokio::net::TcpStream::connect(host)).await {
        Ok(Ok(_)) => Answer::Ready,
        Ok(Err(error)) => Answer::NotYet(error.to_string()),
        Err(_) => Answer::NotYet("no answer in time".to_owned()),
    }
}
