//! The same inputs through our tree and through `serde_yaml`, and what holds of any input.

use proptest::prelude::*;
use serde_yaml::Value;

use super::{Node, NodeKind, Style, good, read, show};
use crate::diagnostic::{Span, render_all};

/// Whether both read the same: shape, keys and their order, and text wherever `serde_yaml` says that it is one.
fn same(ours: &Node, theirs: &Value) -> Result<(), String> {
    let differ = || Err(format!("ours: {}, theirs: {theirs:?}", show(ours)));
    match (&ours.kind, theirs) {
        (NodeKind::Scalar(scalar), theirs) => same_text(&scalar.text, scalar.style, theirs).or_else(|()| differ()),
        (NodeKind::Sequence(items), Value::Sequence(values)) if items.len() == values.len() => {
            items.iter().zip(values).try_for_each(|(item, value)| same(item, value))
        }
        (NodeKind::Mapping(entries), Value::Mapping(values)) if entries.len() == values.len() => {
            for (entry, (key, value)) in entries.iter().zip(values) {
                same_text(&entry.key.value, entry.key_style, key).or_else(|()| differ())?;
                same(&entry.value, value)?;
            }
            Ok(())
        }
        _ => differ(),
    }
}

fn same_text(text: &str, style: Style, theirs: &Value) -> Result<(), ()> {
    let same = match theirs {
        Value::String(string) => string == text,
        Value::Null => style == Style::Plain && matches!(text, "null" | "~" | "Null" | "NULL"),
        Value::Bool(value) => style == Style::Plain && text.parse() == Ok(*value),
        Value::Number(_) => style == Style::Plain,
        _ => false,
    };
    if same { Ok(()) } else { Err(()) }
}

