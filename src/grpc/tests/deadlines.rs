//! Deadlines: passed already, met by a CANCELLED of the server's, or spent waiting for a free stream.

use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::Reason;
use http::Response;
use tokio::time::sleep;

use super::honest::{Answer, echo, serve};
use super::{PATH, SHORT, channel, listen, told, try_unary, unary};
use crate::grpc::outcome::Phase;
use crate::grpc::{CallOutcome, CallRequest, Code, Metadata};

/// Answers so long before the deadline.
async fn before_the_deadline(early: Duration, how: fn(Answer)) -> CallOutcome {
    let target = serve(move |request, answer| async move {
        sleep(SHORT.checked_sub(early).expect("short")).await;
        how(answer);
        drop(request);
    });
    unary(target.await).await
}

fn reset(mut answer: Answer) {
    answer.send_reset(Reason::CANCEL);
}

fn cancelled(mut answer: Answer) {
    let head = Response::builder().header("content-type", "application/grpc").header("grpc-status", "1");
    let head = head.header("grpc-message", "context canceled").body(()).expect("a response");
    answer.send_response(head, true).expect("headers");
}

#[tokio::test]
async fn cancelled_at_the_deadline_is_the_deadlines() {
    for how in [reset, cancelled] {
        let outcome = before_the_deadline(Duration::from_millis(8), how).await;
        assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(&outcome));
    }
}

#[tokio::test]
async fn cancelled_before_the_deadline_is_the_servers() {
    let outcome = before_the_deadline(Duration::from_millis(150), reset).await;
    assert_eq!(outcome.status.code, Code::Cancelled, "{}", told(&outcome));
    assert_eq!(outcome.status.message, "the server reset the stream: CANCEL (0x8)");
    assert_eq!(outcome.stopped_in, Some(Phase::Headers));
}

#[tokio::test]
async fn a_deadline_that_has_passed_already() {
    let channel = channel(serve(echo).await);
    channel.connect(Instant::now() + SHORT).await.expect("reached");
    let outcome =
        channel.unary(CallRequest::new(PATH, &Metadata::new(), Instant::now()), Bytes::new()).await.expect("reached");
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(&outcome));
}

#[tokio::test]
async fn no_free_stream() {
    let target = listen(|stream| async move {
        let mut connection =
            h2::server::Builder::new().max_concurrent_streams(1).handshake::<_, Bytes>(stream).await.expect("HTTP/2");
        let mut waiting = Vec::new();
        while let Some(Ok(call)) = connection.accept().await {
            waiting.push(call);
        }
    });
    let channel = channel(target.await);
    let metadata = Metadata::new();
    let first = channel.open(CallRequest::new(PATH, &metadata, Instant::now() + SHORT * 3));
    let _first = first.await.expect("reached");
    tokio::task::yield_now().await;
    let outcome = try_unary(&channel).await.expect("reached");
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(&outcome));
    assert_eq!(outcome.stopped_in, Some(Phase::FreeStream));
    assert!(outcome.hints[0].contains("`--jobs`"), "{}", told(&outcome));
}
