//! From a part of a scalar's text back to its source.

use super::{Node, good};

/// The source of the first `wanted` in the text of the root's only value.
fn source_of(text: &str, wanted: &str) -> String {
    let tree = good(text);
    let node: &Node = tree.get("a").expect("the key `a`");
    let scalar = node.as_scalar().expect("a scalar");
    let start = scalar.text.find(wanted).unwrap_or_else(|| panic!("{wanted:?} in {:?}", scalar.text));
    text[scalar.places(node.span, text).span_of(start..start + wanted.len()).range()].to_owned()
}

#[test]
fn a_part_of_a_text_is_found_in_each_style() {
    let table = [
        ("a: Hello, ${who}!", "${who}", "${who}"),
        ("a: Hällo, ${wör}!", "${wör}", "${wör}"),
        ("a: one\n  two\n\n  ${x} three", "${x}", "${x}"),
        ("a: one\r\n  two ${x}\r\n", "${x}", "${x}"),
        ("a: 'it''s ${x}'", "${x}", "${x}"),
        ("a: 'it''s ${x}'", "'", "''"),
        ("a: 'it''s ${x}'", "t's", "t''s"),
        ("a: \"tab\\t ${x}\"", "${x}", "${x}"),
        ("a: \"tab\\t ${x}\"", "\t", "\\t"),
        ("a: \"\\u00e9\\x41\\U0001F600 \\\"${x}\\\"\"", "${x}", "${x}"),
        ("a: \"\\u00e9\\x41\\U0001F600 \\\"${x}\\\"\"", "\u{1f600}", "\\U0001F600"),
        ("a: \"\\uD834\\uDD1E ${x}\"", "${x}", "${x}"),
        ("a: \"one\n  two \\\n  three\n\n  ${x}\"", "${x}", "${x}"),
        ("a: \"one\n  two \\\n  three\n\n  ${x}\"", "two three", "two \\\n  three"),
        ("a: |\n  one\n    two\n\n  ${x} three\n", "${x}", "${x}"),
        ("a: |\n  one\n    two\n\n  ${x} three\n", "  two", "  two"),
        ("a: |2-  # c\n    one\n   ${x}\n", "${x}", "${x}"),
        ("a: |\r\n  one\r\n  ${x}\r\n", "${x}", "${x}"),
        ("a: |\n\n\n  one ${x}\n", "${x}", "${x}"),
        ("a: >\n  one\n  two\n\n  ${x} three\n", "${x}", "${x}"),
        ("a: >-\n  one\n    more\n    ${x}\n  two\n", "${x}", "${x}"),
        ("a: >-\n\n  one\n  two\n", "one two", "one\n  two"),
        ("a: >\r\n  one\r\n  ${x}\r\n", "${x}", "${x}"),
        ("a: >+\n  one\n  ${x}\n\n", "${x}", "${x}"),
    ];
    for (text, wanted, expected) in table {
        assert_eq!(source_of(text, wanted), expected, "{wanted:?} in {text:?}");
    }
}

#[test]
fn what_has_no_exact_place_is_the_whole_scalar() {
    let text = "a: 'x'";
    let tree = good(text);
    let node = tree.get("a").expect("key");
    let scalar = node.as_scalar().expect("scalar");
    assert_eq!(scalar.places(node.span, text).span_of(0..2), node.span, "beyond the text");
    assert_eq!(scalar.places(node.span, "other: source").span_of(0..1), node.span, "not its source");
    assert_eq!(&text[scalar.places(node.span, text).span_of(0..0).range()], "");
}
