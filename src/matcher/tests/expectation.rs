//! Whole `expect:`s against whole outcomes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use super::super::testing::{POOL, Written, flat, shown};
use super::outcomes::{metadata, ok, outcome};
use crate::diagnostic::{Diagnostics, Span, Spanned};
use crate::expr::Scope;
use crate::grpc::{CallOutcome, Code, ConnectError, Received};
use crate::matcher::{Expectation, Observed, Subject};
use crate::spec::Expect;
use crate::yaml::Node;

/// `expect:` as written, for the method `t.S/Get` or `t.S/Watch`.
fn compile(text: &str, method: &str) -> (Written, Result<Expectation, Vec<String>>) {
    let written = Written::new(text);
    let part = |key: &str| written.node.get(key).cloned();
    let expect = Expect {
        response: part("response"),
        responses: part("responses"),
        status: part("status"),
        headers: part("headers"),
        trailers: part("trailers"),
        metadata: part("metadata"),
        elapsed: part("elapsed"),
        compressed: part("compressed").map(|node| Spanned::new(is_true(&node), node.span)),
        unreachable: part("unreachable"),
        assert: part("assert").into_iter().collect(),
    };
    let service = POOL.get_service_by_name("t.S").expect("it is declared");
    let method = service.methods().find(|found| found.name() == method).expect("it is declared");
    let mut out = Diagnostics::new();
    let call = Span::new(written.file, 0, 1);
    let subject = Subject { span: call, cancel: None, method: &method, requests: None };
    let expectation = Expectation::compile(Some(&expect), &subject, &written.context(), &mut out);
    let problems: Vec<String> = out.iter().map(|problem| flat(problem, &written.sources)).collect();
    assert_eq!(expectation.is_none(), out.has_errors(), "{problems:?}");
    (written, expectation.ok_or(problems))
}

fn is_true(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| &*scalar.text == "true")
}

fn check(text: &str, outcome: &CallOutcome, messages: &[DynamicMessage]) -> Vec<String> {
    let method = if text.contains("responses") { "Watch" } else { "Get" };
    let expectation = compile(text, method).1.unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
    shown(&expectation.check(&Observed { outcome, messages, details: &[] }, &Arc::new(Scope::new())))
}

fn problems(text: &str) -> Vec<String> {
    let method = if text.contains("responses") { "Watch" } else { "Get" };
    compile(text, method).1.err().unwrap_or_default()
}

#[test]
fn without_a_status_a_call_must_end_with_ok() {
    assert!(check("{}", &ok(), &[]).is_empty());
    assert_eq!(
        check("{}", &outcome(Code::NotFound, "no such user"), &[]),
        ["status is NOT_FOUND, expected OK | expected OK | message: no such user"]
    );
}

#[test]
fn a_status_is_a_name_a_number_a_choice_or_its_parts() {
    let found = outcome(Code::NotFound, "no such user");
    for hold in [
        "{ status: NOT_FOUND }",
        "{ status: 5 }",
        "{ status: '5' }",
        "{ status: { $in: [OK, NOT_FOUND] } }",
        "{ status: { $in: [OK, 5] } }",
        "{ status: { $not: OK } }",
        "{ status: { $not: { $in: [OK, INTERNAL] } } }",
        "{ status: { code: NOT_FOUND } }",
        "{ status: { code: { $in: [5, 6] }, message: { $contains: user } } }",
        "{ status: { message: no such user } }",
        "{ status: { details: [] } }",
    ] {
        assert_eq!(check(hold, &found, &[]), Vec::<String>::new(), "{hold}");
    }
    for (fail, says) in [
        ("{ status: OK }", "status is NOT_FOUND, expected OK | expected OK | message: no such user"),
        (
            "{ status: { $in: [INTERNAL, OK] } }",
            "status is NOT_FOUND, expected OK or INTERNAL | expected OK or INTERNAL | message: no such user",
        ),
        (
            "{ status: { $not: NOT_FOUND } }",
            "status is NOT_FOUND, expected any but NOT_FOUND | expected any but NOT_FOUND | message: no such user",
        ),
        (
            "{ status: { code: NOT_FOUND, message: nobody } }",
            "status.message differs | expected status.message = \"nobody\" | actual: \"no such user\" (string)",
        ),
        (
            "{ status: { code: 5, details: [ { $type: t.Item } ] } }",
            "status.details[0] is missing | expected status.details[0] of type t.Item | actual: no elements",
        ),
    ] {
        assert_eq!(check(fail, &found, &[]), [says], "{fail}");
    }
    assert_eq!(check("{ status: { message: '' } }", &ok(), &[]).len(), 1, "whoever expects a message expects an error");
}

