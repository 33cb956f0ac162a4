//! The well-known types in their forms.

use prost_reflect::Value;

use super::super::{Limits, render};
use super::{build, built, field};

/// What a YAML value of a field is once built, as it is rendered.
fn shown(name: &str, yaml: &str) -> String {
    render(&built(&format!("{name}: {yaml}")), Limits::NONE)
}

#[test]
fn times_are_read_and_written_canonically() {
    assert_eq!(shown("timestamp", "2024-02-29T13:30:00.500+01:00"), "timestamp: 2024-02-29T12:30:00.5Z\n");
    assert_eq!(shown("timestamp", "'1970-01-01T00:00:00Z'"), "timestamp: 1970-01-01T00:00:00Z\n");
    assert_eq!(shown("duration", "1m30s"), "duration: 90s\n");
    assert_eq!(shown("duration", "250ms"), "duration: 0.25s\n");
    assert_eq!(shown("durations", "[-1.5s, 0s]"), "durations: [-1.5s, 0s]\n");
    assert_eq!(shown("duration_by_name", "{ a: 1us }"), "duration_by_name:\n  a: 0.000001s\n");
}

#[test]
fn what_has_no_form_is_said_by_its_fields() {
    let message = built("timestamp: { seconds: 253402300800, nanos: -1 }");
    assert_eq!(render(&message, Limits::NONE), "timestamp:\n  seconds: 253402300800\n  nanos: -1\n");
    let text = "duration:\n  seconds: 1\n  nanos: -1\nfield_mask:\n  paths: [fooBar, a b]\n";
    assert_eq!(render(&built(text), Limits::NONE), text);
}

#[test]
fn json_values_are_plain_yaml() {
    for (yaml, expected) in [
        ("null", "value: null\n"),
        ("true", "value: true\n"),
        ("'true'", "value: \"true\"\n"),
        ("no", "value: \"no\"\n"),
        ("1.10", "value: 1.1\n"),
        ("'1.10'", "value: \"1.10\"\n"),
        ("1e3", "value: 1000\n"),
        ("0x1F", "value: \"0x1F\"\n"),
        ("NaN", "value: NaN\n"),
        ("text", "value: text\n"),
        ("[]", "value: []\n"),
        ("{}", "value: {}\n"),
        ("[1, [a, null], { b: c }]", "value:\n  - 1\n  - [a, null]\n  - b: c\n"),
    ] {
        assert_eq!(shown("value", yaml), expected, "{yaml}");
    }
    assert_eq!(shown("struct", "{ a: 1, $$b: { c: [] } }"), "struct:\n  $$b:\n    c: []\n  a: 1\n");
    assert_eq!(shown("values", "[null, 1]"), "values: [null, 1]\n");
    assert_eq!(shown("value_by_name", "{ a: null }"), "value_by_name:\n  a: null\n");
    assert_eq!(shown("list_value", "[a, 2]"), "list_value: [a, 2]\n");
}

#[test]
fn null_is_a_value_where_there_is_one_for_it() {
    assert_eq!(shown("choice_null", "null"), "choice_null: NULL_VALUE\n");
    assert_eq!(shown("null_value", "null"), "{}\n");
}

#[test]
fn wrappers_are_their_value() {
    for (name, yaml, expected) in [
        ("wrapped_double", "1e3", "1000"),
        ("wrapped_float", "0.1", "0.1"),
        ("wrapped_int64", "'9223372036854775807'", "9223372036854775807"),
        ("wrapped_uint64", "18446744073709551615", "18446744073709551615"),
        ("wrapped_int32", "0", "0"),
        ("wrapped_uint32", "4294967295", "4294967295"),
        ("wrapped_bool", "false", "false"),
        ("wrapped_string", "''", "\"\""),
        ("wrapped_bytes", "{ $utf8: hi }", "aGk="),
    ] {
        assert_eq!(shown(name, yaml), format!("{name}: {}\n", expected.trim_matches('\'')), "{yaml}");
    }
    assert_eq!(shown("wrapped_int32s", "[1, 0]"), "wrapped_int32s: [1, 0]\n");
}

#[test]
fn masks_are_held_in_snake_case() {
    let paths = |yaml: &str| {
        let mask = field(&built(&format!("field_mask: {yaml}")), "field_mask");
        let paths = field(mask.as_message().expect("a mask is a message"), "paths");
        paths
            .as_list()
            .expect("paths are a list")
            .iter()
            .map(|path| path.as_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths("[a, b.c]"), ["a", "b.c"]);
    assert_eq!(paths("\"a,b.c\""), ["a", "b.c"]);
    assert_eq!(paths("fooBar.bazQux"), ["foo_bar.baz_qux"]);
    assert_eq!(paths("[foo_bar, '*']"), ["foo_bar", "*"]);
    assert_eq!(paths("''"), [""; 0]);
    assert_eq!(paths("[]"), [""; 0]);
    for yaml in ["'a,,b'", "'a, b'", "['a,b']", "a.", "[[a]]", "[null]", "{ a: b }"] {
        assert!(build(&format!("field_mask: {yaml}")).is_err(), "{yaml}");
    }
}

#[test]
fn an_any_says_its_type() {
    let any = |yaml: &str| built(&format!("any: {yaml}"));
    let expected = any("{ $type: fixtures.Nested, id: 1 }");
    assert_eq!(any("{ '@type': type.googleapis.com/fixtures.Nested, id: 1 }"), expected);
    assert_eq!(any("{ $type: type.googleapis.com/fixtures.Nested, id: 1 }"), expected);
    assert_eq!(any("{ id: 1, $type: fixtures.Nested }"), expected);
    let held = field(&expected, "any");
    let held = held.as_message().expect("an Any is a message");
    assert_eq!(field(held, "type_url"), Value::String("type.googleapis.com/fixtures.Nested".to_owned()));
    assert_eq!(field(held, "value"), Value::Bytes(b"\x08\x01"[..].into()));
    assert_eq!(shown("any", "{ $type: example.com/fixtures.Nested }"), "any:\n  $type: example.com/fixtures.Nested\n");
    assert_eq!(shown("any", "{}"), "any: {}\n");
    assert_eq!(
        shown("any", "{ $type: google.protobuf.Any, value: { $type: google.protobuf.Value, value: null } }"),
        "any:\n  $type: google.protobuf.Any\n  value:\n    $type: google.protobuf.Value\n    value: null\n"
    );
    assert_eq!(shown("any", "{ $type: google.protobuf.Empty, value: {} }"), "any:\n  $type: google.protobuf.Empty\n");
    assert_eq!(
        shown("any", "{ $type: google.protobuf.Struct, value: { a: 1 } }"),
        "any:\n  $type: google.protobuf.Struct\n  value:\n    a: 1\n"
    );
    assert_eq!(shown("anys", "[{ $type: fixtures.Nested }]"), "anys:\n  - $type: fixtures.Nested\n");
}
