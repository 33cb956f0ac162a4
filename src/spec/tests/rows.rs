//! Rows: written in a case, and in files.

use super::*;
use crate::yaml::Node;

/// A case with `rows`, and beside it a file of them.
fn load(rows: &str, name: &str, text: &[u8]) -> Outcome {
    let case = format!("cases:\n- name: n\n  call: S/M\n  rows: {rows}\n");
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("a.yaml", &case)]);
    if !name.is_empty() {
        folder.write(name, text);
    }
    folder.load(&[""])
}

fn csv(text: &str) -> Outcome {
    load("{ file: rows.csv }", "rows.csv", text.as_bytes())
}

fn text(node: &Node) -> &str {
    &node.as_scalar().expect("a scalar").text
}

/// `id: name=text@line:column, …` of each row.
fn rows(outcome: &Outcome) -> Vec<String> {
    assert_eq!(outcome.errors(), [""; 0]);
    let LoadedFile::Valid(file) = &outcome.loaded.suites[0].files[0] else { panic!("it is valid") };
    let vars = |case: &Case| {
        let row = case.row.as_ref().expect("a row");
        let vars = row.vars.iter().map(|(name, node)| {
            let place = outcome.sources.locate(node.span);
            let (_, place) = place.rsplit_once('/').and_then(|(_, name)| name.split_once(':')).expect("a place");
            format!("{}={}@{place}", name.value, text(node))
        });
        vars.collect::<Vec<_>>().join(", ")
    };
    file.cases.iter().map(|case| format!("{}: {}", case.id, vars(case))).collect()
}

#[test]
fn each_row_is_a_case() {
    let outcome = load("[ { label: ascii, who: test }, { who: 世界 } ]", "", b"");
    assert_eq!(rows(&outcome), ["a.yaml::n[ascii]: who=test@4:32", "a.yaml::n[2]: who=世界@4:47"]);
    let (first, second) = (outcome.case("a.yaml::n[ascii]"), outcome.case("a.yaml::n[2]"));
    assert!(Arc::ptr_eq(&first.steps, &second.steps), "they share what they do");
}

#[test]
fn rows_of_a_csv_file_know_their_places() {
    let outcome = csv("label,who,n\nascii,test,1\n\"the \"\"han\"\"\",\"世,界\",2\n");
    assert_eq!(
        rows(&outcome),
        ["a.yaml::n[ascii]: who=test@2:7, n=1@2:12", "a.yaml::n[the \"han\"]: who=世,界@3:15, n=2@3:21"]
    );
}

#[test]
fn a_csv_file_may_come_from_anywhere() {
    let outcome = csv("\u{feff}who,n\r\n\r\na,\r\n\"two\r\nlines\",2");
    assert_eq!(rows(&outcome), ["a.yaml::n[1]: who=a@3:1, n=@3:3", "a.yaml::n[2]: who=two\r\nlines@4:1, n=2@5:8"]);
}

#[test]
fn a_cell_is_a_text() {
    let outcome = csv("a,b\nnull,\"5\"\n");
    let case = outcome.case("a.yaml::n[1]");
    let row = case.row.as_ref().expect("a row");
    assert!(!row.vars[0].1.is_null(), "a word in a table");
    assert_eq!(text(&row.vars[1].1), "5");
}

#[test]
fn rows_of_json_and_yaml_files_are_a_list() {
    let json = b"[\n\t{\"label\": \"x\\/\\u0079\", \"who\": \"\\ud83d\\ude00\", \"n\": [1, null]}\n]\n";
    let outcome = load("{ file: data/rows.json }", "data/rows.json", json);
    assert_eq!(outcome.ids(), ["a.yaml::n[x/y]"]);
    let case = outcome.case("a.yaml::n[x/y]");
    assert_eq!(text(&case.row.as_ref().expect("a row").vars[0].1), "😀");
    let outcome = load("{ file: rows.yaml }", "rows.yaml", b"- { who: a }\n- who: b\n  label: two\n");
    assert_eq!(outcome.ids(), ["a.yaml::n[1]", "a.yaml::n[two]"], "and the file is no case file");
}

#[test]
fn one_case_of_rows_is_found_by_its_id() {
    let folder = Folder::new(&[
        ("grpc-spec.yaml", SUITE),
        ("a.yaml", "cases: [ { name: n, call: S/M, rows: { file: rows.csv } } ]"),
        ("rows.csv", "label,who\na::b,x\n"),
        ("broken.yaml", "cases: []"),
    ]);
    let loaded = load_for_id(&folder.path(""), "a.yaml::n[a::b]", &Overrides::default(), &Sources::new());
    assert_eq!(loaded.suites[0].files.len(), 1, "nothing else is read");
    assert!(loaded.suites[0].has("a.yaml::n[a::b]"));
}

