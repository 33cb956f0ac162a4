//! Commands, their help and their options.

use std::fmt::Write as _;
use std::fs;

use crate::support::{Folder, assert_golden, fixture_address, grpc_spec, many_cases, redact};

/// A suite of three cases that pass against the fixture server, in two files.
fn passing() -> Folder {
    Folder::suite("  greeter: { address: \"http://127.0.0.1:1\" }\n")
        .file(
            "greets.yaml",
            "vars: { who: test }
cases:
  - name: by name
    call: Greeter/SayHello
    request: { name: \"${who}\" }
    expect: { response: { message: \"Hello, ${who}!\" } }
  - name: nobody
    tags: [quick]
    call: Greeter/SayHello
    expect: { response: { message: \"Hello, !\" } }
",
        )
        .file("more/counts.yaml", "cases:\n  - { name: counts, skip: not now, call: Greeter/SayHello }\n")
}

const FAILING: &str = "cases:
  - { name: first, call: Greeter/SayHello, expect: { response: { message: x } } }
  - { name: second, call: Greeter/SayHello, expect: { response: { message: \"Hello, !\" } } }
";

#[test]
fn help_names_every_command_and_option() {
    let mut all = String::new();
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["list", "--help"],
        &["check", "--help"],
        &["explain", "--help"],
        &["health", "--help"],
    ] {
        let help = grpc_spec(arguments.iter().copied()).run().exits(0);
        let _ = writeln!(all, "$ grpc-spec {}\n{}", arguments.join(" "), help.stdout);
    }
    assert_golden("help", &all);
}

#[test]
fn invalid_usage_is_told_with_the_way_out() {
    let mut all = String::new();
    for arguments in [
        &[][..],
        &["run"],
        &["rnu", "cases"],
        &["run", "cases", "--filtr", "x"],
        &["run", "cases", "--jobs", "0"],
        &["run", "cases", "--server", "greeter"],
        &["run", "cases", "--var", "=x"],
        &["check", "cases", "--color", "sometimes"],
        &["run", "no/such/folder"],
        &["check", "cases", "--profile", "pyhton"],
        &["check", "cases", "--server", "greter=http://127.0.0.1:1"],
        &["check", "cases", "--server", "greeter=ftp://127.0.0.1"],
        &["check", "cases", "--var", "1st=x"],
    ] {
        let ended = grpc_spec(arguments.iter().copied()).run().exits(2);
        assert_eq!(ended.stdout, "", "{arguments:?}");
        let _ = writeln!(all, "$ grpc-spec {}\n{}", arguments.join(" "), ended.stderr);
    }
    assert_golden("usage", &all);
}

#[test]
fn a_run_reads_like_cargo_test() {
    let folder = passing();
    let address = format!("greeter={}", fixture_address());
    let run = folder.grpc_spec(["run", ".", "--jobs", "1", "--server", &address]).run().exits(0);
    assert_golden("run_passes", &run.transcript());
}

#[test]
fn a_list_is_one_id_a_line() {
    let folder = passing();
    let ids = "greets.yaml::by name\ngreets.yaml::nobody\nmore/counts.yaml::counts\n";
    assert_eq!(folder.grpc_spec(["list", "."]).run().exits(0).stdout, ids);
    assert_eq!(folder.grpc_spec(["list", ".", "more", "more/counts.yaml", "."]).run().exits(0).stdout, ids);
    let below = folder.grpc_spec(["list", "more"]).run().exits(0);
    assert_eq!(below.stdout, "more/counts.yaml::counts\n", "ids are below the suite, wherever one asks from");
}

#[test]
fn cases_are_chosen_by_id_and_tag() {
    let folder = passing();
    let chosen = |arguments: &[&str]| {
        let arguments = ["list", "."].iter().chain(arguments).copied();
        folder.grpc_spec(arguments).run().exits(0).stdout
    };
    assert_eq!(
        chosen(&["--filter", "nobody", "--filter", "counts"]),
        "greets.yaml::nobody\nmore/counts.yaml::counts\n"
    );
    assert_eq!(chosen(&["--exact", "greets.yaml::nobody"]), "greets.yaml::nobody\n");
    assert_eq!(chosen(&["--tag", "quick"]), "greets.yaml::nobody\n");
    assert_eq!(chosen(&["--skip-tag", "quick"]), "greets.yaml::by name\nmore/counts.yaml::counts\n");
}

#[test]
fn check_says_what_it_checked_and_what_checks_little() {
    assert_golden("check_passes", &passing().grpc_spec(["check", "."]).run().exits(0).transcript());
}

#[test]
fn a_check_of_our_own_cases_finds_nothing() {
    let _ = grpc_spec(["check", "cases"]).run().exits(0).says("no errors");
}

#[test]
fn fail_fast_starts_no_more_cases() {
    let folder = Folder::suite("  greeter: { address: \"http://127.0.0.1:1\" }\n").file("a.yaml", FAILING);
    let address = format!("greeter={}", fixture_address());
    let run = folder.grpc_spec(["run", ".", "--jobs", "1", "--fail-fast", "--server", &address]).run().exits(1);
    run.says("test a.yaml::first ... FAILED").says("test a.yaml::second ... not run, a case before it did not pass");
}

#[test]
fn full_shows_what_is_otherwise_cut() {
    let folder = Folder::suite("  echo: { address: \"http://127.0.0.1:1\" }\n").file(
        "a.yaml",
        &format!("cases:\n  - {{ name: long, call: Echo/Unary, request: {{ item: {{ name: {} }} }}, expect: {{ response: {{ item: {{ name: x }} }} }} }}\n", "long".repeat(5000)),
    );
    let address = format!("echo={}", fixture_address());
    let cut = folder.grpc_spec(["run", ".", "--server", &address]).run().exits(1);
    let full = folder.grpc_spec(["run", ".", "--server", &address, "--full"]).run().exits(1);
    let whole = "long".repeat(5000);
    cut.says_not(&whole);
    full.says(&whole);
}

#[test]
fn a_profile_and_a_variable_are_laid_over_the_suite() {
    let address = fixture_address();
    let folder = passing();
    let suite = folder.read("grpc-spec.yaml");
    folder.write(
        "grpc-spec.yaml",
        &format!("{suite}profiles:\n  here: {{ servers: {{ greeter: {{ address: \"{address}\" }} }} }}\n"),
    );
    let run = folder.grpc_spec(["run", ".", "--profile", "here", "--filter", "greets", "--var", "who=you"]).run();
    run.exits(0).says("2 passed; 0 failed; 1 filtered out");
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    const ESCAPE: &str = "\u{1b}[";
    let folder = passing();
    let address = format!("greeter={}", fixture_address());
    let run = |colour: &str| folder.grpc_spec(["run", ".", "--server", &address, "--color", colour]);
    run("auto").run().exits(0).says_not(ESCAPE);
    run("never").env("CLICOLOR_FORCE", "1").run().exits(0).says_not(ESCAPE);
    run("always").env("NO_COLOR", "1").run().exits(0).says(ESCAPE);
    run("auto").env("CLICOLOR_FORCE", "1").run().exits(0).says(ESCAPE);
    run("auto").env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").run().exits(0).says_not(ESCAPE);
    let broken = |colour: &str| grpc_spec(["check", "fixtures/broken/unknown_field.yaml", "--color", colour]);
    broken("auto").run().exits(2).says_not(ESCAPE);
    broken("always").run().exits(2).says(ESCAPE);
}

#[test]
fn whoever_stops_reading_ends_the_command() {
    let many = many_cases(2000);
    let folder = passing().file("many.yaml", &format!("cases:\n{many}"));
    for arguments in [["list", "."], ["check", "."]] {
        let running = folder.grpc_spec(arguments).start();
        running.close_stdout();
        running.end().exits(130).says_not("panicked");
    }
}

#[test]
fn paths_given_twice_are_run_once() {
    let folder = passing();
    let address = format!("greeter={}", fixture_address());
    let paths = ["run", ".", "greets.yaml", "./greets.yaml", "more/../greets.yaml", "--server", &address];
    folder.grpc_spec(paths).run().exits(0).says("running 3 cases");
}

#[test]
fn a_file_without_a_suite_stands_by_itself() {
    let address = fixture_address();
    let folder = Folder::new().file(
        "alone.yaml",
        &format!(
            "protos: {{ import_paths: [./protos] }}\nserver: {address}\ncases:\n  - {{ name: greets, call: Greeter/SayHello }}\n"
        ),
    );
    folder.grpc_spec(["run", "alone.yaml"]).run().exits(0).says("test alone.yaml::greets ... ok");
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    let folder = passing().file("taken", "");
    let address = format!("greeter={}", fixture_address());
    let run = folder.grpc_spec(["run", ".", "--jobs", "1", "--server", &address, "--junit", "taken/junit.xml"]).run();
    assert_golden("junit_unwritable", &folder.redact(&run.exits(2).transcript()));
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let folder = Folder::suite("  greeter: { start: { command: [./program, serve, \"${port}\"] } }\n")
        .file("a.yaml", "cases:\n  - { name: greets, call: Greeter/SayHello, repeat: 20 }\n");
    let start = |at: usize| folder.grpc_spec(["run", ".", "--junit", &format!("{at}.xml")]).start();
    let running: Vec<_> = (0..4).map(start).collect();
    for (at, running) in running.into_iter().enumerate() {
        running.end().exits(0).says("1 passed");
        assert!(folder.read(&format!("{at}.xml")).ends_with("</testsuites>\n"));
    }
    let left: Vec<_> =
        fs::read_dir(folder.root()).expect("it is read").map(|entry| entry.expect("it is").file_name()).collect();
    assert_eq!(left.len(), 8, "nothing but the suite, its links and the reports: {left:?}");
}

#[test]
fn a_changed_expectation_fails_with_place_expected_and_actual() {
    let folder = Folder::of_the_example().change("cases/greeter.yaml", "\"Hello, test!\"", "\"Hallo, test!\"");
    let run = folder.grpc_spec(["run", "cases", "--filter", "greets by name"]).with_fixture_servers(&["greeter"]);
    let run = run.run().exits(1);
    run.says("--> cases/greeter.yaml:10:28").says("expected message = \"Hallo, test!\"");
    run.says("actual: \"Hello, test!\" (string)");
    assert!(redact(&run.stdout).contains("test greeter.yaml::greets by name ... FAILED ([TIME])"), "{run}");
}
