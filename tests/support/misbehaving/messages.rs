//! Rows 4 to 7 and 12: messages that are cut short, too long, badly compressed, no protobuf, or too few or too many.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::Misbehaviour;
use super::raw::{Frames, HELLO, OK_HEADERS, OK_TRAILERS, prefixed};

/// The default of `limits: { message: … }`.
const LIMIT: usize = 4 << 20;

/// What the bombs unpack to.
const BOMB: usize = 200_000_000;

pub(super) fn all() -> Vec<Misbehaviour> {
    [cut_short(), too_long(), badly_compressed(), no_protobuf(), too_few_or_too_many()].into_iter().flatten().collect()
}

fn cut_short() -> Vec<Misbehaviour> {
    let cut = || prefixed(0, HELLO)[..8].to_vec();
    vec![
        Misbehaviour::answer("cut_short", move |frames| frames.headers(OK_HEADERS).last_data(&cut())),
        Misbehaviour::answer("cut_short_then_ok", move |frames| {
            frames.headers(OK_HEADERS).data(&cut()).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("cut_short_then_error", move |frames| {
            frames.headers(OK_HEADERS).data(&cut()).trailers(&[("grpc-status", "5")])
        }),
        Misbehaviour::answer("prefix_of_three_bytes", |frames| frames.headers(OK_HEADERS).last_data(&[0; 3])),
        Misbehaviour::answer("prefix_of_three_bytes_then_ok", |frames| {
            frames.headers(OK_HEADERS).data(&[0; 3]).trailers(OK_TRAILERS)
        }),
    ]
}

fn too_long() -> Vec<Misbehaviour> {
    // A tag and a length take five bytes of it.
    let text = |length: usize| field(0x0a, &vec![b'x'; length - 5]);
    vec![
        Misbehaviour::answer("length_of_4_gib", |frames| frames.headers(OK_HEADERS).data(&[0, 255, 255, 255, 255, 1])),
        paced("over_the_limit", text(LIMIT + 1)),
        paced("at_the_limit", text(LIMIT)),
        compressed("gzip_bomb", "gzip", gzip_bomb()),
        compressed("deflate_bomb", "deflate", deflate_bomb()),
        compressed("zstd_bomb", "zstd", zstd_bomb()),
    ]
}

/// A gzip file may have several members, one after the other.
fn gzip_bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&vec![0; BOMB / 1000]).and_then(|()| encoder.finish()).expect("memory").repeat(1000)
}

/// Once it is flushed, what follows may be the same again. There is no end, which nobody should come to.
fn deflate_bomb() -> Vec<u8> {
    const HEADER: usize = 2;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&vec![0; BOMB / 1000]).and_then(|()| encoder.flush()).expect("memory");
    let (header, part) = encoder.get_ref().split_at(HEADER);
    [header, &part.repeat(1000)].concat()
}

/// A frame of blocks that say: so many times this byte (RFC 8878, 3.1.1.2).
fn zstd_bomb() -> Vec<u8> {
    const HEADER: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
    const BLOCK: usize = 128 << 10;
    const RUN: usize = 1 << 1;
    let block = (BLOCK << 3 | RUN).to_le_bytes();
    [HEADER, &[&block[..3], &[0]].concat().repeat(BOMB / BLOCK)].concat()
}

/// A response of one message that is sent as it is.
fn whole(name: &str, body: Vec<u8>) -> Misbehaviour {
    Misbehaviour::answer(name, move |frames| frames.headers(OK_HEADERS).message(&body).trailers(OK_TRAILERS))
}

/// A response of one message that is longer than the client's window.
fn paced(name: &str, body: Vec<u8>) -> Misbehaviour {
    Misbehaviour::calls(name, move |mut call| {
        let body = body.clone();
        async move {
            call.send(&body).await?;
            call.end("0")
        }
    })
}

/// A response of one message that says it is compressed so.
fn compressed(name: &str, encoding: &'static str, body: Vec<u8>) -> Misbehaviour {
    Misbehaviour::answer(name, move |frames| {
        let headers = [OK_HEADERS, &[("grpc-encoding", encoding)]].concat();
        frames.headers(&headers).data(&prefixed(1, &body)).trailers(OK_TRAILERS)
    })
}

fn badly_compressed() -> Vec<Misbehaviour> {
    let flagged = |frames: Frames, flag| frames.headers(OK_HEADERS).data(&prefixed(flag, HELLO)).trailers(OK_TRAILERS);
    vec![
        Misbehaviour::answer("compressed_without_encoding", move |frames| flagged(frames, 1)),
        Misbehaviour::answer("flag_of_two", move |frames| flagged(frames, 2)),
        compressed("bad_gzip", "gzip", b"hello, hello, hello".to_vec()),
        compressed("unknown_encoding", "snappy", HELLO.to_vec()),
    ]
}

fn no_protobuf() -> Vec<Misbehaviour> {
    vec![
        whole("undecodable", b"\x0a\xffhello".to_vec()),
        whole("bad_utf_8", b"\x0a\x05h\xe9llo".to_vec()),
        whole("nested_100_deep", nested(100)),
        whole("nested_101_deep", nested(101)),
        whole("nested_5000_deep", nested(5000)),
        whole("any_nested_1500_deep", any_nested(1500)),
    ]
}

/// A `wire.Told` in `inner`, so many times.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |message, _| field(0x12, &message))
}

/// A `wire.Told` in an `Any` in a `wire.Told`, so many times.
fn any_nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |message, _| {
        field(0x1a, &[field(0x0a, b"type.googleapis.com/wire.Told"), field(0x12, &message)].concat())
    })
}

/// A field of a length and so many bytes.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![tag];
    prost::encoding::encode_varint(bytes.len() as u64, &mut field);
    field.extend(bytes);
    field
}

fn too_few_or_too_many() -> Vec<Misbehaviour> {
    vec![
        Misbehaviour::answer("no_message", |frames| frames.headers(OK_HEADERS).trailers(OK_TRAILERS)),
        Misbehaviour::answer("trailers_only_ok", |frames| frames.trailers(&[OK_HEADERS, OK_TRAILERS].concat())),
        Misbehaviour::answer("two_messages", |frames| {
            frames.headers(OK_HEADERS).message(HELLO).message(HELLO).trailers(OK_TRAILERS)
        }),
    ]
}
