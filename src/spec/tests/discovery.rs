//! Which files are case files, and whose.

use super::*;

/// A case file that needs a suite.
const CASE: &str = "cases: [ { name: n, call: S/M } ]";
/// One that does not.
const ALONE: &str = "server: 127.0.0.1:1\ncases: [ { name: n, call: S/M } ]";

#[test]
fn every_yaml_file_below_is_a_case_file() {
    let folder = Folder::new(&[
        ("cases/grpc-spec.yaml", SUITE),
        ("cases/b.yaml", CASE),
        ("cases/a.yml", CASE),
        ("cases/users/create.yaml", CASE),
        ("cases/notes.txt", "text"),
        ("cases/.hidden.yaml", "]"),
        ("cases/.git/config.yaml", "]"),
    ]);
    let outcome = folder.load(&["cases"]);
    assert_eq!(outcome.errors(), [""; 0]);
    assert_eq!(outcome.ids(), ["a.yml::n", "b.yaml::n", "users/create.yaml::n"]);
}

#[test]
fn ids_do_not_depend_on_the_path_given() {
    let folder = Folder::new(&[("cases/grpc-spec.yaml", SUITE), ("cases/users/a.yaml", CASE), ("cases/b.yaml", CASE)]);
    assert_eq!(folder.load(&["cases/users"]).ids(), ["users/a.yaml::n"]);
    assert_eq!(folder.load(&["cases/users/a.yaml"]).ids(), ["users/a.yaml::n"]);
    assert_eq!(folder.load(&["cases/users/../users/a.yaml"]).ids(), ["users/a.yaml::n"]);
    assert_eq!(folder.load(&[""]).ids(), ["b.yaml::n", "users/a.yaml::n"]);
    assert_eq!(
        folder.load(&["cases/b.yaml", "cases", "cases/users"]).ids(),
        ["b.yaml::n", "users/a.yaml::n"],
        "each once"
    );
}

#[test]
fn a_file_belongs_to_the_nearest_suite() {
    let folder = Folder::new(&[
        ("grpc-spec.yaml", SUITE),
        ("a.yaml", CASE),
        ("sub/grpc-spec.yaml", "servers: { z: { address: x:1 } }"),
        ("sub/b.yaml", CASE),
        ("sub/deep/c.yaml", CASE),
    ]);
    let outcome = folder.load(&[""]);
    assert_eq!(outcome.ids(), ["a.yaml::n", "b.yaml::n", "deep/c.yaml::n"]);
    assert_eq!(outcome.loaded.suites.len(), 2);
    assert_eq!(call(&outcome.case("deep/c.yaml::n")).server.value, "z");
}

#[test]
fn without_a_suite_ids_start_at_the_path_given() {
    let folder = Folder::new(&[("cases/a.yaml", ALONE), ("cases/sub/b.yaml", ALONE)]);
    assert_eq!(folder.load(&["cases"]).ids(), ["a.yaml::n", "sub/b.yaml::n"]);
    assert_eq!(folder.load(&["cases/sub/b.yaml"]).ids(), ["b.yaml::n"]);
}

#[test]
fn a_file_that_another_names_is_data() {
    let folder = Folder::new(&[
        ("grpc-spec.yaml", SUITE),
        ("sub/a.yaml", "cases: [ { name: n, call: S/M, request: { $file: ../data/user.yaml } } ]"),
        ("data/user.yaml", "id: 1"),
    ]);
    let outcome = folder.load(&[""]);
    assert_eq!(outcome.ids(), ["sub/a.yaml::n"]);
    assert_eq!(outcome.errors(), [""; 0]);
    assert_eq!(folder.load(&["data/user.yaml"]).ids(), ["<data/user.yaml>"], "named by the user, it is a case file");
}

#[test]
fn a_suite_without_cases_is_checked_too() {
    let folder = Folder::new(&[("cases/grpc-spec.yaml", "serverz: {}")]);
    let outcome = folder.load(&["cases"]);
    assert_eq!(outcome.errors(), ["cases/grpc-spec.yaml:1:1: unknown key `serverz`"]);
    assert_eq!(outcome.ids(), ["<grpc-spec.yaml>"]);
}

#[test]
fn an_empty_folder_is_no_error() {
    let folder = Folder::new(&[("cases/notes.txt", "")]);
    let outcome = folder.load(&["cases"]);
    assert!(outcome.errors().is_empty() && outcome.loaded.suites.is_empty());
}

#[test]
fn paths_that_hold_no_cases_are_errors() {
    let folder = Folder::new(&[("cases/grpc-spec.yaml", SUITE), ("cases/notes.txt", ""), ("cases/a.yaml", CASE)]);
    let outcome = folder.load(&["case", "cases/b.yaml", "cases/notes.txt", "cases/grpc-spec.yaml", "elsewhere/x"]);
    assert_eq!(
        outcome.errors(),
        [
            "`case` does not exist",
            "`cases/b.yaml` does not exist",
            "`cases/notes.txt` is not a case file",
            "`cases/grpc-spec.yaml` holds no cases: it is a suite file",
            "`elsewhere/x` does not exist",
        ]
    );
    let hints: Vec<String> = outcome.loaded.diagnostics.iter().map(|said| said.hints.join(" | ")).collect();
    assert_eq!(hints[0], "did you mean `cases`?");
    assert_eq!(hints[1], "did you mean `a.yaml`?");
    assert_eq!(hints[2], "case files end in `.yaml` or `.yml`");
}

