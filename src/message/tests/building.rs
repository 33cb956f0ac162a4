//! Lists, maps, messages, oneofs, groups, extensions, and the operators that make values.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, MapKey, Value};

use super::{Source, all_types, build, built, field, proto2};

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn built_proto2(yaml: &str) -> DynamicMessage {
    Source::new(yaml).message(&proto2()).unwrap_or_else(|errors| panic!("{yaml}\n{}", errors.join("\n")))
}

#[test]
fn fields_go_by_proto_name_or_lower_camel_case() {
    assert_eq!(built("optional_int32: 5"), built("optionalInt32: 5"));
    assert_eq!(built("renamed: x"), built("'@renamed': x"));
}

#[test]
fn null_leaves_a_field_unset() {
    for name in
        ["string_value", "strings", "labels", "nested", "timestamp", "any", "struct", "wrapped_int32", "bytes_value"]
    {
        assert_eq!(built(&format!("{name}: null")), built("{}"), "{name}");
        assert_eq!(built(&format!("{name}: ~")), built("{}"), "{name}");
    }
    assert_eq!(built("{ choice_text: a, choice_number: null }"), built("choice_text: a"));
}

#[test]
fn lists_keep_order_and_defaults() {
    let message = built("{ int32s: [3, 0, -1], items: [{ id: 1 }, {}], colours: [1, COLOUR_GREEN] }");
    assert_eq!(field(&message, "int32s"), Value::List(vec![Value::I32(3), Value::I32(0), Value::I32(-1)]));
    assert_eq!(field(&message, "items").as_list().map(<[Value]>::len), Some(2));
    assert_eq!(field(&message, "colours"), Value::List(vec![Value::EnumNumber(1), Value::EnumNumber(2)]));
}

#[test]
fn maps_have_every_kind_of_key() {
    let message = built(
        "{ labels: { a: x, '1': y, null: z, true: w }, by_int32: { -1: a, '2': b, 3.0: c }, by_uint64: { 18446744073709551615: a },
           by_bool: { true: t, 'false': f }, by_sint64: { '-9223372036854775808': a }, nested_by_name: { n: { id: 1 } } }",
    );
    let labels = [("a", "x"), ("1", "y"), ("null", "z"), ("true", "w")];
    let labels: HashMap<_, _> = labels.map(|(key, value)| (MapKey::String(key.to_owned()), text(value))).into();
    assert_eq!(field(&message, "labels"), Value::Map(labels));
    let by_int32 = [(-1, "a"), (2, "b"), (3, "c")].map(|(key, value)| (MapKey::I32(key), text(value)));
    assert_eq!(field(&message, "by_int32"), Value::Map(by_int32.into()));
    let by_bool = [(true, "t"), (false, "f")].map(|(key, value)| (MapKey::Bool(key), text(value)));
    assert_eq!(field(&message, "by_bool"), Value::Map(by_bool.into()));
}

#[test]
fn a_doubled_dollar_begins_a_literal_key() {
    let message = built("{ labels: { $$name: a, '$$$twice': b }, struct: { $$ref: c } }");
    let labels = [("$name", "a"), ("$$twice", "b")].map(|(key, value)| (MapKey::String(key.to_owned()), text(value)));
    assert_eq!(field(&message, "labels"), Value::Map(labels.into()));
    assert_eq!(field(&message, "struct"), field(&built("struct: { \"$$ref\": c }"), "struct"));
}

#[test]
fn bytes_come_in_many_forms() {
    for (yaml, expected) in [
        ("{ $hex: '' }", &b""[..]),
        ("{ $hex: 0aFF }", b"\x0a\xff"),
        ("{ $hex: 0102 }", b"\x01\x02"),
        ("{ $utf8: hé }", "hé".as_bytes()),
        ("{ $utf8: null }", b"null"),
        ("{ $zeros: 3 }", b"\0\0\0"),
        ("{ $zeros: 0 }", b""),
        (
            "{ $json: { a: [1, 1.10, true, ~, no, '2'], $$b: \"x\\\"y\" } }",
            br#"{"a":[1,1.10,true,null,"no","2"],"$b":"x\"y"}"#,
        ),
        ("{ $type: fixtures.Nested, id: 5 }", b"\x08\x05"),
        ("{ $type: type.googleapis.com/google.protobuf.Duration, value: 1s }", b"\x08\x01"),
        ("{ $type: google.protobuf.Empty }", b""),
    ] {
        assert_eq!(
            field(&built(&format!("optional_bytes: {yaml}")), "optional_bytes"),
            Value::Bytes(expected.into()),
            "{yaml}"
        );
    }
    assert_eq!(
        field(&built("wrapped_bytes: { $hex: ff }"), "wrapped_bytes"),
        field(&built("wrapped_bytes: /w=="), "wrapped_bytes")
    );
    assert_eq!(field(&built("string_value: { $json: [a, 1] }"), "string_value"), text("[\"a\",1]"));
    assert_eq!(
        field(&built("wrapped_string: { $json: {} }"), "wrapped_string"),
        field(&built("wrapped_string: '{}'"), "wrapped_string")
    );
}

