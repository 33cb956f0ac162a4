//! A peer that falls silent while a call waits for it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::honest::{echo, serve};
use super::{PATH, Target, listen, told};
use crate::grpc::{CallOutcome, CallRequest, Channel, ChannelOptions, Code, Metadata};

const EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(30);

async fn call(target: Target) -> CallOutcome {
    let channel = Channel::new(target, ChannelOptions { keepalive: Some(EVERY), ..ChannelOptions::default() });
    let metadata = Metadata::new();
    let request = CallRequest::new(PATH, &metadata, Instant::now() + PATIENCE);
    channel.unary(request, Bytes::from_static(b"hi")).await.expect("a server that is reached")
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_lost_before_the_deadline() {
    let target = listen(|mut stream| async move {
        let _ = stream.write_all(super::SETTINGS).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let outcome = call(target.await).await;
    assert_eq!(outcome.status.code, Code::Unavailable);
    assert_eq!(outcome.status.message, "the connection was lost");
    assert_eq!(outcome.causes, ["no answer to a keepalive PING within 50ms"]);
    assert!(outcome.elapsed < PATIENCE / 2, "{:?}", outcome.elapsed);
}

#[tokio::test]
async fn a_peer_that_answers_is_waited_for() {
    let target = serve(|request, answer| async move {
        tokio::time::sleep(EVERY * 6).await;
        echo(request, answer).await;
    });
    assert_eq!(told(&call(target.await).await), "OK: ");
}
