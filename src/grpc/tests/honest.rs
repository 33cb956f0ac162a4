//! Servers that keep to the rules, on the `h2` crate's server side: all kinds of calls, and what is sent.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::sync::mpsc;

use super::{PATH, SHORT, Target, channel, listen, prefixed, try_unary};
use crate::grpc::{
    CallRequest, Channel, ChannelOptions, Code, Compression, Health, Limits, Metadata, MetadataValue, Origin,
    check_health, reflection_answers,
};

pub(super) type Answer = SendResponse<Bytes>;

/// Serves every call with the handler.
pub(super) async fn serve<F>(
    handler: impl Fn(Request<RecvStream>, Answer) -> F + Send + Sync + Clone + 'static,
) -> Target
where
    F: Future<Output = ()> + Send + 'static,
{
    listen(move |stream| {
        let handler = handler.clone();
        async move {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((request, answer))) = connection.accept().await {
                tokio::spawn(handler(request, answer));
            }
        }
    })
    .await
}

pub(super) fn ok(mut answer: Answer) -> SendStream<Bytes> {
    let head = Response::builder().header("content-type", "application/grpc").body(()).expect("a response");
    answer.send_response(head, false).expect("headers")
}

pub(super) fn end(mut stream: SendStream<Bytes>, status: &'static str) {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    stream.send_trailers(trailers).expect("trailers");
}

/// Everything the client sends.
async fn body(request: Request<RecvStream>) -> Vec<u8> {
    let mut stream = request.into_body();
    let mut bytes = Vec::new();
    while let Some(Ok(chunk)) = stream.data().await {
        let _ = stream.flow_control().release_capacity(chunk.len());
        bytes.extend(chunk);
    }
    bytes
}

/// Sends back what comes, as it comes.
pub(super) async fn echo(request: Request<RecvStream>, answer: Answer) {
    let mut back = ok(answer);
    let mut stream = request.into_body();
    while let Some(Ok(chunk)) = stream.data().await {
        let _ = stream.flow_control().release_capacity(chunk.len());
        back.send_data(chunk, false).expect("data");
    }
    end(back, "0");
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn request(metadata: &Metadata) -> CallRequest<'_> {
    CallRequest::new(PATH, metadata, soon())
}

#[tokio::test]
async fn a_unary_call() {
    let channel = channel(serve(echo).await);
    let outcome = channel
        .unary(CallRequest::new(PATH, &Metadata::new(), soon()), Bytes::from_static(b"hello"))
        .await
        .expect("reached");
    assert_eq!((outcome.status.code, outcome.status.origin), (Code::Ok, Origin::Server));
    assert_eq!((outcome.status.raw.as_deref(), outcome.http_status), (Some("0"), Some(200)));
    assert_eq!(outcome.messages.len(), 1);
    assert_eq!((&outcome.messages[0].bytes[..], outcome.messages[0].compressed), (&b"hello"[..], false));
    assert_eq!((outcome.bytes_sent, outcome.bytes_received), (10, 10));
    assert!(outcome.messages[0].at <= outcome.elapsed);
    assert_eq!((outcome.stopped_in, outcome.trailers_only, outcome.unsent), (None, false, 0));
    assert!(outcome.headers.get_all("content-type").eq(&[MetadataValue::Text("application/grpc".to_owned())]));
    assert!(outcome.trailers.get_all("grpc-status").eq(&[MetadataValue::Text("0".to_owned())]));
}

#[tokio::test]
async fn large_messages_go_both_ways() {
    let channel = channel(serve(echo).await);
    let message = Bytes::from((0..3_000_000_u32).map(|number| number.to_le_bytes()[0]).collect::<Vec<_>>());
    let outcome =
        channel.unary(CallRequest::new(PATH, &Metadata::new(), soon()), message.clone()).await.expect("reached");
    assert_eq!(outcome.status.code, Code::Ok, "{}", outcome.status.message);
    assert_eq!(outcome.messages[0].bytes, message);
    assert_eq!(outcome.bytes_sent, 3_000_005);
}