#[test]
fn reads_what_serde_yaml_reads() {
    let table = [
        "a: b",
        "a: 1\nb: 1.5\nc: true\nd: null\ne: ~\nf: 0x1F\ng: .inf",
        "- a\n- b\n- - c\n  - d\n- e: f\n  g: h\n-\n  - i",
        "a:\n- b\n- c\nd: e",
        "a:\n  - b\n  - c\nd: e",
        "a: [b, c, [d, e], {f: g}]",
        "a: { b: c, d: [e], f: { g: h } }",
        "a: [\n  b,\n  c,\n]\nd: {\n  e: f,\n  g: h,\n}",
        "[]",
        "{}",
        "a: []\nb: {}\nc: ''\nd: \"\"",
        "plain text with spaces",
        "'single ''quoted'' text'",
        "\"double \\\"quoted\\\" text\"",
        "\"\\0 \\a \\b \\t \\n \\v \\f \\r \\e \\\" \\/ \\\\ \\N \\_ \\L \\P \\x41 \\u00e9 \\U0001F600\"",
        "a: 'x: y'\nb: \"# no comment\"\nc: x#y\nd: x:y\ne: -x\nf: http://a/b?c=d&e=f#g",
        "a: b # comment\n# comment\nc: d",
        "# comment\n\n\na: b\n\n\n# comment\n",
        "a: multi\n  line\n  plain",
        "a: multi\n  line\n\n  with a break\n\n\n  and two",
        "a: 'multi\n  line\n\n  quoted'",
        "a: \"multi\n  line \\\n  joined\n\n  quoted\"",
        "a: \"  lead and trail  \"",
        "a: |\n  literal\n  text\n",
        "a: |\n  literal\n    indented\n  text\n\n  after a blank\n",
        "a: |-\n  stripped\n\n\nb: c",
        "a: |+\n  kept\n\n\nb: c",
        "a: |2\n    explicit\n   indentation\n",
        "a: |\n\n  after a blank\n",
        "a: |\n  # no comment\n  x\n# comment\nb: c",
        "a: >\n  folded\n  text\n\n  and more\n",
        "a: >-\n  folded\n    more indented\n    lines\n  text\n",
        "a: >+\n  folded\n\n\nb: c",
        "a: >\n\n  folded\n\n\n  text\n",
        "- |\n  a\n- >\n  b\n- c",
        "a: |\nb: c",
        "a: | # comment\n  x",
        "? a\n: b\n? c\n: d",
        "? |\n  block key\n: b",
        "'quoted key': a\n\"double\\tkey\": b\nkey with spaces: c",
        "1: a\n2.5: b\ntrue: c",
        "{ \"a\":b, 'c':d, \"e\": f }",
        "[a: b, c: d]",
        "[\"a\", 'b', c d]",
        "a: &x b\nc: *x",
        "a: &x [b, c]\nd: [*x, *x]",
        "a: &x\n  b: c\nd: *x",
        "&root\na: b\n".strip_prefix("&root\n").unwrap_or_default(),
        "base: &base {a: 1, b: 2}\nc:\n  <<: *base\n",
        "--- \na: b\n",
        "--- a\n",
        "---\na: b\n...\n",
        "%YAML 1.2\n---\na: b\n",
        "a: b\r\nc:\r\n  - d\r\n  - e\r\n",
        "a: |\r\n  x\r\n  y\r\nb: 'c\r\n  d'\r\n",
        "\u{feff}a: b",
        "käse: brötchen\n世界: 👋🏽\n",
        "a:   b   \nc:\t d\t\n",
        "a:\n\n\n  b: c\n\n  d: e\n",
        "a:\n      b:\n       c: d\n",
        "-   a\n-   b: c\n    d: e\n",
        "- - - a\n- - b\n",
        "a: -1\nb: - 1".trim_end_matches("\nb: - 1"),
        "a: '- b'\nc: \"[d]\"\ne: '{f}'",
        "a: x, y\nb: x] y\nc: x} y",
        "message: Hello, ${who}!\nwhole: ${who}\nquoted: \"${a ? 'b' : \"c\"}\""
            .split("\nquoted")
            .next()
            .unwrap_or_default(),
        "a: { $between: [10, 20] }\nb: { $in: [OK, NOT_FOUND] }\nc: '$${'",
        "when: x && y || !z\nstar: a*b\npercent: 50%\nat: a@b",
        "time: 2001-12-14t21:59:43.10-05:00\ndate: 2002-12-14\nversion: 1.10\noctal: 0123\nno: no",
        "a: \"x\\\n   y\"",
        "a: \"trailing \\x20\\\n  \\  y\"",
        "a: b\n\nc: d   \n   \n",
        "a: null\nb: Null\nc: NULL\nd: nUll",
        "a: '\n  x\n\n  y\n  '",
    ];
    for text in table {
        let mut theirs: Value = serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        theirs.apply_merge().unwrap_or_else(|error| panic!("{text:?}: {error}"));
        same(&good(text), &theirs).unwrap_or_else(|difference| panic!("{text:?}: {difference}"));
    }
}

/// Without the characters that are line breaks in YAML 1.1, to which `serde_yaml` keeps, and none in 1.2.
fn unbroken(text: &str) -> String {
    text.replace(['\u{85}', '\u{2028}', '\u{2029}'], " ")
}

/// Texts that need care: indicators, white space, line breaks, quotes, escapes, other scripts.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "([a-z:#,&*!|>'\"%@`{}\\[\\]?-]|[ \n\t]){0,12}",
        "(\n| |a|  b){0,10}",
        "\\PC{0,8}".prop_map(|text| unbroken(&text)),
        any::<String>().prop_map(|text| unbroken(&text)),
        Just("null".to_owned()),
        Just("~".to_owned()),
        Just("<<".to_owned()),
        Just("1.10".to_owned()),
        Just("---".to_owned()),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null)
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..6).prop_map(|entries| {
                Value::Mapping(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
            }),
        ]
    })
}

