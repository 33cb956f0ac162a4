//! What a server sends back on one stream: headers, messages, trailers, read step by step.

use std::future::Future as _;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::client::ResponseFuture;
use http::HeaderMap;

use super::channel::Limits;
use super::code::Code;
use super::compression::{ACCEPTED, Compression};
use super::ending::{self, Ending};
use super::frame::MessageReader;
use super::http2;
use super::outcome::Phase;
use super::request::GRPC_ENCODING;

/// The response of one call, as far as it is here.
pub(super) struct Response {
    state: State,
    reader: MessageReader,
    limits: Limits,
    pub(super) http_status: Option<u16>,
    pub(super) headers: HeaderMap,
    pub(super) bytes: u64,
    pub(super) messages: usize,
}

enum State {
    Headers(ResponseFuture),
    Messages(RecvStream),
    /// Not gRPC; what has come of the body.
    Foreign(RecvStream, BytesMut),
    Ended,
}

/// What came next.
pub(super) enum Step {
    Message { bytes: Bytes, compressed: bool },
    End(Box<Ending>),
}

/// So much is shown of a body that is not gRPC.
const FOREIGN_BODY: usize = 512;

impl Response {
    pub(super) fn new(future: ResponseFuture, limits: Limits) -> Self {
        Self {
            state: State::Headers(future),
            reader: MessageReader::new(limits.message),
            limits,
            http_status: None,
            headers: HeaderMap::new(),
            bytes: 0,
            messages: 0,
        }
    }

    /// What is being waited for.
    pub(super) fn phase(&self) -> Phase {
        let number = self.messages + 1;
        match (&self.state, self.reader.partial()) {
            (State::Headers(_), _) => Phase::Headers,
            (State::Foreign(..), _) => Phase::Body,
            (_, Some((received, size))) if !self.reader.in_prefix() => Phase::Rest { number, received, size },
            _ => Phase::Message { number },
        }
    }