#[tokio::test]
async fn messages_are_compressed_both_ways() {
    let target = serve(|request, mut answer| async move {
        let encoding = request.headers()["grpc-encoding"].clone();
        assert_eq!(request.headers()["grpc-accept-encoding"], "identity,gzip,deflate,zstd");
        let head = Response::builder().header("content-type", "application/grpc").header("grpc-encoding", encoding);
        let mut stream = answer.send_response(head.body(()).expect("a response"), false).expect("headers");
        // What is compressed one way is compressed the other: the very bytes go back.
        stream.send_data(body(request).await.into(), false).expect("data");
        end(stream, "0");
    });
    let channel = channel(target.await);
    let message = Bytes::from("again and ".repeat(1000));
    for compression in [Compression::Gzip, Compression::Deflate, Compression::Zstd] {
        let metadata = Metadata::new();
        let request = CallRequest { compression, ..request(&metadata) };
        let outcome = channel.unary(request, message.clone()).await.expect("reached");
        assert_eq!(outcome.status.code, Code::Ok, "{compression}: {}", outcome.status.message);
        assert_eq!((&outcome.messages[0].bytes, outcome.messages[0].compressed), (&message, true));
        assert!(outcome.bytes_sent < 1000 && outcome.bytes_received == outcome.bytes_sent, "{compression}");

        let mut call = channel.open(request).await.expect("reached");
        for compressed in [true, false, true] {
            call.send(message.clone(), compressed).await.expect("sent");
        }
        let outcome = call.finish().await;
        let flags: Vec<_> = outcome.messages.iter().map(|message| message.compressed).collect();
        assert_eq!(flags, [true, false, true]);
        assert!(outcome.messages.iter().all(|received| received.bytes == message));
    }
}

#[tokio::test]
async fn an_empty_message_is_a_message() {
    let channel = channel(serve(echo).await);
    let outcome = channel.unary(CallRequest::new(PATH, &Metadata::new(), soon()), Bytes::new()).await.expect("reached");
    assert_eq!((outcome.status.code, outcome.messages.len()), (Code::Ok, 1));
    assert!(outcome.messages[0].bytes.is_empty());
}

#[tokio::test]
async fn a_request_says_what_grpc_asks_for() {
    let (sender, mut heads) = mpsc::unbounded_channel();
    let target = serve(move |request, answer| {
        let sender = sender.clone();
        async move {
            let (head, body) = request.into_parts();
            let _ = sender.send(head);
            echo(Request::new(body), answer).await;
        }
    });
    let target = target.await.with_authority("api.internal").expect("an authority");
    let mut metadata = Metadata::new();
    for value in ["b", "a"] {
        metadata.push("x-many", MetadataValue::Text(value.to_owned())).expect("legal");
    }
    metadata.push("trace-bin", MetadataValue::Binary(Bytes::from_static(&[0xab, 0xab]))).expect("legal");
    let deadline = Instant::now() + Duration::from_secs(5);
    let outcome =
        channel(target).unary(CallRequest::new(PATH, &metadata, deadline), Bytes::new()).await.expect("reached");
    assert_eq!(outcome.status.code, Code::Ok);

    let head = heads.recv().await.expect("a request");
    assert_eq!((head.method.as_str(), head.uri.path()), ("POST", PATH));
    assert_eq!(head.uri.authority().map(ToString::to_string).as_deref(), Some("api.internal"));
    assert_eq!(head.headers["te"], "trailers");
    assert_eq!(head.headers["content-type"], "application/grpc");
    assert_eq!(head.headers["trace-bin"], "q6s");
    assert!(head.headers.get_all("x-many").iter().eq(["b", "a"]));
    assert!(head.headers["user-agent"].to_str().expect("ascii").starts_with("grpc-spec/"));
    let timeout = head.headers["grpc-timeout"].to_str().expect("ascii");
    let micros: u64 = timeout.strip_suffix('u').expect("microseconds").parse().expect("a number");
    assert!((4_500_000..=5_000_000).contains(&micros), "{timeout}");
}

