//! Rows 14, 15 and 19: streams and connections that break off, and what is odd but fine.

use super::Misbehaviour;
use super::raw::{DATA, Frames, HELLO, OK_HEADERS, OK_TRAILERS, PADDED, Peer, prefixed};

/// The codes of RFC 9113, section 7, and one that is none.
const REASONS: [u32; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99];

const ENHANCE_YOUR_CALM: u32 = 11;

pub(super) fn all() -> Vec<Misbehaviour> {
    REASONS.into_iter().flat_map(resets).chain(lost()).chain(odd_and_fine()).collect()
}

/// A stream that is reset: `reset_8_after_headers`.
fn resets(reason: u32) -> [Misbehaviour; 4] {
    let reset = |when, before: fn(Frames) -> Frames| {
        Misbehaviour::answer(format!("reset_{reason}_{when}"), move |frames| before(frames).reset(reason))
    };
    [
        reset("before_headers", |frames| frames),
        reset("after_headers", |frames| frames.headers(OK_HEADERS)),
        reset("after_a_message", |frames| frames.headers(OK_HEADERS).message(HELLO)),
        reset("after_trailers", |frames| frames.response(OK_TRAILERS)),
    ]
}

fn lost() -> Vec<Misbehaviour> {
    let reset = |peer: Peer| async { peer.reset() };
    vec![
        Misbehaviour::answer("goaway_0", |frames| frames.goaway(0, 0, "")),
        Misbehaviour::answer("goaway_too_many_pings", |frames| frames.goaway(0, ENHANCE_YOUR_CALM, "too_many_pings")),
        Misbehaviour::answer_then(
            "goaway_then_closes",
            |frames| {
                let last = frames.stream();
                frames.goaway(last, ENHANCE_YOUR_CALM, "too_many_pings")
            },
            Peer::close,
        ),
        Misbehaviour::answer_then("fin_before_headers", |frames| frames, Peer::close),
        Misbehaviour::answer_then("fin_after_headers", |frames| frames.headers(OK_HEADERS), Peer::close),
        Misbehaviour::answer_then(
            "fin_after_a_message",
            |frames| frames.headers(OK_HEADERS).message(HELLO),
            Peer::close,
        ),
        Misbehaviour::answer_then("rst_before_headers", |frames| frames, reset),
        Misbehaviour::answer_then("rst_after_a_message", |frames| frames.headers(OK_HEADERS).message(HELLO), reset),
    ]
}

fn odd_and_fine() -> Vec<Misbehaviour> {
    vec![
        Misbehaviour::answer("informational", |frames| {
            frames.headers(&[(":status", "103"), ("link", "</style.css>")]).response(OK_TRAILERS)
        }),
        Misbehaviour::answer("unknown_frames", |frames| {
            frames.frame(0xfa, 0xff, b"?").response(OK_TRAILERS).of_connection(0xfa, 0, b"?")
        }),
        Misbehaviour::answer("data_after_trailers", |frames| frames.response(OK_TRAILERS).data(b"late")),
        Misbehaviour::answer("goaway_then_ok", |frames| {
            let last = frames.stream();
            frames.goaway(last, 0, "").response(OK_TRAILERS)
        }),
        Misbehaviour::answer("reset_after_ok", |frames| frames.response(OK_TRAILERS).reset(0)),
        Misbehaviour::answer("empty_data_between", |frames| {
            frames.headers(OK_HEADERS).frame(DATA, 0, &[]).message(HELLO).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("padding", |frames| {
            let padded = [&[3][..], &prefixed(0, HELLO), &[0; 3]].concat();
            frames.headers(OK_HEADERS).frame(DATA, PADDED, &padded).trailers(OK_TRAILERS)
        }),
    ]
}
