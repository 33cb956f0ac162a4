//! A server that writes HTTP/2 by hand.

use std::future::Future;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Target;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// The head of a response, and its trailers.
pub(super) const OK_HEADERS: &[(&str, &str)] = &[(":status", "200"), ("content-type", "application/grpc")];
pub(super) const OK_TRAILERS: &[(&str, &str)] = &[("grpc-status", "0")];

/// A frame as it was read.
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

/// The server's end of a connection. What cannot be written is not: the client may have gone.
pub(super) struct Peer {
    stream: TcpStream,
}

/// Serves every connection with the script, over plain TCP.
pub(super) async fn listen<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> Target
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(script(stream));
        }
    });
    Target::parse(&address.to_string()).expect("an address")
}

/// Serves every connection with the script, after the HTTP/2 preface and empty SETTINGS; then stays until the client
/// goes.
pub(super) async fn serve<F>(script: impl Fn(Peer) -> F + Send + Sync + Clone + 'static) -> Target
where
    F: Future<Output = Peer> + Send + 'static,
{
    serve_with_settings(&[], script).await
}

pub(super) async fn serve_with_settings<F>(
    settings: &'static [u8],
    script: impl Fn(Peer) -> F + Send + Sync + Clone + 'static,
) -> Target
where
    F: Future<Output = Peer> + Send + 'static,
{
    listen(move |stream| {
        let script = script.clone();
        async move {
            let mut peer = script(Peer::accept_with(stream, settings).await).await;
            while peer.read().await.is_some() {}
        }
    })
    .await
}

/// Answers each call of a connection by writing these bytes; stream 1 is the first.
pub(super) async fn answer(bytes: Vec<u8>) -> Target {
    serve(move |mut peer| {
        let bytes = bytes.clone();
        async move {
            peer.request().await;
            peer.write(&bytes).await;
            peer
        }
    })
    .await
}

impl Peer {
    pub(super) async fn accept(stream: TcpStream) -> Self {
        Self::accept_with(stream, &[]).await
    }

    async fn accept_with(stream: TcpStream, settings: &[u8]) -> Self {
        let mut peer = Self { stream };
        let _ = peer.stream.read_exact(&mut [0; 24]).await;
        peer.frame(SETTINGS, 0, 0, settings).await;
        peer
    }

    /// Waits for a whole request and tells its stream.
    pub(super) async fn request(&mut self) -> u32 {
        loop {
            match self.read().await {
                Some(Frame { kind: DATA | HEADERS, flags, stream, .. }) if flags & END_STREAM != 0 => return stream,
                Some(_) => {}
                None => return 0,
            }
        }
    }

    pub(super) async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let [length @ .., kind, flags, _, _, _, _] = head;
        let mut payload = vec![0; length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))];
        self.stream.read_exact(&mut payload).await.ok()?;
        if kind == SETTINGS && flags & ACK == 0 {
            self.frame(SETTINGS, ACK, 0, &[]).await;
        }
        let stream = head[5..].iter().fold(0, |stream, byte| stream << 8 | u32::from(*byte));
        Some(Frame { kind, flags, stream, payload })
    }

    /// Whether it could be written.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    pub(super) async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        self.write(&frame(kind, flags, stream, payload)).await
    }

    /// Closes with a FIN, what was written included.
    pub(super) async fn close(mut self) -> Self {
        let _ = self.stream.shutdown().await;
        self
    }

    /// Closes with a TCP reset, which throws away what was not read.
    pub(super) fn reset(self) {
        #[expect(deprecated, reason = "a reset is what is wanted; nothing waits")]
        let _ = self.stream.set_linger(Some(std::time::Duration::ZERO));
    }
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block: literals that are never indexed.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fn length(mut value: usize, bytes: &mut Vec<u8>) {
        if value < 127 {
            bytes.push(u8::try_from(value).expect("short"));
            return;
        }
        bytes.push(127);
        value -= 127;
        while value >= 128 {
            bytes.push(u8::try_from(value % 128).expect("short") | 128);
            value /= 128;
        }
        bytes.push(u8::try_from(value).expect("short"));
    }
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(text.len(), &mut bytes);
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// HEADERS on stream 1, in as many frames as it takes.
pub(super) fn headers(fields: &[(&str, &str)]) -> Vec<u8> {
    header_frames(fields, 0)
}

pub(super) fn trailers(fields: &[(&str, &str)]) -> Vec<u8> {
    header_frames(fields, END_STREAM)
}

fn header_frames(fields: &[(&str, &str)], flags: u8) -> Vec<u8> {
    let block = block(fields);
    let mut parts = block.chunks(16_384).peekable();
    let mut bytes = Vec::new();
    let mut kind = HEADERS;
    while let Some(part) = parts.next() {
        let first = if kind == HEADERS { flags } else { 0 };
        let last = if parts.peek().is_none() { END_HEADERS } else { 0 };
        bytes.extend(frame(kind, first | last, 1, part));
        kind = CONTINUATION;
    }
    bytes
}

/// DATA on stream 1 with one message.
pub(super) fn message(body: &[u8]) -> Vec<u8> {
    data(&prefixed(0, body))
}

pub(super) fn data(bytes: &[u8]) -> Vec<u8> {
    frame(DATA, 0, 1, bytes)
}

pub(super) fn prefixed(flag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![flag];
    bytes.extend(u32::try_from(body.len()).expect("short").to_be_bytes());
    bytes.extend(body);
    bytes
}

/// A whole response: headers, a message, these trailers.
pub(super) fn response(fields: &[(&str, &str)]) -> Vec<u8> {
    [headers(OK_HEADERS), message(b"hello"), trailers(fields)].concat()
}