#[tokio::test]
async fn a_user_agent_of_the_case_replaces_ours() {
    let target = serve(|request, answer| async move {
        let agents = request.headers().get_all("user-agent").iter().cloned().collect::<Vec<_>>();
        assert_eq!(agents, ["mine"]);
        echo(request, answer).await;
    });
    let mut metadata = Metadata::new();
    metadata.push("user-agent", MetadataValue::Text("mine".to_owned())).expect("legal");
    let outcome =
        channel(target.await).unary(CallRequest::new(PATH, &metadata, soon()), Bytes::new()).await.expect("reached");
    assert_eq!(outcome.status.code, Code::Ok);
}

#[tokio::test]
async fn a_server_stream() {
    let target = serve(|request, answer| async move {
        body(request).await;
        let mut stream = ok(answer);
        for number in 0..100 {
            stream.send_data(prefixed(0, &[number]).into(), false).expect("data");
        }
        end(stream, "9");
    });
    let channel = channel(target.await);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    call.send(Bytes::from_static(b"go"), false).await.expect("sent");
    call.close_send();
    let mut received = 0;
    while let Some(message) = call.receive().await {
        assert_eq!(message.bytes[..], [received]);
        received += 1;
    }
    assert!(call.has_ended());
    let outcome = call.finish().await;
    assert_eq!((outcome.status.code, outcome.messages.len()), (Code::FailedPrecondition, 100));
    assert!(outcome.messages.is_sorted_by_key(|message| message.at));
}

#[tokio::test]
async fn a_client_stream() {
    let target = serve(|request, answer| async move {
        let length = body(request).await.len();
        let mut stream = ok(answer);
        stream.send_data(prefixed(0, length.to_string().as_bytes()).into(), false).expect("data");
        end(stream, "0");
    });
    let channel = channel(target.await);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    for size in [27182, 8, 1828, 45904] {
        call.send(vec![0; size].into(), false).await.expect("sent");
    }
    let outcome = call.finish_with_one_message().await;
    assert_eq!(outcome.status.code, Code::Ok);
    assert_eq!(outcome.messages[0].bytes, (74_922 + 4 * 5).to_string());
    assert_eq!(outcome.bytes_sent, 74_922 + 4 * 5);
}

#[tokio::test]
async fn a_conversation() {
    let channel = channel(serve(echo).await);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    for text in ["ping", "pong", "bye"] {
        call.send(Bytes::from_static(text.as_bytes()), false).await.expect("sent");
        assert_eq!(call.receive().await.expect("an echo").bytes, text);
    }
    call.close_send();
    assert_eq!(call.receive().await, None);
    assert_eq!(call.finish().await.status.code, Code::Ok);
}

#[tokio::test]
async fn sending_reads_so_that_both_windows_cannot_close() {
    let channel = channel(serve(echo).await);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    let message = Bytes::from(vec![7; 1 << 20]);
    for _ in 0..8 {
        call.send(message.clone(), false).await.expect("sent");
    }
    let outcome = call.finish().await;
    assert_eq!((outcome.status.code, outcome.messages.len()), (Code::Ok, 8), "{}", outcome.status.message);
}

#[tokio::test]
async fn a_wait_for_a_message_can_be_given_up_and_taken_up() {
    let channel = channel(serve(echo).await);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    tokio::time::timeout(Duration::from_millis(30), call.receive()).await.expect_err("silence");
    call.send(Bytes::from_static(b"hello"), false).await.expect("sent");
    assert_eq!(call.receive().await.expect("an echo").bytes, "hello");
}