#[test]
fn two_suite_files_in_a_folder_are_one_too_many() {
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("grpc-spec.yml", SUITE), ("a.yaml", CASE)]);
    let outcome = folder.load(&[""]);
    assert_eq!(outcome.errors().len(), 1, "{:?}", outcome.errors());
    assert!(outcome.errors()[0].starts_with("both `"));
}

#[test]
fn files_are_utf_8_and_bounded() {
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("good.yaml", CASE)]);
    folder.write("latin.yaml", b"cases: []\n# \xe4\n");
    folder.write("wide.yaml", b"\xff\xfea\0");
    let large = std::fs::File::create(folder.path("large.yaml")).expect("created");
    large.set_len((64 << 20) + 1).expect("a sparse file");
    let outcome = folder.load(&[""]);
    assert_eq!(
        outcome.errors(),
        [
            "`large.yaml` is larger than 64 MiB",
            "latin.yaml:2:3: `latin.yaml` is not UTF-8: byte 0xe4",
            "wide.yaml:1:1: `wide.yaml` is not UTF-8: byte 0xff",
        ]
    );
    assert_eq!(outcome.ids(), ["good.yaml::n", "<large.yaml>", "<latin.yaml>", "<wide.yaml>"]);
}

#[cfg(unix)]
#[test]
fn links_to_files_are_followed_and_links_to_folders_are_not() {
    let folder = Folder::new(&[("cases/grpc-spec.yaml", SUITE), ("other/a.yaml", CASE)]);
    std::os::unix::fs::symlink(folder.path("other/a.yaml"), folder.path("cases/linked.yaml")).expect("linked");
    std::os::unix::fs::symlink(folder.path("cases"), folder.path("cases/again")).expect("linked");
    std::os::unix::fs::symlink(folder.path("gone"), folder.path("cases/broken.yaml")).expect("linked");
    let outcome = folder.load(&["cases"]);
    assert_eq!(outcome.ids(), ["<broken.yaml>", "linked.yaml::n"]);
}

#[test]
fn one_id_loads_one_file() {
    let folder = Folder::new(&[
        ("cases/grpc-spec.yaml", SUITE),
        ("cases/a.yaml", CASE),
        ("cases/users/b.yaml", CASE),
        ("cases/broken.yaml", "]"),
        ("cases/inner/grpc-spec.yaml", SUITE),
        ("cases/inner/c.yaml", CASE),
    ]);
    let root = folder.path("cases");
    let files = |root: &std::path::Path, id: &str| {
        let loaded = load_for_id(root, id, &Overrides::default(), &Sources::new());
        let files = loaded.suites.iter().flat_map(|suite| &suite.files);
        files
            .map(|file| match file {
                LoadedFile::Valid(file) => file.id.clone(),
                LoadedFile::Invalid(failure) => format!("<{}>", failure.id),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(files(&root, "users/b.yaml::n"), ["users/b.yaml"]);
    assert_eq!(files(&root.join("users"), "users/b.yaml::n"), ["users/b.yaml"], "from a folder of the suite");
    assert_eq!(files(&root, "broken.yaml"), ["<broken.yaml>"]);
    let all = ["a.yaml", "<broken.yaml>", "users/b.yaml", "c.yaml"];
    assert_eq!(files(&root, "c.yaml::n"), all, "a suite further in");
    assert_eq!(files(&root, "a.yaml::other"), all, "no such case");
    assert_eq!(files(&root, "../cases/a.yaml::n"), all, "not an id");
    assert_eq!(files(&root, "inner/c.yaml::n"), all, "not its id");
}

#[test]
fn one_id_of_a_file_without_a_suite() {
    let folder = Folder::new(&[("cases/sub/a.yaml", ALONE), ("cases/b.yaml", ALONE)]);
    let loaded = load_for_id(&folder.path("cases"), "sub/a.yaml::n", &Overrides::default(), &Sources::new());
    assert_eq!(loaded.suites.len(), 1);
    assert!(loaded.suites[0].has("sub/a.yaml::n"));
}

#[test]
fn one_id_with_a_server_of_another_suite() {
    let folder = Folder::new(&[
        ("one/grpc-spec.yaml", "servers: { greeter: { address: x:1 } }"),
        ("one/a.yaml", CASE),
        ("grpc-spec.yaml", "servers: { random: { address: x:1 } }"),
        ("b.yaml", CASE),
    ]);
    let overrides = Overrides { servers: vec![("greeter".to_owned(), "y:1".to_owned())], ..Overrides::default() };
    let loaded = load_for_id(&folder.path(""), "b.yaml::n", &overrides, &Sources::new());
    assert_eq!(loaded.all_diagnostics().count(), 0);
    assert!(loaded.suites.iter().any(|suite| suite.has("b.yaml::n")));
}

#[test]
fn what_cannot_be_read_without_waiting_is_an_error() {
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("a.yaml", CASE)]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("b.yaml")).expect("bound");
    assert_eq!(folder.load(&[""]).errors(), ["`b.yaml` is neither a file nor a folder"]);
}
