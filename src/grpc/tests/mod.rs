//! The engine against servers over real sockets, most of them on the `h2` crate. Those that break rules are met through
//! the binary, in `tests/integration/misbehaving.rs`; here is what it cannot show.

mod connections;
mod deadlines;
mod honest;
mod keepalive;
mod reflection;
mod responses;
mod tls;

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};

use super::{CallOutcome, CallRequest, Channel, ChannelOptions, ConnectError, Metadata, Target};

/// The deadline of the tests' calls.
const SHORT: Duration = Duration::from_secs(1);

/// By how much a call may be late.
const SLACK: Duration = Duration::from_secs(5);

/// SETTINGS without any: all that some peers say.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

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

/// Serves every connection with the script, over plain TCP.
async fn listen<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> Target
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(script(stream));
        }
    });
    Target::parse(&address.to_string()).expect("an address")
}

/// A message behind its flag and length.
fn prefixed(flag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![flag];
    bytes.extend(u32::try_from(body.len()).expect("short").to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Status, then everything a report would print beneath it.
fn told(outcome: &CallOutcome) -> String {
    let lines = std::iter::once(format!("{}: {}", outcome.status.code, outcome.status.message))
        .chain(outcome.causes.iter().map(|cause| format!("cause: {cause}")))
        .chain(outcome.hints.iter().map(|hint| format!("hint: {hint}")))
        .chain(outcome.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.collect::<Vec<_>>().join("\n")
}
