//! Which cases run, through the binary.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use crate::support::{Ended, Folder, Invocation, assert_golden, fixture_address, program, root};

const SUITE: &str = "protos: { import_paths: [./protos] }\nservers: { greeter: { address: \"ADDRESS\" } }\n";

/// Cases of which one fails, in two files.
fn suite() -> Folder {
    let folder = Folder::new().file("grpc-spec.yaml", &SUITE.replace("ADDRESS", fixture_address()));
    let folder = folder.file(
        "a.yaml",
        "tags: [greeter]
cases:
  - { name: passes, tags: [smoke], call: Greeter/SayHello }
  - { name: fails, tags: [smoke, slow], call: Greeter/SayHello, expect: { response: { message: x } } }
  - { name: \"has a [label] and is it *there*?\", call: Greeter/SayHello }
",
    );
    folder.file(
        "more/b.yaml",
        "cases:\n  - { name: passes, call: Greeter/SayHello }\n  - { name: is skipped, skip: not now, call: Greeter/SayHello }\n",
    )
}

fn grpc_spec<'a>(folder: &Folder, arguments: impl IntoIterator<Item = &'a str>) -> Invocation {
    folder.grpc_spec(arguments).env("XDG_CACHE_HOME", folder.path("cache"))
}

fn list(folder: &Folder, arguments: &[&str]) -> Ended {
    grpc_spec(folder, ["list", "."].iter().chain(arguments).copied()).run()
}

fn ids(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    list(folder, arguments).exits(0).stdout.lines().map(str::to_owned).collect()
}

/// Lines of a run that tell of a case, in their order.
fn ran(ended: &Ended) -> Vec<&str> {
    let tests = ended.stdout.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    tests.map(|(id, _)| id).filter(|id| id.contains("::")).collect()
}

#[test]
fn filters_are_texts_globs_and_regular_expressions() {
    let folder = suite();
    assert_eq!(ids(&folder, &["--filter", "*::passes"]), ["a.yaml::passes", "more/b.yaml::passes"]);
    assert_eq!(ids(&folder, &["--filter", "/^a.*s$/"]), ["a.yaml::passes", "a.yaml::fails"]);
    let marked = "a.yaml::has a [label] and is it *there*?";
    assert_eq!(ids(&folder, &["--filter", marked]), [marked]);
    assert_eq!(ids(&folder, &["--filter", "[label]"]), [marked]);
    assert_eq!(ids(&folder, &["--exact", marked, "--filter", "skipped"]), [marked, "more/b.yaml::is skipped"]);
}

#[test]
fn tags_are_joined_by_and_or_not() {
    let folder = suite();
    assert_eq!(ids(&folder, &["--tag", "smoke and not slow"]), ["a.yaml::passes"]);
    assert_eq!(ids(&folder, &["--tag", "(smoke || slow) && greeter"]), ["a.yaml::passes", "a.yaml::fails"]);
    assert_eq!(ids(&folder, &["--skip-tag", "greeter and not slow"]).len(), 3);
}

#[test]
fn what_is_wrong_is_told_with_the_way_out() {
    let folder = suite();
    let mut all = String::new();
    let mut tell = |arguments: &[&str], code| {
        let ended = list(&folder, arguments).exits(code);
        let _ = writeln!(all, "$ grpc-spec list . {}\n{}", arguments.join(" "), ended.stderr);
    };
    for invalid in [
        ["--tag", "smoke and"],
        ["--tag", "smoke,slow"],
        ["--skip-tag", "(smoke or slow"],
        ["--filter", "/a(b/"],
        ["--filter", ""],
        ["--partition", "1/2"],
        ["--partition", "hash:3/2"],
        ["--partition", "count:x/2"],
    ] {
        tell(&invalid, 2);
    }
    tell(&["--changed"], 2);
    for nothing in [
        ["--exact", "a.yaml::pases"],
        ["--exact", "b.yaml::is skipped"],
        ["--filter", "A.YAML"],
        ["--tag", "smok"],
        ["--partition", "count:9/9"],
        ["--filter", "zebra"],
    ] {
        tell(&nothing, 4);
    }
    tell(&["--filter", "skipped", "--filter", "skiped"], 0);
    tell(&["--failed"], 4);
    assert_golden("selection", &folder.redact(&all));
}

