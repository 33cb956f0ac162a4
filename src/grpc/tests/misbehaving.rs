//! Servers that break the rules of gRPC or HTTP/2: a clear failure within the deadline, or no failure at all.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::sleep;

use super::raw::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, OK_HEADERS, OK_TRAILERS, PING, PUSH_PROMISE,
    Peer, RST_STREAM, SETTINGS, answer, block, data, frame, headers, message, prefixed, response, serve,
    serve_with_settings, trailers,
};
use super::{PATH, channel, told, try_unary, unary};
use crate::grpc::outcome::Phase;
use crate::grpc::{
    CallOutcome, CallRequest, Channel, ChannelOptions, Code, Compression, Limits, Metadata, MetadataValue,
};

async fn answered(parts: &[Vec<u8>]) -> CallOutcome {
    unary(answer(parts.concat()).await).await
}

fn expect_deadline(outcome: &CallOutcome, phase: Phase) {
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(outcome));
    assert_eq!(outcome.stopped_in, Some(phase));
    assert!(outcome.status.message.ends_with(&phase.to_string()), "{}", told(outcome));
}

// 1: silence

#[tokio::test]
async fn never_answers() {
    let outcome = answered(&[]).await;
    expect_deadline(&outcome, Phase::Headers);
    assert!(outcome.status.message.starts_with("deadline exceeded after 3"), "{}", told(&outcome));
    assert!(outcome.status.message.ends_with("ms, waiting for response headers"), "{}", told(&outcome));
}

#[tokio::test]
async fn headers_then_silence() {
    let outcome = answered(&[headers(OK_HEADERS)]).await;
    expect_deadline(&outcome, Phase::Message { number: 1 });
    assert_eq!(outcome.http_status, Some(200));
}

#[tokio::test]
async fn a_message_then_silence() {
    let outcome = answered(&[headers(OK_HEADERS), message(b"hello")]).await;
    expect_deadline(&outcome, Phase::Message { number: 2 });
    assert_eq!(outcome.messages[0].bytes, "hello");
}

#[tokio::test]
async fn half_a_message_then_silence() {
    let outcome = answered(&[headers(OK_HEADERS), data(&prefixed(0, b"hello")[..7])]).await;
    expect_deadline(&outcome, Phase::Rest { number: 1, received: 2, size: 5 });
}

// 4: truncated messages

#[tokio::test]
async fn a_truncated_message() {
    let cut = &prefixed(0, b"hello")[..8];
    let outcome = answered(&[headers(OK_HEADERS), frame(DATA, END_STREAM, 1, cut)]).await;
    assert_eq!(told(&outcome), "INTERNAL: message 1 was cut short: 3 of 5 bytes");
}

#[tokio::test]
async fn a_truncated_message_then_ok() {
    let outcome = answered(&[headers(OK_HEADERS), data(&prefixed(0, b"hello")[..8]), trailers(OK_TRAILERS)]).await;
    assert_eq!(
        told(&outcome),
        "INTERNAL: message 1 was cut short: 3 of 5 bytes\ncause: the server said OK all the same"
    );
}

#[tokio::test]
async fn a_truncated_prefix() {
    let outcome = answered(&[headers(OK_HEADERS), data(&[0, 0, 0]), trailers(OK_TRAILERS)]).await;
    assert_eq!(outcome.status.code, Code::Internal);
    assert_eq!(outcome.status.message, "the prefix of message 1 was cut short: 3 of 5 bytes");
}

#[tokio::test]
async fn a_truncated_message_then_an_error_keeps_the_error() {
    let outcome = answered(&[headers(OK_HEADERS), data(&[0, 0, 0]), trailers(&[("grpc-status", "5")])]).await;
    assert_eq!(told(&outcome), "NOT_FOUND: \nwarning: the prefix of message 1 was cut short: 3 of 5 bytes");
}

// 5: messages over the limit

#[tokio::test]
async fn a_message_of_four_gibibytes() {
    let outcome = answered(&[headers(OK_HEADERS), data(&[0, 255, 255, 255, 255, 1])]).await;
    assert_eq!(
        told(&outcome),
        "RESOURCE_EXHAUSTED: a message of 4294967295 bytes is over the limit of 4194304\n\
         hint: raise `limits: { message: … }` of the server if this is meant to pass"
    );
}

