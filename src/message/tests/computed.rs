//! What a whole `${…}` comes to, as a field's value.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor};

use super::super::{Context, FieldPath, FieldType, MessageTemplate, WellKnown, build_value};
use super::round_trips::generated;
use super::{POOL, Source, all_types, built, descriptor, fixtures, proto2, same, same_value, words};
use crate::expr::{Binding, Env, Scope, Ty, Value};

/// A request that uses `response`, known when it runs.
fn planned(request: &str, response: &MessageDescriptor) -> (Source, Result<MessageTemplate, Vec<String>>) {
    let mut source = Source::new(request);
    let names = BTreeMap::from([(Arc::from("response"), Binding::Later(Ty::of_message(response)))]);
    source.env = Arc::new(Env::new()).child(names);
    let template = source.template(&all_types());
    let template = template.ok_or_else(|| source.words());
    (source, template)
}

fn filled(request: &str, response: &DynamicMessage) -> Result<DynamicMessage, Vec<String>> {
    use prost_reflect::ReflectMessage as _;
    let (source, template) = planned(request, &response.descriptor());
    let values = BTreeMap::from([(Arc::from("response"), Value::Message(Arc::new(response.clone())))]);
    let scope = Arc::new(Scope::new()).child(values);
    let message = template?.fill(&scope);
    message
        .map(Arc::unwrap_or_clone)
        .map_err(|problems| problems.iter().map(|problem| words(problem, &source.sources)).collect())
}

fn holds_any(field: &FieldDescriptor) -> bool {
    let is_any = |message: &MessageDescriptor| WellKnown::of(message) == Some(WellKnown::Any);
    let kind = field.kind();
    kind.as_message().is_some_and(|message| {
        is_any(message)
            || (message.is_map_entry() && message.map_entry_value_field().kind().as_message().is_some_and(is_any))
    })
}

/// Each field that is set, built of what an expression reads of it.
fn fields_go_through(descriptor: &MessageDescriptor, choices: &[u8]) {
    let message = generated(descriptor, choices);
    let names = BTreeMap::from([(Arc::from("response"), Binding::Later(Ty::of_message(descriptor)))]);
    let env = Arc::new(Env::new()).child(names);
    let values = BTreeMap::from([(Arc::from("response"), Value::Message(Arc::new(message.clone())))]);
    let scope = Arc::new(Scope::new()).child(values);
    for (field, value) in message.fields().filter(|(field, _)| !holds_any(field)) {
        let mut source = Source::new(&format!("'${{response.{}}}'", field.name()));
        let node = source.node.take().expect("it is YAML");
        let context = Context { sources: &source.sources, env: &env, pool: &POOL, read_files: true };
        let (ty, path) = (FieldType::of(&field), FieldPath::new().field(field.name()));
        let template = build_value(&node, &ty, &path, &context, &mut source.out);
        let template = template.unwrap_or_else(|| panic!("{}: {:?}", field.name(), source.words()));
        let made = template.fill(&scope).unwrap_or_else(|problems| panic!("{}: {problems:?}", field.name()));
        assert!(same_value(&made, value), "{}\n{made:?}\n{value:?}", field.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_of_a_field_is_sent_as_it_was(choices in proptest::collection::vec(any::<u8>(), 0..300)) {
        fields_go_through(&all_types(), &choices);
        fields_go_through(&proto2(), &choices);
    }
}

#[test]
fn values_become_the_type_of_the_field() {
    let response = built(
        "{ int32_value: 7, uint64_value: 18446744073709551615, double_value: 2, string_value: '12', bool_value: true,
           nested: { id: 5, name: ada }, strings: [a, b], timestamp: 2024-01-01T00:00:00Z, duration: 1.5s }",
    );
    for (request, expected) in [
        ("int64_value: ${response.int32_value}", "int64_value: 7"),
        ("int32_value: ${response.double_value}", "int32_value: 2"),
        ("double_value: ${response.int32_value + 1}", "double_value: 8"),
        ("float_value: ${response.int32_value * 0.1}", "float_value: 0.7"),
        ("int32_value: ${response.string_value}", "int32_value: 12"),
        ("uint64_value: ${response.uint64_value - 1}", "uint64_value: 18446744073709551614"),
        ("string_value: ${response.nested.name + '!'}", "string_value: ada!"),
        (
            "string_value: 'x${response.int32_value}-${response.double_value}-${response.bool_value}'",
            "string_value: x7-2-true",
        ),
        (
            "string_value: 'at ${response.timestamp}, ${response.duration}'",
            "string_value: 'at 2024-01-01T00:00:00Z, 1.500s'",
        ),
        ("nested: ${response.nested}", "nested: { id: 5, name: ada }"),
        ("any: ${response.nested}", "any: { $type: fixtures.Nested, id: 5, name: ada }"),
        ("strings: ${response.strings.map(s, s + '!')}", "strings: [a!, b!]"),
        ("items: ['${response.nested}']", "items: [{ id: 5, name: ada }]"),
        ("bytes_value: \"${b'\\\\xff'}\"", "bytes_value: /w=="),
        ("timestamp: ${response.timestamp + response.duration}", "timestamp: 2024-01-01T00:00:01.5Z"),
        ("string_value: ${null}", "{}"),
        ("colour: ${1}", "colour: 1"),
        ("struct: \"${{'a': [1, 'x', null, true]}}\"", "struct: { a: [1, x, null, true] }"),
        ("value: ${response.strings}", "value: [a, b]"),
        ("list_value: '${[1, 2]}'", "list_value: [1, 2]"),
        ("wrapped_int32: ${response.int32_value}", "wrapped_int32: 7"),
    ] {
        let made = match planned(request, &all_types()).1 {
            Ok(MessageTemplate::Constant(message)) => Ok(Arc::unwrap_or_clone(message)),
            _ => filled(request, &response),
        };
        assert!(same(&made.unwrap_or_else(|errors| panic!("{request}: {errors:?}")), &built(expected)), "{request}");
    }
}

#[test]
fn what_can_never_fit_is_told_before_it_runs() {
    for (request, expected) in [
        (
            "int32_value: ${response.nested}",
            "1:14 `int32_value` takes an int32 | `${…}` is a message `fixtures.Nested`",
        ),
        (
            "string_value: ${response.int32_value}",
            "1:15 `string_value` takes a text | `${…}` is an int | as text: `${string(…)}`",
        ),
        ("strings: ${response.string_value}", "1:10 `strings` takes a list of `string` | `${…}` is a string"),
        ("strings: ${response.int32s}", "1:10 `strings` takes a list of `string` | `${…}` is a list"),
        (
            "nested: ${response.child}",
            "1:9 `nested` takes a mapping of fields of `fixtures.Nested` | `${…}` is a message `fixtures.AllTypes` | write \
             its fields one by one, from those of `fixtures.AllTypes`",
        ),
        ("bool_value: ${response.int32_value}", "1:13 `bool_value` takes a bool | `${…}` is an int"),
        (
            "timestamp: ${response.int64_value}",
            "1:12 `timestamp` takes a timestamp such as `2024-02-29T12:30:00Z` | `${…}` is an int",
        ),
        (
            "string_value: x${response.nested}",
            "1:16 `response.nested` is a message `fixtures.Nested`, which no text can hold | a text is wanted here",
        ),
        (
            "string_value: x${response.bytes_value}",
            "1:16 `response.bytes_value` is bytes, which no text can hold | a text is wanted here",
        ),
        ("int32_value: ${1.5}", "1:14 `int32_value` does not fit into an int32 | `${…}` is 1.5"),
        ("int32_value: ${2147483648}", "1:14 `int32_value` does not fit into an int32 | `${…}` is 2147483648"),
        ("string_value: ${response.nope}", "1:26 unknown field `nope` | not a field of `fixtures.AllTypes`"),
    ] {
        let errors = planned(request, &all_types()).1.err().unwrap_or_else(|| panic!("{request} is planned"));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].starts_with(expected), "{}\n{expected}", errors[0]);
    }
}

