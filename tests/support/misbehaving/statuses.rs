//! Rows 8 to 11 and 13: a status that is missing or wrong, details, texts and metadata that do not decode, and responses
//! that are not gRPC.

use super::Misbehaviour;
use super::raw::{Fields, HELLO, OK_HEADERS, OK_TRAILERS, prefixed};

const NOT_FOUND: (&str, &str) = ("grpc-status", "5");

pub(super) fn all() -> Vec<Misbehaviour> {
    vec![
        Misbehaviour::answer("no_trailers", |frames| frames.headers(OK_HEADERS).last_data(&prefixed(0, HELLO))),
        trailers("no_status", &[("x", "y")]),
        trailers("status_abc", &[("grpc-status", "abc"), ("grpc-message", "hm")]),
        trailers("status_99", &[("grpc-status", "99"), ("grpc-message", "hm")]),
        trailers("status_empty", &[("grpc-status", ""), ("grpc-message", "hm")]),
        trailers("two_statuses", &[("grpc-status", "0"), NOT_FOUND]),
        trailers("details_not_base64", &[NOT_FOUND, ("grpc-message", "gone"), ("grpc-status-details-bin", "?!")]),
        // code 5, message `~~~???`
        trailers(
            "details_url_safe",
            &[NOT_FOUND, ("grpc-message", "gone"), ("grpc-status-details-bin", "CAUSBn5-fj8_Pw")],
        ),
        trailers("details_not_a_status", &[NOT_FOUND, ("grpc-message", "gone"), ("grpc-status-details-bin", "////")]),
        trailers("message_badly_encoded", &[NOT_FOUND, ("grpc-message", "50% %zz %ff")]),
        trailers("message_raw_utf_8", &[NOT_FOUND, ("grpc-message", "café ☺")]),
        Misbehaviour::answer("message_of_20_kb", |frames| {
            frames.response(&[NOT_FOUND, ("grpc-message", &"x".repeat(20_000))])
        }),
        Misbehaviour::answer("invalid_bin_header", |frames| {
            frames.headers(&[OK_HEADERS, &[("x-bin", "?!")]].concat()).message(HELLO).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("invalid_bin_trailer", |frames| {
            frames.response(&[OK_TRAILERS, &[("x-bin", "?!")]].concat())
        }),
        page("html_200", "200"),
        page("html_401", "401"),
        page("html_404", "404"),
        page("html_502", "502"),
        Misbehaviour::answer("redirect", |frames| {
            frames.trailers(&[(":status", "302"), ("location", "https://example.com/"), ("content-type", "text/html")])
        }),
        Misbehaviour::answer("no_content_type", |frames| {
            frames.headers(&[(":status", "200")]).message(HELLO).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("grpc_json", |frames| {
            let headers = [(":status", "200"), ("content-type", "application/grpc+json")];
            frames.headers(&headers).message(br#"{"text":"hello"}"#).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("page_without_end", |frames| {
            frames.headers(&[(":status", "404"), ("content-type", "text/html")]).data(b"<html>")
        }),
    ]
}

/// A response of one message, with these trailers.
fn trailers(name: &str, fields: Fields<'static>) -> Misbehaviour {
    Misbehaviour::answer(name, move |frames| frames.response(fields))
}

/// A page of HTML with this HTTP status.
fn page(name: &str, status: &'static str) -> Misbehaviour {
    Misbehaviour::answer(name, move |frames| {
        frames.headers(&[(":status", status), ("content-type", "text/html")]).last_data(b"<html>\n<h1>no</h1>")
    })
}