#[test]
fn a_number_the_server_made_up_is_shown() {
    let mut found = outcome(Code::Unknown, "");
    found.status.raw = Some("99".to_owned());
    assert_eq!(
        check("{}", &found, &[]),
        ["status is UNKNOWN, expected OK | expected OK | note: the server sent `grpc-status: 99`"]
    );
}

#[test]
fn status_details_are_matched_as_a_list_of_any() {
    let mut found = outcome(Code::NotFound, "");
    // google.rpc.Status { details: [Any { type_url, value }] }, by hand
    let item = super::super::testing::message("{ any: { $type: t.Item, name: x } }");
    let Value::Message(item) = item else { panic!("a message") };
    let any = item.get_field_by_name("any").expect("it is declared");
    let any = any.as_message().expect("an Any").encode_to_vec();
    let mut bytes = vec![0x1a, u8::try_from(any.len()).expect("it is short")];
    bytes.extend(any);
    found.status.details = bytes.into();
    assert!(check("{ status: { code: 5, details: [{ $type: t.Item, name: x }] } }", &found, &[]).is_empty());
    assert!(
        check("{ status: { code: 5, details: { $contains: [{ $type: t.Item }], $len: 1 } } }", &found, &[]).is_empty()
    );
    assert_eq!(
        check("{ status: { code: 5, details: [{ $type: t.Item, name: y }] } }", &found, &[]),
        ["status.details[0].name differs | expected status.details[0].name = \"y\" | actual: \"x\" (string)"]
    );
    found.status.details = Bytes::from_static(&[0xff]);
    assert_eq!(check("{ status: { code: 5, details: [] } }", &found, &[]).len(), 1);
}

#[test]
fn a_response_is_checked_when_the_status_is_ok() {
    let Value::Message(message) = super::super::testing::message("{ i32: 5 }") else { panic!("a message") };
    assert!(check("{ response: { i32: 5 } }", &ok(), std::slice::from_ref(&message)).is_empty());
    assert_eq!(
        check("{ response: { i32: 6 } }", &ok(), &[message]),
        ["i32 differs | expected i32 = 6 | actual: 5 (int32)"]
    );
    assert_eq!(
        check("{ response: { i32: 6 } }", &outcome(Code::Internal, ""), &[]),
        ["status is INTERNAL, expected OK | expected OK"]
    );
    assert!(
        check("{ status: { $in: [OK, INTERNAL] }, response: { i32: 6 } }", &outcome(Code::Internal, ""), &[])
            .is_empty()
    );
}

#[test]
fn responses_are_a_list_also_before_an_error() {
    let messages: Vec<DynamicMessage> = ["{ i32: 1 }", "{ i32: 2 }"].map(|text| Written::new(text).message()).into();
    for hold in [
        "{ responses: [{ i32: 1 }, { i32: 2 }] }",
        "{ responses: { $len: 2 } }",
        "{ responses: { $each: { i32: { $gt: 0 } }, $sorted: { i32: asc } } }",
        "{ responses: { $unordered: [{ i32: 2 }, { i32: 1 }] } }",
    ] {
        assert_eq!(check(hold, &ok(), &messages), Vec::<String>::new(), "{hold}");
    }
    assert_eq!(
        check("{ status: INTERNAL, responses: [{ i32: 1 }] }", &outcome(Code::Internal, ""), &messages),
        ["responses has an element too many | expected 1 element | actual: 2 elements; responses[1] = { i32: 2 }"]
    );
    assert_eq!(
        check("{ responses: [{}, { i32: 3 }] }", &ok(), &messages),
        ["responses[1].i32 differs | expected responses[1].i32 = 3 | actual: 2 (int32)"]
    );
    let mut cut = ok();
    cut.unrecorded = 3;
    assert_eq!(check("{ responses: { $len: 2 } }", &cut, &messages).len(), 1, "what was not kept cannot be judged");
}