    /// Whether the response has turned out not to be gRPC; the rest of its body is worth a moment only.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self.state, State::Foreign(..))
    }

    /// The ending of a response that is not gRPC, with what has come of its body.
    pub(super) fn give_up_foreign(&mut self) -> Ending {
        let body = match mem::replace(&mut self.state, State::Ended) {
            State::Foreign(_, body) => body,
            _ => BytesMut::new(),
        };
        Ending::foreign(self.http_status.unwrap_or_default(), &self.headers, &body)
    }

    /// The next message, or the end. Not to be called again after the end.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        loop {
            match &mut self.state {
                State::Headers(future) => match ready!(Pin::new(future).poll(context)) {
                    Ok(response) => {
                        if let Some(ending) = self.begin(response) {
                            return Poll::Ready(Step::end(ending));
                        }
                    }
                    Err(error) => return Step::broken(&error),
                },
                State::Messages(stream) => {
                    match self.reader.next() {
                        Ok(None) => {}
                        Ok(Some(message)) => return Poll::Ready(self.message(message.bytes, message.compressed)),
                        Err(error) => return Poll::Ready(Step::end(Ending::frame(error))),
                    }
                    match ready!(stream.poll_data(context)) {
                        Some(Ok(chunk)) => {
                            // Without this the stream stops when the window is used up; an error means it has ended.
                            let _ = stream.flow_control().release_capacity(chunk.len());
                            self.bytes += chunk.len() as u64;
                            self.reader.push(chunk);
                        }
                        Some(Err(error)) => return Step::broken(&error),
                        None => {
                            let trailers = ready!(pin!(stream.trailers()).poll(context));
                            return match trailers {
                                Ok(trailers) => Poll::Ready(Step::end(self.finish(trailers))),
                                Err(error) => Step::broken(&error),
                            };
                        }
                    }
                }
                State::Foreign(stream, body) => match ready!(stream.poll_data(context)) {
                    Some(Ok(chunk)) if body.len() + chunk.len() < FOREIGN_BODY => {
                        let _ = stream.flow_control().release_capacity(chunk.len());
                        self.bytes += chunk.len() as u64;
                        body.extend_from_slice(&chunk);
                    }
                    Some(Ok(chunk)) => {
                        body.extend_from_slice(&chunk[..FOREIGN_BODY - body.len()]);
                        return Poll::Ready(Step::end(self.give_up_foreign()));
                    }
                    Some(Err(_)) | None => return Poll::Ready(Step::end(self.give_up_foreign())),
                },
                State::Ended => return Poll::Ready(Step::end(Ending::client(Code::Internal, "the call has ended"))),
            }
        }
    }

    fn begin(&mut self, response: http::Response<RecvStream>) -> Option<Ending> {
        let (head, stream) = response.into_parts();
        let http_status = head.status.as_u16();
        self.http_status = Some(http_status);
        if let Some(ending) = Ending::oversize("headers", &head.headers, self.limits.metadata) {
            return Some(ending);
        }
        let is_grpc = ending::is_grpc(&head.headers);
        if stream.is_end_stream() {
            if !is_grpc && !head.headers.contains_key(super::status::GRPC_STATUS) {
                self.headers = head.headers;
                return Some(Ending { complete: true, ..Ending::foreign(http_status, &self.headers, &[]) });
            }
            let mut ending = Ending::trailers(http_status, head.headers, None);
            ending.trailers_only = true;
            if !is_grpc {
                ending.warnings.push("the content-type is not `application/grpc`".to_owned());
            }
            return Some(ending);
        }
        self.headers = head.headers;
        self.state = if is_grpc { State::Messages(stream) } else { State::Foreign(stream, BytesMut::new()) };
        None
    }

    /// The end of the stream. Without a body and without trailers, the headers were the trailers.
    fn finish(&mut self, trailers: Option<HeaderMap>) -> Ending {
        let http_status = self.http_status.unwrap_or_default();
        let trailers_only = trailers.is_none() && self.bytes == 0;
        let trailers = match trailers {
            Some(trailers) => trailers,
            None if trailers_only => mem::take(&mut self.headers),
            None => HeaderMap::new(),
        };
        if let Some(ending) = Ending::oversize("trailers", &trailers, self.limits.metadata) {
            return ending;
        }
        let cut = self.reader.partial().map(|(received, size)| {
            let part = if self.reader.in_prefix() { "the prefix of message" } else { "message" };
            format!("{part} {} was cut short: {received} of {size} bytes", self.messages + 1)
        });
        Ending { trailers_only, ..Ending::trailers(http_status, trailers, cut) }
    }

    /// The one place where a message is decompressed.
    fn message(&mut self, bytes: Bytes, compressed: bool) -> Step {
        let number = self.messages + 1;
        let bytes = if compressed { self.unpack(bytes) } else { Ok(bytes) };
        match bytes {
            Ok(bytes) => {
                self.messages = number;
                Step::Message { bytes, compressed }
            }
            Err(ending) => Step::end(*ending),
        }
    }

    fn unpack(&self, bytes: Bytes) -> Result<Bytes, Box<Ending>> {
        let number = self.messages + 1;
        let name = self.headers.get(GRPC_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let (problem, hint) = match name.as_deref().map(Compression::from_name) {
            None | Some(Some(Compression::Identity)) => {
                let hint = "a server that compresses messages must send `grpc-encoding` in its headers";
                ("the headers name no `grpc-encoding`".to_owned(), hint.to_owned())
            }
            Some(None) => (
                format!("the `grpc-encoding` is `{}`, which was not offered", name.unwrap_or_default().escape_debug()),
                format!("have the server compress with one of {ACCEPTED}"),
            ),
            Some(Some(compression)) => {
                return compression
                    .decompress(bytes, self.limits.message)
                    .map_err(|error| Box::new(Ending::decompress(number, compression, &error)));
            }
        };
        let message = format!("message {number} is marked as compressed, but {problem}");
        Err(Box::new(Ending { hints: vec![hint], ..Ending::client(Code::Internal, message) }))
    }
}

impl Step {
    fn broken(error: &h2::Error) -> Poll<Self> {
        Poll::Ready(Self::end(Ending::broken(http2::broken(error))))
    }

    fn end(ending: Ending) -> Self {
        Self::End(Box::new(ending))
    }
}
