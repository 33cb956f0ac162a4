//! HTTP/2 as it should be, for servers that misbehave in what they say over it. Main type: [`Call`].

use std::future::{Future, poll_fn};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};

use super::Misbehaviour;
use super::raw::prefixed;

/// One call, as a server sees it.
pub(super) struct Call {
    pub(super) path: String,
    requests: RecvStream,
    unread: Vec<u8>,
    answer: SendResponse<Bytes>,
    stream: Option<SendStream<Bytes>>,
}

impl Misbehaviour {
    /// Does with each call what it likes, over a connection that is in order.
    pub(super) fn calls<F>(name: impl Into<String>, script: impl Fn(Call) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<()>> + Send + 'static,
    {
        Self::connection(name, move |stream| {
            let script = script.clone();
            async move {
                let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                while let Some(Ok((request, answer))) = connection.accept().await {
                    tokio::spawn(script(Call::new(request, answer)));
                }
            }
        })
    }
}

/// What cannot be sent or read is `None`: the client has gone.
impl Call {
    fn new(request: Request<RecvStream>, answer: SendResponse<Bytes>) -> Self {
        let path = request.uri().path().to_owned();
        Self { path, requests: request.into_body(), unread: Vec::new(), answer, stream: None }
    }

    /// The next message that is sent; `None` also when there is none.
    pub(super) async fn receive(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some([_, a, b, c, d]) = self.unread.first_chunk() {
                let end = 5 + u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                if self.unread.len() >= end {
                    return Some(self.unread.drain(..end).skip(5).collect());
                }
            }
            let chunk = self.requests.data().await?.ok()?;
            let _ = self.requests.flow_control().release_capacity(chunk.len());
            self.unread.extend(chunk);
        }
    }

    /// Sends a message as fast as the client takes it.
    pub(super) async fn send(&mut self, message: &[u8]) -> Option<()> {
        let stream = self.open()?;
        let mut bytes = Bytes::from(prefixed(0, message));
        while !bytes.is_empty() {
            stream.reserve_capacity(bytes.len());
            let room = match stream.capacity() {
                0 => poll_fn(|context| stream.poll_capacity(context)).await?.ok()?,
                room => room,
            };
            stream.send_data(bytes.split_to(room.min(bytes.len())), false).ok()?;
        }
        Some(())
    }

    /// Ends the call with this status, with headers of its own if none were sent.
    pub(super) fn end(mut self, status: &'static str) -> Option<()> {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static(status));
        self.open()?.send_trailers(trailers).ok()
    }

    pub(super) fn reset(mut self, reason: Reason) -> Option<()> {
        self.open()?.send_reset(reason);
        Some(())
    }

    /// The response, whose headers are sent when it is first needed.
    fn open(&mut self) -> Option<&mut SendStream<Bytes>> {
        if self.stream.is_none() {
            let head = Response::builder().header("content-type", "application/grpc").body(()).ok()?;
            self.stream = Some(self.answer.send_response(head, false).ok()?);
        }
        self.stream.as_mut()
    }
}
