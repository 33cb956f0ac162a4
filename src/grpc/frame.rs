//! Length-prefixed messages, out and in (gRPC over HTTP/2, "Length-Prefixed-Message"): a flag byte, four bytes of
//! length, the message.

use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, BufMut as _, Bytes, BytesMut};

pub(super) const PREFIX: usize = 5;

/// Messages up to this size are copied out of the connection's read buffer: a slice would keep the whole buffer alive
/// for as long as the message is recorded, and make the connection allocate a new one.
const COPIED: usize = 2 << 10;

/// So much room is made for a message at once, since its length is only what the peer says; more of it as it comes.
const RESERVED: usize = 1 << 20;

/// Bytes on their way out: a message behind its prefix, a piece of one, or nothing. Counts what the connection has
/// taken, so that a deadline can say how far sending got.
#[derive(Debug)]
pub(super) struct Outgoing {
    prefix: [u8; PREFIX],
    /// How much of the prefix is gone.
    at: usize,
    body: Bytes,
    taken: Option<Arc<AtomicUsize>>,
}

impl Outgoing {
    /// # Errors
    /// A message beyond the 4 GiB that the prefix can say.
    pub(super) fn message(body: Bytes, compressed: bool) -> Result<Self, String> {
        let length = u32::try_from(body.len())
            .map_err(|_| format!("a message of {} bytes is longer than gRPC can send", body.len()))?;
        let mut prefix = [u8::from(compressed); PREFIX];
        prefix[1..].copy_from_slice(&length.to_be_bytes());
        Ok(Self { prefix, at: 0, body, taken: None })
    }

    /// Nothing, to carry the end of the stream.
    pub(super) fn nothing() -> Self {
        Self { prefix: [0; PREFIX], at: PREFIX, body: Bytes::new(), taken: None }
    }

    pub(super) fn counted(self, taken: Arc<AtomicUsize>) -> Self {
        Self { taken: Some(taken), ..self }
    }

    /// Splits off the first `count` bytes, for a window that has no room for more.
    pub(super) fn split_to(&mut self, count: usize) -> Self {
        let of_prefix = count.min(PREFIX - self.at);
        if of_prefix < PREFIX - self.at {
            // The window closes within the prefix: rare enough to copy.
            let bytes = Bytes::copy_from_slice(&self.prefix[self.at..self.at + of_prefix]);
            self.at += of_prefix;
            return Self { body: bytes, ..Self::nothing() };
        }
        let piece = Self { prefix: self.prefix, at: self.at, body: self.body.split_to(count - of_prefix), taken: None };
        self.at = PREFIX;
        piece
    }
}

impl Buf for Outgoing {
    fn remaining(&self) -> usize {
        PREFIX - self.at + self.body.len()
    }

    fn chunk(&self) -> &[u8] {
        if self.at < PREFIX { &self.prefix[self.at..] } else { &self.body }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for part in [&self.prefix[self.at..], &self.body[..]] {
            if let (false, Some(slice)) = (part.is_empty(), slices.get_mut(count)) {
                *slice = IoSlice::new(part);
                count += 1;
            }
        }
        count
    }

