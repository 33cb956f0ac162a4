//! Server reflection: `grpc.reflection.v1`, or `v1alpha`, which is the same beneath another name and the only one that
//! old servers know. One stream, a question at a time. Main type: [`Reflection`].

use std::time::Instant;

use bytes::Bytes;
use prost::Message as _;

use super::call::Call;
use super::channel::Channel;
use super::code::Code;
use super::connect_error::ConnectError;
use super::metadata::Metadata;
use super::outcome::CallOutcome;
use super::request::CallRequest;
use crate::schema::{Answer, Question};

/// Newest first; old servers, grpcio's among them, know only the second.
pub(super) const METHODS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// A conversation with a server about its protos.
pub(crate) struct Reflection<'a> {
    channel: &'a Channel,
    metadata: &'a Metadata,
    /// Over all questions together.
    deadline: Instant,
    /// Which of [`METHODS`] is called.
    method: usize,
    call: Option<Call>,
    /// Whether the call, and whether any, has been answered.
    has_answered: bool,
    has_ever_answered: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum ReflectionError {
    /// No connection, or none in time.
    Unreachable(ConnectError),
    /// The server knows neither version.
    NotOffered(Box<CallOutcome>),
    /// The call ended instead.
    Ended(Box<CallOutcome>),
    /// What came is no answer: why.
    Malformed(String),
}

impl<'a> Reflection<'a> {
    /// Nothing is asked yet. Calls carry `metadata`.
    pub(crate) fn new(channel: &'a Channel, metadata: &'a Metadata, deadline: Instant) -> Self {
        Self { channel, metadata, deadline, method: 0, call: None, has_answered: false, has_ever_answered: false }
    }

    /// Asks one question. A stream that ends after it has answered before is opened anew.
    pub(crate) async fn ask(&mut self, question: &Question) -> Result<Answer, ReflectionError> {
        let request = Bytes::from(request(question).encode_to_vec());
        loop {
            let mut call = match self.call.take() {
                Some(call) => call,
                None => self.open().await?,
            };
            // A call that has ended says so below.
            let _ = call.send(request.clone(), false).await;
            if let Some(message) = call.receive().await {
                (self.has_answered, self.has_ever_answered) = (true, true);
                self.call = Some(call);
                return answer(message.bytes).map_err(ReflectionError::Malformed);
            }
            let outcome = Box::new(call.finish().await);
            let is_unknown = outcome.status.code == Code::Unimplemented && !self.has_ever_answered;
            if is_unknown && self.method + 1 < METHODS.len() {
                self.method += 1;
            } else if is_unknown {
                return Err(ReflectionError::NotOffered(outcome));
            } else if !self.has_answered || outcome.status.code == Code::DeadlineExceeded {
                return Err(ReflectionError::Ended(outcome));
            }
        }
    }

    async fn open(&mut self) -> Result<Call, ReflectionError> {
        self.has_answered = false;
        let request = CallRequest::new(METHODS[self.method], self.metadata, self.deadline);
        self.channel.open(request).await.map_err(ReflectionError::Unreachable)
    }
}

fn request(question: &Question) -> Request {
    Request {
        asks: Some(match question {
            Question::Services => Asks::ListServices(String::new()),
            Question::Symbol(name) => Asks::FileContainingSymbol(name.clone()),
            Question::File(name) => Asks::FileByFilename(name.clone()),
        }),
    }
}

fn answer(bytes: Bytes) -> Result<Answer, String> {
    let response = Response::decode(bytes).map_err(|error| format!("it is no answer of reflection: {error}"))?;
    match response.says {
        Some(Says::Error(Refusal { code, message })) => {
            let code =
                u32::try_from(code).ok().and_then(Code::from_number).map_or(code.to_string(), |code| code.to_string());
            Ok(Answer::Refused(if message.is_empty() { code } else { format!("{code}: {message}") }))
        }
        Some(Says::Services(services)) => {
            Ok(Answer::Services(services.services.into_iter().map(|service| service.name).collect()))
        }
        Some(Says::Files(files)) => Ok(Answer::Files(files.descriptors)),
        None => Err("it says nothing".to_owned()),
    }
}

// `ServerReflectionRequest` and `ServerReflectionResponse`, as far as they are used:
// https://github.com/grpc/grpc-proto/blob/master/grpc/reflection/v1/reflection.proto

#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(oneof = "Asks", tags = "3, 4, 7")]
    asks: Option<Asks>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Asks {
    #[prost(string, tag = "3")]
    FileByFilename(String),
    #[prost(string, tag = "4")]
    FileContainingSymbol(String),
    #[prost(string, tag = "7")]
    ListServices(String),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(oneof = "Says", tags = "4, 6, 7")]
    says: Option<Says>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Says {
    #[prost(message, tag = "4")]
    Files(Files),
    #[prost(message, tag = "6")]
    Services(Services),
    #[prost(message, tag = "7")]
    Error(Refusal),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    descriptors: Vec<Bytes>,
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
