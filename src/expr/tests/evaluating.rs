//! Operators, functions, macros, and where they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Value, Written, evaluate, evaluate_unchecked, expression, is_true, names, scope};

#[test]
fn numbers_of_all_types_mix() {
    for source in [
        "count + 1 == 4",
        "1 + count == 4u",
        "response.u64 - 1 == 18446744073709551614u",
        "count - 4 == -1",
        "1 + 0.5 == 1.5",
        "7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1",
        "7.0 / 2 == 3.5",
        "response.i32 < response.u64",
        "9007199254740993 != 9007199254740992.0",
        "response.color + 1 == 3",
        "-count == -3",
        "response.i64 < -9.3e18 == false",
        "2u * 3 == 6 && type(2u * 3) == uint",
    ] {
        is_true(source);
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let wrong = |source: &str| evaluate(source).expect_err(source);
    assert_eq!(
        wrong("response.u64 + 1"),
        "response.u64 + 1: the result is out of range | `+` of 18446744073709551615 and 1"
    );
    assert_eq!(wrong("response.i64 - 1").split(" | ").next(), Some("response.i64 - 1: the result is out of range"));
    assert!(wrong("-response.i64").contains("cannot be negated"));
    assert!(wrong("count / (count - 3)").contains("division by zero"));
    assert!(wrong("count - 4u").contains("out of range"), "of uints alone");
    assert!(wrong("timestamp('9999-12-31T23:59:59Z') + duration('1s')").contains("out of range"));
}

#[test]
fn logic_is_short_and_forgives_what_does_not_matter() {
    for source in [
        "true || response.items[9].name == ''",
        "response.items[9].name == '' || true",
        "!(response.items[9].name == '' && false)",
        "response.items.exists(x, response.items[x.price].price == 2)",
        "false ? response.items[9].price == 1 : true",
    ] {
        is_true(source);
    }
    assert!(evaluate("response.items[9].name == '' || false").is_err());
    assert!(evaluate("response.items[9].name == '' && true").is_err());
}

#[test]
fn macros_go_over_lists_and_maps() {
    for source in [
        "response.numbers.all(x, x > 0) && !response.numbers.all(x, x > 1)",
        "response.items.exists(i, i.name == 'b') && !response.items.exists(i, i.name == 'c')",
        "response.items.exists_one(i, i.price > 1)",
        "response.numbers.map(x, x * 2) == [2, 4, 6]",
        "response.numbers.map(x, x > 1, x * 2) == [4, 6]",
        "response.items.filter(i, i.tags.size() > 0).size() == 1",
        "response.counts.all(k, response.counts[k] <= 2)",
        "response.counts.map(k, k) == ['one', 'two']",
        "response.items.sortBy(i, -i.price).map(i, i.name) == ['b', 'a']",
        "[[1], [2, 3]].map(l, l.map(x, x + l[0])) == [[2], [4, 5]]",
        "cel.bind(x, response.numbers.size(), x * x) == 9",
        "math.greatest(response.numbers) == 3 && math.least(1, 2u, -1.5) == -1.5",
        "[].all(x, x) && ![].exists(x, x)",
        "status.exists(k, k == 'code')",
    ] {
        is_true(source);
    }
}

#[test]
fn optionals_say_what_may_be_missing() {
    for source in [
        "response.?maybe.orValue(7) == 0 && empty.?maybe.orValue(7) == 7",
        "empty.?item.name.orValue('none') == 'none'",
        "empty.?item.?name.orValue('none') == 'none'",
        "response.counts[?'three'].orValue(3) == 3",
        "response.numbers[?5].hasValue() == false",
        "response.?item.name.value() == 'pen'",
        "env.?NOPE.orValue('x') == 'x' && env.?HOME.orValue('x') == '/root'",
        "env.HOME == '/root' && env['HOME'] == '/root'",
        "[?response.?maybe, ?empty.?maybe] == [0]",
        "{?'a': empty.?maybe, 'b': 1} == {'b': 1}",
        "optional.of(1).optMap(x, x + 1).value() == 2",
        "!optional.none().hasValue() && optional.none().or(optional.of(1)).value() == 1",
        "response.counts.?one.optFlatMap(x, optional.of(x)).orValue(0) == 1",
    ] {
        is_true(source);
    }
    assert_eq!(
        evaluate_unchecked("response.?maybe").expect_err("an optional"),
        "response.?maybe: an optional is no value | it may be none | say what to take then: `.orValue('otherwise')`"
    );
}

#[test]
fn functions_of_cel_are_there() {
    for source in [
        "who.startsWith('a') && who.endsWith('a') && who.contains('d') && who.matches('^a.a$')",
        "response.s.size() == 2 && size(response.data) == 2 && size(response.counts) == 2",
        "'a,b'.split(',').join('-') == 'a-b' && 'abc'.substring(1, 2) == 'b' && ' x '.trim() == 'x'",
        "'%s is %d'.format([who, 3]) == 'ada is 3'",
        "'aXb'.lowerAscii() == 'axb' && 'ab'.reverse() == 'ba' && 'aba'.replace('a', 'c', 1) == 'cba'",
        "'tacocat'.indexOf('c') == 2 && 'tacocat'.lastIndexOf('c') == 4 && 'abc'.charAt(1) == 'b'",
        "strings.quote('a\"b') == '\"a\\\\\"b\"'",
        "lists.range(3) == [0, 1, 2] && [3, 1, 2].sort() == [1, 2, 3] && [1, 1].distinct() == [1]",
        "[1, [2, [3]]].flatten() == [1, 2, [3]] && [1, 2, 3].slice(1, 2) == [2] && [1, 2].reverse() == [2, 1]",
        "response.items.reverse()[0].name == 'b' && response.items.distinct().size() == 2",
        "base64.encode(b'hi') == 'aGk=' && base64.decode('aGk=') == b'hi'",
        "math.abs(-3) == 3 && math.ceil(1.2) == 2.0 && math.sqrt(9) == 3.0 && math.bitAnd(6, 3) == 2",
        "math.round(1.5) == 2.0 && math.sign(-2) == -1 && math.isNaN(0.0 / 0.0) && !math.isInf(1)",
        "int('7') == 7 && uint(7) == 7u && double('1.5') == 1.5 && string(1.5) == '1.5' && bool('true')",
        "string(response.color) == 'GREEN' && int(response.color) == 2 && string(b'a') == 'a' && bytes('a') == b'a'",
        "timestamp('2024-02-29T12:30:00.5Z') == response.at && response.at.getFullYear() == 2024",
        "response.at.getHours('+01:00') == 13 && int(response.at) == 1709209800 && timestamp(0) < response.at",
        "duration('1m30s').getSeconds() == 90 && response.took == duration('1500ms') && elapsed < duration('1s')",
        "response.at - response.took == timestamp('2024-02-29T12:29:59Z')",
        "type(1) == int && type(who) == string && type(null) == null_type && type([]) == list && type(1.0) != int",
        "dyn(1) == 1 && sum([1, 2u, 0.5]) == 3.5 && sum([]) == 0 && sum(response.numbers) == 6",
        "sum([duration('1s'), duration('2s')]) == duration('3s')",
        "now() - duration('1h') < now()",
    ] {
        is_true(source);
    }
}

#[test]
fn every_function_of_the_table_is_found() {
    use crate::expr::signature::{SIGNATURES, Takes};
    let argument = |takes: Takes| match takes {
        Takes::Anything | Takes::Whole | Takes::Number => "1",
        Takes::Bool => "true",
        Takes::Double => "1.0",
        Takes::Text => "'1'",
        Takes::Bytes => "b'1'",
        Takes::Timestamp => "timestamp(0)",
        Takes::Duration => "duration('1s')",
        Takes::List => "[1]",
        Takes::Map => "{'a': 1}",
        Takes::Optional => "optional.of(1)",
        Takes::Enum => "response.color",
    };
    for signature in SIGNATURES {
        let arguments: Vec<_> = signature.takes.iter().map(|takes| argument(*takes)).collect();
        let target = signature.target.map_or(String::new(), |takes| format!("{}.", argument(takes)));
        let source = format!("{target}{}({})", signature.name, arguments.join(", "));
        if let Err(problem) = evaluate_unchecked(&source) {
            // it is there, and does not like its argument
            assert!(!problem.contains("Undeclared") && !problem.contains("these types"), "{source}: {problem}");
        }
    }
}

#[test]
fn random_values_repeat_with_their_seed() {
    let draw = |seed| {
        let scope = scope().with_random(seed);
        let values = ["uuid()", "random_string(8)", "random_int(1, 1000000)"]
            .map(|source| expression(source).evaluate(&scope).expect("a value").to_text().expect("a text"));
        assert_eq!(values[0].len(), 36);
        assert_eq!(&values[0][14..15], "4");
        assert_eq!(values[1].len(), 8);
        values
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    assert!(evaluate_unchecked("random_int(count, 1)").is_err());
    is_true("lists.range(100).all(x, random_int(3, 5) in [3, 4, 5])");
    is_true("uuid() != uuid()");
}

#[test]
fn a_variable_is_computed_once_whatever_is_drawn_beside_it() {
    let id = |drawn: usize| {
        let yaml = Written::new("a: ${uuid()}\nb: x${a}\n");
        let value = |name| Value::Yaml(yaml.node.get(name).expect("there").clone());
        let scope = scope().with_random(3).child(names([("a", value("a")), ("b", value("b"))]));
        for _ in 0..drawn {
            expression("uuid()").evaluate(&scope).expect("a value");
        }
        let get = |source: &str| expression(source).evaluate(&scope).expect("a value").to_text().expect("a text");
        assert_eq!(get("b"), format!("x{}", get("a")));
        get("a")
    };
    assert_eq!(id(0), id(3), "and does not depend on the order");
}

#[test]
fn evaluation_ends_at_its_deadline() {
    let scope = scope().until(Instant::now() + Duration::from_millis(20));
    let source = "lists.range(1000).all(a, lists.range(1000).all(b, a * b >= 0))";
    let before = Instant::now();
    let problem = expression(source).evaluate(&scope).expect_err("too long");
    assert_eq!(problem.headline, "the evaluation is given up");
    assert!(before.elapsed() < Duration::from_secs(2));
}

#[test]
fn evaluation_is_bounded_without_a_deadline() {
    for source in [
        "lists.range(1000000).map(a, lists.range(1000000)).size() > 0",
        "lists.range(60).map(a, lists.range(1000000).map(b, 'x')).size() > 0",
        "cel.bind(a, random_string(1000000), lists.range(1000).all(x, (a + a).size() > 0))",
        "cel.bind(a, random_string(1000000), cel.bind(b, a.replace('', a), b.size() > 0))",
        "cel.bind(a, random_string(1000000), cel.bind(b, lists.range(1000).map(x, a).join(a), b.size() > 0))",
        "lists.range(100000).map(x, x % 7919).distinct().size() > 0",
    ] {
        let problem = expression(source).evaluate(&scope()).expect_err(source);
        assert_eq!(problem.headline, "the evaluation is given up", "{source}");
    }
}

#[test]
fn yaml_is_read_as_json_within_an_expression_and_as_written_alone() {
    let yaml = Written::new("n: 3\nversion: 1.10\nno: no\nquoted: '3'\nuser: { name: ada, tags: [a, b], age: 36 }\n");
    let entries = yaml.node.as_mapping().expect("a mapping");
    let values = entries.iter().map(|entry| (Arc::clone(&entry.key.value), Value::Yaml(entry.value.clone())));
    let scope = scope().child(values.collect());
    for source in [
        "n + 1 == 4",
        "version == 1.1",
        "no == 'no'",
        "quoted == '3'",
        "user.age + 1 == 37 && user.tags.size() == 2 && user['name'] == 'ada' && user.tags[1] == 'b'",
        "has(user.name) && !has(user.nope)",
        "user.?nope.orValue('x') == 'x'",
        "user == {'name': 'ada', 'tags': ['a', 'b'], 'age': 36}",
    ] {
        let value = expression(source).evaluate(&scope);
        assert!(matches!(value, Ok(Value::Bool(true))), "{source}: {value:?}");
    }
    let alone = expression("version").evaluate(&scope).expect("a value");
    assert!(matches!(alone, Value::Yaml(node) if &*node.as_scalar().expect("a scalar").text == "1.10"));
}
