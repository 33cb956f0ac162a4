//! What the tree holds, what is refused and how, against `serde_yaml`, and on arbitrary text.

mod oracle;
mod places;
mod refused;

use std::fmt::Write as _;

use super::*;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};

/// A tree in one line: texts with their style's mark, lists in brackets, mappings in braces.
fn show(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar(scalar) => show_text(&scalar.text, scalar.style),
        NodeKind::Sequence(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        NodeKind::Mapping(entries) => {
            let one =
                |entry: &Entry| format!("{}: {}", show_text(&entry.key.value, entry.key_style), show(&entry.value));
            format!("{{{}}}", entries.iter().map(one).collect::<Vec<_>>().join(", "))
        }
    }
}

fn show_text(text: &str, style: Style) -> String {
    match style {
        Style::Plain => text.to_owned(),
        Style::SingleQuoted => format!("'{text}'"),
        Style::DoubleQuoted => format!("{text:?}"),
        Style::Literal => format!("|{text:?}"),
        Style::Folded => format!(">{text:?}"),
    }
}

struct Read {
    sources: Sources,
    tree: Option<Node>,
    diagnostics: Diagnostics,
}

fn read(text: &str) -> Read {
    let sources = Sources::new();
    let file = sources.add("a.yaml", text);
    let mut diagnostics = Diagnostics::new();
    let tree = parse(file, text, &mut diagnostics);
    Read { sources, tree, diagnostics }
}

/// The tree of a text without errors; unused anchors are no matter.
fn good(text: &str) -> Node {
    let read = read(text);
    assert!(!read.diagnostics.has_errors(), "{text:?}: {:#?}", read.diagnostics);
    read.tree.expect("no error, so a tree")
}

/// Each diagnostic as `headline @ text of the primary span`.
fn errors(text: &str) -> Vec<String> {
    let one = |diagnostic: &Diagnostic| {
        let label = diagnostic.primary.as_ref().expect("each has a place");
        let kind = if diagnostic.severity == Severity::Warning { "warning: " } else { "" };
        format!("{kind}{} @ {}", diagnostic.headline, &text[label.span.range()])
    };
    read(text).diagnostics.iter().map(one).collect()
}

/// Every node and key with its source, in the order of a walk.
fn sources_of(node: &Node, text: &str, out: &mut Vec<String>) {
    out.push(text[node.span.range()].to_owned());
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => items.iter().for_each(|item| sources_of(item, text, out)),
        NodeKind::Mapping(entries) => {
            for entry in entries.iter() {
                out.push(text[entry.key.span.range()].to_owned());
                sources_of(&entry.value, text, out);
            }
        }
    }
}

fn spans(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    sources_of(&good(text), text, &mut out);
    out
}

