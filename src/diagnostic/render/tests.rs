use proptest::prelude::*;

use super::*;
use crate::diagnostic::Span;

/// A diagnostic at the first `place` in a file of `text`.
fn shown(text: &str, place: &str, build: impl FnOnce(Diagnostic, Span) -> Diagnostic) -> String {
    let sources = Sources::new();
    let file = sources.add("cases/a.yaml", text);
    let start = text.find(place).expect("the place is in the text");
    let span = Span::new(file, start, start + place.len());
    render(&build(Diagnostic::error("wrong"), span), &sources, false)
}

/// The lines of the source part.
fn drawn(text: &str, place: &str) -> String {
    shown(text, place, |error, span| error.at(span, "here"))
}

#[test]
fn looks_as_the_format_shows() {
    let sources = Sources::new();
    let text = format!("{}      response: {{ random: {{ $between: [10, 20] }} }}\n", "#\n".repeat(13));
    let file = sources.add("cases/test_server.yaml", text.clone());
    let start = text.find("{ $between").expect("it is there");
    let span = Span::new(file, start, start + "{ $between: [10, 20] }".len());
    let diagnostic = Diagnostic::error("random is out of range")
        .at(span, "expected 10 ≤ random ≤ 20")
        .hint("the last thing\nin two lines")
        .named_note("actual", "42 (int32)")
        .note("a note\n\n  of three lines\n");
    assert_eq!(
        render(&diagnostic, &sources, false),
        "\
error: random is out of range
  --> cases/test_server.yaml:14:27
   |
14 |       response: { random: { $between: [10, 20] } }
   |                           ^^^^^^^^^^^^^^^^^^^^^^ expected 10 ≤ random ≤ 20
   = actual: 42 (int32)
   = note: a note

             of three lines
   = hint: the last thing
           in two lines"
    );
}

#[test]
fn without_a_place_there_are_headline_and_notes() {
    let diagnostic = Diagnostic::warning("no such server").note("none").hint("name one");
    assert_eq!(
        render(&diagnostic, &Sources::new(), false),
        "warning: no such server\n  = note: none\n  = hint: name one"
    );
}

#[test]
fn empty_labels_are_bare_carets() {
    assert_eq!(
        shown("a: b\n", "b", |error, span| error.at(span, "")),
        "error: wrong\n --> cases/a.yaml:1:4\n  |\n1 | a: b\n  |    ^"
    );
}

#[test]
fn other_places_and_other_files_are_drawn_below() {
    let sources = Sources::new();
    let a = sources.add("a.yaml", "one: 1\ntwo: 2\nthree: 3\nfour: 4\nfive: 5\n");
    let b = sources.add("b.yaml", "x\ny: z\n");
    let diagnostic = Diagnostic::error("wrong")
        .at(Span::new(a, 31, 35), "here")
        .also(Span::new(a, 0, 3), "and here")
        .also(Span::new(b, 2, 3), "and there")
        .hint("mend it");
    assert_eq!(
        render(&diagnostic, &sources, false),
        "\
error: wrong
 --> a.yaml:5:1
  |
1 | one: 1
  | --- and here
...
5 | five: 5
  | ^^^^ here
  |
 ::: b.yaml:2:1
  |
2 | y: z
  | - and there
  = hint: mend it"
    );
}

#[test]
fn far_places_cost_no_more_than_near_ones() {
    let sources = Sources::new();
    let text = format!("first\n{}last\n", "\n".repeat(100_000));
    let file = sources.add("a.yaml", text.clone());
    let last = text.find("last").expect("it is there");
    let diagnostic =
        Diagnostic::error("wrong").at(Span::new(file, last, last + 4), "again").also(Span::new(file, 0, 5), "first");
    assert_eq!(
        render(&diagnostic, &sources, false),
        "\
error: wrong
      --> a.yaml:100002:1
       |
100002 | last
       | ^^^^ again
       |
      ::: a.yaml:1:1
       |
     1 | first
       | ----- first"
    );
}

#[test]
fn one_line_between_two_labels_is_shown() {
    let sources = Sources::new();
    let file = sources.add("a.yaml", "a: 1\nb: \u{1b}2\na: 3\n");
    let diagnostic =
        Diagnostic::error("wrong").at(Span::new(file, 11, 12), "again").also(Span::new(file, 0, 1), "first");
    assert_eq!(
        render(&diagnostic, &sources, false),
        "error: wrong\n --> a.yaml:3:1\n  |\n1 | a: 1\n  | - first\n2 | b: ␛2\n3 | a: 3\n  | ^ again"
    );
}

