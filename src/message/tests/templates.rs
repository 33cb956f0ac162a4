//! Values with `${…}`: known when planning, or filled when the case runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use prost_reflect::DynamicMessage;

use super::super::MessageTemplate;
use super::{Source, all_types, built, words};
use crate::diagnostic::Diagnostics;
use crate::expr::{Binding, Env, Scope, Value};
use crate::yaml;

/// Variables as a case would write them, and a request that uses them.
fn with_variables(variables: &str, request: &str) -> Source {
    let mut source = Source::new(request);
    let file = source.sources.add("vars.yaml", variables);
    let node = yaml::parse(file, variables, &mut Diagnostics::new()).expect("the variables are YAML");
    let names: BTreeMap<Arc<str>, Binding> = node
        .as_mapping()
        .expect("the variables are a mapping")
        .iter()
        .map(|entry| (Arc::clone(&entry.key.value), Binding::Known(Value::Yaml(entry.value.clone()))))
        .collect();
    source.env = Arc::new(Env::new()).child(names);
    source
}

fn planned(variables: &str, request: &str) -> Result<DynamicMessage, Vec<String>> {
    with_variables(variables, request).message(&all_types())
}

fn environment(variables: &[(&str, &str)]) -> Scope {
    Scope::with_environment(
        variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect(),
    )
}

fn filled(request: &str, variables: &[(&str, &str)]) -> Result<Arc<DynamicMessage>, Vec<String>> {
    let mut source = Source::new(request);
    let template = source.template(&all_types()).unwrap_or_else(|| panic!("{:?}", source.words()));
    assert!(matches!(template, MessageTemplate::Deferred(_)), "{request}");
    template
        .fill(&environment(variables))
        .map_err(|problems| problems.iter().map(|problem| words(problem, &source.sources)).collect())
}

#[test]
fn a_whole_template_stands_for_the_yaml_of_its_variable() {
    let variables = "{ id: 1.0, version: 1.10, tags: [a, '1'], user: { id: 5, name: ada }, raw: { $hex: ff }, nothing: null, \
                     quoted: '1', list: ['${version}', '${tags}'] }";
    for (request, expected) in [
        ("int32_value: ${id}", "int32_value: 1"),
        ("string_value: ${version}", "string_value: '1.10'"),
        ("string_value: v${version}-${id}", "string_value: v1.10-1.0"),
        ("strings: ${tags}", "strings: [a, '1']"),
        ("nested: ${user}", "nested: { id: 5, name: ada }"),
        ("items: ['${user}']", "items: [{ id: 5, name: ada }]"),
        ("bytes_value: ${raw}", "bytes_value: /w=="),
        ("string_value: ${nothing}", "{}"),
        ("value: ${version}", "value: 1.10"),
        ("value: ${quoted}", "value: '1'"),
        ("value: ${nothing}", "value: null"),
        ("value: v${id}", "value: v1.0"),
        ("value: ${list}", "value: [1.10, [a, '1']]"),
        ("int32_value: ${quoted}${quoted}", "int32_value: 11"),
        ("double_value: 0.${quoted}", "double_value: 0.1"),
        ("bytes_value: { $utf8: '${quoted}' }", "bytes_value: { $utf8: '1' }"),
        ("bytes_value: { $json: '${list}' }", "bytes_value: { $utf8: '[1.10,[\"a\",\"1\"]]' }"),
        ("string_value: $${id}", "string_value: \"$${id}\""),
        ("struct: { a: '${user}' }", "struct: { a: { id: 5, name: ada } }"),
        ("any: { $type: 'fixtures.${quoted}' }", ""),
    ] {
        if expected.is_empty() {
            let errors = planned(variables, request).expect_err("there is no such type");
            assert!(errors[0].starts_with("1:15 unknown message type `fixtures.1`"), "{errors:?}");
        } else {
            assert_eq!(
                planned(variables, request).unwrap_or_else(|errors| panic!("{errors:?}")),
                built(expected),
                "{request}"
            );
        }
    }
}