#[test]
fn more_messages_than_are_kept_are_said_whatever_is_expected() {
    let found = CallOutcome { unrecorded: 3, ..ok() };
    let cause = "responses cannot be judged: only the first 0 of 3 messages were kept";
    for text in ["{}", "responses: []"] {
        let said = check(text, &found, &[]);
        assert!(said.len() == 1 && said[0].starts_with(cause), "{text}: {said:?}");
    }
}

#[test]
fn each_message_came_compressed_or_not() {
    let received = |flags: &[bool]| {
        let received =
            |compressed: &bool| Received { bytes: Bytes::new(), compressed: *compressed, at: Duration::ZERO };
        CallOutcome { messages: flags.iter().map(received).collect(), ..ok() }
    };
    let said = |text: &str, flags: &[bool]| check(text, &received(flags), &[]).join("; ");
    assert_eq!(said("compressed: true", &[true, true]), "");
    assert_eq!(said("compressed: false", &[false]), "");
    assert_eq!(
        said("compressed: true", &[true, false]),
        "message 2 of 2 came uncompressed | expected each message to come compressed"
    );
    assert_eq!(
        said("compressed: false", &[true]),
        "the message came compressed | expected each message to come uncompressed"
    );
    assert_eq!(
        said("compressed: false", &[]),
        "no message came that could be compressed or not | expected each message to come uncompressed"
    );
}

#[test]
fn metadata_is_one_value_or_all_of_them() {
    let mut found = ok();
    found.headers =
        metadata(&[("x-one", "a"), ("x-many", "a"), ("x-many", "b"), ("trace-bin", "hello"), ("both", "1")]);
    found.trailers = metadata(&[("t", "end"), ("both", "2")]);
    for hold in [
        "{ headers: { x-one: a, X-Many: [a, b] } }",
        "{ headers: { x-one: { $len: 1, $starts_with: a } } }",
        "{ headers: { x-one: [a], x-many: { $unordered: [b, a] } } }",
        "{ headers: { x-many: { $each: { $len: 1 } } } }",
        "{ headers: { x-many: { $present: true }, nobody: { $present: false } } }",
        "{ headers: { trace-bin: aGVsbG8= } }",
        "{ headers: { trace-bin: { $utf8: hello, $len: 5 } } }",
        "{ headers: { t: null }, trailers: { t: end, x-one: null } }",
        "{ metadata: { t: end, x-one: a, nobody: null } }",
        "{ metadata: { both: 1 } }",
        "{ metadata: { both: 2 } }",
        "{ headers: { x-many: { $not: [a] } } }",
        "{ headers: { x-many: { $in: [[b], [a, b]] } } }",
    ] {
        assert_eq!(check(hold, &found, &[]), Vec::<String>::new(), "{hold}");
    }
    for (fail, says) in [
        ("{ headers: { x-one: b } }", "header x-one differs | expected header x-one = \"b\" | actual: \"a\" (string)"),
        ("{ headers: { nobody: b } }", "header nobody is not set | expected header nobody = \"b\" | actual: unset"),
        (
            "{ headers: { x-many: a } }",
            "header x-many has 2 values | expected exactly one: header x-many = \"a\" | actual: [a, b] (repeated string) | hint: for all of them write a list, `$each` or `$unordered`",
        ),
        (
            "{ headers: { x-one: null } }",
            "header x-one is set | expected header x-one to be unset | actual: \"a\" (string)",
        ),
        ("{ trailers: { t: null } }", "trailer t is set | expected trailer t to be unset | actual: \"end\" (string)"),
        (
            "{ metadata: { both: 3 } }",
            "metadata both differs | expected metadata both = \"3\" | actual: \"1\" (string)",
        ),
        (
            "{ headers: { x-many: [a] } }",
            "header x-many has an element too many | expected 1 element | actual: 2 elements; header x-many[1] = \"b\"",
        ),
        (
            "{ headers: { trace-bin: { $utf8: hallo } } }",
            "utf8(header trace-bin) differs | expected utf8(header trace-bin) = \"hallo\" | actual: \"hello\" (string)",
        ),
    ] {
        assert_eq!(check(fail, &found, &[]), [says], "{fail}");
    }
}

