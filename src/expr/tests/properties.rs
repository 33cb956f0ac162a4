//! Nothing that is written makes an expression panic, or run without end.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Written, env, scope};
use crate::diagnostic::Diagnostics;
use crate::expr::Expression;
use crate::yaml::{Node, NodeKind, Scalar, Style};

fn all_of_it(source: &str) {
    let written = Written::new("e: x");
    let span = written.node.span;
    let node = Node { span, kind: NodeKind::Scalar(Scalar { text: source.into(), style: Style::DoubleQuoted }) };
    let mut out = Diagnostics::new();
    let Some(expression) = Expression::parse(&node, &written.sources, &mut out) else {
        assert!(!out.is_empty());
        return;
    };
    let sound = expression.check(&env(), &mut out).is_some();
    assert_eq!(sound, out.is_empty());
    let names: Vec<_> = expression.names().collect();
    assert!(names.iter().all(|name| !name.path.is_empty()));
    let scope = scope().until(Instant::now() + Duration::from_millis(50));
    let _ = expression.evaluate(&scope);
    expression.explain(&scope);
}

/// Parts of expressions, joined at random: more of them parse than of letters.
fn joined() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "response",
        "empty",
        "who",
        "count",
        "status",
        "env",
        ".items",
        ".numbers",
        ".item",
        ".color",
        ".at",
        ".took",
        ".any",
        ".struct",
        ".by_id",
        ".?maybe",
        "[0]",
        "[?1]",
        "['one']",
        "has(",
        ".all(x, ",
        ".map(x, ",
        ".filter(x, ",
        ".sortBy(x, ",
        ".exists_one(x, ",
        "cel.bind(x, ",
        "math.greatest(",
        "math.abs(",
        ".format([",
        "size(",
        "string(",
        "int(",
        "duration(",
        "timestamp(",
        "sum(",
        "random_string(",
        ".substring(",
        ".replace('a', ",
        ".join(",
        ".split(",
        ".slice(",
        "lists.range(",
        "base64.decode(",
        "optional.of(",
        ".orValue(",
        ".optMap(x, ",
        "x",
        "1",
        "-1",
        "9223372036854775807",
        "18446744073709551615u",
        "1e308",
        "0.0",
        "'世'",
        "'%.3f%s'",
        "b'\\xff'",
        "'1h'",
        "null",
        "true",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ":",
        ",",
        "?",
        "+",
        "-",
        "*",
        "/",
        "%",
        "==",
        "<",
        "&&",
        "||",
        "!",
        "in",
        " ",
    ]);
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_an_expression_or_a_fault(source in "\\PC{0,60}") {
        all_of_it(&source);
    }

    #[test]
    fn any_letters_of_expressions_are_an_expression_or_a_fault(source in "[a-c0-9.,?:()\\[\\]{}'\"\\\\+*/%<>=!&|\n世 -]{0,40}") {
        all_of_it(&source);
    }

    #[test]
    fn any_parts_are_an_expression_or_a_fault(source in joined()) {
        all_of_it(&source);
    }
}
