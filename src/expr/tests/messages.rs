//! What messages hold, as expressions see it.

use prost_reflect::ReflectMessage as _;

use super::{Value, evaluate, evaluate_unchecked, expression, is_true, message, names, pool, scope};

#[test]
fn every_type_of_field_is_exact() {
    for source in [
        "response.i32 == -1 && response.u32 == 7 && response.i64 == -9223372036854775808",
        "response.u64 == 18446744073709551615u",
        "response.f == 0.5 && response.d == 0.1 && response.b",
        "response.s == '世界' && response.data == b'\\x00\\xff'",
        "response.item.name == 'pen' && response.items[1].tags[0] == 'x'",
        "response.counts['one'] == 1 && response.counts.two == 2 && 'one' in response.counts",
        "response.by_id[18446744073709551615u].name == 'last' && response.byId.size() == 1",
        "response.at == timestamp('2024-02-29T12:30:00.5Z') && response.took == duration('1.5s')",
        "response.wrapped == 18446744073709551615u && empty.wrapped == null && empty.text == null",
        "response.struct.k[0] == 1 && response.struct.k[1] == 'two' && response.struct.k[2] == null",
        "response.struct.k[3].deep && response.value == 'text' && response.list == [1, false]",
        "empty.value == null && empty.struct == {} && empty.list == []",
        "response.any.name == 'inside' && empty.any == null && type(response.any) != int",
        "response.any == response.any && response.item != empty.item && response.item == response.item",
        "response.email == 'a@b.c' && response.phone == ''",
        "response.numbers == [1, 2, 3] && 2 in response.numbers && !(4 in response.numbers)",
        "empty.self.self.item.name == ''",
        "empty.at == timestamp(0) && empty.took == duration('0s')",
    ] {
        is_true(source);
    }
}

#[test]
fn an_enum_compares_with_its_name_and_its_number() {
    for source in [
        "response.color == 'GREEN' && response.color == 2 && 'GREEN' == response.color",
        "response.color != 'RED' && response.color > 1 && response.color in ['RED', 'GREEN']",
        "'RED' in response.colors && response.colors == ['RED', 'GREEN'] && response.flags[true] == 'RED'",
        "empty.color == 'COLOR_UNSPECIFIED' && response.colors[1] == response.color",
    ] {
        is_true(source);
    }
}

#[test]
fn has_knows_presence() {
    for source in [
        "has(response.maybe) && !has(empty.maybe)",
        "has(response.item.note) && !has(response.items[0].note)",
        "has(response.item) && !has(empty.item) && !has(empty.item.name)",
        "has(response.i32) && !has(empty.i32) && has(response.items) && !has(empty.items)",
        "has(response.email) && !has(response.phone)",
        "has(response.wrapped) && !has(empty.wrapped) && has(response.any) && has(response.any.name)",
        "has(response.counts.one) && !has(response.counts.three)",
        "has(status.code)",
        "response.items.all(i, has(i.name) && !has(i.note))",
    ] {
        is_true(source);
    }
}

#[test]
fn a_message_comes_out_whole() {
    for (source, name) in [("response.item", "t.Item"), ("response.items[1]", "t.Item"), ("response", "t.M")] {
        let Ok(Value::Message(message)) = evaluate(source) else { panic!("{source}") };
        assert_eq!(message.descriptor().full_name(), name);
    }
    let Ok(Value::Message(held)) = evaluate("response.items.filter(i, i.price == 2)[0]") else { panic!("a message") };
    assert_eq!(held.get_field_by_name("name").expect("there").as_str(), Some("b"));
}

#[test]
fn messages_of_two_pools_are_equal_if_they_say_the_same() {
    use prost_reflect::DynamicMessage;
    use prost_reflect::prost::Message as _;
    let bytes = message(r#"{ "item": { "name": "x" }, "numbers": [1] }"#).encode_to_vec();
    let descriptor = pool().get_message_by_name("t.M").expect("declared");
    let other = DynamicMessage::decode(descriptor, bytes.as_slice()).expect("it decodes");
    let scope = scope().child(names([
        ("a", Value::Message(message(r#"{ "item": { "name": "x" }, "numbers": [1] }"#))),
        ("b", Value::Message(other.into())),
    ]));
    let value = expression("a == b && a.item == b.item && a != b.self").evaluate(&scope);
    assert!(matches!(value, Ok(Value::Bool(true))), "{value:?}");
}

#[test]
fn what_is_not_there_is_said() {
    let wrong = |source: &str| evaluate_unchecked(source).expect_err(source);
    assert_eq!(wrong("response.items[2].name"), "2: the list has no element 2 | it has 2 elements, counted from 0");
    assert_eq!(
        wrong("response.counts['three']"),
        "'three': there is no key `three` | the map has no such key | what may be missing is read as \
         `map[?'key'].orValue('otherwise')`"
    );
    assert_eq!(wrong("empty.wrapped.x").split(" | ").next(), Some("x: null has no fields"));
    assert_eq!(
        wrong("response.any.nmae"),
        "nmae: unknown field `nmae` | not a field of `t.Item` | did you mean `name`? | its fields are `name`, `price`, \
         `note` or `tags`"
    );
    assert_eq!(wrong("status.cod").split(" | ").nth(2), Some("did you mean `code`?"));
}
