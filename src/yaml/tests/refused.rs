use super::{errors, read};
use crate::diagnostic::render_all;

/// Text → `headline @ place` of each error.
#[test]
fn what_is_refused_is_named_at_its_place() {
    let table: &[(&str, &[&str])] = &[
        // nothing where a value is due
        ("a:\nb: 1\n", &["`a` has no value @ a"]),
        ("a: # comment\n", &["`a` has no value @ a"]),
        ("- x\n-\n- # c\n- y", &["a list item has no value @ -", "a list item has no value @ -"]),
        ("{ mask: a,b }", &["`b` has no value @ b"]),
        ("{ mask: a,b,c, d: e,f }", &["`b` has no value @ b,c", "`f` has no value @ f"]),
        ("{ a, b: 1 }", &["`a` has no value @ a"]),
        ("{ a: , b: 1 }", &["`a` has no value @ a"]),
        ("[x: ]", &["`x` has no value @ x"]),
        ("? a\n", &["`a` has no value @ a"]),
        ("<<:\n", &["`<<` has no value @ <<"]),
        (": x", &["an entry has no key @ "]),
        ("[a, , b]", &["nothing between two commas @ ,"]),
        // documents
        ("", &["the file is empty @ "]),
        ("# c\n", &["the file is empty @ "]),
        ("---\n", &["the file is empty @ "]),
        ("a: 1\n---\nb: 2\n", &["a second YAML document @ ---"]),
        ("a: 1\n---\n", &["a second YAML document @ ---"]),
        ("a: 1\n...\nb: 2\n", &["a second YAML document @ "]),
        // keys
        ("a: 1\nb: 2\n'a': 3\n", &["duplicate key `a` @ 'a'"]),
        ("{a: 1, a: 2, a: 3}", &["duplicate key `a` @ a", "duplicate key `a` @ a"]),
        ("a: {b: 1, b: 2}\na: 3", &["duplicate key `b` @ b", "duplicate key `a` @ a"]),
        ("a: &a {}\nb: {<<: *a, <<: *a}", &["duplicate key `<<` @ <<"]),
        ("[a]: b", &["a key is a list or a mapping @ ["]),
        ("{ {a: b}: c }", &["a key is a list or a mapping @ {"]),
        ("- &a [x]\n- {*a : 1}", &["a key is a list or a mapping @ *a"]),
        ("a: {<<: 3}", &["`<<` cannot merge a scalar @ 3"]),
        ("a: {<<: [{b: 1}, c]}", &["`<<` cannot merge a scalar @ c"]),
        // what YAML reads otherwise than meant
        ("a: {{ b }}\nc: 1", &["`{{ … }}` is no expression here @ {{ b }}"]),
        ("a: {{b}}/x\nc: 1", &["`{{ … }}` is no expression here @ {{b}}"]),
        ("- {{ a.b['c'] }}", &["`{{ … }}` is no expression here @ {{ a.b['c'] }}"]),
        ("x: { a: Hello {{name}} }", &["`{{ … }}` is no expression here @ {{name}}"]),
        ("x: { a: Hello ${who} }", &["an expression inside `{ }` that is not quoted @ ${who}"]),
        ("x: [\"a\", ${a[\"b\"]}, c]", &["an expression inside `[ ]` that is not quoted @ ${a[\"b\"]}"]),
        ("a: !foo bar", &["YAML tag `!foo` @ !foo"]),
        ("a: !request.ok", &["YAML tag `!request.ok` @ !request.ok"]),
        ("a: !!str 1", &["YAML tag `!!str` @ !!str"]),
        ("a: !a!b c", &["YAML tag `!a!b` @ !a!b"]),
        ("a: !x{y}", &["YAML tag `!x{y}` @ !x{y}"]),
        ("a: !x [b]\nc: !y {d: e}", &["YAML tag `!x` @ !x", "YAML tag `!y` @ !y"]),
        ("a: &b ${c}", &["`&b` is read as a YAML anchor @ &b"]),
        ("a: &&b c", &["`&&b` is read as a YAML anchor @ &&b"]),
        ("a: &b c", &["warning: the anchor `&b` is never used @ &b"]),
        ("a: & b", &["`&` without a name @ &"]),
        ("a: *", &["`*` without a name @ *"]),
        ("a: *b", &["unknown alias `*b` @ *b"]),
        ("a: *b\nc: &b 1", &["unknown alias `*b` @ *b", "warning: the anchor `&b` is never used @ &b"]),
        ("a: &a [*a]", &["the alias `*a` stands inside the value it refers to @ *a"]),
        // tabs, quotes, brackets
        ("a:\n\tb: 1\n", &["a tab in the indentation @ \t"]),
        ("a: 1\n\tb: 2\n", &["a tab in the indentation @ \t"]),
        ("a:\n  - x\n\t- y\n", &["a tab in the indentation @ \t"]),
        ("a: |\n\tx\n", &["a tab in the indentation @ \t"]),
        ("a: \"x\nb: 1\n", &["unclosed quote @ \""]),
        ("a: 'x\nb: 1\nc: 2\n", &["unclosed quote @ '"]),
        ("a: [\"x\", 'y\nb: 1\n", &["unclosed quote @ '"]),
        ("\"a", &["unclosed quote @ \""]),
        ("a: \"x\" y", &["text after a closing quote @ y"]),
        ("a: 'it's'", &["text after a closing quote @ s'"]),
        ("a: \"\\\\ \\d\"", &["unknown escape in double quotes @ \\d"]),
        ("a: \"\\xZZ\"", &["invalid escape in double quotes @ \\x"]),
        ("a: [1, 2\nb: 1\n", &["unclosed `[` @ ["]),
        ("a: {b: 1\nc: 2\n", &["unclosed `{` @ {"]),
        ("a: {b: [1, 2", &["unclosed `[` @ ["]),
        ("a: [1}", &["`[` closed by `}` @ ["]),
        ("a: ]", &["`]` closes nothing @ ]"]),
        ("{a: 1 b: 2}", &["expected `,` or `}` @ :"]),
        ("a: [- b]", &["`- ` inside brackets @ -"]),
        // lines
        ("a: b: c", &["a second `:` in one line @ :"]),
        ("a: b\n  c: d", &["`c` is no key here @ c"]),
        ("a: - b", &["a list cannot begin here @ -"]),
        ("- a\nb: c", &["expected `- ` @ b"]),
        ("a: [b], c", &["expected a key @ ,"]),
        ("a: b\nfoo\nbar: x", &["expected `key: value` @ foo"]),
        ("a: @x", &["`@` cannot begin a text @ @"]),
        ("a: `x`", &["a backtick cannot begin a text @ `"]),
        ("a: |x\n", &["the text of a block begins on the next line @ |x"]),
        ("a: x\0y", &["control character U+0000 @ \0"]),
        ("a: x # c\n  y", &["a comment inside a text @ #"]),
    ];
    for (text, expected) in table {
        assert_eq!(&errors(text), expected, "{text:?}");
    }
}

