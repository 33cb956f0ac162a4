//! What holds whatever is written: compiling never panics, and a value written as a literal matches itself.

use std::sync::Arc;

use proptest::prelude::*;
use prost_reflect::{DynamicMessage, Value};

use super::super::compile::compile;
use super::super::operator::OPERATORS;
use super::super::testing::{Written, compare, message_type, shown};
use crate::diagnostic::Diagnostics;
use crate::expr::Scope;
use crate::message::{FieldPath, Limits, render};

/// YAML that is mostly nonsense, of the words an expectation is made of.
fn expectations() -> impl Strategy<Value = String> {
    let names: Vec<String> = OPERATORS
        .iter()
        .map(|operator| operator.name.to_owned())
        .chain(
            ["i32", "u64", "f", "s", "data", "color", "maybe", "item", "items", "numbers", "counts", "by_id"]
                .map(String::from),
        )
        .chain(
            ["email", "phone", "any", "at", "took", "struct", "value", "list", "wrapped", "mask", "name", "contact"]
                .map(String::from),
        )
        .collect();
    let words = prop::sample::select(vec![
        "1",
        "-1",
        "0",
        "5.5",
        "true",
        "null",
        "abc",
        "''",
        "RED",
        "NaN",
        "5s",
        "asc",
        "'2024-05-01T10:00:00Z'",
        "t.Item",
        "uuid",
        "'('",
        "'${env.X}'",
        "'${x}'",
        "'${'",
        "/dev/null",
        "aGk=",
        "99999999999999999999",
    ])
    .prop_map(String::from);
    words.prop_recursive(5, 40, 5, move |inner| {
        let entry = (prop::sample::select(names.clone()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map(entry.0, entry.1, 0..4).prop_map(|entries| {
                let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

/// Messages with some of their fields set.
fn messages() -> impl Strategy<Value = DynamicMessage> {
    let text = any::<String>;
    let item = (text(), any::<i32>(), prop::option::of(text())).prop_map(|(name, price, note)| match note {
        Some(note) => format!("{{ name: {}, price: {price}, note: {} }}", json(&name), json(&note)),
        None => format!("{{ name: {}, price: {price} }}", json(&name)),
    });
    let number =
        prop_oneof![Just("NaN".to_owned()), Just("-Infinity".to_owned()), any::<f64>().prop_map(|f| format!("{f:?}"))];
    let number = number.prop_map(|text| text.replace("inf", "Infinity"));
    let field = prop_oneof![
        any::<i32>().prop_map(|value| ("i32", value.to_string())),
        any::<u64>().prop_map(|value| ("u64", value.to_string())),
        any::<f32>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| ("f", format!("{value:?}"))),
        number.clone().prop_map(|value| ("d", value)),
        text().prop_map(|value| ("s", json(&value))),
        text().prop_map(|value| ("data", format!("{{ $utf8: {} }}", json(&value)))),
        (0..5_i32).prop_map(|value| ("color", value.to_string())),
        any::<i32>().prop_map(|value| ("maybe", value.to_string())),
        item.clone().prop_map(|item| ("item", item)),
        prop::collection::vec(item.clone(), 0..4).prop_map(|items| ("items", format!("[{}]", items.join(", ")))),
        prop::collection::vec(any::<i32>(), 0..4).prop_map(|numbers| ("numbers", format!("{numbers:?}"))),
        prop::collection::vec(number, 0..4).prop_map(|numbers| ("doubles", format!("[{}]", numbers.join(", ")))),
        (text(), any::<i32>())
            .prop_map(|(key, value)| ("counts", format!("{{ {}: {value} }}", json(&format!("k{key}"))))),
        text().prop_map(|value| ("email", json(&value))),
        item.prop_map(|item| ("any", item.replacen('{', "{ $type: t.Item,", 1))),
        (-1_000_000..1_000_000_i32).prop_map(|value| ("took", format!("{}s", f64::from(value) / 1000.0))),
        any::<i32>().prop_map(|value| ("wrapped", value.to_string())),
        (text(), any::<i32>())
            .prop_map(|(text, number)| ("struct", format!("{{ a: {}, b: [{number}, null] }}", json(&text)))),
        text().prop_map(|value| ("value", json(&value))),
        Just(("value", "null".to_owned())),
    ];
    prop::collection::vec(field, 0..8).prop_map(|fields| {
        let fields: std::collections::BTreeMap<_, _> = fields.into_iter().collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Written::new(&format!("{{ {} }}", fields.join(", "))).message()
    })
}

/// A text as YAML's double-quoted style writes it, which JSON's is; no `${`, which would be an expression.
fn json(text: &str) -> String {
    serde_json::Value::from(text.replace('{', "(")).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn compiling_and_comparing_never_panic(text in expectations(), message in messages()) {
        let written = Written::new(&text);
        let mut out = Diagnostics::new();
        let matcher = compile(&written.node, &message_type(), &FieldPath::new(), &written.context(), &mut out);
        prop_assert_eq!(matcher.is_none(), out.has_errors(), "{}", text);
        if let Some(matcher) = matcher {
            let message = Value::Message(message);
            for mismatch in matcher.compare(Some(&message), "response", &Arc::new(Scope::new())) {
                prop_assert!(!mismatch.to_diagnostic().headline.is_empty());
            }
            matcher.compare(None, "response", &Arc::new(Scope::new()));
        }
    }

    #[test]
    fn a_message_written_as_a_literal_matches_itself(message in messages()) {
        let text = render(&message, Limits::NONE);
        let text = if text.trim().is_empty() { "{}".to_owned() } else { text };
        let actual = Value::Message(message);
        let mismatches = compare(&text, &actual);
        prop_assert!(mismatches.is_empty(), "{}\n{:#?}", text, shown(&mismatches));
    }
}

#[test]
fn names_that_stand_for_yaml_are_read_in_place_of_the_name() {
    use std::collections::BTreeMap;

    use crate::expr::{Binding, Env, Value as Bound};

    let bound = Written::new("{ low: { $gte: 5 }, many: [1, 2], none: null, text: '5', both: { $in: ['${low}', 1] } }");
    let names: BTreeMap<Arc<str>, Binding> = bound
        .node
        .as_mapping()
        .expect("a mapping")
        .iter()
        .map(|entry| (Arc::clone(&entry.key.value), Binding::Known(Bound::Yaml(entry.value.clone()))))
        .collect();
    let env = Arc::new(Env::new()).child(names);
    let judge = |expected: &str, actual: &str| -> Vec<String> {
        let mut written = Written::new(expected);
        written.env = Arc::clone(&env);
        let matcher = written.compile().unwrap_or_else(|problems| panic!("{expected}: {problems:#?}"));
        let actual = super::super::testing::message(actual);
        shown(&matcher.compare(Some(&actual), "response", &Arc::new(Scope::new())))
    };
    assert!(judge("{ i32: '${low}' }", "{ i32: 7 }").is_empty());
    assert_eq!(
        judge("{ i32: '${low}' }", "{ i32: 4 }"),
        ["i32 is out of range | expected i32 ≥ 5 | actual: 4 (int32)"]
    );
    assert!(judge("{ numbers: '${many}' }", "{ numbers: [1, 2] }").is_empty());
    assert!(judge("{ i32: { $in: '${many}' } }", "{ i32: 2 }").is_empty());
    assert!(judge("{ maybe: '${none}' }", "{}").is_empty());
    assert!(
        judge("{ i32: '${text}', s: '${text}', strings: ['${text}x'] }", "{ i32: 5, s: '5', strings: [5x] }")
            .is_empty()
    );
    assert!(judge("{ i32: '${both}' }", "{ i32: 1 }").is_empty());
    assert_eq!(judge("{ i32: '${both}' }", "{ i32: 2 }").len(), 1);
}