#[test]
fn errors_in_a_variable_point_at_it_and_at_its_use() {
    let errors =
        planned("{ id: abc }", "{ int32_value: '${id}', nested: { id: '${idd}' } }").expect_err("both are wrong");
    assert_eq!(
        errors[0],
        "1:7 `int32_value` is not an int32 | expected a whole number in decimal | case.yaml:1:16 used here"
    );
    assert!(errors[1].contains("`idd` is not defined"), "{errors:?}");
    assert_eq!(errors.len(), 2);
}

#[test]
fn a_hole_is_filled_by_the_type_of_its_field() {
    let message = filled(
        "{ int32_value: '${env.N}', string_value: 'a${env.N}', bool_value: '${env.B}', strings: [x, '${env.N}'], \
         labels: { k: '${env.N}' }, value: '${env.N}', duration: '${env.N}s', bytes_value: { $hex: 'a${env.N}' }, \
         nested: { inner: { id: '${env.N}' } }, any: { $type: fixtures.Nested, id: '${env.N}' }, wrapped_int32: '${env.N}', \
         colour: '${env.N}', double_value: 1.5, struct: { a: ['${env.B}'] }, optional_bytes: { $json: ['${env.N}'] } }",
        &[("N", "5"), ("B", "true")],
    );
    let expected = built(
        "{ int32_value: 5, string_value: a5, bool_value: true, strings: [x, '5'], labels: { k: '5' }, value: '5', duration: 5s, \
         bytes_value: { $hex: a5 }, nested: { inner: { id: 5 } }, any: { $type: fixtures.Nested, id: 5 }, wrapped_int32: 5, \
         colour: 5, double_value: 1.5, struct: { a: ['true'] }, optional_bytes: { $utf8: '[\"5\"]' } }",
    );
    assert_eq!(filled_or_panic(message), expected);
}

fn filled_or_panic(message: Result<Arc<DynamicMessage>, Vec<String>>) -> DynamicMessage {
    DynamicMessage::clone(&message.unwrap_or_else(|errors| panic!("{errors:?}")))
}

#[test]
fn what_is_known_of_a_message_with_holes_is_checked_when_planning() {
    let mut source = Source::new("{ int32_value: '${env.N}', nested: { id: x }, strin: a }");
    let errors = source.message(&all_types()).expect_err("two fields are wrong whatever `N` is");
    assert_eq!(errors.len(), 2, "{errors:?}");
}

#[test]
fn a_hole_filled_wrongly_is_an_error_at_its_template() {
    let errors = filled("{ int32_value: '${env.N}', nested: { id: '${env.NONE}' } }", &[("N", "x")])
        .expect_err("it is no number");
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0], "1:16 `int32_value` is not an int32 | expected a whole number in decimal");
    assert!(errors[1].contains("the environment variable `NONE` is not set"), "{errors:?}");
    let errors = filled("{ choice_text: '${env.N}', choice_number: 1 }", &[("N", "x")]).expect_err("both are set");
    assert!(errors[0].contains("two members of the oneof"), "{errors:?}");
}

#[test]
fn variables_that_multiply_have_an_end() {
    let node = |yaml: &str, source: &Source| {
        let file = source.sources.add("vars.yaml", yaml);
        yaml::parse(file, yaml, &mut Diagnostics::new()).expect("it is YAML")
    };
    let mut source = Source::new("string_value: { $json: '${many}' }");
    // a list of 1,100 that all are one list of 1,100, shared: 1.2 million values
    let ones = node(&format!("[{}]", vec!["1"; 1_100].join(", ")), &source);
    let many = yaml::Node { span: ones.span, kind: yaml::NodeKind::Sequence(vec![ones.clone(); 1_100].into()) };
    let names = BTreeMap::from([(Arc::from("many"), Binding::Known(Value::Yaml(many)))]);
    source.env = Arc::new(Env::new()).child(names);
    let errors = source.message(&all_types()).expect_err("it is too much");
    assert_eq!(errors.len(), 1, "{}", errors.len());
    assert!(errors[0].contains("more than 1000000 values"), "{errors:?}");
}

#[test]
fn text_that_fills_a_hole_is_text_only() {
    let message = filled("{ string_value: '${env.A}', value: '${env.B}' }", &[("A", "null"), ("B", "${env.A}")]);
    assert_eq!(filled_or_panic(message), built("{ string_value: 'null', value: '$${env.A}' }"));
}
