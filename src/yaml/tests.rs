use super::*;
use crate::diagnostic::{Diagnostics, Severity, Sources};

/// A tree in one line: texts with their style's mark, lists in brackets, mappings in braces.
fn show(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar_text(&scalar.text, scalar.style),
        NodeKind::Sequence(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        NodeKind::Mapping(entries) => {
            let entry =
                |entry: &Entry| format!("{}: {}", scalar_text(&entry.key.value, entry.key_style), show(&entry.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn scalar_text(text: &str, style: Style) -> String {
    match style {
        Style::Plain => text.to_owned(),
        Style::SingleQuoted => format!("'{}'", text.escape_debug()),
        Style::DoubleQuoted => format!("{text:?}"),
        Style::Literal => format!("|{text:?}"),
        Style::Folded => format!(">{text:?}"),
    }
}

struct Read {
    tree: Option<Node>,
    diagnostics: Diagnostics,
}

fn read(text: &str) -> Read {
    let sources = Sources::new();
    let file = sources.add("a.yaml", text);
    let mut diagnostics = Diagnostics::new();
    let tree = parse(file, text, &mut diagnostics);
    Read { tree, diagnostics }
}

fn tree(text: &str) -> String {
    let read = read(text);
    assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
    show(&read.tree.expect("no error, so a tree"))
}

/// Each diagnostic as `headline @ text of the primary span`.
fn errors(text: &str) -> Vec<String> {
    let read = read(text);
    let one = |diagnostic: &crate::diagnostic::Diagnostic| {
        let label = diagnostic.primary.as_ref().expect("each has a place");
        let kind = if diagnostic.severity == Severity::Warning { "warning: " } else { "" };
        format!("{kind}{} @ {:?}", diagnostic.headline, &text[label.span.range()])
    };
    read.diagnostics.iter().map(one).collect()
}

#[test]
fn keeps_raw_texts_and_their_styles() {
    assert_eq!(
        tree("a: 1.10\nb: 'no'\nc: \"x\\ty\"\nd: |\n  l\n  m\ne: >-\n  f\n  g\n"),
        r#"{a: 1.10, b: 'no', c: "x\ty", d: |"l\nm\n", e: >"f g"}"#
    );
}

#[test]
fn scratch() {
    let Ok(path) = std::env::var("SCRATCH") else { return };
    for text in std::fs::read_to_string(path).expect("file").split("\n====\n") {
        let text = text.replace("\\t", "\t").replace("\\r", "\r").replace("\\0", "\0");
        let sources = Sources::new();
        let file = sources.add("cases/a.yaml", text.clone());
        let mut diagnostics = Diagnostics::new();
        let tree = parse(file, &text, &mut diagnostics);
        eprintln!("───── {:?}\n{}", text, tree.as_ref().map_or("none".to_owned(), show));
        eprintln!("{}", crate::diagnostic::render_all(&diagnostics, &sources, false));
    }
}
