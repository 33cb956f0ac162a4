//! Suites without protos: what there is, servers say by reflection, and what is wrong is said when they do.

use crate::support::{Folder, assert_golden, fixture_address, grpc_spec, root};

/// A suite whose one server is the fixture, and these cases.
fn suite(cases: &str) -> Folder {
    let servers = format!("servers:\n  api: {{ address: \"{}\" }}\n", fixture_address());
    Folder::new().file("grpc-spec.yaml", &servers).file("a.yaml", &format!("cases:\n{cases}"))
}

const PASSES: &str = "  - { name: passes, call: Greeter/SayHello, expect: { response: { message: \"Hello, !\" } } }\n";
const HAS_A_TYPO: &str = "  - { name: has a typo, call: Greeter/SayHello, request: { nane: x } }\n";
const CALLS_NOTHING: &str = "  - { name: calls nothing, call: Greter/SayHello }\n";
const FAILS: &str = "  - { name: fails, call: Greeter/SayHello, expect: { response: { message: x } } }\n";

#[test]
fn the_fixture_suite_passes_without_protos() {
    let address = format!("fixture={}", fixture_address());
    let folder = root().join("fixtures/reflection");
    let folder = folder.to_str().expect("UTF-8");
    let cases = format!("{folder}/fixture.yaml");
    grpc_spec(["run", &cases, "--server", &address]).run().exits(0).says("4 passed; 0 failed");
    grpc_spec(["check", &cases, "--server", &address, "--online"]).run().exits(0).says("checked 4 cases: no errors");
}

#[test]
fn what_is_found_late_is_an_error_of_its_case() {
    let folder = suite(&[PASSES, HAS_A_TYPO, FAILS].concat());
    let run = folder.grpc_spec(["run", ".", "--jobs", "1"]).run().exits(2);
    assert_golden("reflection_late_errors", &folder.redact(&run.transcript()));
}

#[test]
fn a_service_that_is_not_there_is_suggested_from_the_servers_list() {
    let run = suite(CALLS_NOTHING).grpc_spec(["run", "."]).run().exits(2);
    run.says("neither the server `api` nor a proto here has it").says("hint: did you mean `Greeter`?");
}

#[test]
fn check_says_what_it_did_not_check() {
    let folder = suite(&[PASSES, HAS_A_TYPO].concat());
    let offline = folder.grpc_spec(["check", "."]).run().exits(0);
    let online = folder.grpc_spec(["check", ".", "--online"]).run().exits(2);
    assert_golden("reflection_check", &folder.redact(&format!("{}\n{}", offline.transcript(), online.transcript())));
}

#[test]
fn cases_with_local_protos_are_planned_first() {
    let folder = suite(&[PASSES, HAS_A_TYPO].concat());
    folder.write(
        "grpc-spec.yaml",
        &format!(
            "protos: {{ import_paths: [./protos], reflection: true }}\nservers: {{ api: {{ address: \"{}\" }} }}\n",
            fixture_address()
        ),
    );
    let ended = folder.grpc_spec(["run", "."]).run().exits(2);
    assert_eq!(ended.stdout, "", "no case is run");
}

#[test]
fn reflection_fills_in_what_files_do_not_have() {
    let folder = suite(&[PASSES, "  - { name: is reflected, call: echo.v1.Echo/Unary }\n"].concat());
    let protos = root().join("protos/helloworld.proto");
    folder.write(
        "grpc-spec.yaml",
        &format!(
            "protos: {{ files: [{}], reflection: true }}\nservers: {{ api: {{ address: \"{}\" }} }}\n",
            protos.display(),
            fixture_address()
        ),
    );
    folder.grpc_spec(["check", "."]).run().exits(0).says("a.yaml::is reflected is unchecked").says("checked 1 case");
    folder.grpc_spec(["run", "."]).run().exits(0).says("2 passed");
}

#[test]
fn without_reflection_and_protos_nothing_is_known() {
    let folder = suite(PASSES);
    let servers =
        format!("protos: {{ reflection: false }}\nservers:\n  api: {{ address: \"{}\" }}\n", fixture_address());
    folder.write("grpc-spec.yaml", &servers);
    let ended = folder.grpc_spec(["check", "."]).run().exits(2);
    assert!(ended.stderr.contains("unknown service `Greeter`"), "{}", ended.stderr);
}

#[test]
fn a_server_that_is_not_there_is_3() {
    let folder = suite(PASSES);
    folder.write("grpc-spec.yaml", "servers:\n  api: { address: \"http://127.0.0.1:1\" }\n");
    let run = folder.grpc_spec(["run", "."]).run().exits(3);
    let check = folder.grpc_spec(["check", ".", "--online"]).run().exits(3);
    assert_golden("reflection_unreachable", &folder.redact(&format!("{}\n{}", run.transcript(), check.transcript())));
}

/// A call that is answered with these details: raw, so that nothing names their types beforehand. The schema is that of
/// a file; only the server knows `HelloRequest`.
fn with_details(reflection: bool, details: &str, expect: &str) -> Folder {
    let protos = root().join("protos/echo.proto");
    let suite = format!(
        "protos: {{ files: [{}], reflection: {reflection} }}\nservers: {{ api: {{ address: \"{}\" }} }}\n",
        protos.display(),
        fixture_address()
    );
    let case = format!(
        "cases:\n  - name: has details\n    call: echo.v1.Echo/Unary\n    request: {{ answer: {{ status: {{ code: 5, details: [{details}] }} }} }}\n    expect: {expect}\n"
    );
    Folder::new().file("grpc-spec.yaml", &suite).file("a.yaml", &case)
}

const HELLO: &str = "{ type_url: type.googleapis.com/HelloRequest, value: { $hex: \"0a03616461\" } }";
const UNHEARD: &str = "{ type_url: type.googleapis.com/un.Heard, value: { $hex: \"0a03616461\" } }";

#[test]
fn details_that_only_the_server_knows_are_fetched_for_the_report() {
    let folder = with_details(true, &format!("{HELLO}, {UNHEARD}"), "{ status: OK }");
    let run = folder.grpc_spec(["run", "."]).run().exits(1);
    run.says("details:\n    - $type: HelloRequest\n      name: ada\n    - type_url: type.googleapis.com/un.Heard\n      value: { $hex: 0a03616461 }\n")
        .says("warning: the status detail `un.Heard` is shown raw: its reflection does not know it");
}

#[test]
fn expressions_see_details_that_only_the_server_knows() {
    let expect = "{ status: NOT_FOUND, assert: [\"status.details[0].name == 'ada'\"] }";
    with_details(true, HELLO, expect).grpc_spec(["run", "."]).run().exits(0).says("1 passed");
}

#[test]
fn details_are_raw_where_no_server_is_asked() {
    let run = with_details(false, HELLO, "{ status: OK }").grpc_spec(["run", "."]).run().exits(1);
    run.says("    - type_url: type.googleapis.com/HelloRequest\n      value: { $hex: 0a03616461 }\n")
        .says_not("shown raw");
}
