//! Figures over all repeats.

use std::sync::Arc;
use std::time::Duration;

use super::super::testing::{POOL, Written, flat, shown};
use super::outcomes::ok;
use crate::diagnostic::Diagnostics;
use crate::expr::Scope;
use crate::grpc::CallOutcome;
use crate::matcher::{Across, Observed, Sample};

fn compile(text: &str) -> Result<Across, Vec<String>> {
    let written = Written::new(text);
    let method = POOL.get_service_by_name("t.S").expect("it is declared").methods().next().expect("it has methods");
    let mut out = Diagnostics::new();
    let across = Across::compile(&written.node, &method, &written.context(), &mut out);
    assert_eq!(across.is_none(), out.has_errors());
    across.ok_or_else(|| out.iter().map(|problem| flat(problem, &written.sources)).collect())
}

/// One repeat for each message; the first took 1 ms, the second 2 ms, …
fn check(text: &str, messages: &[String]) -> Vec<String> {
    let across = compile(text).unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
    let method = POOL.get_service_by_name("t.S").expect("it is declared").methods().next().expect("it has methods");
    let scope = Arc::new(Scope::new());
    let sample = |(text, at): (&String, u64)| {
        let outcome = CallOutcome { elapsed: Duration::from_millis(at), ..ok() };
        let messages = [Written::new(text).message()];
        across.sample(&scope.child(Observed { outcome: &outcome, messages: &messages, details: &[] }.values(&method)))
    };
    let samples: Vec<Sample> = messages.iter().zip(1..).map(sample).collect();
    shown(&across.check(&samples, &scope))
}

fn numbered(count: i32) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{{ i32: {number}, item: {{ price: {} }}, maybe: {number} }}", number % 3))
        .collect()
}

#[test]
fn figures_hold_where_they_should() {
    for hold in [
        "{ response.i32: { min: 1, max: 100, mean: 50.5, p50: 50, p90: 90, p99: 99, distinct: 100 } }",
        "{ response.i32: { min: { $gte: 1 }, values: { $len: 100, $unique: true, $sorted: asc } } }",
        "{ response.item.price: { distinct: 3, values: { $contains: [0, 1, 2] } } }",
        "{ elapsed: { min: 1ms, max: { $lt: 101ms }, p50: 50ms, mean: 50.5ms } }",
        "{ response.s: { distinct: 1, values: { $each: '' } } }",
        "{ response.i32 % 2: { min: 0, max: 1, distinct: 2 }, response.i32 * 2: { p50: 100 } }",
        "{ 'response.i32 > 50 ? \"high\" : \"low\"': { distinct: 2 }, size(response.numbers): { max: 0 } }",
        "{ status.code: { distinct: 1 } }",
    ] {
        assert_eq!(check(hold, &numbered(100)), Vec::<String>::new(), "{hold}");
    }
    assert!(check("{ response.i32: { p50: 1, p90: 1, p99: 1 } }", &numbered(1)).is_empty());
}

#[test]
fn a_figure_that_does_not_hold_is_named() {
    assert_eq!(
        check("{ response.i32: { max: 20, distinct: { $gt: 3 } } }", &numbered(3)),
        [
            "max(response.i32) differs | expected max(response.i32) = 20 | actual: 3 (int64) | note: 3 values in 3 repeats",
            "distinct(response.i32) is out of range | expected distinct(response.i32) > 3 | actual: 3 | note: 3 values in 3 repeats",
        ]
    );
    assert_eq!(
        check("{ response.wrapped: { min: 1 } }", &["{}".to_owned(), "{}".to_owned()]),
        ["response.wrapped was never set | expected min(response.wrapped) = 1 | note: 0 values in 2 repeats"]
    );
}

#[test]
fn what_cannot_be_evaluated_fails_and_says_how_often() {
    let found = check("{ '10 / response.i32': { min: 1 } }", &["{ i32: 5 }".to_owned(), "{}".to_owned()]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("10 / response.i32 cannot be judged: "), "{found:?}");
    assert!(found[0].ends_with("note: so it was in 1 of 2 repeats"), "{found:?}");
}

#[test]
fn what_cannot_be_measured_is_an_error_before_any_call() {
    for (text, says) in [
        ("[]", "1:1 `across` is not a mapping"),
        ("{ respnse.i32: { min: 1 } }", "1:3 `respnse` is not defined"),
        ("{ response: { min: 1 } }", "1:15 `min` does not fit `response`"),
        ("{ response.i23: { min: 1 } }", "1:12 unknown field `i23`"),
        ("{ response.i32.x: { min: 1 } }", "1:16 "),
        ("{ response.numbers: { min: 1 } }", "1:3 `response.numbers` is not one value"),
        ("{ response.i32: { minimum: 1 } }", "1:19 unknown figure `minimum`"),
        ("{ response.i32: 5 }", "1:17 `response.i32` takes figures"),
        ("{ response.s: { min: a } }", "1:17 `min` does not fit `response.s`"),
        ("{ response.i32: { min: a } }", "1:24 `response.i32.min` is not an int64"),
        ("{ response.i32: { distinct: -1 } }", "1:29 `response.i32.distinct` is"),
    ] {
        let found = compile(text).err().unwrap_or_default();
        assert!(found.first().is_some_and(|first| first.starts_with(says)), "{text}: {found:#?}");
    }
}
