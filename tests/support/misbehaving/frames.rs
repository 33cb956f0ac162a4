//! Row 16: frames that break the rules of HTTP/2.

use super::Misbehaviour;
use super::raw::{
    CONTINUATION, DATA, END_HEADERS, HEADERS, HELLO, OK_HEADERS, OK_TRAILERS, PUSH_PROMISE, WINDOW_UPDATE, block,
};

pub(super) fn all() -> Vec<Misbehaviour> {
    vec![
        Misbehaviour::answer("data_on_stream_0", |frames| frames.of_connection(DATA, 0, b"x")),
        Misbehaviour::answer("bad_hpack", |frames| frames.frame(HEADERS, END_HEADERS, &[0xff; 9])),
        // Its head tells enough.
        Misbehaviour::answer("frame_of_16_mb", |frames| frames.raw(&[0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1])),
        Misbehaviour::answer("upper_case_header", |frames| {
            frames.headers(&[OK_HEADERS, &[("X-Upper", "y")]].concat()).message(HELLO).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("push_promise", |frames| {
            let promised = [&2_u32.to_be_bytes()[..], &block(&[(":path", "/")])].concat();
            frames.frame(PUSH_PROMISE, END_HEADERS, &promised).response(OK_TRAILERS)
        }),
        Misbehaviour::answer("trailers_without_end", |frames| {
            frames.headers(OK_HEADERS).message(HELLO).headers(OK_TRAILERS)
        }),
        Misbehaviour::answer("wrong_content_length", |frames| {
            frames.headers(&[OK_HEADERS, &[("content-length", "3")]].concat()).message(HELLO).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("no_http_status", |frames| frames.headers(&[("content-type", "application/grpc")])),
        Misbehaviour::answer("continuation_from_nowhere", |frames| frames.frame(CONTINUATION, END_HEADERS, &[])),
        Misbehaviour::answer("window_overflow", |frames| {
            frames.of_connection(WINDOW_UPDATE, 0, &0x7fff_ffff_u32.to_be_bytes())
        }),
    ]
}
