use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::super::testing::PATIENCE;
use super::*;
use crate::grpc::{ChannelOptions, Target};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/// What a server says to a call: a message and OK, or a status of its own.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Message(&'static [u8]),
    Status(&'static str),
}

/// A gRPC server of bare HTTP/2, which replies by path, and UNIMPLEMENTED where nothing is said.
async fn server(replies: &'static [(&'static str, Reply)]) -> (Channel, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let channel = channel(&listener);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let reply = replies.iter().find(|(path, _)| *path == request.uri().path());
            let reply = reply.map_or(Reply::Status("12"), |(_, reply)| *reply);
            let head = Response::builder().header("content-type", "application/grpc");
            let mut body = respond.send_response(head.body(()).expect("a head"), false).expect("it is sent");
            if let Reply::Message(message) = reply {
                let length = u32::try_from(message.len()).expect("short").to_be_bytes();
                body.send_data(Bytes::from([&[0], &length[..], message].concat()), false).expect("it is sent");
            }
            let status = if let Reply::Status(status) = reply { status } else { "0" };
            let trailers =
                HeaderMap::from_iter([("grpc-status".parse().expect("a name"), status.parse().expect("a value"))]);
            body.send_trailers(trailers).expect("it is sent");
        }
    });
    (channel, calls)
}

fn channel(listener: &TcpListener) -> Channel {
    let address = listener.local_addr().expect("it has an address").to_string();
    Channel::new(Target::parse(&address).expect("an address"), ChannelOptions::default())
}

async fn answer(replies: &'static [(&'static str, Reply)]) -> (Answer, usize) {
    let (channel, calls) = server(replies).await;
    let answer = ask(&channel, Instant::now() + PATIENCE).await;
    (answer, calls.load(Ordering::SeqCst))
}

fn not_yet_text(answer: Answer) -> String {
    match answer {
        Answer::NotYet(why) => why,
        Answer::Ready => panic!("it is not ready"),
    }
}

#[tokio::test]
async fn a_serving_health_is_ready_and_nothing_else_is_asked() {
    assert_eq!(answer(&[(HEALTH, Reply::Message(&[8, 1]))]).await, (Answer::Ready, 1));
}

#[tokio::test]
async fn a_health_that_does_not_serve_is_not_ready_whatever_else_answers() {
    let (answer, calls) = answer(&[(HEALTH, Reply::Message(&[8, 2])), (REFLECTION, Reply::Message(&[0x32, 0]))]).await;
    assert_eq!((answer, calls), (Answer::NotYet("grpc.health.v1 says NOT_SERVING".to_owned()), 1));
}

#[tokio::test]
async fn without_health_reflection_is_asked() {
    assert_eq!(answer(&[(REFLECTION, Reply::Message(&[0x32, 0]))]).await, (Answer::Ready, 2));
}

#[tokio::test]
async fn without_either_a_connection_is_enough() {
    // Health, and both versions of reflection.
    assert_eq!(answer(&[]).await, (Answer::Ready, 3));
}

#[tokio::test]
async fn a_server_that_wants_to_know_who_asks_is_up() {
    assert_eq!(answer(&[(HEALTH, Reply::Status("16")), (REFLECTION, Reply::Status("7"))]).await.0, Answer::Ready);
}

#[tokio::test]
async fn unavailable_is_not_ready() {
    let why = not_yet_text(answer(&[(HEALTH, Reply::Status("14"))]).await.0);
    assert!(why.starts_with("grpc.health.v1 answers UNAVAILABLE"), "{why}");
    let why = not_yet_text(answer(&[(REFLECTION, Reply::Status("14"))]).await.0);
    assert!(why.starts_with("reflection answers UNAVAILABLE"), "{why}");
}

#[tokio::test]
async fn nobody_there_is_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let channel = channel(&listener);
    drop(listener);
    let why = not_yet_text(ask(&channel, Instant::now() + PATIENCE).await);
    assert!(why.contains("refused"), "{why}");
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let channel = channel(&listener);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("it is sent");
    });
    let why = not_yet_text(ask(&channel, Instant::now() + PATIENCE).await);
    assert!(why.contains("HTTP/1.1"), "{why}");
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_asked_no_longer_than_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let channel = channel(&listener);
    let wait = ask(&channel, Instant::now() + Duration::from_millis(100));
    let why = not_yet_text(tokio::time::timeout(PATIENCE, wait).await.expect("it has a deadline"));
    assert!(why.contains("SETTINGS"), "{why}");
}