#[test]
fn elapsed_takes_operators() {
    assert!(check("{ elapsed: { $lt: 200ms } }", &ok(), &[]).is_empty());
    assert_eq!(
        check("{ elapsed: { $between: [30ms, 1s] } }", &ok(), &[]),
        ["elapsed is out of range | expected 30ms ≤ elapsed ≤ 1s | actual: 20ms (google.protobuf.Duration)"]
    );
}

#[test]
fn unreachable_speaks_of_why_there_is_no_connection() {
    let error = ConnectError {
        code: Code::Unavailable,
        headline: "cannot connect to https://a".to_owned(),
        causes: vec!["invalid certificate".to_owned()],
        hints: Vec::new(),
    };
    let compiled = |text| compile(text, "Get").1.expect("it compiles");
    let expectation = compiled("{ unreachable: { $contains: certificate } }");
    assert!(expectation.expects_unreachable());
    assert!(expectation.check_unreachable(&error, &Arc::new(Scope::new())).is_empty());
    assert_eq!(
        shown(&expectation.check(&Observed { outcome: &ok(), messages: &[], details: &[] }, &Arc::new(Scope::new()))),
        ["the server was reached | expected no connection | actual: a call with status OK"]
    );
    let other = compiled("{ unreachable: { $contains: refused } }");
    assert_eq!(
        shown(&other.check_unreachable(&error, &Arc::new(Scope::new()))),
        [
            "unreachable lacks a part | expected unreachable to contain \"refused\" | actual: \"cannot connect to https://a: invalid certificate\" (string)"
        ]
    );
    assert_eq!(compiled("{}").check_unreachable(&error, &Arc::new(Scope::new())).len(), 1);
}

#[test]
fn what_cannot_be_expected_is_an_error_before_any_call() {
    for (text, says) in [
        ("{ status: NOT_FOUND, response: {} }", "1:32 a response is expected of a call that must fail"),
        ("{ status: { $not: OK }, response: {} }", "1:35 a response is expected of a call that must fail"),
        ("{ response: {}, responses: [] }", "1:28 `response` and `responses` exclude each other"),
        ("{ status: NOTFOUND }", "1:11 unknown status code `NOTFOUND`"),
        ("{ status: 17 }", "1:11 unknown status code `17`"),
        ("{ status: { $gt: 5 } }", "1:13 `$gt` does not fit a status code"),
        ("{ status: { $in: [] } }", "1:18 `$in` takes a list of codes"),
        ("{ status: { $in: [OK], $not: OK } }", "1:11 no status can be all of this"),
        ("{ status: { kode: OK } }", "1:13 unknown key `kode`"),
        ("{ status: [OK] }", "1:11 `status` is a code"),
        ("{ elapsed: 5ms }", "1:12 `elapsed` takes operators"),
        ("{ elapsed: { $lt: 5 } }", "1:19 `elapsed.$lt` is not a duration"),
        ("{ headers: [] }", "1:12 `headers` is not a mapping"),
        ("{ headers: { $present: true } }", "1:14 `$present` does not fit all metadata"),
        ("{ headers: { 'a b': x } }", "1:14 `a b` cannot be a metadata key"),
        ("{ headers: { grpc-status: 0 } }", "1:14 `grpc-status` is part of the status"),
        ("{ headers: { a: x, A: y } }", "1:20 `a` is written twice"),
        ("{ headers: { a-bin: '!' } }", "1:21 `headers.a-bin` is not base64"),
        ("{ unreachable: x, status: OK }", "1:27 `unreachable` and `status` exclude each other"),
    ] {
        let found = problems(text);
        assert!(found.first().is_some_and(|first| first.starts_with(says)), "{text}: {found:#?}");
    }
    let found = compile("{ response: {} }", "Watch").1.expect_err("a stream has no one response");
    assert!(found[0].starts_with("1:13 `Watch` returns a stream of messages"), "{found:?}");
}

/// The schema of the tests has `google.rpc.Status`, as every schema of a run has.
#[test]
fn the_schema_has_the_status_of_google() {
    let pool: &DescriptorPool = &POOL;
    assert!(pool.get_message_by_name("google.rpc.Status").is_some());
}