    fn advance(&mut self, count: usize) {
        let of_prefix = count.min(PREFIX - self.at);
        self.at += of_prefix;
        self.body.advance(count - of_prefix);
        if let Some(taken) = &self.taken {
            taken.fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// Puts messages together from the DATA frames of a response, however they were split.
#[derive(Debug)]
pub(super) struct MessageReader {
    /// Messages longer than this are refused before they are read.
    limit: usize,
    chunk: Bytes,
    prefix: [u8; PREFIX],
    prefix_length: usize,
    /// What is here of a message that spans DATA frames.
    body: BytesMut,
    broken: bool,
}

/// A message as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawMessage {
    pub(super) compressed: bool,
    pub(super) bytes: Bytes,
}

/// Why the response's bytes are not messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a message of {length} bytes is over the limit of {limit}")]
    OverLimit { length: usize, limit: usize },
    #[error("a message begins with the byte {0:#04x}, where 0 (not compressed) or 1 (compressed) stands")]
    Flag(u8),
}

impl MessageReader {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, chunk: Bytes::new(), prefix: [0; PREFIX], prefix_length: 0, body: BytesMut::new(), broken: false }
    }

    /// Adds what a DATA frame holds, once [`next`](Self::next) has nothing more to give.
    pub(super) fn push(&mut self, chunk: Bytes) {
        debug_assert!(self.chunk.is_empty());
        self.chunk = chunk;
    }

    /// The next whole message, or `None` until more is pushed.
    ///
    /// # Errors
    /// A message over the limit, or a flag that is none; nothing can be read after it.
    pub(super) fn next(&mut self) -> Result<Option<RawMessage>, FrameError> {
        if self.broken {
            return Ok(None);
        }
        if self.prefix_length < PREFIX {
            let count = self.chunk.len().min(PREFIX - self.prefix_length);
            self.chunk.copy_to_slice(&mut self.prefix[self.prefix_length..self.prefix_length + count]);
            self.prefix_length += count;
            if self.prefix_length < PREFIX {
                return Ok(None);
            }
            let problem = match (self.prefix[0], self.length()) {
                (flag @ 2.., _) => Some(FrameError::Flag(flag)),
                (_, length) if length > self.limit => Some(FrameError::OverLimit { length, limit: self.limit }),
                _ => None,
            };
            if let Some(problem) = problem {
                self.broken = true;
                return Err(problem);
            }
        }
        let missing = self.length() - self.body.len();
        let bytes = if self.body.is_empty() && self.chunk.len() >= missing {
            let whole = self.chunk.split_to(missing);
            if missing <= COPIED { Bytes::copy_from_slice(&whole) } else { whole }
        } else {
            let count = missing.min(self.chunk.len());
            self.body.reserve(missing.min(RESERVED));
            self.body.put(self.chunk.split_to(count));
            if count < missing {
                return Ok(None);
            }
            self.body.split().freeze()
        };
        self.prefix_length = 0;
        Ok(Some(RawMessage { compressed: self.prefix[0] == 1, bytes }))
    }

    /// How much is here of a message that is not whole, and how much it needs; before the prefix is whole, of the
    /// prefix. `None` between messages.
    pub(super) fn partial(&self) -> Option<(usize, usize)> {
        match self.prefix_length {
            0 => None,
            PREFIX => Some((self.body.len(), self.length())),
            some => Some((some, PREFIX)),
        }
    }

    /// Whether a partial message is still in its prefix.
    pub(super) fn in_prefix(&self) -> bool {
        self.prefix_length < PREFIX
    }

    fn length(&self) -> usize {
        let [_, a, b, c, d] = self.prefix;
        usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::{Buf as _, Bytes};
    use proptest::prelude::*;

    use super::{COPIED, FrameError, MessageReader, Outgoing, RawMessage};

    fn framed(flag: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![flag];
        bytes.extend(u32::try_from(body.len()).expect("short").to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn drain(reader: &mut MessageReader) -> Vec<RawMessage> {
        std::iter::from_fn(|| reader.next().expect("whole frames")).collect()
    }

    #[test]
    fn one_frame_with_one_large_message_is_not_copied() {
        let chunk = Bytes::from(framed(0, &[7; COPIED + 1]));
        let mut reader = MessageReader::new(usize::MAX);
        reader.push(chunk.clone());
        let message = reader.next().expect("whole").expect("a message");
        assert_eq!(message.bytes.as_ptr(), chunk[5..].as_ptr());
    }

    #[test]
    fn a_message_over_the_limit_is_refused_by_its_prefix() {
        let mut reader = MessageReader::new(10);
        reader.push(Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff]));
        assert_eq!(reader.next(), Err(FrameError::OverLimit { length: 4_294_967_295, limit: 10 }));
        assert_eq!(reader.next(), Ok(None));
    }

    #[test]
    fn a_message_at_the_limit_is_read() {
        let mut reader = MessageReader::new(3);
        reader.push(framed(1, b"abc").into());
        assert_eq!(reader.next(), Ok(Some(RawMessage { compressed: true, bytes: Bytes::from_static(b"abc") })));
        assert_eq!(reader.partial(), None);
    }

    #[test]
    fn a_flag_that_is_none_is_refused() {
        let mut reader = MessageReader::new(10);
        reader.push(Bytes::from_static(b"<html>"));
        assert_eq!(reader.next(), Err(FrameError::Flag(b'<')));
    }

    #[test]
    fn knows_how_much_is_here_of_a_partial_message() {
        let mut reader = MessageReader::new(10);
        reader.push(Bytes::from_static(&[0, 0, 0]));
        assert_eq!(reader.next(), Ok(None));
        assert_eq!((reader.partial(), reader.in_prefix()), (Some((3, 5)), true));
        reader.push(Bytes::from_static(&[0, 5, 1, 2]));
        assert_eq!(reader.next(), Ok(None));
        assert_eq!((reader.partial(), reader.in_prefix()), (Some((2, 5)), false));
    }

    #[test]
    fn counts_what_is_taken() {
        let taken = Arc::new(AtomicUsize::new(0));
        let mut outgoing =
            Outgoing::message(Bytes::from_static(b"abc"), false).expect("short").counted(Arc::clone(&taken));
        outgoing.advance(6);
        assert_eq!((taken.load(Ordering::Relaxed), outgoing.chunk()), (6, &b"bc"[..]));
    }

    proptest! {
        #[test]
        fn messages_survive_any_split(
            bodies in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8),
            cuts in prop::collection::vec(1_usize..9, 1..200),
        ) {
            let wire: Vec<u8> = bodies.iter().flat_map(|(compressed, body)| framed((*compressed).into(), body)).collect();
            let mut reader = MessageReader::new(40);
            let mut messages = Vec::new();
            let mut rest = &wire[..];
            let mut cuts = cuts.iter().cycle();
            while !rest.is_empty() {
                let cut = *cuts.next().expect("a cycle").min(&rest.len());
                reader.push(Bytes::copy_from_slice(&rest[..cut]));
                messages.extend(drain(&mut reader));
                rest = &rest[cut..];
            }
            prop_assert_eq!(reader.partial(), None);
            let expected: Vec<_> =
                bodies.into_iter().map(|(compressed, body)| RawMessage { compressed, bytes: body.into() }).collect();
            prop_assert_eq!(messages, expected);
        }

        #[test]
        fn any_bytes_are_messages_or_an_error_within_the_limit(chunks: Vec<Vec<u8>>) {
            let mut reader = MessageReader::new(100);
            'chunks: for chunk in chunks {
                reader.push(chunk.into());
                loop {
                    match reader.next() {
                        Ok(Some(message)) => prop_assert!(message.bytes.len() <= 100),
                        Ok(None) => break,
                        Err(_) => break 'chunks,
                    }
                }
            }
        }

        #[test]
        fn pieces_make_up_the_message(body: Vec<u8>, cuts in prop::collection::vec(1_usize..9, 1..50)) {
            let mut outgoing = Outgoing::message(body.clone().into(), true).expect("short");
            let mut wire = Vec::new();
            for cut in cuts.iter().cycle() {
                if outgoing.remaining() == 0 {
                    break;
                }
                let mut piece = outgoing.split_to((*cut).min(outgoing.remaining()));
                let mut slices = [std::io::IoSlice::new(&[]); 2];
                let count = piece.chunks_vectored(&mut slices);
                let gathered: usize = slices[..count].iter().map(|slice| slice.len()).sum();
                prop_assert_eq!(gathered, piece.remaining());
                wire.extend(piece.copy_to_bytes(piece.remaining()));
            }
            prop_assert_eq!(wire, framed(1, &body));
        }
    }
}
