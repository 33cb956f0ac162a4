//! A peer that falls silent while a call waits for it.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::raw::{self, ACK, Frame, OK_TRAILERS, PING};
use super::{PATH, Target, told};
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
    let outcome = call(raw::serve(|peer| async { peer }).await).await;
    assert_eq!(outcome.status.code, Code::Unavailable);
    assert_eq!(
        told(&outcome),
        "UNAVAILABLE: the connection was lost\ncause: no answer to a keepalive PING within 50ms"
    );
    assert!(outcome.elapsed < PATIENCE / 2, "{:?}", outcome.elapsed);
}

#[tokio::test]
async fn a_peer_that_answers_is_waited_for() {
    let target = raw::serve(|mut peer| async move {
        peer.request().await;
        let mut answered = 0;
        while answered < 3 {
            match peer.read().await {
                Some(Frame { kind: PING, flags: 0, payload, .. }) => {
                    peer.frame(PING, ACK, 0, &payload).await;
                    answered += 1;
                }
                Some(_) => {}
                None => return peer,
            }
        }
        peer.write(&raw::response(OK_TRAILERS)).await;
        peer
    });
    assert_eq!(told(&call(target.await).await), "OK: ");
}
