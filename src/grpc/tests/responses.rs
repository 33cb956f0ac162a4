//! What makes a response gRPC, what HTTP means instead, and where the status stands.

use http::{HeaderMap, HeaderValue, Response};

use super::honest::{end, ok, serve};
use super::{prefixed, told, unary};
use crate::grpc::{CallOutcome, Code, MetadataValue};

type Fields = &'static [(&'static str, &'static str)];

/// A response of an HTTP status, headers, and a body if there is one.
async fn answered(status: u16, headers: Fields, body: Option<&'static [u8]>) -> CallOutcome {
    let target = serve(move |_request, mut answer| async move {
        let head = Response::builder().status(status);
        let head = headers.iter().fold(head, |head, (name, value)| head.header(*name, *value));
        let head = head.body(()).expect("a response");
        let mut stream = answer.send_response(head, body.is_none()).expect("headers");
        if let Some(body) = body {
            stream.send_data(body.into(), true).expect("data");
        }
    });
    unary(target.await).await
}

#[tokio::test]
async fn every_http_status_has_its_code() {
    for (status, code) in [
        (200, Code::Unknown),
        (302, Code::Unknown),
        (400, Code::Internal),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::Unimplemented),
        (429, Code::Unavailable),
        (431, Code::Unknown),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (504, Code::Unavailable),
    ] {
        let outcome = answered(status, &[("content-type", "text/html")], Some(b"<html>")).await;
        assert_eq!(outcome.status.code, code, "{status}");
        assert_eq!(outcome.http_status, Some(status));
    }
}

#[tokio::test]
async fn a_long_page_is_shown_in_part() {
    let outcome = answered(404, &[], Some(&[b'x'; 2000])).await;
    assert_eq!(outcome.causes, [format!("the body begins with `{}`", "x".repeat(512))]);
}

#[tokio::test]
async fn an_http_error_without_a_body() {
    let outcome = answered(503, &[], None).await;
    assert_eq!(outcome.status.code, Code::Unavailable);
    assert_eq!(outcome.status.message, "HTTP 503 without a content-type, which is not a gRPC response");
}

#[tokio::test]
async fn a_grpc_status_beside_an_http_error_counts() {
    let outcome = answered(503, &[("content-type", "application/grpc"), ("grpc-status", "7")], None).await;
    assert_eq!(told(&outcome), "PERMISSION_DENIED: \nwarning: HTTP status 503 beside a `grpc-status`");
}

#[tokio::test]
async fn content_types_that_are_grpc() {
    for content_type in ["application/grpc", "application/grpc+proto", "Application/GRPC;charset=utf-8"] {
        let target = serve(move |_request, mut answer| async move {
            let head = Response::builder().header("content-type", content_type).body(()).expect("a response");
            let mut stream = answer.send_response(head, false).expect("headers");
            stream.send_data(prefixed(0, b"hello").into(), false).expect("data");
            end(stream, "0");
        });
        assert_eq!(unary(target.await).await.status.code, Code::Ok, "{content_type}");
    }
}

const NOT_FOUND: Fields = &[("content-type", "application/grpc"), ("grpc-status", "5"), ("x", "y")];

#[tokio::test]
async fn a_unary_error_may_be_trailers_only_or_not() {
    let with_trailers = serve(|_request, answer| async move {
        let mut trailers = HeaderMap::new();
        for (name, value) in &NOT_FOUND[1..] {
            trailers.insert(*name, HeaderValue::from_static(value));
        }
        ok(answer).send_trailers(trailers).expect("trailers");
    });
    let with_trailers = unary(with_trailers.await).await;
    let only = answered(200, NOT_FOUND, None).await;
    let with_an_empty_body = answered(200, NOT_FOUND, Some(b"")).await;
    for (outcome, trailers_only) in [(only, true), (with_trailers, false), (with_an_empty_body, true)] {
        assert_eq!((outcome.status.code, outcome.trailers_only), (Code::NotFound, trailers_only));
        assert!(outcome.trailers.get_all("x").eq(&[MetadataValue::Text("y".to_owned())]));
    }
}

#[tokio::test]
async fn a_status_in_the_headers_of_a_response_with_a_body_does_not_count() {
    let target = serve(|_request, mut answer| async move {
        let head = Response::builder().header("content-type", "application/grpc").header("grpc-status", "0");
        let mut stream = answer.send_response(head.body(()).expect("a response"), false).expect("headers");
        stream.send_data(prefixed(0, b"hello").into(), false).expect("data");
        end(stream, "5");
    });
    assert_eq!(unary(target.await).await.status.code, Code::NotFound);
}