#[test]
fn keeps_raw_texts_and_their_styles() {
    let text = "a: 1.10\nb: 'no'\nc: \"x\\ty\"\nd: |\n  l\n  m\ne: >-\n  f\n  g\n'1': ~\n";
    assert_eq!(show(&good(text)), r#"{a: 1.10, b: 'no', c: "x\ty", d: |"l\nm\n", e: >"f g", '1': ~}"#);
}

#[test]
fn a_written_tilde_is_null_and_nothing_is_not() {
    assert!(good("a: ~").get("a").expect("key").is_null());
    assert!(good("a: null").get("a").expect("key").is_null());
    assert!(!good("a: '~'").get("a").expect("key").is_null());
    assert_eq!(errors("a:"), ["`a` has no value @ a"]);
}

#[test]
fn spans_hold_quotes_brackets_and_blocks_and_nothing_after() {
    assert_eq!(spans("a: 'x'  # c\n"), ["a: 'x'", "a", "'x'"]);
    assert_eq!(spans("a: [1, {b: 2} ] # c\n"), ["a: [1, {b: 2} ]", "a", "[1, {b: 2} ]", "1", "{b: 2}", "b", "2"]);
    assert_eq!(
        spans("a:\n  - b: 1\n    c: 2\n\n  # c\n  - d\n\n# c\ne: f\n"),
        [
            "a:\n  - b: 1\n    c: 2\n\n  # c\n  - d\n\n# c\ne: f",
            "a",
            "- b: 1\n    c: 2\n\n  # c\n  - d",
            "b: 1\n    c: 2",
            "b",
            "1",
            "c",
            "2",
            "d",
            "e",
            "f"
        ]
    );
    assert_eq!(spans("a: x\n  y\n\n  z # c\n"), ["a: x\n  y\n\n  z", "a", "x\n  y\n\n  z"]);
    assert_eq!(spans("[a: b, c]"), ["[a: b, c]", "a: b", "a", "b", "c"]);
    assert_eq!(spans("? a\n: b\n"), ["? a\n: b", "a", "b"]);
}

#[test]
fn block_scalars_span_their_header_and_their_text() {
    assert_eq!(
        spans("a: |2-  # c\n    x\n\n\nb: >\n  y\n  z"),
        ["a: |2-  # c\n    x\n\n\nb: >\n  y\n  z", "a", "|2-  # c\n    x", "b", ">\n  y\n  z"]
    );
    assert_eq!(spans("a: |\nb: |+\n\n\nc: d"), ["a: |\nb: |+\n\n\nc: d", "a", "|", "b", "|+", "c", "d"]);
    assert_eq!(spans("- |\n  x\n- &a >\n  y\n- *a"), ["- |\n  x\n- &a >\n  y\n- *a", "|\n  x", ">\n  y", ">\n  y"]);
    assert_eq!(spans("--- |\n x\n"), ["|\n x"]);
}

#[test]
fn spans_count_bytes_whatever_the_characters_and_line_breaks() {
    assert_eq!(
        spans("\u{feff}käse: \"ö\"\r\nb: 世界 x\r\n  z\r\nc: |\r\n  é\r\n  è\r\n"),
        [
            "käse: \"ö\"\r\nb: 世界 x\r\n  z\r\nc: |\r\n  é\r\n  è",
            "käse",
            "\"ö\"",
            "b",
            "世界 x\r\n  z",
            "c",
            "|\r\n  é\r\n  è"
        ]
    );
    assert_eq!(show(&good("\u{feff}a: x\r\n  z\r\nc: |\r\n  é\r\n  è\r\n")), r#"{a: x z, c: |"é\nè\n"}"#);
}

#[test]
fn aliases_are_their_anchors_nodes() {
    let text = "a: &x {b: 1}\nc: *x\n*x2 : 1\n".replace("*x2 :", "d:");
    let tree = good(&text);
    assert_eq!(show(&tree), "{a: {b: 1}, c: {b: 1}, d: 1}");
    assert_eq!(tree.get("a").map(|node| node.span), tree.get("c").map(|node| node.span));
    assert_eq!(show(&good("- &k key\n- {*k : 1}")), "[key, {key: 1}]");
    assert_eq!(show(&good("- &a 1\n- *a\n- &a 2\n- *a")), "[1, 1, 2, 2]");
}

#[test]
fn merges_yield_to_what_is_written_and_to_earlier_merges() {
    let bases = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\n";
    let merged = |text: &str| show(good(&format!("{bases}c: {text}\n")).get("c").expect("key"));
    assert_eq!(merged("{<<: *a}"), "{x: 1, y: 1}");
    assert_eq!(merged("{y: 3, <<: *a, w: 4}"), "{y: 3, x: 1, w: 4}");
    assert_eq!(merged("{<<: [*a, *b]}"), "{x: 1, y: 1, z: 2}");
    assert_eq!(merged("{<<: [*b, *a], x: 5}"), "{y: 2, z: 2, x: 5}");
    assert_eq!(merged("{<<: {y: 3, <<: *a}}"), "{y: 3, x: 1}");
    assert_eq!(merged("{\"<<\": 1}"), "{\"<<\": 1}");
    assert_eq!(merged("{<<: []}"), "{}");
}

#[test]
fn errors_that_leave_a_tree_leave_out_what_is_wrong() {
    let read = read("a:\nb: [x, , ]\n");
    assert!(read.tree.is_none(), "a syntax error leaves none");
    let rest = |text: &str| show(&self::read(text).tree.expect("a tree of the rest"));
    assert_eq!(rest("a:\nb: 1\nb: 2\n"), "{b: 1}");
    assert_eq!(rest("a: {{ x }}\nb: {mask: c,d}\n- : 1".trim_end_matches("- : 1")), "{b: {mask: c}}");
    assert_eq!(rest("- \n- *x\n- y\n"), "[y]");
    assert_eq!(rest("a: !x b\n"), "{a: b}");
}

#[test]
fn a_file_that_repeats_itself_is_quick_to_refuse() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..60 {
        let below = format!("*a{}", level - 1);
        let _ = writeln!(bomb, "a{level}: &a{level} [{}]", [below.as_str(); 10].join(", "));
    }
    assert_eq!(errors(&bomb), ["aliases repeat more than 1000000 values @ *a4"]);
    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..200 {
        let _ = writeln!(chain, "a{level}: &a{level} [*a{}]", level - 1);
    }
    assert_eq!(errors(&chain), ["nested more than 128 levels deep @ *a126"]);
}

#[test]
fn depth_is_bounded() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&nested(128)).tree.is_some());
    assert_eq!(errors(&nested(129)), ["nested more than 128 levels deep @ ["]);
    let blocks: Vec<String> = (0..130).map(|level| format!("{}a:", " ".repeat(level))).collect();
    let blocks = blocks.join("\n");
    assert!(errors(&blocks).iter().any(|error| error.starts_with("nested more than 128 levels deep")));
}

#[test]
fn a_million_mistakes_are_not_all_reported() {
    let read = read(&"- \n".repeat(10_000));
    assert_eq!(read.diagnostics.iter().count(), 201);
    let last = read.diagnostics.iter().last().expect("201 of them");
    assert_eq!(last.headline, "9800 more errors in this file are not shown");
}
