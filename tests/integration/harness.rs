//! The harness, driven as `cargo test`, `cargo nextest` and editors drive it.

use rustix::process::Signal;

use crate::support::{Ended, Folder, Invocation, JUnitFile, Verdict, fixture_address, program, redact, root};

/// A harness of the folder, with these arguments.
fn harness<'a>(folder: &Folder, arguments: impl IntoIterator<Item = &'a str>) -> Invocation {
    folder.run(program()).env("HARNESS_PATH", ".").arguments(arguments)
}

/// Cases that pass, fail, are skipped, and a file that does not load.
fn mixed() -> Folder {
    let address = fixture_address();
    Folder::suite(&format!("  only: {{ address: \"{address}\" }}\n"))
        .file(
            "a.yaml",
            "cases:
  - { name: passes, call: Greeter/SayHello }
  - { name: fails, call: Greeter/SayHello, expect: { response: { message: x } } }
  - { name: is skipped, skip: waits for issue 12, call: Greeter/SayHello, expect: { response: { message: x } } }
",
        )
        .file("broken.yaml", "cases:\n  - { nam: x }\n")
}

/// Lines that tell of a test, sorted: they come in any order.
fn tests(ended: &Ended) -> Vec<&str> {
    let mut lines: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("test ")).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn lists_every_case_as_a_test_and_every_file_that_does_not_load() {
    let all = "a.yaml::passes: test\na.yaml::fails: test\na.yaml::is skipped: test\nbroken.yaml: test\n";
    let folder = mixed();
    let listed = harness(&folder, ["--list"]).run().exits(0);
    assert_eq!((listed.stdout.as_str(), listed.stderr.as_str()), (all, ""));
    let terse = harness(&folder, ["--list", "--format", "terse"]).run().exits(0);
    assert_eq!((terse.stdout.as_str(), terse.stderr.as_str()), (all, ""));
    let ignored = harness(&folder, ["--list", "--format", "terse", "--ignored"]).run().exits(0);
    assert_eq!((ignored.stdout.as_str(), ignored.stderr.as_str()), ("a.yaml::is skipped: test\n", ""));
}

#[test]
fn listing_starts_nothing() {
    let folder = Folder::suite("  only: { start: { command: [sh, -c, \"touch started\"] } }\n")
        .file("a.yaml", "cases:\n  - { name: greets, call: Greeter/SayHello }\n");
    let _ = harness(&folder, ["--list"]).run().exits(0).says("a.yaml::greets: test");
    assert!(!folder.path("started").exists());
}

#[test]
fn a_failing_case_fails_the_test_run_and_is_explained() {
    let ended = harness(&mixed(), ["--test-threads", "1"]).run().exits(101);
    let expected = [
        "test a.yaml::fails      ... FAILED",
        "test a.yaml::is skipped ... ignored",
        "test a.yaml::passes     ... ok",
        "test broken.yaml        ... FAILED",
        "test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in",
    ];
    for (line, expected) in tests(&ended).into_iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    ended.says("--> a.yaml:3:").says("expected message = \"x\"").says("actual: \"Hello, !\" (string)");
    ended.says("--> broken.yaml:2:7").says("unknown key `nam`");
}

#[test]
fn tests_are_chosen_as_everywhere() {
    let folder = mixed();
    let chosen = |arguments: &[&str]| harness(&folder, arguments.iter().copied()).run();
    chosen(&["passes"]).exits(0).says("1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out");
    chosen(&["--skip", "fails", "--skip", "broken"])
        .exits(0)
        .says("1 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out");
    chosen(&["--exact", "a.yaml::fails"]).exits(101).says("0 passed; 1 failed");
    chosen(&["--exact", "a.yaml"]).exits(0).says("0 passed; 0 failed");
    chosen(&["--include-ignored", "is skipped"]).exits(101).says("expected message = \"x\"");
    chosen(&["--ignored"]).exits(101).says("0 passed; 1 failed; 0 ignored");
}

#[test]
fn one_case_loads_only_its_own_file() {
    let folder = mixed().file("worse.yaml", "{{{{");
    harness(&folder, ["--exact", "a.yaml::passes", "--nocapture"]).run().exits(0).says("1 passed");
    harness(&folder, ["--exact", "broken.yaml", "--nocapture"]).run().exits(101).says("unknown key `nam`");
}

#[test]
fn under_nextest_a_failure_is_told_on_standard_error() {
    let folder = mixed();
    let fails = harness(&folder, ["--exact", "a.yaml::fails", "--nocapture"]);
    let ended = fails.env("NEXTEST", "1").env("GRPC_SPEC_JUNIT", "junit.xml").run().exits(101);
    assert!(ended.stderr.starts_with("Error: error: message differs\n --> a.yaml:3:"), "{ended}");
    assert!(!ended.stdout.contains("message differs"), "only once: {ended}");
    assert!(!folder.path("junit.xml").exists(), "nextest writes its own");
}

