//! `$cel` and `assert`.

use std::sync::Arc;

use prost_reflect::DynamicMessage;

use super::super::testing::{POOL, Written, compare, flat, message, shown};
use super::outcomes::{metadata, ok, outcome};
use crate::diagnostic::{Diagnostics, Span};
use crate::expr::Scope;
use crate::grpc::{CallOutcome, Code};
use crate::matcher::{Expectation, Observed, Subject, values_of_sent};
use crate::spec::Expect;

/// Compiles `assert`s of a call with this request; with `status`, where it is written.
fn compile(asserts: &[&str], status: &str, method: &str) -> Result<Expectation, Vec<String>> {
    let list: Vec<String> =
        asserts.iter().map(|assert| serde_json::to_string(assert).expect("a text is JSON")).collect();
    let written = Written::new(&format!("{{ assert: [{}], status: {status} }}", list.join(", ")));
    let nodes = written.node.get("assert").and_then(|node| node.as_sequence()).unwrap_or_default().to_vec();
    let status = written.node.get("status").cloned();
    let expect = Expect { assert: nodes, status, ..Expect::default() };
    let service = POOL.get_service_by_name("t.S").expect("it is declared");
    let method = service.methods().find(|found| found.name() == method).expect("it is declared");
    let mut out = Diagnostics::new();
    let subject = Subject { span: Span::new(written.file, 0, 1), cancel: None, method: &method, requests: None };
    let expectation = Expectation::compile(Some(&expect), &subject, &written.context(), &mut out);
    let problems: Vec<String> = out.iter().map(|problem| flat(problem, &written.sources)).collect();
    assert_eq!(expectation.is_none(), out.has_errors(), "{problems:?}");
    expectation.ok_or(problems)
}

fn check(assert: &str, outcome: &CallOutcome, messages: &[DynamicMessage]) -> Vec<String> {
    let method = if assert.contains("responses") { "Watch" } else { "Get" };
    let expectation = compile(&[assert], "{ $not: CANCELLED }", method);
    let expectation = expectation.unwrap_or_else(|problems| panic!("{assert}: {problems:#?}"));
    let service = POOL.get_service_by_name("t.S").expect("it is declared");
    let method = service.methods().find(|found| found.name() == method).expect("it is declared");
    let observed = Observed { outcome, messages, details: &[] };
    let mut names = values_of_sent(&method, &[Arc::new(Written::new("{ s: sent }").message())]);
    names.extend(observed.values(&method));
    shown(&expectation.check(&observed, &Arc::new(Scope::new()).child(names)))
}

fn items(text: &str) -> Vec<DynamicMessage> {
    vec![Written::new(text).message()]
}

#[test]
fn a_condition_holds_or_shows_its_parts() {
    let actual = message("{ i32: 7, s: ada, numbers: [1, 2], wrapped: 9, struct: { a: 3 }, item: { name: x } }");
    for hold in [
        "{ i32: { $cel: this % 2 == 1 } }",
        "{ s: { $cel: 'this.startsWith(\"a\")', $len: 3 } }",
        "{ numbers: { $cel: size(this) == 2, $len: { $cel: this < 3 } } }",
        "{ numbers: { $each: { $cel: this > 0 } } }",
        "{ wrapped: { $cel: this == 9 } }",
        "{ struct: { a: { $cel: this == 3 } } }",
        "{ struct: { $cel: this.a == 3.0 } }",
        "{ item: { $cel: this.name == 'x' && !has(this.note) } }",
        "{ i64: { $cel: this == 0 } }",
        "{ i32: { $not: { $cel: this > 10 } } }",
    ] {
        assert_eq!(shown(&compare(hold, &actual)), Vec::<String>::new(), "{hold}");
    }
    for (fail, says) in [
        (
            "{ i32: { $cel: this % 2 == 0 } }",
            "i32 does not satisfy `$cel` | false | actual: 7 (int32) | this % 2: 1 (int)",
        ),
        (
            "{ numbers: { $each: { $cel: this < 2 } } }",
            "numbers[1] does not satisfy `$cel` | false | actual: 2 (int32)",
        ),
        ("{ maybe: { $cel: this > 1 } }", "maybe is not set | expected this > 1 | actual: unset"),
    ] {
        let found = shown(&compare(fail, &actual));
        assert!(found.len() == 1 && found[0].starts_with(says), "{fail}: {found:#?}");
    }
}