#[tokio::test]
async fn a_message_just_over_the_limit() {
    let target = answer([headers(OK_HEADERS), message(b"hello"), trailers(OK_TRAILERS)].concat()).await;
    for (message, expected) in [(4, Code::ResourceExhausted), (5, Code::Ok)] {
        let options = ChannelOptions {
            limits: Limits { message, ..Limits::default() },
            connections: 1,
            ..ChannelOptions::default()
        };
        let outcome = try_unary(&Channel::new(target.clone(), options)).await.expect("reached");
        assert_eq!(outcome.status.code, expected);
    }
}

// 6: compression nobody asked for

#[tokio::test]
async fn a_compressed_message_without_an_encoding() {
    let outcome = answered(&[headers(OK_HEADERS), data(&prefixed(1, b"hello")), trailers(OK_TRAILERS)]).await;
    assert_eq!(told(&outcome), "INTERNAL: message 1 is marked as compressed, but the headers name no `grpc-encoding`");
}

#[tokio::test]
async fn a_flag_that_is_none() {
    let outcome = answered(&[headers(OK_HEADERS), data(&prefixed(2, b"hello")), trailers(OK_TRAILERS)]).await;
    assert_eq!(outcome.status.code, Code::Internal);
    assert!(outcome.status.message.contains("begins with the byte 0x02"), "{}", told(&outcome));
}

#[tokio::test]
async fn an_unknown_encoding() {
    let fields = [OK_HEADERS, &[("grpc-encoding", "snappy")]].concat();
    let outcome = answered(&[headers(&fields), data(&prefixed(1, b"hello")), trailers(OK_TRAILERS)]).await;
    assert_eq!(outcome.status.code, Code::Internal);
    assert!(outcome.status.message.contains("`snappy`"), "{}", told(&outcome));
}

#[tokio::test]
async fn bad_gzip() {
    let fields = [OK_HEADERS, &[("grpc-encoding", "gzip")]].concat();
    let outcome =
        answered(&[headers(&fields), data(&prefixed(1, b"hello, hello, hello")), trailers(OK_TRAILERS)]).await;
    assert_eq!(told(&outcome), "INTERNAL: message 1 is not gzip\ncause: invalid gzip header");
}

#[tokio::test]
async fn a_gzip_bomb_of_200_megabytes() {
    // A gzip file may have several members, one after the other.
    let bomb = Compression::Gzip.compress(&vec![0; 2_000_000].into()).expect("memory").repeat(100);
    let fields = [OK_HEADERS, &[("grpc-encoding", "gzip")]].concat();
    let mut parts = vec![headers(&fields)];
    parts.extend(prefixed(1, &bomb).chunks(16_384).map(data));
    let outcome = answered(&parts).await;
    assert_eq!(
        told(&outcome),
        "RESOURCE_EXHAUSTED: a compressed message unpacks to more than the limit of 4194304 bytes\n\
         hint: raise `limits: { message: … }` of the server if this is meant to pass"
    );
}

// 8: the status is missing or wrong

#[tokio::test]
async fn no_trailers() {
    let outcome = answered(&[headers(OK_HEADERS), frame(DATA, END_STREAM, 1, &prefixed(0, b"hello"))]).await;
    assert_eq!(
        told(&outcome),
        "UNKNOWN: the response ended with no trailers\nhint: is there a proxy on the way that drops trailers?"
    );
    assert_eq!(outcome.status.raw, None);
}

#[tokio::test]
async fn trailers_without_a_status() {
    let outcome = answered(&[response(&[("x", "y")])]).await;
    assert_eq!(outcome.status.code, Code::Unknown);
    assert_eq!(outcome.status.message, "the response ended with trailers without a `grpc-status`");
}

#[tokio::test]
async fn a_status_that_is_none() {
    for raw in ["abc", "99", ""] {
        let outcome = answered(&[response(&[("grpc-status", raw), ("grpc-message", "hm")])]).await;
        assert_eq!(told(&outcome), format!("UNKNOWN: hm\nwarning: `grpc-status` is no status code: `{raw}`"));
        assert_eq!(outcome.status.raw.as_deref(), Some(raw));
    }
}

