//! Messages as YAML text: exact, bounded, readable.

use prost_reflect::{DynamicMessage, Kind, Value};

use super::super::{FieldType, Limits, decode, render, render_value};
use super::{all_types, built, descriptor, field, proto2};

fn all(message: &DynamicMessage) -> String {
    render(message, Limits::NONE)
}

fn decoded(bytes: &[u8]) -> DynamicMessage {
    decode(bytes, &all_types()).expect("it is a message")
}

fn message_type() -> FieldType {
    FieldType::message(all_types())
}

#[test]
fn a_message_reads_like_a_case() {
    let yaml = "\
int32_value: -5
string_value: \"no\"
bytes_value: aGk=
colour: COLOUR_RED
nested:
  id: 1
  inner: {}
strings: [a, \"b, c\", \"1\"]
items:
  - id: 1
    name: x
  - {}
labels:
  $$a: x
  b: \"null\"
by_int32:
  -1: a
  2: b
choice_text: \"\"
";
    assert_eq!(all(&built(yaml)), yaml);
    assert_eq!(all(&built("{}")), "{}\n");
}

#[test]
fn text_is_quoted_where_it_must_be() {
    for (value, expected) in [
        ("plain text", "plain text"),
        ("世界", "世界"),
        ("", "\"\""),
        ("null", "\"null\""),
        ("~", "\"~\""),
        ("true", "\"true\""),
        ("1.10", "\"1.10\""),
        ("- a", "\"- a\""),
        ("a: b", "\"a: b\""),
        ("a #b", "\"a #b\""),
        (" a", "\" a\""),
        ("a ", "\"a \""),
        ("a\nb", "\"a\\nb\""),
        ("\u{1b}[31m", "\"\\u001b[31m\""),
        ("a\u{202e}b", "\"a\\u202eb\""),
        ("${x}", "\"$${x}\""),
        ("\"", "\"\\\"\""),
        ("@a", "\"@a\""),
        ("---", "\"---\""),
        ("<<", "\"<<\""),
        ("a:", "\"a:\""),
    ] {
        let mut message = DynamicMessage::new(all_types());
        message.set_field_by_name("optional_string", Value::String(value.to_owned()));
        assert_eq!(all(&message), format!("optional_string: {expected}\n"));
        assert_eq!(built(&all(&message)), message);
    }
}

#[test]
fn unknown_fields_are_comments() {
    let message = decoded(
        b"\xc0\x3e\x05\xc1\x3e\x01\0\0\0\0\0\0\0\xc2\x3e\x02hi\xc2\x3e\x02\xff\x00\xc5\x3e\x01\0\0\0\xc3\x3e\xc4\x3e\x8a\x01\x03\xb8\x3e\x07",
    );
    assert_eq!(
        all(&message),
        "\
nested: {}
  # unknown field 999: varint 7
# unknown field 1000: varint 5
# unknown field 1000: 64-bit 0x0000000000000001
# unknown field 1000: 2 bytes \"hi\"
# unknown field 1000: 2 bytes ff00
# unknown field 1000: 32-bit 0x00000001
# unknown field 1000: a group of 4 bytes
"
    );
    assert_eq!(render_value(&field(&message, "nested"), &message_type()), "{} (unknown field 999: varint 7)");
}

#[test]
fn what_is_long_is_cut() {
    let message = built(&format!(
        "{{ string_value: {}, bytes_value: {{ $hex: {} }}, wrapped_bytes: {{ $zeros: 271828 }}, items: [{}] }}",
        "é".repeat(1000),
        "ab".repeat(1000),
        vec!["{ id: 1 }"; 100].join(", ")
    ));
    let limits = Limits { lines: 10, text: 6 };
    assert_eq!(
        render(&message, limits),
        "\
string_value: \"éééééé…\"  # 1000 characters
bytes_value: \"q6urq6ur…\"  # 1000 bytes
items:
  - id: 1
  - id: 1
  - id: 1
  - id: 1
  - id: 1
  - id: 1
  - id: 1
# … at least 94 more lines, shown with --full
"
    );
    assert!(all(&message).ends_with("wrapped_bytes: { $zeros: 271828 }\n"));
    assert_eq!(built(&all(&message)), message);
    let many = built(&format!("{{ int32s: [{}] }}", vec!["1"; 1000].join(", ")));
    assert_eq!(
        render(&many, Limits { lines: 3, text: 6 }),
        "int32s:\n  - 1\n  - 1\n# … at least 998 more lines, shown with --full\n"
    );
    assert!(render(&message, Limits { lines: 0, text: 0 }).starts_with("# … "));
}

#[test]
fn a_value_stands_on_one_line() {
    let one_line = |name: &str, yaml: &str| {
        let ty = FieldType::of(&all_types().get_field_by_name(name).expect("the fixtures declare it"));
        render_value(&field(&built(&format!("{name}: {yaml}")), name), &ty)
    };
    assert_eq!(one_line("int32_value", "42"), "42");
    assert_eq!(one_line("string_value", "a b"), "\"a b\"");
    assert_eq!(one_line("bytes_value", "aGk="), "aGk=");
    assert_eq!(one_line("colour", "1"), "COLOUR_RED");
    assert_eq!(one_line("colour", "7"), "7");
    assert_eq!(one_line("float_value", "0.1"), "0.1");
    assert_eq!(one_line("double_value", "-Infinity"), "-Infinity");
    assert_eq!(one_line("strings", "[a, 'b, c']"), "[a, \"b, c\"]");
    assert_eq!(one_line("strings", "[]"), "[]");
    assert_eq!(one_line("labels", "{ b: x, a: 'y z' }"), "{ a: y z, b: x }");
    assert_eq!(one_line("nested", "{ id: 1, inner: {} }"), "{ id: 1, inner: {} }");
    assert_eq!(one_line("timestamp", "2024-01-01T00:00:00Z"), "2024-01-01T00:00:00Z");
    assert_eq!(one_line("any", "{ $type: fixtures.Nested, id: 1 }"), "{ $type: fixtures.Nested, id: 1 }");
    let long = one_line("string_value", &"x".repeat(1000));
    assert!(long.ends_with("x…\" (1000 characters)") && long.len() < 240, "{long}");
    let list = one_line("int32s", &format!("[{}]", vec!["123456"; 1000].join(", ")));
    assert!(list.ends_with("123456, … 980 more]") && list.len() < 240, "{list}");
    let deep = one_line(
        "nested",
        &format!("{}name: {}{}", "{ inner: ".repeat(40), "x".repeat(80), " }".repeat(40))
            .replacen("name", "{ name", 1)
            .replace(&"x".repeat(80), &format!("{} }}", "x".repeat(80))),
    );
    assert!(deep.len() < 800, "{deep}");
}

#[test]
fn an_any_that_cannot_be_read_is_shown_raw() {
    let message = built("any: { type_url: example.com/unknown.Type, value: CAE= }");
    let text = "any:\n  type_url: example.com/unknown.Type\n  value: { $hex: \"0801\" }\n  # the schema does not know this type\n";
    assert_eq!(all(&message), text);
    assert_eq!(built(text), message);
    let broken = built("any: { type_url: type.googleapis.com/fixtures.Nested, value: CA== }");
    assert!(
        all(&broken).ends_with("  value: { $hex: \"08\" }\n  # `value` is not a `fixtures.Nested`\n"),
        "{}",
        all(&broken)
    );
}

#[test]
fn anys_within_anys_have_an_end() {
    let any = descriptor("google.protobuf.Any");
    let mut message = DynamicMessage::new(any.clone());
    for _ in 0..5_000 {
        let bytes = prost::Message::encode_to_vec(&message);
        message = DynamicMessage::new(any.clone());
        let url = "type.googleapis.com/google.protobuf.Any".to_owned();
        message.set_field_by_name("type_url", Value::String(url));
        message.set_field_by_name("value", Value::Bytes(bytes.into()));
    }
    let text = all(&message);
    assert!(text.contains("# nested more than 100 levels deep"), "{text}");
    assert!(text.lines().count() < 400);
    assert!(render_value(&Value::Message(message), &FieldType::Single(Kind::Message(any))).len() < 20_000);
}

#[test]
fn proto2_shows_groups_and_extensions() {
    let yaml = "\
id: 1
result:
  url: u
part:
  - title: a
\"[fixtures.proto2.note]\": n
\"[fixtures.proto2.scores]\": [1, 2]
";
    let message = super::Source::new(yaml).message(&proto2()).expect("it is a message");
    assert_eq!(all(&message), yaml);
}