#[test]
fn parts_are_disjoint_and_together_whole() {
    let whole = |arguments: &[&str]| {
        let listed = crate::support::grpc_spec(["list", "cases"].iter().chain(arguments).copied()).run();
        listed.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = whole(&["--skip-tag", "slow"]);
    assert!(all.len() > 50, "our own cases");
    for by in ["hash", "count"] {
        let parts: Vec<Vec<String>> =
            (1..=3).map(|part| whole(&["--skip-tag", "slow", "--partition", &format!("{by}:{part}/3")])).collect();
        assert!(parts.iter().all(|part| !part.is_empty() && part.len() < all.len()), "{by}");
        let together: Vec<&String> = parts.iter().flatten().collect();
        assert_eq!(together.len(), all.len(), "{by}");
        assert_eq!(together.into_iter().collect::<BTreeSet<_>>(), all.iter().collect(), "{by}");
    }
}

#[test]
fn failed_runs_what_did_not_pass_the_last_time() {
    let folder = suite();
    let run = |arguments: &[&str]| grpc_spec(&folder, ["run", "."].iter().chain(arguments).copied()).run();
    run(&["--failed"]).exits(4).says("no run of `.` is on record");
    assert_eq!(ran(&run(&[]).exits(1)).len(), 5);
    assert_eq!(ran(&run(&["--failed"]).exits(1)), ["a.yaml::fails"]);
    // what does not run stays as it was
    let _ = run(&["--filter", "passes"]).exits(0);
    assert_eq!(ids(&folder, &["--failed"]), ["a.yaml::fails"]);
    let mended = folder.read("a.yaml").replace(", expect: { response: { message: x } }", "");
    folder.write("a.yaml", &mended);
    assert_eq!(ran(&run(&["--failed"]).exits(0)), ["a.yaml::fails"]);
    run(&["--failed"]).exits(4).says("every case passed in the last run");
    let kept = walkdir::WalkDir::new(folder.path("cache")).into_iter().filter_map(Result::ok);
    assert_eq!(kept.filter(|entry| entry.file_type().is_file()).count(), 1, "one small file");
}

#[test]
fn a_case_that_is_gone_is_no_longer_a_failed_one() {
    let folder = suite();
    let run = |arguments: &[&str]| grpc_spec(&folder, ["run"].iter().chain(arguments).copied()).run();
    let _ = run(&["."]).exits(1);
    folder.write("a.yaml", &folder.read("a.yaml").replace("name: fails", "name: fails still"));
    let _ = run(&["more"]).exits(0);
    run(&[".", "--failed"]).exits(4).says("no case is selected");
    let _ = run(&["a.yaml"]).exits(1);
    assert_eq!(ids(&folder, &["--failed"]), ["a.yaml::fails still"]);
}

#[test]
fn a_damaged_record_is_ignored_with_a_warning() {
    let folder = suite();
    let _ = grpc_spec(&folder, ["run", "."]).run().exits(1);
    let mut records = std::fs::read_dir(folder.path("cache/grpc-spec")).expect("it is read");
    let record = records.next().expect("a record").expect("an entry").path();
    std::fs::write(&record, "{").expect("it is written");
    list(&folder, &["--failed"]).exits(4).says("is ignored: it is damaged");
    let _ = grpc_spec(&folder, ["run", "."]).run().exits(1);
    assert_eq!(ids(&folder, &["--failed"]), ["a.yaml::fails"]);
}

#[test]
fn the_record_lies_in_the_target_folder_where_there_is_one() {
    let folder = suite().file("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    let _ = grpc_spec(&folder, ["run", "a.yaml"]).run().exits(1);
    assert!(folder.path("target/grpc-spec").is_dir());
    assert!(!folder.path("cache").exists());
    assert_eq!(ids(&folder, &["--failed"]), ["a.yaml::fails"]);
}

#[test]
fn an_interrupted_run_is_kept_as_far_as_it_went() {
    let folder = suite();
    let slow = "  - { name: z is slow, call: Echo/Unary, timeout: 10m, request: { answer: { delay: 5m } } }\n";
    folder.write("a.yaml", &(folder.read("a.yaml") + slow));
    let running = grpc_spec(&folder, ["run", ".", "--jobs", "1"]).start();
    running.wait_for("is it *there*? ... ok");
    running.signal(rustix::process::Signal::INT);
    let _ = running.end().exits(130);
    assert_eq!(ids(&folder, &["--failed"]), ["a.yaml::fails"]);
}

/// A repository of the suite and a proto, all committed.
fn repository() -> Folder {
    let folder = suite().file(
        "c.yaml",
        "cases:\n  - { name: names a file, call: Greeter/SayHello, request: { name: { $file: data/name.txt } } }\n  - { name: names none, call: Greeter/SayHello }\n",
    );
    let folder = folder
        .file("d.yaml", "cases: [ { name: calls echo, call: Echo/Unary } ]\n")
        .file("e.yaml", "cases: [ { name: has rows, rows: { file: data/rows.csv }, call: Greeter/SayHello } ]\n")
        .file("data/rows.csv", "who\nx\n")
        .file("data/name.txt", "x");
    std::fs::remove_file(folder.path("protos")).expect("the link goes");
    for entry in std::fs::read_dir(root().join("protos")).expect("they are read") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_file() {
            let text = std::fs::read_to_string(entry.path()).expect("a proto");
            folder.write(&format!("protos/{}", entry.file_name().to_str().expect("UTF-8")), &text);
        }
    }
    folder.write(".gitignore", "/cache/\n");
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    commit(&folder);
    folder
}

fn commit(folder: &Folder) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message=x"]);
}