#[tokio::test]
async fn two_statuses() {
    let outcome = answered(&[response(&[("grpc-status", "0"), ("grpc-status", "5")])]).await;
    assert_eq!(outcome.status.code, Code::Unknown);
    assert_eq!(outcome.status.raw.as_deref(), Some("0, 5"));
}

#[tokio::test]
async fn a_status_in_the_headers_of_a_response_with_a_body_does_not_count() {
    let fields = [OK_HEADERS, &[("grpc-status", "0")]].concat();
    let outcome = answered(&[headers(&fields), message(b"hello"), trailers(&[("grpc-status", "5")])]).await;
    assert_eq!(outcome.status.code, Code::NotFound);
}

// 9, 10, 11: details, messages and metadata that do not decode

#[tokio::test]
async fn details_that_are_not_base64() {
    let outcome = answered(&[response(&[("grpc-status", "5"), ("grpc-status-details-bin", "?!")])]).await;
    assert_eq!(told(&outcome), "NOT_FOUND: \nwarning: `grpc-status-details-bin` is not base64: `?!`");
}

#[tokio::test]
async fn a_long_grpc_message_is_whole() {
    let long = "x".repeat(20_000);
    let outcome = answered(&[response(&[("grpc-status", "5"), ("grpc-message", &long)])]).await;
    assert_eq!((outcome.status.code, outcome.status.message.len()), (Code::NotFound, 20_000));
}

#[tokio::test]
async fn a_grpc_message_that_does_not_decode() {
    let outcome = answered(&[response(&[("grpc-status", "5"), ("grpc-message", "50% %zz %ff é")])]).await;
    assert_eq!((outcome.status.code, outcome.status.message.as_str()), (Code::NotFound, "50% %zz \u{fffd} é"));
}

#[tokio::test]
async fn binary_metadata_that_is_not_base64() {
    let fields = [OK_HEADERS, &[("x-bin", "?!")]].concat();
    let outcome = answered(&[headers(&fields), message(b"hello"), trailers(OK_TRAILERS)]).await;
    assert_eq!(told(&outcome), "OK: \nwarning: `x-bin` is not base64: `?!`");
    assert!(outcome.headers.get_all("x-bin").eq(&[MetadataValue::Text("?!".to_owned())]));
}

// 12: cardinality

#[tokio::test]
async fn no_message_to_a_unary_call() {
    let outcome = answered(&[headers(OK_HEADERS), trailers(OK_TRAILERS)]).await;
    assert_eq!(told(&outcome), "UNIMPLEMENTED: OK with no message where the method returns one");
    assert!(!outcome.trailers_only);
}

#[tokio::test]
async fn trailers_only_ok_to_a_unary_call() {
    let outcome = answered(&[trailers(&[OK_HEADERS, OK_TRAILERS].concat())]).await;
    assert_eq!(outcome.status.code, Code::Unimplemented);
    assert!(outcome.trailers_only);
}

#[tokio::test]
async fn two_messages_to_a_unary_call() {
    let outcome = answered(&[headers(OK_HEADERS), message(b"a"), message(b"b"), trailers(OK_TRAILERS)]).await;
    assert_eq!(told(&outcome), "UNIMPLEMENTED: OK with 2 messages where the method returns one");
    assert_eq!(outcome.messages.len(), 2);
}

#[tokio::test]
async fn a_unary_error_may_be_trailers_only_or_not() {
    let error = [("grpc-status", "5"), ("x", "y")];
    for (parts, trailers_only) in [
        (vec![trailers(&[OK_HEADERS, &error].concat())], true),
        (vec![headers(OK_HEADERS), trailers(&error)], false),
        (vec![headers(&[OK_HEADERS, &error].concat()), frame(DATA, END_STREAM, 1, &[])], true),
    ] {
        let outcome = answered(&parts).await;
        assert_eq!((outcome.status.code, outcome.trailers_only), (Code::NotFound, trailers_only));
        assert!(outcome.trailers.get_all("x").eq(&[MetadataValue::Text("y".to_owned())]));
    }
}

// 13: not gRPC

