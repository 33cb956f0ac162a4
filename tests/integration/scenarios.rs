//! Steps and what surrounds them, through both front ends: what is computed and made how often, in which order, what is
//! undone, and how all of it is told.

use crate::support::{Ended, Folder, assert_golden, fixture_address, program};

/// A suite on the fixture server, with more to say for all of it.
fn suite(more: &str) -> Folder {
    let folder = Folder::suite(&format!("  users: {{ address: \"{}\" }}\n", fixture_address()));
    let suite = folder.read("grpc-spec.yaml");
    folder.file("grpc-spec.yaml", &format!("{suite}service: users.v1.Users\n{more}"))
}

/// A suite whose one server is started so.
fn started(scope: &str) -> Folder {
    let start = format!("command: [./program, serve, \"${{port}}\"], scope: {scope}");
    let folder = Folder::suite(&format!("  users: {{ start: {{ {start} }} }}\n"));
    let suite = folder.read("grpc-spec.yaml");
    folder.file("grpc-spec.yaml", &format!("{suite}service: users.v1.Users\n"))
}

fn run(folder: &Folder) -> Ended {
    folder.grpc_spec(["run", "."]).run()
}

fn as_tests(folder: &Folder) -> Ended {
    folder.run(program()).env("HARNESS_PATH", ".").run()
}

/// A run whose output is compared with a golden file.
#[track_caller]
fn told(name: &str, folder: &Folder, code: i32) {
    let ended = folder.grpc_spec(["run", ".", "--jobs", "1"]).run().exits(code);
    assert_golden(name, &folder.redact(&ended.transcript()));
}

/// Every front end passes it.
#[track_caller]
fn passes(folder: &Folder) {
    let _ = run(folder).exits(0);
    let _ = as_tests(folder).exits(0);
}

