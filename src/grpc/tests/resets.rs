//! Streams and connections that break off (rows 14 and 15 of the misbehaving servers), and the deadline's race.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::sleep;

use super::raw::{
    GOAWAY, OK_HEADERS, OK_TRAILERS, Peer, RST_STREAM, answer, frame, headers, message, response, serve, trailers,
};
use super::{PATH, SHORT, channel, told, try_unary, unary};
use crate::grpc::outcome::Phase;
use crate::grpc::{CallRequest, Code, Metadata, Origin};

/// Every code of `RST_STREAM`, and what gRPC makes of it.
const REASONS: [(u32, &str, Code); 15] = [
    (0, "NO_ERROR (0x0)", Code::Internal),
    (1, "PROTOCOL_ERROR (0x1)", Code::Internal),
    (2, "INTERNAL_ERROR (0x2)", Code::Internal),
    (3, "FLOW_CONTROL_ERROR (0x3)", Code::Internal),
    (4, "SETTINGS_TIMEOUT (0x4)", Code::Internal),
    (5, "STREAM_CLOSED (0x5)", Code::Internal),
    (6, "FRAME_SIZE_ERROR (0x6)", Code::Internal),
    (7, "REFUSED_STREAM (0x7)", Code::Unavailable),
    (8, "CANCEL (0x8)", Code::Cancelled),
    (9, "COMPRESSION_ERROR (0x9)", Code::Internal),
    (10, "CONNECT_ERROR (0xa)", Code::Internal),
    (11, "ENHANCE_YOUR_CALM (0xb)", Code::ResourceExhausted),
    (12, "INADEQUATE_SECURITY (0xc)", Code::PermissionDenied),
    (13, "HTTP_1_1_REQUIRED (0xd)", Code::Internal),
    (99, "unknown error code (0x63)", Code::Unknown),
];

fn reset(reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, 1, &reason.to_be_bytes())
}

fn goaway(last: u32, reason: u32, debug: &str) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &reason.to_be_bytes(), debug.as_bytes()].concat())
}

#[tokio::test]
async fn every_reset_before_during_and_after_the_response() {
    for (reason, name, code) in REASONS {
        for (before, phase) in [
            (vec![], Phase::Headers),
            (vec![headers(OK_HEADERS)], Phase::Message { number: 1 }),
            (vec![headers(OK_HEADERS), message(b"hello")], Phase::Message { number: 2 }),
        ] {
            let outcome = unary(answer([before.concat(), reset(reason)].concat()).await).await;
            assert_eq!(outcome.status.code, code, "{name}: {}", told(&outcome));
            assert_eq!(outcome.status.message, format!("the server reset the stream: {name}"));
            assert_eq!(outcome.stopped_in, Some(phase), "{name}");
            assert_eq!(outcome.status.origin, Origin::Client);
        }
        let outcome = unary(answer([response(OK_TRAILERS), reset(reason)].concat()).await).await;
        assert_eq!(outcome.status.code, Code::Ok, "{name}: {}", told(&outcome));
    }
}

#[tokio::test]
async fn a_goaway_that_covers_the_call() {
    let outcome = unary(answer(goaway(0, 0, "")).await).await;
    assert_eq!(told(&outcome), "UNAVAILABLE: the server closed the connection: GOAWAY NO_ERROR (0x0)");
}

#[tokio::test]
async fn a_goaway_tells_its_debug_data() {
    let outcome = unary(answer(goaway(0, 11, "too_many_pings")).await).await;
    assert_eq!(outcome.status.code, Code::Unavailable);
    assert_eq!(
        outcome.status.message,
        "the server closed the connection: GOAWAY ENHANCE_YOUR_CALM (0xb) `too_many_pings`"
    );
}

#[tokio::test]
async fn a_goaway_then_the_end_of_the_connection() {
    let target = serve(|mut peer| async move {
        peer.request().await;
        peer.write(&goaway(1, 11, "too_many_pings")).await;
        peer.close().await
    });
    let outcome = unary(target.await).await;
    assert_eq!(
        told(&outcome),
        "UNAVAILABLE: the connection was lost\n\
         cause: the server closed the connection: GOAWAY ENHANCE_YOUR_CALM (0xb) `too_many_pings`"
    );
}