#[tokio::test]
async fn a_page_of_html() {
    for (status, code) in [
        ("200", Code::Unknown),
        ("302", Code::Unknown),
        ("400", Code::Internal),
        ("401", Code::Unauthenticated),
        ("403", Code::PermissionDenied),
        ("404", Code::Unimplemented),
        ("429", Code::Unavailable),
        ("431", Code::Unknown),
        ("502", Code::Unavailable),
        ("503", Code::Unavailable),
        ("504", Code::Unavailable),
    ] {
        let head = headers(&[(":status", status), ("content-type", "text/html")]);
        let outcome = answered(&[head, frame(DATA, END_STREAM, 1, b"<html>\n<h1>no</h1>")]).await;
        assert_eq!(outcome.status.code, code, "{status}");
        assert_eq!(
            outcome.status.message,
            format!("HTTP {status} with content-type `text/html`, which is not a gRPC response")
        );
        assert_eq!(outcome.causes, ["the body begins with `<html>\\n<h1>no</h1>`"]);
        assert_eq!(outcome.http_status, status.parse().ok());
    }
}

#[tokio::test]
async fn a_page_without_an_end_is_given_up() {
    let outcome = answered(&[headers(&[(":status", "404"), ("content-type", "text/html")]), data(b"<html>")]).await;
    assert_eq!(outcome.status.code, Code::Unimplemented);
    assert_eq!(outcome.causes, ["the body begins with `<html>`"]);
}

#[tokio::test]
async fn a_long_page_is_shown_in_part() {
    let outcome = answered(&[headers(&[(":status", "404")]), data(&[b'x'; 2000])]).await;
    assert_eq!(outcome.causes, [format!("the body begins with `{}`", "x".repeat(512))]);
}

#[tokio::test]
async fn an_http_error_without_a_body() {
    let outcome = answered(&[trailers(&[(":status", "503")])]).await;
    assert_eq!(outcome.status.code, Code::Unavailable);
    assert_eq!(outcome.status.message, "HTTP 503 without a content-type, which is not a gRPC response");
}

#[tokio::test]
async fn another_codec() {
    let head = headers(&[(":status", "200"), ("content-type", "application/grpc+json")]);
    let outcome = answered(&[head, message(b"{}"), trailers(OK_TRAILERS)]).await;
    assert_eq!(outcome.status.code, Code::Internal);
    assert!(outcome.status.message.contains("`application/grpc+json`"), "{}", told(&outcome));
}

#[tokio::test]
async fn content_types_that_are_grpc() {
    for content_type in ["application/grpc", "application/grpc+proto", "Application/GRPC;charset=utf-8"] {
        let head = headers(&[(":status", "200"), ("content-type", content_type)]);
        let outcome = answered(&[head, message(b"hello"), trailers(OK_TRAILERS)]).await;
        assert_eq!(outcome.status.code, Code::Ok, "{content_type}");
    }
}

#[tokio::test]
async fn a_grpc_status_beside_an_http_error_counts() {
    let fields = [(":status", "503"), ("content-type", "application/grpc"), ("grpc-status", "7")];
    let outcome = answered(&[trailers(&fields)]).await;
    assert_eq!(told(&outcome), "PERMISSION_DENIED: \nwarning: HTTP status 503 beside a `grpc-status`");
}

// 16: broken HTTP/2

#[tokio::test]
async fn rules_of_http2_that_are_broken() {
    let bad_length = [OK_HEADERS, &[("content-length", "3")]].concat();
    for (what, parts) in [
        ("data on stream 0", vec![frame(DATA, 0, 0, b"x")]),
        ("bad HPACK", vec![frame(HEADERS, END_HEADERS, 1, &[0xff; 9])]),
        ("a frame of 16 MB", vec![vec![0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1]]),
        ("an upper-case header", vec![headers(&[OK_HEADERS, &[("X-Upper", "y")]].concat())]),
        ("a push", vec![frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &block(&[(":path", "/")])].concat())]),
        ("trailers that do not end", vec![headers(OK_HEADERS), message(b"hello"), headers(OK_TRAILERS)]),
        ("a wrong content-length", vec![headers(&bad_length), message(b"hello"), trailers(OK_TRAILERS)]),
        ("no :status", vec![headers(&[("content-type", "application/grpc")])]),
        ("CONTINUATION from nowhere", vec![frame(CONTINUATION, END_HEADERS, 1, &[])]),
        ("a window that overflows", vec![frame(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff])]),
    ] {
        let outcome = answered(&parts).await;
        assert_eq!(outcome.status.code, Code::Internal, "{what}: {}", told(&outcome));
        assert!(outcome.status.message.starts_with("the server broke the rules of HTTP/2: "), "{}", told(&outcome));
    }
}

