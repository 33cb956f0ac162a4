//! What a failed assertion shows.

use super::{expression, scope};

fn explain(source: &str) -> Vec<String> {
    let parts = expression(source).explain(&scope());
    parts.into_iter().map(|(source, value)| format!("{source} = {}", value.short())).collect()
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
    assert_eq!(explain("who == 'ada' && count == 4"), ["who = 'ada'", "count = 3"]);
    assert_eq!(explain("count == 3 ? who == 'x' : response.s == ''"), ["count = 3", "who = 'ada'"]);
}

#[test]
fn calls_and_macros_show_what_they_were_given() {
    assert_eq!(explain("who.startsWith('b')"), ["who = 'ada'"]);
    assert_eq!(explain("response.numbers.all(x, x > 1)"), ["response.numbers = a list"]);
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