#[test]
fn files_fill_any_field() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("it can be written to");
    write("raw.bin", b"\xff\x00${x}");
    write("text.txt", "hé ${not}\n".as_bytes());
    write("number", b"42\n");
    write("nested.yaml", b"id: 1\nname: $${x}\n");
    write("nested.json", br#"{"id": 1, "name": "${x}", "inner": {"name": "$hex"}}"#);
    write("struct.json", br#"{"$schema": "x", "$$y": [1]}"#);
    write("list.json", b"[\r\n\t\"a\",\n\t\t\"b\"\n]\n");
    write("any.json", br#"{"@type": "type.googleapis.com/fixtures.Nested", "id": 7}"#);
    let read = |yaml: &str| {
        Source::at(folder.path().join("case.yaml"), yaml)
            .message(&all_types())
            .unwrap_or_else(|errors| panic!("{errors:?}"))
    };
    assert_eq!(
        field(&read("bytes_value: { $file: raw.bin }"), "bytes_value"),
        Value::Bytes(b"\xff\x00${x}"[..].into())
    );
    assert_eq!(field(&read("string_value: { $file: ./text.txt }"), "string_value"), text("hé ${not}\n"));
    assert_eq!(field(&read("int32_value: { $file: number }"), "int32_value"), Value::I32(42));
    assert_eq!(read("nested: { $file: nested.yaml }"), built("nested: { id: 1, name: '$${x}' }"));
    assert_eq!(
        read("nested: { $file: nested.json }"),
        built("nested: { id: 1, name: '$${x}', inner: { name: $hex } }")
    );
    assert_eq!(read("struct: { $file: struct.json }"), built("struct: { $$schema: x, $$$y: [1] }"));
    assert_eq!(read("strings: { $file: list.json }"), built("strings: [a, b]"));
    assert_eq!(read("any: { $file: any.json }"), built("any: { $type: fixtures.Nested, id: 7 }"));
    assert_eq!(read("value: { $file: list.json }"), built("value: [a, b]"));
    write("whole.yaml", b"nested: { $file: nested.json }\n");
    assert_eq!(read("{ $file: whole.yaml }"), read("nested: { $file: nested.json }"));
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("latin1"), b"h\xe9").expect("it can be written to");
    std::fs::write(folder.path().join("wrong.yaml"), b"id: one\nnmae: x\n").expect("it can be written to");
    std::fs::write(folder.path().join("itself.yaml"), b"inner: { $file: itself.yaml }\n")
        .expect("it can be written to");
    let errors = |yaml: &str| {
        Source::at(folder.path().join("case.yaml"), yaml)
            .message(&all_types())
            .expect_err("it cannot be read")
            .join("\n")
    };
    assert!(errors("string_value: { $file: none }").contains("1:24 cannot read `none` | there is no such file"));
    assert!(errors("string_value: { $file: . }").contains("it is a folder"));
    assert!(errors("string_value: { $file: latin1 }").contains("it is not UTF-8: byte 1 begins no character"));
    assert!(errors("bytes_value: { $file: [a] }").contains("expected a text, found a list"));
    let both = errors("nested: { $file: wrong.yaml }");
    assert!(both.contains("1:5 `nested.id` is not an int32") && both.contains("did you mean `name`?"), "{both}");
    assert!(errors("nested: { $file: itself.yaml }").contains("nested more than 100 levels deep"));
    #[cfg(unix)]
    assert!(errors("string_value: { $file: /dev/zero }").contains("it is not a regular file"));
}

#[test]
fn files_of_cases_that_are_not_selected_are_not_read() {
    let mut source = Source::new("{ string_value: { $file: none }, int32_value: x }");
    let context = super::Context { sources: &source.sources, env: &source.env, pool: &super::POOL, read_files: false };
    let node = source.node.clone().expect("it is YAML");
    let built = super::MessageTemplate::build(&node, &all_types(), &context, &mut source.out);
    assert!(built.is_none());
    assert_eq!(source.words().len(), 1, "{:?}", source.words());
    assert!(source.words()[0].contains("`int32_value` is not an int32"));
}

#[test]
fn proto2_has_groups_extensions_and_closed_enums() {
    let message = built_proto2(
        "{ id: 1, level: LEVEL_LOW, levels: [2], result: { url: u, rank: 3 }, part: [{ title: a }, {}], numbered: { number: 4 },
           '[fixtures.proto2.note]': n, '[fixtures.proto2.scores]': [1, 2], '[fixtures.proto2.relative]': { name: r },
           '[fixtures.proto2.extra]': { present: true }, '[fixtures.proto2.Scope.inner_level]': LEVEL_HIGH }",
    );
    assert_eq!(message.extensions().count(), 5);
    assert_eq!(field(&message, "part").as_list().map(<[Value]>::len), Some(2));
    let same = super::super::decode(&prost::Message::encode_to_vec(&message), &proto2()).expect("it is a message");
    assert_eq!(same, message);
}

#[test]
fn deep_messages_have_an_end() {
    let nested = |depth: usize| format!("{}id: 1{}", "inner: { ".repeat(depth), " }".repeat(depth));
    let within = |depth: usize| Source::new(&format!("nested: {{ {} }}", nested(depth))).message(&all_types());
    assert!(within(90).is_ok());
    let error = within(110).expect_err("it is too deep").join("\n");
    assert!(error.contains("nested more than 100 levels deep"), "{error}");
}

#[test]
fn zeros_are_bounded() {
    let error = build("{ bytes_value: { $zeros: 4000000000 } }").expect_err("it is too large").join("\n");
    assert!(error.contains("more than 256 MiB of `$zeros` and `$file`"), "{error}");
}
