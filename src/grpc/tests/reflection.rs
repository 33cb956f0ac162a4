//! Reflection against servers that offer it, one way or another, and servers that misuse it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};

use super::honest::{Answer, end, ok, serve};
use super::{SHORT, SLACK, Target, channel, prefixed};
use crate::grpc::{Code, Metadata, MetadataValue, Reflection, ReflectionError};
use crate::schema::{self, Question};

const V1: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const V1ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

/// `ServerReflectionResponse`s, written by hand.
fn services() -> Vec<u8> {
    // list_services_response (6) with a service (1) of the name (1) `a.S`
    [&[0x32, 7, 0x0a, 5, 0x0a, 3][..], b"a.S"].concat()
}

fn files() -> Vec<u8> {
    // valid_host (1), then file_descriptor_response (4) with two descriptors (1)
    [&[0x0a, 1, b'h', 0x22, 9, 0x0a, 3][..], b"one", &[0x0a, 2], b"to"].concat()
}

fn refusal() -> Vec<u8> {
    // error_response (7) with error_code (1) NOT_FOUND and error_message (2)
    [&[0x3a, 8, 0x08, 5, 0x12, 4][..], b"gone"].concat()
}

/// What the server does with one stream: its status at once, or messages, each after a message of the client, and how it
/// ends then.
#[derive(Clone)]
struct Stream {
    path: &'static str,
    answers: Vec<Vec<u8>>,
    /// `None`: it stays open, in silence.
    status: Option<&'static str>,
}

fn stream(path: &'static str, answers: &[Vec<u8>], status: Option<&'static str>) -> Stream {
    Stream { path, answers: answers.to_vec(), status }
}

/// Serves streams one after the other; on any other path, and beyond them, UNIMPLEMENTED.
async fn reflecting(streams: &[Stream]) -> (Target, Arc<Mutex<Vec<Vec<u8>>>>) {
    let left = Arc::new(Mutex::new(VecDeque::from(streams.to_vec())));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let target = serve(move |request: Request<h2::RecvStream>, answer: Answer| {
        let (left, heard) = (Arc::clone(&left), Arc::clone(&heard));
        async move {
            let next = {
                let mut left = left.lock().expect("no panic");
                if left.front().is_some_and(|stream| stream.path == request.uri().path()) {
                    left.pop_front()
                } else {
                    None
                }
            };
            let Some(Stream { answers, status, .. }) = next else { return refuse(answer, "12") };
            if let (true, Some(status)) = (answers.is_empty(), status) {
                return refuse(answer, status);
            }
            let mut back = ok(answer);
            let mut body = request.into_body();
            for message in answers {
                let Some(Ok(chunk)) = body.data().await else { return };
                let _ = body.flow_control().release_capacity(chunk.len());
                heard.lock().expect("no panic").push(chunk[5..].to_vec());
                back.send_data(prefixed(0, &message).into(), false).expect("data");
            }
            match status {
                Some(status) => end(back, status),
                // in silence until the client goes
                None => while body.data().await.is_some_and(|data| data.is_ok()) {},
            }
        }
    });
    (target.await, asked)
}

/// A status without a message.
fn refuse(mut answer: Answer, status: &'static str) {
    let head = Response::builder().header("content-type", "application/grpc").header("grpc-status", status);
    answer.send_response(head.body(()).expect("a response"), true).expect("headers");
}

async fn ask(streams: &[Stream], questions: &[Question]) -> Vec<Result<schema::Answer, String>> {
    let (target, _) = reflecting(streams).await;
    let (channel, metadata) = (channel(target), Metadata::new());
    let mut reflection = Reflection::new(&channel, &metadata, Instant::now() + Duration::from_secs(5));
    let mut answers = Vec::new();
    for question in questions {
        answers.push(reflection.ask(question).await.map_err(|error| match error {
            ReflectionError::Unreachable(error) => format!("unreachable: {error}"),
            ReflectionError::NotOffered(outcome) => format!("not offered: {}", outcome.status.code),
            ReflectionError::Ended(outcome) => format!("ended: {}", outcome.status.code),
            ReflectionError::Malformed(why) => format!("malformed: {why}"),
        }));
    }
    answers
}

fn symbol() -> Question {
    Question::Symbol("a.S".to_owned())
}

fn listed() -> schema::Answer {
    schema::Answer::Services(vec!["a.S".to_owned()])
}

fn sent() -> schema::Answer {
    schema::Answer::Files(vec![Bytes::from_static(b"one"), Bytes::from_static(b"to")])
}