#[tokio::test]
async fn an_early_answer_ends_the_sending() {
    let target = serve(|request, answer| async move {
        end(ok(answer), "8");
        // Reads nothing, and holds the stream so that no reset is sent for it.
        let _request = request;
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    let channel = channel(target.await);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    let mut sent = 0;
    while call.send(vec![7; 50_000].into(), false).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 3, "{sent} messages of 50,000 bytes fit a window of 65,535");
    let outcome = call.finish().await;
    assert_eq!((outcome.status.code, outcome.unsent), (Code::ResourceExhausted, 1));
}

#[tokio::test]
async fn messages_without_end_are_counted_but_not_kept() {
    let target = serve(|request, answer| async move {
        let _request = request;
        let mut stream = ok(answer);
        let chunk = Bytes::from(prefixed(0, &[7; 1000]).repeat(10));
        loop {
            stream.reserve_capacity(chunk.len());
            while stream.capacity() < chunk.len() {
                if !matches!(poll_fn(|context| stream.poll_capacity(context)).await, Some(Ok(_))) {
                    return;
                }
            }
            stream.send_data(chunk.clone(), false).expect("data");
        }
    });
    let limits = Limits { recorded: 100 * 1000, ..Limits::default() };
    let channel = Channel::new(target.await, ChannelOptions { limits, connections: 1, ..ChannelOptions::default() });
    let metadata = Metadata::new();
    let call = channel.open(CallRequest::new(PATH, &metadata, Instant::now() + SHORT));
    let outcome = call.await.expect("reached").finish().await;
    assert_eq!(outcome.status.code, Code::DeadlineExceeded, "{}", outcome.status.message);
    let kept = outcome.messages.len();
    assert!((40..=50).contains(&kept), "{kept} are kept");
    assert!(outcome.unrecorded > 100, "{} more came", outcome.unrecorded);
}

/// Tells the reason of each stream's reset.
async fn watch_resets() -> (Target, mpsc::UnboundedReceiver<Reason>) {
    let (sender, resets) = mpsc::unbounded_channel();
    let target = serve(move |request, answer| {
        let sender = sender.clone();
        async move {
            let mut stream = ok(answer);
            stream.send_data(prefixed(0, b"first").into(), false).expect("data");
            let _request = request;
            if let Ok(reason) = poll_fn(|context| stream.poll_reset(context)).await {
                let _ = sender.send(reason);
            }
        }
    });
    (target.await, resets)
}

#[tokio::test]
async fn a_cancelled_call_is_reset() {
    let (target, mut resets) = watch_resets().await;
    let channel = channel(target);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    assert_eq!(call.receive().await.expect("a message").bytes, "first");
    call.cancel();
    assert_eq!(resets.recv().await, Some(Reason::CANCEL));
    call.send(Bytes::new(), false).await.expect_err("over");
    assert_eq!(call.receive().await, None);
    let outcome = call.finish().await;
    assert_eq!((outcome.status.code, outcome.status.origin), (Code::Cancelled, Origin::Client));
    assert_eq!((outcome.status.message.as_str(), outcome.messages.len()), ("cancelled by the client", 1));
}

#[tokio::test]
async fn a_dropped_call_is_reset_and_its_connection_lives() {
    let (target, mut resets) = watch_resets().await;
    let channel = channel(target);
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    assert!(call.receive().await.is_some());
    drop(call);
    assert_eq!(resets.recv().await, Some(Reason::CANCEL));
    // With the window closed as well, the next call goes on over the same connection.
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    let full = tokio::time::timeout(Duration::from_millis(50), call.send(vec![7; 1 << 20].into(), false)).await;
    full.expect_err("the window is closed");
    drop(call);
    assert_eq!(resets.recv().await, Some(Reason::CANCEL));
    let mut call = channel.open(request(&Metadata::new())).await.expect("reached");
    assert_eq!(call.receive().await.expect("a message").bytes, "first");
}

#[tokio::test]
async fn a_deadline_resets_the_call() {
    let (target, mut resets) = watch_resets().await;
    let outcome = try_unary(&channel(target)).await.expect("reached");
    assert_eq!(outcome.status.code, Code::DeadlineExceeded);
    assert_eq!(resets.recv().await, Some(Reason::CANCEL));
}

/// Counts connections that stand.
async fn watch_connections() -> (Target, Arc<AtomicUsize>) {
    let open = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&open);
    let target = listen(move |stream| {
        let open = Arc::clone(&counter);
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            if let Ok(mut connection) = h2::server::handshake(stream).await {
                while let Some(Ok((request, answer))) = connection.accept().await {
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        echo(request, answer).await;
                    });
                }
            }
            open.fetch_sub(1, Ordering::SeqCst);
        }
    });
    (target.await, open)
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(2), "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_channel_that_is_dropped_closes_its_connections() {
    let (target, open) = watch_connections().await;
    let channel = channel(target);
    channel.connect(soon()).await.expect("reached");
    until("the connection is accepted", || open.load(Ordering::SeqCst) == 1).await;
    drop(channel);
    until("the connection is closed", || open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn more_calls_in_flight_open_more_connections_up_to_the_most() {
    let (target, open) = watch_connections().await;
    let channel = Channel::new(target, ChannelOptions { connections: 2, ..ChannelOptions::default() });
    let burst = |count: usize| {
        let calls: Vec<_> = (0..count)
            .map(|_| {
                let channel = channel.clone();
                tokio::spawn(async move {
                    let outcome = channel
                        .unary(CallRequest::new(PATH, &Metadata::new(), soon()), Bytes::new())
                        .await
                        .expect("reached");
                    assert_eq!(outcome.status.code, Code::Ok);
                })
            })
            .collect();
        async {
            for call in calls {
                call.await.expect("no panic");
            }
        }
    };
    burst(30).await;
    assert_eq!(open.load(Ordering::SeqCst), 1);
    burst(150).await;
    until("a second connection", || open.load(Ordering::SeqCst) == 2).await;
    burst(150).await;
    assert_eq!(open.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_ping_is_answered() {
    let channel = channel(serve(echo).await);
    for _ in 0..3 {
        channel.ping(Instant::now() + SHORT).await.expect("an answer");
    }
}

#[tokio::test]
async fn a_unix_socket_is_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("bound");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
        while let Some(Ok((request, answer))) = connection.accept().await {
            assert_eq!(request.uri().authority().map(ToString::to_string).as_deref(), Some("localhost"));
            tokio::spawn(echo(request, answer));
        }
    });
    let target = Target::parse(&format!("unix:{}", path.display())).expect("an address");
    let outcome =
        channel(target).unary(CallRequest::new(PATH, &Metadata::new(), soon()), Bytes::new()).await.expect("reached");
    assert_eq!(outcome.status.code, Code::Ok);
}