/// Text that looks like YAML more than not.
fn soup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        4 => prop::sample::select(vec![
            "a", "b: ", "- ", "\n", "\n  ", "\n    ", ": ", "{", "}", "[", "]", ", ", "'", "\"", "|\n", ">-\n", "&x ", "*x", "!t ", "# c\n", "? ",
            "---\n", "...\n", "<<: ", "${x}", "{{ y }}", "\t", "\r\n", "\u{feff}", "é", "世", "\\", "\\x41", "\\u00e9", "~", "null", "%", "@", "`", "\0",
            "\u{85}", "\u{2028}", "\r",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

fn check_span(text: &str, span: Span, outer: Option<Span>) {
    assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
    if let Some(outer) = outer {
        assert!(outer.start <= span.start && span.end <= outer.end, "{span:?} outside of {outer:?} in {text:?}");
    }
}

/// Spans lie in the text on character boundaries, and a plain scalar of one line is its source. `outer` where there are no
/// aliases, whose nodes lie elsewhere.
fn check_spans(text: &str, node: &Node, outer: Option<Span>) {
    check_span(text, node.span, outer);
    let inner = outer.map(|_| node.span);
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let source = &text[node.span.range()];
            if scalar.style == Style::Plain && !source.contains(['\n', '\r']) {
                assert_eq!(source, &*scalar.text);
            }
            for (start, c) in scalar.text.char_indices() {
                check_span(text, scalar.places(node.span, text).span_of(start..start + c.len_utf8()), Some(node.span));
            }
        }
        NodeKind::Sequence(items) => items.iter().for_each(|item| check_spans(text, item, inner)),
        NodeKind::Mapping(entries) => {
            for entry in entries.iter() {
                check_span(text, entry.key.span, inner);
                check_spans(text, &entry.value, inner);
            }
        }
    }
}

fn check_input(text: &str) {
    let read = read(text);
    for diagnostic in read.diagnostics.iter() {
        for label in diagnostic.primary.iter().chain(&diagnostic.secondary) {
            check_span(text, label.span, None);
        }
    }
    let shown = render_all(&read.diagnostics, &read.sources, false);
    assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()), "{shown:?}");
    match &read.tree {
        Some(tree) => {
            let whole = Span::new(tree.span.file, 0, text.len());
            check_spans(text, tree, (!text.contains('*')).then_some(whole));
        }
        None => assert!(read.diagnostics.has_errors(), "no tree and no reason for {text:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        check_input(&text);
    }

    #[test]
    fn nothing_like_yaml_makes_it_panic(text in soup()) {
        check_input(&text);
    }

    #[test]
    fn what_both_accept_is_the_same(text in soup()) {
        // serde_yaml reads nothing as null and knows tags, where we report errors; to it, a block that is the whole
        // document must be indented. A byte order mark hides from it the `---` behind it, and a block that ends the
        // document in a lone carriage return has a last line feed only to it.
        let text = unbroken(&text).replace('\u{feff}', "").trim_end_matches('\r').to_owned();
        let ours = read(&text);
        if let (Some(tree), false) = (&ours.tree, ours.diagnostics.has_errors())
            && tree.as_scalar().is_none()
            && let Ok(mut theirs) = serde_yaml::from_str::<Value>(&text)
            && theirs.apply_merge().is_ok()
        {
            prop_assert_eq!(same(tree, &theirs), Ok(()), "{:?}", text);
        }
    }

    #[test]
    fn what_serde_yaml_writes_reads_the_same(value in tree()) {
        let text = serde_yaml::to_string(&value).expect("a tree can be written");
        let back: Value = serde_yaml::from_str(&text).expect("and read again");
        prop_assert_eq!(&back, &value);
        // `<<` is a key like any other to serde_yaml, and written without quotes
        if !text.contains("<<") {
            let node = good(&text);
            prop_assert_eq!(same(&node, &value), Ok(()), "{:?}", text);
            check_spans(&text, &node, Some(Span::new(node.span.file, 0, text.len())));
        }
    }
}
