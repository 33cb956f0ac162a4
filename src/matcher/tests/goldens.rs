//! The words of every kind of mismatch and of every error, as they are shown. `SNAPSHOTS=overwrite` writes them anew.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::super::compile::compile;
use super::super::testing::{Written, message, message_type};
use crate::diagnostic::{Diagnostics, render};
use crate::expr::Scope;
use crate::message::FieldPath;

/// Actual message, expectation.
const MISMATCHES: &[(&str, &str)] = &[
    ("{ i32: 42 }", "{ i32: { $between: [10, 20] } }"),
    ("{ i32: 42, s: x }", "{ i32: 41, s: y, b: true, maybe: 3 }"),
    ("{ i32: 42 }", "{ i32: { $gt: 42, $lte: 50, $not: { $in: [42, 43] } }, u32: { $in: [1, { $gt: 10 }] } }"),
    ("{ i32: 42 }", "{ i32: { $not: 42 }, u32: { $not: { $lt: 5 } }, b: { $in: [true] } }"),
    ("{ maybe: 3 }", "{ maybe: null, i32: { $present: true } }"),
    ("{ maybe: 3 }", "{ maybe: { $present: false }, i32: { $not: { $present: false } } }"),
    ("{}", "{ item: { name: x }, wrapped: 5, self: {}, at: { $gt: '2024-05-01T10:00:00Z' } }"),
    ("{}", "{ any: { $type: t.Item, name: x }, struct: { a: 1 }, mask: [a], value: null }"),
    ("{ f: 0.1, d: 3.2 }", "{ f: 0.2, d: { $approx: { value: 3.14, within: 0.01 } } }"),
    ("{ color: RED }", "{ color: { $in: [GREEN, COLOR_UNSPECIFIED] } }"),
    (
        "{ at: '2024-05-01T10:00:00Z', took: 1.5s }",
        "{ at: '2024-05-01T10:00:01Z', took: { $approx: { value: 1s, within: 100ms } } }",
    ),
    (
        "{ s: abc }",
        "{ s: { $regex: '^x', $contains: [q, b], $starts_with: z, $ends_with: y, $len: { $gt: 5 }, $format: uuid } }",
    ),
    ("{ s: abc }", "{ s: { $not: { $starts_with: a } }, email: { $not: { $format: email } } }"),
    ("{ s: \"line 1\\nline 2\\nline 3\\n\" }", "{ s: \"line 1\\nline two\\nline 3\" }"),
    (
        "{ s: a long text that goes on and on until somebody has had enough of it }",
        "{ s: a long text that goes on and on until nobody has had enough of it }",
    ),
    ("{ s: abc }", "{ s: { $json: { a: 1 } } }"),
    (
        "{ s: '{\"a\": {\"b\": [1]}, \"n\": 1}' }",
        "{ s: { $json: { a: { b: [2, 3], c: x }, n: { $starts_with: x } } } }",
    ),
    ("{ data: aGVsbG8= }", "{ data: { $utf8: hallo } }"),
    ("{ data: { $hex: ff } }", "{ data: { $utf8: hallo } }"),
    ("{ data: { $hex: ff } }", "{ data: { $type: t.Item, name: x } }"),
    ("{ data: { $hex: ff00 } }", "{ data: { $hex: aa, $len: 1, $starts_with: { $hex: aa } } }"),
    (
        "{ data: { $hex: ff00 } }",
        "{ data: { $sha256: 015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862 } }",
    ),
    ("{ any: { $type: t.Item, name: x } }", "{ any: { $type: t.M } }"),
    ("{ any: { $type: t.Item, name: x } }", "{ any: { $type: t.Item, name: y } }"),
    ("{ struct: { a: 1 }, value: x }", "{ struct: { a: '1', b: null }, value: { $gt: 1 } }"),
    ("{ value: [1] }", "{ value: { a: 1 } }"),
    ("{ items: [{ name: a }] }", "{ items: [{ name: b }, { name: c }] }"),
    ("{ numbers: [1, 2, 3] }", "{ numbers: [1] }"),
    ("{ numbers: [1, 2] }", "{ numbers: [] }"),
    ("{ numbers: [1, 2, 3] }", "{ numbers: { $unordered: [1, 5, 6] } }"),
    ("{ numbers: [1, 2, 3] }", "{ numbers: { $unordered: [3, 1] } }"),
    ("{ numbers: [1] }", "{ numbers: { $contains: [1, 1] } }"),
    (
        "{ items: [{ name: a, price: 1 }, { name: b, price: 2 }] }",
        "{ items: { $unordered: [{ name: a }, { name: b, price: 3 }] } }",
    ),
    (
        "{ items: [{ name: a, price: 1 }, { name: b, price: 2 }] }",
        "{ items: { $contains: [{ name: z }], $each: { price: { $lt: 2 } }, $sorted: { price: desc }, $len: 3 } }",
    ),
    ("{ items: [{ name: a }, { name: a, note: x }] }", "{ items: { $unique: name, $sorted: { note: asc } } }"),
    ("{ numbers: [1, 2, 1, 2] }", "{ numbers: { $unique: true, $sorted: asc } }"),
    ("{}", "{ items: { $each: { name: x } }, strings: { $contains: [x] } }"),
    ("{ numbers: [3, 1] }", "{ numbers: { $in: [[1], [2]] } }"),
    ("{ counts: { a: 1, b: 2 } }", "{ counts: { $exact: { a: 2, c: 3 } } }"),
    ("{ counts: { a: 1, b: 2 } }", "{ counts: { $keys: [b], $values: { $each: 1 }, $len: 1 } }"),
    ("{ by_id: { 7: { name: x } } }", "{ by_id: { 7: { name: y }, 8: {} } }"),
    ("{ phone: '123' }", "{ $oneof: { contact: email } }"),
    ("{}", "{ self: { $oneof: { contact: email } }, $oneof: { contact: email } }"),
    ("{ phone: '123' }", "{ $oneof: { contact: null } }"),
    ("{ item: { name: x, price: 3 } }", "{ item: { $exact: { name: x } } }"),
    ("{ s: x }", "{ s: '${env.GRPC_SPEC_SURELY_UNSET}' }"),
];

