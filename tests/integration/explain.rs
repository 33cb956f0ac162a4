//! `grpc-spec explain`: a case as it is meant, and where each of its values comes from.

use std::fmt::Write as _;

use crate::support::{Folder, assert_golden, grpc_spec};

/// A suite in which every level says something.
fn levels() -> Folder {
    Folder::suite(
        "  greeter:
    start: { command: [./program, --port, \"${port}\"] }
    metadata: { x-trace: on }
server: greeter
timeout: 4s
tags: [suite]
vars: { who: nobody, greeting: Hello, of_suite: 1, password: hunter2-and-more }
secrets: [password, env.EXPLAINED]
metadata: { x-from: suite, authorization: \"Bearer ${token}\" }
setup:
  - name: log in
    call: Greeter/SayHello
    metadata: { authorization: null }
    request: { name: \"${who} ${password}\" }
    capture: { token: response.message }
profiles:
  staging:
    vars: { greeting: Hi, key: \"${env.EXPLAINED}\" }
    timeout: 1m
",
    )
    .file(
        "greets.yaml",
        "service: Greeter
tags: [file]
lock: db
serial: true
vars: { punctuation: \"!\" }
teardown: [ { call: SayHello } ]
cases:
  - name: greets everyone
    description: |
      Each of them,
      one by one.
    tags: [case]
    retry: { attempts: 3, every: 1s }
    vars: { who: somebody, whole: { message: \"Hello, ${who}!\" } }
    rows: { file: names.csv }
    metadata: { x-from: null, x-case: [a, \"b, c\"] }
    steps:
      - id: first
        call: SayHello
        request: { name: \"${who}\" }
        expect: { response: \"${whole}\", assert: \"size(response.message) > 3\" }
        capture: { greeted: response.message }
      - sleep: 10ms
      - call: SayHello
        timeout: 1s
        request: { name: \"${greeting} ${who}${punctuation} ${greeted}\" }
        eventually: { within: 5s }
    teardown: [ { call: SayHello, request: { name: \"${uuid()}\" } } ]
  - name: greets
    call: SayHello
    request: { name: \"${who}\" }
    expect: { status: OK }
",
    )
    .file("names.csv", "label,who\nascii,test\nquoted,\"a, b\"\n")
}

#[test]
fn tells_where_everything_comes_from() {
    let folder = levels();
    let mut told = String::new();
    for arguments in [
        &["greets.yaml::greets everyone[quoted]"][..],
        &["greets.yaml::greets everyone[ascii]", ".", "--profile", "staging", "--var", "who=you"],
        &["greets.yaml::greets", "--server", "greeter=http://127.0.0.1:50051", "--var", "who=you"],
    ] {
        let arguments = std::iter::once("explain").chain(arguments.iter().copied());
        let ended = folder.grpc_spec(arguments.clone()).env("EXPLAINED", "open sesame").run().exits(0);
        assert!(ended.stderr.is_empty(), "{ended}");
        let command = arguments.collect::<Vec<_>>().join(" ");
        let _ = writeln!(told, "$ grpc-spec {command}\n{}", ended.stdout);
    }
    assert_golden("explain", &told);
    assert!(!told.contains("hunter2") && !told.contains("sesame"), "secrets are hidden");
}

#[test]
fn what_it_tells_is_yaml_and_its_own_format() {
    let folder = levels();
    let told = folder.grpc_spec(["explain", "greets.yaml::greets everyone[quoted]"]).run().exits(0).stdout;
    let read: serde_yaml::Value = serde_yaml::from_str(&told).expect("it is YAML");
    assert_eq!(read["steps"][0]["request"]["name"], "a, b");
    assert_eq!(read["steps"][0]["expect"]["response"]["message"], "Hello, somebody!", "as it was where it was written");
    assert_eq!(read["description"], "Each of them,\none by one.\n");
}

#[test]
fn an_id_that_is_not_there_is_told_with_the_nearest() {
    let folder = levels();
    let ended = folder.grpc_spec(["explain", "greets.yaml::greets evryone[ascii]"]).run().exits(4);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("did you mean `greets.yaml::greets everyone[ascii]`?"), "{ended}");
    grpc_spec(["explain", "broken.yaml::x", "no/such/folder"]).run().exits(2);
}

#[test]
fn a_case_that_is_wrong_is_shown_with_what_is_wrong() {
    let folder = levels().change("greets.yaml", "expect: { status: OK }", "expect: { status: OKAY }");
    let ended = folder.grpc_spec(["explain", "greets.yaml::greets"]).run().exits(2);
    assert!(ended.stdout.contains("status: OKAY") && ended.stderr.contains("unknown status code"), "{ended}");
    let folder = levels().change("greets.yaml", "retry: { attempts: 3, every: 1s }", "retry: 3");
    let ended = folder.grpc_spec(["explain", "greets.yaml::greets"]).run().exits(2);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("`retry` takes a mapping"), "{ended}");
}