#[test]
fn a_table_of_many_rows_shares_its_steps() {
    let lines: Vec<String> = (0..20_000).map(|number| format!("name {number},{number}")).collect();
    let outcome = csv(&format!("who,n\n{}\n", lines.join("\n")));
    assert_eq!(outcome.loaded.case_count(), 20_000);
    let (first, last) = (outcome.case("a.yaml::n[1]"), outcome.case("a.yaml::n[20000]"));
    assert!(Arc::ptr_eq(&first.steps, &last.steps) && Arc::ptr_eq(&first.tags, &last.tags));
}

#[test]
fn says_what_is_wrong_with_a_csv_file() {
    let told = |text: &str, said: &[&str]| assert_eq!(csv(text).errors(), said, "{text}");
    told("", &["rows.csv:1:1: no header in this file of rows"]);
    told("who,n\n", &["rows.csv:1:1: no rows"]);
    told(
        "who,n\na\nb,2,3\n",
        &["rows.csv:2:1: row 1 has 1 cell, the header 2", "rows.csv:3:5: row 2 has 3 cells, the header 2"],
    );
    told("who,who\na,b\n", &["rows.csv:1:5: a second column is named `who`"]);
    told(
        "user id,\na,b\n",
        &["rows.csv:1:1: `user id` cannot be the name of a variable", "rows.csv:1:9: a column without a name"],
    );
    told("who;n\na;1\n", &["rows.csv:1:1: the header has one column"]);
    told("label,who\nx,a\nx,b\n", &["rows.csv:3:1: a second row has the label `x`"]);
    told(
        "label,who\n,a\n\" x\",b\n",
        &["rows.csv:2:1: the label of a row is empty", "rows.csv:3:1: the label of a row has a space at an end"],
    );
    told("who,n\n\"a,1\nb,2\n", &["rows.csv:2:1: a quote is never closed"]);
    told("who,n\n\"a\"b,1\n", &["rows.csv:2:4: text after the quote that closes a cell"]);
}

#[test]
fn the_same_mistake_in_every_row_is_told_a_few_times() {
    let outcome = csv(&format!("who,n\n{}", "a\n".repeat(1000)));
    assert_eq!(outcome.errors().len(), 10);
    let last = outcome.loaded.all_diagnostics().last().expect("it is told");
    assert_eq!(last.notes.last().map(|note| note.text.as_str()), Some("990 more rows like this"));
    assert_eq!(csv(&format!("who,n\n{}", "\"a\"b,1\n".repeat(1000))).errors().len(), 10);
    assert_eq!(csv(&format!("label,n\n{}", ",1\n".repeat(1000))).errors().len(), 10);
}

#[test]
fn a_file_of_rows_is_read_once_for_all_cases() {
    let folder = Folder::new(&[
        ("grpc-spec.yaml", SUITE),
        (
            "a.yaml",
            "cases: [ { name: n, call: S/M, rows: { file: r.csv } }, { name: m, call: S/M, rows: { file: r.csv } } ]",
        ),
        ("r.csv", "a,a\n1,2\n"),
    ]);
    assert_eq!(folder.load(&[""]).errors(), ["r.csv:1:3: a second column is named `a`"]);
}

#[test]
fn says_why_a_file_of_rows_cannot_be_read() {
    let told = |rows: &str, name: &str, text: &[u8], said: &str| {
        let errors = load(rows, name, text).errors();
        assert_eq!(errors, [said], "{rows}");
    };
    told("{ file: gone.csv }", "", b"", "a.yaml:4:17: cannot read `gone.csv`");
    told("{ file: rows.tsv }", "rows.tsv", b"a", "a.yaml:4:17: `rows.tsv` is no file of rows");
    told("{ file: data.csv }", "data.csv/x", b"", "a.yaml:4:17: cannot read `data.csv`");
    told("{ file: r.csv }", "r.csv", b"a\n\xff\n", "r.csv:2:1: `r.csv` is not UTF-8: byte 0xff");
    told("{ file: r.json }", "r.json", b"{\"a\": 1}", "r.json:1:1: expected a list of rows, found a mapping");
}

#[test]
fn rows_that_lack_what_others_have_are_named() {
    let outcome = load("[ { label: x, who: a, n: 1 }, { who: b } ]", "", b"");
    assert_eq!(outcome.errors(), ["a.yaml:4:39: the row `2` lacks the variable `n`"]);
    let outcome = load("[ { who: a, n: 1 }, { who: b } ]\n  vars: { n: 0 }", "", b"");
    assert_eq!(outcome.errors(), [""; 0], "a variable farther away stands in");
}

#[test]
fn ids_of_rows_and_cases_are_told_apart() {
    let file = "cases:\n- { name: \"n[1]\", call: S/M }\n- { name: n, call: S/M, rows: [ { a: 1 } ] }\n";
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("a.yaml", file)]);
    assert_eq!(folder.load(&[""]).errors(), ["a.yaml:3:33: two cases have the id `a.yaml::n[1]`"]);
    let file = "teardown: [ { call: S/M } ]\ncases: [ { name: teardown, call: S/M } ]\n";
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("a.yaml", file)]);
    assert_eq!(
        folder.load(&[""]).errors(),
        ["a.yaml:2:10: a case has the id of the file's teardown, `a.yaml::teardown`"]
    );
}
