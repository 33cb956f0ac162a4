use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::testing::{HEALTH, PATIENCE, Replies, Reply, serve_grpc};
use super::*;
use crate::grpc::{ChannelOptions, Target};

const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

async fn server(replies: Replies) -> (Channel, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let channel = channel(&listener);
    let calls = Arc::new(AtomicUsize::new(0));
    tokio::spawn(serve_grpc(listener, replies, Arc::clone(&calls)));
    (channel, calls)
}

fn channel(listener: &TcpListener) -> Channel {
    let address = listener.local_addr().expect("it has an address").to_string();
    Channel::new(Target::parse(&address).expect("an address"), ChannelOptions::default())
}

async fn answer(replies: Replies) -> (Answer, usize) {
    let (channel, calls) = server(replies).await;
    let answer = ask(&channel, &Metadata::new(), Instant::now() + PATIENCE).await;
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
    let why = not_yet_text(ask(&channel, &Metadata::new(), Instant::now() + PATIENCE).await);
    assert!(why.contains("refused"), "{why}");
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let channel = channel(&listener);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("it is sent");
        // To close with something unread would take back what was sent.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let why = not_yet_text(ask(&channel, &Metadata::new(), Instant::now() + PATIENCE).await);
    assert!(why.contains("HTTP/1.1"), "{why}");
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_asked_no_longer_than_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let channel = channel(&listener);
    let metadata = Metadata::new();
    let wait = ask(&channel, &metadata, Instant::now() + Duration::from_millis(100));
    let why = not_yet_text(tokio::time::timeout(PATIENCE, wait).await.expect("it has a deadline"));
    assert!(why.contains("SETTINGS"), "{why}");
}
