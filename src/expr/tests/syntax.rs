//! What does not parse: told in our words, at its place, with a way out.

use super::{Expression, Written};
use crate::diagnostic::Diagnostics;

fn fault(source: &str) -> String {
    let written = Written::block(source);
    match written.read() {
        Ok(_) => panic!("`{source}` parses"),
        Err(problems) => {
            assert_eq!(problems.len(), 1);
            written.words(&problems[0])
        }
    }
}

#[test]
fn words_of_other_languages_are_answered_with_ours() {
    for (source, expected) in [
        ("a = 1", "=: `=` does not compare | not an operator here | write `==`"),
        ("a === 1", "===: `===` is not CEL | not an operator here | write `==`: in CEL it always compares values"),
        ("a !== 1", "!==: `!==` is not CEL | not an operator here | write `!=`"),
        ("a <> 1", "<>: `<>` is not CEL | not an operator here | write `!=`"),
        ("a and b", "and: `and` is not an operator | not CEL | write `&&`"),
        ("a == 1 or b", "or: `or` is not an operator | not CEL | write `||`"),
        ("not a", "not: `not` is not CEL | not an operator | write `!`"),
        ("a not in b", "not in: `not in` is not CEL | not an operator | write `!(x in list)`"),
        ("a & b", "&: a single `&` is not CEL | not an operator here | write `&&`"),
        ("a | b", "|: a single `|` is not CEL | not an operator here | write `||`"),
        (
            "null?.x",
            "?.: `?.` is not CEL | the question mark comes after the dot | write `.?x`, and say what to take without it: `.orValue(…)`",
        ),
        (
            "a ?? b",
            "??: `??` is not CEL | not an operator here | write `a.?b.orValue('otherwise')`, or `has(a.b) ? a.b : 'otherwise'`",
        ),
        (
            "l.filter(x => x > 1)",
            "=>: CEL has no functions of one's own | not an operator here | a condition over a list is written `list.all(x, x > 0)`",
        ),
        ("if (a) b", "if: `if` is not CEL | not a word of expressions | write `condition ? this : that`"),
        (
            "let x = 1",
            "let: `let` is not CEL | an expression declares nothing | variables are declared under `vars:` or `capture:`",
        ),
        ("a; b", ";: `;` is not CEL | not an operator here | an expression is one; join conditions with `&&`"),
        (
            "${a} == 1",
            "${: `${` inside an expression | this is an expression already | write names as they are: `user_id`, not `${user_id}`",
        ),
        ("elapsed < 200ms", "200ms: `200ms` is not a number | not CEL | a duration is written `duration('200ms')`"),
        ("a > 1_000", "1_000: `1_000` is not a number | not CEL | write `1000`"),
        (
            "name contains 'x'",
            "contains: `contains` is not an operator | not CEL | write `text.contains('part')`, or `element in list`",
        ),
    ] {
        assert_eq!(fault(source), expected, "{source}");
    }
}

#[test]
fn what_is_open_or_missing_is_told_at_its_place() {
    for (source, expected) in [
        ("(a", "(: `(` is never closed | opened here | close it with `)`"),
        ("f(a, [1, 2)", "): `)` does not close `[` | wrong bracket | close `[` with `]` first"),
        ("a)", "): `)` closes nothing | nothing is open here | remove it, or open it with `(`"),
        ("a ==", ": something is missing after `==` | expected a value here"),
        ("a && (b || )", ": something is missing after `||` | expected a value here"),
        ("== b", "==: something is missing before `==` | expected a value before it | `==` stands between two values"),
        (
            "a b",
            "b: an operator is missing before `b` | not expected here | join conditions with `&&` or `||`; text is written in quotes",
        ),
        ("a ? b", "?: `?` has no `:` | what if the condition is false? | write `condition ? this : that`"),
        ("'abc", "'abc: a text is never closed | begins here | close it with `'`"),
        (
            r"a.matches('\d+')",
            r"\d: `\d` is no escape | unknown escape | a literal backslash is written `\\`; in `r'…'` it needs none, as in `r'\d+'`",
        ),
        ("世 == 1", "世: `世` is not a name | names are ASCII letters, digits and `_` | text is written in quotes"),
        ("'世界' = 1", "=: `=` does not compare | not an operator here | write `==`"),
        (
            "99999999999999999999",
            "99999999999999999999: 99999999999999999999 is out of range | does not fit into 64 bits | an int lies between -9223372036854775808 and 9223372036854775807, a uint (`10u`) goes to 18446744073709551615",
        ),
        (
            "t.M{i32: 1}",
            "{: messages are not built in expressions | `t.M{…}` makes a message | write a message as YAML, in `vars` or where it is needed; a map is written `{'key': value}`",
        ),
        (
            "a +\n b c",
            "c: an operator is missing before `c` | not expected here | join conditions with `&&` or `||`; text is written in quotes",
        ),
    ] {
        assert_eq!(fault(source), expected, "{source}");
    }
}

#[test]
fn places_are_those_of_the_source_whatever_its_style() {
    for (yaml, place) in [
        ("e: a = 1", "="),
        ("e: \"'\\u4e16' = b\"", "="),
        ("e: 'a.matches(''x'') = 1'", "="),
        ("e: >-\n  '世界'\n  = 1", "="),
        ("e: |\n  a ==\n    1 | 2\n", "|"),
    ] {
        let written = Written::new(yaml);
        let node = written.node.get("e").expect("there").clone();
        let mut out = Diagnostics::new();
        Expression::parse(&node, &written.sources, &mut out);
        let label = out.iter().next().and_then(|problem| problem.primary.clone()).expect("a place");
        assert_eq!(&yaml[label.span.range()], place, "{yaml}");
    }
}

#[test]
fn a_comment_that_cuts_an_expression_is_told() {
    let yaml = "e: a ==   # 1\nf: size( # x\ng: a == 1 # fine\n";
    let written = Written::new(yaml);
    let mut out = Diagnostics::new();
    for entry in written.node.as_mapping().expect("a mapping") {
        Expression::parse(&entry.value, &written.sources, &mut out);
    }
    let problems: Vec<_> = out.into_iter().collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    for problem in problems {
        assert!(problem.hints.last().expect("a hint").starts_with("in YAML ` #` begins a comment"), "{problem:?}");
    }
}

#[test]
fn what_is_too_long_is_refused() {
    assert!(fault(&"(".repeat(3_000)).contains("too long"));
    assert!(fault(&format!("1{}", " + 1".repeat(900))).contains("too long"));
    assert!(fault(&format!("'{}'", "x".repeat(200_000))).contains("too long"));
    assert!(fault(&format!("{}1{}", "(".repeat(200), ")".repeat(200))).contains("too long"));
    assert!(Written::block(&format!("{}1{}", "(".repeat(50), ")".repeat(50))).read().is_ok());
}