/// Expectations that cannot be compiled.
const ERRORS: &[&str] = &[
    // operators that are none
    "{ i32: { $betwen: [1, 2] } }",
    "{ i32: { $eq: 1 } }",
    "{ i32: { $ne: 1 } }",
    "{ i32: { $any_of: [1] } }",
    "{ i32: { $oneOf: [1] } }",
    "{ i32: { $all_of: [1] } }",
    "{ numbers: { $some: 1 } }",
    "{ numbers: { $none: 1 } }",
    "{ counts: { $foo: 1 } }",
    "{ i32: { $cel: this + 1 } }",
    // operators that do not fit
    "{ i32: { $regex: x } }",
    "{ numbers: { $gt: 5 } }",
    "{ strings: { $regex: x } }",
    "{ items: { $exact: [] } }",
    "{ item: { $type: t.Item } }",
    "{ s: { $utf8: x } }",
    "{ color: { $gt: RED } }",
    "{ b: { $gt: false } }",
    // operators among fields
    "{ s: x, $exact: {} }",
    "{ item: { name: x, $present: true } }",
    "{ counts: { a: 1, $len: 2 } }",
    // operands of the wrong form
    "{ i32: { $gt: x } }",
    "{ i32: { $gt: { $in: [1] } } }",
    "{ i32: { $in: 5 } }",
    "{ i32: { $in: [] } }",
    "{ i32: { $between: [1] } }",
    "{ i32: { $present: maybe } }",
    "{ d: { $approx: 3 } }",
    "{ d: { $approx: { value: 3, within: -1 } } }",
    "{ at: { $within: 5 } }",
    "{ s: { $regex: '(' } }",
    "{ s: { $format: uid } }",
    "{ s: { $len: -1 } }",
    "{ data: { $hex: abc } }",
    "{ data: { $sha256: abc } }",
    "{ numbers: { $contains: 1 } }",
    "{ numbers: { $sorted: up } }",
    "{ items: { $sorted: asc } }",
    "{ items: { $sorted: { nmae: asc } } }",
    "{ items: { $unique: false } }",
    "{ numbers: { $unique: name } }",
    "{ $oneof: { contct: email } }",
    "{ $oneof: { contact: s } }",
    "{ $oneof: email }",
    // values of the wrong type, everywhere at once
    "{ i32: x, item: { nmae: y, price: 1.5 }, numbers: [1, null, 'a'], color: BLUE }",
    "{ any: { name: x } }",
    "{ any: { $type: t.Itm } }",
    "{ any: { $type: google.protobuf.Duration, seconds: 1 } }",
    "{ struct: [1], list: { a: 1 } }",
    "{ i32: 1, i32: 2 }",
    "{ by_id: { x: {} } }",
    "{ s: '${nobody}' }",
    // contradictions
    "{ i32: { $gt: 5, $lt: 3 } }",
    "{ i32: { $gt: 5, $lt: 6 } }",
    "{ d: { $gt: 5, $lt: 5 } }",
    "{ i32: { $between: [20, 10] } }",
    "{ i32: { $gte: 5, $between: [1, 4] } }",
    "{ u32: { $lt: 0 } }",
    "{ i32: { $gt: 2147483647 } }",
    "{ took: { $gt: 5s, $lt: 1s } }",
    "{ i32: { $in: [1, 2], $gt: 5 } }",
    "{ s: { $in: [abc, abd], $starts_with: x } }",
    "{ s: { $present: false, $regex: x } }",
    "{ email: a, phone: b }",
    "{ $oneof: { contact: email }, phone: b }",
    "{ $oneof: { contact: email }, email: null }",
    "{ numbers: { $each: 1, $len: 0 } }",
    "{ numbers: { $unordered: [1, 2], $len: { $gt: 2 } } }",
    "{ numbers: { $len: { $gt: 5, $lt: 3 } } }",
    "{ d: { $gt: NaN } }",
];