/// `Users/Flaky` counts the calls with a key, in the server's whole life.
fn key(test: &str) -> String {
    static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    format!("scenarios {test} {}", CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

#[test]
fn a_step_that_fails_is_told_with_those_before_it() {
    let folder = suite("").file(
        "a.yaml",
        "cases:
  - name: counts
    description: Nobody is there.
    steps:
      - { id: first, call: Count, request: { tenant: nobody }, capture: { before: response.users } }
      - sleep: 1ms
      - name: somebody came
        call: Count
        request: { tenant: nobody }
        expect:
          response: { users: 1 }
          assert: response.users > before
      - { call: Count, request: { tenant: nobody } }
    teardown:
      - { call: Count, request: { tenant: nobody }, expect: { status: NOT_FOUND } }
",
    );
    told("scenario_step_fails", &folder, 1);
}

#[test]
fn a_step_that_cannot_be_made_is_told_as_an_error() {
    let folder = Folder::suite("  users: { address: \"http://127.0.0.1:1\" }\n").file(
        "a.yaml",
        "service: users.v1.Users
cases:
  - name: waits in vain
    steps:
      - sleep: 1ms
      - { name: a call, call: Count, eventually: { within: 30ms, every: 10ms } }
",
    );
    let ended = run(&folder).exits(3);
    ended.says("cannot be reached").says("step: 2 of 2, `a call`").says("eventually: ").says("1 error");
}

#[test]
fn the_last_attempt_is_told_with_their_number() {
    let folder = suite("").file(
        "a.yaml",
        "cases:
  - name: waits in vain
    call: Count
    request: { tenant: nobody }
    expect: { response: { users: 1 } }
    eventually: { within: 50ms, every: 10ms }
",
    );
    told("scenario_eventually", &folder, 1);
}

#[test]
fn a_call_is_made_again_until_it_holds() {
    let key = key("eventually");
    let folder = suite("").file(
        "a.yaml",
        &format!(
            "cases:
  - name: holds in the end
    call: Flaky
    request: {{ key: {key}, failures: 3 }}
    expect: {{ assert: response.calls > 3 }}
    eventually: {{ within: 1m, every: 1ms }}
"
        ),
    );
    passes(&folder);
}

#[test]
fn a_case_that_passes_late_is_flaky_and_one_that_never_does_fails() {
    let (late, never) = (key("late"), key("never"));
    let file = |late: &str, never: &str| {
        format!(
            "cases:
  - {{ name: late, retry: {{ attempts: 3, every: 1ms }}, call: Flaky, request: {{ key: {late}, failures: 1 }} }}
  - {{ name: never, retry: {{ attempts: 3, every: 1ms }}, call: Flaky, request: {{ key: {never}, failures: 9 }} }}
  - {{ name: at once, retry: {{ attempts: 3, every: 1ms }}, call: Count }}
"
        )
    };
    let folder = suite("").file("a.yaml", &file(&late, &never));
    let ended = folder.grpc_spec(["run", ".", "--jobs", "1", "--junit", "junit.xml"]).run().exits(1);
    let ids = |text: &str| text.replace(&late, "LATE").replace(&never, "NEVER");
    assert_golden("scenario_retry", &ids(&folder.redact(&ended.transcript())));
    let junit = folder.read("junit.xml");
    assert_eq!(junit.matches("<flakyFailure").count(), 1, "{junit}");
    assert_eq!(junit.matches("<rerunFailure").count(), 2, "{junit}");

    let folder = suite("").file("a.yaml", &file(&key("late"), &key("never")));
    let ended = as_tests(&folder).exits(101);
    ended.says("2 passed; 1 failed").says("flaky: a.yaml::late passed at attempt 2 of 3").says("attempts before:");
}

#[test]
fn a_case_that_must_fail_may_not_pass() {
    let folder = suite("").file(
        "a.yaml",
        "cases:
  - { name: fails, xfail: not there yet, call: Count, expect: { status: NOT_FOUND } }
  - { name: passes, xfail: not there yet, call: Count }
  - { name: cannot be judged, xfail: not there yet, server: 127.0.0.1:1, call: Count }
",
    );
    let folder = folder.change("a.yaml", "server: 127.0.0.1:1", "server: nowhere");
    let suite = folder.read("grpc-spec.yaml").replace("servers:", "servers:\n  nowhere: { address: 127.0.0.1:1 }");
    let suite = format!("{suite}server: users\n");
    let folder = folder.file("grpc-spec.yaml", &suite);
    told("scenario_xfail", &folder, 3);
    as_tests(&folder).exits(101).says("1 passed; 2 failed");
}

#[test]
fn what_surrounds_cases_is_made_once_around_them() {
    let (of_suite, of_file) = (key("suite"), key("file"));
    let more = format!(
        "vars: {{ run: \"${{uuid()}}\" }}
setup:
  - {{ call: Flaky, request: {{ key: \"{of_suite} ${{run}}\" }}, capture: {{ suite_calls: response.calls, of_suite: request.key }} }}
teardown:
  - {{ call: Flaky, request: {{ key: \"${{of_suite}}\" }}, expect: {{ response: {{ calls: 2 }} }} }}
"
    );
    let file = format!(
        "vars: {{ file: \"${{uuid()}}\" }}
setup:
  - {{ call: Flaky, request: {{ key: \"{of_file} ${{file}}\" }}, capture: {{ file_calls: response.calls, of_file: request.key }} }}
teardown:
  - {{ call: Flaky, request: {{ key: \"${{of_file}}\" }}, expect: {{ response: {{ calls: 2 }} }} }}
cases:
  - name: sees what they captured
    rows: [ {{ at: 1 }}, {{ at: 2 }}, {{ at: 3 }} ]
    call: Count
    request: {{ tenant: \"${{of_suite}}${{at}}\" }}
    expect:
      assert:
        - suite_calls == 1 && file_calls == 1
        - of_suite.endsWith(run) && of_file.endsWith(file)
"
    );
    let folder = suite(&more).file("a.yaml", &file).file("b.yaml", &file.replace(&of_file, &key("other file")));
    passes(&folder);
    run(&folder).exits(0).says("6 passed").says_not("teardown");
}

#[test]
fn a_setup_that_fails_is_told_once() {
    let folder = suite("").file(
        "a.yaml",
        "setup:
  - sleep: 1ms
  - { name: somebody is there, call: Count, request: { tenant: nobody }, expect: { response: { users: 1 } } }
teardown:
  - { call: Count, request: { tenant: nobody }, expect: { response: { users: 2 } } }
cases:
  - { name: one, call: Count }
  - { name: two, call: Count }
",
    );
    told("scenario_setup_fails", &folder, 1);
    let ended = as_tests(&folder).exits(101);
    assert_eq!(ended.stdout.matches("expected users = 1").count(), 1, "{ended}");
    ended.says("`a.yaml::setup` did not pass, and this case needs it, as another test shows");
    assert!(ended.stderr.contains("---- a.yaml::teardown ----"), "{ended}");
}

#[test]
fn every_step_of_a_teardown_is_tried_but_those_that_lack_what_was_never_captured() {
    let (first, last) = (key("first"), key("last"));
    let folder = suite("").file(
        "a.yaml",
        &format!(
            "serial: true
cases:
  - name: fails half way
    xfail: to see its teardown
    steps:
      - {{ call: Flaky, request: {{ key: {first} }}, expect: {{ status: NOT_FOUND }}, capture: {{ calls: response.calls }} }}
      - {{ id: later, call: Flaky, capture: {{ never: response.calls }} }}
    teardown:
      - {{ call: Flaky, request: {{ key: {last}, failures: \"${{never}}\" }} }}
      - {{ call: Flaky, request: {{ key: {last}, failures: \"${{steps.later.response.calls}}\" }} }}
      - {{ call: Flaky, request: {{ key: \"{last} ${{calls}}\" }} }}
      - {{ call: Flaky, request: {{ key: {first} }} }}
      - {{ call: Flaky, request: {{ key: {last} }} }}
  - name: then
    steps:
      - {{ call: Flaky, request: {{ key: {first} }}, expect: {{ response: {{ calls: 3 }} }} }}
      - {{ call: Flaky, request: {{ key: {last} }}, expect: {{ response: {{ calls: 2 }} }} }}
      - {{ call: Flaky, request: {{ key: {last} 1 }}, expect: {{ response: {{ calls: 2 }} }} }}
"
        ),
    );
    run(&folder).exits(0).says("1 passed; 0 failed; 1 failed as expected");
}

#[test]
fn a_teardown_that_fails_makes_a_case_an_error_and_does_not_hide_its_failure() {
    let folder = suite("").file(
        "a.yaml",
        "cases:
  - name: passes
    call: Count
    teardown:
      - { call: Count, request: { tenant: nobody }, expect: { response: { users: 1 } } }
      - { name: tried all the same, call: Count, request: { tenant: nobody }, expect: { response: { users: 2 } } }
  - name: fails
    call: Count
    request: { tenant: nobody }
    expect: { response: { users: 3 } }
    teardown:
      - { call: Count, request: { tenant: nobody }, expect: { response: { users: 4 } } }
",
    );
    told("scenario_teardown_fails", &folder, 1);
}

#[test]
fn a_case_that_is_tried_again_has_a_new_server_where_it_has_its_own() {
    let file = "cases:
  - { name: n, retry: { attempts: 3, every: 1ms }, call: Flaky, request: { failures: 1 } }
";
    run(&started("case").file("a.yaml", file)).exits(1).says("failing on purpose, 1 of 1").says("attempts before:");
    run(&started("file").file("a.yaml", file)).exits(0).says("passed at attempt 2 of 3");
}

#[test]
fn what_surrounds_cases_calls_only_servers_that_live_as_long() {
    let folder = started("case").file("a.yaml", "setup: [ { call: Flaky } ]\ncases: [ { name: n, call: Flaky } ]\n");
    let ended = folder.grpc_spec(["check", "."]).run().exits(2);
    assert_golden("scenario_lifetime", &folder.redact(&ended.transcript()));
    passes(&started("file").file("a.yaml", "setup: [ { call: Flaky } ]\ncases: [ { name: n, call: Flaky } ]\n"));
    let folder = started("file").file("a.yaml", "cases: [ { name: n, call: Flaky } ]\n");
    let suite = folder.read("grpc-spec.yaml");
    let folder = folder.file("grpc-spec.yaml", &format!("{suite}teardown: [ {{ call: Flaky }} ]\n"));
    folder.grpc_spec(["check", "."]).run().exits(2).says("the steps around a suite cannot call `users`");
}

#[test]
fn cases_of_a_serial_file_run_in_order() {
    let key = key("serial");
    let cases: Vec<String> = (1..=12)
        .map(|at| format!("  - {{ name: number {at}, call: Flaky, request: {{ key: \"KEY\" }}, expect: {{ response: {{ calls: {at} }} }} }}\n"))
        .collect();
    let file = |key: &str| format!("serial: true\ncases:\n{}", cases.concat()).replace("KEY", key);
    let folder = |run: &str| {
        let file = |name: &str| file(&format!("{key} {run} {name}"));
        suite("").file("a.yaml", &file("a")).file("b.yaml", &file("b"))
    };
    let _ = folder("run").grpc_spec(["run", ".", "--jobs", "8"]).run().exits(0);
    for threads in ["8", "1"] {
        let folder = folder(threads);
        let tests = folder.run(program()).env("HARNESS_PATH", ".");
        let _ = tests.arguments(["--test-threads", threads]).run().exits(0);
    }
}

#[test]
fn cases_with_a_lock_are_kept_apart_in_all_processes() {
    let seat = key("seat");
    let cases: Vec<String> = (0..6)
        .map(|at| {
            format!(
                "  - {{ name: case {at}, lock: [seat, other], call: Hold, request: {{ seat: {seat}, time: 20ms }} }}\n"
            )
        })
        .collect();
    let folder = suite("").file("a.yaml", &format!("cases:\n{}", cases.concat()));
    let running: Vec<_> = (0..3).map(|_| folder.grpc_spec(["run", ".", "--jobs", "8"]).start()).collect();
    let tests = folder.run(program()).env("HARNESS_PATH", ".").start();
    for ended in running {
        ended.end().exits(0).says("6 passed");
    }
    tests.end().exits(0).says("6 passed");
}

#[test]
fn a_seed_repeats_what_is_random_whatever_runs_beside_it() {
    let folder = suite("vars: { run: \"${uuid()}\" }\n").file(
        "a.yaml",
        "vars: { file: \"${random_string(8)}\" }
cases:
  - name: shows it
    rows: [ { n: 1 }, { n: 2 }, { n: 3 } ]
    vars: { own: \"${random_int(1, 1000000000)}\" }
    call: Count
    request: { tenant: \"${run} ${file} ${own}\" }
    expect: { response: { users: 7 } }
  - { name: has nothing random, call: Count, expect: { response: { users: 7 } } }
",
    );
    let tenants = |arguments: &[&str]| {
        let run = folder.grpc_spec(["run", "."].iter().chain(arguments).copied()).run().exits(1);
        let mut lines: Vec<String> =
            run.stdout.lines().filter(|line| line.contains("tenant: ")).map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines.len(), 3, "{run}");
        (lines, run)
    };
    let (first, run) = tenants(&["--jobs", "1"]);
    let seed = run.stdout.lines().find_map(|line| line.strip_prefix("seed: ")).expect("it is told");
    let (seed, hint) = seed.split_once(' ').expect("a hint");
    assert_eq!(hint, format!("(--seed {seed} repeats it)"));
    assert_ne!(tenants(&[]).0, first);
    assert_eq!(tenants(&["--seed", seed]).0, first);
    assert_eq!(tenants(&["--seed", seed, "--jobs", "8"]).0, first);
    let one = folder.grpc_spec(["run", ".", "--seed", seed, "--filter", "[2]"]).run().exits(1);
    assert!(first.iter().any(|line| one.stdout.contains(line.as_str())), "{one}");
    assert_ne!(first[0], first[1], "each row has its own");
}

#[test]
fn a_script_captures_and_sends_what_it_received() {
    let folder = suite("").file(
        "a.yaml",
        "service: chat.v1.Chat
cases:
  - name: talks
    steps:
      - id: talk
        call: Talk
        stream:
          - send: { text: a }
          - recv: { text: echo a }
            capture: { first: response.text }
          - { call: Collect, requests: [{ text: \"${first}\" }], capture: { collected: \"response.texts[0]\" } }
          - sleep: 1ms
          - send: { text: \"re: ${response.text}, ${collected}\" }
          - recv_until: { text: \"echo re: echo a, ${first}\" }
            capture: { last: response.text }
        expect: { assert: \"responses.size() == 2 && requests[1].text == 're: echo a, echo a' && last.endsWith(first)\" }
      - call: Collect
        requests: [{ text: \"${first}\" }, { text: \"${steps.talk.responses[1].text}\" }]
        expect: { response: { texts: [echo a, \"${last}\"] } }
",
    );
    passes(&folder);
    let failing = folder
        .change(
            "a.yaml",
            "            capture: { last: response.text }\n",
            "            capture: { last: \"response.text.split('x')[7]\" }\n",
        )
        .change("a.yaml", " && last.endsWith(first)", " && last != ''");
    let ended = run(&failing).exits(1);
    ended.says("`last` is captured from it").says("timeline:").says("recv_until");
}

#[test]
fn what_is_captured_of_what_did_not_come_fails_the_case() {
    let folder = suite("").file(
        "a.yaml",
        "cases: [ { name: n, call: Flaky, request: { failures: 1000000 }, expect: { status: UNAVAILABLE }, capture: { calls: response.calls } } ]\n",
    );
    run(&folder).exits(1).says("1 failed").says("a.yaml:1:");
}

#[test]
fn steps_are_planned_from_reflection_too() {
    let (of_suite, of_file) = (key("suite"), key("file"));
    let suite = format!(
        "servers: {{ users: {{ address: \"{}\" }} }}
service: users.v1.Users
setup: [ {{ call: Flaky, request: {{ key: {of_suite} }}, capture: {{ suite_calls: response.calls }} }} ]
teardown: [ {{ call: Flaky, request: {{ key: {of_suite} }}, expect: {{ response: {{ calls: 2 }} }} }} ]
",
        fixture_address()
    );
    let file = format!(
        "setup: [ {{ call: Flaky, request: {{ key: {of_file} }}, capture: {{ file_calls: response.calls }} }} ]
cases:
  - name: sees what they captured
    steps:
      - {{ id: count, call: Count, request: {{ tenant: nobody }}, capture: {{ users: response.users }} }}
      - {{ call: Count, expect: {{ assert: users == steps.count.response.users && suite_calls + file_calls == 2 }} }}
  - {{ name: is wrong, call: Count, expect: {{ assert: response.user == 0 }} }}
  - {{ name: is wrong too, call: Count, expect: {{ assert: response.users == suite_call }} }}
"
    );
    let folder = Folder::new().file("grpc-spec.yaml", &suite).file("a.yaml", &file);
    let ended = run(&folder).exits(2);
    ended
        .says("a.yaml::sees what they captured ... ok")
        .says("1 passed; 0 failed; 2 errors")
        .says("did you mean `users`?");
    folder.grpc_spec(["check", "."]).run().exits(0).says("3 unchecked");
    folder.grpc_spec(["check", ".", "--online"]).run().exits(2).says("did you mean `suite_calls`?");
}
