//! Row 21: reflection that is incomplete, wrong, too much, or refused. What is called is answered all the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use h2::Reason;
use prost::Message as _;
use prost_types::source_code_info::Location;
use prost_types::{FileDescriptorProto, SourceCodeInfo};
use protox::file::File;

use super::Misbehaviour;
use super::honest::Call;
use super::raw::HELLO;

/// What a client asks (`grpc.reflection.v1.ServerReflectionRequest`).
#[derive(Clone, PartialEq, prost::Message)]
struct Question {
    #[prost(string, optional, tag = "3")]
    file: Option<String>,
    #[prost(string, optional, tag = "4")]
    symbol: Option<String>,
    #[prost(string, optional, tag = "7")]
    services: Option<String>,
}

/// What it is told (`ServerReflectionResponse`).
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(message, optional, tag = "4")]
    files: Option<Files>,
    #[prost(message, optional, tag = "6")]
    services: Option<Services>,
    #[prost(message, optional, tag = "7")]
    error: Option<Refusal>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    descriptors: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    services: Vec<Service>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Refusal {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Descriptors by what is asked for: a file's name or a symbol's.
type Known = BTreeMap<String, Vec<Vec<u8>>>;

const WIRE: &str = "syntax = \"proto3\"; package wire;
service Wire { rpc Unary(Ask) returns (Told); }
message Ask { string text = 1; }
message Told { string text = 1; }";

const SERVICE: &str = "wire.Wire";

pub(super) fn all() -> Vec<Misbehaviour> {
    vec![
        knowing("reflected", [(SERVICE, vec![compiled("wire.proto", WIRE)])]),
        knowing("editions_2023", [(SERVICE, vec![in_edition(1000)])]),
        knowing("editions_unknown", [(SERVICE, vec![in_edition(9999)])]),
        knowing("missing_import", [(SERVICE, vec![importing("wire.proto", "common/types.proto", "common.Name")])]),
        knowing(
            "missing_import_unused",
            [(SERVICE, vec![compiled("wire.proto", &import("common/types.proto", WIRE))])],
        ),
        knowing(
            "cycle",
            [
                (SERVICE, vec![compiled("wire.proto", &import("types.proto", WIRE))]),
                ("types.proto", vec![compiled("types.proto", "syntax = \"proto3\"; import \"wire.proto\";")]),
            ],
        ),
        knowing(
            "file_twice",
            [(SERVICE, vec![compiled("wire.proto", WIRE), compiled("wire.proto", "package other;")])],
        ),
        knowing("symbol_twice", [(SERVICE, vec![compiled("a.proto", WIRE), compiled("b.proto", WIRE)])]),
        knowing("no_descriptor", [(SERVICE, vec![b"\xff\xff<html>".to_vec()])]),
        without_end("files_without_end", 0),
        without_end("large_files_without_end", 3 << 20),
        dropped("stream_dropped", false),
        dropped("stream_dropped_later", true),
        Misbehaviour::calls("only_v1alpha", |call| async move {
            if call.path.starts_with("/grpc.reflection.v1.") {
                return call.end("12");
            }
            serve(call, &[(SERVICE.to_owned(), vec![compiled("wire.proto", WIRE)])].into()).await
        }),
        Misbehaviour::calls("no_reflection", |call| async move {
            if is_reflection(&call) { call.end("12") } else { answer(call).await }
        }),
        Misbehaviour::calls("reflection_denied", |call| async move {
            if is_reflection(&call) { call.end("7") } else { answer(call).await }
        }),
        knowing("error_answer", []),
    ]
}

fn is_reflection(call: &Call) -> bool {
    call.path.starts_with("/grpc.reflection.")
}

/// The answer to every other call.
async fn answer(mut call: Call) -> Option<()> {
    call.send(HELLO).await?;
    call.end("0")
}

/// Serves reflection that has these files.
fn knowing<const N: usize>(name: &str, known: [(&str, Vec<Vec<u8>>); N]) -> Misbehaviour {
    let known: Arc<Known> = Arc::new(known.map(|(name, files)| (name.to_owned(), files)).into());
    Misbehaviour::calls(name, move |call| {
        let known = Arc::clone(&known);
        async move { serve(call, &known).await }
    })
}

/// Every file imports one more, and has a comment of so many bytes.
fn without_end(name: &str, comment: usize) -> Misbehaviour {
    Misbehaviour::calls(name, move |mut call| async move {
        if !is_reflection(&call) {
            return answer(call).await;
        }
        for next in 0.. {
            let question = Question::decode(&*call.receive().await?).ok()?;
            let mut file = match &question.file {
                Some(name) => FileDescriptorProto { name: Some(name.clone()), ..FileDescriptorProto::default() },
                None => descriptor("wire.proto", WIRE),
            };
            file.dependency.push(format!("{next}.proto"));
            let location = Location { leading_comments: Some("x".repeat(comment)), ..Location::default() };
            file.source_code_info = Some(SourceCodeInfo { location: vec![location] });
            call.send(&told(&question, Some(vec![file.encode_to_vec()]))).await?;
        }
        None
    })
}

/// Resets the stream at the first question, or at the first that is not for the list of services.
fn dropped(name: &str, lists_services: bool) -> Misbehaviour {
    Misbehaviour::calls(name, move |mut call| async move {
        if !is_reflection(&call) {
            return answer(call).await;
        }
        loop {
            let question = Question::decode(&*call.receive().await?).ok()?;
            if question.services.is_none() || !lists_services {
                return call.reset(Reason::INTERNAL_ERROR);
            }
            call.send(&told(&question, None)).await?;
        }
    })
}

async fn serve(mut call: Call, known: &Known) -> Option<()> {
    if !is_reflection(&call) {
        return answer(call).await;
    }
    while let Some(question) = call.receive().await {
        let question = Question::decode(&*question).ok()?;
        let name = question.file.as_ref().or(question.symbol.as_ref());
        let files = name.and_then(|name| known.get(name)).cloned();
        call.send(&told(&question, files)).await?;
    }
    call.end("0")
}

/// The list of services, these files, or that there are none.
fn told(question: &Question, files: Option<Vec<Vec<u8>>>) -> Vec<u8> {
    let mut answer = Answer::default();
    match (&question.services, files) {
        (Some(_), _) => answer.services = Some(Services { services: vec![Service { name: SERVICE.to_owned() }] }),
        (None, Some(descriptors)) => answer.files = Some(Files { descriptors }),
        (None, None) => answer.error = Some(Refusal { code: 5, message: "there is no such thing here".to_owned() }),
    }
    answer.encode_to_vec()
}

fn compiled(name: &str, text: &str) -> Vec<u8> {
    descriptor(name, text).encode_to_vec()
}

fn descriptor(name: &str, text: &str) -> FileDescriptorProto {
    let mut file = FileDescriptorProto::from(File::from_source(name, text).expect("it compiles"));
    file.source_code_info = None;
    file
}

/// The text with one more import.
fn import(file: &str, text: &str) -> String {
    text.replacen(';', &format!("; import \"{file}\";"), 1)
}

/// The service, whose request is a message of another file.
fn importing(name: &str, file: &str, message: &str) -> Vec<u8> {
    compiled(name, &import(file, WIRE).replace("Unary(Ask)", &format!("Unary(.{message})")))
}

/// The service in this edition; the compiler here knows of none.
fn in_edition(edition: i32) -> Vec<u8> {
    let mut file = descriptor("wire.proto", WIRE);
    file.syntax = Some("editions".to_owned());
    let mut bytes = file.encode_to_vec();
    prost::encoding::int32::encode(14, &edition, &mut bytes);
    bytes
}
