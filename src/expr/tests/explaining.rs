//! What a failed assertion shows.

use super::{Written, expression, scope};

fn explain(source: &str) -> Vec<String> {
    let parts = expression(source).explain(&scope()).parts;
    parts.into_iter().map(|(source, value)| format!("{source} = {}", value.short())).collect()
}

/// The part that made it false.
fn decisive(source: &str) -> String {
    let written = Written::block(source);
    let span = written.read().expect("it parses").explain(&scope()).span;
    written.sources.get(span.file).text()[span.range()].to_owned()
}

#[test]
fn operands_of_comparisons_are_shown() {
    assert_eq!(explain("count == 4"), ["count = 3"]);
    assert_eq!(explain("response.item.price > count + 1"), ["response.item.price = 3", "count + 1 = 4", "count = 3"]);
    assert_eq!(explain("who == 'bob' || who.size() > 5"), ["who = 'ada'", "who.size() = 3"]);
    assert_eq!(explain("!(who == 'ada')"), ["who = 'ada'"]);
    assert_eq!(explain("elapsed < duration('100ms')"), ["elapsed = 0.200s"]);
}

#[test]
fn only_what_was_evaluated_is_shown() {
    assert_eq!(explain("who == 'bob' && count == 4"), ["who = 'ada'"]);
    assert_eq!(explain("count == 3 ? who == 'x' : response.s == ''"), ["who = 'ada'"]);
}

#[test]
fn the_part_that_decided_is_told() {
    assert_eq!(decisive("who == 'ada' && count == 4"), "count == 4");
    assert_eq!(explain("who == 'ada' && count == 4"), ["count = 3"]);
    assert_eq!(decisive("(count == 4) && who == 'ada' && true"), "count == 4");
    assert_eq!(decisive("count == 3 ? who == 'ada' && empty.b : true"), "empty.b");
    assert_eq!(decisive("who == 'x' || count == 4"), "who == 'x' || count == 4");
    assert_eq!(decisive("true && !(who == 'ada' && count == 3)"), "!(who == 'ada' && count == 3)");
    // by chance, nobody can tell afterwards
    assert_eq!(decisive("uuid() == who && count == 4"), "uuid() == who && count == 4");
}

#[test]
fn an_element_that_falls_short_is_shown() {
    assert_eq!(
        explain("response.items.all(item, item.price > 0 && item.name != 'b')"),
        ["response.items = a list", "item = a message `t.Item`", "item.name = 'b'"]
    );
    assert_eq!(explain("response.counts.all(key, key != 'two')"), ["response.counts = a map", "key = 'two'"]);
}

#[test]
fn calls_and_macros_show_what_they_were_given() {
    assert_eq!(explain("who.startsWith('b')"), ["who = 'ada'"]);
    assert_eq!(explain("response.numbers.all(x, x > 1)"), ["response.numbers = a list", "x = 1"]);
    assert_eq!(explain("has(empty.item)"), Vec::<String>::new());
    assert_eq!(explain("response.b == false"), ["response.b = true"]);
    assert_eq!(explain("empty.b"), ["empty.b = false"]);
}

#[test]
fn what_is_random_is_left_out() {
    assert_eq!(explain("uuid() == who"), ["who = 'ada'"]);
    assert_eq!(explain("now() < timestamp(0) && who == 'x'"), ["who = 'ada'"]);
}

#[test]
fn nothing_is_shown_twice() {
    assert_eq!(explain("count + count > count * 9"), ["count + count = 6", "count = 3", "count * 9 = 27"]);
}