#[test]
fn an_interrupt_ignores_what_is_left_and_writes_the_report() {
    let address = fixture_address();
    let folder = Folder::suite(&format!("  only: {{ address: \"{address}\" }}\n")).file(
        "a.yaml",
        "cases:
  - { name: passes, call: Greeter/SayHello }
  - { name: is slow, call: Echo/Unary, timeout: 10m, request: { answer: { delay: 5m } } }
  - { name: is not started, call: Greeter/SayHello }
",
    );
    let running = harness(&folder, ["--test-threads", "1"]).env("GRPC_SPEC_JUNIT", "out/junit.xml").start();
    running.wait_for("test a.yaml::passes         ... ok");
    running.signal(Signal::INT);
    let ended = running.end().exits(130);
    ended.says("is slow        ... ignored (interrupted)").says("is not started ... ignored (interrupted)");
    let report = JUnitFile::read(&folder.read("out/junit.xml"));
    assert_eq!(report.case("passes").verdict, Verdict::Passed);
    assert_eq!(report.case("is slow").verdict, Verdict::Skipped("not run: interrupted".to_owned()));
    assert_eq!(report.case("is not started").verdict, Verdict::Skipped("not run: interrupted".to_owned()));
}

#[test]
fn servers_profiles_and_variables_are_laid_over_the_suite() {
    let address = fixture_address();
    let nobody = "  greeter: { address: \"http://127.0.0.1:1\" }\n  random: { address: \"http://127.0.0.1:1\" }\n";
    let profile = format!(
        "server: greeter\nvars: {{ who: x }}\nprofiles:\n  here: {{ servers: {{ greeter: {{ address: \"{address}\" }} }} }}\n"
    );
    let folder = Folder::suite(&format!("{nobody}{profile}")).file(
        "a.yaml",
        "cases:
  - { name: greets, call: Greeter/SayHello, request: { name: \"${who}\" }, expect: { response: { message: \"Hello, you!\" } } }
",
    );
    let greets = || harness(&folder, []).env("HARNESS_VAR", "who=you");
    let _ = greets().run().exits(101).says("connection refused");
    let _ = greets().env("HARNESS_SERVER", format!("greeter={address}")).run().exits(0);
    let _ = greets().env("HARNESS_PROFILE", "here").run().exits(0);
    let _ = greets().env("HARNESS_SERVE", "greeter random").run().exits(0);
    let _ = harness(&folder, []).env("HARNESS_PROFILE", "here").run().exits(101).says("actual: \"Hello, x!\"");
    let unknown = greets().env("HARNESS_SERVER", "greter=127.0.0.1:1").run();
    unknown.exits(2).says("unknown server `greter`").says("did you mean `greeter`?");
}

#[test]
fn the_example_cases_pass_as_tests() {
    let all = Invocation::new(program())
        .within(root())
        .env("HARNESS_PATH", "cases")
        .env("HARNESS_SERVE", "greeter random echo users");
    let listed =
        Invocation::new(program()).within(root()).env("HARNESS_PATH", "cases").arguments(["--list"]).run().exits(0);
    let ended = all.run().exits(0);
    let passed = format!("{} passed; 0 failed; 1 ignored", listed.stdout.lines().count() - 1);
    assert!(ended.stdout.contains(&passed), "{passed}\n{ended}");
}

#[test]
fn a_changed_expectation_fails_with_place_expected_and_actual() {
    let folder = Folder::of_the_example().change("cases/greeter.yaml", "\"Hello, test!\"", "\"Hallo, test!\"");
    let harness = folder.run(program()).env("HARNESS_PATH", "cases").env("HARNESS_SERVE", "greeter random echo users");
    let ended = harness.arguments(["greets by name"]).run().exits(101);
    ended.says("--> cases/greeter.yaml:10:28").says("expected message = \"Hallo, test!\"");
    ended.says("actual: \"Hello, test!\" (string)");
    assert!(redact(&ended.stdout).contains("at http://127.0.0.1:[PORT]"), "{ended}");
}

#[test]
fn a_folder_without_cases_is_no_success() {
    let folder = Folder::new();
    harness(&folder, []).run().exits(4).says("there are no cases at `.`");
}

#[test]
fn files_of_two_suites_with_one_id_are_called_by_their_paths() {
    let suite = format!("servers: {{ only: {{ address: \"{}\" }} }}\n", fixture_address());
    let folder = mixed().file("inner/grpc-spec.yaml", &suite).file("inner/broken.yaml", "cases: []\n");
    let listed = harness(&folder, ["--list", "broken"]).run().exits(0);
    assert_eq!(listed.stdout, "broken.yaml: test\ninner/broken.yaml: test\n");
    harness(&folder, ["--exact", "inner/broken.yaml"]).run().exits(101).says("no cases in this file");
}