#[tokio::test]
async fn questions_go_over_one_stream() {
    let (target, asked) = reflecting(&[stream(V1, &[services(), files(), refusal()], Some("0"))]).await;
    let (channel, metadata) = (channel(target), Metadata::new());
    let mut reflection = Reflection::new(&channel, &metadata, Instant::now() + Duration::from_secs(5));
    let file = Question::File("x.proto".to_owned());
    let mut answers = Vec::new();
    for question in [Question::Services, symbol(), file] {
        answers.push(reflection.ask(&question).await.expect("an answer"));
    }
    assert_eq!(answers, [listed(), sent(), schema::Answer::Refused("NOT_FOUND: gone".to_owned())]);
    let expected = [vec![0x3a, 0], [&[0x22, 3][..], b"a.S"].concat(), [&[0x1a, 7][..], b"x.proto"].concat()];
    assert_eq!(*asked.lock().expect("no panic"), expected);
}

#[tokio::test]
async fn v1alpha_is_asked_where_v1_is_unknown() {
    let answers = ask(&[stream(V1ALPHA, &[services(), files()], None)], &[Question::Services, symbol()]).await;
    assert_eq!(answers, [Ok(listed()), Ok(sent())]);
}

#[tokio::test]
async fn a_server_without_reflection_says_so() {
    assert_eq!(ask(&[], &[symbol()]).await, [Err("not offered: UNIMPLEMENTED".to_owned())]);
}

#[tokio::test]
async fn a_stream_that_ends_after_an_answer_is_opened_anew() {
    for status in ["0", "2", "12"] {
        let streams = [stream(V1, &[services()], Some(status)), stream(V1, &[files()], Some(status))];
        assert_eq!(ask(&streams, &[Question::Services, symbol()]).await, [Ok(listed()), Ok(sent())], "{status}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_without_an_answer_is_the_end() {
    let streams = [stream(V1, &[services()], Some("0")), stream(V1, &[], Some("2"))];
    assert_eq!(ask(&streams, &[Question::Services, symbol()]).await, [Ok(listed()), Err("ended: UNKNOWN".to_owned())]);
    assert_eq!(ask(&[stream(V1, &[], Some("7"))], &[symbol()]).await, [Err("ended: PERMISSION_DENIED".to_owned())]);
}

#[tokio::test]
async fn wrong_bytes_are_no_answer_and_the_next_question_may_have_one() {
    let streams = [stream(V1, &[b"<html>".to_vec(), Vec::new(), files()], None)];
    let answers = ask(&streams, &[symbol(), symbol(), symbol()]).await;
    let wrong = answers[0].as_ref().expect_err("no answer");
    assert!(wrong.starts_with("malformed: it is no answer of reflection: "), "{wrong}");
    assert_eq!(answers[1..], [Err("malformed: it says nothing".to_owned()), Ok(sent())]);
}

#[tokio::test]
async fn silence_lasts_as_long_as_the_deadline() {
    let (target, _) = reflecting(&[stream(V1, &[services()], None)]).await;
    let (channel, metadata) = (channel(target), Metadata::new());
    let begun = Instant::now();
    let mut reflection = Reflection::new(&channel, &metadata, begun + SHORT);
    reflection.ask(&Question::Services).await.expect("an answer");
    let Err(ReflectionError::Ended(outcome)) = reflection.ask(&symbol()).await else { panic!("an answer") };
    assert_eq!(outcome.status.code, Code::DeadlineExceeded);
    assert!(begun.elapsed() < SHORT + SLACK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let target = Target::parse("127.0.0.1:1").expect("an address");
    let (channel, metadata) = (channel(target), Metadata::new());
    let mut reflection = Reflection::new(&channel, &metadata, Instant::now() + Duration::from_secs(5));
    assert!(matches!(reflection.ask(&symbol()).await, Err(ReflectionError::Unreachable(_))));
}

#[tokio::test]
async fn questions_carry_metadata() {
    let target = serve(|request: Request<h2::RecvStream>, answer: Answer| async move {
        let known = request.headers().get("authorization") == Some(&HeaderValue::from_static("Bearer x"));
        if !known {
            return refuse(answer, "16");
        }
        let mut back = ok(answer);
        back.send_data(prefixed(0, &services()).into(), false).expect("data");
        end(back, "0");
    });
    let channel = channel(target.await);
    let mut metadata = Metadata::new();
    let until = Instant::now() + Duration::from_secs(5);
    let Err(ReflectionError::Ended(outcome)) = Reflection::new(&channel, &metadata, until).ask(&symbol()).await else {
        panic!("an answer")
    };
    assert_eq!(outcome.status.code, Code::Unauthenticated);
    metadata.push("authorization", MetadataValue::Text("Bearer x".to_owned())).expect("metadata");
    assert_eq!(Reflection::new(&channel, &metadata, until).ask(&symbol()).await.expect("an answer"), listed());
}
