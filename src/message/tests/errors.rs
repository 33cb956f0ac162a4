//! What is wrong is said where it stands, all at once, with a way out.

use super::{Source, all_types, proto2};

/// Each error of a YAML text, in order.
fn errors(yaml: &str) -> Vec<String> {
    Source::new(yaml).message(&all_types()).expect_err("something is wrong")
}

/// The only error.
fn error(yaml: &str) -> String {
    let errors = errors(yaml);
    assert_eq!(errors.len(), 1, "{yaml}\n{}", errors.join("\n"));
    errors.concat()
}

fn proto2_error(yaml: &str) -> String {
    Source::new(yaml).message(&proto2()).expect_err("something is wrong").join("\n")
}

#[test]
fn all_errors_are_reported_at_once() {
    let found = errors(
        "int32_value: x\nnested: { id: 1.5, nmae: a }\nitems: [{ id: 1 }, { id: y }, 3]\nlabels: { a: [1] }\nby_int32: { b: c }\n\
         colour: RED\nchoice_text: a\nchoice_number: 1\nbytes_value: { $between: [1, 2] }\nstrings: [a, null]\n",
    );
    let expected = [
        "1:14 `int32_value` is not an int32",
        "2:15 `nested.id` is not an int32",
        "2:20 unknown field `nested.nmae`",
        "3:26 `items[1].id` is not an int32",
        "3:31 `items[2]` is a message",
        "4:14 `labels[\"a\"]` is a single value",
        "5:13 `by_int32[\"b\"]` is not an int32",
        "6:9 `colour` has no value `RED`",
        "8:1 the message has two members of the oneof `choice`",
        "9:16 `$between` is an expectation, and `bytes_value` is a value",
        "10:14 `strings[1]` is null",
    ];
    assert_eq!(found.len(), expected.len(), "{}", found.join("\n"));
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[test]
fn each_error_has_a_way_out() {
    for (yaml, expected) in [
        ("int32_value: 0x1F", "1:14 `int32_value` is not an int32 | expected a whole number in decimal | write `31`"),
        ("int32_value: 0123", "1:14 `int32_value` is not an int32 | expected a whole number in decimal | write `123`"),
        ("uint32_value: -1", "1:15 `uint32_value` is out of range | a uint32 lies between 0 and 4294967295"),
        ("int32_value: 1.5", "1:14 `int32_value` is not an int32 | expected a whole number, without a fraction"),
        (
            "double_value: .inf",
            "1:15 `double_value` is not a double | expected a number, `NaN`, `Infinity` or `-Infinity` | write `Infinity`",
        ),
        ("bool_value: yes", "1:13 `bool_value` is not a bool | expected `true` or `false` | write `true`"),
        (
            "bool_value: 'true'",
            "1:13 `bool_value` is not a bool | expected `true` or `false` | write it without quotes",
        ),
        (
            "nested: 5",
            "1:9 `nested` is a message | expected a mapping of fields of `fixtures.Nested`, found a single value",
        ),
        ("nested: [1]", "1:9 `nested` is a message | expected a mapping of fields of `fixtures.Nested`, found a list"),
        ("strings: a", "1:10 `strings` is a list | expected a list of `string`, found a single value"),
        ("strings: { a: b }", "1:10 `strings` is a list | expected a list of `string`, found a mapping"),
        ("labels: [a]", "1:9 `labels` is a map | expected a mapping of `string` to `string`, found a list"),
        ("int32_value: [1]", "1:14 `int32_value` is a single value | expected an int32, found a list"),
        ("string_value: { a: b }", "1:15 `string_value` is a single value | expected a text, found a mapping"),
        (
            "{ string_value: a, stringValue: b }",
            "1:20 `string_value` is written twice | the same field again | case.yaml:1:3 first here | remove one of the two: `user_id` and `userId` name the same field",
        ),
        (
            "by_int32: { 1: a, 1.0: b }",
            "1:19 `by_int32[1]` is written twice | the same key again | case.yaml:1:13 first here | remove one of the two",
        ),
        (
            "{ choice_text: a, choice_number: 1 }",
            "1:19 the message has two members of the oneof `choice` | `choice_number` is set here | case.yaml:1:3 `choice_text` is set here \
             | a oneof holds one of its members: leave the other out",
        ),
        (
            "{ nested: { $oneof: { a: b }, id: 1 } }",
            "1:13 `$oneof` is an expectation, and `nested` is a value | it asks which member is set | set the member itself",
        ),
        (
            "nested: { $type: fixtures.Nested, id: 1 }",
            "1:11 `nested` has its type from the schema | it is a `fixtures.Nested` already | `$type` is for `google.protobuf.Any`, and for bytes that hold a message",
        ),
        (
            "labels: { $a: x, b: y }",
            "1:11 `$a` stands among literal keys of `labels` | an operator stands alone, or with other operators | a literal key that starts with `$` is written `$$a`",
        ),
        (
            "labels: { $a: x }",
            "1:11 unknown operator `$a` | `labels` is a `map<string, string>` | operators that make a `map<string, string>`: `$file` \
             | a literal key that starts with `$` is written `$$a`",
        ),
        (
            "struct: { a: { $ref: x } }",
            "1:16 unknown operator `$ref` | `struct[\"a\"]` is a `google.protobuf.Value` | operators that make a `google.protobuf.Value`: `$file` \
             | a literal key that starts with `$` is written `$$ref`",
        ),
        (
            "labels: { '${who}': x }",
            "1:11 unknown operator `${who}` | `labels` is a `map<string, string>` | no `${…}` is replaced in keys",
        ),
        (
            "int32_value: { $gt: 5 }",
            "1:16 `$gt` is an expectation, and `int32_value` is a value | a value is wanted here | write the value itself",
        ),
        (
            "string_value: { $eq: a }",
            "1:17 unknown operator `$eq` | `string_value` is a `string` | write the value itself",
        ),
        (
            "string_value: { $utf8: a }",
            "1:17 `$utf8` does not fit `string_value` | `string_value` is a `string` | write the text itself",
        ),
        (
            "bytes_value: { $hx: a }",
            "1:16 unknown operator `$hx` | `bytes_value` is a `bytes` | did you mean `$hex`? | operators that make a `bytes`: `$hex`, `$utf8`, `$zeros`, `$json`, `$type` or `$file`",
        ),
        (
            "bytes_value: { $hex: aa, $utf8: b }",
            "1:26 `$hex` and `$utf8` exclude each other | a second value for the same field | case.yaml:1:16 first here",
        ),
        (
            "bytes_value: { $hex: abc }",
            "1:22 `bytes_value.$hex` is not hexadecimal | an odd number of digits: two make a byte",
        ),
        (
            "bytes_value: { $hex: 0x10 }",
            "1:22 `bytes_value.$hex` is not hexadecimal | expected the digits 0 to 9 and a to f, nothing between them",
        ),
        (
            "bytes_value: { $zeros: -1 }",
            "1:24 `bytes_value.$zeros` is out of range | a uint32 lies between 0 and 4294967295",
        ),
        ("bytes_value: { $utf8: [a] }", "1:23 `bytes_value.$utf8` is a text | expected a text, found a list"),
        (
            "nested_by_name: { a: null }",
            "1:22 `nested_by_name[\"a\"]` is null | a map holds no null: leave the key out",
        ),
        ("items: [null]", "1:9 `items[0]` is null | a list holds no null: leave it out"),
        ("by_bool: { yes: a }", "1:12 `by_bool[\"yes\"]` is not a bool | the keys of this map are `true` and `false`"),
        (
            "any: { id: 1 }",
            "1:6 `any` does not say its type | an `Any` needs `$type` | write `{ $type: pkg.Msg, … }`, with the fields of that message beside it",
        ),
        (
            "any: { value: AA== }",
            "1:6 `any` does not say its type | an `Any` needs `$type` | write `{ $type: pkg.Msg, … }`, with the fields of that message beside it",
        ),
        (
            "any: { $type: Nested }",
            "1:15 unknown message type `Nested` | not in the schema | did you mean `fixtures.Nested`? | name the file that declares it under `protos: { files: […] }`",
        ),
        (
            "any: { $type: fixtures.Nested, '@type': fixtures.Nested }",
            "1:32 `any` says its type twice | again here | case.yaml:1:8 first here",
        ),
        (
            "any: { $type: fixtures.Nested, idd: 1 }",
            "1:32 unknown field `any.idd` | not a field of `fixtures.Nested` | did you mean `id`? | its fields are `id`, `name` or `inner`",
        ),
        (
            "any: { $type: google.protobuf.Duration }",
            "1:6 `any.value` is missing | a `google.protobuf.Duration` stands under `value` | add `value`, a duration such as `1.5s`",
        ),
        (
            "any: { $type: google.protobuf.Duration, seconds: 1, value: 1s }",
            "1:41 unknown field `any.seconds` | a `google.protobuf.Duration` stands under `value`",
        ),
        (
            "duration: 5",
            "1:11 `duration` is not a duration | a number without a unit | write `5s`, if seconds are meant",
        ),
        (
            "timestamp: { $within: 5s }",
            "1:14 `$within` is an expectation, and `timestamp` is a value | a value is wanted here | write the value itself",
        ),
        ("struct: 5", "1:9 `struct` is a message | expected a mapping, found a single value"),
        ("list_value: 5", "1:13 `list_value` is a list | expected a list, found a single value"),
        ("wrapped_int32: { value: 5 }", "1:16 `wrapped_int32` is a single value | expected an int32, found a mapping"),
        ("wrapped_int32s: [null]", "1:18 `wrapped_int32s[0]` is null | a list holds no null: leave it out"),
        (
            "field_mask: [a, 'b c']",
            "1:17 `field_mask[1]` is not a field mask | a path holds no space | write the paths as a list, or joined by `,` alone",
        ),
        ("empty: { a: 1 }", "1:10 unknown field `empty.a` | not a field of `google.protobuf.Empty` | it has no fields"),
        (
            "value: { a: 1e999 }",
            "1:13 `value[\"a\"]` is out of range | the largest double is 1.7976931348623157e308 | write `Infinity` or `-Infinity`, if that is meant",
        ),
    ] {
        assert_eq!(error(yaml), expected, "{yaml}");
    }
}

#[test]
fn a_request_is_a_message() {
    assert_eq!(
        error("null"),
        "1:1 the message is null | expected a mapping of fields of `fixtures.AllTypes` | write `{}` for an empty message"
    );
    assert_eq!(
        error("[]"),
        "1:1 a message is wanted here | expected a mapping of fields of `fixtures.AllTypes`, found a list"
    );
    assert_eq!(
        error("{ $exact: {} }"),
        "1:3 `$exact` is an expectation, and the message is a value | a value is wanted here | write the value itself"
    );
}

#[test]
fn proto2_is_stricter() {
    assert_eq!(
        proto2_error("{ level: LEVEL_MID }"),
        "1:10 `level` has no value `LEVEL_MID` | not a name of the enum `fixtures.proto2.Level` | did you mean `LEVEL_LOW`? \
         | its values are `LEVEL_LOW` or `LEVEL_HIGH`\n\
         1:1 `id` is missing | `fixtures.proto2.AllTypes` requires it | add `id`, an int32"
    );
    assert_eq!(
        proto2_error("{ id: 1, level: 7 }"),
        "1:17 `level` has no value 7 | `fixtures.proto2.Level` is a closed enum of proto2 | its values are `LEVEL_LOW` or `LEVEL_HIGH`"
    );
    assert_eq!(
        proto2_error("{ id: null, children: [{}, { name: a }], result: {} }"),
        "1:24 `children[0].name` is missing | `fixtures.proto2.Child` requires it | add `name`, a text\n\
         1:50 `result.url` is missing | `fixtures.proto2.AllTypes.Result` requires it | add `url`, a text\n\
         1:1 `id` is missing | `fixtures.proto2.AllTypes` requires it | add `id`, an int32"
    );
    assert_eq!(
        proto2_error("{ id: 1, '[fixtures.proto2.noet]': a }"),
        "1:10 unknown field `[fixtures.proto2.noet]` | no such extension of `fixtures.proto2.AllTypes` | did you mean `[fixtures.proto2.note]`? \
         | its extensions are `[fixtures.proto2.Scope.inner_level]`, `[fixtures.proto2.note]`, `[fixtures.proto2.scores]`, \
         `[fixtures.proto2.relative]` or `[fixtures.proto2.extra]`"
    );
    assert_eq!(
        proto2_error("{ id: 1, text: a, numbered: {} }"),
        "1:19 the message has two members of the oneof `choice` | `numbered` is set here | case.yaml:1:10 `text` is set here \
         | a oneof holds one of its members: leave the other out"
    );
}