#[test]
fn mismatches_read_well() {
    let mut shown = String::new();
    for (actual, expected) in MISMATCHES {
        let written = Written::new(expected);
        let matcher = written.compile().unwrap_or_else(|problems| panic!("{expected}: {problems:#?}"));
        let mismatches = matcher.compare(Some(&message(actual)), "response", &Arc::new(Scope::new()));
        assert!(!mismatches.is_empty(), "{expected} holds");
        let _ = writeln!(shown, "######## {actual}\n");
        for mismatch in mismatches {
            let _ = writeln!(shown, "{}\n", render(&mismatch.to_diagnostic(), &written.sources, false));
        }
    }
    compare_with_golden("mismatches.txt", &shown);
}

#[test]
fn errors_read_well() {
    let mut shown = String::new();
    for expected in ERRORS {
        let sources = std::sync::Arc::new(crate::diagnostic::Sources::new());
        let file = sources.add("case.yaml", *expected);
        let mut out = Diagnostics::new();
        let node = crate::yaml::parse(file, expected, &mut out);
        let env = std::sync::Arc::new(crate::expr::Env::new());
        if let Some(node) = node {
            let context = crate::message::Context {
                sources: &sources,
                env: &env,
                pool: &super::super::testing::POOL,
                read_files: true,
            };
            compile(&node, &message_type(), &FieldPath::new(), &context, &mut out);
        }
        assert!(out.has_errors(), "{expected} compiles");
        for problem in out.iter() {
            let _ = writeln!(shown, "{}\n", render(problem, &sources, false));
        }
    }
    compare_with_golden("errors.txt", &shown);
}

fn compare_with_golden(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/matcher/tests").join(name);
    if std::env::var("SNAPSHOTS").is_ok_and(|how| how == "overwrite") {
        std::fs::write(&path, shown).expect("the golden file is written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if golden != shown {
        let difference = similar::TextDiff::from_lines(golden.as_str(), shown);
        panic!(
            "{name} differs; if it reads well, run again with SNAPSHOTS=overwrite\n{}",
            difference.unified_diff().context_radius(3)
        );
    }
}