// 17: floods of headers and empty frames

#[tokio::test]
async fn a_flood_of_continuations() {
    let mut parts = vec![frame(HEADERS, 0, 1, &block(OK_HEADERS))];
    parts.extend((0..5000).map(|_| frame(CONTINUATION, 0, 1, &block(&[("x", "y")]))));
    let outcome = answered(&parts).await;
    assert_eq!(outcome.status.code, Code::Internal, "{}", told(&outcome));
    assert_eq!(outcome.causes.last().map(String::as_str), Some("too_many_continuations"));
}

#[tokio::test]
async fn a_flood_of_empty_data_ends_the_connection_and_the_next_call_has_another() {
    let target = serve(|mut peer| async move {
        peer.request().await;
        peer.write(&[headers(OK_HEADERS), data(&[]).repeat(200)].concat()).await;
        peer
    });
    let channel = channel(target.await);
    for _ in 0..2 {
        let outcome = try_unary(&channel).await.expect("reached");
        assert_eq!(outcome.status.code, Code::Internal, "{}", told(&outcome));
        assert_eq!(outcome.causes.last().map(String::as_str), Some("too_many_data_frames"));
    }
}

#[tokio::test]
async fn large_headers_are_fine_up_to_the_limit() {
    let value = "v".repeat(1000);
    for (count, expected) in [(20, Code::Ok), (200, Code::Ok), (1100, Code::ResourceExhausted)] {
        let fields: Vec<_> = OK_HEADERS.iter().copied().chain((0..count).map(|_| ("x", value.as_str()))).collect();
        let outcome = answered(&[headers(&fields), message(b"hello"), trailers(OK_TRAILERS)]).await;
        assert_eq!(outcome.status.code, expected, "{count}: {}", told(&outcome));
        if expected == Code::Ok {
            assert_eq!(outcome.headers.get_all("x").count(), count);
        }
    }
}

#[tokio::test]
async fn large_trailers_over_the_limit_are_not_lost_silently() {
    let value = "v".repeat(1_200_000);
    let outcome = answered(&[response(&[("grpc-status", "0"), ("x", &value)])]).await;
    assert_eq!(outcome.status.code, Code::ResourceExhausted);
    assert!(outcome.status.message.starts_with("trailers of 12000"), "{}", told(&outcome));
}

#[tokio::test]
async fn five_hundred_fields() {
    let names: Vec<_> = (0..500).map(|number| format!("x-{number}")).collect();
    let fields: Vec<_> = OK_HEADERS.iter().copied().chain(names.iter().map(|name| (name.as_str(), "y"))).collect();
    let outcome = answered(&[headers(&fields), message(b"hello"), trailers(OK_TRAILERS)]).await;
    assert_eq!((outcome.status.code, outcome.headers.iter().count()), (Code::Ok, 501));
}

// 18: floods that never end

/// Writes the same over and over until the client goes.
async fn flood(first: Vec<u8>, again: Vec<u8>) -> CallOutcome {
    let target = serve(move |mut peer: Peer| {
        let (first, again) = (first.clone(), again.clone());
        async move {
            peer.request().await;
            peer.write(&first).await;
            while peer.write(&again).await {}
            peer
        }
    });
    unary(target.await).await
}

#[tokio::test]
async fn a_flood_of_pings() {
    let outcome = flood(headers(OK_HEADERS), frame(PING, ACK, 0, &[7; 8])).await;
    expect_deadline(&outcome, Phase::Message { number: 1 });
}

#[tokio::test]
async fn a_flood_of_settings() {
    let outcome = flood(headers(OK_HEADERS), frame(SETTINGS, 0, 0, &[])).await;
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", told(&outcome));
}