fn git(folder: &Folder, arguments: &[&str]) {
    let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
    let mut git = Command::new("git");
    git.args(identity).args(arguments).current_dir(folder.root()).env("GIT_CONFIG_GLOBAL", "/dev/null");
    assert!(git.status().expect("git runs").success(), "{arguments:?}");
}

#[test]
fn changed_follows_what_cases_rest_on() {
    let folder = repository();
    let changed = |arguments: &[&str]| ids(&folder, arguments);
    let again = |name: &str| folder.write(name, &(folder.read(name) + "# changed\n"));
    list(&folder, &["--changed"]).exits(4).says("no case is selected, of 9").says("differs from `HEAD`");

    folder.write("more/new.yaml", "cases: [ { name: is new, call: Greeter/SayHello } ]\n");
    assert_eq!(changed(&["--changed"]), ["more/new.yaml::is new"], "untracked");
    git(&folder, &["add", "."]);
    assert_eq!(changed(&["--changed"]), ["more/new.yaml::is new"], "staged");
    commit(&folder);
    assert_eq!(changed(&["--changed=HEAD~1"]), ["more/new.yaml::is new"], "committed");
    assert_eq!(ids(&folder, &["--changed=main~1", "--filter", "is new"]).len(), 1);

    again("more/b.yaml");
    assert_eq!(changed(&["--changed"]), ["more/b.yaml::passes", "more/b.yaml::is skipped"], "changed");
    let below = grpc_spec(&folder, ["list", "more", "--changed"]).run().exits(0);
    assert_eq!(below.stdout.lines().count(), 2);
    commit(&folder);

    folder.write("data/rows.csv", "who\ny\n");
    assert_eq!(changed(&["--changed"]), ["e.yaml::has rows[1]"]);
    commit(&folder);

    folder.write("data/name.txt", "y");
    assert_eq!(changed(&["--changed"]), ["c.yaml::names a file"]);
    commit(&folder);

    folder.write("protos/echo.proto", &(folder.read("protos/echo.proto") + "// changed\n"));
    assert_eq!(changed(&["--changed"]), ["d.yaml::calls echo"]);
    commit(&folder);

    again("grpc-spec.yaml");
    assert_eq!(changed(&["--changed"]).len(), 10, "the suite's file concerns every case");
}

#[test]
fn changed_needs_a_repository_and_a_revision() {
    let folder = repository();
    let unknown = list(&folder, &["--changed=no-such-branch"]).exits(2);
    unknown.says("unknown revision `no-such-branch`").says("fetch enough of the history");
    list(&folder, &["--changed=--output=x"]).exits(2).says("unknown revision `--output=x`");
    assert!(!folder.path("x").exists());
    let none = suite();
    list(&none, &["--changed"]).exits(2).says("`.` is in no git repository");
    let run = grpc_spec(&none, ["run", ".", "--changed", "--junit", "junit.xml"]).run().exits(2);
    assert_eq!(run.stdout, "", "nothing is run");
    assert!(none.read("junit.xml").contains("is in no git repository"), "the report is written nevertheless");
    grpc_spec(&none, ["list", ".", "--changed"]).env("PATH", "/nowhere").run().exits(2).says("`git` cannot be run");
}

