//! HTTP/2 written by hand, frame by frame, so that every rule can be broken. Main types: [`Peer`] and [`Frames`].

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;

/// The head of a response, and its trailers.
pub(super) const OK_HEADERS: Fields = &[(":status", "200"), ("content-type", "application/grpc")];
pub(super) const OK_TRAILERS: Fields = &[("grpc-status", "0")];

/// A `wire.Told` whose text is `hello`.
pub(super) const HELLO: &[u8] = b"\x0a\x05hello";

pub(super) type Fields<'a> = &'a [(&'a str, &'a str)];

/// The server's end of a connection. What cannot be written is not: the client may have gone.
pub(super) struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// Takes the client's preface, and sends these SETTINGS.
    pub(super) async fn accept(mut stream: TcpStream, settings: &[u8]) -> Self {
        let _ = stream.read_exact(&mut [0; 24]).await;
        let mut peer = Self { stream };
        peer.write(&frame(SETTINGS, 0, 0, settings)).await;
        peer
    }

    /// Waits for a whole request and tells its stream; `None` once the client has gone.
    pub(super) async fn request(&mut self) -> Option<u32> {
        loop {
            let (kind, flags, stream) = self.read().await?;
            if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                return Some(stream);
            }
        }
    }

    /// Reads on, whatever comes, until the client has gone.
    pub(super) async fn stay(mut self) {
        while self.read().await.is_some() {}
    }

    /// The next frame's type, flags and stream.
    async fn read(&mut self) -> Option<(u8, u8, u32)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]);
        self.stream.read_exact(&mut vec![0; length as usize]).await.ok()?;
        if kind == SETTINGS && flags & ACK == 0 {
            self.write(&frame(SETTINGS, ACK, 0, &[])).await;
        }
        Some((kind, flags, u32::from_be_bytes(stream)))
    }

    /// Whether it could be written.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Writes the same over and over until the client has gone, and reads what it says meanwhile.
    pub(super) async fn flood(self, bytes: &[u8]) {
        let (mut read, mut write) = self.stream.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut read, &mut tokio::io::sink()).await });
        while write.write_all(bytes).await.is_ok() {}
    }

    /// Closes with a FIN, what was written included.
    pub(super) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
        self.stay().await;
    }

    /// Closes with a TCP reset, which throws away what was not read.
    pub(super) fn reset(self) {
        #[expect(deprecated, reason = "a reset is what is wanted; nothing waits")]
        let _ = self.stream.set_linger(Some(std::time::Duration::ZERO));
    }
}

/// Frames of one stream, in order, and of its connection.
pub(super) struct Frames {
    stream: u32,
    bytes: Vec<u8>,
}

impl Frames {
    pub(super) fn on(stream: u32) -> Self {
        Self { stream, bytes: Vec::new() }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn stream(&self) -> u32 {
        self.stream
    }

    /// HEADERS, in as many frames as it takes.
    pub(super) fn headers(self, fields: Fields) -> Self {
        self.header_frames(fields, 0)
    }

    /// HEADERS that end the stream.
    pub(super) fn trailers(self, fields: Fields) -> Self {
        self.header_frames(fields, END_STREAM)
    }

    /// DATA with one message.
    pub(super) fn message(self, body: &[u8]) -> Self {
        self.data(&prefixed(0, body))
    }

    /// DATA, in as many frames as it takes.
    pub(super) fn data(mut self, bytes: &[u8]) -> Self {
        for part in bytes.chunks(MAX_FRAME) {
            self = self.frame(DATA, 0, part);
        }
        self
    }

    /// DATA that ends the stream.
    pub(super) fn last_data(self, bytes: &[u8]) -> Self {
        self.frame(DATA, END_STREAM, bytes)
    }

    /// A whole response of one message, with these trailers.
    pub(super) fn response(self, trailers: Fields) -> Self {
        self.headers(OK_HEADERS).message(HELLO).trailers(trailers)
    }

    pub(super) fn reset(self, reason: u32) -> Self {
        self.frame(RST_STREAM, 0, &reason.to_be_bytes())
    }

    pub(super) fn goaway(self, last: u32, reason: u32, debug: &str) -> Self {
        self.of_connection(GOAWAY, 0, &[&last.to_be_bytes()[..], &reason.to_be_bytes(), debug.as_bytes()].concat())
    }

    /// Any frame of the stream.
    pub(super) fn frame(mut self, kind: u8, flags: u8, payload: &[u8]) -> Self {
        self.bytes.extend(frame(kind, flags, self.stream, payload));
        self
    }

    /// Any frame of the connection.
    pub(super) fn of_connection(mut self, kind: u8, flags: u8, payload: &[u8]) -> Self {
        self.bytes.extend(frame(kind, flags, 0, payload));
        self
    }

    /// What need not be a frame.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn header_frames(mut self, fields: Fields, flags: u8) -> Self {
        let block = block(fields);
        let mut parts = block.chunks(MAX_FRAME).peekable();
        let (mut kind, mut flags) = (HEADERS, flags);
        while let Some(part) = parts.next() {
            let last = if parts.peek().is_none() { END_HEADERS } else { 0 };
            self = self.frame(kind, flags | last, part);
            (kind, flags) = (CONTINUATION, 0);
        }
        self
    }
}

/// What a peer takes that has not said otherwise (RFC 9113, 6.5.2).
const MAX_FRAME: usize = 16_384;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A message behind its flag and length.
pub(super) fn prefixed(flag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![flag];
    bytes.extend(u32::try_from(body.len()).expect("short").to_be_bytes());
    bytes.extend(body);
    bytes
}

/// A header block: literals that are never indexed (RFC 7541, 6.2.2).
pub(super) fn block(fields: Fields) -> Vec<u8> {
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

/// An integer behind a prefix of seven bits (RFC 7541, 5.1).
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