#[tokio::test]
async fn a_byte_now_and_then() {
    let target = serve(|mut peer: Peer| async move {
        peer.request().await;
        peer.write(&headers(OK_HEADERS)).await;
        for byte in prefixed(0, &[7; 100]) {
            sleep(Duration::from_millis(20)).await;
            if !peer.write(&data(&[byte])).await {
                break;
            }
        }
        peer
    });
    let outcome = unary(target.await).await;
    assert_eq!(outcome.status.code, Code::DeadlineExceeded);
    assert!(matches!(outcome.stopped_in, Some(Phase::Rest { number: 1, size: 100, .. })), "{}", told(&outcome));
}

// 19: odd, and fine

#[tokio::test]
async fn odd_and_fine() {
    let last = [0, 0, 0, 1, 0, 0, 0, 0];
    for (what, parts) in [
        ("informational headers", vec![headers(&[(":status", "103"), ("link", "x")]), response(OK_TRAILERS)]),
        ("an unknown frame", vec![frame(0xfa, 0xff, 1, b"?"), response(OK_TRAILERS), frame(0xfa, 0, 0, b"?")]),
        ("data after the trailers", vec![response(OK_TRAILERS), data(b"late")]),
        ("GOAWAY, then OK", vec![frame(GOAWAY, 0, 0, &last), response(OK_TRAILERS)]),
        ("a reset after the trailers", vec![response(OK_TRAILERS), frame(RST_STREAM, 0, 1, &[0, 0, 0, 0])]),
        ("an empty frame between", vec![headers(OK_HEADERS), data(&[]), message(b"hello"), trailers(OK_TRAILERS)]),
        (
            "padding",
            vec![
                headers(OK_HEADERS),
                frame(DATA, 8, 1, &[&[3][..], &prefixed(0, b"hello"), &[0; 3]].concat()),
                trailers(OK_TRAILERS),
            ],
        ),
    ] {
        let outcome = answered(&parts).await;
        assert_eq!(outcome.status.code, Code::Ok, "{what}: {}", told(&outcome));
        assert_eq!(outcome.messages[0].bytes, "hello", "{what}");
    }
}

// 20: no window

#[tokio::test]
async fn a_window_that_never_opens() {
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    let target = serve_with_settings(&[0, 4, 0, 0, 0, 0], |peer| async { peer }).await;
    let outcome = unary(target.clone()).await;
    expect_deadline(&outcome, Phase::Sending { number: 1, sent: 0, size: 7 });
    assert_eq!(outcome.unsent, 1);

    let deadline = Instant::now() + super::SHORT;
    let channel = channel(target);
    let mut call = channel.open(CallRequest::new(PATH, &Metadata::new(), deadline)).await.expect("reached");
    call.send(Bytes::from_static(b"hi"), false).await.expect_err("no room");
    let outcome = call.finish().await;
    expect_deadline(&outcome, Phase::Sending { number: 1, sent: 0, size: 7 });
    assert_eq!(outcome.unsent, 1);
}

#[tokio::test]
async fn a_window_that_closes_midway() {
    let target = serve(|peer| async { peer }).await;
    let deadline = Instant::now() + super::SHORT;
    let channel = channel(target);
    let outcome = channel
        .unary(CallRequest::new(PATH, &Metadata::new(), deadline), vec![7; 100_000].into())
        .await
        .expect("reached");
    expect_deadline(&outcome, Phase::Sending { number: 1, sent: 65_535, size: 100_005 });
}

#[tokio::test]
async fn no_free_stream() {
    // SETTINGS_MAX_CONCURRENT_STREAMS = 1
    let target = serve_with_settings(&[0, 3, 0, 0, 0, 1], |peer| async { peer }).await;
    let channel = channel(target);
    let long = Instant::now() + super::SHORT * 3;
    let metadata = Metadata::new();
    let first = channel.open(CallRequest::new(PATH, &metadata, long));
    let _first = first.await.expect("reached");
    tokio::task::yield_now().await;
    let outcome = try_unary(&channel).await.expect("reached");
    expect_deadline(&outcome, Phase::FreeStream);
}