#[tokio::test]
async fn the_end_of_the_connection_midway() {
    for before in [vec![], headers(OK_HEADERS), [headers(OK_HEADERS), message(b"hello")].concat()] {
        let target = serve(move |mut peer: Peer| {
            let before = before.clone();
            async move {
                peer.request().await;
                peer.write(&before).await;
                peer.close().await
            }
        });
        let outcome = unary(target.await).await;
        assert_eq!(told(&outcome), "UNAVAILABLE: the connection was lost\ncause: the server closed the connection");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_midway() {
    let target = super::raw::listen(|stream| async move {
        let mut peer = Peer::accept(stream).await;
        peer.request().await;
        peer.reset();
    });
    let outcome = unary(target.await).await;
    assert_eq!(outcome.status.code, Code::Unavailable);
    assert_eq!(outcome.status.message, "the connection was lost");
    assert_eq!(outcome.causes, ["connection reset"]);
}

#[tokio::test]
async fn the_call_after_a_lost_connection_makes_another() {
    let target = serve(|mut peer| async move {
        peer.request().await;
        peer.write(&response(OK_TRAILERS)).await;
        peer.close().await
    });
    let channel = channel(target.await);
    for _ in 0..3 {
        let outcome = try_unary(&channel).await.expect("reached");
        assert_eq!(outcome.status.code, Code::Ok, "{}", told(&outcome));
        // The server's FIN follows its answer; let it arrive, or the call is made on a connection that ends.
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_call_after_a_goaway_makes_another_connection() {
    let target = serve(|mut peer| async move {
        peer.request().await;
        peer.write(&[goaway(1, 0, ""), response(OK_TRAILERS)].concat()).await;
        peer
    });
    let channel = channel(target.await);
    for _ in 0..3 {
        let outcome = try_unary(&channel).await.expect("reached");
        assert_eq!(outcome.status.code, Code::Ok, "{}", told(&outcome));
    }
}

/// Answers shortly before the deadline, or after it.
async fn at_the_deadline(early: Duration, bytes: Vec<u8>) -> crate::grpc::CallOutcome {
    let target = serve(move |mut peer: Peer| {
        let bytes = bytes.clone();
        async move {
            peer.request().await;
            sleep(SHORT.checked_sub(early).expect("short")).await;
            peer.write(&bytes).await;
            peer
        }
    });
    unary(target.await).await
}

#[tokio::test]
async fn cancelled_at_the_deadline_is_the_deadlines() {
    let outcome = at_the_deadline(Duration::from_millis(8), reset(8)).await;
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(&outcome));

    let bytes = trailers(&[OK_HEADERS, &[("grpc-status", "1"), ("grpc-message", "context canceled")]].concat());
    let outcome = at_the_deadline(Duration::from_millis(8), bytes).await;
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(&outcome));
}

#[tokio::test]
async fn cancelled_before_the_deadline_is_the_servers() {
    let outcome = at_the_deadline(Duration::from_millis(150), reset(8)).await;
    assert_eq!(told(&outcome), "CANCELLED: the server reset the stream: CANCEL (0x8)");
}

#[tokio::test]
async fn another_error_at_the_deadline_is_kept() {
    let outcome = at_the_deadline(Duration::from_millis(8), reset(2)).await;
    assert!(matches!(outcome.status.code, Code::Internal | Code::DeadlineExceeded), "{}", told(&outcome));
}

#[tokio::test]
async fn a_deadline_that_has_passed_already() {
    let channel = channel(answer(response(OK_TRAILERS)).await);
    channel.connect(Instant::now() + SHORT).await.expect("reached");
    let outcome =
        channel.unary(CallRequest::new(PATH, &Metadata::new(), Instant::now()), Bytes::new()).await.expect("reached");
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(&outcome));
}