#[test]
fn a_condition_must_be_one() {
    for (text, says) in [
        ("{ i32: { $cel: this % 2 } }", "1:16 `$cel` is neither true nor false | this is an int"),
        ("{ s: { $cel: [a] } }", "1:14 "),
        ("{ item: { $cel: this.nam == 'x' } }", "1:22 "),
        ("{ i32: { $cel: that > 1 } }", "1:16 "),
    ] {
        let found = Written::new(text).compile().err().unwrap_or_default();
        assert!(found.first().is_some_and(|first| first.starts_with(says)), "{text}: {found:#?}");
    }
}

#[test]
fn assertions_see_all_of_a_call() {
    let mut with_metadata = ok();
    with_metadata.headers = metadata(&[("x-id", "a"), ("x-id", "b"), ("x-raw-bin", "\u{1}")]);
    with_metadata.trailers = metadata(&[("x-cost", "12")]);
    for hold in [
        "response.i32 == 7 && request.s == 'sent'",
        "status.code == 'OK' && status.code == 0 && status.message == ''",
        "headers['x-id'] == ['a', 'b'] && size(headers) == 2",
        "headers['x-raw-bin'][0] == b'\\x01'",
        "int(trailers['x-cost'][0]) == 12",
        "elapsed == duration('20ms')",
        "!has(response.item) && size(status.details) == 0",
    ] {
        assert_eq!(check(hold, &with_metadata, &items("{ i32: 7 }")), Vec::<String>::new(), "{hold}");
    }
    assert!(check("responses.map(m, m.i32) == [7]", &ok(), &items("{ i32: 7 }")).is_empty());
}

#[test]
fn what_decided_is_shown() {
    for (assert, says) in [
        ("response.i32 > 8", "assertion does not hold | false | response.i32: 7 (int)"),
        ("response.i32 == 7 && response.s == 'x'", "assertion does not hold | false | response.s: \"\" (string)"),
        (
            "response.i32 > 8 || response.s == 'x'",
            "assertion does not hold | false | response.i32: 7 (int) | response.s: \"\" (string)",
        ),
        ("status.code == 'NOT_FOUND'", "assertion does not hold | false | status.code: OK (google.rpc.Code)"),
    ] {
        assert_eq!(check(assert, &ok(), &items("{ i32: 7 }")), [says], "{assert}");
    }
}

#[test]
fn what_cannot_be_evaluated_fails_and_says_which_part() {
    let found = check("response.numbers[3] == 1", &ok(), &items("{ numbers: [1] }"));
    assert!(found.len() == 1 && found[0].starts_with("assertion cannot be judged: "), "{found:?}");
    let missing = outcome(Code::NotFound, "no such user");
    assert_eq!(
        check("response.i32 == 1", &missing, &[]),
        ["assertion cannot be judged: there is no response | the call ended with NOT_FOUND and without a message"]
    );
    assert!(check("status.code == 'NOT_FOUND' || response.i32 == 1", &missing, &[]).is_empty());
}

#[test]
fn an_assertion_reads_no_response_of_a_call_that_must_fail() {
    let found = compile(&["response.i32 == 1"], "NOT_FOUND", "Get").err().unwrap_or_default();
    assert!(found[0].contains("an assertion reads the response of a call that must fail"), "{found:?}");
    assert!(compile(&["status.message == 'x'"], "NOT_FOUND", "Get").is_ok());
    assert!(compile(&["size(responses) == 1"], "NOT_FOUND", "Watch").is_ok());
    assert!(compile(&["response.i32 == 1"], "{ $in: [OK, NOT_FOUND] }", "Get").is_ok());
}