#[test]
fn of_a_value_over_several_lines_the_first_is_marked() {
    assert_eq!(
        drawn("a:\n  b: 1\n  c: 2\n", "b: 1\n  c: 2"),
        "error: wrong\n --> cases/a.yaml:2:3\n  |\n2 |   b: 1\n  |   ^^^^ here"
    );
}

#[test]
fn ends_of_lines_and_files_have_a_caret() {
    let at = |text: &str, start: usize, end: usize| {
        let sources = Sources::new();
        let file = sources.add("a", text);
        render(&Diagnostic::error("w").at(Span::new(file, start, end), "x"), &sources, false)
    };
    assert_eq!(at("", 0, 0), "error: w\n --> a:1:1\n  |\n1 |\n  | ^ x");
    assert_eq!(at("ab", 2, 2), "error: w\n --> a:1:3\n  |\n1 | ab\n  |   ^ x");
    assert_eq!(at("ab\n", 3, 3), "error: w\n --> a:2:1\n  |\n2 |\n  | ^ x");
    assert_eq!(at("ab\ncd", 2, 2), "error: w\n --> a:1:3\n  |\n1 | ab\n  |   ^ x");
    assert_eq!(at("ab\r\ncd", 2, 4), "error: w\n --> a:1:3\n  |\n1 | ab\n  |   ^ x");
    assert_eq!(at("ab\r\ncd", 4, 6), "error: w\n --> a:2:1\n  |\n2 | cd\n  | ^^ x");
    assert_eq!(at("ab", 70, 90), "error: w\n --> a:1:3\n  |\n1 | ab\n  |   ^ x");
    assert_eq!(at("é", 1, 1), "error: w\n --> a:1:1\n  |\n1 | é\n  | ^ x", "no boundary");
}

#[test]
fn columns_are_characters_and_carets_are_cells() {
    assert_eq!(drawn("\u{feff}a: b", "b"), "error: wrong\n --> cases/a.yaml:1:4\n  |\n1 | a: b\n  |    ^ here");
    assert_eq!(drawn("世界: b", "b"), "error: wrong\n --> cases/a.yaml:1:5\n  |\n1 | 世界: b\n  |       ^ here");
    assert_eq!(drawn("a:\tb", "b"), "error: wrong\n --> cases/a.yaml:1:4\n  |\n1 | a:    b\n  |       ^ here");
    assert_eq!(drawn("a: 世界", "世界"), "error: wrong\n --> cases/a.yaml:1:4\n  |\n1 | a: 世界\n  |    ^^^^ here");
}

#[test]
fn long_lines_are_cut_and_their_columns_are_not() {
    let text = format!("{}: x{}", "k".repeat(1_000), "y".repeat(100_000));
    let shown = drawn(&text, "x");
    let mut lines = shown.lines();
    assert_eq!(lines.nth(1), Some(" --> cases/a.yaml:1:1003"));
    assert_eq!(lines.nth(1), Some(&*format!("1 | …{}: x{}…", "k".repeat(58), "y".repeat(99))));
    assert_eq!(lines.next(), Some(&*format!("  | {}^ here", " ".repeat(61))));
    let whole = drawn(&text, &text);
    assert!(whole.lines().all(|line| line.chars().count() < 200), "{whole}");
}

#[test]
fn labels_far_apart_in_one_line_are_drawn_apart() {
    let sources = Sources::new();
    let text = format!("{{a: 1, {}a: 2}}", "x".repeat(500));
    let file = sources.add("a.yaml", text.clone());
    let again = text.len() - 5;
    let diagnostic =
        Diagnostic::error("wrong").at(Span::new(file, again, again + 1), "again").also(Span::new(file, 1, 2), "first");
    let shown = render(&diagnostic, &sources, false);
    assert!(shown.contains(" --> a.yaml:1:508\n"), "{shown}");
    assert!(shown.contains(" ::: a.yaml:1:2\n"), "{shown}");
}

