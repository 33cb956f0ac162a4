//! The `JUnit` report of both front ends.

use crate::support::{Folder, JUnitFile, Verdict, fixture_address, program};

/// A case for each verdict; the failing one has control characters and markup in what it shows.
fn every_verdict() -> Folder {
    let address = fixture_address();
    Folder::suite(&format!(
        "  only: {{ address: \"{address}\" }}\n  nowhere: {{ address: \"http://127.0.0.1:1\" }}\nserver: only\n"
    ))
    .file(
        "a.yaml",
        "cases:
  - { name: passes, call: Greeter/SayHello }
  - name: fails & <shows> \"it\"
    call: Echo/Unary
    request: { item: { name: \"\\e[31m]]>\\0\\ufffe\" } }
    expect: { response: { item: { name: x } } }
  - { name: reaches nobody, server: nowhere, call: Greeter/SayHello }
  - { name: is skipped, skip: waits for issue 12, call: Greeter/SayHello }
",
    )
    .file("more/b.yaml", "cases:\n  - { name: passes, call: Greeter/SayHello }\n")
}

fn tells_every_verdict(xml: &str, skipped: &str) {
    let report = JUnitFile::read(xml);
    assert_eq!(report.cases.len(), 5);
    let names: Vec<&str> = report.cases.iter().map(|case| case.name.as_str()).collect();
    assert!(names.contains(&"a.yaml::passes") && names.contains(&"more/b.yaml::passes"), "{names:?}");

    let fails = report.case("fails & <shows> \"it\"");
    assert_eq!(fails.verdict, Verdict::Failure("item.name differs".to_owned()));
    assert_eq!((fails.suite.as_str(), fails.line), ("a.yaml", 3));
    assert!(fails.file.ends_with("a.yaml") && fails.seconds > 0.0, "{fails:?}");
    assert!(
        fails.output.contains("expected item.name = \"x\"") && fails.output.contains("reproduce: grpcurl"),
        "{fails:?}"
    );

    let nobody = report.case("reaches nobody");
    let Verdict::Error(message) = &nobody.verdict else { panic!("{nobody:?}") };
    assert!(message.starts_with("the server `nowhere` cannot be reached"), "{message}");
    assert!(nobody.output.contains("connection refused"), "{nobody:?}");
    assert_eq!(report.case("is skipped").verdict, Verdict::Skipped(skipped.to_owned()));
    assert_eq!(report.case("a.yaml::passes").verdict, Verdict::Passed);
}

#[test]
fn a_run_reports_every_verdict() {
    let folder = every_verdict();
    let _ = folder.grpc_spec(["run", ".", "--junit", "deep/er/junit.xml"]).run().exits(3);
    tells_every_verdict(&folder.read("deep/er/junit.xml"), "waits for issue 12");
}

#[test]
fn a_harness_reports_every_verdict() {
    let folder = every_verdict();
    let harness = folder.run(program()).env("HARNESS_PATH", ".").env("GRPC_SPEC_JUNIT", "deep/er/junit.xml");
    let _ = harness.run().exits(101);
    tells_every_verdict(&folder.read("deep/er/junit.xml"), "waits for issue 12");
}

#[test]
fn a_report_is_whole_when_something_is_invalid() {
    let folder = every_verdict()
        .file("broken.yaml", "cases:\n  - { nam: x, call: Greeter/SayHello }\n")
        .file("typo.yaml", "cases:\n  - { name: greets, call: Greeter/SayHelo }\n");
    let _ = folder.grpc_spec(["run", ".", "--junit", "junit.xml"]).run().exits(2);
    let report = JUnitFile::read(&folder.read("junit.xml"));
    assert_eq!(report.cases.len(), 7);
    assert_eq!(report.case("broken.yaml").verdict, Verdict::Error("unknown key `nam`".to_owned()));
    let typo = report.case("typo.yaml::greets");
    assert_eq!(typo.verdict, Verdict::Error("the service `Greeter` has no method `SayHelo`".to_owned()));
    assert!(typo.output.contains("--> typo.yaml:2:27"), "{typo:?}");
    assert_eq!(
        report.case("a.yaml::passes").verdict,
        Verdict::Skipped("not run: something else is invalid".to_owned())
    );

    let harness = folder.run(program()).env("HARNESS_PATH", ".").env("GRPC_SPEC_JUNIT", "harness.xml");
    let _ = harness.run().exits(101);
    let report = JUnitFile::read(&folder.read("harness.xml"));
    assert_eq!(report.cases.len(), 7);
    assert_eq!(report.case("broken.yaml").verdict, Verdict::Error("unknown key `nam`".to_owned()));
    assert_eq!(report.case("a.yaml::passes").verdict, Verdict::Passed);
}

#[test]
fn a_report_is_whole_when_a_server_does_not_start() {
    let folder = Folder::suite("  only: { start: { command: [sh, -c, \"echo no luck; exit 3\"] } }\n")
        .file("a.yaml", "cases:\n  - { name: a, call: Greeter/SayHello }\n  - { name: b, call: Greeter/SayHello }\n");
    let _ = folder.grpc_spec(["run", ".", "--junit", "junit.xml"]).run().exits(3);
    let report = JUnitFile::read(&folder.read("junit.xml"));
    for case in &report.cases {
        let Verdict::Error(message) = &case.verdict else { panic!("{case:?}") };
        assert_eq!(message, "the server `only` ended before it was ready: exit code 3");
        assert!(case.output.contains("no luck"), "{case:?}");
    }
    assert_eq!(report.cases.len(), 2);
}

#[test]
fn a_report_holds_only_what_was_selected() {
    let folder = every_verdict();
    let _ = folder.grpc_spec(["run", ".", "--filter", "passes", "--junit", "junit.xml"]).run().exits(0);
    assert_eq!(JUnitFile::read(&folder.read("junit.xml")).cases.len(), 2);
}

#[test]
fn a_report_replaces_the_one_before() {
    let folder = every_verdict().file("junit.xml", "left by somebody else");
    let _ = folder.grpc_spec(["run", ".", "--filter", "passes", "--junit", "junit.xml"]).run().exits(0);
    assert_eq!(JUnitFile::read(&folder.read("junit.xml")).cases.len(), 2);
}

#[test]
fn names_are_unique_across_suites() {
    let folder = every_verdict();
    let suite = folder.read("grpc-spec.yaml").replace("./protos", "../protos");
    let case = "cases:\n  - { name: same, call: Greeter/SayHello }\n";
    let folder = folder.file("one/grpc-spec.yaml", &suite).file("two/grpc-spec.yaml", &suite);
    let folder = folder.file("one/a.yaml", case).file("two/a.yaml", case);
    let _ = folder.grpc_spec(["run", "one", "two", "--junit", "junit.xml"]).run().exits(0);
    let report = JUnitFile::read(&folder.read("junit.xml"));
    let mut files: Vec<&str> = report.cases.iter().map(|case| case.file.as_str()).collect();
    files.sort_unstable();
    assert_eq!(files, ["one/a.yaml", "two/a.yaml"]);
}

#[test]
fn what_concerns_no_case_is_an_error_in_the_report() {
    let invalid = |folder: Folder, arguments: &[&str]| {
        let arguments = ["run", ".", "--junit", "junit.xml"].iter().chain(arguments).copied();
        let _ = folder.grpc_spec(arguments).run().exits(2);
        let report = JUnitFile::read(&folder.read("junit.xml"));
        report.case("grpc-spec").verdict.clone()
    };
    let cases = "cases:\n  - { name: greets, call: Greeter/SayHello }\n";
    let suite = || Folder::suite("  a: { address: \"${env.GRPC_SPEC_NOWHERE}\" }\n").file("a.yaml", cases);
    let lacks = "the environment variable `GRPC_SPEC_NOWHERE` is not set";
    assert_eq!(invalid(suite(), &[]), Verdict::Error(lacks.to_owned()));
    let unknown = "unknown server `b`";
    assert_eq!(invalid(suite(), &["--server", "a=x:1", "--server", "b=x:1"]), Verdict::Error(unknown.to_owned()));
}

#[test]
fn a_report_of_a_harness_holds_only_what_was_selected() {
    let folder = every_verdict();
    let run = folder.run(program()).env("HARNESS_PATH", ".").env("GRPC_SPEC_JUNIT", "junit.xml");
    let _ = run.arguments(["more/b.yaml"]).run().exits(0);
    assert_eq!(JUnitFile::read(&folder.read("junit.xml")).cases.len(), 1, "without the skipped case of `a.yaml`");
}