#[test]
fn every_refusal_has_a_way_out() {
    for text in [
        "a:",
        "{a: b,c}",
        "",
        "a: 1\n---\n",
        "[a]: b",
        "a: {{b}}",
        "a: !b c",
        "a: *b",
        "\ta:\n\t- b",
        "a: \"",
        "a: [",
        "a: b: c",
        "%x\na",
    ] {
        for diagnostic in read(text).diagnostics.iter() {
            assert!(!diagnostic.hints.is_empty(), "{text:?}: {}", diagnostic.headline);
        }
    }
}

/// The user interface of the commonest mistakes, whole.
#[test]
fn refusals_read_well() {
    let shown = |text: &str| {
        let read = read(text);
        render_all(&read.diagnostics, &read.sources, false)
    };
    assert_eq!(
        shown("cases:\n  - name: x\n    request: { mask: a,b }\n"),
        r#"error: `b` has no value
 --> a.yaml:3:24
  |
3 |     request: { mask: a,b }
  |                        ^ YAML reads a key here, since a comma ends the value before it
  = note: to YAML this is `{ mask: a, b: }`
  = hint: if the comma belongs to the text of `mask`, quote it: `mask: "a,b"`
  = hint: otherwise write what is meant: `null`, `""`, `[]` or `{}`"#
    );
    assert_eq!(
        shown("name: x\nname: y\n"),
        "\
error: duplicate key `name`
 --> a.yaml:2:1
  |
1 | name: x
  | ---- first written here
2 | name: y
  | ^^^^ written again here
  = hint: keep one of the two; several values are a list"
    );
    assert_eq!(
        shown("a: {{ who }}\n"),
        r#"error: `{{ … }}` is no expression here
 --> a.yaml:1:4
  |
1 | a: {{ who }}
  |    ^^^^^^^^^ YAML reads a mapping in a mapping
  = hint: expressions are written `${…}`, and quoted where they begin a value: "${who}""#
    );
    assert_eq!(
        shown("a: \"x\nb: 1\n"),
        r#"error: unclosed quote
 --> a.yaml:1:4
  |
1 | a: "x
  |    ^ opened here
2 | b: 1
  | - the text in quotes would go on here, less indented than it must be
  = hint: close the quote on its line, or indent the lines that continue the text"#
    );
}