#[test]
fn what_does_not_fit_when_it_runs_is_an_error() {
    let response = built("{ int64_value: 5000000000, double_value: 0.5, value: text }");
    for (request, expected) in [
        (
            "int32_value: ${response.int64_value}",
            "1:14 `int32_value` does not fit into an int32 | `${…}` is 5000000000",
        ),
        ("int32_value: ${response.double_value}", "1:14 `int32_value` does not fit into an int32 | `${…}` is 0.5"),
        ("int32_value: ${response.value}", "1:14 `int32_value` is not an int32 | expected a whole number in decimal"),
        (
            "uint32_value: ${-response.int64_value}",
            "1:15 `uint32_value` does not fit into a uint32 | `${…}` is -5000000000",
        ),
        (
            "double_value: ${9007199254740993 + response.int32_value}",
            "1:15 `double_value` does not fit into a double | `${…}` is 9007199254740993",
        ),
    ] {
        let errors = filled(request, &response).expect_err(request);
        assert_eq!(errors, [expected]);
    }
}

#[test]
fn a_message_of_another_pool_goes_through_its_bytes() {
    let files = protox::compile(["all_types.proto"], [fixtures().join("protos")]).expect("the fixtures compile");
    let pool = prost_reflect::DescriptorPool::from_file_descriptor_set(files).expect("it is sound");
    let other = pool.get_message_by_name("fixtures.Nested").expect("declared");
    let mut nested = DynamicMessage::new(other);
    nested.set_field_by_name("name", prost_reflect::Value::String("ada".to_owned()));
    let mut source = Source::new("nested: ${user}");
    let names = BTreeMap::from([(Arc::from("user"), Binding::Later(Ty::Any))]);
    source.env = Arc::new(Env::new()).child(names);
    let template = source.template(&all_types()).expect("planned");
    let values = BTreeMap::from([(Arc::from("user"), Value::Message(Arc::new(nested)))]);
    let made = template.fill(&Arc::new(Scope::new()).child(values)).expect("filled");
    assert!(same(&made, &built("nested: { name: ada }")));
    assert_eq!(
        prost_reflect::ReflectMessage::descriptor(super::field(&made, "nested").as_message().expect("a message")),
        descriptor("fixtures.Nested")
    );
}
