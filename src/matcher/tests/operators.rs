//! Which expectations hold of which messages: operators by type, presence, defaults.

use super::super::testing::{Written, compare, message, shown};

/// Actual message, expectations that hold, expectations that do not.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

#[test]
fn operators_hold_where_they_should() {
    let table: &[Row] = &[
        (
            "{ i32: 15, i64: -3, u32: 7, u64: 18446744073709551615, f: 0.1, d: 3.14 }",
            &[
                "{ i32: 15 }",
                "{ i32: { $gt: 14, $lt: 16 } }",
                "{ i32: { $gte: 15, $lte: 15 } }",
                "{ i32: { $between: [15, 20] } }",
                "{ i32: { $approx: { value: 14, within: 1 } } }",
                "{ i32: { $in: [1, 15] } }",
                "{ i32: { $in: [1, { $gt: 10 }] } }",
                "{ i32: { $not: 14 } }",
                "{ i32: { $not: { $in: [1, 2] } } }",
                "{ i32: { $present: true } }",
                "{ i64: -3, u32: 7, u64: 18446744073709551615 }",
                "{ u64: { $gt: 18446744073709551614 } }",
                "{ f: 0.1 }",
                "{ f: { $approx: { value: 0.1, within: 0 } } }",
                "{ d: { $approx: { value: 3.13, within: 0.01 } } }",
                "{}",
            ],
            &[
                "{ i32: 16 }",
                "{ i32: { $gt: 15 } }",
                "{ i32: { $lt: 15 } }",
                "{ i32: { $between: [16, 20] } }",
                "{ i32: { $approx: { value: 13, within: 1 } } }",
                "{ i32: { $in: [1, 2] } }",
                "{ i32: { $not: 15 } }",
                "{ i32: { $present: false } }",
                "{ i32: null }",
                "{ u64: 18446744073709551614 }",
                "{ f: 0.2 }",
                "{ d: { $approx: { value: 3.12, within: 0.01 } } }",
            ],
        ),
        (
            "{ f: NaN, d: -0.0 }",
            &["{ f: NaN, d: 0 }", "{ d: -0.0 }", "{ f: { $not: 1 } }"],
            &["{ f: 1 }", "{ f: { $gt: 0 } }"],
        ),
        (
            "{ s: \"Hello, 世界!\", b: true, color: RED }",
            &[
                "{ s: \"Hello, 世界!\" }",
                "{ s: { $regex: '^Hello, \\p{Han}+!$' } }",
                "{ s: { $regex: ello } }",
                "{ s: { $contains: 世 } }",
                "{ s: { $contains: [Hello, '!'] } }",
                "{ s: { $starts_with: Hell, $ends_with: '!' } }",
                "{ s: { $len: 10 } }",
                "{ s: { $len: { $gte: 1, $lt: 11 } } }",
                "{ s: { $not: { $format: uuid } } }",
                "{ b: true, color: RED }",
                "{ color: 1 }",
                "{ color: { $in: [GREEN, RED] } }",
                "{ color: { $not: GREEN } }",
                "{ b: { $not: false } }",
            ],
            &[
                "{ s: Hello }",
                "{ s: { $regex: '^ello' } }",
                "{ s: { $contains: [Hello, '?'] } }",
                "{ s: { $starts_with: ello } }",
                "{ s: { $ends_with: Hello } }",
                "{ s: { $len: 14 } }",
                "{ s: { $format: uuid } }",
                "{ b: false }",
                "{ color: GREEN }",
                "{ color: 2 }",
            ],
        ),
        (
            r#"{ s: '{"id": 7, "tags": ["a", "b"], "none": null, "big": 9007199254740993}' }"#,
            &[
                "{ s: { $json: { id: 7 } } }",
                "{ s: { $json: { tags: [a, b], none: null } } }",
                "{ s: { $json: { id: { $gt: 6 }, tags: { $len: 2, $each: { $regex: '^.$' } } } } }",
                "{ s: { $json: { big: 9007199254740993 } } }",
                "{ s: { $json: { $exact: { id: 7, tags: [a, b], none: null, big: 9007199254740993 } } } }",
                "{ s: { $json: { tags: { $contains: b } } } }",
                "{ s: { $json: { $keys: { $contains: [id] } } } }",
                "{ s: { $json: { missing: { $present: false } } } }",
            ],
            &[
                "{ s: { $json: { id: 8 } } }",
                "{ s: { $json: { id: '7' } } }",
                "{ s: { $json: { tags: [a] } } }",
                "{ s: { $json: { big: 9007199254740992 } } }",
                "{ s: { $json: { missing: null } } }",
                "{ s: { $json: { $exact: { id: 7 } } } }",
                "{ s: { $json: { id: { $regex: '7' } } } }",
                "{ s: { $json: [] } }",
            ],
        ),
        (
            "{ data: { $utf8: '{\"a\": 1}' } }",
            &[
                "{ data: eyJhIjogMX0= }",
                "{ data: { $hex: 7b2261223a20317d } }",
                "{ data: { $utf8: { $contains: a } } }",
                "{ data: { $json: { a: 1 } } }",
                "{ data: { $len: 8 } }",
                "{ data: { $starts_with: { $utf8: '{' }, $ends_with: { $hex: 7d } } }",
                "{ data: { $contains: [{ $utf8: a }, { $utf8: '1' }] } }",
                "{ data: { $sha256: f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310 } }",
            ],
            &[
                "{ data: { $hex: 7b } }",
                "{ data: { $utf8: '' } }",
                "{ data: { $json: { a: 2 } } }",
                "{ data: { $zeros: 8 } }",
                "{ data: { $type: t.Item } }",
                "{ data: { $sha256: 115abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862 } }",
            ],
        ),
        (
            "{ data: { $type: t.Item, name: ada, price: 3 }, any: { $type: t.Item, name: ada } }",
            &[
                "{ data: { $type: t.Item, name: ada } }",
                "{ data: { $type: t.Item } }",
                "{ any: { $type: t.Item, name: { $len: 3 } } }",
                "{ any: { $type: type.googleapis.com/t.Item } }",
                "{ any: { '@type': t.Item } }",
                "{ any: { $not: { $type: t.M } } }",
                "{ any: { $exact: { $type: t.Item, name: ada } } }",
                "{ any: {} }",
            ],
            &[
                "{ any: { $type: t.M } }",
                "{ any: { $type: t.Item, name: bob } }",
                "{ any: { $type: t.Item, note: x } }",
            ],
        ),
        (
            "{ any: { $type: google.protobuf.Duration, value: 1.5s } }",
            &["{ any: { $type: google.protobuf.Duration, value: { $gt: 1s } } }"],
            &["{ any: { $type: google.protobuf.Duration, value: 2s } }"],
        ),
        (
            "{ at: '2024-05-01T10:00:00Z', took: 1.5s, wrapped: 5, text: '', mask: 'a,b.c' }",
            &[
                "{ at: '2024-05-01T12:00:00+02:00' }",
                "{ at: { $gt: '2024-05-01T09:59:59.999Z', $lt: '2025-01-01T00:00:00Z' } }",
                "{ at: { $approx: { value: '2024-05-01T10:00:01Z', within: 1s } } }",
                "{ at: { $not: { $within: 5s } } }",
                "{ took: 1500ms }",
                "{ took: { $between: [1s, 2s] } }",
                "{ wrapped: 5 }",
                "{ wrapped: { $gt: 4 } }",
                "{ wrapped: { $in: [4, 5] } }",
                "{ text: '' }",
                "{ text: { $len: 0 } }",
                "{ mask: [a, b.c] }",
                "{ mask: 'a,b.c' }",
                "{ mask: { $contains: [b.c] } }",
            ],
            &[
                "{ at: '2024-05-01T10:00:01Z' }",
                "{ at: { $within: 5s } }",
                "{ took: { $lt: 1.5s } }",
                "{ wrapped: 0 }",
                "{ wrapped: null }",
                "{ wrapped: { $present: false } }",
                "{ mask: a }",
            ],
        ),
        (
            "{ struct: { a: 1, b: [x, null], c: { d: true } }, value: text, list: [1, two], values: [null, 1] }",
            &[
                "{ struct: { a: 1 } }",
                "{ struct: { b: [x, null], c: { d: true } } }",
                "{ struct: { a: { $between: [0, 2] }, b: { $len: 2 } } }",
                "{ struct: { $exact: { a: 1, b: [x, null], c: { d: true } } } }",
                "{ struct: { $len: 3, $keys: [a, b, c] } }",
                "{ value: text }",
                "{ value: { $starts_with: te } }",
                "{ list: [1, two] }",
                "{ list: { $contains: [two] } }",
                "{ values: [null, 1] }",
                "{ struct: {} }",
            ],
            &[
                "{ struct: { a: 2 } }",
                "{ struct: { $exact: { a: 1 } } }",
                "{ struct: { missing: null } }",
                "{ value: null }",
                "{ value: 1 }",
                "{ value: { $gt: 1 } }",
                "{ list: [1] }",
                "{ values: [1, null] }",
            ],
        ),
        (
            "{ numbers: [3, 1, 2, 3], strings: [b, a], doubles: [1, NaN], colors: [RED, GREEN] }",
            &[
                "{ numbers: [3, 1, 2, 3] }",
                "{ numbers: [3, { $lt: 2 }, 2, 3] }",
                "{ numbers: { $len: 4 } }",
                "{ numbers: { $each: { $between: [1, 3] } } }",
                "{ numbers: { $contains: [2, 1] } }",
                "{ numbers: { $contains: [3, 3] } }",
                "{ numbers: { $unordered: [3, 3, 2, 1] } }",
                "{ numbers: { $unordered: [{ $gt: 0 }, { $gt: 0 }, { $gt: 2 }, 3] } }",
                "{ numbers: { $not: { $sorted: asc } } }",
                "{ numbers: { $not: { $unique: true } } }",
                "{ strings: { $sorted: desc, $unique: true } }",
                "{ strings: { $in: [[a, b], [b, a]] } }",
                "{ doubles: [1, NaN] }",
                "{ colors: { $sorted: asc } }",
                "{ numbers: { $present: true } }",
            ],
            &[
                "{ numbers: [3, 1, 2] }",
                "{ numbers: [1, 2, 3, 3] }",
                "{ numbers: { $each: { $gt: 1 } } }",
                "{ numbers: { $contains: [1, 1] } }",
                "{ numbers: { $unordered: [1, 2, 3] } }",
                "{ numbers: { $sorted: asc } }",
                "{ numbers: { $unique: true } }",
                "{ strings: { $sorted: asc } }",
                "{ numbers: [] }",
            ],
        ),
        (
            "{ items: [{ name: a, price: 1 }, { name: b, price: 2, note: x }], counts: { x: 1, y: 2 }, by_id: { 7: { name: seven } } }",
            &[
                "{ items: [{ name: a }, { price: 2 }] }",
                "{ items: { $sorted: { price: asc } } }",
                "{ items: { $unique: name } }",
                "{ items: { $contains: [{ name: b }] } }",
                "{ items: { $unordered: [{ note: x }, {}] } }",
                "{ items: [{ note: null }, { note: { $present: true } }] }",
                "{ counts: { x: 1 } }",
                "{ counts: { x: { $gt: 0 }, z: null } }",
                "{ counts: { $len: 2, $keys: [x, y], $values: [1, 2] } }",
                "{ counts: { $exact: { x: 1, y: 2 } } }",
                "{ counts: {} }",
                "{ by_id: { 7: { name: seven } } }",
                "{ by_id: { $values: { $each: { name: { $len: 5 } } } } }",
            ],
            &[
                "{ items: [{ name: a }] }",
                "{ items: { $sorted: { price: desc } } }",
                "{ items: { $contains: [{ name: c }] } }",
                "{ counts: { x: 2 } }",
                "{ counts: { z: 0 } }",
                "{ counts: { x: null } }",
                "{ counts: { $exact: { x: 1 } } }",
                "{ counts: { $keys: [x] } }",
                "{ by_id: { 8: {} } }",
            ],
        ),
        (
            "{ email: a@b.de, item: { name: x, tags: [t] } }",
            &[
                "{ $oneof: { contact: email } }",
                "{ $oneof: { contact: email }, s: '' }",
                "{ $exact: { email: a@b.de, item: { name: x, tags: [t] } } }",
                "{ $exact: { $oneof: { contact: email }, item: { name: x, tags: [t] } } }",
                "{ $exact: { email: { $format: email }, item: { $not: {name: y} } } }",
                "{ phone: null }",
                "{ item: {} }",
                "{ item: { price: 0 } }",
            ],
            &[
                "{ $oneof: { contact: phone } }",
                "{ $oneof: { contact: null } }",
                "{ $exact: { email: a@b.de, item: { name: x } } }",
                "{ $exact: { item: { name: x, tags: [t] } } }",
                "{ phone: '' }",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (actual, hold, fail) in table {
        let actual = message(actual);
        for expected in *hold {
            let mismatches = match Written::new(expected).compile() {
                Ok(_) => shown(&compare(expected, &actual)),
                Err(problems) => problems,
            };
            if !mismatches.is_empty() {
                wrong.push(format!("{expected} does not hold: {mismatches:#?}"));
            }
        }
        for expected in *fail {
            match Written::new(expected).compile() {
                Ok(_) if compare(expected, &actual).is_empty() => wrong.push(format!("{expected} holds")),
                Ok(_) => {}
                Err(problems) => wrong.push(format!("{expected}: {problems:#?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