#[tokio::test]
async fn health_is_asked_by_service() {
    let target = serve(|request, answer| async move {
        assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
        let asked = body(request).await;
        let mut stream = ok(answer);
        let status: &[u8] = if asked == prefixed(0, b"\x0a\x03api") { &[8, 1] } else { &[8, 2] };
        stream.send_data(prefixed(0, status).into(), false).expect("data");
        end(stream, "0");
    });
    let channel = channel(target.await);
    let metadata = Metadata::new();
    let health = check_health(&channel, "api", &metadata, soon()).await.expect("reached");
    assert!(matches!(health, Health::Serving), "{health:?}");
    let health = check_health(&channel, "", &metadata, soon()).await.expect("reached");
    assert!(matches!(&health, Health::NotServing(status) if status == "NOT_SERVING"), "{health:?}");
}

#[tokio::test]
async fn reflection_is_tried_in_both_versions() {
    let target = serve(|request, answer| async move {
        if request.uri().path().starts_with("/grpc.reflection.v1alpha.") {
            echo(request, answer).await;
        } else {
            end(ok(answer), "12");
        }
    });
    let answer = reflection_answers(&channel(target.await), &Metadata::new(), soon()).await.expect("reached");
    assert!(answer.is_ok(), "{answer:?}");

    let target = serve(|_, answer| async { end(ok(answer), "12") });
    let answer = reflection_answers(&channel(target.await), &Metadata::new(), soon()).await.expect("reached");
    assert_eq!(answer.expect_err("no reflection").status.code, Code::Unimplemented);
}