#[test]
fn shuffle_repeats_with_its_seed() {
    let folder = suite();
    let run = |shuffle: &str| grpc_spec(&folder, ["run", ".", "--jobs", "1", shuffle]).run().exits(1);
    let first = run("--shuffle");
    let line = first.stdout.lines().find(|line| line.starts_with("running 5 cases")).expect("the first line");
    let (_, seed) = line.split_once("--shuffle=").expect("the seed");
    assert_eq!(ran(&run(&format!("--shuffle={seed}"))), ran(&first));
    let orders: BTreeSet<Vec<String>> =
        (1..6).map(|seed| ran(&run(&format!("--shuffle={seed}"))).into_iter().map(str::to_owned).collect()).collect();
    assert!(orders.len() > 1, "seeds differ");
}

#[test]
fn a_list_is_json_where_it_is_asked_for() {
    let listed = list(&suite(), &["--format", "json", "--filter", "b.yaml"]).exits(0).stdout;
    let lines: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let case = |name: &str, line: u32, skip: Option<&str>| serde_json::json!({ "id": format!("more/b.yaml::{name}"), "file": "more/b.yaml", "line": line, "tags": [], "skip": skip });
    assert_eq!(lines, [case("passes", 2, None), case("is skipped", 3, Some("not now"))]);
}

#[test]
fn cases_of_two_suites_with_one_id_are_told_apart_by_their_paths() {
    let folder = suite().file("more/inner/a.yaml", "cases: [ { name: passes, call: Greeter/SayHello } ]\n");
    let suite_file = folder.read("grpc-spec.yaml").replace("./protos", "../../protos");
    let folder = folder.file("more/inner/grpc-spec.yaml", &suite_file);
    let all = ids(&folder, &[]);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "ids are unique: {all:?}");
    assert!(all.contains(&"more/inner/a.yaml::passes".to_owned()), "{all:?}");
    // either is found by what it is called alone
    let alone = grpc_spec(&folder, ["list", "more/inner"]).run().exits(0).stdout;
    assert_eq!(alone, "a.yaml::passes\n");
    assert_eq!(ids(&folder, &["--exact", "more/inner/a.yaml::passes"]), ["more/inner/a.yaml::passes"]);
    assert_eq!(ids(&folder, &["--exact", "a.yaml::passes"]).len(), 2);
    // and what came of one is not taken for the other
    let _ = grpc_spec(&folder, ["run", "."]).run().exits(1);
    assert_eq!(ids(&folder, &["--failed"]), ["a.yaml::fails"]);
    let harness = folder.run(program()).env("HARNESS_PATH", ".");
    harness.arguments(["--exact", "more/inner/a.yaml::passes"]).run().exits(0).says("1 passed");
}

#[test]
fn ids_with_marks_and_of_rows_are_exact_in_both_front_ends() {
    let rows = "rows: [ { label: ada lovelace, who: ada }, { who: x }, { label: \"[b]\", who: \"\" } ]";
    let folder =
        suite().file("rows.yaml", &format!("cases:\n  - {{ name: greets, {rows}, call: Greeter/SayHello }}\n"));
    let marked = "a.yaml::has a [label] and is it *there*?";
    for id in [marked, "rows.yaml::greets[ada lovelace]", "rows.yaml::greets[2]", "rows.yaml::greets[[b]]"] {
        assert_eq!(ids(&folder, &["--exact", id]), [id]);
        assert_eq!(ids(&folder, &["--filter", id]), [id]);
        let listed = folder.run(program()).env("HARNESS_PATH", ".").arguments(["--list", "--exact", id]).run();
        assert_eq!(listed.exits(0).stdout, format!("{id}: test\n"));
        let harness = folder.run(program()).env("HARNESS_PATH", ".").arguments(["--exact", id]).run();
        harness.exits(0).says("1 passed").says("2 filtered out");
    }
    assert_eq!(ids(&folder, &["--filter", "rows.yaml::greets["]).len(), 3);
    list(&folder, &["--exact", "rows.yaml::greets"]).exits(4).says("did you mean `rows.yaml::greets[ada lovelace]`");
    let _ = grpc_spec(&folder, ["run", "rows.yaml"]).run().exits(0);
}

#[test]
fn a_misspelt_variable_is_told() {
    let folder = suite().file(
        "c.yaml",
        "vars: { tenant: acme }\ncases: [ { name: greets, call: Greeter/SayHello, request: { name: \"${tenant} ${whom}\" } } ]\n",
    );
    let check = |var: &str| grpc_spec(&folder, ["check", ".", "--var", "whom=x", "--var", var]).run().exits(0);
    check("tenant=beta").says_not("warning");
    check("tennant=beta").says("warning: no case uses a variable `tennant`").says("did you mean `tenant`?");
    check("whon=beta").says("did you mean `whom`?");
}