#[test]
fn nothing_reaches_the_terminal_that_it_would_act_on() {
    let evil = "\u{1b}[2J\u{9b}1m\u{202e}\u{7}\r\0\u{feff}";
    let sources = Sources::new();
    let text = format!("a: {evil} # b");
    let file = sources.add(format!("x{evil}.yaml"), text.clone());
    let diagnostic = Diagnostic::error(format!("bad {evil}\nthing"))
        .at(Span::new(file, 3, text.len()), evil)
        .also(Span::new(file, 0, 1), evil)
        .named_note(evil.to_owned(), evil)
        .hint(evil);
    for colour in [false, true] {
        let shown = render(&diagnostic, &sources, colour);
        let mut plain = shown.clone();
        if colour {
            assert!(shown.starts_with("\u{1b}[1m\u{1b}[91merror"));
            plain = strip_styles(&shown);
        }
        assert!(
            plain.chars().all(|c| c == '\n' || neutralise(c.encode_utf8(&mut [0; 4])) == c.to_string()),
            "{plain:?}"
        );
        assert!(plain.starts_with("error: bad ␛[2J"), "{plain:?}");
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let sources = Sources::new();
    let file = sources.add("a.yaml", "a: 1\nb: 2\n");
    let diagnostic =
        Diagnostic::warning("w").at(Span::new(file, 3, 4), "x").also(Span::new(file, 8, 9), "y").note("n").hint("h");
    let coloured = render(&diagnostic, &sources, true);
    assert_ne!(coloured, strip_styles(&coloured));
    assert_eq!(strip_styles(&coloured), render(&diagnostic, &sources, false));
}

/// Without `ESC [ … m`.
fn strip_styles(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
fn all_are_grouped_by_file_and_equal_ones_told_once() {
    let sources = Sources::new();
    let a = sources.add("a.yaml", "a");
    let b = sources.add("b.yaml", "b");
    let at = |headline: &str, file| Diagnostic::error(headline).at(Span::new(file, 0, 1), "");
    let mut all = Diagnostics::new();
    all.extend([at("two", b), at("one", a), at("three", b), at("two", b), Diagnostic::error("nowhere")]);
    let shown = render_all(&all, &sources, false);
    let headlines: Vec<&str> = shown.split("\n\n").filter_map(|block| block.lines().next()).collect();
    assert_eq!(headlines, ["error: two", "error: three", "error: one", "error: nowhere"]);
    assert_eq!(render_all(&Diagnostics::new(), &sources, false), "");
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "a",
            "\n",
            "\r\n",
            "\t",
            "世",
            "é",
            "\u{feff}",
            "\u{1b}",
            "\r",
            "👨‍👩‍👧",
            "\u{301}",
            " "
        ])
        .prop_map(str::to_owned),
        "[a-z ]{0,200}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_span_of_any_text_is_drawn_where_it_is(text in text(), spans in prop::collection::vec((0_usize..400, 0_usize..400), 1..4)) {
        let sources = Sources::new();
        let file = sources.add("a.yaml", text.clone());
        let span = |(start, end): (usize, usize)| Span::new(file, start.min(end), start.max(end));
        let mut diagnostic = Diagnostic::error("wrong").at(span(spans[0]), "label");
        for other in &spans[1..] {
            diagnostic = diagnostic.also(span(*other), "other");
        }
        let shown = render(&diagnostic, &sources, false);
        if text.is_char_boundary(spans[0].0.min(spans[0].1)) {
            let place = format!("--> {}", sources.locate(span(spans[0])));
            let header = shown.lines().nth(1).map(str::trim_start);
            prop_assert_eq!(header, Some(&*place), "{}", shown);
        }
        prop_assert!(shown.lines().all(|line| line.chars().count() < 250), "{}", shown);
    }
}

/// As [`drawn`], with a secret.
fn drawn_with_secret(text: &str, place: &str, secret: &str) -> String {
    let sources = Sources::new();
    sources.masker().add_text("password", secret);
    let file = sources.add("cases/a.yaml", text);
    let start = text.find(place).expect("the place is in the text");
    let error = Diagnostic::error("wrong").at(Span::new(file, start, start + place.len()), "here");
    render(&error, &sources, false)
}

#[test]
fn secrets_are_masked_in_source_lines_and_carets_stay_where_they_belong() {
    let line = "request: { password: hunter2, name: x }";
    assert_eq!(
        drawn_with_secret(line, "hunter2", "hunter2"),
        "\
error: wrong
 --> cases/a.yaml:1:22
  |
1 | request: { password: •password•, name: x }
  |                      ^^^^^^^^^^ here"
    );
    assert_eq!(
        drawn_with_secret(line, "name", "hunter2"),
        "\
error: wrong
 --> cases/a.yaml:1:31
  |
1 | request: { password: •password•, name: x }
  |                                  ^^^^ here"
    );
    assert!(drawn_with_secret(line, "nter", "hunter2").ends_with("^^^^^^^^^^ here"));
}

#[test]
fn a_line_is_not_cut_within_a_secret() {
    let secret = "hunter2-".repeat(30);
    let line = format!("a: {}{secret}{}", "x".repeat(90), "y".repeat(300));
    for place in ["xx", "r2", "yy"] {
        let drawn = drawn_with_secret(&line, place, &secret);
        assert!(!drawn.contains("hunter"), "{drawn}");
    }
    assert!(drawn_with_secret(&line, "yy", &secret).contains("| …•password•yy"));
}
